"""What a run knows of journeys: a table of travel times and made-up roads on the demo, and what it says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from osm_files import write_extract
from pyproj import Transformer

import geomap
from geomap.config import Scenario
from geomap.load.gather import Inputs, load_inputs
from geomap.pipeline._ground import Ground
from geomap.pipeline._people import People
from geomap.schema import FacilityFrame, JourneyFrame, PairFrame, PopulationPointFrame, ReachFrame
from geomap.travel import link_pairs, link_points


def ground_of(folder: Path, settings: str = "") -> tuple[Scenario, Inputs, Ground]:
    scenario_file = folder / "demo.toml"
    scenario_file.write_text((DEMO / "demo.toml").read_text(encoding="utf-8") + settings, encoding="utf-8")
    scenario = Scenario.from_toml(scenario_file)
    inputs = load_inputs(scenario)
    return scenario, inputs, Ground.build(inputs, scenario, People.build(inputs, scenario))


DEMO = geomap.demo_scenario().parent


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> tuple[Scenario, Inputs, Ground]:
    folder = tmp_path_factory.mktemp("plain")
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    return ground_of(folder)


@pytest.fixture
def folder(tmp_path) -> Path:
    shutil.copytree(DEMO, tmp_path, dirs_exist_ok=True)
    return tmp_path


def said(notes: tuple[str, ...], begins: str) -> list[str]:
    return [note for note in notes if note.startswith(begins)]


def test_without_table_or_roads_nothing_is_said(plain):
    _, _, ground = plain
    assert ground.known == () and not said(ground.notes, "Journeys") and not said(ground.notes, "Straight lines")


@pytest.mark.slow
def test_a_table_of_the_straight_lines_gives_the_same_reach(plain, folder):
    scenario, inputs, ground = plain
    far = scenario.travel.model_copy(update={"max_min": 120.0})
    table = link_points(inputs.bank.facilities, ground.everyone, far).sample(frac=1, random_state=1)
    f = JourneyFrame
    headings = {f.point_id: "from_id", f.facility_id: "to_id", f.minutes_min: "minutes"}
    table.rename(columns=headings).to_csv(folder / "official/travel_times_drive.csv", index=False)
    _, read, found = ground_of(folder)
    pd.testing.assert_frame_equal(found.reach, ground.reach, rtol=1e-9)
    (note,) = said(found.notes, "Journeys by drive")
    assert f"{len(read.bank.facilities):,} by the table of travel times, which knows where 100.0%" in note
    errors = said(found.notes, "Straight lines against the table of travel times, drive")
    assert len(errors) == 3 and all("off by +0% in the median" in error for error in errors)
    assert any(path.name == "travel_times_drive.csv" for path in read.paths)


@pytest.mark.slow
def test_a_wide_table_of_some_facilities_and_pcns(plain, folder):
    scenario, inputs, ground = plain
    pairs = link_pairs(inputs.bank.facilities, ground.everyone, scenario.travel.model_copy(update={"max_min": 120.0}))
    some = sorted(inputs.bank.facilities[FacilityFrame.facility_id])[:40]
    table = pairs[pairs[PairFrame.facility_id].isin(some)].pivot(
        index=PairFrame.pcn_code, columns=PairFrame.facility_id, values=PairFrame.minutes_min
    )
    (table * 60).to_parquet(folder / "official/travel_times_drive.parquet")
    _, _, found = ground_of(folder, '\n[travel]\nmatrix_unit = "seconds"\n')
    tabled = link_pairs(inputs.bank.facilities, found.points, scenario.travel, known=found.known)
    shares = tabled.set_index(PairFrame.facility_id)[PairFrame.reach_share]
    assert (shares[shares.index.isin(some)] == 1).all() and (shares[~shares.index.isin(some)] < 1).any()
    rest = len(inputs.bank.facilities) - 40
    assert f"{rest:,} by straight line" in said(found.notes, "Journeys by drive")[0]
    assert said(found.notes, "Times by drive to a whole PCN hold for all its patients")


@pytest.mark.slow
def test_modes_more_reach_more_and_transit_says_it_is_assumed(plain, folder):
    _, _, ground = plain
    _, _, found = ground_of(folder, '\n[travel]\nmodes = ["walk", "drive", "transit"]\n')
    keys = [ReachFrame.pledge_id, ReachFrame.pcn_code]
    both = ground.reach.merge(found.reach, on=keys, suffixes=("", "_more"), validate="one_to_one")
    assert len(both) == len(ground.reach)
    assert (both[f"{ReachFrame.reach_share}_more"] >= both[ReachFrame.reach_share] - 1e-12).all()
    assert said(found.notes, "Journeys by transit are straight lines: an assumption")


@pytest.mark.slow
def test_along_made_roads(plain, folder):
    """Streets a kilometre apart over the whole demo, at 26 km/h: a journey is its sides, not its straight line."""
    scenario, inputs, ground = plain
    everywhere = pd.concat([ground.everyone.geometry, inputs.bank.facilities.geometry])
    west, south, east, north = np.round(everywhere.total_bounds, -3) + [-1000, -1000, 1000, 1000]
    xs, ys = np.arange(west, east + 1, 1000), np.arange(south, north + 1, 1000)
    lonlat = Transformer.from_crs(27700, 4326, always_xy=True)
    spots = [(x, y) for y in ys for x in xs]
    nodes = {n: (*lonlat.transform(x, y), {}) for n, (x, y) in enumerate(spots, 1)}
    width, height = len(xs), len(ys)
    lines = [[j * width + i + 1 for i in range(width)] for j in range(height)]
    lines += [[j * width + i + 1 for j in range(height)] for i in range(width)]
    ways = {n: (line, {"highway": "residential"}) for n, line in enumerate(lines, 1)}
    write_extract(folder / "official/roads.osm.pbf", nodes, ways)
    _, read, found = ground_of(folder, "\n[roads.drive_kmh]\nresidential = 26.0\n")
    sites, homes = inputs.bank.facilities, ground.everyone
    (times,) = found.known
    assert times.basis == "network" and times.facilities == set(sites[FacilityFrame.facility_id])
    told = times.minutes.sample(200, random_state=3)
    here = sites.set_index(FacilityFrame.facility_id).geometry.loc[told[JourneyFrame.facility_id]]
    there = homes.set_index(PopulationPointFrame.point_id).geometry.loc[told[JourneyFrame.point_id]]
    dx = np.abs(here.x.to_numpy() - there.x.to_numpy())
    dy = np.abs(here.y.to_numpy() - there.y.to_numpy())
    # Along the streets no shorter than the sides, but for the ways to the street (at most 500 m each, and on foot).
    least = np.maximum(dx + dy - 1000, 0) * 0.06 / 26
    assert (told[JourneyFrame.minutes_min].to_numpy() >= least - 0.05).all()
    assert "open" in str(read.sources).lower() and said(found.notes, "Roads, drive: ")
    assert len(said(found.notes, "Straight lines against roads, drive")) == 3
