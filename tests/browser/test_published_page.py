"""A page that may be published: what stands for hidden counts is what Python puts there, and is never told."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from accessible import violations
from made_up import made_up_tables
from opened import Opened

from geomap.areas import share_of, summarise_icbs
from geomap.few import MIDDLE, fill_few, round_people, share_out
from geomap.phrases import INTERNAL_MARK, ROUNDED_NOTE
from geomap.render import build_index, build_map
from geomap.render.blocks import Rows
from geomap.render.page import _in_key_order
from geomap.render.plan_data import add_flows
from geomap.schema import (
    AllocationResultFrame,
    IcbResultFrame,
    MapTables,
    PathwayFrame,
    PcnResultFrame,
    UnmetFrame,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABS = ("places", "organisations", "table", "about")
HEADINGS = (
    "People",
    "Could start",
    "Have a place",
    "Left without",
    "Patients",
    "Would get a place",
    "Left without a place",
)
"""Headings of columns, and names of figures, that count people."""
SHOWN = re.compile(r"(0|1 to 7|–|[\d,]*[05])")
FEW_IN_WORDS = re.compile(
    r"(?<!1 to )(?<![\d,.-])[1-7] (?:people|person|patients?|registered|with a place|would finish)\b"
)

READ = """(headings) => {
  const wanted = (name) => headings.includes(name.replace(" (all pathways)", ""));
  const cells = [...document.querySelectorAll("table")].flatMap((table) => {
    const columns = [...table.querySelectorAll("thead th")].map((th, k) => (wanted(th.textContent) ? k : -1));
    return [...table.querySelectorAll("tbody tr")].flatMap((tr) =>
      columns.filter((k) => k >= 0).map((k) => tr.children[k].textContent));
  });
  const figures = [...document.querySelectorAll("dl.figures > div")]
    .filter((div) => wanted(div.children[0].textContent))
    .map((div) => div.children[1].firstChild.textContent).filter((text) => !/[a-z]$/.test(text) || text === "1 to 7");
  const told = [...document.querySelectorAll("[aria-label], title")].map((node) => node.ariaLabel || node.textContent);
  return { cells: [...cells, ...figures], words: [document.body.innerText, ...told].join("\\n") };
}"""
"""Everything that a reader is told now: the cells that count people, and all the words."""


@pytest.fixture(scope="module")
def tables() -> MapTables:
    return made_up_tables(24, 40, seed=5, choice=True, published=True)


@pytest.fixture(scope="module")
def folder(tables: MapTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    icbs = summarise_icbs(tables)
    pages = {code: f"{code}.html" for code in icbs[IcbResultFrame.icb_code]}
    code = next(iter(pages))
    made = {
        "map.html": build_map(tables),
        pages[code]: build_map(share_of(tables, code), index="index.html"),
        "index.html": build_index(icbs, tables.facts, pages, whole="map.html"),
        "internal.html": build_map(made_up_tables(24, 40, seed=5, choice=True)),
        "internal_index.html": build_index(icbs, made_up_tables(24, 40, seed=5).facts, pages, whole="map.html"),
    }
    for name, html in made.items():
        (folder / name).write_text(html, encoding="utf-8", newline="\n")
    return folder


@pytest.fixture
def opened(browser, folder: Path) -> Iterator[Opened]:
    opened = Opened(browser, folder / "map.html")
    yield opened
    assert opened.complaints == []
    assert opened.remote() == []
    opened.context.close()


def said(page) -> dict:
    return page.evaluate(READ, list(HEADINGS))


def assert_tells_no_few(told: dict, where: object) -> None:
    assert [cell for cell in told["cells"] if not SHOWN.fullmatch(cell)] == [], where
    assert FEW_IN_WORDS.findall(told["words"]) == [], where


def test_the_page_puts_the_same_numbers_in_the_place_of_hidden_ones_as_python(opened: Opened, tables) -> None:
    data = opened.page.evaluate("() => geomap.data")
    ordered = _in_key_order(tables)
    filled = fill_few(ordered)
    pcn, unmet = PcnResultFrame, UnmetFrame
    for name in (pcn.patients, pcn.demand_places, pcn.matched_places, pcn.unmet_places, pcn.completions):
        assert data["pcns"][name] == filled.pcns[name].to_list(), name
    rows = filled.unmet[filled.unmet[unmet.demand_places] > 0]
    names = {"demand": unmet.demand_places, "matched": unmet.matched_places, "unmet": unmet.unmet_places}
    for name, column in names.items():
        assert ordered.unmet[column].isna().any(), "the test would tell nothing"
        assert data["unmet"][name] == rows[column].to_list(), name
    flows, rows = _flows(filled)
    given = {(row[0], row[1]): row[2] for row in rows}
    keys = pd.Series(list(zip(flows["pcn"], flows["pathway"], strict=True)), dtype=object)
    hidden = round_people(flows["places"])
    places = share_out(pd.Series(given.values(), index=pd.Series(list(given), dtype=object)), hidden, keys)
    course_hours = filled.pathways[PathwayFrame.course_hours].to_numpy()[flows["pathway"]]
    assert hidden.isna().sum() > 20
    assert data["flows"]["places"] == places.to_list()
    hours = flows["hours"].mask(hidden.isna(), places * course_hours)
    assert data["flows"]["hours"] == pytest.approx(hours.to_list(), abs=0.051)


def _flows(tables: MapTables) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:
    """The flows of the page, and how many places each PCN has on each pathway: (PCN, pathway, places)."""
    plan, unmet = AllocationResultFrame, UnmetFrame
    operators = {*tables.ledger[plan.operator_id], *tables.facilities[plan.operator_id]}
    rows = Rows(
        regions=pd.Index([]),
        icbs=pd.Index([]),
        sub_icbs=pd.Index([]),
        pcns=pd.Index(tables.pcns[plan.pcn_code]),
        facilities=pd.Index(tables.facilities[plan.facility_id]),
        operators=pd.Index(sorted(operators)),
        pathways=pd.Index(tables.pathways[plan.pathway_id]),
    )
    pcns = rows.pcns.get_indexer(tables.unmet[unmet.pcn_code])
    pathways = rows.pathways.get_indexer(tables.unmet[unmet.pathway_id])
    given = zip(pcns.tolist(), pathways.tolist(), tables.unmet[unmet.matched_places].tolist(), strict=True)
    return add_flows(tables, rows), list(given)


def test_counts_are_shared_out_as_in_python(opened: Opened) -> None:
    share = "([wholes, shown, groups]) => geomap.shareOut((group) => wholes[group], shown, groups)"
    for wholes, shown, groups, expected in (
        ({"a": 20}, [10, None, None, None], ["a"] * 4, [10, 4, 3, 3]),
        ({}, [None, 10, None], ["a", "a", "b"], [MIDDLE, 10, MIDDLE]),
        ({"a": 5}, [10, None], ["a", "a"], [10, 1]),
        ({"a": 40}, [10, None, None], ["a"] * 3, [10, 7, 7]),
        ({"a": 9, "b": 0}, [None, 0, None, None], ["a", "b", "b", "a"], [5, 0, 1, 4]),
    ):
        assert opened.page.evaluate(share, [wholes, shown, groups]) == expected


def test_no_small_number_of_people_is_told_wherever_a_reader_goes(opened: Opened) -> None:
    page = opened.page
    counts = page.evaluate("() => Object.fromEntries(geomap.kinds().map((kind) => "
                           "[kind, geomap.kindOf({ kind }).keys.length]))")  # fmt: skip
    assert {"pcn", "facility", "operator", "icb", "practice", "flow", "site", "place"} <= set(counts)
    seen = ""
    for pathway in (-1, 3):
        page.evaluate("(pathway) => { geomap.clear(); geomap.change({ pathway }); }", pathway)
        for kind, count in counts.items():
            for row in range(0, count, max(1, count // 12)):
                page.evaluate("([kind, row]) => geomap.choose({ kind, row }, { zoom: false })", [kind, row])
                told = said(page)
                assert_tells_no_few(told, (kind, row, pathway))
                seen += told["words"]
        page.evaluate("() => geomap.choose(null)")
        for tab in TABS:
            page.click(f"#tab-{tab}")
            assert_tells_no_few(said(page), (tab, pathway))
    assert seen.count("1 to 7 ") > 50 and "not shown" in seen
    for view in ("flows", "tree", "links", "act"):
        page.click("#tab-organisations")
        page.evaluate("(view) => geomap.showOrganisations(view)", view)
        page.evaluate("() => { for (let k = 0; k < 4; k += 1) document.querySelectorAll('.twig[aria-expanded=false] "
                      ".knob').forEach((knob) => knob.click()); }")  # fmt: skip
        assert_tells_no_few(said(page), view)


def test_no_end_of_a_class_and_no_hover_text_tells_a_small_number(opened: Opened) -> None:
    page = opened.page
    page.select_option("#theme", "unmet")
    for pathway in range(-1, 5):
        page.evaluate("(pathway) => geomap.change({ pathway })", pathway)
        for text in page.locator("#classes li").all_inner_texts():
            ends = [int(end.replace(",", "")) for end in text.split(" to ")]
            assert ends[0] in (0, 1) or ends[0] % 5 == 0, text
            assert ends[-1] in (0, 7) or ends[-1] % 5 == 0, text
    texts = page.evaluate("() => geomap.data.pcns.code.map((code, row) => geomap.themeText(geomap.theme(), row))")
    assert "1 to 7" in texts
    assert all(SHOWN.fullmatch(text) for text in texts)


def test_the_table_sorts_hidden_counts_between_none_and_many(opened: Opened) -> None:
    page = opened.page
    page.click("#tab-table")
    page.evaluate("() => geomap.change({ pathway: 0 })")
    for _ in range(2):
        page.click("#table-frame th >> text=Left without")
    cells = page.locator("#table-frame tbody td:nth-child(7)").all_inner_texts()
    order = [4 if cell == "1 to 7" else int(cell.replace(",", "")) for cell in cells]
    assert "1 to 7" in cells
    assert order in (sorted(order), sorted(order, reverse=True))
    assert ROUNDED_NOTE in opened.text("#table-note")


def test_a_published_page_has_no_mark_and_says_how_people_are_counted(opened: Opened) -> None:
    page = opened.page
    assert page.locator(".mark-internal").count() == 0
    assert INTERNAL_MARK not in page.content()
    page.click("#tab-about")
    assert ROUNDED_NOTE in opened.text("#rounded")
    assert violations(page) == []


@pytest.mark.parametrize("name", ["internal.html", "internal_index.html"])
@pytest.mark.parametrize("size", [(1440, 900), (375, 812), (320, 256)])
def test_an_internal_page_says_so_above_everything(browser, folder: Path, name: str, size: tuple[int, int]) -> None:
    opened = Opened(browser, folder / name, width=size[0], height=size[1])
    page = opened.page
    mark, top = (page.locator(each).bounding_box() for each in (".mark-internal", "header.top"))
    assert opened.text(".mark-internal") == INTERNAL_MARK
    assert mark["y"] == 0 and mark["width"] == size[0] and mark["y"] + mark["height"] <= top["y"] + 0.5
    assert page.title().startswith(INTERNAL_MARK)
    assert violations(page) == []
    assert opened.complaints == []
    page.emulate_media(media="print")
    assert page.locator(".mark-internal").is_visible()
    opened.context.close()


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
@pytest.mark.parametrize("name", ["internal.html", "internal_index.html", "map.html"])
def test_every_sheet_of_paper_of_an_internal_page_bears_the_mark(
    browser, folder: Path, tmp_path: Path, name: str
) -> None:
    opened = Opened(browser, folder / name)
    opened.page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    command = ["pdftotext", "-layout", tmp_path / "page.pdf", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    sheets = told.rstrip("\f").split("\f")
    assert len(sheets) > 1 or "index" in name
    assert [INTERNAL_MARK in sheet for sheet in sheets] == [name != "map.html"] * len(sheets)
    opened.context.close()


@pytest.mark.parametrize("name", ["map.html", "internal.html", "icb"])
def test_about_tells_coverage_hours_left_and_why_method_limits_and_sources(browser, folder: Path, name: str) -> None:
    path = page_of_icb(folder) if name == "icb" else folder / name
    opened = Opened(browser, path, fragment="#tab=about")
    data = opened.page.evaluate("() => geomap.data")
    facts = data["facts"]
    coverage = opened.text("#coverage-table")
    assert facts["not_reported"] in coverage
    assert f"{facts['pledges_read']:,}" in coverage and f"{facts['pledges_rejected']:,} were rejected" in coverage
    for block in ("pcns", "practices"):
        assert re.search(rf"\b{len(data[block]['code']):,}\b", coverage), block
    reasons = opened.page.locator("#hours-reasons tbody tr")
    told = sum(int(row.replace(",", "")) for row in reasons.locator("td:nth-child(2)").all_inner_texts())
    assert told == pytest.approx(facts["unmatched_hours"] + facts["ineligible_hours"], abs=reasons.count())
    assert opened.text("#plan-status") == facts["plan_quality"]
    for section in ("#method", "#limits", "#unmet", "#notes-section"):
        assert opened.page.locator(section).is_visible(), section
    sources = opened.text("#sources")
    assert all(part in sources for source in facts["sources"] for part in source)
    assert facts["as_of"] in opened.text("#run") and facts["period"] in opened.text("#run")
    opened.context.close()


def page_of_icb(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.stem.startswith("Q"))


def test_the_index_tells_coverage_hours_left_limits_and_sources(browser, folder: Path) -> None:
    opened = Opened(browser, folder / "index.html")
    facts = opened.page.evaluate("() => geomap.data.facts")
    assert f"{facts['unmatched_hours']:,.0f} found nobody" in opened.text("#unused")
    assert facts["not_reported"] in opened.text("#coverage")
    assert facts["plan_quality"] == opened.text("#quality")
    assert all(note in opened.text("#notes") for note in facts["notes"])
    assert all(part in opened.text("#sources") for source in facts["sources"] for part in source)
    assert "estimates for planning" in opened.text(".words-below")
    opened.context.close()


def test_an_index_that_is_published_tells_no_small_number(browser, folder: Path) -> None:
    opened = Opened(browser, folder / "index.html")
    for theme in ("coverage", "unmet", "need"):
        opened.page.check(f"#theme-{theme}")
        assert_tells_no_few(said(opened.page), theme)
    assert ROUNDED_NOTE in opened.text("#rounded")
    assert violations(opened.page) == []
    assert opened.complaints == []
    opened.context.close()


def test_a_published_page_of_one_icb_tells_no_small_number(browser, folder: Path) -> None:
    opened = Opened(browser, page_of_icb(folder))
    for tab in TABS:
        opened.page.click(f"#tab-{tab}")
        assert_tells_no_few(said(opened.page), tab)
    assert opened.complaints == []
    opened.context.close()
