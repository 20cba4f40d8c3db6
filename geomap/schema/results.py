"""Tables that are published: what the workbook, the CSVs, the GeoPackage and the map are made from."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from ._base import Table
from .words import (
    ACCOUNT_STATUSES,
    FAIRNESS_MEASURES,
    FTE_BASES,
    LEVEL_STATUSES,
    LEVELS,
    OPERATOR_KINDS,
    PRICE_KINDS,
    VENUE_TYPES,
)


class LedgerFrame(Table):
    """One row a pledge, in participant-hours: pledged = ineligible + eligible; eligible = matched + unmatched."""

    pledge_id: Series[str] = pa.Field(unique=True)
    operator_id: Series[str]
    facility_id: Series[str] = pa.Field(nullable=True)
    hours: Series[float]
    hour_unit: Series[str]
    pledged_hours: Series[float] = pa.Field(ge=0)
    ineligible_hours: Series[float] = pa.Field(ge=0)
    eligible_hours: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)
    unmatched_hours: Series[float] = pa.Field(ge=0)


class AllocationResultFrame(Table):
    """The plan in full: one row a (pledge, pathway, PCN) with places, hours and expected completions."""

    pledge_id: Series[str]
    operator_id: Series[str]
    operator_name: Series[str]
    facility_id: Series[str] = pa.Field(nullable=True)
    facility_name: Series[str] = pa.Field(nullable=True)
    pathway_id: Series[str]
    pcn_code: Series[str]
    pcn_name: Series[str]
    places: Series[int] = pa.Field(ge=1)
    matched_hours: Series[float] = pa.Field(ge=0)
    referrals: Series[float] = pa.Field(ge=0)
    completions: Series[float] = pa.Field(ge=0)
    minutes_min: Series[float] = pa.Field(ge=0)


class UnmetFrame(Table):
    """Demand and what became of it: one row a (PCN, pathway); `reason` missing where nothing is unmet."""

    pcn_code: Series[str]
    pathway_id: Series[str]
    demand_places: Series[int] = pa.Field(ge=0)
    matched_places: Series[int] = pa.Field(ge=0)
    unmet_places: Series[int] = pa.Field(ge=0)
    reason: Series[str] = pa.Field(nullable=True)


class UnmatchedHoursFrame(Table):
    """Participant-hours that served nobody: one row a (pledge, stage, reason)."""

    pledge_id: Series[str]
    operator_id: Series[str]
    facility_id: Series[str] = pa.Field(nullable=True)
    stage: Series[str] = pa.Field(isin=("ineligible", "unmatched"))
    reason: Series[str]
    hours: Series[float] = pa.Field(ge=0)


class PcnResultFrame(Table):
    """One row a PCN, with its indicative footprint in metres.

    `coverage_share` = matched places / demand places, missing where there is no demand; `first_coverage_share` is that
    of the plan before the fairness levels. `hours_in_reach` are eligible participant-hours per 1,000 patients before
    the match, shared with everybody else who can reach them (E2SFCA, `geomap.access`); `hours_left_in_reach` those
    that the match leaves. `icb_codes` lists every ICB the PCN has practices in, the one with
    most patients (`icb_code`) first.
    """

    pcn_code: Series[str] = pa.Field(unique=True)
    pcn_name: Series[str]
    icb_code: Series[str]
    icb_name: Series[str]
    icb_codes: Series[str]
    region_code: Series[str]
    region_name: Series[str]
    practices: Series[int]
    patients: Series[int]
    need_index: Series[float]
    imd_score: Series[float] = pa.Field(nullable=True)
    inactive_share: Series[float] = pa.Field(nullable=True)
    long_term_ratio: Series[float] = pa.Field(nullable=True)
    aged_65_share: Series[float] = pa.Field(nullable=True)
    core20_share: Series[float] = pa.Field(nullable=True)
    deprivation_fifth: Series[float] = pa.Field(nullable=True)
    link_worker_fte: Series[float]
    fte_basis: Series[str] = pa.Field(isin=FTE_BASES)
    ceiling_referrals: Series[float]
    demand_places: Series[int]
    matched_places: Series[int]
    unmet_places: Series[int]
    coverage_share: Series[float] = pa.Field(nullable=True)
    first_coverage_share: Series[float] = pa.Field(nullable=True)
    hours_in_reach: Series[float] = pa.Field(ge=0)
    hours_left_in_reach: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float]
    completions: Series[float]
    facilities_in_reach: Series[int]
    main_unmet_reason: Series[str] = pa.Field(nullable=True)
    geometry: GeoSeries


class FacilityResultFrame(Table):
    """One row a facility that holds a pledge, in metres; hours are participant-hours.

    `pathways` lists what its pledges offer and can deliver, `;` between.
    """

    facility_id: Series[str] = pa.Field(unique=True)
    facility_name: Series[str]
    operator_id: Series[str]
    operator_name: Series[str]
    operator_kind: Series[str] = pa.Field(isin=OPERATOR_KINDS)
    venue_type: Series[str] = pa.Field(isin=VENUE_TYPES)
    pledges: Series[int]
    pathways: Series[str]
    pledged_hours: Series[float]
    eligible_hours: Series[float]
    matched_hours: Series[float]
    unmatched_hours: Series[float]
    people: Series[int]
    pcns_served: Series[int]
    geometry: GeoSeries


class LevelFrame(Table):
    """One row a level of the objective, in the order in which they were held.

    `value` is what the plan reaches and `bound` what no plan can pass that holds the levels before it. Completions are
    need-weighted; `core20` is how many completions Core20 patients are short of their share of need; coverage is a
    share of demand, and `proved_to` that below which no plan can be fairer; travel is in minutes, one way.
    """

    level: Series[int] = pa.Field(ge=1)
    objective: Series[str] = pa.Field(isin=LEVELS)
    value: Series[float]
    bound: Series[float]
    gap_share: Series[float] = pa.Field(ge=0)
    status: Series[str] = pa.Field(isin=LEVEL_STATUSES)
    proved_to: Series[float] = pa.Field(nullable=True)


class FairnessFrame(Table):
    """How fairly the plan serves: one row a (measure, group), before and after the fairness levels.

    Of deprivation fifths `1` is the most deprived, of need fifths that with the most need. `unit` says what the figures
    are in; what cannot be told is missing.
    """

    measure: Series[str] = pa.Field(isin=tuple(FAIRNESS_MEASURES))
    group: Series[str]
    unit: Series[str]
    before: Series[float] = pa.Field(nullable=True)
    after: Series[float] = pa.Field(nullable=True)


class PriceFrame(Table):
    """What one more of something scarce would buy, in the relaxation of the plan; the dearest of each kind first.

    `completions` are need-weighted: the most that one more would bring, above nothing. `kind` is `fte` (a full-time
    link worker of a PCN), `km` (one kilometre farther, straight line, for the people of a PCN alone, or for everybody
    where `where` is `all`) or `hour` (a participant-hour of a pledge).
    """

    kind: Series[str] = pa.Field(isin=PRICE_KINDS)
    where: Series[str]
    name: Series[str]
    completions: Series[float] = pa.Field(ge=0)


class DifferenceFrame(Table):
    """Places of an earlier plan and of this one; one row a (pledge, pathway, PCN) that differs."""

    pledge_id: Series[str]
    pathway_id: Series[str]
    pcn_code: Series[str]
    places_before: Series[int] = pa.Field(ge=0)
    places_after: Series[int] = pa.Field(ge=0)


class AccountingFrame(Table):
    """What became of the input: rows of one file that share a fate stand on one line, and `rows` add up to the file.

    Rows of the bank of hours stand one a line. `row` is the first row (the heading is row 1);
    `value` is the raw text that decided, empty where nothing was wrong. `reason_code` is short and stable, and says the
    same as `reason` without the particulars.
    """

    source: Series[str]
    sheet: Series[str]
    row: Series[int] = pa.Field(ge=1)
    rows: Series[int] = pa.Field(ge=1)
    row_id: Series[str]
    column: Series[str]
    value: Series[str]
    status: Series[str] = pa.Field(isin=ACCOUNT_STATUSES)
    reason_code: Series[str]
    reason: Series[str]


class RepairFrame(Table):
    """Cells that were read otherwise than they stand: one row a cell, `taken` is what was read instead.

    Cells of one column of an official file that were mended alike stand on one line: `cells` of them, `row` the first.
    `taken` is empty where the cell was passed over.
    """

    source: Series[str]
    sheet: Series[str]
    row: Series[int] = pa.Field(ge=1)
    cells: Series[int] = pa.Field(ge=1)
    row_id: Series[str]
    column: Series[str]
    value: Series[str]
    taken: Series[str]
    reason: Series[str]
