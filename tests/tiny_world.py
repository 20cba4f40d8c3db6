"""Three facilities and four PCNs, from places on the ground to the plan, worked by hand.

A straight line in metres; a patient goes 12.5 km at most (30 min × 30 km/h ÷ 1.2 detour):

    0 F1     1 A (1000)     5 B (600)     15 B (400)     28 C     30 F2     33 D               100 F3     km

Reach     F1: all of A, 0.6 of B.  F2: all of C and D.  F3: nobody.
Courses   walk 4 h, half of those referred start, half of those who start complete; rehab 8 h, 0.8 start, 0.75
          complete; dance, which nobody offers.
Weights   A 1.0, B 2.0, C 1.0, D 1.5, so that one place is worth (weight × completion)
              walk   A 0.5    B 1.0    C 0.5     D 0.75
              rehab  A 0.75   B 1.5    C 0.75    D 1.125
Demand    walk   A 10     B 10     C 5      D 5
          rehab  A 4      B 0      C 6      D 6
          dance  A 2
Ceiling   8 referrals in C; a place costs 2 of them for walk and 1.25 for rehab. Enough everywhere else.

P1  50 participant hours of walk at F1: 12 places (48 h), and 2 h too few for another. B may have ⌊0.6 × 10⌋ = 6 and
    takes them, worth 6.0; A takes the other 6, worth 3.0.
P2  20 class hours of rehab at F2, groups of 5 filled to 0.8, so 4 places a course, at least 3 people in each: 2 courses
    (16 h) and 8 seats; 4 h are left over, 16 participant-hours. D takes its 6 seats, worth 6.75.
P3  400 participant hours of walk at F2: no fewer than anyone wants. D takes 5, worth 3.75.
    In C the referrals bind P2 and P3 together. D has 6 of P2's 8 seats in any best plan (a seat is worth more there),
    so C has r = 0, 1 or 2 seats of rehab and then ⌊(8 − 1.25 r) ÷ 2⌋ places of walk:
        r = 0: 4 places, worth 2.0     r = 1: 0.75 + 3 × 0.5 = 2.25     r = 2: 1.5 + 2 × 0.5 = 2.5, the best.
    After it 8 − 2.5 − 4 = 1.5 referrals are left: 0.75 of a place of walk, 1.2 of a place of rehab.
P4  40 participant hours of walk at F3, which reaches nobody.
P5  16 class hours of rehab at F1, groups of 6 and no fewer: A asks for 4, B for none, so no course is viable.

Best plan: 6.0 + 3.0 + 6.75 + 3.75 + 2.5 = 22.0.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from small_worlds import (
    World,
    ceiling_row,
    demand_row,
    finish,
    halls,
    led,
    make_frame,
    need_row,
    pathway,
    pledge,
)  # fmt: skip

from geomap.config import TravelParams
from geomap.schema import (
    CeilingFrame,
    DemandFrame,
    FacilityFrame,
    NeedFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
)  # fmt: skip
from geomap.schema.words import CRS
from geomap.travel import reach_pledges

TRAVEL = TravelParams(modes=["drive"], max_min=30, outreach_km=0, detour={"drive": 1.2}, speed_kmh={"drive": 30})

PLACES = {
    ("P1", "walk", "A"): 6, ("P1", "walk", "B"): 6, ("P2", "rehab", "C"): 2, ("P2", "rehab", "D"): 6,
    ("P3", "walk", "C"): 2, ("P3", "walk", "D"): 5,
}  # fmt: skip
COURSES = {("P2", "rehab"): 2}
OBJECTIVE = 22.0

UNMET = {
    ("A", "walk"): (4, "hours_used_up"),
    ("A", "rehab"): (4, "below_minimum_group"),
    ("A", "dance"): (2, "no_compatible_pledge"),
    ("B", "walk"): (4, "partly_out_of_reach"),
    ("C", "walk"): (3, "link_worker_ceiling"),
    ("C", "rehab"): (4, "hours_used_up"),
}
"""Places unmet and why: P1's 2 h cannot take another walker, P2's 4 h no other course; C has referrals for rehab."""

UNMATCHED = {
    ("P1", "rounding"): 2.0,
    ("P2", "rounding"): 16.0,
    ("P3", "link_worker_ceiling"): 372.0,
    ("P4", "nobody_in_reach"): 40.0,
    ("P5", "below_minimum_group"): 96.0,
}
"""Participant-hours that serve nobody and why: 3 people wait in C for P3, and nobody can refer them."""


def make_tiny_world() -> World:
    """The tables of the world above."""
    sites = {"F1": 0, "F2": 30_000, "F3": 100_000}
    facilities = halls(*({FacilityFrame.facility_id: name, "x": x} for name, x in sites.items()))
    homes = (("A", 1_000, 1000.0), ("B", 5_000, 600.0), ("B", 15_000, 400.0), ("C", 28_000, 9.0), ("D", 33_000, 9.0))
    point = PopulationPointFrame
    rows = [
        {point.pcn_code: code, point.point_id: f"{code}{x}", point.patients: patients, point.basis: "practice_postcode"}
        for code, x, patients in homes
    ]
    spots = gpd.points_from_xy([x for _, x, _ in homes], [0] * len(homes), crs=CRS)
    points = gpd.GeoDataFrame(make_frame(point, rows), geometry=spots)
    at = PledgeFrame.facility_id
    pledges = make_frame(
        PledgeFrame,
        [
            pledge("P1", "walk", 50) | {at: "F1"},
            led("P2", "rehab", 20, 5, fill=0.8, least=3) | {at: "F2"},
            pledge("P3", "walk", 400) | {at: "F2"},
            pledge("P4", "walk", 40) | {at: "F3"},
            led("P5", "rehab", 16, 6, least=6) | {at: "F1"},
        ],
    )
    pcns = pd.DataFrame({PcnResultFrame.pcn_code: list("ABCD"), PcnResultFrame.icb_codes: ["X", "X", "Y", "Y"]})
    asked = {
        "walk": {"A": 10, "B": 10, "C": 5, "D": 5}, "rehab": {"A": 4, "B": 0, "C": 6, "D": 6},
        "dance": {"A": 2, "B": 0, "C": 0, "D": 0},
    }  # fmt: skip
    demand = [demand_row(pcn, path, places) for path, of in asked.items() for pcn, places in of.items()]
    weights = {"A": 1.0, "B": 2.0, "C": 1.0, "D": 1.5}
    return finish(
        {
            "pledges": pledges,
            "pathways": make_frame(
                PathwayFrame,
                [pathway("walk", 4.0, 0.5, 0.5), pathway("rehab", 8.0, 0.8, 0.75), pathway("dance", 10.0)],
            ),
            "reach": reach_pledges(pledges, facilities, points, pcns, TRAVEL),
            "demand": make_frame(DemandFrame, demand),
            "ceilings": make_frame(CeilingFrame, [ceiling_row(code, 8.0 if code == "C" else 100.0) for code in "ABCD"]),
            "need": make_frame(NeedFrame, [need_row(code, weight) for code, weight in weights.items()]),
        },
        facilities,
    )
