"""Every reason from a world made for it, and reasons that add up."""

from __future__ import annotations

import pandas as pd
import pytest
from small_worlds import NO_TIME, World, led, make_world, pathway, pledge, seeded_archipelago

from geomap.ledger import check_balance
from geomap.schema import AllocationFrame, DemandFrame, HoursReasonFrame, LedgerFrame, UnmetFrame
from geomap.schema.words import FEW_PEOPLE, UNMATCHED_REASONS, UNMET_REASONS

KEPT_APART = "kept_apart"
"""Only a planner's wishes keep anybody apart: see test_wishes."""
WALK = pathway("walk", 10.0)
REHAB = pathway("rehab", 16.0, completion=0.5)


def one(pledges, asked, **more) -> World:
    """A world of two pathways; `asked` is the demand of PCN A for walk, or by (PCN, pathway)."""
    demand = asked if isinstance(asked, dict) else {("A", "walk"): asked}
    return make_world(pathways=[WALK, REHAB], pledges=pledges, demand=demand, **more)


UNMET = {
    "no_compatible_pledge": one([pledge("P", "rehab", 100)], 3),
    "none_within_reach": one(
        [pledge("P", "walk", 100)], {("A", "walk"): 3, ("B", "walk"): 3}, reach={("P", "B"): 1.0}
    ),
    "partly_out_of_reach": one([pledge("P", "walk", 100)], 6, reach={("P", "A"): 0.5}),
    "link_worker_ceiling": one([pledge("P", "walk", 100)], 3, ceilings={"A": 1.9}),
    "hours_used_up": one([pledge("P", "walk", 20)], 3),
    "below_minimum_group": one([led("P", "walk", 20, 8, least=4)], 3),
    "rounding": one([pledge("P", "walk", 15), pledge("Q", "walk", 15)], 3),
}
"""Reason → a world in which PCN A has it: 6 of 10 people in reach, 1.9 referrals, two halves of a course left …"""

UNMATCHED = {
    "nobody_in_reach": one([pledge("P", "walk", 100)], 3, reach={}),
    "no_demand_in_reach": one([pledge("P", "walk", 100)], 0),
    "demand_met": one([pledge("P", "walk", 100)], 3),
    "link_worker_ceiling": one([pledge("P", "walk", 100)], 3, ceilings={"A": 1.9}),
    "below_minimum_group": one([led("P", "walk", 20, 8, least=4)], 3),
    "empty_places": one([led("P", "walk", 10, 8, least=2)], 3),
    "rounding": one([pledge("P", "walk", 15)], 3),
}
"""Reason → a world in which pledge P has it, for all its unmatched hours."""


def unmet_of(world: World) -> dict[tuple[str, str], str]:
    unmet = world.unmet(world.solve())
    short = unmet[unmet[UnmetFrame.unmet_places] > 0]
    cells = zip(short[UnmetFrame.pcn_code], short[UnmetFrame.pathway_id], strict=True)
    return dict(zip(cells, short[UnmetFrame.reason], strict=True))


def unmatched_of(world: World) -> dict[str, float]:
    hours = world.unmatched(world.solve())
    return dict(zip(hours[HoursReasonFrame.reason], hours[HoursReasonFrame.hours], strict=True))


@pytest.mark.parametrize("reason", [reason for reason in UNMET_REASONS if reason != KEPT_APART])
def test_each_reason_for_unmet_demand(reason: str) -> None:
    world = UNMET[reason]
    assert unmet_of(world)["A", "walk"] == reason
    world.prove(world.solve())


@pytest.mark.parametrize("reason", [reason for reason in UNMATCHED_REASONS if reason not in (KEPT_APART, FEW_PEOPLE)])
def test_each_reason_for_unmatched_hours(reason: str) -> None:
    world = UNMATCHED[reason]
    assert list(unmatched_of(world)) == [reason]
    world.prove(world.solve())


def test_reach_too_small_for_one_whole_place_is_not_told_as_no_reach_at_all() -> None:
    """0.4 of a demand of 2 is no whole place; but the pledge is within reach of some, so "none" would be false."""
    world = one([pledge("P", "walk", 100)], 2, reach={("P", "A"): 0.4})
    assert unmet_of(world) == {("A", "walk"): "partly_out_of_reach"}


def test_hours_too_few_for_the_course_people_wait_for_are_not_told_as_demand_met() -> None:
    """All walkers have a place; 14 h are more than a walk (10 h) and less than the rehab (16 h) that A still wants."""
    world = one([pledge("P", "walk;rehab", 24)], {("A", "walk"): 1, ("A", "rehab"): 2})
    assert unmatched_of(world) == {"rounding": 14.0}


def test_hours_that_only_wait_for_a_referral_are_told_so_though_another_course_is_full() -> None:
    """Walk is met, rehab takes longer than the hours left, and A has no referral left for it anyway."""
    world = one([pledge("P", "walk;rehab", 24)], {("A", "walk"): 1, ("A", "rehab"): 2}, ceilings={"A": 1.0})
    assert unmatched_of(world) == {"link_worker_ceiling": 14.0}


def test_empty_places_and_idle_hours_of_one_pledge_are_told_apart() -> None:
    """45 h are 4 courses of 8 seats; 9 people need 2: 7 seats × 10 h stay empty, and 25 h × 8 never opened."""
    world = one([led("P", "walk", 45, 8, least=4)], 9)
    assert unmatched_of(world) == pytest.approx({"empty_places": 70.0, "demand_met": 200.0})


def test_parts_of_a_seat_are_empty_places() -> None:
    """A course of 3 at 80% has 2.4 seats: 2 people, and 0.4 of a seat × 10 h that nobody can sit on."""
    world = one([led("P", "walk", 10, 3, fill=0.8)], 5)
    assert unmatched_of(world) == pytest.approx({"empty_places": 4.0})


@pytest.mark.parametrize("seed", range(6))
def test_reasons_add_up_to_what_was_left(seed: int) -> None:
    """To 1e-9, by pledge and by (PCN, pathway), for the best plan and for one made in no time."""
    world = seeded_archipelago(400 + seed, 40)
    for match in (world.solve(), world.solve(NO_TIME)):
        ledger, unmatched, unmet = world.ledger(match), world.unmatched(match), world.unmet(match)
        check_balance(ledger, pd.concat([world.ineligible, unmatched]))
        told = unmatched.groupby(HoursReasonFrame.pledge_id)[HoursReasonFrame.hours].sum()
        left = ledger.set_index(LedgerFrame.pledge_id)[LedgerFrame.unmatched_hours]
        assert (told - left[left > 0]).abs().max() <= 1e-9
        assert told.index.equals(left[left > 0].index)
        keys = [DemandFrame.pcn_code, DemandFrame.pathway_id]
        given = match.allocation.groupby(keys)[AllocationFrame.places].sum()
        by_cell = unmet.set_index(keys)
        assert (by_cell[UnmetFrame.matched_places] - given.reindex(by_cell.index).fillna(0) == 0).all()
        total = by_cell[UnmetFrame.matched_places] + by_cell[UnmetFrame.unmet_places]
        assert (total == by_cell[UnmetFrame.demand_places]).all()
        assert (by_cell[UnmetFrame.reason].notna() == (by_cell[UnmetFrame.unmet_places] > 0)).all()
        assert set(by_cell[UnmetFrame.reason].dropna()) <= set(UNMET_REASONS)
        assert set(unmatched[HoursReasonFrame.reason]) <= set(UNMATCHED_REASONS)
