"""The factors by which a draw changes the assumptions; those of a draw depend on the seed and its number alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..config import RobustParams
from ..schema import DrawFrame
from ..schema.words import ASSUMPTIONS

Factors = Mapping[str, float]
"""By assumption; 1 is what the scenario says."""

DETOUR_LEVELS = 7
"""Reach is worked out anew for each detour, so that it is drawn from so many."""
AS_IT_IS: Factors = dict.fromkeys(ASSUMPTIONS, 1.0)


def list_detours(params: RobustParams) -> tuple[float, ...]:
    """The detours that draws may have: evenly over the range, both ends and 1 among them."""
    low, high = _range_of(params, DrawFrame.detour)
    grid = np.linspace(low, high, DETOUR_LEVELS).round(6)
    near = int(np.abs(grid - 1.0).argmin())
    if 0 < near < DETOUR_LEVELS - 1:
        grid[near] = 1.0
    return tuple(np.unique(np.append(grid, 1.0)).tolist())


def draw_factors(params: RobustParams, draw: int) -> Factors:
    """
    The factors of a draw: evenly between the ends of each range, the detour at the nearest of `list_detours`.

    Draw 0 is the scenario itself.
    """
    if draw == 0:
        return AS_IT_IS
    # A stream of its own for each draw, of as many numbers whatever is varied: a draw is the same in any company.
    even = np.random.Generator(np.random.Philox(np.random.SeedSequence([params.seed, draw]))).random(len(ASSUMPTIONS))
    drawn = {}
    for name, part in zip(ASSUMPTIONS, even.tolist(), strict=True):
        low, high = _range_of(params, name)
        drawn[name] = low + (high - low) * part
    detours = np.array(list_detours(params))
    drawn[DrawFrame.detour] = float(detours[np.abs(detours - drawn[DrawFrame.detour]).argmin()])
    return drawn


def list_ends(params: RobustParams) -> list[tuple[str, str, Factors]]:
    """Assumption, `low` or `high`, and the factors with that one at that end and all others as they are."""
    ends = []
    for name in ASSUMPTIONS:
        for end, factor in zip(("low", "high"), _range_of(params, name), strict=True):
            ends.append((name, end, {**AS_IT_IS, name: round(factor, 6) if name == DrawFrame.detour else factor}))
    return ends


def highest(params: RobustParams, name: str) -> float:
    """The upper end of a range."""
    return _range_of(params, name)[1]


def _range_of(params: RobustParams, name: str) -> tuple[float, float]:
    """An assumption without a range stays as it is."""
    return params.ranges.get(name, (1.0, 1.0))
