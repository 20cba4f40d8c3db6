"""The page's own JavaScript and CSS: clean, small, and never a way for text to become code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tinycss2

from geomap.render.assets import _OWN_SCRIPTS, _OWN_STYLES
from geomap.render.index import _SCRIPTS as INDEX_SCRIPTS
from geomap.render.index import _STYLES as INDEX_STYLES

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "geomap" / "render" / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
SHEETS = sorted(STATIC.glob("*.css"))
LONGEST = 300

TEXT_AS_CODE = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|srcdoc|document\.write(ln)?|createContextualFragment|DOMParser)\b"
    r"|\beval\s*\(|\bnew\s+Function\b|\bset(Timeout|Interval)\s*\(\s*[\"'`]"
)
ASKS_THE_NETWORK = re.compile(
    r"\b(fetch\s*\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|import\s*\(|serviceWorker)"
)


def test_every_file_of_the_page_is_packed_into_it() -> None:
    assert {path.name for path in SCRIPTS} == {*_OWN_SCRIPTS, *INDEX_SCRIPTS}
    assert {path.name for path in SHEETS} == {*_OWN_STYLES, *INDEX_STYLES}


def test_the_linter_of_javascript_has_nothing_to_say() -> None:
    beside = Path(sys.executable).parent / ("oxlint.exe" if sys.platform == "win32" else "oxlint")
    oxlint = str(beside) if beside.is_file() else shutil.which("oxlint")
    if oxlint is None:
        pytest.fail("oxlint is not installed; it is in the extra `test`")
    done = subprocess.run(
        [oxlint, "--config", str(ROOT / ".oxlintrc.json"), "--deny-warnings", str(STATIC)],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout
    assert f"on {len(SCRIPTS)} files" in done.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_never_takes_text_for_code_nor_asks_the_network(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert TEXT_AS_CODE.search(text) is None
    assert ASKS_THE_NETWORK.search(text) is None
    assert text.startswith("/* ")
    assert '"use strict";' in text
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_style_sheet_is_valid_and_nothing_in_it_moves(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    broken = [rule.message for rule in rules if rule.type == "error"]
    while rules:
        rule = rules.pop()
        if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            rules += tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        elif rule.type in ("qualified-rule", "at-rule") and rule.content is not None:
            told = tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
            broken += [part.message for part in told if part.type == "error"]
    assert broken == []
    assert not re.search(r"(?<!-)\b(transition|animation)(-\w+)?\s*:|@keyframes|@import", text)
    assert not re.search(r"url\(\s*[\"']?(?!data:)", text)


@pytest.mark.parametrize(
    "text",
    ["node.innerHTML = name", "eval (x)", "setTimeout('go()', 1)", "new Function(x)", "document.write(x)"],
)
def test_the_watch_sees_text_that_becomes_code(text: str) -> None:
    assert TEXT_AS_CODE.search(text)
