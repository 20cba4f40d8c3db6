"""A search under way: the plan so far, and windows of it solved again for a goal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..config import MatchParams
from ..runner import Runner
from ..solver import Solution, Task, solve_task
from .goal import Goal
from .memory import Memory
from .model import PartModel
from .problem import MatchProblem
from .windows import group_windows, open_window

Progress = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Search:
    """The plan so far, and what it is worked on with."""

    problem: MatchProblem
    at: np.ndarray
    """Where each PCN's patients live on average, metres, shape (n, 2)."""
    params: MatchParams
    runner: Runner
    progress: Progress
    deadline: float
    places: np.ndarray
    courses: np.ndarray
    steps: int = 0
    """Steps of work so far: see `solver`."""
    stopped: bool = False
    """The time ran out, so that another run may end elsewhere."""
    memory: Memory = field(default_factory=Memory)
    """Bounds that need no second proof."""

    def left_s(self) -> float:
        """Seconds left."""
        left = self.deadline - time.monotonic()
        self.stopped = self.stopped or left <= 0
        return max(left, 0.0)

    def value(self) -> float:
        """Need-weighted completions of the plan so far."""
        return float(self.problem.link_value @ self.places)

    def solve(self, parts: Sequence[PartModel], **limits: object) -> list[Solution | None]:
        """Solve parts, wherever the runner does it, in order; `starts` is a list of points, the rest as in `Task`."""
        starts = limits.pop("starts", None) or [None] * len(parts)
        left = self.left_s()
        tasks = [
            Task(model=part.linear, start=start, time_limit_s=left, **limits)
            for part, start in zip(parts, starts, strict=True)
        ]
        found = []
        for solution in self.runner.map(solve_task, tasks):
            found.append(solution)
            self.steps += 0 if solution is None else solution.steps
        self.left_s()
        return found

    def put(self, part: PartModel, x: np.ndarray) -> None:
        """Put a part's solution in place of the plan there."""
        n_links, n_led = len(part.links), len(part.led_offers)
        self.places[part.links] = np.rint(x[:n_links])
        self.courses[part.led_offers] = np.rint(x[n_links : n_links + n_led])

    def improve(
        self,
        region: np.ndarray,
        goal: Goal,
        *,
        steps: int,
        gap_share: float,
        only: np.ndarray | None = None,
        more_courses: bool = True,
    ) -> None:
        """
        Go over the map once, window by window, and keep what is better for the goal.

        Parameters
        ----------
        region
            By PCN, the number of its window.
        goal
            What to be best at.
        steps, gap_share
            How far to go with each window.
        only
            By PCN: windows without one of these are passed over.
        more_courses
            Courses may be opened; if not, there are at most those of the plan, and people only change places.
        """
        worth = np.bincount(region[self.problem.link_pcn], self.problem.link_value * self.places)
        if only is not None:
            worth[np.setdiff1d(np.arange(len(worth)), region[only])] = 0.0
        to_come = worth.sum()
        for group in group_windows(self.problem, region):
            names = [name for name in group if only is None or only[region == name].any()]
            if not names or self.left_s() <= 0:
                continue
            # What there is to spare is shared in proportion to what the windows are worth, those to come included.
            shares = worth[names] / max(to_come, 1e-9)
            to_come -= worth[names].sum()
            plan = (self.places, self.courses)
            opened = [
                open_window(self.problem, region == name, plan, goal, min(float(share), 1.0))
                for name, share in zip(names, shares, strict=True)
            ]
            starts = [start for _, start in opened]
            parts = [part if more_courses else part.with_courses_of(start) for part, start in opened]
            found = self.solve(parts, starts=starts, steps=steps, gap_share=gap_share)
            for part, start, solution in zip(parts, starts, found, strict=True):
                if solution is not None and solution.objective > float(part.linear.value @ start) + 1e-9:
                    self.put(part, solution.x)
