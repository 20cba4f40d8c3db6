"""Invented tables beside the bank of hours: activities, whom to ask, access by area, and what footprints are worth."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from made_up_organisations import Namer

from geomap.schema import (
    AccessResultFrame,
    AskFrame,
    FootprintResultFrame,
    OpportunityFrame,
    PcnResultFrame,
    UnmetFrame,
    VenueFrame,
)
from geomap.schema.words import ACCESS_METHODS, OPPORTUNITY_SOURCES, POINT_BASES

NEAREST = 2
"""Whom to ask for each PCN and pathway, at most."""


def made_up_opportunities(random: np.random.Generator, bounds: np.ndarray, n: int, name: Namer) -> pd.DataFrame:
    """`OpportunityFrame`: as many activities anywhere in the bounds; every fifth is online, some serve no pathway."""
    f, at = OpportunityFrame, np.arange(n)
    west, south, east, north = bounds
    placed = at % 5 != 4
    frame = pd.DataFrame(
        {
            f.opportunity_id: [f"https://example.org/activities/{k}" for k in at],
            f.source: [OPPORTUNITY_SOURCES[k % 2] for k in at],
            f.kind: [("SessionSeries", "service", "FacilityUse")[k % 3] for k in at],
            f.opportunity_name: [name(k, f"Gentle exercise {k}") for k in at],
            f.operator_name: [None if k % 4 == 3 else name(k, f"Community Club {k}") for k in at],
            f.venue_name: pd.Series([name(k, f"Village Hall {k}") for k in at]).where(placed),
            f.postcode: pd.Series([f"NB{k % 40 + 1} {k % 9 + 1}AA" for k in at]).where(placed),
            f.easting: pd.Series(np.round(random.uniform(west, east, n), 1)).where(placed),
            f.northing: pd.Series(np.round(random.uniform(south, north, n), 1)).where(placed),
            f.activities: [name(k, "Yoga;Walking") for k in at],
            f.pathways: [None if k % 6 == 5 else "referral;walking" for k in at],
            f.age_min: pd.Series(18.0, index=at).where(at % 2 == 0),
            f.age_max: pd.Series(np.nan, index=at),
            f.sessions: at % 12,
            f.url: [None if k % 7 == 6 else name(k, f"https://example.org/activities/{k}") for k in at],
        }
    )
    numbers = {f.easting, f.northing, f.age_min, f.age_max, f.sessions}
    return frame.astype(dict.fromkeys(set(frame.columns) - numbers, "str"))


def made_up_asks(pcns: gpd.GeoDataFrame, unmet: pd.DataFrame, sites: pd.DataFrame, name: Namer) -> pd.DataFrame:
    """`AskFrame`: for each PCN the nearest sites without a pledge, on the pathway that wants most places."""
    f, venue, u = AskFrame, VenueFrame, UnmetFrame
    worst = unmet[unmet[u.unmet_places] > 0].sort_values([u.unmet_places, u.pathway_id], ascending=[False, True])
    worst = worst.drop_duplicates(u.pcn_code).set_index(u.pcn_code)
    spots = sites[[venue.easting, venue.northing]].to_numpy()
    rows = []
    for pcn, label, place in zip(
        pcns[PcnResultFrame.pcn_code], pcns[PcnResultFrame.pcn_name], pcns.geometry.centroid, strict=True
    ):
        if pcn not in worst.index or not len(sites):
            continue
        metres = np.hypot(*(spots - (place.x, place.y)).T)
        for rank, k in enumerate(np.argsort(metres, kind="stable")[:NEAREST], start=1):
            site = sites.iloc[k]
            rows.append(
                (pcn, label, worst.at[pcn, u.pathway_id], int(worst.at[pcn, u.unmet_places]), rank, "active_places",
                 site[venue.site_id], name(k, f"Site {k}"), site[venue.operator_name], site[venue.venue_types],
                 round(1 / rank, 3), round(metres[k] / 600, 1), None)
            )  # fmt: skip
    columns = list(f.to_schema().columns)
    return f.declared(pd.DataFrame(rows, columns=columns))


def made_up_access(pcns: gpd.GeoDataFrame, name: Namer) -> pd.DataFrame:
    """`AccessResultFrame`: each PCN by each method, an LSOA of each, and the fifths of deprivation."""
    f, p = AccessResultFrame, PcnResultFrame
    parts = []
    for place, method in enumerate(ACCESS_METHODS):
        reach = pcns[p.hours_in_reach].to_numpy() + place
        alike = {f.method: method, f.hours_in_reach: reach, f.hours_left_in_reach: np.minimum(reach, 20.0)}
        far = pd.Series(np.where(np.arange(len(pcns)) % 6 == 5, np.nan, reach / 3), dtype="float64")
        told = {f.patients: pcns[p.patients].to_numpy(), f.nearest_min: far, **alike}
        parts.append(
            pd.DataFrame({f.level: "pcn", f.area_code: pcns[p.pcn_code], f.area_name: pcns[p.pcn_name], **told})
        )
        codes = [f"E{1_000_000 + k:08d}" for k in range(len(pcns))]
        labels = [None if k % 2 else name(k, f"Middle Shire {k:03d}A") for k in range(len(pcns))]
        parts.append(pd.DataFrame({f.level: "lsoa", f.area_code: codes, f.area_name: labels, **told}))
        fifths = {f.level: "imd_fifth", f.area_code: list("12345"), f.area_name: None, f.method: method}
        sums = {f.patients: 1_000, f.hours_in_reach: 30.0, f.hours_left_in_reach: 12.5, f.nearest_min: 6.25}
        parts.append(pd.DataFrame(fifths | sums, index=range(5)))
    parts = [f.declared(part) for part in parts]
    return pd.concat(parts, ignore_index=True)


def made_up_footprints(pcns: gpd.GeoDataFrame) -> pd.DataFrame:
    """`FootprintResultFrame`: each PCN; in the last nobody is known to live."""
    f, p, n = FootprintResultFrame, PcnResultFrame, len(pcns)
    others = pd.Series(np.linspace(0.1, 0.8, n))
    return f.declared(
        pd.DataFrame(
            {
                f.pcn_code: pcns[p.pcn_code].to_numpy(),
                f.pcn_name: pcns[p.pcn_name].to_numpy(),
                f.basis: [POINT_BASES[k % len(POINT_BASES)] for k in range(n)],
                f.area_km2: np.round(pcns.geometry.area.to_numpy() / 1e6, 3),
                f.inside_share: np.linspace(0.9, 0.4, n),
                f.others_share: others.mask(others.index == n - 1),
                f.others_pcns: np.arange(n) % 5,
            }
        )
    )
