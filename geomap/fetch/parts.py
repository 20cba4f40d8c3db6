"""Files on their way: what has come so far, what it is a part of, and the step into its place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

WORK_NAME = ".geomap-fetch"
"""The folder in the data folder for what is not finished; `find_sources` passes over it."""


class Part:
    """A file that has come in part, and the address and mark (ETag or date) of what it is a part of."""

    def __init__(self, folder: Path, source_id: str) -> None:
        self.work = folder / WORK_NAME
        self.path = self.work / f"{source_id}.part"
        self._note = self.work / f"{source_id}.json"

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def mark_of(self, url: str) -> str:
        """The mark under which the rest of an address can be asked for; empty where it cannot."""
        told = read_json(self._note)
        mark = told.get("mark", "")
        return mark if told.get("url") == url and isinstance(mark, str) and self.size else ""

    def begin(self, url: str, mark: str) -> None:
        """Start anew."""
        self.work.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"")
        write_json(self._note, {"url": url, "mark": mark})

    @contextmanager
    def append(self) -> Iterator[BinaryIO]:
        """A stream to the end of what has come; it is on the disk when the block ends."""
        with self.path.open("ab") as stream:
            try:
                yield stream
            finally:
                stream.flush()
                os.fsync(stream.fileno())

    def name(self, name: str) -> Path:
        """The finished file under its own name, for its loader to look at, not in its place yet."""
        place = self.work / self.path.stem / name
        place.parent.mkdir(exist_ok=True)
        self.path.replace(place)
        self._note.unlink(missing_ok=True)
        return place

    def clear(self) -> None:
        """Forget what has come."""
        for path in (self.path, self._note):
            path.unlink(missing_ok=True)


def drop(path: Path) -> None:
    """A file that turned out to be another, and the folder it lay in, are gone."""
    path.unlink(missing_ok=True)
    _tidy(path.parent)


def settle(path: Path, place: Path) -> None:
    """Put a finished file in its place, at once: the one that was there, or this one, is there at any time."""
    path.replace(place)
    _tidy(path.parent)


def _tidy(folder: Path) -> None:
    """Remove work folders that are empty."""
    for empty in (folder, folder.parent):
        try:
            empty.rmdir()
        except OSError:
            return


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_json(path: Path) -> dict:
    """A table of JSON; an empty one where there is none, or something else."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def write_json(path: Path, told: Mapping[str, object]) -> None:
    """The whole file, or the one that was there."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
