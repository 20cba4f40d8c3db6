"""The summary tables for the board: worked by hand on a small plan, and laws that hold on any.

Three operators: the council (public) with halls H1 and H2, a charity (voluntary) with H3, an app (private) without one.

P1  council, H1: walking and rehab; a walk leader and a rehab instructor. 100 h eligible; 3 places of rehab (24 h) and
    5 of walking (20 h).
P2  council, H2: walking; names no role. 40 h eligible, 2 places of walking (8 h).
P3  charity, H3: rehab; a yoga teacher, whom rehab does not name. 60 h eligible, nothing matched.
P4  the app, no facility: walking; a coach. 10 h eligible, 1 place of walking (4 h).
P5  council, H1: could deliver nothing; 30 h pledged, none eligible.

Walking (4 h a place) may be led by anybody, rehab (8 h) by a rehab instructor. Dance is in the catalogue, and nobody
wants it.
"""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import made_up_tables
from small_worlds import make_frame

from geomap.board import (
    FIGURE_UNITS,
    WANT_OF_HOURS,
    PlanTables,
    build_figures,
    build_gaps,
    build_health_budgets,
    build_provision,
    build_sectors,
)
from geomap.config import HealthBudgetParams
from geomap.phrases_choice import FIGURES
from geomap.schema import (
    AllocationResultFrame,
    FigureFrame,
    GapFrame,
    HealthBudgetFrame,
    LedgerFrame,
    LinkFrame,
    OfferFrame,
    OperatorFrame,
    PathwayFrame,
    PlanFacts,
    PledgeFrame,
    ProvisionFrame,
    SectorFrame,
    UnmetFrame,
)
from geomap.schema.words import SECTOR_NAMES, UNMET_REASONS

PATHWAYS = make_frame(
    PathwayFrame,
    [
        {"pathway_id": "walk", "pathway_name": "Walking", "course_hours": 4.0, "roles": ""},
        {"pathway_id": "rehab", "pathway_name": "Rehabilitation", "course_hours": 8.0, "roles": "rehab_instructor"},
        {"pathway_id": "dance", "pathway_name": "Dance", "course_hours": 15.0, "roles": ""},
    ],
)
BUDGET = HealthBudgetParams(hour_cost=5.0, total=1000.0)
SPENT = make_frame(
    HealthBudgetFrame,
    [{"pathway_id": name, "wanting_places": 10, "bought_places": 4, "course_hours": 1.0} for name in ("falls", "walk")],
)


def link(status: str, *, operator: str | None = None, facility: str | None = None) -> dict:
    return {"operator_id": operator, "facility_id": facility, "organisation_code": "U1", "link_status": status}


def place(pledge: str, operator: str, pathway: str, places: int, hours: float) -> dict:
    return {
        "pledge_id": pledge, "operator_id": operator, "pathway_id": pathway, "pcn_code": "U1", "places": places,
        "matched_hours": hours,
    }  # fmt: skip


def book(pledge: str, operator: str, facility: str | None, pledged: float, eligible: float, matched: float) -> dict:
    return {
        "pledge_id": pledge, "operator_id": operator, "facility_id": facility, "pledged_hours": pledged,
        "eligible_hours": eligible, "matched_hours": matched,
    }  # fmt: skip


@pytest.fixture
def plan() -> PlanTables:
    kinds = {"council": "local_authority", "charity": "charity", "app": "digital"}
    roles = {"P1": "walk_leader;rehab_instructor", "P2": None, "P3": "yoga_teacher", "P4": "coach", "P5": "walk_leader"}
    offered = [("P1", "rehab"), ("P1", "walk"), ("P2", "walk"), ("P3", "rehab"), ("P4", "walk")]
    return PlanTables(
        operators=make_frame(OperatorFrame, [{"operator_id": o, "operator_kind": k} for o, k in kinds.items()]),
        pledges=make_frame(PledgeFrame, [{"pledge_id": p, "roles": r} for p, r in roles.items()]),
        pathways=PATHWAYS,
        offers=pd.DataFrame(offered, columns=[OfferFrame.pledge_id, OfferFrame.pathway_id]).astype("str"),
        links=make_frame(
            LinkFrame,
            [
                link("none", operator="council"),
                link("formal", operator="council", facility="H1"),
                link("unknown", facility="H3"),
                link("informal", facility="H3"),
                link("formal", operator="app", facility="H9"),
            ],
        ),
        ledger=make_frame(
            LedgerFrame,
            [
                book("P1", "council", "H1", 100, 100, 44),
                book("P2", "council", "H2", 50, 40, 8),
                book("P3", "charity", "H3", 60, 60, 0),
                book("P4", "app", None, 10, 10, 4),
                book("P5", "council", "H1", 30, 0, 0),
            ],
        ),
        allocation=make_frame(
            AllocationResultFrame,
            [
                place("P1", "council", "rehab", 3, 24),
                place("P1", "council", "walk", 4, 16),
                place("P1", "council", "walk", 1, 4),
                place("P2", "council", "walk", 2, 8),
                place("P4", "app", "walk", 1, 4),
            ],
        ),
    )


UNMET = make_frame(
    UnmetFrame,
    [
        {"pcn_code": pcn, "pathway_id": pathway, "demand_places": wanted, "matched_places": given,
         "unmet_places": wanted - given, "reason": reason}
        for pcn, pathway, wanted, given, reason in (
            ("U1", "walk", 10, 8, "hours_used_up"),
            ("U2", "walk", 3, 0, "link_worker_ceiling"),
            ("U3", "walk", 0, 0, None),
            ("U1", "rehab", 3, 3, None),
            ("U2", "rehab", 10, 0, "none_within_reach"),
            ("U3", "rehab", 5, 0, "below_minimum_group"),
            ("U4", "rehab", 6, 1, "kept_apart"),
        )
    ],
)  # fmt: skip


def test_provision_by_hand(plan: PlanTables) -> None:
    provision = build_provision(plan)
    ProvisionFrame.validate(provision, lazy=True)
    assert provision.to_numpy().tolist() == [
        # Of P1's roles only the instructor may lead rehab; the link of its hall outdoes that of the council.
        ["rehab", "rehab_instructor", "formal", 1, 1, 1, 100.0, 24.0],
        # Nobody whom rehab names, and yet it is offered: told as it is.
        ["rehab", "yoga_teacher", "informal", 1, 1, 1, 60.0, 0.0],
        # The app's formal link is one of a hall, and this pledge is of none.
        ["walk", "coach", "unknown", 1, 0, 1, 10.0, 4.0],
        # H2 has no link of its own, so that the council's stands.
        ["walk", "not_stated", "none", 1, 1, 1, 40.0, 8.0],
        ["walk", "rehab_instructor", "formal", 1, 1, 1, 100.0, 20.0],
        ["walk", "walk_leader", "formal", 1, 1, 1, 100.0, 20.0],
    ]


def test_a_role_told_twice_counts_once(plan: PlanTables) -> None:
    twice = plan.pledges.assign(**{PledgeFrame.roles: plan.pledges[PledgeFrame.roles] + ";walk_leader;"})
    provision = build_provision(dataclasses.replace(plan, pledges=twice))
    assert provision.loc[provision["role"].eq("walk_leader") & provision["link_status"].eq("formal"),
                         "eligible_hours"].tolist() == [100.0]  # fmt: skip


def test_without_links_every_link_is_unknown_and_without_offers_there_is_no_row(plan: PlanTables) -> None:
    assert set(build_provision(dataclasses.replace(plan, links=plan.links.iloc[:0]))["link_status"]) == {"unknown"}
    empty = build_provision(dataclasses.replace(plan, offers=plan.offers.iloc[:0]))
    ProvisionFrame.validate(empty, lazy=True)
    assert empty.empty


def test_rows_of_one_role_give_the_hours_of_the_plan() -> None:
    """Where every pledge has one role, the matched hours of all rows are those of the allocation."""
    made = made_up_tables(12, 20)
    matched = made.allocation.groupby("pathway_id")["matched_hours"].sum()
    assert made.provision.groupby("pathway_id")["matched_hours"].sum().to_dict() == matched.to_dict()


def test_gaps_by_hand() -> None:
    gaps = build_gaps(UNMET, PATHWAYS)
    GapFrame.validate(gaps, lazy=True)
    rows = gaps.astype(object).where(gaps.notna(), None).to_numpy().tolist()
    assert rows == [
        ["rehab", "Rehabilitation", 24, 4, 20, 2, "none_within_reach"],
        ["walk", "Walking", 13, 8, 5, 1, "link_worker_ceiling"],
        ["dance", "Dance", 0, 0, 0, 0, None],
    ]


def test_of_reasons_with_as_many_places_the_one_told_first_is_the_main_one() -> None:
    even = UNMET.iloc[[0, 1]].assign(unmet_places=[4, 4])
    assert list(UNMET_REASONS).index("link_worker_ceiling") < list(UNMET_REASONS).index("hours_used_up")
    assert build_gaps(even, PATHWAYS)["main_reason"].iloc[0] == "link_worker_ceiling"


def test_sectors_by_hand(plan: PlanTables) -> None:
    sectors = build_sectors(plan)
    SectorFrame.validate(sectors, lazy=True)
    assert sectors.to_numpy().tolist() == [
        ["public", 1, 2, 3, 180.0, 52.0, 10],
        ["private", 1, 0, 1, 10.0, 4.0, 1],
        ["voluntary", 1, 1, 1, 60.0, 0.0, 0],
    ]


def test_sectors_without_pledges_are_told_as_nothing(plan: PlanTables) -> None:
    nobody = dataclasses.replace(plan, ledger=plan.ledger.iloc[:0], allocation=plan.allocation.iloc[:0])
    sectors = build_sectors(nobody)
    SectorFrame.validate(sectors, lazy=True)
    assert tuple(sectors["sector"]) == SECTOR_NAMES
    assert sectors.drop(columns="sector").to_numpy().sum() == 0


def test_health_budgets_by_hand() -> None:
    """Wanting: 2 of walking at £20, 15 of rehab at £40, together £640."""
    plenty = build_health_budgets(UNMET, PATHWAYS, BUDGET)
    HealthBudgetFrame.validate(plenty, lazy=True)
    assert plenty.to_numpy().tolist() == [
        ["rehab", "Rehabilitation", 15, 8.0, 40.0, 600.0, 15],
        ["walk", "Walking", 2, 4.0, 20.0, 40.0, 2],
        ["dance", "Dance", 0, 15.0, 75.0, 0.0, 0],
    ]
    # Half of £640: £300 for rehab, which are 7.5 places, and £20 for walking.
    half = build_health_budgets(UNMET, PATHWAYS, HealthBudgetParams(hour_cost=5.0, total=320.0))
    assert half["bought_places"].tolist() == [7, 1, 0]
    nothing = build_health_budgets(UNMET, PATHWAYS, HealthBudgetParams(hour_cost=5.0, total=0.0))
    assert nothing["bought_places"].tolist() == [0, 0, 0]
    free = build_health_budgets(UNMET, PATHWAYS, HealthBudgetParams(hour_cost=0.0, total=0.0))
    assert free["bought_places"].tolist() == [15, 2, 0]


def test_every_reason_is_either_want_of_hours_or_known_not_to_be() -> None:
    assert set(UNMET_REASONS) - set(WANT_OF_HOURS) == {"link_worker_ceiling", "kept_apart"}
    assert set(WANT_OF_HOURS) < set(UNMET_REASONS)


@given(
    seed=st.integers(0, 10_000),
    hour_cost=st.floats(0.01, 500),
    total=st.floats(0, 1e7),
    pick=st.lists(st.integers(0, 200), min_size=6, max_size=6),
)
def test_health_budgets_never_overspend_nor_overbuy(seed: int, hour_cost: float, total: float, pick: list[int]) -> None:
    codes = [*UNMET_REASONS]
    unmet = pd.DataFrame(
        {
            UnmetFrame.pathway_id: [("walk", "rehab", "dance")[n % 3] for n in range(6)],
            UnmetFrame.unmet_places: pick,
            UnmetFrame.reason: [codes[(seed + n) % len(codes)] for n in range(6)],
        }
    )
    made = build_health_budgets(unmet, PATHWAYS, HealthBudgetParams(hour_cost=hour_cost, total=total))
    spent = (made["bought_places"] * made["place_cost"]).sum()
    assert spent <= total * (1 + 1e-9) + 1e-6
    assert (made["bought_places"] <= made["wanting_places"]).all()
    assert (made["bought_places"] >= 0).all()
    # What is left of the money is less than one place of each pathway that still wants some.
    short = made[made["bought_places"] < made["wanting_places"]]
    if not short.empty:
        assert total - spent <= short["place_cost"].sum() + 1e-6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_tables_add_up_to_the_run(seed: int) -> None:
    made = made_up_tables(20, 40, seed)
    for column in ("demand_places", "matched_places", "unmet_places"):
        assert made.gaps[column].sum() == made.unmet[column].sum()
    assert (made.gaps["demand_places"] == made.gaps["matched_places"] + made.gaps["unmet_places"]).all()
    for column in ("pledged_hours", "matched_hours"):
        assert made.sectors[column].sum() == pytest.approx(made.ledger[column].sum(), rel=1e-12)
    assert made.sectors["people"].sum() == made.allocation["places"].sum()
    assert made.sectors["pledges"].sum() == len(made.ledger)
    wanting = made.unmet.loc[made.unmet["reason"].isin(WANT_OF_HOURS), "unmet_places"].sum()
    assert made.health_budgets["wanting_places"].sum() == wanting


def test_the_order_of_the_rows_changes_nothing(plan: PlanTables) -> None:
    def turned(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[::-1]

    back = PlanTables(**{field.name: turned(getattr(plan, field.name)) for field in dataclasses.fields(plan)})
    pd.testing.assert_frame_equal(build_provision(back), build_provision(plan))
    pd.testing.assert_frame_equal(build_sectors(back), build_sectors(plan))
    pd.testing.assert_frame_equal(build_gaps(turned(UNMET), turned(PATHWAYS)), build_gaps(UNMET, PATHWAYS))
    pd.testing.assert_frame_equal(
        build_health_budgets(turned(UNMET), turned(PATHWAYS), BUDGET), build_health_budgets(UNMET, PATHWAYS, BUDGET)
    )


def test_every_number_of_the_facts_is_a_figure_with_a_unit_and_words() -> None:
    facts = made_up_tables().facts
    figures = build_figures(facts, SPENT, BUDGET)
    FigureFrame.validate(figures, lazy=True)
    numbers = [f.name for f in dataclasses.fields(PlanFacts) if f.type in ("int", "float")]
    assert set(numbers) == set(FIGURE_UNITS)
    told = figures.set_index("figure")["value"]
    assert list(told.index[: len(numbers)]) == numbers
    assert told[numbers].to_dict() == {name: float(getattr(facts, name)) for name in numbers}
    assert set(told.index) == set(FIGURES)
    money = told[[name for name in told.index if name.startswith("health_budget")]]
    assert money.tolist() == [5.0, 1000.0, 20.0, 8.0]


def test_shares_among_the_figures_and_none_of_nothing() -> None:
    facts = made_up_tables().facts
    some = dataclasses.replace(facts, demand_places=90, unmet_places=60, matched_hours=30.0, pledged_hours=120.0)
    told = build_figures(some, SPENT, BUDGET).set_index("figure")["value"]
    assert told["coverage_share"] == pytest.approx(1 / 3)
    assert told["matched_share"] == 0.25
    none = dataclasses.replace(facts, demand_places=0, unmet_places=0, pledged_hours=0.0, pcns=0)
    shares = {"coverage_share", "matched_share", "pcns_covered_share"}
    assert not set(build_figures(none, SPENT, BUDGET)["figure"]) & shares
