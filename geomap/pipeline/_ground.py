"""Where things are: patients, areas to draw, facilities, and whom each pledge reaches."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .. import places, travel
from ..config import Scenario
from ..load.boundaries import dissolve_icbs
from ..load.gather import Inputs, clip_land
from ..schema import FacilityFrame, OutlineFrame, PcnResultFrame, PledgeFrame, PopulationPointFrame, ReachFrame
from ..schema.words import CRS, LIST_SEPARATOR
from ._people import People

_PCN = PcnResultFrame.pcn_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where things are: patients, areas to draw, and which pledges serve the run's area."""

    points: gpd.GeoDataFrame
    footprints: gpd.GeoDataFrame
    icbs: gpd.GeoDataFrame
    pledges: pd.DataFrame
    facilities: gpd.GeoDataFrame
    reach: pd.DataFrame
    notes: tuple[str, ...]

    @classmethod
    def build(cls, inputs: Inputs, scenario: Scenario, people: People) -> Ground:
        practices, lists = inputs.tables["practice_map"], inputs.tables["list_sizes"]
        spots, notes = places.place_practices(practices, lists, inputs.postcodes)
        everyone, point_notes = places.estimate_population_points(
            practices,
            lists,
            spots,
            lsoa_lists=inputs.tables.get("lsoa_lists"),
            lsoa_points=inputs.tables.get("lsoa_points"),
        )
        here = people.pcns[_PCN]
        points = everyone[everyone[PopulationPointFrame.pcn_code].isin(here)].reset_index(drop=True)
        # Areas are drawn among all PCNs, so that one run's borders are another's.
        footprints = places.draw_footprints(everyone, land=clip_land(inputs.tables.get("land")))
        footprints = footprints[footprints[_PCN].isin(here)].reset_index(drop=True)
        icbs, icb_notes = _draw_icbs(inputs, spots, people)
        bank = inputs.bank
        reach = travel.reach_pledges(bank.pledges, bank.facilities, points, people.pcns, scenario.travel)
        pledges = _pledges_here(bank.pledges, bank.facilities, reach, everyone, here)
        holds = bank.facilities[FacilityFrame.facility_id].isin(pledges[PledgeFrame.facility_id])
        holds |= bank.facilities[FacilityFrame.operator_id].isin(pledges[PledgeFrame.operator_id])
        return cls(
            points=points,
            footprints=footprints,
            icbs=icbs,
            pledges=pledges,
            facilities=bank.facilities[holds].reset_index(drop=True),
            reach=reach,
            notes=(*notes, *point_notes, *icb_notes),
        )


def _draw_icbs(inputs: Inputs, spots: gpd.GeoDataFrame, people: People) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    outlines = inputs.tables.get("boundaries")
    if outlines is None or not outlines[OutlineFrame.level].isin(("icb", "sub_icb")).all():
        empty = pd.DataFrame(columns=[c for c in OutlineFrame.to_schema().columns if c != "geometry"], dtype="str")
        return gpd.GeoDataFrame(empty, geometry=[], crs=CRS), ()
    icbs, notes = dissolve_icbs(outlines, inputs.tables["practice_map"], spots)
    mine = {code for codes in people.pcns[PcnResultFrame.icb_codes] for code in codes.split(LIST_SEPARATOR)}
    return icbs[icbs[OutlineFrame.area_code].isin(mine)].reset_index(drop=True), notes


def _pledges_here(
    pledges: pd.DataFrame, facilities: gpd.GeoDataFrame, reach: pd.DataFrame, everyone: gpd.GeoDataFrame, here: pd.Series
) -> pd.DataFrame:
    """Pledges that can serve the run's PCNs, and those that reach nobody but stand nearest to one of them."""
    reaches = pledges[PledgeFrame.pledge_id].isin(reach[ReachFrame.pledge_id])
    if everyone[PopulationPointFrame.pcn_code].isin(here).all():
        return pledges
    nearest = facilities[[FacilityFrame.facility_id, "geometry"]].sjoin_nearest(
        everyone[[PopulationPointFrame.pcn_code, "geometry"]]
    )
    local = nearest.loc[nearest[PopulationPointFrame.pcn_code].isin(here), FacilityFrame.facility_id]
    return pledges[reaches | pledges[PledgeFrame.facility_id].isin(local)].reset_index(drop=True)
