"""Addresses of practices: which line is the town, how its name is written, and what is never kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from geomap.errors import DataError
from geomap.load.addresses import case_name, load_towns
from geomap.load.registrations import load_practices
from geomap.schema import AccountingFrame, PracticeFrame, TownFrame

HEADINGS = [
    "Organisation Code", "Name", "National Grouping", "High Level Health Geography", "Address Line 1",
    "Address Line 2", "Address Line 3", "Address Line 4", "Address Line 5", "Postcode", "Open Date", "Close Date",
    "Status Code", "Organisation Sub-Type Code", "Commissioner", "Join Provider/Purchaser Date",
    "Left Provider/Purchaser Date", "Contact Telephone Number", "Null 1", "Null 2", "Null 3",
    "Amended Record Indicator", "Null 4", "Provider/Purchaser", "Null 5", "Prescribing Setting", "Null 6",
]  # fmt: skip
PHONE = "01632 960001"


def address(code: str, *lines: str, setting: str = "4") -> list[str]:
    row = [code, "A SURGERY", "Y63", "QHM", *lines, *[""] * (5 - len(lines)), "TS18 1HU", "19740401", "", "A", "B"]
    return [*row, "16C", "20200401", "", PHONE, "", "", "", "0", "", "16C", "", setting, ""]


def write(folder: Path, *rows: list[str], headings: bool = False) -> Path:
    path = folder / "epraccur.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(([HEADINGS] if headings else []) + list(rows))
    return path


def read(folder: Path, *lines: str) -> tuple[object, object]:
    """Town and part of it of one address, beside another that is sound."""
    frame = load_towns(write(folder, address("A81001", *lines), address("A81002", "X", "1 HIGH STREET", "LEEDS"))).frame
    frame = frame.set_index(TownFrame.practice_code)
    if "A81001" not in frame.index:
        return None, None
    town, part = frame.loc["A81001", [TownFrame.town, TownFrame.locality]]
    return town, None if pd.isna(part) else part


@pytest.mark.parametrize(
    ("lines", "town", "part"),
    [
        (("THE HEALTH CENTRE", "LAWSON STREET", "STOCKTON ON TEES", "CLEVELAND"), "Stockton on Tees", None),
        (("THE SURGERY", "270 CHASE SIDE", "SOUTHGATE", "LONDON"), "London", "Southgate"),
        (("38 MANOR ROAD", "DEAL", "KENT"), "Deal", None),
        (("CHURCH HILL SURGERY", "STATION RD, PULHAM MARKET", "DISS", "NORFOLK"), "Diss", "Pulham Market"),
        (("A", "65 CROSS LANE", "MARPLE, STOCKPORT", "CHESHIRE"), "Stockport", "Marple"),
        (("A", "12 HINDLEY STREET", "HINDLEY", "NR. WIGAN"), "Wigan", "Hindley"),
        (("A", "MAIN ROAD", "", "MALVERN WORCESTERSHIRE"), "Malvern", None),
        (("A", "RIDGEWAY", "STRATFORD UPON", "AVON", "WARWICKSHIRE"), "Stratford upon Avon", "Ridgeway"),
        (("A", "MIDDLE CHARE", "CHESTER-LE-STREET", "CO.DURHAM"), "Chester-le-Street", "Middle Chare"),
        (("A", "HINDHAYES LANE", "STREET", "SOMERSET"), "Street", None),
        (("A", "OAKLANDS HEALTH CENTRE", "FRONT STREET", "PRUDHOE"), "Prudhoe", None),
        (("A", "NARBOROUGH ROAD SOUTH", "LEICESTER", "LEICESTERSHIRE"), "Leicester", None),
        (("A", "UPLYME ROAD", "DORSET"), None, None),
        (("LEEDS", "", ""), None, None),
    ],
)
def test_the_town_is_the_last_line_that_is_no_county(tmp_path: Path, lines: tuple[str, ...], town, part) -> None:
    assert read(tmp_path, *lines) == (town, part)


@pytest.mark.parametrize(
    ("capitals", "written"),
    [
        ("STOKE ON TRENT", "Stoke on Trent"),
        ("WELLS-NEXT-THE-SEA", "Wells-next-the-Sea"),
        ("ASHTON-IN-MAKERFIELD", "Ashton-in-Makerfield"),
        ("THE LIZARD", "The Lizard"),
        ("BISHOP'S STORTFORD", "Bishop's Stortford"),
        ("OTTERY ST. MARY", "Ottery St. Mary"),
        ("ON", "On"),
    ],
)
def test_small_words_stay_small_inside_a_name(capitals: str, written: str) -> None:
    assert case_name(capitals) == written


def test_spellings_of_one_name_become_the_commonest(tmp_path: Path) -> None:
    rows = [address(f"A8100{n}", "X", "1 ROAD", town) for n, town in enumerate(
        ("STOKE-ON-TRENT", "STOKE ON TRENT", "STOKE ON TRENT", "ST. HELENS", "ST HELENS"))]  # fmt: skip
    towns = load_towns(write(tmp_path, *rows)).frame[TownFrame.town]
    assert towns.tolist() == ["Stoke on Trent"] * 3 + ["St Helens"] * 2


def test_with_and_without_headings_and_whatever_the_order_it_reads_the_same(tmp_path: Path) -> None:
    rows = [address("A81002", "X", "1 ROAD", "LEEDS"), address("A81001", "X", "PLAIN", "YORK")]
    bare = load_towns(write(tmp_path, *rows)).frame
    headed = load_towns(write(tmp_path, *rows[::-1], headings=True)).frame
    pd.testing.assert_frame_equal(bare.sort_values(TownFrame.practice_code, ignore_index=True), headed)


def test_every_row_is_accounted_for_and_no_telephone_number_is_kept(tmp_path: Path) -> None:
    rows = [
        address("A81001", "X", "1 ROAD", "LEEDS"), address("W91001", "X", "1 ROAD", "BARRY"),
        address("Y00001", "X", "1 ROAD", "YORK", setting="9"), address("A81002", "X", "UPLYME ROAD", "DORSET"),
        address("A81003", "X", "1 ROAD", "LEEDS"), address("A81003", "X", "1 ROAD", "YORK"),
    ]  # fmt: skip
    loaded = load_towns(write(tmp_path, *rows))
    told = loaded.accounting.groupby([AccountingFrame.status, AccountingFrame.reason])[AccountingFrame.rows].sum()
    assert told["used", ""] == 1 and told["not_used", "in Wales"] == 1 and told["not_used", "not a GP practice"] == 1
    assert told["not_used", "its address names no town"] == 1
    assert loaded.accounting[AccountingFrame.rows].sum() == len(rows)
    assert [fault.row for fault in loaded.faults] == [5, 6]
    everything = loaded.frame.to_csv() + loaded.accounting.to_csv() + repr(loaded.faults) + repr(loaded.notes)
    assert PHONE not in everything and "01632" not in everything


def test_another_report_is_refused(tmp_path: Path) -> None:
    rows = [address("1", "X", "1 ROAD", "LEEDS"), address("2", "X", "1 ROAD", "YORK")]
    with pytest.raises(DataError, match="another report"):
        load_towns(write(tmp_path, *rows))


def test_names_that_could_be_code_are_text(tmp_path: Path) -> None:
    town, _ = read(tmp_path, "X", "A STREET", "<script>alert(1)</script>")
    assert town is None or "<" in town
    assert read(tmp_path, "X", "A STREET", "{{ CONFIG }}")[0] == "{{ Config }}"


def test_the_real_file(real_data: Path) -> None:
    loaded = load_towns(real_data / "nhs_ods" / "epraccur.csv")
    frame = loaded.frame.set_index(TownFrame.practice_code)
    assert (len(frame), frame[TownFrame.town].nunique()) == (8_220, 1_276)
    assert frame[TownFrame.locality].notna().sum() == 3_843
    assert loaded.faults == ()
    assert loaded.accounting[AccountingFrame.rows].sum() == 15_971
    assert loaded.notes == ("8,220 addresses of GP practices name a town; 6 do not.",)
    # The town on line 3, 4 and 3; a town that is called Street; with its county after a comma; after "NR.".
    hand_read = {
        "A81001": "Stockton on Tees", "A84035": "Prudhoe", "A83009": "Chester-le-Street", "L85029": "Street",
        "P81100": "Clitheroe", "P92004": "Wigan", "P88021": "Stockport",
    }  # fmt: skip
    for code, town in hand_read.items():
        assert frame.loc[code, TownFrame.town] == town, code
    towns = frame[TownFrame.town]
    assert not towns.str.contains(r"\d|(?: Road| Street(?<!-Street))$", regex=True).any()
    assert {"London", "Stoke on Trent", "Newcastle upon Tyne", "Wells-next-the-Sea"} <= set(towns)
    practices = load_practices(real_data / "nhs_gp_registrations_2026-07" / "gp-reg-pat-prac-map.zip").frame
    codes = practices[PracticeFrame.practice_code]
    assert (len(codes), codes.isin(frame.index).sum()) == (6_139, 6_134)
