"""Write a whole set of results or none of it: a temporary folder, one lock, a manifest that comes last.

What a run leaves behind, whatever stops it:

- an error before the set is complete: the old set, byte for byte;
- an error while files are put in their place: they are put back;
- a kill or a power cut meanwhile: `verify_folder` names the files that do not agree, and the next run
  puts the old set back before it begins.

Files that no earlier run wrote, or that were changed since, are never replaced or removed.
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
from .errors import DataError, GeomapError, OutputError

MANIFEST_NAME = "manifest.json"
WORK_NAME = ".geomap-new"

FileFacts = dict[str, Any]
"""`bytes` and `sha256` of a file, and the `name` of one that was read."""
PACKAGES = (
    "folium", "geomap", "geopandas", "highspy", "matplotlib", "numpy", "pandas", "pandera", "pyarrow", "pyogrio",
    "pyproj", "python-docx", "scipy", "shapely", "xlsxwriter",
)  # fmt: skip


@contextmanager
def write_folder(
    path: Path, *, inputs: Iterable[Path | FileFacts] = (), settings: Mapping[str, Any] | None = None
) -> Iterator[Path]:
    """
    Give a folder to write into, and publish what is in it when the block ends well.

    Parameters
    ----------
    path
        Where the results are to stand; made if it is missing.
    inputs
        Files that were read, or what `describe_inputs` told of them when they were; the manifest gives the name, size
        and sha256 of each.
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
    work = path / WORK_NAME
    with _held(path):
        files = work / "files"
        files.mkdir(parents=True)
        try:
            yield files
            _write_manifest(files, inputs, settings or {})
            _publish(path)
        except BaseException:
            _recover(path)
            raise
        shutil.rmtree(work, ignore_errors=True)


def check_folder(path: Path) -> None:
    """
    See that results can be written to a folder, before hours are spent on them; it is left as it was.

    Raises
    ------
    OutputError
        As `write_folder`, but for names of files that only a new set would bring.
    """
    path = Path(path)
    with _held(path):
        (path / WORK_NAME).mkdir()
        (path / WORK_NAME).rmdir()
        _refuse_changed(path)


def describe_inputs(paths: Iterable[Path]) -> tuple[FileFacts, ...]:
    """
    Name, size and sha256 of files as they are now: a run may last hours, and a file be saved again meanwhile.

    Raises
    ------
    DataError
        A file cannot be read any more.
    """
    try:
        return tuple({"name": Path(path).name, **_describe(Path(path))} for path in paths)
    except OSError as caught:
        raise DataError(f"{caught.filename} was read, and cannot be any more. Put it back and run again.") from caught


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
        if not _is_as_told(path / name, told):
            wrong.append(name)
    return sorted(wrong)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """A folder that no other run writes to and that holds a whole set; if it was made for the block, not left empty."""
    made: list[Path] = []
    try:
        with _plain_errors(path):
            made = [folder for folder in (path, *path.parents) if not folder.exists()]
            path.mkdir(parents=True, exist_ok=True)
            with folder_lock(path):
                _recover(path)
                if os.path.lexists(path / WORK_NAME):
                    raise OutputError(f"{path / WORK_NAME}, left by a run that was stopped, stays. Delete it.")
                yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _write_manifest(files: Path, inputs: Iterable[Path | FileFacts], settings: Mapping[str, Any]) -> None:
    """Flush every file to the disk, then write the manifest of them."""
    written = sorted(files.iterdir())
    for file in written:
        if not file.is_file() or not _is_result(file.name):
            raise OutputError(f"{file.name} cannot be one of the results: only files, and not under that name.")
        _flush(file)
    read = [one if isinstance(one, dict) else {"name": Path(one).name, **_describe(Path(one))} for one in inputs]
    manifest = {
        "outputs": {file.name: _describe(file) for file in written},
        "inputs": sorted(read, key=lambda source: (source["name"], source["sha256"])),
        "settings": dict(settings),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
    file = files / MANIFEST_NAME
    file.write_bytes(text.encode(errors="backslashreplace") + b"\n")  # names of files may hold bytes that are no text
    _flush(file)
    _flush(files)


def _publish(path: Path) -> None:
    """Put the new files in their place, the old ones aside, the manifest last."""
    work = path / WORK_NAME
    files, before = work / "files", work / "before"
    old = _refuse_changed(path)
    new = sorted(_listed(files) or {})
    _refuse(path, [name for name in new if name not in old and os.path.lexists(path / name)])
    before.mkdir()
    for name in sorted({*new, *old}):
        _exchange(path, name)
    for folder in (before, path):
        _flush(folder)  # so that after a power cut the new manifest never stands among old files
    _exchange(path, MANIFEST_NAME)
    _flush(path)


def _refuse_changed(path: Path) -> list[str]:
    """Names of the files of the earlier set that may be replaced; an error where one of them is not as it was."""
    told = _listed(path)
    if told is None:
        _refuse(path, [MANIFEST_NAME] if os.path.lexists(path / MANIFEST_NAME) else [])
        return []
    there = [name for name in told if os.path.lexists(path / name) and not (path / name).is_dir()]
    changed = [name for name in there if not _is_as_told(path / name, told[name])]
    if changed:
        raise OutputError(
            f"{', '.join(sorted(changed))} in {path}: changed after an earlier run had written it. "
            "Move it or delete it, or choose another folder."
        )
    return there


def _refuse(path: Path, theirs: list[str]) -> None:
    if theirs:
        raise OutputError(
            f"{path} already holds {', '.join(theirs)}, which no earlier run wrote there. "
            "Move what is yours, or choose another folder."
        )


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


def _is_as_told(file: Path, told: object) -> bool:
    """Whether a file is the one that the manifest tells of; one that cannot be read is not."""
    try:
        return file.is_file() and _describe(file) == told
    except OSError:
        return False


def _describe(file: Path) -> FileFacts:
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
