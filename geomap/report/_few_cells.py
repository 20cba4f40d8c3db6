"""Counts of people in what is written: which cells are not shown, and what is said of it on every sheet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from xlsxwriter.worksheet import Worksheet

from ..few import PEOPLE_UNITS, WORTH, round_people, say_people
from ..phrases import INTERNAL_MARK, ROUNDED_NOTE
from ..schema import AllocationResultFrame, FigureFrame, PlanFacts
from ..schema.published import FILE_OF, PEOPLE, SUPPRESSED

ALARM, MUTED = "#8A1538", "#425563"
"""Of the mark of internal results; of what is not shown."""
FEW_NOTE = f"{SUPPRESSED} stands for a count that is not shown. {ROUNDED_NOTE}"
BAND_POINTS = 24
"""What the row of headings is higher by, so that they stand below the band."""
BAND_PIXELS = 20
LETTER_PIXELS = 6
FIGURES = "figures"
_FIELDS = {file: name for name, file in FILE_OF.items()}


def people_columns(table: str) -> tuple[str, ...]:
    """Columns of a published table that count people."""
    return PEOPLE.get(_FIELDS.get(table, table), ())


def may_hide(table: str, column: str) -> bool:
    """Whether a published run may leave cells of a column out, so that they tell of no small number of people."""
    people = people_columns(table)
    of_plan = AllocationResultFrame.places in people and column in WORTH
    return column in people or of_plan or (table == FIGURES and column == FigureFrame.value)


def find_hidden(table: str, frame: pd.DataFrame, *, internal: bool) -> dict[str, np.ndarray]:
    """
    Column → which of its rows are not shown: counts from 1 to 7, and in a plan all that would tell them.

    Figures of the run as a whole are whole numbers of people, whatever they are; few of them are not shown either.
    """
    if internal:
        return {}
    if table == FIGURES:
        value = frame[FigureFrame.value]
        few = value.isna() | frame[FigureFrame.unit].isin(PEOPLE_UNITS) & value.gt(0) & round_people(value).isna()
        return {FigureFrame.value: few.to_numpy()} if few.any() else {}
    hidden = {column: frame[column].isna().to_numpy() for column in people_columns(table) if column in frame}
    if AllocationResultFrame.places in hidden and AllocationResultFrame.pledge_id in frame:
        hidden |= {column: hidden[AllocationResultFrame.places] for column in WORTH if column in frame}
    return {column: rows for column, rows in hidden.items() if rows.any()}


def as_shown(count: float, facts: PlanFacts) -> float:
    """A count of people as it may stand in a cell; missing where it is not shown."""
    return count if facts.internal else round_people(pd.Series([count])).iloc[0]


def tell_people(count: float, facts: PlanFacts) -> str:
    """
    What a sum of people is told as.

    >>> tell_people(1234, internal_facts), tell_people(1234, published_facts), tell_people(3, published_facts)
    ('1,234', '1,235', '1 to 7')
    """
    return f"{count:,.0f}" if facts.internal else say_people(count)


def note_of(facts: PlanFacts, *, people: bool = True) -> str:
    """What a sheet says of its figures: that they are internal, or how people were rounded; empty where it has none."""
    if facts.internal:
        return INTERNAL_MARK
    return FEW_NOTE if people else ""


def put_note(sheet: Worksheet, text: str, *, internal: bool) -> None:
    """
    Say it above the headings of a table and, in print, at the head of every page.

    The row of headings stays the first, as whoever reads the sheet by a program counts on it: the note is a box that
    lies over its upper end, which stays in view as the row does.
    """
    if not text:
        return
    fill, letters = (ALARM, "#FFFFFF") if internal else ("#FFFFFF", MUTED)
    look = {
        "width": LETTER_PIXELS * len(text) + 20, "height": BAND_PIXELS, "object_position": 3,
        "fill": {"color": fill}, "line": {"color": fill if internal else "#B8C4CC"},
        "font": {"size": 9, "bold": internal, "color": letters}, "align": {"vertical": "middle"},
    }  # fmt: skip
    sheet.insert_textbox(0, 0, text, look)
    print_note(sheet, text, internal=internal)


def print_note(sheet: Worksheet, text: str, *, internal: bool) -> None:
    """Say it at the head of every printed page."""
    if text:
        sheet.set_header(f"&C&9{'&B' if internal else ''}&K{(ALARM if internal else MUTED)[1:]}{text}")
