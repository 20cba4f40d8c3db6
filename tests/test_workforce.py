"""Link workers: full-time equivalents are summed, persons are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from geomap.errors import DataError, SchemaError
from geomap.load._read import read_csv
from geomap.load.registrations import load_practices
from geomap.load.workforce import load_workforce
from geomap.schema import AccountingFrame, PracticeFrame, WorkforceFrame

HEADING = "Data_source,CENSUS_YEAR,CENSUS_MONTH,PCN_CODE,PCN_NAME,DETAILED_STAFF_ROLE,FTE,UNIQUE_IDENTIFIER\n"
LINK_WORKER = "Social Prescribing Link Worker"


def write(folder: Path, *people: tuple[str, str, str]) -> Path:
    rows = [
        f'NWRS Staff,2026,6,{pcn},"A, B PCN",{role},{fte},{900_001 + n}' for n, (pcn, role, fte) in enumerate(people)
    ]
    path = folder / "people.csv"
    path.write_text("\ufeff" + HEADING + "\n".join(rows), encoding="utf-8")
    return path


def test_fte_is_summed_not_counted(tmp_path):
    loaded = load_workforce(
        write(
            tmp_path,
            ("U00002", LINK_WORKER, "0.5"),
            ("U00001", LINK_WORKER, "1"),
            ("U00002", LINK_WORKER, "0.25"),
            ("U00003", "Care Coordinator", "1"),
            ("U00001", f"{LINK_WORKER} (Mental Health Practitioner - Adult)", "1"),
        )
    )
    assert loaded.frame.to_numpy().tolist() == [["U00001", 1.0], ["U00002", 0.75]]
    assert loaded.vintage == "June 2026"
    assert loaded.accounting[AccountingFrame.rows].tolist() == [3, 2]
    assert any("mental health practitioners" in note for note in loaded.notes)


def test_bad_rows_are_told_as_a_group_without_anyone_in_it(tmp_path):
    people = [("U00002", LINK_WORKER, "1"), ("U00001", LINK_WORKER, "0.777x"), ("", LINK_WORKER, "0.31")]
    loaded = load_workforce(write(tmp_path, *people))
    (fault,) = loaded.faults
    assert "2 rows of link workers" in fault.problem
    assert (fault.row, fault.value, fault.row_id) == (None, "", "")
    assert loaded.accounting[AccountingFrame.rows].tolist() == [1, 2]
    shown = loaded.accounting.to_csv() + str(fault) + " ".join(loaded.notes) + loaded.frame.to_csv()
    assert "90000" not in shown and "0.777" not in shown and "0.31" not in shown
    assert set(loaded.accounting[AccountingFrame.row]) == {2}, "no row number of a person"


def test_nobody_in_the_role_and_another_file(tmp_path):
    with pytest.raises(DataError, match="nobody in it has the role Social Prescribing Link Worker"):
        load_workforce(write(tmp_path, ("U00001", "Care Coordinator", "1")))
    other = tmp_path / "other.csv"
    other.write_text("PCN_CODE,FTE\nU00001,1\n")
    with pytest.raises(SchemaError, match="Give the individual-level CSV") as error:
        load_workforce(other)
    assert {fault.column for fault in error.value.faults} == {"DETAILED_STAFF_ROLE", "CENSUS_YEAR", "CENSUS_MONTH"}


def test_june_2026(real_data):
    path = real_data / "nhs_pcn_workforce_2026-06/PCNWFIndividualCSV.062026.zip"
    loaded = load_workforce(path)
    assert f"{loaded.frame[WorkforceFrame.link_worker_fte].sum():,.2f}" == "2,642.40"
    assert len(loaded.frame) == 1_064
    assert loaded.vintage == "June 2026"
    assert loaded.faults == ()
    accounting = loaded.accounting.set_index(AccountingFrame.status)[AccountingFrame.rows].to_dict()
    assert accounting == {"used": 3_084, "not_used": 36_856}
    raw = read_csv(path, member="*individual level.csv")
    assert len(raw.frame) == 39_940
    shown = loaded.accounting.to_csv() + " ".join(loaded.notes)
    assert not [person for person in raw.frame["UNIQUE_IDENTIFIER"].unique() if len(person) > 5 and person in shown]
    practices = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip").frame
    pcns = set(practices[PracticeFrame.pcn_code].dropna())
    reported = set(loaded.frame[WorkforceFrame.pcn_code])
    assert reported <= pcns
    assert len(pcns - reported) == 234
