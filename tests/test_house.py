"""The rules of the house: what may import what, how long a file may be, what must be told."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "geomap"
MODULES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

FOUNDATIONS = (
    "errors", "schema", "config", "units", "links", "facts", "few", "phrases", "phrases_choice", "validate", "solver",
    "runner", "web",
)  # fmt: skip
"""What every stage may use; among themselves `MAY_USE` holds."""

MAY_USE = {
    "errors": set(),
    "schema": {"errors"},
    "units": {"errors", "schema"},
    "links": {"schema"},
    "facts": {"schema"},
    "few": {"schema"},
    "phrases": {"schema", "few"},
    "phrases_choice": {"schema", "few", "phrases"},
    "config": {"errors", "schema"},
    "solver": {"errors"},
    "runner": {"errors", "_cluster"},
    "_cluster": {"errors"},
    "_lock": {"errors"},
    "outputs": {"errors", "_lock"},
    "validate": {"errors", "schema", "config"},
    "web": {"errors"},
}
"""Foundation → the rooms it may import from."""

BUILT_ON = {"load": {"openactive"}, "locate": {"match"}, "robust": {"match", "locate"}, "explain": {"match", "locate"}}
"""Stages that stand on another: sites are chosen in the match's own model, and drawn and explained in theirs."""

CUPBOARDS = sorted(path.stem for path in PACKAGE.glob("_[a-z]*.py"))
"""Private modules beside the rooms, each the helper of one of them."""

TOP = ("cli", "commands", "pipeline", "__init__", "__main__")
"""What may know the stages; a stage never imports one of these."""

OPENERS = {
    "load/_files.py", "load/_archive.py",  # what a planner hands in, and the postcodes that ship with a package
    "load/_zip.py", "load/_shapes.py", "load/_osm.py",  # what is in a zip, and copies for GDAL, once looked at
    "config/scenario.py", "render/assets.py",  # scenarios and defaults; own and XStatic's scripts and styles
    "outputs.py", "_lock.py", "robust/store.py",  # the results, and draws that are done
    "fetch/parts.py",  # official files on their way into their place, and what is remembered of them
}  # fmt: skip
"""The only modules that open files."""

OPENING = {
    "open", "read_bytes", "read_csv", "read_dataframe", "read_excel", "read_file", "read_json", "read_parquet",
    "read_text", "ZipFile", "from_path", "load_workbook",
}  # fmt: skip
"""Methods and functions that open a path, unless what they are given is in memory already."""

MAX_LINES = 300


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    """The first part of a module's name: a file or a folder of the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> set[str]:
    """Full names of all that a module imports, wherever it does so; relative names are made absolute."""
    package = ("geomap", *path.relative_to(PACKAGE).parts[:-1])
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *((node.module or "").split(".") if node.module else ())))
            found |= {stem, *(f"{stem}.{alias.name}" for alias in node.names)}
    return found


def rooms_used(path: Path) -> set[str]:
    """Rooms of the package that a module imports from."""
    rooms = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()}
    used = {name.split(".")[1] for name in imports_of(path) if name.startswith("geomap.")}
    return (used & rooms) - {room_of(path)}


def outside_used(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)} - {"geomap"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(path)
    if room in TOP:
        allowed = {item.stem for item in PACKAGE.iterdir()} - ({"cli"} if room != "__main__" else set())
        allowed -= {"pipeline"} if room == "pipeline" else set()
    elif room in MAY_USE:
        allowed = MAY_USE[room]
    else:  # a stage: it knows the foundations and no other stage, but for a cupboard of its own
        allowed = {*FOUNDATIONS, *CUPBOARDS, *BUILT_ON.get(room, ())}
    assert rooms_used(path) <= allowed


@pytest.mark.parametrize("cupboard", CUPBOARDS)
def test_a_private_module_belongs_to_one_room(cupboard: str) -> None:
    assert len({room_of(path) for path in MODULES if cupboard in rooms_used(path)}) == 1


@pytest.mark.parametrize(
    ("package", "room"),
    [
        ("folium", "render"), ("branca", "render"), ("highspy", "solver"), ("xlsxwriter", "report"),
        ("docx", "report"), ("matplotlib", "report"),
        ("dask", "_cluster"), ("distributed", "_cluster"), ("httpx", "web"),
    ],
)  # fmt: skip
def test_a_package_is_known_to_one_room(package: str, room: str) -> None:
    assert {room_of(path) for path in MODULES if package in outside_used(path)} <= {room}


def test_threads_and_processes_are_started_by_the_runner_alone() -> None:
    starters = {
        room_of(path)
        for path in MODULES
        if {"ThreadPoolExecutor", "ProcessPoolExecutor"} & {name.split(".")[-1] for name in imports_of(path)}
    }
    assert starters == {"runner"}


def opened_paths(tree: ast.Module) -> list[str]:
    """Calls that open a path: `x.open(…)`, `pd.read_csv(path)`; not `pd.read_csv(io.StringIO(…))`."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        builtin = isinstance(node.func, ast.Name) and node.func.id == "open"
        method = isinstance(node.func, ast.Attribute) and node.func.attr in OPENING
        if method and node.func.attr == "open" and node.args:  # `path.open("rb")`, but not `plan.open(offer)`
            method = isinstance(node.args[0], ast.Constant) or ast.unparse(node.func.value) in ("os", "io", "gzip")
        in_memory = bool(node.args) and ast.unparse(node.args[0]).startswith(("io.", "BytesIO(", "StringIO("))
        if (builtin or method) and not in_memory:
            found.append(f"line {node.lineno}: {ast.unparse(node.func)}")
    return found


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path) not in OPENERS], ids=name_of)
def test_files_are_opened_in_few_places(path: Path) -> None:
    assert opened_paths(tree_of(path)) == []


def test_no_import_of_everything() -> None:
    for path in MODULES:
        stars = [
            node
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        ]
        assert not stars, name_of(path)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    with path.open("rb") as stream:
        kinds = (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
        tokens = [token for token in tokenize.tokenize(stream.readline) if token.type not in kinds]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    assert len(lines) <= MAX_LINES


def test_public_names_are_sorted_and_complete() -> None:
    geomap = importlib.import_module("geomap")
    public = geomap.__all__
    assert public == sorted(public)
    assert public
    assert all(hasattr(geomap, name) for name in public)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree_of(PACKAGE / "__init__.py"))
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    # What a type checker is told, what is handed out on demand, and what is announced are the same names.
    assert imported == set(public) == set(geomap._HOMES)


def test_every_command_stands_in_the_readme() -> None:
    typer = importlib.import_module("typer")
    cli = importlib.import_module("geomap.cli")
    apps = [value for value in vars(cli).values() if isinstance(value, typer.Typer)]
    assert len(apps) == 1
    commands = typer.main.get_command(apps[0]).commands
    assert {"check", "demo", "run", "template"} <= set(commands)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in commands if f"geomap {name}" not in readme] == []


IMPORT_NAMES = {
    "python-calamine": "python_calamine",
    "python-docx": "docx",
    "xstatic-leaflet": "xstatic.pkg.leaflet",
}
"""Dependency → what it is imported as, where that is another name."""


def test_every_dependency_is_used_and_every_import_declared() -> None:
    declared = {re.split(r"[<>=!~\[ ]", line)[0].lower() for line in PROJECT["dependencies"]}
    modules = {IMPORT_NAMES.get(name, name) for name in declared}
    source = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    used = {name for path in MODULES for name in imports_of(path)}
    told = set(re.findall(r'"([\w.-]+)"', source))  # packages of data are named in text: XStatic's, the postcodes
    assert [name for name in modules if not any(f"{item}.".startswith(f"{name}.") for item in used | told)] == []
    outside = {name for path in MODULES for name in outside_used(path)} - set(sys.stdlib_module_names)
    extra = {re.split(r"[<>=]", line)[0] for line in PROJECT["optional-dependencies"]["cluster"]}
    # branca comes with folium and dask with distributed, each the other's half; the rest is asked for by name.
    assert outside - {name.split(".")[0] for name in modules} - extra <= {"branca", "dask"}


def test_the_tests_have_every_package_of_the_extras_that_the_tool_uses() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras["cluster"]) <= set(extras["test"])


def tracked_text() -> list[Path]:
    """Text files under version control, or about to be; without git, those of the folders that hold source."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        found = [path for name in ("geomap", "scripts", "tests") for path in (ROOT / name).rglob("*")]
    else:
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = [ROOT / line for line in listed.splitlines()]
    endings = {".py", ".toml", ".txt", ".md", ".css", ".js", ".csv", ".json", ".html", ".yml", ".ipynb", ""}
    return [path for path in found if path.is_file() and path.suffix in endings]


MACHINE_PATH = re.compile(r"(?<![\w.])(/(home|root|tmp|work|Users)/\w|[A-Z]:\\\\?(Users|Temp))")


def test_no_path_of_one_machine_stands_in_the_repository() -> None:
    here = Path(__file__)
    paths = [path for path in tracked_text() if path != here]
    assert len(paths) > 20
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not MACHINE_PATH.search(text), path.relative_to(ROOT)


REMOTE = re.compile(r"""(?:src|href|url|import|fetch|open)\s*[=(]?\s*["'(]*\s*(?:https?:)?//""", re.IGNORECASE)


def test_own_styles_and_scripts_load_nothing_from_elsewhere() -> None:
    own = [path for ending in ("*.css", "*.js") for path in PACKAGE.rglob(ending)]
    assert own
    for path in own:
        assert not REMOTE.search(path.read_text(encoding="utf-8")), name_of(path)


def test_the_rules_see_what_they_forbid() -> None:
    assert REMOTE.search('<script src="https://cdn.example/x.js">')
    assert REMOTE.search("@import url(//fonts.example/x.css)")
    assert not REMOTE.search('return "M0 0"; // src is own')
    assert MACHINE_PATH.search("see /home/someone/file.csv")
    assert not MACHINE_PATH.search("docs/work/plan.md")
    assert opened_paths(ast.parse("pd.read_csv(path)\nopen(path)\npath.read_text()\npath.open('rb')"))[3:] != []
    assert opened_paths(ast.parse("pd.read_csv(io.StringIO(text))\nread_csv(path)\nplan.open(course)")) == []
