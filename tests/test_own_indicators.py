"""Indicators of a planner's own: read without losing a cell, and a part of need that can be worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geomap._own_need import measure_own
from geomap.config import OwnIndicatorParams, Scenario
from geomap.demo import demo_scenario
from geomap.errors import ConfigError, DataError
from geomap.load.find import find_sources
from geomap.load.own_indicators import load_own_indicators
from geomap.need import weighted_percentile
from geomap.pipeline import Inputs, load_inputs
from geomap.pipeline._people import People
from geomap.schema import AccountingFrame, IndicatorFrame, NeedFrame, OwnValueFrame

PATIENTS = pd.Series({"U00001": 1000, "U00002": 1000, "U00003": 2000})


def write(folder: Path, text: str, name: str = "own_indicators.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def figures(path: Path) -> dict[tuple[str, str], float]:
    f = OwnValueFrame
    return load_own_indicators(path).frame.set_index([f.pcn_code, f.indicator])[f.value].to_dict()


def own(weight: float = 1.0, higher_is: str = "more need") -> OwnIndicatorParams:
    return OwnIndicatorParams(weight=weight, higher_is=higher_is)


def measured(values: pd.DataFrame | None, **params: OwnIndicatorParams):
    total = 1.0 + sum(one.weight for one in params.values())
    return measure_own(values, params, PATIENTS, all_weights=total, rank=weighted_percentile)


def values(**columns: list[float | None]) -> pd.DataFrame:
    wide = pd.DataFrame(columns, index=pd.Index(PATIENTS.index, name=OwnValueFrame.pcn_code))
    long = wide.melt(ignore_index=False, var_name=OwnValueFrame.indicator, value_name=OwnValueFrame.value)
    return long.dropna().reset_index()


class TestTheFile:
    def test_every_column_of_numbers_is_an_indicator(self, tmp_path):
        path = write(tmp_path, "PCN code,PCN name,Falls per 1000,Change 2025\nu00001,NORTH,12.5,-3\nU00002,SOUTH,,4\n")
        loaded = load_own_indicators(path)
        assert figures(path) == {
            ("U00001", "falls_per_1000"): 12.5, ("U00001", "change_2025"): -3.0, ("U00002", "change_2025"): 4.0,
        }  # fmt: skip
        assert any("passed over" in note and "PCN name" in note for note in loaded.notes)
        assert loaded.repairs[0].taken == "U00001"
        assert loaded.accounting[AccountingFrame.rows].sum() == 2

    def test_a_workbook_is_read_from_the_sheet_that_has_the_codes(self, tmp_path):
        book = openpyxl.Workbook()
        book.active.append(["Notes", "from the analyst"])
        sheet = book.create_sheet("Figures")
        sheet.append(["pcn_code", "falls"])
        sheet.append(["U00001", 12.5])
        book.save(tmp_path / "own_indicators.xlsx")
        assert figures(tmp_path / "own_indicators.xlsx") == {("U00001", "falls"): 12.5}

    def test_a_cell_that_is_no_number_is_a_fault_with_its_row_and_remedy(self, tmp_path):
        (fault,) = load_own_indicators(write(tmp_path, "pcn_code,falls\nU00001,12\nU00002,many\n")).faults
        assert (fault.row, fault.column, fault.value) == (3, "falls", "many")
        assert "empty the cell" in fault.remedy

    def test_a_withheld_figure_is_not_known_and_not_nought(self, tmp_path):
        loaded = load_own_indicators(write(tmp_path, "pcn_code,falls\nU00001,12\nU00002,*\n"))
        assert list(loaded.frame[OwnValueFrame.pcn_code]) == ["U00001"]
        assert not loaded.faults
        unused = loaded.accounting.query("status == 'not_used'")
        assert unused[AccountingFrame.reason].tolist() == ["no figure is given"]

    def test_two_rows_of_one_pcn_that_differ_are_both_faults(self, tmp_path):
        loaded = load_own_indicators(write(tmp_path, "pcn_code,falls\nU00001,1\nU00001,2\nU00002,3\n"))
        assert [fault.row for fault in loaded.faults] == [2, 3]
        assert list(loaded.frame[OwnValueFrame.pcn_code]) == ["U00002"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("falls,rate\n1,2\n", "the column is missing"),
            ("pcn_code,name\nU00001,north\n", "no column holds numbers"),
            ("pcn_code,Falls,falls%\nU00001,1,2\n", "two headings name the indicator falls"),
            ("pcn_code,NHS number,falls\nU00001,9434765919,1\n", "about people"),
            ("pcn_code,falls\n,1\n", "none of its 1 rows"),
        ],
    )
    def test_what_cannot_be_used_is_refused_in_words(self, tmp_path, text, said):
        with pytest.raises(DataError, match=said) as caught:
            load_own_indicators(write(tmp_path, text))
        assert all(fault.source.startswith("own_indicators.csv") and fault.remedy for fault in caught.value.faults)
        assert "9434765919" not in str(caught.value)

    def test_a_file_that_is_named_and_not_there_is_told_without_a_page(self, tmp_path):
        _, faults = find_sources(tmp_path, {"own_indicators": "mine.csv"})
        (fault,) = [fault for fault in faults if fault.value == "mine.csv"]
        assert "[data.files]" in fault.remedy and "Open" not in fault.remedy


class TestTheMeasure:
    def test_percentiles_by_hand(self):
        """Patients 1000, 1000, 2000 of 4000 in the order of the figures: half of the first is 0.125."""
        done = measured(values(falls=[1.0, 2.0, 3.0]), falls=own())
        assert done.percentile.tolist() == [0.125, 0.375, 0.75]
        IndicatorFrame.validate(done.rows)
        assert done.rows[IndicatorFrame.weight_share].unique().tolist() == [0.5]

    def test_less_need_turns_it_round(self):
        done = measured(values(active=[1.0, 2.0, 3.0]), active=own(higher_is="less need"))
        assert done.percentile.tolist() == [0.875, 0.625, 0.25]

    def test_two_are_weighed_and_one_that_is_missing_leaves_its_weight_to_the_other(self):
        done = measured(values(a=[1.0, 2.0, 3.0], b=[None, 1.0, 1.0]), a=own(3.0), b=own(1.0))
        assert done.percentile.tolist() == [0.125, (3 * 0.375 + 0.5) / 4, (3 * 0.75 + 0.5) / 4]
        assert any("without a figure for b: 1" in note for note in done.notes)

    def test_what_is_asked_and_not_there_is_refused(self):
        with pytest.raises(ConfigError, match=r"names fals, which .* It has falls\."):
            measured(values(falls=[1.0, 2.0, 3.0]), fals=own())
        with pytest.raises(ConfigError, match="no table of your own indicators"):
            measured(None, falls=own())

    def test_what_is_there_and_not_asked_for_is_told(self):
        strange = pd.DataFrame([("U99999", "falls", 1.0)], columns=list(OwnValueFrame.to_schema().columns))
        done = measured(pd.concat([values(falls=[1.0, 2.0, 3.0]), strange]))
        assert done.rows.empty and done.percentile.isna().all()
        assert any("not used: falls" in note for note in done.notes)
        assert any("U99999" in note for note in done.notes)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
    def test_the_mean_over_patients_is_a_half(self, given_values):
        done = measured(values(x=given_values), x=own(higher_is="less need"))
        assert (done.percentile * PATIENTS).sum() / PATIENTS.sum() == pytest.approx(0.5)


@pytest.fixture(scope="module")
def demo() -> tuple[Scenario, Inputs]:
    scenario = Scenario.from_toml(demo_scenario())
    return scenario, load_inputs(scenario)


def with_own(inputs: Inputs, frame: pd.DataFrame) -> Inputs:
    return replace(inputs, tables={**inputs.tables, "own_indicators": frame})


def test_need_takes_it_as_a_further_part(demo):
    """Own indicators at a weight of 1 beside 1 of the others: the index is the mean of the two."""
    scenario, inputs = demo
    before = People.build(inputs, scenario).need
    codes = before[NeedFrame.pcn_code]
    frame = pd.DataFrame({"pcn_code": codes, "indicator": "falls", "value": range(len(codes), 0, -1)})
    asked = scenario.with_settings({"need.own": {"falls": {"weight": 1.0}}})
    people = People.build(with_own(inputs, frame.astype({"value": "float64"})), asked)
    after = people.need
    assert after[NeedFrame.own_percentile].is_monotonic_decreasing
    half = (before[NeedFrame.need_index] + after[NeedFrame.own_percentile]) / 2
    pd.testing.assert_series_equal(after[NeedFrame.need_index], half, check_names=False)
    assert len(people.indicators) == len(codes)
    assert before[NeedFrame.own_percentile].isna().all()


def test_without_any_the_index_is_what_it_was(demo):
    scenario, inputs = demo
    plain = People.build(inputs, scenario)
    frame = pd.DataFrame([("U99001", "x", 1.0)], columns=list(OwnValueFrame.to_schema().columns))
    there = People.build(with_own(inputs, frame), scenario)
    pd.testing.assert_frame_equal(plain.need, there.need)
    assert plain.indicators.empty
