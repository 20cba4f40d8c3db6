"""One contender on one instance, in a process of its own, so that its time and memory are its own.

    python scripts/_bench_child.py FOLDER TASK SIZE CONTENDER ASKED.json

Counted are building the model from tables and solving it; not counted are the start of Python, imports, reading the
tables, and the check of the answer. Writes FOLDER/row.json.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from importlib import import_module
from pathlib import Path

CONTENDERS = {
    "match": {
        "geomap": "_bench_match:plan_geomap",
        "geomap-all-levels": "_bench_match:plan_all_levels",
        "geomap-again": "_bench_match:plan_again",
        "highs": "_bench_highs:plan_highs",
        "pulp-cbc": "_bench_pulp:plan_cbc",
        "greedy": "_bench_match:plan_greedy",
        "lp": "_bench_highs:bound_lp",
    },
    "pairs": {
        "geomap": "_bench_places:link_geomap",
        "sjoin-buffer": "_bench_places:link_by_buffer",
        "sjoin-dwithin": "_bench_places:link_by_dwithin",
    },
    "access": {
        "geomap": "_bench_access:measure_geomap",
        "pysal-access": "_bench_pysal:measure_pysal",
    },
    "catchments": {
        "geomap": "_bench_access:catch_geomap",
        "pysal-access": "_bench_pysal:catch_pysal",
    },
    "cover": {
        "geomap": "_bench_sites:cover_geomap",
        "spopt-cbc": "_bench_spopt:cover_cbc",
        "spopt-highs": "_bench_spopt:cover_highs",
        "lokigi": "_bench_lokigi:cover_lokigi",
    },
    "median": {
        "geomap": "_bench_sites:median_geomap",
        "spopt-cbc": "_bench_spopt:median_cbc",
        "spopt-highs": "_bench_spopt:median_highs",
        "lokigi": "_bench_lokigi:median_lokigi",
    },
}
"""Task → contender → the module and function that does the work: `work(tables, asked)` returns an `Outcome`."""

PEERS = {
    "pulp-cbc": "pulp", "pysal-access": "access", "spopt-cbc": "spopt", "spopt-highs": "spopt", "lokigi": "lokigi",
}  # fmt: skip
"""Contender → the package it needs, of the extra `bench`."""

WARM_UP = ("pairs", "access", "catchments", "cover", "median")
"""Tasks so short that what Python loads on first use would count: they are done once before, on the demo's tables."""


def _cpu_s() -> float:
    """User and system seconds of this process and of those it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak_mb() -> float:
    """The most memory that this process, or any it started, has held: the larger of the two."""
    unit = 1 if sys.platform == "darwin" else 1024
    held = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(held) * unit / 1e6


def main(folder: Path, task: str, size: str, contender: str, asked: str) -> None:
    """Do the work, write what it took and what came of it; only then check it."""
    module, name = CONTENDERS[task][contender].split(":")
    work = getattr(import_module(module), name)
    told = import_module("_bench_outcome").Asked(**json.loads(asked))
    tables = pickle.loads((folder / f"{size}.{task}.pickle").read_bytes())
    if task in WARM_UP:
        work(pickle.loads((folder / f"warm.{task}.pickle").read_bytes()), told)
    cpu, wall = _cpu_s(), time.perf_counter()
    outcome = work(tables, told)
    row = {
        "cpu_s": _cpu_s() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": _peak_mb(),
        "objective": outcome.objective,
        "bound": outcome.bound,
        "gap": outcome.gap,
        **outcome.more,
    }
    outcome.check()
    (folder / "row.json").write_text(json.dumps(row), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
