"""Which files of travel times there are, one a mode or one for all, and what they are read against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from ..config import TravelParams
from ..errors import DataError, Fault
from ..schema import FacilityFrame, LsoaListFrame, PracticeFrame, TravelTimeFrame
from ..schema.words import MODES
from ..validate import Loaded, accounting_frame
from .child import read_apart, read_roads_apart
from .roads import load_roads
from .travel_times import TravelContext, load_travel_times

_NAME = re.compile(rf"travel_times(?:_(?P<mode>{'|'.join(MODES)}))?(?:[-_.].*)?\.(?:csv|parquet|zip)", re.IGNORECASE)


def list_travel_files(path: Path) -> list[Path]:
    """A file of travel times and, where it has the usual name, those so named beside it: one a mode."""
    if not _NAME.fullmatch(path.name):
        return [path]
    return sorted(file for file in path.parent.iterdir() if file.is_file() and _NAME.fullmatch(file.name))


def list_travel_loads(
    found: Mapping[str, Path], params: TravelParams, tables: Mapping[str, pd.DataFrame], facilities: pd.DataFrame
) -> dict[str, Callable[[], Loaded]]:
    """How to load what was found of journeys, by source id; roads only where somebody walks or drives."""
    loads: dict[str, Callable[[], Loaded]] = {}
    if "travel_times" in found:
        loads["travel_times"] = partial(load_travel_files, found["travel_times"], params, tables, facilities)
    if "roads" in found and {"walk", "drive"} & set(params.modes):
        loads["roads"] = partial(read_roads_apart, found["roads"].name, load_roads, found["roads"])
    return loads


def load_travel_files(
    path: Path, params: TravelParams, tables: Mapping[str, pd.DataFrame], facilities: pd.DataFrame
) -> Loaded:
    """
    Load every file of travel times, each in the process that reads.

    Parameters
    ----------
    path
        One of them.
    params
        The modes of the run; files named after another are not opened.
    tables
        Source id → table, for the codes of PCNs, practices and LSOAs.
    facilities
        `FacilityFrame` of the bank.

    Returns
    -------
    loaded
        `TravelTimeFrame` of all modes.

    Raises
    ------
    DataError
        A file cannot be used, or two tell times by the same mode.
    """
    context = _context(params, tables, facilities)
    parts, faults, notes = [], [], []
    for file in list_travel_files(path):
        named = _NAME.fullmatch(file.name)
        mode = ((named and named["mode"]) or "").lower()
        if mode and mode not in params.modes:
            notes.append(f"{file.name}: not opened, as {mode} is not among travel.modes.")
            continue
        try:
            parts.append(read_apart(file.name, load_travel_times, file, replace(context, mode=mode)))
        except DataError as caught:
            faults += caught.faults
    faults += _same_mode(parts)
    if faults:
        raise DataError(faults=faults)
    return _join(parts, notes)


def _context(params: TravelParams, tables: Mapping[str, pd.DataFrame], facilities: pd.DataFrame) -> TravelContext:
    practices = tables["practice_map"]
    codes = [practices[PracticeFrame.practice_code], practices[PracticeFrame.pcn_code].dropna()]
    if "lsoa_lists" in tables:
        codes.append(tables["lsoa_lists"][LsoaListFrame.lsoa_code])
    at = zip(practices[PracticeFrame.postcode], practices[PracticeFrame.practice_code], strict=True)
    return TravelContext(
        facility_ids=frozenset(facilities[FacilityFrame.facility_id]),
        place_ids=frozenset(pd.concat(codes)),
        postcodes=tuple(at),
        modes=params.modes,
        unit=params.matrix_unit or "",
    )


def _same_mode(parts: Iterable[Loaded]) -> list[Fault]:
    """One fault for each file that tells times by a mode that a file before it tells too."""
    first: dict[str, str] = {}
    faults = []
    for part in parts:
        for mode in part.frame[TravelTimeFrame.mode].unique():
            if mode in first:
                problem = f"it tells times by {mode}, and so does {first[mode]}"
                faults.append(Fault(source=part.source, problem=problem, remedy="Keep one of them in the folder."))
            first.setdefault(mode, part.source)
    return faults


def _join(parts: list[Loaded], notes: list[str]) -> Loaded:
    empty = TravelTimeFrame.no_rows()
    return Loaded(
        frame=pd.concat([part.frame for part in parts], ignore_index=True) if parts else empty,
        source=", ".join(part.source for part in parts) or "not opened",
        faults=tuple(fault for part in parts for fault in part.faults),
        repairs=tuple(repair for part in parts for repair in part.repairs),
        accounting=pd.concat([part.accounting for part in parts], ignore_index=True) if parts else accounting_frame([]),
        notes=(*notes, *(note for part in parts for note in part.notes)),
    )
