"""The demo's bank of donated hours: invented operators, facilities, pledges and links."""

from __future__ import annotations

import numpy as np
import pandas as pd
from _demo_places import LIVE_POSTCODES, distances, district, spaced

PLEDGES = 400
BARE_DISTRICTS = ("BB7", "BB8", "BB18")
"""Postcode districts with practices but no facility: places with no supply near."""

# Operator, kind, venue types of its facilities in turn, how many it has, and the postcode district at their middle.
OPERATORS = (
    ("Illustrative Coast Leisure Trust", "leisure_trust", "gym pool hall studio", 16, "FY4"),
    ("Illustrative Vale Leisure Trust", "leisure_trust", "gym hall pool studio", 14, "BB1"),
    ("Illustrative Estuary Active Trust", "leisure_trust", "pool gym hall", 10, "PR8"),
    ("Illustrative Moorland Leisure", "leisure_trust", "gym hall", 7, "BB4"),
    ("Example Borough Council Leisure", "local_authority", "gym pool outdoor hall", 13, "BB11"),
    ("Example District Council Parks", "local_authority", "outdoor", 9, "PR7"),
    ("Example City Council Sport", "local_authority", "hall gym pool", 9, "PR1"),
    ("Illustrative Gyms Limited", "private", "gym", 9, "PR2"),
    ("Example Health Clubs", "private", "gym pool studio", 6, "FY8"),
    ("Illustrative Yoga and Pilates Rooms", "private", "studio", 4, "PR25"),
    ("Example Heart Support Charity", "charity", "hall community", 5, "FY3"),
    ("Illustrative Age Well Charity", "charity", "community hall", 7, "FY5"),
    ("Example Lung Exercise Group", "charity", "community", 3, "BB9"),
    ("Illustrative Walking Friends", "community", "outdoor community", 5, "PR3"),
    ("Example Community Association", "community", "community hall", 6, "BB5"),
    ("Illustrative Allotment and Garden Club", "community", "outdoor", 2, "BB12"),
    ("Example Arts Centre", "arts", "arts studio", 5, "PR1"),
    ("Illustrative Dance Company", "arts", "studio arts", 4, "BB2"),
    ("Example Libraries", "library", "library", 10, "PR5"),
    ("Illustrative Town Libraries", "library", "library", 4, "BB10"),
    ("Example Online Wellbeing", "digital", "online", 1, "FY1"),
    ("Illustrative Digital Movement", "digital", "online", 1, "BB3"),
)
_PLACES = {
    "gym": "Fitness Centre", "pool": "Swimming Pool", "hall": "Sports Hall", "studio": "Studio", "outdoor": "Park",
    "library": "Library", "community": "Community Centre", "arts": "Arts Centre", "online": "Online Studio",
}  # fmt: skip
_FLOWERS = (
    "Anemone Aster Betony Bluebell Bryony Bugle Campion Celandine Clover Columbine Comfrey Cornflower Cowslip Crocus "
    "Daisy Foxglove Fritillary Gentian Harebell Heather Honeysuckle Iris Jasmine Knapweed Lavender Lilac Lupin "
    "Mallow Marigold Orchid Pansy Primrose Ragwort Saffron Snowdrop Sorrel Tansy Teasel Thistle Violet Yarrow"
).split()
_ACCESS = ("", "", "", "Step-free entrance", "Hearing loop", "Changing Places toilet", "Bus stop at the door; parking")

# Pathway → venue types, roles that lead it, hours of one course, usual group, how often it is offered.
PATHWAYS = {
    "exercise_referral": ("gym studio pool hall outdoor", "exercise_referral_instructor", 24, 12, 0.30),
    "cardiac_rehab": ("gym studio hall community", "cardiac_instructor_l4", 16, 12, 0.09),
    "pulmonary_rehab": ("gym hall community", "pulmonary_instructor_l4", 32, 10, 0.06),
    "falls_prevention": ("hall studio community library", "falls_instructor_psi", 52, 10, 0.15),
    "prehabilitation": ("gym studio hall online", "exercise_referral_instructor personal_trainer", 12, 8, 0.07),
    "dance": ("hall studio arts community library", "dance_leader", 15, 15, 0.07),
    "gentle_activity": (
        "gym pool hall studio outdoor community library arts online",
        "group_exercise_instructor walk_leader",
        12,
        15,
        0.15,
    ),
    "mental_wellbeing": (
        "gym pool hall studio outdoor community library arts online",
        "wellbeing_coach walk_leader",
        8,
        12,
        0.11,
    ),
}
_UNITS = {"participant": 0.42, "class": 0.34, "facility": 0.13, "staff": 0.11}
_STATUSES = {"formal": 0.25, "informal": 0.35, "none": 0.2, "unknown": 0.2}
_TIMES = {"weekday_day": 0.4, "weekday_evening": 0.3, "weekend": 0.1, "weekday_day;weekend": 0.2}


def make_bank(postcodes: pd.DataFrame, practices: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """The four tables of the bank by name, without a fault: `operators`, `facilities`, `pledges`, `links`."""
    operators = pd.DataFrame(
        [(f"OP{place + 1:02d}", name, kind) for place, (name, kind, *_) in enumerate(OPERATORS)],
        columns=["operator_id", "operator_name", "operator_kind"],
    )
    taken = set(practices["postcode"])
    free = [code for code in LIVE_POSTCODES if code not in taken and district(code) not in BARE_DISTRICTS]
    facilities = _facilities(postcodes.loc[free], rng)
    pledges = _pledges(facilities, rng)
    _add_limits(pledges, rng)
    _add_misfits(pledges, facilities, rng)
    links = _links(facilities, practices, rng)
    return {
        "operators": operators,
        "facilities": facilities.drop(columns=["x", "y"]),
        "pledges": pledges,
        "links": links,
    }


def _pick(weights: dict[str, float], rng: np.random.Generator) -> str:
    edges = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def _facilities(free: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Each operator round its middle. Most facilities are placed by postcode, some by grid reference, some by both."""
    spots = free[["easting", "northing"]].astype(int)
    rows, named = [], dict.fromkeys(_PLACES, 0)
    for place, (_, kind, venues, count, home) in enumerate(OPERATORS):
        middle = spots[[district(code) == home for code in spots.index]].mean().to_frame().T
        # Chance counts for more the wider the spread: councils stay close, charities and companies do not.
        spread = 35_000 if kind == "local_authority" else 60_000 if kind in ("leisure_trust", "library") else 150_000
        near = pd.Series(distances(free, middle)[:, 0] / spread + rng.random(len(free)), index=free.index)
        chosen = near.sort_values(kind="stable").index[:count]
        for number, code in enumerate(chosen):
            venue = venues.split()[number % len(venues.split())]
            flower = _FLOWERS[(named[venue] + list(_PLACES).index(venue) * 7) % len(_FLOWERS)]
            named[venue] += 1
            name, access = f"Example {flower} {_PLACES[venue]}", _ACCESS[rng.integers(len(_ACCESS))]
            rows.append((f"OP{place + 1:02d}", name, code, venue, access))
        free = free.drop(index=chosen)
    frame = pd.DataFrame(rows, columns=["operator_id", "facility_name", "code", "venue_type", "access_notes"])
    frame.insert(0, "facility_id", [f"F{number + 1:03d}" for number in range(len(frame))])
    frame[["x", "y"]] = spots.loc[frame["code"]].to_numpy()
    placed = rng.random(len(frame))
    frame.insert(3, "postcode", frame.pop("code").map(spaced).mask(placed < 0.06, ""))
    for position, (heading, column) in enumerate((("easting", "x"), ("northing", "y"))):
        frame.insert(4 + position, heading, frame[column].astype(str).mask(placed > 0.2, ""))
    return frame


def _pledges(facilities: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every facility pledges at least once; the digital operators pledge without a facility too."""
    more = rng.integers(len(facilities), size=PLEDGES - 12 - len(facilities))
    chosen = [*range(len(facilities)), *more]
    rows = [_pledge(facilities.iloc[place], rng) for place in sorted(chosen)]
    rows += [_online_pledge(f"OP{len(OPERATORS) - number % 2:02d}", rng) for number in range(12)]
    frame = pd.DataFrame(rows)
    frame.insert(0, "pledge_id", [f"P{number + 1:04d}" for number in range(PLEDGES)])
    return frame


def _pledge(facility: pd.Series, rng: np.random.Generator) -> dict[str, object]:
    online = facility["venue_type"] == "online"
    delivery = "digital" if online else _pick({"on_site": 0.82, "outreach": 0.1, "hybrid": 0.08}, rng)
    owner = {"operator_id": "", "facility_id": facility["facility_id"]}
    return owner | _terms(facility["venue_type"], delivery, rng)


def _online_pledge(operator_id: str, rng: np.random.Generator) -> dict[str, object]:
    return {"operator_id": operator_id, "facility_id": ""} | _terms("online", "digital", rng)


def _terms(venue: str, delivery: str, rng: np.random.Generator) -> dict[str, object]:
    """What is pledged: pathways the venue can host, the roles that lead them, and hours for a few whole courses."""
    fits = {name: row[4] for name, row in PATHWAYS.items() if venue in row[0].split()}
    names = sorted({_pick(fits, rng) for _ in range(1 + int(rng.random() < 0.45) + int(rng.random() < 0.15))})
    roles = set()
    for name in names:
        able = ["swimming_teacher"] if venue == "pool" and name == "gentle_activity" else PATHWAYS[name][1].split()
        roles.add(able[rng.integers(len(able))])
    course, usual = PATHWAYS[names[0]][2:4]
    unit = _pick({name: weight for name, weight in _UNITS.items() if (venue, name) != ("online", "facility")}, rng)
    led = unit in ("class", "facility")
    courses = 1 + int(rng.random() * (1.1 if led else 3 if unit == "staff" else 5))
    group = usual + int(rng.integers(-2, 4)) + (4 if unit == "facility" else 0)
    fill = (0.6, 0.7, 0.75, 0.8, 0.9)[rng.integers(5)]
    return {
        "pathways": ";".join(names),
        "hours": courses * course + int(rng.random() * 0.25 * course),
        "hour_unit": unit,
        "group_size": group if led else "",
        "fill_share": fill if led else "",
        "min_group": max(3, group // 3) if led else "",
        "start_date": "2026-04-01",
        "end_date": "2027-03-31",
        "delivery": delivery,
        "times": _pick(_TIMES, rng),
        "roles": ";".join(sorted(roles)),
    }


def _some(mask: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of `count` rows where the mask holds."""
    return np.sort(rng.permutation(np.flatnonzero(mask))[:count])


def _add_limits(pledges: pd.DataFrame, rng: np.random.Generator) -> None:
    """Operators' own limits, in place: ages, distance, ICBs, later starts, open ends; all can still deliver."""
    for column in ("age_min", "age_max", "max_km", "icb_codes"):
        pledges[column] = ""
    pledges["updated"] = [f"2026-05-{1 + day:02d}" for day in rng.integers(31, size=PLEDGES)]
    everyone = np.ones(PLEDGES, dtype=bool)
    for column, count, values in (
        ("age_min", 45, ("18", "50", "55", "60", "65")),
        ("age_max", 12, ("75", "80", "85")),
        ("max_km", 35, ("2", "3", "4", "5", "8")),
        ("icb_codes", 70, ("QX9",)),
        ("start_date", 60, ("2026-06-01", "2026-07-01", "2026-09-01", "")),
        ("end_date", 30, ("2027-01-31", "2027-02-28", "")),
    ):
        rows = _some(everyone, count, rng)
        pledges.loc[rows, column] = [values[number] for number in rng.integers(len(values), size=count)]


def _add_misfits(pledges: pd.DataFrame, facilities: pd.DataFrame, rng: np.random.Generator) -> None:
    """Sound rows that cannot be used in whole or in part, in place: each way that hours can turn out ineligible."""
    venue = pledges["facility_id"].map(facilities.set_index("facility_id")["venue_type"]).fillna("")
    site, led = pledges["delivery"].eq("on_site"), pledges["hour_unit"].eq("class")
    clinical = {"pathways": "cardiac_rehab", "roles": "swimming_teacher"}
    pulmonary = {"pathways": "pulmonary_rehab", "roles": "pulmonary_instructor_l4"}
    short = {"pathways": "exercise_referral", "roles": "exercise_referral_instructor", "hours": 6}
    misfits = (
        (site, 4, {"start_date": "2027-04-05", "end_date": "2027-07-31"}),
        (site, 6, {"start_date": "2026-01-05", "end_date": "2026-09-30"}),
        (site, 6, {"start_date": "2026-10-01", "end_date": "2027-06-30"}),
        (site, 4, {"start_date": "2027-03-08", "end_date": "2027-03-31"}),
        (site & venue.eq("gym"), 5, clinical),
        (site & venue.isin(["library", "pool", "arts"]), 4, pulmonary),
        (site, 3, {"age_min": "8", "age_max": "15"}),
        (site & led & venue.isin(["gym", "hall"]), 5, short),
        (site & led, 4, {"group_size": 10, "fill_share": 0.5, "min_group": 8}),
    )
    untouched = np.ones(PLEDGES, dtype=bool)
    for mask, count, changes in misfits:
        rows = _some(mask.to_numpy() & untouched, count, rng)
        untouched[rows] = False
        for column, value in changes.items():
            pledges.loc[rows, column] = value


def _links(facilities: pd.DataFrame, practices: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Operators with PCNs near them and some with the ICB; some facilities with the practice nearest to them."""
    spots = facilities[["x", "y"]].set_axis(["easting", "northing"], axis=1)
    members = practices[practices["pcn_code"] != "U"]
    centres = members.groupby("pcn_code")[["easting", "northing"]].mean()
    nearest_pcn = centres.index.to_numpy()[distances(spots, centres).argsort(axis=1, kind="stable")[:, :3]]
    nearest_practice = practices["practice_code"].to_numpy()[distances(spots, practices).argmin(axis=1)]
    owners = facilities["operator_id"]
    pairs = {(owner, "", code) for owner, codes in zip(owners, nearest_pcn, strict=True) for code in codes}
    chosen = [pair for pair in sorted(pairs) if rng.random() < 0.6]
    chosen += [(f"OP{number:02d}", "", "QX9") for number in (1, 5, 12, 21)]
    some = _some(np.ones(len(spots), dtype=bool), 30, rng)
    chosen += [("", facilities["facility_id"].iloc[row], nearest_practice[row]) for row in some]
    frame = pd.DataFrame(chosen, columns=["operator_id", "facility_id", "organisation_code"])
    frame["link_status"] = [_pick(_STATUSES, rng) for _ in chosen]
    known = frame["link_status"].isin(["formal", "informal"])
    months = pd.Series(rng.integers(48, size=len(frame)))
    frame["since"] = pd.Series([f"{2022 + month // 12}-{1 + month % 12:02d}-01" for month in months]).where(known, "")
    frame["note"] = frame["link_status"].map({"formal": "Invented agreement", "informal": "Invented contact"})
    return frame
