"""Everything a run is computed from, and what a notebook shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import Fault, Repair
from ..schema._notebook import html_table
from .bank import Bank

_BANK = ("operators", "facilities", "pledges", "links")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything a run is computed from."""

    tables: dict[str, pd.DataFrame]
    """Source id of `defaults/sources.toml` → its table; a source that was not given is absent."""
    postcodes: pd.DataFrame
    """`PostcodeFrame` of the practices' postcodes."""
    bank: Bank
    paths: tuple[Path, ...]
    """Every file read, for the manifest."""
    faults: tuple[Fault, ...]
    """Rows left out, where the scenario asks to go on without them."""
    repairs: tuple[Repair, ...] = ()
    """Cells that were read otherwise than they stand."""
    accounting: tuple[pd.DataFrame, ...]
    notes: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    """(what, file and data date, attribution)."""

    def _repr_html_(self) -> str:
        """What a notebook shows: files, dates, rows."""
        return _show(self.sources, self.tables, self.bank, len(self.faults), len(self.repairs))


def _show(
    sources: Sequence[tuple[str, str, str]], tables: Mapping[str, pd.DataFrame], bank: Bank, faults: int, repairs: int
) -> str:
    """The files that were read with their dates, and the rows of each table, as HTML."""
    files = html_table("Files that were read", ("What", "File and date"), [(what, file) for what, file, _ in sources])
    rows = [(f"tables[{name!r}]", f"{len(frame):,}") for name, frame in tables.items()]
    rows += [(f"bank.{name}", f"{len(getattr(bank, name)):,}") for name in _BANK]
    notes = [f"{faults:,} rows left out for a fault; {repairs:,} kinds of cells read otherwise than written."]
    return files + html_table("Tables", ("Table", "Rows"), rows, notes=notes)
