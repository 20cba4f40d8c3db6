"""The blank bank of hours: it explains itself, and what is filled into it loads."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from geomap.errors import DataError, OutputError
from geomap.load.bank import BankContext, load_bank
from geomap.report.template import write_template
from geomap.schema import AccountingFrame, FacilityFrame, LinkFrame, OperatorFrame, PathwayFrame, PledgeFrame
from geomap.schema.words import DELIVERIES, HOUR_UNITS, LINK_STATUSES, OPERATOR_KINDS, VENUE_TYPES

PATHWAYS = pd.DataFrame(
    {
        PathwayFrame.pathway_id: ["falls_prevention", "dance"],
        PathwayFrame.pathway_name: ["Falls prevention", '=HYPERLINK("http://example.org")'],
        PathwayFrame.weeks: [26.0, 10.0],
        PathwayFrame.sessions_per_week: [2.0, 1.0],
        PathwayFrame.session_hours: [1.0, 1.5],
        PathwayFrame.roles: ["falls_instructor_psi", ""],
        PathwayFrame.venue_types: ["hall;studio", "hall;arts"],
    }
)
CONTEXT = BankContext(
    pathway_ids=("dance", "falls_prevention"), organisation_codes=(), locate_postcodes=lambda codes: None, venues=None
)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.xlsx"
    write_template(path, PATHWAYS)
    return path


def headings(sheet) -> list[str]:
    return [cell.value for cell in sheet[1]]


def fill(path: Path, rows: dict[str, list[dict[str, object]]]) -> None:
    """Type rows below the example, as an operator would."""
    book = openpyxl.load_workbook(path)
    for name, lines in rows.items():
        sheet = book[name]
        for number, line in enumerate(lines, 3):
            for heading, value in line.items():
                sheet.cell(number, headings(sheet).index(heading) + 1, value)
    book.save(path)


FILLED = {
    "operators": [{"operator_id": "OP1", "operator_name": "First", "operator_kind": "charity"}],
    "facilities": [
        {"facility_id": "F1", "operator_id": "OP1", "facility_name": "One", "venue_type": "hall",
         "easting": 430144, "northing": 433483},
    ],
    "pledges": [
        {"pledge_id": "P1", "facility_id": "F1", "pathways": "dance;falls_prevention", "hours": 40,
         "hour_unit": "class", "group_size": 12, "fill_share": 0.8, "min_group": 4,
         "start_date": pd.Timestamp("2026-04-01").to_pydatetime()},
        {"pledge_id": "P2", "operator_id": "OP1", "pathways": "dance", "hours": 5, "hour_unit": "staff",
         "delivery": "digital"},
    ],
}  # fmt: skip


def test_a_filled_template_loads(template: Path) -> None:
    fill(template, FILLED)
    bank = load_bank(template, CONTEXT)
    assert bank.faults == ()
    assert bank.pledges[PledgeFrame.pledge_id].tolist() == ["P1", "P2"]
    assert bank.pledges[PledgeFrame.start_date].iloc[0] == pd.Timestamp("2026-04-01")
    assert bank.facilities[FacilityFrame.facility_id].tolist() == ["F1"]
    assert bank.links.empty
    assert bank.accounting[AccountingFrame.row_id].tolist() == ["EXAMPLE-F1", "EXAMPLE-OP", "EXAMPLE-OP", "EXAMPLE-P1"]
    assert set(bank.accounting[AccountingFrame.reason]) == {"example row of the template"}
    assert len([note for note in bank.notes if "example row of the template" in note]) == 4


def test_a_template_that_nobody_filled_in_is_refused(template: Path) -> None:
    with pytest.raises(DataError, match="the example row of the template does not count"):
        load_bank(template, CONTEXT)


def test_every_column_of_the_tables_stands_in_the_template(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    assert book.sheetnames == ["Read me", "operators", "facilities", "pledges", "links"]
    derived = {FacilityFrame.location_basis, FacilityFrame.other_venue_types, FacilityFrame.geometry}
    for name, model in (
        ("operators", OperatorFrame), ("facilities", FacilityFrame), ("pledges", PledgeFrame), ("links", LinkFrame)
    ):  # fmt: skip
        assert set(model.to_schema().columns) - derived <= set(headings(book[name]))
        explained = {row[1].value for row in book["Read me"].iter_rows() if row[0].value == name}
        assert explained == set(headings(book[name]))


def test_every_heading_is_one_the_loader_uses(template: Path) -> None:
    fill(template, FILLED)
    assert not [note for note in load_bank(template, CONTEXT).notes if "not used" in note and "columns" in note]


def test_the_example_rows_would_load_under_another_name(template: Path) -> None:
    """What the example shows is itself without a fault."""
    book = openpyxl.load_workbook(template)
    for name in ("operators", "facilities", "pledges", "links"):
        for cell in book[name][2]:
            if isinstance(cell.value, str) and cell.value.startswith("EXAMPLE"):
                cell.value = cell.value.replace("EXAMPLE", "SAMPLE")
        if name == "facilities":
            for heading, value in (("easting", 430144), ("northing", 433483), ("postcode", None)):
                book[name].cell(2, headings(book[name]).index(heading) + 1).value = value
    book.save(template)
    bank = load_bank(template, CONTEXT)
    assert bank.faults == () and len(bank.pledges) == 1 and len(bank.links) == 1


def test_closed_vocabularies_are_offered_as_lists(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    for sheet, column, words in (
        ("operators", "operator_kind", OPERATOR_KINDS),
        ("facilities", "venue_type", VENUE_TYPES),
        ("pledges", "hour_unit", HOUR_UNITS),
        ("pledges", "delivery", DELIVERIES),
        ("links", "link_status", LINK_STATUSES),
    ):
        letter = openpyxl.utils.get_column_letter(headings(book[sheet]).index(column) + 1)
        rules = [rule for rule in book[sheet].data_validations.dataValidation if f"{letter}3" in rule.sqref]
        assert [rule.formula1 for rule in rules] == [f'"{",".join(words)}"']


def test_the_list_of_pathways_points_at_their_ids(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    letter = openpyxl.utils.get_column_letter(headings(book["pledges"]).index("pathways") + 1)
    (rule,) = (rule for rule in book["pledges"].data_validations.dataValidation if f"{letter}3" in rule.sqref)
    area = rule.formula1.partition("!")[2].replace("$", "")
    assert [cell.value for (cell,) in book["Read me"][area]] == ["dance", "falls_prevention"]
    assert not rule.showErrorMessage  # several ids with ; between may be typed


def test_names_are_text_and_never_formulas(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    cells = [cell for row in book["Read me"].iter_rows() for cell in row if str(cell.value).startswith("=HYPERLINK")]
    assert [(cell.data_type, cell.hyperlink) for cell in cells] == [("s", None)]


def test_the_same_catalogue_gives_the_same_bytes(template: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    write_template(again, PATHWAYS.iloc[::-1])
    assert again.read_bytes() == template.read_bytes()


def test_a_folder_that_is_not_there_is_one_sentence(template: Path) -> None:
    shutil.rmtree(template.parent)
    with pytest.raises(OutputError, match="could not be written"):
        write_template(template, PATHWAYS)
