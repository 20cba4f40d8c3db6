"""Which conditions cannot be met together: the smallest set that clashes.

Ignatiev, Previti, Liffiton and Marques-Silva, "Smallest MUS extraction with minimal hitting set dualization" (2015):
the fewest conditions that hit every set of conditions whose removal is known to help; when these clash by themselves,
no smaller set does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from ..solver import LinearModel, solve_linear
from .master import best_sum
from .problem import Condition


def smallest_clash(conditions: Sequence[Condition], allowed: np.ndarray) -> tuple[Condition, ...]:
    """
    The fewest conditions that no choice of sites can meet together; none where all can be met.

    Parameters
    ----------
    conditions
        What was asked.
    allowed
        True by site that may be chosen at all.
    """
    if _can_hold(conditions, allowed):
        return ()
    helping: list[np.ndarray] = []
    while True:
        tried = _hit_all(helping, len(conditions))
        if not _can_hold([conditions[at] for at in tried], allowed):
            return tuple(conditions[at] for at in tried)
        held = set(tried)
        for at in range(len(conditions)):
            if at not in held and _can_hold([conditions[i] for i in sorted(held | {at})], allowed):
                held.add(at)
        helping.append(np.array([at not in held for at in range(len(conditions))]))


def _can_hold(conditions: Sequence[Condition], allowed: np.ndarray) -> bool:
    return best_sum(np.zeros(len(allowed)), conditions, allowed) is not None


def _hit_all(sets: list[np.ndarray], count: int) -> list[int]:
    """The fewest positions of which each set (true by position) has one."""
    if not sets:
        return []
    model = LinearModel(
        value=-np.ones(count),
        matrix=sparse.csr_array(np.array(sets, dtype=float)),
        row_lower=np.ones(len(sets)),
        row_upper=np.full(len(sets), np.inf),
        upper=np.ones(count),
        integer=np.ones(count, dtype=bool),
    )
    return np.flatnonzero(solve_linear(model).x > 0.5).tolist()
