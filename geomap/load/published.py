"""All that the map shows of a run, read back from its folder of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
from pydantic import ValidationError

from ..config import MapParams
from ..errors import DataError, Fault
from ..schema import FacilityResultFrame, MapTables, PlanFacts, SiteTables
from ..schema.published import FACTS_FORMAT, FACTS_NAME, FILE_OF, LAYERS, PUBLISHED, SHAPES_NAME
from ..validate import check_frame
from ._read import read_json, read_layers
from ._results_folder import RUN_AGAIN, check_unchanged, load_table, read_manifest, refuse_results

_LINE_END = r"\r\n?"
_TABLES = (
    "allocation", "unmet", "unmatched", "ledger", "pathways", "need", "links", "operators", "pledges", "practices",
    "reachable", "ties", "attention", "other_facilities",
    "opportunities", "asks", "access", "footprints",
)  # fmt: skip
_SHAPED = ("pcns", "facilities")
"""Tables whose rows stand in a file and whose shapes stand in a layer, both of that name."""
_LAYERED = {"outlines": "icbs", "places": "places"}
"""Table → the layer that is all of it; one without a row has no layer."""
_CHOICE = (
    "candidates", "portfolios", "chosen", "plan", "comparators", "tradeoffs", "draws", "robustness", "regrets", "flips",
    "parts", "limits", "changes", "reasons",
)  # fmt: skip


def load_published(folder: Path) -> MapTables:
    """
    Read back what the map of a run was drawn from.

    Parameters
    ----------
    folder
        A folder of results, of a run by this version of geomap.

    Returns
    -------
    tables
        As they were published: fractions rounded, shapes in metres (EPSG:27700). Rows in the order of the files.

    Raises
    ------
    DataError
        The folder holds no finished results, another version of geomap wrote them, or files were changed since; the
        faults of all files at once.
    """
    folder = Path(folder)
    listed = _list_outputs(folder)
    reader = _Reader(folder, listed)
    told = reader.try_read(FACTS_NAME, _load_facts)
    layers = reader.try_read(SHAPES_NAME, _load_layers) or {}
    frames = {name: reader.try_table(name) for name in _TABLES}
    frames |= {name: reader.try_table(name, layers.get(name)) for name in _SHAPED}
    choice = {name: reader.try_table(name) for name in _CHOICE} if f"{FILE_OF['chosen']}.csv" in listed else {}
    if reader.faults:
        raise DataError(faults=reader.faults)
    facts, sites = told
    if bool(choice) != (sites is not None):
        raise refuse_results(folder, FACTS_NAME, "it does not tell of the sites that the tables hold", RUN_AGAIN)
    return MapTables(
        facts=facts,
        **frames,
        **{name: layers[layer] for name, layer in _LAYERED.items()},
        choice=SiteTables(**sites, **choice) if choice else None,
    )


def load_map_params(folder: Path) -> MapParams:
    """
    The background that a run asked for on its map.

    Raises
    ------
    DataError
        As `load_published`; or the settings in the manifest are none of this version.
    """
    told = read_manifest(Path(folder))["settings"].get("map", {})
    try:
        return MapParams.model_validate(told)
    except ValidationError as caught:
        problem = "its settings of the map are none that this version of geomap writes"
        raise refuse_results(Path(folder), "manifest.json", problem, RUN_AGAIN) from caught


def _list_outputs(folder: Path) -> Mapping[str, dict]:
    """The outputs of the manifest, if this version of geomap wrote them."""
    listed = read_manifest(folder)["outputs"]
    if "ledger.csv" not in listed:
        raise refuse_results(folder, "", "these are not the results of a run")
    if FACTS_NAME not in listed:
        problem = f"an earlier version of geomap wrote these results, without {FACTS_NAME} and the tables of the map"
        raise refuse_results(folder, "", problem, RUN_AGAIN)
    return listed


class _Reader:
    """Reads files of one folder and gathers what is wrong with them."""

    def __init__(self, folder: Path, listed: Mapping[str, dict]) -> None:
        self.folder = folder
        self.listed = listed
        self.faults: list[Fault] = []

    def try_read(self, name: str, read: Callable[[Path], Any]) -> Any:
        """What a reader makes of a file; None where it has faults, which are kept."""
        try:
            check_unchanged(self.folder / name, self.listed)
            return read(self.folder / name)
        except DataError as caught:
            self.faults += [replace(fault, source=str(self.folder / name)) for fault in caught.faults]
            return None

    def try_table(self, name: str, shapes: gpd.GeoDataFrame | None = None) -> pd.DataFrame | None:
        file = FILE_OF.get(name, name)
        path, model = self.folder / f"{file}.csv", PUBLISHED[file]
        if "geometry" in model.to_schema().columns and shapes is None:
            return None  # the GeoPackage has its faults already
        try:
            return load_table(path, self.listed, model, shapes)
        except DataError as caught:
            self.faults += [replace(fault, source=str(path)) for fault in caught.faults]
            return None


def _load_layers(path: Path) -> dict[str, gpd.GeoDataFrame]:
    """The layers by name; those that stand for a whole table in its columns and types, an absent one without a row."""
    found = read_layers(path, tuple(LAYERS))
    wrong = []
    for layer in _LAYERED.values():
        model = LAYERS[layer]
        if layer not in found:
            found[layer] = model.no_shapes()
            continue
        try:
            found[layer], faults = check_frame(_as_declared(found[layer], model), model, source=path.name)
        except (DataError, KeyError, ValueError, TypeError):
            faults = [layer]
        if faults:
            wrong.append(layer)
    # A run that no facility takes part in has no layer of them; rows of the CSV file without a shape are refused later.
    found.setdefault("facilities", FacilityResultFrame.no_shapes())
    wrong += [layer for layer in _SHAPED if not isinstance(found.get(layer), gpd.GeoDataFrame)]
    if wrong:
        problem = f"its layers are not as this version of geomap writes them ({', '.join(wrong)})"
        raise refuse_results(path, "", problem, RUN_AGAIN)
    return found


def _as_declared(frame: gpd.GeoDataFrame, model: type[pa.DataFrameModel]) -> gpd.GeoDataFrame:
    """The columns of a model in its types; lines in a cell end as they do in the CSV files."""
    typed = {}
    for name, column in model.to_schema().columns.items():
        if name == "geometry":
            continue
        cells, kind = frame[name], str(column.dtype)
        typed[name] = cells.astype(kind)
        if kind not in ("int64", "float64"):
            typed[name] = cells.astype("str").str.replace(_LINE_END, "\n", regex=True)
    return gpd.GeoDataFrame(typed, geometry=frame.geometry, crs=frame.crs)


def _load_facts(path: Path) -> tuple[PlanFacts, dict[str, object] | None]:
    """The facts, and what is said of the choice of sites as a whole."""
    told, _ = read_json(path)
    if not isinstance(told, dict) or told.get("format") != FACTS_FORMAT:
        raise refuse_results(path, "", "the figures were written by another version of geomap", RUN_AGAIN)
    facts, sites = told.get("facts"), told.get("sites")
    kinds = get_type_hints(PlanFacts)
    site_kinds = {name: kind for name, kind in get_type_hints(SiteTables).items() if name not in _CHOICE}
    wrong = _wrong_values(facts, kinds) + ([] if sites is None else _wrong_values(sites, site_kinds))
    if wrong:
        problem = f"figures are missing, or are none that this version of geomap writes ({', '.join(wrong)})"
        raise refuse_results(path, "", problem, RUN_AGAIN)
    return PlanFacts(**_as_tuples(facts)), None if sites is None else _as_tuples(sites)


def _wrong_values(told: object, kinds: Mapping[str, object]) -> list[str]:
    """Names that are missing, unknown, or hold something of another kind."""
    if not isinstance(told, dict):
        return list(kinds)
    return [name for name in sorted({*kinds, *told}) if name not in kinds or not _is_of(told.get(name), kinds[name])]


def _is_of(value: object, kind: object) -> bool:
    if kind is bool:
        return isinstance(value, bool)
    if kind in (int, float):
        return isinstance(value, int | float if kind is float else int) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, str)
    if kind == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    # Of sources: three texts each.
    return isinstance(value, list) and all(_is_of(row, tuple[str, ...]) and len(row) == 3 for row in value)


def _as_tuples(told: Mapping[str, object]) -> dict[str, object]:
    """Lists as the tuples that they were."""
    return {
        name: tuple(tuple(item) if isinstance(item, list) else item for item in value)
        if isinstance(value, list)
        else value
        for name, value in told.items()
    }
