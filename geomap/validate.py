"""Check a table at the door: every fault in one pass, and an account of every row.

A raw table is a frame of text whose index is the row number in its file (the heading is row 1).
`check_frame` is the last line of every loader; `account` writes down what became of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from .errors import CrsError, DataError, Fault, Repair, SchemaError
from .schema import AccountingFrame, RepairFrame
from .schema.codes import reason_code
from .schema.words import CRS

TOTAL_TOLERANCE = 1e-6
"""Largest share by which a total may miss after a join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a loader hands on: the clean table, the faults left out of it, what was mended, the account, what to say."""

    frame: pd.DataFrame
    source: str
    vintage: str = ""
    faults: tuple[Fault, ...] = ()
    repairs: tuple[Repair, ...] = ()
    accounting: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSheet:
    """One table as its sender wrote it, to be given back with marks; nothing that is about people is in it."""

    source: str
    sheet: str
    """As faults and repairs name it; empty for a file that is no workbook."""
    name: str
    """What a sheet of it is to be called."""
    rows: list[list[object]]
    """Values of its cells, row 1 first; text, a number, a truth, a date or `None`."""
    columns: tuple[str, ...]
    """The headings as faults and repairs name them, by place from the left."""
    heading_row: int
    emptied: tuple[str, ...] = ()
    """Columns about people, whose cells are left out."""


def missing_columns(
    present: Iterable[str], wanted: Sequence[str], *, source: str, sheet: str = "", remedy: str = ""
) -> list[Fault]:
    """One fault for each wanted heading that is not among those present."""
    have = set(present)
    return [
        Fault(
            source=source,
            sheet=sheet,
            column=name,
            problem="the column is missing",
            remedy=remedy or f"Add a column headed {name!r}, or choose the file that has it.",
        )
        for name in wanted
        if name not in have
    ]


def _describe(check: str, column: str) -> tuple[str, str]:
    """Turn pandera's name of a check into a problem and a remedy."""
    name, _, argument = check.partition("(")
    argument = argument.rstrip(")")
    told = {
        "not_nullable": ("the cell is empty", f"Fill in {column}."),
        "field_uniqueness": ("the same key stands in more than one row", "Keep one of them."),
        "greater_than_or_equal_to": (f"the number is below {argument}", f"Give {argument} or more."),
        "greater_than": (f"the number is not above {argument}", f"Give more than {argument}."),
        "less_than_or_equal_to": (f"the number is above {argument}", f"Give {argument} or less."),
        "isin": ("the value is not one of those allowed", f"Use one of: {argument.strip('[]()')}."),
        "str_matches": ("the code is not written as such codes are", "Use the official code."),
    }
    return told.get(name, (f"the check {check} does not hold", f"Correct {column}."))


def check_frame(
    frame: pd.DataFrame,
    model: type[pa.DataFrameModel],
    *,
    source: str,
    sheet: str = "",
    id_column: str = "",
    headings: dict[str, str] | None = None,
) -> tuple[pd.DataFrame, list[Fault]]:
    """
    Hold a frame against its model and part the good rows from the faults.

    Parameters
    ----------
    frame
        The renamed and converted table; its index is the row number in the file.
    model
        The declaration in `geomap.schema`.
    source, sheet
        Named in each fault.
    id_column
        The column whose value names a row in a fault.
    headings
        Column of the model → heading in the file, for faults in the file's own words.

    Returns
    -------
    good, faults
        Rows with no fault (index kept, columns in the model's order) and one fault a bad cell.

    Raises
    ------
    SchemaError
        A column is missing or of the wrong kind: no row can be judged.
    CrsError
        A geometry is not in British National Grid; tested before pandera, which only says TypeError.
    """
    if isinstance(frame, gpd.GeoDataFrame) and frame.crs != CRS:
        raise CrsError(
            faults=[
                Fault(
                    source=source,
                    sheet=sheet,
                    column="geometry",
                    value=str(frame.crs),
                    problem=f"the geometry is not in {CRS}",
                    remedy=f"Reproject it to {CRS} when it is read.",
                )
            ]
        )
    columns = list(model.to_schema().columns)
    faults = missing_columns(frame.columns, columns, source=source, sheet=sheet)
    if faults:
        raise SchemaError(faults=faults)
    frame = frame[columns]
    try:
        model.validate(frame, lazy=True)
    except SchemaErrors as caught:
        cases = caught.failure_cases
    else:
        return frame, []
    structural = cases[cases["index"].isna()]
    if len(structural):
        raise SchemaError(
            faults=[
                Fault(
                    source=source,
                    sheet=sheet,
                    column=str(case.column),
                    value=str(case.failure_case),
                    problem=f"the column does not pass {case.check}",
                    remedy="Check that the file is the one wanted and that the column holds what its heading says.",
                )
                for case in structural.itertuples()
            ]
        )
    faults = [_cell_fault(case, frame, source, sheet, id_column, headings or {}) for case in cases.itertuples()]
    return frame.drop(index=cases["index"].unique()), faults


def _cell_fault(case, frame: pd.DataFrame, source: str, sheet: str, id_column: str, headings: dict[str, str]) -> Fault:
    heading = headings.get(case.column, case.column)
    problem, remedy = _describe(str(case.check), heading)
    row_id = "" if not id_column or pd.isna(frame.at[case.index, id_column]) else str(frame.at[case.index, id_column])
    return Fault(
        source=source,
        sheet=sheet,
        row=int(case.index),
        column=heading,
        value="" if pd.isna(case.failure_case) else str(case.failure_case),
        row_id=row_id,
        problem=problem,
        remedy=remedy,
    )


def hold_total(what: str, went_in: float, came_out: float) -> None:
    """
    Stop where a sum has changed on its way through a join or a grouping.

    Parameters
    ----------
    what
        Whose sum, and where: `patients by PCN`.
    went_in, came_out
        The sum before and after, in one unit.

    Raises
    ------
    DataError
        They differ by more than a millionth, or one of them is no number.
    """
    if not abs(came_out - went_in) <= TOTAL_TOLERANCE * max(abs(went_in), 1.0):
        raise DataError(
            f"The total of {what} changed from {went_in:,.6g} to {came_out:,.6g}, so rows were lost or doubled and "
            "the run stops. A key that should stand once in an input stands in it twice, or is missing."
        )


def account(
    source: str,
    *,
    status: str,
    rows: int,
    reason: str = "",
    sheet: str = "",
    row: int = 2,
    row_id: str = "",
    column: str = "",
    value: str = "",
) -> dict[str, object]:
    """One line of the accounting file; `rows` is how many input rows it stands for."""
    return {
        AccountingFrame.source: source,
        AccountingFrame.sheet: sheet,
        AccountingFrame.row: row,
        AccountingFrame.rows: rows,
        AccountingFrame.row_id: row_id,
        AccountingFrame.column: column,
        AccountingFrame.value: value,
        AccountingFrame.status: status,
        AccountingFrame.reason: reason,
    }


def account_faults(faults: Iterable[Fault]) -> list[dict[str, object]]:
    """One `rejected` line for each row that has a fault, with its first fault as the reason."""
    first: dict[tuple[str, str, int], Fault] = {}
    for fault in faults:
        if fault.row is not None:
            first.setdefault((fault.source, fault.sheet, fault.row), fault)
    return [
        account(
            source,
            sheet=sheet,
            row=row,
            rows=1,
            row_id=fault.row_id,
            column=fault.column,
            value=fault.value,
            status="rejected",
            reason=fault.problem,
        )
        for (source, sheet, row), fault in sorted(first.items())
    ]


def accounting_frame(lines: Iterable[dict[str, object]]) -> pd.DataFrame:
    """`AccountingFrame` from the lines of `account`, in file and row order."""
    columns = list(AccountingFrame.to_schema().columns)
    frame = pd.DataFrame(list(lines), columns=columns)
    frame[AccountingFrame.reason_code] = [reason_code(reason) for reason in frame[AccountingFrame.reason]]
    text = [c for c in columns if c not in (AccountingFrame.row, AccountingFrame.rows)]
    frame = frame.astype({**dict.fromkeys(text, "str"), AccountingFrame.row: "int64", AccountingFrame.rows: "int64"})
    order = [AccountingFrame.source, AccountingFrame.sheet, AccountingFrame.row]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def repair_frame(repairs: Iterable[Repair]) -> pd.DataFrame:
    """`RepairFrame`, in the order of files, rows and columns."""
    columns = list(RepairFrame.to_schema().columns)
    lines = [{column: getattr(repair, column) for column in columns} for repair in repairs]
    order = [RepairFrame.source, RepairFrame.sheet, RepairFrame.row, RepairFrame.column]
    frame = RepairFrame.declared(pd.DataFrame(lines, columns=columns))
    return frame.sort_values([*order, RepairFrame.reason], kind="stable", ignore_index=True)
