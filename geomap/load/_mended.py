"""Tell what an official file was read otherwise than it stands: one line for all cells of a column mended alike."""

from __future__ import annotations

import pandas as pd

from ..errors import Repair
from ._raw import RawTable

SMALL_OR_SPACED = "the code was written with spaces or small letters"
_SHOWN_CHARACTERS = 80


def tell_repairs(raw: RawTable, column: str, before: pd.Series, after: pd.Series, reason: str) -> None:
    """
    Add one line for the cells of a column that were read otherwise than they stand, however many there are.

    Parameters
    ----------
    raw
        The table as read; receives the line.
    column
        Its name in the program, or its heading.
    before, after
        The cells that were mended alone, as they stand and as they were read; the index is the row number.
    reason
        What was mended, in plain words.
    """
    if len(before):
        row = before.index[0]
        raw.repairs.append(
            Repair(
                source=raw.source,
                sheet=raw.sheet,
                row=int(row),
                column=raw.picked.get(column, column),
                value=str(before[row])[:_SHOWN_CHARACTERS],
                taken=str(after[row])[:_SHOWN_CHARACTERS],
                cells=len(before),
                reason=reason,
            )
        )
