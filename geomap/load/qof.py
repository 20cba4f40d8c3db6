"""Quality and Outcomes Framework prevalence (NHS England): registers with the denominator of each condition."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from ..errors import DataError, Fault
from ..schema import RegisterFrame
from ..validate import Loaded
from ._raw import RawTable, refuse
from ._read import read_csv
from ._table import finish, part_doubles, part_withheld, pick, read_codes, read_numbers

_LIST_TYPE = "list_type"
_HEADINGS = {
    RegisterFrame.practice_code: "PRACTICE_CODE",
    RegisterFrame.condition_code: "GROUP_CODE",
    RegisterFrame.register_patients: "REGISTER",
    RegisterFrame.denominator_patients: "PRACTICE_LIST_SIZE",
    _LIST_TYPE: "PATIENT_LIST_TYPE",
}
_WANTED = "Give PREVALENCE_*.csv, or the QOF zip that holds it, from the raw data files of the QOF publication."


def load_registers(path: Path) -> Loaded:
    """
    Load QOF registers, one row a practice and condition.

    The denominator depends on the condition (all ages, 17 and over, 50 and over and so on), so it is kept beside
    each register and never replaced by the list size.

    Parameters
    ----------
    path
        `PREVALENCE_*.csv`, or a zip that holds one.

    Returns
    -------
    loaded
        `RegisterFrame`, in the file's order; `vintage` is the year of the file's name, such as `2024-25`.

    Raises
    ------
    DataError
        The file is missing or another one, or a condition has denominators of two kinds.
    """
    raw = read_csv(path, member="PREVALENCE_*.csv")
    frame = pick(raw, _HEADINGS, _WANTED)
    frame, notes = read_codes(raw, frame, [RegisterFrame.practice_code, RegisterFrame.condition_code, _LIST_TYPE])
    _refuse_mixed_denominators(raw, frame)
    counts = (RegisterFrame.register_patients, RegisterFrame.denominator_patients)
    numbers = {column: _HEADINGS[column] for column in counts}
    frame, unknown, said = part_withheld(frame.drop(columns=_LIST_TYPE), counts)
    notes += said
    keys = [RegisterFrame.practice_code, RegisterFrame.condition_code]
    unused, clashes = part_doubles(raw, frame, keys, unknown)
    frame, faults = read_numbers(raw, frame[unknown == ""], numbers, row_id=RegisterFrame.practice_code)
    notes += _tell_larger(raw, frame[counts[0]] > frame[counts[1]])
    vintage = _year_in_name(raw.source)
    if not vintage:
        notes.append("The year is not in the file's name, so the run cannot say which QOF year this is.")
    return finish(
        raw, frame, RegisterFrame, headings=_HEADINGS, unused=unused, faults=faults + clashes, vintage=vintage,
        notes=notes,
    )  # fmt: skip


def _tell_larger(raw: RawTable, larger: pd.Series) -> list[str]:
    """A note of registers above their denominators; refuses a file in which most are, for its columns are swapped."""
    count = int(larger.sum())
    if count * 2 > len(larger):
        problem = f"{count:,} of its {len(larger):,} registers are larger than their own denominators"
        raise refuse(raw.source, problem, "The two columns may be swapped. " + _WANTED, column="REGISTER")
    return [f"Registers larger than their own denominator: {count:,}; used as published."] if count else []


def _year_in_name(source: str) -> str:
    """`PREVALENCE_2425.csv` is 2024-25; blank where the figures are not two years running."""
    found = re.search(r"PREVALENCE_(\d{2})(\d{2})(?!\d)", source, flags=re.IGNORECASE)
    if found is None or int(found[2]) != int(found[1]) + 1:
        return ""
    return f"20{found[1]}-{found[2]}"


def _refuse_mixed_denominators(raw: RawTable, frame: pd.DataFrame) -> None:
    kinds = frame.drop_duplicates([RegisterFrame.condition_code, _LIST_TYPE]).dropna()
    mixed = kinds[kinds.duplicated(RegisterFrame.condition_code, keep=False)]
    if len(mixed):
        raise DataError(
            faults=[
                Fault(
                    source=raw.source,
                    column=_HEADINGS[_LIST_TYPE],
                    value="; ".join(sorted(rows[_LIST_TYPE])),
                    problem=f"condition {condition} has denominators of more than one kind",
                    remedy="Sums over practices would mean nothing. " + _WANTED,
                )
                for condition, rows in mixed.groupby(RegisterFrame.condition_code)
            ]
        )
