"""Access before and after the match, and what the areas drawn for PCNs are worth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .. import access, places, travel
from ..config import Scenario
from ..few import say_people
from ..load.gather import Inputs
from ..schema import LsoaDeprivationFrame, NeedFrame, PcnResultFrame, PopulationPointFrame
from ..schema.words import POINT_BASES
from ._ground import Ground
from ._people import People

_POINT, _PATIENTS = PopulationPointFrame.point_id, PopulationPointFrame.patients


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of access and of the areas drawn."""

    access: pd.DataFrame
    """`AccessResultFrame`."""
    in_reach: pd.DataFrame
    """By PCN, the two columns of `PcnResultFrame`."""
    footprints: pd.DataFrame
    """`FootprintResultFrame`."""
    notes: tuple[str, ...]


def tell_access(inputs: Inputs, people: People, ground: Ground, *, scenario: Scenario, book: pd.DataFrame) -> Told:
    """Access to the hours of a ledger (`LedgerFrame`), and what the areas drawn for PCNs are worth."""
    points = ground.points[ground.points[_PATIENTS].gt(0)].reset_index(drop=True)
    journeys = travel.find_journeys(ground.facilities, points, scenario.travel, known=ground.known)
    longest = scenario.travel.longest_min
    found = access.link_pledges(ground.pledges, ground.facilities, points, ground.reach, journeys, max_min=longest)
    names = people.pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.pcn_name]
    fifths = _fifths_of(points, inputs, people)
    measured, in_reach = access.build_access(found, book, names, fifths, scenario.access, max_min=longest)
    footprints, notes = places.measure_footprints(ground.footprints, ground.everyone, names)
    return Told(
        access=measured,
        in_reach=in_reach,
        footprints=footprints,
        notes=(*notes, *_note_levels(points, scenario.access.levels, by_homes=_by_homes(points, inputs))),
    )


def _note_levels(points: pd.DataFrame, levels: tuple[str, ...], *, by_homes: bool) -> list[str]:
    """What must be told of the levels that access is measured at."""
    lived_in = points[PopulationPointFrame.basis].eq(POINT_BASES[0])
    lost, notes = points[_PATIENTS][~lived_in].sum(), []
    untold = "by LSOA it is not told, and " if "lsoa" in levels and not lived_in.any() else ""
    if "imd_fifth" in levels and not by_homes:
        notes.append(
            f"Access is measured from practices, as the LSOAs of homes are not known: {untold}"
            "by fifth of deprivation it goes by the fifth of the PCN."
        )
    if "lsoa" in levels and lived_in.any() and lost:
        notes.append(f"{say_people(lost)} patients whose LSOA is not known are in no row of access by LSOA.")
    return notes


def _by_homes(points: pd.DataFrame, inputs: Inputs) -> bool:
    """Whether fifths of deprivation can go by the LSOAs where patients live."""
    return "lsoa_imd" in inputs.tables and bool(points[PopulationPointFrame.basis].eq(POINT_BASES[0]).any())


def _fifths_of(points: pd.DataFrame, inputs: Inputs, people: People) -> pd.Series:
    """Fifth of each point: of its LSOA among all of England's, or of its PCN where homes are not known."""
    if _by_homes(points, inputs):
        deciles = inputs.tables["lsoa_imd"].set_index(LsoaDeprivationFrame.lsoa_code)[LsoaDeprivationFrame.imd_decile]
        return (points[_POINT].map(deciles).astype("float64") + 1) // 2
    fifths = people.need.set_index(NeedFrame.pcn_code)[NeedFrame.deprivation_fifth]
    return points[PopulationPointFrame.pcn_code].map(fifths)
