"""The order of the stages; nothing else knows it.

read → need and demand → places and reach → offers → match → independent check → ledger and reasons → test-and-learn
sites, where they are asked for → tables.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..assemble import Parts
from ..config import Scenario
from ..load.child import read_apart
from ..load.earlier import load_earlier
from ..load.gather import Inputs, load_inputs
from ..load.word import load_word_template
from ..outputs import FileFacts, check_folder, describe_inputs, write_folder
from ..render import build_map
from ..report.facts import write_facts
from ..report.files import tables_as_published, write_tables
from ..report.paper import check_template, write_paper
from ..report.record import write_record
from ..report.workbook import write_workbook
from ..robust import forget_draws
from ..runner import Runner
from ..schema import PlanRecord, ResultTables, SiteTables
from ..schema.record import RECORD_NAME
from ._check import check
from ._compare import compare
from ._ground import Ground
from ._map import MAP_NAME, map_results
from ._people import People
from ._plan import Plan, check_wishes
from ._release import publish_tables
from ._sites import SiteRun, choose_sites
from ._tables import Run, balance, build_tables

__all__ = ["Inputs", "Progress", "check", "compare", "load_inputs", "map_results", "run", "solve", "write_results"]

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
    """
    check_folder(out)
    record = None if earlier is None else read_apart(str(earlier), load_earlier, earlier)
    word = None if template is None else read_apart(template.name, load_word_template, template)
    check_template(word)
    inputs = load_inputs(scenario, progress)
    read = [*inputs.paths, *([] if earlier is None else [earlier / RECORD_NAME]), *([template] if template else [])]
    told = describe_inputs(read)
    whole = out.resolve()
    kept = whole.with_name(f"{whole.name}.draws") if sites else None
    asked = {"runner": runner, "earlier": record, "sites": sites, "kept": kept, "internal": internal}
    tables = solve(inputs, scenario, progress, **asked)
    write_results(tables, scenario, out, inputs=told, progress=progress, template=word)
    if kept is not None:
        forget_draws(kept)
    return tables


def solve(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = _silent,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
    sites: bool = False,
    kept: Path | None = None,
    internal: bool = True,
) -> ResultTables:
    """
    Plan one scenario from tables in memory, and from a plan in memory; the arguments are those of `run`.

    `kept` is the folder in which finished draws are kept and looked for.

    Raises
    ------
    ConfigError
        An ICB named for the run is not in the practice map, or a wish or a site names what is in no table.
    InfeasibleError
        The conditions of the sites clash.
    SolveError
        The solver failed, or a plan or ledger failed its check.
    """
    finished = plan_run(inputs, scenario, progress, runner=runner, earlier=earlier, sites=sites, kept=kept)
    progress("building the tables")
    return (build_tables if internal else publish_tables)(*finished)


def plan_run(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = _silent,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
    sites: bool = False,
    kept: Path | None = None,
) -> tuple[Run, Parts, SiteTables | None]:
    """A finished plan before its tables are built, with the sites where they were asked for; all exact."""
    progress("building need and demand")
    people = People.build(inputs, scenario)
    check_wishes(scenario, inputs, people)
    progress("placing patients and facilities")
    ground = Ground.build(inputs, scenario, people)
    progress("matching hours to need")
    plan = Plan.make(scenario, people, ground, progress, runner=runner, earlier=earlier)
    whole = Run(scenario=scenario, inputs=inputs, people=people, ground=ground, plan=plan)
    parts = balance(whole)
    choice = None
    if sites:
        asked = SiteRun(
            scenario=scenario,
            inputs=inputs,
            people=people,
            ground=ground,
            plan=plan,
            parts=parts,
            progress=progress,
            runner=runner,
            kept=kept,
        )
        choice = choose_sites(asked)
    return whole, parts, choice


def write_results(
    tables: ResultTables,
    scenario: Scenario,
    out: Path,
    *,
    inputs: tuple[Path | FileFacts, ...] = (),
    progress: Progress = _silent,
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
    """
    settings = scenario.model_dump(mode="json", exclude={"data": {"folder"}, "bank": {"path"}})
    settings["internal"] = tables.facts.internal
    with write_folder(out, inputs=inputs, settings=settings) as folder:
        progress("drawing the map")
        html = build_map(tables_as_published(tables), tiles=scenario.map)
        (folder / MAP_NAME).write_text(html, encoding="utf-8", newline="\n")
        progress("writing tables")
        write_tables(folder, tables)
        write_facts(folder, tables)
        if tables.record is not None:
            write_record(folder, tables.record)
        write_workbook(folder / "results.xlsx", tables)
        progress("writing the board paper")
        write_paper(folder / "report.docx", tables, template)
