"""An independent check of a plan, from the tables alone: it shares no code with the match or the solver.

Every plan passes here before anything is written. What is checked: supply, demand, reach, link-worker ceilings, whole
courses, viable groups, the value claimed, and that it does not exceed the bound claimed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

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

SLACK = 1e-6
"""How far a sum of floating-point numbers may pass its limit, relative to 1 or to the limit."""

_OFFER = [OfferFrame.pledge_id, OfferFrame.pathway_id]
_CELL = [DemandFrame.pcn_code, DemandFrame.pathway_id]
_LINK = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, its claims, and the tables it must hold against."""

    allocation: pd.DataFrame
    courses: pd.DataFrame
    objective: float
    bound: float
    pledges: pd.DataFrame
    offers: pd.DataFrame
    caps: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    need: pd.DataFrame
    pathways: pd.DataFrame


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
        *_check_reach(plan),
        *_check_supply(plan),
        *_check_courses(plan),
        *_check_demand(plan),
        *_check_claims(plan),
    ]
    if broken:
        raise SolveError("The plan failed its independent check:\n" + "\n".join(broken))


def _look_up(keys: pd.Series, figures: pd.Series) -> pd.Series:
    """The figure of each key; a number even where there are no keys at all, which `map` would leave as text."""
    return keys.map(figures).astype(float)


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


def _check_reach(plan: Plan) -> list[str]:
    """No link beyond its cap, and no cap beyond reach × demand."""
    given = plan.allocation.set_index(_LINK)[AllocationFrame.places]
    caps = plan.caps.set_index(_LINK)[CapFrame.cap_places]
    told = plan.caps.merge(plan.reach, on=[ReachFrame.pledge_id, ReachFrame.pcn_code], how="left").merge(
        plan.demand, on=_CELL, how="left"
    )
    most = told[ReachFrame.reach_share].fillna(0.0) * told[DemandFrame.demand_places].fillna(0.0)
    keyed = pd.MultiIndex.from_frame(told[_LINK])
    return [
        *_first("More places than are within reach", _over(given, caps)),
        *_first("A cap above reach × demand", _over(told[CapFrame.cap_places].set_axis(keyed), most.set_axis(keyed))),
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
    rows = plan.caps[[*_LINK, CapFrame.cap_places]].merge(plan.allocation, on=_LINK, how="left")
    rows = rows.merge(plan.reach, on=[ReachFrame.pledge_id, ReachFrame.pcn_code]).merge(plan.demand, on=_CELL)
    rows = rows.merge(
        plan.pledges[[PledgeFrame.pledge_id, PledgeFrame.age_min, PledgeFrame.age_max]], on=PledgeFrame.pledge_id
    )
    rows = rows.dropna(subset=[ReachFrame.catchment])
    rows = rows.fillna({PledgeFrame.age_min: -1.0, PledgeFrame.age_max: -1.0})
    near = rows[ReachFrame.reach_share] * rows[DemandFrame.demand_places]
    rows = rows.assign(most=rows[CapFrame.cap_places] if alike else near)
    groups = rows[rows.duplicated(keys, keep=False)].groupby(keys)
    return groups[AllocationFrame.places].sum(), groups["most"].max().astype(float)


def _check_supply(plan: Plan) -> list[str]:
    """No pledge spends more hours than it has inside the period, and it has no more than it pledged."""
    offers = plan.offers.set_index(_OFFER)
    one_to_one = plan.allocation.merge(plan.offers, on=_OFFER)
    one_to_one = one_to_one[~one_to_one[OfferFrame.led]]
    spent = (one_to_one[AllocationFrame.places] * one_to_one[OfferFrame.course_hours]).groupby(
        one_to_one[OfferFrame.pledge_id]
    ).sum()
    led = plan.courses.merge(plan.offers, on=_OFFER)
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
    referred = (plan.allocation[AllocationFrame.places] / _look_up(pathway, uptake)).groupby(
        plan.allocation[AllocationFrame.pcn_code]
    ).sum()
    ceiling = plan.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    return [
        *_first("More places than demand", _over(places, demand)),
        *_first("More referrals than link workers can make", _over(referred, ceiling)),
    ]


def _check_claims(plan: Plan) -> list[str]:
    """The value claimed is the value there is, and no more than the bound."""
    need = plan.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    completion = plan.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    weight = _look_up(plan.allocation[AllocationFrame.pcn_code], need)
    each = weight * _look_up(plan.allocation[AllocationFrame.pathway_id], completion)
    value = float((each * plan.allocation[AllocationFrame.places]).sum(skipna=False))
    slack = SLACK * max(1.0, abs(value))
    broken = []
    if not np.isfinite([value, plan.objective, plan.bound]).all():
        broken.append("The plan's value or bound is not a finite number.")
    elif abs(value - plan.objective) > slack:
        broken.append(f"The plan is worth {value:.6f} and claims {plan.objective:.6f}.")
    elif plan.objective > plan.bound + slack:
        broken.append(f"The plan claims {plan.objective:.6f}, above its bound {plan.bound:.6f}.")
    return broken
