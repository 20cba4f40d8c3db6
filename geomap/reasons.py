"""Why hours served nobody and why people got no place: one reason each, and the counts add up.

Reasons are told from the tables of a plan to which no single place and no single course can be added, so one of the
limits named always holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    HoursReasonFrame,
    LedgerFrame,
    OfferFrame,
    PathwayFrame,
    ReachFrame,
    UnmetFrame,
)

_OFFER = [OfferFrame.pledge_id, OfferFrame.pathway_id]
_CELL = [DemandFrame.pcn_code, DemandFrame.pathway_id]
_LINK = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTables:
    """A plan with the tables it was made from."""

    allocation: pd.DataFrame
    courses: pd.DataFrame
    offers: pd.DataFrame
    caps: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    barred: pd.DataFrame | None = None
    """`CapFrame`: links that the planner's locks and bans took away."""


def explain_unmet(plan: PlannedTables) -> pd.DataFrame:
    """
    What became of the demand.

    Returns
    -------
    unmet
        `UnmetFrame`, one row a (PCN, pathway) of the demand, sorted; `reason` missing where nothing is unmet.
    """
    links = _links(plan)
    cells = _cells(plan)
    open_links = links[links["cap_left"] >= 1]
    keys = pd.MultiIndex.from_frame(cells[_CELL])
    can_open = open_links["led"] & (open_links["hours_left"] + _HAIR >= open_links[OfferFrame.course_hours])
    fragments = _in_cells(open_links.drop_duplicates([*_CELL, CapFrame.pledge_id]), "people_hours_left", keys)
    course_hours = _look_up(cells[DemandFrame.pathway_id], _by_pathway(plan, PathwayFrame.course_hours))
    offered = cells[DemandFrame.pathway_id].isin(plan.offers[OfferFrame.pathway_id])
    tests = {
        "no_compatible_pledge": ~offered,
        "none_within_reach": ~keys.isin(_reached(plan)),
        "link_worker_ceiling": cells["referable"] < 1,
        "kept_apart": _among(keys, _could_join(plan)) | (_among(keys, _barred(plan)) & ~_among(keys, open_links)),
        "partly_out_of_reach": ~_among(keys, open_links),
        "below_minimum_group": _among(keys, open_links[can_open]),
        # What is left in pieces would have been enough, had it not been left in pieces.
        "rounding": fragments >= cells[UnmetFrame.unmet_places].to_numpy() * course_hours.to_numpy(),
    }
    reason = np.select([np.asarray(t, dtype=bool) for t in tests.values()], list(tests), default="hours_used_up")
    unmet = cells[[*_CELL, UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places]]
    reasons = pd.Series(reason, index=cells.index, dtype="str").where(cells[UnmetFrame.unmet_places] > 0)
    return unmet.assign(reason=reasons).sort_values(_CELL, ignore_index=True)


def explain_unmatched(plan: PlannedTables, ledger: pd.DataFrame) -> pd.DataFrame:
    """
    Why eligible hours found nobody.

    Parameters
    ----------
    plan
        The plan and its tables.
    ledger
        `LedgerFrame`.

    Returns
    -------
    reasons
        `HoursReasonFrame` of stage `unmatched`, participant-hours, sorted; per pledge they add up to the ledger.
    """
    unmatched = ledger.set_index(LedgerFrame.pledge_id)[LedgerFrame.unmatched_hours]
    unmatched = unmatched[unmatched > 0]
    empty = _empty_seat_hours(plan).reindex(unmatched.index).fillna(0.0).clip(lower=0.0)
    empty = np.minimum(empty, unmatched)
    empty = empty.mask((unmatched - empty).abs() <= _HAIR * unmatched, unmatched)
    idle = unmatched - empty
    parts = [
        pd.DataFrame({HoursReasonFrame.reason: "empty_places", HoursReasonFrame.hours: empty}),
        pd.DataFrame({HoursReasonFrame.reason: _idle_reason(plan, unmatched.index), HoursReasonFrame.hours: idle}),
    ]
    frame = pd.concat(parts).rename_axis(HoursReasonFrame.pledge_id).reset_index()
    frame = frame[frame[HoursReasonFrame.hours] > 0].assign(stage="unmatched")
    frame = frame[list(HoursReasonFrame.to_schema().columns)]
    return frame.sort_values([HoursReasonFrame.pledge_id, HoursReasonFrame.reason], ignore_index=True)


def _look_up(keys: pd.Series, figures: pd.Series) -> pd.Series:
    """The figure of each key; a number even where there are no keys at all, which `map` would leave as text."""
    return keys.map(figures).astype(float)


def _reached(plan: PlannedTables) -> pd.MultiIndex:
    """(PCN, pathway) within reach of an offer, though it may be too little for one whole place."""
    pairs = plan.offers[_OFFER].merge(plan.reach[[ReachFrame.pledge_id, ReachFrame.pcn_code]], on=ReachFrame.pledge_id)
    return pd.MultiIndex.from_frame(pairs[_CELL])


def _by_pathway(plan: PlannedTables, column: str) -> pd.Series:
    return plan.pathways.set_index(PathwayFrame.pathway_id)[column]


def _spent(plan: PlannedTables) -> pd.DataFrame:
    """By offer: people, courses and hours spent, in the pledge's own unit."""
    offers = plan.offers.set_index(_OFFER)
    people = plan.allocation.groupby(_OFFER)[AllocationFrame.places].sum().reindex(offers.index).fillna(0)
    courses = plan.courses.groupby(_OFFER)[CourseFrame.courses].sum().reindex(offers.index).fillna(0)
    units = courses.where(offers[OfferFrame.led], people)
    return offers.assign(people=people, courses=courses, spent=units * offers[OfferFrame.course_hours])


def _hours_left(plan: PlannedTables) -> pd.Series:
    """By pledge: hours of its own unit that are not spent."""
    spent = _spent(plan)
    groups = spent.groupby(level=OfferFrame.pledge_id)
    return (groups[OfferFrame.pool_hours].first() - groups["spent"].sum()).clip(lower=0.0)


def _empty_seat_hours(plan: PlannedTables) -> pd.Series:
    """By pledge: participant-hours of places left empty in courses that run."""
    spent = _spent(plan)
    led = spent[spent[OfferFrame.led] & (spent["courses"] > 0)]
    seats = led["courses"] * led[OfferFrame.course_places] - led["people"]
    return (seats * led[OfferFrame.course_hours]).groupby(level=OfferFrame.pledge_id).sum()


def _cells(plan: PlannedTables) -> pd.DataFrame:
    """Cells of demand with what is matched, unmet, and how many more people their link workers could refer."""
    given = plan.allocation.groupby(_CELL)[AllocationFrame.places].sum()
    cells = plan.demand[[*_CELL, DemandFrame.demand_places]].reset_index(drop=True)
    matched = given.reindex(pd.MultiIndex.from_frame(cells[_CELL])).fillna(0).to_numpy().astype("int64")
    uptake = _look_up(cells[DemandFrame.pathway_id], _by_pathway(plan, PathwayFrame.uptake_share))
    referred = (matched / uptake).groupby(cells[DemandFrame.pcn_code]).sum()
    ceiling = plan.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    left = _look_up(cells[DemandFrame.pcn_code], ceiling - referred).fillna(0.0).clip(lower=0.0)
    return cells.assign(
        matched_places=matched,
        unmet_places=cells[DemandFrame.demand_places] - matched,
        referable=np.floor(left * uptake + _HAIR),
    )


def _links(plan: PlannedTables) -> pd.DataFrame:
    """Caps with what each link and its pledge have left, and what its cell still wants."""
    given = plan.allocation.set_index(_LINK)[AllocationFrame.places]
    links = plan.caps.merge(plan.offers, on=_OFFER, validate="many_to_one")
    links = links.merge(_cells(plan), on=_CELL, validate="many_to_one")
    taken = given.reindex(pd.MultiIndex.from_frame(links[_LINK])).fillna(0).to_numpy()
    hours_left = _look_up(links[OfferFrame.pledge_id], _hours_left(plan))
    # Pledges of one facility share the people near it: a place that one gives is none for the others.
    left = links[CapFrame.cap_places] - taken
    for key, most in ((CapFrame.alike, CapFrame.cap_places), (CapFrame.catchment, CapFrame.near_places)):
        together = links.assign(taken=taken).groupby([key, *_CELL])
        near = together[most].transform("max") - together["taken"].transform("sum")
        left = np.minimum(left, near.fillna(np.inf))
    return links.assign(
        cap_left=left,
        hours_left=hours_left,
        people_hours_left=hours_left * links[OfferFrame.course_places].where(links[OfferFrame.led], 1.0),
    )


def _barred(plan: PlannedTables) -> pd.DataFrame:
    return plan.caps.iloc[:0] if plan.barred is None else plan.barred


def _could_join(plan: PlannedTables) -> pd.DataFrame:
    """Links barred by the planner that would have room for one more person and hours for a course now."""
    rows = _barred(plan).merge(plan.offers, on=_OFFER, validate="many_to_one")
    rows = rows.merge(_cells(plan), on=_CELL, validate="many_to_one")
    left = _look_up(rows[OfferFrame.pledge_id], _hours_left(plan))
    people = np.minimum(np.minimum(rows[UnmetFrame.unmet_places], rows[CapFrame.cap_places]), rows["referable"])
    return rows[(people >= 1) & (left + _HAIR >= rows[OfferFrame.course_hours])]


def _among(keys: pd.MultiIndex, rows: pd.DataFrame) -> np.ndarray:
    """Cells that some of the rows are of."""
    return keys.isin(pd.MultiIndex.from_frame(rows[_CELL]))


def _in_cells(rows: pd.DataFrame, column: str, keys: pd.MultiIndex) -> np.ndarray:
    return rows.groupby(_CELL)[column].sum().reindex(keys).fillna(0.0).to_numpy()


def _idle_reason(plan: PlannedTables, pledges: pd.Index) -> pd.Series:
    """By pledge: what kept the hours of courses that were never opened from being used."""
    left = _hours_left(plan).reindex(pledges)
    shortest = plan.offers.groupby(OfferFrame.pledge_id)[OfferFrame.course_hours].min().reindex(pledges)
    links = _links(plan)
    wanted = links[UnmetFrame.unmet_places].clip(upper=links["cap_left"])
    affordable = links["hours_left"] + _HAIR >= links[OfferFrame.course_hours]
    could_come = np.minimum(wanted, links["referable"]) >= 1

    def any_of(rows: pd.Series) -> np.ndarray:
        return pledges.isin(links.loc[rows, CapFrame.pledge_id])

    tests = [
        ("nobody_in_reach", ~pledges.isin(plan.reach[ReachFrame.pledge_id])),
        ("no_demand_in_reach", ~pledges.isin([*plan.caps[CapFrame.pledge_id], *_barred(plan)[CapFrame.pledge_id]])),
        ("kept_apart", ~pledges.isin(plan.caps[CapFrame.pledge_id])),
        ("rounding", (left + _HAIR < shortest).to_numpy()),
        ("kept_apart", pledges.isin(_could_join(plan)[CapFrame.pledge_id])),
        ("below_minimum_group", any_of(affordable & could_come)),
        ("link_worker_ceiling", any_of(affordable & (wanted >= 1))),
        # Enough hours for a course, but those who wait want a longer one.
        ("rounding", any_of(could_come)),
        ("link_worker_ceiling", any_of(wanted >= 1)),
    ]
    reason = np.select([test for _, test in tests], [name for name, _ in tests], default="demand_met")
    return pd.Series(reason, index=pledges, dtype="str")
