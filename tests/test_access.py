"""Access: hours within reach, shared with everybody who can reach them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geomap.access import (
    Decay,
    GaussianDecay,
    Measure,
    PowerDecay,
    StepDecay,
    choose_decay,
    measure_access,
    measure_all,
    measure_nearest,
)
from geomap.config import AccessParams, load_default
from geomap.errors import ConfigError, KeyLinkError, SchemaError
from geomap.schema import PairFrame

F = PairFrame
PLAIN = StepDecay(limits_min=(15.0,), weights=(1.0,))
STEP = StepDecay(limits_min=(5.0, 10.0, 15.0), weights=(1.0, 0.5, 0.2))
GAUSSIAN = GaussianDecay(width_min=6.0, max_min=15.0)
POWER = PowerDecay(exponent=1.5, near_min=2.0, max_min=15.0)
DECAYS = (PLAIN, STEP, GAUSSIAN, POWER)
METHODS = ("2sfca", "e2sfca", "3sfca")


def make_pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    pairs = pd.DataFrame(rows, columns=[F.facility_id, F.pcn_code, F.minutes_min])
    return pairs.astype({F.facility_id: "str", F.pcn_code: "str", F.minutes_min: float})


def by(name: str, **figures: float) -> pd.Series:
    return pd.Series(figures, dtype=float).rename_axis(name)


def hours(**figures: float) -> pd.Series:
    return by(F.facility_id, **figures)


def people(**figures: float) -> pd.Series:
    return by(F.pcn_code, **figures)


TINY = make_pairs(("F1", "A", 5.0), ("F1", "B", 10.0), ("F2", "B", 3.0), ("F2", "C", 16.0), ("F3", "C", 20.0))
"""A and B reach F1, B reaches F2; C is a minute too far from F2, and F3 is out of everybody's reach."""


def test_two_classes_by_hand():
    access = measure_access(TINY, hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500), STEP)
    # F1: 1000 × 1 + 400 × 0.5 = 1,200 come, 0.25 h each.  F2: 400 come, 0.15 h each.
    assert access.to_dict() == pytest.approx({"A": 0.25, "B": 0.5 * 0.25 + 0.15, "C": 0.0}, rel=1e-12)


def test_one_class_is_the_two_step_method():
    access = measure_access(TINY, hours(F1=280, F2=60, F3=40), people(A=1000, B=400, C=500), PLAIN)
    assert access.to_dict() == pytest.approx({"A": 0.2, "B": 0.2 + 0.15, "C": 0.0}, rel=1e-12)


@pytest.mark.parametrize(
    ("decay", "minutes", "weight"),
    [
        (STEP, 0.0, 1.0), (STEP, 5.0, 1.0), (STEP, 5.0001, 0.5), (STEP, 15.0, 0.2), (STEP, 15.0001, 0.0),
        (GAUSSIAN, 0.0, 1.0), (GAUSSIAN, 6.0, np.exp(-0.5)), (GAUSSIAN, 12.0, np.exp(-2)), (GAUSSIAN, 15.0001, 0.0),
        (POWER, 0.0, 1.0), (POWER, 2.0, 1.0), (POWER, 8.0, 1 / 8), (POWER, 15.0001, 0.0),
    ],
)  # fmt: skip
def test_weights_at_and_past_the_limits(decay: Decay, minutes: float, weight: float):
    assert decay.weigh(np.array([minutes]))[0] == pytest.approx(weight, rel=1e-12)


@st.composite
def systems(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Up to 5 facilities and 6 places, some of them empty, with journeys between some of them."""
    sites = [f"F{n}" for n in range(draw(st.integers(1, 5)))]
    places = [f"P{n}" for n in range(draw(st.integers(1, 6)))]
    amount = st.one_of(st.just(0.0), st.floats(0.01, 1e6))
    journeys = st.one_of(st.none(), st.floats(0.0, 40.0))
    drawn = [(site, place, draw(journeys)) for site in sites for place in places]
    supply = hours(**{site: draw(amount) for site in sites})
    patients = people(**{place: draw(amount) for place in places})
    return make_pairs(*(row for row in drawn if row[2] is not None)), supply, patients


def reachable_hours(pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series, decay: Decay) -> float:
    """Hours of the facilities that at least one patient can reach."""
    near = pairs[(decay.weigh(pairs[F.minutes_min].to_numpy()) > 0) & pairs[F.pcn_code].map(patients).gt(0).to_numpy()]
    return supply[supply.index.isin(near[F.facility_id])].sum()


@given(systems(), st.sampled_from(DECAYS), st.sampled_from(METHODS))
def test_patients_have_between_them_the_hours_that_can_be_reached(system, decay, method):
    pairs, supply, patients = system
    access = measure_access(pairs, supply, patients, decay, method=method)
    assert (access >= 0).all() and access.index.equals(patients.index)
    assert (access * patients).sum() == pytest.approx(reachable_hours(*system, decay), rel=1e-9)


@given(systems(), st.sampled_from(DECAYS), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(system, decay, method, random):
    pairs, supply, patients = system
    order = random.sample(range(len(pairs)), len(pairs))
    turned = measure_access(pairs.iloc[order], supply[::-1], patients[::-1], decay, method=method)
    expected = measure_access(pairs, supply, patients, decay, method=method)
    np.testing.assert_allclose(turned.reindex(patients.index), expected, rtol=1e-12)


@given(systems(), st.sampled_from(DECAYS), st.sampled_from(METHODS), st.floats(0.01, 100), st.floats(0.01, 100))
def test_hours_and_patients_scale(system, decay, method, more_hours, more_people):
    pairs, supply, patients = system
    scaled = measure_access(pairs, supply * more_hours, patients * more_people, decay, method=method)
    expected = measure_access(pairs, supply, patients, decay, method=method) * more_hours / more_people
    np.testing.assert_allclose(scaled, expected, rtol=1e-9)


def access_by_hand(pairs: pd.DataFrame, supply: dict, patients: dict, decay: Decay, method: str) -> dict[str, float]:
    """The formulas of the papers, one journey at a time."""
    told = zip(pairs[F.facility_id], pairs[F.pcn_code], pairs[F.minutes_min], strict=True)
    weight = {(site, place): float(decay.weigh(np.array([minutes]))[0]) for site, place, minutes in told}
    weight = {link: each for link, each in weight.items() if each > 0}
    counts = dict(weight)
    if method == "2sfca":
        counts = dict.fromkeys(weight, 1.0)
    if method == "3sfca":
        chosen = {p: sum(each for (_, place), each in weight.items() if place == p) for p in patients}
        counts = {(site, place): each * each / chosen[place] for (site, place), each in weight.items()}
    coming = {s: sum(patients[p] * each for (site, p), each in counts.items() if site == s) for s in supply}
    return {
        place: sum(
            each * supply[site] / coming[site] for (site, p), each in counts.items() if p == place and coming[site] > 0
        )
        for place in patients
    }


@given(systems(), st.sampled_from(DECAYS), st.sampled_from(METHODS))
def test_every_method_is_its_formula_one_journey_at_a_time(system, decay, method):
    expected = access_by_hand(*(each if n == 0 else each.to_dict() for n, each in enumerate(system)), decay, method)
    assert measure_access(*system, decay, method=method).to_dict() == pytest.approx(expected, rel=1e-9)


@given(systems(), st.integers(1, 4))
def test_the_nearest_are_the_first_of_all_sorted_by_minutes(system, count):
    pairs, supply, patients = system
    found = measure_nearest(pairs, supply, patients, count)
    for place in patients.index:
        rows = [
            (minutes, list(supply.index).index(site), supply[site])
            for site, where, minutes in pairs[[F.facility_id, F.pcn_code, F.minutes_min]].itertuples(index=False)
            if where == place and supply[site] > 0
        ]
        near = sorted(rows)[:count]
        assert found.loc[place, "hours"] == pytest.approx(sum(row[2] for row in near))
        assert np.isnan(found.loc[place, F.minutes_min]) == (not near)
        assert not near or found.loc[place, F.minutes_min] == near[0][0]


@given(systems())
def test_each_more_of_the_nearest_is_no_fewer_hours(system):
    told = [measure_nearest(*system, count)["hours"] for count in (1, 2, 3, 100)]
    assert all((more >= fewer - 1e-9).all() for fewer, more in itertools.pairwise(told))


def test_three_steps_by_hand():
    access = measure_access(TINY, hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500), STEP, method="3sfca")
    # A knows F1 alone. B weighs F1 at 0.5 and F2 at 1: a third of its people choose F1 and two thirds F2.
    # F1: 1000 × 1 + 400 × 0.5 ÷ 3 = 1066.7 come.  F2: 400 × 2 ÷ 3 = 266.7 come.
    first, second = 300 / (1000 + 400 * 0.5 / 3), 60 / (400 * 2 / 3)
    assert access.to_dict() == pytest.approx({"A": first, "B": first * 0.5 / 3 + second * 2 / 3, "C": 0.0}, rel=1e-12)


def test_several_measures_from_one_reading_are_those_of_each():
    system = (TINY, hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500))
    measures = {f"{method} {n}": Measure(method=method, decay=d) for method in METHODS for n, d in enumerate(DECAYS)}
    told = measure_all(*system, measures)
    assert list(told) == list(measures)
    for name, measure in measures.items():
        expected = measure_access(*system, measure.decay, method=measure.method)
        pd.testing.assert_series_equal(told[name], expected, check_names=False)


def test_pairs_of_categories_are_those_of_text():
    system = (hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500))
    numbered = TINY.astype({F.facility_id: "category", F.pcn_code: "category"})
    pd.testing.assert_series_equal(measure_access(numbered, *system, STEP), measure_access(TINY, *system, STEP))
    with pytest.raises(KeyLinkError, match="F2"):
        measure_access(numbered, hours(F1=1, F3=1), system[1], STEP)


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="4sfca"):
        measure_access(TINY, hours(F1=1, F2=1, F3=1), people(A=1, B=1, C=1), STEP, method="4sfca")


def access_params(**told) -> AccessParams:
    return AccessParams.model_validate({**load_default("access")["access"], **told})


@pytest.mark.parametrize(
    ("told", "decay"),
    [
        ({}, GaussianDecay(width_min=7.5, max_min=15.0)),
        ({"gaussian": {"width_min": 4}}, GaussianDecay(width_min=4.0, max_min=15.0)),
        ({"decay": "step"}, StepDecay(limits_min=(5.0, 10.0, 15.0), weights=(1.0, 0.68, 0.22))),
        (
            {"decay": "step", "step": {"weights": [1, 0.42], "limits_min": [6, 12]}},
            StepDecay(limits_min=(6.0, 12.0), weights=(1.0, 0.42)),
        ),
        ({"decay": "power"}, PowerDecay(exponent=1.5, near_min=1.0, max_min=15.0)),
    ],
)
def test_the_decay_of_a_scenario(told, decay):
    assert choose_decay(access_params(**told), 15.0) == decay


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"methods": ["2sfca", "2sfca"]}, "methods names one twice"),
        ({"levels": ["pcn", "pcn"]}, "levels names one twice"),
        ({"methods": ["5sfca"]}, "methods"),
        ({"decay": "cliff"}, "decay"),
        ({"nearest": 0}, "nearest"),
        ({"step": {"weights": [1, 0.5], "limits_min": [5]}}, "1 limits_min and 2 weights"),
        ({"step": {"weights": [1, 0.5], "limits_min": [5, 5]}}, "each must be above the one before"),
        ({"step": {"weights": []}}, "weights"),
        ({"gaussian": {"width_min": 0}}, "width_min"),
    ],
)
def test_settings_of_access_check_themselves(told, said):
    with pytest.raises(ValueError, match=said):
        access_params(**told)


@given(systems(), st.sampled_from(DECAYS))
def test_more_hours_are_nowhere_less_access(system, decay):
    pairs, supply, patients = system
    before, after = (measure_access(pairs, more, patients, decay) for more in (supply, supply + 10.0))
    assert (after >= before * (1 - 1e-12)).all()


@given(systems())
def test_weights_count_only_against_each_other(system):
    doubled = StepDecay(limits_min=STEP.limits_min, weights=tuple(2 * weight for weight in STEP.weights))
    expected, found = measure_access(*system, STEP), measure_access(*system, doubled)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_place_may_be_a_point():
    pairs = TINY.rename(columns={F.pcn_code: "point_id"})
    access = measure_access(pairs, hours(F1=280, F2=60, F3=40), by("point_id", A=1000, B=400, C=500), PLAIN)
    assert access.index.name == "point_id"
    assert access["A"] == pytest.approx(0.2)


def test_nobody_and_nothing():
    none = measure_access(make_pairs(), hours(F1=10), people(A=5), STEP)
    assert none.tolist() == [0.0]
    nobody = measure_access(make_pairs(("F1", "A", 1.0)), hours(F1=10), people(A=0), STEP)
    assert nobody.tolist() == [0.0]


def test_a_weight_too_faint_for_numbers_is_none():
    steep = PowerDecay(exponent=300.0, near_min=1.0, max_min=600.0)
    access = measure_access(make_pairs(("F1", "A", 500.0), ("F2", "A", 1.0)), hours(F1=10, F2=10), people(A=5), steep)
    assert access["A"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("pairs", "supply", "patients", "told"),
    [
        (make_pairs(("F1", "A", -1.0)), hours(F1=1), people(A=1), "negative"),
        (make_pairs(("F1", "A", np.nan)), hours(F1=1), people(A=1), "missing"),
        (make_pairs(("F1", "A", 1.0)), hours(F1=np.inf), people(A=1), "infinite"),
        (make_pairs(("F1", "A", 1.0)), hours(F1=1), people(A=np.nan), "patients"),
        (make_pairs(("F1", "A", 1.0), ("F1", "A", 2.0)), hours(F1=1), people(A=1), "F1 to A"),
        (make_pairs(("F1", "A", 1.0)), pd.concat([hours(F1=1), hours(F1=2)]), people(A=1), "rows stand twice"),
        (make_pairs(("F1", "A", 1.0)), hours(F1=1), by("lsoa_code", A=1), "lsoa_code"),
    ],
)
def test_tables_that_cannot_be_used(pairs, supply, patients, told):
    with pytest.raises(SchemaError, match=told):
        measure_access(pairs, supply, patients, STEP)


def test_all_bad_figures_are_told_at_once():
    with pytest.raises(SchemaError) as caught:
        measure_access(make_pairs(("F1", "A", -1.0)), hours(F1=-1), people(A=-1), STEP)
    assert [fault.source for fault in caught.value.faults] == ["supply", "patients", "pairs"]


@pytest.mark.parametrize(("site", "place"), [("F9", "A"), ("F1", "Z")])
def test_a_pair_of_strangers(site, place):
    with pytest.raises(KeyLinkError, match="F9" if site == "F9" else "Z"):
        measure_access(make_pairs((site, place, 1.0)), hours(F1=1), people(A=1), STEP)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: StepDecay(limits_min=(), weights=()),
        lambda: StepDecay(limits_min=(5.0, 10.0), weights=(1.0,)),
        lambda: StepDecay(limits_min=(10.0, 5.0), weights=(1.0, 0.5)),
        lambda: StepDecay(limits_min=(5.0,), weights=(0.0,)),
        lambda: GaussianDecay(width_min=0.0, max_min=15.0),
        lambda: GaussianDecay(width_min=6.0, max_min=float("nan")),
        lambda: PowerDecay(exponent=-1.0, near_min=1.0, max_min=15.0),
    ],
)
def test_a_decay_checks_itself(wrong):
    with pytest.raises(ConfigError):
        wrong()


def test_a_share_of_a_place_counts_as_so_many_people():
    share = pd.Series([1.0, 0.5, 1.0, 1.0, 1.0])
    access = measure_access(TINY, hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500), PLAIN, share=share)
    # F1: 1000 + 200 come, 0.25 h each; half of B has none of it.  F2: 400 come, 0.15 h each.
    assert access.to_dict() == pytest.approx({"A": 0.25, "B": 0.125 + 0.15, "C": 0.0}, rel=1e-12)
