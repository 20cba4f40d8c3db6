"""The order of the stages; nothing else knows it.

read → need and demand → places and reach → offers → match → independent check → ledger and reasons → test-and-learn
sites, where they are asked for → tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..config import Scenario
from ..load.child import read_apart
from ..load.earlier import load_earlier
from ..load.gather import Inputs, load_inputs
from ..load.word import load_word_template
from ..outputs import FileFacts, check_folder, describe_inputs, write_folder
from ..render import build_map
from ..report.datapackage import write_datapackage
from ..report.facts import write_facts
from ..report.files import tables_as_published, write_tables
from ..report.open_referral import write_open_referral
from ..report.paper import check_template, write_paper
from ..report.record import write_record
from ..report.workbook import write_workbook
from ..robust import forget_draws
from ..runner import Runner
from ..schema import ResultTables
from ..schema.batch import Batch
from ..schema.record import RECORD_NAME
from ._batch import Asked, BatchProgress, find_scenarios, plan_tasks, run_tasks
from ._check import check
from ._compare import compare
from ._map import MAP_NAME, map_results
from ._solve import Progress, plan_run, select_sites, silent, solve

__all__ = [
    "Inputs",
    "Progress",
    "check",
    "compare",
    "find_scenarios",
    "load_inputs",
    "map_results",
    "plan_run",
    "run",
    "run_batch",
    "select_sites",
    "solve",
    "write_results",
]

def _silent_batch(over: int, text: str) -> None:
    """No progress of a batch is told."""


def _settings_told(scenario: Scenario, internal: bool) -> dict[str, Any]:
    """The settings as a manifest tells them: without the paths of one machine."""
    settings = scenario.model_dump(mode="json", exclude={"data": {"folder"}, "bank": {"path"}})
    return settings | {"internal": internal}


def run(
    scenario: Scenario,
    out: Path,
    progress: Progress = silent,
    *,
    runner: Runner | None = None,
    earlier: Path | None = None,
    sites: bool = False,
    template: Path | None = None,
    internal: bool = False,
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
    sites
        Choose test-and-learn sites too. Draws of the assumptions that are done are kept beside `out` until the run has
        ended, so that one that was stopped goes on from there.
    template
        A Word document whose styles, margins, header and footer the board paper takes.
    internal
        Write exact counts of people, and say on every page that they are not for publication; otherwise counts from
        1 to 7 are hidden and others rounded to the nearest 5 (`geomap.disclose`). Only internal results can be compared
        and started from.

    Returns
    -------
    tables
        What was written.

    Raises
    ------
    DataError, ConfigError, SolveError, OutputError
        See `geomap.errors`.

    Examples
    --------
    >>> geomap.run(scenario, Path("results"))  # doctest: +SKIP
    """
    check_folder(out)
    record = None if earlier is None else read_apart(str(earlier), load_earlier, earlier)
    word = None if template is None else read_apart(template.name, load_word_template, template)
    check_template(word)
    inputs = load_inputs(scenario, progress)
    read = [*inputs.paths, *([] if earlier is None else [earlier / RECORD_NAME]), *([template] if template else [])]
    told = describe_inputs(read)
    asked = {"runner": runner, "earlier": record, "sites": sites, "internal": internal}
    return _plan_and_write(scenario, out, (inputs, told), progress, template=word, **asked)


def _plan_and_write(
    scenario: Scenario,
    out: Path,
    read: tuple[Inputs, tuple[FileFacts, ...]],
    progress: Progress,
    *,
    sites: bool,
    template: bytes | None = None,
    **asked: Any,
) -> ResultTables:
    """The second half of a run, from inputs in memory and what was told of their files when they were read."""
    whole = out.resolve()
    kept = whole.with_name(f"{whole.name}.draws") if sites else None
    tables = solve(read[0], scenario, progress, sites=sites, kept=kept, **asked)
    write_results(tables, scenario, out, inputs=read[1], progress=progress, template=template)
    if kept is not None:
        forget_draws(kept)
    return tables


def run_batch(
    scenarios: Iterable[str | Path],
    out: Path,
    progress: BatchProgress = _silent_batch,
    *,
    data: Path | None = None,
    bank: Path | None = None,
    icb_codes: tuple[str, ...] = (),
    sites: bool = False,
    internal: bool = False,
    runner: Runner | None = None,
) -> Batch:
    """
    Run scenarios one after another, each into a folder of its own, and set them side by side.

    Files that several scenarios read alike are read once. A scenario whose finished results are those of its settings,
    its inputs (by sha256) and this version of geomap is not run again; one that fails does not stop the others.

    Parameters
    ----------
    scenarios
        Scenario files, folders of them, and patterns with `*`.
    out
        The folder: results in `out/<name of the scenario file>`, the summary in `out/batch.csv`.
    progress
        Called with how many scenarios are over and a short sentence, as work goes on.
    data, bank, icb_codes
        Instead of what the scenarios say, as in `Scenario.from_toml`.
    sites, internal, runner
        As in `run`, for every scenario.

    Returns
    -------
    batch
        `rows` is a `BatchFrame`, one row a scenario in the order given, shares 0 to 1, hours participant-hours, with a
        column of text for each setting in which the scenarios differ. `exit_code` is the worst; 0 where none failed.

    Raises
    ------
    ConfigError
        No scenario file fits, or two scenarios would share a folder.
    OutputError
        `out` cannot be written, another batch is writing to it, or it holds the results of a single run.
    KeyboardInterrupt
        It was stopped; what is finished stays, the summary is written, and the same call goes on from there.

    Examples
    --------
    >>> batch = geomap.run_batch(["scenarios/*.toml"], Path("batch"))  # doctest: +SKIP
    >>> batch.rows[["scenario", "status", "people"]]  # doctest: +SKIP
    """

    def plan(
        scenario: Scenario, folder: Path, inputs: Inputs, told: tuple[FileFacts, ...], say: Progress
    ) -> ResultTables:
        check_folder(folder)
        return _plan_and_write(scenario, folder, (inputs, told), say, sites=sites, internal=internal, runner=runner)

    def read(path: Path) -> Scenario:
        return Scenario.from_toml(path, data=data, bank=bank, icb_codes=icb_codes)

    asked = Asked(
        sites=sites, internal=internal, settings=_settings_told, read=load_inputs, plan=plan, progress=progress
    )
    return run_tasks(plan_tasks(find_scenarios(scenarios), out, read), out, asked)


def write_results(
    tables: ResultTables,
    scenario: Scenario,
    out: Path,
    *,
    inputs: tuple[Path | FileFacts, ...] = (),
    progress: Progress = silent,
    template: bytes | None = None,
) -> None:
    """
    Write the map, the board paper, the workbook, the CSVs, the GeoPackage and the manifest: all of them or none.

    Parameters
    ----------
    tables, scenario, out
        What to write, what it was planned with, and the folder.
    inputs
        The files that were read, or what `geomap.outputs.describe_inputs` told of them then; the manifest names each
        with its sha256.
    progress
        Called with a short sentence as work goes on.
    template
        A Word document whose look the board paper takes.

    Raises
    ------
    OutputError
        The folder cannot be written, or a file of the user's own is in the way; it holds what it held before.

    Examples
    --------
    >>> geomap.write_results(tables, scenario, Path("results"), inputs=inputs.paths)  # doctest: +SKIP
    """
    settings = _settings_told(scenario, tables.facts.internal)
    with write_folder(out, inputs=inputs, settings=settings) as folder:
        progress("drawing the map")
        shown = tables_as_published(tables)
        html = build_map(shown, tiles=scenario.map)
        (folder / MAP_NAME).write_text(html, encoding="utf-8", newline="\n")
        progress("writing tables")
        write_tables(folder, tables)
        write_open_referral(folder, shown)
        write_facts(folder, tables)
        if tables.record is not None:
            write_record(folder, tables.record)
        write_workbook(folder / "results.xlsx", tables)
        progress("writing the board paper")
        write_paper(folder / "report.docx", tables, template)
        write_datapackage(folder, tables.facts, describe_inputs(folder.iterdir()))
