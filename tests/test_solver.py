"""The door to the solver: what it refuses, what it promises, and prices with the right sign."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from geomap.errors import InfeasibleError, SolveError
from geomap.solver import LinearModel, Relaxation, Task, solve_linear, solve_task

INF = float("inf")


def make_model(value, rows, limits, upper, *, lower=None) -> LinearModel:
    """max value·x, rows·x ≤ limits, 0 ≤ x ≤ upper, all whole."""
    matrix = np.array(rows, dtype=float).reshape(len(limits), len(value))
    return LinearModel(
        value=np.array(value, dtype=float), matrix=sparse.csr_array(matrix),
        row_lower=np.full(len(limits), -INF) if lower is None else np.array(lower, dtype=float),
        row_upper=np.array(limits, dtype=float), upper=np.array(upper, dtype=float),
        integer=np.ones(len(value), dtype=bool),
    )  # fmt: skip


KNAPSACK = make_model([3, 2, 2], [[2, 1, 1]], [3], [5, 5, 1])
"""Three of the second, or two and the third: 6 either way; the relaxation is worth the same."""


def best_by_trying_all(model: LinearModel) -> float:
    points = np.array(list(itertools.product(*(range(int(top) + 1) for top in model.upper))))
    sums = points @ model.matrix.toarray().T
    holds = ((sums <= model.row_upper + 1e-9) & (sums >= model.row_lower - 1e-9)).all(axis=1)
    return float((points[holds] @ model.value).max())


@pytest.mark.parametrize("seed", range(40))
def test_small_models_equal_trying_every_point(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 5), random.integers(1, 4)
    model = make_model(
        random.integers(0, 9, n), random.integers(0, 5, (m, n)), random.integers(0, 12, m), random.integers(0, 5, n)
    )
    best = best_by_trying_all(model)
    solution = solve_linear(model)
    assert (solution.objective, solution.bound) == pytest.approx((best, best), abs=1e-7)
    assert solution.complete
    assert np.allclose(solution.x, np.rint(solution.x), atol=1e-6)
    relaxed = solve_linear(model, relax=True)
    assert relaxed.bound >= best - 1e-7
    assert (relaxed.row_dual >= -1e-9).all()
    worth_of_limits = relaxed.row_dual @ model.row_upper
    reduced = np.maximum(model.value - model.matrix.T @ relaxed.row_dual, 0.0) @ model.upper
    assert worth_of_limits + reduced == pytest.approx(relaxed.objective, abs=1e-6), "prices do not explain the value"


@pytest.mark.parametrize("bad", [float("nan"), INF, -INF])
@pytest.mark.parametrize("part", ["value", "upper", "matrix", "row_upper", "row_lower"])
def test_what_is_not_finite_is_refused(part: str, bad: float) -> None:
    """A row may have no limit, that is an infinite one; nothing else may be infinite, and nothing NaN."""
    figures = {"value": [3, 2, 2], "rows": [[2, 1, 1]], "limits": [3], "upper": [5, 5, 1], "lower": [-INF]}
    if part == "row_upper":
        figures["limits"] = [bad]
    elif part == "row_lower":
        figures["lower"] = [bad]
    elif part == "matrix":
        figures["rows"] = [[2, bad, 1]]
    else:
        figures[part] = [bad, 2, 1]
    model = make_model(*(figures[k] for k in ("value", "rows", "limits", "upper")), lower=figures["lower"])
    if (part, bad) in (("row_upper", INF), ("row_lower", -INF)):
        assert solve_linear(model).complete
    else:
        with pytest.raises(SolveError):
            solve_linear(model)


def test_a_model_that_cannot_be_met_says_so() -> None:
    with pytest.raises(InfeasibleError, match="No plan satisfies"):
        solve_linear(make_model([1], [[1]], [5], [3], lower=[4]))


def test_a_model_of_nothing() -> None:
    solution = solve_linear(make_model([], [], [], []))
    assert (solution.objective, solution.bound, len(solution.x), solution.complete) == (0.0, 0.0, 0, True)


def test_a_model_without_rows() -> None:
    assert solve_linear(make_model([2, 1], [], [], [3, 4])).objective == pytest.approx(10.0)


def hard_model(columns: int = 100, rows: int = 20) -> LinearModel:
    """Takes far longer than no time at all: knapsacks of large numbers that share their things."""
    random = np.random.default_rng(1)
    weights = random.integers(100, 1000, (rows, columns))
    value = weights.mean(axis=0) + random.integers(0, 50, columns)
    return make_model(value, weights, weights.sum(axis=1) // 3, np.full(columns, 3.0))


def test_without_time_the_start_is_kept_and_the_bound_stays_a_bound() -> None:
    solution = solve_linear(hard_model(), time_limit_s=0, start=np.zeros(100))
    assert solution is None or (solution.objective == 0.0 and solution.bound > 0.0 and not solution.complete)


def test_work_counted_in_steps_gives_the_same_answer_again() -> None:
    """Cut short long before it is done, at the same place each time; the bound holds for any point."""
    model = hard_model()
    relaxed = solve_linear(model, relax=True).objective
    for steps in (1, 3, 30):
        first, second = (solve_linear(model, steps=steps, start=np.zeros(100)) for _ in range(2))
        assert not first.complete
        assert (first.x == second.x).all()
        assert (first.objective, first.bound, first.steps) == (second.objective, second.bound, second.steps)
        assert first.steps >= steps
        assert first.objective <= first.bound
        better = solve_linear(model, steps=60, start=first.x)
        assert first.objective - 1e-6 <= better.objective <= first.bound + 1e-6
    assert first.bound <= relaxed + 1e-6, "in 30 steps the relaxation is solved"


@pytest.mark.parametrize("seed", range(10))
def test_one_step_gives_a_point_that_holds_or_none(seed: int) -> None:
    random = np.random.default_rng(seed)
    model = make_model(
        random.integers(1, 9, 4), random.integers(1, 5, (3, 4)), random.integers(4, 12, 3), random.integers(1, 5, 4)
    )
    best, hurried = best_by_trying_all(model), solve_linear(model, steps=1)
    if hurried is not None:
        assert hurried.objective - 1e-7 <= best <= hurried.bound + 1e-7
        assert (model.matrix @ hurried.x <= model.row_upper + 1e-6).all()


def test_a_model_of_nothing_whole_has_the_bound_of_its_relaxation() -> None:
    """Not that of the branch and bound, which is never begun."""
    loose = replace(KNAPSACK, integer=np.zeros(3, dtype=bool))
    solution = solve_linear(loose, steps=1)
    assert (solution.objective, solution.bound, solution.complete) == (pytest.approx(6.0), pytest.approx(6.0), True)


def test_a_task_that_cannot_be_solved_leaves_the_plan_as_it_is() -> None:
    assert solve_task(Task(model=make_model([1], [[1]], [5], [3], lower=[4]))) is None
    assert solve_task(Task(model=make_model([float("nan")], [[1]], [5], [3]))) is None
    assert solve_task(Task(model=KNAPSACK)).objective == pytest.approx(6.0)


def test_a_relaxation_is_narrowed_and_widened_again() -> None:
    relaxation, zero, upper = Relaxation(KNAPSACK), np.zeros(3), KNAPSACK.upper
    found = [
        relaxation.solve(zero, upper).objective,
        relaxation.solve(np.array([1.0, 0.0, 0.0]), upper).objective,
        relaxation.solve(zero, np.array([1.0, 0.0, 0.0])).objective,
        relaxation.solve(zero, upper).objective,
    ]
    assert found == pytest.approx([6.0, 5.0, 3.0, 6.0])
    assert relaxation.solve(np.array([2.0, 0.0, 0.0]), upper) is None, "two of the first need 4 of 3"


@pytest.mark.parametrize("limit_s", [0.0, -5.0, 0.001, 0.01])
def test_an_unfinished_relaxation_bounds_nothing(limit_s: float) -> None:
    """The simplex method stops below the optimum: where it stands is no bound on anything."""
    solution = solve_linear(hard_model(), relax=True, time_limit_s=limit_s)
    best = solve_linear(hard_model(), relax=True)
    assert best.complete
    assert solution is None or solution.bound >= best.objective - 1e-6


@pytest.mark.parametrize("scale", [1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9])
def test_the_unit_of_value_does_not_matter(scale: float) -> None:
    """HiGHS takes 1e-7 for nothing: values in a small unit must not be called optimal when they are not."""
    model = make_model(np.array([3, 2, 2]) * scale, [[2, 1, 1]], [3], [5, 5, 1])
    solution = solve_linear(model)
    assert (solution.objective / scale, solution.bound / scale) == pytest.approx((6.0, 6.0), rel=1e-9)
    relaxed = solve_linear(model, relax=True)
    assert (relaxed.bound / scale, relaxed.row_dual[0] / scale) == pytest.approx((6.0, 2.0), rel=1e-9)


def test_the_gap_asked_for_is_told_in_the_bound() -> None:
    solution = solve_linear(KNAPSACK, gap_share=0.5)
    assert solution.objective <= 6.0 + 1e-9 <= solution.bound + 2e-9
    assert (solution.bound - solution.objective) / solution.objective <= 0.5 + 1e-9


def test_the_model_is_not_changed_by_solving_it() -> None:
    before = [KNAPSACK.value.copy(), KNAPSACK.matrix.toarray(), KNAPSACK.row_upper.copy(), KNAPSACK.upper.copy()]
    solve_linear(KNAPSACK)
    solve_linear(KNAPSACK, relax=True)
    after = [KNAPSACK.value, KNAPSACK.matrix.toarray(), KNAPSACK.row_upper, KNAPSACK.upper]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
