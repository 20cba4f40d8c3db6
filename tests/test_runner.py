"""Where work is done must not matter: same results, same order, same errors; nothing lost with a worker."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import numpy as np
import pytest
from runner_tasks import die, die_once, leave_mark, raise_if_error, square, total
from scipy import sparse

from geomap import _cluster, runner
from geomap.errors import ConfigError, DataError, Fault, InfeasibleError, SolveError
from geomap.runner import Runner, open_runner
from geomap.solver import LinearModel, Solution, Task, solve_task

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("threads", "here", "processes", "cluster")


def make_task(seed: int, columns: int = 24) -> Task:
    """A knapsack of several limits, random, stopped early: its answer depends on every step the solver took."""
    chance = np.random.default_rng(seed)
    rows = columns // 2
    model = LinearModel(
        value=chance.uniform(1, 9, columns),
        matrix=sparse.random_array((rows, columns), density=0.4, rng=chance, format="csr"),
        row_lower=np.full(rows, -np.inf),
        row_upper=chance.uniform(5, 20, rows),
        upper=np.full(columns, 9.0),
        integer=np.ones(columns, dtype=bool),
    )
    return Task(model=model, steps=60, gap_share=0.001)


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
    ) as made:
        yield made


@pytest.fixture(scope="module")
def runners(cluster: distributed.LocalCluster) -> Iterator[dict[str, Runner]]:
    with (
        open_runner() as threads,
        open_runner(workers=1) as here,
        open_runner(workers=2) as processes,
        open_runner(cluster=cluster.scheduler_address) as tasks,
    ):
        yield dict(zip(KINDS, (threads, here, processes, tasks), strict=True))


@pytest.fixture(params=KINDS)
def any_runner(request: pytest.FixtureRequest, runners: dict[str, Runner]) -> Runner:
    return runners[request.param]


@pytest.fixture
def small_cluster() -> Iterator[distributed.LocalCluster]:
    """One worker, within this process."""
    with distributed.LocalCluster(
        n_workers=1, processes=False, threads_per_worker=1, protocol="tcp://", host="127.0.0.1",
        dashboard_address=":0", silence_logs=logging.CRITICAL,
    ) as made:  # fmt: skip
        yield made


class TestEveryKind:
    def test_results_come_in_the_order_of_the_items(self, any_runner):
        assert list(any_runner.map(square, range(20))) == [number * number for number in range(20)]

    def test_nothing_to_do(self, any_runner):
        assert list(any_runner.map(square, [])) == []

    def test_two_rounds_at_a_time_do_not_mix(self, any_runner):
        one, other = any_runner.map(square, range(5)), any_runner.map(square, range(10, 15))
        assert list(zip(one, other, strict=True)) == [(n * n, (n + 10) ** 2) for n in range(5)]

    def test_results_come_before_all_are_there(self, any_runner, tmp_path):
        first = next(iter(any_runner.map(leave_mark, [(tmp_path, number) for number in range(60)])))
        assert first == 0 and len(list(tmp_path.iterdir())) < 60

    @pytest.mark.parametrize("error", [
        ConfigError("no such setting"), SolveError("no answer"), InfeasibleError("no plan"),
        DataError("Two:", faults=[Fault(source="a.csv", row=row, problem="p" * 9000, remedy="R.") for row in (2, 3)]),
        ZeroDivisionError("a defect"),
    ], ids=lambda error: type(error).__name__)  # fmt: skip
    def test_an_error_arrives_as_it_is_and_after_the_results_before_it(self, any_runner, error):
        results = any_runner.map(raise_if_error, ["one", "two", error, "four"])
        assert [next(results), next(results)] == ["one", "two"]
        with pytest.raises(type(error)) as caught:
            next(results)
        assert str(caught.value) == str(error)
        assert getattr(caught.value, "faults", ()) == getattr(error, "faults", ())
        assert list(any_runner.map(square, [3])) == [9], "one that failed does not stop the next"

    def test_what_is_not_begun_when_the_caller_stops_is_dropped(self, any_runner, tmp_path):
        results = any_runner.map(leave_mark, [(tmp_path, number) for number in range(60)])
        assert next(results) == 0
        del results
        assert list(any_runner.map(square, [3])) == [9]
        assert len(list(tmp_path.iterdir())) < 40

    def test_an_item_larger_than_dask_thinks_wise_goes_without_a_word(self, any_runner):
        assert list(any_runner.map(total, [np.ones(1_600_000)])) == [1_600_000.0]

    def test_arrays_that_come_back_can_be_written_to(self, any_runner):
        (array,) = any_runner.map(np.sqrt, [np.arange(5.0)])
        array[0] = 7.0
        assert array.tolist()[:2] == [7.0, 1.0]


def solved_alike(one: Solution, other: Solution) -> bool:
    same = (one.objective, one.bound, one.complete, one.steps) == (
        other.objective,
        other.bound,
        other.complete,
        other.steps,
    )
    return same and np.array_equal(one.x, other.x)


def test_the_solver_answers_alike_everywhere(runners):
    tasks = [make_task(seed) for seed in range(4)]
    by_kind = {kind: list(runners[kind].map(solve_task, tasks)) for kind in KINDS}
    expected = [solve_task(task) for task in tasks]
    assert len({solution.objective for solution in expected}) == len(tasks)
    for kind in KINDS:
        assert all(map(solved_alike, by_kind[kind], expected)), kind


@pytest.mark.parametrize("kind", ["processes", "cluster"])
def test_nothing_is_lost_with_a_worker_killed_at_its_work(runners, tmp_path, kind):
    told = list(runners[kind].map(die_once, [(tmp_path, number) for number in range(12)]))
    assert (tmp_path / "killed").exists()
    assert [number for number, _ in told] == list(range(12))
    assert os.getpid() not in {process for _, process in told}


class TestProcesses:
    def test_they_start_with_the_first_round_and_end_with_the_context(self):
        before = set(multiprocessing.active_children())
        with open_runner(workers=2) as made:
            assert made.workers == 2
            assert set(multiprocessing.active_children()) == before
            assert list(made.map(square, [2, 3])) == [4, 9]
            assert set(multiprocessing.active_children()) > before
        assert set(multiprocessing.active_children()) == before

    def test_one_that_dies_again_and_again_is_an_error_and_no_end(self, monkeypatch):
        monkeypatch.setattr(runner, "RESTARTS", 1)
        with open_runner(workers=2) as made:
            with pytest.raises(SolveError, match="Worker processes died 2 times over"):
                list(made.map(die, [1]))
            assert list(made.map(square, [3])) == [9]

    def test_a_script_without_a_guard_is_told_what_to_do(self, tmp_path):
        script = tmp_path / "script.py"
        script.write_text(
            "from geomap.runner import open_runner\n"
            "with open_runner(workers=2) as made:\n"
            "    print(list(made.map(abs, [1])))\n",
            encoding="utf-8",
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and 'under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]

    @pytest.mark.parametrize("workers", [0, -2])
    def test_no_workers_are_too_few(self, workers):
        with pytest.raises(ConfigError, match=f"workers is {workers}; it must be 1 or more"), open_runner(workers):
            pass

    def test_windows_has_a_limit(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "win32")
        with pytest.raises(ConfigError, match="Windows allows at most 61"), open_runner(workers=62):
            pass


def refusal(**where: object) -> str:
    """What the user is told."""
    with pytest.raises(ConfigError) as caught, open_runner(**where):
        pass
    return str(caught.value)


@contextmanager
def service(greeting: bytes) -> Iterator[str]:
    """Something that is no scheduler: it greets one caller, and waits until they hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(greeting)
                line.recv(1)

        waiter = threading.Thread(target=greet)
        waiter.start()
        yield "tcp://{}:{}".format(*server.getsockname())
        waiter.join()


class TestCluster:
    def test_workers_are_counted(self, runners):
        assert runners["cluster"].workers == 2

    def test_it_does_not_go_with_a_number_of_workers(self):
        assert "not both" in refusal(workers=2, cluster="tcp://10.0.0.5:8786")

    @pytest.mark.parametrize(
        "address", ["8786", "10.0.0.5:8786", "tcp://10.0.0.5", "tcp://a:b", "http://a:1", "tcp://:1"]
    )
    def test_what_is_no_address(self, address):
        assert refusal(cluster=address).startswith(f"{address!r} is no address of a cluster. Give ")

    def test_nothing_there(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and not listening
            address = "tcp://{}:{}".format(*taken.getsockname())
            assert refusal(cluster=address).startswith(f"No dask scheduler answers at {address} (")

    @pytest.mark.parametrize(
        ("greeting", "said"), [(b"SSH-2.0-OpenSSH\r\n", "is no dask scheduler"), (b"", "timed out")]
    )
    def test_another_kind_of_service(self, monkeypatch, greeting, said):
        monkeypatch.setattr(_cluster, "CONNECT_S", 0.5)
        with service(greeting) as address:
            told = refusal(cluster=address)
        assert said in told and address in told

    def test_no_workers(self, monkeypatch, small_cluster):
        monkeypatch.setattr(_cluster, "CONNECT_S", 0.5)
        small_cluster.scale(0)
        address = small_cluster.scheduler_address
        assert refusal(cluster=address) == (
            f"The cluster at {address} has no workers. Start one or more with: dask worker {address}"
        )

    @pytest.mark.parametrize(
        ("package", "who"), [("distributed", "The scheduler at tcp:"), ("numpy", "A worker of the ")]
    )
    def test_other_versions_are_told(self, monkeypatch, cluster, package, who):
        ours = {**_cluster._own_versions()}
        theirs, ours[package] = ours[package], "1.0"
        monkeypatch.setattr(_cluster, "_own_versions", lambda: ours)
        told = refusal(cluster=cluster.scheduler_address)
        assert told.startswith(who) and f"other versions than this machine: {package} {theirs} (here 1.0)." in told

    def test_a_patch_of_python_does_not_matter(self, monkeypatch, cluster):
        ours = {**_cluster._own_versions(), "python": "{}.{}.999".format(*sys.version_info)}
        monkeypatch.setattr(_cluster, "_own_versions", lambda: ours)
        with open_runner(cluster=cluster.scheduler_address) as made:
            assert list(made.map(square, [3])) == [9]

    def test_a_worker_without_geomap_is_told(self, cluster):
        hide = "import sys; sys.modules['geomap._cluster'] = None"
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            (one, _) = client.nthreads()
            client.run(exec, hide, workers=[one])
            told = refusal(cluster=cluster.scheduler_address)
            client.run(exec, "import sys; del sys.modules['geomap._cluster']", workers=[one])
        assert told.startswith(f"The worker at {one} cannot run geomap (") and "Install it there" in told

    def test_without_the_package_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        assert refusal(cluster="tcp://10.0.0.5:8786").endswith("pip install geomap[cluster]")

    def test_a_task_that_kills_every_worker_is_an_error_and_no_end(self, monkeypatch, cluster, runners):
        monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
        with pytest.raises(SolveError, match="died one after another over the same task"):
            list(runners["cluster"].map(die, [1]))
        assert list(runners["cluster"].map(square, [3])) == [9]

    def test_the_last_worker_lost_is_told(self, monkeypatch, small_cluster):
        monkeypatch.setattr(_cluster, "NO_WORKER_S", 0.5)
        with open_runner(cluster=small_cluster.scheduler_address) as made:
            results = made.map(square, range(40))
            assert next(results) == 0
            small_cluster.scale(0)
            with pytest.raises(SolveError, match="has had no worker for some time. Start one with: dask worker tcp://"):
                list(results)

    def test_a_scheduler_lost_is_told_once(self, small_cluster, capfd):
        with open_runner(cluster=small_cluster.scheduler_address) as made:
            results = made.map(square, range(40))
            assert next(results) == 0
            small_cluster.close()
            with pytest.raises(SolveError, match="was lost during the run. See that its scheduler is running"):
                list(results)
        assert capfd.readouterr().err == ""


def test_nothing_heavy_comes_with_it():
    code = "import sys, geomap.runner\nprint(sorted({'dask', 'distributed', 'numpy', 'pandas'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "[]\n"
