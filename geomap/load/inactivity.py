"""Physically inactive adults by local authority (Fingertips 93015, OHID, from Active Lives)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..errors import Fault
from ..schema import InactivityFrame
from ..validate import Loaded
from ._fingertips import AREA, AREA_TYPE, INDICATOR, PERIOD, VALUE, mark_older, mark_unknown, pick_fingertips
from ._raw import RawTable, refuse
from ._read import read_csv
from ._table import cell_faults, code_faults, finish, part_doubles, read_numbers
from ._text import likely_code

_WANTED = "Give the Fingertips download of indicator 93015, physically inactive adults, for districts and UAs."
_HEADINGS = {InactivityFrame.lad_code: "Area Code", InactivityFrame.inactive_share: "Value"}
_RECODED = {"E08000016": ("E08000038", "Barnsley"), "E08000019": ("E08000039", "Sheffield")}
"""Districts that have had two codes since their common border moved a little on 1 April 2025 (ONS code history)."""
_DISTRICT = "E0[6-9][0-9]{6}"
"""ONS codes of unitary authorities, districts, metropolitan districts and London boroughs."""


def load_inactivity(path: Path) -> Loaded:
    """
    Load the share of adults who are active for less than 30 minutes a week.

    Parameters
    ----------
    path
        The Fingertips export of indicator 93015 (csv), or a copy of it with its columns trimmed.

    Returns
    -------
    loaded
        `InactivityFrame`: of each district or unitary authority its latest figure, percent turned into a share.
        `vintage` is the latest period of the file.

    Raises
    ------
    DataError
        The file is missing, is of another indicator, or is the export of Active Lives Online, which has no codes.
    """
    raw = read_csv(path)
    _refuse_active_lives(raw)
    frame, unused, notes = pick_fingertips(raw, _WANTED)
    named = frame[INDICATOR].str.contains("inactive adults", case=False)
    if not named.any():
        first = frame[INDICATOR].iloc[0] if len(frame) else ""
        raise refuse(raw.source, "the file is of another indicator", _WANTED, column="Indicator Name", value=first)
    unused = unused.mask((unused == "") & ~named, "another indicator")
    district = frame[AREA].fillna("").str.fullmatch(_DISTRICT)
    # A letter for a figure would make a district "another kind of area", and its figure vanish.
    slips = ~district & frame[AREA].fillna("").map(likely_code).astype("str").str.fullmatch(_DISTRICT)
    heading = {AREA: _HEADINGS[InactivityFrame.lad_code]}
    slipped = code_faults(raw, frame[slips & (unused == "")], heading, pattern=_DISTRICT)
    unused = unused.mask((unused == "") & ~district & ~slips, "another kind of area: " + frame[AREA_TYPE])
    unused = mark_older(frame, mark_unknown(frame, unused))
    periods = frame.loc[unused == "", PERIOD]
    newest = "" if periods.empty else max(periods)
    stale = int((periods != newest).sum())
    if stale:
        notes.append(f"Districts without a figure for {newest}, mostly abolished ones: {stale:,}; theirs is older.")
    names = {AREA: InactivityFrame.lad_code, VALUE: InactivityFrame.inactive_share}
    chosen = frame[list(names)].rename(columns=names)
    doubles, clashes = part_doubles(raw, chosen, [InactivityFrame.lad_code], unused)
    chosen, faults = _percent_to_share(raw, chosen[doubles == ""])
    loaded = finish(
        raw, chosen, InactivityFrame, headings=_HEADINGS, unused=doubles, faults=slipped + clashes + faults,
        vintage=newest, notes=notes,
    )  # fmt: skip
    frame, said = _under_both_codes(loaded.frame)
    return replace(loaded, frame=frame, notes=(*loaded.notes, *said))


def _under_both_codes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The figure of a recoded district under its other code too, since postcodes may know it by that one."""
    code = InactivityFrame.lad_code
    pairs = [pair for old, (new, _) in _RECODED.items() for pair in ((old, new), (new, old))]
    other = {known: twin for known, twin in pairs if not frame[code].eq(twin).any()}
    again = frame[frame[code].isin(other)]
    if again.empty:
        return frame, []
    names = " and ".join(name for old, (new, name) in _RECODED.items() if again[code].isin([old, new]).any())
    said = f"{names} had other codes before April 2025; the figure under one code is used for the other too."
    return pd.concat([frame, again.assign(**{code: again[code].map(other)})], ignore_index=True), [said]


def _refuse_active_lives(raw: RawTable) -> None:
    if raw.frame.columns.str.fullmatch(r"Nov \d\d-\d\d").any():
        problem = "this is an export of Active Lives Online, which names areas without codes and hides most figures"
        raise refuse(raw.source, problem, _WANTED)


def _percent_to_share(raw: RawTable, chosen: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Percent of 0 to 100 as a share; a file of shares would be read a hundredfold too small, so it is refused."""
    column = InactivityFrame.inactive_share
    text = chosen[column]
    numbers, faults = read_numbers(raw, chosen, {column: _HEADINGS[column]}, row_id=InactivityFrame.lad_code)
    percent = numbers[column]
    if percent.max() <= 1:
        raise refuse(raw.source, "no figure is above 1, so these are not percentages", _WANTED, column="Value")
    over = percent > 100
    ids = numbers.loc[over, InactivityFrame.lad_code]
    problem, remedy = "the percentage is above 100", "Download the file again."
    faults += cell_faults(raw, text[over], ids, column=_HEADINGS[column], problem=problem, remedy=remedy)
    return numbers.assign(**{column: percent / 100}), faults
