"""See that a GeoPackage holds what was written: GDAL can take a failed write, as on a full disk, for a good one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd

from ..errors import OutputError

_SETTLED = "SELECT count(*) FROM gpkg_contents WHERE table_name = ? AND (max_y IS NOT NULL) = ?"
_KEPT = "SELECT count(*) FROM gpkg_geometry_columns WHERE table_name = ?"
_INDEXED = "SELECT count(*) FROM gpkg_extensions WHERE table_name = ? AND extension_name = 'gpkg_rtree_index'"
_COUNTED = "SELECT sum(feature_count) FROM gpkg_ogr_contents WHERE table_name = ?"
_TRIGGERS = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"


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
        The file is damaged, or a layer, a row, an extent or an index is missing.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            sound = base.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            stamped = base.execute("PRAGMA user_version").fetchone()[0] > 0
            alike = len({base.execute(_TRIGGERS, (layer,)).fetchone()[0] for layer in layers}) <= 1
            whole = sound and stamped and alike and all(_is_whole(base, *layer) for layer in layers.items())
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
