"""Write a whole set of results or none of it: a temporary folder, one lock, a manifest that comes last.

What a run leaves behind, whatever stops it:

- an error before the set is complete: the old set, byte for byte;
- an error while files are put in their place: they are put back;
- a kill or a power cut meanwhile: `verify_folder` names the files that do not agree, and the next run
  puts the old set back before it begins.

Files that no earlier run wrote are never replaced or removed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

from ._lock import folder_lock
from .errors import GeomapError, OutputError

MANIFEST_NAME = "manifest.json"
WORK_NAME = ".geomap-new"
PACKAGES = (
    "folium", "geomap", "geopandas", "highspy", "matplotlib", "numpy", "pandas", "pandera", "pyarrow", "pyogrio",
    "pyproj", "python-docx", "scipy", "shapely", "xlsxwriter",
)  # fmt: skip


@contextmanager
def write_folder(
    path: Path, *, inputs: Iterable[Path] = (), settings: Mapping[str, Any] | None = None
) -> Iterator[Path]:
    """
    Give a folder to write into, and publish what is in it when the block ends well.

    Parameters
    ----------
    path
        Where the results are to stand; made if it is missing.
    inputs
        Files that were read; the manifest gives the name, size and sha256 of each.
    settings
        What the run was asked to do, as plain values that JSON can hold, without the path of this machine.

    Yields
    ------
    folder
        An empty folder beside the old results; write files into it, no folders, no `manifest.json`.

    Raises
    ------
    OutputError
        The folder cannot be written, another run is writing to it, or a file of the user's own is in the way.
        The folder then holds what it held before.
    """
    path = Path(path)
    made: list[Path] = []
    done = False
    try:
        with _plain_errors(path):
            made = [folder for folder in (path, *path.parents) if not folder.exists()]
            path.mkdir(parents=True, exist_ok=True)
            with folder_lock(path):
                work = path / WORK_NAME
                _recover(path)
                files = work / "files"
                files.mkdir(parents=True)
                try:
                    yield files
                    _write_manifest(files, inputs, settings or {})
                    _publish(path)
                    done = True
                except BaseException:
                    _recover(path)
                    raise
                shutil.rmtree(work, ignore_errors=True)
    finally:
        if not done:
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def verify_folder(path: Path) -> list[str]:
    """
    Name the files that do not agree with the manifest, sorted; an empty list means a whole set.

    Parameters
    ----------
    path
        A folder that a run has written.

    Returns
    -------
    names
        Files missing or changed; `manifest.json` alone where it is missing or cannot be read.
    """
    path = Path(path)
    listed = _listed(path)
    if listed is None:
        return [MANIFEST_NAME]
    wrong = []
    for name, told in listed.items():
        file = path / name
        if not file.is_file() or _describe(file) != told:
            wrong.append(name)
    return sorted(wrong)


def _write_manifest(files: Path, inputs: Iterable[Path], settings: Mapping[str, Any]) -> None:
    """Flush every file to the disk, then write the manifest of them."""
    written = sorted(files.iterdir())
    for file in written:
        if not file.is_file() or not _is_result(file.name):
            raise OutputError(f"{file.name} cannot be one of the results: only files, and not under that name.")
        _flush(file)
    read = [{"name": Path(source).name, **_describe(Path(source))} for source in inputs]
    manifest = {
        "outputs": {file.name: _describe(file) for file in written},
        "inputs": sorted(read, key=lambda source: (source["name"], source["sha256"])),
        "settings": dict(settings),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
    file = files / MANIFEST_NAME
    file.write_bytes(text.encode() + b"\n")
    _flush(file)


def _publish(path: Path) -> None:
    """Put the new files in their place, the old ones aside, the manifest last."""
    work = path / WORK_NAME
    files, before = work / "files", work / "before"
    before.mkdir()
    old = [name for name in _listed(path) or {} if not (path / name).is_dir()]
    new = sorted(_listed(files) or {})
    theirs = [name for name in new if name not in old and os.path.lexists(path / name)]
    if theirs:
        raise OutputError(
            f"{path} already holds {', '.join(theirs)}, which no earlier run wrote there. "
            "Move what is yours, or choose another folder."
        )
    for name in sorted({*new, *old}):
        _exchange(path, name)
    _exchange(path, MANIFEST_NAME)
    _flush(path)


def _exchange(path: Path, name: str) -> None:
    """Set the old file of this name aside and put the new one in its place, where there is one."""
    work = path / WORK_NAME
    if os.path.lexists(path / name):
        (path / name).replace(work / "before" / name)
    if (work / "files" / name).exists():
        (work / "files" / name).replace(path / name)


def _recover(path: Path) -> None:
    """
    Put the old set back if a run stopped before its manifest was in place, and clear its work folder.

    Every step can be repeated: a new file goes back among the new ones before an old one returns.
    """
    work = path / WORK_NAME
    files, before = work / "files", work / "before"
    if before.is_dir() and (files / MANIFEST_NAME).exists():
        for name in (*sorted(_listed(files) or {}), MANIFEST_NAME):
            if not (files / name).exists() and os.path.lexists(path / name):
                (path / name).replace(files / name)
        for file in sorted(before.iterdir()):
            file.replace(path / file.name)
        _flush(path)
        (files / MANIFEST_NAME).unlink()  # from here on there is nothing to put back, even if clearing stops half-way
    shutil.rmtree(work, ignore_errors=True)


def _is_result(name: str) -> bool:
    """Whether a run may write, replace and remove a file of this name: not ours for keeping order, not elsewhere."""
    return name == Path(name).name and not name.startswith(".") and name != MANIFEST_NAME


def _listed(path: Path) -> dict[str, dict[str, Any]] | None:
    """Outputs by name as the manifest tells them, or None where it does not; it may have been tampered with."""
    try:
        outputs = json.loads((path / MANIFEST_NAME).read_bytes())["outputs"]
        return {name: told for name, told in outputs.items() if _is_result(name)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _describe(file: Path) -> dict[str, Any]:
    """Size in bytes and sha256 of a file."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _plain(value: object) -> str:
    """What JSON cannot hold, as text; of a path only its name, since the rest belongs to one machine."""
    return value.name if isinstance(value, PurePath) else str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _flush(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk itself."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no handle on a folder to flush
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Turn an error of the system into one sentence that says what to do."""
    try:
        yield
    except GeomapError:
        raise
    except OSError as caught:
        if caught.errno in (errno.ENOSPC, errno.EDQUOT):
            told = f"The disk that holds {path} is full. Free some space, or choose another folder."
        elif caught.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY):
            name = Path(caught.filename).name if caught.filename else str(path)
            told = (
                f"{name} in {path} cannot be written. Close it if it is open in another program, "
                "or choose a folder that you may write to."
            )
        elif caught.errno in (errno.ENOTDIR, errno.EEXIST):
            told = f"{path} is a file, or lies inside one. Choose a folder to write to."
        else:
            told = f"The results could not be written to {path}: {caught}."
        raise OutputError(told) from caught
