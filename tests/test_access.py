"""Access: hours within reach, shared with everybody who can reach them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geomap.access import (
    PER_PATIENTS,
    Decay,
    GaussianDecay,
    PowerDecay,
    StepDecay,
    measure_access,
    measure_pledged_access,
)
from geomap.errors import ConfigError, KeyLinkError, SchemaError
from geomap.schema import PairFrame, ReachFrame

F = PairFrame
PLAIN = StepDecay(limits_min=(15.0,), weights=(1.0,))
STEP = StepDecay(limits_min=(5.0, 10.0, 15.0), weights=(1.0, 0.5, 0.2))
GAUSSIAN = GaussianDecay(width_min=6.0, max_min=15.0)
POWER = PowerDecay(exponent=1.5, near_min=2.0, max_min=15.0)
DECAYS = (PLAIN, STEP, GAUSSIAN, POWER)


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


@given(systems(), st.sampled_from(DECAYS))
def test_patients_have_between_them_the_hours_that_can_be_reached(system, decay):
    pairs, supply, patients = system
    access = measure_access(pairs, supply, patients, decay)
    assert (access >= 0).all() and access.index.equals(patients.index)
    assert (access * patients).sum() == pytest.approx(reachable_hours(*system, decay), rel=1e-9)


@given(systems(), st.sampled_from(DECAYS), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(system, decay, random):
    pairs, supply, patients = system
    order = random.sample(range(len(pairs)), len(pairs))
    turned = measure_access(pairs.iloc[order], supply[::-1], patients[::-1], decay)
    expected = measure_access(pairs, supply, patients, decay)
    np.testing.assert_allclose(turned.reindex(patients.index), expected, rtol=1e-12)


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


@pytest.mark.parametrize("decay", DECAYS[1:], ids=lambda decay: type(decay).__name__)
def test_figures_are_those_of_pysal(decay):
    """On 30 facilities and 200 places at random; PySAL leaves places without a journey out."""
    pysal = pytest.importorskip("access", reason="the package access is not installed (extra 'bench')")
    from access import weights

    theirs = {
        STEP: weights.step_fn(dict(zip(STEP.limits_min, STEP.weights, strict=True))),
        GAUSSIAN: weights.gaussian(GAUSSIAN.width_min),
        POWER: weights.gravity(POWER.near_min, -POWER.exponent, POWER.near_min),
    }[decay]
    random = np.random.default_rng(3)
    supply = hours(**{f"F{n}": random.uniform(0, 500) for n in range(30)})
    patients = people(**{f"P{n}": float(random.integers(0, 9000)) for n in range(200)})
    drawn = [(s, p, random.uniform(0, 40)) for s in supply.index for p in patients.index if random.uniform() < 0.3]
    pairs = make_pairs(*drawn)
    system = pysal.Access(
        demand_df=patients.to_frame("patients"), demand_value="patients",
        supply_df=supply.to_frame("hours"), supply_value="hours",
        cost_df=pairs, cost_origin=F.pcn_code, cost_dest=F.facility_id, cost_name=F.minutes_min,
    )  # fmt: skip
    found = system.enhanced_two_stage_fca(name="e2sfca", max_cost=15.0, weight_fn=theirs)["e2sfca_hours"]
    expected = found.reindex(patients.index).fillna(0.0)
    assert expected.gt(0).sum() > 150
    np.testing.assert_allclose(measure_access(pairs, supply, patients, decay), expected, rtol=1e-9)


def test_a_share_of_a_place_counts_as_so_many_people():
    share = pd.Series([1.0, 0.5, 1.0, 1.0, 1.0])
    access = measure_access(TINY, hours(F1=300, F2=60, F3=40), people(A=1000, B=400, C=500), PLAIN, share=share)
    # F1: 1000 + 200 come, 0.25 h each; half of B has none of it.  F2: 400 come, 0.15 h each.
    assert access.to_dict() == pytest.approx({"A": 0.25, "B": 0.125 + 0.15, "C": 0.0}, rel=1e-12)


def make_reach(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    columns = [ReachFrame.pledge_id, ReachFrame.pcn_code, ReachFrame.reach_share, ReachFrame.minutes_min]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[:2], "str"))


def pledged(left: float = 0.5, **figures: float) -> pd.DataFrame:
    return pd.DataFrame({"all": pd.Series(figures), "left": pd.Series(figures) * left}).rename_axis("pledge_id")


def test_pledged_hours_by_hand():
    reach = make_reach(("P1", "A", 1.0, 0.0), ("P1", "B", 0.5, 15.0), ("P2", "A", 1.0, 0.0), ("P2", "B", 1.0, 0.0))
    told = measure_pledged_access(reach, pledged(P1=100, P2=70, P3=9), people(A=1000, B=400, C=10), max_min=30)
    # P1 is travelled to: 1000 come as if at the door, and half of B at half the longest journey, e^-1/2 as much.
    near = np.exp(-0.5) * 0.5
    each = 100 / (1000 + 400 * near)
    # P2 is digital: 70 h for 1,400, evenly. P3 reaches nobody.
    expected = {"A": 1000 * (each + 0.05), "B": 1000 * (each * near + 0.05), "C": 0.0}
    assert told["all"].to_dict() == pytest.approx(expected, rel=1e-12)
    assert told["left"].to_dict() == pytest.approx({code: value / 2 for code, value in expected.items()}, rel=1e-12)


def test_a_journey_a_hair_past_the_longest_still_counts():
    reach = make_reach(("P1", "A", 1.0, 30.0 * (1 + 1e-12)))
    told = measure_pledged_access(reach, pledged(P1=50), people(A=1000), max_min=30)
    assert told["all"].to_dict() == pytest.approx({"A": 50.0})


@given(
    st.lists(
        st.tuples(st.sampled_from("PQR"), st.sampled_from("ABCD"), st.floats(1e-3, 1), st.floats(0, 30)),
        unique_by=lambda row: row[:2],
    ),
    st.tuples(*[st.floats(0, 1e6)] * 3),
    st.tuples(*[st.integers(1, 90_000)] * 4),
)
def test_pledged_hours_in_reach_add_up_to_those_that_reach_anybody(rows, stated, patients):
    lived, given_hours = people(**dict(zip("ABCD", patients, strict=True))), dict(zip("PQR", stated, strict=True))
    told = measure_pledged_access(make_reach(*rows), pledged(**given_hours), lived, max_min=30)
    reaching = sum(given_hours[name] for name in {row[0] for row in rows})
    assert (told["all"] * lived).sum() / PER_PATIENTS == pytest.approx(reaching, rel=1e-9, abs=1e-9)
    assert (told["left"] * lived).sum() / PER_PATIENTS == pytest.approx(reaching / 2, rel=1e-9, abs=1e-9)
    assert set(told.index[told["all"] > 0]) <= {row[1] for row in rows}
