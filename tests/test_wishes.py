"""A planner's wishes: obeyed by every plan, refused where they name what is not there, told where they fall short."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from exhaustive import Plans
from pydantic import ValidationError
from small_worlds import EXACT, World, ceiling_row, make_frame, make_world, pathway, pledge, seeded_archipelago

from geomap.config import BanParams, WishParams
from geomap.errors import ConfigError, SolveError
from geomap.match import Match, MatchProblem, solve_match
from geomap.proof import check_plan
from geomap.reasons import explain_unmatched, explain_unmet
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    DemandFrame,
    HoursReasonFrame,
    LedgerFrame,
    MinimumFrame,
    UnmetFrame,
)
from geomap.wishes import Known, Outcome, apply_wishes, check_known, count_minimums, list_minimums, tell_wishes


def wish(**told: list[dict[str, object]]) -> WishParams:
    return WishParams.model_validate(told)


def problem_of(world: World, wishes: WishParams) -> tuple[pd.DataFrame, MatchProblem]:
    caps = apply_wishes(world.caps, world.pledges, wishes)
    return caps, MatchProblem.from_frames(
        world.offers, caps, world.demand, ceilings=world.ceilings, need=world.need, pathways=world.pathways,
        minimums=list_minimums(wishes, caps),
    )  # fmt: skip


def solve(world: World, wishes: WishParams) -> Match:
    """The match under wishes, held against the checker."""
    caps, problem = problem_of(world, wishes)
    match = solve_match(problem, world.homes(), EXACT)
    given = count_minimums(wishes, match.allocation)
    check_plan(replace(world.plan(match), caps=caps, wishes=wishes, minimums_given=given))
    return match


def places(match: Match) -> dict[tuple[str, str, str], int]:
    keys = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]
    return match.allocation.set_index(keys)[AllocationFrame.places].to_dict()


def outcome(world: World, match: Match, caps: pd.DataFrame) -> Outcome:
    return Outcome(
        allocation=match.allocation, all_caps=world.caps, caps=caps, demand=world.demand, ceilings=world.ceilings,
        pathways=world.pathways, names={"A": "Alder"},
    )  # fmt: skip


@pytest.fixture
def two() -> World:
    """P and Q, 4 walks of an hour each, or rehab of two; A and B want 3 walks and 2 rehabs each, B counts for twice."""
    return make_world(
        pathways=[pathway("walk"), pathway("rehab", 2.0)],
        pledges=[pledge("P", "walk;rehab", 4), pledge("Q", "walk", 4)],
        demand={(pcn, path): n for pcn in "AB" for path, n in (("walk", 3), ("rehab", 2))},
        weights={"A": 1.0, "B": 2.0},
    )


# --- locks and bans


def test_a_lock_sends_all_of_a_pledge_to_one_pcn(two: World) -> None:
    """Q would serve B's three walkers first."""
    match = solve(two, wish(lock=[{"pledge_id": "Q", "pcn_code": "A"}]))
    assert {pcn for (who, _, pcn) in places(match) if who == "Q"} == {"A"}


def test_a_lock_on_a_pathway_leaves_the_other_pathways_alone(two: World) -> None:
    caps = apply_wishes(two.caps, two.pledges, wish(lock=[{"pledge_id": "P", "pcn_code": "A", "pathway_id": "rehab"}]))
    left = set(zip(caps[CapFrame.pledge_id], caps[CapFrame.pathway_id], caps[CapFrame.pcn_code], strict=True))
    gone = {("P", "rehab", "B")}
    assert left == {(p, w, c) for p, w in (("P", "walk"), ("P", "rehab"), ("Q", "walk")) for c in "AB"} - gone


def test_a_pledge_locked_twice_may_serve_both(two: World) -> None:
    locks = [{"pledge_id": "Q", "pcn_code": code} for code in "AB"]
    assert len(apply_wishes(two.caps, two.pledges, wish(lock=locks))) == len(two.caps)


@pytest.mark.parametrize(
    ("ban", "gone"),
    [
        ({"pledge_id": "P", "pcn_code": "B"}, {("P", "walk", "B"), ("P", "rehab", "B")}),
        ({"operator_id": "O1", "pathway_id": "rehab"}, {("P", "rehab", "A"), ("P", "rehab", "B")}),
        ({"facility_id": "hall", "pcn_code": "A", "pathway_id": "walk"}, {("P", "walk", "A"), ("Q", "walk", "A")}),
        ({"operator_id": "O2", "pcn_code": "A"}, set()),
    ],
    ids=["a pledge from a PCN", "an operator from a pathway", "a facility from both", "nobody's"],
)
def test_a_ban_takes_away_what_answers_to_all_it_names(two: World, ban: dict, gone: set) -> None:
    caps = apply_wishes(two.caps, two.pledges, wish(ban=[ban]))
    keys = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
    before, after = (set(frame[keys].itertuples(index=False, name=None)) for frame in (two.caps, caps))
    assert before - after == gone
    assert after <= before
    solve(two, wish(ban=[ban]))


@pytest.mark.parametrize("ban", [{"pledge_id": "P"}, {"pcn_code": "A"}, {}])
def test_a_ban_must_say_whose_hours_and_where(ban: dict) -> None:
    with pytest.raises(ValidationError, match="a ban needs"):
        BanParams.model_validate(ban)


@pytest.mark.parametrize("seed", range(3))
def test_random_locks_and_bans_are_obeyed(seed: int) -> None:
    """In 15 worlds at once: every third pledge is locked to its first PCN, every PCN is barred to one pledge."""
    world = seeded_archipelago(700 + seed, 15)
    first = world.caps.drop_duplicates(CapFrame.pledge_id)
    pairs = list(zip(first[CapFrame.pledge_id], first[CapFrame.pcn_code], strict=True))
    last = world.caps.drop_duplicates(CapFrame.pcn_code, keep="last")
    barred = list(zip(last[CapFrame.pledge_id], last[CapFrame.pcn_code], strict=True))
    wishes = wish(
        lock=[{"pledge_id": who, "pcn_code": pcn} for who, pcn in pairs[::3]],
        ban=[{"pledge_id": who, "pcn_code": pcn} for who, pcn in barred],
    )
    given = {(who, pcn) for (who, _, pcn) in places(solve(world, wishes))}
    locked = dict(pairs[::3])
    assert given and not given & set(barred)
    assert all(pcn == locked.get(who, pcn) for who, pcn in given)


def test_the_checker_sees_a_broken_lock_ban_and_claim(two: World) -> None:
    match = two.solve()
    plan = two.plan(match)
    a_lock = wish(lock=[{"pledge_id": "Q", "pcn_code": "A"}], ban=[{"pledge_id": "Q", "pcn_code": "B"}])
    with pytest.raises(SolveError, match="(?s)Q is locked to A and serves B.*a ban forbids"):
        check_plan(replace(plan, wishes=a_lock))
    least = wish(minimum=[{"pcn_code": "A", "places": 1}])
    with pytest.raises(SolveError, match="is said to have 99 places"):
        check_plan(replace(plan, wishes=least, minimums_given=(99,)))


# --- minimums


def test_a_minimum_is_met_before_what_counts_for_more(two: World) -> None:
    """4 hours of Q for B's three walkers and one of A's; A is to have three of them."""
    wishes = wish(minimum=[{"pcn_code": "A", "places": 3, "pathway_id": "walk", "pledge_id": "Q"}])
    match = solve(two, wishes)
    assert places(match)["Q", "walk", "A"] == 3
    assert tell_wishes(wishes, outcome(two, match, two.caps)) == ()
    assert match.objective <= two.solve().objective


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_minimum_falls_short_by_what_is_impossible(seed: int) -> None:
    """Each alone in its world: the most a PCN can have on a pathway, by trying every plan of every pledge."""
    archipelago = seeded_archipelago(720 + seed, 8)
    for number in range(8):
        world = archipelago.only(f"{number:03}.")
        cells = list(zip(world.demand[DemandFrame.pcn_code], world.demand[DemandFrame.pathway_id], strict=True))
        for at, (pcn, path) in enumerate(cells[:2]):
            best = int(Plans(world).totals[:, at].max())
            wishes = wish(minimum=[{"pcn_code": pcn, "pathway_id": path, "places": 3}])
            match = solve(world, wishes)
            assert min(count_minimums(wishes, match.allocation)[0], 3) == min(best, 3), (number, pcn, path)


def test_minimums_that_no_link_counts_towards_do_not_enter_the_match(two: World) -> None:
    wishes = wish(
        minimum=[
            {"pcn_code": "A", "places": 2}, {"pcn_code": "A", "places": 5}, {"pcn_code": "Z", "places": 1},
            {"pcn_code": "A", "places": 1, "pledge_id": "Q", "pathway_id": "rehab"},
        ]
    )  # fmt: skip
    frame = list_minimums(wishes, two.caps)
    assert frame[[MinimumFrame.pcn_code, MinimumFrame.places]].to_numpy().tolist() == [["A", 5]]
    match = solve(two, wishes)
    assert match.status == "optimal"


def test_each_shortfall_is_told_with_its_reason(two: World) -> None:
    low = two.change(ceilings=make_frame(CeilingFrame, [ceiling_row("A", 2.0), ceiling_row("B", 99.0)]))
    cases = [
        (two, {"places": 50}, "only 1 to 7 are wanted there"),
        (two, {"places": 1, "pathway_id": "rehab", "pledge_id": "Q"}, "no hours that could serve it reach it"),
        (low, {"places": 4}, "its link workers can refer no more than would fill 1 to 7"),
        (two, {"places": 2, "pathway_id": "rehab"}, None),
    ]
    for world, more, reason in cases:
        wishes = wish(minimum=[{"pcn_code": "A", **more}])
        told = tell_wishes(wishes, outcome(world, solve(world, wishes), world.caps))
        assert [line.rpartition("; ")[2] for line in told] == ([] if reason is None else [f"{reason}."])
    wishes = wish(
        minimum=[{"pcn_code": "A", "places": 1, "pathway_id": "rehab"}],
        ban=[{"operator_id": "O1", "pcn_code": "A", "pathway_id": "rehab"}],
    )
    caps, _ = problem_of(two, wishes)
    told = tell_wishes(wishes, outcome(two, solve(two, wishes), caps))
    said = "none is given; locks or bans keep all hours from it."
    assert told == (f"Minimum of 1 place for Alder (A) on rehab falls short: {said}",)


def test_a_lock_that_leaves_nothing_is_told(two: World) -> None:
    wishes = wish(lock=[{"pledge_id": "Q", "pcn_code": "A"}], ban=[{"pledge_id": "Q", "pcn_code": "A"}])
    caps, _ = problem_of(two, wishes)
    (told,) = tell_wishes(wishes, outcome(two, solve(two, wishes), caps))
    assert told.startswith("Pledge Q is locked to Alder (A), which it cannot serve")


# --- ids


def test_all_ids_that_are_in_no_table_are_named_at_once() -> None:
    known = Known(pledge_id={"P"}, operator_id={"O"}, facility_id={"F"}, pcn_code={"A"}, pathway_id={"walk"})
    check_known(wish(lock=[{"pledge_id": "P", "pcn_code": "A", "pathway_id": "walk"}]), known)
    wishes = wish(
        lock=[{"pledge_id": "P", "pcn_code": "Z"}], ban=[{"facility_id": "G", "pathway_id": "swim"}],
        minimum=[{"pcn_code": "A", "places": 3, "pledge_id": "R"}],
    )  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        check_known(wishes, known)
    assert str(caught.value).splitlines() == [
        "wishes.lock 1: pcn_code 'Z' is not in the practice map.",
        "wishes.ban 1: facility_id 'G' is not in the bank's table of facilities.",
        "wishes.ban 1: pathway_id 'swim' is not in the catalogue of pathways.",
        "wishes.minimum 1: pledge_id 'R' is not in the bank's table of pledges.",
        "Correct these ids in the scenario, or take the wishes out.",
    ]


# --- reasons


def reasons_of(world: World, wishes: WishParams) -> tuple[dict, dict]:
    """Reasons for places unmet and for hours unmatched, which must add up."""
    caps, _ = problem_of(world, wishes)
    match = solve(world, wishes)
    keys = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
    kept = pd.MultiIndex.from_frame(world.caps[keys]).isin(pd.MultiIndex.from_frame(caps[keys]))
    tables = replace(world.tables(match), caps=caps, barred=world.caps[~kept])
    unmet, hours = explain_unmet(tables), explain_unmatched(tables, world.ledger(match))
    assert hours[HoursReasonFrame.hours].sum() == pytest.approx(world.ledger(match)[LedgerFrame.unmatched_hours].sum())
    short = unmet[unmet[UnmetFrame.unmet_places] > 0]
    cells = zip(short[UnmetFrame.pcn_code], short[UnmetFrame.pathway_id], strict=True)
    by_pledge = hours.set_index(HoursReasonFrame.pledge_id)[HoursReasonFrame.reason].to_dict()
    return dict(zip(cells, short[UnmetFrame.reason], strict=True)), by_pledge


def test_what_a_ban_or_a_lock_keeps_apart_is_told_so() -> None:
    """P alone could serve A and B; barred from A its hours are idle there, and A is short."""
    world = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 9)], demand={("A", "walk"): 3, ("B", "walk"): 3}
    )
    barred = reasons_of(world, wish(ban=[{"pledge_id": "P", "pcn_code": "A"}]))
    locked = reasons_of(world, wish(lock=[{"pledge_id": "P", "pcn_code": "B"}]))
    assert barred == locked == ({("A", "walk"): "kept_apart"}, {"P": "kept_apart"})
    both = wish(ban=[{"pledge_id": "P", "pcn_code": code} for code in "AB"])
    assert reasons_of(world, both)[1] == {"P": "kept_apart"}


def test_a_ban_that_changes_nothing_is_no_reason() -> None:
    """P is spent on B anyway, and Q serves A until it has no hours left."""
    world = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 3), pledge("Q", "walk", 1)],
        demand={("A", "walk"): 3, ("B", "walk"): 3}, weights={"B": 2.0},
    )  # fmt: skip
    unmet, hours = reasons_of(world, wish(ban=[{"pledge_id": "P", "pcn_code": "A"}]))
    assert unmet == {("A", "walk"): "hours_used_up"}
    assert hours == {}


def test_a_shortfall_is_told_rounded_and_never_as_if_it_were_enough() -> None:
    """Of 12 places wished for 9 are wanted: to the nearest 5 that is 10. Of 9 wished for 8 are: 10 would be enough."""
    for wished, wanted, given, why in (
        (12, 9, "10 are given", "only 10 are wanted there"),
        (9, 8, "all but a few are given", "fewer are wanted there"),
        (3, 0, "none is given", "none is wanted there"),
    ):
        hours, demand = [pledge("P", "walk", 99)], {("A", "walk"): wanted}
        world = make_world(pathways=[pathway("walk", 1.0)], pledges=hours, demand=demand)
        wishes = wish(minimum=[{"pcn_code": "A", "places": wished}])
        (told,) = tell_wishes(wishes, outcome(world, solve(world, wishes), world.caps))
        assert told.endswith(f" falls short: {given}; {why}.")
