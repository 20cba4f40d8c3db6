"""Folders of finished results, read back: only what the run itself wrote, and only as it wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from ..config.flat import flatten_settings
from ..errors import DataError
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
from ._results_folder import load_table, read_manifest, refuse_results

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
_ROUNDED = "these results are fit for publication: small counts are hidden and others rounded, so they do not compare"
_INTERNAL = "Run the scenario with --internal, and take those results."
_FILES = {"unmet": "unmet_demand.csv", "chosen": "chosen_sites.csv"}
"""Table → its file, where that is not the table's own name."""


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
        return _file_of("ledger") in read_manifest(Path(folder))["outputs"]
    except DataError:
        return False


def _load_run(folder: Path) -> FinishedRun:
    manifest = read_manifest(folder)
    listed = manifest["outputs"]
    if not any(_file_of(name) in listed for name in _TABLES):
        raise refuse_results(folder, "", "these are not the results of a run")
    if manifest["settings"].get("internal") is False:
        raise refuse_results(folder, "", _ROUNDED, _INTERNAL)
    models = _TABLES | (_CHOICE if _file_of("chosen") in listed else {})
    frames, faults = {}, []
    for name, model in models.items():
        try:
            frames[name] = load_table(folder / _file_of(name), listed, model)
        except DataError as caught:
            faults += [replace(fault, source=f"{folder / _file_of(name)}") for fault in caught.faults]
    if faults:
        raise DataError(faults=faults)
    settings = {**manifest["settings"], "versions": manifest["versions"]}
    return FinishedRun(
        folder=str(folder),
        name=str(settings.get("name", "")),
        settings=_text_frame(RunSettingFrame, flatten_settings(settings)),
        files=_text_frame(RunFileFrame, [(told["name"], told["sha256"]) for told in manifest["inputs"]]),
        **frames,
    )


def _file_of(table: str) -> str:
    return _FILES.get(table, f"{table}.csv")


def _text_frame(model: type[pa.DataFrameModel], rows: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(model.to_schema().columns), dtype="str")
