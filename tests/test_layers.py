"""The geometry of the map: it is written short, means what it meant, and holds nothing but numbers."""

from __future__ import annotations

import dataclasses
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from made_up import made_up_tables

from geomap.render import build_map
from geomap.render.layers import draw_layers
from geomap.render.shapes import encode_numbers, encode_points, encode_shapes, thin_shapes, to_grid
from geomap.schema import MapTables
from geomap.schema.words import CRS

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="module")
def tables() -> MapTables:
    return made_up_tables(30, 60, seed=2)


def read_numbers(text: str) -> list[int]:
    """What `shapes.js` does."""
    numbers, value, shift = [], 0, 0
    for letter in text:
        digit = LETTERS.index(letter)
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            numbers.append(-((value + 1) >> 1) if value & 1 else value >> 1)
            value = shift = 0
    assert shift == 0
    return numbers


def read_shapes(text: str) -> dict[int, list[np.ndarray]]:
    numbers = iter(read_numbers(text))
    shapes, row, point = {}, 0, np.zeros(2, dtype=int)
    for step in numbers:
        row += step
        shapes[row] = []
        for _ in range(next(numbers)):
            steps = np.array([[next(numbers), next(numbers)] for _ in range(next(numbers))])
            shapes[row].append(np.cumsum(steps, axis=0) + point)
            point = shapes[row][-1][-1]
    return shapes


def polygon(rings: list[np.ndarray]) -> shapely.Geometry:
    """The area that the rings enclose an odd number of times, which is how they are filled."""
    area = shapely.Polygon()
    for ring in rings:
        area = area.symmetric_difference(shapely.Polygon(ring))
    return area


def test_numbers_are_what_they_were() -> None:
    wanted = [0, -1, 1, 15, -16, 16, -17, 511, -512, 512, 4_194_303, -4_194_303]
    assert read_numbers(encode_numbers(np.array(wanted))) == wanted
    assert encode_numbers(np.array([0, -1, 15, 16])) == "ABegB"
    assert encode_numbers(np.array([], dtype=int)) == ""


def test_shapes_are_what_they_were_to_a_pixel_of_the_grid(tables: MapTables) -> None:
    shapes = tables.pcns.geometry
    found = read_shapes(encode_shapes(shapes))
    assert list(found) == list(range(len(shapes)))
    for row, wanted in enumerate(to_grid(shapes)):
        apart = shapely.hausdorff_distance(polygon(found[row]), wanted)
        assert apart <= np.sqrt(0.5) + 1e-9


def test_holes_and_islands_stay_and_what_has_no_shape_is_left_out() -> None:
    square = shapely.box(400_000, 300_000, 410_000, 310_000)
    holed = square.difference(shapely.box(403_000, 303_000, 405_000, 305_000))
    islands = shapely.union(holed, shapely.box(420_000, 300_000, 422_000, 302_000))
    speck = shapely.box(430_000, 300_000, 430_002, 300_002)
    shapes = gpd.GeoSeries([None, square, shapely.Polygon(), islands, speck], crs=CRS)
    found = read_shapes(encode_shapes(shapes))
    assert {row: len(rings) for row, rings in found.items()} == {1: 1, 3: 3}
    wanted = shapely.area(to_grid(shapes)[3])
    assert polygon(found[3]).area == pytest.approx(wanted, rel=2e-3)
    assert encode_shapes(gpd.GeoSeries([None], crs=CRS)) == ""


def test_points_are_what_they_were(tables: MapTables) -> None:
    points = tables.facilities.geometry.copy()
    points.iloc[[0, 7]] = None
    numbers = np.array(read_numbers(encode_points(points))).reshape(-1, 3).cumsum(axis=0)
    assert numbers[:, 0].tolist() == [row for row in range(len(points)) if row not in (0, 7)]
    wanted = shapely.get_coordinates(to_grid(points)[numbers[:, 0]])
    assert np.abs(numbers[:, 1:] - wanted).max() <= 0.5


def test_the_grid_is_web_mercator() -> None:
    """The middle of the world square is on the Greenwich meridian; north is up, so y falls to the north."""
    greenwich, farther_north = to_grid(gpd.GeoSeries(gpd.points_from_xy([0, 0], [51.4779, 52.0], crs=4326)).to_crs(CRS))
    assert greenwich.x == pytest.approx(256 * 2**13, abs=0.5)
    # OpenStreetMap's formula for a tile's row, times 256.
    latitude = np.radians(51.4779)
    wanted = (1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2 * 256 * 2**14
    assert greenwich.y == pytest.approx(wanted, abs=0.5) and farther_north.y < greenwich.y


def test_the_script_holds_letters_and_digits_only(tables: MapTables) -> None:
    script = draw_layers(tables.pcns, tables.facilities, tables.outlines).script
    written = re.findall(r"geomap\.read(?:Shapes|Places)\(\"([^\"]*)\"\)", script)
    assert len(written) == 3 and all(set(text) <= set(LETTERS) and text for text in written)
    assert not re.search(r"_[0-9a-f]{32}\b", script)
    for name in [*tables.pcns["pcn_name"], *tables.facilities["facility_name"]]:
        assert name not in script
    assert draw_layers(tables.pcns, tables.facilities, tables.outlines).script == script


def test_thin_shapes_keeps_borders_shared_and_the_count_down() -> None:
    angles = np.linspace(0, 2 * np.pi, 130_000, endpoint=False)
    wobble = 20_000 + 300 * np.sin(angles * 900)
    blob = shapely.Polygon(np.column_stack([wobble * np.cos(angles) + 400_000, wobble * np.sin(angles) + 300_000]))
    halves = [shapely.intersection(blob, shapely.box(*box)) for box in
              ((300_000, 200_000, 400_000, 400_000), (400_000, 200_000, 500_000, 400_000))]  # fmt: skip
    shapes = gpd.GeoSeries([*halves, None], index=[4, 9, 2], crs=CRS)
    thinned = thin_shapes(shapes)
    assert thinned.index.tolist() == [4, 9, 2] and thinned[2] is None
    assert shapely.get_num_coordinates(shapes.to_numpy()[:2]).sum() > 110_000
    assert shapely.get_num_coordinates(thinned.to_numpy()[:2]).sum() <= 110_000
    assert thinned[4].intersection(thinned[9]).area == pytest.approx(0, abs=1)
    assert thinned[4].area == pytest.approx(halves[0].area, rel=0.01)


def test_ring_smaller_than_the_coordinate_grid_is_left_out() -> None:
    """A hole of a few metres rounds to a line; the national footprints have some, and the page must still be drawn."""
    tables = made_up_tables(3, 4, 7)
    hole = shapely.box(0, 0, 2, 2)
    inside = [shapely.affinity.translate(hole, *area.representative_point().coords[0]) for area in tables.pcns.geometry]
    areas = [area.difference(gap) for area, gap in zip(tables.pcns.geometry, inside, strict=True)]
    pcns = tables.pcns.set_geometry(gpd.GeoSeries(areas, crs=tables.pcns.crs))
    assert all(len(area.interiors) for area in areas)
    assert [len(rings) for rings in read_shapes(encode_shapes(pcns.geometry)).values()] == [1, 1, 1]
    assert build_map(dataclasses.replace(tables, pcns=pcns))
