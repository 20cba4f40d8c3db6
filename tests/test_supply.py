"""What geomap is built on: licences, known vulnerabilities, what a command loads, and the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import check_supply  # noqa: E402
import check_wheel  # noqa: E402

PINNED = dict(
    re.match(r"([\w.-]+)==([^\s;]+)", line).groups()
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def test_every_licence_is_allowed() -> None:
    run, tests, wrong = check_supply.list_licences()
    assert wrong == []
    assert {"pandas", "highspy", "certifi"} <= {row[0] for row in run}
    assert {"pytest", "hypothesis"} <= {row[0] for row in tests}
    assert all(row[2] for row in (*run, *tests))


def test_a_licence_that_asks_for_more_is_let_in_by_hand_only() -> None:
    run, _, _ = check_supply.list_licences()
    odd = {name for name, _, licence, _ in run if not check_supply.is_allowed(licence, check_supply.ALLOWED)}
    assert odd <= set(check_supply.DECIDED)
    assert all(why for _, why in check_supply.DECIDED.values())


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True), ("MIT AND Zlib", True), ("GPL-3.0-only OR MIT", True), ("(MIT OR GPL-2.0) AND 0BSD", False),
        ("GPL-3.0-only", False), ("MIT AND LGPL-2.1", False), ("MPL-2.0", False), ("", False), ("See file", False),
    ],
)  # fmt: skip
def test_an_expression_is_allowed_where_each_part_is(expression: str, allowed: bool) -> None:
    assert check_supply.is_allowed(expression, check_supply.ALLOWED) is allowed


def test_every_package_of_a_run_has_an_exact_version() -> None:
    project = check_supply.read_project()
    found, missing = check_supply.walk([*project["dependencies"], *project["optional-dependencies"]["test"]])
    assert missing == set()
    assert {name for name in found if name not in PINNED} == set()


def test_a_known_vulnerability_is_wrong(capsys: pytest.CaptureFixture) -> None:
    vulnerable = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    assert check_supply.judge_audit([vulnerable, {"name": "b", "version": "1", "vulns": []}]) == check_supply.WRONG
    assert "a 1: CVE-1; mended in 2." in capsys.readouterr().out


SOUND, SKIPPED = {"name": "b", "version": "1", "vulns": []}, {"name": "a", "skip_reason": "not found"}


@pytest.mark.parametrize("told", [[], [SKIPPED, SOUND]], ids=["nothing", "one skipped"])
def test_what_was_not_looked_at_is_never_an_all_clear(told: list[dict], capsys: pytest.CaptureFixture) -> None:
    assert check_supply.judge_audit(told) == check_supply.NOT_KNOWN
    said = capsys.readouterr().out
    assert "NOT CHECKED" in said and "This is no all-clear." in said


def test_an_auditor_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(check_supply, "install_auditor", lambda folder: None)
    assert check_supply.main(["audit"]) == check_supply.NOT_KNOWN
    assert "could not be installed" in capsys.readouterr().out


def test_no_known_vulnerability_is_an_all_clear(capsys: pytest.CaptureFixture) -> None:
    assert check_supply.judge_audit([{"name": "a", "version": "1", "vulns": []}]) == 0
    assert "No known vulnerability in 1 packages." in capsys.readouterr().out


def test_a_wrong_thing_counts_more_than_an_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_supply, "check_licences", lambda: check_supply.WRONG)
    monkeypatch.setattr(check_supply, "audit", lambda: check_supply.NOT_KNOWN)
    assert check_supply.main([]) == check_supply.WRONG
    assert check_supply.main(["nonsense"]) == 2


@pytest.mark.slow
def test_charts_and_clusters_are_loaded_only_when_asked_for() -> None:
    """What `geomap --help` and `hours` load is tested in test_cli.py."""
    code = "import sys, geomap.pipeline; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "geopandas" in loaded
    assert loaded & {"matplotlib", "distributed", "openpyxl", "playwright", "pip_audit"} == set()


def test_the_wheel_that_loads_too_little_or_too_much_is_found(tmp_path: Path) -> None:
    declared = [re.split(r"[<>=]", line)[0] for line in check_supply.read_project()["dependencies"]]
    told = {"home": str(tmp_path / "lib" / "geomap" / "__init__.py"), "loaded": ["geomap", *declared]}
    assert check_wheel.judge(told, tmp_path) == []
    (idle,) = check_wheel.judge(told | {"loaded": [name for name in declared if name != "msgpack"]}, tmp_path)
    assert idle.endswith("never loaded by the demo: msgpack.")
    (extra,) = check_wheel.judge(told | {"loaded": [*told["loaded"], "hypothesis"]}, tmp_path)
    assert extra.endswith("asked for by nobody: hypothesis.")
    (elsewhere,) = check_wheel.judge(told | {"home": str(ROOT / "geomap" / "__init__.py")}, tmp_path)
    assert "not from the wheel" in elsewhere
