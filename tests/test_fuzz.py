"""Broken files: what broke a loader once stays broken files here, and a sample of mutants is tried every time."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pyproj
import pytest
import shapely
from finished_runs import SETTINGS
from made_up import made_up_tables

from geomap.config import default_pathways
from geomap.errors import ConfigError, DataError, Fault
from geomap.load.bank import BankContext, load_bank
from geomap.load.boundaries import load_outlines
from geomap.load.earlier import load_earlier
from geomap.load.postcodes import load_postcodes
from geomap.load.qof import load_registers
from geomap.load.registrations import load_lsoa_lists, load_practices
from geomap.outputs import write_folder
from geomap.report.facts import write_facts
from geomap.report.files import write_tables
from geomap.report.paper import check_template
from geomap.schema import AccountingFrame, AllocationFrame
from geomap.schema.record import RECORD_FORMAT, RECORD_NAME, RECORD_TABLES

pytest.importorskip("resource", reason="the fuzzer limits memory in a way that Windows does not know")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import fuzz  # noqa: E402
from _fuzz_cells import HOSTILE, break_grid, count_rows  # noqa: E402
from _fuzz_forms import break_file, pack, read_grid, unpack, write_grid  # noqa: E402
from _fuzz_golden import Golden, make_goldens  # noqa: E402
from _fuzz_worker import Mutant, make_mutant, try_mutant  # noqa: E402

SEED = 6
SAMPLE = 200
"""Mutants of a sample; more take minutes: python scripts/fuzz.py."""
LISTS = "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,NUMBER_OF_PATIENTS\n"


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Golden]:
    tables = made_up_tables(6, 8, choice=True)
    folder = tmp_path_factory.mktemp("finished") / "results"
    with write_folder(folder, settings=SETTINGS) as out:
        write_tables(out, tables)
        write_facts(out, tables)
    return {golden.name: golden for golden in make_goldens(folder)}


def refused(load: Callable[[], object]) -> str:
    """The text of the refusal, which is for a planner."""
    with pytest.raises(DataError) as caught:
        load()
    text = str(caught.value)
    assert text.strip() and "Traceback" not in text and len(text) < 5_000
    return text


def test_the_same_seed_makes_the_same_mutants(goldens: dict[str, Golden]) -> None:
    for name in goldens:
        once, again = (make_mutant(goldens, name, 3, SEED) for _ in range(2))
        assert once == again
    assert make_mutant(goldens, "qof.csv", 3, SEED) != make_mutant(goldens, "qof.csv", 4, SEED)


def test_the_golden_files_are_the_same_every_time() -> None:
    first, second = make_goldens(), make_goldens()
    assert first == second
    assert len({golden.loader for golden in first}) >= 17


@pytest.mark.slow
def test_every_golden_file_is_read_whole(goldens: dict[str, Golden]) -> None:
    for golden in goldens.values():
        verdict = try_mutant(Mutant(files=golden.files, how="", rows=None), golden.loader)
        assert verdict == ("accepted", ""), golden.name


@pytest.mark.slow
def test_a_sample_of_mutants_is_refused_in_words_or_adds_up(goldens: dict[str, Golden]) -> None:
    verdicts = {"accepted": 0, "refused": 0}
    for name, number in fuzz.plan(goldens, SAMPLE):
        mutant = make_mutant(goldens, name, number, SEED)
        verdict, what = try_mutant(mutant, goldens[name].loader)
        assert verdict in verdicts, f"{name} {number} ({mutant.how}): {what}"
        verdicts[verdict] += 1
    assert min(verdicts.values()) > SAMPLE / 10  # else the mutants are too gentle, or too rough


def test_a_row_too_few_in_the_account_is_found(goldens: dict[str, Golden]) -> None:
    golden = goldens["qof.csv"]
    (data,) = golden.files.values()
    rows = len(read_grid(data)) - 1
    assert try_mutant(Mutant(files=golden.files, how="", rows=rows), golden.loader)[0] == "accepted"
    verdict, what = try_mutant(Mutant(files=golden.files, how="", rows=rows + 1), golden.loader)
    assert verdict == "finding" and "rows are accounted for" in what


def test_an_error_that_is_none_of_ours_is_found(goldens: dict[str, Golden]) -> None:
    verdict, what = try_mutant(Mutant(files={}, how="", rows=None), goldens["qof.csv"].loader)
    assert verdict == "finding" and what.startswith("ValueError")


def test_mutants_are_of_bytes_of_packed_bytes_and_of_cells(goldens: dict[str, Golden]) -> None:
    hows = {make_mutant(goldens, "bank.xlsx", number, SEED).how.split()[0] for number in range(40)}
    hows |= {make_mutant(goldens, "bank.xlsx", number, SEED).how for number in range(40)}
    assert {"bytes", "cells"} <= hows
    assert any("xl/worksheets" in how for how in hows)


def test_a_broken_member_is_packed_anew_so_that_its_checksum_holds(goldens: dict[str, Golden]) -> None:
    for number in range(20):
        mutant = make_mutant(goldens, "workforce.zip", number, SEED)
        if not mutant.how.endswith("workforce.zip"):
            with zipfile.ZipFile(io.BytesIO(mutant.files["workforce.zip"])) as archive:
                assert archive.testzip() is None
            break
    else:
        pytest.fail("no mutant of a member in twenty")


def test_rows_of_a_broken_table_are_counted() -> None:
    grid = [["a", "b"], ["1", "2"], ["", " "], ["3", "4"]]
    assert count_rows(grid, grid) == 2
    assert count_rows(grid, [["a", "c"], *grid[1:]]) is None
    assert read_grid(write_grid(grid)) == grid
    assert len(set(HOSTILE)) == len(HOSTILE) > 90
    assert break_file("t.csv", write_grid(grid), b"x", __import__("random").Random(1))[0]
    assert break_grid(grid, __import__("random").Random(2)) is not grid


def test_a_worker_that_dies_is_a_finding_and_another_goes_on(goldens: dict[str, Golden]) -> None:
    name = "lsoa_points.csv"
    worker = fuzz.Worker({name: goldens[name]}, SEED)
    worker.ask(name, 0)
    worker.process.kill()
    worker.process.join()
    verdict, what, _ = worker.answer()
    if verdict != "finding":  # it had answered before it was killed
        verdict, what, _ = worker.answer()
    assert verdict == "finding" and "exit code -9" in what
    worker.ask(name, 1)
    assert worker.answer()[0] in ("accepted", "refused")
    worker.end()


def test_mutants_are_told_in_a_table(goldens: dict[str, Golden]) -> None:
    few = {name: goldens[name] for name in ("lsoa_points.csv",)}
    told, findings = fuzz.fuzz(few, fuzz.plan(few, 6), SEED, workers=1)
    assert sum(told["lsoa_points.csv"].verdicts.values()) == 6
    assert findings == []
    assert "lsoa_points.csv" in fuzz.show(told)


# What broke a loader once, each found by a mutant.


def test_banks_facilities_without_readable_ids_are_refused(tmp_path: Path, goldens: dict[str, Golden]) -> None:
    """Two columns that both may be the facility's id leave every id blank, and blanks are all alike."""
    for name, data in goldens["bank.folder"].files.items():
        (tmp_path / Path(name).name).write_bytes(data)
    grid = read_grid((tmp_path / "facilities.csv").read_bytes())
    place = grid[0].index("facility_id")
    for row in grid:
        row.append("facility ID" if row is grid[0] else row[place])
    (tmp_path / "facilities.csv").write_bytes(write_grid(grid))
    context = BankContext(
        pathway_ids=tuple(default_pathways()),
        organisation_codes=(),
        locate_postcodes=lambda codes: load_postcodes(None, codes).frame,
        venues=None,
    )
    assert "facility_id" in refused(lambda: load_bank(tmp_path, context))


def test_a_row_with_something_only_in_columns_not_wanted_is_accounted_for(tmp_path: Path) -> None:
    rows = "".join(f"L,01JUL2026,A8100{n},A,E0100000{n},ALL,1\n" for n in range(4))
    path = tmp_path / "gp-reg-pat-prac-lsoa-all.csv"
    path.write_text(f"{LISTS}{rows}stray text\n\n,,,,,,\n", encoding="utf-8")
    loaded = load_lsoa_lists(path)
    assert loaded.accounting[AccountingFrame.rows].sum() == 5


def test_a_blank_line_in_a_ragged_file_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "PREVALENCE_2425.csv"
    path.write_text('a,b\n1,"two\nlines"\n\n3\n', encoding="utf-8")
    assert refused(lambda: load_registers(path))


def test_a_cell_that_holds_a_document_is_shown_in_part() -> None:
    told = {"source": "a.csv", "row": 2, "problem": "p", "remedy": "r"}
    fault = Fault(**told, column="y" * 9_000, value="x" * 40_000, row_id="z" * 999)
    text = str(fault)
    assert len(text) < 1_000 and text.count("…") == 3
    assert fault.value == "x" * 40_000  # the report has it whole
    plain = replace(fault, column="c", value="v" * 200, row_id="")
    assert "…" not in str(plain)


@pytest.mark.parametrize("cut", [5, 53, 640])
def test_a_zip_that_lost_bytes_at_its_beginning_is_refused(
    tmp_path: Path, goldens: dict[str, Golden], cut: int
) -> None:
    """The directory at its end then points before the beginning."""
    data = goldens["practice_map.zip"].files["practice_map.zip"]
    path = tmp_path / "practice_map.zip"
    path.write_bytes(data[cut:])
    assert refused(lambda: load_practices(path))


def test_a_zip_of_postcodes_that_lost_bytes_is_refused(tmp_path: Path, goldens: dict[str, Golden]) -> None:
    ((name, data),) = goldens["postcodes.os.zip"].files.items()
    path = tmp_path / name
    for cut in (3, 40, 90):
        path.write_bytes(data[cut:])
        assert refused(lambda: load_postcodes(path, ["LS1 4AP"]))


SQUARE = shapely.box(430_000, 430_000, 440_000, 440_000)


def outlines(**columns: object) -> gpd.GeoDataFrame:
    told = {"ICB26CD": ["E54000001"], "ICB26CDH": ["QAA"], "ICB26NM": ["One"]} | columns
    return gpd.GeoDataFrame(told, geometry=[SQUARE], crs=27700)


def test_outlines_whose_name_is_a_list_raise_no_warning(tmp_path: Path) -> None:
    """GDAL takes the whole column for JSON then, and warns that the other names are none."""
    told = json.loads(outlines().to_crs(4326).to_json())
    second = json.loads(json.dumps(told["features"][0]))
    told["features"][0]["properties"]["ICB26NM"] = {"en": "One"}
    second["properties"] |= {"ICB26NM": "Two", "ICB26CD": "E54000002", "ICB26CDH": "QBB"}
    told["features"].append(second)
    path = tmp_path / "icb.geojson"
    path.write_text(json.dumps(told), encoding="utf-8")
    assert len(load_outlines(path).frame) == 2


@pytest.mark.parametrize("far", ["1e400", "NaN"])
def test_an_outline_with_a_corner_that_is_no_place_is_left_out(tmp_path: Path, far: str) -> None:
    told = json.loads(outlines().to_crs(4326).to_json())
    second = json.loads(json.dumps(told["features"][0]))
    second["properties"] |= {"ICB26NM": "Two", "ICB26CD": "E54000002", "ICB26CDH": "QBB"}
    second["geometry"]["coordinates"][0][2][0] = -123456
    told["features"].append(second)
    path = tmp_path / "icb.geojson"
    path.write_text(json.dumps(told).replace("-123456", far), encoding="utf-8")
    try:
        loaded = load_outlines(path)
    except DataError as caught:
        assert "cannot be read" in str(caught)
    else:
        assert len(loaded.frame) == 1 and [fault.row for fault in loaded.faults] == [2]


def test_a_coordinate_system_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "icb.shp"
    outlines().to_file(path, engine="pyogrio")
    system = pyproj.CRS(27700).to_wkt("WKT1_ESRI").replace("Transverse_Mercator", "Transverse_Nonsense")
    path.with_suffix(".prj").write_text(system, encoding="utf-8")
    shutil.make_archive(str(tmp_path / "icb"), "zip", tmp_path)
    assert len(refused(lambda: load_outlines(tmp_path / "icb.zip"))) < 2_000


def test_a_word_template_whose_parts_name_nothing_is_refused(goldens: dict[str, Golden]) -> None:
    parts = unpack(goldens["template.docx"].files["template.docx"])
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"Target=", b"Torget=")
    with pytest.raises(ConfigError, match="not a Word document"):
        check_template(pack(parts))


def test_outlines_whose_ring_is_not_closed_are_refused(tmp_path: Path) -> None:
    told = json.loads(outlines().to_crs(4326).to_json())
    told["features"][0]["geometry"]["coordinates"][0].pop()
    told["features"][0]["geometry"]["coordinates"][0] = told["features"][0]["geometry"]["coordinates"][0][:2]
    path = tmp_path / "icb.geojson"
    path.write_text(json.dumps(told), encoding="utf-8")
    assert refused(lambda: load_outlines(path))


@pytest.mark.parametrize(
    "about",
    [
        {"version": "1.0.0"}, None, True, {"columns": None, "primary_column": "geometry", "version": "1.0.0"},
        {"columns": {"geometry": {"encoding": "WKB", "crs": {"type": "ProjectedCRS", "name": "x"}}},
         "primary_column": "geometry", "version": "1.0.0"},
        {"columns": {"geometry": {"encoding": "WKB"}}, "primary_column": -1, "version": "1.0.0"},
    ],
)  # fmt: skip
def test_a_geoparquet_that_tells_nonsense_of_its_shapes_is_refused(tmp_path: Path, about: object) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "icb.parquet"
    outlines().to_parquet(path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | {b"geo": json.dumps(about).encode()}), path)
    assert refused(lambda: load_outlines(path))


def test_a_geoparquet_with_broken_shapes_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "icb.parquet"
    outlines().to_parquet(path)
    table = pq.read_table(path)
    at = table.column_names.index("geometry")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array([b"\x01\x03"], pa.binary())), path)
    assert refused(lambda: load_outlines(path))


def test_a_geopackage_without_shapes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "icb.gpkg"
    import pyogrio

    pyogrio.write_dataframe(outlines().drop(columns="geometry"), path, layer="icbs")
    assert "without shapes" in refused(lambda: load_outlines(path))


def test_an_earlier_plan_with_a_row_cut_short_is_refused(tmp_path: Path) -> None:
    """pandas fills up such a row with nothing, and warns."""
    columns = len(AllocationFrame.to_schema().columns)
    told = {"format": RECORD_FORMAT, "status": "optimal", "finished": True, **dict.fromkeys(RECORD_TABLES, [])}
    data = json.dumps(told | {"allocation": [["x"] * (columns - 1)]}).encode()
    (tmp_path / RECORD_NAME).write_bytes(data)
    listed = {"outputs": {RECORD_NAME: {"sha256": hashlib.sha256(data).hexdigest()}}}
    (tmp_path / "manifest.json").write_text(json.dumps(listed), encoding="utf-8")
    assert "is not whole" in refused(lambda: load_earlier(tmp_path))


def test_packing_is_the_same_bytes_every_time() -> None:
    parts = {"a.txt": b"1", "b.txt": b"2"}
    assert pack(parts) == pack(parts) and unpack(pack(parts)) == parts
