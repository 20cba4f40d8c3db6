"""Where things are: patients, areas to draw, facilities, and whom each pledge reaches."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .. import gazetteer, places, travel
from ..config import Scenario, TravelParams
from ..load.boundaries import dissolve_icbs
from ..load.gather import Inputs, clip_land, lads_of_practices
from ..schema import (
    FacilityFrame,
    OutlineFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    PostcodeFrame,
    PracticeFrame,
    ReachFrame,
)
from ..schema.words import CRS, LIST_SEPARATOR
from ._journeys import know_times
from ._people import People

_PCN = PcnResultFrame.pcn_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where things are: patients, areas to draw, and which pledges serve the run's area."""

    everyone: gpd.GeoDataFrame
    """`PopulationPointFrame` of every PCN of the map."""
    points: gpd.GeoDataFrame
    """Those of this run's."""
    footprints: gpd.GeoDataFrame
    icbs: gpd.GeoDataFrame
    pledges: pd.DataFrame
    facilities: gpd.GeoDataFrame
    reach: pd.DataFrame
    places: gpd.GeoDataFrame
    """`PlaceFrame` of the run."""
    other_facilities: pd.DataFrame
    """`VenueFrame`: public leisure sites of the run's area that are not in the bank."""
    known: tuple[travel.KnownTimes, ...]
    """Minutes that replace straight lines, the best first."""
    notes: tuple[str, ...]

    @classmethod
    def build(cls, inputs: Inputs, scenario: Scenario, people: People) -> Ground:
        """Place everyone in England, so that one run's borders are another's; then keep what is of this run."""
        practices, lists = inputs.tables["practice_map"], inputs.tables["list_sizes"]
        spots, spot_notes = places.place_practices(practices, lists, inputs.postcodes)
        everyone, point_notes = places.estimate_population_points(
            practices,
            lists,
            spots,
            lsoa_lists=inputs.tables.get("lsoa_lists"),
            lsoa_points=inputs.tables.get("lsoa_points"),
        )
        here = everyone[PopulationPointFrame.pcn_code].isin(people.pcns[_PCN])
        points = everyone[here].reset_index(drop=True)
        footprints = places.draw_footprints(everyone, land=clip_land(inputs.tables.get("land")))
        icbs, icb_notes = _draw_icbs(inputs, spots, people)
        bank = inputs.bank
        known, known_notes = know_times(inputs, scenario, bank.facilities, everyone)
        # Over the whole map first: where a digital operator stands must not depend on the area of the run.
        reach = travel.reach_pledges(
            bank.pledges, bank.facilities, everyone, people.everywhere, scenario.travel, known=known
        )
        reach = reach[reach[ReachFrame.pcn_code].isin(people.pcns[_PCN])].reset_index(drop=True)
        pledges = bank.pledges
        if not here.all():
            reaching = pledges[PledgeFrame.pledge_id].isin(reach[ReachFrame.pledge_id])
            local = pledges[PledgeFrame.facility_id].isin(_nearest_to(bank.facilities, everyone, here))
            pledges = pledges[reaching | local].reset_index(drop=True)
        return cls(
            everyone=everyone,
            points=points,
            footprints=footprints[footprints[_PCN].isin(people.pcns[_PCN])].reset_index(drop=True),
            icbs=icbs,
            pledges=pledges,
            facilities=_facilities_of(pledges, bank.facilities),
            reach=reach,
            places=_name_places(inputs, spots, people),
            other_facilities=gazetteer.find_other_facilities(
                inputs.tables.get("active_places"), bank.facilities, everyone, here
            ),
            known=known,
            notes=(*spot_notes, *point_notes, *icb_notes, *known_notes),
        )

    def reach_with(self, params: TravelParams, pcns: pd.DataFrame) -> pd.DataFrame:
        """
        `ReachFrame` of the run's pledges if patients travelled otherwise; whom digital pledges serve stays as it is.

        Pledges are those of the run, so that hours beyond its border which only now come near are not among them.
        """
        digital = self.pledges[PledgeFrame.delivery].eq("digital")
        reach = travel.reach_pledges(
            self.pledges[~digital], self.facilities, self.points, pcns, params, known=self.known
        )
        by_rule = self.reach[ReachFrame.pledge_id].isin(self.pledges.loc[digital, PledgeFrame.pledge_id])
        both = pd.concat([reach, self.reach[by_rule]])
        return both.sort_values([ReachFrame.pledge_id, ReachFrame.pcn_code], ignore_index=True)

    def homes(self) -> pd.DataFrame:
        """Where each PCN's patients live on average: `easting` and `northing` in metres, indexed by `pcn_code`."""
        patients = self.points[PopulationPointFrame.patients]
        spots = self.points.geometry
        at = pd.DataFrame({PostcodeFrame.easting: spots.x, PostcodeFrame.northing: spots.y})
        code = self.points[PopulationPointFrame.pcn_code]
        return at.mul(patients, axis=0).groupby(code).sum().div(patients.groupby(code).sum(), axis=0)


def _draw_icbs(inputs: Inputs, spots: gpd.GeoDataFrame, people: People) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    outlines = inputs.tables.get("boundaries")
    if outlines is None or not outlines[OutlineFrame.level].isin(("icb", "sub_icb")).all():
        empty = pd.DataFrame(columns=[c for c in OutlineFrame.to_schema().columns if c != "geometry"], dtype="str")
        return gpd.GeoDataFrame(empty, geometry=[], crs=CRS), ()
    icbs, notes = dissolve_icbs(outlines, inputs.tables["practice_map"], spots)
    mine = {code for codes in people.pcns[PcnResultFrame.icb_codes] for code in codes.split(LIST_SEPARATOR)}
    return icbs[icbs[OutlineFrame.area_code].isin(mine)].reset_index(drop=True), notes


def _name_places(inputs: Inputs, spots: gpd.GeoDataFrame, people: People) -> gpd.GeoDataFrame:
    """Places by the addresses of practices; where these were not given, by the local authorities they lie in."""
    practices, land = inputs.tables["practice_map"], inputs.tables.get("land")
    mine = practices[practices[PracticeFrame.pcn_code].isin(people.pcns[_PCN])]
    authorities = None
    if land is not None and land[OutlineFrame.level].eq("lad").all():
        # A file of shapes alone repeats the code where the name should be.
        named = land[land[OutlineFrame.area_name] != land[OutlineFrame.area_code]]
        names = named.set_index(OutlineFrame.area_code)[OutlineFrame.area_name]
        lads = lads_of_practices(mine, inputs.postcodes).set_index(PracticeFrame.practice_code)
        authorities = lads[PostcodeFrame.lad_code].map(names)
    towns = inputs.tables.get("practice_addresses")
    return gazetteer.build_places(mine, spots, inputs.tables["list_sizes"], towns=towns, authorities=authorities)


def _nearest_to(facilities: gpd.GeoDataFrame, everyone: gpd.GeoDataFrame, here: pd.Series) -> pd.Series:
    """
    Ids of the facilities whose nearest patients are of this run.

    Their pledges are the area's own even where they reach nobody, and must not vanish from its ledger.
    """
    near = facilities[[FacilityFrame.facility_id, "geometry"]].sjoin_nearest(everyone[["geometry"]])
    return near.loc[here[near["index_right"]].to_numpy(), FacilityFrame.facility_id]


def _facilities_of(pledges: pd.DataFrame, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Facilities that a pledge names, or that stand behind a pledge of their whole operator."""
    wide = pledges.loc[pledges[PledgeFrame.facility_id].isna(), PledgeFrame.operator_id]
    named = facilities[FacilityFrame.facility_id].isin(pledges[PledgeFrame.facility_id])
    return facilities[named | facilities[FacilityFrame.operator_id].isin(wide)].reset_index(drop=True)
