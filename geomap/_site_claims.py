"""The independent check of portfolios: what the planner asked of sites, told once more from the tables alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .config import QuotaParams, SiteParams
from .schema import AllocationFrame, CandidateFrame, DemandFrame
from .schema.words import LIST_SEPARATOR

_SLACK = 1e-6
_QUOTA_COLUMNS = {
    "region": (CandidateFrame.region_code, CandidateFrame.region_name),
    "icb": (CandidateFrame.icb_code, CandidateFrame.icb_name),
    "rurality": (CandidateFrame.rurality,),
    "operator_kind": (CandidateFrame.operator_kinds,),
    "pathway": (CandidateFrame.pathways,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClaims:
    """Portfolios with their plans, and what they must keep to."""

    chosen: Sequence[frozenset[str]]
    """Ids of the sites of each portfolio."""
    allocations: Sequence[pd.DataFrame]
    """`AllocationFrame` of each portfolio."""
    candidates: pd.DataFrame
    demand: pd.DataFrame
    params: SiteParams


def check_sites(claims: SiteClaims) -> list[str]:
    """Every wish that a portfolio breaks, a sentence each."""
    broken = []
    for number, (ids, allocation) in enumerate(zip(claims.chosen, claims.allocations, strict=True), start=1):
        mine = claims.candidates[claims.candidates[CandidateFrame.site_id].isin(ids)]
        said = (*_check_choice(mine, claims.params), *_check_places(mine, allocation, claims))
        broken += [f"Portfolio {number}: {sentence}" for sentence in said]
    for (one, first), (other, second) in itertools.combinations(enumerate(claims.chosen, start=1), 2):
        if len(first - second) < claims.params.least_apart:
            broken.append(f"Portfolios {one} and {other} differ in {len(first - second)} sites only.")
    return broken


def _check_choice(mine: pd.DataFrame, params: SiteParams) -> list[str]:
    ids, broken = set(mine[CandidateFrame.site_id]), []
    if len(mine) != params.count:
        broken.append(f"{len(mine)} sites and not {params.count}.")
    if missing := set(params.must_include) - ids:
        broken.append(f"without {', '.join(sorted(missing))}.")
    if barred := set(params.must_exclude) & ids:
        broken.append(f"with {', '.join(sorted(barred))}.")
    cost = float(mine[CandidateFrame.setup_cost].sum())
    if params.budget is not None and cost > params.budget * (1 + _SLACK):
        broken.append(f"costs {cost:,.2f} pounds.")
    for quota in params.quota:
        count = _count(mine, quota)
        if not (quota.at_least or 0) <= count <= (len(mine) if quota.at_most is None else quota.at_most):
            broken.append(f"{count} sites of {quota.by} {quota.value}.")
    spots = mine[[CandidateFrame.easting, CandidateFrame.northing]].to_numpy(dtype=float)
    for one, other in itertools.combinations(spots, 2):
        if np.hypot(*(one - other)) < params.spacing_km * 1000 - 1e-3:
            broken.append("two sites are too near one another.")
    return broken


def _count(mine: pd.DataFrame, quota: QuotaParams) -> int:
    if quota.by == "deprivation_fifth":
        return int(mine[CandidateFrame.deprivation_fifth].eq(float(quota.value)).sum())
    cells = mine[list(_QUOTA_COLUMNS[quota.by])].itertuples(index=False)
    return sum(any(quota.value in cell.split(LIST_SEPARATOR) for cell in row) for row in cells)


def _check_places(mine: pd.DataFrame, allocation: pd.DataFrame, claims: SiteClaims) -> list[str]:
    codes = {code for text in mine[CandidateFrame.pcn_codes] for code in text.split(LIST_SEPARATOR)}
    given = allocation.groupby(AllocationFrame.pcn_code)[AllocationFrame.places].sum()
    broken = [f"places for {code}, which is in none of its sites." for code in given.index.difference(list(codes))]
    asked = claims.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum().reindex(sorted(codes))
    least = claims.params.min_coverage * asked.fillna(0)
    short = given.reindex(least.index).fillna(0) < least - _SLACK
    return broken + [f"{code} has less than its least coverage." for code in short.index[short]]
