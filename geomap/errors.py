"""Every error geomap raises on purpose.

    GeomapError
    ├── DataError (ValueError)          an input is missing, wrong or inconsistent      exit 3
    │   ├── SchemaError (TypeError)     a column is missing or of the wrong kind
    │   ├── CrsError                    a geometry is not in the CRS it must be in
    │   ├── KeyLinkError (LookupError)  a key points at a row that is not there
    │   ├── RowError                    single rows only: the run could go on without them
    │   └── web.WebError                what was asked of the network cannot be had
    ├── ConfigError (ValueError)        a scenario or a parameter does not hold         exit 2
    ├── SolveError (RuntimeError)       the solver could not answer                     exit 4
    │   └── InfeasibleError             no plan satisfies the conditions
    └── OutputError (OSError)           the results could not be written                exit 5

`DataError.faults` holds every fault found in the pass, so that one run tells everything there is to mend; its text
tells of each column the first few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

SHOWN_ALIKE = 5
"""Faults told of one column; thousands alike would bury the others."""
SHOWN_CHARACTERS = 200
"""Of what a cell or a heading holds, which may be a whole document."""


def _short(text: str, times: int = 1) -> str:
    most = SHOWN_CHARACTERS * times
    return text if len(text) <= most else f"{text[:most]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one input: where it is, what it says, what to do about it."""

    source: str
    problem: str
    remedy: str
    sheet: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    row_id: str = ""
    follows: bool = False
    """The row itself is sound, but points at one that is not."""

    @property
    def place(self) -> str:
        """The file, or the sheet of a workbook."""
        return f"{self.source}, sheet {self.sheet}" if self.sheet else self.source

    def __str__(self) -> str:
        place = [self.place]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column:
            place.append(f"column {_short(self.column)}")
        where = ", ".join(place)
        shown = f" (value: {_short(self.value)!r})" if self.value else ""
        named = f" [{_short(self.row_id)}]" if self.row_id else ""
        # A heading may hold a line break; a fault is one line.
        told = f"{where}{named}: {_short(self.problem, 5)}{shown}. {_short(self.remedy, 5)}"
        return re.sub(r"\s*[\r\n\v\f]+\s*", " ", told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One cell that was read otherwise than it stands: where it is, what it says, what was taken instead, and why.

    Cells of one column of an official file that were mended alike share a line: `cells` of them, this the first.
    """

    source: str
    reason: str
    taken: str
    """As it would be written to need no repair; empty where the cell was passed over."""
    sheet: str = ""
    row: int
    column: str
    value: str = ""
    row_id: str = ""
    cells: int = 1

    @property
    def remedy(self) -> str:
        """What to write, so that nothing has to be assumed."""
        return f"Write {self.taken}, if that is what is meant." if self.taken else "Correct it, or empty the cell."

    def as_fault(self) -> Fault:
        """The same as a fault, for a run that lets nothing be repaired."""
        alike = f", and {self.cells - 1:,} more cells of the column alike" if self.cells > 1 else ""
        return Fault(
            source=self.source,
            sheet=self.sheet,
            row=self.row,
            column=self.column,
            value=self.value,
            row_id=self.row_id,
            problem=f"{self.reason}{alike}",
            remedy=self.remedy,
        )


def tell_faults(faults: Iterable[Fault]) -> list[str]:
    """
    One line a fault: whole files first, then rows by column, of each the first few and how many more there are.

    Columns that are at fault alike share a line. Rows at fault only because they point at another are counted.
    """
    whole: dict[tuple[str, str, str, str], list[Fault]] = {}
    columns: dict[tuple[str, str], list[Fault]] = {}
    following: Counter[str] = Counter()
    for fault in faults:
        if fault.row is None:
            whole.setdefault((fault.place, fault.problem, fault.value, fault.remedy), []).append(fault)
        elif fault.follows:
            following[fault.place] += 1
        else:
            columns.setdefault((fault.place, fault.column), []).append(fault)
    lines = [_tell_alike(found) for found in whole.values()]
    for (place, column), found in columns.items():
        lines += [str(fault) for fault in found[:SHOWN_ALIKE]]
        if len(found) > SHOWN_ALIKE:
            where = f"{place}, column {column}" if column else place
            lines.append(f"{where}: and {len(found) - SHOWN_ALIKE:,} more.")
    if following:
        shown = ", ".join(f"{count:,} in {place}" for place, count in following.items())
        lines.append(f"Sound rows that point at these, and cannot be used until they are corrected: {shown}.")
    return lines


def _tell_alike(faults: list[Fault]) -> str:
    """One line for faults of one file that differ at most in the column."""
    first, several = faults[0], len(faults) > 1
    if not (several and first.column):
        return str(first)
    names = ", ".join(fault.column for fault in faults)
    problem = first.problem.replace("the column is", "these columns are")
    return str(replace(first, column="", problem=f"{problem}: {names}"))


class GeomapError(Exception):
    """Base of every error raised on purpose; its text is fit to show to a planner."""

    exit_code = 1


class DataError(GeomapError, ValueError):
    """Inputs that cannot be used; carries all faults of the pass in `faults`, and what was mended in `repairs`."""

    exit_code = 3

    def __init__(self, message: str = "", faults: Iterable[Fault] = (), repairs: Iterable[Repair] = ()) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.repairs: tuple[Repair, ...] = tuple(repairs)
        lines = [message] if message else []
        super().__init__("\n".join(lines + tell_faults(self.faults)))


class SchemaError(DataError, TypeError):
    """A column is missing or of the wrong kind."""


class CrsError(DataError):
    """A geometry is not in the coordinate reference system it must be in."""


class KeyLinkError(DataError, LookupError):
    """A key points at a row that is not there."""


class RowError(DataError):
    """Only single rows are at fault; the run could go on without them."""


class ConfigError(GeomapError, ValueError):
    """A scenario file or a parameter does not hold."""

    exit_code = 2


class SolveError(GeomapError, RuntimeError):
    """The solver stopped without a usable answer, or its answer failed the independent check."""

    exit_code = 4


class InfeasibleError(SolveError):
    """No plan satisfies the conditions."""


class OutputError(GeomapError, OSError):
    """The results could not be written; the folder holds what it held before."""

    exit_code = 5
