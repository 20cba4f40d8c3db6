"""The bank of hours on the page: operators, facilities, pledges and hours left over."""

from __future__ import annotations

import pandas as pd

from ..phrases_choice import role_in_words
from ..schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    MapTables,
    OperatorResultFrame,
    PledgeResultFrame,
    UnmatchedHoursFrame,
)
from ..schema.words import LIST_SEPARATOR
from .blocks import Rows, column, positions
from .labels import MARKS


def known_operators(tables: MapTables) -> pd.DataFrame:
    """Operators named anywhere, by id in key order, as `OperatorResultFrame`; what no table tells is missing."""
    frame = OperatorResultFrame
    columns = [frame.operator_id, frame.operator_name, frame.operator_kind]
    housed = tables.facilities[columns].drop_duplicates(FacilityResultFrame.operator_id)
    matched = tables.allocation[[AllocationResultFrame.operator_id, AllocationResultFrame.operator_name]]
    pledged = tables.ledger[[LedgerFrame.operator_id]].assign(**{frame.operator_name: pd.NA})
    every = pd.concat([tables.operators, housed, matched, pledged], ignore_index=True)
    return every.drop_duplicates(frame.operator_id).set_index(frame.operator_id).sort_index()


def operator_data(operators: pd.DataFrame) -> dict[str, list]:
    frame, kinds = OperatorResultFrame, list(MARKS)
    names, kind_of = operators[frame.operator_name], operators[frame.operator_kind]
    figures = [name for name in frame.to_schema().columns if name in operators.columns][2:]
    return {
        "id": column(operators.index),
        "name": column(names.where(names.notna(), operators.index.to_series())),
        "kind": [kinds.index(kind) if isinstance(kind, str) else -1 for kind in kind_of],
        **{name: column(operators[name], 1) for name in figures},
    }


def facility_data(facilities: pd.DataFrame, rows: Rows) -> dict[str, list]:
    frame = FacilityResultFrame
    hours = (frame.pledged_hours, frame.eligible_hours, frame.matched_hours, frame.unmatched_hours)
    return {
        "id": column(facilities[frame.facility_id]),
        "name": column(facilities[frame.facility_name]),
        "operator": positions(facilities[frame.operator_id], rows.operators, what="operators").tolist(),
        "venue": column(facilities[frame.venue_type]),
        "pathways": _pathway_rows(facilities[frame.pathways], rows),
        **{name: column(facilities[name], 1) for name in hours},
        "people": column(facilities[frame.people]),
        "pcns_served": column(facilities[frame.pcns_served]),
    }


def _pathway_rows(lists: pd.Series, rows: Rows) -> list[list[int | str] | None]:
    """The pathways in each cell by row; one that the run does not know stays as written, a missing cell is None."""
    found: dict[str, list[int | str]] = {}
    for text in lists.dropna().unique():
        named = [key for key in text.split(LIST_SEPARATOR) if key]
        found[text] = [
            int(row) if row >= 0 else key for key, row in zip(named, rows.pathways.get_indexer(named), strict=True)
        ]
    return [found.get(text) if isinstance(text, str) else None for text in lists.tolist()]


def pledge_data(ledger: pd.DataFrame, pledges: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """What became of each pledge, what it offers, and the cell it was read from; what is not told is None."""
    frame, offer = LedgerFrame, PledgeResultFrame
    hours = (frame.hours, frame.pledged_hours, frame.ineligible_hours, frame.matched_hours, frame.unmatched_hours)
    told = pledges.set_index(offer.pledge_id).reindex(ledger[frame.pledge_id])
    plain = (offer.delivery, offer.start_date, offer.end_date, offer.updated, offer.source, offer.sheet, offer.row)
    roles = [text.split(LIST_SEPARATOR) if isinstance(text, str) else None for text in told[offer.roles]]
    return {
        "id": column(ledger[frame.pledge_id]),
        "facility": positions(ledger[frame.facility_id], rows.facilities, what="facilities").tolist(),
        "operator": positions(ledger[frame.operator_id], rows.operators, what="operators").tolist(),
        "unit": column(ledger[frame.hour_unit]),
        **{name: column(ledger[name], 1) for name in hours},
        "named": _pathway_rows(told[offer.pathways], rows),
        "deliverable": _pathway_rows(told[offer.deliverable], rows),
        "roles": roles,
        **{name: column(told[name], 0) for name in plain},
    }


def role_words(pledges: pd.DataFrame) -> dict[str, str]:
    """Every role that a pledge names → what it is called."""
    named = pledges[PledgeResultFrame.roles].dropna().str.split(LIST_SEPARATOR).explode().unique()
    return {role: role_in_words(role) for role in sorted(named)}


def unused_data(unmatched: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """Hours that served nobody, added up to one row a (operator, facility, stage, reason)."""
    frame = UnmatchedHoursFrame
    keyed = pd.DataFrame(
        {
            "operator": positions(unmatched[frame.operator_id], rows.operators, what="operators"),
            "facility": positions(unmatched[frame.facility_id], rows.facilities, what="facilities"),
            "stage": unmatched[frame.stage].to_numpy(),
            "reason": unmatched[frame.reason].to_numpy(),
            "hours": unmatched[frame.hours].to_numpy(),
        }
    )
    summed = keyed.groupby(["operator", "facility", "stage", "reason"], as_index=False, sort=True).sum()
    return {name: column(summed[name], 1) for name in summed.columns}
