"""The search box of the map in a real Chromium: what is found, in what order, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import made_up_tables
from opened import Opened

from geomap.render import build_map
from geomap.schema import FacilityResultFrame, OperatorResultFrame, PcnResultFrame, PlaceFrame, PracticeResultFrame

pytestmark = pytest.mark.browser

FIND = "(text) => { const { best, total } = geomap.find(text); return [best.map((e) => [e.kind, e.name]), total]; }"


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
    opened = Opened(browser, path)
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def test_every_kind_is_found_by_its_name_and_by_its_code(opened: Opened, tables) -> None:
    pcn, facility, operator = tables.pcns.iloc[5], tables.facilities.iloc[7], tables.operators.iloc[2]
    practice, town = tables.practices.iloc[11], tables.places[tables.places[PlaceFrame.place_kind].eq("town")].iloc[1]
    wanted = [
        ("pcn", pcn[PcnResultFrame.pcn_name], pcn[PcnResultFrame.pcn_code]),
        ("facility", facility[FacilityResultFrame.facility_name], facility[FacilityResultFrame.facility_id]),
        ("operator", operator[OperatorResultFrame.operator_name], operator[OperatorResultFrame.operator_id]),
        ("practice", practice[PracticeResultFrame.practice_name], practice[PracticeResultFrame.practice_code]),
        ("place", town[PlaceFrame.place_name], town[PlaceFrame.place_name].upper()),
        ("icb", "Middle Shire 0", pcn[PcnResultFrame.icb_code]),
    ]
    for kind, name, code in wanted:
        for text in (name, code.lower()):
            assert opened.page.evaluate(FIND, text)[0][0] == [kind, name], text


def test_case_accents_and_punctuation_do_not_matter_and_words_may_stand_in_any_order(opened: Opened) -> None:
    found = opened.page.evaluate(FIND, "Northern Parishes 7 PCN")
    assert found[0][0] == ["pcn", "Northern Parishes 7 PCN"]
    for text in ("NORTHERN  parishes, 7-pcn", "nörthern parishes 7 pcn", "pcn 7 parishes"):
        assert opened.page.evaluate(FIND, text)[0][0] == found[0][0], text
    assert opened.page.evaluate('geomap.plainText("St. Mary’s & Áird")') == "st marys and aird"


def test_a_postcode_finds_its_district_and_the_practices_at_it(opened: Opened, tables) -> None:
    practice = tables.practices.iloc[9]
    postcode = practice[PracticeResultFrame.postcode]
    district = postcode.split()[0]
    for text in (district, district.lower(), postcode[:-2], postcode[:-1]):
        assert opened.page.evaluate(FIND, text)[0][0] == ["place", district], text
    for text in (postcode, postcode.replace(" ", "").lower()):
        kinds = [kind for kind, _ in opened.page.evaluate(FIND, text)[0]]
        assert kinds[0] == "practice" and kinds[-1] == "place", text
    here = tables.practices[tables.practices[PracticeResultFrame.postcode].eq(postcode)]
    found = [name for kind, name in opened.page.evaluate(FIND, postcode)[0] if kind == "practice"]
    assert found == here[PracticeResultFrame.practice_name].tolist()


def test_at_most_twelve_are_shown_grouped_with_the_total_told(opened: Opened, tables) -> None:
    page = opened.page
    page.fill("#search", "n")
    options = page.locator("#found-list [role=option]")
    assert options.count() == 12
    total = page.evaluate("geomap.find('n').total")
    assert total > 12 and f"The best 12 of {total:,} found" in opened.text("#found-count")
    groups = page.locator("#found-list [role=group]")
    assert groups.count() == len(set(groups.evaluate_all("(all) => all.map((g) => g.getAttribute('aria-label'))"))) >= 3
    page.fill("#search", "nothing is called so")
    assert options.count() == 0
    assert opened.text("#found-count") == "Nothing of that name was found."
    assert page.get_attribute("#search", "aria-expanded") == "false"
    page.fill("#search", "sw1a1aa")
    assert opened.text("#found-count") == "No practice in this map at SW1A 1AA or in SW1A; try a town."


def test_arrows_enter_and_escape_work_the_box(opened: Opened) -> None:
    page = opened.page
    page.locator("#search").focus()
    page.keyboard.type("northern parishes")
    assert page.get_attribute("#search", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#search", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    assert page.locator("#found-list [aria-selected=true]").count() == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    last = page.locator("#found-list [role=option]").last
    assert last.get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible() and page.input_value("#search") == "northern parishes"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    name = page.locator("#found-list [aria-selected=true] .found-name").inner_text()
    page.keyboard.press("Enter")
    assert opened.text("#places h2") == name
    assert page.evaluate("document.activeElement.textContent") == name
    assert page.input_value("#search") == "" and not page.locator("#found").is_visible()


def test_enter_alone_takes_the_best_and_a_click_takes_any(opened: Opened) -> None:
    page = opened.page
    page.fill("#search", "u10003")
    page.locator("#search").press("Enter")
    assert page.url.endswith("#pcn=U10003")
    page.fill("#search", "riverside")
    option = page.locator("#found-list [role=option]").nth(1)
    name = option.locator(".found-name").inner_text()
    option.click()
    assert opened.text("#places h2") == name


def test_a_place_zooms_the_map_there_and_lists_the_pcns_around(opened: Opened, tables) -> None:
    page = opened.page
    districts = tables.places[tables.places[PlaceFrame.place_kind].eq("postcode_district")].to_crs("EPSG:4326")
    page.fill("#search", "nb7")
    page.locator("#search").press("Enter")
    at = districts.set_index(PlaceFrame.place_name).geometry["NB7"]
    assert page.evaluate("(at) => geomap.leaflet().getBounds().contains(at)", [at.y, at.x])
    assert page.evaluate("geomap.leaflet().getZoom()") > 10
    assert page.locator("#places tbody tr").count() == 8
    first = page.locator("#places tbody th button").first.inner_text()
    assert first == tables.pcns[PcnResultFrame.pcn_name].iloc[6]


@pytest.mark.slow
def test_a_search_of_the_country_shows_at_most_twelve_and_tells_how_many_there_are(browser, tmp_path: Path) -> None:
    path = tmp_path / "country.html"
    path.write_text(build_map(made_up_tables(1_298, 4_000, seed=1)), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    page = opened.page
    page.locator("#search").focus()
    for text in ("r", "ri", "riverside leisure 12", "u1"):
        page.fill("#search", text)
        assert 0 < page.locator("[role=option]").count() <= 12, text
    page.fill("#search", "riverside")
    assert "4,000" in page.locator(".top").inner_text()
    assert opened.complaints == []
    opened.context.close()
