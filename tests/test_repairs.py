"""Every cell that is read otherwise than it stands is told, with what was taken; a strict run lets none pass."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from bank_tables import CONTEXT, TABLES, changed, write_book, write_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from geomap import pipeline
from geomap.cli import app
from geomap.config import Scenario
from geomap.errors import DataError, Fault, Repair, RowError
from geomap.load.bank import Bank, load_bank
from geomap.load.boundaries import load_outlines
from geomap.load.gather import load_inputs
from geomap.load.registrations import load_practices
from geomap.load.workforce import load_workforce
from geomap.schema import AccountingFrame, FacilityFrame, LedgerFrame, PledgeFrame, RepairFrame
from geomap.schema.codes import reason_code
from geomap.validate import repair_frame

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"

CELLS = [
    ("thousands", "pledges", 2, "hours", "1,200", "1200"),
    ("padded_id", "pledges", 2, "pledge_id", " P1 ", "P1"),
    ("no_break_space", "pledges", 2, "pledge_id", "P1\u00a0", "P1"),
    ("code_in_small_letters", "links", 2, "organisation_code", "u11111", "U11111"),
    ("code_with_spaces", "links", 2, "organisation_code", "U 11111 ", "U11111"),
    ("word_in_another_spelling", "facilities", 2, "venue_type", "Gym", "gym"),
    ("words_with_capitals", "pledges", 2, "times", "Weekend;Weekday day", "weekday_day;weekend"),
    ("commas_in_a_list", "pledges", 2, "pathways", "dance, falls_prevention", "dance;falls_prevention"),
    ("id_in_another_case", "pledges", 2, "facility_id", "f1", "F1"),
    ("percentage", "pledges", 3, "fill_share", "80%", "0.8"),
    ("percentage_without_its_sign", "pledges", 3, "fill_share", "80", "0.8"),
    ("day_before_month", "pledges", 2, "start_date", "03/04/2026", "2026-04-03"),
    ("blank_delivery", "pledges", 2, "delivery", "", "on_site"),
    ("blank_link", "links", 2, "link_status", "", "unknown"),
    ("blank_smallest_group", "pledges", 3, "min_group", "", "1"),
    ("blank_name", "facilities", 2, "facility_name", "", "F1"),
    ("group_that_is_not_used", "pledges", 2, "group_size", "12", ""),
    ("postcode_in_small_letters", "facilities", 3, "postcode", "Ls1 3aD", "LS1 3AD"),
    ("postcode_far_from_the_place", "facilities", 2, "postcode", "LS1 3AD", ""),
    ("postcode_that_does_not_exist", "facilities", 2, "postcode", "LS1 9ZZ", ""),
]

AS_WRITTEN = [
    ("hours", "1200.50"), ("hours", "1e3"), ("start_date", "2026-05-04"), ("start_date", "25/04/2026"),
    ("start_date", "05/05/2026"), ("start_date", "1Jul2026"), ("start_date", "20260704"), ("delivery", "outreach"),
    ("pathways", "falls_prevention; dance"), ("icb_codes", "QWO"), ("times", ""), ("end_date", ""),
]  # fmt: skip


def read(folder: Path, tables: dict[str, list[list[str]]], write=write_folder) -> Bank:
    return load_bank(write(folder, tables), CONTEXT)


def usual() -> set[tuple[str, int, str]]:
    """What has to be mended in the sound bank of the tests."""
    return {
        ("operators.csv", 2, "operator_kind"), ("facilities.csv", 3, "postcode"), ("pledges.csv", 3, "roles"),
        ("links.csv", 3, "organisation_code"),
    }  # fmt: skip


def spots(bank: Bank) -> set[tuple[str, int, str]]:
    return {(repair.source, repair.row, repair.column) for repair in bank.repairs}


class TestBank:
    @pytest.mark.parametrize(("name", "table", "row", "column", "value", "taken"), CELLS, ids=[c[0] for c in CELLS])
    def test_one_line_a_cell(self, tmp_path, name, table, row, column, value, taken):
        bank = read(tmp_path / "bank", changed(table, row, **{column: value}))
        assert bank.faults == ()
        spot = (f"{table}.csv", row, column)
        (found,) = [repair for repair in bank.repairs if (repair.source, repair.row, repair.column) == spot]
        assert (found.value, found.taken, found.cells) == (value, taken, 1)
        assert found.reason and found.row_id
        assert spots(bank) == usual() | {spot}

    @pytest.mark.parametrize(("column", "value"), AS_WRITTEN)
    def test_what_is_written_as_it_may_be_is_no_repair(self, tmp_path, column, value):
        bank = read(tmp_path / "bank", changed("pledges", 2, **{column: value}))
        assert bank.faults == () and spots(bank) == usual()

    def test_what_was_taken_needs_no_repair(self, tmp_path):
        """Written as they were taken, the cells give the same bank, and nothing is left to repair."""
        tables = {name: [list(row) for row in rows] for name, rows in TABLES.items()}
        for _, table, row, column, value, taken in CELLS:
            if taken:
                if column not in tables[table][0]:
                    for line in tables[table]:
                        line.append("")
                    tables[table][0][-1] = column
                tables[table][row - 1][tables[table][0].index(column)] = value
        first = read(tmp_path / "one", tables)
        assert len(first.repairs) >= 12 and first.faults == ()
        for repair in first.repairs:
            lines = tables[repair.source.removesuffix(".csv")]
            lines[repair.row - 1][lines[0].index(repair.column)] = repair.taken
        second = read(tmp_path / "two", tables)
        assert second.repairs == () and second.faults == ()
        for name in TABLES:
            pd.testing.assert_frame_equal(pd.DataFrame(getattr(first, name)), pd.DataFrame(getattr(second, name)))

    @pytest.mark.parametrize(
        ("cells", "first", "second"),
        [
            ({"easting": "180400", "northing": "530000"}, "easting", "northing"),
            ({"easting": "", "northing": "", "latitude": "-0.1276", "longitude": "51.5072"}, "latitude", "longitude"),
        ],
    )
    def test_a_swapped_coordinate_is_turned_and_both_cells_are_told(self, tmp_path, cells, first, second):
        bank = read(tmp_path / "bank", changed("facilities", 2, **cells))
        assert bank.faults == ()
        told = {repair.column: repair for repair in bank.repairs if repair.row == 2 and repair.source[0] == "f"}
        assert (told[first].taken, told[second].taken) == (cells[second], cells[first])
        place = bank.facilities.set_index(FacilityFrame.facility_id).geometry["F1"]
        assert place.distance(shapely.Point(530_000, 180_400)) < 500

    def test_a_place_that_is_in_england_either_way_round_is_left_alone(self, tmp_path):
        bank = read(tmp_path / "bank", changed("facilities", 2, easting="430144", northing="433483"))
        assert bank.faults == () and spots(bank) == usual()
        assert bank.facilities.geometry[0].x == 430_144

    def test_a_month_that_stands_first_in_a_column_leaves_no_room_for_a_guess(self, tmp_path):
        """04/25/2026 shows that the month may stand first; 03/04/2026 in the same column is then no date at all."""
        tables = changed("pledges", 2, start_date="03/04/2026")
        tables["pledges"][2][9] = "04/25/2026"
        bank = read(tmp_path / "bank", tables)
        assert [(fault.row, fault.column) for fault in bank.faults if not fault.follows] == [
            (2, "start_date"), (3, "start_date")]  # fmt: skip
        assert "as the month first stands in row 3" in bank.faults[0].problem
        assert reason_code(bank.faults[0].problem) == "month_first"

    def test_group_size_is_not_said_to_be_idle_where_the_unit_is_missing(self, tmp_path):
        bank = read(tmp_path / "bank", changed("pledges", 3, hour_unit=""))
        assert not [repair for repair in bank.repairs if repair.column == "group_size"]
        assert not [note for note in bank.notes if "group_size" in note]

    def test_a_cell_at_fault_is_not_told_as_mended(self, tmp_path):
        bank = read(tmp_path / "bank", changed("pledges", 2, hours=" -1,200 "))
        assert [fault.column for fault in bank.faults] == ["hours"] and spots(bank) == usual()

    def test_a_workbook_tells_the_same(self, tmp_path):
        tables = changed("pledges", 2, hours="1,200", start_date="03/04/2026")
        one, two = read(tmp_path / "bank", tables), read(tmp_path / "bank.xlsx", tables, write_book)
        assert [(r.row, r.column, r.value, r.taken) for r in one.repairs] == [
            (r.row, r.column, r.value, r.taken) for r in two.repairs
        ]
        assert {repair.sheet for repair in two.repairs} == set(TABLES)

    def test_repairs_come_with_what_stops_the_load(self, tmp_path):
        tables = changed("pledges", 2, hours="1,200")
        tables["operators"][0][2] = "nothing"
        with pytest.raises(DataError) as caught:
            read(tmp_path / "bank", tables)
        assert ("pledges.csv", 2, "hours") in {(r.source, r.row, r.column) for r in caught.value.repairs}

    def test_nothing_is_told_of_cells_beside_a_column_about_people(self, tmp_path):
        with pytest.raises(DataError) as caught:
            read(tmp_path / "bank", changed("pledges", 2, hours="1,200", surname="Smith"))
        assert caught.value.repairs == ()


class TestOfficialFiles:
    def change(self, tmp_path: Path, name: str, edit) -> Path:
        path = tmp_path / name
        with (DEMO / "official" / name).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
        edit(rows)
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return path

    def test_codes_of_one_column_share_a_line(self, tmp_path):
        def edit(rows):
            place = rows[0].index("PCN_CODE")
            for row in rows[3:6]:
                row[place] = f" {row[place].lower()} "

        loaded = load_practices(self.change(tmp_path, "gp-reg-pat-prac-map.csv", edit))
        (found,) = loaded.repairs
        assert (found.row, found.column, found.cells) == (4, "PCN_CODE", 3)
        assert found.taken == found.value.strip().upper() and loaded.faults == ()
        assert loaded.notes[0].startswith("3 pcn_codes were written with spaces"), "and the note stays"

    def test_files_as_published_need_none(self):
        assert load_practices(DEMO / "official" / "gp-reg-pat-prac-map.csv").repairs == ()

    def test_no_line_points_at_a_person(self, tmp_path, real_data):
        del tmp_path
        assert {repair.row for repair in load_workforce(next(real_data.rglob("PCNWFIndividual*.zip"))).repairs} <= {2}

    def test_a_bow_tie_is_mended_and_told(self, tmp_path):
        bow = shapely.Polygon([(400_000, 400_000), (420_000, 420_000), (420_000, 400_000), (400_000, 420_000)])
        box = shapely.box(430_000, 400_000, 440_000, 410_000)
        shapes = {"ICB26CD": ["E54000001", "E54000002"], "ICB26NM": ["One", "Two"]}
        frame = gpd.GeoDataFrame(shapes, geometry=[box, bow], crs="EPSG:27700")
        frame.to_file(tmp_path / "icb.gpkg")
        (found,) = load_outlines(tmp_path / "icb.gpkg").repairs
        assert (found.row, found.column, found.cells) == (2, "geometry", 1)
        assert "crosses itself" in found.reason

    def test_a_label_that_is_overruled_is_told(self, tmp_path):
        box = shapely.box(430_000, 400_000, 440_000, 410_000)
        frame = gpd.GeoDataFrame({"ICB26CD": ["E54000001"], "ICB26NM": ["One"]}, geometry=[box], crs="EPSG:4326")
        frame.to_file(tmp_path / "icb.gpkg")
        (found,) = load_outlines(tmp_path / "icb.gpkg").repairs
        assert "read as metres" in found.reason


def scenario(bank: Path, **settings: str) -> Scenario:
    told = Scenario.from_toml(DEMO / "demo.toml", bank=bank)
    return told.model_copy(update={"bank": told.bank.model_copy(update=settings)})


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's bank with only its sound rows: nothing in it is at fault or repaired."""
    folder = tmp_path_factory.mktemp("sound") / "bank"
    shutil.copytree(DEMO / "bank", folder)
    bad = {(fault.source, fault.row) for fault in load_inputs(scenario(folder)).faults}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(row for n, row in enumerate(rows, 1) if (path.name, n) not in bad)
    return folder


@pytest.fixture
def mended(sound: Path, tmp_path: Path) -> Path:
    """The same with one cell to mend."""
    shutil.copytree(sound, tmp_path / "bank")
    path = tmp_path / "bank" / "pledges.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    rows[4][rows[0].index("hours")] = "1,200"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return tmp_path / "bank"


class TestStrict:
    def test_without_a_repair_it_changes_nothing(self, sound):
        assert load_inputs(scenario(sound, repairs="refuse", bad_rows="stop")).repairs == ()

    def test_a_repair_is_reported(self, mended):
        inputs = load_inputs(scenario(mended, bad_rows="stop"))
        (found,) = inputs.repairs
        assert (found.source, found.row, found.value, found.taken) == ("pledges.csv", 5, "1,200", "1200")
        assert "1 cell was read otherwise than written; repairs.csv tells each." in inputs.notes

    @pytest.mark.parametrize("bad_rows", ["stop", "reject"])
    def test_a_strict_run_refuses_it(self, mended, bad_rows):
        with pytest.raises(DataError, match="Nothing may be repaired") as caught:
            load_inputs(scenario(mended, repairs="refuse", bad_rows=bad_rows))
        assert not isinstance(caught.value, RowError)
        (fault,) = caught.value.faults
        assert (fault.row, fault.column, fault.value) == (5, "hours", "1,200")
        assert fault.remedy == "Write 1200, if that is what is meant."

    @pytest.mark.slow
    @pytest.mark.parametrize("command", ["run", "sites", "check"])
    def test_every_command_that_reads_may_be_strict(self, mended, tmp_path, command):
        out = [] if command == "check" else ["--out", str(tmp_path / "out")]
        result = CliRunner().invoke(app, [command, str(DEMO / "demo.toml"), "--bank", str(mended), "--strict", *out])
        assert result.exit_code == 3
        assert "row 5, column hours" in result.output and "without --strict" in result.output
        assert not (tmp_path / "out").exists()

    @pytest.mark.slow
    def test_faults_are_told_in_the_same_pass(self, mended):
        path = mended / "operators.csv"
        path.write_text(path.read_text(encoding="utf-8").replace(",leisure_trust", ",leisure", 1), encoding="utf-8")
        with pytest.raises(DataError) as caught:
            load_inputs(scenario(mended, repairs="refuse"))
        assert {"operator_kind", "hours"} <= {fault.column for fault in caught.value.faults}


class TestPublished:
    @pytest.mark.slow
    def test_the_table_holds_every_repair(self, mended):
        tables = pipeline.solve(load_inputs(scenario(mended)), scenario(mended))
        (line,) = tables.repairs.to_dict("records")
        assert (line["source"], line["row"], line["cells"], line["taken"]) == ("pledges.csv", 5, 1, "1200")
        RepairFrame.validate(tables.repairs)

    def test_lines_are_in_order_whatever_order_they_come_in(self):
        lines = [Repair(source=s, row=r, column=c, reason="x", taken="y") for s in "ba" for r in (3, 2) for c in "qp"]
        frame = repair_frame(lines)
        assert frame.equals(repair_frame(lines[::-1]))
        assert frame[RepairFrame.row].tolist() == [2, 2, 3, 3] * 2

    def test_no_repair_is_an_empty_table(self):
        RepairFrame.validate(repair_frame([]))


JUNK = st.sampled_from(
    ["", " ", "forty", "-1", "1,200", "1e999", "nan", "NA", "None", "#REF!", "31/02/2026", "03/04/2026", "=1+1", "x;y",
     "P1", "OP2", "F2", "class", "Gym ", "\u0421lass", "80%", "LS1 9ZZ", "0", "9" * 400, "<script>", "\u00a0", "''"]
)  # fmt: skip
CELL = st.tuples(st.sampled_from(list(TABLES)), st.integers(1, 3), st.integers(0, 20))


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hits=st.lists(st.tuples(CELL, JUNK), min_size=1, max_size=12))
def test_whatever_is_wrong_all_is_told_and_no_row_is_lost(tmp_path: Path, hits) -> None:
    """Random cells of a sound bank spoilt: rows in = used + rejected + passed over, and a fault for each rejected."""
    tables = {name: [list(row) for row in rows] for name, rows in TABLES.items()}
    for (table, row, place), text in hits:
        line = tables[table][min(row, len(tables[table]) - 1)]
        line[place % len(line)] = text
    bank = read(tmp_path / "bank", tables)
    account = pd.concat([bank.rows, bank.accounting])
    for name, rows in tables.items():
        mine = account[account[AccountingFrame.source] == f"{name}.csv"]
        filled = [number for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
        assert sorted(mine[AccountingFrame.row]) == filled, "every row of the file, each once"
        assert len(getattr(bank, name)) == (mine[AccountingFrame.status] == "used").sum()
    faulty = {(fault.source, fault.row) for fault in bank.faults}
    rejected = account[account[AccountingFrame.status] == "rejected"]
    assert faulty == set(zip(rejected[AccountingFrame.source], rejected[AccountingFrame.row], strict=True))
    assert rejected[AccountingFrame.reason_code].ne("").all()
    by_cell = Counter((fault.source, fault.row, fault.column) for fault in bank.faults)
    assert not by_cell or max(by_cell.values()) == 1, "one fault a cell"
    assert not spots(bank) & set(by_cell), "no cell is both at fault and mended"


SURELY_BAD = {
    ("operators", "operator_kind"): "zzz", ("facilities", "venue_type"): "zzz", ("pledges", "hours"): "forty",
    ("pledges", "hour_unit"): "zzz", ("pledges", "pathways"): "zzz", ("pledges", "start_date"): "31/02/2026",
    ("pledges", "end_date"): "soon", ("pledges", "delivery"): "zzz", ("pledges", "times"): "noon",
    ("pledges", "group_size"): "many", ("pledges", "fill_share"): "1.2", ("links", "organisation_code"): "U99999",
    ("links", "link_status"): "zzz",
}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt=st.sets(st.tuples(st.sampled_from(list(SURELY_BAD)), st.integers(2, 3)), min_size=1, max_size=20))
def test_all_faults_come_in_one_pass(tmp_path: Path, spoilt) -> None:
    """However many cells are bad, one pass names each of them, and no other but rows that point at theirs."""
    tables = {name: [list(row) for row in rows] for name, rows in TABLES.items()}
    for (table, column), row in spoilt:
        tables[table][row - 1][tables[table][0].index(column)] = SURELY_BAD[table, column]
    bank = read(tmp_path / "bank", tables)
    told = {(fault.source, fault.row, fault.column) for fault in bank.faults if not fault.follows}
    assert told == {(f"{table}.csv", row, column) for (table, column), row in spoilt}


@pytest.mark.slow
def test_hours_in_are_hours_out(mended: Path) -> None:
    """Of every pledge that was read: pledged = ineligible + matched + unmatched; those rejected are not in the plan."""
    tables = pipeline.solve(load_inputs(scenario(mended)), scenario(mended))
    f, a = LedgerFrame, AccountingFrame
    book = tables.ledger
    spent = book[[f.ineligible_hours, f.matched_hours, f.unmatched_hours]].sum(axis=1)
    assert (spent - book[f.pledged_hours]).abs().max() <= 1e-6 * book[f.pledged_hours].max()
    with (mended / "pledges.csv").open(encoding="utf-8", newline="") as stream:
        written = sum(float(row[PledgeFrame.hours].replace(",", "")) for row in csv.DictReader(stream))
    assert book[f.hours].sum() == pytest.approx(written, rel=1e-9), "as the file itself adds up"
    fates = tables.accounting[tables.accounting[a.source] == "pledges.csv"]
    assert set(fates[a.row_id]) == set(book[f.pledge_id])
    assert set(fates[a.status]) <= {"matched", "part-matched", "unmatched"}


def test_a_repair_is_a_line_of_its_own_words() -> None:
    repair = Repair(source="a.csv", row=3, column="hours", reason="commas", taken="1200", value="1,200", cells=4)
    fault = repair.as_fault()
    assert isinstance(fault, Fault) and "and 3 more cells of the column alike" in str(fault)
    assert Repair(source="a", row=1, column="b", reason="c", taken="").remedy == "Correct it, or empty the cell."
