"""The basemap, names, leisure sites and tiles in a real Chromium with the network cut."""

from __future__ import annotations

import base64
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from accessible import violations
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.config import MapParams
from geomap.render import build_map
from geomap.schema import PcnResultFrame, PlaceFrame, ResultTables, VenueFrame
from geomap.schema.words import CRS

pytestmark = pytest.mark.browser

TILES = MapParams(
    tiles_url="https://tiles.example.org/{z}/{x}/{y}.png?key=abc", tiles_attribution="© Makers & <b>others</b>"
)
BOXES = """() => [...document.querySelectorAll(".place-name")].map((label) => {
  const box = label.getBoundingClientRect();
  return [label.textContent, box.left, box.top, box.right, box.bottom];
})"""
CIRCLES = ".leaflet-marker-pane .cluster, .leaflet-marker-pane .disc"
MARKERS = """(circles) => [...document.querySelectorAll(circles)].map((mark) => {
  const box = mark.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
})"""
TOWNS = 400
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def with_places(tables: ResultTables, *, seed: int = 3) -> ResultTables:
    """Towns strewn over the PCNs, the first by far the largest, and leisure sites; three of each have hostile names."""
    random = np.random.default_rng(seed)
    west, south, east, north = tables.pcns.total_bounds
    at = random.uniform((west, south), (east, north), (TOWNS, 2))
    patients = np.sort(random.lognormal(9.5, 1.3, TOWNS).astype("int64"))[::-1].copy()
    patients[0] = 900_000
    names = [HOSTILE[row - 1] if 1 <= row <= 3 else f"Middle Town {row}" for row in range(TOWNS)]
    places = gpd.GeoDataFrame(
        {PlaceFrame.place_kind: "town", PlaceFrame.place_name: names, PlaceFrame.patients: patients},
        geometry=gpd.points_from_xy(at[:, 0], at[:, 1]),
        crs=CRS,
    ).astype({PlaceFrame.place_kind: "str", PlaceFrame.place_name: "str"})
    spots = random.uniform((west, south), (east, north), (300, 2))
    venues = pd.DataFrame(
        {
            VenueFrame.site_id: [str(row) for row in range(300)],
            VenueFrame.site_name: [f"Sports Hall {row}" if row % 2 else None for row in range(300)],
            VenueFrame.venue_types: "gym;pool",
            VenueFrame.operator_name: [HOSTILE[row] if row < 3 else None for row in range(300)],
            VenueFrame.postcode: None,
            VenueFrame.easting: spots[:, 0],
            VenueFrame.northing: spots[:, 1],
        }
    )
    text = [name for name in venues if name not in (VenueFrame.easting, VenueFrame.northing)]
    venues = venues.astype(dict.fromkeys(text, "str"))
    regions = ["Y1" if code < "Q01" else "Y2" for code in tables.pcns[PcnResultFrame.icb_code]]
    pcns = tables.pcns.assign(**{PcnResultFrame.region_code: pd.Series(regions, dtype="str")})
    return dataclasses.replace(tables, pcns=pcns, places=places, other_facilities=venues)


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return with_places(made_up_tables(60, 40, seed=5))


@pytest.fixture(scope="module")
def path(tables: ResultTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    opened = Opened(browser, path, width=1440, height=1000)
    opened.page.wait_for_selector(".place-name")
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def look(opened: Opened, zoom: float, *, lat: float | None = None, lon: float | None = None) -> None:
    """Move the map and wait until its names are drawn."""
    opened.page.evaluate(
        """([zoom, lat, lon]) => {
          const map = geomap.leaflet();
          map.setView(lat === null ? map.getCenter() : [lat, lon], zoom);
          return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }""",
        [zoom, lat, lon],
    )


def wait_for_marks(opened: Opened) -> None:
    """By an element and not by a function: the page's policy forbids what would ask again and again."""
    opened.page.wait_for_selector(".leaflet-others-pane canvas", state="attached")


def meets(a: list[float], b: list[float]) -> bool:
    return a[2] > b[0] + 1 and a[0] < b[2] - 1 and a[3] > b[1] + 1 and a[1] < b[3] - 1


def test_names_never_touch_and_more_come_with_the_zoom(opened: Opened) -> None:
    counts = []
    for zoom in (8, 9, 10, 11, 12):
        look(opened, zoom)
        labels = opened.page.evaluate(BOXES)
        boxes = [box for _, *box in labels]
        assert [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if meets(a, b)] == [], zoom
        size = opened.page.evaluate("() => geomap.leaflet().getSize()")
        inside = sum(0 < box[0] < size["x"] and 0 < box[1] for box in boxes)
        counts.append(inside / 4 ** (8 - zoom))
    assert all(after > 0.9 * before for before, after in itertools.pairwise(counts)) and counts[-1] > 2 * counts[0]


def test_the_largest_is_named_first_and_a_circle_never_hides_a_town(opened: Opened) -> None:
    look(opened, 8)
    labels = opened.page.evaluate(BOXES)
    assert "Middle Town 0" in {name for name, *_ in labels}
    circles = opened.page.evaluate(MARKERS, CIRCLES)
    hidden = [name for name, *box in labels if name != "Middle Town 0" and any(meets(box, other) for other in circles)]
    assert len(circles) > 5 and hidden == []


def test_names_are_text_for_the_eye_alone(opened: Opened) -> None:
    look(opened, 10)
    page = opened.page
    pane = page.locator(".leaflet-towns-pane")
    assert pane.get_attribute("aria-hidden") == "true"
    assert pane.evaluate("(node) => getComputedStyle(node).pointerEvents") == "none"
    assert pane.evaluate("(node) => [...node.children].every((child) => child.children.length === 0)")
    row = page.evaluate("(name) => geomap.data.places.name.indexOf(name)", HOSTILE[0])
    lat, lon = page.evaluate("(row) => [geomap.data.places.lat[row], geomap.data.places.lon[row]]", row)
    look(opened, 13, lat=lat, lon=lon)
    assert HOSTILE[0] in pane.evaluate("(node) => [...node.children].map((child) => child.textContent)")
    assert page.evaluate("window.hit") is None


def test_names_can_be_read_on_every_colour(opened: Opened) -> None:
    """Ink on the white edge round every letter: 14.6 to 1."""
    look(opened, 10)
    style = opened.page.locator(".place-name").first.evaluate(
        "(node) => [getComputedStyle(node).color, getComputedStyle(node).textShadow]"
    )
    assert style[0] == "rgb(33, 43, 50)"
    assert style[1].count("rgb(255, 255, 255)") >= 8


def test_land_coast_and_regions_lie_where_they_should_and_catch_no_mouse(opened: Opened) -> None:
    page = opened.page
    order = {}
    for name in ("land", "regions", "coast", "towns"):
        pane = page.locator(f".leaflet-{name}-pane")
        assert pane.evaluate("(node) => getComputedStyle(node).pointerEvents") == "none"
        order[name] = int(pane.evaluate("(node) => getComputedStyle(node).zIndex"))
    assert order["land"] < 400 < order["regions"] < order["coast"] < order["towns"] < 600
    assert page.locator(".leaflet-regions-pane path").count() == 2
    assert page.locator(".leaflet-coast-pane path.coast").get_attribute("d")
    assert opened.text(".borders").split("\n") == ["Region", "ICB", "Coast or edge"]


def test_other_sites_are_unpacked_only_when_asked_for(opened: Opened) -> None:
    page = opened.page
    box = page.get_by_label("Other public leisure sites (300)")
    assert not box.is_checked() and page.evaluate("geomap.otherMarks()") is None
    assert page.locator(".leaflet-container canvas").count() == 0
    box.focus()
    page.keyboard.press("Space")
    wait_for_marks(opened)
    assert page.evaluate("geomap.otherMarks().sites") == 300
    assert "Gym 300" in opened.text("#others-note") and "3 name their operator" in opened.text("#others-note")
    assert page.locator(".leaflet-container canvas").get_attribute("aria-hidden") == "true"
    page.keyboard.press("Space")
    assert page.evaluate("geomap.otherMarks()") is None
    assert page.locator(".leaflet-container canvas").count() == 0


def site_place(opened: Opened, operator: str) -> tuple[float, float]:
    """Latitude and longitude of the site of an operator, read from the page's own packed text."""
    return tuple(
        opened.page.evaluate(
            """async (name) => {
              const bytes = Uint8Array.from(atob(geomap.data.others.packed), (letter) => letter.charCodeAt(0));
              const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
              const sites = await new Response(stream).json();
              const row = sites.operator.indexOf(sites.operators.indexOf(name));
              const at = (steps) => steps.slice(0, row + 1).reduce((a, b) => a + b);
              const place = L.CRS.EPSG3857.pointToLatLng(L.point(at(sites.x), at(sites.y)), 14);
              return [place.lat, place.lng];
            }""",
            operator,
        )
    )


def test_a_mark_tells_what_it_is_and_leaves_the_pcn_alone(opened: Opened) -> None:
    page = opened.page
    page.locator("#show-others").check()
    wait_for_marks(opened)
    page.locator("#show-facilities").uncheck()
    lat, lon = site_place(opened, HOSTILE[0])
    look(opened, 13, lat=lat, lon=lon)
    frame = page.locator(".leaflet-container").bounding_box()
    at = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    page.mouse.move(at[0] + 1, at[1] + 1)
    assert opened.text(".leaflet-tooltip.of-other").split("\n") == [
        "Gym, pool", HOSTILE[0], "Active Places site 0, open to the public, without a pledge",
    ]  # fmt: skip
    page.mouse.click(at[0] + 1, at[1] + 1)
    assert opened.text(".leaflet-popup-content span >> nth=0") == HOSTILE[0]
    assert page.evaluate("geomap.view().choice") is None
    page.mouse.move(at[0] + 60, at[1] + 60)
    assert page.locator(".leaflet-tooltip.of-other").count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("window.hit") is None


def test_axe_finds_nothing_with_the_sites_shown(opened: Opened) -> None:
    opened.page.locator("#show-others").check()
    wait_for_marks(opened)
    assert violations(opened.page) == []


def test_a_browser_that_cannot_unpack_says_so(browser, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.evaluate("() => { window.DecompressionStream = undefined; }")
    opened.page.locator("#show-others").click()
    opened.page.wait_for_selector("#show-others:disabled")
    assert opened.text("#others-note") == "This browser is too old to unpack them."
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.slow
def test_tiles_are_asked_for_only_once_ticked_and_of_their_server_alone(browser, tables, tmp_path: Path) -> None:
    path = tmp_path / "tiles.html"
    path.write_text(build_map(tables, tiles=TILES), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    opened.context.route(
        "https://tiles.example.org/**", lambda route: route.fulfill(content_type="image/png", body=PIXEL)
    )
    page = opened.page
    box = page.get_by_label("Background map from tiles.example.org (asks the internet)")
    assert not box.is_checked() and opened.remote() == []
    box.check()
    page.wait_for_selector(".leaflet-container.with-tiles")
    assert opened.text(".tiles-attribution") == "Background: © Makers & <b>others</b>"
    asked = opened.remote()
    assert len(asked) > 3
    assert all(url.startswith("https://tiles.example.org/") and url.endswith(".png?key=abc") for url in asked)
    assert page.evaluate("getComputedStyle(document.querySelector('.leaflet-overlay-pane')).opacity") == "0.62"
    assert violations(page) == []
    box.uncheck()
    assert page.locator(".tiles-attribution").count() == 0
    assert page.locator(".with-tiles").count() == 0
    before = len(opened.remote())
    look(opened, 12)
    assert len(opened.remote()) == before
    assert opened.complaints == []
    opened.context.close()


def test_a_server_that_does_not_answer_is_told_and_the_map_stays_as_it_was(browser, tables, tmp_path: Path) -> None:
    path = tmp_path / "tiles.html"
    path.write_text(build_map(tables, tiles=TILES), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    opened.page.locator("#show-tiles").check()
    opened.page.wait_for_selector("#tiles-note:has-text('tiles.example.org does not answer.')")
    assert opened.page.locator(".with-tiles").count() == 0
    assert all(url.startswith("https://tiles.example.org/") for url in opened.remote())
    opened.context.close()


def test_the_policy_stops_what_is_not_the_server_of_tiles(browser, tables, tmp_path: Path) -> None:
    path = tmp_path / "tiles.html"
    path.write_text(build_map(tables, tiles=TILES), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    stopped = opened.page.evaluate(
        """() => new Promise((done) => {
          const tell = (event) => done([event.effectiveDirective, event.blockedURI]);
          document.addEventListener("securitypolicyviolation", tell);
          new Image().src = "https://elsewhere.example.org/a.png";
        })"""
    )
    assert stopped == ["img-src", "https://elsewhere.example.org/a.png"]
    opened.context.close()


def test_without_tiles_there_is_nothing_to_tick(opened: Opened) -> None:
    assert opened.page.locator("#show-tiles").count() == 0
