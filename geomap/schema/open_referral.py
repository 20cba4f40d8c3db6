"""What the writer and the readers of Open Referral UK files agree on: names, fixed words, and how ids are made."""

from __future__ import annotations

import json
import uuid

OPEN_REFERRAL_NAME = "open_referral.json"
"""The file of a folder of results."""
EXTENSION = "x-geomap"
"""The one block, beside the list of services, that holds what the standard has no field for."""
EXTENSION_FORMAT = "geomap open referral 1"

OPERATOR_ID, FACILITY_ID = "geomap operator_id", "geomap facility_id"
"""Kinds of identifier: of an organization, and of a location."""

TAXONOMY = "geomap "
"""How the names of geomap's own taxonomies begin; a `link_type` of an attribute follows."""
PATHWAY, DELIVERY, ROLE = "pathway", "delivery", "role"
"""What the terms of a service tell of."""
VENUE_TYPE, OTHER_VENUE_TYPE, OPERATOR_KIND = "venue_type", "other_venue_type", "operator_kind"
"""What the terms of a location and of an organization tell of."""

SCHEDULES = {
    "weekday_day": ("MO,TU,WE,TH,FR", "Weekdays, in the day"),
    "weekday_evening": ("MO,TU,WE,TH,FR", "Weekdays, in the evening"),
    "weekend": ("SA,SU", "Weekends"),
}
"""Time of a pledge → days of the week, and what a schedule says of it: an operator gives no clock times."""
NO_TIMES = "Times are not stated"
ATTENDING = {
    "on_site": "In person, at the facility",
    "outreach": "In person, where people are",
    "digital": "Online",
    "hybrid": "In person at the facility, or online",
}
"""Delivery of a pledge → how one attends."""

_NAMESPACE = uuid.UUID("4c1a5bd2-0f6e-5f0b-9d5c-7b1d3f6c2a90")


def stable_id(kind: str, *keys: str) -> str:
    """
    The UUID (version 5) of a thing that has keys in a bank of hours: the same keys give the same.

    >>> stable_id("service", "P1") == stable_id("service", "P1") != stable_id("location", "P1")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, json.dumps([kind, *keys])))
