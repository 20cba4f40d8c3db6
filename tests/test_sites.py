"""`geomap sites` from end to end on the demo: every table holds, figures agree, and a second run is the same."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd
import pytest

from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import ConfigError, DataError, InfeasibleError
from geomap.load.gather import Inputs, load_inputs
from geomap.outputs import verify_folder
from geomap.pipeline import run, solve
from geomap.runner import open_runner
from geomap.schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    DrawFrame,
    FlipFrame,
    PortfolioFrame,
    RegretFrame,
    RobustnessFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
    SiteTables,
    TradeoffFrame,
)
from geomap.schema.words import LIST_SEPARATOR

MODELS = {
    "candidates": CandidateFrame, "portfolios": PortfolioFrame, "chosen": ChosenSiteFrame,
    "plan": AllocationResultFrame, "comparators": ComparatorFrame, "tradeoffs": TradeoffFrame, "draws": DrawFrame,
    "robustness": RobustnessFrame, "regrets": RegretFrame, "flips": FlipFrame, "parts": SitePartFrame,
    "limits": SiteLimitFrame, "changes": SiteChangeFrame, "reasons": SiteReasonFrame,
}  # fmt: skip
DRAWS = 12

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A run of the demo that chose sites."""

    scenario: Scenario
    inputs: Inputs
    choice: SiteTables
    folder: Path


def quick(**sites: object) -> Scenario:
    """The demo with a plan that is found at once, few draws and short curves."""
    told = Scenario.from_toml(demo_scenario())
    match = told.match.model_copy(update={"levels": "completions", "rounds": 0})
    wanted = {"portfolios": 2, "tradeoff_points": 3, "gap_share": 0.01, "count": 2, "quota": ()} | sites
    robust = told.robustness.model_copy(update={"draws": DRAWS, "full_draws": 1})
    parts = {"match": match, "sites": told.sites.model_copy(update=wanted), "robustness": robust}
    return told.model_copy(update=parts)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Chosen:
    folder = tmp_path_factory.mktemp("sites") / "results"
    scenario = quick()
    tables = run(scenario, folder, sites=True, internal=True)
    assert tables.choice is not None
    return Chosen(scenario=scenario, inputs=load_inputs(scenario), choice=tables.choice, folder=folder)


def test_every_table_holds_its_model(chosen: Chosen) -> None:
    for name, model in MODELS.items():
        frame = getattr(chosen.choice, name)
        model.validate(frame, lazy=True)
        assert len(frame), name
    assert set(MODELS) | {"unit", "count", "conditions", "notes"} == {field.name for field in fields(SiteTables)}


def test_the_folder_is_whole_and_keeps_no_draws(chosen: Chosen) -> None:
    assert verify_folder(chosen.folder) == []
    assert (chosen.folder / "report.docx").is_file() and (chosen.folder / "site_reasons.csv").is_file()
    assert [path.name for path in chosen.folder.parent.iterdir()] == ["results"]


def test_portfolios_and_their_sites_agree(chosen: Chosen) -> None:
    portfolios, sites = chosen.choice.portfolios, chosen.choice.chosen
    sums = sites.groupby("portfolio")[["value", "places", "completions", "matched_hours", "setup_cost"]].sum()
    for column in sums:
        assert portfolios.set_index("portfolio")[column].to_numpy() == pytest.approx(sums[column].to_numpy(), rel=1e-9)
    assert portfolios["value"].is_monotonic_decreasing and (portfolios["value"] <= portfolios["bound"] + 1e-9).all()
    assert (portfolios["sites"] == chosen.scenario.sites.count).all()
    assert (portfolios["differs_by"] >= chosen.scenario.sites.differ_by).all()
    plan = chosen.choice.plan
    first = sites[sites["portfolio"] == 1].set_index("site_id")
    assert plan.groupby("pcn_code")["places"].sum().to_dict() == first.loc[first["places"] > 0, "places"].to_dict()


def test_parts_of_a_chosen_site_add_up_to_its_value(chosen: Chosen) -> None:
    first = chosen.choice.chosen[chosen.choice.chosen["portfolio"] == 1].set_index("site_id")["value"]
    parts = chosen.choice.parts[chosen.choice.parts["chosen"]].groupby("site_id")["value"].sum()
    assert parts.to_numpy() == pytest.approx(first.reindex(parts.index).to_numpy(), abs=1e-9)
    assert set(parts.index) == set(first.index)


def test_comparators_are_not_chosen_and_the_curves_hold_the_portfolio(chosen: Chosen) -> None:
    first = set(chosen.choice.chosen.loc[chosen.choice.chosen["portfolio"] == 1, "site_id"])
    assert set(chosen.choice.comparators["site_id"]) == first
    assert not first & set(chosen.choice.comparators["comparator_id"].dropna())
    for _, curve in chosen.choice.tradeoffs.groupby("curve"):
        (marked,) = curve.loc[curve["chosen"], "sites"]
        assert set(marked.split(LIST_SEPARATOR)) == first


def test_draws_and_what_is_told_of_them_agree(chosen: Chosen) -> None:
    draws = chosen.choice.draws
    assert draws["draw"].tolist() == list(range(DRAWS + 1))
    assert (draws["value"] <= draws["bound"] * (1 + 1e-9)).all()
    told = chosen.choice.robustness.set_index("site_id")["share_of_draws"]
    drawn = draws.loc[draws["draw"] > 0, "sites"].str.split(LIST_SEPARATOR).explode().value_counts() / DRAWS
    assert told.to_numpy() == pytest.approx(drawn.reindex(told.index).fillna(0).to_numpy())


@pytest.mark.thorough
def test_workers_change_no_byte_but_the_day_of_the_run(chosen: Chosen, tmp_path: Path) -> None:
    with open_runner(2) as runner:
        run(chosen.scenario, tmp_path / "again", sites=True, runner=runner, internal=True)
    for path in chosen.folder.iterdir():
        if path.name != "manifest.json":
            assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    folders = (chosen.folder, tmp_path / "again")
    told, again = (json.loads((folder / "manifest.json").read_text())["outputs"] for folder in folders)
    assert told == again


def test_what_is_not_asked_for_is_left_out(chosen: Chosen) -> None:
    scenario = quick(explain=False, tradeoff_points=0, portfolios=1)
    choice = solve(chosen.inputs, scenario.for_sites(draws=0), sites=True).choice
    for name in ("tradeoffs", "draws", "robustness", "regrets", "flips", "parts", "limits", "changes", "reasons"):
        frame = getattr(choice, name)
        MODELS[name].validate(frame)
        assert frame.empty
    assert len(choice.portfolios) == 1 and choice.portfolios["value"].iloc[0] > 0


@pytest.mark.parametrize("unit", ["icb", "group"])
def test_sites_of_several_pcns(chosen: Chosen, unit: str) -> None:
    codes = chosen.choice.candidates["site_id"].tolist()
    groups = {"North": tuple(codes[:6]), "South": tuple(codes[6:12])} if unit == "group" else {}
    scenario = quick(unit=unit, groups=groups, count=1, differ_by=1, portfolios=1, tradeoff_points=0, explain=False)
    choice = solve(chosen.inputs, scenario.for_sites(draws=0), sites=True).choice
    assert len(choice.chosen) == 1
    served = set(choice.plan["pcn_code"])
    assert served <= set(choice.chosen["pcn_codes"].iloc[0].split(LIST_SEPARATOR)) and len(served) > 1


def test_a_site_that_is_not_there_and_conditions_that_clash(chosen: Chosen) -> None:
    with pytest.raises(ConfigError, match="U00000"):
        solve(chosen.inputs, quick(must_include=("U00000",)), sites=True)
    rural = replace(chosen, scenario=quick(count=2, spacing_km=1000.0)).scenario
    with pytest.raises(InfeasibleError, match="1000 km apart"):
        solve(chosen.inputs, rural, sites=True)


@pytest.mark.thorough
def test_draws_that_are_done_are_not_drawn_again(chosen: Chosen, tmp_path: Path) -> None:
    """A run that is stopped while it draws goes on from there, and ends with the same figures."""

    class StoppedError(Exception):
        pass

    def stop(text: str) -> None:
        if text.startswith("solving draws in full"):
            raise StoppedError

    scenario = quick(portfolios=1, tradeoff_points=0, explain=False)
    with pytest.raises(StoppedError):
        solve(chosen.inputs, scenario, stop, sites=True, kept=tmp_path / "kept")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    assert before
    choice = solve(chosen.inputs, scenario, sites=True, kept=tmp_path / "kept").choice
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    assert {name: after[name] for name in before} == before
    pd.testing.assert_frame_equal(choice.draws, chosen.choice.draws)


def test_more_sites_than_there_are(chosen: Chosen) -> None:
    with pytest.raises(ConfigError, match="sites.count is 99, and there are 45 sites to choose from"):
        solve(chosen.inputs, quick(count=99), sites=True)


def test_a_template_that_is_no_word_document_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "icb.docx").write_text("not a document", encoding="utf-8")
    said: list[str] = []
    with pytest.raises(DataError):
        run(quick(), tmp_path / "out", said.append, template=tmp_path / "icb.docx")
    assert said == []
