"""What a pledge can really deliver: its pathways held against dates, venue, roles, ages and whole courses.

An offer is a pledge and a pathway that passed every test. Hours of a pledge that never become an offer are
ineligible, each with the reason of the test that its most promising pathway failed.
"""

from __future__ import annotations

import pandas as pd

from .config import MatchParams, PeriodParams
from .schema import FacilityFrame, HoursReasonFrame, OfferFrame, PathwayFrame, PledgeFrame
from .schema.words import LED_UNITS, LIST_SEPARATOR
from .units import people_per_hour

_OFFER = [OfferFrame.pledge_id, OfferFrame.pathway_id]
_TESTS = ("venue_type", "role", "age", "too_few_weeks", "group_not_viable", "course_over_hours")
"""In the order they are applied; a pathway that fails a later one was the more promising."""


def available_share(pledges: pd.DataFrame, period: PeriodParams) -> tuple[pd.Series, pd.Series]:
    """
    How much of each pledge falls inside the plan period.

    Hours are taken to be spread evenly between a pledge's dates; a missing date is the period's.

    Returns
    -------
    share, days
        Same index as `pledges`: share of the hours inside the period (0–1) and days inside it.
    """
    first, last = pd.Timestamp(period.start), pd.Timestamp(period.end)
    told_start, told_end = pledges[PledgeFrame.start_date], pledges[PledgeFrame.end_date]
    # A pledge that ended before the period began, or begins after it ends, lies outside by its one date.
    start = told_start.fillna(told_end.clip(upper=first)).fillna(first)
    end = told_end.fillna(told_start.clip(lower=last)).fillna(last)
    offered = (end - start).dt.days + 1
    inside = ((end.clip(upper=last) - start.clip(lower=first)).dt.days + 1).clip(lower=0)
    return inside / offered, inside


def link_offers(
    pledges: pd.DataFrame,
    facilities: pd.DataFrame,
    pathways: pd.DataFrame,
    *,
    period: PeriodParams,
    params: MatchParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Find what each pledge can deliver.

    Parameters
    ----------
    pledges, facilities, pathways
        `PledgeFrame`, `FacilityFrame`, `PathwayFrame`.
    period, params
        The plan period, and whether roles are required.

    Returns
    -------
    offers
        `OfferFrame`, sorted by pledge and pathway.
    ineligible
        `HoursReasonFrame` of stage `ineligible`, participant-hours, sorted by pledge and reason.
    """
    share, days = available_share(pledges, period)
    base = pledges.assign(
        led=pledges[PledgeFrame.hour_unit].isin(LED_UNITS),
        people=people_per_hour(pledges),
        pool_hours=pledges[PledgeFrame.hours] * share,
        days=days,
        venues=_venues(pledges, facilities),
        min_group=pledges[PledgeFrame.min_group].fillna(1.0),
    )
    rows = base.assign(pathway_id=base[PledgeFrame.pathways].str.split(LIST_SEPARATOR)).explode("pathway_id")
    rows = rows.merge(
        pathways, on=PathwayFrame.pathway_id, how="left", validate="many_to_one", suffixes=("", "_pathway")
    )
    rows["failed"] = _first_failure(rows, params)
    passed = rows["failed"].eq(len(_TESTS)) & rows["pool_hours"].gt(0)
    rows = rows.assign(
        course_places=rows["people"].where(rows["led"], 1.0), min_group=rows["min_group"].where(rows["led"], 0.0)
    )
    # Of no rows at all pandas makes columns of objects; the declared kinds are set again.
    offers = rows.loc[passed, list(OfferFrame.to_schema().columns)].astype(dict.fromkeys(_OFFER, "str"))
    offers = offers.sort_values(_OFFER, ignore_index=True)
    return offers, _ineligible(base, rows, share)


def _venues(pledges: pd.DataFrame, facilities: pd.DataFrame) -> pd.Series:
    """The venue types a pledge may use as a frozen set; `None` where its venue does not matter."""
    others = facilities[FacilityFrame.other_venue_types].map(_split)
    main = facilities[FacilityFrame.venue_type]
    kinds = pd.Series([rest | {kind} for kind, rest in zip(main, others, strict=True)], main.index, dtype=object)
    of_facility = kinds.set_axis(facilities[FacilityFrame.facility_id])
    of_operator = kinds.groupby(facilities[FacilityFrame.operator_id]).agg(lambda sets: frozenset().union(*sets))

    def choose(facility: str | float, operator: str, delivery: str) -> frozenset[str] | None:
        if delivery == "digital":
            return frozenset(("online",))
        if delivery == "outreach":  # held in the community, not at the facility
            return None
        if not pd.isna(facility):
            return of_facility[facility]
        return of_operator.get(operator, frozenset())

    columns = (PledgeFrame.facility_id, PledgeFrame.operator_id, PledgeFrame.delivery)
    chosen = [choose(*row) for row in zip(*(pledges[c] for c in columns), strict=True)]
    return pd.Series(chosen, index=pledges.index, dtype=object)


def _split(text: str | float) -> frozenset[str]:
    return frozenset() if pd.isna(text) else frozenset(part for part in text.split(LIST_SEPARATOR) if part)


def _first_failure(rows: pd.DataFrame, params: MatchParams) -> pd.Series:
    """Position in `_TESTS` of the first test a row fails; `len(_TESTS)` when it passes all."""
    hosts = [_split(text) for text in rows[PathwayFrame.venue_types]]
    leads = [_split(text) for text in rows[f"{PathwayFrame.roles}_pathway"]]
    named = [_split(text) for text in rows[PledgeFrame.roles]]
    venue_ok = [v is None or bool(v & h) for v, h in zip(rows["venues"], hosts, strict=True)]
    role_ok = [
        not params.require_roles or not may or bool(may & has) for may, has in zip(leads, named, strict=True)
    ]
    oldest, youngest = rows[PledgeFrame.age_max].fillna(120), rows[PledgeFrame.age_min].fillna(0)
    lower, upper = rows[f"{PathwayFrame.age_min}_pathway"], rows[f"{PathwayFrame.age_max}_pathway"]
    age_ok = (oldest >= lower) & (youngest <= upper)
    # The last week needs only the day of its session.
    weeks_ok = rows["days"] >= rows[PathwayFrame.weeks] * 7 - 6
    viable = ~rows["led"] | ((rows["people"] >= rows["min_group"] - 1e-9) & (rows["people"] >= 1 - 1e-9))
    hours_ok = rows["pool_hours"] >= rows[PathwayFrame.course_hours] - 1e-9
    outcomes = dict(zip(_TESTS, (venue_ok, role_ok, age_ok, weeks_ok, viable, hours_ok), strict=True))
    failed = pd.Series(len(_TESTS), index=rows.index)
    for position, test in reversed(list(enumerate(_TESTS))):
        failed = failed.mask(~pd.Series(outcomes[test], index=rows.index).astype(bool), position)
    return failed


def _ineligible(base: pd.DataFrame, rows: pd.DataFrame, share: pd.Series) -> pd.DataFrame:
    """Hours outside the period, and the rest of pledges of which no pathway passed."""
    pledged = base[PledgeFrame.hours] * base["people"]
    outside = pd.DataFrame(
        {
            HoursReasonFrame.pledge_id: base[PledgeFrame.pledge_id],
            HoursReasonFrame.reason: "outside_period",
            HoursReasonFrame.hours: pledged * (1 - share),
        }
    )
    furthest = rows.groupby(PledgeFrame.pledge_id)["failed"].max()
    stuck = furthest[furthest < len(_TESTS)]
    inside = (pledged * share).set_axis(base[PledgeFrame.pledge_id]).reindex(stuck.index)
    refused = pd.DataFrame(
        {
            HoursReasonFrame.pledge_id: stuck.index,
            HoursReasonFrame.reason: [_TESTS[position] for position in stuck],
            HoursReasonFrame.hours: inside.to_numpy(),
        }
    )
    frame = pd.concat([outside, refused])
    frame = frame[frame[HoursReasonFrame.hours] > 0].assign(stage="ineligible")
    frame = frame[list(HoursReasonFrame.to_schema().columns)].astype({HoursReasonFrame.reason: "str"})
    return frame.sort_values([HoursReasonFrame.pledge_id, HoursReasonFrame.reason], ignore_index=True)
