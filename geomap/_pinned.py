"""What rounded sums and their parts tell of one another, and how to tell less; used by `disclose` alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .few import BASE, FEWEST, MOST

_SPREAD = BASE // 2
"""A figure rounded to a multiple of 5 was at most this much more or less."""
_ROUNDS = 4
"""Often enough: each moves every figure that pins a small number, and a second time hardly one does."""


def loosen(levels: list[pd.Series], parents: list[np.ndarray]) -> list[pd.Series]:
    """
    Figures of sums, of their parts, of the parts' parts, moved or hidden until none pins down one that is not shown.

    Parameters
    ----------
    levels
        `Int64` from the top; an entry of the second is a part of one of the first, and so on.
    parents
        For each level but the first, the position of each entry's sum in the level above.
    """
    levels = [level.reset_index(drop=True) for level in levels]
    for _ in range(_ROUNDS):
        moved = False
        for depth, (low, _, pinned) in enumerate(find_pinned(levels, parents)):
            if depth == 0 or not pinned.any():
                continue
            at = parents[depth - 1][pinned]
            step = pd.Series(np.where(low[pinned] <= FEWEST, BASE, -BASE), index=at)
            step = step[~step.index.duplicated()]
            above = levels[depth - 1].copy()
            above[step.index] = _move(above[step.index], step)
            levels[depth - 1], moved = above, True
        if not moved:
            return levels
    for depth, (_, _, pinned) in enumerate(find_pinned(levels, parents)):
        if depth and pinned.any():
            levels[depth - 1] = levels[depth - 1].mask(levels[depth - 1].index.isin(parents[depth - 1][pinned]))
    return levels


def _move(shown: pd.Series, step: pd.Series) -> pd.Series:
    """Figures one step up or down; above one that is not shown stands 10, and below 10 one that is not."""
    moved = (shown.fillna(BASE) + step.to_numpy()).clip(lower=0)
    return moved.mask(moved < MOST + 1)


def find_pinned(levels: list[pd.Series], parents: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """
    What published figures tell of the exact ones: sums and parts hold one another to what is possible.

    In a tree of sums one pass upwards and one downwards find the exact range of each figure.

    Parameters
    ----------
    levels, parents
        As those of `loosen`.

    Returns
    -------
    ranges
        By level: the least and the most that each figure can be, and which of those not shown can be one number only.
    """
    ranges = [_range_of(level) for level in levels]
    for depth in range(len(levels) - 1, 0, -1):
        low, high = ranges[depth]
        size = len(levels[depth - 1])
        above_low, above_high = ranges[depth - 1]
        ranges[depth - 1] = (
            np.maximum(above_low, np.bincount(parents[depth - 1], low, size)),
            np.minimum(above_high, np.bincount(parents[depth - 1], high, size)),
        )
    for depth in range(1, len(levels)):
        (low, high), at = ranges[depth], parents[depth - 1]
        above_low, above_high = ranges[depth - 1]
        size = len(above_low)
        others_low = np.bincount(at, low, size)[at] - low
        others_high = np.bincount(at, high, size)[at] - high
        ranges[depth] = np.maximum(low, above_low[at] - others_high), np.minimum(high, above_high[at] - others_low)
    hidden = [level.isna().to_numpy() for level in levels]
    return [(low, high, few & (high <= low)) for (low, high), few in zip(ranges, hidden, strict=True)]


def _range_of(shown: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    hidden = shown.isna().to_numpy()
    plain = shown.fillna(0).to_numpy(dtype="float64")
    low = np.where(plain > 0, np.maximum(plain - _SPREAD, MOST + 1), 0.0)
    high = np.where(plain > 0, plain + _SPREAD, 0.0)
    return np.where(hidden, float(FEWEST), low), np.where(hidden, float(MOST), high)
