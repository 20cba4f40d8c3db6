"""Counts of people as the page holds them: as they are in an internal run, else as `geomap.few` publishes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..few import MIDDLE, round_people


def shown(counts: pd.Series, *, internal: bool) -> pd.Series:
    """Counts that may stand in the page; missing where they are not shown."""
    return counts if internal else round_people(counts)


def shown_one(count: float, *, internal: bool) -> float | int | None:
    """One count that may stand in the page; None where it is not shown."""
    if internal:
        return count
    rounded = round_people(pd.Series([count]))[0]
    return None if pd.isna(rounded) else int(rounded)


def drawn(counts: np.ndarray, *, internal: bool) -> np.ndarray:
    """
    Counts to cut into classes: those that are not shown are alike.

    Parameters
    ----------
    counts
        Shape (n,), a number wherever one is not shown (`geomap.few.fill_few`).
    """
    if internal:
        return counts
    told = round_people(pd.Series(counts)).to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isnan(told), MIDDLE, told)


def limits(values: list[float], *, internal: bool) -> list[float | int | None]:
    """Ends of classes of counts that may stand in the page; None for one that is not shown."""
    return [shown_one(value, internal=internal) for value in values]
