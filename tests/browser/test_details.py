"""The details of each kind of thing that can be chosen, and the tools of the header, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import HOSTILE, made_up_tables
from opened import Opened

from geomap.render import build_map
from geomap.schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    OperatorResultFrame,
    PcnResultFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
    UnmetFrame,
)

pytestmark = pytest.mark.browser

KINDS = ("pcn", "facility", "operator", "flow", "region", "icb", "sub_icb", "practice", "place")


@pytest.fixture(scope="module")
def tables():
    return made_up_tables(60, 90, seed=5)


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


def choose(opened: Opened, kind: str, row: int) -> str:
    """What the panel says of a thing."""
    opened.page.evaluate("(choice) => geomap.choose(choice)", {"kind": kind, "row": row})
    return opened.page.evaluate("document.getElementById('places').textContent")


def test_a_pcn_tells_who_serves_it_who_else_could_and_its_links(opened: Opened, tables) -> None:
    pcns = tables.pcns.sort_values(PcnResultFrame.pcn_code, ignore_index=True)
    reach, plan, ties = tables.reachable, tables.allocation, tables.ties
    names = tables.facilities.set_index(FacilityResultFrame.facility_id)[FacilityResultFrame.facility_name]
    for row in range(0, 60, 7):
        code = pcns[PcnResultFrame.pcn_code][row]
        shown = choose(opened, "pcn", row)
        assert f"{pcns[PcnResultFrame.hours_in_reach][row]:.1f}" in shown
        assert f"{pcns[PcnResultFrame.hours_left_in_reach][row]:.1f} left" in shown
        given = plan[plan[AllocationResultFrame.pcn_code] == code]
        serving = set(given[AllocationResultFrame.facility_id].dropna())
        near = reach[reach[ReachableFrame.pcn_code] == code].set_index(ReachableFrame.facility_id)
        others = near.drop(index=[one for one in serving if one in near.index])
        section = opened.page.locator("#places section", has_text="Who else could")
        listed = set(section.locator("tbody th button").all_inner_texts())
        assert listed <= set(names[others.index]) and len(listed) == min(8, len(others))
        linked = opened.page.locator("#places section", has_text="Its operators, and what links there are")
        assert linked.locator("tbody tr").count() == min(12, int((ties[TieFrame.pcn_code] == code).sum()))
        practices = tables.practices[tables.practices[PracticeResultFrame.pcn_code] == code]
        assert set(practices[PracticeResultFrame.practice_name]) <= set(
            opened.page.locator("#places details button").all_text_contents()
        )


@pytest.mark.slow
def test_the_most_useful_facility_within_reach_stands_first(opened: Opened, tables) -> None:
    left = tables.facilities.set_index(FacilityResultFrame.facility_id)[FacilityResultFrame.unmatched_hours]
    name = tables.facilities.set_index(FacilityResultFrame.facility_id)[FacilityResultFrame.facility_name]
    plan, tried = tables.allocation, 0
    for row, code in enumerate(sorted(tables.pcns[PcnResultFrame.pcn_code])):
        near = tables.reachable[tables.reachable[ReachableFrame.pcn_code] == code].set_index(ReachableFrame.facility_id)
        serving = plan.loc[plan[AllocationResultFrame.pcn_code] == code, AllocationResultFrame.facility_id]
        near = near[~near.index.isin(serving)]
        if len(near) < 3:
            continue
        best = (left[near.index] * near[ReachableFrame.reach_share].round(2)).idxmax()
        choose(opened, "pcn", row)
        section = opened.page.locator("#places section", has_text="Who else could")
        assert section.locator("tbody th button").first.inner_text() == name[best]
        tried += 1
    assert tried > 3


def test_a_facility_tells_of_each_pledge_what_it_offers_and_where_it_was_read(opened: Opened, tables) -> None:
    facility = tables.facilities.sort_values(FacilityResultFrame.facility_id).iloc[4]
    shown = choose(opened, "facility", 4)
    pledges = tables.pledges[tables.pledges[PledgeResultFrame.facility_id] == facility[FacilityResultFrame.facility_id]]
    assert len(pledges) == 2
    for pledge in pledges.itertuples(index=False):
        assert pledge.pledge_id in shown
        assert f"Read from {pledge.source}, sheet {pledge.sheet}, row {pledge.row:,}" in shown
    assert "For Exercise referral, Walking and gentle activity; cannot deliver Dance" in shown
    assert "1 April 2026 to 31 March 2027" in shown
    assert "updated 20 June 2026" in shown and "Led by: instructor, walk leader" in shown
    untold = choose(opened, "facility", 5)
    assert "the whole plan period" in untold and "updated" not in untold and "Led by" not in untold


def test_an_operator_tells_its_totals_links_and_facilities(opened: Opened, tables) -> None:
    operators = tables.operators.sort_values(OperatorResultFrame.operator_id, ignore_index=True)
    row = int(operators[OperatorResultFrame.facilities].idxmax())
    told = operators.iloc[row]
    shown = choose(opened, "operator", row)
    for name in ("pledged_hours", "eligible_hours", "matched_hours", "unmatched_hours", "people"):
        assert f"{told[name]:,.0f}" in shown, name
    ties = tables.ties[tables.ties[TieFrame.operator_id] == told[OperatorResultFrame.operator_id]]
    known = ties[ties[TieFrame.told]][TieFrame.link_status].value_counts()
    words = {"formal": "ormal agreement", "informal": "nformal contact", "unknown": "ecorded as unknown"}
    for status, count in known[known.index.isin(list(words))].items():
        assert f"{words[status]} with {count} PCN" in shown
    untold = len(ties) - len(ties[ties[TieFrame.told]])
    assert untold == 0 or known.empty or f"nothing told of {untold} other PCN" in shown
    drawn = opened.page.evaluate("(row) => geomap.kindOf({ kind: 'operator' }).lines(row).length", row)
    assert 0 < drawn <= 60


def test_an_area_adds_up_its_pcns(opened: Opened, tables) -> None:
    frame = PcnResultFrame
    sums = tables.pcns.groupby(frame.icb_code)[[frame.demand_places, frame.matched_places, frame.patients]].sum()
    for row, code in enumerate(sorted(sums.index)):
        choose(opened, "icb", row)
        figures = opened.page.locator("#places .figures").inner_text()
        assert all(f"{value:,}" in figures for value in sums.loc[code])
        inside = tables.pcns[tables.pcns[frame.icb_code] == code]
        assert opened.page.evaluate("(row) => geomap.kindOf({ kind: 'icb' }).pcns(row).length", row) == len(inside)
    by_region = tables.pcns.groupby(frame.region_code)[frame.demand_places].sum().sort_index()
    for row, demand in enumerate(by_region):
        assert f"{demand:,}" in choose(opened, "region", row)
    assert choose(opened, "sub_icb", 0).count("Sub-ICB area") >= 2


def test_a_flow_is_chosen_from_a_pcn_and_tells_both_ends(opened: Opened, tables) -> None:
    frame = AllocationResultFrame
    code = tables.allocation[frame.pcn_code].value_counts().idxmax()
    row = sorted(tables.pcns[PcnResultFrame.pcn_code]).index(code)
    choose(opened, "pcn", row)
    opened.page.locator("#places section", has_text="Who serves it").locator("td button").first.click()
    opened.page.wait_for_function("document.querySelector('#places .kicker').textContent === 'Flow'")
    key = opened.page.url.split("#flow=")[1].replace("%7E", "~")
    facility = key.split("~")[0]
    plan = tables.allocation
    plan = plan[(plan[frame.facility_id] == facility) & (plan[frame.pcn_code] == code)]
    assert key == f"{facility}~{code}"
    figures = opened.text("#places .figures")
    assert f"{plan[frame.places].sum():,}" in figures and f"{plan[frame.matched_hours].sum():,.0f}" in figures


@pytest.mark.slow
def test_crumbs_lead_up_and_every_kind_has_a_link_of_its_own(opened: Opened, browser, path: Path) -> None:
    for kind in KINDS:
        choose(opened, kind, 0)
        heading = opened.page.evaluate("document.querySelector('#places h2').textContent")
        assert heading == opened.page.evaluate("(kind) => geomap.nameOf({ kind, row: 0 })", kind)
        assert opened.page.locator("#places .crumbs button").first.inner_text() == "All PCNs"
        again = Opened(browser, path, fragment="#" + opened.page.url.split("#")[1])
        assert again.page.evaluate("document.querySelector('#places h2').textContent") == heading, kind
        assert again.complaints == []
        again.context.close()
    choose(opened, "practice", 0)
    crumbs = opened.page.locator("#places .crumbs button")
    assert crumbs.count() == 5
    crumbs.nth(2).click()
    assert "#icb=" in opened.page.url


def test_a_pathway_filters_everything_and_has_details_of_its_own(opened: Opened, tables) -> None:
    page, frame = opened.page, UnmetFrame
    page.select_option("#pathway", label="Walking and gentle activity")
    assert page.url.endswith("#only=walking")
    sums = tables.unmet[tables.unmet[frame.pathway_id] == "walking"]
    figures = opened.text("#places .figures")
    for column in (frame.demand_places, frame.matched_places, frame.unmet_places):
        assert f"{sums[column].sum():,}" in figures
    page.click("#tab-table")
    by_pcn = sums.set_index(frame.pcn_code)[frame.unmet_places].sort_index()
    assert sorted(opened.figures(7)) == sorted(f"{value:,}" for value in by_pcn)
    page.click("#tab-places")
    choose(opened, "pcn", 3)
    code = sorted(tables.pcns[PcnResultFrame.pcn_code])[3]
    row = sums[sums[frame.pcn_code] == code].iloc[0]
    assert f"{row[frame.demand_places]:,}" in opened.text("#places .figures")
    assert "Walking and gentle activity alone" in opened.text("#places .only")
    page.locator("#places .only button").click()
    assert page.input_value("#pathway") == "-1" and page.locator("#places .only").count() == 0


def test_under_a_pathway_hours_of_all_pathways_are_headed_so(opened: Opened, tables) -> None:
    page, plan = opened.page, tables.allocation
    page.select_option("#pathway", label="Walking and gentle activity")
    operators = tables.operators.sort_values(OperatorResultFrame.operator_id, ignore_index=True)
    row = int(operators[OperatorResultFrame.facilities].idxmax())
    own = plan[plan[AllocationResultFrame.operator_id] == operators[OperatorResultFrame.operator_id][row]]
    walking = own[own[AllocationResultFrame.pathway_id] == "walking"]
    shown = choose(opened, "operator", row)
    hours = walking[AllocationResultFrame.matched_hours].sum()
    figures = opened.text("#places .figures")
    assert f"{hours:,.0f}" in figures and f"{walking[AllocationResultFrame.places].sum():,}" in figures
    assert "Pledged (all pathways)" in shown and figures.count("hours, all pathways") == 3
    page.evaluate("geomap.choose(null)")
    page.click("#tab-table")
    for kind in ("facility", "operator"):
        page.check(f"#table-{kind}")
        assert page.get_by_role("button", name="Pledged (all pathways)", exact=True).is_visible()
        assert "Walking and gentle activity alone" in opened.text("#table-pathway")
    page.click("#table-pathway button")
    assert page.get_by_role("button", name="Pledged", exact=True).is_visible()
    page.fill("#filter", "zzz")
    assert opened.text("#filter-count") == "No operator matches 'zzz'"


def test_a_link_to_what_is_not_in_the_map_says_so(browser, path: Path) -> None:
    opened = Opened(browser, path, fragment="#pcn=U12345&tab=table")
    assert opened.text("#said") == "U12345 is not in this map."
    assert opened.page.url.endswith("#tab=table")
    assert opened.complaints == []
    opened.context.close()


def test_escape_lets_go_of_the_choice_and_then_of_the_pathway(opened: Opened) -> None:
    page = opened.page
    page.select_option("#pathway", label="Walking and gentle activity")
    choose(opened, "pcn", 3)
    page.locator("#places h2").focus()
    page.keyboard.press("Escape")
    assert page.url.endswith("#only=walking")
    page.keyboard.press("Escape")
    assert page.url.endswith("#")
    assert page.input_value("#pathway") == "-1"


def test_back_undoes_a_step_and_knows_when_there_is_none(opened: Opened) -> None:
    page = opened.page
    assert page.get_attribute("#back", "aria-disabled") == "true"
    page.click("#back", force=True)
    choose(opened, "pcn", 3)
    choose(opened, "facility", 3)
    assert page.get_attribute("#back", "aria-disabled") == "false"
    page.click("#back")
    page.wait_for_function("location.hash.startsWith('#pcn=')")
    page.click("#back")
    page.wait_for_function("document.getElementById('back').getAttribute('aria-disabled') === 'true'")
    assert page.evaluate("document.activeElement.id") == "back"


def test_the_link_is_copied_or_put_where_it_can_be(opened: Opened) -> None:
    page = opened.page
    choose(opened, "pcn", 3)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: { writeText: (t) => (window.copied = t) } })")
    page.click("#copy")
    page.wait_for_function("document.getElementById('said').textContent === 'Link copied.'")
    assert page.evaluate("window.copied") == page.url and not page.locator("#link").is_visible()
    choose(opened, "pcn", 4)
    assert opened.text("#said") == ""
    page.evaluate("() => { navigator.clipboard.writeText = null; document.execCommand = () => false; }")
    page.click("#copy")
    page.wait_for_function("document.getElementById('said').textContent === 'Copy the link from the box.'")
    assert page.input_value("#link") == page.url
    assert page.evaluate("document.activeElement.id") == "link"
    assert page.evaluate("getSelection().toString() || document.activeElement.value") == page.url


def test_the_table_shows_what_is_chosen_and_on_demand_all(opened: Opened, tables) -> None:
    page, frame = opened.page, PcnResultFrame
    code = sorted(tables.pcns[frame.icb_code].unique())[0]
    inside = tables.pcns[tables.pcns[frame.icb_code] == code]
    choose(opened, "icb", 0)
    page.click("#tab-table")
    assert sorted(opened.figures(1)) == sorted(inside[frame.pcn_name])
    assert f"Only the {len(inside)} PCNs of" in opened.text("#table-only")
    page.locator("#table-only button").click()
    assert page.locator(".all tbody tr").count() == len(tables.pcns)
    assert page.evaluate("document.activeElement.textContent") == "Show only those of what is chosen"
    page.check("#table-facility")
    plan = tables.allocation
    given = plan[plan[AllocationResultFrame.pcn_code].isin(inside[frame.pcn_code])]
    assert page.locator(".all tbody tr").count() == given[AllocationResultFrame.facility_id].nunique()
    page.click("#reset")
    page.click("#tab-table")
    assert page.locator(".all tbody tr").count() == len(tables.facilities)
    page.check("#table-operator")
    assert sorted(opened.figures(1)) == sorted(tables.operators[OperatorResultFrame.operator_name])
    page.get_by_role("button", name="Pledged", exact=True).click()
    wanted = sorted(tables.operators[OperatorResultFrame.pledged_hours], reverse=True)
    assert opened.figures(4) == [f"{value:,.0f}" for value in wanted]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "map.html"
    path.write_text(build_map(made_up_tables(60, 90, seed=5, hostile=True)), encoding="utf-8", newline="\n")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_show_as_they_are_in_every_kind(browser, hostile: Path, kind: str) -> None:
    opened = Opened(browser, hostile)
    page = opened.page
    rows = min(len(HOSTILE), page.evaluate("(kind) => geomap.kindOf({ kind }).keys.length", kind))
    for row in range(rows):
        shown = choose(opened, kind, row)
        assert page.evaluate("(choice) => geomap.nameOf(choice)", {"kind": kind, "row": row}) in shown
        assert page.locator("#places img, #places script").count() == 0
    assert page.evaluate("window.hit") is None
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


@pytest.mark.slow
def test_hostile_files_roles_and_notes_show_as_they_are(browser, hostile: Path) -> None:
    opened = Opened(browser, hostile)
    page = opened.page
    shown = choose(opened, "facility", 0)
    assert f"Read from {HOSTILE[2]}, sheet {HOSTILE[3]}, row" in shown
    said = page.evaluate(
        """() => [geomap.data.facilities, geomap.data.pcns].map((block, at) => block.name.map((name, row) => {
             geomap.choose({ kind: ["facility", "pcn"][at], row });
             return document.getElementById("places").textContent;
           }).join(" ")).join(" ")"""
    )
    notes = [note for note in page.evaluate("geomap.data.links.note") if note in HOSTILE]
    roles = [words for role, words in page.evaluate("geomap.data.role_words").items() if role in HOSTILE]
    assert len(notes) > 1 and all(note in said for note in notes)
    assert len(roles) > 1 and all(role in said for role in roles)
    assert page.evaluate("window.hit") is None
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.slow
def test_a_choice_on_the_country_makes_no_more_than_is_looked_at(browser, tmp_path: Path) -> None:
    """What bounds the work of a choice: few nodes in the panel and on the map, none in the tabs that are shut."""
    path = tmp_path / "country.html"
    path.write_text(build_map(made_up_tables(1_298, 4_000, seed=1)), encoding="utf-8", newline="\n")
    opened = Opened(browser, path)
    count = """(kinds) => kinds.map((kind) => {
      const most = [1, 7, 30, 2].map((k) => {
        geomap.choose({ kind, row: k % geomap.kindOf({ kind }).keys.length });
        return ["#places *", ".leaflet-picked-pane .facility", "path.flow", "#organisations *, #table tbody *"].map(
          (each) => document.querySelectorAll(each).length);
      });
      return [0, 1, 2, 3].map((k) => Math.max(...most.map((counts) => counts[k])));
    })"""
    for kind, (panel, picked, lines, shut) in zip(KINDS, opened.page.evaluate(count, KINDS), strict=True):
        assert 0 < panel < 2_500, kind
        assert picked <= 120 and lines <= 4 * 60, kind
        assert shut == 0, kind
    assert opened.complaints == []
    opened.context.close()
