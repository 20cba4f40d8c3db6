"""Pairs of facility and PCN by geomap and by geopandas; whoever asks, the pairs and their figures must be the same."""

from __future__ import annotations

import time

import geopandas as gpd
import pandas as pd
from _bench_outcome import Asked, Outcome
from _bench_tables import PlaceTables

from geomap.schema import FacilityFrame, PairFrame, PopulationPointFrame
from geomap.travel import link_pairs

_PAIR = [PairFrame.facility_id, PairFrame.pcn_code]


def link_geomap(tables: PlaceTables, asked: Asked) -> Outcome:
    """`geomap.travel.link_pairs`."""
    return Outcome(objective=float(len(_link(tables))), bound=None)


def link_by_buffer(tables: PlaceTables, asked: Asked) -> Outcome:
    """A circle around each facility, joined with the points inside it."""
    began = time.process_time()
    zones = tables.facilities[[FacilityFrame.facility_id, "geometry"]]
    # The circle that geopandas draws has corners, and lies inside the true one: draw it larger, then measure.
    zones = zones.set_geometry(zones.buffer(1.01 * _limit_m(tables)))
    met = tables.points.sjoin(zones)
    return _outcome(tables, met, time.process_time() - began)


def link_by_dwithin(tables: PlaceTables, asked: Asked) -> Outcome:
    """Facilities joined with the points within the distance."""
    began = time.process_time()
    sites = tables.facilities[[FacilityFrame.facility_id, "geometry"]]
    met = tables.points.sjoin(sites, predicate="dwithin", distance=_limit_m(tables))
    return _outcome(tables, met, time.process_time() - began)


def _link(tables: PlaceTables) -> pd.DataFrame:
    return link_pairs(tables.facilities, tables.points, tables.travel)


def _limit_m(tables: PlaceTables) -> float:
    """The limit is within, whatever the last binary digit."""
    return tables.travel.farthest_m * (1 + 1e-12)


def _outcome(tables: PlaceTables, met: gpd.GeoDataFrame, join_s: float) -> Outcome:
    pairs = _summarise(tables, met)

    def check() -> None:
        pd.testing.assert_frame_equal(pairs, _link(tables), check_dtype=False, rtol=1e-9, atol=1e-12)

    return Outcome(objective=float(len(pairs)), bound=None, check=check, more={"join_s": join_s})


def _summarise(tables: PlaceTables, met: gpd.GeoDataFrame) -> pd.DataFrame:
    """`PairFrame` from each point and facility that lie near each other."""
    f = PopulationPointFrame
    metres = met.distance(tables.facilities.geometry.loc[met["index_right"]], align=False).to_numpy()
    near = pd.DataFrame(met[[*_PAIR, f.patients]]).assign(weighed=met[f.patients].to_numpy() * metres)
    near = near[(metres <= _limit_m(tables)) & near[f.patients].gt(0).to_numpy()]
    sums = near.groupby(_PAIR).sum().reset_index()
    total = tables.points.groupby(f.pcn_code)[f.patients].sum()
    minutes_per_m = tables.travel.minutes_per_m(tables.travel.modes[0])
    return pd.DataFrame(
        {
            PairFrame.facility_id: sums[PairFrame.facility_id],
            PairFrame.pcn_code: sums[PairFrame.pcn_code],
            PairFrame.reach_share: sums[f.patients] / sums[PairFrame.pcn_code].map(total),
            PairFrame.minutes_min: sums["weighed"] / sums[f.patients] * minutes_per_m,
        }
    )
