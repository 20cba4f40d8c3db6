"""A small bank of hours that is sound, and ways to write it down, for the tests of its loader."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import xlsxwriter

from geomap.errors import Fault
from geomap.load.bank import Bank, BankContext
from geomap.schema import (
    PostcodeFrame,
    VenueFrame,
)

BROKEN = Path(__file__).parent / "data"
POSTCODES = {"LS13AD": (430144.0, 433483.0, "E08000035"), "CF101AA": (318400.0, 176200.0, "W06000015")}
VENUES = pd.DataFrame(
    {
        VenueFrame.site_id: ["1000012"],
        VenueFrame.site_name: ["Known Leisure Centre"],
        VenueFrame.venue_types: ["gym"],
        VenueFrame.operator_name: ["Anyone"],
        VenueFrame.postcode: [None],
        VenueFrame.easting: [500572.0],
        VenueFrame.northing: [157270.0],
    }
)
TABLES: dict[str, list[list[str]]] = {
    "operators": [
        ["operator_id", "operator_name", "operator_kind"],
        ["OP1", "First Trust", "Leisure trust"],
        ["OP2", "Second Arts", "arts"],
    ],
    "facilities": [
        ["facility_id", "operator_id", "facility_name", "venue_type", "postcode", "easting", "northing"],
        ["F1", "OP1", "One", "gym", "", "429236", "456129"],
        ["F2", "OP2", "Two", "hall", "ls1 3ad", "", ""],
    ],
    "pledges": [
        ["pledge_id", "facility_id", "operator_id", "pathways", "hours", "hour_unit", "group_size", "fill_share",
         "min_group", "start_date", "end_date", "delivery", "times", "roles"],
        ["P1", "F1", "", "dance", "40", "participant", "", "", "", "2026-04-01", "2027-03-31", "on_site", "weekend",
         ""],
        ["P2", "F2", "", "dance;cardiac_rehab", "30", "class", "12", "0.8", "5", "2026-04-01", "2027-03-31", "outreach",
         "weekend;weekday_day", "Dance leader"],
        ["P3", "", "OP2", "dance", "12.5", "staff", "", "", "", "", "", "digital", "", ""],
    ],
    "links": [
        ["operator_id", "facility_id", "organisation_code", "link_status"],
        ["OP1", "", "U11111", "formal"],
        ["", "F2", "u11111", "informal"],
    ],
}  # fmt: skip


def locate(postcodes: Iterable[str]) -> pd.DataFrame:
    found = [(code, *POSTCODES[code]) for code in postcodes if code in POSTCODES]
    columns = [PostcodeFrame.postcode, PostcodeFrame.easting, PostcodeFrame.northing, PostcodeFrame.lad_code]
    frame = pd.DataFrame(found, columns=columns)
    return frame.astype({columns[0]: "str", columns[1]: "float64", columns[2]: "float64", columns[3]: "str"})


CONTEXT = BankContext(
    pathway_ids=("cardiac_rehab", "dance", "falls_prevention"),
    organisation_codes={"U11111", "QWO", "B86001"},
    icb_codes={"QWO"},
    locate_postcodes=locate,
    venues=VENUES,
)


def write_folder(folder: Path, tables: dict[str, list[list[str]]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def write_book(path: Path, tables: dict[str, list[list[str]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                sheet.write_row(row, 0, cells)
    return path


def changed(table: str, row: int, **cells: str) -> dict[str, list[list[str]]]:
    """The good tables with some cells of one row (the heading is row 1) replaced; new columns are added."""
    tables = {name: [list(line) for line in rows] for name, rows in TABLES.items()}
    lines = tables[table]
    for column, value in cells.items():
        if column not in lines[0]:
            for line in lines:
                line.append("")
            lines[0][-1] = column
        lines[row - 1][lines[0].index(column)] = value
    return tables


def assert_same(first: Bank, second: Bank) -> None:
    for name in ("operators", "facilities", "pledges", "links"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(first, name)), pd.DataFrame(getattr(second, name)))


def faults_in(bank: Bank, source: str) -> list[Fault]:
    return [fault for fault in bank.faults if fault.source == source]
