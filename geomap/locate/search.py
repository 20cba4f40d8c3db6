"""The best portfolio: sites bounded alone, the best sum, the match of what it takes, and one model for what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InfeasibleError
from ..runner import Runner
from ..solver import solve_linear
from .alone import Alone
from .clash import smallest_clash
from .conditions import texts
from .joint import build_joint
from .master import best_sum, reach_bound
from .open import OpenSites
from .problem import Condition, SiteProblem
from .serve import Served, serve

JOINT_LINKS = 8_000
"""A joint model of more links finds nothing in the time there is; only its relaxation is solved."""
JOINT_STEPS = 2_000
SERVE_SHARE = 0.25
"""The plan for given sites is solved to this share of the gap that is asked for."""
ROUNDS = 12
"""Times that sites alone are bounded more closely and chosen anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Sites and the plan that serves them: no portfolio that keeps to the conditions is worth more than `bound`."""

    chosen: np.ndarray
    """True by site."""
    places: np.ndarray
    """By link of the match."""
    courses: np.ndarray
    """By offer of the match."""
    value: float
    bound: float
    status: str
    """`optimal`, `within gap` or `stopped`."""

    @property
    def gap_share(self) -> float:
        """(bound − value) / bound."""
        return max(self.bound - self.value, 0.0) / self.bound if self.bound > 0 else 0.0

    def under(self, bound: float, gap_share: float) -> Portfolio:
        """The same under another bound, with its status; `gap_share` is the gap that was asked for."""
        return replace(self, bound=max(bound, self.value), status=judge(self.value, bound, gap_share))


def judge(value: float, bound: float, gap_share: float) -> str:
    """The status of a value under a bound."""
    gap = max(bound - value, 0.0)
    if gap <= 1e-6 * max(1.0, bound):
        return "optimal"
    return "within gap" if gap <= gap_share * abs(bound) + 1e-6 else "stopped"


@dataclass(slots=True, kw_only=True)
class Chooser:
    """Chooses portfolios of one problem again and again, under conditions that differ; what it learns is kept."""

    problem: SiteProblem
    runner: Runner
    gap_share: float
    time_limit_s: float
    """For each portfolio."""
    alone: Alone | None = None
    """Bounds of single sites, where they are known already."""
    open: OpenSites | None = field(init=False)
    """Where nothing but hours can bind."""
    served: dict[bytes, Served | None] = field(default_factory=dict)
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.open = OpenSites.of(self.problem)
        if self.alone is None:
            self.alone = Alone.relaxed(self.problem) if self.open is None else self.open.alone()
        self.deadline = float("inf")

    def at_coverage(self, min_coverage: float) -> Chooser:
        """One for another least coverage, which knows what this one has learnt."""
        problem = replace(self.problem, min_coverage=min_coverage)
        return Chooser(
            problem=problem,
            runner=self.runner,
            gap_share=self.gap_share,
            time_limit_s=self.time_limit_s,
            alone=self.alone.at_coverage(problem),
        )

    def choose(
        self, *more: Condition, tried: Sequence[np.ndarray] = (), instead: Sequence[Condition] | None = None
    ) -> Portfolio:
        """
        The best portfolio under the problem's conditions and some more.

        Parameters
        ----------
        more
            Further conditions.
        tried
            Choices (true by site) that may be good; those that break a condition are passed over.
        instead
            Conditions in the place of the problem's.

        Raises
        ------
        InfeasibleError
            Names the smallest set of conditions that clash.
        SolveError
            The solver failed.
        """
        self.deadline = time.monotonic() + self.time_limit_s
        conditions = (*(self.problem.conditions if instead is None else instead), *more)
        best: Served | None = None
        for choice in tried:
            if all(condition.holds(choice) for condition in conditions):
                best = _better(best, self._serve(choice))
        if self.open is not None:
            best, bound = self._choose_open(self.open, conditions, best)
        else:
            best, bound = self._sum_up(conditions, best)
            if not self._near(best, bound):
                best, bound = self._join(conditions, best, bound)
        if best is None:
            said = f"No portfolio was found whose PCNs each have {self.problem.min_coverage:.0%} of their demand met"
            raise InfeasibleError(f"{said}. Lower sites.min_coverage, or raise sites.time_limit_s.")
        return Portfolio(
            chosen=best.chosen,
            places=best.places,
            courses=best.courses,
            value=best.value,
            bound=max(bound, best.value),
            status=judge(best.value, bound, self.gap_share),
        )

    def _left_s(self) -> float:
        return max(self.deadline - time.monotonic(), 0.0)

    def _near(self, best: Served | None, bound: float) -> bool:
        return best is not None and bound - best.value <= self.gap_share * abs(bound) + 1e-6

    def _serve(self, chosen: np.ndarray) -> Served | None:
        if self.open is not None:
            return self.open.serve(chosen)
        key = np.packbits(chosen).tobytes()
        if key not in self.served:
            near, left = self.gap_share * SERVE_SHARE, self._left_s()
            found = serve(self.problem, chosen, self.runner, gap_share=near, time_limit_s=left)
            if self._left_s() <= 0:
                return found  # what was found in a hurry is not what a later search should start from
            self.served[key] = found
        return self.served[key]

    def _choose_open(
        self, sites: OpenSites, conditions: Sequence[Condition], best: Served | None
    ) -> tuple[Served | None, float]:
        """The best sites where each pledge goes to the best of them."""
        known = None if best is None else best.chosen
        found = sites.choose(conditions, known, gap_share=self.gap_share, deadline=self.deadline)
        if found is None:
            raise InfeasibleError(self._tell_clash(conditions))
        return _better(best, sites.serve(found[0])), found[1]

    def _sum_up(self, conditions: Sequence[Condition], best: Served | None) -> tuple[Served | None, float]:
        """The best sum of bounds, with those of the sites that it takes made whole, and the plan for these sites."""
        for _ in range(ROUNDS):
            found = best_sum(self.alone.worth, conditions, self.alone.allowed)
            if found is None:
                raise InfeasibleError(self._tell_clash(conditions))
            waiting = np.flatnonzero(found.chosen & ~self.alone.whole)
            if not len(waiting) or self._near(best, found.bound):
                break
            self.alone.make_whole(waiting, self.runner)
        return _better(best, self._serve(found.chosen)), found.bound

    def _join(
        self, conditions: Sequence[Condition], best: Served | None, bound: float
    ) -> tuple[Served | None, float]:
        """One model for all sites that could still be in a better portfolio; a site left out is in none."""
        rest = self._rest(conditions, best)
        model = build_joint(replace(self.problem, conditions=tuple(conditions)), rest, self.alone.worth)
        small = len(model.part.links) <= JOINT_LINKS
        known = best is not None and np.isin(np.flatnonzero(best.chosen), rest).all()
        try:
            solution = solve_linear(
                model.linear,
                relax=not small,
                steps=JOINT_STEPS,
                time_limit_s=self._left_s(),
                gap_share=self.gap_share,
                start=model.point(best.places, best.courses, best.chosen) if known else None,
            )
        except InfeasibleError:
            return best, bound if best is None else best.value
        if solution is None:
            return best, bound
        bound = min(bound, solution.bound)
        weight = np.zeros(len(self.alone.worth))
        weight[rest] = np.maximum(solution.x[-len(rest) :], 0.0)
        found = best_sum(weight, conditions, self.alone.allowed & np.isin(np.arange(len(weight)), rest))
        if small:
            best = _better(best, model.read(self.problem, solution.x))
        return _better(best, None if found is None else self._serve(found.chosen)), bound

    def _rest(self, conditions: Sequence[Condition], best: Served | None) -> np.ndarray:
        """Positions of the sites that could be in a portfolio better than the best one."""
        least = -np.inf if best is None else best.value
        rest = np.flatnonzero(reach_bound(self.alone.worth, conditions, self.alone.allowed) >= least)
        inside = np.isin(self.problem.link_site, rest)
        if inside.sum() <= 2 * JOINT_LINKS:
            self.alone.make_whole(rest, self.runner)
            rest = np.flatnonzero(reach_bound(self.alone.worth, conditions, self.alone.allowed) >= least)
        return rest

    def _tell_clash(self, conditions: Sequence[Condition]) -> str:
        clash = smallest_clash(conditions, np.ones(len(self.alone.worth), dtype=bool))
        told = "; ".join(texts(clash or conditions))
        if clash:
            return f"No choice of sites meets these conditions together: {told}. Loosen one of them."
        said = f"No sites that can each cover {self.problem.min_coverage:.0%} of their demand meet the conditions"
        return f"{said}: {told}. Lower sites.min_coverage or loosen a condition."


def _better(one: Served | None, other: Served | None) -> Served | None:
    """The plan that is worth more; the first where they are worth the same."""
    if one is None or other is None:
        return other if one is None else one
    return other if other.value > one.value + 1e-9 else one
