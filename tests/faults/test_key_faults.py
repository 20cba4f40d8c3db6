"""Keys: what joins one file to another is mended only with a line, never guessed, and what does not join is counted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bank_tables import CONTEXT, changed, write_folder
from official_files import IMD_HEADINGS, OFFICIAL, Official, count_rows

from geomap.demand import build_ages
from geomap.errors import DataError
from geomap.load._text import census_of_lsoas
from geomap.load._vintages import compare_districts, compare_tables, tell_closed_links
from geomap.load.bank import load_bank
from geomap.load.boundaries import load_lsoa_points
from geomap.load.deprivation import load_lsoa_deprivation
from geomap.load.inactivity import load_inactivity
from geomap.load.ods import load_pcn_records
from geomap.load.postcodes import load_postcodes
from geomap.load.qof import load_registers
from geomap.load.registrations import load_practices
from geomap.load.workforce import load_workforce
from geomap.places import place_practices
from geomap.schema import (
    FacilityFrame,
    InactivityFrame,
    LinkFrame,
    ListSizeFrame,
    LsoaDeprivationFrame,
    LsoaListFrame,
    PledgeFrame,
    PostcodeFrame,
    PracticeFrame,
)
from geomap.validate import hold_total

HOURS = 82.5
EVERY = pytest.mark.parametrize("official", OFFICIAL.values(), ids=OFFICIAL)


def first_key(official: Official) -> str:
    return official.rows[1][official.rows[0].index(official.key)]


@EVERY
def test_fault_key_case_spaces_and_no_break_spaces_in_official_files_are_mended(
    tmp_path: Path, official: Official
) -> None:
    key = first_key(official)
    sound = official.load(official.write(tmp_path))
    for text in (key.lower(), f" {key} ", f"{key[:3]}\u00a0{key[3:]}", f"{key}\u200b"):
        loaded = official.load(official.write(tmp_path, official.changed(2, key=text)))
        if official.name == "healthandfitnessgym.csv" and text.strip() not in (key, key.lower()):
            assert [fault.value for fault in loaded.faults] == [text]
            continue
        assert loaded.faults == () and loaded.frame.equals(sound.frame), repr(text)
        if key.isdigit():
            continue
        (repair,) = loaded.repairs
        assert (repair.row, repair.value, repair.taken) == (2, text, key)
        assert "spaces or small letters" in repair.reason


@EVERY
@pytest.mark.parametrize(
    ("of", "to", "told"), [("1", "１", "full-width"), ("AEU", "АЕՍ", ""), ("AEU", "ΑΕΥ", "")], ids=["wide", "А", "Α"]
)
def test_fault_key_look_alikes_in_official_files_are_told_and_never_mended(
    tmp_path: Path, official: Official, of: str, to: str, told: str
) -> None:
    key = first_key(official)
    text = key[:-1].translate(str.maketrans(of, to)) + key[-1] if told == "" else key[:-1] + to
    if text == key:
        text = f"{key[:-1]}О"
    sound = official.load(official.write(tmp_path))
    loaded = official.load(official.write(tmp_path, official.changed(2, key=text)))
    assert count_rows(loaded) == len(official.rows) - 1
    assert len(loaded.frame) < len(sound.frame) and loaded.repairs == ()
    if official.name == "individual level.csv":
        assert "rows of link workers have no PCN code" in loaded.faults[0].problem, "no line points at a person"
        return
    (fault, *_) = loaded.faults
    assert (fault.row, fault.value) == (2, text)
    assert f"the letter {next(c for c in text if not c.isascii())} in it is" in fault.problem


@pytest.mark.parametrize("name", ["list_sizes", "lsoa_imd", "lsoa_points", "inactivity", "active_places", "workforce"])
def test_fault_key_letter_o_for_a_nought_is_told(tmp_path: Path, name: str) -> None:
    official = OFFICIAL[name]
    key = first_key(official)
    loaded = official.load(official.write(tmp_path, official.changed(2, key=f"{key[:-2]}O{key[-1]}")))
    assert loaded.faults and count_rows(loaded) == len(official.rows) - 1


def test_fault_key_letter_o_for_a_nought_in_a_practice_is_told_with_what_it_looks_like(tmp_path: Path) -> None:
    practices = load_practices(OFFICIAL["practice_map"].write(tmp_path)).frame
    registers = load_registers(OFFICIAL["qof"].write(tmp_path, OFFICIAL["qof"].changed(2, key="A810O1"))).frame
    notes, stops = compare_tables({"practice_map": practices, "qof": registers}, {"qof": "PREVALENCE.csv"})
    assert "QOF registers: a code that may be a slip of the pen: A810O1 looks like A81001." in notes
    assert any("1 of the 3 practices of the practice map are not in the file, and 1 of the file's" in n for n in notes)
    assert stops == []


@pytest.mark.parametrize(
    ("text", "letter"), [("U1111О", ""), ("u1111O", "U1111O"), ("UI1111", "UI1111"), ("Ｕ11111", "Ｕ"), ("Ս11111", "Ս")]
)
def test_fault_key_look_alikes_in_the_bank_are_told_and_never_mended(tmp_path: Path, text: str, letter: str) -> None:
    bank = load_bank(write_folder(tmp_path / "bank", changed("links", 2, organisation_code=text)), CONTEXT)
    (fault,) = bank.faults
    assert (fault.source, fault.row, fault.value) == ("links.csv", 2, text)
    assert "no such organisation" in fault.problem and letter in fault.problem
    if not text.isascii():
        assert "the letter" in fault.problem and " in it is " in fault.problem
    assert len(bank.links) == 1 and bank.pledges[PledgeFrame.hours].sum() == HOURS


def test_fault_key_look_alike_of_a_known_code_is_asked_about(tmp_path: Path) -> None:
    bank = load_bank(write_folder(tmp_path / "bank", changed("links", 2, organisation_code="UІ1111")), CONTEXT)
    assert bank.faults[0].problem == "no such organisation: UІ1111 (the letter І in it is Cyrillic)"
    assert bank.faults[0].remedy.startswith("Did you mean U11111? ")


def test_fault_key_look_alike_facility_is_told_and_its_pledge_not_moved(tmp_path: Path) -> None:
    tables = changed("facilities", 2, facility_id="AB1")
    tables["pledges"] = changed("pledges", 2, facility_id="АВ1")["pledges"]
    bank = load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    (fault,) = bank.faults
    assert "the letter А in it is Cyrillic, the letter В in it is Cyrillic" in fault.problem
    assert fault.remedy.startswith("Did you mean AB1? ")
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40


def test_fault_key_look_alike_duplicate_does_not_double_a_pledge(tmp_path: Path) -> None:
    """`P1` and `Р1` with a Cyrillic letter were two pledges, and their hours counted twice."""
    tables = changed("pledges", 2)
    tables["pledges"].append(["Р1", *tables["pledges"][1][1:]])
    bank = load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    assert [fault.row for fault in bank.faults] == [2, 5]
    assert "the letter Р in it is Cyrillic" in bank.faults[0].problem
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40


def test_fault_key_case_spaces_and_no_break_spaces_in_the_bank_are_mended_with_a_line(tmp_path: Path) -> None:
    tables = changed("pledges", 2, facility_id=" f1\u00a0", icb_codes="q w\u00a0o")
    tables["links"] = changed("links", 2, organisation_code="u11\u00a0111 ")["links"]
    bank = load_bank(write_folder(tmp_path / "bank", tables), CONTEXT)
    assert bank.faults == () and bank.pledges[PledgeFrame.hours].sum() == HOURS
    told = {(repair.source, repair.column): repair.taken for repair in bank.repairs}
    assert told["pledges.csv", "facility_id"] == "F1"
    assert told["pledges.csv", "icb_codes"] == "QWO" and told["links.csv", "organisation_code"] == "U11111"


@EVERY
def test_fault_key_duplicates_in_official_files_count_once(tmp_path: Path, official: Official) -> None:
    loaded = official.load(official.write(tmp_path, [*official.rows, official.rows[1]]))
    assert count_rows(loaded) == len(official.rows)
    if official.name == "individual level.csv":
        assert count_rows(loaded, "used") == 4, "two people alike are two people: the census has many"
        return
    assert loaded.frame.equals(official.load(official.write(tmp_path)).frame)


@pytest.mark.parametrize("name", ["practice_map", "lsoa_lists", "qof", "practice_imd", "lsoa_imd", "inactivity"])
def test_fault_key_duplicates_that_differ_lose_both_and_are_told(tmp_path: Path, name: str) -> None:
    official = OFFICIAL[name]
    other = official.changed(2, **{"figure" if official.figure else "text": "9"})[1]
    loaded = official.load(official.write(tmp_path, [*official.rows, other]))
    assert [fault.row for fault in loaded.faults] == [2, 5]
    assert all("differ" in fault.problem for fault in loaded.faults)
    assert len(loaded.frame) == 2 and count_rows(loaded) == 4


def lsoas(count: int, first: int) -> pd.Series:
    return pd.Series([f"E010{first + n:05d}" for n in range(count)])


def test_fault_key_other_vintages_of_lsoas_are_told_by_their_codes() -> None:
    assert census_of_lsoas(lsoas(1_500, 1)) == 2011
    assert census_of_lsoas(pd.concat([lsoas(1_500, 1), lsoas(1, 33_769)])) == 2021
    assert census_of_lsoas(lsoas(999, 1)) == 0, "too few to say"


def test_fault_key_other_vintages_of_lsoas_under_a_wrong_heading_are_refused(tmp_path: Path) -> None:
    imd = OFFICIAL["lsoa_imd"]
    rows = [[heading.replace("2021", "2011") for heading in IMD_HEADINGS], ["E01033769", "A", "5", "1"], *imd.rows[1:]]
    with pytest.raises(DataError, match="the heading says LSOAs of 2011, but the codes are those of 2021"):
        load_lsoa_deprivation(imd.write(tmp_path, rows))
    points = OFFICIAL["lsoa_points"]
    rows = [["lsoa11cd", *points.rows[0][1:]], ["E01033769", "A", "430000", "434000"], *points.rows[1:]]
    with pytest.raises(DataError, match="the heading says LSOAs of 2011, but the codes are those of 2021"):
        load_lsoa_points(points.write(tmp_path, rows))


def test_fault_key_other_vintages_of_lsoa_points_are_not_called_2021(tmp_path: Path) -> None:
    """A heading in small letters was taken for one of 2021."""
    points = OFFICIAL["lsoa_points"]
    assert load_lsoa_points(points.write(tmp_path, [["lsoa11cd", "n", "x", "y"], *points.rows[1:]])).vintage == "2011"
    both = [["LSOA11CD", "LSOA21CD", "x", "y"], *([row[0], *row[:1], *row[2:]] for row in points.rows[1:])]
    assert load_lsoa_points(points.write(tmp_path, both)).vintage == "2021"


def lsoa_tables(lists: pd.Series, imd: pd.Series) -> dict[str, pd.DataFrame]:
    return {
        "practice_map": pd.DataFrame({PracticeFrame.practice_code: ["A81001"], PracticeFrame.pcn_code: ["U00001"]}),
        "lsoa_lists": pd.DataFrame({LsoaListFrame.lsoa_code: lists, LsoaListFrame.patients: 10}),
        "lsoa_imd": pd.DataFrame({LsoaDeprivationFrame.lsoa_code: imd}),
    }


def test_fault_key_other_vintages_of_lsoas_between_files_are_said_with_their_share() -> None:
    new = pd.concat([lsoas(1_880, 1), lsoas(120, 33_769)], ignore_index=True)
    names = {"lsoa_lists": "lists.csv", "lsoa_imd": "IMD2019.xlsx"}
    notes, stops = compare_tables(lsoa_tables(new, lsoas(2_000, 1)), names)
    assert stops == []
    assert notes == [
        "lists.csv has LSOAs of 2021 and IMD2019.xlsx of 2011: 6.0% of the patients live in areas whose codes the two "
        "do not share."
    ]


def test_fault_key_other_vintages_that_mostly_do_not_join_are_refused() -> None:
    names = {"lsoa_lists": "lists.csv", "lsoa_imd": "IMD.xlsx"}
    _, stops = compare_tables(lsoa_tables(lsoas(100, 1), lsoas(100, 60)), names)
    assert [fault.source for fault in stops] == ["IMD.xlsx"]
    assert stops[0].problem.startswith("it does not fit the other files: of the patients registered by LSOA 59%")


def test_fault_key_other_vintages_of_registers_are_counted(real_data: Path) -> None:
    """QOF of 2020-21 against the practices of July 2026: 32 of them are not in it, 464 of its own have gone."""
    practices = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip").frame
    qof = load_registers(real_data / "nhs_qof_2020-21/PREVALENCE_2021_v2.csv").frame
    notes, stops = compare_tables({"practice_map": practices, "qof": qof}, {"qof": "PREVALENCE_2021_v2.csv"})
    assert stops == []
    assert notes[-1].startswith(
        "QOF registers: 32 of the 6,139 practices of the practice map are not in the file, and 464 of the file's"
    )


def test_fault_key_other_vintages_of_practices_that_mostly_do_not_join_are_refused(tmp_path: Path) -> None:
    practices = load_practices(OFFICIAL["practice_map"].write(tmp_path)).frame
    qof = OFFICIAL["qof"]
    rows = [qof.rows[0], *([f"B8100{n}", *row[1:]] for n, row in enumerate(qof.rows[1:]))]
    tables = {"practice_map": practices, "qof": load_registers(qof.write(tmp_path, rows)).frame}
    _, (stop,) = compare_tables(tables, {"qof": "PREVALENCE_2425.csv"})
    assert stop.source == "PREVALENCE_2425.csv"
    assert "of the practices of the practice map 100% are missing" in stop.problem


def test_fault_key_other_vintages_of_pcns_are_told_with_their_link_workers(tmp_path: Path) -> None:
    workforce, records = OFFICIAL["workforce"], OFFICIAL["pcn_records"]
    closed = records.changed(3, **{"Close Date": "20250331"})
    tables = {
        "practice_map": load_practices(OFFICIAL["practice_map"].write(tmp_path)).frame,
        "workforce": load_workforce(workforce.write(tmp_path, workforce.changed(2, key="U99999"))).frame,
        "pcn_records": load_pcn_records(records.write(tmp_path, closed)).frame,
    }
    notes, stops = compare_tables(tables, {"workforce": "w.csv", "pcn_records": "epcn.csv"})
    assert stops == []
    assert any("closed or of another time: 0.50 FTE in U99999; they are counted nowhere" in note for note in notes)
    assert "PCNs of the practice map that the ODS records say have closed: U00002." in notes


def test_fault_key_closed_pcn_in_a_link_is_said(tmp_path: Path) -> None:
    official = OFFICIAL["pcn_records"]
    records = load_pcn_records(
        official.write(tmp_path, official.changed(2, **{"PCN Code": "U11111", "Close Date": "20250331"}))
    ).frame
    practices = load_practices(OFFICIAL["practice_map"].write(tmp_path)).frame
    links = pd.DataFrame({LinkFrame.organisation_code: ["U11111", "U11111", "U00001"]})
    (note,) = tell_closed_links(links, {"practice_map": practices, "pcn_records": records}, "links.csv")
    assert note.endswith("and tie nobody: 2; U11111 (closed 31 March 2025).")


def test_fault_key_other_vintages_of_icbs_in_a_limit_are_told(tmp_path: Path) -> None:
    """An ICB that was merged is no code of today's map; no successor is guessed."""
    bank = load_bank(write_folder(tmp_path / "bank", changed("pledges", 2, icb_codes="QHM")), CONTEXT)
    (fault,) = bank.faults
    assert fault.problem == "no such organisation: QHM" and "in the practice map of this run" in fault.remedy
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 40


def test_fault_key_other_vintages_of_districts_are_counted_and_named() -> None:
    inactivity = pd.DataFrame({InactivityFrame.lad_code: ["E06000001"], InactivityFrame.inactive_share: [0.2]})
    lads = pd.DataFrame({PostcodeFrame.lad_code: ["E06000001", "E06000065", "E06000065", None]})
    (note,) = compare_districts(inactivity, lads)
    assert note.startswith("Inactivity: 1 local authorities, with 2 practices, have no figure in the file: E06000065.")


def test_fault_key_other_vintage_of_sheffield_still_has_its_figure(tmp_path: Path) -> None:
    """ONS gave Barnsley and Sheffield new codes in 2025; the figures are still published under the old ones."""
    official = OFFICIAL["inactivity"]
    loaded = load_inactivity(official.write(tmp_path, official.changed(2, key="E08000019")))
    shares = loaded.frame.set_index(InactivityFrame.lad_code)[InactivityFrame.inactive_share]
    assert shares["E08000039"] == shares["E08000019"] == pytest.approx(0.215)
    assert any("Sheffield had other codes before April 2025" in note for note in loaded.notes)
    assert count_rows(loaded) == 3


@pytest.mark.parametrize(("postcode", "problem"), [
    ("LS1", "not a whole postcode"), ("LS1 3", "not a whole postcode"), ("LS1 9ZZ", "no such postcode"),
    ("L51 3AD", "no such postcode"), ("LЅ1 3AD", "the letter Ѕ in it is Cyrillic"), ("LS1 3A０", "full-width"),
    ("CF10 1AA", "not in England"), ("postcode", "not a whole postcode"),
])  # fmt: skip
def test_fault_key_old_or_partial_postcodes_are_told(tmp_path: Path, postcode: str, problem: str) -> None:
    bank = load_bank(write_folder(tmp_path / "bank", changed("facilities", 3, postcode=postcode)), CONTEXT)
    fault = bank.faults[0]
    assert (fault.source, fault.row, fault.row_id) == ("facilities.csv", 3, "F2") and problem in fault.problem
    assert bank.pledges[PledgeFrame.hours].sum() == HOURS - 30


@pytest.mark.parametrize("postcode", ["ls13ad", " LS1  3AD", "LS1\u00a03AD", "L S 1 3 A D"])
def test_fault_key_postcodes_in_other_spellings_find_their_place(tmp_path: Path, postcode: str) -> None:
    bank = load_bank(write_folder(tmp_path / "bank", changed("facilities", 3, postcode=postcode)), CONTEXT)
    assert bank.faults == () and bank.facilities[FacilityFrame.postcode].tolist()[1] == "LS13AD"


def test_fault_key_old_postcodes_are_still_placed() -> None:
    """OX11 7JH was terminated long ago; a list that still has it is not lost."""
    assert load_postcodes(None, ["OX11 7JH"]).frame[PostcodeFrame.postcode].tolist() == ["OX117JH"]


def practices_at(*postcodes: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    official = OFFICIAL["practice_map"]
    codes = official.rows[0].index("PRACTICE_CODE"), official.rows[0].index("PRACTICE_POSTCODE")
    rows = []
    for number, postcode in enumerate(postcodes):
        row = list(official.rows[1])
        row[codes[0]], row[codes[1]] = f"A8100{number}", postcode
        rows.append(row)
    names = [row[codes[0]] for row in rows]
    sizes = pd.DataFrame({ListSizeFrame.practice_code: names, ListSizeFrame.patients: 1_000})
    return rows, sizes


@pytest.mark.parametrize(
    ("lad", "place", "said"),
    [("W06000015", (318_400, 176_200), "'CF10 1AA' is not in England"),
     ("E06000052", (147_000, 30_200), "lies 493 km from the middle of its sub-ICB's practices"),
     (None, None, "'CF10 1AA' is not known")],
)  # fmt: skip
def test_fault_key_postcode_of_a_practice_in_another_nation_or_far_away_is_told(
    tmp_path: Path, lad: str | None, place: tuple[int, int] | None, said: str
) -> None:
    rows, sizes = practices_at("LS1 4AP", "LS1 4AP", "LS1 4AP", "CF10 1AA")
    official = OFFICIAL["practice_map"]
    practices = load_practices(official.write(tmp_path, [official.rows[0], *rows])).frame
    found = [("LS14AP", 430_000.0, 434_000.0, "E08000035"), *([("CF101AA", *map(float, place), lad)] if place else [])]
    columns = [PostcodeFrame.postcode, PostcodeFrame.easting, PostcodeFrame.northing, PostcodeFrame.lad_code]
    postcodes = pd.DataFrame(found, columns=columns).astype({PostcodeFrame.lad_code: "str"})
    spots, (note,) = place_practices(practices, sizes, postcodes)
    assert said in note and len(spots) == 4
    assert (spots.geometry.iloc[3] == spots.geometry.iloc[0]) == (lad != "E06000052")


def test_fault_key_twice_in_a_join_stops_the_run(tmp_path: Path) -> None:
    """A practice that stands twice in the map would have its patients counted twice."""
    practices = load_practices(OFFICIAL["practice_map"].write(tmp_path)).frame
    lists = OFFICIAL["list_sizes"].load(OFFICIAL["list_sizes"].write(tmp_path)).frame
    assert build_ages(practices, lists)[ListSizeFrame.patients].sum() == 90
    with pytest.raises(ValueError, match="many-to-one|unique"):
        build_ages(pd.concat([practices, practices.head(1)]), lists)


def test_fault_key_total_that_changes_stops_the_run() -> None:
    hold_total("patients", 1_000_000.0, 1_000_000.5)
    for came_out in (990_000.0, 1_000_002.0, float("nan")):
        with pytest.raises(DataError, match="The total of patients changed from .* rows were lost or doubled"):
            hold_total("patients", 1_000_000.0, came_out)
