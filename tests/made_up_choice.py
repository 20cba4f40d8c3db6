"""An invented choice of sites: its tables hold their declarations and agree with one another, but mean nothing."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from made_up import PATHWAYS, made_up_name

from geomap.schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    DrawFrame,
    FlipFrame,
    PcnResultFrame,
    PortfolioFrame,
    RegretFrame,
    RobustnessFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
    SiteTables,
    TradeoffFrame,
)
from geomap.schema.words import ASSUMPTIONS, LEVERS, LIKENESS, LIMITS, OPERATOR_KINDS, RURALITIES, SCORE_PARTS

DRAWS = 50
"""Rows of the table of draws; the first is the scenario itself."""
POINTS = 5
"""Points of a trade-off by coverage or by cost."""
PART_SHARES = (0.5, 0.2, 0.1, 0.15, 0.05, 0.0, 0.0)
"""Of a need weight, in the order of `SCORE_PARTS`."""
C = CandidateFrame


def made_up_choice(
    n_sites: int = 20, chosen: int = 4, seed: int = 1, hostile: bool = False, *, pcns: gpd.GeoDataFrame | None = None
) -> SiteTables:
    """
    Invented tables of a choice of sites that hold every declaration of `geomap.schema.choice`.

    Parameters
    ----------
    n_sites, chosen, seed
        How many candidates, how many of them a portfolio, and the seed of all chance.
    hostile
        Give the first sites the names of `made_up.HOSTILE`.
    pcns
        `PcnResultFrame` to take the candidates from, one each, instead of inventing `n_sites`.
    """
    random = np.random.default_rng(seed)
    sites = _candidates(random, n_sites, hostile) if pcns is None else _of_pcns(random, pcns)
    plans = _plans(random, sites, hostile)
    scores = _scores(sites, plans)
    order = scores.sort_values("value", ascending=False).index.to_list()
    _make_twins(random, sites, order, chosen)
    swaps = min(2, chosen)
    portfolios = [
        [*order[: chosen - swaps], *order[start : start + swaps]]
        for start in (chosen - swaps, chosen, chosen + swaps)
        if start + swaps <= len(order)
    ]
    asked = order[chosen : chosen + 2]
    draws = _draws(random, sites, scores, chosen)
    return SiteTables(
        unit="pcn",
        count=chosen,
        conditions=("At least 1 site is rural.", "The sites cost at most £500,000 to set up."),
        notes=("The choice serves the chosen sites alone.", "Set-up costs are the planner's own."),
        candidates=sites,
        portfolios=_portfolios(sites, scores, portfolios, swaps),
        chosen=_chosen(sites, scores, plans, portfolios),
        plan=pd.concat([plans[n] for n in portfolios[0]], ignore_index=True),
        comparators=_comparators(sites, portfolios),
        tradeoffs=_tradeoffs(sites, scores, order, chosen),
        draws=draws,
        robustness=_robustness(sites, draws, portfolios[0]),
        regrets=_regrets(random, len(portfolios)),
        flips=_flips(sites, scores, order, chosen),
        parts=_parts(sites, scores, plans, portfolios[0], asked),
        limits=_limits(random, sites, portfolios[0] + asked),
        changes=_changes(sites, scores, portfolios[0], asked),
        reasons=_reasons(sites, scores, portfolios[0], asked),
    )


MODELS = {
    "candidates": CandidateFrame, "portfolios": PortfolioFrame, "chosen": ChosenSiteFrame,
    "plan": AllocationResultFrame, "comparators": ComparatorFrame, "tradeoffs": TradeoffFrame, "draws": DrawFrame,
    "robustness": RobustnessFrame, "regrets": RegretFrame, "flips": FlipFrame, "parts": SitePartFrame,
    "limits": SiteLimitFrame, "changes": SiteChangeFrame, "reasons": SiteReasonFrame,
}  # fmt: skip
"""Table of `SiteTables` → its declaration."""


def _table(model: type, rows: list[dict]) -> pd.DataFrame:
    """Rows in the columns and dtypes of the model."""
    columns = model.to_schema().columns
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: str(column.dtype) for name, column in columns.items()})


def _candidates(random: np.random.Generator, n: int, hostile: bool) -> pd.DataFrame:
    f, half = CandidateFrame, 6000 * np.sqrt(n)
    need = np.round(random.uniform(0.1, 0.9, n), 3)
    frame = pd.DataFrame(
        {
            f.site_id: [f"U{10000 + i}" for i in range(n)],
            f.site_name: [made_up_name(i, f"Northern Parishes {i} PCN", hostile) for i in range(n)],
            f.icb_code: [f"Q{i // 10:02d}" for i in range(n)],
            f.icb_name: [made_up_name(i // 10, f"NHS Middle Shire {i // 10} Integrated Care Board", hostile)
                         for i in range(n)],
            f.region_code: "Y1",
            f.region_name: "Middle England",
            f.patients: random.integers(25_000, 90_000, n),
            f.need_index: need,
            f.deprivation_fifth: np.ceil((1 - need) * 5),
            f.imd_score: random.uniform(5, 50, n),
            f.aged_65_share: random.uniform(0.08, 0.3, n),
            f.long_term_ratio: random.uniform(0.7, 1.4, n),
            f.link_worker_fte: np.round(random.uniform(0.5, 5, n), 2),
            f.easting: random.uniform(430_000 - half, 430_000 + half, n),
            f.northing: random.uniform(300_000 - half, 300_000 + half, n),
        }
    )  # fmt: skip
    return _whole_candidates(random, frame)


def _of_pcns(random: np.random.Generator, pcns: gpd.GeoDataFrame) -> pd.DataFrame:
    """PCNs of a made-up run, each a site of its own."""
    f, p = CandidateFrame, PcnResultFrame
    same = (p.icb_code, p.icb_name, p.region_code, p.region_name, p.patients, p.need_index, p.deprivation_fifth,
            p.imd_score, p.aged_65_share, p.long_term_ratio, p.link_worker_fte)  # fmt: skip
    frame = pd.DataFrame(pcns[list(same)]).assign(**{f.site_id: pcns[p.pcn_code], f.site_name: pcns[p.pcn_name]})
    place = pcns.geometry.centroid
    return _whole_candidates(random, frame.assign(**{f.easting: place.x, f.northing: place.y}))


def _whole_candidates(random: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    f, n = CandidateFrame, len(frame)
    density = np.round(random.lognormal(6.5, 1.2, n), 1)
    kinds = np.where(density > 1500, 0, np.where(density > 400, 1, 2))
    frame = frame.assign(
        **{
            f.pcn_codes: frame[f.site_id],
            f.density: density,
            f.rurality: [RURALITIES[kind] for kind in kinds],
            f.hours_in_reach: np.round(random.uniform(2_000, 40_000, n), 1),
            f.operator_kinds: [";".join(OPERATOR_KINDS[i % 6 : i % 6 + 2]) for i in range(n)],
            f.pathways: "referral;walking",
            f.setup_cost: 60_000.0 - 1_500.0 * (np.arange(n) % 20),
        }
    )
    return _table(CandidateFrame, frame.to_dict("records"))


def _plans(random: np.random.Generator, sites: pd.DataFrame, hostile: bool) -> list[pd.DataFrame]:
    """What each site would get, whichever others are chosen."""
    f = AllocationResultFrame
    hours = {key: weeks * sessions * length for key, _, weeks, sessions, length in PATHWAYS}
    plans = []
    for i, site in enumerate(sites.itertuples(index=False)):
        rows = []
        for k in range(4):
            n, pathway = (i + k // 2) % len(sites), ("referral", "walking")[k % 2]
            places = int(random.integers(15, 90))
            rows.append(
                {
                    f.pledge_id: f"P{n:05d}-{k % 2}",
                    f.operator_id: f"OP{n // 8:04d}",
                    f.operator_name: made_up_name(n // 8, f"Active Trust {n // 8}", hostile),
                    f.facility_id: f"F{n:05d}",
                    f.facility_name: made_up_name(n, f"Riverside Leisure Centre {n}", hostile),
                    f.pathway_id: pathway,
                    f.pcn_code: site.site_id,
                    f.pcn_name: site.site_name,
                    f.places: places,
                    f.matched_hours: places * hours[pathway],
                    f.referrals: places / 0.67,
                    f.completions: places * 0.5,
                    f.minutes_min: float(np.round(random.uniform(4, 28), 1)),
                }
            )
        plans.append(_table(AllocationResultFrame, rows))
    return plans


def _scores(sites: pd.DataFrame, plans: list[pd.DataFrame]) -> pd.DataFrame:
    """What each site is worth: completions weighted by 0.5 + need."""
    f = AllocationResultFrame
    sums = pd.DataFrame([plan[[f.places, f.matched_hours, f.completions]].sum() for plan in plans])
    weight = 0.5 + sites[C.need_index]
    demand = (sums[f.places] * 1.5 + 10 * (np.arange(len(sites)) % 5)).astype("int64")
    cover = sums[f.places] / demand
    return sums.assign(value=sums[f.completions] * weight, demand=demand, cover=cover, weight=weight)


def _make_twins(random: np.random.Generator, sites: pd.DataFrame, order: list[int], chosen: int) -> None:
    """Make for every other chosen site one that was not chosen very like it."""
    alike = [name for name in LIKENESS if name != C.patients]
    for mine, twin in zip(order[:chosen:2], order[: chosen - 1 : -1], strict=False):
        sites.loc[twin, alike] = sites.loc[mine, alike].astype(float) * random.uniform(0.97, 1.03, len(alike))
        sites.loc[twin, C.patients] = int(sites.loc[mine, C.patients] * 1.02)


def _cost(sites: pd.DataFrame, members: list[int]) -> float:
    return float(sites.loc[members, C.setup_cost].sum())


def _ids(sites: pd.DataFrame, members: list[int]) -> str:
    return ";".join(sorted(sites.loc[members, C.site_id]))


def _portfolios(sites: pd.DataFrame, scores: pd.DataFrame, portfolios: list[list[int]], swaps: int) -> pd.DataFrame:
    f, a = PortfolioFrame, AllocationResultFrame
    rows = []
    for number, members in enumerate(portfolios, start=1):
        own = scores.loc[members]
        value = own["value"].sum()
        bound = value * (1.0 if number == 1 else 1.0006)
        rows.append(
            {
                f.portfolio: number, f.sites: len(members), f.value: value, f.bound: bound,
                f.gap_share: (bound - value) / bound, f.status: "optimal" if number == 1 else "within gap",
                f.places: own[a.places].sum(), f.completions: own[a.completions].sum(),
                f.matched_hours: own[a.matched_hours].sum(), f.setup_cost: _cost(sites, members),
                f.worst_coverage_share: own["cover"].min(), f.differs_by: swaps,
            }
        )  # fmt: skip
    return _table(PortfolioFrame, rows)


def _chosen(sites: pd.DataFrame, scores: pd.DataFrame, plans: list, portfolios: list[list[int]]) -> pd.DataFrame:
    f, a = ChosenSiteFrame, AllocationResultFrame
    same = (f.site_id, f.site_name, f.pcn_codes, f.icb_name, f.region_name, f.patients, f.need_index,
            f.deprivation_fifth, f.rurality, f.link_worker_fte, f.setup_cost)  # fmt: skip
    rows = []
    for number, members in enumerate(portfolios, start=1):
        ranked = sorted(members, key=lambda n: -scores.loc[n, "value"])
        for rank, n in enumerate(ranked, start=1):
            rows.append(
                {
                    **sites.loc[n, list(same)].to_dict(),
                    f.portfolio: number, f.site_rank: rank, f.demand_places: scores.loc[n, "demand"],
                    f.places: scores.loc[n, a.places], f.coverage_share: scores.loc[n, "cover"],
                    f.matched_hours: scores.loc[n, a.matched_hours], f.completions: scores.loc[n, a.completions],
                    f.value: scores.loc[n, "value"], f.facilities: plans[n][a.facility_id].nunique(),
                }
            )  # fmt: skip
    return _table(ChosenSiteFrame, rows)


def _comparators(sites: pd.DataFrame, portfolios: list[list[int]]) -> pd.DataFrame:
    """The nearest on standardised differences, worked out as it is told."""
    f = ComparatorFrame
    measures = sites[list(LIKENESS)].astype(float)
    measures[C.link_worker_fte] *= 10_000 / sites[C.patients]
    measures[C.hours_in_reach] *= 1_000 / sites[C.patients]
    apart = measures / measures.std()
    others = [n for n in sites.index if n not in portfolios[0]]
    rows = []
    for n in portfolios[0]:
        distances = ((apart.loc[others] - apart.loc[n]) ** 2).mean(axis=1) ** 0.5
        near = distances.idxmin()
        for measure in LIKENESS:
            rows.append(
                {
                    f.site_id: sites.loc[n, C.site_id], f.site_name: sites.loc[n, C.site_name],
                    f.comparator_id: sites.loc[near, C.site_id], f.comparator_name: sites.loc[near, C.site_name],
                    f.distance: distances[near], f.close_enough: distances[near] <= 0.25,
                    f.shared_facilities: n % 3, f.measure: measure, f.site_value: measures.loc[n, measure],
                    f.comparator_value: measures.loc[near, measure],
                    f.standardised_difference: apart.loc[n, measure] - apart.loc[near, measure],
                }
            )  # fmt: skip
    return _table(ComparatorFrame, rows)


def _tradeoffs(sites: pd.DataFrame, scores: pd.DataFrame, order: list[int], chosen: int) -> pd.DataFrame:
    """Worse and worse last sites by coverage and cost; more and more sites."""
    f = TradeoffFrame
    kept = order[: chosen - 1]
    swapped = [[*kept, order[chosen - 1 + j]] for j in range(min(POINTS, len(order) - chosen + 1))]
    longer = [order[: k + 1] for k in range(min(chosen + 2, len(order)))]
    worst = scores.loc[swapped[0], "cover"].min()
    points = [("coverage", worst + 0.03 * j if j else 0.0, members) for j, members in enumerate(swapped)]
    top = _cost(sites, swapped[0])
    points += [("cost", top - 2_000.0 * j, members) for j, members in reversed(list(enumerate(swapped)))]
    points += [("sites", float(len(members)), members) for members in longer]
    rows = []
    for curve, limit, members in points:
        value = scores.loc[members, "value"].sum()
        rows.append(
            {
                f.curve: curve, f.limit: limit, f.value: value, f.bound: value, f.gap_share: 0.0,
                f.worst_coverage_share: max(limit, worst) if curve == "coverage" else worst,
                f.setup_cost: min(limit, _cost(sites, members)) if curve == "cost" else _cost(sites, members),
                f.sites: _ids(sites, members), f.chosen: members == order[:chosen],
            }
        )  # fmt: skip
    return _table(TradeoffFrame, rows)


def _draws(random: np.random.Generator, sites: pd.DataFrame, scores: pd.DataFrame, chosen: int) -> pd.DataFrame:
    f = DrawFrame
    rows = []
    for draw in range(DRAWS):
        factors = dict.fromkeys(ASSUMPTIONS, 1.0)
        worth = scores["value"]
        if draw:
            factors = {name: float(random.uniform(0.75, 1.25)) for name in ASSUMPTIONS}
            worth = worth * random.uniform(0.75, 1.25, len(worth))
        best = worth.nlargest(chosen)
        members = _ids(sites, best.index.to_list())
        full = {f.full_value: best.sum(), f.full_bound: best.sum(), f.full_sites: members} if draw < 5 else {}
        found = {f.value: best.sum(), f.bound: best.sum() * 1.001, f.sites: members}
        rows.append({f.draw: draw, **factors, **found, **full})
    return _table(DrawFrame, rows)


def _robustness(sites: pd.DataFrame, draws: pd.DataFrame, first: list[int]) -> pd.DataFrame:
    """Shares of the draws but the scenario itself."""
    f = RobustnessFrame
    drawn = draws.loc[draws[DrawFrame.draw] > 0, DrawFrame.sites].str.split(";").explode().value_counts()
    mine = set(sites.loc[first, C.site_id])
    names = sites.set_index(C.site_id)[C.site_name]
    n = len(draws) - 1
    rows = []
    for site in {*drawn.index, *mine}:
        share = drawn.get(site, 0) / n
        verdict = "core" if share >= 0.8 else "fragile" if share <= 0.2 else "contested"
        rows.append(
            {
                f.site_id: site, f.site_name: names[site], f.chosen: site in mine, f.share_of_draws: share,
                f.error_share: (share * (1 - share) / n) ** 0.5, f.verdict: verdict,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (-row[f.share_of_draws], row[f.site_id]))
    return _table(RobustnessFrame, rows)


def _regrets(random: np.random.Generator, portfolios: int) -> pd.DataFrame:
    f = RegretFrame
    rows = []
    for number in range(1, portfolios + 1):
        mean = 0.01 * number + float(random.uniform(0, 0.005))
        rows.append({f.portfolio: number, f.draws: DRAWS, f.mean_share: mean, f.p95_share: 3 * mean,
                     f.worst_share: 4 * mean})  # fmt: skip
    return _table(RegretFrame, rows)


def _flips(sites: pd.DataFrame, scores: pd.DataFrame, order: list[int], chosen: int) -> pd.DataFrame:
    """Every third assumption brings the first site in that was not chosen, for the last that was."""
    f = FlipFrame
    base = scores.loc[order[:chosen], "value"].sum()
    rows = []
    for k, name in enumerate(ASSUMPTIONS):
        for end, factor in (("low", 0.75), ("high", 1.25)):
            change = (0.02 + 0.01 * k) * (-1 if end == "low" else 1)
            flips = k % 3 == 0 and end == "low" and len(order) > chosen
            rows.append(
                {
                    f.assumption: name, f.end: end, f.factor: factor, f.value: base * (1 + change),
                    f.change_share: change, f.entered: sites.loc[order[chosen], C.site_id] if flips else "",
                    f.left: sites.loc[order[chosen - 1], C.site_id] if flips else "",
                }
            )  # fmt: skip
    return _table(FlipFrame, rows)


def _parts(
    sites: pd.DataFrame, scores: pd.DataFrame, plans: list[pd.DataFrame], first: list[int], asked: list[int]
) -> pd.DataFrame:
    f, a = SitePartFrame, AllocationResultFrame
    rows = []
    for n in [*first, *asked]:
        for pathway, completions in plans[n].groupby(a.pathway_id)[a.completions].sum().items():
            for part, share in zip(SCORE_PARTS, PART_SHARES, strict=True):
                rows.append(
                    {
                        f.site_id: sites.loc[n, C.site_id], f.site_name: sites.loc[n, C.site_name],
                        f.chosen: n in first, f.pathway_id: pathway, f.part: part,
                        f.value: completions * scores.loc[n, "weight"] * share,
                    }
                )  # fmt: skip
    return _table(SitePartFrame, rows)


def _limits(random: np.random.Generator, sites: pd.DataFrame, members: list[int]) -> pd.DataFrame:
    f = SiteLimitFrame
    rows = [
        {f.site_id: sites.loc[n, C.site_id], f.site_name: sites.loc[n, C.site_name], f.limit: limit,
         f.gain: 0.0 if k == 3 else float(random.uniform(0, 40))}
        for n in members for k, limit in enumerate(LIMITS)
    ]  # fmt: skip
    return _table(SiteLimitFrame, rows)


def _changes(sites: pd.DataFrame, scores: pd.DataFrame, first: list[int], asked: list[int]) -> pd.DataFrame:
    """More of a thing brings a site in, less takes it out; nothing within reason does for the best one."""
    f = SiteChangeFrame
    value = scores.loc[first, "value"].sum()
    rows = []
    for n in [*first, *asked]:
        before = {
            "link_workers": sites.loc[n, C.link_worker_fte], "hours": sites.loc[n, C.hours_in_reach],
            "need_weight": scores.loc[n, "weight"],
        }  # fmt: skip
        inside, found = n in first, n != first[0]
        for lever in LEVERS:
            after = before[lever] * (0.6 if inside else 1.4)
            change = (after, value - 1.0, value + 1.0) if inside else (after, value + 1.0, value)
            rows.append(
                {
                    f.site_id: sites.loc[n, C.site_id], f.site_name: sites.loc[n, C.site_name], f.chosen: inside,
                    f.lever: lever, f.before: before[lever],
                    **dict(zip((f.after, f.value_with, f.value_without), change if found else (np.nan,) * 3,
                               strict=True)),
                    f.verified: found,
                    f.loss: 2.5 * (1 + n),
                }
            )  # fmt: skip
    return _table(SiteChangeFrame, rows)


def _reasons(sites: pd.DataFrame, scores: pd.DataFrame, first: list[int], asked: list[int]) -> pd.DataFrame:
    f, a = SiteReasonFrame, AllocationResultFrame
    rows = []
    for n in [*first, *asked]:
        name, own = sites.loc[n, C.site_name], scores.loc[n]
        told = (
            f"{name} would give {own[a.places]:,.0f} people a place and {own['value']:,.1f} weighted completions.",
            f"Its need weight is {own['weight']:.2f}; {own['cover']:.0%} of its demand is met.",
            "It is in the portfolio." if n in first else "It is not in the portfolio: others meet more need.",
        )
        rows += [{f.site_id: sites.loc[n, C.site_id], f.order: k, f.sentence: text} for k, text in enumerate(told, 1)]
    return _table(SiteReasonFrame, rows)
