"""Same in, same out: another locale, time zone, hash seed, umask, folder, number of workers, and order of all rows."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
PLEDGES = 40
QUICK = "\n[match]\nrounds = 0\n"
ELSEWHERE = {
    "turkish": {
        "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "0", "workers": "1", "umask": "077",
    },
    "german": {
        "LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4242", "workers": "2", "umask": "0",
    },
    "bare": {"LC_ALL": "C", "TZ": "America/Los_Angeles", "PYTHONHASHSEED": "99", "HOME": "/nowhere", "umask": "022"},
}  # fmt: skip
"""A locale that the system lacks is asked for all the same; where it can be made, it is."""
TELL_ROWS = {"accounting.csv", "pledges.csv", "repairs.csv", "map.html", "results.xlsx"}
"""Files that tell at which row of an input something stands, or hold a table that does."""

pytestmark = [pytest.mark.thorough, pytest.mark.skipif(os.name == "nt", reason="locales and umask of Unix")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, made small."""
    folder = tmp_path_factory.mktemp("same") / "demo"
    shutil.copytree(DEMO, folder)
    pledges = folder / "bank" / "pledges.csv"
    lines = pledges.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    pledges.write_text("".join(lines[: PLEDGES + 1]), encoding="utf-8")
    with (folder / "demo.toml").open("a", encoding="utf-8") as stream:
        stream.write(QUICK)
    return folder


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Turkish and German, made for the test where the system can make them."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        for name in ("tr_TR", "de_DE"):
            command = ["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")]
            subprocess.run(command, capture_output=True)
    return folder


def run(scenario: Path, out: Path, *, cwd: Path = ROOT, umask: str = "022", workers: str = "", **changes: str) -> dict:
    """The files of a run in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    options = ["--workers", workers] if workers else []
    command = [sys.executable, "-m", "geomap.cli", "run", str(scenario), "--out", str(out), *options]
    done = subprocess.run(
        command, env=environment, cwd=cwd, umask=int(umask, 8), capture_output=True, text=True, errors="replace"
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.fixture(scope="module")
def first(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("first") / "out"
    return run(world / "demo.toml", out, TZ="UTC", PYTHONHASHSEED="1", LC_ALL="C.UTF-8")


@pytest.mark.parametrize("where", ELSEWHERE)
def test_fault_running_other_locale_time_zone_hash_seed_umask_and_folder(
    where: str, world: Path, first: dict[str, bytes], locales: Path, tmp_path: Path
) -> None:
    """Every file is the same, the manifest too."""
    changes = dict(ELSEWHERE[where])
    again = run(world / "demo.toml", tmp_path / "Elsewhere OUT", cwd=tmp_path, LOCPATH=str(locales), **changes)
    assert again.keys() == first.keys()
    assert [name for name in first if first[name] != again[name]] == []


def shuffled_csv(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([heading, *chance.sample(rows, len(rows))])
    return written.getvalue().encode()


def shuffled(path: Path, chance: random.Random) -> bytes:
    """The rows of a table, the features of a layer or the members of a zip and their rows in another order."""
    data = path.read_bytes()
    if path.suffix == ".zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
            for name in reversed(old.namelist()):
                inner = old.read(name)
                new.writestr(name, shuffled_csv(inner, chance) if name.lower().endswith(".csv") else inner)
        return packed.getvalue()
    if path.suffix == ".geojson":
        told = json.loads(data)
        told["features"] = chance.sample(told["features"], len(told["features"]))
        return json.dumps(told).encode()
    return data if path.name in HEADLESS else shuffled_csv(data, chance)


HEADLESS = {"epraccur.csv"}
"""A file without headings."""


@pytest.mark.parametrize("seed", range(2))
def test_fault_running_same_bytes_whatever_the_order_of_every_input(
    seed: int, world: Path, first: dict[str, bytes], tmp_path: Path
) -> None:
    """All official files and the bank shuffled; only what tells numbers of rows differs, and the sums of the inputs."""
    folder, chance = tmp_path / "demo", random.Random(seed)
    shutil.copytree(world, folder)
    files = [*(folder / "official").iterdir(), *(folder / "bank").iterdir()]
    changed = 0
    for path in sorted(files):
        before, after = path.read_bytes(), shuffled(path, chance)
        path.write_bytes(after)
        changed += before != after
    assert changed > 8
    again = run(folder / "demo.toml", tmp_path / "out", TZ="UTC")
    assert again.keys() == first.keys()
    assert {name for name in first if first[name] != again[name]} <= TELL_ROWS | {"manifest.json"}
    one, other = (json.loads(files["manifest.json"]) for files in (first, again))
    assert (one["settings"], one["versions"]) == (other["settings"], other["versions"])
