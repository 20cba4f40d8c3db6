"""Deprivation: practices by score, LSOAs by rank, and the two censuses kept apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from geomap.errors import DataError, SchemaError
from geomap.load.deprivation import load_lsoa_deprivation, load_practice_deprivation
from geomap.load.registrations import load_practices
from geomap.schema import AccountingFrame, LsoaDeprivationFrame, PracticeDeprivationFrame, PracticeFrame

EXPORT_HEADING = (
    '\ufeff"Indicator ID","Indicator Name","Parent Code","Parent Name","Area Code","AreaName","Area Type","Sex","Age",'
    '"Category Type","Category","Time period","Value","Time period Sortable"\n'
)
LSOA_HEADINGS = [
    "LSOA code (2021)",
    "LSOA name (2021)",
    "Local Authority District code (2024)",
    "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOA",
]


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def export_row(code: str, kind: str, value: str, period: str = "2025", name: str = "Deprivation score (IMD)") -> str:
    cells = ("94240", name, "E92000001", "England", code, "A name", kind, "Persons", "All ages", "", "", period, value)
    return ",".join(f'"{cell}"' for cell in (*cells, f"{period}0000")) + "\n"


def write_lsoas(folder: Path, rows: list[list[object]], sheet: str = "IMD25", headings=LSOA_HEADINGS) -> Path:
    path = folder / "File_1.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Notes")
        page = book.add_worksheet(sheet)
        for number, row in enumerate([headings, *rows]):
            page.write_row(number, 0, row)
    return path


class TestPractices:
    def test_the_trimmed_layout(self, tmp_path):
        heading = "PRACTICE_CODE,PRACTICE_NAME,IMD_YEAR,IMD_SCORE\n"
        text = heading + "a81001,NA,2025,33.519\nA81002,B,2025,*\nA81003,C,2025,x1\n"
        loaded = load_practice_deprivation(write(tmp_path, text))
        assert loaded.frame.to_numpy().tolist() == [["A81001", 33.519]]
        assert loaded.vintage == "IMD 2025"
        assert [(fault.row, fault.column, fault.value) for fault in loaded.faults] == [(4, "IMD_SCORE", "x1")]
        assert loaded.accounting[AccountingFrame.status].tolist() == ["used", "not_used", "rejected"]
        assert "Rows that give no score: 1; it is unknown, not 0." in loaded.notes

    def test_the_official_export(self, tmp_path):
        text = EXPORT_HEADING + "".join(
            [
                export_row("E92000001", "England", "21.7"),
                export_row("U89141", "PCNs (v. 26/04/24)", ""),
                export_row("A81001", "GPs", "30.1", period="2019"),
                export_row("A81001", "GPs", "33.5"),
                export_row("A81002", "GPs", "12"),
                export_row("A81002", "GPs", "99", name="Smoking prevalence"),
            ]
        )
        loaded = load_practice_deprivation(write(tmp_path, text))
        assert loaded.frame.to_numpy().tolist() == [["A81001", 33.5], ["A81002", 12.0]]
        told = loaded.accounting.set_index(AccountingFrame.reason)[AccountingFrame.rows].to_dict()
        assert told == {
            "another kind of area: England": 1,
            "another kind of area: PCNs (v. 26/04/24)": 1,
            "an older period: 2019": 1,
            "": 2,
            "another indicator": 1,
        }
        assert loaded.vintage == "IMD 2025"

    def test_another_indicator_is_refused(self, tmp_path):
        text = EXPORT_HEADING + export_row("A81001", "GPs", "20", name="Smoking prevalence")
        with pytest.raises(DataError, match="of another indicator .value: 'Smoking prevalence'.*GP practices"):
            load_practice_deprivation(write(tmp_path, text))

    def test_a_score_out_of_range_is_a_fault(self, tmp_path):
        text = "PRACTICE_CODE,IMD_YEAR,IMD_SCORE\nA81001,2025,101\nA81002,2025,-2\nA81003,2025,7\n"
        loaded = load_practice_deprivation(write(tmp_path, text))
        assert [(fault.row, fault.column) for fault in loaded.faults] == [(2, "IMD_SCORE"), (3, "IMD_SCORE")]
        assert loaded.frame[PracticeDeprivationFrame.practice_code].tolist() == ["A81003"]

    def test_the_real_trimmed_file(self, real_data):
        loaded = load_practice_deprivation(
            real_data / "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv"
        )
        scores = loaded.frame[PracticeDeprivationFrame.imd_score]
        assert (len(scores), round(scores.min(), 1), round(scores.max(), 1)) == (6_143, 3.9, 65.4)
        assert loaded.faults == () and loaded.vintage == "IMD 2025"
        practices = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip").frame
        covered = practices[PracticeFrame.practice_code].isin(loaded.frame[PracticeDeprivationFrame.practice_code])
        assert round(covered.mean(), 3) == 0.994

    def test_a_real_export_of_another_topic_is_refused(self, real_data):
        with pytest.raises(DataError, match="of another indicator"):
            load_practice_deprivation(real_data / "fingertips_export_format/Map.csv")


class TestLsoas:
    def test_the_sheet_is_found_by_name_and_headings_by_how_they_begin(self, tmp_path):
        loaded = load_lsoa_deprivation(write_lsoas(tmp_path, [["E01000001", "A", "E0", 2.0, 1.0]]))
        assert loaded.frame.to_numpy().tolist() == [["E01000001", 2, 1, 2021]]
        assert loaded.vintage == "IMD 2025"

    def test_a_csv_so_headed(self, tmp_path):
        text = ",".join(f'"{heading}"' for heading in LSOA_HEADINGS) + "\nE01000001,A,E0,2,1\n"
        loaded = load_lsoa_deprivation(write(tmp_path, text, "File_7_IoD2025_All.csv"))
        assert loaded.vintage == "IMD 2025" and len(loaded.frame) == 1

    def test_bad_rows_are_faults(self, tmp_path):
        rows = [
            ["E01000001", "A", "E0", 2, 1],
            ["W01000001", "B", "W0", 3, 1],
            ["E01000003", "C", "E0", "q", 1],
            ["E01000004", "D", "E0", 4, 11],
            ["E01000005", "E", "E0", 5.5, 1],
        ]
        loaded = load_lsoa_deprivation(write_lsoas(tmp_path, rows))
        assert [fault.row for fault in loaded.faults] == [3, 4, 5, 6]
        assert all(fault.sheet == "IMD25" for fault in loaded.faults)
        assert loaded.accounting[AccountingFrame.rows].sum() == 5

    def test_wrong_workbooks_are_refused(self, tmp_path):
        with pytest.raises(DataError, match="no sheet IMD25 or IMD2019.*Notes; Other"):
            load_lsoa_deprivation(write_lsoas(tmp_path, [], sheet="Other"))
        with pytest.raises(SchemaError, match="Rank"):
            load_lsoa_deprivation(write_lsoas(tmp_path, [["E01000001", "x"]], headings=LSOA_HEADINGS[:2]))

    def test_a_heading_without_the_census_year_is_refused(self, tmp_path):
        headings = ["LSOA code", *LSOA_HEADINGS[1:]]
        with pytest.raises(DataError, match="LSOAs of 2011 or 2021"):
            load_lsoa_deprivation(write_lsoas(tmp_path, [["E01000001", "A", "E0", 1, 1]], headings=headings))

    @staticmethod
    def load_real(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        files = (
            ("imd2019/File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx", 32_844, 2011, "IMD 2019"),
            ("imd2025/File_1_IoD2025_Index_of_Multiple_Deprivation.xlsx", 33_755, 2021, "IMD 2025"),
        )
        frames = []
        for name, rows, census, vintage in files:
            loaded = load_lsoa_deprivation(folder / name)
            assert (len(loaded.frame), loaded.vintage, loaded.faults) == (rows, vintage, ())
            assert loaded.accounting[AccountingFrame.rows].sum() == rows
            assert (loaded.frame[LsoaDeprivationFrame.lsoa_vintage] == census).all()
            frames.append(loaded.frame)
        return frames[0], frames[1]

    def test_both_real_editions(self, real_data):
        old, new = self.load_real(real_data)
        for frame, shared in ((old, 26), (new, 0)):
            ranks = frame[LsoaDeprivationFrame.imd_rank]
            assert (ranks.min(), ranks.max(), ranks.duplicated().sum()) == (1, len(frame), shared)
            in_order = frame.sort_values(LsoaDeprivationFrame.imd_rank)[LsoaDeprivationFrame.imd_decile]
            assert in_order.is_monotonic_increasing and set(in_order) == set(range(1, 11)), "1 is most deprived"
        codes_old, codes_new = (set(frame[LsoaDeprivationFrame.lsoa_code]) for frame in (old, new))
        assert round(len(codes_new - codes_old) / len(codes_new), 3) == 0.058
        assert round(len(codes_old - codes_new) / len(codes_old), 3) == 0.031
