"""What holds a site down when it is alone: what it would gain were one limit lifted, in the relaxation.

All hours in its reach are its own here and courses can be divided, so that a gain is what could be had at most.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..locate import SiteProblem
from ..match import MatchProblem
from ..schema.words import LIMITS
from ..solver import solve_linear
from .bounds import model_alone
from .levers import wanted_referrals

MORE_PEOPLE = 1000.0
"""Demand without a limit: so many times what there is, near facilities as elsewhere."""


def gain_of_lifting(problem: SiteProblem, site: int) -> dict[str, float]:
    """Need-weighted completions that the site would gain alone, by limit that is lifted for it."""
    if not (problem.link_site == site).any():
        return dict.fromkeys(LIMITS, 0.0)
    now = _alone(problem, site)
    lifted = {name: replace(problem, match=_lift(problem, site, name)) for name in LIMITS}
    return {name: max(_alone(changed, site) - now, 0.0) for name, changed in lifted.items()}


def _alone(problem: SiteProblem, site: int) -> float:
    solution = solve_linear(model_alone(problem, site), relax=True)
    return 0.0 if solution is None else solution.objective


def _lift(problem: SiteProblem, site: int, limit: str) -> MatchProblem:
    match = problem.match
    mine, links = problem.site_of_pcn == site, problem.link_site == site
    cells = mine[match.cell_pcn]
    catchments = np.unique(match.link_catchment[:, links])
    if limit == "link_workers":
        return replace(match, ceiling=np.where(mine, np.maximum(match.ceiling, wanted_referrals(match)), match.ceiling))
    if limit == "hours":
        # Enough for every place wanted in a course of its own.
        pool, offer = match.pool_hours.copy(), match.link_offer[links]
        pledges = np.unique(match.offer_pledge[offer])
        pool[pledges] = np.maximum(pool[pledges], match.cell_demand[cells].sum() * match.offer_hours[offer].max())
        return replace(match, pool_hours=pool)
    cap, near = match.link_cap.copy(), match.catchment_cap.copy()
    if limit == "reach":
        cap[links] = np.maximum(cap[links], match.cell_demand[match.link_cell[links]])
        near[catchments] = np.maximum(near[catchments], match.cell_demand[cells].max(initial=0.0))
        return replace(match, link_cap=cap, catchment_cap=near)
    cap[links] *= MORE_PEOPLE
    near[catchments] *= MORE_PEOPLE
    demand = np.where(cells, match.cell_demand * MORE_PEOPLE, match.cell_demand)
    return replace(match, link_cap=cap, catchment_cap=near, cell_demand=demand)
