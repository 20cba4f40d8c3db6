"""The geometry of the map, drawn by folium: shapes, points and row numbers, never a word of input.

Branca compiles what folium rendered as a template once more, so any text in a layer could run on the planner's
machine. Only numbers go in here, written as letters and digits; the page joins names to them by row.

The layers are of folium's kind, but neither its GeoJson nor its marker cluster: on the national page (1,298 PCNs, 4,000
facilities) the one took 85 to 110 ms at every zoom and wrote ten times the text, and the other 80 to 120 ms whenever
other facilities were shown. `static/shapes.js` and `static/facilities.js` take about a fifth of that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import folium
import geopandas as gpd
import numpy as np
from folium.template import Template

from ..errors import OutputError
from ..schema import FacilityResultFrame, OutlineFrame, PcnResultFrame
from .shapes import encode_points, encode_shapes, thin_shapes

LONGITUDE_LATITUDE = "EPSG:4326"
_DECIMALS = 5
"""0.00001° is about a metre."""
_RANDOM_ID = re.compile(r"_[0-9a-f]{32}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What folium wrote: the element that holds the map and the script that fills it."""

    html: str
    script: str


class _Layer(folium.map.Layer):
    """A folium layer that the page's own scripts read, draw and add to the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}\n"
        "var {{ this.get_name() }} = new geomap.{{ this._name }}("
        "geomap.{{ this.reader }}({{ this.text|tojson }}), {{ this.options|tojavascript }});\n"
        "{% endmacro %}"
    )

    def __init__(self, kind: str, reader: str, text: str, options: dict[str, object]) -> None:
        super().__init__(name=kind, control=False, show=False)
        self._name, self.reader, self.text, self.options = kind, reader, text, options


def _shapes(shapes: gpd.GeoSeries, **options: object) -> _Layer:
    """Polygons; the options are those of `geomap.Shapes`."""
    return _Layer("Shapes", "readShapes", encode_shapes(thin_shapes(shapes)), options)


def latitudes_longitudes(shapes: gpd.GeoSeries) -> np.ndarray:
    """A point inside each shape, in degrees: shape (n, 2), latitude first; NaN where there is no shape."""
    points = shapes.representative_point().to_crs(LONGITUDE_LATITUDE)
    return np.round(np.column_stack([points.y, points.x]), _DECIMALS)


def _named(element: folium.Element, number: str) -> folium.Element:
    """Give a folium element a fixed id in place of its random one."""
    element._id = number
    return element


def draw_layers(pcns: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> Drawn:
    """
    Let folium render the map, the PCN footprints, the outlines and the clustered facilities.

    Parameters
    ----------
    pcns, facilities, outlines
        `PcnResultFrame`, `FacilityResultFrame` and `OutlineFrame` in metres (EPSG:27700). Row numbers in the map are
        positions in these frames.

    Returns
    -------
    drawn
        HTML and JavaScript with fixed names; the script ends by handing its layers to the page's own script, which
        adds them to the map.

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
    layers = {
        "pcns": _shapes(pcns[PcnResultFrame.geometry], class_name="leaflet-interactive"),
        "outlines": _shapes(outlines[OutlineFrame.geometry], pane="outlines"),
        "facilities": _Layer("Facilities", "readPlaces", encode_points(facilities[FacilityResultFrame.geometry]), {}),
    }
    for name, layer in layers.items():
        _named(layer, name).add_to(chart)
    figure = chart.get_root()
    figure.render()
    given = "".join(f", {name}: {layer.get_name()}" for name, layer in layers.items())
    drawn = Drawn(
        html=figure.html.render(),
        script=f"{figure.script.render()}geomap.start({{map: {chart.get_name()}{given}}});",
    )
    left = _RANDOM_ID.search(drawn.html + drawn.script)
    if left:
        raise OutputError(f"The map library named something at random ({left.group()}); two runs would differ.")
    return drawn
