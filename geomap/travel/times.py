"""Minutes between facilities and the places where patients live: what is known of them, else straight lines.

Straight line × detour ÷ speed, and the start of the journey. Unreachable is absent, not zero. A table of travel times,
or roads, replace straight lines between the facilities and the places that they know. Of several modes a patient takes
the quickest of those that are within their limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from ..config import TravelParams
from ..errors import CrsError, Fault
from ..schema import FacilityFrame, JourneyFrame, PopulationPointFrame
from ..schema.words import CRS

HAIR = 1 + 1e-12
"""So that what lies exactly on a limit counts, whatever the last binary digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTimes:
    """Minutes by one mode that need no straight line: a pair of facility and place not in them is out of reach."""

    mode: str
    basis: str
    """Where they come from: of `words.JOURNEY_BASES`."""
    facilities: frozenset[str]
    """Ids of the facilities they know."""
    places: frozenset[str]
    """Points they know; a PCN's code stands for all its points."""
    minutes: pd.DataFrame
    """`JourneyFrame` of this mode and basis; `point_id` may be a PCN's code."""


@dataclass(frozen=True, slots=True)
class Found:
    """Journeys within their limits: positions of facility and of point, and the fewest minutes; one row a pair."""

    site: np.ndarray
    home: np.ndarray
    minutes: np.ndarray


def link_points(
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: TravelParams,
    *,
    known: Sequence[KnownTimes] = (),
) -> pd.DataFrame:
    """
    Link each facility to the points within reach.

    Parameters
    ----------
    facilities
        `facility_id` and geometry, m rows, metres (EPSG:27700).
    points
        `point_id` and geometry, n rows, metres (EPSG:27700); with `pcn_code` where `known` tells of PCNs.
    params
        Modes, their limits, speeds and detours.
    known
        Minutes that replace straight lines, the best first.

    Returns
    -------
    journeys
        `facility_id`, `point_id`, `minutes_min` (the fewest by any mode that is within its limit), in no stated order;
        one row for each pair within reach, also where a point stands in several rows of `points`.

    Raises
    ------
    CrsError
        A frame is not in EPSG:27700.
    """
    found = find_journeys(facilities, points, params, known=known)
    f, ids = JourneyFrame, points[PopulationPointFrame.point_id]
    frame = pd.DataFrame(
        {
            f.facility_id: facilities[FacilityFrame.facility_id].array.take(found.site),
            f.point_id: ids.array.take(found.home),
            f.minutes_min: found.minutes,
        }
    )
    if ids.is_unique:
        return frame
    return frame.groupby([f.facility_id, f.point_id], as_index=False, sort=False)[f.minutes_min].min()


def find_journeys(
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: TravelParams,
    *,
    known: Sequence[KnownTimes] = (),
    limit_m: float = np.inf,
) -> Found:
    """
    Find the journeys of `link_points` by position; where `limit_m` is given no straight line may be longer, in metres.

    Raises
    ------
    CrsError
        A frame is not in EPSG:27700.
    """
    check_metres(facilities, points)
    here, there = spots_of(facilities), spots_of(points)
    site, home, metres = within(here, there, min(limit_m, params.farthest_m))
    if not known:
        minutes = np.full(len(metres), np.inf)
        for mode in params.modes:
            np.minimum(minutes, _straight(metres, params, mode), out=minutes)
        reached = np.isfinite(minutes)
        return Found(site[reached], home[reached], minutes[reached])
    parts = []
    for mode in params.modes:
        minutes = _straight(metres, params, mode)
        left = np.isfinite(minutes)
        straight = Found(site[left], home[left], minutes[left])
        parts += _replace(straight, [times for times in known if times.mode == mode], (facilities, points), params)
    whole = _fewest(Found(*(np.concatenate(arrays) for arrays in zip(*map(_arrays, parts), strict=True))))
    if np.isinf(limit_m):
        return whole
    away = np.hypot(*(here[whole.site] - there[whole.home]).T)
    return _keep(whole, away <= limit_m * HAIR)


def check_metres(facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> None:
    """
    Refuse places that are not in metres.

    Raises
    ------
    CrsError
        A frame is not in EPSG:27700.
    """
    for name, frame in (("facilities", facilities), ("population points", points)):
        if frame.crs != CRS:
            fault = Fault(source=name, value=str(frame.crs), problem=f"not in {CRS}", remedy="Reproject when reading.")
            raise CrsError(faults=[fault])


def spots_of(places: gpd.GeoDataFrame) -> np.ndarray:
    """Easting and northing in metres, shape (n, 2)."""
    return shapely.get_coordinates(places.geometry.array)


def within(here: np.ndarray, there: np.ndarray, limit_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in both, and metres between them, for every pair no farther apart than the limit."""
    if not len(here) or not len(there):
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0)
    found = cKDTree(here).sparse_distance_matrix(cKDTree(there), limit_m * HAIR, output_type="ndarray")
    return found["i"], found["j"], found["v"]


def _straight(metres: np.ndarray, params: TravelParams, mode: str) -> np.ndarray:
    """Minutes by a mode; infinite where that is beyond its limit."""
    minutes = params.start_min.get(mode, 0.0) + metres * params.minutes_per_m(mode)
    return np.where(metres <= params.max_m(mode) * HAIR, minutes, np.inf)


def _replace(
    straight: Found, known: Sequence[KnownTimes], places: tuple[pd.DataFrame, pd.DataFrame], params: TravelParams
) -> list[Found]:
    """Journeys by one mode: of what is known first, each pair by the first that knows both its ends."""
    facilities, points = places
    ids = facilities[FacilityFrame.facility_id]
    parts, decided = [], []
    for times in known:
        found = look_up(times, ids, points, params.limit_min(times.mode))
        ends = (ids.isin(times.facilities).to_numpy(), are_known(times, points))
        parts.append(_without(found, decided))
        decided.append(ends)
    return [*parts, _without(straight, decided)]


def are_known(times: KnownTimes, points: pd.DataFrame) -> np.ndarray:
    """Which rows of the points are known, by themselves or by their PCN."""
    known = points[PopulationPointFrame.point_id].isin(times.places)
    if PopulationPointFrame.pcn_code in points:
        known |= points[PopulationPointFrame.pcn_code].isin(times.places)
    return known.to_numpy()


def _without(found: Found, decided: Sequence[tuple[np.ndarray, np.ndarray]]) -> Found:
    keep = np.ones(len(found.site), dtype=bool)
    for known_site, known_home in decided:
        keep &= ~(known_site[found.site] & known_home[found.home])
    return _keep(found, keep)


def look_up(times: KnownTimes, ids: pd.Series, points: pd.DataFrame, limit_min: float) -> Found:
    """Journeys that are known and within the limit; those of a PCN hold for each of its points."""
    f = JourneyFrame
    rows = times.minutes[times.minutes[f.minutes_min].to_numpy() <= limit_min * HAIR]
    site = pd.Index(ids).get_indexer(rows[f.facility_id])
    rows, site = rows[site >= 0], site[site >= 0]
    parts = []
    for column in (PopulationPointFrame.point_id, PopulationPointFrame.pcn_code):
        if column not in points:
            continue
        homes = pd.DataFrame({f.point_id: points[column].array, "home": np.arange(len(points))})
        asked = pd.DataFrame({f.point_id: rows[f.point_id].array, "site": site, "minutes": rows[f.minutes_min].array})
        parts.append(asked.merge(homes, on=f.point_id, how="inner", validate="many_to_many"))
    both = pd.concat(parts)
    return Found(both["site"].to_numpy(), both["home"].to_numpy(), both["minutes"].to_numpy(dtype=float))


def _fewest(found: Found) -> Found:
    """One row a pair, in the order of facility and point."""
    order = np.lexsort((found.minutes, found.home, found.site))
    site, home = found.site[order], found.home[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(site) != 0) | (np.diff(home) != 0)
    return Found(site[first], home[first], found.minutes[order][first])


def _keep(found: Found, mask: np.ndarray) -> Found:
    return Found(*(array[mask] for array in _arrays(found)))


def _arrays(found: Found) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return found.site, found.home, found.minutes
