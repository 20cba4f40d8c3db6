"""Objects of the standard Open Referral UK: an organization, a location, and a service with all that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..phrases import KINDS, VENUES
from ..schema import FacilityFrame, OperatorFrame, PledgeFrame
from ..schema.open_referral import (
    ATTENDING,
    DELIVERY,
    FACILITY_ID,
    NO_TIMES,
    OPERATOR_ID,
    OPERATOR_KIND,
    OTHER_VENUE_TYPE,
    PATHWAY,
    ROLE,
    SCHEDULES,
    TAXONOMY,
    VENUE_TYPE,
    stable_id,
)
from ..schema.words import LIST_SEPARATOR

Json = dict[str, Any]
_ODS = "https://directory.spineservices.nhs.uk/ORD/2-0-0/organisations/"
"""Where the Organisation Data Service tells of a code; it names the organisation, and need not be asked."""
_FREE = "Free to people who are referred by social prescribing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A pledge, by whom and where it is offered, and whom it is matched with."""

    pledge: Json
    """Columns of `PledgeFrame` without what is missing."""
    organization: Json
    location: Json | None
    pathways: Mapping[str, str]
    """Pathway id → its name."""
    pcns: Sequence[tuple[str, str]]
    """Code and name."""
    as_of: str


def present(row: Mapping[str, Any]) -> Json:
    """What is there of a row; a whole number is written without a point."""
    return {key: _whole(value) for key, value in row.items() if value is not None}


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def build_organization(operator: Mapping[str, Any]) -> Json:
    """An `organization` of an operator, given a row of `OperatorFrame`."""
    key, kind = operator[OperatorFrame.operator_id], operator[OperatorFrame.operator_kind]
    return {
        "id": stable_id("organization", key),
        "name": operator[OperatorFrame.operator_name],
        "description": f"{KINDS[kind].capitalize()} that gives hours to social prescribing",
        "organization_identifiers": [
            {
                "id": stable_id("organization_identifier", key),
                "identifier_type": OPERATOR_ID,
                "identifier": key,
            }
        ],
        "attributes": [_attribute(("organization", key), OPERATOR_KIND, kind, KINDS[kind])],
    }


def build_location(facility: Mapping[str, Any], longitude: float, latitude: float) -> Json:
    """A `location` of a facility, given a row of `FacilityFrame` and its place in degrees (WGS 84)."""
    key, name = facility[FacilityFrame.facility_id], facility[FacilityFrame.facility_name]
    owner, kind = ("location", key), facility[FacilityFrame.venue_type]
    others = _items(facility.get(FacilityFrame.other_venue_types))
    location = {
        "id": stable_id(*owner),
        "location_type": "physical",
        "name": name,
        "latitude": round(float(latitude), 6),
        "longitude": round(float(longitude), 6),
        "external_identifier": key,
        "external_identifier_type": FACILITY_ID,
        "attributes": [
            _attribute(owner, VENUE_TYPE, kind, VENUES[kind]),
            *(_attribute(owner, OTHER_VENUE_TYPE, item, VENUES[item]) for item in others),
        ],
    }
    if FacilityFrame.postcode in facility:
        location["addresses"] = [_address(key, name, facility[FacilityFrame.postcode])]
    if FacilityFrame.access_notes in facility:
        notes = {"id": stable_id("accessibility", key), "description": facility[FacilityFrame.access_notes]}
        location["accessibility"] = [notes]
    return location


def _address(key: str, name: str, postcode: str) -> Json:
    """The standard wants more of an address than a bank of hours has: what is not known is empty."""
    return {
        "id": stable_id("address", key),
        "address_1": name,
        "city": "",
        "state_province": "England",
        "postal_code": f"{postcode[:-3]} {postcode[-3:]}",
        "country": "GB",
        "address_type": "physical",
    }


def build_service(offered: Offered) -> Json:
    """A `service` of a pledge, with its organization, its location, its terms and whom it is for."""
    pledge, key = offered.pledge, offered.pledge[PledgeFrame.pledge_id]
    owner = ("service", key)
    service = {
        "id": stable_id(*owner),
        "name": _name(offered),
        "description": _describe(offered),
        "url": f"urn:uuid:{stable_id(*owner)}",
        "status": "inactive" if pledge.get(PledgeFrame.end_date, offered.as_of) < offered.as_of else "active",
        "eligibility_description": _say_who(pledge),
        "minimum_age": pledge.get(PledgeFrame.age_min),
        "maximum_age": pledge.get(PledgeFrame.age_max),
        "assured_date": pledge.get(PledgeFrame.updated),
        "organization": offered.organization,
        "schedules": _schedules(pledge),
        "service_areas": [
            {"id": stable_id("service_area", key, code), "name": f"{name} ({code})", "uri": f"{_ODS}{code}"}
            for code, name in offered.pcns
        ],
        "service_at_locations": None,
        "cost_options": [{"id": stable_id("cost_option", key), "amount": 0, "amount_description": _FREE}],
        "attributes": [
            *(_attribute(owner, PATHWAY, k, offered.pathways.get(k)) for k in _items(pledge[PledgeFrame.pathways])),
            _attribute(owner, DELIVERY, pledge[PledgeFrame.delivery], ATTENDING[pledge[PledgeFrame.delivery]]),
            *(_attribute(owner, ROLE, item) for item in _items(pledge.get(PledgeFrame.roles))),
        ],
    }
    location = offered.location
    if location is None and pledge[PledgeFrame.delivery] == "digital":
        location = {"id": stable_id("location", key, "virtual"), "location_type": "virtual"}
    if location is not None:
        service["service_at_locations"] = [{"id": stable_id("service_at_location", key), "location": location}]
    return {name: value for name, value in service.items() if value is not None and value != []}


def _schedules(pledge: Json) -> list[Json]:
    """One a time of the pledge; where it states none, one for its dates."""
    key = pledge[PledgeFrame.pledge_id]
    dates = {"valid_from": pledge.get(PledgeFrame.start_date), "valid_to": pledge.get(PledgeFrame.end_date)}
    dates = {name: day for name, day in dates.items() if day is not None}
    attending = {"attending_type": ATTENDING[pledge[PledgeFrame.delivery]]}
    times = _items(pledge.get(PledgeFrame.times))
    if not times:
        return [{"id": stable_id("schedule", key), **dates, "description": NO_TIMES, **attending}]
    return [
        {
            "id": stable_id("schedule", key, time),
            **dates,
            "freq": "WEEKLY",
            "byday": SCHEDULES[time][0],
            "description": SCHEDULES[time][1],
            **attending,
        }
        for time in times
    ]


def _attribute(owner: tuple[str, str], kind: str, code: str, name: str | None = None) -> Json:
    """A term of one of the program's own taxonomies: `code` as the program has it, and in words."""
    said = name or code.replace("_", " ")
    return {
        "id": stable_id("attribute", *owner, kind, code),
        "link_type": kind,
        "link_entity": owner[0],
        "taxonomy_term": {
            "id": stable_id("taxonomy_term", kind, code),
            "code": code,
            "name": said,
            "description": said,
            "term": said,
            "taxonomy": f"{TAXONOMY}{kind}",
        },
    }


def _name(offered: Offered) -> str:
    place = offered.location["name"] if offered.location else offered.organization["name"]
    return f"{_say_pathways(offered)}, {place}"


def _describe(offered: Offered) -> str:
    how = ATTENDING[offered.pledge[PledgeFrame.delivery]].lower()
    return f"{_say_pathways(offered)}: hours given by {offered.organization['name']}, {how}"


def _say_pathways(offered: Offered) -> str:
    return ", ".join(offered.pathways.get(key, key) for key in _items(offered.pledge[PledgeFrame.pathways]))


def _say_who(pledge: Json) -> str:
    low, high = pledge.get(PledgeFrame.age_min), pledge.get(PledgeFrame.age_max)
    ages = [f"from {low:g}"] if low is not None else []
    ages += [f"to {high:g}"] if high is not None else []
    told = f", aged {' '.join(ages)}" if ages else ""
    return f"People referred by social prescribing{told}"


def _items(cell: str | None) -> list[str]:
    return cell.split(LIST_SEPARATOR) if cell else []
