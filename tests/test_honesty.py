"""What a reader must be told on every page: dates, coverage, what was left over and why, method, limits, sources."""

from __future__ import annotations

import html as markup
import re
from dataclasses import replace

import pytest
from made_up import as_published, made_up_tables
from page_block import block

from geomap.areas import share_of, summarise_icbs
from geomap.few import FEWEST, MOST
from geomap.phrases import INTERNAL_MARK, ROUNDED_NOTE, not_reported, plan_quality
from geomap.render import build_index, build_map
from geomap.schema import IcbResultFrame, MapTables

PEOPLE = {
    "pcns": ("patients", "ceiling_referrals", "demand_places", "matched_places", "unmet_places", "completions"),
    "unmet": ("demand", "matched", "unmet"),
    "flows": ("places",),
    "facilities": ("people",),
    "operators": ("people",),
    "ties": ("people",),
    "attention": ("people",),
    "practices": ("patients",),
    "places": ("patients",),
    "sites": ("patients", "demand_places", "people", "completions"),
    "icbs": ("patients", "demand_places", "matched_places", "unmet_places"),
    "facts": ("people", "completions", "patients", "demand_places", "unmet_places"),
}
"""Block of the page → its columns that count people."""
NO_PEOPLE = {
    ("pcns", "coverage_share"), ("pcns", "first_coverage_share"), ("pcns", "main_unmet_reason"),
    ("facilities", "unmatched_hours"), ("facilities", "matched_hours"), ("operators", "unmatched_hours"),
    ("operators", "matched_hours"), ("pledges", "matched_hours"), ("pledges", "unmatched_hours"),
    ("pcns", "matched_hours"), ("facts", "matched_hours"), ("facts", "unmatched_hours"), ("sites", "coverage_share"),
    ("sites", "matched_hours"), ("sites", "places"), ("icbs", "coverage_share"), ("icbs", "matched_hours"),
}  # fmt: skip
"""Columns with a name like those of people: shares, hours, words, and points of the map."""
LIKE_PEOPLE = re.compile(r"people|patients|places|demand|matched|unmet|completions|referrals|coverage")


def pages_of(tables: MapTables) -> dict[str, str]:
    """Every kind of page: of all PCNs, of each ICB, and the index."""
    icbs = summarise_icbs(tables)
    pages = {code: f"{code}.html" for code in icbs[IcbResultFrame.icb_code]}
    return {
        "map": build_map(tables),
        **{code: build_map(share_of(tables, code), index="index.html") for code in pages},
        "index": build_index(icbs, tables.facts, pages, whole="map.html"),
    }


@pytest.fixture(scope="module")
def exact() -> dict[str, str]:
    return pages_of(made_up_tables(24, 40, seed=5, choice=True))


@pytest.fixture(scope="module")
def published() -> dict[str, str]:
    return pages_of(made_up_tables(24, 40, seed=5, choice=True, published=True))


def people_in(data: dict) -> dict[tuple[str, str], list]:
    """Every column of a page that counts people."""
    known = [(name, column) for name, columns in PEOPLE.items() if name in data for column in columns]
    found = {(name, column): data[name][column] for name, column in known if column in data[name]}
    found = {key: as_list(values) for key, values in found.items()}
    if "tree" not in data:
        return found
    for level in ("regions", "icbs", "sub_icbs"):
        found |= {
            ("tree", f"{level} {name}"): data["tree"]["sums"][level][name] for name in ("patients", "demand", "people")
        }
    found["tree", "places"] = [count for row in data["tree"]["places"] for count in row]
    found["sites", "flows"] = data["sites"]["flows"]["places"]
    found["sites", "measured"] = [count for site in data["sites"]["measures"] for count in site[0][:2]]
    return found


def limits_in(data: dict) -> list:
    """Every end of a class of people."""
    themes = [theme for theme in data["themes"] if theme["key"] == "unmet"]
    parts = [*themes, *(part for theme in themes for part in theme.get("by_pathway", []))]
    return [end for part in parts for end in (*part["low"], *part["high"])]


def test_no_published_page_holds_a_count_of_people_that_is_not_shown(published: dict[str, str]) -> None:
    hidden = 0
    for name, page in published.items():
        data = block(page)
        for key, values in {**people_in(data), ("themes", "unmet"): limits_in(data)}.items():
            assert [count for count in values if count is not None and (count % 5 or FEWEST <= count <= MOST)] == [], (
                key
            )
            hidden += sum(count is None for count in values)
        assert len(people_in(data)) >= (9 if name == "index" else 34), name
    assert hidden > 500


def test_every_column_of_people_is_known_by_name(published: dict[str, str]) -> None:
    for page in published.values():
        data = block(page)
        blocks = {name: columns for name, columns in data.items() if isinstance(columns, dict) and name != "packed"}
        named = {
            (name, column)
            for name, columns in blocks.items()
            for column, values in columns.items()
            if LIKE_PEOPLE.search(column) and any(isinstance(each, int | float) for each in as_list(values))
        }
        known = {(name, column) for name, columns in PEOPLE.items() for column in columns}
        assert named - known - NO_PEOPLE - {("tree", "places")} == set()


def as_list(values: object) -> list:
    return values if isinstance(values, list) else [values]


def test_hours_of_a_flow_are_hidden_with_its_people(published: dict[str, str]) -> None:
    flows = block(published["map"])["flows"]
    assert [hours is None for hours in flows["hours"]] == [places is None for places in flows["places"]]
    assert flows["places"].count(None) > 20


def test_an_internal_page_holds_exact_counts(exact: dict[str, str]) -> None:
    counts = [count for values in people_in(block(exact["map"])).values() for count in values]
    assert None not in counts
    assert any(FEWEST <= count <= MOST for count in counts)


def test_a_part_of_a_published_run_is_rounded_as_the_whole_is() -> None:
    tables = made_up_tables(24, 40, seed=5, choice=True, published=True)
    for code in summarise_icbs(tables)[IcbResultFrame.icb_code]:
        facts = share_of(tables, code).facts
        counts = (facts.people, facts.completions, facts.patients, facts.demand_places, facts.unmet_places)
        assert all(count % 5 == 0 for count in counts)
        assert facts.people > 0


def test_pages_that_are_not_for_publication_say_so_without_scripts_too(exact, published) -> None:
    for page in exact.values():
        shown = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
        assert shown.count(markup.escape(INTERNAL_MARK)) == 2
        assert markup.escape(INTERNAL_MARK) in re.search("<title>(.*?)</title>", page).group(1)
        assert "@top-center" in page
    for page in published.values():
        assert INTERNAL_MARK not in page and "@top-center" not in page


@pytest.mark.slow
def test_the_same_published_run_gives_the_same_bytes_in_any_order_of_rows() -> None:
    tables = made_up_tables(24, 40, seed=5, choice=True, published=True)
    turned = replace(
        tables,
        **{name: getattr(tables, name).iloc[::-1].reset_index(drop=True)
           for name in ("pcns", "allocation", "unmet", "attention", "places", "facilities", "ties")},
    )  # fmt: skip
    assert build_map(turned) == build_map(tables)
    code = tables.pcns[IcbResultFrame.icb_code].min()
    assert build_map(share_of(turned, code)) == build_map(share_of(tables, code))


@pytest.mark.slow
@pytest.mark.parametrize("status", ["optimal", "within gap", "stopped"])
def test_every_page_tells_its_dates_sources_coverage_and_how_good_the_plan_is(status: str) -> None:
    tables = made_up_tables(24, 40, seed=5)
    gap_share = 0.0 if status == "optimal" else 0.013
    tables = as_published(replace(tables, facts=replace(tables.facts, status=status, gap_share=gap_share)))
    for name, page in pages_of(tables).items():
        told = block(page)["facts"]
        assert told["plan_quality"] == plan_quality(tables.facts)
        assert told["as_of"] and told["period"] and told["rounded_note"] == ROUNDED_NOTE
        assert [tuple(source) for source in told["sources"]] == [tuple(source) for source in tables.facts.sources]
        assert set(tables.facts.notes) <= set(told["notes"]), name
        assert (told["pledges_read"], told["pledges_rejected"]) == (
            tables.facts.pledges_read,
            tables.facts.pledges_rejected,
        )
        assert name not in ("map", "index") or told["not_reported"] == not_reported(tables.facts)
    assert len({plan_quality(replace(tables.facts, status=each)) for each in ("within gap", "stopped")}) == 2


def test_every_page_has_a_content_policy_that_lets_nothing_in(exact, published) -> None:
    for page in (*exact.values(), *published.values()):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert rules["img-src"] == "data:"
        assert all(re.fullmatch(r"'sha256-[\w+/=]+'", part) for part in rules["script-src"].split())
        assert all(re.fullmatch(r"'sha256-[\w+/=]+'", part) for part in rules["style-src"].split())
