"""The documents tell the truth: commands, files, sources, exit codes, settings, and an example that runs."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

import geomap
from geomap import cli, config, errors
from geomap.commands.edge import STOPPED
from geomap.config import Scenario, load_default
from geomap.report._columns_choice import CHOICE_SHEETS
from geomap.report.summary import describe
from geomap.schema import ResultTables

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import make_docs  # noqa: E402
from _docs_commands import CODES, read_notes  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
HOW_TO, TUTORIAL = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("how-to.md", "tutorial.md"))
METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
COMMANDS = typer.main.get_command(cli.app).commands
SOURCES = load_default("sources")


def blocks(language: str, text: str = README) -> list[str]:
    """What stands in a document's fenced blocks in a language; "" is one without."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [part for told, part in fenced if told == language]


def section(heading: str) -> str:
    """From a heading of the README to the next of its rank or above; a # in a fenced block is no heading."""
    plain = re.sub(r"^```.*?^```$", lambda found: found[0].replace("#", "_"), README, flags=re.MULTILINE | re.DOTALL)
    found = re.search(rf"^(#+) {re.escape(heading)}$", plain, flags=re.MULTILINE)
    after = re.compile(rf"^#{{1,{len(found[1])}}} ", flags=re.MULTILINE).search(plain, found.end())
    return README[found.end() : after.start() if after else len(README)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_table(name: str) -> None:
    assert len(re.findall(rf"^\| `geomap {name}` \| [a-z]", section("Commands"), flags=re.MULTILINE)) == 1


def test_no_command_is_told_that_is_not_there() -> None:
    for text in (README, HOW_TO, TUTORIAL):
        assert set(re.findall(r"(?:^|`|-m )geomap(?:\.cli)? ([a-z]+)", text, flags=re.MULTILINE)) <= set(COMMANDS)


@pytest.mark.parametrize("page", ["README.md", "docs/how-to.md", "docs/tutorial.md"])
def test_every_option_that_is_shown_is_one_of_its_command(page: str) -> None:
    shown = re.findall(r"^geomap ([a-z]+)(.*)$", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert shown
    for name, rest in shown:
        options = {text for item in COMMANDS[name].params if item.param_type_name == "option" for text in item.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, f"geomap {name}{rest}"


def test_notes_are_of_commands() -> None:
    assert set(read_notes()) <= set(COMMANDS)


def test_the_output_of_hours_is_what_it_prints() -> None:
    asked = re.findall(r"^geomap (hours .*)$", README, flags=re.MULTILINE)
    assert len(asked) == 2
    printed = "".join(CliRunner().invoke(cli.app, line.split()).stdout for line in asked)
    assert printed in blocks("")
    assert "20,833" in printed and "200,000" in printed


def test_exit_codes_are_those_of_the_errors() -> None:
    kinds = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.GeomapError)]
    assert set(CODES) == {0, STOPPED} | {kind.exit_code for kind in kinds}


@pytest.mark.parametrize("source_id", SOURCES)
def test_every_official_file_stands_in_the_table(source_id: str) -> None:
    source = SOURCES[source_id]
    rows = [line for line in README.splitlines() if line.startswith(f"| {source['title']} |")]
    assert len(rows) == 1
    _, _, save_as, where, needed, without, _ = (cell.strip() for cell in rows[0].split("|"))
    assert save_as == f"`{source['save_as']}`"
    assert f"]({source['page']})" in where
    assert where.removeprefix("[").split("]")[0] in source["publisher"]
    assert (needed == "yes") == source["required"]
    assert without == source["without"]


def test_every_attribution_is_told() -> None:
    told = " ".join(section("Licences").split())
    for source in SOURCES.values():
        for sentence in re.split(r"(?<=[a-z])\. (?=[A-Z])", source["attribution"].rstrip(".")):
            assert sentence in told, sentence


def test_the_scenario_of_the_readme_holds(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    path = tmp_path / "north.toml"
    path.write_text(text, encoding="utf-8")
    scenario = Scenario.from_toml(path)
    assert scenario.data.folder == tmp_path / "official files"
    assert scenario.travel.modes == ("walk",) and scenario.travel.speed_kmh["drive"] == 26.0
    assert scenario.pathways["exercise_referral"].uptake_share == 0.72
    assert scenario.area.icb_codes == ("QOP",)


def test_the_settings_of_the_how_tos_hold(tmp_path: Path) -> None:
    start = blocks("toml")[0].split("[travel]")[0]
    parts = blocks("toml", HOW_TO)
    assert len(parts) >= 6
    scenarios = []
    for number, part in enumerate(parts):
        path = tmp_path / f"{number}.toml"
        path.write_text(start + part, encoding="utf-8")
        scenarios.append(Scenario.from_toml(path))
    wishes, sites = scenarios[0].wishes, scenarios[1].sites
    assert [len(wishes.lock), len(wishes.ban), wishes.minimum[0].places] == [1, 1, 40]
    assert sites.budget == 60_000 and sites.quota[0].at_least == 1


def test_public_names_are_told() -> None:
    told = section("From Python")
    assert [name for name in geomap.__all__ if f"`{name}`" not in told] == []
    assert [name for name in ResultTables.__dataclass_fields__ if f"`{name}`" not in told] == []


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, object]]]:
    """The README's Python example, run in an empty folder: the folder, and the names it leaves."""
    (code,) = blocks("python")
    folder = tmp_path_factory.mktemp("example")
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code, "README.md", "exec"), names)
        yield folder, names


@pytest.mark.slow
def test_the_python_example_runs(example: tuple[Path, dict[str, object]]) -> None:
    _, names = example
    assert names["facts"].people > 0
    assert len(names["neediest"]) == 5
    # A third more referrals bring far more people than the gap at which a search stops.
    assert names["more"].facts.people > names["facts"].people
    assert names["more"].facts.pledged_hours == names["facts"].pledged_hours


@pytest.mark.slow
def test_every_file_of_the_results_is_told(example: tuple[Path, dict[str, object]]) -> None:
    written = {path.name for path in (example[0] / "results").iterdir()}
    always, _, with_sites = section("What comes out").partition("`geomap sites` adds these")
    told = set(re.findall(r"^\| `([\w.]+)` \|", always, flags=re.MULTILINE))
    assert told == written
    rows = [line.split("|")[1] for line in with_sites.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)\.csv`", row)} == set(CHOICE_SHEETS)


@pytest.mark.slow
def test_the_summary_of_the_readme_is_in_the_words_of_a_run(example: tuple[Path, dict[str, object]]) -> None:
    (shown,) = [text for text in blocks("") if "hours pledged," in text]

    def words(text: str) -> list[str]:
        return [re.sub(r"[\d,.]+%?", "#", line).strip() for line in text.splitlines()]

    printed = words(describe(example[1]["tables"]))
    assert [line for line in words(shown) if line not in (*printed, "…")] == []


@pytest.mark.slow
def test_every_room_stands_in_the_floor_plan() -> None:
    plan = section("The floor plan")
    rooms = [p.name if p.is_file() else f"{p.name}/" for p in (ROOT / "geomap").iterdir() if not p.name.startswith("_")]
    assert len(rooms) > 20
    assert [name for name in rooms if not re.search(rf"^  {re.escape(name)}\s", plan, flags=re.MULTILINE)] == []
    for name in re.findall(r"\w+\.(?:py|toml)\b", plan):
        assert list(ROOT.rglob(f"{name}")), name


def test_scripts_and_markers_are_told() -> None:
    for script in (ROOT / "scripts").glob("[a-z]*.py"):
        assert script.name in section("The floor plan"), script.name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for marker in project["tool"]["pytest"]["ini_options"]["markers"]:
        assert f"`{marker.split(':')[0]}`" in section("Tests")


def test_variables_that_steer_the_tests_are_told() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    variables = {name for text in texts for name in re.findall(r"\bGEOMAP_[A-Z_]+[A-Z]", text)}
    assert variables
    assert [name for name in sorted(variables) if f"`{name}`" not in section("Tests")] == []


def keys_of(model: type[BaseModel], before: str) -> Iterator[str]:
    """Every setting of a model, and of the models in it, as a scenario file names it."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and name != "eligible":
            yield from keys_of(kind, f"{before}{name}.")
        elif name == "pathways":
            yield from keys_of(config.PathwayParams, "pathways.<id>.")
        else:
            yield f"{before}{name}"


@pytest.mark.parametrize("key", list(keys_of(Scenario, "")))
def test_every_setting_stands_in_the_method(key: str) -> None:
    table, _, name = key.rpartition(".")
    rows = [line for line in METHOD.splitlines() if line.startswith("| `")]
    cells = [row.split("|")[1] for row in rows]
    assert any(
        f"`{key}`" in cell or f"`{key}." in cell or (f"`{table}." in cell and f"`.{name}`" in cell) for cell in cells
    )


def test_defaults_in_the_method_are_those_that_ship() -> None:
    shipped = Scenario.from_toml(geomap.demo_scenario())
    told = dict(re.findall(r"^\| `([\w.]+)` \| `?\"?([\w.]+)", METHOD, flags=re.MULTILINE))
    seen = 0
    for key, text in told.items():
        value: object = shipped
        if key.split(".")[0] not in Scenario.model_fields:
            continue  # the units of hours and other words of the method
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else getattr(value, part)
        if isinstance(value, float):
            assert float(text) == value, key
            seen += 1
        elif isinstance(value, str) and key not in ("name", "label") and not key.startswith("bank"):
            assert text == value, key
            seen += 1
    assert seen >= 12


def links_of(path: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [unquote(target) for target in re.findall(r"\]\(([^)\s]+)\)", text)]


def anchors_of(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    for link in links_of(path):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", make_docs.PAGES)
def test_the_pages_that_the_program_tells_are_up_to_date(page: str) -> None:
    told = (make_docs.HOME / page).read_text(encoding="utf-8")
    assert told == make_docs.PAGES[page](), "run python scripts/make_docs.py"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_documents_keep_a_plain_tone(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`|!\[|<!--", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "!" not in text
