"""Scenarios one after another: files read once, finished ones kept, one that fails told and passed over."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from ..config import Scenario
from ..config.flat import list_differing
from ..errors import ConfigError, GeomapError, OutputError, SolveError
from ..load.child import read_apart
from ..load.finished import load_finished
from ..load.gather import Inputs
from ..load.results import holds_results
from ..outputs import MANIFEST_NAME, FileFacts, describe_inputs, write_folder
from ..report.batch import BATCH_NAME, write_batch
from ..schema import ChosenSiteFrame, MapTables, PcnResultFrame
from ..schema.batch import DONE, FAILED, KEPT, NOT_RUN, Batch, BatchFrame
from ..schema.words import LIST_SEPARATOR

NO_MEMORY = "the computer ran out of memory; close other programs, or plan fewer ICBs"


class BatchProgress(Protocol):
    """Is told how many scenarios are over, and what is being done."""

    def __call__(self, over: int, text: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One scenario of a batch: where it stands, and where its results go."""

    path: Path
    folder: Path
    scenario: Scenario | None
    problem: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every scenario of a batch is asked for."""

    sites: bool
    internal: bool
    settings: Callable[[Scenario, bool], Mapping[str, Any]]
    """What the manifest of a run tells of its settings, given whether it is internal."""
    read: Callable[[Scenario, Callable[[str], None]], Inputs]
    plan: Callable[[Scenario, Path, Inputs, tuple[FileFacts, ...], Callable[[str], None]], MapTables]
    """Plans one scenario from inputs in memory and writes its folder."""
    progress: BatchProgress


@dataclass(slots=True)
class _Work:
    """What a batch has come to so far."""

    asked: Asked
    rows: dict[int, dict[str, object]] = field(default_factory=dict)
    exit_code: int = 0
    defect: Exception | None = None
    """The first error that nobody raised on purpose: it is shown once the others are done."""


def find_scenarios(given: Iterable[str | Path]) -> list[Path]:
    """
    The scenario files that are meant: files, folders of them, and patterns with `*` or `?` that no shell has opened.

    Returns
    -------
    paths
        In the order given, those of a folder or a pattern by name; each file once.

    Raises
    ------
    ConfigError
        A pattern fits no file, or a folder holds no scenario.
    """
    found: dict[Path, Path] = {}
    for one in map(Path, given):
        fits = [one]
        if one.is_dir():
            fits = sorted(path for path in one.glob("*.toml") if not path.name.startswith("."))
        elif not one.exists() and set("*?[") & set(str(one)):
            base = Path(one.anchor) if one.anchor else Path()
            fits = sorted(base.glob(str(one.relative_to(one.anchor) if one.anchor else one)))
        if not fits:
            raise ConfigError(f"{one}: no scenario file fits. Check the folder and the name; scenarios end in .toml.")
        for path in fits:
            found.setdefault(path.resolve(), path)
    if not found:
        raise ConfigError("No scenario was given. Name one or more files, or a pattern such as 'scenarios/*.toml'.")
    return list(found.values())


def plan_tasks(paths: Sequence[Path], out: Path, read: Callable[[Path], Scenario]) -> list[Task]:
    """
    Read the scenarios and give each its folder, named for its file; one that does not hold has a problem instead.

    Raises
    ------
    ConfigError
        Two would share a folder, on a disk that tells no capitals from small letters too, or a name is geomap's own.
    """
    _refuse_shared(paths)
    tasks = []
    for path in paths:
        place = {"path": path, "folder": out / _name_of(path)}
        try:
            tasks.append(Task(**place, scenario=read(path)))
        except GeomapError as caught:
            tasks.append(Task(**place, scenario=None, problem=str(caught), exit_code=caught.exit_code))
    return tasks


def run_tasks(tasks: Sequence[Task], out: Path, asked: Asked) -> Batch:
    """
    Work the tasks off and write the summary; after Ctrl-C too, when those not come to are told as not run.

    Raises
    ------
    OutputError
        `out` cannot be written, another batch is writing to it, or it holds the results of a single run.
    KeyboardInterrupt
        Somebody stopped it; what is finished stays, and so does the summary.
    """
    if holds_results(out):
        raise OutputError(f"{out} holds the results of a run. Choose another folder for the batch.")
    work, stop = _Work(asked), None
    there = [task.path for task in tasks if task.path.is_file()]
    told = {"sites": asked.sites, "internal": asked.internal, "scenarios": [_name_of(task.path) for task in tasks]}
    with write_folder(out, inputs=describe_inputs(there), settings=told) as folder:
        try:
            for group in _by_inputs(tasks):
                _work_off(group, work)
        except KeyboardInterrupt as caught:
            stop = caught
        batch = _sum_up(tasks, work)
        write_batch(folder, batch)
    if work.defect is not None and stop is None:
        raise work.defect
    if stop is not None:
        raise stop
    return batch


def read_from(scenario: Scenario) -> tuple[object, ...]:
    """What the inputs of a scenario depend on: scenarios that agree in it read the same files alike."""
    data, bank, travel = scenario.data, scenario.bank, scenario.travel
    files = (data.folder.resolve(), tuple(sorted(data.files.items())), bank.path.resolve())
    rules = (bank.bad_rows, bank.repairs, scenario.period.as_of, scenario.opportunities.model_dump_json())
    venues = tuple(sorted((name, pathway.venue_types) for name, pathway in scenario.pathways.items()))
    return (*files, *rules, venues, travel.modes, travel.matrix_unit)


def _name_of(path: Path) -> str:
    """The name of a scenario's folder; Windows has none that end in a space or a full stop."""
    return path.stem.rstrip(" .")


def _refuse_shared(paths: Sequence[Path]) -> None:
    own = {name.casefold() for name in (MANIFEST_NAME, BATCH_NAME)}
    taken: dict[str, Path] = {}
    for path in paths:
        name = _name_of(path)
        if not name or name.startswith(".") or name.casefold() in own:
            raise ConfigError(f"{path}: a folder of results cannot be named {name!r}. Give the scenario another name.")
        for folder in (name, f"{name}.draws"):
            key = unicodedata.normalize("NFC", folder).casefold()
            if key in taken and taken[key] != path:
                raise ConfigError(
                    f"{taken[key]} and {path} would both write to the folder {folder}. Give one of them another name."
                )
            taken[key] = path


def _by_inputs(tasks: Sequence[Task]) -> Iterable[list[tuple[int, Task]]]:
    """Tasks with their numbers, those that read the same files together, so that one set is held at a time."""
    groups: dict[object, list[tuple[int, Task]]] = {}
    for at, task in enumerate(tasks):
        key = ("at fault", at) if task.scenario is None else read_from(task.scenario)
        groups.setdefault(key, []).append((at, task))
    return groups.values()


def _work_off(group: Sequence[tuple[int, Task]], work: _Work) -> None:
    """Tasks that share their inputs, which are read at the first."""
    inputs: tuple[Inputs, tuple[FileFacts, ...]] | None = None
    for at, task in group:
        began = time.perf_counter()

        def say(text: str, task: Task = task) -> None:
            work.asked.progress(len(work.rows), f"{_name_of(task.path)}: {text}")

        try:
            if inputs is None and task.scenario is not None:
                read = work.asked.read(task.scenario, say)
                inputs = read, describe_inputs(read.paths)
            if task.scenario is None:
                work.rows[at] = _failed(task.problem)
                work.exit_code = max(work.exit_code, task.exit_code)
            else:
                status, tables = _make(task, inputs, work.asked, say)
                work.rows[at] = _figures(status, tables, task, time.perf_counter() - began)
        except (GeomapError, MemoryError) as caught:
            plain = isinstance(caught, GeomapError)
            work.exit_code = max(work.exit_code, (caught if plain else SolveError).exit_code)
            work.rows[at] = _failed(str(caught) if plain else NO_MEMORY, time.perf_counter() - began)
        except Exception as caught:
            work.defect = work.defect or caught
            problem = f"a defect in geomap ({type(caught).__name__}); the message at the end of the batch shows where"
            work.rows[at] = _failed(problem, time.perf_counter() - began)
        work.asked.progress(len(work.rows), f"{_name_of(task.path)}: {work.rows[at][BatchFrame.status]}")


def _make(
    task: Task, inputs: tuple[Inputs, tuple[FileFacts, ...]], asked: Asked, say: Callable[[str], None]
) -> tuple[str, MapTables]:
    """Whether the scenario's results were there already, and what they say."""
    say("looking for finished results")
    settings = asked.settings(task.scenario, asked.internal)
    kept = read_apart(str(task.folder), load_finished, task.folder, settings, inputs[1], asked.sites)
    if kept is not None:
        return KEPT, kept
    return DONE, asked.plan(task.scenario, task.folder, *inputs, say)


def _failed(problem: str, seconds: float | None = None) -> dict[str, object]:
    return {BatchFrame.status: FAILED, BatchFrame.problem: problem, BatchFrame.seconds: seconds}


def _figures(status: str, tables: MapTables, task: Task, seconds: float) -> dict[str, object]:
    """What is told of finished results: published figures are those of the published tables."""
    facts, f = tables.facts, BatchFrame
    wanting = tables.pcns.dropna(subset=[PcnResultFrame.coverage_share])
    worst = wanting.sort_values([PcnResultFrame.coverage_share, PcnResultFrame.pcn_code]).head(1)
    row = {
        f.status: status,
        f.people: facts.people,
        f.completions: facts.completions,
        f.coverage_share: min(facts.people / facts.demand_places, 1.0) if facts.demand_places else None,
        f.matched_hours: facts.matched_hours,
        f.gap_share: facts.gap_share,
        f.seconds: seconds,
        f.folder: task.folder.name,
    }
    for name, column in {
        f.worst_pcn_code: PcnResultFrame.pcn_code,
        f.worst_pcn_name: PcnResultFrame.pcn_name,
        f.worst_coverage_share: PcnResultFrame.coverage_share,
    }.items():
        row[name] = next(iter(worst[column]), None)
    if tables.choice is not None:
        chosen = tables.choice.chosen
        first = chosen[chosen[ChosenSiteFrame.portfolio] == 1].sort_values(ChosenSiteFrame.site_rank)
        row[f.sites] = f"{LIST_SEPARATOR} ".join(first[ChosenSiteFrame.site_id])
    return row


def _settings(scenario: Scenario, asked: Asked) -> dict[str, Any]:
    """What scenarios are told apart by: all settings but their titles, and of the bank of hours its name."""
    told = {name: value for name, value in asked.settings(scenario, asked.internal).items() if name != "name"}
    return told | {"bank": {**told["bank"], "path": scenario.bank.path.name}}


def _sum_up(tasks: Sequence[Task], work: _Work) -> Batch:
    """One row a task, in the order given; settings of scenarios that could be read."""
    rows = [
        {
            BatchFrame.scenario: _name_of(task.path),
            BatchFrame.title: task.scenario.name if task.scenario else "",
            **work.rows.get(at, {BatchFrame.status: NOT_RUN}),
        }
        for at, task in enumerate(tasks)
    ]
    frame = BatchFrame.declared(pd.DataFrame(rows, columns=list(BatchFrame.to_schema().columns)))
    held = [at for at, task in enumerate(tasks) if task.scenario]
    differing = list_differing([_settings(tasks[at].scenario, work.asked) for at in held])
    settings = pd.DataFrame(differing, index=held, dtype="str").reindex(range(len(tasks))).fillna("").astype("str")
    return Batch(rows=frame.join(settings), internal=work.asked.internal, exit_code=work.exit_code)
