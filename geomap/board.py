"""Summary tables of a finished run for the board: what is offered, what is missing, who carries it, what it would cost.

Tables in, tables out; nothing is read but the tables of the run.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .config import HealthBudgetParams
from .links import NO_LINK_TOLD, find_best
from .schema import (
    AllocationResultFrame,
    FigureFrame,
    GapFrame,
    HealthBudgetFrame,
    LedgerFrame,
    LinkFrame,
    OfferFrame,
    OperatorFrame,
    PathwayFrame,
    PlanFacts,
    PledgeFrame,
    ProvisionFrame,
    SectorFrame,
    UnmetFrame,
)
from .schema.words import LINK_STATUSES, LIST_SEPARATOR, SECTOR_NAMES, SECTORS, UNMET_REASONS

NOT_STATED = "not_stated"
"""The role of a pledge that names none."""

WANT_OF_HOURS = (
    "no_compatible_pledge", "none_within_reach", "partly_out_of_reach", "hours_used_up", "below_minimum_group",
    "rounding",
)  # fmt: skip
"""Reasons for an unmet place that hours bought for one person would mend; see `build_health_budgets`."""

FIGURE_UNITS = {
    "stated_hours": "hours as operators state them",
    "pledged_hours": "participant-hours",
    "ineligible_hours": "participant-hours",
    "eligible_hours": "participant-hours",
    "matched_hours": "participant-hours",
    "unmatched_hours": "participant-hours",
    "people": "people",
    "completions": "people, expected",
    "pcns": "PCNs",
    "pcns_covered": "PCNs",
    "patients": "people",
    "demand_places": "course places",
    "unmet_places": "course places",
    "link_worker_fte": "full-time equivalent",
    "pcns_fte_not_reported": "PCNs",
    "objective": "need-weighted completions",
    "bound": "need-weighted completions",
    "gap_share": "share",
    "pledges_read": "pledges",
    "pledges_rejected": "pledges",
}
"""Every number of `PlanFacts` → its unit."""
BUDGET_UNITS = {
    "health_budget_hour_cost": "pounds a participant-hour",
    "health_budget_total": "pounds",
    "health_budget_wanting_places": "course places",
    "health_budget_bought_places": "course places",
}
"""What is told of personal health budgets as a whole → its unit."""

_MARK = "internal"
"""The one field of `PlanFacts` that is neither text nor a figure."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTables:
    """A finished plan and those who offered its hours."""

    operators: pd.DataFrame
    """`OperatorFrame`."""
    pledges: pd.DataFrame
    """`PledgeFrame`."""
    pathways: pd.DataFrame
    """`PathwayFrame`."""
    offers: pd.DataFrame
    """`OfferFrame`: which pledge can deliver which pathway."""
    links: pd.DataFrame
    """`LinkFrame`."""
    ledger: pd.DataFrame
    """`LedgerFrame`, a row a pledge."""
    allocation: pd.DataFrame
    """`AllocationResultFrame`."""


def build_provision(plan: PlanTables) -> pd.DataFrame:
    """
    What operators offer by pathway, role and link with the NHS.

    A pledge stands in a row for each pathway that it can deliver and each of its roles that may lead it; where none
    of its roles is one that the pathway names, for each of its roles. Its eligible hours count in full in each of
    them, as they can be spent on any; its matched hours are those that the plan spends on the pathway. Its link is
    the best one told of its facility, or of its operator without a facility: formal before informal, before none,
    before unknown; unknown where there is none.

    Returns
    -------
    provision
        `ProvisionFrame`, sorted by pathway, role and link, the best link first.
    """
    keys = [OfferFrame.pledge_id, OfferFrame.pathway_id]
    spent = plan.allocation.groupby(keys)[AllocationResultFrame.matched_hours].sum().rename("spent").reset_index()
    rows = plan.offers[keys].drop_duplicates().merge(spent, on=keys, how="left", validate="one_to_one")
    own = plan.ledger[[LedgerFrame.pledge_id, LedgerFrame.operator_id, LedgerFrame.facility_id,
                       LedgerFrame.eligible_hours]]  # fmt: skip
    rows = rows.merge(own, on=LedgerFrame.pledge_id, validate="many_to_one")
    rows[ProvisionFrame.link_status] = rows[LedgerFrame.pledge_id].map(_best_link(plan.ledger, plan.links))
    rows[ProvisionFrame.role] = _leading_roles(rows, plan)
    rows = rows.explode(ProvisionFrame.role)
    order = rows[ProvisionFrame.link_status].map(LINK_STATUSES.index)
    groups = rows.assign(order=order).groupby([ProvisionFrame.pathway_id, ProvisionFrame.role, "order"])
    frame = groups.agg(
        **{
            ProvisionFrame.link_status: (ProvisionFrame.link_status, "first"),
            ProvisionFrame.operators: (LedgerFrame.operator_id, "nunique"),
            ProvisionFrame.facilities: (LedgerFrame.facility_id, "nunique"),
            ProvisionFrame.pledges: (LedgerFrame.pledge_id, "nunique"),
            ProvisionFrame.eligible_hours: (LedgerFrame.eligible_hours, "sum"),
            ProvisionFrame.matched_hours: ("spent", "sum"),
        }
    )
    return ProvisionFrame.declared(frame.reset_index())


def build_gaps(unmet: pd.DataFrame, pathways: pd.DataFrame) -> pd.DataFrame:
    """
    What is asked of each pathway, what the plan gives, and the reason behind most of what it does not.

    A PCN has nothing of a pathway when it wants places on it and gets none.

    Parameters
    ----------
    unmet, pathways
        `UnmetFrame`, `PathwayFrame`.

    Returns
    -------
    gaps
        `GapFrame`, a row for each pathway of the catalogue, the most places unmet first. Places wanted are places
        given and places unmet.
    """
    f, places = GapFrame, [UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places]
    nothing = unmet[UnmetFrame.demand_places].gt(0) & unmet[UnmetFrame.matched_places].eq(0)
    sums = unmet.assign(nothing=nothing).groupby(UnmetFrame.pathway_id)[[*places, "nothing"]].sum()
    frame = pathways[[PathwayFrame.pathway_id, PathwayFrame.pathway_name]].set_index(PathwayFrame.pathway_id)
    frame = frame.join(sums).rename(columns={"nothing": f.pcns_with_nothing}).reset_index()
    frame[[*places, f.pcns_with_nothing]] = frame[[*places, f.pcns_with_nothing]].fillna(0)
    frame[f.main_reason] = frame[f.pathway_id].map(_main_reasons(unmet))
    return _most_first(frame, GapFrame, by=f.unmet_places)


def build_sectors(plan: PlanTables) -> pd.DataFrame:
    """
    Who carries the load: the public, the private and the voluntary sector.

    Operators, facilities and pledges are those with hours in the ledger; people are course places.

    Returns
    -------
    sectors
        `SectorFrame`, one row a sector, in the order of `SECTOR_NAMES`; its hours add up to the ledger.
    """
    kinds = plan.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_kind]
    book = plan.ledger.assign(sector=plan.ledger[LedgerFrame.operator_id].map(kinds).map(SECTORS))
    groups = book.groupby("sector")
    given = plan.allocation[AllocationResultFrame.operator_id].map(kinds).map(SECTORS)
    frame = pd.DataFrame(
        {
            SectorFrame.operators: groups[LedgerFrame.operator_id].nunique(),
            SectorFrame.facilities: groups[LedgerFrame.facility_id].nunique(),
            SectorFrame.pledges: groups[LedgerFrame.pledge_id].nunique(),
            SectorFrame.pledged_hours: groups[LedgerFrame.pledged_hours].sum(),
            SectorFrame.matched_hours: groups[LedgerFrame.matched_hours].sum(),
            SectorFrame.people: plan.allocation.groupby(given)[AllocationResultFrame.places].sum(),
        },
        index=pd.Index(SECTOR_NAMES, name=SectorFrame.sector),
    )
    return SectorFrame.declared(frame.fillna(0).reset_index())


def build_health_budgets(unmet: pd.DataFrame, pathways: pd.DataFrame, params: HealthBudgetParams) -> pd.DataFrame:
    """
    What personal health budgets would buy where hours run out.

    Wanting are the places unmet for want of hours (`WANT_OF_HOURS`): nobody offers the pathway, its hours are out of
    reach of these people or not for their ages, are used up, or are too few or too many together for a whole course.
    Each of these a course bought for one person would mend. Not so where link workers cannot refer more people, nor
    where the planner keeps hours in reach away: that costs nothing to undo. A row of unmet demand has one reason, the
    main one, and counts in full. Whoever gets a bought place must be referred too, which is not counted here.

    A place costs course hours × the price of an hour. The sum to spend is shared over the pathways in proportion to
    what all their wanting places would cost, and buys whole places: ⌊share / cost of a place⌋, never more than want.

    Parameters
    ----------
    unmet, pathways
        `UnmetFrame`, `PathwayFrame`.
    params
        The price of a participant-hour and the sum to spend, in pounds.

    Returns
    -------
    health_budgets
        `HealthBudgetFrame`, a row for each pathway of the catalogue, the most wanting places first.
    """
    f = HealthBudgetFrame
    short = unmet[unmet[UnmetFrame.reason].isin(WANT_OF_HOURS)]
    wanting = short.groupby(UnmetFrame.pathway_id)[UnmetFrame.unmet_places].sum()
    frame = pathways[[f.pathway_id, f.pathway_name, f.course_hours]].copy()
    frame[f.wanting_places] = frame[f.pathway_id].map(wanting).fillna(0)
    frame[f.place_cost] = frame[f.course_hours] * params.hour_cost
    frame[f.whole_cost] = frame[f.wanting_places] * frame[f.place_cost]
    whole = frame[f.whole_cost].sum()
    # The share of the money a pathway gets is the share of its wanting places that the money buys, whatever they cost.
    affordable = min(params.total / whole, 1.0) if whole else 1.0
    frame[f.bought_places] = np.floor(frame[f.wanting_places].astype(float) * affordable + _HAIR)
    return _most_first(frame, HealthBudgetFrame, by=f.wanting_places)


def build_figures(facts: PlanFacts, budgets: pd.DataFrame, params: HealthBudgetParams) -> pd.DataFrame:
    """
    Every number that is told of the run as a whole, named as in `PlanFacts`, and the shares that follow from them.

    The shares: `coverage_share`, places given of places wanted; `matched_share`, hours matched of hours pledged;
    `pcns_covered_share`, PCNs with a place of all PCNs. A share of nothing is left out.

    Parameters
    ----------
    facts
        The run as a whole.
    budgets, params
        `HealthBudgetFrame`, and the price and the sum that it was made with.

    Returns
    -------
    figures
        `FigureFrame`, in the order of `PlanFacts`, then the shares, then personal health budgets.
    """
    numbers = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    numbers = {name: value for name, value in numbers.items() if isinstance(value, int | float) and name != _MARK}
    told = [(name, value, FIGURE_UNITS[name]) for name, value in numbers.items()]
    parts = {
        "coverage_share": (facts.demand_places - facts.unmet_places, facts.demand_places),
        "matched_share": (facts.matched_hours, facts.pledged_hours),
        "pcns_covered_share": (facts.pcns_covered, facts.pcns),
    }
    told += [(name, part / whole, "share") for name, (part, whole) in parts.items() if whole]
    sums = budgets[[HealthBudgetFrame.wanting_places, HealthBudgetFrame.bought_places]].sum()
    bought = (params.hour_cost, params.total, *sums)
    told += [(name, value, unit) for (name, unit), value in zip(BUDGET_UNITS.items(), bought, strict=True)]
    frame = pd.DataFrame(told, columns=[FigureFrame.figure, FigureFrame.value, FigureFrame.unit])
    return FigureFrame.declared(frame)


def _best_link(ledger: pd.DataFrame, links: pd.DataFrame) -> pd.Series:
    """By pledge: the best link of its facility, or of its operator alone."""
    told = links[LinkFrame.link_status]
    alone = links[links[LinkFrame.facility_id].isna()]
    statuses = pd.concat(
        [
            ledger[LedgerFrame.facility_id].map(find_best(told, links[LinkFrame.facility_id])),
            ledger[LedgerFrame.operator_id].map(find_best(alone[LinkFrame.link_status], alone[LinkFrame.operator_id])),
        ]
    ).dropna()
    best = find_best(statuses, ledger[LedgerFrame.pledge_id].reindex(statuses.index))
    return best.reindex(ledger[LedgerFrame.pledge_id]).fillna(NO_LINK_TOLD)


def _leading_roles(rows: pd.DataFrame, plan: PlanTables) -> pd.Series:
    """The roles under which each (pledge, pathway) stands, as lists."""
    has = plan.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.roles].map(_items, na_action="ignore")
    may = plan.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.roles].map(_items, na_action="ignore")

    def choose(pledge: str, pathway: str) -> list[str]:
        own, fit = (told if isinstance(told, list) else [] for told in (has[pledge], may[pathway]))
        return [role for role in own if role in fit] or own or [NOT_STATED]

    keys = zip(rows[OfferFrame.pledge_id], rows[OfferFrame.pathway_id], strict=True)
    return pd.Series([choose(*key) for key in keys], index=rows.index, dtype=object)


def _items(text: str) -> list[str]:
    """The items of a list in one cell, each once."""
    return list(dict.fromkeys(part for part in text.split(LIST_SEPARATOR) if part))


def _main_reasons(unmet: pd.DataFrame) -> dict[str, str]:
    """By pathway: the reason of the most unmet places; of equals the one told first in `UNMET_REASONS`."""
    short = unmet[unmet[UnmetFrame.unmet_places] > 0]
    sums = short.groupby([UnmetFrame.pathway_id, UnmetFrame.reason])[UnmetFrame.unmet_places].sum().reset_index()
    order = sums[UnmetFrame.reason].map(list(UNMET_REASONS).index)
    ranked = sums.assign(order=order).sort_values([UnmetFrame.unmet_places, "order"], ascending=[False, True])
    first = ranked.drop_duplicates(UnmetFrame.pathway_id)
    return dict(zip(first[UnmetFrame.pathway_id], first[UnmetFrame.reason], strict=True))


def _most_first(frame: pd.DataFrame, model: type, *, by: str) -> pd.DataFrame:
    ranked = frame.sort_values([by, PathwayFrame.pathway_id], ascending=[False, True])
    return model.declared(ranked)
