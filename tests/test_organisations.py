"""Operators, pledges, reach, ties and what to act on, in a world small enough to see through.

OP1 has F1 (P1, P2) and F2 (P3, hybrid), and P7 for the whole of it; OP2 has F3 (P6) and P4, which is digital; OP3 has
F4, from where P5 goes out to people; OP4 has F5, whose P8 reaches nobody. The practices B1 and B2 are U1's, of B3 to B6
each is one of U2 to U5, B7 is of a PCN of another run, and B8 of none. Nobody reaches U5.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import made_up_tables
from small_worlds import make_frame

from geomap import organisations
from geomap.links import find_best
from geomap.organisations import Backed
from geomap.schema import (
    AccountingFrame,
    AllocationResultFrame,
    AttentionFrame,
    FacilityFrame,
    LedgerFrame,
    LinkFrame,
    OfferFrame,
    OperatorFrame,
    OperatorResultFrame,
    PairFrame,
    PcnResultFrame,
    PledgeFrame,
    PledgeResultFrame,
    PracticeFrame,
    PracticeResultFrame,
    ReachableFrame,
    ReachFrame,
    TieFrame,
)
from geomap.schema.words import ATTENTION, LINK_STATUSES
from geomap.validate import account, accounting_frame

PCNS = pd.Series(["U1", "U2", "U3", "U4", "U5"])
OWNERS = {"F1": "OP1", "F2": "OP1", "F3": "OP2", "F4": "OP3", "F5": "OP4"}
PLEDGES = [
    # pledge, operator, facility, delivery, eligible, matched
    ("P1", "OP1", "F1", "on_site", 40.0, 24.0),
    ("P2", "OP1", "F1", "on_site", 20.0, 20.0),
    ("P3", "OP1", "F2", "hybrid", 5.0, 0.0),
    ("P4", "OP2", None, "digital", 12.0, 12.0),
    ("P5", "OP3", "F4", "outreach", 20.0, 16.0),
    ("P6", "OP2", "F3", "on_site", 12.0, 12.0),
    ("P7", "OP1", None, "on_site", 3.0, 0.0),
    ("P8", "OP4", "F5", "on_site", 10.0, 0.0),
]
REACH = [
    # pledge, PCN, share, minutes, basis, catchment
    ("P1", "U1", 1.0, 5.0, "distance", "F1"),
    ("P1", "U2", 0.5, 20.0, "distance", "F1"),
    ("P2", "U2", 0.8, 25.0, "distance", "F1"),
    ("P3", "U3", 1.0, 3.0, "hybrid", None),
    ("P4", "U1", 1.0, 0.0, "digital", None),
    ("P4", "U3", 1.0, 0.0, "digital", None),
    ("P5", "U4", 1.0, 0.0, "outreach", None),
    ("P6", "U3", 0.4, 12.0, "distance", "F3"),
    ("P7", "U1", 0.9, 6.0, "distance", "F1"),
]
PAIRS = [("F1", "U1", 1.0, 5.0), ("F2", "U3", 0.3, 10.0), ("F4", "U4", 0.6, 9.0)]
PLAN = [
    # pledge, operator, facility, PCN, places, hours
    ("P1", "OP1", "F1", "U1", 6, 24.0),
    ("P4", "OP2", None, "U1", 1, 4.0),
    ("P2", "OP1", "F1", "U2", 5, 20.0),
    ("P4", "OP2", None, "U3", 2, 8.0),
    ("P6", "OP2", "F3", "U3", 3, 12.0),
    ("P5", "OP3", "F4", "U4", 4, 16.0),
]
LINKS = [
    # operator, facility, organisation, status
    ("OP1", None, "U1", "informal"),
    ("OP1", None, "B2", "formal"),  # a practice's link counts for its PCN, and the better of two is the one
    (None, "F2", "U1", "none"),
    (None, "F1", "U2", "unknown"),  # a facility's counts for its operator
    ("OP1", "F2", "U3", "unknown"),
    ("OP2", None, "U3", "none"),
    ("OP2", None, "QA", "formal"),  # an ICB is no PCN
    ("OP3", None, "U5", "informal"),  # nothing of OP3 reaches U5
    ("OP4", None, "U1", "none"),
    ("OP4", None, "U9", "unknown"),  # a PCN of another run
    (None, "F9", "U4", "formal"),  # of nobody's facility
]


def rows_of(model: type, columns: list[str], rows: list[tuple]) -> pd.DataFrame:
    return make_frame(model, [dict(zip(columns, row, strict=True)) for row in rows])


def texts(rows: Iterable[tuple[str, str]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns, dtype="str")


def make_practices() -> pd.DataFrame:
    f = PracticeFrame
    codes = zip(["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8"], ["U1", *PCNS, "U9", None], strict=True)
    told = [{f.practice_code: code, f.pcn_code: pcn, f.icb_code: "QA"} for code, pcn in codes]
    return make_frame(f, told).fillna({name: "" for name in f.to_schema().columns if name != f.pcn_code})


def make_backed(**changes: pd.DataFrame) -> Backed:
    p, f, a = PledgeFrame, LedgerFrame, AllocationResultFrame
    owners = [row[:3] for row in PLEDGES]
    ledger = rows_of(f, [f.pledge_id, f.operator_id, f.facility_id], owners)
    ledger[f.eligible_hours] = [row[4] for row in PLEDGES]
    ledger[f.matched_hours] = [row[5] for row in PLEDGES]
    ledger[f.unmatched_hours] = ledger[f.eligible_hours] - ledger[f.matched_hours]
    ledger[f.ineligible_hours] = 1.0
    ledger[f.pledged_hours] = ledger[f.eligible_hours] + 1.0
    pledges = [(*row[:4], "walk;swim") for row in PLEDGES]
    plan = [(*row[:3], "walk", *row[3:]) for row in PLAN]
    tables = {
        "operators": rows_of(
            OperatorFrame,
            list(OperatorFrame.to_schema().columns),
            [(f"OP{n}", f"Operator {n}", "charity") for n in (4, 3, 2, 1, 9)],
        ),
        "facilities": pd.DataFrame(
            {FacilityFrame.facility_id: OWNERS.keys(), FacilityFrame.operator_id: OWNERS.values()}
        ),
        "pledges": rows_of(p, [p.pledge_id, p.operator_id, p.facility_id, p.delivery, p.pathways], pledges),
        "offers": pd.DataFrame(
            {OfferFrame.pledge_id: ["P1", "P1", "P2"], OfferFrame.pathway_id: ["walk", "swim", "walk"]}
        ),
        "reach": rows_of(ReachFrame, list(ReachFrame.to_schema().columns), REACH),
        "links": rows_of(
            LinkFrame,
            [LinkFrame.operator_id, LinkFrame.facility_id, LinkFrame.organisation_code, LinkFrame.link_status],
            LINKS,
        ),
        "practices": organisations.build_practices(make_practices(), pd.Series({"B1": 70, "B2": 30, "B3": 50}), PCNS),
        "ledger": ledger,
        "allocation": rows_of(
            a, [a.pledge_id, a.operator_id, a.facility_id, a.pathway_id, a.pcn_code, a.places, a.matched_hours], plan
        ),
    }
    return Backed(**(tables | changes))


def make_pairs() -> pd.DataFrame:
    return rows_of(PairFrame, list(PairFrame.to_schema().columns), PAIRS)


@pytest.fixture
def backed() -> Backed:
    return make_backed()


@pytest.fixture
def reachable(backed: Backed) -> pd.DataFrame:
    return organisations.build_reachable(backed, make_pairs())


@pytest.fixture
def ties(backed: Backed, reachable: pd.DataFrame) -> pd.DataFrame:
    return organisations.build_ties(backed, reachable)


@pytest.fixture
def operators(backed: Backed, ties: pd.DataFrame) -> pd.DataFrame:
    return organisations.build_operators(backed, ties)


class TestLinks:
    @pytest.mark.parametrize("at", range(len(LINK_STATUSES)))
    def test_the_best_of_several_counts(self, at: int):
        statuses = pd.Series(LINK_STATUSES[at:][::-1], dtype="str")
        assert find_best(statuses, pd.Series("A", index=statuses.index)).to_dict() == {"A": LINK_STATUSES[at]}

    def test_without_links_nobody_has_one(self):
        empty = pd.Series([], dtype="str")
        assert find_best(empty, empty).empty

    def test_a_missing_key_is_no_group(self):
        statuses = pd.Series(["formal", "none", "unknown"], dtype="str")
        best = find_best(statuses, pd.Series([None, "B", "A"], dtype="str"))
        assert list(best.items()) == [("A", "unknown"), ("B", "none")]


class TestPractices:
    def test_those_of_the_pcns_of_the_run_with_their_patients(self, backed: Backed):
        f = PracticeResultFrame
        f.validate(backed.practices)
        assert backed.practices[[f.practice_code, f.pcn_code, f.patients]].to_numpy().tolist() == [
            ["B1", "U1", 70], ["B2", "U1", 30], ["B3", "U2", 50], ["B4", "U3", 0], ["B5", "U4", 0], ["B6", "U5", 0],
        ]  # fmt: skip


class TestPledges:
    def test_each_tells_where_it_was_read_and_what_it_can_deliver(self, backed: Backed):
        f = PledgeResultFrame
        lines = [account("bank.xlsx", sheet="pledges", row=40 - n, rows=1, row_id=f"P{n}", status="used")
                 for n in range(1, 9)]  # fmt: skip
        day = pd.Timestamp("2026-10-02").as_unit("us")
        pledges = backed.pledges.assign(**{PledgeFrame.start_date: [day, *[pd.NaT] * 7]})
        told = organisations.build_pledges(dataclasses.replace(backed, pledges=pledges[::-1]), accounting_frame(lines))
        f.validate(told)
        assert told[f.pledge_id].tolist() == [row[0] for row in PLEDGES]
        assert told[f.row].tolist() == list(range(39, 31, -1))
        assert set(told[f.source]) == {"bank.xlsx"} and set(told[f.sheet]) == {"pledges"}
        assert told[f.pathways].eq("walk;swim").all()
        assert told[f.deliverable].tolist() == ["swim;walk", "walk", *[""] * 6]
        assert told[f.start_date].fillna("").tolist() == ["2026-10-02", *[""] * 7]

    def test_each_tells_the_home_icbs_of_the_pcns_that_it_reaches(self, backed: Backed):
        f, p = PledgeResultFrame, PracticeResultFrame
        # Of U1's patients 70 are in QB and 30 in QA, of U4's none is known and QA comes first.
        away = backed.practices[p.practice_code].isin(["B1", "B3"])
        practices = backed.practices.assign(**{p.icb_code: backed.practices[p.icb_code].mask(away, "QB")})
        lines = [account("bank.xlsx", row=n, rows=1, row_id=f"P{n}", status="used") for n in range(1, 9)]
        told = organisations.build_pledges(dataclasses.replace(backed, practices=practices), accounting_frame(lines))
        assert told[f.icbs_in_reach].tolist() == ["QB", "QB", "QA", "QA;QB", "QA", "QA", "QB", ""]
        nobody = dataclasses.replace(backed, reach=ReachFrame.no_rows())
        assert organisations.build_pledges(nobody, accounting_frame(lines))[f.icbs_in_reach].eq("").all()

    def test_the_home_of_a_pcn_is_that_of_the_run(self):
        tables = made_up_tables(110, 60, seed=3)
        home = tables.pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.icb_code]
        assert tables.practices[PracticeResultFrame.icb_code].nunique() > home.nunique()  # some lie in two
        ties = tables.ties[tables.ties[TieFrame.in_reach]]
        pledges = tables.pledges.set_index(PledgeResultFrame.operator_id)[PledgeResultFrame.icbs_in_reach]
        listed = pledges.str.split(";").explode()
        tied = zip(ties[TieFrame.operator_id], ties[TieFrame.pcn_code].map(home), strict=True)
        assert set(tied) == set(listed.items())

    def test_a_pledge_that_was_read_nowhere_is_not_published(self, backed: Backed):
        with pytest.raises(ValueError, match="'row'"):
            organisations.build_pledges(backed, accounting_frame([]).astype({AccountingFrame.row: "int64"}))


class TestReachable:
    def test_the_widest_pledge_counts_and_only_journeys_do(self, reachable: pd.DataFrame):
        ReachableFrame.validate(reachable)
        # Of F1 to U1 P1 reaches more than P7 and of F1 to U2 P2 more than P1; of a hybrid pledge, who can come.
        assert reachable.to_numpy().tolist() == [
            ["F1", "U1", 1.0, 5.0], ["F1", "U2", 0.8, 25.0], ["F2", "U3", 0.3, 10.0], ["F3", "U3", 0.4, 12.0],
        ]  # fmt: skip

    def test_nobody_reaches_anybody(self):
        nowhere = make_backed(reach=ReachFrame.no_rows(), allocation=AllocationResultFrame.no_rows())
        ReachableFrame.validate(found := organisations.build_reachable(nowhere, make_pairs()))
        assert found.empty


class TestTies:
    def test_by_hand(self, ties: pd.DataFrame):
        TieFrame.validate(ties)
        assert ties.to_numpy().tolist() == [
            # operator, PCN, link, told, in reach, facilities, hours, people
            ["OP1", "U1", "formal", True, True, 1, 24.0, 6],
            ["OP1", "U2", "unknown", True, True, 1, 20.0, 5],
            ["OP1", "U3", "unknown", True, True, 1, 0.0, 0],
            ["OP2", "U1", "unknown", False, True, 0, 4.0, 1],
            ["OP2", "U3", "none", True, True, 1, 20.0, 5],
            ["OP3", "U4", "unknown", False, True, 0, 16.0, 4],
            ["OP3", "U5", "informal", True, False, 0, 0.0, 0],
            ["OP4", "U1", "none", True, False, 0, 0.0, 0],
        ]

    def test_without_links_nothing_is_told(self, reachable: pd.DataFrame):
        ties = organisations.build_ties(make_backed(links=LinkFrame.no_rows()), reachable)
        TieFrame.validate(ties)
        assert len(ties) == 6 and not ties[TieFrame.told].any() and ties[TieFrame.link_status].eq("unknown").all()


class TestOperators:
    def test_by_hand(self, operators: pd.DataFrame):
        OperatorResultFrame.validate(operators)
        f = OperatorResultFrame
        columns = [f.operator_id, f.facilities, f.pledges, f.pledged_hours, f.eligible_hours, f.matched_hours,
                   f.unmatched_hours, f.people, f.pcns_served, f.pcns_in_reach, f.formal_links, f.informal_links,
                   f.none_links, f.unknown_links]  # fmt: skip
        assert operators[columns].to_numpy().tolist() == [
            # OP9 pledges nothing and does not stand here
            ["OP1", 2, 4, 72.0, 68.0, 44.0, 24.0, 11, 2, 3, 1, 0, 0, 2],
            ["OP2", 1, 2, 26.0, 24.0, 24.0, 0.0, 6, 2, 2, 0, 0, 1, 0],
            ["OP3", 1, 1, 21.0, 20.0, 16.0, 4.0, 4, 1, 1, 0, 1, 0, 0],
            ["OP4", 1, 1, 11.0, 10.0, 0.0, 10.0, 0, 0, 0, 0, 0, 1, 0],
        ]

    def test_of_a_run_without_pledges_there_are_none(self):
        nobody = make_backed(
            pledges=PledgeFrame.no_rows(), ledger=LedgerFrame.no_rows(), reach=ReachFrame.no_rows(),
            allocation=AllocationResultFrame.no_rows(), offers=OfferFrame.no_rows(), links=LinkFrame.no_rows(),
        )  # fmt: skip
        ties = organisations.build_ties(nobody, organisations.build_reachable(nobody, make_pairs()))
        operators = organisations.build_operators(nobody, ties)
        assert ties.empty and operators.empty
        OperatorResultFrame.validate(operators)
        attention = organisations.build_attention(nobody, operators, ties, PCNS)
        assert attention[AttentionFrame.pcn_code].tolist() == PCNS.tolist()
        assert attention[AttentionFrame.hours].eq(0).all()


class TestAttention:
    def test_by_hand(self, backed: Backed, operators: pd.DataFrame, ties: pd.DataFrame):
        attention = organisations.build_attention(backed, operators, ties, PCNS)
        AttentionFrame.validate(attention)
        assert attention.fillna("").to_numpy().tolist() == [
            ["pcn_without_link", "U2", "", "", 20.0, 5],
            ["pcn_without_link", "U3", "", "", 20.0, 5],
            ["pcn_without_link", "U4", "", "", 16.0, 4],
            ["pcn_without_link", "U5", "", "", 0.0, 0],  # linked with OP3, whose hours do not reach it
            ["operator_without_link", "", "OP4", "", 10.0, 0],  # OP2 has one with the ICB
            ["one_facility", "U2", "OP1", "F1", 20.0, 5],
            ["one_facility", "U4", "OP3", "F4", 16.0, 4],  # U1 and U3 have places of a digital pledge too
            ["unknown_link", "U2", "OP1", "", 20.0, 5],
            ["unknown_link", "U3", "OP1", "", 0.0, 0],
        ]
        assert list(dict.fromkeys(attention[AttentionFrame.topic])) == list(ATTENTION)

    def test_a_pcn_served_online_by_one_facility_does_not_depend_on_it(self, backed: Backed):
        online = backed.pledges[PledgeFrame.pledge_id].eq("P2")
        delivery = backed.pledges[PledgeFrame.delivery].mask(online, "digital")
        online = dataclasses.replace(backed, pledges=backed.pledges.assign(**{PledgeFrame.delivery: delivery}))
        ties = organisations.build_ties(online, organisations.build_reachable(online, make_pairs()))
        attention = organisations.build_attention(online, organisations.build_operators(online, ties), ties, PCNS)
        alone = attention[attention[AttentionFrame.topic].eq("one_facility")]
        assert alone[AttentionFrame.pcn_code].tolist() == ["U4"]

    def test_an_operator_whose_hours_cannot_be_used_has_none_to_link(self, backed: Backed):
        f = LedgerFrame
        idle = backed.ledger[f.operator_id].eq("OP4")
        ledger = backed.ledger.assign(
            **{name: backed.ledger[name].mask(idle, 0.0) for name in (f.eligible_hours, f.unmatched_hours)}
        )
        less = dataclasses.replace(backed, ledger=ledger)
        ties = organisations.build_ties(less, organisations.build_reachable(less, make_pairs()))
        attention = organisations.build_attention(less, organisations.build_operators(less, ties), ties, PCNS)
        assert "operator_without_link" not in set(attention[AttentionFrame.topic])


@st.composite
def worlds(draw: st.DrawFn) -> Backed:
    """Links and plans at random between the operators and PCNs of the small world, and in any order of the rows."""
    organisation = st.sampled_from([*PCNS, "U9", "QA", "B1", "B2", "B3", "B6", "B7"])
    who = st.sampled_from([("OP1", None), (None, "F1"), ("OP1", "F2"), ("OP2", None), (None, "F3"), (None, "F9")])
    told = draw(st.lists(st.tuples(who, organisation, st.sampled_from(LINK_STATUSES)), max_size=12))
    given_places = draw(st.lists(st.tuples(st.sampled_from(REACH), st.integers(1, 9)), max_size=12))
    owner = {row[0]: row[1:3] for row in PLEDGES}
    plan = [(r[0], *owner[r[0]], r[1], places, 4.0 * places) for r, places in given_places]
    l, a = LinkFrame, AllocationResultFrame  # noqa: E741
    order = draw(st.randoms(use_true_random=False))
    reach = draw(st.permutations(REACH))
    order.shuffle(plan)
    return make_backed(
        links=rows_of(
            l, [l.operator_id, l.facility_id, l.organisation_code, l.link_status], [(*w, o, s) for w, o, s in told]
        ),
        allocation=rows_of(a, [a.pledge_id, a.operator_id, a.facility_id, a.pcn_code, a.places, a.matched_hours], plan),
        reach=rows_of(ReachFrame, list(ReachFrame.to_schema().columns), reach),
    )


def best_by_hand(backed: Backed, operator: str, pcn: str) -> str | None:
    practices = {"U1": {"B1", "B2"}, "U2": {"B3"}, "U5": {"B6"}}
    told = [
        row.link_status
        for row in backed.links.fillna("").itertuples()
        if (row.operator_id or OWNERS.get(row.facility_id)) == operator
        and row.organisation_code in {pcn} | practices.get(pcn, set())
    ]
    return min(told, key=LINK_STATUSES.index, default=None)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(worlds())
def test_ties_and_operators_add_up_to_the_plan_whatever_is_linked(backed: Backed):
    a, t, o = AllocationResultFrame, TieFrame, OperatorResultFrame
    reachable = organisations.build_reachable(backed, make_pairs())
    ties = organisations.build_ties(backed, reachable)
    operators = organisations.build_operators(backed, ties)
    TieFrame.validate(ties)
    assert not ties.duplicated([t.operator_id, t.pcn_code]).any()
    assert (ties[t.in_reach] | ties[t.told] | ties[t.people].gt(0)).all()
    assert ties[t.matched_hours].sum() == operators[o.people].sum() * 4.0 == backed.allocation[a.matched_hours].sum()
    assert ties[t.facilities_in_reach].sum() == len(reachable)
    for row in ties.itertuples():
        best = best_by_hand(backed, row.operator_id, row.pcn_code)
        assert (row.link_status, row.told) == (best or "unknown", best is not None)
    links = operators[[f"{status}_links" for status in LINK_STATUSES]]
    assert links.to_numpy().sum() == ties[t.told].sum()
    attention = organisations.build_attention(backed, operators, ties, PCNS)
    AttentionFrame.validate(attention)
    alone = attention[attention[AttentionFrame.topic].eq("pcn_without_link")][AttentionFrame.pcn_code]
    linked = ties[ties[t.in_reach] & ties[t.link_status].isin(["formal", "informal"])][t.pcn_code]
    assert set(alone) == set(PCNS) - set(linked)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 9))
def test_the_order_of_the_rows_changes_nothing(backed: Backed, seed: int):
    tables = {field.name: getattr(backed, field.name) for field in dataclasses.fields(backed)}
    mixed = Backed(**{name: table.sample(frac=1, random_state=seed) for name, table in tables.items()})
    told = []
    for one in (backed, mixed):
        reachable = organisations.build_reachable(one, make_pairs())
        ties = organisations.build_ties(one, reachable)
        operators = organisations.build_operators(one, ties)
        told.append((reachable, ties, operators, organisations.build_attention(one, operators, ties, PCNS)))
    for first, second in zip(*told, strict=True):
        pd.testing.assert_frame_equal(first, second)
