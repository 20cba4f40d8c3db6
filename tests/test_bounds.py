"""Before a file is parsed: how large it is, what it unpacks to, how far it spreads, and what else it would open."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import hostile_files as hostile
import pytest
from docx import Document
from shapely import Point

from geomap.errors import DataError
from geomap.load._read import list_members, read_csv, read_geo, read_layers, read_sheet, read_sheets
from geomap.load.word import load_word_template


def refused(read, path: Path, data: bytes | str | None = None) -> str:
    """What is said of the one thing that is wrong with a file."""
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(DataError) as caught:
        read(path)
    assert len(caught.value.faults) == 1
    fault = caught.value.faults[0]
    assert fault.source.startswith(path.name) and fault.remedy
    return fault.problem


class TestZips:
    def test_one_that_unpacks_to_hundreds_of_times_its_size(self, tmp_path):
        bomb = hostile.pack({"a.csv": b"a,b\n" + b"0" * 150_000_000})
        assert len(bomb) < 200_000
        assert "unpacks to" in refused(read_csv, tmp_path / "bomb.zip", bomb)

    def test_one_of_ten_thousand_members_and_more(self, tmp_path):
        many = hostile.pack({f"{n}.csv": "" for n in range(10_001)}, zipfile.ZIP_STORED)
        assert "10,001 files" in refused(list_members, tmp_path / "many.zip", many)

    @pytest.mark.parametrize("told", [0, 10, 799_999])
    def test_the_size_that_is_told_is_not_believed(self, tmp_path, told):
        data = hostile.lying(hostile.pack({"a.csv": "a,b\n" + "1,2\n" * 200_000}), "a.csv", told)
        assert "cannot be unpacked" in refused(read_csv, tmp_path / "lying.zip", data)

    def test_a_password(self, tmp_path):
        data = hostile.locked(hostile.pack({"a.csv": "a,b\n1,2\n"}))
        assert "protected by a password" in refused(read_csv, tmp_path / "locked.zip", data)
        shapes = hostile.locked(hostile.pack({"a.geojson": hostile.geojson()}))
        assert "protected by a password" in refused(read_geo, tmp_path / "shapes.zip", shapes)

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_packings_that_cannot_be_bounded(self, tmp_path, method):
        data = hostile.pack({"a.csv": "a,b\n1,2\n"}, method)
        assert "packed in a way" in refused(read_csv, tmp_path / "odd.zip", data)

    def test_two_members_of_one_name(self, tmp_path):
        """Two readers may take two different members for the one that is meant."""
        with pytest.warns(UserWarning, match="Duplicate name"):
            path = tmp_path / "twice.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("a.csv", "a\n1\n")
                archive.writestr("a.csv", "a\n2\n")
        assert "more than one file called a.csv" in refused(read_csv, path)

    def test_a_zip_in_a_zip_is_not_followed(self, tmp_path):
        inner = hostile.pack({"a.csv": "a,b\n1,2\n"})
        assert "no file named like *.csv" in refused(read_csv, tmp_path / "outer.zip", hostile.pack({"in.zip": inner}))

    @pytest.mark.parametrize("name", ["/{}", "../../{}", "..\\..\\{}", "C:{}", "in/../{}"])
    def test_nothing_is_written_where_a_member_asks(self, tmp_path, name):
        """A shapefile is laid out in a folder of its own, under names of its own."""
        frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[Point(1, 2)], crs=27700)
        (tmp_path / "made").mkdir()
        frame.to_file(tmp_path / "made" / "a.shp")
        parts = {name.format(file.name): file.read_bytes() for file in (tmp_path / "made").iterdir()}
        path = tmp_path / "deep" / "er" / "shapes.zip"
        path.parent.mkdir(parents=True)
        path.write_bytes(hostile.pack(parts))
        before = set(tmp_path.rglob("*"))
        assert read_geo(path)["code"].tolist() == ["A"]
        assert set(tmp_path.rglob("*")) == before

    def test_a_symbolic_link_in_a_zip_is_not_followed(self, tmp_path):
        secret = tmp_path / "secret.csv"
        secret.write_text("a,b\nsecret,1\n")
        link = zipfile.ZipInfo("a.csv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
            archive.writestr(link, str(secret))
        assert "symbolic link" in refused(read_csv, tmp_path / "link.zip")


class TestPlainFiles:
    @pytest.mark.parametrize(
        "path",
        [
            "/vsicurl/http://example.org/a.csv",
            "/VSIZIP/a.zip/b.csv",
            "//vsis3/a.csv",
            "\\vsimem\\a.csv",
            "C:\\vsigs\\a.csv",
        ],
    )
    @pytest.mark.parametrize("read", [read_csv, read_geo, read_sheets, list_members])
    def test_gdal_paths_however_they_are_written(self, path, read):
        with pytest.raises(DataError, match="/vsi"):
            read(Path(path))

    @pytest.mark.parametrize("path", ["https://example.org/a.csv", "s3://bucket/a.csv", "zip+http://example.org/a.csv"])
    def test_addresses_on_a_network(self, path):
        with pytest.raises(DataError, match="address on a network"):
            read_csv(Path(path))

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files on Windows")
    def test_a_file_without_an_end(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.csv")
        assert "not there" in refused(read_csv, tmp_path / "pipe.csv")
        assert "not there" in refused(read_csv, Path("/dev/zero"))

    def test_a_link_that_was_named_is_followed(self, tmp_path):
        (tmp_path / "real.csv").write_text("a,b\n1,2\n")
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        assert len(read_csv(tmp_path / "link.csv").frame) == 1


class TestSheets:
    FAR = {
        "plain": '<c r="XFD1048576"><v>1</v></c>',
        "in small letters": '<c r="xfd1048576"><v>1</v></c>',
        "with noughts before the figures": '<c r="XFD0000001048576"><v>1</v></c>',
        "after another attribute": '<c t="n" s="0" r="XFD1048576"><v>1</v></c>',
        "with spaces": '<c  r = "XFD1048576" ><v>1</v></c>',
        "after a sign that ends a tag": '<c t=">" r="XFD1048576"><v>1</v></c>',
        "in a namespace": '<x:c xmlns:x="{}" r="XFD1048576"><v>1</v></x:c>'.format(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        ),
        "without its place": "<c><v>1</v></c>" * 200,
        "beyond the last row there is": '<c r="B4000000000"><v>1</v></c>',
        "beyond any number": '<c r="C999999999999999999995"><v>1</v></c>',
    }

    @pytest.mark.parametrize("cell", FAR.values(), ids=FAR)
    def test_a_far_cell_however_it_is_written(self, tmp_path, cell):
        assert "spreads over" in refused(read_sheets, tmp_path / "far.xlsx", hostile.far_cell(cell))

    def test_an_empty_far_cell_does_no_harm(self, tmp_path):
        for cell in ('<c r="XFD1048576" s="1"/>', '<c r="XFD1048576" s="1"></c>'):
            (tmp_path / "blank.xlsx").write_bytes(hostile.far_cell(cell))
            assert read_sheets(tmp_path / "blank.xlsx")["S"] == [[1.0]]

    def test_the_extent_that_is_told_is_not_believed(self, tmp_path):
        (tmp_path / "told.xlsx").write_bytes(
            hostile.book_of('<row r="1"><c r="A1"><v>1</v></c></row>', "A1:XFD1048576")
        )
        assert read_sheets(tmp_path / "told.xlsx")["S"] == [[1.0]]

    def test_the_sheets_of_a_workbook_are_bounded_together(self, tmp_path):
        members = hostile.members_of(hostile.book())
        far = hostile.members_of(hostile.far_cell('<c r="I1048576"><v>1</v></c>'))[hostile.SHEET]
        sheets = {f"xl/worksheets/sheet{n}.xml": far for n in (1, 2, 3)}
        assert "spread over" in refused(read_sheets, tmp_path / "three.xlsx", hostile.pack(members | sheets))

    @pytest.mark.parametrize(
        "rows",
        [
            hostile.ods_row(hostile.ods_cell("x", 16_384), 1_048_576),
            hostile.ods_row(hostile.ods_cell("x")) + hostile.ods_row(hostile.ods_cell("", 16_384), 1_048_000)
            + hostile.ods_row(hostile.ods_cell("", 500) + hostile.ods_cell("x")),
            hostile.ods_row(hostile.ods_cell("x", 4_000_000_000)),
            hostile.ods_row(hostile.ods_cell("x", 30), 4_000_000_000),
        ],
        ids=["repeated", "far", "wide", "long"],
    )  # fmt: skip
    def test_repeated_rows_and_columns_of_open_document(self, tmp_path, rows):
        assert "spreads over" in refused(read_sheets, tmp_path / "bomb.ods", hostile.ods(rows))

    def test_the_blank_rest_of_an_open_document_sheet_is_normal(self, tmp_path):
        rest = hostile.ods_row(hostile.ods_cell("", 16_384), 1_048_574)
        rows = hostile.ods_row(hostile.ods_cell("x") + hostile.ods_cell("", 16_383)) * 2 + rest
        (tmp_path / "rest.ods").write_bytes(hostile.ods(rows))
        assert read_sheets(tmp_path / "rest.ods") == {"S": [["x"], ["x"]]}

    def test_a_million_blank_formatted_rows_are_normal(self, tmp_path):
        """As a column that was coloured to its end leaves them; takes four seconds or so."""
        blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>' for n in range(4, 1_000_004))
        rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>2</v></c></row>' for n in (1, 2, 3))
        (tmp_path / "blank.xlsx").write_bytes(hostile.book_of(rows + blank))
        began = time.perf_counter()
        assert len(read_sheet(tmp_path / "blank.xlsx", sheet="S").frame) == 2
        assert time.perf_counter() - began < 30

    def test_a_part_that_unpacks_to_hundreds_of_times_its_size(self, tmp_path):
        data = hostile.book_with(xl__sharedStrings="<sst>" + " " * 150_000_000 + "</sst>")
        assert "unpacks to" in refused(read_sheets, tmp_path / "bomb.xlsx", data)

    def test_a_part_whose_size_is_not_as_told(self, tmp_path):
        data = hostile.lying(hostile.book_with(xl__worksheets__sheet1=b" " * 90_000), hostile.SHEET, 100)
        assert "not whole" in refused(read_sheets, tmp_path / "lying.xlsx", data)


class TestDocumentTypes:
    PARTS = ["xl__workbook", "xl__worksheets__sheet1", "xl__sharedStrings", "xl__styles", "docProps__core"]

    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
    def test_in_any_part_of_a_workbook(self, tmp_path, part, encoding):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{hostile.LAUGHS}<x>&i;</x>'
        data = hostile.book_with(**{part: text.encode(encoding) if encoding != "utf-7" else _as_utf7(text)})
        said = refused(read_sheets, tmp_path / "laughs.xlsx", data)
        assert "document type" in said or "encoding" in said

    def test_in_open_document(self, tmp_path):
        members = hostile.members_of(hostile.ods(hostile.ods_row(hostile.ods_cell("x"))))
        members["content.xml"] = members["content.xml"].replace(b"?>", b"?>" + hostile.LAUGHS.encode(), 1)
        assert "document type" in refused(read_sheets, tmp_path / "laughs.ods", hostile.pack(members))


def _as_utf7(text: str) -> bytes:
    head, _, rest = text.partition("?>")
    return f"{head}?>".encode() + rest.replace("<!", "\x00").encode("utf-7").replace(b"+AAA-", b"+ADwAIQ-")


class TestWordTemplates:
    @pytest.fixture
    def template(self, tmp_path) -> bytes:
        Document().save(tmp_path / "plain.docx")
        return (tmp_path / "plain.docx").read_bytes()

    def test_a_plain_one_is_read(self, tmp_path, template):
        assert load_word_template(tmp_path / "plain.docx") == template

    @pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels"])
    def test_entities(self, tmp_path, template, part):
        members = hostile.members_of(template)
        members[part] = members[part].replace(b"?>", b"?>" + hostile.LAUGHS.encode(), 1)
        assert "document type" in refused(load_word_template, tmp_path / "laughs.docx", hostile.pack(members))

    def test_a_bomb_a_password_and_what_is_no_document(self, tmp_path, template):
        bomb = hostile.pack(hostile.members_of(template) | {"word/media/a.bin": b"0" * 150_000_000})
        for data, said in (
            (bomb, "unpacks to"),
            (hostile.locked(template), "protected by a password"),
            (b"\xd0\xcf\x11\xe0rest", "protected by a password"),
            (b"<html>no</html>", "a web page"),
            (template[:1000], "cut short"),
        ):
            assert said in refused(load_word_template, tmp_path / "t.docx", data), said


class TestShapes:
    """What GDAL would open besides the file that was named."""

    @pytest.fixture
    def secret(self, tmp_path) -> Path:
        path = tmp_path / "secret.gpkg"
        gpd.GeoDataFrame({"secret": ["s"]}, geometry=[Point(430_000, 433_000)], crs=27700).to_file(path)
        return path

    @pytest.mark.parametrize("name", ["a.json", "a.geojson"])
    @pytest.mark.parametrize("twice", [False, True])
    def test_a_command_of_gdal_in_json(self, tmp_path, secret, name, twice):
        """GDAL runs it when the file is opened: it reads any other file."""
        told = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! edit"}
        text = json.dumps(told)
        if twice:
            text = text[:-1] + ', "type": "FeatureCollection", "features": []}'
        assert "GeoJSON" in refused(read_geo, tmp_path / name, text)

    @pytest.mark.parametrize(
        "told",
        [
            {"type": "Topology", "objects": {}, "arcs": []},
            {"geometryType": "esriGeometryPoint", "features": []},
            {"stac_version": "1.0.0", "type": "Catalog", "links": []},
            {"links": [{"rel": "data", "href": "http://example.org"}], "collections": []},
            {"tilejson": "3.0.0", "tiles": ["http://example.org"]},
            {"type": "FeatureCollection", "TYPE": "gdal_streamed_alg", "features": []},
            [],
        ],
        ids=["topology", "esri", "stac", "service", "tiles", "capitals", "list"],
    )
    def test_json_of_other_kinds(self, tmp_path, told):
        said = refused(read_geo, tmp_path / "a.geojson", json.dumps(told))
        assert "not GeoJSON" in said or "not what its name says" in said

    @pytest.mark.parametrize("kind", ["link", "url", "LINK"])
    @pytest.mark.parametrize("where", ["file", "feature", "geometry", "capitals", "escaped"])
    def test_a_coordinate_system_that_is_an_address(self, tmp_path, kind, where):
        """GDAL fetches it."""
        link = {"type": kind, "properties": {"href": "http://127.0.0.1:9/crs", "url": "http://127.0.0.1:9/crs"}}
        told = json.loads(hostile.geojson())
        holder = {"feature": told["features"][0], "geometry": told["features"][0]["geometry"]}.get(where, told)
        holder["CRS" if where == "capitals" else "crs"] = link
        text = json.dumps(told)
        if where == "escaped":
            text = text.replace('"crs"', '"\\u0063rs"')
        assert "elsewhere" in refused(read_geo, tmp_path / "a.geojson", text)

    def test_a_coordinate_system_by_name_and_a_property_called_so(self, tmp_path):
        told = json.loads(hostile.geojson(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::27700"}}))
        told["features"][0]["properties"]["crs"] = "text"
        (tmp_path / "a.geojson").write_text(json.dumps(told))
        assert read_geo(tmp_path / "a.geojson").crs == "EPSG:27700"

    @pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.json", "a.shp", "a.parquet", "a.geoparquet"])
    def test_a_list_of_other_files_under_another_name(self, tmp_path, secret, name):
        layer = f'<OGRVRTLayer name="x"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
        vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
        for data in (vrt, f" \n{vrt}", f"\ufeff{vrt}", f'<?xml version="1.0"?>{vrt}'):
            assert "not what its name says" in refused(read_geo, tmp_path / name, data)

    VIEWS = {
        "opens a raster": "SELECT fid, geom, gdal_get_pixel_value('/etc/hostname', 1, 'pixel', 1, 1) AS x FROM lay",
        "asks a network": "SELECT fid, geom, ogr_geocode('Leeds') AS x FROM lay",
        "loads a library": "SELECT fid, geom, load_extension('a.so') AS x FROM lay",
        "opens a file": "SELECT fid, geom, ogr_datasource_load_layers('secret.gpkg') AS x FROM lay",
        "hides the name": "SELECT fid, geom, \"ogr_geocode\"('Leeds') AS x FROM lay",
    }

    @pytest.mark.parametrize("select", VIEWS.values(), ids=VIEWS)
    def test_a_geopackage_whose_view_calls_a_function(self, tmp_path, select):
        data = hostile.geopackage(tmp_path, *hostile.view_as_layer(select))
        assert "view" in refused(read_geo, tmp_path / "a.gpkg", data)
        assert "view" in refused(lambda path: read_layers(path, ["vw"]), tmp_path / "b.gpkg", data)

    def test_a_geopackage_with_a_virtual_table(self, tmp_path):
        data = hostile.geopackage(tmp_path, "CREATE VIRTUAL TABLE v USING fts4(a)")
        assert "virtual table" in refused(read_geo, tmp_path / "a.gpkg", data)

    def test_a_plain_view_does_no_harm(self, tmp_path):
        data = hostile.geopackage(tmp_path, *hostile.view_as_layer("SELECT fid, geom, code FROM lay"))
        (tmp_path / "a.gpkg").write_bytes(data)
        assert read_layers(tmp_path / "a.gpkg", ["vw"])["vw"]["code"].tolist() == ["A"]

    def test_a_geopackage_that_another_program_has_not_finished(self, tmp_path):
        """Its newest rows stand in a second file; read without it, they would be lost silently."""
        path = tmp_path / "open.gpkg"
        path.write_bytes(hostile.geopackage(tmp_path, layer="open"))
        base = sqlite3.connect(path)
        base.execute("PRAGMA journal_mode = wal")
        base.execute("CREATE INDEX i ON open (code)")
        base.commit()
        assert "another program" in refused(read_geo, path)
        base.close()
        assert len(read_geo(path)) == 1, "once it is closed the file is whole"

    def test_names_that_gdal_would_take_for_more(self, tmp_path):
        """An exclamation mark, a scheme or a driver's prefix in a name is no more than a name."""
        for name in ("a!b.geojson", "GeoJSON:http:b.geojson", "file.zip!x.geojson", "ESRIJSON:c.json", "%41.geojson"):
            (tmp_path / name).write_text(hostile.geojson())
            assert len(read_geo(tmp_path / name)) == 1, name

    def test_json_that_is_deep_or_broken(self, tmp_path):
        for text in (
            '{"a":' * 100_000,
            '{"type": "FeatureCollection", "features": [',
            '{"type": "FeatureCollection"} x',
        ):
            assert "cannot be read" in refused(read_geo, tmp_path / "a.geojson", text)

    def test_nothing_is_left_beside_the_file(self, tmp_path, secret):
        before = sorted(tmp_path.iterdir())
        read_geo(secret)
        assert sorted(tmp_path.iterdir()) == before
