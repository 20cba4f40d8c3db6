"""Several scenarios run one after another, side by side: one row each."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table

DONE, KEPT, FAILED, NOT_RUN = "done", "kept", "failed", "not run"
STATUSES = (DONE, KEPT, FAILED, NOT_RUN)
"""What became of a scenario: run now, found finished, ended by an error, or not come to."""


class BatchFrame(Table):
    """One row a scenario, in the order given; figures are missing where it has no finished results.

    Beside these columns stand the settings in which the scenarios differ, one column each, under their dotted names.
    """

    scenario: Series[str] = pa.Field(unique=True)
    title: Series[str]
    status: Series[str] = pa.Field(isin=STATUSES)
    people: Series[pd.Int64Dtype] = pa.Field(ge=0, nullable=True)
    completions: Series[float] = pa.Field(ge=0, nullable=True)
    coverage_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    worst_pcn_code: Series[str] = pa.Field(nullable=True)
    worst_pcn_name: Series[str] = pa.Field(nullable=True)
    worst_coverage_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    matched_hours: Series[float] = pa.Field(ge=0, nullable=True)
    gap_share: Series[float] = pa.Field(ge=0, nullable=True)
    sites: Series[str] = pa.Field(nullable=True)
    seconds: Series[float] = pa.Field(ge=0, nullable=True)
    folder: Series[str] = pa.Field(nullable=True)
    problem: Series[str] = pa.Field(nullable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of a batch of scenarios."""

    rows: pd.DataFrame
    """`BatchFrame`, and a column of text for each setting in which the scenarios differ."""
    internal: bool
    """Whether its counts of people are exact, and so not for publication."""
    exit_code: int
    """The highest of the exit codes of its scenarios; 0 where none failed."""
