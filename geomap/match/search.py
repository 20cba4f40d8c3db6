"""Solve the match, level by level, each held while the next is worked on.

1. The most need-weighted completions, with a bound that no plan can pass.
2. The Core20 share of completions, where the planner asks for it: raised to the share of need.
3. The worst-covered PCN, the next worst and so on, within the fairness budget.
4. The most completions that this leaves room for.
5. The fewest minutes of travel.

Ties are left to the order of the keys: pledges, pathways and PCNs by their codes.
"""

from __future__ import annotations

import time
from contextlib import nullcontext

import numpy as np
import pandas as pd

from ..config import MatchParams
from ..runner import Runner, open_runner
from ..schema import PostcodeFrame
from .fairly import keep_value
from .first import most_completions
from .goal import Floors, Goal, Keep
from .levels import raise_again, raise_core20, raise_coverage, shorten
from .problem import MatchProblem
from .result import Level, Match, make_match
from .state import Progress, Search

MINIMUM_COST = 1024.0
"""What a place missing of a planner's minimum costs: far more than a completion is worth."""


def solve_match(
    problem: MatchProblem,
    homes: pd.DataFrame,
    params: MatchParams,
    progress: Progress = lambda text: None,
    *,
    runner: Runner | None = None,
) -> Match:
    """
    Find the plan: completions first, then fairness, then travel.

    Parameters
    ----------
    problem
        The match.
    homes
        Where each PCN's patients live on average: `easting` and `northing` in metres, indexed by `pcn_code`.
    params
        How long to work and how near to come, and how much completion fairness may cost.
    progress
        Called with a short sentence as work goes on.
    runner
        Where parts of a large match are solved; threads of this process unless told.

    Returns
    -------
    match
        The best plan found, its bound, and what each level reached. With no time at all the plan is greedy.

    Raises
    ------
    SolveError
        The solver failed.
    """
    at = homes[[PostcodeFrame.easting, PostcodeFrame.northing]].reindex(problem.pcn_codes).to_numpy(dtype=float)
    with open_runner() if runner is None else nullcontext(runner) as chosen:
        search = Search(
            problem=problem,
            at=at,
            params=params,
            runner=chosen,
            progress=progress,
            deadline=time.monotonic() + params.time_limit_s,
            places=np.zeros(len(problem.link_cap)),
            courses=np.zeros(len(problem.offer_led)),
        )
        return _solve_levels(search)


def _solve_levels(search: Search) -> Match:
    problem, budget = search.problem, search.params.fairness_budget
    wished = _minimums(problem)
    bound = most_completions(search, Goal(worth=problem.link_value, floors=wished))
    value = search.value()
    # A bound on completions less what minimums cost is one on the completions of plans that miss no more of them.
    bound += sum(float(floors.segment_cost @ floors.missing(search.places)) for floors in wished)
    first = Level.most("completions", value, bound, search.params.gap_share)
    first_places = search.places.copy()
    floors = tuple(_held(floors, search.places) for floors in wished)
    core20 = problem.link_completion * problem.core20_lead[problem.link_pcn]
    keep = keep_value(problem, (1 - budget) * value)
    second = raise_core20(search, Goal(worth=core20, floors=floors, keeps=(keep,)))
    others = (Keep(worth=core20, least=min(float(core20 @ search.places), 0.0)),) if core20.any() else ()
    third, held = raise_coverage(search, Goal(worth=problem.link_value, floors=floors, keeps=(keep, *others)))
    fourth = raise_again(search, Goal(worth=problem.link_value, floors=(*floors, *held), keeps=others), bound)
    keep = keep_value(problem, search.value())
    near = Goal(worth=-problem.link_minutes, floors=(*floors, *held), keeps=(keep, *others))
    return make_match(search, first_places, [first, second, third, fourth, shorten(search, near)])


def _minimums(problem: MatchProblem) -> tuple[Floors, ...]:
    """The planner's minimums, which may be missed at a cost."""
    count = len(problem.minimum_places)
    if not count:
        return ()
    wished = Floors(
        member_row=problem.minimum_member[0],
        member_link=problem.minimum_member[1],
        least=problem.minimum_places,
        segment_row=np.arange(count),
        segment_places=problem.minimum_places,
        segment_cost=np.full(count, MINIMUM_COST),
    )
    return (wished,)


def _held(floors: Floors, places: np.ndarray) -> Floors:
    """What a plan reaches of its floors, to be kept from here on."""
    given = np.bincount(floors.member_row, places[floors.member_link], minlength=len(floors.least))
    nothing = np.zeros(0)
    return Floors(
        member_row=floors.member_row,
        member_link=floors.member_link,
        least=np.minimum(floors.least, given),
        segment_row=nothing.astype(int),
        segment_places=nothing,
        segment_cost=nothing,
    )
