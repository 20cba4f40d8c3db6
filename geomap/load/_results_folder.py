"""A folder of results as a run left it: its manifest, and tables that are just as they were written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

from ..errors import DataError, Fault
from ..schema.published import SUPPRESSED
from ..validate import check_frame, missing_columns
from ._read import read_bytes, read_csv, read_json, text_to_number

MANIFEST = "manifest.json"
RUN_AGAIN = "Run the scenario again with this version of geomap, and take those results."
_REMEDY = "Name the folder of results of a finished run."
_CHANGED = "Run the scenario again, or put the file back as it was."
_GEOMETRY = "geometry"
_STAND_IN = "4"
"""For a count that is not shown while the column is judged; any that may stand in a column of counts would do."""
_TRUTHS = {"True": True, "False": False}
_MADE_HARMLESS = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Text that was given a `'` in front when it was written, so that no spreadsheet takes it for a formula."""


def refuse_results(folder: Path, name: str, problem: str, remedy: str = _REMEDY) -> DataError:
    """One fault of a folder of results, or of a file in it."""
    return DataError(faults=[Fault(source=str(folder / name), problem=problem, remedy=remedy)])


def read_manifest(folder: Path) -> dict:
    """
    The manifest, of the shape that every run gives it.

    Raises
    ------
    DataError
        There is no such folder, no run has finished there, or the manifest is none of this version.
    """
    if not folder.is_dir():
        raise refuse_results(folder, "", "there is no such folder")
    path = folder / MANIFEST
    if not path.is_file():
        raise refuse_results(folder, "", f"the folder holds no {MANIFEST}, so no run has finished there")
    try:
        told, _ = read_json(path)
    except DataError as caught:
        raise DataError(faults=[replace(fault, source=str(path)) for fault in caught.faults]) from caught
    kinds = {"outputs": Mapping, "inputs": list, "settings": Mapping, "versions": Mapping}
    sound = isinstance(told, dict) and all(isinstance(told.get(part), kind) for part, kind in kinds.items())
    if not sound or not all(_is_file_row(row) for row in (*told["outputs"].values(), *told["inputs"])):
        raise refuse_results(folder, MANIFEST, "this is not the manifest of a run by this version of geomap", RUN_AGAIN)
    return told


def _is_file_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("sha256"), str) and isinstance(row.get("name", ""), str)


def check_unchanged(path: Path, listed: Mapping[str, dict]) -> None:
    """
    Make sure that a file is there and is the one that the run wrote.

    Raises
    ------
    DataError
        The run did not write it, it is gone, or it was changed since.
    """
    if path.name not in listed:
        raise refuse_results(path, "", "the run did not write this file, as this version of geomap does", RUN_AGAIN)
    if not path.is_file():
        raise refuse_results(path, "", "the run wrote this file, and it is gone", _CHANGED)
    if hashlib.sha256(read_bytes(path)).hexdigest() != listed[path.name]["sha256"]:
        raise refuse_results(path, "", "the file was changed after the run had written it", _CHANGED)


def load_table(
    path: Path, listed: Mapping[str, dict], model: type[pa.DataFrameModel], shapes: gpd.GeoDataFrame | None = None
) -> pd.DataFrame:
    """
    One table, after a look at whether it is the file that the run wrote.

    Parameters
    ----------
    path
        The CSV file.
    listed
        The outputs of the manifest.
    model
        Its declaration; other columns of the file are passed over.
    shapes
        Where the model has a geometry: the layer of the GeoPackage, whose rows are those of the file.

    Raises
    ------
    DataError
        The file is not as the run wrote it, or not as this version of geomap writes it; every column that is wrong.
    """
    check_unchanged(path, listed)
    text = read_csv(path).frame
    wanted = [name for name in model.to_schema().columns if name != _GEOMETRY]
    faults = missing_columns(text.columns, wanted, source=path.name, remedy=RUN_AGAIN)
    if faults:
        raise DataError(faults=faults)
    hidden = {name: text[name].eq(SUPPRESSED) for name in wanted}
    typed, wrong = _to_types(text.mask(text.eq(SUPPRESSED), _STAND_IN), model)
    if not wrong and shapes is not None:
        typed, wrong = _join_shapes(typed, shapes)
    if not wrong:
        good, found = check_frame(typed, model, source=path.name)
        wrong = list(dict.fromkeys(fault.column for fault in found))
    if wrong:
        problem = "the column holds what this version of geomap does not write there"
        place = {"source": path.name, "problem": problem, "remedy": RUN_AGAIN}
        raise DataError(faults=[Fault(**place, column=column) for column in wrong])
    return _hide(good, {name: few for name, few in hidden.items() if few.any()}).reset_index(drop=True)


def _hide(frame: pd.DataFrame, hidden: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Missing where the file does not show a count."""
    whole = {name: "Int64" for name in hidden if frame[name].dtype == "int64"}
    frame = frame.astype(whole)
    return frame.assign(**{name: frame[name].mask(few) for name, few in hidden.items()})


def _join_shapes(typed: pd.DataFrame, shapes: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """The rows with their shapes; the key, where the layer has other rows than the file."""
    key = str(typed.columns[0])
    if key not in shapes.columns or typed[key].tolist() != shapes[key].tolist():
        return shapes, [key]
    return gpd.GeoDataFrame(typed, geometry=shapes.geometry.to_numpy(), crs=shapes.crs), []


def _to_types(text: pd.DataFrame, model: type[pa.DataFrameModel]) -> tuple[pd.DataFrame, list[str]]:
    """The columns of a model in its types, and the names of those that hold something else."""
    wrong, columns = [], {}
    for name, told in model.to_schema().columns.items():
        if name == _GEOMETRY:
            continue
        cells, kind = text[name], str(told.dtype)
        if kind == "bool":
            if not cells.isin(_TRUTHS).all():
                wrong.append(name)
            columns[name] = cells.eq("True")
        elif kind in ("int64", "float64"):
            numbers, bad = text_to_number(cells)
            whole = kind == "int64"
            if bad.any() or (whole and (numbers.isna() | (numbers % 1 != 0)).any()):
                wrong.append(name)
            columns[name] = numbers.astype(kind) if name not in wrong else numbers
        else:
            plain = cells.map(_undo_harmless).astype("str")
            columns[name] = plain.where(cells != "") if told.nullable else plain
    return pd.DataFrame(columns), wrong


def _undo_harmless(cell: str) -> str:
    return cell[1:] if _MADE_HARMLESS.match(cell) else cell
