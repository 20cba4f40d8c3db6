"""A published run, file by file: no small number of people anywhere, everything balances, the map is drawn from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from docx import Document

from geomap import few
from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import DataError
from geomap.load.earlier import load_earlier
from geomap.load.published import load_published
from geomap.load.results import load_results
from geomap.pipeline import Inputs, load_inputs, map_results, plan_run, write_results
from geomap.pipeline._release import publish_tables
from geomap.pipeline._tables import build_tables
from geomap.schema import (
    AllocationResultFrame,
    LedgerFrame,
    PcnResultFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.published import PEOPLE, SUPPRESSED

FILES = {"unmet": "unmet_demand", "plan": "site_plan", "chosen": "chosen_sites"}
"""Table → its file, where that is not the table's own name."""


@dataclass(frozen=True, kw_only=True)
class Both:
    """The demo with few sites, exact and published."""

    inputs: Inputs
    exact: ResultTables
    tables: ResultTables
    folder: Path
    scenario: Scenario


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    scenario = Scenario.from_toml(demo_scenario()).for_sites(3, 0)
    scenario = scenario.model_copy(
        update={"sites": scenario.sites.model_copy(update={"portfolios": 2, "tradeoff_points": 0})}
    )
    inputs = load_inputs(scenario)
    finished = plan_run(inputs, scenario, sites=True)
    exact, tables = build_tables(*finished), publish_tables(*finished)
    folder = tmp_path_factory.mktemp("published") / "results"
    write_results(tables, scenario, folder, inputs=inputs.paths)
    return Both(inputs=inputs, exact=exact, tables=tables, folder=folder, scenario=scenario)


def assert_fit(cells: pd.Series) -> None:
    """Each cell is the mark, 0 or a multiple of 5 from 10 on."""
    numbers = pd.to_numeric(cells[(cells != SUPPRESSED) & cells.notna()])
    assert (numbers % few.BASE == 0).all(), cells.name
    assert not numbers.between(few.FEWEST, few.MOST).any(), cells.name


@pytest.mark.parametrize("table", [name for name in PEOPLE if name != "places"])
def test_no_file_of_a_published_run_has_a_small_count(both: Both, table: str) -> None:
    frame = pd.read_csv(both.folder / f"{FILES.get(table, table)}.csv", encoding="utf-8-sig", dtype="str")
    assert set(PEOPLE[table]) <= set(frame.columns)
    for column in PEOPLE[table]:
        assert_fit(frame[column])


def test_the_marks_stand_where_the_exact_count_is_small(both: Both) -> None:
    frame = pd.read_csv(both.folder / "allocation.csv", encoding="utf-8-sig", dtype="str")
    places = both.exact.allocation[AllocationResultFrame.places]
    assert (frame[AllocationResultFrame.places] == SUPPRESSED).tolist() == places.le(few.MOST).tolist()
    assert 0 < places.le(few.MOST).sum() < len(places)
    hidden = frame[AllocationResultFrame.places] == SUPPRESSED
    for column in (AllocationResultFrame.matched_hours, AllocationResultFrame.completions):
        assert (frame[column] == SUPPRESSED).tolist() == hidden.tolist()


@pytest.mark.parametrize("layer", ["pcns", "facilities", "places"])
def test_no_layer_of_the_geopackage_has_a_small_count(both: Both, layer: str) -> None:
    frame = pyogrio.read_dataframe(both.folder / "results.gpkg", layer=layer, read_geometry=False)
    for column in PEOPLE[layer]:
        assert_fit(frame[column])


def test_the_figures_of_the_run_are_to_the_nearest_five(both: Both) -> None:
    facts, exact = json.loads((both.folder / "facts.json").read_bytes())["facts"], both.exact.facts
    assert facts["internal"] is False
    for name in ("people", "patients", "demand_places", "unmet_places", "completions", "objective", "bound"):
        assert facts[name] % few.BASE == 0
        assert abs(facts[name] - getattr(exact, name)) <= few.BASE / 2


def test_a_published_folder_has_no_exact_plan(both: Both) -> None:
    assert not (both.folder / "plan.json").exists()
    assert both.exact.record is not None
    assert json.loads((both.folder / "manifest.json").read_bytes())["settings"]["internal"] is False


def test_the_published_ledger_balances_to_the_last_hour(both: Both) -> None:
    f, ledger = LedgerFrame, both.tables.ledger
    spent = ledger[f.ineligible_hours] + ledger[f.matched_hours] + ledger[f.unmatched_hours]
    assert spent.to_numpy() == pytest.approx(ledger[f.pledged_hours].to_numpy(), rel=1e-9)
    assert ledger[f.matched_hours].sum() == pytest.approx(both.tables.facts.matched_hours)
    assert ledger[f.pledged_hours].tolist() == both.exact.ledger[f.pledged_hours].tolist()
    told = both.tables.unmatched.groupby(UnmatchedHoursFrame.pledge_id)[UnmatchedHoursFrame.hours].sum()
    left = ledger.set_index(f.pledge_id)[[f.ineligible_hours, f.unmatched_hours]].sum(axis=1)
    assert told.reindex(left.index).fillna(0).to_numpy() == pytest.approx(left.to_numpy())


def test_published_hours_are_near_the_exact_ones(both: Both) -> None:
    assert both.tables.facts.matched_hours == pytest.approx(both.exact.facts.matched_hours, rel=0.005)


@pytest.mark.parametrize("column", [UnmetFrame.demand_places, UnmetFrame.matched_places])
def test_published_counts_of_pcns_are_near_the_exact_ones(both: Both, column: str) -> None:
    shown, exact = both.tables.pcns[column], both.exact.pcns[column]
    assert (shown - exact).abs().dropna().le(few.BASE + 2).all()
    assert (shown - exact).abs().mean() < few.BASE / 2


def test_what_stands_for_hidden_counts_follows_from_the_published_files(both: Both) -> None:
    again = few.fill_few(load_published(both.folder))
    assert (again.allocation[AllocationResultFrame.places] > 0).all()
    back = few.hide_few(again)
    for name in ("pcns", "unmet", "allocation", "facilities", "ties"):
        for column in PEOPLE[name]:
            assert getattr(back, name)[column].astype("str").tolist() == (
                getattr(both.tables, name)[column].astype("str").tolist()
            )


def test_hours_of_pcns_follow_from_the_published_files(both: Both) -> None:
    """Were they computed from the exact plan, they would tell what is hidden."""
    plan = few.fill_few(load_published(both.folder)).allocation
    hours = plan.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.matched_hours].sum()
    pcns = both.tables.pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.matched_hours]
    assert pcns.to_numpy() == pytest.approx(hours.reindex(pcns.index).fillna(0).to_numpy())


def test_the_map_of_a_published_run_is_drawn_again_alike(both: Both, tmp_path: Path) -> None:
    map_results(both.folder, tmp_path / "again", by_icb=True)
    assert (tmp_path / "again" / "map.html").read_bytes() == (both.folder / "map.html").read_bytes()


def test_published_results_cannot_be_compared(both: Both) -> None:
    with pytest.raises(DataError, match="--internal"):
        load_results(both.folder, both.folder)


def test_published_results_cannot_be_started_from(both: Both) -> None:
    with pytest.raises(DataError, match="--internal"):
        load_earlier(both.folder)


def test_the_board_paper_says_how_small_numbers_are_told(both: Both) -> None:
    text = "\n".join(paragraph.text for paragraph in Document(both.folder / "report.docx").paragraphs)
    assert "from 1 to 7" in text
