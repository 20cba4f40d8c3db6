"""The match against a plan worked by hand, against trying every plan, and against what may never happen."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from exhaustive import Best, best_levels, best_value, leads
from hypothesis import HealthCheck, given, settings
from pandas.testing import assert_frame_equal
from small_worlds import (
    EXACT,
    NO_TIME,
    World,
    archipelagos,
    fair,
    led,
    make_world,
    pathway,
    pledge,
    seeded_archipelago,
)  # fmt: skip
from tiny_world import COURSES, OBJECTIVE, PLACES, UNMATCHED, UNMET, make_tiny_world

from geomap.match import Match, dive, regions
from geomap.proof import check_plan
from geomap.runner import open_runner
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    HoursReasonFrame,
    LevelFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
    UnmetFrame,
)  # fmt: skip
from geomap.schema.words import LEVELS
from geomap.solver import Relaxation, solve_linear
from geomap.validate import check_frame

STEADY = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}
"""The same cases in every run, however slow the machine."""

HURRIED = fair(0.1).model_copy(update={"time_limit_s": 0.01})
"""Enough for some of the regions, or for none, as the machine will have it."""
BUDGETS = (0.0, 0.02, 0.2, 1.0)


@pytest.fixture(scope="module")
def tiny_world() -> World:
    return make_tiny_world()


def counts_of(frame: pd.DataFrame, count: str) -> dict:
    keys = [name for name in frame.columns if name != count]
    return {tuple(row[name] for name in keys): row[count] for row in frame.to_dict("records")}


# --- the tiny world


def test_the_tiny_world_is_matched_as_by_hand(tiny_world: World) -> None:
    match = tiny_world.solve()
    assert counts_of(match.allocation, AllocationFrame.places) == PLACES
    assert counts_of(match.courses, CourseFrame.courses) == COURSES
    assert match.objective == pytest.approx(OBJECTIVE, abs=1e-12)
    assert match.bound == pytest.approx(OBJECTIVE, abs=1e-9)
    assert match.status == "optimal"
    tiny_world.prove(match)


@pytest.mark.parametrize("region_links", [0, 4], ids=["a PCN a region", "two PCNs a region"])
def test_the_tiny_world_by_regions_is_no_better_and_its_bound_no_lower(tiny_world: World, region_links: int) -> None:
    match = tiny_world.solve_by_regions(region_links=region_links)
    assert match.objective <= OBJECTIVE + 1e-9
    assert match.bound >= OBJECTIVE - 1e-9
    tiny_world.prove(match)


def test_the_tiny_world_says_why_places_and_hours_are_left(tiny_world: World) -> None:
    match = tiny_world.solve()
    unmet = tiny_world.unmet(match)
    left = unmet[unmet[UnmetFrame.unmet_places] > 0]
    cells = zip(left[UnmetFrame.pcn_code], left[UnmetFrame.pathway_id], strict=True)
    told = zip(left[UnmetFrame.unmet_places], left[UnmetFrame.reason], strict=True)
    assert dict(zip(cells, told, strict=True)) == UNMET
    assert unmet.loc[unmet[UnmetFrame.unmet_places] == 0, UnmetFrame.reason].isna().all()
    hours = tiny_world.unmatched(match).drop(columns=HoursReasonFrame.stage)
    assert counts_of(hours, HoursReasonFrame.hours) == pytest.approx(UNMATCHED)
    assert tiny_world.ineligible.empty


def test_the_tiny_world_agrees_with_trying_every_plan(tiny_world: World) -> None:
    assert best_value(tiny_world) == pytest.approx(OBJECTIVE, abs=1e-12)


# --- against trying every plan


def test_the_small_worlds_hold_the_declarations() -> None:
    world = seeded_archipelago(0, 30)
    models = {
        "pledges": PledgeFrame, "pathways": PathwayFrame, "reach": ReachFrame, "demand": DemandFrame,
        "ceilings": CeilingFrame, "need": NeedFrame, "offers": OfferFrame, "ineligible": HoursReasonFrame,
        "caps": CapFrame,
    }  # fmt: skip
    for name, model in models.items():
        assert check_frame(getattr(world, name), model, source=name)[1] == []


def levels_of(match: Match) -> pd.DataFrame:
    """`LevelFrame` by objective."""
    assert match.levels[LevelFrame.objective].tolist() == list(LEVELS)
    return match.levels.set_index(LevelFrame.objective)


def coverage_of(world: World, allocation: pd.DataFrame) -> list[float]:
    """Of all PCNs with demand, the worst first."""
    wanted = world.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum()
    given_ = allocation.groupby(AllocationFrame.pcn_code)[AllocationFrame.places].sum().reindex(wanted.index).fillna(0)
    return sorted((given_ / wanted)[wanted > 0].tolist())


def core20_of(world: World, allocation: pd.DataFrame) -> float:
    """Completions of Core20 patients beyond their share of need."""
    share = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    rows = allocation.to_dict("records")
    lead = leads(world)
    return sum(
        row[AllocationFrame.places] * share[row[AllocationFrame.pathway_id]]
        * lead.get(row[AllocationFrame.pcn_code], 0.0) for row in rows
    )  # fmt: skip


def same_as(world: World, match: Match, best: Best) -> bool:
    """Level by level what trying every plan comes to; and is completions given up for fairness?"""
    told = levels_of(match)
    asked = told[told[LevelFrame.status] != "not asked"]
    assert asked[LevelFrame.bound].to_numpy() == pytest.approx(asked[LevelFrame.value].to_numpy(), rel=1e-6, abs=1e-6)
    assert told.at["completions", LevelFrame.value] == pytest.approx(best.value, abs=1e-6)
    assert coverage_of(world, match.allocation) == list(best.coverage)
    assert told.at["worst_coverage", LevelFrame.proved_to] == 1.0
    assert told.at["completions_kept", LevelFrame.value] == pytest.approx(best.kept, abs=1e-6)
    assert match.objective == pytest.approx(best.kept, abs=1e-6)
    assert told.at["travel", LevelFrame.value] == pytest.approx(best.minutes, abs=1e-6)
    return coverage_of(world, match.first_allocation) != list(best.coverage)


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_small_worlds_equal_trying_every_plan_at_every_level(seed: int) -> None:
    """200 worlds, with every budget in turn. Where hours are scarce, some first plans are not the fairest."""
    scarce = seed % 2 == 1
    archipelago, moved = seeded_archipelago(seed, 20, scarce=scarce), 0
    for number in range(20):
        world, budget = archipelago.only(f"{number:03}."), BUDGETS[number % 4]
        match = world.solve(fair(budget))
        excess = core20_of(world, match.first_allocation)
        best = best_levels(world, budget, least_core20=min(excess, 0.0))
        moved += same_as(world, match, best)
        told = levels_of(match).loc["core20"]
        assert (told[LevelFrame.value], told[LevelFrame.status]) == (pytest.approx(max(-excess, 0.0)), "not asked")
    assert moved > 0 or not scarce


@pytest.mark.parametrize("seed", [1020, 1022, 1025, 1027, 1029])
def test_core20_is_raised_as_far_as_trying_every_plan_can(seed: int) -> None:
    archipelago, short = seeded_archipelago(seed, 20, scarce=seed % 2 == 1), 0
    for number in range(20):
        world, budget = archipelago.only(f"{number:03}."), BUDGETS[number % 4]
        match = world.solve(fair(budget, "raise"))
        best = best_levels(world, budget)
        same_as(world, match, best)
        told = levels_of(match).loc["core20"]
        assert told[LevelFrame.value] == pytest.approx(best.core20_short, abs=1e-6)
        assert told[LevelFrame.status] in ("optimal", "within gap")
        assert core20_of(world, match.allocation) >= -best.core20_short - 1e-6
        short += core20_of(world, match.first_allocation) < -1e-6
    assert short > 0 or seed % 2 == 0


@pytest.mark.parametrize("seed", range(1030, 1033))
def test_by_regions_no_level_claims_what_no_plan_can_reach(seed: int) -> None:
    """What is found by regions and windows is no better than the best, and its bounds are no lower."""
    archipelago, proved = seeded_archipelago(seed, 20), 0
    for number in range(20):
        world, budget = archipelago.only(f"{number:03}."), BUDGETS[number % 4]
        match = world.solve_by_regions(fair(budget))
        best = best_levels(world, budget, least_core20=min(core20_of(world, match.first_allocation), 0.0))
        told = levels_of(match)
        value, bound = told.loc["completions", [LevelFrame.value, LevelFrame.bound]]
        assert value - 1e-9 <= best.value <= bound + 1e-9
        # The plan may give up a share of its own value, which is no more than the best.
        if value >= best.value - 1e-9:
            mine = coverage_of(world, match.allocation)
            assert mine <= list(best.coverage)
            to = told.at["worst_coverage", LevelFrame.proved_to]
            assert [c for c in mine if c < to] == [c for c in best.coverage if c < to]
            proved += to > mine[0] if mine else 0
    assert proved > 0


# --- what may never happen


NO_ROUNDS = fair(0.05, "raise").model_copy(update={"rounds": 0})


@pytest.mark.slow
@settings(max_examples=5, **STEADY)
@given(world=archipelagos(50))
def test_no_limit_is_ever_broken_and_nothing_is_lost(world: World) -> None:
    """10 × 50 worlds, each matched in six ways."""
    best = world.solve()
    ways = [
        (best, EXACT), (world.solve(fair(0.1)), fair(0.1)), (world.solve(NO_TIME), NO_TIME),
        (world.solve_by_regions(fair(0.1, "raise")), fair(0.1)), (world.solve_by_regions(NO_ROUNDS), NO_ROUNDS),
        (world.solve_by_regions(HURRIED), HURRIED),
    ]  # fmt: skip
    for match, params in ways:
        check_plan(world.plan(match, params))
        assert match.objective <= best.objective + 1e-7
        assert match.bound >= best.objective - 1e-7
        first = levels_of(match).loc["completions"]
        assert match.status == first[LevelFrame.status]
        assert match.status == ("optimal" if first[LevelFrame.gap_share] <= 1e-9 else "stopped")
    world.prove(*ways[1])
    world.prove(*ways[-1])


def test_borders_hold_when_the_relaxation_is_a_hair_below_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear solver may leave a variable at −5e-8; the pledge still crosses the border and is still spent once."""
    world = make_world(
        pathways=[pathway("walk", 10.0)],
        pledges=[pledge("P", "walk", 30)],
        demand={("A", "walk"): 3, ("B", "walk"): 3},
    )

    def below(solution):
        solution.x[solution.x == 0] = -5e-8
        return solution

    class Rough(Relaxation):
        def solve(self, *args):
            return below(super().solve(*args))

    monkeypatch.setattr(dive, "Relaxation", Rough)
    monkeypatch.setattr(regions, "solve_linear", lambda model, **limits: below(solve_linear(model, **limits)))
    match = world.solve_by_regions()
    assert match.allocation[AllocationFrame.places].sum() == 3
    world.prove(match)


def test_a_price_makes_the_bound_of_a_shared_pledge_exact() -> None:
    """One pledge of 3 places serves two regions that ask for 3 each: worth 3, not 6."""
    world = make_world(
        pathways=[pathway("walk", 10.0)],
        pledges=[pledge("P", "walk", 30)],
        demand={("A", "walk"): 3, ("B", "walk"): 3},
    )
    match = world.solve_by_regions()
    assert (match.objective, match.bound) == pytest.approx((3.0, 3.0))


def test_the_same_match_comes_out_wherever_its_parts_are_solved() -> None:
    """By regions, in this process, in threads and in two processes: the same tables and the same work."""
    world, params = seeded_archipelago(7, 15), fair(0.05, "raise")
    found = [world.solve_by_regions(params, 3)]
    for workers in (1, None, 2):
        with open_runner(workers) as runner:
            found.append(world.solve_by_regions(params, 3, runner))
    first, *others = found
    assert not first.out_of_time
    for other in others:
        for name in ("allocation", "courses", "first_allocation", "levels"):
            assert_frame_equal(getattr(first, name), getattr(other, name), check_exact=True)
        assert (first.objective, first.bound, first.steps) == (other.objective, other.bound, other.steps)


@pytest.mark.parametrize("solve", [World.solve, World.solve_by_regions], ids=["one model", "by regions"])
def test_pledges_of_one_hall_share_the_people_within_its_reach(solve) -> None:
    """Half of 10 people live near the hall. One pledge of 100 hours serves 5 of them, and so must two of 50."""

    def world(*hours: float) -> World:
        pledges = [pledge(f"P{k}", "walk", amount) for k, amount in enumerate(hours)]
        base = make_world(pathways=[pathway("walk")], pledges=pledges, demand={("A", "walk"): 10})
        return base.change(reach=base.reach.assign(reach_share=0.5, catchment="hall"))

    for split in ((100.0,), (50.0, 50.0), (4.0, 96.0), (2.0, 1.0, 97.0)):
        match = solve(world(*split))
        assert match.allocation[AllocationFrame.places].sum() == 5
        assert match.objective == pytest.approx(5.0) and match.bound == pytest.approx(5.0)
        world(*split).prove(match)


def test_pledges_of_one_hall_with_overlapping_ages_share_the_people_within_its_reach() -> None:
    """Half of 10 people live near the hall, whatever the ages that its two pledges write down."""
    base = make_world(
        pathways=[pathway("walk")],
        pledges=[pledge("P0", "walk", 50.0), pledge("P1", "walk", 50.0)],
        demand={("A", "walk"): 10},
    )
    base = base.change(reach=base.reach.assign(reach_share=0.5, catchment="hall"))
    world = replace(
        base,
        pledges=base.pledges.assign(age_min=[float("nan"), 0.0], age_max=[float("nan"), 120.0]),
        caps=base.caps.assign(alike=["hall 0.5 -", "hall 0.5 0.0-120.0"]),
    )
    match = world.solve()
    assert match.objective == pytest.approx(5.0)
    world.prove(match)


def test_a_wide_pledge_frees_no_place_within_the_narrow_reach_of_others() -> None:
    """3 of 10 people live within the reach of P0 and P1; P2 reaches 8 but has hours for one."""
    base = make_world(
        pathways=[pathway("walk")],
        pledges=[pledge("P0", "walk", 50.0), pledge("P1", "walk", 50.0), pledge("P2", "walk", 1.0)],
        demand={("A", "walk"): 10},
    )
    world = base.change(reach=base.reach.assign(reach_share=[0.3, 0.3, 0.8], catchment="hall"))
    match = world.solve()
    assert match.objective == pytest.approx(4.0)
    world.prove(match)


def test_pledges_of_two_halls_reach_people_of_their_own() -> None:
    base = make_world(
        pathways=[pathway("walk")],
        pledges=[pledge("P0", "walk", 50.0), pledge("P1", "walk", 50.0)],
        demand={("A", "walk"): 10},
    )
    two = base.change(reach=base.reach.assign(reach_share=0.5, catchment=["hall", "pool"]))
    assert two.solve().objective == pytest.approx(10.0)


# --- fairness


def test_the_worst_covered_comes_first_within_the_budget() -> None:
    """4 places; A is worth twice as much as B. A tenth is too little to move one; half lets both have two of four."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 40)],
        demand={("A", "walk"): 4, ("B", "walk"): 4}, weights={"A": 2.0, "B": 1.0},
    )  # fmt: skip
    for budget, places, worst in ((0.0, [4], 0.0), (0.1, [4], 0.0), (0.13, [3, 1], 0.25), (0.5, [2, 2], 0.5)):
        match = world.solve(fair(budget))
        assert match.allocation[AllocationFrame.places].tolist() == places
        assert match.first_allocation[AllocationFrame.places].tolist() == [4]
        assert levels_of(match).at["worst_coverage", LevelFrame.value] == worst
        assert match.gap_share == pytest.approx(1 - (4 + places[0]) / 8)
        world.prove(match, fair(budget))


def test_of_equally_fair_plans_the_one_with_most_completions_is_kept() -> None:
    """A is served by P alone; Q has one place for B or C, who are then alike but for their worth."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 20), pledge("Q", "walk", 10)],
        demand={("A", "walk"): 2, ("B", "walk"): 4, ("C", "walk"): 4}, weights={"A": 1.0, "B": 1.0, "C": 1.5},
        reach={("P", "A"): 1.0, ("Q", "B"): 1.0, ("Q", "C"): 1.0},
    )  # fmt: skip
    match = world.solve(fair(1.0))
    assert counts_of(match.allocation, AllocationFrame.places) == {("P", "walk", "A"): 2, ("Q", "walk", "C"): 1}
    told = levels_of(match).loc["worst_coverage"]
    assert (told[LevelFrame.value], told[LevelFrame.bound], told[LevelFrame.proved_to]) == (0.0, 0.0, 1.0)


def test_people_of_several_pcns_fill_one_group() -> None:
    """Neither PCN has the 4 people that a course needs; together they do, so that both can be covered in full."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[led("P", "walk", 10, 6, least=4)],
        demand={("A", "walk"): 3, ("B", "walk"): 3},
    )  # fmt: skip
    for solve in (World.solve, World.solve_by_regions):
        told = levels_of(solve(world, fair(0.1))).loc["worst_coverage"]
        assert told[[LevelFrame.value, LevelFrame.bound, LevelFrame.proved_to]].tolist() == [1.0, 1.0, 1.0]


def test_the_shorter_way_is_taken_where_all_else_is_equal() -> None:
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 20), pledge("Q", "walk", 20)],
        demand={("A", "walk"): 2, ("B", "walk"): 2},
        minutes={("P", "A"): 9.0, ("P", "B"): 3.0, ("Q", "A"): 4.0, ("Q", "B"): 9.0},
    )  # fmt: skip
    for solve in (World.solve, World.solve_by_regions):
        match = solve(world)
        world.prove(match)
        assert levels_of(match).at["travel", LevelFrame.value] in ((14.0,) if solve is World.solve else (14.0, 36.0))
    match = world.solve()
    assert counts_of(match.allocation, AllocationFrame.places) == {("P", "walk", "B"): 2, ("Q", "walk", "A"): 2}


def test_core20_patients_get_their_share_of_completions_where_it_is_asked_for() -> None:
    """A is worth a little more; B has all the Core20 patients, half of all need. 4 places: 2 each is their share."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 40)],
        demand={("A", "walk"): 40, ("B", "walk"): 4}, weights={"A": 1.1, "B": 1.0}, core20={"A": 0.0, "B": 1.0},
    )  # fmt: skip
    named, raised = world.solve(fair(0.0)), world.solve(fair(0.05, "raise"))
    assert levels_of(named).loc["core20", [LevelFrame.value, LevelFrame.status]].tolist() == [2.0, "not asked"]
    assert counts_of(named.allocation, AllocationFrame.places) == {("P", "walk", "A"): 4}
    told = levels_of(raised).loc["core20"]
    assert (told[LevelFrame.value], told[LevelFrame.bound], told[LevelFrame.status]) == (0.0, 0.0, "optimal")
    assert counts_of(raised.allocation, AllocationFrame.places)[("P", "walk", "B")] >= 2
    world.prove(raised, fair(0.05, "raise"))


def test_what_is_proved_of_coverage_holds_to_the_end() -> None:
    """By regions too: B has all it could have, 4 of 5, and keeps it, though a place for A would be an hour nearer."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 130)],
        demand={("A", "walk"): 10, ("B", "walk"): 5}, reach={("P", "A"): 1.0, ("P", "B"): 0.8},
        minutes={("P", "A"): 1.0, ("P", "B"): 61.0},
    )  # fmt: skip
    match = world.solve_by_regions(fair(0.1), 10)
    told = levels_of(match).loc["worst_coverage"]
    assert told[[LevelFrame.value, LevelFrame.proved_to]].tolist() == [0.8, 0.9]
    assert coverage_of(world, match.allocation) == [0.8, 0.9]
    world.prove(match, fair(0.1))
