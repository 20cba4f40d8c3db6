"""Tables at the door: every bad cell in one pass, in the file's own words; what becomes of each row is written down."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geomap.errors import CrsError, Fault, SchemaError
from geomap.schema import (
    AccountingFrame,
    FacilityFrame,
    InactivityFrame,
    LsoaDeprivationFrame,
    PledgeFrame,
    PracticeFrame,
)
from geomap.validate import account, account_faults, accounting_frame, check_frame, missing_columns

F = LsoaDeprivationFrame
GOOD = {F.lsoa_code: "E01000001", F.imd_rank: 1, F.imd_decile: 1, F.lsoa_vintage: 2021}


def lsoas(*rows: dict[str, object], first_row: int = 2) -> pd.DataFrame:
    """Good rows with codes of their own and these changes; the index is the row of the file."""
    whole = [GOOD | {F.lsoa_code: f"E0100000{i}"} | row for i, row in enumerate(rows)]
    return pd.DataFrame(whole, index=range(first_row, first_row + len(rows)))


class TestCheckFrame:
    def test_a_good_table_comes_back_as_it_is(self):
        frame = lsoas({}, {})
        good, faults = check_frame(frame, F, source="imd.xlsx")
        assert faults == []
        pd.testing.assert_frame_equal(good, frame)

    def test_columns_are_put_in_order_and_others_left_out(self):
        frame = lsoas({}, {}).iloc[:, ::-1].assign(note="x")
        good, _ = check_frame(frame, F, source="imd.xlsx")
        assert list(good.columns) == list(F.to_schema().columns)
        assert "note" in frame.columns, "the caller's table is left alone"

    def test_all_bad_cells_in_one_pass_in_the_words_of_the_file(self):
        frame = lsoas({}, {F.imd_decile: 11}, {F.imd_rank: 0, F.lsoa_vintage: 2001}, {}, {F.imd_decile: 0})
        headings = {F.imd_decile: "IMD Decile", F.imd_rank: "IMD Rank"}
        good, faults = check_frame(frame, F, source="imd.xlsx", sheet="IMD25", id_column=F.lsoa_code, headings=headings)
        assert good.index.tolist() == [2, 5], "rows keep their numbers"
        told = sorted((fault.row, fault.column, fault.value, fault.row_id, fault.problem) for fault in faults)
        assert told == [
            (3, "IMD Decile", "11", "E01000001", "the number is above 10"),
            (4, "IMD Rank", "0", "E01000002", "the number is below 1"),
            (4, "lsoa_vintage", "2001", "E01000002", "the value is not one of those allowed"),
            (6, "IMD Decile", "0", "E01000004", "the number is below 1"),
        ]
        assert {(fault.source, fault.sheet) for fault in faults} == {("imd.xlsx", "IMD25")}
        assert {fault.remedy for fault in faults if fault.row == 4} == {
            "Give 1 or more.", "Use one of: 2011, 2021."
        }  # fmt: skip

    def test_a_key_that_stands_twice_is_a_fault_in_both_rows(self):
        frame = lsoas({F.lsoa_code: "E01"}, {}, {F.lsoa_code: "E01"})
        good, faults = check_frame(frame, F, source="imd.xlsx", id_column=F.lsoa_code)
        assert good.index.tolist() == [3]
        assert [(fault.row, fault.row_id, fault.remedy) for fault in faults] == [
            (2, "E01", "Keep one of them."), (4, "E01", "Keep one of them.")
        ]  # fmt: skip

    def test_an_empty_cell_is_named_without_a_value(self):
        f = InactivityFrame
        frame = pd.DataFrame({f.lad_code: ["E06000001", None], f.inactive_share: [np.nan, 0.2]})
        good, faults = check_frame(frame.astype({f.lad_code: "str"}), f, source="a.csv", id_column=f.lad_code)
        assert good.empty
        told = [(f.row, f.column, f.value, f.row_id, f.problem) for f in sorted(faults, key=lambda fault: fault.row)]
        assert told == [
            (0, InactivityFrame.inactive_share, "", "E06000001", "the cell is empty"),
            (1, InactivityFrame.lad_code, "", "", "the cell is empty"),
        ]

    def test_a_code_written_otherwise(self):
        codes = ["A81001", "a81001", "A8 1001", "NOT-A-CODE"]
        frame = pd.DataFrame(dict.fromkeys(PracticeFrame.to_schema().columns, "QX9"), index=range(4)).astype("str")
        frame[PracticeFrame.practice_code] = codes
        frame[PracticeFrame.pcn_code] = pd.Series(["U12345", None, None, None], dtype="str")
        good, faults = check_frame(frame, PracticeFrame, source="map.csv")
        assert good[PracticeFrame.practice_code].tolist() == ["A81001"]
        assert [fault.value for fault in faults] == codes[1:]
        assert {fault.problem for fault in faults} == {"the code is not written as such codes are"}

    def test_all_missing_columns_at_once(self):
        with pytest.raises(SchemaError) as error:
            check_frame(lsoas({})[[F.lsoa_code, F.imd_rank]], F, source="imd.xlsx", sheet="IMD25")
        assert [fault.column for fault in error.value.faults] == [F.imd_decile, F.lsoa_vintage]
        assert all(fault.problem == "the column is missing" for fault in error.value.faults)

    def test_a_column_of_the_wrong_kind_stops_the_table(self):
        frame = lsoas({}, {F.imd_decile: 99}).astype({F.imd_rank: "str"})
        with pytest.raises(SchemaError) as error:
            check_frame(frame, F, source="imd.xlsx")
        assert {fault.column for fault in error.value.faults} == {F.imd_rank}
        assert "Check that the file is the one wanted" in str(error.value)

    def test_an_empty_table_of_the_right_kinds_is_good(self):
        good, faults = check_frame(lsoas({}).iloc[:0], F, source="imd.xlsx")
        assert good.empty and faults == []


def facilities(crs: str | None, **changes: object) -> gpd.GeoDataFrame:
    f = FacilityFrame
    row = {
        f.facility_id: "F1", f.operator_id: "O1", f.facility_name: "Hall", f.venue_type: "hall", f.postcode: "LS1 4AP",
        f.other_venue_types: None, f.access_notes: None, f.location_basis: "postcode",
    } | changes  # fmt: skip
    frame = pd.DataFrame([row], index=[2]).astype("str")
    return gpd.GeoDataFrame(frame, geometry=[shapely.Point(430_000, 433_000)], crs=crs)


class TestCrs:
    @pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", None])
    def test_another_crs_is_told_before_anything_else(self, crs):
        """pandera alone would raise a bare TypeError that names nothing; the missing column waits its turn."""
        frame = facilities(crs, venue_type="moon").drop(columns=FacilityFrame.operator_id)
        told = "bank.xlsx, sheet facilities, column geometry: .* not in EPSG:27700"
        with pytest.raises(CrsError, match=told) as error:
            check_frame(frame, FacilityFrame, source="bank.xlsx", sheet="facilities")
        (fault,) = error.value.faults
        assert fault.value == str(crs)

    def test_british_national_grid_passes_and_stays(self):
        good, faults = check_frame(facilities("EPSG:27700"), FacilityFrame, source="bank.xlsx")
        assert faults == []
        assert isinstance(good, gpd.GeoDataFrame) and good.crs == "EPSG:27700"

    def test_a_bad_cell_beside_a_good_geometry(self):
        frame = facilities("EPSG:27700", venue_type="moon")
        good, (fault,) = check_frame(frame, FacilityFrame, source="bank.xlsx", id_column=FacilityFrame.facility_id)
        assert good.empty
        assert (fault.row, fault.row_id, fault.column, fault.value) == (2, "F1", "venue_type", "moon")
        assert "gym" in fault.remedy and "(" not in fault.remedy

    def test_a_table_without_geometry_has_a_column_missing(self):
        plain = pd.DataFrame(facilities("EPSG:27700").drop(columns="geometry"))
        with pytest.raises(SchemaError, match="column geometry: the column is missing"):
            check_frame(plain, FacilityFrame, source="bank.xlsx")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (PledgeFrame.hours, -1.0, "the number is below 0 (value: '-1.0'). Give 0 or more."),
        (PledgeFrame.hours, 2e9, "the number is above 1000000000.0 (value: '2000000000.0'). Give 1000000000.0 or"),
        (PledgeFrame.fill_share, 0.0, "the number is not above 0 (value: '0.0'). Give more than 0."),
        (PledgeFrame.hour_unit, "week", "(value: 'week'). Use one of: 'participant', 'class', 'facility', 'staff'."),
        (PledgeFrame.hours, float("inf"), "the number is above 1000000000.0 (value: 'inf')"),
    ],
)
def test_every_kind_of_check_of_a_pledge_has_plain_words(column, value, said):
    f = PledgeFrame
    row = dict.fromkeys(f.to_schema().columns, np.nan) | {
        f.pledge_id: "P1", f.operator_id: "O1", f.facility_id: "F1", f.pathways: "dance", f.hours: 5.0,
        f.hour_unit: "class", f.delivery: "on_site",
    } | {column: value}  # fmt: skip
    frame = pd.DataFrame([row], index=[9])
    kinds = {name: str(item.dtype) for name, item in f.to_schema().columns.items()}
    _, (fault,) = check_frame(frame.astype(kinds), f, source="bank.xlsx", id_column=f.pledge_id)
    text = str(fault)
    assert text.startswith(f"bank.xlsx, row 9, column {column} [P1]: ")
    assert said in text
    for technical in ("greater_than", "less_than", "isin", "str_matches", "not_nullable"):
        assert technical not in text


class TestAccounting:
    FAULTS = (
        Fault(source="b.csv", row=5, row_id="P5", column="hours", value="x", problem="first", remedy="R."),
        Fault(source="b.csv", row=5, row_id="P5", column="unit", value="y", problem="second", remedy="R."),
        Fault(source="a.csv", row=9, problem="other", remedy="R."),
        Fault(source="b.csv", row=3, problem="earlier", remedy="R."),
        Fault(source="b.csv", problem="of the whole file", remedy="R."),
        Fault(source="b.csv", sheet="two", row=3, problem="other sheet", remedy="R."),
    )

    def test_one_line_a_rejected_row_with_its_first_fault(self):
        frame = accounting_frame(account_faults(self.FAULTS))
        AccountingFrame.validate(frame)
        keys = [AccountingFrame.source, AccountingFrame.sheet, AccountingFrame.row, AccountingFrame.reason]
        assert frame[keys].to_numpy().tolist() == [
            ["a.csv", "", 9, "other"], ["b.csv", "", 3, "earlier"], ["b.csv", "", 5, "first"],
            ["b.csv", "two", 3, "other sheet"],
        ]  # fmt: skip
        assert frame[AccountingFrame.rows].tolist() == [1] * 4
        assert set(frame[AccountingFrame.status]) == {"rejected"}
        third = frame.iloc[2]
        assert (third[AccountingFrame.row_id], third[AccountingFrame.column], third[AccountingFrame.value]) == (
            "P5", "hours", "x"
        )  # fmt: skip

    def test_rows_that_share_a_fate_stand_on_one_line(self):
        used = account("a.csv", status="used", rows=98)
        frame = accounting_frame([used, account("a.csv", status="not_used", rows=2, reason="a total")])
        AccountingFrame.validate(frame)
        assert frame[AccountingFrame.rows].sum() == 100
        assert frame[AccountingFrame.row].tolist() == [2, 2], "the heading is row 1"
        assert frame[AccountingFrame.status].tolist() == ["used", "not_used"], "lines of one row keep their order"

    def test_no_lines_are_an_empty_table_of_the_right_kinds(self):
        AccountingFrame.validate(accounting_frame([]))
        assert account_faults([]) == []

    def test_an_unknown_status_does_not_pass(self):
        frame = accounting_frame([account("a.csv", status="lost", rows=1)])
        assert check_frame(frame, AccountingFrame, source="accounting")[1]


def test_missing_columns_say_what_to_do():
    faults = missing_columns(["a", "c"], ["a", "b", "d"], source="f.csv", sheet="s")
    assert [str(fault) for fault in faults] == [
        f"f.csv, sheet s, column {name}: the column is missing. Add a column headed {name!r}, "
        "or choose the file that has it."
        for name in ("b", "d")
    ]
    (fault,) = missing_columns([], ["a"], source="f.csv", remedy="Give the other file.")
    assert fault.remedy == "Give the other file."
    assert missing_columns(["a"], ["a"], source="f.csv") == []
