"""Outlines and LSOA points: the real files, every format, wrong labels, and the 36 ICBs from last year's sub-ICBs."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geomap.errors import CrsError, DataError
from geomap.load.boundaries import dissolve_icbs, load_lsoa_points, load_outlines
from geomap.load.postcodes import load_postcodes
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.places import place_practices
from geomap.schema import AccountingFrame, LsoaPointFrame, OutlineFrame, PracticeFrame, PracticePlaceFrame
from geomap.schema.words import CRS

SQUARE = shapely.box(430_000, 430_000, 440_000, 440_000)
ICB_COLUMNS = {"ICB26CD": ["E54000070"], "ICB26CDH": ["S0E4D"], "ICB26NM": ["NHS Somewhere ICB"]}


def outlines(shapes: list, crs: str | None = CRS, **columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def write_geojson(path: Path, shapes: list, label: str | None = None, **columns: list) -> Path:
    """GeoJSON with coordinates as given and any label; `None` leaves the label out, which means degrees."""
    features = [
        {"type": "Feature", "properties": {name: cells[i] for name, cells in columns.items()},
         "geometry": None if shape is None else json.loads(shapely.to_geojson(shape))}
        for i, shape in enumerate(shapes)
    ]  # fmt: skip
    crs = {"crs": {"type": "name", "properties": {"name": label}}} if label else {}
    path.write_text(json.dumps({"type": "FeatureCollection", **crs, "features": features}), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp", "parquet", "zip"])
def test_every_format_gives_the_same_icb(tmp_path: Path, ending: str) -> None:
    frame = outlines([SQUARE], **ICB_COLUMNS)
    path = tmp_path / f"icb.{'shp' if ending == 'zip' else ending}"
    if ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    if ending == "zip":
        with zipfile.ZipFile(tmp_path / "icb.zip", "w") as archive:
            for part in tmp_path.glob("icb.*"):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
        path = tmp_path / "icb.zip"
    loaded = load_outlines(path)
    row = loaded.frame.iloc[0]
    assert (row[OutlineFrame.area_code], row[OutlineFrame.level]) == ("S0E4D", "icb")
    assert row.geometry.symmetric_difference(SQUARE).area < 1
    assert loaded.frame.crs == CRS
    assert loaded.vintage == "2026 boundaries"


def test_an_icb_file_without_the_nhs_code_keeps_the_ons_code(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "icb.geojson", [SQUARE], CRS, ICB23CD=["E54000070"], ICB23NM=["NHS Somewhere ICB"])
    assert load_outlines(path).frame[OutlineFrame.area_code].tolist() == ["E54000070"]


def test_metres_labelled_as_degrees_are_repaired_and_told(tmp_path: Path) -> None:
    loaded = load_outlines(write_geojson(tmp_path / "icb.geojson", [SQUARE], **ICB_COLUMNS))
    assert loaded.frame.geometry.iloc[0].equals(SQUARE)
    assert loaded.notes == ("icb.geojson is labelled as degrees; its numbers are read as metres (EPSG:27700).",)


def test_degrees_labelled_as_metres_are_repaired_and_told(tmp_path: Path) -> None:
    box = shapely.box(-1.6, 53.7, -1.4, 53.9)
    loaded = load_outlines(write_geojson(tmp_path / "icb.geojson", [box], CRS, **ICB_COLUMNS))
    west, south, east, north = loaded.frame.total_bounds
    assert 420_000 < west < east < 445_000
    assert 420_000 < south < north < 450_000
    assert "read as longitude and latitude" in loaded.notes[0]


def test_web_mercator_is_reprojected(tmp_path: Path) -> None:
    path = tmp_path / "icb.gpkg"
    outlines([SQUARE], **ICB_COLUMNS).to_crs("EPSG:3857").to_file(path)
    loaded = load_outlines(path)
    assert loaded.frame.geometry.iloc[0].symmetric_difference(SQUARE).area < 0.001 * SQUARE.area


def test_a_parquet_file_without_crs_is_settled_by_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "icb.parquet"
    outlines([SQUARE], crs=None, **ICB_COLUMNS).to_parquet(path)
    assert "does not say its coordinate system" in load_outlines(path).notes[0]


@pytest.mark.parametrize(
    ("box", "problem"),
    [((53.7, -1.6, 53.9, -1.4), "swapped"), ((10, 50, 11, 51), "do not lie in England"),
     ((2e6, 2e6, 3e6, 3e6), "do not lie in England")],
)  # fmt: skip
def test_other_coordinates_are_refused(tmp_path: Path, box: tuple, problem: str) -> None:
    path = write_geojson(tmp_path / "icb.geojson", [shapely.box(*box)], **ICB_COLUMNS)
    with pytest.raises(CrsError, match=problem):
        load_outlines(path)


def test_unsound_shapes_are_mended_and_empty_ones_are_faults(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(430_000, 430_000), (440_000, 440_000), (440_000, 430_000), (430_000, 440_000)])
    mixed = shapely.GeometryCollection([SQUARE, shapely.LineString([(430_000, 430_000), (420_000, 420_000)])])
    solid = shapely.Polygon([(430_000, 430_000, 5), (440_000, 430_000, 5), (440_000, 440_000, 5)])
    codes = ["E06000001", "E06000002", "E06000003", "E06000004", "W06000001"]
    shapes = [bow_tie, mixed, solid, None, SQUARE]
    loaded = load_outlines(write_geojson(tmp_path / "lad.geojson", shapes, CRS, LAD24CD=codes, LAD24NM=list("abcde")))
    frame = loaded.frame.set_index(OutlineFrame.area_code)
    assert list(frame.index) == codes[:3]
    assert frame.is_valid.all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert not frame.has_z.any()
    assert frame.area["E06000001"] == pytest.approx(SQUARE.area / 2)
    assert frame.area["E06000002"] == pytest.approx(SQUARE.area)
    assert [(fault.row, fault.row_id) for fault in loaded.faults] == [(4, "E06000004")]
    assert loaded.accounting.set_index(AccountingFrame.status)[AccountingFrame.rows].to_dict() == {
        "used": 3, "not_used": 1, "rejected": 1,
    }  # fmt: skip


def test_two_areas_of_one_code_are_faults(tmp_path: Path) -> None:
    shapes, codes = [SQUARE, SQUARE, SQUARE], ["E06000001", "E06000001", "E06000002"]
    loaded = load_outlines(write_geojson(tmp_path / "lad.geojson", shapes, CRS, LAD24CD=codes))
    assert loaded.frame[OutlineFrame.area_code].tolist() == ["E06000002"]
    assert {fault.row for fault in loaded.faults} == {1, 2}


def test_a_file_that_names_no_area_is_refused(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "wards.geojson", [SQUARE], CRS, WD24CD=["E05000001"])
    with pytest.raises(DataError, match="no column names an area; its columns are WD24CD"):
        load_outlines(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "level", "areas", "vintage"),
    [
        ("SICBL_2022_EN_BSC.geojson", "sub_icb", 106, "2022 boundaries"),
        ("LAD_EN_dissolved_from_LSOA21.geojson.zip", "lad", 296, ""),
        ("LSOA21_BGC_E08000035.geojson", "lsoa", 488, "2021 boundaries"),
        ("LSOA21_EN_simplified120m.geojson.zip", "lsoa", 33_755, "2021 boundaries"),
    ],
)
def test_real_outlines(real_data: Path, name: str, level: str, areas: int, vintage: str) -> None:
    loaded = load_outlines(real_data / "ons_boundaries" / name)
    frame = loaded.frame
    assert len(frame) == areas
    assert set(frame[OutlineFrame.level]) == {level}
    assert loaded.vintage == vintage
    assert loaded.faults == ()
    assert frame.is_valid.all()
    west, south, east, north = frame.total_bounds
    assert 80_000 < west < east < 656_000
    assert 5_000 < south < north < 658_000
    mended = [note for note in loaded.notes if "mended" in note]
    assert bool(mended) == (areas == 33_755)  # six collections among its polygons


@pytest.fixture(scope="module")
def spine(real_data: Path) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    folder = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(folder / "gp-reg-pat-prac-map.zip").frame
    sizes = load_list_sizes(folder / "gp-reg-pat-prac-quin-age.zip").frame
    postcodes = load_postcodes(None, practices[PracticeFrame.postcode]).frame
    return practices, place_practices(practices, sizes, postcodes)[0]


def test_sub_icbs_of_2022_merge_into_the_36_icbs_of_2026(real_data: Path, spine: tuple) -> None:
    practices, places = spine
    sub_icbs = load_outlines(real_data / "ons_boundaries" / "SICBL_2022_EN_BSC.geojson").frame
    icbs, notes = dissolve_icbs(sub_icbs, practices, places)
    assert set(icbs[OutlineFrame.area_code]) == set(practices[PracticeFrame.icb_code])
    assert len(icbs) == 36
    assert icbs.is_valid.all()
    assert icbs.area.sum() == pytest.approx(sub_icbs.area.sum())
    assert icbs.union_all().area == pytest.approx(icbs.area.sum())
    assert len(notes) == 1
    assert notes[0].startswith("NHS Frimley ICB - D4U1Y is not in the practice map; its area is divided")
    # Aldershot is Hampshire's again, Windsor is Thames Valley's, Camberley is Surrey's.
    names = icbs.set_index(OutlineFrame.area_name).geometry
    for point, name in (((486_500, 150_500), "Hampshire"), ((496_500, 176_500), "Thames Valley"),
                        ((487_500, 160_500), "Surrey")):  # fmt: skip
        assert name in names.index[names.contains(shapely.Point(point))].item()


def test_row_order_does_not_move_a_border(real_data: Path, spine: tuple) -> None:
    practices, places = spine
    sub_icbs = load_outlines(real_data / "ons_boundaries" / "SICBL_2022_EN_BSC.geojson").frame
    first, _ = dissolve_icbs(sub_icbs, practices, places)
    again, _ = dissolve_icbs(sub_icbs[::-1], practices[::-1], places.sample(frac=1, random_state=1))
    assert first.geometry.geom_equals(again.geometry).all()


def make_spine(**icb_of: str) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Practices from west to east along the middle of SQUARE, one a kilometre; the ICB of each by its name."""
    rows = [
        {PracticeFrame.practice_code: code, PracticeFrame.sub_icb_code: f"{icb}1", PracticeFrame.icb_code: icb,
         PracticeFrame.icb_name: f"NHS {icb}"}
        for code, icb in icb_of.items()
    ]  # fmt: skip
    practices = pd.DataFrame(rows)
    points = [shapely.Point(430_500 + 1_000 * i, 435_000) for i in range(len(rows))]
    codes = practices[PracticeFrame.practice_code]
    return practices, gpd.GeoDataFrame({PracticePlaceFrame.practice_code: codes}, geometry=points, crs=CRS)


def area_of(code: str, level: str = "sub_icb") -> gpd.GeoDataFrame:
    columns = {OutlineFrame.area_code: [code], OutlineFrame.area_name: ["Gone"], OutlineFrame.level: [level]}
    return outlines([SQUARE], **columns)


def test_an_abolished_area_is_divided_by_nearest_practice() -> None:
    practices, places = make_spine(P0="QAA", P1="QAA", P2="QBB", P3="QBB")
    icbs, notes = dissolve_icbs(area_of("99Z"), practices, places)
    areas = icbs.set_index(OutlineFrame.area_code).area
    # The border runs half way between P1 (431,500) and P2 (432,500).
    assert areas["QAA"] == pytest.approx(2_000 * 10_000)
    assert areas["QBB"] == pytest.approx(8_000 * 10_000)
    assert notes == (
        "Gone is not in the practice map; its area is divided by nearest practice between NHS QAA; NHS QBB.",
    )


def test_an_unknown_code_goes_whole_where_nine_practices_in_ten_are() -> None:
    practices, places = make_spine(**{f"P{i}": "QAA" for i in range(9)}, P9="QBB")
    icbs, notes = dissolve_icbs(area_of("E54000999", "icb"), practices, places)
    assert icbs[OutlineFrame.area_code].tolist() == ["QAA"]
    assert "goes to NHS QAA" in notes[0]
    assert notes[1] == "No outline for 1 of 2 ICBs: NHS QBB."


def test_icbs_are_not_drawn_from_other_levels() -> None:
    practices, places = make_spine(P0="QAA")
    with pytest.raises(DataError, match="outlines of lad"):
        dissolve_icbs(area_of("E06000001", "lad"), practices, places)


def test_real_lsoa_points(real_data: Path) -> None:
    loaded = load_lsoa_points(real_data / "ons_boundaries" / "LSOA21_EN_representative_points.csv")
    frame = loaded.frame.set_index(LsoaPointFrame.lsoa_code)
    assert len(frame) == 33_755
    assert loaded.faults == ()
    assert loaded.vintage == "2021"
    assert frame.loc["E01011949"].tolist() == [449_773, 531_384]


def test_ons_centroids_leave_out_wales_and_name_points_in_degrees(tmp_path: Path) -> None:
    path = tmp_path / "LSOA_PopCentroids_EW_2021_V4.csv"
    rows = ["1,E01000001,{a},532151,181615", "2,W01000003,{b},244607,393011", "3,E01000002,{c},-0.0962,51.5188"]
    path.write_text("\ufeffFID,LSOA21CD,GlobalID,x,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    loaded = load_lsoa_points(path)
    assert loaded.frame[LsoaPointFrame.lsoa_code].tolist() == ["E01000001"]
    assert [(fault.row, fault.row_id) for fault in loaded.faults] == [(4, "E01000002")]
