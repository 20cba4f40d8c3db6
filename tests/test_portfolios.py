"""Portfolios as tables, worked by hand, and the independent check of what was asked of them."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from small_worlds import demand_row, make_frame, need_row
from test_locate import wishes

from geomap.config import QuotaParams
from geomap.errors import SolveError
from geomap.portfolios import FoundPortfolio, PortfolioSources, tell_portfolios
from geomap.proof import SiteClaims, check_portfolios
from geomap.schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    DemandFrame,
    NeedFrame,
    PortfolioFrame,
)


def candidate(site_id: str, pcn_codes: str, **more: object) -> dict[str, object]:
    f = CandidateFrame
    return {
        f.site_id: site_id, f.site_name: site_id.lower(), f.pcn_codes: pcn_codes, f.icb_code: "Q1", f.icb_name: "One",
        f.region_code: "Y1", f.region_name: "North", f.patients: 1000, f.need_index: 0.5, f.deprivation_fifth: 1.0,
        f.rurality: "rural", f.density: 1.0, f.link_worker_fte: 1.0, f.hours_in_reach: 5.0,
        f.operator_kinds: "charity;private", f.pathways: "w", f.setup_cost: 10.0, f.easting: 0.0, f.northing: 0.0,
        **more,
    }  # fmt: skip


CANDIDATES = make_frame(
    CandidateFrame,
    [
        candidate("G1", "A;B"),
        candidate("G2", "C", region_code="Y2", easting=4_000.0, setup_cost=30.0, pathways="v;w"),
        candidate("G3", "D", deprivation_fifth=5.0, northing=9_000.0, operator_kinds="library"),
    ],
)
DEMAND = make_frame(
    DemandFrame, [demand_row("A", "w", 10), demand_row("B", "w", 0), demand_row("C", "w", 4), demand_row("D", "w", 8)]
)
WEIGHTS = {"A": 1.0, "B": 2.0, "C": 1.5, "D": 1.0}
NEED = make_frame(NeedFrame, [need_row(code, weight) for code, weight in WEIGHTS.items()])


def given(*rows: tuple[str, int]) -> pd.DataFrame:
    """A plan: PCN and places, each of one pledge at a hall of its own."""
    f = AllocationResultFrame
    return make_frame(
        f,
        [
            {
                f.pledge_id: f"p{at}", f.facility_id: f"hall{at}", f.pathway_id: "w", f.pcn_code: code,
                f.places: places, f.matched_hours: 2.0 * places, f.completions: 0.5 * places,
            }
            for at, (code, places) in enumerate(rows)
        ],
    )  # fmt: skip


def found(*rows: tuple[str, int], ids: tuple[str, ...]) -> FoundPortfolio:
    return FoundPortfolio(
        site_ids=frozenset(ids), value=9.0, bound=10.0, gap_share=0.1, status="stopped", allocation=given(*rows)
    )


SOURCES = PortfolioSources(candidates=CANDIDATES, need=NEED, demand=DEMAND)


def test_what_a_portfolio_and_its_sites_come_to() -> None:
    first = found(("A", 5), ("A", 1), ("C", 4), ids=("G1", "G2"))
    second = found(("A", 5), ids=("G1", "G3"))
    portfolios, chosen = tell_portfolios([first, second], SOURCES)
    PortfolioFrame.validate(portfolios)
    ChosenSiteFrame.validate(chosen)
    row = portfolios.iloc[0]
    assert (row["places"], row["completions"], row["matched_hours"], row["setup_cost"]) == (10, 5.0, 20.0, 40.0)
    assert row["worst_coverage_share"] == 0.6 and row["differs_by"] == 1
    assert portfolios["worst_coverage_share"].iloc[1] == 0.0  # D has nothing of 8; B wants nothing
    mine = chosen[chosen["portfolio"] == 1]
    assert mine["site_id"].tolist() == ["G1", "G2"] and mine["site_rank"].tolist() == [1, 2]
    assert mine["value"].tolist() == [3.0, 3.0] and mine["facilities"].tolist() == [2, 1]
    assert mine["demand_places"].tolist() == [10, 4] and mine["coverage_share"].tolist() == [0.6, 1.0]
    assert chosen["site_id"].tolist()[2:] == ["G1", "G3"] and chosen["coverage_share"].iloc[3] == 0.0


def test_the_order_of_rows_changes_nothing() -> None:
    one = [found(("A", 5), ("C", 4), ("A", 1), ids=("G1", "G2"))]
    other = [dataclasses.replace(one[0], allocation=one[0].allocation.iloc[::-1])]
    mixed = dataclasses.replace(SOURCES, candidates=CANDIDATES.iloc[::-1], demand=DEMAND.iloc[::-1])
    for left, right in zip(tell_portfolios(one, SOURCES), tell_portfolios(other, mixed), strict=True):
        pd.testing.assert_frame_equal(left, right)


GOOD = {"count": 2, "differ_by": 1}


def claims(*ids: tuple[str, ...], rows: tuple[tuple[str, int], ...] = (("A", 6),), **told: object) -> SiteClaims:
    return SiteClaims(
        chosen=[frozenset(some) for some in ids],
        allocations=[given(*rows) for _ in ids],
        candidates=CANDIDATES,
        demand=DEMAND,
        params=wishes(**(GOOD | told)),
    )


def test_portfolios_that_keep_to_all_that_was_asked_pass() -> None:
    quota = (
        QuotaParams(by="region", value="Y2", at_least=1, at_most=1),
        QuotaParams(by="icb", value="One", at_least=2),
        QuotaParams(by="deprivation_fifth", value="5", at_most=0),
        QuotaParams(by="operator_kind", value="private", at_least=2),
        QuotaParams(by="pathway", value="v", at_least=1),
    )
    told = {"budget": 40.0, "spacing_km": 4.0, "must_include": ("G2",), "must_exclude": ("G3",), "quota": quota}
    check_portfolios(claims(("G1", "G2"), **told))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (claims(("G1",)), "1 sites and not 2"),
        (claims(("G1", "G2"), must_include=("G3",)), "without G3"),
        (claims(("G1", "G2"), must_exclude=("G2",)), "with G2"),
        (claims(("G1", "G2"), budget=39.0), "costs 40.00 pounds"),
        (claims(("G1", "G2"), spacing_km=5.0), "too near"),
        (claims(("G1", "G2"), quota=(QuotaParams(by="region", value="Y1", at_least=2),)), "1 sites of region Y1"),
        (claims(("G1", "G2"), quota=(QuotaParams(by="rurality", value="rural", at_most=1),)), "2 sites of rurality"),
        (claims(("G2", "G3"), quota=(QuotaParams(by="pathway", value="v", at_most=0),)), "1 sites of pathway v"),
        (claims(("G2", "G3")), "places for A, which is in none of its sites"),
        (claims(("G1", "G2"), min_coverage=0.5), "C has less than its least coverage"),
        (claims(("G1", "G2"), ("G2", "G1")), "Portfolios 1 and 2 differ in 0 sites only"),
        (claims(("G1", "G2"), ("G1", "G3"), differ_by=2), "differ in 1 sites only"),
    ],
)  # fmt: skip
def test_every_broken_wish_is_named(case: SiteClaims, said: str) -> None:
    with pytest.raises(SolveError, match=said):
        check_portfolios(case)
