"""The first sheet of the bank that is given back: what is to be done, the marks, and every problem with its cell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from ..errors import Fault, Repair
from ..schema.words import REMARKS

PROBLEMS = "Problems"
INK, RULE = "#16324F", "#B8C4CE"
BAD, WAITING, MENDED = "Correct", "Waits", "Check"
"""What is to be done: a cell must be corrected; a row waits for another; a cell was read otherwise than written."""
PLAIN = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
BAD_LOOK = {"bold": True, "font_color": "#7A1420", "bg_color": "#F9D6D5", "border": 2, "border_color": "#A3212F"}
WAITING_LOOK = {"italic": True, "bg_color": "#E7ECF0", "border": 1, "border_color": "#5B6B79"}
MENDED_LOOK = {"italic": True, "bg_color": "#FFF1C7", "border": 3, "border_color": "#7A5900"}
LOOKS = {BAD: BAD_LOOK, WAITING: WAITING_LOOK, MENDED: MENDED_LOOK}

_LEGEND = {
    BAD: "Bold in a thick frame: the cell must be corrected, or its row cannot be used.",
    WAITING: "Grey in a thin frame: the row is sound, but waits for the row it points at.",
    MENDED: "Italic in a dotted frame: the cell was read otherwise than written; check what was taken.",
}
_HEADINGS = (
    ("To do", 10), ("Go to", 17), ("File", 24), ("Sheet", 14), ("Row", 7), ("Column", 19), ("Id", 17),
    ("What stands there", 26), ("Problem", 52), ("Remedy", 62),
)  # fmt: skip
_LINE_POINTS, _TALLEST = 15, 409
_MOST_LINKS = 60_000
"""Excel holds 65,530 on a sheet."""
_MOST_LINES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault or a repair, as a line of the list and as a remark beside its row."""

    mark: str
    source: str
    sheet: str
    row: int | None
    column: str
    row_id: str
    value: str
    said: str
    remedy: str

    @property
    def remark(self) -> str:
        """What is told beside the row and at the cell."""
        where = f"{self.mark} {self.column}" if self.column else self.mark
        return f"{where}: {self.said}. {self.remedy}"


def list_problems(faults: Sequence[Fault], repairs: Sequence[Repair]) -> list[Problem]:
    """Whole files first, then what must be corrected, what waits and what is to be checked, by file, row and column."""
    found = {
        Problem(
            mark=WAITING if fault.follows else BAD,
            said=fault.problem,
            remedy=fault.remedy,
            **_place(fault),
        )
        for fault in faults
    }
    bad = {(problem.source, problem.sheet, problem.row, problem.column) for problem in found}
    found |= {
        Problem(mark=MENDED, said=_say(repair), remedy=repair.remedy, **_place(repair))
        for repair in repairs
        if (repair.source, repair.sheet, repair.row, repair.column) not in bad
    }
    return sorted(found, key=_order)


def _order(problem: Problem) -> tuple[object, ...]:
    place = (problem.source, problem.sheet, problem.row or 0, problem.column)
    return (problem.row is not None, list(LOOKS).index(problem.mark), *place, problem.said, problem.remedy)


def _place(item: Fault | Repair) -> dict[str, object]:
    names = ("source", "sheet", "row", "column", "row_id", "value")
    return {name: getattr(item, name) for name in names}


def _say(repair: Repair) -> str:
    alike = f" ({repair.cells:,} cells of the column)" if repair.cells > 1 else ""
    return f"{repair.reason}{alike}"


def write_list(
    book: Workbook, problems: Sequence[Problem], links: Mapping[Problem, str], emptied: Sequence[str]
) -> Worksheet:
    """
    Write the first sheet.

    Parameters
    ----------
    book
        The workbook, still without a sheet.
    problems
        In their order.
    links
        Problem → the cell that it is about, as `'sheet'!H5`, where that is in the workbook.
    emptied
        Columns about people, which are not given back.
    """
    sheet = book.add_worksheet(PROBLEMS)
    for place, (_, width) in enumerate(_HEADINGS):
        sheet.set_column(place, place, width)
    sheet.hide_gridlines(2)
    top = _write_head(book, sheet, problems, emptied)
    heading = book.add_format(PLAIN | {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "border": 1})
    for place, (name, _) in enumerate(_HEADINGS):
        sheet.write_string(top, place, name, heading)
    cell = PLAIN | {"text_wrap": True, "align": "left", "bottom": 1, "bottom_color": RULE}
    looks = {"cell": book.add_format(cell), "link": book.add_format(cell | {"font_color": "#0B4F9E", "underline": 1})}
    looks |= {mark: book.add_format(cell | look) for mark, look in LOOKS.items()}
    for line, problem in enumerate(problems[:_MOST_LINES]):
        _write_line(sheet, top + 1 + line, problem, (looks, links.get(problem, "") if line < _MOST_LINKS else ""))
    sheet.freeze_panes(top + 1, 2)
    sheet.autofilter(top, 0, top + max(len(problems[:_MOST_LINES]), 1), len(_HEADINGS) - 1)
    sheet.set_tab_color("#A3212F" if problems else INK)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    sheet.set_footer("&L&A&RPage &P of &N")
    return sheet


def _write_head(book: Workbook, sheet: Worksheet, problems: Sequence[Problem], emptied: Sequence[str]) -> int:
    """Title, what to do, and the marks; returns the row of the headings."""
    title = book.add_format(PLAIN | {"bold": True, "font_size": 18, "font_color": INK})
    text, strong = book.add_format(PLAIN), book.add_format(PLAIN | {"bold": True})
    sheet.set_row(0, 28)
    sheet.write_string(0, 0, "Bank of donated hours: what to correct", title)
    sheet.write_string(1, 0, _count(problems), strong)
    row = 2
    if problems:
        said = "Correct the marked cells in the sheets that follow, save, and send this workbook back as it is."
        said += f" This sheet and the column “{REMARKS}” need not be removed."
        sheet.write_string(row, 0, said, text)
        row += 1
    for mark in [mark for mark in LOOKS if any(problem.mark == mark for problem in problems)]:
        sheet.write_string(row, 0, mark, book.add_format(PLAIN | LOOKS[mark]))
        sheet.write_string(row, 1, _LEGEND[mark], text)
        row += 1
    if emptied:
        said = f"Not given back, since nothing about people may stand in a bank of hours: {', '.join(emptied)}. "
        sheet.write_string(row, 0, f"{said}Delete these columns at their source too.", strong)
        row += 1
    return row + 1


def _count(problems: Sequence[Problem]) -> str:
    counts = {mark: sum(problem.mark == mark for problem in problems) for mark in LOOKS}
    said = {
        BAD: ("1 problem must be corrected", "{:,} problems must be corrected"),
        WAITING: ("1 sound row waits for another", "{:,} sound rows wait for others"),
        MENDED: ("1 cell was read otherwise than written", "{:,} cells or columns were read otherwise than written"),
    }
    told = [said[mark][count > 1].format(count) for mark, count in counts.items() if count]
    return "; ".join(told) + "." if told else "Nothing to correct: every cell was read as it stands."


def _write_line(sheet: Worksheet, row: int, problem: Problem, look: tuple[dict[str, Format], str]) -> None:
    looks, link = look
    sheet.write_string(row, 0, problem.mark, looks[problem.mark])
    if link:
        shown = link.replace("'", "").replace("!", " ")
        sheet.write_url(row, 1, f"internal:{link}", looks["link"], string=shown, tip="Go to the cell")
    else:
        sheet.write_blank(row, 1, None, looks["cell"])
    texts = (problem.source, problem.sheet, problem.row, problem.column, problem.row_id, problem.value)
    told = (*texts, _sentence(problem.said), problem.remedy)
    sheet.set_row(row, height(zip(told, (width for _, width in _HEADINGS[2:]), strict=True)))
    for place, text in enumerate(told, 2):
        if isinstance(text, int):
            sheet.write_number(row, place, text, looks["cell"])
        else:
            sheet.write_string(row, place, text or "", looks["cell"])


def height(cells: Iterable[tuple[object, float]]) -> float:
    """Points that a row needs for wrapped text, given the text and the width of each cell in letters."""
    lines = [
        sum(max(len(textwrap.wrap(line, max(int(width) - 1, 4))), 1) for line in str(text).split("\n"))
        for text, width in cells
        if text
    ]
    return min(_LINE_POINTS * max(lines, default=1) + 1, _TALLEST)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
