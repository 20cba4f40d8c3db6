"""Values as people type them: a figure is read, or it is told; it is never another figure, and never 0 for unknown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bank_tables import CONTEXT, TABLES, changed, write_book, write_folder
from official_files import OFFICIAL, Official, count_rows, pcn_record

from geomap.load._text import MARKS
from geomap.load.bank import Bank, load_bank
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_lsoa_lists, load_practices
from geomap.load.workforce import load_workforce
from geomap.schema import (
    AccountingFrame,
    ListSizeFrame,
    LsoaListFrame,
    OperatorFrame,
    PledgeFrame,
    PracticeFrame,
    RegisterFrame,
    WorkforceFrame,
)

HOURS = 82.5
WITH_FIGURES = {name: official for name, official in OFFICIAL.items() if official.figure and name != "list_sizes"}
EVERY = pytest.mark.parametrize("official", WITH_FIGURES.values(), ids=WITH_FIGURES)
WRITERS = pytest.mark.parametrize("kind", ["csv", "workbook"])


def load(folder: Path, kind: str, tables: dict[str, list[list[str]]]) -> Bank:
    write = write_folder(folder / "bank", tables) if kind == "csv" else write_book(folder / "bank.xlsx", tables)
    return load_bank(write, CONTEXT)


def assert_p1_is_told(bank: Bank, column: str, *, problem: str, row: int = 2) -> None:
    """The one pledge has one fault, is accounted for as rejected, and the others keep their hours."""
    assert [(fault.row, fault.column, fault.row_id) for fault in bank.faults] == [(row, column, "P1")]
    assert problem in bank.faults[0].problem and bank.faults[0].remedy
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40
    assert bank.accounting[AccountingFrame.status].tolist() == ["rejected"]
    assert len(bank.rows) + len(bank.accounting) == 9


@WRITERS
@pytest.mark.parametrize(("text", "hours"), [("40", 40), (" 40\u00a0", 40), ("4e1", 40), ("+40.0", 40), ("-0", 0)])
def test_fault_value_numbers_as_text_are_numbers(tmp_path: Path, kind: str, text: str, hours: float) -> None:
    bank = load(tmp_path, kind, changed("pledges", 2, hours=text))
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].iloc[0] == hours
    assert str(bank.pledges[PledgeFrame.hours].iloc[0]) in ("40.0", "0.0"), "minus nought is nought"


@WRITERS
def test_fault_value_thousands_with_a_comma_are_read_with_a_line(tmp_path: Path, kind: str) -> None:
    bank = load(tmp_path, kind, changed("pledges", 2, hours="1,200"))
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == HOURS - 40 + 1200
    (repair,) = [repair for repair in bank.repairs if repair.column == "hours"]
    assert (repair.row, repair.value, repair.taken) == (2, "1,200", "1200")
    assert any("commas were read as thousands" in note for note in bank.notes)


@pytest.mark.parametrize("name", ["list_sizes", "lsoa_lists", "qof"])
def test_fault_value_thousands_with_a_comma_in_official_files_are_read_with_a_line(tmp_path: Path, name: str) -> None:
    official = OFFICIAL[name]
    loaded = official.load(official.write(tmp_path, official.changed(3, figure="1,200")))
    assert loaded.faults == () and count_rows(loaded) == len(official.rows) - 1
    assert [(repair.row, repair.value, repair.taken) for repair in loaded.repairs] == [(3, "1,200", "1200")]


def with_pledges(column: str, texts: list[str]) -> dict[str, list[list[str]]]:
    """The good bank and one more pledge for each text, with the text in one column; they stand from row 5 on."""
    tables = changed("pledges", 2)
    for number, text in enumerate(texts):
        row = list(tables["pledges"][1])
        row[0], row[tables["pledges"][0].index(column)] = f"X{number}", text
        tables["pledges"].append(row)
    return tables


def assert_each_is_told(bank: Bank, column: str, problems: dict[str, str]) -> None:
    """One fault for each text, and a row of the account; the hours of the good pledges alone are left."""
    told = [(fault.row, fault.column, fault.value) for fault in bank.faults]
    assert told == [(row, column, text.strip()) for row, text in enumerate(problems, 5)]
    for fault, problem in zip(bank.faults, problems.values(), strict=True):
        assert problem in fault.problem and fault.remedy
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS
    assert bank.accounting[AccountingFrame.status].tolist() == ["rejected"] * len(problems)
    assert len(bank.rows) == 9


@WRITERS
def test_fault_value_figures_of_another_kind_are_told_and_not_guessed(tmp_path: Path, kind: str) -> None:
    texts = ["1 200", "1.200,5", "12,5", "1,2000", "40 hrs", "£40", "１２", "٤٠", "1_000", "0x10", "NA", "None", "TRUE"]
    bank = load(tmp_path, kind, with_pledges("hours", texts))
    assert_each_is_told(bank, "hours", dict.fromkeys(texts, "not a number"))


@WRITERS
def test_fault_value_negative_nan_infinite_and_huge_hours_are_told(tmp_path: Path, kind: str) -> None:
    problems = {"-40": "out of range", "NaN": "not a number", "inf": "infinite", "-Infinity": "infinite",
                "1e999": "infinite", "2e9": "out of range", "1e300": "out of range"}  # fmt: skip
    assert_each_is_told(load(tmp_path, kind, with_pledges("hours", list(problems))), "hours", problems)


@WRITERS
def test_fault_value_blank_hours_are_told(tmp_path: Path, kind: str) -> None:
    bank = load(tmp_path, kind, changed("pledges", 2, hours=" "))
    assert_p1_is_told(bank, "hours", problem="the cell is empty")


@WRITERS
def test_fault_value_tiny_hours_stay_what_they_are(tmp_path: Path, kind: str) -> None:
    bank = load(tmp_path, kind, changed("pledges", 2, hours="1e-9"))
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].iloc[0] == 1e-9


NO_FIGURES = ["-1", "NaN", "inf", "-inf", "1e300", "12%", "1 200", "٣", "０", "q", "0x10", "1_0"]
MARKED = ["*", "c", "[c]", "-", "..", ":", "x", "[x]", "[low]", "[LOW]", " * "]


@EVERY
def test_fault_value_that_is_no_figure_in_official_files_is_told(tmp_path: Path, official: Official) -> None:
    loaded = official.load(official.write(tmp_path, official.with_figures(NO_FIGURES)))
    assert count_rows(loaded) == 1 + len(NO_FIGURES)
    assert (count_rows(loaded, "used"), count_rows(loaded, "rejected")) == (1, len(NO_FIGURES))
    assert loaded.frame.equals(official.load(official.write(tmp_path, official.with_figures([]))).frame)
    if official.name != "individual level.csv":
        assert {fault.row for fault in loaded.faults} == set(range(3, 3 + len(NO_FIGURES)))


@EVERY
def test_fault_value_suppressed_in_official_files_is_unknown_and_never_0(tmp_path: Path, official: Official) -> None:
    assert {mark.strip().lower() for mark in MARKED} <= MARKS
    loaded = official.load(official.write(tmp_path, official.with_figures(MARKED)))
    assert count_rows(loaded) == 1 + len(MARKED) and count_rows(loaded, "used") == 1
    assert loaded.frame.equals(official.load(official.write(tmp_path, official.with_figures([]))).frame)


@pytest.mark.parametrize("text", ["-1", "1e300", "*", "[c]", "..", "", "6.5"])
def test_fault_value_in_a_band_of_a_list_takes_its_practice_out(tmp_path: Path, text: str) -> None:
    """Half a practice is no practice: its total cannot be proven."""
    official = OFFICIAL["list_sizes"]
    loaded = load_list_sizes(official.write(tmp_path, official.changed(4, figure=text)))
    assert set(loaded.frame[ListSizeFrame.practice_code]) == {"A81002", "A81003"}
    assert loaded.frame[ListSizeFrame.patients].sum() == 60 and count_rows(loaded) == 21
    withheld = any("withheld, so it is unknown and not 0" in fault.problem for fault in loaded.faults)
    assert withheld == (text.strip("[]") in ("*", "c", ".."))


def test_fault_value_suppressed_register_drops_its_denominator_too(tmp_path: Path) -> None:
    """A register of unknown size over its full denominator would be a prevalence of less than is true."""
    official = OFFICIAL["qof"]
    loaded = load_registers(official.write(tmp_path, official.changed(3, figure="*")))
    assert loaded.faults == (), "a planner can do nothing about it"
    assert loaded.frame[RegisterFrame.practice_code].tolist() == ["A81001", "A81003"]
    assert loaded.frame[RegisterFrame.denominator_patients].sum() == 60
    assert "Rows whose figure is withheld: 1; it is unknown, not 0." in loaded.notes


def test_fault_value_suppressed_lsoa_count_places_nobody(tmp_path: Path) -> None:
    official = OFFICIAL["lsoa_lists"]
    loaded = load_lsoa_lists(official.write(tmp_path, official.changed(3, figure="*")))
    assert loaded.faults == () and loaded.frame[LsoaListFrame.patients].sum() == 20


def test_fault_value_suppressed_link_worker_leaves_its_pcn_unreported(tmp_path: Path) -> None:
    """Half of a PCN's link workers must not pass for all of them."""
    official = OFFICIAL["workforce"]
    rows = official.changed(3, figure="*")
    rows[3][rows[0].index("PCN_CODE")] = "U00002"
    loaded = load_workforce(official.write(tmp_path, rows))
    assert loaded.frame[WorkforceFrame.pcn_code].tolist() == ["U00001"]
    assert "their PCNs count as not reported" in loaded.faults[0].problem
    assert (count_rows(loaded, "used"), count_rows(loaded, "rejected")) == (1, 2)


def test_fault_value_swapped_columns_of_registers_are_refused(tmp_path: Path) -> None:
    official = OFFICIAL["qof"]
    rows = [[*row[:2], row[4], row[3], row[2], row[5]] for row in official.rows]
    rows[0] = official.rows[0]
    with pytest.raises(ValueError, match="3 of its 3 registers are larger than their own denominators.*swapped"):
        load_registers(official.write(tmp_path, rows))


@WRITERS
def test_fault_value_dates_day_first_are_read_with_a_line(tmp_path: Path, kind: str) -> None:
    bank = load(tmp_path, kind, changed("pledges", 2, start_date="04/05/2026"))
    assert bank.faults == () and bank.pledges[PledgeFrame.start_date].iloc[0] == pd.Timestamp(2026, 5, 4)
    (repair,) = [repair for repair in bank.repairs if repair.column == "start_date"]
    assert (repair.value, repair.taken) == ("04/05/2026", "2026-05-04") and "day" in repair.reason


@WRITERS
def test_fault_value_dates_mixed_are_told_and_none_is_guessed(tmp_path: Path, kind: str) -> None:
    """One date that can only be month first says that the others of its column may be so too."""
    tables = changed("pledges", 2, start_date="04/05/2026")
    tables["pledges"][2][TABLES["pledges"][0].index("start_date")] = "12/31/2026"
    bank = load(tmp_path, kind, tables)
    assert [(fault.row, fault.value) for fault in bank.faults] == [(2, "04/05/2026"), (3, "12/31/2026")]
    assert "the day or the month may stand first" in bank.faults[0].problem
    assert bank.pledges[PledgeFrame.hours].sum() == 12.5


@WRITERS
def test_fault_value_dates_impossible_are_told(tmp_path: Path, kind: str) -> None:
    texts = ["31/02/2026", "2026-04-31", "46113", "04/05/26", "0000-01-01", "tomorrow", "１/4/2026"]
    bank = load(tmp_path, kind, with_pledges("start_date", texts))
    assert_each_is_told(bank, "start_date", dict.fromkeys(texts, "not a date"))


@pytest.mark.parametrize("text", ["31/02/2026", "20260431", "99999999"])
def test_fault_value_dates_impossible_in_official_files_are_told(tmp_path: Path, text: str) -> None:
    official = OFFICIAL["pcn_records"]
    rows = [*official.rows[:3], pcn_record("U00003", opened=text)]
    loaded = official.load(official.write(tmp_path, rows))
    assert [(fault.row, fault.value) for fault in loaded.faults][:1] == [(4, text)]
    assert count_rows(loaded) == 3 and len(loaded.frame) == 2


@WRITERS
def test_fault_value_names_that_look_like_nothing_stay_names(tmp_path: Path, kind: str) -> None:
    names = ["NA", "None", "nan", "NULL", "N/A", "TRUE", "1e5", "-"]
    tables = changed("operators", 2)
    tables["operators"] += [[f"X{number}", name, "arts"] for number, name in enumerate(names)]
    bank = load(tmp_path, kind, tables)
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == HOURS
    named = bank.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_name]
    assert [named[f"X{number}"] for number in range(len(names))] == names


@pytest.mark.parametrize("name", ["NA", "None", "nan", "NULL"])
def test_fault_value_names_that_look_like_nothing_stay_names_in_official_files(tmp_path: Path, name: str) -> None:
    official = OFFICIAL["practice_map"]
    loaded = load_practices(official.write(tmp_path, official.changed(2, text=name, PCN_NAME=name)))
    assert loaded.faults == ()
    assert loaded.frame[PracticeFrame.practice_name].iloc[0] == loaded.frame[PracticeFrame.pcn_name].iloc[0] == name


@WRITERS
@pytest.mark.parametrize(("first", "second"), [("007", "7"), ("1E5", "100000"), ("1.0", "1"), ("NA", "None")])
def test_fault_value_ids_with_leading_zeros_or_an_e_are_not_numbers(
    tmp_path: Path, kind: str, first: str, second: str
) -> None:
    """`007` and `7`, or `1E5` and `100000`, are two facilities, and each pledge finds its own."""
    tables = {name: [list(row) for row in rows] for name, rows in TABLES.items()}
    for name, column in (("facilities", 0), ("pledges", 1), ("links", 1)):
        for row in tables[name]:
            row[column] = {"F1": first, "F2": second}.get(row[column], row[column])
    bank = load(tmp_path, kind, tables)
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == HOURS
    owners = bank.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.facility_id]
    assert (owners["P1"], owners["P2"]) == (first, second)
