"""Footprints of small made-up PCNs: who has the ground, how far it reaches, and that nobody goes without."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geomap.errors import DataError
from geomap.places import draw_footprints, measure_footprints
from geomap.schema import FootprintFrame, FootprintResultFrame, OutlineFrame, PopulationPointFrame
from geomap.schema.words import CRS

PCN, POINT, PATIENTS = PopulationPointFrame.pcn_code, PopulationPointFrame.point_id, PopulationPointFrame.patients
BASIS = PopulationPointFrame.basis


def make_points(rows: list[tuple], basis: str = "practice_postcode") -> gpd.GeoDataFrame:
    """Rows of PCN, point id, patients, x and y in kilometres east and north of (430, 430)."""
    return gpd.GeoDataFrame(
        {
            PCN: pd.Series([row[0] for row in rows], dtype="str"),
            POINT: pd.Series([row[1] for row in rows], dtype="str"),
            PATIENTS: [float(row[2]) for row in rows],
            BASIS: pd.Series(basis, index=range(len(rows)), dtype="str"),
        },
        geometry=[shapely.Point(430_000 + 1_000 * row[3], 430_000 + 1_000 * row[4]) for row in rows],
        crs=CRS,
    )


def overlap_share(frame: gpd.GeoDataFrame) -> float:
    return frame.area.sum() / frame.union_all().area - 1


def test_the_nearest_point_has_the_ground() -> None:
    frame = draw_footprints(make_points([("U1", "a", 10, 0, 0), ("U2", "b", 10, 4, 0), ("U1", "c", 10, 8, 0)]))
    shapes = frame.set_index(FootprintFrame.pcn_code).geometry
    for x, owner in ((0.0, "U1"), (1.8, "U1"), (2.2, "U2"), (5.8, "U2"), (6.2, "U1")):
        spot = shapely.Point(430_000 + 1_000 * x, 430_000)
        assert shapes.contains(spot).to_dict() == {"U1": owner == "U1", "U2": owner == "U2"}
    assert overlap_share(frame) < 1e-9


@pytest.mark.parametrize(
    "rows",
    [
        [("U1", "a", 10, 0, 0)],
        [("U1", "a", 10, 0, 0), ("U2", "b", 10, 3, 3)],
        [(f"U{i}", f"p{i}", 10, i, 0) for i in range(5)],
        [(f"U{i:02}", f"p{i:02}", 10, 0, 0) for i in range(20)],
        [("U1", "a", 0, 0, 0), ("U2", "b", 0, 0.001, 0), ("U3", "c", 0, 0.002, 0.001)],
    ],
    ids=["one point", "two", "in a line", "twenty PCNs in one house", "metres apart, no patients"],
)
def test_every_pcn_has_some_ground(rows: list[tuple]) -> None:
    frame = draw_footprints(make_points(rows))
    assert frame[FootprintFrame.pcn_code].tolist() == sorted({row[0] for row in rows})
    assert frame.is_valid.all()
    assert (frame.area > 0).all()
    assert overlap_share(frame) < 1e-9


def test_most_patients_have_a_shared_place() -> None:
    rows = [("U1", "a", 10, 0, 0), ("U2", "b", 90, 0, 0), ("U1", "c", 10, 9, 0), ("U3", "d", 10, 5, 5)]
    shapes = draw_footprints(make_points(rows)).set_index(FootprintFrame.pcn_code).geometry
    assert shapes["U2"].contains(shapely.Point(430_000, 430_000))
    assert shapes["U1"].distance(shapely.Point(430_000, 430_000)) > 2_000


def test_no_footprint_reaches_far_past_the_limit() -> None:
    shape = draw_footprints(make_points([("U1", "a", 10, 0, 0)]), max_radius_m=4_000.0).geometry.iloc[0]
    assert shape.hausdorff_distance(shapely.Point(430_000, 430_000)) < 4_500


def test_land_cuts_footprints_but_leaves_no_pcn_in_the_sea() -> None:
    coast = gpd.GeoDataFrame(geometry=[shapely.box(400_000, 400_000, 431_000, 460_000)], crs=CRS)
    rows = [("U1", "a", 10, 0, 0), ("U2", "b", 10, 4, 0)]
    shapes = draw_footprints(make_points(rows), land=coast).set_index(FootprintFrame.pcn_code).geometry
    assert shapes["U1"].bounds[2] <= 431_001
    assert 0 < shapes["U2"].area < 500_000
    assert shapes["U2"].distance(shapely.Point(434_000, 430_000)) < 1


def make_grid(size: int) -> gpd.GeoDataFrame:
    """LSOAs of one square kilometre: Ex0y0 has its middle at (430.5, 430.5)."""
    cells = [(x, y) for x in range(size) for y in range(size)]
    return gpd.GeoDataFrame(
        {OutlineFrame.area_code: pd.Series([f"Ex{x}y{y}" for x, y in cells], dtype="str")},
        geometry=[shapely.box(*(430_000 + 1_000 * np.array([x, y, x + 1, y + 1]))) for x, y in cells],
        crs=CRS,
    )


def test_lsoas_go_to_the_pcn_with_most_patients_and_none_goes_without() -> None:
    """U3 leads nowhere: it takes Ex0y1, where it has most patients; strays 60 km off are no part of U1."""
    rows = [("U1", f"Ex{x}y{y}", 100, x + 0.5, y + 0.5) for x in range(2) for y in range(4)]
    rows += [("U2", f"Ex{x}y{y}", 200, x + 0.5, y + 0.5) for x in range(1, 4) for y in range(4)]
    rows += [("U3", "Ex0y0", 5, 0.5, 0.5), ("U3", "Ex0y1", 30, 0.5, 1.5), ("U1", "Efar", 1, 60, 0)]
    far = gpd.GeoDataFrame(
        {OutlineFrame.area_code: ["Efar"]}, geometry=[shapely.box(490_000, 430_000, 491_000, 431_000)], crs=CRS
    )
    grid = pd.concat([make_grid(4), far])
    frame = draw_footprints(make_points(rows, "practice_lsoa"), lsoa_outlines=grid)
    areas = frame.set_index(FootprintFrame.pcn_code).area
    assert areas.to_dict() == pytest.approx({"U1": 3e6, "U2": 12e6, "U3": 1e6})
    assert frame.total_bounds[2] < 450_000
    assert overlap_share(frame) < 1e-9


def test_more_pcns_than_lsoas_is_refused() -> None:
    rows = [("U1", "Ex0y0", 10, 0.5, 0.5), ("U2", "Ex0y0", 20, 0.5, 0.5)]
    with pytest.raises(DataError, match="more PCNs than LSOA outlines"):
        draw_footprints(make_points(rows, "practice_lsoa"), lsoa_outlines=make_grid(1))


def squares(**corner_of: float) -> gpd.GeoDataFrame:
    """Areas of 2 × 2 km, their lower left corners so many kilometres east of (430, 430)."""
    shapes = [shapely.box(430_000 + 1_000 * x, 430_000, 432_000 + 1_000 * x, 432_000) for x in corner_of.values()]
    return gpd.GeoDataFrame({FootprintFrame.pcn_code: list(corner_of)}, geometry=shapes, crs=CRS)


NAMES = pd.Series({"U1": "One", "U2": "Two", "U3": "Three"})
HOMES = [
    ("U1", "a", 600, 1, 1), ("U1", "b", 400, 3, 1), ("U2", "a", 200, 1, 1), ("U2", "b", 300, 3, 1),
    ("U3", "a", 7, 1, 1), ("U3", "b", 8, 3, 1), ("U3", "c", 85, 90, 1), ("U2", "d", 0, 1, 1.5),
]  # fmt: skip


def test_whose_patients_live_in_an_area() -> None:
    """Of 807 who live in U1's, 207 are others'; the 7 of U3 are too few to be told of as a PCN."""
    f = FootprintResultFrame
    worth, notes = measure_footprints(squares(U1=0, U2=2, U3=50), make_points(HOMES, "practice_lsoa"), NAMES)
    told = worth.set_index(f.pcn_code)
    assert told[f.inside_share].to_dict() == {"U1": 0.6, "U2": 0.6, "U3": 0.0}
    assert told.loc[["U1", "U2"], f.others_share].tolist() == [round(207 / 807, 2), round(408 / 708, 2)]
    assert np.isnan(told.loc["U3", f.others_share]), "nobody lives there"
    assert told[f.others_pcns].to_dict() == {"U1": 1, "U2": 2, "U3": 0}
    assert told[f.area_km2].tolist() == [4.0, 4.0, 4.0]
    assert notes == (
        "The areas drawn for 3 PCNs follow from where their patients live and are indicative: 56% of patients live "
        "inside their own PCN's, and 41% of those who live inside one are other PCNs'.",
    )


def test_what_practices_cover_is_not_told_as_where_patients_live() -> None:
    f = FootprintResultFrame
    worth, notes = measure_footprints(squares(U1=0, U2=2, U3=50), make_points(HOMES), NAMES)
    assert worth[[f.inside_share, f.others_share]].isna().all(axis=None)
    assert worth[f.others_pcns].tolist() == [1, 2, 0] and worth[f.basis].eq("practice_postcode").all()
    assert len(notes) == 1 and "cannot be told" in notes[0]


def test_a_point_on_a_shared_edge_is_in_one_area() -> None:
    f = FootprintResultFrame
    points = make_points([("U1", "a", 10, 2, 1), ("U2", "b", 10, 2, 1)], "practice_lsoa")
    worth, _ = measure_footprints(squares(U2=2, U1=0), points, NAMES[:2])
    assert worth[f.inside_share].tolist() == [1.0, 0.0]
    assert worth[f.others_share].tolist()[0] == 0.5 and np.isnan(worth[f.others_share].tolist()[1])
