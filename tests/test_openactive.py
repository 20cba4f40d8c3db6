"""OpenActive items as opportunities: what is a row, what is counted, what is left out and why, and nobody's name."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomap.config import Scenario, default_pathways, load_default
from geomap.demo import demo_scenario
from geomap.errors import ConfigError, DataError
from geomap.load._activities import Activities, normal_label
from geomap.load._opportunities import NOT_STATED, OpportunityContext, find_postcode
from geomap.load.gather import load_inputs
from geomap.load.openactive import load_openactive
from geomap.openactive.feed import Feed
from geomap.openactive.rpde import read_item
from geomap.openactive.store import write_feeds
from geomap.schema import PostcodeFrame
from geomap.schema.asks import OpportunityFrame as F
from geomap.schema.results import AccountingFrame as A
from geomap.schema.words import LIST_SEPARATOR

PATHWAYS = {key: told.venue_types for key, told in default_pathways().items()}
AS_OF = date(2026, 7, 1)
LEEDS = {"@type": "Place", "name": "Kirkstall Leisure Centre", "geo": {"latitude": 53.815, "longitude": -1.605}}
TRUST = {"@type": "Organization", "name": "Active Trust"}


def locate(postcodes):
    """One postcode in Leeds, one in Cardiff."""
    known = {"LS53BP": (426_000.0, 435_700.0, "E08000035"), "CF101EP": (318_400.0, 176_300.0, "W06000015")}
    rows = [(key, *known[key]) for key in postcodes if key in known]
    columns = [PostcodeFrame.postcode, PostcodeFrame.easting, PostcodeFrame.northing, PostcodeFrame.lad_code]
    return pd.DataFrame(rows, columns=columns)


def context(as_of: date | None = AS_OF, **added: tuple[str, ...]) -> OpportunityContext:
    return OpportunityContext(activities=Activities.for_pathways(PATHWAYS, added), as_of=as_of, locate_postcodes=locate)


def series(number: str = "s1", /, **more: Any) -> dict[str, Any]:
    told = {"@type": "SessionSeries", "@id": f"https://x.org/{number}", "name": "Yoga", "location": LEEDS}
    return {**told, "organizer": TRUST, "activity": [{"prefLabel": "Yoga"}], **more}


def session(number: str, above: Any = "https://x.org/s1", /, **more: Any) -> dict[str, Any]:
    told = {"@type": "ScheduledSession", "@id": f"https://x.org/{number}", "superEvent": above}
    return {**told, "startDate": "2026-09-01T10:00:00Z", **more}


def load(tmp_path: Path, *items: Any, asked: OpportunityContext | None = None, name: str = "openactive.json"):
    path = tmp_path / name
    path.write_text(json.dumps(list(items)), encoding="utf-8")
    loaded = load_openactive(path, asked or context())
    assert loaded.accounting[A.rows].sum() == len(items), "each item is in the account once"
    return loaded


def fates(loaded: Any) -> dict[str, int]:
    """Reason → rows; `used` for those that were."""
    account = loaded.accounting
    return {
        reason or status: rows
        for status, reason, rows in zip(account[A.status], account[A.reason], account[A.rows], strict=True)
    }


def one_row(loaded: Any) -> dict[str, Any]:
    assert len(loaded.frame) == 1
    row = loaded.frame.iloc[0]
    return {key: (None if pd.isna(value) else value) for key, value in row.items()}


@pytest.mark.real
class TestSamples:
    """The six items of `feed-normaliser`'s fixtures; that of Fusion Lifestyle is a real one."""

    @pytest.fixture
    def sample(self, real_data):
        def find(name: str) -> Path:
            return real_data / "openactive_samples" / f"{name}.json"

        return find

    def test_facilityuse(self, sample):
        row = one_row(load_openactive(sample("facilityuse"), context()))
        assert row[F.kind] == "FacilityUse" and row[F.opportunity_name] == "Creche 3-5yrs 2hrs"
        assert row[F.operator_name] == "Fusion Lifestyle Training"
        assert (row[F.venue_name], row[F.easting], row[F.postcode]) == ("Southgate Leisure Centre", None, None)
        assert row[F.activities] == "Creche" and row[F.pathways] is None and row[F.sessions] == 0
        # The ages of 3 to 15 are of an offer's price, not of the creche.
        assert row[F.age_min] is None and row[F.age_max] is None

    def test_on_demand_event(self, sample):
        row = one_row(load_openactive(sample("on-demand-event"), context()))
        assert row[F.kind] == "OnDemandEvent" and row[F.operator_name] == "#BrumTogether"
        # It is online; the place that it is affiliated to, Birmingham, is not where it is.
        assert [row[name] for name in (F.easting, F.venue_name, F.postcode)] == [None] * 3
        assert row[F.url].startswith("https://playwaze.com/") and row[F.sessions] == 0

    def test_session_series(self, sample):
        row = one_row(load_openactive(sample("sessionseries"), context(None)))
        assert row[F.opportunity_id] == "https://playwaze.com/SessionSeries/jifgh8dinma"
        assert (row[F.easting], row[F.northing]) == (485_187.3, 238_750.8)
        assert row[F.venue_name] is None, "a name of figures, 52.04, -0.75, is no name"
        assert row[F.operator_name] == "National Badminton Centre, Milton Keynes"
        assert row[F.activities] == "General" and row[F.sessions] == 0

    @pytest.mark.parametrize("name", ["sessionseries", "sessionseries-with-schedule"])
    def test_a_schedule_that_ended_is_over(self, sample, name):
        loaded = load_openactive(sample(name), context(date(2020, 12, 4)))
        assert len(loaded.frame) == (name == "sessionseries-with-schedule")  # ended on 17 October, on 4 December
        loaded = load_openactive(sample(name), context(date(2020, 12, 5)))
        assert loaded.frame.empty and fates(loaded) == {"it was over before the day of the data": 1}

    def test_scheduled_session_without_its_series(self, sample):
        row = one_row(load_openactive(sample("scheduledsession-referenced-superevent"), context(None)))
        assert row[F.kind] == "ScheduledSession" and row[F.sessions] == 1
        assert row[F.operator_name] == "National Badminton Centre, Milton Keynes", "'Organization ' has a blank behind"
        assert (row[F.easting], row[F.northing]) == (483_378.3, 238_470.3)

    def test_slot_without_its_facility(self, sample):
        loaded = load_openactive(sample("slot-referenced-facilityuse"), context(None))
        assert loaded.frame.empty and fates(loaded) == {"its series or facility is not in the file": 1}

    def test_session_and_series_together(self, sample, tmp_path):
        names = ("scheduledsession-referenced-superevent", "sessionseries")
        items = [json.loads(sample(name).read_text(encoding="utf-8")) for name in names]
        row = one_row(load(tmp_path, *items, asked=context(None)))
        assert row[F.kind] == "SessionSeries" and row[F.sessions] == 1
        # The series says "General", its session what it is.
        assert row[F.activities] == "General;Badminton"

    def test_all_of_them(self, sample, tmp_path):
        items = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(sample("x").parent.glob("*.json"))]
        assert len(items) == 6
        loaded = load(tmp_path, *items, asked=context(None))
        assert len(loaded.frame) == 4 and loaded.faults == ()
        assert fates(loaded) == {"used": 5, "its series or facility is not in the file": 1}


class TestPutTogether:
    def test_sessions_are_counted_and_past_ones_are_not(self, tmp_path):
        past = session("p", startDate="2026-06-30T23:00:00+01:00")
        off = session("c", eventStatus="https://schema.org/EventCancelled")
        loaded = load(tmp_path, session("a"), series(), session("b"), past, off, session("u", startDate="soon"))
        assert one_row(loaded)[F.sessions] == 2
        assert fates(loaded) == {
            "used": 3, "before the day of the data": 1, "cancelled": 1, "it has no start date": 1,
        }  # fmt: skip
        assert one_row(load(tmp_path, series(), past, asked=context(None)))[F.sessions] == 1

    def test_embedded_series_is_one_row_for_all_its_sessions(self, tmp_path):
        loaded = load(tmp_path, session("a", series()), session("b", series()))
        row = one_row(loaded)
        assert row[F.opportunity_id] == "https://x.org/s1" and row[F.sessions] == 2 and row[F.pathways]

    def test_embedded_sessions_and_their_own_items_are_counted_once(self, tmp_path):
        loaded = load(tmp_path, series(subEvent=[session("a"), session("b")]), session("a"))
        assert one_row(loaded)[F.sessions] == 2

    def test_slots_of_a_part_of_a_facility_count_with_the_facility(self, tmp_path):
        hall = {"type": "FacilityUse", "id": "https://x.org/f", "name": "Hall", "location": LEEDS, "provider": TRUST}
        hall["facilityType"] = [{"prefLabel": "Sports Hall"}]
        court = {"type": "IndividualFacilityUse", "id": "https://x.org/f1", "name": "Court 1"}
        court["aggregateFacilityUse"] = "https://x.org/f"
        slots = [
            {"type": "Slot", "id": f"https://x.org/{n}", "facilityUse": to, "startDate": "2026-09-01T09:00Z"}
            for n, to in enumerate(
                ["https://x.org/f1", "https://x.org/f", {"@id": "https://x.org/f2"}, "https://x.org/g"]
            )
        ]
        loaded = load(tmp_path, *slots, court, {**hall, "individualFacilityUse": [{"@id": "https://x.org/f2"}]})
        row = one_row(loaded)
        assert row[F.opportunity_name] == "Hall" and row[F.sessions] == 3
        assert fates(loaded) == {"used": 5, "its series or facility is not in the file": 1}
        expected = [key for key, venues in PATHWAYS.items() if "hall" in venues]
        assert row[F.pathways].split(LIST_SEPARATOR) == expected

    def test_a_part_of_a_facility_that_is_not_there_stands_alone(self, tmp_path):
        court = {"type": "IndividualFacilityUse", "id": "https://x.org/f1", "name": "Court 1", "location": LEEDS}
        assert one_row(load(tmp_path, court))[F.kind] == "IndividualFacilityUse"

    def test_events_are_rows_and_have_what_their_programme_says(self, tmp_path):
        programme = {"type": "EventSeries", "id": "https://x.org/p", "name": "Walks", "organizer": TRUST}
        programme["activity"] = {"prefLabel": "Health Walk"}
        walks = [
            {"type": "Event", "id": f"https://x.org/{n}", "superEvent": {"id": "https://x.org/p"}, "location": LEEDS,
             "startDate": f"2026-0{n}-01"} for n in (6, 8, 9)
        ]  # fmt: skip
        loaded = load(tmp_path, programme, *walks)
        assert list(loaded.frame[F.opportunity_id]) == ["https://x.org/8", "https://x.org/9"]
        assert set(loaded.frame[F.opportunity_name]) == {"Walks"} and set(loaded.frame[F.sessions]) == {1}
        assert set(loaded.frame[F.operator_name]) == {"Active Trust"}
        assert fates(loaded) == {"used": 3, "it was over before the day of the data": 1}

    def test_a_programme_all_of_whose_events_are_over_is_told_of(self, tmp_path):
        programme = {"type": "HeadlineEvent", "id": "https://x.org/p", "name": "Games", "location": LEEDS}
        event = {"type": "Event", "id": "https://x.org/e", "superEvent": "https://x.org/p", "startDate": "2025-01-01"}
        loaded = load(tmp_path, programme, event)
        assert loaded.frame.empty and "all that is a part of it was left out" in fates(loaded)

    def test_a_course_and_its_instance(self, tmp_path):
        course = {"type": "Course", "id": "https://x.org/c", "name": "Better Balance", "activity": "Falls Prevention"}
        instance = {"type": "CourseInstance", "id": "https://x.org/i", "instanceOfCourse": "https://x.org/c"}
        instance |= {"location": LEEDS, "startDate": "2026-09-01", "endDate": "2026-12-01"}
        row = one_row(load(tmp_path, course, instance))
        assert (row[F.kind], row[F.opportunity_name]) == ("CourseInstance", "Better Balance")
        assert row[F.pathways] == "falls_prevention" and row[F.sessions] == 1

    def test_some_publish_sessions_of_a_series_as_events(self, tmp_path):
        event = {**session("a"), "@type": "Event", "name": "Yoga on Tuesday"}
        assert one_row(load(tmp_path, series(), event))[F.sessions] == 1

    def test_sessions_of_a_series_that_is_cancelled_are_left_out_with_it(self, tmp_path):
        loaded = load(tmp_path, series(eventStatus="EventCancelled"), session("a"))
        assert loaded.frame.empty
        assert fates(loaded) == {"cancelled": 1, "its series or facility was left out": 1}

    def test_items_in_a_ring_are_rows_all_the_same(self, tmp_path):
        one, two = series("a", superEvent="https://x.org/b"), series("b", superEvent="https://x.org/a")
        ring = [{**item, "@type": "EventSeries"} for item in (one, two)]
        loaded = load(tmp_path, *ring, session("x", "https://x.org/x"))
        assert len(loaded.frame) == 1 and fates(loaded)["used"] == 2

    def test_the_order_of_items_does_not_matter(self, tmp_path):
        items = [series(), session("a"), session("b", series("s2", name="Other"))]
        items += [session(n, "https://x.org/no", name=n, location=LEEDS) for n in ("c", "d")]
        first = load(tmp_path, *items).frame
        assert len(first) == 3
        pd.testing.assert_frame_equal(load(tmp_path, *items[::-1]).frame, first)


class TestFields:
    @pytest.mark.parametrize("mark", ["", "@", "schema:", "https://schema.org/", "http://schema.org/", "oa:"])
    def test_one_item_in_every_spelling(self, tmp_path, mark):
        plain = {"type": "SessionSeries", "id": "https://x.org/s", "name": "Tai Chi", "location": LEEDS}
        plain |= {"activity": {"prefLabel": "Tai Chi"}, "organizer": [TRUST], "ageRange": {"minValue": "55"}}
        row = one_row(load(tmp_path, {f"{mark}{key}": value for key, value in plain.items()}))
        assert (row[F.opportunity_name], row[F.operator_name], row[F.age_min]) == ("Tai Chi", "Active Trust", 55)
        assert row[F.pathways] == "falls_prevention;gentle_activity;mental_wellbeing"

    def test_types_with_addresses_and_in_lists(self, tmp_path):
        row = one_row(load(tmp_path, {**series(), "@type": ["schema:Event", "https://openactive.io/SessionSeries"]}))
        assert row[F.kind] == "SessionSeries"

    @pytest.mark.parametrize(
        "who",
        [
            {"@type": "Person", "name": "Ada Lovelace"}, {"@type": "schema:Person", "name": "Ada Lovelace"},
            {"name": "Ada Lovelace"}, "Ada Lovelace", ["Ada Lovelace"], {"@type": ["Person", "Thing"], "name": "Ada"},
        ],
    )  # fmt: skip
    def test_a_person_is_no_operator(self, tmp_path, who):
        told = series(organizer=who, leader={"@type": "Person", "name": "Ada Lovelace"}, contactPoint=who)
        assert one_row(load(tmp_path, told))[F.operator_name] is None
        told["provider"] = {"@type": "https://schema.org/SportsOrganization", "name": "Club"}
        loaded = load(tmp_path, told)
        assert one_row(loaded)[F.operator_name] == "Club"
        assert "Ada" not in loaded.frame.to_csv() + loaded.accounting.to_csv() + "".join(loaded.notes)

    def test_telephone_numbers_and_mail_are_taken_out_of_names(self, tmp_path):
        row = one_row(load(tmp_path, series(name="Yoga, call 01632 960001 or me@example.org")))
        assert "01632" not in row[F.opportunity_name] and "@" not in row[F.opportunity_name]

    @pytest.mark.parametrize(
        "place",
        [
            {"@type": "Place", "name": "Hall", "address": {"postalCode": "ls5 3bp"}},
            {"name": "Hall", "address": "1 Abbey Road, Leeds LS5 3BP"},
            "Hall, Leeds LS53BP",
            [{}, {"name": "Hall", "address": {"postalCode": "LS5 3BP"}, "geo": {"latitude": 0, "longitude": 0}}],
        ],
    )
    def test_without_degrees_the_postcode_places_it(self, tmp_path, place):
        row = one_row(load(tmp_path, series(location=place)))
        assert (row[F.postcode], row[F.easting], row[F.northing]) == ("LS5 3BP", 426_000.0, 435_700.0)
        assert row[F.venue_name].startswith("Hall")

    def test_degrees_the_wrong_way_round_are_told_and_exchanged(self, tmp_path):
        turned = {"name": "Hall", "geo": {"latitude": -1.605, "longitude": 53.815}}
        loaded = load(tmp_path, series(location=turned))
        assert one_row(loaded)[F.easting] == one_row(load(tmp_path, series()))[F.easting]
        assert any("wrong way round" in note for note in loaded.notes)

    @pytest.mark.parametrize(
        "place", [None, {}, [], "https://x.org/place/1", {"geo": {"latitude": 99, "longitude": 2}}]
    )
    def test_without_any_place(self, tmp_path, place):
        loaded = load(tmp_path, series(location=place))
        row = one_row(loaded)
        assert (row[F.easting], row[F.postcode], row[F.venue_name]) == (None, None, NOT_STATED)
        assert any("say too little to be placed: 1" in note for note in loaded.notes)

    @pytest.mark.parametrize(
        "place", [{"geo": {"latitude": 51.48, "longitude": -3.18}}, {"address": {"postalCode": "CF10 1EP"}}]
    )
    def test_outside_england(self, tmp_path, place):
        loaded = load(tmp_path, series(location=place), session("a"))
        assert loaded.frame.empty
        assert fates(loaded) == {"its place is not in England": 1, "its series or facility was left out": 1}
        assert list(loaded.accounting[A.reason_code])[0] in ("outside_england", "its_series_or_facility_was_left_out")

    def test_online(self, tmp_path):
        for told in (
            {"eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode"},
            {"beta:virtualLocation": {"@type": "VirtualLocation", "url": "https://x.org"}},
            {"@type": "OnDemandEvent"},
        ):
            row = one_row(load(tmp_path, series(**told)))
            assert [row[name] for name in (F.easting, F.venue_name, F.postcode)] == [None] * 3
        both = {"virtualLocation": {"url": "x"}, "eventAttendanceMode": "MixedEventAttendanceMode"}
        assert one_row(load(tmp_path, series(**both)))[F.easting] is not None

    def test_a_room_without_an_address_is_in_the_centre_of_its_series(self, tmp_path):
        event = {
            "type": "Event",
            "id": "https://x.org/e",
            "superEvent": "https://x.org/p",
            "location": {"name": "Room 2"},
        }
        above = {"type": "EventSeries", "id": "https://x.org/p", "name": "Dance", "location": LEEDS}
        assert one_row(load(tmp_path, event, above))[F.venue_name] == LEEDS["name"]

    def test_ids_that_are_no_addresses_are_known_within_their_feed(self, tmp_path):
        items = [
            {"state": "updated", "kind": kind, "id": 1, "modified": 1, "data": {**told, "identifier": 1}}
            for kind, told in (
                ("SessionSeries", {"@type": "SessionSeries", "name": "Yoga", "location": LEEDS}),
                ("ScheduledSession", {"@type": "ScheduledSession", "superEvent": 1, "startDate": "2026-09-01"}),
            )
        ]
        feeds = [Feed(url="https://a.org/series"), Feed(url="https://a.org/sessions"), Feed(url="https://b.org/all")]
        feeds[0].take(read_item(items[0]))
        feeds[1].take(read_item(items[1]))
        feeds[2].take(read_item(items[0]))
        path = tmp_path / "openactive.json"
        path.write_bytes(write_feeds(feeds))
        frame = load_openactive(path, context()).frame
        assert list(frame[F.opportunity_id]) == ["a.org/SessionSeries/1", "b.org/SessionSeries/1"]
        assert list(frame[F.sessions]) == [1, 0]

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "mailto:a@b.org", "ftp://x", "https://x y", 7])
    def test_only_pages_of_the_web_are_links(self, tmp_path, url):
        assert one_row(load(tmp_path, series(url=url)))[F.url] is None


class TestActivities:
    USUAL = Activities.for_pathways(PATHWAYS, {})

    @pytest.mark.parametrize(
        ("label", "pathways"),
        [
            ("Walking", "gentle_activity;mental_wellbeing"),
            ("nordic WALKING", "gentle_activity;mental_wellbeing"),
            ("Walking Football", "gentle_activity"),
            ("Tai Chi", "falls_prevention;gentle_activity;mental_wellbeing"),
            ("Chair Based Exercise", "gentle_activity"),
            ("Pilates", "gentle_activity"),
            ("Dance", "dance"),
            ("Aqua Fit", "exercise_referral;gentle_activity"),
            ("Swimming", "exercise_referral;gentle_activity"),
            ("Gym Workout", "exercise_referral"),
            ("GP Referral", "exercise_referral"),
            ("Phase IV Cardiac Rehabilitation", "cardiac_rehab"),
            ("Pulmonary Maintenance", "pulmonary_rehab"),
            ("Otago", "falls_prevention"),
            ("Strength & Balance™", "falls_prevention"),
            ("Zumba® Gold", "gentle_activity;dance"),
        ],
    )
    def test_what_clinicians_know(self, label, pathways):
        found = self.USUAL.find({"prefLabel": label})
        assert set(found.pathways) == set(pathways.split(";"))

    def test_an_id_is_known_in_every_spelling_of_its_address(self):
        number = "c16df6ed-a4a0-4275-a8c3-1c8cff56856f"
        for head in (
            "https://openactive.io/activity-list#",
            "https://openactive.io/activity-list/#",
            "HTTPS://www.x#",
            "",
        ):
            assert self.USUAL.find({"id": f"{head}{number}", "prefLabel": "Something"}).label == "Tai Chi"

    def test_a_broader_concept_is_said_to_be_one(self, tmp_path):
        found = self.USUAL.find({"prefLabel": "Vinyasa Yoga"})
        assert (found.above, found.pathways) == ("Yoga", self.USUAL.find({"prefLabel": "Yoga"}).pathways)
        assert self.USUAL.find({"prefLabel": "Yoga"}).above == ""
        loaded = load(tmp_path, series(activity=[{"prefLabel": "Vinyasa Yoga"}]))
        assert any("Vinyasa Yoga as Yoga (1)" in note for note in loaded.notes)

    @pytest.mark.parametrize("label", ["Baby Yoga", "Pole Dancing", "Swimming Lessons"])
    def test_some_serve_none_whatever_they_end_with(self, label):
        assert self.USUAL.find({"prefLabel": label}).pathways == ()

    @pytest.mark.parametrize("label", ["Badminton", "General", "Walking Frame Repair", "yogafication", ""])
    def test_nothing_is_guessed(self, label):
        assert self.USUAL.find({"prefLabel": label}) is None

    def test_what_no_pathway_takes_is_told(self, tmp_path):
        loaded = load(tmp_path, series(activity=[{"prefLabel": "Badminton"}]))
        (note,) = [note for note in loaded.notes if "no pathway takes" in note]
        assert "Badminton (1)" in note and "[opportunities.activities]" in note

    def test_a_scenario_adds_and_takes_away(self, tmp_path):
        told = Activities.for_pathways(PATHWAYS, {"badminton": ("gentle_activity",), "YOGA": ()})
        assert told.find({"prefLabel": "Badminton"}).pathways == ("gentle_activity",)
        yoga = {"id": "https://openactive.io/activity-list#bf1a5e00-cdcf-465d-8c5a-6f57040b7f7e", "prefLabel": "Yoga"}
        assert told.find(yoga).pathways == () and told.find({"prefLabel": "Yoga"}).pathways == ()
        number = "https://openactive.io/activity-list#c0360db0-a817-4bae-9167-40f89b49fc9e"
        told = Activities.for_pathways(PATHWAYS, {number: ("dance",)})
        assert told.find({"id": number}).pathways == ("dance",)

    def test_every_entry_is_whole(self):
        told = load_default("activities")
        labels = [normal_label(text) for entry in told.values() for text in (entry["label"], *entry.get("also", ()))]
        assert len(labels) == len(set(labels)), "a label stands for one concept"
        ids = [entry["id"] for entry in told.values() if "id" in entry]
        assert len(ids) == len(set(ids))
        for name, entry in told.items():
            assert sum(key in entry for key in ("pathways", "broader", "venue_type")) == 1, name
            assert set(entry) <= {"label", "also", "id", "ends_with", "pathways", "broader", "venue_type"}, name
            assert set(entry.get("pathways", ())) <= set(PATHWAYS), name
            assert "broader" not in entry or "pathways" in told[entry["broader"]], name
        served = {pathway for entry in told.values() for pathway in entry.get("pathways", ())}
        assert served == set(PATHWAYS)

    @pytest.mark.parametrize(
        ("text", "said"),
        [('"Golf" = ["gentle"]', "names the pathway 'gentle'"), ('"--" = []', "is no activity"), ("Golf = 3", "Golf")],
    )
    def test_a_scenario_that_is_wrong(self, tmp_path, text, said):
        path = tmp_path / "s.toml"
        period = "[period]\nstart = 2026-10-01\nend = 2027-03-31\nas_of = 2026-07-01\n"
        path.write_text(
            f'name = "x"\n[data]\nfolder = "d"\n[bank]\npath = "b"\n{period}[opportunities.activities]\n{text}\n'
        )
        with pytest.raises(ConfigError, match="opportunities") as error:
            Scenario.from_toml(path)
        assert said in str(error.value)


class TestFiles:
    def page(self, *items: dict[str, Any]) -> dict[str, Any]:
        return {"items": list(items), "next": "https://x.org/f", "license": ""}

    def entry(self, modified: int, **more: Any) -> dict[str, Any]:
        return {"state": "updated", "kind": "SessionSeries", "id": "1", "modified": modified, "data": series(), **more}

    def test_a_saved_page(self, tmp_path):
        deleted = {"state": "deleted", "kind": "SessionSeries", "id": "2", "modified": 1}
        path = tmp_path / "openactive.json"
        path.write_text(json.dumps(self.page(self.entry(1), self.entry(3, data=series(name="New")), deleted)))
        loaded = load_openactive(path, context())
        assert one_row(loaded)[F.opportunity_name] == "New"
        assert fates(loaded) == {"used": 1, "an older state of the same item": 1, "deleted by its publisher": 1}

    def test_json_lines_and_a_line_that_is_broken(self, tmp_path):
        path = tmp_path / "openactive.jsonl"
        path.write_text(json.dumps(series()) + "\n{broken\n\n" + json.dumps(self.entry(1, data=series("s2"))) + "\n")
        loaded = load_openactive(path, context())
        assert len(loaded.frame) == 2
        assert fates(loaded) == {"used": 2, "it is cut short, nested too deeply, or no JSON": 1}

    def test_a_harvest_tells_where_it_is_from(self, tmp_path):
        feed = Feed(url="https://x.org/feed", looked="2026-07-20T08:00:00+00:00", license="https://cc.org/by")
        feed.take(read_item(self.entry(1)))
        path = tmp_path / "openactive.json"
        path.write_bytes(write_feeds([feed]))
        loaded = load_openactive(path, context())
        assert loaded.vintage == "harvested 20 July 2026"
        assert "from https://x.org/feed, licence https://cc.org/by; it was not read to its last page" in loaded.notes[0]

    @pytest.mark.parametrize(
        "text",
        ["", "<!doctype html><html>", "{", "[]", "{}", "3", '"x"', '{"items": []}', "[" * 99_999, '{"a": 1}\n{"b": 2}',
         '[{"@type": "Place"}]', "null", '{"format": "geomap harvest of OpenActive", "version": 9}'],
    )  # fmt: skip
    def test_a_file_that_is_none(self, tmp_path, text):
        path = tmp_path / "openactive.json"
        path.write_text(text)
        with pytest.raises(DataError) as error:
            load_openactive(path, context())
        assert str(error.value).startswith("openactive.json: ")

    def test_a_harvest_of_nothing_is_no_fault(self, tmp_path):
        path = tmp_path / "openactive.json"
        path.write_bytes(write_feeds([Feed(url="https://x.org/feed", complete=True)]))
        assert load_openactive(path, context()).frame.empty

    def test_other_kinds_are_accounted_for(self, tmp_path):
        loaded = load(
            tmp_path, series(), {"@type": "Route", "name": "Lane"}, {"@type": "oa:Order"}, {"name": "nothing"}
        )
        assert fates(loaded) == {"used": 1, "another kind of item": 2, "it does not say what it is": 1}
        assert any("Order (1); Route (1)" in note for note in loaded.notes)
        assert list(loaded.accounting[A.status]).count("rejected") == 1

    def test_the_same_id_twice(self, tmp_path):
        loaded = load(tmp_path, series(), {**series(), "@type": "Event", "startDate": "2026-09-09"})
        assert len(loaded.frame) == 1 and "another item of the same id in the file" in fates(loaded)


HOSTILE = [
    "{{7*7}}",
    "{% x %}",
    "<script>alert(1)</script>",
    "=1+1",
    "\x00\x1b[31m\ud800",
    "‮evil",
    "x" * 3_000,
    "",
    " ",
    "NA",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_text_or_rejected(tmp_path, text):
    told = series(name=text, activity=[text], organizer={"@type": "Organization", "name": text}, identifier=text)
    told["location"] = {"name": text, "address": text, "geo": {"latitude": text, "longitude": text}}
    loaded = load(tmp_path, told, series("other"))
    assert "https://x.org/other" in set(loaded.frame[F.opportunity_id])
    everything = loaded.frame.to_csv() + loaded.accounting.to_csv() + "".join(loaded.notes)
    everything.encode()
    assert "\x00" not in everything and "\x1b" not in everything


LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.sampled_from(
    ["", "2026-09-01", "2026-09-01T10:00Z", "https://x.org/s1", "LS5 3BP", "Yoga", "Organization", "\ud800", "a" * 9999]
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["@type", "@id", "name", "activity", "prefLabel", "location", "geo", "latitude", "longitude", "address",
         "postalCode", "superEvent", "organizer", "ageRange", "minValue", "startDate", "endDate", "subEvent"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Slot", "Event", "SessionSeries", "Course", "X"]), ANYTHING), max_size=5))
def test_hostile_items_are_accounted_for_and_never_a_traceback(tmp_path_factory, told):
    items = [{"@type": kind, **(value if isinstance(value, dict) else {"name": value})} for kind, value in told]
    loaded = load(tmp_path_factory.mktemp("x"), series("sound"), *items)
    assert "https://x.org/sound" in set(loaded.frame[F.opportunity_id])


@pytest.mark.slow
def test_a_run_reads_it_with_the_day_and_the_activities_of_its_scenario(tmp_path):
    demo = demo_scenario()
    text = demo.read_text(encoding="utf-8")
    path = tmp_path / "run.toml"
    path.write_text(text + '\n[opportunities.activities]\n"Dominoes" = ["mental_wellbeing"]\n', encoding="utf-8")
    feed = tmp_path / "openactive.json"
    feed.write_text(json.dumps([series(activity="Dominoes"), session("a"), session("b", startDate="2026-06-30")]))
    scenario = Scenario.from_toml(path, data=demo.parent / "official", bank=demo.parent / "bank")
    files = {**scenario.data.files, "openactive": str(feed)}
    scenario = scenario.model_copy(update={"data": scenario.data.model_copy(update={"files": files})})
    inputs = load_inputs(scenario)
    row = inputs.tables["openactive"].iloc[0]
    assert (row[F.pathways], row[F.sessions]) == ("mental_wellbeing", 1)
    assert any(what.startswith("Activities and facilities: OpenActive") for what, _, _ in inputs.sources)


def test_postcodes_are_found_whole():
    assert find_postcode("", "Hall, LEEDS ls53bp, UK") == "LS5 3BP"
    assert find_postcode("LS5") == find_postcode("ABCLS5 3BPX") == find_postcode() == ""
