"""Steps every loader shares: choose columns, read values, part rows from faults, account for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd
import pandera.pandas as pa

from ..errors import DataError, Fault, SchemaError
from ..schema.inputs import CODE
from ..validate import Loaded, account, account_faults, accounting_frame, check_frame
from ._mended import SMALL_OR_SPACED, tell_repairs
from ._raw import RawTable
from ._text import (
    mark_withheld,
    normal_heading,
    say_date,
    tell_strange_letters,
    text_to_code,
    text_to_date,
    text_to_number,
)

_MOST = 1_000_000_000
"""No count or rank in an official file comes near it; beyond 2^63 a whole number would turn into another."""


def pick(raw: RawTable, headings: Mapping[str, str | Sequence[str]], wanted: str) -> pd.DataFrame:
    """
    Choose columns by their headings and give them the program's names.

    Parameters
    ----------
    raw
        The table as read.
    headings
        Name in the program → heading in the file, or several headings that mean the same.
    wanted
        What to say when a column is missing: which file is the right one.

    Raises
    ------
    SchemaError
        One fault for each column that is missing.
    """
    present = {normal_heading(heading): heading for heading in reversed(raw.frame.columns)}
    found: dict[str, str] = {}
    missing: list[str] = []
    for name, spellings in headings.items():
        spellings = (spellings,) if isinstance(spellings, str) else spellings
        known = [s if s in raw.frame.columns else present.get(normal_heading(s)) for s in spellings]
        match = next((heading for heading in known if heading is not None), None)
        if match is None:
            missing.append(spellings[0])
        else:
            found[name] = match
    if missing:
        place = {"source": raw.source, "sheet": raw.sheet, "problem": "the column is missing", "remedy": wanted}
        raise SchemaError(faults=[Fault(**place, column=name) for name in missing])
    raw.picked.update(found)
    return pd.DataFrame({name: raw.frame[heading] for name, heading in found.items()}, index=raw.frame.index)


def read_codes(raw: RawTable, frame: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Codes in capitals without spaces, missing where blank; one note and one repair for each column mended."""
    notes = []
    for column in columns:
        codes, repaired = text_to_code(frame[column])
        if repaired:
            changed = (codes != frame[column]) & (codes != "")
            before, after = frame.loc[changed, column], codes[changed]
            tell_repairs(raw, column, before, after, SMALL_OR_SPACED)
        frame = frame.assign(**{column: codes.where(codes != "")})
        if repaired:
            plural = "s were" if repaired > 1 else " was"
            notes.append(f"{repaired:,} {column}{plural} written with spaces or small letters and mended.")
    return frame, notes


def read_numbers(
    raw: RawTable, frame: pd.DataFrame, headings: Mapping[str, str], *, whole: bool = False, row_id: str = ""
) -> tuple[pd.DataFrame, list[Fault]]:
    """
    Columns of numbers; a blank is missing and a fault, since these columns must be filled.

    Parameters
    ----------
    raw, frame
        The table as read, for its name, and as chosen.
    headings
        Column → heading, of the columns to read.
    whole
        Whether a fraction is a fault.
    row_id
        The column that names a row in a fault.
    """
    faults = []
    for column, heading in headings.items():
        text = frame[column]
        numbers, _ = text_to_number(text)
        grouped = text[numbers.notna() & text.str.contains(",", regex=False)]
        plain = grouped.str.replace(",", "", regex=False)
        tell_repairs(raw, heading, grouped, plain, "the number was written with commas")
        bad = numbers.isna() | (numbers < 0)
        if whole:
            bad |= numbers % 1 != 0
        kind = "a whole number of 0 or more" if whole else "a number of 0 or more"
        withheld, huge = mark_withheld(text), numbers > _MOST
        ids = frame[row_id] if row_id else text.where(False, "")
        for wrong, problem, remedy in (
            (withheld, "the figure is withheld, so it is unknown and not 0", "Give the figure, or leave the row out."),
            (huge, f"the number is above {_MOST:,}", "Check that the file is whole and that no columns are shifted."),
            (bad & ~withheld & ~huge, f"the cell does not hold {kind}", f"Give {kind}."),
        ):
            faults += cell_faults(raw, text[wrong], ids[wrong], column=heading, problem=problem, remedy=remedy)
        frame = frame.assign(**{column: numbers})
    return frame, faults


def read_dates(
    raw: RawTable, frame: pd.DataFrame, headings: Mapping[str, str], *, row_id: str
) -> tuple[pd.DataFrame, list[Fault]]:
    """Columns of dates; a blank is missing, and a date that cannot be read is a fault."""
    faults = []
    for column, heading in headings.items():
        text = frame[column]
        dates, bad = text_to_date(text)
        problem, remedy = "the cell is not a date", "Write it as yyyy-mm-dd or yyyymmdd."
        faults += cell_faults(
            raw, text[bad], frame.loc[bad, row_id], column=heading, problem=problem, remedy=remedy
        )
        frame = frame.assign(**{column: dates})
    return frame, faults


def cell_faults(
    raw: RawTable, cells: pd.Series, ids: pd.Series, *, column: str, problem: str, remedy: str
) -> list[Fault]:
    """One fault for each cell given; the index of `cells` is the row number."""
    place = {"source": raw.source, "sheet": raw.sheet, "column": column}
    return [
        Fault(
            **place,
            row=int(row),
            value="" if pd.isna(value) else str(value),
            row_id="" if pd.isna(row_id) else str(row_id),
            problem=problem,
            remedy=remedy,
        )
        for row, value, row_id in zip(cells.index, cells, ids, strict=True)
    ]


def code_faults(
    raw: RawTable, frame: pd.DataFrame, headings: Mapping[str, str], *, pattern: str = CODE
) -> list[Fault]:
    """One fault for each code that is missing or not written as codes are; a sum over a group would lose such rows."""
    faults = []
    for column, heading in headings.items():
        codes = frame[column]
        blank = codes[codes.isna()]
        faults += cell_faults(
            raw, blank, blank, column=heading, problem="the cell is empty", remedy=f"Fill in {heading}."
        )
        odd = codes[codes.notna() & ~codes.str.fullmatch(pattern.strip("^$")).fillna(True)]
        problem, remedy = "the code is not written as such codes are", "Use the official code."
        faults += map(tell_letters, cell_faults(raw, odd, odd, column=heading, problem=problem, remedy=remedy))
    return faults


def tell_letters(fault: Fault) -> Fault:
    """The fault, and which letters of its value only look like those of a code."""
    strange = tell_strange_letters(fault.value)
    return replace(fault, problem=f"{fault.problem}: {strange}") if strange else fault


def no_reason(frame: pd.DataFrame) -> pd.Series:
    """Why each row is not used, to be filled in: blank is used."""
    return pd.Series("", index=frame.index, dtype="str")


def part_withheld(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """The frame, why rows are not used (a figure is withheld, which is neither 0 nor a fault), and a note of them."""
    unknown = pd.concat([mark_withheld(frame[column]) for column in columns], axis=1).any(axis=1)
    unused = no_reason(frame).mask(unknown, "the figure is withheld")
    count = int(unknown.sum())
    return frame, unused, [f"Rows whose figure is withheld: {count:,}; it is unknown, not 0."] if count else []


def part_doubles(
    raw: RawTable, frame: pd.DataFrame, keys: Sequence[str], unused: pd.Series
) -> tuple[pd.Series, list[Fault]]:
    """
    Rows that say the same again count once; rows of one key that differ are faults, since neither can be trusted.

    Returns
    -------
    unused, faults
        `unused` with the repeats marked, and one fault for each row of a clash.
    """
    live = frame[unused == ""]
    again = live.index[live.duplicated()]
    unused = unused.copy()
    unused[again] = "the same row stands above"
    live = live.drop(index=again)
    clash = live[live.duplicated(list(keys), keep=False) & live[list(keys)].notna().all(axis=1)]
    problem, remedy = f"rows with the same {' and '.join(keys)} differ", "Keep the right one."
    return unused, cell_faults(raw, clash[keys[-1]], clash[keys[0]], column="", problem=problem, remedy=remedy)


def sound_rows(frame: pd.DataFrame, unused: pd.Series, faults: Iterable[Fault]) -> pd.DataFrame:
    """The rows that are wanted and have no fault; `unused` may hold more rows than `frame`."""
    bad = {fault.row for fault in faults if fault.row is not None}
    return frame[(unused[frame.index] == "") & ~frame.index.isin(bad)]


def account_rows(raw: RawTable, unused: pd.Series, faults: Sequence[Fault]) -> pd.DataFrame:
    """`AccountingFrame` of a file: one line for the rows used, one a reason for those not used, one a rejected row."""
    place = {"source": raw.source, "sheet": raw.sheet}
    rejected = account_faults(faults)
    left = unused[~unused.index.isin({fault.row for fault in faults})]
    lines = []
    for reason, rows in left.groupby(left):
        status = "not_used" if reason else "used"
        lines.append(account(**place, status=status, rows=len(rows), row=int(rows.index[0]), reason=str(reason)))
    return accounting_frame(lines + rejected)


def finish(
    raw: RawTable,
    frame: pd.DataFrame,
    model: type[pa.DataFrameModel],
    *,
    headings: Mapping[str, str],
    unused: pd.Series,
    faults: Sequence[Fault] = (),
    vintage: str = "",
    notes: Sequence[str] = (),
) -> Loaded:
    """
    Check a table of one row a record and write the account.

    Parameters
    ----------
    raw
        The table as read.
    frame
        Chosen and converted; its index is the row number. Its first column names a row in faults.
    model
        What it must be.
    headings
        Column → heading, for faults in the file's own words.
    unused
        Why rows are not wanted; blank where they are.
    faults
        Found while converting; their rows are left out.
    vintage, notes
        Handed on.

    Raises
    ------
    DataError
        No row is left.
    """
    whole = [name for name, column in model.to_schema().columns.items() if str(column.dtype) == "int64"]
    sound = sound_rows(frame, unused, faults).astype(dict.fromkeys(whole, "int64"))
    good, more = check_frame(
        sound, model, source=raw.source, sheet=raw.sheet, id_column=frame.columns[0], headings=dict(headings)
    )
    faults = [*faults, *map(tell_letters, more)]
    return conclude(raw, good, unused=unused, faults=faults, vintage=vintage, notes=notes)


def conclude(
    raw: RawTable,
    good: pd.DataFrame,
    *,
    unused: pd.Series,
    faults: Sequence[Fault],
    vintage: str = "",
    notes: Sequence[str] = (),
) -> Loaded:
    """
    Hand on a checked table with the account of the rows it was made from.

    Raises
    ------
    DataError
        No row is left: better no run than one on nothing.
    """
    if len(good) == 0:
        problem = f"none of its {len(raw.frame):,} rows can be used"
        told = f" Its first faults follow, of {len(faults):,}." if faults else ""
        remedy = f"Check that it is the file wanted.{told}"
        raise DataError(
            faults=[Fault(source=raw.source, sheet=raw.sheet, problem=problem, remedy=remedy), *faults[:10]]
        )
    return Loaded(
        frame=good.reset_index(drop=True),
        source=raw.source,
        vintage=vintage,
        faults=tuple(sorted(faults, key=lambda fault: fault.row or 0)),
        repairs=tuple(raw.repairs),
        accounting=account_rows(raw, unused, faults),
        notes=(*raw.told, *notes),
    )


def say_vintage(dates: pd.Series) -> str:
    """The date or dates in a column, in words: `1 July 2026`."""
    days = sorted(text_to_date(dates.drop_duplicates())[0].dropna().unique())
    return " and ".join(say_date(pd.Timestamp(day)) for day in days)
