"""The demo's invented feeds: a page of OpenActive sessions, and community services as Open Referral UK writes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from _demo_places import spaced

SESSIONS, SERVICES = 90, 60
"""Series of sessions and community services that nobody has pledged hours of."""
_SITE = "https://feeds.example.org"
_ONE_IN = 12
"""One session and one service in so many is online."""
_ACTIVITIES = ("Yoga", "Tai Chi", "Aqua Fit", "Walking", "Nordic Walking", "Chair Based Exercise", "Gym Workout",
               "Dance", "Swimming", "Falls Prevention", "Archery")  # fmt: skip
_TERMS = ("Walking groups", "Choirs and singing", "Dance classes", "Strength and balance", "Arts and crafts",
          "Befriending", "Keep fit", "Debt advice")  # fmt: skip
_CLUBS = ("Example Community Club", "Illustrative Wellbeing Society", "Example Parish Rooms", "Sample Movers")
_HALLS = ("Example Village Hall", "Illustrative Church Rooms", "Sample Community Centre", "Example Library Annexe")


def write_feeds(folder: Path, postcodes: pd.DataFrame, rng: np.random.Generator) -> None:
    """`openactive.json`, a page of an RPDE feed, and `open_referral.json`, a page of services."""
    drawn = postcodes.index[np.sort(rng.choice(len(postcodes), SESSIONS + SERVICES, replace=False))]
    drawn = [spaced(code) for code in rng.permutation(drawn)]
    items = [_session(row, code) for row, code in enumerate(drawn[:SESSIONS])]
    after = f"{_SITE}/sessions?afterChangeNumber={SESSIONS}"
    items.append({"state": "deleted", "kind": "SessionSeries", "id": "S9999", "modified": SESSIONS})
    licence = "https://creativecommons.org/licenses/by/4.0/"
    _write(folder / "openactive.json", {"next": after, "license": licence, "items": items})
    services = [_service(row, code) for row, code in enumerate(drawn[SESSIONS:])]
    told = {"total_items": SERVICES, "total_pages": 1, "page_number": 1, "size": SERVICES, "first_page": True,
            "last_page": True, "empty": False, "contents": services}  # fmt: skip
    _write(folder / "open_referral.json", told)


def _write(path: Path, told: object) -> None:
    path.write_bytes((json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())


def _session(row: int, postcode: str) -> dict[str, object]:
    key, activity = f"S{row + 1:04}", _ACTIVITIES[row % len(_ACTIVITIES)]
    data = {
        "@context": "https://openactive.io/",
        "@type": "SessionSeries",
        "@id": f"{_SITE}/sessions/{key}",
        "name": f"Example {activity} {row + 1}",
        "activity": [{"@type": "Concept", "prefLabel": activity}],
        "organizer": {"@type": "Organization", "name": _CLUBS[row % len(_CLUBS)]},
        "url": f"{_SITE}/sessions/{key}.html",
    }
    if row % _ONE_IN == _ONE_IN - 1:
        data["eventAttendanceMode"] = "https://schema.org/OnlineEventAttendanceMode"
    else:
        address = {"@type": "PostalAddress", "postalCode": postcode}
        data["location"] = {"@type": "Place", "name": f"{_HALLS[row % len(_HALLS)]} {row + 1}", "address": address}
    if row % 7 == 3:
        data["ageRange"] = {"@type": "QuantitativeValue", "minValue": 50}
    return {"state": "updated", "kind": "SessionSeries", "id": key, "modified": row + 1, "data": data}


def _service(row: int, postcode: str) -> dict[str, object]:
    key, term = f"service-{row + 1:03}", _TERMS[row % len(_TERMS)]
    online = row % _ONE_IN == _ONE_IN - 1
    place = {"id": f"place-{row + 1:03}", "location_type": "virtual" if online else "physical"}
    if not online:
        place["name"] = f"{_HALLS[row % len(_HALLS)]} {SESSIONS + row + 1}"
        place["addresses"] = [{"id": f"address-{row + 1:03}", "postal_code": postcode, "address_type": "physical"}]
    return {
        "id": key,
        "name": f"Example {term.lower()} {row + 1}",
        "status": "active" if row % 19 != 18 else "inactive",
        "url": f"{_SITE}/services/{key}",
        "last_modified": "2026-06-30T09:00:00Z",
        "organization": {"id": f"club-{row % len(_CLUBS)}", "name": _CLUBS[row % len(_CLUBS)]},
        "service_at_locations": [{"id": f"at-{row + 1:03}", "location": place}],
        "attributes": [{"id": f"term-{row + 1:03}", "link_entity": "service",
                        "taxonomy_term": {"id": f"t{row % len(_TERMS)}", "name": term}}],
    }  # fmt: skip
