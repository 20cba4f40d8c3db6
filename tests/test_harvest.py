"""Harvesting RPDE feeds: to their end, again from there, and through everything that a feed can do wrong."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rpde_server import Answer, Server, serve
from typer.testing import CliRunner

from geomap import cli
from geomap.errors import ConfigError, DataError
from geomap.load.harvested import load_feeds
from geomap.load.openactive import load_openactive
from geomap.openactive.feed import Feed
from geomap.openactive.harvest import Harvest, HarvestLimits
from geomap.openactive.items import ItemError, tidy_item
from geomap.openactive.rpde import order_of, page_key, read_item, read_page
from geomap.openactive.store import read_feeds, write_feeds
from geomap.pipeline._harvest import harvest
from geomap.web import Web, WebLimits

CC_BY = "https://creativecommons.org/licenses/by/4.0/"
QUICK = WebLimits(tries=3, silence_seconds=2.0)


@pytest.fixture
def server():
    with serve() as found:
        yield found


def item(number: int | str, modified: Any, name: str = "", **more: Any) -> dict[str, Any]:
    data = {"@type": "SessionSeries", "@id": f"https://x.org/{number}", "name": name or f"Series {number}"}
    return {"state": "updated", "kind": "SessionSeries", "id": number, "modified": modified, "data": data, **more}


def gone(number: int | str, modified: Any) -> dict[str, Any]:
    return {"state": "deleted", "kind": "SessionSeries", "id": number, "modified": modified}


def names(feed: Feed) -> dict[str, str]:
    return {item.id: item.data["name"] for item in feed.live}


def ask(server: Server, out: Path, **limits: Any):
    """Harvest `/feed` without waiting."""
    web = Web(QUICK, sleep=lambda seconds: None)
    return harvest([f"{server.url}/feed"], out, limits=HarvestLimits(**limits), web=web)


class TestToTheEnd:
    def test_pages_deletions_and_late_changes(self, server, tmp_path):
        server.pages(
            {
                "/feed": ([item(1, 1), item(2, 2)], "/feed?after=2"),
                "/feed?after=2": ([], "/feed?after=2b"),  # filtered: empty, and yet not the last
                "/feed?after=2b": ([gone(1, 3), item(2, 4, "changed")], "/feed?after=4"),
                "/feed?after=4": ([], "/feed?after=4"),
            }
        )
        (told,) = ask(server, tmp_path / "o.json").told
        assert names(told.feed) == {"2": "changed"}
        assert told.feed.complete and not told.faults and not told.notes
        assert (told.pages, told.received) == (4, 4)
        assert told.feed.license == CC_BY
        assert server.asked == ["/feed", "/feed?after=2", "/feed?after=2b", "/feed?after=4"]

    def test_a_second_harvest_asks_only_for_what_changed(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 1), item(2, 2)], "/feed?a=2"), "/feed?a=2": ([], "/feed?a=2")})
        ask(server, out)
        server.asked.clear()
        server.pages({"/feed?a=2": ([gone(1, 3), item(3, 4)], "/feed?a=4"), "/feed?a=4": ([], "/feed?a=4")})
        (told,) = harvest([], out).told
        assert server.asked == ["/feed?a=2", "/feed?a=4"]
        assert set(names(told.feed)) == {"2", "3"}

    def test_a_deletion_outlasts_an_older_state_that_comes_late(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 5), gone(1, 9)], "/feed?a=9"), "/feed?a=9": ([], "/feed?a=9")})
        ask(server, out)
        server.pages({"/feed?a=9": ([item(1, 7, "old")], "/feed?a=7"), "/feed?a=7": ([], "/feed?a=7")})
        (told,) = ask(server, out).told
        assert names(told.feed) == {}

    def test_the_same_harvest_twice_is_the_same_file_but_for_its_time(self, server, tmp_path):
        server.pages({"/feed": ([item(2, 2), item(1, 1)], "/feed?a"), "/feed?a": ([], "/feed?a")})
        files = []
        for name in ("a.json", "b.json"):
            ask(server, tmp_path / name)
            document = json.loads((tmp_path / name).read_text())
            document["feeds"][0].pop("looked")
            files.append(json.dumps(document))
        assert files[0] == files[1]

    def test_feeds_that_are_not_asked_are_kept(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 1)], "/feed"), "/other": ([], "/other")})
        ask(server, out)
        harvested = harvest([f"{server.url}/other"], out)
        assert [feed.url for feed in harvested.kept] == [f"{server.url}/feed"]
        assert [names(feed) for feed in load_feeds(out)] == [{"1": "Series 1"}, {}]

    def test_what_names_people_is_not_in_the_file(self, server, tmp_path):
        out = tmp_path / "o.json"
        told = item(1, 1)
        told["data"] |= {
            "leader": {"@type": "Person", "name": "Ada Lovelace"},
            "contributor": [{"name": "Alan Turing"}],
            "contactPoint": {"email": "grace@example.org", "telephone": "01632 960001"},
            "organizer": {"@type": "Person", "name": "Grace Hopper"},
            "provider": {"@type": "schema:Organization", "name": "Park Trust", "employee": {"name": "Tim"}},
            "description": "Call Mary Jackson",
        }
        server.pages({"/feed": ([told], "/feed")})
        ask(server, out)
        text = out.read_text()
        assert "Park Trust" in text
        for name in ("Lovelace", "Turing", "grace@", "01632", "Hopper", "Tim", "Mary"):
            assert name not in text


class TestBackOff:
    def test_429_and_503_are_waited_for(self, server, tmp_path):
        left = [Answer(status=429, headers={"Retry-After": "9"}), Answer(status=503)]
        server.route = lambda path: left.pop(0) if left else server.page([item(1, 1)], "/feed")
        waits: list[float] = []
        harvested = harvest([f"{server.url}/feed"], tmp_path / "o.json", web=Web(QUICK, sleep=waits.append))
        assert waits == [9.0, 2.0] and not harvested.faults

    def test_a_feed_that_fails_half_way_goes_on_from_there(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 1)], "/feed?a=1")})
        server_pages = server.route
        server.route = lambda path: Answer(status=503) if "a=1" in path else server_pages(path)
        harvested = ask(server, out)
        assert "503" in str(harvested.faults[0]) and harvested.written
        assert not load_feeds(out)[0].complete
        server.asked.clear()
        server.pages({"/feed?a=1": ([item(2, 2)], "/feed?a=2"), "/feed?a=2": ([], "/feed?a=2")})
        (told,) = ask(server, out).told
        assert server.asked == ["/feed?a=1", "/feed?a=2"]
        assert set(names(told.feed)) == {"1", "2"} and told.feed.complete

    def test_one_feed_that_is_not_there_does_not_keep_the_others(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 1)], "/feed")})
        web = Web(QUICK, sleep=lambda seconds: None)
        harvested = harvest([f"{server.url}/none", f"{server.url}/feed"], out, web=web)
        assert ["404" in str(fault) for fault in harvested.faults] == [True]
        assert [feed.url for feed in load_feeds(out)] == [f"{server.url}/feed"]

    def test_nothing_read_is_nothing_written(self, server, tmp_path):
        harvested = ask(server, tmp_path / "o.json")
        assert not harvested.written and list(tmp_path.iterdir()) == []

    def test_nothing_read_leaves_the_earlier_file_as_it_was(self, server, tmp_path):
        out = tmp_path / "o.json"
        server.pages({"/feed": ([item(1, 1)], "/feed?a"), "/feed?a": ([], "/feed?a")})
        ask(server, out)
        before = out.read_bytes()
        server.route = lambda path: Answer(status=500)
        ask(server, out)
        assert out.read_bytes() == before

    def test_a_page_that_is_cut_short_is_asked_again(self, server, tmp_path):
        whole = server.page([item(1, 1)], "/feed").body
        left = [Answer(whole, cut=20), Answer(whole[:-20]), Answer(whole)]
        server.route = lambda path: left.pop(0)
        (told,) = ask(server, tmp_path / "o.json").told
        assert names(told.feed) == {"1": "Series 1"} and not told.faults

    def test_a_week_later_it_is_read_from_its_first_page_again(self, server, tmp_path):
        """Deleted items stay in a feed for seven days; after that they would never be missed."""
        server.pages({"/feed": ([item(1, 1), item(2, 2)], "/feed?a"), "/feed?a": ([], "/feed?a")})
        start, now = datetime(2026, 7, 1, tzinfo=UTC), [datetime(2026, 7, 1, tzinfo=UTC)]
        with Web(QUICK) as web:
            reader = Harvest(web, now=lambda: now[0])
            feed = reader.read(Feed(url=f"{server.url}/feed")).feed
            server.pages({"/feed": ([item(2, 2)], "/feed?a"), "/feed?a": ([], "/feed?a")})
            now[0] = start + timedelta(days=7)
            assert set(names(reader.read(feed).feed)) == {"1", "2"}
            now[0] = start + timedelta(days=7, seconds=1)
            told = reader.read(feed)
            assert set(names(told.feed)) == {"2"} and told.again and "7 days" in told.notes[0]
            server.route = lambda path: Answer(status=500) if path == "/feed?a" else server.page([], "/feed?a")
            told = Harvest(Web(WebLimits(tries=1)), now=lambda: now[0]).read(feed)
            assert set(names(told.feed)) == {"1", "2"} and told.faults and "is kept" in told.notes[-1]


class TestWrongFeeds:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"<!DOCTYPE html><html><body>Not found</body></html>", "a web page"),
            (b"", "nothing came"),
            (b'{"items": [', "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b'{"items": {}}', "no page of RPDE"),
            (b"[1, 2]", "no page of RPDE"),
            (b'"text"', "no page of RPDE"),
            (b'{"items": [], "next": ' + b"9" * 5_000 + b"}", "not JSON"),
            (b"\xff\xfe\x00", "not JSON"),
        ],
    )
    def test_a_page_that_is_none(self, server, tmp_path, body, said):
        server.route = lambda path: Answer(body)
        harvested = ask(server, tmp_path / "o.json")
        assert said in str(harvested.faults[0]) and "RPDE feed" in str(harvested.faults[0])
        assert len(server.asked) <= 2 and not harvested.written

    def test_pages_that_lead_round_in_a_ring(self, server, tmp_path):
        server.pages({"/feed": ([item(1, 1)], "/b"), "/b": ([item(2, 2)], "/c"), "/c": ([item(3, 3)], "/b#x")})
        harvested = ask(server, tmp_path / "o.json")
        assert "round in a ring" in str(harvested.faults[0]) and len(server.asked) == 3
        assert len(harvested.told[0].feed.live) == 3

    def test_a_last_page_that_is_not_empty_is_taken_as_the_last(self, server, tmp_path):
        server.pages({"/feed": ([item(1, 1)], "/feed")})
        (told,) = ask(server, tmp_path / "o.json").told
        assert told.feed.complete and "not empty" in told.notes[0] and not told.faults

    def test_a_page_without_a_next_one(self, server, tmp_path):
        server.route = lambda path: Answer(json.dumps({"items": [item(1, 1)]}).encode())
        harvested = ask(server, tmp_path / "o.json")
        assert "names no next one" in str(harvested.faults[0]) and names(harvested.told[0].feed)

    def test_another_host_is_followed_only_when_asked(self, server, tmp_path):
        with serve() as other:
            other.pages({"/b": ([item(2, 2)], "/b")})
            server.route = lambda path: server.page([item(1, 1)], f"{other.url}/b")
            harvested = ask(server, tmp_path / "o.json")
            assert "another host" in str(harvested.faults[0]) and "--other-hosts" in str(harvested.faults[0])
            assert other.asked == []
            harvested = ask(server, tmp_path / "p.json", other_hosts=True)
            assert other.asked == ["/b"] and not harvested.faults

    def test_never_from_https_to_http(self):
        from geomap.openactive.harvest import _judge_next

        page = read_page(json.dumps({"items": [], "next": "http://x.org/2"}).encode(), "https://x.org/1")
        for other_hosts in (False, True):
            ended, wrong = _judge_next(page, "https://x.org/1", set(), "https://x.org/1", other_hosts)
            assert ended and "not protected" in str(wrong)

    def test_items_that_cannot_be_read_are_counted_by_reason(self, server, tmp_path):
        out = tmp_path / "o.json"
        bad = [
            "text", {}, {"state": "updated", "id": 1}, gone("", 1), {**item(1, 1), "state": "new"}, item(True, 1),
            item(5, [1]), item(6, 1, data="text"), item("x" * 2_000, 1),
            item(7, 1, data={"@type": "Event", "name": "y" * 3_000}),
        ]  # fmt: skip
        nested: Any = {}
        for _ in range(9):
            nested = {"@type": "Event", "superEvent": nested}
        server.pages({"/feed": ([*bad, item(8, 1, data=nested), item(9, 1)], "/feed")})
        (told,) = ask(server, out).told
        assert names(told.feed) == {"9": "Series 9"}
        assert sum(told.feed.unreadable.values()) == 11 and told.received == 12
        assert load_feeds(out)[0].unreadable == told.feed.unreadable
        assert any("11 items could not be read" in note for note in load_openactive(out).notes)


class TestCaps:
    def endless(self, server: Server) -> None:
        server.route = lambda path: server.page(
            [item(len(server.asked), len(server.asked))], f"/feed?{len(server.asked)}"
        )

    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            ({"pages": 5}, "5 pages"),
            ({"items": 5}, "5 items"),
            ({"total_bytes": 2_000}, "MB"),
            ({"seconds": 0.0}, "0 seconds"),
        ],
    )
    def test_each_ends_the_harvest_and_leaves_the_rest_for_the_next(self, server, tmp_path, limits, said):
        self.endless(server)
        (told,) = ask(server, tmp_path / "o.json", **limits).told
        assert said in told.notes[0] and "goes on from there" in told.notes[0]
        assert not told.feed.complete and not told.faults and len(server.asked) <= 20

    def test_the_next_harvest_goes_on(self, server, tmp_path):
        self.endless(server)
        for round in (1, 2, 3):
            (told,) = ask(server, tmp_path / "o.json", pages=5).told
            assert len(told.feed.live) == 5 * round
        assert len(set(server.asked)) == len(server.asked)

    def test_a_page_that_is_too_large(self, server, tmp_path):
        server.pages({"/feed": ([item(1, 1, "x" * 1_000)], "/feed")})
        web = Web(HarvestLimits(page_bytes=500).of_web())
        assert "larger than" in str(harvest([f"{server.url}/feed"], tmp_path / "o.json", web=web).faults[0])


class TestTheFile:
    def test_what_is_written_is_read_back(self):
        feed = Feed(url="https://x.org/f", next="https://x.org/g", license=CC_BY, looked="2026-07-01T00:00:00+00:00")
        feed.complete, feed.unreadable = True, {"it has no id": 3}
        for entry in (item(1, "2026-07-01T00:00:00Z"), item(2, 2**60), item(3, 1.5), gone(4, None)):
            feed.take(read_item(entry))
        data = write_feeds([feed])
        (back,), unread = read_feeds(json.loads(data), "o.json")
        assert back == feed and unread == []
        assert write_feeds([back]) == data
        assert json.loads(write_feeds([]))["items"] == []

    @pytest.mark.parametrize(
        "change",
        [
            {"version": 2}, {"format": "another"}, {"feeds": None}, {"items": 3}, {"feeds": [1]}, {"feeds": [{}]},
            {"feeds": [{"url": "a"}, {"url": "a"}]}, {"items": [{"feed": 5}]}, {"items": [3]}, {"items": [{"feed": 0}]},
        ],
    )  # fmt: skip
    def test_a_file_that_was_changed_is_refused_and_stays(self, tmp_path, server, change):
        document = json.loads(write_feeds([Feed(url="https://x.org/f")])) | change
        out = tmp_path / "o.json"
        out.write_text(json.dumps(document))
        with pytest.raises(DataError, match="harvest again"):
            harvest([f"{server.url}/feed"], out)
        assert json.loads(out.read_text()) == document and server.asked == []

    def test_without_a_feed_and_without_a_file(self, tmp_path):
        with pytest.raises(ConfigError, match="Give the address of a feed"):
            harvest([], tmp_path / "o.json")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], int]:
    """States of a few items, each with a `modified` of its own, some sent twice; and a seed to shuffle them by."""
    stamps = draw(st.lists(st.integers(0, 2**60), min_size=1, max_size=25, unique=True))
    kinds = draw(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=len(stamps), max_size=len(stamps)))
    states = [
        gone(number, stamp) if deleted else item(number, str(stamp) if stamp % 2 else stamp, f"at {stamp}")
        for stamp, (number, deleted) in zip(stamps, kinds, strict=True)
    ]
    again = draw(st.lists(st.sampled_from(states), max_size=5))
    return [*states, *again], draw(st.integers(0, 10_000))


class _Pages:
    """In place of the network: pages of items, which end with an empty one."""

    def __init__(self, pages: list[list[dict[str, Any]]]) -> None:
        self.pages = pages

    def get(self, url: str, **_: Any) -> Any:
        at = int(url.rpartition("=")[2]) if "=" in url else 0
        following = min(at + 1, len(self.pages))
        items = self.pages[at] if at < len(self.pages) else []
        body = json.dumps({"items": items, "next": f"https://x.org/f?p={following}", "license": CC_BY}).encode()
        return type("Page", (), {"body": body})


@settings(max_examples=150, deadline=None)
@given(histories(), st.integers(1, 6), st.integers(1, 9))
def test_whatever_the_order_of_pages_the_latest_state_wins(history, size, cap):
    """Shuffled, repeated, cut into pages of any size, and stopped after any of them: the model is the latest state."""
    states, seed = history
    latest = {}
    for state in sorted(states, key=lambda state: int(state["modified"])):
        latest[str(state["id"])] = state
    model = {key: state["data"]["name"] for key, state in latest.items() if state["state"] == "updated"}
    random.Random(seed).shuffle(states)
    web = _Pages([states[at : at + size] for at in range(0, len(states), size)])
    feed = Feed(url="https://x.org/f")
    for _ in range(len(web.pages) + 2):
        feed = Harvest(web, HarvestLimits(pages=cap)).read(feed).feed
        (feed,), unread = read_feeds(json.loads(write_feeds([feed])), "o.json")
        assert not unread
        if feed.complete:
            break
    assert feed.complete and names(feed) == model


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "@type",
                    "type",
                    "@id",
                    "id",
                    "name",
                    "activity",
                    "location",
                    "geo",
                    "latitude",
                    "longitude",
                    "address",
                    "postalCode",
                    "superEvent",
                    "subEvent",
                    "organizer",
                    "ageRange",
                    "minValue",
                    "startDate",
                    "eventSchedule",
                    "beta:virtualLocation",
                    "https://schema.org/name",
                    "facilityUse",
                    "individualFacilityUse",
                    "programme",
                ]
            ),  # fmt: skip
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_an_item_is_tidied_once_and_for_all_or_refused(data):
    try:
        tidy = tidy_item(data)
    except ItemError:
        return
    assert tidy_item(tidy) == tidy
    json.dumps(tidy, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_a_page_of_anything_is_read_or_refused(value):
    body = json.dumps({"items": [value, {"state": "updated", "id": 1, "data": value}], "next": value}).encode()
    page = read_page(body, "https://x.org/f")
    assert len(page.items) + len(page.unreadable) == 2


def test_modified_is_compared_as_it_is_meant():
    told = [None, 3, 3.5, "4", 10, "11", 2**53, 2**53 + 1, str(2**53 + 2), "2020-01-01", "2021-01"]
    assert [order_of(one) for one in told] == sorted(order_of(one) for one in told)
    assert len({order_of(one) for one in told}) == len(told)
    assert order_of("9" * 10_000) > order_of(10**300)


def test_addresses_of_one_page_are_alike():
    assert page_key("HTTPS://X.org:443/a?b#c") == page_key("https://x.org/a?b")
    assert page_key("http://x.org") == page_key("http://x.org:80/")
    assert page_key("http://x.org/A") != page_key("http://x.org/a")


class TestCommand:
    def run(self, *arguments: str):
        return CliRunner().invoke(cli.app, ["harvest", *arguments])

    def test_it_says_what_came_and_from_where_and_under_which_licence(self, server, tmp_path):
        out = tmp_path / "official" / "openactive.json"
        server.pages({"/feed": ([item(1, 1), gone(2, 2)], "/feed?a"), "/feed?a": ([], "/feed?a")})
        done = self.run(f"{server.url}/feed", "--out", str(out))
        assert done.exit_code == 0, done.output
        assert f"{server.url}/feed: 2 pages with 2 items; 1 item held; its last page was reached." in done.output
        assert f"Licence: {CC_BY}" in done.output and f"Wrote {out}" in done.output
        assert self.run("--out", str(out)).exit_code == 0

    def test_a_feed_without_a_licence_is_told_of(self, server, tmp_path):
        server.route = lambda path: server.page([], "/feed", license="")
        done = self.run(f"{server.url}/feed", "--out", str(tmp_path / "o.json"))
        assert "is not stated" in done.output and "Ask its publisher" in done.output

    def test_a_feed_that_fails_ends_with_its_exit_code(self, server, tmp_path):
        done = self.run(f"{server.url}/none", "--out", str(tmp_path / "o.json"))
        assert done.exit_code == 3 and "404" in done.output and "Traceback" not in done.output
        assert not (tmp_path / "o.json").exists()

    def test_pages_are_capped(self, server, tmp_path):
        TestCaps().endless(server)
        done = self.run(f"{server.url}/feed", "--pages", "2", "--out", str(tmp_path / "o.json"))
        assert done.exit_code == 0 and "2 pages are the most" in done.output and len(server.asked) == 2

    def test_without_a_feed(self, tmp_path):
        done = self.run("--out", str(tmp_path / "o.json"))
        assert done.exit_code == 2 and "Give the address of a feed" in done.output
