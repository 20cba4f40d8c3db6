"""The first level: the most need-weighted completions, and a bound that no plan can pass."""

from __future__ import annotations

import numpy as np

from .dive import dive
from .fill import fill_plan
from .goal import Goal
from .memory import digest_of
from .regions import Borders, cut_regions, relax_with_prices
from .state import Search
from .whole import solve_whole

ONE_MODEL_LINKS = 6000
"""Up to this many links are solved as one model."""
REGION_LINKS, WINDOW_LINKS = 4000, 1500
"""Most links of a region and of a window: small enough that HiGHS comes near its best in seconds."""
REGION_STEPS, REGION_GAP = 20, 0.0001
"""Steps for a region in the first round, and the gap at which its bound is good enough."""
WINDOW_STEPS, WINDOW_GAP = 40, 0.003
"""The same for a window. Each round of windows takes twice the steps and half the gap of the one before."""
REBOUND = 3
"""The bound is worked on once more in this round, with as many steps as then are for a window."""


def most_completions(search: Search, goal: Goal) -> float:
    """
    Put the best plan that can be found into `search`.

    Returns
    -------
    bound
        What no plan can pass, in the units of the goal.
    """
    problem = search.problem
    bound = _plain_bound(search)
    if len(problem.link_cap) and search.left_s() > 0:
        solve = solve_whole if len(problem.link_cap) <= ONE_MODEL_LINKS else _solve_regions
        bound = min(bound, solve(search, goal))
    search.places, search.courses = fill_plan(problem, search.places, search.courses)
    return bound


def _solve_regions(search: Search, goal: Goal) -> float:
    """A plan by diving and a bound from priced regions; then windows, cut elsewhere each time, improve the plan."""
    problem = search.problem
    relaxed, price = relax_with_prices(problem, goal, search.left_s())
    dived = dive(problem, goal, search.left_s())
    if dived is None or relaxed is None or not relaxed.complete:
        return float("inf")
    places, courses, bound = dived
    if goal.total(places) > goal.total(search.places):
        search.places, search.courses = places, courses
    search.progress("a first plan; now its bound")
    cost = price * problem.pool_hours + 1e-3
    region = cut_regions(problem, search.at, REGION_LINKS, cost)
    search.memory.region, search.memory.price = region, price
    borders = Borders.find(problem, region, price)
    bound = min(bound, bound_regions(search, borders, goal, REGION_STEPS))
    search.progress(f"plan within {gap_of(search, goal, bound):.2%} of the best possible")
    crossed = borders.crosses.astype(float)
    for turn in range(search.params.rounds):
        if gap_of(search, goal, bound) <= search.params.gap_share or search.left_s() <= 0:
            break
        # Borders that have cut a pledge already are dear, so that each round cuts elsewhere.
        window = cut_regions(problem, search.at, WINDOW_LINKS, cost * (1 + 4 * crossed))
        crossed = crossed + Borders.find(problem, window, price).crosses
        search.improve(window, goal, steps=WINDOW_STEPS * 2**turn, gap_share=WINDOW_GAP / 2**turn)
        if turn == REBOUND:
            bound = min(bound, bound_regions(search, borders, goal, WINDOW_STEPS * 2**turn))
        search.progress(f"plan within {gap_of(search, goal, bound):.2%} of the best possible")
    return bound


def bound_regions(search: Search, borders: Borders, goal: Goal, steps: int) -> float:
    """
    What the proven bounds of the regions add up to, with the hours that cross borders at their price.

    A region whose bound is known already from as many steps is not solved again.
    """
    problem = search.problem
    names, sizes = np.unique(borders.region_of_link, return_counts=True)
    # The largest first, so that no worker is left alone with one at the end.
    names = names[np.argsort(-sizes, kind="stable")]
    parts = [borders.priced(problem, int(name), goal) for name in names]
    digests = [digest_of(part.linear) for part in parts]
    new = [at for at, digest in enumerate(digests) if not search.memory.recall(digest, steps)]
    # Doing nothing holds every limit: with it as a start the solver always has a point, and so a bound to report.
    nothing = (np.zeros(len(search.places)), np.zeros(len(search.courses)))
    starts = [parts[at].point(*nothing) for at in new]
    found = search.solve([parts[at] for at in new], starts=starts, steps=steps, gap_share=REGION_GAP)
    for at, solution in zip(new, found, strict=True):
        search.memory.keep(digests[at], float("inf") if solution is None else solution.bound, steps)
    return borders.charge(problem) + sum(search.memory.now[digest][0] for digest in digests)


def gap_of(search: Search, goal: Goal, bound: float) -> float:
    """How far the plan may be from the best, as a share of the best; what floors cost it is left out of both."""
    worth = float(goal.worth @ search.places)
    above = bound - goal.total(search.places)
    return above / (worth + above) if worth + above > 0 else 0.0


def _plain_bound(search: Search) -> float:
    """What meeting all demand that any offer reaches would be worth: weak, but it needs no solver."""
    problem = search.problem
    best = np.zeros(len(problem.cell_demand))
    np.maximum.at(best, problem.link_cell, problem.link_value)
    reached = np.bincount(problem.link_cell, problem.link_cap, minlength=len(best))
    return float(best @ np.minimum(reached, problem.cell_demand))
