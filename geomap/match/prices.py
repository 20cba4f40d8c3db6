"""What one more of something scarce would buy, read from the linear relaxation of the whole match.

The relaxation divides people and courses, and knows neither fairness nor a planner's minimums. The price of an hour is
the dual of its pledge's row: what the next hour brings, while nothing else changes. Each further one brings as much or
less, so in the relaxation nothing buys more than its price; whole courses may make it less, and now and then more.

A link worker or a kilometre is a long step. There a PCN alone is given all of it, and the hours that it then takes are
charged at their price: by duality it can gain no more than this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..schema import CeilingFrame, OfferFrame
from ..solver import LinearModel, Solution, solve_linear
from .model import Room, build_model
from .problem import MatchProblem

NEXT = 1e-5
"""Hours for each pledge, and referrals for each PCN, that are added before anything is priced: where a limit is met
exactly, as it often is by whole places, the last unit has another price than the next."""
WORTHLESS = 1e-9
"""Need-weighted completions that are told from nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The relaxation of a match and its prices, in need-weighted completions."""

    problem: MatchProblem
    """With the hair of every hour and referral that is next."""
    completions: float
    """Of the relaxation in all."""
    hour: np.ndarray
    """By pledge: of one more hour, in the unit of the pledge."""
    referral: np.ndarray
    """By PCN: of one more person who can be referred."""
    surplus: np.ndarray
    """By PCN: what its places are worth less the price of the hours they take."""

    def of_hours(self) -> pd.Series:
        """What one more hour of each pledge brings, in the unit of the pledge, by `pledge_id`."""
        return pd.Series(self.hour, index=pd.Index(self.problem.pledge_ids, name=OfferFrame.pledge_id))

    def of_referrals(self, referrals: float, time_limit_s: float = float("inf")) -> pd.Series | None:
        """
        What each PCN gains at most if it alone can refer so many more people.

        Returns
        -------
        gain
            By `pcn_code`; never above `referrals` times the price of the next one. `None` when the time was short.
        """
        short = self.referral > WORTHLESS
        more = replace(self.problem, ceiling=self.problem.ceiling + referrals)
        surplus = self._most_surplus(more, short, time_limit_s)
        return None if surplus is None else self._gain(surplus, referrals * self.referral)

    def of_reach(self, farther: MatchProblem, time_limit_s: float = float("inf")) -> tuple[float, pd.Series] | None:
        """
        What is gained at most if people travel farther: all of them at once, and those of each PCN alone.

        Parameters
        ----------
        farther
            The match of the same offers, demand and ceilings with the caps of the farther reach.
        time_limit_s
            For each of two solves.

        Returns
        -------
        gains
            How much better the relaxation becomes; and by `pcn_code` what it alone gains, as if all others travelled no
            farther, so that these may add up to more. `None` when the time was short.
        """
        everyone = relaxed_prices(farther, time_limit_s)
        if everyone is None:
            return None
        surplus = self._most_surplus(everyone.problem, np.ones(len(self.surplus), dtype=bool), time_limit_s)
        # Nobody alone gains more than all together.
        total = max(everyone.completions - self.completions, 0.0)
        return None if surplus is None else (total, self._gain(surplus, np.full(len(surplus), total)))

    def _gain(self, surplus: np.ndarray, most: np.ndarray) -> pd.Series:
        gain = np.clip(surplus - self.surplus, 0.0, most)
        return pd.Series(gain, index=pd.Index(self.problem.pcn_codes, name=CeilingFrame.pcn_code))

    def _most_surplus(self, richer: MatchProblem, where: np.ndarray, time_limit_s: float) -> np.ndarray | None:
        """By PCN of `where`, the most its places can be worth in a richer match less the price of their hours.

        With the hours charged for nothing joins one PCN to another, and in the relaxation a course is as long as its
        seats need. Of a pledge's own hours it is kept that no one link can take more than all.
        """
        hours = _hours_of_a_place(richer)
        worth = richer.link_value - (hours * self.hour[richer.offer_pledge])[richer.link_offer]
        viable = richer.offer_places >= richer.offer_min_group - WORTHLESS
        links = np.flatnonzero((worth > WORTHLESS) & viable[richer.link_offer] & where[richer.link_pcn])
        seats = replace(richer, offer_led=np.zeros(len(hours), dtype=bool), offer_hours=hours)
        part = build_model(seats, links, Room.whole(seats))
        linear, kept = part.linear, slice(part.hour_rows.stop, None)
        pledged = (richer.pool_hours[richer.offer_pledge] / hours)[richer.link_offer]
        linear = replace(
            linear,
            value=worth[links],
            matrix=linear.matrix[kept],
            row_lower=linear.row_lower[kept],
            row_upper=linear.row_upper[kept],
            upper=np.minimum(_most_places(richer), pledged)[links],
        )
        found = _solve(linear, time_limit_s)
        if found is None:
            return None
        surplus = np.bincount(richer.link_pcn[links], worth[links] * found.x, minlength=len(where))
        return np.where(where, surplus, self.surplus)


def relaxed_prices(problem: MatchProblem, time_limit_s: float = float("inf")) -> Prices | None:
    """
    Solve the linear relaxation of a whole match for completions alone, and read the prices from it.

    Limits that only follow from the hours are left out, so that the price of scarce hours stands on the hours. Prices
    need not be unique; the same match always gives the same ones.

    Returns
    -------
    prices
        `None` when the time was short.

    Raises
    ------
    SolveError
        The solver failed.
    """
    problem = replace(problem, pool_hours=problem.pool_hours + NEXT, ceiling=problem.ceiling + NEXT)
    part = build_model(problem, np.arange(len(problem.link_cap)), Room.whole(problem))
    courses = np.full(len(part.led_offers), problem.cell_demand.sum() + 1.0)
    found = _solve(replace(part.linear, upper=np.concatenate([_most_places(problem), courses])), time_limit_s)
    if found is None:
        return None
    hour, referral = np.zeros(len(problem.pool_hours)), np.zeros(len(problem.ceiling))
    # HiGHS gives a binding row of a maximum a price above nothing; rounding may leave it a hair below.
    hour[np.unique(problem.offer_pledge[problem.link_offer])] = np.maximum(found.row_dual[part.hour_rows], 0.0)
    referral[np.unique(problem.link_pcn)] = np.maximum(found.row_dual[part.referral_rows], 0.0)
    cost = (_hours_of_a_place(problem) * hour[problem.offer_pledge])[problem.link_offer]
    surplus = problem.by_pcn((problem.link_value - cost) * found.x[: len(part.links)])
    return Prices(problem=problem, completions=found.objective, hour=hour, referral=referral, surplus=surplus)


def _solve(linear: LinearModel, time_limit_s: float) -> Solution | None:
    found = solve_linear(linear, relax=True, time_limit_s=time_limit_s)
    return found if found is not None and found.complete else None


def _most_places(problem: MatchProblem) -> np.ndarray:
    """By link, the most people that are within reach."""
    return np.minimum(problem.link_cap, problem.cell_demand[problem.link_cell])


def _hours_of_a_place(problem: MatchProblem) -> np.ndarray:
    """By offer: of a seat in a full course, where it is led."""
    seats = np.where(problem.offer_led, np.maximum(problem.offer_places, WORTHLESS), 1.0)
    return problem.offer_hours / seats
