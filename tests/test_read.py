"""The reader: text comes through whole, and a file that is not what it seems is refused with one sentence."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from geomap.errors import DataError
from geomap.load._read import list_members, read_csv, read_geo, read_sheet, read_sheets


def write(folder: Path, text: str | bytes, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def write_zip(folder: Path, members: dict[str, str | bytes], name: str = "bundle.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path


def write_book(folder: Path, sheets: dict[str, list[list[object]]], name: str = "book.xlsx") -> Path:
    path = folder / name
    with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as book:
        for sheet, rows in sheets.items():
            page = book.add_worksheet(sheet)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def only_fault(error: pytest.ExceptionInfo[DataError]):
    assert len(error.value.faults) == 1
    fault = error.value.faults[0]
    assert fault.source and fault.remedy
    return fault


class TestDelimited:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("comma", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_encodings_separators_and_line_ends_read_the_same(self, tmp_path, encoding, comma, end):
        text = end.join([f"name{comma}value", f"Café – {comma}1", f'"a{comma}b"{comma}2'])
        raw = read_csv(write(tmp_path, text, encoding=encoding))
        assert raw.frame.columns.tolist() == ["name", "value"]
        assert raw.frame.to_numpy().tolist() == [["Café – ", "1"], [f"a{comma}b", "2"]]
        assert raw.frame.index.tolist() == [2, 3]

    def test_names_that_look_missing_stay_text(self, tmp_path):
        raw = read_csv(write(tmp_path, "id,name\n007,NA\n1E5,None\n,nan\n,\nx,null\n"))
        assert raw.frame["name"].tolist() == ["NA", "None", "nan", "null"]
        assert raw.frame["id"].tolist() == ["007", "1E5", "", "x"]
        assert (raw.frame.dtypes == "str").all()
        assert raw.frame.index.tolist() == [2, 3, 4, 6], "the blank record keeps its number"

    def test_rows_are_records_not_lines(self, tmp_path):
        raw = read_csv(write(tmp_path, 'id,note\n1,"two\nlines"\n2,"say ""hi"", twice"\n3,12" mat\n'))
        assert raw.frame.index.tolist() == [2, 3, 4]
        assert raw.frame["note"].tolist() == ["two\nlines", 'say "hi", twice', '12" mat']

    def test_heading_over_several_lines(self, tmp_path):
        raw = read_csv(write(tmp_path, '"Partner\nCode", Name \nA,B\n'))
        assert raw.frame.columns.tolist() == ["Partner\nCode", "Name"]
        assert raw.frame.index.tolist() == [2]

    def test_short_rows_are_filled_and_trailing_separators_pass(self, tmp_path):
        raw = read_csv(write(tmp_path, "a,b,c\n1\n1,2,3,,\n"))
        assert raw.frame.to_numpy().tolist() == [["1", "", ""], ["1", "2", "3"]]

    def test_headings_past_the_widest_row_are_blank_columns(self, tmp_path):
        raw = read_csv(write(tmp_path, "1,2\n3,4\n"), headings=["a", "b", "c"])
        assert raw.frame.to_numpy().tolist() == [["1", "2", ""], ["3", "4", ""]]
        assert raw.frame.index.tolist() == [1, 2]

    def test_columns_limits_what_is_read_and_passes_over_the_absent(self, tmp_path):
        raw = read_csv(write(tmp_path, "Area Code,B,C\n1,2,3\n"), columns=["area_code", "C", "D"])
        assert raw.frame.columns.tolist() == ["Area Code", "C"]

    def test_skipped_lines_count_in_row_numbers(self, tmp_path):
        raw = read_csv(write(tmp_path, "Title\nSource\na,b\n1,2\n"), skip_rows=2)
        assert raw.frame.index.tolist() == [4]

    def test_a_heading_alone_gives_an_empty_table(self, tmp_path):
        frame = read_csv(write(tmp_path, "a,b\n")).frame
        assert frame.shape == (0, 2)

    def test_every_row_with_too_many_cells_is_named(self, tmp_path):
        rows = [f"{n},b" for n in range(2, 40)]
        rows[3], rows[9] = "5,x,y", "11,x,y,z"
        with pytest.raises(DataError) as error:
            read_csv(write(tmp_path, "\n".join(["a,b", *rows])), columns=["a"])
        assert [fault.row for fault in error.value.faults] == [5, 11]
        assert [fault.value for fault in error.value.faults] == ["y", "y"]

    def test_a_file_of_too_many_cells_is_one_fault(self, tmp_path):
        with pytest.raises(DataError, match="40 of its 40 rows have more cells than the 2 headings"):
            read_csv(write(tmp_path, "1,2,3\n" * 40), headings=["a", "b"])

    @pytest.mark.parametrize("tail", ["", "x,y\n" * 20_000], ids=["short", "longer than a cell may be"])
    def test_an_open_quotation_mark_is_named_by_its_row(self, tmp_path, tail):
        with pytest.raises(DataError, match="never closed") as error:
            read_csv(write(tmp_path, 'a,b\n1,2\n3,"open\n5,6\n' + tail))
        assert only_fault(error).row == 3

    def test_a_heading_twice_is_refused(self, tmp_path):
        with pytest.raises(DataError, match="more than one column") as error:
            read_csv(write(tmp_path, "hours,site,Hours\n1,2,3\n"))
        assert len(error.value.faults) == 2

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "the file is empty"),
            (b"\n\n", "no heading row"),
            (b"<!DOCTYPE html><html><body>404</body></html>", "this is a web page, not a CSV"),
            (b"PK\x03\x04rest", "a zip file or a workbook, not a CSV"),
            (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
            (b"a,b\n\x00\x01,2\n", "not a text file"),
            (b'a,"b\n1,2\n', "heading row does not end"),
        ],
    )
    def test_what_is_no_csv_is_told_in_one_fault(self, tmp_path, data, message):
        with pytest.raises(DataError, match=message) as error:
            read_csv(write(tmp_path, data))
        only_fault(error)

    @given(
        st.lists(
            st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x03")), min_size=3, max_size=3),
            min_size=1,
            max_size=8,
        )
    )
    def test_any_text_written_by_the_csv_module_comes_back(self, tmp_path_factory, rows):
        kept = [row for row in rows if any(cell.strip() for cell in row)]
        buffer = io.StringIO(newline="")
        csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
        raw = read_csv(write(tmp_path_factory.mktemp("csv"), buffer.getvalue()))
        assert raw.frame.to_numpy().tolist() == kept


class TestFiles:
    def test_a_missing_file_and_a_folder(self, tmp_path):
        for path, message in ((tmp_path / "no.csv", "the file is not there"), (tmp_path, "this is a folder")):
            with pytest.raises(DataError, match=message) as error:
                read_csv(path)
            only_fault(error)

    @pytest.mark.parametrize("path", ["/vsizip/a.zip/b.csv", "/VSICURL/http://example.org/a.gpkg"])
    def test_gdal_paths_are_refused(self, path):
        for read in (read_csv, read_geo, read_sheets):
            with pytest.raises(DataError, match="/vsi"):
                read(Path(path))

    def test_a_member_is_found_by_glob_without_regard_to_case_or_folder(self, tmp_path):
        path = write_zip(tmp_path, {"Data/LS.csv": "1,2\n", "Data/SW.csv": "3,4\n", "Doc/": ""})
        assert list_members(path) == ["Data/LS.csv", "Data/SW.csv"]
        raw = read_csv(path, member="ls*.csv", headings=["a", "b"])
        assert raw.source == "bundle.zip/Data/LS.csv"
        assert raw.frame.to_numpy().tolist() == [["1", "2"]]

    def test_none_or_several_members_are_named(self, tmp_path):
        path = write_zip(tmp_path, {"a.csv": "x\n", "b.csv": "x\n"})
        with pytest.raises(DataError, match=r"holds 2 files named like \*\.csv.*a\.csv; b\.csv"):
            read_csv(path)
        with pytest.raises(DataError, match=r"holds no file named like map\*"):
            read_csv(path, member="map*")

    def test_a_zip_cut_short_and_a_page_named_zip(self, tmp_path):
        whole = write_zip(tmp_path, {"a.csv": "x,y\n" * 500}).read_bytes()
        with pytest.raises(DataError, match="the zip was cut short"):
            read_csv(write(tmp_path, whole[:-40], "cut.zip"))
        with pytest.raises(DataError, match="this is a web page, not a zip"):
            list_members(write(tmp_path, "<html>no</html>", "page.zip"))

    def test_a_damaged_member_is_refused(self, tmp_path):
        data = bytearray(write_zip(tmp_path, {"a.csv": "a,b\n" + "1,2\n" * 500}).read_bytes())
        data[40] ^= 0xFF
        with pytest.raises(DataError, match="cannot be unpacked"):
            read_csv(write(tmp_path, bytes(data), "bad.zip"))


class TestWorkbook:
    def test_cells_read_as_they_show(self, tmp_path):
        day = dt.date(2026, 7, 1)
        rows = [["Title"], [], ["id", "when", "hours ", "ok"], ["007", day, 12.0, True], [], ["NA", "", 1.25, False]]
        raw = read_sheet(write_book(tmp_path, {"Notes": [["x"]], "Pledges": rows}), sheet="pledges ")
        assert raw.sheet == "Pledges"
        assert raw.frame.columns.tolist() == ["id", "when", "hours", "ok"]
        assert raw.frame.to_numpy().tolist() == [["007", "2026-07-01", "12", "TRUE"], ["NA", "", "1.25", "FALSE"]]
        assert raw.frame.index.tolist() == [4, 6]

    def test_sheets_come_in_order_with_their_first_row_first(self, tmp_path):
        sheets = read_sheets(write_book(tmp_path, {"B": [[], [], ["x", 2]], "A": []}))
        assert list(sheets) == ["B", "A"]
        assert sheets["B"][2] == ["x", 2.0]

    def test_a_missing_sheet_is_told_with_those_there_are(self, tmp_path):
        with pytest.raises(DataError, match=r"sheet IMD25.*not in the workbook.*One; Two"):
            read_sheet(write_book(tmp_path, {"One": [["a"]], "Two": []}), sheet="IMD25")

    def test_a_heading_twice_in_a_sheet(self, tmp_path):
        with pytest.raises(DataError, match="more than one column") as error:
            read_sheet(write_book(tmp_path, {"S": [["a", "a"], [1, 2]]}), sheet="s")
        assert only_fault(error).sheet == "S"

    def test_a_workbook_that_is_none(self, tmp_path):
        whole = write_book(tmp_path, {"S": [["a", "b"]]}).read_bytes()
        for data, name, message in (
            (b"a,b\n", "plain.xlsx", "not the workbook its name says"),
            (b"<html>", "page.xlsx", "this is a web page"),
            (b"\xd0\xcf\x11\xe0", "locked.xlsx", "protected by a password"),
            (whole[: len(whole) // 2], "cut.xlsx", "the workbook is not whole"),
            (whole, "book.doc", "is not a workbook"),
        ):
            with pytest.raises(DataError, match=message) as error:
                read_sheets(write(tmp_path, data, name))
            only_fault(error)

    def test_one_far_cell_is_refused_before_it_is_laid_out(self, tmp_path):
        small = write_book(tmp_path, {"S": [["a"], ["far"]]}, "small.xlsx")
        with zipfile.ZipFile(small) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        sheet = "xl/worksheets/sheet1.xml"
        members[sheet] = members[sheet].replace(b'r="A2"', b'r="XFD1048576"')
        path = write_zip(tmp_path, members, "far.xlsx")
        with pytest.raises(DataError, match="1,048,576 rows and 16,384 columns"):
            read_sheets(path)


class TestShapes:
    def test_kinds_and_crs_as_declared(self, tmp_path):
        frame = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=[Point(1, 2), Point(3, 4)], crs=27700)
        for name in ("a.geojson", "a.gpkg", "a.shp"):
            frame.to_file(tmp_path / name)
        frame.to_parquet(tmp_path / "a.parquet")
        bundle = {f"in/{path.name}": path.read_bytes() for path in sorted(tmp_path.glob("a.*")) if path.stem == "a"}
        shapefile = {name: data for name, data in bundle.items() if not name.endswith(("json", "gpkg", "parquet"))}
        zipped = write_zip(tmp_path, shapefile, "shp.zip")
        for path in (*(tmp_path / n for n in ("a.geojson", "a.gpkg", "a.shp", "a.parquet")), zipped):
            read = read_geo(path)
            assert read.crs == "EPSG:27700", path
            assert read["code"].tolist() == ["A", "B"]
            assert np.array_equal(read.geometry.x, [1, 3])

    def test_a_disguised_driver_never_reaches_gdal(self, tmp_path):
        vrt = '<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>'
        for name in ("a.gpkg", "a.geojson", "a.shp"):
            with pytest.raises(DataError, match="not what its name says"):
                read_geo(write(tmp_path, vrt, name))
        with pytest.raises(DataError, match="not read as boundaries"):
            read_geo(write(tmp_path, vrt, "a.vrt"))
        with pytest.raises(DataError, match="not what its name says"):
            read_geo(write_zip(tmp_path, {"a.geojson": vrt}))

    def test_broken_json_and_several_layers(self, tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_geo(write(tmp_path, '{"type": "FeatureCollection", "features": [', "a.geojson"))
        frame = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4326)
        for layer in ("one", "two"):
            frame.to_file(tmp_path / "two.gpkg", layer=layer)
        with pytest.raises(DataError, match="2 layers.*one; two"):
            read_geo(tmp_path / "two.gpkg")
        assert len(read_geo(tmp_path / "two.gpkg", layer="two")) == 1


def test_real_files_have_the_rows_and_columns_their_notes_say(real_data):
    for name, shape in (
        ("nhs_gp_registrations_2026-07/gp-reg-pat-prac-quin-age.zip", (326_241, 9)),
        ("nhs_gp_registrations_2021-01/gp-reg-pat-prac-all.csv", (6_658, 10)),
        ("fingertips_export_format/Map.csv", (307, 27)),
        ("sport_england_active_places_2026-01/activeplacescsvs/healthandfitnessgym.csv", (10_562, 43)),
        ("libraries/libraries.csv", (3_238, 34)),
    ):
        path = real_data / name
        assert read_csv(path).frame.shape == shape, name
    codepoint = real_data / "os_codepoint_open_2025-05/codepo_gb.zip"
    raw = read_csv(codepoint, member="*/ls.csv", headings=list("abcdefghij"))
    assert raw.frame.index[0] == 1 and len(raw.frame) == 22_059
    assert read_geo(real_data / "ons_boundaries/SICBL_2022_EN_BSC.geojson").crs == "EPSG:27700"
    assert len(read_geo(real_data / "ons_boundaries/LAD_EN_dissolved_from_LSOA21.geojson.zip")) == 296
