"""The operators' bank of hours: operators, facilities, pledges and links, from one workbook or four CSVs.

Every fault of every row is found in one pass. A row with a fault is left out, and so is a row that then points at
nothing; the load stops only where a table or a column is missing, or a column is about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..errors import DataError, Fault, Repair, SchemaError
from ..schema import FacilityFrame, LinkFrame, OperatorFrame, PledgeFrame
from ..validate import accounting_frame
from ._bank_cells import keys_of
from ._bank_draft import Draft
from ._bank_read import Opened, open_tables
from ._bank_sites import KnownPlaces
from ._bank_spec import FACILITIES, LINKS, OPERATORS, PLEDGES, SITE_ID, BankContext
from ._bank_tables import Owners, clean_facilities, clean_links, clean_operators, clean_pledges

__all__ = ["Bank", "BankContext", "load_bank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """The bank as it can be used, and an account of every row that was sent."""

    operators: pd.DataFrame
    """`OperatorFrame`, sorted by id as all four are."""
    facilities: gpd.GeoDataFrame
    """`FacilityFrame`, metres (EPSG:27700); those made from sites of Active Places that pledges name are among them."""
    pledges: pd.DataFrame
    """`PledgeFrame`."""
    links: pd.DataFrame
    """`LinkFrame`."""
    faults: tuple[Fault, ...]
    """Every fault of every row, by table and row; these rows are in none of the tables."""
    repairs: tuple[Repair, ...] = ()
    """Every cell that was read otherwise than it stands, by table and row; those of rows with a fault too."""
    accounting: pd.DataFrame
    """`AccountingFrame`: one line a row that was rejected, or passed over (`not_used`: examples, totals)."""
    rows: pd.DataFrame
    """`AccountingFrame`: one line a row that is in a table, `used`."""
    places: Mapping[str, tuple[str, str]]
    """Table → the file and the sheet it was read from, as `accounting` and `rows` name them."""
    notes: tuple[str, ...]
    """Repairs and assumptions, each with its count and first place."""


def load_bank(path: Path, context: BankContext) -> Bank:
    """
    Read the operators' bank of hours.

    Parameters
    ----------
    path
        A folder with `operators.csv`, `facilities.csv`, `pledges.csv` and, if there is one, `links.csv`; or one
        workbook with sheets of those names, where titles may stand above the headings.
    context
        Pathways, organisations, postcodes and venues that the bank may name.

    Returns
    -------
    bank
        Tables sorted by id, whatever the order of the rows; ids as their own table writes them, words in the
        program's vocabulary, lists in alphabetical order with `;` between.

    Raises
    ------
    SchemaError
        A column is missing. All other faults of the pass are listed with it.
    DataError
        A table is missing or cannot be read, has no rows, or has a column about people (then only the tables' faults
        are listed, and no value is repeated).
    """
    opened = open_tables(Path(path))
    drafts = opened.drafts
    tables, made = _clean(drafts, context)
    faults = [fault for draft in drafts.values() for fault in draft.faults]
    repairs = tuple(repair for draft in drafts.values() for repair in draft.repairs)
    _stop_if_unusable(opened, faults, repairs)
    used = [line for name, draft in drafts.items() for line in draft.account_good(tables[name])]
    return Bank(
        operators=_in_order(tables[OPERATORS.name], [OperatorFrame.operator_id]),
        facilities=_in_order(_with_made(tables[FACILITIES.name], made), [FacilityFrame.facility_id]),
        pledges=_in_order(tables[PLEDGES.name], [PledgeFrame.pledge_id]),
        links=_in_order(tables[LINKS.name], list(LinkFrame.to_schema().columns)),
        faults=tuple(faults),
        repairs=repairs,
        accounting=accounting_frame(line for draft in drafts.values() for line in draft.account_rest()),
        rows=accounting_frame(used),
        places={name: (draft.source, draft.sheet) for name, draft in drafts.items()},
        notes=tuple(opened.notes + [note for draft in drafts.values() for note in draft.notes]),
    )


def _clean(drafts: dict[str, Draft], context: BankContext) -> tuple[dict[str, pd.DataFrame], gpd.GeoDataFrame]:
    """The good rows of each table, and facilities made from sites; a table is cleaned after those it points at."""
    for draft in drafts.values():
        draft.prepare()
    operators = clean_operators(drafts[OPERATORS.name])
    operator_keys = keys_of(drafts[OPERATORS.name], operators)
    facilities = clean_facilities(drafts[FACILITIES.name], operator_keys, context)
    owners = Owners(
        operators=operator_keys,
        facilities=keys_of(drafts[FACILITIES.name], facilities),
        # Where the column of ids cannot be read, all of them are blank, and alike.
        operator_of=facilities.drop_duplicates(FacilityFrame.facility_id).set_index(FacilityFrame.facility_id)[
            FacilityFrame.operator_id
        ],
        places=_known_places(drafts[FACILITIES.name], facilities, context),
    )
    pledges, made = clean_pledges(drafts[PLEDGES.name], owners, context)
    tables = {
        OPERATORS.name: operators,
        FACILITIES.name: facilities,
        PLEDGES.name: pledges,
        LINKS.name: clean_links(drafts[LINKS.name], owners, context),
    }
    return tables, made


def _known_places(draft: Draft, facilities: gpd.GeoDataFrame, context: BankContext) -> KnownPlaces:
    named = draft.text.loc[facilities.index, SITE_ID].set_axis(facilities[FacilityFrame.facility_id])
    return KnownPlaces(
        facilities=facilities, sites=named[~named.index.duplicated()], venues=context.venues
    )


def _with_made(facilities: gpd.GeoDataFrame, made: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return pd.concat([facilities, made], ignore_index=True) if len(made) else facilities


def _empty_tables(drafts: dict[str, Draft]) -> list[Fault]:
    remedy = "Fill in at least one row; the example row of the template does not count."
    return [
        Fault(source=draft.source, sheet=draft.sheet, problem="the table has no rows", remedy=remedy)
        for name, draft in drafts.items()
        if name in (OPERATORS.name, PLEDGES.name) and draft.headings and not len(draft.text)
    ]


def _stop_if_unusable(opened: Opened, faults: list[Fault], repairs: tuple[Repair, ...]) -> None:
    """Raise if the load cannot go on, with what was found in rows too, unless it might repeat a person's data."""
    stops = opened.people + opened.stops + _empty_tables(opened.drafts)
    if stops:
        columns = any(draft.unreadable and draft.headings for draft in opened.drafts.values())
        told, mended = (stops, ()) if opened.people else (stops + faults, repairs)
        raise (SchemaError if columns else DataError)("The bank of hours cannot be used as it is.", told, mended)


def _in_order(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.sort_values(keys, kind="stable", ignore_index=True)
