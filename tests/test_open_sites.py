"""Sites that nothing but hours binds: the choice held against trying every one, under all kinds of conditions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.errors import InfeasibleError
from geomap.locate import Chooser, Condition, Portfolio, SiteProblem
from geomap.locate import open as open_module
from geomap.locate.conditions import differs
from geomap.locate.open import OpenSites
from geomap.match import MatchProblem
from geomap.runner import open_runner


def open_problem(worth: np.ndarray, hours: np.ndarray, conditions: tuple[Condition, ...]) -> SiteProblem:
    """Pledges of so many hours at `worth` an hour (pledge × site; nothing: out of reach), a course of an hour."""
    pledge, site = np.nonzero(worth)
    pledges, sites = worth.shape
    given = np.bincount(site, hours[pledge], minlength=sites)
    match = MatchProblem(
        pledge_ids=np.arange(pledges).astype(object), pathway_ids=np.array(["any"], dtype=object),
        pcn_codes=np.arange(sites).astype(object), pool_hours=hours.astype(float),
        offer_pledge=np.arange(pledges), offer_pathway=np.zeros(pledges, dtype=np.int64),
        offer_led=np.zeros(pledges, dtype=bool), offer_hours=np.ones(pledges), offer_places=np.ones(pledges),
        offer_min_group=np.zeros(pledges), cell_pcn=np.arange(sites), cell_pathway=np.zeros(sites, dtype=np.int64),
        cell_demand=given.astype(float), ceiling=given / 0.5, uptake=np.array([0.5]), completion=np.ones(1),
        core20_lead=np.zeros(sites), minimum_places=np.zeros(0), minimum_member=np.zeros((2, 0), dtype=np.int64),
        link_offer=pledge, link_cell=site, link_cap=hours[pledge].astype(float), link_value=worth[pledge, site],
        link_minutes=np.zeros(len(pledge)), link_catchment=np.arange(2 * len(pledge)).reshape(2, -1),
        catchment_cap=np.tile(hours[pledge].astype(float), 2),
    )  # fmt: skip
    names = np.arange(sites).astype(object)
    homes = np.zeros((sites, 2))
    return SiteProblem(match=match, site_ids=names, site_of_pcn=np.arange(sites), homes=homes, conditions=conditions)


def choose(problem: SiteProblem, *more: Condition, gap_share: float = 0.0) -> Portfolio:
    with open_runner(1) as runner:
        return Chooser(problem=problem, runner=runner, gap_share=gap_share, time_limit_s=60).choose(*more)


def best_of_all(worth: np.ndarray, hours: np.ndarray, conditions: tuple[Condition, ...]) -> float | None:
    """The value of the best of all choices that keep to the conditions."""
    values = []
    for chosen in itertools.product([False, True], repeat=worth.shape[1]):
        chosen = np.array(chosen)
        if all(condition.holds(chosen) for condition in conditions):
            values.append(float((worth[:, chosen].max(axis=1, initial=0.0) * hours).sum()))
    return max(values, default=None)


def count(sites: int, least: float, most: float | None = None) -> Condition:
    return Condition.one("choose some", np.ones(sites), least=least, most=least if most is None else most)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[Condition, ...]]:
    """Up to 12 pledges and 9 sites, covered or not or at a worth of their own; a count, quotas, a budget."""
    pledges, sites = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    reached = random.random((pledges, sites)) < draw(st.sampled_from([0.2, 0.5, 1.0]))
    reached[0, 0] = True
    worth = np.where(reached, random.integers(1, draw(st.sampled_from([2, 4, 1000])), (pledges, sites)), 0.0)
    hours = random.integers(1, 60, pledges)
    chosen = draw(st.integers(0, min(4, sites)))
    conditions = [count(sites, chosen)] if draw(st.booleans()) else [count(sites, 0, chosen)]
    kind = random.integers(0, 3, sites)
    for value in range(draw(st.integers(0, 3))):
        least, most = draw(st.sampled_from([(1.0, np.inf), (-np.inf, 1.0), (0.0, 2.0)]))
        conditions.append(Condition.one(f"kind {value}", kind == value, least=least, most=most))
    if draw(st.booleans()):
        conditions.append(Condition.one("budget", random.integers(1, 9, sites), most=draw(st.integers(2, 20))))
    return worth, hours, tuple(conditions)


@pytest.mark.parametrize("few", [0, 10])
@given(case=cases())
@settings(max_examples=100, deadline=None)
def test_the_choice_is_the_best_of_all(few: int, case: tuple[np.ndarray, np.ndarray, tuple[Condition, ...]]) -> None:
    worth, hours, conditions = case
    best = best_of_all(worth, hours, conditions)
    problem = open_problem(worth, hours, conditions)
    with pytest.MonkeyPatch.context() as patch:
        # None is few enough: prices are worked out to the end.
        patch.setattr(open_module, "FEW_SITES", few)
        patch.setattr(open_module, "LOOK_EVERY", 5)
        if best is None:
            with pytest.raises(InfeasibleError):
                choose(problem)
            return
        found = choose(problem)
    assert found.value == pytest.approx(best, rel=1e-9) and found.bound == pytest.approx(best, rel=1e-6)
    assert found.status == "optimal" and all(condition.holds(found.chosen) for condition in conditions)
    given_hours = np.bincount(problem.match.link_offer, found.places, minlength=len(hours))
    assert (given_hours <= hours).all() and not found.places[~found.chosen[problem.match.link_cell]].any()
    assert found.value == pytest.approx(float(problem.match.link_value @ found.places))


def seeded(pledges: int = 150, sites: int = 40, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Sites and pledges on a square; an hour is worth the more the nearer it is."""
    random = np.random.default_rng(seed)
    away = np.linalg.norm(random.random((pledges, 1, 2)) - random.random((1, sites, 2)), axis=2)
    return 2.0 - away, random.integers(1, 500, pledges)


def test_a_second_portfolio_differs_and_is_the_best_that_does() -> None:
    worth, hours = seeded(60, 14)
    conditions = (count(14, 3),)
    problem = open_problem(worth, hours, conditions)
    first = choose(problem)
    other = differs(first.chosen, 2, "the first")
    second = choose(problem, other)
    assert (first.chosen & second.chosen).sum() <= 1
    assert second.value == pytest.approx(best_of_all(worth, hours, (*conditions, other)))


def test_the_plain_model_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    worth, hours = seeded(40, 12)
    problem = open_problem(np.where(worth > 1.7, worth, 0.0), hours, (count(12, 3),))
    assert OpenSites.of(problem) is not None
    found = choose(problem)
    monkeypatch.setattr(OpenSites, "of", classmethod(lambda cls, problem: None))
    plain = choose(problem)
    assert found.value == pytest.approx(plain.value) and found.value <= plain.bound + 1e-6


@pytest.mark.parametrize(
    "change",
    [
        lambda m: {"ceiling": m.ceiling * 0.9},
        lambda m: {"cell_demand": m.cell_demand - 1},
        lambda m: {"link_cap": np.append(m.link_cap[:-1], m.link_cap[-1] - 1)},
        lambda m: {"link_catchment": np.zeros_like(m.link_catchment)},
        lambda m: {"offer_led": np.ones_like(m.offer_led)},
        lambda m: {"offer_pledge": m.offer_pledge // 2, "offer_hours": 1.0 + np.arange(len(m.offer_hours)) % 2},
    ],
    ids=["referrals", "demand", "people in reach", "catchment", "courses", "lengths"],
)
def test_where_another_limit_could_bind_sites_are_not_open(change) -> None:
    worth, hours = seeded(6, 4)
    problem = open_problem(worth, hours, (count(4, 2),))
    assert OpenSites.of(problem) is not None
    assert OpenSites.of(replace(problem, match=replace(problem.match, **change(problem.match)))) is None
    assert OpenSites.of(replace(problem, min_coverage=0.1)) is None


def test_a_gap_that_is_allowed_is_told_and_kept_to() -> None:
    worth, hours = seeded()
    problem = open_problem(worth, hours, (count(40, 4),))
    best, near = choose(problem), choose(problem, gap_share=0.05)
    assert best.status == "optimal" and near.status in ("optimal", "within gap")
    assert near.value <= best.value * (1 + 1e-9) <= near.bound * (1 + 2e-9) and near.gap_share <= 0.05


def test_no_time_leaves_a_choice_and_a_true_bound() -> None:
    worth, hours = seeded()
    problem = open_problem(worth, hours, (count(40, 4),))
    with open_runner(1) as runner:
        found = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=0.0).choose()
    assert found.chosen.sum() == 4 and found.value <= choose(problem).value * (1 + 1e-9) <= found.bound * (1 + 2e-9)
