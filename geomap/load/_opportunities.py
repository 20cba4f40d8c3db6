"""What every source of opportunities shares: what the run asks of them, and where they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from ..config import default_pathways
from ..schema import PostcodeFrame
from ..schema.asks import OpportunityFrame
from ._activities import Activities
from ._bank_places import in_england
from ._services import EASTING, NORTHING, find_places
from .postcodes import load_postcodes, normal_postcode

LATITUDE, LONGITUDE = "latitude", "longitude"
_WHOLE = re.compile(r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})(?![A-Z0-9])")
OUTSIDE = "its place is not in England"
NOT_STATED = "place not stated"
"""The venue of what is not online, and names neither a venue nor a postcode."""


def _locate_by_package(postcodes: Iterable[str]) -> pd.DataFrame:
    return load_postcodes(None, postcodes).frame


def _usual_activities() -> Activities:
    return Activities.for_pathways({key: told.venue_types for key, told in default_pathways().items()}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityContext:
    """What a run asks of activities and services; without anything, the shipped defaults and every date."""

    activities: Activities = field(default_factory=_usual_activities)
    as_of: date | None = None
    """Sessions before this day are not counted, and what was over before it is left out; `None` for all."""
    locate_postcodes: Callable[[Iterable[str]], pd.DataFrame] = _locate_by_package
    """Postcodes without spaces → `PostcodeFrame` of those that exist."""

    @classmethod
    def of(
        cls,
        pathways: Mapping[str, Iterable[str]],
        added: Mapping[str, Iterable[str]],
        as_of: date,
        locate_postcodes: Callable[[Iterable[str]], pd.DataFrame],
    ) -> OpportunityContext:
        """That of a scenario: pathway → venue types, activity → pathways it adds, its day."""
        told = Activities.for_pathways(pathways, added)
        return cls(activities=told, as_of=as_of, locate_postcodes=locate_postcodes)


def find_postcode(*texts: str) -> str:
    """The first whole postcode in these texts, as it is usually written; empty where there is none."""
    found = (_WHOLE.search(text.upper()[:2_000]) for text in texts)
    return next((f"{match.group(1)} {match.group(2)}" for match in found if match), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where opportunities are, row by row."""

    spots: pd.DataFrame
    """`easting` and `northing` in metres (EPSG:27700), missing where there is no place in England."""
    outside: pd.Series
    """Whether the place is known and not in England."""
    notes: tuple[str, ...]


def place_opportunities(frame: pd.DataFrame, context: OpportunityContext, source: str) -> Placed:
    """
    Find the point of each row: its latitude and longitude where they are a place in England, else its postcode.

    Parameters
    ----------
    frame
        `latitude`, `longitude` (degrees, missing where not given) and `postcode` (missing where not given).
    context
        Locates postcodes.
    source
        The file, for the notes.
    """
    east, north = OpportunityFrame.easting, OpportunityFrame.northing
    spots, swapped, abroad = find_places(frame[LATITUDE], frame[LONGITUDE])
    keys = frame[OpportunityFrame.postcode].fillna("").map(normal_postcode).astype("str")
    waiting = spots[EASTING].isna() & (keys != "")
    wanted = sorted(set(keys[waiting]))
    if wanted:
        known = context.locate_postcodes(wanted).set_index(PostcodeFrame.postcode)
        here = known.reindex(keys[waiting])[[EASTING, NORTHING]].set_axis(keys.index[waiting])
        inside = in_england(here[EASTING], here[NORTHING])
        spots.loc[waiting] = here.where(inside)
        abroad.loc[waiting] |= here[EASTING].notna() & ~inside
    abroad &= spots[EASTING].isna()
    given = frame[LATITUDE].notna() & frame[LONGITUDE].notna()
    told = (
        (swapped, "give latitude and longitude the wrong way round; they were exchanged"),
        (given & spots[EASTING].isna() & ~abroad, "give a latitude and longitude that are no place"),
    )
    notes = tuple(f"{source}: {int(wrong.sum()):,} rows {said}." for wrong, said in told if wrong.any())
    return Placed(spots=spots.set_axis([east, north], axis=1), outside=abroad, notes=notes)
