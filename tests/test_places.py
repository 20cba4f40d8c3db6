"""Places: practices without a postcode, patients who add up, and the footprints of the whole nation."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.errors import DataError
from geomap.load.boundaries import load_lsoa_points, load_outlines
from geomap.load.postcodes import load_postcodes
from geomap.load.registrations import load_list_sizes, load_practices
from geomap.places import draw_footprints, estimate_population_points, place_practices
from geomap.schema import (
    FootprintFrame,
    ListSizeFrame,
    LsoaListFrame,
    LsoaPointFrame,
    OutlineFrame,
    PopulationPointFrame,
    PostcodeFrame,
    PracticeFrame,
    PracticePlaceFrame,
)
from geomap.schema.words import CRS

PCN, POINT, PATIENTS = PopulationPointFrame.pcn_code, PopulationPointFrame.point_id, PopulationPointFrame.patients
BASIS = PopulationPointFrame.basis

# Two PCNs of one sub-ICB and a practice in none, on a line west to east; patients in two age bands.
#
#   practice  pcn   postcode  easting  patients
#   A00001    U1    AA1 1AA   430,000       300
#   A00002    U1    AA1 1AB   431,000       100
#   A00003    U1    unknown                  50   → U1's centre: (430,000·300 + 431,000·100) / 400 = 430,250
#   A00004    U2    unknown                  20   → no placed practice in U2, so the sub-ICB's:
#                                                    (430,000·300 + 431,000·100 + 434,000·100) / 500 = 431,000
#   A00005    none  AA1 1AC   434,000       100
WORLD = (
    ("A00001", "U1", "AA1 1AA", 300), ("A00002", "U1", "aa1\u00a01ab", 100), ("A00003", "U1", "ZZ9 9ZZ", 50),
    ("A00004", "U2", "ZZ9 9ZZ", 20), ("A00005", None, "AA1 1AC", 100),
)  # fmt: skip
POSTCODES = pd.DataFrame(
    {
        PostcodeFrame.postcode: ["AA11AA", "AA11AB", "AA11AC"],
        PostcodeFrame.easting: [430_000.0, 431_000.0, 434_000.0],
        PostcodeFrame.northing: [430_000.0] * 3,
        PostcodeFrame.lad_code: ["E08000035"] * 3,
    }
)


def make_practices(rows=WORLD) -> pd.DataFrame:
    columns = list(PracticeFrame.to_schema().columns)
    frame = pd.DataFrame("X", index=range(len(rows)), columns=columns, dtype="str")
    for column, cells in zip(
        (PracticeFrame.practice_code, PracticeFrame.pcn_code, PracticeFrame.postcode),
        ([row[i] for row in rows] for i in range(3)), strict=True,
    ):  # fmt: skip
        frame[column] = pd.Series(cells, dtype="str")
    return frame


def make_sizes(rows=WORLD) -> pd.DataFrame:
    """Each list in two bands, so that only their sum is right."""
    bands = [(row[0], age, row[3] - 10 if age == 0 else 10) for row in rows for age in (0, 5)]
    columns = (ListSizeFrame.practice_code, ListSizeFrame.age_from, ListSizeFrame.patients)
    frame = pd.DataFrame(bands, columns=columns)
    frame[ListSizeFrame.age_to] = frame[ListSizeFrame.age_from] + 4
    return frame


def test_practices_without_a_postcode_stand_among_their_neighbours() -> None:
    places, notes = place_practices(make_practices(), make_sizes(), POSTCODES)
    places = places.set_index(PracticePlaceFrame.practice_code)
    assert places.geometry.x.tolist() == [430_000, 431_000, 430_250, 431_000, 434_000]
    assert places[BASIS].tolist() == [
        "practice_postcode", "practice_postcode", "practice_neighbour", "practice_neighbour", "practice_postcode",
    ]  # fmt: skip
    assert len(notes) == 2
    assert "A00003, 50 patients): its postcode 'ZZ9 9ZZ' is not known" in notes[0]


def test_practices_that_cannot_be_placed_at_all_are_all_named() -> None:
    with pytest.raises(DataError) as caught:
        place_practices(make_practices(), make_sizes(), POSTCODES.iloc[:0])
    assert [fault.row_id for fault in caught.value.faults] == [row[0] for row in WORLD]


def test_points_are_practices_where_homes_are_not_known() -> None:
    practices, sizes = make_practices(), make_sizes()
    places, _ = place_practices(practices, sizes, POSTCODES)
    points, notes = estimate_population_points(practices, sizes, places)
    assert points[POINT].tolist() == ["A00001", "A00002", "A00003", "A00004"]
    assert points[PATIENTS].tolist() == [300, 100, 50, 20]
    assert notes == ("1 practices in no PCN, with 100 patients, are left out.",)


def make_lsoas(rows: list[tuple[str, str, int]], known: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    lists = pd.DataFrame(
        rows, columns=[LsoaListFrame.practice_code, LsoaListFrame.lsoa_code, LsoaListFrame.patients]
    ).astype({LsoaListFrame.practice_code: "str", LsoaListFrame.lsoa_code: "str", LsoaListFrame.patients: "int64"})
    points = pd.DataFrame(
        {
            LsoaPointFrame.lsoa_code: pd.Series(known, dtype="str"),
            LsoaPointFrame.easting: 430_000.0 + 500 * np.arange(len(known)),
            LsoaPointFrame.northing: 430_000.0,
        }
    )
    return {"lsoa_lists": lists, "lsoa_points": points}


def test_lists_are_shared_over_lsoas_in_whole_people() -> None:
    """
    A00001 has 300 on its list and 30 in the LSOA file, ten times fewer: 10, 15 and 5 become 100, 150 and 50, and
    the 50 of the closed code stay at the practice. A00002 has 100 and 3 equal thirds: 34 + 33 + 33, the odd one to
    the first code. A00003 and A00004 have no rows.
    """
    rows = [("A00001", "E01", 10), ("A00001", "E02", 15), ("A00001", "CLOSED", 5),
            ("A00002", "E02", 1), ("A00002", "E03", 1), ("A00002", "E01", 1), ("A00005", "E01", 9)]  # fmt: skip
    practices, sizes = make_practices(), make_sizes()
    places, _ = place_practices(practices, sizes, POSTCODES)
    points, notes = estimate_population_points(practices, sizes, places, **make_lsoas(rows, ("E01", "E02", "E03")))
    table = points.set_index([PCN, POINT])
    assert table[PATIENTS].to_dict() == {
        ("U1", "A00001"): 50, ("U1", "A00003"): 50, ("U1", "E01"): 134, ("U1", "E02"): 183, ("U1", "E03"): 33,
        ("U2", "A00004"): 20,
    }  # fmt: skip
    assert table.loc[("U1", "E02"), BASIS] == "practice_lsoa"
    assert table.loc[("U1", "A00001"), BASIS] == "practice_postcode"
    assert "2 of 4 practices; 50 of their patients (12.5%)" in notes[1]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([row[0] for row in WORLD]), st.sampled_from(["E01", "E02", "E03", "CLOSED", "W01"]),
                  st.integers(0, 5_000)),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_patients_of_a_pcn_are_conserved_whatever_the_lsoa_file_says(rows, random) -> None:
    practices, sizes = make_practices(), make_sizes()
    places, _ = place_practices(practices, sizes, POSTCODES)
    points, _ = estimate_population_points(practices, sizes, places, **make_lsoas(rows, ("E01", "E02", "E03")))
    assert points.groupby(PCN)[PATIENTS].sum().to_dict() == {"U1": 450, "U2": 20}
    assert not points.duplicated([PCN, POINT]).any()
    random.shuffle(rows)
    again, _ = estimate_population_points(
        practices[::-1], sizes[::-1], places[::-1], **make_lsoas(rows, ("E01", "E02", "E03"))
    )
    pd.testing.assert_frame_equal(pd.DataFrame(points), pd.DataFrame(again))


def overlap_share(frame: gpd.GeoDataFrame) -> float:
    return frame.area.sum() / frame.union_all().area - 1


@pytest.fixture(scope="module")
def nation(real_data: Path) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    folder = real_data / "nhs_gp_registrations_2026-07"
    practices = load_practices(folder / "gp-reg-pat-prac-map.zip").frame
    sizes = load_list_sizes(folder / "gp-reg-pat-prac-quin-age.zip").frame
    code_point = real_data / "os_codepoint_open_2025-05" / "codepo_gb.zip"
    postcodes = load_postcodes(code_point, practices[PracticeFrame.postcode]).frame
    places, notes = place_practices(practices, sizes, postcodes)
    assert notes == ()  # the four that Code-Point Open lacks are terminated, and the package has them
    return practices, sizes, places


def test_the_nation_adds_up(nation: tuple) -> None:
    points, notes = estimate_population_points(*nation)
    assert points[PATIENTS].sum() == 63_216_178
    assert points[PCN].nunique() == 1_298
    assert "U" not in set(points[PCN])
    assert len(points) == 6_087
    assert notes == ("52 practices in no PCN, with 220,330 patients, are left out.",)


@pytest.mark.national
@pytest.mark.parametrize("bounded", [True, False], ids=["within England", "no land given"])
def test_national_footprints_are_whole_light_and_apart(real_data: Path, nation: tuple, bounded: bool) -> None:
    points, _ = estimate_population_points(*nation)
    land = load_outlines(real_data / "ons_boundaries" / "SICBL_2022_EN_BSC.geojson").frame if bounded else None
    frame = draw_footprints(points, land=land)
    assert len(frame) == 1_298
    assert frame.is_valid.all()
    assert (frame.area > 10_000).all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert overlap_share(frame) < 1e-6
    assert shapely.get_num_coordinates(frame.geometry.to_numpy()).sum() < 40_000
    if bounded:  # nearly all of England is some PCN's
        assert frame.union_all().intersection(land.union_all()).area > 0.99 * land.area.sum()


def test_row_order_does_not_change_footprints(nation: tuple) -> None:
    points, _ = estimate_population_points(*nation)
    some = points[points[PCN].isin(sorted(set(points[PCN]))[::25])]
    first, again = (draw_footprints(frame) for frame in (some, some.sample(frac=1, random_state=3)))
    assert first[FootprintFrame.pcn_code].equals(again[FootprintFrame.pcn_code])
    assert first.geometry.geom_equals(again.geometry).all()


def test_leeds_by_lsoa(real_data: Path, nation: tuple) -> None:
    """Patients of each Leeds LSOA at its nearest practice's PCN, as no LSOA registrations are at hand."""
    practices, sizes, places = nation
    folder = real_data / "ons_boundaries"
    outlines = load_outlines(folder / "LSOA21_BGC_E08000035.geojson").frame
    lsoas = load_lsoa_points(folder / "LSOA21_EN_representative_points.csv").frame
    lsoas = lsoas[lsoas[LsoaPointFrame.lsoa_code].isin(outlines[OutlineFrame.area_code])]
    spots = gpd.GeoSeries.from_xy(lsoas[LsoaPointFrame.easting], lsoas[LsoaPointFrame.northing], crs=CRS)
    practice, lsoa = places.sindex.nearest(spots, return_all=False)[::-1]
    lists = pd.DataFrame(
        {
            LsoaListFrame.practice_code: places[PracticePlaceFrame.practice_code].to_numpy()[practice],
            LsoaListFrame.lsoa_code: lsoas[LsoaPointFrame.lsoa_code].to_numpy()[lsoa],
            LsoaListFrame.patients: 1_500,
        }
    )
    points, _ = estimate_population_points(practices, sizes, places, lsoa_lists=lists, lsoa_points=lsoas)
    assert points[PATIENTS].sum() == 63_216_178
    local = points[points[BASIS] == "practice_lsoa"]
    frame = draw_footprints(local, lsoa_outlines=outlines)
    assert len(frame) == local[PCN].nunique()
    assert frame.is_valid.all()
    assert overlap_share(frame) < 1e-6
    assert frame.area.sum() == pytest.approx(outlines.area.sum(), rel=0.005)
