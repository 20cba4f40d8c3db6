"""Finding official files by name: the newest of several, each under its own name, and all that is missing at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from geomap.config import load_default
from geomap.errors import DataError
from geomap.load.find import find_sources

SOURCES = load_default("sources")
REQUIRED = {key: source["save_as"] for key, source in SOURCES.items() if source["required"]}


def fill(folder: Path, *names: str) -> Path:
    """Empty files; a name that ends in `/` is a folder."""
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder


def found_in(folder: Path, *names: str, source: str) -> str | None:
    """The path chosen for a source in a folder that also holds what is required."""
    fill(folder, *(name for key, name in REQUIRED.items() if key != source), *names)
    found, _ = find_sources(folder, {})
    return found[source].relative_to(folder).as_posix() if source in found else None


class TestNames:
    def test_every_source_is_found_under_the_name_geomap_says_to_save_it(self, tmp_path):
        fill(tmp_path, *(source["save_as"] for source in SOURCES.values()))
        found, faults = find_sources(tmp_path, {})
        assert {key: path.name for key, path in found.items()} == {k: s["save_as"] for k, s in SOURCES.items()}
        assert faults == []

    def test_capitals_and_sub_folders_do_not_matter(self, tmp_path):
        assert found_in(tmp_path, "a/b/prevalence_2425.CSV", source="qof") == "a/b/prevalence_2425.CSV"

    def test_a_zip_wins_over_what_was_unpacked_from_it(self, tmp_path):
        names = ("gp-reg-pat-prac-map.csv", "gp-reg-pat-prac-map.zip")
        assert found_in(tmp_path, *names, source="practice_map") == "gp-reg-pat-prac-map.zip"

    def test_a_folder_counts_where_one_is_wanted(self, tmp_path):
        name = "2026-01/activeplacescsvs/"
        assert found_in(tmp_path, name, source="active_places") == "2026-01/activeplacescsvs"

    def test_a_folder_is_not_taken_for_a_file(self, tmp_path):
        assert found_in(tmp_path, "PREVALENCE_2425.csv.d/", "QOF/", source="qof") is None

    def test_of_the_lists_by_lsoa_the_one_of_both_sexes(self, tmp_path):
        """NHS England's zip holds three; a planner who unpacks it has all three in the folder."""
        names = [f"gp-reg-pat-prac-lsoa-{sex}.csv" for sex in ("all", "female", "male")]
        assert found_in(tmp_path, *names, source="lsoa_lists") == "gp-reg-pat-prac-lsoa-all.csv"

    @pytest.mark.parametrize(
        "chosen",
        ["Integrated_Care_Boards_April_2026_EN_BGC.geojson", "Integrated_Care_Boards_April_2026_EN_BGC.shp",
         "Integrated_Care_Boards_April_2026_EN_BGC.gpkg", "Integrated_Care_Boards_April_2026_EN_BGC.zip"],
    )  # fmt: skip
    def test_of_a_boundary_the_file_that_can_be_drawn(self, tmp_path, chosen):
        """Beside a shapefile lie its .dbf, .prj and .xml; ONS also gives a table and KML under the same name."""
        stem = "Integrated_Care_Boards_April_2026_EN_BGC"
        beside = [f"{stem}/", *(f"{stem}.{end}" for end in ("csv", "dbf", "kml", "prj", "shp.xml", "shx", "cpg"))]
        assert found_in(tmp_path, *beside, chosen, source="boundaries") == chosen

    def test_what_a_mac_or_excel_leaves_beside_a_file_is_not_it(self, tmp_path):
        names = ("inactive_adults.csv", "z/._inactive_adults.csv", "z/~$inactive_adults.csv")
        assert found_in(tmp_path, *names, source="inactivity") == "inactive_adults.csv"


class TestNewest:
    @pytest.mark.parametrize(
        ("source", "older", "newer"),
        [
            ("qof", "PREVALENCE_2021_v2.csv", "PREVALENCE_2425.csv"),
            ("qof", "z/PREVALENCE_2021_v2.csv", "a/PREVALENCE_2122.csv"),
            ("qof", "z/PREVALENCE_2324.csv", "a/PREVALENCE_2425.csv"),
            ("qof", "z-2019-20/PREVALENCE_v1.csv", "a-2020-21/PREVALENCE_v1.csv"),
            ("practice_map", "2026-06/gp-reg-pat-prac-map.zip", "2026-07/gp-reg-pat-prac-map.zip"),
            ("practice_map", "gp-reg-pat-prac-map_2025-12.zip", "gp-reg-pat-prac-map_2026-01.zip"),
            ("practice_map", "z-2021/gp-reg-pat-prac-map.zip", "a-2026/gp-reg-pat-prac-map.zip"),
            ("practice_map", "gp-reg-pat-prac-map.zip", "gp-reg-pat-prac-map_V2.zip"),
            ("workforce", "PCNWFIndividualCSV.122025.zip", "PCNWFIndividualCSV.062026.zip"),
            ("workforce", "PCNWFIndividualCSV.032026.zip", "PCNWFIndividualCSV.062026.zip"),
            ("workforce", "1.Primary Care Networks - September 2025 Individual Level.csv",
             "1.Primary Care Networks - June 2026 Individual Level.csv"),
            ("workforce", "1.Primary Care Networks - March 2026 Individual Level.csv",
             "1.Primary Care Networks - June 2026 Individual Level.csv"),
            ("postcodes", "ONSPD_MAY_2025.zip", "ONSPD_AUG_2025.zip"),
            ("postcodes", "ONSPD_NOV_2025_UK.csv", "ONSPD_FEB_2026_UK.csv"),
            ("land", "LAD_DEC_2024_EN.geojson", "LAD_MAY_2025_EN.geojson"),
            ("boundaries", "ICB_APR_2023_EN_BGC.geojson", "ICB_APR_2026_EN_BGC.geojson"),
            ("lsoa_imd", "File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx",
             "File_1_IoD2025_Index_of_Multiple_Deprivation.xlsx"),
            ("active_places", "2024-07/activeplacescsvs/", "2026-01/activeplacescsvs/"),
        ],
    )  # fmt: skip
    def test_of_two_the_newer(self, tmp_path, source, older, newer):
        assert found_in(tmp_path, older, newer, source=source) == newer.rstrip("/")

    def test_the_name_of_the_file_says_more_than_that_of_its_folder(self, tmp_path):
        names = ("fetched-2026/PREVALENCE_2324.csv", "fetched-2025/PREVALENCE_2425.csv")
        assert found_in(tmp_path, *names, source="qof") == names[1]

    def test_numbers_that_are_no_date_do_not_count(self, tmp_path):
        names = ("LAD_20991231999.geojson", "LAD_2024.geojson", "LAD_2099999.geojson")
        assert found_in(tmp_path, *names, source="land") == "LAD_2024.geojson"


class TestFaults:
    def test_each_required_file_that_is_missing_is_one_fault(self, tmp_path):
        found, faults = find_sources(tmp_path, {})
        assert found == {}
        assert len(faults) == len(REQUIRED) == 2, "the map, the lists"
        for (key, save_as), fault in zip(REQUIRED.items(), faults, strict=True):
            assert fault.value == save_as
            assert SOURCES[key]["page"] in fault.remedy and save_as in fault.remedy
            assert SOURCES[key]["title"] in fault.problem and "no such file is in the folder" in fault.problem
            assert fault.source == str(tmp_path)

    def test_what_is_not_required_may_be_missing(self, tmp_path):
        found, faults = find_sources(fill(tmp_path, *REQUIRED.values()), {})
        assert set(found) == set(REQUIRED)
        assert faults == []

    def test_a_file_named_is_not_searched_for(self, tmp_path):
        fill(tmp_path, *REQUIRED.values(), "PREVALENCE_2425.csv", "mine/q.csv")
        found, faults = find_sources(tmp_path, {"qof": "mine/q.csv"})
        assert found["qof"] == tmp_path / "mine/q.csv"
        assert faults == []

    def test_a_file_named_by_its_full_path(self, tmp_path):
        elsewhere = fill(tmp_path / "other", "q.csv") / "q.csv"
        folder = fill(tmp_path / "official", *REQUIRED.values())
        assert find_sources(folder, {"qof": str(elsewhere)})[0]["qof"] == elsewhere

    def test_a_file_named_that_is_not_there_is_a_fault_even_where_another_would_do(self, tmp_path):
        fill(tmp_path, *REQUIRED.values(), "PREVALENCE_2425.csv")
        found, (fault,) = find_sources(tmp_path, {"qof": "q.csv"})
        assert "qof" not in found
        assert fault.value == "q.csv" and "the file named for it, q.csv, is not there" in fault.problem

    def test_a_name_left_empty_names_no_file(self, tmp_path):
        fill(tmp_path, *REQUIRED.values())
        found, (fault,) = find_sources(tmp_path, {"qof": ""})
        assert "qof" not in found
        assert "Quality and Outcomes Framework" in fault.problem

    def test_an_unknown_source(self, tmp_path):
        told = r"Unknown source under \[data.files\]: qoff. Known: practice_map, "
        with pytest.raises(DataError, match=told) as error:
            find_sources(tmp_path, {"qoff": "q.csv", "qof": "q.csv"})
        assert error.value.exit_code == 3

    @pytest.mark.parametrize("name", ["none", "file.csv"])
    def test_a_folder_that_is_none(self, tmp_path, name):
        (tmp_path / "file.csv").touch()
        with pytest.raises(DataError, match="the folder of official files is not there") as error:
            find_sources(tmp_path / name, {})
        (fault,) = error.value.faults
        assert "--data" in fault.remedy


def test_the_demo_has_all_that_is_required():
    found, faults = find_sources(Path(__file__).resolve().parents[1] / "data/demo/official", {})
    assert faults == []
    assert set(REQUIRED) <= set(found)


def test_real_files(real_data):
    found, faults = find_sources(real_data, {})
    assert faults == []
    assert {key: path.relative_to(real_data).as_posix() for key, path in found.items()} == {
        "practice_map": "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip",
        "list_sizes": "nhs_gp_registrations_2026-07/gp-reg-pat-prac-quin-age.zip",
        "qof": "nhs_qof_2024-25/PREVALENCE_2425.csv",
        "practice_imd": "fingertips_imd2025_practice/fingertips-imd-2025-gp-practice.csv",
        "lsoa_imd": "imd2025/File_1_IoD2025_Index_of_Multiple_Deprivation.xlsx",
        "workforce": "nhs_pcn_workforce_2026-06/PCNWFIndividualCSV.062026.zip",
        "pcn_records": "nhs_ods/ePCN.xlsx",
        "practice_addresses": "nhs_ods/epraccur.csv",
        "inactivity": "fingertips_local_authority/inactive_adults.csv",
        "postcodes": "os_codepoint_open_2025-05/codepo_gb.zip",
        "boundaries": "ons_boundaries/SICBL_2022_EN_BSC.geojson",
        "land": "ons_boundaries/LAD_EN_dissolved_from_LSOA21.geojson.zip",
        "lsoa_points": "ons_boundaries/LSOA21_EN_representative_points.csv",
        "active_places": "sport_england_active_places_2026-01/activeplacescsvs",
        "open_referral": "open_referral_uk_samples",
        "libraries": "libraries/libraries.csv",
        "roads": "osm_leeds_extract/its-example.osm.pbf",
    }
