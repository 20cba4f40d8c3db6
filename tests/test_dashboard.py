"""The pages of the workbook with their native charts, read back by a program that did not write them."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from made_up import HOSTILE, made_up_tables
from made_up_choice import made_up_choice
from openpyxl.chart import BarChart, ScatterChart
from openpyxl.utils import range_boundaries

from geomap.phrases import INTERNAL_MARK
from geomap.phrases_choice import recommendation, recommendation_quality, recommendation_worth, role_in_words
from geomap.report.workbook import write_workbook
from geomap.schema import ChosenSiteFrame, FairnessFrame, PortfolioFrame, ResultTables, SiteTables, TradeoffFrame


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return made_up_tables(24, 40, seed=3, choice=True)


@pytest.fixture(scope="module")
def path(tables: ResultTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(tmp_path_factory.mktemp("dashboard") / "results.xlsx", tables)


@pytest.fixture(scope="module")
def book(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def cells_of(book: openpyxl.Workbook, reference: str) -> list:
    """What stands in the cells that a chart is drawn from."""
    sheet, cells = reference.replace("$", "").rsplit("!", 1)
    left, top, right, bottom = range_boundaries(cells)
    assert left == right
    return [book[sheet.strip("'")].cell(row, left).value for row in range(top, bottom + 1)]


def titled(title: object) -> str:
    """The text of a title of a chart or an axis."""
    return "".join(run.t for paragraph in title.tx.rich.p for run in paragraph.r or [])


def chart_of(book: openpyxl.Workbook, sheet: str, words: str) -> BarChart | ScatterChart:
    """The chart of the sheet with these words in its title."""
    found = [chart for chart in book[sheet]._charts if words in titled(chart.title)]
    assert len(found) == 1, [titled(chart.title) for chart in book[sheet]._charts]
    return found[0]


def bars_of(book: openpyxl.Workbook, chart: BarChart) -> tuple[list, list[list]]:
    names = {(series.cat.strRef or series.cat.numRef).f for series in chart.series}
    assert len(names) == 1
    return cells_of(book, names.pop()), [cells_of(book, series.val.numRef.f) for series in chart.series]


def test_every_chart_says_what_it_shows_and_in_which_units(book: openpyxl.Workbook, path: Path) -> None:
    assert {sheet.title: len(sheet._charts) for sheet in book if sheet._charts} == {"Summary": 4, "Sites": 4}
    for chart in [*book["Summary"]._charts, *book["Sites"]._charts]:
        assert len(titled(chart.title)) > 15
        axes = {titled(axis.title) for axis in (chart.x_axis, chart.y_axis) if axis.title is not None}
        assert any(re.search(r"hours|%|places|completions|£", text) for text in axes), axes
    with zipfile.ZipFile(path) as archive:
        drawings = [archive.read(name).decode() for name in archive.namelist() if "drawings/drawing" in name]
    told = [text for drawing in drawings for text in re.findall(r'descr="([^"]*)"', drawing)]
    assert len(told) == 8
    assert all(len(text) > 40 for text in told)


def test_charts_are_drawn_from_cells_of_their_own_page_that_hold_numbers(book: openpyxl.Workbook) -> None:
    for sheet in ("Summary", "Sites"):
        for chart in book[sheet]._charts:
            for series in chart.series:
                values = series.yVal if isinstance(chart, ScatterChart) else series.val
                across = series.xVal if isinstance(chart, ScatterChart) else series.cat
                reference = (across.numRef or across.strRef).f
                assert values.numRef.f.startswith(f"{sheet}!") and reference.startswith(f"{sheet}!")
                numbers = [cell for cell in cells_of(book, values.numRef.f) if cell is not None]
                assert numbers and all(isinstance(number, int | float) for number in numbers)
                assert len(cells_of(book, values.numRef.f)) == len(cells_of(book, reference))


def test_charts_of_the_summary_hold_the_figures_of_the_run(book: openpyxl.Workbook, tables: ResultTables) -> None:
    facts = tables.facts
    names, bars = bars_of(book, chart_of(book, "Summary", "of the hours pledged find somebody"))
    assert names == ["Pledged", "Eligible", "Matched", "Unmatched", "Ineligible"]
    hours = [facts.pledged_hours, facts.eligible_hours, facts.matched_hours, facts.unmatched_hours,
             facts.ineligible_hours]  # fmt: skip
    assert bars == [pytest.approx(hours)]
    names, bars = bars_of(book, chart_of(book, "Summary", "in the most deprived fifth"))
    fifths = tables.fairness[tables.fairness["measure"].eq("coverage_by_fifth")].iloc[:5]
    assert bars == [pytest.approx(fifths[FairnessFrame.before].tolist()),
                    pytest.approx(fifths[FairnessFrame.after].tolist())]  # fmt: skip
    assert [name[0] for name in names] == list("12345")
    names, bars = bars_of(book, chart_of(book, "Summary", "of the hours matched"))
    assert names == ["Public sector", "Private sector", "Voluntary sector"]
    assert bars == [pytest.approx(tables.sectors[name].tolist()) for name in ("pledged_hours", "matched_hours")]
    names, bars = bars_of(book, chart_of(book, "Summary", "Most places unmet"))
    assert names == tables.gaps["pathway_name"].tolist()
    assert bars == [tables.gaps[name].tolist() for name in ("matched_places", "unmet_places")]


@pytest.mark.parametrize(
    ("curve", "words", "across"),
    [
        ("coverage", "worst-covered", TradeoffFrame.worst_coverage_share),
        ("cost", "£", TradeoffFrame.setup_cost),
        ("sites", "6 would", TradeoffFrame.limit),
    ],
)
def test_trade_offs_are_curves_with_the_chosen_point_marked(
    book: openpyxl.Workbook, tables: ResultTables, curve: str, words: str, across: str
) -> None:
    told = tables.choice.tradeoffs
    points = told[told[TradeoffFrame.curve].eq(curve)].sort_values([across, TradeoffFrame.value])
    chart = chart_of(book, "Sites", words)
    assert isinstance(chart, ScatterChart)
    drawn, marked = (
        (cells_of(book, series.xVal.numRef.f), cells_of(book, series.yVal.numRef.f)) for series in chart.series
    )
    assert drawn == (pytest.approx(points[across].tolist()), pytest.approx(points[TradeoffFrame.value].tolist()))
    here = points[points[TradeoffFrame.chosen]]
    assert marked == (pytest.approx(here[across].tolist()), pytest.approx(here[TradeoffFrame.value].tolist()))
    assert len(marked[0]) == 1


def test_robustness_has_every_chosen_site_and_tells_it_from_the_others(
    book: openpyxl.Workbook, tables: ResultTables
) -> None:
    rows = tables.choice.robustness.set_index("site_name")
    names, (chosen, others) = bars_of(book, chart_of(book, "Sites", "of draws of the assumptions"))
    assert set(rows.index[rows["chosen"]]) <= set(names)
    for name, own, other in zip(names, chosen, others, strict=True):
        told, empty = (own, other) if rows.at[name, "chosen"] else (other, own)
        assert (told, empty) == (pytest.approx(rows.at[name, "share_of_draws"]), None)


def test_the_sites_page_recommends_and_says_why(book: openpyxl.Workbook, tables: ResultTables) -> None:
    choice = tables.choice
    cells = [cell for row in book["Sites"].iter_rows(values_only=True) for cell in row if cell is not None]
    assert cells[:2] == [INTERNAL_MARK, f"{recommendation(choice)}."]
    assert [recommendation_worth(choice), recommendation_quality(choice)] == cells[3:5]
    assert [f"• {text}" for text in choice.conditions] == cells[6:8]
    first = choice.chosen[choice.chosen[ChosenSiteFrame.portfolio] == 1]
    at = cells.index("The sites") + 10
    assert cells[at : at + 3] == [1, first["site_name"].iloc[0], first["icb_name"].iloc[0]]
    assert cells[at + 4] == first["places"].iloc[0]
    reasons = [f"• {text}" for text in choice.reasons["sentence"]]
    assert set(reasons) <= set(cells)
    assert cells.count("the sites chosen") == 3


def without(choice: SiteTables, *names: str) -> SiteTables:
    return dataclasses.replace(choice, **{name: getattr(choice, name).iloc[:0] for name in names})


def test_what_was_not_asked_for_leaves_no_empty_section(tables: ResultTables, tmp_path: Path) -> None:
    bare = without(tables.choice, "tradeoffs", "robustness", "regrets", "draws", "comparators", "reasons", "flips",
                   "limits", "changes", "parts")  # fmt: skip
    path = write_workbook(tmp_path / "bare.xlsx", dataclasses.replace(tables, choice=bare))
    sheet = openpyxl.load_workbook(path)["Sites"]
    told = {cell for row in sheet.iter_rows(values_only=True) for cell in row}
    assert sheet._charts == []
    assert not told & {"How firm the choice is", "Need met and cost", "What to compare each site with"}
    assert "Portfolios to choose from" in told


def test_no_choice_within_the_conditions_is_told(tables: ResultTables, tmp_path: Path) -> None:
    none = without(tables.choice, "portfolios", "chosen", "plan", "tradeoffs", "robustness", "comparators", "reasons")
    path = write_workbook(tmp_path / "none.xlsx", dataclasses.replace(tables, choice=none))
    told = openpyxl.load_workbook(path)["Sites"]["A2"].value
    assert told == "No site can be recommended: no choice meets the conditions."


def test_a_run_without_demand_or_hours_has_a_page(tables: ResultTables, tmp_path: Path) -> None:
    empty = dataclasses.replace(
        tables,
        choice=None,
        facts=dataclasses.replace(tables.facts, people=0, pledged_hours=0.0, matched_hours=0.0, demand_places=0),
        gaps=tables.gaps.iloc[:0],
        sectors=tables.sectors.assign(pledged_hours=0.0, matched_hours=0.0, people=0),
        fairness=tables.fairness.assign(before=float("nan"), after=float("nan")),
    )
    book = openpyxl.load_workbook(write_workbook(tmp_path / "empty.xlsx", empty))
    assert [titled(chart.title) for chart in book["Summary"]._charts] == [
        "No hours are pledged",
        "Hours pledged by sector; none is matched",
    ]


@pytest.mark.slow
def test_hostile_names_stay_words_on_the_pages(tmp_path: Path) -> None:
    made = made_up_tables(24, 40, seed=3, choice=True, hostile=True)
    path = write_workbook(tmp_path / "hostile.xlsx", made)
    book = openpyxl.load_workbook(path)
    cells = {cell for row in book["Sites"].iter_rows(values_only=True) for cell in row if isinstance(cell, str)}
    first = made.choice.chosen[made.choice.chosen["portfolio"] == 1]["site_name"]
    assert set(first) <= cells
    assert set(made.choice.candidates["site_name"]) & set(HOSTILE)
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    assert not [part for part in parts if b"<hyperlink" in part or b"<f>" in part]


def test_recommendations_in_words() -> None:
    one = made_up_choice(6, 1)
    assert recommendation(one).startswith("Recommended as a test-and-learn site: ")
    assert recommendation_worth(one).startswith("It would give ")
    many = made_up_choice(40, 12)
    assert re.fullmatch(r"Recommended: 12 test-and-learn sites, first of all .*, .* and .*", recommendation(many))
    assert "proven that no other choice" in recommendation_quality(many)
    stopped = many.portfolios.assign(**{PortfolioFrame.status: "stopped", PortfolioFrame.bound: 1.0})
    stopped = stopped.assign(**{PortfolioFrame.value: 0.9879})
    told = recommendation_quality(dataclasses.replace(many, portfolios=stopped))
    assert told == "The search ended short of full proof; they meet at least 98.7% of the need that any choice could."
    assert role_in_words("falls_instructor_psi") == "falls instructor (PSI)"
    assert role_in_words("tai_chi_leader") == "tai chi leader"


def test_the_made_up_choice_agrees_with_itself() -> None:
    """What the tests of other rooms take for granted."""
    choice = made_up_choice(30, 5, seed=4)
    first = choice.chosen[choice.chosen["portfolio"] == 1].set_index("site_id")
    parts = choice.parts.groupby("site_id")["value"].sum()
    assert parts[first.index].to_numpy() == pytest.approx(first["value"].to_numpy(), abs=1e-9)
    sums = choice.chosen.groupby("portfolio")[["value", "places", "matched_hours", "setup_cost"]].sum()
    pd.testing.assert_frame_equal(
        sums.reset_index(drop=True), choice.portfolios[list(sums)], check_exact=False, check_dtype=False
    )
    assert choice.plan["places"].sum() == choice.portfolios["places"].iloc[0]
    sets = [set(rows["site_id"]) for _, rows in choice.chosen.groupby("portfolio")]
    assert all(len(a - b) >= 2 for a in sets for b in sets if a is not b)
