"""`plan.json`: what a later run can start from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ..schema import PlanRecord
from ..schema.record import RECORD_FORMAT, RECORD_NAME, RECORD_TABLES


def write_record(folder: Path, record: PlanRecord) -> Path:
    """
    Write what a later run can start from; the same plan gives the same bytes.

    Returns
    -------
    path
        The file written.
    """
    told = {
        "format": RECORD_FORMAT,
        **{name: _rows(getattr(record, name)) for name in RECORD_TABLES},
        "objective": record.objective,
        "best": record.best,
        "gap_share": record.gap_share,
        "status": record.status,
        "finished": record.finished,
        "marks": record.marks,
        "alone": record.alone,
        "regions": record.bound.regions,
        "prices": record.bound.prices,
        "bounds": record.bound.bounds,
    }
    path = folder / RECORD_NAME
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_bytes(text.encode() + b"\n")
    return path


def _rows(frame: pd.DataFrame) -> list[list[object]]:
    """Rows as lists; what is missing is null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.to_numpy().tolist()
