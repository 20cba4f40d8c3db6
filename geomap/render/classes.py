"""Cut numbers into classes of about equal count, for the colours of the map and the width of its lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Classes in rising order: the least and greatest value in each, how many, and the class of each value."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    count: tuple[int, ...]
    missing: int
    of: tuple[int, ...]
    """The class of each value in the order given; -1 where the value is missing."""


def quantile_classes(values: np.ndarray, number: int) -> Classes:
    """
    Cut values at their quantiles into `number` classes or fewer.

    Parameters
    ----------
    values
        Shape (n,), any unit; NaN means missing.
    number
        Most classes to make. Equal values share a class, so ties leave fewer classes, none of them empty.

    Returns
    -------
    classes
        Each break is a value that occurs (the inverted distribution function, Hyndman and Fan's definition 1).
    """
    values = np.asarray(values, dtype=float)
    known = values[~np.isnan(values)]
    of = np.full(len(values), -1)
    if len(known) == 0:
        return Classes(low=(), high=(), count=(), missing=len(values), of=tuple(of.tolist()))
    shares = np.arange(1, number + 1) / number
    breaks = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    of[~np.isnan(values)] = np.searchsorted(breaks, known, side="left")
    members = [values[of == k] for k in range(len(breaks))]
    return Classes(
        low=tuple(float(group.min()) for group in members),
        high=tuple(float(group.max()) for group in members),
        count=tuple(len(group) for group in members),
        missing=len(values) - len(known),
        of=tuple(of.tolist()),
    )
