"""Text that would be code: it appears as it is, and never runs, in every file, on every page and in the terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import warnings
import zipfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pyogrio
import pytest
from hostile_texts import DIRECTION, ESCAPE_SEQUENCE, FORMULA, HOSTILE_TEXTS, KINDS, LONG, open_columns, plant
from made_up import made_up_tables
from page_block import block

from geomap import pipeline
from geomap.areas import summarise_icbs
from geomap.commands import terminal
from geomap.commands.terminal import PlainStream, printable
from geomap.config import Scenario
from geomap.demo import demo_scenario
from geomap.errors import DataError, Fault
from geomap.load import _files
from geomap.outputs import verify_folder, write_folder
from geomap.render import build_index, build_map
from geomap.report import template
from geomap.report.files import as_published, harmless_text

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PER_WRITING = 20
"""Texts planted at once: tables have about so many rows."""


class Skeleton(HTMLParser):
    """All tags and attributes of a page, and its text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self._raw = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text.append(data)


def skeleton(html: str) -> Skeleton:
    read = Skeleton()
    read.feed(html)
    return read


@pytest.fixture(scope="module")
def plain():
    """Made-up results with harmless names."""
    return made_up_tables(PER_WRITING, PER_WRITING, seed=5, choice=True)


def shown(text: str) -> str:
    """As a file of lines gives it back: the ends of lines are one."""
    return re.sub(r"\r\n?", "\n", text)


def all_strings(told: object) -> set[str]:
    if isinstance(told, str):
        return {told}
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return {text for part in parts for text in all_strings(part)}


@pytest.mark.parametrize("kind", [*KINDS, "long"])
def test_fault_hostile_script_attribute_or_template_on_pages(plain, kind: str) -> None:
    """The map and the index have the same tags whatever the names are, and hold each text in their block of data."""
    texts = KINDS.get(kind, LONG)
    tables = plant(plain, texts)
    html = build_map(tables)
    assert skeleton(html).tags == skeleton(build_map(plain)).tags
    assert html.count("</script") == build_map(plain).count("</script")
    held = all_strings(block(html))
    assert {text for text in texts if not any(text in one for one in held)} == set()
    data = r'<script type="application/json" id="data">.*?</script>'
    bare, calm = (re.sub(data, "", page, flags=re.DOTALL) for page in (html, build_map(plain)))
    assert not [text for text in texts if bare.count(text) > calm.count(text)]
    icbs = summarise_icbs(tables)
    pages = {code: f"{code}.html" for code in icbs["icb_code"]}
    index, calm = (build_index(table, run.facts, pages, whole="map.html") for table, run in
                   ((icbs, tables), (summarise_icbs(plain), plain)))  # fmt: skip
    assert skeleton(index).tags == skeleton(calm).tags


@pytest.fixture(scope="module", params=range(0, len(HOSTILE_TEXTS), PER_WRITING))
def written(request, plain, tmp_path_factory) -> tuple[Path, tuple[str, ...], object]:
    """A whole set of results with a part of the texts in every place."""
    texts = HOSTILE_TEXTS[request.param : request.param + PER_WRITING]
    tables = plant(plain, texts)
    out = tmp_path_factory.mktemp("hostile") / "out"
    scenario = Scenario.from_toml(demo_scenario()).model_copy(update={"name": texts[0], "label": texts[-1]})
    source = tmp_path_factory.mktemp("source") / "=1+1,<b>{{ 7 }}.csv"
    source.write_bytes(b"a")
    pipeline.write_results(tables, scenario, out, inputs=(source,))
    assert verify_folder(out) == []
    return out, texts, tables


def test_fault_hostile_csv_formula_and_everything_else(written) -> None:
    """Every cell comes back as it went in, with a `'` before what a spreadsheet would run."""
    out, texts, tables = written
    for name in ("pcns", "facilities", "practices", "links", "chosen_sites", "pledges", "operators"):
        with (out / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        frame = tables.choice.chosen if name == "chosen_sites" else getattr(tables, name)
        assert len(rows) == len(frame)
        for column in open_columns(frame):
            assert [row[column] for row in rows] == [harmless_text(shown(text)) for text in frame[column]], column
            assert not any(row[column].startswith(("=", "@", "\t", "\r", "\uff1d", "\uff20")) for row in rows)
    assert any(texts)


def test_fault_hostile_workbook_formula_link_and_script(written) -> None:
    """No formula, no link, no macro, no outside part; each name is a cell of text."""
    out, texts, tables = written
    book = openpyxl.load_workbook(out / "results.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    values = {cell.value for cell in book["PCNs"]["B"]} if "PCNs" in book.sheetnames else {c.value for c in cells}
    names = set(tables.pcns["pcn_name"])
    control = r"[\x00-\x08\x0b\x0c\x0e-\x1f]|_x00[01][0-9A-F]_"  # the second as the workbook writes the first
    readable = {re.sub(control, "", shown(text)).strip() for text in names}
    found = {re.sub(control, "", shown(str(value))).strip() for value in values}
    assert {text for text in readable if not any(text in one for one in found)} == set()
    with zipfile.ZipFile(out / "results.xlsx") as parts:
        assert not [name for name in parts.namelist() if re.search("vba|external|macro|embed|oleObject", name, re.I)]
        linked = [name for name in parts.namelist() if name.endswith(".rels") and b'"External"' in parts.read(name)]
        assert linked == []
    assert len(book.sheetnames) == len(set(book.sheetnames)) and texts


def test_fault_hostile_word_field_code_and_link(written, plain) -> None:
    """The paper has the same kinds of parts as one with harmless names: no field, no link, no object is added."""
    from geomap.report.paper import compose

    out, texts, _ = written
    found = []
    for data in ((out / "report.docx").read_bytes(), compose(plain).document):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            body = ElementTree.fromstring(parts.read("word/document.xml"))
            rels = [parts.read(name) for name in parts.namelist() if name.endswith(".rels")]
            found.append(({element.tag for element in body.iter()}, sum(b"External" in part for part in rels)))
            words = "".join(body.itertext())
    (hostile, outside), (calm, before) = found
    assert outside == before
    assert {tag.rpartition("}")[2] for tag in hostile - calm} <= {"br", "tab", "t", "lastRenderedPageBreak"}
    assert words and texts
    assert not {chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0x202E)} & set(words)


def test_fault_hostile_geopackage(written) -> None:
    """Layers have the names of the house; each text is an attribute, as it was."""
    out, _, tables = written
    layers = {"pcns", "facilities", "icbs", "places", "layer_styles"}
    assert set(pyogrio.list_layers(out / "results.gpkg")[:, 0]) == layers
    for layer, column in (("pcns", "pcn_name"), ("facilities", "facility_name"), ("places", "place_name")):
        told = pyogrio.read_dataframe(out / "results.gpkg", layer=layer)[column].tolist()
        assert told == as_published(getattr(tables, layer))[column].tolist()


def test_fault_hostile_facts_and_manifest(written) -> None:
    out, texts, _ = written
    facts = json.loads((out / "facts.json").read_bytes())["facts"]
    assert (facts["name"], facts["label"], facts["notes"]) == (texts[0], texts[-1], list(texts))
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert (manifest["settings"]["name"], manifest["settings"]["label"]) == (texts[0], texts[-1])
    assert manifest["inputs"][0]["name"] == "=1+1,<b>{{ 7 }}.csv"


def test_fault_hostile_results_drawn_and_compared_again(written, tmp_path: Path) -> None:
    """What is read back is what was written: the same map; and a comparison holds nothing live."""
    out, texts, _ = written
    drawn = pipeline.map_results(out, tmp_path / "map")
    assert (drawn.folder / "map.html").read_bytes() == (out / "map.html").read_bytes()
    pipeline.compare(out, out, tmp_path / "both")
    book = openpyxl.load_workbook(tmp_path / "both" / "comparison.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert cells and not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert texts


def test_fault_hostile_template_pathway_names(tmp_path: Path, plain) -> None:
    """A pathway of a planner's own is text in the operators' workbook, in its lists too."""
    names = (HOSTILE_TEXTS * 2)[: len(HOSTILE_TEXTS)]
    row = plain.pathways.iloc[[0]]
    pathways = pd.concat([row.assign(pathway_id=f"p{k}", pathway_name=name) for k, name in enumerate(names)])
    template.write_template(tmp_path / "bank.xlsx", pathways.reset_index(drop=True))
    book = openpyxl.load_workbook(tmp_path / "bank.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert set(FORMULA) <= {cell.value for cell in cells} | {"\t=1+1", "_x0041_"}


def test_fault_hostile_long_text_is_cut_and_said(plain, tmp_path: Path) -> None:
    """Excel holds 32,767 letters in a cell; a longer text left the cell empty, without a word."""
    tables = plant(plain, LONG)
    pipeline.write_results(tables, Scenario.from_toml(demo_scenario()), tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out" / "results.xlsx") as parts:
        strings = parts.read("xl/sharedStrings.xml").decode()
        heights = [float(text) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")
                   for text in re.findall(r'<row [^>]*ht="([\d.]+)"', parts.read(name).decode())]  # fmt: skip
    assert "xxxx… (cut here; the CSV file has the whole)" in strings
    assert max(heights) <= 409
    with (tmp_path / "out" / "pcns.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["pcn_name"] for row in csv.DictReader(stream)] == tables.pcns["pcn_name"].tolist()


# --- the terminal


CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae\x8b-\x8f]|\xe2\x81[\xa6-\xa9]"
)
RICH = re.compile(rb"\x1b\[(?:\?25[lh]|2K|1A|0m|32m|\d*m)")
"""What the live line is drawn with."""


def run_in_terminal(script: str, *arguments: bytes, folder: Path) -> tuple[int, bytes]:
    """What a terminal receives of a process, byte for byte."""
    import pty

    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "300"}
        os.execve(sys.executable, [os.fsencode(sys.executable), b"-c", script.encode(), *arguments], environment)
    received = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        received += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), received


START = "import sys; sys.argv[0] = 'geomap'; from geomap.cli import main; main()"
EVIL = "".join(text for text in (*ESCAPE_SEQUENCE, *DIRECTION) if "/" not in text).encode()
COMMANDS = {
    "scenario": (b"run", EVIL), "results": (b"map", EVIL), "both": (b"compare", EVIL, EVIL),
    "option": (b"run", b"--" + EVIL), "command": (EVIL,), "pathway": (b"hours", b"5", b"--pathway", EVIL),
    "no text": (b"run", b"a\xff\xfe.toml"), "template": (b"template", EVIL + b".txt"),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal of Unix")
@pytest.mark.parametrize("what", COMMANDS)
def test_fault_hostile_escape_sequence_in_what_is_typed(tmp_path: Path, what: str) -> None:
    """Names of files that a shell puts in for `*` are strangers' too."""
    code, received = run_in_terminal(START, *COMMANDS[what], folder=tmp_path)
    assert code in (2, 3)
    assert CONTROL.findall(RICH.sub(b"", received)) == []
    assert (rb"\x1b" in received or rb"\udcff" in received) and b"Traceback" not in received


LIVE = r"""
import logging, sys, warnings
from geomap import cli, pipeline
from geomap.errors import DataError, Fault
evil, ending = sys.argv[1:]
def read(scenario, progress, *_, **__):
    import time
    progress(f"reading {evil}")
    time.sleep(0.3)
    warnings.warn(evil)
    logging.getLogger("pyogrio").warning(evil)
    print(evil, file=sys.stderr)
    sys.stdout.write(evil + "\n")
    if ending == "fault":
        told = dict.fromkeys(("source", "problem", "remedy", "sheet", "column", "value"), evil)
        raise DataError(evil, [Fault(**told, row=1)])
    raise ZeroDivisionError(evil)
pipeline.load_inputs = read
sys.argv = ["geomap", "demo", "--out", "out"]
cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal of Unix")
@pytest.mark.parametrize("ending", ["fault", "bug"])
def test_fault_hostile_escape_sequence_in_progress_warning_log_and_traceback(tmp_path: Path, ending: str) -> None:
    """Whoever writes it: the live line, a library's warning, its log, a message, the traceback of a bug."""
    code, received = run_in_terminal(LIVE, EVIL, ending.encode(), folder=tmp_path)
    assert code == (3 if ending == "fault" else 1)
    assert CONTROL.findall(RICH.sub(b"", received)) == []
    assert received.count(rb"\x1b[31mred") >= (8 if ending == "fault" else 6)
    assert (b"ZeroDivisionError" in received) == (ending == "bug")


SHOWN = (*ESCAPE_SEQUENCE, *DIRECTION, "\x00", "\udcff", "over\rwritten", "tab\tbed", "\u2028")


@pytest.mark.parametrize("text", SHOWN)
def test_fault_hostile_escape_sequence_is_shown(text: str) -> None:
    told = printable(text)
    assert told.isprintable() and told != text
    stream = io.StringIO()
    assert PlainStream(stream).write(text) == len(text)
    assert stream.getvalue() == told
    assert "\n" not in str(Fault(source="a\nb", problem="c", remedy="d", value="e\r\nf"))


def test_fault_hostile_escape_sequence_has_no_way_round() -> None:
    """Not by bytes, by the stream below, nor by many lines at once."""
    stream = PlainStream(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    with pytest.raises(TypeError):
        stream.write(b"\x1b[2J")
    assert not hasattr(stream, "buffer")
    stream.writelines(["\x1b[2J", "a\n"])
    stream.flush()
    assert stream.direct.buffer.getvalue() == rb"\x1b[2Ja" + b"\n"
    assert terminal.guard_streams is not None


# --- names of files


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of files that are no text")
def test_fault_hostile_file_name_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in the name of an input: refused, told, and no traceback from the depths of a table."""
    path = tmp_path / os.fsdecode(b"bank\xff\x1b[31m.csv")
    path.write_bytes(b"pledge_id\n")
    with pytest.raises(DataError, match="holds bytes that are no text. Rename it"):
        _files.check_plain(path)
    (tmp_path / "Zürich 東京 \U0001f3ca.csv").write_bytes(b"a")
    _files.check_plain(tmp_path / "Zürich 東京 \U0001f3ca.csv")
    with write_folder(tmp_path / "out", inputs=[path], settings={"results": path.name}) as folder:
        (folder / "map.html").write_bytes(b"<p>")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert manifest["inputs"][0]["name"] == path.name and manifest["settings"]["results"] == path.name


def test_fault_hostile_texts_are_many_and_each_once() -> None:
    assert len(HOSTILE_TEXTS) > 60
    assert [text for text, times in Counter(HOSTILE_TEXTS).items() if times > 1] == []
    with warnings.catch_warnings():
        assert all(texts for texts in KINDS.values())
