"""Peers can read what is written: every kind of file is read by a program that did not write it."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import html.parser
import json
import math
import os
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import duckdb
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import python_calamine
import shapely
from made_up import made_up_tables
from test_report import make_choice, make_tables

from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import OutputError
from geomap.outputs import describe_inputs, verify_folder
from geomap.pipeline import write_results
from geomap.report._columns import COLUMNS
from geomap.report._columns_layers import LAYER_COLUMNS, LAYER_TITLES
from geomap.report._geopackage import check_geopackage, write_geopackage
from geomap.report._layer_styles import style_layers
from geomap.report.datapackage import _DOCUMENTS, build_datapackage
from geomap.report.files import as_published, published_tables, tables_as_published, write_tables
from geomap.schema import FacilityResultFrame, PcnResultFrame, ResultTables
from geomap.schema.published import DATA_PACKAGE_NAME, GEOJSON_LAYERS, LAYERS, PARQUET_LAYERS, PUBLISHED, SHAPES_NAME
from geomap.schema.words import OPERATOR_KINDS

RUNS = {"internal": {"choice": True, "hostile": True}, "published": {"choice": True, "published": True}}


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultTables, Path]:
    """A whole folder of results, as `geomap run` writes it."""
    tables = made_up_tables(24, 30, **RUNS[request.param])
    folder = tmp_path_factory.mktemp(request.param) / "results"
    write_results(tables, Scenario.from_toml(demo_scenario()), folder)
    return tables, folder


def layers_of(tables: ResultTables) -> dict[str, gpd.GeoDataFrame]:
    published = tables_as_published(tables)
    shaped = {"pcns": published.pcns, "facilities": published.facilities, "icbs": published.outlines}
    return shaped | {"places": published.places}


def in_duckdb(query: str, *values: object) -> list[tuple]:
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as base:
        return base.execute(query, values).fetchall()


# --- a foreign reader for every kind of file


def read_csv(path: Path) -> int:
    return in_duckdb("SELECT count(*) FROM read_csv(?, all_varchar = true, header = true)", str(path))[0][0] + 1


def read_workbook(path: Path) -> int:
    """Two readers that did not write it see the same cells."""
    book, other = openpyxl.load_workbook(path), python_calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheetnames == other.sheet_names
    for sheet in book:
        theirs = [[cell for cell in row if cell != ""] for row in other.get_sheet_by_name(sheet.title).to_python()]
        ours = [[cell for cell in row if cell not in (None, "")] for row in sheet.iter_rows(values_only=True)]
        assert [len(row) for row in theirs if row] == [len(row) for row in ours if row], sheet.title
    return len(book.sheetnames)


def read_geopackage(path: Path) -> int:
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return base.execute("SELECT count(*) FROM gpkg_contents").fetchone()[0]


def read_word(path: Path) -> int:
    with zipfile.ZipFile(path) as parts:
        assert parts.testzip() is None
        return len(list(Xml.fromstring(parts.read("word/document.xml")).iter()))


def read_page(path: Path) -> int:
    class Counter(html.parser.HTMLParser):
        seen = 0

        def handle_starttag(self, tag: str, attrs: list) -> None:
            self.seen += 1

    counter = Counter()
    counter.feed(path.read_text(encoding="utf-8"))
    counter.close()
    return counter.seen


FOREIGN_READERS: dict[str, Callable[[Path], int]] = {
    ".csv": read_csv,  # pandas writes it, DuckDB reads it
    ".docx": read_word,  # python-docx; the standard library, and LibreOffice in test_paper
    ".geojson": lambda path: len(pyogrio.read_dataframe(path)),  # json; GDAL
    ".gpkg": read_geopackage,  # GDAL; SQLite, and QGIS itself below
    ".html": read_page,  # folium; the standard library, and Chromium in tests/browser
    ".json": lambda path: in_duckdb("SELECT count(*) FROM read_json(?)", str(path))[0][0],  # json; DuckDB
    ".parquet": lambda path: in_duckdb("SELECT count(*) FROM read_parquet(?)", str(path))[0][0],  # Arrow; DuckDB
    ".xlsx": read_workbook,  # XlsxWriter; openpyxl and calamine
}
"""Ending of a file of results → a reader that is not its writer, and how much it found."""


def test_every_file_has_a_foreign_reader_that_reads_it(run: tuple[ResultTables, Path]) -> None:
    for path in sorted(run[1].iterdir()):
        assert path.suffix in FOREIGN_READERS, f"{path.name}: no foreign reader in the tests"
        assert FOREIGN_READERS[path.suffix](path) > 0, path.name
    assert verify_folder(run[1]) == []


# --- GeoPackage


@pytest.fixture(scope="module")
def shapes(run: tuple[ResultTables, Path]) -> Path:
    return run[1] / SHAPES_NAME


def test_gdal_lists_the_layers_and_reads_their_styles(run: tuple[ResultTables, Path], shapes: Path) -> None:
    listed = dict(pyogrio.list_layers(shapes))
    assert listed == {
        "pcns": "MultiPolygon", "facilities": "Point", "icbs": "MultiPolygon", "places": "Point", "layer_styles": None,
    }  # fmt: skip
    styles = pyogrio.read_dataframe(shapes, layer="layer_styles", read_geometry=False)
    assert styles.groupby("f_table_name")["useAsDefault"].sum().to_dict() == dict.fromkeys(LAYERS, 1)
    assert set(styles["f_geometry_column"]) == {"geom"}
    assert styles["styleName"].str.len().max() <= 40
    contents = pyogrio.read_dataframe(shapes, sql="SELECT table_name, identifier, description FROM gpkg_contents")
    told = {name: tuple(words) for name, *words in contents.itertuples(index=False)}
    assert {layer: told[layer] for layer in LAYERS} == LAYER_TITLES


def qml_of(shapes: Path) -> list[tuple[str, str, Xml.Element]]:
    with sqlite3.connect(shapes) as base:
        rows = base.execute("SELECT f_table_name, styleName, styleQML FROM layer_styles").fetchall()
    return [(layer, name, Xml.fromstring(qml)) for layer, name, qml in rows]


def test_styles_name_real_columns_and_hold_no_word_of_input(shapes: Path) -> None:
    for layer, name, style in qml_of(shapes):
        columns = set(LAYERS[layer].to_schema().columns)
        named = {style.find("renderer-v2").get("attr"), style.findtext("previewExpression").strip('"')} - {None}
        texts = [rule.get("filter", "") for rule in style.iter("rule")]
        texts += [words.get("fieldName") for words in style.iter("text-style")]
        named |= {text.split('"')[place] for text in texts for place in range(1, text.count('"'), 2)}
        assert named and named <= columns, (layer, name)
        assert {alias.get("field") for alias in style.iter("alias")} == set(LAYER_COLUMNS[layer])
        assert {symbol.get("name") for symbol in style.iter("symbol")} >= {
            rule.get("symbol") for rule in style.iter("rule") if rule.get("symbol")
        }
        assert "script" not in Xml.tostring(style, encoding="unicode")


def test_each_pcn_is_drawn_by_one_rule_and_each_facility_by_its_kind(shapes: Path) -> None:
    rows = pyogrio.read_dataframe(shapes, layer="pcns", read_geometry=False)
    with sqlite3.connect(shapes) as base:
        for layer, name, style in qml_of(shapes):
            if layer == "pcns":
                rules = [rule.get("filter") for rule in style.iter("rule")]
                drawn = [base.execute(f"SELECT count(*) FROM pcns WHERE {rule}").fetchone()[0] for rule in rules]
                assert sum(drawn) == len(rows) and min(drawn) > 0, name
    kinds = {category.get("value") for _, _, style in qml_of(shapes) for category in style.iter("category")}
    there = set(pyogrio.read_dataframe(shapes, layer="facilities")[FacilityResultFrame.operator_kind])
    assert kinds == there <= set(OPERATOR_KINDS)


def test_every_kind_of_operator_has_a_look_of_its_own() -> None:
    points = gpd.GeoDataFrame(
        {FacilityResultFrame.operator_kind: list(OPERATOR_KINDS)},
        geometry=[shapely.Point(0, n) for n in range(len(OPERATOR_KINDS))],
        crs="EPSG:27700",
    )
    (style,) = style_layers({"facilities": points})
    looks = [
        (option.get("name"), option.get("value"))
        for layer in Xml.fromstring(style.qml).iter("layer")
        for option in layer.iter("Option")
        if option.get("name") in ("name", "color") and option.get("value")
    ]
    assert len(set(looks)) == len(looks) == 2 * len(OPERATOR_KINDS)


def test_every_column_of_a_layer_is_explained_in_the_file(shapes: Path) -> None:
    told = pyogrio.read_dataframe(
        shapes, sql="SELECT table_name, column_name, name, description FROM gpkg_data_columns"
    )
    found = {(layer, column): (name, meaning) for layer, column, name, meaning in told.itertuples(index=False)}
    for layer in LAYERS:
        columns = set(pyogrio.read_info(shapes, layer=layer)["fields"])
        assert columns == set(LAYER_COLUMNS[layer])
        assert {column: found[layer, column] for column in columns} == LAYER_COLUMNS[layer]
    extensions = pyogrio.read_dataframe(shapes, sql="SELECT extension_name, table_name FROM gpkg_extensions")
    assert (extensions["extension_name"] == "gpkg_schema").sum() == 2


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM layer_styles WHERE f_table_name = 'icbs'", "UPDATE layer_styles SET useAsDefault = 0",
     "DELETE FROM gpkg_data_columns WHERE column_name = 'patients'", "DROP TABLE layer_styles"],
)  # fmt: skip
def test_a_geopackage_without_its_styles_or_words_is_refused(tmp_path: Path, damage: str) -> None:
    layers = layers_of(make_tables())
    path = write_geopackage(tmp_path / "a.gpkg", layers, "2026-07-01")
    check_geopackage(path, layers)
    with sqlite3.connect(path) as base:
        base.execute(damage)
    with pytest.raises(OutputError, match="not written whole"):
        check_geopackage(path, layers)


def test_the_same_run_gives_the_same_shapes_byte_for_byte(tmp_path: Path) -> None:
    tables = make_tables()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, tables)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


QGIS = """
import os, sys
from qgis.core import QgsApplication, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
for name in ("pcns", "facilities", "icbs", "places"):
    layer = QgsVectorLayer(f"{sys.argv[1]}|layername={name}", name, "ogr")
    print(name, layer.isValid(), layer.featureCount(), type(layer.renderer()).__name__, layer.labelsEnabled(),
          layer.fields().field(1).alias(), sep="|")
sys.stdout.flush()
os._exit(0)  # some versions crash when they tidy up
"""


def qgis_python() -> str | None:
    """A Python beside this one that has QGIS, if there is one."""
    for name in ("/usr/bin/python3", "python3"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", "import qgis.core"], capture_output=True).returncode == 0:
            return found
    return None


@pytest.mark.slow
def test_qgis_shows_a_map_at_once(shapes: Path) -> None:
    python = qgis_python()
    if python is None:
        pytest.skip("needs QGIS and its Python")
    command = [python, "-c", QGIS, str(shapes)]
    there = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    there["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=there)
    assert done.returncode == 0, done.stderr
    told = {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines() if "|" in line}
    assert told["pcns"] == ["True", "24", "QgsRuleBasedRenderer", "False", "PCN"]
    assert told["facilities"][:3] == ["True", "30", "QgsCategorizedSymbolRenderer"]
    assert told["icbs"][2:4] == ["QgsSingleSymbolRenderer", "True"]
    assert told["places"][2:4] == ["QgsNullSymbolRenderer", "True"]


# --- GeoParquet


def test_duckdb_reads_what_was_published_from_geoparquet(run: tuple[ResultTables, Path]) -> None:
    tables, folder = run
    for layer in PARQUET_LAYERS:
        frame, path = layers_of(tables)[layer], str(folder / f"{layer}.parquet")
        names = [name for name in frame.columns if name != frame.geometry.name]
        listed = ", ".join(f'"{name}"' for name in names)
        rows = in_duckdb(f"SELECT {listed} FROM read_parquet(?)", path)
        back = pd.DataFrame(rows, columns=names)
        for name in names:
            wanted = [None if pd.isna(cell) else cell for cell in frame[name]]
            assert [None if pd.isna(cell) else cell for cell in back[name]] == wanted, (layer, name)


def test_parquet_holds_plain_kinds_that_r_and_others_know(run: tuple[ResultTables, Path]) -> None:
    for layer in PARQUET_LAYERS:
        path = str(run[1] / f"{layer}.parquet")
        rows = in_duckdb("SELECT name, type, logical_type, num_children FROM parquet_schema(?)", path)
        assert all(kind in ("INT64", "DOUBLE", "BYTE_ARRAY") and not children for _, kind, _, children in rows[1:])
        texts = {name for name, kind, _, _ in rows[1:] if kind == "BYTE_ARRAY"} - {"geometry"}
        assert all(logical == "StringType()" for name, _, logical, _ in rows[1:] if name in texts)


def test_geoparquet_says_where_it_is(run: tuple[ResultTables, Path]) -> None:
    for layer in PARQUET_LAYERS:
        query = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'geo'"
        told = json.loads(in_duckdb(query, str(run[1] / f"{layer}.parquet"))[0][0])
        column = told["columns"][told["primary_column"]]
        assert told["version"] == "1.1.0" and column["encoding"] == "WKB"
        assert column["crs"]["id"] == {"authority": "EPSG", "code": 27700}
        frame = layers_of(run[0])[layer]
        np.testing.assert_allclose(column["bbox"], frame.total_bounds)


# --- GeoJSON


@pytest.mark.parametrize("layer", GEOJSON_LAYERS)
def test_gdal_reads_the_same_rows_and_places_from_geojson(run: tuple[ResultTables, Path], layer: str) -> None:
    frame = layers_of(run[0])[layer]
    back = pyogrio.read_dataframe(run[1] / f"{layer}.geojson")
    assert back.crs == "EPSG:4326"
    key = frame.columns[0]
    assert back[key].tolist() == frame[key].tolist()
    apart = back.to_crs(frame.crs).geometry.centroid.distance(frame.geometry.reset_index(drop=True).centroid)
    assert apart.max() < 0.5


@pytest.mark.parametrize("layer", GEOJSON_LAYERS)
def test_geojson_is_as_rfc_7946_asks(run: tuple[ResultTables, Path], layer: str) -> None:
    told = json.loads((run[1] / f"{layer}.geojson").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    frame = layers_of(run[0])[layer]
    assert set(told) == {"type", "features"} and told["type"] == "FeatureCollection"
    for feature, (_, row) in zip(told["features"], frame.iterrows(), strict=True):
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid and not shape.is_empty
        west, south, east, north = shape.bounds
        assert -7 < west <= east < 3 and 49 < south <= north < 56.5
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw and not any(ring.is_ccw for ring in part.interiors)
        for number in shapely.get_coordinates(shape).ravel():
            assert round(number, 6) == number
        for name, value in feature["properties"].items():
            cell = row[name]
            assert value is None if pd.isna(cell) else value == cell or math.isclose(value, cell), name


def test_an_area_without_a_shape_is_null_in_geojson(tmp_path: Path) -> None:
    tables = make_tables()
    pcns = tables.pcns.set_geometry([tables.pcns.geometry.iloc[0], None, shapely.MultiPolygon()], crs=tables.pcns.crs)
    write_tables(tmp_path, dataclasses.replace(tables, pcns=pcns))
    told = json.loads((tmp_path / "pcns.geojson").read_text(encoding="utf-8"))
    assert [feature["geometry"] is None for feature in told["features"]] == [False, True, True]


# --- the description of it all


def test_frictionless_reads_every_table_by_its_description(run: tuple[ResultTables, Path]) -> None:
    frictionless = pytest.importorskip("frictionless")  # not asked for: one of its packages has no permissive licence
    tables, folder = run
    report = frictionless.validate(str(folder / DATA_PACKAGE_NAME))
    faults = [(task.name, error.message) for task in report.tasks for error in task.errors]
    assert report.valid and not report.errors and not faults, (faults[:5], report.errors[:5])
    assert {task.name for task in report.tasks} >= set(published_tables(tables))


KINDS = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}


def test_duckdb_reads_every_table_by_its_description(run: tuple[ResultTables, Path]) -> None:
    """Kinds, what must be there, words, limits, keys, and rows named in other tables hold for every cell."""
    told = json.loads((run[1] / DATA_PACKAGE_NAME).read_text(encoding="utf-8"))
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as base:
        schemas = {one["name"]: one["schema"] for one in told["resources"] if "schema" in one}
        for name, schema in schemas.items():
            columns = {field["name"]: KINDS[field["type"]] for field in schema["fields"]}
            base.execute(
                f'CREATE TABLE "{name}" AS SELECT * FROM read_csv(?, columns = {columns}, nullstr = ?, header = true)',
                [str(run[1] / f"{name}.csv"), schema["missingValues"]],
            )

        def count(query: str) -> int:
            return base.execute(f"SELECT count(*) {query}").fetchone()[0]

        for name, schema in schemas.items():
            for field in schema["fields"]:
                column, asked = f'"{field["name"]}"', field.get("constraints", {})
                wrong = [f"{column} IS NULL"] if asked.get("required") else []
                wrong += [f"{column} < {asked['minimum']}"] if "minimum" in asked else []
                wrong += [f"{column} > {asked['maximum']}"] if "maximum" in asked else []
                wrong += [f"{column} NOT IN {(*asked['enum'], '')}"] if "enum" in asked else []
                assert all(count(f'FROM "{name}" WHERE {test}') == 0 for test in wrong), (name, column, wrong)
            key = ", ".join(f'"{column}"' for column in schema.get("primaryKey", []))
            if key:
                assert count(f'FROM (SELECT DISTINCT {key} FROM "{name}")') == count(f'FROM "{name}"'), name
            for link in schema.get("foreignKeys", []):
                column, home = link["fields"], link["reference"]["resource"]
                lost = f'FROM "{name}" WHERE "{column}" NOT IN (SELECT "{column}" FROM "{home}")'
                assert count(lost) == 0, (name, column)


def test_the_description_tells_of_every_file_and_column(run: tuple[ResultTables, Path]) -> None:
    tables, folder = run
    told = json.loads((folder / DATA_PACKAGE_NAME).read_text(encoding="utf-8"))
    listed = {resource["path"]: resource for resource in told["resources"]}
    written = {path.name for path in folder.iterdir()}
    assert set(listed) == written - {DATA_PACKAGE_NAME, "manifest.json"}
    for name, resource in listed.items():
        content = (folder / name).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["title"] and resource["description"].endswith("."), name
        assert "/" in resource["mediatype"] and resource["mediatype"] != "application/octet-stream", name
        if "schema" in resource:
            with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
                assert next(csv.reader(stream)) == [field["name"] for field in resource["schema"]["fields"]]
    assert len({resource["name"] for resource in told["resources"]}) == len(listed)
    assert [source.get("attribution", "") for source in told["sources"]] == [row[2] for row in tables.facts.sources]


def test_no_fields_of_the_description_are_made_up() -> None:
    told = build_datapackage(make_tables().facts, [file_of(f"{name}.csv") for name in PUBLISHED])
    for resource in told["resources"]:
        columns = PUBLISHED[resource["name"]].to_schema().columns
        for field in resource["schema"]["fields"]:
            assert field["description"] == COLUMNS[resource["name"]][field["name"]][1]
            column = columns.get(field["name"])
            allowed = field.get("constraints", {})
            assert allowed.get("unique", False) == bool(column is not None and column.unique)
            assert "%" not in field.get("unit", "")
            if column is not None and column.nullable:
                assert "required" not in allowed


def file_of(name: str) -> dict[str, object]:
    return {"name": name, "bytes": 1, "sha256": "0" * 64}


def test_a_table_that_was_not_written_is_not_told_of() -> None:
    facts = make_tables().facts
    told = build_datapackage(facts, [file_of("allocation.csv"), file_of("pcns.csv"), file_of("new.kind")])
    by_name = {resource["name"]: resource for resource in told["resources"]}
    assert set(by_name) == {"allocation", "pcns", "new-kind"}
    links = by_name["allocation"]["schema"]["foreignKeys"]
    assert [link["reference"]["resource"] for link in links] == ["pcns"]


def test_a_published_count_may_be_missing_and_an_internal_one_may_not() -> None:
    facts = make_tables().facts
    for internal in (True, False):
        told = build_datapackage(dataclasses.replace(facts, internal=internal), [file_of("pcns.csv")])
        fields = {field["name"]: field for field in told["resources"][0]["schema"]["fields"]}
        assert fields[PcnResultFrame.patients].get("constraints", {}).get("required", False) is internal
        assert fields[PcnResultFrame.pcn_code]["constraints"] == {"required": True, "unique": True}
        assert fields[PcnResultFrame.coverage_share]["unit"] == "0 to 1"
        assert ("[c]" in told["description"]) is not internal


def test_frictionless_sees_a_table_that_was_changed(run: tuple[ResultTables, Path], tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    folder = Path(shutil.copytree(run[1], tmp_path / "results"))
    text = (folder / "pcns.csv").read_text(encoding="utf-8-sig")
    lines = text.split("\n")
    (folder / "pcns.csv").write_text("\n".join([*lines[:2], *lines[1:]]), encoding="utf-8-sig", newline="")
    assert not frictionless.validate(str(folder / DATA_PACKAGE_NAME)).valid


def test_every_document_of_a_run_is_described(run: tuple[ResultTables, Path]) -> None:
    others = {path.name for path in run[1].iterdir() if path.suffix not in (".csv", ".parquet", ".geojson")}
    assert others - {DATA_PACKAGE_NAME, "manifest.json"} <= set(_DOCUMENTS)


def test_what_is_described_is_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("{}", encoding="utf-8")
    told = build_datapackage(make_tables().facts, describe_inputs(tmp_path.iterdir()))
    assert told["resources"][0]["bytes"] == 2


def test_hostile_names_of_sites_pass_too(tmp_path: Path) -> None:
    tables = dataclasses.replace(make_tables(), choice=make_choice())
    write_tables(tmp_path, tables)
    frame = as_published(tables.facilities)
    back = pyogrio.read_dataframe(tmp_path / "facilities.geojson")
    assert back[FacilityResultFrame.facility_name].tolist() == frame[FacilityResultFrame.facility_name].tolist()
