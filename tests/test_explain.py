"""Why sites are chosen: parts add up, changes are those that trying everything finds, no number is made up."""

from __future__ import annotations

import functools
import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from exhaustive import best_value
from small_worlds import World, draw_inputs, make_archipelago, make_frame, pledge, reach_row

from geomap.config import LinkWorkerParams, NeedParams
from geomap.errors import SolveError
from geomap.explain import Explained, ExplainSources, explain_sites
from geomap.explain.levers import STEPS, Levers
from geomap.explain.parts import split_weights
from geomap.explain.reasons import DIGITS, Story, figure, tell_site
from geomap.few import say_expected, say_people
from geomap.locate import Chooser, Condition, Portfolio, SiteProblem
from geomap.runner import open_runner
from geomap.schema import (
    CandidateFrame,
    CapFrame,
    CeilingFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
)

NEED = NeedParams(
    conditions=(), weight_floor=0.5, weight_span=1.0,
    weights={"imd": 0.4, "inactivity": 0.2, "long_term": 0.3, "aged_65": 0.1},
)  # fmt: skip
WORKERS = LinkWorkerParams(caseload=40, caseload_share=0.25, not_reported="median")
HOURS_NOW = 12.0
NEAR = 1e-5
SEEDS = range(6)
NUMBERS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def seeded_world(seed: int) -> World:
    """A random world of 3 PCNs whose weights come from indicators and whose ceilings from link workers."""
    random = np.random.default_rng(seed)
    inputs = draw_inputs(lambda options: options[int(random.integers(len(options)))], "", scarce=True)
    for row in inputs["need"]:
        known = random.random(3) < 0.8
        row[NeedFrame.imd_percentile] = round(random.random(), 2) if known[0] else None
        row[NeedFrame.long_term_percentile] = round(random.random(), 2) if known[1] else None
        row[NeedFrame.aged_65_percentile] = round(random.random(), 2) if known[2] else None
        told = [
            (row[column], share)
            for column, share in (
                (NeedFrame.imd_percentile, 0.4), (NeedFrame.long_term_percentile, 0.3),
                (NeedFrame.aged_65_percentile, 0.1),
            )
            if row[column] is not None
        ]  # fmt: skip
        index = sum(v * s for v, s in told) / sum(s for _, s in told) if told else 0.5
        row |= {NeedFrame.need_index: index, NeedFrame.weight: 0.5 + index}
    for row in inputs["ceilings"]:
        fte = float(random.choice([0.0, 0.2, 0.3, 0.45, 1.2]))
        row |= {CeilingFrame.link_worker_fte: fte, CeilingFrame.ceiling_referrals: fte * 10}
    return make_archipelago([inputs])


def candidates_of(sites: dict[str, str]) -> pd.DataFrame:
    c = CandidateFrame
    return pd.DataFrame(
        {c.site_id: list(sites), c.site_name: [f"Site {s}" for s in sites], c.pcn_codes: list(sites.values())}
    ).assign(**{c.hours_in_reach: HOURS_NOW})


def explain(
    world: World, sites: dict[str, str], count: int, *, gap_share: float = 0.0
) -> tuple[Explained, Portfolio, SiteProblem]:
    every = np.ones(len(sites))
    conditions = [Condition.one(f"choose {count} sites", every, least=count, most=count)]
    candidates = candidates_of(sites)
    problem = SiteProblem.from_frames(world.problem(), candidates, conditions, world.homes())
    sources = ExplainSources(
        candidates=candidates, need=world.need, ceilings=world.ceilings, pathways=world.pathways, need_params=NEED,
        link_workers=WORKERS,
    )  # fmt: skip
    with open_runner(1) as runner:
        chooser = Chooser(problem=problem, runner=runner, gap_share=gap_share, time_limit_s=60)
        portfolio = chooser.choose()
        return explain_sites(sources, chooser, portfolio, list(sites)), portfolio, problem


ABC = {"A": "A", "B": "B", "C": "C"}


@functools.cache
def explain_seeded(seed: int) -> tuple[Explained, Portfolio, SiteProblem]:
    """One site, or two, of three."""
    return explain(seeded_world(seed), ABC, 1 + seed % 2)


def with_lever(world: World, pcns: list[str], lever: str, value: float) -> World:
    """The world with the lever of one site set, made in the input tables."""
    if lever == "link_workers":
        table = world.ceilings.copy()
        mine = table[CeilingFrame.pcn_code].isin(pcns)
        fte = table.loc[mine, CeilingFrame.link_worker_fte]
        patients = world.need.set_index(NeedFrame.pcn_code)[NeedFrame.patients].reindex(pcns).to_numpy(dtype=float)
        share = fte / fte.sum() if fte.sum() > 0 else patients / patients.sum()
        table.loc[mine, CeilingFrame.ceiling_referrals] = value * share * 10
        return world.change(ceilings=table)
    if lever == "need_weight":
        table = world.need.copy()
        mine = table[NeedFrame.pcn_code].isin(pcns)
        before = np.average(table.loc[mine, NeedFrame.weight], weights=table.loc[mine, NeedFrame.patients])
        table.loc[mine, NeedFrame.weight] *= value / before
        return world.change(need=table)
    paths = ";".join(sorted(world.offers[OfferFrame.pathway_id].unique()))
    gift = make_frame(PledgeFrame, [pledge("gift", paths, value - HOURS_NOW)])
    reach = make_frame(ReachFrame, [reach_row("gift", pcn, 1.0) for pcn in pcns])
    return world.change(
        pledges=pd.concat([world.pledges, gift], ignore_index=True),
        reach=pd.concat([world.reach, reach], ignore_index=True),
    )


def best_by_choice(world: World, sites: dict[str, str], count: int) -> dict[frozenset[str], float]:
    """The best value of every choice of so many sites, by trying every plan."""
    best = {}
    for choice in itertools.combinations(sites, count):
        pcns = [code for site in choice for code in sites[site].split(";")]
        caps = world.caps[world.caps[CapFrame.pcn_code].isin(pcns)].reset_index(drop=True)
        best[frozenset(choice)] = best_value(
            World(**{name: getattr(world, name) for name in world.__dataclass_fields__} | {"caps": caps})
        )
    return best


def with_and_without(best: dict[frozenset[str], float], site: str) -> tuple[float, float]:
    return (
        max(value for choice, value in best.items() if site in choice),
        max(value for choice, value in best.items() if site not in choice),
    )


def step_before(row: dict, more: bool) -> float:
    """The setting one step nearer to what there is."""
    step = STEPS[row[SiteChangeFrame.lever]]
    after, before = row[SiteChangeFrame.after], row[SiteChangeFrame.before]
    return max(before, after - step) if more else min(before, after + step)


def check_changes(seed: int, sites: dict[str, str], count: int) -> list[tuple[bool, str, bool]]:
    """Every change is the smallest that trying everything finds; tells which kinds were met."""
    world = seeded_world(seed)
    explained, _, problem = explain_seeded(seed) if sites is ABC else explain(world, sites, count)
    now = best_by_choice(world, sites, count)
    levers = Levers.from_frames(
        problem, candidates=candidates_of(sites), ceilings=world.ceilings, need=world.need, need_params=NEED,
        link_workers=WORKERS,
    )  # fmt: skip
    met = []
    for row in explained.changes.to_dict("records"):
        site, lever, chosen = (row[c] for c in (SiteChangeFrame.site_id, SiteChangeFrame.lever, SiteChangeFrame.chosen))
        within, without = with_and_without(now, site)
        assert row[SiteChangeFrame.loss] == pytest.approx(abs(within - without), abs=NEAR)
        after, found = row[SiteChangeFrame.after], not math.isnan(row[SiteChangeFrame.after])
        met.append((chosen, lever, found))
        grid = levers.grid(lever, list(sites).index(site), more=not chosen)

        def reached(value: float, site: str = site, lever: str = lever) -> float:
            changed = with_lever(world, sites[site].split(";"), lever, value)
            return with_and_without(best_by_choice(changed, sites, count), site)[0]

        if not found:
            if len(grid):
                last = reached(float(grid[-1]))
                assert last >= without - NEAR if chosen else last < without + NEAR
            continue
        assert row[SiteChangeFrame.verified]
        at, just_before = reached(after), reached(step_before(row, not chosen))
        assert row[SiteChangeFrame.value_with] == pytest.approx(at, abs=NEAR)
        assert row[SiteChangeFrame.value_without] == pytest.approx(without, abs=NEAR)
        if chosen:
            assert at < without
            assert just_before >= without - NEAR
        else:
            assert at >= without - NEAR
            if step_before(row, True) > row[SiteChangeFrame.before]:
                assert just_before < without + NEAR
    return met


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_are_those_that_trying_everything_finds(seed: int) -> None:
    check_changes(seed, ABC, 1 + seed % 2)


def test_every_kind_of_change_is_found_somewhere() -> None:
    met = set()
    for seed in SEEDS:
        rows = explain_seeded(seed)[0].changes
        c = SiteChangeFrame
        met |= set(zip(rows[c.chosen], rows[c.lever], rows[c.after].notna(), strict=True))
    assert {(chosen, lever) for chosen, lever, found in met if found} >= {
        (True, "link_workers"), (True, "need_weight"), (False, "link_workers"), (False, "hours"),
        (False, "need_weight"),
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 4])
def test_a_site_of_several_pcns_changes_as_one(seed: int) -> None:
    check_changes(seed, {"G": "A;B", "H": "C"}, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_add_up_to_the_score(seed: int) -> None:
    explained, portfolio, problem = explain_seeded(seed)
    p = SitePartFrame
    chosen = explained.parts[explained.parts[p.chosen]]
    assert chosen[p.value].sum() == pytest.approx(portfolio.value, abs=1e-9)
    for at, site in enumerate(problem.site_ids):
        if portfolio.chosen[at]:
            mine = problem.link_site == at
            value = float(problem.match.link_value[mine] @ portfolio.places[mine])
            assert chosen.loc[chosen[p.site_id] == site, p.value].sum() == pytest.approx(value, abs=1e-9)


def test_a_weight_that_is_not_the_sum_of_its_parts_is_refused() -> None:
    need = seeded_world(0).need
    split_weights(need, NEED)
    with pytest.raises(SolveError, match="not the sum of its parts"):
        split_weights(need, NEED.model_copy(update={"weight_floor": 0.6}))


def test_where_no_indicator_is_known_the_part_says_so() -> None:
    need = seeded_world(0).need
    need.loc[0, [NeedFrame.imd_percentile, NeedFrame.long_term_percentile, NeedFrame.aged_65_percentile]] = np.nan
    need.loc[0, NeedFrame.weight] = 1.0
    first = split_weights(need, NEED).iloc[0]
    assert first[["everybody", "not_known"]].tolist() == [0.5, 0.5]
    assert first.sum() == 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_of_a_sentence_is_a_cell(seed: int) -> None:
    explained, portfolio, problem = explain_seeded(seed)
    s = SiteReasonFrame
    pathway = r"\b[a-z]*w\d\b"
    for at, site in enumerate(problem.site_ids):
        told = explained.reasons.loc[explained.reasons[s.site_id] == site, s.sentence]
        assert len(told) >= 3
        mine = problem.link_site == at
        places = portfolio.places[mine]
        expected = float(places @ problem.match.link_completion[mine])
        cells = set(NUMBERS.findall(f"{say_people(places.sum())} {say_expected(expected)}"))
        parts, limits, changes = (
            frame[frame[s.site_id] == site] for frame in (explained.parts, explained.limits, explained.changes)
        )
        worth = say_expected(parts[SitePartFrame.value].sum()) if portfolio.chosen[at] else ""
        cells |= set(NUMBERS.findall(worth))
        cells |= {figure(gain) for gain in limits[SiteLimitFrame.gain]}
        for row in changes.to_dict("records"):
            digits = DIGITS[row[SiteChangeFrame.lever]]
            cells |= {figure(row[c], digits) for c in (SiteChangeFrame.before, SiteChangeFrame.after)}
            cells.add(figure(row[SiteChangeFrame.loss]))
        for sentence in told:
            assert sentence.endswith(".")
            numbers = NUMBERS.findall(re.sub(pathway, "", sentence))
            assert set(numbers) <= cells, sentence


def test_lifting_a_limit_gains_what_is_short() -> None:
    """One PCN wants 8 places, 3 hours are in reach of it, and its link workers could refer 5."""
    world = seeded_world(0)
    paths = world.pathways.iloc[:1].assign(
        **{PathwayFrame.course_hours: 1.0, PathwayFrame.uptake_share: 1.0, PathwayFrame.completion_share: 1.0}
    )
    name = str(paths[PathwayFrame.pathway_id].iloc[0])
    world = world.change(
        pathways=paths,
        pledges=make_frame(PledgeFrame, [pledge("p", name, 3.0)]),
        reach=make_frame(ReachFrame, [reach_row("p", pcn, 1.0) for pcn in "ABC"]),
        demand=world.demand[world.demand["pathway_id"] == name].assign(demand_places=8).reset_index(drop=True),
        ceilings=world.ceilings.assign(link_worker_fte=0.5, ceiling_referrals=5.0),
    )
    explained, _, problem = explain(world, ABC, 1)
    gains = explained.limits.pivot(
        index=SiteLimitFrame.site_id, columns=SiteLimitFrame.limit, values=SiteLimitFrame.gain
    )
    weight = world.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    assert gains["hours"].to_numpy() == pytest.approx(2 * weight.reindex(gains.index).to_numpy())
    assert gains[["link_workers", "reach", "demand"]].to_numpy() == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_quick_bounds_never_claim_what_a_full_solve_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geomap.explain.changes.WHOLE_LINKS", 0)
    found = 0
    for seed in SEEDS:
        world = seeded_world(seed)
        rows = explain(world, ABC, 1 + seed % 2)[0].changes
        for row in rows[rows[SiteChangeFrame.after].notna()].to_dict("records"):
            site = row[SiteChangeFrame.site_id]
            changed = with_lever(world, [site], row[SiteChangeFrame.lever], row[SiteChangeFrame.after])
            within, without = with_and_without(best_by_choice(changed, ABC, 1 + seed % 2), site)
            assert within < without if row[SiteChangeFrame.chosen] else within >= without - NEAR
            assert row[SiteChangeFrame.value_with] <= within + NEAR
            found += 1
    assert found > 10


def test_the_same_inputs_give_the_same_tables() -> None:
    one, other = (explain(seeded_world(3), ABC, 1)[0] for _ in range(2))
    for name in ("parts", "limits", "changes", "reasons"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def story(places: int, completions: float, value: float) -> Story:
    """A site that is chosen, on one pathway; what it is worth is all that differs."""
    parts = {"site_id": "A", "site_name": "Alder", "chosen": True, "pathway_id": "walk", "part": "everybody"}
    limits = [{"site_id": "A", "site_name": "Alder", "limit": "hours", "gain": 0.0}]
    changes = pd.DataFrame(columns=list(SiteChangeFrame.to_schema().columns))
    return Story(
        chosen=True, possible=True, places=places, completions=completions, loss=1.04, changes=changes,
        parts=pd.DataFrame([parts | {"value": value}]), limits=pd.DataFrame(limits), pathway_names={"walk": "Walking"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            (62, 31.2, 33.3),
            "It would give about 60 people a place, of whom about 30 are expected to complete; weighted by need this "
            "counts as about 35 completions.",
        ),
        (
            (3, 1.5, 1.7),
            "It would give 1 to 7 people a place, of whom fewer than 8 are expected to complete; weighted by need this "
            "counts as fewer than 8 completions.",
        ),
        ((0, 0.0, 0.0), "It would give nobody a place."),
    ],
)
def test_sentences_on_a_site_tell_no_exact_count_of_people(told: tuple[int, float, float], sentence: str) -> None:
    first, second, *_ = tell_site(story(*told))
    assert first == sentence
    assert second == "Without it the best portfolio would be worth about 1.0 need-weighted completions less."
