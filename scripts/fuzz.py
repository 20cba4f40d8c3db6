"""Break the golden files in thousands of ways and see that every loader refuses in words, or reads what adds up.

    python scripts/fuzz.py --mutants 10000 --seed 1     what is run before a release
    python scripts/fuzz.py --only bank.xlsx             one golden file; --only may be repeated
    python scripts/fuzz.py --again bank.xlsx 1234       one mutant again: its files are kept, and what came of it shown

A mutant is a golden file with bytes flipped, cut, put in, doubled or taken from another file, before or after it is
unpacked, or with cells, rows, columns and headings changed. It passes where the loader raises one of geomap's own
errors, in words, or hands on tables whose account tells of every row. Anything else is a finding: another error, a
warning, a crash, more than 20 seconds, more than 2 GB. The seed and the number of a mutant tell all about it. Findings
are kept in the folder --keep, and the exit code is then 1. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
MOST_S, HUNG_S = 20.0, 200.0
"""What one mutant may take of the processor (a busy machine is no finding), and of the clock where it only waits."""
START_S = 600.0
"""What a worker may take to import everything."""


@dataclass(slots=True)
class Told:
    """What came of the mutants of one golden file."""

    verdicts: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    slowest_s: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mutant that did not pass: the golden file, its number, and what was raised."""

    golden: str
    number: int
    what: str


class Worker:
    """A process at work on one mutant at a time; it is started again where it dies or hangs."""

    def __init__(self, goldens: dict, seed: int) -> None:
        self.told = (goldens, seed)
        self.asked: tuple[str, int] | None = None
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it has read every golden file once."""
        from _fuzz_worker import work

        here, there = multiprocessing.get_context("spawn").Pipe()
        self.pipe: Connection = here
        self.process = multiprocessing.get_context("spawn").Process(target=work, args=(there, *self.told), daemon=True)
        self.process.start()
        there.close()
        if not self.pipe.poll(START_S) or self.pipe.recv() != "ready":
            raise RuntimeError("a worker did not start")

    def ask(self, name: str, number: int) -> None:
        """Give it a mutant."""
        self.asked, self.since, self.used_s = (name, number), time.perf_counter(), self._cpu_s()
        self.pipe.send(self.asked)

    def answer(self) -> tuple[str, str, int]:
        """What it says; a process that is gone is a finding too."""
        try:
            return self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join(5)
            code = self.process.exitcode
            self.start()
            return "finding", f"the process died with exit code {code}", 0

    def stop_if_late(self) -> tuple[str, str, int] | None:
        """Kill it and start another where it has taken too long."""
        used_s, past_s = self._cpu_s() - self.used_s, time.perf_counter() - self.since
        if used_s < MOST_S and past_s < HUNG_S:
            return None
        self.process.kill()
        self.process.join()
        self.start()
        return "finding", f"it took {used_s:.0f} seconds of the processor in {past_s:.0f} seconds", 0

    def _cpu_s(self) -> float:
        """What the process has used since it began; 0 where it is gone."""
        try:
            used = psutil.Process(self.process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return used.user + used.system

    def end(self) -> None:
        """Let it go."""
        self.pipe.send(None)
        self.process.join(10)
        self.process.kill()


def plan(goldens: dict, mutants: int, only: Collection[str] = ()) -> Iterator[tuple[str, int]]:
    """The mutants of the golden files asked for by their weights, at least one each, in a stable order."""
    goldens = {name: golden for name, golden in goldens.items() if not only or name in only}
    whole = sum(golden.weight for golden in goldens.values())
    counts = {name: max(1, -(-mutants * golden.weight // whole)) for name, golden in goldens.items()}
    for name, count in counts.items():
        for number in range(count):
            yield name, number


def fuzz(
    goldens: dict, mutants: Iterable[tuple[str, int]], seed: int, workers: int = 2
) -> tuple[dict[str, Told], list[Finding]]:
    """
    Try mutants: golden file and number of each.

    Returns
    -------
    told, findings
        Golden file → what came of its mutants; the mutants that did not pass, in their order.
    """
    told, findings = defaultdict(Told), []
    waiting = iter(mutants)
    crew = [Worker(goldens, seed) for _ in range(workers)]
    busy: list[Worker] = []
    while True:
        for worker in crew:
            if worker not in busy and (task := next(waiting, None)):
                worker.ask(*task)
                busy.append(worker)
        if not busy:
            break
        ready = wait([worker.pipe for worker in busy], timeout=1.0)
        for worker in list(busy):
            answer = worker.answer() if worker.pipe in ready else worker.stop_if_late()
            if answer:
                busy.remove(worker)
                _note(told, findings, worker, answer)
    for worker in crew:
        worker.end()
    return dict(told), sorted(findings, key=lambda finding: (finding.golden, finding.number))


def _note(told: dict[str, Told], findings: list[Finding], worker: Worker, answer: tuple[str, str, int]) -> None:
    (name, number), (verdict, what, peak) = worker.asked, answer
    took = time.perf_counter() - worker.since
    told[name].verdicts[verdict] += 1
    told[name].seconds += took
    told[name].slowest_s = max(told[name].slowest_s, took)
    told[name].peak_bytes = max(told[name].peak_bytes, peak)
    if verdict == "finding":
        findings.append(Finding(golden=name, number=number, what=what))
        print(f"{name} {number}: {what}", flush=True)


def show(told: dict[str, Told]) -> str:
    """The table at the end: golden file, mutants, accepted, refused, findings, seconds, the slowest, peak memory."""
    lines = [f"{'golden file':<22}{'mutants':>9}{'accepted':>10}{'refused':>9}{'findings':>10}"
             f"{'s':>8}{'slowest s':>11}{'peak MB':>9}"]  # fmt: skip
    whole = Told()
    for name, row in [*told.items(), ("all", whole)]:
        if name != "all":
            whole.verdicts += row.verdicts
            whole.seconds += row.seconds
            whole.slowest_s = max(whole.slowest_s, row.slowest_s)
            whole.peak_bytes = max(whole.peak_bytes, row.peak_bytes)
        counts = [row.verdicts[kind] for kind in ("accepted", "refused", "finding")]
        lines.append(
            f"{name:<22}{sum(counts):>9,}{counts[0]:>10,}{counts[1]:>9,}{counts[2]:>10,}"
            f"{row.seconds:>8.0f}{row.slowest_s:>11.2f}{row.peak_bytes / 1e6:>9.0f}"
        )
    return "\n".join(lines)


def keep(goldens: dict, findings: list[Finding], seed: int, folder: Path) -> None:
    """Put the files of every finding into a folder of its own, with a word on what came of it."""
    from _fuzz_worker import make_mutant, write_mutant

    for finding in findings:
        mutant = make_mutant(goldens, finding.golden, finding.number, seed)
        at = folder / f"{finding.golden}-{seed}-{finding.number}"
        write_mutant(mutant, at)
        (at / "what.txt").write_text(f"{mutant.how}\n{finding.what}\n", encoding="utf-8")


def _again(goldens: dict, name: str, number: int, arguments: argparse.Namespace) -> int:
    from _fuzz_worker import make_mutant, try_mutant

    mutant = make_mutant(goldens, name, number, arguments.seed)
    verdict, what = try_mutant(mutant, goldens[name].loader)
    keep(goldens, [Finding(golden=name, number=number, what=what or verdict)], arguments.seed, arguments.keep)
    print(f"{name} {number}: {mutant.how}: {verdict} {what}")
    return int(verdict == "finding")


def _run_demo(folder: Path) -> Path:
    """A folder of finished results, to be read back."""
    command = [sys.executable, "-m", "geomap.cli", "demo", "--internal", "--out", folder]  # others are not read back
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path})
    return folder


def _ask(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=1000, help="how many, over all golden files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], metavar="GOLDEN")
    parser.add_argument("--again", nargs=2, metavar=("GOLDEN", "NUMBER"))
    parser.add_argument("--results", type=Path, help="a folder of finished results; without it the demo is run for one")
    parser.add_argument("--keep", type=Path, default=ROOT / "out" / "fuzz", help="where findings are kept")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; returns the exit code."""
    asked = _ask(arguments)
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    from _fuzz_golden import make_goldens

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        goldens = {golden.name: golden for golden in make_goldens(asked.results or _run_demo(Path(folder) / "demo"))}
    if asked.again:
        return _again(goldens, asked.again[0], int(asked.again[1]), asked)
    if unknown := set(asked.only) - set(goldens):
        sys.exit(f"No golden file {', '.join(sorted(unknown))}. There are: {', '.join(goldens)}.")
    told, findings = fuzz(goldens, plan(goldens, asked.mutants, asked.only), asked.seed, asked.workers)
    print(show(told))
    print(f"{sum(sum(row.verdicts.values()) for row in told.values()):,} mutants of seed {asked.seed} in "
          f"{time.perf_counter() - began:.0f} s; {len(findings):,} findings.")  # fmt: skip
    keep(goldens, findings, asked.seed, asked.keep)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
