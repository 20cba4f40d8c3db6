"""A planner's own table keyed by PCN: any columns of numbers, each an indicator."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import DataError, Fault
from ..schema.indicators import OwnValueFrame
from ..validate import Loaded, check_frame
from ._bank_read import find_people
from ._mended import tell_repairs
from ._raw import RawTable, refuse
from ._read import normal_heading, read_csv, read_sheets
from ._table import cell_faults, code_faults, conclude, no_reason, part_doubles, pick, read_codes, sound_rows
from ._text import mark_withheld, text_to_number
from ._workbook import rows_to_table

_PCN = OwnValueFrame.pcn_code
_SPELLINGS = ("pcn_code", "PCN", "PCN ODS code", "ODS code")
_WANTED = "Give a table with a column pcn_code and a column of numbers for each indicator."
_WORD = re.compile(r"[^a-z0-9]+")


def load_own_indicators(path: Path) -> Loaded:
    """
    Load indicators that a planner gives for PCNs.

    Parameters
    ----------
    path
        A CSV file or a workbook (its first sheet with a column `pcn_code`), one row a PCN. Every other column that
        holds numbers is an indicator, named after its heading in small letters with `_` between words; columns without
        a single number, such as names, are passed over and noted. A cell that is blank or withheld is not known.

    Returns
    -------
    loaded
        `OwnValueFrame`, sorted by PCN and indicator; numbers of any sign.

    Raises
    ------
    DataError
        The file is missing or no table; it has a column about people, no column of numbers, or two headings that make
        one name; or no row can be used.
    """
    raw = _read(Path(path))
    people = find_people(raw)
    if people:
        remedy = "Delete the column; indicators are of PCNs, and nothing about a patient is read."
        raise DataError(faults=[replace(one, remedy=remedy) for one in people])
    codes, notes = read_codes(raw, pick(raw, {_PCN: _SPELLINGS}, _WANTED), [_PCN])
    heading = raw.picked[_PCN]
    names, numbers, faults, said = _read_indicators(raw, heading)
    unused, clashes = part_doubles(raw, pd.concat([codes, numbers], axis=1), [_PCN], no_reason(codes))
    faults += [*code_faults(raw, codes, {_PCN: heading}), *clashes]
    empty = numbers.isna().all(axis=1) & (unused == "")
    unused = unused.mask(empty, "no figure is given")
    wide = sound_rows(pd.concat([codes, numbers], axis=1), unused, faults).rename(columns=names)
    long = wide.melt(id_vars=_PCN, var_name=OwnValueFrame.indicator, value_name=OwnValueFrame.value)
    long = OwnValueFrame.declared(long.dropna().sort_values([_PCN, OwnValueFrame.indicator]))
    good, _ = check_frame(long, OwnValueFrame, **_place(raw))
    return conclude(raw, good, unused=unused, faults=faults, notes=[*notes, *said])


def _place(raw: RawTable) -> dict[str, str]:
    return {"source": raw.source, "sheet": raw.sheet}


def _read(path: Path) -> RawTable:
    if path.suffix.lower() == ".csv":
        return read_csv(path)
    known = {normal_heading(one) for one in _SPELLINGS}
    for sheet, rows in read_sheets(path).items():
        if any(isinstance(cell, str) and normal_heading(cell) in known for row in rows[:30] for cell in row):
            return rows_to_table(rows, path.name, sheet, None)
    raise refuse(path.name, "no sheet has a column pcn_code", _WANTED)


def _read_indicators(raw: RawTable, key: str) -> tuple[dict[str, str], pd.DataFrame, list[Fault], list[str]]:
    """Heading → name of the indicators, their numbers by heading, faults of cells, and what was passed over."""
    names: dict[str, str] = {}
    columns, faults, passed = {}, [], []
    for heading in raw.frame.columns.drop(key):
        text = raw.frame[heading]
        numbers, bad = text_to_number(text.mask(mark_withheld(text), ""))
        if numbers.notna().sum() == 0:
            passed.append(heading)
            continue
        problem, remedy = "the cell does not hold a number", "Give a number, or empty the cell if it is not known."
        faults += cell_faults(raw, text[bad], raw.frame.loc[bad, key], column=heading, problem=problem, remedy=remedy)
        grouped = text[numbers.notna() & text.str.contains(",", regex=False)]
        plain = grouped.str.replace(",", "", regex=False)
        tell_repairs(raw, heading, grouped, plain, "the number was written with commas")
        names[heading], columns[heading] = _name_of(raw, heading, names), numbers
    if not names:
        raise refuse(raw.source, "no column holds numbers", _WANTED, sheet=raw.sheet)
    told = [f"{raw.source}: passed over, as they hold no number: {', '.join(passed)}."] if passed else []
    return names, pd.DataFrame(columns), faults, told


def _name_of(raw: RawTable, heading: str, taken: dict[str, str]) -> str:
    name = _WORD.sub("_", heading.lower()).strip("_")
    if not name:
        raise refuse(raw.source, "the heading has no letter or digit", "Name the indicator.", column=heading)
    if name in taken.values():
        problem = f"two headings name the indicator {name}"
        raise refuse(raw.source, problem, "Rename one of them.", sheet=raw.sheet, column=heading)
    return name
