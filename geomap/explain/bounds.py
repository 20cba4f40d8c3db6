"""What no portfolio can pass once one site has changed: bounds on sites alone, tightened among those that matter.

A pledge that several sites could use counts for each of them with courses that may be divided. Among the few sites that
are in any good portfolio most pledges reach one alone, so that its courses are whole, and the hours of the others are
charged at their price in the relaxation of the joint model (Lagrangian decomposition, as in `match.regions`). So a
change of one site is bounded again by one small model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..locate import Chooser, Condition, SiteProblem
from ..locate.alone import Alone
from ..locate.joint import build_joint
from ..locate.master import best_sum, reach_bound
from ..match.alone import most_alone
from ..match.goal import Goal
from ..match.regions import Borders
from ..solver import LinearModel, Task, solve_linear, solve_task

SLACKS = (0.01, 0.004, 0.002)
"""Sites of a level are those that could be in a portfolio this much short of the best, as a share of it."""
STEPS = 400
GAP_SHARE = 1e-4
CHANGED_GAP_SHARE = 1e-3
"""A site that changes is solved time after time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """Bounds that hold for portfolios of some sites."""

    sites: np.ndarray
    """True by site."""
    worth: np.ndarray
    crosses: np.ndarray
    """By pledge: reaches several of them."""
    price: np.ndarray
    paid: float
    """What all hours that are charged for are worth."""
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds on portfolios of one problem, whichever site of `about` changes."""

    problem: SiteProblem
    levels: tuple[_Level, ...] = field(repr=False)

    @classmethod
    def build(cls, chooser: Chooser, value: float, about: Sequence[int]) -> Bounds:
        """
        Tighten what a chooser knows.

        Parameters
        ----------
        chooser
            Knows what sites are worth alone.
        value
            Of the best portfolio.
        about
            Positions of the sites that will be changed.
        """
        problem, alone = chooser.problem, chooser.alone
        pledges = len(problem.match.pool_hours)
        allowed = alone.allowed.copy()
        allowed[list(about)] = True
        first = _Level(
            sites=allowed, worth=alone.worth.copy(), crosses=np.ones(pledges, dtype=bool), price=np.zeros(pledges),
            paid=0.0, whole=False,
        )  # fmt: skip
        levels = [first]
        for slack in SLACKS:
            last = levels[-1]
            reach = reach_bound(last.worth, problem.conditions, last.sites) + last.paid
            sites = reach >= value * (1 - slack)
            sites[list(about)] = True
            levels.append(_tighten(chooser, sites & last.sites, last.worth))
        return cls(problem=problem, levels=tuple(levels))

    def bound(self, changed: SiteProblem, site: int, *more: Condition) -> float:
        """What no portfolio under the conditions and some more can pass where one site has changed."""
        conditions = (*self.problem.conditions, *more)
        if not _can_cover(changed, site):
            conditions = (*conditions, _only_without(self.problem, site))
        top = -np.inf
        for at, level in enumerate(self.levels):
            worth = level.worth.copy()
            worth[site] = _worth(changed, site, level)
            if at + 1 < len(self.levels):
                outside = level.sites & ~self.levels[at + 1].sites
                if outside.any():
                    reach = reach_bound(worth, conditions, level.sites) + level.paid
                    top = max(top, float(reach[outside].max()))
                continue
            best = best_sum(worth, conditions, level.sites)
            if best is not None:
                top = max(top, best.bound + level.paid)
        return top

    def guess(self, *more: Condition) -> np.ndarray | None:
        """The sites (true by site) of the best sum in the tightest level; `None` where the conditions clash there."""
        level = self.levels[-1]
        best = best_sum(level.worth, (*self.problem.conditions, *more), level.sites)
        return None if best is None else best.chosen

    def best_first(self) -> list[int]:
        """Positions of the sites that some portfolio could have, those of the best portfolios first."""
        found: list[int] = []
        for level in reversed(self.levels):
            reach = reach_bound(level.worth, self.problem.conditions, level.sites) + level.paid
            # Those that could be swapped for one another at no loss differ in what they are worth alone.
            order = np.lexsort((np.arange(len(reach)), -level.worth, -np.round(reach, 6)))
            known = set(found)
            found += [int(at) for at in order if np.isfinite(reach[at]) and level.worth[at] > 0 and at not in known]
        return found


def model_alone(problem: SiteProblem, site: int, borders: Borders | None = None) -> LinearModel:
    """A site by itself, all hours in its reach for it and courses that others may share, unless borders say more."""
    pledges = len(problem.match.pool_hours)
    borders = borders or Borders(
        region_of_link=problem.link_site, crosses=np.ones(pledges, dtype=bool), price=np.zeros(pledges)
    )
    return borders.priced(problem.match, site, Goal(worth=problem.match.link_value)).linear


def _tighten(chooser: Chooser, sites: np.ndarray, worth: np.ndarray) -> _Level:
    """A level over some sites; worth is what they cannot pass alone."""
    problem, match = chooser.problem, chooser.problem.match
    crosses = _crossing(problem, sites)
    rest = np.flatnonzero(sites)
    price = np.zeros(len(match.pool_hours))
    if np.isin(problem.link_site, rest).any():
        joint = build_joint(problem, rest, chooser.alone.worth)
        relaxed = solve_linear(joint.linear, relax=True)
        if relaxed is not None and relaxed.complete:
            pledges = np.unique(match.offer_pledge[match.link_offer[joint.part.links]])
            price[pledges] = np.maximum(relaxed.row_dual[joint.part.hour_rows], 0.0)
    price = np.where(crosses, price, 0.0)
    level = _Level(
        sites=sites, worth=worth.copy(), crosses=crosses, price=price, paid=float(price @ match.pool_hours), whole=True
    )
    borders = Borders(region_of_link=problem.link_site, crosses=crosses, price=price)
    reached = [int(site) for site in rest if (problem.link_site == site).any()]
    tasks = [_task(model_alone(problem, site, borders)) for site in reached]
    for site, solution in zip(reached, chooser.runner.map(solve_task, tasks), strict=True):
        if solution is not None:
            level.worth[site] = min(level.worth[site], max(solution.bound, 0.0))
    return level


def _task(model: LinearModel) -> Task:
    return Task(model=model, steps=STEPS, gap_share=GAP_SHARE)


def _crossing(problem: SiteProblem, sites: np.ndarray) -> np.ndarray:
    """By pledge: reaches several of the sites."""
    match, count = problem.match, len(sites)
    inside = np.append(sites, False)[problem.link_site]
    both = np.unique(
        match.offer_pledge[match.link_offer[inside]].astype(np.int64) * count + problem.link_site[inside]
    )
    return np.bincount(both // count, minlength=len(match.pool_hours)) > 1


def _worth(changed: SiteProblem, site: int, level: _Level) -> float:
    """What the changed site cannot pass alone; a pledge that is new is for it alone."""
    if not (changed.link_site == site).any():
        return 0.0
    new = len(changed.match.pool_hours) - len(level.price)
    borders = Borders(
        region_of_link=changed.link_site,
        crosses=np.append(level.crosses, np.full(new, not level.whole)),
        price=np.append(level.price, np.zeros(new)),
    )
    model = model_alone(changed, site, borders)
    relaxed = solve_linear(model, relax=True)
    bound = np.inf if relaxed is None else relaxed.bound
    if level.whole:
        solution = solve_task(Task(model=model, steps=STEPS, gap_share=CHANGED_GAP_SHARE))
        bound = bound if solution is None else min(bound, solution.bound)
    return max(float(bound), 0.0)


def _can_cover(changed: SiteProblem, site: int) -> bool:
    """Whether each PCN of the site could reach the least coverage if it were the only one."""
    least = changed.least_places()
    mine = changed.site_of_pcn == site
    if not least[mine].any():
        return True
    known = np.where(mine, np.nan, 0.0)
    return bool((most_alone(changed.match, known) >= least)[mine].all())


def _only_without(problem: SiteProblem, site: int) -> Condition:
    members = np.zeros(len(problem.site_ids))
    members[site] = 1.0
    return Condition.one("leave out a site that cannot be covered", members, most=0)


def changed_chooser(chooser: Chooser, changed: SiteProblem, site: int) -> Chooser:
    """A chooser of the problem with one site changed, which knows what is known of the others."""
    alone = chooser.alone
    worth, whole, allowed = alone.worth.copy(), alone.whole.copy(), alone.allowed.copy()
    models = dict(alone.models)
    worth[site], whole[site] = 0.0, True
    allowed[site] = _can_cover(changed, site)
    if (changed.link_site == site).any():
        models[site] = model_alone(changed, site)
        relaxed = solve_linear(models[site], relax=True)
        worth[site], whole[site] = max(relaxed.bound if relaxed is not None else np.inf, 0.0), False
    return Chooser(
        problem=changed,
        runner=chooser.runner,
        gap_share=chooser.gap_share,
        time_limit_s=chooser.time_limit_s,
        alone=Alone(worth=worth, whole=whole, allowed=allowed, models=models),
    )
