"""Text files as they come: every encoding, separator and stray mark, in each official file and in the bank."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank_tables import CONTEXT, TABLES, changed, write_folder
from official_files import OFFICIAL, Official, count_rows

from geomap.errors import DataError, Repair
from geomap.load.bank import Bank, load_bank
from geomap.load.registrations import load_practices
from geomap.schema import AccountingFrame, FacilityFrame, PledgeFrame, PracticeFrame

EVERY = pytest.mark.parametrize("official", OFFICIAL.values(), ids=OFFICIAL)
BANK_HOURS = 82.5


def bank_text(table: str, tables: dict[str, list[list[str]]] = TABLES, delimiter: str = ",") -> str:
    quoted = ([f'"{cell}"' if delimiter in cell or "\n" in cell else cell for cell in row] for row in tables[table])
    return "".join(delimiter.join(row) + "\r\n" for row in quoted)


def load_with(folder: Path, table: str, data: bytes) -> Bank:
    write_folder(folder / "bank", TABLES)
    (folder / "bank" / f"{table}.csv").write_bytes(data)
    return load_bank(folder / "bank", CONTEXT)


def assert_all_hours(bank: Bank) -> None:
    assert bank.faults == ()
    assert bank.pledges[PledgeFrame.hours].sum() == BANK_HOURS
    assert len(bank.rows) == 9, "every row of the four tables is used"


def decoded(bank: Bank) -> list[Repair]:
    return [repair for repair in bank.repairs if "UTF-8" in repair.reason]


def assert_all_rows(official: Official, path: Path) -> None:
    loaded = official.load(path)
    assert loaded.faults == ()
    assert count_rows(loaded) == len(official.rows) - 1
    assert loaded.frame.equals(official.load(official.write(path if path.is_dir() else path.parent)).frame)


@EVERY
def test_fault_text_cp1252_in_official_files_is_read_and_told(tmp_path: Path, official: Official) -> None:
    path = official.write_bytes(tmp_path, official.as_text(official.changed(3, text="Café – x")).encode("cp1252"))
    loaded = official.load(path)
    assert loaded.faults == () and count_rows(loaded) == len(official.rows) - 1
    assert any("not UTF-8 and was read as Windows text (cp1252)" in note for note in loaded.notes)
    (repair,) = loaded.repairs
    person = official.name == "individual level.csv"
    assert (repair.source, repair.row) == (official.name, 2 if person else 3)
    assert person or "Café – x" in repair.taken


def test_fault_text_cp1252_keeps_accents(tmp_path: Path) -> None:
    official = OFFICIAL["practice_map"]
    path = official.write_bytes(tmp_path, official.as_text(official.changed(3, text="Café – x")).encode("cp1252"))
    assert load_practices(path).frame[PracticeFrame.practice_name].iloc[1] == "Café – x"


def test_fault_text_cp1252_in_the_bank_is_read_and_told(tmp_path: Path) -> None:
    text = bank_text("facilities").replace("One", "Café – x")
    bank = load_with(tmp_path, "facilities", text.encode("cp1252"))
    assert_all_hours(bank)
    assert bank.facilities[FacilityFrame.facility_name].tolist() == ["Café – x", "Two"]
    (repair,) = decoded(bank)
    assert (repair.source, repair.row, repair.cells) == ("facilities.csv", 2, 1)
    assert "cp1252" in repair.reason and "Café" in repair.taken and "\\xe9" in repair.value


def test_fault_text_cp1252_line_among_utf8_does_not_spoil_the_others(tmp_path: Path) -> None:
    """One row pasted from another program made `Café` of every other row into `CafÃ©`, in silence."""
    text = bank_text("facilities").replace("One", "Café").replace("Two", "@").encode().replace(b"@", b"Caf\xe9")
    bank = load_with(tmp_path, "facilities", text)
    assert_all_hours(bank)
    assert bank.facilities[FacilityFrame.facility_name].tolist() == ["Café", "Café"]
    assert [repair.row for repair in decoded(bank)] == [3]


def test_fault_text_bytes_of_no_encoding_are_told_as_lost(tmp_path: Path) -> None:
    bank = load_with(tmp_path, "facilities", bank_text("facilities").encode().replace(b"Two", b"Tw\x81"))
    assert_all_hours(bank)
    assert "1 characters are neither, and lost" in decoded(bank)[0].reason


@EVERY
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_fault_text_bom_and_utf16_in_official_files_change_nothing(
    tmp_path: Path, official: Official, encoding: str
) -> None:
    assert_all_rows(official, official.write_bytes(tmp_path, official.as_text().encode(encoding)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_fault_text_bom_and_utf16_in_the_bank_change_nothing(tmp_path: Path, encoding: str) -> None:
    assert_all_hours(load_with(tmp_path, "pledges", bank_text("pledges").encode(encoding)))


@pytest.mark.parametrize("data", [bank_text("pledges").encode("utf-16-le"), bank_text("pledges").encode("utf-16")[:-1]])
def test_fault_text_utf16_that_is_broken_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match=r"pledges\.csv: this is not a text file.*save the sheet as CSV"):
        load_with(tmp_path, "pledges", data)


@EVERY
def test_fault_text_semicolon_in_official_files_changes_nothing(tmp_path: Path, official: Official) -> None:
    assert_all_rows(official, official.write_bytes(tmp_path, official.as_text(delimiter=";").encode()))


def test_fault_text_semicolon_in_the_bank_changes_nothing(tmp_path: Path) -> None:
    assert_all_hours(load_with(tmp_path, "pledges", bank_text("pledges", delimiter=";").encode()))


def test_fault_text_semicolon_with_decimal_commas_is_never_a_thousand(tmp_path: Path) -> None:
    """12,5 is not 125: it is told as no number."""
    text = bank_text("pledges", delimiter=";").replace("12.5", "12,5")
    bank = load_with(tmp_path, "pledges", text.encode())
    assert [(fault.row, fault.column, fault.value) for fault in bank.faults] == [(4, "hours", "12,5")]
    assert bank.pledges[PledgeFrame.hours].sum() == BANK_HOURS - 12.5


@EVERY
def test_fault_text_extra_cells_in_official_files_never_shift_in_silence(tmp_path: Path, official: Official) -> None:
    rows = [list(row) for row in official.rows]
    rows[2] = [*rows[2][:1], "extra", *rows[2][1:-1], "z"]
    with pytest.raises(DataError) as caught:
        official.load(official.write(tmp_path, rows))
    (fault,) = caught.value.faults
    assert (fault.row, fault.value) == (3, "z") and "cells under" in fault.problem
    assert "quotation marks round a cell that holds a comma" in fault.remedy


def test_fault_text_extra_cells_in_the_bank_stop_the_load(tmp_path: Path) -> None:
    text = bank_text("pledges").replace("Dance leader", "Dance, leader")
    with pytest.raises(DataError, match=r"pledges\.csv, row 3: the row has 15 cells under 14 headings"):
        load_with(tmp_path, "pledges", text.encode())


def test_fault_text_extra_cells_within_the_headings_reject_the_row(tmp_path: Path) -> None:
    """An unquoted `1,200` shifts what follows into blank cells at the end; the row is told, and its hours not 1."""
    text = bank_text("pledges").replace("P1,F1,,dance,40", "P1,F1,,dance,1,200")
    bank = load_with(tmp_path, "pledges", text.encode())
    assert {fault.row for fault in bank.faults} == {2}
    assert bank.pledges[PledgeFrame.hours].sum() == BANK_HOURS - 40
    assert bank.accounting[AccountingFrame.row].tolist() == [2]


@EVERY
def test_fault_text_open_quote_in_official_files_is_named_by_its_row(tmp_path: Path, official: Official) -> None:
    text = official.as_text(official.changed(2, text="QQ")).replace("QQ", '"QQ')
    with pytest.raises(DataError, match="row 2: a quotation mark is opened in this row and never closed"):
        official.load(official.write_bytes(tmp_path, text.encode()))


@EVERY
def test_fault_text_open_quote_that_takes_in_rows_is_named(tmp_path: Path, official: Official) -> None:
    """The next quotation mark closed it two rows below: a row less, and nothing said."""
    rows = official.changed(2, text="QQ")
    rows[3][rows[0].index(official.text)] = "ZZ"
    text = official.as_text(rows).replace("QQ", '"QQ').replace("ZZ", 'ZZ"')
    with pytest.raises(DataError, match="row 2: a quotation mark opened in this row takes in .* the rows below"):
        official.load(official.write_bytes(tmp_path, text.encode()))


def test_fault_text_open_quote_in_the_bank_loses_no_pledge(tmp_path: Path) -> None:
    text = bank_text("pledges").replace("weekend,\r\n", 'weekend,"Leader\r\n').replace("Dance leader", '"Dance leader"')
    with pytest.raises(DataError, match=r"pledges\.csv, row 2: a quotation mark opened .* takes in"):
        load_with(tmp_path, "pledges", text.encode())


@EVERY
def test_fault_text_line_breaks_in_cells_of_official_files_keep_rows(tmp_path: Path, official: Official) -> None:
    loaded = official.load(official.write(tmp_path, official.changed(2, text="one\nline, and two")))
    assert loaded.faults == () and count_rows(loaded) == len(official.rows) - 1


def test_fault_text_line_breaks_in_cells_of_the_bank_keep_rows(tmp_path: Path) -> None:
    tables = changed("facilities", 2, facility_name="One\nof two, by the river", facility_id="F1\n")
    bank = load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    assert_all_hours(bank)
    assert bank.facilities[FacilityFrame.facility_name].iloc[0] == "One\nof two, by the river"


def test_fault_text_titles_above_the_headings_are_passed_over_and_told(tmp_path: Path) -> None:
    titles = "Our pledges 2026,,,\r\n\r\nsep=,\r\n"
    bank = load_with(tmp_path, "pledges", (titles + bank_text("pledges").replace("40", "forty")).encode())
    assert [fault.row for fault in bank.faults] == [5], "rows count from the top of the file"
    assert "pledges.csv: rows 1 to 3, above the headings, passed over as titles." in bank.notes
    assert bank.pledges[PledgeFrame.hours].sum() == BANK_HOURS - 40


def test_fault_text_duplicate_headings_in_the_bank_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column hours: the heading stands over more than one column"):
        load_with(tmp_path, "pledges", bank_text("pledges").replace("times", "hours").encode())


@EVERY
def test_fault_text_cut_short_in_official_files_is_told(tmp_path: Path, official: Official) -> None:
    """Cut inside its last row: that row is told, or accounted for as one that gives no figure."""
    text = official.as_text()
    cut = text[: text.rstrip().rindex("\n") + 4]
    loaded = official.load(official.write_bytes(tmp_path, cut.encode()))
    assert count_rows(loaded) == len(official.rows) - 1
    assert count_rows(loaded, "used") < count_rows(official.load(official.write(tmp_path)), "used")
