"""A planner's own table of travel times: every layout by hand, what it refuses, and lokigi reading the same file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import TravelParams, load_default
from geomap.errors import DataError
from geomap.load._travel_files import list_travel_files, load_travel_files
from geomap.load.travel_times import TravelContext, load_travel_times
from geomap.schema import AccountingFrame, FacilityFrame, PracticeFrame, TravelTimeFrame
from geomap.validate import Loaded

F = TravelTimeFrame
KNOWN = TravelContext(
    facility_ids=frozenset({"F1", "Hall 2"}),
    place_ids=frozenset({"U00001", "U00002", "A81001", "E01000001"}),
    postcodes=(("AB1 2CD", "A81001"), ("AB1 2CD", "A81002")),
    modes=("drive",),
)


def load(folder: Path, text: str, context: TravelContext = KNOWN, name: str = "travel_times.csv") -> Loaded:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_travel_times(path, context)


def told(loaded: Loaded) -> dict[tuple[str, str, str], float | None]:
    """(facility, place, mode) → minutes, None where out of reach."""
    rows = TravelTimeFrame.validate(loaded.frame)[[F.facility_id, F.point_id, F.mode, F.minutes_min]]
    return {(a, b, c): None if np.isnan(minutes) else minutes for a, b, c, minutes in rows.itertuples(index=False)}


def refused(folder: Path, text: str, context: TravelContext = KNOWN) -> str:
    with pytest.raises(DataError) as caught:
        load(folder, text, context)
    return str(caught.value)


def account(loaded: Loaded) -> dict[tuple[str, str], int]:
    f = AccountingFrame
    return loaded.accounting.groupby([f.status, f.reason])[f.rows].sum().to_dict()


class TestLayouts:
    def test_r5r(self, tmp_path):
        loaded = load(tmp_path, "from_id,to_id,travel_time_p50\nU00001,F1,10\nU00002,F1,NA\n")
        assert told(loaded) == {("F1", "U00001", "drive"): 10, ("F1", "U00002", "drive"): None}
        assert "the 50th percentile" in loaded.notes[0]

    def test_r5r_with_several_percentiles_takes_the_median_and_says_so(self, tmp_path):
        text = "from_id,to_id,travel_time_p25,travel_time_p50,travel_time_p75\nU00001,F1,8,10,14\n"
        loaded = load(tmp_path, text)
        assert told(loaded) == {("F1", "U00001", "drive"): 10}
        assert "The other 2 percentiles are not used." in loaded.notes[0]

    def test_r5py(self, tmp_path):
        loaded = load(tmp_path, "from_id,to_id,travel_time\nU00001,F1,10\n")
        assert told(loaded) == {("F1", "U00001", "drive"): 10}

    def test_our_words_in_seconds_with_a_mode_of_each_row(self, tmp_path):
        both = dataclasses.replace(KNOWN, modes=("walk", "drive"))
        text = "facility_id,pcn_code,seconds,mode\nF1,U00001,600,walk\nF1,U00001,120,CAR\n"
        assert told(load(tmp_path, text, both)) == {("F1", "U00001", "walk"): 10, ("F1", "U00001", "drive"): 2}

    def test_wide_as_lokigi_reads_it(self, tmp_path):
        seconds = dataclasses.replace(KNOWN, unit="seconds")
        loaded = load(tmp_path, "area,F1,Hall 2\nU00001,600,90\nU00002,,30\n", seconds)
        assert told(loaded) == {
            ("F1", "U00001", "drive"): 10, ("F1", "U00002", "drive"): None,
            ("Hall 2", "U00001", "drive"): 1.5, ("Hall 2", "U00002", "drive"): 0.5,
        }  # fmt: skip

    def test_wide_with_the_facilities_down_the_side(self, tmp_path):
        minutes = dataclasses.replace(KNOWN, unit="minutes")
        loaded = load(tmp_path, "site,U00001,E01000001\nF1,3,4\n", minutes)
        assert told(loaded) == {("F1", "U00001", "drive"): 3, ("F1", "E01000001", "drive"): 4}

    def test_either_way_round_by_the_ids_that_are_known(self, tmp_path):
        there = load(tmp_path, "from_id,to_id,minutes\nU00001,F1,10\nA81001,hall 2,7\n")
        back = load(tmp_path, "from_id,to_id,minutes\nF1,U00001,10\nhall 2,A81001,7\n")
        assert told(there) == told(back) == {("F1", "U00001", "drive"): 10, ("Hall 2", "A81001", "drive"): 7}

    def test_a_postcode_stands_for_every_practice_at_it(self, tmp_path):
        loaded = load(tmp_path, "facility_id,postcode,minutes\nF1,ab12cd,5\n")
        assert told(loaded) == {("F1", "A81001", "drive"): 5, ("F1", "A81002", "drive"): 5}

    @pytest.mark.parametrize("heading", ["minutes", "minutes_min", "travel_time (minutes)", "duration_min", "Minutes"])
    def test_headings_that_say_minutes(self, tmp_path, heading):
        assert told(load(tmp_path, f"from_id,to_id,{heading}\nU00001,F1,60\n")) == {("F1", "U00001", "drive"): 60}

    @pytest.mark.parametrize("heading", ["seconds", "travel_time_s", "duration_sec", "time_seconds"])
    def test_headings_that_say_seconds(self, tmp_path, heading):
        assert told(load(tmp_path, f"from_id,to_id,{heading}\nU00001,F1,60\n")) == {("F1", "U00001", "drive"): 1}

    def test_parquet_says_the_same_as_csv(self, tmp_path):
        frame = pd.DataFrame({"from_id": ["U00001", "U00002"], "to_id": ["F1", "F1"], "minutes": [10.25, np.nan]})
        frame.to_parquet(tmp_path / "travel_times.parquet")
        text = frame.to_csv(index=False)
        loaded = load_travel_times(tmp_path / "travel_times.parquet", KNOWN)
        assert told(loaded) == told(load(tmp_path, text)) and len(loaded.frame) == 2

    def test_wide_parquet_with_its_places_as_index(self, tmp_path):
        frame = pd.DataFrame({"F1": [1.0, 2.0]}, index=pd.Index(["U00001", "U00002"], name="pcn"))
        frame.to_parquet(tmp_path / "wide.parquet")
        loaded = load_travel_times(tmp_path / "wide.parquet", dataclasses.replace(KNOWN, unit="minutes"))
        assert told(loaded) == {("F1", "U00001", "drive"): 1, ("F1", "U00002", "drive"): 2}

    def test_our_own_results_are_such_a_table(self, tmp_path):
        text = "\ufefffacility_id,pcn_code,reach_share,minutes_min\nF1,U00001,0.5,9.22479\n"
        assert told(load(tmp_path, text)) == {("F1", "U00001", "drive"): 9.22479}


class TestRefused:
    def test_a_unit_is_never_guessed(self, tmp_path):
        for text in ("from_id,to_id,time\nU00001,F1,10\n", "area,F1\nU00001,600\n"):
            said = refused(tmp_path, text)
            assert "nothing says whether its times are minutes or seconds" in said and "matrix_unit" in said

    def test_a_mode_is_never_guessed(self, tmp_path):
        both = dataclasses.replace(KNOWN, modes=("walk", "drive"))
        assert "travel_times_drive.csv" in refused(tmp_path, "from_id,to_id,minutes\nU00001,F1,10\n", both)
        assert "its name says walk" in refused(
            tmp_path, "from_id,to_id,minutes,mode\nU00001,F1,1,car\n", dataclasses.replace(both, mode="walk")
        )

    def test_another_table(self, tmp_path):
        assert "the column to holds no times" in refused(tmp_path, "from,to,time\nU00001,F1,10\n")
        assert "several columns hold times" in refused(tmp_path, "from_id,to_id,minutes,seconds\nU00001,F1,1,60\n")

    def test_no_id_is_known(self, tmp_path):
        said = refused(tmp_path, "from_id,to_id,minutes\nX1,Y1,10\n")
        assert "its ids are 'X1', 'Y1'" in said and "facility_id" in said

    def test_ids_of_both_kinds(self, tmp_path):
        alike = TravelContext(facility_ids=frozenset({"A", "B"}), place_ids=frozenset({"A", "B"}), modes=("drive",))
        assert "both of its ends could be the facility" in refused(tmp_path, "from_id,to_id,minutes\nA,B,1\n", alike)

    def test_no_parquet(self, tmp_path):
        path = tmp_path / "travel_times.parquet"
        path.write_bytes(b"PAR1 and nothing more")
        with pytest.raises(DataError, match="cannot be read as Parquet"):
            load_travel_times(path, KNOWN)


class TestRows:
    def test_each_fault_names_its_row_and_each_row_is_accounted_for(self, tmp_path):
        loaded = load(
            tmp_path,
            "from_id,to_id,minutes,mode\nU00001,F1,10,\nU00001,F1,10,\nU00002,F1,1,\nU00002,F1,2,\nU00001,Hall 2,-3,\n"
            "U00002,Hall 2,inf,\nA81001,F9,1,\nU99999,F1,1,\nA81001,F1,5,walk\nE01000001,F1,5,bicycle\n",
        )
        assert told(loaded) == {("F1", "U00001", "drive"): 10}
        assert [(fault.row, fault.value) for fault in loaded.faults] == [
            (4, "1"), (5, "2"), (6, "-3"), (7, "inf"), (11, "bicycle"),
        ]  # fmt: skip
        found = account(loaded)
        assert found["used", ""] == 2  # the second of them says the same again
        assert found["not_used", "its facility is not in the bank of hours"] == 1
        assert found["not_used", "it names no PCN, practice or LSOA that patients are of"] == 1
        assert found["not_used", "another mode than those of this run"] == 1
        assert sum(found.values()) == 10

    def test_ids_that_are_not_known_are_named(self, tmp_path):
        loaded = load(tmp_path, "from_id,to_id,minutes\nU00001,F1,10\nU00001,F7,10\nU7,F1,1\nU8,F1,1\n")
        told = "1 id is not of a facility of the bank of hours, and not used: 'F7'."
        assert any(told in note for note in loaded.notes)
        assert any("2 ids are not of a PCN" in note and "'U7', 'U8'" in note for note in loaded.notes)

    @pytest.mark.slow
    @settings(max_examples=30, deadline=None)
    @given(
        st.dictionaries(
            st.tuples(st.sampled_from(["F1", "Hall 2"]), st.sampled_from(sorted(KNOWN.place_ids))),
            st.one_of(st.none(), st.integers(0, 9_000)),
            min_size=1,
        ),
        st.randoms(use_true_random=False),
    )
    def test_long_and_wide_in_any_order_say_the_same(self, tmp_path_factory, seconds, random):
        folder = tmp_path_factory.mktemp("times")
        rows = [(place, site, "" if s is None else s) for (site, place), s in seconds.items()]
        random.shuffle(rows)
        long = "from_id,to_id,seconds\n" + "".join(f"{place},{site},{s}\n" for place, site, s in rows)
        frame = pd.DataFrame(rows, columns=["area", "site", "s"]).pivot(index="area", columns="site", values="s")
        wide = load(folder, frame.to_csv(), dataclasses.replace(KNOWN, unit="seconds"))
        there = {pair: minutes for pair, minutes in told(wide).items() if minutes is not None}
        expected = {(site, place, "drive"): s / 60 for (site, place), s in seconds.items() if s is not None}
        assert there == expected
        assert {pair: m for pair, m in told(load(folder, long)).items() if m is not None} == expected


class TestFiles:
    PARAMS = TravelParams.model_validate({**load_default("travel"), "modes": ["walk", "drive"]})
    FACILITIES = pd.DataFrame({FacilityFrame.facility_id: ["F1"]})
    TABLES = {
        "practice_map": pd.DataFrame(
            {PracticeFrame.practice_code: ["A81001"], PracticeFrame.pcn_code: ["U00001"], PracticeFrame.postcode: ["X"]}
        )
    }

    def read(self, folder: Path) -> Loaded:
        return load_travel_files(folder / "travel_times_drive.csv", self.PARAMS, self.TABLES, self.FACILITIES)

    def write(self, folder: Path, **files: str) -> None:
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(f"from_id,to_id,minutes{text}", encoding="utf-8")

    def test_one_file_a_mode(self, tmp_path):
        self.write(
            tmp_path, travel_times_drive="\nU00001,F1,3\n", travel_times_walk="\nU00001,F1,30\n",
            travel_times_transit="\nU00001,F1,9\n", travels="\n",
        )  # fmt: skip
        loaded = self.read(tmp_path)
        assert told(loaded) == {("F1", "U00001", "drive"): 3, ("F1", "U00001", "walk"): 30}
        assert any("travel_times_transit.csv: not opened" in note for note in loaded.notes)
        names = [path.name for path in list_travel_files(tmp_path / "travel_times_drive.csv")]
        assert names == ["travel_times_drive.csv", "travel_times_transit.csv", "travel_times_walk.csv"]

    def test_two_files_of_one_mode_are_refused(self, tmp_path):
        self.write(tmp_path, travel_times_drive="\nU00001,F1,3\n", travel_times=",mode\nU00001,F1,4,drive\n")
        with pytest.raises(DataError, match="it tells times by drive, and so does"):
            self.read(tmp_path)


def test_lokigi_reads_the_same_minutes_from_the_same_file(tmp_path):
    site = pytest.importorskip("lokigi.site", reason="lokigi comes with the extra 'bench'")
    path = tmp_path / "travel_times_drive.csv"
    # With a fraction: under pandas 3 lokigi 0.9 cannot convert a column of whole seconds.
    path.write_text("pcn_code,F1,Hall 2\nU00001,612.0,90.0\nU00002,1800.0,30.5\n", encoding="utf-8")
    problem = site.SiteProblem()
    problem.add_travel_matrix(str(path), source_col="pcn_code", from_unit="seconds", to_unit="minutes")
    theirs = problem.show_travel_matrix().set_index("pcn_code")
    ours = load_travel_times(path, dataclasses.replace(KNOWN, unit="seconds")).frame
    wide = ours.pivot(index=F.point_id, columns=F.facility_id, values=F.minutes_min)
    pd.testing.assert_frame_equal(wide, theirs, check_names=False, check_dtype=False, rtol=1e-12)


def test_lokigi_reads_minutes_of_a_finished_run(tmp_path):
    """`reachable.csv`, turned by one line of pandas into the wide table that lokigi wants."""
    site = pytest.importorskip("lokigi.site", reason="lokigi comes with the extra 'bench'")
    path = tmp_path / "reachable.csv"
    rows = "F1,U00001,1.0,9.22479\nF1,U00002,1.0,10.5651\nHall 2,U00001,0.7,3.43214\n"
    path.write_text(f"\ufefffacility_id,pcn_code,reach_share,minutes_min\n{rows}", encoding="utf-8")
    wide = pd.read_csv(path).pivot(index="pcn_code", columns="facility_id", values="minutes_min")
    wide.reset_index().to_csv(tmp_path / "wide.csv", index=False)
    problem = site.SiteProblem()
    problem.add_travel_matrix(str(tmp_path / "wide.csv"), source_col="pcn_code", unit="minutes", allow_missing=True)
    theirs = problem.show_travel_matrix().set_index("pcn_code").stack().dropna().to_dict()
    ours = load_travel_times(path, KNOWN).frame.set_index([F.point_id, F.facility_id])[F.minutes_min].to_dict()
    assert ours == theirs and len(ours) == 3
