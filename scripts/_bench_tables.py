"""The instances of the benchmark: the tables of a scenario, built once and the same for every contender."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geomap import demand, offers
from geomap.config import MatchParams, Scenario, TravelParams
from geomap.demo import demo_scenario
from geomap.errors import ConfigError
from geomap.load.active_places import load_venues
from geomap.load.boundaries import load_lsoa_points
from geomap.pipeline import load_inputs
from geomap.pipeline._ground import Ground
from geomap.pipeline._people import People
from geomap.schema import (
    CapFrame,
    FacilityFrame,
    LsoaPointFrame,
    OfferFrame,
    PairFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    PostcodeFrame,
    ReachFrame,
    VenueFrame,
)
from geomap.schema.words import CRS, LIST_SEPARATOR
from geomap.units import people_per_hour

NATIONAL = Path(__file__).resolve().parents[1] / "data" / "scenarios" / "national.toml"
WARM = "warm"
"""The name of the small tables on which short tasks are done once before they are measured."""
FEW_SITES = 2
"""How many sites are chosen where nobody says."""
COVER_KM = 5.0
"""How near a site must be to cover a facility."""
CATCHMENT_MIN = 20.0
"""How long a journey may be in the task `catchments`."""
LSOA_POINTS = "ons_boundaries/LSOA21_EN_representative_points.csv"
LSOA_PEOPLE = "ons_census2021_lsoa_population/lsoa_global_number_residents_2021.csv"
LEISURE_SITES = "sport_england_active_places_2026-01/activeplacescsvs"
"""Files of the task `catchments` for England, beneath the folder of official files."""
FAR_KM = {"nation": 20.0}
"""A facility further than this from every site counts as so far; all of England would have 5 million pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTables:
    """All tables of one match."""

    params: MatchParams
    homes: pd.DataFrame
    pledges: pd.DataFrame
    offers: pd.DataFrame
    caps: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    need: pd.DataFrame
    pathways: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTables:
    """Facilities and population points in metres, and how far a patient goes."""

    travel: TravelParams
    facilities: gpd.GeoDataFrame
    points: gpd.GeoDataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTables:
    """Journeys from points to facilities, hours by facility, patients by point."""

    pairs: pd.DataFrame
    supply: pd.Series
    patients: pd.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchmentTables:
    """Facilities and places where people live, in metres, and how far they go on foot and by car."""

    travel: TravelParams
    facilities: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    supply: pd.Series
    patients: pd.Series
    modes: tuple[str, ...] = ("walk", "drive")

    def travel_by(self, mode: str) -> TravelParams:
        """By one mode alone."""
        return self.travel.model_copy(update={"modes": (mode,), "max_min": CATCHMENT_MIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTables:
    """Facilities with hours, PCNs of which `count` are chosen as sites, and the distance that matters, metres."""

    hours: np.ndarray
    """By facility: whole participant-hours."""
    facilities: np.ndarray
    """Shape (m, 2), metres."""
    homes: np.ndarray
    """Shape (n, 2), metres: where each PCN's patients live on average."""
    count: int
    reach_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One part of a scenario, with the sentence that says which part and how large."""

    name: str
    match: MatchTables
    places: PlaceTables

    def tell(self) -> str:
        """What is solved, in words."""
        tables = self.match
        links, led = len(tables.caps), int(tables.offers[OfferFrame.led].sum())
        return (
            f"{self.name}: {len(tables.ceilings):,} PCNs, {len(self.places.facilities):,} facilities, "
            f"{len(tables.pledges):,} pledges; {links:,} place variables, {led:,} course variables"
        )

    def save(self, folder: Path, size: str, sites: int) -> None:
        """Write the tables of each task where its contenders find them."""
        cover = site_tables(self, sites, COVER_KM)
        parts = {
            "match": self.match,
            "pairs": self.places,
            "access": journeys(self),
            "catchments": catchments(self),
            "cover": cover,
            "median": replace(cover, reach_m=1000 * FAR_KM[size]) if size in FAR_KM else all_near(cover),
        }
        for task, tables in parts.items():
            (folder / f"{size}.{task}.pickle").write_bytes(pickle.dumps(tables))


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A scenario's tables over all its PCNs."""

    area: Area
    pcns: pd.DataFrame

    @classmethod
    def build(cls, scenario: Scenario) -> Whole:
        """Read the files and build every table up to the match, as a run does."""
        inputs = load_inputs(scenario)
        people = People.build(inputs, scenario)
        ground = Ground.build(inputs, scenario, people)
        offered, _ = offers.link_offers(
            ground.pledges, ground.facilities, people.pathways, period=scenario.period, params=scenario.match
        )
        caps = demand.bound_places(
            offered, ground.reach, people.demand, pledges=ground.pledges, pathways=people.pathways, ages=people.ages
        )
        match = MatchTables(
            params=scenario.match, homes=ground.homes(), pledges=ground.pledges, offers=offered, caps=caps,
            reach=ground.reach, demand=people.demand, ceilings=people.ceilings, need=people.need,
            pathways=people.pathways,
        )  # fmt: skip
        places = PlaceTables(travel=scenario.travel, facilities=ground.facilities, points=ground.points)
        return cls(area=Area(name=scenario.name, match=match, places=places), pcns=people.pcns)

    def icb(self, code: str | None) -> Area:
        """One ICB: the one named, or the one with the median number of links."""
        f = PcnResultFrame
        code = code or self._median(f.icb_code)
        mine = self.pcns[f.icb_codes].str.split(LIST_SEPARATOR).map(lambda codes: code in codes)
        return self._part(f"ICB {code}", mine)

    def region(self, code: str | None) -> Area:
        """One region: the one named, or the one with the median number of links."""
        f = PcnResultFrame
        code = code or self._median(f.region_code)
        return self._part(f"region {code}", self.pcns[f.region_code].eq(code))

    def _median(self, level: str) -> str:
        """The part whose number of links is the median; of an even number of parts, the larger of the middle two."""
        home = self.pcns.set_index(PcnResultFrame.pcn_code)[level]
        links = self.area.match.caps[CapFrame.pcn_code].map(home).value_counts()
        order = links.rename_axis(level).reset_index(name="links").sort_values(["links", level])
        return str(order[level].iloc[len(order) // 2])

    def _part(self, name: str, mine: pd.Series) -> Area:
        """What a run for these PCNs would be given; pledges that reach none of them stay out."""
        codes = self.pcns.loc[mine, PcnResultFrame.pcn_code]
        if codes.empty:
            raise ConfigError(f"No PCN of the practice map is in {name}.")
        whole = self.area.match

        def here(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[frame[CapFrame.pcn_code].isin(codes)].reset_index(drop=True)

        reach = here(whole.reach)
        pledges = whole.pledges[whole.pledges[PledgeFrame.pledge_id].isin(reach[ReachFrame.pledge_id])]
        offered = whole.offers[whole.offers[PledgeFrame.pledge_id].isin(pledges[PledgeFrame.pledge_id])]
        match = replace(
            whole, homes=whole.homes[whole.homes.index.isin(codes)], pledges=pledges.reset_index(drop=True),
            offers=offered.reset_index(drop=True), reach=reach, caps=here(whole.caps), demand=here(whole.demand),
            ceilings=here(whole.ceilings), need=here(whole.need),
        )  # fmt: skip
        sites = self.area.places.facilities
        named = sites[FacilityFrame.facility_id].isin(pledges[PledgeFrame.facility_id])
        places = replace(
            self.area.places, facilities=sites[named].reset_index(drop=True), points=here(self.area.places.points)
        )
        return Area(name=name, match=match, places=places)


def journeys(area: Area) -> AccessTables:
    """Every facility and point within the limit of travel; a point is a place where patients of one PCN live."""
    places, point = area.places, PopulationPointFrame.point_id
    names = places.points[PopulationPointFrame.pcn_code] + " " + places.points[point]
    patients = places.points[PopulationPointFrame.patients].groupby(names.rename(point)).sum()
    spots = places.points.geometry
    sites = places.facilities.geometry
    here, there = spots.sindex.query(sites, predicate="dwithin", distance=places.travel.farthest_m)
    metres = sites.iloc[here].distance(spots.iloc[there], align=False).to_numpy()
    pairs = pd.DataFrame(
        {
            PairFrame.facility_id: places.facilities[FacilityFrame.facility_id].to_numpy()[here],
            point: names.to_numpy()[there],
            PairFrame.minutes_min: metres * places.travel.minutes_per_m(places.travel.modes[0]),
        }
    )
    return AccessTables(
        pairs=pairs.drop_duplicates([PairFrame.facility_id, point]), supply=_hours(area), patients=patients
    )


def catchments(area: Area) -> CatchmentTables:
    """Every facility of an area, one hour each, and the places where its patients live."""
    f, places = PopulationPointFrame, area.places
    points = places.points.assign(**{f.point_id: places.points[f.pcn_code] + " " + places.points[f.point_id]})
    points = points.drop_duplicates(f.point_id)[[f.point_id, f.patients, "geometry"]].reset_index(drop=True)
    return _catch(places.travel, places.facilities[[FacilityFrame.facility_id, "geometry"]], points)


def england(travel: TravelParams, data: Path) -> CatchmentTables:
    """All public sites of Active Places, one hour each, and all LSOAs with the people of the census of 2021."""
    venues, lsoas = load_venues(data / LEISURE_SITES).frame, load_lsoa_points(data / LSOA_POINTS).frame
    people = pd.read_csv(data / LSOA_PEOPLE).dropna().set_index("LSOA21CD")["Population"]
    spots = gpd.points_from_xy(venues[VenueFrame.easting], venues[VenueFrame.northing])
    facilities = gpd.GeoDataFrame({FacilityFrame.facility_id: venues[VenueFrame.site_id]}, geometry=spots, crs=CRS)
    f, code = PopulationPointFrame, lsoas[LsoaPointFrame.lsoa_code]
    homes = gpd.points_from_xy(lsoas[LsoaPointFrame.easting], lsoas[LsoaPointFrame.northing])
    points = gpd.GeoDataFrame({f.point_id: code, f.patients: code.map(people)}, geometry=homes, crs=CRS)
    return _catch(travel, facilities, points)


def _catch(travel: TravelParams, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> CatchmentTables:
    supply = pd.Series(1.0, index=pd.Index(facilities[FacilityFrame.facility_id]))
    patients = points.set_index(PopulationPointFrame.point_id)[PopulationPointFrame.patients]
    return CatchmentTables(travel=travel, facilities=facilities, points=points, supply=supply, patients=patients)


def site_tables(area: Area, count: int, km: float) -> SiteTables:
    """The facilities of an area that have hours, and its PCNs."""
    hours = np.floor(_hours(area).to_numpy() + 1e-9)
    spots = area.places.facilities.geometry
    homes = area.match.homes[[PostcodeFrame.easting, PostcodeFrame.northing]].dropna().sort_index()
    return SiteTables(
        hours=hours[hours > 0],
        facilities=np.column_stack([spots.x, spots.y])[hours > 0],
        homes=homes.to_numpy(dtype=float),
        count=min(count, len(homes)),
        reach_m=1000 * km,
    )


def all_near(tables: SiteTables) -> SiteTables:
    """The same where no facility is too far from any PCN to count."""
    corners = np.concatenate([tables.facilities, tables.homes])
    return replace(tables, reach_m=float(np.linalg.norm(np.ptp(corners, axis=0))))


def _hours(area: Area) -> pd.Series:
    """Participant-hours by facility of an area."""
    pledges = area.match.pledges
    hours = (pledges[PledgeFrame.hours] * people_per_hour(pledges)).groupby(pledges[PledgeFrame.facility_id]).sum()
    return hours.reindex(area.places.facilities[FacilityFrame.facility_id]).fillna(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which instances to build, and from what files."""

    sizes: tuple[str, ...]
    data: Path | None = None
    bank: Path | None = None
    icb: str | None = None
    region: str | None = None
    sites: dict[str, int] = field(default_factory=dict)
    """By size, how many are chosen."""
    km: float | None = None
    """Straight line within reach, instead of the scenario's."""

    def within_reach(self, scenario: Scenario) -> Scenario:
        """The scenario, with this reach."""
        if self.km is None:
            return scenario
        told = scenario.travel
        limits = {mode: self.km * 1000 * told.minutes_per_m(mode) for mode in told.modes}
        travel = told.model_copy(update={"max_min": limits})
        return scenario.model_copy(update={"travel": travel})


def save_instances(wanted: Wanted, folder: Path) -> dict[str, str]:
    """
    Build and save the instances.

    Returns
    -------
    told
        By size, what it is in words.

    Raises
    ------
    ConfigError
        A size other than `demo` was asked for without official files or a bank, or a code is unknown.
    """
    real = [size for size in wanted.sizes if size != "demo"]
    if real and not (wanted.data and wanted.bank):
        raise ConfigError(
            f"--size {' '.join(real)} needs the official files (--data FOLDER, or GEOMAP_REAL_DATA) and a bank of "
            "hours (--bank PATH). --size demo runs without."
        )
    small = Whole.build(wanted.within_reach(Scenario.from_toml(demo_scenario()))).area
    small.save(folder, WARM, FEW_SITES)
    areas = {"demo": small}
    if real:
        whole = Whole.build(wanted.within_reach(Scenario.from_toml(NATIONAL, data=wanted.data, bank=wanted.bank)))
        make = {
            "icb": lambda: whole.icb(wanted.icb),
            "region": lambda: whole.region(wanted.region),
            "nation": lambda: whole.area,
        }
        areas |= {size: make[size]() for size in real}
    for size in wanted.sizes:
        areas[size].save(folder, size, wanted.sites.get(size, FEW_SITES))
    if "nation" in wanted.sizes and wanted.data:
        tables = england(areas["nation"].places.travel, wanted.data)
        (folder / "nation.catchments.pickle").write_bytes(pickle.dumps(tables))
    return {size: areas[size].tell() for size in wanted.sizes}
