"""The order of the stages; nothing else knows it.

read → need and demand → places and reach → offers → match → independent check → ledger and reasons → tables.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..config import Scenario
from ..load.earlier import load_earlier
from ..load.gather import Inputs, load_inputs
from ..outputs import write_folder
from ..render import build_map
from ..report.files import write_tables
from ..report.record import write_record
from ..report.workbook import write_workbook
from ..runner import Runner
from ..schema import PlanRecord, ResultTables
from ..schema.record import RECORD_NAME
from ._ground import Ground
from ._people import People
from ._plan import Plan, check_wishes
from ._tables import Run, build_tables

__all__ = ["Inputs", "Progress", "load_inputs", "run", "solve", "write_results"]

Progress = Callable[[str], None]


def _silent(text: str) -> None:
    """No progress is told."""


def run(
    scenario: Scenario,
    out: Path,
    progress: Progress = _silent,
    *,
    runner: Runner | None = None,
    earlier: Path | None = None,
) -> ResultTables:
    """
    Read, plan, check and write one scenario.

    Parameters
    ----------
    scenario
        What to read and how to plan.
    out
        The folder of results; the whole set is written, or none of it.
    progress
        Called with a short sentence as work goes on.
    runner
        Where the parts of the match are solved, of `geomap.runner.open_runner`; the results are the same anywhere.
    earlier
        A folder of results whose plan to start from; the results then tell what changed.

    Returns
    -------
    tables
        What was written.

    Raises
    ------
    DataError, ConfigError, SolveError, OutputError
        See `geomap.errors`.
    """
    record = None if earlier is None else load_earlier(earlier)
    inputs = load_inputs(scenario, progress)
    tables = solve(inputs, scenario, progress, runner=runner, earlier=record)
    read = inputs.paths if earlier is None else (*inputs.paths, earlier / RECORD_NAME)
    write_results(tables, scenario, out, inputs=read, progress=progress)
    return tables


def solve(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = _silent,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
) -> ResultTables:
    """
    Plan one scenario from tables in memory, and from a plan in memory; the arguments are those of `run`.

    Raises
    ------
    ConfigError
        An ICB named for the run is not in the practice map, or a wish names what is in no table.
    SolveError
        The solver failed, or a plan or ledger failed its check.
    """
    progress("building need and demand")
    people = People.build(inputs, scenario)
    check_wishes(scenario, inputs, people)
    progress("placing patients and facilities")
    ground = Ground.build(inputs, scenario, people)
    progress("matching hours to need")
    plan = Plan.make(scenario, people, ground, progress, runner=runner, earlier=earlier)
    progress("building the tables")
    return build_tables(Run(scenario=scenario, inputs=inputs, people=people, ground=ground, plan=plan))


def write_results(
    tables: ResultTables,
    scenario: Scenario,
    out: Path,
    *,
    inputs: tuple[Path, ...] = (),
    progress: Progress = _silent,
) -> None:
    """
    Write the map, the workbook, the CSVs, the GeoPackage and the manifest: all of them or none.

    Parameters
    ----------
    tables, scenario, out
        What to write, what it was planned with, and the folder.
    inputs
        The files that were read; the manifest names each with its sha256.
    progress
        Called with a short sentence as work goes on.

    Raises
    ------
    OutputError
        The folder cannot be written, or a file of the user's own is in the way; it holds what it held before.
    """
    settings = scenario.model_dump(mode="json", exclude={"data": {"folder"}, "bank": {"path"}})
    with write_folder(out, inputs=inputs, settings=settings) as folder:
        progress("drawing the map")
        (folder / "map.html").write_text(build_map(tables), encoding="utf-8", newline="\n")
        progress("writing tables")
        write_tables(folder, tables)
        if tables.record is not None:
            write_record(folder, tables.record)
        write_workbook(folder / "results.xlsx", tables)
