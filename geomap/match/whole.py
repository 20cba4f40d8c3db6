"""A match small enough for one model: its bound, and beside it a plan improved in windows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ..config import MatchParams
from ..runner import open_runner
from ..solver import Solution, Task, solve_task
from .dive import dive
from .goal import Goal
from .memory import digest_of
from .model import PartModel, Room, build_model
from .problem import MatchProblem
from .regions import Borders, cut_regions
from .state import Search

STEPS, MORE = 150, 3
"""Steps for the model beside the windows, and how many times as many in each further round."""
WINDOW_LINKS, WINDOW_STEPS, WINDOW_GAP = 400, 60, 0.0005
TURNS = 2
"""Times that windows go over the map in a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polish:
    """A plan to be improved in windows, by one worker."""

    problem: MatchProblem
    at: np.ndarray
    params: MatchParams
    goal: Goal
    places: np.ndarray
    courses: np.ndarray
    cost: np.ndarray
    """By pledge, what it costs to have it on both sides of a border."""
    time_limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Polished:
    """A plan that was improved in windows."""

    places: np.ndarray
    courses: np.ndarray
    cost: np.ndarray
    steps: int


def work(item: Task | Polish) -> Solution | Polished | None:
    """What a worker does with an item."""
    return solve_task(item) if isinstance(item, Task) else _polish(item)


def solve_whole(search: Search, goal: Goal) -> float:
    """Put the best plan that is found into `search`; the bound is given back."""
    problem, near = search.problem, search.params.gap_share
    everything = np.arange(len(problem.link_cap))
    part = build_model(problem, everything, Room.whole(problem), goal)
    dived = dive(problem, goal, search.left_s())
    if dived is not None and goal.total(dived[0]) > goal.total(search.places):
        search.places, search.courses = dived[0], dived[1]
    bound = float("inf") if dived is None else dived[2]
    cost, steps = problem.pool_hours, STEPS
    for turn in range(search.params.rounds + 1):
        steps = STEPS * MORE**turn
        polish = Polish(
            problem=problem,
            at=search.at,
            params=search.params,
            goal=goal,
            places=search.places.copy(),
            courses=search.courses.copy(),
            cost=cost,
            time_limit_s=search.left_s(),
        )
        solution, polished = search.runner.map(work, [_task(search, part, steps, near), polish])
        bound, cost = min(bound, _take(search, part, solution)), polished.cost
        search.steps += polished.steps
        if goal.total(polished.places) > goal.total(search.places):
            search.places, search.courses = polished.places, polished.courses
        if bound - goal.total(search.places) <= near * abs(bound) + 1e-9 or search.left_s() <= 0:
            break
        search.progress("nearer to the best plan")
    search.memory.keep(digest_of(part.linear), bound, steps)
    return bound


def _task(search: Search, part: PartModel, steps: int, gap_share: float) -> Task:
    start = part.point(search.places, search.courses)
    return Task(model=part.linear, start=start, steps=steps, gap_share=gap_share, time_limit_s=search.left_s())


def _take(search: Search, part: PartModel, solution: Solution | None) -> float:
    """Put the plan of the whole model in place if it is better; its bound is given back."""
    if solution is None:
        return float("inf")
    search.steps += solution.steps
    start = part.point(search.places, search.courses)
    if solution.objective > float(part.linear.value @ start):
        search.put(part, solution.x)
    return solution.bound


def _polish(item: Polish) -> Polished:
    with open_runner(1) as runner:
        search = Search(
            problem=item.problem,
            at=item.at,
            params=item.params,
            runner=runner,
            progress=lambda text: None,
            deadline=time.monotonic() + item.time_limit_s,
            places=item.places.copy(),
            courses=item.courses.copy(),
        )
        cost = item.cost
        for _ in range(TURNS):
            region = cut_regions(item.problem, search.at, WINDOW_LINKS, cost)
            search.improve(region, item.goal, steps=WINDOW_STEPS, gap_share=WINDOW_GAP)
            # Borders that have cut a pledge already are dear, so that each round cuts elsewhere.
            cost = cost * (1 + 4 * Borders.find(item.problem, region, cost).crosses)
    return Polished(places=search.places, courses=search.courses, cost=cost, steps=search.steps)

