"""The four tables of the bank, from text to clean rows; every check runs on every row, to find all faults at once."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from ..schema import FacilityFrame, LinkFrame, OperatorFrame, PledgeFrame
from ..schema.words import (
    DELIVERIES,
    HOUR_UNITS,
    LED_UNITS,
    LINK_STATUSES,
    LIST_SEPARATOR,
    OPERATOR_KINDS,
    TIMES,
    VENUE_TYPES,
)
from . import _bank_cells as cells
from ._bank_cells import Keys, Limits
from ._bank_draft import Draft
from ._bank_places import place_facilities
from ._bank_sites import KnownPlaces, place_at_sites
from ._bank_spec import SITE_ID, BankContext

_GROUP = Limits(1, 10_000)
_AGE = Limits(0, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """What pledges and links may point at; keys are None where the table they belong to cannot be read."""

    operators: Keys | None
    facilities: Keys | None
    operator_of: pd.Series
    """`operator_id` by `facility_id`."""
    places: KnownPlaces
    """What a pledge that names a site is held against."""


def clean_operators(draft: Draft) -> pd.DataFrame:
    ids = cells.read_ids(draft, OperatorFrame.operator_id)
    frame = pd.DataFrame(
        {
            OperatorFrame.operator_id: ids,
            OperatorFrame.operator_name: cells.read_name(draft, OperatorFrame.operator_name, ids),
            OperatorFrame.operator_kind: cells.read_words(draft, OperatorFrame.operator_kind, OPERATOR_KINDS),
        }
    )
    return draft.finish(frame, OperatorFrame)


def clean_facilities(draft: Draft, operators: Keys | None, context: BankContext) -> gpd.GeoDataFrame:
    ids = cells.read_ids(draft, FacilityFrame.facility_id)
    placed = place_facilities(draft, context.locate_postcodes, context.venues)
    frame = placed.assign(
        **{
            FacilityFrame.facility_id: ids,
            FacilityFrame.operator_id: cells.read_link(draft, FacilityFrame.operator_id, operators),
            FacilityFrame.facility_name: cells.read_name(draft, FacilityFrame.facility_name, ids),
            FacilityFrame.venue_type: cells.read_words(draft, FacilityFrame.venue_type, VENUE_TYPES),
            # What the operator says it is counts, whatever else Active Places knows of the site.
            FacilityFrame.other_venue_types: pd.Series(None, index=draft.text.index, dtype="str"),
            FacilityFrame.access_notes: cells.blank_as_missing(draft.text[FacilityFrame.access_notes]),
        }
    )
    draft.fault_empty(draft.rows(draft.text[FacilityFrame.operator_id] == ""), FacilityFrame.operator_id)
    return draft.finish(frame, FacilityFrame)


def clean_pledges(draft: Draft, owners: Owners, context: BankContext) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """The good pledges, and the facilities that are made from sites they name."""
    text = draft.text
    found = _read_owners(draft, owners)
    found[PledgeFrame.facility_id], made = place_at_sites(draft, found, owners.places)
    at_site = text[SITE_ID] != ""
    nowhere = (text[PledgeFrame.facility_id] == "") & (text[PledgeFrame.operator_id] == "") & ~at_site
    remedy = "Give the facility_id, or the operator_id for a digital or operator-wide pledge."
    draft.fault(
        draft.rows(nowhere), PledgeFrame.facility_id, "the pledge names neither a facility nor an operator", remedy
    )
    unsaid = (text[PledgeFrame.delivery] == "") & ((text[PledgeFrame.facility_id] != "") | at_site)
    draft.assume(unsaid, PledgeFrame.delivery, "on_site", "blank at a facility was read as on_site")
    units = cells.read_words(draft, PledgeFrame.hour_unit, HOUR_UNITS)
    frame = pd.DataFrame(
        {
            PledgeFrame.pledge_id: cells.read_ids(draft, PledgeFrame.pledge_id),
            **found,
            PledgeFrame.pathways: cells.read_list(draft, PledgeFrame.pathways, context.pathway_ids),
            PledgeFrame.hours: cells.read_number(draft, PledgeFrame.hours, Limits(0, 1e9)),
            PledgeFrame.hour_unit: units,
            **_read_groups(draft, units),
            PledgeFrame.start_date: cells.read_date(draft, PledgeFrame.start_date),
            PledgeFrame.end_date: cells.read_date(draft, PledgeFrame.end_date),
            PledgeFrame.delivery: cells.read_words(draft, PledgeFrame.delivery, DELIVERIES),
            PledgeFrame.times: cells.blank_as_missing(cells.read_list(draft, PledgeFrame.times, TIMES)),
            PledgeFrame.roles: cells.blank_as_missing(cells.read_list(draft, PledgeFrame.roles)),
            PledgeFrame.age_min: cells.read_number(draft, PledgeFrame.age_min, _AGE),
            PledgeFrame.age_max: cells.read_number(draft, PledgeFrame.age_max, _AGE),
            PledgeFrame.max_km: cells.read_number(draft, PledgeFrame.max_km, Limits(0, above=True)),
            PledgeFrame.icb_codes: cells.blank_as_missing(
                cells.read_codes(draft, PledgeFrame.icb_codes, context.icb_codes, "an ICB")
            ),
            PledgeFrame.updated: cells.read_date(draft, PledgeFrame.updated),
        }
    )
    draft.fault_empty(draft.rows(text[PledgeFrame.hours] == ""), PledgeFrame.hours)
    draft.fault_empty(draft.rows(frame[PledgeFrame.pathways] == ""), PledgeFrame.pathways)
    cells.fault_unordered(draft, frame, (PledgeFrame.start_date, PledgeFrame.end_date), "the end lies before the start")
    cells.fault_unordered(
        draft, frame, (PledgeFrame.age_min, PledgeFrame.age_max), "the lowest age is above the highest"
    )
    good = draft.finish(frame, PledgeFrame)
    return good, made[made[FacilityFrame.facility_id].isin(good[PledgeFrame.facility_id])]


def _read_owners(draft: Draft, owners: Owners) -> dict[str, pd.Series]:
    """`operator_id` and `facility_id` of pledges or links; where both are given they must agree."""
    operators = cells.read_link(draft, PledgeFrame.operator_id, owners.operators)
    places = cells.read_link(draft, PledgeFrame.facility_id, owners.facilities)
    owner = places.map(owners.operator_of).astype("str")
    wrong = operators.notna() & owner.notna() & (operators != owner)
    remedy = "Correct one of the two, or leave operator_id empty."
    for row in draft.rows(wrong):
        draft.fault([row], PledgeFrame.operator_id, f"the facility belongs to operator {owner[row]}", remedy)
    return {PledgeFrame.operator_id: operators.fillna(owner), PledgeFrame.facility_id: places}


def _read_groups(draft: Draft, units: pd.Series) -> dict[str, pd.Series]:
    """`group_size`, `fill_share` and `min_group`: needed where an hour serves a group, missing where it does not."""
    columns = {
        PledgeFrame.group_size: cells.read_number(draft, PledgeFrame.group_size, _GROUP),
        PledgeFrame.fill_share: cells.read_share(draft, PledgeFrame.fill_share),
        PledgeFrame.min_group: cells.read_number(draft, PledgeFrame.min_group, _GROUP),
    }
    led = units.isin(LED_UNITS)
    for column in (PledgeFrame.group_size, PledgeFrame.fill_share):
        problem = f"hours of a class or a facility cannot be counted in people without {column}"
        remedy = "Give the people in a full group, and the share of places usually filled (such as 0.8)."
        draft.fault(draft.rows(led & (draft.text[column] == "")), column, problem, remedy)
    smallest, largest = columns[PledgeFrame.min_group], columns[PledgeFrame.group_size]
    problem, remedy = "the smallest group is larger than the group", "Correct min_group or group_size."
    draft.fault(draft.rows(led & (smallest > largest)), PledgeFrame.min_group, problem, remedy)
    unsaid = led & (draft.text[PledgeFrame.min_group] == "")
    draft.repair(unsaid, PledgeFrame.min_group, "blank was read as 1: a course may run with one person", "1")
    idle = units.isin(HOUR_UNITS) & ~led & (draft.text[PledgeFrame.group_size] != "")
    draft.repair(idle, PledgeFrame.group_size, "not used, since the hour_unit serves one person an hour", "")
    columns[PledgeFrame.min_group] = smallest.where(~unsaid, 1.0)
    return {column: values.where(led) for column, values in columns.items()}


def clean_links(draft: Draft, owners: Owners, context: BankContext) -> pd.DataFrame:
    text = draft.text
    given = (text[LinkFrame.operator_id] != "", text[LinkFrame.facility_id] != "")
    found = _read_owners(draft, owners)
    draft.fault(
        draft.rows(~given[0] & ~given[1]),
        LinkFrame.operator_id,
        "the link names neither an operator nor a facility",
        "Give the operator_id or the facility_id.",
    )
    draft.assume(text[LinkFrame.link_status] == "", LinkFrame.link_status, "unknown", "blank was read as unknown")
    frame = pd.DataFrame(
        {
            # A link of one facility is not one of its whole operator, so the operator is not filled in.
            LinkFrame.operator_id: found[LinkFrame.operator_id].where(given[0]),
            LinkFrame.facility_id: found[LinkFrame.facility_id],
            LinkFrame.organisation_code: cells.read_codes(
                draft, LinkFrame.organisation_code, context.organisation_codes
            ),
            LinkFrame.link_status: cells.read_words(draft, LinkFrame.link_status, LINK_STATUSES),
            LinkFrame.since: cells.blank_as_missing(text[LinkFrame.since]),
            LinkFrame.note: cells.blank_as_missing(text[LinkFrame.note]),
        }
    )
    draft.fault_empty(draft.rows(frame[LinkFrame.organisation_code] == ""), LinkFrame.organisation_code)
    several = frame[LinkFrame.organisation_code].str.contains(LIST_SEPARATOR)
    problem, remedy = "more than one organisation stands in the cell", "Give each its own row."
    draft.fault(draft.rows(several), LinkFrame.organisation_code, problem, remedy)
    _fault_twice(draft, frame)
    return draft.finish(frame, LinkFrame)


def _fault_twice(draft: Draft, links: pd.DataFrame) -> None:
    """Fault links between the same two that stand in several rows; none of them is used."""
    keys = [LinkFrame.operator_id, LinkFrame.facility_id, LinkFrame.organisation_code]
    sound = links[~links.index.isin(draft.bad_rows)]
    for _, rows in sound[sound.duplicated(keys, keep=False)].groupby(keys, dropna=False):
        shown = cells.name_some(rows.index)
        problem = f"the same link stands in rows {shown}"
        draft.fault(map(int, rows.index), LinkFrame.organisation_code, problem, "Keep the one that holds.")
