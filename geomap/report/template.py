"""The blank workbook that operators fill in: four tables, drop-downs, an example row, and what everything means."""

from __future__ import annotations

import datetime as dt
import io
import textwrap
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ..schema import PathwayFrame, PledgeFrame
from ..schema.words import LIST_SEPARATOR
from ._one_file import put_file
from ._template_columns import EITHER, HOUR_UNIT_MEANINGS, LED, OPTIONAL, PLACE, REQUIRED, SHEETS, Column

_READ_ME = "Read me"
_CREATED = dt.datetime(2026, 1, 1)
_FIRST_DAY, _LAST_DAY = dt.date(2000, 1, 1), dt.date(2100, 12, 31)
_ROWS = 20_000
_HINT_LENGTH = 255
_LINE_POINTS = 16

_FONT = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
_INK, _RULE = "#16324F", "#B8C4CE"
_STYLES: dict[str, dict[str, object]] = {
    "title": {"bold": True, "font_size": 20, "font_color": _INK},
    "section": {"bold": True, "font_size": 14, "font_color": _INK},
    "text": {},
    "cell": {"text_wrap": True, "bottom": 1, "bottom_color": _RULE},
    "strong_cell": {"text_wrap": True, "bold": True, "bottom": 1, "bottom_color": _RULE},
    "warning": {"text_wrap": True, "bold": True, "font_color": "#8A1C1C", "bg_color": "#FBEAEA"},
    REQUIRED: {"bold": True, "font_color": "#FFFFFF", "bg_color": _INK, "border": 1, "border_color": _RULE},
    OPTIONAL: {"bold": True, "font_color": _INK, "bg_color": "#DCE6EE", "border": 1, "border_color": _RULE},
    "example": {"italic": True, "font_color": "#595959", "align": "left"},
    "example_date": {"italic": True, "font_color": "#595959", "num_format": "yyyy-mm-dd", "align": "left"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "number": {"align": "left"},
    "share": {"align": "left"},
}

_STEPS = (
    "Fill in the sheets operators, facilities and pledges, one row each. The sheet links may stay empty.",
    "Headings on dark blue must be filled in; those on light blue only where the tables below say so.",
    "Row 2 of each sheet, in grey italics, is an example. Ids that start with EXAMPLE are never counted.",
    "A facility is placed by easting and northing, or latitude and longitude, or site_id, or postcode;"
    " the first of these that is filled in counts.",
    "Where a cell may hold several items, put ; between them: falls_prevention;dance",
    "Do not rename the sheets. Columns you do not need may stay empty.",
    "Every hour needs its unit. A pledge without hour_unit is not used, because its size cannot be known.",
    "Save as .xlsx and send it to the planner who asked for it. geomap check names any cell that needs mending.",
)
_NO_PATIENTS = (
    "Nothing about patients: no names, no NHS numbers, no dates of birth. A workbook with such a column is not read."
)
_NEEDS = {
    REQUIRED: "always",
    LED: LED,
    PLACE: "one way to place it",
    EITHER: "facility_id or operator_id",
    OPTIONAL: "no",
}

# The tables of the read-me: title (in the first column), then each heading and the column it starts in.
_WIDTHS = (20, 27, 32, 52, 70)
_UNITS = {"Units of hours": 0, "hour_unit": 0, "one hour of it is": 1, "so 40 hours are, in participant-hours": 4}
_PATHWAYS = {"Pathways": 0, "pathway_id": 0, "name": 1, "a course is": 2, "who may lead it": 3, "where it may be": 4}
_COLUMNS = {"Columns": 0, "sheet": 0, "column": 1, "must it be filled in?": 2, "meaning": 3, "how to write it": 4}


def write_template(path: Path, pathways: pd.DataFrame) -> None:
    """
    Write the blank bank of hours as a workbook.

    Parameters
    ----------
    path
        Where the .xlsx goes; one that stands there is replaced whole. The same catalogue gives the same bytes.
    pathways
        `PathwayFrame`: the catalogue listed in the read-me and offered in the drop-down of pathways.

    Raises
    ------
    OutputError
        The file cannot be written there.
    """
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(memory, options) as book:
        book.set_properties({"title": "Bank of donated hours", "created": _CREATED})
        styles = {name: book.add_format({**_FONT, **style}) for name, style in _STYLES.items()}
        span = _write_read_me(book.add_worksheet(_READ_ME), styles, pathways)
        for name, columns in SHEETS.items():
            _write_sheet(book.add_worksheet(name), styles, columns, span)
    put_file(path, memory.getvalue(), "The template")


def _write_read_me(sheet: Worksheet, styles: dict[str, Format], pathways: pd.DataFrame) -> str:
    """Write the explanations; returns the range of cells that holds the pathway ids."""
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, styles["text"])
    sheet.hide_gridlines(2)
    sheet.set_row(0, 34)
    sheet.write_string(0, 0, "Bank of donated hours", styles["title"])
    row = 2
    for number, step in enumerate(_STEPS, 1):
        sheet.merge_range(row, 0, row, len(_WIDTHS) - 1, f"{number}.  {step}", styles["text"])
        row += 1
    sheet.merge_range(row + 1, 0, row + 1, len(_WIDTHS) - 1, _NO_PATIENTS, styles["warning"])
    units = [(unit, *told) for unit, told in HOUR_UNIT_MEANINGS.items()]
    row = _write_table(sheet, styles, row + 3, (_UNITS, units))
    listed = [_describe(pathway) for pathway in pathways.to_dict("records")]
    first = row + 3
    row = _write_table(sheet, styles, row, (_PATHWAYS, sorted(listed)))
    columns = [
        (name, column.name, _NEEDS[column.need], column.meaning, _how(column))
        for name, columns in SHEETS.items()
        for column in columns
    ]
    _write_table(sheet, styles, row, (_COLUMNS, columns))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return f"='{_READ_ME}'!$A${first}:$A${first + len(listed) - 1}"


def _write_table(
    sheet: Worksheet, styles: dict[str, Format], row: int, table: tuple[dict[str, int], list[tuple[str, ...]]]
) -> int:
    """Write a title, headings (each with the column it starts in) and lines; returns the row of the next title."""
    headings, lines = table
    title, *names = headings
    starts = [headings[name] for name in names]
    sheet.set_row(row, 24)
    sheet.write_string(row, 0, title, styles["section"])
    for offset, line in enumerate([tuple(names), *lines], 1):
        ends = [*starts[1:], len(_WIDTHS)]
        tallest = max(
            len(textwrap.wrap(text, sum(_WIDTHS[a:b]))) for a, b, text in zip(starts, ends, line, strict=True)
        )
        sheet.set_row(row + offset, _LINE_POINTS * tallest)
        for start, end, text in zip(starts, ends, line, strict=True):
            style = styles[OPTIONAL] if offset == 1 else styles["cell" if start else "strong_cell"]
            if end - start > 1:
                sheet.merge_range(row + offset, start, row + offset, end - 1, text, style)
            else:
                sheet.write_string(row + offset, start, text, style)
    return row + len(lines) + 3


def _describe(pathway: dict[str, object]) -> tuple[str, ...]:
    """A pathway as a line of the read-me."""
    course = (
        f"{pathway[PathwayFrame.weeks]:g} weeks × {pathway[PathwayFrame.sessions_per_week]:g} a week"
        f" × {pathway[PathwayFrame.session_hours]:g} h"
    )
    roles, venues = (
        str(pathway[column]).replace(LIST_SEPARATOR, f"{LIST_SEPARATOR} ") if pathway[column] else "any"
        for column in (PathwayFrame.roles, PathwayFrame.venue_types)
    )
    return str(pathway[PathwayFrame.pathway_id]), str(pathway[PathwayFrame.pathway_name]), course, roles, venues


def _how(column: Column) -> str:
    return f"{column.how}: {', '.join(column.words)}" if column.words else column.how


def _write_sheet(sheet: Worksheet, styles: dict[str, Format], columns: tuple[Column, ...], pathway_ids: str) -> None:
    """Write headings, the example row and the checks of one table."""
    for place, column in enumerate(columns):
        width = max(len(column.name) + 5, len(str(column.example)) + 2, 13)
        sheet.set_column(place, place, width, styles["date" if column.kind == "date" else column.kind])
        sheet.write_string(0, place, column.name, styles[REQUIRED if column.need == REQUIRED else OPTIONAL])
        _write_example(sheet, place, column, styles)
        sheet.data_validation(1, place, _ROWS, place, _validation(column, pathway_ids))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, _ROWS, len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_example(sheet: Worksheet, place: int, column: Column, styles: dict[str, Format]) -> None:
    if column.example == "":
        return
    if column.kind == "date":
        sheet.write_datetime(1, place, dt.datetime.fromisoformat(str(column.example)), styles["example_date"])
    elif column.kind == "text":
        sheet.write_string(1, place, str(column.example), styles["example"])
    else:
        sheet.write_number(1, place, float(column.example), styles["example"])


def _validation(column: Column, pathway_ids: str) -> dict[str, object]:
    """What Excel lets into a column, and the hint it shows; where several items may stand the list only helps."""
    rules: dict[str, dict[str, object]] = {
        "text": {"validate": "any"},
        "number": {"validate": "decimal", "criteria": "between", "minimum": -1e9, "maximum": 1e9},
        "share": {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1},
        "date": {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY},
    }
    rule = rules[column.kind]
    if column.words:
        rule = {"validate": "list", "source": list(column.words)}
    elif column.name == PledgeFrame.pathways:
        rule = {"validate": "list", "source": pathway_ids}
    return {
        **rule,
        "input_title": column.name,
        "input_message": f"{column.meaning}. {column.how}."[:_HINT_LENGTH],
        "error_title": column.name,
        "error_message": f"{column.how}.",
        "show_error": not column.many,
    }
