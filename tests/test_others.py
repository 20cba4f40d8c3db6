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
from geomap.render.blocks import Rows
from geomap.render.others import asks_data, opportunities_data, others_data
from geomap.render.shapes import GRID_ZOOM
from geomap.schema import AskFrame, OpportunityFrame, OutlineFrame, PathwayFrame, PcnResultFrame, VenueFrame
from geomap.schema.words import CRS, VENUE_TYPES

MOST_BYTES = 1_000_000
URL = "https://tiles.example.org/{z}/{x}/{y}.png"


def made_up_venues(n: int, *, seed: int = 1, names: int = 3_000) -> pd.DataFrame:
    """Sites strewn over a country, more of them in places; one in six names an operator, two in three are named."""
    random = np.random.default_rng(seed)
    towns = random.uniform((360_000, 100_000), (560_000, 560_000), (300, 2))
    at = towns[random.integers(0, len(towns), n)] + random.normal(0, 8_000, (n, 2))
    kinds = [";".join(kind for kind in VENUE_TYPES[:5] if random.random() < 0.4) or "gym" for _ in range(n)]
    named = random.random(n) < 1 / 6
    operators = [f"Operator {random.integers(names)} Leisure Limited" if is_named else None for is_named in named]
    frame = pd.DataFrame(
        {
            VenueFrame.site_id: [str(1_000_000 + row) for row in range(n)],
            VenueFrame.site_name: [None if row % 3 == 2 else f"Middle Shire Sports Hall {row}" for row in range(n)],
            VenueFrame.venue_types: kinds,
            VenueFrame.operator_name: operators,
            VenueFrame.postcode: None,
            VenueFrame.easting: at[:, 0],
            VenueFrame.northing: at[:, 1],
        }
    )
    text = [name for name in frame if name not in (VenueFrame.easting, VenueFrame.northing)]
    return frame.astype(dict.fromkeys(text, "str"))


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
    names = [None if of < 0 else columns["names"][of] for of in columns["name"]]
    assert names == [None if pd.isna(name) else name for name in venues[VenueFrame.site_name].iloc[row]]
    assert columns["site"] == venues[VenueFrame.site_id].iloc[row].tolist()


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
    assert len(told["packed"]) < 150_000
    assert sum(of >= 0 for of in columns["operator"]) == venues[VenueFrame.operator_name].notna().sum()


def test_hostile_texts_stay_inside_the_packed_text(tables) -> None:
    hostile = pd.Series(HOSTILE, dtype="str")
    venues = made_up_venues(len(HOSTILE))
    venues = venues.assign(**{VenueFrame.operator_name: hostile, VenueFrame.site_name: hostile[::-1].array})
    f, ask = OpportunityFrame, AskFrame
    opportunities = made_up_opportunities(len(HOSTILE)).assign(
        **{f.opportunity_name: hostile, f.venue_name: hostile, f.activities: hostile, f.url: "javascript:alert(1)"}
    )
    asks = made_up_asks(tables).iloc[: len(HOSTILE)].assign(**{ask.ask_name: hostile, ask.operator_name: hostile})
    own = {"other_facilities": venues, "opportunities": opportunities, "asks": asks}
    tables = dataclasses.replace(tables, **own)
    assert set(unpack(others_data(tables))["operators"]) == set(unpack(others_data(tables))["names"]) == set(HOSTILE)
    assert set(unpack(opportunities_data(tables))["venues"]) == set(HOSTILE)
    html = build_map(tables)
    assert "window.hit" not in html and "{% raw %}" not in html and "javascript:" not in html


def test_nothing_is_packed_where_there_is_nothing(tables) -> None:
    none = dataclasses.replace(
        tables,
        other_facilities=VenueFrame.no_rows(),
        opportunities=OpportunityFrame.no_rows(),
        asks=AskFrame.no_rows(),
    )
    told = [others_data(none), opportunities_data(none), asks_data(none, rows_of(none))]
    assert told == [{"count": 0, "packed": ""}] * 3


def made_up_opportunities(n: int, *, online: int = 0) -> pd.DataFrame:
    """Sessions at the places of made-up sites, the first few online."""
    f, sites = OpportunityFrame, made_up_venues(n, seed=2)
    placed = np.arange(n) >= online
    frame = pd.DataFrame(
        {
            f.opportunity_id: [f"item-{row:05}" for row in range(n)],
            f.source: ["openactive" if row % 2 else "open_referral" for row in range(n)],
            f.kind: "SessionSeries",
            f.opportunity_name: [f"Gentle movement {row % 40}" for row in range(n)],
            f.operator_name: [None if row % 5 == 4 else f"Operator {row % 30}" for row in range(n)],
            f.venue_name: [f"Village Hall {row % 50}" for row in range(n)],
            f.postcode: None,
            f.easting: sites[VenueFrame.easting].where(placed),
            f.northing: sites[VenueFrame.northing].where(placed),
            f.activities: [("Yoga", "Yoga;Tai Chi", None)[row % 3] for row in range(n)],
            f.pathways: [("P1", "P1;P2", None)[row % 3] for row in range(n)],
            f.age_min: np.nan,
            f.age_max: np.nan,
            f.sessions: 4,
            f.url: None,
        }
    )
    return OpportunityFrame.declared(frame)


def made_up_asks(tables, most: int = 5) -> pd.DataFrame:
    """The same few doors for every PCN and pathway, `most` each."""
    f, rows = AskFrame, []
    for code in tables.pcns[PcnResultFrame.pcn_code]:
        for pathway in tables.pathways[PathwayFrame.pathway_id]:
            for rank in range(1, most + 1):
                door = {f.source: "active_places", f.ask_id: f"S{rank}", f.ask_name: f"Hall {rank}"}
                door |= {f.offers: "gym;hall"}
                told = {f.rank: rank, f.unmet_places: 9, f.reach_share: 0.5, f.minutes_min: 1.26 * rank}
                rows.append({f.pcn_code: code, f.pcn_name: code, f.pathway_id: pathway, **door, **told})
    return AskFrame.declared(pd.DataFrame(rows, columns=list(f.to_schema().columns)))


def rows_of(tables) -> Rows:
    """The keys that the asks point at; the other lists of the page are not looked at."""
    lists = {field.name: pd.Index([]) for field in dataclasses.fields(Rows)}
    keys = {"pcns": tables.pcns[PcnResultFrame.pcn_code], "pathways": tables.pathways[PathwayFrame.pathway_id]}
    return Rows(**lists | {name: pd.Index(key) for name, key in keys.items()})


def test_what_is_online_has_no_mark_and_every_other_comes_back(tables) -> None:
    told = opportunities_data(dataclasses.replace(tables, opportunities=made_up_opportunities(200, online=20)))
    columns = unpack(told)
    assert told["count"] == len(columns["x"]) == 180
    words = [columns["activity_sets"][of] if of >= 0 else None for of in columns["activities"]]
    assert words.count(None) == 60 and words.count(["Yoga", "Tai Chi"]) == 60 and words.count(["Yoga"]) == 60
    assert {columns["sources"][of] for of in columns["source"]} == {"openactive", "open_referral"}


def test_the_page_lists_the_first_three_of_each_pcn_and_pathway(tables) -> None:
    asks = made_up_asks(tables)
    told = asks_data(dataclasses.replace(tables, asks=asks), rows_of(tables))
    columns = unpack(told)
    cells = len(tables.pcns) * len(tables.pathways)
    assert told["count"] == len(columns["pcn"]) == 3 * cells
    assert columns["id"] == ["S1", "S2", "S3"] and columns["offers"] == [["gym", "hall"]] * 3
    assert columns["door"] == [0, 1, 2] * cells and columns["minutes"][:3] == [1.3, 2.5, 3.8]
    shuffled = asks.sample(frac=1, random_state=1)
    assert told == asks_data(dataclasses.replace(tables, asks=shuffled), rows_of(tables))


def test_sources_are_credited_as_the_run_was_told(tables) -> None:
    said = (("Active Places, data export (Sport England)", "a.zip", "Contains data of somebody."),)
    facts = dataclasses.replace(tables.facts, sources=said)
    own = {"facts": facts, "other_facilities": made_up_venues(3), "asks": made_up_asks(tables)}
    tables = dataclasses.replace(tables, **own)
    assert others_data(tables)["credit"] == "Contains data of somebody."
    assert asks_data(tables, rows_of(tables))["credit"] == "Contains data of somebody."


def test_a_country_of_asks_adds_less_than_a_megabyte(tables) -> None:
    """31,000 rows to ask, of 10,000 doors with names of their own, in random order."""
    f, random = AskFrame, np.random.default_rng(1)
    rows = made_up_asks(tables, 3)
    rows = pd.concat([rows] * (31_000 // len(rows)), ignore_index=True)
    door = random.integers(0, 10_000, len(rows))
    doors = {f.ask_id: [str(1_000_000 + row) for row in door], f.ask_name: [f"Sports Hall {row}" for row in door]}
    rows = rows.assign(**doors, **{f.minutes_min: random.uniform(0, 15, len(rows))})
    told = asks_data(dataclasses.replace(tables, asks=rows), rows_of(tables))
    assert told["count"] == len(rows) > 30_000
    assert len(told["packed"]) < MOST_BYTES


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
