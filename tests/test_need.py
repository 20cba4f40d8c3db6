"""Need of PCNs: percentiles that hold their invariants, indicators worked by hand, and the real files counted again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import NeedParams, load_default
from geomap.load.deprivation import load_practice_deprivation
from geomap.load.inactivity import load_inactivity
from geomap.load.postcodes import load_postcodes, normal_postcode
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.need import NeedSources, estimate_need, estimate_prevalence, weighted_percentile
from geomap.schema import (
    InactivityFrame,
    ListSizeFrame,
    LsoaDeprivationFrame,
    LsoaListFrame,
    NeedFrame,
    PostcodeFrame,
    PracticeDeprivationFrame,
    PracticeFrame,
    PrevalenceFrame,
    RegisterFrame,
)

FIGURES = st.tuples(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float), st.integers(1, 300_000))
"""A value, often tied with others, and the patients it stands for."""
SHIPPED = NeedParams.model_validate(load_default("need")["need"])


def params(conditions: tuple[str, ...] = ("DM", "COPD"), **weights: float) -> NeedParams:
    chosen = {"imd": 0.4, "inactivity": 0.2, "long_term": 0.3, "aged_65": 0.1} | weights
    return NeedParams(conditions=conditions, weight_floor=0.5, weight_span=1.0, weights=chosen)


def practices(**pcn_of: str | None) -> pd.DataFrame:
    """The practice map, from practice → PCN."""
    f = PracticeFrame
    frame = pd.DataFrame(dict.fromkeys(f.to_schema().columns, "X"), index=range(len(pcn_of))).astype("str")
    return frame.assign(**{f.practice_code: list(pcn_of), f.pcn_code: pd.Series(list(pcn_of.values()), dtype="str")})


def lists(**patients: tuple[int, int]) -> pd.DataFrame:
    """List sizes, from practice → (patients aged 40 to 44, patients aged 65 to 69)."""
    f = ListSizeFrame
    rows = [(code, age, age + 4, n) for code, both in patients.items() for age, n in zip((40, 65), both, strict=True)]
    return pd.DataFrame(rows, columns=[f.practice_code, f.age_from, f.age_to, f.patients])


def registers(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(RegisterFrame.to_schema().columns))
    return frame.astype({RegisterFrame.register_patients: "float64", RegisterFrame.denominator_patients: "float64"})


def scores(**score_of: float) -> pd.DataFrame:
    f = PracticeDeprivationFrame
    return pd.DataFrame({f.practice_code: list(score_of), f.imd_score: list(score_of.values())})


def lsoas(practice_lists: list[tuple[str, str, int]], decile_of: dict[str, int]) -> dict[str, pd.DataFrame]:
    f = LsoaDeprivationFrame
    deciles = pd.DataFrame({f.lsoa_code: list(decile_of), f.imd_rank: 1, f.imd_decile: list(decile_of.values())})
    return {
        "lsoa_lists": pd.DataFrame(practice_lists, columns=list(LsoaListFrame.to_schema().columns)),
        "lsoa_deprivation": deciles.assign(**{f.lsoa_vintage: 2021}),
    }


def by_pcn(need: pd.DataFrame) -> pd.DataFrame:
    NeedFrame.validate(need)
    return need.set_index(NeedFrame.pcn_code)


@pytest.fixture
def small() -> NeedSources:
    """
    Two PCNs of 4,000 patients each.

    U1: P1 (3,000 patients, 600 of them 65+, IMD 40) and P2 (1,000, 0, IMD 20).
    U2: P3 (4,000, 2,000, IMD 10). P4 is in no PCN.
    Inactive adults: 30% where P1 stands, 20% where P2 and P3 do.
    """
    f = PostcodeFrame
    return NeedSources(
        practices=practices(P1="U1", P2="U1", P3="U2", P4=None),
        list_sizes=lists(P1=(2400, 600), P2=(1000, 0), P3=(2000, 2000), P4=(9000, 9000)),
        registers=registers(
            ("P1", "DM", 200, 2500), ("P2", "DM", 100, 500), ("P3", "DM", 300, 3000), ("P4", "DM", 9000, 9000)
        ),
        practice_deprivation=scores(P1=40.0, P2=20.0, P3=10.0, P4=99.0),
        inactivity=pd.DataFrame({InactivityFrame.lad_code: ["E1", "E2"], InactivityFrame.inactive_share: [0.3, 0.2]}),
        practice_lads=pd.DataFrame(
            {PracticeFrame.practice_code: ["P1", "P2", "P3", "P4"], f.lad_code: ["E1", "E2", "E2", "E1"]}
        ),
    )


class TestWeightedPercentile:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=40))
    def test_it_is_the_weight_below_and_half_of_the_weight_tied(self, rows):
        value, weight = np.array(rows, dtype=float).T
        below = (value[None, :] < value[:, None]) @ weight
        tied = (value[None, :] == value[:, None]) @ weight
        found = weighted_percentile(pd.Series(value), pd.Series(weight))
        assert found.to_numpy() == pytest.approx((below + tied / 2) / weight.sum(), abs=1e-12)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=40))
    def test_the_weighted_mean_is_one_half(self, rows):
        value, weight = np.array(rows, dtype=float).T
        found = weighted_percentile(pd.Series(value), pd.Series(weight))
        assert found.between(0, 1, inclusive="neither").all()
        assert np.average(found, weights=weight) == pytest.approx(0.5, abs=1e-12)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=2, max_size=30))
    def test_order_is_kept_and_ties_are_equal(self, rows):
        value, weight = np.array(rows, dtype=float).T
        found = weighted_percentile(pd.Series(value), pd.Series(weight)).to_numpy()
        assert (np.sign(found[:, None] - found[None, :]) == np.sign(value[:, None] - value[None, :])).all()

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=30), st.floats(1e-3, 1e6))
    def test_scaling_all_weights_changes_nothing(self, rows, factor):
        value, weight = np.array(rows, dtype=float).T
        found = weighted_percentile(pd.Series(value), pd.Series(weight * factor))
        assert found.to_numpy() == pytest.approx(weighted_percentile(pd.Series(value), pd.Series(weight)).to_numpy())

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=30))
    def test_turning_the_scale_round_turns_the_percentile_round(self, rows):
        value, weight = np.array(rows, dtype=float).T
        turned = weighted_percentile(pd.Series(-value), pd.Series(weight))
        assert (1 - turned).to_numpy() == pytest.approx(weighted_percentile(pd.Series(value), pd.Series(weight)))

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=30), st.randoms())
    def test_row_order_does_not_matter_and_the_index_is_kept(self, rows, random):
        frame = pd.DataFrame(rows, columns=["value", "weight"], index=[f"U{i}" for i in range(len(rows))])
        mixed = frame.loc[random.sample(list(frame.index), len(frame))]
        found = weighted_percentile(mixed["value"], mixed["weight"])
        assert found.index.equals(mixed.index)
        pd.testing.assert_series_equal(
            found.sort_index(), weighted_percentile(frame["value"], frame["weight"]).sort_index()
        )

    @settings(max_examples=40, deadline=None)
    @given(st.lists(FIGURES, min_size=1, max_size=20), st.integers(1, 10**6))
    def test_a_missing_value_stays_missing_and_carries_no_weight(self, rows, weight):
        frame = pd.DataFrame(rows, columns=["value", "weight"])
        alone = weighted_percentile(frame["value"], frame["weight"])
        frame.loc[len(frame)] = [np.nan, weight]
        found = weighted_percentile(frame["value"], frame["weight"])
        assert np.isnan(found.iloc[-1])
        assert found.iloc[:-1].to_numpy() == pytest.approx(alone.to_numpy())

    def test_a_value_that_nobody_stands_for_has_no_percentile(self):
        found = weighted_percentile(pd.Series([1.0, 2.0, 3.0]), pd.Series([10, 0, 30]))
        assert found.fillna(-1).tolist() == [0.125, -1, 0.625]

    def test_all_missing(self):
        assert weighted_percentile(pd.Series([np.nan, np.nan]), pd.Series([1, 2])).isna().all()


class TestByHand:
    def test_every_indicator(self, small):
        need, notes = estimate_need(small, params(conditions=("DM",)))
        found = by_pcn(need)
        assert found.index.tolist() == ["U1", "U2"], "P4 is in no PCN and makes none"
        assert found[NeedFrame.patients].tolist() == [4000, 4000]
        assert found[NeedFrame.imd_score].tolist() == [35, 10], "patient-weighted: (3,000 × 40 + 1,000 × 20) / 4,000"
        assert found[NeedFrame.inactive_share].tolist() == pytest.approx([0.275, 0.2])
        assert found[NeedFrame.aged_65_share].tolist() == [0.15, 0.5]
        # Diabetes: U1 300 of 3,000, U2 300 of 3,000; England, which here is U1 and U2, 600 of 6,000.
        assert found[NeedFrame.long_term_ratio].tolist() == pytest.approx([1, 1])
        assert found[NeedFrame.imd_percentile].tolist() == [0.75, 0.25]
        assert found[NeedFrame.long_term_percentile].tolist() == [0.5, 0.5]
        # U1: 0.4 × 0.75 + 0.2 × 0.75 + 0.3 × 0.5 + 0.1 × 0.25
        assert found[NeedFrame.need_index].tolist() == pytest.approx([0.625, 0.375])
        assert found[NeedFrame.weight].tolist() == pytest.approx([1.125, 0.875])
        assert len(notes) == 1 and "Core20 is told from the practices' own" in notes[0]

    def test_a_practice_in_no_pcn_counts_nowhere(self, small):
        kept = practices(P1="U1", P2="U1", P3="U2")
        without, _ = estimate_need(replace(small, practices=kept), params())
        need, _ = estimate_need(small, params())
        pd.testing.assert_frame_equal(need, without)

    def test_a_practice_without_a_score_does_not_pull_the_mean_down(self, small):
        need, _ = estimate_need(replace(small, practice_deprivation=scores(P1=40.0, P3=10.0)), params())
        assert need[NeedFrame.imd_score].tolist() == [40, 10]

    def test_a_flat_weight_leaves_every_completion_equal(self, small):
        flat = params().model_copy(update={"weight_floor": 1.0, "weight_span": 0.0})
        assert estimate_need(small, flat)[0][NeedFrame.weight].tolist() == [1, 1]

    def test_only_the_ratio_of_the_weights_counts(self, small):
        need, _ = estimate_need(small, params())
        more, _ = estimate_need(small, params(imd=4.0, inactivity=2.0, long_term=3.0, aged_65=1.0))
        pd.testing.assert_frame_equal(need, more)

    def test_row_order_does_not_matter_and_no_table_is_changed(self, small):
        names = ("practices", "list_sizes", "registers", "practice_deprivation", "inactivity", "practice_lads")
        before = {name: getattr(small, name).copy() for name in names}
        need, _ = estimate_need(small, params())
        mixed = replace(small, **{name: before[name].iloc[::-1].reset_index(drop=True) for name in names})
        pd.testing.assert_frame_equal(estimate_need(mixed, params())[0], need)
        for name in names:
            pd.testing.assert_frame_equal(getattr(small, name), before[name])


class TestPrevalence:
    def test_it_is_the_sum_of_registers_over_the_sum_of_their_own_denominators(self):
        table = registers(("P1", "DM", 200, 3000), ("P2", "DM", 100, 500), ("P1", "AF", 40, 4000))
        found = estimate_prevalence(practices(P1="U1", P2="U1"), table)
        PrevalenceFrame.validate(found)
        assert found.to_numpy().tolist() == [
            ["U1", "AF", 40, 4000, 0.01],
            ["U1", "DM", 300, 3500, 300 / 3500],
        ], "not 300 / 5,000 (the lists) and not the mean of 200/3,000 and 100/500"

    def test_a_ratio_is_against_the_conditions_own_rate(self, small):
        # DM: U1 300/2,000, U2 100/2,000, whole 0.1 → 1.5 and 0.5. COPD: U1 10/4,000, U2 30/4,000 → 0.5 and 1.5.
        table = registers(
            ("P1", "DM", 300, 2000), ("P3", "DM", 100, 2000), ("P1", "COPD", 10, 4000), ("P3", "COPD", 30, 4000)
        )
        both, _ = estimate_need(replace(small, registers=table), params())
        assert both[NeedFrame.long_term_ratio].tolist() == pytest.approx([1, 1])
        one, _ = estimate_need(replace(small, registers=table), params(conditions=("DM",)))
        assert one[NeedFrame.long_term_ratio].tolist() == pytest.approx([1.5, 0.5])

    def test_a_register_of_nobody_out_of_nobody_is_no_ratio(self, small):
        table = registers(("P1", "DM", 0, 0), ("P3", "DM", 100, 2000), ("P1", "COPD", 0, 500), ("P3", "COPD", 0, 500))
        need, _ = estimate_need(replace(small, registers=table), params())
        assert np.isnan(need[NeedFrame.long_term_ratio][0])
        assert need[NeedFrame.long_term_ratio][1] == pytest.approx(1)

    def test_a_practice_in_no_pcn_or_not_in_the_map_is_left_out(self):
        table = registers(("P1", "DM", 1, 10), ("P4", "DM", 5, 10), ("P9", "DM", 5, 10))
        found = estimate_prevalence(practices(P1="U1", P4=None), table)
        assert found[PrevalenceFrame.register_patients].tolist() == [1]


class TestMissing:
    @pytest.mark.parametrize(
        ("absent", "column", "said"),
        [
            ("practice_deprivation", NeedFrame.imd_percentile, "no data for deprivation;"),
            ("inactivity", NeedFrame.inactive_percentile, "no data for inactivity;"),
            ("practice_lads", NeedFrame.inactive_percentile, "no data for inactivity;"),
            ("registers", NeedFrame.long_term_percentile, "no data for long-term conditions;"),
        ],
    )
    def test_a_missing_indicator_spreads_its_weight_and_says_so(self, small, absent, column, said):
        need, notes = estimate_need(replace(small, **{absent: None}), params(conditions=("DM",)))
        found = by_pcn(need)
        assert found[column].isna().all()
        weights = {
            NeedFrame.imd_percentile: 0.4, NeedFrame.inactive_percentile: 0.2,
            NeedFrame.long_term_percentile: 0.3, NeedFrame.aged_65_percentile: 0.1,
        }  # fmt: skip
        others = {name: weight for name, weight in weights.items() if name != column}
        by_hand = sum(found[name] * weight for name, weight in others.items()) / sum(others.values())
        assert found[NeedFrame.need_index].tolist() == pytest.approx(by_hand.tolist())
        assert any(said in note and "spread over the other indicators" in note for note in notes)

    def test_an_indicator_without_weight_is_not_missed(self, small):
        _, notes = estimate_need(replace(small, inactivity=None), params(inactivity=0.0))
        assert not any("inactivity" in note for note in notes)

    def test_a_pcn_without_an_indicator_that_others_have_is_told(self, small):
        need, notes = estimate_need(replace(small, practice_deprivation=scores(P1=40.0)), params(conditions=("DM",)))
        second = by_pcn(need).loc["U2"]
        assert np.isnan(second[NeedFrame.imd_percentile])
        # (0.2 × 0.25 + 0.3 × 0.5 + 0.1 × 0.75) / 0.6
        assert second[NeedFrame.need_index] == pytest.approx(0.275 / 0.6)
        assert "Need: PCNs without data for deprivation: 1; its weight is spread over their others." in notes

    def test_a_condition_that_qof_does_not_have_is_told(self, small):
        _, notes = estimate_need(small, params(conditions=("DM", "CDH")))
        assert any("CDH" in note and "DM" not in note for note in notes)

    def test_a_pcn_of_nobody_stands_in_the_middle_and_is_told(self, small):
        sources = replace(small, practices=practices(P1="U1", P2="U1", P3="U2", P5="U3"))
        need, notes = estimate_need(sources, params())
        third = by_pcn(need).loc["U3"]
        assert third[NeedFrame.patients] == 0
        assert third[NeedFrame.need_index] == 0.5
        assert "Need: PCNs with none of the indicators: 1; they stand in the middle (0.5)." in notes
        two = by_pcn(estimate_need(small, params())[0])
        pd.testing.assert_frame_equal(by_pcn(need).loc[["U1", "U2"]], two)


class TestCore20:
    def test_by_the_practices_own_scores(self, small):
        """Five practices of 1,000: the most deprived fifth of patients is the last practice alone."""
        sources = NeedSources(
            practices=practices(P1="U1", P2="U1", P3="U2", P4="U2", P5="U2"),
            list_sizes=lists(**{f"P{i}": (1000, 0) for i in range(1, 6)}),
            practice_deprivation=scores(P1=10.0, P2=20.0, P3=30.0, P4=40.0, P5=50.0),
        )
        need, _ = estimate_need(sources, params())
        assert need[NeedFrame.core20_share].tolist() == [0, pytest.approx(1 / 3)]
        assert need[NeedFrame.core20_basis].tolist() == ["practice_score"] * 2

    def test_by_lsoa_where_patients_live(self, small):
        tables = lsoas(
            [("P1", "E01000001", 100), ("P1", "E01000003", 200), ("P2", "E01000002", 100), ("P3", "E01000003", 50),
             ("P4", "E01000001", 999)],
            {"E01000001": 1, "E01000002": 2, "E01000003": 3},
        )  # fmt: skip
        need, notes = estimate_need(replace(small, **tables), params(conditions=("DM",)))
        assert need[NeedFrame.core20_share].tolist() == [0.5, 0], "deciles 1 and 2 are the most deprived fifth"
        assert need[NeedFrame.core20_basis].tolist() == ["lsoa"] * 2
        assert notes == []

    def test_patients_of_lsoas_of_another_census_are_left_out_and_told(self, small):
        """The codes of 2011 and 2021 differ by about 3%: those patients are in neither part of the share."""
        tables = lsoas(
            [("P1", "E01000001", 60), ("P1", "E01099999", 10), ("P3", "E01000003", 30)],
            {"E01000001": 1, "E01000003": 3},
        )
        need, notes = estimate_need(replace(small, **tables), params(conditions=("DM",)))
        assert need[NeedFrame.core20_share].tolist() == [1, 0]
        assert any("10.0% of the patients" in note and "another census" in note for note in notes)

    def test_lsoa_tables_that_never_meet_fall_back_to_the_practices_scores(self, small):
        tables = lsoas([("P1", "E01099999", 10)], {"E01000001": 1})
        need, notes = estimate_need(replace(small, **tables), params())
        assert need[NeedFrame.core20_basis].tolist() == ["practice_score"] * 2
        assert need[NeedFrame.core20_share].notna().all()
        assert any("Core20 is told from the practices' own IMD scores" in note for note in notes)

    def test_unknown_is_not_zero(self, small):
        need, _ = estimate_need(replace(small, practice_deprivation=None), params())
        assert need[NeedFrame.core20_share].isna().all()
        assert need[NeedFrame.core20_basis].tolist() == ["unknown"] * 2
        assert need[NeedFrame.deprivation_fifth].isna().all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_deprivation_fifths_hold_a_fifth_of_patients_each_and_1_is_most_deprived(seed):
    random = np.random.default_rng(seed)
    codes = [f"P{i}" for i in range(300)]
    sources = NeedSources(
        practices=practices(**{code: f"U{i:03d}" for i, code in enumerate(codes)}),
        list_sizes=lists(**{code: (int(n), 0) for code, n in zip(codes, random.integers(5e3, 9e4, 300), strict=True)}),
        practice_deprivation=scores(**dict(zip(codes, random.uniform(1, 60, 300), strict=True))),
    )
    need, _ = estimate_need(sources, params())
    fifths = need.groupby(NeedFrame.deprivation_fifth)
    share = fifths[NeedFrame.patients].sum() / need[NeedFrame.patients].sum()
    assert share.index.tolist() == [1, 2, 3, 4, 5]
    # The largest PCN holds at most 90,000 / (300 × 47,500) = 0.6% of patients, and stands half on each side of a line.
    assert share.between(0.19, 0.21).all()
    ends = fifths[NeedFrame.imd_score].agg(["min", "max"])
    assert (ends["min"].to_numpy()[:-1] > ends["max"].to_numpy()[1:]).all()


@dataclass(frozen=True)
class Raw:
    """The published files, read here with nothing but pandas."""

    map: pd.DataFrame
    ages: pd.DataFrame
    imd: pd.DataFrame
    qof: pd.DataFrame
    inactive: pd.DataFrame
    lads: pd.Series

    def totals(self, level: str) -> pd.Series:
        """Patients of each organisation of a level, from its own row of totals."""
        rows = self.ages[(self.ages["ORG_TYPE"] == level) & (self.ages["SEX"] == "ALL")]
        return rows[rows["AGE_GROUP_5"] == "ALL"].set_index("ORG_CODE")["NUMBER_OF_PATIENTS"]


@pytest.fixture(scope="module")
def raw(real_data: Path) -> Raw:
    release = real_data / "nhs_gp_registrations_2026-07"
    practice_map = pd.read_csv(release / "gp-reg-pat-prac-map.zip", dtype="str", keep_default_na=False)
    wanted = practice_map["PRACTICE_POSTCODE"]
    spots = load_postcodes(real_data / "os_codepoint_open_2025-05/codepo_gb.zip", wanted).frame
    lads = wanted.map(normal_postcode).map(spots.set_index(PostcodeFrame.postcode)[PostcodeFrame.lad_code])
    return Raw(
        map=practice_map,
        ages=pd.read_csv(release / "gp-reg-pat-prac-quin-age.zip", dtype={"ORG_CODE": "str"}, low_memory=False),
        imd=pd.read_csv(real_data / "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv"),
        qof=pd.read_csv(real_data / "nhs_qof_2024-25/PREVALENCE_2425.csv"),
        inactive=pd.read_csv(real_data / "fingertips_local_authority/inactive_adults.csv"),
        lads=lads.set_axis(practice_map["PRACTICE_CODE"]),
    )


@pytest.fixture(scope="module")
def real_sources(real_data: Path, raw: Raw) -> NeedSources:
    release = real_data / "nhs_gp_registrations_2026-07"
    imd = real_data / "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv"
    return NeedSources(
        practices=load_practices(release / "gp-reg-pat-prac-map.zip").frame,
        list_sizes=load_list_sizes(release / "gp-reg-pat-prac-quin-age.zip").frame,
        registers=load_registers(real_data / "nhs_qof_2024-25/PREVALENCE_2425.csv").frame,
        practice_deprivation=load_practice_deprivation(imd).frame,
        inactivity=load_inactivity(real_data / "fingertips_local_authority/inactive_adults.csv").frame,
        practice_lads=raw.lads.rename_axis(PracticeFrame.practice_code).rename(PostcodeFrame.lad_code).reset_index(),
    )


@pytest.fixture(scope="module")
def real_need(real_sources: NeedSources) -> pd.DataFrame:
    return by_pcn(estimate_need(real_sources, SHIPPED)[0])


def weighted_mean(value: pd.Series, weight: pd.Series, group: pd.Series) -> pd.Series:
    """Mean by group, one group at a time, over the rows that have a value."""
    known = value.notna()
    members = group[known].groupby(group[known]).groups
    return pd.Series({key: np.average(value[rows], weights=weight[rows]) for key, rows in members.items()})


class TestRealFiles:
    def test_the_pcns_of_england(self, real_need, raw):
        assert len(real_need) == 1298
        assert real_need[NeedFrame.patients].sum() == 63_216_178
        assert "U" not in real_need.index
        assert real_need.index.is_monotonic_increasing
        published = raw.totals("PCN").drop("U").to_dict()
        assert real_need[NeedFrame.patients].to_dict() == published, "NHS England's own totals of PCNs"

    def test_a_pcn_in_two_icbs_stands_once_with_all_its_practices(self, real_need, raw):
        members = raw.map[raw.map["PCN_CODE"] == "U41591"]
        assert members["ICB_CODE"].nunique() == 2
        assert real_need.index.tolist().count("U41591") == 1
        everybody = raw.totals("GP")[members["PRACTICE_CODE"]].sum()
        assert real_need.at["U41591", NeedFrame.patients] == everybody

    def test_deprivation_of_every_pcn(self, real_need, raw):
        table = raw.map[raw.map["PCN_CODE"] != "U"].merge(raw.imd, on="PRACTICE_CODE", how="left")
        patients = table["PRACTICE_CODE"].map(raw.totals("GP"))
        expected = weighted_mean(table["IMD_SCORE"], patients, table["PCN_CODE"])
        assert (real_need[NeedFrame.imd_score] - expected).abs().max() < 1e-9
        assert len(expected) == 1298

    def test_prevalence_of_every_pcn_and_condition(self, real_sources, real_need, raw):
        table = raw.qof.merge(raw.map[raw.map["PCN_CODE"] != "U"], on="PRACTICE_CODE")
        sums = table.groupby(["PCN_CODE", "GROUP_CODE"])[["REGISTER", "PRACTICE_LIST_SIZE"]].sum().unstack()
        expected = sums["REGISTER"] / sums["PRACTICE_LIST_SIZE"]
        found = estimate_prevalence(real_sources.practices, real_sources.registers)
        found = found.set_index([PrevalenceFrame.pcn_code, PrevalenceFrame.condition_code])
        found = found[PrevalenceFrame.prevalence_share].unstack()
        assert found.shape == expected.shape == (1298, 21)
        assert (found - expected).abs().max().max() < 1e-9
        chosen = list(SHIPPED.conditions)
        england = sums["REGISTER"].sum() / sums["PRACTICE_LIST_SIZE"].sum()
        ratio = (expected[chosen] / england[chosen]).mean(axis=1)
        assert (real_need[NeedFrame.long_term_ratio] - ratio).abs().max() < 1e-9

    def test_prevalence_by_list_size_would_be_another_figure(self, real_need, raw):
        """Diabetes is counted among those aged 17 and over: by the whole list it would look a fifth rarer."""
        table = raw.qof[raw.qof["GROUP_CODE"].isin(("DM", "AF"))].merge(raw.map, on="PRACTICE_CODE")
        sizes = table.groupby("GROUP_CODE")["PRACTICE_LIST_SIZE"].sum()
        assert sizes["DM"] / sizes["AF"] == pytest.approx(0.81, abs=0.01)

    def test_age_of_every_pcn(self, real_need, raw):
        old = ("65_69", "70_74", "75_79", "80_84", "85_89", "90_94", "95+")
        rows = raw.ages[(raw.ages["ORG_TYPE"] == "PCN") & raw.ages["AGE_GROUP_5"].isin(old)]
        expected = rows.groupby("ORG_CODE")["NUMBER_OF_PATIENTS"].sum().drop("U") / real_need[NeedFrame.patients]
        assert (real_need[NeedFrame.aged_65_share] - expected).abs().max() < 1e-9

    def test_inactivity_of_every_pcn(self, real_need, raw):
        districts = raw.inactive[raw.inactive["area_code"].str.match("E0[6-9]")].dropna(subset=["value"])
        latest = districts.sort_values("period").groupby("area_code")["value"].last()
        table = raw.map[raw.map["PCN_CODE"] != "U"]
        share = table["PRACTICE_CODE"].map(raw.lads).map(latest) / 100
        expected = weighted_mean(share, table["PRACTICE_CODE"].map(raw.totals("GP")), table["PCN_CODE"])
        assert (real_need[NeedFrame.inactive_share] - expected).abs().max() < 1e-9

    def test_the_index_has_nothing_missing_and_averages_one_half(self, real_need, real_sources):
        index, patients = real_need[NeedFrame.need_index], real_need[NeedFrame.patients]
        assert np.average(index, weights=patients) == pytest.approx(0.5, abs=1e-9)
        assert np.average(real_need[NeedFrame.weight], weights=patients) == pytest.approx(1, abs=1e-9)
        assert real_need.drop(columns=NeedFrame.own_percentile).notna().all(axis=None)
        _, notes = estimate_need(real_sources, SHIPPED)
        assert len(notes) == 1 and notes[0].startswith("Core20 is told from the practices' own IMD scores")

    def test_core20_and_fifths_hold_a_fifth_of_patients(self, real_need):
        patients = real_need[NeedFrame.patients]
        assert np.average(real_need[NeedFrame.core20_share], weights=patients) == pytest.approx(0.2, abs=0.002)
        share = patients.groupby(real_need[NeedFrame.deprivation_fifth]).sum() / patients.sum()
        assert share.between(0.199, 0.201).all() and len(share) == 5
        means = real_need.groupby(NeedFrame.deprivation_fifth)[NeedFrame.imd_score].mean()
        assert means.is_monotonic_decreasing, "1 is the most deprived"
