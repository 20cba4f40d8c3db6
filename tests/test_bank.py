"""The bank of hours: whole tables in, whole tables out, nothing lost, whatever the file."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from bank_tables import CONTEXT, TABLES, assert_same, changed, locate, write_book, write_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geomap.errors import DataError
from geomap.load.bank import Bank, BankContext, load_bank
from geomap.schema import (
    AccountingFrame,
    FacilityFrame,
    LinkFrame,
    OperatorFrame,
    PledgeFrame,
)


def test_a_good_bank(tmp_path: Path) -> None:
    bank = load_bank(write_folder(tmp_path, TABLES), CONTEXT)
    assert bank.faults == () and bank.accounting.empty
    assert bank.operators[OperatorFrame.operator_kind].tolist() == ["leisure_trust", "arts"]
    assert bank.facilities.crs == "EPSG:27700"
    assert bank.facilities[FacilityFrame.location_basis].tolist() == ["coordinates", "postcode"]
    assert [(p.x, p.y) for p in bank.facilities.geometry] == [(429236, 456129), (430144, 433483)]
    led = bank.pledges.set_index(PledgeFrame.pledge_id).loc["P2"]
    assert led[PledgeFrame.operator_id] == "OP2"
    assert led[PledgeFrame.pathways] == "cardiac_rehab;dance"
    assert led[PledgeFrame.times] == "weekday_day;weekend"
    assert led[PledgeFrame.roles] == "dance_leader"
    assert bank.pledges[PledgeFrame.facility_id].isna().tolist() == [False, False, True]
    assert bank.links[LinkFrame.organisation_code].tolist() == ["U11111", "U11111"]
    assert bank.links[LinkFrame.operator_id].isna().tolist() == [False, True]
    assert bank.rows.groupby(AccountingFrame.source)[AccountingFrame.rows].sum().to_dict() == {
        "operators.csv": 2, "facilities.csv": 2, "pledges.csv": 3, "links.csv": 2,
    }  # fmt: skip


def test_codes_are_not_checked_where_none_are_known(tmp_path: Path) -> None:
    context = BankContext(pathway_ids=CONTEXT.pathway_ids, organisation_codes=(), locate_postcodes=locate, venues=None)
    bank = load_bank(write_folder(tmp_path, changed("links", 2, organisation_code="U99999")), context)
    assert bank.faults == ()


def test_without_links_there_is_a_note_and_an_empty_table(tmp_path: Path) -> None:
    tables = {name: rows for name, rows in TABLES.items() if name != "links"}
    bank = load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    assert bank.links.empty and list(bank.links) == list(LinkFrame.to_schema().columns)
    assert bank.notes == ("bank: there is no table of links, so no relationship with the NHS is known.",)


def test_missing_tables_are_named_with_what_is_there(tmp_path: Path) -> None:
    tables = {name: rows for name, rows in changed("pledges", 2, hours="forty").items() if name != "facilities"}
    with pytest.raises(DataError) as caught:
        load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    first, second = caught.value.faults
    assert first.problem == "the file facilities.csv is missing" and "links.csv; operators.csv" in first.remedy
    # Pledges are not said to name unknown facilities when there is no table of facilities to know.
    assert (second.source, second.row, second.column) == ("pledges.csv", 2, "hours")


@pytest.mark.parametrize("name", ["no_such_folder", "bank.docx"])
def test_what_is_no_bank_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "bank.docx").write_text("a letter", encoding="utf-8")
    with pytest.raises(DataError, match="one .xlsx workbook"):
        load_bank(tmp_path / name, CONTEXT)


def test_tables_with_headings_only_stop_the_load(tmp_path: Path) -> None:
    tables = {name: rows[:1] for name, rows in TABLES.items()}
    with pytest.raises(DataError) as caught:
        load_bank(write_folder(tmp_path, tables), CONTEXT)
    assert [(fault.source, fault.problem) for fault in caught.value.faults] == [
        ("operators.csv", "the table has no rows"), ("pledges.csv", "the table has no rows"),
    ]  # fmt: skip


def test_a_failed_formula_is_not_taken_for_no_limit(tmp_path: Path) -> None:
    """The sheets are named and placed in the file otherwise than they were made, as Excel leaves them after a while."""
    path = tmp_path / "bank.xlsx"
    tables = changed("pledges", 2, max_km="")
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("R & D").write_formula(0, 0, "=1/0", None, "#DIV/0!")
        for name in reversed(tables):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(tables[name]):
                sheet.write_row(row, 0, cells)
            if name == "pledges":
                sheet.write_formula(1, tables[name][0].index("max_km"), "=VLOOKUP(1,A1:A2,1)", None, "#N/A")
    bank = load_bank(path, CONTEXT)
    assert [(fault.sheet, fault.row, fault.column, fault.value) for fault in bank.faults] == [
        ("pledges", 2, "max_km", "#N/A")
    ]
    assert bank.pledges[PledgeFrame.pledge_id].tolist() == ["P2", "P3"]


def test_workbook_and_csv_give_the_same_bank(tmp_path: Path) -> None:
    folder = load_bank(write_folder(tmp_path / "bank", TABLES), CONTEXT)
    book = load_bank(write_book(tmp_path / "bank.xlsx", TABLES), CONTEXT)
    assert_same(folder, book)
    assert set(book.rows[AccountingFrame.sheet]) == set(TABLES)
    assert book.rows[AccountingFrame.row].tolist() == folder.rows[AccountingFrame.row].tolist()


def test_a_workbook_as_operators_make_them(tmp_path: Path) -> None:
    """Titles, totals, blank formatted rows, typed cells, a hidden sheet, an error cell, a formula without a value."""
    path = tmp_path / "Our bank.xlsx"
    with xlsxwriter.Workbook(path) as book:
        grey = book.add_format({"bg_color": "#EEEEEE"})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        book.add_worksheet("Notes").write(0, 0, "Please ring us")
        for name in ("operators", "facilities"):
            sheet = book.add_worksheet(name.title())
            for row, cells in enumerate(TABLES[name]):
                sheet.write_row(row, 0, cells)
        sheet = book.add_worksheet("Pledges ")
        sheet.merge_range(0, 0, 0, 6, "Hours we give", grey)
        sheet.write_row(
            2, 0, ["Pledge ID", "Facility", "Pathway", "Hours pledged (h)", "Unit", "Start\ndate", "Remarks"]
        )
        sheet.write_row(3, 0, ["P1", "F1", "dance", 40, "participant"])
        sheet.write_datetime(3, 5, pd.Timestamp("2026-04-01").to_pydatetime(), day)
        sheet.write_row(4, 0, ["P2", "F1", "dance"])
        sheet.write_formula(4, 3, "=D4*2", None, "")
        sheet.write(4, 4, "staff")
        sheet.write_row(5, 0, ["P3", "F1", "dance"])
        sheet.write_formula(5, 3, "=1/0", None, "#DIV/0!")
        sheet.write(5, 4, "staff")
        sheet.write_row(6, 0, ["Total", "", "", 120])
        for row in range(7, 2000):
            sheet.set_row(row, None, grey)
            sheet.write_blank(row, 0, None, grey)
        hidden = book.add_worksheet("pledges (last year)")
        hidden.write_row(0, 0, TABLES["pledges"][0])
        hidden.write_row(1, 0, ["P9", "F1", "", "dance", 999, "participant"])
        hidden.hide()
    bank = load_bank(path, CONTEXT)
    assert bank.pledges[PledgeFrame.pledge_id].tolist() == ["P1"]
    assert bank.pledges[PledgeFrame.hours].tolist() == [40.0]
    assert bank.pledges[PledgeFrame.start_date].tolist() == [pd.Timestamp("2026-04-01")]
    assert [(fault.sheet, fault.row, fault.column) for fault in bank.faults] == [
        ("Pledges", 5, "Hours pledged (h)"), ("Pledges", 6, "Hours pledged (h)"),
    ]  # fmt: skip
    without_value, error = bank.faults
    assert "its value was never stored" in without_value.problem and "Excel" in without_value.remedy
    assert error.problem == "the cell holds a spreadsheet error" and error.value == "#DIV/0!"
    fates = bank.accounting.set_index(AccountingFrame.row)[AccountingFrame.status].to_dict()
    assert fates == {5: "rejected", 6: "rejected", 7: "not_used"}
    assert "Our bank.xlsx, sheet Pledges: columns not used: Remarks." in bank.notes


def test_two_sheets_that_may_be_the_pledges_are_not_chosen_between(tmp_path: Path) -> None:
    tables = {name if name != "pledges" else "pledges (2025)": rows for name, rows in TABLES.items()}
    tables["pledges (2026)"] = TABLES["pledges"]
    with pytest.raises(DataError, match=r"'pledges \(2025\)' and 'pledges \(2026\)' may all be the pledges"):
        load_bank(write_book(tmp_path / "bank.xlsx", tables), CONTEXT)


NASTY = st.sampled_from(
    ["", " ", "0", "-1", "1e999", "nan", "#REF!", "F1", "f2 ", "OP1", "P1", "F404", "dance", "Dance;dance", "hall",
     "class", "80%", "31/02/2026", "2026-04-01", "{{ 7*7 }}", "=1+1", "<b>", "Total", "EXAMPLE-1", "LS1 3AD", "QWO",
     "\u200b", "a,b", '"', ";"]
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> dict[str, list[list[str]]]:
    """The good tables with cells replaced and rows repeated, removed or shuffled."""
    tables = {}
    for name, rows in TABLES.items():
        body = [list(draw(st.sampled_from(rows[1:]))) for _ in range(draw(st.integers(1, 12)))]
        for number, row in enumerate(body):
            row[0] = row[0] and f"{row[0][:-1]}{draw(st.sampled_from([row[0][-1], str(number)]))}"
            for _ in range(draw(st.integers(0, 2))):
                row[draw(st.integers(0, len(row) - 1))] = draw(NASTY)
        tables[name] = [rows[0], *body]
    return tables


HYPOTHESIS = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def load_or_none(folder: Path) -> Bank | None:
    """The bank, or None where a table is left with no rows (the only way these tables can stop the load)."""
    try:
        return load_bank(folder, CONTEXT)
    except DataError as error:
        assert {fault.problem for fault in error.faults if fault.row is None} == {"the table has no rows"}
        return None


@pytest.mark.slow
@HYPOTHESIS
@given(tables=mangled())
def test_no_row_is_lost_or_doubled(tmp_path: Path, tables: dict[str, list[list[str]]]) -> None:
    bank = load_or_none(write_folder(tmp_path, tables))
    if bank is None:
        return
    for name, rows in tables.items():
        good, rest = (frame[frame[AccountingFrame.source] == f"{name}.csv"] for frame in (bank.rows, bank.accounting))
        filled = {number for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)}
        told = good[AccountingFrame.row].tolist() + rest[AccountingFrame.row].tolist()
        assert sorted(told) == sorted(filled)
        assert len(getattr(bank, name)) == len(good)
    assert set(bank.facilities[FacilityFrame.operator_id]) <= set(bank.operators[OperatorFrame.operator_id])
    assert set(bank.pledges[PledgeFrame.operator_id]) <= set(bank.operators[OperatorFrame.operator_id])
    assert set(bank.pledges[PledgeFrame.facility_id].dropna()) <= set(bank.facilities[FacilityFrame.facility_id])
    assert (bank.pledges[PledgeFrame.hours].between(0, 1e9)).all()
    assert (bank.pledges[PledgeFrame.pathways] != "").all()
    assert (bank.links[LinkFrame.organisation_code] != "").all()


@pytest.mark.slow
@HYPOTHESIS
@given(tables=mangled(), order=st.randoms(use_true_random=False))
def test_row_order_does_not_matter(tmp_path: Path, tables: dict[str, list[list[str]]], order) -> None:
    first = load_or_none(write_folder(tmp_path, tables))
    turned = {name: [rows[0], *order.sample(rows[1:], len(rows) - 1)] for name, rows in tables.items()}
    second = load_or_none(write_folder(tmp_path, turned))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert_same(first, second)
        assert len(first.faults) == len(second.faults)


def test_case_and_spacing_of_headings_do_not_matter(tmp_path: Path) -> None:
    respell = cycle([str.upper, str.title, lambda h: h.replace("_", " "), lambda h: f" {h.replace('_', '')} (unit) "])
    tables = {name: [[next(respell)(heading) for heading in rows[0]], *rows[1:]] for name, rows in TABLES.items()}
    respelt = load_bank(write_folder(tmp_path / "respelt", tables), CONTEXT)
    assert_same(respelt, load_bank(write_folder(tmp_path / "plain", TABLES), CONTEXT))
    assert respelt.faults == ()


@pytest.mark.slow
def test_a_national_bank_loads_whole(tmp_path: Path) -> None:
    operators = [[f"OP{i}", f"Operator {i}", "charity"] for i in range(100)]
    facilities = [[f"F{i}", f"OP{i % 100}", f"Site {i}", "gym", "", str(430000 + i), "433000"] for i in range(4000)]
    pledges = [
        [f"P{i:05}", f"F{i % 4000}", "", "dance", "50", "class", "12", "0.8", "5", "2026-04-01", "2027-03-31",
         "on_site", "weekend", "dance_leader"]
        for i in range(10_000)
    ]  # fmt: skip
    bodies = {"operators": operators, "facilities": facilities, "pledges": pledges, "links": TABLES["links"][1:2]}
    folder = write_folder(tmp_path, {name: [TABLES[name][0], *body] for name, body in bodies.items()})
    bank = load_bank(folder, CONTEXT)
    assert len(bank.pledges) == 10_000 and bank.faults == ()
    assert bank.pledges[PledgeFrame.hours].sum() == 500_000
