"""The order of columns of names joined by lines or ribbons, so that few of them cross."""

from __future__ import annotations

import numpy as np

_SWEEPS = 12


def crossings(weights: np.ndarray) -> float:
    """What crosses between two columns, each pair of lines by the product of its weights: shape (m, n), as drawn."""
    # For each cell, all that lies in later rows and earlier columns.
    sums = weights[::-1].cumsum(axis=0)[::-1].cumsum(axis=1)
    return float((weights[:-1, 1:] * sums[1:, :-1]).sum())


def _by_centre(joined: list[np.ndarray], sums: np.ndarray) -> np.ndarray:
    """Rows by the mean place, 0 top to 1 bottom, of what they are joined to in each neighbour; then by most weight."""
    places = np.concatenate([np.linspace(0, 1, weights.shape[1]) for weights in joined])
    weights = np.hstack(joined)
    centre = weights @ places / np.where(weights.sum(axis=1) > 0, weights.sum(axis=1), 1.0)
    return np.lexsort((-sums, centre.round(9)))


def fewest_crossings(between: list[np.ndarray], held: tuple[int, ...] = ()) -> list[np.ndarray]:
    """
    Orders of columns in which little crosses, by Sugiyama's sweeps of barycentres.

    Parameters
    ----------
    between
        Weights between each column and the next, shapes (n1, n2), (n2, n3) and so on.
    held
        Columns that stand by most weight whatever crosses, because a reader looks names up in them.

    Returns
    -------
    orders
        The rows of each column from top to bottom: by most weight, unless a sweep finds fewer crossings.
    """
    columns = len(between) + 1
    sums = [between[0].sum(axis=1), *(weights.sum(axis=0) for weights in between)]
    orders = [np.argsort(-weight, kind="stable") for weight in sums]

    def cost() -> float:
        return sum(crossings(weights[np.ix_(orders[k], orders[k + 1])]) for k, weights in enumerate(between))

    best, least = list(orders), cost()
    for _ in range(_SWEEPS):
        for k in [k for k in (*range(1, columns), *reversed(range(columns - 1))) if k not in held]:
            joined = [between[k - 1][orders[k - 1]].T] if k > 0 else []
            joined += [between[k][:, orders[k + 1]]] if k < columns - 1 else []
            orders[k] = _by_centre(joined, sums[k])
        if cost() >= least * (1 - 1e-9):
            break
        best, least = list(orders), cost()
    return best
