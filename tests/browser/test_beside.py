"""Activities and services on the map, and who could be asked by a PCN, in a real Chromium with the network cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from accessible import violations
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.render import build_map
from geomap.schema import AskFrame, OpportunityFrame, PathwayFrame, PcnResultFrame, ResultTables

pytestmark = pytest.mark.browser

A, Item = AskFrame, OpportunityFrame
SESSIONS = 200
CREDITED = (("Active Places, data export (Sport England)", "a.zip", "Contains data of somebody."),)


def with_beside(tables: ResultTables) -> ResultTables:
    """Sessions on a line across the run, the first of them hostile; and asks of the first PCN alone."""
    west, south, east, north = tables.pcns.total_bounds
    first, second = tables.pathways[PathwayFrame.pathway_id].iloc[:2]
    rows = pd.DataFrame(
        {
            Item.opportunity_id: [f"item-{k:03}" for k in range(SESSIONS)],
            Item.source: "open_referral",
            Item.kind: "service",
            Item.opportunity_name: [HOSTILE[k] if k < 3 else f"Gentle movement {k}" for k in range(SESSIONS)],
            Item.operator_name: [HOSTILE[0] if k < 3 else None for k in range(SESSIONS)],
            Item.venue_name: "Village Hall",
            Item.postcode: None,
            Item.easting: [west + (east - west) * k / SESSIONS for k in range(SESSIONS)],
            Item.northing: (south + north) / 2,
            Item.activities: "Yoga;Tai Chi",
            Item.pathways: [first if k % 2 else None for k in range(SESSIONS)],
            Item.age_min: float("nan"),
            Item.age_max: float("nan"),
            Item.sessions: 0,
            Item.url: "https://example.org/",
        }
    )
    doors = {
        "active_places": ("1000012", None, "Some Trust", "gym;pool"),
        "openactive": ("x", HOSTILE[1], None, "Yoga"),
        "open_referral": ("y", "Choir", "Singers", "Singing"),
        "bank": ("F9", "Fourth in the list", "Some Trust", "hall"),
    }
    asks = []
    for pathway in (first, second):
        for rank, (source, (key, name, operator, offers)) in enumerate(doors.items(), 1):
            if pathway == second and rank > 1:
                break
            asks.append(
                {
                    A.pcn_code: tables.pcns[PcnResultFrame.pcn_code].min(), A.pcn_name: "First", A.pathway_id: pathway,
                    A.unmet_places: 9, A.rank: rank, A.source: source, A.ask_id: key, A.ask_name: name,
                    A.operator_name: operator, A.offers: offers, A.reach_share: 1.0 - rank / 10,
                    A.minutes_min: 0.0 if source == "openactive" else 2.4 * rank, A.url: None,
                }
            )  # fmt: skip
    return dataclasses.replace(
        tables,
        facts=dataclasses.replace(tables.facts, sources=CREDITED),
        opportunities=Item.declared(rows),
        asks=A.declared(pd.DataFrame(asks)),
    )


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return with_beside(made_up_tables(12, 20, seed=5))


@pytest.fixture(scope="module")
def path(tables: ResultTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    opened = Opened(browser, path, width=1440, height=1000)
    opened.page.wait_for_selector("#show-opportunities")
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def choose(opened: Opened, row: int, pathway: int = -1) -> None:
    opened.page.evaluate("([row]) => geomap.choose({ kind: 'pcn', row })", [row])
    if pathway >= 0:
        opened.page.evaluate("([pathway]) => geomap.change({ pathway })", [pathway])


def test_services_are_off_until_they_are_asked_for(opened: Opened) -> None:
    page = opened.page
    box = page.get_by_label(f"Activities and community services ({SESSIONS})")
    assert not box.is_checked() and page.evaluate("geomap.opportunityMarks()") is None
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_selector(".leaflet-opportunities-pane canvas", state="attached")
    assert page.evaluate("geomap.opportunityMarks().sites") == SESSIONS
    assert opened.text("#opportunities-note").startswith("100 of them could serve a pathway.")
    assert page.locator(".leaflet-opportunities-pane canvas").get_attribute("aria-hidden") == "true"
    assert violations(page) == []
    page.keyboard.press("Space")
    assert page.locator(".leaflet-opportunities-pane canvas").count() == 0


def test_a_service_tells_what_it_is_and_hostile_names_stay_text(opened: Opened) -> None:
    page = opened.page
    page.locator("#show-facilities").uncheck()
    page.locator("#show-opportunities").check()
    page.wait_for_selector(".leaflet-opportunities-pane canvas", state="attached")
    page.evaluate(
        """async (name) => {
          const items = await geomap.unpacked(geomap.data.opportunities.packed);
          const row = items.name.indexOf(items.names.indexOf(name));
          const [x, y] = [items.x, items.y].map((steps) => geomap.runningSums(steps)[row]);
          geomap.leaflet().setView(L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 14), 14);
          return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }""",
        HOSTILE[1],
    )
    frame = page.locator(".leaflet-container").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] / 2 + 1, frame["y"] + frame["height"] / 2 + 1)
    lines = opened.text(".leaflet-tooltip.of-other").split("\n")
    assert lines[:3] == [HOSTILE[1], f"{HOSTILE[0]}, Village Hall", "Yoga, Tai Chi"]
    assert lines[3].startswith("Could serve ") and lines[4] == "Known from Open Referral UK"
    page.mouse.click(frame["x"] + frame["width"] / 2 + 1, frame["y"] + frame["height"] / 2 + 1)
    assert page.locator(".leaflet-popup-content a").count() == 0
    assert page.evaluate("[window.hit, geomap.view().choice]") == [None, None]


def test_a_pcn_lists_whom_to_ask_three_for_each_pathway(opened: Opened, tables: ResultTables) -> None:
    choose(opened, 0)
    opened.page.wait_for_selector(".asks table")
    names = opened.page.locator(".asks tbody th > span").all_inner_texts()
    told = [name.split("\n") for name in names]
    first, second = (name.lower() for name in tables.pathways[PathwayFrame.pathway_name].iloc[:2])
    assert [lines[0] for lines in told] == ["Some Trust, gym, pool (Active Places site 1000012)", HOSTILE[1], "Choir"]
    assert [lines[1] for lines in told] == [
        f"for {first}, {second} · known from Active Places",
        f"Yoga · for {first} · known from OpenActive",
        f"Singers · Singing · for {first} · known from Open Referral UK",
    ]
    assert opened.page.locator(".asks td:nth-child(3)").all_inner_texts() == ["2", "online", "7"]
    assert opened.text(".asks .after") == "Contains data of somebody."
    assert violations(opened.page) == []
    assert opened.page.evaluate("window.hit") is None


def test_the_list_follows_the_pathway_that_is_looked_at(opened: Opened) -> None:
    choose(opened, 0, 1)
    opened.page.wait_for_selector(".asks table")
    assert opened.page.locator(".asks tbody tr").count() == 1


def test_a_pcn_that_nobody_can_help_says_so(opened: Opened) -> None:
    choose(opened, 1)
    opened.page.wait_for_selector(".asks p:has-text('Nobody else in reach is known')")
    assert opened.page.locator(".asks table").count() == 0


def test_a_browser_that_cannot_unpack_names_the_file(browser, path: Path) -> None:
    opened = Opened(browser, path)
    opened.page.evaluate("() => { window.DecompressionStream = undefined; }")
    choose(opened, 0)
    opened.page.wait_for_selector(".asks p:has-text('could_be_asked.csv')")
    assert opened.complaints == []
    opened.context.close()


def test_without_anybody_to_ask_there_is_no_such_section(browser, tables: ResultTables, tmp_path: Path) -> None:
    path = tmp_path / "none.html"
    none = dataclasses.replace(tables, asks=A.no_rows(), opportunities=Item.no_rows())
    path.write_text(build_map(none), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    choose(opened, 0)
    opened.page.wait_for_selector("h3:has-text('What the need is made of')")
    assert opened.page.locator(".asks").count() == 0 and opened.page.locator("#show-opportunities").count() == 0
    assert opened.complaints == []
    opened.context.close()
