"""The draws of the assumptions, held against matches that the stages make anew and against trying every plan."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_worlds import EXACT, PERIOD, World, halls, make_frame, seeded_archipelago
from test_locate import Islands, candidates_of

from geomap import need as need_module
from geomap.config import LinkWorkerParams, NeedParams, PathwayParams, RobustParams, load_default
from geomap.demand import bound_places, build_pathways, estimate_ceilings, estimate_demand, share_places
from geomap.errors import InfeasibleError
from geomap.locate import Condition, SiteProblem
from geomap.match import MatchProblem
from geomap.offers import link_offers
from geomap.robust import DrawSource, FullParams, RobustTables, draw_choices, draw_factors, fill_pledges, list_detours
from geomap.robust import draws as draws_module
from geomap.robust import quick as quick_module
from geomap.robust.factors import AS_IT_IS, Factors, list_ends
from geomap.robust.quick import Answer, Chunk, answer_chunk, price_world
from geomap.robust.relax import Layout, Relaxed
from geomap.robust.store import Store, digest, forget_draws
from geomap.robust.tables import judge
from geomap.robust.world import World as DrawnWorld
from geomap.runner import open_runner
from geomap.schema import (
    AgeShareFrame,
    CandidateFrame,
    CeilingFrame,
    DemandFrame,
    DrawFrame,
    FlipFrame,
    NeedFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
    RegretFrame,
    RobustnessFrame,
    WorkforceFrame,
)
from geomap.schema.words import ASSUMPTIONS, LIST_SEPARATOR

HAIR = 1e-6
SHIPPED = RobustParams.model_validate(load_default("sites")["robustness"])
NEED = NeedParams.model_validate(load_default("need")["need"])
FULL = FullParams(gap_share=0.0, time_limit_s=60.0)
_PERCENTILES = {
    "imd": NeedFrame.imd_percentile, "inactivity": NeedFrame.inactive_percentile,
    "long_term": NeedFrame.long_term_percentile, "aged_65": NeedFrame.aged_65_percentile,
}  # fmt: skip


def wide(**told: object) -> RobustParams:
    """Wider ranges than those shipped, so that small worlds change with the draw."""
    ranges = {
        "weight_imd": (0.0, 3.0), "weight_inactivity": (0.2, 2.0), "weight_long_term": (0.5, 1.5),
        "weight_aged_65": (0.5, 1.5), "uptake": (0.5, 2.0), "completion": (0.5, 2.0), "fill": (0.5, 1.5),
        "caseload": (0.5, 2.0), "detour": (0.6, 1.4),
    }  # fmt: skip
    return RobustParams.model_validate({"draws": 8, "seed": 3, "full_draws": 0, "ranges": ranges} | told)


class Small:
    """Random islands whose demand follows from referrals and whose need follows from percentiles."""

    def __init__(self, seed: int, islands: int = 3, *, shared: bool = False) -> None:
        random = np.random.default_rng(seed)
        world = seeded_archipelago(seed, islands)
        codes = world.need[NeedFrame.pcn_code]
        percentiles = pd.DataFrame({name: random.random(len(codes)) for name in _PERCENTILES})
        percentiles = percentiles.mask(random.random(percentiles.shape) < 0.15)
        self.need = world.need.assign(**{_PERCENTILES[name]: percentiles[name] for name in _PERCENTILES})
        self.pathways = world.pathways
        uptake = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
        asked = world.demand[DemandFrame.demand_places] / world.demand[DemandFrame.pathway_id].map(uptake)
        self.demand = world.demand.assign(**{DemandFrame.target_referrals: asked})
        basis = pd.Series(np.where(random.random(len(codes)) < 0.1, "excluded", "reported"), dtype="str")
        self.ceilings = world.ceilings.assign(**{CeilingFrame.fte_basis: basis})
        self.pledges, self.reach = world.pledges, world.reach
        self.ages = make_frame(AgeShareFrame, [])
        if shared:
            self._share(random)

    def _share(self, random: np.random.Generator) -> None:
        """Pledges given at one hall reach the same people, and some take only the older of them."""
        halls_of = {pledge: random.choice(["near", "far"]) for pledge in self.pledges[PledgeFrame.pledge_id]}
        self.reach = self.reach.assign(
            **{ReachFrame.catchment: self.reach[ReachFrame.pledge_id].map(halls_of).astype("str")}
        )
        older = random.random(len(self.pledges)) < 0.4
        self.pledges = self.pledges.assign(**{PledgeFrame.age_min: np.where(older, 50.0, np.nan)})
        rows = [(code, *band, int(random.integers(1, 9))) for code in self.need[NeedFrame.pcn_code]
                for band in ((0, 49), (50, 120))]  # fmt: skip
        self.ages = pd.DataFrame(rows, columns=list(AgeShareFrame.to_schema().columns))

    def reach_at(self, detour: float) -> pd.DataFrame:
        """The longer the way, the fewer are reached; some nobody."""
        share = self.reach[ReachFrame.reach_share] * (1.6 - 0.6 * detour)
        far = (detour > 1.2) & (self.reach.index % 3 == 0)
        return self.reach.assign(**{ReachFrame.reach_share: share.clip(upper=1.0)})[~far].reset_index(drop=True)

    def offers(self, pledges: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return link_offers(pledges, halls(), self.pathways, period=PERIOD, params=EXACT)

    def source(self, params: RobustParams) -> DrawSource:
        offers, _ = self.offers(fill_pledges(self.pledges, params.ranges.get("fill", (1.0, 1.0))[1]))
        kept = {"pledges": self.pledges, "pathways": self.pathways, "ages": self.ages}
        return DrawSource(
            need=self.need,
            need_params=NEED,
            demand=self.demand,
            ceilings=self.ceilings,
            pathways=self.pathways,
            pledges=self.pledges,
            offers=offers,
            links={at: share_places(offers, self.reach_at(at), **kept) for at in list_detours(params)},
        )

    def at(self, factors: Factors) -> World:
        """The tables that the ordinary stages make of changed parameters."""
        pathways = self.pathways.copy()
        for column, name in ((PathwayFrame.uptake_share, "uptake"), (PathwayFrame.completion_share, "completion")):
            pathways[column] = (pathways[column] * factors[name]).clip(upper=1.0)
        uptake = pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
        starts = self.demand[DemandFrame.target_referrals] * self.demand[DemandFrame.pathway_id].map(uptake)
        left_out = self.ceilings.loc[self.ceilings[CeilingFrame.fte_basis].eq("excluded"), CeilingFrame.pcn_code]
        places = np.floor(starts + 0.5).mask(self.demand[DemandFrame.pcn_code].isin(left_out), 0.0).astype("int64")
        ceilings = self.ceilings.copy()
        ceilings[CeilingFrame.ceiling_referrals] *= factors["caseload"]
        weights = pd.Series({name: weight * factors[f"weight_{name}"] for name, weight in NEED.weights})
        known = self.need[list(_PERCENTILES.values())].set_axis(list(_PERCENTILES), axis=1)
        index, _ = need_module._index(known, weights)
        need = self.need.assign(
            **{NeedFrame.need_index: index, NeedFrame.weight: NEED.weight_floor + NEED.weight_span * index}
        )
        fill = (self.pledges[PledgeFrame.fill_share] * factors["fill"]).clip(upper=1.0)
        pledges = self.pledges.assign(**{PledgeFrame.fill_share: fill})
        demand = self.demand.assign(**{DemandFrame.starts: starts, DemandFrame.demand_places: places})
        offers, ineligible = self.offers(pledges)
        reach = self.reach_at(factors["detour"])
        caps = bound_places(offers, reach, demand, pledges=pledges, pathways=pathways, ages=self.ages)
        return World(
            pledges=pledges, pathways=pathways, reach=reach, demand=demand, ceilings=ceilings, need=need,
            offers=offers, ineligible=ineligible, caps=caps,
        )  # fmt: skip

    def candidates(self) -> pd.DataFrame:
        return candidates_of(self.at(AS_IT_IS))

    def sites(self, count: int, *more: Condition, min_coverage: float = 0.0) -> SiteProblem:
        world, every = self.at(AS_IT_IS), np.ones(len(self.need))
        choose = Condition.one(f"choose {count} sites", every, least=count, most=count)
        return SiteProblem.from_frames(
            world.problem(), self.candidates(), (choose, *more), world.homes(), min_coverage=min_coverage
        )


def test_a_draw_depends_on_the_seed_and_its_number_alone() -> None:
    few, many = wide(draws=3), wide(draws=300)
    assert [draw_factors(few, k) for k in range(4)] == [draw_factors(many, k) for k in range(4)]
    assert draw_factors(few, 1) != draw_factors(few, 2)
    assert draw_factors(few, 1) != draw_factors(wide(seed=4), 1)
    assert draw_factors(few, 0) == dict.fromkeys(ASSUMPTIONS, 1.0)
    still = wide(ranges={"caseload": (0.5, 2.0)})
    assert draw_factors(still, 5)["caseload"] == draw_factors(few, 5)["caseload"], "another range shifts no stream"
    assert {factor for name, factor in draw_factors(still, 5).items() if name != "caseload"} == {1.0}


def test_draws_lie_evenly_between_the_ends() -> None:
    drawn = pd.DataFrame([draw_factors(SHIPPED, k) for k in range(1, 2001)])
    for name, (low, high) in SHIPPED.ranges.items():
        assert drawn[name].between(low, high).all()
        assert drawn[name].mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))
    assert set(drawn["detour"]) == {0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2} == set(list_detours(SHIPPED))


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (0.9, 1.0), (1.0, 1.3), (0.77, 1.31), (0.99, 2.0)])
def test_the_detours_have_both_ends_and_the_scenario(low: float, high: float) -> None:
    found = list_detours(wide(ranges={"detour": (low, high)}))
    assert {low, 1.0, high} <= set(found) and list(found) == sorted(found) and len(found) <= 8


def told(match: MatchProblem) -> pd.DataFrame:
    """Every link that has a place, by its keys, with all that bounds it."""
    offer, cell = match.link_offer, match.link_cell
    pledge, pathway = match.offer_pledge[offer], match.cell_pathway[cell]
    kept = np.flatnonzero(match.link_cap > 0)
    table = {
        "pledge": match.pledge_ids[pledge], "pathway": match.pathway_ids[pathway],
        "pcn": match.pcn_codes[match.link_pcn], "cap": match.link_cap, "value": match.link_value,
        "pool": match.pool_hours[pledge], "hours": match.offer_hours[offer], "places": match.offer_places[offer],
        "least": match.offer_min_group[offer], "led": match.offer_led[offer], "demand": match.cell_demand[cell],
        "ceiling": match.ceiling[match.link_pcn], "uptake": match.uptake[pathway],
        "completion": match.completion[pathway], "minutes": match.link_minutes,
    }  # fmt: skip
    frame = pd.DataFrame(table).iloc[kept]
    for level, name in enumerate(("alike", "near")):
        catchment = match.link_catchment[level, kept]
        frame[f"{name} places"] = match.catchment_cap[catchment]
        keys = pd.Series(frame["pledge"] + frame["pathway"], index=frame.index)
        frame[f"{name} with"] = keys.groupby(catchment).transform(lambda some: " ".join(sorted(some)))
    return frame.sort_values(["pledge", "pathway", "pcn"], ignore_index=True)


@pytest.mark.parametrize("seed", range(3))
def test_the_match_of_a_draw_is_that_of_the_stages_run_anew(seed: int) -> None:
    small, params = Small(seed, shared=True), wide()
    source = small.source(params)
    sites = small.sites(2)
    links = 0
    for draw in range(5):
        factors = draw_factors(params, draw)
        stated = DrawnWorld.build(source, factors["detour"], params).state(factors)
        anew = small.at(factors).problem()
        pd.testing.assert_frame_equal(told(stated), told(anew), rtol=1e-12)
        every = np.ones(len(sites.site_ids), dtype=bool)
        worth = [Relaxed(Layout.build(match, sites), match).worth(every) for match in (stated, anew)]
        assert worth[0] == pytest.approx(worth[1], abs=HAIR)
        links += len(told(stated))
    assert links > 10


def test_demand_ceilings_and_places_are_those_of_their_stages() -> None:
    """Worked from the published tables on, by the stages' own functions with changed parameters."""
    factors = {**AS_IT_IS, "uptake": 1.7, "caseload": 0.8}
    ages = pd.DataFrame(
        [("U1", 18, 64, 333), ("U1", 65, 120, 58), ("U2", 18, 64, 90), ("U2", 65, 120, 7)],
        columns=list(AgeShareFrame.to_schema().columns),
    )
    plain = {"name": "Walk", "weeks": 1, "sessions_per_week": 1, "session_hours": 1, "venue_types": ["hall"]}
    plain |= {"referral_share": 0.1, "uptake_share": 0.67, "completion_share": 0.5}
    walk = PathwayParams.model_validate(plain | {"eligible": {"age_min": 18}})
    dance = PathwayParams.model_validate(plain | {"eligible": {"age_min": 65}, "uptake_share": 0.3})
    small = Small(1)
    need = small.need.iloc[:2].assign(**{NeedFrame.pcn_code: ["U1", "U2"]})
    workforce = pd.DataFrame({WorkforceFrame.pcn_code: ["U1"], WorkforceFrame.link_worker_fte: [1.3]})
    workers = LinkWorkerParams(caseload=225, caseload_share=0.25, not_reported="median")

    def made(change: Factors) -> tuple[pd.DataFrame, pd.DataFrame]:
        catalogue = {"walk": walk, "dance": dance}
        for name, told_ in catalogue.items():
            uptake = min(told_.uptake_share * change["uptake"], 1.0)
            catalogue[name] = told_.model_copy(update={"uptake_share": uptake})
        more = workers.model_copy(update={"caseload": workers.caseload * change["caseload"]})
        codes = need[NeedFrame.pcn_code]
        return estimate_demand(catalogue, need, ages, None)[0], estimate_ceilings(codes, workforce, more)[0]

    demand, ceilings = made(AS_IT_IS)
    none = small.pledges.iloc[:0]
    pathways = build_pathways({"walk": walk, "dance": dance})
    offers = link_offers(none, halls(), pathways, period=PERIOD, params=EXACT)[0]
    links = share_places(offers, small.reach.iloc[:0], pledges=none, pathways=pathways, ages=ages)
    source = DrawSource(
        need=need, need_params=NEED, demand=demand, ceilings=ceilings, pathways=pathways, pledges=none, offers=offers,
        links={1.0: links},
    )  # fmt: skip
    stated = DrawnWorld.build(source, 1.0, wide()).state(factors)
    demand, ceilings = made(factors)
    assert stated.cell_demand.tolist() == demand[DemandFrame.demand_places].tolist()
    assert stated.uptake.tolist() == [0.3 * 1.7, 1.0]
    assert stated.ceiling == pytest.approx(ceilings[CeilingFrame.ceiling_referrals].to_numpy(), rel=1e-12)


def answers_of(small: Small, sites: SiteProblem, params: RobustParams, *portfolios: np.ndarray) -> list[Answer]:
    """The quick answer to each draw, in one chunk a draw."""
    source = small.source(params)
    found = []
    for draw in range(params.draws + 1):
        factors = draw_factors(params, draw)
        world = DrawnWorld.build(source, factors["detour"], params)
        inside = replace(sites, match=world.base)
        prices = price_world((world, inside))
        chunk = Chunk(world=world, sites=inside, prices=prices, draws=(factors,), portfolios=portfolios)
        found += answer_chunk(chunk)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_no_portfolio_of_a_draw_passes_its_bound(seed: int) -> None:
    """Every choice of sites and every plan of every draw is tried."""
    small, params, count = Small(seed, islands=2), wide(draws=5), 2
    sites = small.sites(count)
    codes = sites.site_ids.tolist()
    if len(codes) < count:
        pytest.skip("too few sites")
    for draw, answer in enumerate(answers_of(small, sites, params)):
        islands = Islands(small.at(draw_factors(params, draw)))
        best = max(islands.value(choice) for choice in itertools.combinations(codes, count))
        assert best <= answer.bound + HAIR
        assert islands.value([codes[at] for at in answer.chosen]) <= answer.value + HAIR
        assert answer.value <= answer.bound and len(answer.chosen) == count


def best_relaxed(small: Small, sites: SiteProblem, factors: Factors) -> float:
    """The most that any sites are worth together in the relaxation, from trying all of them on the match made anew."""
    match = small.at(factors).problem()
    relaxed = Relaxed(Layout.build(match, sites), match)
    count = len(sites.site_ids)
    choices = (np.isin(np.arange(count), some) for some in itertools.combinations(range(count), 3))
    return max(relaxed.worth(some) for some in choices if all(rule.holds(some) for rule in sites.conditions))


@pytest.mark.parametrize("seed", range(3))
def test_sites_that_want_the_same_hours_are_chosen_together(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of the quick way is the best that any three sites are worth together, and its own are worth that."""
    monkeypatch.setattr(quick_module, "NEAR_SHARE", 0.0)
    small, params = Small(seed, islands=3, shared=True), wide(draws=4)
    half = (np.arange(len(small.need)) % 2 == 0).astype(float)
    sites = small.sites(3, Condition.one("at most two of half", half, most=2))
    for draw, answer in enumerate(answers_of(small, sites, params)):
        best = best_relaxed(small, sites, draw_factors(params, draw))
        assert answer.bound >= best - HAIR
        assert answer.value == pytest.approx(best, rel=2e-5, abs=HAIR)
        assert answer.bound == pytest.approx(best, rel=2e-5, abs=HAIR)


@pytest.mark.parametrize("seed", range(3))
def test_any_prices_and_any_charge_bound_what_sites_are_worth(seed: int) -> None:
    small = Small(seed, shared=True)
    sites, match = small.sites(2), small.at(AS_IT_IS).problem()
    relaxed = Relaxed(Layout.build(match, sites), match)
    random = np.random.default_rng(seed)
    alone = np.array([relaxed.worth(np.arange(relaxed.sites) == at) for at in range(relaxed.sites)])
    rows, exact = relaxed.price(np.arange(relaxed.sites))
    prices = np.zeros(len(relaxed.limit))
    prices[rows] = exact
    assert relaxed.bound(prices) == pytest.approx(alone, abs=HAIR), "its own prices bound it exactly"
    for _ in range(10):
        anyhow = prices * random.choice([0.0, 0.5, 1.0, 2.0], len(prices))
        assert (relaxed.bound(anyhow) >= alone - HAIR).all()
        chosen, other = (random.random(relaxed.sites) < 0.5 for _ in range(2))
        value, cut = relaxed.join(chosen, anyhow)
        assert cut.constant + cut.worth[chosen].sum() == pytest.approx(value, abs=HAIR)
        assert cut.constant + cut.worth[other].sum() >= relaxed.worth(other) - HAIR


def test_least_coverage_is_asked_of_each_site_alone() -> None:
    small, params = Small(0, islands=3), wide(draws=2)
    sites = small.sites(1, min_coverage=0.7)
    for draw, answer in enumerate(answers_of(small, sites, params)):
        match = small.at(draw_factors(params, draw)).problem()
        relaxed = Relaxed(Layout.build(match, sites), match)
        least = np.ceil(0.7 * match.pcn_demand - 1e-9)
        served = np.unique(match.link_pcn)
        can = np.isin(np.arange(relaxed.sites), [at for at in served if relaxed.can_cover(at, match, least)])
        can |= least == 0
        alone = np.array([relaxed.worth(np.arange(relaxed.sites) == at) for at in range(relaxed.sites)])
        assert 0 < can.sum() < len(can) and can[list(answer.chosen)].all()
        assert answer.bound == pytest.approx(alone[can].max(), rel=1e-4)


def test_a_draw_in_which_the_conditions_clash_says_so() -> None:
    small = Small(0, islands=1)
    twice = Condition.one("choose two of one", np.eye(1, len(small.need))[0], least=2)
    with pytest.raises(InfeasibleError, match="no choice of sites"):
        answers_of(small, small.sites(1, twice), wide(draws=0))


@cache
def eleven() -> tuple[Small, SiteProblem, pd.DataFrame]:
    small = Small(11)
    return small, small.sites(2), small.candidates()


def run(
    params: RobustParams, workers: int | None = 1, *, kept: Path | None = None,
    progress: Callable[[str], None] = lambda text: None, portfolios: Sequence[np.ndarray] = (),
) -> RobustTables:
    small, sites, candidates = eleven()
    portfolios = portfolios or [np.arange(len(sites.site_ids)) < 2, np.arange(len(sites.site_ids)) >= 7]
    with open_runner(workers) as runner:
        return draw_choices(
            small.source(params), sites, params, runner, candidates=candidates, portfolios=portfolios,
            full=FULL, kept=kept, progress=progress,
        )  # fmt: skip


def same(one: RobustTables, other: RobustTables) -> None:
    for name in ("draws", "robustness", "regrets", "flips"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert one.notes == other.notes


@pytest.fixture(scope="module")
def tables() -> RobustTables:
    return run(wide(draws=11, full_draws=3))


class TestTables:
    def test_they_are_of_their_schemas(self, tables: RobustTables) -> None:
        for model, frame in (
            (DrawFrame, tables.draws), (RobustnessFrame, tables.robustness), (RegretFrame, tables.regrets),
            (FlipFrame, tables.flips),
        ):  # fmt: skip
            model.validate(frame)
            assert len(frame)
        assert len(tables.draws) == 12 and len(tables.flips) == 2 * len(ASSUMPTIONS)

    def test_shares_are_told_from_the_draws(self, tables: RobustTables) -> None:
        lists = tables.draws[DrawFrame.sites].iloc[1:].str.split(LIST_SEPARATOR)
        share = lists.explode().value_counts() / 11
        rows = tables.robustness.set_index(RobustnessFrame.site_id)
        told_ = rows[RobustnessFrame.share_of_draws]
        assert told_[told_ > 0].to_dict() == share.to_dict()
        assert told_.sum() == pytest.approx(2), "two sites in each draw"
        assert told_.is_monotonic_decreasing
        error = np.sqrt(told_ * (1 - told_) / 11)
        assert rows[RobustnessFrame.error_share].to_numpy() == pytest.approx(error.to_numpy())
        assert set(rows.index[rows[RobustnessFrame.chosen]]) == set(eleven()[1].site_ids[:2])

    def test_factors_of_one_are_the_scenario(self, tables: RobustTables) -> None:
        first, sites = tables.draws.iloc[0], eleven()[1]
        relaxed = Relaxed(Layout.build(sites.match, sites), sites.match)
        chosen = np.isin(sites.site_ids, first[DrawFrame.sites].split(LIST_SEPARATOR))
        assert first[list(ASSUMPTIONS)].eq(1).all()
        assert first[DrawFrame.value] == pytest.approx(relaxed.worth(chosen), abs=HAIR)
        still = run(wide(draws=5, ranges={}))
        assert still.draws[DrawFrame.value].nunique() == 1 and still.draws[DrawFrame.sites].nunique() == 1
        assert set(still.robustness[RobustnessFrame.share_of_draws]) <= {0.0, 1.0}
        assert still.flips[FlipFrame.change_share].eq(0).all() and still.flips[FlipFrame.entered].eq("").all()

    def test_draws_solved_in_full_lie_below_the_bound_of_the_relaxation(self, tables: RobustTables) -> None:
        full = tables.draws[tables.draws[DrawFrame.full_value].notna()]
        assert full[DrawFrame.draw].tolist() == [1, 6, 11]
        assert (full[DrawFrame.full_value] <= full[DrawFrame.full_bound] + HAIR).all()
        assert (full[DrawFrame.full_value] <= full[DrawFrame.bound] + HAIR).all()
        assert any("3 of the draws were also solved in full" in note for note in tables.notes)

    def test_regret_is_what_a_portfolio_falls_short_of_the_bound(self, tables: RobustTables) -> None:
        rows = tables.regrets
        assert rows[RegretFrame.draws].tolist() == [11, 11]
        assert (rows[RegretFrame.mean_share] <= rows[RegretFrame.worst_share]).all()
        assert (rows[RegretFrame.p95_share] <= rows[RegretFrame.worst_share]).all()
        (small, sites, _), params = eleven(), wide(draws=11)
        first = np.arange(len(sites.site_ids)) < 2
        lost = []
        for draw in range(1, 12):
            match = small.at(draw_factors(params, draw)).problem()
            worth = Relaxed(Layout.build(match, sites), match).worth(first)
            bound = tables.draws[DrawFrame.bound].iloc[draw]
            lost.append(1 - worth / bound if bound else 0.0)
        assert rows[RegretFrame.mean_share].iloc[0] == pytest.approx(np.mean(lost), abs=HAIR)
        assert rows[RegretFrame.worst_share].iloc[0] == pytest.approx(max(lost), abs=HAIR)

    def test_each_end_is_told_against_the_scenario(self, tables: RobustTables) -> None:
        usual = set(tables.draws[DrawFrame.sites].iloc[0].split(LIST_SEPARATOR))
        assert [f[0] for f in list_ends(wide())] == tables.flips[FlipFrame.assumption].tolist()
        flips = tables.flips.set_index([FlipFrame.assumption, FlipFrame.end])
        assert flips.at[("uptake", "high"), FlipFrame.factor] == 2.0
        assert flips.at[("caseload", "low"), FlipFrame.change_share] <= HAIR, "fewer referrals help nobody"
        assert flips.at[("completion", "low"), FlipFrame.change_share] == pytest.approx(-0.5)
        for entered, left in tables.flips[[FlipFrame.entered, FlipFrame.left]].itertuples(index=False):
            coming, going = ({code for code in text.split(LIST_SEPARATOR) if code} for text in (entered, left))
            assert len(coming) == len(going) and going <= usual and not coming & usual

    def test_no_draws_leave_shares_and_regret_empty(self) -> None:
        none = run(wide(draws=0))
        assert none.robustness.empty and none.regrets.empty and len(none.draws) == 1


@pytest.mark.parametrize(
    ("chosen", "draws", "verdict"),
    [(8, 10, "core"), (799, 1000, "contested"), (800, 1000, "core"), (2, 10, "fragile"), (201, 1000, "contested"),
     (0, 5, "fragile"), (5, 5, "core"), (3, 15, "fragile"), (12, 15, "core")],
)  # fmt: skip
def test_the_edges_of_the_verdicts(chosen: int, draws: int, verdict: str) -> None:
    assert judge(chosen, draws) == verdict


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, None])
def test_the_figures_are_the_same_for_any_number_of_workers(workers: int | None, tables: RobustTables) -> None:
    same(run(wide(draws=11, full_draws=3), workers), tables)


class TestResume:
    PARAMS = wide(draws=14, full_draws=2, ranges={"uptake": (0.5, 2.0), "fill": (0.6, 1.4), "detour": (1.0, 1.4)})

    @pytest.fixture
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Draws that were answered, a number a chunk."""
        done: list[int] = []

        def counting(chunk: Chunk) -> list[Answer]:
            done.append(len(chunk.draws))
            return answer_chunk(chunk)

        monkeypatch.setattr(draws_module, "answer_chunk", counting)
        monkeypatch.setattr(draws_module, "CHUNK", 4)
        return done

    @staticmethod
    def stop(after: int) -> Callable[[str], None]:
        def progress(text: str) -> None:
            seen.append(text)
            if len(seen) == after:
                raise KeyboardInterrupt

        seen: list[str] = []
        return progress

    def test_a_run_that_was_stopped_takes_up_where_it_was(self, tmp_path: Path, counted: list[int]) -> None:
        whole = run(self.PARAMS)
        every = sum(counted)
        assert every == 15 + 2 * len(ASSUMPTIONS)
        counted.clear()
        with pytest.raises(KeyboardInterrupt):
            run(self.PARAMS, kept=tmp_path, progress=self.stop(after=5))
        before = sum(counted)
        assert 0 < before < every
        same(run(self.PARAMS, kept=tmp_path), whole)
        assert sum(counted) == every, "no draw is answered twice"
        counted.clear()
        same(run(self.PARAMS, kept=tmp_path), whole)
        assert counted == []
        assert {file.suffix for file in tmp_path.iterdir()} == {".json"}, "nothing half-written is left"

    def test_a_damaged_file_is_drawn_again(self, tmp_path: Path, counted: list[int]) -> None:
        whole = run(self.PARAMS, kept=tmp_path)
        files = sorted(tmp_path.iterdir())
        texts = [file.read_text() for file in files]
        chunks = [at for at, text in enumerate(texts) if '"held"' in text]
        files[chunks[0]].write_text(texts[chunks[0]][:-9])
        changed = json.loads(texts[chunks[1]])
        changed["kept"][0]["value"] += 1
        files[chunks[1]].write_text(json.dumps(changed))
        files[chunks[2]].write_text("[]")
        counted.clear()
        same(run(self.PARAMS, kept=tmp_path), whole)
        assert len(counted) == 3
        assert [file.read_text() for file in files] == texts

    def test_other_draws_or_portfolios_are_not_taken_for_these(self, tmp_path: Path, counted: list[int]) -> None:
        run(self.PARAMS, kept=tmp_path)
        counted.clear()
        run(self.PARAMS.model_copy(update={"seed": 9}), kept=tmp_path)
        assert sum(counted) >= 14
        counted.clear()
        run(self.PARAMS, kept=tmp_path, portfolios=[np.arange(len(eleven()[0].need)) == 0])
        assert sum(counted) == 15 + 2 * len(ASSUMPTIONS)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="Choose a folder"):
        Store(folder=tmp_path / "file").write("key", [1])
    assert Store(folder=None).read("key") is None


def test_a_digest_tells_values_kinds_and_lengths_apart() -> None:
    things = [
        1, 1.0, "1", "", None, [1], (1, 1), [[1], 1], [1, [1]], {"a": 1}, {"b": 1}, np.array([1]), np.array([1.0]),
        np.array([[1]]), np.array(["ab", "c"], dtype=object), np.array(["a", "bc"], dtype=object),
    ]  # fmt: skip
    assert len({digest(thing) for thing in things}) == len(things)
    assert digest(np.arange(3), {"a": 1.5}) == digest(np.arange(3), {"a": 1.5})
    assert digest("a", "bc") != digest("ab", "c")


def test_candidates_stand_in_the_order_of_the_sites() -> None:
    _, sites, candidates = eleven()
    assert candidates[CandidateFrame.site_id].tolist() == sites.site_ids.tolist()


def test_only_draws_are_forgotten(tmp_path: Path) -> None:
    """A folder of that name may hold what is not ours."""
    kept = tmp_path / "results.draws"
    Store(folder=kept).write("0" * 64, [1, 2])
    (kept / "my notes.txt").write_text("mine", encoding="utf-8")
    forget_draws(kept)
    assert [path.name for path in kept.iterdir()] == ["my notes.txt"]
    (kept / "my notes.txt").unlink()
    forget_draws(kept)
    assert not kept.exists()
    forget_draws(kept)
