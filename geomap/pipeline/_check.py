"""Read every input and tell every fault; give the bank of hours back with its problems marked, where that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..config import Scenario
from ..errors import ConfigError, DataError, OutputError
from ..load.child import read_apart
from ..load.gather import Inputs, load_inputs
from ..load.sent import SentSheet, read_sent
from ..report.problems import write_problems


def check(scenario: Scenario, progress: Callable[[str], None], problems: Path | None = None) -> Inputs:
    """
    Read every input of a scenario.

    Parameters
    ----------
    scenario, progress
        As of `load_inputs`.
    problems
        A workbook to write: the bank of hours with its problems marked. It is written whatever is found.

    Raises
    ------
    ConfigError
        The name of the workbook does not end in .xlsx.
    OutputError
        The workbook is there already, or cannot be written.
    DataError, RowError
        As of `load_inputs`; the workbook is written first.
    """
    if problems is None:
        return load_inputs(scenario, progress)
    if problems.suffix.lower() != ".xlsx":
        raise ConfigError(f"{problems}: the problems are told in an Excel workbook; give a name that ends in .xlsx.")
    if problems.exists():
        raise OutputError(f"{problems} is there already, and may hold what an operator mended. Give another name.")
    try:
        inputs = load_inputs(scenario, progress)
    except DataError as caught:
        try:
            sent = _read_sent(scenario)
        except DataError:  # among the faults already: what ended its reader once does so again
            sent = ()
        write_problems(problems, sent, caught.faults, caught.repairs)
        raise
    write_problems(problems, _read_sent(scenario), inputs.faults, inputs.repairs)
    return inputs


def _read_sent(scenario: Scenario) -> tuple[SentSheet, ...]:
    return read_apart(scenario.bank.path.name, read_sent, scenario.bank.path)
