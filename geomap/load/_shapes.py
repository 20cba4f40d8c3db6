"""Files of shapes, read by GDAL from a copy under a name of our own, after a look at what else they would have it open.

GDAL chooses a driver by content: a list of other files, or a command, under the name of a GeoPackage or of GeoJSON is
followed. It fetches a coordinate system that is an address, and lets a view of a GeoPackage call functions that open
files. So each file is held against its own format first. GDAL is given a copy in a folder of its own, where no file
beside it is found and no part of its name means anything.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePath
from typing import Any

import geopandas as gpd
import pyogrio
import pyogrio.errors
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from ..errors import DataError
from ._raw import kind_of, refuse

KINDS = {
    ".geojson": b"{", ".json": b"{", ".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1", ".geoparquet": b"PAR1",
}  # fmt: skip
"""Ending → how such a file begins."""
_BESIDE = (".shx", ".dbf", ".prj", ".cpg")
"""What else a shapefile is made of, and we read."""
_SHAPE_TYPES = (
    "Feature", "FeatureCollection", "GeometryCollection", "LineString", "MultiLineString", "MultiPoint", "MultiPolygon",
    "Point", "Polygon",
)  # fmt: skip
_CRS_TYPES = ("name", "EPSG")
_WATCHED = ("type", "features", "crs")
"""Members of JSON that say what it is; GDAL finds them in any spelling of capitals."""
_CALL = re.compile(r"\b(?:ogr|gdal)_\w+[\"'`\]]?\s*\(|\bload_extension\b", re.IGNORECASE)
_RTREE = re.compile(r"CREATE\s+VIRTUAL\s+TABLE\s+\S+\s+USING\s+rtree\b", re.IGNORECASE)
_JOURNAL = slice(18, 20)
"""Where an SQLite file says whether its newest rows may stand in a second file."""
_AGAIN = "Download the file again."
_DAMAGED = (
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ShapelyError, ProjError, ValueError, OSError,
    LookupError, TypeError, AttributeError, NotImplementedError, RecursionError, sqlite3.Error,
)  # fmt: skip
"""What the readers raise where a file is not whole, or says of itself what is not so."""


def is_part(name: PurePath, main: PurePath) -> bool:
    """Whether a file belongs to the shapefile that the other is the main file of."""
    is_shape = main.suffix.lower() == ".shp" and name.suffix.lower() in _BESIDE
    return is_shape and name.with_suffix("") == main.with_suffix("")


def refuse_unfinished(path: Path) -> None:
    """
    Refuse a GeoPackage whose newest rows stand in a second file, as they do while a program has it open.

    Raises
    ------
    DataError
        They do.
    """
    log = path.with_name(f"{path.name}-wal")
    if path.suffix.lower() == ".gpkg" and log.is_file() and log.stat().st_size:
        problem = f"another program has it open, or was stopped: its newest rows are in {log.name}"
        raise refuse(path.name, problem, "Close it in QGIS or whatever wrote it; then that file goes away.")


def read_shapes(parts: Mapping[str, bytes], source: str, layer: str | None) -> gpd.GeoDataFrame:
    """
    Read the one layer of a file of shapes, with the CRS as it declares it.

    Parameters
    ----------
    parts
        Ending in small letters → bytes; first the main file, then what belongs to it.
    source
        Named in faults.
    layer
        Wanted where there are several.

    Raises
    ------
    DataError
        It is not of the kind its ending says, would have other files opened, is damaged, or has several layers.
    """
    with _copied(parts, source) as path:
        if path.suffix in (".parquet", ".geoparquet"):
            return gpd.read_parquet(io.BytesIO(next(iter(parts.values()))))
        layers = _layers(path)
        if layer is None and len(layers) > 1:
            raise refuse(source, f"the file holds {len(layers)} layers", f"Name one of: {'; '.join(layers)}.")
        frame = gpd.read_file(path, layer=layer or layers[0], engine="pyogrio")
        if not isinstance(frame, gpd.GeoDataFrame):
            raise refuse(source, "the file holds a table without shapes", "Take the file of the boundaries.")
        return frame


def read_shape_layers(parts: Mapping[str, bytes], source: str, names: Collection[str]) -> dict[str, gpd.GeoDataFrame]:
    """Those of some layers that a file of shapes has; faults as of `read_shapes`."""
    with _copied(parts, source) as path:
        there = _layers(path)
        return {name: gpd.read_file(path, layer=name, engine="pyogrio") for name in names if name in there}


def _layers(path: Path) -> list[str]:
    return [str(name) for name in pyogrio.list_layers(path)[:, 0]]


@contextmanager
def _copied(parts: Mapping[str, bytes], source: str) -> Iterator[Path]:
    """A copy to read; what goes wrong with it is told of the file itself."""
    kind = next(iter(parts))
    _check_kind(parts[kind], kind, source)
    with tempfile.TemporaryDirectory(prefix="geomap-") as folder:
        path = Path(folder) / f"shapes{kind}"
        for ending, data in parts.items():
            path.with_suffix(ending).write_bytes(data)
        try:
            if kind == ".gpkg":
                _alone(path)
                _check_database(path, source)
            with warnings.catch_warnings():
                # What GDAL mends or leaves out in passing is judged by the loader, which wants codes and sound shapes.
                warnings.simplefilter("ignore")
                yield path
        except DataError:
            raise
        except _DAMAGED as error:
            said = str(error).replace(str(path), source).partition("; It might help")[0].rstrip(".")
            raise refuse(source, f"the shapes cannot be read: {said or type(error).__name__}", _AGAIN) from error


def _check_kind(data: bytes, kind: str, source: str) -> None:
    if kind not in KINDS:
        raise refuse(source, f"a file ending in {kind!r} is not read as boundaries", "Use GeoPackage or GeoJSON.")
    if not data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(KINDS[kind]):
        problem = f"this is {kind_of(data) or 'something else'}, not what its name says"
        raise refuse(source, problem, _AGAIN)
    if kind in (".geojson", ".json"):
        _check_geojson(data, source)


def _check_geojson(data: bytes, source: str) -> None:
    """
    Refuse JSON that GDAL would not read as plain GeoJSON.

    Each object is let go as soon as its type is known, and numbers are not kept: large files pass in little memory.
    """

    def look(pairs: list[tuple[str, Any]]) -> tuple[object]:
        """The type of an object, in place of the object."""
        names = [name.lower() for name, _ in pairs]
        if any(names.count(name) > 1 for name in _WATCHED):
            raise refuse(source, "this is not GeoJSON: a member stands in it twice", _AGAIN)
        told = dict(zip(names, (value for _, value in pairs), strict=True))
        crs = told.get("crs")
        if isinstance(crs, tuple) and crs[0] not in _CRS_TYPES:
            remedy = "Download it as GeoJSON in British National Grid, or in longitude and latitude."
            raise refuse(source, "its coordinate system is kept elsewhere, on a network", remedy)
        return (told.get("type"),)

    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    try:
        whole = json.loads(text, object_pairs_hook=look, parse_float=bool, parse_int=bool)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise refuse(source, f"the shapes cannot be read: it is not whole JSON ({error})", _AGAIN) from error
    if not isinstance(whole, tuple) or whole[0] not in _SHAPE_TYPES:
        remedy = "Download it as GeoJSON; other kinds of JSON, such as TopoJSON or that of Esri, are not read."
        raise refuse(source, "this is not GeoJSON, though its name says so", remedy)


def _alone(path: Path) -> None:
    """Have a GeoPackage not look for a second file of newest rows: there is none beside a copy."""
    with path.open("r+b") as stream:
        stream.seek(_JOURNAL.start)
        if stream.read(2) == b"\2\2":
            stream.seek(_JOURNAL.start)
            stream.write(b"\1\1")


def _check_database(path: Path, source: str) -> None:
    """Refuse a GeoPackage that would run more than it holds: functions in views, and tables that are not tables."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        rows = base.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    remedy = "Export the layer alone as a new GeoPackage, and give that."
    for kind, name, sql in rows:
        text = str(sql or "")
        if kind == "view" and "(" in text:
            raise refuse(source, f"the view {name} calls functions, which can open other files", remedy)
        if re.match(r"CREATE\s+VIRTUAL", text, re.IGNORECASE) and not _RTREE.match(text):
            raise refuse(source, f"{name} is a virtual table, which can open other files", remedy)
        if kind != "trigger" and _CALL.search(text):
            raise refuse(source, f"the {kind} {name} calls functions of GDAL, which can open other files", remedy)
