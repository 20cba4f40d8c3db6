"""What a pledge can deliver, test by test, and why the rest of its hours cannot enter the match."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from small_worlds import EXACT, PERIOD, halls, led, make_frame, pathway, pledge

from geomap.offers import available_share, link_offers
from geomap.schema import FacilityFrame, HoursReasonFrame, OfferFrame, PathwayFrame, PledgeFrame
from geomap.schema.words import INELIGIBLE_REASONS
from geomap.validate import check_frame

WALK = pathway("walk", 12.0, weeks=12.0)
DIGITAL = {PledgeFrame.delivery: "digital", PledgeFrame.facility_id: None}
WIDE = {PledgeFrame.facility_id: None}


def offer(*pledges, pathways=(WALK,), facilities=None, params=EXACT) -> tuple[pd.DataFrame, pd.DataFrame]:
    offers, ineligible = link_offers(
        make_frame(PledgeFrame, pledges), halls() if facilities is None else facilities,
        make_frame(PathwayFrame, pathways), period=PERIOD, params=params,
    )  # fmt: skip
    assert check_frame(offers, OfferFrame, source="offers")[1] == []
    assert check_frame(ineligible, HoursReasonFrame, source="ineligible")[1] == []
    return offers, ineligible


def refused(*pledges, **more) -> dict[str, float]:
    """Reason → participant-hours, of one pledge that has no offer."""
    offers, ineligible = offer(*pledges, **more)
    assert offers.empty
    return dict(zip(ineligible[HoursReasonFrame.reason], ineligible[HoursReasonFrame.hours], strict=True))


def passed(*pledges, **more) -> list[str]:
    """The pathways offered, by a pledge of which nothing is refused."""
    offers, ineligible = offer(*pledges, **more)
    assert ineligible.empty
    return offers[OfferFrame.pathway_id].tolist()


def days(start: str | None, end: str | None) -> dict:
    return {
        PledgeFrame.start_date: pd.Timestamp(start) if start else None,
        PledgeFrame.end_date: pd.Timestamp(end) if end else None,
    }


# --- dates: the period is 1 April 2026 to 31 March 2027, 365 days


@pytest.mark.parametrize(
    ("start", "end", "share", "inside"),
    [
        (None, None, 1, 365),
        ("2026-04-01", "2027-03-31", 1, 365),
        ("2026-06-01", None, 1, 304),  # to the end of the period: all of it inside
        (None, "2026-06-29", 1, 90),
        ("2026-04-01", "2028-03-31", 365 / 731, 365),  # 2028 is a leap year
        ("2026-03-02", "2026-04-30", 0.5, 30),  # 30 days before and 30 within
        ("2027-03-31", "2027-04-09", 0.1, 1),  # the last day counts
        ("2026-03-23", "2026-04-01", 0.1, 1),  # and so does the first
        ("2025-01-01", "2026-03-31", 0, 0),
        ("2027-04-01", "2027-12-31", 0, 0),
        ("2027-04-01", None, 0, 0),
        (None, "2026-03-31", 0, 0),
        (None, "2025-12-25", 0, 0),
    ],
)
def test_dates_pro_rata(start, end, share: float, inside: int) -> None:
    pledges = make_frame(PledgeFrame, [pledge("P", "walk", 1000) | days(start, end)])
    shares, counted = available_share(pledges, PERIOD)
    assert shares.iloc[0] == pytest.approx(share, abs=1e-15)
    assert counted.iloc[0] == inside


def test_hours_outside_the_period_are_told_and_the_rest_is_offered() -> None:
    offers, ineligible = offer(pledge("P", "walk", 1000) | days("2026-04-01", "2028-03-31"))
    assert offers[OfferFrame.pool_hours].tolist() == pytest.approx([1000 * 365 / 731])
    assert ineligible[HoursReasonFrame.hours].tolist() == pytest.approx([1000 * 366 / 731])
    assert ineligible[HoursReasonFrame.reason].tolist() == ["outside_period"]


def test_hours_of_a_group_outside_the_period_are_participant_hours() -> None:
    told = refused(led("P", "walk", 100, 12, fill=0.5) | days("2027-04-01", "2027-12-31"))
    assert told == pytest.approx({"outside_period": 600})


@pytest.mark.parametrize(("end", "fits"), [("2026-06-17", True), ("2026-06-16", False)])
def test_too_few_weeks(end: str, fits: bool) -> None:
    """12 weeks need 11 whole ones and the day of the last session: 78 days from 1 April end on 17 June."""
    pledge_row = pledge("P", "walk", 1000) | days("2026-04-01", end)
    if fits:
        assert passed(pledge_row) == ["walk"]
    else:
        assert refused(pledge_row) == {"too_few_weeks": 1000}


def test_weeks_before_the_period_do_not_count() -> None:
    """20 weeks, of which 10 lie within: half the hours are outside, the others too late to start a course."""
    told = refused(pledge("P", "walk", 1000) | days("2026-01-21", "2026-06-09"))
    assert told == pytest.approx({"outside_period": 500, "too_few_weeks": 500})


# --- venues


def test_the_venue_of_the_facility_must_host_the_pathway() -> None:
    swim = pathway("swim", venue_types="pool")
    assert refused(pledge("P", "swim", 10), pathways=[swim]) == {"venue_type": 10}
    pool = halls({FacilityFrame.venue_type: "pool"})
    assert passed(pledge("P", "swim", 10), pathways=[swim], facilities=pool) == ["swim"]


def test_several_venue_types_are_alternatives() -> None:
    assert passed(pledge("P", "swim", 10), pathways=[pathway("swim", venue_types="gym;hall")]) == ["swim"]


def test_a_type_is_not_told_by_a_part_of_its_name() -> None:
    assert refused(pledge("P", "swim", 10), pathways=[pathway("swim", venue_types="hallway")]) == {"venue_type": 10}


def test_an_operator_wide_pledge_may_use_any_of_its_facilities() -> None:
    swim = pathway("swim", venue_types="pool")
    two = halls({}, {FacilityFrame.facility_id: "pool", FacilityFrame.venue_type: "pool"})
    assert passed(pledge("P", "swim", 10) | WIDE, pathways=[swim], facilities=two) == ["swim"]
    assert refused(pledge("P", "swim", 10) | WIDE, pathways=[swim]) == {"venue_type": 10}
    theirs = pledge("P", "swim", 10) | WIDE | {PledgeFrame.operator_id: "O2"}
    assert refused(theirs, pathways=[swim], facilities=two) == {"venue_type": 10}


def test_a_digital_pledge_needs_a_pathway_that_can_be_online() -> None:
    assert refused(pledge("P", "walk", 20) | DIGITAL) == {"venue_type": 20}
    online = pathway("talk", venue_types="hall;online")
    assert passed(pledge("P", "talk", 20) | DIGITAL, pathways=[online]) == ["talk"]
    at_hall = pledge("P", "talk", 20) | {PledgeFrame.delivery: "digital"}
    assert passed(at_hall, pathways=[pathway("talk", venue_types="online")]) == ["talk"]


def test_an_outreach_pledge_is_not_held_to_its_facility() -> None:
    row = pledge("P", "swim", 20) | {PledgeFrame.delivery: "outreach"}
    assert passed(row, pathways=[pathway("swim", venue_types="community")]) == ["swim"]


# --- roles and ages


NEEDS_ROLES = EXACT.model_copy(update={"require_roles": True})


@pytest.mark.parametrize(
    ("roles", "ok"), [("coach", True), ("guide;coach", True), ("guide", False), ("coaches", False), (None, False)]
)
def test_roles(roles: str | None, ok: bool) -> None:
    led_by = pathway("walk", roles="coach;nurse")
    row = pledge("P", "walk", 10) | {PledgeFrame.roles: roles}
    if ok:
        assert passed(row, pathways=[led_by], params=NEEDS_ROLES) == ["walk"]
    else:
        assert refused(row, pathways=[led_by], params=NEEDS_ROLES) == {"role": 10}
        assert passed(row, pathways=[led_by]) == ["walk"]


def test_a_pathway_without_roles_may_be_led_by_anyone() -> None:
    assert passed(pledge("P", "walk", 20), params=NEEDS_ROLES) == ["walk"]


@pytest.mark.parametrize(
    ("lowest", "highest", "ok"),
    [(None, None, True), (None, 17, False), (None, 18, True), (65, None, True), (70, 80, True), (66, 80, True),
     (76, None, False), (75, None, True), (0, 120, True)],
)  # fmt: skip
def test_ages_must_meet(lowest: float | None, highest: float | None, ok: bool) -> None:
    adults = pathway("walk") | {PathwayFrame.age_min: 18.0, PathwayFrame.age_max: 75.0}
    row = pledge("P", "walk", 10) | {PledgeFrame.age_min: lowest, PledgeFrame.age_max: highest}
    assert (passed(row, pathways=[adults]) == ["walk"]) if ok else (refused(row, pathways=[adults]) == {"age": 10})


# --- courses and groups


@pytest.mark.parametrize(("hours", "ok"), [(12.0, True), (11.99, False), (0.01, False)])
def test_one_whole_course_must_fit(hours: float, ok: bool) -> None:
    row = pledge("P", "walk", hours)
    assert (passed(row) == ["walk"]) if ok else (refused(row) == {"course_over_hours": hours})


@pytest.mark.parametrize(
    ("group", "fill", "least", "ok"),
    [(12, 0.8, 9, True), (12, 0.8, 10, False), (12, 1.0, 12, True), (1, 0.8, 1, False), (1, 1.0, 1, True)],
)
def test_a_group_must_be_viable(group: float, fill: float, least: float, ok: bool) -> None:
    """12 at 80% are 9.6 people: enough for a least of 9, not for one of 10."""
    row = led("P", "walk", 24, group, least=least, fill=fill)
    if ok:
        offers, ineligible = offer(row)
        assert ineligible.empty
        told = offers.iloc[0]
        assert bool(told[OfferFrame.led])
        assert told[OfferFrame.course_places] == pytest.approx(group * fill)
        assert told[OfferFrame.min_group] == least
    else:
        assert refused(row) == pytest.approx({"group_not_viable": 24 * group * fill})


def test_a_group_without_a_smallest_size_is_viable_from_one() -> None:
    offers, _ = offer(led("P", "walk", 24, 12) | {PledgeFrame.min_group: math.nan})
    assert offers[OfferFrame.min_group].tolist() == [1.0]


def test_hours_for_one_person_have_one_place_and_no_group() -> None:
    offers, _ = offer(pledge("P", "walk", 24) | {PledgeFrame.group_size: 12.0, PledgeFrame.min_group: 5.0})
    assert offers[[OfferFrame.course_places, OfferFrame.min_group]].to_numpy().tolist() == [[1.0, 0.0]]


# --- several pathways, and all together


def test_a_pledge_keeps_its_pathways_that_pass() -> None:
    """One of three passes: its hours are eligible in full, and no reason is told for the other two."""
    ways = [WALK, pathway("swim", venue_types="pool"), pathway("long", 500.0)]
    assert passed(pledge("P", "swim;walk;long", 100), pathways=ways) == ["walk"]


def test_the_reason_told_is_that_of_the_pathway_that_came_furthest() -> None:
    ways = [pathway("swim", venue_types="pool"), pathway("long", 500.0)]
    assert refused(pledge("P", "swim;long", 100), pathways=ways) == {"course_over_hours": 100}


def test_no_offer_at_all_leaves_no_row_behind() -> None:
    """Two pledges and nothing offered: the table is empty, not two rows of blanks."""
    offers, ineligible = offer(pledge("P", "walk", 1), pledge("Q", "walk", 2))
    assert len(offers) == 0
    assert len(ineligible) == 2


def test_a_pledge_of_no_hours_has_neither_offer_nor_reason() -> None:
    offers, ineligible = offer(pledge("P", "walk", 0.0))
    assert offers.empty
    assert ineligible.empty


def test_no_pledges() -> None:
    offers, ineligible = offer()
    assert offers.empty
    assert ineligible.empty


def test_every_reason_is_made_here_by_name() -> None:
    """One pledge a reason, all in one table, in any order of rows; hours add up to those pledged."""
    ways = [WALK, pathway("swim", venue_types="pool"), pathway("led", roles="coach"),
            pathway("old") | {PathwayFrame.age_min: 65.0}]  # fmt: skip
    rows = [
        pledge("outside_period", "walk", 12) | days("2027-04-01", None),
        pledge("venue_type", "swim", 12),
        pledge("role", "led", 12),
        pledge("age", "old", 12) | {PledgeFrame.age_max: 30.0},
        pledge("too_few_weeks", "walk", 12) | days("2026-04-01", "2026-05-01"),
        pledge("course_over_hours", "walk", 11),
        led("group_not_viable", "walk", 12, 5, least=6),
    ]
    offers, ineligible = offer(*rows, pathways=ways, params=NEEDS_ROLES)
    assert offers.empty
    assert (ineligible[HoursReasonFrame.reason] == ineligible[HoursReasonFrame.pledge_id]).all()
    assert set(ineligible[HoursReasonFrame.reason]) == set(INELIGIBLE_REASONS)
    assert ineligible[HoursReasonFrame.hours].sum() == pytest.approx(5 * 12 + 11 + 12 * 5)
    again = offer(*rows[::-1], pathways=ways[::-1], params=NEEDS_ROLES)[1]
    pd.testing.assert_frame_equal(ineligible, again)
