"""Reading in a child process: what comes back, what a hostile file cannot do, and that nothing is left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import psutil
import pytest
import reader_tasks as tasks

from geomap.config import Scenario
from geomap.errors import (
    ConfigError,
    CrsError,
    DataError,
    Fault,
    GeomapError,
    InfeasibleError,
    KeyLinkError,
    OutputError,
    Repair,
    RowError,
    SchemaError,
    SolveError,
)
from geomap.load import child
from geomap.load.child import MEMORY_VARIABLE, TIME_VARIABLE, ReadLimits, read_apart
from geomap.load.gather import load_inputs

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="there is no such limit or signal on Windows")


def ask(task, *arguments: object) -> object:
    return read_apart("file.csv", task, *arguments)


def refused(task, *arguments: object) -> str:
    """What is said of a file whose reading was ended."""
    with pytest.raises(DataError) as caught:
        ask(task, *arguments)
    (fault,) = caught.value.faults
    assert fault.source == "file.csv" and MEMORY_VARIABLE in fault.remedy
    return fault.problem


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader that may take little; the one with the usual limits comes back afterwards."""
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    monkeypatch.setenv(TIME_VARIABLE, "0.02")
    yield
    monkeypatch.undo()
    assert ask(tasks.echo, 1) == (1,)


class TestAnswers:
    def test_tables_come_back_as_they_are(self):
        frame = pd.DataFrame({"a": pd.Series(["x", None], dtype="str"), "b": [1.5, float("nan")]})
        (back,) = ask(tasks.echo, frame)
        pd.testing.assert_frame_equal(back, frame)

    def test_one_child_serves_many_calls(self):
        first = ask(tasks.process)
        assert first != os.getpid()
        assert {ask(tasks.process) for _ in range(5)} == {first}

    def test_calls_of_several_threads_are_not_mixed_up(self):
        with ThreadPoolExecutor(8) as pool:
            assert [back for (back,) in pool.map(lambda n: ask(tasks.echo, n), range(60))] == list(range(60))

    def test_prints_do_not_come_between(self, capfd):
        assert ask(tasks.chatter) == ""
        assert ask(tasks.echo, "next") == ("next",)
        out, err = capfd.readouterr()
        assert out == "" and err == "", "nor do they reach the planner's terminal"

    def test_a_warning_is_given_again_here(self):
        with pytest.warns(FutureWarning, match="old") as given:
            assert ask(tasks.warn, "old") == 7
        assert len(given) == 1 and given[0].filename == tasks.__file__

    def test_a_warning_that_is_an_error_here_is_one_of_the_child_too(self):
        with pytest.raises(FutureWarning, match="a new one"):
            ask(tasks.warn, "a new one")

    def test_the_faults_of_an_error_come_back(self):
        with pytest.raises(KeyLinkError, match="Stopped") as caught:
            ask(tasks.refuse_rows, 7)
        assert [fault.row for fault in caught.value.faults] == list(range(7))
        with pytest.raises(KeyLinkError) as here:
            tasks.refuse_rows(7)
        assert str(caught.value) == str(here.value)

    def test_a_bug_says_where_it_was(self):
        with pytest.raises(ZeroDivisionError) as caught:
            ask(tasks.raise_bug)
        assert "raise_bug" in "".join(caught.value.__notes__)

    def test_what_cannot_be_sent_is_told_of(self):
        for task in (tasks.raise_what_cannot_be_sent, tasks.return_what_cannot_be_sent):
            with pytest.raises((RuntimeError, TypeError)):
                ask(task)
        assert ask(tasks.echo, 1) == (1,)

    def test_a_function_that_the_child_does_not_know(self):
        with pytest.raises((AttributeError, pickle.PicklingError)):
            ask(lambda: 1)
        assert ask(tasks.echo, 1) == (1,)


FAULTS = (
    Fault(source="a.csv", sheet="S", row=3, column="c", value="=x", row_id="P1", problem="wrong", remedy="Mend it."),
    Fault(source="b.csv", problem="gone", remedy="Find it.", follows=True),
)
REPAIR = Repair(source="a.csv", reason="a space too many", taken="x", row=2, column="c", value=" x")


@pytest.mark.parametrize("kind", [DataError, SchemaError, CrsError, KeyLinkError, RowError])
def test_errors_of_data_keep_their_faults_when_they_are_sent(kind):
    error = kind("Stopped.", FAULTS, [REPAIR])
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind and back.faults == FAULTS and back.repairs == (REPAIR,)
    assert str(back) == str(error) and "Mend it." in str(back)


@pytest.mark.parametrize("kind", [GeomapError, ConfigError, SolveError, InfeasibleError, OutputError])
def test_other_errors_can_be_sent(kind):
    back = pickle.loads(pickle.dumps(kind("Said.")))
    assert type(back) is kind and str(back) == "Said."


class TestEnds:
    """What ends the child ends no run: it is one fault of the file, and the next call has another child."""

    @pytest.mark.parametrize(
        ("task", "arguments"),
        [
            (tasks.crash, ()), (tasks.abort, ()), (tasks.exit_at_once, (0,)), (tasks.exit_at_once, (9,)),
            (tasks.call_exit, ()),
        ],
        ids=["crash", "abort", "exit 0", "exit 9", "SystemExit"],
    )  # fmt: skip
    def test_death_of_any_kind(self, task, arguments):
        before = ask(tasks.process)
        assert refused(task, *arguments) == "it stopped its reader in the middle"
        after = ask(tasks.process)
        assert task is tasks.call_exit or after != before

    def test_endless_recursion_is_an_error_like_any_other(self):
        with pytest.raises(RecursionError):
            ask(tasks.recurse, 0)

    @pytest.mark.parametrize(("task", "arguments"), [(tasks.sleep, (60,)), (tasks.spin, ())], ids=["sleep", "spin"])
    def test_too_much_time(self, small, task, arguments):
        began = time.monotonic()
        assert refused(task, *arguments) == "reading it took more than 0.02 minutes"
        assert time.monotonic() - began < 60

    def test_too_much_memory(self, small, monkeypatch):
        monkeypatch.setenv(TIME_VARIABLE, "1")
        assert refused(tasks.hold, 3_000) == "reading it needed more than 1 GiB of memory"

    def test_too_much_memory_where_the_system_sets_no_limit(self, small, monkeypatch):
        """As on Windows: the parent watches."""
        monkeypatch.setattr(child, "_START", child._START.replace("main()", "") + "_child_main = sys.modules[main."
                            "__module__]; _child_main._limit = lambda most: None; main()")  # fmt: skip
        monkeypatch.setenv(MEMORY_VARIABLE, "1.1")
        monkeypatch.setenv(TIME_VARIABLE, "1")
        assert refused(tasks.hold, 1_200, 30.0) == "reading it needed more than 1.1 GiB of memory"

    def test_a_child_that_keeps_much_memory_is_replaced(self, small, monkeypatch):
        monkeypatch.setattr(child, "_RETIRE_SHARE", 0.01)
        first = ask(tasks.process)
        assert ask(tasks.process) != first

    def test_a_child_killed_between_two_calls(self):
        psutil.Process(ask(tasks.process)).kill()
        time.sleep(0.2)
        assert refused(tasks.echo, 1) == "it stopped its reader in the middle"
        assert ask(tasks.echo, 1) == (1,)

    @pytest.mark.slow
    def test_an_interruption_ends_what_was_going_on(self, tmp_path):
        """An answer that came later would be taken for that of the next call."""
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            ask(tasks.mark_after, tmp_path / "mark", 3.0)
        assert ask(tasks.echo, "next") == ("next",)
        time.sleep(3.0)
        assert not (tmp_path / "mark").exists()


class TestLimits:
    def test_of_the_environment(self, monkeypatch):
        monkeypatch.setenv(MEMORY_VARIABLE, "2.5")
        monkeypatch.setenv(TIME_VARIABLE, "0.5")
        assert ReadLimits.from_environment() == ReadLimits(memory_bytes=2_684_354_560, seconds=30.0)

    @pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf", "1e99", "0.001"])
    @pytest.mark.parametrize("variable", [MEMORY_VARIABLE, TIME_VARIABLE])
    def test_that_are_none(self, monkeypatch, variable, text):
        monkeypatch.setenv(variable, text)
        with pytest.raises(ConfigError, match=f"{variable} is '{text}'"):
            ask(tasks.echo)

    @needs_posix
    def test_that_the_system_keeps(self):
        told, most = ask(tasks.limits), ReadLimits().memory_bytes
        assert told["RLIMIT_CORE"] == 0
        assert most <= told["RLIMIT_DATA"] < 2 * most, "beside what libraries reserve and do not use"

    def test_gdal_has_the_drivers_of_what_is_read_and_no_other(self):
        assert ask(tasks.drivers) == ["ESRI Shapefile", "GPKG", "GeoJSON"]


def run(code: str, folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """A script of a user's own, in a process of its own."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    told = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), **environment}
    command = [sys.executable, "-W", "error", *options, str(script)]
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, timeout=120)


class TestProcesses:
    def test_a_script_without_a_guard(self, tmp_path):
        """multiprocessing would start the script once more in its child, and that again."""
        code = """
            from pathlib import Path
            import reader_tasks
            from geomap.load.child import read_apart
            with Path("starts").open("a") as stream:
                stream.write("x")
            print(read_apart("a", reader_tasks.echo, 5))
        """
        done = run(code, tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "(5,)\n", "")
        assert (tmp_path / "starts").read_text() == "x"

    def test_the_working_folder_is_no_place_to_import_from(self, tmp_path):
        """A folder of strangers' files may hold a `pandas.py`."""
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "pandas.py").write_text("raise SystemExit('hijacked')")
        code = """
            import os, reader_tasks
            os.chdir("in")
            from geomap.load.child import read_apart
            print(read_apart("a", reader_tasks.echo, 5))
        """
        assert run(code, tmp_path).stdout == "(5,)\n"

    def test_a_child_goes_when_its_parent_ends(self, tmp_path):
        code = """
            import reader_tasks
            from geomap.load.child import read_apart
            print(read_apart("a", reader_tasks.process))
        """
        done = run(code, tmp_path)
        assert done.stderr == ""
        assert not psutil.pid_exists(int(done.stdout))

    @pytest.mark.slow
    @needs_posix
    @pytest.mark.parametrize("busy", [False, True])
    def test_a_child_goes_when_its_parent_is_killed(self, tmp_path, busy):
        work = "read_apart('a', reader_tasks.sleep, 600)" if busy else "pass"
        code = f"""
            import os, threading, time, reader_tasks
            from geomap.load.child import read_apart
            print(read_apart("a", reader_tasks.process), flush=True)
            threading.Timer(1.0, os.kill, [os.getpid(), 9]).start()
            {work}
            time.sleep(60)
        """
        done = run(code, tmp_path)
        assert done.returncode == -9
        until = time.monotonic() + 10
        while psutil.pid_exists(int(done.stdout)) and time.monotonic() < until:
            time.sleep(0.05)
        assert not psutil.pid_exists(int(done.stdout))

    @pytest.mark.slow
    @needs_posix
    def test_a_fork_has_a_child_of_its_own(self, tmp_path):
        code = """
            import os, reader_tasks
            from geomap.load.child import read_apart
            first = read_apart("a", reader_tasks.process)
            if os.fork() == 0:
                os._exit(0 if read_apart("a", reader_tasks.process) != first else 1)
            print(os.waitpid(-1, 0)[1], read_apart("a", reader_tasks.process) == first)
        """
        assert run(code, tmp_path, "-W", "ignore::DeprecationWarning").stdout == "0 True\n"

    def test_an_interpreter_that_cannot_be_started_says_so(self, tmp_path):
        code = """
            import reader_tasks
            from geomap.load import child
            child._START = "raise SystemExit('no such luck')"
            child.read_apart("a", reader_tasks.process)
        """
        done = run(code, tmp_path)
        assert "RuntimeError: The process that reads files cannot be started. no such luck" in done.stderr

    @pytest.mark.parametrize("lack", ["sys.frozen = True", "sys.executable = None", "sys.executable = ''"])
    def test_without_an_interpreter_files_are_read_here(self, tmp_path, lack):
        code = f"""
            import os, sys, reader_tasks
            {lack}
            from geomap.load.child import read_apart, start_reader
            start_reader()
            print(read_apart("a", reader_tasks.process) == os.getpid())
        """
        assert run(code, tmp_path).stdout == "True\n"


class TestRuns:
    @pytest.mark.slow
    def test_a_run_goes_on_to_the_next_file(self, tmp_path, monkeypatch):
        """Two files end their reader and one is wrong: all three are told, with the rows of the bank."""
        scenario = Scenario.from_toml(DEMO / "demo.toml")
        from geomap.load import gather

        monkeypatch.setitem(gather.LOADERS, "qof", tasks.crash_on)
        monkeypatch.setitem(gather.LOADERS, "practice_imd", tasks.crash_on)
        monkeypatch.setitem(gather.LOADERS, "inactivity", tasks.refuse_on)
        with pytest.raises(DataError) as caught:
            load_inputs(scenario)
        told = {(fault.source, fault.problem) for fault in caught.value.faults if fault.row is None}
        died = "it stopped its reader in the middle"
        assert told >= {
            ("PREVALENCE_2425.csv", died),
            ("fingertips-imd-2025-gp-practice.csv", died),
            ("inactive_adults.csv", "gone"),
        }
        assert [fault for fault in caught.value.faults if fault.source == "pledges.csv"]
