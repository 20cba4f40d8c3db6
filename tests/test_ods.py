"""ODS records of PCNs and memberships: workbook and headless reports give the same table."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from geomap.errors import DataError
from geomap.load._read import read_sheet
from geomap.load.ods import load_memberships, load_pcn_records
from geomap.load.registrations import load_practices
from geomap.schema import AccountingFrame, MembershipFrame, PcnRecordFrame, PracticeFrame

RECORD_HEADINGS = [
    "PCN Code", "PCN Name", "Current Sub ICB Loc Code", "Sub ICB Location", "Open Date", "Close Date",
    "Address Line 1", "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode",
]  # fmt: skip
MEMBER_HEADINGS = [
    "Partner\nOrganisation\nCode", "Partner\nName", "Practice\nParent\nSub ICB Loc Code",
    "Practice\nParent\nSub ICB Loc Name", "PCN Code", "PCN Name", "PCN Parent\nSub ICB Loc Code",
    "PCN Parent\nSub ICB Loc Name", "Practice to PCN\nRelationship\nStart Date",
    "Practice to PCN\nRelationship\nEnd Date", "Practice Sub ICB Loc and PCN Sub ICB Loc Match ",
]  # fmt: skip


def record(code: str, opened: str, closed: str = "") -> list[str]:
    return [code, "A PCN", "26A", "Sub", opened, closed, "1", "Road", "", "Town", "", "NR18 0AF"]


def member(practice: str, pcn: str, start: str, end: str = "", place: str = "16C") -> list[str]:
    return [practice, "A", "16C", "Sub", pcn, "A PCN", place, "Sub", start, end, "TRUE"]


def write_report(folder: Path, rows: list[list[str]], headings: list[str] | None = None) -> Path:
    path = folder / "report.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(([headings] if headings else []) + rows)
    return path


def write_book(folder: Path, sheet: str, headings: list[str], rows: list[list[str]]) -> Path:
    path = folder / "ePCN.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate([headings, *rows]):
            page.write_row(number, 0, row)
    return path


def test_workbook_and_report_with_and_without_headings_agree(tmp_path):
    records = [record("U00000", "20240401"), record("U00070", "20191001", "20240630")]
    members = [member("A81001", "U00000", "20240401"), member("A81002", "U00070", "20191001", "20240630", "26A")]
    for load, sheet, headings, rows in (
        (load_pcn_records, "PCNDetails", RECORD_HEADINGS, records),
        (load_memberships, "PCN Core Partner Details", MEMBER_HEADINGS, members),
    ):
        book = load(write_book(tmp_path, sheet, headings, rows))
        bare = load(write_report(tmp_path, rows))
        headed = load(write_report(tmp_path, rows, headings))
        pd.testing.assert_frame_equal(book.frame, bare.frame)
        pd.testing.assert_frame_equal(book.frame, headed.frame)
        assert bare.accounting[AccountingFrame.row].tolist() == [1], "without headings the first record is row 1"
        assert headed.accounting[AccountingFrame.row].tolist() == [2]
        assert book.notes == bare.notes == headed.notes
    assert any("of different sub-ICBs: 1;" in note for note in book.notes)


def test_dates_that_do_not_hold_are_faults(tmp_path):
    rows = [
        record("U00001", "20240401"),
        record("U00002", "20241301"),
        record("U00003", ""),
        record("U00004", "20240401", "20230401"),
        record("U00005", "20240401", "soon"),
    ]
    loaded = load_pcn_records(write_report(tmp_path, rows))
    assert loaded.frame[PcnRecordFrame.pcn_code].tolist() == ["U00001"]
    assert [(fault.row, fault.column, fault.row_id) for fault in loaded.faults] == [
        (2, "Open Date", "U00002"),
        (3, "Open Date", "U00003"),
        (4, "Close Date", "U00004"),
        (5, "Close Date", "U00005"),
    ]
    assert loaded.accounting[AccountingFrame.rows].sum() == 5


def test_a_pcn_twice_is_a_fault_and_a_second_spell_is_not(tmp_path):
    records = [record("U00001", "20240401"), record("U00002", "20240401"), record("U00002", "20200401")]
    assert [fault.row for fault in load_pcn_records(write_report(tmp_path, records)).faults] == [2, 3]
    spells = [member("A81001", "U00001", "20200401", "20210401"), member("A81001", "U00001", "20220401")]
    loaded = load_memberships(write_report(tmp_path, spells))
    assert loaded.faults == () and len(loaded.frame) == 2


def test_the_other_report_is_refused(tmp_path):
    members = [member("A81001", "U00000", "20240401")] * 12
    with pytest.raises(DataError, match="column 1 does not hold PCN codes.*report epcn "):
        load_pcn_records(write_report(tmp_path, members))
    with pytest.raises(DataError, match="more cells than the 11 headings"):
        load_memberships(write_report(tmp_path, [record(f"U000{n}", "20240401") for n in range(10, 30)]))
    with pytest.raises(DataError, match="sheet PCNDetails.*not in the workbook"):
        load_pcn_records(write_book(tmp_path, "IMD25", ["a", "b"], []))


def test_the_real_workbook(real_data):
    path = real_data / "nhs_ods/ePCN.xlsx"
    records, members = load_pcn_records(path), load_memberships(path)
    assert (len(records.frame), records.frame[PcnRecordFrame.close_date].isna().sum()) == (1_366, 1_285)
    assert (len(members.frame), members.frame[MembershipFrame.end_date].isna().sum()) == (7_705, 6_224)
    assert records.faults == members.faults == ()
    assert records.accounting[AccountingFrame.rows].sum() == 1_366
    assert members.accounting[AccountingFrame.rows].sum() == 7_705
    assert any("of different sub-ICBs: 136;" in note for note in members.notes)
    current = members.frame[members.frame[MembershipFrame.end_date].isna()]
    assert not current[MembershipFrame.practice_code].duplicated().any(), "a practice is in one PCN at a time"
    practices = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip").frame
    pcns = practices[PracticeFrame.pcn_code].dropna().drop_duplicates()
    assert round(pcns.isin(records.frame[PcnRecordFrame.pcn_code]).mean(), 3) == 0.981


def test_the_real_sheets_as_headless_reports(real_data, tmp_path):
    path = real_data / "nhs_ods/ePCN.xlsx"
    for load, sheet in ((load_pcn_records, "PCNDetails"), (load_memberships, "PCN Core Partner Details")):
        rows = read_sheet(path, sheet=sheet).frame.to_numpy().tolist()
        pd.testing.assert_frame_equal(load(write_report(tmp_path, rows)).frame, load(path).frame)


def test_epraccur_is_refused(real_data):
    for load in (load_pcn_records, load_memberships):
        with pytest.raises(DataError, match="15,971 of its 15,971 rows have more cells"):
            load(real_data / "nhs_ods/epraccur.csv")
