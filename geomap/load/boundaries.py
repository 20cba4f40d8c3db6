"""Outlines to draw and points of LSOAs: ONS boundaries of any vintage, in British National Grid."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import Fault
from ..schema import LsoaPointFrame, OutlineFrame
from ..validate import Loaded, account, account_faults, accounting_frame, check_frame
from ._bank_places import in_england
from ._crs import fault_elsewhere, say_crs, settle_crs, tell_overlaps
from ._icb_outlines import dissolve_icbs
from ._mended import SMALL_OR_SPACED, tell_repairs
from ._raw import RawTable, refuse
from ._read import read_csv, read_geo, text_to_code, text_to_number
from ._table import (
    cell_faults,
    code_faults,
    finish,
    no_reason,
    part_doubles,
    pick,
    read_codes,
)
from ._text import census_of_lsoas

__all__ = ["dissolve_icbs", "load_lsoa_points", "load_outlines"]

_LEVELS = {"LSOA": "lsoa", "SICBL": "sub_icb", "LAD": "lad", "ICB": "icb", "NHSER": "region", "RGN": "region"}
"""Prefix of the code column → level, finest first: a file of small areas also names the larger ones."""
_COLUMN = re.compile(r"(ICB|SICBL|LAD|LSOA|RGN|NHSER)(?:\d\d)?(CDH|CD|NM)(?:_ACTIVE)?", re.IGNORECASE)
_ODS_AT_END = r"[\s-]([0-9A-Z]{3}|[A-Z][0-9][A-Z][0-9][A-Z])\s*$"
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
    raw = RawTable(frame=pd.DataFrame(index=shapes.index), source=path.name)
    frame = _name_areas(raw, shapes, level, columns)
    codes = frame[OutlineFrame.area_code].fillna("")
    english = ~codes.str.match(r"[WSN][0-9]{8}$")
    faults = _no_shape(codes[english & _empty(frame)], path.name)
    frame = frame[english & ~_empty(frame)]
    if frame.empty:
        raise refuse(path.name, "no area of England with a shape is in the file", "Check that it is the file wanted.")
    declared = say_crs(frame, path.name)
    frame, notes = settle_crs(frame, path.name)
    for said in notes:
        _tell_shapes(raw, frame, said.rstrip("."), "coordinates as their numbers show them to be")
    notes = notes or [declared]
    frame, odd = _make_polygons(frame)
    faults += _no_shape(codes[frame.index[_empty(frame)]], path.name)
    frame = frame[~_empty(frame)]
    odd = odd[frame.index]
    faults += fault_elsewhere(frame, codes, path.name)
    frame = frame.drop(index=[fault.row for fault in faults if fault.row in frame.index])
    notes += tell_overlaps(frame, codes[frame.index], path.name)
    if odd.any():
        shown = ", ".join(codes[odd.index[odd]][:5]) + (", …" if odd.sum() > 5 else "")
        notes.append(f"{odd.sum():,} outlines of {path.name} were not sound polygons and were mended: {shown}.")
        reason = "the outline crosses itself, or holds lines or points, and was mended"
        _tell_shapes(raw, frame[odd], reason, "the sound polygons it encloses")
    frame, more = check_frame(frame, OutlineFrame, source=path.name, id_column=OutlineFrame.area_code)
    return Loaded(
        frame=frame.sort_values(OutlineFrame.area_code, ignore_index=True),
        source=path.name,
        vintage=_vintage(columns),
        faults=(*faults, *more),
        repairs=tuple(raw.repairs),
        accounting=_account(path.name, frame.index, codes.index[~english], (*faults, *more)),
        notes=tuple(notes),
    )


def _empty(shapes: gpd.GeoDataFrame) -> pd.Series:
    """Areas without a shape, or with a corner that is no place."""
    corners, area = shapely.get_coordinates(shapes.geometry.to_numpy(), return_index=True)
    nowhere = np.isin(np.arange(len(shapes)), area[~np.isfinite(corners).all(axis=1)])
    return shapes.geometry.isna() | shapes.geometry.is_empty | nowhere


def _no_shape(codes: pd.Series, source: str) -> list[Fault]:
    told = {"problem": "the area has no shape", "remedy": "Take the file again, or draw without this area."}
    return [
        Fault(source=source, row=int(row), row_id=code, column="geometry", **told) for row, code in codes.items()
    ]


def _tell_shapes(raw: RawTable, areas: gpd.GeoDataFrame, reason: str, taken: str) -> None:
    """One line for areas that were mended alike."""
    blank = pd.Series("", index=areas.index, dtype="str")
    tell_repairs(raw, "geometry", blank, blank.replace("", taken), reason)


def _account(source: str, used: pd.Index, abroad: pd.Index, faults: tuple[Fault, ...]) -> pd.DataFrame:
    """One line for the areas used, one for those elsewhere, one a rejected area."""
    counts = (("used", used, ""), ("not_used", abroad, "not in England"))
    lines = [
        account(source, status=status, rows=len(rows), reason=reason, row=int(min(rows)))
        for status, rows, reason in counts
        if len(rows)
    ]
    return accounting_frame(lines + account_faults(faults))


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


def _name_areas(
    raw: RawTable, shapes: gpd.GeoDataFrame, level: str, columns: dict[str, str]
) -> gpd.GeoDataFrame:
    ons = shapes[columns.get("CD", columns.get("CDH"))].astype("str")
    name = shapes[columns["NM"]].astype("str").str.strip() if "NM" in columns else ons
    code = shapes[columns["CDH"]].astype("str") if "CDH" in columns else ons
    if level == "sub_icb" and "CDH" not in columns:
        code = name.str.extract(_ODS_AT_END)[0].fillna(ons)
    codes, _ = text_to_code(code)
    heading = columns.get("CDH", str(ons.name))
    tell_repairs(raw, heading, code[codes != code], codes[codes != code], SMALL_OR_SPACED)
    return gpd.GeoDataFrame(
        {
            OutlineFrame.area_code: codes,
            OutlineFrame.area_name: name,
            OutlineFrame.level: pd.Series(level, index=shapes.index, dtype="str"),
        },
        geometry=shapes.geometry.force_2d(),
        crs=shapes.crs,
    )


def _make_polygons(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Mend invalid outlines and drop the lines and points that stand among polygons; and which were touched."""
    odd = ~frame.geometry.is_valid | ~frame.geometry.geom_type.isin(_POLYGONS)
    shapes = frame.geometry.to_numpy().copy()
    shapes[odd.to_numpy()] = [_only_polygons(shape) for shape in shapely.make_valid(shapes[odd.to_numpy()])]
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)), odd


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
    heading = raw.picked[LsoaPointFrame.lsoa_code]
    frame, notes = read_codes(raw, frame, [LsoaPointFrame.lsoa_code])
    unused = no_reason(frame).mask(frame[LsoaPointFrame.lsoa_code].str.match("[WSN]").fillna(False), "not in England")
    odd_codes = code_faults(raw, frame[unused == ""], {LsoaPointFrame.lsoa_code: heading}, pattern="E01[0-9]{6}")
    unused, clashes = part_doubles(raw, frame, [LsoaPointFrame.lsoa_code], unused)
    codes = frame[LsoaPointFrame.lsoa_code].fillna("")
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
    census, named = census_of_lsoas(codes), 2011 if "11" in heading else 2021
    if census and census != named:
        problem = f"the heading says LSOAs of {named}, but the codes are those of {census}"
        raise refuse(raw.source, problem, "Give the points of one census, under its own heading.", column=heading)
    return finish(
        raw, points, LsoaPointFrame, headings=raw.picked, unused=unused, faults=odd_codes + clashes + faults,
        vintage=str(named), notes=notes,
    )  # fmt: skip
