"""A paper that is written from the top down: headings, paragraphs, lists, tables and numbered figures."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from ..phrases import INTERNAL_MARK
from ..schema import PlanFacts
from ..schema.published import SUPPRESSED
from ._paper_styles import (
    BIG,
    BODY,
    CAPTION,
    CELL,
    HEADINGS,
    KEY,
    LEAD,
    LIST,
    NOTE,
    OVERLINE,
    PALE,
    RULE,
    TITLE,
    mark_pages,
    open_template,
    set_page,
)

MOST_OF_A_TITLE = 255
"""Letters that the properties of a Word document hold."""
MAX_ROWS = 12
"""Of a table in the paper; the workbook has them all."""
SHORT = 8
"""A table of so many rows is kept on one page."""

ROOMY = 8
"""Entries of a key that have room for a line more each."""
FEW = f"{SUPPRESSED}: 1 to 7, not shown."
GAP_POINTS = 5
CELL_MARGIN_MM = 1.2
EMU_PER_TWIP = 635


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its part of the width, and whether it holds numbers."""

    heading: str
    part: float
    number: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure: PNG, how wide it is to be, and what it shows for those who cannot see it."""

    png: bytes
    width_mm: float
    alt: str


class Paper:
    """
    A Word document that is being written.

    Parameters
    ----------
    facts
        What the footer says, where the page is the house's own.
    template
        A Word document whose page, styles, header and footer are used.

    Raises
    ------
    ConfigError
        The template is no Word document.
    """

    def __init__(self, facts: PlanFacts, template: bytes | None = None) -> None:
        self.document = open_template(template)
        if template is None:
            set_page(self.document, facts)
        if facts.internal:
            mark_pages(self.document, INTERNAL_MARK)
        section = self.document.sections[0]
        sides = section.left_margin + section.right_margin + (section.gutter or 0)
        self.width = Emu(section.page_width - sides)
        self._cell_style = self.document.styles[CELL].style_id
        self._figures = self._tables = self._sections = 0

    def overline(self, text: str, *labels: str) -> None:
        """What kind of paper it is, above the title; labels, such as "Illustrative", are marked."""
        written = self.document.add_paragraph(style=OVERLINE)
        for label in filter(None, labels):
            marked = written.add_run(f" {label} ")
            marked.bold, marked.font.highlight_color = True, WD_COLOR_INDEX.YELLOW
            written.add_run("  ")
        written.add_run(text)

    def title(self, text: str) -> None:
        """The title, once."""
        self.document.add_paragraph(text, TITLE)

    def lead(self, text: str) -> None:
        """The answer in larger letters."""
        self.document.add_paragraph(text, LEAD)

    def section(self, text: str, *, new_page: bool = False) -> None:
        """A heading with the number of the section."""
        self._sections += 1
        written = self.document.add_paragraph(f"{self._sections}  {text}", HEADINGS[0])
        written.paragraph_format.page_break_before = new_page or None

    def annex(self, text: str) -> None:
        """A heading without a number, on a new page."""
        self.document.add_paragraph(text, HEADINGS[0]).paragraph_format.page_break_before = True

    def heading(self, text: str) -> None:
        """A heading within a section."""
        self.document.add_paragraph(text, HEADINGS[1])

    def paragraph(self, text: str, *, strong: str = "") -> None:
        """A paragraph; `strong` stands before it in bold."""
        written = self.document.add_paragraph(style=BODY)
        if strong:
            written.add_run(f"{strong}  ").bold = True
        written.add_run(text)

    def bullets(self, texts: Iterable[str]) -> None:
        """A list with bullets."""
        for text in texts:
            written = self.document.add_paragraph(style=LIST)
            # A style that had to be added has no bullet of its own.
            has_bullet = written.style.element.find(f".//{qn('w:numPr')}") is not None
            written.add_run(text if has_bullet else f"•  {text}")

    def note(self, text: str) -> None:
        """Small print below a table or a figure."""
        self.document.add_paragraph(text, NOTE)

    def next_table(self) -> str:
        """What the next table will be called, to be named in the text before it."""
        return f"Table {self._tables + 1}"

    def next_figure(self) -> str:
        """What the next figure will be called."""
        return f"Figure {self._figures + 1}"

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], note: str = "") -> None:
        """
        A numbered table as wide as the text; its heading is repeated on each page, a row is never split.

        Where a count of people is not shown, the note says so.
        """
        self._tables += 1
        self._keep_last()
        self.document.add_paragraph(f"Table {self._tables}. {title}", CAPTION)
        table = self._grid([column.part for column in columns])
        lines = list(rows)
        if any(SUPPRESSED in cells for cells in lines):
            note = f"{note} {FEW}".strip()
        self._row(table, [column.heading for column in columns], columns, heading=True, stay=True)
        for number, cells in enumerate(lines, start=1):
            # A short table stays whole; of a long one at least two rows, or one and the note, stand on each page.
            last = number == len(lines)
            stay = bool(note) if last else len(lines) <= SHORT or number in (1, len(lines) - 1)
            self._row(table, cells, columns, stay=stay)
        self._close(note)

    def _keep_last(self) -> None:
        """Keep the paragraph or heading that was written last on one page with what follows."""
        last = self.document.paragraphs[-1]
        if last.style.name in (BODY, *HEADINGS):
            last.paragraph_format.keep_with_next = True

    def _row(
        self, table: Table, cells: Sequence[str], columns: Sequence[Column], *, heading: bool = False, stay: bool
    ) -> None:
        """One row; `stay` keeps it on one page with the next, so that a short table is not cut."""
        row = table.add_row()
        shape = row._tr.get_or_add_trPr()
        shape.append(OxmlElement("w:cantSplit"))
        if heading:
            shape.append(OxmlElement("w:tblHeader"))
        for cell, text, column in zip(row.cells, cells, columns, strict=True):
            written = cell.paragraphs[0]
            written._p.style = self._cell_style  # by its id: to look it up for each cell takes long
            written.add_run(text).bold = True if heading else None
            if column.number:
                written.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            written.paragraph_format.keep_with_next = True if stay else None
            _rule(cell, bottom=RULE)
            if heading:
                _shade(cell)

    def _grid(self, parts: Sequence[float]) -> Table:
        """A table without rows as wide as the text, its columns fixed; a long name wraps and never widens it."""
        table = self.document.add_table(rows=0, cols=len(parts))
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.LEFT, False
        _set_margins(table)
        for column, part in zip(table.columns, parts, strict=True):
            column.width = Emu(int(self.width * part / sum(parts)) // EMU_PER_TWIP * EMU_PER_TWIP)  # Word's grid
        return table

    def _close(self, note: str) -> None:
        """Small print below a table; where there is none a thin gap, as two tables with nothing between become one."""
        written = self.document.add_paragraph(note, NOTE)
        if not note:
            written.paragraph_format.space_before = written.paragraph_format.space_after = Pt(0)
            written.paragraph_format.line_spacing = Pt(GAP_POINTS)

    def figure(self, title: str, picture: Picture, note: str = "") -> None:
        """A numbered figure over the width of the text."""
        self._figures += 1
        self._keep_last()
        self.document.add_paragraph(f"Figure {self._figures}. {title}", CAPTION)
        self._picture(self.document.add_paragraph(style=BODY), picture, self.width)
        if note:
            self.note(note)

    def figure_beside(self, title: str, picture: Picture, key: Sequence[tuple[str, str, str]]) -> None:
        """A numbered figure with a key to the right of it: number, name, and what is told of it."""
        self._figures += 1
        self.document.add_paragraph(f"Figure {self._figures}. {title}", CAPTION)
        share = (picture.width_mm + 2 * CELL_MARGIN_MM + 1) / self.width.mm
        left, right = self._cells([share, 1 - share])
        self._picture(left.paragraphs[0], picture, Mm(picture.width_mm))
        first = right.paragraphs[0]
        own_lines = len(key) <= ROOMY
        for position, (number, name, more) in enumerate(key):
            written = first if position == 0 else right.add_paragraph()
            written.style = self.document.styles[KEY]
            if number:
                written.paragraph_format.left_indent = Mm(7)
                written.paragraph_format.first_line_indent = Mm(-6)
                written.paragraph_format.tab_stops.add_tab_stop(Mm(7))
                written.add_run(f"{number}\t").bold = True
            written.add_run(name).bold = True
            if more:
                written.add_run("\n" if own_lines else "  ")
                written.add_run(more)
        self._close("")

    def strip(self, figures: Sequence[tuple[str, str]]) -> None:
        """Large figures side by side, each with what it is below it."""
        for cell, (number, words) in zip(self._cells([1.0] * len(figures)), figures, strict=True):
            cell.paragraphs[0].style = self.document.styles[BIG]
            cell.paragraphs[0].add_run(number)
            cell.add_paragraph(words, self.document.styles[KEY])
            _rule(cell, left="FFFFFF", right="FFFFFF")
            _shade(cell)

    def _cells(self, parts: Sequence[float]) -> Sequence[_Cell]:
        """The cells of a table of one row that is not split."""
        row = self._grid(parts).add_row()
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        return row.cells

    def _picture(self, paragraph: Paragraph, picture: Picture, most: int) -> None:
        width = min(Mm(picture.width_mm), most)
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.png), width=width)
        shape._inline.docPr.set("descr", picture.alt)
        shape._inline.docPr.set("name", f"Figure {self._figures}")

    def to_bytes(self, title: str, facts: PlanFacts) -> bytes:
        """The document as a file; the same text gives the same bytes, whatever the time of day."""
        day = datetime.datetime.fromisoformat(facts.as_of)
        properties = self.document.core_properties
        properties.title, properties.subject, properties.language = title[:MOST_OF_A_TITLE], "Board paper", "en-GB"
        properties.author = properties.last_modified_by = "geomap"
        properties.comments = properties.keywords = ""
        properties.created = properties.modified = day
        properties.revision = 1
        written, packed = io.BytesIO(), io.BytesIO()
        self.document.save(written)
        with ZipFile(io.BytesIO(written.getvalue())) as parts, ZipFile(packed, "w") as fixed:
            for name in parts.namelist():
                entry = ZipInfo(name)  # of 1 January 1980
                entry.compress_type = ZIP_DEFLATED
                fixed.writestr(entry, parts.read(name))
        return packed.getvalue()


def _set_margins(table: Table) -> None:
    """Narrower than Word's own, so that numbers have room."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(Mm(CELL_MARGIN_MM).pt * 20)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    look = table._tbl.tblPr.find(qn("w:tblLook"))  # Word asks for this order
    table._tbl.tblPr.append(margins) if look is None else look.addprevious(margins)


def _shade(cell: _Cell) -> None:
    """A pale ground; after the lines of the cell, as Word asks for this order."""
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", PALE)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _rule(cell: _Cell, **sides: str) -> None:
    """Thin lines on the sides named, in the colours given."""
    borders = OxmlElement("w:tcBorders")
    for side, colour in sides.items():
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "24" if side in ("left", "right") else "4"), ("color", colour)):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)
