"""Start from the plan of an earlier run: what has not changed is kept, with its proof, and the rest solved again.

Any regions and any prices give a bound, so those of the earlier run are used again; a region whose model is unchanged
has the bound it had. Windows are opened only around PCNs that a change touches. Where the plan cannot be proved nearly
as good as the earlier one in this way, the search goes on as if there had been none, from the better plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..schema import AllocationFrame, CourseFrame, PlanRecord
from .alone import most_alone
from .fairly import COSTS, LADDER, coverage, keep_value, proved_to
from .first import REGION_STEPS, WINDOW_GAP, WINDOW_LINKS, WINDOW_STEPS, bound_regions, gap_of
from .goal import Floors, Goal, Keep
from .memory import mark_pcns
from .problem import MatchProblem
from .regions import Borders, cut_regions
from .result import Level
from .rounding import round_plan
from .state import Search

MOST_CHANGED = 0.25
"""Share of PCNs beyond which a change is not small, and everything is solved again."""
SLACK = 0.0005
"""How much wider than the earlier run's the gap may be."""
TURNS, EFFORT = 2, 4
"""How often windows are cut around the change, and how many times the steps of a first window each is given."""
DEAR = 1e3
"""What makes it costly to cut a pledge that has changed."""
NEAR = 0.02
_HAIR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An earlier plan laid over this match."""

    record: PlanRecord
    changed: np.ndarray
    """By PCN: something of it, or of a pledge that reaches it, is not as it was."""
    first: tuple[np.ndarray, np.ndarray]
    """The plan of the first level: places by link and courses by offer; holds every limit."""
    last: tuple[np.ndarray, np.ndarray]
    """The plan itself; holds every limit."""

    @property
    def same(self) -> bool:
        """Nothing has changed, and the earlier search had come to its end."""
        return self.record.finished and not self.changed.any()


def lay_over(search: Search, record: PlanRecord) -> Start:
    """Map an earlier plan onto this match by its ids, mended where it no longer holds; begin the search with it."""
    problem = search.problem
    marks = mark_pcns(problem, search.params)
    changed = np.array([record.marks.get(code) != mark for code, mark in marks.items()], dtype=bool)
    # A PCN that is gone may have left its hours to any other.
    changed |= not set(record.marks) <= set(marks)
    first = _mend(problem, _places(problem, record.first_allocation), _courses(problem, record.first_courses))
    search.places, search.courses = first[0].copy(), first[1].copy()
    search.memory.before = dict(record.bound.bounds)
    return Start(
        record=record,
        changed=changed,
        first=first,
        last=_mend(problem, _places(problem, record.allocation), _courses(problem, record.courses)),
    )


def resume(search: Search, goal: Goal, start: Start) -> float | None:
    """
    The first level around what has changed.

    Returns
    -------
    bound
        What no plan can pass, when the plan is as near to it as the earlier one was; else `None`.
    """
    problem, told = search.problem, start.record.bound
    known = np.array([code in told.regions for code in problem.pcn_codes], dtype=bool)
    small = start.changed.sum() <= MOST_CHANGED * len(known)
    if not (told.regions and start.record.finished and known.all() and small) or search.left_s() <= 0:
        return None
    region = np.array([told.regions[code] for code in problem.pcn_codes], dtype=np.int64)
    price = _prices(problem, told.prices)
    search.memory.region, search.memory.price = region, price
    _work_on(search, goal, start, EFFORT)
    steps = max((steps for _, steps in told.bounds.values()), default=REGION_STEPS)
    bound = bound_regions(search, Borders.find(problem, region, price), goal, steps)
    search.progress("the plan around what changed, and its bound")
    near = max(search.params.gap_share, start.record.gap_share + SLACK)
    return bound if gap_of(search, goal, bound) <= near else None


def resume_levels(search: Search, goal: Goal, core20: np.ndarray, start: Start, bound: float) -> list[Level] | None:
    """
    The levels after the first, around what has changed, from the earlier plan.

    Parameters
    ----------
    search
        Holds the plan of the first level.
    goal
        Completions, with the planner's minimums as floors that may be missed.
    core20
        By link, what one place counts at the second level.
    start
        The earlier plan.
    bound
        On the completions of any plan.

    Returns
    -------
    levels
        Levels 2 to 5; `None`, with the plan as it was, where they have to be worked out anew.
    """
    problem, kept = search.problem, (search.places.copy(), search.courses.copy())
    least = (1 - search.params.fairness_budget) * search.value()
    missed = [floors.missing(search.places).sum() for floors in goal.floors]
    search.places, search.courses = start.last[0].copy(), start.last[1].copy()
    alone = _alone(search, start)
    rungs = np.minimum(np.ceil(LADDER[:, None] * problem.pcn_demand - _HAIR), alone)
    keeps = (keep_value(problem, least), Keep(worth=core20, least=min(float(core20 @ search.places), 0.0)))
    raised = Goal(worth=goal.worth, floors=(*goal.floors, Floors.by_pcn(problem, rungs, COSTS)), keeps=keeps)
    _work_on(search, raised, start, 1)
    now = [floors.missing(search.places).sum() for floors in goal.floors]
    if search.value() < least - _HAIR or any(a > b + _HAIR for a, b in zip(now, missed, strict=True)):
        search.places, search.courses = kept
        return None
    least_by_pcn = np.minimum(problem.by_pcn(search.places), rungs[-1])
    held = (*(floors.reached(search.places) for floors in goal.floors), Floors.hold(problem, least_by_pcn))
    near = Goal(worth=-problem.link_minutes, floors=held, keeps=(keep_value(problem, search.value()), keeps[1]))
    _work_on(search, near, start, 1, more_courses=False)
    return _tell(search, core20, alone, bound)


def _tell(search: Search, core20: np.ndarray, alone: np.ndarray, bound: float) -> list[Level]:
    """What the plan reaches; Core20 and travel are not proved anew, so the least there can be stands as their bound."""
    problem = search.problem
    given, able = problem.by_pcn(search.places), alone > 0
    proved = proved_to(problem, given, alone)
    worst = float(coverage(problem, given)[able].min(initial=1.0))
    best = worst if proved > worst else float(coverage(problem, alone)[able].min(initial=1.0))
    short = max(-float(core20 @ search.places), 0.0)
    minutes = float(problem.link_minutes @ search.places)
    value = search.value()
    return [
        Level.least("core20", short, 0.0, _HAIR, asked=search.params.core20 == "raise"),
        Level.most("worst_coverage", worst, max(best, worst), _HAIR, proved_to=proved),
        Level.most("completions_kept", value, max(bound, value), search.params.gap_share),
        Level.least("travel", minutes, 0.0, NEAR),
    ]


def _work_on(search: Search, goal: Goal, start: Start, effort: int, *, more_courses: bool = True) -> None:
    """Windows around the change, cut elsewhere each time, and so that they do not part what has changed."""
    problem, changed = search.problem, start.changed
    price = search.memory.price if search.memory.price is not None else np.ones(len(problem.pool_hours))
    cost = price * problem.pool_hours + 1e-3
    pledge = problem.offer_pledge[problem.link_offer]
    all_of = np.bincount(pledge, ~changed[problem.link_pcn], minlength=len(cost)) == 0
    cost = np.where(all_of, DEAR * cost, cost)
    for turn in range(TURNS):
        if search.left_s() <= 0:
            return
        window = cut_regions(problem, search.at, WINDOW_LINKS, cost)
        cost = cost * (1 + 4 * Borders.find(problem, window, price).crosses)
        limits = {"steps": effort * WINDOW_STEPS, "gap_share": WINDOW_GAP / effort / 2**turn}
        search.improve(window, goal, **limits, only=changed, more_courses=more_courses)


def _alone(search: Search, start: Start) -> np.ndarray:
    """By PCN, places that no plan can pass; worked out where something has changed."""
    problem, told = search.problem, start.record.alone
    known = np.array([told.get(code, np.nan) for code in problem.pcn_codes], dtype=float)
    search.memory.alone = most_alone(problem, np.where(start.changed, np.nan, known))
    return search.memory.alone


def _prices(problem: MatchProblem, told: dict[str, float]) -> np.ndarray:
    """By pledge, the earlier price of its hours; of a new one, the mean of those that reach the same PCNs."""
    price = np.array([told.get(name, np.nan) for name in problem.pledge_ids], dtype=float)
    new = np.isnan(price)
    if not new.any():
        return price
    pledge, pcn = problem.offer_pledge[problem.link_offer], problem.link_pcn
    old = ~new[pledge]
    total = np.bincount(pcn[old], price[pledge[old]], minlength=len(problem.ceiling))
    mean = total / np.maximum(np.bincount(pcn[old], minlength=len(total)), 1)
    around = np.bincount(pledge, mean[pcn], minlength=len(price)) / np.maximum(
        np.bincount(pledge, minlength=len(price)), 1
    )
    return np.where(new, around, price)


def _places(problem: MatchProblem, allocation: pd.DataFrame) -> np.ndarray:
    """By link, the places of an allocation; those of links that are no more are lost."""
    offer = problem.link_offer
    keys = pd.MultiIndex.from_arrays(
        [
            problem.pledge_ids[problem.offer_pledge[offer]],
            problem.pathway_ids[problem.offer_pathway[offer]],
            problem.pcn_codes[problem.link_pcn],
        ]
    )
    told = allocation.set_index([AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code])
    return told[AllocationFrame.places].reindex(keys).fillna(0).to_numpy(dtype=float)


def _courses(problem: MatchProblem, courses: pd.DataFrame) -> np.ndarray:
    keys = pd.MultiIndex.from_arrays(
        [problem.pledge_ids[problem.offer_pledge], problem.pathway_ids[problem.offer_pathway]]
    )
    told = courses.set_index([CourseFrame.pledge_id, CourseFrame.pathway_id])[CourseFrame.courses]
    return told.reindex(keys).fillna(0).to_numpy(dtype=float)


def _mend(problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (places, courses) if holds(problem, places, courses) else round_plan(problem, places, courses)


def holds(problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> bool:
    """Whether a plan holds every limit."""
    offer, led = problem.link_offer, problem.offer_led
    people = np.bincount(offer, places, minlength=len(led))
    spent = np.where(led, courses, people) * problem.offer_hours
    per_place = 1.0 / problem.uptake[problem.cell_pathway[problem.link_cell]]
    both = np.concatenate([places, places])
    limits = (
        (np.bincount(problem.offer_pledge, spent, minlength=len(problem.pool_hours)), problem.pool_hours),
        (people[led], (courses * problem.offer_places)[led]),
        ((courses * problem.offer_min_group)[led], people[led]),
        (courses[~led], np.zeros((~led).sum())),
        (np.bincount(problem.link_cell, places, minlength=len(problem.cell_demand)), problem.cell_demand),
        (np.bincount(problem.link_pcn, places * per_place, minlength=len(problem.ceiling)), problem.ceiling),
        (places, problem.link_cap),
        (
            np.bincount(problem.link_catchment.ravel(), both, minlength=len(problem.catchment_cap)),
            problem.catchment_cap,
        ),
    )
    return all((amount <= most + _HAIR).all() for amount, most in limits)

