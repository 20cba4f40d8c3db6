"""A comparison as CSV files and a workbook that begins with the same sentences as the terminal."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import OutputError
from ..phrases import INTERNAL_MARK
from ..schema.comparison import Comparison, TotalFrame
from ._comparison_columns import CODES, COLUMNS, SHEETS
from ._few_cells import ALARM, BAND_POINTS, print_note, put_note
from ._page import ACCENT, FREE_SPACE, INK, PLAIN_TEXT, fit_cell
from .comparison import describe_comparison, tell_finding
from .files import harmless_text

MAX_ROWS = 1_048_575
"""What an Excel sheet holds below its heading."""
DECIMALS = 9
"""Of a figure in a CSV: sums of hours hold, and no machine's last digits show."""
NARROWEST, WIDEST = 10, 70
COUNT, TENTHS = "#,##0", "#,##0.0"
UNIT_FORMATS = {"participant-hours": TENTHS, "FTE": "#,##0.00"}
"""Unit of a total → how its numbers are shown; else as counts."""
MADE = datetime.datetime(2026, 1, 1)
"""A workbook tells when it was made; that must not depend on the day, so that the same runs give the same bytes."""


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """The tables that go out, by name; the CSV files and the sheets of the workbook are these."""
    return {
        "totals": comparison.totals,
        "winners_and_losers": comparison.shifts,
        "sites": comparison.sites,
        "settings": comparison.settings,
        "input_files": comparison.files,
        "input_rows": comparison.inputs,
        "plan": comparison.plan,
    }


def write_comparison(folder: Path, comparison: Comparison) -> list[Path]:
    """
    Write one CSV file a table, and `comparison.xlsx`.

    CSV: UTF-8 with a byte order mark and CR LF; a text cell that a spreadsheet would take for a formula gets a `'` in
    front.

    Parameters
    ----------
    folder
        Where to write; it is there already.
    comparison
        Two runs, compared.

    Returns
    -------
    paths
        The files written.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    paths = []
    for name, frame in comparison_tables(comparison).items():
        path = folder / f"{name}.csv"
        text = frame.select_dtypes("str").columns
        harmless = {column: frame[column].map(harmless_text, na_action="ignore") for column in text}
        plain = frame.round(DECIMALS).assign(**harmless)
        plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        paths.append(path)
    return [*paths, _write_workbook(folder / "comparison.xlsx", comparison)]


def _write_workbook(path: Path, comparison: Comparison) -> Path:
    """
    Summary, Read me, then the tables of the CSV files, one a sheet; no text becomes a formula or a link.

    Its figures are exact, as those of the runs are, and every sheet says so.
    """
    book = xlsxwriter.Workbook(path, PLAIN_TEXT)
    book.set_properties({"title": "Comparison of two runs", "created": MADE})
    _write_summary(book, comparison)
    tables = comparison_tables(comparison)
    _write_read_me(book, tables)
    for name, frame in tables.items():
        words = {column: frame[column].replace(codes) for column, codes in CODES.get(name, {}).items()}
        _write_table(book, name, frame.assign(**words))
    try:
        book.close()
    except XlsxWriterException as caught:
        raise OutputError(f"{path.name} could not be written: {caught}. {FREE_SPACE}") from caught
    return path


def _write_summary(book: Workbook, comparison: Comparison) -> None:
    """The finding as a title, and below it what the terminal says, in letters of one width so that figures align."""
    sheet = book.add_worksheet("Summary")
    base = {"font_color": INK, "valign": "top"}
    title = book.add_format(base | {"bold": True, "font_size": 18, "text_wrap": True})
    text = book.add_format(base | {"font_name": "Courier New", "font_size": 10})
    marked = book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": ALARM})
    sheet.set_column(0, 0, 110)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, INTERNAL_MARK, marked)
    sheet.write_string(1, 0, tell_finding(comparison), title)
    sheet.set_row(1, 52)
    said = (tell_finding(comparison), f"{INTERNAL_MARK}.")
    lines = [line for line in describe_comparison(comparison).split("\n") if line not in said]
    for row, line in enumerate(lines, start=2):
        sheet.write_string(row, 0, line, text)
    _print_setup(sheet)
    print_note(sheet, INTERNAL_MARK, internal=True)


def _write_read_me(book: Workbook, tables: dict[str, pd.DataFrame]) -> None:
    """What each sheet and each of its columns means."""
    sheet = book.add_worksheet("Read me")
    heading = _heading(book)
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "font_color": INK})
    strong = book.add_format({"bold": True, "valign": "top", "font_color": ACCENT, "top": 1})
    for column, (name, width) in enumerate((("Sheet", 20), ("Column", 29), ("Name in the CSV", 24), ("Meaning", 80))):
        sheet.write_string(0, column, name, heading)
        sheet.set_column(column, column, width, wrapped)
    lines: list[tuple[str, str, str, str]] = []
    for name, frame in tables.items():
        title, meaning = SHEETS[name]
        cut = f" Only the first {MAX_ROWS:,} rows are here; the CSV has all." if len(frame) > MAX_ROWS else ""
        count = "1 row" if len(frame) == 1 else f"{len(frame):,} rows"
        lines.append((title, "", f"{name}.csv", f"{meaning} {count}.{cut}"))
        lines += [("", COLUMNS[name][column][0], column, COLUMNS[name][column][1]) for column in frame.columns]
    for row, cells in enumerate(lines, start=1):
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, cell, strong if cells[0] else wrapped)
    sheet.set_row(0, 16 + BAND_POINTS)
    put_note(sheet, INTERNAL_MARK, internal=True)
    sheet.freeze_panes(1, 0)
    _print_setup(sheet)


def _write_table(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    """One table: headings in words, frozen and with filters; numbers as numbers, text as text."""
    sheet = book.add_worksheet(SHEETS[name][0])
    frame = frame.iloc[:MAX_ROWS]
    left, right = _heading(book), _heading(book, align="right")
    for number, column in enumerate(frame.columns):
        values, title = frame[column], COLUMNS[name][column][0]
        numeric = pd.api.types.is_numeric_dtype(values)
        look = book.add_format({"num_format": _number_format(column, values)} if numeric else {"indent": 1})
        looks = [look] * len(frame)
        if name == "totals" and numeric:  # each row is in a unit of its own
            shapes = [_signed(column, UNIT_FORMATS.get(unit, COUNT)) for unit in frame[TotalFrame.unit]]
            looks = [book.add_format({"num_format": shape}) for shape in shapes]
        sheet.write_string(0, number, title, right if numeric else left)
        sheet.set_column(number, number, _width(title, values), look)
        write = sheet.write_number if numeric else sheet.write_string
        for row, (value, shown) in enumerate(zip(values.tolist(), looks, strict=True), start=1):
            if value == value and value != "":  # what is missing stays an empty cell
                write(row, number, value if numeric else fit_cell(value), shown)
    sheet.set_row(0, 46 + BAND_POINTS)
    put_note(sheet, INTERNAL_MARK, internal=True)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
    _print_setup(sheet)


def _number_format(column: str, values: pd.Series) -> str:
    """Ranks and places have no fractions."""
    whole = pd.api.types.is_integer_dtype(values) or column.endswith(("rank", "places"))
    return _signed(column, COUNT if whole else TENTHS)


def _signed(column: str, shape: str) -> str:
    """Changes show their sign."""
    return f"+{shape};-{shape};0" if column.startswith(TotalFrame.change) else shape


def _width(title: str, values: pd.Series) -> int:
    """Wide enough for the cells and for the longest word of the heading with its filter button."""
    text = map("{:,.1f}".format, values) if pd.api.types.is_numeric_dtype(values) else values.fillna("")
    longest = max([len(word) + 4 for word in title.split()] + [len(cell) + 2 for cell in text])
    return min(max(longest, NARROWEST), WIDEST)


def _heading(book: Workbook, **more: object) -> Format:
    look = {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT, "align": "left", "valign": "vcenter"}
    return book.add_format(look | {"text_wrap": True} | more)


def _print_setup(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&RPage &P of &N")
