"""What a run keeps of its plan, so that a later run can start from it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from .results import LevelFrame
from .stages import AllocationFrame, CourseFrame

RECORD_NAME = "plan.json"
"""The file among the results that holds the record of the plan."""
RECORD_FORMAT = "geomap plan 1"
RECORD_TABLES = {
    "allocation": AllocationFrame,
    "courses": CourseFrame,
    "first_allocation": AllocationFrame,
    "first_courses": CourseFrame,
    "levels": LevelFrame,
}
"""Tables of a record, and what each holds."""

@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRecord:
    """How the bound of a plan was proved: any regions and any prices give a bound, so they can be used again."""

    regions: dict[str, int] = field(default_factory=dict)
    """Number of the region, by PCN code; none where the match was one model."""
    prices: dict[str, float] = field(default_factory=dict)
    """Need-weighted completions that an hour is worth, by pledge id."""
    bounds: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By sha256 of a region's model: its proven bound, and the steps of work that were allowed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A plan, the plan of its first level, and what the proof of its bound stood on."""

    allocation: pd.DataFrame
    """`AllocationFrame`."""
    courses: pd.DataFrame
    """`CourseFrame`."""
    first_allocation: pd.DataFrame
    first_courses: pd.DataFrame
    levels: pd.DataFrame
    """`LevelFrame`."""
    objective: float
    """Need-weighted completions."""
    best: float
    """Need-weighted completions that no plan can pass."""
    gap_share: float
    """Of the first level."""
    status: str
    """Of the first level."""
    finished: bool
    """The search did not run out of time."""
    marks: dict[str, str]
    """By PCN code, sha256 of all that the match knows of the PCN and of the pledges that reach it."""
    alone: dict[str, float]
    """By PCN code: places that no plan can pass."""
    bound: BoundRecord
