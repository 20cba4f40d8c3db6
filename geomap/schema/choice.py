"""Tables of the choice of test-and-learn sites.

A site is a PCN, an ICB or a group of PCNs. Values are need-weighted completions of a plan that serves the chosen sites
alone, unless a column says otherwise. Lists of ids stand in one cell with `;` between.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table
from .words import CURVES, LEVEL_STATUSES, LEVERS, LIKENESS, LIMITS, RURALITIES, SCORE_PARTS, VERDICTS


class CandidateFrame(Table):
    """One row a site that could be chosen, sorted by id, with what quotas count it by.

    `operator_kinds` and `pathways` are those of the hours in its reach; `density` is patients per square kilometre
    within 5 km of where its patients live, and `rurality` is told from it.
    """

    site_id: Series[str] = pa.Field(unique=True)
    site_name: Series[str]
    pcn_codes: Series[str]
    icb_code: Series[str]
    icb_name: Series[str]
    region_code: Series[str]
    region_name: Series[str]
    patients: Series[int] = pa.Field(ge=0)
    need_index: Series[float]
    deprivation_fifth: Series[float] = pa.Field(nullable=True)
    rurality: Series[str] = pa.Field(isin=RURALITIES)
    imd_score: Series[float] = pa.Field(nullable=True)
    aged_65_share: Series[float] = pa.Field(nullable=True)
    long_term_ratio: Series[float] = pa.Field(nullable=True)
    density: Series[float] = pa.Field(ge=0)
    link_worker_fte: Series[float] = pa.Field(ge=0)
    hours_in_reach: Series[float] = pa.Field(ge=0)
    operator_kinds: Series[str]
    pathways: Series[str]
    setup_cost: Series[float] = pa.Field(ge=0)
    easting: Series[float]
    northing: Series[float]


class PortfolioFrame(Table):
    """One row a portfolio, the best first; `differs_by` is the fewest sites that set it apart from any other."""

    portfolio: Series[int] = pa.Field(ge=1, unique=True)
    sites: Series[int] = pa.Field(ge=0)
    value: Series[float] = pa.Field(ge=0)
    bound: Series[float] = pa.Field(ge=0)
    gap_share: Series[float] = pa.Field(ge=0)
    status: Series[str] = pa.Field(isin=LEVEL_STATUSES)
    places: Series[int] = pa.Field(ge=0)
    completions: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)
    setup_cost: Series[float] = pa.Field(ge=0)
    worst_coverage_share: Series[float] = pa.Field(nullable=True)
    differs_by: Series[int] = pa.Field(ge=0)


class ChosenSiteFrame(Table):
    """One row a (portfolio, site), the most need-weighted completions first."""

    portfolio: Series[int] = pa.Field(ge=1)
    site_rank: Series[int] = pa.Field(ge=1)
    site_id: Series[str]
    site_name: Series[str]
    pcn_codes: Series[str]
    icb_name: Series[str]
    region_name: Series[str]
    patients: Series[int] = pa.Field(ge=0)
    need_index: Series[float]
    deprivation_fifth: Series[float] = pa.Field(nullable=True)
    rurality: Series[str] = pa.Field(isin=RURALITIES)
    link_worker_fte: Series[float] = pa.Field(ge=0)
    setup_cost: Series[float] = pa.Field(ge=0)
    demand_places: Series[int] = pa.Field(ge=0)
    places: Series[int] = pa.Field(ge=0)
    coverage_share: Series[float] = pa.Field(nullable=True)
    matched_hours: Series[float] = pa.Field(ge=0)
    completions: Series[float] = pa.Field(ge=0)
    value: Series[float] = pa.Field(ge=0)
    facilities: Series[int] = pa.Field(ge=0)


class ComparatorFrame(Table):
    """One row a (site of the first portfolio, measure): the unchosen site most like it.

    `distance` is the root mean square of the standardised differences over the measures that both have; past 0.25 none
    is `close_enough`, and the nearest is still named.
    """

    site_id: Series[str]
    site_name: Series[str]
    comparator_id: Series[str] = pa.Field(nullable=True)
    comparator_name: Series[str] = pa.Field(nullable=True)
    distance: Series[float] = pa.Field(nullable=True)
    close_enough: Series[bool]
    shared_facilities: Series[int] = pa.Field(ge=0)
    measure: Series[str] = pa.Field(isin=tuple(LIKENESS))
    site_value: Series[float] = pa.Field(nullable=True)
    comparator_value: Series[float] = pa.Field(nullable=True)
    standardised_difference: Series[float] = pa.Field(nullable=True)


class TradeoffFrame(Table):
    """One row a point of a trade-off: the most need met under a limit; the chosen portfolio is marked.

    `limit` is the least coverage of a chosen site (share), the most set-up cost (pounds), or the number of sites.
    """

    curve: Series[str] = pa.Field(isin=CURVES)
    limit: Series[float]
    value: Series[float] = pa.Field(ge=0)
    bound: Series[float] = pa.Field(ge=0)
    gap_share: Series[float] = pa.Field(ge=0)
    worst_coverage_share: Series[float] = pa.Field(nullable=True)
    setup_cost: Series[float] = pa.Field(ge=0)
    sites: Series[str]
    chosen: Series[bool]


class DrawFrame(Table):
    """One row a draw of the assumptions, as factors on those of the scenario; draw 0 is the scenario itself.

    `value` and `bound` are of the relaxation, in which courses need not be whole: `sites` are worth at least `value` in
    it and no portfolio more than `bound`. Where the draw was also solved in full, `full_*` say what came of it.
    """

    draw: Series[int] = pa.Field(ge=0, unique=True)
    weight_imd: Series[float] = pa.Field(ge=0)
    weight_inactivity: Series[float] = pa.Field(ge=0)
    weight_long_term: Series[float] = pa.Field(ge=0)
    weight_aged_65: Series[float] = pa.Field(ge=0)
    uptake: Series[float] = pa.Field(gt=0)
    completion: Series[float] = pa.Field(gt=0)
    fill: Series[float] = pa.Field(gt=0)
    caseload: Series[float] = pa.Field(gt=0)
    detour: Series[float] = pa.Field(gt=0)
    value: Series[float] = pa.Field(ge=0)
    bound: Series[float] = pa.Field(ge=0)
    sites: Series[str]
    full_value: Series[float] = pa.Field(nullable=True)
    full_bound: Series[float] = pa.Field(nullable=True)
    full_sites: Series[str] = pa.Field(nullable=True)


class RobustnessFrame(Table):
    """One row a site that any draw chose or that is in the first portfolio; `error_share` is one standard error."""

    site_id: Series[str] = pa.Field(unique=True)
    site_name: Series[str]
    chosen: Series[bool]
    share_of_draws: Series[float] = pa.Field(ge=0, le=1)
    error_share: Series[float] = pa.Field(ge=0)
    verdict: Series[str] = pa.Field(isin=VERDICTS)


class RegretFrame(Table):
    """One row a portfolio: how far it falls short of the best of each draw, as a share of it, in the relaxation."""

    portfolio: Series[int] = pa.Field(ge=1, unique=True)
    draws: Series[int] = pa.Field(ge=1)
    mean_share: Series[float] = pa.Field(ge=0)
    p95_share: Series[float] = pa.Field(ge=0)
    worst_share: Series[float] = pa.Field(ge=0)


class FlipFrame(Table):
    """One row an end of an assumption's range, all else as in the scenario: which sites come in and which go out."""

    assumption: Series[str]
    end: Series[str] = pa.Field(isin=("low", "high"))
    factor: Series[float] = pa.Field(ge=0)
    value: Series[float] = pa.Field(ge=0)
    change_share: Series[float]
    entered: Series[str]
    left: Series[str]


class SitePartFrame(Table):
    """One row a (site, pathway, part) of its score; the parts of a site add up to its value.

    Of sites that are not chosen the plan is that of the best portfolio which must include them.
    """

    site_id: Series[str]
    site_name: Series[str]
    chosen: Series[bool]
    pathway_id: Series[str]
    part: Series[str] = pa.Field(isin=SCORE_PARTS)
    value: Series[float]


class SiteLimitFrame(Table):
    """One row a (site, limit): need-weighted completions that the site would gain alone were the limit lifted."""

    site_id: Series[str]
    site_name: Series[str]
    limit: Series[str] = pa.Field(isin=LIMITS)
    gain: Series[float] = pa.Field(ge=0)


class SiteChangeFrame(Table):
    """One row the smallest change of one thing that brings a site in or out, solved again to see that it does.

    `before` and `after` are in the lever's unit; `value_with` and `value_without` are the best portfolios after the
    change with the site and without it. Where nothing within reason does, `after` is missing. `loss` is what, before
    any change, taking in a site that is not chosen or leaving out one that is takes from the best portfolio; missing
    where the conditions do not admit it.
    """

    site_id: Series[str]
    site_name: Series[str]
    chosen: Series[bool]
    lever: Series[str] = pa.Field(isin=tuple(LEVERS))
    before: Series[float] = pa.Field(ge=0)
    after: Series[float] = pa.Field(ge=0, nullable=True)
    value_with: Series[float] = pa.Field(ge=0, nullable=True)
    value_without: Series[float] = pa.Field(ge=0, nullable=True)
    verified: Series[bool]
    loss: Series[float] = pa.Field(ge=0, nullable=True)


class SiteReasonFrame(Table):
    """Sentences on a site, in order, each built from the tables of the choice."""

    site_id: Series[str]
    order: Series[int] = pa.Field(ge=1)
    sentence: Series[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTables:
    """The choice of sites, with all that is told of it; a table is empty where it was not asked for."""

    unit: str
    """One of `SITE_UNITS`."""
    count: int
    conditions: tuple[str, ...]
    """The planner's conditions, a sentence each."""
    notes: tuple[str, ...]
    candidates: pd.DataFrame
    portfolios: pd.DataFrame
    chosen: pd.DataFrame
    plan: pd.DataFrame
    """`AllocationResultFrame` of the first portfolio."""
    comparators: pd.DataFrame
    tradeoffs: pd.DataFrame
    draws: pd.DataFrame
    robustness: pd.DataFrame
    regrets: pd.DataFrame
    flips: pd.DataFrame
    parts: pd.DataFrame
    limits: pd.DataFrame
    changes: pd.DataFrame
    reasons: pd.DataFrame
