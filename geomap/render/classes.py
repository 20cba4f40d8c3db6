"""Cut numbers into classes of about equal count, for the colours of the map and the width of its lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

    def only(self, of: np.ndarray) -> Classes:
        """The same classes, told of some of the values: `of`, shape (k,), is the class of each."""
        counts = np.bincount(of[of >= 0], minlength=len(self.high))
        return replace(self, count=tuple(counts.tolist()), missing=int((of < 0).sum()), of=tuple(of.tolist()))


def quantile_classes(values: np.ndarray, number: int) -> Classes:
    """
    Cut values at their quantiles into `number` classes or fewer.

    Parameters
    ----------
    values
        Shape (n,), any unit; NaN means missing.
    number
        Most classes to make. Equal values share a class, so ties leave fewer classes, none of them empty. Where the
        least value alone would fill more than one class, it gets a class, and the others are cut into the rest.

    Returns
    -------
    classes
        Each break is a value that occurs (the inverted distribution function, Hyndman and Fan's definition 1).
    """
    values = np.asarray(values, dtype=float)
    return _cut(values, _breaks(values[~np.isnan(values)], number))


def _breaks(known: np.ndarray, number: int) -> np.ndarray:
    """The greatest value of each class, rising."""
    if len(known) == 0:
        return known
    least = known == known.min()
    if number > 1 and least.mean() > 1 / number:
        return np.array([known.min(), *_breaks(known[~least], number - 1)])
    shares = np.arange(1, number + 1) / number
    return np.unique(np.quantile(known, shares, method="inverted_cdf"))


def signed_classes(values: np.ndarray) -> tuple[Classes, int, int]:
    """
    Cut gains and losses: those below zero at their median, zeros alone, those above zero at their median.

    Parameters
    ----------
    values
        Shape (n,), any unit; NaN means missing.

    Returns
    -------
    classes, losses, gains
        In rising order; how many of the classes lie below zero (0 to 2), and how many above it.
    """
    values = np.asarray(values, dtype=float)
    below, above = (_halves(values[side]) for side in (values < 0, values > 0))
    zero = [0.0] if (values == 0).any() else []
    return _cut(values, np.array([*below, *zero, *above])), len(below), len(above)


def _halves(known: np.ndarray) -> np.ndarray:
    """The median and the greatest; one where they are the same, none where there is no value."""
    return np.unique(np.quantile(known, (0.5, 1.0), method="inverted_cdf")) if len(known) else known


def _cut(values: np.ndarray, breaks: np.ndarray) -> Classes:
    """Classes that end with each of the breaks, which rise; the last is the greatest of the values."""
    of = np.full(len(values), -1)
    known = ~np.isnan(values)
    of[known] = np.searchsorted(breaks, values[known], side="left")
    members = [values[of == k] for k in range(len(breaks))]
    return Classes(
        low=tuple(float(group.min()) for group in members),
        high=tuple(float(group.max()) for group in members),
        count=tuple(len(group) for group in members),
        missing=len(values) - int(known.sum()),
        of=tuple(of.tolist()),
    )


def class_data(classes: Classes, digits: int) -> dict[str, object]:
    """For the page: ends of the classes rounded to `digits`; `of` as one text, a digit each and `-` for missing."""
    return {
        "low": [round(value, digits) for value in classes.low],
        "high": [round(value, digits) for value in classes.high],
        "count": list(classes.count),
        "missing": classes.missing,
        "of": "".join("-" if k < 0 else str(k) for k in classes.of),
    }
