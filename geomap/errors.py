"""Every error geomap raises on purpose.

    GeomapError
    ├── DataError (ValueError)          an input is missing, wrong or inconsistent      exit 3
    │   ├── SchemaError (TypeError)     a column is missing or of the wrong kind
    │   ├── CrsError                    a geometry is not in the CRS it must be in
    │   └── KeyLinkError (LookupError)  a key points at a row that is not there
    ├── ConfigError (ValueError)        a scenario or a parameter does not hold         exit 2
    ├── SolveError (RuntimeError)       the solver could not answer                     exit 4
    │   └── InfeasibleError             no plan satisfies the conditions
    └── OutputError (OSError)           the results could not be written                exit 5

`DataError.faults` holds every fault found in the pass, so that one run tells everything there is to mend.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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

    def __str__(self) -> str:
        place = [self.source]
        if self.sheet:
            place.append(f"sheet {self.sheet}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column:
            place.append(f"column {self.column}")
        where = ", ".join(place)
        shown = f" (value: {self.value!r})" if self.value else ""
        named = f" [{self.row_id}]" if self.row_id else ""
        return f"{where}{named}: {self.problem}{shown}. {self.remedy}"


class GeomapError(Exception):
    """Base of every error raised on purpose; its text is fit to show to a planner."""

    exit_code = 1


class DataError(GeomapError, ValueError):
    """Inputs that cannot be used; carries all faults of the pass in `faults`."""

    exit_code = 3

    def __init__(self, message: str = "", faults: Iterable[Fault] = ()) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        lines = [message] if message else []
        lines += [str(fault) for fault in self.faults]
        super().__init__("\n".join(lines))


class SchemaError(DataError, TypeError):
    """A column is missing or of the wrong kind."""


class CrsError(DataError):
    """A geometry is not in the coordinate reference system it must be in."""


class KeyLinkError(DataError, LookupError):
    """A key points at a row that is not there."""


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
