"""One GeoPackage of all layers, with styles for QGIS and the meaning of every column, and a look at what was written.

GDAL can take a failed write, as on a full disk, for a good one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from ..errors import OutputError
from ._columns_layers import LAYER_COLUMNS, LAYER_TITLES
from ._layer_styles import LayerStyle, style_layers

AREAS = ("pcns", "icbs")
"""Layers of areas, each of which may have several parts."""

_SETTLED = "SELECT count(*) FROM gpkg_contents WHERE table_name = ? AND (max_y IS NOT NULL) = ?"
_KEPT = "SELECT count(*) FROM gpkg_geometry_columns WHERE table_name = ?"
_INDEXED = "SELECT count(*) FROM gpkg_extensions WHERE table_name = ? AND extension_name = 'gpkg_rtree_index'"
_COUNTED = "SELECT sum(feature_count) FROM gpkg_ogr_contents WHERE table_name = ?"
_TRIGGERS = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
_STYLED = "SELECT count(*), sum(useAsDefault) FROM layer_styles WHERE f_table_name = ?"
_EXPLAINED = "SELECT count(*) FROM gpkg_data_columns WHERE table_name = ?"

_STYLE_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30), update_time DATETIME
)"""
"""As QGIS makes it; see QgsOgrProviderUtils."""
_STYLE_ROW = "INSERT INTO layer_styles VALUES (NULL, '', '', ?, 'geom', ?, ?, '', ?, ?, '', NULL, ?)"
_STYLE_CONTENTS = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'How QGIS shows the layers', ?)"""
_STYLE_COUNT = "INSERT INTO gpkg_ogr_contents (table_name, feature_count) VALUES ('layer_styles', ?)"

_MEANING_TABLES = """
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
    constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
    max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);"""
"""The schema extension of the GeoPackage standard (OGC 12-128r18, F.9)."""
_MEANING_ROW = "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, NULL)"
_EXTENSION = """
INSERT INTO gpkg_extensions VALUES
(?, NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write')"""


def write_geopackage(path: Path, layers: Mapping[str, gpd.GeoDataFrame], day: str) -> Path:
    """
    Write the layers, how QGIS shows them, and what their columns mean.

    Parameters
    ----------
    path
        The file; it is not there yet.
    layers
        Layer → its rows, at least one; EPSG:27700.
    day
        The day of the data, which stands for the time of writing, so that the same run gives the same bytes.

    Raises
    ------
    OutputError
        The file cannot be written, or was not written whole.
    """
    styles = style_layers(layers)
    with _fixed_date(day):
        for layer, frame in layers.items():
            title, meaning = LAYER_TITLES[layer]
            told = {"identifier": title, "description": meaning}
            try:
                frame.to_file(
                    path, layer=layer, driver="GPKG", engine="pyogrio", promote_to_multi=layer in AREAS,
                    layer_options=told,
                )  # fmt: skip
            except (DataSourceError, DataLayerError) as caught:
                said = " ".join(str(caught).split()).rstrip(".")
                raise OutputError(
                    f"{path.name} could not be written; the disk may be full (layer {layer}: {said})."
                ) from caught
    try:
        _explain(path, layers, styles, f"{day}T00:00:00.000Z")
    except sqlite3.Error as caught:
        raise OutputError(f"{path.name} could not be written; the disk may be full ({caught}).") from caught
    check_geopackage(path, layers)
    return path


def _explain(path: Path, layers: Mapping[str, gpd.GeoDataFrame], styles: list[LayerStyle], moment: str) -> None:
    """Put styles and the meaning of columns beside the layers."""
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.execute(_STYLE_TABLE)
        base.execute(_STYLE_CONTENTS, (moment,))
        base.execute(_STYLE_COUNT, (len(styles),))
        for style in styles:
            title = LAYER_TITLES[style.layer][0]
            row = (style.layer, style.name, style.qml, int(style.is_default), f"{title}: {style.name}", moment)
            base.execute(_STYLE_ROW, row)
        base.executescript(_MEANING_TABLES)
        for layer in layers:
            for column, (title, meaning) in LAYER_COLUMNS[layer].items():
                base.execute(_MEANING_ROW, (layer, column, title, title, meaning))
        for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
            base.execute(_EXTENSION, (table,))


@contextmanager
def _fixed_date(day: str) -> Iterator[None]:
    """Have GDAL write the day of the data instead of the time of day, so that the same run gives the same bytes."""
    option = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(option)
    pyogrio.set_gdal_config_options({option: f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({option: before})


def check_geopackage(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """
    Hold a GeoPackage against what it was to hold.

    Parameters
    ----------
    path
        The file.
    layers
        Layer → its rows.

    Raises
    ------
    OutputError
        The file is damaged, or a layer, a row, an extent, an index, a style or the meaning of a column is missing.
    """
    styles = style_layers(layers)
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            sound = base.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            stamped = base.execute("PRAGMA user_version").fetchone()[0] > 0
            alike = len({base.execute(_TRIGGERS, (layer,)).fetchone()[0] for layer in layers}) <= 1
            whole = sound and stamped and alike and all(_is_whole(base, *layer) for layer in layers.items())
            whole = whole and all(_is_explained(base, layer, styles) for layer in layers)
    except sqlite3.Error:
        whole = False
    if not whole:
        raise OutputError(f"{path.name} was not written whole; the disk may be full. Free some space and run again.")


def _is_whole(base: sqlite3.Connection, layer: str, frame: gpd.GeoDataFrame) -> bool:
    """Whether all that belongs to a layer is there; the names of layers are the house's own."""
    rows, shapes = len(frame), int((~(frame.geometry.isna() | frame.geometry.is_empty)).sum())
    found = [base.execute(query, (layer,)).fetchone()[0] for query in (_KEPT, _INDEXED, _COUNTED)]
    settled = base.execute(_SETTLED, (layer, shapes > 0)).fetchone()[0]
    tables = (layer, f"rtree_{layer}_geom_rowid")
    held = [base.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables]
    return (settled, *found) == (1, 1, 1, rows) and held == [rows, shapes]


def _is_explained(base: sqlite3.Connection, layer: str, styles: list[LayerStyle]) -> bool:
    """Whether a layer has its styles, one of them the default, and the meaning of each of its columns."""
    own = [style for style in styles if style.layer == layer]
    told = base.execute(_EXPLAINED, (layer,)).fetchone()[0]
    return base.execute(_STYLED, (layer,)).fetchone() == (len(own), 1) and told == len(LAYER_COLUMNS[layer])
