"""Workbooks as people make them: what stands round, over and behind the cells."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from bank_tables import CONTEXT, TABLES, changed, write_book, write_folder
from official_files import IMD_HEADINGS, OFFICIAL, PCN_HEADINGS, count_rows, pcn_record

from geomap.errors import DataError
from geomap.load.bank import Bank, load_bank
from geomap.load.deprivation import load_lsoa_deprivation
from geomap.load.ods import load_pcn_records
from geomap.load.qof import load_registers
from geomap.schema import AccountingFrame, PcnRecordFrame, PledgeFrame

HOURS = 82.5
HEADINGS = TABLES["pledges"][0]


def cell(column: str, row: int) -> str:
    """The place of a cell of the pledges, such as `E3`."""
    return f"{openpyxl.utils.get_column_letter(HEADINGS.index(column) + 1)}{row}"


def edited(folder: Path, edit: Callable[[openpyxl.Workbook], None], tables: dict | None = None) -> Path:
    """The good bank as a workbook, changed as Excel would change it."""
    path = write_book(folder / "bank.xlsx", tables or TABLES)
    book = openpyxl.load_workbook(path)
    edit(book)
    book.save(path)
    return path


def account(bank: Bank) -> dict[str, int]:
    """Rows of the pledges by what became of them."""
    used = bank.rows[bank.rows[AccountingFrame.sheet] == "pledges"]
    rest = bank.accounting[bank.accounting[AccountingFrame.sheet] == "pledges"]
    told = pd.concat([used, rest])
    return told.groupby(AccountingFrame.status)[AccountingFrame.rows].sum().to_dict()


def test_fault_workbook_title_rows_are_passed_over(tmp_path: Path) -> None:
    def edit(book: openpyxl.Workbook) -> None:
        sheet = book["pledges"]
        sheet.insert_rows(1, 3)
        sheet["A1"] = "Our pledges 2026"
        sheet.merge_cells("A1:F2")
        sheet["E5"] = "forty"

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    assert [(fault.row, fault.sheet, fault.value) for fault in bank.faults] == [(5, "pledges", "forty")]
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40
    assert account(bank) == {"used": 2, "rejected": 1}


def test_fault_workbook_title_rows_above_an_official_sheet_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "ePCN.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("PCNDetails")
        sheet.merge_range("A1:H2", "Primary Care Networks")
        for number, row in enumerate([PCN_HEADINGS, pcn_record("U00001"), pcn_record("U00002")], 3):
            sheet.write_row(number, 0, row)
    loaded = load_pcn_records(path)
    assert loaded.frame[PcnRecordFrame.pcn_code].tolist() == ["U00001", "U00002"]
    assert loaded.faults == () and count_rows(loaded) == 2


def test_fault_workbook_merged_cells_are_not_taken_for_no_limit(tmp_path: Path) -> None:
    """The age limit of P1 and P2 in one merged cell read as a limit of P1, and none of P2."""

    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"].merge_cells(start_row=2, end_row=3, start_column=13, end_column=13)

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    (fault,) = bank.faults
    assert (fault.row, fault.column, fault.row_id) == (3, HEADINGS[12], "P2")
    assert "merged with one above" in fault.problem and fault.remedy == "Unmerge, and fill in each row."
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 30
    assert account(bank) == {"used": 2, "rejected": 1}


def test_fault_workbook_merged_hours_count_once(tmp_path: Path) -> None:
    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"].merge_cells(f"{cell('hours', 2)}:{cell('hours', 4)}")

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    assert [(fault.row, fault.column) for fault in bank.faults] == [(3, "hours"), (4, "hours")]
    assert bank.pledges[PledgeFrame.hours].tolist() == [40]


@pytest.mark.parametrize("label", ["Total", "TOTALS:", "Grand total", "Sub-total"])
def test_fault_workbook_total_rows_are_not_hours(tmp_path: Path, label: str) -> None:
    tables = changed("pledges", 2)
    tables["pledges"].append([label, *[""] * 3, "82.5", *[""] * 9])
    bank = load_bank(write_book(tmp_path / "bank.xlsx", tables), CONTEXT)
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == HOURS
    assert account(bank) == {"used": 3, "not_used": 1}
    assert any("row of totals" in note for note in bank.notes)


@pytest.mark.parametrize("words", ["Total hours", "Sum"])
def test_fault_workbook_total_rows_in_other_words_are_told_and_not_counted(tmp_path: Path, words: str) -> None:
    tables = changed("pledges", 2)
    tables["pledges"].append(["", *[""] * 3, "82.5", *[""] * 8, words])
    bank = load_bank(write_book(tmp_path / "bank.xlsx", tables), CONTEXT)
    assert {fault.row for fault in bank.faults} == {5}
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS and account(bank) == {"used": 3, "rejected": 1}


def test_fault_workbook_hidden_sheet_is_told(tmp_path: Path) -> None:
    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"].sheet_state = "hidden"

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    assert "bank.xlsx: the sheet pledges is hidden in the workbook, and was read." in bank.notes
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS


def test_fault_workbook_hidden_rows_are_told(tmp_path: Path) -> None:
    """A pledge that was filtered away is read; the planner must know that the operator may not have seen it."""

    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"].row_dimensions[3].hidden = True

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    said = "bank.xlsx: sheet pledges: rows that the workbook hides, and that were read like the others: 3."
    assert said in bank.notes and bank.pledges[PledgeFrame.hours].sum() == HOURS


def test_fault_workbook_duplicate_headers_are_refused(tmp_path: Path) -> None:
    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"][cell("times", 1)] = "hours"

    with pytest.raises(DataError, match="sheet pledges, row 1, column hours: the heading stands over more than one"):
        load_bank(edited(tmp_path, edit), CONTEXT)


@pytest.mark.parametrize("column", ["hours", "end_date", "times"])
def test_fault_workbook_formula_without_a_stored_value_is_not_blank(tmp_path: Path, column: str) -> None:
    """Programs other than Excel write a formula without its value; a blank `end_date` would say "no end"."""

    def edit(book: openpyxl.Workbook) -> None:
        book["pledges"][cell(column, 2)] = "=A2&B2"

    bank = load_bank(edited(tmp_path, edit), CONTEXT)
    (fault,) = bank.faults
    assert (fault.row, fault.column, fault.row_id) == (2, column, "P1")
    assert "its value was never stored" in fault.problem and "Open the workbook in Excel" in fault.remedy
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40 and account(bank) == {"used": 2, "rejected": 1}


def test_fault_workbook_formula_with_an_empty_text_is_blank(tmp_path: Path) -> None:
    path = write_book(tmp_path / "bank.xlsx", TABLES)
    with xlsxwriter.Workbook(path) as book:
        for name, rows in TABLES.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name == "pledges":
                sheet.write_formula(cell("times", 2), '=""', None, "")
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    place = cell("times", 2).encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, part in parts.items():
            # As Excel writes it, which says that the value is a text.
            book.writestr(name, part.replace(b'<c r="' + place + b'"><f>', b'<c r="' + place + b'" t="str"><f>'))
    assert load_bank(path, CONTEXT).faults == ()


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!"])
def test_fault_workbook_error_cells_are_told(tmp_path: Path, error: str) -> None:
    path = tmp_path / "bank.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in TABLES.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name == "pledges":
                sheet.write_formula(cell("end_date", 3), "=X1", None, error)
    bank = load_bank(path, CONTEXT)
    assert [(fault.row, fault.column, fault.value) for fault in bank.faults] == [(3, "end_date", error)]
    assert "spreadsheet error" in bank.faults[0].problem
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 30


def test_fault_workbook_error_cells_in_an_official_sheet_are_told(tmp_path: Path) -> None:
    path = tmp_path / "File_1_IoD2025.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("IMD25")
        sheet.write_row(0, 0, IMD_HEADINGS)
        sheet.write_row(1, 0, ["E01000001", "A", 7, 1])
        sheet.write_row(2, 0, ["E01000002", "A", 8, 1])
        sheet.write_formula("C3", "=X1", None, "#N/A")
    loaded = load_lsoa_deprivation(path)
    assert [(fault.row, fault.value) for fault in loaded.faults] == [(3, "#N/A")]
    assert count_rows(loaded) == 2 and len(loaded.frame) == 1


def test_fault_workbook_1904_dates_are_the_days_they_show(tmp_path: Path) -> None:
    for folder, options in ((tmp_path / "1900", {}), (tmp_path / "1904", {"date_1904": True})):
        folder.mkdir()
        with xlsxwriter.Workbook(folder / "bank.xlsx", options) as book:
            shown = book.add_format({"num_format": "dd/mm/yyyy"})
            for name, rows in TABLES.items():
                sheet = book.add_worksheet(name)
                for number, row in enumerate(rows):
                    sheet.write_row(number, 0, row)
                if name == "pledges":
                    sheet.write_datetime(cell("start_date", 2), dt.datetime(2026, 5, 4), shown)
    old, new = (load_bank(tmp_path / kind / "bank.xlsx", CONTEXT) for kind in ("1900", "1904"))
    assert new.faults == old.faults == ()
    assert new.pledges[PledgeFrame.start_date].iloc[0] == pd.Timestamp(2026, 5, 4)
    assert new.pledges.equals(old.pledges)


def test_fault_workbook_macros_are_not_run_and_change_nothing(tmp_path: Path) -> None:
    plain = write_book(tmp_path / "bank.xlsx", TABLES)
    macros = tmp_path / "bank.xlsm"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(macros, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "[Content_Types].xml":
                text = text.replace(b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main")
                text = text.replace(b"</Types>", b'<Default Extension="bin" ContentType="application/'
                                                 b'vnd.ms-office.vbaProject"/></Types>')  # fmt: skip
            new.writestr(name, text)
        new.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub Workbook_Open()")
    bank = load_bank(macros, CONTEXT)
    assert bank.faults == () and bank.pledges.equals(load_bank(plain, CONTEXT).pledges)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_fault_workbook_truncated_is_refused(tmp_path: Path, kept: float) -> None:
    path = write_book(tmp_path / "bank.xlsx", TABLES)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(DataError, match=r"bank\.xlsx: the workbook is not whole.*again"):
        load_bank(path, CONTEXT)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"pledge_id,hours\nP1,40\n", "not the workbook its name says"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "this is a web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook, or one protected by a password"),
        (b"%PDF-1.7", "not the workbook its name says"),
        (b"", "the file is empty"),
    ],
)
def test_fault_workbook_of_the_wrong_type_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "bank.xlsx"
    path.write_bytes(data)
    with pytest.raises(DataError, match=told) as caught:
        load_bank(path, CONTEXT)
    assert caught.value.faults[0].source == "bank.xlsx"


def test_fault_workbook_named_as_a_csv_is_refused(tmp_path: Path) -> None:
    book = io.BytesIO(write_book(tmp_path / "bank.xlsx", TABLES).read_bytes())
    folder = write_folder(tmp_path / "bank", TABLES)
    (folder / "pledges.csv").write_bytes(book.getvalue())
    with pytest.raises(DataError, match=r"pledges\.csv: this is a zip file or a workbook, not a CSV"):
        load_bank(folder, CONTEXT)
    with pytest.raises(DataError, match="not a CSV"):
        load_registers(OFFICIAL["qof"].write_bytes(tmp_path, book.getvalue()))


def test_fault_workbook_ids_as_numbers_meet_those_written_as_text(tmp_path: Path) -> None:
    """An id that Excel keeps as the number 12 is the id `12`; a shown `007` is kept as 7, and told where it fails."""

    def named(text: str) -> dict[str, list[list[str]]]:
        pledges = changed("pledges", 2, facility_id=text)["pledges"]
        return changed("facilities", 2, facility_id=text) | {"pledges": pledges}

    def as_number(book: openpyxl.Workbook) -> None:
        book["facilities"]["A2"] = 12

    assert load_bank(edited(tmp_path, as_number, named("12")), CONTEXT).faults == ()

    def shown_as(book: openpyxl.Workbook) -> None:
        book["facilities"]["A2"] = 7
        book["facilities"]["A2"].number_format = "000"

    bank = load_bank(edited(tmp_path, shown_as, named("007")), CONTEXT)
    assert [(fault.sheet, fault.row, fault.value) for fault in bank.faults] == [("pledges", 2, "007")]
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40
