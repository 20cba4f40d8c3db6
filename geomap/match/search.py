"""Solve the match: a bound, a plan, and the plan improved until its gap or the time is reached.

A small match is one model. For a large one the linear relaxation is rounded to a first plan; regions with priced
borders add up to a bound of the whole; and the plan is improved neighbourhood by neighbourhood.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..config import MatchParams
from ..errors import SolveError
from ..schema import AllocationFrame, CourseFrame, PostcodeFrame
from ..solver import Solution, solve_linear
from .fill import fill_plan
from .model import PartModel, Room, build_model
from .problem import MatchProblem
from .regions import Borders, cut_regions, relax_with_prices
from .rounding import round_plan
from .windows import group_windows, open_window

Progress = Callable[[str], None]

ONE_MODEL_LINKS = 6000
"""Up to this many links are solved as one model."""
REGION_LINKS, WINDOW_LINKS = 4000, 1500
"""Most links of a region and of a window: small enough that HiGHS comes near its best in seconds."""
BOUND_SHARE = 0.4
"""Share of the time for the bound; the plan has the rest."""
WINDOW_S, WINDOW_GAP = 4.0, 0.002
"""Most seconds for a window, and the gap at which it is good enough."""
LEAST_GAIN = 0.0002
"""A round of windows that gains less than this share is the last."""
WORKERS = 2
"""HiGHS lets go of the interpreter while it works, so that two models run on two cores."""


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


@dataclass(slots=True)
class _State:
    """The plan and the bound so far."""

    problem: MatchProblem
    params: MatchParams
    deadline: float
    progress: Progress
    places: np.ndarray
    courses: np.ndarray
    bound: float

    def left_s(self) -> float:
        return self.deadline - time.monotonic()

    def objective(self) -> float:
        return float(self.problem.link_value @ self.places)

    def gap(self) -> float:
        return 1 - self.objective() / self.bound if self.bound > 0 else 0.0

    def put(self, part: PartModel, x: np.ndarray) -> None:
        """Put a part's solution in place of the plan there."""
        self.places[part.links] = np.rint(x[: len(part.links)])
        self.courses[part.led_offers] = np.rint(x[len(part.links) :])


def solve_match(
    problem: MatchProblem,
    homes: pd.DataFrame,
    params: MatchParams,
    progress: Progress = lambda text: None,
) -> Match:
    """
    Find the plan with the most need-weighted completions.

    Parameters
    ----------
    problem
        The match.
    homes
        Indexed by `pcn_code`, columns `easting` and `northing`: where its patients live on average, metres.
    params
        Time limit and the gap at which to stop.
    progress
        Called with a short sentence as work goes on.

    Returns
    -------
    match
        A plan that holds every limit, whatever the time given.
    """
    state = _State(
        problem=problem,
        params=params,
        deadline=time.monotonic() + params.time_limit_s,
        progress=progress,
        places=np.zeros(len(problem.link_cap)),
        courses=np.zeros(len(problem.offer_led)),
        bound=_plain_bound(problem),
    )
    at = homes[[PostcodeFrame.easting, PostcodeFrame.northing]].reindex(problem.pcn_codes).to_numpy(dtype=float)
    if len(problem.link_cap) and params.time_limit_s > 0:
        if len(problem.link_cap) <= ONE_MODEL_LINKS:
            _solve_whole(state)
        else:
            _solve_regions(state, at)
    state.places, state.courses = fill_plan(problem, state.places, state.courses)
    return _finish(state)


def _solve_whole(state: _State) -> None:
    part = build_model(state.problem, np.arange(len(state.problem.link_cap)), Room.whole(state.problem))
    solution = solve_linear(part.linear, time_limit_s=state.params.time_limit_s, gap_share=state.params.gap_share)
    if solution is not None:
        state.put(part, solution.x)
        state.bound = min(state.bound, solution.bound)


def _solve_regions(state: _State, at: np.ndarray) -> None:
    """A plan near the relaxation, a bound from priced regions, and the plan improved in the time that is left."""
    relaxed, price = relax_with_prices(state.problem, state.left_s())
    if relaxed is None or not relaxed.complete:
        return
    state.places, state.courses = round_plan(state.problem, relaxed.x)
    state.bound = min(state.bound, relaxed.bound)
    with ThreadPoolExecutor(WORKERS) as pool:
        _bound_by_regions(state, Borders.find(state.problem, cut_regions(state.problem, at, REGION_LINKS), price), pool)
        _improve(state, at, pool)


def _bound_by_regions(state: _State, borders: Borders, pool: ThreadPoolExecutor) -> None:
    problem = state.problem
    names, sizes = np.unique(borders.region_of_link, return_counts=True)
    # The largest first, so that no worker is left alone with one at the end.
    order = [int(name) for name in names[np.argsort(-sizes, kind="stable")]]
    limit_s = BOUND_SHARE * state.left_s() * WORKERS / len(order)

    def work(name: int) -> Solution | None:
        part = borders.priced(problem, name)
        # Doing nothing holds every limit: with it as a start the solver always has a point, and so a bound to report.
        nothing = np.zeros(len(part.linear.value))
        return _try(part, nothing, limit_s=limit_s, gap_share=state.params.gap_share)

    total = borders.charge(problem)
    for done, solution in enumerate(pool.map(work, order), 1):
        total += float("inf") if solution is None else solution.bound
        state.progress(f"bound: {done} of {len(order)} regions")
    state.bound = min(state.bound, total)


def _improve(state: _State, at: np.ndarray, pool: ThreadPoolExecutor) -> None:
    """Go over the map in windows, cut anew each round, until the gap or the time is reached or little is gained."""
    rounds, gained = 0, 1.0
    while state.left_s() > 0 and state.gap() > state.params.gap_share and gained > LEAST_GAIN:
        before = state.objective()
        # A turn that is no simple share of a circle puts the borders elsewhere in every round.
        region = cut_regions(state.problem, at, WINDOW_LINKS, turn=0.6 + 1.1 * rounds)
        for group in group_windows(state.problem, region):
            _improve_group(state, [region == name for name in group], pool)
        rounds += 1
        gained = state.objective() / max(before, 1e-9) - 1


def _improve_group(state: _State, windows: list[np.ndarray], pool: ThreadPoolExecutor) -> None:
    """Solve windows that share no pledge at the same time, and keep what each finds."""
    if state.left_s() <= 0:
        return
    opened = [open_window(state.problem, members, state.places, state.courses) for members in windows]

    def work(window: tuple[PartModel, np.ndarray]) -> Solution | None:
        part, start = window
        limit_s = min(WINDOW_S, state.left_s())
        return _try(part, start, limit_s=limit_s, gap_share=WINDOW_GAP)

    for (part, start), solution in zip(opened, pool.map(work, opened), strict=True):
        if solution is not None and solution.objective >= float(part.linear.value @ start):
            state.put(part, solution.x)
    state.progress(f"plan within {state.gap():.1%} of the best possible")


def _try(part: PartModel, start: np.ndarray, *, limit_s: float, gap_share: float) -> Solution | None:
    """Solve a part of a plan that is sound without it: where the solver fails, plan and bound stay as they are."""
    try:
        return solve_linear(part.linear, time_limit_s=limit_s, gap_share=gap_share, start=start)
    except SolveError:
        return None


def _plain_bound(problem: MatchProblem) -> float:
    """What meeting all demand that any offer reaches would be worth: weak, but it needs no solver."""
    best = np.zeros(len(problem.cell_demand))
    np.maximum.at(best, problem.link_cell, problem.link_value)
    reached = np.bincount(problem.link_cell, problem.link_cap, minlength=len(best))
    return float(best @ np.minimum(reached, problem.cell_demand))


def _finish(state: _State) -> Match:
    problem, places, courses = state.problem, state.places, state.courses
    objective = state.objective()
    if state.bound < objective - 1e-6 * max(1.0, objective):
        raise SolveError(f"A plan worth {objective:.6f} is above the bound {state.bound:.6f}; neither is trusted.")
    bound = max(state.bound, objective)
    gap = (bound - objective) / bound if bound > 0 else 0.0
    status = "optimal" if gap <= 1e-9 else "within gap" if gap <= state.params.gap_share + 1e-12 else "stopped"
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
