"""A batch of scenarios as one CSV file and as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import shorten

import pandas as pd

from ..phrases import INTERNAL_MARK
from ..schema.batch import FAILED, Batch, BatchFrame
from .files import as_published, harmless_text

BATCH_NAME = "batch.csv"
NAME_LETTERS = 28
"""Of a scenario or a PCN in the terminal's table."""
SETTINGS_TOLD = 6
_Cell = Callable[[object], str]


def write_batch(folder: Path, batch: Batch) -> Path:
    """
    Write `batch.csv`: UTF-8 with a byte order mark and CR LF; text that looks like a formula gets a `'` in front.

    Parameters
    ----------
    folder
        Where to write; it is there already.
    batch
        The scenarios, a row each.

    Returns
    -------
    path
        The file.
    """
    frame = as_published(batch.rows)
    text = frame.select_dtypes("str").columns
    harmless = {name: frame[name].map(harmless_text, na_action="ignore") for name in text}
    headings = {name: harmless_text(str(name)) for name in frame.columns}
    path = folder / BATCH_NAME
    frame.assign(**harmless).rename(columns=headings).to_csv(
        path, index=False, encoding="utf-8-sig", lineterminator="\r\n"
    )
    return path


def describe_batch(batch: Batch) -> str:
    """
    A batch to be printed in a terminal: one line a scenario, then what failed and why.

    Parameters
    ----------
    batch
        The scenarios, a row each.
    """
    f, rows = BatchFrame, batch.rows
    columns: dict[str, tuple[str, _Cell]] = {
        "Scenario": (f.scenario, _name),
        "Status": (f.status, str),
        "People": (f.people, lambda value: f"{value:,}"),
        "Completions": (f.completions, lambda value: f"{value:,.0f}"),
        "Coverage": (f.coverage_share, lambda value: f"{value:.1%}"),
        "Hours matched": (f.matched_hours, lambda value: f"{value:,.0f}"),
        "Gap": (f.gap_share, lambda value: f"{value:.2%}"),
        "Worst-covered PCN": (f.worst_pcn_code, str),
        "Its coverage": (f.worst_coverage_share, lambda value: f"{value:.1%}"),
        "Sites": (f.sites, lambda value: str(len(str(value).split(";")))),
        "Seconds": (f.seconds, lambda value: f"{value:,.0f}"),
    }
    if rows[f.sites].isna().all():
        del columns["Sites"]
    lines = _align({head: [_shown(cell, tell) for cell in rows[name]] for head, (name, tell) in columns.items()})
    settings = [name for name in rows.columns if name not in f.to_schema().columns]
    if settings:
        more = len(settings) - SETTINGS_TOLD
        told = ", ".join(settings[:SETTINGS_TOLD]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"They differ in {told}; {BATCH_NAME} has every value.")
    for _, row in rows[rows[f.status].eq(FAILED)].iterrows():
        lines += ["", f"{row[f.scenario]} failed:", str(row[f.problem])]
    if batch.internal:
        lines += ["", f"{INTERNAL_MARK}."]
    return "\n".join(lines)


def _name(value: object) -> str:
    return shorten(str(value), NAME_LETTERS, placeholder="…")


def _shown(value: object, tell: _Cell) -> str:
    return "-" if pd.isna(value) else tell(value)


def _align(columns: dict[str, list[str]]) -> list[str]:
    """Names to the left, figures to the right."""
    width = {head: max(len(head), *map(len, cells)) for head, cells in columns.items()}
    left = ("Scenario", "Status", "Worst-covered PCN")

    def line(cells: list[str]) -> str:
        told = zip(columns, cells, strict=True)
        return "  ".join(f"{c:<{width[h]}}" if h in left else f"{c:>{width[h]}}" for h, c in told).rstrip()

    return [line(list(columns)), *(line(list(cells)) for cells in zip(*columns.values(), strict=True))]
