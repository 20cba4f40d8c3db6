"""The worst-covered PCN, then the next worst, exactly: for each coverage in turn, how few PCNs must stay below it.

Of two plans the fairer one is told by the lowest coverage that not as many PCNs stay below. So from the bottom up, at
each coverage the fewest PCNs that must stay below are found and held, whichever they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .fairly import coverage
from .goal import Floors, Goal
from .model import PartModel, Room, build_model
from .state import Search

EACH_STEPS = 2000
"""Most steps for one coverage."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of the coverage of PCNs."""

    floors: tuple[Floors, ...]
    proved_to: float
    """The plan is proved the fairest as far as PCNs covered less than this go; 1 when all are."""


def raise_exactly(search: Search, goal: Goal, alone: np.ndarray, steps: int) -> Held:
    """
    Raise the worst-covered PCNs of a match small enough for one model.

    Parameters
    ----------
    search
        The plan so far holds the goal.
    goal
        What is held already.
    alone
        By PCN, the places that no plan can pass.
    steps
        Steps of work for all coverages together; when they are used up, the rest is as `proved_to` says.
    """
    problem = search.problem
    wanted = problem.pcn_demand
    sure = np.zeros(len(wanted))
    counted: list[Floors] = []
    height, last = 0.0, search.steps + steps
    while True:
        given = problem.by_pcn(search.places)
        cover = coverage(problem, given)
        above = cover[(cover >= height - _HAIR) & (given < wanted)]
        if not len(above):
            return Held(floors=_held(search, sure, counted), proved_to=1.0)
        lowest = above.min()
        # The next coverage that any PCN can have: one place more than at the lowest.
        height = float(((np.floor(lowest * wanted + _HAIR) + 1) / np.maximum(wanted, 1.0))[wanted > 0].min())
        target = np.minimum(np.ceil(height * wanted - _HAIR), wanted)
        can = alone >= target
        below = int((given < target).sum())
        if below > int((~can).sum()):
            if search.steps >= last or search.left_s() <= 0:
                return Held(floors=_held(search, sure, counted), proved_to=float(lowest))
            fewest = _fewest_below(search, replace(goal, floors=(*goal.floors, *_held(search, sure, counted))), target)
            if fewest is None:
                return Held(floors=_held(search, sure, counted), proved_to=float(lowest))
            below = fewest
        if below == int((~can).sum()):
            # Only those stay below that must, whatever the plan: the others are held by name.
            sure = np.where(can, np.maximum(sure, target), np.maximum(sure, np.minimum(given, alone)))
        else:
            counted.append(_count(search, target, below))


def _held(search: Search, sure: np.ndarray, counted: list[Floors]) -> tuple[Floors, ...]:
    return (Floors.hold(search.problem, sure), *counted)


def _count(search: Search, target: np.ndarray, most: float) -> Floors:
    return Floors.by_pcn(search.problem, target[None, :], np.ones(1), whole=True, most=most)


def _fewest_below(search: Search, goal: Goal, target: np.ndarray) -> int | None:
    """How few PCNs stay below the target, with the plan put so; `None` when that could not be proved."""
    problem = search.problem
    count = _count(search, target, np.inf)
    fewest = Goal(worth=np.zeros(len(problem.link_cap)), floors=(*goal.floors, count), keeps=goal.keeps)
    part: PartModel = build_model(problem, np.arange(len(problem.link_cap)), Room.whole(problem), fewest)
    start = part.point(search.places, search.courses)
    (solution,) = search.solve([part], starts=[start], steps=EACH_STEPS, gap_share=0.0)
    if solution is None or not solution.complete:
        return None
    search.put(part, solution.x)
    return round(-solution.objective)
