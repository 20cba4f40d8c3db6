"""Trade-off curves: each point is the best there is under its limit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_worlds import World, make_world, pathway, pledge
from test_locate import candidates_of, count_by, problem_of, wishes

from geomap.config import SiteParams
from geomap.locate import Chooser, Traced, trace_curves
from geomap.locate.tradeoff import worst_coverage
from geomap.runner import open_runner
from geomap.schema import TradeoffFrame


def uneven() -> World:
    """The larger a PCN, the smaller the share of its demand that its own hours can meet."""
    pcns = "ABCD"
    return make_world(
        pathways=[pathway("w", 1.0)],
        pledges=[pledge(f"p{pcn}", "w", 4.0 + 2 * at) for at, pcn in enumerate(pcns)],
        demand={(pcn, "w"): 4 + 8 * at for at, pcn in enumerate(pcns)},
        reach={(f"p{pcn}", pcn): 1.0 for pcn in pcns},
    )


def curves(world: World, params: SiteParams, **columns: object) -> tuple[pd.DataFrame, Traced]:
    candidates = candidates_of(world).assign(**columns)
    problem = problem_of(world, candidates, params)
    with open_runner(1) as runner:
        chooser = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=60)
        traced = Traced(
            chooser=chooser, candidates=candidates, params=params, count_by=count_by, chosen=chooser.choose()
        )
        return trace_curves(traced, lambda text: None), traced


def test_better_coverage_costs_need_met() -> None:
    """Alone A covers 4 of 4, B 6 of 12, C 8 of 20, D 10 of 28: two sites at 40% are C and B, at 50% B and A."""
    frame, traced = curves(uneven(), wishes(count=2, tradeoff_points=4), setup_cost=0.0)
    TradeoffFrame.validate(frame)
    assert worst_coverage(traced.chooser, traced.chosen) == pytest.approx(10 / 28)
    line = frame[frame["curve"] == "coverage"]
    assert line["chosen"].tolist() == [True, False, False, False]
    assert line["limit"].iloc[-1] == pytest.approx(0.5)
    assert (line["worst_coverage_share"] >= line["limit"]).all()
    best = [18.0 if limit <= 10 / 28 else 14.0 if limit <= 0.4 else 10.0 for limit in line["limit"]]
    assert line["value"].tolist() == pytest.approx(best)
    assert set(frame["curve"]) == {"coverage", "sites"}


def test_more_money_and_more_sites_meet_more_need() -> None:
    costs = [1.0, 2.0, 3.0, 9.0]
    frame, _ = curves(uneven(), wishes(count=2, budget=5.0, tradeoff_points=5), setup_cost=costs)
    line = frame[frame["curve"] == "cost"]
    assert (line["setup_cost"] <= line["limit"] + 1e-9).all() and line["value"].is_monotonic_increasing
    assert line["limit"].iloc[0] == 3.0 and line["value"].iloc[0] == pytest.approx(10.0)
    assert line["limit"].iloc[-1] == 12.0 and line["value"].iloc[-1] == pytest.approx(18.0)
    assert line.loc[line["chosen"], "limit"].tolist() == [5.0]
    assert line.loc[line["chosen"], "value"].tolist() == pytest.approx([14.0])


def test_the_number_of_sites_goes_to_twice_what_was_asked() -> None:
    frame, _ = curves(uneven(), wishes(count=2, tradeoff_points=4), setup_cost=0.0)
    line = frame[frame["curve"] == "sites"]
    assert line["limit"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert line["value"].tolist() == pytest.approx([10.0, 18.0, 24.0, 28.0])


def test_limits_that_cannot_be_met_have_no_point() -> None:
    """Alone each could cover half, but all share one pledge."""
    world = make_world(
        pathways=[pathway("w", 1.0)], pledges=[pledge("p", "w", 4.0)], demand={(pcn, "w"): 8 for pcn in "ABC"}
    )
    frame, _ = curves(world, wishes(count=2, tradeoff_points=6), setup_cost=0.0)
    line = frame[frame["curve"] == "coverage"]
    assert (line["limit"] <= 0.25).all() and line["value"].tolist() == pytest.approx([4.0] * len(line))
    assert np.isfinite(line["bound"]).all()


def test_where_nobody_wants_a_place_there_is_a_curve_of_one_point() -> None:
    world = make_world(
        pathways=[pathway("w", 1.0)], pledges=[pledge("p", "w", 4.0)], demand={(pcn, "w"): 0 for pcn in "ABC"}
    )
    frame, _ = curves(world, wishes(count=2, tradeoff_points=3), setup_cost=0.0)
    assert frame[frame["curve"] == "coverage"]["value"].tolist() == [0.0]
