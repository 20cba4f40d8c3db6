"""The levels after the first: the worst-covered PCNs, the completions that leaves room for, and travel.

Coverage is a PCN's places over the places it wants. Where the match is large, a water level is found in the linear
relaxation: the highest to which every PCN can be raised, or to what it could have alone, within the fairness budget.
Windows then raise the plan to it, and the worst-covered are raised one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import SolveError
from ..solver import Task, solve_linear, solve_task
from .goal import Floors, Goal, Keep
from .model import Room, build_model
from .problem import MatchProblem
from .regions import cut_regions
from .state import Search
from .windows import open_window

TIERS, TIER_COSTS = np.array([0.25, 0.5, 0.75, 1.0]), np.array([192.0, 48.0, 12.0, 3.0])
"""Parts of the water level, and what a place missing of each costs: far more than a completion is worth."""
LEVEL_TRIALS = 5
"""Halvings in the search for the water level."""
WINDOW_LINKS, WINDOW_STEPS, WINDOW_GAP = 1500, 40, 0.003
WORST, WORST_LINKS, WORST_STEPS = 40, 1000, 40
"""How many of the worst-covered are raised one by one, in windows of how many links, with how many steps."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fair:
    """What the fairness levels hold."""

    least: np.ndarray
    """By PCN: places it keeps."""
    alone: np.ndarray
    """By PCN: places that no plan can pass."""


def coverage(problem: MatchProblem, places: np.ndarray) -> np.ndarray:
    """By PCN, places by PCN over places wanted; 1 where none are."""
    wanted = problem.pcn_demand
    return np.where(wanted > 0, places / np.maximum(wanted, 1.0), 1.0)


def proved_to(problem: MatchProblem, given: np.ndarray, alone: np.ndarray) -> float:
    """Every PCN covered less than this has all it could have alone: so far no plan is fairer. 1 where all have."""
    short = given < alone
    return float(coverage(problem, given)[short].min(initial=1.0))


def raise_worst(search: Search, goal: Goal, alone: np.ndarray) -> Fair:
    """Raise the worst-covered PCNs within what the goal keeps, and say what each PCN keeps from here on."""
    level = _find_level(search, goal, alone)
    target = _reach(search.problem, alone, level)
    tiers = np.minimum(np.ceil(TIERS[:, None] * target - _HAIR), target)
    raised = replace(goal, floors=(*goal.floors, Floors.by_pcn(search.problem, tiers, TIER_COSTS)))
    for turn in range(2):
        short = search.problem.by_pcn(search.places) < target
        if not short.any() or search.left_s() <= 0:
            break
        cost = 1.0 + turn * _borders_cost(search)
        region = cut_regions(search.problem, search.at, WINDOW_LINKS, cost)
        search.improve(region, raised, steps=WINDOW_STEPS, gap_share=WINDOW_GAP / 2**turn, only=short)
        search.progress(f"raising the worst-covered PCNs to {level:.1%} of their demand")
    _raise_one_by_one(search, goal, alone, level)
    given = search.problem.by_pcn(search.places)
    return Fair(least=np.minimum(given, np.maximum(target, _worst_held(search.problem, given, level))), alone=alone)


def _worst_held(problem: MatchProblem, given: np.ndarray, level: float) -> np.ndarray:
    """Those at or below the level keep what they have; those above keep the level."""
    return np.where(coverage(problem, given) <= level, given, np.ceil(level * problem.pcn_demand - _HAIR))


def _borders_cost(search: Search) -> np.ndarray:
    """By pledge, its hours: borders of the second turn run elsewhere than those of the first."""
    return search.problem.pool_hours


def _reach(problem: MatchProblem, alone: np.ndarray, level: float) -> np.ndarray:
    return np.minimum(np.ceil(level * problem.pcn_demand - _HAIR), alone)


def _find_level(search: Search, goal: Goal, alone: np.ndarray) -> float:
    """The highest share of demand to which the relaxation raises all, each at most to what it could have alone."""
    problem, (value, *others) = search.problem, goal.keeps
    everything = np.arange(len(problem.link_cap))

    def worth(level: float) -> float:
        target = _reach(problem, alone, level)
        floors = Floors.by_pcn(problem, TIERS[:, None] * target, TIER_COSTS)
        part = build_model(
            problem, everything, Room.whole(problem), Goal(worth=goal.worth, floors=(floors,), keeps=tuple(others))
        )
        try:
            solution = solve_linear(part.linear, relax=True, time_limit_s=search.left_s())
        except SolveError:
            return 0.0
        return 0.0 if solution is None else float(goal.worth @ solution.x[: len(everything)])

    low, high, most = 0.0, 1.0, worth(0.0)
    allowed = most * value.least / max(float(goal.worth @ search.places), _HAIR)
    for _ in range(LEVEL_TRIALS):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) >= allowed - _HAIR * most else (low, middle)
    return low


def _raise_one_by_one(search: Search, goal: Goal, alone: np.ndarray, level: float) -> None:
    """Raise each of the worst-covered that could have more, while nobody falls below the height it is raised to."""
    problem = search.problem
    wanted = problem.pcn_demand
    stuck = np.zeros(len(wanted), dtype=bool)
    for _ in range(WORST):
        given = problem.by_pcn(search.places)
        cover = np.where(stuck | (given >= alone), np.inf, coverage(problem, given))
        worst = int(np.argmin(cover))
        if not cover[worst] < max(level, _HAIR) or search.left_s() <= 0:
            return
        members = _neighbours(problem, worst)
        heights = {min(level, alone[worst] / wanted[worst]), (given[worst] + 1) / wanted[worst]}
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
