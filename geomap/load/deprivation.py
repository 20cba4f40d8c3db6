"""Indices of Multiple Deprivation: scores of practices (Fingertips) and ranks of LSOAs (MHCLG)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from ..schema import LsoaDeprivationFrame, PracticeDeprivationFrame
from ..validate import Loaded
from ._fingertips import (
    AREA,
    AREA_TYPE,
    INDICATOR,
    ORDER,
    PERIOD,
    VALUE,
    mark_older,
    mark_unknown,
    pick_fingertips,
)  # fmt: skip
from ._raw import RawTable, refuse
from ._read import normal_heading, read_csv, read_sheets
from ._table import (
    cell_faults,
    finish,
    no_reason,
    part_doubles,
    part_withheld,
    pick,
    read_codes,
    read_numbers,
    tell_letters,
)
from ._text import census_of_lsoas
from ._workbook import rows_to_table

_WANTED_PRACTICE = "Give the Fingertips download of the deprivation score (IMD) for GP practices."
_WANTED_LSOA = "Give File 1 of the English Indices of Deprivation 2025 or 2019 (xlsx), or File 7 (csv)."
_TRIMMED = {AREA: "PRACTICE_CODE", PERIOD: "IMD_YEAR", ORDER: "IMD_YEAR", VALUE: "IMD_SCORE"}
_EXPORT = {PracticeDeprivationFrame.practice_code: "Area Code", PracticeDeprivationFrame.imd_score: "Value"}
_LSOA = {
    LsoaDeprivationFrame.lsoa_code: "LSOA code",
    LsoaDeprivationFrame.imd_rank: "Index of Multiple Deprivation (IMD) Rank",
    LsoaDeprivationFrame.imd_decile: "Index of Multiple Deprivation (IMD) Decile",
}
"""How the headings begin; what follows differs between editions and may be cut off."""
_SHEETS = ("IMD25", "IMD2019")


def load_practice_deprivation(path: Path) -> Loaded:
    """
    Load the deprivation score of each practice.

    Parameters
    ----------
    path
        The Fingertips export with practices (csv), or a copy with PRACTICE_CODE, IMD_YEAR and IMD_SCORE.

    Returns
    -------
    loaded
        `PracticeDeprivationFrame`, the latest score of each practice; higher is more deprived.

    Raises
    ------
    DataError
        The file is missing, or is of another indicator or another kind of area.
    """
    raw = read_csv(path)
    if "imdscore" in map(normal_heading, raw.frame.columns):
        headings = dict(zip(_EXPORT, (_TRIMMED[AREA], _TRIMMED[VALUE]), strict=True))
        frame, notes = read_codes(raw, pick(raw, _TRIMMED, _WANTED_PRACTICE), [AREA])
        unused = no_reason(frame)
    else:
        headings = _EXPORT
        frame, unused, notes = _pick_practices(raw)
    unused = mark_unknown(frame, unused)
    unknown = int((unused == "no figure is given").sum())
    if unknown:
        notes.append(f"Rows that give no score: {unknown:,}; it is unknown, not 0.")
    unused = mark_older(frame, unused)
    periods = frame.loc[unused == "", PERIOD].drop_duplicates().sort_values()
    names = {AREA: PracticeDeprivationFrame.practice_code, VALUE: PracticeDeprivationFrame.imd_score}
    chosen = frame[list(names)].rename(columns=names)
    unused, clashes = part_doubles(raw, chosen, [PracticeDeprivationFrame.practice_code], unused)
    score = {PracticeDeprivationFrame.imd_score: headings[PracticeDeprivationFrame.imd_score]}
    chosen, faults = read_numbers(
        raw, chosen[unused == ""], score, row_id=PracticeDeprivationFrame.practice_code
    )
    return finish(
        raw, chosen, PracticeDeprivationFrame, headings=headings, unused=unused, faults=clashes + faults,
        vintage=" and ".join(f"IMD {period}" for period in periods), notes=notes,
    )  # fmt: skip


def _pick_practices(raw: RawTable) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Rows of practices and of the deprivation score in the official layout."""
    frame, unused, notes = pick_fingertips(raw, _WANTED_PRACTICE)
    named = frame[INDICATOR].str.contains(r"deprivation|\bIMD\b", case=False, regex=True)
    if not named.any():
        first = frame[INDICATOR].iloc[0] if len(frame) else ""
        problem = "the file is of another indicator"
        raise refuse(raw.source, problem, _WANTED_PRACTICE, column="Indicator Name", value=first)
    unused = unused.mask((unused == "") & ~named, "another indicator")
    practice = frame[AREA_TYPE].str.strip().str.lower().str.startswith("gp")
    return frame, unused.mask((unused == "") & ~practice, "another kind of area: " + frame[AREA_TYPE]), notes


def load_lsoa_deprivation(path: Path) -> Loaded:
    """
    Load rank and decile of each LSOA of England.

    Parameters
    ----------
    path
        File 1 of the Indices of Deprivation 2025 (sheet IMD25) or 2019 (sheet IMD2019), or a CSV so headed.

    Returns
    -------
    loaded
        `LsoaDeprivationFrame`; `lsoa_vintage` is the census year in the heading, since codes of 2011 and 2021
        must never be joined.

    Raises
    ------
    DataError
        The file is missing or another one, or its heading does not say which LSOAs these are.
    """
    raw = _read_lsoas(Path(path))
    headings = {
        column: next((h for h in raw.frame.columns if normal_heading(h).startswith(normal_heading(begins))), begins)
        for column, begins in _LSOA.items()
    }
    frame = pick(raw, headings, _WANTED_LSOA)
    year = re.search(r"\((2011|2021)\)", headings[LsoaDeprivationFrame.lsoa_code])
    if year is None:
        problem = "the heading does not say whether these are LSOAs of 2011 or 2021"
        raise refuse(raw.source, problem, _WANTED_LSOA, column=headings[LsoaDeprivationFrame.lsoa_code])
    frame, notes = read_codes(raw, frame, [LsoaDeprivationFrame.lsoa_code])
    codes = frame[LsoaDeprivationFrame.lsoa_code]
    _refuse_other_census(raw, codes, int(year[1]), headings[LsoaDeprivationFrame.lsoa_code])
    figures = [LsoaDeprivationFrame.imd_rank, LsoaDeprivationFrame.imd_decile]
    frame, unknown, said = part_withheld(frame, figures)
    notes += said
    unused, clashes = part_doubles(raw, frame, [LsoaDeprivationFrame.lsoa_code], unknown)
    foreign = codes[~codes.fillna("").str.fullmatch("E01[0-9]{6}")]
    problem, remedy = "the code is not that of an LSOA of England", _WANTED_LSOA
    clashes += map(
        tell_letters,
        cell_faults(
            raw, foreign, foreign, column=headings[LsoaDeprivationFrame.lsoa_code], problem=problem, remedy=remedy
        ),
    )
    counts = {column: headings[column] for column in figures}
    frame, faults = read_numbers(
        raw, frame[unknown == ""], counts, whole=True, row_id=LsoaDeprivationFrame.lsoa_code
    )
    frame[LsoaDeprivationFrame.lsoa_vintage] = int(year[1])
    return finish(
        raw, frame, LsoaDeprivationFrame, headings=headings, unused=unused, faults=clashes + faults,
        vintage=_edition(raw), notes=notes,
    )  # fmt: skip


def _refuse_other_census(raw: RawTable, codes: pd.Series, year: int, heading: str) -> None:
    """A heading of one census over codes of another would hide the mistake it is there to prevent."""
    census = census_of_lsoas(codes.dropna())
    if census and census != year:
        problem = f"the heading says LSOAs of {year}, but the codes are those of {census}"
        raise refuse(raw.source, problem, _WANTED_LSOA, column=heading, sheet=raw.sheet)


def _read_lsoas(path: Path) -> RawTable:
    """The sheet by its name, since a sheet of notes stands first."""
    if path.suffix.lower() in (".csv", ".txt", ".zip"):
        return read_csv(path)
    sheets = {name.strip().upper(): (name, rows) for name, rows in read_sheets(path).items()}
    found = next((sheets[name] for name in _SHEETS if name in sheets), None)
    if found is None:
        held = "; ".join(name for name, _ in sheets.values())
        problem = f"the workbook has no sheet {' or '.join(_SHEETS)}"
        raise refuse(path.name, problem, f"{_WANTED_LSOA} This one has the sheets: {held}.")
    return rows_to_table(found[1], path.name, found[0], None)


def _edition(raw: RawTable) -> str:
    """`IMD 2025` from the sheet's name or the file's."""
    found = re.search(r"(?:IMD|IoD)_?(?:20)?(\d{2})(?!\d)", f"{raw.sheet} {raw.source}", flags=re.IGNORECASE)
    return f"IMD 20{found[1]}" if found else ""
