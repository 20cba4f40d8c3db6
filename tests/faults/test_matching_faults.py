"""Faults of the match: nothing, ties, traps, extremes, time; what is not proven is told wherever the plan is told."""

from __future__ import annotations

import dataclasses
import io
import json

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from docx import Document
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_up import made_up_tables
from page_block import block
from pandas.testing import assert_frame_equal
from scipy import sparse
from small_worlds import (
    NO_TIME,
    World,
    archipelagos,
    make_world,
    pathway,
    pledge,
    reach_row,
    seeded_archipelago,
    value_by_world,
)  # fmt: skip
from test_match_laws import WAYS, check_all, raise_some, tables_of
from tiny_world import OBJECTIVE, TRAVEL, make_tiny_world

from geomap.errors import InfeasibleError, SolveError
from geomap.match import MatchProblem
from geomap.render import build_map
from geomap.report.paper import compose
from geomap.report.summary import describe
from geomap.report.workbook import write_workbook
from geomap.schema import (
    AllocationFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    FacilityFrame,
    HoursReasonFrame,
    LedgerFrame,
    NeedFrame,
    OfferFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    ReachFrame,
)
from geomap.schema.words import CRS
from geomap.solver import LinearModel, solve_linear
from geomap.travel import reach_pledges

WALK = pathway("walk", 10.0)
QUICK = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
WORLDS = 5
"""Small worlds side by side in one example; no link joins them."""


def worth(world: World) -> pd.Series:
    """The best value of each world of an archipelago; nothing where nothing is given."""
    match = world.solve()
    assert match.status == "optimal"
    world.prove(match)
    if match.allocation.empty:
        return pd.Series(0.0, index=sorted(set(world.need[NeedFrame.pcn_code].str[:4])))
    return value_by_world(world, match.first_allocation)


# --- the catalogue


@pytest.mark.slow
def test_fault_matching_none_at_all() -> None:
    """No pledge and no demand: a plan of nothing, proven."""
    best = check_all(make_world(pathways=[WALK], pledges=[], demand={}))
    assert (best.objective, best.bound, best.status) == (0.0, 0.0, "optimal")


@pytest.mark.slow
def test_fault_matching_zero_hours_demand_and_weight() -> None:
    """Zeros are numbers: hours of nothing serve nobody, a PCN of no need is served when hours are left over."""
    rows = [pledge("P", "walk", 0.0), pledge("Q", "walk", 40.0)]
    demand = {("A", "walk"): 0, ("B", "walk"): 3, ("C", "walk"): 2}
    world = make_world(pathways=[WALK], pledges=rows, demand=demand, weights={"C": 0.0})
    given = check_all(world).allocation.set_index(AllocationFrame.pcn_code)[AllocationFrame.places]
    assert given["B"] == 3 and "A" not in given.index


def test_fault_matching_disconnected_parts_do_not_touch() -> None:
    """Parts that nothing joins are planned as they would be alone."""
    world = seeded_archipelago(260, 6)
    together = worth(world)
    alone = [world.only(tag).solve().objective for tag in together.index]
    assert together.to_numpy() == pytest.approx(np.array(alone), abs=1e-9)


def test_fault_matching_ties_fall_by_key_and_not_by_row() -> None:
    """Three alike PCNs and hours for one: the same one gets them, however the rows lie and whatever it is called."""
    rows = [pledge("P", "walk", 60.0)]
    world = make_world(pathways=[WALK], pledges=rows, demand={(code, "walk"): 6 for code in "ABC"})
    first = world.solve().allocation
    for seed in range(4):
        mixed = world.change(**{name: getattr(world, name).sample(frac=1, random_state=seed)
                                for name in ("demand", "ceilings", "need", "reach")})  # fmt: skip
        assert_frame_equal(mixed.solve().allocation, first)


@pytest.mark.slow
def test_fault_matching_greedy_trap() -> None:
    """The best place first takes the hours that alone could serve the others: 10 now against 18 for two."""
    rows = [pledge("P", "walk", 10.0), pledge("Q", "walk", 10.0)]
    reach = {("P", "A"): 1.0, ("P", "B"): 1.0, ("Q", "A"): 1.0}
    world = make_world(
        pathways=[WALK], pledges=rows, demand={("A", "walk"): 1, ("B", "walk"): 1}, reach=reach,
        weights={"A": 10.0, "B": 8.0},
    )  # fmt: skip
    best = check_all(world)
    assert best.objective == pytest.approx(18.0)
    assert dict(zip(best.allocation[AllocationFrame.pledge_id], best.allocation[AllocationFrame.pcn_code],
                    strict=True)) == {"P": "B", "Q": "A"}  # fmt: skip


@pytest.mark.slow
def test_fault_matching_twelve_orders_of_magnitude() -> None:
    """Hours from a thousandth to a thousand million, needs from a millionth to a million, in one match."""
    hours = [1e-3, 1.0, 10.0, 1e4, 1e9]
    rows = [pledge(f"P{k}", "walk", h) for k, h in enumerate(hours)]
    demand = {("A", "walk"): 50_000, ("B", "walk"): 3, ("C", "walk"): 1}
    weights = {"A": 1e-6, "B": 1.0, "C": 1e6}
    best = check_all(make_world(pathways=[WALK], pledges=rows, demand=demand, weights=weights))
    served = best.allocation.groupby(AllocationFrame.pcn_code)[AllocationFrame.places].sum().to_dict()
    assert served == {"A": 50_000, "B": 3, "C": 1}


@pytest.mark.parametrize("uptake", [0.1, 0.3, 0.67, 0.7, 1 / 3])
@pytest.mark.parametrize("places", [1, 3, 7, 49])
def test_fault_matching_cap_exactly_met(uptake: float, places: int) -> None:
    """Referrals for just so many places, and hours for just so many: none is lost to the last binary digit."""
    world = make_world(
        pathways=[pathway("walk", 0.1, uptake, 0.5)], pledges=[pledge("P", "walk", 0.1 * places)],
        demand={("A", "walk"): places}, ceilings={"A": places / uptake},
    )  # fmt: skip
    match = world.solve()
    world.prove(match)
    assert match.allocation[AllocationFrame.places].tolist() == [places]


def test_fault_matching_time_out_is_told_by_its_status() -> None:
    """Without time the plan still holds every limit, and does not call itself the best."""
    world = make_world(
        pathways=[WALK, pathway("rehab", 16.0, completion=0.9)], pledges=[pledge("P", "walk;rehab", 32)],
        demand={("A", "walk"): 1, ("A", "rehab"): 2},
    )  # fmt: skip
    match = world.solve(NO_TIME)
    world.prove(match)
    assert match.status == "stopped" and match.bound > match.objective and match.gap_share > 0


@pytest.fixture(scope="module")
def stopped():
    """Made-up results of a plan that was stopped with a gap of a fifth."""
    tables = made_up_tables(8, 8, seed=4)
    facts = dataclasses.replace(tables.facts, status="stopped", objective=80.0, bound=100.0, gap_share=0.2)
    return dataclasses.replace(tables, facts=facts)


def test_fault_matching_time_out_is_told_on_map_workbook_paper_and_terminal(stopped, tmp_path) -> None:
    """How much of what any plan could do is proven stands wherever the plan is told; nothing calls it optimal."""
    write_workbook(tmp_path / "results.xlsx", stopped)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    sheet = " ".join(str(cell.value) for row in book["Summary"].iter_rows() for cell in row if cell.value is not None)
    page = block(build_map(stopped))["facts"]
    paper = json.dumps([one.text for one in open_paper(compose(stopped).document)], ensure_ascii=False)
    told = {"workbook": sheet, "paper": paper, "terminal": describe(stopped)}
    for where, text in told.items():
        assert "80" in text and "%" in text, where
        assert "optimal" not in text.lower(), where
    assert (page["status"], page["gap_share"]) == ("stopped", 0.2)


def open_paper(document: bytes) -> list:
    opened = Document(io.BytesIO(document))
    return [*opened.paragraphs, *(cell for table in opened.tables for row in table.rows for cell in row.cells)]


def test_fault_matching_infeasible_is_an_error_and_no_plan() -> None:
    one = np.ones(1)
    model = LinearModel(
        value=one, matrix=sparse.csr_array(np.ones((1, 1))), row_lower=one * 5, row_upper=one * 9, upper=one,
        integer=np.ones(1, dtype=bool),
    )  # fmt: skip
    with pytest.raises(InfeasibleError, match="No plan satisfies the conditions"):
        solve_linear(model)


BAD = (float("nan"), float("inf"), float("-inf"), -1.0)


@pytest.mark.parametrize("name", [
    "pool_hours", "offer_hours", "offer_places", "offer_min_group", "cell_demand", "ceiling", "uptake", "completion",
    "link_cap", "link_value", "link_minutes", "catchment_cap",
])  # fmt: skip
def test_fault_matching_number_that_is_none_has_no_entrance(name: str) -> None:
    """However a problem is made, every array of it is looked at: NaN, infinite, negative."""
    problem = seeded_archipelago(261, 4).problem()
    arrays = {field.name: getattr(problem, field.name) for field in dataclasses.fields(MatchProblem)}
    assert len(arrays[name])
    for bad in BAD:
        broken = arrays[name].astype(float).copy()
        broken[-1] = bad
        with pytest.raises(SolveError, match=f"number in {name} that is negative or not finite"):
            MatchProblem(**{**arrays, name: broken})


# --- the properties


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS))
def test_fault_matching_law_feasible_conserved_and_below_the_bound(world: World) -> None:
    """Every way of solving: limits hold, hours and places are conserved, the objective is at most the bound."""
    for name in ("one model", "by regions", "no time"):
        match = WAYS[name](world)
        world.prove(match)
        assert match.objective <= match.bound * (1 + 1e-9) + 1e-9


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS), seed=st.integers(0, 1000), what=st.sampled_from(["hours", "demand", "reach"]))
def test_fault_matching_law_more_supply_demand_or_range_never_lowers_the_optimum(
    world: World, seed: int, what: str
) -> None:
    table, column, change = {
        "hours": ("pledges", PledgeFrame.hours, lambda hours: hours * 1.7 + 1.1),
        "demand": ("demand", DemandFrame.demand_places, lambda places: places + 2),
        "reach": ("reach", ReachFrame.reach_share, lambda share: (share * 2).clip(upper=1.0)),
    }[what]
    more = world.change(**{table: raise_some(getattr(world, table), column, change, seed)})
    assert (worth(more) >= worth(world) - 1e-9).all()


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS), seed=st.integers(0, 1000))
def test_fault_matching_law_permutation(world: World, seed: int) -> None:
    names = ("pledges", "pathways", "reach", "demand", "ceilings", "need")
    mixed = world.change(**{name: getattr(world, name).sample(frac=1, random_state=seed) for name in names})
    first, second = world.solve(), mixed.solve()
    for table in ("allocation", "courses", "levels"):
        assert_frame_equal(getattr(first, table), getattr(second, table))


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS), factor=st.sampled_from([2.0, 4.0, 0.5, 1024.0]))
def test_fault_matching_law_scaling_all_hours(world: World, factor: float) -> None:
    """Hours told in another unit, of pledges and of courses alike, change no place."""
    pathways = world.pathways.assign(
        **{name: world.pathways[name] * factor for name in ("session_hours", "course_hours")}
    )
    pledges = world.pledges.assign(**{PledgeFrame.hours: world.pledges[PledgeFrame.hours] * factor})
    scaled = world.change(pathways=pathways, pledges=pledges)
    assert worth(scaled).to_numpy() == pytest.approx(worth(world).to_numpy(), abs=1e-9)


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS))
def test_fault_matching_law_renamed_ids_keep_the_optimum(world: World) -> None:
    """Pledges and pathways that are called otherwise, in the opposite order of the alphabet; up to ties."""

    def renamed(cells: pd.Series) -> pd.Series:
        return cells.map(lambda text: ";".join(part[:4] + part[:3:-1].translate(TURNED) for part in text.split(";")))

    changed = {}
    for name in ("pledges", "pathways", "reach", "demand"):
        frame = getattr(world, name)
        keys = {PledgeFrame.pledge_id, PledgeFrame.pathways, DemandFrame.pathway_id} & set(frame.columns)
        changed[name] = frame.assign(**{key: renamed(frame[key]).astype("str") for key in keys})
    assert worth(world.change(**changed)).to_numpy() == pytest.approx(worth(world).to_numpy(), abs=1e-9)


TURNED = str.maketrans("0123456789", "9876543210")


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS))
def test_fault_matching_law_an_unreachable_facility_changes_only_its_own_row(world: World) -> None:
    far = world.pledges.iloc[[0]].assign(**{PledgeFrame.pledge_id: "zzz.far", PledgeFrame.hours: 500.0})
    wider = world.change(pledges=pd.concat([world.pledges, far], ignore_index=True))
    old, new = world.solve(), wider.solve()
    assert_frame_equal(old.allocation, new.allocation)
    book = wider.ledger(new)
    mine = book[LedgerFrame.pledge_id] == "zzz.far"
    assert_frame_equal(book[~mine].reset_index(drop=True), world.ledger(old))
    assert book[mine][LedgerFrame.matched_hours].tolist() == [0.0]


@pytest.mark.parametrize("halves", [(120.0, 80.0), (10.0, 190.0), (100.0, 100.0)])
def test_fault_matching_law_a_facility_split_in_two_at_one_place_keeps_the_optimum(halves: tuple[float, float]) -> None:
    """One hall with 200 hours, and two at the same door that share the people near them: the same is done."""
    demand = {("A", "walk"): 9, ("B", "walk"): 14}

    def world(hours: tuple[float, ...], catchment: str) -> World:
        rows = [pledge(f"P{k}", "walk", h) for k, h in enumerate(hours)]
        made = make_world(pathways=[WALK], pledges=rows, demand=demand, weights={"A": 2.0})
        near = [reach_row(f"P{k}", pcn, 0.75, catchment) for k in range(len(hours)) for pcn in "AB"]
        frame = pd.DataFrame(near).astype(made.reach.dtypes.to_dict())[list(made.reach.columns)]
        return made.change(reach=frame)

    whole, parts = world((200.0,), "hall"), world(halves, "hall")
    for one in (whole, parts):
        one.prove(one.solve())
    assert parts.solve().objective == pytest.approx(whole.solve().objective) and whole.solve().objective > 0


def test_fault_matching_law_places_in_degrees_and_in_metres() -> None:
    """Facilities and homes in EPSG:4326, brought to EPSG:27700 as all inputs are, give the same reach and plan."""
    world = make_tiny_world()
    assert world.solve().objective == pytest.approx(OBJECTIVE)
    near = gpd.GeoSeries(gpd.points_from_xy([430_000, 431_000, 435_000], [300_000] * 3), crs=CRS)
    again = near.to_crs(4326).to_crs(CRS)
    assert np.abs(again.x - near.x).max() < 0.001 and np.abs(again.y - near.y).max() < 0.001
    f, point = FacilityFrame, PopulationPointFrame
    pledges = world.pledges[world.pledges[PledgeFrame.pledge_id] == "P1"]
    reaches = []
    for places in (near, again):
        hall = gpd.GeoDataFrame(
            {f.facility_id: ["F1"], f.operator_id: ["O1"], f.facility_name: ["Hall"], f.venue_type: ["hall"],
             f.other_venue_types: [None], f.location_basis: ["coordinates"]},
            geometry=places.iloc[:1].to_list(), crs=CRS,
        )  # fmt: skip
        homes = gpd.GeoDataFrame(
            {point.pcn_code: ["A", "B"], point.point_id: ["A", "B"], point.patients: [900.0, 800.0],
             point.basis: "practice_postcode"}, geometry=places.iloc[1:].to_list(), crs=CRS,
        )  # fmt: skip
        pcns = pd.DataFrame({PcnResultFrame.pcn_code: ["A", "B"], PcnResultFrame.icb_codes: ["X", "X"]})
        reaches.append(reach_pledges(pledges, hall, homes, pcns, TRAVEL))
    assert_frame_equal(*reaches, check_exact=False, rtol=1e-5)


@pytest.mark.slow
@QUICK
@given(world=archipelagos(WORLDS))
def test_fault_matching_law_rerun_over_its_own_output(world: World) -> None:
    """With just the hours that a plan spent, the next plan is worth as much: nothing was spent for nothing."""
    match = world.solve()
    key = [OfferFrame.pledge_id, OfferFrame.pathway_id]
    offers = world.offers.set_index(key)
    each = match.allocation.groupby(key)[AllocationFrame.places].sum()
    led_courses = match.courses.set_index(key)[CourseFrame.courses]
    used = led_courses.reindex(offers.index).where(offers[OfferFrame.led], each.reindex(offers.index)).fillna(0.0)
    spent = (used * offers[OfferFrame.course_hours]).groupby(OfferFrame.pledge_id).sum()
    share = (spent / offers[OfferFrame.pool_hours].groupby(OfferFrame.pledge_id).min()).fillna(0.0)
    kept = world.pledges[PledgeFrame.pledge_id].map(share).fillna(0.0) * (1 + 1e-9)
    again = world.change(pledges=world.pledges.assign(**{PledgeFrame.hours: world.pledges[PledgeFrame.hours] * kept}))
    assert worth(again).to_numpy() == pytest.approx(worth(world).to_numpy(), abs=1e-9)


def test_fault_matching_tables_of_every_test_are_whole() -> None:
    """The worlds that the laws are tried on hold links, ceilings that bind, groups and hours left over."""
    world = seeded_archipelago(262, 30)
    tables = tables_of(world)
    match = world.solve()
    assert len(tables["caps"]) > 50 and len(match.allocation) > 20
    assert (world.ceilings[CeilingFrame.ceiling_referrals] < 10).any() and world.offers[OfferFrame.led].any()
    assert world.need[NeedFrame.weight].nunique() > 2
    assert len(world.unmatched(match)[HoursReasonFrame.reason].unique()) > 2
