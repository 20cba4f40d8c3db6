"""The plan: offers, match, independent check, ledger, reasons, and the tables that are published."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .. import assemble, demand, ledger, offers, proof, reasons
from ..config import Scenario
from ..load.gather import Inputs
from ..match import Match, MatchProblem, Progress, solve_match
from ..schema import (
    AllocationResultFrame,
    CeilingFrame,
    FacilityFrame,
    LedgerFrame,
    LinkFrame,
    PcnResultFrame,
    PlanFacts,
    PledgeFrame,
    PracticeFrame,
    ResultTables,
)
from ..validate import accounting_frame
from ._ground import Ground
from ._people import People

_PCN = PcnResultFrame.pcn_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    offers: pd.DataFrame
    ineligible: pd.DataFrame
    caps: pd.DataFrame


def make_plan(
    scenario: Scenario, people: People, ground: Ground, progress: Progress
) -> tuple[Match, Supply]:
    offered, ineligible = offers.link_offers(
        ground.pledges, ground.facilities, people.pathways, period=scenario.period, params=scenario.match
    )
    caps = demand.bound_places(
        offered,
        ground.reach,
        people.demand,
        pledges=ground.pledges,
        pathways=people.pathways,
        ages=people.ages,
    )
    problem = MatchProblem.from_frames(
        offered, caps, people.demand, ceilings=people.ceilings, need=people.need, pathways=people.pathways
    )
    regions = people.pcns.set_index(_PCN)[[PcnResultFrame.icb_code, PracticeFrame.sub_icb_code]]
    match = solve_match(problem, regions, scenario.match, progress)
    proof.check_plan(
        proof.Plan(
            allocation=match.allocation,
            courses=match.courses,
            objective=match.objective,
            bound=match.bound,
            pledges=ground.pledges,
            offers=offered,
            caps=caps,
            reach=ground.reach,
            demand=people.demand,
            ceilings=people.ceilings,
            need=people.need,
            pathways=people.pathways,
        )
    )
    return match, Supply(offers=offered, ineligible=ineligible, caps=caps)


def build_tables(
    inputs: Inputs, scenario: Scenario, people: People, ground: Ground, supply: Supply, match: Match
) -> ResultTables:
    planned = reasons.PlannedTables(
        allocation=match.allocation,
        courses=match.courses,
        offers=supply.offers,
        caps=supply.caps,
        reach=ground.reach,
        demand=people.demand,
        ceilings=people.ceilings,
        pathways=people.pathways,
    )
    book = ledger.build_ledger(ground.pledges, supply.ineligible, match.allocation, supply.offers)
    hours_reasons = pd.concat([supply.ineligible, reasons.explain_unmatched(planned, book)], ignore_index=True)
    ledger.check_balance(book, hours_reasons)
    unmet = reasons.explain_unmet(planned)
    parts = assemble.Parts(
        operators=inputs.bank.operators,
        facilities=ground.facilities,
        pledges=ground.pledges,
        pathways=people.pathways,
        pcns=people.pcns,
        footprints=ground.footprints,
        need=people.need,
        ceilings=people.ceilings,
        reach=ground.reach,
        offers=supply.offers,
        ledger=book,
        unmet=unmet,
        hours_reasons=hours_reasons,
        priced=ledger.price_places(match.allocation, supply.offers),
    )
    allocation = assemble.build_allocation(parts)
    pcns = assemble.build_pcns(parts, allocation)
    bank_rows = assemble.account_pledges(inputs.bank.rows, parts, inputs.bank.pledges)
    links = inputs.bank.links
    owners = set(ground.pledges[PledgeFrame.operator_id])
    kept = links[LinkFrame.operator_id].isin(owners) | links[LinkFrame.facility_id].isin(
        ground.facilities[FacilityFrame.facility_id]
    )
    return ResultTables(
        facts=_facts(inputs, scenario, people, ground, match, book, pcns, allocation),
        pcns=pcns,
        sites=assemble.build_sites(parts, allocation),
        allocation=allocation,
        unmet=unmet,
        unmatched=assemble.build_unmatched_hours(parts),
        ledger=book,
        pathways=people.pathways,
        need=people.need,
        prevalence=people.prevalence,
        demand=people.demand,
        links=links[kept].reset_index(drop=True),
        accounting=accounting_frame(
            pd.concat([*inputs.accounting, bank_rows], ignore_index=True).to_dict("records")
        ),
        outlines=ground.icbs,
    )


def _facts(
    inputs: Inputs,
    scenario: Scenario,
    people: People,
    ground: Ground,
    match: Match,
    book: pd.DataFrame,
    pcns: gpd.GeoDataFrame,
    allocation: pd.DataFrame,
) -> PlanFacts:
    hours = book.sum(numeric_only=True)
    reported = people.ceilings[CeilingFrame.fte_basis].eq("reported")
    read, rejected = assemble.count_pledges(inputs.bank.rows, inputs.bank.accounting, inputs.bank.pledges)
    return PlanFacts(
        name=scenario.name,
        label=scenario.label,
        period_start=scenario.period.start.isoformat(),
        period_end=scenario.period.end.isoformat(),
        as_of=scenario.period.as_of.isoformat(),
        pledged_hours=float(hours[LedgerFrame.pledged_hours]),
        ineligible_hours=float(hours[LedgerFrame.ineligible_hours]),
        eligible_hours=float(hours[LedgerFrame.eligible_hours]),
        matched_hours=float(hours[LedgerFrame.matched_hours]),
        unmatched_hours=float(hours[LedgerFrame.unmatched_hours]),
        people=int(allocation[AllocationResultFrame.places].sum()),
        completions=float(allocation[AllocationResultFrame.completions].sum()),
        pcns=len(pcns),
        pcns_covered=int(pcns[PcnResultFrame.matched_places].gt(0).sum()),
        patients=int(pcns[PcnResultFrame.patients].sum()),
        demand_places=int(pcns[PcnResultFrame.demand_places].sum()),
        unmet_places=int(pcns[PcnResultFrame.unmet_places].sum()),
        link_worker_fte=float(people.ceilings.loc[reported, CeilingFrame.link_worker_fte].sum()),
        pcns_fte_not_reported=int((~reported).sum()),
        fte_policy=scenario.link_workers.not_reported,
        pledges_read=read,
        pledges_rejected=rejected,
        status=match.status,
        objective=match.objective,
        bound=match.bound,
        gap_share=match.gap_share,
        notes=(*people.notes, *ground.notes, *inputs.notes),
        sources=inputs.sources,
    )
