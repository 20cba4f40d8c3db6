"""The workbook: a first sheet that reads like a page, every column explained, one sheet a table."""

from __future__ import annotations

import datetime
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import OutputError
from ..schema import PathwayFrame, PlanFacts, ResultTables
from ..schema.published import SUPPRESSED
from ._cells import in_words, number_format, row_formats
from ._charts import ACCENT, GREY, INK, MID
from ._columns import BOARD_SHEETS, CHOICE_SHEETS, COLUMNS, FILES, SHEETS, TABLES
from ._few_cells import ALARM, BAND_POINTS, FEW_NOTE, FIGURES, MUTED, find_hidden, note_of, people_columns, put_note
from ._page import A4, FREE_SPACE, PLAIN_TEXT, fit_cell
from ._sites_page import write_sites
from ._summary_page import write_summary
from .files import published_tables, sheet_tables

MAX_ROWS = 1_048_575
"""What an Excel sheet holds below its heading."""

NARROWEST, WIDEST = 9, 64
HEADING_LINES, HEADING_POINTS, ONE_LINE_POINTS = 3, 46, 16
BUTTON = 3
"""Letters that the button of a filter takes."""
A3 = 8
MOST_ON_A4 = 16
"""Columns of a table that are still legible on one A4 across; those of a wider one are printed on A3."""


def write_workbook(path: Path, tables: ResultTables) -> Path:
    """
    Write `results.xlsx`: Summary, Sites where they were chosen, Read me, then tables of the CSV files, one a sheet.

    The longest tables are in the CSV files alone; the Read me tells of them too.
    No text from an input becomes a formula or a link, and no total is one: what is added up is rounded as it is told.
    Every sheet of an internal run says that it is one; in a published run a count that is not shown is `[c]`.
    The same run gives the same bytes.

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
    book = xlsxwriter.Workbook(path, PLAIN_TEXT)
    created = datetime.datetime.fromisoformat(facts.as_of)
    book.set_properties({"title": facts.name, "subject": facts.label, "created": created})
    published = sheet_tables(tables)
    write_summary(book, tables)
    if tables.choice is not None:
        write_sites(book, tables, tables.choice)
    _write_read_me(book, tables)
    for name, frame in in_words(published, tables.pathways).items():
        raw = published[name]
        table = _Table(
            name=name,
            frame=frame,
            shapes=row_formats(name, raw),
            hidden=find_hidden(name, raw, internal=facts.internal),
        )
        _write_table(book, table, facts)
    try:
        book.close()
    except XlsxWriterException as caught:
        raise OutputError(f"{path.name} could not be written: {caught}. {FREE_SPACE}") from caught
    return path


def _write_read_me(book: Workbook, tables: ResultTables) -> None:
    """What each sheet and each of its columns means, the names of the pathways, and the tables that are files alone."""
    sheet = book.add_worksheet("Read me")
    heading = _heading(book)
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "font_color": INK})
    strong = book.add_format({"bold": True, "valign": "top", "font_color": ACCENT, "top": 1, "text_wrap": True})
    for column, (name, width) in enumerate((("Sheet", 17), ("Column", 31), ("Name in the CSV", 22), ("Meaning", 80))):
        sheet.write_string(0, column, name, heading)
        sheet.set_column(column, column, width, wrapped)
    lines: list[tuple[str, str, str, str]] = []
    if not tables.facts.internal:
        lines.append(("Counts of people", "", "", FEW_NOTE))
    for name, frame in published_tables(tables).items():
        title, meaning = TABLES[name]
        where = " Not a sheet: in its file alone." if name in FILES else ""
        if name in SHEETS and len(frame) > MAX_ROWS:
            where = f" Only the first {MAX_ROWS:,} rows are here; the CSV has all."
        lines.append((title, "", f"{name}.csv", f"{meaning} {_count(len(frame))}.{where}"))
        lines += [("", *_explain(name, column)) for column in frame.columns]
    lines.append(("Pathways", "", "", "The kinds of course, by the id that stands in the CSV files."))
    pathways = tables.pathways[[PathwayFrame.pathway_id, PathwayFrame.pathway_name]]
    lines += [("", code, "", name) for code, name in pathways.itertuples(index=False)]
    for row, cells in enumerate(lines, start=1):
        look = strong if cells[0] else wrapped
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, look)
    if not tables.facts.internal:
        sheet.set_row(1, 3 * ONE_LINE_POINTS)  # the one line that is sure to be three
    _head(sheet, note_of(tables.facts), internal=tables.facts.internal, points=ONE_LINE_POINTS)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(lines), len(lines[0]) - 1)
    sheet.set_tab_color(ALARM if tables.facts.internal else ACCENT)
    _print_setup(sheet, rows=len(lines), columns=len(lines[0]))


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _explain(table: str, column: str) -> tuple[str, str, str]:
    heading, meaning = COLUMNS[table][column]
    return heading, column, meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One published table as its sheet shows it."""

    name: str
    frame: pd.DataFrame
    """In words."""
    shapes: dict[str, list[str]]
    """Column → how the number of each row is shown, where rows are in units of their own."""
    hidden: dict[str, np.ndarray]
    """Column → rows whose number is not shown."""


def _write_table(book: Workbook, table: _Table, facts: PlanFacts) -> None:
    """One table: headings in words, frozen and with filters; numbers as numbers, text as text."""
    name, frame = table.name, table.frame.iloc[:MAX_ROWS]
    sheet = book.add_worksheet(SHEETS[name][0])
    left, right = _heading(book, indent=1), _heading(book, align="right")
    # What a site's sentences and lists say is read in print too; rows of the long tables stay one line high.
    wrap = {"text_wrap": True, "valign": "top"} if name in CHOICE_SHEETS else {}
    text = book.add_format({"align": "left", "indent": 1} | wrap)
    for number, column in enumerate(frame.columns):
        values = frame[column]
        title = COLUMNS[name][column][0]
        if pd.api.types.is_numeric_dtype(values):
            sheet.write_string(0, number, title, right)
            look = book.add_format({"num_format": number_format(column, values)})
            sheet.set_column(number, number, _number_width(title, values), look)
            shapes = table.shapes.get(column, [])
            looks = {shape: book.add_format({"num_format": shape}) for shape in dict.fromkeys(shapes)}
            for row, value in enumerate(values.tolist(), start=1):
                if not pd.isna(value):  # a missing number stays an empty cell
                    sheet.write_number(row, number, value, looks[shapes[row - 1]] if shapes else look)
        else:
            sheet.write_string(0, number, title, left)
            sheet.set_column(number, number, _text_width(title, values), text)
            for row, value in enumerate(values.tolist(), start=1):
                if isinstance(value, str) and value:
                    sheet.write_string(row, number, fit_cell(value), text)
    _mark_hidden(book, sheet, frame, table.hidden)
    people = name == FIGURES or any(column in frame for column in people_columns(name))
    _head(sheet, note_of(facts, people=people), internal=facts.internal)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
    sheet.set_tab_color(_tab_of(name, facts))
    _print_setup(sheet, rows=max(len(frame), 1), columns=len(frame.columns))


def _mark_hidden(book: Workbook, sheet: Worksheet, frame: pd.DataFrame, hidden: dict[str, np.ndarray]) -> None:
    """Say in each cell that is not shown that it is not; an empty one would mean that nothing is known."""
    look = book.add_format({"align": "right", "font_color": MUTED})
    for column, rows in hidden.items():
        for row in np.flatnonzero(rows[: len(frame)]):
            sheet.write_string(int(row) + 1, frame.columns.get_loc(column), SUPPRESSED, look)


def _head(sheet: Worksheet, note: str, *, internal: bool, points: int = HEADING_POINTS) -> None:
    """The row of headings, and above them what the sheet has to say of its figures."""
    # The note lies over the upper end of the row; headings stand in the middle of it, and buttons at its lower end.
    sheet.set_row(0, points + (BAND_POINTS if note else 0))
    put_note(sheet, note, internal=internal)


def _tab_of(name: str, facts: PlanFacts) -> str:
    if facts.internal:
        return ALARM
    return GREY if name in BOARD_SHEETS else INK if name in CHOICE_SHEETS else MID


def _number_width(title: str, values: pd.Series) -> int:
    largest = values.abs().max()
    return _fit(title, 0 if pd.isna(largest) else len(f"{largest:,.1f}"))


def _text_width(title: str, values: pd.Series) -> int:
    longest = values.str.len().max()
    return _fit(title, 0 if pd.isna(longest) else int(longest))


def _fit(title: str, letters: int) -> int:
    """Wide enough for the cells and for the longest part of the heading with its filter button."""
    word = max(len(part) for part in re.split(r"(?<=[\s-])", title))
    width = max(letters + 2, word + 4, NARROWEST)
    while len(textwrap.wrap(title, width - BUTTON)) > HEADING_LINES:
        width += 1
    return min(width, WIDEST)


def _heading(book: Workbook, **more: object) -> Format:
    look = {"bold": True, "font_color": "#FFFFFF", "bg_color": ACCENT}
    return book.add_format(look | {"align": "left", "valign": "vcenter", "text_wrap": True} | more)


def _print_setup(sheet: Worksheet, *, rows: int, columns: int) -> None:
    """All columns on one page across, the heading on each page."""
    sheet.set_landscape()
    sheet.set_paper(A4 if columns <= MOST_ON_A4 else A3)
    sheet.print_area(0, 0, rows, columns - 1)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&RPage &P of &N")
