"""A sheet of the workbook that reads like a page: headings, paragraphs, lines of figures, charts side by side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from ..schema import PlanFacts
from ..schema.published import SUPPRESSED
from ._charts import ACCENT, GREY, INK, PALE, Cells, Drawn
from ._few_cells import ALARM, MUTED, note_of, print_note

PLAIN_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""Of a workbook: no text becomes a formula, a link or a number, and the temporary folder, which may be full or read by
others, is not used."""
MOST_LETTERS, MOST_POINTS = 32_767, 409
"""What a cell of Excel holds, and the height of its tallest row."""
CUT = "… (cut here; the CSV file has the whole)"
FREE_SPACE = "Free some space on the disk, close the file where it is open, or choose another folder."
A4 = 9
LETTERS = 1.12
"""Letters that go into one unit of width, on average."""
BOLD = 0.9
"""Bold letters leave so much of that."""
LINE_POINTS = 15
LINE_PIXELS = 20
CHART_GAP = 8
"""Pixels between charts."""


def fit_cell(text: str) -> str:
    """Text that a cell holds; Excel's would stay empty, without a word, where it is longer."""
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - len(CUT)] + CUT


class Page:
    """A sheet that is written from the top down."""

    def __init__(
        self, book: Workbook, name: str, widths: Sequence[int], *, numbers: Iterable[int], chart_lines: int
    ) -> None:
        """Columns of these widths, those of `numbers` with headings on the right; charts so many lines high."""
        self.book, self.name, self.widths, self.numbers = book, name, tuple(widths), frozenset(numbers)
        self.sheet = book.add_worksheet(name)
        self.chart_lines = chart_lines
        self.row = 0
        self._breaks: list[int] = []
        self._frozen = 1
        self._internal = False
        base = {"font_color": INK, "valign": "top"}
        self.title = book.add_format(base | {"bold": True, "font_size": 18, "text_wrap": True})
        self.label = book.add_format(base | {"bold": True, "bg_color": "#FFEB3B", "text_wrap": True})
        self.section = book.add_format(base | {"bold": True, "font_size": 13, "font_color": ACCENT, "bottom": 1})
        self.text = book.add_format(base | {"text_wrap": True})
        self.strong = book.add_format(base | {"text_wrap": True, "bold": True})
        self.note = book.add_format(base | {"text_wrap": True, "font_color": GREY})
        self.beside = book.add_format(base | {"text_wrap": True, "font_color": GREY, "align": "left", "indent": 1})
        self.hidden = book.add_format(base | {"font_color": MUTED, "align": "right"})
        head = base | {"bold": True, "bg_color": PALE, "text_wrap": True}
        self.head = book.add_format(head)
        self.head_right = book.add_format(head | {"align": "right"})
        self.head_beside = book.add_format(head | {"align": "left", "indent": 1})
        self._shapes: dict[tuple[str, bool], Format] = {}
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)

    def shape(self, number_format: str, column: int) -> Format:
        """The look of a number: on the right in a column of numbers, else on the left as the number of a row."""
        key = (number_format, column in self.numbers)
        if key not in self._shapes:
            look = {"font_color": INK, "valign": "top", "num_format": number_format}
            self._shapes[key] = self.book.add_format(look | ({} if key[1] else {"align": "left"}))
        return self._shapes[key]

    def mark(self, facts: PlanFacts) -> None:
        """Say of an internal run, above its title, that it is one; both stay in view. In print every page says it."""
        if not facts.internal:
            return
        self._internal, self._frozen = True, 2
        note = note_of(facts)
        look = {"bold": True, "font_color": "#FFFFFF", "bg_color": ALARM, "text_wrap": True}
        self.paragraph(note, self.book.add_format(look))
        print_note(self.sheet, note, internal=True)

    def paragraph(self, text: str, look: Format, *, points: int = LINE_POINTS, size: float = 1.0) -> None:
        """Text over all columns, its letters of this size; Excel does not fit the height of merged cells itself."""
        self.sheet.merge_range(self.row, 0, self.row, len(self.widths) - 1, "", look)
        self.sheet.write_string(self.row, 0, fit_cell(text), look)
        letters = sum(self.widths) * LETTERS / size
        self.sheet.set_row(self.row, min(points * math.ceil(max(len(text), 1) / letters), MOST_POINTS))
        self.row += 1

    def bullets(self, sentences: Iterable[str]) -> None:
        """A list of sentences."""
        for sentence in sentences:
            self.paragraph(f"• {sentence}", self.text)

    def heading(self, text: str, *columns: str) -> None:
        """A heading after an empty row, and the names of the columns where there are any."""
        self.row += 1
        for column in range(len(self.widths)):
            self.sheet.write_blank(self.row, column, None, self.section)
        self.sheet.write_string(self.row, 0, text, self.section)
        self.sheet.set_row(self.row, 20)
        self.row += 1
        lines = 1
        for column, name in enumerate(columns):
            beside = self.head_beside if column > 1 else self.head
            self.sheet.write_string(self.row, column, name, self.head_right if column in self.numbers else beside)
            lines = max(lines, self._lines(name, column, letters=LETTERS * BOLD))
        if columns:
            self.sheet.set_row(self.row, LINE_POINTS * lines)
            self.row += 1

    def line(self, *cells: str | tuple[float, str] | None, quiet: Iterable[int] = (2, 3)) -> None:
        """
        One row: text, or a number with its format; long text wraps; columns of `quiet` text are grey.

        A number that is not a number leaves its cell empty; one that is not shown (None or `pd.NA`) is marked as such.
        """
        lines = 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self.sheet.write_string(self.row, column, fit_cell(cell), self.beside if column in quiet else self.text)
                lines = max(lines, self._lines(cell, column))
            elif cell is not None and (cell[0] is None or cell[0] is pd.NA):
                self.sheet.write_string(self.row, column, SUPPRESSED, self.hidden)
            elif cell is not None and not math.isnan(cell[0]):
                self.sheet.write_number(self.row, column, cell[0], self.shape(cell[1], column))
        self.sheet.set_row(self.row, min(LINE_POINTS * lines, MOST_POINTS))
        self.row += 1

    def cells(self, column: int, first: int, last: int | None = None) -> Cells:
        """Cells of this page, to draw a chart from; up to the last row written."""
        return Cells(sheet=self.name, column=column, first=first, last=self.row - 1 if last is None else last)

    def keep_room(self, charts: int) -> int:
        """Leave room for so many charts, two by two; gives the row where it begins."""
        if not charts:
            return self.row
        self.row += 1
        first = self.row
        self.row += math.ceil(charts / 2) * (self.chart_lines + 1) - 1
        return first

    def place(self, first: int, charts: Sequence[Drawn]) -> None:
        """Charts two by two in the room that was kept; those on the right end where the last column does."""
        whole = sum(7 * letters + 5 for letters in self.widths)
        half = (whole - CHART_GAP) // 2
        for number, drawn in enumerate(charts):
            down, right = divmod(number, 2)
            begin = half + CHART_GAP if right else 0
            width = whole - begin if right else half
            drawn.chart.set_size({"width": width, "height": self.chart_lines * LINE_PIXELS})
            place = {"x_offset": begin, "description": drawn.description}
            self.sheet.insert_chart(first + down * (self.chart_lines + 1), 0, drawn.chart, place)

    def break_here(self) -> None:
        """Begin a new page in print, where the reader's program heeds it."""
        self._breaks.append(self.row)

    def finish(self, *, landscape: bool = False) -> None:
        """How the page prints: whole width on one A4, without grid lines; the title stays in view."""
        self.sheet.hide_gridlines(2)
        self.sheet.set_paper(A4)
        if landscape:
            self.sheet.set_landscape()
        self.sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        self.sheet.freeze_panes(self._frozen, 0)
        self.sheet.set_h_pagebreaks(self._breaks)
        self.sheet.print_area(0, 0, self.row - 1, len(self.widths) - 1)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&A&RPage &P of &N")
        self.sheet.set_tab_color(ALARM if self._internal else ACCENT)

    def _lines(self, text: str, column: int, *, letters: float = LETTERS) -> int:
        return len(textwrap.wrap(text, int(self.widths[column] * letters))) or 1
