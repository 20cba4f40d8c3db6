"""Faults of running: whatever stops a run, its folder holds the old set or the new; and the next run goes on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up import made_up_tables
from small_worlds import seeded_archipelago
from typer.testing import CliRunner

from geomap import cli, outputs, pipeline, solver
from geomap.commands import edge
from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import DataError, OutputError, SolveError
from geomap.outputs import check_folder, describe_inputs, verify_folder, write_folder
from geomap.report import files as report_files
from geomap.report._geopackage import check_geopackage
from geomap.robust.store import Store

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UNIX = pytest.mark.skipif(os.name == "nt", reason="signals and file systems of Unix")
ROOT_ONLY = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can mount a small disk")
OLD = {"allocation.csv": b"old" * 400, "gone.csv": b"only in the old set", "map.html": b"<p>old"}
NEW = {"allocation.csv": b"new" * 400, "map.html": b"<p>new", "sites.csv": b"only in the new set"}


def write_set(path: Path, files: dict[str, bytes]) -> None:
    with write_folder(path, settings={"set": sorted(files)}) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def contents(path: Path) -> dict[str, bytes]:
    """Every file but the manifest; the work folder of a run that was stopped is none of the set."""
    files = (item for item in path.iterdir() if item.is_file() and item.name != outputs.MANIFEST_NAME)
    return {item.name: item.read_bytes() for item in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    write_set(path, OLD)
    return path


def start(script: str, *arguments: object, **more) -> subprocess.Popen[str]:
    """A process of its own, with the package at hand."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes, **more)


# --- the n-th system call fails, or the run is stopped dead before it


@pytest.fixture(scope="module")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes system calls fail."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("failing") / "failing_disk.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "failing_disk.c"), "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a thousand flushes of a real disk take minutes."""
    shared = Path("/dev/shm")
    base = shared / f"geomap-{os.getpid()}-{time.monotonic_ns()}" if shared.is_dir() else tmp_path / "sweep"
    yield base
    shutil.rmtree(base, ignore_errors=True)


def sweep(library: Path, *arguments: object) -> dict[str, int]:
    """What `disk_sweep.py` tried; it fails where a promise is broken."""
    command = [sys.executable, str(HERE / "disk_sweep.py"), *map(str, arguments)]
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.thorough
@pytest.mark.parametrize("over", ["old", "nothing"])
def test_fault_running_stopped_dead_before_every_system_call(failing_disk: Path, quick_disk: Path, over: str) -> None:
    """Python, GDAL, SQLite and the writer of workbooks: what is left at each call is the old set, the new, or told."""
    told = sweep(failing_disk, "stop", quick_disk, over)
    assert told["tried"] > 900 and told["old"] > 700 and told["new"] > 1


@pytest.mark.thorough
@pytest.mark.parametrize(("way", "points"), [("fail", 90), ("fail-on", 50)])
def test_fault_running_disk_fails_at_the_nth_system_call(
    failing_disk: Path, quick_disk: Path, way: str, points: int
) -> None:
    """ENOSPC and EIO in turn at calls spread over the whole run, once or from then on: a sentence, and the old set."""
    told = sweep(failing_disk, way, quick_disk, "old", points)
    assert told["tried"] >= points - 2
    assert told["refused in a sentence"] > told["tried"] * 0.7


def test_fault_running_geopackage_that_gdal_did_not_finish(tmp_path: Path) -> None:
    """GDAL passes over errors of the disk: a file without its index, a row or an extent is no result."""
    tables = made_up_tables(4, 4)
    layers = {"pcns": tables.pcns, "facilities": tables.facilities, "icbs": tables.outlines, "places": tables.places}
    report_files.write_tables(tmp_path, tables)
    good = (tmp_path / "results.gpkg").read_bytes()
    damages = (
        "DELETE FROM gpkg_extensions WHERE table_name = 'pcns'", "PRAGMA user_version = 0",
        "UPDATE gpkg_contents SET min_x = NULL, max_y = NULL WHERE table_name = 'icbs'",
        "DELETE FROM gpkg_geometry_columns WHERE table_name = 'places'", "DROP TRIGGER rtree_places_geom_delete",
        "DELETE FROM rtree_icbs_geom_rowid", "DROP TABLE rtree_facilities_geom_rowid",
        "UPDATE gpkg_ogr_contents SET feature_count = 1 WHERE table_name = 'pcns'",
    )  # fmt: skip
    path = tmp_path / "damaged.gpkg"
    path.write_bytes(good)
    check_geopackage(path, layers)
    for damage in damages:
        path.write_bytes(good)
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.executescript(damage)
        with pytest.raises(OutputError, match=r"damaged\.gpkg was not written whole; the disk may be full"):
            check_geopackage(path, layers)
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(OutputError, match="was not written whole"):
        check_geopackage(path, layers)


# --- killed, ended, interrupted


LOOPING = """
import sys
from pathlib import Path
from geomap.outputs import write_folder
print("ready", flush=True)
number = 0
while True:
    with write_folder(Path(sys.argv[1])) as folder:
        for name in sys.argv[2:]:
            (folder / name).write_bytes(name.encode() + b" %d" % number * 2000)
    number += 1
"""
KILLS = 25


@pytest.mark.slow
@UNIX
def test_fault_running_kill_at_random_moments(folder: Path) -> None:
    """Each file of what is left is of one and the same run, or the mix is told and the next run undoes it."""
    chance = random.Random(6)
    told = 0
    for _ in range(KILLS):
        with start(LOOPING, folder, *NEW) as child:
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.06))
            child.kill()
        told += bool(verify_folder(folder))
        check_folder(folder)
        assert verify_folder(folder) == []
        left = contents(folder)
        runs = {data.removeprefix(name.encode())[:7] for name, data in left.items() if data not in OLD.values()}
        assert (left == OLD) or (left.keys() == NEW.keys() and len(runs) == 1)
    assert told < KILLS


WAITING = """
import sys, time
from pathlib import Path
from geomap.outputs import write_folder
with write_folder(Path(sys.argv[1])) as folder:
    (folder / "map.html").write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""


@UNIX
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
def test_fault_running_terminate_by_signal(folder: Path, how: signal.Signals) -> None:
    with start(WAITING, folder) as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(how)
    left = contents(folder)
    left.pop(".geomap.lock", None)
    assert left == OLD and verify_folder(folder) == []
    write_set(folder, NEW)
    assert contents(folder) == NEW


CLI = """
import sys, time
from geomap import cli, pipeline
def wait(*_, **__):
    print("ready", flush=True)
    time.sleep(60)
pipeline.load_inputs = wait
sys.argv = ["geomap", "demo", "--out", sys.argv[1]]
cli.main()
"""


@pytest.mark.slow
@UNIX
def test_fault_running_ctrl_c_ends_in_a_word_and_leaves_nothing(tmp_path: Path) -> None:
    with start(CLI, tmp_path / "out") as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=30)
    assert child.returncode == edge.STOPPED
    assert told == f"Stopped. {edge.AS_BEFORE}\n"
    assert list(tmp_path.iterdir()) == []


WORKERS = """
import os, sys
from geomap.runner import open_runner
if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    from runner_tasks import own_id
    with open_runner(2) as runner:
        print(*sorted(set(runner.map(own_id, range(2)))), flush=True)
        sys.stdin.read()
"""


@UNIX
def test_fault_running_kill_takes_the_workers_along(tmp_path: Path) -> None:
    """Workers of a run that was killed do not stay behind for ever."""
    script = tmp_path / "started.py"
    script.write_text(WORKERS, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    command = [sys.executable, str(script), str(ROOT / "tests")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as child:
        ids = [int(text) for text in child.stdout.readline().split()]
        assert ids and child.pid not in ids
        child.kill()
    until = time.monotonic() + 20
    while any(_lives(worker) for worker in ids) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(_lives(worker) for worker in ids)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- full, unwritable, in the way


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@ROOT_ONLY
def test_fault_running_disk_full_leaves_the_old_set(small_disk: Path) -> None:
    """A real disk that is really full: a whole run, and a set that only just does not fit."""
    scenario, out = Scenario.from_toml(demo_scenario()), small_disk / "out"
    write_set(out, OLD)
    with pytest.raises(OutputError, match="full|Free some space"):
        pipeline.write_results(made_up_tables(30, 40), scenario, out)
    assert contents(out) == OLD and verify_folder(out) == []
    for left in range(0, 600_000, 60_000):
        with pytest.raises(OutputError, match="is full"):
            write_set(out, NEW | {"map.html": b"m" * (1_000_000 - left), "more.csv": b"m" * 900_000})
        assert contents(out) == OLD and verify_folder(out) == []
    write_set(out, NEW)
    assert contents(out) == NEW


@UNIX
def test_fault_running_file_size_limit_is_told(folder: Path) -> None:
    """A limit on the size of files, of a kind that many servers set."""
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from geomap.errors import OutputError
from geomap.outputs import write_folder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with write_folder(Path(sys.argv[1])) as folder:
        (folder / "map.html").write_bytes(b"m" * 5000)
except OutputError as caught:
    print(caught)
"""
    with start(script, folder) as child:
        said, wrong = child.communicate(timeout=60)
    assert "The results could not be written to" in said and wrong == ""
    assert contents(folder) == OLD


@pytest.mark.slow
@UNIX
def test_fault_running_no_space_for_temporary_files(tmp_path: Path) -> None:
    """All of a set of results is written beside it: the folder for temporary files may be full or closed."""
    script = """
import sys, tempfile
from pathlib import Path
from made_up import made_up_tables
from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.pipeline import write_results
tables, scenario = made_up_tables(4, 4), Scenario.from_toml(demo_scenario())
def refuse(*_, **__):
    raise OSError(28, "No space left on device")
for name in ("mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile", "gettempdir"):
    setattr(tempfile, name, refuse)
write_results(tables, scenario, Path(sys.argv[1]))
"""
    with start(script, tmp_path / "out") as child:
        _, wrong = child.communicate(timeout=120)
    assert (child.returncode, wrong) == (0, "")
    assert verify_folder(tmp_path / "out") == []


AS_NOBODY = """
import os, sys
from pathlib import Path
from geomap.errors import OutputError
from geomap.outputs import check_folder, write_folder
if os.geteuid() == 0:
    os.setegid(65534), os.seteuid(65534)
for attempt in (check_folder, lambda path: write_folder(path).__enter__()):
    try:
        attempt(Path(sys.argv[1]))
        print("written")
    except OutputError as caught:
        print(caught)
"""


@UNIX
@pytest.mark.parametrize("what", ["target", "parent", "old files"])
def test_fault_running_unwritable_folder(tmp_path: Path, what: str) -> None:
    """By a user who may not write there: a sentence, and nothing is changed."""
    out = tmp_path / "place" / "out"
    tmp_path.chmod(0o755)
    for above in tmp_path.parents[:3]:
        if not os.access(above, os.X_OK) or above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o055)
    if what == "parent":
        out.parent.mkdir(mode=0o555)
    else:
        write_set(out, OLD)
        out.chmod(0o555 if what == "target" else 0o755)
    with start(AS_NOBODY, out) as child:
        said, wrong = child.communicate(timeout=60)
    out.parent.chmod(0o755)
    lines = said.splitlines()
    assert wrong == "" and len(lines) == 2
    assert all("cannot be written" in line and "choose a folder that you may write to" in line for line in lines)
    assert contents(out) == OLD if out.exists() else what == "parent"


def test_fault_running_unwritable_folder_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_bytes(b"a file of mine")
    monkeypatch.setattr(pipeline, "load_inputs", lambda *_, **__: pytest.fail("it read the inputs first"))
    with pytest.raises(OutputError, match="is a file, or lies inside one"):
        pipeline.run(Scenario.from_toml(demo_scenario()), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"a file of mine"


def test_fault_running_result_changed_by_its_reader_is_not_overwritten(folder: Path) -> None:
    """A board paper that somebody has gone on writing in the folder of results is theirs now."""
    (folder / "map.html").write_bytes(b"<p>old, and a note of mine")
    for attempt in (check_folder, lambda path: write_set(path, NEW)):
        with pytest.raises(OutputError, match=r"^map\.html in .*: changed after an earlier run had written it"):
            attempt(folder)
    assert contents(folder) == OLD | {"map.html": b"<p>old, and a note of mine"}
    (folder / "map.html").rename(folder / "my map.html")
    write_set(folder, NEW)
    assert contents(folder) == NEW | {"my map.html": b"<p>old, and a note of mine"}


@pytest.mark.parametrize("manifest", [b'{"name": "an app", "icons": []}', b"{", b"[]", b""])
def test_fault_running_manifest_of_another_program_is_not_replaced(tmp_path: Path, manifest: bytes) -> None:
    """Web apps and other tools keep a manifest.json too."""
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(OutputError, match=r"already holds manifest\.json, which no earlier run wrote"):
        write_set(tmp_path, NEW)
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {"manifest.json": manifest}


@UNIX
def test_fault_running_planted_links_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    """A lock, a work folder or a result that is a link to something else: that is neither emptied nor written to."""
    precious, other = tmp_path / "precious.txt", tmp_path / "other"
    precious.write_bytes(b"precious")
    other.mkdir()
    (folder / ".geomap.lock").symlink_to(precious)
    with pytest.raises(OutputError, match=r"\.geomap\.lock"):
        write_set(folder, NEW)
    (folder / ".geomap.lock").unlink()
    (folder / ".geomap-new").symlink_to(other, target_is_directory=True)
    with pytest.raises(OutputError, match=r"\.geomap-new, left by a run that was stopped, stays\. Delete it"):
        write_set(folder, NEW)
    (folder / ".geomap-new").unlink()
    (folder / "sites.csv").symlink_to(precious)
    with pytest.raises(OutputError, match=r"already holds sites\.csv"):
        write_set(folder, NEW)
    assert precious.read_bytes() == b"precious" and list(other.iterdir()) == []


def test_fault_running_work_folder_that_is_a_file(folder: Path) -> None:
    (folder / ".geomap-new").write_bytes(b"")
    with pytest.raises(OutputError, match="stays. Delete it"):
        write_set(folder, NEW)


def test_fault_running_result_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Path) -> dict:
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr(outputs, "_describe", refuse)
    assert verify_folder(folder) == sorted(OLD)


def test_fault_running_draws_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of draws is a file, or its disk is full: a sentence; what is there already stays good."""
    kept = Store(folder=tmp_path / "kept")
    kept.write("a" * 64, [1.5])
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OutputError, match="Draws could not be kept in"):
        Store(folder=tmp_path / "taken").write("a" * 64, [1.5])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        with pytest.raises(OutputError, match="No space left"):
            kept.write("a" * 64, [2.5])
    assert kept.read("a" * 64) == [1.5]


# --- races


def test_fault_running_two_runs_in_one_folder(folder: Path) -> None:
    """The second is refused in a sentence, by the check before it reads too; the first is unharmed."""
    with start(WAITING, folder) as first:
        assert first.stdout.readline() == "ready\n"
        for attempt in (check_folder, lambda path: write_set(path, NEW)):
            with pytest.raises(OutputError, match=rf"Another run is writing to .*process {first.pid} "):
                attempt(folder)
        assert (folder / ".geomap-new" / "files" / "map.html").read_bytes() == b"half"
        first.kill()
    write_set(folder, NEW)


def test_fault_running_many_runs_race_for_one_folder(folder: Path) -> None:
    """Eight at a time: each ends whole or is refused; what is left is of one run."""
    script = """
import sys
from pathlib import Path
from geomap.errors import OutputError
from geomap.outputs import write_folder
sys.stdin.read(1)
for turn in range(15):
    try:
        with write_folder(Path(sys.argv[1])) as folder:
            for name in sys.argv[3:]:
                (folder / name).write_bytes(sys.argv[2].encode() * 3000)
        print("written")
    except OutputError as caught:
        print("refused" if "Another run is writing" in str(caught) else caught)
"""
    with contextlib.ExitStack() as open_children:
        racers = [
            open_children.enter_context(start(script, folder, number, *NEW, stdin=subprocess.PIPE))
            for number in range(4)
        ]
        for racer in racers:
            racer.stdin.write("x")
            racer.stdin.flush()
        said = [racer.communicate(timeout=120) for racer in racers]
    lines = [line for out, _ in said for line in out.splitlines()]
    assert len(lines) == 60 and set(lines) <= {"written", "refused"} and "written" in lines
    assert [wrong for _, wrong in said] == [""] * 4
    assert verify_folder(folder) == []
    assert len(set(contents(folder).values())) == 1 and contents(folder).keys() == NEW.keys()


def test_fault_running_stale_lock_counts_for_nothing(folder: Path) -> None:
    (folder / ".geomap.lock").write_text("process 999999 on another machine", encoding="utf-8")
    write_set(folder, NEW)
    assert contents(folder) == NEW


def test_fault_running_input_changed_or_gone_while_the_run_goes_on(tmp_path: Path) -> None:
    """The manifest tells of a file what it was when it was read."""
    source = tmp_path / "bank.xlsx"
    source.write_bytes(b"as it was read")
    told = describe_inputs([source])
    source.write_bytes(b"saved again since")
    write = {"inputs": told, "settings": {}}
    with write_folder(tmp_path / "out", **write) as folder:
        (folder / "map.html").write_bytes(b"<p>")
        source.unlink()
    listed = json.loads((tmp_path / "out" / "manifest.json").read_bytes())["inputs"]
    assert listed == list(told) and listed[0]["bytes"] == len(b"as it was read")
    with pytest.raises(DataError, match=r"bank\.xlsx was read, and cannot be any more"):
        describe_inputs([source])


# --- low memory, other places


def test_fault_running_low_memory_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_, **__) -> None:
        raise MemoryError

    monkeypatch.setattr(pipeline, "load_inputs", fail)
    done = CliRunner().invoke(cli.app, ["demo", "--out", str(tmp_path / "out")])
    assert done.exit_code == SolveError.exit_code
    assert done.stderr.startswith("The computer ran out of memory. Close other programs") and done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_fault_running_low_memory_in_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for "no better plan found": the run ends, and the same run elsewhere gives the same plan."""

    def fail(*_, **__) -> None:
        raise MemoryError

    monkeypatch.setattr(solver.highspy.Highs, "run", fail)
    with pytest.raises(MemoryError):
        seeded_archipelago(3, 2).solve()


NO_NETWORK = """
import socket, sys
class Closed(socket.socket):
    def __init__(self, *_, **__): raise OSError("the network was asked for")
socket.socket = socket.create_connection = socket.getaddrinfo = Closed
sys.argv = ["geomap", "check", sys.argv[1]]
from geomap.cli import main
main()
"""


@pytest.mark.slow
def test_fault_running_no_network(tmp_path: Path) -> None:
    """Reading all inputs and writing all outputs asks for no address and opens no connection."""
    with start(NO_NETWORK, ROOT / "data" / "demo" / "demo.toml") as child:
        said, wrong = child.communicate(timeout=120)
    assert child.returncode == 0 and wrong == "" and "Next: geomap run" in said
