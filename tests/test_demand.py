"""Demand and ceilings worked by hand, whole places, and the national scenario on real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import LinkWorkerParams, PathwayParams, default_pathways, load_default
from geomap.demand import (
    assume_ceilings,
    bound_places,
    build_ages,
    build_pathways,
    count_aged,
    estimate_ceilings,
    estimate_demand,
)
from geomap.load.inactivity import load_inactivity
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.load.workforce import load_workforce
from geomap.need import estimate_prevalence
from geomap.schema import (
    AgeShareFrame,
    CapFrame,
    CeilingFrame,
    DemandFrame,
    InactivityFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    PracticeFrame,
    PrevalenceFrame,
    ReachFrame,
    WorkforceFrame,
)

SHIPPED = LinkWorkerParams.model_validate(load_default("need")["link_workers"])


def pathway(**changes: object) -> PathwayParams:
    given_ = {
        "name": "Dance", "weeks": 10, "sessions_per_week": 1, "session_hours": 1.5, "venue_types": ["hall"],
        "eligible": {"age_min": 65}, "referral_share": 0.1, "uptake_share": 0.5, "completion_share": 0.6,
    }  # fmt: skip
    return PathwayParams.model_validate(given_ | changes)


def ages(**bands: dict[tuple[int, int], int]) -> pd.DataFrame:
    """From PCN → {(age_from, age_to): patients}."""
    rows = [(pcn, *band, n) for pcn, held in bands.items() for band, n in held.items()]
    return pd.DataFrame(rows, columns=list(AgeShareFrame.to_schema().columns))


def need(**of_pcn: tuple[int, float]) -> pd.DataFrame:
    """Only what demand reads, from PCN → (patients, share of inactive adults)."""
    rows = [(pcn, *figures) for pcn, figures in of_pcn.items()]
    return pd.DataFrame(rows, columns=[NeedFrame.pcn_code, NeedFrame.patients, NeedFrame.inactive_share])


def prevalence(*rows: tuple[str, str, float]) -> pd.DataFrame:
    full = [(pcn, condition, float(n), 10_000.0, n / 10_000) for pcn, condition, n in rows]
    return pd.DataFrame(full, columns=list(PrevalenceFrame.to_schema().columns))


def demand_of(chosen: PathwayParams, *tables: pd.DataFrame | None) -> tuple[pd.DataFrame, list[str]]:
    found, notes = estimate_demand({"dance": chosen}, *tables)
    DemandFrame.validate(found)
    return found.set_index(DemandFrame.pcn_code), notes


class TestAges:
    def test_a_band_partly_inside_counts_by_its_years(self):
        table = ages(U1={(10, 14): 50, (15, 19): 100, (20, 24): 30})
        assert count_aged(table, 16, 120)["U1"] == pytest.approx(4 / 5 * 100 + 30)
        assert count_aged(table, 0, 15)["U1"] == pytest.approx(50 + 100 / 5)
        assert count_aged(table, 17, 18)["U1"] == pytest.approx(100 * 2 / 5)
        assert count_aged(table, 18, 18)["U1"] == pytest.approx(100 / 5), "both ends are included"
        assert count_aged(table, 30, 40)["U1"] == 0

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 10_000), min_size=20, max_size=20), st.integers(1, 120))
    def test_below_and_above_any_age_make_everybody(self, patients, cut):
        bands = [(age, age + 4) for age in range(0, 95, 5)] + [(95, 120)]
        table = ages(U1=dict(zip(bands, patients, strict=True)))
        both = count_aged(table, 0, cut - 1) + count_aged(table, cut, 120)
        assert both["U1"] == pytest.approx(sum(patients))

    def test_ages_of_a_pcn_are_the_sum_of_its_practices(self):
        f = PracticeFrame
        practices = pd.DataFrame(
            {f.practice_code: ["P1", "P2", "P3"], f.pcn_code: pd.Series(["U1", "U1", None], dtype="str")}
        )
        lists = pd.DataFrame(
            [("P1", 0, 4, 5), ("P2", 0, 4, 7), ("P2", 5, 9, 1), ("P3", 0, 4, 99), ("P9", 0, 4, 99)],
            columns=["practice_code", "age_from", "age_to", "patients"],
        )
        found = build_ages(practices, lists)
        AgeShareFrame.validate(found)
        assert found.to_numpy().tolist() == [["U1", 0, 4, 12], ["U1", 5, 9, 1]]


class TestDemand:
    def test_by_age(self):
        found, notes = demand_of(pathway(), need(U1=(1000, 0.2)), ages(U1={(60, 64): 500, (65, 69): 300}), None)
        row = found.loc["U1"]
        assert row[DemandFrame.eligible_patients] == 300
        assert row[DemandFrame.target_referrals] == pytest.approx(30)
        assert row[DemandFrame.starts] == pytest.approx(15)
        assert row[DemandFrame.demand_places] == 15
        assert notes == []

    def test_by_age_with_an_upper_end(self):
        table = ages(U1={(60, 64): 500, (65, 69): 300})
        chosen = pathway(eligible={"age_min": 60, "age_max": 66})
        assert demand_of(chosen, need(U1=(1000, 0.2)), table, None)[0].at["U1", DemandFrame.eligible_patients] == 620

    def test_from_birth(self):
        chosen = pathway(eligible={"age_min": 0, "age_max": 4})
        found, _ = demand_of(chosen, need(U1=(1000, 0.2)), ages(U1={(0, 4): 40, (5, 9): 60}), None)
        assert found.at["U1", DemandFrame.eligible_patients] == 40

    def test_by_registers_is_their_sum(self):
        chosen = pathway(eligible={"registers": ["CHD", "HF"]})
        table = prevalence(("U1", "CHD", 100), ("U1", "HF", 40), ("U1", "DM", 999), ("U2", "DM", 5))
        found, notes = demand_of(chosen, need(U1=(9, 0.2), U2=(9, 0.2)), ages(U1={(0, 4): 1}, U2={(0, 4): 1}), table)
        assert found[DemandFrame.eligible_patients].to_dict() == {"U1": 140, "U2": 0}
        assert found[DemandFrame.demand_places].to_dict() == {"U1": 7, "U2": 0}
        assert notes == []

    def test_by_inactivity_of_adults(self):
        """(15, 19) has two years of adults, 18 and 19: 40 of 100."""
        table = ages(U1={(15, 19): 100, (20, 24): 60, (0, 4): 999})
        found, _ = demand_of(pathway(eligible={"inactive": True}), need(U1=(1000, 0.25)), table, None)
        assert found.at["U1", DemandFrame.eligible_patients] == pytest.approx(25)

    def test_a_local_authority_without_a_figure_takes_the_patient_weighted_mean(self):
        """(3,000 × 0.2 + 1,000 × 0.4) / 4,000 = 0.25; the plain mean would be 0.3."""
        table = ages(**{pcn: {(20, 24): 100} for pcn in ("U1", "U2", "U3")})
        figures = need(U1=(3000, 0.2), U2=(1000, 0.4), U3=(9000, np.nan))
        found, notes = demand_of(pathway(eligible={"inactive": True}), figures, table, None)
        assert found[DemandFrame.eligible_patients].to_dict() == pytest.approx({"U1": 20, "U2": 40, "U3": 25})
        assert len(notes) == 1 and "mean of the others stands: 1." in notes[0]

    def test_no_inactivity_file_is_no_demand_and_is_told(self):
        table = ages(U1={(20, 24): 100})
        found, notes = demand_of(pathway(eligible={"inactive": True}), need(U1=(100, np.nan)), table, None)
        assert found[DemandFrame.demand_places].tolist() == [0]
        assert len(notes) == 1 and "Dance" in notes[0] and "inactive" in notes[0]

    def test_no_qof_file_is_no_demand_and_is_told(self):
        chosen = pathway(eligible={"registers": ["CHD"]})
        found, notes = demand_of(chosen, need(U1=(100, 0.2)), ages(U1={(20, 24): 100}), None)
        assert found[[DemandFrame.eligible_patients, DemandFrame.demand_places]].to_numpy().tolist() == [[0, 0]]
        assert len(notes) == 1 and "Dance" in notes[0] and "no QOF file" in notes[0]

    def test_a_register_that_qof_does_not_have_is_told(self):
        chosen = pathway(eligible={"registers": ["CHD", "CDH"]})
        table = prevalence(("U1", "CHD", 100))
        found, notes = demand_of(chosen, need(U1=(100, 0.2)), ages(U1={(20, 24): 100}), table)
        assert found.at["U1", DemandFrame.eligible_patients] == 100
        assert len(notes) == 1 and "CDH" in notes[0] and "CHD" not in notes[0] and "Dance" in notes[0]

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 5000), min_size=1, max_size=30), st.floats(0, 1), st.floats(0.01, 1))
    def test_places_are_whole_and_within_a_half(self, patients, referral_share, uptake_share):
        codes = [f"U{i:02d}" for i in range(len(patients))]
        table = ages(**{code: {(65, 69): n} for code, n in zip(codes, patients, strict=True)})
        chosen = pathway(referral_share=referral_share, uptake_share=uptake_share)
        found, _ = demand_of(chosen, need(**dict.fromkeys(codes, (9, 0.2))), table, None)
        off = found[DemandFrame.demand_places] - found[DemandFrame.starts]
        assert (off.abs() <= 0.5).all()
        assert found[DemandFrame.starts].to_numpy() == pytest.approx(np.array(patients) * referral_share * uptake_share)

    def test_a_row_for_every_pcn_and_pathway_in_order(self):
        catalogue = {"walk": pathway(name="Walk"), "dance": pathway()}
        table = ages(U2={(65, 69): 100}, U1={(65, 69): 100})
        found, _ = estimate_demand(catalogue, need(U2=(9, 0.2), U1=(9, 0.2), U3=(9, 0.2)), table, None)
        keys = found[[DemandFrame.pcn_code, DemandFrame.pathway_id]].to_numpy().tolist()
        assert keys == [[pcn, way] for pcn in ("U1", "U2", "U3") for way in ("dance", "walk")]
        assert found[DemandFrame.demand_places].tolist() == [5, 5, 5, 5, 0, 0]


def test_the_catalogue_as_a_table():
    found = build_pathways(default_pathways())
    PathwayFrame.validate(found)
    hours = found.set_index(PathwayFrame.pathway_id)[PathwayFrame.course_hours]
    assert hours.to_dict() == {
        "cardiac_rehab": 16, "dance": 15, "exercise_referral": 24, "falls_prevention": 52, "gentle_activity": 12,
        "mental_wellbeing": 8, "prehabilitation": 12, "pulmonary_rehab": 32,
    }  # fmt: skip
    assert found[PathwayFrame.pathway_id].is_monotonic_increasing
    product = found[PathwayFrame.weeks] * found[PathwayFrame.sessions_per_week] * found[PathwayFrame.session_hours]
    assert product.tolist() == found[PathwayFrame.course_hours].tolist()
    assert found.loc[found[PathwayFrame.pathway_id] == "dance", PathwayFrame.roles].tolist() == [""]


def test_without_a_workforce_file_each_pcn_has_the_mean_of_england():
    """2,642.40 full-time equivalents over 63,436,508 patients: a PCN of 20,000 has 0.83, which can refer 47 a year."""
    need = pd.DataFrame({NeedFrame.pcn_code: ["U2", "U1"], NeedFrame.patients: [20_000, 63_436_508]})
    found, (note,) = assume_ceilings(need, SHIPPED)
    CeilingFrame.validate(found)
    assert found[CeilingFrame.pcn_code].tolist() == ["U1", "U2"]
    assert found[CeilingFrame.link_worker_fte].tolist() == pytest.approx([2_642.40, 0.833], rel=1e-3)
    assert found[CeilingFrame.ceiling_referrals].iloc[1] == pytest.approx(20_000 / 10_000 * 0.4165 * 225 * 0.25)
    assert found[CeilingFrame.fte_basis].eq("england_mean").all()
    assert "no workforce file was given" in note and "0.4165 FTE for 10,000 patients" in note


class TestCeilings:
    CODES = pd.Series(["U4", "U3", "U2", "U1"])
    WORKFORCE = pd.DataFrame(
        {WorkforceFrame.pcn_code: ["U3", "U1", "U2"], WorkforceFrame.link_worker_fte: [4.0, 1.0, 2.0]}
    )

    @pytest.mark.parametrize(
        ("policy", "fte", "basis", "said"),
        [
            ("median", 2.0, "median", "the median of those that did, 2.00 FTE"),
            ("zero", 0.0, "zero", "taken to refer nobody"),
            ("exclude", 0.0, "excluded", "left out of the plan"),
        ],
    )
    def test_a_pcn_not_reported(self, policy, fte, basis, said):
        params = LinkWorkerParams(caseload=200, caseload_share=0.5, not_reported=policy)
        found, notes = estimate_ceilings(self.CODES, self.WORKFORCE, params)
        CeilingFrame.validate(found)
        assert found[CeilingFrame.pcn_code].tolist() == ["U1", "U2", "U3", "U4"]
        assert found[CeilingFrame.link_worker_fte].tolist() == [1, 2, 4, fte]
        assert found[CeilingFrame.fte_basis].tolist() == ["reported"] * 3 + [basis]
        assert found[CeilingFrame.ceiling_referrals].tolist() == [100, 200, 400, fte * 100]
        assert len(notes) == 1 and "1 of 4 PCNs did not report" in notes[0] and said in notes[0]

    def test_a_reported_zero_is_reported(self):
        reported = self.WORKFORCE.assign(**{WorkforceFrame.link_worker_fte: [4.0, 0.0, 2.0]})
        found, _ = estimate_ceilings(self.CODES, reported, SHIPPED)
        assert found[CeilingFrame.fte_basis].tolist() == ["reported"] * 3 + ["median"]
        assert found[CeilingFrame.ceiling_referrals].tolist()[0] == 0

    def test_all_reported_says_nothing(self):
        found, notes = estimate_ceilings(pd.Series(["U1", "U2", "U3"]), self.WORKFORCE, SHIPPED)
        assert notes == []
        assert found[CeilingFrame.ceiling_referrals].tolist() == [225 * 0.25 * fte for fte in (1, 2, 4)]

    def test_nobody_reported_is_no_ceiling_above_zero(self):
        found, notes = estimate_ceilings(self.CODES, self.WORKFORCE.iloc[:0], SHIPPED)
        CeilingFrame.validate(found)
        assert found[CeilingFrame.ceiling_referrals].sum() == 0
        assert "4 of 4 PCNs" in notes[0]


def offers(*rows: tuple[str, str]) -> pd.DataFrame:
    """Only the keys: `bound_places` reads nothing else of an offer."""
    return pd.DataFrame(rows, columns=[OfferFrame.pledge_id, OfferFrame.pathway_id], dtype="str")


def pledges(**limits: tuple[float, float]) -> pd.DataFrame:
    """From pledge → (youngest, oldest), `nan` for no limit."""
    rows = [(pledge, *both) for pledge, both in limits.items()]
    return pd.DataFrame(rows, columns=[PledgeFrame.pledge_id, PledgeFrame.age_min, PledgeFrame.age_max])


def reach(*rows: tuple[str, str, float]) -> pd.DataFrame:
    full = [(*row, 7.5, "distance", None) for row in rows]
    frame = pd.DataFrame(full, columns=list(ReachFrame.to_schema().columns))
    return frame.astype({ReachFrame.catchment: "str"})


def demand(*rows: tuple[str, str, int]) -> pd.DataFrame:
    full = [(pcn, way, 0.0, 0.0, 0.0, places) for pcn, way, places in rows]
    return pd.DataFrame(full, columns=list(DemandFrame.to_schema().columns))


NO_LIMIT = (np.nan, np.nan)
TEENS_TO_OLD = ages(U1={(15, 19): 100, (20, 64): 450, (65, 69): 50, (70, 120): 51})


class TestCaps:
    def caps(self, share: float, places: int, limits: tuple[float, float] = NO_LIMIT, **ways: object) -> list[int]:
        found = bound_places(
            offers(("A", "dance")), reach(("A", "U1", share)), demand(("U1", "dance", places)),
            pledges=pledges(A=limits), pathways=build_pathways({"dance": pathway(**ways)}), ages=TEENS_TO_OLD,
        )  # fmt: skip
        CapFrame.validate(found)
        return found[CapFrame.cap_places].tolist()

    @pytest.mark.parametrize(
        ("share", "places", "cap"),
        [(1.0, 7, 7), (0.5, 7, 3), (0.99, 1, 0), (0.3, 10, 3), (0.29, 100, 29), (0.57, 100, 57), (1 - 0.9, 10, 1),
         (0.2999, 10, 2), (1e-12, 10, 0)],
    )  # fmt: skip
    def test_reach_times_demand_rounded_down(self, share, places, cap):
        """0.29 × 100 is 28.999… in binary and means 29; 0.2999 × 10 means 2."""
        assert self.caps(share, places) == ([cap] if cap else [])

    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 400), st.data())
    def test_any_whole_part_of_the_patients_is_never_told_one_short(self, places, data):
        part = data.draw(st.integers(1, places))
        assert self.caps(part / places, places) == [part]

    def test_ages_of_the_pledge_within_those_of_the_pathway(self):
        # Pathway 65 to 120: 101 patients; the pledge's 65 to 69: 50 of them.
        assert self.caps(1.0, 101, (65, 69), age_min=65) == [50]
        # The pledge's 18 to 69 meets the pathway's 65 to 120 in 65 to 69 only.
        assert self.caps(1.0, 101, (18, 69), age_min=65) == [50]
        assert self.caps(0.5, 101, (65, 69), age_min=65) == [25]

    def test_one_end_only_and_no_end(self):
        assert self.caps(1.0, 101, (70, np.nan), age_min=65) == [51]
        assert self.caps(1.0, 101, (np.nan, 69), age_min=65) == [50]
        assert self.caps(1.0, 101, (0, 120), age_min=65) == [101]

    def test_ages_that_do_not_meet_give_no_place(self):
        assert self.caps(1.0, 101, (16, 40), age_min=65) == []

    def test_ages_that_demand_was_counted_on_bound_the_pathway_too(self):
        """Dance takes people from 16 and counts those from 65: a pledge for 65s can serve all of its demand."""
        counted = {"age_min": 65}
        assert self.caps(1.0, 101, (65, np.nan), age_min=16, eligible=counted) == [101]
        assert self.caps(1.0, 101, (16, 64), age_min=16, eligible=counted) == []

    def test_keys_are_pledge_pathway_pcn_and_each_keeps_its_own_share(self):
        table = ages(U1={(15, 19): 50, (65, 69): 50}, U2={(15, 19): 10, (65, 69): 90})
        anyone = {"registers": ("CHD",)}
        catalogue = build_pathways(
            {"dance": pathway(age_min=15, eligible=anyone), "walk": pathway(age_min=15, eligible=anyone)}
        )
        found = bound_places(
            offers(("B", "dance"), ("A", "walk"), ("A", "dance")),
            reach(("A", "U2", 0.5), ("A", "U1", 1.0), ("B", "U1", 1.0)),
            demand(("U1", "dance", 10), ("U2", "dance", 40), ("U1", "walk", 20), ("U2", "walk", 0)),
            pledges=pledges(B=NO_LIMIT, A=(65, np.nan)), pathways=catalogue, ages=table,
        )  # fmt: skip
        keys = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code, CapFrame.cap_places]
        assert found[keys].to_numpy().tolist() == [
            ["A", "dance", "U1", 5], ["A", "dance", "U2", 18], ["A", "walk", "U1", 10], ["B", "dance", "U1", 10],
        ]  # fmt: skip
        assert found[CapFrame.minutes_min].tolist() == [7.5] * 4

    @pytest.mark.parametrize("empty", ["offers", "reach", "demand"])
    def test_nothing_in_nothing_out(self, empty):
        tables = {
            "offers": offers(("A", "dance")), "reach": reach(("A", "U1", 1.0)), "demand": demand(("U1", "dance", 9))
        }  # fmt: skip
        tables[empty] = tables[empty].iloc[:0]
        catalogue = build_pathways({"dance": pathway()})
        found = bound_places(*tables.values(), pledges=pledges(A=(65, 70)), pathways=catalogue, ages=TEENS_TO_OLD)
        CapFrame.validate(found)
        assert found.empty

    def test_a_pcn_with_nobody_of_the_ages_gives_no_place(self):
        found = bound_places(
            offers(("A", "dance")), reach(("A", "U9", 1.0)), demand(("U9", "dance", 9)),
            pledges=pledges(A=(65, 70)), pathways=build_pathways({"dance": pathway()}), ages=TEENS_TO_OLD,
        )  # fmt: skip
        assert found.empty


@pytest.fixture(scope="module")
def england(real_data: Path) -> dict[str, pd.DataFrame]:
    """Real files as demand needs them; every PCN is given the mean inactivity of the districts."""
    release = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(release / "gp-reg-pat-prac-map.zip").frame
    bands = build_ages(practices, load_list_sizes(release / "gp-reg-pat-prac-quin-age.zip").frame)
    registers = load_registers(real_data / "nhs_qof_2024-25/PREVALENCE_2425.csv").frame
    inactive = load_inactivity(real_data / "fingertips_local_authority/inactive_adults.csv").frame
    patients = bands.groupby(AgeShareFrame.pcn_code)[AgeShareFrame.patients].sum()
    share = inactive[InactivityFrame.inactive_share].mean()
    return {
        "need": patients.rename(NeedFrame.patients).reset_index().assign(**{NeedFrame.inactive_share: share}),
        "ages": bands,
        "prevalence": estimate_prevalence(practices, registers),
        "workforce": load_workforce(real_data / "nhs_pcn_workforce_2026-06/PCNWFIndividualCSV.062026.zip").frame,
    }


class TestRealFiles:
    def ceilings(self, england, policy: str) -> tuple[pd.DataFrame, list[str]]:
        params = SHIPPED.model_copy(update={"not_reported": policy})
        return estimate_ceilings(england["need"][NeedFrame.pcn_code], england["workforce"], params)

    @pytest.mark.parametrize(
        ("policy", "basis", "fte"),
        [("median", "median", 3110.40), ("zero", "zero", 2642.40), ("exclude", "excluded", 2642.40)],
    )
    def test_link_workers_of_england(self, england, policy, basis, fte):
        found, notes = self.ceilings(england, policy)
        assert found[CeilingFrame.fte_basis].value_counts().to_dict() == {"reported": 1064, basis: 234}
        reported = found[found[CeilingFrame.fte_basis] == "reported"]
        assert round(reported[CeilingFrame.link_worker_fte].sum(), 2) == 2642.40, "no PCN of the file is lost"
        assert round(found[CeilingFrame.link_worker_fte].sum(), 2) == fte
        assert "234 of 1298 PCNs" in notes[0] or "234 of 1,298 PCNs" in notes[0]

    def test_the_national_scenario_comes_to_about_100_000_starters(self, england):
        found, _ = self.ceilings(england, "zero")
        referrals = found[CeilingFrame.ceiling_referrals].sum()
        assert referrals == pytest.approx(2642.40 * 225 * 0.25, rel=1e-5)
        uptake = default_pathways()["exercise_referral"].uptake_share
        assert uptake == 0.67
        assert referrals * uptake == pytest.approx(100_000, rel=0.01)

    def test_target_referrals_are_about_twice_what_link_workers_can_make(self, england):
        found, notes = estimate_demand(default_pathways(), england["need"], england["ages"], england["prevalence"])
        DemandFrame.validate(found)
        assert notes == [], "every register of the catalogue is in the QOF file"
        assert len(found) == 1298 * 8
        ceiling = self.ceilings(england, "zero")[0][CeilingFrame.ceiling_referrals].sum()
        assert 1.8 < found[DemandFrame.target_referrals].sum() / ceiling < 2.3

    def test_rounding_to_whole_places_gives_and_takes_evenly(self, england):
        found, _ = estimate_demand(default_pathways(), england["need"], england["ages"], england["prevalence"])
        off = found[DemandFrame.demand_places] - found[DemandFrame.starts]
        assert off.abs().max() <= 0.5
        assert off.sum() / found[DemandFrame.starts].sum() == pytest.approx(0, abs=0.002)

    def test_registers_are_not_lost_on_the_way(self, england):
        found, _ = estimate_demand(default_pathways(), england["need"], england["ages"], england["prevalence"])
        eligible = found.groupby(DemandFrame.pathway_id)[DemandFrame.eligible_patients].sum()
        on = england["prevalence"].groupby(PrevalenceFrame.condition_code)[PrevalenceFrame.register_patients].sum()
        assert eligible["cardiac_rehab"] == on["CHD"] + on["HF"]
        assert eligible["pulmonary_rehab"] == on["COPD"]
        patients = england["ages"][england["ages"][AgeShareFrame.age_from] >= 65][AgeShareFrame.patients].sum()
        assert eligible["falls_prevention"] == patients
