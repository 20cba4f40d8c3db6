"""The figures and sentences of one ICB's share of a run."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import pandas as pd

from .facts import count_facts
from .few import fill_few, round_total
from .schema import AllocationResultFrame, LedgerFrame, MapTables, PcnResultFrame, PlanFacts, UnmetFrame
from .schema.words import LIST_SEPARATOR

_PEOPLE = ("people", "completions", "patients", "demand_places", "unmet_places")
"""Fields of `PlanFacts`."""


def fill_share(tables: MapTables, pcns: Set[str], pledges: Set[str]) -> MapTables:
    """
    The tables that an ICB's figures are added up from, with a number wherever a count is not shown.

    Parameters
    ----------
    tables
        The whole run.
    pcns, pledges
        Those of the ICB's page.

    Returns
    -------
    filled
        `pcns`, `unmet` and `allocation` of the PCNs and of all others that the pledges serve, sorted as on the page:
        what stands for a hidden count follows from the order of the rows.
    """
    plan, unmet = AllocationResultFrame, UnmetFrame
    served = tables.allocation.loc[tables.allocation[plan.pledge_id].isin(pledges), plan.pcn_code]
    near = {*pcns, *served}
    keys = {
        "pcns": [PcnResultFrame.pcn_code],
        "unmet": [unmet.pcn_code, unmet.pathway_id],
        "allocation": [plan.pledge_id, plan.pathway_id, plan.pcn_code],
    }
    parts = {name: getattr(tables, name) for name in keys}
    kept = {
        name: frame[frame[PcnResultFrame.pcn_code].isin(near)].sort_values(keys[name], ignore_index=True)
        for name, frame in parts.items()
    }
    return fill_few(replace(tables, **kept, choice=None))


def share_facts(tables: MapTables, pcns: pd.DataFrame, allocation: pd.DataFrame, ledger: pd.DataFrame) -> PlanFacts:
    """
    The figures of an ICB's page.

    How good the plan is, and how many pledges were read, cannot be told of a part: they stay those of the run, and
    `tell_share` says so. Of the hours that an operator stated for a pledge, the share is that of its participant-hours.

    Parameters
    ----------
    tables
        The whole run.
    pcns, allocation, ledger
        `PcnResultFrame`, `AllocationResultFrame` and `LedgerFrame` of the ICB's share, with a number wherever a count
        is not shown.
    """
    book = tables.ledger.set_index(LedgerFrame.pledge_id)[LedgerFrame.pledged_hours]
    whole = ledger[LedgerFrame.pledge_id].map(book)
    counted = count_facts(pcns, allocation, ledger)
    part = (ledger[LedgerFrame.pledged_hours] / whole.where(whole > 0)).fillna(1.0)
    return replace(
        tables.facts,
        name=f"{pcns[PcnResultFrame.icb_name].iat[0]} · {tables.facts.name}",
        stated_hours=float((ledger[LedgerFrame.hours] * part).sum()),
        **(counted if tables.facts.internal else counted | {name: round_total(counted[name]) for name in _PEOPLE}),
        changes=(),
    )


def tell_share(tables: MapTables, icb_code: str, facts: PlanFacts, elsewhere_hours: float) -> tuple[str, ...]:
    """
    What the reader of one ICB's page must know, a sentence or two each.

    Parameters
    ----------
    tables
        The whole run.
    icb_code
        The ICB.
    facts
        Of its share.
    elsewhere_hours
        Participant-hours that pledges of the share give to PCNs of other ICBs.
    """
    pledged = facts.pledged_hours + elsewhere_hours
    listed = tables.pcns[PcnResultFrame.icb_codes].str.split(LIST_SEPARATOR)
    away = tables.pcns[PcnResultFrame.icb_code].ne(icb_code)
    guests = sum(icb_code in codes for codes in listed[away])
    notes = [
        f"This page is one ICB's share of the plan “{tables.facts.name}”. The plan was made for all its PCNs together: "
        "how good it is, and how many pledges were read, is told of the whole plan, and the notes below on the files "
        "read are of the whole run.",
        f"{pledged:,.0f} participant-hours are pledged within reach of this ICB: {facts.matched_hours:,.0f} go to its "
        f"PCNs, {elsewhere_hours:,.0f} to PCNs of other ICBs, {facts.unmatched_hours:,.0f} found nobody and "
        f"{facts.ineligible_hours:,.0f} could not be used. The hours that go to other ICBs are left out of every other "
        "figure on this page, of facilities and operators too; only a pledge's hours as its operator wrote them are "
        "told whole. Shares of the hours pledged, also in the headline, are of those within reach and not given to "
        "other ICBs, and hours that find somebody are those that go to PCNs of this one.",
        "Hours that found nobody or could not be used, of a pledge that reaches several ICBs, count on the page of "
        "each. A pledge that reaches nobody counts in the ICB that its facility stands nearest to.",
        "PCNs of other ICBs are not on this page: what is in reach, served or linked counts those of this ICB.",
        "The need index compares a PCN with those of all England; the colours of the map compare the PCNs of this ICB "
        "with each other.",
    ]
    if guests:
        told = "1 PCN has" if guests == 1 else f"{guests:,} PCNs have"
        notes.append(f"{told} practices here too and most patients in another ICB; it is there that they are shown.")
    return tuple(notes)
