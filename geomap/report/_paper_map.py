"""The map of the board paper: PCNs by a theme, ICBs, the sites by number and those they are compared with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from ..schema import OutlineFrame, PcnResultFrame
from ._figures import GREY, INK, MID, SMALL, Scene, figure_of, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

COLOURS = ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8")
"""Least to most; light enough for dark outlines and numbers to stand out."""
THEMES = {
    PcnResultFrame.need_index: ("Need index", "{:.2f}"),
    PcnResultFrame.coverage_share: ("Share of the places wanted that the plan gives", "{:.0%}"),
}
CLASSES = len(COLOURS)
LEGEND_MM = 17.0
TALLEST_MM = 112.0
MARGIN_SHARE = 0.03
BADGE_MM = 4.4
"""Of the disc that holds a site's number."""
DOT_MM = 1.3
"""Radius of the mark of a comparator that is too small to be seen."""
COUNTRY_PCNS = 200
"""More areas than this: a single PCN is too small on paper for its outline to be seen as dashed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a map lies, metres, and how large it is on paper."""

    west: float
    south: float
    east: float
    north: float
    width_mm: float
    height_mm: float

    @property
    def metres(self) -> float:
        """Metres to a millimetre of paper."""
        return (self.east - self.west) / self.width_mm


def draw_map(pcns: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame, scene: Scene, *, theme: str, width_mm: float) -> bytes:
    """
    Draw the map.

    Parameters
    ----------
    pcns
        `PcnResultFrame`, EPSG:27700.
    outlines
        `OutlineFrame`, EPSG:27700; may be empty.
    scene
        The sites and comparators to mark.
    theme
        Column of `THEMES` that fills the areas, in five classes with as many PCNs each.
    width_mm
        Of the map.

    Returns
    -------
    png
    """
    frame = _frame_of(pcns, width_mm)
    whole = frame.height_mm + LEGEND_MM
    with figure_of(width_mm, whole) as figure:
        axes = figure.add_axes((0, LEGEND_MM / whole, 1, frame.height_mm / whole))
        axes.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
        axes.axis("off")
        shapes = pcns.set_index(PcnResultFrame.pcn_code).geometry.simplify(frame.metres * 0.12)
        classes, bounds = classify(pcns[theme].to_numpy(dtype=float))
        small = len(pcns) > COUNTRY_PCNS
        _fill(axes, shapes, classes, small)
        if len(outlines):
            lines = outlines[outlines[OutlineFrame.level].eq("icb")].geometry.simplify(frame.metres * 0.12)
            _stroke(axes, lines, edgecolor=GREY, linewidth=0.5 if len(lines) > 5 else 0.9)
        _mark(axes, shapes, scene, frame)
        legend = figure.add_axes((0, 0, 1, LEGEND_MM / whole))
        legend.set(xlim=(0, width_mm), ylim=(LEGEND_MM, 0))
        legend.axis("off")
        _legend(legend, theme, bounds, bool((classes < 0).any()))
        _explain_marks(legend, scene, small)
        _scale_bar(legend, frame)
        return to_png(figure)


def _frame_of(pcns: gpd.GeoDataFrame, width_mm: float) -> Frame:
    """As wide as asked, as tall as the places are, within limits; what is left goes evenly to both sides."""
    west, south, east, north = pcns.total_bounds
    wide, tall = max(east - west, 1000.0), max(north - south, 1000.0)
    margin = MARGIN_SHARE * max(wide, tall)
    wide, tall = wide + 2 * margin, tall + 2 * margin
    height_mm = float(np.clip(width_mm * tall / wide, 0.6 * width_mm, TALLEST_MM))
    metres = max(wide / width_mm, tall / height_mm)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = metres * width_mm / 2, metres * height_mm / 2
    return Frame(x - half_x, y - half_y, x + half_x, y + half_y, width_mm, height_mm)


def classify(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Five classes with as many members each, fewer where values are alike; -1 where there is none.

    Returns
    -------
    classes, bounds
        Class of each value; from below the first to above the last class.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), -1), np.array([])
    bounds = np.unique(np.quantile(known, np.linspace(0, 1, CLASSES + 1)))
    if len(bounds) == 1:
        return np.where(np.isnan(values), -1, 0), np.repeat(bounds, 2)
    classes = np.clip(np.searchsorted(bounds, values, side="right") - 1, 0, len(bounds) - 2)
    return np.where(np.isnan(values), -1, classes), bounds


def colour_of(number: int, count: int) -> str:
    """Of a class, so that few classes still go from least to most."""
    return COLOURS[round(number * (CLASSES - 1) / max(count - 1, 1))]


def _path_of(shape: shapely.Geometry) -> Path | None:
    """Outer rings one way round and holes the other, so that holes stay open."""
    from matplotlib.path import Path

    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    rings = []
    for polygon in polygons:
        rings.append(polygon.exterior if polygon.exterior.is_ccw else polygon.exterior.reverse())
        rings += [ring.reverse() if ring.is_ccw else ring for ring in polygon.interiors]
    if not rings:
        return None
    return Path.make_compound_path(*(Path(shapely.get_coordinates(ring), closed=True) for ring in rings))


def _stroke(axes: Axes, shapes: Iterable[shapely.Geometry], **look: object) -> None:
    from matplotlib.collections import PathCollection

    paths = [path for path in map(_path_of, shapes) if path is not None]
    axes.add_collection(PathCollection(paths, **({"facecolor": "none"} | look)), autolim=False)


def _fill(axes: Axes, shapes: gpd.GeoSeries, classes: np.ndarray, small: bool) -> None:
    count = int(classes.max()) + 1
    line = {"edgecolor": "white", "linewidth": 0.1 if small else 0.4}
    for number in range(count):
        _stroke(axes, shapes[classes == number], facecolor=colour_of(number, count), **line)
    _stroke(axes, shapes[classes < 0], facecolor="white", hatch="//////", **(line | {"edgecolor": "#c5ced3"}))


def _mark(axes: Axes, shapes: gpd.GeoSeries, scene: Scene, frame: Frame) -> None:
    """Comparators first, so that what is recommended lies on top; a number beside what is too small to hold it."""
    from matplotlib.patches import Circle

    small = len(shapes) > COUNTRY_PCNS
    for codes in scene.comparators:
        area = _area(shapes, codes)
        _stroke(axes, [area], edgecolor="white", linewidth=1.6)
        _stroke(axes, [area], edgecolor=INK, linewidth=0.9, linestyle=(0, (2.2, 1.4)))
        if small:
            at = shapely.get_coordinates(area.representative_point())[0]
            axes.add_patch(Circle(at, DOT_MM * frame.metres, facecolor="white", edgecolor=INK, linewidth=0.7,
                                  linestyle=(0, (1.6, 1.0))))  # fmt: skip
    areas = [_area(shapes, codes) for _, codes in scene.sites]
    _stroke(axes, areas, edgecolor="white", linewidth=2.8)
    _stroke(axes, areas, edgecolor=INK, linewidth=1.0 if small else 1.5)
    points = np.array([shapely.get_coordinates(area.representative_point())[0] for area in areas]).reshape(-1, 2)
    spots = spread(points, BADGE_MM * 1.05 * frame.metres, frame)
    for (number, _), point, spot in zip(scene.sites, points, spots, strict=True):
        if np.hypot(*(spot - point)) > 0.3 * BADGE_MM * frame.metres:
            axes.plot(*zip(point, spot, strict=True), color=INK, linewidth=0.7)
        axes.add_patch(Circle(spot, BADGE_MM / 2 * frame.metres, facecolor=INK, edgecolor="white", linewidth=0.7,
                              zorder=5))  # fmt: skip
        axes.text(*spot, number, color="white", fontsize=SMALL, fontweight="bold", ha="center", va="center_baseline",
                  zorder=6)  # fmt: skip


def _area(shapes: gpd.GeoSeries, codes: tuple[str, ...]) -> shapely.Geometry:
    return shapely.union_all(shapes.reindex(list(codes)).dropna().to_numpy())


def spread(points: np.ndarray, apart_m: float, frame: Frame, rounds: int = 200) -> np.ndarray:
    """
    Move places apart until no two are nearer than a distance, each as little as may be, within the frame.

    Parameters
    ----------
    points
        Shape (n, 2), metres.
    apart_m
        The least distance.
    frame
        Where they must stay.
    rounds
        After which it is left as it is.

    Returns
    -------
    spots
        Shape (n, 2).
    """
    spots = points.astype(float).copy()
    low = np.array([frame.west, frame.south]) + apart_m / 2
    high = np.array([frame.east, frame.north]) - apart_m / 2
    for _ in range(rounds):
        moved = False
        for i, j in itertools.combinations(range(len(spots)), 2):
            gap = spots[j] - spots[i]
            distance = float(np.hypot(*gap))
            if distance >= apart_m * 0.999:
                continue
            # Two at one place part to fixed sides, so that every run moves them alike.
            way = gap / distance if distance > 1e-6 else np.array([np.cos(i + j), np.sin(i + j)])
            push = way * (apart_m - distance) / 2
            spots[i], spots[j], moved = spots[i] - push, spots[j] + push, True
        spots = np.clip(spots, low, high)
        if not moved:
            break
    return spots


def _scale_bar(legend: Axes, frame: Frame) -> None:
    """A round length of at most a quarter of the width, in the legend's lower right corner."""
    most = frame.width_mm / 4 * frame.metres / 1000
    length = max((number for number in (1, 2, 5, 10, 20, 50, 100, 200) if number <= most), default=1)
    right, width = frame.width_mm - 2, length * 1000 / frame.metres
    legend.plot((right - width, right), (15.2, 15.2), color=GREY, linewidth=1.4, solid_capstyle="butt")
    legend.text(right, 12.8, f"{length} km", fontsize=SMALL, color=GREY, ha="right", va="center")


def _legend(legend: Axes, theme: str, bounds: np.ndarray, some_missing: bool) -> None:
    """Classes side by side with their bounds below; in millimetres from the top left."""
    from matplotlib.patches import Rectangle

    title, shape = THEMES[theme]
    legend.text(1, 1.6, title, fontsize=SMALL, fontweight="bold", va="center")
    boxes, left = max(len(bounds) - 1, 0), 1.0
    for number in range(boxes):
        legend.add_patch(Rectangle((left, 3.4), 11, 3.2, facecolor=colour_of(number, boxes), edgecolor=MID,
                                   linewidth=0.4))  # fmt: skip
        legend.text(left, 8.4, shape.format(bounds[number]), fontsize=SMALL, va="center", ha="center" if number else
                    "left")  # fmt: skip
        left += 11
    if boxes:
        legend.text(left, 8.4, shape.format(bounds[-1]), fontsize=SMALL, va="center", ha="center")
    if some_missing:
        legend.add_patch(Rectangle((left + 5, 3.4), 7, 3.2, facecolor="white", edgecolor="#c5ced3", hatch="//////",
                                   linewidth=0.4))  # fmt: skip
        legend.text(left + 13, 5, "no data", fontsize=SMALL, va="center")


def _explain_marks(legend: Axes, scene: Scene, small: bool) -> None:
    from matplotlib.patches import Circle, Rectangle

    dashed = {"edgecolor": INK, "linestyle": (0, (2.2, 1.4))}
    if scene.sites:
        legend.add_patch(Circle((3, 13.6), BADGE_MM / 2, facecolor=INK, edgecolor="white"))
        legend.text(6.2, 13.6, "recommended site", fontsize=SMALL, va="center")
    if scene.comparators and small:
        legend.add_patch(Circle((35, 13.6), DOT_MM, facecolor="white", linewidth=0.7, **dashed))
    elif scene.comparators:
        legend.add_patch(Rectangle((32, 12.1), 5, 3.0, facecolor="none", linewidth=0.9, **dashed))
    if scene.comparators:
        legend.text(38.3, 13.6, "to compare with", fontsize=SMALL, va="center")
