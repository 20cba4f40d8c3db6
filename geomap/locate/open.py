"""Sites that no limit of their own binds: each pledge's hours all go to the best of the sites chosen for them.

The choice is then the maximal covering or the p-median problem under the planner's conditions. Prices of the pledges
(Cornuéjols, Fisher and Nemhauser, "Location of bank accounts to optimize float", 1977) bound every choice and rule
most sites in or out; of the few that are left one small whole model finds the best.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..solver import solve_linear
from .alone import Alone
from .levels import Levels
from .master import best_sum, count_alone, reach_bounds, relaxed_sum
from .problem import NO_SITE, Condition, SiteProblem
from .serve import Served

STEPS = 400
"""Steps of the prices."""
PATIENCE = 10
"""Steps without a better bound after which the next ones are half as long."""
SHORTEST = 0.005
"""Length of a step, of what would close the gap if the bound were straight, below which no more are made."""
LOOK_EVERY = 50
FEW_SITES = 10
"""So few sites that are neither in nor out need no better prices."""
SWAPS = 10
"""Sites that are tried in the place of another."""
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSites:
    """What each pledge is worth at each site that it reaches, if all its hours go there; entries in that order."""

    problem: SiteProblem
    pledge: np.ndarray
    """By entry: position among the pledges that reach a site."""
    site: np.ndarray
    worth: np.ndarray
    first: np.ndarray
    """By pledge: its first entry."""

    @classmethod
    def of(cls, problem: SiteProblem) -> OpenSites | None:
        """The sites of a problem; `None` where some limit besides the hours could bind."""
        links = np.flatnonzero(problem.link_site != NO_SITE)
        if not len(links) or not _only_hours_bind(problem, links):
            return None
        match, sites = problem.match, len(problem.site_ids)
        key = match.offer_pledge[match.link_offer[links]] * sites + problem.link_site[links]
        order = np.argsort(key, kind="stable")
        key, begins = np.unique(key[order], return_index=True)
        worth = np.maximum.reduceat((_places(problem, links) * match.link_value[links])[order], begins)
        _, first, pledge = np.unique(key // sites, return_index=True, return_inverse=True)
        return cls(problem=problem, pledge=pledge, site=key % sites, worth=worth, first=first)

    def alone(self) -> Alone:
        """What each site is worth by itself."""
        every = np.ones(len(self.problem.site_ids), dtype=bool)
        return Alone(worth=self._by_site(self.worth), whole=every, allowed=every.copy())

    def serve(self, chosen: np.ndarray) -> Served:
        """The best plan for sites chosen: whole pledges, each to the link of the greatest worth."""
        match = self.problem.match
        links = np.flatnonzero(np.append(chosen, False)[self.problem.link_site])
        pledge = match.offer_pledge[match.link_offer[links]]
        order = np.lexsort((links, -match.link_value[links], pledge))
        taken = links[order[np.diff(pledge[order], prepend=-1) > 0]]
        places = np.zeros(len(match.link_cap))
        places[taken] = _places(self.problem, taken)
        value = float(match.link_value @ places)
        return Served(chosen=chosen, places=places, courses=np.zeros(len(match.offer_led)), value=value)

    def choose(
        self, conditions: Sequence[Condition], best: np.ndarray | None, *, gap_share: float, deadline: float
    ) -> tuple[np.ndarray, float] | None:
        """
        The best sites under some conditions.

        Parameters
        ----------
        conditions
            What the choice must keep to.
        best
            A choice (true by site) that keeps to them and may be good.
        gap_share, deadline
            When to stop; the deadline as `time.monotonic` tells it.

        Returns
        -------
        chosen, bound
            True by site, and what no choice can pass; `None` where no choice keeps to the conditions.
        """
        priced = self._price(conditions, best, gap_share=gap_share, deadline=deadline)
        if priced is None:
            return None
        self._look(conditions, priced, gap_share)
        if priced.near(gap_share):
            return priced.best, max(priced.bound, priced.value)
        return self._finish(conditions, priced, gap_share=gap_share, deadline=deadline)

    def _by_site(self, figures: np.ndarray) -> np.ndarray:
        return np.bincount(self.site, figures, minlength=len(self.problem.site_ids))

    def _value(self, chosen: np.ndarray) -> float:
        return float(np.maximum.reduceat(self.worth * chosen[self.site], self.first).sum())

    def _price(
        self, conditions: Sequence[Condition], best: np.ndarray | None, *, gap_share: float, deadline: float
    ) -> _Priced | None:
        """Prices by pledge whose bound is low: what a site is worth above them, and the prices themselves.

        Steps follow the pledges that no site, or more than one, of the best sum takes, and are longer for those that
        are worth more (Held, Wolfe and Crowder, "Validation of subgradient optimization", 1974).
        """
        every = np.ones(len(self.problem.site_ids), dtype=bool)
        count = count_alone(conditions, every)
        if best is None:
            found = best_sum(self._by_site(self.worth), conditions, every)
            if found is None:
                return None
            best = found.chosen
        # From no price at all the way is long: half of what some sites give is a fair guess.
        price = np.maximum.reduceat(self.worth * best[self.site], self.first) / 2
        priced = _Priced(best=best, value=self._value(best), price=np.zeros(len(price)))
        largest = np.maximum.reduceat(self.worth, self.first)
        length, waited = 1.0, 0
        for step in range(1, STEPS):
            over = np.maximum(self.worth - price[self.pledge], 0.0)
            part, total = relaxed_sum(self._by_site(over), conditions, count)
            bound = float(price.sum()) + total
            if count is not None:
                priced.try_choice(part > 0.5, self._value(part))
            waited = 0 if bound < priced.bound * (1 - 1e-5) else waited + 1
            priced.try_price(price, bound)
            if priced.near(gap_share) or time.monotonic() > deadline:
                break
            if step % LOOK_EVERY == 0 and self._look(conditions, priced, gap_share):
                break
            if waited >= PATIENCE:
                length, waited, price = length / 2, 0, priced.price
                if length < SHORTEST:
                    break
            slope = 1.0 - np.bincount(self.pledge, (over > 0) * part[self.site], minlength=len(price))
            steep = float((largest * slope**2).sum())
            if steep == 0:
                break
            price = np.maximum(price - length * (bound - priced.value) / steep * largest * slope, 0.0)
        return priced

    def _look(self, conditions: Sequence[Condition], priced: _Priced, gap_share: float) -> bool:
        """Look for a better choice near what the prices say; whether better prices are not worth the while."""
        over = self._by_site(np.maximum(self.worth - priced.price[self.pledge], 0.0))
        found = best_sum(over, conditions, np.ones(len(over), dtype=bool))
        if found is not None:
            priced.try_choice(found.chosen, self._value(found.chosen))
        self._swap(conditions, priced)
        return priced.near(gap_share) or self._sort_out(conditions, priced)[0].sum() <= FEW_SITES

    def _swap(self, conditions: Sequence[Condition], priced: _Priced) -> None:
        """Change one site of the best choice for another for as long as that makes it better."""
        while priced.swapped is not priced.best:
            priced.swapped = chosen = priced.best
            for out in np.flatnonzero(chosen):
                kept = chosen.copy()
                kept[out] = False
                given = np.maximum.reduceat(self.worth * kept[self.site], self.first)
                value = self._by_site(np.maximum(self.worth - given[self.pledge], 0.0)) + given.sum()
                for site in np.argsort(-np.where(chosen, 0.0, value), kind="stable")[:SWAPS]:
                    if value[site] <= priced.value * (1 + _SAME):
                        break
                    other = kept.copy()
                    other[site] = True
                    if all(condition.holds(other) for condition in conditions):
                        priced.try_choice(other, float(value[site]))
                        break

    def _sort_out(self, conditions: Sequence[Condition], priced: _Priced) -> tuple[np.ndarray, np.ndarray]:
        """Sites (true by site) that a better choice could have or not, and those that it must have."""
        over = self._by_site(np.maximum(self.worth - priced.price[self.pledge], 0.0))
        with_it, without = reach_bounds(over, conditions, np.ones(len(over), dtype=bool))
        least = priced.value - float(priced.price.sum())
        held = without < least
        return (with_it >= least) & ~held, held

    def _finish(
        self, conditions: Sequence[Condition], priced: _Priced, *, gap_share: float, deadline: float
    ) -> tuple[np.ndarray, float]:
        """One whole model over the sites that are neither in nor out."""
        rest, held = self._sort_out(conditions, priced)
        sites = np.flatnonzero(rest | held)
        base = np.zeros(len(self.first))
        if held.any():
            base = np.maximum.reduceat(self.worth * held[self.site], self.first)
        levels = self._levels(np.flatnonzero(rest), base)
        conditions = (*conditions, Condition.one("hold these", held, least=held.sum()))
        start = priced.best[sites]
        solution = solve_linear(
            levels.model(conditions, sites, rest[sites]),
            time_limit_s=max(deadline - time.monotonic(), 0.0),
            gap_share=gap_share,
            start=np.concatenate([start, levels.members[:, start[rest[sites]]].any(axis=1)]).astype(float),
        )
        if solution is None:
            return priced.best, priced.bound
        chosen = np.zeros(len(rest), dtype=bool)
        chosen[sites] = solution.x[: len(sites)] > 0.5
        bound = min(priced.bound, float(base.sum()) + solution.bound)
        priced.try_choice(chosen, self._value(chosen))
        return priced.best, max(bound, priced.value)

    def _levels(self, sites: np.ndarray, base: np.ndarray) -> Levels:
        """The levels over these sites, above what each pledge has already."""
        column = np.full(len(self.problem.site_ids), -1)
        column[sites] = np.arange(len(sites))
        kept = np.flatnonzero((column[self.site] >= 0) & (self.worth > base[self.pledge]))
        kept = kept[np.lexsort((-self.worth[kept], self.pledge[kept]))]
        last = np.diff(self.pledge[kept], append=-1) != 0
        below = np.where(last, base[self.pledge[kept]], np.roll(self.worth[kept], -1))
        return Levels.collect(column[self.site[kept]], self.worth[kept] - below, last, sites=len(sites))


@dataclass(slots=True, kw_only=True)
class _Priced:
    """The best choice, the lowest bound and its prices, so far."""

    best: np.ndarray
    value: float
    price: np.ndarray
    bound: float = float("inf")
    swapped: np.ndarray | None = None
    """The choice of which no swap is better."""

    def near(self, gap_share: float) -> bool:
        return self.bound - self.value <= max(gap_share, _SAME) * abs(self.bound)

    def try_price(self, price: np.ndarray, bound: float) -> None:
        if bound < self.bound:
            self.price, self.bound = price, bound

    def try_choice(self, chosen: np.ndarray, value: float) -> None:
        if value > self.value:
            self.best, self.value = chosen, value


def _places(problem: SiteProblem, links: np.ndarray) -> np.ndarray:
    """By link: places that all hours of its pledge come to."""
    match, offer = problem.match, problem.match.link_offer[links]
    return np.floor(match.pool_hours[match.offer_pledge[offer]] / match.offer_hours[offer] + _SAME)


def _only_hours_bind(problem: SiteProblem, links: np.ndarray) -> bool:
    """Whether every link could have all hours of its pledge, whatever the others have, and none needs a course."""
    match, offer, cell = problem.match, problem.match.link_offer[links], problem.match.link_cell[links]
    if match.offer_led[offer].any() or problem.least_places().any():
        return False
    pledge, hours = match.offer_pledge[offer], match.offer_hours[offer]
    length = np.zeros(len(match.pool_hours))
    length[pledge] = hours
    places = _places(problem, links)
    given = np.concatenate([places, places])
    catchments = np.bincount(match.link_catchment[:, links].ravel(), given, minlength=len(match.catchment_cap))
    referred = places / match.uptake[match.cell_pathway[cell]]
    return bool(
        (length[pledge] == hours).all()
        and (places <= match.link_cap[links]).all()
        and (np.bincount(cell, places, minlength=len(match.cell_demand)) <= match.cell_demand).all()
        and (np.bincount(match.link_pcn[links], referred, minlength=len(match.ceiling)) <= match.ceiling).all()
        and (catchments <= match.catchment_cap).all()
    )
