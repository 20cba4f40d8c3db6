"""The ledger: every unit as participant-hours, conservation, and tampering caught."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_worlds import led, make_frame, pledge, seeded_archipelago
from tiny_world import make_tiny_world

from geomap.errors import SolveError
from geomap.ledger import build_ledger, check_balance, price_places
from geomap.schema import AllocationFrame, HoursReasonFrame, LedgerFrame, OfferFrame, PledgeFrame
from geomap.schema.words import HOUR_UNITS
from geomap.validate import check_frame

FIGURES = (
    LedgerFrame.pledged_hours, LedgerFrame.ineligible_hours, LedgerFrame.eligible_hours, LedgerFrame.matched_hours,
    LedgerFrame.unmatched_hours,
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tiny world's ledger and its reasons."""
    world = make_tiny_world()
    match = world.solve()
    return world.ledger(match), pd.concat([world.ineligible, world.unmatched(match)], ignore_index=True)


def test_the_tiny_ledger(tiny) -> None:
    """P1 12 walks of 4 h; P2 20 h × 4 people, 8 rehabs of 8 h; P3 7 walks; P4 and P5 (16 h × 6) nothing."""
    ledger, reasons = tiny
    columns = [LedgerFrame.pledged_hours, LedgerFrame.ineligible_hours, LedgerFrame.matched_hours,
               LedgerFrame.unmatched_hours]  # fmt: skip
    by_pledge = ledger.set_index(LedgerFrame.pledge_id)[columns]
    assert by_pledge.T.to_dict("list") == {
        "P1": [50, 0, 48, 2], "P2": [80, 0, 64, 16], "P3": [400, 0, 28, 372], "P4": [40, 0, 0, 40],
        "P5": [96, 0, 0, 96],
    }  # fmt: skip
    assert check_frame(ledger, LedgerFrame, source="ledger")[1] == []
    check_balance(ledger, reasons)


def test_the_worked_example_in_the_ledger() -> None:
    """500,000 hours are 500,000 participant-hours one by one and 4,800,000 in groups of 12 at 80%."""
    rows = [pledge("one", "walk", 500_000), led("group", "walk", 500_000, 12, fill=0.8)]
    nothing = make_frame(HoursReasonFrame, []), make_frame(AllocationFrame, []), make_frame(OfferFrame, [])
    ledger = build_ledger(make_frame(PledgeFrame, rows), *nothing)
    assert dict(zip(ledger[LedgerFrame.pledge_id], ledger[LedgerFrame.pledged_hours], strict=True)) == pytest.approx(
        {"one": 500_000, "group": 4_800_000}
    )


def test_places_are_priced_by_their_course() -> None:
    offers = make_frame(
        OfferFrame,
        [{OfferFrame.pledge_id: "P", OfferFrame.pathway_id: p, OfferFrame.led: False, OfferFrame.pool_hours: 99.0,
          OfferFrame.course_hours: h, OfferFrame.course_places: 1.0, OfferFrame.min_group: 0.0}
         for p, h in (("walk", 12.0), ("rehab", 16.0))],
    )  # fmt: skip
    rows = make_frame(
        AllocationFrame,
        [{AllocationFrame.pledge_id: "P", AllocationFrame.pathway_id: p, AllocationFrame.pcn_code: "A",
          AllocationFrame.places: 3} for p in ("rehab", "walk")],
    )  # fmt: skip
    assert price_places(rows, offers)[LedgerFrame.matched_hours].tolist() == [48.0, 36.0]


def random_ledgers(random: np.random.Generator, operators: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One ledger an operator: hours from a hundredth to ten million, any unit, any part refused, any part matched."""
    owner = np.repeat(np.arange(operators), random.integers(1, 9, operators))
    pledges = len(owner)
    hours = np.round(10.0 ** random.uniform(-2, 7, pledges), 2)
    units = random.choice(HOUR_UNITS, pledges)
    rows = [
        led(f"P{k}", "walk", float(hours[k]), float(random.integers(2, 40)), fill=float(random.uniform(0.01, 1)))
        | {PledgeFrame.hour_unit: units[k], PledgeFrame.operator_id: f"O{owner[k]}"}
        for k in range(pledges)
    ]
    frame = make_frame(PledgeFrame, rows)
    group = frame[PledgeFrame.group_size] * frame[PledgeFrame.fill_share]
    pledged = hours * np.where(np.isin(units, ("class", "facility")), group, 1.0)
    refused = pledged * random.choice([0.0, 1.0, 1 / 3, 0.1], pledges)
    length = random.choice([0.01, 0.7, 24.0, 52.0], pledges)
    places = np.floor((pledged - refused) / length * random.choice([0.0, 0.5, 1.0], pledges) + 1e-12)
    ids = frame[PledgeFrame.pledge_id]
    ineligible = pd.DataFrame({HoursReasonFrame.pledge_id: ids, HoursReasonFrame.stage: "ineligible",
                               HoursReasonFrame.reason: "outside_period", HoursReasonFrame.hours: refused})  # fmt: skip
    given = pd.DataFrame({AllocationFrame.pledge_id: ids, AllocationFrame.pathway_id: "walk",
                          AllocationFrame.pcn_code: "A", AllocationFrame.places: places.astype("int64")})  # fmt: skip
    offers = pd.DataFrame({OfferFrame.pledge_id: ids, OfferFrame.pathway_id: "walk", OfferFrame.course_hours: length})
    ledger = build_ledger(frame, ineligible, given[given[AllocationFrame.places] > 0], offers)
    left = np.maximum(pledged - refused - places * length, 0.0)
    unmatched = ineligible.assign(**{HoursReasonFrame.stage: "unmatched", HoursReasonFrame.reason: "rounding",
                                     HoursReasonFrame.hours: left})  # fmt: skip
    reasons = pd.concat([ineligible, unmatched], ignore_index=True)
    return ledger, reasons[reasons[HoursReasonFrame.hours] > 0]


@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_random_ledgers_balance(seed: int) -> None:
    """50 operators' ledgers a seed, each held to 1e-9 here by plain sums as well as by the check."""
    ledger, reasons = random_ledgers(np.random.default_rng(seed), 50)
    check_balance(ledger, reasons)
    for _, own in ledger.groupby(LedgerFrame.operator_id):
        pledged, ineligible, eligible, matched, unmatched = (own[figure].to_numpy() for figure in FIGURES)
        assert (np.abs(pledged - ineligible - matched - unmatched) <= 1e-9 * np.maximum(pledged, 1)).all()
        assert (np.abs(eligible - matched - unmatched) <= 1e-9 * np.maximum(pledged, 1)).all()
        assert min(ineligible.min(), eligible.min(), matched.min(), unmatched.min()) >= 0
        assert abs(pledged.sum() - ineligible.sum() - matched.sum() - unmatched.sum()) <= 1e-9 * max(pledged.sum(), 1)


@pytest.mark.parametrize("seed", range(2))
def test_the_ledger_of_a_plan_is_that_of_its_places(seed: int) -> None:
    """Matched hours come from the allocation alone: places × course hours, added up by hand."""
    world = seeded_archipelago(900 + seed, 30)
    match = world.solve()
    length = world.offers.set_index([OfferFrame.pledge_id, OfferFrame.pathway_id])[OfferFrame.course_hours]
    hours: dict[str, float] = {}
    for row in match.allocation.to_dict("records"):
        key = row[AllocationFrame.pledge_id], row[AllocationFrame.pathway_id]
        hours[key[0]] = hours.get(key[0], 0.0) + row[AllocationFrame.places] * length[key]
    ledger = world.ledger(match).set_index(LedgerFrame.pledge_id)[LedgerFrame.matched_hours]
    assert ledger[ledger > 0].to_dict() == pytest.approx(hours, rel=1e-12)


def test_an_overspent_pledge_stops_the_ledger() -> None:
    world = make_tiny_world()
    match = world.solve()
    more = match.allocation.assign(**{AllocationFrame.places: match.allocation[AllocationFrame.places] + 1})
    with pytest.raises(SolveError, match="Pledge P1 is overspent by 6 participant-hours"):
        build_ledger(world.pledges, world.ineligible, more, world.offers)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("by", [1e-5, -1e-5, float("nan"), float("inf")])
def test_a_tampered_ledger_is_refused(tiny, figure: str, by: float) -> None:
    ledger, reasons = tiny
    hours = ledger[figure].copy()
    hours.iloc[2] += by
    with pytest.raises(SolveError, match="does not balance"):
        check_balance(ledger.assign(**{figure: hours}), reasons)


@pytest.mark.parametrize("by", [1e-5, -1e-5, float("nan")])
@pytest.mark.parametrize("stage", ["ineligible", "unmatched"])
def test_a_tampered_reason_is_refused(tiny, stage: str, by: float) -> None:
    ledger, reasons = tiny
    extra = reasons.iloc[[0]].assign(**{HoursReasonFrame.stage: stage, HoursReasonFrame.hours: by})
    with pytest.raises(SolveError, match="does not balance"):
        check_balance(ledger, pd.concat([reasons, extra]))


def test_a_missing_reason_is_refused(tiny) -> None:
    ledger, reasons = tiny
    with pytest.raises(SolveError, match="reasons for unmatched hours add up, off by 372"):
        check_balance(ledger, reasons[reasons[HoursReasonFrame.pledge_id] != "P3"])


def test_a_reason_for_a_pledge_that_is_not_in_the_ledger_is_refused(tiny) -> None:
    ledger, reasons = tiny
    stray = reasons.iloc[[0]].assign(**{HoursReasonFrame.pledge_id: "P99"})
    with pytest.raises(SolveError, match="P99"):
        check_balance(ledger, pd.concat([reasons, stray]))


def test_errors_that_cancel_between_pledges_are_seen() -> None:
    """Ten hours moved from one pledge to another of the same operator: every total still holds."""
    world = make_tiny_world()
    match = world.solve()
    ledger, reasons = world.ledger(match), world.unmatched(match)
    hours = ledger[LedgerFrame.matched_hours].to_numpy() + np.array([10.0, 0, -10.0, 0, 0])
    with pytest.raises(SolveError, match="for pledge P1"):
        check_balance(ledger.assign(**{LedgerFrame.matched_hours: hours}), reasons)
