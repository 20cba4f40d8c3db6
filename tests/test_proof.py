"""The checker: a good plan broken in one way at a time, and each way caught under its own name."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from small_worlds import World, fair, make_frame, make_world, pathway, pledge
from tiny_world import make_tiny_world

from geomap.errors import SolveError
from geomap.proof import Plan, check_plan
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    LevelFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
)  # fmt: skip


@pytest.fixture(scope="module")
def good() -> Plan:
    """The tiny world's best plan: P1 walk A 6, B 6; P2 rehab C 2, D 6 in 2 courses; P3 walk C 2, D 5; worth 22."""
    world = make_tiny_world()
    plan = world.plan(world.solve())
    check_plan(plan)
    return plan


def move(plan: Plan, pledge_id: str, pcn: str, by: int, worth: float) -> Plan:
    """So many more places of a pledge for a PCN; the claims follow, so that only limits break."""
    rows = plan.allocation
    here = (rows[AllocationFrame.pledge_id] == pledge_id) & (rows[AllocationFrame.pcn_code] == pcn)
    assert here.sum() == 1
    places = rows[AllocationFrame.places].mask(here, rows[AllocationFrame.places] + by)
    return claim(replace(plan, allocation=rows.assign(**{AllocationFrame.places: places})), plan.objective + by * worth)


def claim(plan: Plan, objective: float, **more) -> Plan:
    """The plan claims that value and the travel it takes, and no proof."""
    minutes = plan.allocation.merge(plan.caps, how="left")[CapFrame.minutes_min].fillna(0.0)
    value, bound = {
        "completions": (22.0, 122.0), "core20": (0.0, 0.0), "worst_coverage": (0.25, 0.25),
        "completions_kept": (objective, 122.0),
    }, (minutes.to_numpy() * plan.allocation[AllocationFrame.places]).sum()
    value["travel"] = (bound, 0.0)
    rows = [tell(number, name, *value[name]) for number, name in enumerate(value, start=1)]
    levels = replace(plan.levels, told=make_frame(LevelFrame, rows), fairness_budget=1.0)
    return replace(plan, objective=objective, bound=122.0, levels=levels, **more)


def tell(level: int, name: str, value: float, bound: float) -> dict:
    """A row of `LevelFrame`."""
    f, high = LevelFrame, max(value, bound)
    gap = abs(bound - value) / high if high else 0.0
    status = "not asked" if name == "core20" else "stopped" if gap else "optimal"
    proved = 1.0 if name == "worst_coverage" else None
    return {f.level: level, f.objective: name, f.value: value, f.bound: bound, f.gap_share: gap, f.status: status,
            f.proved_to: proved}  # fmt: skip


def change_level(plan: Plan, name: str, **figures) -> Plan:
    """Other figures of one level."""
    told = plan.levels.told.copy()
    for column, figure in figures.items():
        told.loc[told[LevelFrame.objective] == name, column] = figure
    return replace(plan, levels=replace(plan.levels, told=told))


def loosen(plan: Plan, table: str, column: str, value: float) -> Plan:
    """Raise a limit for all rows of a table, so that another limit stands alone."""
    return replace(plan, **{table: getattr(plan, table).assign(**{column: value})})


def refused(plan: Plan, *sentences: str) -> None:
    """The plan is refused with these sentences, one a rule broken, and no others."""
    with pytest.raises(SolveError) as caught:
        check_plan(plan)
    told = str(caught.value).splitlines()[1:]
    assert len(told) == len(sentences), told
    for line, sentence in zip(told, sentences, strict=True):
        assert line.startswith(sentence), line


def test_an_overspent_pledge(good: Plan) -> None:
    """A could take 10 of P1, but 13 places need 52 of its 50 hours."""
    refused(move(good, "P1", "A", 1, 0.5), "A pledge spends more hours than it has: 1 times, first P1, by 2.")


def test_an_overspent_led_pledge(good: Plan) -> None:
    three = good.courses.assign(**{CourseFrame.courses: 3})
    people = move(good, "P2", "C", 1, 0.75)
    people = loosen(people, "ceilings", CeilingFrame.ceiling_referrals, 1e6)
    refused(replace(people, courses=three), "A pledge spends more hours than it has: 1 times, first P2, by 4.")


def test_more_hours_in_the_pool_than_were_pledged(good: Plan) -> None:
    pool = good.offers[OfferFrame.pool_hours] + 1
    refused(
        replace(good, offers=good.offers.assign(**{OfferFrame.pool_hours: pool})),
        "A pledge has more hours than were pledged",
    )


def test_places_out_of_reach(good: Plan) -> None:
    """B may have 6 of P1: six tenths of its patients are within reach."""
    swapped = move(move(good, "P1", "B", 1, 1.0), "P1", "A", -1, 0.5)
    refused(swapped, "More places than are within reach: 1 times, first ('P1', 'walk', 'B'), by 1.")


def test_places_for_a_pcn_that_is_not_reached_at_all(good: Plan) -> None:
    rows = good.allocation.replace({AllocationFrame.pcn_code: {"B": "D"}})
    rows = rows.sort_values(list(rows.columns[:3]), ignore_index=True)
    moved = claim(replace(good, allocation=rows), good.objective - 6 * 0.25)
    refused(
        moved, "More places than are within reach", "More places than demand",
        "The worst-covered PCN has 0.000000 of its demand and is said to have 0.250000.",
    )  # fmt: skip


def test_caps_above_reach_times_demand(good: Plan) -> None:
    caps = good.caps.assign(**{CapFrame.cap_places: good.caps[CapFrame.cap_places] + 1})
    refused(replace(good, caps=caps), "A cap above reach × demand: 7 times")


def test_caps_without_reach(good: Plan) -> None:
    gone = good.reach[good.reach[ReachFrame.pledge_id] != "P3"]
    refused(replace(good, reach=gone), "A cap above reach × demand: 2 times, first ('P3', 'walk', 'C'), by 5.")


def test_more_places_than_demand() -> None:
    """Two pledges reach all of A; each is within its own reach, and together they pass the demand."""
    world = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 9), pledge("Q", "walk", 9)], demand={("A", "walk"): 6}
    )
    rows = pd.DataFrame({AllocationFrame.pledge_id: ["P", "Q"], AllocationFrame.pathway_id: "walk",
                         AllocationFrame.pcn_code: "A", AllocationFrame.places: [4, 3]})  # fmt: skip
    plan = replace(world.plan(world.solve()), allocation=rows, objective=7.0, bound=7.0, levels=None)
    refused(plan, "More places than demand: 1 times, first ('A', 'walk'), by 1.")


def test_more_referrals_than_link_workers_can_make(good: Plan) -> None:
    refused(move(good, "P3", "C", 1, 0.5), "More referrals than link workers can make: 1 times, first C, by 0.5.")


def test_more_people_than_seats(good: Plan) -> None:
    """P2's two courses have 8 seats."""
    raised = loosen(move(good, "P2", "C", 1, 0.75), "ceilings", CeilingFrame.ceiling_referrals, 1e6)
    refused(raised, "More people than a pledge's courses hold: 1 times, first ('P2', 'rehab'), by 1.")


def test_people_in_courses_that_do_not_run(good: Plan) -> None:
    refused(replace(good, courses=good.courses.iloc[:0]), "More people than a pledge's courses hold: 1 times")


def test_a_group_that_is_too_small(good: Plan) -> None:
    """3 people a course is the least: 5 in two courses are too few."""
    lowered = move(good, "P2", "D", -3, 1.125)
    refused(lowered, "Courses below the smallest viable group: 1 times, first ('P2', 'rehab'), by 1.")


def test_a_course_with_nobody_in_it(good: Plan) -> None:
    rows = good.courses.copy()
    rows.loc[len(rows)] = ["P5", "rehab", 1]
    refused(replace(good, courses=rows), "Courses below the smallest viable group: 1 times, first ('P5', 'rehab')")


def test_a_course_of_a_pledge_that_is_not_led(good: Plan) -> None:
    rows = good.courses.copy()
    rows.loc[len(rows)] = ["P3", "walk", 1]
    refused(replace(good, courses=rows), "A course is opened for a pledge that is not led: 1 times")


@pytest.mark.parametrize("claim", [21.0, 23.0])
def test_a_wrong_objective(good: Plan, claim: float) -> None:
    refused(replace(good, objective=claim, bound=30.0, levels=None), "The plan is worth 22.000000 and claims")


def test_an_objective_above_its_bound(good: Plan) -> None:
    refused(replace(good, bound=21.9, levels=None), "The plan claims 22.000000, above its bound 21.900000.")


@pytest.mark.parametrize("name", ["objective", "bound"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_claims_that_are_no_numbers(good: Plan, name: str, value: float) -> None:
    refused(replace(good, **{name: value}), "The plan's value or bound is not a finite number.")


def test_a_pcn_without_need(good: Plan) -> None:
    refused(replace(good, need=good.need[good.need[NeedFrame.pcn_code] != "D"]), "The plan's value or bound is not")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("offers", OfferFrame.course_hours), ("offers", OfferFrame.min_group), ("caps", CapFrame.cap_places),
        ("ceilings", CeilingFrame.ceiling_referrals), ("need", NeedFrame.weight), ("reach", ReachFrame.reach_share),
        ("pathways", PathwayFrame.uptake_share), ("demand", DemandFrame.demand_places),
    ],
)  # fmt: skip
def test_limits_that_are_no_limits(good: Plan, table: str, column: str, value: float) -> None:
    """A missing course length would make courses free, and a missing uptake would make referrals free."""
    frame = getattr(good, table)
    with pytest.raises(SolveError, match=f"A number of {column} in the {table} is missing, infinite or negative"):
        check_plan(replace(good, **{table: frame.assign(**{column: [value, *frame[column].iloc[1:].astype(float)]})}))


@pytest.mark.parametrize("count", [5.5, 0.0, -1.0])
def test_counts_that_are_not_whole(good: Plan, count: float) -> None:
    """P1 gives A so many places instead of 6, at half a completion each."""
    places = good.allocation[AllocationFrame.places].astype(float)
    places.iloc[0] = count
    rows = good.allocation.assign(**{AllocationFrame.places: places})
    told = claim(replace(good, allocation=rows), good.objective + (count - 6) * 0.5)
    told = change_level(told, "worst_coverage", **{LevelFrame.value: -1e-9, LevelFrame.bound: 0.0})
    refused(told, "A count in the allocation is not a whole number", *(["The worst-covered"] if count < 0 else []))


def test_courses_that_are_not_whole(good: Plan) -> None:
    rows = good.courses.assign(**{CourseFrame.courses: 2.25})
    refused(replace(good, courses=rows), "A count in the courses is not a whole number of 1 or more.")


def test_a_row_that_stands_twice(good: Plan) -> None:
    """P3 has the hours and C the wish for 2 more; half a referral is too few, so C's link workers are lent some."""
    rows = pd.concat([good.allocation, good.allocation.iloc[[-2]]], ignore_index=True)
    twice = claim(replace(good, allocation=rows), good.objective + 1.0)
    twice = loosen(twice, "ceilings", CeilingFrame.ceiling_referrals, 1e6)
    refused(twice, "A row of the allocation stands twice: ['P3', 'walk', 'C'].")


def test_places_split_over_two_rows_are_still_added_up(good: Plan) -> None:
    half = good.allocation.assign(**{AllocationFrame.places: good.allocation[AllocationFrame.places] - 1})
    half = half[half[AllocationFrame.places] > 0]
    rows = pd.concat([good.allocation, half], ignore_index=True)
    with pytest.raises(SolveError, match="stands twice") as caught:
        check_plan(replace(good, allocation=rows))
    assert "spends more hours" in str(caught.value)


def test_a_course_row_that_stands_twice(good: Plan) -> None:
    rows = pd.concat([good.courses.assign(**{CourseFrame.courses: 1})] * 2, ignore_index=True)
    refused(replace(good, courses=rows), "A row of the courses stands twice: ['P2', 'rehab'].")


def test_what_is_not_offered(good: Plan) -> None:
    offers = good.offers[good.offers[OfferFrame.pledge_id] != "P3"]
    refused(
        replace(good, offers=offers), "The allocation uses what is not offered: ['P3', 'walk'].",
        "Before fairness: The allocation uses what is not offered: ['P3', 'walk'].",
    )  # fmt: skip


def test_every_rule_broken_is_told_at_once(good: Plan) -> None:
    with pytest.raises(SolveError) as caught:
        check_plan(move(replace(good, courses=good.courses.iloc[:0]), "P1", "A", 9, 0.0))
    told = str(caught.value)
    for rule in ("within reach", "more hours than it has", "courses hold", "More places than demand", "is worth"):
        assert rule in told


def test_a_plan_that_does_nothing_is_a_plan() -> None:
    """No pledge, no place, no value: nothing is broken."""
    world: World = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 0)], demand={("A", "walk"): 3}
    )
    match = world.solve()
    assert (match.objective, match.bound, match.status) == (0.0, 0.0, "optimal")
    check_plan(world.plan(match))


def test_demand_missing_for_a_cell_is_no_demand(good: Plan) -> None:
    gone = good.demand[(good.demand[DemandFrame.pcn_code] != "B")]
    refused(
        replace(good, demand=gone), "A cap above reach × demand", "More places than demand",
        "Before fairness: More places than demand",
    )  # fmt: skip


def test_the_pledges_table_is_needed_to_prove_the_pool(good: Plan) -> None:
    gone = good.pledges[good.pledges[PledgeFrame.pledge_id] != "P1"]
    refused(replace(good, pledges=gone), "A pledge has more hours than were pledged: 1 times, first P1, by 50.")


def test_two_pledges_that_give_the_same_people_more_places_than_there_are() -> None:
    """Each pledge keeps to its own cap of 5; the hall has only 5 people within reach."""
    base = make_world(
        pathways=[pathway("walk")],
        pledges=[pledge("P0", "walk", 50.0), pledge("P1", "walk", 50.0)],
        demand={("A", "walk"): 10},
    )
    apart = base.change(reach=base.reach.assign(reach_share=0.5, catchment=["hall", "pool"]))
    plan = apart.plan(apart.solve())
    check_plan(plan)
    together = plan.reach.assign(catchment="hall")
    sentences = (
        "More places than people within reach of a facility: 1 times, first ('hall', 'A', 'walk'), by 5.",
        "More places than people of the same ages within the same reach of a facility: 1 times",
    )
    refused(replace(plan, reach=together), *sentences, *(f"Before fairness: {sentence}" for sentence in sentences))


# --- what each level claims


@pytest.fixture(scope="module")
def given_up() -> Plan:
    """6 places for A, 2 and 2 for B and C: fairer than 10 for A, who are worth twice as much, and 12 minutes each."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 100)],
        demand={("A", "walk"): 10, ("B", "walk"): 4, ("C", "walk"): 4}, weights={"A": 2.0, "B": 1.0, "C": 1.0},
        minutes={("P", "A"): 12.0}, core20={"A": 0.0, "B": 0.5, "C": 0.5},
    )  # fmt: skip
    params = fair(0.2)
    plan = world.plan(world.solve(params), params)
    check_plan(plan)
    assert plan.allocation[AllocationFrame.places].tolist() == [6, 2, 2]
    assert plan.levels.told[LevelFrame.value].tolist() == pytest.approx([20.0, 10 / 3, 0.5, 16.0, 92.0])
    return plan


def change_first(plan: Plan, **columns) -> Plan:
    """Another plan of the first level."""
    first = plan.levels.first_allocation.assign(**columns)
    return replace(plan, levels=replace(plan.levels, first_allocation=first))


def test_more_is_given_up_than_the_budget_allows(given_up: Plan) -> None:
    refused(
        replace(given_up, levels=replace(given_up.levels, fairness_budget=0.19)),
        "The plan is worth 16.000000; the fairness budget leaves it 16.200000 at least.",
    )


def test_the_first_plan_is_not_worth_what_it_claims(given_up: Plan) -> None:
    refused(
        change_first(given_up, **{AllocationFrame.places: 9}),
        "The plan of the first level is worth 18.000000 and claims 20.000000.",
        "The plan of the first level is 3.000000 completions short on Core20, not 3.333333.",
    )


def test_the_first_plan_breaks_a_limit(given_up: Plan) -> None:
    """11 places for the 10 people of A take 110 of 100 hours."""
    broken = change_level(
        change_first(given_up, **{AllocationFrame.places: 11}), "completions",
        **{LevelFrame.value: 22.0, LevelFrame.bound: 22.0},
    )  # fmt: skip
    broken = change_level(replace(broken, bound=22.0), "core20", **{LevelFrame.value: 11 / 3})
    broken = replace(broken, levels=replace(broken.levels, fairness_budget=1.0))
    with pytest.raises(SolveError) as caught:
        check_plan(broken)
    told = str(caught.value)
    assert "Before fairness: More places than are within reach: 1 times, first ('P', 'walk', 'A'), by 1." in told
    assert "Before fairness: A pledge spends more hours than it has: 1 times, first P, by 10." in told
    assert "Before fairness: More places than demand: 1 times, first ('A', 'walk'), by 1." in told


def test_the_first_plan_seats_more_people_than_its_hours_have_courses_for(good: Plan) -> None:
    """P2 has 20 class hours for courses of 8 h and 4 places: 10 people at most, and C and D want 12."""
    first = good.levels.first_allocation
    here = first[AllocationFrame.pathway_id] == "rehab"
    broken = change_first(good, **{AllocationFrame.places: first[AllocationFrame.places].mask(here, 6)})
    with pytest.raises(SolveError, match="Before fairness: A pledge spends more hours than it has: 1 times, first P2"):
        check_plan(broken)


def test_the_first_plan_uses_what_is_not_offered(given_up: Plan) -> None:
    with pytest.raises(SolveError, match="Before fairness: The allocation uses what is not offered"):
        check_plan(change_first(given_up, **{AllocationFrame.pledge_id: "Q"}))


def test_the_bound_is_that_of_the_first_level(given_up: Plan) -> None:
    refused(replace(given_up, bound=20.5), "The bound of the first level is not that of the plan.")


CLAIMS = [
    ("completions", {LevelFrame.bound: 19.0}, "Level completions claims 20.000000, past its bound 19.000000."),
    ("completions", {LevelFrame.gap_share: 0.01}, "Level completions claims a gap of 0.010000"),
    ("completions", {LevelFrame.status: "stopped"}, "Level completions claims to be stopped at a gap of 0."),
    ("completions", {LevelFrame.status: "not asked"}, "Level completions was not asked for; only core20"),
    ("core20", {LevelFrame.value: 0.0, LevelFrame.bound: 0.0, LevelFrame.gap_share: 0.0},
     "The plan of the first level is 3.333333 completions short on Core20, not 0.000000."),
    ("worst_coverage", {LevelFrame.value: 0.6, LevelFrame.bound: 0.6},
     "The worst-covered PCN has 0.500000 of its demand and is said to have 0.600000."),
    ("worst_coverage", {LevelFrame.proved_to: 0.4}, "Coverage is said to be proved to 0.400000, which is not between"),
    ("worst_coverage", {LevelFrame.proved_to: 1.1}, "Coverage is said to be proved to 1.100000, which is not between"),
    ("worst_coverage", {LevelFrame.proved_to: float("nan")}, "Coverage is said to be proved to nan"),
    ("worst_coverage", {LevelFrame.bound: 1.0, LevelFrame.gap_share: 0.5, LevelFrame.status: "stopped"},
     "Coverage is said to be proved to 1.000000, and the worst is not said to be best."),
    ("completions_kept", {LevelFrame.value: 17.0, LevelFrame.bound: 17.0},
     "The plan is worth 16.000000 and is said to keep 17.000000."),
    ("travel", {LevelFrame.value: 91.0, LevelFrame.bound: 91.0}, "The plan takes 92.000000 minutes of travel and"),
    ("travel", {LevelFrame.bound: 93.0}, "Level travel claims 92.000000, past its bound 93.000000."),
]  # fmt: skip


@pytest.mark.parametrize(("level", "figures", "sentence"), CLAIMS)
def test_a_level_claims_what_does_not_hold(given_up: Plan, level: str, figures: dict, sentence: str) -> None:
    with pytest.raises(SolveError) as caught:
        check_plan(change_level(given_up, level, **figures))
    assert any(line.startswith(sentence) for line in str(caught.value).splitlines()), caught.value


def test_a_plan_falls_further_short_on_core20_than_it_claims(given_up: Plan) -> None:
    """Where it was asked to be raised, the plan itself is held to it; it gives 2 completions to Core20 and owes 3⅓."""
    asked = change_level(given_up, "core20", **{LevelFrame.status: "optimal", LevelFrame.value: 1.0,
                                                LevelFrame.bound: 1.0, LevelFrame.gap_share: 0.0})  # fmt: skip
    refused(asked, "The plan is 1.333333 completions short on Core20 and claims 1.000000.")


def test_a_better_bound_on_coverage_than_everything(given_up: Plan) -> None:
    f = LevelFrame
    figures = {f.bound: 1.25, f.gap_share: 0.6, f.status: "stopped", f.proved_to: 0.5}
    refused(change_level(given_up, "worst_coverage", **figures), "The bound on the worst coverage is 1.250000")


@pytest.mark.parametrize("column", [LevelFrame.value, LevelFrame.bound, LevelFrame.gap_share])
@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -1.0])
def test_figures_of_a_level_that_are_no_figures(given_up: Plan, column: str, figure: float) -> None:
    broken = change_level(given_up, "travel", **{column: figure})
    refused(broken, "A value, bound or gap of a level is missing, infinite or negative.")


def test_levels_that_are_missing_or_in_another_order(given_up: Plan) -> None:
    for told in (given_up.levels.told.iloc[1:], given_up.levels.told.iloc[::-1]):
        refused(replace(given_up, levels=replace(given_up.levels, told=told)), "The levels are not completions, core20")


def test_a_pcn_that_link_workers_cannot_refer_one_person_of_is_not_the_worst_covered() -> None:
    world = make_world(
        pathways=[pathway("walk", uptake=0.5)], pledges=[pledge("P", "walk", 9)],
        demand={("A", "walk"): 3, ("B", "walk"): 3}, ceilings={"A": 1.9},
    )  # fmt: skip
    match = world.solve()
    told = match.levels.set_index(LevelFrame.objective).loc["worst_coverage"]
    assert told[[LevelFrame.value, LevelFrame.proved_to]].tolist() == [1.0, 1.0]
    world.prove(match)


def first_level_alone(plan: Plan, value: float) -> Plan:
    told = make_frame(LevelFrame, [tell(1, "completions", value, 122.0)])
    levels = replace(plan.levels, told=told, asked=("completions",), first_allocation=plan.allocation)
    return replace(plan, levels=levels)


def test_a_run_for_completions_alone_passes_its_check(good: Plan) -> None:
    """It was refused for the levels that nobody had asked for."""
    check_plan(first_level_alone(good, good.objective))
    refused(replace(first_level_alone(good, good.objective), levels=good.levels.__class__(
        first_allocation=good.allocation, told=first_level_alone(good, 1.0).levels.told, fairness_budget=0.0
    )), "The levels are not completions, core20")  # fmt: skip
    refused(first_level_alone(good, good.objective - 1.0), "With no level after it")
