"""OpenActive: activities and facilities that are open to the public, from a harvest, a saved page or single items.

One row is a series of sessions, a facility, an event or a course. Sessions and slots are counted with what they belong
to. The operator is an organisation; nobody's name is read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..openactive.feed import Feed
from ..openactive.items import ItemError, Tidy, tidy_item
from ..openactive.rpde import order_of, read_item
from ..openactive.store import is_harvest, read_heads
from ..schema.asks import OpportunityFrame
from ..validate import Loaded, account, accounting_frame, check_frame
from ._openactive_items import KINDS, Item, close_fates, join_items, read_day
from ._openactive_rows import build_rows, show_counts
from ._opportunities import OpportunityContext
from ._raw import kind_of, refuse
from ._read import read_bytes
from ._text import say_date

_REMEDY = "Give the file that 'geomap harvest' writes, or a page of an RPDE feed as it was saved."
_DELETED, _OLDER, _OTHER = "deleted by its publisher", "an older state of the same item", "another kind of item"


def load_openactive(path: Path, context: OpportunityContext | None = None) -> Loaded:
    """
    Load the opportunities of a harvest, of a saved RPDE page, or of items by themselves.

    Parameters
    ----------
    path
        JSON, or JSON Lines: a file of `geomap harvest`, an RPDE page, an entry of its items, an item's `data`, or a
        list of these.
    context
        The run's day, its pathways and the scenario's activities; the shipped defaults where it is left out.

    Returns
    -------
    loaded
        `OpportunityFrame` sorted by id, metres (EPSG:27700). Items that cannot be read are `rejected` in the account,
        with the reason; they are no faults, as a planner cannot mend what others publish.

    Raises
    ------
    DataError
        The file is not JSON, or holds nothing of OpenActive.
    """
    path, context = Path(path), context or OpportunityContext()
    book = _Book(path.name)
    feeds, entries = _open(path)
    items = _read_items(entries, feeds, book)
    frame, notes = build_rows(join_items(items, context.as_of), context, path.name)
    close_fates(items)
    for item in items:
        book.tell(item.row, "not_used" if item.fate else "used", item.fate, item.opportunity_id)
    frame, faults = check_frame(frame, OpportunityFrame, source=path.name, id_column=OpportunityFrame.opportunity_id)
    return Loaded(
        frame=frame,
        source=path.name,
        vintage=_vintage(feeds),
        faults=tuple(faults),
        accounting=accounting_frame(book.lines()),
        notes=(*_tell_feeds(feeds, path.name), *notes, *book.notes()),
    )


class _Book:
    """What became of each entry of the file; entries that share a fate share a line."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._fates: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._others: Counter[str] = Counter()

    def tell(self, row: int, status: str, reason: str = "", row_id: str = "") -> None:
        self._fates.setdefault((status, reason), []).append((row, row_id))

    def tell_kind(self, row: int, kind: str, row_id: str) -> None:
        self.tell(row, "not_used", _OTHER, row_id)
        self._others[kind[:40] or "none"] += 1

    def lines(self) -> list[dict[str, object]]:
        return [
            account(self.source, status=status, rows=len(told), reason=reason, row=min(told)[0], row_id=min(told)[1])
            for (status, reason), told in self._fates.items()
        ]

    def notes(self) -> list[str]:
        count = {key: len(told) for key, told in self._fates.items()}
        rejected = {reason: number for (status, reason), number in count.items() if status == "rejected"}
        unused = {reason: number for (status, reason), number in count.items() if status == "not_used"}
        notes = [
            f"{self.source}: items that {said}, {sum(told.values()):,}: {show_counts(told)}."
            for said, told in (("could not be read", rejected), ("were not used", unused))
            if told
        ]
        if self._others:
            notes.append(f"{self.source}: kinds of item that are not read: {show_counts(self._others)}.")
        return notes


def _open(path: Path) -> tuple[list[Feed], list[tuple[int, Any]]]:
    """The feeds of a harvest, and all entries by their place in the file, from 1."""
    data = read_bytes(path)
    try:
        documents = [json.loads(data)]
    except (ValueError, RecursionError):
        documents = _open_lines(data, path.name)
    feeds, entries = [], []
    for document in documents:
        if is_harvest(document):
            feeds = read_heads(document, path.name)
            entries += document["items"]
        elif isinstance(document, Mapping) and isinstance(document.get("items"), list):
            entries += document["items"]
        else:
            entries += document if isinstance(document, list) else [document]
    return feeds, list(enumerate(entries, 1))


def _open_lines(data: bytes, name: str) -> list[Any]:
    """JSON Lines; a file of which no line is JSON, or only one, is none."""
    lines, documents = [line for line in data.splitlines() if line.strip()], []
    for line in lines:
        try:
            documents.append(json.loads(line))
        except (ValueError, RecursionError):
            documents.append(_Broken)
    if len(lines) < 2 or documents.count(_Broken) == len(lines):
        what = kind_of(data) or "the file is cut short, nested too deeply, or no JSON"
        raise refuse(name, f"this is not JSON: {what}", _REMEDY)
    return documents


class _Broken:
    """Stands for a line that is no JSON."""


def _read_items(entries: list[tuple[int, Any]], feeds: list[Feed], book: _Book) -> list[Item]:
    """The latest state of each item that can be read, of a kind that is read."""
    latest: dict[tuple[str, str, str], tuple[Any, int]] = {}
    read: dict[int, tuple[Item, bool]] = {}
    for row, entry in entries:
        try:
            item, deleted, order = _read_entry(row, entry, feeds)
        except ItemError as caught:
            book.tell(row, "rejected", str(caught))
            continue
        key = (item.scope, item.kind, item.number or f"row {row}")
        known = latest.get(key)
        if known is not None and order < known[0]:
            book.tell(row, "not_used", _OLDER, item.number)
            continue
        if known is not None:
            read.pop(known[1])
            book.tell(known[1], "not_used", _OLDER, item.number)
        latest[key], read[row] = (order, row), (item, deleted)
    kept = []
    for row, (item, deleted) in read.items():
        if deleted:
            book.tell(row, "not_used", _DELETED, item.number)
        elif item.kind not in KINDS:
            book.tell_kind(row, item.kind, item.number)
        else:
            kept.append(item)
    if not (feeds or kept or any(deleted for _, deleted in read.values())):
        raise refuse(book.source, "it holds no item of OpenActive that can be read", _REMEDY)
    return kept


def _read_entry(row: int, entry: Any, feeds: list[Feed]) -> tuple[Item, bool, Any]:
    """An entry as an item; whether it was deleted; how late its state is."""
    if not isinstance(entry, Mapping):
        said = (
            "it is cut short, nested too deeply, or no JSON" if entry is _Broken else "it is not a table of properties"
        )
        raise ItemError(said)
    number = entry.get("feed")
    scope = ""
    if feeds:
        if type(number) is not int or not 0 <= number < len(feeds):
            raise ItemError("it names no feed of the file")
        scope = urlsplit(feeds[number].url).netloc
    if "state" in entry:
        told = read_item(entry)
        kind = _kind(told.data, told.kind)
        return Item(row=row, scope=scope, kind=kind, number=told.id, data=told.data), told.deleted, told.order
    data = tidy_item(entry["data"] if isinstance(entry.get("data"), Mapping) else entry)
    kind = _kind(data, "")
    if not kind:
        raise ItemError("it does not say what it is")
    name = data.get("id", "") or data.get("identifier", "")
    return Item(row=row, scope=scope, kind=kind, number=name, data=data), False, order_of(None)


def _kind(data: Tidy, kind: str) -> str:
    """What an item says it is; where it says several things, the one that is read and says most."""
    types = data.get("type", [])
    known = [told for told in types if told in KINDS]
    chosen = next((told for told in known if told != "Event"), next(iter(known), next(iter(types), "")))
    return chosen or re.split(r"[./]", kind)[-1]


def _vintage(feeds: list[Feed]) -> str:
    """The day on which the feed that was read longest ago was harvested."""
    days = [day for feed in feeds if (day := read_day(feed.looked)) is not None]
    return f"harvested {say_date(min(days))}" if days else ""


def _tell_feeds(feeds: list[Feed], source: str) -> list[str]:
    """Where the items came from, under which licence, and what was missing when they did."""
    notes = []
    for feed in feeds:
        licence = f"licence {feed.license}" if feed.license else "no licence stated"
        end = "" if feed.complete else "; it was not read to its last page, so harvest again"
        unreadable = sum(feed.unreadable.values())
        left = f"; {unreadable:,} items could not be read when it was harvested" if unreadable else ""
        notes.append(f"{source}: from {feed.url}, {licence}{end}{left}.")
    return notes
