"""The index of ICBs in a real browser: links, sorting, colours, keyboard, phone; and the pages it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accessible import violations, walk
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.areas import share_of, summarise_icbs
from geomap.render import build_index, build_map
from geomap.schema import IcbResultFrame, MapTables

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desk": (1440, 900), "phone": (375, 812), "zoomed": (320, 256)}
"""`zoomed` is a window of 1280 x 1024 at 400%."""


def write_pages(folder: Path, tables: MapTables, codes: list[str] | None = None) -> Path:
    """The index, the whole map, and the pages of some ICBs."""
    icbs = summarise_icbs(tables)
    pages = {code: f"{code}.html" for code in icbs[IcbResultFrame.icb_code]}
    for code in pages if codes is None else codes:
        html = build_map(share_of(tables, code), index="index.html")
        (folder / pages[code]).write_text(html, encoding="utf-8", newline="\n")
    (folder / "map.html").write_text(build_map(tables), encoding="utf-8", newline="\n")
    html = build_index(icbs, tables.facts, pages, whole="map.html")
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")
    return folder / "index.html"


@pytest.fixture(scope="module")
def tables() -> MapTables:
    return made_up_tables(110, 60, seed=3)


@pytest.fixture(scope="module")
def path(tables: MapTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pages(tmp_path_factory.mktemp("pages"), tables)


@pytest.fixture(params=list(SIZES))
def sized(browser, path: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, height = SIZES[request.param]
    opened = Opened(browser, path, width=width, height=height)
    yield opened
    assert opened.complaints == [] and opened.remote() == []
    opened.context.close()


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    opened = Opened(browser, path, width=1440, height=900)
    yield opened
    assert opened.complaints == [] and opened.remote() == []
    opened.context.close()


def column(opened: Opened, number: int) -> list[str]:
    return opened.page.locator(f".icbs tbody tr > :nth-child({number})").all_inner_texts()


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace(",", "").replace("%", "")) for text in texts]


def test_axe_finds_nothing_and_nothing_runs_out_of_the_page(sized: Opened) -> None:
    assert violations(sized.page) == []
    assert sized.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_table_holds_every_icb(opened: Opened, tables: MapTables) -> None:
    icbs = summarise_icbs(tables)
    assert len(column(opened, 1)) == len(icbs)
    assert sum(numbers(column(opened, 3))) == tables.pcns["matched_places"].sum()
    assert sum(numbers(column(opened, 4))) == tables.pcns["unmet_places"].sum()
    assert opened.text("h1").startswith(f"{tables.facts.people:,} people could get a place")


def test_headings_sort_both_ways(opened: Opened) -> None:
    heading = opened.page.get_by_role("button", name="Left without")
    heading.click()
    assert numbers(column(opened, 4)) == sorted(numbers(column(opened, 4)), reverse=True)
    assert opened.page.locator("th[aria-sort=descending]").inner_text().startswith("Left without")
    heading.click()
    assert numbers(column(opened, 4)) == sorted(numbers(column(opened, 4)))
    assert opened.page.locator("th[aria-sort]").count() == 1
    opened.page.get_by_role("button", name="ICB", exact=True).click()
    names = [text.partition("\n")[0] for text in column(opened, 1)]
    assert names == sorted(names, key=lambda name: int(name.split()[-1]))


def test_a_link_leads_to_the_page_of_the_icb_and_back(opened: Opened, tables: MapTables) -> None:
    page = opened.page
    link = page.locator(".icbs tbody a").nth(1)
    name = link.inner_text()
    link.click()
    page.wait_for_selector("#places h2")
    mine = tables.pcns[tables.pcns["icb_name"].str.contains(name, regex=False)]
    assert page.evaluate("geomap.data.pcns.code.length") == len(mine)
    assert name in page.locator("#run").inner_text()
    page.get_by_role("link", name="All ICBs").click()
    page.wait_for_selector(".icbs")
    page.get_by_role("link", name="All PCNs on one map").click()
    page.wait_for_selector("#places h2")
    assert page.evaluate("geomap.data.pcns.code.length") == len(tables.pcns)
    assert page.locator("#to-index").is_hidden()


def test_the_drawing_leads_there_too(opened: Opened) -> None:
    page = opened.page
    link = page.locator("#drawing a").first
    target = link.get_attribute("href")
    page.locator("#drawing .area").first.dispatch_event("click")
    page.wait_for_selector("#places h2")
    assert page.url.endswith(target)


def test_pointing_at_an_icb_shows_it_everywhere(opened: Opened) -> None:
    page = opened.page
    page.locator(".icbs tbody tr").nth(2).hover()
    name = page.locator(".icbs tbody tr.chosen a").inner_text()
    assert page.locator("#told strong").inner_text() == name
    assert page.locator("#drawing .edge").first.get_attribute("d").startswith("M")
    page.locator("h1").hover()
    assert page.locator(".icbs tr.chosen").count() == 0
    assert page.locator("#drawing .edge").first.get_attribute("d") == ""
    assert "Point at an ICB" in opened.text("#told")


def test_the_drawing_can_be_coloured_by_need(opened: Opened) -> None:
    page = opened.page
    before = page.locator("#drawing .area").first.get_attribute("fill")
    figure = page.locator("#drawing text").first.text_content()
    assert figure.endswith("%")
    page.get_by_label("Need", exact=True).check()
    assert page.locator("#drawing .area").first.get_attribute("fill") != before
    assert page.locator("#drawing text").first.text_content().startswith("0.")
    assert opened.text("#theme-title").startswith("Need index")


def test_the_keyboard_reaches_everything_and_the_focus_shows(opened: Opened, tables: MapTables) -> None:
    stops = walk(opened.page)
    icbs = summarise_icbs(tables)
    links = [stop for stop in stops if stop.startswith("A Middle Shire")]
    assert len(links) == len(icbs)
    assert len([stop for stop in stops if stop.startswith("BUTTON")]) == 9
    assert {"A whole", "INPUT theme-coverage", "DIV table-frame"} <= set(stops)
    opened.page.keyboard.press("Tab")
    opened.page.locator(".skip").focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "list"


def test_hostile_names_are_shown_and_run_nothing(browser, tmp_path: Path) -> None:
    tables = made_up_tables(600, 30, hostile=True)
    codes = sorted(tables.pcns["icb_code"].unique())
    opened = Opened(browser, write_pages(tmp_path, tables, codes[:1]), width=1440, height=900)
    page = opened.page
    shown = page.evaluate("geomap.data.icbs.name.map((name) => geomap.shortIcb(name))")
    assert shown[: len(HOSTILE)] == list(HOSTILE)
    links = page.locator(".icbs tbody a").evaluate_all("(links) => links.map((link) => link.textContent)")
    assert set(HOSTILE) <= set(links)
    for row in range(len(HOSTILE)):
        page.locator(".icbs tbody tr").nth(row).hover()
        name = page.locator(".icbs tbody tr.chosen a").text_content()
        assert page.locator("#told strong").text_content() == name
    assert page.locator("#label").text_content() == HOSTILE[0]
    assert page.evaluate("window.hit") is None
    page.locator(f".icbs tbody a[href='{codes[0]}.html']").click()
    page.wait_for_selector("#places h2")
    assert page.evaluate("window.hit") is None
    assert HOSTILE[0] in page.locator("#run").text_content()
    assert opened.complaints == [] and opened.remote() == []
    opened.context.close()


def test_paper_has_the_map_and_the_whole_table(opened: Opened, tables: MapTables) -> None:
    opened.page.emulate_media(media="print")
    assert opened.page.locator("#drawing svg").is_visible()
    assert opened.page.locator(".icbs tbody tr").last.is_visible()
    assert opened.page.locator("#themes").is_hidden()
