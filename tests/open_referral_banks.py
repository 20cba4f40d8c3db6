"""Banks of hours for the tests of Open Referral files, and what the standard says of each field, in our own words."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from functools import cache
from typing import Any

import geopandas as gpd
import pandas as pd
from hypothesis import strategies as st
from made_up import made_up_tables

from geomap.schema import (
    AllocationResultFrame,
    BankTables,
    FacilityFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    OperatorFrame,
    OperatorResultFrame,
    PledgeFrame,
    PledgeResultFrame,
    ReachableFrame,
    ResultTables,
)
from geomap.schema.words import (
    CRS,
    DELIVERIES,
    HOUR_UNITS,
    LINK_STATUSES,
    LIST_SEPARATOR,
    OPERATOR_KINDS,
    TIMES,
    VENUE_TYPES,
)

UUID, TEXT, NUMBER, URI, DAY = "uuid", "text", "number", "uri", "day"
STATUS = ("active", "inactive", "defunct", "temporarily closed")
OBJECTS: dict[str, dict[str, object]] = {
    "service": {
        "id!": UUID, "organization_id": UUID, "name!": TEXT, "description": TEXT, "url!": URI, "status!": STATUS,
        "minimum_age": NUMBER, "maximum_age": NUMBER, "assured_date": DAY, "schedules": ["schedule"],
        "service_areas": ["service_area"], "service_at_locations": ["service_at_location"],
        "organization": "organization", "cost_options": ["cost_option"], "attributes": ["attribute"],
        "eligibility_description+": TEXT,
    },
    "organization": {
        "id!": UUID, "name!": TEXT, "description!": TEXT, "organization_identifiers": ["organization_identifier"],
        "attributes": ["attribute"],
    },
    "organization_identifier": {"id!": UUID, "identifier_type!": TEXT, "identifier!": TEXT},
    "schedule": {
        "id!": UUID, "valid_from": DAY, "valid_to": DAY, "freq": ("WEEKLY", "MONTHLY"), "byday": TEXT,
        "description": TEXT, "attending_type": TEXT,
    },
    "service_area": {"id!": UUID, "name": TEXT, "uri": TEXT},
    "service_at_location": {"id!": UUID, "location": "location"},
    "location": {
        "id!": UUID, "name": TEXT, "latitude": NUMBER, "longitude": NUMBER, "external_identifier": TEXT,
        "external_identifier_type": TEXT, "addresses": ["address"], "accessibility": ["accessibility"],
        "attributes": ["attribute"], "location_type!+": ("physical", "postal", "virtual"),
    },
    "address": {
        "id!": UUID, "address_1!": TEXT, "city!": TEXT, "state_province!": TEXT, "postal_code!": TEXT,
        "country!": ("GB",), "address_type!": ("physical", "postal", "virtual"),
    },
    "accessibility": {"id!": UUID, "description": TEXT},
    "cost_option": {"id!": UUID, "amount": NUMBER, "amount_description": TEXT},
    "attribute": {"id!": UUID, "link_type": TEXT, "link_entity+": TEXT, "taxonomy_term": "taxonomy_term"},
    "taxonomy_term": {
        "id!": UUID, "taxonomy!": TEXT, "term": TEXT, "code+": TEXT, "name!+": TEXT, "description!+": TEXT,
    },
}  # fmt: skip
"""Object → field → what it holds. `!` is required, by the profile of the United Kingdom or by HSDS 3 behind it; `+` is
a field of HSDS that the profile leaves out, and allows."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def check_object(thing: object, kind: str, at: str = "") -> list[str]:
    """What is wrong with an object of the standard, each with its place; nothing where all holds."""
    at = at or kind
    if not isinstance(thing, dict):
        return [f"{at}: no object"]
    told = {name.rstrip("!+"): (what, "!" in name) for name, what in OBJECTS[kind].items()}
    wrong = [f"{at}.{name}: missing" for name, (_, needed) in told.items() if needed and name not in thing]
    wrong += [f"{at}.{name}: not of the standard" for name in thing if name not in told]
    for name, value in thing.items():
        if name in told:
            wrong += _check_value(value, told[name][0], f"{at}.{name}")
    return wrong


def _check_value(value: Any, what: object, at: str) -> list[str]:
    if isinstance(what, list):
        if not isinstance(value, list):
            return [f"{at}: no list"]
        return [fault for item in value for fault in check_object(item, what[0], at)]
    if isinstance(what, str) and what in OBJECTS:
        return check_object(value, what, at)
    if isinstance(what, tuple):
        return [] if value in what else [f"{at}: {value!r}"]
    fits = {
        UUID: lambda: isinstance(value, str) and _UUID.fullmatch(value),
        TEXT: lambda: isinstance(value, str),
        NUMBER: lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
        URI: lambda: isinstance(value, str) and _URI.fullmatch(value),
        DAY: lambda: isinstance(value, str) and re.fullmatch(r"\d{4}-[01]\d-[0-3]\d", value),
    }
    return [] if fits[what]() else [f"{at}: {value!r} is no {what}"]


HOSTILE = (
    "{{ 7 * 7 }}", "{% raw %}", "<script>alert(1)</script>", '"},{"id": "', "=HYPERLINK(0)", "\u2028\u202e", "\x00",
    "a;b", "NaN", "null", "🏊 Baths", "O'Brien & Söhne\\", " ",
)  # fmt: skip
PATHWAYS = ("exercise_referral", "dance", "gentle_activity", "mental_wellbeing", "my own")
words = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
_items = words.map(lambda text: text.replace(LIST_SEPARATOR, ",")).filter(bool)
_days = st.one_of(st.none(), st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)))
_ages = st.one_of(st.none(), st.floats(0, 120), st.integers(0, 120).map(float))
_postcodes = st.one_of(st.none(), st.from_regex(r"[A-Z]{1,2}[0-9]{1,2}[0-9][A-Z]{2}", fullmatch=True))


def _joined(items: st.SearchStrategy[str], least: int = 0) -> st.SearchStrategy[str | None]:
    several = st.lists(items, min_size=least, max_size=3, unique=True)
    return several.map(lambda found: LIST_SEPARATOR.join(found) or None)


@st.composite
def banks(draw: st.DrawFn) -> BankTables:
    """Any bank of hours that holds the declarations of its tables, however its texts read."""
    f, p = FacilityFrame, PledgeFrame
    keys = st.lists(words, max_size=3, unique=True)
    owners = [
        {
            OperatorFrame.operator_id: key,
            OperatorFrame.operator_name: draw(words),
            OperatorFrame.operator_kind: draw(st.sampled_from(OPERATOR_KINDS)),
        }
        for key in draw(st.lists(words, min_size=1, max_size=3, unique=True))
    ]
    owner = st.sampled_from([row[OperatorFrame.operator_id] for row in owners])
    places = [
        {
            f.facility_id: key,
            f.operator_id: draw(owner),
            f.facility_name: draw(words),
            f.venue_type: draw(st.sampled_from(VENUE_TYPES)),
            f.other_venue_types: draw(_joined(st.sampled_from(VENUE_TYPES))),
            f.postcode: draw(_postcodes),
            f.access_notes: draw(st.one_of(st.none(), words)),
            f.location_basis: draw(st.sampled_from(("coordinates", "postcode", "site_id"))),
        }
        for key in draw(keys)
    ]
    metres = st.tuples(st.floats(130_000, 600_000), st.floats(60_000, 600_000))
    spots = [draw(metres) for _ in places]
    pledges = []
    for key in draw(keys):
        place = draw(st.sampled_from([None, *places]))
        pledges.append(
            {
                p.pledge_id: key,
                p.operator_id: place[f.operator_id] if place else draw(owner),
                p.facility_id: place[f.facility_id] if place else None,
                p.pathways: draw(_joined(st.sampled_from(PATHWAYS), 1)),
                p.hours: draw(st.floats(0, 1e9)),
                p.hour_unit: draw(st.sampled_from(HOUR_UNITS)),
                p.group_size: draw(st.one_of(st.none(), st.floats(1, 10_000))),
                p.fill_share: draw(st.one_of(st.none(), st.floats(0.001, 1))),
                p.min_group: draw(st.one_of(st.none(), st.floats(1, 10_000))),
                p.start_date: draw(_days),
                p.end_date: draw(_days),
                p.delivery: draw(st.sampled_from(DELIVERIES)),
                p.times: draw(_joined(st.sampled_from(TIMES))),
                p.roles: draw(_joined(_items)),
                p.age_min: draw(_ages),
                p.age_max: draw(_ages),
                p.max_km: draw(st.one_of(st.none(), st.floats(0.001, 500))),
                p.icb_codes: draw(_joined(st.sampled_from(("QWO", "D7T5G")))),
                p.updated: draw(_days),
            }
        )
    links = [
        {
            LinkFrame.operator_id: draw(st.one_of(st.none(), owner)),
            LinkFrame.facility_id: draw(st.sampled_from([None, *(row[f.facility_id] for row in places)])),
            LinkFrame.organisation_code: draw(st.sampled_from(("U11111", "QWO"))),
            LinkFrame.link_status: draw(st.sampled_from(LINK_STATUSES)),
            LinkFrame.since: draw(st.one_of(st.none(), words)),
            LinkFrame.note: draw(st.one_of(st.none(), words)),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    return make_bank(owners, places, spots, pledges, links)


def make_bank(
    owners: list[dict], places: list[dict], spots: list[tuple[float, float]], pledges: list[dict], links: list[dict]
) -> BankTables:
    """The four tables from rows, in the kinds that the loader of a bank gives them, sorted by id."""
    f = FacilityFrame
    columns = list(f.to_schema().columns)
    points = gpd.points_from_xy(*zip(*spots, strict=True)) if spots else []
    facilities = gpd.GeoDataFrame(_typed(pd.DataFrame(places, columns=columns[:-1]), f), geometry=list(points), crs=CRS)
    tables = {
        "operators": _typed(pd.DataFrame(owners, columns=list(OperatorFrame.to_schema().columns)), OperatorFrame),
        "facilities": facilities,
        "pledges": _typed(pd.DataFrame(pledges, columns=list(PledgeFrame.to_schema().columns)), PledgeFrame),
        "links": _typed(pd.DataFrame(links, columns=list(LinkFrame.to_schema().columns)), LinkFrame),
    }
    keys = {
        "operators": [OperatorFrame.operator_id],
        "facilities": [f.facility_id],
        "pledges": [PledgeFrame.pledge_id],
        "links": list(LinkFrame.to_schema().columns),
    }
    order = {"kind": "stable", "ignore_index": True}
    return BankTables(**{name: frame.sort_values(keys[name], **order) for name, frame in tables.items()})


def _typed(frame: pd.DataFrame, model: type) -> pd.DataFrame:
    kinds = {name: str(column.dtype) for name, column in model.to_schema().columns.items() if name != "geometry"}
    kinds = {name: "datetime64[us]" if "datetime" in kind else kind for name, kind in kinds.items()}
    return frame.astype({name: "str" if kind.startswith("str") else kind for name, kind in kinds.items()})


@cache
def empty_run() -> ResultTables:
    """A run that matched nothing, to put a bank into."""
    frames = {"allocation": AllocationResultFrame, "ledger": LedgerFrame, "reachable": ReachableFrame}
    return replace(made_up_tables(), **{name: model.no_rows() for name, model in frames.items()})


@cache
def made_up_run(*, published: bool = False, hostile: bool = False) -> ResultTables:
    """An invented run with the bank that it would come from: its ledger's pledges, and more columns filled in."""
    tables = made_up_tables(published=published, hostile=hostile)
    o, f, p = OperatorResultFrame, FacilityResultFrame, PledgeResultFrame
    owners = tables.operators[[o.operator_id, o.operator_name, o.operator_kind]].to_dict("records")
    named = [f.facility_id, f.operator_id, f.facility_name, f.venue_type]
    places = pd.DataFrame(tables.facilities[named]).to_dict("records")
    for k, row in enumerate(places):
        notes = {FacilityFrame.postcode: f"LS{k + 1}3AD", FacilityFrame.access_notes: "Level access"}
        more = {FacilityFrame.other_venue_types: "pool;studio"} if k == 0 else {}
        row |= {FacilityFrame.location_basis: "coordinates", **(notes if k % 2 else {}), **more}
    spots = [(point.x, point.y) for point in tables.facilities.geometry]
    joined = tables.ledger.merge(tables.pledges[[p.pledge_id, p.pathways, p.roles, p.delivery]], on=p.pledge_id)
    ours = [PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id, PledgeFrame.hours,
            PledgeFrame.hour_unit, PledgeFrame.pathways, PledgeFrame.roles, PledgeFrame.delivery]  # fmt: skip
    pledges = joined[ours].astype(object).where(joined[ours].notna(), None).to_dict("records")
    for k, row in enumerate(pledges):
        if k % 3 == 0:
            row |= {PledgeFrame.group_size: 12.0, PledgeFrame.fill_share: 0.8, PledgeFrame.min_group: 5.0,
                    PledgeFrame.max_km: 4.5, PledgeFrame.icb_codes: "QWO", PledgeFrame.times: "weekday_day;weekend",
                    PledgeFrame.age_min: 18.0, PledgeFrame.age_max: 99.5, PledgeFrame.start_date: dt.date(2026, 4, 1),
                    PledgeFrame.end_date: dt.date(2027, 3, 31), PledgeFrame.updated: dt.date(2026, 5, 2)}  # fmt: skip
    known = {row[f.facility_id] for row in places}
    assert {row[PledgeFrame.facility_id] for row in pledges} - {None} <= known
    links = tables.links.astype(object).where(tables.links.notna(), None).to_dict("records")
    return replace(tables, bank=make_bank(owners, places, spots, pledges, links))
