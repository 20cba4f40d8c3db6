"""Cut a large match into regions of neighbouring PCNs, where the fewest pledges cross.

The hours of a pledge that reaches several regions are charged at their price in the linear relaxation. So every region
is a model of its own, and its proven bound counts towards the whole's (Lagrangian decomposition). What the cut costs
is what crosses it: the borders run where little does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..solver import Solution, solve_linear
from .goal import Goal
from .model import PartModel, Room, build_model
from .problem import MatchProblem

ANGLES = 16
"""Directions in which a cut is tried."""
SMALLEST_SIDE = 0.3
"""Least share of the links on either side of a cut."""


def cut_regions(problem: MatchProblem, homes: np.ndarray, most_links: int, cost: np.ndarray) -> np.ndarray:
    """
    Number of the region of each PCN: parts are cut in two by the straight line that costs least, until small enough.

    Parameters
    ----------
    problem
        The match.
    homes
        Where each PCN's patients live on average, metres, shape (n, 2).
    most_links
        Links a region may have.
    cost
        By pledge, what it costs to have it on both sides of a line.
    """
    links = np.bincount(problem.link_pcn, minlength=len(homes))
    # Each pledge and each PCN it reaches, once.
    both = np.unique(problem.offer_pledge[problem.link_offer].astype(np.int64) * len(homes) + problem.link_pcn)
    reaches = np.divmod(both, len(homes))
    region = np.zeros(len(homes), dtype=np.int64)
    pending, found = [np.arange(len(homes))], 0
    while pending:
        members = pending.pop()
        if links[members].sum() <= most_links or len(members) < 2:
            region[members] = found
            found += 1
            continue
        pending += reversed(_cut_in_two(members, links, homes, (*reaches, cost)))
    return region


def _cut_in_two(
    members: np.ndarray, links: np.ndarray, homes: np.ndarray, reaches: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    pledge, pcn, cost = reaches
    inside = np.zeros(len(homes), dtype=bool)
    inside[members] = True
    mine = inside[pcn]
    names, pledge = np.unique(pledge[mine], return_inverse=True)
    pcn, cost = pcn[mine], cost[names]
    best, cheapest = (members[:1], members[1:]), np.inf
    for angle in np.pi * np.arange(ANGLES) / ANGLES:
        along = homes[members] @ np.array([np.cos(angle), np.sin(angle)])
        order = members[np.argsort(along, kind="stable")]
        position = np.empty(len(homes), dtype=np.int64)
        position[order] = np.arange(len(order))
        first, last = np.full(len(names), len(order)), np.full(len(names), -1)
        np.minimum.at(first, pledge, position[pcn])
        np.maximum.at(last, pledge, position[pcn])
        # A cut before position c is crossed by the pledges with first < c ≤ last.
        steps = np.bincount(first + 1, cost, minlength=len(order) + 2) - np.bincount(
            last + 1, cost, minlength=len(order) + 2
        )
        crossing = np.cumsum(steps)[1 : len(order)]
        share = np.cumsum(links[order])[:-1] / max(links[order].sum(), 1)
        fair = (share >= SMALLEST_SIDE) & (share <= 1 - SMALLEST_SIDE)
        if not fair.any():
            fair = np.abs(share - 0.5) == np.abs(share - 0.5).min()
        at = int(np.flatnonzero(fair)[np.argmin(crossing[fair])])
        if crossing[at] < cheapest - 1e-9:
            cheapest, best = crossing[at], (order[: at + 1], order[at + 1 :])
    return best


def relax_with_prices(
    problem: MatchProblem, goal: Goal | None, time_limit_s: float
) -> tuple[Solution | None, np.ndarray]:
    """
    Solve the linear relaxation of the whole, and say what an hour of each pledge is worth in it.

    Limits that only follow from the hours are left out, so that the price of scarce hours stands on the hours.
    """
    everything = np.arange(len(problem.link_cap))
    whole = build_model(problem, everything, Room.whole(problem), goal)
    upper = whole.linear.upper.copy()
    upper[: len(everything)] = np.minimum(problem.link_cap, problem.cell_demand[problem.link_cell])
    led = slice(len(everything), len(everything) + len(whole.led_offers))
    upper[led] = float(problem.cell_demand.sum() + 1)
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
        both = np.unique(problem.offer_pledge[problem.link_offer].astype(np.int64) * len(region) + of_link)
        crosses = np.bincount(both // len(region), minlength=len(problem.pool_hours)) > 1
        return cls(region_of_link=of_link, crosses=crosses, price=np.where(crosses, price, 0.0))

    def charge(self, problem: MatchProblem) -> float:
        """What all hours of the pledges that cross are worth at their price."""
        return float(self.price @ problem.pool_hours)

    def priced(self, problem: MatchProblem, region: int, goal: Goal | None = None) -> PartModel:
        """A region's model for the bound: a pledge that crosses pays its price an hour.

        Its courses may be shared with other regions, so here they are neither whole nor held to a smallest group;
        without either the sum over regions still bounds every plan.
        """
        part = build_model(problem, np.flatnonzero(self.region_of_link == region), Room.whole(problem), goal)
        linear, n_links, n_led = part.linear, len(part.links), len(part.led_offers)
        offer, led = problem.link_offer[part.links], slice(n_links, n_links + n_led)
        cost = problem.offer_hours * self.price[problem.offer_pledge]
        value = linear.value.copy()
        value[:n_links] -= np.where(problem.offer_led[offer], 0.0, cost[offer])
        value[led] -= cost[part.led_offers]
        free = self.crosses[problem.offer_pledge[part.led_offers]]
        integer, upper = linear.integer.copy(), linear.upper.copy()
        integer[led] = ~free
        fits = problem.pool_hours[problem.offer_pledge] / problem.offer_hours
        upper[led] = np.where(free, fits[part.led_offers], upper[led])
        # Rows that say each course is viable come before those of the goal.
        lower = linear.row_lower.copy()
        lower[part.viable_rows] = np.where(free, -np.inf, lower[part.viable_rows])
        return replace(part, linear=replace(linear, value=value, integer=integer, upper=upper, row_lower=lower))
