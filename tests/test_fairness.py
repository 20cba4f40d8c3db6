"""Fairness figures: worked by hand, against their definitions told another way, and on England's real files.

The world worked by hand (`walk`: uptake 0.5, completion 0.5; `gym`: uptake 1, completion 0.8):

    PCN  fifth  patients  need  Core20  weight  wants              before         after          link workers
    A    1      1,000     0.9   0.6     1.4     walk 20, gym 20    walk 4 gym 6   walk 10 gym 10   0.1
    B    1      3,000     0.5   0.2     1.0     walk 20            walk 10        walk 10          0.6
    C    5      4,000     0.2   0.0     0.7     gym 40             gym 40         gym 24           2.0
    D    ?      2,000     0.4   ?       0.9     gym 20, no hours reach it                          not reported
    E    3      1,000     0.6   0.5     1.1     nothing                                            0.3
    F    5      1,000     0.3   0.1     0.8     walk 10, but it can refer only one person          0.05
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from scipy import stats

from geomap.config import LinkWorkerParams, NeedParams, load_default
from geomap.demand import estimate_ceilings
from geomap.fairness import FairnessPeople, core20_weights, cover_worst, gini, measure_fairness, tell_standing
from geomap.load.deprivation import load_practice_deprivation
from geomap.load.gather import lads_of_practices
from geomap.load.inactivity import load_inactivity
from geomap.load.postcodes import load_postcodes
from geomap.load.qof import load_registers
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.load.workforce import load_workforce
from geomap.need import NeedSources, estimate_need
from geomap.schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    DemandFrame,
    FairnessFrame,
    NeedFrame,
    PathwayFrame,
    PracticeFrame,
)
from geomap.schema.words import FAIRNESS_MEASURES

PCNS = {
    "A": (1.0, 1000, 0.9, 0.6, 1.4, 0.1),
    "B": (1.0, 3000, 0.5, 0.2, 1.0, 0.6),
    "C": (5.0, 4000, 0.2, 0.0, 0.7, 2.0),
    "D": (None, 2000, 0.4, None, 0.9, None),
    "E": (3.0, 1000, 0.6, 0.5, 1.1, 0.3),
    "F": (5.0, 1000, 0.3, 0.1, 0.8, 0.05),
}
"""PCN → deprivation fifth, patients, need index, Core20 share, weight, link workers."""

WANTS = [("A", "walk", 20), ("A", "gym", 20), ("B", "walk", 20), ("C", "gym", 40), ("D", "gym", 20), ("E", "gym", 0),
         ("F", "walk", 10)]  # fmt: skip
BEFORE = [("A", "walk", 4), ("A", "gym", 6), ("B", "walk", 10), ("C", "gym", 40)]
AFTER = [("A", "walk", 10), ("A", "gym", 10), ("B", "walk", 10), ("C", "gym", 24)]


def table(model: type, **columns: list) -> pd.DataFrame:
    """A table of the model; columns not given hold one harmless value of their kind."""
    kinds = {name: str(column.dtype) for name, column in model.to_schema().columns.items()}
    length = len(next(iter(columns.values())))
    plain = {"int64": 1, "float64": 0.5, "str": "some"}
    given = {name: columns.get(name, [plain.get(kind, True)] * length) for name, kind in kinds.items()}
    return pd.DataFrame({name: pd.Series(given[name], dtype=kinds[name]) for name in kinds})


def plan(rows: list[tuple[str, str, int]]) -> pd.DataFrame:
    """An allocation in which each row of places comes from two pledges."""
    halves = [(f"P{k}", *row[:2], row[2] // 2) for row in rows for k in (1, 2)]
    pledges, pcns, pathways, places = zip(*halves, strict=True) if halves else ((), (), (), ())
    return table(
        AllocationFrame, pledge_id=list(pledges), pcn_code=list(pcns), pathway_id=list(pathways), places=list(places)
    )


def make_people() -> FairnessPeople:
    fifth, patients, index, core20, weight, fte = (list(column) for column in zip(*PCNS.values(), strict=True))
    wanting, pathways, places = (list(column) for column in zip(*WANTS, strict=True))
    reached = [row for row in WANTS if row[0] not in "DE"]
    return FairnessPeople(
        need=table(
            NeedFrame, pcn_code=list(PCNS), patients=patients, need_index=index, weight=weight, core20_share=core20,
            deprivation_fifth=fifth,
        ),
        demand=table(DemandFrame, pcn_code=wanting, pathway_id=pathways, demand_places=places),
        ceilings=table(
            CeilingFrame,
            pcn_code=list(PCNS),
            link_worker_fte=[2.0 if number is None else number for number in fte],
            fte_basis=["median" if number is None else "reported" for number in fte],
            ceiling_referrals=[1.0 if pcn == "F" else 500.0 for pcn in PCNS],
        ),
        pathways=table(
            PathwayFrame, pathway_id=["walk", "gym"], uptake_share=[0.5, 1.0], completion_share=[0.5, 0.8]
        ),
        caps=table(CapFrame, pcn_code=[row[0] for row in reached], pathway_id=[row[1] for row in reached]),
    )  # fmt: skip


def figures(frame: pd.DataFrame, column: str) -> dict[tuple[str, str], float]:
    return frame.set_index([FairnessFrame.measure, FairnessFrame.group])[column].to_dict()


@pytest.fixture(scope="module")
def people() -> FairnessPeople:
    return make_people()


@pytest.fixture(scope="module")
def fairness(people: FairnessPeople) -> pd.DataFrame:
    return measure_fairness(plan(BEFORE), plan(AFTER), people)


class TestByHand:
    def test_the_table_holds_its_model_and_has_every_measure(self, fairness):
        FairnessFrame.validate(fairness, lazy=True)
        assert list(dict.fromkeys(fairness[FairnessFrame.measure])) == list(FAIRNESS_MEASURES)
        units = fairness.set_index(FairnessFrame.measure)[FairnessFrame.unit]
        assert list(units) == [FAIRNESS_MEASURES[measure] for measure in units.index]

    @pytest.mark.parametrize(
        ("measure", "group", "before", "after"),
        [
            ("coverage_by_fifth", "1", 20 / 60, 30 / 60),
            ("coverage_by_fifth", "5", 40 / 50, 24 / 50),
            ("coverage_by_fifth", "3", None, None),
            ("coverage_by_fifth", "unknown", 0 / 20, 0 / 20),
            ("worst_coverage", "worst PCN", 10 / 40, 20 / 40),
            ("worst_coverage", "worst tenth", 10 / 40, 20 / 40),
            # Twice the area below the curve: before 40·10 + 20·(10+20) + 40·(20+60) = 4,200 of 100·60 places;
            # after 40·20 + 20·(20+30) + 40·(30+54) = 5,160 of 100·54.
            ("gini_coverage", "reachable", 1 - 4200 / 6000, 1 - 5160 / 5400),
            ("gini_coverage", "all", 1 - 4200 / 7800, 1 - 5160 / 7020),
            # Patients × need: A 900, B 1,500, C 800, E 600, F 300; D has no Core20 share.
            ("core20_need", "all", 1170 / 4100, 1170 / 4100),
            # Completions before: A 4·0.5 + 6·0.8 = 6.8, B 5, C 32; after: A 13, B 5, C 19.2.
            ("core20_completions", "all", 5.08 / 43.8, 8.8 / 37.2),
            ("core20_shortfall", "all", 1170 / 4100 - 5.08 / 43.8, 1170 / 4100 - 8.8 / 37.2),
            ("pcns_with_nothing", "reachable", 0, 0),
            ("pcns_with_nothing", "cannot refer", 1, 1),
            ("pcns_with_nothing", "out of reach", 1, 1),
            ("people", "all", 60, 54),
            ("need_weighted_completions", "all", 36.92, 36.64),
            ("price_per_point", "worst PCN", None, 0.28 / 25),
            ("price_per_point", "worst tenth", None, 0.28 / 25),
            ("price_per_point", "Gini", None, 0.28 / (100 * (5160 / 5400 - 4200 / 6000))),
            # Ranks of need, C F B E A, against those of link workers per patient, F A B E C: 1 − 6·26 / (5·24).
            ("need_against_fte", "reported", -0.3, -0.3),
            # Fifths of 12,000 patients by the middle of each: A E | B | D | F | C.
            ("fte_by_need_fifth", "1", 0.4 / 2000 * 1e4, 0.4 / 2000 * 1e4),
            ("fte_by_need_fifth", "2", 2.0, 2.0),
            ("fte_by_need_fifth", "3", None, None),
            ("fte_by_need_fifth", "4", 0.5, 0.5),
            ("fte_by_need_fifth", "5", 5.0, 5.0),
        ],
    )
    def test_each_figure(self, fairness, measure, group, before, after):
        told = [figures(fairness, column)[measure, group] for column in (FairnessFrame.before, FairnessFrame.after)]
        expected = [math.nan if figure is None else figure for figure in (before, after)]
        assert told == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)

    def test_standing(self, people):
        assert tell_standing(people).to_dict() == {
            "A": "reachable", "B": "reachable", "C": "reachable", "D": "out of reach", "F": "cannot refer",
        }  # fmt: skip

    def test_core20_weights(self, people):
        need_share, shares = core20_weights(people.need)
        assert need_share == pytest.approx(1170 / 4100)
        assert shares.dropna().to_dict() == {"A": 0.6, "B": 0.2, "C": 0.0, "E": 0.5, "F": 0.1}
        assert math.isnan(shares["D"])


class TestLaws:
    def test_fifths_add_up_to_the_people_served(self, people, fairness):
        told = figures(fairness, FairnessFrame.after)
        fifth = people.need.set_index(NeedFrame.pcn_code)[NeedFrame.deprivation_fifth]
        group = people.demand[DemandFrame.pcn_code].map(fifth).map("{:.0f}".format, na_action="ignore")
        wanted = people.demand[DemandFrame.demand_places].groupby(group.fillna("unknown")).sum()
        given = sum(told["coverage_by_fifth", key] * places for key, places in wanted.items() if places)
        assert given == pytest.approx(told["people", "all"])

    def test_the_order_of_rows_changes_no_bit(self, people, fairness):
        random = np.random.default_rng(3)

        def stirred(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.iloc[random.permutation(len(frame))]

        tables = {field.name: stirred(getattr(people, field.name)) for field in dataclasses.fields(people)}
        again = measure_fairness(stirred(plan(BEFORE)), stirred(plan(AFTER)), FairnessPeople(**tables))
        pd.testing.assert_frame_equal(again, fairness, check_exact=True)

    def test_no_table_is_changed(self, people):
        copies = {field.name: getattr(people, field.name).copy() for field in dataclasses.fields(people)}
        measure_fairness(plan(BEFORE), plan(AFTER), people)
        for name, copy in copies.items():
            pd.testing.assert_frame_equal(getattr(people, name), copy)

    def test_no_price_where_nothing_is_gained_or_given_up(self, people):
        for first, last in ((BEFORE, BEFORE), (AFTER, BEFORE)):
            told = figures(measure_fairness(plan(first), plan(last), people), FairnessFrame.after)
            assert all(math.isnan(told["price_per_point", name]) for name in ("worst PCN", "worst tenth", "Gini"))

    def test_no_shortfall_where_core20_patients_have_more_than_their_share(self, people):
        told = figures(measure_fairness(plan(BEFORE), plan(BEFORE[:3]), people), FairnessFrame.after)
        assert told["core20_completions", "all"] > told["core20_need", "all"]
        assert told["core20_shortfall", "all"] == 0.0

    def test_completions_of_a_pcn_without_a_core20_share_count_on_neither_side(self, people):
        known = people.need[NeedFrame.pcn_code].ne("A")
        without = people.need.assign(**{NeedFrame.core20_share: people.need[NeedFrame.core20_share].where(known)})
        told = figures(
            measure_fairness(plan(AFTER), plan(AFTER), dataclasses.replace(people, need=without)), FairnessFrame.after
        )
        assert told["core20_completions", "all"] == pytest.approx(1.0 / 24.2)
        assert told["core20_need", "all"] == pytest.approx(630 / 3200)


class TestNothingThere:
    def test_a_plan_of_nothing(self, people):
        fairness = measure_fairness(plan([]), plan([]), people)
        FairnessFrame.validate(fairness, lazy=True)
        told = figures(fairness, FairnessFrame.after)
        assert (told["people", "all"], told["worst_coverage", "worst PCN"], told["worst_coverage", "worst tenth"]) == (
            0, 0, 0,
        )  # fmt: skip
        assert told["pcns_with_nothing", "reachable"] == 3
        assert math.isnan(told["gini_coverage", "all"]) and math.isnan(told["core20_completions", "all"])

    def test_nobody_wants_a_place(self, people):
        idle = people.demand.assign(**{DemandFrame.demand_places: 0})
        fairness = measure_fairness(plan([]), plan([]), dataclasses.replace(people, demand=idle))
        FairnessFrame.validate(fairness, lazy=True)
        told = figures(fairness, FairnessFrame.after)
        assert math.isnan(told["worst_coverage", "worst PCN"]) and math.isnan(told["worst_coverage", "worst tenth"])
        assert told["pcns_with_nothing", "out of reach"] == 0

    def test_no_hours_reach_anybody(self, people):
        fairness = measure_fairness(plan([]), plan([]), dataclasses.replace(people, caps=people.caps.iloc[:0]))
        told = figures(fairness, FairnessFrame.after)
        assert told["pcns_with_nothing", "out of reach"] == 5
        assert math.isnan(told["worst_coverage", "worst PCN"])

    def test_no_deprivation_data(self, people):
        bare = people.need.assign(**{NeedFrame.core20_share: math.nan, NeedFrame.deprivation_fifth: math.nan})
        fairness = measure_fairness(plan(BEFORE), plan(AFTER), dataclasses.replace(people, need=bare))
        told = figures(fairness, FairnessFrame.after)
        assert told["coverage_by_fifth", "unknown"] == pytest.approx(54 / 130)
        for measure in ("core20_need", "core20_completions", "core20_shortfall"):
            assert math.isnan(told[measure, "all"])

    def test_no_link_workers_reported(self, people):
        unknown = people.ceilings.assign(**{CeilingFrame.fte_basis: "median"})
        fairness = measure_fairness(plan(BEFORE), plan(AFTER), dataclasses.replace(people, ceilings=unknown))
        told = figures(fairness, FairnessFrame.after)
        assert math.isnan(told["need_against_fte", "reported"])
        assert all(math.isnan(told["fte_by_need_fifth", fifth]) for fifth in "12345")


def by_pairs(given: pd.Series, wanted: pd.Series) -> float:
    """Gini by its other definition: the mean difference of two places wanted, over twice their mean coverage."""
    cover, weight = (given / wanted).to_numpy(), wanted.to_numpy(dtype=float)
    difference = (np.abs(cover[:, None] - cover) * weight[:, None] * weight).sum()
    return difference / (2 * weight.sum() * given.sum())


def by_filling(given: pd.Series, wanted: pd.Series, part: float) -> float:
    """Coverage of the worst-covered part, one PCN after the other."""
    edge = left = part * wanted.sum()
    total = 0.0
    for cover, places in sorted(zip(given / wanted, wanted, strict=True)):
        total += cover * min(places, left)
        left -= min(places, left)
    return total / edge


@st.composite
def covers(draw: st.DrawFn) -> tuple[pd.Series, pd.Series]:
    wanted = draw(st.lists(st.integers(1, 400), min_size=1, max_size=12))
    given = [draw(st.integers(0, places)) for places in wanted]
    return pd.Series(given), pd.Series(wanted)


class TestCurves:
    @drawn(covers(), st.floats(0.01, 1.0))
    def test_against_their_other_definitions(self, cover, part):
        given, wanted = cover
        assert cover_worst(given, wanted, part) == pytest.approx(by_filling(given, wanted, part), abs=1e-9)
        if given.sum():
            assert gini(given, wanted) == pytest.approx(by_pairs(given, wanted), abs=1e-9)
            assert 0.0 <= gini(given, wanted) < 1.0
        else:
            assert math.isnan(gini(given, wanted))

    @drawn(covers())
    def test_ends(self, cover):
        given, wanted = cover
        assert cover_worst(given, wanted, 1.0) == pytest.approx(given.sum() / wanted.sum())
        least = (given / wanted).min()
        assert cover_worst(given, wanted, 1e-6) == pytest.approx(least, abs=1e-9)
        assert least - 1e-9 <= cover_worst(given, wanted, 0.1) <= given.sum() / wanted.sum() + 1e-9

    @drawn(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(1, 5))
    def test_all_covered_alike_is_nought(self, wanted, part):
        wanted = pd.Series(wanted)
        assert gini(wanted, part * wanted) == pytest.approx(0.0, abs=1e-12)

    def test_one_of_many_having_all_comes_near_one(self):
        wanted = pd.Series([10] * 1000)
        assert gini(pd.Series([10] + [0] * 999), wanted) == pytest.approx(0.999)

    def test_parting_a_pcn_in_two_alike_changes_nothing(self):
        whole = gini(pd.Series([10, 30]), pd.Series([40, 60]))
        assert gini(pd.Series([5, 5, 30]), pd.Series([20, 20, 60])) == pytest.approx(whole)


@pytest.fixture(scope="module")
def england(real_data: Path) -> FairnessPeople:
    """England's need and link workers; nobody wants a place, as these figures do not depend on the plan."""
    release = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(release / "gp-reg-pat-prac-map.zip").frame
    postcodes = practices[PracticeFrame.postcode].dropna()
    spots = load_postcodes(real_data / "os_codepoint_open_2025-05/codepo_gb.zip", postcodes).frame
    imd = real_data / "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv"
    sources = NeedSources(
        practices=practices,
        list_sizes=load_list_sizes(release / "gp-reg-pat-prac-quin-age.zip").frame,
        registers=load_registers(real_data / "nhs_qof_2024-25/PREVALENCE_2425.csv").frame,
        practice_deprivation=load_practice_deprivation(imd).frame,
        inactivity=load_inactivity(real_data / "fingertips_local_authority/inactive_adults.csv").frame,
        practice_lads=lads_of_practices(practices, spots),
    )
    need = estimate_need(sources, NeedParams.model_validate(load_default("need")["need"]))[0]
    workforce = load_workforce(real_data / "nhs_pcn_workforce_2026-06/PCNWFIndividualCSV.062026.zip").frame
    params = LinkWorkerParams.model_validate(load_default("need")["link_workers"])
    ceilings = estimate_ceilings(need[NeedFrame.pcn_code], workforce, params)[0]
    return FairnessPeople(
        need=need,
        demand=table(DemandFrame, pcn_code=[]),
        ceilings=ceilings,
        pathways=table(PathwayFrame, pathway_id=[]),
        caps=table(CapFrame, pcn_code=[]),
    )


class TestRealFiles:
    def test_core20_patients_are_a_fifth_of_patients_and_more_of_need(self, england):
        share, core20 = core20_weights(england.need)
        patients = england.need.set_index(NeedFrame.pcn_code)[NeedFrame.patients]
        assert round((patients * core20).sum() / patients.sum(), 3) == 0.2
        assert round(share, 4) == 0.2780

    def test_england_shows_no_inverse_care_in_link_workers(self, england):
        told = figures(measure_fairness(plan([]), plan([]), england), FairnessFrame.after)
        assert round(told["need_against_fte", "reported"], 3) == 0.164
        assert [round(told["fte_by_need_fifth", fifth], 3) for fifth in "12345"] == [0.619, 0.529, 0.42, 0.436, 0.483]

    def test_against_another_reckoning(self, england):
        """SciPy's correlation, and the rate of the neediest fifth by going down the list of PCNs."""
        told = figures(measure_fairness(plan([]), plan([]), england), FairnessFrame.after)
        both = england.need.merge(england.ceilings, on=NeedFrame.pcn_code, validate="one_to_one")
        reported = both[both[CeilingFrame.fte_basis] == "reported"]
        rates = reported[CeilingFrame.link_worker_fte] / reported[NeedFrame.patients]
        assert told["need_against_fte", "reported"] == pytest.approx(
            stats.spearmanr(reported[NeedFrame.need_index], rates).statistic
        )
        fifth, seen, fte, patients = both[NeedFrame.patients].sum() / 5, 0.0, 0.0, 0
        for pcn in both.sort_values(NeedFrame.need_index, ascending=False).to_dict("records"):
            if seen + pcn[NeedFrame.patients] / 2 < fifth and pcn[CeilingFrame.fte_basis] == "reported":
                fte += pcn[CeilingFrame.link_worker_fte]
                patients += pcn[NeedFrame.patients]
            seen += pcn[NeedFrame.patients]
        assert told["fte_by_need_fifth", "1"] == pytest.approx(fte / patients * 1e4)
