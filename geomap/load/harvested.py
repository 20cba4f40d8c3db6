"""The file of `geomap harvest`, read back so that a harvest can go on from it."""

from __future__ import annotations

from pathlib import Path

from ..openactive.feed import Feed
from ..openactive.store import read_feeds
from ._raw import refuse
from ._read import read_json


def load_feeds(path: Path) -> list[Feed]:
    """
    The feeds of a file of `geomap harvest`, with their items.

    Raises
    ------
    DataError
        The file cannot be read, is another one, or was changed since: then a harvest would lose items in silence.
    """
    path = Path(path)
    feeds, unread = read_feeds(read_json(path)[0], path.name)
    if unread:
        problem = f"{len(unread):,} of its items cannot be read (the first is item {unread[0].row}: {unread[0].reason})"
        raise refuse(path.name, problem, "Put back the file as it was written, or remove it and harvest again.")
    return feeds
