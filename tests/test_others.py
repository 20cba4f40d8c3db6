"""Leisure sites without a pledge, and the map's basemap and tiles, as they stand in the page."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_up import HOSTILE, made_up_tables
from pydantic import ValidationError

from geomap.config import MapParams, Scenario
from geomap.errors import ConfigError
from geomap.render import build_map
from geomap.render.basemap_data import basemap_data
from geomap.render.others import others_data
from geomap.render.shapes import GRID_ZOOM
from geomap.schema import OutlineFrame, PcnResultFrame, VenueFrame
from geomap.schema.words import CRS, VENUE_TYPES

MOST_BYTES = 1_000_000
URL = "https://tiles.example.org/{z}/{x}/{y}.png"


def made_up_venues(n: int, *, seed: int = 1, names: int = 3_000) -> pd.DataFrame:
    """Sites strewn over a country, more of them in places; one in six names an operator."""
    random = np.random.default_rng(seed)
    towns = random.uniform((360_000, 100_000), (560_000, 560_000), (300, 2))
    at = towns[random.integers(0, len(towns), n)] + random.normal(0, 8_000, (n, 2))
    kinds = [";".join(kind for kind in VENUE_TYPES[:5] if random.random() < 0.4) or "gym" for _ in range(n)]
    named = random.random(n) < 1 / 6
    operators = [f"Operator {random.integers(names)} Leisure Limited" if is_named else None for is_named in named]
    frame = pd.DataFrame(
        {
            VenueFrame.site_id: [str(1_000_000 + row) for row in range(n)],
            VenueFrame.venue_types: kinds,
            VenueFrame.operator_name: operators,
            VenueFrame.easting: at[:, 0],
            VenueFrame.northing: at[:, 1],
        }
    )
    return frame.astype(dict.fromkeys((VenueFrame.site_id, VenueFrame.venue_types, VenueFrame.operator_name), "str"))


@pytest.fixture(scope="module")
def tables():
    return made_up_tables(12, 20)


def unpack(told: dict[str, object]) -> dict[str, list]:
    return json.loads(zlib.decompress(base64.b64decode(told["packed"])))


def test_every_site_comes_back_where_it_was(tables) -> None:
    venues = made_up_venues(500)
    told = others_data(dataclasses.replace(tables, other_facilities=venues))
    columns = unpack(told)
    assert told["count"] == 500
    size_m = 2 * 20037508.342789244 / (256 * 2**GRID_ZOOM)
    x = np.cumsum(columns["x"]) * size_m - 20037508.342789244
    y = 20037508.342789244 - np.cumsum(columns["y"]) * size_m
    back = gpd.GeoSeries(gpd.points_from_xy(x, y), crs="EPSG:3857").to_crs(CRS)
    sites = gpd.GeoSeries(gpd.points_from_xy(venues[VenueFrame.easting], venues[VenueFrame.northing]), crs=CRS)
    nearest = shapely.STRtree(sites).query_nearest(back, return_distance=True, all_matches=False)
    assert len(set(nearest[0][1])) == 500
    assert nearest[1].max() < size_m
    row = nearest[0][1]
    types = [";".join(columns["type_sets"][of]) for of in columns["types"]]
    assert types == venues[VenueFrame.venue_types].iloc[row].tolist()
    operators = [None if of < 0 else columns["operators"][of] for of in columns["operator"]]
    assert operators == [None if pd.isna(name) else name for name in venues[VenueFrame.operator_name].iloc[row]]


def test_the_order_of_rows_never_shows(tables) -> None:
    venues = made_up_venues(300)
    there = others_data(dataclasses.replace(tables, other_facilities=venues))
    assert there == others_data(dataclasses.replace(tables, other_facilities=venues[::-1]))
    assert there == others_data(dataclasses.replace(tables, other_facilities=venues.reset_index(drop=True)))


def test_forty_thousand_sites_add_less_than_a_megabyte(tables) -> None:
    without = build_map(tables)
    html = build_map(dataclasses.replace(tables, other_facilities=made_up_venues(40_000)))
    added = len(html.encode()) - len(without.encode())
    assert 100_000 < added < MOST_BYTES


def test_the_real_sites(real_data: Path, tables) -> None:
    from geomap.load.active_places import load_venues

    venues = load_venues(real_data / "sport_england_active_places_2026-01" / "activeplacescsvs").frame
    told = others_data(dataclasses.replace(tables, other_facilities=venues))
    columns = unpack(told)
    assert told["count"] == len(columns["x"]) == 11_053
    assert len(told["packed"]) < 100_000
    assert sum(of >= 0 for of in columns["operator"]) == venues[VenueFrame.operator_name].notna().sum()


def test_hostile_operators_stay_inside_the_packed_text(tables) -> None:
    venues = made_up_venues(len(HOSTILE)).assign(**{VenueFrame.operator_name: pd.Series(HOSTILE, dtype="str")})
    tables = dataclasses.replace(tables, other_facilities=venues)
    assert set(unpack(others_data(tables))["operators"]) == set(HOSTILE)
    html = build_map(tables)
    assert "window.hit" not in html and "{% raw %}" not in html


def test_nothing_is_packed_where_there_is_nothing(tables) -> None:
    assert others_data(dataclasses.replace(tables, other_facilities=VenueFrame.no_rows())) == {"count": 0, "packed": ""}


def squares(*corners: tuple[float, float], size: float = 10_000) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.box(x, y, x + size, y + size) for x, y in corners], crs=CRS)


def test_land_is_the_outlines_as_one_and_regions_those_of_the_run(tables) -> None:
    """Four ICBs in a row, the last a neighbour; a sliver between two is closed, a lake is not."""
    codes = ["Q00", "Q01", "Q02", "QZZ"]
    shapes = squares((400_000, 300_000), (410_000, 300_000), (420_000, 300_000), (430_000, 300_000))
    shapes[0] = shapes[0].difference(shapely.box(409_990, 301_000, 410_000, 303_000))
    shapes[3] = shapes[3].difference(shapely.box(433_000, 303_000, 436_000, 306_000))
    outlines = gpd.GeoDataFrame(
        {OutlineFrame.area_code: codes, OutlineFrame.area_name: codes, OutlineFrame.level: "icb"}, geometry=shapes
    )
    pcns = tables.pcns.iloc[:3].assign(
        **{PcnResultFrame.icb_code: codes[:3], PcnResultFrame.region_code: ["Y1", "Y1", "Y2"]}
    )
    told = basemap_data(dataclasses.replace(tables, outlines=outlines, pcns=pcns))
    assert told["icbs"] == 4
    assert rings(told["land"]) == [2]
    assert rings(told["regions"]) == [1, 1]
    one = basemap_data(dataclasses.replace(tables, outlines=outlines, pcns=pcns.iloc[:2]))
    assert one["regions"] == "" and one["land"] == told["land"]
    none = dataclasses.replace(tables, outlines=outlines.iloc[:0])
    assert basemap_data(none) == {"icbs": 0, "land": "", "regions": ""}


def rings(text: str) -> list[int]:
    """Rings of each shape, as `encode_shapes` says how they are written."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    numbers, value, shift = [], 0, 0
    for letter in text:
        digit = letters.index(letter)
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            numbers.append(-((value + 1) >> 1) if value & 1 else value >> 1)
            value = shift = 0
    found, at = [], 0
    while at < len(numbers):
        found.append(numbers[at + 1])
        at += 2
        for _ in range(found[-1]):
            at += 1 + 2 * numbers[at]
    return found


def test_without_tiles_the_policy_lets_nothing_in(tables) -> None:
    for html in (build_map(tables), build_map(tables, tiles=MapParams())):
        assert re.search(r"img-src ([^;]+);", html)[1] == "data:"
        assert '"tiles":' not in html


def test_with_tiles_the_policy_names_their_server_and_no_other(tables) -> None:
    html = build_map(tables, tiles=MapParams(tiles_url=URL, tiles_attribution="© <b>Makers</b> {{ 7*7 }}"))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert "img-src data: https://tiles.example.org;" in policy
    assert policy.count("https:") == 1 and "default-src 'none'" in policy and "connect-src" not in policy
    assert "<b>Makers</b>" not in html


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "//tiles.example.org/{z}/{x}/{y}.png",
        "https://*/{z}/{x}/{y}.png",
        "https://*.example.org/{z}/{x}/{y}.png",
        "https://{s}.example.org/{z}/{x}/{y}.png",
        "https://user:word@tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org; script-src */{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}.png\" onerror=\"x",
        "https://localhost/{z}/{x}/{y}.png",
        "https://tiles.example.org:99999/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://tiles.example.org/{z}/{x}/{y}/{y}.png",
        "javascript:alert(1)/{z}/{x}/{y}",
    ],
)
def test_an_address_that_is_no_https_server_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="tiles_url is"):
        MapParams(tiles_url=url, tiles_attribution="Makers")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "tiles.example.org"),
        ("https://tiles.example.org:8443/a/{z}/{x}/{y}{r}.png?key=ab-1_2&style=grey", "tiles.example.org:8443"),
        ("", ""),
    ],
)
def test_the_server_of_an_address(url: str, host: str) -> None:
    assert MapParams(tiles_url=url, tiles_attribution="Makers" if url else "").tiles_host == host


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "scenario.toml"
        path.write_text(
            'name = "x"\n[data]\nfolder = "."\n[bank]\npath = "."\n'
            f"[period]\nstart = 2026-04-01\nend = 2027-03-31\nas_of = 2026-07-01\n[map]\n{text}",
            encoding="utf-8",
        )
        return path

    return write


def test_a_scenario_names_both_or_neither(scenario: Callable[[str], Path]) -> None:
    both = f'tiles_url = "{URL}"\ntiles_attribution = "Makers"\n'
    assert Scenario.from_toml(scenario(both)).map.tiles_host == "tiles.example.org"
    assert Scenario.from_toml(scenario("")).map == MapParams()
    with pytest.raises(ConfigError, match=r"map: tiles_url is given without tiles_attribution"):
        Scenario.from_toml(scenario(f'tiles_url = "{URL}"\n'))
    with pytest.raises(ConfigError, match=r"map: tiles_attribution is given without tiles_url"):
        Scenario.from_toml(scenario('tiles_attribution = "Makers"\n'))
