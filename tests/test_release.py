"""A published run, file by file: no small number of people anywhere, everything balances, the map is drawn from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from docx import Document

from geomap import few
from geomap.assemble import Parts
from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import DataError
from geomap.load.earlier import load_earlier
from geomap.load.published import load_published
from geomap.load.results import load_results
from geomap.pipeline import Inputs, load_inputs, map_results, plan_run, write_results
from geomap.pipeline._release import publish_tables
from geomap.pipeline._tables import Run, build_tables
from geomap.schema import (
    AllocationFrame,
    AllocationResultFrame,
    LedgerFrame,
    PcnResultFrame,
    ResultTables,
    SiteTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.published import FILE_OF, PEOPLE, SUPPRESSED

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Both:
    """The demo with few sites, exact and published."""

    inputs: Inputs
    finished: tuple[Run, Parts, SiteTables | None]
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
    return Both(inputs=inputs, finished=finished, exact=exact, tables=tables, folder=folder, scenario=scenario)


def assert_fit(cells: pd.Series) -> None:
    """Each cell is the mark, 0 or a multiple of 5 from 10 on."""
    numbers = pd.to_numeric(cells[(cells != SUPPRESSED) & cells.notna()])
    assert (numbers % few.BASE == 0).all(), cells.name
    assert not numbers.between(few.FEWEST, few.MOST).any(), cells.name


@pytest.mark.parametrize("table", [name for name in PEOPLE if name != "places"])
def test_no_file_of_a_published_run_has_a_small_count(both: Both, table: str) -> None:
    frame = pd.read_csv(both.folder / f"{FILE_OF.get(table, table)}.csv", encoding="utf-8-sig", dtype="str")
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


def test_the_list_of_services_hides_what_the_allocation_hides(both: Both) -> None:
    told = json.loads((both.folder / "open_referral.json").read_bytes())["x-geomap"]["matched"]
    frame = pd.read_csv(both.folder / "allocation.csv", encoding="utf-8-sig", dtype="str")
    for column in (AllocationResultFrame.places, AllocationResultFrame.matched_hours):
        assert [str(row.get(column, row.get("not_shown"))) for row in told] == [
            cell.removesuffix(".0") for cell in frame[column]
        ]


@pytest.mark.parametrize("layer", ["pcns", "facilities", "places"])
def test_no_layer_of_the_geopackage_has_a_small_count(both: Both, layer: str) -> None:
    frame = pyogrio.read_dataframe(both.folder / "results.gpkg", layer=layer, read_geometry=False)
    for column in PEOPLE[layer]:
        assert_fit(frame[column])


def test_the_figures_of_the_run_are_multiples_of_five_near_the_exact_ones(both: Both) -> None:
    facts, exact = json.loads((both.folder / "facts.json").read_bytes())["facts"], both.exact.facts
    assert facts["internal"] is False
    for name in ("people", "patients", "demand_places", "unmet_places", "completions", "objective", "bound"):
        assert facts[name] % few.BASE == 0
        assert facts[name] == pytest.approx(getattr(exact, name), rel=0.02)


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


TOLD_OF_THE_WHOLE = {"facts", "figures", "levels", "record", "choice", "demand", "prevalence"}
"""What tells of the whole run, or is not written; all else must follow from the rounded counts."""


def with_one_person_more(finished: tuple[Run, Parts, SiteTables | None]) -> tuple[Run, Parts]:
    """The plan with one person more in a row that shows no count, where every rounded count stays what it was."""
    run, parts, _ = finished
    a, u = AllocationFrame, UnmetFrame
    plan, unmet = run.plan.match.allocation.copy(), parts.unmet.copy()
    pair = unmet.set_index([u.pcn_code, u.pathway_id])[u.matched_places]
    whole = unmet.groupby(u.pcn_code)[u.matched_places].sum()
    served = plan.groupby(a.pledge_id)[a.places].sum()

    def stays(count: int) -> bool:
        alike = few.round_people(pd.Series([count, count + 1]))
        return alike.isna().all() or alike.nunique() == 1 and alike.notna().all()

    for row in plan.itertuples():
        counts = (row.places, pair[row.pcn_code, row.pathway_id], whole[row.pcn_code], served[row.pledge_id])
        left = unmet[u.pcn_code].eq(row.pcn_code) & unmet[u.pathway_id].eq(row.pathway_id)
        if row.places <= 5 and unmet.loc[left, u.unmet_places].item() > 1 and all(map(stays, counts)):
            break
    else:
        raise AssertionError("no such row")
    plan.loc[row.Index, a.places] += 1
    unmet.loc[left, u.matched_places] += 1
    unmet.loc[left, u.unmet_places] -= 1
    match = replace(run.plan.match, allocation=plan, first_allocation=plan)
    again = replace(run, plan=replace(run.plan, match=match))
    ledger = parts.ledger.copy()
    mine = ledger[LedgerFrame.pledge_id].eq(row.pledge_id)
    moved = ledger.loc[mine, LedgerFrame.unmatched_hours].clip(upper=1.0)
    ledger.loc[mine, LedgerFrame.matched_hours] += moved
    ledger.loc[mine, LedgerFrame.unmatched_hours] -= moved
    return again, replace(parts, unmet=unmet, ledger=ledger)


def test_one_person_more_where_no_count_is_shown_changes_nothing_that_is_published(both: Both) -> None:
    run, parts, _ = both.finished
    match = replace(run.plan.match, first_allocation=run.plan.match.allocation)
    run = replace(run, plan=replace(run.plan, match=match))
    before, after = publish_tables(run, parts), publish_tables(*with_one_person_more((run, parts, None)))
    exact = build_tables(*with_one_person_more((run, parts, None)))
    assert not exact.unmet.equals(build_tables(run, parts).unmet)
    for one, other in ((before, after), (before.bank, after.bank)):
        for field in fields(one):
            if field.name not in {*TOLD_OF_THE_WHOLE, "bank"}:
                told, again = (pd.DataFrame(getattr(tables, field.name)) for tables in (one, other))
                pd.testing.assert_frame_equal(told, again, obj=field.name)
