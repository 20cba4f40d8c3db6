"""Primary Care Network Workforce (NHS England): social prescribing link workers in post, summed to PCNs.

The file has one row a person. Persons are summed as they are read: no row number, figure or identifier of one leaves
this module, not even in a fault.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import Fault
from ..schema import WorkforceFrame
from ..validate import Loaded, account, accounting_frame, check_frame
from ._raw import RawTable, refuse
from ._read import read_csv, text_to_number
from ._table import pick, read_codes
from ._text import say_month

_ROLE, _YEAR, _MONTH = "role", "year", "month"
_HEADINGS = {
    WorkforceFrame.pcn_code: "PCN_CODE",
    WorkforceFrame.link_worker_fte: "FTE",
    _ROLE: "DETAILED_STAFF_ROLE",
    _YEAR: "CENSUS_YEAR",
    _MONTH: "CENSUS_MONTH",
}
_LINK_WORKER = "Social Prescribing Link Worker"
_WANTED = "Give the individual-level CSV (PCNWFIndividualCSV, zip or csv) of Primary Care Network Workforce."
_FIRST_ROW = 2
_MOST_FTE = 50.0
"""No row of the census comes near it; most are of one person, a few of a contracted service."""


def load_workforce(path: Path) -> Loaded:
    """
    Load full-time equivalents of social prescribing link workers.

    Parameters
    ----------
    path
        `PCNWFIndividualCSV.MMYYYY.zip`, or the CSV in it.

    Returns
    -------
    loaded
        `WorkforceFrame`, sorted by PCN; a PCN that is not in it did not report, which is not the same as zero.

    Raises
    ------
    DataError
        The file is missing or another one, or nobody in it is a link worker.
    """
    raw = read_csv(path, member="*individual*level*.csv", columns=list(_HEADINGS.values()))
    frame = pick(raw, _HEADINGS, _WANTED)
    roles = frame[_ROLE].str.strip()
    workers = frame[roles == _LINK_WORKER]
    if workers.empty:
        raise refuse(raw.source, f"nobody in it has the role {_LINK_WORKER}", _WANTED, column=_HEADINGS[_ROLE])
    named, _ = read_codes(raw, workers, [WorkforceFrame.pcn_code])
    codes = named[WorkforceFrame.pcn_code].fillna("")
    fte, _ = text_to_number(workers[WorkforceFrame.link_worker_fte])
    named_well = codes.str.fullmatch("U[0-9]{5}")
    bad = ~fte.between(0, _MOST_FTE) | ~named_well
    # A sum that lacks a person is not the PCN's: it is unknown, as if the PCN had not reported.
    short = ~bad & codes.isin(codes[bad & named_well])
    bad |= short
    # By size, so that the order of the rows does not show in the last digit.
    told = fte[~bad].sort_values()
    summed = told.groupby(codes.loc[told.index]).sum().rename_axis(WorkforceFrame.pcn_code)
    summed = summed.rename(WorkforceFrame.link_worker_fte).reset_index()
    good, _ = check_frame(summed, WorkforceFrame, source=raw.source, id_column=WorkforceFrame.pcn_code)
    total, kindred = good[WorkforceFrame.link_worker_fte].sum(), roles.str.startswith(f"{_LINK_WORKER} (")
    notes = [f"{total:,.2f} FTE of link workers, reported by {len(good):,} PCNs. A PCN not listed did not report."]
    if kindred.any():
        notes.append("Link workers who are mental health practitioners are a role of their own and are not counted.")
    return Loaded(
        frame=good,
        source=raw.source,
        vintage=_census_month(frame),
        faults=_group_fault(raw, int(bad.sum())),
        # As in the account: no line points at a person.
        repairs=tuple(replace(repair, row=_FIRST_ROW) for repair in raw.repairs),
        accounting=_group_account(raw, len(workers), int(bad.sum())),
        notes=(*raw.told, *notes),
    )


def _census_month(frame: pd.DataFrame) -> str:
    """The month of the census, such as `June 2026`."""
    seen = frame[[_YEAR, _MONTH]].drop_duplicates()
    year, month = text_to_number(seen[_YEAR])[0], text_to_number(seen[_MONTH])[0]
    told = sorted({(y, m) for y, m in zip(year, month, strict=True) if y == y and 1 <= m <= 12})
    return " and ".join(f"{say_month(int(m))} {y:.0f}" for y, m in told)


def _group_fault(raw: RawTable, bad: int) -> tuple[Fault, ...]:
    if not bad:
        return ()
    problem = (
        f"{bad:,} rows of link workers have no PCN code or no FTE of 0 to {_MOST_FTE:.0f}, or belong to a PCN of which "
        "another row has none; they are left out, and their PCNs count as not reported"
    )
    return (
        Fault(source=raw.source, column=_HEADINGS[WorkforceFrame.link_worker_fte], problem=problem, remedy=_WANTED),
    )


def _group_account(raw: RawTable, workers: int, bad: int) -> pd.DataFrame:
    """One line a fate, all at the first row of the file, so that none points at a person."""
    fates = (
        ("used", workers - bad, ""),
        ("not_used", len(raw.frame) - workers, "another role"),
        ("rejected", bad, "no PCN code or no FTE that can be"),
    )
    return accounting_frame(
        account(raw.source, status=status, rows=rows, reason=reason) for status, rows, reason in fates if rows
    )
