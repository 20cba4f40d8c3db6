"""What a PCN could have if it were the only one: no plan gives it more."""

from __future__ import annotations

import numpy as np

from ..solver import solve_linear
from .goal import Goal
from .problem import MatchProblem
from .regions import Borders


def most_alone(problem: MatchProblem, known: np.ndarray | None = None) -> np.ndarray:
    """
    By PCN, places that no plan can pass: those of the relaxation with all hours in reach for that PCN alone.

    A place counts one here, whatever its worth. Courses may be shared with other PCNs, whose people count towards the
    smallest group, so that no smallest group is asked for. PCNs that no offer reaches have none. What is `known` is
    not worked out again; NaN is not known.
    """
    known = np.full(len(problem.ceiling), np.nan) if known is None else known
    most = np.where(np.isnan(known), 0.0, known)
    everyone = Goal(worth=np.ones(len(problem.link_cap)))
    pledges = len(problem.pool_hours)
    each = Borders(region_of_link=problem.link_pcn, crosses=np.ones(pledges, dtype=bool), price=np.zeros(pledges))
    reached = np.unique(problem.link_pcn)
    for pcn in reached[np.isnan(known[reached])]:
        solution = solve_linear(each.priced(problem, int(pcn), everyone).linear, relax=True)
        most[pcn] = np.floor(solution.bound + 1e-6) if solution is not None else problem.pcn_demand[pcn]
    return np.minimum(most, problem.pcn_demand)
