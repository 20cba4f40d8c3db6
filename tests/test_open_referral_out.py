"""The bank and the match as an Open Referral list of services: it holds to the standard, and nothing is lost in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from hypothesis import given, settings
from open_referral_banks import OBJECTS, PATHWAYS, banks, check_object, empty_run, made_up_run, make_bank
from pandas.testing import assert_frame_equal

from geomap.errors import DataError
from geomap.few import mark_few
from geomap.load.open_referral import load_services
from geomap.load.open_referral_bank import read_bank
from geomap.report.files import as_published, tables_as_published
from geomap.report.open_referral import build_open_referral, write_open_referral
from geomap.schema import (
    AllocationResultFrame,
    BankTables,
    FacilityFrame,
    LedgerFrame,
    LinkFrame,
    OperatorFrame,
    OpportunityFrame,
    PledgeFrame,
    ReachableFrame,
)
from geomap.schema.open_referral import ATTENDING, EXTENSION, OPEN_REFERRAL_NAME, SCHEDULES
from geomap.schema.published import SUPPRESSED
from geomap.schema.words import DELIVERIES, LIST_SEPARATOR, TIMES

ROOT = Path(__file__).resolve().parents[1]
DOC = (ROOT / "docs" / "open_referral.md").read_text(encoding="utf-8")
SCHEMAS = "GEOMAP_ORUK_SCHEMAS"
PAGE = {
    "total_items": int, "total_pages": int, "page_number": int, "size": int, "first_page": bool, "last_page": bool,
    "empty": bool, "contents": list, EXTENSION: dict,
}  # fmt: skip
a = AllocationResultFrame


@cache
def page(*, published: bool = False, hostile: bool = False) -> dict:
    return build_open_referral(tables_as_published(made_up_run(published=published, hostile=hostile)))


def assert_same_bank(one: BankTables, other: BankTables) -> None:
    for field in fields(BankTables):
        assert_frame_equal(getattr(one, field.name), getattr(other, field.name))


def written(folder: Path, bank: BankTables) -> Path:
    return write_open_referral(folder, tables_as_published(replace(empty_run(), bank=bank)))


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("hostile", [False, True])
def test_every_object_holds_to_the_standard(published: bool, hostile: bool) -> None:
    told = page(published=published, hostile=hostile)
    assert {name: type(value) for name, value in told.items()} == PAGE
    assert told["total_items"] == told["size"] == len(told["contents"]) == 40
    assert [fault for service in told["contents"] for fault in check_object(service, "service")] == []
    block = told[EXTENSION]
    assert [fault for item in block["organizations"] for fault in check_object(item, "organization")] == []
    assert [fault for item in block["locations"] for fault in check_object(item, "location")] == []


def test_the_check_of_objects_sees_what_is_wrong() -> None:
    service = json.loads(json.dumps(page()["contents"][0]))
    del service["name"], service["organization"]["description"]
    service |= {"status": "open", "id": "1", "url": "a page", "minimum_age": "18", "x": 1, "assured_date": "May"}
    service["schedules"][0]["freq"] = "DAILY"
    wrong = "\n".join(check_object(service, "service"))
    places = ("service.name", "organization.description", "status", "service.id", "url", "minimum_age", "x", "freq")
    assert [name for name in (*places, "assured_date") if name not in wrong] == []
    assert len(wrong.splitlines()) == 9


@pytest.mark.skipif(SCHEMAS not in os.environ, reason=f"{SCHEMAS} names no folder with the profile's compiled schemas")
@pytest.mark.parametrize("name", ["service.json", "service_list.json"])
def test_the_published_schemas_accept_every_service(name: str) -> None:
    schema = json.loads((Path(os.environ[SCHEMAS]) / name).read_text(encoding="utf-8"))
    judge = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    services = [*page(published=True)["contents"], *page(hostile=True)["contents"]]
    assert [error.message for service in services for error in judge.iter_errors(service)] == []
    assert not judge.is_valid(services[0] | {"status": "open"}), "the schema is not the one wanted"


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(bank=banks())
def test_any_bank_comes_back_as_it_was(bank: BankTables, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.mktemp("bank"), bank)
    told = json.loads(path.read_bytes())
    assert [fault for service in told["contents"] for fault in check_object(service, "service")] == []
    things: dict[str, object] = {}
    assert all(things.setdefault(thing["id"], thing) == thing for thing in things_with_ids(told)), "one id, two things"
    assert_same_bank(read_bank(path), bank)


def things_with_ids(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        if "id" in value:
            yield value
        for item in value.values():
            yield from things_with_ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from things_with_ids(item)


@pytest.mark.parametrize("hostile", [False, True])
def test_the_bank_of_a_run_comes_back_and_its_services_are_read(hostile: bool, tmp_path: Path) -> None:
    tables = made_up_run(published=True, hostile=hostile)
    path = write_open_referral(tmp_path, tables_as_published(tables))
    assert path.name == OPEN_REFERRAL_NAME
    assert_same_bank(read_bank(path), tables.bank)
    loaded = load_services(path)
    services, f, p = loaded.frame, OpportunityFrame, PledgeFrame
    assert any("was written by geomap" in note for note in loaded.notes)
    assert len(services) == len(tables.bank.pledges) == loaded.accounting["rows"].sum()
    ids = {row["pledge_id"]: row["service_id"] for row in page()[EXTENSION]["pledges"]}
    pledges = tables.bank.pledges.set_index(tables.bank.pledges[p.pledge_id].map(ids)).loc[services[f.opportunity_id]]
    assert services[f.pathways].tolist() == pledges[p.pathways].tolist()
    assert services[f.age_min].fillna(-1).tolist() == pledges[p.age_min].fillna(-1).tolist()
    assert services[f.age_max].fillna(-1).tolist() == pledges[p.age_max].fillna(-1).tolist()
    spots = tables.bank.facilities.set_index(FacilityFrame.facility_id).geometry
    there = pledges[p.facility_id].notna().to_numpy()
    wanted = spots.loc[pledges.loc[there, p.facility_id]]
    found = services[there]
    assert there.any()
    assert abs(found[f.easting].to_numpy() - wanted.x.to_numpy()).max() < 0.3
    assert abs(found[f.northing].to_numpy() - wanted.y.to_numpy()).max() < 0.3
    assert services.loc[~there, f.easting].isna().all()


def test_small_counts_are_hidden_as_in_the_csv_files() -> None:
    tables = tables_as_published(made_up_run(published=True))
    shown = mark_few(as_published(tables.allocation)).to_dict("records")
    rows = page(published=True)[EXTENSION]["matched"]
    hidden = 0
    for row, cells in zip(rows, shown, strict=True):
        for name in (a.places, a.matched_hours, a.referrals, a.completions):
            if cells[name] == SUPPRESSED:
                assert name not in row and row["not_shown"] == SUPPRESSED
                hidden += 1
            else:
                assert row[name] == cells[name] and "not_shown" not in row
        assert row[a.pcn_code] == cells[a.pcn_code]
    assert 0 < hidden < 4 * len(rows)
    counts = [row[a.places] for row in rows if a.places in row]
    assert all(count >= 8 for count in counts)
    exact = page()[EXTENSION]["matched"]
    assert all("not_shown" not in row for row in exact) and any(row[a.places] <= 7 for row in exact)


def test_the_match_the_ledger_and_the_reach_are_those_of_the_tables() -> None:
    tables, block = made_up_run(), page()[EXTENSION]
    services = {row["service_id"]: row["pledge_id"] for row in block["pledges"]}
    assert [services[row["service_id"]] for row in block["matched"]] == tables.allocation[a.pledge_id].tolist()
    assert [row[a.places] for row in block["matched"]] == tables.allocation[a.places].tolist()
    book = tables.ledger.set_index(LedgerFrame.pledge_id)
    hours = {row["pledge_id"]: row[LedgerFrame.matched_hours] for row in block["pledges"]}
    assert hours == book[LedgerFrame.matched_hours].to_dict()
    ids = {row["location_id"] for row in block["facilities"]}
    assert len(block["reach"]) == len(tables.reachable) > 0
    assert {row["location_id"] for row in block["reach"]} <= ids
    reached = {row[ReachableFrame.pcn_code] for row in block["reach"]}
    assert reached == set(tables.reachable[ReachableFrame.pcn_code])
    areas = {s["id"]: {x["uri"].rsplit("/")[-1] for x in s.get("service_areas", ())} for s in page()["contents"]}
    served = tables.allocation.groupby(a.pledge_id)[a.pcn_code].agg(set)
    assert {services[key]: codes for key, codes in areas.items() if codes} == served.to_dict()


def test_one_service_a_pledge_so_that_hours_count_once() -> None:
    tables = made_up_run()
    told = page()
    several = [s for s in told["contents"] if sum(x["link_type"] == "pathway" for x in s["attributes"]) > 1]
    assert several, "no pledge of the example has two pathways"
    assert sum(row["hours"] for row in told[EXTENSION]["pledges"]) == pytest.approx(tables.ledger["hours"].sum())
    assert len({service["id"] for service in told["contents"]}) == len(tables.bank.pledges)


def test_ids_are_the_same_in_every_run_and_row_order_does_not_show(tmp_path: Path) -> None:
    tables = made_up_run()
    bank = BankTables(**{x.name: getattr(tables.bank, x.name).iloc[::-1] for x in fields(BankTables)})
    one = [service["id"] for service in page()["contents"]]
    assert one == [service["id"] for service in build_open_referral(replace(tables, bank=bank))["contents"]]
    script = (
        "from geomap.schema.open_referral import stable_id\n"
        "print(stable_id('service', 'P1'), stable_id('service', 'a', 'bc') == stable_id('service', 'ab', 'c'))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said.split() == ["439c0aec-fbb3-5e41-9385-8dfd3a8b2345", "False"]


def test_a_pledge_that_has_ended_is_inactive(tmp_path: Path) -> None:
    base = empty_run()
    rows = [{PledgeFrame.pledge_id: key, PledgeFrame.operator_id: "O", PledgeFrame.pathways: "dance",
             PledgeFrame.hours: 1.0, PledgeFrame.hour_unit: "staff", PledgeFrame.delivery: "digital",
             PledgeFrame.end_date: pd.Timestamp(end)}
            for key, end in (("old", "2020-01-01"), ("today", base.facts.as_of), ("new", "2090-01-01"))]  # fmt: skip
    owner = {OperatorFrame.operator_id: "O", OperatorFrame.operator_name: "O", OperatorFrame.operator_kind: "digital"}
    path = written(tmp_path, make_bank([owner], [], [], rows, []))
    told = json.loads(path.read_bytes())
    rows = zip(told[EXTENSION]["pledges"], told["contents"], strict=True)
    status = {row["pledge_id"]: service["status"] for row, service in rows}
    assert status == {"old": "inactive", "today": "active", "new": "active"}
    loaded = load_services(path)
    assert len(loaded.frame) == 2
    # What is digital is online: it has no place and names no venue.
    assert loaded.frame[[OpportunityFrame.easting, OpportunityFrame.venue_name]].isna().all(axis=None)


def test_a_bank_without_a_row_is_an_empty_page(tmp_path: Path) -> None:
    path = written(tmp_path, BankTables.no_rows())
    told = json.loads(path.read_bytes())
    assert told["empty"] is True and told["contents"] == [] and told["total_items"] == 0
    assert all(getattr(read_bank(path), x.name).empty for x in fields(BankTables))


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop(EXTENSION),
        lambda told: told[EXTENSION].update(format="geomap open referral 9"),
        lambda told: told[EXTENSION]["pledges"].pop(),
        lambda told: told[EXTENSION]["facilities"].pop(),
        lambda told: told[EXTENSION]["pledges"][0].update(hours="many"),
        lambda told: told[EXTENSION]["pledges"][0].update(hours=-1),
        lambda told: told[EXTENSION]["links"].append(1),
        lambda told: told["contents"][0].pop("organization"),
        lambda told: told["contents"][0].update(attributes=[]),
        lambda told: told["contents"][0].update(assured_date="yesterday"),
        lambda told: told.update(contents=7),
    ],
)
def test_a_list_that_is_not_as_geomap_wrote_it_is_refused_by_name(change, tmp_path: Path) -> None:
    told = json.loads(json.dumps(page()))
    change(told)
    path = tmp_path / "open_referral.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_bank(path)
    assert "open_referral.json" in str(caught.value)


def test_times_and_deliveries_are_all_told() -> None:
    assert tuple(SCHEDULES) == TIMES
    assert tuple(ATTENDING) == DELIVERIES
    assert len({said for _, said in SCHEDULES.values()}) == len(TIMES)


def every_leaf(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Each value of a document that is no list or object, by its path; `[]` stands for any place in a list."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from every_leaf(item, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for item in value:
            yield from every_leaf(item, f"{at}[]")
    else:
        yield at, value


def told_paths() -> set[str]:
    """Paths of fields in the first column of the tables of what a run writes."""
    text = DOC.partition("## What a run reads")[0]
    cells = re.findall(r"^\| (`.*?`) \|", text, flags=re.MULTILINE)
    return {path for cell in cells for path in re.findall(r"`([^`]+)`", cell)}


def test_the_document_tells_every_field_that_is_written_and_no_other() -> None:
    told = told_paths()
    paths = {path for pages in (page(), page(published=True)) for path, _ in every_leaf(pages)}
    wholes = {path for path in told if path.endswith("[]")}
    inner = ("contents[].organization.attributes[]", "contents[].service_at_locations[].location.attributes[]")
    assert wholes == {*inner, f"{EXTENSION}.organizations[]", f"{EXTENSION}.locations[]"}
    assert {path for path in paths if not path.startswith(tuple(wholes))} <= told
    assert told - wholes <= paths


def test_the_document_tells_every_column_of_the_bank() -> None:
    text = DOC.partition("## What a run reads")[0]
    for model in (OperatorFrame, FacilityFrame, PledgeFrame, LinkFrame):
        columns = [name for name in model.to_schema().columns if name != "geometry"]
        assert [name for name in columns if not re.search(rf"[`.]{name}`", text)] == []


def test_the_document_tells_every_column_of_what_is_read() -> None:
    text = DOC.partition("## What a run reads")[2]
    columns = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| .* \| (.*) \|$", text, flags=re.MULTILINE))))
    assert columns == set(OpportunityFrame.to_schema().columns)


def test_the_pathways_of_a_service_are_terms() -> None:
    assert all(LIST_SEPARATOR not in key for key in PATHWAYS) and OBJECTS["service"]["status!"]
    terms = [x["taxonomy_term"] for x in page()["contents"][0]["attributes"] if x["link_type"] == "pathway"]
    assert [term["code"] for term in terms] == made_up_run().bank.pledges[PledgeFrame.pathways][0].split(";")
    assert all(term["taxonomy"] == "geomap pathway" for term in terms)
