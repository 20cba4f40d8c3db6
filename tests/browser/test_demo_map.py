"""The map of the demo, made by the whole program: it opens with no network at the desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opened import Opened

from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.phrases import finding
from geomap.pipeline import run
from geomap.schema import AllocationResultFrame, FacilityResultFrame, PcnResultFrame, ResultTables

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desk": (1440, 900), "phone": (375, 812)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultTables, Path]:
    """The tables of the demo and the page drawn from them."""
    out = tmp_path_factory.mktemp("demo") / "results"
    return run(Scenario.from_toml(demo_scenario()), out, internal=True), out / "map.html"


@pytest.fixture(params=list(SIZES))
def opened(browser, made: tuple[ResultTables, Path], request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, height = SIZES[request.param]
    opened = Opened(browser, made[1], width=width, height=height)
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.context.close()


def test_map_legend_and_table_hold_the_demo(opened: Opened, made: tuple[ResultTables, Path]) -> None:
    tables, page = made[0], opened.page
    assert opened.text("h1") == finding(tables.facts)
    assert opened.text("#label") == "Illustrative"
    assert page.locator(".leaflet-overlay-pane path.leaflet-interactive").count() == len(tables.pcns)
    assert page.locator(".cluster-icon, .leaflet-marker-pane .facility").count() > 0
    assert page.locator("#classes li").count() == 5
    assert opened.text("#facility-count") == f"{len(tables.facilities)} facilities"
    page.click("#tab-table")
    assert sorted(opened.figures(1)) == sorted(tables.pcns[PcnResultFrame.pcn_name])
    assert "None" not in page.locator("body").inner_text()
    assert "NaN" not in page.locator("body").inner_text()


def test_a_pcn_is_chosen_and_its_popup_opens(opened: Opened, made: tuple[ResultTables, Path]) -> None:
    plan, page = made[0].allocation, opened.page
    counts = plan.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.facility_id].nunique()
    name = plan.set_index(AllocationResultFrame.pcn_code)[AllocationResultFrame.pcn_name][counts.idxmax()].iloc[0]
    page.click("#tab-table")
    page.fill("#filter", name)
    page.locator(".all tbody button").first.click()
    assert opened.text("#places h2") == name
    assert page.locator(".leaflet-picked-pane .facility").count() == counts.max()
    page.evaluate("document.querySelector('path.chosen').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert opened.text(".leaflet-popup-content strong") == name
    assert page.locator(".leaflet-popup-content").bounding_box()["width"] > 180


def test_a_facility_is_chosen_and_its_popup_opens(opened: Opened, made: tuple[ResultTables, Path]) -> None:
    facilities = made[0].facilities.sort_values(FacilityResultFrame.facility_id, ignore_index=True)
    row = int(facilities[FacilityResultFrame.matched_hours].idxmax())
    opened.page.evaluate("(row) => geomap.choose({ kind: 'facility', row })", row)
    opened.page.locator(".leaflet-picked-pane .facility").click(force=True)
    assert opened.text(".leaflet-popup-content strong") == facilities[FacilityResultFrame.facility_name][row]
    assert opened.page.locator(".leaflet-popup-content").bounding_box()["width"] > 180
    assert f"{facilities[FacilityResultFrame.matched_hours][row]:,.0f}" in opened.text("#places .figures")
