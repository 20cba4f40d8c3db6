"""One OpenActive item in one spelling, and only what is wanted of it; names of people are left out at the door.

Publishers write `type` or `@type`, `id` or `@id`, `beta:…` for what is not agreed yet, an object or a list of one.
Here keys lose `@`, prefixes and addresses before them, and only those of the lists below stay. A leader, a contact, a
description, and an organiser that is not said to be an organisation never get further than this.

Source: OpenActive, Modelling Opportunity Data 2.0, https://openactive.io/modelling-opportunity-data/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Tidy = dict[str, Any]
"""An item as `tidy_item` leaves it: text, numbers, and lists and tables of them."""

MOST_TEXT = 2_000
MOST_LISTED = 20_000
"""Entries of a list; a facility may hold its slots for some weeks."""
MOST_NESTED = 5
"""Items within items: a session in its series in its programme."""

_TEXTS = ("id", "name", "identifier", "url", "startDate", "endDate", "eventStatus", "eventAttendanceMode")
_CONCEPTS = ("activity", "facilityType", "category", "programme")
_PARTIES = ("organizer", "provider")
UPWARDS = ("superEvent", "facilityUse", "aggregateFacilityUse", "instanceOfCourse")
"""What an item is a part of: its id, or the whole of it."""
DOWNWARDS = ("subEvent", "event", "individualFacilityUse", "courseInstance", "hasCourseInstance")
_VALUE = ("value", "name", "prefLabel")
_MOST_KEY = 200


class ItemError(ValueError):
    """An item that cannot be read; the text says why."""


def plain_keys(item: Mapping[str, Any]) -> dict[str, Any]:
    """A table with keys as the standard has them; of two that become one, that which is so written counts."""
    plain: dict[str, Any] = {}
    for key, value in item.items():
        word = _plain_word(key) if len(key) <= _MOST_KEY else key
        if word == key or word not in plain:
            plain[word] = value
    return plain


@lru_cache(maxsize=4_096)
def _plain_word(word: str) -> str:
    """`@id` is `id`, and `beta:virtualLocation` and `https://schema.org/location` what stands last in them."""
    at = max(word.rfind(mark) for mark in ":/#@")
    return word[at + 1 :]


def as_list(value: object) -> list[Any]:
    """A list as it is, anything else as a list of it, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_text(value: object) -> str:
    """Text, or a number as text; of a list the first that there is, of a table its value; else empty."""
    for entry in as_list(value)[:10]:
        if isinstance(entry, Mapping):
            told = plain_keys(entry)
            entry = next((told[key] for key in _VALUE if isinstance(told.get(key), str)), "")
        if isinstance(entry, bool) or not isinstance(entry, str | int | float):
            continue
        text = plain_text(str(entry))
        if len(text) > MOST_TEXT:
            raise ItemError(f"a text in it is longer than {MOST_TEXT:,} characters")
        if text:
            return text
    return ""


def plain_text(text: str) -> str:
    """A text on one line, without controls, halves of letters and other signs that cannot be seen."""
    line = " ".join(text.split())
    return line if line.isprintable() else " ".join("".join(filter(str.isprintable, line)).split())


def read_types(item: Mapping[str, Any]) -> list[str]:
    """What a table says it is, without prefix or address: `https://schema.org/Event` is `Event`."""
    types = [read_text(entry) for entry in as_list(plain_keys(item).get("type"))[:10]]
    return [_plain_word(text[-_MOST_KEY:]) for text in types if text]


def tidy_item(data: object, depth: int = 0) -> Tidy:
    """
    What is kept of an item.

    Parameters
    ----------
    data
        The `data` of an RPDE item, or an item by itself; as JSON has it, or tidied already.
    depth
        How many items it lies within.

    Returns
    -------
    tidy
        Keys as in the standard; `type` a list, `activity` and its like lists of `id` and `prefLabel`, `location` one
        table, parents and children tidied too.

    Raises
    ------
    ItemError
        It is no table, or is out of all proportion.
    """
    if not isinstance(data, Mapping):
        raise ItemError("it is not a table of properties")
    if depth > MOST_NESTED:
        raise ItemError(f"items lie within items more than {MOST_NESTED} deep")
    kept: Tidy = {"type": read_types(data)}
    for key, value in plain_keys(data).items():
        if isinstance(value, list) and len(value) > MOST_LISTED:
            raise ItemError(f"a list in it has more than {MOST_LISTED:,} entries")
        if key in _READERS:
            kept[key] = _READERS[key](value)
        elif key in UPWARDS:
            parent = next(iter(as_list(value)), None)
            kept[key] = tidy_item(parent, depth + 1) if isinstance(parent, Mapping) else read_text(parent)
        elif key in DOWNWARDS:
            kept[key] = [tidy_item(child, depth + 1) for child in _tables(value)]
        elif key in ("virtualLocation", "online"):
            kept["online"] = kept.get("online", False) or bool(value)
    return {key: value for key, value in kept.items() if value not in ("", [], {}, False)}


def _tables(value: object) -> Iterable[Mapping[str, Any]]:
    return (entry for entry in as_list(value) if isinstance(entry, Mapping))


def _read_concepts(value: object) -> list[Tidy]:
    """Entries with an `id`, a `prefLabel` or both; text by itself is a label, or an id where it is an address."""
    found = []
    for entry in as_list(value):
        if isinstance(entry, Mapping):
            told = plain_keys(entry)
            label = read_text(told.get("prefLabel")) or read_text(told.get("name"))
            concept = {"id": read_text(told.get("id")), "prefLabel": label}
        else:
            text = read_text(entry)
            concept = {"id" if is_address(text) else "prefLabel": text}
        concept = {key: text for key, text in concept.items() if text}
        if concept and concept not in found:
            found.append(concept)
    return found


def _read_party(value: object) -> Tidy:
    """An organiser that says it is an organisation; anybody else is nobody, or a person, and is not told."""
    for party in _tables(value):
        name = read_text(plain_keys(party).get("name"))
        if name and any(kind.lower().endswith("organization") for kind in read_types(party)):
            return {"type": ["Organization"], "name": name}
    return {}


def _read_place(value: object) -> Tidy:
    """The first place that tells anything; text by itself is its name."""
    for entry in as_list(value):
        if not isinstance(entry, Mapping):
            text = read_text(entry)
            if text and not is_address(text):
                return {"name": text}
            continue
        told = plain_keys(entry)
        place = {"name": read_text(told.get("name")), "address": _read_address(told.get("address"))}
        geo = next(iter(_tables(told.get("geo"))), told)
        point = {key: _read_number(plain_keys(geo).get(key)) for key in ("latitude", "longitude")}
        if None not in point.values():
            place["geo"] = point
        place = {key: part for key, part in place.items() if part}
        if place:
            return place
    return {}


def _read_address(value: object) -> Tidy:
    """The postcode of an address; of one that is plain text, the text."""
    entry = next(iter(as_list(value)), None)
    if not isinstance(entry, Mapping):
        text = read_text(entry)
        return {"text": text} if text else {}
    told = plain_keys(entry)
    postcode = read_text(told.get("postalCode")) or read_text(told.get("text"))
    return {"postalCode": postcode} if postcode else {}


def _read_ages(value: object) -> Tidy:
    told = plain_keys(next(iter(_tables(value)), {}))
    ages = {key: _read_number(told.get(key)) for key in ("minValue", "maxValue")}
    return {key: age for key, age in ages.items() if age is not None and 0 <= age <= 120}


def _read_number(value: object) -> float | None:
    """A number that is one; `None` where it is not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e9 else None


def is_address(text: str) -> bool:
    """Whether a text is an address of the web."""
    return text.lower().startswith(("http://", "https://"))


def _read_schedules(value: object) -> list[Tidy]:
    """When each schedule begins and ends."""
    schedules = [plain_keys(schedule) for schedule in _tables(value)]
    return [{key: read_text(schedule.get(key)) for key in ("startDate", "endDate")} for schedule in schedules]


_READERS = {
    **dict.fromkeys(_TEXTS, read_text),
    **dict.fromkeys(_CONCEPTS, _read_concepts),
    **dict.fromkeys(_PARTIES, _read_party),
    "location": _read_place,
    "ageRange": _read_ages,
    "eventSchedule": _read_schedules,
}
