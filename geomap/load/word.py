"""An ICB's own Word template, as bytes: what is in it is the board paper's to judge."""

from __future__ import annotations

from pathlib import Path

from ._read import read_bytes


def load_word_template(path: Path) -> bytes:
    """
    Read a Word document.

    Raises
    ------
    DataError
        The file is not there, is a folder or is too large.
    """
    return read_bytes(Path(path))
