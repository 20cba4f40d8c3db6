"""What a search found, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SolveError
from ..schema import AllocationFrame, CourseFrame, LevelFrame, PlanRecord
from .memory import mark_pcns
from .problem import MatchProblem
from .state import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A plan with its proof: no plan has more need-weighted completions than `bound`.

    `gap_share` = (bound − objective) / bound. `status` tells of the first level; `levels` of each.
    """

    allocation: pd.DataFrame
    """`AllocationFrame`, sorted."""
    courses: pd.DataFrame
    """`CourseFrame`, sorted."""
    first_allocation: pd.DataFrame
    """`AllocationFrame`: the plan of the first level, before fairness."""
    levels: pd.DataFrame
    """`LevelFrame`."""
    objective: float
    bound: float
    gap_share: float
    status: str
    """`optimal`, `within gap` or `stopped`."""
    steps: int
    """Steps of work it took: the same wherever it is solved, unless time ran out."""
    out_of_time: bool
    """The time limit ended the search, so that another run may end elsewhere."""
    record: PlanRecord
    """What a later search can start from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the objective."""

    objective: str
    value: float
    bound: float
    gap_share: float
    status: str
    proved_to: float

    @classmethod
    def most(cls, name: str, value: float, bound: float, near: float, *, proved_to: float = np.nan) -> Level:
        """A level that is to be as high as can be; `near` is the gap that was asked for."""
        if bound < value - 1e-6 * max(1.0, abs(value)):
            raise SolveError(f"A plan worth {value:.6f} is above the bound {bound:.6f}; neither is trusted.")
        bound = max(bound, value)
        gap = (bound - value) / bound if bound > 0 else 0.0
        return cls(
            objective=name, value=value, bound=bound, gap_share=gap, status=_status(gap, near), proved_to=proved_to
        )

    @classmethod
    def least(cls, name: str, value: float, bound: float, near: float, *, asked: bool = True) -> Level:
        """A level that is to be as low as can be."""
        value, bound = value + 0.0, bound + 0.0  # no −0
        gap = (value - bound) / value if value > 0 else 0.0
        status = _status(gap, near) if asked else "not asked"
        return cls(objective=name, value=value, bound=bound, gap_share=gap, status=status, proved_to=np.nan)


def _status(gap: float, near: float) -> str:
    return "optimal" if gap <= 1e-9 else "within gap" if gap <= near + 1e-12 else "stopped"


def make_match(search: Search, first_plan: tuple[np.ndarray, np.ndarray], levels: Sequence[Level]) -> Match:
    """The tables of a search that has ended; the plan of its first level is places by link and courses by offer."""
    problem, alone = search.problem, search.memory.alone
    known = np.full(len(problem.pcn_codes), np.nan) if alone is None else alone
    record = PlanRecord(
        allocation=allocate(problem, search.places),
        courses=open_courses(problem, search.courses),
        first_allocation=allocate(problem, first_plan[0]),
        first_courses=open_courses(problem, first_plan[1]),
        levels=_tell(levels),
        objective=search.value(),
        best=max(levels[0].bound, search.value()),
        gap_share=levels[0].gap_share,
        status=levels[0].status,
        finished=not search.stopped,
        marks=mark_pcns(problem, search.params),
        alone={code: most for code, most in zip(problem.pcn_codes, known.tolist(), strict=True) if most == most},
        bound=search.memory.record(problem),
    )
    return same_match(record, steps=search.steps)


def same_match(record: PlanRecord, steps: int = 0) -> Match:
    """The match that a record tells of."""
    return Match(
        allocation=record.allocation,
        courses=record.courses,
        first_allocation=record.first_allocation,
        levels=record.levels,
        objective=record.objective,
        bound=record.best,
        gap_share=max(record.best - record.objective, 0.0) / record.best if record.best > 0 else 0.0,
        status=record.status,
        steps=steps,
        out_of_time=not record.finished,
        record=record,
    )


def open_courses(problem: MatchProblem, courses: np.ndarray) -> pd.DataFrame:
    """`CourseFrame` of courses by offer, sorted."""
    run = np.flatnonzero(courses > 0)
    columns = {
        CourseFrame.pledge_id: problem.pledge_ids[problem.offer_pledge[run]],
        CourseFrame.pathway_id: problem.pathway_ids[problem.offer_pathway[run]],
        CourseFrame.courses: courses[run].astype(np.int64),
    }
    return _text(columns, CourseFrame.courses)


def allocate(problem: MatchProblem, places: np.ndarray) -> pd.DataFrame:
    """`AllocationFrame` of places by link, sorted."""
    given = np.flatnonzero(places > 0)
    offer, cell = problem.link_offer[given], problem.link_cell[given]
    columns = {
        AllocationFrame.pledge_id: problem.pledge_ids[problem.offer_pledge[offer]],
        AllocationFrame.pathway_id: problem.pathway_ids[problem.offer_pathway[offer]],
        AllocationFrame.pcn_code: problem.pcn_codes[problem.cell_pcn[cell]],
        AllocationFrame.places: places[given].astype(np.int64),
    }
    return _text(columns, AllocationFrame.places)


def _tell(levels: Sequence[Level]) -> pd.DataFrame:
    columns = [name for name in LevelFrame.to_schema().columns if name != LevelFrame.level]
    frame = pd.DataFrame({name: [getattr(level, name) for level in levels] for name in columns})
    frame.insert(0, LevelFrame.level, np.arange(1, len(levels) + 1))
    return frame.astype({LevelFrame.objective: "str", LevelFrame.status: "str", LevelFrame.proved_to: float})


def _text(columns: dict[str, Iterable], count: str) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    keys = [name for name in columns if name != count]
    return frame.astype(dict.fromkeys(keys, "str")).sort_values(keys, ignore_index=True)
