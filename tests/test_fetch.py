"""Fetching official files: from a server of this computer that serves them well, or fails in every usual way."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_server import (
    LocalServer,
    breaks_off,
    closed_port,
    endless,
    page,
    redirect,
    says,
    send,
    serve,
    stalls,
    status,
    without_length,
    zipped,
)
from official_files import OFFICIAL
from typer.testing import CliRunner

from geomap import cli
from geomap.config import load_default
from geomap.errors import ConfigError, OutputError
from geomap.fetch import guard, layer
from geomap.fetch.outcome import Haul, Outcome
from geomap.fetch.parts import WORK_NAME, sha256_of
from geomap.fetch.record import FETCHED_NAME, read_fetched
from geomap.fetch.sources import Source, name_of, read_sources
from geomap.load.find import find_sources, latest_date
from geomap.load.trial import read_source
from geomap.outputs import folder_lock
from geomap.pipeline import _fetch
from geomap.web import WebError, WebLimits

QUICK = WebLimits(
    connect_seconds=1.0, silence_seconds=0.3, seconds=5.0, tries=3, first_wait_seconds=0.01, most_wait_seconds=0.2,
    redirects=3, most_bytes=50_000_000,
)  # fmt: skip
GOOD = OFFICIAL["inactivity"].as_text().encode()
NEWER = GOOD.replace(b"2024/25", b"2025/26")
HTML = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>The page cannot be found.</body></html>"
FILE = "inactive_adults.csv"


class Quiet:
    """A watch that only remembers."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.bytes: list[tuple[int, int | None]] = []

    def start(self, text: str) -> None:
        self.steps.append(text)

    def moved(self, done: int, total: int | None) -> None:
        self.bytes.append((done, total))

    def ended(self, outcome: Outcome) -> None:
        self.steps.append(outcome.state)


class Shop:
    """Some sources whose addresses are those of a local server, and a folder to fetch them into."""

    def __init__(self, server: LocalServer, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.server, self.folder, self.watch = server, folder, Quiet()
        self.sources: dict[str, Source] = {}
        patch.setattr(_fetch, "read_sources", lambda: self.sources)

    def offer(self, source_id: str, answer: Callable, path: str = "", **changes: object) -> str:
        """One source at one address."""
        source = read_sources()[source_id]
        path = path or f"/{source.save_as}"
        self.server.answers[path] = answer
        plain = {"url": self.server.url(path), "links": (), "layer": "", "page": "https://example.org/page"}
        self.sources[source_id] = replace(source, **(plain | changes))
        return path

    def fetch(self, *only: str, limits: WebLimits = QUICK) -> Haul:
        return _fetch.fetch(self.folder, only, self.watch, limits)

    def one(self, answer: Callable, **changes: object) -> Outcome:
        """The table of inactivity from an answer."""
        self.offer("inactivity", answer, **changes)
        (outcome,) = self.fetch().outcomes
        return outcome

    @property
    def files(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with LocalServer() as server:
        yield Shop(server, tmp_path / "official", monkeypatch)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A good file is there already, fetched before."""
    assert shop.one(serve(GOOD)).state == "fetched"
    return shop


class TestGood:
    def test_the_file_its_record_and_nothing_else(self, shop):
        outcome = shop.one(serve(GOOD))
        assert (outcome.state, outcome.file, outcome.vintage, outcome.bytes) == ("fetched", FILE, "2024/25", len(GOOD))
        assert (shop.folder / FILE).read_bytes() == GOOD
        assert shop.files == {FILE, FETCHED_NAME}
        told = read_fetched(shop.folder)["inactivity"]
        assert told.url == shop.server.url(f"/{FILE}") and told.bytes == len(GOOD) and len(told.sha256) == 64
        assert told.mark.startswith('"') and told.fetched.endswith("+00:00") and told.is_whole(shop.folder)
        assert shop.watch.bytes[-1] == (len(GOOD), len(GOOD))

    def test_a_second_fetch_asks_only_what_changed(self, stocked):
        (outcome,) = stocked.fetch().outcomes
        assert outcome.state == "unchanged" and outcome.file == FILE
        first, second = stocked.server.headers_of(f"/{FILE}")
        mark = read_fetched(stocked.folder)["inactivity"].mark
        assert "if-none-match" not in first and second["if-none-match"] == mark
        assert stocked.one(serve(NEWER)).vintage == "2025/26"
        assert (stocked.folder / FILE).read_bytes() == NEWER

    def test_a_file_that_was_changed_or_taken_away_is_fetched_again(self, stocked):
        (stocked.folder / FILE).unlink()
        assert stocked.fetch().outcomes[0].state == "fetched"
        (stocked.folder / FETCHED_NAME).write_text("[broken", encoding="utf-8")
        assert stocked.fetch("inactivity").outcomes[0].state == "fetched"

    def test_a_file_saved_by_hand_is_left_unless_it_is_named(self, shop):
        shop.folder.mkdir()
        (shop.folder / FILE).write_bytes(NEWER)
        assert shop.one(serve(GOOD)).state == "own"
        assert (shop.folder / FILE).read_bytes() == NEWER and shop.server.asked == []
        assert shop.fetch("inactivity").outcomes[0].state == "fetched"
        assert (shop.folder / FILE).read_bytes() == GOOD

    def test_one_redirect_is_followed(self, shop):
        shop.server.answers["/there.csv"] = serve(GOOD)
        assert shop.one(redirect(shop.server.url("/there.csv"))).state == "fetched"

    def test_what_comes_packed_is_unpacked(self, shop):
        assert shop.one(zipped(GOOD)).state == "fetched"
        assert (shop.folder / FILE).read_bytes() == GOOD

    def test_a_file_of_another_name_is_told_where_a_run_reads_it_instead(self, shop):
        (shop.folder / "2030-01").mkdir(parents=True)
        (shop.folder / "2030-01" / FILE).write_bytes(NEWER)
        shop.offer("inactivity", serve(GOOD))
        (outcome,) = shop.fetch("inactivity").outcomes
        assert outcome.state == "fetched" and f"A run reads 2030-01/{FILE} instead" in outcome.why


class TestResume:
    def test_it_goes_on_where_it_broke_off(self, shop):
        more = b"".join(b"E0600%04d,A,UA,2024/25,Inactive adults,21.5,\r\n" % number for number in range(100, 1_000))
        body = GOOD + more
        assert shop.one(breaks_off(body, 20_000)).state == "fetched"
        assert (shop.folder / FILE).read_bytes() == body
        first, second = shop.server.headers_of(f"/{FILE}")
        assert "range" not in first
        assert 0 < int(second["range"].removeprefix("bytes=").rstrip("-")) <= 20_000
        assert second["if-range"].startswith('"')

    def test_the_next_command_goes_on_too(self, shop):
        assert shop.one(breaks_off(GOOD, 40, times=99)).state == "failed"
        assert not (shop.folder / FILE).exists() and f"{WORK_NAME}/inactivity.part" in shop.files
        had = (shop.folder / WORK_NAME / "inactivity.part").stat().st_size
        assert had > 0
        shop.server.asked.clear()
        assert shop.one(serve(GOOD)).state == "fetched"
        assert shop.server.headers_of(f"/{FILE}")[0]["range"] == f"bytes={had}-"
        assert (shop.folder / FILE).read_bytes() == GOOD and shop.files == {FILE, FETCHED_NAME}

    def test_another_file_is_not_put_behind_the_first_half(self, shop):
        """The publisher put a new edition there between two commands: its If-Range says so, and it comes whole."""
        assert shop.one(breaks_off(GOOD, 40, times=99)).state == "failed"
        assert shop.one(serve(NEWER)).state == "fetched"
        assert (shop.folder / FILE).read_bytes() == NEWER

    def test_a_server_that_sends_another_part_is_not_believed(self, shop):
        assert shop.one(breaks_off(GOOD, 40, times=99)).state == "failed"

        def liar(handler):
            if "Range" in handler.headers:
                send(handler, 206, GOOD[10:], Content_Range=f"bytes 10-{len(GOOD) - 1}/{len(GOOD)}")
            else:
                serve(GOOD)(handler)

        assert shop.one(liar).state == "fetched"
        assert (shop.folder / FILE).read_bytes() == GOOD

    def test_a_part_as_long_as_the_file_begins_again(self, shop):
        assert shop.one(breaks_off(GOOD, 40, times=99)).state == "failed"
        (shop.folder / WORK_NAME / "inactivity.part").write_bytes(GOOD)
        assert shop.one(serve(GOOD)).state == "fetched"
        assert (shop.folder / FILE).read_bytes() == GOOD


def _zip(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


BAD = {
    "a page of HTML under .csv": (serve(HTML), "web page"),
    "another table": (serve(OFFICIAL["qof"].as_text().encode()), "missing"),
    "a workbook under .csv": (serve(b"PK\3\4" + b"\0" * 400), ""),
    "an empty file": (serve(b""), "empty"),
    "more told than sent": (says(GOOD, len(GOOD) + 500), "broke off"),
    "lost each time": (breaks_off(GOOD, 10, times=99), "broke off"),
    "silence in the middle": (stalls(GOOD, 1.0), "stopped answering"),
    "not found": (status(404), "404"),
    "forbidden": (status(403), "403"),
    "always busy": (status(503), "503"),
    "in a circle": (redirect("/another.csv"), "more than 3 times"),
    "to a file": (redirect("file:///etc/hostname"), "no address of the web"),
    "to nowhere": (redirect("gopher://example.org/x"), "no address of the web"),
    "too large, and says so": (says(b"x" * 10, 4_000_000), "larger than 3 MB"),
    "too large, and does not": (endless(), "larger than 3 MB"),
}


class TestBad:
    @pytest.mark.parametrize("how", BAD)
    def test_a_bad_answer_never_takes_the_place_of_a_good_file(self, stocked, how):
        answer, said = BAD[how]
        # The mark of the first file is not that of this one, so that it is asked for as a whole.
        outcome = stocked.one(answer, path="/another.csv", most_mb=3)
        assert outcome.state == "failed" and outcome.file == FILE
        assert said in outcome.why
        assert (stocked.folder / FILE).read_bytes() == GOOD
        assert {name for name in stocked.files if not name.startswith(WORK_NAME)} == {FILE, FETCHED_NAME}
        assert read_fetched(stocked.folder)["inactivity"].is_whole(stocked.folder)
        told = outcome.tell(stocked.folder)
        assert f"Open https://example.org/page and save {FILE} in {stocked.folder}." in told
        assert f"{FILE}, which is there, is kept" in told

    @pytest.mark.parametrize("how", ["a page of HTML under .csv", "too large, and does not"])
    def test_what_failed_leaves_nothing_behind(self, shop, how):
        shop.one(BAD[how][0], most_mb=3)
        assert shop.files <= {FETCHED_NAME}

    @pytest.mark.parametrize("cut", [200, 3_000], ids=["the head", "almost all"])
    @pytest.mark.parametrize("answer", [without_length, serve], ids=["no length told", "its own length told"])
    def test_a_zip_cut_short(self, shop, cut, answer):
        rows = [["PRACTICE_CODE", "GROUP_CODE", "REGISTER", "PATIENT_LIST_TYPE", "PRACTICE_LIST_SIZE"]]
        rows += [[f"A8{n:04}", "AF", str(n % 97), "TOTAL", "3000"] for n in range(900)]
        whole = _zip(("PREVALENCE_2425.csv", "\r\n".join(map(",".join, rows)).encode()))
        assert len(whole) > 3_000
        shop.offer("qof", answer(whole[:cut]), path="/QOF2425.zip")
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "failed" and "zip" in outcome.why and shop.files == set()
        shop.offer("qof", answer(whole), path="/QOF2425.zip")
        assert shop.fetch().outcomes[0].file == "QOF2425.zip"

    def test_a_server_that_is_busy_for_a_while_is_waited_for(self, shop):
        busy = status(429, times=1, then=status(503, times=1, then=serve(GOOD)), Retry_After="0")
        assert shop.one(busy).state == "fetched"
        assert shop.server.count(f"/{FILE}") == 3

    def test_nobody_waits_as_long_as_a_server_may_ask(self, shop):
        began = time.monotonic()
        assert shop.one(status(503, times=1, then=serve(GOOD), Retry_After="86400")).state == "fetched"
        assert 0.2 <= time.monotonic() - began < 5

    def test_what_is_gone_is_asked_for_once(self, shop):
        shop.one(status(404))
        assert shop.server.count(f"/{FILE}") == 1

    def test_the_others_are_fetched_all_the_same(self, shop):
        shop.offer("practice_map", serve(HTML))
        shop.offer("inactivity", serve(GOOD))
        shop.offer("qof", serve(OFFICIAL["qof"].as_text().encode()))
        assert [outcome.state for outcome in shop.fetch().outcomes] == ["failed", "fetched", "fetched"]

    def test_what_nobody_offers_for_download_is_left_to_the_planner(self, shop):
        shop.offer("active_places", serve(b""), url="", by_hand="Log in")
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "by_hand" and shop.server.asked == []
        told = outcome.tell(shop.folder)
        assert f"Open https://example.org/page. Log in, and save activeplacescsvs.zip in {shop.folder}." in told

    def test_a_table_of_which_no_row_can_be_used(self, shop):
        outcome = shop.one(serve(GOOD.replace(b"E0600000", b"E9600000")))
        assert outcome.state == "failed" and shop.files == set()

    def test_two_commands_do_not_write_to_one_folder(self, shop):
        shop.offer("inactivity", serve(GOOD))
        shop.folder.mkdir()
        with folder_lock(shop.folder), pytest.raises(OutputError, match="Another run is writing"):
            shop.fetch()


class TestOffline:
    def offline(self, shop: Shop) -> None:
        for number, key in enumerate(load_default("sources")):
            shop.offer(key, serve(b""), url=f"http://127.0.0.{number + 2}:{closed_port()}/file")

    def test_it_is_told_at_once_and_not_fifteen_times(self, shop):
        self.offline(shop)
        began = time.monotonic()
        haul = shop.fetch()
        assert time.monotonic() - began < 3
        states = [outcome.state for outcome in haul.outcomes]
        assert states == ["failed", "failed", *["offline"] * (len(shop.sources) - 2)]
        told = haul.tell()
        assert "seems to be offline" in told
        for source in shop.sources.values():
            assert source.gives in told
            assert source.required or source.without in told

    def test_one_publisher_who_is_away_is_asked_once(self, shop):
        away = f"http://127.0.0.1:{closed_port()}"
        shop.offer("practice_map", serve(b""), url=f"{away}/a")
        shop.offer("list_sizes", serve(b""), url=f"{away}/b")
        shop.offer("inactivity", serve(GOOD))
        outcomes = shop.fetch().outcomes
        assert [outcome.state for outcome in outcomes] == ["failed", "failed", "fetched"]
        assert outcomes[1].why == f"{away.removeprefix('http://')} cannot be reached."


def monthly(shop: Shop, *months: str) -> Source:
    """A series with a page of its own for each month, and the practice map on some of them."""
    body = OFFICIAL["practice_map"].as_text().encode()
    server = shop.server
    server.answers["/series"] = page(*(f"/series/{month}" for month in months), "/series/about", "/elsewhere")
    for number, month in enumerate(months):
        file = f"/{number:02X}/ABCDEF/gp-reg-pat-prac-map.csv"
        server.answers[file] = serve(body)
        server.answers[f"/series/{month}"] = page("/x/gp-reg-pat-prac-all.csv", server.url(file))
    links = (r'(/series/[a-z]+-20\d\d)["#?]', r'(http://127[^"]*/gp-reg-pat-prac-map[^"/]*\.(?:zip|csv))"')
    shop.offer("practice_map", serve(body), path="/unused", url="", links=links, page=server.url("/series"))
    return shop.sources["practice_map"]


class TestLinks:
    def test_the_newest_month_is_found_and_its_date_kept_in_the_name(self, shop):
        monthly(shop, "june-2026", "july-2026", "december-2025")
        (outcome,) = shop.fetch().outcomes
        assert (outcome.state, outcome.file) == ("fetched", "gp-reg-pat-prac-map_2026-07.csv")
        assert "/series/june-2026" not in [path for path, _ in shop.server.asked]

    def test_a_month_that_is_announced_only_is_passed_over(self, shop):
        monthly(shop, "june-2026", "july-2026", "august-2026", "september-2026")
        for month in ("august", "september"):
            shop.server.answers[f"/series/{month}-2026"] = page("/help")
        assert shop.fetch().outcomes[0].file == "gp-reg-pat-prac-map_2026-07.csv"

    def test_the_second_time_only_the_pages_are_asked_for(self, shop):
        monthly(shop, "july-2026")
        shop.fetch()
        shop.server.asked.clear()
        assert shop.fetch().outcomes[0].state == "unchanged"
        assert [path for path, _ in shop.server.asked] == ["/series", "/series/july-2026"]
        monthly(shop, "july-2026", "august-2026")
        haul = shop.fetch()
        assert haul.found["practice_map"].name == "gp-reg-pat-prac-map_2026-08.csv"

    def test_a_page_that_changed_its_links_is_told_with_what_to_do(self, shop):
        source = monthly(shop, "july-2026")
        shop.server.answers["/series/july-2026"] = page("/help")
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "failed" and "no link to gp-reg-pat-prac-map.zip is found there" in outcome.why
        assert source.instruct(str(shop.folder)) in outcome.tell(shop.folder)

    def test_a_page_is_asked_for_once_for_all_its_files(self, shop):
        links = monthly(shop, "july-2026").links
        lists = r'(http://127[^"]*/gp-reg-pat-prac-quin-age[^"/]*\.csv)"'
        series = {"url": "", "page": shop.server.url("/series"), "links": (links[0], lists)}
        shop.offer("list_sizes", serve(b""), path="/unused", **series)
        shop.fetch()
        assert shop.server.count("/series") == shop.server.count("/series/july-2026") == 1

    def test_the_shipped_links_find_what_publishers_have_on_their_pages(self):
        """Addresses as they were in August 2026; the two parts in hexadecimal change with each edition."""
        series = "/data-and-information/publications/statistical"
        known = {
            "practice_map": (f"{series}/patients-registered-at-a-gp-practice/july-2026",
                             "https://files.digital.nhs.uk/98/8142DB/gp-reg-pat-prac-map.zip"),
            "list_sizes": (f"{series}/patients-registered-at-a-gp-practice/july-2026",
                           "https://files.digital.nhs.uk/BB/362F1A/gp-reg-pat-prac-quin-age.zip"),
            "lsoa_lists": (f"{series}/patients-registered-at-a-gp-practice/april-2024",
                           "https://files.digital.nhs.uk/5C/704155/gp-reg-pat-prac-lsoa-male-female-Apr-24.zip"),
            "qof": (f"{series}/quality-and-outcomes-framework-achievement-prevalence-and-exceptions-data/2024-25",
                    "https://files.digital.nhs.uk/95/4708D7/QOF2425.zip"),
            "workforce": (f"{series}/primary-care-network-workforce/30-june-2026",
                          "https://files.digital.nhs.uk/A8/E524AA/PCNWFIndividualCSV.062026.zip"),
        }  # fmt: skip
        sources = read_sources()
        assert set(known) == {key for key, source in sources.items() if source.links}
        for key, (edition, file) in known.items():
            first, last = (_only_match(pattern, f'<a href="{url}">') for pattern, url in
                           zip(sources[key].links, (edition, file), strict=True))  # fmt: skip
            assert (first, last) == (edition, file)
            assert any(latest_date(edition.rpartition("/")[2]))


def _only_match(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text)
    return found


def feature_layer(count: int, *, page_size: int = 2_000, lost: int = 0, edited: int = 1) -> Callable:
    """A layer of points that gives so many at once, and may lose some."""

    def answer(handler) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        if not handler.path.partition("?")[0].endswith("/query"):
            told = {"editingInfo": {"lastEditDate": edited}}
        elif asked.get("returnCountOnly") == "true":
            told = {"count": count}
        else:
            start = int(asked["resultOffset"])
            size = min(page_size, int(asked["resultRecordCount"]))
            numbers = range(start, min(start + size, count - lost))
            places = [{"x": 430_000 + number, "y": 434_000} for number in numbers]
            codes = [{"LSOA21CD": f"E0103{number + 3_000:04}"} for number in numbers]
            told = {"features": [{"attributes": c, "geometry": p} for c, p in zip(codes, places, strict=True)]}
        send(handler, 200, json.dumps(told).encode(), Content_Type="application/json")

    return answer


class TestLayers:
    def offer(self, shop: Shop, answer: Callable) -> None:
        shop.offer("lsoa_points", answer, path="/layer/0/query", url="", layer=shop.server.url("/layer/0"))
        shop.server.answers["/layer/0"] = answer

    def test_every_feature_comes_page_by_page(self, shop):
        self.offer(shop, feature_layer(4_500))
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "fetched" and outcome.file == "LSOA_PopCentroids_EW_2021.csv"
        with (shop.folder / outcome.file).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 4_500 and rows[0] == {"LSOA21CD": "E01033000", "x": "430000", "y": "434000"}
        assert shop.server.count("/layer/0/query") == 1 + 3
        assert shop.fetch().outcomes[0].state == "unchanged"
        self.offer(shop, feature_layer(4_501, edited=2))
        assert shop.fetch().outcomes[0].state == "fetched"

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (feature_layer(4_500, lost=3), "4,497 of its 4,500 features came"),
            (feature_layer(4_500, page_size=1_000), "features came"),
            (feature_layer(0), "tells 0 features"),
            (serve(b'{"error": {"code": 400, "message": "Invalid URL"}}'), "Invalid URL"),
            (serve(HTML), "no JSON"),
        ],
        ids=["some lost", "shorter pages than asked for", "none", "an error with status 200", "a page of HTML"],
    )
    def test_a_layer_that_is_not_whole_is_not_taken(self, shop, answer, said):
        self.offer(shop, answer)
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "failed" and said in outcome.why

    def test_outlines_come_as_geojson_that_the_loader_reads(self, shop):
        def answer(handler) -> None:
            if "/query" not in handler.path:
                told: dict = {}
            elif "returnCountOnly" in handler.path:
                told = {"count": 2}
            else:
                told = {"type": "FeatureCollection", "features": [_square("E54000054", 0), _square("E54000008", 1)]}
            send(handler, 200, json.dumps(told).encode())

        shop.offer("boundaries", answer, path="/icb/0/query", url="", layer=shop.server.url("/icb/0"))
        shop.server.answers["/icb/0"] = answer
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "fetched", outcome.why
        assert read_source("boundaries", shop.folder / outcome.file).frame["level"].tolist() == ["icb", "icb"]

    def test_pages_are_no_larger_than_the_services_give(self):
        assert layer.PAGE_FEATURES == 2_000


def _square(code: str, place: int) -> dict:
    west = -2.0 + 0.2 * place
    ring = [[west, 53.5], [west + 0.1, 53.5], [west + 0.1, 53.6], [west, 53.6], [west, 53.5]]
    properties = {"ICB26CD": code, "ICB26CDH": f"QW{place}", "ICB26NM": f"NHS {code}"}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


class TestGuard:
    @pytest.mark.parametrize(
        "to",
        ["https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.5/x", "https://[::1]/x", "https://192.168.1.1/x",
         "https://169.254.169.254/latest/meta-data", "https://printer.local/", "http://example.org/x",
         "ftp://example.org/x"],
    )  # fmt: skip
    def test_the_web_does_not_lead_into_the_users_own_network(self, monkeypatch, to):
        _no_names(monkeypatch)
        with pytest.raises(WebError):
            guard.guard("https://files.example.org/a", to)

    def test_a_name_that_means_an_address_of_the_own_network(self, monkeypatch):
        _no_names(monkeypatch, {"evil.example.org": "10.1.2.3"})
        with pytest.raises(WebError, match="your own network"):
            guard.guard("https://files.example.org/a", "https://evil.example.org/x")

    def test_what_may_be_followed(self, monkeypatch):
        _no_names(monkeypatch)
        for was, to in (
            ("https://files.example.org/a", "https://cdn.example.net/a"),
            ("http://127.0.0.1:8000/a", "http://127.0.0.1:9000/b"),
        ):
            assert guard.guard(was, to) is None
        with pytest.raises(WebError):
            guard.guard("https://files.example.org/a", "http://127.0.0.1:9000/b")

    def test_a_link_on_a_page_is_judged_as_a_redirect_is(self, shop, monkeypatch):
        monthly(shop, "july-2026")
        monkeypatch.setattr(guard, "is_inside", lambda url: False)
        (outcome,) = shop.fetch().outcomes
        assert outcome.state == "failed" and "leads on to" in outcome.why and "not protected as https" in outcome.why
        assert shop.server.count("/series/july-2026") == 0


def _no_names(monkeypatch: pytest.MonkeyPatch, known: dict[str, str] | None = None) -> None:
    """No name is looked up outside this test."""

    def look_up(host: str, _: object) -> list:
        if known and host in known:
            return [(0, 0, 0, "", (known[host], 0))]
        raise OSError("no such name")

    monkeypatch.setattr(guard.socket, "getaddrinfo", look_up)


@given(st.text(max_size=60))
def test_the_name_of_a_file_is_never_a_path(text):
    name = name_of(f"https://example.org/a/{text}")
    assert "/" not in name and "\\" not in name and not name.startswith(".")
    assert all(letter.isprintable() for letter in name)


class TestCommand:
    def geomap(self, *arguments: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli.app, ["fetch", *map(str, arguments)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    def test_the_list_asks_nobody_and_tells_all(self, tmp_path):
        (tmp_path / "gp-reg-pat-prac-map.zip").touch()
        code, said, _ = self.geomap("--data", tmp_path, "--list")
        assert code == 0
        for key, source in read_sources().items():
            for text in (key, source.gives, source.licence, source.page):
                assert text in said
        assert said.splitlines()[0].split() == ["practice_map", "have", "required", "gp-reg-pat-prac-map.zip"]
        assert self.geomap("--data", tmp_path / "none", "--list")[0] == 0

    def test_a_source_that_is_not_known(self, tmp_path):
        code, _, said = self.geomap("--data", tmp_path, "--only", "qoff")
        assert code == ConfigError.exit_code and "qoff" in said and "practice_map" in said

    def test_it_ends_with_3_where_a_required_file_is_missing(self, shop):
        shop.offer("practice_map", status(404), required=True)
        shop.offer("inactivity", serve(GOOD))
        code, said, wrong = self.geomap("--data", shop.folder)
        assert code == 3
        assert "practice_map: could not be had." in wrong and "is required and not there" in wrong
        assert "inactivity: fetched inactive_adults.csv, 2024/25" in said
        assert "1 of 2 sources are in" in said and "practice_map gives the spine" in said

    def test_it_ends_with_0_where_only_others_are_missing(self, shop):
        shop.offer("practice_map", serve(OFFICIAL["practice_map"].as_text().encode()), path="/gp-reg-pat-prac-map.csv")
        shop.offer("inactivity", status(404))
        code, said, wrong = self.geomap("--data", shop.folder)
        assert code == 0
        assert "inactivity: could not be had" in wrong and "404" in wrong
        assert "Without it: need leaves out inactivity" in said and "Next: geomap start" in said

    def test_a_folder_that_is_a_file(self, shop):
        shop.folder.touch()
        assert self.geomap("--data", shop.folder)[0] == OutputError.exit_code


@pytest.mark.real
def test_known_editions_are_those_of_the_real_files(real_data):
    """Byte for byte as published: the sha256 in sources.toml is that of the file the tests read."""
    found, _ = find_sources(real_data, {})
    known = {key: source.sha256 for key, source in read_sources().items() if source.sha256}
    assert {key: sha256_of(found[key]) for key in known} == known and len(known) == 6


@pytest.mark.real
@pytest.mark.slow
def test_every_real_file_comes_through_its_own_loader(real_data, shop, tmp_path):
    found, _ = find_sources(real_data, {})
    fetched = {key for key, source in read_sources().items() if source.first_address}
    for key, path in found.items():
        if key not in fetched:
            continue
        if path.is_dir():
            path = Path(shutil.make_archive(str(tmp_path / "activeplacescsvs"), "zip", path.parent, path.name))
        shop.offer(key, serve(path.read_bytes()), path=f"/{path.name.replace(' ', '_')}")
    haul = shop.fetch()
    states = {outcome.source.source_id: outcome.state for outcome in haul.outcomes}
    assert states == dict.fromkeys(shop.sources, "fetched")
    assert set(haul.found) == set(shop.sources) and len(haul.found) >= 14
    assert {outcome.state for outcome in shop.fetch().outcomes} == {"unchanged"}
