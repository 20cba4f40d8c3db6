"""Published counts of people: none small, none that the others pin down, and everything else follows from them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap import _pinned, disclose, few
from geomap.schema import AllocationFrame, HoursReasonFrame, LedgerFrame, UnmetFrame
from geomap.schema.words import FEW_PEOPLE

A, U, L, R = AllocationFrame, UnmetFrame, LedgerFrame, HoursReasonFrame
COUNTS = st.one_of(st.just(0), st.integers(1, 7), st.integers(1, 60))


@st.composite
def plans(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`UnmetFrame` and `AllocationFrame` of a few PCNs and pathways, with many small counts."""
    unmet, rows = [], []
    for pcn in range(draw(st.integers(1, 3))):
        for pathway in range(draw(st.integers(1, 3))):
            places = draw(st.lists(st.one_of(st.integers(1, 3), st.integers(1, 20)), max_size=8))
            left = draw(COUNTS)
            why = "hours_used_up" if left else None
            unmet.append((f"U{pcn}", f"w{pathway}", sum(places) + left, sum(places), left, why))
            rows += [(f"P{number}", f"w{pathway}", f"U{pcn}", many) for number, many in enumerate(places)]
    columns = [U.pcn_code, U.pathway_id, U.demand_places, U.matched_places, U.unmet_places, U.reason]
    kinds = {A.pledge_id: "str", A.pathway_id: "str", A.pcn_code: "str", A.places: "int64"}
    return pd.DataFrame(unmet, columns=columns), pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def published(shown: disclose.Shown) -> dict[str, pd.Series]:
    """What a reader gets of each kind of count."""
    counts = {
        "pcns": shown.pcns[U.matched_places],
        "pairs": shown.unmet[U.matched_places],
        "rows": shown.rows[A.places],
    }
    return {name: few.round_people(each) for name, each in counts.items()}


def possible(count: object) -> range:
    """The numbers that a published count can stand for."""
    if pd.isna(count):
        return range(1, 8)
    return range(1) if count == 0 else range(max(int(count) - 2, 8), int(count) + 3)


def answers(shown: disclose.Shown) -> Iterator[np.ndarray]:
    """Rows of the smallest plans that agree with all that is published; by trying every one."""
    counts = published(shown)
    pairs = shown.unmet[[U.pcn_code, U.pathway_id]].apply(tuple, axis=1).tolist()
    row_at = [pairs.index(pair) for pair in shown.rows[[A.pcn_code, A.pathway_id]].apply(tuple, axis=1)]
    pcn_at = [list(shown.pcns.index).index(code) for code, _ in pairs]
    for guess in itertools.product(*(possible(count) for count in counts["rows"])):
        of_pair = np.bincount(row_at, guess, len(pairs)) if guess else np.zeros(len(pairs))
        of_pcn = np.bincount(pcn_at, of_pair, len(counts["pcns"]))
        fits = all(number in possible(count) for number, count in zip(of_pair, counts["pairs"], strict=True))
        if fits and all(number in possible(count) for number, count in zip(of_pcn, counts["pcns"], strict=True)):
            yield np.array([*guess, *of_pair, *of_pcn])


@settings(deadline=None, max_examples=40)
@given(plan=plans())
def test_no_small_count_is_shown_and_others_are_rounded(plan: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for counts in published(disclose.show_plan(*plan)).values():
        assert (counts.dropna() % few.BASE == 0).all()
        assert not counts.between(1, 7).any()


@settings(deadline=None, max_examples=40)
@given(plan=plans())
def test_nothing_stays_nothing_and_something_stays_something(plan: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    unmet, _ = plan
    shown = disclose.show_plan(*plan).unmet
    for column in (U.demand_places, U.matched_places, U.unmet_places):
        assert (shown[column].eq(0) == unmet[column].eq(0)).all()


@settings(deadline=None, max_examples=40)
@given(plan=plans())
def test_counts_are_as_near_as_rounding_unless_they_would_tell(plan: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    unmet, _ = plan
    shown = disclose.show_plan(*plan)
    assert (shown.unmet[U.matched_places] - unmet[U.matched_places]).abs().le(few.BASE + 2).all()
    exact = unmet.groupby(U.pcn_code)[U.matched_places].sum()
    assert (shown.pcns[U.matched_places] - exact).abs().le(few.BASE + 2).all()


@settings(deadline=None, max_examples=40)
@given(plan=plans())
def test_no_more_is_given_than_wanted(plan: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    shown = disclose.show_plan(*plan)
    for counts in (shown.unmet, shown.pcns):
        told = few.round_people(counts[U.matched_places]) <= few.round_people(counts[U.demand_places])
        assert told.fillna(True).all()


@settings(deadline=None, max_examples=20)
@given(plan=plans(), order=st.randoms())
def test_the_order_of_rows_does_not_matter(plan: tuple[pd.DataFrame, pd.DataFrame], order) -> None:
    unmet, rows = plan
    mixed = list(rows.index)
    order.shuffle(mixed)
    pd.testing.assert_frame_equal(
        disclose.show_plan(unmet, rows.loc[mixed]).rows, disclose.show_plan(unmet, rows).rows
    )


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=3), min_size=1, max_size=2),
    left=st.integers(0, 9),
)
def test_no_hidden_count_can_be_worked_out_from_the_others(parts: list[list[int]], left: int) -> None:
    unmet = [(f"U{n % 2}", f"w{n}", sum(p) + left, sum(p), left, None) for n, p in enumerate(parts)]
    rows = [(f"P{i}", f"w{n}", f"U{n % 2}", many) for n, p in enumerate(parts) for i, many in enumerate(p)]
    columns = [U.pcn_code, U.pathway_id, U.demand_places, U.matched_places, U.unmet_places, U.reason]
    shown = disclose.show_plan(
        pd.DataFrame(unmet, columns=columns),
        pd.DataFrame(rows, columns=[A.pledge_id, A.pathway_id, A.pcn_code, A.places]),
    )
    found = np.array(list(answers(shown)))
    hidden = pd.concat(list(published(shown).values())).isna().to_numpy()
    if len(found):  # a figure that was moved so as not to tell may agree with no plan at all
        assert (found.min(axis=0) < found.max(axis=0))[hidden].all()


def levels_of(*counts: list[int]) -> list[pd.Series]:
    return [few.round_people(pd.Series(each)) for each in counts]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [(7, [1] * 7), (28, [7] * 4), (12, [1] * 12), (14, [7, 7]), (23, [8, 8, 7])],
    ids=["seven ones", "four sevens", "twelve ones", "two sevens", "one seven beside two eights"],
)
def test_a_sum_that_would_pin_its_parts_is_moved(whole: int, parts: list[int]) -> None:
    at = [np.zeros(len(parts), dtype=int)]
    loose = _pinned.loosen(levels_of([whole], parts), at)
    assert not any(pinned.any() for _, _, pinned in _pinned.find_pinned(loose, at))


@pytest.mark.parametrize(("whole", "parts"), [(7, [1] * 7), (28, [7] * 4), (12, [1] * 12)])
def test_such_a_sum_does_pin_them_as_it_stands(whole: int, parts: list[int]) -> None:
    at = [np.zeros(len(parts), dtype=int)]
    assert _pinned.find_pinned(levels_of([whole], parts), at)[1][2].all()


def made_ledger() -> tuple[pd.DataFrame, pd.DataFrame]:
    eligible = [84.0, 360.0, 50.0, 100.0]
    matched = [84.0, 336.0, 0.0, 36.0]
    ledger = pd.DataFrame(
        {
            L.pledge_id: ["P1", "P2", "P3", "P4"],
            L.operator_id: "O1",
            L.facility_id: "F1",
            L.hours: eligible,
            L.hour_unit: "participant",
            L.pledged_hours: eligible,
            L.ineligible_hours: 0.0,
            L.eligible_hours: eligible,
            L.matched_hours: matched,
            L.unmatched_hours: np.subtract(eligible, matched),
        }
    )
    reasons = pd.DataFrame(
        {
            R.pledge_id: ["P2", "P3", "P4"],
            R.stage: "unmatched",
            R.reason: ["rounding", "nobody_in_reach", "rounding"],
            R.hours: [24.0, 50.0, 64.0],
        }
    )
    return ledger, reasons


def shown_ledger() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pd.DataFrame({L.pledge_id: ["P1", "P2", "P4"], L.matched_hours: [48.0, 360.0, 48.0]})
    served = pd.Series({"P1": 7, "P2": 28, "P4": 3})
    return disclose.show_ledger(*made_ledger(), rows, served)


def test_the_published_ledger_balances_and_no_pledge_gives_more_than_it_has() -> None:
    ledger, reasons = shown_ledger()
    assert (ledger[L.matched_hours] + ledger[L.unmatched_hours]).tolist() == ledger[L.eligible_hours].tolist()
    assert (ledger[L.unmatched_hours] >= 0).all()
    told = reasons.groupby(R.pledge_id)[R.hours].sum()
    left = ledger.set_index(L.pledge_id)[L.unmatched_hours]
    assert told.reindex(left.index).fillna(0).to_numpy() == pytest.approx(left.to_numpy())


def test_hours_of_the_whole_run_are_kept_to_the_hundred() -> None:
    ledger, _ = shown_ledger()
    assert ledger[L.matched_hours].sum() == pytest.approx(500, abs=0.5)


def test_a_pledge_that_serves_few_does_not_tell_that_its_hours_are_used_up() -> None:
    _, reasons = shown_ledger()
    why = reasons.set_index(R.pledge_id)[R.reason].to_dict()
    assert why.get("P1", FEW_PEOPLE) == FEW_PEOPLE
    assert why["P4"] == FEW_PEOPLE
    assert why["P3"] == "nobody_in_reach"
