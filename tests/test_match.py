"""The match against a plan worked by hand, against trying every plan, and against what may never happen."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from exhaustive import best_value
from hypothesis import HealthCheck, given, settings
from pandas.testing import assert_frame_equal
from small_worlds import EXACT, NO_TIME, World, archipelagos, make_world, pathway, pledge, seeded_archipelago
from tiny_world import COURSES, OBJECTIVE, PLACES, UNMATCHED, UNMET, make_tiny_world

from geomap.match import search
from geomap.proof import check_plan
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    HoursReasonFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
    UnmetFrame,
)  # fmt: skip
from geomap.solver import solve_linear
from geomap.validate import check_frame

STEADY = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}
"""The same cases in every run, however slow the machine."""

HURRIED = EXACT.model_copy(update={"time_limit_s": 0.01})
"""Enough for some of the regions, or for none, as the machine will have it."""


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


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_small_worlds_equal_trying_every_plan(seed: int) -> None:
    archipelago = seeded_archipelago(seed, 20)
    for number in range(20):
        world = archipelago.only(f"{number:03}.")
        best = best_value(world)
        whole, cut = world.solve(), world.solve_by_regions()
        assert (whole.objective, whole.bound) == pytest.approx((best, best), abs=1e-9), number
        assert whole.status == "optimal"
        assert cut.objective <= best + 1e-9, number
        assert cut.bound >= best - 1e-9, number


# --- what may never happen


@settings(max_examples=25, **STEADY)
@given(world=archipelagos(20))
def test_no_limit_is_ever_broken_and_nothing_is_lost(world: World) -> None:
    """25 × 20 worlds, each matched in four ways."""
    best, none = world.solve(), world.solve(NO_TIME)
    for match in (best, none, world.solve_by_regions(), world.solve_by_regions(HURRIED)):
        check_plan(world.plan(match))
        assert match.objective <= best.objective + 1e-7
        assert match.bound >= best.objective - 1e-7
        assert match.status == ("optimal" if match.gap_share <= 1e-9 else "stopped")
    world.prove(best)
    world.prove(none)


def test_borders_hold_when_the_relaxation_is_a_hair_below_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear solver may leave a variable at −5e-8; the pledge still crosses the border and is still spent once."""
    world = make_world(
        pathways=[pathway("walk", 10.0)],
        pledges=[pledge("P", "walk", 30)],
        demand={("A", "walk"): 3, ("B", "walk"): 3},
    )

    def rough(model, *, relax: bool = False, **rest):
        solution = solve_linear(model, relax=relax, **rest)
        if relax:
            solution.x[solution.x == 0] = -5e-8
        return solution

    monkeypatch.setattr(search, "solve_linear", rough)
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


def test_the_same_match_comes_out_twice() -> None:
    world = seeded_archipelago(7, 15)
    first, second = world.solve_by_regions(), world.solve_by_regions()
    assert_frame_equal(first.allocation, second.allocation)
    assert (first.objective, first.bound) == (second.objective, second.bound)


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
