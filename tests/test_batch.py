"""Scenarios in a batch: one row each, inputs read once, finished ones kept, and nobody stopped by another's fault."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import geomap
from geomap import cli, pipeline
from geomap.commands import batch as command
from geomap.config import Scenario
from geomap.config.flat import list_differing
from geomap.demo import demo_scenario
from geomap.errors import ConfigError, DataError, OutputError, SolveError
from geomap.outputs import verify_folder, write_folder
from geomap.pipeline import _batch, find_scenarios, load_inputs, run_batch
from geomap.report.batch import describe_batch, write_batch
from geomap.schema import PcnResultFrame
from geomap.schema.batch import DONE, FAILED, KEPT, NOT_RUN, STATUSES, Batch, BatchFrame

DEMO = demo_scenario()
QUICK = '\n[match]\nlevels = "completions"\nrounds = 0\n'


def write_scenario(folder: Path, name: str, more: str = "", title: str = "") -> Path:
    """The demo under another name, from anywhere, with settings that make it quick."""
    text = DEMO.read_text(encoding="utf-8")
    text = text.replace('folder = "official"', f"folder = '{DEMO.parent / 'official'}'")
    text = text.replace('path = "bank"', f"path = '{DEMO.parent / 'bank'}'")
    text = text.replace("Demo: one invented ICB", title or f"Demo {name}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text + QUICK + more, encoding="utf-8")
    return path


@dataclass
class FakeRuns:
    """Stands for reading and planning: counts what is asked, and fails where it is told to."""

    fails: dict[str, BaseException] = field(default_factory=dict)
    read: list[Path] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    told: list[tuple[int, str]] = field(default_factory=list)

    def asked(self) -> _batch.Asked:
        return _batch.Asked(
            sites=False, internal=False, settings=lambda scenario, internal: scenario.model_dump(mode="json"),
            read=self._read, plan=self._plan, progress=lambda over, text: self.told.append((over, text)),
        )  # fmt: skip

    def _read(self, scenario: Scenario, say: Callable[[str], None]) -> SimpleNamespace:
        self.read.append(scenario.data.folder)
        return SimpleNamespace(paths=())

    def _plan(self, scenario: Scenario, folder: Path, inputs, told, say: Callable[[str], None]) -> SimpleNamespace:
        say("matching")
        if folder.name in self.fails:
            raise self.fails[folder.name]
        self.planned.append(folder.name)
        f = PcnResultFrame
        rows = {f.pcn_code: ["U2", "U1", "U3"], f.pcn_name: list("BAC"), f.coverage_share: [0.2, 0.2, None]}
        pcns = pd.DataFrame(rows)
        facts = SimpleNamespace(people=40, demand_places=100, completions=25.0, matched_hours=960.0, gap_share=0.01)
        return SimpleNamespace(facts=facts, pcns=pcns, choice=None)


def run_fake(tmp_path: Path, fakes: FakeRuns, *paths: Path) -> Batch:
    out = tmp_path / "out"
    tasks = _batch.plan_tasks(find_scenarios(paths), out, Scenario.from_toml)
    return _batch.run_tasks(tasks, out, fakes.asked())


def read_summary(out: Path) -> list[dict[str, str]]:
    data = (out / "batch.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


class TestWhichFiles:
    def test_patterns_folders_and_files_are_opened_here_and_each_file_counts_once(self, tmp_path):
        for name in ("b", "a"):
            write_scenario(tmp_path / "plans", name)
        (tmp_path / "plans" / "notes.txt").touch()
        (tmp_path / "plans" / ".hidden.toml").touch()
        named = [path.name for path in find_scenarios([str(tmp_path / "plans" / "*.toml")]) if path.name[0] != "."]
        assert named == ["a.toml", "b.toml"]
        assert [path.name for path in find_scenarios([tmp_path / "plans"])] == ["a.toml", "b.toml"]
        both = find_scenarios([tmp_path / "plans" / "b.toml", tmp_path / "plans", tmp_path / "plans" / "?.toml"])
        assert [path.name for path in both] == ["b.toml", "a.toml"]

    def test_a_relative_pattern(self, tmp_path, monkeypatch):
        write_scenario(tmp_path / "plans", "a")
        monkeypatch.chdir(tmp_path)
        assert find_scenarios(["plans/*.toml"]) == [Path("plans/a.toml")]

    def test_a_name_that_holds_a_star_like_letter_is_a_file_first(self, tmp_path):
        path = write_scenario(tmp_path, "plan [v2]")
        assert find_scenarios([path]) == [path]

    @pytest.mark.parametrize("given_text", ["none/*.toml", "empty"])
    def test_what_fits_nothing_is_refused(self, tmp_path, given_text):
        (tmp_path / "empty").mkdir()
        with pytest.raises(ConfigError, match="no scenario file fits"):
            find_scenarios([tmp_path / given_text])

    @pytest.mark.parametrize(("one", "other"), [("a/plan", "b/plan"), ("a/Plan", "b/plan"), ("a/é", "b/e\u0301")])
    def test_two_that_would_share_a_folder_on_any_disk_are_refused(self, tmp_path, one, other):
        paths = [write_scenario(tmp_path / Path(name).parent, Path(name).name) for name in (one, other)]
        with pytest.raises(ConfigError, match="would both write"):
            _batch.plan_tasks(paths, tmp_path / "out", Scenario.from_toml)

    def test_the_folder_of_draws_of_one_is_not_the_folder_of_another(self, tmp_path):
        paths = [write_scenario(tmp_path, "plan"), write_scenario(tmp_path, "plan.draws")]
        with pytest.raises(ConfigError, match=r"folder plan\.draws"):
            _batch.plan_tasks(paths, tmp_path / "out", Scenario.from_toml)

    @pytest.mark.parametrize("name", ["manifest.json", "BATCH.csv", ".geomap-new"])
    def test_a_name_that_is_geomaps_own_is_refused(self, tmp_path, name):
        with pytest.raises(ConfigError, match="another name"):
            _batch.plan_tasks([write_scenario(tmp_path, name)], tmp_path / "out", Scenario.from_toml)


class TestOrderAndFaults:
    def test_inputs_that_are_the_same_files_are_read_once(self, tmp_path):
        fakes = FakeRuns()
        run_fake(tmp_path, fakes, *[write_scenario(tmp_path, name) for name in "abc"])
        assert len(fakes.read) == 1 and fakes.planned == ["a", "b", "c"]

    def test_another_way_with_bad_rows_is_read_anew(self, tmp_path):
        fakes = FakeRuns()
        paths = [write_scenario(tmp_path, name) for name in "abc"]
        text = paths[1].read_text(encoding="utf-8").replace('bad_rows = "reject"', 'bad_rows = "stop"')
        paths[1].write_text(text, encoding="utf-8")
        batch = run_fake(tmp_path, fakes, *paths)
        assert len(fakes.read) == 2 and fakes.planned == ["a", "c", "b"]
        assert list(batch.rows[BatchFrame.scenario]) == ["a", "b", "c"]

    def test_one_that_fails_stops_no_other_and_the_worst_exit_code_stands(self, tmp_path):
        fakes = FakeRuns(fails={"b": SolveError("no plan"), "c": DataError("a bad file"), "d": MemoryError()})
        (tmp_path / "e.toml").write_text("name = 1", encoding="utf-8")
        paths = [write_scenario(tmp_path, name) for name in "abcd"]
        paths += [tmp_path / "e.toml", write_scenario(tmp_path, "f")]
        batch = run_fake(tmp_path, fakes, *paths)
        assert list(batch.rows[BatchFrame.status]) == [DONE, FAILED, FAILED, FAILED, FAILED, DONE]
        assert batch.exit_code == SolveError.exit_code == 4
        problems = batch.rows[BatchFrame.problem]
        assert problems[1] == "no plan" and "out of memory" in problems[3] and "e.toml: name is 1" in problems[4]
        assert fakes.planned == ["a", "f"]
        BatchFrame.validate(batch.rows[list(BatchFrame.to_schema().columns)])

    def test_a_defect_is_shown_after_the_others_are_done(self, tmp_path):
        fakes = FakeRuns(fails={"a": ZeroDivisionError("oh")})
        with pytest.raises(ZeroDivisionError):
            run_fake(tmp_path, fakes, write_scenario(tmp_path, "a"), write_scenario(tmp_path, "b"))
        assert fakes.planned == ["b"]
        assert [row["status"] for row in read_summary(tmp_path / "out")] == [FAILED, DONE]

    def test_ctrl_c_leaves_a_summary_that_says_what_was_not_run(self, tmp_path):
        fakes = FakeRuns(fails={"b": KeyboardInterrupt()})
        with pytest.raises(KeyboardInterrupt):
            run_fake(tmp_path, fakes, *[write_scenario(tmp_path, name) for name in "abc"])
        assert [row["status"] for row in read_summary(tmp_path / "out")] == [DONE, NOT_RUN, NOT_RUN]
        assert verify_folder(tmp_path / "out") == []

    def test_the_worst_covered_pcn_is_the_first_by_code_of_those_with_demand(self, tmp_path):
        row = run_fake(tmp_path, FakeRuns(), write_scenario(tmp_path, "a")).rows.loc[0]
        assert (row[BatchFrame.worst_pcn_code], row[BatchFrame.worst_coverage_share]) == ("U1", 0.2)
        assert row[BatchFrame.coverage_share] == 0.4

    def test_progress_counts_up_to_all(self, tmp_path):
        fakes = FakeRuns(fails={"b": SolveError("no plan")})
        run_fake(tmp_path, fakes, write_scenario(tmp_path, "a"), write_scenario(tmp_path, "b"))
        counts = [over for over, _ in fakes.told]
        assert counts == sorted(counts) and counts[0] == 0 and fakes.told[-1] == (2, f"b: {FAILED}")

    def test_a_folder_of_single_results_is_not_made_a_batch(self, tmp_path):
        with write_folder(tmp_path / "out") as folder:
            (folder / "ledger.csv").write_text("x", encoding="utf-8")
        with pytest.raises(OutputError, match="holds the results of a run"):
            run_fake(tmp_path, FakeRuns(), write_scenario(tmp_path, "a"))

    def test_two_batches_do_not_write_to_one_folder_at_a_time(self, tmp_path):
        inside, done, path = threading.Event(), threading.Event(), write_scenario(tmp_path, "a")

        class Slow(FakeRuns):
            def _read(self, scenario, say):
                inside.set()
                done.wait(20)
                return super()._read(scenario, say)

        slow = Slow()
        thread = threading.Thread(target=run_fake, args=(tmp_path, slow, path))
        thread.start()
        assert inside.wait(20)
        with pytest.raises(OutputError, match="Another run is writing"):
            run_fake(tmp_path, FakeRuns(), path)
        done.set()
        thread.join(20)
        assert slow.planned == ["a"]


@pytest.mark.slow
def test_what_load_inputs_looks_at_is_what_batches_share_inputs_by(monkeypatch):
    """If reading came to depend on another setting, scenarios that differ in it would share inputs they should not."""
    seen: set[str] = set()
    scenario = Scenario.from_toml(DEMO)

    class Spy:
        def __getattr__(self, name):
            seen.add(name)
            return getattr(scenario, name)

    load_inputs(Spy())
    of_reading, seen_by_key = set(seen), seen
    seen_by_key.clear()
    _batch.read_from(Spy())
    assert of_reading <= seen_by_key


class TestTheSummary:
    def test_only_settings_that_differ_have_a_column(self, tmp_path):
        more = "\n[link_workers]\ncaseload_share = 0.5\n"
        paths = [write_scenario(tmp_path, "a"), write_scenario(tmp_path, "b", more)]
        rows = run_fake(tmp_path, FakeRuns(), *paths).rows
        settings = [name for name in rows.columns if name not in BatchFrame.to_schema().columns]
        assert settings == ["link_workers.caseload_share"]
        assert rows[settings[0]].tolist() == ["0.25", "0.5"]

    @given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 1), min_size=1), min_size=1, max_size=4))
    def test_a_setting_is_told_if_and_only_if_two_runs_differ_in_it(self, runs):
        told = list_differing(runs)
        for name in "abc":
            held = [run.get(name) for run in runs]
            assert (name in told) == (len(set(held)) > 1)
            assert name not in told or told[name] == ["" if value is None else str(value) for value in held]

    def test_text_that_a_spreadsheet_would_run_is_made_harmless(self, tmp_path):
        run_fake(tmp_path, FakeRuns(), write_scenario(tmp_path, "=cmd()", title="=2+3"))
        (row,) = read_summary(tmp_path / "out")
        assert row["scenario"] == "'=cmd()" and row["title"] == "'=2+3"

    def test_the_table_of_the_terminal(self, tmp_path):
        fakes = FakeRuns(fails={"b": SolveError("no plan.\nAt all.")})
        told = describe_batch(run_fake(tmp_path, fakes, write_scenario(tmp_path, "a"), write_scenario(tmp_path, "b")))
        head, first, second, *rest = told.splitlines()
        assert "Sites" not in head and re.search(r"^a +done +40 +25 +40\.0% +960 +1\.00% +U1 +20\.0%", first)
        assert second.startswith("b") and second.count(" -") >= 6
        assert rest[-3:] == ["b failed:", "no plan.", "At all."]

    def test_internal_figures_are_marked(self, tmp_path):
        batch = run_fake(tmp_path, FakeRuns(), write_scenario(tmp_path, "a"))
        assert "not for publication" not in describe_batch(batch)
        assert "not for publication" in describe_batch(replace(batch, internal=True))

    def test_every_status_can_be_told(self, tmp_path):
        rows = pd.DataFrame({BatchFrame.scenario: list("abcd"), BatchFrame.title: "", BatchFrame.status: STATUSES})
        rows = BatchFrame.declared(rows.reindex(columns=list(BatchFrame.to_schema().columns)))
        batch = Batch(rows=BatchFrame.validate(rows), internal=False, exit_code=0)
        write_batch(tmp_path, batch)
        assert [row["status"] for row in read_summary(tmp_path)] == list(STATUSES)
        assert all(status in describe_batch(batch) for status in STATUSES)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("batch")
    write_scenario(home / "plans", "base")
    write_scenario(home / "plans", "more", "\n[link_workers]\ncaseload_share = 0.5\n")
    (home / "plans" / "wrong.toml").write_text("name = 1", encoding="utf-8")
    done = CliRunner().invoke(cli.app, ["batch", str(home / "plans" / "*.toml"), "--out", str(home / "out")])
    (home / "said.txt").write_text(f"{done.exit_code}\n{done.output}", encoding="utf-8")
    return home


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestTheCommand:
    def test_the_bar_counts_and_sends_no_control_of_an_input(self, monkeypatch):
        screen = Screen()
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "200")
        with command._show_bar(3) as say:
            say(2, "a\x1b]0;x\x07[bold]b[/bold]\nc")
        assert "2/3" in screen.getvalue() and r"\x1b]0;x\x07[bold]b[/bold]\nc" in screen.getvalue()

    def test_no_bar_where_there_is_no_terminal(self, monkeypatch):
        silent = io.StringIO()
        monkeypatch.setattr("sys.stderr", silent)
        with command._show_bar(3) as say:
            say(1, "a")
        assert silent.getvalue() == ""

    def test_ctrl_c_says_that_the_same_command_goes_on(self, tmp_path, monkeypatch):
        def stop(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(pipeline, "run_batch", stop)
        path = write_scenario(tmp_path, "a")
        done = CliRunner().invoke(cli.app, ["batch", str(path), "--out", str(tmp_path / "out")])
        assert done.exit_code == 130 and "the same command goes on" in done.output

    def test_nothing_that_fits_is_a_fault_of_the_command_line(self, tmp_path):
        done = CliRunner().invoke(cli.app, ["batch", str(tmp_path / "*.toml")])
        assert done.exit_code == 2 and "no scenario file fits" in done.output


def test_the_example_scenarios_differ_in_one_setting_each():
    folder = Path(__file__).resolve().parents[1] / "data" / "scenarios" / "demo"
    found = [Scenario.from_toml(path).model_dump(mode="json") for path in find_scenarios([folder])]
    told = list_differing([{key: value for key, value in one.items() if key != "name"} for one in found])
    assert len(found) == 3
    assert told == {
        "link_workers.caseload_share": ["0.25", "0.25", "0.3333"], "match.fairness_budget": ["0.02", "0.1", "0.02"],
    }  # fmt: skip


@pytest.mark.slow
class TestOnTheDemo:
    def test_each_has_whole_published_results_and_a_row(self, home):
        code, *said = (home / "said.txt").read_text(encoding="utf-8").splitlines()
        assert code == "2" and any(line.startswith("wrong failed:") for line in said)
        rows = {row["scenario"]: row for row in read_summary(home / "out")}
        assert [row["status"] for row in rows.values()] == [DONE, DONE, FAILED]
        for name in ("base", "more"):
            assert verify_folder(home / "out" / name) == []
            facts = pd.read_json(home / "out" / name / "facts.json", typ="series")["facts"]
            assert int(rows[name]["people"]) == facts["people"] and int(rows[name]["people"]) % 5 == 0
            assert not facts["internal"]
        assert int(rows["more"]["people"]) > int(rows["base"]["people"])
        assert not (home / "out" / "wrong").exists()

    @pytest.mark.slow
    def test_again_nothing_is_run_and_the_figures_are_the_same(self, home):
        before = {path: path.stat().st_mtime_ns for path in (home / "out").glob("*/*")}
        rows = read_summary(home / "out")
        batch = run_batch([home / "plans"], home / "out")
        assert list(batch.rows[BatchFrame.status]) == [KEPT, KEPT, FAILED]
        assert {path: path.stat().st_mtime_ns for path in (home / "out").glob("*/*")} == before
        again = read_summary(home / "out")
        for name in set(BatchFrame.to_schema().columns) - {"status", "seconds"}:
            assert [row[name] for row in again] == [row[name] for row in rows], name

    @pytest.mark.slow
    def test_one_that_changed_is_run_again_and_the_other_is_kept(self, home, monkeypatch):
        planned = []
        real = pipeline.solve

        def count(inputs, scenario, *more, **asked):
            planned.append(scenario.name)
            return real(inputs, scenario, *more, **asked)

        monkeypatch.setattr(pipeline, "solve", count)
        write_scenario(home / "plans", "more", "\n[link_workers]\ncaseload_share = 0.4\n")
        run_batch([home / "plans"], home / "out")
        assert planned == ["Demo more"]
        (home / "out" / "base" / "ledger.csv").unlink()
        batch = run_batch([home / "plans" / "base.toml"], home / "out")
        assert planned == ["Demo more", "Demo base"] and list(batch.rows[BatchFrame.status]) == [DONE]
        assert geomap.run_batch is run_batch
