"""Ways joined where they share a point: edges between crossings, with the minutes that each takes by one mode."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..config import RoadParams
from ..schema import RoadFrame

_POINT_TYPE = 0
"""Shapely's number of a point: a barrier."""
_STEPS_A_METRE = 1000
"""Points that share a millimetre are one, as ways of OpenStreetMap share their nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadGraph:
    """Edges between `count` crossings, by one mode: all in one piece, in which each is reached from each."""

    count: int
    tail: np.ndarray
    head: np.ndarray
    minutes: np.ndarray
    """Along the whole edge."""
    there: np.ndarray
    """Whether it may be used from tail to head."""
    back: np.ndarray
    lines: np.ndarray
    """Shapely lines from tail to head, metres."""
    left_out_km: float
    """Of edges that cannot be reached from the others, or not left."""


@dataclass(frozen=True, slots=True)
class _Vertices:
    """Every vertex of every way in order: place, way, and the crossing it is when a way comes to it or leaves it."""

    spots: np.ndarray
    way: np.ndarray
    come: np.ndarray
    leave: np.ndarray
    is_node: np.ndarray


def build_graph(roads: gpd.GeoDataFrame, params: RoadParams, mode: str) -> RoadGraph:
    """
    Join ways into a graph for walking or driving.

    Parameters
    ----------
    roads
        `RoadFrame`, metres.
    params
        Speeds.
    mode
        `walk` or `drive`.

    Returns
    -------
    graph
        Its largest part in which every crossing is reached from every other; no edges where nothing may be used.
    """
    is_barrier = shapely.get_type_id(roads.geometry.array) == _POINT_TYPE
    use = roads[RoadFrame.walks if mode == "walk" else RoadFrame.drives].to_numpy()
    kmh = _speeds(roads, params, mode)
    ways = ~is_barrier & (use != "no") & np.isfinite(kmh)
    shut = shapely.get_coordinates(roads.geometry.array[is_barrier & (use == "no")])
    vertices = _vertices(roads.geometry.array[ways], shut)
    start, end = _ends(vertices)
    steps = np.hypot(*np.diff(vertices.spots, axis=0, prepend=vertices.spots[:1]).T)
    along = np.cumsum(steps)
    way = vertices.way[start]
    use, kmh = use[ways][way], kmh[ways][way]
    tail, head = vertices.leave[start], vertices.come[end]
    count = int(max(vertices.come.max(initial=-1), vertices.leave.max(initial=-1))) + 1
    length_m = along[end] - along[start]
    keep = _largest(count, (tail, head), (use != "backward", use != "forward"))
    return RoadGraph(
        count=count,
        tail=tail[keep],
        head=head[keep],
        minutes=(length_m * 0.06 / kmh)[keep],
        there=(use != "backward")[keep],
        back=(use != "forward")[keep],
        lines=_lines(vertices.spots, start[keep], end[keep]),
        left_out_km=float(length_m[~keep].sum() / 1000),
    )


def _speeds(roads: gpd.GeoDataFrame, params: RoadParams, mode: str) -> np.ndarray:
    """km/h along each way; not a number where the mode does not go."""
    if mode == "walk":
        return np.full(len(roads), params.walk_kmh)
    kmh = roads[RoadFrame.highway].map(params.drive_kmh).to_numpy(dtype=float)
    return np.fmin(kmh, np.where(np.isfinite(kmh), roads[RoadFrame.limit_kmh].to_numpy(dtype=float), np.nan))


def _vertices(lines: np.ndarray, shut: np.ndarray) -> _Vertices:
    """Vertices and the crossings among them: where ways meet, end or are shut; nobody goes through what is shut."""
    spots, way = shapely.get_coordinates(lines, return_index=True)
    keys, ids, met = np.unique(_keys(spots), return_inverse=True, return_counts=True)
    ends = np.ones(len(spots), dtype=bool)
    ends[1:-1] = (way[1:-1] != way[:-2]) | (way[1:-1] != way[2:])
    is_shut = np.isin(keys, _keys(shut))[ids] if len(spots) else ends
    come, leave = ids.copy(), ids.copy()
    # Each way that comes to a shut point, or leaves it, has an end of its own there.
    apart = np.flatnonzero(is_shut)
    come[apart] = len(keys) + 2 * np.arange(len(apart))
    leave[apart] = come[apart] + 1
    return _Vertices(spots, way, come, leave, ends | is_shut | (met[ids] > 1))


def _keys(spots: np.ndarray) -> np.ndarray:
    """One whole number a place, to the millimetre."""
    east, north = np.rint(spots * _STEPS_A_METRE).astype(np.int64).T
    return east * (1 << 32) + north


def _ends(vertices: _Vertices) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the vertices where each edge begins and ends."""
    nodes = np.flatnonzero(vertices.is_node)
    start, end = nodes[:-1], nodes[1:]
    same = vertices.way[start] == vertices.way[end]
    return start[same], end[same]


def _largest(
    count: int, ends: tuple[np.ndarray, np.ndarray], ways: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Which edges lie within the largest part whose crossings all reach one another."""
    (tail, head), (there, back) = ends, ways
    if not count:
        return np.zeros(0, dtype=bool)
    arcs = np.concatenate((tail[there], head[back])), np.concatenate((head[there], tail[back]))
    graph = csr_array((np.ones(len(arcs[0]), dtype=np.int8), arcs), shape=(count, count))
    part = connected_components(graph, directed=True, connection="strong")[1]
    # By its edges: a shut point leaves many crossings that nothing leads to.
    inside = part[tail] == part[head]
    most = np.bincount(part[tail[inside]], minlength=1).argmax()
    return inside & (part[tail] == most)


def _lines(spots: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shapes of the edges."""
    sizes = end - start + 1
    first = np.cumsum(sizes) - sizes
    position = np.arange(sizes.sum()) - np.repeat(first, sizes) + np.repeat(start, sizes)
    return shapely.linestrings(spots[position], indices=np.repeat(np.arange(len(sizes)), sizes))
