"""`open_referral.json`: the bank of hours and the match as a list of services in the standard Open Referral UK 3.

One page of the standard's list of services, which any reader of the standard can take. What the standard has no field
for is in one block beside the list (`EXTENSION`), as tables in the program's own column names; see
`docs/open_referral.md`. `geomap.load.open_referral_bank` reads the bank back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from ..schema import (
    AllocationResultFrame,
    BankTables,
    FacilityFrame,
    LedgerFrame,
    LinkFrame,
    OperatorFrame,
    PathwayFrame,
    PledgeFrame,
    ReachableFrame,
    ResultTables,
)
from ..schema.open_referral import EXTENSION, EXTENSION_FORMAT, OPEN_REFERRAL_NAME, stable_id
from ..schema.published import EASTING_M, NORTHING_M, SUPPRESSED
from ._open_referral_objects import Json, Offered, build_location, build_organization, build_service, present

SERVICE, LOCATION, ORGANIZATION = "service_id", "location_id", "organization_id"
NOT_SHOWN = "not_shown"
"""Beside a row of the match whose counts of people are hidden: the mark that stands for them in the CSV files."""
_ABOUT = (
    "What the standard has no field for; docs/open_referral.md of geomap describes it. Other readers may pass over it."
)
_TERMS = (PledgeFrame.hours, PledgeFrame.hour_unit, PledgeFrame.group_size, PledgeFrame.fill_share,
          PledgeFrame.min_group, PledgeFrame.max_km, PledgeFrame.icb_codes)  # fmt: skip
"""Columns of a pledge that the standard has no field for."""
_LEDGER = (LedgerFrame.pledged_hours, LedgerFrame.ineligible_hours, LedgerFrame.eligible_hours,
           LedgerFrame.matched_hours, LedgerFrame.unmatched_hours)  # fmt: skip
_MATCHED = (AllocationResultFrame.pathway_id, AllocationResultFrame.pcn_code, AllocationResultFrame.pcn_name,
            AllocationResultFrame.places, AllocationResultFrame.matched_hours, AllocationResultFrame.referrals,
            AllocationResultFrame.completions, AllocationResultFrame.minutes_min)  # fmt: skip
_REACH = (ReachableFrame.pcn_code, ReachableFrame.reach_share, ReachableFrame.minutes_min)


def write_open_referral(folder: Path, tables: ResultTables) -> Path:
    """
    Write the bank and the match of a run as an Open Referral UK list of services.

    Parameters
    ----------
    folder
        Where to write; it is there already.
    tables
        A finished run, as `tables_as_published` gives it: counts of people that the CSV files do not show are not here
        either.

    Returns
    -------
    path
        The file written, UTF-8, one service or row a line; the same run gives the same bytes.
    """
    page = build_open_referral(tables)
    path = folder / OPEN_REFERRAL_NAME
    path.write_bytes((_spread(page) + "\n").encode())
    return path


def build_open_referral(tables: ResultTables) -> Json:
    """
    The page of services of a run, as plain dictionaries and lists.

    One service a pledge: the hours belong to the pledge as a whole, and a service a pathway would count them twice.
    """
    bank = tables.bank
    organizations = {row[OperatorFrame.operator_id]: build_organization(row) for row in _records(bank.operators)}
    locations = _build_locations(bank)
    pledges = sorted(_records(bank.pledges), key=lambda row: row[PledgeFrame.pledge_id])
    served = _served(tables.allocation)
    names = dict(zip(tables.pathways[PathwayFrame.pathway_id], tables.pathways[PathwayFrame.pathway_name], strict=True))
    services = [
        build_service(
            Offered(
                pledge=row,
                organization=organizations[row[PledgeFrame.operator_id]],
                location=locations.get(row.get(PledgeFrame.facility_id)),
                pathways=names,
                pcns=served.get(row[PledgeFrame.pledge_id], []),
                as_of=tables.facts.as_of,
            )
        )
        for row in pledges
    ]
    used = [row.get(PledgeFrame.facility_id) for row in pledges]
    others = {
        "organizations": _unnamed(organizations, [row[PledgeFrame.operator_id] for row in pledges]),
        "locations": _unnamed(locations, used),
    }
    count = len(services)
    return {
        "total_items": count,
        "total_pages": 1,
        "page_number": 1,
        "size": count,
        "first_page": True,
        "last_page": True,
        "empty": not count,
        "contents": services,
        EXTENSION: _build_extension(tables, pledges) | others,
    }


def _build_locations(bank: BankTables) -> dict[str, Json]:
    degrees = bank.facilities.to_crs("EPSG:4326").geometry if len(bank.facilities) else bank.facilities.geometry
    rows = _records(bank.facilities.drop(columns=FacilityFrame.geometry))
    places = zip(degrees.x, degrees.y, strict=True)
    return {row[FacilityFrame.facility_id]: build_location(row, *spot) for row, spot in zip(rows, places, strict=True)}


def _build_extension(tables: ResultTables, pledges: list[Json]) -> Json:
    """The block of what the standard lacks; the keys of its rows are ids of the list and the program's columns."""
    facts, bank = tables.facts, tables.bank
    run = ("name", "label", "period_start", "period_end", "as_of", "internal")
    ledger = {row[LedgerFrame.pledge_id]: row for row in _records(tables.ledger)}
    return {
        "format": EXTENSION_FORMAT,
        "about": _ABOUT,
        "run": {name: getattr(facts, name) for name in run},
        "pledges": [_pledge_row(row, ledger.get(row[PledgeFrame.pledge_id], {})) for row in pledges],
        "facilities": _facility_rows(bank),
        "links": _records(bank.links[list(LinkFrame.to_schema().columns)]),
        "matched": _match_rows(tables.allocation),
        "reach": _reach_rows(tables.reachable),
    }


def _pledge_row(pledge: Json, ledger: Json) -> Json:
    key = pledge[PledgeFrame.pledge_id]
    terms = {name: pledge[name] for name in _TERMS if name in pledge}
    hours = {name: ledger[name] for name in _LEDGER if name in ledger}
    return {SERVICE: stable_id("service", key), PledgeFrame.pledge_id: key, **terms, **hours}


def _facility_rows(bank: BankTables) -> list[Json]:
    f = FacilityFrame
    keys = zip(bank.facilities[f.facility_id], bank.facilities[f.operator_id], strict=True)
    points, basis = bank.facilities.geometry, bank.facilities[f.location_basis]
    return [
        {
            LOCATION: stable_id("location", facility),
            ORGANIZATION: stable_id("organization", operator),
            EASTING_M: float(point.x),
            NORTHING_M: float(point.y),
            f.location_basis: told,
        }
        for (facility, operator), point, told in zip(keys, points, basis, strict=True)
    ]


def _match_rows(allocation: pd.DataFrame) -> list[Json]:
    f = AllocationResultFrame
    rows = _records(allocation[[f.pledge_id, *_MATCHED]])
    for row in rows:
        if f.places not in row:
            row[NOT_SHOWN] = SUPPRESSED
    return [{SERVICE: stable_id("service", row.pop(f.pledge_id)), **row} for row in rows]


def _reach_rows(reachable: pd.DataFrame) -> list[Json]:
    f = ReachableFrame
    ids = {key: stable_id("location", key) for key in reachable[f.facility_id].unique()}
    rows = _records(reachable[[f.facility_id, *_REACH]])
    return [{LOCATION: ids[row.pop(f.facility_id)], **row} for row in rows]


def _served(allocation: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """Pledge → code and name of each PCN that it is matched with."""
    f = AllocationResultFrame
    rows = allocation[[f.pledge_id, f.pcn_code, f.pcn_name]].drop_duplicates().sort_values([f.pledge_id, f.pcn_code])
    found: dict[str, list[tuple[str, str]]] = {}
    for pledge, code, name in rows.itertuples(index=False):
        found.setdefault(pledge, []).append((code, name))
    return found


def _unnamed(objects: Mapping[str, Json], named: Iterable[str | None]) -> list[Json]:
    """Those that no service of the list names."""
    used = set(named)
    return [value for key, value in sorted(objects.items()) if key not in used]


def _records(frame: pd.DataFrame) -> list[Json]:
    """Rows as dictionaries, without what is missing; days as yyyy-mm-dd, whole numbers without a point."""
    days = frame.select_dtypes("datetime").columns
    frame = frame.assign(**{name: frame[name].map(lambda day: day.date().isoformat(), "ignore") for name in days})
    plain = frame.astype(object).where(frame.notna(), None)
    return [present(row) for row in plain.to_dict("records")]


def _spread(page: Json) -> str:
    """The page as JSON: each item of a list of its own or of the block on a line, so that two runs can be compared."""
    parts = []
    for key, value in page.items():
        if isinstance(value, list):
            text = "[" + ",".join(f"\n{_dump(item)}" for item in value) + "\n]"
        else:
            text = _spread(value) if key == EXTENSION else _dump(value)
        parts.append(f"{_dump(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
