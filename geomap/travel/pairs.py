"""Facilities and the PCNs they reach: for what share of its patients, and how far they travel on average."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from ..config import TravelParams
from ..schema import FacilityFrame, PairFrame, PopulationPointFrame
from .times import Found, KnownTimes, check_metres, find_journeys, spots_of, within


def link_pairs(
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: TravelParams,
    *,
    limit_m: float = np.inf,
    known: Sequence[KnownTimes] = (),
) -> pd.DataFrame:
    """
    Link each facility to the PCNs within reach.

    Parameters
    ----------
    facilities
        `FacilityFrame`, m rows, metres (EPSG:27700).
    points
        `PopulationPointFrame`, n rows, metres (EPSG:27700).
    params
        Modes, their limits, speeds and detours.
    limit_m
        No straight line may be longer, metres, besides what `params` allows. The limit is within.
    known
        Minutes that replace straight lines, the best first.

    Returns
    -------
    pairs
        `PairFrame`, sorted by facility and PCN; absent means out of reach.

    Raises
    ------
    CrsError
        A frame is not in EPSG:27700.
    """
    check_metres(facilities, points)
    sites, homes = _in_order(facilities), _lived_in(points)
    return _by_pcn(find_journeys(sites, homes, params, known=known, limit_m=limit_m), sites, points)


def link_near(
    facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams, limit_m: float
) -> pd.DataFrame:
    """`PairFrame` of all within a straight line of so many metres, however long patients would travel."""
    check_metres(facilities, points)
    sites, homes = _in_order(facilities), _lived_in(points)
    site, home, metres = within(spots_of(sites), spots_of(homes), limit_m)
    return _by_pcn(Found(site, home, metres * params.minutes_per_m(params.modes[0])), sites, points)


def _in_order(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """In the order of their ids, so that the pairs come out sorted."""
    return facilities.sort_values(FacilityFrame.facility_id, kind="stable")


def _lived_in(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return points[points[PopulationPointFrame.patients].gt(0)]


def _by_pcn(found: Found, sites: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """`PairFrame` of journeys between `sites`, which are in order, and those of the points that are lived in."""
    code, names = pd.factorize(points[PopulationPointFrame.pcn_code], sort=True)
    patients = points[PopulationPointFrame.patients].to_numpy(dtype=float)
    total = np.bincount(code, patients, minlength=len(names))
    home = np.flatnonzero(patients > 0)[found.home]
    pair = found.site.astype(np.int64) * max(len(names), 1) + code[home]
    by_pair = np.argsort(pair, kind="stable")
    pair, people = pair[by_pair], patients[home][by_pair]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    inside = np.add.reduceat(people, first) if len(first) else np.empty(0)
    travelled = np.add.reduceat(people * found.minutes[by_pair], first) if len(first) else np.empty(0)
    row, column = np.divmod(pair[first], max(len(names), 1))
    return pd.DataFrame(
        {
            PairFrame.facility_id: sites[FacilityFrame.facility_id].array.take(row),
            PairFrame.pcn_code: names.astype("str").array.take(column),
            PairFrame.reach_share: np.minimum(inside / total[column], 1.0),
            PairFrame.minutes_min: travelled / inside,
        }
    )
