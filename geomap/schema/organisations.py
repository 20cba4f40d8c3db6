"""Who stands behind a plan: operators, pledges, practices, who reaches whom, and what a planner should act on."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from ._base import Table
from .words import ATTENTION, DELIVERIES, LINK_STATUSES, OPERATOR_KINDS, PLACE_KINDS


class OperatorResultFrame(Table):
    """One row an operator that pledges hours to this run, in participant-hours.

    `pcns_in_reach` counts PCNs that any of its pledges can reach, whether or not its hours could be used; the counts of
    links are of PCNs of the run, each with the best link told for the operator or one of its facilities.
    """

    operator_id: Series[str] = pa.Field(unique=True)
    operator_name: Series[str]
    operator_kind: Series[str] = pa.Field(isin=OPERATOR_KINDS)
    facilities: Series[int] = pa.Field(ge=0)
    pledges: Series[int] = pa.Field(ge=0)
    pledged_hours: Series[float] = pa.Field(ge=0)
    eligible_hours: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)
    unmatched_hours: Series[float] = pa.Field(ge=0)
    people: Series[int] = pa.Field(ge=0)
    pcns_served: Series[int] = pa.Field(ge=0)
    pcns_in_reach: Series[int] = pa.Field(ge=0)
    formal_links: Series[int] = pa.Field(ge=0)
    informal_links: Series[int] = pa.Field(ge=0)
    none_links: Series[int] = pa.Field(ge=0)
    unknown_links: Series[int] = pa.Field(ge=0)


class PledgeResultFrame(Table):
    """One row a pledge: what it offers, as the operator wrote it, and the cell it was read from.

    `pathways` are those it names and `deliverable` those of them that the run lets it deliver, `;` between.
    `icbs_in_reach` are the home ICBs of the PCNs that it reaches, by distance or by rule, sorted, `;` between; empty
    where it reaches nobody. Dates are `YYYY-MM-DD`; `row` is that of the sheet, the heading being row 1.
    """

    pledge_id: Series[str] = pa.Field(unique=True)
    operator_id: Series[str]
    facility_id: Series[str] = pa.Field(nullable=True)
    pathways: Series[str]
    deliverable: Series[str]
    roles: Series[str] = pa.Field(nullable=True)
    delivery: Series[str] = pa.Field(isin=DELIVERIES)
    icbs_in_reach: Series[str]
    start_date: Series[str] = pa.Field(nullable=True)
    end_date: Series[str] = pa.Field(nullable=True)
    updated: Series[str] = pa.Field(nullable=True)
    source: Series[str]
    sheet: Series[str]
    row: Series[int] = pa.Field(ge=1)


class PracticeResultFrame(Table):
    """One row a practice of a PCN of this run, and where it stands in the NHS."""

    practice_code: Series[str] = pa.Field(unique=True)
    practice_name: Series[str]
    postcode: Series[str]
    pcn_code: Series[str]
    sub_icb_code: Series[str]
    sub_icb_name: Series[str]
    icb_code: Series[str]
    icb_name: Series[str]
    region_code: Series[str]
    region_name: Series[str]
    patients: Series[int] = pa.Field(ge=0)


class ReachableFrame(Table):
    """One row a (facility, PCN) within reach: the share of the PCN's patients who can come, and their mean minutes.

    Of several pledges of the facility, that which reaches most of the PCN counts. Hours that come to people or online
    are not here; those of a hybrid pledge are, for the patients who can come.
    """

    facility_id: Series[str]
    pcn_code: Series[str]
    reach_share: Series[float] = pa.Field(gt=0, le=1)
    minutes_min: Series[float] = pa.Field(ge=0)


class TieFrame(Table):
    """One row an (operator, PCN) that are in reach of one another, linked, or matched.

    `link_status` is the best link told for the operator or one of its facilities with the PCN or one of its practices;
    where nothing was `told` it is `unknown`. `in_reach` also counts hours that reach by rule, not by distance, and so
    may be true without `facilities_in_reach`. Hours and people add up to those of the plan.
    """

    operator_id: Series[str]
    pcn_code: Series[str]
    link_status: Series[str] = pa.Field(isin=LINK_STATUSES)
    told: Series[bool]
    in_reach: Series[bool]
    facilities_in_reach: Series[int] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)
    people: Series[int] = pa.Field(ge=0)


class AttentionFrame(Table):
    """What a planner acts on: one row a thing on a list; `hours` and `people` are what hangs on it.

    `pcn_without_link`: a PCN that no operator in reach has a formal or informal link with, also where none is in reach;
    hours and people matched. `operator_without_link`: an operator with eligible hours and no formal or informal link
    with any NHS organisation, be it an ICB; hours left, people served. `one_facility`: a PCN all of whose matched
    places are from one facility, on site or sent out by it; hours and people matched. `unknown_link`: an operator and a
    PCN of which nothing better is told than that their link is unknown; hours and people matched between them. Sorted
    by topic, then the most hours first.
    """

    topic: Series[str] = pa.Field(isin=tuple(ATTENTION))
    pcn_code: Series[str] = pa.Field(nullable=True)
    operator_id: Series[str] = pa.Field(nullable=True)
    facility_id: Series[str] = pa.Field(nullable=True)
    hours: Series[float] = pa.Field(ge=0)
    people: Series[int] = pa.Field(ge=0)


class PlaceFrame(Table):
    """One row a place that a reader may look for: a town, a local authority, or the outward part of postcodes."""

    place_kind: Series[str] = pa.Field(isin=PLACE_KINDS)
    place_name: Series[str]
    patients: Series[int] = pa.Field(ge=0)
    geometry: GeoSeries


class IcbResultFrame(Table):
    """One row an ICB, the sum of the PCNs whose home it is, with its outline in metres.

    `need_index` is the mean over patients; `coverage_share` is missing where there is no demand.
    """

    icb_code: Series[str] = pa.Field(unique=True)
    icb_name: Series[str]
    region_name: Series[str]
    pcns: Series[int] = pa.Field(ge=1)
    patients: Series[int] = pa.Field(ge=0)
    need_index: Series[float]
    demand_places: Series[int] = pa.Field(ge=0)
    matched_places: Series[int] = pa.Field(ge=0)
    unmet_places: Series[int] = pa.Field(ge=0)
    coverage_share: Series[float] = pa.Field(nullable=True)
    matched_hours: Series[float] = pa.Field(ge=0)
    geometry: GeoSeries
