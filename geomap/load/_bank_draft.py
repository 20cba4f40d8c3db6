"""One table of the bank while it is being cleaned: its text, and the faults and repairs found so far."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import pandas as pd
import pandera.pandas as pa

from ..errors import Fault, Repair
from ..schema.words import LIST_SEPARATOR
from ..validate import account, account_faults, check_frame
from ._bank_spec import EXAMPLE, TableSpec
from ._extent import MERGED, UNSTORED

SHEET_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)", re.IGNORECASE)
_UNSAID = {
    MERGED: ("the cell is merged with one above it, so it has no value of its own", "Unmerge, and fill in each row."),
    UNSTORED: (
        "a formula stands in the cell, and its value was never stored",
        "Open the workbook in Excel and save it, or type the value.",
    ),
}
_TOTAL = re.compile(r"(grand|sub)?[\s-]*totals?\s*:?", re.IGNORECASE)
_EDGES = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\u2060\ufeff"
_SHOWN_CHARACTERS = 80


@dataclass(slots=True, kw_only=True)
class Draft:
    """A table of text under the program's column names, and what has been found wrong with it.

    `text` has every column of the spec (blank where the file has none) and row numbers as its index.
    The first fault of a cell is kept and later ones passed over, so that each check may run on every row.
    """

    spec: TableSpec
    text: pd.DataFrame
    source: str
    sheet: str = ""
    headings: dict[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    """Columns whose absence stops the load anyway; nothing is said of their cells."""
    stopped: bool = False
    """The load will stop, so the rows are looked at for faults only."""
    as_read: tuple[Repair, ...] = ()
    """What was mended to read the file at all."""
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passed_over: list[dict[str, object]] = field(default_factory=list)
    row_ids: dict[int, str] = field(default_factory=dict)
    _told: set[tuple[int, str]] = field(default_factory=set)
    _mended: dict[tuple[int, str], Repair] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where the table is, for a message."""
        return f"{self.source}, sheet {self.sheet}" if self.sheet else self.source

    @property
    def bad_rows(self) -> set[int]:
        """Rows with at least one fault."""
        return {fault.row for fault in self.faults if fault.row is not None}

    def has(self, column: str) -> bool:
        """Whether the file has the column."""
        return column in self.headings

    def heading(self, column: str) -> str:
        """The column as the file heads it."""
        return self.headings.get(column, column)

    def rows(self, mask: pd.Series) -> list[int]:
        """Row numbers where the mask holds."""
        return [int(row) for row in mask.index[mask.to_numpy(dtype=bool)]]

    def fault(
        self, rows: Iterable[int], column: str, problem: str, remedy: str, *, follows: bool = False
    ) -> None:
        """Add one fault a row, unless the cell has one already; `follows` as in `Fault`."""
        for row in rows:
            if (row, column) in self._told or column in self.unreadable:
                continue
            self._told.add((row, column))
            self.faults.append(
                Fault(
                    source=self.source,
                    sheet=self.sheet,
                    row=row,
                    column=self.heading(column),
                    value=self.text.at[row, column][:_SHOWN_CHARACTERS],
                    row_id=self.row_ids.get(row, ""),
                    problem=problem,
                    remedy=remedy,
                    follows=follows,
                )
            )

    def fault_empty(self, rows: Iterable[int], column: str, allowed: Collection[str] = ()) -> None:
        """Add the fault of an empty cell that must be filled, with one of the words allowed if only some are."""
        remedy = f"Fill in {self.heading(column)}{' with one of: ' * bool(allowed)}{', '.join(sorted(allowed))}."
        if self.sheet:
            remedy += " If a formula stands there, save the workbook in Excel, so that its value is stored with it."
        self.fault(rows, column, "the cell is empty", remedy)

    def note(self, rows: list[int], column: str, said: str) -> None:
        """Say what was repaired or assumed: how often, and an example: the first by id, whatever the order of rows."""
        if rows:
            count = "1 cell" if len(rows) == 1 else f"{len(rows)} cells"
            cells = ((self.row_ids.get(row, ""), self.text.at[row, column][:_SHOWN_CHARACTERS]) for row in rows)
            row_id, value = min(cells)
            shown = ", ".join(([row_id] if row_id else []) + ([repr(value)] if value else []))
            example = f"; for example {shown}" if shown else ""
            self.notes.append(f"{self.place}: {said} ({count} of {self.heading(column)}{example}).")

    def repair(self, mask: pd.Series, column: str, said: str, taken: pd.Series | str) -> None:
        """
        Note what is read otherwise than it stands, and each cell of it.

        Parameters
        ----------
        mask
            Which rows; its index is row numbers.
        column, said
            Where, and what was mended or assumed.
        taken
            What is read instead, one text a row or one for all; empty where the cell is passed over.
        """
        rows = self.rows(mask)
        self.note(rows, column, said)
        self.mend(rows, column, said, taken)

    def mend(self, rows: list[int], column: str, said: str, taken: pd.Series | str) -> None:
        """As `repair`, without a note. Where a cell was mended before, what it says stays and both reasons are told."""
        values = self.text.loc[rows, column].str.slice(0, _SHOWN_CHARACTERS)
        read = [taken] * len(rows) if isinstance(taken, str) else taken[rows].str.slice(0, _SHOWN_CHARACTERS)
        place = {"source": self.source, "sheet": self.sheet, "column": self.heading(column)}
        for row, value, instead in zip(rows, values, read, strict=True):
            before = self._mended.get((row, column))
            if before is None:
                told = {"value": value, "row_id": self.row_ids.get(row, ""), "reason": said}
                self._mended[row, column] = Repair(**place, row=row, taken=instead, **told)
            else:
                self._mended[row, column] = replace(before, taken=instead, reason=f"{before.reason}, and {said}")

    @property
    def repairs(self) -> list[Repair]:
        """Cells that were read otherwise than they stand, by row; those that are at fault all the same are not."""
        kept = (repair for cell, repair in self._mended.items() if cell not in self._told)
        return sorted([*self.as_read, *kept], key=lambda repair: repair.row)

    def assume(self, mask: pd.Series, column: str, value: str, said: str) -> None:
        """Fill blank cells with what is assumed, and say so."""
        self.repair(mask, column, said, value)
        self.text.loc[mask, column] = value

    def prepare(self) -> None:
        """Trim every cell, name the rows, leave out those that are no data, and fault spreadsheet errors."""
        as_sent = self.text
        self.text = self.text.apply(lambda column: column.str.strip(_EDGES))
        for column in reversed(self.spec.id_columns):
            filled = self.text[column][self.text[column] != ""]
            self.row_ids |= dict(zip(filled.index, filled.str.slice(0, _SHOWN_CHARACTERS), strict=True))
        self._pass_over()
        self._tell_trimmed(as_sent)
        remedy = "Correct the formula, or type the value."
        for column in self.text:
            wrong = [value for value in self.text[column].unique() if SHEET_ERROR.fullmatch(value)]
            if wrong:
                rows = self.rows(self.text[column].isin(wrong))
                self.fault(rows, column, "the cell holds a spreadsheet error", remedy)
            for mark, (problem, remedy_unsaid) in _UNSAID.items():
                self.fault(self.rows(self.text[column] == mark), column, problem, remedy_unsaid)

    def _pass_over(self) -> None:
        """Take out the template's example rows and rows of totals; they are accounted for, and noted."""
        ids = pd.Series(self.row_ids, index=self.text.index, dtype="str").fillna("")
        example = ids.str.upper().str.startswith(EXAMPLE)
        total = ids.str.fullmatch(_TOTAL)
        nameless = self.text[ids == ""]
        if len(nameless):
            named_total = nameless.apply(lambda column: column.str.fullmatch(_TOTAL)).any(axis=1)
            total |= named_total.reindex(ids.index, fill_value=False)
        for mask, reason in ((example, "example row of the template"), (total & ~example, "row of totals")):
            rows = self.rows(mask)
            self.passed_over += [self._account(row, "not_used", reason) for row in rows]
            self.note(rows, self.spec.id_columns[0], f"passed over, {reason}")
        self.text = self.text[~(example | total)]

    def _tell_trimmed(self, as_sent: pd.DataFrame) -> None:
        """What was written with spaces round it; a cell of nothing but spaces is a blank one."""
        for column, cells in self.text.items():
            before = as_sent.loc[cells.index, column]
            rows = self.rows((before != cells) & (cells != ""))
            if rows:
                self.mend(rows, column, "spaces round the text were dropped", cells)
                shown = before[rows].str.slice(0, _SHOWN_CHARACTERS)
                for row, value in shown.items():
                    self._mended[row, column] = replace(self._mended[row, column], value=value)

    def _account(self, row: int, status: str, reason: str = "") -> dict[str, object]:
        return account(
            self.source,
            sheet=self.sheet,
            row=row,
            rows=1,
            row_id=self.row_ids.get(row, ""),
            status=status,
            reason=reason,
        )

    def finish(self, frame: pd.DataFrame, model: type[pa.DataFrameModel]) -> pd.DataFrame:
        """The rows without a fault, held against the model; the index is still the row number."""
        self.faults.sort(key=lambda fault: fault.row or 0)
        good = frame[~frame.index.isin(self.bad_rows)]
        if self.stopped:
            return good
        checked, faults = check_frame(
            good,
            model,
            source=self.source,
            sheet=self.sheet,
            id_column=self.spec.id_columns[0],
            headings=self.headings,
        )
        self.faults += faults
        return checked

    def account_good(self, good: pd.DataFrame) -> list[dict[str, object]]:
        """One line a good row, under the id that the tables use for it."""
        ids = good[list(self.spec.id_columns)].bfill(axis=1).iloc[:, 0]
        self.row_ids |= {int(row): str(row_id) for row, row_id in ids.items()}
        return [self._account(int(row), "used") for row in ids.index]

    def account_rest(self) -> list[dict[str, object]]:
        """One line a row that was rejected or passed over."""
        return account_faults(self.faults) + self.passed_over


def split_list(text: str) -> list[str]:
    """The items of a cell that holds several; commas, bars and line breaks are taken for `;` too."""
    return [item for part in re.split(r"[;,|\n]", text) if (item := part.strip(_EDGES))]


def join_list(items: Iterable[str]) -> str:
    """The items in alphabetical order, each once."""
    return LIST_SEPARATOR.join(sorted(set(items)))
