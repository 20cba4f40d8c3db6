"""What a site is worth at most by itself, with all hours in its reach and courses that others may share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..match.alone import most_alone
from ..match.goal import Goal
from ..match.regions import Borders
from ..runner import Runner
from ..solver import LinearModel, Task, solve_linear, solve_task
from .problem import NO_SITE, SiteProblem

STEPS = 400
"""Steps of work on the whole model of a site; where they run out its bound so far stands."""


@dataclass(slots=True, kw_only=True)
class Alone:
    """Bounds by site: of the relaxation at first, of whole places where these were asked for. They only ever fall."""

    worth: np.ndarray
    whole: np.ndarray
    """True where the bound is that of whole places."""
    allowed: np.ndarray
    """False where a PCN of the site cannot reach the least coverage even by itself."""
    models: dict[int, LinearModel] = field(default_factory=dict)
    most: np.ndarray | None = None
    """By PCN of the match, places that it cannot pass alone; worked out where a least coverage is asked for."""

    @classmethod
    def relaxed(cls, problem: SiteProblem) -> Alone:
        """The bounds of the relaxation."""
        borders = _borders(problem)
        goal = Goal(worth=problem.match.link_value)
        worth = np.zeros(len(problem.site_ids))
        models = {}
        for site in np.unique(problem.link_site):
            if site != NO_SITE:
                models[int(site)] = borders.priced(problem.match, int(site), goal).linear
                worth[site] = max(solve_linear(models[int(site)], relax=True).bound, 0.0)
        plain = np.zeros(len(worth), dtype=bool)
        return cls(worth=worth, whole=plain, allowed=~plain, models=models).at_coverage(problem)

    def at_coverage(self, problem: SiteProblem) -> Alone:
        """The same bounds for the least coverage of another problem that differs in nothing else."""
        allowed, least = np.ones(len(self.worth), dtype=bool), problem.least_places()
        if least.any():
            self.most = most_alone(problem.match) if self.most is None else self.most
            short = (self.most < least) & (problem.site_of_pcn != NO_SITE)
            allowed[problem.site_of_pcn[short]] = False
        return replace(self, allowed=allowed)

    def make_whole(self, sites: Sequence[int], runner: Runner) -> None:
        """Tighten the bounds of these sites."""
        waiting = [site for site in sites if not self.whole[site] and site in self.models]
        tasks = [Task(model=self.models[site], steps=STEPS, gap_share=1e-6) for site in waiting]
        for site, solution in zip(waiting, runner.map(solve_task, tasks), strict=True):
            if solution is not None:
                self.worth[site] = min(self.worth[site], max(solution.bound, 0.0))
        self.whole[list(sites)] = True


def _borders(problem: SiteProblem) -> Borders:
    """Every pledge may be shared with every site, at no price."""
    pledges = len(problem.match.pool_hours)
    return Borders(
        region_of_link=problem.link_site, crosses=np.ones(pledges, dtype=bool), price=np.zeros(pledges)
    )
