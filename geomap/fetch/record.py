"""What was fetched, from where and when: `fetched.json` beside the files, so that the next fetch asks what changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .parts import read_json, sha256_of, write_json

FETCHED_NAME = "fetched.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One file as it was fetched."""

    file: str
    url: str
    fetched: str
    """The moment it came, in UTC as ISO 8601 writes it."""
    bytes: int
    sha256: str
    mark: str = ""
    """The server's ETag, or the date it was changed there; of a layer the moment of its last edit."""
    vintage: str = ""
    """What the file itself tells of its date."""

    def is_whole(self, folder: Path) -> bool:
        """Whether the file is there as it came."""
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.bytes and sha256_of(path) == self.sha256


def read_fetched(folder: Path) -> dict[str, Fetched]:
    """What the record of a folder tells, by source id; lines that are none are passed over."""
    told = read_json(folder / FETCHED_NAME).get("files")
    found = {}
    for source_id, line in told.items() if isinstance(told, dict) else ():
        if _is_line(line):
            found[source_id] = Fetched(**line)
    return found


def write_fetched(folder: Path, fetched: dict[str, Fetched]) -> None:
    """Write the record, whole or not at all."""
    lines = {source_id: asdict(line) for source_id, line in sorted(fetched.items())}
    write_json(folder / FETCHED_NAME, {"files": lines})


def _is_line(line: object) -> bool:
    """Whether a line has what a line must have; a file in another folder is none of this record."""
    if not isinstance(line, dict) or set(line) != {field.name for field in fields(Fetched)}:
        return False
    kinds = all(isinstance(value, int if name == "bytes" else str) for name, value in line.items())
    return kinds and Path(line["file"]).name == line["file"]
