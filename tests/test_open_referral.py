"""Community services from Open Referral feeds: every form of a list, places, ages, terms, and nobody's contacts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import Scenario, default_pathways, load_default
from geomap.errors import DataError
from geomap.load.find import find_sources
from geomap.load.gather import LOADERS
from geomap.load.libraries import load_libraries
from geomap.load.open_referral import load_services
from geomap.schema import AccountingFrame, OpportunityFrame
from geomap.schema.words import OPPORTUNITY_SOURCES
from geomap.validate import Loaded

f, acc = OpportunityFrame, AccountingFrame
SAMPLES = ("organization_full", "service_at_location_full", "service_full", "service_list")
SAMPLE_ID = "ac148810-d857-441c-9679-408f346de14b"
LEEDS = {"latitude": 53.8008, "longitude": -1.5491}
CARDIFF = {"latitude": 51.4816, "longitude": -3.1791}


def service(key: str = "s1", **more: Any) -> dict[str, Any]:
    return {"id": key, "name": "Tea Dance", "status": "active", **more}


def at(*places: dict[str, Any]) -> dict[str, Any]:
    return {"service_at_locations": [{"id": f"at{k}", "location": place} for k, place in enumerate(places)]}


def place(key: str = "l1", **more: Any) -> dict[str, Any]:
    return {"id": key, "name": "Town Hall", **LEEDS, **more}


def terms(*names: str) -> dict[str, Any]:
    return {
        "attributes": [{"id": name, "taxonomy_term": {"id": name, "term": name, "taxonomy": "x"}} for name in names]
    }


def load(folder: Path, page: object, name: str = "open_referral.json") -> Loaded:
    path = folder / name
    path.write_text(json.dumps(page), encoding="utf-8")
    return load_services(path)


def fates(loaded: Loaded) -> dict[str, int]:
    """Why not used → rows; `""` for those used."""
    return loaded.accounting.groupby(acc.reason)[acc.rows].sum().to_dict()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_examples_of_the_standard_are_read(name: str, real_data: Path) -> None:
    loaded = load_services(real_data / "open_referral_uk_samples" / f"{name}.json")
    (row,) = loaded.frame.to_dict("records")
    assert row[f.opportunity_id] == SAMPLE_ID
    assert (row[f.source], row[f.kind], row[f.sessions]) == ("open_referral", "service", 0)
    assert (row[f.opportunity_name], row[f.operator_name]) == ("Community Counselling", "Example Organization Inc.")
    assert (row[f.age_min], row[f.age_max], row[f.url]) == (12.0, 100.0, "http://example.com/counselling")
    assert loaded.vintage == "last changed 15 March 2023"
    assert fates(loaded) == {"": 1}
    # Its latitude is 100 and its postcode ABC 1234: it stays in the list without a place, and says whose it is.
    assert pd.isna(row[f.easting]) and pd.isna(row[f.postcode])
    listed = name == "service_list"
    assert row[f.venue_name] == ("place not stated" if listed else "MyCity Civic Center")
    assert row[f.activities] == "name" or (listed and pd.isna(row[f.activities]))
    assert [(repair.value, repair.cells) for repair in loaded.repairs] == ([] if listed else [("100, 101", 1)])
    assert any("1 of the 10 services" in note for note in loaded.notes) is listed
    # Nobody who is named in it is in anything that is handed on.
    told = " ".join([loaded.frame.to_csv(), loaded.accounting.to_csv(), *loaded.notes, *map(str, loaded.repairs)])
    assert "Persona" not in told and "@" not in told and "Reception" not in told


def test_the_examples_together_are_one_service(real_data: Path) -> None:
    loaded = load_services(real_data / "open_referral_uk_samples")
    assert len(loaded.frame) == 1
    assert fates(loaded) == {"": 1, "the same service stands twice": 3}
    assert loaded.accounting[acc.source].tolist() == sorted(f"{name}.json" for name in SAMPLES)


ONE = service(**at(place()), organization={"id": "o1", "name": "Dance Circle"}, **terms("Dancing"))
ROW = ["s1", "Tea Dance", "Dance Circle", "Town Hall", "Dancing", "dance"]
ONE_AT = {"id": "at0", "service": {k: v for k, v in ONE.items() if k != "service_at_locations"}, "location": place()}
TABLES = {
    "services": [service(organization_id="o1")],
    "organizations": [{"id": "o1", "name": "Dance Circle"}],
    "locations": [place()],
    "service_at_locations": [{"id": "at0", "service_id": "s1", "location_id": "l1"}],
    "addresses": [{"id": "a1", "location_id": "l1", "postal_code": "LS1 3AD"}],
    "attributes": [{"id": "x", "link_id": "s1", "taxonomy_term_id": "t"}],
    "taxonomy_terms": [{"id": "t", "name": "Dancing"}],
    "contacts": [{"id": "c", "name": "Ann Persona"}],
}


@pytest.mark.parametrize(
    "page",
    [
        ONE,
        [ONE],
        {"total_items": 1, "contents": [ONE]},
        {"totalElements": 1, "content": [ONE]},
        ONE_AT,
        {"contents": [ONE_AT]},
        {"id": "o1", "name": "Dance Circle", "services": [{k: v for k, v in ONE.items() if k != "organization"}]},
        TABLES,
    ],
)
def test_every_form_of_a_list_says_the_same(page: object, tmp_path: Path) -> None:
    loaded = load(tmp_path, page)
    (row,) = loaded.frame.to_dict("records")
    names = (f.opportunity_id, f.opportunity_name, f.operator_name, f.venue_name, f.activities, f.pathways)
    assert [row[name] for name in names] == ROW
    assert (round(row[f.easting]), round(row[f.northing])) == (429796, 433927)
    assert fates(loaded) == {"": 1} and not loaded.repairs


def test_a_folder_of_pages_and_a_folder_of_tables(tmp_path: Path) -> None:
    pages = tmp_path / "open_referral"
    pages.mkdir()
    for k in range(3):
        told = {"total_items": 9, "contents": [service(f"s{k}{i}", **at(place())) for i in range(2)]}
        (pages / f"page{k}.json").write_text(json.dumps(told), encoding="utf-8")
    loaded = load_services(pages)
    assert len(loaded.frame) == 6 and loaded.accounting[acc.source].nunique() == 3
    assert "6 of the 9 services" in loaded.notes[0]
    tables = tmp_path / "oruk_tables"
    tables.mkdir()
    for name, rows in TABLES.items():
        (tables / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    assert load_services(tables).frame[f.operator_name].tolist() == ["Dance Circle"]
    empty = tmp_path / "oruk_nothing"
    empty.mkdir()
    with pytest.raises(DataError, match="holds no JSON file"):
        load_services(empty)


def test_services_that_are_not_active_are_accounted_for(tmp_path: Path) -> None:
    told = ("active", "ACTIVE", "inactive", "defunct", "temporarily closed", "open", 3, None)
    page = [service(f"s{k}", status=status, **at(place())) for k, status in enumerate(told)]
    loaded = load(tmp_path, [*page, {"name": "no id", "status": "active"}, 7, service("s9", name=" ")])
    assert loaded.frame[f.opportunity_id].tolist() == ["s0", "s1", "s7"]
    assert fates(loaded) == {
        "": 3, "not active: inactive": 1, "not active: defunct": 1, "not active: temporarily closed": 1,
        "its status is no word of the standard": 2, "it has no id": 1, "it is no object": 1,
        "it has no name, or one that is only a contact": 1,
    }  # fmt: skip
    assert loaded.accounting[acc.rows].sum() == 11


@pytest.mark.parametrize(
    ("where", "x", "y", "told"),
    [
        ({}, 429796, 433927, ""),
        ({"latitude": "53.8008", "longitude": "-1.5491"}, 429796, 433927, ""),
        ({"latitude": -1.5491, "longitude": 53.8008}, 429796, 433927, "wrong way round"),
        ({"latitude": 100, "addresses": [{"postal_code": "ls1 3ad"}]}, 429755, 433834, "the postcode was used"),
        ({"latitude": 0, "longitude": 0, "addresses": [{"postal_code": "LS13AD"}]}, 429755, 433834, "the postcode"),
        ({"latitude": None, "longitude": None, "addresses": [{"postal_code": "LS1 3AD"}]}, 429755, 433834, ""),
        ({"latitude": None, "longitude": None, "physical_addresses": [{"postal_code": "LS1 3AD"}]}, 429755, 433834, ""),
        ({"latitude": 100}, None, None, "no postcode tells another"),
        ({"latitude": float("nan")}, None, None, "no postcode tells another"),
        ({"latitude": None, "longitude": None}, None, None, ""),
    ],
)
def test_where_a_service_is(where: dict, x: int | None, y: int | None, told: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, [service(**at(place(**where)))])
    (row,) = loaded.frame.to_dict("records")
    if x is None:
        assert pd.isna(row[f.easting]) and row[f.venue_name] == "Town Hall"
    else:
        assert abs(row[f.easting] - x) < 60 and abs(row[f.northing] - y) < 60
    assert [told in repair.reason for repair in loaded.repairs] == ([True] if told else [])


def test_what_is_outside_england_is_accounted_for_and_what_is_online_is_kept(tmp_path: Path) -> None:
    page = [
        service("cardiff", **at(place(**CARDIFF))),
        service("welsh postcode", **at({"id": "l", "addresses": [{"postal_code": "CF10 1AA"}]})),
        service("new york", **at(place(latitude=40.7, longitude=-74.0))),
        service("both", **at(place("a", **CARDIFF), place("b"))),
        service("online", **at({"id": "l", "location_type": "virtual", "name": "Zoom"})),
        service("nowhere"),
        service("unnamed", **at({"id": "l"})),
    ]
    loaded = load(tmp_path, page)
    assert fates(loaded) == {"": 4, "outside England": 3}
    rows = loaded.frame.set_index(f.opportunity_id)
    assert rows.index.tolist() == ["both", "nowhere", "online", "unnamed"]
    assert rows.loc["both", f.easting] == pytest.approx(429796, abs=1)
    # No place and no venue is online; what only does not say where it is names that as its venue.
    assert rows[f.venue_name].isna().tolist() == [False, False, True, False]
    assert rows.loc["nowhere", f.venue_name] == rows.loc["unnamed", f.venue_name] == "place not stated"


def test_a_service_at_several_places_is_a_row_each_with_an_id_of_its_own(tmp_path: Path) -> None:
    away = {"latitude": 53.7, "longitude": -1.6}
    page = [service(**at(place("a"), place("b", **away), {**LEEDS, "name": "no id"}, {**LEEDS, "name": "nor this"}))]
    loaded = load(tmp_path, page)
    assert len(loaded.frame) == 4 and loaded.frame[f.opportunity_id].is_unique
    assert {"s1 a", "s1 b"} < set(loaded.frame[f.opportunity_id])
    assert fates(loaded) == {"": 1}


def test_a_list_without_places_adds_nothing_to_services_that_are_known(tmp_path: Path) -> None:
    folder = tmp_path / "open_referral"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps({"contents": [service("s1"), service("s2")]}), encoding="utf-8")
    (folder / "2.json").write_text(json.dumps(service("s1", **at(place()))), encoding="utf-8")
    loaded = load_services(folder)
    assert loaded.frame[f.opportunity_id].tolist() == ["s1", "s2"]
    assert loaded.frame[f.easting].notna().tolist() == [True, False]
    assert fates(loaded) == {"": 2, "the same service stands twice": 1}


@pytest.mark.parametrize(
    ("ages", "low", "high", "repairs"),
    [
        ({"minimum_age": 18, "maximum_age": 65}, 18, 65, 0),
        ({"minimum_age": "18"}, 18, None, 0),
        ({"maximum_age": 999}, None, None, 1),
        ({"minimum_age": -1, "maximum_age": "old"}, None, None, 2),
        ({"minimum_age": 70, "maximum_age": 60}, None, None, 1),
        ({"eligibilitys": [{"minimum_age": 50, "maximum_age": 80}]}, 50, 80, 0),
        ({"minimum_age": True}, None, None, 1),
        ({"minimum_age": 10**400}, None, None, 1),
    ],
)
def test_ages(ages: dict, low: float | None, high: float | None, repairs: int, tmp_path: Path) -> None:
    loaded = load(tmp_path, [service(**at(place()), **ages)])
    (row,) = loaded.frame.to_dict("records")
    assert [None if pd.isna(row[name]) else row[name] for name in (f.age_min, f.age_max)] == [low, high]
    assert len(loaded.repairs) == repairs


def test_no_contact_of_a_person_is_taken(tmp_path: Path) -> None:
    page = service(
        name="Tea Dance, ring 0113 496 0000 or ann.persona@example.org",
        description="Ask Ann Persona",
        email="ann.persona@example.org",
        url="mailto:ann.persona@example.org",
        organization={"id": "o", "name": "Circle (+44 7700 900123)", "website": "https://ann@example.org/x"},
        contacts=[{"name": "Ann Persona"}],
        phones=[{"number": "0113 496 0000"}],
        **at(place(name="Hall, 07700 900123", addresses=[{"attention": "A. Persona", "postal_code": "LS1 3AD"}])),
    )
    loaded = load(tmp_path, [page])
    told = " ".join([loaded.frame.to_csv(), loaded.accounting.to_csv(), *loaded.notes, *map(str, loaded.repairs)])
    assert not any(word in told for word in ("Persona", "persona", "example.org", "0113", "7700", "@"))
    assert loaded.frame[f.opportunity_name].tolist() == ["Tea Dance, ring or"]
    assert sum("left out" in repair.reason for repair in loaded.repairs) == 3


@pytest.mark.parametrize(
    ("named", "pathways"),
    [
        (["Dancing"], "dance"),
        (["Arts / Crafts"], "mental_wellbeing"),
        (["Yoga / Meditation"], "gentle_activity;mental_wellbeing"),
        (["GP exercise referral scheme"], "exercise_referral"),
        (["Falls Prevention", "Strength & Balance", "Strength and Balance"], "falls_prevention"),
        (["Guidance", "Abundance", "Housing advice", ""], None),
        (["CARDIAC REHAB"], "cardiac_rehab"),
    ],
)
def test_terms_tell_which_pathways_could_be_served(named: list[str], pathways: str | None, tmp_path: Path) -> None:
    (row,) = load(tmp_path, [service(**at(place()), **terms(*named))]).frame.to_dict("records")
    assert row[f.pathways] == pathways or (pathways is None and pd.isna(row[f.pathways]))


def test_terms_of_version_1_and_terms_that_hold_a_separator(tmp_path: Path) -> None:
    old = {"service_taxonomys": [{"taxonomy": {"name": "Walking; strolling"}}]}
    (row,) = load(tmp_path, [service(**at(place()), **old)]).frame.to_dict("records")
    assert row[f.activities] == "Walking, strolling" and row[f.pathways] == "gentle_activity"


def test_the_phrases_are_of_pathways_and_plain() -> None:
    told = load_default("services")
    assert list(told) == [key for key in default_pathways() if key in told] and len(told) == len(default_pathways())
    phrases = [phrase for row in told.values() for phrase in row["phrases"]]
    assert len(phrases) == len(set(phrases))
    assert [phrase for phrase in phrases if not phrase.replace(" ", "").isalnum() or phrase != phrase.lower()] == []


@pytest.mark.parametrize("text", ["[", "{}", "7", '{"contents": 3}', '"services"', '{"services": {}}', "null"])
def test_what_is_no_list_is_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "open_referral.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_services(path)
    assert "open_referral.json" in str(caught.value)


def test_a_feed_of_which_nothing_can_be_used_does_not_stop_the_run(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"contents": [service(status="defunct")]})
    assert loaded.frame.empty and f.no_rows().columns.equals(loaded.frame.columns)
    assert load(tmp_path, {"contents": []}).accounting.empty


hostile = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ("id", "name", "status", "contents", "services", "service", "location", "organization", "attributes",
                 "service_at_locations", "latitude", "longitude", "addresses", "postal_code", "taxonomy_term", "term",
                 "taxonomy", "code", "minimum_age", "url", "total_items", "last_modified", "eligibilitys", "x-geomap")
            ),
            st.one_of(inner, st.just("active"), st.just("s1"), st.just(53.8), st.just(-1.5)),
            max_size=6,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(page=hostile, rest=hostile)
def test_whatever_a_file_holds_it_is_read_or_refused_and_accounted_for(
    page: object, rest: dict, tmp_path_factory: pytest.TempPathFactory
) -> None:
    around = rest if isinstance(rest, dict) else {"organization": rest, "service_at_locations": rest}
    for told in (page, [{**service(), **around}, page]):
        path = tmp_path_factory.mktemp("feed") / "open_referral.json"
        path.write_text(json.dumps(told), encoding="utf-8")
        try:
            loaded = load_services(path)
        except DataError as caught:
            assert "open_referral.json" in str(caught)
            continue
        assert not loaded.faults
        loaded.frame.to_csv().encode()
        assert len(loaded.frame) <= loaded.accounting.loc[loaded.accounting[acc.status] == "used", acc.rows].sum() * 3
        assert loaded.frame[f.easting].notna().tolist() == loaded.frame[f.northing].notna().tolist()


def test_texts_survive_or_are_shortened(tmp_path: Path) -> None:
    odd = "{{ 7 * 7 }} <script>\u2028\x00 =1+1 \ud800"
    (row,) = load(tmp_path, [service(name=odd, **at(place(name="x" * 5_000)))]).frame.to_dict("records")
    assert row[f.opportunity_name] == "{{ 7 * 7 }} <script> =1+1 \ufffd"
    assert len(row[f.venue_name]) == 300


def test_a_run_finds_feeds_and_libraries_and_never_its_own_results(tmp_path: Path) -> None:
    assert {"open_referral", "libraries"} <= set(OPPORTUNITY_SOURCES) & set(LOADERS)
    results = tmp_path / "results"
    results.mkdir()
    for name in ("open_referral.json", "manifest.json", "facts.json"):
        (results / name).write_text("{}", encoding="utf-8")
    assert "open_referral" not in find_sources(tmp_path, {})[0]
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "ORUK_leeds.json").write_text("[]", encoding="utf-8")
    assert find_sources(tmp_path, {})[0]["open_referral"].name == "ORUK_leeds.json"
    named = {"open_referral": "results/open_referral.json"}
    assert find_sources(tmp_path, named)[0]["open_referral"] == results / "open_referral.json"
    assert "open_referral" in Scenario.model_fields["data"].annotation(files=named, folder=tmp_path).files


LIBRARY_HEAD = ["name", "id", "authority_id", "address", "postcode", "lat", "lng", "type", "closed", "url"]


def write_libraries(folder: Path, *rows: list[str]) -> Path:
    path = folder / "libraries.csv"
    path.write_text("\n".join(",".join(row) for row in (LIBRARY_HEAD, *rows)) + "\n", encoding="utf-8")
    return path


def test_the_real_libraries(real_data: Path) -> None:
    loaded = load_libraries(real_data / "libraries" / "libraries.csv")
    assert len(loaded.frame) == 2_986 and loaded.frame[f.opportunity_id].is_unique
    assert fates(loaded) == {"": 2_986, "closed when the dataset was made": 252}
    assert loaded.vintage == "2016 to 2017" and "must be asked" in loaded.notes[0]
    assert not loaded.faults
    assert loaded.frame[f.activities].value_counts().to_dict() == {
        "run by the council": 2_232, "run for the council": 405, "run by the community with the council": 308,
        "run by the community": 41,
    }  # fmt: skip
    barking = loaded.frame.set_index(f.opportunity_id).loc["library 1"]
    assert (barking[f.opportunity_name], barking[f.postcode]) == ("Barking library", "IG117NB")
    assert barking[[f.easting, f.northing]].tolist() == pytest.approx([544_356.8, 183_992.8], abs=0.2)
    assert barking[f.url] == "http://www.lbbd.gov.uk/libraries"
    assert loaded.frame[f.pathways].unique().tolist() == ["falls_prevention;dance;gentle_activity;mental_wellbeing"]
    assert set(loaded.frame[f.source]) == {"libraries"}


def test_libraries_that_are_closed_or_nowhere(tmp_path: Path) -> None:
    path = write_libraries(
        tmp_path,
        ["Town Library", "1", "1", "", "LS1 3AD", "53.8", "-1.5", "LAL", "", ""],
        ["Shut", "2", "1", "", "LS1 3AD", "53.8", "-1.5", "", "XL", ""],
        ["By post", "3", "1", "", "LS1 3AD", "", "", "CRL", "", "not a page"],
        ["Lost", "4", "1", "", "ZZ9 9ZZ", "100", "0", "LAL", "", ""],
        ["Welsh", "5", "1", "", "CF10 1AA", "51.48", "-3.18", "LAL", "", ""],
    )
    loaded = load_libraries(path)
    assert loaded.frame[f.opportunity_id].tolist() == ["library 1", "library 3"]
    assert loaded.frame[f.opportunity_name].tolist() == ["Town Library", "By post library"]
    assert loaded.frame[f.url].isna().all()
    assert loaded.accounting.groupby(acc.status)[acc.rows].sum().to_dict() == {"used": 2, "not_used": 1, "rejected": 2}
    assert {fault.row for fault in loaded.faults} == {5, 6}
    assert all("libraries.csv" in str(fault) and "place in England" in str(fault) for fault in loaded.faults)


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "libraries.csv"
    path.write_text("library,town\nOne,Two\n", encoding="utf-8")
    with pytest.raises(DataError, match="basic dataset"):
        load_libraries(path)
