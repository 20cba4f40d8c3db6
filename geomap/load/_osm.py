"""An extract of OpenStreetMap, read by GDAL in the child that may do nothing else.

What GDAL is to make of the tags is written beside the copy it reads, so that no setting of the computer counts: every
way with a highway as a line, closed or not, and every barrier as a point.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import BinaryIO

import geopandas as gpd
import pyogrio
import pyogrio.errors

from ._raw import kind_of, refuse

LINE_TAGS = ("highway", "oneway", "junction", "access", "foot", "vehicle", "motor_vehicle", "motorcar", "maxspeed")
POINT_TAGS = ("barrier", "access", "foot", "vehicle", "motor_vehicle", "motorcar")
_HEAD = b"\x0a\x09OSMHeader"
"""How a file begins, after the four bytes of its first length."""
_CONFIGURATION = f"""[general]
closed_ways_are_polygons=
[points]
osm_id=yes
attributes={",".join(POINT_TAGS)}
unsignificant=
other_tags=no
[lines]
osm_id=yes
attributes={",".join(LINE_TAGS)}
other_tags=no
[multipolygons]
osm_id=no
[multilinestrings]
osm_id=no
[other_relations]
osm_id=no
"""
_REMEDY = "Download the extract again, as .osm.pbf."


def read_layers(stream: BinaryIO, source: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Read ways with a highway and points with a barrier, with their tags, in longitude and latitude.

    Raises
    ------
    DataError
        It is no such extract, or it is damaged.
    """
    head = stream.read(4 + len(_HEAD))
    if not head.endswith(_HEAD):
        raise refuse(source, f"this is {kind_of(head) or 'something else'}, not an extract of OpenStreetMap", _REMEDY)
    with tempfile.TemporaryDirectory(prefix="geomap-") as folder:
        path, told = Path(folder) / "roads.osm.pbf", Path(folder) / "osm.ini"
        with path.open("wb") as copy:
            copy.write(head)
            shutil.copyfileobj(stream, copy)
        told.write_text(_CONFIGURATION, encoding="utf-8")
        pyogrio.set_gdal_config_options({"CPL_TMPDIR": folder})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what GDAL leaves out; what is needed is looked at below
                lines = pyogrio.read_dataframe(path, layer="lines", where="highway IS NOT NULL", CONFIG_FILE=told)
                points = pyogrio.read_dataframe(path, layer="points", where="barrier IS NOT NULL", CONFIG_FILE=told)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
            said = str(error).replace(str(path), source).partition("; It might help")[0].rstrip(".")
            raise refuse(source, f"the roads cannot be read: {said or type(error).__name__}", _REMEDY) from error
        finally:
            pyogrio.set_gdal_config_options({"CPL_TMPDIR": None})
    return lines, points
