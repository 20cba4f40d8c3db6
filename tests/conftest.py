"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA_VARIABLE = "GEOMAP_REAL_DATA"
APART = {
    "slow": ("GEOMAP_SLOW", "takes more than four seconds"),
    "national": ("GEOMAP_NATIONAL", "works on all of England"),
    "thorough": ("GEOMAP_THOROUGH", "tries a thing in hundreds of ways"),
}
"""Marks of tests that have a command of their own → the variable that has them run anyway, and why."""
LONGEST_FIRST = (
    "test_notebooks.py", "test_sites.py", "test_places.py", "test_national.py", "test_accessibility.py",
    "test_index_page.py", "test_map_page.py", "test_demo_map.py", "test_locate.py", "test_cli.py", "test_pipeline.py",
    "test_match.py", "test_gazetteer.py", "test_wishes.py", "test_robust.py", "test_match_laws.py",
    "test_open_sites.py",
)  # fmt: skip
"""Files of tests by how long they take: one of minutes that is begun last keeps everybody waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and leave out what has a command of its own unless it is asked for."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    for mark, (variable, why) in APART.items():
        if os.environ.get(variable) != "1":
            skip = pytest.mark.skip(reason=f"{why}; run it with 'python scripts/run.py {mark}'")
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(skip)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real official files; without it the tests that need it skip and say so."""
    folder = os.environ.get(REAL_DATA_VARIABLE)
    if not folder:
        pytest.skip(f"set {REAL_DATA_VARIABLE} to the folder of official files to run this test")
    path = Path(folder)
    assert path.is_dir(), f"{REAL_DATA_VARIABLE} names {path}, which is not a folder"
    return path
