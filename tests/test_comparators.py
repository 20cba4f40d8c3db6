"""Comparators: the nearest unchosen sites, each for one chosen site, with the least distance in all."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_worlds import make_frame

from geomap.comparators import CLOSE_ENOUGH, find_comparators
from geomap.schema import CandidateFrame, ComparatorFrame
from geomap.schema.words import LIKENESS
from geomap.validate import check_frame

ALIKE = {
    "patients": 40_000, "imd_score": 20.0, "aged_65_share": 0.2, "long_term_ratio": 1.0, "density": 1000.0,
    "link_worker_fte": 2.0, "hours_in_reach": 8000.0,
}  # fmt: skip
"""0.5 FTE per 10,000 patients and 200 participant-hours per 1,000."""


def site(site_id: str, **changes) -> dict[str, object]:
    f = CandidateFrame
    return {
        f.site_id: site_id, f.site_name: f"{site_id} PCN", f.pcn_codes: site_id, f.icb_code: "X", f.icb_name: "ICB X",
        f.region_code: "R", f.region_name: "Region R", f.need_index: 0.5, f.rurality: "town", f.operator_kinds: "",
        f.pathways: "", f.setup_cost: 0.0, f.easting: 0.0, f.northing: 0.0, **ALIKE, **changes,
    }  # fmt: skip


def candidates_of(*rows: dict[str, object]) -> pd.DataFrame:
    return make_frame(CandidateFrame, rows)


def along(**scores: float) -> pd.DataFrame:
    """Sites that differ in their IMD score alone."""
    return candidates_of(*(site(name, imd_score=score) for name, score in scores.items()))


def pairs_of(comparators: pd.DataFrame) -> dict[str, str | None]:
    firsts = comparators.drop_duplicates(ComparatorFrame.site_id)
    named = firsts[ComparatorFrame.comparator_id].astype(object)
    return dict(zip(firsts[ComparatorFrame.site_id], named.where(named.notna(), None), strict=True))


def total_of(comparators: pd.DataFrame) -> float:
    return float(comparators.drop_duplicates(ComparatorFrame.site_id)[ComparatorFrame.distance].sum())


def test_a_pair_is_told_measure_by_measure() -> None:
    """IMD scores 10, 14 and 24: mean 16, standard deviation √((36 + 4 + 64) ÷ 3) = √(104 ÷ 3)."""
    comparators = find_comparators(along(A=10, B=14, C=24), ["A"], None)
    assert not check_frame(comparators, ComparatorFrame, source="comparators")[1]
    assert list(comparators[ComparatorFrame.measure]) == list(LIKENESS)
    assert pairs_of(comparators) == {"A": "B"}
    assert set(comparators[ComparatorFrame.comparator_name]) == {"B PCN"}
    told = comparators.set_index(ComparatorFrame.measure)
    difference = -4 / np.sqrt(104 / 3)
    assert told[ComparatorFrame.standardised_difference]["imd_score"] == pytest.approx(difference)
    others = told[ComparatorFrame.standardised_difference].drop("imd_score")
    assert (others == 0).all()
    assert told[ComparatorFrame.distance].iloc[0] == pytest.approx(abs(difference) / np.sqrt(7))
    assert told[ComparatorFrame.site_value]["imd_score"] == 10
    assert told[ComparatorFrame.comparator_value]["imd_score"] == 14


def test_values_stand_in_their_units_and_sizes_are_compared_by_their_logarithm() -> None:
    rows = candidates_of(
        site("A", patients=10_000, link_worker_fte=3.0, hours_in_reach=500.0),
        site("B", patients=20_000, link_worker_fte=3.0, hours_in_reach=500.0),
        site("C", patients=40_000, link_worker_fte=3.0, hours_in_reach=500.0),
    )
    told = find_comparators(rows, ["A"], None).set_index(ComparatorFrame.measure)
    values = told[[ComparatorFrame.site_value, ComparatorFrame.comparator_value]]
    assert list(values.loc["patients"]) == [10_000, 20_000]
    assert list(values.loc["link_worker_fte"]) == [3.0, 1.5]
    assert list(values.loc["hours_in_reach"]) == [50, 25]
    steps = find_comparators(rows, ["B"], None).set_index(ComparatorFrame.measure)
    # Half as many and twice as many are as far, but for the one that keeps the logarithm of none from running away.
    one = told[ComparatorFrame.standardised_difference]["patients"]
    other = steps[ComparatorFrame.standardised_difference]["patients"]
    assert steps[ComparatorFrame.comparator_id].iloc[0] == "C"
    assert one == pytest.approx(other, rel=1e-3)
    assert one == pytest.approx(-np.log(2) / np.std(np.log([1, 2, 4])), rel=1e-3)


def test_the_least_in_all_is_found_not_the_nearest_first() -> None:
    """B's nearest is 11, one off; but then A at 14 must go to 30. A–11 and B–8 come to 3 + 2."""
    comparators = find_comparators(along(A=14, B=10, P=11, Q=8, R=30), ["A", "B"], None)
    assert pairs_of(comparators) == {"A": "P", "B": "Q"}


def test_a_measure_that_one_of_a_pair_lacks_is_left_out() -> None:
    rows = candidates_of(
        site("A", imd_score=None, long_term_ratio=1.2), site("B", imd_score=50.0), site("C", long_term_ratio=1.0)
    )
    comparators = find_comparators(rows, ["A"], None)
    told = comparators.set_index(ComparatorFrame.measure)
    assert told.loc["imd_score", [ComparatorFrame.site_value, ComparatorFrame.standardised_difference]].isna().all()
    # Long-term ratios 1.2, 1.0, 1.0: standard deviation 0.2 × √2 ÷ 3; the mean square is over six measures.
    difference = 0.2 / (0.2 * np.sqrt(2) / 3)
    assert told[ComparatorFrame.standardised_difference]["long_term_ratio"] == pytest.approx(difference)
    assert told[ComparatorFrame.distance].iloc[0] == pytest.approx(difference / np.sqrt(6))


def test_what_is_nowhere_known_and_what_is_everywhere_the_same_sets_nobody_apart() -> None:
    rows = candidates_of(*(site(name, long_term_ratio=None, link_worker_fte=2.1) for name in "ABC"))
    comparators = find_comparators(rows, ["B"], None)
    assert pairs_of(comparators) == {"B": "A"}
    assert (comparators[ComparatorFrame.distance] == 0).all()
    assert comparators[ComparatorFrame.close_enough].all()


def test_rounding_of_what_is_the_same_makes_no_difference() -> None:
    """0.3 FTE of 30,000 patients and 0.1 of 10,000 are the same share but for the last binary digit."""
    rows = candidates_of(
        *(site(name, patients=n, link_worker_fte=fte) for name, n, fte in (("A", 30_000, 0.3), ("B", 10_000, 0.1)))
    )
    told = find_comparators(rows, ["A"], None).set_index(ComparatorFrame.measure)
    assert told[ComparatorFrame.standardised_difference]["link_worker_fte"] == 0


def test_equals_are_taken_by_id() -> None:
    scores = {"A": 10.0, "B": 10.0, "Q": 12.0, "P": 12.0, "R": 12.0}
    comparators = find_comparators(along(**scores), ["B", "A"], None)
    assert pairs_of(comparators) == {"A": "P", "B": "Q"}


def test_some_have_none_where_too_few_are_left() -> None:
    comparators = find_comparators(along(A=10, B=30, C=11), ["A", "B"], {"A": {"F1"}, "C": {"F1"}, "B": {"F2"}})
    assert pairs_of(comparators) == {"A": "C", "B": None}
    assert len(comparators) == 2 * len(LIKENESS)
    assert not check_frame(comparators, ComparatorFrame, source="comparators")[1]
    alone = comparators[comparators[ComparatorFrame.site_id].eq("B")]
    missing = [
        ComparatorFrame.comparator_name, ComparatorFrame.distance, ComparatorFrame.comparator_value,
        ComparatorFrame.standardised_difference,
    ]  # fmt: skip
    assert alone[missing].isna().all(axis=None)
    assert not alone[ComparatorFrame.close_enough].any()
    assert (alone[ComparatorFrame.shared_facilities] == 0).all()
    assert alone[ComparatorFrame.site_value].notna().all()


def test_everything_chosen_and_nothing_chosen() -> None:
    rows = along(A=10, B=30)
    everything = find_comparators(rows, ["A", "B"], None)
    assert pairs_of(everything) == {"A": None, "B": None}
    nothing = find_comparators(rows, [], None)
    assert nothing.empty
    assert not check_frame(nothing, ComparatorFrame, source="comparators")[1]


def test_where_nobody_is_registered_nothing_is_told_per_patient() -> None:
    rows = candidates_of(site("A"), site("B", patients=0), site("C", patients=0, hours_in_reach=0.0))
    told = find_comparators(rows, ["B"], None).set_index(ComparatorFrame.measure)
    assert told[ComparatorFrame.comparator_id].iloc[0] == "C"
    assert told.loc[["link_worker_fte", "hours_in_reach"], ComparatorFrame.site_value].isna().all()
    assert told[ComparatorFrame.site_value]["patients"] == 0
    assert told[ComparatorFrame.distance].iloc[0] == 0


def test_facilities_in_reach_of_both_are_counted() -> None:
    facilities = {"A": {"F1", "F2", "F3"}, "B": {"F2", "F3", "F4"}}
    rows = along(A=10, B=12, C=90)
    shared = find_comparators(rows, ["A"], facilities)[ComparatorFrame.shared_facilities]
    assert set(shared) == {2}
    assert set(find_comparators(rows, ["A"], {"A": {"F1"}})[ComparatorFrame.shared_facilities]) == {0}
    assert set(find_comparators(rows, ["A"], None)[ComparatorFrame.shared_facilities]) == {0}


@pytest.mark.parametrize(("share", "close"), [(0.999999, True), (1.000001, False)])
def test_close_enough_ends_at_a_quarter(share: float, close: bool) -> None:
    """
    Ten sites score ±100, and A and B ±g/2 about the same mean: variance v = (10 × 100² + g² ÷ 2) ÷ 12.

    They are c standard deviations apart, g² = c² v, where v = 10 × 100² ÷ (12 − c² ÷ 2); with c = 0.25 √7 their root
    mean square over seven measures is a quarter. The ten are older, so that they are like neither.
    """
    apart = share * CLOSE_ENOUGH * np.sqrt(len(LIKENESS))
    gap = apart * np.sqrt(10 * 100**2 / (12 - apart**2 / 2))
    ten = [site(f"S{k}", imd_score=200.0 + 100.0 * (-1) ** k, aged_65_share=0.9) for k in range(10)]
    pair = [site("A", imd_score=200.0 - gap / 2), site("B", imd_score=200.0 + gap / 2)]
    told = find_comparators(candidates_of(*ten, *pair), ["A"], None)
    assert pairs_of(told) == {"A": "B"}
    assert told[ComparatorFrame.distance].iloc[0] == pytest.approx(share * CLOSE_ENOUGH, abs=1e-9)
    assert set(told[ComparatorFrame.close_enough]) == {close}


VALUES = st.fixed_dictionaries(
    {
        "patients": st.integers(1, 90_000),
        "imd_score": st.none() | st.integers(1, 60).map(float),
        "aged_65_share": st.none() | st.sampled_from([0.1, 0.2, 0.3]),
        "density": st.sampled_from([0.0, 50.0, 900.0, 12_000.0]),
        "hours_in_reach": st.sampled_from([0.0, 100.0, 30_000.0]),
    }
)
SITES = st.lists(VALUES, min_size=2, max_size=8)


@settings(deadline=None, max_examples=60)
@given(SITES, st.integers(1, 4), st.randoms(use_true_random=False))
def test_laws_of_comparators(values: list[dict], chosen: int, random) -> None:
    rows = [site(f"S{k}", **told) for k, told in enumerate(values)]
    ids = [f"S{k}" for k in random.sample(range(len(rows)), min(chosen, len(rows)))]
    comparators = find_comparators(candidates_of(*rows), ids, None)
    pairs = pairs_of(comparators)
    named = [other for other in pairs.values() if other is not None]
    assert sorted(pairs) == sorted(ids)
    assert len(named) == len(set(named)) == min(len(ids), len(rows) - len(ids))
    assert not set(named) & set(ids)
    squares = comparators[ComparatorFrame.standardised_difference] ** 2
    by_site = squares.groupby(comparators[ComparatorFrame.site_id]).mean()
    distance = comparators.groupby(ComparatorFrame.site_id)[ComparatorFrame.distance].first()
    assert np.allclose(np.sqrt(by_site), distance, equal_nan=True)
    random.shuffle(rows)
    turned = find_comparators(candidates_of(*rows), ids[::-1], None)
    pd.testing.assert_frame_equal(comparators, turned)


@settings(deadline=None, max_examples=40)
@given(SITES, st.integers(1, 3))
def test_no_other_assignment_is_nearer_in_all(values: list[dict], chosen: int) -> None:
    """Against every way of giving each chosen site its own comparator."""
    rows = candidates_of(*(site(f"S{k}", **told) for k, told in enumerate(values)))
    ids = list(rows[CandidateFrame.site_id])
    ours, others = ids[:chosen], ids[chosen:]
    assume(len(others) >= len(ours))
    distance = {(one, other): _between(rows, one, other) for one in ours for other in others}
    best = min(sum(distance[pair] for pair in zip(ours, way, strict=True)) for way in permutations(others, len(ours)))
    assert total_of(find_comparators(rows, ours, None)) == pytest.approx(best, abs=1e-9)


def _between(rows: pd.DataFrame, one: str, other: str) -> float:
    """Distance of two sites, by the words of the docstrings."""
    f = CandidateFrame
    per = rows[f.patients].astype(float)
    table = pd.DataFrame(
        {
            "patients": np.log(per + 1),
            "imd": rows[f.imd_score],
            "aged": rows[f.aged_65_share],
            "ill": rows[f.long_term_ratio],
            "density": np.log(rows[f.density] + 1),
            "fte": rows[f.link_worker_fte] / per * 10_000,
            "hours": np.log(rows[f.hours_in_reach] / per * 1000 + 1),
        }
    ).set_axis(rows[f.site_id])
    gap = (table.loc[one] - table.loc[other]).dropna()
    spread = table.std(ddof=0)[gap.index]
    return float(np.sqrt(((gap / spread.where(spread > 1e-12, np.inf)) ** 2).mean()))


MANY = candidates_of(
    *(
        site(
            f"Z{k}", imd_score=60.0 * (k % 2), aged_65_share=0.1 + 0.2 * (k // 2 % 2),
            density=50.0 + 9000 * (k // 4 % 2), hours_in_reach=100.0 + 40_000 * (k // 8 % 2), patients=20_000 + 300 * k,
        )
        for k in range(400)
    )
)  # fmt: skip
"""So many that deprivation spreads all but the same after one site has moved by 60 at most: variance 900 ± 9."""


@settings(deadline=None, max_examples=40)
@given(SITES, st.floats(0, 1))
def test_a_comparator_that_comes_nearer_never_makes_the_distance_longer(values: list[dict], step: float) -> None:
    # S0 scores 30 and the many 0 or 60, so that its comparator has far to come.
    told = [{**row, "imd_score": 30.0 * ((k + 1) % 3)} for k, row in enumerate(values)]
    few = candidates_of(*(site(f"S{k}", **row) for k, row in enumerate(told)))
    rows = pd.concat([few, MANY], ignore_index=True)
    ours = list(few[CandidateFrame.site_id])
    score = rows.set_index(CandidateFrame.site_id)[CandidateFrame.imd_score]
    before = find_comparators(rows, ours, None)
    mate = pairs_of(before)["S0"]
    score[mate] += step * (score["S0"] - score[mate])
    after = find_comparators(rows.assign(**{CandidateFrame.imd_score: score.to_numpy()}), ours, None)
    assert total_of(after) <= total_of(before) * 1.01 + 1e-9
