"""Which sites are best when each counts for so much by itself: a small whole model over the sites alone.

A plan for several sites, cut down to one of them, is a plan for that site whose courses may be shared with others.
So a portfolio is worth at most the sum of what its sites are worth alone with shared courses, and the best sum under
the conditions bounds every portfolio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..errors import InfeasibleError
from ..solver import LinearModel, solve_linear
from .problem import Condition

_SLACK = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The best sum of values under the conditions, and what no sum can pass."""

    chosen: np.ndarray
    """True by site."""
    value: float
    bound: float


def best_sum(worth: np.ndarray, conditions: Sequence[Condition], allowed: np.ndarray) -> Sum | None:
    """
    The sites with the greatest sum of worth.

    Parameters
    ----------
    worth
        By site.
    conditions
        What the choice must keep to.
    allowed
        True by site that may be chosen.

    Returns
    -------
    best
        `None` where no choice keeps to the conditions.
    """
    count = count_alone(conditions, allowed)
    if count is not None:
        chosen = np.zeros(len(worth), dtype=bool)
        chosen[np.argsort(-np.where(allowed, worth, -np.inf), kind="stable")[:count]] = True
        return Sum(chosen=chosen, value=float(worth[chosen].sum()), bound=float(worth[chosen].sum()))
    try:
        # Among choices worth the same the solver takes any; a hair by position makes it the first.
        solution = solve_linear(_model(_untied(worth), conditions, allowed))
    except InfeasibleError:
        return None
    if solution is None:
        return None
    chosen = solution.x > 0.5
    value = float(worth[chosen].sum())
    return Sum(chosen=chosen, value=value, bound=max(solution.bound, value))


def count_alone(conditions: Sequence[Condition], allowed: np.ndarray) -> int | None:
    """How many sites are asked for where nothing else is and so many are allowed; otherwise `None`."""
    if len(conditions) != 1 or conditions[0].members.shape[0] != 1:
        return None
    least, most = conditions[0].least[0], conditions[0].most[0]
    every = (conditions[0].members.toarray() == 1.0).all()
    return int(least) if every and least == most and least in range(int(allowed.sum()) + 1) else None


def relaxed_sum(worth: np.ndarray, conditions: Sequence[Condition], count: int | None) -> tuple[np.ndarray, float]:
    """
    The best sum where parts of a site may be chosen: the part of each, and the sum.

    `count` is that of `count_alone`: then sites are whole, and of those worth the same the first is taken.

    Raises
    ------
    InfeasibleError
        The conditions clash.
    """
    part = np.zeros(len(worth))
    if count is not None:
        part[np.argsort(-worth, kind="stable")[:count]] = 1.0
        return part, float(worth @ part)
    solution = solve_linear(_model(worth, conditions, np.ones(len(worth), dtype=bool)), relax=True)
    return (part, float("inf")) if solution is None else (solution.x, solution.bound)


def reach_bound(worth: np.ndarray, conditions: Sequence[Condition], allowed: np.ndarray) -> np.ndarray:
    """By site: what no portfolio with it can pass, told from prices of the conditions; −∞ where it is not allowed."""
    return reach_bounds(worth, conditions, allowed)[0]


def reach_bounds(
    worth: np.ndarray, conditions: Sequence[Condition], allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By site: what no portfolio with it can pass, and what none without it can."""
    try:
        solution = solve_linear(_model(worth, conditions, allowed), relax=True)
    except InfeasibleError:
        return np.full(len(worth), -np.inf), np.full(len(worth), -np.inf)
    if solution is None or not solution.complete:
        return np.where(allowed, np.inf, -np.inf), np.full(len(worth), np.inf)
    reduced = worth - _members(conditions, len(worth)).T @ solution.row_dual
    most = solution.objective + _SLACK * max(1.0, abs(solution.objective))
    with_it = np.where(allowed, most + np.minimum(reduced, 0.0), -np.inf)
    return with_it, most - np.where(allowed, np.maximum(reduced, 0.0), 0.0)


def _untied(worth: np.ndarray) -> np.ndarray:
    hair = 1e-9 * max(float(worth.max(initial=0.0)), 1.0)
    return worth + hair * np.linspace(1.0, 0.0, len(worth))


def _members(conditions: Sequence[Condition], sites: int) -> sparse.csr_array:
    rows = [condition.members for condition in conditions]
    return sparse.csr_array(sparse.vstack([sparse.csr_array((0, sites)), *rows], format="csr"))


def _model(worth: np.ndarray, conditions: Sequence[Condition], allowed: np.ndarray) -> LinearModel:
    return LinearModel(
        value=worth,
        matrix=_members(conditions, len(worth)),
        row_lower=np.concatenate([np.zeros(0), *(condition.least for condition in conditions)]),
        row_upper=np.concatenate([np.zeros(0), *(condition.most for condition in conditions)]),
        upper=allowed.astype(float),
        integer=np.ones(len(worth), dtype=bool),
    )
