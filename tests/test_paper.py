"""The board paper, read back by python-docx: every figure a cell, nothing empty, nothing live, nothing cut."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pytest
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm
from made_up import HOSTILE, made_up_tables
from made_up_choice import made_up_choice

from geomap.errors import ConfigError, OutputError
from geomap.phrases import finding
from geomap.phrases_choice import recommendation
from geomap.report._figures import drawable
from geomap.report._paper_map import Frame, classify, spread
from geomap.report._paper_page import MAX_ROWS
from geomap.report._paper_told import NOTHING, SHAPES, Told, clean
from geomap.report.files import published_tables, write_tables
from geomap.report.paper import Composition, compose, write_paper
from geomap.schema import PcnResultFrame, ResultTables, SiteTables

NUMBER = re.compile(r"(?<![\w.,])[+\N{MINUS SIGN}-]?£?\d+(?:,\d{3})*(?:\.\d+)?%?(?!\w)")
OWN_NUMBERS = {
    "0", "1",  # ends of the need index; the first deprivation fifth
    "0.25", "0.8", "0.2",  # how near a comparator must be; when a site is core and when fragile
    "65", "1,000",  # in names of measures: "aged 65 or more", "per 1,000 patients"
}  # fmt: skip
"""Numbers of the method, which stand in no table."""
NUMBERING = re.compile(r"(?:Figure|Table) \d+|^\d+  |(?<=And )[\d,]+(?= more in results\.xlsx)")
OPTIONAL = (
    "comparators", "tradeoffs", "draws", "robustness", "regrets", "flips", "parts", "limits", "changes", "reasons",
)  # fmt: skip
SITE_WORDS = ("The sites, and why these", "How firm the choice is", "Other choices", "How the sites are chosen")


def with_choice(tables: ResultTables, chosen: int = 4, **more: bool) -> ResultTables:
    return dataclasses.replace(tables, choice=made_up_choice(chosen=chosen, pcns=tables.pcns, **more))


def without_optional(choice: SiteTables) -> SiteTables:
    empty = {name: getattr(choice, name).iloc[:0] for name in OPTIONAL}
    return dataclasses.replace(choice, **empty, conditions=(), notes=())


@pytest.fixture(scope="module")
def tables() -> dict[str, ResultTables]:
    """Runs of every kind, by name."""
    small, hostile = made_up_tables(40, 60), made_up_tables(40, 60, hostile=True)
    four = with_choice(small)
    return {
        "plan": small,
        "four": four,
        "hostile": with_choice(hostile, 6, hostile=True),
        "bare": dataclasses.replace(four, choice=without_optional(four.choice)),
        "twenty": with_choice(small, 20),
    }


KINDS = ("plan", "four", "hostile", "bare", "twenty")


@pytest.fixture(scope="module")
def papers(tables: dict[str, ResultTables]) -> dict[str, Composition]:
    return {name: compose(run) for name, run in tables.items()}


def read(paper: Composition) -> docx.document.Document:
    return docx.Document(io.BytesIO(paper.document))


def lines_of(document: docx.document.Document) -> list[str]:
    """Every paragraph, those in tables too, and what is told of pictures."""
    text = ["".join(t.text or "" for t in p.iter(qn("w:t"), qn("w:tab"), qn("w:br")))
            for p in document.element.body.iter(qn("w:p"))]  # fmt: skip
    return text + [shape.get("descr") for shape in document.element.body.iter(qn("wp:docPr"))]


def numbers_of(lines: list[str], told: Told) -> set[str]:
    """Numbers in the text that are neither a quotation of the data nor a number of a table or a section."""
    quotes = sorted({quote for quote in told.quotes if re.search(r"\d", quote)}, key=len, reverse=True)
    found = set()
    for line in lines:
        for quote in quotes:
            line = line.replace(quote, " ")
        found |= set(NUMBER.findall(NUMBERING.sub(" ", line)))
    return found - OWN_NUMBERS


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_a_cell(papers: dict[str, Composition], kind: str) -> None:
    paper = papers[kind]
    found = numbers_of(lines_of(read(paper)), paper.told)
    assert len(found) > 30
    assert found <= {text for cell in paper.told.cells for text in NUMBER.findall(cell.text)}


def test_a_number_that_is_no_cell_is_seen(papers: dict[str, Composition]) -> None:
    document = read(papers["four"])
    document.add_paragraph("In all 987,654 people, or 98.76%.")
    found = numbers_of(lines_of(document), papers["four"].told)
    assert {"987,654", "98.76%"} == found - {text for cell in papers["four"].told.cells
                                             for text in NUMBER.findall(cell.text)}  # fmt: skip


def as_number(text: str) -> tuple[float, float]:
    """What a text says, and how far rounding may have taken it."""
    plain = re.sub(r"[£,%]|under |over ", "", text).replace("\N{MINUS SIGN}", "-")
    decimals = len(plain.partition(".")[2])
    scale = 0.01 if text.endswith("%") else 1.0
    near = 0.5 if text.startswith(("under", "over")) else 0.0
    return float(plain) * scale, (0.5 * 10**-decimals + near) * scale


@pytest.mark.parametrize("kind", ["plan", "four", "twenty"])
def test_what_is_told_stands_in_the_csv_files(
    tables: dict[str, ResultTables], papers: dict[str, Composition], kind: str, tmp_path: Path
) -> None:
    write_tables(tmp_path, tables[kind])
    files = {path.stem: pd.read_csv(path, encoding="utf-8-sig") for path in tmp_path.glob("*.csv")}
    cells = papers[kind].told.cells
    assert len(cells) > 100
    for cell in cells:
        value = float(files[cell.table].at[cell.row, cell.column])
        told, apart = as_number(cell.text)
        assert abs(value - told) <= apart + 1e-5 * abs(value) + 1e-9, cell


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_left_out_are_counted(
    tables: dict[str, ResultTables], papers: dict[str, Composition], kind: str
) -> None:
    document = read(papers[kind])
    assert all(len(table.rows) - 1 <= max(MAX_ROWS, 24) for table in document.tables)
    longest = len(published_tables(tables[kind])["pcns"])
    for count in re.findall(r"And ([\d,]+) more in results\.xlsx", "\n".join(lines_of(document))):
        assert 0 < int(count.replace(",", "")) < longest * 8


@pytest.mark.parametrize("kind", ["plan", "hostile"])
def test_the_same_tables_give_the_same_bytes(
    tables: dict[str, ResultTables], papers: dict[str, Composition], kind: str
) -> None:
    assert compose(tables[kind]).document == papers[kind].document
    parts = zipfile.ZipFile(io.BytesIO(papers[kind].document)).infolist()
    assert {part.date_time for part in parts} == {(1980, 1, 1, 0, 0, 0)}
    assert read(papers[kind]).core_properties.modified.isoformat().startswith(tables[kind].facts.as_of)


@pytest.mark.parametrize("kind", KINDS)
def test_no_section_is_empty(papers: dict[str, Composition], kind: str) -> None:
    body = read(papers[kind])
    blocks = [block for block in body.iter_inner_content()
              if isinstance(block, docx.table.Table) or block.text or _has_picture(block)]  # fmt: skip
    levels = [_level(block) for block in blocks]
    assert levels[-1] == 9
    for level, after in zip(levels, levels[1:], strict=False):
        assert level == 9 or after > level
    assert not any(re.search(r"\bnan\b|None|NaT|<NA>|\{\}", line) for line in lines_of(body) if kind != "hostile")


def _has_picture(paragraph: docx.text.paragraph.Paragraph) -> bool:
    return bool(paragraph._p.findall(f".//{qn('w:drawing')}"))


def _level(block: object) -> int:
    """1 and 2 of headings, 9 of all else."""
    name = block.style.name if isinstance(block, docx.text.paragraph.Paragraph) else ""
    return int(name[-1]) if name.startswith("Heading") else 9


@pytest.mark.parametrize("kind", KINDS)
def test_tables_fit_the_page_and_repeat_their_headings(papers: dict[str, Composition], kind: str) -> None:
    document = read(papers[kind])
    section = document.sections[0]
    width = section.page_width - section.left_margin - section.right_margin
    assert (section.page_width.mm, section.page_height.mm) == pytest.approx((210, 297), abs=0.1)
    captioned = 0
    for table in document.tables:
        assert sum(column.width for column in table.columns) <= width
        assert table._tbl.tblPr.find(qn("w:tblLayout")).get(qn("w:type")) == "fixed"
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        if len(table.rows) > 1:
            captioned += 1
            assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
            _assert_numbers_right(table)
    captions = [line for line in lines_of(document) if re.match(r"Table \d+\. ", line)]
    assert [int(line.split()[1][:-1]) for line in captions] == list(range(1, captioned + 1))


def _assert_numbers_right(table: docx.table.Table) -> None:
    for row in table.rows[1:]:
        for cell in row.cells:
            if re.fullmatch(r"[+\N{MINUS SIGN}£]?[\d,.]+%?", cell.text):
                assert cell.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.RIGHT, cell.text


ORDERS = {
    "w:tblPr": ("tblStyle", "tblW", "jc", "tblInd", "tblBorders", "tblLayout", "tblCellMar", "tblLook"),
    "w:tcPr": ("tcW", "tcBorders", "shd"),
    "w:pPr": ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "pBdr", "tabs", "spacing", "ind",
              "jc", "outlineLvl"),
}  # fmt: skip
"""Element → its children in the order that Word asks for: out of order it calls a file damaged."""


@pytest.mark.parametrize("kind", ["four", "plan"])
def test_elements_stand_in_the_order_that_word_asks_for(papers: dict[str, Composition], kind: str) -> None:
    document = read(papers[kind])
    for name, order in ORDERS.items():
        own = list(document.element.body.iter(qn(name)))
        own += [style.element.pPr for style in document.styles if name == "w:pPr" and "Paper" in style.name]
        assert own
        for element in own:
            children = [child.tag.split("}")[1] for child in element]
            places = [order.index(child) for child in children]
            assert places == sorted(places), children


@pytest.mark.parametrize(("kind", "pictures"), [("plan", 2), ("four", 4), ("hostile", 4), ("bare", 2), ("twenty", 4)])
def test_figures_are_numbered_and_described(papers: dict[str, Composition], kind: str, pictures: int) -> None:
    document = read(papers[kind])
    shapes = list(document.element.body.iter(qn("wp:docPr")))
    assert len(shapes) == pictures
    assert all(len(shape.get("descr")) > 50 for shape in shapes)
    captions = [line for line in lines_of(document) if re.match(r"Figure \d+\. ", line)]
    assert [int(line.split()[1][:-1]) for line in captions] == list(range(1, pictures + 1))
    assert len(papers[kind].document) < 1_500_000


def test_the_title_states_the_recommendation(tables: dict[str, ResultTables], papers: dict[str, Composition]) -> None:
    for kind in KINDS:
        choice = tables[kind].choice
        titles = [p.text for p in read(papers[kind]).paragraphs if p.style.name == "Title"]
        assert titles == [clean(recommendation(choice) if choice else finding(tables[kind].facts))]
        assert read(papers[kind]).core_properties.title == titles[0][:255]


def test_without_sites_the_paper_is_on_the_plan(papers: dict[str, Composition]) -> None:
    text = "\n".join(lines_of(read(papers["plan"])))
    assert not [words for words in SITE_WORDS if words in text]
    assert "Who gains: fairness" in text
    assert "The data, their dates and quality" in text


def test_what_was_not_worked_out_is_not_told(papers: dict[str, Composition]) -> None:
    text = "\n".join(lines_of(read(papers["bare"])))
    assert "The sites, and why these" in text
    for words in ("How firm", "What to compare", "Why each", "Draws:", "keeps to these conditions", "Table 2. Each"):
        assert words not in text
        assert words in "\n".join(lines_of(read(papers["four"])))


def test_what_the_board_is_asked_names_the_right_tables(papers: dict[str, Composition]) -> None:
    lines = lines_of(read(papers["four"]))
    assert "agree the sites in Table 1" in lines
    assert "Table 1. The recommended sites" in lines
    assert any("named in Table 2" in line for line in lines)
    assert any(line.startswith("Table 2. Each site and the place most like it") for line in lines)


def test_hostile_names_are_text(papers: dict[str, Composition]) -> None:
    document = read(papers["hostile"])
    text = "\n".join(lines_of(document))
    assert clean(HOSTILE[0]) in text
    assert "\u202e" not in text
    fields = [field.get(qn("w:instr")) for part in (document.element, document.sections[0].footer._element)
              for field in part.iter(qn("w:fldSimple"))]  # fmt: skip
    assert fields == ["PAGE", "NUMPAGES"]
    for part in zipfile.ZipFile(io.BytesIO(papers["hostile"].document)).namelist():
        assert "hyperlink" not in part
    assert not list(document.element.iter(qn("w:hyperlink"), qn("w:instrText")))


def test_a_name_that_xml_forbids_is_shown_as_such(tables: dict[str, ResultTables]) -> None:
    bad = "Fell\x00View\x1b\ud800\u2028 PCN\r\n\tunder\u202eneath"
    facts = dataclasses.replace(tables["plan"].facts, name=bad, notes=(bad,))
    lines = lines_of(read(compose(dataclasses.replace(tables["plan"], facts=facts))))
    assert clean(bad) == "Fell\ufffdView\ufffd\ufffd PCN under\ufffdneath"
    assert clean(bad) in lines


def test_a_site_without_any_number_to_tell(tables: dict[str, ResultTables]) -> None:
    """What is missing shows as a dash, in tables and maps alike."""
    four = tables["four"]
    chosen = four.choice.chosen.assign(deprivation_fifth=np.nan, coverage_share=np.nan)
    pcns = four.pcns.assign(**{PcnResultFrame.need_index: np.nan})
    run = dataclasses.replace(four, pcns=pcns, choice=dataclasses.replace(four.choice, chosen=chosen))
    table = next(t for t in read(compose(run)).tables if t.rows[0].cells[1].text == "Site")
    fifth = [cell.text for cell in table.rows[0].cells].index("Fifth")
    assert {row.cells[fifth].text for row in table.rows[1:]} == {NOTHING}


def template(**styles: str) -> bytes:
    """A template of an ICB: its header, its margins, a cover in a section of its own and some text."""
    document = docx.Document()
    document.styles["Heading 1"].font.name = "Georgia"
    document.sections[0].header.paragraphs[0].text = "Fell View ICB – Board"
    document.sections[0].left_margin = Mm(31)
    document.add_paragraph("Old text of the template")
    document.add_section(WD_SECTION.NEW_PAGE)
    document.add_table(rows=2, cols=2)
    for name in styles.values():
        document.styles.element.remove(document.styles[name].element)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


@pytest.mark.slow
def test_a_template_gives_its_look_and_not_its_text(tables: dict[str, ResultTables]) -> None:
    paper = compose(tables["four"], template())
    document = read(paper)
    assert len(document.sections) == 1
    assert document.sections[0].header.paragraphs[0].text == "Fell View ICB – Board"
    assert document.sections[0].left_margin.mm == pytest.approx(31, abs=0.1)
    assert document.styles["Heading 1"].font.name == "Georgia"
    assert "Old text" not in "\n".join(lines_of(document))
    width = document.sections[0].page_width - document.sections[0].left_margin - document.sections[0].right_margin
    assert all(sum(column.width for column in table.columns) <= width for table in document.tables)
    assert all(shape.width <= width for shape in document.inline_shapes)
    assert compose(tables["four"], template()).document == paper.document


def test_a_template_without_styles_falls_back(tables: dict[str, ResultTables]) -> None:
    document = read(compose(tables["four"], template(a="Title", b="Caption", c="List Bullet", d="Heading 2")))
    headings = [p for p in document.paragraphs if p.style.name == "Heading 2"]
    assert headings
    assert headings[0].style.element.find(f".//{qn('w:outlineLvl')}").get(qn("w:val")) == "1"
    bullets = [p.text for p in document.paragraphs if p.style.name == "List Bullet"]
    assert bullets
    assert all(text.startswith("•") for text in bullets)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut short"], ids=["empty", "text", "cut"])
def test_a_template_that_is_no_word_document(tables: dict[str, ResultTables], content: bytes) -> None:
    with pytest.raises(ConfigError, match="not a Word document"):
        compose(tables["plan"], content)


def test_a_template_that_is_another_zip(tables: dict[str, ResultTables]) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    with pytest.raises(ConfigError, match=r"\.docx"):
        compose(tables["plan"], written.getvalue())


def test_a_paper_that_cannot_be_written(tables: dict[str, ResultTables], tmp_path: Path) -> None:
    assert write_paper(tmp_path / "report.docx", tables["plan"]).exists()
    with pytest.raises(OutputError, match=r"report\.docx could not be written"):
        write_paper(tmp_path / "missing" / "report.docx", tables["plan"])


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("soffice") and shutil.which("pdftotext")), reason="needs LibreOffice and poppler")
@pytest.mark.parametrize("kind", ["plan", "four", "twenty"])
def test_the_paper_has_four_to_six_pages_and_an_annex(
    papers: dict[str, Composition], kind: str, tmp_path: Path
) -> None:
    (tmp_path / "report.docx").write_bytes(papers[kind].document)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "report.docx"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    told = subprocess.run(["pdftotext", tmp_path / "report.pdf", "-"], check=True, capture_output=True, text=True)
    pages = told.stdout.split("\f")[:-1]
    annex = next(number for number, page in enumerate(pages) if "Annex: method" in page)
    assert annex <= 6
    assert len(pages) >= 4
    assert len(pages) - annex <= 2


def test_numbers_as_they_are_written() -> None:
    percent = SHAPES["percent"]
    assert [percent(v) for v in (0, 1, 0.345, 0.0345, 0.00345, 0.000034, 0.9996)] == [
        "0%", "100%", "34%", "3.5%", "0.34%", "under 0.01%", "99.9%",
    ]  # fmt: skip
    assert SHAPES["pounds"](1234.6) == "£1,235"
    assert SHAPES["pounds"](7.5) == "£7.50"
    assert SHAPES["signed"](-0.256) == "\N{MINUS SIGN}0.26"


def test_classes_of_the_map() -> None:
    classes, bounds = classify(np.array([0.1, 0.2, 0.3, 0.4, 0.5, np.nan]))
    assert classes.tolist() == [0, 1, 2, 3, 4, -1]
    assert (bounds[0], bounds[-1]) == (0.1, 0.5)
    assert classify(np.array([0.3, 0.3]))[0].tolist() == [0, 0]
    assert classify(np.array([np.nan]))[0].tolist() == [-1]


def test_numbers_on_the_map_do_not_hide_one_another() -> None:
    frame = Frame(0, 0, 1000, 1000, 100, 100)
    points = np.array([[500.0, 500.0]] * 6 + [[990.0, 10.0], [100.0, 900.0]])
    spots = spread(points, 50, frame)
    gaps = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))[np.triu_indices(len(points), 1)]
    assert gaps.min() > 49
    assert (spots >= 24).all()
    assert (spots <= 976).all()
    assert spots[-1].tolist() == [100.0, 900.0]


def test_letters_that_the_font_lacks() -> None:
    assert drawable("Fell \U0001f3ca View $x^2$") == "Fell \ufffd View $x^2$"
    assert drawable("x" * 60, 10) == "x" * 9 + "…"
