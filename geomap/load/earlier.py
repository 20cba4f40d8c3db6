"""The plan of an earlier run, from its folder of results."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pandas as pd
from pandas.api.types import is_string_dtype

from ..errors import DataError
from ..schema import BoundRecord, PlanRecord
from ..schema.record import RECORD_FORMAT, RECORD_NAME, RECORD_TABLES
from ..schema.words import LEVEL_STATUSES
from ..validate import check_frame
from ._read import read_json, refuse

_MANIFEST = "manifest.json"
_REMEDY = "After --from name a folder of results that were written with --internal, or run without it."


def load_earlier(folder: Path) -> PlanRecord:
    """
    Read what an earlier run left for a later one.

    Parameters
    ----------
    folder
        A folder of results.

    Raises
    ------
    DataError
        The folder holds no such plan, or it was damaged or changed since the run wrote it.
    """
    folder = Path(folder)
    if not (folder / RECORD_NAME).is_file():
        raise refuse(str(folder), f"the folder holds no {RECORD_NAME}, the plan of an earlier run", _REMEDY)
    manifest, _ = read_json(folder / _MANIFEST)
    told, data = read_json(folder / RECORD_NAME)
    try:
        listed = manifest["outputs"][RECORD_NAME]["sha256"]
    except (KeyError, TypeError):
        listed = ""
    if listed != hashlib.sha256(data).hexdigest():
        raise refuse(RECORD_NAME, "this is not the plan that the manifest beside it tells of", _REMEDY)
    if not isinstance(told, dict) or told.get("format") != RECORD_FORMAT:
        raise refuse(RECORD_NAME, "the plan was written by another version of geomap", "Run without --from once.")
    try:
        return _build(told)
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise refuse(RECORD_NAME, f"the plan is damaged: {type(error).__name__} {error}", _REMEDY) from error


def _build(told: dict) -> PlanRecord:
    if told["status"] not in LEVEL_STATUSES or not isinstance(told["finished"], bool):
        raise ValueError("the status is none that there is")
    return PlanRecord(
        **{name: _table(name, told[name]) for name in RECORD_TABLES},
        objective=_number(told["objective"]),
        best=_number(told["best"]),
        gap_share=_number(told["gap_share"]),
        status=told["status"],
        finished=told["finished"],
        marks={str(code): str(mark) for code, mark in told["marks"].items()},
        alone={str(code): _number(most) for code, most in told["alone"].items()},
        bound=BoundRecord(
            regions={str(code): int(region) for code, region in told["regions"].items()},
            prices={str(name): _number(price) for name, price in told["prices"].items()},
            # A bound may be below nothing where minimums fall short.
            bounds={
                str(digest): (_number(bound, least=-math.inf), int(steps))
                for digest, (bound, steps) in told["bounds"].items()
            },
        ),
    )


def _table(name: str, rows: list) -> pd.DataFrame:
    model = RECORD_TABLES[name]
    kinds = {column: str(declared.dtype) for column, declared in model.to_schema().columns.items()}
    if not all(isinstance(row, list) and len(row) == len(kinds) for row in rows):
        raise ValueError(f"a row of the table {name} is not whole")
    frame = pd.DataFrame(rows, columns=list(kinds))
    frame = frame.astype({column: "str" if kind.startswith("str") else kind for column, kind in kinds.items()})
    good, faults = check_frame(frame, model, source=RECORD_NAME)
    keys = [column for column in kinds if is_string_dtype(good[column])]
    if faults or good.duplicated(keys).any():
        raise ValueError(f"the table {name} does not hold")
    return good


def _number(value: object, least: float = 0.0) -> float:
    number = float(value)
    if not math.isfinite(number) or number < least:
        raise ValueError(f"{value!r} is not a number that can stand there")
    return number
