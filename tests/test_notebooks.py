"""The notebooks: without outputs, without a machine's paths, in plain words, and every cell runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STRICT = "import warnings\nwarnings.simplefilter('error')\nwarnings.filterwarnings('ignore', module='ipykernel')"
"""A warning in a notebook is an error, but for those of the program that runs it."""
MOST_SECONDS = 900
"""For one cell, on a machine that does other things besides."""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def test_the_four_stories_are_there():
    assert [path.name for path in NOTEBOOKS] == [
        "01_first_map.ipynb", "02_fairness.ipynb", "03_choose_sites.ipynb", "04_your_own_indicator.ipynb",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestAsItStands:
    def test_it_is_a_sound_notebook_that_begins_with_its_title(self, path):
        notebook = read(path)
        nbformat.validate(notebook)
        first = notebook.cells[0]
        assert first.cell_type == "markdown" and first.source.startswith(f"# {int(path.stem[:2])}. ")
        assert "Path(\"north.toml\")" in first.source or "name your scenario" in first.source or "demo" in first.source

    def test_no_output_and_no_count_is_kept(self, path):
        for cell in read(path).cells:
            if cell.cell_type == "code":
                assert cell.outputs == [] and cell.execution_count is None
            assert cell.metadata == {}

    def test_no_path_of_a_machine_stands_in_it(self, path):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.:/])/(home|root|tmp|work|Users|usr|var)/|[A-Z]:\\\\", text)

    def test_it_installs_and_downloads_nothing(self, path):
        assert not re.search(r"^\s*[!%]|https?://|pip install", "\n".join(code_of(path)), flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_without_a_warning(path, tmp_path, monkeypatch):
    """In an empty folder, which it leaves empty."""
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = read(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    home = tmp_path / "home"
    home.mkdir()
    client = NotebookClient(
        notebook, timeout=MOST_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(home)}}
    )
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    shown = [output for cell in cells for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "stream" and output.name == "stderr"]
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert list(home.iterdir()) == []
