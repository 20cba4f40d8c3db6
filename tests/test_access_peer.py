"""Access held against PySAL's `access`: its own examples, figures at random, and all of England."""

from __future__ import annotations

from importlib import import_module

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from peer_access import measure_by_pysal

from geomap.access import GaussianDecay, PowerDecay, StepDecay, measure_access
from geomap.config import TravelParams, load_default
from geomap.load.active_places import load_venues
from geomap.load.boundaries import load_lsoa_points
from geomap.schema import FacilityFrame, LsoaPointFrame, PairFrame, PopulationPointFrame, VenueFrame
from geomap.schema.words import CRS
from geomap.travel import link_points

pytestmark = pytest.mark.filterwarnings("ignore")  # what a peer warns of is its own

METHODS = ("2sfca", "e2sfca", "3sfca")
LSOAS = "ons_boundaries/LSOA21_EN_representative_points.csv"
PEOPLE = "ons_census2021_lsoa_population/lsoa_global_number_residents_2021.csv"
EDITIONS = ("sport_england_active_places_2024-07", "sport_england_active_places_2026-01")
LONGEST_MIN = 20.0
DECAYS = (
    StepDecay(limits_min=(5.0, 10.0, 20.0), weights=(1.0, 0.68, 0.22)),
    GaussianDecay(width_min=10.0, max_min=LONGEST_MIN),
    PowerDecay(exponent=1.5, near_min=1.0, max_min=LONGEST_MIN),
)


def known_to_pysal(name: str):
    """A module of PySAL's own tests, which come with its package."""
    return pytest.importorskip(f"access.tests.{name}", reason="the package access is not installed (extra 'bench')")


@pytest.fixture(scope="module")
def hospitals():
    """The example of PySAL's tests: three tracts with doctors, and four states of the roads."""
    example = known_to_pysal("test_hospital_example")
    told = example.TestHospitalExample()
    told.setup_method()
    return told


def hospital_access(costs: pd.DataFrame, method: str, longest_min: float) -> dict[int, float]:
    """The example's tracts, by geomap: weights 1 ÷ cost."""
    costs = costs.rename(columns={"dest": PairFrame.facility_id, "origin": "geoid", "cost": PairFrame.minutes_min})
    tracts = pd.Index([1, 2, 3], name="geoid")
    supply, patients = pd.Series([15, 20, 100], index=tracts), pd.Series([100, 50, 10], index=tracts)
    decay = PowerDecay(exponent=1.0, near_min=1.0, max_min=longest_min)
    return measure_access(costs, supply, patients, decay, method=method).to_dict()


@pytest.mark.parametrize("state", range(4))
def test_two_steps_of_the_hospital_example(hospitals, state):
    found = hospital_access(hospitals.costs[state], "e2sfca", 61.0)
    assert found == pytest.approx(hospitals.val_2sfca[state], rel=1e-9)
    assert found == pytest.approx(hospitals.reference_2sfca[state], rel=1e-9)


def test_three_steps_of_the_hospital_example(hospitals):
    """Where every tract is within the limit of every other."""
    found = hospital_access(hospitals.costs[3], "3sfca", 61.0)
    assert found == pytest.approx(hospitals.val_3sfca[3], rel=1e-9)
    assert found == pytest.approx(hospitals.reference_3sfca[3], rel=1e-9)


@pytest.mark.parametrize("state", range(3))
def test_a_site_past_the_limit_is_no_choice(hospitals, state):
    """PySAL lets people choose a site past `max_cost`; Wan et al. 2012 share them over the sites of the catchment."""
    costs = hospitals.costs[state]
    found = hospital_access(costs, "3sfca", 61.0)
    assert found != pytest.approx(hospitals.val_3sfca[state], rel=1e-5)
    near = costs[costs["cost"] < 61]
    assert len(near) < len(costs)
    access = import_module("access")
    tracts = pd.DataFrame({"geoid": [1, 2, 3], "pop": [100, 50, 10], "doc": [15, 20, 100]})
    system = access.Access(
        demand_df=tracts, demand_index="geoid", demand_value="pop", supply_df=tracts, supply_index="geoid",
        supply_value="doc", cost_df=near.copy(), cost_origin="origin", cost_dest="dest", cost_name="cost",
    )  # fmt: skip
    system.three_stage_fca(name="t", weight_fn=access.weights.gravity(1, -1), max_cost=61)
    assert found == pytest.approx(system.access_df["t_doc"].to_dict(), rel=1e-9)


@pytest.mark.parametrize(("longest", "hours"), [(0.9, 1.0), (100.0, 5.0)])
@pytest.mark.parametrize("method", METHODS)
def test_the_grid_of_pysals_tests(method, longest, hours):
    """25 places of one unit each, of which 5 have a person: 1 where each reaches its own, 5 where all reach all."""
    grids = known_to_pysal("util")
    grid = grids.create_nxn_grid(5)
    costs = grids.create_cost_matrix(grid, "euclidean")
    pairs = costs.rename(columns={"dest": PairFrame.facility_id, "origin": "id", "cost": PairFrame.minutes_min})
    supply = pd.Series(1.0, index=pd.Index(grid["id"], name="id"))
    patients = supply.where(supply.index.isin([1, 7, 13, 19, 25]), 0.0)
    decay = StepDecay(limits_min=(longest,), weights=(25.0,))
    found = measure_access(pairs, supply, patients, decay, method=method)
    assert found[patients > 0].to_list() == pytest.approx([hours] * 5, rel=1e-9)
    theirs = measure_by_pysal(pairs, supply, patients, decay, method)
    np.testing.assert_allclose(found[patients > 0], theirs[patients > 0], rtol=1e-9)


@pytest.mark.parametrize("decay", DECAYS, ids=lambda decay: type(decay).__name__)
@pytest.mark.parametrize("method", METHODS)
def test_figures_at_random(method, decay):
    random = np.random.default_rng(3)
    supply = pd.Series({f"F{n}": random.uniform(0, 500) for n in range(30)}).rename_axis(PairFrame.facility_id)
    patients = pd.Series({f"P{n}": float(random.integers(0, 9000)) for n in range(200)}).rename_axis("pcn_code")
    drawn = [(s, p, random.uniform(0, 40)) for s in supply.index for p in patients.index if random.uniform() < 0.3]
    pairs = pd.DataFrame(drawn, columns=[PairFrame.facility_id, PairFrame.pcn_code, PairFrame.minutes_min])
    expected = measure_by_pysal(pairs, supply, patients, decay, method)
    assert expected.gt(0).sum() > 150
    np.testing.assert_allclose(measure_access(pairs, supply, patients, decay, method=method), expected, rtol=1e-9)


def england(real_data, edition: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """All public sites of an edition of Active Places, and all LSOAs with the people of the census."""
    venues = load_venues(real_data / edition / "activeplacescsvs").frame
    spots = gpd.points_from_xy(venues[VenueFrame.easting], venues[VenueFrame.northing])
    facilities = gpd.GeoDataFrame({FacilityFrame.facility_id: venues[VenueFrame.site_id]}, geometry=spots, crs=CRS)
    lsoas = load_lsoa_points(real_data / LSOAS).frame
    people = pd.read_csv(real_data / PEOPLE).dropna().set_index("LSOA21CD")["Population"]
    f = PopulationPointFrame
    points = gpd.GeoDataFrame(
        {f.point_id: lsoas[LsoaPointFrame.lsoa_code], f.patients: lsoas[LsoaPointFrame.lsoa_code].map(people)},
        geometry=gpd.points_from_xy(lsoas[LsoaPointFrame.easting], lsoas[LsoaPointFrame.northing]),
        crs=CRS,
    )
    return facilities, points


@pytest.mark.national
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_all_of_england_within_twenty_minutes(real_data, edition, mode):
    """33,755 LSOAs and every public site: the same as PySAL's, by every method; time is told by `scripts/bench.py`."""
    facilities, points = england(real_data, edition)
    assert len(points) == 33_755 and points[PopulationPointFrame.patients].notna().all()
    assert len(facilities) > 11_000
    travel = TravelParams.model_validate({**load_default("travel"), "modes": [mode], "max_min": LONGEST_MIN})
    pairs = link_points(facilities, points, travel)
    supply = pd.Series(1.0, index=pd.Index(facilities[FacilityFrame.facility_id]))
    patients = points.set_index(PopulationPointFrame.point_id)[PopulationPointFrame.patients]
    assert len(pairs) > (90_000 if mode == "walk" else 1_800_000)
    for method, decay in [("2sfca", DECAYS[1]), *(("e2sfca", decay) for decay in DECAYS), ("3sfca", DECAYS[1])]:
        found = measure_access(pairs, supply, patients, decay, method=method)
        np.testing.assert_allclose(found, measure_by_pysal(pairs, supply, patients, decay, method), rtol=1e-9)
        assert (found * patients).sum() == pytest.approx(pairs[PairFrame.facility_id].nunique(), rel=1e-9)
