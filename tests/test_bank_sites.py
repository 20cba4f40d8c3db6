"""Pledges at a site of Active Places: no row of facilities, no postcode; and what is said where that cannot be."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from bank_tables import CONTEXT, TABLES, assert_same, changed, write_book, write_folder
from small_worlds import make_frame, pathway

from geomap.config import MatchParams, PeriodParams, default_pathways
from geomap.errors import Fault
from geomap.load.active_places import load_venues
from geomap.load.bank import Bank, BankContext, load_bank
from geomap.offers import link_offers
from geomap.schema import AccountingFrame, FacilityFrame, OfferFrame, PathwayFrame, PledgeFrame, VenueFrame

F, P = FacilityFrame, PledgeFrame
VENUES = pd.DataFrame(
    {
        VenueFrame.site_id: ["1000012", "1000013"],
        VenueFrame.site_name: ["Known Leisure Centre", None],
        VenueFrame.venue_types: ["gym;pool;studio", "hall"],
        VenueFrame.operator_name: ["Anyone", None],
        VenueFrame.postcode: ["LS1 3AD", None],
        VenueFrame.easting: [500572.0, 430144.0],
        VenueFrame.northing: [157270.0, 433483.0],
    }
).astype({VenueFrame.site_name: "str", VenueFrame.operator_name: "str", VenueFrame.postcode: "str"})
SITES = dataclasses.replace(CONTEXT, venues=VENUES)
ROW = 4
"""The row of pledge P3, of operator OP2 and at no facility."""


def read(folder: Path, tables: dict[str, list[list[str]]], context: BankContext = SITES) -> Bank:
    return load_bank(write_folder(folder, tables), context)


def only_fault(bank: Bank) -> Fault:
    (fault,) = bank.faults
    assert fault.source == "pledges.csv" and fault.row == ROW
    assert "P3" not in set(bank.pledges[P.pledge_id])
    return fault


def test_a_pledge_that_names_a_site_needs_no_facility_and_no_postcode(tmp_path: Path) -> None:
    bank = read(tmp_path, changed("pledges", ROW, site_id="1000012", delivery=""))
    assert bank.faults == ()
    made = bank.facilities.set_index(F.facility_id).loc["AP-1000012"]
    assert (made[F.operator_id], made[F.facility_name]) == ("OP2", "Known Leisure Centre")
    assert (made[F.venue_type], made[F.other_venue_types]) == ("gym", "pool;studio")
    assert (made[F.postcode], made[F.location_basis]) == ("LS13AD", "site_id")
    assert (made.geometry.x, made.geometry.y) == (500572.0, 157270.0)
    pledged = bank.pledges.set_index(P.pledge_id).loc["P3"]
    assert (pledged[P.facility_id], pledged[P.operator_id], pledged[P.delivery]) == ("AP-1000012", "OP2", "on_site")
    assert any("one was made from the site of Active Places" in note and "P3, '1000012'" in note for note in bank.notes)


def test_rows_are_accounted_for_as_they_were_sent(tmp_path: Path) -> None:
    """The facility that is made is no row of anybody's file."""
    bank = read(tmp_path, changed("pledges", ROW, site_id="1000012"))
    rows = bank.rows.groupby(AccountingFrame.source)[AccountingFrame.rows].sum().to_dict()
    assert rows == {"operators.csv": 2, "facilities.csv": 2, "pledges.csv": 3, "links.csv": 2}
    assert len(bank.facilities) == 3 and bank.accounting.empty


def test_a_site_is_no_repair_and_a_strict_run_takes_it(tmp_path: Path) -> None:
    plain = read(tmp_path / "plain", TABLES)
    named = read(tmp_path / "named", changed("pledges", ROW, site_id="1000012"))
    assert [repair.column for repair in named.repairs] == [repair.column for repair in plain.repairs]


def test_facilities_may_have_no_row_at_all(tmp_path: Path) -> None:
    tables = changed("pledges", ROW, site_id="1000013")
    tables["facilities"] = tables["facilities"][:1]
    tables["links"] = [line for line in tables["links"] if line[1] != "F2"]
    tables["pledges"] = [tables["pledges"][0], tables["pledges"][ROW - 1]]
    bank = read(tmp_path, tables)
    assert bank.faults == ()
    (made,) = bank.facilities.to_dict("records")
    assert (made[F.facility_id], made[F.facility_name]) == ("AP-1000013", "Active Places site 1000013")
    assert made[F.venue_type] == "hall" and pd.isna(made[F.other_venue_types]) and pd.isna(made[F.postcode])


def test_a_workbook_gives_the_same(tmp_path: Path) -> None:
    tables = changed("pledges", ROW, site_id="1000012")
    assert_same(read(tmp_path / "folder", tables), load_bank(write_book(tmp_path / "bank.xlsx", tables), SITES))


def test_the_row_of_facilities_that_names_the_same_site_is_taken(tmp_path: Path) -> None:
    tables = changed("facilities", 3, easting="", northing="", postcode="", site_id="1000012")
    sites = changed("pledges", ROW, site_id="1000012")["pledges"]
    bank = read(tmp_path, tables | {"pledges": sites})
    assert bank.faults == () and len(bank.facilities) == 2
    assert bank.pledges.set_index(P.pledge_id).loc["P3", P.facility_id] == "F2"


def test_two_operators_at_one_site_have_a_facility_each(tmp_path: Path) -> None:
    tables = changed("pledges", ROW, site_id="1000012")
    other = dict(zip(tables["pledges"][0], tables["pledges"][ROW - 1], strict=True)) | {
        "pledge_id": "P4", "operator_id": "OP1",
    }  # fmt: skip
    tables["pledges"].append([other[column] for column in tables["pledges"][0]])
    bank = read(tmp_path, tables)
    made = bank.facilities[bank.facilities[F.location_basis] == "site_id"]
    assert made[F.facility_id].tolist() == ["AP-1000012-OP1", "AP-1000012-OP2"]
    assert made[F.operator_id].tolist() == ["OP1", "OP2"]
    there = tables | {"pledges": [tables["pledges"][0], *tables["pledges"][:0:-1]]}
    assert_same(bank, read(tmp_path / "back", there))


def test_a_rejected_pledge_makes_no_facility(tmp_path: Path) -> None:
    bank = read(tmp_path, changed("pledges", ROW, site_id="1000012", hours="about 40"))
    assert [fault.column for fault in bank.faults] == ["hours"]
    assert set(bank.facilities[F.facility_id]) == {"F1", "F2"}


def test_a_site_that_is_not_open_to_the_public_is_a_fault(tmp_path: Path) -> None:
    fault = only_fault(read(tmp_path, changed("pledges", ROW, site_id="999")))
    assert (fault.column, fault.value) == ("site_id", "999")
    assert "unknown there, closed or private" in fault.problem
    assert "Correct the number" in fault.remedy and "row in facilities with its postcode" in fault.remedy


def test_without_active_places_a_site_is_a_fault(tmp_path: Path) -> None:
    nowhere = dataclasses.replace(CONTEXT, venues=None)
    fault = only_fault(read(tmp_path, changed("pledges", ROW, site_id="1000012"), nowhere))
    assert fault.problem == "Active Places is not at hand to place this site"
    assert "Add activeplacescsvs.zip" in fault.remedy and "facility_id here" in fault.remedy


def test_a_pledge_at_a_site_says_whose_it_is(tmp_path: Path) -> None:
    fault = only_fault(read(tmp_path, changed("pledges", ROW, site_id="1000012", operator_id="")))
    assert fault.column == "operator_id" and fault.problem == "a pledge at a site does not say whose it is"


@pytest.mark.parametrize(
    ("site", "own", "problem"),
    [
        ("1000013", "1000012", "the facility F2 stands at site 1000012"),
        ("1000012", "", "the facility F2 lies 285.1 km from this site"),
    ],
)
def test_a_site_and_a_facility_that_disagree_are_a_fault(tmp_path: Path, site: str, own: str, problem: str) -> None:
    tables = changed("facilities", 3, site_id=own)
    pledges = changed("pledges", ROW, site_id=site, facility_id="F2")["pledges"]
    fault = only_fault(read(tmp_path, tables | {"pledges": pledges}))
    assert (fault.column, fault.problem) == ("site_id", problem)
    assert fault.remedy == "Correct one of the two, or leave site_id empty."


def test_a_site_and_a_facility_that_agree_are_the_facility(tmp_path: Path) -> None:
    """F2 stands at its postcode, where the site 1000013 is."""
    bank = read(tmp_path, changed("pledges", ROW, site_id="1000013", facility_id="F2"))
    assert bank.faults == () and set(bank.facilities[F.facility_id]) == {"F1", "F2"}


def test_beside_a_facility_an_unknown_site_is_passed_over_and_told(tmp_path: Path) -> None:
    bank = read(tmp_path, changed("pledges", ROW, site_id="5", facility_id="F2"))
    assert bank.faults == ()
    (repair,) = [repair for repair in bank.repairs if repair.column == "site_id"]
    assert (repair.value, repair.taken) == ("5", "") and repair.reason.endswith("the facility_id was used")


def test_an_id_that_is_taken_is_a_fault(tmp_path: Path) -> None:
    tables = changed("facilities", 2, facility_id="ap-1000012")
    tables["pledges"] = changed("pledges", ROW, site_id="1000012")["pledges"]
    bank = read(tmp_path, tables)
    assert "AP-1000012, which is another facility's id" in next(
        fault.problem for fault in bank.faults if fault.row == ROW
    )


def test_several_facilities_of_one_operator_at_a_site_must_be_told_apart(tmp_path: Path) -> None:
    tables = changed("facilities", 3, site_id="1000013")
    tables["facilities"].append(["F3", *tables["facilities"][2][1:]])
    tables["pledges"] = changed("pledges", ROW, site_id="1000013")["pledges"]
    fault = only_fault(read(tmp_path, tables))
    assert fault.problem == "2 facilities of the operator stand at this site: F2, F3"


def test_a_pledge_at_a_site_may_use_all_that_the_site_has(tmp_path: Path) -> None:
    """The site has a gym, a pool and a studio; a pledge of a pool's and a studio's pathway loses neither."""
    told = {"site_id": "1000012", "pathways": "dance;falls_prevention", "delivery": "on_site"}
    bank = read(tmp_path, changed("pledges", ROW, **told))
    hosts = {"dance": "pool", "falls_prevention": "hall;studio", "cardiac_rehab": "hall"}
    ways = make_frame(PathwayFrame, [pathway(key, venue_types=kinds) for key, kinds in hosts.items()])
    period = PeriodParams(start=date(2026, 4, 1), end=date(2027, 3, 31), as_of=date(2026, 4, 1))
    params = MatchParams(require_roles=False, time_limit_s=1, gap_share=0)
    mine = bank.pledges[bank.pledges[P.pledge_id] == "P3"]
    offers, ineligible = link_offers(mine, bank.facilities, ways, period=period, params=params)
    assert offers[OfferFrame.pathway_id].tolist() == ["dance", "falls_prevention"] and ineligible.empty


@pytest.mark.slow
def test_real_sites_of_both_editions_take_pledges(real_data: Path, tmp_path: Path) -> None:
    """Everyone Active's sites by number alone, a closed one and a private one; nothing else places them."""
    for edition in ("2024-07", "2026-01"):
        venues = load_venues(real_data / f"sport_england_active_places_{edition}" / "activeplacescsvs").frame
        theirs = venues[venues[VenueFrame.operator_name] == "Everyone Active"].head(40)
        raw = pd.read_csv(
            real_data / f"sport_england_active_places_{edition}" / "activeplacescsvs" / "healthandfitnessgym.csv",
            usecols=["Site ID", "Accessibility Type Group (Text)"], dtype="str",
        )  # fmt: skip
        private = raw.loc[raw["Accessibility Type Group (Text)"] == "Private", "Site ID"]
        private = private[~private.isin(venues[VenueFrame.site_id])].iloc[0]
        tables = {name: [list(line) for line in rows] for name, rows in TABLES.items()}
        head = [*tables["pledges"][0], "site_id"]
        plain = {"operator_id": "OP1", "pathways": "exercise_referral", "hours": "40", "hour_unit": "participant"}
        rows = [{**plain, "pledge_id": f"A{site}", "site_id": site} for site in [*theirs[VenueFrame.site_id], private]]
        tables["pledges"] = [head, *([row.get(column, "") for column in head] for row in rows)]
        context = dataclasses.replace(CONTEXT, venues=venues, pathway_ids=tuple(default_pathways()))
        bank = read(tmp_path / edition, tables, context)
        made = bank.facilities[bank.facilities[F.location_basis] == "site_id"]
        assert len(made) == len(theirs) == 40
        assert (made.geometry.x.sort_values().to_numpy() == theirs[VenueFrame.easting].sort_values().to_numpy()).all()
        (fault,) = bank.faults
        assert fault.value == private and "closed or private" in fault.problem


def test_the_trafford_files_give_names_and_postcodes(real_data: Path, tmp_path: Path) -> None:
    venues = load_venues(real_data / "sport_england_active_places_trafford_2025-09").frame
    context = dataclasses.replace(CONTEXT, venues=venues)
    bank = read(tmp_path, changed("pledges", ROW, site_id="1001039"), context)
    made = bank.facilities.set_index(F.facility_id).loc["AP-1001039"]
    assert made[F.facility_name] == "David Lloyd (Manchester Trafford City)"
    assert (made[F.postcode], made[F.venue_type], made[F.other_venue_types]) == ("M178RH", "gym", "pool")
