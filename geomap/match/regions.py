"""Cut a large match into regions of neighbouring PCNs, and price the pledges that cross their borders.

The hours of a pledge that reaches several regions are charged at their price in the linear relaxation. So every region
is a model of its own, and its proven bound counts towards the whole's (Lagrangian decomposition).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..solver import Solution, solve_linear
from .model import PartModel, Room, build_model
from .problem import MatchProblem


def cut_regions(problem: MatchProblem, homes: np.ndarray, most_links: int, turn: float = 0.0) -> np.ndarray:
    """
    Number of the region of each PCN: halves of halves, across the longer side, until each has few enough links.

    Parameters
    ----------
    problem
        The match.
    homes
        Where each PCN's patients live on average, metres, shape (n, 2).
    most_links
        Links a region may have.
    turn
        Radians by which the cuts are turned, so that another cut has other borders.
    """
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    at = homes @ spin
    links = np.bincount(problem.link_pcn, minlength=len(homes))
    region = np.zeros(len(homes), dtype=np.int64)
    pending, found = [np.arange(len(homes))], 0
    while pending:
        members = pending.pop()
        if links[members].sum() <= most_links or len(members) < 2:
            region[members] = found
            found += 1
            continue
        side = np.argmax(np.ptp(at[members], axis=0))
        order = members[np.argsort(at[members, side], kind="stable")]
        weight = np.cumsum(links[order])
        half = int(np.clip(np.searchsorted(weight, weight[-1] / 2), 1, len(order) - 1))
        pending += [order[half:], order[:half]]
    return region


def relax_with_prices(problem: MatchProblem, time_limit_s: float) -> tuple[Solution | None, np.ndarray]:
    """
    Solve the linear relaxation of the whole, and say what an hour of each pledge is worth in it.

    Limits that only follow from the hours are left out, so that the price of scarce hours stands on the hours.
    """
    everything = np.arange(len(problem.link_cap))
    whole = build_model(problem, everything, Room.whole(problem))
    upper = np.full(len(whole.linear.upper), float(problem.cell_demand.sum() + 1))
    upper[: len(everything)] = np.minimum(problem.link_cap, problem.cell_demand[problem.link_cell])
    relaxed = solve_linear(replace(whole.linear, upper=upper), relax=True, time_limit_s=time_limit_s)
    price = np.zeros(len(problem.pool_hours))
    if relaxed is not None and relaxed.complete:
        # The rows of hours come first, one a pledge that has a link. HiGHS gives the price of a binding row of a
        # maximum as a positive number; rounding may leave it a hair below nothing.
        pledges = np.unique(problem.offer_pledge[problem.link_offer])
        price[pledges] = np.maximum(relaxed.row_dual[: len(pledges)], 0.0)
    return relaxed, price


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """The pledges that reach several regions, and their price."""

    region_of_link: np.ndarray
    crosses: np.ndarray
    """By pledge: reaches more than one region."""
    price: np.ndarray
    """By pledge that crosses: need-weighted completions an hour is worth; nothing for others."""

    @classmethod
    def find(cls, problem: MatchProblem, region: np.ndarray, price: np.ndarray) -> Borders:
        """Which pledges cross, with the price by pledge of `relax_with_prices`."""
        of_link = region[problem.link_pcn]
        reaches = np.zeros((len(problem.pool_hours), int(region.max()) + 1), dtype=bool)
        reaches[problem.offer_pledge[problem.link_offer], of_link] = True
        crosses = reaches.sum(axis=1) > 1
        return cls(region_of_link=of_link, crosses=crosses, price=np.where(crosses, price, 0.0))

    def charge(self, problem: MatchProblem) -> float:
        """What all hours of the pledges that cross are worth at their price."""
        return float(self.price @ problem.pool_hours)

    def priced(self, problem: MatchProblem, region: int) -> PartModel:
        """A region's model for the bound: a pledge that crosses pays its price an hour.

        Its courses may be shared with other regions, so here they are neither whole nor held to a smallest group;
        without either the sum over regions still bounds every plan.
        """
        part = build_model(problem, np.flatnonzero(self.region_of_link == region), Room.whole(problem))
        linear, n_links = part.linear, len(part.links)
        offer = problem.link_offer[part.links]
        cost = problem.offer_hours * self.price[problem.offer_pledge]
        value = linear.value.copy()
        value[:n_links] -= np.where(problem.offer_led[offer], 0.0, cost[offer])
        value[n_links:] -= cost[part.led_offers]
        free = self.crosses[problem.offer_pledge[part.led_offers]]
        integer = linear.integer.copy()
        integer[n_links:] = ~free
        upper = linear.upper.copy()
        fits = problem.pool_hours[problem.offer_pledge] / problem.offer_hours
        upper[n_links:] = np.where(free, fits[part.led_offers], upper[n_links:])
        lower = linear.row_lower.copy()
        lower[len(lower) - len(free) :] = np.where(free, -np.inf, 0.0)
        return replace(part, linear=replace(linear, value=value, integer=integer, upper=upper, row_lower=lower))
