"""Who stands behind a plan: operators, pledges, practices, who reaches whom, and what a planner should act on.

Tables in, tables out. A link with a practice counts for its PCN; one with an ICB is told, but ties nobody to a PCN.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .links import NO_LINK_TOLD, find_best
from .schema import (
    AccountingFrame,
    AllocationResultFrame,
    AttentionFrame,
    FacilityFrame,
    LedgerFrame,
    LinkFrame,
    OfferFrame,
    OperatorResultFrame,
    PairFrame,
    PledgeFrame,
    PledgeResultFrame,
    PracticeFrame,
    PracticeResultFrame,
    ReachableFrame,
    ReachFrame,
    TieFrame,
)
from .schema.words import ATTENTION, LINK_STATUSES, LINKED, LIST_SEPARATOR

TRAVELLED = ("distance", "hybrid")
"""Bases of reach in which patients travel to the facility."""
_DATE = "%Y-%m-%d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backed:
    """A finished plan, who offered its hours, and whom they reach."""

    operators: pd.DataFrame
    """`OperatorFrame`."""
    facilities: pd.DataFrame
    """`FacilityFrame`: its ids and their operators."""
    pledges: pd.DataFrame
    """`PledgeFrame`: those of the run."""
    offers: pd.DataFrame
    """`OfferFrame`: which pledge can deliver which pathway."""
    reach: pd.DataFrame
    """`ReachFrame`."""
    links: pd.DataFrame
    """`LinkFrame`: those of operators and facilities of the run."""
    practices: pd.DataFrame
    """`PracticeResultFrame`."""
    ledger: pd.DataFrame
    """`LedgerFrame`."""
    allocation: pd.DataFrame
    """`AllocationResultFrame`."""


def build_practices(practices: pd.DataFrame, patients: pd.Series, pcn_codes: pd.Series) -> pd.DataFrame:
    """
    The practices of the PCNs of a run.

    Parameters
    ----------
    practices
        `PracticeFrame`, all of them.
    patients
        By practice code; a practice without any in the list has none.
    pcn_codes
        The PCNs of the run.

    Returns
    -------
    practices
        `PracticeResultFrame`, sorted by PCN and practice.
    """
    f = PracticeResultFrame
    rows = practices[practices[PracticeFrame.pcn_code].isin(pcn_codes)]
    rows = rows.assign(**{f.patients: rows[PracticeFrame.practice_code].map(patients).fillna(0)})
    return f.declared(rows.sort_values([f.pcn_code, f.practice_code]))


def build_pledges(backed: Backed, rows: pd.DataFrame) -> pd.DataFrame:
    """
    What each pledge offers, and the row of the bank of hours that it was read from.

    Parameters
    ----------
    backed
        The plan.
    rows
        `AccountingFrame`: one line a row of the table of pledges.

    Returns
    -------
    pledges
        `PledgeResultFrame`, sorted by pledge.
    """
    f = PledgeResultFrame
    read = rows.rename(columns={AccountingFrame.row_id: f.pledge_id})[[f.pledge_id, f.source, f.sheet, f.row]]
    frame = backed.pledges.merge(read, on=f.pledge_id, how="left", validate="one_to_one")
    able = backed.offers.groupby(OfferFrame.pledge_id)[OfferFrame.pathway_id].agg(
        lambda ids: LIST_SEPARATOR.join(sorted(set(ids)))
    )
    days = {name: frame[name].dt.strftime(_DATE) for name in (f.start_date, f.end_date, f.updated)}
    lists = {f.deliverable: able, f.icbs_in_reach: _icbs_in_reach(backed)}
    texts = {name: frame[f.pledge_id].map(ids).astype("str").fillna("") for name, ids in lists.items()}
    frame = frame.assign(**days, **texts)
    return f.declared(frame.sort_values(f.pledge_id))


def _icbs_in_reach(backed: Backed) -> pd.Series:
    """By pledge: the home ICBs of the PCNs that it reaches, on any basis."""
    f = PracticeResultFrame
    sizes = backed.practices.groupby([f.pcn_code, f.icb_code], as_index=False)[f.patients].sum()
    # Home is where most of the patients are, as for the PCNs of the run.
    sizes = sizes.sort_values([f.pcn_code, f.patients, f.icb_code], ascending=[True, False, True])
    home = sizes.drop_duplicates(f.pcn_code).set_index(f.pcn_code)[f.icb_code]
    icbs = backed.reach[ReachFrame.pcn_code].map(home).rename(f.icb_code)
    rows = pd.concat([backed.reach[ReachFrame.pledge_id], icbs], axis=1).dropna().drop_duplicates()
    return rows.sort_values(f.icb_code).groupby(ReachFrame.pledge_id)[f.icb_code].agg(LIST_SEPARATOR.join)


def build_reachable(backed: Backed, pairs: pd.DataFrame) -> pd.DataFrame:
    """
    Which facilities patients of which PCNs can travel to, for a pledge that is given there.

    Of several pledges of a facility, the one that reaches most of the PCN counts. Hours that come to people or online
    are not told here: nobody travels to them. Those of a hybrid pledge are, for the patients who can come.

    Parameters
    ----------
    backed
        The plan.
    pairs
        `PairFrame` of the run's facilities and PCNs: what can be travelled, whatever the pledges say.

    Returns
    -------
    reachable
        `ReachableFrame`, sorted by facility and PCN.
    """
    f = ReachableFrame
    keys = [f.facility_id, f.pcn_code]
    rows = _at_facilities(backed)
    # A hybrid pledge serves a whole PCN; who of it can come is what the way there says.
    hybrid = rows[rows[ReachFrame.basis].eq("hybrid")][keys].drop_duplicates().merge(
        pairs, on=keys, validate="one_to_one"
    )
    came = rows[rows[ReachFrame.basis].eq("distance")]
    frame = pd.concat([came[[*keys, PairFrame.reach_share, PairFrame.minutes_min]], hybrid])
    order = [*keys, f.reach_share, f.minutes_min]
    frame = frame.sort_values(order, ascending=[True, True, False, True]).drop_duplicates(keys)
    return f.declared(frame)


def _at_facilities(backed: Backed) -> pd.DataFrame:
    """Rows of reach that are travelled, each with its facility."""
    rows = backed.reach[backed.reach[ReachFrame.basis].isin(TRAVELLED)]
    named = backed.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.facility_id]
    site = rows[ReachFrame.catchment].fillna(rows[ReachFrame.pledge_id].map(named))
    return rows.assign(**{ReachableFrame.facility_id: site}).dropna(subset=[ReachableFrame.facility_id])


def build_ties(backed: Backed, reachable: pd.DataFrame) -> pd.DataFrame:
    """
    Who could work with whom, who does, and what is told of their link.

    Parameters
    ----------
    backed
        The plan.
    reachable
        `ReachableFrame`.

    Returns
    -------
    ties
        `TieFrame`, sorted by operator and PCN; its hours and people add up to those of the plan.
    """
    f, a = TieFrame, AllocationResultFrame
    keys = [f.operator_id, f.pcn_code]
    owner = backed.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.operator_id]
    reach = backed.reach.assign(**{f.operator_id: backed.reach[ReachFrame.pledge_id].map(owner)})
    near = reachable[ReachableFrame.facility_id].map(_operator_of(backed)).rename(f.operator_id)
    given = backed.allocation.groupby(keys)
    frame = pd.DataFrame(
        {
            f.in_reach: reach.groupby(keys).size().gt(0),
            f.facilities_in_reach: reachable.groupby([near, f.pcn_code]).size(),
            f.matched_hours: given[a.matched_hours].sum(),
            f.people: given[a.places].sum(),
            f.link_status: _links_with_pcns(backed),
        }
    )
    frame[f.told] = frame[f.link_status].notna()
    filled = {f.in_reach: False, f.facilities_in_reach: 0, f.matched_hours: 0.0, f.people: 0}
    frame = frame.astype({f.in_reach: object}).fillna({**filled, f.link_status: NO_LINK_TOLD})
    return f.declared(frame.rename_axis(keys).sort_index().reset_index())


def _operator_of(backed: Backed) -> pd.Series:
    return backed.facilities.set_index(FacilityFrame.facility_id)[FacilityFrame.operator_id]


def _links_by_operator(backed: Backed) -> pd.DataFrame:
    """The links, each with the operator that it is of, whether told of it or of a facility; of operators of the run."""
    of_facility = backed.links[LinkFrame.facility_id].map(_operator_of(backed))
    operator = backed.links[LinkFrame.operator_id].fillna(of_facility)
    links = backed.links.assign(**{LinkFrame.operator_id: operator})
    return links[operator.isin(backed.ledger[LedgerFrame.operator_id])]


def _links_with_pcns(backed: Backed) -> pd.Series:
    """By operator and PCN: the best link told for either or for a facility or a practice of theirs."""
    links = _links_by_operator(backed)
    codes = backed.practices[PracticeResultFrame.pcn_code]
    pcn_of = {**dict(zip(backed.practices[PracticeResultFrame.practice_code], codes, strict=True)),
              **dict(zip(codes, codes, strict=True))}  # fmt: skip
    pcn = links[LinkFrame.organisation_code].map(pcn_of).rename(TieFrame.pcn_code)
    return find_best(links[LinkFrame.link_status], [links[LinkFrame.operator_id], pcn])


def build_operators(backed: Backed, ties: pd.DataFrame) -> pd.DataFrame:
    """
    Each operator's hours, whom they serve and could serve, and its links.

    Parameters
    ----------
    backed, ties
        The plan, and `TieFrame`.

    Returns
    -------
    operators
        `OperatorResultFrame`: operators with a pledge of the run, sorted; their hours add up to the ledger.
    """
    f, t = OperatorResultFrame, TieFrame
    book = backed.ledger.groupby(LedgerFrame.operator_id)
    with_pcns = ties.groupby(t.operator_id)
    told = ties[ties[t.told]]
    links = pd.crosstab(told[t.operator_id], told[t.link_status])
    frame = backed.operators.set_index(f.operator_id)
    frame = frame[frame.index.isin(backed.ledger[LedgerFrame.operator_id])]
    hours = [f.pledged_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours]
    frame = frame.join(book[hours].sum()).assign(
        **{
            f.facilities: book[LedgerFrame.facility_id].nunique(),
            f.pledges: book.size(),
            f.people: with_pcns[t.people].sum(),
            f.pcns_served: ties[ties[t.people] > 0].groupby(t.operator_id).size(),
            f.pcns_in_reach: with_pcns[t.in_reach].sum(),
            **{f"{status}_links": links.get(status, 0) for status in LINK_STATUSES},
        }
    )
    numbers = frame.select_dtypes("number").columns
    return f.declared(frame.fillna(dict.fromkeys(numbers, 0)).sort_index().reset_index())


def build_attention(backed: Backed, operators: pd.DataFrame, ties: pd.DataFrame, pcn_codes: pd.Series) -> pd.DataFrame:
    """
    What a planner acts on: links that are missing or not known, and PCNs that depend on one facility.

    Parameters
    ----------
    backed, operators, ties
        The plan, `OperatorResultFrame`, `TieFrame`.
    pcn_codes
        The PCNs of the run.

    Returns
    -------
    attention
        `AttentionFrame`, topics in the order of `ATTENTION`; within each the most hours first.
    """
    f = AttentionFrame
    lists = {
        "pcn_without_link": _pcns_without_link(ties, pcn_codes),
        "operator_without_link": _operators_without_link(backed, operators),
        "one_facility": _pcns_of_one_facility(backed),
        "unknown_link": ties[ties[TieFrame.told] & ties[TieFrame.link_status].eq("unknown")].rename(
            columns={TieFrame.matched_hours: f.hours}
        ),
    }
    columns = list(f.to_schema().columns)
    frame = pd.concat([rows.assign(topic=topic).reindex(columns=columns) for topic, rows in lists.items()])
    rank = frame[f.topic].map(list(ATTENTION).index)
    order = ["rank", f.hours, f.people, f.pcn_code, f.operator_id]
    frame = frame.assign(rank=rank).sort_values(order, ascending=[True, False, False, True, True])
    return f.declared(frame)


def _pcns_without_link(ties: pd.DataFrame, pcn_codes: pd.Series) -> pd.DataFrame:
    """PCNs that no operator in reach is linked with; also those that none reaches."""
    t = TieFrame
    linked = ties[ties[t.in_reach] & ties[t.link_status].isin(LINKED)][t.pcn_code]
    alone = pd.DataFrame({t.pcn_code: pcn_codes[~pcn_codes.isin(linked)]})
    sums = ties.groupby(t.pcn_code)[[t.matched_hours, t.people]].sum()
    sums = sums.rename(columns={t.matched_hours: AttentionFrame.hours})
    return alone.join(sums, on=t.pcn_code).fillna({AttentionFrame.hours: 0.0, AttentionFrame.people: 0})


def _operators_without_link(backed: Backed, operators: pd.DataFrame) -> pd.DataFrame:
    """Operators with hours to give and no link with any NHS organisation, be it an ICB."""
    o = OperatorResultFrame
    links = _links_by_operator(backed)
    linked = links.loc[links[LinkFrame.link_status].isin(LINKED), LinkFrame.operator_id]
    rows = operators[operators[o.eligible_hours].gt(0) & ~operators[o.operator_id].isin(linked)]
    return rows.rename(columns={o.unmatched_hours: AttentionFrame.hours})


def _pcns_of_one_facility(backed: Backed) -> pd.DataFrame:
    """PCNs all of whose places are at one facility; what is online, or of no facility, does not depend on one."""
    a = AllocationResultFrame
    online = backed.pledges[PledgeFrame.delivery].eq("digital")
    online = backed.allocation[a.pledge_id].isin(backed.pledges.loc[online, PledgeFrame.pledge_id])
    plan = backed.allocation.assign(**{a.facility_id: backed.allocation[a.facility_id].mask(online)})
    groups = plan.groupby(a.pcn_code)
    frame = groups.agg(
        **{
            AttentionFrame.operator_id: (a.operator_id, "first"),
            AttentionFrame.facility_id: (a.facility_id, "first"),
            AttentionFrame.hours: (a.matched_hours, "sum"),
            AttentionFrame.people: (a.places, "sum"),
        }
    )
    return frame[groups[a.facility_id].nunique(dropna=False).eq(1) & frame[a.facility_id].notna()].reset_index()
