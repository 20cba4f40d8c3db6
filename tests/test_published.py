"""What the map of a run was drawn from comes back from its folder; a folder that does not hold it is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from finished_runs import SETTINGS, change_result, write_finished
from made_up import made_up_tables
from test_report import HOSTILE as FORMULAS

from geomap.config import MapParams
from geomap.errors import DataError
from geomap.load.published import load_map_params, load_published
from geomap.load.results import load_results
from geomap.outputs import write_folder
from geomap.render import build_map
from geomap.report.facts import write_facts
from geomap.report.files import tables_as_published, write_tables
from geomap.schema import MapTables, OperatorResultFrame, OutlineFrame, PcnResultFrame, PlaceFrame, SiteTables
from geomap.schema.published import FACTS_NAME, SHAPES_NAME

FIELDS = [field.name for field in dataclasses.fields(MapTables) if field.name not in ("facts", "choice")]
WORDS = ("unit", "count", "conditions", "notes")
"""What is said of a choice of sites as a whole."""


def publish(folder: Path, tables, settings: dict | None = None) -> Path:
    """A folder of results as far as the map needs it."""
    with write_folder(folder, settings=settings or SETTINGS) as out:
        write_tables(out, tables)
        write_facts(out, tables)
    return folder


@pytest.fixture(scope="module", params=[(False, True), (True, False)], ids=["with sites", "hostile"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[MapTables, Path]:
    hostile, choice = request.param
    tables = made_up_tables(40, 60, hostile=hostile, choice=choice)
    return tables, publish(tmp_path_factory.mktemp("written") / "results", tables)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("plain") / "results", made_up_tables(choice=True))


@pytest.fixture
def folder(plain: Path, tmp_path: Path) -> Path:
    """Finished results, to be broken."""
    return Path(shutil.copytree(plain, tmp_path / "results"))


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        load_published(folder)
    assert caught.value.exit_code == 3
    lines = str(caught.value).splitlines()
    assert all(line.endswith(".") for line in lines)
    return lines


def rewrite_bytes(folder: Path, name: str, data: bytes) -> None:
    """Put other bytes into a result and have the manifest agree."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"][name]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def change_facts(folder: Path, **changes: object) -> None:
    told = json.loads((folder / FACTS_NAME).read_text(encoding="utf-8"))
    told["facts"] |= changes
    change_result(folder, FACTS_NAME, json.dumps(told))


def test_every_table_comes_back_as_it_was_published(written: tuple[MapTables, Path]) -> None:
    tables, folder = written
    back, published = load_published(folder), tables_as_published(tables)
    for name in FIELDS:
        there, here = getattr(published, name), getattr(back, name)
        pd.testing.assert_frame_equal(pd.DataFrame(here), pd.DataFrame(there), check_exact=True, obj=name)
        if isinstance(there, gpd.GeoDataFrame):
            assert here.crs == there.crs
            assert here.geometry.to_wkb().equals(there.geometry.to_wkb()), name
    if published.choice is not None:
        for field in dataclasses.fields(SiteTables):
            there, here = getattr(published.choice, field.name), getattr(back.choice, field.name)
            if field.name in WORDS:
                assert here == there
            else:
                pd.testing.assert_frame_equal(here, there, check_exact=True, obj=field.name)
    else:
        assert back.choice is None


def test_facts_come_back_in_full(written: tuple[MapTables, Path]) -> None:
    tables, folder = written
    assert load_published(folder).facts == tables.facts


def test_the_map_drawn_again_has_the_same_bytes(written: tuple[MapTables, Path]) -> None:
    tables, folder = written
    assert build_map(load_published(folder)) == build_map(tables_as_published(tables))


def test_text_that_a_spreadsheet_would_run_comes_back(tmp_path: Path) -> None:
    tables = made_up_tables(40, 60)
    names = [*FORMULAS, "-12", "'quoted'", ' "=1" ', "NA", "None", "nan", "a,b;c\td", "1e5", " spaced "]
    pcns = tables.pcns.copy()
    pcns.loc[: len(names) - 1, PcnResultFrame.pcn_name] = names
    tables = dataclasses.replace(tables, pcns=pcns)
    published = tables_as_published(tables)
    back = load_published(publish(tmp_path / "results", tables))
    assert back.pcns[PcnResultFrame.pcn_name].tolist() == published.pcns[PcnResultFrame.pcn_name].tolist()
    assert build_map(back) == build_map(published)


def test_what_a_run_does_not_have_comes_back_without_a_row(tmp_path: Path) -> None:
    tables = made_up_tables()
    tables = dataclasses.replace(tables, outlines=OutlineFrame.no_shapes(), places=PlaceFrame.no_shapes())
    back = load_published(publish(tmp_path / "results", tables))
    for frame, model in ((back.outlines, OutlineFrame), (back.places, PlaceFrame)):
        assert frame.empty and list(frame.columns) == list(model.to_schema().columns)
    assert build_map(back) == build_map(tables_as_published(tables))


def test_the_background_of_the_run_is_in_its_settings(tmp_path: Path, plain: Path) -> None:
    assert load_map_params(plain) == MapParams()
    asked = {"tiles_url": "https://tiles.example.org/{z}/{x}/{y}.png", "tiles_attribution": "Example"}
    folder = publish(tmp_path / "results", made_up_tables(), SETTINGS | {"map": asked})
    assert load_map_params(folder) == MapParams(**asked)
    folder = publish(tmp_path / "other", made_up_tables(), SETTINGS | {"map": {"tiles_url": "ftp://x"}})
    with pytest.raises(DataError, match="its settings of the map are none that this version of geomap writes"):
        load_map_params(folder)


def test_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    (folder / "ledger.csv").write_text("changed", encoding="utf-8")
    (folder / "ties.csv").unlink()
    (folder / SHAPES_NAME).write_bytes((folder / SHAPES_NAME).read_bytes() + b"\0")
    (folder / FACTS_NAME).unlink()
    (folder / "site_plan.csv").unlink()
    lines = faults_of(folder)
    assert [Path(line.partition(": ")[0]).name for line in lines] == [
        FACTS_NAME, SHAPES_NAME, "ledger.csv", "ties.csv", "site_plan.csv",
    ]  # fmt: skip
    assert "it is gone" in lines[0] and "changed after the run had written it" in lines[1]


def test_results_of_an_earlier_version_are_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = write_finished(tmp_path / "results", made_up_tables())
    load_results(folder)  # to compare, what it holds will do
    (line,) = faults_of(folder)
    assert str(folder) in line
    assert "an earlier version of geomap wrote these results" in line and "Run the scenario again" in line


@pytest.mark.parametrize("outputs", [None, {}, {"map.html": {"sha256": ""}}])
def test_what_no_run_wrote_is_refused(tmp_path: Path, outputs: dict | None) -> None:
    if outputs is not None:
        manifest = {"outputs": outputs, "inputs": [], "settings": {}, "versions": {}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (line,) = faults_of(tmp_path)
    assert "Name the folder of results of a finished run" in line


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (line,) = faults_of(tmp_path / "nowhere")
    assert "there is no such folder" in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"people": 1.5}, "people"),
        ({"people": True}, "people"),
        ({"name": None}, "name"),
        ({"matched_hours": "many"}, "matched_hours"),
        ({"notes": "one"}, "notes"),
        ({"notes": [1]}, "notes"),
        ({"sources": [["a", "b"]]}, "sources"),
        ({"more": 1}, "more"),
        ({"more": 1, "label": 2}, "label, more"),
    ],
)
def test_facts_of_another_version_are_refused(folder: Path, changes: dict, said: str) -> None:
    change_facts(folder, **changes)
    (line,) = faults_of(folder)
    assert FACTS_NAME in line and f"({said})" in line


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "geomap facts 0"}', '{"format": "geomap facts 1"}'])
def test_damaged_facts_are_refused(folder: Path, text: str) -> None:
    change_result(folder, FACTS_NAME, text)
    (line,) = faults_of(folder)
    assert FACTS_NAME in line


def test_facts_that_tell_of_no_sites_do_not_belong_to_tables_of_sites(folder: Path) -> None:
    told = json.loads((folder / FACTS_NAME).read_text(encoding="utf-8"))
    change_result(folder, FACTS_NAME, json.dumps(told | {"sites": None}))
    (line,) = faults_of(folder)
    assert "does not tell of the sites" in line


def test_a_disguised_file_of_shapes_is_not_opened(folder: Path, tmp_path: Path) -> None:
    """GDAL would follow a VRT to the file that it names, whatever it is called."""
    secret = tmp_path / "secret.geojson"
    secret.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="pcns"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    rewrite_bytes(folder, SHAPES_NAME, f"{vrt}</OGRVRTDataSource>".encode())
    (line,) = faults_of(folder)
    assert SHAPES_NAME in line and "not what its name says" in line


@pytest.mark.slow
def test_shapes_of_other_rows_are_refused(folder: Path) -> None:
    other = made_up_tables(choice=True)
    turned = dataclasses.replace(other, pcns=other.pcns.iloc[::-1].reset_index(drop=True))
    fresh = publish(folder.parent / "other", turned)
    rewrite_bytes(folder, SHAPES_NAME, (fresh / SHAPES_NAME).read_bytes())
    (line,) = faults_of(folder)
    assert "pcns.csv, column pcn_code" in line


def test_a_layer_that_is_missing_is_told(folder: Path, tmp_path: Path) -> None:
    shapes = tmp_path / SHAPES_NAME
    made_up_tables().outlines.to_file(shapes, layer="icbs", driver="GPKG", engine="pyogrio")
    rewrite_bytes(folder, SHAPES_NAME, shapes.read_bytes())
    (line,) = faults_of(folder)
    assert "its layers are not as this version of geomap writes them (pcns)" in line


def test_truths_are_true_or_false(folder: Path) -> None:
    text = (folder / "ties.csv").read_text(encoding="utf-8-sig")
    change_result(folder, "ties.csv", text.replace("True", "yes", 1))
    (line,) = faults_of(folder)
    assert "ties.csv, column" in line and "what this version of geomap does not write there" in line


def test_operators_have_the_types_that_they_were_written_with(plain: Path) -> None:
    operators = load_published(plain).operators
    assert str(operators[OperatorResultFrame.pledges].dtype) == "int64"
    assert str(operators[OperatorResultFrame.matched_hours].dtype) == "float64"
