"""The choice of sites, held against trying every choice and, on every island, every plan."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from exhaustive import Plans
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import World, archipelagos, led, make_frame, make_world, pathway, pledge, seeded_archipelago

from geomap.config import QuotaParams, SiteParams, load_default
from geomap.errors import InfeasibleError
from geomap.locate import Chooser, Condition, Portfolio, SiteProblem, build_conditions
from geomap.locate import search as search_module
from geomap.locate import serve as serve_module
from geomap.locate.alone import Alone
from geomap.locate.clash import smallest_clash
from geomap.locate.conditions import differs
from geomap.locate.serve import serve
from geomap.pipeline._sites import _best_first
from geomap.runner import open_runner
from geomap.schema import CandidateFrame, CeilingFrame, DemandFrame

HAIR = 1e-6
PLAIN = load_default("sites")["sites"] | {"gap_share": 0.0, "time_limit_s": 60.0}


def wishes(**told: object) -> SiteParams:
    return SiteParams.model_validate(PLAIN | {"differ_by": 1} | told)


def candidates_of(world: World, seed: int = 0) -> pd.DataFrame:
    """Every PCN of a world as a candidate, with kinds, costs and places drawn by the seed."""
    random, f = np.random.default_rng(seed), CandidateFrame
    codes = sorted(world.ceilings[CeilingFrame.pcn_code])
    rows = [
        {
            f.site_id: code, f.site_name: f"PCN {code}", f.pcn_codes: code, f.icb_code: "ABC"[random.integers(3)],
            f.region_code: "XY"[random.integers(2)], f.deprivation_fifth: float(random.integers(1, 6)),
            f.rurality: ("urban", "town", "rural")[random.integers(3)], f.operator_kinds: "private;charity",
            f.pathways: "w0", f.setup_cost: float(random.integers(1, 5)), f.patients: 1000, f.need_index: 0.5,
            f.easting: float(random.integers(0, 30_000)), f.northing: float(random.integers(0, 30_000)),
            f.density: 1.0, f.link_worker_fte: 1.0, f.hours_in_reach: 1.0, f.icb_name: "", f.region_name: "",
        }
        for code in codes
    ]  # fmt: skip
    return make_frame(f, rows)


def count_by(candidates: pd.DataFrame, by: str, value: str) -> np.ndarray:
    """Of the kinds that `candidates_of` draws."""
    column = {"region": "region_code", "icb": "icb_code"}.get(by, by)
    return candidates[column].astype("str").eq(f"{value}.0" if by == "deprivation_fifth" else value).to_numpy()


def problem_of(world: World, candidates: pd.DataFrame, params: SiteParams) -> SiteProblem:
    conditions = build_conditions(candidates, params, count_by)
    return SiteProblem.from_frames(
        world.problem(), candidates, conditions, world.homes(), min_coverage=params.min_coverage
    )


def choose(problem: SiteProblem, *more: Condition, gap_share: float = 0.0) -> Portfolio:
    with open_runner(1) as runner:
        return Chooser(problem=problem, runner=runner, gap_share=gap_share, time_limit_s=60).choose(*more)


class Islands:
    """The value of any choice of an archipelago, from every plan of every island."""

    def __init__(self, world: World, min_coverage: float = 0.0) -> None:
        self.values: list[dict[frozenset[str], float]] = []
        for tag in sorted({code[:4] for code in world.ceilings[CeilingFrame.pcn_code]}):
            island = world.only(tag)
            plans = Plans(island)
            owner = island.demand[DemandFrame.pcn_code].to_numpy()
            codes = sorted(island.ceilings[CeilingFrame.pcn_code])
            asked = island.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum()
            of_island = {}
            for size in range(len(codes) + 1):
                for some in itertools.combinations(codes, size):
                    holds = (plans.totals[:, ~np.isin(owner, some)] == 0).all(axis=1)
                    for code in some:
                        given_places = plans.totals[:, owner == code].sum(axis=1)
                        holds &= given_places >= min_coverage * asked.get(code, 0) - HAIR
                    of_island[frozenset(some)] = float(plans.value[holds].max()) if holds.any() else -np.inf
            self.values.append(of_island)

    def value(self, chosen: Sequence[str]) -> float:
        return sum(of[frozenset(chosen) & frozenset().union(*of)] for of in self.values)


def keeps_to(candidates: pd.DataFrame, params: SiteParams, chosen: Sequence[str]) -> bool:
    """The conditions told a second time, one by one, without rows and matrices."""
    mine = candidates[candidates[CandidateFrame.site_id].isin(chosen)]
    good = len(mine) == params.count and set(params.must_include) <= set(chosen)
    good &= not set(params.must_exclude) & set(chosen)
    good &= params.budget is None or mine[CandidateFrame.setup_cost].sum() <= params.budget + HAIR
    for quota in params.quota:
        number = int(count_by(mine, quota.by, quota.value).sum())
        good &= (quota.at_least or 0) <= number <= (len(mine) if quota.at_most is None else quota.at_most)
    spots = mine[[CandidateFrame.easting, CandidateFrame.northing]].to_numpy()
    for one, other in itertools.combinations(spots, 2):
        good &= np.hypot(*(one - other)) >= params.spacing_km * 1000 - HAIR
    return bool(good)


@st.composite
def asked(draw: st.DrawFn, codes: Sequence[str]) -> SiteParams:
    """What a planner might wish of so many sites, mostly together possible."""
    count = draw(st.integers(1, min(4, len(codes))))
    order = draw(st.permutations(codes))
    quota = []
    for by, values in (("region", "XY"), ("icb", "ABC"), ("rurality", ("urban", "town")), ("deprivation_fifth", "15")):
        if draw(st.integers(0, 2)) == 0:
            key = draw(st.sampled_from(("at_least", "at_most")))
            quota.append(QuotaParams(by=by, value=draw(st.sampled_from(values)), **{key: draw(st.integers(0, 2))}))
    return wishes(
        count=count,
        must_include=tuple(order[: draw(st.integers(0, 1))]),
        must_exclude=tuple(order[-draw(st.integers(1, 2)) :]) if draw(st.booleans()) else (),
        budget=draw(st.sampled_from((None, None, 2.0 * count, 3.0 * count))),
        spacing_km=draw(st.sampled_from((0.0, 0.0, 2.0, 6.0))),
        quota=tuple(quota),
    )


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_best_of_fifteen_candidates_is_that_of_trying_every_choice(data: st.DataObject) -> None:
    world = data.draw(archipelagos(data.draw(st.integers(1, 5))))
    candidates = candidates_of(world, data.draw(st.integers(0, 99)))
    params = data.draw(asked(candidates[CandidateFrame.site_id].tolist()))
    islands = Islands(world)
    codes = candidates[CandidateFrame.site_id].tolist()
    possible = [c for c in itertools.combinations(codes, params.count) if keeps_to(candidates, params, c)]
    problem = problem_of(world, candidates, params)
    if not possible:
        with pytest.raises(InfeasibleError, match="together"):
            choose(problem)
        return
    found = choose(problem)
    best = max(islands.value(choice) for choice in possible)
    chosen = [code for code, taken in zip(codes, found.chosen, strict=True) if taken]
    assert keeps_to(candidates, params, chosen)
    assert found.value == pytest.approx(best, abs=HAIR) and found.bound == pytest.approx(best, abs=1e-4)
    assert islands.value(chosen) == pytest.approx(best, abs=HAIR)
    assert found.value == pytest.approx(float(problem.match.link_value @ found.places))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_least_coverage_is_that_of_trying_every_plan(data: st.DataObject) -> None:
    world = data.draw(archipelagos(2))
    candidates = candidates_of(world)
    least = data.draw(st.sampled_from((0.3, 0.5, 1.0)))
    params = wishes(count=data.draw(st.integers(1, min(3, len(candidates)))), min_coverage=least)
    islands, codes = Islands(world, least), candidates[CandidateFrame.site_id].tolist()
    best = max(islands.value(choice) for choice in itertools.combinations(codes, params.count))
    problem = problem_of(world, candidates, params)
    if best == -np.inf:
        with pytest.raises(InfeasibleError, match="min_coverage"):
            choose(problem)
    else:
        found = choose(problem)
        assert found.value == pytest.approx(best, abs=HAIR)
        given_places = problem.match.by_pcn(found.places)
        assert (given_places >= least * problem.match.pcn_demand - HAIR)[found.chosen].all()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(archipelagos(3), st.integers(1, 3), st.integers(1, 3))
def test_each_portfolio_is_the_best_that_differs_enough_from_all_before(world: World, count: int, by: int) -> None:
    candidates = candidates_of(world)
    codes = candidates[CandidateFrame.site_id].tolist()
    count = min(count, len(codes))
    by = min(by, count)
    islands, problem = Islands(world), problem_of(world, candidates, wishes(count=count))
    every = [set(choice) for choice in itertools.combinations(codes, count)]
    before: list[set[str]] = []
    with open_runner(1) as runner:
        chooser = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=60)
        rules: list[Condition] = []
        for turn in range(3):
            left = [choice for choice in every if all(len(choice - other) >= by for other in before)]
            if not left:
                with pytest.raises(InfeasibleError, match="(?i)differ from"):
                    chooser.choose(*rules)
                return
            found = chooser.choose(*rules)
            assert found.value == pytest.approx(max(map(islands.value, left)), abs=HAIR)
            before.append({code for code, taken in zip(codes, found.chosen, strict=True) if taken})
            assert before[-1] in left
            rules.append(differs(found.chosen, by, f"portfolio {turn + 1}"))


def halves(n_pcns: int) -> World:
    """PCNs that all share two pledges, so that none can be told by itself."""
    pcns = [f"P{i:02}" for i in range(n_pcns)]
    return make_world(
        pathways=[pathway("w", 2.0), pathway("v", 3.0, completion=0.5)],
        pledges=[pledge("a", "w;v", 25.0), led("b", "w", 6.0, 4.0, least=3.0)],
        demand={(pcn, path): 2 + at % 3 for at, pcn in enumerate(pcns) for path in ("w", "v")},
        weights={pcn: 1 + 0.1 * ((7 * at) % 5) for at, pcn in enumerate(pcns)},
        ceilings={pcn: 3.0 + at % 2 for at, pcn in enumerate(pcns)},
    )


def by_every_choice(world: World, problem: SiteProblem, count: int) -> float:
    """The best value over every choice, each plan solved as a match in which the others ask for nothing."""
    best = -np.inf
    for some in itertools.combinations(problem.site_ids, count):
        inside = world.demand[DemandFrame.pcn_code].isin(some)
        demand = world.demand.assign(demand_places=world.demand[DemandFrame.demand_places].where(inside, 0))
        best = max(best, world.change(demand=demand).solve().objective)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3])
def test_sites_that_share_all_their_hours(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """The sum of what sites could have alone is far above what they can have together."""
    world = halves(6)
    monkeypatch.setattr(World, "homes", lambda self: homes_of(self))
    problem = problem_of(world, candidates_of(world), wishes(count=count))
    found = choose(problem)
    assert found.status == "optimal"
    assert found.value == pytest.approx(by_every_choice(world, problem, count), abs=HAIR)


def homes_of(world: World) -> pd.DataFrame:
    codes = world.need["pcn_code"]
    return pd.DataFrame({"easting": np.arange(len(codes)) * 900.0, "northing": 0.0}, index=codes)


@pytest.mark.parametrize("what", ["only the relaxation", "plans in windows"])
def test_a_large_choice_is_bounded_and_kept_to(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """What is done where a model would be too large, on a world where it would not."""
    monkeypatch.setattr(World, "homes", lambda self: homes_of(self))
    world = halves(6)
    problem = problem_of(world, candidates_of(world), wishes(count=2, budget=6.0))
    best = choose(problem)
    if what == "only the relaxation":
        monkeypatch.setattr(search_module, "JOINT_LINKS", 0)
    else:
        monkeypatch.setattr(serve_module, "WHOLE_LINKS", 0)
    found = choose(problem)
    assert all(condition.holds(found.chosen) for condition in problem.conditions)
    assert found.value <= best.value + HAIR <= found.bound + 2 * HAIR
    assert found.value >= 0.9 * best.value


def test_sites_of_several_pcns() -> None:
    """A group is served as a whole: its PCNs share what reaches it."""
    world = make_world(
        pathways=[pathway("w", 1.0)],
        pledges=[pledge("a", "w", 5.0), pledge("b", "w", 4.0)],
        demand={("A", "w"): 3, ("B", "w"): 3, ("C", "w"): 5},
        reach={("a", "A"): 1.0, ("a", "B"): 1.0, ("b", "C"): 1.0},
    )
    candidates = candidates_of(world).iloc[:2].assign(site_id=["G1", "G2"], pcn_codes=["A;B", "C"])
    found = choose(problem_of(world, candidates, wishes(count=1)))
    assert found.chosen.tolist() == [True, False] and found.value == pytest.approx(5.0)
    found = choose(problem_of(world, candidates, wishes(count=1, must_exclude=("G1",))))
    assert found.chosen.tolist() == [False, True] and found.value == pytest.approx(4.0)


def test_pcns_of_no_site_get_nothing() -> None:
    world = make_world(
        pathways=[pathway("w", 1.0)], pledges=[pledge("a", "w", 5.0)], demand={("A", "w"): 2, ("B", "w"): 3}
    )
    problem = problem_of(world, candidates_of(world).iloc[:1], wishes(count=1))
    found = choose(problem)
    assert problem.match.by_pcn(found.places).tolist() == [2.0, 0.0] and found.value == pytest.approx(2.0)


def brute_clash(holds: Callable[[Sequence[int]], bool], count: int) -> int:
    """The size of the smallest set of conditions that cannot be met together."""
    for size in range(count + 1):
        if any(not holds(some) for some in itertools.combinations(range(count), size)):
            return size
    return 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_clash_that_is_named_is_the_smallest(data: st.DataObject) -> None:
    sites = data.draw(st.integers(2, 5))
    rows = data.draw(st.lists(st.tuples(*[st.integers(-1, 2)] * sites, st.integers(-2, 3)), min_size=1, max_size=6))
    conditions = [Condition.one(f"row {at}", np.array(row[:-1]), least=row[-1]) for at, row in enumerate(rows)]
    choices = [np.array(bits, dtype=bool) for bits in itertools.product((0, 1), repeat=sites)]

    def holds(some: Sequence[int]) -> bool:
        return any(all(conditions[at].holds(choice) for at in some) for choice in choices)

    clash = smallest_clash(conditions, np.ones(sites, dtype=bool))
    assert len(clash) == brute_clash(holds, len(conditions))
    if clash:
        assert not holds([conditions.index(condition) for condition in clash])


def test_conditions_that_clash_are_named_and_no_others() -> None:
    world = halves(6)
    candidates = candidates_of(world).assign(region_code=["X"] * 5 + ["Y"])
    quota = (
        QuotaParams(by="region", value="Y", at_least=2),
        QuotaParams(by="rurality", value="rural", at_most=6),
    )
    with pytest.raises(InfeasibleError) as caught:
        choose(problem_of(world, candidates, wishes(count=3, quota=quota, must_include=("P01",))))
    assert str(caught.value) == (
        "No choice of sites meets these conditions together: At least 2 in the region Y. Loosen one of them."
    )


def test_no_two_sites_are_nearer_than_the_spacing() -> None:
    """Rows that hold whole sets apart forbid exactly the pairs that are too near."""
    random = np.random.default_rng(3)
    world = halves(14)
    spots = random.integers(0, 20_000, (14, 2)).astype(float)
    candidates = candidates_of(world).assign(easting=spots[:, 0], northing=spots[:, 1])
    rule = build_conditions(candidates, wishes(count=2, spacing_km=7.0), count_by)[-1]
    for pair in itertools.combinations(range(14), 2):
        taken = np.isin(np.arange(14), pair)
        assert rule.holds(taken) == (np.hypot(*(spots[pair[0]] - spots[pair[1]])) >= 7_000)


def test_the_order_of_rows_and_the_workers_change_nothing() -> None:
    world = halves(5)
    candidates, params = candidates_of(world), wishes(count=2)
    first = choose(problem_of(world, candidates, params))
    mixed = world.change(
        pledges=world.pledges.iloc[::-1].reset_index(drop=True), demand=world.demand.sample(frac=1, random_state=1)
    )
    again = choose(problem_of(mixed, candidates, params))
    assert again.value == first.value and again.bound == first.bound
    assert (again.chosen == first.chosen).all() and (again.places == first.places).all()
    with open_runner(2) as runner:
        problem = problem_of(world, candidates, params)
        other = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=60).choose()
    assert (other.places == first.places).all() and other.bound == first.bound


def test_a_plan_without_time_is_no_plan_of_false_worth() -> None:
    world = halves(5)
    problem = problem_of(world, candidates_of(world), wishes(count=2))
    with open_runner(1) as runner:
        chooser = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=0.0)
        found = chooser.choose()
        assert found.chosen.sum() == 2 and found.bound >= choose(problem).value - HAIR
        assert serve(problem, found.chosen, runner, gap_share=0.0, time_limit_s=60).value >= found.value - HAIR


def found_at(value: float, bound: float) -> Portfolio:
    nothing = np.zeros(0)
    return Portfolio(chosen=nothing, places=nothing, courses=nothing, value=value, bound=bound, status="optimal")


def test_a_later_portfolio_that_is_worth_more_is_not_called_best_on_its_own_bound() -> None:
    """Its bound held only for those that differ from the first, and it was told as proven best of all."""
    first, second = _best_first([found_at(99.0, 101.0), found_at(100.0, 100.0)], 0.02)
    assert (first.value, first.bound, first.status) == (100.0, 101.0, "within gap")
    assert (second.value, second.bound) == (99.0, 101.0)
    plain = _best_first([found_at(100.0, 100.0), found_at(98.0, 105.0)], 0.01)
    assert [(one.value, one.bound) for one in plain] == [(100.0, 100.0), (98.0, 100.0)]
    assert [one.status for one in plain] == ["optimal", "stopped"]


def test_a_plan_found_without_time_is_not_remembered() -> None:
    """A second search with time was given the hurried plan of the first."""
    world = halves(5)
    problem = problem_of(world, candidates_of(world), wishes(count=2))
    with open_runner(1) as runner:
        chooser = Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=0.0)
        chooser.choose()
        assert chooser.served == {}
        chooser.time_limit_s = 60.0
        assert chooser.choose().value == pytest.approx(choose(problem).value)


def test_a_hurried_plan_below_the_least_coverage_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the solver finds nothing in time, places are filled by their worth, which knows nothing of coverage."""
    monkeypatch.setattr(serve_module, "solve_linear", lambda *model, **limits: None)
    world = halves(5)
    problem = problem_of(world, candidates_of(world), wishes(count=2, min_coverage=1.0))
    with open_runner(1) as runner:
        assert serve(problem, np.array([True, True, False, False, False]), runner, gap_share=0, time_limit_s=0) is None


def test_the_bound_of_a_site_alone_is_no_lower_than_its_best_plan() -> None:
    for seed in range(6):
        world = seeded_archipelago(seed, 2)
        candidates = candidates_of(world)
        islands, problem = Islands(world), problem_of(world, candidates, wishes(count=1))
        alone = Alone.relaxed(problem)
        best = np.array([islands.value([code]) for code in problem.site_ids])
        assert (alone.worth >= best - HAIR).all()
        with open_runner(1) as runner:
            alone.make_whole(range(len(best)), runner)
        assert (alone.worth >= best - HAIR).all()
