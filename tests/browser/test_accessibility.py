"""axe-core finds nothing, the keyboard reaches everything, and the page works small and large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accessible import violations, walk
from made_up import made_up_tables
from opened import Opened

from geomap.render import build_map

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desk": (1440, 900), "laptop": (1024, 768), "phone": (375, 812), "zoomed": (320, 256)}
"""`zoomed` is a window of 1280 x 1024 at 400%."""
TABS = ("places", "organisations", "table", "about")


@pytest.fixture(scope="module")
def tables():
    return made_up_tables(24, 40, seed=5, choice=True)


@pytest.fixture(scope="module")
def path(tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(params=["desk", pytest.param("laptop", marks=pytest.mark.thorough), "phone", "zoomed"])
def opened(browser, path: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, height = SIZES[request.param]
    opened = Opened(browser, path, width=width, height=height)
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def kinds(opened: Opened) -> list[str]:
    return opened.page.evaluate("() => geomap.kinds()")


def test_axe_finds_nothing_in_any_tab(opened: Opened) -> None:
    for tab in TABS:
        opened.page.click(f"#tab-{tab}")
        assert violations(opened.page) == [], tab


def test_axe_finds_nothing_whatever_is_chosen(opened: Opened) -> None:
    page = opened.page
    assert {"pcn", "facility", "operator", "icb", "region", "practice", "flow", "site"} <= set(kinds(opened))
    for kind in kinds(opened):
        page.evaluate("(kind) => geomap.choose({ kind, row: 0 })", kind)
        for tab in ("places", "organisations"):
            page.click(f"#tab-{tab}")
            assert violations(page) == [], (kind, tab)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind


def test_axe_finds_nothing_in_the_views_of_organisations(opened: Opened) -> None:
    page = opened.page
    page.click("#tab-organisations")
    switches = page.locator("#organisations input[type=radio], #organisations [role=tab]")
    assert switches.count() >= 4
    for k in range(switches.count()):
        switches.nth(k).click(force=True)
        assert violations(page) == [], k
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), k


@pytest.mark.parametrize("tab", TABS)
def test_the_keyboard_reaches_everything_and_the_focus_shows(browser, path: Path, tab: str) -> None:
    opened = Opened(browser, path, width=1440, height=900)
    page = opened.page
    page.click(f"#tab-{tab}")
    stops = walk(page)
    assert len(stops) >= 12
    controls = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, summary, a[href]")]
          .filter((node) => node.tabIndex >= 0 && node.checkVisibility({ visibilityProperty: true }) && !node.disabled)
          .filter((node) => node.type !== "radio" || node.checked)
          .map((node) => node.tagName + " " +
            (node.id || node.getAttribute("aria-label") || node.textContent.trim().slice(0, 40)))"""
    )
    assert set(controls) - set(stops) == set()
    opened.context.close()


def test_everything_can_be_done_at_four_hundred_per_cent(browser, path: Path) -> None:
    opened = Opened(browser, path, width=320, height=256)
    page = opened.page
    for tab in TABS:
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, tab
        assert page.locator(f"#{tab}").is_visible()
    # Nothing that sticks may cover the little window.
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    covered = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
          const style = getComputedStyle(node);
          return ["fixed", "sticky"].includes(style.position) && node.checkVisibility();
        }).reduce((sum, node) => sum + Math.min(innerHeight, node.getBoundingClientRect().height), 0)"""
    )
    assert covered < 256 / 2
    opened.context.close()
