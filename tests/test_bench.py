"""The benchmark: every contender solves the same tables, its answer is checked, and the answers are in order."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from small_worlds import (
    EXACT,
    World,
    halls,
    led,
    make_frame,
    make_world,
    pathway,
    pledge,
    seeded_archipelago,
)  # fmt: skip
from tiny_world import OBJECTIVE, make_tiny_world

from geomap.config import TravelParams
from geomap.errors import ConfigError, SolveError
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    FacilityFrame,
    PairFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    ReachFrame,
)
from geomap.schema.words import CRS

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
KEYS = ["task", "size", "contender", "cpu_s", "wall_s", "peak_mb", "objective", "bound", "gap"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows does not tell the memory a child process has used")


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """The modules of the benchmark, by their names without `_bench_`; `run` is bench.py itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        names = ("tables", "outcome", "child", "match", "highs", "places", "access", "sites")
        modules = {name: import_module(f"_bench_{name}") for name in names}
        yield SimpleNamespace(run=import_module("bench"), **modules)


def contender(bench: SimpleNamespace, task: str, name: str):
    """The function that does the work; the test is skipped where its package is not installed."""
    package = bench.child.PEERS.get(name)
    if package and not find_spec(package):
        pytest.skip(f"the package {package} is not installed (extra 'bench')")
    module, function = bench.child.CONTENDERS[task][name].split(":")
    return getattr(import_module(module), function)


def match_tables(bench: SimpleNamespace, world: World):
    return bench.tables.MatchTables(
        params=EXACT, homes=world.homes(), pledges=world.pledges, offers=world.offers, caps=world.caps,
        reach=world.reach, demand=world.demand, ceilings=world.ceilings, need=world.need, pathways=world.pathways,
    )  # fmt: skip


def shared_hall() -> World:
    """Four pledges at one hall share the half of A (⌊0.5 × 10⌋ = 5) and the third of B (⌊0.35 × 10⌋ = 3) near it.

    Apart they would serve all 10 in A and 9 or 10 in B; together the best is 5 × 1 + 3 × 2 = 11.
    """
    near = {("P1", "A"): 0.5, ("P2", "A"): 0.5, ("P3", "A"): 0.5, ("P4", "A"): 0.3}
    near |= {(name, "B"): 0.35 for name in ("P1", "P2", "P3")}
    apart = make_world(
        pathways=[pathway("walk", 2.0)],
        pledges=[pledge("P1", "walk", 20), led("P2", "walk", 100, 4, least=2), pledge("P3", "walk", 20),
                 pledge("P4", "walk", 20)],
        demand={("A", "walk"): 10, ("B", "walk"): 10},
        reach=near,
        weights={"A": 1.0, "B": 2.0},
    )  # fmt: skip
    return apart.change(reach=apart.reach.assign(**{ReachFrame.catchment: "hall"}))


WORLDS = {
    "tiny": (make_tiny_world, OBJECTIVE),
    "shared hall": (shared_hall, 11.0),
    "archipelago": (lambda: seeded_archipelago(5, 40), None),
}
"""Name → how it is made and what the best plan is worth by hand, where it has been worked out."""


@pytest.fixture(scope="module", params=WORLDS)
def solved(request, bench):
    """A world's tables, and the plan that geomap makes of it, proven best."""
    make, worth = WORLDS[request.param]
    tables = match_tables(bench, make())
    best = bench.match.plan_geomap(tables, asked(bench))
    best.check()
    assert best.gap == pytest.approx(0.0, abs=1e-9)
    assert worth is None or best.objective == pytest.approx(worth)
    return tables, best


def asked(bench: SimpleNamespace, **more):
    return bench.outcome.Asked(**{"limit_s": 60.0, "gap_share": 0.0} | more)


@pytest.mark.parametrize("name", ["highs", "pulp-cbc"])
def test_whole_models_find_the_same_optimum(bench, solved, name):
    tables, best = solved
    found = contender(bench, "match", name)(tables, asked(bench))
    found.check()
    # By its default HiGHS is content with a plan within 1e-4 of the best.
    assert found.objective == pytest.approx(best.objective, rel=1e-4)
    assert found.objective <= best.bound * (1 + 1e-6)
    assert found.bound >= best.objective * (1 - 1e-6)


def test_nearest_first_is_no_better_and_the_relaxation_no_worse(bench, solved):
    tables, best = solved
    greedy = bench.match.plan_greedy(tables, asked(bench))
    greedy.check()
    relaxed = bench.highs.bound_lp(tables, asked(bench))
    assert 0 < greedy.objective <= best.objective * (1 + 1e-9)
    assert best.objective <= relaxed.bound * (1 + 1e-9)
    assert (greedy.bound, relaxed.objective, relaxed.gap) == (None, None, None)


def test_a_plan_past_a_limit_does_not_count(bench):
    tables = match_tables(bench, make_tiny_world())
    places = pd.Series(0, index=tables.caps.index)
    places.iloc[0] = tables.caps[CapFrame.cap_places].iloc[0] + 1
    plan = bench.outcome.read_plan(tables, places, pd.Series(0, index=tables.offers.index))
    assert plan[0][AllocationFrame.places].tolist() == [places.iloc[0]]
    with pytest.raises(SolveError, match="within reach"):
        bench.outcome.plan_outcome(tables, *plan).check()


def test_the_log_of_cbc_is_understood(bench):
    pytest.importorskip("pulp", reason="the package pulp is not installed (extra 'bench')")
    module = import_module("_bench_pulp")
    log = [
        "Cbc0012I Integer solution of -1211.8654 found by DiveCoefficient after 1694 iterations and 1 nodes (0.5 s)",
        "Cbc0038I Pass 1: suminf. 2.0 (5) obj. -1199.4 iterations 33",
        "Result - Stopped on time limit",
        "Objective value:                1211.86540000",
        "Upper bound:                    1244.006",
    ]
    assert [module._incumbent(line) for line in log] == [1211.8654, None, None, None, None]
    assert module._read_bound(log) == pytest.approx(1244.0065)
    assert module._read_bound(log[:-1]) == pytest.approx(1211.8654)
    assert module._ending(log, SimpleNamespace(target=1211.0)) == "objective reached"
    assert module._ending(log, SimpleNamespace(target=1212.0)) == "Stopped on time limit"


def place_tables(bench: SimpleNamespace, max_min: float):
    """Two facilities and points on, just inside and just outside the limit around the first; nobody near the second."""
    f = PopulationPointFrame
    told = {"modes": ["drive"], "outreach_km": 0, "detour": {"drive": 1.3}, "speed_kmh": {"drive": 26}}
    travel = TravelParams(max_min=max_min, **told)
    m = travel.farthest_m
    spots = [
        ("ON", m, 0.0, 10.0), ("ON", 0.0, -m, 30.0), ("ON", m * 1.001, 0.0, 10.0), ("SLOPE", 0.6 * m, 0.8 * m, 5.0),
        ("OUT", m + 0.001, 0.0, 7.0), ("CORNER", 0.71 * m, 0.71 * m, 7.0), ("NOBODY", 1.0, 1.0, 0.0),
        ("IN", 0.999 * m * 0.995, 0.999 * m * 0.0998, 3.0),
    ]  # fmt: skip
    rows = [
        {f.pcn_code: code, f.point_id: f"P{n}", f.patients: patients, f.basis: "practice_postcode"}
        for n, (code, _, _, patients) in enumerate(spots)
    ]
    geometry = gpd.points_from_xy([x for _, x, _, _ in spots], [y for _, _, y, _ in spots], crs=CRS)
    points = gpd.GeoDataFrame(make_frame(f, rows), geometry=geometry)
    sites = halls({FacilityFrame.facility_id: "S1"}, {FacilityFrame.facility_id: "S2", "x": 10 * m})
    return bench.tables.PlaceTables(travel=travel, facilities=sites, points=points)


@pytest.mark.parametrize("max_min", [15.0, 7.0, 11.3])
@pytest.mark.parametrize("name", ["sjoin-buffer", "sjoin-dwithin"])
def test_pairs_on_the_limit_are_the_same(bench, name, max_min):
    tables = place_tables(bench, max_min)
    found = contender(bench, "pairs", name)(tables, asked(bench))
    found.check()
    pairs = bench.places._link(tables).set_index(PairFrame.pcn_code)
    assert found.objective == len(pairs)
    assert pairs[PairFrame.reach_share].to_dict() == pytest.approx({"IN": 1.0, "ON": 0.8, "SLOPE": 1.0})


def site_tables(bench: SimpleNamespace, count: int = 3):
    """Thirty facilities and nine PCNs on a square of 10 km."""
    random = np.random.default_rng(8)
    return bench.tables.SiteTables(
        hours=random.integers(1, 200, 30).astype(float), facilities=random.random((30, 2)) * 10_000,
        homes=random.random((9, 2)) * 10_000, count=count, reach_m=3_000.0,
    )  # fmt: skip


def best_sites(bench: SimpleNamespace, tables, task: str) -> float:
    """The best of all portfolios, each counted from the tables."""
    found = [
        bench.sites.sites_outcome(tables, np.isin(range(len(tables.homes)), chosen), task, asked=asked(bench)).objective
        for chosen in itertools.combinations(range(len(tables.homes)), tables.count)
    ]
    return max(found) if task == "cover" else min(found)


@pytest.mark.parametrize("name", ["geomap", "spopt-cbc", "spopt-highs", "lokigi"])
@pytest.mark.parametrize("task", ["cover", "median"])
@pytest.mark.filterwarnings("ignore")  # what peers warn of is theirs
def test_every_contender_chooses_the_best_sites(bench, task, name):
    tables = site_tables(bench)
    tables = tables if task == "cover" else bench.tables.all_near(tables)
    best = best_sites(bench, tables, task)
    found = contender(bench, task, name)(tables, asked(bench, target=best))
    found.check()
    assert found.objective == pytest.approx(best) and found.more["ended"] == "optimal"
    if name == "geomap":
        assert found.gap == pytest.approx(0.0, abs=1e-6)


def test_a_facility_too_far_to_count_is_as_far_as_counts(bench):
    tables = replace(site_tables(bench), reach_m=2_000.0)
    found = contender(bench, "median", "geomap")(tables, asked(bench))
    assert found.objective == pytest.approx(best_sites(bench, tables, "median")) and found.objective < 2.0
    assert found.objective == pytest.approx(found.bound)


def test_an_optimum_other_than_ours_does_not_count(bench):
    tables, chosen = site_tables(bench), np.arange(9) < 3
    bench.sites.sites_outcome(tables, chosen, "cover", asked=asked(bench, target=1.0), ended="time limit").check()
    with pytest.raises(SolveError, match="geomap's was 1.0"):
        bench.sites.sites_outcome(tables, chosen, "cover", asked=asked(bench, target=1.0)).check()
    with pytest.raises(SolveError, match="2 sites were chosen instead of 3"):
        bench.sites.sites_outcome(tables, np.arange(9) < 2, "cover", asked=asked(bench)).check()


def test_an_instance_too_large_for_a_contender_has_no_figures(bench):
    found = bench.sites.left_out("left out: 91,390 portfolios")
    row = {"task": "cover", "size": "icb", "contender": "lokigi", "peak_mb": 100.0, **found.more}
    row |= {"objective": found.objective, "bound": found.bound, "gap": found.gap}
    ours = {**row, "contender": "geomap", "cpu_s": 2.0, "wall_s": 1.0, "ended": "optimal"}
    cells = [cell.strip() for cell in bench.run.table_lines([ours, row])[3].strip("|").split("|")]
    assert cells[3:7] == [""] * 4 and cells[-1] == "left out: 91,390 portfolios"


def test_one_icb_is_given_what_reaches_it(bench):
    f, tables = PcnResultFrame, match_tables(bench, make_tiny_world())
    pcns = pd.DataFrame({f.pcn_code: list("ABCD"), f.icb_code: list("XXYY"), f.icb_codes: ["X", "X;Y", "Y", "Y"]})
    area = bench.tables.Area(name="all", match=tables, places=place_tables(bench, 15.0))
    whole = bench.tables.Whole(area=area, pcns=pcns)
    part = whole.icb("X").match
    assert set(part.pledges[PledgeFrame.pledge_id]) == {"P1", "P5"}
    assert set(part.ceilings[f.pcn_code]) == {"A", "B"} == set(part.homes.index)
    assert set(whole.icb("Y").match.demand[f.pcn_code]) == {"B", "C", "D"}
    # Y has more links than X, and of two the larger is taken.
    assert whole.icb(None).name == "ICB Y"
    with pytest.raises(ConfigError, match="ICB Z"):
        whole.icb("Z")


def test_the_real_sizes_ask_for_real_files(bench, tmp_path):
    with pytest.raises(ConfigError, match="--bank"):
        bench.tables.save_instances(bench.tables.Wanted(sizes=("icb",), data=tmp_path), tmp_path)


def test_medians_pass_over_what_a_run_did_not_find(bench):
    runs = [{"cpu_s": 3.0, "bound": None, "gap": None}, {"cpu_s": 1.0, "bound": 5.0, "gap": None}, {"cpu_s": 2.0}]
    runs = [{**run, "ended": word} for run, word in zip(runs, ("one", "two", "three"), strict=True)]
    row = bench.run.median_row([runs[2], runs[0], runs[1]])
    assert row == {"cpu_s": 2.0, "bound": 5.0, "gap": None, "ended": "two"}


def test_the_table_sets_times_against_ours(bench):
    row = {"task": "match", "size": "icb", "peak_mb": 99.6, "objective": 1242.93, "bound": None, "gap": 0.0005}
    rows = [
        {**row, "contender": "geomap", "cpu_s": 2.0, "wall_s": 1.0, "ended": "within gap"},
        {**row, "contender": "highs", "cpu_s": 60.0, "wall_s": 61.0, "ended": "Time limit reached"},
        {**row, "contender": "greedy", "cpu_s": 0.02, "wall_s": 0.02, "ended": "done"},
    ]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in bench.run.table_lines(rows)]
    assert lines[2] == ["match", "icb", "geomap", "2", "1", "1", "1", "100", "1,242.93", "", "0.050%", "within gap"]
    assert [line[4] for line in lines[3:]] == [">30", "0.01"]


@pytest.mark.thorough
def test_the_demo_from_the_command_line():
    chosen = ["greedy", "lp", "sjoin-dwithin", *(["pysal-access"] if find_spec("access") else [])]
    command = [sys.executable, "-W", "error", SCRIPTS / "bench.py", "--json", "--runs", "1", "--contender", *chosen]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["contender"] for row in rows] == [*chosen, *chosen[3:]], "PySAL has two tasks"
    for row in rows:
        assert list(row)[: len(KEYS)] == KEYS
        assert row["size"] == "demo" and row["cpu_s"] > 0 and row["wall_s"] > 0 and row["peak_mb"] > 10
    found = {row["contender"]: row for row in rows}
    assert 0 < found["greedy"]["objective"] < found["lp"]["bound"]
    assert found["sjoin-dwithin"]["objective"] > 45


MEASURE_MAP = """
import json, sys
from pathlib import Path
from _bench_map import map_lines, measure_map
from made_up import made_up_tables
rows = measure_map(made_up_tables(24, 40, seed=5), Path(sys.argv[1]), runs=1)
print(json.dumps([rows, map_lines(rows)]))
"""


@pytest.mark.thorough
def test_the_map_is_measured_beside_plain_folium(tmp_path):
    """In a process of its own: playwright does not start twice in one, and other tests may hold a browser open."""
    if not find_spec("playwright") or not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("playwright or Chromium is not installed; the map was not measured")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, SCRIPTS, ROOT / "tests")))}
    command = [sys.executable, "-W", "error", "-c", MEASURE_MAP, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows, lines = json.loads(done.stdout)
    assert [row["contender"] for row in rows] == ["geomap", "folium"]
    for row in rows:
        assert row["mb"] > row["gzip_mb"] > 0 and row["build_s"] > 0 and row["usable_ms"] > 0
        assert row["worst_choice_ms"] >= row["choice_ms"] > 0
    assert len({len(line) for line in lines}) == 1 and "÷" not in lines[2] and lines[3].count("÷") == 6


def test_without_playwright_the_map_is_left_out_with_a_sentence(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench.run, "find_spec", lambda name: None)
    bench.run.main(["--task", "map"])
    told = capsys.readouterr()
    assert told.out == "" and "the package playwright is not installed" in told.err


@pytest.mark.slow
def test_a_contender_that_fails_is_told(bench, tmp_path):
    with pytest.raises(RuntimeError, match="greedy failed at match, demo"):
        bench.run.run_child(tmp_path, "match", "demo", contender="greedy", asked={"limit_s": 1.0, "gap_share": 0.0})


def test_a_contender_chosen_by_name_must_be_there(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench.run, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        bench.run.main(["--contender", "pulp-cbc"])
    assert "extra 'bench'" in capsys.readouterr().err
