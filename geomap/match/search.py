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
from ..schema import PlanRecord, PostcodeFrame
from .fairly import keep_value
from .first import most_completions
from .goal import Floors, Goal, Keep
from .levels import raise_again, raise_core20, raise_coverage, shorten
from .problem import MatchProblem
from .result import Level, Match, make_match, same_match
from .state import Progress, Search
from .warm import Start, lay_over, resume, resume_levels

MINIMUM_COST = 1024.0
"""What a place missing of a planner's minimum costs: far more than a completion is worth."""


def solve_match(
    problem: MatchProblem,
    homes: pd.DataFrame,
    params: MatchParams,
    progress: Progress = lambda text: None,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
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
    earlier
        A plan to start from. Where nothing has changed it is the answer; a small change is solved around it.

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
        start = None if earlier is None else lay_over(search, earlier)
        if start is not None and start.same:
            return same_match(start.record)
        return _solve_levels(search, start)


def _solve_levels(search: Search, start: Start | None) -> Match:
    problem = search.problem
    wished = _minimums(problem)
    goal = Goal(worth=problem.link_value, floors=wished)
    resumed = None if start is None else resume(search, goal, start)
    bound = most_completions(search, goal) if resumed is None else resumed
    # A bound on completions less what minimums cost is one on the completions of plans that miss no more of them.
    bound += sum(float(floors.segment_cost @ floors.missing(search.places)) for floors in wished)
    first = Level.most("completions", search.value(), bound, search.params.gap_share)
    first_plan = (search.places.copy(), search.courses.copy())
    if search.params.levels == "completions":
        return make_match(search, first_plan, [first])
    core20 = problem.link_completion * problem.core20_lead[problem.link_pcn]
    levels = None
    if start is not None and resumed is not None:
        levels = resume_levels(search, goal, core20, start, bound)
    if levels is None:
        levels = _solve_others(search, goal, core20, bound)
    return make_match(search, first_plan, [first, *levels])


def _solve_others(search: Search, goal: Goal, core20: np.ndarray, bound: float) -> list[Level]:
    """The levels after the first, from the plan it left."""
    problem = search.problem
    floors = tuple(floors.reached(search.places) for floors in goal.floors)
    keep = keep_value(problem, (1 - search.params.fairness_budget) * search.value())
    second = raise_core20(search, Goal(worth=core20, floors=floors, keeps=(keep,)))
    others = (Keep(worth=core20, least=min(float(core20 @ search.places), 0.0)),) if core20.any() else ()
    third, held = raise_coverage(search, Goal(worth=problem.link_value, floors=floors, keeps=(keep, *others)))
    fourth = raise_again(search, Goal(worth=problem.link_value, floors=(*floors, *held), keeps=others), bound)
    keep = keep_value(problem, search.value())
    near = Goal(worth=-problem.link_minutes, floors=(*floors, *held), keeps=(keep, *others))
    return [second, third, fourth, shorten(search, near)]


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

