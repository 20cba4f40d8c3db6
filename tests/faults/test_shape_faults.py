"""Shapes as they are passed on: broken, mislabelled, misplaced; what is drawn is sound and in England, or is told."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from bank_tables import CONTEXT, changed, write_folder
from official_files import OFFICIAL, count_rows
from shapely.affinity import translate

from geomap.errors import CrsError, DataError
from geomap.load.bank import load_bank
from geomap.load.boundaries import load_outlines
from geomap.schema import OutlineFrame, PledgeFrame
from geomap.schema.words import CRS
from geomap.validate import Loaded

LEEDS = shapely.box(430_000, 430_000, 440_000, 440_000)
YORK = shapely.box(455_000, 445_000, 465_000, 455_000)
KENT = shapely.box(600_000, 140_000, 620_000, 160_000)
CARDIFF = shapely.box(315_000, 170_000, 320_000, 180_000)


def write(path: Path, shapes: list, crs: str | None = CRS, codes: list | None = None) -> Path:
    codes = codes or [f"E0600000{n}" for n in range(1, len(shapes) + 1)]
    frame = gpd.GeoDataFrame({"LAD24CD": codes, "LAD24NM": codes}, geometry=shapes, crs=crs)
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def in_degrees(*shapes: shapely.Geometry) -> list[shapely.Geometry]:
    return list(gpd.GeoSeries(list(shapes), crs=CRS).to_crs("EPSG:4326"))


def in_mercator(*shapes: shapely.Geometry) -> list[shapely.Geometry]:
    return list(gpd.GeoSeries(list(shapes), crs=CRS).to_crs("EPSG:3857"))


def swap(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def assert_account(loaded: Loaded, used: int, rejected: int, not_used: int = 0) -> None:
    assert [count_rows(loaded, status) for status in ("used", "rejected", "not_used")] == [used, rejected, not_used]
    assert len(loaded.frame) == used and loaded.frame.is_valid.all() and not loaded.frame.is_empty.any()
    assert loaded.frame.crs == CRS


def near(loaded: Loaded, shape: shapely.Geometry) -> bool:
    return loaded.frame.geometry.iloc[0].symmetric_difference(shape).area < 0.001 * shape.area


def test_fault_shape_bow_tie_is_mended_by_area_and_told(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(430_000, 430_000), (440_000, 440_000), (440_000, 430_000), (430_000, 440_000)])
    loaded = load_outlines(write(tmp_path / "a.gpkg", [bow_tie, YORK]))
    assert_account(loaded, 2, 0)
    assert loaded.frame.geometry.iloc[0].area == pytest.approx(50_000_000), "both wings, which buffer(0) would lose"
    assert "1 outlines of a.gpkg were not sound polygons and were mended: E06000001." in loaded.notes
    assert [(repair.row, repair.column) for repair in loaded.repairs] == [(1, "geometry")]


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.MultiPolygon()], ids=["null", "empty", "multi"])
def test_fault_shape_empty_or_null_is_told(tmp_path: Path, shape: shapely.Geometry | None) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, shape]))
    assert_account(loaded, 1, 1)
    (fault,) = loaded.faults
    assert (fault.row, fault.row_id, fault.problem) == (2, "E06000002", "the area has no shape")


@pytest.mark.parametrize("shape", [LEEDS.centroid, LEEDS.exterior, shapely.Polygon([(430_000, 430_000)] * 4)])
def test_fault_shape_mixed_with_points_and_lines_is_told(tmp_path: Path, shape: shapely.Geometry) -> None:
    """A line among the areas became an empty area that was kept."""
    loaded = load_outlines(write(tmp_path / "a.gpkg", [YORK, shape]))
    assert_account(loaded, 1, 1)
    assert [(fault.row, fault.problem) for fault in loaded.faults] == [(2, "the area has no shape")]


def test_fault_shape_mixed_collection_keeps_its_polygons(tmp_path: Path) -> None:
    mixed = shapely.GeometryCollection([LEEDS, LEEDS.exterior, LEEDS.centroid])
    loaded = load_outlines(write(tmp_path / "a.gpkg", [mixed]))
    assert_account(loaded, 1, 0)
    assert near(loaded, LEEDS) and any("mended: E06000001" in note for note in loaded.notes)


def test_fault_shape_3d_is_flat(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [shapely.force_3d(LEEDS, 50.0)]))
    assert_account(loaded, 1, 0)
    assert not loaded.frame.has_z.any() and near(loaded, LEEDS)


def test_fault_shape_overlap_is_told(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, translate(LEEDS, 3_000, 0), YORK]))
    assert_account(loaded, 3, 0)
    said = "a.gpkg: areas that lie in another area of the file too, and are drawn over: E06000001, E06000002."
    assert said in loaded.notes


def test_fault_shape_neighbours_that_touch_are_no_overlap(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, translate(LEEDS, 10_000, 0)]))
    assert not any("drawn over" in note for note in loaded.notes)


def test_fault_shape_duplicate_code_loses_both_and_is_told(tmp_path: Path) -> None:
    codes = ["E06000001", "E06000001", "E06000002"]
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, KENT, YORK], codes=codes))
    assert_account(loaded, 1, 2)
    assert [fault.row for fault in loaded.faults] == [1, 2]


def test_fault_shape_duplicate_under_two_codes_is_told(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, LEEDS]))
    assert any("drawn over: E06000001, E06000002." in note for note in loaded.notes)


def test_fault_shape_missing_code_is_told(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, YORK], codes=["E06000001", None]))
    assert_account(loaded, 1, 1)
    assert loaded.faults[0].row == 2


@pytest.mark.parametrize("ending", ["gpkg", "shp", "parquet"])
@pytest.mark.parametrize(("shapes", "said"), [([LEEDS], "metres"), (in_degrees(LEEDS), "longitude and latitude")])
def test_fault_shape_no_crs_is_settled_by_its_numbers_and_told(
    tmp_path: Path, ending: str, shapes: list, said: str
) -> None:
    path = tmp_path / f"a.{ending}"
    if ending != "parquet":
        with pytest.warns(UserWarning, match="crs"):
            write(path, shapes, crs=None)
    else:
        write(path, shapes, crs=None)
    loaded = load_outlines(path)
    assert_account(loaded, 1, 0)
    assert near(loaded, LEEDS)
    assert any(f"its numbers are read as {said}" in note for note in loaded.notes) and loaded.repairs


@pytest.mark.parametrize(
    ("shapes", "label", "said"),
    [([LEEDS], "EPSG:4326", "is labelled as degrees; its numbers are read as metres"),
     (in_degrees(LEEDS), CRS, "is labelled as metres; its numbers are read as longitude and latitude"),
     (in_degrees(LEEDS), "EPSG:3857", "is labelled as metres; its numbers are read as longitude and latitude")],
)  # fmt: skip
def test_fault_shape_wrong_label_is_repaired_and_told(tmp_path: Path, shapes: list, label: str, said: str) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", shapes, crs=label))
    assert_account(loaded, 1, 0)
    assert near(loaded, LEEDS) and any(said in note for note in loaded.notes) and loaded.repairs


def test_fault_shape_right_label_is_stated(tmp_path: Path) -> None:
    told = {
        crs: load_outlines(write(tmp_path / f"{n}.gpkg", shapes, crs=crs)).notes[0]
        for n, (crs, shapes) in enumerate(
            {CRS: [LEEDS], "EPSG:4326": in_degrees(LEEDS), "EPSG:3857": in_mercator(LEEDS)}.items()
        )
    }
    assert told[CRS] == "0.gpkg: coordinates in EPSG:27700; in England."
    assert told["EPSG:4326"] == "1.gpkg: coordinates in EPSG:4326; reprojected to EPSG:27700; in England."
    assert told["EPSG:3857"] == "2.gpkg: coordinates in EPSG:3857; reprojected to EPSG:27700; in England."


@pytest.mark.parametrize(
    ("shapes", "label"),
    [([LEEDS], "EPSG:3857"), (in_mercator(LEEDS), CRS), (in_mercator(LEEDS), "EPSG:4326"), ([CARDIFF], CRS),
     ([shapely.box(-0.1, -0.1, 0.1, 0.1)], "EPSG:4326"), ([shapely.box(0, 0, 100, 100)], CRS)],
    ids=["27700 as 3857", "3857 as 27700", "3857 as 4326", "Wales", "null island", "0,0 in metres"],
)  # fmt: skip
def test_fault_shape_wrong_place_is_refused(tmp_path: Path, shapes: list, label: str) -> None:
    with pytest.raises(CrsError, match="the coordinates do not lie in England.*Take the file again"):
        load_outlines(write(tmp_path / "a.gpkg", shapes, crs=label))


@pytest.mark.parametrize(
    ("shape", "label", "told"),
    [(swap(in_degrees(LEEDS)[0]), "EPSG:4326", "latitude and longitude are swapped"),
     (swap(KENT), CRS, "easting and northing are swapped")],
)  # fmt: skip
def test_fault_shape_swapped_is_refused(tmp_path: Path, shape: shapely.Geometry, label: str, told: str) -> None:
    """Kent with its eastings for northings lies in the sea off Cumbria, within any box round England."""
    with pytest.raises(CrsError, match=told):
        load_outlines(write(tmp_path / "a.gpkg", [shape], crs=label))


def test_fault_shape_out_of_area_is_rejected_by_row(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, YORK, CARDIFF]))
    assert_account(loaded, 2, 1)
    assert (loaded.faults[0].row, loaded.faults[0].problem) == (3, "the area does not lie in England")


def test_fault_shape_of_wales_by_its_code_is_not_used(tmp_path: Path) -> None:
    loaded = load_outlines(write(tmp_path / "a.gpkg", [LEEDS, CARDIFF], codes=["E06000001", "W06000015"]))
    assert_account(loaded, 1, 0, not_used=1)


def test_fault_shape_with_numbers_that_are_none_is_told(tmp_path: Path) -> None:
    shape = shapely.Polygon([(430_000, 430_000), (440_000, np.inf), (440_000, 430_000)])
    with np.errstate(invalid="ignore"), pytest.raises(DataError) as caught:
        load_outlines(write(tmp_path / "a.gpkg", [shape]))
    assert caught.value.faults[0].source == "a.gpkg"


GEOJSON = json.dumps(
    {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"LAD24CD": "E06000001", "LAD24NM": "A"},
         "geometry": json.loads(shapely.to_geojson(in_degrees(LEEDS)[0]))}]}
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [GEOJSON[:-40], GEOJSON[:20], GEOJSON.replace('"coordinates"', '"coordinate"'), "{}", '{"type": "Polygon"}',
     GEOJSON.replace("[[[", "[[[null,"), GEOJSON.replace('"Polygon"', '"Pentagon"'), GEOJSON.replace(":", ";")],
)  # fmt: skip
def test_fault_shape_broken_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(GEOJSON, encoding="utf-8")
    assert near(load_outlines(path), LEEDS)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_outlines(path)
    assert caught.value.faults[0].source == "a.geojson" and caught.value.faults[0].remedy


@pytest.mark.parametrize("missing", ["shx", "dbf"])
def test_fault_shape_shapefile_without_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    path = write(tmp_path / "a.shp", [LEEDS])
    (tmp_path / f"a.{missing}").unlink()
    with pytest.raises(DataError) as caught:
        load_outlines(path)
    assert caught.value.faults[0].source == "a.shp" and caught.value.faults[0].remedy


@pytest.mark.parametrize(
    ("x", "y"), [("0", "0"), ("-1.55", "53.8"), ("434000", "43000000"), ("318400", "176200"), ("", ""), ("nan", "inf")]
)
def test_fault_shape_point_of_an_lsoa_out_of_place_is_told(tmp_path: Path, x: str, y: str) -> None:
    official = OFFICIAL["lsoa_points"]
    loaded = official.load(official.write(tmp_path, official.changed(3, x=x, y=y)))
    assert [(fault.row, fault.problem) for fault in loaded.faults] == [(3, "the point does not lie in England")]
    assert "EPSG:27700" in loaded.faults[0].remedy
    assert count_rows(loaded) == 3 and len(loaded.frame) == 2


@pytest.mark.parametrize(
    ("cells", "problem"),
    [({"easting": "0", "northing": "0"}, "no place in England"),
     ({"easting": "53.79", "northing": "-1.54"}, "degrees stand where metres belong"),
     ({"easting": "318400", "northing": "176200"}, "outside England"),
     ({"easting": "325800", "northing": "673900"}, "outside England"),
     ({"easting": "-170000", "northing": "7130000"}, "outside England"),
     ({"easting": "", "northing": "", "latitude": "433483", "longitude": "430144"}, "metres stand where degrees"),
     ({"easting": "", "northing": "", "latitude": "0", "longitude": "0"}, "no place in England")],
    ids=["null island", "degrees as metres", "Wales", "Scotland", "Web Mercator", "metres as degrees", "0,0 degrees"],
)  # fmt: skip
def test_fault_shape_facility_out_of_place_is_told(tmp_path: Path, cells: dict[str, str], problem: str) -> None:
    bank = load_bank(write_folder(tmp_path / "bank", changed("facilities", 2, **cells)), CONTEXT)
    fault = bank.faults[0]
    assert (fault.source, fault.row, fault.row_id) == ("facilities.csv", 2, "F1") and problem in fault.problem
    assert bank.pledges[PledgeFrame.hours].sum() == 42.5


def test_fault_shape_facility_swapped_is_repaired_and_told(tmp_path: Path) -> None:
    cells = {"easting": "", "northing": "", "latitude": "-1.5437", "longitude": "53.7969"}
    bank = load_bank(write_folder(tmp_path / "bank", changed("facilities", 2, **cells)), CONTEXT)
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == 82.5
    assert any("the wrong way round and have been exchanged" in note for note in bank.notes)
    assert {repair.row for repair in bank.repairs if repair.source == "facilities.csv"} >= {2}


@pytest.mark.parametrize("name", ["SICBL_2022_EN_BSC.geojson", "LAD_EN_dissolved_from_LSOA21.geojson.zip"])
def test_fault_shape_none_in_real_outlines(real_data: Path, name: str) -> None:
    loaded = load_outlines(real_data / "ons_boundaries" / name)
    assert loaded.faults == () and not any("drawn over" in note for note in loaded.notes)
    assert any("in England." in note for note in loaded.notes)
    assert loaded.frame[OutlineFrame.area_code].is_unique
