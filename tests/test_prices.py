"""Shadow prices: worked by hand, held against the match solved again with more, and told in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from made_up import made_up_tables
from small_worlds import World, led, make_frame, make_world, pathway, pledge, reach_row, seeded_archipelago
from tiny_world import make_tiny_world

from geomap import offers
from geomap.config import Scenario
from geomap.demand import bound_places
from geomap.demo import demo_scenario
from geomap.match import MatchProblem
from geomap.match.prices import NEXT, Prices, relaxed_prices
from geomap.phrases import plan_prices
from geomap.pipeline import Inputs, load_inputs
from geomap.pipeline._ground import Ground
from geomap.pipeline._people import People
from geomap.pipeline._prices import (
    Priced,
    name_prices,
    price_plan,
    reach_farther,
    referrals_of_worker,
)
from geomap.report.summary import describe
from geomap.report.workbook import write_workbook
from geomap.schema import AgeShareFrame, PledgeFrame, PriceFrame, ReachFrame
from geomap.schema.words import EVERYBODY

HAIR = 100 * NEXT
"""What the prices of the next unit may differ by from those of a round world."""


def price(world: World) -> Prices:
    return relaxed_prices(world.problem())


def gain_of(world: World, prices: Prices, name: str, at: int, step: float) -> float:
    """What the relaxation gains when one of its limits is a step higher."""
    limits = getattr(world.problem(), name).copy()
    limits[at] += step
    return relaxed_prices(replace(world.problem(), **{name: limits})).completions - prices.completions


# ---- by hand


def test_hours_alone_are_short() -> None:
    # 20 h are 5 courses of 4 h; the next hour is a quarter of a course in A, where a completion counts 2.
    walk = pathway("walk", 4, completion=0.5)
    world = make_world(
        pathways=[walk], pledges=[pledge("P", "walk", 20)], demand={("A", "walk"): 10}, weights={"A": 2.0}
    )
    prices = price(world)
    assert prices.of_hours()["P"] == pytest.approx(2 * 0.5 / 4)
    assert prices.completions == pytest.approx(5.0, abs=HAIR)
    assert prices.of_referrals(50)["A"] == 0
    assert gain_of(world, prices, "pool_hours", 0, 0.5) == pytest.approx(0.5 * prices.of_hours()["P"])


def test_an_hour_of_a_class_is_worth_its_seats() -> None:
    # 16 h of a class of 5, filled to 0.8: two courses of 8 h and 4 seats. The next hour is half a seat.
    world = make_world(
        pathways=[pathway("rehab", 8)], pledges=[led("P", "rehab", 16, 5, fill=0.8)], demand={("A", "rehab"): 30}
    )
    assert price(world).of_hours()["P"] == pytest.approx(0.5)


def test_referrals_alone_are_short() -> None:
    # 4 referrals are 2 places at an uptake of half. One more is half a place; 100 more are the 3 places still wanted.
    world = make_world(
        pathways=[pathway("walk", 4, uptake=0.5)], pledges=[pledge("P", "walk", 400)], demand={("A", "walk"): 5},
        ceilings={"A": 4.0},
    )  # fmt: skip
    prices = price(world)
    assert prices.of_hours()["P"] == 0
    assert prices.referral == pytest.approx([0.5])
    assert prices.of_referrals(1.0)["A"] == pytest.approx(0.5, abs=HAIR)
    assert prices.of_referrals(100.0)["A"] == pytest.approx(3.0, abs=HAIR)


def test_where_limits_are_met_exactly_the_next_unit_is_priced_and_not_the_last() -> None:
    # 40 h are just what the 10 places take: without the last hour one fewer is served, with one more nobody.
    walk = pathway("walk", 4)
    world = make_world(pathways=[walk], pledges=[pledge("P", "walk", 40)], demand={("A", "walk"): 10})
    assert price(world).of_hours()["P"] == 0
    # The same of link workers: 10 referrals for 10 places.
    world = make_world(
        pathways=[walk], pledges=[pledge("P", "walk", 400)], demand={("A", "walk"): 10}, ceilings={"A": 10.0}
    )
    assert price(world).of_referrals(1.0)["A"] == 0


def test_a_share_of_a_pledge_that_another_pcn_wants_is_charged_for() -> None:
    # 40 h serve A to the full, as far as its link worker refers, and B with the rest. A place more in A is worth 2,
    # and takes one worth 1 from B.
    world = make_world(
        pathways=[pathway("walk", 4)], pledges=[pledge("P", "walk", 40)],
        demand={("A", "walk"): 20, ("B", "walk"): 20}, ceilings={"A": 5.0}, weights={"A": 2.0, "B": 1.0},
    )  # fmt: skip
    prices = price(world)
    assert prices.of_hours()["P"] == pytest.approx(0.25)
    assert prices.of_referrals(3.0)["A"] == pytest.approx(3 * (2 - 1), abs=HAIR)
    # All ten places of the pledge, and no more: five beyond those it has.
    assert prices.of_referrals(100.0)["A"] == pytest.approx(5 * (2 - 1), abs=HAIR)


def test_the_tiny_world() -> None:
    # P1: 48 h, the last in A (0.5 ÷ 4). P3 has hours to spare, so a referral in C is half a walk: 0.5 ÷ 2.
    # P2: D has its 6 seats; a seat more is for C: 0.75 less 1.25 referrals; 4 seats take 8 h. P5: 4 of 12 seats taken.
    prices = price(make_tiny_world())
    hours = {"P1": 0.125, "P2": (0.75 - 1.25 * 0.25) * 4 / 8, "P3": 0, "P4": 0, "P5": 0}
    assert prices.of_hours()[list(hours)].to_dict() == pytest.approx(hours)
    assert prices.referral == pytest.approx([0, 0, 0.25, 0])
    # Places of the relaxation: P1 6 in A and 6 in B, P2 6 in D and 2 in C, P3 5 in D and 5.5 ÷ 2 in C, P5 4 in A.
    assert prices.completions == pytest.approx(3 + 6 + 6.75 + 1.5 + 3.75 + 1.375 + 3, abs=HAIR)
    # With all the referrals it likes C walks 2.25 more, and has 4 seats more of P2, each at 2 h of its price.
    gain = prices.of_referrals(100.0)
    assert gain["C"] == pytest.approx(2.25 * 0.5 + 4 * (0.75 - 2 * hours["P2"]), abs=HAIR)
    assert gain.drop("C").eq(0).all()


def test_a_longer_way_in_the_tiny_world() -> None:
    # With 15 km in place of 12.5 P3, which has hours to spare, reaches the 0.4 of B that nobody served.
    world = make_tiny_world()
    near = world.reach[world.reach[ReachFrame.pcn_code].ne("B")]
    now = [("P1", 1.0, "F1"), ("P5", 1.0, "F1"), ("P2", 0.4, "F2"), ("P3", 0.4, "F2")]
    reach = pd.concat([near, make_frame(ReachFrame, [reach_row(p, "B", share, at) for p, share, at in now])])
    caps = bound_places(
        world.offers, reach, world.demand, pledges=world.pledges, pathways=world.pathways,
        ages=make_frame(AgeShareFrame, []),
    )  # fmt: skip
    total, alone = price(world).of_reach(replace(world, caps=caps).problem())
    assert total == pytest.approx(4 * 1.0, abs=HAIR)
    assert alone.to_dict() == pytest.approx({"A": 0, "B": 4.0, "C": 0, "D": 0}, abs=HAIR)


def test_nobody_alone_gains_more_than_all_together() -> None:
    # The idle 12 h come within reach of A and B, which want 3 places each; they have 3 in all.
    args = {"pathways": [pathway("walk", 4)], "pledges": [pledge("P", "walk", 12)]}
    demand = {("A", "walk"): 3, ("B", "walk"): 3}
    alone = price(make_world(**args, demand=demand, reach={}))
    total, gains = alone.of_reach(make_world(**args, demand=demand).problem())
    assert total == pytest.approx(3.0, abs=HAIR)
    assert gains.to_list() == pytest.approx([3.0, 3.0], abs=HAIR)


def test_no_supply_and_no_demand_have_no_prices() -> None:
    walk, wanted = pathway("walk", 4), {("A", "walk"): 5}
    for world in (
        make_world(pathways=[walk], pledges=[], demand=wanted),
        make_world(pathways=[walk], pledges=[pledge("P", "walk", 2)], demand=wanted),
        make_world(pathways=[walk], pledges=[pledge("P", "walk", 40)], demand={("A", "walk"): 0}),
        make_world(pathways=[walk], pledges=[pledge("P", "walk", 40)], demand=wanted, reach={}),
    ):
        prices = price(world)
        total, alone = prices.of_reach(world.problem())
        assert prices.completions == total == 0
        assert not prices.of_hours().any() and not prices.of_referrals(50.0).any() and not alone.any()


def test_a_course_that_is_never_viable_gains_nothing() -> None:
    # One course of 9.6 seats holds 9 people, and 9.5 are needed: no course in the relaxation, whoever may be referred.
    world = make_world(
        pathways=[pathway("walk", 4)], pledges=[led("P", "walk", 4, 12, fill=0.8, least=9.5)],
        demand={("A", "walk"): 40}, ceilings={"A": 0.0},
    )  # fmt: skip
    assert not price(world).of_referrals(50.0).any()


def test_without_time_there_are_no_prices() -> None:
    world = seeded_archipelago(3, 30)
    assert relaxed_prices(world.problem(), 0.0) is None
    prices = price(world)
    assert prices.of_referrals(50.0, 0.0) is None
    assert prices.of_reach(world.problem(), 0.0) is None


# ---- laws


@cache
def drawn(seed: int) -> tuple[World, Prices]:
    """Ten random worlds side by side, and their prices."""
    world = seeded_archipelago(seed, 10)
    return world, price(world)


SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_add_up_to_the_relaxation(seed: int) -> None:
    _, prices = drawn(seed)
    worth = prices.hour @ prices.problem.pool_hours + prices.surplus.sum()
    assert worth == pytest.approx(prices.completions, rel=1e-9)
    assert (prices.hour > 0).any() and (prices.referral > 0).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_more_hour_never_brings_more_than_its_price(seed: int) -> None:
    world, prices = drawn(seed)
    brought = np.array([gain_of(world, prices, "pool_hours", at, 1.0) for at in range(len(prices.hour))])
    assert (brought <= prices.hour + 1e-6).all()
    # Nor is a price an empty promise: a small step brings all of it, but where a ceiling is met at the same point.
    priced = np.flatnonzero(prices.hour > 1e-6)
    first = np.array([gain_of(world, prices, "pool_hours", at, 0.001) for at in priced])
    assert np.isclose(first, 0.001 * prices.hour[priced], rtol=0.02).mean() > 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_more_referrals_never_bring_more_than_is_told(seed: int) -> None:
    world, prices = drawn(seed)
    size, step = len(prices.referral), 2.5
    told = prices.of_referrals(step).to_numpy()
    assert (told <= step * prices.referral + 1e-9).all()
    assert (told < step * prices.referral - 0.1).any(), "a long step is worth no less than a short one"
    brought = np.array([gain_of(world, prices, "ceiling", at, step) for at in range(size)])
    assert (brought <= told + 1e-6).all()
    priced = told > 1e-6
    assert np.isclose(brought[priced], told[priced], atol=1e-3).any()


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_a_longer_way_never_brings_more_than_is_told(seed: int) -> None:
    world, prices = drawn(seed)
    share = world.reach[ReachFrame.reach_share]
    wide = world.change(reach=world.reach.assign(reach_share=(share + 0.4).clip(upper=1.0)))
    total, alone = prices.of_reach(wide.problem())
    assert total == pytest.approx(relaxed_prices(wide.problem()).completions - prices.completions)
    assert 0 < total <= alone.sum() + 1e-6
    for code in alone.index:
        here = world.reach[ReachFrame.pcn_code].eq(code)
        one = world.change(reach=pd.concat([world.reach[~here], wide.reach[here.to_numpy()]]))
        assert price(one).completions - prices.completions <= alone[code] + 1e-6


def test_the_order_of_the_rows_changes_nothing() -> None:
    world, prices = drawn(1)
    names = ("offers", "caps", "demand", "ceilings", "need", "pathways")
    turned = replace(world, **{name: getattr(world, name).iloc[::-1].reset_index(drop=True) for name in names})
    again = price(turned)
    pd.testing.assert_series_equal(again.of_hours(), prices.of_hours(), check_exact=True)
    pd.testing.assert_series_equal(again.of_referrals(50.0), prices.of_referrals(50.0), check_exact=True)


# ---- the demo, without its match


@dataclass(frozen=True, kw_only=True)
class Demo:
    scenario: Scenario
    inputs: Inputs
    people: People
    ground: Ground

    def problem(self, reach: pd.DataFrame) -> MatchProblem:
        ground, people, period = self.ground, self.people, self.scenario.period
        offered, _ = offers.link_offers(
            ground.pledges, ground.facilities, people.pathways, period=period, params=self.scenario.match
        )
        caps = bound_places(
            offered, reach, people.demand, pledges=ground.pledges, pathways=people.pathways, ages=people.ages
        )
        return MatchProblem.from_frames(
            offered, caps, people.demand, ceilings=people.ceilings, need=people.need, pathways=people.pathways
        )

    def farther(self) -> MatchProblem:
        return self.problem(reach_farther(self.scenario, self.people, self.ground))

    def priced(self, **more: bool) -> Priced:
        near = self.problem(self.ground.reach)
        return price_plan(near, self.farther, self.ground.pledges, self.scenario, **more)


@pytest.fixture(scope="module")
def demo() -> Demo:
    scenario = Scenario.from_toml(demo_scenario())
    inputs = load_inputs(scenario)
    people = People.build(inputs, scenario)
    return Demo(scenario=scenario, inputs=inputs, people=people, ground=Ground.build(inputs, scenario, people))


def test_no_step_farther_is_the_reach_of_the_run(demo: Demo) -> None:
    pd.testing.assert_frame_equal(reach_farther(demo.scenario, demo.people, demo.ground, 0.0), demo.ground.reach)


def test_a_step_farther_takes_nobody_out_of_reach(demo: Demo) -> None:
    keys = [ReachFrame.pledge_id, ReachFrame.pcn_code]
    near = demo.ground.reach.set_index(keys)
    far = reach_farther(demo.scenario, demo.people, demo.ground).set_index(keys)
    assert near.index.isin(far.index).all() and len(far) > len(near)
    assert far.loc[near.index, ReachFrame.reach_share].ge(near[ReachFrame.reach_share]).all()
    for basis in ("digital", "outreach"):
        ruled = far[ReachFrame.basis].eq(basis)
        pd.testing.assert_frame_equal(far[ruled], near[near[ReachFrame.basis].eq(basis)])
    # An operator's own limit stays: nobody new comes to a pledge that has one below what patients travel.
    held = demo.ground.pledges[PledgeFrame.max_km].lt(demo.scenario.travel.farthest_m / 1000)
    mine = demo.ground.pledges.loc[held, PledgeFrame.pledge_id]
    assert held.any()
    assert far.index.get_level_values(0).isin(mine).sum() == near.index.get_level_values(0).isin(mine).sum()


def test_the_table_of_the_demo(demo: Demo) -> None:
    rows = demo.priced().rows
    parts = SimpleNamespace(
        pledges=demo.ground.pledges, facilities=demo.ground.facilities, operators=demo.inputs.bank.operators,
        pcns=demo.people.pcns,
    )  # fmt: skip
    table = PriceFrame.validate(name_prices(rows, parts))
    kind, where, worth = (table[name] for name in (PriceFrame.kind, PriceFrame.where, PriceFrame.completions))
    assert kind.drop_duplicates().to_list() == ["fte", "km", "hour"]
    assert table[PriceFrame.name].notna().all()
    assert worth.groupby(kind).agg(lambda dear: dear.is_monotonic_decreasing).all()
    assert worth[where.ne(EVERYBODY)].gt(0).all()
    assert where[kind.eq("km")].iloc[0] == EVERYBODY
    # A participant-hour of a class: the price of its hour by the people who take part in it.
    prices = relaxed_prices(demo.problem(demo.ground.reach))
    pledges = demo.ground.pledges.set_index(PledgeFrame.pledge_id)
    hours = table[kind.eq("hour")].set_index(PriceFrame.where)[PriceFrame.completions]
    classes = hours.index[pledges.loc[hours.index, PledgeFrame.hour_unit].eq("class")]
    people = (pledges[PledgeFrame.group_size] * pledges[PledgeFrame.fill_share])[classes]
    assert len(classes) > 5
    assert (hours[classes] * people).to_list() == pytest.approx(prices.of_hours()[classes].to_list(), abs=1e-6)
    told = table[kind.eq("fte")].set_index(PriceFrame.where)[PriceFrame.completions]
    worker = referrals_of_worker(demo.scenario.link_workers)
    assert worker == 225 * 0.25
    assert told.to_dict() == pytest.approx(prices.of_referrals(worker)[told.index].to_dict(), abs=1e-6)


def test_what_there_was_no_time_for_is_said(demo: Demo) -> None:
    priced = demo.priced(out_of_time=True)
    assert priced.rows.empty
    assert "no time left" in priced.notes[0] and "match.time_limit_s" in priced.notes[0]
    hurried = replace_limit(demo, 0.0).priced()
    assert hurried.rows.empty and hurried.notes == priced.notes


def replace_limit(demo: Demo, time_limit_s: float) -> Demo:
    match = demo.scenario.match.model_copy(update={"time_limit_s": time_limit_s})
    return replace(demo, scenario=demo.scenario.model_copy(update={"match": match}))


# ---- in words


def table(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    names = [PriceFrame.kind, PriceFrame.where, PriceFrame.name, PriceFrame.completions]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[:3], "str") | {names[3]: float})


def test_the_sentences() -> None:
    prices = table(
        ("fte", "U1", "Northern Parishes", 28.96), ("fte", "U2", "South", 27.0), ("km", EVERYBODY, "everybody", 1782.3),
        ("km", "U2", "South", 4.04), ("hour", "P1", "Hall", 0.0425), ("hour", "P2", "Hall", 0.0425),
    )  # fmt: skip
    assert plan_prices(prices) == [
        "One more full-time link worker would bring up to 29.0 weighted completions: in U1 (Northern Parishes).",
        "One more kilometre would bring up to 4.0 weighted completions: in U2 (South); to all at once, 1,782.",
        "One more participant-hour would bring up to 0.043 weighted completions: in P1 (Hall) and 1 more.",
    ]
    short = plan_prices(prices, 100)
    assert max(map(len, short)) <= 100
    assert short[0].endswith("in U1 (Northern Paris…).")
    assert plan_prices(prices, 90)[0].endswith("completions: in U1.")


def test_what_brings_nothing_is_said_and_what_was_not_priced_is_not() -> None:
    assert plan_prices(table()) == []
    nothing = plan_prices(table(("km", EVERYBODY, "everybody", 0.0)))
    assert [sentence.split(":")[0] for sentence in nothing] == [
        "One more full-time link worker would bring nothing",
        "One more kilometre would bring nothing",
        "One more participant-hour would bring nothing",
    ]
    assert len(plan_prices(table(("hour", "P1", "Hall", 0.1)))) == 2
    assert max(map(len, nothing)) <= 100


def test_the_sentences_stand_in_the_terminal_and_in_the_workbook(tmp_path: Path) -> None:
    tables = made_up_tables(12, 20)
    lines = describe(tables).splitlines()
    at = lines.index(plan_prices(tables.prices, 100)[0])
    assert lines[at : at + 3] == plan_prices(tables.prices, 100)
    sheet = openpyxl.load_workbook(write_workbook(tmp_path / "results.xlsx", tables))["Summary"]
    cells = [row[0] for row in sheet.iter_rows(values_only=True)]
    start = cells.index("What one more would bring") + 1
    assert cells[start : start + 3] == [f"• {sentence}" for sentence in plan_prices(tables.prices)]
