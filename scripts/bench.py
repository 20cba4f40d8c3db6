"""Measure geomap against other ways to do the same work, on the same tables.

    python scripts/bench.py                                             all tasks on the demo, for anybody
    python scripts/bench.py --size icb nation --data REAL --bank BANK   on the official files and a bank of hours
    python scripts/bench.py --task map [--results FOLDER]               the map in Chromium, national size or a run's

Tasks: `match` (need-weighted completions), `pairs` (which facility reaches which PCN), `access` (E2SFCA), `catchments`
(from places to five measures of access, on foot and by car within 20 minutes; for the size `nation` all LSOAs and all
public sites of Active Places); and the choice of sites where nothing but hours binds: `cover` (maximal covering,
participant-hours within 5 km of a site) and `median` (p-median, mean km from the hours to the nearest site). Each
contender runs in a process of its own; contenders alternate, and the median of the runs counts. CPU seconds are all
that the process and those it starts use to build its model from tables and to solve it; memory is the peak of the
largest of them. Every plan is held against every limit, and the answers to `pairs`, `access` and `catchments` against
each other. In
`match` the others stop as soon as they have found a plan as good as geomap's, proven or not, or at the limit. In
`cover` and `median` every optimum must be geomap's; the limit there is the solver's, once the model is built.

`map` is measured only when asked for; it needs playwright and Chromium, and says what it does in `_bench_map.py`.

The peers are an optional extra: pip install -c constraints.txt -e ".[bench]". Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from geomap.errors import GeomapError

try:
    from _bench_child import CONTENDERS, PEERS
except ImportError:
    sys.exit("The benchmark measures memory in a way that Windows does not know. Run it on Linux or macOS.")

SCRIPTS = Path(__file__).resolve().parent
SIZES = ("demo", "icb", "region", "nation")
GAP_SHARES = {"demo": 0.0005, "icb": 0.0005, "region": 0.002, "nation": 0.0025}
"""The proven gap at which geomap's match stops, where `--gap` does not say."""

SITES = {"demo": 2, "icb": 4, "region": 10, "nation": 20}
"""Sites that are chosen, where `--sites` does not say."""
SOLVED = ("match", "cover", "median")
"""Tasks that have a best answer, which geomap finds first."""

MAP = "map"
OURS = "geomap"
PACKAGES = (
    "geopandas", "highspy", "numpy", "pandas", "scipy", "pulp", "access", "spopt", "lokigi", "folium", "playwright",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Build the instances, run every contender on each, print a row for each."""
    told = _parse(arguments)
    if MAP in told.task:
        _measure_map(told)
        told.task = [task for task in told.task if task != MAP]
    if not told.task:
        return
    with tempfile.TemporaryDirectory(prefix="geomap-bench-") as name:
        folder = Path(name)
        _say("building the instances")
        for size, text in _build(told, folder).items():
            _say(f"{size} is {text}")
        rows = [row for task in told.task for size in told.size for row in _measure(told, folder, task, size)]
    if told.json:
        for row in rows:
            print(json.dumps(row))
        return
    print(f"{describe_machine()}\nMedian of {told.runs}; ÷ is against geomap.\n")
    print("\n".join(table_lines(rows)))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    every = sorted({name for names in CONTENDERS.values() for name in names})
    shares = ", ".join(f"{size} {share:g}" for size, share in GAP_SHARES.items())
    sites = ", ".join(f"{size} {count}" for size, count in SITES.items())
    add = parser.add_argument
    add("--task", nargs="+", choices=[*CONTENDERS, MAP], default=list(CONTENDERS), help="what to do (all but map)")
    add("--size", nargs="+", choices=SIZES, default=["demo"], help="how much of England (%(default)s)")
    add("--contender", nargs="+", choices=every, help="who does it (all that are installed)")
    add("--runs", type=int, default=3, metavar="N", help="runs of each contender (%(default)s)")
    add("--limit", type=float, default=60.0, metavar="SECONDS", help="wall time of one run (%(default)s)")
    add("--gap", type=float, metavar="SHARE", help=f"proven gap at which geomap stops ({shares})")
    add("--km", type=float, metavar="KM", help="straight line within reach (the scenario's)")
    add("--data", type=Path, default=os.environ.get("GEOMAP_REAL_DATA"), metavar="REAL", help="official files")
    add("--bank", type=Path, metavar="BANK", help="bank of hours, for every size but demo")
    add("--icb", metavar="CODE", help="the ICB of --size icb (the one with the median number of links)")
    add("--region", metavar="CODE", help="the region of --size region (by the median, as for an ICB)")
    add("--sites", type=int, metavar="N", help=f"sites to choose ({sites})")
    add("--results", type=Path, metavar="FOLDER", help="run whose map is measured (one made up, of national size)")
    add("--json", action="store_true", help="print one JSON object a row")
    told = parser.parse_args(arguments)
    if told.runs < 1 or told.limit < 0 or (told.sites or 1) < 1:
        parser.error("--runs and --sites must be 1 or more, and --limit 0 or more")
    for name in told.contender or ():
        if name in PEERS and not find_spec(PEERS[name]):
            parser.error(f"{name} needs the package {PEERS[name]}; install geomap with the extra 'bench'")
    return told


def _measure_map(told: argparse.Namespace) -> None:
    """Print the row of each contender of the task `map`; where there is no browser to measure in, say so."""
    if not find_spec("playwright"):
        _say("map is left out: the package playwright is not installed (extra 'test')")
        return
    from _bench_map import map_lines, measure_map

    if told.results:
        from geomap.load.published import load_published

        tables = load_published(told.results)
    else:
        sys.path.append(str(SCRIPTS.parent / "tests"))
        from made_up import made_up_tables

        tables = made_up_tables(1298, 4000, seed=1, choice=True)
    _say(f"map, {len(tables.pcns):,} PCNs, {len(tables.facilities):,} facilities")
    with tempfile.TemporaryDirectory(prefix="geomap-bench-") as name:
        try:
            rows = measure_map(tables, Path(name), runs=told.runs)
        except RuntimeError as caught:
            _say(f"map is left out: {caught}")
            return
    if told.json:
        for row in rows:
            print(json.dumps({"task": MAP, **row}))
        return
    print(f"{describe_machine()}\nMedian of {told.runs}; ÷ is against geomap.\n")
    print("\n".join(map_lines(rows)))


def _build(told: argparse.Namespace, folder: Path) -> dict[str, str]:
    """In a process of its own too: a process begins with the peak memory of the one that starts it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_save, vars(told), folder).result()
        except GeomapError as caught:
            sys.exit(str(caught))


def _save(told: dict, folder: Path) -> dict[str, str]:
    from _bench_tables import Wanted, save_instances

    names = ("data", "bank", "icb", "region", "km")
    sites = {size: told["sites"] or SITES[size] for size in told["size"]}
    wanted = Wanted(sizes=tuple(told["size"]), sites=sites, **{name: told[name] for name in names})
    return save_instances(wanted, folder)


def _measure(told: argparse.Namespace, folder: Path, task: str, size: str) -> Iterator[dict]:
    """The rows of one task on one instance, geomap first."""
    names = [name for name in CONTENDERS[task] if name in (told.contender or CONTENDERS[task])]
    absent = [name for name in names if name in PEERS and not find_spec(PEERS[name])]
    for name in absent:
        _say(f"{name} is left out: the package {PEERS[name]} is not installed (extra 'bench')")
    names = [name for name in names if name not in absent]
    runs: dict[str, list[dict]] = {name: [] for name in names}
    for count in range(told.runs):
        asked = {"limit_s": told.limit, "gap_share": GAP_SHARES[size] if told.gap is None else told.gap}
        for name in names:
            _say(f"run {count + 1} of {told.runs}: {task}, {size}, {name}")
            row = run_child(folder, task, size, contender=name, asked=asked)
            runs[name].append(row)
            if task in SOLVED and name == OURS:
                # What the others must reach in this round; the hair is for sums in another order.
                asked |= {"target": row["objective"] * (1 - 1e-9), "target_gap": row["gap"]}
    for name in names:
        yield {"task": task, "size": size, "contender": name, **median_row(runs[name]), "runs": told.runs}


def run_child(folder: Path, task: str, size: str, *, contender: str, asked: dict) -> dict:
    """
    One run of one contender.

    Raises
    ------
    RuntimeError
        It failed, or its answer did not hold; with what it said.
    """
    command = [sys.executable, str(SCRIPTS / "_bench_child.py"), str(folder), task, size, contender, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{contender} failed at {task}, {size}:\n{done.stderr}")
    return json.loads((folder / "row.json").read_text(encoding="utf-8"))


def median_row(runs: list[dict]) -> dict:
    """The median of each figure over the runs that have one; of words, those of the last run."""
    row = {}
    for key in runs[-1]:
        values = [run[key] for run in runs if run.get(key) is not None]
        words = bool(values) and isinstance(values[-1], str)
        row[key] = values[-1] if words else statistics.median(values) if values else None
    return row


def table_lines(rows: list[dict]) -> list[str]:
    """
    The rows as a Markdown table, each contender's time against geomap's on the same task and size.

    A time that the limit cut short says how long it would take at least, so its ratio begins with `>`.
    """
    heads = ["task", "size", "contender", "CPU s", "÷", "wall s", "÷", "peak MB", "objective", "bound", "gap", "ended"]
    lines = [heads, ["---"] * 3 + ["---:"] * 8 + ["---"]]
    ours = {(row["task"], row["size"]): row for row in rows if row["contender"] == OURS}
    for row in rows:
        base, ended = ours.get((row["task"], row["size"]), {}), row.get("ended", "")
        sign = ">" if "time limit" in ended.lower() else ""
        times = []
        for key in ("cpu_s", "wall_s"):
            times += [_show(row[key]), sign + _show(row[key] / base[key], 2) if base.get(key) and row[key] else ""]
        figures = [f"{row['peak_mb']:,.0f}", *(_show(row[key], 8) for key in ("objective", "bound"))]
        gap = "" if row["gap"] is None else f"{row['gap']:.3%}"
        lines.append([row["task"], row["size"], row["contender"], *times, *figures, gap, ended])
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return ["| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |" for line in lines]


def _show(figure: float | None, digits: int = 3) -> str:
    """So many digits that count, or all before the point where those are more."""
    if figure is None:
        return ""
    return f"{figure:,.0f}" if abs(figure) >= 10**digits else f"{figure:,.{digits}g}"


def describe_machine() -> str:
    """Processor, cores, system, Python and the packages that matter."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES if find_spec(name))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB; {system}; {packages}."


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except GeomapError as error:
        sys.exit(str(error))
