"""The board paper: a Word document of four to six pages and an annex, every figure a cell of a published table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..schema import ResultTables
from ._page import FREE_SPACE
from ._paper_end import write_annex, write_data
from ._paper_firm import write_fairness, write_robustness
from ._paper_first import title_of, write_first_page
from ._paper_offer import write_offers
from ._paper_page import Paper
from ._paper_sites import write_sites
from ._paper_styles import open_template
from ._paper_told import Told
from .files import published_tables


@dataclass(frozen=True, slots=True)
class Composition:
    """A finished paper: the document, and all that was told in it."""

    document: bytes
    told: Told


def check_template(template: bytes | None) -> None:
    """
    See that a template can be used, before hours of work are put into a paper that needs it.

    Raises
    ------
    ConfigError
        It is no Word document.
    """
    open_template(template)


def write_paper(path: Path, tables: ResultTables, template: bytes | None = None) -> Path:
    """
    Write `report.docx`: the recommendation, the sites and their reasons, fairness, robustness, provision, the data.

    Sections without data are left out; where no sites were asked for the paper is on the plan. Every page of an
    internal run says that it is one. The same tables give the same bytes.

    Parameters
    ----------
    path
        The file to write.
    tables
        A finished run.
    template
        The bytes of a Word document (.docx) whose page, styles, header and footer are used; its text is not.

    Returns
    -------
    path
        The file written.

    Raises
    ------
    ConfigError
        The template is no Word document.
    OutputError
        The file cannot be written.
    """
    document = compose(tables, template).document
    try:
        path.write_bytes(document)
    except OSError as caught:
        raise OutputError(f"{path.name} could not be written: {caught}. {FREE_SPACE}") from caught
    return path


def compose(tables: ResultTables, template: bytes | None = None) -> Composition:
    """The paper as bytes, with the cells it tells; see `write_paper`."""
    told = Told(published_tables(tables), internal=tables.facts.internal)
    paper = Paper(tables.facts, template)
    write_first_page(paper, told, tables)
    if tables.choice is not None:
        write_sites(paper, told, tables.choice)
    write_fairness(paper, told, tables)
    write_robustness(paper, told)
    write_offers(paper, told, tables)
    write_data(paper, told, tables.facts)
    write_annex(paper, told, tables)
    return Composition(paper.to_bytes(title_of(tables), tables.facts), told)
