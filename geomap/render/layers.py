"""The geometry of the map, drawn by folium: shapes, points and row numbers, never a word of input.

Branca compiles what folium rendered as a template once more, so any text in a layer could run on the planner's
machine. Only numbers go in here; the page joins names to them by row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import folium
import geopandas as gpd
import numpy as np
import shapely
from folium.plugins import FastMarkerCluster

from ..errors import OutputError
from ..schema import FacilityResultFrame, OutlineFrame, PcnResultFrame

LONGITUDE_LATITUDE = "EPSG:4326"
_DECIMALS = 4
"""0.0001° is 11 m north and 7 m east in England."""
_MOST_VERTICES = 110_000
_TOLERANCES_M = (10, 25, 50, 100, 200, 400, 800)
_RANDOM_ID = re.compile(r"_[0-9a-f]{32}\b")
_SPACE_IN_ARRAY = re.compile(r"(?<=[\d\]]), (?=[-\d\[])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What folium wrote: the element that holds the map and the script that fills it."""

    html: str
    script: str


def thin_shapes(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """
    Simplify polygons, keeping shared borders shared, until there are few enough vertices for one page.

    Parameters
    ----------
    shapes
        Polygons in metres (EPSG:27700), n rows; missing and empty ones stay as they are.

    Returns
    -------
    thinned
        Same index; the first of 10, 25, … 800 m of tolerance that leaves at most 110,000 vertices.
    """
    known = shapes[~(shapes.isna() | shapes.is_empty)]
    thinned = known
    for tolerance_m in _TOLERANCES_M:
        thinned = known.simplify_coverage(tolerance_m)
        if int(shapely.get_num_coordinates(thinned.to_numpy()).sum()) <= _MOST_VERTICES:
            break
    return thinned.reindex(shapes.index)


def _features(shapes: gpd.GeoSeries) -> dict[str, object]:
    """GeoJSON of the shapes in degrees; the only property is the row number."""
    degrees = thin_shapes(shapes).to_crs(LONGITUDE_LATITUDE)
    features = []
    for row, shape in enumerate(degrees):
        if shape is None or shape.is_empty:
            continue
        # A ring smaller than the grid goes; the numbers are rounded once more to be written short.
        snapped = shapely.set_precision(shapely.force_2d(shape), 10.0**-_DECIMALS)
        rounded = shapely.transform(snapped, lambda points: np.round(points, _DECIMALS))
        geometry = shapely.geometry.mapping(rounded)
        features.append({"type": "Feature", "properties": {"row": row}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def latitudes_longitudes(shapes: gpd.GeoSeries) -> np.ndarray:
    """A point inside each shape, in degrees: shape (n, 2), latitude first; NaN where there is no shape."""
    points = shapes.representative_point().to_crs(LONGITUDE_LATITUDE)
    return np.round(np.column_stack([points.y, points.x]), _DECIMALS + 1)


def _named(element: folium.Element, number: str) -> folium.Element:
    """Give a folium element a fixed id in place of its random one."""
    element._id = number
    return element


def draw_layers(pcns: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> Drawn:
    """
    Let folium render the map, the PCN footprints, the outlines and the clustered facilities.

    Parameters
    ----------
    pcns, sites, outlines
        `PcnResultFrame`, `FacilityResultFrame` and `OutlineFrame` in metres (EPSG:27700). Row numbers in the map are
        positions in these frames.

    Returns
    -------
    drawn
        HTML and JavaScript with fixed names; the script ends by handing its layers to the page's own script.

    Raises
    ------
    OutputError
        folium gave something a random name, so that two runs would differ.
    """
    chart = _named(
        folium.Map(
            location=[52.8, -1.6],
            zoom_start=7,
            tiles=None,
            minZoom=5,
            maxZoom=16,
            attribution_control=False,
            zoom_snap=0.25,
            zoom_animation=False,
            fade_animation=False,
            marker_zoom_animation=False,
            inertia=False,
        ),
        "page",
    )
    outline_pane = folium.map.CustomPane("outlines", z_index=410, pointer_events=False)
    _named(outline_pane, "outlines").add_to(chart)
    footprints = folium.GeoJson(_features(pcns[PcnResultFrame.geometry]), smooth_factor=0.6)
    _named(footprints, "pcns").add_to(chart)
    borders = folium.GeoJson(
        _features(outlines[OutlineFrame.geometry]), smooth_factor=0.6, pane="outlines", interactive=False
    )
    _named(borders, "outlines").add_to(chart)
    places = latitudes_longitudes(sites[FacilityResultFrame.geometry])
    rows = [[float(lat), float(lon), row] for row, (lat, lon) in enumerate(places) if not np.isnan(lat)]
    cluster = FastMarkerCluster(
        rows,
        callback="geomap.siteMarker",
        icon_create_function="geomap.clusterIcon",
        animate=False,
        max_cluster_radius=64,
        show_coverage_on_hover=False,
        spiderfy_on_max_zoom=True,
    )
    _named(cluster, "sites").add_to(chart)
    figure = chart.get_root()
    figure.render()
    start = (
        f"geomap.start({{map: {chart.get_name()}, pcns: {footprints.get_name()}, "
        f"outlines: {borders.get_name()}, sites: {cluster.get_name()}}});"
    )
    script = _SPACE_IN_ARRAY.sub(",", figure.script.render()) + start
    drawn = Drawn(html=figure.html.render(), script=script)
    left = _RANDOM_ID.search(drawn.html + drawn.script)
    if left:
        raise OutputError(f"The map library named something at random ({left.group()}); two runs would differ.")
    return drawn
