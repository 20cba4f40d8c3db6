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

EACH_STEPS = 100
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
    wanted = np.where(alone > 0, problem.pcn_demand, 0.0)
    held, height, last = _Heights(search, alone), 0.0, search.steps + steps
    while True:
        given = problem.by_pcn(search.places)
        cover = coverage(problem, given)
        # As few as can be stay below the height, and nobody is between it and this one.
        lowest = float(cover[(cover >= height - _HAIR) & (given < wanted)].min(initial=1.0))
        held.hold(lowest)
        if lowest >= 1:
            return Held(floors=held.floors(), proved_to=1.0)
        # The next coverage that any PCN can have: one place more than at the lowest.
        height = float(((np.floor(lowest * wanted + _HAIR) + 1) / np.maximum(wanted, 1.0))[wanted > 0].min())
        target, can = held.target(height)
        if (given < target).sum() > (~can).sum():
            left = search.steps < last and search.left_s() > 0
            more = replace(goal, floors=(*goal.floors, *held.floors()))
            if not (left and _put_fewest_below(search, more, target)):
                return Held(floors=held.floors(), proved_to=lowest)


class _Heights:
    """What is held so far: PCNs by name where only those stay below a height that must, else how many stay below."""

    def __init__(self, search: Search, alone: np.ndarray) -> None:
        self._search, self._alone = search, alone
        self._sure = np.zeros(len(alone))
        self._counted: list[Floors] = []

    def target(self, height: float) -> tuple[np.ndarray, np.ndarray]:
        """By PCN: places at this coverage, none where there can be none at all; and whether it could have so many."""
        wanted = self._search.problem.pcn_demand
        target = np.where(self._alone > 0, np.minimum(np.ceil(height * wanted - _HAIR), wanted), 0.0)
        return target, self._alone >= target

    def hold(self, height: float) -> None:
        """No more PCNs than in the plan so far stay below this coverage."""
        target, can = self.target(height)
        below = self._search.problem.by_pcn(self._search.places) < target
        if below.sum() == (~can).sum():
            self._sure = np.where(can, np.maximum(self._sure, target), self._sure)
        else:
            # What is held costs nothing, so that a bound is one on what the goal itself counts.
            self._counted.append(_count(self._search, target, cost=0.0, most=float(below.sum())))

    def floors(self) -> tuple[Floors, ...]:
        return (Floors.hold(self._search.problem, self._sure), *self._counted)


def _count(search: Search, target: np.ndarray, *, cost: float, most: float = np.inf) -> Floors:
    """PCNs below the target, each at a cost, and no more than the most."""
    return Floors.by_pcn(search.problem, target[None, :], np.array([cost]), whole=True, most=most)


def _put_fewest_below(search: Search, goal: Goal, target: np.ndarray) -> bool:
    """Put the plan so that as few PCNs as can be stay below the target; false when that could not be proved."""
    problem = search.problem
    count = _count(search, target, cost=1.0)
    fewest = Goal(worth=np.zeros(len(problem.link_cap)), floors=(*goal.floors, count), keeps=goal.keeps)
    part: PartModel = build_model(problem, np.arange(len(problem.link_cap)), Room.whole(problem), fewest)
    start = part.point(search.places, search.courses)
    (solution,) = search.solve([part], starts=[start], steps=EACH_STEPS, gap_share=0.0)
    if solution is None or not solution.complete:
        return False
    search.put(part, solution.x)
    return True
