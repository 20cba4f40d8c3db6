"""The geographical map in a real Chromium: themes, facilities, sites, lines, and where the map looks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.render import build_map
from geomap.render.themes import themes
from geomap.schema import ChosenSiteFrame, FacilityResultFrame, MapTables, PcnResultFrame
from geomap.schema.words import LIST_SEPARATOR

pytestmark = pytest.mark.browser

FILLS = "() => [...document.querySelectorAll('.leaflet-overlay-pane path')].map((p) => p.getAttribute('fill'))"
MARKERS = """() => [...document.querySelectorAll('.leaflet-marker-pane .unseen')].map((node) => node.textContent)"""
BOXES = """(selector) => [...document.querySelectorAll(selector)].map((node) => {
    const box = node.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
})"""


@pytest.fixture(scope="module")
def tables() -> MapTables:
    made, f = made_up_tables(48, 120, seed=6, choice=True), PcnResultFrame
    first = made.pcns[f.coverage_share] * 0.9
    return dataclasses.replace(made, pcns=made.pcns.assign(**{f.first_coverage_share: first}))


@pytest.fixture(scope="module")
def path(tables: MapTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    opened = Opened(browser, path, width=1440, height=900)
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def shown_facilities(opened: Opened) -> tuple[int, int]:
    """How many facilities the markers in view stand for, and the hours of those in clusters."""
    texts = opened.page.evaluate(MARKERS)
    clusters = [re.search(r"([\d,]+) facilities, ([\d,]+) hours", text) for text in texts]
    count = sum(int(found.group(1).replace(",", "")) if found else 1 for found in clusters)
    return count, sum(int(found.group(2).replace(",", "")) for found in clusters if found)


def test_every_theme_colours_every_pcn_and_tells_its_rule(opened: Opened, tables: MapTables) -> None:
    page, seen = opened.page, set()
    for theme in themes(dataclasses.replace(tables, pcns=tables.pcns.sort_values(PcnResultFrame.pcn_code))):
        page.select_option("#theme", theme["key"])
        fills = page.evaluate(FILLS)
        plain = theme["colours"] if "patterns" not in theme else [
            f"url(#fill-{theme['key']}-{k})" if pattern else colour
            for k, (pattern, colour) in enumerate(zip(theme["patterns"], theme["colours"], strict=True))
        ]
        wanted = ["url(#hatch)" if cls == "-" else plain[int(cls)] for cls in theme["of"]]
        assert fills == wanted, theme["key"]
        assert opened.text("#theme-title") == theme["title"]
        assert theme["rule"] in opened.text("#theme-rule") and "indicative" in opened.text("#theme-rule")
        assert page.locator("#classes li").count() == len(theme["colours"]) + (theme["missing"] > 0)
        seen.add(tuple(fills))
    assert len(seen) == page.locator("#theme option").count() == 9


def test_a_theme_is_chosen_by_keyboard_and_kept_in_the_address(opened: Opened) -> None:
    page = opened.page
    page.focus("#theme")
    page.keyboard.press("ArrowDown")
    assert "theme=hours" in page.url and "per 1,000 patients" in opened.text("#theme-title")
    assert page.locator("#theme optgroup").count() == 4


def test_every_pattern_that_is_used_is_there(opened: Opened) -> None:
    opened.page.select_option("#theme", "gaps")
    used = {fill[5:-1] for fill in opened.page.evaluate(FILLS) if fill.startswith("url")} | {"hatch"}
    for name in used:
        assert opened.page.locator(f"pattern[id='{name}']").count() == 1
    assert opened.page.locator("#classes .swatch rect[fill^='url']").count() == 3


def test_a_pathway_recolours_and_leaves_only_who_offers_it(opened: Opened, tables: MapTables) -> None:
    page = opened.page
    page.select_option("#theme", "coverage")
    before, (every, _) = page.evaluate(FILLS), shown_facilities(opened)
    offering = tables.facilities[FacilityResultFrame.pathways].str.split(LIST_SEPARATOR)
    ids = page.evaluate("geomap.data.pathways.id")
    for pathway in ("walking", "falls"):
        page.evaluate("(row) => geomap.change({ pathway: row })", ids.index(pathway))
        assert page.evaluate(FILLS) != before
        name = page.evaluate("(row) => geomap.data.pathways.name[row]", ids.index(pathway))
        assert opened.text("#theme-rule").startswith(name)
        count = sum(pathway in offered for offered in offering)
        assert shown_facilities(opened)[0] == count
        assert opened.text("#facility-count").startswith(f"{count:,} " if count == every else f"{count:,} of ")
    page.select_option("#theme", "coverage_first")
    assert opened.text("#theme-rule").startswith("All pathways together")
    page.evaluate("geomap.change({ pathway: -1 })")
    page.select_option("#theme", "coverage")
    assert page.evaluate(FILLS) == before and shown_facilities(opened)[0] == every


def test_clusters_add_up_what_is_shown(opened: Opened, tables: MapTables) -> None:
    """At first every facility is in view: those in clusters and those alone are all of them, hours and all."""
    f, page = FacilityResultFrame, opened.page
    assert page.locator(".cluster-icon").count() > 0
    alone = set(page.evaluate(
        "() => [...document.querySelectorAll('.leaflet-marker-pane .facility .unseen')].map((n) => n.textContent)"
    ))  # fmt: skip
    count, hours = shown_facilities(opened)
    assert count == len(tables.facilities)
    apart = sum(int(re.search(r", ([\d,]+) hours? pledged", text).group(1).replace(",", "")) for text in alone)
    assert hours + apart == pytest.approx(tables.facilities[f.pledged_hours].sum(), abs=len(tables.facilities))


def test_facilities_are_filtered_by_kind_and_by_hours_left(opened: Opened, tables: MapTables) -> None:
    f, page = FacilityResultFrame, opened.page
    kinds = tables.facilities[f.operator_kind]
    first = page.locator("#kinds label").first
    name = first.inner_text().split("\n")[-1]
    first.locator("input").uncheck()
    key = page.evaluate("(name) => geomap.data.kinds.findIndex((kind) => geomap.sentence(kind.name) === name)", name)
    hidden = kinds.eq(["leisure_trust", "local_authority", "private", "charity", "community", "arts", "library",
                       "digital"][key])  # fmt: skip
    assert 0 < hidden.sum() < len(kinds)
    assert shown_facilities(opened)[0] == (~hidden).sum()
    assert opened.text("#facility-count") == f"{(~hidden).sum()} of {len(kinds)} facilities"
    first.locator("input").check()
    page.check("#only-left")
    left = tables.facilities[f.unmatched_hours] >= 1
    assert shown_facilities(opened)[0] == left.sum() < len(kinds)
    assert opened.text("#size-words") == "Area of a circle: hours left"
    page.uncheck("#show-facilities")
    assert page.evaluate(MARKERS) == []
    page.check("#show-facilities")
    assert shown_facilities(opened)[0] == left.sum()


def test_a_cluster_opens_by_keyboard_until_its_facilities_part(opened: Opened) -> None:
    page = opened.page
    before = page.evaluate("geomap.leaflet().getZoom()")
    page.locator(".cluster-icon").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("geomap.leaflet().getZoom()") > before
    assert page.evaluate("document.activeElement.classList.contains('leaflet-container')")


def test_facilities_at_one_place_are_listed(browser, tables: MapTables, tmp_path: Path) -> None:
    where = [shapely.Point(420_000, 300_000)] * len(tables.facilities)
    one_place = dataclasses.replace(tables, facilities=tables.facilities.set_geometry(where, crs=tables.facilities.crs))
    path = tmp_path / "one_place.html"
    path.write_text(build_map(one_place), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    assert opened.page.locator(".leaflet-marker-pane > *").count() == 1
    opened.page.locator(".cluster-icon").focus()
    opened.page.keyboard.press("Enter")
    assert opened.text(".leaflet-popup-content strong") == f"{len(tables.facilities)} facilities at one place"
    assert opened.page.locator(".leaflet-popup-content li").count() == 12
    opened.page.locator(".leaflet-popup-content button").first.click()
    assert "facility=" in opened.page.url
    assert opened.complaints == []
    opened.context.close()


def best_sites(tables: MapTables):
    chosen = tables.choice.chosen
    return chosen[chosen[ChosenSiteFrame.portfolio] == 1].sort_values(ChosenSiteFrame.site_rank)


def test_sites_are_outlined_and_numbered_and_no_number_covers_another(opened: Opened, tables: MapTables) -> None:
    page, sites = opened.page, best_sites(tables)
    assert page.locator(".site-outline").count() == len(sites)
    compared = tables.choice.comparators["comparator_id"].dropna().nunique()
    assert page.locator(".comparator-outline").count() == compared > 0
    numbers = [int(text) for text in page.locator(".site-chip b").all_inner_texts()]
    assert sorted(numbers) == sites[ChosenSiteFrame.site_rank].tolist()
    boxes = page.evaluate(BOXES, ".site-chip .mark") + page.evaluate(BOXES, ".cluster")[:-1]
    chips = len(numbers)
    for k in range(chips):
        for other in range(k):
            a, b = boxes[k], boxes[other]
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (k, other)
    page.uncheck("#show-sites")
    assert page.locator(".site-outline, .comparator-outline, .site-chip").count() == 0
    page.check("#show-sites")
    assert page.locator(".site-chip").count() == len(sites)


def test_a_site_is_chosen_on_the_map_in_the_list_and_by_its_address(browser, opened, path, tables) -> None:
    site = best_sites(tables).iloc[0]
    name, code = site[ChosenSiteFrame.site_name], site[ChosenSiteFrame.site_id]
    opened.page.locator(".site-chip", has_text=name).focus()
    opened.page.keyboard.press("Enter")
    assert opened.text("#places h2") == name and opened.page.url.endswith(f"#site={code}")
    members = site[ChosenSiteFrame.pcn_codes].split(LIST_SEPARATOR)
    assert opened.page.locator(".leaflet-lit-pane path.chosen").count() == len(members)
    reasons = tables.choice.reasons
    for sentence in reasons.loc[reasons["site_id"] == code, "sentence"]:
        assert sentence in opened.text("#places")
    opened.page.keyboard.press("Escape")
    opened.page.locator("#places button.link", has_text=name).first.click()
    assert opened.text("#places h2") == name
    linked = Opened(browser, path, fragment=f"#site={code}")
    assert linked.text("#places h2") == name and linked.complaints == []
    linked.context.close()


def test_a_run_without_sites_says_nothing_of_them(browser, tables: MapTables, tmp_path: Path) -> None:
    path = tmp_path / "none.html"
    path.write_text(build_map(dataclasses.replace(tables, choice=None)), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    assert not opened.page.locator("#site-key").is_visible()
    assert opened.page.locator("#theme option[value=sites], .site-chip, .site-outline").count() == 0
    assert opened.page.evaluate("geomap.siteList()") is None
    assert opened.complaints == []
    opened.context.close()


def test_a_choice_is_drawn_above_a_veil_and_escape_lifts_it(opened: Opened) -> None:
    page = opened.page
    page.select_option("#theme", "unmet")
    fill = page.evaluate(FILLS)[5]
    whole = page.evaluate("JSON.stringify(geomap.leaflet().getBounds())")
    assert not page.locator(".veil").is_visible()
    page.evaluate("geomap.choose({ kind: 'pcn', row: 5 })")
    assert page.locator(".veil").is_visible()
    lit = page.locator(".leaflet-lit-pane path")
    assert lit.count() == 1 and lit.get_attribute("fill") == fill
    assert lit.get_attribute("d") == page.evaluate(
        "[...document.querySelectorAll('.leaflet-overlay-pane path')][5].getAttribute('d')"
    )
    page.select_option("#theme", "need")
    assert lit.get_attribute("fill") == page.evaluate(FILLS)[5] != fill
    page.keyboard.press("Escape")
    assert not page.locator(".veil").is_visible() and lit.count() == 0
    assert page.evaluate("JSON.stringify(geomap.leaflet().getBounds())") == whole


def test_only_what_is_in_view_is_drawn_and_panning_brings_the_rest(opened: Opened, tables: MapTables) -> None:
    page = opened.page
    paths = "[...document.querySelectorAll('.leaflet-overlay-pane path')]"
    empty = f"() => {paths}.filter((path) => !path.getAttribute('d')).length"
    assert page.evaluate(empty) == 0
    page.evaluate("geomap.choose({ kind: 'pcn', row: 5 })")
    page.evaluate("geomap.leaflet().setZoom(13, { animate: false })")
    hidden = page.evaluate(empty)
    assert hidden > len(tables.pcns) / 2
    for step in ([4000, 0], [-8000, 0], [4000, 4000], [0, -8000]):
        page.evaluate("(step) => geomap.leaflet().panBy(step, { animate: false })", step)
    page.evaluate("geomap.fitAll()")
    assert page.evaluate(empty) == 0


def test_an_operator_lights_its_own_facilities_and_no_others(opened: Opened, tables: MapTables) -> None:
    f, page = FacilityResultFrame, opened.page
    operator = tables.facilities[f.operator_id].value_counts().idxmax()
    count = tables.facilities[f.operator_id].eq(operator).sum()
    row = page.evaluate("(id) => geomap.data.operators.id.indexOf(id)", operator)
    page.evaluate("(row) => geomap.choose({ kind: 'operator', row })", row)
    assert shown_facilities(opened)[0] == count > 1
    page.keyboard.press("Escape")
    assert shown_facilities(opened)[0] == len(tables.facilities)


def test_many_lines_are_cut_to_those_with_most_hours(opened: Opened) -> None:
    page = opened.page
    page.evaluate(
        """() => geomap.addKind('all', { keys: ['all'], name: () => 'All', details: () => [],
             lines: () => geomap.linesOf(geomap.data.flows.pcn.map((pcn, row) => row)) })"""
    )
    count = page.evaluate("() => geomap.kindOf({ kind: 'all' }).lines(0).filter((line) => line.facility >= 0).length")
    assert count > 60
    page.evaluate("geomap.choose({ kind: 'all', row: 0 })")
    assert page.locator("path.flow").count() <= 4 * 60
    assert f"The 60 lines with most hours, of {count}" in opened.text("#flow-key")
    page.evaluate("geomap.choose({ kind: 'pcn', row: 5 })")
    assert "with most hours, of" not in opened.text("#flow-key")


def test_the_pcn_below_the_pointer_is_told(opened: Opened, tables: MapTables) -> None:
    page = opened.page
    page.uncheck("#show-facilities")
    page.uncheck("#show-sites")
    boxes = page.evaluate(BOXES, ".leaflet-overlay-pane path")
    left, top, right, bottom = max(boxes, key=lambda box: box[0])
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    hint = opened.text(".leaflet-tooltip")
    assert any(hint.startswith(name) for name in tables.pcns[PcnResultFrame.pcn_name]) and "Need index: 0." in hint
    page.mouse.move(20, 20)
    assert page.locator(".leaflet-tooltip").count() == 0


def test_the_whole_stays_in_view_when_the_room_changes(browser, path: Path) -> None:
    opened = Opened(browser, path, width=1024, height=768)
    opened.page.set_viewport_size({"width": 820, "height": 700})
    opened.page.wait_for_timeout(300)
    boxes = opened.page.evaluate(BOXES, ".leaflet-overlay-pane path")
    frame = opened.page.locator("#map .leaflet-container").bounding_box()
    assert min(box[0] for box in boxes) >= frame["x"] and min(box[1] for box in boxes) >= frame["y"]
    assert max(box[2] for box in boxes) <= frame["x"] + frame["width"]
    assert max(box[3] for box in boxes) <= frame["y"] + frame["height"]
    assert opened.complaints == []
    opened.context.close()


def test_hostile_names_of_sites_and_clusters_are_text(browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    made = made_up_tables(24, 40, seed=5, hostile=True, choice=True)
    path.write_text(build_map(made), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    page = opened.page
    names = page.evaluate("geomap.data.sites.name")
    assert set(names) & set(HOSTILE)
    for row, name in enumerate(names):
        page.evaluate("(row) => geomap.choose({ kind: 'site', row })", row)
        assert page.evaluate("document.querySelector('#places h2').textContent") == name
    assert page.evaluate("window.hit") is None
    assert opened.complaints == [] and opened.remote() == []
    opened.context.close()
