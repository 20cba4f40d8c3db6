"""The tables with shapes as files for maps: one GeoPackage, GeoParquet for analysts, GeoJSON for web pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import geopandas as gpd
import shapely

from ..errors import OutputError
from ..schema.published import GEOJSON_LAYERS, PARQUET_LAYERS, SHAPES_NAME
from ._geopackage import write_geopackage

_LONGITUDE_LATITUDE = "EPSG:4326"
_DECIMALS = 6
"""0.000001° is about 10 cm: the precision that RFC 7946 advises."""


def write_shapes(folder: Path, layers: Mapping[str, gpd.GeoDataFrame], day: str) -> list[Path]:
    """
    Write what has a shape.

    GeoPackage: every layer, EPSG:27700, with styles for QGIS. GeoParquet 1.1: `pcns`, `facilities` and `icbs`, a file
    each, EPSG:27700, plain columns that every reader knows. GeoJSON (RFC 7946): `pcns` and `facilities`, a file each,
    in degrees of WGS 84 with six decimals, outer rings anticlockwise; areas keep every corner that far apart.

    Parameters
    ----------
    folder
        Where to write; it is there already.
    layers
        Layer → its rows as they are published, at least one each; EPSG:27700.
    day
        The day of the data.

    Returns
    -------
    paths
        The files written.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    paths = []
    if layers:
        paths.append(write_geopackage(folder / SHAPES_NAME, layers, day))
    paths += [_write_parquet(folder / f"{layer}.parquet", layers[layer]) for layer in PARQUET_LAYERS if layer in layers]
    paths += [_write_geojson(folder / f"{layer}.geojson", layers[layer]) for layer in GEOJSON_LAYERS if layer in layers]
    return paths


def _write_parquet(path: Path, frame: gpd.GeoDataFrame) -> Path:
    try:
        frame.to_parquet(path, index=False, schema_version="1.1.0", compression="snappy")
    except OSError as caught:
        raise OutputError(f"{path.name} could not be written: {caught}. Free some space and run again.") from caught
    return path


def _write_geojson(path: Path, frame: gpd.GeoDataFrame) -> Path:
    """One feature a line, so that two runs can be compared line by line."""
    lines = ",\n".join(_features(frame))
    text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _features(frame: gpd.GeoDataFrame) -> Iterator[str]:
    shapes = shapely.set_precision(frame.geometry.to_crs(_LONGITUDE_LATITUDE).to_numpy(), 10.0**-_DECIMALS)
    shapes = shapely.orient_polygons(shapes, exterior_cw=False)
    columns = frame.drop(columns=frame.geometry.name)
    cells = columns.astype("object").where(columns.notna(), None)
    for row, shape in zip(cells.to_dict("records"), shapes, strict=True):
        geometry = None if shape is None or shape.is_empty else _rounded(shapely.geometry.mapping(shape))
        feature = {"type": "Feature", "properties": row, "geometry": geometry}
        yield json.dumps(feature, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _rounded(part: object) -> object:
    """A geometry with its numbers rounded, which in binary are never quite what they were rounded to."""
    if isinstance(part, dict):
        return {key: value if key == "type" else _rounded(value) for key, value in part.items()}
    if isinstance(part, tuple | list):
        return [_rounded(item) for item in part]
    return round(float(part), _DECIMALS)
