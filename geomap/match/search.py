"""Solve the match: a bound from the whole model, a plan region by region, then what is left filled in.

A small match is one model. A large one is cut into regions of PCNs (ICBs, or sub-ICBs where an ICB is large): each
pledge that reaches several is lent to the one where the linear relaxation spends most of it. The bound charges such a
pledge's hours at their price in the relaxation, so that every region's own proven bound counts towards the nation's
(Lagrangian decomposition).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..config import MatchParams
from ..schema import AllocationFrame, CourseFrame
from ..solver import LinearModel, Solution, solve_linear
from .fill import fill_plan, room_left
from .model import PartModel, Room, build_model
from .problem import MatchProblem

Progress = Callable[[str], None]

ONE_MODEL_LINKS = 6000
"""Up to this many links are solved as one model."""
WORKERS = 2
"""HiGHS lets go of the interpreter while it works, so that two regions run on two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A plan with its proof: no plan can be worth more than `bound`; `gap_share` = (bound − objective) / bound."""

    allocation: pd.DataFrame
    """`AllocationFrame`, sorted."""
    courses: pd.DataFrame
    """`CourseFrame`, sorted."""
    objective: float
    bound: float
    gap_share: float
    status: str
    """`optimal`, `within gap` or `stopped`."""


def solve_match(
    problem: MatchProblem,
    regions: pd.DataFrame,
    params: MatchParams,
    progress: Progress = lambda text: None,
) -> Match:
    """
    Find the plan with the most need-weighted completions.

    Parameters
    ----------
    problem
        The match.
    regions
        Indexed by `pcn_code`; columns name ever smaller regions, such as ICB and sub-ICB. A PCN is solved in the first
        that is small enough for one model, when the match is not.
    params
        Time limit and the gap at which to stop.
    progress
        Called with a short sentence as work goes on.

    Returns
    -------
    match
        A plan that holds every limit, whatever the time given.
    """
    deadline = time.monotonic() + params.time_limit_s
    everything = np.arange(len(problem.link_cap))
    whole = build_model(problem, everything, Room.whole(problem))
    bound = _plain_bound(problem)
    places, courses = np.zeros(len(everything)), np.zeros(len(problem.offer_led))
    if len(everything) and params.time_limit_s > 0:
        if len(everything) <= ONE_MODEL_LINKS:
            solution = solve_linear(whole.linear, time_limit_s=params.time_limit_s, gap_share=params.gap_share)
            if solution is not None:
                places, courses = _read(problem, whole, solution)
                bound = min(bound, solution.bound)
        else:
            region = _cut(problem, regions)
            places, courses, bound = _by_regions(problem, whole, region, deadline, params, bound, progress)
    places, courses = fill_plan(problem, places, courses)
    return _finish(problem, places, courses, bound, params)


def _by_regions(
    problem: MatchProblem,
    whole: PartModel,
    region: np.ndarray,
    deadline: float,
    params: MatchParams,
    bound: float,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray, float]:
    relaxed = solve_linear(whole.linear, relax=True, time_limit_s=deadline - time.monotonic())
    places, courses = np.zeros(len(problem.link_cap)), np.zeros(len(problem.offer_led))
    if relaxed is None or not relaxed.complete:
        return places, courses, bound
    bound = min(bound, relaxed.bound)
    progress(f"best possible is at most {bound:,.1f} need-weighted completions")
    borders = _Borders.find(problem, whole, region, relaxed)
    names, sizes = np.unique(region[problem.link_pcn], return_counts=True)
    # The largest first, so that no worker is left alone with one at the end.
    tasks = [(int(name), priced) for name in names[np.argsort(-sizes, kind="stable")] for priced in (False, True)]
    even_share_s = 0.9 * (deadline - time.monotonic()) * WORKERS / len(tasks)

    def work(task: tuple[int, bool]) -> Solution | None:
        name, priced = task
        part = borders.priced(problem, name) if priced else borders.lent(problem, name)
        # Most regions stop early, at their gap; a hard one may take twice its even share.
        limit_s = min(2 * even_share_s, deadline - time.monotonic())
        # Doing nothing holds every limit: with it as a start the solver always has a point, and so a bound to report.
        nothing = np.zeros(len(part.linear.value))
        return solve_linear(part.linear, time_limit_s=limit_s, gap_share=params.gap_share, start=nothing)

    priced_total, proven = borders.charge(problem), True
    with ThreadPoolExecutor(WORKERS) as pool:
        for done, ((name, priced), solution) in enumerate(zip(tasks, pool.map(work, tasks), strict=True), 1):
            if priced:
                proven = proven and solution is not None
                priced_total += solution.bound if solution is not None else 0.0
            elif solution is not None:
                part = borders.lent(problem, name)
                some, opened = _read(problem, part, solution)
                places, courses = places + some, courses + opened
                progress(f"{done} of {len(tasks)} regional models solved")
    if proven:
        bound = min(bound, priced_total)
    return *_top_up(problem, places, courses, deadline, params), bound


def _cut(problem: MatchProblem, regions: pd.DataFrame) -> np.ndarray:
    """Number of the region each PCN is solved in."""
    names = regions.reindex(problem.pcn_codes)
    links = np.bincount(problem.link_pcn, minlength=len(names))
    chosen = names.iloc[:, 0].to_numpy(dtype=object)
    for column in names.columns[1:]:
        size = pd.Series(links).groupby(chosen).transform("sum").to_numpy()
        chosen = np.where(size > ONE_MODEL_LINKS, names[column].to_numpy(dtype=object), chosen)
    return np.unique(chosen.astype(str), return_inverse=True)[1]


def _top_up(
    problem: MatchProblem, places: np.ndarray, courses: np.ndarray, deadline: float, params: MatchParams
) -> tuple[np.ndarray, np.ndarray]:
    """Solve once more over what the regions left: mostly hours of pledges that were lent elsewhere."""
    left = room_left(problem, places, courses)
    part = build_model(problem, np.arange(len(places)), left)
    useful = np.flatnonzero(part.linear.upper[: len(part.links)] > 0)
    part = build_model(problem, useful, left)
    limit_s = min(deadline - time.monotonic(), 0.1 * params.time_limit_s)
    solution = solve_linear(part.linear, time_limit_s=limit_s, gap_share=0.01) if limit_s > 0 and len(useful) else None
    if solution is None:
        return places, courses
    some, opened = _read(problem, part, solution)
    return places + some, courses + opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Borders:
    """How pledges that reach several regions are shared out."""

    region_of_link: np.ndarray
    crosses: np.ndarray
    """By pledge: reaches more than one region."""
    home: np.ndarray
    """By pledge: the region it is lent to."""
    price: np.ndarray
    """By pledge: need-weighted completions an hour is worth in the relaxation; 0 inside one region."""

    @classmethod
    def find(cls, problem: MatchProblem, whole: PartModel, region: np.ndarray, relaxed: Solution) -> _Borders:
        of_link = region[problem.link_pcn]
        pledge = problem.offer_pledge[problem.link_offer]
        n_regions = int(region.max()) + 1
        value = problem.link_value * relaxed.x[: len(problem.link_cap)]
        spent = np.zeros((len(problem.pool_hours), n_regions))
        np.add.at(spent, (pledge, of_link), value + 1e-9)
        pledges = np.unique(pledge)
        price = np.zeros(len(problem.pool_hours))
        # The rows of hours come first in the model, one a pledge that has a link. HiGHS gives the price of a
        # binding row of a maximum as a positive number; rounding may leave it a hair below nothing.
        price[pledges] = np.maximum(relaxed.row_dual[: len(pledges)], 0.0)
        crosses = (spent > 0).sum(axis=1) > 1
        return cls(
            region_of_link=of_link, crosses=crosses, home=spent.argmax(axis=1), price=np.where(crosses, price, 0.0)
        )

    def charge(self, problem: MatchProblem) -> float:
        """What all hours of the pledges that cross are worth at their price."""
        return float(self.price @ problem.pool_hours)

    def lent(self, problem: MatchProblem, name: int) -> PartModel:
        """The region's own model, with the hours of pledges lent to it and none of those lent elsewhere."""
        pledge = problem.offer_pledge[problem.link_offer]
        here = (self.region_of_link == name) & (~self.crosses | (self.home == name))[pledge]
        return build_model(problem, np.flatnonzero(here), Room.whole(problem))

    def priced(self, problem: MatchProblem, name: int) -> PartModel:
        """The region's model for the bound: a pledge that crosses pays its price an hour.

        Its courses may be shared with other regions, so here they are neither whole nor held to a smallest group;
        without either the sum over regions still bounds every plan.
        """
        part = build_model(problem, np.flatnonzero(self.region_of_link == name), Room.whole(problem))
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


def _read(problem: MatchProblem, part: PartModel, solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Whole places by link and whole courses by offer of a part's solution."""
    places, courses = np.zeros(len(problem.link_cap)), np.zeros(len(problem.offer_led))
    places[part.links] = np.rint(solution.x[: len(part.links)])
    courses[part.led_offers] = np.rint(solution.x[len(part.links) :])
    return places, courses


def _plain_bound(problem: MatchProblem) -> float:
    """What meeting all demand that any offer reaches would be worth: weak, but it needs no solver."""
    best = np.zeros(len(problem.cell_demand))
    np.maximum.at(best, problem.link_cell, problem.link_value)
    reached = np.bincount(problem.link_cell, problem.link_cap, minlength=len(best))
    return float(best @ np.minimum(reached, problem.cell_demand))


def _finish(
    problem: MatchProblem, places: np.ndarray, courses: np.ndarray, bound: float, params: MatchParams
) -> Match:
    objective = float(problem.link_value @ places)
    bound = max(bound, objective)
    gap = (bound - objective) / bound if bound > 0 else 0.0
    status = "optimal" if gap <= 1e-9 else "within gap" if gap <= params.gap_share + 1e-12 else "stopped"
    given = np.flatnonzero(places > 0)
    offer, cell = problem.link_offer[given], problem.link_cell[given]
    allocation = {
        AllocationFrame.pledge_id: problem.pledge_ids[problem.offer_pledge[offer]],
        AllocationFrame.pathway_id: problem.pathway_ids[problem.offer_pathway[offer]],
        AllocationFrame.pcn_code: problem.pcn_codes[problem.cell_pcn[cell]],
        AllocationFrame.places: places[given].astype(np.int64),
    }
    run = np.flatnonzero(courses > 0)
    opened = {
        CourseFrame.pledge_id: problem.pledge_ids[problem.offer_pledge[run]],
        CourseFrame.pathway_id: problem.pathway_ids[problem.offer_pathway[run]],
        CourseFrame.courses: courses[run].astype(np.int64),
    }
    return Match(
        allocation=_text(allocation, AllocationFrame.places),
        courses=_text(opened, CourseFrame.courses),
        objective=objective,
        bound=bound,
        gap_share=gap,
        status=status,
    )


def _text(columns: dict[str, Iterable], count: str) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    keys = [name for name in columns if name != count]
    return frame.astype(dict.fromkeys(keys, "str")).sort_values(keys, ignore_index=True)
