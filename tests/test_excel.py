"""Workbooks open in Excel without a prompt to repair: their parts are looked at, and other readers open them."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from bank_tables import write_folder
from excel_faults import excel_faults
from finished_runs import write_finished
from made_up import made_up_tables
from test_comparison import compared
from test_out import read_workbook
from test_problems import BAD_HOURS, give_back
from test_report import make_choice, make_tables
from test_template import PATHWAYS

from geomap.load.results import load_results
from geomap.report.comparison_files import write_comparison
from geomap.report.template import write_template
from geomap.report.workbook import write_workbook


def results(folder: Path, **how: bool) -> Path:
    return write_workbook(folder / "results.xlsx", made_up_tables(24, 30, choice=True, **how))


def with_live_names(folder: Path) -> Path:
    return write_workbook(folder / "results.xlsx", dataclasses.replace(make_tables(), choice=make_choice()))


def comparison(folder: Path) -> Path:
    folders = [write_finished(folder / f"run{seed}", made_up_tables(seed=seed, hostile=True)) for seed in (1, 2)]
    (folder / "told").mkdir()
    write_comparison(folder / "told", compared(*load_results(*folders)))
    return folder / "told" / "comparison.xlsx"


def template(folder: Path) -> Path:
    write_template(folder / "template.xlsx", PATHWAYS)
    return folder / "template.xlsx"


def problems(folder: Path) -> Path:
    give_back(folder / "problems.xlsx", write_folder(folder / "bank", BAD_HOURS))
    return folder / "problems.xlsx"


WORKBOOKS: dict[str, Callable[[Path], Path]] = {
    "results, internal": lambda folder: results(folder, hostile=True),
    "results, published": lambda folder: results(folder, published=True),
    "results, live names": with_live_names,
    "comparison": comparison,
    "template": template,
    "problems": problems,
}


@pytest.fixture(scope="module", params=WORKBOOKS)
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return WORKBOOKS[request.param](tmp_path_factory.mktemp("book"))


def test_excel_has_nothing_to_mend(book: Path) -> None:
    assert excel_faults(book) == []


def test_two_other_readers_see_the_same_cells(book: Path) -> None:
    assert read_workbook(book) > 0


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
def test_libreoffice_opens_it_and_keeps_every_sheet(book: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", tmp_path, book]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert "error" not in (done.stdout + done.stderr).lower()
    with zipfile.ZipFile(tmp_path / f"{book.stem}.ods") as parts:
        content = parts.read("content.xml").decode()
    assert re.findall(r'<table:table table:name="([^"]*)"', content) == openpyxl.load_workbook(book).sheetnames


def rewrite(book: Path, target: Path, part: str, old: str, new: str) -> Path:
    """The workbook with a part changed, as a writer with a fault would leave it."""
    with zipfile.ZipFile(book) as parts, zipfile.ZipFile(target, "w") as out:
        for name in parts.namelist():
            text = parts.read(name)
            if name == part:
                assert old.encode() in text, (part, old)
                text = text.replace(old.encode(), new.encode(), 1)
            out.writestr(name, text)
    return target


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("xl/workbook.xml", 'name="pledges"', 'name="pledges: all"', "cannot be the name of a sheet"),
        ("xl/workbook.xml", 'name="pledges"', 'name="OPERATORS"', "two sheets have one name"),
        ("xl/workbook.xml", 'name="pledges"', f'name="{"p" * 32}"', "cannot be the name of a sheet"),
        ("xl/workbook.xml", 'name="pledges"', 'name="promises"', "is of no sheet"),
        ("xl/sharedStrings.xml", "<t>operator_id</t>", f"<t>{'x' * 32_768}</t>", "32,768 letters"),
        ("xl/sharedStrings.xml", "<t>operator_id</t>", "<t>operator_id</u>", "mismatched tag"),
        ("xl/worksheets/sheet2.xml", '<row r="2"', '<row r="1"', "row 1 is out of order"),
        ("xl/worksheets/sheet2.xml", 't="s"><v>', 't="s"><v>9999', "no shared text"),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet2.xml", "worksheets/other.xml", "which is not there"),
        ("xl/worksheets/sheet2.xml", "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A1:B2"/>'
         '<mergeCell ref="B2:C3"/></mergeCells>', "merged cells overlap"),
        ("xl/worksheets/sheet2.xml", "</sheetData>", '</sheetData><conditionalFormatting sqref="A0"/>',
         "is of no cells"),
        ("xl/worksheets/sheet2.xml", "</sheetData>", '</sheetData><dataValidation sqref="A1"><formula1>"'
         f'{"a," * 200}"</formula1></dataValidation>', "has 400 letters"),
        ("xl/worksheets/sheet2.xml", "</row>", '<c r="XFD1"><f>SUM(#REF!)</f></c></row>', "the formula is broken"),
    ],
)  # fmt: skip
def test_the_look_sees_what_excel_would_mend(tmp_path: Path, part: str, old: str, new: str, said: str) -> None:
    broken = rewrite(template(tmp_path), tmp_path / "broken.xlsx", part, old, new)
    assert any(said in fault for fault in excel_faults(broken)), excel_faults(broken)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name="Hours"', 'name="Minutes"', "its headings are not those of the cells"),
        ('name="Hours"', 'name="PCN"', "two of its headings are the same"),
        ('displayName="Table1"', 'displayName="Table2"', "the table table2 is there twice"),
        ('ref="A1:B3"', 'ref="A1"', "its headings are not those of the cells"),
    ],
)
def test_the_look_sees_tables_that_excel_would_mend(tmp_path: Path, old: str, new: str, said: str) -> None:
    book = xlsxwriter.Workbook(tmp_path / "good.xlsx")
    for _ in range(2):
        columns = [{"header": "PCN"}, {"header": "Hours"}]
        book.add_worksheet().add_table("A1:B3", {"data": [["U1", 1], ["U2", 2]], "columns": columns})
    book.close()
    assert excel_faults(tmp_path / "good.xlsx") == []
    broken = rewrite(tmp_path / "good.xlsx", tmp_path / "broken.xlsx", "xl/tables/table1.xml", old, new)
    assert any(said in fault for fault in excel_faults(broken)), excel_faults(broken)
