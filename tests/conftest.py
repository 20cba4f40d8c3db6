"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA_VARIABLE = "GEOMAP_REAL_DATA"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real official files; without it the tests that need it skip and say so."""
    folder = os.environ.get(REAL_DATA_VARIABLE)
    if not folder:
        pytest.skip(f"set {REAL_DATA_VARIABLE} to the folder of official files to run this test")
    path = Path(folder)
    assert path.is_dir(), f"{REAL_DATA_VARIABLE} names {path}, which is not a folder"
    return path
