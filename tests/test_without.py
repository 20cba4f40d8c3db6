"""A run with whatever files there are: each one that is not required left out by itself, and all of them together."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from geomap.config import Scenario, load_default
from geomap.load.find import find_sources
from geomap.phrases import not_reported
from geomap.pipeline import load_inputs, solve
from geomap.schema import AccountingFrame, PcnResultFrame, ResultTables
from geomap.schema.words import FTE_BASES

pytestmark = pytest.mark.slow

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"
SOURCES = load_default("sources")
THERE = find_sources(DEMO / "official", {})[0]
OPTIONAL = [key for key in THERE if key in SOURCES and not SOURCES[key]["required"]]


@dataclass(frozen=True, slots=True)
class Lacking:
    """The demo without some of its files: what comes of it, and what it says."""

    tables: ResultTables
    read: set[str]


def run_without(folder: Path, *absent: str) -> Lacking:
    """A tenth of the demo's hours, once these sources are taken away; a row that then has a fault is left out."""
    shutil.copytree(DEMO, folder)
    pledges = folder / "bank" / "pledges.csv"
    lines = pledges.read_text(encoding="utf-8").splitlines(keepends=True)
    pledges.write_text("".join(lines[:41]), encoding="utf-8")
    for key in absent:
        (folder / "official" / THERE[key].relative_to(DEMO / "official")).unlink()
    scenario = Scenario.from_toml(folder / "demo.toml")
    quick = scenario.match.model_copy(update={"levels": "completions", "rounds": 0, "gap_share": 0.2})
    scenario = scenario.model_copy(update={"match": quick})
    inputs = load_inputs(scenario)
    return Lacking(tables=solve(inputs, scenario), read=set(inputs.tables))


@pytest.mark.slow
@pytest.mark.parametrize("absent", [(), *((key,) for key in OPTIONAL), tuple(OPTIONAL)],
                         ids=["nothing", *OPTIONAL, "all of them"])  # fmt: skip
def test_results_come_and_a_note_names_what_was_assumed(absent, tmp_path):
    lacking = run_without(tmp_path / "demo", *absent)
    tables = lacking.tables
    assert lacking.read.isdisjoint(absent)
    assert tables.facts.people > 0 and len(tables.pcns) == 45
    assert tables.facts.eligible_hours == pytest.approx(tables.facts.matched_hours + tables.facts.unmatched_hours)
    for key, source in SOURCES.items():
        told = [note for note in tables.facts.notes if note.startswith(f"{source['title']}: not given; ")]
        is_absent = key in absent or key not in THERE
        assert len(told) == (is_absent and not source["required"]), key
        assert all(source["without"] in note for note in told)
    assert (tables.facts.fte_policy == "england_mean") == ("workforce" in absent)


def test_the_demo_has_most_of_what_is_not_required():
    """What the test above leaves out is what there is."""
    assert {"qof", "practice_imd", "workforce", "inactivity", "boundaries", "land", "active_places"} <= set(OPTIONAL)


def test_without_a_workforce_file_the_assumption_is_told_wherever_link_workers_are(tmp_path):
    tables = run_without(tmp_path / "demo", "workforce").tables
    pcns, facts = tables.pcns, tables.facts
    assert pcns[PcnResultFrame.fte_basis].eq("england_mean").all() and "england_mean" in FTE_BASES
    fte = pcns[PcnResultFrame.patients] / 10_000 * 0.4165
    assert pcns[PcnResultFrame.link_worker_fte].to_numpy() == pytest.approx(fte.to_numpy())
    assert facts.link_worker_fte == 0 and facts.pcns_fte_not_reported == len(pcns)
    assert "taken at England's mean for their patients" in not_reported(facts)
    assert any("0.4165 FTE for 10,000 patients" in note for note in facts.notes)
    assert not tables.accounting[AccountingFrame.source].str.contains("PCNWF").any()
