"""Write a real set of results on a disk that fails or stops at the n-th call; run with `failing_disk.c` preloaded.

    python disk_sweep.py stop|fail|fail-on FOLDER OVER [POINTS]

`stop`: the process is stopped before each call that would change the disk, and what it would leave if it were killed
there is looked at. `fail`: the n-th call fails; `fail-on`: it and all after it. OVER is `old` or `nothing`, what the
results are written over. POINTS: so many calls, spread evenly, in place of all. Prints what was tried as JSON.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from made_up import made_up_tables  # noqa: E402

from geomap import pipeline  # noqa: E402
from geomap.config import Scenario  # noqa: E402
from geomap.demo import demo_scenario  # noqa: E402
from geomap.errors import OutputError  # noqa: E402
from geomap.outputs import check_folder, verify_folder  # noqa: E402
from geomap.report import paper  # noqa: E402

ERRORS = (errno.ENOSPC, errno.EIO)
SURVIVED, REFUSED, BROKEN = 0, 5, 70
EVERY = 25
"""Of so many places at which a run was stopped, one is run again to its end."""

State = dict[str, str]


class Writer:
    """A small set of results, drawn beforehand, so that each writing is nothing but writing."""

    def __init__(self, seed: int) -> None:
        self.scenario = Scenario.from_toml(demo_scenario())
        self.tables = made_up_tables(4, 4, seed=seed)
        page, composition = pipeline.build_map(self.tables), paper.compose(self.tables)
        self.drawn = {"build_map": lambda *_, **__: page, "compose": lambda *_, **__: composition}

    def write(self, folder: Path) -> None:
        pipeline.build_map, paper.compose = self.drawn["build_map"], self.drawn["compose"]
        pipeline.write_results(self.tables, self.scenario, folder)


def state_of(folder: Path) -> State:
    """Every file below a folder and the sum of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def visible(state: State) -> State:
    return {name: digest for name, digest in state.items() if not name.startswith(".")}


class Sweep:
    def __init__(self, base: Path, over: str) -> None:
        self.folder, self.copy, self.kept = base / "out", base / "copy", base / "old"
        self.shim = ctypes.CDLL(None)
        self.new_writer = Writer(seed=2)
        self.kept.mkdir(parents=True)
        if over == "old":
            Writer(seed=1).write(self.kept)
        self.old = state_of(self.kept)
        self.start()
        self.new_writer.write(self.folder)
        self.new = state_of(self.folder)
        assert self.new.keys() and self.new != self.old
        self.told: Counter[str] = Counter()

    def start(self) -> None:
        """The folder as it is before a run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.kept, self.folder)

    def begin(self, at: int, error: int, *, stop: bool) -> int:
        """A child that writes the new set on a disk that fails or stops; its id."""
        child = os.fork()
        if child:
            return child
        code = BROKEN
        try:
            self.shim.failing_disk(os.fsencode(self.folder), ctypes.c_long(at), error, ctypes.c_long(stop))
            self.new_writer.write(self.folder)
            code = SURVIVED
        except OutputError as caught:
            code = REFUSED if str(caught).endswith(".") and "\n" not in str(caught) else BROKEN
            self.leave(str(caught))
        except BaseException:
            self.leave(traceback.format_exc())
        finally:
            os._exit(code)

    def leave(self, text: str) -> None:
        self.shim.failing_disk(b"", ctypes.c_long(0), 0, ctypes.c_long(0))
        self.folder.with_name("said").write_text(text)

    def count(self) -> int:
        """How many calls a run makes that change the disk."""
        self.start()
        told = self.folder.with_name("calls")
        child = os.fork()
        if not child:
            self.shim.failing_disk(os.fsencode(self.folder), ctypes.c_long(0), 0, ctypes.c_long(0))
            self.new_writer.write(self.folder)
            told.write_text(str(self.shim.failing_disk_calls()))
            os._exit(0)
        os.waitpid(child, 0)
        return int(told.read_text())

    def check(self, folder: Path, where: str, *, may_be_mixed: bool) -> None:
        """The old set or the new, or a mix that is told and that the next run undoes."""
        seen = visible(state_of(folder))
        whole = seen in (self.old, self.new)
        assert whole or may_be_mixed, f"{where}: a mix is left"
        assert whole or verify_folder(folder), f"{where}: a mix that is not told"
        assert seen != self.new or verify_folder(folder) == [], where
        self.told["old" if seen == self.old else "new" if seen == self.new else "mixed and told"] += 1
        check_folder(folder)
        after = state_of(folder)
        assert after in (self.old, self.new), f"{where}: the next run does not put it right"

    def stops(self) -> Iterator[int]:
        """Stop the run before every call; between, what it would leave is there to be looked at."""
        self.start()
        child, at = self.begin(0, 0, stop=True), 0
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                assert os.waitstatus_to_exitcode(status) == SURVIVED
                return
            at += 1
            yield at
            os.kill(child, signal.SIGCONT)

    def stop(self) -> int:
        at = 0
        for at in self.stops():
            shutil.rmtree(self.copy, ignore_errors=True)
            shutil.copytree(self.folder, self.copy)
            self.check(self.copy, f"stopped before call {at}", may_be_mixed=True)
            if at % EVERY == 0:
                self.new_writer.write(self.copy)
                assert state_of(self.copy) == self.new
        assert visible(state_of(self.folder)) == self.new
        return at

    def fail(self, points: int, *, once: bool) -> int:
        calls = self.count()
        places = sorted({int(at) for at in np.linspace(1, calls, min(points or calls, calls)).round()})
        for number, at in enumerate(places):
            self.start()
            child = self.begin(at if once else -at, ERRORS[number % 2], stop=False)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = self.folder.with_name("said").read_text() if code else ""
            assert code in (SURVIVED, REFUSED), f"failing call {at} ended with {code}: {said}"
            self.told["refused in a sentence" if code else "went on"] += 1
            self.check(self.folder, f"failing call {at}", may_be_mixed=not once)
        return len(places)


def main(mode: str, folder: str, over: str, points: str = "0") -> None:
    sweep = Sweep(Path(folder), over)
    tried = sweep.stop() if mode == "stop" else sweep.fail(int(points), once=mode == "fail")
    print(json.dumps({"tried": tried, **sweep.told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
