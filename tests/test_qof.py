"""QOF registers: each condition keeps its own denominator, and the year comes from the file's name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from geomap.errors import DataError, SchemaError
from geomap.load.qof import load_registers
from geomap.load.registrations import load_practices
from geomap.schema import AccountingFrame, PracticeFrame, RegisterFrame

HEADING = "PRACTICE_CODE,GROUP_CODE,REGISTER,PATIENT_LIST_TYPE,PRACTICE_LIST_SIZE\n"


def write(folder: Path, rows: str, name: str = "PREVALENCE_2425.csv") -> Path:
    path = folder / name
    path.write_text(HEADING + rows)
    return path


def test_a_register_keeps_its_own_denominator(tmp_path):
    loaded = load_registers(write(tmp_path, "A81001,AF,113.0,TOTAL,3904\nA81001,AST,324,06OV,3687\n"))
    assert loaded.frame.to_numpy().tolist() == [["A81001", "AF", 113, 3904], ["A81001", "AST", 324, 3687]]
    assert loaded.vintage == "2024-25"


@pytest.mark.parametrize("cell", ["q", "", "-1", "inf", "1e300"])
def test_a_register_that_is_no_count_is_a_fault_and_never_0(tmp_path, cell):
    loaded = load_registers(write(tmp_path, f"A81001,AF,{cell},TOTAL,3904\nA81002,AF,0,TOTAL,9\n"))
    (fault,) = loaded.faults
    assert (fault.row, fault.column, fault.value, fault.row_id) == (2, "REGISTER", cell, "A81001")
    assert loaded.frame[RegisterFrame.practice_code].tolist() == ["A81002"]
    assert loaded.accounting[AccountingFrame.status].tolist() == ["rejected", "used"]


def test_a_condition_given_twice(tmp_path):
    rows = "A81001,AF,1,TOTAL,9\nA81001,AF,1,TOTAL,9\nA81002,AF,1,TOTAL,9\nA81002,AF,2,TOTAL,9\n"
    loaded = load_registers(write(tmp_path, rows))
    assert len(loaded.frame) == 1
    assert [fault.row for fault in loaded.faults] == [4, 5]
    assert loaded.accounting[AccountingFrame.rows].sum() == 4


def test_a_condition_with_two_kinds_of_denominator_is_refused(tmp_path):
    with pytest.raises(DataError, match="condition DM has denominators of more than one kind.*17OV; TOTAL"):
        load_registers(write(tmp_path, "A81001,DM,1,17OV,9\nA81002,DM,1,TOTAL,9\n"))


def test_another_file_of_the_publication_is_refused(tmp_path):
    path = tmp_path / "MAPPING_INDICATORS_2021_v2.csv"
    path.write_text("INDICATOR_CODE,GROUP_CODE,PATIENT_LIST_TYPE\nAF001,AF,TOTAL\n")
    with pytest.raises(SchemaError, match="Give PREVALENCE_") as error:
        load_registers(path)
    assert len(error.value.faults) == 3


@pytest.mark.parametrize(
    ("name", "vintage"),
    [
        ("PREVALENCE_2021_v2.csv", "2020-21"),
        ("prevalence_2324.csv", "2023-24"),
        ("PREVALENCE_2019.csv", ""),
        ("q.csv", ""),
    ],
)
def test_the_year_is_read_from_the_name_and_never_guessed(tmp_path, name, vintage):
    loaded = load_registers(write(tmp_path, "A81001,AF,1,TOTAL,9\n", name))
    assert loaded.vintage == vintage
    assert any("year is not in the file's name" in note for note in loaded.notes) == (not vintage)


def test_the_publishers_zip(tmp_path):
    path = tmp_path / "QOF2425.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("MAPPING_NHS_GEOGRAPHIES_2425.csv", "a,b\n1,2\n")
        archive.writestr("raw/PREVALENCE_2425.csv", HEADING + "A81001,AF,1,TOTAL,9\n")
    assert load_registers(path).vintage == "2024-25"


@pytest.mark.parametrize(
    ("name", "rows", "practices", "conditions", "vintage"),
    [
        ("nhs_qof_2024-25/PREVALENCE_2425.csv", 129_948, 6_188, 21, "2024-25"),
        ("nhs_qof_2020-21/PREVALENCE_2021_v2.csv", 137_991, 6_571, 21, "2020-21"),
    ],
)
def test_real_years(real_data, name, rows, practices, conditions, vintage):
    loaded = load_registers(real_data / name)
    frame = loaded.frame
    assert loaded.vintage == vintage
    assert loaded.faults == ()
    assert len(frame) == rows == loaded.accounting[AccountingFrame.rows].sum()
    assert frame[RegisterFrame.practice_code].nunique() == practices
    assert frame[RegisterFrame.condition_code].nunique() == conditions
    assert "Registers larger than their own denominator: 1; used as published." in loaded.notes
    sizes = frame.set_index([RegisterFrame.practice_code, RegisterFrame.condition_code])[
        RegisterFrame.denominator_patients
    ].unstack()
    assert (sizes["OST"].sum() < sizes["DM"].sum() < sizes["AST"].sum() < sizes["AF"].sum()), "50+, 17+, 6+, all ages"


def test_nearly_all_practices_of_the_map_have_registers(real_data):
    registers = load_registers(real_data / "nhs_qof_2024-25/PREVALENCE_2425.csv").frame
    practices = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip").frame
    listed, mapped = set(registers[RegisterFrame.practice_code]), set(practices[PracticeFrame.practice_code])
    assert round(len(listed & mapped) / len(mapped), 3) == 0.997
    assert round(len(listed & mapped) / len(listed), 3) == 0.989
