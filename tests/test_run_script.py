"""scripts/run.py sets up once, mends what is broken and passes exit codes on, with no package at hand."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "run.py"


class Machine:
    """Stands in for the machine: notes the commands and pretends to have run them."""

    def __init__(self, script: ModuleType) -> None:
        self.script = script
        self.commands: list[list[str]] = []
        self.venv_runs = True
        self.codes: dict[str, int] = {}

    def call(self, command: list[str], **_: object) -> int:
        if "-c" in command and str(command[2]).startswith("import sys"):
            if not self.script.PYTHON.exists():
                raise FileNotFoundError(command[0])
            return 0 if self.venv_runs else 1
        self.commands.append([Path(command[0]).name, *command[1:]])
        if "venv" in command:
            self.script.PYTHON.parent.mkdir(parents=True)
            self.script.PYTHON.touch()
            self.venv_runs = True
        return next((code for word, code in self.codes.items() if word in command), 0)

    def said(self, word: str) -> int:
        return sum(word in command for command in self.commands)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A copy of the script in a project of its own, on a machine without uv and without a desktop."""
    (tmp_path / "scripts").mkdir()
    copy = tmp_path / "scripts" / "run.py"
    copy.write_bytes(SCRIPT.read_bytes())
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("run_script", copy)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = Machine(script)
    monkeypatch.setattr(script.subprocess, "call", made.call)
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    monkeypatch.setenv("CI", "true")
    return made


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_an_old_python_is_told_so_in_a_sentence(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.script.sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later; this is Python 3\.9\.2"):
        machine.script.main(["demo"])
    assert machine.commands == []


def test_it_sets_up_once_and_again_when_the_packages_change(machine: Machine) -> None:
    assert machine.script.main(["demo"]) == 0
    assert [command[1:3] for command in machine.commands[:2]] == [["-m", "venv"], ["-m", "pip"]]
    assert machine.commands[1][-1] == str(machine.script.ROOT)
    assert machine.commands[2][:2] == [machine.script.GEOMAP.name, "demo"]
    machine.script.main(["demo"])
    assert (machine.said("venv"), machine.said("pip")) == (1, 1)
    (machine.script.ROOT / "constraints.txt").write_text("pandas==4", encoding="utf-8")
    machine.script.main(["demo"])
    assert (machine.said("venv"), machine.said("pip")) == (1, 2)


def test_the_tests_need_more_than_the_demo_and_cover_it(machine: Machine) -> None:
    machine.script.main(["demo"])
    machine.script.main(["test"])
    assert machine.said("pip") == 2
    assert machine.commands[-2][-1].endswith("[test]")
    machine.script.main(["demo"])
    assert machine.said("pip") == 2


def test_arguments_go_to_pytest_and_its_exit_code_comes_back(machine: Machine) -> None:
    machine.codes["pytest"] = 5
    assert machine.script.main(["test", "-k", "ledger"]) == 5
    assert machine.commands[-1][1:] == ["-m", "pytest", *machine.script.SIDE_BY_SIDE, "-k", "ledger"]


def test_a_failed_demo_opens_nothing_and_passes_its_code_on(machine: Machine, capsys: pytest.CaptureFixture) -> None:
    machine.codes["demo"] = 3
    assert machine.script.main(["demo"]) == 3
    assert "The map" not in capsys.readouterr().out


def test_a_broken_environment_is_made_again(machine: Machine) -> None:
    machine.script.main(["demo"])
    machine.venv_runs = False
    machine.script.main(["demo"])
    assert (machine.said("venv"), machine.said("pip")) == (2, 2)


def test_an_install_cut_short_is_made_again_and_never_taken_for_done(machine: Machine) -> None:
    machine.codes["pip"] = 1
    with pytest.raises(SystemExit, match="Setting up did not work"):
        machine.script.main(["demo"])
    machine.codes.clear()
    assert machine.script.main(["demo"]) == 0
    assert (machine.said("venv"), machine.said("pip")) == (2, 2)


def test_an_environment_of_the_users_own_is_kept(machine: Machine) -> None:
    machine.script.PYTHON.parent.mkdir(parents=True)
    machine.script.PYTHON.touch()
    machine.script.main(["demo"])
    assert (machine.said("venv"), machine.said("pip")) == (0, 1)


def test_uv_is_used_where_it_is_found(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.script.shutil, "which", lambda name: "uv")
    machine.script.main(["demo"])
    assert [command[:2] for command in machine.commands[:2]] == [["uv", "venv"], ["uv", "pip"]]


def test_without_venv_it_says_what_to_install(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        machine.script.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else real(name)
    )
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        machine.script.main(["demo"])
    assert machine.commands == []


@pytest.mark.parametrize(
    ("platform", "settings", "there"),
    [
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "1"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_opens_only_where_somebody_sees_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, platform: str, settings: dict[str, str], there: bool
) -> None:
    monkeypatch.setattr(machine.script.os, "environ", settings)
    monkeypatch.setattr(machine.script.sys, "platform", platform)
    assert machine.script.has_desktop() is there


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["nonsense"], 2), (["demo", "more"], 2), (["--help"], 0)])
def test_it_explains_itself(arguments: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == code
    assert "python scripts/run.py demo" in done.stdout
