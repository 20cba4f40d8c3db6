"""Pairs against brute force, shares and minutes by hand, and the rule by which each kind of pledge reaches PCNs."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import TravelParams, load_default
from geomap.errors import CrsError
from geomap.schema import (
    FacilityFrame,
    JourneyFrame,
    PairFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    ReachFrame,
)
from geomap.schema.words import CRS
from geomap.travel import KnownTimes, compare_straight, link_pairs, link_points, reach_pledges, tell_errors

SHIPPED = TravelParams.model_validate(load_default("travel"))
"""Drive, 15 minutes, detour 1.3, 26 km/h: 0.003 minutes a metre, 5,000 m."""
KILOMETRES = st.integers(-12, 12)
X, Y = 400_000.0, 300_000.0
"""Where the small worlds below stand."""


def facilities(*rows: tuple[str, str, float, float], crs: str = CRS) -> gpd.GeoDataFrame:
    """From (facility, operator, metres east, metres north) of the corner."""
    f = FacilityFrame
    frame = gpd.GeoDataFrame(
        {f.facility_id: [r[0] for r in rows], f.operator_id: [r[1] for r in rows]},
        geometry=gpd.points_from_xy([X + r[2] for r in rows], [Y + r[3] for r in rows]),
        crs=crs,
    )
    return frame.astype({f.facility_id: "str", f.operator_id: "str"})


def points(*rows: tuple[str, float, float, float], crs: str = CRS) -> gpd.GeoDataFrame:
    """From (PCN, patients, metres east, metres north)."""
    f = PopulationPointFrame
    frame = gpd.GeoDataFrame(
        {f.pcn_code: [r[0] for r in rows], f.patients: [float(r[1]) for r in rows]},
        geometry=gpd.points_from_xy([X + r[2] for r in rows], [Y + r[3] for r in rows]),
        crs=crs,
    )
    return frame.astype({f.pcn_code: "str"})


def pcns(**icbs_of: str) -> pd.DataFrame:
    f = PcnResultFrame
    return pd.DataFrame({f.pcn_code: list(icbs_of), f.icb_codes: list(icbs_of.values())}, dtype="str")


def pledge(pledge_id: str, **changes: object) -> dict[str, object]:
    f = PledgeFrame
    plain = {f.pledge_id: pledge_id, f.operator_id: "O1", f.facility_id: "F1", f.delivery: "on_site", f.max_km: np.nan}
    return plain | {f.icb_codes: None} | changes


def pledges(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(pledge("")))
    text = [c for c in frame.columns if c != PledgeFrame.max_km]
    return frame.astype({**dict.fromkeys(text, "str"), PledgeFrame.max_km: "float64"})


Told = dict[tuple[str, str], tuple[float, float]]
"""(facility, PCN) → (share, minutes)."""


def told(pairs: pd.DataFrame) -> Told:
    PairFrame.validate(pairs)
    rows = pairs[[PairFrame.facility_id, PairFrame.pcn_code, PairFrame.reach_share, PairFrame.minutes_min]]
    return {(a, b): (share, minutes) for a, b, share, minutes in rows.itertuples(index=False)}


def brute(sites: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, limit_m: float) -> Told:
    """Every facility against every point, with no tree."""
    found = {}
    pcn = homes[PopulationPointFrame.pcn_code].to_numpy()
    patients = homes[PopulationPointFrame.patients].to_numpy()
    for name, x, y in zip(sites[FacilityFrame.facility_id], sites.geometry.x, sites.geometry.y, strict=True):
        metres = np.hypot(homes.geometry.x.to_numpy() - x, homes.geometry.y.to_numpy() - y)
        for code in np.unique(pcn):
            inside = (pcn == code) & (metres <= limit_m) & (patients > 0)
            if inside.any():
                share = patients[inside].sum() / patients[pcn == code].sum()
                found[name, code] = (share, np.average(metres[inside], weights=patients[inside]) * 0.003)
    return found


class TestPairs:
    @pytest.mark.parametrize("seed", range(4))
    def test_brute_force_agrees(self, seed):
        random = np.random.default_rng(seed)
        spots, homes = random.uniform(0, 40_000, (30, 2)), random.uniform(0, 40_000, (600, 2))
        sites = facilities(*((f"F{i:02d}", "O1", *spot) for i, spot in enumerate(spots)))
        codes, patients = random.integers(0, 25, 600), random.integers(0, 4, 600) * random.integers(1, 900, 600)
        lived = points(*((f"U{c:02d}", n, *xy) for c, n, xy in zip(codes, patients, homes, strict=True)))
        found, expected = told(link_pairs(sites, lived, SHIPPED)), brute(sites, lived, 5000)
        assert len(expected) > 100
        assert found.keys() == expected.keys()
        for key, figures in found.items():
            assert figures == pytest.approx(expected[key], rel=1e-9)

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(st.tuples(KILOMETRES, KILOMETRES), min_size=1, max_size=6),
        st.lists(
            st.tuples(st.sampled_from(["U1", "U2", "U3"]), st.integers(0, 9), KILOMETRES, KILOMETRES),
            min_size=1,
            max_size=30,
        ),
    )
    def test_points_on_the_limit_count(self, spots, homes):
        """On a grid of kilometres 3-4-5 triangles lie exactly on the limit; whole numbers decide who is within."""
        sites = facilities(*((f"F{i}", "O1", 1000 * x, 1000 * y) for i, (x, y) in enumerate(spots)))
        lived = points(*((pcn, n, 1000 * x, 1000 * y) for pcn, n, x, y in homes))
        found = told(link_pairs(sites, lived, SHIPPED))
        expected = {}
        for i, (x, y) in enumerate(spots):
            for code in {home[0] for home in homes}:
                own = [(n, (a - x) ** 2 + (b - y) ** 2) for pcn, n, a, b in homes if pcn == code]
                inside = sum(n for n, square in own if square <= 25)
                if inside:
                    expected[f"F{i}", code] = inside / sum(n for n, _ in own)
        assert {key: share for key, (share, _) in found.items()} == pytest.approx(expected)

    def test_share_and_mean_minutes_by_hand(self):
        homes = points(("U1", 100, 1000, 0), ("U1", 300, 0, 2000), ("U1", 600, 9000, 0))
        # (100 × 1,000 m + 300 × 2,000 m) / 400 = 1,750 m, at 0.003 minutes a metre.
        assert told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, SHIPPED)) == {
            ("F1", "U1"): (pytest.approx(0.4), pytest.approx(5.25))
        }

    @pytest.mark.parametrize(("metres", "is_within"), [(4999.999, True), (5000, True), (5000.001, False)])
    def test_the_limit_itself(self, metres, is_within):
        homes = points(("U1", 10, 0.6 * metres, 0.8 * metres))
        assert bool(told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, SHIPPED))) == is_within

    def test_a_limit_of_nothing_reaches_who_lives_there(self):
        homes = points(("U1", 10, 0, 0), ("U2", 10, 1, 0))
        found = told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, SHIPPED, limit_m=0.0))
        assert found == {("F1", "U1"): (1, 0)}

    def test_a_point_where_nobody_lives_reaches_nobody(self):
        homes = points(("U1", 0, 100, 0), ("U1", 10, 9000, 0), ("U2", 0, 100, 0))
        assert told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, SHIPPED)) == {}

    def test_minutes_never_exceed_the_most_a_patient_travels(self):
        homes = points(*(("U1", 1, 5000, 0) for _ in range(50)))
        (figures,) = told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, SHIPPED)).values()
        assert figures == (1, pytest.approx(SHIPPED.max_min, abs=1e-9))

    def test_walking_is_slower_than_driving(self):
        walk = SHIPPED.model_copy(update={"modes": ("walk",)})
        assert walk.minutes_per_m("walk") == pytest.approx(1.3 * 60 / 4830)
        assert walk.max_m("walk") == pytest.approx(15 / 60 * 4830 / 1.3)
        assert SHIPPED.max_m("drive") == pytest.approx(5000)
        homes = points(("U1", 10, 500, 0), ("U2", 10, 2000, 0))
        found = told(link_pairs(facilities(("F1", "O1", 0, 0)), homes, walk))
        assert found == {("F1", "U1"): (1, pytest.approx(500 * 1.3 * 60 / 4830))}

    @pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", None])
    def test_another_crs_is_refused(self, crs):
        wrong, homes = facilities(("F1", "O1", 0, 0), crs=crs), points(("U1", 10, 0, 0))
        with pytest.raises(CrsError, match="facilities.*not in EPSG:27700"):
            link_pairs(wrong, homes, SHIPPED)
        with pytest.raises(CrsError, match="population points.*not in EPSG:27700"):
            link_pairs(facilities(("F1", "O1", 0, 0)), points(("U1", 10, 0, 0), crs=crs), SHIPPED)

    def test_row_order_does_not_matter(self):
        random = np.random.default_rng(7)
        sites = facilities(*((f"F{i:02d}", "O1", *xy) for i, xy in enumerate(random.integers(0, 20_000, (20, 2)))))
        homes = points(*((f"U{i % 9}", i % 5, *xy) for i, xy in enumerate(random.integers(0, 20_000, (200, 2)))))
        pairs = link_pairs(sites, homes, SHIPPED)
        mixed = link_pairs(sites.sample(frac=1, random_state=1), homes.sample(frac=1, random_state=2), SHIPPED)
        pd.testing.assert_frame_equal(mixed, pairs, rtol=1e-12)
        keys = [PairFrame.facility_id, PairFrame.pcn_code]
        assert pairs[keys].equals(pairs[keys].sort_values(keys, ignore_index=True))

    @pytest.mark.parametrize(("sites", "homes"), [(0, 2), (2, 0), (0, 0)])
    def test_empty_tables(self, sites, homes):
        here, lived = facilities(("F1", "O1", 0, 0), ("F2", "O1", 0, 9)), points(("U1", 10, 0, 0), ("U2", 9, 0, 9))
        assert told(link_pairs(here.iloc[:sites], lived.iloc[:homes], SHIPPED)) == {}


HOMES = (
    ("U1", 400, 1000, 0), ("U1", 600, 9000, 0),  # 40% within 5 km of F1, at 1 km
    ("U2", 100, 0, 4000),  # wholly within
    ("U3", 100, 0, 30_000),  # far away, near F3
)  # fmt: skip
SITES = (("F1", "O1", 0, 0), ("F2", "O1", 9000, 0), ("F3", "O2", 0, 30_000))
PCNS = {"U1": "QAA", "U2": "QBB;QAA", "U3": "QCC"}


def reached(*rows: dict[str, object], params: TravelParams = SHIPPED, homes=HOMES, sites=SITES, members=PCNS):
    """(pledge, PCN) → (share, minutes, basis) in the world above."""
    frame = reach_pledges(pledges(*rows), facilities(*sites), points(*homes), pcns(**members), params)
    ReachFrame.validate(frame)
    keys = [ReachFrame.pledge_id, ReachFrame.pcn_code]
    assert frame[keys].equals(frame[keys].sort_values(keys, ignore_index=True))
    assert not frame.duplicated(keys).any()
    # On site a facility's people are shared by all its pledges; by rule a whole PCN is served, and nothing is shared.
    assert (frame[ReachFrame.catchment].notna() == frame[ReachFrame.basis].eq("distance")).all()
    return {(a, b): (share, minutes, basis) for a, b, share, minutes, basis, _ in frame.itertuples(index=False)}


def pcns_of(found: dict[tuple[str, str], object]) -> list[str]:
    return [pcn for _, pcn in found]


class TestReach:
    def test_on_site_is_by_distance(self):
        assert reached(pledge("A")) == {
            ("A", "U1"): (pytest.approx(0.4), pytest.approx(3), "distance"),
            ("A", "U2"): (1, pytest.approx(12), "distance"),
        }

    def test_a_pledges_own_radius_narrows_and_never_widens(self):
        assert reached(pledge("A", max_km=2.0)) == {("A", "U1"): (pytest.approx(0.4), pytest.approx(3), "distance")}
        assert pcns_of(reached(pledge("A", max_km=4.0))) == ["U1", "U2"], "4 km is within 4 km"
        assert reached(pledge("A", max_km=100.0)) == reached(pledge("A"))

    def test_pledges_of_one_facility_keep_their_own_radius(self):
        both = reached(pledge("A", max_km=2.0), pledge("B"))
        assert both == reached(pledge("A", max_km=2.0)) | reached(pledge("B"))

    def test_outreach_serves_the_whole_pcn_without_a_journey(self):
        assert reached(pledge("A", delivery="outreach")) == {
            ("A", "U1"): (1, 0, "outreach"), ("A", "U2"): (1, 0, "outreach")
        }  # fmt: skip

    def test_outreach_goes_by_its_own_radius_and_not_by_minutes(self):
        short = SHIPPED.model_copy(update={"max_min": 0.1})
        far = SHIPPED.model_copy(update={"outreach_km": 30.0})
        assert pcns_of(reached(pledge("A", delivery="outreach"), params=short)) == ["U1", "U2"]
        assert pcns_of(reached(pledge("A", delivery="outreach"), params=far)) == ["U1", "U2", "U3"]
        assert pcns_of(reached(pledge("A", delivery="outreach", max_km=2.0), params=far)) == ["U1"]

    def test_outreach_of_no_distance_serves_who_lives_there(self):
        here = SHIPPED.model_copy(update={"outreach_km": 0.0})
        assert pcns_of(reached(pledge("A", facility_id="F3", delivery="outreach"), params=here)) == ["U3"]

    def test_hybrid_serves_the_whole_pcn_and_only_those_near_travel(self):
        """U1: 40% travel 3 minutes, the others join online: 1.2 minutes on average."""
        assert reached(pledge("A", delivery="hybrid")) == {
            ("A", "U1"): (1, pytest.approx(1.2), "hybrid"),
            ("A", "U2"): (1, pytest.approx(12), "hybrid"),
        }

    def test_a_facility_in_no_pledge_changes_nothing(self):
        extra = (*SITES, ("F9", "O9", 100, 100))
        rows = [pledge("A"), pledge("B", facility_id=None, delivery="outreach"), pledge("C", delivery="digital")]
        assert reached(*rows, sites=extra) == reached(*rows)

    def test_a_pledge_of_the_whole_operator_takes_its_best_facility(self):
        """F1 has 40% of U1 at 3 minutes; F2 has the other 60% at no distance."""
        found = reached(pledge("A", facility_id=None))
        assert found["A", "U1"] == (pytest.approx(0.6), pytest.approx(0), "distance")
        assert found["A", "U2"] == (1, pytest.approx(12), "distance")
        assert ("A", "U3") not in found, "F3 is another operator's"

    def test_of_two_facilities_that_reach_as_many_the_nearer_counts(self):
        sites = (("F1", "O1", 0, 0), ("F2", "O1", 0, 3000))
        assert reached(pledge("A", facility_id=None), sites=sites)["A", "U2"] == (1, pytest.approx(3), "distance")

    def test_an_operator_without_facilities_reaches_nobody_on_site(self):
        assert reached(pledge("A", operator_id="O9", facility_id=None)) == {}

    def test_an_icb_named_narrows_every_kind(self):
        for delivery in ("on_site", "outreach", "hybrid", "digital"):
            assert pcns_of(reached(pledge("A", delivery=delivery, icb_codes="QBB"))) == ["U2"], delivery
            assert pcns_of(reached(pledge("A", delivery=delivery, icb_codes="QZZ"))) == [], delivery
        assert pcns_of(reached(pledge("A", icb_codes="QCC"))) == [], "QCC is out of reach of F1"

    def test_one_pledges_icbs_do_not_narrow_another(self):
        found = reached(pledge("A", icb_codes="QBB"), pledge("B"))
        assert list(found) == [("A", "U2"), ("B", "U1"), ("B", "U2")]

    def test_one_icb_code_inside_another_is_not_that_icb(self):
        assert reached(pledge("A", delivery="digital", icb_codes="QB"), members={"U1": "QBB", "U2": "QB1"}) == {}


class TestDigital:
    def test_where_it_names_icbs_it_serves_those_and_no_others(self):
        found = reached(pledge("A", delivery="digital", icb_codes="QAA;QCC"))
        assert found == {("A", pcn): (1, 0, "digital") for pcn in ("U1", "U2", "U3")}
        assert pcns_of(reached(pledge("A", delivery="digital", icb_codes="QCC"))) == ["U3"], "not where O1 stands"

    def test_else_the_icbs_its_operator_stands_in(self):
        assert pcns_of(reached(pledge("A", delivery="digital"))) == ["U1", "U2"], "F1 and F2 stand among U1: QAA"
        away = pledge("A", operator_id="O2", facility_id=None, delivery="digital")
        assert pcns_of(reached(away)) == ["U3"]

    def test_else_everywhere(self):
        nowhere = pledge("A", operator_id="O9", facility_id=None, delivery="digital")
        assert pcns_of(reached(nowhere)) == ["U1", "U2", "U3"]

    def test_a_pcn_in_two_icbs_counts_for_both(self):
        for icb in ("QAA", "QBB"):
            assert ("A", "U2") in reached(pledge("A", delivery="digital", icb_codes=icb))
        homes = (("U2", 10, 0, 0), ("U1", 10, 0, 90_000), ("U4", 10, 0, 90_000))
        members = {"U1": "QAA", "U2": "QBB;QAA", "U4": "QBB"}
        assert pcns_of(reached(pledge("A", delivery="digital"), homes=homes, members=members)) == ["U1", "U2", "U4"]

    @pytest.mark.parametrize("max_min", [0.001, 1.0, 15.0, 60.0])
    def test_how_far_patients_travel_changes_nothing(self, max_min):
        """A facility that nobody can reach in time still stands in an ICB: its operator's pledge is not England's."""
        params = SHIPPED.model_copy(update={"max_min": max_min})
        sites = (("F1", "O1", 500, 500), ("F3", "O2", 700, 30_000))
        assert pcns_of(reached(pledge("A", delivery="digital"), params=params, sites=sites)) == ["U1", "U2"]
        away = pledge("A", operator_id="O2", facility_id=None, delivery="digital")
        assert pcns_of(reached(away, params=params, sites=sites)) == ["U3"]

    def test_a_point_where_nobody_lives_does_not_say_where_a_facility_stands(self):
        homes = (("U1", 100, 3000, 0), ("U3", 0, 0, 0), ("U3", 100, 0, 30_000))
        assert pcns_of(reached(pledge("A", delivery="digital"), homes=homes)) == ["U1", "U2"]

    def test_two_pcns_in_one_building_both_say_where_a_facility_stands(self):
        homes = (("U3", 5, 9000, 100), ("U2", 5, 9000, 100), ("U1", 5, 0, 50_000))
        one = (("F2", "O1", 9000, 0),)
        members = {"U1": "QAA", "U2": "QBB", "U3": "QCC"}
        for order in (homes, homes[::-1]):
            found = reached(pledge("A", delivery="digital"), homes=order, sites=one, members=members)
            assert pcns_of(found) == ["U2", "U3"]

    def test_a_run_for_a_part_serves_what_the_run_for_all_would_serve_there(self):
        """O2 stands in QCC: planning for QAA alone does not bring its hours there."""
        rows = [pledge(kind, delivery=kind) for kind in TestEmpty.KINDS]
        rows += [pledge("away", operator_id="O2", facility_id=None, delivery="digital")]
        rows += [pledge("free", operator_id="O9", facility_id=None, delivery="digital")]
        for part in (["U1", "U2"], ["U3"]):
            found = reached(*rows, members={pcn: PCNS[pcn] for pcn in part})
            assert found == {key: figures for key, figures in reached(*rows).items() if key[1] in part}


class TestEmpty:
    KINDS = ("on_site", "outreach", "hybrid", "digital")

    def test_no_pledges(self):
        assert reached() == {}

    def test_no_facilities(self):
        rows = [pledge(kind, facility_id=None, delivery=kind) for kind in self.KINDS]
        frame = reach_pledges(pledges(*rows), facilities(*SITES).iloc[:0], points(*HOMES), pcns(**PCNS), SHIPPED)
        assert frame[ReachFrame.pledge_id].tolist() == ["digital"] * 3

    def test_no_points(self):
        rows = [pledge(kind, delivery=kind) for kind in self.KINDS]
        frame = reach_pledges(pledges(*rows), facilities(*SITES), points(*HOMES).iloc[:0], pcns(**PCNS), SHIPPED)
        ReachFrame.validate(frame)
        assert frame[ReachFrame.pledge_id].tolist() == ["digital"] * 3

    @pytest.mark.parametrize("kind", KINDS)
    def test_pledges_of_one_kind_only(self, kind):
        found = reached(pledge("A", delivery=kind), pledge("B", delivery=kind, icb_codes="QAA"))
        assert {basis for _, _, basis in found.values()} == {"distance" if kind == "on_site" else kind}


@pytest.mark.parametrize("seed", range(3))
def test_row_order_does_not_matter_to_reach_and_no_table_is_changed(seed):
    random = np.random.default_rng(seed)
    kinds = TestEmpty.KINDS
    rows = [
        pledge(
            f"P{i:02d}", operator_id=f"O{i % 4}", facility_id=f"F{i % 8}" if i % 3 else None, delivery=kinds[i % 4],
            max_km=(np.nan, 2.0, 9.0)[i % 3], icb_codes=(None, "QAA", "QBB;QCC")[i % 3],
        )
        for i in range(40)
    ]  # fmt: skip
    spots, homes = random.integers(0, 15_000, (8, 2)), random.integers(0, 15_000, (60, 2))
    tables = (
        pledges(*rows),
        facilities(*((f"F{i}", f"O{i % 4}", *xy) for i, xy in enumerate(spots))),
        points(*((f"U{i % 9}", 1 + i % 7, *xy) for i, xy in enumerate(homes))),
        pcns(**{f"U{i}": ("QAA", "QBB;QAA", "QCC")[i % 3] for i in range(9)}),
    )
    before = [table.copy() for table in tables]
    found = reach_pledges(*tables, SHIPPED)
    assert len(found) > 50
    mixed = reach_pledges(*(table.sample(frac=1, random_state=seed) for table in tables), SHIPPED)
    pd.testing.assert_frame_equal(mixed, found, rtol=1e-12)
    for table, copy in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_more_minutes_never_reach_fewer():
    rows = [pledge(kind, delivery=kind) for kind in TestEmpty.KINDS]
    steps = [0.001, 1, 3, 3.1, 11.9, 12, 27, 30, 90]
    found = [reached(*rows, params=SHIPPED.model_copy(update={"max_min": float(minutes)})) for minutes in steps]
    for narrow, wide in zip(found, found[1:], strict=False):
        assert narrow.keys() <= wide.keys()
        assert all(narrow[key][0] <= wide[key][0] for key in narrow)
    assert len(found[-1]) > len(found[0]) > 0


def with_ids(homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Each point with an id of its own: P0, P1, …"""
    ids = [f"P{n}" for n in range(len(homes))]
    return homes.assign(**{PopulationPointFrame.point_id: ids}).astype({PopulationPointFrame.point_id: "str"})


def travelling(*modes: str, **changes: object) -> TravelParams:
    return TravelParams.model_validate({**load_default("travel"), "modes": modes, **changes})


def known_times(*rows: tuple[str, str, float], mode: str = "drive", **more: object) -> KnownTimes:
    """From (facility, point or PCN, minutes; not a number is out of reach)."""
    f = JourneyFrame
    frame = pd.DataFrame(rows, columns=[f.facility_id, f.point_id, f.minutes_min])
    frame = frame.astype({f.facility_id: "str", f.point_id: "str", f.minutes_min: float})
    ends = {"facilities": frozenset(frame[f.facility_id]), "places": frozenset(frame[f.point_id])}
    return KnownTimes(**{"mode": mode, "basis": "matrix", "minutes": frame.dropna(), **ends, **more})


def linked(sites: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, params: TravelParams, **more: object) -> dict:
    """(facility, point) → minutes."""
    f = JourneyFrame
    frame = link_points(sites, homes, params, **more)
    assert not frame.duplicated([f.facility_id, f.point_id]).any()
    return {(a, b): minutes for a, b, minutes in frame.itertuples(index=False)}


ONE_SITE = facilities(("F1", "O1", 0, 0))
THREE_HOMES = with_ids(points(("U1", 100, 500, 0), ("U1", 300, 3000, 0), ("U2", 600, 5100, 0)))
"""On foot, 15 minutes at 4.83 km/h and a detour of 1.3, is 929 m; by car 5,000 m."""


class TestModes:
    def test_the_quickest_of_those_within_their_limits_by_hand(self):
        both = travelling("walk", "drive", max_min={"walk": 15, "drive": 6}, start_min={"drive": 5})
        # P0: on foot 0.5 km × 1.3 ÷ 4.83 km/h = 8.07; by car 5 + 1.5 = 6.5, beyond 6. P1: by car 14, beyond; no way.
        assert linked(ONE_SITE, THREE_HOMES, both) == {("F1", "P0"): pytest.approx(500 * 1.3 * 0.06 / 4.83)}
        longer = travelling("walk", "drive", max_min={"walk": 15, "drive": 14}, start_min={"drive": 5})
        found = linked(ONE_SITE, THREE_HOMES, longer)
        assert found == {("F1", "P0"): pytest.approx(6.5), ("F1", "P1"): pytest.approx(14)}

    def test_one_mode_alone_is_as_it_was(self):
        assert linked(ONE_SITE, THREE_HOMES, travelling("drive")) == {
            ("F1", "P0"): pytest.approx(1.5), ("F1", "P1"): pytest.approx(9),
        }  # fmt: skip

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(KILOMETRES, KILOMETRES), min_size=1, max_size=5),
        st.lists(st.tuples(KILOMETRES, KILOMETRES), min_size=1, max_size=12),
        st.permutations(["walk", "drive", "transit"]),
        st.integers(1, 60),
        st.integers(0, 10),
    )
    def test_a_mode_more_never_shrinks_reach_nor_lengthens_a_journey(self, spots, homes, modes, limit, start):
        sites = facilities(*((f"F{i}", "O1", 1000 * x, 1000 * y) for i, (x, y) in enumerate(spots)))
        lived = with_ids(points(*(("U1", 10, 1000 * x, 1000 * y) for x, y in homes)))
        told = {"max_min": limit + 10, "start_min": {"drive": start}}
        found = [linked(sites, lived, travelling(*modes[: n + 1], **told)) for n in range(3)]
        for fewer, more in zip(found, found[1:], strict=False):
            assert fewer.keys() <= more.keys()
            assert all(more[pair] <= minutes for pair, minutes in fewer.items())

    def test_a_point_in_several_rows_counts_once(self):
        """An LSOA is a row of each PCN with patients in it."""
        twice = pd.concat([THREE_HOMES, THREE_HOMES.assign(pcn_code="U9")], ignore_index=True)
        assert linked(ONE_SITE, twice, SHIPPED) == linked(ONE_SITE, THREE_HOMES, SHIPPED)

    def test_farther_is_so_many_metres_more_by_each_mode(self):
        both = travelling("walk", "drive")
        more = both.farther(1000)
        assert [more.max_m(mode) - both.max_m(mode) for mode in both.modes] == pytest.approx([1000, 1000])


class TestKnown:
    def test_what_is_known_replaces_the_straight_line(self):
        table = known_times(("F1", "P0", 20), ("F1", "P1", 4), ("F1", "P2", 15))
        # P0 takes 20 minutes and is out; P2, which is 5.1 km off, is in: on the limit counts.
        assert linked(ONE_SITE, THREE_HOMES, SHIPPED, known=[table]) == {("F1", "P1"): 4, ("F1", "P2"): 15}

    def test_what_is_not_named_is_out_of_reach_between_ends_that_are_known(self):
        table = known_times(("F1", "P0", 1), ("F1", "P1", np.nan))
        # P1 is known and out of reach, though 3 km off; P2 is not known and too far in a straight line.
        assert linked(ONE_SITE, THREE_HOMES, SHIPPED, known=[table]) == {("F1", "P0"): 1}

    def test_ends_that_are_not_known_go_by_straight_line(self):
        table = known_times(("F1", "P0", 1))
        two = facilities(("F1", "O1", 0, 0), ("F2", "O1", 0, 0))
        assert linked(two, THREE_HOMES, SHIPPED, known=[table]) == {
            ("F1", "P0"): 1, ("F1", "P1"): pytest.approx(9),
            ("F2", "P0"): pytest.approx(1.5), ("F2", "P1"): pytest.approx(9),
        }  # fmt: skip

    def test_a_table_by_one_mode_leaves_the_others(self):
        table = known_times(("F1", "P0", np.nan), ("F1", "P1", np.nan), mode="drive")
        found = linked(ONE_SITE, THREE_HOMES, travelling("walk", "drive"), known=[table])
        assert found == {("F1", "P0"): pytest.approx(500 * 1.3 * 0.06 / 4.83)}

    def test_of_two_the_first_decides(self):
        table, by_road = known_times(("F1", "P0", 3)), known_times(("F1", "P0", 2), ("F1", "P1", 8))
        found = linked(ONE_SITE, THREE_HOMES, SHIPPED, known=[table, by_road])
        assert found == {("F1", "P0"): 3, ("F1", "P1"): 8}

    def test_times_to_a_pcn_hold_for_all_its_patients(self):
        table = known_times(("F1", "U1", 12), ("F1", "U2", 16))
        assert told(link_pairs(ONE_SITE, THREE_HOMES, SHIPPED, known=[table])) == {("F1", "U1"): (1, 12)}

    def test_a_pledge_keeps_its_own_kilometres(self):
        table = known_times(("F1", "P0", 1), ("F1", "P1", 1), ("F1", "P2", 1))
        reach = reach_pledges(pledges(pledge("A", max_km=2.0)), ONE_SITE, THREE_HOMES, pcns(U1="Q", U2="Q"), SHIPPED)
        known = reach_pledges(
            pledges(pledge("A", max_km=2.0)), ONE_SITE, THREE_HOMES, pcns(U1="Q", U2="Q"), SHIPPED, known=[table]
        )
        assert known[ReachFrame.pcn_code].tolist() == reach[ReachFrame.pcn_code].tolist() == ["U1"]
        assert known[ReachFrame.reach_share].tolist() == [0.25] and known[ReachFrame.minutes_min].tolist() == [1]

    def test_outreach_stays_by_straight_line(self):
        table = known_times(("F1", "P0", np.nan), ("F1", "P1", np.nan), ("F1", "P2", np.nan))
        out = pledges(pledge("A", delivery="outreach"))
        found = reach_pledges(out, ONE_SITE, THREE_HOMES, pcns(U1="Q", U2="Q"), SHIPPED, known=[table])
        assert found[ReachFrame.pcn_code].tolist() == ["U1"]

    @pytest.mark.slow
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(KILOMETRES, KILOMETRES), min_size=1, max_size=5),
        st.lists(st.tuples(KILOMETRES, KILOMETRES), min_size=1, max_size=12),
        st.randoms(use_true_random=False),
    )
    def test_a_table_of_the_straight_lines_changes_nothing_in_any_order(self, spots, homes, random):
        sites = facilities(*((f"F{i}", "O1", 1000 * x, 1000 * y) for i, (x, y) in enumerate(spots)))
        lived = with_ids(points(*((f"U{n % 3}", 10, 1000 * x, 1000 * y) for n, (x, y) in enumerate(homes))))
        both = travelling("walk", "drive")
        known = []
        for mode in both.modes:
            far = travelling(mode, max_min=600)
            rows = [(*pair, minutes) for pair, minutes in linked(sites, lived, far).items()]
            random.shuffle(rows)
            known.append(known_times(*rows, mode=mode))
        plain, tabled = told(link_pairs(sites, lived, both)), told(link_pairs(sites, lived, both, known=known))
        assert tabled.keys() == plain.keys()
        assert all(tabled[pair] == pytest.approx(plain[pair], rel=1e-12) for pair in plain)


class TestErrors:
    def test_how_far_straight_lines_are_off_by_hand(self):
        # Straight lines take 1.5, 9 and 15.3 minutes; the table 3, 9 and 14, so that P2 is in reach by the table alone.
        table = known_times(("F1", "P0", 3), ("F1", "P1", 9), ("F1", "P2", 14))
        where = pd.Series(["urban", "urban", "rural"], index=THREE_HOMES.index)
        urban, rural = compare_straight(ONE_SITE, THREE_HOMES, SHIPPED, [table], where).itertuples(index=False)
        assert (urban.rurality, urban.pairs, urban.different_share) == ("urban", 2, 0)
        assert (urban.median_share, urban.tenth_share) == pytest.approx((-0.25, -0.45))
        assert (rural.rurality, rural.pairs, rural.different_share) == ("rural", 1, 1)
        assert rural.median_share == pytest.approx(15.3 / 14 - 1)

    def test_it_is_told_in_words(self):
        table = known_times(("F1", "P0", 3), ("F1", "P1", 9), ("F1", "P2", np.nan))
        where = pd.Series("town", index=THREE_HOMES.index)
        (said,) = tell_errors(compare_straight(ONE_SITE, THREE_HOMES, SHIPPED, [table], where))
        assert said.startswith("Straight lines against the table of travel times, drive, town: over 2 pairs")
        assert "off by -25% in the median" in said
