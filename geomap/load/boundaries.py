"""Outlines to draw and points of LSOAs: ONS boundaries of any vintage, in British National Grid."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import CrsError, Fault
from ..schema import LsoaPointFrame, OutlineFrame
from ..schema.words import CRS
from ..validate import Loaded, account, accounting_frame, check_frame
from ._bank_places import in_england
from ._icb_outlines import dissolve_icbs
from ._raw import refuse
from ._read import read_csv, read_geo, text_to_code, text_to_number
from ._table import cell_faults, finish, no_reason, pick

__all__ = ["dissolve_icbs", "load_lsoa_points", "load_outlines"]

_LEVELS = {"LSOA": "lsoa", "SICBL": "sub_icb", "LAD": "lad", "ICB": "icb", "NHSER": "region", "RGN": "region"}
"""Prefix of the code column → level, finest first: a file of small areas also names the larger ones."""
_COLUMN = re.compile(r"(ICB|SICBL|LAD|LSOA|RGN|NHSER)(?:\d\d)?(CDH|CD|NM)(?:_ACTIVE)?", re.IGNORECASE)
_ODS_AT_END = r"[\s-]([0-9A-Z]{3}|[A-Z][0-9][A-Z][0-9][A-Z])\s*$"
_WGS84 = "EPSG:4326"
_METRES, _DEGREES = (60_000.0, 1_000.0, 680_000.0, 680_000.0), (-7.5, 49.0, 2.5, 56.5)
"""Boxes round England with room to spare: west, south, east, north."""
_POLYGONS = ("Polygon", "MultiPolygon")


def load_outlines(path: Path) -> Loaded:
    """
    Load areas to draw; what they are is told by the column names (`ICB26CD`, `SICBL22NM`, `LADCD_ACTIVE`, …).

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, shapefile or GeoParquet, plain or in a zip.

    Returns
    -------
    loaded
        `OutlineFrame` sorted by code, valid polygons in metres (EPSG:27700), areas of England only. `area_code` is
        the NHS (ODS) code of an ICB or a sub-ICB where the file has one, in a column or at the end of the name, and
        the ONS code otherwise. Rows are numbered from 1 in the order of the file.

    Raises
    ------
    DataError
        The file is missing or broken, or no column names an area.
    CrsError
        The coordinates are neither British metres nor British degrees, or latitude and longitude are swapped.
    """
    path = Path(path)
    shapes = read_geo(path)
    shapes.index = pd.RangeIndex(1, len(shapes) + 1)
    level, columns = _recognise(shapes, path.name)
    frame = _name_areas(shapes, level, columns)
    english = ~frame[OutlineFrame.area_code].str.match(r"[WSN]\d{8}$")
    empty = frame.geometry.isna() | frame.geometry.is_empty
    faults = _no_shape(frame.loc[english & empty, OutlineFrame.area_code], path.name)
    frame, notes = _settle_crs(frame[english & ~empty], path.name)
    frame, mended = _make_polygons(frame)
    if mended:
        notes.append(f"{mended:,} outlines of {path.name} were not sound polygons and were mended.")
    frame, more = check_frame(frame, OutlineFrame, source=path.name, id_column=OutlineFrame.area_code)
    return Loaded(
        frame=frame.sort_values(OutlineFrame.area_code, ignore_index=True),
        source=path.name,
        vintage=_vintage(columns),
        faults=(*faults, *more),
        accounting=_account(path.name, len(frame), int((~english).sum()), (*faults, *more)),
        notes=tuple(notes),
    )


def _no_shape(codes: pd.Series, source: str) -> list[Fault]:
    told = {"problem": "the area has no shape", "remedy": "Take the file again, or draw without this area."}
    return [
        Fault(source=source, row=int(row), row_id=code, column="geometry", **told) for row, code in codes.items()
    ]


def _account(source: str, used: int, abroad: int, faults: tuple[Fault, ...]) -> pd.DataFrame:
    rejected = len({fault.row for fault in faults})
    counts = (("used", used, ""), ("not_used", abroad, "not in England"), ("rejected", rejected, "no sound outline"))
    return accounting_frame(account(source, status=s, rows=n, reason=why, row=1) for s, n, why in counts if n)


def _recognise(shapes: gpd.GeoDataFrame, source: str) -> tuple[str, dict[str, str]]:
    """The level of the areas, and their columns by kind: `CD` (ONS code), `CDH` (NHS code), `NM` (name)."""
    named: dict[str, dict[str, str]] = {}
    for column in shapes.columns:
        if match := _COLUMN.fullmatch(str(column)):
            named.setdefault(match.group(1).upper(), {}).setdefault(match.group(2).upper(), column)
    for prefix, level in _LEVELS.items():
        if {"CD", "CDH"} & set(named.get(prefix, ())):
            return level, named[prefix]
    shown = ", ".join(str(column) for column in shapes.columns[:12])
    raise refuse(
        source,
        f"no column names an area; its columns are {shown}",
        "Give ONS boundaries, which have a column such as ICB26CD, SICBL26CD, LAD24CD or LSOA21CD.",
    )


def _vintage(columns: dict[str, str]) -> str:
    """The year that the column names carry: `SICBL22CD` says 2022 boundaries; blank for those without."""
    digits = re.search(r"\d\d", "".join(columns.values()))
    return f"20{digits.group()} boundaries" if digits else ""


def _name_areas(shapes: gpd.GeoDataFrame, level: str, columns: dict[str, str]) -> gpd.GeoDataFrame:
    ons = shapes[columns.get("CD", columns.get("CDH"))].astype("str")
    name = shapes[columns["NM"]].astype("str").str.strip() if "NM" in columns else ons
    code = shapes[columns["CDH"]].astype("str") if "CDH" in columns else ons
    if level == "sub_icb" and "CDH" not in columns:
        code = name.str.extract(_ODS_AT_END)[0].fillna(ons)
    return gpd.GeoDataFrame(
        {
            OutlineFrame.area_code: text_to_code(code)[0],
            OutlineFrame.area_name: name,
            OutlineFrame.level: pd.Series(level, index=shapes.index, dtype="str"),
        },
        geometry=shapes.geometry.force_2d(),
        crs=shapes.crs,
    )


def _settle_crs(shapes: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """British National Grid, whatever the file says, when its numbers leave no doubt; else refuse."""
    if shapes.empty:
        raise refuse(source, "no area of England with a shape is in the file", "Check that it is the file wanted.")
    if _within(shapes, _METRES) and not (shapes.crs and shapes.crs.is_projected and shapes.crs != CRS):
        if shapes.crs == CRS:
            return shapes, []
        told = "does not say its coordinate system" if shapes.crs is None else "is labelled as degrees"
        return shapes.set_crs(CRS, allow_override=True), [f"{source} {told}; its numbers are read as metres ({CRS})."]
    if _within(shapes, _DEGREES):
        if shapes.crs is not None and shapes.crs.is_geographic:
            return shapes.to_crs(CRS), []
        told = "does not say its coordinate system" if shapes.crs is None else "is labelled as metres"
        degrees = shapes.set_crs(_WGS84, allow_override=True)
        return degrees.to_crs(CRS), [f"{source} {told}; its numbers are read as longitude and latitude ({_WGS84})."]
    if shapes.crs is not None and shapes.crs.is_projected and _within(moved := shapes.to_crs(CRS), _METRES):
        return moved, []
    west, south, east, north = (round(float(x), 3) for x in shapes.total_bounds)
    swapped = _inside((south, west, north, east), _DEGREES)
    label = shapes.crs.to_string() if shapes.crs else "none"
    raise CrsError(
        faults=[
            Fault(
                source=source,
                column="geometry",
                value=f"x {west} to {east}, y {south} to {north}; CRS {label}",
                problem="latitude and longitude are swapped" if swapped else "the coordinates do not lie in England",
                remedy=f"Take the file again from its publisher, in {CRS} or {_WGS84}.",
            )
        ]
    )


def _within(shapes: gpd.GeoDataFrame, box: tuple[float, float, float, float]) -> bool:
    return _inside(tuple(shapes.total_bounds), box)


def _inside(bounds: tuple[float, ...], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return box[0] <= west and box[1] <= south and east <= box[2] and north <= box[3]


def _make_polygons(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Mend invalid outlines and drop the lines and points that stand among polygons; how many were touched."""
    odd = ~frame.geometry.is_valid | ~frame.geometry.geom_type.isin(_POLYGONS)
    shapes = frame.geometry.to_numpy().copy()
    shapes[odd.to_numpy()] = [_only_polygons(shape) for shape in shapely.make_valid(shapes[odd.to_numpy()])]
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)), int(odd.sum())


def _only_polygons(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])


def load_lsoa_points(path: Path) -> Loaded:
    """
    Load one point an LSOA: the ONS population-weighted centroids, or points inside each LSOA.

    Parameters
    ----------
    path
        CSV with a column LSOA21CD (or LSOA11CD) and `x`, `y` in metres.

    Returns
    -------
    loaded
        `LsoaPointFrame`, England only.

    Raises
    ------
    DataError
        The file is missing or broken, a column is missing, or no row is a point in England.
    """
    raw = read_csv(Path(path))
    headings = {
        LsoaPointFrame.lsoa_code: ("LSOA21CD", "LSOA11CD"),
        LsoaPointFrame.easting: ("x", "easting"),
        LsoaPointFrame.northing: ("y", "northing"),
    }
    frame = pick(raw, headings, "Give LSOA population-weighted centroids (CSV) of the ONS, with LSOA21CD, x and y.")
    codes, _ = text_to_code(frame[LsoaPointFrame.lsoa_code])
    unused = no_reason(frame).mask(~codes.str.startswith("E"), "not in England")
    east, _ = text_to_number(frame[LsoaPointFrame.easting])
    north, _ = text_to_number(frame[LsoaPointFrame.northing])
    bad = (unused == "") & ~in_england(east, north)
    spots = (frame[LsoaPointFrame.easting] + ", " + frame[LsoaPointFrame.northing])[bad]
    faults = cell_faults(
        raw, spots, codes[bad], column="x, y",
        problem="the point does not lie in England", remedy="Give metres of the British National Grid (EPSG:27700).",
    )  # fmt: skip
    points = pd.DataFrame(
        {LsoaPointFrame.lsoa_code: codes, LsoaPointFrame.easting: east, LsoaPointFrame.northing: north}
    )
    plain = {name: spellings[0] for name, spellings in headings.items()}
    vintage = "2011" if "LSOA11CD" in raw.frame.columns else "2021"
    return finish(raw, points, LsoaPointFrame, headings=plain, unused=unused, faults=faults, vintage=vintage)
