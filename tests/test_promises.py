"""Every fault of the catalogue has a test of its name; what is told of the promises is told of files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROMISES = ROOT / "docs" / "promises.md"
HAZARDS = ROOT / "docs" / "hazards.md"

CATALOGUE = {
    "text": ("cp1252", "bom", "utf16", "semicolon", "extra_cells", "open_quote", "line_breaks"),
    "workbook": (
        "title_rows", "merged", "total_rows", "hidden_sheet", "hidden_rows", "duplicate_headers",
        "formula_without_a_stored_value", "error_cells", "1904_dates", "macros", "truncated", "wrong_type",
    ),
    "value": (
        "numbers_as_text", "thousands", "blank", "negative", "nan", "infinite", "huge", "tiny", "day_first", "mixed",
        "impossible", "names", "leading_zeros",
    ),
    "key": (
        "case", "spaces", "no_break", "look_alike", "duplicate", "vintage", "nation", "old_postcode",
        "partial_postcode",
    ),
    "shape": (
        "bow_tie", "empty", "null", "mixed", "3d", "overlap", "duplicate", "missing", "no_crs", "wrong_label",
        "swapped", "broken_json",
    ),
    "matching": ("none", "zero", "disconnected", "ties", "greedy", "orders_of_magnitude", "cap", "time_out"),
    "running": ("kill", "terminate", "disk_full", "unwritable", "race", "low_memory", "locale", "no_network"),
    "hostile": ("script", "attribute", "template", "formula", "entities", "far_cell", "zip_bomb", "disguised_driver"),
}  # fmt: skip
"""The faults to handle, by area."""


def named_tests() -> set[str]:
    folder = ROOT / "tests" / "faults"
    return {
        name
        for path in folder.glob("test_*.py")
        for name in re.findall(r"^\s*def (test_fault_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize(("area", "fault"), [(area, fault) for area, faults in CATALOGUE.items() for fault in faults])
def test_each_fault_of_the_catalogue_has_a_test_of_its_name(area: str, fault: str) -> None:
    assert [name for name in named_tests() if name.startswith(f"test_fault_{area}_") and fault in name]


@pytest.mark.parametrize("page", [PROMISES, HAZARDS], ids=lambda path: path.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    named = set(re.findall(r"`((?:tests|geomap|scripts)/[\w/.]+?\.\w+)`", page.read_text(encoding="utf-8")))
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_promise_has_a_line_with_a_figure() -> None:
    rows = [line for line in PROMISES.read_text(encoding="utf-8").splitlines() if line.startswith("| R")]
    told = {re.match(r"\| (R\d+)", row)[1]: row.split("|") for row in rows}
    assert list(told) == [f"R{number}" for number in range(1, 12)]
    for cells in told.values():
        assert "`tests/" in cells[3] and re.search(r"\d", cells[4])
