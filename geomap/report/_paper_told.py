"""Cells of the published tables as text: the one way by which a figure gets into the board paper."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ..few import MIDDLE
from ..phrases import count_in_words, share
from ..schema import CandidateFrame, FigureFrame
from ..schema.published import SUPPRESSED
from ._columns import SHEETS
from ._few_cells import find_hidden

FIGURES, PROVISION, GAPS, SECTORS, BUDGETS, FAIRNESS, LEVELS, PCNS, PATHWAYS, ACCESS = (
    "figures", "provision", "gaps", "sectors", "health_budgets", "fairness", "levels", "pcns", "pathways", "access",
)  # fmt: skip
PORTFOLIOS, CHOSEN, COMPARATORS, REASONS, TRADEOFFS, ROBUSTNESS, REGRETS, FLIPS, CANDIDATES = (
    "portfolios", "chosen_sites", "comparators", "site_reasons", "tradeoffs", "robustness", "regrets", "flips",
    "candidates",
)  # fmt: skip
"""Names of published tables."""
NOTHING = "–"
"""For a missing number."""
GONE = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # what XML forbids or discourages
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # what would turn round the words that follow
)
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """Text as one plain line: what a document cannot hold, or would turn round, shows as a replacement character."""
    return _FORBIDDEN.sub(GONE, _SPACE.sub(" ", text)).strip()


def _percent(value: float) -> str:
    """Two figures at least of small shares; the ends are kept for all and for nothing."""
    percent = 100 * value
    if percent in (0, 100) or 10 <= abs(percent) < 99.5:
        return f"{percent:.0f}%"
    if 99.5 <= percent < 100:
        return f"{min(percent, 99.9):.1f}%"
    return f"{percent:.1f}%" if abs(percent) >= 1 else f"{percent:.2g}%" if abs(percent) >= 0.01 else "under 0.01%"


SHAPES: dict[str, Callable[[float], str]] = {
    "whole": lambda value: f"{value:,.0f}",
    "plain": lambda value: f"{value:,.2f}".rstrip("0").rstrip("."),
    "tenths": lambda value: f"{value:,.1f}",
    "hundredths": lambda value: f"{value:,.2f}",
    "percent": _percent,
    "percents": lambda value: f"{value:.1%}",
    "pounds": lambda value: f"£{value:,.0f}" if value >= 100 or value == int(value) else f"£{value:,.2f}",
    "share": lambda value: share(value, 1.0),
    "signed": lambda value: f"{value:+.2f}".replace("-", "\N{MINUS SIGN}"),
    "signed percents": lambda value: f"{value:+.1%}".replace("-", "\N{MINUS SIGN}"),
}
"""How a number is shown; `percent` is for sentences, `percents` for columns."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A number that was told: where it stands, by row from 0, and how it was written."""

    table: str
    row: int
    column: str
    text: str


class Told:
    """
    The published tables, read cell by cell; every number and every text that was taken is kept.

    Parameters
    ----------
    published
        What `published_tables` gives.
    internal
        Whether its counts of people are exact.
    """

    def __init__(self, published: dict[str, pd.DataFrame], *, internal: bool = True) -> None:
        self._tables = {name: frame.reset_index(drop=True) for name, frame in published.items()}
        self._hidden = {name: find_hidden(name, frame, internal=internal) for name, frame in self._tables.items()}
        self.cells: list[Cell] = []
        self.quotes: list[str] = []

    def table(self, name: str) -> pd.DataFrame:
        """A published table, rows numbered from 0; empty and without columns where it is not published."""
        return self._tables.get(name, pd.DataFrame())

    def has(self, name: str) -> bool:
        """Whether a table has anything to tell."""
        return not self.table(name).empty

    def number(self, table: str, row: int, column: str, shape: str = "whole") -> str:
        """A cell in one of the `SHAPES`; a count of people that is not shown as the files have it, for a table."""
        if self.is_hidden(table, row, column):
            return self._keep(table, row, column, SUPPRESSED)
        value = float(self._tables[table].at[row, column])
        if math.isnan(value):
            return NOTHING
        return self._keep(table, row, column, SHAPES[shape](value))

    def people(self, table: str, row: int, column: str) -> str:
        """A count of people in words, for a sentence: one that is not shown as the range that it is in."""
        if self.is_hidden(table, row, column):
            return self._keep(table, row, column, count_in_words(math.nan))
        return self.number(table, row, column)

    def is_hidden(self, table: str, row: int, column: str) -> bool:
        """Whether a count of people is not shown."""
        rows = self._hidden[table].get(column)
        return rows is not None and bool(rows[row])

    def amounts(self, table: str, column: str) -> pd.Series:
        """A column of counts to rank and compare by; where one is not shown another stands for it. Never told."""
        return self.table(table)[column].astype("Float64").fillna(MIDDLE).astype("float64")

    def _keep(self, table: str, row: int, column: str, text: str) -> str:
        self.cells.append(Cell(table, row, column, text))
        return text

    def counted(self, table: str, row: int, column: str, words: tuple[str, str]) -> str:
        """A count with the word for one and for several: "1 operator", "4 operators"."""
        number = self.people(table, row, column)
        return f"{number} {words[0] if number == '1' else words[1]}"

    def figure(self, name: str, shape: str = "whole") -> str:
        """A single figure of the run, for a sentence."""
        row = self._row_of(name)
        if self.is_hidden(FIGURES, row, FigureFrame.value):
            return self.people(FIGURES, row, FigureFrame.value)
        return self.number(FIGURES, row, FigureFrame.value, shape)

    def _row_of(self, name: str) -> int:
        figures = self.table(FIGURES)
        return int(figures.index[figures[FigureFrame.figure].eq(name)][0])

    def words(self, table: str, row: int, column: str) -> str:
        """A cell of text; empty where it is missing."""
        value = self._tables[table].at[row, column]
        return self.quote(value) if isinstance(value, str) else ""

    def names_of_sites(self) -> dict[str, str]:
        """Id → name of every site that could be chosen."""
        sites = self.table(CANDIDATES)
        return dict(zip(sites[CandidateFrame.site_id], sites[CandidateFrame.site_name], strict=True))

    def quote(self, text: str) -> str:
        """Text of the data, such as a name or a sentence, cleaned."""
        told = clean(text)
        self.quotes.append(told)
        return told


def more_rows(table: str, rows: int, shown: int, words: str = "") -> str:
    """Where the rows are that the paper has no room for; empty where it has all."""
    if rows <= shown:
        return ""
    where = f"results.xlsx, sheet {SHEETS[table][0]}"
    return f"{words} in {where}." if words else f"And {rows - shown:,} more in {where}."
