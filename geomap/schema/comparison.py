"""Two folders of finished results, and what differs between them.

Columns that begin with `before_` are of the first folder, with `after_` of the second. Hours are participant-hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table

FOUND_IN = ("both", "before", "after")
"""Which of two runs has a thing."""
CHANGES = ("changed", "added", "removed")
"""What became of a row or a file of the first run in the second."""
SHIFT_KINDS = ("pcn", "icb", "operator", "pathway")
"""Who may win or lose hours; over each of these the changes add up to the change of the plan."""
INPUT_TABLES = ("pledges", "facilities", "links", "pcns", "rejected_rows")
"""Inputs that a folder of results tells of, in this order."""
FIGURES = {
    "pledged_hours": "participant-hours",
    "eligible_hours": "participant-hours",
    "matched_hours": "participant-hours",
    "people": "people",
    "completions": "people",
    "demand_places": "places",
    "pcns": "PCNs",
    "pcns_served": "PCNs",
    "operators": "operators",
    "pledges": "pledges",
    "link_worker_fte": "FTE",
    "sites": "sites",
    "site_hours": "participant-hours",
    "site_people": "people",
    "site_completions": "people",
    "site_cost": "pounds",
}
"""What is told of two runs as a whole, in this order, and the unit of each; of sites where both runs chose some."""


class RunSettingFrame(Table):
    """What a run was asked to do: one row a setting, by its dotted name, or an item of a list of tables.

    A setting that is empty, or was not given, has no row.
    """

    setting: Series[str]
    value: Series[str]


class RunFileFrame(Table):
    """One row a file that a run read."""

    file: Series[str]
    sha256: Series[str]


class FacilityRowFrame(Table):
    """What is compared of a facility; metres of British National Grid."""

    facility_id: Series[str] = pa.Field(unique=True)
    facility_name: Series[str]
    operator_id: Series[str]
    operator_name: Series[str]
    operator_kind: Series[str]
    venue_type: Series[str]
    pathways: Series[str]
    easting_m: Series[int]
    northing_m: Series[int]


class PcnRowFrame(Table):
    """What is compared of a PCN: what was read of it, and nothing that the plan gave it."""

    pcn_code: Series[str] = pa.Field(unique=True)
    pcn_name: Series[str]
    icb_code: Series[str]
    icb_name: Series[str]
    icb_codes: Series[str]
    region_code: Series[str]
    practices: Series[int]
    patients: Series[int]
    imd_score: Series[float] = pa.Field(nullable=True)
    inactive_share: Series[float] = pa.Field(nullable=True)
    long_term_ratio: Series[float] = pa.Field(nullable=True)
    aged_65_share: Series[float] = pa.Field(nullable=True)
    core20_share: Series[float] = pa.Field(nullable=True)
    link_worker_fte: Series[float]
    fte_basis: Series[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """What a folder of results holds of a run, as far as it can be compared."""

    folder: str
    """As it was named."""
    name: str
    settings: pd.DataFrame
    """`RunSettingFrame`, the versions of the packages among them."""
    files: pd.DataFrame
    """`RunFileFrame`."""
    ledger: pd.DataFrame
    facilities: pd.DataFrame
    """`FacilityRowFrame`."""
    pcns: pd.DataFrame
    """`PcnRowFrame`."""
    allocation: pd.DataFrame
    unmet: pd.DataFrame
    links: pd.DataFrame
    accounting: pd.DataFrame
    levels: pd.DataFrame
    portfolios: pd.DataFrame | None = None
    """`PortfolioFrame`, where the run chose test-and-learn sites."""
    chosen: pd.DataFrame | None = None
    """`ChosenSiteFrame`, where the run chose test-and-learn sites."""


class TotalFrame(Table):
    """One row a figure of two runs as a whole; `unit` says what it is in."""

    figure: Series[str] = pa.Field(isin=tuple(FIGURES), unique=True)
    unit: Series[str]
    before: Series[float]
    after: Series[float]
    change: Series[float]


class ShiftFrame(Table):
    """Who wins and loses: one row a (kind, id) of either run, of each kind the biggest winner first.

    `before_hours` and `after_hours` are matched hours, and nothing for what is in the other run only.
    """

    kind: Series[str] = pa.Field(isin=SHIFT_KINDS)
    id: Series[str]
    name: Series[str]
    found_in: Series[str] = pa.Field(isin=FOUND_IN)
    before_hours: Series[float] = pa.Field(ge=0)
    after_hours: Series[float] = pa.Field(ge=0)
    change_hours: Series[float]
    before_places: Series[int] = pa.Field(ge=0)
    after_places: Series[int] = pa.Field(ge=0)
    change_places: Series[int]
    before_completions: Series[float] = pa.Field(ge=0)
    after_completions: Series[float] = pa.Field(ge=0)
    change_completions: Series[float]


class SiteShiftFrame(Table):
    """One row a site of the first portfolio of either run; figures are missing where the run did not choose it."""

    site_id: Series[str] = pa.Field(unique=True)
    site_name: Series[str]
    found_in: Series[str] = pa.Field(isin=FOUND_IN)
    before_rank: Series[float] = pa.Field(nullable=True)
    after_rank: Series[float] = pa.Field(nullable=True)
    before_hours: Series[float] = pa.Field(nullable=True)
    after_hours: Series[float] = pa.Field(nullable=True)
    before_places: Series[float] = pa.Field(nullable=True)
    after_places: Series[float] = pa.Field(nullable=True)
    before_completions: Series[float] = pa.Field(nullable=True)
    after_completions: Series[float] = pa.Field(nullable=True)


class InputChangeFrame(Table):
    """One row a cell of an input that differs; a row in one run only gives one for each of its filled cells.

    `key` names the row: a pledge, a facility, a PCN, the two ends of a link, or the place of a rejected row.
    """

    table: Series[str] = pa.Field(isin=INPUT_TABLES)
    key: Series[str]
    name: Series[str] = pa.Field(nullable=True)
    change: Series[str] = pa.Field(isin=CHANGES)
    column: Series[str]
    before: Series[str] = pa.Field(nullable=True)
    after: Series[str] = pa.Field(nullable=True)


class SettingChangeFrame(Table):
    """One row a setting that differs, by its dotted name in the scenario, or a package of another version."""

    setting: Series[str]
    before: Series[str] = pa.Field(nullable=True)
    after: Series[str] = pa.Field(nullable=True)


class FileChangeFrame(Table):
    """One row a file that was read by one run only, or that differs between the two by its sha256."""

    file: Series[str]
    change: Series[str] = pa.Field(isin=CHANGES)
    before_sha256: Series[str] = pa.Field(nullable=True)
    after_sha256: Series[str] = pa.Field(nullable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between two runs; a table is empty where nothing does."""

    before: str
    """The first folder and the name of its run."""
    after: str
    totals: pd.DataFrame
    shifts: pd.DataFrame
    sites: pd.DataFrame
    settings: pd.DataFrame
    files: pd.DataFrame
    inputs: pd.DataFrame
    plan: pd.DataFrame
    """`DifferenceFrame`: the rows of the plan that differ."""
    notes: tuple[str, ...]
    """Sentences on what cannot be compared, and why."""
