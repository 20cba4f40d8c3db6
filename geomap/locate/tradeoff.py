"""Trade-offs: the most need met when each site must be covered better, or when there is less to spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..config import SiteParams
from ..errors import InfeasibleError
from ..schema import CandidateFrame, TradeoffFrame
from ..schema.words import LIST_SEPARATOR
from .conditions import CountBy, build_conditions
from .master import best_sum
from .problem import NO_SITE, Condition
from .search import Chooser, Portfolio

GAP_SHARE = 0.005
"""A point of a curve is proven less closely than the portfolio that is recommended."""
MOST_SITES = 2.0
"""The curve of the number of sites ends at so many times the number asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What the curves are drawn from."""

    chooser: Chooser
    candidates: pd.DataFrame
    """`CandidateFrame`, sorted by id."""
    params: SiteParams
    count_by: CountBy
    chosen: Portfolio


def worst_coverage(chooser: Chooser, portfolio: Portfolio) -> float:
    """The least share of its demand that a PCN of a chosen site gets; not a number where none asks for anything."""
    problem = chooser.problem
    wanted = problem.match.pcn_demand
    mine = np.append(portfolio.chosen, False)[problem.site_of_pcn] & (wanted > 0)
    given = problem.match.by_pcn(portfolio.places)
    return float((given[mine] / wanted[mine]).min()) if mine.any() else float("nan")


def trace_curves(traced: Traced, progress: Callable[[str], None]) -> pd.DataFrame:
    """
    The points of the curves.

    Returns
    -------
    tradeoffs
        `TradeoffFrame`, by curve and limit. Limits that nothing can meet have no point.
    """
    loose = replace(traced.chooser, gap_share=max(GAP_SHARE, traced.chooser.gap_share), served={})
    rows = []
    for curve, points in (("coverage", _by_coverage), ("cost", _by_cost), ("sites", _by_count)):
        drawn = [_row(traced, curve, limit, found, chosen) for limit, found, chosen in points(traced, loose)]
        rows += sorted(drawn, key=lambda row: (row[TradeoffFrame.limit], not row[TradeoffFrame.chosen]))
        progress(f"trade-off of need met with {curve}")
    columns = TradeoffFrame.to_schema().columns
    kinds = {name: "str" if str(c.dtype).startswith("str") else str(c.dtype) for name, c in columns.items()}
    return pd.DataFrame(rows, columns=list(columns)).astype(kinds)


Point = tuple[float, Portfolio, bool]


def _by_coverage(traced: Traced, loose: Chooser) -> Iterator[Point]:
    own = traced.params.min_coverage
    yield own, traced.chosen, True
    start = max(own, worst_coverage(traced.chooser, traced.chosen))
    end = _best_coverage(traced)
    if not end > start:
        return
    better = None
    # From the highest down: what keeps to a higher limit keeps to a lower one, so that the curve never turns back.
    for limit in np.linspace(start, end, traced.params.tradeoff_points)[:0:-1]:
        # To the ten-thousandth and down: a limit that can be met stays one.
        limit = float(np.floor(limit * 1e4) / 1e4)
        found = _try(loose.at_coverage(limit), None, better)
        if found is not None:
            better = found
            yield limit, found, False


def _best_coverage(traced: Traced) -> float:
    """The highest least coverage for which there are enough sites that could reach it alone."""
    problem, alone = traced.chooser.problem, traced.chooser.at_coverage(1.0).alone
    wanted = problem.match.pcn_demand
    if alone.most is None:
        return 0.0  # nobody wants a place
    inside = problem.site_of_pcn != NO_SITE
    share = np.where(wanted > 0, alone.most / np.maximum(wanted, 1.0), 1.0)
    of_site = np.ones(len(problem.site_ids))
    np.minimum.at(of_site, problem.site_of_pcn[inside], share[inside])
    levels = np.unique(of_site)
    low, high = -1, len(levels) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if best_sum(np.zeros(len(of_site)), problem.conditions, of_site >= levels[middle]) is None:
            high = middle - 1
        else:
            low = middle
    return float(levels[low]) if low >= 0 else 0.0


def _by_cost(traced: Traced, loose: Chooser) -> Iterator[Point]:
    cost = traced.candidates[CandidateFrame.setup_cost].to_numpy(dtype=float)
    if not cost.any():
        return
    spent = float(cost[traced.chosen.chosen].sum())
    yield spent if traced.params.budget is None else traced.params.budget, traced.chosen, True
    every = np.ones(len(cost), dtype=bool)
    free = traced.params.model_copy(update={"budget": None})
    rules = build_conditions(traced.candidates, free, traced.count_by)
    cheapest = best_sum(cost.max() - cost, rules, every)
    best = _try(loose, rules)
    if cheapest is None or best is None:
        return
    cheaper = None
    ends = float(cost[cheapest.chosen].sum()), float(cost[best.chosen].sum())
    for limit in sorted({round(float(x), 2) for x in np.linspace(*ends, traced.params.tradeoff_points)}):
        under = Condition.one(f"spend at most £{limit:,.0f} to set up", cost, most=limit)
        found = _try(loose, (*rules, under), cheaper, best)
        if found is not None:
            cheaper = found
            yield limit, found, False


def _by_count(traced: Traced, loose: Chooser) -> Iterator[Point]:
    asked = traced.params.count
    yield float(asked), traced.chosen, True
    most = min(round(MOST_SITES * asked), len(traced.candidates))
    for count in sorted({round(float(x)) for x in np.linspace(1, most, traced.params.tradeoff_points)} - {asked}):
        rules = build_conditions(traced.candidates, traced.params.model_copy(update={"count": count}), traced.count_by)
        found = _try(loose, rules)
        if found is not None:
            yield float(count), found, False


def _try(
    chooser: Chooser, rules: tuple[Condition, ...] | None = None, *known: Portfolio | None
) -> Portfolio | None:
    """The best portfolio, no worse than those known that keep to the rules; `None` where there is none."""
    try:
        return chooser.choose(instead=rules, tried=[one.chosen for one in known if one is not None])
    except InfeasibleError:
        return None


def _row(traced: Traced, curve: str, limit: float, found: Portfolio, chosen: bool) -> dict[str, object]:
    ids, cost = traced.chooser.problem.site_ids, traced.candidates[CandidateFrame.setup_cost].to_numpy(dtype=float)
    f = TradeoffFrame
    return {
        f.curve: curve, f.limit: limit, f.value: found.value, f.bound: found.bound, f.gap_share: found.gap_share,
        f.worst_coverage_share: worst_coverage(traced.chooser, found), f.setup_cost: float(cost[found.chosen].sum()),
        f.sites: LIST_SEPARATOR.join(ids[found.chosen]), f.chosen: chosen,
    }  # fmt: skip
