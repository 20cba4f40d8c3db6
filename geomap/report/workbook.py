"""The workbook: a first sheet that reads like a page, every column explained, one sheet a table."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import OutputError
from ..phrases import AIMS, FATES, FTE_BASES, KINDS, LINKS, MEASURES, PRICES, STAGES, UNITS, VENUES
from ..schema import (
    AccountingFrame,
    AllocationResultFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    LedgerFrame,
    LevelFrame,
    LinkFrame,
    PathwayFrame,
    PcnResultFrame,
    PriceFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from ..schema.words import INELIGIBLE_REASONS, LIST_SEPARATOR, UNMATCHED_REASONS, UNMET_REASONS
from ._columns import COLUMNS, SHEETS
from ._page import ACCENT, INK, write_summary
from .files import published_tables

NUMBER_FORMATS = (
    ("hours", "#,##0.0"), ("_share", "0.0%"), ("_min", "0.0"), ("_fte", "0.00"), ("_index", "0.000"),
    ("_ratio", "0.00"), ("_score", "0.0"), ("_fifth", "0"), ("_m", "0"), ("row", "0"),
)  # fmt: skip
"""End of a column's name → how its numbers are shown; other whole numbers `#,##0`, other numbers `#,##0.0`."""

_PERCENT, _HUNDREDTHS, _COUNT = "0.0%", "#,##0.00", "#,##0"
ROW_FORMATS = {
    "levels": (
        LevelFrame.objective,
        (LevelFrame.value, LevelFrame.bound),
        {"core20": "0.00%", "worst_coverage": _PERCENT, "travel": _COUNT},
    ),
    "fairness": (
        FairnessFrame.unit,
        (FairnessFrame.before, FairnessFrame.after),
        {"share": _PERCENT, "PCNs": _COUNT, "people": _COUNT, "0 even to 1 uneven": "0.000"},
    ),
    "prices": (PriceFrame.kind, (PriceFrame.completions,), {"hour": "0.0000"}),
}
"""Table → the column that tells what a row is in, the columns of figures in it, and how they are shown; else `0.00`."""

_HOURS_REASONS = INELIGIBLE_REASONS | UNMATCHED_REASONS
WORDS = {
    "unmet_demand": {UnmetFrame.reason: UNMET_REASONS},
    "unmatched_hours": {UnmatchedHoursFrame.stage: STAGES, UnmatchedHoursFrame.reason: _HOURS_REASONS},
    "ledger": {LedgerFrame.hour_unit: UNITS},
    "facilities": {FacilityResultFrame.operator_kind: KINDS, FacilityResultFrame.venue_type: VENUES},
    "pcns": {PcnResultFrame.fte_basis: FTE_BASES, PcnResultFrame.main_unmet_reason: UNMET_REASONS},
    "levels": {LevelFrame.objective: AIMS},
    "fairness": {FairnessFrame.measure: MEASURES},
    "prices": {PriceFrame.kind: PRICES},
    "links": {LinkFrame.link_status: LINKS},
    "accounting": {AccountingFrame.status: FATES, AccountingFrame.reason: _HOURS_REASONS},
}
"""Table → column of codes → what they say: they are told in words here; the CSV files keep the codes."""

MAX_ROWS = 1_048_575
"""What an Excel sheet holds below its heading."""

NARROWEST, WIDEST = 9, 64


def write_workbook(path: Path, tables: ResultTables) -> Path:
    """
    Write `results.xlsx`: Summary, Read me, then the tables of the CSV files, one a sheet.

    No text from an input becomes a formula or a link; the same run gives the same bytes.

    Parameters
    ----------
    path
        The file to write.
    tables
        A finished run.

    Returns
    -------
    path
        The file written.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    facts = tables.facts
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(path, options)
    created = datetime.datetime.fromisoformat(facts.as_of)
    book.set_properties({"title": facts.name, "subject": facts.label, "created": created})
    published = published_tables(tables)
    write_summary(book, tables)
    _write_read_me(book, tables, published)
    for name, frame in _in_words(tables, published).items():
        _write_table(book, name, frame, _row_formats(name, published[name]))
    try:
        book.close()
    except XlsxWriterException as caught:
        raise OutputError(f"{path.name} could not be written: {caught}") from caught
    return path


def _in_words(tables: ResultTables, published: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables with words for codes."""
    told = {
        name: frame.assign(**{column: frame[column].replace(words) for column, words in WORDS.get(name, {}).items()})
        for name, frame in published.items()
    }
    catalogue = tables.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.pathway_name].to_dict()
    for name, column in (
        ("allocation", AllocationResultFrame.pathway_id),
        ("unmet_demand", UnmetFrame.pathway_id),
        ("differences", DifferenceFrame.pathway_id),
        ("facilities", FacilityResultFrame.pathways),
    ):
        ids = told[name][column].str.split(LIST_SEPARATOR)
        told[name][column] = ids.map(lambda keys: "; ".join(catalogue.get(key, key) for key in keys)).astype("str")
    return told


def _write_read_me(book: Workbook, tables: ResultTables, published: dict[str, pd.DataFrame]) -> None:
    """What each sheet and each of its columns means, and the names of the pathways."""
    sheet = book.add_worksheet("Read me")
    heading = _heading(book)
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "font_color": INK})
    strong = book.add_format({"bold": True, "valign": "top", "font_color": ACCENT, "top": 1})
    for column, (name, width) in enumerate((("Sheet", 17), ("Column", 31), ("Name in the CSV", 22), ("Meaning", 80))):
        sheet.write_string(0, column, name, heading)
        sheet.set_column(column, column, width, wrapped)
    lines: list[tuple[str, str, str, str]] = []
    for name, frame in published.items():
        title, meaning = SHEETS[name]
        cut = f" Only the first {MAX_ROWS:,} rows are here; the CSV has all." if len(frame) > MAX_ROWS else ""
        lines.append((title, "", f"{name}.csv", f"{meaning} {_count(len(frame))}.{cut}"))
        lines += [("", *_explain(name, column)) for column in frame.columns]
    lines.append(("Pathways", "", "", "The kinds of course, by the id that stands in the CSV files."))
    pathways = tables.pathways[[PathwayFrame.pathway_id, PathwayFrame.pathway_name]]
    lines += [("", code, "", name) for code, name in pathways.itertuples(index=False)]
    for row, cells in enumerate(lines, start=1):
        look = strong if cells[0] else wrapped
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, look)
    sheet.freeze_panes(1, 0)
    _print_setup(sheet)


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _explain(table: str, column: str) -> tuple[str, str, str]:
    heading, meaning = COLUMNS[table][column]
    return heading, column, meaning


def _row_formats(name: str, frame: pd.DataFrame) -> dict[str, list[str]]:
    """Column → how its number is shown in each row, where a table has rows of different units."""
    if name not in ROW_FORMATS:
        return {}
    told, columns, formats = ROW_FORMATS[name]
    return dict.fromkeys(columns, [formats.get(unit, _HUNDREDTHS) for unit in frame[told]])


def _write_table(book: Workbook, name: str, frame: pd.DataFrame, row_formats: dict[str, list[str]]) -> None:
    """One table: headings in words, frozen and with filters; numbers as numbers, text as text."""
    sheet = book.add_worksheet(SHEETS[name][0])
    frame = frame.iloc[:MAX_ROWS]
    left, right = _heading(book, indent=1), _heading(book, align="right")
    text = book.add_format({"align": "left", "indent": 1})
    for number, column in enumerate(frame.columns):
        values = frame[column]
        title = COLUMNS[name][column][0]
        if pd.api.types.is_numeric_dtype(values):
            sheet.write_string(0, number, title, right)
            look = book.add_format({"num_format": _number_format(column, values)})
            sheet.set_column(number, number, _number_width(title, values), look)
            shapes = row_formats.get(column, [])
            looks = {shape: book.add_format({"num_format": shape}) for shape in dict.fromkeys(shapes)}
            for row, value in enumerate(values.tolist(), start=1):
                if value == value:  # a missing number stays an empty cell
                    sheet.write_number(row, number, value, looks[shapes[row - 1]] if shapes else look)
        else:
            sheet.write_string(0, number, title, left)
            sheet.set_column(number, number, _text_width(title, values), text)
            for row, value in enumerate(values.tolist(), start=1):
                if isinstance(value, str) and value:
                    sheet.write_string(row, number, value, text)
    sheet.set_row(0, 46)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
    sheet.repeat_columns(0)
    _print_setup(sheet, pages_wide=1 + len(frame.columns) // 17)


def _number_format(column: str, values: pd.Series) -> str:
    for end, shape in NUMBER_FORMATS:
        if column.endswith(end):
            return shape
    return "#,##0" if pd.api.types.is_integer_dtype(values) else "#,##0.0"


def _number_width(title: str, values: pd.Series) -> int:
    largest = values.abs().max()
    return _fit(title, 0 if pd.isna(largest) else len(f"{largest:,.1f}"))


def _text_width(title: str, values: pd.Series) -> int:
    longest = values.str.len().max()
    return _fit(title, 0 if pd.isna(longest) else int(longest))


def _fit(title: str, letters: int) -> int:
    """Wide enough for the cells and for the longest part of the heading with its filter button."""
    word = max(len(part) for part in re.split(r"(?<=[\s-])", title))
    return min(max(letters + 2, word + 4, NARROWEST), WIDEST)


def _heading(book: Workbook, **more: object) -> Format:
    look = {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT}
    return book.add_format(look | {"align": "left", "valign": "top", "text_wrap": True} | more)


def _print_setup(sheet: Worksheet, *, pages_wide: int = 1) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(pages_wide, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&RPage &P of &N")
