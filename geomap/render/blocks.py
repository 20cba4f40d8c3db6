"""How tables become columns of the page's JSON block, and keys become row numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import Fault, KeyLinkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The keys of the page's lists, in the order of their rows."""

    regions: pd.Index
    icbs: pd.Index
    sub_icbs: pd.Index
    pcns: pd.Index
    facilities: pd.Index
    operators: pd.Index
    pathways: pd.Index


def column(values: Iterable[object], digits: int | None = None) -> list[object]:
    """A plain list: numbers rounded to `digits`, whole ones without a point, missing ones None."""
    plain: list[object] = []
    for value in pd.Series(values).tolist():
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            plain.append(None)
        elif isinstance(value, float) and digits is not None:
            rounded = round(value, digits)
            plain.append(int(rounded) if rounded == int(rounded) else rounded)
        else:
            plain.append(value)
    return plain


def positions(keys: pd.Series, index: pd.Index, *, what: str) -> np.ndarray:
    """
    The row of each key in `index`; -1 where the key itself is missing.

    Raises
    ------
    KeyLinkError
        A key is not in the index.
    """
    found = index.get_indexer(keys)
    lost = sorted(set(keys[(found < 0) & keys.notna().to_numpy()]))
    if lost:
        raise KeyLinkError(
            faults=[
                Fault(
                    source="results",
                    column=str(keys.name),
                    value=lost[0],
                    problem=f"{len(lost)} {what} of the plan are not among the {what} of the run",
                    remedy="Make the results again with `geomap run`; they do not belong together.",
                )
            ]
        )
    return np.where(keys.isna(), -1, found)
