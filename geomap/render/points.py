"""Tens of thousands of points in a few hundred kilobytes of the page, unpacked when a reader asks to see them."""

from __future__ import annotations

import base64
import json
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..schema.words import CRS
from .blocks import column
from .shapes import to_grid

_LEVEL = 9
"""Of the compression; fixed, so that the same points give the same bytes."""


def squeeze(columns: dict[str, list]) -> str:
    """Columns as JSON, deflated (zlib, RFC 1950) and written in base64; `static/marks.js` undoes it."""
    text = json.dumps(columns, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), _LEVEL)).decode("ascii")


def along_curve(frame: pd.DataFrame, spots: tuple[str, str], key: str) -> tuple[pd.DataFrame, dict[str, list]]:
    """
    Rows in an order in which those near each other stand near each other, and where they are.

    Parameters
    ----------
    frame
        Rows with easting and northing in metres under the names of `spots`, and a unique `key`.

    Returns
    -------
    ordered, steps
        The rows, and `x` and `y` of each: pixels of the grid of `shapes`, as the step from the row before.
    """
    points = gpd.GeoSeries(gpd.points_from_xy(frame[spots[0]], frame[spots[1]]), crs=CRS)
    grid = np.round(shapely.get_coordinates(to_grid(points))).astype(np.int64)
    order = np.lexsort([frame[key].to_numpy(dtype=str), _curve(grid)])
    steps = np.diff(grid[order], axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return frame.iloc[order], {"x": steps[:, 0].tolist(), "y": steps[:, 1].tolist()}


def coded(values: pd.Series) -> tuple[list[int], list]:
    """Row numbers of a list of the distinct values, -1 where there is none; and the list, in order."""
    rows, words = pd.factorize(values, sort=True)
    return rows.tolist(), column(words)


def _curve(grid: np.ndarray) -> np.ndarray:
    """Numbers that put points, shape (n, 2), into the order of the Z-shaped curve (Morton 1966) through the grid."""
    mixed = np.zeros(len(grid), dtype=np.int64)
    for bit in range(22):
        mixed |= ((grid[:, 0] >> bit) & 1) << (2 * bit)
        mixed |= ((grid[:, 1] >> bit) & 1) << (2 * bit + 1)
    return mixed
