"""The only door to a solver: HiGHS, through highspy. Linear and mixed-integer models, maximised.

Nothing that is not finite reaches it: HiGHS can call a model with NaN in it optimal.

Work is counted in steps: the places at which HiGHS asks whether it may go on. With one thread and one seed they come in
the same order on every machine, which seconds do not, so that a limit in steps gives the same answer everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
from scipy import sparse

from .errors import InfeasibleError, SolveError

FEASIBILITY = 1e-7
"""Absolute tolerance to which rows and bounds hold in a solution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """max value·x subject to row_lower ≤ matrix·x ≤ row_upper and 0 ≤ x ≤ upper, x whole where `integer`.

    `matrix` is m × n (CSR); `row_lower` and `row_upper` have m entries and may be infinite; the rest have n.
    """

    value: np.ndarray
    matrix: sparse.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    upper: np.ndarray
    integer: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A point, its value, and a proven upper bound on any value; `complete` when the two met within the gap asked."""

    x: np.ndarray
    objective: float
    bound: float
    complete: bool
    steps: int = 0
    row_dual: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A model and how far to go with it: what is sent to a worker."""

    model: LinearModel
    steps: int | None = None
    time_limit_s: float = float("inf")
    gap_share: float = 0.0
    start: np.ndarray | None = None


def solve_task(task: Task) -> Solution | None:
    """
    Solve a part of a plan that is sound without it.

    Returns
    -------
    solution
        `None` where no point was found or the solver failed: the plan and its bound then stay as they are.
    """
    try:
        return solve_linear(
            task.model,
            steps=task.steps,
            time_limit_s=task.time_limit_s,
            gap_share=task.gap_share,
            start=task.start,
        )
    except SolveError:
        return None


def solve_linear(
    model: LinearModel,
    *,
    relax: bool = False,
    steps: int | None = None,
    time_limit_s: float = float("inf"),
    gap_share: float = 0.0,
    start: np.ndarray | None = None,
) -> Solution | None:
    """
    Maximise a model.

    Parameters
    ----------
    model
        What to maximise.
    relax
        Drop wholeness: the linear relaxation, with the price of each row in `row_dual`.
    steps
        Steps of work after which the best point so far is returned; none: no limit. Counted for whole models only.
    time_limit_s
        Seconds after which the best point so far is returned.
    gap_share
        Relative gap at which to stop.
    start
        A point to begin from, n entries.

    Returns
    -------
    solution
        `None` when no point was found in the time given.

    Raises
    ------
    SolveError
        A number of the model is not finite, or the solver failed.
    InfeasibleError
        No point satisfies the rows.
    """
    _check(model)
    relax = relax or not model.integer.any()
    solver = highspy.Highs()
    solver.silent()
    for option, value in (
        ("threads", 1),
        ("random_seed", 0),
        ("time_limit", float(max(time_limit_s, 0.0))),
        ("mip_rel_gap", float(gap_share)),
        ("mip_abs_gap", 1e-9),
        ("mip_feasibility_tolerance", FEASIBILITY),
    ):
        solver.setOptionValue(option, value)
    unit = _unit_of(model.value)
    solver.passModel(_to_highs(replace(model, value=model.value / unit), relax))
    if start is not None and not relax:
        point = highspy.HighsSolution()
        point.col_value = start.tolist()
        solver.setSolution(point)
    done = _count_steps(solver, steps)
    solver.run()
    return _read(solver, relax, unit, done)


def _count_steps(solver: highspy.Highs, most: int | None) -> list[int]:
    """Have the solver stop after so many steps; the list's one number is how many it has taken."""
    done = [0]

    def step(event: highspy.highs.HighsCallbackEvent) -> None:
        done[0] += 1
        if most is not None and done[0] >= most:
            event.data_in.user_interrupt = True

    solver.cbMipInterrupt.subscribe(step)
    return done


class Relaxation:
    """A linear relaxation that is solved again and again while the range of its variables is narrowed.

    Each solve starts from the one before, which takes a tenth of the time.
    """

    def __init__(self, model: LinearModel) -> None:
        """`model` as for `solve_linear`, which says what is raised."""
        _check(model)
        self._unit = _unit_of(model.value)
        self._solver = highspy.Highs()
        self._solver.silent()
        self._solver.setOptionValue("threads", 1)
        self._solver.passModel(_to_highs(replace(model, value=model.value / self._unit), relax=True))

    def solve(self, lower: np.ndarray, upper: np.ndarray, time_limit_s: float = float("inf")) -> Solution | None:
        """The best point with lower ≤ x ≤ upper; `None` where there is none or the time was too short."""
        columns = len(lower)
        self._solver.setOptionValue("time_limit", float(self._solver.getRunTime() + max(time_limit_s, 0.0)))
        self._solver.changeColsBounds(columns, np.arange(columns, dtype=np.int32), lower, upper)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return _read(self._solver, True, self._unit, [0])


def _unit_of(value: np.ndarray) -> float:
    """A power of two near the largest value: HiGHS takes differences below 1e-7 for none, whatever the unit."""
    largest = np.abs(value).max(initial=0.0)
    return float(2.0 ** np.floor(np.log2(largest))) if largest > 0 else 1.0


def _check(model: LinearModel) -> None:
    for name in ("value", "upper"):
        if not np.isfinite(getattr(model, name)).all():
            raise SolveError(f"The model's {name} holds a number that is not finite.")
    if not np.isfinite(model.matrix.data).all():
        raise SolveError("The model's matrix holds a number that is not finite.")
    if np.isnan(model.row_lower).any() or np.isnan(model.row_upper).any():
        raise SolveError("A row limit of the model is not a number.")


def _to_highs(model: LinearModel, relax: bool) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows, columns = model.matrix.shape
    lp.num_row_, lp.num_col_ = rows, columns
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = model.value
    lp.col_lower_ = np.zeros(columns)
    lp.col_upper_ = model.upper
    lp.row_lower_ = model.row_lower
    lp.row_upper_ = model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = model.matrix.indptr
    lp.a_matrix_.index_ = model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data
    if not relax and model.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in model.integer]
    return lp


def _read(solver: highspy.Highs, relax: bool, unit: float, done: list[int]) -> Solution | None:
    status = solver.getModelStatus()
    statuses = highspy.HighsModelStatus
    if status in (statuses.kInfeasible, statuses.kUnboundedOrInfeasible):
        raise InfeasibleError("No plan satisfies the conditions of the model.")
    stopped = (statuses.kTimeLimit, statuses.kInterrupt, statuses.kSolutionLimit)
    if status not in (statuses.kOptimal, statuses.kModelEmpty, *stopped):
        raise SolveError(f"The solver stopped with status {solver.modelStatusToString(status)}.")
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible and status != statuses.kModelEmpty:
        return None
    solution = solver.getSolution()
    complete = status in (statuses.kOptimal, statuses.kModelEmpty)
    # A relaxation that is cut short stands below its optimum, and so bounds nothing.
    bound = info.mip_dual_bound if not relax else info.objective_function_value if complete else float("inf")
    return Solution(
        x=np.asarray(solution.col_value, dtype=float),
        objective=info.objective_function_value * unit,
        bound=bound * unit if np.isfinite(bound) else float("inf"),
        complete=complete,
        steps=done[0],
        row_dual=np.asarray(solution.row_dual, dtype=float) * unit if relax else None,
    )
