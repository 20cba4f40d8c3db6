"""Access to pledged hours: by PCN, LSOA and fifth of deprivation, against the rules worked out one pledge at a time."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.access import PER_PATIENTS, GaussianDecay, build_access, link_pledges
from geomap.config import AccessParams, TravelParams, load_default
from geomap.schema import (
    AccessResultFrame,
    FacilityFrame,
    LedgerFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    ReachFrame,
)
from geomap.schema.words import CRS
from geomap.travel import find_journeys, reach_pledges

TRAVEL = TravelParams.model_validate(load_default("travel"))
LONGEST = TRAVEL.longest_min
PARAMS = AccessParams.model_validate(load_default("access")["access"])
A, P, R = AccessResultFrame, PopulationPointFrame, ReachFrame
SHARED = ("2sfca", "e2sfca", "3sfca")
ICB = {"U1": "X", "U2": "X;Y", "U3": "Y"}


class World:
    """Facilities and homes on a map of a few kilometres, pledges of every kind, and whom they reach."""

    def __init__(self, sites: list, homes: list, pledges: list) -> None:
        """From (x km, y km), (PCN, point, patients, x, y, fifth) and (facility, delivery, hours, left, km, ICBs)."""
        f = FacilityFrame
        self.facilities = self._place(
            pd.DataFrame({f.facility_id: [f"F{n}" for n in range(len(sites))], f.operator_id: "O"}), sites
        )
        rows = pd.DataFrame(homes, columns=[P.pcn_code, P.point_id, P.patients, "x", "y", "fifth"])
        rows = rows.drop_duplicates([P.pcn_code, P.point_id]).reset_index(drop=True)
        self.fifths = rows["fifth"].astype(float)
        self.points = self._place(
            rows[[P.pcn_code, P.point_id, P.patients]].astype({P.patients: float}).assign(basis="practice_lsoa"),
            list(zip(rows["x"], rows["y"], strict=True)),
        )
        told = pd.DataFrame(pledges, columns=["facility_id", "delivery", "hours", "left", "max_km", "icb_codes"])
        ids = [f"P{n}" for n in range(len(told))]
        self.pledges = told.assign(pledge_id=ids, operator_id="O").astype({"max_km": float})
        for column in ("facility_id", "delivery", "icb_codes", "pledge_id", "operator_id"):
            self.pledges[column] = self.pledges[column].astype("str")
        self.ledger = pd.DataFrame(
            {
                LedgerFrame.pledge_id: pd.Series(ids, dtype="str"),
                LedgerFrame.eligible_hours: told["hours"].astype(float),
                LedgerFrame.unmatched_hours: (told["hours"] * told["left"]).astype(float),
            }
        )
        self.names = pd.Series({code: f"{code} PCN" for code in sorted(ICB)})
        pcns = pd.DataFrame({PcnResultFrame.pcn_code: list(ICB), PcnResultFrame.icb_codes: list(ICB.values())})
        self.reach = reach_pledges(self.pledges, self.facilities, self.points, pcns.astype("str"), TRAVEL)

    @staticmethod
    def _place(frame: pd.DataFrame, spots: list) -> gpd.GeoDataFrame:
        text = frame.select_dtypes(["object", "str"]).columns
        metres = np.array(spots, dtype=float).reshape(-1, 2) * 1000 + 400_000
        return gpd.GeoDataFrame(
            frame.astype(dict.fromkeys(text, "str")), geometry=gpd.points_from_xy(*metres.T), crs=CRS
        )

    def link(self):
        journeys = find_journeys(self.facilities, self.points, TRAVEL)
        return link_pledges(self.pledges, self.facilities, self.points, self.reach, journeys, max_min=LONGEST)

    def measure(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return build_access(self.link(), self.ledger, self.names, self.fifths, PARAMS, max_min=LONGEST)

    def reachable(self, column: str) -> float:
        lived_in = self.reach[self.reach[R.pcn_code].isin(self.points[P.pcn_code])]
        return self.ledger.loc[self.ledger[LedgerFrame.pledge_id].isin(lived_in[R.pledge_id]), column].sum()


SPOT = st.tuples(st.integers(-6, 6), st.integers(-6, 6))
HOME = st.tuples(
    st.sampled_from(sorted(ICB)),
    st.sampled_from("abcd"),
    st.integers(1, 9000),
    st.just(0),
    st.just(0),
    st.integers(1, 5),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    sites = draw(st.lists(SPOT, min_size=1, max_size=4, unique=True))
    place = {point: draw(SPOT) for point in "abcd"}
    fifth = {point: draw(st.integers(1, 5)) for point in "abcd"}
    homes = [(*row[:3], *place[row[1]], fifth[row[1]]) for row in draw(st.lists(HOME, min_size=1, max_size=8))]
    facility = st.one_of(st.none(), st.sampled_from([f"F{n}" for n in range(len(sites))]))
    pledge = st.tuples(
        facility, st.sampled_from(("on_site", "on_site", "outreach", "digital", "hybrid")),
        st.sampled_from((0.0, 1.0, 70.0, 1234.5)), st.sampled_from((0.0, 0.3, 1.0)),
        st.one_of(st.none(), st.sampled_from((1.0, 3.0))), st.one_of(st.none(), st.sampled_from(("X", "Y"))),
    )  # fmt: skip
    return World(sites, homes, draw(st.lists(pledge, min_size=1, max_size=6)))


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(worlds())
def test_at_every_level_patients_have_between_them_the_hours_that_reach_anybody(world):
    told, pcns = world.measure()
    assert AccessResultFrame.validate(told) is not None
    shared = told[told[A.method].isin(SHARED)]
    for column, hours in (
        (A.hours_in_reach, LedgerFrame.eligible_hours),
        (A.hours_left_in_reach, LedgerFrame.unmatched_hours),
    ):
        sums = (shared[column] * shared[A.patients]).groupby([shared[A.level], shared[A.method]]).sum() / PER_PATIENTS
        assert len(sums) == 9
        assert sums.to_list() == pytest.approx([world.reachable(hours)] * 9, rel=1e-9, abs=1e-9)
    assert (told[A.hours_left_in_reach] <= told[A.hours_in_reach] * (1 + 1e-9) + 1e-9).all()
    mine = told[told[A.level].eq("pcn") & told[A.method].eq("e2sfca")].set_index(A.area_code)
    assert pcns.index.tolist() == sorted(ICB) == mine.index.tolist()
    assert np.allclose(mine[A.hours_in_reach], pcns[PcnResultFrame.hours_in_reach])


@settings(deadline=None, max_examples=20)
@given(worlds())
def test_a_pledge_is_reached_from_the_points_that_its_reach_counts(world):
    """The places linked are as large a part of each PCN as the table of reach says."""
    found = world.link()
    people = found.homes[P.patients].to_numpy()
    whole = world.points.groupby(P.pcn_code)[P.patients].sum()
    linked = found.near.matrix(np.ones(len(found.near.place))).toarray()
    for row in world.reach[world.reach[R.basis].eq("distance")].itertuples():
        mine = found.homes[P.pcn_code].eq(row.pcn_code).to_numpy()
        inside = (people * linked[found.groups[row.pledge_id]] * mine).sum()
        assert inside / whole[row.pcn_code] == pytest.approx(row.reach_share, rel=1e-9)


def access_by_hand(world: World, method: str) -> dict[str, float]:
    """By PCN, per 1,000 patients: each pledge and each home in turn."""
    decay = GaussianDecay(width_min=LONGEST / 2, max_min=LONGEST)
    homes = [(row.pcn_code, row.patients, row.geometry) for row in world.points.itertuples()]
    site = world.facilities.set_index(FacilityFrame.facility_id).geometry

    def weigh(minutes: float) -> float:
        return 1.0 if method == "2sfca" else float(decay.weigh(np.array([min(minutes, LONGEST)]))[0])

    links, limits = {}, world.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.max_km]
    for row in world.reach.itertuples():
        for n, (pcn, _, spot) in enumerate(homes):
            if pcn != row.pcn_code:
                continue
            if row.basis != "distance":
                links[row.pledge_id, n] = (None, weigh(row.minutes_min), 0.0)
                continue
            metres = site[row.catchment].distance(spot)
            most = min(TRAVEL.farthest_m, np.nan_to_num(limits[row.pledge_id], nan=1e9) * 1000)
            if metres <= most + 1e-6:
                minutes = metres * TRAVEL.minutes_per_m("drive")
                links[row.pledge_id, n] = (row.catchment, weigh(minutes), weigh(minutes))
    if method == "3sfca":
        for n in range(len(homes)):
            choices = {where: each for (_, home), (where, _, each) in links.items() if home == n and where is not None}
            for key in [key for key in links if key[1] == n and links[key][0] is not None]:
                where, weight, each = links[key]
                links[key] = (where, weight * each / sum(choices.values()), each)
    hours = world.ledger.set_index(LedgerFrame.pledge_id)[LedgerFrame.eligible_hours]
    told = dict.fromkeys(ICB, 0.0)
    for pledge in {key[0] for key in links}:
        coming = sum(homes[n][1] * weight for (name, n), (_, weight, _) in links.items() if name == pledge)
        for (name, n), (_, weight, _) in links.items():
            if name == pledge:
                told[homes[n][0]] += hours[pledge] / coming * weight * homes[n][1]
    whole = world.points.groupby(P.pcn_code)[P.patients].sum()
    return {code: value / whole[code] * PER_PATIENTS if code in whole else 0.0 for code, value in told.items()}


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(worlds(), st.sampled_from(SHARED))
def test_access_is_the_rules_one_pledge_at_a_time(world, method):
    told, _ = world.measure()
    mine = told[told[A.level].eq("pcn") & told[A.method].eq(method)].set_index(A.area_code)[A.hours_in_reach]
    assert mine.to_dict() == pytest.approx(access_by_hand(world, method), rel=1e-9, abs=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(world, random):
    expected = world.measure()
    for name in ("pledges", "reach", "ledger"):
        rows = getattr(world, name)
        setattr(world, name, rows.iloc[random.sample(range(len(rows)), len(rows))].reset_index(drop=True))
    for frame, again in zip(expected, world.measure(), strict=True):
        pd.testing.assert_frame_equal(frame, again, rtol=1e-9)


def test_levels_methods_and_the_nearest_by_hand():
    """F0 and F1 stand 1 km apart; U1 lives at F0 and U2 half at F1, half 9 km off; F2 has only digital hours."""
    world = World(
        sites=[(0, 0), (1, 0), (0, 6)],
        homes=[("U1", "a", 1000, 0, 0, 1), ("U2", "b", 300, 1, 0, 2), ("U2", "c", 300, 10, 0, 5)],
        pledges=[
            ("F0", "on_site", 100.0, 0.5, None, None), ("F0", "on_site", 60.0, 0.0, None, None),
            ("F1", "on_site", 26.0, 1.0, 0.5, None), ("F2", "digital", 32.0, 0.0, None, "Y"),
        ],
    )  # fmt: skip
    told, pcns = world.measure()
    rows = told.set_index([A.level, A.method, A.area_code])
    near = np.exp(-0.5 * (1000 * TRAVEL.minutes_per_m("drive") / (LONGEST / 2)) ** 2)
    # Digital hours for ICB Y: 32 h for the 600 of U2 (and nobody of U3), wherever they live.
    first, online = 160 / (1000 + 300 * near), 32 / 600
    assert rows.loc[("lsoa", "e2sfca", "a"), A.hours_in_reach] == pytest.approx(1000 * first)
    # F1 is for those within 500 m of it: the 300 at b.
    assert rows.loc[("lsoa", "e2sfca", "b"), A.hours_in_reach] == pytest.approx(
        1000 * (first * near + 26 / 300 + online)
    )
    assert rows.loc[("lsoa", "2sfca", "c"), A.hours_in_reach] == pytest.approx(1000 * online)
    mean = (rows.loc[("lsoa", "e2sfca", "b"), A.hours_in_reach] + 1000 * online) / 2
    assert rows.loc[("pcn", "e2sfca", "U2"), A.hours_in_reach] == pytest.approx(mean)
    assert rows.loc[("imd_fifth", "e2sfca", "1"), A.hours_in_reach] == pytest.approx(1000 * first)
    assert rows.loc[("imd_fifth", "e2sfca", "3")].to_dict() == {
        A.area_name: "third fifth", A.patients: 0, A.hours_in_reach: 0.0, A.hours_left_in_reach: 0.0,
        A.nearest_min: pytest.approx(np.nan, nan_ok=True),
    }  # fmt: skip
    # Hours at the nearest as they are: 160 at F0 for both, and 26 more at F1 for those who may use it.
    assert rows.loc[("lsoa", "nearest", "a"), [A.hours_in_reach, A.hours_left_in_reach]].tolist() == [160.0, 50.0]
    assert rows.loc[("lsoa", "nearest", "b"), [A.hours_in_reach, A.hours_left_in_reach]].tolist() == [186.0, 76.0]
    assert rows.loc[("pcn", "nearest", "U2"), A.hours_in_reach] == pytest.approx(93.0)
    assert rows.loc[("pcn", "nearest", "U2"), A.nearest_min] == 0.0
    assert np.isnan(rows.loc[("lsoa", "nearest", "c"), A.nearest_min])
    assert rows.loc[("pcn", "nearest", "U3"), [A.patients, A.hours_in_reach]].tolist() == [0, 0.0]
    assert rows.loc[("pcn", "2sfca", "U2"), A.area_name] == "U2 PCN"
    assert pcns.loc["U1", PcnResultFrame.hours_left_in_reach] == pytest.approx(1000 * first * 50 / 160)


def test_nobody_in_reach_of_anything():
    world = World([(0, 0)], [("U1", "a", 10, 40, 0, 1)], [("F0", "on_site", 5.0, 1.0, None, None)])
    assert world.reach.empty
    told, pcns = world.measure()
    assert not told[[A.hours_in_reach, A.hours_left_in_reach]].to_numpy().any()
    assert told[A.nearest_min].isna().all() and not pcns.to_numpy().any()


def test_places_without_an_lsoa_are_in_no_row_of_one():
    world = World(
        [(0, 0)], [("U1", "a", 10, 0, 0, 1), ("U1", "P", 5, 0, 0, 1)], [("F0", "on_site", 5.0, 1.0, None, None)]
    )
    world.points[P.basis] = world.points[P.basis].mask(world.points[P.point_id].eq("P"), "practice_postcode")
    world.fifths[1] = np.nan
    told, _ = world.measure()
    people = told[told[A.method].eq("2sfca")].groupby(A.level)[A.patients].sum()
    assert people.to_dict() == {"imd_fifth": 10, "lsoa": 10, "pcn": 15}
