"""Every fault of the bank of hours is named, every repair is noted, every facility is put in its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from bank_tables import BROKEN, CONTEXT, TABLES, changed, faults_in, write_folder

from geomap.errors import DataError, SchemaError
from geomap.load._bank_places import in_england
from geomap.load.bank import load_bank
from geomap.schema import (
    AccountingFrame,
    FacilityFrame,
    LinkFrame,
    PledgeFrame,
)

ROW_FAULTS = [
    ("blank_hour_unit", "pledges", "hour_unit", "", "is empty", "Fill in hour_unit"),
    ("unknown_hour_unit", "pledges", "hour_unit", "participents", "unknown hour_unit", "Did you mean participant?"),
    ("unknown_pathway", "pledges", "pathways", "dance;cardiac_rehabb", "unknown pathways: cardiac_rehabb",
     "Did you mean cardiac_rehab?"),
    ("hours_not_a_number", "pledges", "hours", "forty", "not a number", "figures"),
    ("hours_negative", "pledges", "hours", "-40", "out of range", "0 or more"),
    ("hours_infinite", "pledges", "hours", "inf", "infinite", "at most 1,000,000,000"),
    ("hours_beyond_a_billion", "pledges", "hours", "1e10", "out of range", "at most 1,000,000,000"),
    ("class_without_group_size", "pledges", "group_size", "", "without group_size", "people in a full group"),
    ("facility_without_fill_share", "pledges", "fill_share", "", "without fill_share", "0.8"),
    ("fill_share_above_one", "pledges", "fill_share", "1.2", "out of range", "at most 1"),
    ("min_group_above_group_size", "pledges", "min_group", "13", "larger than the group", "min_group or group_size"),
    ("end_before_start", "pledges", "end_date", "2026-08-31", "before the start", "start_date or end_date"),
    ("impossible_date", "pledges", "start_date", "31/02/2026", "not a date", "2026-04-01"),
    ("year_out_of_range", "pledges", "end_date", "2206-03-31", "between 2000 and 2100", "2026-04-01"),
    ("unknown_delivery", "pledges", "delivery", "by post", "unknown delivery", "on_site"),
    ("facility_not_found", "pledges", "facility_id", "F9", "not in facilities.csv", "add a row"),
    ("facility_of_another_operator", "pledges", "operator_id", "OP2", "belongs to operator OP1", "leave operator_id"),
    ("pledge_of_nobody", "pledges", "facility_id", "", "neither a facility nor an operator", "operator_id"),
    ("spreadsheet_error", "pledges", "facility_id", "#N/A", "spreadsheet error", "type the value"),
    ("ages_the_wrong_way_round", "pledges", "age_max", "18", "lowest age", "age_min or age_max"),
    ("unknown_icb", "pledges", "icb_codes", "QWO;QZZ", "no such organisation: QZZ", "ODS code"),
    ("pcn_where_an_icb_is_wanted", "pledges", "icb_codes", "U11111", "no such organisation: U11111", "code of an ICB"),
    ("unknown_postcode", "facilities", "postcode", "LS1 9ZZ", "no such postcode", "or give easting and northing"),
    ("partial_postcode", "facilities", "postcode", "LS1", "not a whole postcode", "or give easting and northing"),
    ("welsh_postcode", "facilities", "postcode", "CF10 1AA", "not in England", "Correct the postcode"),
    ("null_island", "facilities", "latitude", "0", "no place in England", "true place"),
    ("metres_as_degrees", "facilities", "latitude", "433483", "metres stand where degrees", "easting and northing"),
    ("degrees_as_metres", "facilities", "easting", "53.79", "degrees stand where metres", "latitude and longitude"),
    ("outside_england", "facilities", "easting", "317000", "outside England", "Correct easting and northing"),
    ("easting_without_northing", "facilities", "northing", "", "easting is given without northing", "both, or neither"),
    ("no_place", "facilities", "postcode", "", "where the facility is", "postcode"),
    ("online_without_place", "facilities", "postcode", "", "online facility", "digital pledges name operator_id"),
    ("unknown_site", "facilities", "site_id", "999", "Active Places", "postcode"),
    ("unknown_venue_type", "facilities", "venue_type", "gymn", "unknown venue_type", "Did you mean gym?"),
    ("unknown_organisation", "links", "organisation_code", "U99999", "no such organisation: U99999", "ODS code"),
    ("link_of_nobody", "links", "operator_id", "", "neither an operator nor a facility", "facility_id"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "column", "value", "problem", "remedy"), ROW_FAULTS)
def test_row_faults(tmp_path: Path, name: str, table: str, column: str, value: str, problem: str, remedy: str) -> None:
    """Row 2 of each broken file has one fault, row 3 is its sound neighbour."""
    folder = write_folder(tmp_path / "bank", TABLES)
    shutil.copy(BROKEN / f"broken_{name}.csv", folder / f"{table}.csv")
    bank = load_bank(folder, CONTEXT)
    faults = faults_in(bank, f"{table}.csv")
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [(2, column, value)]
    assert problem in faults[0].problem and remedy in faults[0].remedy
    assert len(getattr(bank, table)) == 1
    rejected = bank.accounting[bank.accounting[AccountingFrame.source] == f"{table}.csv"]
    assert rejected[AccountingFrame.row].tolist() == [2]
    assert rejected[AccountingFrame.status].tolist() == ["rejected"]
    assert rejected[AccountingFrame.value].tolist() == [value]


def test_duplicate_ids_lose_both_rows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "bank", TABLES)
    shutil.copy(BROKEN / "broken_duplicate_pledge_id.csv", folder / "pledges.csv")
    bank = load_bank(folder, CONTEXT)
    assert [(fault.row, fault.problem) for fault in bank.faults] == [
        (2, "the same pledge_id stands in rows 2, 3"),
        (3, "the same pledge_id stands in rows 2, 3"),
    ]
    assert bank.pledges[PledgeFrame.pledge_id].tolist() == ["P2"]


def test_a_link_told_twice_loses_both_rows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "bank", TABLES)
    shutil.copy(BROKEN / "broken_same_link_twice.csv", folder / "links.csv")
    bank = load_bank(folder, CONTEXT)
    assert [fault.row for fault in bank.faults] == [2, 4]
    assert bank.links[LinkFrame.operator_id].tolist() == ["OP2"]


def test_a_rejected_operator_takes_its_facilities_pledges_and_links(tmp_path: Path) -> None:
    bank = load_bank(write_folder(tmp_path, changed("operators", 2, operator_kind="")), CONTEXT)
    assert [(fault.source, fault.row_id) for fault in bank.faults] == [
        ("operators.csv", "OP1"), ("facilities.csv", "F1"), ("pledges.csv", "P1"), ("links.csv", "OP1"),
    ]  # fmt: skip
    assert bank.faults[1].problem == "the row of this operator_id in operators.csv was left out"
    assert bank.faults[1].remedy == "Correct row 2 there first."
    assert bank.pledges[PledgeFrame.pledge_id].tolist() == ["P2", "P3"]


@pytest.mark.parametrize(
    ("name", "table", "column", "problem"),
    [
        ("missing_hour_unit_column", "pledges", "hour_unit", "the column is missing"),
        ("no_place_columns", "facilities", "", "columns are missing"),
        ("two_columns_for_hours", "pledges", "Hours pledged", "'Hours pledged' and 'Hours donated' both mean hours"),
    ],
)
def test_missing_columns_stop_the_load(tmp_path: Path, name: str, table: str, column: str, problem: str) -> None:
    folder = write_folder(tmp_path / "bank", changed("links", 2, link_status="firm"))
    shutil.copy(BROKEN / f"broken_{name}.csv", folder / f"{table}.csv")
    with pytest.raises(SchemaError) as caught:
        load_bank(folder, CONTEXT)
    first, *others = caught.value.faults
    assert (first.source, first.row, first.column, first.problem) == (f"{table}.csv", None, column, problem)
    # Faults of rows, in this table and in others, are told in the same pass.
    assert ("links.csv", 2, "link_status") in [(fault.source, fault.row, fault.column) for fault in others]
    if name == "missing_hour_unit_column":
        assert ("pledges.csv", 2, "pathways") in [(fault.source, fault.row, fault.column) for fault in others]
    assert not [fault for fault in others if fault.column == column]


@pytest.mark.parametrize(
    ("name", "heading", "secret"),
    [
        ("nhs_number_column", "NHS No.", ""),
        ("nhs_number_values", "member", "943"),
        ("date_of_birth_column", "D.O.B.", "1950"),
    ],
)
def test_columns_about_people_stop_the_load_and_are_not_repeated(
    tmp_path: Path, name: str, heading: str, secret: str
) -> None:
    folder = write_folder(tmp_path / "bank", TABLES)
    shutil.copy(BROKEN / f"broken_{name}.csv", folder / "pledges.csv")
    with pytest.raises(DataError, match="nothing about patients") as caught:
        load_bank(folder, CONTEXT)
    assert [fault.column for fault in caught.value.faults] == [heading]
    assert not secret or secret not in str(caught.value)


def test_ten_figures_that_are_no_nhs_numbers_are_let_in(tmp_path: Path) -> None:
    # 9434765918 fails the check that 9434765919 passes.
    bank = load_bank(write_folder(tmp_path, changed("pledges", 2, reference="9434765918")), CONTEXT)
    assert bank.faults == ()
    assert "pledges.csv: columns not used: reference." in bank.notes


REPAIRS = [
    ("pledges", {"hours": "1,200"}, PledgeFrame.hours, 1200.0, "thousands"),
    ("pledges", {"facility_id": " f1\u00a0"}, PledgeFrame.facility_id, "F1", "without regard to case"),
    ("pledges", {"delivery": ""}, PledgeFrame.delivery, "on_site", "read as on_site"),
    ("pledges", {"pathways": "Dance, cardiac-rehab"}, PledgeFrame.pathways, "cardiac_rehab;dance", "read as ;"),
    ("pledges", {"hour_unit": "Class", "group_size": "12", "fill_share": "80%", "min_group": "6"},
     PledgeFrame.fill_share, 0.8, "percentages"),
    ("pledges", {"hour_unit": "class", "group_size": "12", "fill_share": "80", "min_group": "6"},
     PledgeFrame.fill_share, 0.8, "percentages"),
    ("pledges", {"hour_unit": "class", "group_size": "12", "fill_share": "0.8"}, PledgeFrame.min_group, 1.0, "as 1"),
    ("facilities", {"facility_name": ""}, FacilityFrame.facility_name, "F1", "replaced by the id"),
    ("facilities", {"postcode": "LS1 3AD"}, FacilityFrame.postcode, "LS13AD", "more than 10 km"),
    ("facilities", {"postcode": "LS1 9ZZ"}, FacilityFrame.postcode, "LS19ZZ", "no such postcode"),
    ("links", {"link_status": ""}, LinkFrame.link_status, "unknown", "read as unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "cells", "column", "value", "said"), REPAIRS)
def test_repairs_are_noted_with_count_and_place(
    tmp_path: Path, table: str, cells: dict[str, str], column: str, value: object, said: str
) -> None:
    bank = load_bank(write_folder(tmp_path, changed(table, 2, **cells)), CONTEXT)
    assert bank.faults == ()
    assert getattr(bank, table)[column].iloc[0] == value
    notes = [note for note in bank.notes if said in note]
    assert len(notes) == 1 and notes[0].startswith(f"{table}.csv: ") and "(1 cell of " in notes[0]
    first = {"pledges": "P1", "facilities": "F1", "links": "OP1"}[table]
    assert f"; for example {first}" in notes[0]


def test_notes_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    told = []
    for order in (1, -1):
        tables = changed("pledges", 2, hours="1,200")
        heading, *rows = tables["pledges"]
        rows[1][heading.index("hours")] = "2,400"
        tables["pledges"] = [heading, *rows[::order]]
        told.append(load_bank(write_folder(tmp_path / str(order), tables), CONTEXT).notes)
    assert told[0] == told[1]
    example = "(2 cells of hours; for example P1, '1,200')"
    assert f"pledges.csv: numbers with commas were read as thousands {example}." in told[0]


@pytest.mark.parametrize(
    ("cells", "basis", "place"),
    [
        # Penzance the wrong way round: as it stands it would lie in the Irish Sea.
        ({"easting": "30200", "northing": "147000"}, "coordinates", (147000, 30200)),
        (
            {"easting": "", "northing": "", "latitude": "53.7969", "longitude": "-1.5437"},
            "coordinates",
            (430157, 433477),
        ),
        (
            {"easting": "", "northing": "", "latitude": "-1.5437", "longitude": "53.7969"},
            "coordinates",
            (430157, 433477),
        ),
        ({"easting": "", "northing": "", "site_id": "1000012"}, "site_id", (500572, 157270)),
        ({"easting": "", "northing": "", "site_id": "999", "postcode": "LS1 3AD"}, "postcode", (430144, 433483)),
        ({"site_id": "1000012", "postcode": "LS1 3AD"}, "coordinates", (429236, 456129)),
    ],
)
def test_where_facilities_are_placed(
    tmp_path: Path, cells: dict[str, str], basis: str, place: tuple[float, float]
) -> None:
    bank = load_bank(write_folder(tmp_path, changed("facilities", 2, **cells)), CONTEXT)
    assert bank.faults == ()
    assert bank.facilities[FacilityFrame.location_basis].iloc[0] == basis
    point = bank.facilities.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx(place, abs=20)
    exchanged = [note for note in bank.notes if "wrong way round" in note]
    assert len(exchanged) == (cells.get("easting") == "30200" or cells.get("latitude") == "-1.5437")


@pytest.mark.parametrize(
    ("place", "easting", "northing", "inside"),
    [
        ("St Mary's, Scilly", 90300, 10500, True),
        ("Lundy", 213500, 145000, True),
        ("Berwick-upon-Tweed", 399800, 653000, True),
        ("Lowestoft", 655000, 293600, True),
        ("Cardiff", 318400, 176200, False),
        ("Edinburgh", 325800, 673900, False),
        ("Wrexham", 333500, 350200, True),  # in Wales, but within the margin: only its postcode can tell
        ("Leeds the wrong way round, in the North Sea", 570000, 430000, False),
        ("nowhere", float("nan"), 0, False),
    ],
)
def test_outline_of_england(place: str, easting: float, northing: float, inside: bool) -> None:
    assert in_england(pd.Series([easting]), pd.Series([northing])).tolist() == [inside], place


def test_all_neighbourhoods_of_england_lie_in_the_outline(real_data: Path) -> None:
    points = pd.read_csv(real_data / "ons_boundaries" / "LSOA21_EN_representative_points.csv")
    assert len(points) == 33_755
    assert in_england(points["x"], points["y"]).all()
