"""Organisation Data Service (NHS England): Primary Care Networks ever opened, and which practices were in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..schema import MembershipFrame, PcnRecordFrame
from ..validate import Loaded
from ._raw import RawTable, refuse
from ._read import normal_heading, read_csv, read_sheet
from ._table import cell_faults, finish, no_reason, part_doubles, pick, read_codes, read_dates

_RECORD_ORDER = (
    "PCN Code", "PCN Name", "Current Sub ICB Loc Code", "Sub ICB Location", "Open Date", "Close Date",
    "Address Line 1", "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode",
)  # fmt: skip
_MEMBER_ORDER = (
    "Partner Organisation Code", "Partner Name", "Practice Parent Sub ICB Loc Code",
    "Practice Parent Sub ICB Loc Name", "PCN Code", "PCN Name", "PCN Parent Sub ICB Loc Code",
    "PCN Parent Sub ICB Loc Name", "Practice to PCN Relationship Start Date",
    "Practice to PCN Relationship End Date", "Practice Sub ICB Loc and PCN Sub ICB Loc Match",
)  # fmt: skip
_RECORD = {
    PcnRecordFrame.pcn_code: "PCN Code",
    PcnRecordFrame.pcn_name: "PCN Name",
    PcnRecordFrame.sub_icb_code: "Current Sub ICB Loc Code",
    PcnRecordFrame.postcode: "Postcode",
    PcnRecordFrame.open_date: "Open Date",
    PcnRecordFrame.close_date: "Close Date",
}
_PRACTICE_PLACE, _PCN_PLACE = "practice_sub_icb", "pcn_sub_icb"
_MEMBER = {
    MembershipFrame.practice_code: "Partner Organisation Code",
    MembershipFrame.pcn_code: "PCN Code",
    MembershipFrame.start_date: "Practice to PCN Relationship Start Date",
    MembershipFrame.end_date: "Practice to PCN Relationship End Date",
    _PRACTICE_PLACE: "Practice Parent Sub ICB Loc Code",
    _PCN_PLACE: "PCN Parent Sub ICB Loc Code",
}
_WANTED_RECORDS = "Give ePCN.xlsx, or the report epcn of the ODS data search and export site as CSV."
_WANTED_MEMBERS = "Give ePCN.xlsx, or the report epcncorepartnerdetails of the ODS site as CSV."
_PCN = "U[0-9]{5}"


def load_pcn_records(path: Path) -> Loaded:
    """
    Load every PCN ever opened, with its dates.

    Parameters
    ----------
    path
        `ePCN.xlsx`, or the `epcn` report as CSV with or without headings.

    Returns
    -------
    loaded
        `PcnRecordFrame`; closed PCNs are in it, with their `close_date`.

    Raises
    ------
    DataError
        The file is missing or another one.
    """
    raw = _read_report(path, "PCNDetails", _RECORD_ORDER, _WANTED_RECORDS)
    frame = pick(raw, _RECORD, _WANTED_RECORDS)
    frame, notes = read_codes(raw, frame, [PcnRecordFrame.pcn_code, PcnRecordFrame.sub_icb_code])
    dates = (PcnRecordFrame.open_date, PcnRecordFrame.close_date)
    frame, faults = _read_spells(raw, frame, dates, _RECORD)
    unused, clashes = part_doubles(raw, frame, [PcnRecordFrame.pcn_code], no_reason(frame))
    is_open = frame[PcnRecordFrame.close_date].isna() & (unused == "")
    notes.append(f"{int(is_open.sum()):,} of {int((unused == '').sum()):,} PCNs have no close date.")
    return finish(raw, frame, PcnRecordFrame, headings=_RECORD, unused=unused, faults=faults + clashes, notes=notes)


def load_memberships(path: Path) -> Loaded:
    """
    Load the spells of practices in PCNs.

    Parameters
    ----------
    path
        `ePCN.xlsx`, or the `epcncorepartnerdetails` report as CSV with or without headings.

    Returns
    -------
    loaded
        `MembershipFrame`; ended spells are in it, with their `end_date`.

    Raises
    ------
    DataError
        The file is missing or another one.
    """
    raw = _read_report(path, "PCN Core Partner Details", _MEMBER_ORDER, _WANTED_MEMBERS)
    frame = pick(raw, _MEMBER, _WANTED_MEMBERS)
    frame, notes = read_codes(raw, frame, [MembershipFrame.practice_code, MembershipFrame.pcn_code])
    apart = int((frame.pop(_PRACTICE_PLACE).str.strip() != frame.pop(_PCN_PLACE).str.strip()).sum())
    dates = (MembershipFrame.start_date, MembershipFrame.end_date)
    frame, faults = _read_spells(raw, frame, dates, _MEMBER)
    keys = [MembershipFrame.practice_code, MembershipFrame.pcn_code, MembershipFrame.start_date]
    unused, clashes = part_doubles(raw, frame, keys, no_reason(frame))
    current = frame[MembershipFrame.end_date].isna() & (unused == "")
    notes.append(f"{int(current.sum()):,} of {int((unused == '').sum()):,} memberships have no end date.")
    if apart:
        notes.append(f"Memberships that join a practice and a PCN of different sub-ICBs: {apart:,}; they are kept.")
    return finish(raw, frame, MembershipFrame, headings=_MEMBER, unused=unused, faults=faults + clashes, notes=notes)


def _read_report(path: Path, sheet: str, order: Sequence[str], wanted: str) -> RawTable:
    """The sheet of the workbook, or the report as CSV, whose columns stand in the same order and may lack headings."""
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".txt", ".zip"):
        return read_sheet(path, sheet=sheet)
    raw = read_csv(path, headings=order)
    if len(raw.frame) and normal_heading(raw.frame.iloc[0, 0]) == normal_heading(order[0]):
        raw = read_csv(path)
    pcns = next((raw.frame[name] for name in raw.frame if normal_heading(name) == "pcncode"), None)
    if pcns is not None and not pcns.str.strip().str.fullmatch(_PCN).mean() > 0.5:
        problem = f"column {order.index('PCN Code') + 1} does not hold PCN codes, so this is another report"
        raise refuse(raw.source, problem, wanted)
    return raw


def _read_spells(
    raw: RawTable, frame: pd.DataFrame, columns: tuple[str, str], headings: dict[str, str]
) -> tuple[pd.DataFrame, list]:
    """The two dates of a spell; one that ends before it starts is a fault."""
    start, end = columns
    row_id = frame.columns[0]
    frame, faults = read_dates(raw, frame, {c: headings[c] for c in columns}, row_id=row_id)
    backwards = frame[frame[end] < frame[start]]
    faults += cell_faults(
        raw,
        backwards[end].dt.strftime("%Y-%m-%d"),
        backwards[row_id],
        column=headings[end],
        problem="the end is before the start",
        remedy="Correct the dates.",
    )
    return frame, faults
