"""The index of ICBs: one page that loads nothing, holds every figure, and takes no name for code."""

from __future__ import annotations

import base64
import hashlib
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from made_up import HOSTILE, made_up_tables
from page_block import block

from geomap.areas import summarise_icbs
from geomap.render import build_index
from geomap.schema import IcbResultFrame, MapTables
from geomap.schema.words import CRS

F = IcbResultFrame


def index_of(tables: MapTables, icbs: gpd.GeoDataFrame | None = None) -> str:
    icbs = summarise_icbs(tables) if icbs is None else icbs
    return build_index(icbs, tables.facts, {code: f"{code}.html" for code in icbs[F.icb_code]}, whole="map.html")


@pytest.fixture(scope="module")
def tables() -> MapTables:
    return made_up_tables(150, 60)


def squares(sides: list[tuple[float, float, float]]) -> gpd.GeoDataFrame:
    """ICBs that are squares: west and south corner and side, in kilometres."""
    shapes = [shapely.box(x * 1000, y * 1000, (x + side) * 1000, (y + side) * 1000) for x, y, side in sides]
    n = len(sides)
    frame = {
        F.icb_code: [f"Q{k:02d}" for k in range(n)], F.icb_name: [f"Shire {k}" for k in range(n)],
        F.region_name: "Middle", F.pcns: 1, F.patients: 1000, F.need_index: 0.5, F.demand_places: 10,
        F.matched_places: 5, F.unmet_places: 5, F.coverage_share: 0.5, F.matched_hours: 10.0,
    }  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=CRS))


def corners(path: str) -> np.ndarray:
    """Where the corners of a path's first ring are, in units of the drawing."""
    start, steps = re.match(r"M(\d+ \d+)l([-\d ]+)z", path).groups()
    moves = np.array(steps.split(), dtype=int).reshape(-1, 2)
    return np.cumsum(np.vstack([np.array(start.split(), dtype=int), moves]), axis=0)


def test_every_figure_of_an_icb_is_in_the_page(tables: MapTables) -> None:
    data, icbs = block(index_of(tables)), summarise_icbs(tables)
    assert data["icbs"]["name"] == icbs[F.icb_name].tolist()
    for name in (F.pcns, F.patients, F.demand_places, F.matched_places, F.unmet_places):
        assert data["icbs"][name] == icbs[name].tolist()
    assert data["icbs"]["page"] == [f"{code}.html" for code in icbs[F.icb_code]]
    assert data["whole"] == "map.html"
    assert sum(data["icbs"][F.matched_places]) == tables.pcns["matched_places"].sum()


def test_classes_hold_the_icbs_that_they_say(tables: MapTables) -> None:
    data = block(index_of(tables))
    assert [theme["key"] for theme in data["themes"]] == ["coverage", "unmet", "need"]
    for theme in data["themes"]:
        values = data["icbs"][theme["column"]]
        for value, cls in zip(values, theme["of"], strict=True):
            assert theme["low"][cls] - 1e-3 <= value <= theme["high"][cls] + 1e-3
        assert len(theme["colours"]) == len(theme["high"]) == len(set(theme["of"]))


def test_the_same_bytes_whatever_the_order_of_rows(tables: MapTables) -> None:
    icbs = summarise_icbs(tables)
    assert index_of(tables, icbs) == index_of(tables, icbs.iloc[::-1]) == index_of(tables)


def test_the_page_lets_through_its_own_code_and_nothing_else(tables: MapTables) -> None:
    html = index_of(tables)
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "http" not in policy
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules[rule].split() == [f"'sha256-{digest}'" for digest in hashes]
    assert not re.search(r"\sstyle=|\son\w+=", html)


def test_hostile_names_stand_in_the_block_alone() -> None:
    tables = made_up_tables(600, 30, hostile=True)
    html = index_of(tables)
    assert len(summarise_icbs(tables)) > len(HOSTILE)
    data = block(html)
    assert data["icbs"]["name"][: len(HOSTILE)] == list(HOSTILE)
    outside = re.sub(r'<script type="application/json" id="data">.*?</script>', "", html, flags=re.DOTALL)
    for name in HOSTILE:
        assert name == "__proto__" or name not in outside or name == "<!--geomap:data-->", name
    assert "<!--geomap:data-->" not in html and "window.hit" not in outside


def test_the_drawing_is_the_shapes(tables: MapTables) -> None:
    data = block(index_of(tables, squares([(400, 300, 100), (500, 300, 50)])))
    drawing = data["drawing"]
    assert (drawing["width"], drawing["height"]) == (1000, 667)
    first, second = (corners(path) for path in drawing["paths"])
    assert {tuple(point) for point in first} == {(0, 0), (667, 0), (667, 667), (0, 667)}
    assert {tuple(point) for point in second} == {(667, 333), (1000, 333), (1000, 667), (667, 667)}
    x, y, room = drawing["places"][1]
    assert (x, y, room) == (pytest.approx(833, abs=2), pytest.approx(500, abs=2), pytest.approx(333, abs=2))


def test_small_neighbours_are_drawn_again_where_there_is_room(tables: MapTables) -> None:
    land = [(300, 100, 300), (0, 0, 80)]
    small = [(300 + 10 * k, 90, 10) for k in range(4)]
    drawing = block(index_of(tables, squares([*land, *small])))["drawing"]
    assert drawing["inset"] is None  # the land is in the corner
    free = [(0, 100, 300), (520, 0, 80)]
    drawing = block(index_of(tables, squares([*free, *[(x - 290, y, side) for x, y, side in small]])))["drawing"]
    inset = drawing["inset"]
    assert inset["rows"] == [2, 3, 4, 5] and inset["times"] == 3
    west, north, width, height = inset["box"]
    for row in inset["rows"]:
        points = corners(drawing["paths"][row])
        assert (points >= (west, north)).all() and (points <= (west + width, north + height)).all()
    two = block(index_of(tables, squares([*free, *[(x - 290, y, side) for x, y, side in small[:2]]])))
    assert two["drawing"]["inset"] is None


@pytest.mark.parametrize(
    ("sides", "fits"),
    [([(400, 300, 100)], False), ([(400, 300, 20), (460, 300, 90)], True), ([(400, 360, 20), (460, 300, 90)], False)],
)
def test_the_key_stands_over_the_drawing_only_where_nothing_is(tables: MapTables, sides: list, fits: bool) -> None:
    assert block(index_of(tables, squares(sides)))["drawing"]["key_fits"] is fits


def test_an_icb_without_a_shape_is_in_the_table_alone(tables: MapTables) -> None:
    icbs = squares([(400, 300, 100), (500, 300, 50)])
    icbs.loc[1, F.geometry] = shapely.MultiPolygon()
    data = block(index_of(tables, icbs))
    assert data["drawing"]["places"][1] is None and data["drawing"]["paths"][1] == ""
    assert len(data["icbs"]["name"]) == 2


def test_where_nobody_could_start_there_is_no_coverage(tables: MapTables) -> None:
    icbs = squares([(400, 300, 100), (500, 300, 50)])
    icbs.loc[1, F.coverage_share] = np.nan
    data = block(index_of(tables, icbs))
    assert data["icbs"][F.coverage_share] == [0.5, None]
    assert data["themes"][0]["of"] == [0, -1] and data["themes"][0]["missing"] == 1
