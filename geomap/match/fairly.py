"""The levels after the first: the worst-covered PCNs, the completions that leaves room for, and travel.

Coverage is a PCN's places over the places it wants. Windows raise every PCN from one rung of a ladder of coverage to
the next, the lowest rungs first, each as far as the PCN could come alone and each window within its part of the
fairness budget; then the worst-covered are raised one by one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..solver import Task, solve_task
from .goal import Floors, Goal, Keep
from .problem import MatchProblem
from .regions import cut_regions
from .state import Search
from .windows import open_window

LADDER, COSTS = np.array([0.05, 0.1, 0.2, 0.3, 0.5]), np.array([768.0, 192.0, 48.0, 12.0, 3.0])
"""Rungs of coverage, and what a place missing on the way to each costs: far more than a completion is worth."""
WINDOW_LINKS, WINDOW_STEPS, WINDOW_GAP = 1500, 20, 0.005
WORST, WORST_LINKS, WORST_STEPS = 40, 400, 20
"""How many of the worst-covered are raised one by one, in windows of how many links, with how many steps."""
_HAIR = 1e-9


def coverage(problem: MatchProblem, places: np.ndarray) -> np.ndarray:
    """By PCN, places by PCN over places wanted; 1 where none are."""
    wanted = problem.pcn_demand
    return np.where(wanted > 0, places / np.maximum(wanted, 1.0), 1.0)


def proved_to(problem: MatchProblem, given: np.ndarray, alone: np.ndarray) -> float:
    """Every PCN covered less than this has all it could have alone: so far no plan is fairer. 1 where all have."""
    short = given < alone
    return float(coverage(problem, given)[short].min(initial=1.0))


def raise_worst(search: Search, goal: Goal, alone: np.ndarray) -> Floors:
    """Raise the worst-covered PCNs within what the goal keeps, and say what each PCN keeps from here on."""
    problem = search.problem
    rungs = np.minimum(np.ceil(LADDER[:, None] * problem.pcn_demand - _HAIR), alone)
    raised = replace(goal, floors=(*goal.floors, Floors.by_pcn(problem, rungs, COSTS)))
    short = problem.by_pcn(search.places) < rungs[-1]
    if short.any():
        search.progress("raising the worst-covered PCNs")
        region = cut_regions(problem, search.at, WINDOW_LINKS, problem.pool_hours)
        search.improve(region, raised, steps=WINDOW_STEPS, gap_share=WINDOW_GAP, only=short)
        _raise_one_by_one(search, goal, alone)
    given = problem.by_pcn(search.places)
    # What is proved has to hold to the end, also above the ladder.
    height = max(LADDER[-1], proved_to(problem, given, alone))
    return Floors.hold(problem, np.minimum(given, np.ceil(height * problem.pcn_demand - _HAIR)))


def _raise_one_by_one(search: Search, goal: Goal, alone: np.ndarray) -> None:
    """Raise each of the worst-covered that could have more, while nobody falls below the height it is raised to."""
    problem, wanted = search.problem, search.problem.pcn_demand
    stuck = np.zeros(len(wanted), dtype=bool)
    for _ in range(WORST):
        given = problem.by_pcn(search.places)
        cover = np.where(stuck | (given >= alone), np.inf, coverage(problem, given))
        worst = int(np.argmin(cover))
        if not cover[worst] < LADDER[-1] or search.left_s() <= 0:
            return
        members = _neighbours(problem, worst)
        rung = LADDER[LADDER > cover[worst] + _HAIR][0]
        heights = {min(rung, alone[worst] / wanted[worst]), (given[worst] + 1) / wanted[worst]}
        stuck[worst] = not any(
            _raise_to(search, goal, members, (worst, height)) for height in sorted(heights, reverse=True)
        )


def _raise_to(search: Search, goal: Goal, members: np.ndarray, wish: tuple[int, float]) -> bool:
    """Give a PCN that coverage at least, by a window in which others fall no lower than that."""
    problem, (worst, height) = search.problem, wish
    given = problem.by_pcn(search.places)
    least = np.minimum(given, np.ceil(height * problem.pcn_demand - _HAIR))
    least[worst] = np.ceil(height * problem.pcn_demand[worst] - _HAIR)
    if least[worst] <= given[worst]:
        return False
    held = replace(goal, floors=(*goal.floors, Floors.hold(problem, least)))
    part, _ = open_window(problem, members, (search.places, search.courses), held)
    solution = solve_task(Task(model=part.linear, steps=WORST_STEPS, gap_share=0.01, time_limit_s=search.left_s()))
    if solution is None:
        return False
    search.steps += solution.steps
    search.put(part, solution.x)
    return True


def _neighbours(problem: MatchProblem, pcn: int) -> np.ndarray:
    """By PCN: shares pledges with this one, those that share most first, while the links are few enough."""
    pledge = problem.offer_pledge[problem.link_offer]
    mine = np.zeros(len(problem.pool_hours), dtype=bool)
    mine[pledge[problem.link_pcn == pcn]] = True
    shared = np.bincount(problem.link_pcn, mine[pledge], minlength=len(problem.ceiling))
    links = np.bincount(problem.link_pcn, minlength=len(problem.ceiling))
    order = np.lexsort((np.arange(len(shared)), -shared))
    order = np.concatenate([[pcn], order[(order != pcn) & (shared[order] > 0)]])
    members = np.zeros(len(shared), dtype=bool)
    members[order[np.cumsum(links[order]) <= max(WORST_LINKS, links[pcn])]] = True
    return members


def keep_value(problem: MatchProblem, least: float) -> Keep:
    """Need-weighted completions do not fall below this."""
    return Keep(worth=problem.link_value, least=least)
