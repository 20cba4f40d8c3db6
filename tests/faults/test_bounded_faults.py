"""Hostile files, low memory, no network: each is one fault of one file, and the run goes on to the next problem."""

from __future__ import annotations

import contextlib
import ctypes
import http.server
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import hostile_files as hostile
import pytest
from docx import Document
from shapely import Point

from geomap.config import Scenario
from geomap.errors import DataError, Fault
from geomap.load.boundaries import load_outlines
from geomap.load.child import MEMORY_VARIABLE, read_apart
from geomap.load.gather import load_inputs
from geomap.load.word import load_word_template

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of each file that is opened")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The demo, to put a hostile file in."""
    shutil.copytree(DEMO, tmp_path / "demo")
    return tmp_path / "demo"


def faults_of(folder: Path, bank: Path | None = None) -> list[Fault]:
    """What is wrong with files as a whole, of a run over a folder."""
    with pytest.raises(DataError) as caught:
        load_inputs(Scenario.from_toml(folder / "demo.toml", bank=bank))
    assert str(caught.value).count("\n") < 100
    return [fault for fault in caught.value.faults if fault.row is None]


def bank_fault(copy: Path, name: str, data: bytes) -> str:
    """What is said of a bank in one workbook, where all else is sound but one other file."""
    (copy / name).write_bytes(data)
    (copy / "official" / "PREVALENCE_2425.csv").write_text("<html>", encoding="utf-8")
    other, (fault,) = [], [None]
    for found in faults_of(copy, copy / name):
        if found.source == name:
            fault = found
        else:
            other.append(found.source)
    assert other == ["PREVALENCE_2425.csv"], "the run went on to the next problem"
    assert fault is not None and fault.remedy
    return fault.problem


def outlines_fault(path: Path, data: bytes | str) -> str:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(DataError) as caught:
        read_apart(path.name, load_outlines, path)
    (fault,) = caught.value.faults
    return fault.problem


@pytest.mark.slow
def test_fault_hostile_far_cell(copy: Path) -> None:
    """Five kilobytes that ask for half a terabyte: the reader of workbooks would end the process."""
    data = hostile.far_cell('<c r="XFD1048576"><v>1</v></c>')
    assert len(data) < 6_000
    assert bank_fault(copy, "bank.xlsx", data) == "a sheet spreads over 1,048,576 rows and 16,384 columns"


def test_fault_hostile_far_cell_in_disguise(copy: Path) -> None:
    """As no spreadsheet writes it, and as the reader nevertheless understands it."""
    data = hostile.far_cell('<c t=">" r="xfd0001048576"><v>1</v></c>')
    assert "spreads over" in bank_fault(copy, "bank.xlsx", data)


def test_fault_hostile_far_cell_of_open_document(copy: Path) -> None:
    data = hostile.ods(hostile.ods_row(hostile.ods_cell("x", 16_384), 1_048_576))
    assert bank_fault(copy, "bank.ods", data) == "a sheet spreads over 1,048,576 rows and 16,384 columns"


@pytest.mark.slow
def test_fault_hostile_zip_bomb(copy: Path) -> None:
    bomb = hostile.pack({"gp-reg-pat-prac-quin-age.csv": b"0" * 300_000_000})
    (copy / "official" / "gp-reg-pat-prac-quin-age.zip").write_bytes(bomb)
    faults = faults_of(copy)
    assert "it unpacks to 1,0" in faults[0].problem and faults[0].source.startswith("gp-reg-pat-prac-quin-age.zip")


@pytest.mark.slow
def test_fault_hostile_zip_bomb_in_a_workbook(copy: Path) -> None:
    data = hostile.book_with(xl__sharedStrings="<sst>" + " " * 300_000_000 + "</sst>")
    assert "times its size" in bank_fault(copy, "bank.xlsx", data)


@pytest.mark.slow
def test_fault_hostile_zip_bomb_of_repeated_text(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small when it is unpacked, too: each of 30,000 cells shows one long text. Only the child's limit stops it."""
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    head = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1"><si><t>'
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 30_001))
    sheet = hostile.members_of(hostile.book_of(cells))[hostile.SHEET]
    text = f"{head}{'long text ' * 10_000}</t></si></sst>"
    data = hostile.book_with(xl__worksheets__sheet1=sheet, xl__sharedStrings=text)
    assert len(data) < 500_000
    assert bank_fault(copy, "bank.xlsx", data) == "reading it needed more than 1 GiB of memory"


@pytest.mark.slow
def test_fault_hostile_zip_that_lies_about_its_size(copy: Path) -> None:
    data = hostile.lying(hostile.book_with(xl__worksheets__sheet1=b" " * 90_000), hostile.SHEET, 100)
    assert "not whole" in bank_fault(copy, "bank.xlsx", data)


@pytest.mark.parametrize("part", ["xl__workbook", "xl__worksheets__sheet1", "xl__sharedStrings", "xl__styles"])
def test_fault_hostile_entities(copy: Path, part: str) -> None:
    """A thousand million laughs."""
    data = hostile.book_with(**{part: f'<?xml version="1.0"?>{hostile.LAUGHS}<x>&i;</x>'})
    assert "declares a document type" in bank_fault(copy, "bank.xlsx", data)


def test_fault_hostile_entities_that_name_a_file(copy: Path) -> None:
    entity = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    data = hostile.book_with(xl__sharedStrings=f'<?xml version="1.0"?>{entity}<x>&a;</x>')
    assert "declares a document type" in bank_fault(copy, "bank.xlsx", data)


def test_fault_hostile_entities_in_a_word_template(tmp_path: Path) -> None:
    Document().save(tmp_path / "t.docx")
    members = hostile.members_of((tmp_path / "t.docx").read_bytes())
    members["word/document.xml"] = members["word/document.xml"].replace(b"?>", f"?>{hostile.LAUGHS}".encode(), 1)
    (tmp_path / "t.docx").write_bytes(hostile.pack(members))
    with pytest.raises(DataError, match="declares a document type"):
        read_apart("t.docx", load_word_template, tmp_path / "t.docx")


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.json", "a.shp"])
def test_fault_hostile_disguised_driver(tmp_path: Path, name: str) -> None:
    """A list of other files under the name of a file of shapes."""
    vrt = "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>secret.gpkg</SrcDataSource></OGRVRTLayer>"
    assert "not what its name says" in outlines_fault(tmp_path / name, f"{vrt}</OGRVRTDataSource>")


def test_fault_hostile_disguised_driver_that_runs_a_command(tmp_path: Path) -> None:
    """GDAL takes it for a pipeline of its own and opens whatever it names."""
    secret = tmp_path / "secret.gpkg"
    gpd.GeoDataFrame({"secret": ["s"]}, geometry=[Point(430_000, 433_000)], crs=27700).to_file(secret)
    told = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! edit"}
    assert "not GeoJSON" in outlines_fault(tmp_path / "a.geojson", json.dumps(told))


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on this computer, and what it has been asked for."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 the name that the library calls
            requests.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is written to the terminal."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
        server.shutdown()


@pytest.mark.parametrize("read", [read_apart, lambda source, load, path: load(path)], ids=["apart", "here"])
def test_fault_hostile_address_in_a_file_is_never_asked(tmp_path: Path, asked: tuple[str, list[str]], read) -> None:
    """As a coordinate system, as a service, as a list of tiles, as the next page, in a view of a database."""
    address, requests = asked
    link = {"type": "link", "properties": {"href": f"{address}/crs", "type": "proj4"}}
    page = [{"rel": "next", "href": f"{address}/next", "type": "application/geo+json"}]
    geometry = json.loads(hostile.geojson())
    geometry["features"][0]["geometry"]["crs"] = link
    view = hostile.view_as_layer("SELECT fid, geom, ogr_geocode('Leeds') AS x FROM lay")
    files = {
        "crs.geojson": hostile.geojson(crs=link),
        "url.geojson": hostile.geojson(crs={"type": "url", "properties": {"url": f"{address}/crs"}}),
        "name.geojson": hostile.geojson(crs={"type": "name", "properties": {"name": f"{address}/crs"}}),
        "fg.geojson": hostile.geojson(conformsTo=["http://www.opengis.net/spec/json-fg-1/0.2"], coordRefSys=address),
        "geometry.geojson": json.dumps(geometry),
        "next.geojson": hostile.geojson(links=page, exceededTransferLimit=True),
        "service.json": json.dumps({"links": page, "collections": [{"id": "a", "links": page}]}),
        "tiles.json": json.dumps({"tilejson": "3.0.0", "tiles": [f"{address}/1"]}),
        "vrt.gpkg": f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{address}/a.gpkg</SrcDataSource>",
        "view.gpkg": hostile.geopackage(tmp_path, *view),
    }
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        with contextlib.suppress(DataError):
            read(name, load_outlines, path)
    assert requests == []


@pytest.mark.slow
def test_fault_running_low_memory(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files of one run end their reader for want of memory, and the third problem is told all the same."""
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    huge = b"PRACTICE_CODE,PCN_CODE\n" + b"A81001,U12345\n" * 18_000_000
    for name in ("PREVALENCE_2425.csv", "inactive_adults.csv"):
        (copy / "official" / name).write_bytes(huge)
    (copy / "official" / "epraccur.csv").write_text("<html>", encoding="utf-8")
    said = {fault.source: fault.problem for fault in faults_of(copy)}
    needed = "reading it needed more than 1 GiB of memory"
    assert said == {"PREVALENCE_2425.csv": needed, "inactive_adults.csv": needed, "epraccur.csv": said["epraccur.csv"]}
    assert "web page" in said["epraccur.csv"]


AUDITED = """
import os, sys
def watch(event, told):
    # Making a socket and binding it to this computer alone, as urllib3 does to see what there is, asks nobody.
    if event.startswith(("socket.connect", "socket.get", "socket.send", "urllib.", "http.", "ftplib.", "smtplib.")):
        with open(os.environ["AUDITED"], "a") as log:
            log.write(f"{os.getpid()} {event} {told}\\n")
sys.addaudithook(watch)
with open(os.environ["AUDITED"], "a") as log:
    log.write(f"{os.getpid()} began\\n")
"""


@pytest.mark.thorough
def test_fault_running_no_network_asked_by_any_process(tmp_path: Path) -> None:
    """From the first file to the last page, no process of a run connects to, or asks for, another computer."""
    (tmp_path / "sitecustomize.py").write_text(AUDITED, encoding="utf-8")
    log = tmp_path / "log.txt"
    told = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "AUDITED": str(log)}
    command = [sys.executable, "-m", "geomap.cli", "demo", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    processes = {line.split()[0] for line in lines}
    assert len(processes) == 2, "the run and its reader of files"
    assert [line for line in lines if not line.endswith(" began")] == []


IN_OPEN, IN_NONBLOCK, IN_ISDIR = 0x20, 0o4000, 0x40000000
EVENT = struct.Struct("iIII")


@contextlib.contextmanager
def opened_in(*folders: Path) -> Iterator[set[str]]:
    """Names of the files in some folders that any process opens, as the system sees it."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(IN_NONBLOCK)
    assert handle >= 0
    for folder in folders:
        assert libc.inotify_add_watch(handle, str(folder).encode(), IN_OPEN) >= 0
    names: set[str] = set()
    try:
        yield names
        with contextlib.suppress(BlockingIOError):
            while data := os.read(handle, 1 << 20):
                while data:
                    _, mask, _, length = EVENT.unpack(data[: EVENT.size])
                    name = data[EVENT.size : EVENT.size + length].rstrip(b"\0").decode()
                    data = data[EVENT.size + length :]
                    if not mask & IN_ISDIR:
                        names.add(name)
    finally:
        os.close(handle)


@pytest.mark.slow
@LINUX
def test_fault_hostile_neighbours_of_a_named_file_are_not_opened(copy: Path) -> None:
    """Files that GDAL and others look for beside the one that was named, and files that are nobody's."""
    official = copy / "official"
    for name in ("SICBL_2026_ILLUSTRATIVE.geojson", "LAD_2026_APPROXIMATE.geojson"):
        for ending in (".aux.xml", ".gfs", ".prj", ".qix", "-wal", "-journal"):
            (official / f"{name}{ending}").write_text("x", encoding="utf-8")
    for name in ("secret.gpkg", "secret.vrt", "pandas.py", "notes.txt", "bank.xlsx"):
        (official / name).write_text("x", encoding="utf-8")
    (copy / "bank" / "operators.csv.bak").write_text("x", encoding="utf-8")
    scenario = Scenario.from_toml(copy / "demo.toml")
    scenario = scenario.model_copy(update={"bank": scenario.bank.model_copy(update={"bad_rows": "reject"})})
    with opened_in(official, copy / "bank") as names:
        inputs = load_inputs(scenario)
    assert names == {path.name for path in inputs.paths}
    assert len(names) == 16
