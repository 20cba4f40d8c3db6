"""The best sum of sites under cuts: a whole model over the sites, and one figure that no cut lets rise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from ..errors import InfeasibleError
from ..locate import Condition
from ..solver import LinearModel, solve_linear
from .relax import Cut

GAP_SHARE = 1e-5


def best_under_cuts(
    cuts: Sequence[Cut], conditions: Sequence[Condition], allowed: np.ndarray
) -> tuple[np.ndarray | None, float]:
    """
    The sites for which the lowest of the cuts is highest.

    Parameters
    ----------
    cuts
        What portfolios cannot pass.
    conditions
        What the choice must keep to.
    allowed
        True by site that may be chosen.

    Returns
    -------
    chosen, bound
        True by site, and what no such choice can pass; none where no choice keeps to the conditions.
    """
    sites = np.flatnonzero(allowed)
    worth = np.array([cut.worth[sites] for cut in cuts])
    members = [condition.members[:, sites] for condition in conditions]
    # η ≤ constant + Σ worth · y, a row for each cut.
    lowest = sparse.csr_array(np.column_stack([-worth, np.ones(len(cuts))]))
    held = sparse.csr_array(sparse.vstack([sparse.csr_array((0, len(sites))), *members], format="csr"))
    held.resize((held.shape[0], len(sites) + 1))
    model = LinearModel(
        value=np.append(np.zeros(len(sites)), 1.0),
        matrix=sparse.csr_array(sparse.vstack([lowest, held], format="csr")),
        row_lower=np.concatenate([np.full(len(cuts), -np.inf), *(condition.least for condition in conditions)]),
        row_upper=np.concatenate([[cut.constant for cut in cuts], *(condition.most for condition in conditions)]),
        upper=np.append(np.ones(len(sites)), worth[0].sum() + 1.0),
        integer=np.append(np.ones(len(sites), dtype=bool), False),
    )
    try:
        solution = solve_linear(model, gap_share=GAP_SHARE)
    except InfeasibleError:
        return None, 0.0
    if solution is None:
        return None, np.inf
    chosen = np.zeros(len(allowed), dtype=bool)
    chosen[sites] = solution.x[:-1] > 0.5
    return chosen, solution.bound
