"""Whom to ask where places are wanting, worked by hand on a line of a few kilometres; and laws that hold in any world.

    0 F1 hall, pledged dance     1 F2 pool     2 S1 pool and hall     3 S2 hall     4 item dance     9 S3 pool     km

Pathways  swim in a pool; dance in a hall or online, for those aged 50 and over
PCNs      A wants 5 of swim and 3 of dance, B wants 2 of dance (its link workers cannot refer more), C wants 4 of dance
Reach     A: F2 (all, 6 min), S1 (all, 6 min), S2 (half, 2 min).  C: F1 (all, 1 min), S2 (all, 9), the item (0.4, 3).

A swim   F2 and S1 reach all of A in 6 minutes: the bank's own comes first by its id ("F2" before "active_places:S1").
A dance  S1 (all), then S2 (half); F1 has pledged it; F2 is a pool.
B        nobody: more hours would not mend it.
C dance  S2 (all), then the item; F1 is in reach but has pledged dance.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import make_frame, pathway, pledge

from geomap.asks import MENDED, find_askable, find_asks
from geomap.config import TravelParams, load_default
from geomap.schema import (
    AskFrame,
    BankTables,
    FacilityFrame,
    LinkFrame,
    OperatorFrame,
    OpportunityFrame,
    PairFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
    UnmetFrame,
    VenueFrame,
)
from geomap.schema.words import CRS, UNMET_REASONS
from geomap.travel import link_pairs
from geomap.validate import check_frame

PATHWAYS = make_frame(
    PathwayFrame,
    [
        pathway("dance", venue_types="hall;online", age_min=50.0),
        pathway("swim", venue_types="pool"),
    ],
)
DRIVE = TravelParams.model_validate(load_default("travel"))
REACH_M = 5_000.0
"""How far the shipped settings let a patient drive, in a straight line."""
PCNS = pd.DataFrame({PcnResultFrame.pcn_code: list("ABC"), PcnResultFrame.pcn_name: ["Ash", "Beech", "Cedar"]})


def facility(facility_id: str, km: float, venue_type: str, **more: object) -> dict[str, object]:
    f = FacilityFrame
    told = {f.operator_id: "O1", f.facility_name: f"The {facility_id}", f.location_basis: "coordinates"}
    return {f.facility_id: facility_id, f.venue_type: venue_type, "km": km, **told, **more}


def bank_of(facilities: list[dict[str, object]], pledges: list[dict[str, object]]) -> BankTables:
    points = gpd.points_from_xy([1000 * row["km"] for row in facilities], [0] * len(facilities))
    operators = [{OperatorFrame.operator_id: f"O{k}", OperatorFrame.operator_name: f"Trust {k}"} for k in (1, 2)]
    return BankTables(
        operators=make_frame(OperatorFrame, operators),
        facilities=gpd.GeoDataFrame(make_frame(FacilityFrame, facilities), geometry=points, crs=CRS),
        pledges=make_frame(PledgeFrame, pledges),
        links=LinkFrame.no_rows(),
    )


def site(site_id: str, km: float, venue_types: str, **more: object) -> dict[str, object]:
    f = VenueFrame
    return {f.site_id: site_id, f.venue_types: venue_types, f.easting: 1000.0 * km, f.northing: 0.0, **more}


def item(key: str, km: float | None, pathways: str, **more: object) -> dict[str, object]:
    f = OpportunityFrame
    told = {f.source: "openactive", f.kind: "SessionSeries", f.opportunity_name: f"Item {key}", f.sessions: 1}
    spot = {} if km is None else {f.easting: 1000.0 * km, f.northing: 0.0, f.venue_name: "Hall"}
    return {f.opportunity_id: key, f.pathways: pathways, f.activities: "Dance", **told, **spot, **more}


def askable_of(
    facilities: list[dict[str, object]] = (),
    pledges: list[dict[str, object]] = (),
    sites: list[dict[str, object]] = (),
    items: list[dict[str, object]] = (),
):
    venues, opportunities = make_frame(VenueFrame, sites), make_frame(OpportunityFrame, items)
    return find_askable(bank_of(list(facilities), list(pledges)), venues, opportunities, PATHWAYS)


def could(askable) -> dict[str, list[str]]:
    """Key → pathways it could be asked for."""
    return {key: list(row.index[row]) for key, row in askable.serves.iterrows()}


def unmet_of(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    f = UnmetFrame
    return make_frame(
        UnmetFrame,
        [
            {f.pcn_code: pcn, f.pathway_id: key, f.reason: why, f.demand_places: n, f.matched_places: 0}
            | {f.unmet_places: n}
            for pcn, key, n, why in rows
        ],
    )


def pairs_of(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    f = PairFrame
    frame = pd.DataFrame(rows, columns=[f.facility_id, f.pcn_code, f.reach_share, f.minutes_min])
    return frame.astype({f.facility_id: "str", f.pcn_code: "str", f.reach_share: "float64", f.minutes_min: "float64"})


def listed(asks: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(asks[list(columns)].itertuples(index=False, name=None))


FACILITIES = [facility("F1", 0, "hall"), facility("F2", 1, "pool")]
PLEDGES = [pledge("P1", "dance", 10.0, **{PledgeFrame.facility_id: "F1"})]
NAMED = {VenueFrame.site_name: "Second Site"}
SITES = [site("S1", 2, "pool;hall", **NAMED), site("S2", 3, "hall"), site("S3", 9, "pool")]
UNMET = unmet_of(
    ("A", "swim", 5, "hours_used_up"), ("A", "dance", 3, "none_within_reach"),
    ("B", "dance", 2, "link_worker_ceiling"), ("C", "dance", 4, "partly_out_of_reach"),
)  # fmt: skip
PAIRS = pairs_of(
    ("F2", "A", 1.0, 6.0), ("active_places:S1", "A", 1.0, 6.0), ("active_places:S2", "A", 0.5, 2.0),
    ("F1", "C", 1.0, 1.0), ("active_places:S2", "C", 1.0, 9.0), ("openactive:x", "C", 0.4, 3.0),
    ("F2", "B", 1.0, 1.0), ("active_places:S2", "B", 1.0, 1.0),
)  # fmt: skip
A = AskFrame


def ask_tiny(most: int = 5) -> pd.DataFrame:
    askable = askable_of(FACILITIES, PLEDGES, SITES, [item("x", 4, "dance")])
    return find_asks(UNMET, askable, PAIRS, pcns=PCNS, most=most)


def test_the_world_worked_by_hand() -> None:
    asks = ask_tiny()
    assert listed(asks, A.pcn_code, A.pathway_id, A.unmet_places, A.rank, A.source, A.ask_id, A.reach_share) == [
        ("A", "dance", 3, 1, "active_places", "S1", 1.0),
        ("A", "dance", 3, 2, "active_places", "S2", 0.5),
        ("A", "swim", 5, 1, "bank", "F2", 1.0),
        ("A", "swim", 5, 2, "active_places", "S1", 1.0),
        ("C", "dance", 4, 1, "active_places", "S2", 1.0),
        ("C", "dance", 4, 2, "openactive", "x", 0.4),
    ]
    first = asks.iloc[0]
    assert (first[A.pcn_name], first[A.ask_name], first[A.offers]) == ("Ash", "Second Site", "pool;hall")
    assert asks[A.operator_name].tolist()[2] == "Trust 1"
    assert asks[A.ask_name].isna().tolist() == [False, True, False, False, True, False]
    assert check_frame(asks, AskFrame, source="asks")[1] == []


def test_no_more_are_listed_than_asked_for() -> None:
    assert ask_tiny(1)[A.rank].tolist() == [1, 1, 1]
    assert ask_tiny(0).empty and list(ask_tiny(0)) == list(AskFrame.to_schema().columns)


@pytest.mark.parametrize("reason", UNMET_REASONS)
def test_nobody_is_asked_where_more_hours_mend_nothing(reason: str) -> None:
    unmet = unmet_of(("A", "swim", 5, reason))
    asks = find_asks(unmet, askable_of(FACILITIES), PAIRS, pcns=PCNS, most=5)
    assert len(asks) == (reason in MENDED)
    assert set(UNMET_REASONS) - set(MENDED) == {"link_worker_ceiling", "kept_apart"}


def test_whoever_pledged_a_pathway_is_not_asked_for_it_but_for_others() -> None:
    many = [facility("F1", 0, "hall", **{FacilityFrame.other_venue_types: "pool"}), facility("F2", 1, "hall")]
    assert could(askable_of(many, PLEDGES)) == {"F1": ["swim"], "F2": ["dance"]}
    wide = pledge("P1", "dance;swim", 10.0, **{PledgeFrame.facility_id: None})
    assert could(askable_of(many, [wide])) == {}
    theirs = many + [facility("F3", 2, "hall", **{FacilityFrame.operator_id: "O2"})]
    assert could(askable_of(theirs, [wide])) == {"F3": ["dance"]}


def test_what_stands_at_a_facility_that_pledged_is_that_facility() -> None:
    """50 m where its place is known, 200 m where it was found by its postcode."""
    near = [site("S1", 0.050, "hall;pool"), site("S2", 0.051, "hall")]
    items = [item("at", 0.049, "dance;swim"), item("by", 0.19, "dance"), item("far", 0.201, "dance")]
    given = could(askable_of(FACILITIES[:1], PLEDGES, near[1:], items))
    # S2 is no more than 2 m from an item, but that is not asked for dance: it stands at F1.
    assert given == {"active_places:S2": ["dance"], "openactive:at": ["swim"], "openactive:by": ["dance"],
                     "openactive:far": ["dance"]}  # fmt: skip
    given = could(askable_of(FACILITIES[:1], PLEDGES, near))
    assert given == {"active_places:S1": ["swim"], "active_places:S2": ["dance"]}
    by_postcode = [facility("F1", 0, "hall", **{FacilityFrame.location_basis: "postcode"})]
    given = could(askable_of(by_postcode, PLEDGES, [], items))
    assert given == {"openactive:at": ["swim"], "openactive:far": ["dance"]}


def test_a_site_that_a_feed_tells_more_of_is_asked_through_the_feed() -> None:
    askable = askable_of(sites=[site("S1", 2, "hall;pool")], items=[item("x", 2.03, "dance")])
    assert could(askable) == {"active_places:S1": ["swim"], "openactive:x": ["dance"]}


def test_one_service_stands_for_all_of_its_operator_at_one_place() -> None:
    f = OpportunityFrame
    own = {f.operator_name: "Club"}
    items = [item("b", 2, "dance;swim", **own), item("a", 2, "dance", **own), item("c", 2, "swim", **own),
             item("d", 2, "dance", **{f.operator_name: "Other"}), item("e", 3, "dance", **own)]  # fmt: skip
    assert could(askable_of(items=items)) == {
        "openactive:a": ["dance"], "openactive:b": ["swim"], "openactive:d": ["dance"], "openactive:e": ["dance"],
    }  # fmt: skip


def test_ages_that_do_not_meet_are_not_asked() -> None:
    f = OpportunityFrame
    items = [item("young", 2, "dance", **{f.age_max: 49.0}), item("meets", 3, "dance", **{f.age_max: 50.0}),
             item("old", 4, "swim", **{f.age_min: 100.0})]  # fmt: skip
    assert could(askable_of(items=items)) == {"openactive:meets": ["dance"], "openactive:old": ["swim"]}


def test_what_is_online_reaches_everybody_and_one_stands_for_all() -> None:
    """Swim cannot be had online; a service that names a venue nobody can place is not online."""
    lost = {OpportunityFrame.venue_name: "place not stated"}
    items = [item("b", None, "dance;swim"), item("a", None, "dance"), item("lost", None, "dance", **lost)]
    askable = askable_of(FACILITIES, PLEDGES, SITES[1:2], items)
    assert could(askable)["openactive:a"] == ["dance"] and "openactive:b" not in askable.told.index
    assert askable.places[PairFrame.facility_id].tolist() == ["F2", "active_places:S2"]
    asks = find_asks(UNMET, askable, PAIRS, pcns=PCNS, most=5)
    dance = asks[asks[A.pathway_id] == "dance"]
    assert listed(dance, A.pcn_code, A.rank, A.ask_id, A.minutes_min) == [
        ("A", 1, "a", 0.0), ("A", 2, "S2", 2.0), ("C", 1, "a", 0.0), ("C", 2, "S2", 9.0),
    ]  # fmt: skip


def test_without_anybody_to_ask_there_is_an_empty_table() -> None:
    asks = find_asks(UNMET, askable_of(), pairs_of(), pcns=PCNS, most=5)
    assert asks.empty and check_frame(asks, AskFrame, source="asks")[1] == []


@st.composite
def worlds(draw: st.DrawFn):
    """Places strewn over 12 km, pledges of some, and PCNs at three points, any of which may want."""
    km = st.floats(0, 12, allow_nan=False).map(lambda value: round(value, 3))
    kinds = st.sampled_from(["hall", "pool", "gym", "pool;hall"])
    offered = st.sampled_from(["dance", "swim", "dance;swim"])
    one = st.sampled_from(["hall", "pool"])
    facilities = [facility(f"F{k}", draw(km), draw(one)) for k in range(draw(st.integers(0, 4)))]
    places = st.sampled_from([row[FacilityFrame.facility_id] for row in facilities] or [None])
    pledges = [
        pledge(f"P{k}", draw(offered), 5.0, **{PledgeFrame.facility_id: draw(places)})
        for k in range(draw(st.integers(0, 3)))
    ]
    sites = [site(f"S{k}", draw(km), draw(kinds)) for k in range(draw(st.integers(0, 6)))]
    operator = st.sampled_from([None, "Club", "Other"])
    items = [
        item(f"i{k}", draw(st.one_of(km, st.none())), draw(offered), **{OpportunityFrame.operator_name: draw(operator)})
        for k in range(draw(st.integers(0, 6)))
    ]
    reasons = st.sampled_from(list(UNMET_REASONS))
    unmet = unmet_of(
        *((pcn, key, draw(st.integers(0, 3)), draw(reasons)) for pcn in "ABC" for key in ("dance", "swim"))
    )
    return facilities, pledges, sites, items, unmet


def homes() -> gpd.GeoDataFrame:
    """A lives at 0 and 3 km, B at 5, C at 8 and 12."""
    spots, codes = [0, 3, 5, 8, 12], list("AABCC")
    f = PopulationPointFrame
    columns = {f.pcn_code: codes, f.point_id: list("12345"), f.patients: 100.0, f.basis: "practice_lsoa"}
    points = gpd.points_from_xy([1000.0 * km for km in spots], [0.0] * 5)
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=points, crs=CRS)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(worlds(), st.integers(1, 4), st.randoms())
def test_laws_of_whom_to_ask(world, most: int, random) -> None:
    facilities, pledges, sites, items, unmet = world
    askable = askable_of(facilities, pledges, sites, items)
    points = homes()
    asks = find_asks(unmet, askable, link_pairs(askable.places, points, DRIVE), pcns=PCNS, most=most)
    assert check_frame(asks, AskFrame, source="asks")[1] == []
    # Ranks run from 1, and nobody stands twice in a list.
    for _, rows in asks.groupby([A.pcn_code, A.pathway_id]):
        assert rows[A.rank].tolist() == list(range(1, len(rows) + 1)) and len(rows) <= most
        assert not rows[[A.source, A.ask_id]].duplicated().any()
        order = list(zip(-rows[A.reach_share].round(6), rows[A.minutes_min].round(6), strict=True))
        assert order == sorted(order)
    # Only what is wanting, and what more hours would mend.
    u = UnmetFrame
    wanting = unmet[(unmet[u.unmet_places] > 0) & unmet[u.reason].isin(MENDED)]
    cells = {(pcn, key): n for pcn, key, n in listed(wanting, u.pcn_code, u.pathway_id, u.unmet_places)}
    assert all(cells[pcn, key] == n for pcn, key, n in listed(asks, A.pcn_code, A.pathway_id, A.unmet_places))
    # Nobody who pledged the pathway there, or anywhere by its operator.
    given_at = {(row[PledgeFrame.facility_id], key) for row in pledges for key in row[PledgeFrame.pathways].split(";")}
    own = asks[asks[A.source] == "bank"]
    assert not given_at & set(listed(own, A.ask_id, A.pathway_id))
    assert not {(None, key) for key in own[A.pathway_id]} & given_at
    # Never beyond reach.
    spot = {row[FacilityFrame.facility_id]: row["km"] for row in facilities}
    spot |= {row[VenueFrame.site_id]: row[VenueFrame.easting] / 1000 for row in sites}
    spot |= {row[OpportunityFrame.opportunity_id]: row.get(OpportunityFrame.easting, np.nan) / 1000 for row in items}
    lived = {"A": (0, 3), "B": (5,), "C": (8, 12)}
    for pcn, key, share in listed(asks, A.pcn_code, A.ask_id, A.reach_share):
        if not np.isnan(spot[key]):
            inside = [abs(spot[key] - home) * 1000 <= REACH_M * (1 + 1e-9) for home in lived[pcn]]
            assert share == pytest.approx(sum(inside) / len(inside))
    # The order of rows changes nothing.
    for rows in (facilities, pledges, sites, items):
        random.shuffle(rows)
    again = askable_of(facilities, pledges, sites, items)
    pairs = link_pairs(again.places, points, DRIVE).sample(frac=1, random_state=1)
    back = find_asks(unmet.sample(frac=1, random_state=2), again, pairs, pcns=PCNS, most=most)
    pd.testing.assert_frame_equal(asks, back)
