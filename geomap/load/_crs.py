"""Where shapes lie: their coordinate system, held against their numbers and against England."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj.exceptions import ProjError

from ..errors import CrsError, Fault
from ..schema.words import CRS
from ._bank_places import in_england

_WGS84 = "EPSG:4326"
_METRES, _DEGREES = (60_000.0, 1_000.0, 680_000.0, 680_000.0), (-7.5, 49.0, 2.5, 56.5)
"""Boxes round England with room to spare: west, south, east, north."""
_MOST = 0.5
_ELSEWHERE = "the coordinates do not lie in England"


def settle_crs(shapes: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """
    British National Grid, whatever the file says, when its numbers leave no doubt; else refuse.

    Returns
    -------
    shapes, guesses
        In EPSG:27700; what was read otherwise than the file says, in words, none where it is right.

    Raises
    ------
    CrsError
        The coordinates are neither British metres nor British degrees, or are swapped.
    """
    if _within(shapes, _METRES) and not (shapes.crs and shapes.crs.is_projected and shapes.crs != CRS):
        if shapes.crs == CRS:
            return shapes, []
        told = "does not say its coordinate system" if shapes.crs is None else "is labelled as degrees"
        return shapes.set_crs(CRS, allow_override=True), [f"{source} {told}; its numbers are read as metres ({CRS})."]
    if _within(shapes, _DEGREES):
        if shapes.crs is not None and shapes.crs.is_geographic:
            return _to_metres(shapes, source), []
        told = "does not say its coordinate system" if shapes.crs is None else "is labelled as metres"
        degrees = shapes.set_crs(_WGS84, allow_override=True)
        said = f"{source} {told}; its numbers are read as longitude and latitude ({_WGS84})."
        return _to_metres(degrees, source), [said]
    if shapes.crs is not None and shapes.crs.is_projected and _within(moved := _to_metres(shapes, source), _METRES):
        return moved, []
    west, south, east, north = shapes.total_bounds
    swapped = _inside((south, west, north, east), _DEGREES)
    raise _refuse_place(shapes, source, "latitude and longitude are swapped" if swapped else _ELSEWHERE)


def _to_metres(shapes: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    try:
        return shapes.to_crs(CRS)
    except ProjError as error:
        raise _refuse_place(shapes, source, f"its coordinate system cannot be turned into {CRS}") from error


def fault_elsewhere(areas: gpd.GeoDataFrame, codes: pd.Series, source: str) -> list[Fault]:
    """
    One fault for each area of which a point inside does not lie in England; `areas` are in EPSG:27700.

    Raises
    ------
    CrsError
        It is so for most: the numbers are swapped, or of another grid.
    """
    with np.errstate(invalid="ignore"):  # a sliver may have no point that numbers can tell to be inside
        inside = areas.geometry.representative_point()
    there = in_england(inside.x, inside.y)
    if there.mean() < _MOST:
        swapped = in_england(inside.y, inside.x).mean() >= _MOST
        raise _refuse_place(areas, source, "easting and northing are swapped" if swapped else _ELSEWHERE)
    told = {"problem": "the area does not lie in England", "remedy": "Take the file again, or draw without this area."}
    return [
        Fault(
            source=source,
            row=int(row),
            row_id=codes[row],
            column="geometry",
            value=f"{inside[row].x:.0f}, {inside[row].y:.0f}",
            **told,
        )
        for row in there.index[~there]
    ]


def say_crs(shapes: gpd.GeoDataFrame, source: str) -> str:
    """The coordinate system that a file declares, as a sentence."""
    label = shapes.crs.to_string() if shapes.crs else "none"
    about = "" if label == CRS else f"; reprojected to {CRS}"
    return f"{source}: coordinates in {label}{about}; in England."


def tell_overlaps(areas: gpd.GeoDataFrame, codes: pd.Series, source: str) -> list[str]:
    """A note of areas whose inner point lies in another area of the file too, so that one of them is drawn over."""
    with np.errstate(invalid="ignore"):
        inside = areas.geometry.representative_point()
    first, second = areas.sindex.query(inside, predicate="within")
    twice = sorted({codes.iloc[i] for i, j in zip(first, second, strict=True) if i != j})
    if not twice:
        return []
    shown = ", ".join(twice[:10]) + (f" and {len(twice) - 10:,} more" if len(twice) > 10 else "")
    return [f"{source}: areas that lie in another area of the file too, and are drawn over: {shown}."]


def _refuse_place(shapes: gpd.GeoDataFrame, source: str, problem: str) -> CrsError:
    west, south, east, north = (round(float(x), 3) for x in shapes.total_bounds)
    label = shapes.crs.to_string() if shapes.crs else "none"
    value = f"x {west} to {east}, y {south} to {north}; CRS {label}"
    remedy = f"Take the file again from its publisher, in {CRS} or {_WGS84}."
    return CrsError(faults=[Fault(source=source, column="geometry", value=value, problem=problem, remedy=remedy)])


def _within(shapes: gpd.GeoDataFrame, box: tuple[float, float, float, float]) -> bool:
    return _inside(tuple(shapes.total_bounds), box)


def _inside(bounds: tuple[float, ...], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return box[0] <= west and box[1] <= south and east <= box[2] and north <= box[3]
