"""OpenActive items as a table: what each is called, where it is, whom it is for, and which pathways it can serve."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from ..openactive.items import Tidy
from ..schema.asks import OpportunityFrame
from ..schema.words import LIST_SEPARATOR
from ._openactive_items import TWICE, Item
from ._opportunities import (
    LATITUDE,
    LONGITUDE,
    NOT_STATED,
    OUTSIDE,
    OpportunityContext,
    find_postcode,
    place_opportunities,
)
from ._services import clean_text, clean_url

_SOURCE = "openactive"
_POINT_AS_NAME = re.compile(r"[-+0-9.,;\s°]+")
_CONCEPTS = ("activity", "facilityType", "category", "programme")
_NAMELESS = "it has no name"
_MOST_SHOWN = 12


def build_rows(
    sessions: Mapping[Item, int], context: OpportunityContext, source: str
) -> tuple[pd.DataFrame, list[str]]:
    """
    The table, and what to say of it.

    Parameters
    ----------
    sessions
        What becomes a row → its sessions; what has no name, stands twice or is not in England gets its `fate`.
    context
        The run's activities, and where postcodes are.
    source
        The file, for the notes.

    Returns
    -------
    frame, notes
        `OpportunityFrame` sorted by id, metres (EPSG:27700).
    """
    f, items = OpportunityFrame, list(sessions)
    columns = [*f.to_schema().columns, LATITUDE, LONGITUDE]
    frame = pd.DataFrame([_row(item, sessions[item], context) for item in items], columns=columns)
    text = [name for name, column in f.to_schema().columns.items() if str(column.dtype).startswith("str")]
    numbers = [name for name in columns if name not in (*text, f.sessions)]
    frame = frame.astype({**dict.fromkeys(text, "str"), **dict.fromkeys(numbers, "float64"), f.sessions: "int64"})
    placed = place_opportunities(frame, context, source)
    frame[[f.easting, f.northing]] = placed.spots
    lost = frame[f.easting].isna() & frame[[f.venue_name, f.postcode]].isna().all(axis=1)
    frame[f.venue_name] = frame[f.venue_name].mask(lost & ~pd.Series(map(_is_online, items), dtype=bool), NOT_STATED)
    nameless, twice = frame[f.opportunity_name] == "", frame[f.opportunity_id].duplicated()
    for wrong, why in ((twice, TWICE), (nameless, _NAMELESS), (placed.outside, OUTSIDE)):
        for at in frame.index[wrong]:
            items[at].fate = why
    kept = frame[~(nameless | twice | placed.outside)]
    chosen = [items[at] for at in kept.index]
    notes = [*placed.notes, _tell_places(kept, chosen, source), *_tell_activities(chosen, context, source)]
    kept = kept.drop(columns=[LATITUDE, LONGITUDE]).sort_values(f.opportunity_id, ignore_index=True)
    return kept, notes


def _row(item: Item, sessions: int, context: OpportunityContext) -> dict[str, object]:
    """A row of `OpportunityFrame` but for its place, which has its degrees beside it."""
    data, f = item.data, OpportunityFrame
    labels, pathways = _read_activities(_concepts(item), context)
    ages, operator = data.get("ageRange", {}), data.get("organizer") or data.get("provider") or {}
    venue, postcode, geo = ("", "", {}) if _is_online(item) else _read_place(data.get("location", {}))
    return {
        f.opportunity_id: item.opportunity_id,
        f.source: _SOURCE,
        f.kind: item.kind,
        f.opportunity_name: _clean(data.get("name", "")) or ", ".join(labels[:3]) or venue.removeprefix(NOT_STATED),
        f.operator_name: _clean(operator.get("name", "")) or None,
        f.venue_name: venue or None,
        f.postcode: postcode or None,
        f.easting: None,
        f.northing: None,
        f.activities: LIST_SEPARATOR.join(labels) or None,
        f.pathways: LIST_SEPARATOR.join(pathways) or None,
        f.age_min: ages.get("minValue"),
        f.age_max: ages.get("maxValue"),
        f.sessions: sessions,
        f.url: clean_url(data.get("url", "")) or None,
        LATITUDE: geo.get("latitude"),
        LONGITUDE: geo.get("longitude"),
    }


def _read_place(place: Tidy) -> tuple[str, str, Tidy]:
    """Venue, postcode and degrees; where all three are missing, the venue says so."""
    address, geo, name = place.get("address", {}), place.get("geo", {}), place.get("name", "")
    postcode = find_postcode(address.get("postalCode", ""), address.get("text", ""), name)
    venue = "" if _POINT_AS_NAME.fullmatch(name) else _clean(name)
    return venue if venue or postcode or geo else NOT_STATED, postcode, geo


def _clean(text: str) -> str:
    """A name without what it should not hold: telephone numbers, addresses of mail, what cannot be seen."""
    return clean_text(text)[0]


def _is_online(item: Item) -> bool:
    mode = item.data.get("eventAttendanceMode", "").lower()
    on_site = mode.endswith(("offlineeventattendancemode", "mixedeventattendancemode"))
    said = bool(item.data.get("online")) and not on_site
    return said or item.kind == "OnDemandEvent" or mode.endswith("onlineeventattendancemode")


def _concepts(item: Item) -> list[Tidy]:
    return [concept for key in _CONCEPTS for concept in item.data.get(key, ())]


def _read_activities(concepts: Iterable[Tidy], context: OpportunityContext) -> tuple[list[str], list[str]]:
    """Labels as they are written, once each, and the pathways they can serve, in the order of the catalogue."""
    labels: dict[str, str] = {}
    pathways: set[str] = set()
    for concept in concepts:
        found = context.activities.find(concept)
        pathways |= set(found.pathways if found else ())
        label = _label(concept) or (found.label if found else concept.get("id", ""))
        labels.setdefault(label.casefold(), label)
    return list(labels.values()), [name for name in context.activities.pathways if name in pathways]


def _label(concept: Tidy) -> str:
    return _clean(concept.get("prefLabel", "")).replace(LIST_SEPARATOR, ",")


def _tell_places(kept: pd.DataFrame, items: list[Item], source: str) -> str:
    f = OpportunityFrame
    nowhere = kept[f.easting].isna()
    online = pd.Series([_is_online(item) for item in items], index=kept.index, dtype=bool)
    return (
        f"{source}: activities, facilities and events: {len(kept):,}, with sessions and slots: "
        f"{int(kept[f.sessions].sum()):,}; in England: {int((~nowhere).sum()):,}, online: "
        f"{int((nowhere & online).sum()):,}, say too little to be placed: {int((nowhere & ~online).sum()):,}."
    )


def _tell_activities(items: list[Item], context: OpportunityContext, source: str) -> list[str]:
    """Which activities were read as a broader one, and which no pathway takes."""
    broader: Counter[str] = Counter()
    nobody: Counter[str] = Counter()
    for concept in (concept for item in items for concept in _concepts(item)):
        found, label = context.activities.find(concept), _label(concept) or concept.get("id", "")
        if found is None:
            nobody[label] += 1
        elif found.broader:
            broader[f"{label or found.label} as {found.above}"] += 1
    notes = []
    if broader:
        notes.append(f"{source}: activities read as a broader one: {show_counts(broader)}.")
    if nobody:
        notes.append(
            f"{source}: activities that no pathway takes: {show_counts(nobody)}. To send one to a pathway, name it "
            "under [opportunities.activities] in the scenario."
        )
    return notes


def show_counts(counts: Mapping[str, int]) -> str:
    """The commonest with how many of each, and how many kinds more there are."""
    ranked = sorted(counts.items(), key=lambda told: (-told[1], told[0]))
    more = f"; and {len(ranked) - _MOST_SHOWN:,} more" if len(ranked) > _MOST_SHOWN else ""
    return "; ".join(f"{said[:100]} ({number:,})" for said, number in ranked[:_MOST_SHOWN]) + more
