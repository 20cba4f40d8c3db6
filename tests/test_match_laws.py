"""Laws of the match: more never does harm, order never matters, what is no number is refused, extremes are survived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_worlds import (
    EXACT,
    NO_TIME,
    World,
    fair,
    led,
    make_world,
    pathway,
    pledge,
    seeded_archipelago,
    value_by_world,
)  # fmt: skip

from geomap.errors import SolveError
from geomap.match import Match, MatchProblem
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    HoursReasonFrame,
    LedgerFrame,
    LevelFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
    UnmetFrame,
)
from geomap.schema.words import LEVEL_STATUSES
from geomap.validate import check_frame

TABLES = ("pledges", "pathways", "reach", "demand", "ceilings", "need")
WAYS = {
    "one model": World.solve,
    "by regions": World.solve_by_regions,
    "no time": lambda world: world.solve(NO_TIME),
    "fair": lambda world: world.solve(fair(0.1, "raise")),
    "fair by regions": lambda world: world.solve_by_regions(fair(0.1, "raise"), 3),
}


def worth(world: World) -> pd.Series:
    """The best value of each world of an archipelago, at the first level; the plan is proven on the way."""
    match = world.solve()
    assert match.status == "optimal"
    world.prove(match)
    return value_by_world(world, match.first_allocation)


def raise_some(frame: pd.DataFrame, column: str, change: Callable[[pd.Series], pd.Series], seed: int) -> pd.DataFrame:
    """The column changed in a random half of the rows."""
    half = np.random.default_rng(seed).random(len(frame)) < 0.5
    new = change(frame[column]).astype(frame[column].dtype)
    return frame.assign(**{column: frame[column].mask(half, new)})


# --- more is never worse


MORE = {
    "hours": ("pledges", PledgeFrame.hours, lambda hours: hours * 1.4 + 0.6),
    "demand": ("demand", DemandFrame.demand_places, lambda places: places + 1),
    "reach": ("reach", ReachFrame.reach_share, lambda share: (share * 1.5).clip(upper=1.0)),
    "referrals": ("ceilings", CeilingFrame.ceiling_referrals, lambda referrals: referrals * 1.3 + 0.5),
    "smaller groups": ("pledges", PledgeFrame.min_group, lambda group: (group - 1).clip(lower=1.0)),
}


@pytest.mark.parametrize("what", MORE)
@pytest.mark.parametrize("seed", range(2))
def test_more_never_lowers_the_optimum(what: str, seed: int) -> None:
    """In none of 30 worlds, each by itself; and it does raise some, so that the test can fail."""
    table, column, change = MORE[what]
    world = seeded_archipelago(200 + seed, 30)
    before = worth(world)
    after = worth(world.change(**{table: raise_some(getattr(world, table), column, change, seed)}))
    assert (after >= before - 1e-9).all()
    assert (after > before + 1e-9).any() or what == "smaller groups"


def test_one_more_pathway_never_lowers_the_optimum() -> None:
    world = seeded_archipelago(210, 30)
    tags = world.pledges[PledgeFrame.pledge_id].str[:4]
    all_of = world.pathways.groupby(world.pathways[PathwayFrame.pathway_id].str[:4])[PathwayFrame.pathway_id]
    wider = world.pledges.assign(**{PledgeFrame.pathways: tags.map(all_of.agg(";".join)).astype("str")})
    before, after = worth(world), worth(world.change(pledges=wider))
    assert (after >= before - 1e-9).all()
    assert (after > before + 1e-9).any()


def test_a_pledge_out_of_reach_changes_only_its_own_row() -> None:
    world = seeded_archipelago(211, 10)
    far = world.pledges.iloc[[0]].assign(**{PledgeFrame.pledge_id: "zzz.far", PledgeFrame.hours: 500.0})
    wider = world.change(pledges=pd.concat([world.pledges, far], ignore_index=True))
    old, new = world.solve(), wider.solve()
    assert_frame_equal(old.allocation, new.allocation)
    assert_frame_equal(world.unmet(old), wider.unmet(new))
    hours, others = wider.unmatched(new), world.unmatched(old)
    assert_frame_equal(hours[hours[HoursReasonFrame.pledge_id] != "zzz.far"].reset_index(drop=True), others)


@pytest.mark.parametrize("seed", range(2))
def test_a_pledge_split_at_a_whole_course_keeps_the_optimum(seed: int) -> None:
    """Pledges for one person at a time, of one pathway, that reach all of a PCN or none of it."""
    world = seeded_archipelago(220 + seed, 30)
    reach = world.reach.assign(**{ReachFrame.reach_share: 1.0})
    world = world.change(reach=reach)
    ids, hours = world.pledges[PledgeFrame.pledge_id], world.pledges[PledgeFrame.hours]
    offers = world.offers.set_index(OfferFrame.pledge_id)
    alone = offers[~offers[OfferFrame.led] & ~offers.index.duplicated(keep=False)]
    can = ids.isin(alone.index)
    assert can.sum() > 10
    course = ids[can].map(alone[OfferFrame.course_hours])
    first = (np.floor(hours[can] / course / 2) * course).reindex(ids.index).fillna(0.0)
    rest = world.pledges.assign(**{PledgeFrame.hours: hours - first})
    halves = world.pledges.assign(**{PledgeFrame.hours: first, PledgeFrame.pledge_id: ids + "b"})[can]
    theirs = reach[reach[ReachFrame.pledge_id].isin(ids[can])]
    theirs = theirs.assign(**{ReachFrame.pledge_id: theirs[ReachFrame.pledge_id] + "b"})
    split = world.change(pledges=pd.concat([rest, halves], ignore_index=True), reach=pd.concat([reach, theirs]))
    assert worth(split).to_numpy() == pytest.approx(worth(world).to_numpy(), abs=1e-9)


def test_a_pledge_split_within_a_course_may_lose_one() -> None:
    """20 hours hold two courses of 10; 15 and 5 hold one, and what is left over is told."""
    rows = [pledge("P", "walk", 20.0)], [pledge("P", "walk", 15.0), pledge("Q", "walk", 5.0)]
    whole, halves = (make_world(pathways=[pathway("walk", 10.0)], pledges=p, demand={("A", "walk"): 3}) for p in rows)
    assert (whole.solve().objective, halves.solve().objective) == (2.0, 1.0)
    left = halves.unmatched(halves.solve())
    assert dict(zip(left[HoursReasonFrame.reason], left[HoursReasonFrame.hours], strict=True)) == {"rounding": 5.0}


# --- order never matters


def outputs(world: World, match: Match) -> dict[str, pd.DataFrame]:
    return {
        "offers": world.offers, "ineligible": world.ineligible, "caps": world.caps, "allocation": match.allocation,
        "courses": match.courses, "levels": match.levels, "first allocation": match.first_allocation,
        "ledger": world.ledger(match), "unmet": world.unmet(match), "unmatched": world.unmatched(match),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_the_order_of_rows_changes_no_byte(way: str) -> None:
    """All input tables shuffled, one way and another: the same tables come out, to the last digit."""
    world = seeded_archipelago(230, 20)
    first = outputs(world, WAYS[way](world))
    for seed in range(2):
        mixed = world.change(**{t: getattr(world, t).sample(frac=1, random_state=seed) for t in TABLES})
        again = outputs(mixed, WAYS[way](mixed))
        for name, table in first.items():
            assert_frame_equal(table, again[name], obj=name, check_exact=True)
            assert table.to_csv(float_format="%r") == again[name].to_csv(float_format="%r"), name


@pytest.mark.parametrize("table", ["offers", "caps", "demand", "ceilings", "need", "pathways"])
def test_the_order_of_rows_does_not_reach_the_problem(table: str) -> None:
    world = seeded_archipelago(231, 10)
    first = tables_of(world)
    # Sums of such shares differ in the last digit with the order in which they are added up.
    shares = np.random.default_rng(2).random(len(first["need"]))
    first["need"] = first["need"].assign(**{NeedFrame.core20_share: shares})
    one = build(first)
    for seed in range(10):
        other = build({**first, table: first[table].sample(frac=1, random_state=seed)})
        for name in one.__dataclass_fields__:
            assert (getattr(one, name) == getattr(other, name)).all(), name


# --- what is no number is refused


def tables_of(world: World) -> dict[str, pd.DataFrame]:
    return {name: getattr(world, name) for name in ("offers", "caps", "demand", "ceilings", "need", "pathways")}


def build(tables: dict[str, pd.DataFrame]) -> MatchProblem:
    rest = {name: tables[name] for name in ("ceilings", "need", "pathways")}
    return MatchProblem.from_frames(tables["offers"], tables["caps"], tables["demand"], **rest)


NUMBERS = [
    ("offers", OfferFrame.pool_hours), ("offers", OfferFrame.course_hours), ("offers", OfferFrame.course_places),
    ("offers", OfferFrame.min_group), ("caps", CapFrame.cap_places), ("caps", CapFrame.minutes_min),
    ("demand", DemandFrame.demand_places), ("ceilings", CeilingFrame.ceiling_referrals), ("need", NeedFrame.weight),
    ("pathways", PathwayFrame.uptake_share), ("pathways", PathwayFrame.completion_share),
]  # fmt: skip
ABOVE_NOTHING = {OfferFrame.course_hours, PathwayFrame.uptake_share, PathwayFrame.completion_share}


@pytest.mark.parametrize(("table", "column"), NUMBERS, ids=[column for _, column in NUMBERS])
@pytest.mark.parametrize("row", [0, -1])
def test_what_is_no_number_is_refused_before_the_solver(table: str, column: str, row: int) -> None:
    tables = tables_of(seeded_archipelago(240, 8))
    build(tables)
    for bad in (float("nan"), float("inf"), -float("inf"), -1.0, *([0.0] if column in ABOVE_NOTHING else [])):
        figures = tables[table][column].astype(float)
        figures.iloc[row] = bad
        with pytest.raises(SolveError, match="The match was given"):
            build({**tables, table: tables[table].assign(**{column: figures})})


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("demand", DemandFrame.pcn_code), ("demand", DemandFrame.pathway_id), ("need", NeedFrame.pcn_code),
        ("ceilings", CeilingFrame.pcn_code), ("pathways", PathwayFrame.pathway_id), ("caps", CapFrame.pledge_id),
        ("offers", OfferFrame.pathway_id),
    ],
)  # fmt: skip
def test_a_key_that_is_nowhere_else_is_refused(table: str, column: str) -> None:
    """Position −1 of an array is its last entry: a key that is not found must not borrow another's figures."""
    world = make_world(
        pathways=[pathway("walk"), pathway("rest")], pledges=[pledge("P", "walk", 3)],
        demand={("A", "walk"): 2, ("B", "walk"): 2, ("B", "rest"): 1},
    )  # fmt: skip
    tables = tables_of(world)
    build(tables)
    renamed = tables[table].replace({column: {"B": "X", "walk": "X", "P": "X"}})
    with pytest.raises(SolveError):
        build({**tables, table: renamed})


def test_the_arrays_of_a_problem_cannot_be_written_to() -> None:
    problem = seeded_archipelago(241, 3).problem()
    for name in problem.__dataclass_fields__:
        assert not getattr(problem, name).flags.writeable, name


# --- extremes


def check_all(world: World) -> Match:
    """Matched in every way, proven, explained, and in tables of the declared kinds; returns the best."""
    best = world.solve()
    assert best.status == "optimal"
    for name, solve in WAYS.items():
        match = solve(world)
        world.prove(match, fair(0.1) if "fair" in name else EXACT)
        assert match.status in ("optimal", "stopped")
        assert set(match.levels[LevelFrame.status]) <= set(LEVEL_STATUSES)
        assert match.bound >= best.objective - 1e-9 * max(1.0, best.objective)
        assert match.objective <= best.objective + 1e-9 * max(1.0, best.objective)
    kinds = {
        "allocation": AllocationFrame, "first allocation": AllocationFrame, "courses": CourseFrame,
        "levels": LevelFrame, "ledger": LedgerFrame, "unmet": UnmetFrame,
        "unmatched": HoursReasonFrame,
    }  # fmt: skip
    made = outputs(world, best)
    for name, model in kinds.items():
        assert check_frame(made[name], model, source=name)[1] == []
    return best


WALK, REHAB = pathway("walk", 10.0, 0.67, 0.5), pathway("rehab", 16.0, 0.3, 0.75)
DEMAND = {(pcn, path): 6 for pcn in "ABC" for path in ("walk", "rehab")}


@pytest.mark.slow
def test_all_ties() -> None:
    """Equal pledges, equal PCNs, equal weights: any plan that fills all hours is best, and the same one comes out."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge(f"P{k}", "walk", 40) for k in range(4)],
        demand={(pcn, "walk"): 6 for pcn in "ABC"},
    )  # fmt: skip
    best = check_all(world)
    assert best.objective == pytest.approx(16.0)
    assert_frame_equal(best.allocation, world.solve().allocation)


@pytest.mark.slow
@pytest.mark.parametrize("pledges", [[], [pledge("P", "walk", 0.0)], [pledge("P", "walk;rehab", 9.9)]])
def test_no_supply(pledges: list) -> None:
    world = make_world(pathways=[WALK, REHAB], pledges=pledges, demand=DEMAND)
    best = check_all(world)
    assert (best.objective, best.bound, best.gap_share) == (0.0, 0.0, 0.0)
    assert set(world.unmet(best)[UnmetFrame.reason]) == {"no_compatible_pledge"}


@pytest.mark.slow
@pytest.mark.parametrize("demand", [dict.fromkeys(DEMAND, 0), {}])
def test_no_demand(demand: dict) -> None:
    rows = [pledge("P", "walk", 100), led("Q", "rehab", 100, 8)]
    reach = {(name, pcn): 1.0 for name in "PQ" for pcn in "ABC"}
    world = make_world(pathways=[WALK, REHAB], pledges=rows, demand=demand, reach=reach)
    best = check_all(world)
    assert best.objective == 0.0
    assert set(world.unmatched(best)[HoursReasonFrame.reason]) == {"no_demand_in_reach"}


@pytest.mark.slow
def test_nobody_in_reach() -> None:
    world = make_world(pathways=[WALK, REHAB], pledges=[pledge("P", "walk", 100)], demand=DEMAND, reach={})
    best = check_all(world)
    assert set(world.unmatched(best)[HoursReasonFrame.reason]) == {"nobody_in_reach"}
    assert set(world.unmet(best)[UnmetFrame.reason]) == {"none_within_reach", "no_compatible_pledge"}


@pytest.mark.slow
def test_no_link_workers() -> None:
    world = make_world(
        pathways=[WALK, REHAB], pledges=[pledge("P", "walk;rehab", 100)], demand=DEMAND,
        ceilings=dict.fromkeys("ABC", 0.0),
    )  # fmt: skip
    best = check_all(world)
    assert best.objective == 0.0
    assert set(world.unmatched(best)[HoursReasonFrame.reason]) == {"link_worker_ceiling"}
    assert set(world.unmet(best)[UnmetFrame.reason]) == {"link_worker_ceiling"}


@pytest.mark.slow
@pytest.mark.parametrize(("walks", "rehabs"), [(6, 0), (0, 6), (3, 2), (5, 6)])
def test_a_ceiling_met_exactly(walks: int, rehabs: int) -> None:
    """walks ÷ 0.67 + rehabs ÷ 0.3 referrals are enough for just those, whatever the last binary digit."""
    world = make_world(
        pathways=[WALK, REHAB], pledges=[pledge("P", "walk;rehab", 1000)],
        demand={("A", "walk"): walks, ("A", "rehab"): rehabs},
        ceilings={"A": walks / 0.67 + rehabs / 0.3},
    )  # fmt: skip
    best = check_all(world)
    assert best.allocation[AllocationFrame.places].sum() == walks + rehabs
    assert world.unmet(best)[UnmetFrame.unmet_places].sum() == 0


@pytest.mark.slow
def test_hours_from_a_hundredth_to_ten_million() -> None:
    """Nine orders of magnitude in one match; the great pledges alone could serve everybody."""
    hours = [0.01, 0.25, 10.0, 10.01, 999.0, 1e5, 1e7]
    rows = [pledge(f"P{k}", "walk;tiny", h) for k, h in enumerate(hours)]
    rows += [led(f"L{k}", "walk;rehab", h, 20.0, least=8.0, fill=0.8) for k, h in enumerate(hours)]
    many = {(pcn, path): 200_000 for pcn in "AB" for path in ("walk", "rehab")}
    world = make_world(
        pathways=[WALK, REHAB, pathway("tiny", 0.01)], pledges=rows,
        demand={**many, ("A", "tiny"): 30, ("C", "walk"): 1},
        ceilings={"A": 4e5, "B": 1e5, "C": 2.0}, weights={"A": 1.0, "B": 1e-3, "C": 50.0},
    )  # fmt: skip
    best = check_all(world)
    served = best.allocation.groupby(AllocationFrame.pcn_code)[AllocationFrame.places].sum()
    assert served["C"] == 1


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e6])
def test_the_unit_of_need_does_not_matter(scale: float) -> None:
    """Neither to completions nor to what is held of them while the levels after are worked on."""
    world, params = seeded_archipelago(250, 15), fair(0.05)
    # Which of several equal first plans is found may depend on the unit, and with it what is held of Core20.
    world = world.change(need=world.need.assign(**{NeedFrame.core20_share: float("nan")}))
    other = world.change(need=world.need.assign(**{NeedFrame.weight: world.need[NeedFrame.weight] * scale}))
    first, second = world.solve(params), other.solve(params)
    assert second.objective / scale == pytest.approx(first.objective, rel=1e-9)
    assert second.bound / scale == pytest.approx(first.bound, rel=1e-9)
    columns = [LevelFrame.value, LevelFrame.bound]
    told, others = (match.levels.set_index(LevelFrame.objective)[columns] for match in (first, second))
    for name in ("completions", "completions_kept"):
        others.loc[name] /= scale
    assert others.to_numpy() == pytest.approx(told.to_numpy(), rel=1e-6, abs=1e-6)


@pytest.mark.slow
def test_a_course_of_nine_seats_and_a_fraction_needs_whole_people() -> None:
    """9.6 seats and a smallest group of 9.5: one course holds 9, which is too few; five hold 48, which is enough."""
    rows = [led("P", "walk", 50, 12, least=9.5, fill=0.8)]
    world = make_world(pathways=[WALK], pledges=rows, demand={("A", "walk"): 60})
    best = check_all(world)
    assert best.allocation[AllocationFrame.places].tolist() == [48]
    alone = make_world(pathways=[WALK], pledges=[rows[0] | {PledgeFrame.hours: 10.0}], demand={("A", "walk"): 60})
    assert check_all(alone).objective == 0.0
    assert alone.unmatched(alone.solve())[HoursReasonFrame.reason].tolist() == ["below_minimum_group"]


def test_time_spent_is_told_by_the_status() -> None:
    """With no time the plan is filled by value; where that is not proven best it says so."""
    world = make_world(
        pathways=[pathway("walk", 10.0), pathway("rehab", 16.0, completion=0.9)],
        pledges=[pledge("P", "walk;rehab", 32)], demand={("A", "walk"): 1, ("A", "rehab"): 2},
    )  # fmt: skip
    hurried, best = world.solve(NO_TIME), world.solve(EXACT)
    assert (hurried.objective, hurried.status) == (1.9, "stopped")
    assert (best.objective, best.status) == (pytest.approx(1.9), "optimal")
    assert hurried.gap_share == pytest.approx((hurried.bound - hurried.objective) / hurried.bound)
