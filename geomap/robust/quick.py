"""The quick answer to a draw: the sites that are worth most together in the relaxation, as nearly as is asked.

The best sum of what sites are worth alone bounds every portfolio, in whole courses too. Where the sites it takes are
worth less together, because they want the same hours, a cut says so, and the best sum under the cuts is found anew.
What is lost between the bound and the sites chosen is known for every draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InfeasibleError
from ..locate import SiteProblem
from ..locate.master import best_sum, reach_bound
from ..match import MatchProblem
from .cuts import best_under_cuts
from .factors import AS_IT_IS, Factors
from .relax import Cut, Layout, Relaxed
from .world import World

BLOCK = 60
"""Sites whose models are solved side by side: one call of the solver costs as much as several small models."""
NEAR_SHARE = 0.001
"""Sites are chosen that are proven to be within this share of the best, where rounds suffice."""
ROUNDS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a draw, in the relaxation."""

    chosen: tuple[int, ...]
    """Positions of the sites."""
    value: float
    bound: float
    held: tuple[float, ...]
    """By portfolio held against the draw: what its sites are worth together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Draws at one detour: what is sent to a worker."""

    world: World
    sites: SiteProblem
    """Its match is the world's."""
    prices: np.ndarray
    """Of `price_world`."""
    draws: tuple[Factors, ...]
    portfolios: tuple[np.ndarray, ...]
    """True by site."""


def price_world(given: tuple[World, SiteProblem]) -> np.ndarray:
    """Prices of all rows with the assumptions as they are at this detour, in the unit that draws carry them in."""
    world, sites = given
    layout = Layout.build(world.base, sites)
    relaxed = Relaxed(layout, world.state(AS_IT_IS))
    prices = np.zeros(len(relaxed.limit))
    for first in range(0, relaxed.sites, BLOCK):
        rows, found = relaxed.price(np.arange(first, min(first + BLOCK, relaxed.sites)))
        prices[rows] = found
    return prices / relaxed.price_unit


def answer_chunk(chunk: Chunk) -> list[Answer]:
    """
    Answer the draws of a chunk, in order.

    Raises
    ------
    InfeasibleError
        No choice of sites keeps to the conditions.
    SolveError
        The solver failed.
    """
    layout = Layout.build(chunk.world.base, chunk.sites)
    # Prices of the draws before it bound a draw as well as those it began with; both are kept.
    prices = (chunk.prices, chunk.prices.copy())
    answers = []
    for factors in chunk.draws:
        match = chunk.world.state(factors)
        draw = _Draw(Relaxed(layout, match), chunk.sites, match, prices)
        chosen, value, bound = draw.best()
        held = [
            value if np.array_equal(portfolio, chosen) else draw.relaxed.worth(portfolio)
            for portfolio in chunk.portfolios
        ]
        answers.append(
            Answer(chosen=tuple(np.flatnonzero(chosen).tolist()), value=value, bound=bound, held=tuple(held))
        )
    return answers


class _Draw:
    """Bounds of the sites of one draw: from carried prices at first, of the solved relaxation where it matters."""

    def __init__(
        self, relaxed: Relaxed, sites: SiteProblem, match: MatchProblem, prices: tuple[np.ndarray, np.ndarray]
    ) -> None:
        self.relaxed = relaxed
        self.conditions = sites.conditions
        self.learned = prices[1]
        carried = [kept * relaxed.price_unit for kept in prices]
        bounds = [relaxed.bound(some) for some in carried]
        self.worth = np.minimum(*bounds)
        self.prices = np.where((bounds[0] <= bounds[1])[relaxed.layout.row_site], *carried)
        self.solved = np.zeros(relaxed.sites, dtype=bool)
        self.cuts: list[Cut] = []
        self.match = match
        self.least = np.ceil(sites.min_coverage * match.pcn_demand - 1e-9)
        served = np.zeros(len(self.least), dtype=bool)
        served[match.link_pcn] = True
        self.allowed = np.ones(relaxed.sites, dtype=bool)
        beyond = sites.site_of_pcn[(self.least > 0) & ~served]
        self.allowed[beyond[beyond >= 0]] = False
        self.covering = bool(self.least.any())

    def best(self) -> tuple[np.ndarray, float, float]:
        """The sites that are worth most together (true by site), what they are worth, and what none can pass."""
        best, value, bound = np.zeros(self.relaxed.sites, dtype=bool), -1.0, np.inf
        while True:
            # Sites that the best sum would take if parts of a site could be chosen are solved before it is whole.
            reach = reach_bound(self.worth, self.conditions, self.allowed)
            if self._solve(reach >= reach.max(initial=-np.inf)):
                continue
            found, most = self._sum(reach) if value < 0 else self._sum_under_cuts(reach, value)
            if found is not None and self._solve(found):
                continue
            bound = min(bound, max(most, value))
            if found is not None:
                together, cut = self.relaxed.join(found, self.prices)
                self.cuts.append(cut)
                best, value = (found, together) if together > value else (best, value)
            if found is None or bound - value <= NEAR_SHARE * bound or len(self.cuts) == ROUNDS:
                return best, min(value, bound), bound

    def _solve(self, sites: np.ndarray) -> bool:
        """Bound sites (true by site) by their solved relaxation; whether any of them had not been."""
        waiting = np.flatnonzero(sites & self.allowed & ~self.solved)
        if not len(waiting):
            return False
        for first in range(0, len(waiting), BLOCK):
            rows, found = self.relaxed.price(waiting[first : first + BLOCK])
            self.prices[rows] = found
            self.learned[rows] = found / self.relaxed.price_unit[rows]
        self.worth[waiting] = np.minimum(self.worth[waiting], self.relaxed.bound(self.prices)[waiting])
        self.solved[waiting] = True
        if self.covering:
            self.allowed[[site for site in waiting if not self.relaxed.can_cover(site, self.match, self.least)]] = False
        return True

    def _sum(self, reach: np.ndarray) -> tuple[np.ndarray, float]:
        """The best sum and its bound; sites that can be in none so good are left out of the whole model."""
        near = self.allowed & (reach >= reach.max(initial=-np.inf) * (1 - 2 * NEAR_SHARE))
        found = best_sum(self.worth, self.conditions, near)
        least = -np.inf if found is None else found.value
        if (reach[self.allowed & ~near] > least).any():
            found = best_sum(self.worth, self.conditions, self.allowed & (reach >= least))
        if found is None:
            raise InfeasibleError(
                "In a draw of the assumptions no choice of sites meets the conditions together. "
                "Lower sites.min_coverage, or leave the draws out with --draws 0."
            )
        return found.chosen, found.bound

    def _sum_under_cuts(self, reach: np.ndarray, value: float) -> tuple[np.ndarray | None, float]:
        """The best sum under the cuts, of sites that could be in a portfolio worth more than one that is known."""
        alone = Cut(constant=0.0, worth=self.worth)
        return best_under_cuts([alone, *self.cuts], self.conditions, self.allowed & (reach >= value))
