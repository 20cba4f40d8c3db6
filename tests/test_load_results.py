"""Folders of results read back: what was written comes back, and what a run did not write is refused in words."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from finished_runs import SETTINGS, change_result, write_finished
from made_up import HOSTILE, made_up_tables
from test_report import HOSTILE as FORMULAS

from geomap.errors import DataError
from geomap.load.results import holds_results, load_results
from geomap.report.files import published_tables
from geomap.schema import AccountingFrame, FacilityResultFrame, PcnResultFrame
from geomap.schema.comparison import RunFileFrame, RunSettingFrame

TABLES = {
    "ledger": "ledger", "facilities": "facilities", "pcns": "pcns", "allocation": "allocation", "levels": "levels",
    "unmet": "unmet_demand", "links": "links", "accounting": "accounting", "portfolios": "portfolios",
    "chosen": "chosen_sites",
}  # fmt: skip
"""Table of a finished run → the published one it is read from."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_finished(tmp_path_factory.mktemp("finished") / "results", made_up_tables())


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """Finished results, to be broken."""
    return Path(shutil.copytree(finished, tmp_path / "results"))


def faults_of(*folders: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        load_results(*folders)
    assert caught.value.exit_code == 3
    return str(caught.value).splitlines()


@pytest.mark.parametrize("hostile", [False, True])
def test_what_was_published_comes_back(tmp_path: Path, hostile: bool) -> None:
    tables = made_up_tables(hostile=hostile, choice=True)
    (run,) = load_results(write_finished(tmp_path / "results", tables))
    published = published_tables(tables)
    for name, file in TABLES.items():
        back = getattr(run, name)
        written = published[file][list(back.columns)].reset_index(drop=True).astype(back.dtypes)
        rounded = [c for c in back.select_dtypes("float").columns if not c.endswith("hours")]
        pd.testing.assert_frame_equal(back.drop(columns=rounded), written.drop(columns=rounded), check_exact=True)
        pd.testing.assert_frame_equal(back[rounded], written[rounded], rtol=5e-6, atol=0)
    if hostile:
        assert run.facilities[FacilityResultFrame.facility_name].head(len(HOSTILE)).tolist() == list(HOSTILE)


def test_text_made_harmless_comes_back_as_it_was(tmp_path: Path) -> None:
    tables = made_up_tables()
    names = [*FORMULAS, "-12", "+1.5e3", "'quoted'", "o'clock", ' "=1" ', "a,b;c\td"]
    names += tables.pcns[PcnResultFrame.pcn_name].iloc[len(names) :].tolist()
    pcns = tables.pcns.assign(**{PcnResultFrame.pcn_name: pd.Series(names[: len(tables.pcns)], dtype="str")})
    rows = [dict.fromkeys(AccountingFrame.to_schema().columns, "x") | {"row": 2, "rows": 1, "status": "rejected"}]
    account = pd.DataFrame(rows * len(names)).assign(**{AccountingFrame.value: pd.Series(names, dtype="str")})
    tables = dataclasses.replace(tables, pcns=pcns, accounting=account)
    (run,) = load_results(write_finished(tmp_path / "results", tables))
    # A CSV is read with every line ended alike, in cells too.
    as_read = [name.replace("\r", "\n") for name in names]
    assert run.pcns[PcnResultFrame.pcn_name].tolist() == as_read[: len(pcns)]
    assert run.accounting[AccountingFrame.value].tolist() == as_read


def test_settings_and_files_come_from_the_manifest(tmp_path: Path) -> None:
    more = {
        "wishes": {"lock": [{"pledge_id": "P1", "pcn_code": "U1"}, {"pledge_id": "P2"}], "ban": []},
        "area": {"icb_codes": ["QOP", "QRL"]},
        "bank": {"strict": False},
    }
    settings = SETTINGS | more
    (run,) = load_results(write_finished(tmp_path / "results", made_up_tables(), settings, pledges="a", links="b"))
    told = run.settings.groupby(RunSettingFrame.setting)[RunSettingFrame.value].agg(list).to_dict()
    assert told["travel.max_min"] == ["15"] and told["travel.detour.walk"] == ["1.3"]
    assert told["match.require_roles"] == ["true"] and told["bank.strict"] == ["false"]
    assert told["area.icb_codes"] == ["QOP; QRL"]
    assert told["wishes.lock"] == ["pcn_code U1, pledge_id P1", "pledge_id P2"]
    assert "versions.geomap" in told
    assert not {"label", "sites.budget", "wishes.ban"} & set(told)  # empty, or not given
    assert run.files[RunFileFrame.file].tolist() == ["links.csv", "pledges.csv"]
    assert run.name == "Middle Shire"


def test_sites_are_there_where_they_were_chosen(tmp_path: Path, folder: Path) -> None:
    chosen = write_finished(tmp_path / "sites", made_up_tables(choice=True))
    without, with_sites = load_results(folder, chosen)
    assert without.chosen is None and without.portfolios is None
    assert len(with_sites.chosen) > len(with_sites.portfolios) > 0


def test_faults_of_all_folders_are_told_at_once(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    (folder / "ledger.csv").write_text("changed", encoding="utf-8")
    (folder / "pcns.csv").unlink()
    lines = faults_of(tmp_path / "nowhere", folder, tmp_path / "empty")
    assert len(lines) == 4
    assert "nowhere" in lines[0] and "there is no such folder" in lines[0]
    assert str(folder / "ledger.csv") in lines[1] and "changed after the run had written it" in lines[1]
    assert str(folder / "pcns.csv") in lines[2] and "it is gone" in lines[2]
    assert "empty" in lines[3] and "no manifest.json" in lines[3]
    assert all(line.endswith(".") for line in lines)


def test_a_fault_of_a_folder_named_twice_is_told_once(folder: Path) -> None:
    (folder / "links.csv").unlink()
    assert len(faults_of(folder, folder)) == 1


def test_a_workbook_that_was_saved_again_does_no_harm(folder: Path) -> None:
    (folder / "results.gpkg").write_bytes(b"opened and saved")
    assert len(load_results(folder)) == 1


def test_results_of_another_version_are_refused_in_words(folder: Path) -> None:
    heading, rest = (folder / "ledger.csv").read_text(encoding="utf-8-sig").split("\n", maxsplit=1)
    change_result(folder, "ledger.csv", heading.replace("hour_unit", "unit") + "\n" + rest)
    pcns = (folder / "pcns.csv").read_text(encoding="utf-8-sig").splitlines()
    column = pcns[0].split(",").index("patients")
    cells = pcns[1].split(",")
    pcns[1] = ",".join([*cells[:column], "many", *cells[column + 1 :]])
    change_result(folder, "pcns.csv", "\n".join(pcns))
    levels = (folder / "levels.csv").read_text(encoding="utf-8-sig")
    change_result(folder, "levels.csv", levels.replace("stopped", "given up"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["outputs"]["facilities.csv"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    lines = faults_of(folder)
    assert [line.split("results/")[1].split(":")[0] for line in lines] == [
        "ledger.csv, column hour_unit", "facilities.csv", "pcns.csv, column patients", "levels.csv, column status",
    ]  # fmt: skip
    assert all("Run the scenario again with this version of geomap" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"outputs": {}}', '{"outputs": {"ledger.csv": 1}, "inputs": [], "settings": {}, "versions": {}}'],
)
def test_a_damaged_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    (line,) = faults_of(folder)
    assert str(folder / "manifest.json") in line
    assert not holds_results(folder)


def test_only_the_results_of_a_run_are_results(tmp_path: Path, folder: Path) -> None:
    assert holds_results(folder)
    assert not holds_results(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    manifest = {"outputs": {"plan.csv": {"sha256": ""}}, "inputs": [], "settings": {}, "versions": {}}
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert not holds_results(other)
    (line,) = faults_of(other)
    assert "these are not the results of a run" in line
