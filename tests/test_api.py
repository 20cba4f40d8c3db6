"""The names of `import geomap`: few, typed, told in full, and shown in a notebook without a word that could run."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import shutil
import subprocess
import sys
import typing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up import made_up_tables

import geomap
from geomap.config import Scenario
from geomap.config.flat import flatten_settings
from geomap.demo import demo_scenario
from geomap.errors import ConfigError
from geomap.load.gather import Inputs
from geomap.schema import ResultTables, SiteTables

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = [name for name in geomap.__all__ if inspect.isfunction(getattr(geomap, name))]
NO_ARGUMENTS = {"demo_scenario"}
HOSTILE = '<script>alert("x")</script>"\'>&\u202e\x1b[31m'


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.from_toml(demo_scenario())


@pytest.fixture(scope="module")
def inputs(scenario: Scenario) -> Inputs:
    return geomap.load_inputs(scenario)


def test_the_api_is_small():
    assert {"load_inputs", "solve", "select_sites", "build_map", "run", "run_batch", "show_map"} <= set(FUNCTIONS)
    assert len(geomap.__all__) <= 25


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_tells_arguments_results_and_errors(name):
    function = getattr(geomap, name)
    told = inspect.getdoc(function)
    sections = re.findall(r"^([A-Z][a-z]+)\n-+$", told, flags=re.MULTILINE)
    assert "Raises" in sections
    if name not in NO_ARGUMENTS:
        assert "Parameters" in sections
        block = told.split("Parameters\n----------\n")[1].split("\n\n")[0]
        named = {item.strip(" *") for line in re.findall(r"^\S.*$", block, flags=re.M) for item in line.split(",")}
        assert named == set(inspect.signature(function).parameters)
    if typing.get_type_hints(function, include_extras=True)["return"] is not type(None):
        assert "Returns" in sections


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_and_result_has_a_type(name):
    function = getattr(geomap, name)
    hints = typing.get_type_hints(function)
    assert set(hints) == {*inspect.signature(function).parameters, "return"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_docstring_runs_or_is_skipped_on_purpose(name):
    function = getattr(geomap, name)
    found = doctest.DocTestFinder().find(function, name, globs={name: function, "geomap": geomap, "Path": Path})
    examples = [example for test in found for example in test.examples]
    assert examples, f"{name} has no example"
    for test in found:
        assert doctest.DocTestRunner().run(test).failed == 0


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "geomap" / "py.typed").is_file()


CLIENT = """
from pathlib import Path

import geomap

scenario: geomap.Scenario = geomap.Scenario.from_toml(geomap.demo_scenario())
inputs: geomap.Inputs = geomap.load_inputs(scenario)
tables: geomap.ResultTables = geomap.solve(inputs, scenario.with_settings({"travel.max_min": 30}))
choice: geomap.SiteTables = geomap.select_sites(inputs, scenario, count=3, draws=0)
people: int = tables.facts.people
page: str = geomap.build_map(tables)
batch: geomap.Batch = geomap.run_batch(["a.toml"], Path("out"))
geomap.write_results(tables, scenario, Path("out"), inputs=inputs.paths)
wrong: str = tables.facts.people
"""


@pytest.mark.slow
def test_a_type_checker_understands_a_script_that_uses_it(tmp_path):
    """The last line is wrong on purpose: a checker that saw nothing but Any would not mind it."""
    if shutil.which("mypy", path=Path(sys.executable).parent) is None:
        pytest.skip("mypy is not installed")
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")
    options = ["--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary", "--cache-dir", os.devnull]
    command = [sys.executable, "-m", "mypy", *options, "client.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    lines = [line for line in said.stdout.splitlines() if ": error:" in line]
    assert len(lines) == 1 and "client.py:14" in lines[0] and '"int"' in lines[0], said.stdout + said.stderr


def test_settings_are_changed_as_in_a_file(scenario):
    changed = scenario.with_settings({"travel.max_min": 45, "need.own": {"falls": {"weight": 0.2}}})
    assert changed.travel.max_min == 45.0 and changed.need.own["falls"].higher_is == "more need"
    assert scenario.travel.max_min != 45.0
    told, before = (dict(flatten_settings(one.model_dump(mode="json"))) for one in (changed, scenario))
    assert {name for name in told if told[name] != before.get(name)} == {
        "travel.max_min", "need.own.falls.weight", "need.own.falls.higher_is",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="max_mins is not a setting") as caught:
        scenario.with_settings({"travel.max_mins": 45, "match.gap_share": 2})
    assert "match.gap_share is 2" in str(caught.value)
    with pytest.raises(ConfigError, match="name is no table"):
        scenario.with_settings({"name.first": 1})


@pytest.mark.slow
def test_sites_are_chosen_from_tables_in_memory(scenario, inputs, monkeypatch):
    quick = scenario.with_settings({"match.levels": "completions", "match.rounds": 0, "sites.tradeoff_points": 0})
    monkeypatch.setattr("geomap.load.child.read_apart", lambda *_: pytest.fail("a file was read"))
    choice = geomap.select_sites(inputs, quick, count=2, draws=0)
    assert isinstance(choice, SiteTables)
    first = choice.chosen[choice.chosen["portfolio"] == 1]
    assert len(first) == choice.count == 2
    assert choice.draws.empty
    assert quick.sites.count == 4, "the scenario stays as it is"


class Shown(HTMLParser):
    """What a browser would make of HTML: elements, their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def hostile_tables() -> ResultTables:
    tables = made_up_tables(5, 8)
    return replace(tables, facts=replace(tables.facts, name=HOSTILE, label=HOSTILE))


def shown_ones(scenario: Scenario, inputs: Inputs) -> dict[str, str]:
    files = tuple((HOSTILE, HOSTILE, "") for _ in range(2))
    return {
        "scenario": scenario.with_settings({"name": HOSTILE, "label": HOSTILE})._repr_html_(),
        "inputs": replace(inputs, sources=files)._repr_html_(),
        "tables": hostile_tables()._repr_html_(),
    }


def test_a_notebook_shows_tables_that_a_screen_reader_tells_and_nothing_that_runs(scenario, inputs):
    for name, html in shown_ones(scenario, inputs).items():
        page = Shown(html)
        assert set(page.tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}, name
        assert {key for key, _ in page.attributes} <= {"style", "scope"}, name
        assert page.tags.count("table") == page.tags.count("caption")
        assert '<script>alert("x")</script>' in page.text, name
        assert "\u202e" not in page.text and "\x1b" not in page.text
        assert len(html) < 20_000


def test_the_scenario_shows_what_differs_from_the_defaults_alone(scenario):
    page = Shown(scenario.with_settings({"travel.max_min": 45})._repr_html_())
    assert "travel.max_min45" in page.text and "sites.quota" in page.text
    assert "need.weights" not in page.text and "match." not in page.text


def test_figures_shown_of_published_results_are_the_published_ones():
    tables = made_up_tables(5, 8)
    published = replace(tables, facts=replace(tables.facts, internal=False, people=1235))
    assert "1,235" in published._repr_html_() and "not for publication" not in published._repr_html_()
    assert "not for publication" in replace(tables, facts=replace(tables.facts, internal=True))._repr_html_()


def test_inputs_show_every_table_with_its_rows(scenario, inputs):
    text = Shown(inputs._repr_html_()).text
    for name, frame in inputs.tables.items():
        assert f"tables['{name}']{len(frame):,}" in text
    assert f"bank.pledges{len(inputs.bank.pledges):,}" in text


def test_the_map_of_a_notebook_stands_in_a_frame_of_its_own():
    view = geomap.show_map(hostile_tables(), height_px=400)
    page = Shown(view._repr_html_())
    assert page.tags == ["iframe"]
    attributes = dict(page.attributes)
    assert attributes["srcdoc"] == view.html and view.html.startswith("<!DOCTYPE html>")
    assert attributes["title"].startswith("Map: ") and "400px" in attributes["style"]
    with pytest.raises(ValueError, match="200 or more"):
        geomap.show_map(hostile_tables(), height_px=20)


COMMANDS = "demo run sites batch check compare map template hours".split()


@pytest.mark.skipif(os.name == "nt", reason="bash")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [("geomap ", COMMANDS), ("geomap b", ["batch"]), ("geomap batch --i", ["--icb", "--internal"])],
)
def test_bash_is_told_what_could_follow(typed, expected):
    words = typed.split(" ")
    shell = {"_GEOMAP_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; sys.argv[0] = 'geomap'; from geomap.cli import main; main()"
    environment = {**os.environ, **shell, "PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert said.returncode == 0 and said.stderr == ""
    assert set(expected) <= set(said.stdout.split()) if typed == "geomap " else said.stdout.split() == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_with_the_script_that_geomap_prints(tmp_path):
    """The whole way: the script that `--show-completion` prints, loaded by a real shell, asks a real geomap."""
    program = tmp_path / "geomap"
    program.write_text(f"#!{sys.executable}\nfrom geomap.cli import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = (
        'eval "$(_GEOMAP_COMPLETE=source_bash geomap)"; COMP_WORDS=(geomap te); COMP_CWORD=1; '
        '_geomap_completion geomap; echo "${COMPREPLY[@]}"'
    )
    said = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert said.stdout.strip() == "template", said.stderr


def test_a_shell_gets_its_tabs_and_a_terminal_does_not():
    """Fish parts a word from what it means by a tab, which otherwise no program sends on to a terminal."""
    shell = {"_GEOMAP_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "geomap te",
             "_TYPER_COMPLETE_FISH_ACTION": "get-args"}  # fmt: skip
    code = "import sys; sys.argv[0] = 'geomap'; from geomap.cli import main; main()"
    environment = {**os.environ, **shell, "PYTHONPATH": str(ROOT)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert said.stdout.startswith("template\tWrite the blank workbook")


