"""The published tables: ledger, reasons, results, and what can be said of the run in figures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from .. import assemble, board, fairness, ledger, organisations, reasons, travel
from ..config import Scenario
from ..facts import count_facts
from ..load.gather import Inputs
from ..schema import (
    CeilingFrame,
    LedgerFrame,
    ListSizeFrame,
    PcnResultFrame,
    PlanFacts,
    ResultTables,
    SiteTables,
)
from ..validate import accounting_frame, repair_frame
from ._access import tell_access
from ._beside import tell_beside
from ._ground import Ground
from ._people import People
from ._plan import Plan
from ._prices import name_prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, from what it was told to its plan."""

    scenario: Scenario
    inputs: Inputs
    people: People
    ground: Ground
    plan: Plan


def build_tables(run: Run, parts: assemble.Parts, choice: SiteTables | None = None) -> ResultTables:
    """Everything that is published of a run, given its balanced parts, and the sites where they were asked for."""
    bank = assemble.BankRows(
        rows=run.inputs.bank.rows,
        left_out=run.inputs.bank.accounting,
        places=run.inputs.bank.places,
        pledges=run.inputs.bank.pledges,
    )
    allocation = assemble.build_allocation(parts)
    backed = _back(run, parts, allocation)
    backing = _tell_organisations(run, backed, assemble.pledge_rows(bank))
    told = tell_access(run.inputs, run.people, run.ground, scenario=run.scenario, book=parts.ledger)
    pcns = assemble.build_pcns(parts, allocation, backing["reachable"], told.in_reach)
    accounts = pd.concat([*run.inputs.accounting, assemble.account_bank(bank, parts)], ignore_index=True)
    facts = _state_facts(run, pcns, allocation, parts.ledger, assemble.count_pledges(bank))
    facts = replace(facts, notes=(*facts.notes, *told.notes))
    return ResultTables(
        facts=facts,
        pcns=pcns,
        facilities=assemble.build_facilities(parts, allocation),
        allocation=allocation,
        unmet=parts.unmet,
        unmatched=assemble.build_unmatched_hours(parts),
        ledger=parts.ledger,
        pathways=run.people.pathways,
        need=run.people.need,
        indicators=run.people.indicators,
        prevalence=run.people.prevalence,
        demand=run.people.demand,
        links=backed.links,
        accounting=accounting_frame(accounts.to_dict("records")),
        repairs=repair_frame(run.inputs.repairs),
        levels=run.plan.match.levels,
        fairness=_measure_fairness(run),
        prices=name_prices(run.plan.prices, parts),
        differences=run.plan.differences,
        outlines=run.ground.icbs,
        places=run.ground.places,
        other_facilities=run.ground.other_facilities,
        access=told.access,
        footprints=told.footprints,
        record=run.plan.match.record,
        bank=assemble.keep_bank(backed.links, parts),
        choice=choice,
        **tell_beside(run.inputs, run.ground, run.people, scenario=run.scenario, unmet=parts.unmet),
        **backing,
        **_summarise(run, parts, allocation, facts),
    )


def _summarise(run: Run, parts: assemble.Parts, allocation: pd.DataFrame, facts: PlanFacts) -> dict[str, pd.DataFrame]:
    """The summary tables for the board, by name."""
    plan = board.PlanTables(
        operators=run.inputs.bank.operators,
        pledges=run.ground.pledges,
        pathways=run.people.pathways,
        offers=run.plan.offers,
        links=run.inputs.bank.links,
        ledger=parts.ledger,
        allocation=allocation,
    )
    budgets = board.build_health_budgets(parts.unmet, run.people.pathways, run.scenario.health_budget)
    return {
        "figures": board.build_figures(facts, budgets, run.scenario.health_budget),
        "provision": board.build_provision(plan),
        "gaps": board.build_gaps(parts.unmet, run.people.pathways),
        "sectors": board.build_sectors(plan),
        "health_budgets": budgets,
    }


def _tell_organisations(run: Run, backed: organisations.Backed, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Who stands behind the plan, by name, given the rows of the bank's table of pledges."""
    ground = run.ground
    pairs = travel.link_pairs(backed.facilities, ground.points, run.scenario.travel, known=ground.known)
    reachable = organisations.build_reachable(backed, pairs)
    ties = organisations.build_ties(backed, reachable)
    operators = organisations.build_operators(backed, ties)
    codes = run.people.pcns[PcnResultFrame.pcn_code]
    return {
        "operators": operators,
        "pledges": organisations.build_pledges(backed, rows),
        "practices": backed.practices,
        "reachable": reachable,
        "ties": ties,
        "attention": organisations.build_attention(backed, operators, ties, codes),
    }


def balance(run: Run) -> assemble.Parts:
    """
    The ledger of the plan, and a reason for every hour and every place left over.

    Raises
    ------
    SolveError
        The ledger does not balance.
    """
    people, ground, plan = run.people, run.ground, run.plan
    planned = reasons.PlannedTables(
        allocation=plan.match.allocation,
        courses=plan.match.courses,
        offers=plan.offers,
        caps=plan.caps,
        reach=ground.reach,
        demand=people.demand,
        ceilings=people.ceilings,
        pathways=people.pathways,
        barred=plan.barred,
    )
    book = ledger.build_ledger(ground.pledges, plan.ineligible, plan.match.allocation, plan.offers)
    hours_reasons = pd.concat([plan.ineligible, reasons.explain_unmatched(planned, book)], ignore_index=True)
    ledger.check_balance(book, hours_reasons)
    return assemble.Parts(
        operators=run.inputs.bank.operators,
        facilities=ground.facilities,
        pledges=ground.pledges,
        pathways=people.pathways,
        pcns=people.pcns,
        footprints=ground.footprints,
        need=people.need,
        ceilings=people.ceilings,
        reach=ground.reach,
        offers=plan.offers,
        ledger=book,
        unmet=reasons.explain_unmet(planned),
        hours_reasons=hours_reasons,
        priced=ledger.price_places(plan.match.allocation, plan.offers),
        first_allocation=plan.match.first_allocation,
    )


def _back(run: Run, parts: assemble.Parts, allocation: pd.DataFrame) -> organisations.Backed:
    """Who stands behind the plan."""
    tables = run.inputs.tables
    lists = tables["list_sizes"].groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
    return organisations.Backed(
        operators=parts.operators,
        facilities=parts.facilities,
        pledges=parts.pledges,
        offers=parts.offers,
        reach=parts.reach,
        links=assemble.keep_links(run.inputs.bank.links, parts),
        practices=organisations.build_practices(tables["practice_map"], lists, parts.pcns[PcnResultFrame.pcn_code]),
        ledger=parts.ledger,
        allocation=allocation,
    )


def _measure_fairness(run: Run) -> pd.DataFrame:
    """Of the plan, against the one that its first level left."""
    people, plan = run.people, run.plan
    served = fairness.FairnessPeople(
        need=people.need,
        demand=people.demand,
        ceilings=people.ceilings,
        pathways=people.pathways,
        caps=plan.caps,
    )
    return fairness.measure_fairness(plan.match.first_allocation, plan.match.allocation, served)


def _fte_policy(run: Run) -> str:
    """What was done about PCNs that reported no link workers, or about all of them where no file was given."""
    assumed = run.people.ceilings[CeilingFrame.fte_basis].eq("england_mean").any()
    return "england_mean" if assumed else run.scenario.link_workers.not_reported


def _state_facts(
    run: Run, pcns: pd.DataFrame, allocation: pd.DataFrame, book: pd.DataFrame, pledges: tuple[int, int]
) -> PlanFacts:
    scenario, match = run.scenario, run.plan.match
    return PlanFacts(
        name=scenario.name,
        label=scenario.label,
        period_start=scenario.period.start.isoformat(),
        period_end=scenario.period.end.isoformat(),
        as_of=scenario.period.as_of.isoformat(),
        stated_hours=float(book[LedgerFrame.hours].sum()),
        **count_facts(pcns, allocation, book),
        fte_policy=_fte_policy(run),
        pledges_read=pledges[0],
        pledges_rejected=pledges[1],
        status=match.status,
        objective=match.objective,
        bound=match.bound,
        gap_share=match.gap_share,
        changes=run.plan.changes,
        notes=(*run.people.notes, *run.ground.notes, *run.inputs.notes, *run.plan.notes),
        sources=run.inputs.sources,
    )
