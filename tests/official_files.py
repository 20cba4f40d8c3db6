"""Small official files that are sound, in the layout of their publishers, and ways to break them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geomap.load.active_places import load_venues
from geomap.load.addresses import load_towns
from geomap.load.boundaries import load_lsoa_points
from geomap.load.deprivation import load_lsoa_deprivation, load_practice_deprivation
from geomap.load.inactivity import load_inactivity
from geomap.load.ods import load_memberships, load_pcn_records
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_lsoa_lists, load_practices
from geomap.load.workforce import load_workforce
from geomap.schema import AccountingFrame
from geomap.validate import Loaded

Rows = list[list[str]]
INACTIVE = "Percentage of physically inactive adults"


@dataclass(frozen=True, kw_only=True)
class Official:
    """A kind of official file: its loader, its name, its rows with the headings first, and what is in its columns."""

    load: Callable[[Path], Loaded]
    name: str
    rows: Rows
    key: str
    """The column of codes by which the table is joined."""
    figure: str = ""
    """A column of numbers."""
    text: str = ""
    """A column of names, or one that is not read."""

    def write(self, folder: Path, rows: Rows | None = None) -> Path:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(self.rows if rows is None else rows)
        return self.write_bytes(folder, text.getvalue().encode())

    def write_bytes(self, folder: Path, data: bytes) -> Path:
        path = folder / self.name
        path.write_bytes(data)
        return path if self.load is not load_venues else folder

    def as_text(self, rows: Rows | None = None, delimiter: str = ",") -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n", delimiter=delimiter).writerows(self.rows if rows is None else rows)
        return text.getvalue()

    def changed(self, row: int, **cells: str) -> Rows:
        """The rows with some cells of one (the headings are row 1) replaced; `key`, `figure`, `text` name a column."""
        rows = [list(line) for line in self.rows]
        for column, value in cells.items():
            rows[row - 1][rows[0].index(getattr(self, column, column))] = value
        return rows


    def with_figures(self, figures: list[str]) -> Rows:
        """The headings, one sound row, and one row for each of some figures, all of different keys."""
        key, figure = self.rows[0].index(self.key), self.rows[0].index(self.figure)
        rows = [list(line) for line in self.rows[:2]]
        for number, text in enumerate(figures, 10):
            row = list(self.rows[1])
            row[key], row[figure] = f"{row[key][:-2]}{number}", text
            rows.append(row)
        return rows


def count_rows(loaded: Loaded, *statuses: str) -> int:
    """Rows of the file that the account tells of, in all or of some statuses."""
    told: pd.DataFrame = loaded.accounting
    if statuses:
        told = told[told[AccountingFrame.status].isin(statuses)]
    return int(told[AccountingFrame.rows].sum())


_MAP = (
    "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,"
    "ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,ONS_ICB_CODE,ICB_CODE,ICB_NAME,"
    "ONS_COMM_REGION_CODE,COMM_REGION_CODE,COMM_REGION_NAME"
).split(",")


def _practice(code: str, pcn: str, postcode: str) -> list[str]:
    place = ["E38000001", "16C", "Sub", "E54000001", "D7T5G", "Icb", "E40000001", "Y63", "Region"]
    return ["GP_PRAC_PAT_LIST", "01Jul2026", code, f"{code} SURGERY", postcode, pcn, f"{pcn} PCN", *place]


def _ages(code: str) -> Rows:
    start = ["GP_PRAC_PAT_LIST", "2026-07-01", "GP", code, "", "LS1 4AP"]
    cells = [("ALL", "ALL", 30), ("FEMALE", "ALL", 17), ("FEMALE", "0_4", 9), ("FEMALE", "65_69", 8),
             ("MALE", "ALL", 13), ("MALE", "0_4", 6), ("MALE", "65_69", 7)]  # fmt: skip
    return [[*start, sex, band, str(count)] for sex, band, count in cells]


def _address(code: str) -> list[str]:
    row = [code, "A SURGERY", "Y63", "QHM", "1 HIGH STREET", "LEEDS", "", "", "", "LS1 4AP", "19740401", "", "A", "B"]
    return [*row, "16C", "20200401", "", "", "", "", "", "0", "", "16C", "", "4", ""]


_ADDRESS = [
    "Organisation Code", "Name", "National Grouping", "High Level Health Geography", "Address Line 1",
    "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode", "Open Date", "Close Date",
    "Status Code", "Organisation Sub-Type Code", "Commissioner", "Join Provider/Purchaser Date",
    "Left Provider/Purchaser Date", "Contact Telephone Number", "Null 1", "Null 2", "Null 3",
    "Amended Record Indicator", "Null 4", "Provider/Purchaser", "Null 5", "Prescribing Setting", "Null 6",
]  # fmt: skip
PCN_HEADINGS = [
    "PCN Code", "PCN Name", "Current Sub ICB Loc Code", "Sub ICB Location", "Open Date", "Close Date",
    "Address Line 1", "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode",
]  # fmt: skip
_MEMBER = [
    "Partner Organisation Code", "Partner Name", "Practice Parent Sub ICB Loc Code",
    "Practice Parent Sub ICB Loc Name", "PCN Code", "PCN Name", "PCN Parent Sub ICB Loc Code",
    "PCN Parent Sub ICB Loc Name", "Practice to PCN Relationship Start Date",
    "Practice to PCN Relationship End Date", "Practice Sub ICB Loc and PCN Sub ICB Loc Match",
]  # fmt: skip


def pcn_record(code: str, opened: str = "20200401", closed: str = "") -> list[str]:
    return [code, f"{code} PCN", "16C", "Sub", opened, closed, "1", "Road", "", "Leeds", "", "LS1 4AP"]


_PRACTICES = ("A81001", "A81002", "A81003")
_LSOAS = ("E01000001", "E01000002", "E01000003")
IMD_HEADINGS = [
    "LSOA code (2021)",
    "LSOA name (2021)",
    "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
]
OFFICIAL = {
    "practice_map": Official(
        load=load_practices,
        name="gp-reg-pat-prac-map.csv",
        rows=[_MAP, *(_practice(code, f"U0000{n}", "LS1 4AP") for n, code in enumerate(_PRACTICES, 1))],
        key="PRACTICE_CODE",
        text="PRACTICE_NAME",
    ),
    "list_sizes": Official(
        load=load_list_sizes,
        name="gp-reg-pat-prac-quin-age.csv",
        rows=[
            "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,POSTCODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS".split(","),
            *(row for code in _PRACTICES for row in _ages(code)),
        ],
        key="ORG_CODE",
        figure="NUMBER_OF_PATIENTS",
        text="PUBLICATION",
    ),
    "lsoa_lists": Official(
        load=load_lsoa_lists,
        name="gp-reg-pat-prac-lsoa-all.csv",
        rows=[
            "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,NUMBER_OF_PATIENTS".split(","),
            *(["P", "01Jul2026", p, "A", lsoa, "ALL", "10"] for p, lsoa in zip(_PRACTICES, _LSOAS, strict=True)),
        ],
        key="PRACTICE_CODE",
        figure="NUMBER_OF_PATIENTS",
        text="PRACTICE_NAME",
    ),
    "qof": Official(
        load=load_registers,
        name="PREVALENCE_2425.csv",
        rows=[
            ["PRACTICE_CODE", "GROUP_CODE", "REGISTER", "PATIENT_LIST_TYPE", "PRACTICE_LIST_SIZE", "NOTE"],
            *([code, "AF", "3", "TOTAL", "30", ""] for code in _PRACTICES),
        ],
        key="PRACTICE_CODE",
        figure="REGISTER",
        text="NOTE",
    ),
    "practice_imd": Official(
        load=load_practice_deprivation,
        name="fingertips-imd.csv",
        rows=[
            ["PRACTICE_CODE", "PRACTICE_NAME", "IMD_YEAR", "IMD_SCORE"],
            *([code, "A", "2025", "21.5"] for code in _PRACTICES),
        ],
        key="PRACTICE_CODE",
        figure="IMD_SCORE",
        text="PRACTICE_NAME",
    ),
    "lsoa_imd": Official(
        load=load_lsoa_deprivation,
        name="File_7_IoD2025.csv",
        rows=[IMD_HEADINGS, *([code, "A", str(7 + n), "3"] for n, code in enumerate(_LSOAS))],
        key=IMD_HEADINGS[0],
        figure=IMD_HEADINGS[2],
        text=IMD_HEADINGS[1],
    ),
    "workforce": Official(
        load=load_workforce,
        name="individual level.csv",
        rows=[
            ["CENSUS_YEAR", "CENSUS_MONTH", "PCN_CODE", "PCN_NAME", "DETAILED_STAFF_ROLE", "FTE"],
            *(["2026", "6", f"U0000{n}", "A PCN", "Social Prescribing Link Worker", "0.5"] for n in (1, 2, 3)),
        ],
        key="PCN_CODE",
        figure="FTE",
        text="PCN_NAME",
    ),
    "pcn_records": Official(
        load=load_pcn_records,
        name="epcn.csv",
        rows=[PCN_HEADINGS, *(pcn_record(f"U0000{n}") for n in (1, 2, 3))],
        key="PCN Code",
        text="PCN Name",
    ),
    "memberships": Official(
        load=load_memberships,
        name="epcncorepartnerdetails.csv",
        rows=[
            _MEMBER,
            *([code, "A", "16C", "Sub", "U00001", "P", "16C", "Sub", "20200401", "", "TRUE"] for code in _PRACTICES),
        ],
        key="Partner Organisation Code",
        text="Partner Name",
    ),
    "practice_addresses": Official(
        load=load_towns,
        name="epraccur.csv",
        rows=[_ADDRESS, *(_address(code) for code in _PRACTICES)],
        key="Organisation Code",
        text="Name",
    ),
    "inactivity": Official(
        load=load_inactivity,
        name="inactive.csv",
        rows=[
            ["area_code", "area_name", "area_type", "period", "indicator", "value", "inequality"],
            *([f"E0600000{n}", "A", "UA", "2024/25", INACTIVE, f"{20 + n}.5", ""] for n in (1, 2, 3)),
        ],
        key="area_code",
        figure="value",
        text="area_name",
    ),
    "lsoa_points": Official(
        load=load_lsoa_points,
        name="points.csv",
        rows=[
            ["LSOA21CD", "LSOA21NM", "x", "y"],
            *([code, "A", str(430_000 + n), "434000"] for n, code in enumerate(_LSOAS)),
        ],
        key="LSOA21CD",
        figure="x",
        text="LSOA21NM",
    ),
    "active_places": Official(
        load=load_venues,
        name="healthandfitnessgym.csv",
        rows=[
            "Site ID,Operational Status,Operator Name,Accessibility Type Group (Text),Easting,Northing".split(","),
            *([f"100000{n}", "3", "Anyone", "Public Access", str(430_000 + n), "434000"] for n in (1, 2, 3)),
        ],
        key="Site ID",
        figure="Easting",
        text="Operator Name",
    ),
}
