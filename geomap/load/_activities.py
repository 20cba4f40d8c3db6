"""Which pathways an activity or a facility can serve: OpenActive's concepts, by id or label, to `activities.toml`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..config import load_default

_UUID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$")
_MARKS = {ord("&"): " and ", ord("™"): None, ord("®"): None, ord("©"): None, ord("'"): None, ord("’"): None}
_MOST_WORDS = 4
"""Of an ending that is looked up: `tai chi` has two."""


def normal_label(text: str) -> str:
    """A label without case, marks, accents or the way `and` is written: `"Strength & Balance™"` is `strength and …`."""
    plain = unicodedata.normalize("NFKD", text.translate(_MARKS)).casefold()
    kept = "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    return " ".join(kept.split())


def _normal_id(text: str) -> str:
    """The UUID that an id ends with, whatever the spelling of the address before it; else the id itself."""
    found = _UUID.search(text.strip().lower())
    return found.group(1) if found else text.strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a concept was found as: its label in the mapping, and its pathways."""

    label: str
    pathways: tuple[str, ...]
    above: str = ""
    """The label of the broader concept that it was read as; empty where it has pathways of its own."""

    @property
    def broader(self) -> bool:
        return bool(self.above)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """The shipped mapping with what a scenario adds to it."""

    pathways: tuple[str, ...]
    """Those of the run, in its order."""
    labels: Mapping[str, Found]
    ids: Mapping[str, Found]
    endings: Mapping[str, Found]

    @classmethod
    def for_pathways(cls, pathways: Mapping[str, Iterable[str]], added: Mapping[str, Iterable[str]]) -> Activities:
        """
        The mapping to the pathways of a run.

        Parameters
        ----------
        pathways
            Pathway → the venue types it may run in.
        added
            Label or id of an activity → its pathways; these win.
        """
        told = load_default("activities")
        labels: dict[str, Found] = {}
        ids: dict[str, Found] = {}
        endings: dict[str, Found] = {}
        for entry in told.values():
            chosen = tuple(name for name in pathways if name in _pathways_of(entry, told, pathways))
            found = Found(label=entry["label"], pathways=chosen, above=_label_above(entry, told))
            labels |= {normal_label(text): found for text in (entry["label"], *entry.get("also", ()))}
            if "id" in entry:
                ids[entry["id"]] = found
            wider = Found(label=entry["label"], pathways=chosen, above=entry["label"])
            endings |= {normal_label(text): wider for text in entry.get("ends_with", ())}
        for text, names in added.items():
            found = Found(label=text, pathways=tuple(name for name in pathways if name in set(names)))
            if _normal_id(text) in ids or _UUID.search(text.strip().lower()):
                ids[_normal_id(text)] = found
            else:
                labels[normal_label(text)] = found
                known = [key for key, entry in ids.items() if normal_label(entry.label) == normal_label(text)]
                ids |= dict.fromkeys(known, found)
        return cls(pathways=tuple(pathways), labels=labels, ids=ids, endings=endings)

    def find(self, concept: Mapping[str, Any]) -> Found | None:
        """What a concept (`id`, `prefLabel` or both) is known as: by its id, its label, or how its label ends."""
        number, label = concept.get("id", ""), normal_label(concept.get("prefLabel", ""))
        if number and (found := self.ids.get(_normal_id(number))):
            return found
        if label in self.labels:
            return self.labels[label]
        words = label.split()
        ends = (" ".join(words[-count:]) for count in range(min(_MOST_WORDS, len(words)), 0, -1))
        return next((self.endings[end] for end in ends if end in self.endings), None)


def _pathways_of(
    entry: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]], pathways: Mapping[str, Iterable[str]]
) -> set[str]:
    """The pathways of an entry: its own, those of the one above it, or those that may run in such a venue."""
    if "venue_type" in entry:
        return {name for name, venues in pathways.items() if entry["venue_type"] in set(venues)}
    return set(told[entry["broader"]]["pathways"] if "broader" in entry else entry["pathways"])


def _label_above(entry: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]) -> str:
    return told[entry["broader"]]["label"] if "broader" in entry else ""
