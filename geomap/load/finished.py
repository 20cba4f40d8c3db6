"""Whether a folder holds the results that a run is about to make, and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..schema import MapTables
from ..schema.published import FILE_OF
from ._results_folder import check_unchanged, read_manifest
from .published import load_published

_CHOICE = f"{FILE_OF['chosen']}.csv"


def load_finished(
    folder: Path, settings: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], sites: bool
) -> MapTables | None:
    """
    Read back results if they are whole, and those of these settings and inputs and of this version of geomap.

    Parameters
    ----------
    folder
        Where they would be; it need not be there.
    settings
        What the run would be asked to do, as its manifest would tell it.
    inputs
        Name, size and sha256 of every file that it would read (`geomap.outputs.describe_inputs`).
    sites
        Whether it would choose test-and-learn sites.

    Returns
    -------
    tables
        As they were published; none where the run has to be made.
    """
    try:
        told = read_manifest(folder)
        for name in told["outputs"]:
            check_unchanged(folder / name, told["outputs"])
        same = (
            told["versions"].get("geomap") == _version()
            and told["settings"] == json.loads(json.dumps(dict(settings), default=str))
            and _in_order(told["inputs"]) == _in_order(inputs)
            and (_CHOICE in told["outputs"]) == sites
        )
        return load_published(folder) if same else None
    except DataError:
        return None


def _version() -> str:
    """As a manifest tells it; a checkout that nobody installed has none."""
    try:
        return version("geomap")
    except PackageNotFoundError:
        return "not installed"


def _in_order(files: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return sorted((str(file["name"]), str(file["sha256"])) for file in files)
