"""Folders of finished results, read back: only what the run itself wrote, and only as it wrote it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from ..errors import DataError, Fault
from ..schema import (
    AccountingFrame,
    AllocationResultFrame,
    ChosenSiteFrame,
    LedgerFrame,
    LevelFrame,
    LinkFrame,
    PortfolioFrame,
    UnmetFrame,
)
from ..schema.comparison import FacilityRowFrame, FinishedRun, PcnRowFrame, RunFileFrame, RunSettingFrame
from ..schema.words import LIST_SEPARATOR
from ..validate import check_frame, missing_columns
from ._read import read_bytes, read_csv, read_json, text_to_number

_MANIFEST = "manifest.json"
_TABLES: dict[str, type[pa.DataFrameModel]] = {
    "ledger": LedgerFrame,
    "facilities": FacilityRowFrame,
    "pcns": PcnRowFrame,
    "allocation": AllocationResultFrame,
    "unmet": UnmetFrame,
    "links": LinkFrame,
    "accounting": AccountingFrame,
    "levels": LevelFrame,
}
_CHOICE: dict[str, type[pa.DataFrameModel]] = {"portfolios": PortfolioFrame, "chosen": ChosenSiteFrame}
"""There where the run chose test-and-learn sites."""
_FILES = {"unmet": "unmet_demand.csv", "chosen": "chosen_sites.csv"}
"""Table → its file, where that is not the table's own name."""

_REMEDY = "Name the folder of results of a finished run."
_RUN_AGAIN = "Run the scenario again with this version of geomap, and compare those results."
_CHANGED = "Run the scenario again, or put the file back as it was."
_MADE_HARMLESS = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Text that was given a `'` in front when it was written, so that no spreadsheet takes it for a formula."""


def load_results(*folders: Path) -> tuple[FinishedRun, ...]:
    """
    Read what finished runs left, to set them side by side.

    Parameters
    ----------
    folders
        Folders of results.

    Returns
    -------
    runs
        One a folder, in their order.

    Raises
    ------
    DataError
        A folder holds no finished results, they were changed since, or another version of geomap wrote them; the
        faults of all folders at once.
    """
    runs, faults = [], []
    for folder in folders:
        try:
            runs.append(_load_run(Path(folder)))
        except DataError as caught:
            faults += caught.faults
    if faults:
        raise DataError(faults=dict.fromkeys(faults))
    return tuple(runs)


def holds_results(folder: Path) -> bool:
    """Whether a folder holds the results of a run, which nothing but a run may replace."""
    try:
        return _file_of("ledger") in _read_manifest(Path(folder))["outputs"]
    except DataError:
        return False


def _load_run(folder: Path) -> FinishedRun:
    manifest = _read_manifest(folder)
    listed = manifest["outputs"]
    if not any(_file_of(name) in listed for name in _TABLES):
        raise _refuse(folder, "", "these are not the results of a run", _REMEDY)
    models = _TABLES | (_CHOICE if _file_of("chosen") in listed else {})
    frames, faults = {}, []
    for name, model in models.items():
        try:
            frames[name] = _load_table(folder / _file_of(name), listed, model)
        except DataError as caught:
            faults += [replace(fault, source=f"{folder / _file_of(name)}") for fault in caught.faults]
    if faults:
        raise DataError(faults=faults)
    settings = {**manifest["settings"], "versions": manifest["versions"]}
    return FinishedRun(
        folder=str(folder),
        name=str(settings.get("name", "")),
        settings=_text_frame(RunSettingFrame, _flatten(settings)),
        files=_text_frame(RunFileFrame, [(told["name"], told["sha256"]) for told in manifest["inputs"]]),
        **frames,
    )


def _read_manifest(folder: Path) -> dict:
    """The manifest, of the shape that every run gives it."""
    if not folder.is_dir():
        raise _refuse(folder, "", "there is no such folder", _REMEDY)
    path = folder / _MANIFEST
    if not path.is_file():
        raise _refuse(folder, "", f"the folder holds no {_MANIFEST}, so no run has finished there", _REMEDY)
    try:
        told, _ = read_json(path)
    except DataError as caught:
        raise DataError(faults=[replace(fault, source=str(path)) for fault in caught.faults]) from caught
    kinds = {"outputs": Mapping, "inputs": list, "settings": Mapping, "versions": Mapping}
    sound = isinstance(told, dict) and all(isinstance(told.get(part), kind) for part, kind in kinds.items())
    if not sound or not all(_is_file_row(row) for row in (*told["outputs"].values(), *told["inputs"])):
        raise _refuse(folder, _MANIFEST, "this is not the manifest of a run by this version of geomap", _RUN_AGAIN)
    return told


def _is_file_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("sha256"), str) and isinstance(row.get("name", ""), str)


def _file_of(table: str) -> str:
    return _FILES.get(table, f"{table}.csv")


def _load_table(path: Path, listed: Mapping[str, dict], model: type[pa.DataFrameModel]) -> pd.DataFrame:
    """One table, after a look at whether it is the file that the run wrote."""
    if path.name not in listed:
        raise _refuse(path, "", "the run did not write this table, as this version of geomap does", _RUN_AGAIN)
    if not path.is_file():
        raise _refuse(path, "", "the run wrote this file, and it is gone", _CHANGED)
    if hashlib.sha256(read_bytes(path)).hexdigest() != listed[path.name]["sha256"]:
        raise _refuse(path, "", "the file was changed after the run had written it", _CHANGED)
    text = read_csv(path).frame
    faults = missing_columns(text.columns, list(model.to_schema().columns), source=path.name, remedy=_RUN_AGAIN)
    if faults:
        raise DataError(faults=faults)
    typed, wrong = _to_types(text, model)
    if not wrong:
        good, found = check_frame(typed, model, source=path.name)
        wrong = list(dict.fromkeys(fault.column for fault in found))
    if wrong:
        problem = "the column holds what this version of geomap does not write there"
        place = {"source": path.name, "problem": problem, "remedy": _RUN_AGAIN}
        raise DataError(faults=[Fault(**place, column=column) for column in wrong])
    return good.reset_index(drop=True)


def _to_types(text: pd.DataFrame, model: type[pa.DataFrameModel]) -> tuple[pd.DataFrame, list[str]]:
    """The columns of a model in its types, and the names of those that hold something else."""
    wrong, columns = [], {}
    for name, told in model.to_schema().columns.items():
        cells, kind = text[name], str(told.dtype)
        if kind not in ("int64", "float64"):
            plain = cells.map(_undo_harmless).astype("str")
            columns[name] = plain.where(cells != "") if told.nullable else plain
            continue
        numbers, bad = text_to_number(cells)
        whole = kind == "int64"
        if bad.any() or (whole and (numbers.isna() | (numbers % 1 != 0)).any()):
            wrong.append(name)
        columns[name] = numbers.astype(kind) if name not in wrong else numbers
    return pd.DataFrame(columns), wrong


def _undo_harmless(cell: str) -> str:
    return cell[1:] if _MADE_HARMLESS.match(cell) else cell


def _flatten(value: object, name: str = "") -> list[tuple[str, str]]:
    """
    A row a setting, by its dotted name; a list of tables has a row an item; what is empty has none.

    >>> _flatten({"travel": {"max_min": 30.0}, "area": {"icb_codes": ["QOP", "QRL"]}})
    [('travel.max_min', '30'), ('area.icb_codes', 'QOP; QRL')]
    """
    if isinstance(value, Mapping):
        start = f"{name}." if name else ""
        return [row for key, part in value.items() for row in _flatten(part, f"{start}{key}")]
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return [(name, ", ".join(" ".join(pair) for pair in _flatten(item))) for item in value]
    cell = f"{LIST_SEPARATOR} ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
    return [(name, cell)] if cell else []


def _plain(value: object) -> str:
    """A value as a planner writes it: whole numbers without `.0`, true and false in small letters."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _text_frame(model: type[pa.DataFrameModel], rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(model.to_schema().columns), dtype="str")


def _refuse(folder: Path, name: str, problem: str, remedy: str) -> DataError:
    return DataError(faults=[Fault(source=str(folder / name), problem=problem, remedy=remedy)])
