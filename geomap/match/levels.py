"""The levels after the first, each with what it reached and what no plan that holds the levels before it can pass."""

from __future__ import annotations

import numpy as np

from ..errors import SolveError
from ..solver import Solution, solve_linear
from .alone import most_alone
from .fairly import WINDOW_GAP, WINDOW_LINKS, WINDOW_STEPS, coverage, proved_to, raise_worst
from .first import ONE_MODEL_LINKS
from .goal import Floors, Goal
from .leximin import raise_exactly
from .model import Room, build_model
from .regions import cut_regions
from .result import Level
from .state import Search

WHOLE_STEPS, WHOLE_GAP = 100, 1e-6
"""Steps for a level that is one model, and the gap at which it is good enough."""
EXACT_STEPS = 40
"""Steps for the proof that no plan is fairer, all coverages together."""
NEAR = 0.02
"""Gap at which travel is short enough."""


def raise_core20(search: Search, goal: Goal) -> Level:
    """The Core20 share of completions, raised to the share of need where the planner asks for it; told in any case."""
    asked = search.params.core20 == "raise"
    short = max(-float(goal.worth @ search.places), 0.0)
    relaxed = _relax(search, goal) if short > 0 else None
    best = max(-relaxed.bound, 0.0) if relaxed is not None and relaxed.complete else 0.0
    if asked and short > 0:
        best = max(best, -_improve(search, goal))
        short = max(-float(goal.worth @ search.places), 0.0)
    return Level.least("core20", short, min(best, short), WHOLE_GAP, asked=asked)


def raise_coverage(search: Search, goal: Goal) -> tuple[Level, tuple[Floors, ...]]:
    """The worst-covered PCNs within the fairness budget, and what is held of it."""
    problem = search.problem
    alone = search.memory.alone = most_alone(problem)
    able = alone > 0
    floors: tuple[Floors, ...] = ()
    proved = 0.0
    if able.any() and search.left_s() > 0:
        floors = (raise_worst(search, goal, alone),)
        if _is_small(search):
            exact = raise_exactly(search, goal, alone, EXACT_STEPS)
            floors, proved = exact.floors, exact.proved_to
            if proved < 1:
                floors = (*floors, Floors.hold(problem, problem.by_pcn(search.places)))
    given = problem.by_pcn(search.places)
    proved = max(proved, proved_to(problem, given, alone))
    worst = float(coverage(problem, given)[able].min(initial=1.0))
    best = float(coverage(problem, alone)[able].min(initial=1.0))
    bound = worst if proved > worst else best
    return Level.most("worst_coverage", worst, max(bound, worst), WHOLE_GAP, proved_to=proved), floors


def raise_again(search: Search, goal: Goal, bound: float) -> Level:
    """The most completions that fairness leaves room for."""
    if search.params.fairness_budget > 0 and search.left_s() > 0:
        found = _improve(search, goal)
        bound = min(bound, found)
    return Level.most("completions_kept", search.value(), max(bound, search.value()), search.params.gap_share)


def shorten(search: Search, goal: Goal) -> Level:
    """The fewest minutes of travel, one way."""
    relaxed = _relax(search, goal) if search.left_s() > 0 else None
    bound = -relaxed.bound if relaxed is not None and relaxed.complete else 0.0
    if search.left_s() > 0:
        bound = max(bound, -_improve(search, goal, more_courses=False))
    minutes = max(-float(goal.worth @ search.places), 0.0)
    return Level.least("travel", minutes, min(max(bound, 0.0), minutes), NEAR)


def _is_small(search: Search) -> bool:
    return len(search.problem.link_cap) <= ONE_MODEL_LINKS


def _relax(search: Search, goal: Goal) -> Solution | None:
    part = build_model(search.problem, np.arange(len(search.places)), Room.whole(search.problem), goal)
    try:
        return solve_linear(part.linear, relax=True, time_limit_s=search.left_s())
    except SolveError:
        return None


def _improve(search: Search, goal: Goal, *, more_courses: bool = True) -> float:
    """Make the plan better for the goal where that can be done, and give a bound where one is proved."""
    problem, near = search.problem, min(WINDOW_GAP, search.params.gap_share)
    if _is_small(search):
        part = build_model(problem, np.arange(len(search.places)), Room.whole(problem), goal)
        start = part.point(search.places, search.courses)
        (solution,) = search.solve([part], starts=[start], steps=WHOLE_STEPS, gap_share=near)
        if solution is None:
            return float("inf")
        if solution.objective >= float(part.linear.value @ start) - 1e-9:
            search.put(part, solution.x)
        return solution.bound
    region = cut_regions(problem, search.at, WINDOW_LINKS, problem.pool_hours)
    search.improve(region, goal, steps=WINDOW_STEPS, gap_share=WINDOW_GAP, more_courses=more_courses)
    return float("inf")
