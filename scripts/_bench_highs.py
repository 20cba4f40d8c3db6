"""The match as one plain model for HiGHS with its default options, and its linear relaxation.

Written from docs/method.md §7 and the tables, as somebody would who does not know geomap: x places by link, y courses
by led offer. Shares no code with `geomap.match`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np
import pandas as pd
from _bench_outcome import CELL, OFFER, Asked, Outcome, plan_outcome, read_plan, value_of
from _bench_tables import MatchTables
from scipy import sparse

from geomap.schema import CapFrame, CeilingFrame, DemandFrame, OfferFrame, PathwayFrame


def plan_highs(tables: MatchTables, asked: Asked) -> Outcome:
    """Whole places and courses; stops at its own default gap, at geomap's objective, or at the limit."""
    began = time.process_time()
    solver = _load(tables, whole=True)
    built = time.process_time() - began
    solver.setOptionValue("time_limit", asked.limit_s)
    if asked.target is not None:
        solver.setOptionValue("objective_target", asked.target)
    solver.run()
    info = solver.getInfo()
    more = {"build_s": built, "ended": solver.modelStatusToString(solver.getModelStatus())}
    bound = info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Outcome(objective=None, bound=bound, more=more)
    x, links = np.asarray(solver.getSolution().col_value), len(tables.caps)
    courses = pd.Series(x[links:], index=_led(tables).index).reindex(tables.offers.index, fill_value=0.0)
    plan = read_plan(tables, pd.Series(x[:links], index=tables.caps.index), courses)
    return plan_outcome(tables, *plan, bound=bound, more=more)


def bound_lp(tables: MatchTables, asked: Asked) -> Outcome:
    """The relaxation: what parts of people on parts of courses would be worth, which no plan exceeds."""
    began = time.process_time()
    solver = _load(tables, whole=False)
    built = time.process_time() - began
    solver.setOptionValue("time_limit", asked.limit_s)
    solver.run()
    status = solver.getModelStatus()
    # A relaxation that is cut short stands below its optimum, and so bounds nothing.
    complete = status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
    bound = solver.getInfo().objective_function_value if complete else None
    return Outcome(
        objective=None, bound=bound, more={"build_s": built, "ended": solver.modelStatusToString(status)}
    )


def _load(tables: MatchTables, *, whole: bool) -> highspy.Highs:
    """The model in a solver that has not begun."""
    caps, led = tables.caps, _led(tables)
    rows = _Rows(columns=len(caps) + len(led))
    _limit_what_there_is(rows, tables)
    _limit_people_near(rows, tables)
    _hold_courses(rows, tables)
    matrix, lower, upper = rows.stack()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.concatenate([value_of(tables, caps), np.zeros(len(led))])
    lp.col_lower_ = np.zeros(matrix.shape[1])
    lp.col_upper_ = np.concatenate([caps[CapFrame.cap_places], np.full(len(led), np.inf)])
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
    solver = highspy.Highs()
    solver.silent()
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused the plain model.")
    return solver


@dataclass
class _Rows:
    """Rows of a model under construction."""

    columns: int

    def __post_init__(self) -> None:
        self.matrices: list[sparse.csr_array] = []
        self.least: list[np.ndarray] = []
        self.most: list[np.ndarray] = []

    def add(
        self, where: tuple[np.ndarray, np.ndarray], values: np.ndarray, *, most: np.ndarray, least: float = -np.inf
    ) -> None:
        """As many rows as `most` has entries; `where` are the row within them and the column of each value."""
        self.matrices.append(sparse.csr_array((values, where), shape=(len(most), self.columns)))
        self.least.append(np.full(len(most), least))
        self.most.append(np.asarray(most, dtype=float))

    def stack(self) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
        """All of them, with the least and the most of each."""
        return sparse.vstack(self.matrices, format="csr"), np.concatenate(self.least), np.concatenate(self.most)


def _led(tables: MatchTables) -> pd.DataFrame:
    return tables.offers[tables.offers[OfferFrame.led]]


def _limit_what_there_is(rows: _Rows, tables: MatchTables) -> None:
    """Hours by pledge, demand by PCN and pathway, referrals by PCN."""
    caps, led, offers = tables.caps, _led(tables), tables.offers.set_index(OFFER)
    column = np.arange(len(caps))
    mine = caps.join(offers, on=OFFER)
    alone = ~mine[OfferFrame.led].to_numpy(dtype=bool)
    pool = offers.groupby(level=0)[OfferFrame.pool_hours].first()
    spenders = np.concatenate([caps.loc[alone, CapFrame.pledge_id], led[OfferFrame.pledge_id]])
    where = pool.index.get_indexer(spenders), np.concatenate([column[alone], len(caps) + np.arange(len(led))])
    spent = np.concatenate([mine.loc[alone, OfferFrame.course_hours], led[OfferFrame.course_hours]])
    rows.add(where, spent, most=pool)
    demand = tables.demand.set_index([DemandFrame.pcn_code, DemandFrame.pathway_id])[DemandFrame.demand_places]
    rows.add(
        (demand.index.get_indexer(pd.MultiIndex.from_frame(caps[CELL])), column), np.ones(len(caps)), most=demand
    )
    ceiling = tables.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    uptake = tables.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    for_each = (1.0 / caps[CapFrame.pathway_id].map(uptake)).to_numpy()
    rows.add((ceiling.index.get_indexer(caps[CapFrame.pcn_code]), column), for_each, most=ceiling)


def _limit_people_near(rows: _Rows, tables: MatchTables) -> None:
    """Pledges of one facility share the people near it, and those alike in reach and ages the people of those ages."""
    caps = tables.caps
    for name, most in ((CapFrame.catchment, CapFrame.near_places), (CapFrame.alike, CapFrame.cap_places)):
        keys = [name, *CELL]
        shared = np.flatnonzero(caps[name].notna() & caps.duplicated(keys, keep=False))
        limit = caps.iloc[shared].groupby(keys)[most].max()
        row = limit.index.get_indexer(pd.MultiIndex.from_frame(caps.iloc[shared][keys]))
        rows.add((row, shared), np.ones(len(shared)), most=limit)


def _hold_courses(rows: _Rows, tables: MatchTables) -> None:
    """People of a led offer fit the seats of its courses, and each course is viable."""
    caps, led = tables.caps, _led(tables)
    row = pd.MultiIndex.from_frame(led[OFFER]).get_indexer(pd.MultiIndex.from_frame(caps[OFFER]))
    joins, each = np.flatnonzero(row >= 0), np.arange(len(led))
    where = np.concatenate([row[joins], each]), np.concatenate([joins, len(caps) + each])
    nothing, no_limit = np.zeros(len(led)), np.full(len(led), np.inf)
    rows.add(where, np.concatenate([np.ones(len(joins)), -led[OfferFrame.course_places]]), most=nothing)
    rows.add(where, np.concatenate([np.ones(len(joins)), -led[OfferFrame.min_group]]), most=no_limit, least=0.0)
