"""The command line as a stranger meets it: plain messages, exit codes, nothing half-written, the same bytes again."""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from finished_runs import SETTINGS
from made_up import made_up_tables
from page_block import block
from typer.testing import CliRunner

from geomap import cli, pipeline
from geomap.commands import edge
from geomap.config import Scenario
from geomap.errors import SolveError
from geomap.outputs import verify_folder, write_folder
from geomap.render import build_map
from geomap.report.facts import write_facts
from geomap.report.files import tables_as_published, write_tables
from geomap.runner import Runner
from geomap.schema import ResultTables

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
HEAVY = ("geopandas", "numpy", "pandas", "pandera", "pydantic", "rich", "scipy", "shapely")


def geomap(*arguments: object) -> tuple[int, str, str]:
    """Exit code, output and error output of one command, in this process."""
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def start(*arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, with other environment variables; an empty one is taken away."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    environment = {name: value for name, value in environment.items() if value}
    command = [sys.executable, "-W", "error", "-m", "geomap.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The demo, to be broken; a row with a fault stops the run, and its own bad rows are out."""
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    scenario = (folder / "demo.toml").read_text(encoding="utf-8")
    (folder / "demo.toml").write_text(scenario.replace('"reject"', '"stop"'), encoding="utf-8")
    change(folder / "bank" / "facilities.csv", lambda rows: rows[:151])
    change(folder / "bank" / "pledges.csv", lambda rows: rows[:401])
    return folder


def change(path: Path, edit: Callable[[list[list[str]]], list[list[str]] | None]) -> None:
    """Edit the rows of a CSV; the heading is row 0 of the list."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    rows = edit(rows) or rows
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def put(path: Path, row: int, column: str, value: str) -> None:
    """Write into one cell, by the row's number in the file."""

    def edit(rows: list[list[str]]) -> None:
        rows[row - 1][rows[0].index(column)] = value

    change(path, edit)


@pytest.fixture
def no_planning(monkeypatch: pytest.MonkeyPatch) -> ResultTables:
    """Everything but the plan itself is done; the results are made up."""
    tables = made_up_tables()
    monkeypatch.setattr(pipeline, "solve", lambda inputs, scenario, progress, **more: tables)
    return tables


def no_input(scenario: object, progress: object) -> pipeline.Inputs:
    """Nothing is read, for what comes after."""
    gone = dict.fromkeys(pipeline.Inputs.__dataclass_fields__, ())
    return pipeline.Inputs(**gone)


class TestHelp:
    @pytest.mark.parametrize("arguments", ["--help", "run --help", "check --help"])
    def test_it_answers_before_anything_heavy_is_imported(self, arguments):
        code = (
            f"import sys; sys.argv = ['geomap', *{arguments.split()}]\n"
            "from geomap.cli import main\n"
            "try: main()\n"
            f"except SystemExit as done: print(done.code, sorted(set({HEAVY}) & set(sys.modules)))"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stdout
        assert said.splitlines()[-1] == "0 []"

    @pytest.mark.skipif(os.name == "nt", reason="Windows does not tell the time a child process has worked")
    def test_it_works_for_less_than_three_tenths_of_a_second(self):
        """Time worked, not time passed: how busy the machine is besides is not geomap's doing."""
        start("--help")  # the first call may compile
        worked = []
        for _ in range(3):
            before = os.times()
            assert start("--help").returncode == 0
            after = os.times()
            worked.append(sum(after[2:4]) - sum(before[2:4]))
        assert min(worked) < 0.3

    def test_no_line_is_cut_short(self):
        _, said, _ = geomap("--help")
        assert "..." not in said.partition("\n")[2]
        assert all(f"\n  {name} " in said for name in ("demo", "run", "check", "template", "hours"))

    def test_no_command_shows_the_help(self):
        assert geomap()[0] == 2


class TestFaults:
    def test_six_faults_are_six_messages_in_one_pass(self, copy, tmp_path):
        (copy / "official" / "gp-reg-pat-prac-quin-age.zip").unlink()
        shutil.copy(copy / "official" / "gp-reg-pat-prac-map.csv", copy / "official" / "inactive_adults.csv")
        change(copy / "official" / "PREVALENCE_2425.csv", lambda rows: [row[:-1] for row in rows])
        put(copy / "bank" / "pledges.csv", 12, "pathways", "underwater_hockey")
        put(copy / "bank" / "pledges.csv", 14, "hour_unit", "")
        put(copy / "bank" / "facilities.csv", 2, "easting", "")
        put(copy / "bank" / "facilities.csv", 2, "northing", "")
        put(copy / "bank" / "facilities.csv", 2, "postcode", "PR99 9ZZ")
        out = tmp_path / "results"
        code, said, told = geomap("run", copy / "demo.toml", "--out", out)
        missing, column, wrong, postcode, pathway, unit, following, advice = told.splitlines()
        assert "--problems" in advice
        assert code == 3 and said == ""
        assert missing.startswith(f"{copy / 'official'}: Patients Registered at a GP Practice: five-year age groups")
        assert "geomap fetch" in missing and "open https://digital.nhs.uk/" in missing
        assert missing.endswith("save gp-reg-pat-prac-quin-age.zip in it.")
        assert column.startswith("PREVALENCE_2425.csv, column PRACTICE_LIST_SIZE: the column is missing. Give ")
        assert wrong.startswith("inactive_adults.csv: these columns are missing: Area Code, Area Type, ")
        assert "Fingertips download of indicator 93015" in wrong
        assert postcode == (
            "facilities.csv, row 2, column postcode [F001]: there is no such postcode in Great Britain "
            "(value: 'PR99 9ZZ'). Correct the postcode or give easting and northing."
        )
        assert pathway.startswith(
            "pledges.csv, row 12, column pathways [P0011]: unknown pathways: underwater_hockey "
            "(value: 'underwater_hockey'). Use one of: cardiac_rehab, dance, "
        )
        assert unit == (
            "pledges.csv, row 14, column hour_unit [P0013]: the cell is empty. "
            "Fill in hour_unit with one of: class, facility, participant, staff."
        )
        assert following.startswith("Sound rows that point at these, ") and "1 in pledges.csv" in following
        assert not out.exists()

    @pytest.mark.slow
    def test_results_that_are_there_stay_as_they_were(self, copy, tmp_path, no_planning):
        out = tmp_path / "results"
        assert geomap("run", copy / "demo.toml", "--out", out)[0] == 0
        before = contents(out)
        put(copy / "bank" / "pledges.csv", 2, "hours", "forty")
        assert geomap("run", copy / "demo.toml", "--out", out)[0] == 3
        assert contents(out) == before

    @pytest.mark.slow
    def test_rows_alone_can_be_skipped_and_the_message_says_how(self, copy, tmp_path, no_planning):
        put(copy / "bank" / "pledges.csv", 2, "hours", "forty")
        code, _, told = geomap("run", copy / "demo.toml", "--out", tmp_path / "out")
        assert code == 3 and any("--skip-bad-rows" in line for line in told.splitlines()[-2:])
        assert geomap("run", copy / "demo.toml", "--out", tmp_path / "out", "--skip-bad-rows")[0] == 0

    def test_skipping_rows_is_not_advised_where_it_would_not_help(self, copy, tmp_path):
        put(copy / "bank" / "pledges.csv", 2, "hours", "forty")
        change(copy / "bank" / "pledges.csv", lambda rows: [row[:5] for row in rows])
        code, _, told = geomap("run", copy / "demo.toml", "--out", tmp_path / "out")
        assert code == 3
        assert "column hour_unit: the column is missing" in told and "'forty'" in told
        assert "--skip-bad-rows" not in told

    def test_a_thousand_faults_do_not_bury_the_others(self, copy, tmp_path):
        assert "hour_unit" == (copy / "bank" / "pledges.csv").read_text(encoding="utf-8").split(",")[5]
        blank = lambda rows: [rows[0], *([*row[:5], "", *row[6:]] for row in rows[1:])]  # noqa: E731
        change(copy / "bank" / "pledges.csv", blank)
        put(copy / "bank" / "operators.csv", 2, "operator_kind", "")
        put(copy / "bank" / "links.csv", 128, "organisation_code", "U00000")
        code, _, told = geomap("run", copy / "demo.toml", "--out", tmp_path / "out")
        lines = told.splitlines()
        assert code == 3 and len(lines) < 15
        assert "pledges.csv, column hour_unit: and 395 more." in lines
        assert any(line.startswith("links.csv, row 128, column organisation_code") for line in lines)
        assert "16 in facilities.csv" in lines[-2] and "--problems" in lines[-1]

    def test_an_empty_folder_is_no_bank(self, copy, tmp_path):
        (tmp_path / "bank").mkdir()
        code, _, told = geomap("run", copy / "demo.toml", "--bank", tmp_path / "bank", "--out", tmp_path / "out")
        assert code == 3 and len(told.splitlines()) == 3
        assert told.startswith("bank: the file operators.csv is missing.")

    @pytest.mark.parametrize(("option", "said"), [
        ("--bank", "none: there is no such file or folder."),
        ("--data", "none: the folder of official files is not there."),
    ])  # fmt: skip
    def test_a_path_that_is_not_there_is_one_message(self, copy, tmp_path, option, said):
        code, _, told = geomap("run", copy / "demo.toml", option, tmp_path / "none", "--out", tmp_path / "out")
        assert code == 3 and len(told.splitlines()) == 1
        assert said in told and option in told + "--bank"
        assert not (tmp_path / "out").exists()

    def test_a_bank_without_one_good_pledge_is_no_plan_of_nothing(self, copy, tmp_path):
        change(copy / "bank" / "pledges.csv", lambda rows: [rows[0], [*rows[1][:5], "forty", *rows[1][6:]]])
        code, _, told = geomap("run", copy / "demo.toml", "--out", tmp_path / "out", "--skip-bad-rows")
        first, second, advice = told.splitlines()
        assert code == 3 and "--problems" in advice
        assert first.startswith("pledges.csv: every pledge has a fault")
        assert second.startswith("pledges.csv, row 2, column ")

    def test_terminal_escapes_are_shown_and_not_sent(self, copy, tmp_path):
        put(copy / "bank" / "pledges.csv", 2, "pledge_id", "P\x1b[31m\u202e1")
        put(copy / "bank" / "pledges.csv", 2, "hours", "\x1b]0;title\x07")
        code, _, told = geomap("run", copy / "demo.toml", "--out", tmp_path / "out")
        assert code == 3
        assert not {"\x1b", "\x07", "\u202e"} & set(told)
        assert r"P\x1b[31m\u202e1" in told


class TestScenario:
    @pytest.mark.parametrize(("text", "said"), [
        (None, ["there is no such scenario file"]),
        ("x = = 1", ["not a TOML file"]),
        ('name = "a"\nlable = "b"\n[period]\nstarts = 1', ["lable is not a setting", "period.starts is not a setting",
                                                        "period.end is missing", "give --data", "give --bank"]),
    ])  # fmt: skip
    def test_every_fault_of_a_scenario_in_one_message(self, tmp_path, text, said):
        path = tmp_path / "scenario.toml"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        code, _, told = geomap("run", path, "--out", tmp_path / "out")
        assert code == 2
        assert all(words in told for words in said)
        assert not (tmp_path / "out").exists()

    def test_a_folder_is_no_scenario(self, tmp_path):
        assert geomap("run", tmp_path)[0] == 2

    def test_an_icb_that_is_not_there(self, copy, tmp_path):
        code, _, told = geomap("run", copy / "demo.toml", "--icb", "qqq", "--out", tmp_path / "out")
        assert (code, told) == (2, "No PCN of the practice map is in ICB QQQ. ICBs it has: QX9.\n")
        assert not (tmp_path / "out").exists()

    def test_an_option_that_is_not_there(self):
        assert geomap("demo", "--nope")[0] == 2


class TestWorkers:
    @pytest.fixture
    def runners(self, monkeypatch) -> list[Runner]:
        """The runner of each run; no run is made."""
        seen = []

        def run(scenario: object, out: object, progress: object, *, runner: Runner, **asked: object) -> ResultTables:
            seen.append(runner)
            return made_up_tables()

        monkeypatch.setattr(pipeline, "run", run)
        return seen

    def test_as_many_as_are_asked_for(self, runners):
        for options in ([], ["--workers", "1"], ["--workers", "5"]):
            assert geomap("run", DEMO / "demo.toml", *options)[0] == 0
        cores, one, five = (runner.workers for runner in runners)
        assert cores >= 1 and (one, five) == (1, 5)
        assert len({type(runner) for runner in runners}) == 3

    @pytest.mark.parametrize("options", ["--workers 0", "--workers two", "--cluster 10.0.0.5:8786",
                                         "--workers 2 --cluster tcp://10.0.0.5:8786"])  # fmt: skip
    def test_what_does_not_hold(self, runners, options):
        code, said, told = geomap("run", DEMO / "demo.toml", *options.split())
        assert (code, said, runners) == (2, "", []) and told

    def test_a_cluster_that_is_not_there_is_told_before_anything_is_read(self, runners, tmp_path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and not listening
            address = "tcp://{}:{}".format(*taken.getsockname())
            code, said, told = geomap("run", DEMO / "demo.toml", "--cluster", address, "--out", tmp_path / "out")
        assert (code, said, runners) == (2, "", [])
        assert told.startswith(f"No dask scheduler answers at {address} (") and len(told.splitlines()) == 1


class TestResults:
    def test_a_file_of_the_users_own_is_not_replaced(self, tmp_path, monkeypatch, no_planning):
        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        (tmp_path / "map.html").write_text("mine", encoding="utf-8")
        code, _, told = geomap("demo", "--out", tmp_path)
        assert code == 5 and "already holds map.html" in told
        assert contents(tmp_path) == {"map.html": b"mine"}

    @pytest.mark.parametrize("place", ["file", "file/results"])
    def test_a_folder_that_cannot_be_made(self, tmp_path, monkeypatch, no_planning, place):
        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        (tmp_path / "file").write_text("mine", encoding="utf-8")
        code, _, told = geomap("demo", "--out", tmp_path / place)
        assert code == 5 and "Choose a folder to write to" in told
        assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who may not write everywhere")
    def test_a_folder_that_may_not_be_written(self, tmp_path, monkeypatch, no_planning):
        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        (tmp_path / "closed").mkdir(mode=0o500)
        assert geomap("demo", "--out", tmp_path / "closed")[0] == 5

    def test_a_failed_plan_leaves_nothing(self, tmp_path, monkeypatch):
        def fail(inputs: object, scenario: object, progress: object, **rest: object) -> None:
            raise SolveError("the plan is refused")

        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        monkeypatch.setattr(pipeline, "solve", fail)
        assert geomap("demo", "--out", tmp_path / "out") == (4, "", "the plan is refused\n")
        assert not (tmp_path / "out").exists()

    def test_a_defect_is_not_hidden_behind_a_message(self, tmp_path, monkeypatch):
        def fail(inputs: object, scenario: object, progress: object, **rest: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        monkeypatch.setattr(pipeline, "solve", fail)
        with pytest.raises(ZeroDivisionError):
            geomap("demo", "--out", tmp_path / "out")

    def test_names_from_inputs_cannot_steer_the_terminal(self, tmp_path, monkeypatch):
        monkeypatch.setattr(pipeline, "load_inputs", no_input)
        tables = made_up_tables(hostile=True)
        monkeypatch.setattr(pipeline, "solve", lambda inputs, scenario, progress, **more: tables)
        code, said, _ = geomap("demo", "--out", tmp_path / "out")
        assert code == 0
        assert all(letter.isprintable() or letter == "\n" for letter in said)


class TestCheck:
    def test_rows_that_will_be_left_out_are_told(self):
        code, said, _ = geomap("check", DEMO / "demo.toml")
        assert code == 0
        assert "pledges.csv, row 402, column hour_unit [P0401]: the cell is empty." in said
        assert "Operators' bank of hours: bank" in said
        assert "No faults" not in said

    def test_nothing_wrong(self, copy, tmp_path):
        code, said, _ = geomap("check", copy / "demo.toml", "--bank", copy / "bank")
        assert code == 0 and "No faults." in said.splitlines()
        assert said.endswith(f"Next: geomap run {copy / 'demo.toml'} --bank {copy / 'bank'}\n")

    def test_something_wrong(self, copy):
        put(copy / "bank" / "pledges.csv", 2, "hours", "forty")
        code, said, told = geomap("check", copy / "demo.toml")
        assert code == 3 and said == ""
        assert "'forty'" in told


class TestTemplate:
    def test_it_writes_a_workbook_once(self, tmp_path):
        path = tmp_path / "bank.xlsx"
        assert geomap("template", path)[0] == 0
        with zipfile.ZipFile(path) as archive:
            names = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
            assert {"pledges", "operators"} <= {node.get("name") for node in names}
        path.write_bytes(b"filled in")
        code, _, told = geomap("template", path)
        assert code == 5 and "is there already" in told
        assert path.read_bytes() == b"filled in"

    def test_it_is_a_workbook_by_its_name_too(self, tmp_path):
        assert geomap("template", tmp_path / "bank.txt")[0] == 2
        assert not list(tmp_path.iterdir())


class TestHours:
    @pytest.mark.parametrize(("arguments", "people"), [
        ("500000", "20,833 people"),
        ("500000 --unit class --group-size 12 --fill-share 0.8", "200,000 people"),
        ("23.9", "0 people"),
    ])  # fmt: skip
    def test_people(self, arguments, people):
        code, said, _ = geomap("hours", *arguments.split())
        assert code == 0 and f"serve {people}" in said

    @pytest.mark.parametrize("arguments", [
        "inf", "nan", "1e300", "forty", "40 --unit hour", "40 --pathway chess", "40 --fill-share 1.2",
        "40 --group-size 0", "40 --unit class --group-size inf",
    ])  # fmt: skip
    def test_what_is_no_amount(self, arguments):
        code, said, told = geomap("hours", *arguments.split())
        assert code == 2 and said == "" and told


class TestTerminal:
    def test_a_terminal_that_cannot_show_a_letter(self):
        done = start("hours", "500000", PYTHONIOENCODING="cp437:strict")
        assert done.returncode == 0 and "20,833" in done.stdout

    @pytest.mark.skipif(os.name == "nt", reason="closes the output in the way of a shell of Unix")
    @pytest.mark.parametrize("closed", [">&-", "2>&-"])
    def test_no_terminal_at_all(self, closed):
        command = f'"{sys.executable}" -m geomap.cli hours 5 {closed}'
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    def test_progress_is_for_a_terminal_and_takes_no_orders_from_a_file_name(self, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        shown = Terminal()
        monkeypatch.setattr(sys, "stderr", shown)
        monkeypatch.setenv("TERM", "xterm")
        with edge.show_progress() as say:
            say("reading [red]a\x1b]0;b\x07.csv")
        assert r"[red]a\x1b]0;b\x07.csv" in shown.getvalue()
        monkeypatch.setattr(sys, "stderr", quiet := io.StringIO())
        with edge.show_progress() as say:
            say("reading")
        assert quiet.getvalue() == ""


ABROAD = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "", "HOME": "",
          "PYTHONIOENCODING": "ascii", "XDG_CACHE_HOME": ""}  # fmt: skip


@pytest.mark.slow
def test_the_same_bytes_elsewhere_and_in_any_order_of_rows(tmp_path):
    """Another process, hash seed, time zone, locale and terminal, without a home, rows shuffled, other workers."""
    folder = tmp_path / "shuffled"
    shutil.copytree(DEMO, folder)
    chance = random.Random(7)
    for path in (folder / "bank").iterdir():
        change(path, lambda rows: [rows[0], *chance.sample(rows[1:], len(rows) - 1)])
    first = start("demo", "--out", tmp_path / "first", PYTHONHASHSEED="1", TZ="UTC")
    second = start("run", folder / "demo.toml", "--out", tmp_path / "second", "--workers", "2", **ABROAD)
    assert [(done.returncode, done.stderr) for done in (first, second)] == [(0, ""), (0, "")]
    assert "of 45 PCNs" in first.stdout
    one, other = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert one.keys() == other.keys()
    # Account and pledges tell the number of each row, map and workbook hold them, two files have the sums of all.
    differing = {name for name in one if one[name] != other[name]}
    numbered = {"accounting.csv", "pledges.csv", "map.html", "results.xlsx", "manifest.json", "datapackage.json"}
    assert differing <= numbered
    assert verify_folder(tmp_path / "first") == verify_folder(tmp_path / "second") == []

    def fates(text: bytes) -> list[tuple[str, ...]]:
        rows = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
        plain = ({k: v for k, v in row.items() if k != "row" and "stands in rows" not in v} for row in rows)
        return sorted(tuple(row.values()) for row in plain)

    assert fates(one["accounting.csv"]) == fates(other["accounting.csv"])
    assert fates(one["pledges.csv"]) == fates(other["pledges.csv"])
    first_page, second_page = (block(files["map.html"].decode()) for files in (one, other))
    numbers = [page["pledges"].pop("row") for page in (first_page, second_page)]
    assert numbers[0] != numbers[1] and all(len(set(told)) == len(told) for told in numbers)
    assert first_page.pop("packed").keys() == second_page.pop("packed").keys()
    assert first_page == second_page


class TestStartingFromAnEarlierPlan:
    def test_a_folder_without_a_plan_is_refused_before_anything_is_read(self, tmp_path):
        out = tmp_path / "results"
        code, _, said = geomap("run", DEMO / "demo.toml", "--from", tmp_path, "--out", out)
        assert code == 3
        assert "holds no plan.json, the plan of an earlier run" in said
        assert not out.exists()

    def test_wishes_that_name_what_is_not_there_are_refused_all_at_once(self, copy, tmp_path):
        with (copy / "demo.toml").open("a", encoding="utf-8") as stream:
            stream.write(
                '\n[[wishes.lock]]\npledge_id = "P9999"\npcn_code = "U99001"\n'
                '[[wishes.ban]]\noperator_id = "OP01"\npcn_code = "U00000"\n'
            )
        code, _, said = geomap("run", copy / "demo.toml", "--out", tmp_path / "results")
        assert code == 2
        assert "wishes.lock 1: pledge_id 'P9999' is not in the bank's table of pledges." in said
        assert "wishes.ban 1: pcn_code 'U00000' is not in the practice map." in said

    @pytest.mark.thorough
    def test_a_run_from_its_own_results_changes_nothing_and_a_ban_is_told(self, copy, tmp_path):
        scenario, out = copy / "demo.toml", tmp_path / "results"
        with scenario.open("a", encoding="utf-8") as stream:
            stream.write("\n[match]\nrounds = 0\n")
        assert geomap("run", scenario, "--internal", "--out", out)[0] == 0
        before = contents(out)
        code, said, _ = geomap("run", scenario, "--internal", "--from", out, "--out", out)
        assert code == 0
        assert "Against the earlier plan: nothing has changed." in said
        assert {name for name, data in contents(out).items() if data != before[name]} <= {
            "facts.json", "manifest.json", "map.html", "results.xlsx"
        }  # fmt: skip
        with scenario.open("a", encoding="utf-8") as stream:
            stream.write('\n[[wishes.ban]]\noperator_id = "OP01"\npcn_code = "U99001"\n')
        code, said, _ = geomap("run", scenario, "--from", out, "--out", tmp_path / "banned")
        assert code == 0
        assert "Against the earlier plan: " in said
        assert len((tmp_path / "banned" / "differences.csv").read_text(encoding="utf-8-sig").splitlines()) > 1
        with (tmp_path / "banned" / "allocation.csv").open(encoding="utf-8-sig", newline="") as stream:
            given = [(row["operator_id"], row["pcn_code"]) for row in csv.DictReader(stream)]
        assert given and ("OP01", "U99001") not in given
        assert verify_folder(tmp_path / "banned") == []


class TestSites:
    def test_what_is_asked_of_sites_reaches_the_run(self, monkeypatch, tmp_path):
        """The number of sites and of draws win over the scenario's; no run is made."""
        seen = []

        def run(scenario: Scenario, out: object, progress: object, **asked: object) -> ResultTables:
            seen.append((scenario.sites.count, scenario.sites.differ_by, scenario.robustness.draws, asked))
            return made_up_tables(choice=asked.get("sites", False))

        monkeypatch.setattr(pipeline, "run", run)
        word = tmp_path / "icb.docx"
        code, told, _ = geomap("sites", DEMO / "demo.toml", "--count", "1", "--draws", "7", "--word-template", word)
        assert code == 0 and "Test-and-learn sites: " in told and "report.docx" in told
        assert geomap("run", DEMO / "demo.toml")[0] == 0
        assert [row[:3] for row in seen] == [(1, 2, 7), (4, 2, 1000)]
        assert (seen[0][3]["sites"], seen[0][3]["template"]) == (True, word)
        assert "sites" not in seen[1][3]

    @pytest.mark.parametrize("options", ["--count 0", "--draws -1", "--count two", "--count 20000", "--draws 200000"])
    def test_numbers_that_do_not_hold(self, options):
        assert geomap("sites", DEMO / "demo.toml", *options.split())[0] == 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up results with their map, as a run leaves them."""
    folder = tmp_path_factory.mktemp("finished") / "results"
    tables = made_up_tables(40, 30, choice=True)
    with write_folder(folder, settings=SETTINGS) as out:
        (out / "map.html").write_text(build_map(tables_as_published(tables)), encoding="utf-8", newline="\n")
        write_tables(out, tables)
        write_facts(out, tables)
    return folder


class TestMap:
    """What `geomap map` writes, and what it refuses."""

    TILES = "https://tiles.example.org/{z}/{x}/{y}.png"

    @pytest.fixture
    def results(self, finished, tmp_path):
        return Path(shutil.copytree(finished, tmp_path / "results"))

    def test_it_is_drawn_beside_the_results_as_the_run_drew_it(self, results):
        before = contents(results)
        code, said, told = geomap("map", results)
        beside = results.with_name("results-map")
        assert (code, told) == (0, "")
        assert said.splitlines()[0] == f"Wrote {beside / 'map.html'}."
        assert sorted(contents(beside)) == ["manifest.json", "map.html"]
        assert contents(beside)["map.html"] == before["map.html"]
        assert contents(results) == before and verify_folder(results) == []

    @pytest.mark.slow
    def test_a_bank_of_online_hours_alone_is_planned_and_drawn_again(self, tmp_path):
        """No facility, no link: a run once ended in a traceback here, and its map could not be drawn again."""
        bank = Path(shutil.copytree(ROOT / "data" / "demo" / "bank", tmp_path / "bank"))
        for name, keep in (("facilities", 0), ("links", 0), ("pledges", ("P0389,", "P0390,", "P0391,"))):
            heading, *rows = (bank / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()
            rows = [row for row in rows if keep and row.startswith(keep)]
            (bank / f"{name}.csv").write_text("\n".join([heading, *rows, ""]), encoding="utf-8")
        scenario = ROOT / "data" / "demo" / "demo.toml"
        code, _, told = geomap("run", scenario, "--bank", bank, "--out", tmp_path / "results")
        assert code == 0, told
        assert geomap("map", tmp_path / "results", "--by", "icb")[0] == 0
        drawn = contents(tmp_path / "results-map")
        assert drawn["map.html"] == contents(tmp_path / "results")["map.html"]

    @pytest.mark.parametrize("folder", ["/", "."])
    def test_a_folder_without_results_is_refused_in_a_sentence(self, folder, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        code, said, told = geomap("map", folder)
        assert code > 0 and said == "" and "Name the folder of" in told

    @pytest.mark.slow
    def test_a_page_for_each_icb_and_an_index_and_the_same_again(self, results, tmp_path):
        pages = tmp_path / "pages"
        code, said, _ = geomap("map", results, "--by", "icb", "--out", pages)
        first, second = said.splitlines()
        codes = sorted(set(pd.read_csv(results / "pcns.csv", encoding="utf-8-sig")["icb_code"]))
        assert code == 0 and len(codes) > 1
        drawn = contents(pages)
        assert sorted(drawn) == sorted([*(f"{icb}.html" for icb in codes), "index.html", "manifest.json", "map.html"])
        assert first.startswith(f"Wrote map.html, index.html and {len(codes)} pages of ICBs, none over 0.")
        assert second.startswith(f"Next: open {pages / 'index.html'}")
        assert verify_folder(pages) == []
        assert drawn["map.html"] == contents(results)["map.html"]
        geomap("map", results, "--by", "icb", "--out", pages)
        assert contents(pages) == drawn
        geomap("map", results, "--out", pages)
        assert sorted(contents(pages)) == ["manifest.json", "map.html"]

    @pytest.mark.parametrize("place", ["results", "results/map", "results/../results"])
    def test_the_folder_of_results_is_left_alone(self, results, tmp_path, place):
        before = contents(results)
        code, _, told = geomap("map", results, "--out", tmp_path / place)
        assert code == 5 and "Choose another folder for the map" in told
        assert contents(results) == before

    def test_nor_are_the_results_of_another_run_replaced(self, results, tmp_path):
        other = Path(shutil.copytree(results, tmp_path / "other"))
        before = contents(other)
        assert geomap("map", results, "--out", other)[0] == 5
        assert contents(other) == before

    def test_a_file_of_the_users_own_is_not_replaced(self, results, tmp_path):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "map.html").write_text("mine", encoding="utf-8")
        code, _, told = geomap("map", results, "--out", tmp_path / "mine")
        assert code == 5 and "already holds map.html" in told
        assert contents(tmp_path / "mine") == {"map.html": b"mine"}

    def test_every_fault_of_the_folder_and_nothing_written(self, results):
        (results / "ledger.csv").unlink()
        (results / "pcns.csv").write_text("changed", encoding="utf-8")
        code, said, told = geomap("map", results)
        assert code == 3 and said == "" and len(told.splitlines()) == 2
        assert not results.with_name("results-map").exists()

    def test_what_is_no_folder_of_results(self, tmp_path):
        code, _, told = geomap("map", tmp_path)
        assert code == 3 and "Name the folder of results of a finished run" in told

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--tiles", TILES], "--tiles is given without --attribution"),
            (["--attribution", "Example"], "--attribution is given without --tiles"),
            (["--tiles", "http://tiles.example.org/{z}/{x}/{y}.png", "--attribution", "Example"], "--tiles is 'http:"),
            (["--by", "region"], "--by"),
        ],
    )
    def test_what_does_not_hold(self, results, options, said):
        code, _, told = geomap("map", results, *options)
        assert code == 2 and said in told
        assert not results.with_name("results-map").exists()

    def test_tiles_are_there_when_they_are_asked_for(self, results, tmp_path):
        out = tmp_path / "tiles"
        assert geomap("map", results, "--tiles", self.TILES, "--attribution", "© Example", "--out", out)[0] == 0
        page = contents(out)["map.html"].decode()
        assert "img-src data: https://tiles.example.org;" in page and r"\u00a9 Example" in page

    def test_a_code_that_is_no_name_for_a_file(self, tmp_path):
        tables = made_up_tables()
        pcns = tables.pcns.assign(icb_code="../Q00", icb_codes="../Q00")
        tables = replace(tables, pcns=pcns, outlines=tables.outlines.iloc[:0])
        with write_folder(tmp_path / "results", settings=SETTINGS) as out:
            write_tables(out, tables)
            write_facts(out, tables)
        code, _, told = geomap("map", tmp_path / "results", "--by", "icb")
        assert code == 2 and "'../Q00', which cannot be the name of a page" in told
        assert not (tmp_path / "results-map").exists()
