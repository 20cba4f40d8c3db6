"""The quickest journeys from where patients live to facilities, along roads, by walking and by driving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ..config import RoadParams
from ..schema import FacilityFrame, JourneyFrame, PopulationPointFrame
from .graph import RoadGraph, build_graph

ROAD_MODES = ("walk", "drive")
"""What roads tell; public transport has timetables besides."""
_CHUNK = 8_000_000
"""Minutes held at once: facilities × crossings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadTimes:
    """Journeys by one mode within a limit, and which facilities and points are on its roads."""

    mode: str
    facilities: frozenset[str]
    points: frozenset[str]
    minutes: pd.DataFrame
    """`JourneyFrame`."""
    note: str


@dataclass(frozen=True, slots=True)
class _Placed:
    """Places on edges: the row of each, its edge, metres from the edge's tail, minutes from the road to the door."""

    row: np.ndarray
    edge: np.ndarray
    along: np.ndarray
    off_road_min: np.ndarray


@dataclass(frozen=True, slots=True)
class _Joined:
    """The graph with the places in it: arcs with their minutes, and the node of each place."""

    arcs: csr_array
    nodes: np.ndarray


def time_journeys(
    roads: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: RoadParams,
    limits_min: dict[str, float],
) -> list[RoadTimes]:
    """
    Time the journeys from each point to each facility along roads.

    Parameters
    ----------
    roads
        `RoadFrame`, metres.
    facilities, points
        Ids and places, metres (EPSG:27700); a point that stands in several rows is looked at once.
    params
        Speeds, and how far from a road a place may be.
    limits_min
        Mode → the most minutes, door to door; modes that do not go by road are passed over.

    Returns
    -------
    times
        One a mode that roads tell, in their order. Patients travel to the facility: one-way streets count so.
    """
    homes = points.drop_duplicates(PopulationPointFrame.point_id)
    return [
        _time_mode(build_graph(roads, params, mode), mode, (facilities, homes), params, limits_min[mode])
        for mode in ROAD_MODES
        if mode in limits_min
    ]


def _time_mode(
    graph: RoadGraph,
    mode: str,
    places: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    params: RoadParams,
    limit_min: float,
) -> RoadTimes:
    sites, homes = (_place(graph, rows, params) for rows in places)
    joined = _join(graph, [sites, homes])
    here, there = joined.nodes[: len(sites.row)], joined.nodes[len(sites.row) :]
    parts = []
    step = max(1, _CHUNK // max(joined.arcs.shape[0], 1))
    for first in range(0, len(here), step):
        chunk = slice(first, first + step)
        # Backwards from the facility: patients travel to it.
        minutes = dijkstra(joined.arcs, indices=here[chunk], limit=limit_min)[:, there]
        minutes += sites.off_road_min[chunk, None] + homes.off_road_min
        site, home = np.nonzero(minutes <= limit_min)
        parts.append((site + first, home, minutes[site, home]))
    site, home, minutes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True)) if parts else ([], [], [])
    ids = places[0][FacilityFrame.facility_id].array.take(sites.row)
    codes = places[1][PopulationPointFrame.point_id].array.take(homes.row)
    frame = pd.DataFrame(
        {
            JourneyFrame.facility_id: ids.take(np.asarray(site, dtype=np.intp)),
            JourneyFrame.point_id: codes.take(np.asarray(home, dtype=np.intp)),
            JourneyFrame.mode: mode,
            JourneyFrame.minutes_min: np.asarray(minutes, dtype=float),
            JourneyFrame.basis: "network",
        }
    )
    note = (
        f"Roads, {mode}: {len(graph.tail):,} edges; {graph.left_out_km:,.1f} km that are not joined with the others "
        f"are left out. {len(ids):,} of {len(places[0]):,} facilities and {len(codes):,} of {len(places[1]):,} points "
        f"are within {params.snap_m:,.0f} m of a road."
    )
    return RoadTimes(mode=mode, facilities=frozenset(ids), points=frozenset(codes), minutes=frame, note=note)


def _place(graph: RoadGraph, rows: gpd.GeoDataFrame, params: RoadParams) -> _Placed:
    """Put places on the nearest edge that is near enough; the rest of the way is walked in a straight line."""
    spots = rows.geometry.array
    tree = shapely.STRtree(graph.lines)
    (row, edge), metres = tree.query_nearest(spots, params.snap_m, return_distance=True, all_matches=False)
    along = shapely.line_locate_point(graph.lines[edge], np.asarray(spots)[row])
    return _Placed(row, edge, along, metres * 0.06 / params.walk_kmh)


def _join(graph: RoadGraph, placed: Sequence[_Placed]) -> _Joined:
    """Cut edges where places are: each becomes a chain from its tail over its places to its head."""
    edge = np.concatenate([places.edge for places in placed])
    along = np.concatenate([places.along for places in placed])
    edges, length = np.arange(len(graph.tail)), shapely.length(graph.lines)
    # Places at one spot are one node, or in a one-way street one would have to go round the block to the other.
    cuts, cut = np.unique(np.column_stack((edge, along)), axis=0, return_inverse=True)
    nodes = np.where(along <= 0, graph.tail[edge], np.where(along >= length[edge], graph.head[edge], graph.count + cut))
    on, at = cuts[:, 0].astype(np.int64), cuts[:, 1]
    inner = (at > 0) & (at < length[on])
    size = graph.count + len(cuts)
    chain = np.concatenate((edges, on[inner], edges))
    where = np.concatenate((np.zeros(len(edges)), at[inner], length))
    rank = np.repeat((0, 1, 2), (len(edges), inner.sum(), len(edges)))
    node = np.concatenate((graph.tail, graph.count + np.flatnonzero(inner), graph.head))
    order = np.lexsort((where, rank, chain))
    chain, where, node = chain[order], where[order], node[order]
    same = np.flatnonzero(chain[:-1] == chain[1:])
    tail, head, of = node[same], node[same + 1], chain[same]
    pace = np.divide(graph.minutes, length, out=np.zeros_like(length), where=length > 0)
    minutes = (where[same + 1] - where[same]) * pace[of]
    there, back = graph.there[of], graph.back[of]
    # Turned round: the journey is looked for from its end.
    arcs = (np.concatenate((head[there], tail[back])), np.concatenate((tail[there], head[back])))
    return _Joined(_lightest(*arcs, np.concatenate((minutes[there], minutes[back])), size), nodes)


def _lightest(tail: np.ndarray, head: np.ndarray, minutes: np.ndarray, size: int) -> csr_array:
    """Arcs as a matrix, of several between the same crossings the quickest; a matrix would add them up."""
    order = np.lexsort((minutes, head, tail))
    tail, head, minutes = tail[order], head[order], minutes[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    return csr_array((minutes[first], (tail[first], head[first])), shape=(size, size))
