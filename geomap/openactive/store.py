"""The one file between two harvests: feeds, how far each was read, and their items; what is loaded is this file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, Fault
from .feed import Feed
from .items import ItemError
from .rpde import RpdeItem, read_item

FORMAT = "geomap harvest of OpenActive"
VERSION = 1
_TEXTS = ("url", "next", "license", "looked")
_REMEDY = "Put back the file that 'geomap harvest' wrote, or remove it and harvest again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An entry of the file that cannot be read: its place among the items, from 1, and why."""

    row: int
    reason: str


def write_feeds(feeds: Iterable[Feed]) -> bytes:
    """Feeds as the file holds them: JSON, an item a line, in the order of feeds, kinds and ids."""
    feeds = list(feeds)
    heads = [_line(_head(feed)) for feed in feeds]
    lines = [
        _line({"feed": number, **_entry(feed.items[key])})
        for number, feed in enumerate(feeds)
        for key in sorted(feed.items)
    ]
    about = f'{{"format": {_line(FORMAT)}, "version": {VERSION}, "feeds": [\n'
    return (about + ",\n".join(heads) + '\n], "items": [\n' + ",\n".join(lines) + "\n]}\n").encode()


def is_harvest(document: object) -> bool:
    """Whether a JSON document is one of `write_feeds`."""
    return isinstance(document, Mapping) and document.get("format") == FORMAT


def read_feeds(document: object, source: str) -> tuple[list[Feed], list[Unread]]:
    """
    Feeds as they were written.

    Parameters
    ----------
    document
        What the JSON file holds.
    source
        Its name.

    Returns
    -------
    feeds, unread
        With their items, and what stands among these that is none.

    Raises
    ------
    DataError
        The document is no harvest, or of a version that is not known.
    """
    feeds = read_heads(document, source)
    unread = []
    for row, entry in enumerate(document["items"], 1):
        try:
            number = entry.get("feed") if isinstance(entry, Mapping) else None
            if type(number) is not int or not 0 <= number < len(feeds):
                raise ItemError("it names no feed of the file")
            feeds[number].take(read_item(entry))
        except ItemError as caught:
            unread.append(Unread(row=row, reason=str(caught)))
    return feeds, unread


def read_heads(document: object, source: str) -> list[Feed]:
    """
    The feeds of a harvest without their items, which are known to be a list.

    Raises
    ------
    DataError
        As `read_feeds`.
    """
    if not is_harvest(document):
        raise _refuse(source, "this is no file of 'geomap harvest'")
    if document.get("version") != VERSION:
        raise _refuse(source, "it is of another version of geomap", value=str(document.get("version"))[:100])
    heads, items = document.get("feeds"), document.get("items")
    if not isinstance(heads, list) or not isinstance(items, list) or not all(isinstance(h, Mapping) for h in heads):
        raise _refuse(source, "its feeds or its items are missing")
    feeds = [_feed(head) for head in heads]
    if not all(feed.url for feed in feeds) or len({feed.url for feed in feeds}) < len(feeds):
        raise _refuse(source, "a feed in it has no address, or stands in it twice")
    return feeds


def _head(feed: Feed) -> dict[str, Any]:
    texts = {name: getattr(feed, name) for name in _TEXTS}
    unreadable = dict(sorted(feed.unreadable.items()))
    return {**texts, "complete": feed.complete, "items": len(feed.live), "unreadable": unreadable}


def _feed(head: Mapping[str, Any]) -> Feed:
    texts = {name: text for name in _TEXTS if isinstance(text := head.get(name), str)}
    told = head.get("unreadable")
    counts = {why: n for why, n in told.items() if type(n) is int and n > 0} if isinstance(told, Mapping) else {}
    return Feed(**{"url": "", **texts}, complete=head.get("complete") is True, unreadable=counts)


def _entry(item: RpdeItem) -> dict[str, Any]:
    entry = {"kind": item.kind, "id": item.id, "modified": item.modified}
    return {**entry, "state": "deleted"} if item.deleted else {**entry, "state": "updated", "data": item.data}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, allow_nan=False)


def _refuse(source: str, problem: str, value: str = "") -> DataError:
    return DataError(faults=[Fault(source=source, problem=problem, value=value, remedy=_REMEDY)])
