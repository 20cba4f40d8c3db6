"""The tab "Organisations" in a real Chromium: flows of hours, trees, links, and what a planner acts on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from accessible import violations
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.phrases import KINDS
from geomap.render import build_map
from geomap.schema import (
    AllocationResultFrame,
    AttentionFrame,
    FacilityResultFrame,
    OperatorResultFrame,
    PathwayFrame,
    PcnResultFrame,
    PracticeResultFrame,
    TieFrame,
)
from geomap.schema.words import ATTENTION

pytestmark = pytest.mark.browser

VIEWS = ("flows", "tree", "links", "act")
TAB = "#tab=organisations"


@pytest.fixture(scope="module")
def tables():
    return made_up_tables(90, 160, seed=4)


@pytest.fixture(scope="module")
def path(tables, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("organisations") / "map.html"
    path.write_text(build_map(tables), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def opened(browser, path: Path) -> Iterator[Opened]:
    opened = Opened(browser, path, fragment=TAB, width=1440, height=900)
    yield opened
    assert opened.complaints == [] and opened.remote() == []
    opened.context.close()


def switch(opened: Opened, view: str) -> None:
    opened.page.check(f".org-switch input[value={view}]", force=True)


def choose(opened: Opened, kind: str, key: str) -> None:
    opened.page.evaluate(
        "([kind, key]) => geomap.choose({kind, row: geomap.kindOf({kind}).keys.indexOf(key)})", [kind, key]
    )


def number(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text) or 0)


def chosen_row(opened: Opened) -> str:
    """The name on the row that is marked, which must be the only one and in sight."""
    assert opened.page.locator(".twig.chosen, .twig[aria-selected=true]").count() == 1
    opened.page.wait_for_timeout(100)
    frame = opened.page.locator("#organisations").bounding_box()
    row = opened.page.locator(".twig.chosen").bounding_box()
    assert row["y"] >= frame["y"] and row["y"] + row["height"] <= frame["y"] + frame["height"]
    return opened.text(".twig.chosen .twig-name")


def served_pcn(tables) -> str:
    frame = AllocationResultFrame
    return tables.allocation.groupby(frame.pcn_code)[frame.matched_hours].sum().idxmax()


def icb_hours(tables):
    plan, pcn = AllocationResultFrame, PcnResultFrame
    icb_of = tables.pcns.set_index(pcn.pcn_code)[pcn.icb_code]
    return tables.allocation.groupby(tables.allocation[plan.pcn_code].map(icb_of))[plan.matched_hours].sum()


def test_nothing_is_made_until_the_tab_is_opened(browser, path: Path) -> None:
    opened = Opened(browser, path)
    empty = "() => document.getElementById('organisations').childElementCount"
    choose(opened, "pcn", "U10003")
    assert opened.page.evaluate(empty) == 0
    opened.page.click("#tab-organisations")
    assert opened.page.evaluate(empty) > 0
    assert opened.page.locator(".org-view").count() == 1
    opened.context.close()


def test_the_diagram_shows_the_hours_of_the_plan(opened: Opened, tables) -> None:
    plan, operator = AllocationResultFrame, OperatorResultFrame
    total = tables.allocation[plan.matched_hours].sum()
    assert f"{total:,.0f} hours are matched" in opened.text(".org-finding")
    kind_of = tables.operators.set_index(operator.operator_id)[operator.operator_kind]
    by_kind = tables.allocation.groupby(tables.allocation[plan.operator_id].map(kind_of))[plan.matched_hours].sum()
    rows = opened.page.locator(".sankey-names.column-0 li").all_inner_texts()
    told = {text.split("\n")[0].lower(): number(text.split("\n")[1]) for text in rows}
    assert told == {KINDS[kind]: hours for kind, hours in by_kind.round(0).items() if hours > 0}
    hours = [number(text) for text in opened.page.locator(".sankey-names.column-2 .hours").all_inner_texts()]
    assert hours == sorted(icb_hours(tables).tolist(), reverse=True)
    assert opened.page.locator("path.ribbon").count() == opened.page.evaluate(
        "() => geomap.data.sankey.ribbons.reduce((n, ribbons) => n + ribbons.hours.length, 0)"
    )
    boxes = [opened.page.locator(".sankey-names.column-2 li").nth(k).bounding_box() for k in range(len(hours))]
    assert all(a["y"] + a["height"] <= b["y"] + 1 for a, b in zip(boxes, boxes[1:], strict=False))


def test_a_choice_darkens_its_part_of_every_ribbon(opened: Opened, tables) -> None:
    plan = AllocationResultFrame
    by_icb, total = icb_hours(tables), tables.allocation[plan.matched_hours].sum()
    choose(opened, "icb", by_icb.idxmax())
    assert f"{by_icb.max():,.0f} of {total:,.0f} matched hours" in opened.text(".org-finding")
    assert f"({by_icb.max() / total:.0%})" in opened.text(".org-finding")
    assert opened.page.locator(".sankey-names.column-2 li:not(.without)").count() == 1
    # What comes in at the ICB, in pixels: as dark as it is wide.
    widths = opened.page.evaluate(
        """() => [...document.querySelectorAll("path.ribbon-part")].map((path) => path.getAttribute("d"))
          .filter(Boolean).map((d) => {
            const [, x, top] = d.match(/^M([\\d.]+) ([\\d.]+)C/);
            return [Number(x), d.match(/([\\d.]+)Z$/)[1] - top];
          })"""
    )
    scale = opened.page.evaluate("() => geomap.data.sankey.px_per_hour")
    last = max(x for x, _ in widths)
    plan_rows = tables.allocation[
        tables.allocation[plan.pcn_code].isin(
            tables.pcns.loc[tables.pcns[PcnResultFrame.icb_code] == by_icb.idxmax(), PcnResultFrame.pcn_code]
        )
    ]
    wide = plan_rows.groupby(plan.pathway_id)[plan.matched_hours].sum() * scale
    assert sorted(px for x, px in widths if x == last) == pytest.approx(sorted(wide.clip(lower=1.5)), abs=0.05)
    opened.page.keyboard.press("Escape")
    assert opened.page.locator("path.ribbon-part[d*=M]").count() == 0
    assert "are matched" in opened.text(".org-finding")


def test_names_and_ribbons_of_the_diagram_choose(opened: Opened, tables) -> None:
    page = opened.page
    pathway = tables.pathways.set_index(PathwayFrame.pathway_name)[PathwayFrame.pathway_id]
    name = page.locator(".sankey-names.column-1 .name").first.inner_text()
    page.locator(".sankey-names.column-1 button").first.click()
    assert f"only={pathway[name]}" in page.url
    assert page.locator(".sankey-names.column-1 [aria-pressed=true]").count() == 1
    assert name in opened.text(".org-choice")
    page.locator(".org-choice button").click()
    assert "only=" not in page.url
    page.locator(".sankey-names.column-2 button").first.click()
    assert "icb=" in page.url and "tab=organisations" in page.url
    page.locator(".sankey-names.column-0 button").first.click()
    assert page.locator(".org-switch input[value=tree]").is_checked()
    assert page.evaluate("() => document.activeElement.getAttribute('aria-expanded')") == "true"


def test_the_diagram_is_walked_with_the_keyboard(opened: Opened) -> None:
    page = opened.page
    focused = "() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    page.locator(".sankey-names.column-0 button").first.focus()
    first = page.evaluate(focused)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) != first
    page.keyboard.press("Home")
    assert page.evaluate(focused) == first
    page.keyboard.press("ArrowRight")
    ribbon = page.evaluate(focused)
    assert " to " in ribbon and ribbon.endswith("hours")
    page.keyboard.press("ArrowRight")
    target = page.evaluate(focused)
    assert ribbon.split(" to ")[1].split(":")[0] in target
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "icb=" in page.url and "only=" in page.url


def test_flows_as_a_table(opened: Opened, tables) -> None:
    plan = AllocationResultFrame
    opened.page.click("text=Show as a table")
    assert opened.page.locator(".sankey").is_hidden()
    assert opened.page.locator(".org-frame table").count() == 2
    cells = opened.page.locator(".org-frame").nth(1).locator("tbody td:last-child").all_inner_texts()
    assert sum(map(number, cells)) == pytest.approx(tables.allocation[plan.matched_hours].sum(), abs=len(cells))
    code = served_pcn(tables)
    choose(opened, "pcn", code)
    hours = tables.allocation.loc[tables.allocation[plan.pcn_code] == code, plan.matched_hours].sum()
    cells = opened.page.locator(".org-frame").nth(1).locator("tbody td:last-child").all_inner_texts()
    assert sum(map(number, cells)) == pytest.approx(hours, abs=1)
    opened.page.click("text=Show as a drawing")
    assert opened.page.locator(".sankey").is_visible()


def test_the_tree_is_walked_with_the_keyboard(opened: Opened, tables) -> None:
    page = opened.page
    switch(opened, "tree")
    tree = page.locator("[role=tree]").first
    assert page.locator("[role=tree]").count() == 2
    row = """() => [document.activeElement.getAttribute("aria-level"),
      document.activeElement.querySelector(".twig-name").textContent]"""
    tree.locator("[tabindex='0']").focus()
    keys = page.keyboard
    start = page.evaluate(row)
    if tree.locator("[role=treeitem]").first.get_attribute("aria-expanded") == "true":
        keys.press("ArrowLeft")
    keys.press("ArrowRight")
    keys.press("ArrowDown")
    level, icb = page.evaluate(row)
    assert level == "2" and icb != start[1]
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert page.evaluate(row)[0] == "3"
    keys.press("ArrowLeft")
    assert page.evaluate(row) == ["2", icb]
    before = tree.locator("[role=treeitem]").count()
    keys.press("ArrowLeft")
    assert tree.locator("[role=treeitem]").count() < before
    keys.press("End")
    last = tree.locator(".twig-name").last.inner_text()
    assert page.evaluate(row)[1] == last
    keys.press("Home")
    assert page.evaluate(row)[1] == start[1]
    keys.type(icb[:4])
    assert page.evaluate(row)[1].startswith(icb[:4])
    keys.press("Enter")
    assert "icb=" in page.url and page.evaluate(row)[1] == chosen_row(opened)
    assert page.locator("[role=tree] [tabindex='0']").count() == 2
    levels = tree.locator("[role=treeitem]").evaluate_all(
        "(rows) => rows.every((row) => row.ariaSetSize >= row.ariaPosInSet && row.getAttribute('aria-label'))"
    )
    assert levels


def test_a_choice_opens_the_tree_and_marks_its_row(opened: Opened, tables) -> None:
    switch(opened, "tree")
    pcn = tables.pcns.iloc[40]
    choose(opened, "pcn", pcn[PcnResultFrame.pcn_code])
    assert chosen_row(opened) == pcn[PcnResultFrame.pcn_name]
    figures = opened.text(".twig.chosen")
    assert f"{pcn[PcnResultFrame.patients]:,}" in figures and f"{pcn[PcnResultFrame.matched_places]:,}" in figures
    practice = tables.practices.iloc[-1]
    choose(opened, "practice", practice[PracticeResultFrame.practice_code])
    assert chosen_row(opened) == practice[PracticeResultFrame.practice_name]
    facility = tables.facilities.iloc[100]
    choose(opened, "facility", facility[FacilityResultFrame.facility_id])
    assert chosen_row(opened) == facility[FacilityResultFrame.facility_name]
    assert f"{facility[FacilityResultFrame.pledged_hours]:,.0f}" in opened.text(".twig.chosen")
    opened.page.keyboard.press("Escape")
    assert opened.page.locator(".twig.chosen").count() == 0


def test_the_tree_marks_what_has_hours_with_the_choice(opened: Opened, tables) -> None:
    plan = AllocationResultFrame
    switch(opened, "tree")
    flow = tables.allocation.dropna(subset=plan.facility_id).iloc[0]
    choose(opened, "facility", flow[plan.facility_id])
    assert opened.page.locator(".tree-hours .lit").all_inner_texts() == []
    choose(opened, "pcn", flow[plan.pcn_code])
    serving = tables.allocation[tables.allocation[plan.pcn_code] == flow[plan.pcn_code]]
    lit = opened.page.locator(".tree-hours .lit .twig-name").all_inner_texts()
    assert {flow[plan.facility_name], flow[plan.operator_name]} <= set(lit)
    assert set(lit) <= set(serving[plan.facility_name]) | set(serving[plan.operator_name])
    assert "matched hours with" in opened.page.locator(".tree-hours .lit").first.get_attribute("aria-label")


def test_the_tree_goes_down_to_the_roles(opened: Opened, tables) -> None:
    page = opened.page
    switch(opened, "tree")
    tree = page.locator(".tree.tree-hours")
    tree.locator("[tabindex='0']").focus()
    kinds = ["kind", "operator", "facility", "pledge", "pathway", "role"]
    for level, kind in enumerate(kinds, 1):
        found = page.evaluate(
            "() => [document.activeElement.getAttribute('aria-level'), document.activeElement.twig.kind]"
        )
        assert found == [str(level), kind]
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    pledges = page.evaluate("() => geomap.data.pledges.id")
    shown = page.locator(".tree-hours .twig[aria-level='4'] .twig-name").all_inner_texts()
    assert shown and set(shown) <= set(pledges)


def test_links_of_one_pcn_are_those_of_its_ties(opened: Opened, tables) -> None:
    frame, page = TieFrame, opened.page
    switch(opened, "links")
    told = tables.ties[tables.ties[frame.told]]
    code = told[frame.pcn_code].value_counts().index[0]
    ties = tables.ties[tables.ties[frame.pcn_code] == code]
    choose(opened, "pcn", code)
    names = dict(zip(tables.operators["operator_id"], tables.operators["operator_name"], strict=True))
    assert page.locator(".links-left button").all_inner_texts() != []
    assert set(page.locator(".links-left button").all_inner_texts()) == set(ties[frame.operator_id].map(names))
    for status in ("formal", "informal", "none", "unknown"):
        is_status = ties[frame.link_status].where(ties[frame.told], "unknown") == status
        assert page.locator(f".links path.tie.{status}").count() == is_status.sum()
        styles = page.locator(f".links-key .tie.{status}").evaluate(
            "(path) => [getComputedStyle(path).strokeDasharray, getComputedStyle(path).strokeWidth].join(' ')"
        )
        assert styles == {"formal": "none 4px", "informal": "9px, 5px 2.5px", "none": "0.1px, 6px 2.5px",
                          "unknown": "none 1px"}[status]  # fmt: skip
    assert page.locator(".links .tie-mark").count() == page.locator(".links path.tie.unknown").count()
    page.click(".org-view:not([hidden]) >> text=Show as a table")
    hours = page.locator(".org-view:not([hidden]) tbody td:last-child").all_inner_texts()
    assert sum(map(number, hours)) == pytest.approx(ties[frame.matched_hours].sum(), abs=len(hours))


def test_links_of_an_icb_tell_what_they_leave_out(opened: Opened, tables) -> None:
    switch(opened, "links")
    icb = icb_hours(tables).idxmax()
    choose(opened, "icb", icb)
    inside = tables.pcns.loc[tables.pcns[PcnResultFrame.icb_code] == icb, PcnResultFrame.pcn_code]
    ties = tables.ties[tables.ties[TieFrame.pcn_code].isin(inside)]
    told = ties[TieFrame.told].sum()
    assert opened.text(".org-view:not([hidden]) .org-finding").startswith(f"Operators told us about {told} pair")
    drawn = opened.page.locator(".links path.tie").count()
    assert 0 < drawn
    left_out = ties[ties[TieFrame.told] | (ties[TieFrame.matched_hours] > 0)].shape[0] - drawn
    rest = opened.text(".org-view:not([hidden]) .after")
    assert (f"{left_out} line" in rest) == (left_out > 0)
    before = opened.page.locator(".links path.tie.traced").count()
    opened.page.locator(".links-left button").first.focus()
    assert before == 0 < opened.page.locator(".links path.tie.traced").count()


def test_lists_to_act_on(opened: Opened, tables) -> None:
    frame, page = AttentionFrame, opened.page
    switch(opened, "act")
    sections = page.locator(".to-act")
    for k, (topic, name) in enumerate(ATTENTION.items()):
        rows = tables.attention[tables.attention[frame.topic] == topic]
        title = sections.nth(k).locator("h3").inner_text()
        assert title == f"{name[0].upper()}{name[1:]}: {len(rows):,}"
        text = sections.nth(k).inner_text()
        assert f"{rows[frame.people].sum():,}" in text and f"{rows[frame.hours].sum():,.0f}" in text
        assert sections.nth(k).locator("tbody tr").count() == min(25, len(rows))
        hours = [number(cell) for cell in sections.nth(k).locator("tbody td:nth-child(3)").all_inner_texts()]
        assert hours == sorted(hours, reverse=True)
    longest = tables.attention[frame.topic].value_counts()
    assert longest.iloc[0] > 25
    section = sections.nth(list(ATTENTION).index(longest.index[0]))
    section.locator("text=/Show \\d+ more/").click()
    assert section.locator("tbody tr").count() == min(50, longest.iloc[0])
    assert page.evaluate("() => document.activeElement.closest('tbody') !== null")
    section.locator("tbody button").first.click()
    assert re.search(r"#(pcn|operator)=", page.url) and "tab=organisations" in page.url
    code = tables.attention.loc[tables.attention[frame.topic] == "one_facility", frame.pcn_code].iloc[0]
    choose(opened, "pcn", code)
    assert page.locator(".to-act").nth(2).locator("tbody tr").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_breaks_a_rule_of_accessibility(opened: Opened, tables, view: str) -> None:
    switch(opened, view)
    assert violations(opened.page) == []
    choose(opened, "pcn", served_pcn(tables))
    opened.page.wait_for_timeout(100)
    assert violations(opened.page) == []


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_shows_every_view_without_sideways_scrolling(browser, path: Path, tables, width: int) -> None:
    opened = Opened(browser, path, width=width, height=700, fragment=TAB)
    for choice in (None, served_pcn(tables)):
        for view in VIEWS:
            if choice:
                choose(opened, "pcn", choice)
            switch(opened, view)
            wide = opened.page.evaluate(
                "() => [document.documentElement.scrollWidth, document.getElementById('organisations').scrollWidth]"
            )
            assert max(wide) <= width, (view, choice)
    switch(opened, "flows")
    assert opened.page.locator(".sankey > svg").is_hidden()
    assert opened.page.locator(".sankey-names .whole").first.is_visible()
    opened.page.locator(".sankey-names.column-1 button").first.click()
    assert "only=" in opened.page.url
    assert opened.complaints == []
    opened.context.close()


def test_a_resized_window_draws_the_diagram_anew(opened: Opened) -> None:
    first = opened.page.locator(".sankey > svg").bounding_box()["width"]
    opened.page.set_viewport_size({"width": 1200, "height": 800})
    opened.page.wait_for_timeout(100)
    svg, sheet = (opened.page.locator(name).bounding_box() for name in (".sankey > svg", "#organisations"))
    assert svg["width"] < first and svg["x"] + svg["width"] <= sheet["x"] + sheet["width"]


@pytest.mark.slow
def test_hostile_names_are_only_names(browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(build_map(made_up_tables(40, 160, seed=9, hostile=True)), encoding="utf-8", newline="\n")
    opened = Opened(browser, path, fragment=TAB, width=1440, height=900)
    page = opened.page
    seen = {}
    for view in VIEWS:
        switch(opened, view)
        if view == "tree":
            page.evaluate(
                """() => {
                  const right = () => new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
                  for (let level = 1; level < 7; level += 1) {
                    const closed = document.querySelectorAll(".twig[aria-expanded=false]");
                    closed.forEach((row) => row.dispatchEvent(right()));
                  }
                }"""
            )
        seen[view] = page.evaluate("() => document.getElementById('organisations').textContent")
    for name in HOSTILE:
        assert name in seen["tree"], name
    assert any(name in seen["flows"] for name in HOSTILE[:2])
    assert sum(name in seen["links"] for name in HOSTILE) >= 3
    assert sum(name in seen["act"] for name in HOSTILE) >= 3
    for kind in ("pcn", "operator", "facility", "icb", "practice"):
        page.evaluate("(kind) => geomap.choose({kind, row: 0})", kind)
        for view in VIEWS:
            switch(opened, view)
        assert any(name in opened.text(".org-choice") for name in HOSTILE)
    assert page.evaluate("() => window.hit") is None
    assert opened.complaints == [] and opened.remote() == []
    assert page.locator("#organisations script, #organisations img, #organisations iframe").count() == 0
    opened.context.close()
