"""Candidates for test-and-learn sites: what several PCNs come to, density, supply, and what the planner may name."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from small_worlds import ceiling_row, led, make_frame, need_row, pathway, pledge

from geomap.candidates import (
    TOWN_DENSITY,
    URBAN_DENSITY,
    CandidateSources,
    build_candidates,
    count_by,
    measure_density,
    tell_rurality,
)
from geomap.config import NeedParams, QuotaParams, SiteParams, load_default
from geomap.errors import ConfigError
from geomap.need import NeedSources, estimate_need
from geomap.schema import (
    CandidateFrame,
    CapFrame,
    CeilingFrame,
    ListSizeFrame,
    NeedFrame,
    OfferFrame,
    OperatorFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    PracticeDeprivationFrame,
    PracticeFrame,
)
from geomap.schema.words import CRS, QUOTA_KINDS
from geomap.validate import check_frame

AREA_KM2 = 25 * math.pi
"""A circle of 5 km."""
SITE = CandidateFrame.site_id


def ask(**changes) -> SiteParams:
    return SiteParams.model_validate({**load_default("sites")["sites"], "count": 1, "differ_by": 1, **changes})


def spots(*rows: tuple[str, float, float, float]) -> gpd.GeoDataFrame:
    """Population points: PCN, easting, northing, patients."""
    f = PopulationPointFrame
    table = make_frame(
        f,
        [
            {f.pcn_code: pcn, f.point_id: f"{pcn}-{x:.0f}", f.patients: patients, f.basis: "practice_postcode"}
            for pcn, x, _, patients in rows
        ],
    )
    at = gpd.points_from_xy([row[1] for row in rows], [row[2] for row in rows], crs=CRS)
    return gpd.GeoDataFrame(table, geometry=at)


def make_sources() -> CandidateSources:
    """
    Four PCNs of two ICBs and two regions, and one outside the run, along a line in metres.

        A 600 at 0, 400 at 1,000      B 1,000 at 4,000      C 2,000 at 6,500       ICB X; A, B in region R1, C in R2
        D 500 at 100,000                                                           ICB Y, region R2
        E 250 at 102,000, not of the run

    Within 5 km of A's two points live 2,000 (all of A and B; C is 5.5 km from the nearer), of B's 4,000, of C's 3,000
    and of D's 750, with E.
    Hours: P1 100 for one at a time, P2 20 of a class of 10 filled to 0.8, so 160, P3 50 for one at a time.
    """
    p, n = PcnResultFrame, NeedFrame
    homes = {"A": ("X", "R1"), "B": ("X", "R1"), "C": ("X", "R2"), "D": ("Y", "R2")}
    pcns = pd.DataFrame(
        [
            {
                p.pcn_code: code, p.pcn_name: f"{code} PCN", p.icb_code: icb, p.icb_name: f"ICB {icb}",
                p.icb_codes: "X;Y" if code == "C" else icb, p.region_code: region, p.region_name: f"Region {region}",
                p.practices: 1,
            }
            for code, (icb, region) in homes.items()
        ]
    )  # fmt: skip
    known = {
        "A": {n.need_index: 0.8, n.imd_score: 40.0, n.imd_percentile: 0.9, n.deprivation_fifth: 1.0},
        "B": {n.need_index: 0.4, n.imd_score: 20.0, n.imd_percentile: 0.5, n.deprivation_fifth: 3.0},
        "C": {n.need_index: 0.3},
        "D": {n.need_index: 0.1, n.imd_score: 10.1, n.imd_percentile: 0.1, n.deprivation_fifth: 5.0},
    }
    patients = {"A": 1000, "B": 1000, "C": 2000, "D": 500}
    fte = {"A": 1.0, "B": 0.5, "C": 2.0, "D": 0.25}
    of, cf, c = OperatorFrame, OfferFrame, CapFrame
    led_hours = {cf.led: True, cf.course_places: 8.0, cf.min_group: 1.0}
    offers = [
        {cf.pledge_id: key, cf.pathway_id: kind, cf.led: False, cf.pool_hours: hours, cf.course_hours: 4.0,
         cf.course_places: 1.0, cf.min_group: 0.0, **more}
        for key, kind, hours, more in (
            ("P1", "rehab", 100.0, {}), ("P1", "walk", 100.0, {}), ("P2", "dance", 20.0, led_hours),
            ("P3", "walk", 50.0, {}),
        )
    ]  # fmt: skip
    links = (("P1", "walk", "A"), ("P1", "rehab", "A"), ("P1", "walk", "B"), ("P2", "dance", "B"), ("P3", "walk", "C"))
    caps = [
        {c.pledge_id: key, c.pathway_id: kind, c.pcn_code: pcn, c.cap_places: 3, c.near_places: 3, c.minutes_min: 1.0}
        for key, kind, pcn in links
    ]
    owner = PledgeFrame.operator_id
    pledges = [pledge("P1", "rehab;walk", 100), led("P2", "dance", 20, 10, fill=0.8), pledge("P3", "walk", 80)]
    kinds = {"O1": "private", "O2": "charity", "O3": "arts"}
    return CandidateSources(
        pcns=pcns,
        need=make_frame(n, [need_row(code, 1.0, patients=patients[code]) | known[code] for code in homes]),
        ceilings=make_frame(
            CeilingFrame, [ceiling_row(code, 9.0) | {CeilingFrame.link_worker_fte: fte[code]} for code in homes]
        ),
        points=spots(
            ("A", 0, 0, 600), ("A", 1000, 0, 400), ("B", 4000, 0, 1000), ("C", 6500, 0, 2000), ("D", 100_000, 0, 500),
            ("E", 102_000, 0, 250),
        ),
        offers=make_frame(cf, offers),
        caps=make_frame(c, caps),
        pledges=make_frame(PledgeFrame, [row | {owner: f"O{k}"} for k, row in enumerate(pledges, start=1)]),
        operators=make_frame(
            of, [{of.operator_id: key, of.operator_name: key, of.operator_kind: kind} for key, kind in kinds.items()]
        ),
        pathways=make_frame(PathwayFrame, [pathway(name) for name in ("dance", "rehab", "swim", "walk")]),
    )  # fmt: skip


def by_site(candidates: pd.DataFrame) -> pd.DataFrame:
    return candidates.set_index(SITE)


def test_a_pcn_is_told_as_it_is() -> None:
    sources = make_sources()
    candidates, _ = build_candidates(sources, ask(site_cost=10, site_costs={"B": 25}))
    good, faults = check_frame(candidates, CandidateFrame, source="candidates")
    assert not faults
    assert list(good[SITE]) == ["A", "B", "C", "D"]
    sites, need = by_site(candidates), sources.need.set_index(NeedFrame.pcn_code)
    same = [NeedFrame.patients, NeedFrame.need_index, NeedFrame.imd_score, NeedFrame.deprivation_fifth]
    pd.testing.assert_frame_equal(sites[same], need[same], check_names=False)
    assert list(sites[CandidateFrame.site_name]) == ["A PCN", "B PCN", "C PCN", "D PCN"]
    assert list(sites[CandidateFrame.pcn_codes]) == list("ABCD")
    assert list(sites[CandidateFrame.link_worker_fte]) == [1.0, 0.5, 2.0, 0.25]
    assert list(sites[CandidateFrame.setup_cost]) == [10, 25, 10, 10]
    assert list(sites[CandidateFrame.easting]) == pytest.approx([400, 4000, 6500, 100_000])
    assert list(sites[CandidateFrame.density] * AREA_KM2) == pytest.approx([2000, 4000, 3000, 750])


def test_hours_of_a_class_count_for_everybody_in_it_and_each_pledge_once() -> None:
    sites = by_site(build_candidates(make_sources(), ask())[0])
    assert list(sites[CandidateFrame.hours_in_reach]) == pytest.approx([100, 260, 50, 0])
    assert list(sites[CandidateFrame.operator_kinds]) == ["private", "charity;private", "arts", ""]
    assert list(sites[CandidateFrame.pathways]) == ["rehab;walk", "dance;walk", "walk", ""]
    whole = by_site(build_candidates(make_sources(), ask(unit="icb"))[0])
    assert list(whole[CandidateFrame.hours_in_reach]) == pytest.approx([310, 0])


def test_an_icb_is_the_sum_and_the_mean_of_its_pcns() -> None:
    candidates, notes = build_candidates(make_sources(), ask(unit="icb"))
    assert list(candidates[SITE]) == ["X", "Y"]
    x = by_site(candidates).loc["X"]
    assert x[CandidateFrame.site_name] == x[CandidateFrame.icb_name] == "ICB X"
    assert x[CandidateFrame.pcn_codes] == "A;B;C"
    # R1 and R2 have 2,000 patients each: the first by code.
    assert (x[CandidateFrame.region_code], x[CandidateFrame.region_name]) == ("R1", "Region R1")
    assert x[CandidateFrame.patients] == 4000
    assert x[CandidateFrame.link_worker_fte] == 3.5
    assert x[CandidateFrame.need_index] == pytest.approx((0.8 + 0.4 + 2 * 0.3) / 4)
    # C's deprivation is not known; A and B have the mean score 30 and the mean percentile 0.7, in the second fifth.
    assert x[CandidateFrame.imd_score] == pytest.approx(30)
    assert x[CandidateFrame.deprivation_fifth] == 2
    assert math.isnan(x[CandidateFrame.aged_65_share])
    assert x[CandidateFrame.easting] == pytest.approx((1000 * 400 + 1000 * 4000 + 2000 * 6500) / 4000)
    assert x[CandidateFrame.density] * AREA_KM2 == pytest.approx((1000 * 2000 + 1000 * 4000 + 2000 * 3000) / 4000)
    assert any("PCNs in two ICBs" in note and note.endswith(": 1.") for note in notes)


def test_groups_are_the_planners_and_the_rest_cannot_be_chosen() -> None:
    groups = {"North": ("D", "A"), "Coast": ("C",)}
    candidates, notes = build_candidates(make_sources(), ask(unit="group", groups=groups))
    sites = by_site(candidates)
    assert list(sites.index) == ["Coast", "North"]
    assert list(sites[CandidateFrame.site_name]) == ["Coast", "North"]
    assert list(sites[CandidateFrame.pcn_codes]) == ["C", "A;D"]
    assert list(sites[CandidateFrame.icb_code]) == ["X", "X"]
    assert any("in no group" in note and note.endswith(": 1.") for note in notes)


@pytest.mark.parametrize("unit", ["pcn", "icb"])
def test_nothing_is_lost_or_counted_twice(unit: str) -> None:
    sources = make_sources()
    candidates, _ = build_candidates(sources, ask(unit=unit))
    assert candidates[CandidateFrame.patients].sum() == sources.need[NeedFrame.patients].sum()
    assert candidates[CandidateFrame.link_worker_fte].sum() == sources.ceilings[CeilingFrame.link_worker_fte].sum()
    codes = [code for cell in candidates[CandidateFrame.pcn_codes] for code in cell.split(";")]
    assert sorted(codes) == sorted(sources.pcns[PcnResultFrame.pcn_code])


@pytest.mark.parametrize("unit", ["pcn", "icb"])
def test_the_order_of_rows_does_not_matter(unit: str) -> None:
    sources = make_sources()
    turned = {field.name: getattr(sources, field.name).iloc[::-1].reset_index(drop=True) for field in fields(sources)}
    first, told = build_candidates(sources, ask(unit=unit))
    again, told_again = build_candidates(CandidateSources(**turned), ask(unit=unit))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert told == told_again


def test_no_frame_of_the_caller_is_changed() -> None:
    sources = make_sources()
    build_candidates(sources, ask(unit="icb"))
    fresh = make_sources()
    for field in fields(sources):
        pd.testing.assert_frame_equal(getattr(sources, field.name), getattr(fresh, field.name))


def test_a_site_without_patients_or_hours_still_stands() -> None:
    sources = make_sources()
    nobody = sources.need.assign(**{NeedFrame.patients: 0})
    nowhere = sources.points.assign(**{PopulationPointFrame.patients: 0.0})
    bare = replace(sources, need=nobody, points=nowhere, caps=sources.caps.iloc[:0], offers=sources.offers.iloc[:0])
    candidates, notes = build_candidates(bare, ask(unit="icb"))
    assert not check_frame(candidates, CandidateFrame, source="candidates")[1]
    x = by_site(candidates).loc["X"]
    assert x[CandidateFrame.need_index] == pytest.approx(0.5)  # plain mean of 0.8, 0.4 and 0.3
    assert x[CandidateFrame.easting] == pytest.approx((0 + 1000 + 4000 + 6500) / 4)
    assert (x[CandidateFrame.hours_in_reach], x[CandidateFrame.pathways]) == (0, "")
    assert any("no hours can serve: 2." in note for note in notes)


def test_density_agrees_with_measuring_every_pair() -> None:
    random = np.random.default_rng(4)
    east, north = random.integers(0, 12_000, (2, 60)).astype(float)
    east[:5], north[:5] = 3000, 3000  # five practices in one building
    people = random.integers(0, 9000, 60).astype(float)
    points = spots(*(("A", x, y, w) for x, y, w in zip(east, north, people, strict=True)))
    apart = np.hypot(east[:, None] - east, north[:, None] - north)
    assert measure_density(points) == pytest.approx((apart <= 5000) @ people / AREA_KM2)


def test_everybody_in_five_kilometres_counts_the_edge_included() -> None:
    points = spots(("A", 0, 0, 10), ("B", 5000, 0, 20), ("C", 10_001, 0, 40))
    assert measure_density(points) * AREA_KM2 == pytest.approx([30, 30, 40])


def test_rurality_changes_at_its_bounds() -> None:
    hair = 1e-6
    density = pd.Series([0, TOWN_DENSITY - hair, TOWN_DENSITY, URBAN_DENSITY - hair, URBAN_DENSITY, 2e4])
    assert list(tell_rurality(density)) == ["rural", "rural", "town", "town", "urban", "urban"]


def test_fifths_of_several_pcns_follow_the_rule_of_the_need_index(need_of_ten: pd.DataFrame) -> None:
    sources = make_sources()
    codes = list("ABCD")
    need = need_of_ten[need_of_ten[NeedFrame.pcn_code].isin(codes)]
    # Two alike in deprivation together are as deprived as each.
    alike = need.assign(**{NeedFrame.imd_percentile: need[NeedFrame.imd_percentile].iloc[0]})
    groups = {"pair": ("A", "B")}
    pair, _ = build_candidates(replace(sources, need=alike), ask(unit="group", groups=groups))
    assert pair[CandidateFrame.deprivation_fifth].iloc[0] == need[NeedFrame.deprivation_fifth].iloc[0]
    single, _ = build_candidates(replace(sources, need=need), ask())
    assert list(single[CandidateFrame.deprivation_fifth]) == list(need[NeedFrame.deprivation_fifth])


@pytest.fixture
def need_of_ten() -> pd.DataFrame:
    """`NeedFrame` of ten PCNs of one practice, the first the most deprived."""
    codes = [f"P{letter}" for letter in "ABCDEFGHIJ"]
    practices = make_frame(
        PracticeFrame, [{PracticeFrame.practice_code: code, PracticeFrame.pcn_code: code[1]} for code in codes]
    )
    f = ListSizeFrame
    sizes = make_frame(f, [{f.practice_code: code, f.age_from: 0, f.age_to: 120, f.patients: 100} for code in codes])
    d = PracticeDeprivationFrame
    scores = make_frame(d, [{d.practice_code: code, d.imd_score: 50.0 - 3 * k} for k, code in enumerate(codes)])
    sources = NeedSources(practices=practices, list_sizes=sizes, practice_deprivation=scores)
    return estimate_need(sources, NeedParams.model_validate(load_default("need")["need"]))[0]


COUNTED = {
    ("region", "R1"): "AB", ("region", "Region R2"): "CD", ("icb", "X"): "ABC", ("icb", "ICB Y"): "D",
    ("rurality", "rural"): "ABCD", ("rurality", "urban"): "", ("deprivation_fifth", "1"): "A",
    ("deprivation_fifth", "2"): "", ("operator_kind", "private"): "AB", ("operator_kind", "charity"): "B",
    ("operator_kind", "digital"): "", ("pathway", "walk"): "ABC", ("pathway", "swim"): "",
}  # fmt: skip


def test_a_quota_counts_the_candidates_of_its_kind() -> None:
    candidates, _ = build_candidates(make_sources(), ask())
    for (by, value), members in COUNTED.items():
        counted = count_by(candidates, by, value)
        assert counted.dtype == bool
        assert "".join(candidates[SITE][counted]) == members, (by, value)
    assert {by for by, _ in COUNTED} == set(QUOTA_KINDS)


def test_part_of_an_id_is_not_the_id() -> None:
    candidates, _ = build_candidates(make_sources(), ask())
    longer = candidates.assign(**{CandidateFrame.pathways: "walking;swim"})
    assert not count_by(longer, "pathway", "walk").any()
    assert count_by(longer, "pathway", "swim").all()


@pytest.mark.parametrize(("by", "value"), list(COUNTED))
def test_what_exists_may_be_asked_for(by: str, value: str) -> None:
    quota = QuotaParams(by=by, value=value, at_most=9)
    assert len(build_candidates(make_sources(), ask(quota=(quota,)))[0]) == 4


def test_every_unknown_id_and_kind_is_named_at_once() -> None:
    params = ask(
        must_include=("A", "Q1"),
        must_exclude=("Q2",),
        site_costs={"Q3": 5},
        ask_about=("Q4", "B"),
        quota=tuple(QuotaParams(by=by, value="nothing", at_least=1) for by in QUOTA_KINDS),
    )
    with pytest.raises(ConfigError) as caught:
        build_candidates(make_sources(), params)
    lines = str(caught.value).split("\n")
    for setting, site in (("must_include", "Q1"), ("must_exclude", "Q2"), ("site_costs", "Q3"), ("ask_about", "Q4")):
        assert f"sites.{setting}: {site!r} is no candidate." in lines
    assert not any("'A'" in line or "'B'" in line for line in lines)
    assert sum(line.startswith("sites.quota") for line in lines) == len(QUOTA_KINDS)
    assert "sites.quota 1: there is no region 'nothing'. Use one of: R1 (Region R1), R2 (Region R2)." in lines
    assert "sites.quota 6: there is no pathway 'nothing'. Use one of: dance, rehab, swim, walk." in lines


def test_ids_are_those_of_the_unit() -> None:
    with pytest.raises(ConfigError, match="'A' is no candidate"):
        build_candidates(make_sources(), ask(unit="icb", must_include=("A",)))
    assert len(build_candidates(make_sources(), ask(unit="icb", must_include=("X",)))[0]) == 2


def test_every_unknown_pcn_of_a_group_is_named() -> None:
    params = ask(unit="group", groups={"North": ("A", "E"), "South": ("Q7", "Q8")}, must_include=("South", "Q9"))
    with pytest.raises(ConfigError) as caught:
        build_candidates(make_sources(), params)
    text = str(caught.value)
    for group, code in (("North", "E"), ("South", "Q7"), ("South", "Q8")):
        assert f"sites.groups {group!r}: PCN {code!r} is not among the PCNs of this run." in text
    assert "sites.must_include: 'Q9' is no candidate." in text
    assert "'South' is no candidate" not in text


def test_only_the_first_values_of_many_are_told() -> None:
    sources = make_sources()
    many = make_frame(PathwayFrame, [pathway(f"way{k:02}") for k in range(20)])
    quota = QuotaParams(by="pathway", value="walk", at_least=1)
    with pytest.raises(ConfigError, match=r"way00, .*way11, …\.$") as caught:
        build_candidates(replace(sources, pathways=many), ask(quota=(quota,)))
    assert "way12" not in str(caught.value)
