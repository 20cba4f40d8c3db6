"""Small numbers of people in the workbook, the board paper and the terminal, read back: rounded, or marked as exact."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pytest
from docx.oxml.ns import qn
from made_up import made_up_tables

from geomap import few
from geomap.board import build_figures
from geomap.config import HealthBudgetParams
from geomap.phrases import INTERNAL_MARK, ROUNDED_NOTE, count_in_words, finding
from geomap.phrases_choice import recommendation_worth
from geomap.report._columns import COLUMNS, SHEETS
from geomap.report._few_cells import FEW_NOTE, MUTED, find_hidden, people_columns
from geomap.report.files import published_tables, sheet_tables
from geomap.report.paper import Composition, compose
from geomap.report.summary import ROUNDED_LINE, describe, describe_sites
from geomap.report.workbook import write_workbook
from geomap.schema import AllocationResultFrame, ResultTables
from geomap.schema.published import PEOPLE, SUPPRESSED

WHOLE = ("people", "completions", "patients", "demand_places", "unmet_places")
"""Fields of `PlanFacts` that count people."""


def publish(tables: ResultTables) -> ResultTables:
    """A run with its counts as they are published; facts are rounded too, and the figures are made of them."""
    rounded = {name: type(value)(5 * round(value / 5)) for name in WHOLE for value in [getattr(tables.facts, name)]}
    facts = dataclasses.replace(tables.facts, internal=False, **rounded)
    hidden = few.hide_few(dataclasses.replace(tables, facts=facts))
    filled = few.fill_few(hidden)
    figures = build_figures(facts, filled.health_budgets, HealthBudgetParams(hour_cost=5.0, total=100_000.0))
    return dataclasses.replace(hidden, figures=figures)


def all_few(tables: ResultTables) -> ResultTables:
    """A run in which every count of people is 3."""

    def threes(holder: object) -> dict[str, pd.DataFrame]:
        names = {field.name for field in dataclasses.fields(holder)} & set(PEOPLE)
        return {name: getattr(holder, name).assign(**dict.fromkeys(PEOPLE[name], 3)) for name in names}

    facts = dataclasses.replace(tables.facts, **{name: type(getattr(tables.facts, name))(5) for name in WHOLE})
    choice = dataclasses.replace(tables.choice, **threes(tables.choice))
    return dataclasses.replace(tables, facts=facts, choice=choice, **threes(tables))


@pytest.fixture(scope="module")
def internal() -> ResultTables:
    return made_up_tables(40, 60, choice=True)


RUNS = ("usual", "small", "all few")


@pytest.fixture(scope="module")
def published(internal: ResultTables) -> dict[str, ResultTables]:
    small = made_up_tables(3, 2, seed=2, choice=True)
    return {"usual": publish(internal), "small": publish(small), "all few": publish(all_few(internal))}


@pytest.fixture(scope="module")
def books(published: dict[str, ResultTables], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("books")
    return {name: write_workbook(folder / f"{name}.xlsx", run) for name, run in published.items()}


@pytest.fixture(scope="module")
def papers(published: dict[str, ResultTables]) -> dict[str, Composition]:
    return {name: compose(run) for name, run in published.items()}


@pytest.fixture(scope="module")
def marked(internal: ResultTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(tmp_path_factory.mktemp("marked") / "results.xlsx", internal)


def is_fit(value: object) -> bool:
    """Whether a cell may be published: no count from 1 to 7, others multiples of 5."""
    return value == SUPPRESSED or (isinstance(value, int | float) and value % 5 == 0 and not 0 < value < 8)


def texts_of(book: openpyxl.Workbook) -> list[str]:
    return [
        cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)
    ]


def boxes_of(path: Path) -> list[str]:
    """What the boxes that lie over the sheets say, a line each."""
    with zipfile.ZipFile(path) as parts:
        drawings = [parts.read(name).decode() for name in parts.namelist() if "drawings/drawing" in name]
    return [text for drawing in drawings for text in re.findall(r"<a:t>([^<]*)</a:t>", drawing)]


# --- the workbook of a published run


@pytest.mark.parametrize("kind", RUNS)
def test_no_column_of_people_has_a_small_number(
    books: dict[str, Path], published: dict[str, ResultTables], kind: str
) -> None:
    book, seen = openpyxl.load_workbook(books[kind]), 0
    for name, frame in sheet_tables(published[kind]).items():
        headings = [cell.value for cell in book[SHEETS[name][0]][1]]
        for column in people_columns(name):
            at = headings.index(COLUMNS[name][column][0])
            cells = [row[at] for row in book[SHEETS[name][0]].iter_rows(min_row=2)]
            assert [cell.value for cell in cells] == [SUPPRESSED if pd.isna(n) else n for n in frame[column]]
            assert all(is_fit(cell.value) for cell in cells), (name, column)
            hidden = [cell for cell in cells if cell.value == SUPPRESSED]
            assert all(cell.alignment.horizontal == "right" for cell in hidden)
            assert all(cell.font.color.rgb.endswith(MUTED[1:]) for cell in hidden)
            seen += len(hidden)
    assert seen > 10


@pytest.mark.parametrize(("sheet", "kind"), [("Allocation", "usual"), ("Site plan", "all few")])
def test_a_row_of_a_plan_that_is_not_shown_tells_its_places_by_nothing_else(
    books: dict[str, Path], sheet: str, kind: str
) -> None:
    """Hours, referrals and completions of a row are its places times what is known; a journey is not."""
    rows = list(openpyxl.load_workbook(books[kind])[sheet].iter_rows(min_row=2, values_only=True))
    places = list(AllocationResultFrame.to_schema().columns).index(AllocationResultFrame.places)
    assert any(row[places] == SUPPRESSED for row in rows)
    for row in rows:
        shown = {cell == SUPPRESSED for cell in row[places : places + 4]}
        assert len(shown) == 1 and isinstance(row[places + 4], int | float)


@pytest.mark.parametrize("kind", RUNS)
def test_pages_of_the_workbook_tell_people_rounded(books: dict[str, Path], kind: str) -> None:
    book = openpyxl.load_workbook(books[kind])
    rows = [row for row in book["Summary"].iter_rows(values_only=True) if row[0]]
    figures = {row[0]: row[1] for row in rows}
    for line in ("People served", "Expected to complete", "Places wanted", "Registered patients"):
        assert is_fit(figures[line]), line
    starts = [row[0] for row in rows]
    for section, end in (("Places by pathway", "The sheet Gaps has"), ("Why places could not be offered", "Fairness")):
        first = starts.index(section) + 2
        last = next(n for n in range(first, len(rows)) if starts[n].startswith(end))
        counts = [row[1] for row in rows[first:last]]
        counts += [row[2] for row in rows[first:last] if section == "Places by pathway"]
        assert counts and all(map(is_fit, counts)), section
    told = str(rows).replace("1 to 7", "")
    for number in re.findall(r"([\d,]+)(?= (?:of [\d,]+ places|places wanted are|people served))", told):
        assert is_fit(int(number.replace(",", ""))), number
    sites = list(book["Sites"].iter_rows(values_only=True))
    heads = [row for row in sites if "Places given" in row]
    assert len(heads) == 2  # the sites, and the portfolios
    for head in heads:
        for row in sites[sites.index(head) + 1 :]:
            if not isinstance(row[0], int):
                break
            assert is_fit(row[head.index("Places given")]) and is_fit(row[head.index("Completions (people)")])


@pytest.mark.parametrize("kind", RUNS)
def test_a_published_workbook_says_what_is_not_shown_and_bears_no_mark(
    books: dict[str, Path], published: dict[str, ResultTables], kind: str
) -> None:
    book = openpyxl.load_workbook(books[kind])
    assert not [text for text in [*texts_of(book), *boxes_of(books[kind])] if INTERNAL_MARK in text]
    with_people = {SHEETS[name][0] for name in sheet_tables(published[kind]) if people_columns(name)}
    for sheet in book:
        head = sheet.oddHeader.center.text or ""
        assert INTERNAL_MARK not in head
        if sheet.title in with_people:
            assert FEW_NOTE in head
    assert boxes_of(books[kind]).count(FEW_NOTE) >= len(with_people)
    assert FEW_NOTE in {cell.value for cell in book["Read me"]["D"]}
    assert ROUNDED_NOTE in {cell.value for cell in book["Summary"]["A"]}


def test_no_total_is_a_formula_or_finer_than_its_parts(books: dict[str, Path]) -> None:
    """A formula would be worked out anew from the cells that are shown, and contradict what is told."""
    with zipfile.ZipFile(books["usual"]) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "worksheets/sheet" in name]
    assert sheets and not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


def test_a_bar_that_is_not_shown_is_labelled_so(books: dict[str, Path], internal: ResultTables, tmp_path: Path) -> None:
    def charts(path: Path) -> str:
        with zipfile.ZipFile(path) as parts:
            return "".join(parts.read(name).decode() for name in parts.namelist() if "charts/chart" in name)

    assert charts(books["all few"]).count(SUPPRESSED) >= 2  # a label of each pathway, of none the number 0
    assert SUPPRESSED not in charts(write_workbook(tmp_path / "exact.xlsx", internal))


# --- the board paper of a published run


def lines_of(paper: Composition) -> list[str]:
    body = docx.Document(io.BytesIO(paper.document)).element.body
    text = ["".join(t.text or "" for t in p.iter(qn("w:t"))) for p in body.iter(qn("w:p"))]
    return text + [shape.get("descr") for shape in body.iter(qn("wp:docPr"))]


@pytest.mark.parametrize("kind", RUNS)
def test_the_paper_tells_people_as_the_tables_do(
    papers: dict[str, Composition], published: dict[str, ResultTables], kind: str
) -> None:
    tables, few_cells = published_tables(published[kind]), 0
    for cell in papers[kind].told.cells:
        hidden = find_hidden(cell.table, tables[cell.table].reset_index(drop=True), internal=False)
        is_few = cell.column in hidden and hidden[cell.column][cell.row]
        assert (cell.text in (SUPPRESSED, "1 to 7")) == is_few, cell
        if cell.column in people_columns(cell.table) and not is_few:
            assert is_fit(int(cell.text.replace(",", ""))), cell
        few_cells += is_few
    assert few_cells > 3 or kind != "all few"


@pytest.mark.parametrize("kind", RUNS)
def test_a_published_paper_explains_its_figures_and_bears_no_mark(papers: dict[str, Composition], kind: str) -> None:
    lines = lines_of(papers[kind])
    assert sum(line.endswith(ROUNDED_NOTE) for line in lines) == 1
    assert not [line for line in lines if INTERNAL_MARK in line]
    document = docx.Document(io.BytesIO(papers[kind].document))
    assert not document.sections[0].header.paragraphs[0].text
    for table in document.tables:
        if any(cell.text == SUPPRESSED for row in table.rows for cell in row.cells):
            note = docx.text.paragraph.Paragraph(table._tbl.getnext(), None).text
            assert note.endswith(f"{SUPPRESSED}: 1 to 7, not shown.")
    sentences = [p.text for p in document.paragraphs]
    assert not [line for line in sentences if SUPPRESSED in line and not line.endswith("not shown.")]
    assert not [line for line in lines if re.search(r"\bnan\b|<NA>|None", line)]


@pytest.mark.slow
def test_the_same_published_tables_give_the_same_bytes(
    published: dict[str, ResultTables], papers: dict[str, Composition], books: dict[str, Path], tmp_path: Path
) -> None:
    assert compose(published["usual"]).document == papers["usual"].document
    again = write_workbook(tmp_path / "again.xlsx", published["usual"])
    assert again.read_bytes() == books["usual"].read_bytes()


# --- the mark of internal runs


def test_every_sheet_of_an_internal_workbook_is_marked(marked: Path) -> None:
    book = openpyxl.load_workbook(marked)
    assert all(INTERNAL_MARK in sheet.oddHeader.center.text for sheet in book)
    assert all(sheet.sheet_properties.tabColor.rgb.endswith("8A1538") for sheet in book)
    in_cells = [sheet.title for sheet in book if sheet["A1"].value == INTERNAL_MARK]
    assert in_cells == ["Summary", "Sites"]
    assert all(book[title].freeze_panes == "A3" for title in in_cells)  # it stays in view
    assert boxes_of(marked).count(INTERNAL_MARK) == len(book.sheetnames) - len(in_cells)
    assert not [text for text in [*texts_of(book), *boxes_of(marked)] if SUPPRESSED in text]


def test_the_headings_of_a_marked_table_are_still_its_first_row(marked: Path, internal: ResultTables) -> None:
    for name, frame in sheet_tables(internal).items():
        read = pd.read_excel(marked, sheet_name=SHEETS[name][0], keep_default_na=False, engine="calamine")
        assert list(read.columns) == [heading for heading, _ in COLUMNS[name].values()]
        assert len(read) == len(frame)


def heads_of(document: docx.document.Document) -> list[str]:
    """The text of every header of the first section."""
    section = document.sections[0]
    return ["\n".join(p.text for p in head.paragraphs)
            for head in (section.header, section.first_page_header, section.even_page_header)
            if not head.is_linked_to_previous]  # fmt: skip


def test_every_page_of_an_internal_paper_is_marked(internal: ResultTables) -> None:
    paper = compose(internal)
    document = docx.Document(io.BytesIO(paper.document))
    assert heads_of(document) == [INTERNAL_MARK]
    assert INTERNAL_MARK in document.paragraphs[0].text
    assert not [line for line in lines_of(paper) if ROUNDED_NOTE in line]


@pytest.mark.parametrize("own", [True, False], ids=["its own headers", "no header"])
def test_a_template_is_marked_on_every_page_too(internal: ResultTables, own: bool) -> None:
    """A first page or even pages that have headers of their own are pages all the same."""
    template = docx.Document()
    section = template.sections[0]
    if own:
        section.different_first_page_header_footer = template.settings.odd_and_even_pages_header_footer = True
        for head, text in zip(
            (section.header, section.first_page_header, section.even_page_header), ("Odd", "First", "Even"), strict=True
        ):
            head.paragraphs[0].text = text
    written = io.BytesIO()
    template.save(written)
    found = heads_of(docx.Document(io.BytesIO(compose(internal, written.getvalue()).document)))
    assert found == ([f"{text}\n{INTERNAL_MARK}" for text in ("Odd", "First", "Even")] if own else [INTERNAL_MARK])


# --- sentences


def test_the_terminal_ends_with_what_its_figures_are(
    internal: ResultTables, published: dict[str, ResultTables]
) -> None:
    assert describe(internal).splitlines()[-1] == f"{INTERNAL_MARK}."
    for run in published.values():
        lines = describe(run).splitlines()
        assert lines[-1] == ROUNDED_LINE and len(lines) <= 24 and max(map(len, lines)) <= 100
        assert INTERNAL_MARK not in "\n".join(lines)
        assert all(len(line) <= 100 for line in describe_sites(run.choice).splitlines())


def test_few_people_are_told_in_words(published: dict[str, ResultTables]) -> None:
    run = published["all few"]
    assert finding(run.facts).startswith("1 to 7 people could get a place, in ")
    assert recommendation_worth(run.choice).startswith("They would give 1 to 7 people a place and ")
    assert "; fewer than 8 are expected to complete." in recommendation_worth(run.choice)
    assert re.search(r"^ +1 to 7  people: ", describe_sites(run.choice), re.MULTILINE)
    assert re.search(r"^ +1 to 7  people served, of 1 to 7 who could start; fewer than 8 ", describe(run), re.MULTILINE)
    assert (count_in_words(pd.NA), count_in_words(1235)) == ("1 to 7", "1,235")
