"""The smallest change of one thing that brings a site in or takes one out, and the proof that it does.

A change of one site alone does not touch the portfolios without it. So a site comes in once some portfolio with it is
worth as much as what none without it can pass, and goes out once none with it can reach the worth of one without it.
Both grow with the change, so the smallest is found by halving; in a small problem every step in doubt
is solved in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import InfeasibleError
from ..locate import Chooser, Condition, Portfolio, SiteProblem
from ..locate.search import SERVE_SHARE as CHOSEN_SHARE
from ..locate.serve import serve
from .bounds import Bounds, changed_chooser
from .levers import Levers
from .refit import refit_value

WHOLE_LINKS = 1_500
"""A problem with more links is not solved in full at every step in doubt: bounds and plans that are quick decide."""
SERVE_SHARE = 0.001
"""Gap of a single plan of so large a problem."""
_HAIR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One site, and what is known of the best portfolios with it and without it before any change."""

    site: int
    chosen: bool
    plan: Portfolio | None
    """The best portfolio with it; `None` where the conditions admit none."""
    value_without: float
    """Of a portfolio without it; −∞ where the conditions admit none."""
    bound_without: float

    @property
    def loss(self) -> float:
        """What the best portfolio loses by taking in a site that is not chosen or leaving out one that is."""
        if self.plan is None or not np.isfinite(self.value_without):
            return np.nan
        lost = self.plan.value - self.value_without
        return max(lost if self.chosen else -lost, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a lever must be set to; `after` is NaN where nothing within reason does. See `SiteChangeFrame`."""

    before: float
    after: float = np.nan
    value_with: float = np.nan
    value_without: float = np.nan
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Of one setting: whether the change is proven to do it, whether it is proven not to, and the best plan seen."""

    does: bool
    does_not: bool
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Searcher:
    """Looks for the smallest changes of sites of one problem."""

    chooser: Chooser
    bounds: Bounds
    levers: Levers

    @property
    def whole(self) -> bool:
        """Whether the problem is small enough to be solved again in full, time after time."""
        return len(self.chooser.problem.match.link_cap) <= WHOLE_LINKS

    def leave_out(self, portfolio: Portfolio, site: int) -> Case:
        """The case of a chosen site."""
        out = self.only(site, most=0)
        guess = self.bounds.guess(out)
        tried = [] if guess is None else [guess]
        try:
            if self.whole:
                best = self.chooser.choose(out, tried=tried)
                value, bound = best.value, best.bound
            else:
                value = max((self._serve(choice) for choice in tried), default=-np.inf)
                bound = self.bounds.bound(self.chooser.problem, site, out)
        except InfeasibleError:
            value, bound = -np.inf, -np.inf
        bound = min(bound, portfolio.bound)
        return Case(site=site, chosen=True, plan=portfolio, value_without=value, bound_without=max(bound, value))

    def take_in(self, portfolio: Portfolio, site: int, swapped: np.ndarray) -> Case:
        """The case of a site that is not chosen; `swapped` are the chosen ones with it in the place of the weakest."""
        with_it = self.only(site, least=1)
        guess = self.bounds.guess(with_it)
        plan = None if guess is None or self.whole else self._plan(guess, site)
        try:
            plan = self.chooser.choose(with_it, tried=[swapped]) if plan is None else plan
        except InfeasibleError:
            plan = None
        return Case(
            site=site, chosen=False, plan=plan, value_without=portfolio.value, bound_without=portfolio.bound
        )

    def _plan(self, chosen: np.ndarray, site: int) -> Portfolio | None:
        """The plan for given sites, this one among them, as closely as that of a portfolio is solved."""
        problem, share = self.chooser.problem, self.chooser.gap_share * CHOSEN_SHARE
        limit_s = self.chooser.time_limit_s
        served = serve(problem, chosen, self.chooser.runner, gap_share=share, time_limit_s=limit_s)
        if served is None:
            return None
        bound = max(self.bounds.bound(problem, site, self.only(site, least=1)), served.value)
        return Portfolio(
            chosen=served.chosen,
            places=served.places,
            courses=served.courses,
            value=served.value,
            bound=bound,
            status="optimal" if bound - served.value <= _HAIR else "stopped",
        )

    def search(self, case: Case, lever: str) -> Change:
        """The smallest change of one lever."""
        before = self.levers.before(lever, case.site)
        if case.plan is None or not np.isfinite(case.value_without):
            return Change(before=before)
        grid = self.levers.grid(lever, case.site, more=not case.chosen)
        if not len(grid):
            return Change(before=before, verified=True)
        told: dict[int, _Told] = {}

        def look(at: int) -> _Told:
            if at not in told:
                told[at] = self._look(case, lever, float(grid[at]))
            return told[at]

        last = look(len(grid) - 1)
        if not last.does:
            return Change(before=before, verified=last.does_not or self._stays(case, lever, float(grid[-1])))
        at = _first(lambda at: look(at).does, len(grid))
        value = self._value(case, lever, float(grid[at]), look(at))
        return Change(
            before=before,
            after=float(grid[at]),
            value_with=value if np.isfinite(value) else np.nan,
            value_without=case.value_without,
            verified=True,
        )

    def only(self, site: int, *, least: float = -np.inf, most: float = np.inf) -> Condition:
        """A condition on one site."""
        members = np.zeros(len(self.chooser.problem.site_ids))
        members[site] = 1.0
        name = self.chooser.problem.site_ids[site]
        return Condition.one(f"{'leave out' if most < 1 else 'include'} {name}", members, least=least, most=most)

    def _look(self, case: Case, lever: str, value: float) -> _Told:
        changed = self.levers.set(lever, case.site, value)
        with_it = self.only(case.site, least=1)
        # Where nothing is solved in full, what a site that goes out would reach decides nothing.
        quick = case.chosen and not self.whole
        reached = -np.inf if quick else refit_value(changed, case.site, case.plan)
        if case.chosen and reached >= case.bound_without:
            return _Told(does=False, does_not=True, value=reached)
        if not case.chosen and self._settles(case, reached, np.inf):
            return _Told(does=True, does_not=False, value=reached)
        most = self.bounds.bound(changed, case.site, with_it)
        if self._settles(case, reached, most):
            return _Told(does=True, does_not=False, value=reached)
        if self.whole and most >= case.value_without:
            try:
                best = changed_chooser(self.chooser, changed, case.site).choose(with_it, tried=[case.plan.chosen])
            except InfeasibleError:
                return _Told(does=False, does_not=not case.chosen, value=reached)
            reached, most = max(reached, best.value), min(most, best.bound)
        does = self._settles(case, reached, most)
        against = reached >= case.bound_without if case.chosen else most < case.value_without
        return _Told(does=does, does_not=bool(against and not does), value=reached)

    def _stays(self, case: Case, lever: str, value: float) -> bool:
        """Whether a chosen site is proven to stay in, by a plan that is as good as any without it."""
        if not case.chosen:
            return False
        return refit_value(self.levers.set(lever, case.site, value), case.site, case.plan) >= case.bound_without

    def _settles(self, case: Case, reached: float, most: float) -> bool:
        """Whether a site that may reach so much, and no more than the other, is out (of chosen ones) or in."""
        hair = _HAIR * max(1.0, abs(case.value_without))
        if case.chosen:
            return most < case.value_without - hair
        return reached >= case.bound_without - hair

    def _value(self, case: Case, lever: str, value: float, told: _Told) -> float:
        """Worth of the best portfolio with the site that is found once it has changed."""
        changed = self.levers.set(lever, case.site, value)
        if not self.whole:
            reached = refit_value(changed, case.site, case.plan) if case.chosen else -np.inf
            return reached if np.isfinite(reached) else max(told.value, self._serve(case.plan.chosen, changed))
        try:
            best = changed_chooser(self.chooser, changed, case.site).choose(
                self.only(case.site, least=1), tried=[case.plan.chosen]
            )
        except InfeasibleError:
            return np.nan
        return max(best.value, told.value)

    def _serve(self, chosen: np.ndarray, problem: SiteProblem | None = None) -> float:
        problem = self.chooser.problem if problem is None else problem
        share, limit_s = max(self.chooser.gap_share, SERVE_SHARE), self.chooser.time_limit_s
        served = serve(problem, chosen, self.chooser.runner, gap_share=share, time_limit_s=limit_s)
        return -np.inf if served is None else served.value


def _first(does: Callable[[int], bool], count: int) -> int:
    """The first position at which it does, given that it does at the last and goes on doing so."""
    low, high = -1, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if does(middle) else (middle, high)
    return high
