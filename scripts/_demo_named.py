"""The demo's addresses of practices, and its invented list of leisure sites, in the layouts of their publishers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from _demo_places import district, spaced

# Post towns of the real postcode districts that the practices lie in, as their addresses write them.
_TOWNS = {
    "BLACKBURN": "BB1 BB2 BB6", "DARWEN": "BB3", "ROSSENDALE": "BB4", "ACCRINGTON": "BB5", "CLITHEROE": "BB7",
    "COLNE": "BB8", "NELSON": "BB9", "BURNLEY": "BB10 BB11 BB12", "BARNOLDSWICK": "BB18",
    "BLACKPOOL": "FY1 FY2 FY3 FY4", "THORNTON-CLEVELEYS": "FY5", "POULTON-LE-FYLDE": "FY6", "FLEETWOOD": "FY7",
    "LYTHAM ST ANNES": "FY8", "PRESTON": "PR1 PR2 PR3 PR4 PR5", "CHORLEY": "PR6 PR7", "SOUTHPORT": "PR8 PR9",
    "LEYLAND": "PR25 PR26",
}  # fmt: skip
# Parts of them that stand before the town in an address.
_PARTS = {
    "BB6": "GREAT HARWOOD", "FY3": "LAYTON", "PR2": "FULWOOD", "PR5": "BAMBER BRIDGE", "PR8": "AINSDALE",
    "BB12": "PADIHAM",
}  # fmt: skip
_STREETS = ("EXAMPLE STREET", "ILLUSTRATION ROAD", "SPECIMEN LANE", "SAMPLE AVENUE", "PATTERN WAY")
_BLANK = 27
_CODE, _NAME, _ADDRESS, _POSTCODE, _OPEN, _STATUS, _KIND, _SETTING = 0, 1, 4, 9, 10, 12, 13, 25

_BIRDS = ("Avocet", "Bittern", "Curlew", "Dunlin", "Egret", "Fulmar", "Gannet", "Heron", "Ibis", "Jackdaw", "Kestrel",
          "Lapwing", "Merlin", "Nightjar", "Osprey", "Plover", "Redshank", "Sandpiper", "Tern", "Whimbrel")  # fmt: skip
_SORTS = {"gym": "Gym", "pool": "Pool", "hall": "Sports Hall", "studio": "Studio"}
_FIRST_SITE = 9_900_001
OTHER_SITES = 420
"""Leisure sites that nobody has pledged hours of."""
_FILES = {"gym": "HealthAndFitnessGym", "pool": "SwimmingPools", "hall": "SportsHalls", "studio": "Studios"}
_MIXES = (("gym",), ("gym", "studio"), ("hall",), ("gym", "pool", "studio"), ("pool",), ("studio",), ("gym", "hall"))
_OPERATORS = ("", "", "", "", "Illustrative Fitness Group", "Example School Sports Trust", "Example Leisure Partners")
ZIP_DATE = (2026, 7, 3, 8, 0, 0)


def write_addresses(path: Path, practices: pd.DataFrame) -> None:
    """`epraccur.csv`: 27 columns without headings, every cell quoted, no telephone number, towns on varying lines."""
    towns = {code: town for town, codes in _TOWNS.items() for code in codes.split()}
    rows = []
    for place, practice in enumerate(practices.itertuples()):
        outward = district(practice.postcode)
        town, part = towns[outward], _PARTS.get(outward, "") if place % 2 else ""
        street = f"{place % 90 + 1} {_STREETS[place % len(_STREETS)]}"
        lines = [practice.practice_name, street, part, town, "" if place % 5 == 0 else "LANCASHIRE"]
        if place % 4 == 1:
            lines[1:3] = [f"{street},{part}" if part else street]
        if place % 7 == 2:
            lines[-2:] = [", ".join(filter(None, lines[-2:]))]
        rows.append(_address_row(practice.practice_code, practice.practice_name, lines, spaced(practice.postcode)))
    # Without a line for the town, as now and then; and a place that is no GP practice.
    townless = ["EXAMPLE CLOSED SURGERY", "1 EXAMPLE STREET", "LANCASHIRE"]
    closed = _address_row("Z99900", townless[0], townless, rows[0][_POSTCODE])
    closed[_STATUS] = "C"
    other = _address_row("Y99901", "EXAMPLE WALK-IN CENTRE", rows[1][_ADDRESS : _ADDRESS + 4], rows[1][_POSTCODE])
    other[_SETTING] = "2"
    text = pd.DataFrame([*rows, closed, other]).to_csv(index=False, header=False, lineterminator="\r\n", quoting=1)
    path.write_bytes(text.encode())


def _address_row(code: str, name: str, lines: list[str], postcode: str) -> list[str]:
    """A row of 27 cells; blank lines of an address close up."""
    row = [""] * _BLANK
    filled = [line for line in lines if line]
    row[_CODE], row[_NAME], row[_POSTCODE], row[_OPEN] = code, name, postcode, "19740401"
    row[_ADDRESS : _ADDRESS + len(filled)] = filled
    row[_STATUS], row[_KIND], row[_SETTING] = "A", "B", "4"
    return row


def write_leisure_sites(
    path: Path, postcodes: pd.DataFrame, facilities: pd.DataFrame, rng: np.random.Generator
) -> None:
    """`activeplacescsvs.zip`: invented sites at real postcodes, and two in three of the bank's sports facilities."""
    drawn = postcodes.iloc[np.sort(rng.choice(len(postcodes), OTHER_SITES, replace=False))]
    others = [
        (row.easting, row.northing, _MIXES[rng.integers(len(_MIXES))], _OPERATORS[rng.integers(len(_OPERATORS))])
        for row in drawn.itertuples()
    ]
    named = zip(others, drawn.index, strict=True)
    names = [_name_site(place, kinds, key) for place, ((*_, kinds, _), key) in enumerate(named)]
    at = postcodes.loc[:, ["easting", "northing"]]
    for row in facilities[facilities["venue_type"].isin(list(_FILES))].itertuples():
        key = str(row.postcode).replace(" ", "")
        if key in at.index and rng.random() < 2 / 3:
            others.append((*at.loc[key], (row.venue_type,), ""))
            names.append(_site_row(len(names), row.facility_name, key))
    tables: dict[str, list[dict[str, object]]] = {kind: [] for kind in _FILES}
    for place, (east, north, kinds, operator) in enumerate(others):
        closed = place % 29 == 28
        for kind in kinds:
            tables[kind].append(
                {
                    "Site ID": _FIRST_SITE + place,
                    "Operational Status": 5 if closed else 3,
                    "Operator Name": operator,
                    "Accessibility Type Group (Text)": "Private" if place % 31 == 30 else "Public Access",
                    "Closure Reason": "Example" if closed else "",
                    "Easting": int(east),
                    "Northing": int(north),
                }
            )
    members = {f"{_FILES[kind]}.csv": pd.DataFrame(rows) for kind, rows in tables.items()}
    members["sites.csv"] = pd.DataFrame([row for row in names if row])
    about = "Active Places Data Version: 2026-07-01 00:00:00\nInvented for the demo; not Sport England's data.\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, table in members.items():
            text = table.to_csv(index=False, lineterminator="\r\n")
            archive.writestr(_member(name), text.encode(), zipfile.ZIP_DEFLATED, 9)
        archive.writestr(_member("information.txt"), about.encode(), zipfile.ZIP_DEFLATED, 9)


def _name_site(place: int, kinds: tuple[str, ...], postcode: str) -> dict[str, object]:
    """A row of `sites.csv`; every ninth site has none, as the file may be older than the others."""
    sort = "Leisure Centre" if len(kinds) > 2 else _SORTS[kinds[0]]
    name = f"Example {_BIRDS[place % len(_BIRDS)]} {sort} {place + 1}"
    return {} if place % 9 == 8 else _site_row(place, name, postcode)


def _site_row(place: int, name: str, postcode: str) -> dict[str, object]:
    """The real file has 80 columns, some of them about persons; the demo leaves those out."""
    return {"Site ID": _FIRST_SITE + place, "Site Name": name, "Postcode": spaced(postcode), "Car Park Exist": "Yes"}


def _member(name: str) -> zipfile.ZipInfo:
    """A member with a fixed date, so that it repeats."""
    info = zipfile.ZipInfo(name, ZIP_DATE)
    info.create_system, info.external_attr = 3, 0o644 << 16
    return info
