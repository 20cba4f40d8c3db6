"""What a PCN could have if it were the only one: no plan gives it more."""

from __future__ import annotations

import numpy as np

from ..solver import solve_linear
from .goal import Goal
from .model import Room, build_model
from .problem import MatchProblem


def most_alone(problem: MatchProblem) -> np.ndarray:
    """
    By PCN, places that no plan can pass: those of the relaxation with all hours in reach for that PCN alone.

    A place counts one here, whatever its worth. PCNs that no offer reaches have none.
    """
    most = np.zeros(len(problem.ceiling))
    everyone = Goal(worth=np.ones(len(problem.link_cap)))
    order = np.argsort(problem.link_pcn, kind="stable")
    ends = np.searchsorted(problem.link_pcn[order], np.arange(len(most) + 1))
    for pcn in range(len(most)):
        links = np.sort(order[ends[pcn] : ends[pcn + 1]])
        if len(links):
            part = build_model(problem, links, Room.whole(problem), everyone)
            solution = solve_linear(part.linear, relax=True)
            most[pcn] = np.floor(solution.bound + 1e-6) if solution is not None else problem.pcn_demand[pcn]
    return np.minimum(most, problem.pcn_demand)
