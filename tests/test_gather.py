"""Reading all inputs in one pass: every fault of every file, and what is remembered of the files."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from geomap.config import Scenario
from geomap.errors import DataError, RowError
from geomap.load.gather import MOST_UNLIKE_SHARE, Inputs, clip_land, lads_of_practices, load_inputs
from geomap.schema import OutlineFrame, PledgeFrame, PostcodeFrame, PracticeFrame

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return load_inputs(Scenario.from_toml(DEMO / "demo.toml"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(DEMO, tmp_path / "demo")
    return tmp_path / "demo"


def change(path: Path, edit: Callable[[list[list[str]]], list[list[str]]]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = edit(list(csv.reader(stream)))
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def load(folder: Path, bad_rows: str = "reject", **changes: object) -> Inputs:
    scenario = Scenario.from_toml(folder / "demo.toml", **changes)
    return load_inputs(scenario.model_copy(update={"bank": scenario.bank.model_copy(update={"bad_rows": bad_rows})}))


def stopped(folder: Path, bad_rows: str = "reject", **changes: object) -> DataError:
    with pytest.raises(DataError) as caught:
        load(folder, bad_rows, **changes)
    return caught.value


def test_what_was_read(inputs):
    assert set(inputs.tables) == {
        "practice_map", "list_sizes", "qof", "practice_imd", "workforce", "inactivity", "boundaries", "land",
        "practice_addresses", "active_places", "openactive", "open_referral",
    }  # fmt: skip
    assert len(inputs.bank.pledges) == 400
    assert {path.relative_to(DEMO).as_posix() for path in inputs.paths} == {
        path.relative_to(DEMO).as_posix() for name in ("official", "bank") for path in (DEMO / name).iterdir()
    }
    whats = [what for what, _, _ in inputs.sources]
    assert whats[-1] == "Operators' bank of hours" and len(whats) == len(set(whats)) == 14
    assert all(file for _, file, _ in inputs.sources)


def test_progress_names_each_file():
    said: list[str] = []
    load_inputs(Scenario.from_toml(DEMO / "demo.toml"), said.append)
    assert "reading PREVALENCE_2425.csv" in said and said[-1] == "reading bank"


class TestBadRows:
    def test_they_are_left_out_where_the_scenario_says_so(self, inputs):
        assert len(inputs.faults) == 9
        assert {fault.row_id for fault in inputs.faults}.isdisjoint(inputs.bank.pledges[PledgeFrame.pledge_id])

    @pytest.mark.slow
    def test_they_stop_the_run_otherwise(self, copy):
        error = stopped(copy, "stop")
        assert type(error) is RowError and len(error.faults) == 9

    @pytest.mark.slow
    def test_of_official_files_too(self, copy):
        """The code of a PCN in row 6 of the practice map is no code."""
        path = copy / "official" / "gp-reg-pat-prac-map.csv"
        change(path, lambda rows: [*rows[:5], [*rows[5][:5], "x", *rows[5][6:]], *rows[6:]])
        assert type(stopped(copy, "stop")) is RowError
        assert [fault.row for fault in load(copy).faults if fault.source == path.name] == [6]

    @pytest.mark.slow
    def test_a_file_that_stops_the_run_is_told_with_the_rows_of_others(self, copy):
        (copy / "official" / "PREVALENCE_2425.csv").write_text("<!DOCTYPE html><html></html>", encoding="utf-8")
        for bad_rows in ("stop", "reject"):
            error = stopped(copy, bad_rows)
            assert type(error) is DataError
            assert error.faults[0].source == "PREVALENCE_2425.csv" and "web page" in error.faults[0].problem
            assert len(error.faults) == 1 + 9

    @pytest.mark.slow
    def test_no_good_pledge_at_all(self, copy):
        change(copy / "bank" / "pledges.csv", lambda rows: [rows[0], *rows[401:]])
        error = stopped(copy)
        assert error.faults[0].source == "pledges.csv" and "nothing to plan with" in error.faults[0].problem
        assert len(error.faults) == 1 + 9


class TestMissing:
    def test_every_required_file_and_the_bank_in_one_pass(self, tmp_path):
        (tmp_path / "official").mkdir()
        error = stopped(DEMO, data=tmp_path / "official", bank=tmp_path / "bank")
        assert len(error.faults) == 3
        assert error.faults[-1].source == "bank"

    def test_without_the_folder_the_bank_is_still_looked_at(self, tmp_path):
        error = stopped(DEMO, data=tmp_path / "none")
        assert "--data" in error.faults[0].remedy
        assert "P0402" in {fault.row_id for fault in error.faults}

    @pytest.mark.slow
    def test_codes_are_not_held_against_a_map_that_cannot_be_read(self, copy):
        (copy / "official" / "gp-reg-pat-prac-map.csv").unlink()
        error = stopped(copy)
        assert not [fault for fault in error.faults if fault.source == "links.csv"]


class TestHalves:
    """A file cut short between two rows is whole as far as its own loader can tell."""

    @pytest.mark.slow
    def test_half_a_practice_map(self, copy):
        change(copy / "official" / "gp-reg-pat-prac-map.csv", lambda rows: rows[:111])
        fault = stopped(copy).faults[0]
        assert fault.source == "gp-reg-pat-prac-map.csv"
        assert fault.problem.startswith("it leaves out 110 practices, with ")

    @pytest.mark.slow
    def test_half_the_list_sizes(self, copy):
        path = copy / "official" / "gp-reg-pat-prac-quin-age.csv"
        packed = path.with_suffix(".zip")
        with zipfile.ZipFile(packed) as archive:
            path.write_bytes(archive.read(path.name))
        packed.unlink()
        with (copy / "official" / "gp-reg-pat-prac-map.csv").open(encoding="utf-8-sig", newline="") as stream:
            codes = {row["PRACTICE_CODE"] for row in csv.DictReader(stream)}
        gone = set(sorted(codes)[110:])
        change(path, lambda rows: [row for row in rows if row[3] not in gone])
        faults = [fault for fault in stopped(copy).faults if fault.source == path.name]
        assert faults[0].problem.startswith("it leaves out 110 of the 220 practices")

    @pytest.mark.slow
    def test_a_practice_in_fifty_is_left_to_the_notes(self, copy):
        few = int(MOST_UNLIKE_SHARE * 220)
        change(copy / "official" / "gp-reg-pat-prac-map.csv", lambda rows: rows[:-few])
        assert len(load(copy).tables["practice_map"]) == 220 - few


def test_postcodes_meet_practices_however_they_are_written(inputs):
    practices = inputs.tables["practice_map"].head(3).copy()
    code = practices[PracticeFrame.postcode]
    practices[PracticeFrame.postcode] = [code.iloc[0].lower(), code.iloc[1].replace(" ", "   "), "ZZ1 1ZZ"]
    lads = lads_of_practices(practices, inputs.postcodes)
    assert lads[PracticeFrame.practice_code].tolist() == practices[PracticeFrame.practice_code].tolist()
    assert lads[PostcodeFrame.lad_code].notna().tolist() == [True, True, False]


def test_only_outlines_that_end_at_the_coast_stand_for_the_land(inputs):
    land = inputs.tables["land"]
    assert clip_land(land) is land
    assert clip_land(None) is None
    assert clip_land(land.assign(**{OutlineFrame.level: "lsoa"})) is None
