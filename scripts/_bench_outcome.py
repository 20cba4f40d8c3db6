"""What a contender is asked and what it answers; a plan is held against every limit before its figures count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
from _bench_tables import MatchTables

from geomap import proof
from geomap.schema import AllocationFrame, CourseFrame, NeedFrame, PathwayFrame

LINK = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]
OFFER = [CourseFrame.pledge_id, CourseFrame.pathway_id]
CELL = [AllocationFrame.pcn_code, AllocationFrame.pathway_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """When to stop: after so many wall seconds, or at a proven gap (0–1).

    `target` and `target_gap` are the objective and the gap that geomap reached on the same tables, if it ran before:
    another is done when it has found one as good, or proven another within that gap.
    """

    limit_s: float
    gap_share: float
    target: float | None = None
    target_gap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a contender found; `check` raises unless it holds, and is called when the clock has stopped."""

    objective: float | None
    bound: float | None
    check: Callable[[], None] = lambda: None
    more: dict[str, object] = field(default_factory=dict)

    @property
    def gap(self) -> float | None:
        """How far the bound lies from the objective, ÷ bound, where there are both."""
        if self.objective is None or self.bound is None:
            return None
        return abs(self.bound - self.objective) / self.bound if self.bound > 0 else 0.0


def value_of(tables: MatchTables, links: pd.DataFrame) -> pd.Series:
    """Need-weighted completions of one place, by row of `links`."""
    weight = tables.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    completion = tables.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    return links[AllocationFrame.pcn_code].map(weight) * links[AllocationFrame.pathway_id].map(completion)


def plan_outcome(
    tables: MatchTables,
    allocation: pd.DataFrame,
    courses: pd.DataFrame,
    *,
    bound: float | None = None,
    more: dict[str, object] | None = None,
) -> Outcome:
    """The outcome of a plan; its value is counted from the tables, whatever the contender said of it."""
    places = allocation[AllocationFrame.places]
    objective = float((value_of(tables, allocation) * places).sum())

    def check() -> None:
        proof.check_plan(
            proof.Plan(
                allocation=allocation,
                courses=courses,
                objective=objective,
                bound=objective if bound is None else bound,
                pledges=tables.pledges,
                offers=tables.offers,
                caps=tables.caps,
                reach=tables.reach,
                demand=tables.demand,
                ceilings=tables.ceilings,
                need=tables.need,
                pathways=tables.pathways,
            )
        )

    return Outcome(objective=objective, bound=bound, check=check, more={**(more or {}), "people": int(places.sum())})


def read_plan(tables: MatchTables, places: pd.Series, courses: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`AllocationFrame` and `CourseFrame` from numbers by row of the caps and by row of the offers."""
    places, courses = places.round().astype("int64"), courses.round().astype("int64")
    given, run = places > 0, courses > 0
    return (
        tables.caps.loc[given, LINK].assign(**{AllocationFrame.places: places[given]}),
        tables.offers.loc[run, OFFER].assign(**{CourseFrame.courses: courses[run]}),
    )
