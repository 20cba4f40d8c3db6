"""Shapes as short text: whole numbers on a fine grid, each the step from the one before, in letters and digits.

The grid is the pixels of Web Mercator (EPSG:3857) at zoom 14, about 6 m in England; `shapes.js` reads it. The text
holds nothing but letters, digits, `-` and `_`, so it can stand in a script that a template engine reads once more.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

GRID_ZOOM = 14
_WEB_MERCATOR = "EPSG:3857"
_WORLD_HALF_M = 20037508.342789244
"""Half the width of the Web Mercator square, the Earth's equatorial radius times pi."""
_WORLD_PX = 256 * 2**GRID_ZOOM
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MOST_VERTICES = 110_000
_TOLERANCES_M = (10, 25, 50, 100, 200, 400, 800)


def thin_shapes(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """
    Simplify polygons, keeping shared borders shared, until there are few enough vertices for one page.

    Parameters
    ----------
    shapes
        Polygons in metres (EPSG:27700), n rows; missing and empty ones stay as they are.

    Returns
    -------
    thinned
        Same index; the first of 10, 25, … 800 m of tolerance that leaves at most 110,000 vertices.
    """
    known = shapes[~(shapes.isna() | shapes.is_empty)]
    thinned = known
    for tolerance_m in _TOLERANCES_M:
        thinned = known.simplify_coverage(tolerance_m)
        if int(shapely.get_num_coordinates(thinned.to_numpy()).sum()) <= _MOST_VERTICES:
            break
    return thinned.reindex(shapes.index)


def to_grid(shapes: gpd.GeoSeries) -> np.ndarray:
    """The shapes in pixels of the grid, x to the east, y to the south: shape (n,); not yet whole numbers."""
    half_px = _WORLD_PX / 2
    scale = np.array([1, -1]) * half_px / _WORLD_HALF_M
    return shapely.transform(shapely.force_2d(shapes.to_crs(_WEB_MERCATOR).to_numpy()), lambda p: half_px + p * scale)


def encode_numbers(numbers: np.ndarray) -> str:
    """
    Write whole numbers, shape (n,), one after the other.

    A number is doubled, and turned about where it is negative (0, -1, 1, -2 … become 0, 1, 2, 3 …); it is then
    written in digits of five bits, the lowest first, and 32 is added to every digit but its last.
    """
    left = np.asarray(numbers, dtype=np.int64)
    left = np.where(left < 0, -2 * left - 1, 2 * left)
    digits = []
    written = np.ones(len(left), dtype=bool)
    while written.any():
        rest = left >> 5
        digits.append(np.where(written, (left & 31) + np.where(rest > 0, 32, 0), -1))
        written &= rest > 0
        left = rest
    table = np.stack(digits, axis=1).ravel() if digits else np.array([], dtype=int)
    return "".join(np.array(list(_LETTERS))[table[table >= 0]])


def encode_shapes(shapes: gpd.GeoSeries) -> str:
    """
    Write polygons by row number: row, number of rings, then for each ring its number of points and the points.

    Rows count from 0 and points from the corner of the world; each is written as the step from the one before it, and
    the last point of a ring, which is its first, is left out. Rows without a shape, or with one smaller than the grid,
    are left out too.

    Parameters
    ----------
    shapes
        Polygons in metres (EPSG:27700).
    """
    numbers: list[np.ndarray] = []
    last_row, last_point = 0, np.zeros((1, 2), dtype=np.int64)
    for row, shape in enumerate(shapely.set_precision(to_grid(shapes), 1.0)):
        rings = [] if shape is None else _rings(shape)
        if not rings:
            continue
        numbers.append(np.array([row - last_row, len(rings)]))
        last_row = row
        for points in rings:
            steps = np.diff(points, axis=0, prepend=last_point)
            numbers += [np.array([len(points)]), steps.ravel()]
            last_point = points[-1:]
    return encode_numbers(np.concatenate(numbers)) if numbers else ""


def encode_points(points: gpd.GeoSeries) -> str:
    """Write points by row number: row, x, y, each as the step from the one before; rows without one are left out."""
    grid = to_grid(points)
    known = np.flatnonzero(~(shapely.is_missing(grid) | shapely.is_empty(grid)))
    table = np.column_stack([known, np.round(shapely.get_coordinates(grid[known]))]).astype(np.int64)
    return encode_numbers(np.diff(table, axis=0, prepend=np.zeros((1, 3), dtype=np.int64)).ravel())


def _rings(shape: shapely.Geometry) -> list[np.ndarray]:
    """The rings of a polygon or of several, as whole numbers without the last point: shapes (k, 2)."""
    rings = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings += [np.round(shapely.get_coordinates(ring))[:-1].astype(np.int64) for ring in shapely.get_rings(part)]
    return rings
