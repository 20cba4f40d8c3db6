"""Active Places: both editions as published, and what makes a site a site."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from geomap.errors import DataError
from geomap.load import _site_names
from geomap.load._bank_places import in_england
from geomap.load.active_places import load_venues
from geomap.schema import AccountingFrame, VenueFrame
from geomap.schema.words import VENUE_TYPES

HEADING = "Site ID,Operational Status,Operator Name,Accessibility Type Group (Text),Easting,Northing,Latitude,Longitude"


def write(folder: Path, **files: list[str]) -> Path:
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text("\n".join((HEADING, *rows)) + "\n", encoding="utf-8")
    return folder


def rows_by_status(accounting: pd.DataFrame) -> dict[str, int]:
    return accounting.groupby(AccountingFrame.status)[AccountingFrame.rows].sum().to_dict()


def test_a_site_joins_its_facilities(tmp_path: Path) -> None:
    gyms = ["7,3,GLL,Public Access,430000,430000,,", "8,5,,Public Access,430000,430000,,"]
    pools = ["7,Operational,Greenwich Leisure Limited,Public Access,430000,430000,,"]
    studios = ["7,3,Another,Not Known,430000,430000,,", "9,3,,Private,430000,430000,,"]
    loaded = load_venues(write(tmp_path, studios=studios, healthandfitnessgym=gyms, swimmingpools=pools))
    assert loaded.frame[VenueFrame.site_id].tolist() == ["7"]
    site = loaded.frame.iloc[0]
    assert site[VenueFrame.venue_types] == "gym;pool;studio"
    assert site[VenueFrame.operator_name] == "Greenwich Leisure Limited"
    assert rows_by_status(loaded.accounting) == {"used": 3, "not_used": 2}
    assert "1 rows name the operator 'GLL'; it is read as 'Greenwich Leisure Limited'." in loaded.notes


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    rows = ["7,3,A,Public Access,430000,430000,,", "7,3,B,Public Access,430000,430000,,",
            "3,3,,Public Access,440000,430000,,"]  # fmt: skip
    (tmp_path / "there").mkdir()
    (tmp_path / "back").mkdir()
    there = load_venues(write(tmp_path / "there", sportshalls=rows))
    back = load_venues(write(tmp_path / "back", sportshalls=rows[::-1]))
    pd.testing.assert_frame_equal(there.frame, back.frame)


def test_degrees_serve_where_there_are_no_metres(tmp_path: Path) -> None:
    loaded = load_venues(write(tmp_path, studios=["1,3,,Public Access,,,51.50995,-0.09136442"]))
    site = loaded.frame.iloc[0]
    assert abs(site[VenueFrame.easting] - 532_548) < 5
    assert abs(site[VenueFrame.northing] - 180_729) < 5


def test_rows_without_a_place_in_england_are_faults(tmp_path: Path) -> None:
    rows = ["1,3,,Public Access,430000,430000,,", "2,3,,Public Access,0,0,,", "3,3,,Public Access,,,,",
            "4,3,,Public Access,106000,532000,,", ",3,,Public Access,430000,430000,,"]  # fmt: skip
    loaded = load_venues(write(tmp_path, studios=rows))
    assert loaded.frame[VenueFrame.site_id].tolist() == ["1"]
    assert sorted((fault.row, fault.column) for fault in loaded.faults) == [
        (3, "Easting, Northing"), (4, "Easting, Northing"), (5, "Easting, Northing"), (6, "Site ID"),
    ]  # fmt: skip
    assert rows_by_status(loaded.accounting) == {"used": 1, "rejected": 4}


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("Site ID,Contact Surname\n1,Doe\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"none of healthandfitnessgym\.csv"):
        load_venues(tmp_path)


def test_a_file_without_site_ids_is_refused(tmp_path: Path) -> None:
    (tmp_path / "studios.csv").write_text("Name,Easting\nA,430000\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column headed 'Site ID'"):
        load_venues(tmp_path)


PERSON = ["Dr", "Perséphone", "Featherstonehaugh", "persephone@example.org", "01632 960 001"]
"""What stands about a contact in the columns of sites.csv that are never read."""
SITES_HEADING = "Site ID,Site Alias,Title,Forename,Surname,Email,Telephone,Site Name,Car Park,Postcode"
ONE_GYM = ["7,3,GLL,Public Access,430000,430000,,", "8,3,,Public Access,440000,430000,,"]


def with_sites(folder: Path, *rows: str, encoding: str = "utf-8") -> Path:
    """Gyms at sites 7 and 8, and a sites.csv beside them."""
    write(folder, healthandfitnessgym=ONE_GYM)
    (folder / "sites.csv").write_text("\n".join((SITES_HEADING, *rows)) + "\n", encoding=encoding)
    return folder


def site_row(site_id: str, name: str, postcode: str) -> str:
    return ",".join([site_id, "", *PERSON, name, "Yes", postcode])


def test_names_and_postcodes_come_from_the_file_of_sites(tmp_path: Path) -> None:
    rows = (("7", "Seventh Hall", "ls1 3ad"), ("9", "Elsewhere", "LS1 4AP"), ("8", "", "LS14AP"))
    loaded = load_venues(with_sites(tmp_path, *(site_row(*row) for row in rows)))
    names = loaded.frame.set_index(VenueFrame.site_id)[[VenueFrame.site_name, VenueFrame.postcode]]
    assert names.loc["7"].tolist() == ["Seventh Hall", "LS1 3AD"]
    assert names[VenueFrame.site_name].isna().tolist() == [False, True]
    assert names.loc["8", VenueFrame.postcode] == "LS1 4AP"
    own = loaded.accounting[loaded.accounting[AccountingFrame.source] == "sites.csv"]
    assert rows_by_status(own) == {"used": 2, "not_used": 1}
    assert "Active Places here names 1 of its 2 sites; sites.csv of its download has all." in loaded.notes


def test_nothing_about_a_person_is_ever_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three columns of the eighty are asked of the reader, by name, and three are all that it hands on."""
    asked, handed = [], []

    def watch(file: Path, *, member: str, columns: tuple[str, ...]):
        asked.append(columns)
        handed.append(reader(file, member=member, columns=columns))
        return handed[-1]

    reader = _site_names.read_csv
    monkeypatch.setattr(_site_names, "read_csv", watch)
    loaded = load_venues(with_sites(tmp_path, site_row("7", "Seventh Hall", "LS1 3AD")))
    assert asked == [("Site ID", "Site Name", "Postcode")]
    assert [list(raw.frame) for raw in handed] == [["Site ID", "Site Name", "Postcode"]]
    told = [handed[0].frame, loaded.frame, loaded.accounting, loaded.repairs, loaded.notes, loaded.faults]
    assert "Seventh Hall" in str([frame.to_dict() for frame in told[:2]])
    everything = str([part.to_dict() if isinstance(part, pd.DataFrame) else part for part in told])
    assert not [word for word in PERSON if word in everything]


@pytest.mark.parametrize("damage", ["a cell too many", "an open quotation mark", "another encoding"])
def test_what_is_wrong_with_the_file_of_sites_never_repeats_a_person(tmp_path: Path, damage: str) -> None:
    row = site_row("7", "Seventh Hall", "LS1 3AD")
    spoilt = {"a cell too many": f"{row},{PERSON[2]}", "an open quotation mark": row.replace("Dr", '"Dr')}
    encoding = "cp1252" if damage == "another encoding" else "utf-8"
    loaded = load_venues(with_sites(tmp_path, spoilt.get(damage, row), site_row("8", "Eighth", ""), encoding=encoding))
    assert loaded.frame[VenueFrame.site_id].tolist() == ["7", "8"]
    assert loaded.frame[VenueFrame.site_name].notna().all() == (damage == "another encoding")
    told = [repair for repair in loaded.repairs if repair.source == "sites.csv"]
    assert len(told) == (damage == "another encoding")
    everything = str([loaded.frame.to_dict(), loaded.accounting.to_dict(), loaded.repairs, loaded.notes, loaded.faults])
    assert not [word for word in PERSON[1:] if word in everything]
    assert any("names of sites are not known" in note for note in loaded.notes) == (damage != "another encoding")


def test_of_several_names_the_one_told_most_often_is_kept_whatever_the_order(tmp_path: Path) -> None:
    rows = [site_row("7", name, "LS1 3AD") for name in ("Old Hall", "New Hall", "New Hall", "NA")]
    (tmp_path / "there").mkdir()
    (tmp_path / "back").mkdir()
    there = load_venues(with_sites(tmp_path / "there", *rows)).frame
    assert there[VenueFrame.site_name].tolist()[0] == "New Hall"
    pd.testing.assert_frame_equal(there, load_venues(with_sites(tmp_path / "back", *rows[::-1])).frame)


def test_a_table_of_names_laid_into_the_real_bundle(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "sport_england_active_places_2024-07"
    (tmp_path / "healthandfitnessgym.csv").symlink_to(folder / "activeplacescsvs" / "healthandfitnessgym.csv")
    (tmp_path / "site_names_volleyball_subset.csv").symlink_to(folder / "site_names_volleyball_subset.csv")
    loaded = load_venues(tmp_path)
    names = loaded.frame.set_index(VenueFrame.site_id)[VenueFrame.site_name]
    assert (len(names), int(names.notna().sum())) == (5_972, 1_556)
    assert names["1000009"] == "DAVID LLOYD (CHESHIRE OAKS)"
    own = loaded.accounting[loaded.accounting[AccountingFrame.source] == "site_names_volleyball_subset.csv"]
    assert sum(rows_by_status(own).values()) > 4_511


@pytest.mark.parametrize(
    ("edition", "sites", "used", "outdoor"),
    [("2024-07", 11_020, 25_764, 0), ("2026-01", 11_053, 25_896, 300)],
)
def test_both_editions_load_whole(real_data: Path, edition: str, sites: int, used: int, outdoor: int) -> None:
    folder = real_data / f"sport_england_active_places_{edition}" / "activeplacescsvs"
    loaded = load_venues(folder)
    frame = loaded.frame
    assert len(frame) == sites
    assert loaded.vintage.endswith(pd.Timestamp(edition).strftime("%B %Y"))
    assert loaded.faults == ()
    assert rows_by_status(loaded.accounting)["used"] == used
    assert in_england(frame[VenueFrame.easting], frame[VenueFrame.northing]).all()
    kinds = frame[VenueFrame.venue_types].str.split(";")
    assert all(found == [kind for kind in VENUE_TYPES if kind in found] for found in kinds)
    assert (kinds.explode() == "outdoor").sum() >= outdoor
    assert "GLL" not in set(frame[VenueFrame.operator_name].dropna())


def test_every_row_is_accounted_for_and_notes_with_line_breaks_count_once(real_data: Path) -> None:
    loaded = load_venues(real_data / "sport_england_active_places_2024-07" / "activeplacescsvs")
    rows = loaded.accounting.groupby(AccountingFrame.source)[AccountingFrame.rows].sum().to_dict()
    assert rows == {
        "healthandfitnessgym.csv": 10_219, "swimmingpools.csv": 6_484, "sportshalls.csv": 14_372, "studios.csv": 9_227,
    }  # fmt: skip


def test_the_2026_quirks_of_status(real_data: Path) -> None:
    """Halls say their status in words; studios have no status, and 2,078 of them a closing date."""
    loaded = load_venues(real_data / "sport_england_active_places_2026-01" / "activeplacescsvs")
    lines = loaded.accounting.set_index([AccountingFrame.source, AccountingFrame.reason])[AccountingFrame.rows]
    assert lines["sportshalls.csv", "not operating: closed"] == 2_878
    assert lines["sportshalls.csv", "not operating: temporarily closed"] == 27
    assert lines["studios.csv", "not operating: closed"] == 2_078
    assert any("studios.csv has no column 'Operational Status'" in note for note in loaded.notes)
    assert "289 rows name the operator 'GLL'; it is read as 'Greenwich Leisure Limited'." in loaded.notes


def test_the_zip_gives_the_same_as_the_folder(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "sport_england_active_places_2026-01" / "activeplacescsvs"
    path = tmp_path / "activeplacescsvs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("healthandfitnessgym.csv", "swimmingpools.csv", "information.txt"):
            archive.write(folder / name, f"activeplacescsvs/{name}")
    loaded = load_venues(path)
    assert loaded.vintage == "13 January 2026"
    assert "Active Places has no sportshalls.csv, studios.csv here." in loaded.notes
    assert set(loaded.frame[VenueFrame.site_id]) < set(load_venues(folder).frame[VenueFrame.site_id])


def test_the_trafford_layout_with_longitude_and_latitude(real_data: Path) -> None:
    loaded = load_venues(real_data / "sport_england_active_places_trafford_2025-09")
    frame = loaded.frame
    assert len(frame) == 28
    assert frame[VenueFrame.easting].between(370_000, 385_000).all()
    assert frame[VenueFrame.site_name].notna().all() and frame[VenueFrame.postcode].notna().all()
    assert frame[VenueFrame.site_name][0] == "David Lloyd (Manchester Trafford City)"
    assert rows_by_status(loaded.accounting) == {"used": 39, "not_used": 10}
