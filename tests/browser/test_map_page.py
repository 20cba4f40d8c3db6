"""The map in a real Chromium with the network cut: what a planner can do with it, and what it must never do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import HOSTILE, made_up_tables
from opened import Opened, missing

from geomap.phrases import finding, hours_worth
from geomap.render import build_map
from geomap.schema import AllocationResultFrame, FacilityResultFrame, PcnResultFrame

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tables():
    return made_up_tables(24, 40, seed=5)


@pytest.fixture(scope="module")
def path(tables, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    """The page at rest; after each test it must have asked for nothing and said nothing."""
    opened = Opened(browser, path)
    yield opened
    assert opened.complaints == []
    assert opened.remote() == [] and len([url for url in opened.requests if url.startswith("file:")]) == 1
    opened.context.close()


def served_pcn(tables) -> str:
    """The PCN with most facilities serving it."""
    frame = AllocationResultFrame
    return tables.allocation.groupby(frame.pcn_code)[frame.facility_id].nunique().idxmax()


def test_everything_is_there(opened: Opened, tables) -> None:
    page = opened.page
    assert page.locator(".leaflet-overlay-pane path.leaflet-interactive").count() == len(tables.pcns)
    assert page.locator(".leaflet-outlines-pane path").count() == len(tables.outlines)
    assert page.locator(".cluster-icon, .leaflet-marker-pane .facility").count() > 0
    assert page.locator("#classes li").count() >= 5
    assert page.locator("#kinds li").count() == tables.facilities[FacilityResultFrame.operator_kind].nunique()
    assert opened.text("h1") == finding(tables.facts)
    assert opened.text("#label") == tables.facts.label
    assert page.get_by_text(tables.facts.label, exact=True).count() == 1
    assert page.locator("#ledger li").count() == 6
    ledger = opened.text("#ledger")
    assert f"{tables.facts.stated_hours:,.0f} hours as stated" in ledger
    assert f"{tables.facts.pledged_hours:,.0f} participant-hours" in ledger
    page.click("#tab-table")
    assert page.locator(".all tbody tr").count() == len(tables.pcns)
    page.click("#tab-about")
    assert hours_worth(tables.facts) in opened.text("#hours")
    for source in tables.facts.sources:
        assert all(part in opened.text("#sources") for part in source)


def test_click_on_a_pcn_opens_a_popup_and_fills_the_panel(opened: Opened, tables) -> None:
    opened.page.evaluate("document.getElementById('facility-key').open = true")  # folded in a low window
    opened.page.uncheck("#show-facilities")
    places = opened.page.evaluate(
        """() => [...document.querySelectorAll('.leaflet-overlay-pane path')].map((path) => {
             const box = path.getBoundingClientRect();
             return [box.x + box.width / 2, box.y + box.height / 2];
           })"""
    )
    legend = opened.page.locator("#legend").bounding_box()
    x, y = max(places, key=lambda place: place[0] - abs(place[1] - 400))
    assert x > legend["x"] + legend["width"]
    opened.page.mouse.click(x, y)
    name = opened.text(".leaflet-popup-content strong")
    assert name in set(tables.pcns[PcnResultFrame.pcn_name])
    assert opened.text("#places h2") == name
    assert "#pcn=U1" in opened.page.url


def test_choosing_a_pcn_in_the_table_draws_its_flows(opened: Opened, tables) -> None:
    code = served_pcn(tables)
    frame = AllocationResultFrame
    plan = tables.allocation[tables.allocation[frame.pcn_code] == code]
    opened.page.click("#tab-table")
    opened.page.fill("#filter", code)
    assert opened.page.locator(".all tbody tr").count() == 1
    opened.page.locator(".all tbody button").focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.url.endswith(f"#pcn={code}")
    assert opened.page.locator(".leaflet-picked-pane .facility").count() == plan[frame.facility_id].nunique()
    assert opened.page.locator("path.flow").count() >= 4 * plan[frame.facility_id].nunique()
    assert opened.page.locator(".flow-figure").count() >= 1
    assert opened.page.locator("path.chosen").count() == 1
    shown = opened.text("#places")
    assert f"PCN {code}" in shown and plan[frame.pcn_name].iat[0] in shown
    for name in plan[frame.facility_name].dropna().unique():
        assert name in shown
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("path.flow, path.chosen").count() == 0
    assert "pcn=" not in opened.page.url
    assert opened.text("#places h2") == f"All {len(tables.pcns)} PCNs"


def test_back_returns_to_the_choice_before(opened: Opened, tables) -> None:
    first, second = tables.pcns[PcnResultFrame.pcn_name].iloc[[3, 7]]
    opened.page.evaluate("() => { geomap.choose({kind: 'pcn', row: 3}); geomap.choose({kind: 'pcn', row: 7}); }")
    assert opened.text("#places h2") == second
    opened.page.go_back()
    opened.page.wait_for_function("(name) => document.querySelector('#places h2').textContent === name", arg=first)


def test_deep_links_open_their_place(browser, path: Path, tables) -> None:
    pcn = tables.pcns.iloc[4]
    facility = tables.facilities.iloc[9]
    for fragment, name in (
        (f"#pcn={pcn[PcnResultFrame.pcn_code]}", pcn[PcnResultFrame.pcn_name]),
        (f"#facility={facility[FacilityResultFrame.facility_id]}", facility[FacilityResultFrame.facility_name]),
        ("#pcn=nothing", f"All {len(tables.pcns)} PCNs"),
    ):
        opened = Opened(browser, path, fragment=fragment)
        assert opened.text("#places h2") == name
        assert opened.complaints == []
        opened.context.close()


def test_facility_popup_and_details(opened: Opened, tables) -> None:
    facility = tables.facilities.iloc[0]
    opened.page.evaluate("() => geomap.choose({kind: 'facility', row: 0})")
    opened.page.locator(".leaflet-picked-pane .facility").click(force=True)
    assert opened.text(".leaflet-popup-content strong") == facility[FacilityResultFrame.facility_name]
    shown = opened.text("#places")
    assert f"{facility[FacilityResultFrame.pledged_hours]:,.0f}" in shown and "P00000-0" in shown


def test_headings_sort_both_ways_and_say_so(opened: Opened, tables) -> None:
    opened.page.click("#tab-table")
    button = opened.page.get_by_role("button", name="Left without", exact=True)
    heading = opened.page.locator("th", has=button)
    button.click()
    wanted = sorted(tables.pcns[PcnResultFrame.unmet_places].tolist())
    assert opened.figures(7) == [f"{value:,}" for value in reversed(wanted)]
    assert heading.get_attribute("aria-sort") == "descending"
    button.focus()
    opened.page.keyboard.press("Enter")
    assert opened.figures(7) == [f"{value:,}" for value in wanted]
    assert opened.page.locator("[aria-sort]").count() == 1
    opened.page.get_by_role("button", name="PCN", exact=True).click()
    assert [int(re.search(r"\d+", name).group()) for name in opened.figures(1)] == list(range(len(tables.pcns)))


def test_keyboard_alone_reaches_tabs_and_rows(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.locator("#tab-places").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-organisations"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-table"
    assert page.locator("#table").is_visible() and not page.locator("#places").is_visible()
    page.locator(".all tbody button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert opened.text("#places h2") == name
    assert page.evaluate("document.activeElement.textContent") == name


def test_ledger_leads_to_the_reasons(opened: Opened) -> None:
    opened.page.locator("#ledger button").first.click()
    assert opened.page.locator("#hours").is_visible()
    assert "Offered outside the plan period" in opened.text("#hours-reasons")


def test_figures_and_words_are_found_at_every_size(browser, path: Path) -> None:
    """The key never hides the map: on a small screen it stands below, with the facilities folded away."""
    for width, height, is_over in ((1440, 900, True), (1024, 768, False), (375, 812, False)):
        opened = Opened(browser, path, width=width, height=height)
        key, drawn = (opened.page.locator(s).bounding_box() for s in ("#legend", "#map .leaflet-container"))
        assert (key["y"] < drawn["y"] + drawn["height"] - 1) is is_over, width
        assert opened.page.locator("#classes").is_visible()
        assert opened.page.locator("#kinds").is_visible() is is_over
        opened.context.close()


def test_names_in_capitals_keep_their_letters(browser, tables, tmp_path: Path) -> None:
    pcns = tables.pcns.assign(**{PcnResultFrame.pcn_name: tables.pcns[PcnResultFrame.pcn_name].str.upper()})
    path = tmp_path / "capitals.html"
    path.write_text(build_map(dataclasses.replace(tables, pcns=pcns)), encoding="utf-8", newline="\n")
    opened = Opened(browser, path, fragment="#pcn=U10004")
    assert opened.text("#places h2.caps") == "NORTHERN PARISHES 4 PCN"
    assert opened.page.locator("#places .link.caps").count() == 0
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize(("width", "height"), [(320, 812), (375, 812), (320, 225)])
def test_narrow_screens_do_not_scroll_sideways(browser, path: Path, tables, width: int, height: int) -> None:
    """The last is a desk at 400%."""
    opened = Opened(browser, path, width=width, height=height, fragment=f"#pcn={served_pcn(tables)}")
    wide = "document.documentElement.scrollWidth"
    for tab in ("places", "organisations", "table", "about"):
        opened.page.click(f"#tab-{tab}")
        assert opened.page.evaluate(wide) <= width, tab
    assert opened.page.locator(".tabs").bounding_box()["height"] < 60
    opened.page.fill("#search", "n")
    found = opened.page.locator("#found").bounding_box()
    assert found["x"] >= 0 and found["x"] + found["width"] <= width
    opened.page.keyboard.press("Escape")
    for kind in ("facility", "operator", "flow", "icb", "place", "practice"):
        opened.page.evaluate("(kind) => geomap.choose({ kind, row: 0 })", kind)
        assert opened.page.evaluate(wide) <= width, kind
    map_box, panel_box = (opened.page.locator(s).bounding_box() for s in ("#map", "#panel"))
    assert panel_box["y"] >= map_box["y"] + map_box["height"] - 1
    assert opened.complaints == []
    opened.context.close()


def test_paper_has_title_map_key_choice_and_sources(opened: Opened, tables) -> None:
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for selector in ("h1", "#map", "#classes", "#ledger", "#places", "#sources-section"):
        assert opened.page.locator(selector).is_visible(), selector
    for selector in ("#reset", "#search", "#pathway", ".tabs", "#table"):
        assert not opened.page.locator(selector).is_visible(), selector
    assert opened.page.locator("#hours").is_visible()
    opened.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    opened.page.evaluate("geomap.choose({ kind: 'pcn', row: 2 })")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    name = tables.pcns[PcnResultFrame.pcn_name].iloc[2]
    assert opened.text("#places h2") == name and opened.page.locator("#places details table").is_visible()
    assert opened.page.locator("#sources-section").is_visible() and not opened.page.locator("#hours").is_visible()


def test_paper_of_the_table_holds_the_table_in_place_of_the_overview(opened: Opened, tables) -> None:
    opened.page.click("#tab-table")
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("#table .all").is_visible() and not opened.page.locator("#places").is_visible()
    assert opened.page.locator(".all tbody tr").count() == len(tables.pcns)


@pytest.mark.slow
def test_hostile_names_show_as_they_are_and_run_nothing(browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    made = made_up_tables(24, 40, seed=5, hostile=True)
    path.write_text(build_map(made), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    page = opened.page
    page.click("#tab-table")
    shown = page.evaluate("() => [...document.querySelectorAll('.all tbody button')].map((b) => b.textContent)")
    assert set(HOSTILE) <= set(shown)
    assert page.evaluate("document.getElementById('label').textContent") == HOSTILE[0]
    assert HOSTILE[1] in page.title()
    for row, name in enumerate(HOSTILE):
        for kind in ("pcn", "facility"):
            page.evaluate("(choice) => geomap.choose(choice)", {"kind": kind, "row": row})
            heading = page.evaluate("document.querySelector('#places h2').textContent")
            assert heading in HOSTILE or heading.startswith("Riverside"), name
            assert page.evaluate("decodeURIComponent(location.hash).length") > 1
        page.locator(".leaflet-picked-pane .facility").first.click(force=True)
        assert page.evaluate("document.querySelector('.leaflet-popup-content strong').children.length") == 0
        page.keyboard.press("Escape")
    assert page.evaluate("window.hit") is None
    assert page.locator("main script, main img, header script").count() == 0
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def test_a_missing_browser_skips_here_and_fails_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Chromium is needed"):
        missing("Chromium")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="Chromium is not installed"):
        missing("Chromium")
