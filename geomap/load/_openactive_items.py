"""OpenActive items put together: sessions with their series, slots with their facilities, events with their programme.

A row is what one can go to: a series, a facility, an event. Sessions and slots are counted with it. What an item does
not say itself it has from what it is a part of; what a session says of its activity holds for its series too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from ..openactive.items import UPWARDS, Tidy, is_address

DATED = ("ScheduledSession", "Slot")
"""Counted, and never a row where what they belong to is there."""
PARTS = (*DATED, "IndividualFacilityUse")
STANDING = (
    "SessionSeries", "FacilityUse", "Event", "OnDemandEvent", "EventSeries", "HeadlineEvent", "Course",
    "CourseInstance",
)  # fmt: skip
KINDS = (*PARTS, *STANDING)
ABOVE = ("EventSeries", "HeadlineEvent", "Course")
"""Told by what is a part of them, where that is there."""
_ONE_DATE = ("Event", "HeadlineEvent", "CourseInstance")
"""Take place themselves, on their own date, where they have no sessions."""
_INHERITED = (
    "name", "url", "activity", "facilityType", "category", "programme", "location", "organizer", "provider", "ageRange",
    "online",
)  # fmt: skip

USED = ""
NO_HOME = "its series or facility is not in the file"
HOME_LEFT_OUT = "its series or facility was left out"
PAST = "before the day of the data"
OVER = "it was over before the day of the data"
CANCELLED = "cancelled"
PARTS_LEFT_OUT = "all that is a part of it was left out"
NO_DATE = "it has no start date"
TWICE = "another item of the same id in the file"


@dataclass(slots=True, eq=False)
class Item:
    """One item of the file, or one that stands in another only (then `row` is that of the other)."""

    row: int
    scope: str
    """The feed's host: ids that are no addresses are known within it only."""
    kind: str
    number: str
    data: Tidy
    parent: Item | None = None
    """What it is a part of."""
    home: Item | None = None
    """The item whose row it is counted with, which may be itself."""
    children: list[Item] = field(default_factory=list)
    fate: str = USED
    """Why it was left out; empty where it is used."""

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What others may call it."""
        names = (self.data.get("id", ""), self.data.get("identifier", ""), self.number)
        return [self.key_of(name) for name in names if name]

    def key_of(self, name: str) -> tuple[str, str]:
        return ("" if is_address(name) else self.scope, name)

    @property
    def opportunity_id(self) -> str:
        name = self.data.get("id") or self.data.get("identifier") or self.number
        return name if is_address(name) else f"{self.scope or 'openactive'}/{self.kind}/{name}"

    @property
    def is_cancelled(self) -> bool:
        return self.data.get("eventStatus", "").lower().endswith(("eventcancelled", "eventpostponed"))


def join_items(items: list[Item], as_of: date | None) -> dict[Item, int]:
    """
    Put items together.

    Parameters
    ----------
    items
        In any order; each gets its `parent`, its `home` and its `fate`.
    as_of
        Sessions before this day are not counted, and what was over before it is left out.

    Returns
    -------
    sessions
        What becomes a row → how many sessions or slots it has.
    """
    items = sorted(items, key=lambda item: (item.opportunity_id, item.row))
    known = _index(items)
    made: dict[tuple[str, str], Item] = {}
    for item in items:
        item.parent = _find_parent(item, known, made)
    for item in list(made.values()):
        item.parent = _find_parent(item, known, made)
    every = [*items, *made.values()]
    _cut_rings(every)
    for item in every:
        item.home = _find_home(item)
    _stand_alone(items)
    for item in every:
        if item.home is item and item.parent is not None:
            item.parent.children.append(item)
    told = [(item, _inherit(item)) for item in every]
    for item, data in told:
        item.data = data
    for item in every:
        if item.home is not None and item.home is not item:
            _add_activities(item.home.data, item.data)
    standing = [item for item in every if item.home is item and not (item.kind in ABOVE and item.children)]
    sessions = _count(items, standing, as_of)
    return {item: len(sessions[item]) for item in standing if not _is_left_out(item, sessions[item], as_of)}


def close_fates(items: Iterable[Item]) -> None:
    """Say of sessions, and of what is told by its parts alone, that what they belong to was left out."""
    for item in items:
        if item.fate == USED and item.home is not None and item.home is not item and item.home.fate != USED:
            item.fate = HOME_LEFT_OUT
        elif item.fate == USED and item.kind in ABOVE and item.children:
            item.fate = USED if any(child.fate == USED for child in item.children) else PARTS_LEFT_OUT


def _index(items: Iterable[Item]) -> dict[tuple[str, str], Item]:
    """Name → item, for all that something may be a part of; a facility goes by the names of its parts too."""
    known: dict[tuple[str, str], Item] = {}
    owners = [item for item in items if item.kind not in DATED]
    for item in owners:
        for key in item.keys:
            known.setdefault(key, item)
    for item in owners:
        for part in item.data.get("individualFacilityUse", ()):
            for name in (part.get("id", ""), part.get("identifier", "")):
                if name:
                    known.setdefault(item.key_of(name), item)
    return known


def _find_parent(item: Item, known: dict[tuple[str, str], Item], made: dict[tuple[str, str], Item]) -> Item | None:
    """What an item is a part of: one of the file, or one that stands in it only, which is then made."""
    for upward in UPWARDS:
        told = item.data.get(upward)
        if not told:
            continue
        names = [told] if isinstance(told, str) else [told.get("id", ""), told.get("identifier", "")]
        for name in filter(None, names):
            found = known.get(item.key_of(name))
            if found is not None and found is not item:
                return found
        if isinstance(told, str) or not told.get("name"):
            continue
        kind = next((kind for kind in told.get("type", ()) if kind in STANDING), "SessionSeries")
        name = next(filter(None, names), "") or json.dumps(told, sort_keys=True)
        key = item.key_of(name)
        if key not in made:
            number = "" if any(names) else f"of row {item.row}"
            made[key] = Item(row=item.row, scope=item.scope, kind=kind, number=number, data=told)
        return made[key]
    return None


def _cut_rings(items: Iterable[Item]) -> None:
    """An item that is a part of itself, by whatever way, is a part of nothing."""
    for item in items:
        above, seen = item, set()
        while above is not None and above not in seen:
            seen.add(above)
            above = above.parent
        if above is item:
            item.parent = None


def _find_home(item: Item) -> Item | None:
    """The row that an item is counted with: its own, or that of what it is a part of; none where that is not there."""
    home = item
    while _is_part(home) and home.parent is not None:
        home = home.parent
    return None if home.kind in DATED else home


def _is_part(item: Item) -> bool:
    """Whether an item is counted and no row of its own; some publish the sessions of a series as events."""
    in_series = item.kind == "Event" and item.parent is not None and item.parent.kind == "SessionSeries"
    return item.kind in PARTS or in_series


def _stand_alone(items: Iterable[Item]) -> None:
    """A session whose series is not there stands for it, where it says itself what it is and where."""
    first: dict[tuple[str, str], Item] = {}
    for item in items:
        told = item.data
        whole = told.get("name") and (told.get("location") or told.get("activity"))
        if item.home is None and item.kind == "ScheduledSession" and whole:
            above = told.get("superEvent", "")
            name = above if isinstance(above, str) else above.get("id", "") or above.get("identifier", "")
            item.home = first.setdefault(item.key_of(name) if name else ("", f"row {item.row}"), item)


def _inherit(item: Item) -> Tidy:
    """An item's own properties, and those of what it is a part of where it has none."""
    data, above = dict(item.data), item.parent
    while above is not None:
        for key in _INHERITED:
            if key in above.data and _is_better(key, data.get(key), above.data[key]):
                data[key] = above.data[key]
        above = above.parent
    for child in item.data.get("individualFacilityUse", ()):
        for key in ("facilityType", "activity"):
            if key in child and key not in data:
                data[key] = child[key]
    return data


def _add_activities(series: Tidy, session: Tidy) -> None:
    """What a session is of that its series does not name."""
    for key in ("activity", "facilityType"):
        more = [concept for concept in session.get(key, ()) if concept not in series.get(key, ())]
        if more:
            series[key] = [*series.get(key, ()), *more]


def _is_better(key: str, own: object, above: object) -> bool:
    """Whether what stands above tells what an item itself does not; a room without an address is in the hall above."""
    if not own:
        return True
    placed = ("geo", "address")
    return key == "location" and not any(part in own for part in placed) and any(part in above for part in placed)


def _count(items: list[Item], standing: list[Item], as_of: date | None) -> dict[Item, set[object]]:
    """The sessions of each row that are not past; each session that is an item gets its fate."""
    sessions: dict[Item, set[object]] = defaultdict(set)
    for item in standing:
        for number, session in enumerate(_embedded(item.data)):
            when = read_day(session.get("startDate", ""))
            if when is not None and not _before(when, as_of):
                sessions[item].add(session.get("id") or session.get("identifier") or (number, session["startDate"]))
    for item in items:
        if item.kind in DATED or (item.home is not item and item.kind == "Event"):
            item.fate = _fate_of_session(item, as_of)
            if item.fate == USED and "startDate" in item.data:
                sessions[item.home].add(item.data.get("id") or item.data.get("identifier") or (item.row, ""))
    for item in standing:
        when = read_day(item.data.get("startDate", ""))
        if item.kind in _ONE_DATE and not sessions[item] and when is not None and not _before(when, as_of):
            sessions[item].add((item.row, ""))
    return sessions


def _fate_of_session(item: Item, as_of: date | None) -> str:
    when = read_day(item.data.get("startDate", ""))
    if item.home is None:
        return NO_HOME
    if item.is_cancelled:
        return CANCELLED
    if when is None:
        return USED if item.home is item else NO_DATE
    return PAST if _before(when, as_of) else USED


def _is_left_out(item: Item, sessions: set[object], as_of: date | None) -> bool:
    """Whether nobody can go to it any more; its fate says so."""
    if item.is_cancelled:
        item.fate = CANCELLED
    elif sessions:
        item.fate = USED
    elif item.fate == PAST or (as_of is not None and _is_over(item.data, as_of)):
        item.fate = OVER
    return item.fate != USED


def _is_over(data: Tidy, as_of: date) -> bool:
    """Whether the last day that it states is past; one schedule without an end, and it goes on."""
    ends = [schedule.get("endDate", "") for schedule in data.get("eventSchedule", ())]
    ends += [data["endDate"]] if data.get("endDate") else []
    if not ends and data.get("startDate") and "SessionSeries" not in data.get("type", ()):
        ends = [data["startDate"]]
    days = [read_day(end) for end in ends]
    return bool(days) and all(day is not None and day < as_of for day in days)


def _embedded(data: Tidy) -> Iterator[Tidy]:
    """Sessions and slots that stand in an item, or in the parts of a facility."""
    for key in ("subEvent", "event"):
        yield from data.get(key, ())
    for part in data.get("individualFacilityUse", ()):
        yield from part.get("event", ())


def _before(when: date, as_of: date | None) -> bool:
    return as_of is not None and when < as_of


def read_day(text: str) -> date | None:
    """The day that a date or a time of ISO 8601 is on, where it is; `None` where it is none."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
