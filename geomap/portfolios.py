"""Portfolios as tables: what each comes to, and what each of its sites is and gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from .schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    DemandFrame,
    NeedFrame,
    PortfolioFrame,
)
from .schema.words import LIST_SEPARATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPortfolio:
    """One portfolio, with the plan that serves it."""

    site_ids: frozenset[str]
    value: float
    bound: float
    gap_share: float
    status: str
    allocation: pd.DataFrame
    """`AllocationResultFrame`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioSources:
    """`CandidateFrame`, `NeedFrame` and `DemandFrame` of the run."""

    candidates: pd.DataFrame
    need: pd.DataFrame
    demand: pd.DataFrame


def tell_portfolios(
    found: Sequence[FoundPortfolio], sources: PortfolioSources
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    The tables of the portfolios, numbered from 1 in the order in which they are given.

    Returns
    -------
    portfolios, chosen
        `PortfolioFrame`; `ChosenSiteFrame`, by portfolio, the sites with the most need-weighted completions first.
    """
    chosen = pd.concat([_tell_sites(at, one, sources) for at, one in enumerate(found, start=1)], ignore_index=True)
    f, rows = PortfolioFrame, []
    for at, one in enumerate(found, start=1):
        mine = chosen[chosen[ChosenSiteFrame.portfolio].eq(at)]
        others = [len(one.site_ids - other.site_ids) for other in found if other is not one]
        rows.append(
            {
                f.portfolio: at, f.sites: len(mine), f.value: one.value, f.bound: one.bound,
                f.gap_share: one.gap_share, f.status: one.status, f.places: int(mine[ChosenSiteFrame.places].sum()),
                f.completions: float(mine[ChosenSiteFrame.completions].sum()),
                f.matched_hours: float(mine[ChosenSiteFrame.matched_hours].sum()),
                f.setup_cost: float(mine[ChosenSiteFrame.setup_cost].sum()),
                f.worst_coverage_share: _worst_coverage(one, sources), f.differs_by: min(others, default=len(mine)),
            }
        )  # fmt: skip
    portfolios = pd.DataFrame(rows).astype({f.status: "str", f.worst_coverage_share: float})
    return portfolios[list(f.to_schema().columns)], chosen


def _members(candidates: pd.DataFrame) -> pd.Series:
    """Site id by PCN code."""
    exploded = candidates.assign(code=candidates[CandidateFrame.pcn_codes].str.split(LIST_SEPARATOR)).explode("code")
    return exploded.set_index("code")[CandidateFrame.site_id]


def _tell_sites(number: int, found: FoundPortfolio, sources: PortfolioSources) -> pd.DataFrame:
    f, a, candidates = ChosenSiteFrame, AllocationResultFrame, sources.candidates
    mine = candidates[candidates[CandidateFrame.site_id].isin(found.site_ids)].set_index(CandidateFrame.site_id)
    site_of = _members(mine.reset_index())
    weight = sources.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    plan = found.allocation.assign(
        site=found.allocation[a.pcn_code].map(site_of),
        value=found.allocation[a.completions] * found.allocation[a.pcn_code].map(weight),
    )
    figures = [a.places, a.matched_hours, a.completions, "value"]
    sums = plan.groupby("site")[figures].sum().reindex(mine.index).fillna(0.0)
    asked = sources.demand.assign(site=sources.demand[DemandFrame.pcn_code].map(site_of))
    demand = asked.groupby("site")[DemandFrame.demand_places].sum().reindex(mine.index).fillna(0).astype("int64")
    used = plan.groupby("site")[a.facility_id].nunique().reindex(mine.index).fillna(0).astype("int64")
    same = [name for name in f.to_schema().columns if name in mine.columns]
    rows = mine[same].assign(
        **{
            f.portfolio: number, f.demand_places: demand, f.places: sums[a.places].astype("int64"),
            f.coverage_share: (sums[a.places] / demand).where(demand > 0), f.matched_hours: sums[a.matched_hours],
            f.completions: sums[a.completions], f.value: sums["value"], f.facilities: used,
        }
    ).reset_index()  # fmt: skip
    rows = rows.sort_values([f.value, f.site_id], ascending=[False, True], ignore_index=True)
    rows[f.site_rank] = rows.index + 1
    return rows[list(f.to_schema().columns)]


def _worst_coverage(found: FoundPortfolio, sources: PortfolioSources) -> float:
    """The least share of its demand that a PCN of the portfolio gets."""
    mine = sources.candidates[sources.candidates[CandidateFrame.site_id].isin(found.site_ids)]
    codes = _members(mine).index
    asked = sources.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum().reindex(codes)
    asked = asked[asked > 0]
    places = found.allocation.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.places].sum()
    return float((places.reindex(asked.index).fillna(0) / asked).min()) if len(asked) else float("nan")
