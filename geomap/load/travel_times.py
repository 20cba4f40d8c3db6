"""The planner's own table of travel times, as r5r, r5py and lokigi have it or in our words; either way round.

Long tables have a row for each pair; wide ones, as lokigi reads them, a row for each place and a column for each
facility. Which end is the facility is told by the ids that are known, never by the name of the heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import Fault
from ..schema import TravelTimeFrame
from ..schema.words import MODES
from ..validate import Loaded, check_frame
from ._bank_cells import fold_key
from ._raw import RawTable, refuse
from ._read import read_table, text_to_number
from ._table import cell_faults, conclude, no_reason

_FACILITY, _POINT, _MODE = TravelTimeFrame.facility_id, TravelTimeFrame.point_id, TravelTimeFrame.mode
_MINUTES = TravelTimeFrame.minutes_min
_KEYS = [_FACILITY, _POINT, _MODE]
_ENDS = (
    ("from_id", "to_id"), ("origin_id", "destination_id"), ("facility_id", "point_id"), ("facility_id", "pcn_code"),
    ("facility_id", "practice_code"), ("facility_id", "lsoa_code"), ("facility_id", "postcode"),
)  # fmt: skip
"""Headings of the two ends: of r5r and r5py, of other tools, and ours."""
_IN_MINUTES = re.compile(r"minutes|minutes_min|(travel_time|duration|time)[_ ]?\(?(min|mins|minutes)\)?")
_IN_SECONDS = re.compile(r"seconds|(travel_time|duration|time)[_ ]?\(?(s|sec|secs|seconds)\)?")
_PERCENTILE = re.compile(r"travel_time_p(\d{1,2})")
"""Of r5r, which writes minutes."""
_NO_UNIT = ("travel_time", "duration", "time")
_OUT_OF_REACH = ("", "na", "nan", "n/a", "null", "none", "<na>")
_MODE_WORDS = {
    **dict.fromkeys(("walk", "walking", "foot"), "walk"),
    **dict.fromkeys(("drive", "driving", "car"), "drive"),
    **dict.fromkeys(("transit", "public_transport", "public transport", "bus"), "transit"),
}
_WANTED = (
    "Give a row for each pair, headed from_id, to_id and minutes or seconds (or travel_time_p50, as r5r writes it), or "
    "headed facility_id, pcn_code and minutes; or a row for each PCN with its code in the first column, and a column "
    "for each facility_id."
)
_MOST_MIN = 1_000_000.0
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelContext:
    """What a table of travel times is read against."""

    facility_ids: frozenset[str]
    """Of the bank of hours."""
    place_ids: frozenset[str]
    """Codes of the PCNs, practices and LSOAs that patients are of."""
    postcodes: tuple[tuple[str, str], ...] = ()
    """Postcode, practice code: a practice may be named by its postcode."""
    modes: tuple[str, ...] = MODES
    """Those of the run."""
    mode: str = ""
    """The one that the name of the file tells; empty where it tells none."""
    unit: str = ""
    """`minutes` or `seconds`, where the headings do not tell it; empty where they must."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One row a pair as it stands: `row`, `column`, the ids `one` and `other`, `text` of the time, `mode`."""

    rows: pd.DataFrame
    unit: str
    wide: bool
    notes: tuple[str, ...] = ()


def load_travel_times(path: Path, context: TravelContext) -> Loaded:
    """
    Load minutes between facilities and PCNs, practices or LSOAs.

    Parameters
    ----------
    path
        CSV (plain or in a zip) or Parquet, long or wide.
    context
        Known ids, and what is said of mode and unit elsewhere.

    Returns
    -------
    loaded
        `TravelTimeFrame`, sorted; a time that is empty or NA is out of reach. Rows of ids that are not known are
        accounted for as not used.

    Raises
    ------
    DataError
        The file is missing or is no table of travel times; its unit or its mode is told nowhere; no id is known.
    """
    raw = read_table(Path(path))
    pairs = _spread(raw, context) if _ends(raw) is None else _pick_pairs(raw, context)
    rows, turned = _turn(raw, pairs.rows, context)
    rows, odd_modes = _read_modes(raw, rows, context)
    rows, odd_times = _read_times(raw, rows, pairs.unit)
    unused, notes = _part_unknown(raw, rows, context.modes, wide=pairs.wide)
    faults = [*odd_modes, *odd_times]
    known = rows[_FACILITY].notna() & rows[_POINT].notna() & rows[_MODE].isin(context.modes)
    rows = rows[known & ~rows["row"].isin({fault.row for fault in faults})]
    rows = rows.explode(_POINT, ignore_index=True)
    rows, clashes = _part_doubles(raw, rows)
    faults += clashes
    frame = rows[[*_KEYS, _MINUTES]].astype(dict.fromkeys(_KEYS, "str")).sort_values(_KEYS, ignore_index=True)
    good, _ = check_frame(frame, TravelTimeFrame, source=raw.source)
    notes = [*pairs.notes, turned, *notes, _say_reach(raw.source, good)]
    return conclude(raw, good, unused=unused, faults=faults, notes=notes)


def _ends(raw: RawTable) -> tuple[str, str] | None:
    """The headings of both ends of a long table; None of a wide one."""
    there = {heading.strip().lower(): heading for heading in raw.frame.columns}
    return next(((there[one], there[other]) for one, other in _ENDS if one in there and other in there), None)


def _pick_pairs(raw: RawTable, context: TravelContext) -> _Pairs:
    """The pairs of a long table, and the unit that the heading of its times tells."""
    one, other = _ends(raw)
    heading, unit, notes = _times_heading(raw, context)
    mode = next((raw.frame[name] for name in raw.frame.columns if name.strip().lower() == "mode"), "")
    told = {"row": raw.frame.index, "column": heading, "one": raw.frame[one], "other": raw.frame[other]}
    rows = pd.DataFrame({**told, "text": raw.frame[heading], _MODE: mode}).reset_index(drop=True)
    return _Pairs(rows, unit, wide=False, notes=notes)


def _times_heading(raw: RawTable, context: TravelContext) -> tuple[str, str, tuple[str, ...]]:
    """The heading of the times, their unit, and what was taken of several."""
    names = {heading.strip().lower(): heading for heading in raw.frame.columns}
    told = [(heading, "minutes") for name, heading in names.items() if _IN_MINUTES.fullmatch(name)]
    told += [(heading, "seconds") for name, heading in names.items() if _IN_SECONDS.fullmatch(name)]
    parts = {int(match[1]): heading for name, heading in names.items() if (match := _PERCENTILE.fullmatch(name))}
    if len(told) == 1:
        return *told[0], ()
    if not told and (50 in parts or len(parts) == 1):
        share = 50 if 50 in parts else next(iter(parts))
        others = f" The other {len(parts) - 1} percentiles are not used." if len(parts) > 1 else ""
        note = f"{raw.source}: times are the {share}th percentile of each journey, minutes.{others}"
        return parts[share], "minutes", (note,)
    if told or parts:
        found = ", ".join([*(heading for heading, _ in told), *parts.values()])
        raise refuse(raw.source, f"several columns hold times: {found}", "Keep one of them.")
    plain = [names[name] for name in _NO_UNIT if name in names]
    if len(plain) != 1:
        raise refuse(raw.source, "no column, or more than one, holds the times", _WANTED)
    if not context.unit and plain[0].strip().lower() == "travel_time" and {"from_id", "to_id"} <= set(names):
        return plain[0], "minutes", (f"{raw.source}: headed as r5py writes it, so its times are minutes.",)
    return plain[0], _told_unit(raw, context, plain[0]), ()


def _told_unit(raw: RawTable, context: TravelContext, column: str = "") -> str:
    if context.unit:
        return context.unit
    remedy = 'Write matrix_unit = "minutes" or "seconds" under [travel] in the scenario.'
    raise refuse(raw.source, "nothing says whether its times are minutes or seconds", remedy, column=column)


def _spread(raw: RawTable, context: TravelContext) -> _Pairs:
    """The pairs of a wide table, row by row."""
    first, *others = list(raw.frame.columns)
    text = raw.frame[others]
    blank = text.apply(lambda column: column.str.strip().str.lower().isin(_OUT_OF_REACH))
    words = [name for name in others if (text_to_number(text[name])[0].isna() & ~blank[name]).all() and len(text)]
    if not others or words:
        problem = f"the column {words[0]} holds no times" if words else "there is one column alone"
        raise refuse(raw.source, f"this is no table of travel times: {problem}", _WANTED, column=(words or [""])[0])
    unit = _told_unit(raw, context)
    rows = pd.DataFrame(
        {
            "row": np.repeat(raw.frame.index, len(others)),
            "column": np.tile(others, len(text)),
            "one": np.repeat(raw.frame[first].to_numpy(), len(others)),
            "other": np.tile(others, len(text)),
            "text": text.to_numpy().ravel(),
            _MODE: "",
        }
    )
    return _Pairs(rows.astype(dict.fromkeys(("column", "one", "other", "text"), "str")), unit, wide=True)


def _turn(raw: RawTable, rows: pd.DataFrame, context: TravelContext) -> tuple[pd.DataFrame, str]:
    """`facility_id` and the list `point_id` of each pair, missing where not known; told by which ids are known."""
    sites = {fold_key(facility): facility for facility in context.facility_ids}
    places = {fold_key(code): [code] for code in sorted(context.place_ids)}
    for postcode, code in context.postcodes:
        places.setdefault(_bare(postcode), []).append(code)
    found = {}
    for end in ("one", "other"):
        ids = rows[end].drop_duplicates()
        keys = dict(zip(ids, map(fold_key, ids), strict=True))
        as_site = rows[end].map({text: sites.get(key) for text, key in keys.items()})
        lists = {text: places.get(key, places.get(_bare(text))) for text, key in keys.items()}
        found[end] = as_site, rows[end].map(lists)
    forward = int((found["one"][0].notna() & found["other"][1].notna()).sum())
    backward = int((found["other"][0].notna() & found["one"][1].notna()).sum())
    if not forward and not backward:
        seen = ", ".join(map(repr, [*rows["one"].unique()[:_SHOWN], *rows["other"].unique()[:_SHOWN]]))
        problem = f"no row names both a facility of the bank of hours and a PCN, practice or LSOA; its ids are {seen}"
        raise refuse(raw.source, problem, "Use the bank's facility_id, and codes of PCNs, practices or LSOAs.")
    if forward == backward:
        problem = "both of its ends could be the facility: the same ids are of facilities and of places"
        raise refuse(raw.source, problem, "Give the facilities other ids in the bank of hours.")
    site, place = ("one", "other") if forward > backward else ("other", "one")
    said = f"{raw.source}: {max(forward, backward):,} of its {len(rows):,} pairs are of this run."
    names = {"one": "site" if site == "one" else "place", "other": "site" if site == "other" else "place"}
    return rows.rename(columns=names).assign(**{_FACILITY: found[site][0], _POINT: found[place][1]}), said


def _bare(postcode: str) -> str:
    return "".join(postcode.split()).casefold()


def _read_modes(raw: RawTable, rows: pd.DataFrame, context: TravelContext) -> tuple[pd.DataFrame, list[Fault]]:
    """The mode of each pair: of its row, else of the file's name, else the one that there is."""
    words = rows[_MODE].str.strip().str.lower()
    blank = words.eq("")
    one = context.mode or (context.modes[0] if len(context.modes) == 1 else "")
    if blank.any() and not one:
        remedy = "Add a column mode, or name the file after its mode, such as travel_times_drive.csv."
        raise refuse(raw.source, "nothing says which mode its times are of", remedy)
    modes = words.map(_MODE_WORDS).where(~blank, one)
    others = sorted(set(modes.dropna()) - {context.mode})
    if context.mode and others:
        problem = f"its name says {context.mode}, its column mode {', '.join(others)}"
        raise refuse(raw.source, problem, "Name the file travel_times, or give each mode a file of its own.")
    lost = rows[modes.isna()].set_index("row")
    problem, remedy = "the mode is not one of those allowed", f"Use one of: {', '.join(MODES)}."
    faults = cell_faults(raw, lost[_MODE], lost["site"], column=_MODE, problem=problem, remedy=remedy)
    return rows.assign(**{_MODE: modes}), faults


def _read_times(raw: RawTable, rows: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Minutes of each pair, missing where it is out of reach."""
    text = rows["text"].str.strip()
    away = text.str.lower().isin(_OUT_OF_REACH)
    numbers = text_to_number(text.where(~away, ""))[0]
    minutes = numbers / 60 if unit == "seconds" else numbers
    faults = []
    for wrong, problem in (
        (numbers.isna() & ~away, "the cell does not hold a number"),
        (minutes < 0, "the time is below 0"),
        (minutes > _MOST_MIN, f"the time is above {_MOST_MIN:,.0f} minutes"),
    ):
        for heading, cells in rows[wrong].groupby("column"):
            at = cells.set_index("row")
            remedy = f"Give {unit} of 0 or more, or leave it empty where there is no way."
            faults += cell_faults(raw, at["text"], at["place"], column=str(heading), problem=problem, remedy=remedy)
    return rows.assign(**{_MINUTES: minutes}), faults


def _part_unknown(
    raw: RawTable, rows: pd.DataFrame, modes: tuple[str, ...], *, wide: bool
) -> tuple[pd.Series, list[str]]:
    """Why rows of the file are not used, and which of its ids are not known."""
    no_site, no_place, other = rows[_FACILITY].isna(), rows[_POINT].isna(), ~rows[_MODE].isin(modes)
    known = ~no_site & ~no_place & ~other
    used = known.groupby(rows["row"]).any().reindex(raw.frame.index, fill_value=False)
    unused = no_reason(raw.frame).mask(~used, "it names no PCN, practice or LSOA that patients are of")
    if not wide:
        lost = no_site.to_numpy() & ~used.to_numpy()
        unused = unused.mask(lost, "its facility is not in the bank of hours")
        unused = unused.mask(other.to_numpy() & ~lost, "another mode than those of this run")
    notes = []
    for lost, end, what in (
        (no_site, "site", "a facility of the bank of hours"),
        (no_place, "place", "a PCN, practice or LSOA that patients are of"),
    ):
        ids = rows.loc[lost, end].unique()
        if len(ids):
            shown = ", ".join(map(repr, ids[:_SHOWN])) + ("" if len(ids) <= _SHOWN else " and others")
            said = "1 id is not" if len(ids) == 1 else f"{len(ids):,} ids are not"
            notes.append(f"{raw.source}: {said} of {what}, and not used: {shown}.")
    return unused, notes


def _part_doubles(raw: RawTable, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Pairs once each; of those that are told twice, with other minutes, none can be trusted."""
    rows = rows[~rows.duplicated([*_KEYS, _MINUTES])]
    clash = rows.duplicated(_KEYS, keep=False)
    at = rows[clash].set_index("row")
    problem, remedy = "the same pair stands in more than one row, with other times", "Keep the right one."
    faults = cell_faults(raw, at["text"], at["place"], column="", problem=problem, remedy=remedy)
    return rows[~rows["row"].isin(set(at.index))], faults


def _say_reach(source: str, frame: pd.DataFrame) -> str:
    """What the table knows, and how far it goes: a table that was cut off below the limit hides who is in reach."""
    there = frame[_MINUTES].dropna()
    longest = f"the longest of {there.max():,.1f} minutes" if len(there) else "none of them within reach"
    return (
        f"{source}: {frame[_FACILITY].nunique():,} facilities and {frame[_POINT].nunique():,} places, "
        f"{len(there):,} journeys, {longest}."
    )
