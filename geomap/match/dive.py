"""A first plan: courses are made whole a few at a time, and the relaxation solved again after each."""

from __future__ import annotations

import time

import numpy as np

from ..solver import Relaxation
from .goal import Goal
from .model import PartModel, Room, build_model
from .problem import MatchProblem
from .rounding import round_plan

ROUNDS = 12
"""Times that some courses are made whole: then few are left, and the rest is rounded at once."""
PART = 0.35
"""Share of the fractional courses that are made whole at a time, those nearest to a whole number first."""
_HAIR = 1e-6


def dive(problem: MatchProblem, goal: Goal, time_limit_s: float) -> tuple[np.ndarray, np.ndarray, float] | None:
    """
    A whole plan, and a bound.

    Returns
    -------
    places, courses, bound
        By link, by offer, and the relaxation's bound on any plan; `None` when the time was too short for that.
    """
    whole = build_model(problem, np.arange(len(problem.link_cap)), Room.whole(problem), goal)
    relaxation = Relaxation(whole.linear)
    lower, upper = np.zeros(len(whole.linear.upper)), whole.linear.upper.copy()
    deadline = time.monotonic() + time_limit_s
    first = solution = relaxation.solve(lower, upper, time_limit_s)
    if first is None:
        return None
    for _ in range(ROUNDS):
        if not _settle_some(problem, whole, solution.x, (lower, upper)):
            break
        narrowed = relaxation.solve(lower, upper, deadline - time.monotonic())
        if narrowed is None:
            break
        solution = narrowed
    n_links, n_led = len(whole.links), len(whole.led_offers)
    courses = np.zeros(len(problem.offer_led))
    courses[whole.led_offers] = solution.x[n_links : n_links + n_led]
    return *round_plan(problem, solution.x[:n_links], courses), first.bound


def _settle_some(
    problem: MatchProblem, whole: PartModel, x: np.ndarray, limits: tuple[np.ndarray, np.ndarray]
) -> bool:
    """Narrow the courses nearest to a whole number to it, up where the pledge has the hours; no course was left?"""
    led = slice(len(whole.links), len(whole.links) + len(whole.led_offers))
    lower, upper = limits[0][led], limits[1][led]
    base = np.floor(x[led] + _HAIR)
    above = x[led] - base
    open_ = np.flatnonzero((above > _HAIR) & (upper > lower))
    if not len(open_):
        return False
    nearest = open_[np.argsort(np.minimum(above, 1 - above)[open_], kind="stable")]
    pledge, hours = problem.offer_pledge[whole.led_offers], problem.offer_hours[whole.led_offers]
    spent = np.bincount(pledge, lower * hours, minlength=len(problem.pool_hours))
    for at in nearest[: max(50, round(PART * len(open_)))]:
        more = (base[at] + 1 - lower[at]) * hours[at]
        if above[at] >= 0.5 and spent[pledge[at]] + more <= problem.pool_hours[pledge[at]] + _HAIR:
            lower[at] = base[at] + 1
            spent[pledge[at]] += more
        else:
            upper[at] = max(base[at], lower[at])
    return True
