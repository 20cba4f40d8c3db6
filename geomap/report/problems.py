"""The bank of hours given back to those who wrote it: their own sheets, with what is wrong marked and told beside it.

The first sheet lists every problem and leads to its cell. The others hold the rows as they were sent, at the same row
numbers; mended, the workbook is a bank of hours again.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import Fault, Repair
from ..schema.words import REMARKS
from ..validate import SentSheet
from ._one_file import put_file
from ._problem_list import INK, LOOKS, PLAIN, RULE, WAITING, Problem, height, list_problems, write_list

_CREATED = dt.datetime(2026, 1, 1)
_MOST_CHARACTERS = 32_000
"""Excel holds 32,767 in a cell."""
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_383
_MOST_COMMENTS = 10_000
"""Of one sheet; beyond it the column of remarks tells alone."""
_NARROWEST, _WIDEST, _REMARKS_WIDTH = 9, 44, 84
_BUTTON = 4
"""Letters that the button of a filter takes."""
_LOOKED_AT = 2_000
"""Rows that the width of a column is taken from."""
_FIRST_YEAR = 1900
_DATE, _MOMENT, _TEXT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "@"
_LIKE_A_NUMBER = re.compile(r"[\s.,/:%+-]*\d[\d\s.,/:%+-]*([eE][+-]?\d+)?")
_LINE_POINTS = 15

_HEADING = PLAIN | {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "border": 1, "border_color": RULE}
_REMARK = PLAIN | {"text_wrap": True, "left": 2, "left_color": INK, "bottom": 1, "bottom_color": RULE}


def write_problems(
    path: Path, sheets: Sequence[SentSheet], faults: Sequence[Fault] = (), repairs: Sequence[Repair] = ()
) -> None:
    """
    Write a bank of hours as it was sent, with its problems marked, as a workbook.

    Parameters
    ----------
    path
        Where the .xlsx goes. The same bank gives the same bytes.
    sheets
        The tables as they were sent, of `load.sent.read_sent`; none where none can be read.
    faults, repairs
        Of this bank and of any other input; what is in no sheet stands in the list alone. Where there is none at all,
        the first sheet says so.

    Raises
    ------
    OutputError
        The file cannot be written there.
    """
    problems = list_problems(faults, repairs)
    spots = {problem: spot for sheet in sheets for problem, spot in _find_cells(sheet, problems).items()}
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(memory, options) as book:
        book.set_properties({"title": "Bank of donated hours: what to correct", "created": _CREATED})
        links = {
            problem: f"{quote_sheetname(sheet.name)}!{xl_rowcol_to_cell(*cell)}"
            for problem, (sheet, cell) in spots.items()
        }
        write_list(book, problems, links, [f"{name} in {sheet.name}" for sheet in sheets for name in sheet.emptied])
        looks = _Looks(book)
        for sheet in sheets:
            mine = {problem: cell for problem, (holder, cell) in spots.items() if holder is sheet}
            _GivenBack(book.add_worksheet(sheet.name), sheet, looks).write(mine)
    put_file(path, memory.getvalue(), "The workbook of problems")


def _find_cells(sheet: SentSheet, problems: Sequence[Problem]) -> dict[Problem, tuple[SentSheet, tuple[int, int]]]:
    """Problem → its row and column from 0, for those of this sheet; one of a row leads to the row's first cell."""
    places = {name: place for place, name in reversed(list(enumerate(sheet.columns)))}
    found = {}
    for problem in problems:
        if (problem.source, problem.sheet) != (sheet.source, sheet.sheet):
            continue
        row = sheet.heading_row if problem.row is None else problem.row
        if row <= _MOST_ROWS and (problem.row is not None or problem.column in places):
            found[problem] = (sheet, (row - 1, places.get(problem.column, 0)))
    return found


class _Looks:
    """Formats of the workbook, each made once: a mark, and how a number is shown."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, str], Format] = {}
        self._marks = {mark: PLAIN | look for mark, look in LOOKS.items()}
        self._marks |= {"": PLAIN, "heading": _HEADING, "remark": _REMARK}

    def get(self, mark: str, shape: str = "") -> Format:
        key = (mark, shape)
        if key not in self._made:
            self._made[key] = self._book.add_format(self._marks[mark] | ({"num_format": shape} if shape else {}))
        return self._made[key]


class _GivenBack:
    """One sheet: the cells as they were sent, the marks, and the remarks at the right."""

    def __init__(self, page: Worksheet, sent: SentSheet, looks: _Looks) -> None:
        self._page, self._sent, self._looks = page, sent, looks
        self._columns = min(max([len(sent.columns), *map(len, sent.rows)]), _MOST_COLUMNS)

    def write(self, problems: dict[Problem, tuple[int, int]]) -> None:
        """Write the sheet, given its problems and their cells."""
        marks: dict[tuple[int, int], list[Problem]] = {}
        remarks: dict[int, list[str]] = {}
        for problem, (row, column) in problems.items():
            remarks.setdefault(row, []).append(problem.remark)
            # Where the column is not in the file there is no cell to mark; a row's own fault marks its first.
            if problem.column in self._sent.columns or not problem.column or problem.mark == WAITING:
                marks.setdefault((row, column), []).append(problem)
        heading = self._sent.heading_row - 1
        for row, cells in enumerate(self._sent.rows[:_MOST_ROWS]):
            usual = "heading" if row == heading else ""
            for column, value in enumerate(cells[: self._columns]):
                found = marks.get((row, column))
                self._write_cell(row, column, value, found[0].mark if found else usual)
        self._comment(marks)
        self._page.write_string(heading, self._columns, REMARKS, self._looks.get("heading"))
        look = self._looks.get("remark")
        for row, told in remarks.items():
            if row != heading:
                text = "\n".join(told)[:_MOST_CHARACTERS]
                self._page.set_row(row, height([(text, _REMARKS_WIDTH)]))
                self._page.write_string(row, self._columns, text, look)
        self._lay_out(heading, bool(problems))

    def _write_cell(self, row: int, column: int, value: object, mark: str) -> None:
        """Numbers and dates as such, all else as text: nothing that was sent becomes a formula or a link."""
        page, get = self._page, self._looks.get
        if value is None or value == "":
            if mark:
                page.write_blank(row, column, None, get(mark))
        elif isinstance(value, bool):
            page.write_boolean(row, column, value, get(mark))
        elif isinstance(value, (int, float)) and math.isfinite(value):
            page.write_number(row, column, value, get(mark))
        elif isinstance(value, dt.date) and value.year >= _FIRST_YEAR:
            whole = not isinstance(value, dt.datetime) or value.time() == dt.time()
            page.write_datetime(row, column, value, get(mark, _DATE if whole else _MOMENT))
        else:
            text = value if isinstance(value, str) else str(value)
            number = _plain_number(text)
            if number is not None:
                page.write_number(row, column, number, get(mark))
            else:
                shape = _TEXT if _LIKE_A_NUMBER.fullmatch(text) else ""
                page.write_string(row, column, text[:_MOST_CHARACTERS], get(mark, shape))

    def _comment(self, marks: dict[tuple[int, int], list[Problem]]) -> None:
        for (row, column), found in sorted(marks.items())[:_MOST_COMMENTS]:
            text = "\n".join(problem.remark for problem in found)
            lines = sum(1 + len(line) // 42 for line in text.split("\n"))
            size = {"width": 300, "height": max(40, lines * _LINE_POINTS + 10), "font_size": 10}
            self._page.write_comment(row, column, text[:_MOST_CHARACTERS], {"author": "geomap", **size})

    def _lay_out(self, heading: int, wrong: bool) -> None:
        """Widths, frozen headings, filters, and what is printed."""
        page, last = self._page, max(len(self._sent.rows) - 1, heading + 1)
        for column in range(self._columns):
            shown = (row[column] for row in self._sent.rows[heading : heading + _LOOKED_AT] if column < len(row))
            longest = max((len(str(value)) for value in shown if value is not None), default=0)
            head = len(self._sent.columns[column]) + _BUTTON if column < len(self._sent.columns) else 0
            page.set_column(column, column, min(max(longest + 2, head, _NARROWEST), _WIDEST))
        page.set_column(self._columns, self._columns, _REMARKS_WIDTH)
        page.freeze_panes(heading + 1, 1)
        page.autofilter(heading, 0, min(last, _MOST_ROWS - 1), self._columns)
        page.set_tab_color("#A3212F" if wrong else RULE)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(heading)


def _plain_number(text: str) -> float | None:
    """The number that a text is, where it would be written just so; `007`, `1,200` and `1E5` are not."""
    if not re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{0,8}[1-9])?", text) or text == "-0":
        return None
    number = float(text)
    return number if text == (str(int(number)) if number.is_integer() else repr(number)) else None
