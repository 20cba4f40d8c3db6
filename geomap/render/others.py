"""Public leisure sites without a pledge: tens of thousands of points in a few hundred kilobytes of the page."""

from __future__ import annotations

import base64
import json
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..schema import MapTables, VenueFrame
from ..schema.words import CRS, LIST_SEPARATOR, VENUE_TYPES
from .blocks import column
from .shapes import to_grid

_LEVEL = 9
"""Of the compression; fixed, so that the same sites give the same bytes."""


def others_data(tables: MapTables) -> dict[str, object]:
    """
    How many there are, and the sites themselves packed: nothing is unpacked before a reader asks to see them.

    `packed` is JSON, deflated (zlib, RFC 1950) and written in base64. Its columns are `x` and `y`, pixels of the grid
    of `shapes`, each the step from the row before; `types`, row of the list `type_sets` of venue types; `operator`, row
    of `operators`, or -1 where the source names none. Sites that are near each other stand near each other.
    """
    frame, sites = VenueFrame, tables.other_facilities
    if sites.empty:
        return {"count": 0, "packed": ""}
    points = gpd.GeoSeries(gpd.points_from_xy(sites[frame.easting], sites[frame.northing]), crs=CRS)
    grid = np.round(shapely.get_coordinates(to_grid(points))).astype(np.int64)
    order = np.lexsort([sites[frame.site_id].to_numpy(dtype=str), _along_curve(grid)])
    sites, grid = sites.iloc[order], grid[order]
    steps = np.diff(grid, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    types, sets = pd.factorize(sites[frame.venue_types], sort=True)
    operator, operators = pd.factorize(sites[frame.operator_name], sort=True)
    columns = {
        "x": steps[:, 0].tolist(),
        "y": steps[:, 1].tolist(),
        "types": types.tolist(),
        "operator": operator.tolist(),
        "type_sets": [_known_types(text) for text in sets],
        "operators": column(operators),
    }
    text = json.dumps(columns, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode("ascii"), _LEVEL))
    return {"count": len(sites), "packed": packed.decode("ascii")}


def _known_types(text: str) -> list[str]:
    told = text.split(LIST_SEPARATOR)
    return [kind for kind in VENUE_TYPES if kind in told]


def _along_curve(grid: np.ndarray) -> np.ndarray:
    """Numbers that put points, shape (n, 2), into the order of the Z-shaped curve (Morton 1966) through the grid."""
    mixed = np.zeros(len(grid), dtype=np.int64)
    for bit in range(22):
        mixed |= ((grid[:, 0] >> bit) & 1) << (2 * bit)
        mixed |= ((grid[:, 1] >> bit) & 1) << (2 * bit + 1)
    return mixed
