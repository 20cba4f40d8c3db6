"""One process that loads mutants, one after another, with a limit on its memory; the other end has the clock."""

from __future__ import annotations

import faulthandler
import resource
import shutil
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from _fuzz_forms import break_file
from _fuzz_golden import Golden

MEGABYTE = 1 << 20
MORE_MEMORY = 2048 * MEGABYTE
"""What a worker may take beyond what it holds with everything imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A broken input: all of its files, how it was broken, and its rows where they are known."""

    files: dict[str, bytes]
    how: str
    rows: int | None


def make_mutant(goldens: dict[str, Golden], name: str, number: int, seed: int) -> Mutant:
    """The mutant of that number; the same for the same seed and golden files."""
    golden, rng = goldens[name], Random(f"{seed} {name} {number}")
    other = rng.choice([data for other in goldens.values() for data in other.files.values()])
    target = rng.choice(sorted(golden.broken or golden.files))
    data, how, rows = break_file(target, golden.files[target], other, rng)
    files = golden.files | {target: data}
    if golden.name.startswith("results.") and rng.random() < 0.9:
        files = _sign_again(files, target)
    if rows is not None:
        rows = None if len(golden.files) > 1 else rows + golden.headless
    return Mutant(files=files, how=f"{how} of {target}" if how in ("bytes", "cells") else how, rows=rows)


def _sign_again(files: dict[str, bytes], target: str) -> dict[str, bytes]:
    """Have the manifest agree with what was broken, as another version might have written it."""
    import hashlib
    import json

    name = "results/manifest.json"
    if target == name:
        return files
    manifest = json.loads(files[name])
    manifest["outputs"][target.removeprefix("results/")]["sha256"] = hashlib.sha256(files[target]).hexdigest()
    return files | {name: json.dumps(manifest).encode()}


def write_mutant(mutant: Mutant, folder: Path) -> None:
    """Put its files into a folder."""
    for name, data in mutant.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def try_mutant(mutant: Mutant, loader: str) -> tuple[str, str]:
    """Verdict (`accepted`, `refused` or `finding`) and, of a finding, what was raised and where."""
    from _fuzz_loaders import see

    folder = Path(tempfile.mkdtemp(prefix="geomap-fuzz-"))
    try:
        write_mutant(mutant, folder)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return see(loader, folder, mutant.rows), ""
    except Exception as error:  # noqa: BLE001, whatever it is, it is what is looked for
        return "finding", _tell(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tell(error: Exception) -> str:
    """The kind of error, its text, and the last place of geomap that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "geomap" in Path(frame.filename).parts]
    last = ours[-1] if ours else frames[-1]
    text = str(error).encode("utf-8", "backslashreplace").decode()[:300]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}: {text}"


def _held() -> int:
    """Bytes of address space in use."""
    with Path("/proc/self/statm").open() as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


def work(pipe: Connection, goldens: dict[str, Golden], seed: int) -> None:
    """Answer (golden, number) with (verdict, what, peak bytes), until nothing more is asked."""
    import _fuzz_loaders  # noqa: F401, so that what it takes is not counted

    faulthandler.enable(file=sys.__stderr__)
    for golden in goldens.values():
        try_mutant(Mutant(files=golden.files, how="", rows=None), golden.loader)
    if Path("/proc/self/statm").exists():
        most = _held() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        name, number = asked
        mutant = make_mutant(goldens, name, number, seed)
        verdict, what = try_mutant(mutant, goldens[name].loader)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        pipe.send((verdict, what, peak))
