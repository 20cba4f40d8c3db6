"""The index of a run's pages: every ICB on one small map and in one table, each with a link to its own page."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely

from ..schema import IcbResultFrame, PlanFacts
from .assets import check_no_remote, element, own_file
from .blocks import column
from .classes import quantile_classes
from .colours import BROWNS, PURPLES, YELLOW_TO_BLUE, spread
from .encode import json_block
from .facts import facts_data
from .packed import pack
from .page import content_policy, fill_slots, mark_parts, mark_sheets
from .people import drawn, limits, shown

_STYLES = ("page.css", "panel.css", "index.css")
_SCRIPTS = ("base.js", "few.js", "index.js")
_CLASSES = 5
_LONG_SIDE = 1000
"""The longer side of the drawing, in its own units; a unit is about half a pixel on a desktop."""
_ROOM = 44
"""An area narrower than this has no room for its figure."""
_KEY = (0.36, 0.42)
"""How wide and how high the key is on a desktop, as shares of the width of the drawing."""
_FEWEST_IN_INSET = 3
_INSET_TIMES = (3.0, 2.75, 2.5, 2.25)
"""How much larger small neighbours are drawn again: the first of these for which the corner is free."""


def build_index(icbs: gpd.GeoDataFrame, facts: PlanFacts, pages: Mapping[str, str], *, whole: str) -> str:
    """
    One complete HTML document that leads to the pages of the ICBs, and opens with no network.

    Parameters
    ----------
    icbs
        `IcbResultFrame`, geometry in metres (EPSG:27700), with a number wherever a count is not shown. Row order does
        not matter.
    facts
        Of the whole run.
    pages
        ICB code → name of its page in the same folder.
    whole
        Name of the page with all PCNs.

    Returns
    -------
    html
        The same bytes for the same tables. Input text stands in one JSON block only.

    Raises
    ------
    OutputError
        The page would load something from outside.
    """
    icbs = icbs.sort_values(IcbResultFrame.icb_code, ignore_index=True)
    sheets = [element("style", text) for text in [*map(own_file, _STYLES), *mark_sheets(facts)]]
    scripts = [element("script", own_file(name)) for name in _SCRIPTS]
    data = pack(
        {
            "facts": facts_data(facts),
            "themes": _themes(icbs, internal=facts.internal),
            "drawing": _drawing(icbs.geometry),
            "icbs": _icb_data(icbs, pages, internal=facts.internal),
            "whole": whole,
        }
    )
    parts = mark_parts(facts) | {
        "policy": content_policy([digest for _, digest in scripts], [digest for _, digest in sheets], tiles_host=""),
        "styles": "\n".join(text for text, _ in sheets),
        "data": f'<script type="application/json" id="data">{json_block(data)}</script>',
        "scripts": "\n".join(text for text, _ in scripts),
    }
    html = fill_slots(own_file("index.html"), parts)
    check_no_remote(html)
    return html


def _icb_data(icbs: gpd.GeoDataFrame, pages: Mapping[str, str], *, internal: bool) -> dict[str, list]:
    f = IcbResultFrame
    people = (f.patients, f.demand_places, f.matched_places, f.unmet_places)
    return {
        "code": column(icbs[f.icb_code]),
        "name": column(icbs[f.icb_name]),
        **{name: column(icbs[name]) for name in (f.region_name, f.pcns)},
        **{name: column(shown(icbs[name], internal=internal)) for name in people},
        f.need_index: column(icbs[f.need_index], 3),
        f.coverage_share: column(icbs[f.coverage_share], 3),
        f.matched_hours: column(icbs[f.matched_hours], 0),
        "page": [pages[code] for code in icbs[f.icb_code]],
    }


def _themes(icbs: gpd.GeoDataFrame, *, internal: bool) -> list[dict[str, object]]:
    """What the ICBs can be coloured by, in five classes of about equal count."""
    f = IcbResultFrame
    described = (
        ("coverage", "Coverage", "People with a place, of those who could start", "share", f.coverage_share, PURPLES),
        ("unmet", "Left without", "People left without a place", "people", f.unmet_places, BROWNS),
        ("need", "Need", "Need index, mean over patients: 0 least, 1 most", "index", f.need_index, YELLOW_TO_BLUE),
    )
    made = []
    for key, name, title, unit, told, colours in described:
        values = icbs[told].to_numpy(dtype=float, na_value=np.nan)
        of_people = unit == "people"
        classes = quantile_classes(drawn(values, internal=internal) if of_people else values, _CLASSES)
        low, high = ([round(value, 4) for value in ends] for ends in (classes.low, classes.high))
        made.append(
            {
                "key": key,
                "name": name,
                "title": title,
                "unit": unit,
                "column": told,
                "colours": spread(colours, len(classes.high)),
                "low": limits(low, internal=internal) if of_people else low,
                "high": limits(high, internal=internal) if of_people else high,
                "count": list(classes.count),
                "missing": classes.missing,
                "of": list(classes.of),
            }
        )
    return made


def _drawing(shapes: gpd.GeoSeries) -> dict[str, object]:
    """Outlines as SVG paths in whole units, y downwards; with each the place of its figure and the room for it."""
    known = ~(shapes.isna() | shapes.is_empty)
    west, south, east, north = shapes.total_bounds if known.any() else (0.0, 0.0, 1.0, 1.0)
    unit = max(east - west, north - south, 1.0) / _LONG_SIDE
    drawn = shapes.translate(-west, -north).scale(1 / unit, -1 / unit, origin=(0, 0))
    thinned = drawn.copy()
    thinned[known] = drawn[known].simplify_coverage(1.0)
    parts = [[] if shape is None else _polygons(shape) for shape in thinned]
    places = [_place(polygons) for polygons in parts]
    width, height = int(np.ceil((east - west) / unit)), int(np.ceil((north - south) / unit))
    return {
        "width": width,
        "height": height,
        "room": _ROOM,
        "paths": ["".join(_path(ring) for part in polygons for ring in _rings(part)) for polygons in parts],
        "places": places,
        "inset": _inset(drawn, places, width),
        "key_fits": not drawn.intersects(shapely.box(0, 0, _KEY[0] * width, _KEY[1] * width)).any(),
    }


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]


def _rings(polygon: shapely.Polygon) -> list[np.ndarray]:
    """Corners of each ring in whole units, each once; rings that shrink to nothing go."""
    rings = []
    for ring in (polygon.exterior, *polygon.interiors):
        corners = np.rint(shapely.get_coordinates(ring)).astype(int)
        corners = corners[:-1][np.any(np.diff(corners, axis=0) != 0, axis=1)]
        if len(corners) >= 3:
            rings.append(corners)
    return rings


def _path(corners: np.ndarray) -> str:
    """A closed ring; steps from corner to corner are shorter to write than places."""
    steps = np.diff(corners, axis=0)
    return f"M{corners[0][0]} {corners[0][1]}l{' '.join(f'{x} {y}' for x, y in steps)}z"


def _place(polygons: list[shapely.Polygon]) -> list[int] | None:
    """The middle of the widest circle in the largest part of an area, and how wide it is."""
    if not polygons:
        return None
    radius = shapely.maximum_inscribed_circle(max(polygons, key=lambda part: part.area), tolerance=1.0)
    x, y = shapely.get_coordinates(radius)[0]
    return [round(x), round(y), int(2 * radius.length)]


def _inset(drawn: gpd.GeoSeries, places: list[list[int] | None], width: int) -> dict[str, object] | None:
    """The largest group of neighbours too small for a figure, such as London's, to be drawn again in the top corner."""
    small = [row for row, place in enumerate(places) if place and place[2] < _ROOM]
    groups = _neighbours(drawn, small)
    group = max(groups, key=len, default=[])
    if len(group) < _FEWEST_IN_INSET:
        return None
    west, north, east, south = drawn.iloc[group].total_bounds
    box = [round(west) - 2, round(north) - 2, round(east - west) + 4, round(south - north) + 4]
    for times in _INSET_TIMES:
        if not drawn.intersects(shapely.box(width - times * box[2], 0, width, times * box[3])).any():
            return {"box": box, "rows": group, "times": times}
    return None


def _neighbours(drawn: gpd.GeoSeries, rows: list[int]) -> list[list[int]]:
    """Rows put together that touch, or touch one that does."""
    left, groups = list(rows), []
    while left:
        group = [left.pop(0)]
        for row in group:
            near = [other for other in left if drawn.iloc[row].dwithin(drawn.iloc[other], 1.0)]
            left = [other for other in left if other not in near]
            group += near
        groups.append(sorted(group))
    return groups
