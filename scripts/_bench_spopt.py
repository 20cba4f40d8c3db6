"""Sites by PySAL's `spopt`: its MCLP and p-median models, solved by CBC as pulp ships it, or by HiGHS."""

from __future__ import annotations

import time

import numpy as np
import pulp
from _bench_outcome import Asked, Outcome
from _bench_sites import distances, left_out, sites_outcome
from _bench_tables import SiteTables
from spopt.locate import MCLP, PMedian

MOST_PAIRS = 500_000
"""A p-median of more pairs of facility and PCN, each a variable and a row of spopt's model, is not tried."""


def cover_cbc(tables: SiteTables, asked: Asked) -> Outcome:
    """`MCLP` with CBC."""
    return _cover(tables, asked, pulp.PULP_CBC_CMD(msg=False, timeLimit=asked.limit_s))


def cover_highs(tables: SiteTables, asked: Asked) -> Outcome:
    """`MCLP` with HiGHS."""
    return _cover(tables, asked, pulp.HiGHS(msg=False, timeLimit=asked.limit_s))


def median_cbc(tables: SiteTables, asked: Asked) -> Outcome:
    """`PMedian` with CBC."""
    return _median(tables, asked, pulp.PULP_CBC_CMD(msg=False, timeLimit=asked.limit_s))


def median_highs(tables: SiteTables, asked: Asked) -> Outcome:
    """`PMedian` with HiGHS."""
    return _median(tables, asked, pulp.HiGHS(msg=False, timeLimit=asked.limit_s))


def _cover(tables: SiteTables, asked: Asked, solver: pulp.LpSolver) -> Outcome:
    model = MCLP.from_cost_matrix(distances(tables), tables.hours, tables.reach_m, tables.count)
    return _solve(tables, asked, "cover", model, solver)


def _median(tables: SiteTables, asked: Asked, solver: pulp.LpSolver) -> Outcome:
    pairs = len(tables.hours) * len(tables.homes)
    if pairs > MOST_PAIRS:
        return left_out(f"left out: {pairs:,} pairs")
    metres = np.minimum(distances(tables), tables.reach_m)
    model = PMedian.from_cost_matrix(metres, tables.hours, tables.count)
    return _solve(tables, asked, "median", model, solver)


def _solve(tables: SiteTables, asked: Asked, task: str, model: MCLP | PMedian, solver: pulp.LpSolver) -> Outcome:
    began = time.perf_counter()
    ended = "optimal"
    try:
        model.solve(solver, results=False)
    except RuntimeError:
        # What spopt raises when the solver has no plan.
        ended = "time limit, no plan"
    if model.problem.sol_status != pulp.LpSolutionOptimal or time.perf_counter() - began >= asked.limit_s:
        # CBC's status is that of an optimum when it was cut short, too.
        ended = "time limit" if ended == "optimal" else ended
    parts = [variable.value() for variable in model.fac_vars]
    if ended == "time limit, no plan" or None in parts:
        return Outcome(objective=None, bound=None, more={"ended": "time limit, no plan"})
    return sites_outcome(tables, np.array(parts) > 0.5, task, asked=asked, ended=ended)
