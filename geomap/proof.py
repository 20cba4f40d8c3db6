"""An independent check of a plan, from the tables alone: it shares no code with the match or the solver.

Every plan passes here before anything is written. What is checked: supply, demand, reach, link-worker ceilings, whole
courses, viable groups; the same of the plan before fairness, as far as it can be told without its courses; and what
each level claims: its value, that it does not pass its bound, and what fairness may cost.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ._claims import SLACK, Levels, Plan, check_claims, look_up
from ._site_claims import SiteClaims, check_sites
from .errors import SolveError
from .schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    CourseFrame,
    DemandFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    ReachFrame,
)

__all__ = ["Levels", "Plan", "SiteClaims", "check_plan", "check_portfolios"]

_OFFER = [OfferFrame.pledge_id, OfferFrame.pathway_id]
_CELL = [DemandFrame.pcn_code, DemandFrame.pathway_id]
_LINK = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]

_OWNERS = [PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id]


def check_plan(plan: Plan) -> None:
    """
    Hold a plan against every limit.

    Raises
    ------
    SolveError
        Names every rule that is broken, with the first row that breaks it.
    """
    broken = [
        *_check_numbers(plan),
        *_check_rows(plan),
        *_check_caps(plan),
        *_check_reach(plan),
        *_check_supply(plan),
        *_check_courses(plan),
        *_check_demand(plan),
        *_check_first(plan),
        *_check_wishes(plan),
        *check_claims(plan),
    ]
    if broken:
        raise SolveError("The plan failed its independent check:\n" + "\n".join(broken))


def check_portfolios(claims: SiteClaims) -> None:
    """
    Hold portfolios against what the planner asked of them; their plans pass `check_plan` each.

    Raises
    ------
    SolveError
        Names every wish that is broken.
    """
    broken = check_sites(claims)
    if broken:
        raise SolveError("The portfolios failed their independent check:\n" + "\n".join(broken))


def _check_wishes(plan: Plan) -> list[str]:
    """Locks and bans are obeyed, and minimums have what is said, in each level what the first one gave them."""
    rows = plan.allocation.merge(plan.pledges[_OWNERS], on=PledgeFrame.pledge_id, how="left", validate="many_to_one")
    broken = []
    locked = rows[rows[PledgeFrame.pledge_id].isin([lock.pledge_id for lock in plan.wishes.lock])]
    for pledge_id, pathway_id, pcn_code in locked[_LINK].itertuples(index=False):
        told = [lock for lock in plan.wishes.lock if lock.pledge_id == pledge_id]
        to = {lock.pcn_code for lock in told if lock.pathway_id in (None, pathway_id)}
        if to and pcn_code not in to:
            broken.append(f"Pledge {pledge_id} is locked to {', '.join(sorted(to))} and serves {pcn_code}.")
    for ban in plan.wishes.ban:
        if _named(rows, ban.model_dump()).any():
            broken.append(f"The plan does what a ban forbids: {ban.model_dump(exclude_none=True)}.")
    plans = [rows] if plan.levels is None else [rows, plan.levels.first_allocation]
    for wish, told in zip(plan.wishes.minimum, plan.minimums_given, strict=True):
        where = wish.model_dump(exclude={"places"})
        given = [int(of.loc[_named(of, where), AllocationFrame.places].sum()) for of in plans]
        if given[0] != told or given[0] < min(wish.places, given[-1]):
            broken.append(f"A minimum for {wish.pcn_code} is said to have {told} places and has {given[0]}.")
    return broken


def _named(rows: pd.DataFrame, wanted: dict[str, str | None]) -> pd.Series:
    """Rows that have each value wanted, `None` being any."""
    tests = [rows[column].eq(value) for column, value in wanted.items() if value is not None]
    return pd.concat(tests, axis=1).all(axis=1)


def _first(rule: str, over: pd.Series) -> list[str]:
    """A sentence when any of `over` (named amounts past a limit) is above nothing."""
    bad = over[over > 0]
    return [] if bad.empty else [f"{rule}: {len(bad)} times, first {bad.index[0]}, by {bad.iloc[0]:.6g}."]


def _over(amount: pd.Series, limit: pd.Series) -> pd.Series:
    """By how much an amount passes its limit, nothing within the slack; a missing limit is nothing at all."""
    limit = limit.reindex(amount.index).fillna(0.0)
    excess = amount - limit
    return excess.where(excess > SLACK * np.maximum(1.0, limit.abs()), 0.0)


def _check_numbers(plan: Plan) -> list[str]:
    """No limit is missing, infinite or negative: a sum would pass over it in silence."""
    columns = {
        "offers": (OfferFrame.pool_hours, OfferFrame.course_hours, OfferFrame.course_places, OfferFrame.min_group),
        "caps": (CapFrame.cap_places,),
        "reach": (ReachFrame.reach_share,),
        "demand": (DemandFrame.demand_places,),
        "ceilings": (CeilingFrame.ceiling_referrals,),
        "need": (NeedFrame.weight,),
        "pathways": (PathwayFrame.uptake_share, PathwayFrame.completion_share),
    }
    return [
        f"A number of {column} in the {name} is missing, infinite or negative."
        for name, of in columns.items()
        for column in of
        if not (np.isfinite(getattr(plan, name)[column]) & (getattr(plan, name)[column] >= 0)).all()
    ]


def _check_rows(plan: Plan) -> list[str]:
    """Keys stand once, counts are whole and positive, and every row is an offer."""
    broken = []
    offers = pd.MultiIndex.from_frame(plan.offers[_OFFER])
    for name, frame, keys, count in (
        ("allocation", plan.allocation, _LINK, AllocationFrame.places),
        ("courses", plan.courses, _OFFER, CourseFrame.courses),
    ):
        if frame.duplicated(keys).any():
            broken.append(f"A row of the {name} stands twice: {frame[frame.duplicated(keys)].iloc[0][keys].tolist()}.")
        counts = frame[count]
        if not (np.isfinite(counts) & (counts >= 1) & (counts == np.floor(counts))).all():
            broken.append(f"A count in the {name} is not a whole number of 1 or more.")
        strangers = ~pd.MultiIndex.from_frame(frame[_OFFER]).isin(offers)
        if strangers.any():
            broken.append(f"The {name} uses what is not offered: {frame[strangers].iloc[0][_OFFER].tolist()}.")
    return broken


def _check_caps(plan: Plan) -> list[str]:
    """No cap is beyond reach × demand."""
    pair = [ReachFrame.pledge_id, ReachFrame.pcn_code]
    told = plan.caps.merge(plan.reach, on=pair, how="left", validate="many_to_one")
    told = told.merge(plan.demand, on=_CELL, how="left", validate="many_to_one")
    most = told[ReachFrame.reach_share].fillna(0.0) * told[DemandFrame.demand_places].fillna(0.0)
    keyed = pd.MultiIndex.from_frame(told[_LINK])
    return _first("A cap above reach × demand", _over(told[CapFrame.cap_places].set_axis(keyed), most.set_axis(keyed)))


def _check_reach(plan: Plan) -> list[str]:
    """No link is beyond its cap, and pledges of one facility share the people within its reach."""
    given = plan.allocation.set_index(_LINK)[AllocationFrame.places]
    caps = plan.caps.set_index(_LINK)[CapFrame.cap_places]
    return [
        *_first("More places than are within reach", _over(given, caps)),
        *_first("More places than people within reach of a facility", _over(*_by_facility(plan, []))),
        *_first(
            "More places than people of the same ages within the same reach of a facility",
            _over(*_by_facility(plan, [ReachFrame.reach_share, PledgeFrame.age_min, PledgeFrame.age_max])),
        ),
    ]


def _by_facility(plan: Plan, alike: list[str]) -> tuple[pd.Series, pd.Series]:
    """Places given at a facility to a PCN on a pathway, and the most there can be, where several pledges share it.

    All together reach the demand within the widest reach; those alike in reach and ages fill what one of them may.
    """
    keys = [ReachFrame.catchment, *alike, *_CELL]
    ages = plan.pledges[[PledgeFrame.pledge_id, PledgeFrame.age_min, PledgeFrame.age_max]]
    # A row of a broken allocation may stand twice.
    rows = plan.caps[[*_LINK, CapFrame.cap_places]].merge(
        plan.allocation, on=_LINK, how="left", validate="one_to_many"
    )
    rows = rows.merge(plan.reach, on=[ReachFrame.pledge_id, ReachFrame.pcn_code], validate="many_to_one")
    rows = rows.merge(plan.demand, on=_CELL, validate="many_to_one")
    rows = rows.merge(ages, on=PledgeFrame.pledge_id, validate="many_to_one")
    rows = rows.dropna(subset=[ReachFrame.catchment])
    rows = rows.fillna({PledgeFrame.age_min: -1.0, PledgeFrame.age_max: -1.0})
    near = rows[ReachFrame.reach_share] * rows[DemandFrame.demand_places]
    rows = rows.assign(most=rows[CapFrame.cap_places] if alike else near)
    groups = rows[rows.duplicated(keys, keep=False)].groupby(keys)
    return groups[AllocationFrame.places].sum(), groups["most"].max().astype(float)


def _check_supply(plan: Plan) -> list[str]:
    """No pledge spends more hours than it has inside the period, and it has no more than it pledged."""
    offers = plan.offers.set_index(_OFFER)
    one_to_one = plan.allocation.merge(plan.offers, on=_OFFER, validate="many_to_one")
    one_to_one = one_to_one[~one_to_one[OfferFrame.led]]
    spent = (one_to_one[AllocationFrame.places] * one_to_one[OfferFrame.course_hours]).groupby(
        one_to_one[OfferFrame.pledge_id]
    ).sum()
    led = plan.courses.merge(plan.offers, on=_OFFER, validate="many_to_one")
    led_spent = (led[CourseFrame.courses] * led[OfferFrame.course_hours]).groupby(led[OfferFrame.pledge_id]).sum()
    pool = offers[OfferFrame.pool_hours].groupby(OfferFrame.pledge_id).min()
    pledged = plan.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.hours]
    return [
        *_first("A pledge spends more hours than it has", _over(spent.add(led_spent, fill_value=0.0), pool)),
        *_first("A pledge has more hours than were pledged", _over(pool, pledged)),
    ]


def _check_courses(plan: Plan) -> list[str]:
    """People of a led offer fit its courses, each course is viable, and only led offers open courses."""
    offers = plan.offers.set_index(_OFFER)
    led = offers[offers[OfferFrame.led]]
    people = plan.allocation.groupby(_OFFER)[AllocationFrame.places].sum()
    courses = plan.courses.groupby(_OFFER)[CourseFrame.courses].sum()
    seats = courses * offers[OfferFrame.course_places].reindex(courses.index)
    least = courses * offers[OfferFrame.min_group].reindex(courses.index)
    in_led = people[people.index.isin(led.index)].astype(float)
    wrong = courses[~courses.index.isin(led.index)]
    return [
        *_first("More people than a pledge's courses hold", _over(in_led, seats)),
        *_first("Courses below the smallest viable group", _over(least, people.reindex(least.index).fillna(0.0))),
        *_first("A course is opened for a pledge that is not led", wrong.astype(float)),
    ]


def _check_demand(plan: Plan) -> list[str]:
    """No PCN is given more places than it asked for, nor more people than its link workers can refer."""
    places = plan.allocation.groupby(_CELL)[AllocationFrame.places].sum().astype(float)
    demand = plan.demand.set_index(_CELL)[DemandFrame.demand_places]
    uptake = plan.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    pathway = plan.allocation[AllocationFrame.pathway_id]
    referred = (plan.allocation[AllocationFrame.places] / look_up(pathway, uptake)).groupby(
        plan.allocation[AllocationFrame.pcn_code]
    ).sum()
    ceiling = plan.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    return [
        *_first("More places than demand", _over(places, demand)),
        *_first("More referrals than link workers can make", _over(referred, ceiling)),
    ]


def _check_first(plan: Plan) -> list[str]:
    """The plan before fairness holds every limit too, as far as can be told: it has hours to seat its people."""
    if plan.levels is None:
        return []
    first = replace(plan, allocation=plan.levels.first_allocation, courses=plan.courses.iloc[:0])
    rows = first.allocation.merge(plan.offers, on=_OFFER, validate="many_to_one")
    hours = rows[AllocationFrame.places] / rows[OfferFrame.course_places] * rows[OfferFrame.course_hours]
    pool = plan.offers.groupby(OfferFrame.pledge_id)[OfferFrame.pool_hours].min()
    broken = [
        *_check_rows(first),
        *_check_reach(first),
        *_first("A pledge spends more hours than it has", _over(hours.groupby(rows[OfferFrame.pledge_id]).sum(), pool)),
        *_check_demand(first),
    ]
    return [f"Before fairness: {sentence}" for sentence in broken]
