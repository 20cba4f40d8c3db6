"""A bank of hours read back from the Open Referral list of services that a run wrote of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

from ..errors import DataError
from ..schema import BankTables, FacilityFrame, LinkFrame, OperatorFrame, PledgeFrame
from ..schema.open_referral import (
    DELIVERY,
    EXTENSION,
    EXTENSION_FORMAT,
    FACILITY_ID,
    OPERATOR_ID,
    OPERATOR_KIND,
    OTHER_VENUE_TYPE,
    PATHWAY,
    ROLE,
    SCHEDULES,
    TAXONOMY,
    VENUE_TYPE,
)
from ..schema.published import EASTING_M, NORTHING_M
from ..schema.words import CRS, LIST_SEPARATOR
from ..validate import check_frame
from ._raw import refuse
from ._read import read_json
from .postcodes import normal_postcode

_REMEDY = "Give the open_referral.json of a folder of results, as a run of this version of geomap wrote it."
_TIMES = {said: time for time, (_, said) in SCHEDULES.items()}
Json = Mapping[str, Any]


def read_bank(path: Path) -> BankTables:
    """
    Read the four tables of the bank back from what a run published of it.

    Parameters
    ----------
    path
        `open_referral.json` of a folder of results.

    Returns
    -------
    bank
        As the run took it in: operators, facilities (metres, EPSG:27700), pledges and links that take part in it,
        sorted by id.

    Raises
    ------
    DataError
        The file is none that geomap wrote, or not as it wrote it.
    """
    path = Path(path)
    page, _ = read_json(path)
    block = page.get(EXTENSION) if isinstance(page, dict) else None
    if not isinstance(block, dict) or block.get("format") != EXTENSION_FORMAT:
        problem = f"it has no block {EXTENSION!r} of the format {EXTENSION_FORMAT!r}, so it is no bank of hours"
        raise refuse(path.name, problem, _REMEDY)
    try:
        rows = _gather(page, block)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError) as error:
        problem = f"a service, or a row of {EXTENSION!r}, is not as geomap writes it"
        raise refuse(path.name, problem, _REMEDY, value=str(error)) from error
    return _to_tables(rows, path.name)


def _gather(page: Json, block: Json) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table as dictionaries; what is missing is not in them."""
    services = page["contents"]
    placed = [place for service in services for place in _places(service)]
    organizations = {o["id"]: o for o in [*(s["organization"] for s in services), *block["organizations"]]}
    locations = {place["id"]: place for place in [*placed, *block["locations"]]}
    owners = {key: _operator(value) for key, value in organizations.items()}
    spots = {row["location_id"]: row for row in block["facilities"]}
    terms = {row["service_id"]: row for row in block["pledges"]}
    return {
        "operators": list(owners.values()),
        "facilities": [_facility(value, spots[key], owners) for key, value in locations.items()],
        "pledges": [_pledge(service, terms[service["id"]]) for service in services],
        "links": [dict(row) for row in block["links"]],
    }


def _operator(organization: Json) -> dict[str, Any]:
    return {
        OperatorFrame.operator_id: _operator_id(organization),
        OperatorFrame.operator_name: organization["name"],
        OperatorFrame.operator_kind: next(_codes(organization, OPERATOR_KIND)),
    }


def _operator_id(organization: Json) -> str:
    told = organization["organization_identifiers"]
    return next(item["identifier"] for item in told if item["identifier_type"] == OPERATOR_ID)


def _facility(location: Json, spot: Json, owners: Mapping[str, Json]) -> dict[str, Any]:
    f = FacilityFrame
    if location["external_identifier_type"] != FACILITY_ID:
        raise ValueError(location["external_identifier_type"])
    addresses, notes = location.get("addresses", ()), location.get("accessibility", ())
    row = {
        f.facility_id: location["external_identifier"],
        f.operator_id: owners[spot["organization_id"]][OperatorFrame.operator_id],
        f.facility_name: location["name"],
        f.venue_type: next(_codes(location, VENUE_TYPE)),
        f.other_venue_types: _join(_codes(location, OTHER_VENUE_TYPE)),
        f.postcode: normal_postcode(addresses[0]["postal_code"]) if addresses else None,
        f.access_notes: notes[0]["description"] if notes else None,
        f.location_basis: spot[f.location_basis],
    }
    return row | {EASTING_M: spot[EASTING_M], NORTHING_M: spot[NORTHING_M]}


def _pledge(service: Json, terms: Json) -> dict[str, Any]:
    f = PledgeFrame
    schedules, places = service["schedules"], _places(service)
    told = (f.pledge_id, f.hours, f.hour_unit, f.group_size, f.fill_share, f.min_group, f.max_km, f.icb_codes)
    return {
        **{name: terms.get(name) for name in told},
        f.operator_id: _operator_id(service["organization"]),
        f.facility_id: places[0]["external_identifier"] if places else None,
        f.pathways: _join(_codes(service, PATHWAY)),
        f.start_date: schedules[0].get("valid_from"),
        f.end_date: schedules[0].get("valid_to"),
        f.delivery: next(_codes(service, DELIVERY)),
        f.times: _join(_TIMES[s["description"]] for s in schedules if "byday" in s),
        f.roles: _join(_codes(service, ROLE)),
        f.age_min: service.get("minimum_age"),
        f.age_max: service.get("maximum_age"),
        f.updated: service.get("assured_date"),
    }


def _places(service: Json) -> list[Json]:
    """Its location, if it is one that people can go to."""
    places = (at["location"] for at in service.get("service_at_locations", ()))
    return [place for place in places if place["location_type"] != "virtual"]


def _codes(thing: Json, kind: str) -> Iterable[str]:
    """Codes of the terms of one of geomap's own taxonomies that a thing has, in its order."""
    terms = (attribute["taxonomy_term"] for attribute in thing.get("attributes", ()))
    return (term["code"] for term in terms if term["taxonomy"] == f"{TAXONOMY}{kind}")


def _join(items: Iterable[str]) -> str | None:
    return LIST_SEPARATOR.join(items) or None


def _to_tables(rows: Mapping[str, list[dict[str, Any]]], source: str) -> BankTables:
    spots = pd.DataFrame(rows["facilities"], columns=[EASTING_M, NORTHING_M], dtype="float64")
    points = gpd.points_from_xy(spots[EASTING_M], spots[NORTHING_M])
    plain = {
        "operators": (OperatorFrame, [OperatorFrame.operator_id]),
        "facilities": (FacilityFrame, [FacilityFrame.facility_id]),
        "pledges": (PledgeFrame, [PledgeFrame.pledge_id]),
        "links": (LinkFrame, list(LinkFrame.to_schema().columns)),
    }
    tables = {}
    for name, (model, order) in plain.items():
        columns = list(model.to_schema().columns)
        frame = pd.DataFrame(rows[name], columns=columns)
        if name == "facilities":
            frame = gpd.GeoDataFrame(frame.assign(geometry=points), geometry="geometry", crs=CRS)
        tables[name] = _checked(_typed(frame, model, source), model, f"{source}, {name}").sort_values(
            order, kind="stable", ignore_index=True
        )
    return BankTables(**tables)


def _typed(frame: pd.DataFrame, model: type[pa.DataFrameModel], source: str) -> pd.DataFrame:
    """The columns in the kinds of the model."""
    kinds = {name: str(column.dtype) for name, column in model.to_schema().columns.items()}
    days = [name for name, kind in kinds.items() if kind.startswith("datetime")]
    plain = {name: "str" if kind.startswith("str") else kind for name, kind in kinds.items() if name not in days}
    try:
        read = {name: pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[us]") for name in days}
        return frame.astype(plain).assign(**read)
    except (TypeError, ValueError, OverflowError) as error:
        raise refuse(source, "a cell of it is of another kind than geomap writes", _REMEDY, value=str(error)) from error


def _checked(frame: pd.DataFrame, model: type[pa.DataFrameModel], source: str) -> pd.DataFrame:
    good, faults = check_frame(frame, model, source=source)
    if faults:
        raise DataError(faults=faults)
    return good
