"""Styles and page of the board paper: the ICB's own where its template has them, else those of the house."""

from __future__ import annotations

import copy
import io
import zipfile
import zlib

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.exceptions import PythonDocxError
from docx.opc.exceptions import OpcError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from ..errors import ConfigError
from ..schema import PlanFacts
from ._paper_told import clean

INK, ACCENT, GREY, PALE, RULE, ALARM = "212B32", "005EB8", "425563", "E8EDEE", "AEB7BD", "8A1538"
FONT = "Arial"
A4_MM = (210, 297)
SIDE_MM, TOP_MM, FOOT_MM = 20, 15, 16

TITLE, OVERLINE, LEAD, BODY, LIST, CAPTION, CELL, BIG, KEY, NOTE = (
    "Title", "Paper overline", "Paper lead", "Normal", "List Bullet", "Caption", "Paper table", "Paper figure",
    "Paper key", "Paper note",
)  # fmt: skip
HEADINGS = ("Heading 1", "Heading 2")

_LOOKS: dict[str, tuple[float, bool, str, float, float]] = {
    BODY: (10, False, INK, 0, 5),
    TITLE: (17, True, INK, 0, 6),
    OVERLINE: (9, False, GREY, 0, 4),
    LEAD: (11.5, False, INK, 0, 6),
    HEADINGS[0]: (14, True, ACCENT, 11, 4),
    HEADINGS[1]: (11, True, INK, 8, 3),
    LIST: (10, False, INK, 0, 3),
    CAPTION: (9, True, INK, 8, 3),
    CELL: (8.5, False, INK, 1.2, 1.2),
    BIG: (17, True, ACCENT, 3, 0),
    KEY: (8.5, False, INK, 0, 2.5),
    NOTE: (8.5, False, GREY, 3, 6),
}
"""Style → points, bold, colour, points before and after."""


def open_template(template: bytes | None) -> Document:
    """
    A document without text: page, styles, header and footer of the template's first section, or those of the house.

    Raises
    ------
    ConfigError
        The template is no Word document.
    """
    if template is None:
        document = docx.Document()
        _drop_thumbnail(document)
    else:
        document = _read(template)
    _add_styles(document, own=template is None)
    return document


_NOT_WORD = (
    OpcError, PythonDocxError, zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, AttributeError,
    TypeError, OSError, NotImplementedError,
)  # fmt: skip
"""What python-docx raises where the parts of a document do not belong together."""


def _read(template: bytes) -> Document:
    remedy = "Save the template from Word as a Word document (.docx), or leave it out."
    try:
        document = docx.Document(io.BytesIO(template))
        _empty(document)
        return document
    except _NOT_WORD as caught:
        raise ConfigError(f"The template of the board paper is not a Word document (.docx). {remedy}") from caught


def _empty(document: Document) -> None:
    """Take out the text. The first section stays: it alone never borrows its header from the one before."""
    body = document.element.body
    first = copy.deepcopy(document.sections[0]._sectPr)
    for child in list(body):
        body.remove(child)
    for name in ("w:cols", "w:type"):  # the paper is written in one column, from a new page
        for found in first.findall(qn(name)):
            first.remove(found)
    body.append(first)


def _drop_thumbnail(document: Document) -> None:
    """The picture of python-docx's own empty document is not one of this."""
    package = document.part.package
    for key in [key for key, rel in package.rels.items() if rel.reltype.endswith("/thumbnail")]:
        del package.rels[key]


def _add_styles(document: Document, *, own: bool) -> None:
    """Add the styles that are missing; without a template, also give Word's own the look of the house."""
    names = {style.name for style in document.styles}
    for name, (points, bold, colour, before, after) in _LOOKS.items():
        missing = name not in names
        if missing:
            style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = None if name == BODY else document.styles[BODY]
        style = document.styles[name]
        if not (missing or own):
            continue
        _set_font(style, points, bold, colour)
        if own:
            _set_font_name(style)
        shape = style.paragraph_format
        shape.space_before, shape.space_after, shape.line_spacing = Pt(before), Pt(after), 1.08
        shape.keep_with_next = name in (*HEADINGS, CAPTION)
        shape.widow_control = True
        if name in HEADINGS:
            _set_level(style, HEADINGS.index(name))
    if own:
        _set_borders(document.styles[TITLE])
        _set_language(document)
    if LIST not in names:
        document.styles[LIST].paragraph_format.left_indent = Mm(5)


def _set_font(style: ParagraphStyle, points: float, bold: bool, colour: str) -> None:
    font = style.font
    font.size, font.bold, font.italic = Pt(points), bold, False
    font.color.rgb = RGBColor.from_string(colour)


def _set_font_name(style: ParagraphStyle) -> None:
    """The font of the house for every script; the theme's, and its spacing, would win otherwise."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), FONT)
    for spacing in style.element.rPr.findall(qn("w:spacing")) + style.element.rPr.findall(qn("w:kern")):
        style.element.rPr.remove(spacing)


def _set_level(style: ParagraphStyle, level: int) -> None:
    """Have Word's navigation pane and screen readers take the style for a heading."""
    shape = style.element.get_or_add_pPr()
    for old in shape.findall(qn("w:outlineLvl")):
        shape.remove(old)
    outline = OxmlElement("w:outlineLvl")
    outline.set(qn("w:val"), str(level))
    shape.append(outline)


def _set_borders(style: ParagraphStyle) -> None:
    shape = style.element.get_or_add_pPr()
    for old in shape.findall(qn("w:pBdr")):
        shape.remove(old)


def _set_language(document: Document) -> None:
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")


def set_page(document: Document, facts: PlanFacts) -> None:
    """A4 upright, with what the paper is about and the page at its foot."""
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(size) for size in A4_MM)
    section.left_margin = section.right_margin = Mm(SIDE_MM)
    section.top_margin, section.bottom_margin = Mm(TOP_MM), Mm(FOOT_MM)
    section.header_distance = section.footer_distance = Mm(9)
    foot = section.footer.paragraphs[0]
    foot.style = document.styles[NOTE]
    foot.paragraph_format.tab_stops.add_tab_stop(Mm(A4_MM[0] - 2 * SIDE_MM), WD_TAB_ALIGNMENT.RIGHT)
    name = " · ".join(clean(text) for text in (facts.name, facts.label) if text)
    foot.add_run(f"{name}\tPage ")
    _add_field(foot, "PAGE")
    foot.add_run(" of ")
    _add_field(foot, "NUMPAGES")


def mark_pages(document: Document, mark: str) -> None:
    """Say something at the head of every page, below what a template has there."""
    section = document.sections[0]
    heads = [section.header]
    if section.different_first_page_header_footer:
        heads.append(section.first_page_header)
    if document.settings.odd_and_even_pages_header_footer:
        heads.append(section.even_page_header)
    for head in heads:
        first = head.paragraphs[0] if len(head.paragraphs) == 1 and not head.tables else None
        empty = first is not None and not first.text and not first._p.findall(f".//{qn('w:drawing')}")
        written = first if empty else head.add_paragraph()
        written.style = document.styles[NOTE]
        written.paragraph_format.space_before = written.paragraph_format.space_after = Pt(0)
        said = written.add_run(mark)
        said.bold, said.font.color.rgb = True, RGBColor.from_string(ALARM)


def _add_field(paragraph: Paragraph, code: str) -> None:
    """A field that Word works out, such as the number of the page; never made from text of the data."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run = OxmlElement("w:r")
    shown = OxmlElement("w:t")
    shown.text = "1"
    run.append(shown)
    field.append(run)
    paragraph._p.append(field)
