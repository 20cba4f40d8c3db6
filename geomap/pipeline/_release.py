"""A run as it is published: everything is built again from counts of people that are fit to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .. import assemble, board, disclose, few, ledger
from ..schema import (
    AllocationFrame,
    IndicatorFrame,
    NeedFrame,
    PathwayFrame,
    PcnResultFrame,
    ResultTables,
    SiteTables,
    UnmetFrame,
)
from ._tables import Run, build_tables

_MANY_PCNS = 100
"""From here on sums over the whole run are told from the plan itself: those of so many counts pin down none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Released:
    """A run in rounded counts, and the published figures of each PCN."""

    run: Run
    parts: assemble.Parts
    pcns: pd.DataFrame
    """By PCN, wanted, given and unmet places, whole numbers in every cell."""
    first: pd.DataFrame
    """The same of the plan before the fairness levels."""


def publish_tables(run: Run, parts: assemble.Parts, choice: SiteTables | None = None) -> ResultTables:
    """
    The tables of a run with small counts of people hidden, given its exact plan.

    Returns
    -------
    tables
        `facts.internal` is False; counts of people (`schema.published.PEOPLE`) are `Int64`, missing from 1 to 7 and
        otherwise multiples of 5. There is no record of the plan to start from.
    """
    released = _release(run, parts)
    told = None if choice is None else disclose.show_choice(choice)
    tables = build_tables(released.run, released.parts, told)
    many = len(tables.pcns) >= _MANY_PCNS
    totals = _whole_run(run, parts) if many else _sum_up(tables, released)
    facts = disclose.show_facts(tables.facts, totals)
    figures = board.build_figures(facts, tables.health_budgets, run.scenario.health_budget)
    tables = replace(
        tables,
        facts=facts,
        figures=disclose.show_figures(figures),
        levels=disclose.show_levels(tables.levels),
        pcns=_with_own_figures(tables, released),
        indicators=tables.indicators.assign(**{IndicatorFrame.value: np.nan}),  # it may be a small count of people
        record=None,
    )
    if many:
        tables = replace(tables, gaps=board.build_gaps(parts.unmet, run.people.pathways))
    return few.hide_few(tables)


def _release(run: Run, parts: assemble.Parts) -> _Released:
    """The stage tables in rounded counts; hours, the ledger and its reasons follow from them and balance."""
    exact = run.plan.match
    shown = disclose.show_plan(parts.unmet, exact.allocation)
    first = disclose.show_plan(_give(parts.unmet, exact.first_allocation), exact.first_allocation)
    rows = ledger.price_places(shown.rows, run.plan.offers)
    served = exact.allocation.groupby(AllocationFrame.pledge_id)[AllocationFrame.places].sum()
    book, reasons = disclose.show_ledger(parts.ledger, parts.hours_reasons, rows, served)
    ledger.check_balance(book, reasons)
    match = replace(exact, allocation=shown.rows, first_allocation=first.rows)
    return _Released(
        run=replace(run, plan=replace(run.plan, match=match)),
        parts=replace(
            parts,
            ledger=book,
            unmet=shown.unmet,
            hours_reasons=reasons,
            priced=rows,
            first_allocation=first.rows,
        ),
        pcns=shown.pcns,
        first=first.pcns,
    )


def _give(unmet: pd.DataFrame, allocation: pd.DataFrame) -> pd.DataFrame:
    """`UnmetFrame` of another plan for the same demand."""
    keys = [UnmetFrame.pcn_code, UnmetFrame.pathway_id]
    given = allocation.groupby(keys)[AllocationFrame.places].sum()
    matched = given.reindex(pd.MultiIndex.from_frame(unmet[keys])).fillna(0).astype("int64").to_numpy()
    rest = unmet[UnmetFrame.demand_places] - matched
    return unmet.assign(**{UnmetFrame.matched_places: matched, UnmetFrame.unmet_places: rest})


def _whole_run(run: Run, parts: assemble.Parts) -> dict[str, float]:
    """Exact totals of the run, by field of `PlanFacts`."""
    plan = run.plan.match.allocation
    share = run.people.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    return {
        "people": plan[AllocationFrame.places].sum(),
        "completions": (plan[AllocationFrame.places] * plan[AllocationFrame.pathway_id].map(share)).sum(),
        "patients": parts.need[NeedFrame.patients].sum(),
        "demand_places": parts.unmet[UnmetFrame.demand_places].sum(),
        "unmet_places": parts.unmet[UnmetFrame.unmet_places].sum(),
    }


def _sum_up(tables: ResultTables, released: _Released) -> dict[str, float]:
    """Totals of a small run, by field of `PlanFacts`, from published counts alone."""
    sums = released.pcns.sum()
    return {
        "people": sums[UnmetFrame.matched_places],
        "completions": tables.facts.completions,
        "patients": tables.facts.patients,
        "demand_places": sums[UnmetFrame.demand_places],
        "unmet_places": sums[UnmetFrame.unmet_places],
    }


def _with_own_figures(tables: ResultTables, released: _Released) -> pd.DataFrame:
    """PCNs with the figures that are rounded for each, where sums of their pathways would be farther off."""
    f, pcns = PcnResultFrame, tables.pcns
    own = released.pcns.reindex(pcns[f.pcn_code]).set_axis(pcns.index)
    first = released.first.reindex(pcns[f.pcn_code]).set_axis(pcns.index)
    demand = own[f.demand_places].where(own[f.demand_places] > 0)
    return pcns.assign(
        **{name: own[name] for name in own},
        **{
            f.coverage_share: (own[f.matched_places] / demand).clip(upper=1),
            f.first_coverage_share: (first[f.matched_places] / demand).clip(upper=1),
        },
    )
