"""Putting the published tables together, on a plan small enough to see through.

Two operators. OP1 has F1 and F2, OP2 has F3. P1 (F1) is wholly matched, P2 (F2) in part, P3 (of OP1 as a whole, with no
facility) not at all, P4 pledges no hours. P5 (F3) lies outside the area of the run, and nobody pledges for F4.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geomap import assemble
from geomap.schema import (
    AccountingFrame,
    AllocationResultFrame,
    FacilityFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    ListSizeFrame,
    OperatorFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PracticeFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.words import CRS
from geomap.validate import account, accounting_frame

PRACTICES = [
    # practice, PCN, sub-ICB, ICB, patients
    ("B1", "U1", "S1", "QA1", 100),
    ("B2", "U1", "S2", "QB2", 150),
    ("B3", "U1", "S3", "QB2", 50),
    ("B4", "U2", "S1", "QA1", 70),
    ("B5", None, "S1", "QA1", 999),
]


def practice_map(rows: list[tuple]) -> pd.DataFrame:
    p = PracticeFrame
    frame = pd.DataFrame(
        [
            {
                p.practice_code: code, p.practice_name: code, p.postcode: "",
                p.pcn_code: pcn, p.pcn_name: f"{pcn} name", p.sub_icb_code: sub, p.sub_icb_name: sub,
                p.icb_code: icb, p.icb_name: f"{icb} name", p.region_code: f"Y{icb[1]}", p.region_name: "",
            }
            for code, pcn, sub, icb, _ in rows
        ]
    )  # fmt: skip
    return frame.astype("str")


class TestPcns:
    @pytest.mark.parametrize("order", [1, -1])
    def test_a_pcn_in_two_icbs_is_at_home_where_most_of_its_patients_are(self, order):
        patients = pd.Series({row[0]: row[4] for row in PRACTICES})
        pcns = assemble.list_pcns(practice_map(PRACTICES[::order]), patients)
        f = PcnResultFrame
        columns = [f.pcn_code, f.icb_code, f.icb_codes, f.icb_name, f.region_code, f.practices]
        assert pcns[[*columns, PracticeFrame.sub_icb_code]].to_numpy().tolist() == [
            ["U1", "QB2", "QB2;QA1", "QB2 name", "YB", 3, "S2"],
            ["U2", "QA1", "QA1", "QA1 name", "YA", 1, "S1"],
        ]

    def test_of_equals_the_first_by_code(self):
        rows = [("B1", "U1", "S1", "QB2", 10), ("B2", "U1", "S2", "QA1", 10)]
        pcns = assemble.list_pcns(practice_map(rows), pd.Series({"B1": 10, "B2": 10}))
        assert pcns[PcnResultFrame.icb_codes].tolist() == ["QA1;QB2"]

    def test_a_pcn_nobody_is_listed_at_is_still_one(self):
        pcns = assemble.list_pcns(practice_map(PRACTICES[3:4]), pd.Series(dtype="int64", name=ListSizeFrame.patients))
        assert pcns[PcnResultFrame.pcn_code].tolist() == ["U2"]


LEDGER = [
    # pledge, operator, facility, pledged, eligible, matched
    ("P1", "OP1", "F1", 40.0, 40.0, 40.0),
    ("P2", "OP1", "F2", 30.0, 20.0, 10.0),
    ("P3", "OP1", None, 5.0, 5.0, 0.0),
    ("P4", "OP1", "F1", 0.0, 0.0, 0.0),
]
REASONS = [
    ("P2", "ineligible", "outside_period", 10.0),
    ("P2", "unmatched", "rounding", 4.0),
    ("P2", "unmatched", "empty_places", 6.0),
    ("P3", "unmatched", "nobody_in_reach", 5.0),
]
OWNERS = [("P1", "OP1", "F1"), ("P2", "OP1", "F2"), ("P3", "OP1", None), ("P4", "OP1", "F1"), ("P5", "OP2", "F3")]


def texts(rows: list[tuple], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    words = [name for name in columns if not frame[name].map(lambda cell: isinstance(cell, float | int)).all()]
    return frame.astype(dict.fromkeys(words, "str"))


def make_parts() -> assemble.Parts:
    f = LedgerFrame
    hours = [f.pledged_hours, f.eligible_hours, f.matched_hours]
    ledger = texts(LEDGER, [f.pledge_id, f.operator_id, f.facility_id, *hours])
    ledger[f.unmatched_hours] = ledger[f.eligible_hours] - ledger[f.matched_hours]
    g = FacilityFrame
    facilities = gpd.GeoDataFrame(
        texts([("F1", "OP1", "One", "gym"), ("F2", "OP1", "Two", "hall")],
              [g.facility_id, g.operator_id, g.facility_name, g.venue_type]),
        geometry=[shapely.Point(1, 1), shapely.Point(2, 2)],
        crs=CRS,
    )  # fmt: skip
    priced = [("P1", "walk", "U1", 6, 24.0), ("P1", "walk", "U2", 4, 16.0), ("P2", "rehab", "U1", 1, 10.0)]
    reach = [("P1", "U1", 9.0), ("P1", "U2", 3.0), ("P2", "U1", 5.0)]
    pathways = pd.DataFrame(
        {
            PathwayFrame.pathway_id: ["rehab", "walk"],
            PathwayFrame.uptake_share: [0.5, 0.8],
            PathwayFrame.completion_share: [0.25, 0.5],
        }
    )
    empty = pd.DataFrame()
    return assemble.Parts(
        operators=texts([("OP1", "First", "charity"), ("OP2", "Second", "arts")],
                        [OperatorFrame.operator_id, OperatorFrame.operator_name, OperatorFrame.operator_kind]),
        facilities=facilities,
        pledges=texts(OWNERS[:4], [PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id]),
        pathways=pathways,
        pcns=texts([("U1", "One"), ("U2", "Two")], [PcnResultFrame.pcn_code, PcnResultFrame.pcn_name]),
        footprints=gpd.GeoDataFrame(),
        need=empty,
        ceilings=empty,
        reach=texts(reach, ["pledge_id", "pcn_code", "minutes_min"]),
        offers=texts([("P1", "walk"), ("P2", "walk"), ("P2", "rehab")], ["pledge_id", "pathway_id"]),
        ledger=ledger,
        unmet=empty,
        hours_reasons=texts(REASONS, ["pledge_id", "stage", "reason", "hours"]),
        priced=texts(priced, ["pledge_id", "pathway_id", "pcn_code", "places", "matched_hours"]),
        first_allocation=empty,
    )  # fmt: skip


@pytest.fixture
def parts() -> assemble.Parts:
    return make_parts()


def bank_rows(*rows: tuple[str, int, str], **tables: str) -> assemble.BankRows:
    """Good rows (table, row, id), and one rejected row of the pledges."""
    place = {name: (f"{name}.csv", "") for name in ("operators", "facilities", "pledges", "links")} | tables

    def line(table: str, row: int, status: str, **more: str) -> dict[str, object]:
        return account(place[table][0], sheet=place[table][1], row=row, rows=1, status=status, **more)

    lines = [line(table, row, "used", row_id=row_id) for table, row, row_id in rows]
    lost = line("pledges", 99, "rejected", reason="no unit")
    passed = line("pledges", 98, "not_used", reason="a total")
    return assemble.BankRows(
        rows=accounting_frame(lines),
        left_out=accounting_frame([lost, passed]),
        places=place,
        pledges=texts(OWNERS, [PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id]),
    )


def fates(rows: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    f = AccountingFrame
    return {(r[f.source], r[f.row_id]): (r[f.status], r[f.reason]) for r in rows.to_dict("records")}


class TestAccount:
    def test_pledges(self, parts):
        told = fates(assemble.account_bank(bank_rows(*(("pledges", 2 + i, f"P{1 + i}") for i in range(5))), parts))
        assert told == {
            ("pledges.csv", "P1"): ("matched", ""),
            ("pledges.csv", "P2"): ("part-matched", "offered outside the plan period"),
            ("pledges.csv", "P3"): ("unmatched", "no PCN within reach of these hours"),
            ("pledges.csv", "P4"): ("unmatched", "no hours are pledged"),
            ("pledges.csv", "P5"): ("not_used", "outside the area of this run"),
        }

    def test_operators_facilities_and_links(self, parts):
        rows = [("operators", 2, "OP1"), ("operators", 3, "OP2"), ("operators", 4, "OP3"), ("facilities", 2, "F1"),
                ("facilities", 3, "F3"), ("facilities", 4, "F4"), ("links", 2, "OP1"), ("links", 3, "F3")]  # fmt: skip
        used, outside = ("used", ""), ("not_used", "outside the area of this run")
        unnamed = ("not_used", "no pledge names it")
        assert fates(assemble.account_bank(bank_rows(*rows), parts)) == {
            ("operators.csv", "OP1"): used, ("operators.csv", "OP2"): outside, ("operators.csv", "OP3"): unnamed,
            ("facilities.csv", "F1"): used, ("facilities.csv", "F3"): outside, ("facilities.csv", "F4"): unnamed,
            ("links.csv", "OP1"): used, ("links.csv", "F3"): outside,
        }  # fmt: skip

    def test_tables_that_share_their_ids_are_told_apart(self, parts):
        """An operator with one pledge a facility may number both alike; sheets of one workbook share the file too."""
        sheets = {name: ("bank.xlsx", name) for name in ("operators", "facilities", "pledges", "links")}
        rows = [(table, 2 + i, f"P{1 + i}") for table in ("facilities", "pledges") for i in range(5)]
        told = assemble.account_bank(bank_rows(*rows, **sheets), parts)
        status = told.groupby(AccountingFrame.sheet)[AccountingFrame.status].agg(set).to_dict()
        assert status == {
            "facilities": {"not_used"}, "pledges": {"matched", "part-matched", "unmatched", "not_used"}
        }  # fmt: skip
        assert len(told) == 10

    def test_pledges_are_counted_from_their_own_table(self):
        assert assemble.count_pledges(bank_rows(("pledges", 2, "P1"), ("facilities", 2, "F1"))) == (2, 1)
        assert assemble.count_pledges(bank_rows(("facilities", 2, "F1"))) == (1, 1)

    def test_links_of_those_who_take_part_are_kept(self, parts):
        links = texts([("OP1", None), ("OP2", None), (None, "F3"), (None, "F2")],
                      [LinkFrame.operator_id, LinkFrame.facility_id])  # fmt: skip
        kept = assemble.keep_links(links, parts)
        assert kept[LinkFrame.operator_id].fillna("").tolist() == ["OP1", ""]
        assert kept[LinkFrame.facility_id].fillna("").tolist() == ["", "F2"]


class TestResults:
    def test_allocation(self, parts):
        f, frame = AllocationResultFrame, assemble.build_allocation(parts)
        f.validate(frame)
        assert frame[[f.pledge_id, f.pcn_code, f.pcn_name, f.facility_name, f.operator_name]].to_numpy().tolist() == [
            ["P1", "U1", "One", "One", "First"],
            ["P1", "U2", "Two", "One", "First"],
            ["P2", "U1", "One", "Two", "First"],
        ]
        assert frame[f.referrals].tolist() == [7.5, 5.0, 2.0]
        assert frame[f.completions].tolist() == [3.0, 2.0, 0.25]
        assert frame[f.minutes_min].tolist() == [9.0, 3.0, 5.0]

    def test_sites(self, parts):
        f, sites = FacilityResultFrame, assemble.build_facilities(parts, assemble.build_allocation(parts))
        f.validate(pd.DataFrame(sites))
        assert sites[f.facility_id].tolist() == ["F1", "F2"]
        assert sites[f.pledges].tolist() == [2, 1]
        assert sites[f.pathways].tolist() == ["walk", "rehab;walk"]
        assert sites[f.pledged_hours].tolist() == [40.0, 30.0]
        assert sites[f.people].tolist() == [10, 1] and sites[f.pcns_served].tolist() == [2, 1]

    def test_unmatched_hours(self, parts):
        f, frame = UnmatchedHoursFrame, assemble.build_unmatched_hours(parts)
        f.validate(frame)
        assert frame[[f.pledge_id, f.stage, f.reason, f.facility_id]].fillna("").to_numpy().tolist() == [
            ["P2", "ineligible", "outside_period", "F2"], ["P2", "unmatched", "empty_places", "F2"],
            ["P2", "unmatched", "rounding", "F2"], ["P3", "unmatched", "nobody_in_reach", ""],
        ]  # fmt: skip

    def test_the_reason_with_most_places_is_the_main_one_and_of_equals_the_first_by_name(self):
        u = UnmetFrame
        rows = [("U1", "rounding", 3), ("U1", "hours_used_up", 2), ("U1", "hours_used_up", 1), ("U2", "rounding", 4),
                ("U2", "hours_used_up", 3), ("U3", None, 0)]  # fmt: skip
        unmet = texts(rows, [u.pcn_code, u.reason, u.unmet_places])
        assert assemble._main_reason(unmet).to_dict() == {"U1": "hours_used_up", "U2": "rounding"}
