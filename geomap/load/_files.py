"""A file of this computer, opened: no folder, no pipe, no address on a network, no path of GDAL's, not too large."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError
from ._raw import refuse

MOST_BYTES = 1 << 30
"""Of a file that is read whole; of the official ones the largest, LSOA outlines in full detail, have about half."""
_GDAL_PATH = re.compile(r"(?:[a-z]:)?[\\/]+vsi", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:[\\/]", re.IGNORECASE)
"""A scheme has two letters or more; a drive has one. `Path` has made one slash of two."""


def check_plain(path: Path, most_bytes: int = MOST_BYTES) -> None:
    """
    Make sure that a path names a plain file of this computer that is no larger than may be.

    Raises
    ------
    DataError
        It does not.
    """
    if not str(path).isascii() and str(path) != str(path).encode(errors="replace").decode():
        raise refuse(str(path), "its name, or that of a folder above it, holds bytes that are no text", "Rename it.")
    if _GDAL_PATH.match(str(path)):
        raise refuse(str(path), "paths that begin with /vsi are not opened", "Name a file on this computer.")
    if path.is_file():
        if path.stat().st_size > most_bytes:
            problem = f"the file is larger than {most_bytes >> 30} GiB"
            raise refuse(path.name, problem, "Check that it is the file wanted.")
        return
    if _ADDRESS.match(str(path)):
        raise refuse(str(path), "this is an address on a network", "Download the file, and name the one downloaded.")
    problem = "this is a folder" if path.is_dir() else "the file is not there"
    raise refuse(path.name, problem, f"Put the file at {path}, or correct its name in the scenario.")


def open_plain(path: Path, most_bytes: int = MOST_BYTES) -> BinaryIO:
    """
    A stream of a plain file, to be closed by the caller.

    Raises
    ------
    DataError
        As `check_plain`; or the file may not be read.
    """
    check_plain(path, most_bytes)
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def read_plain(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """
    The bytes of a plain file.

    Raises
    ------
    DataError
        As `open_plain`; or it is empty.
    """
    with open_plain(path, most_bytes) as stream:
        try:
            # As many as there were when it was looked at; room for all that is asked for is made before it is read.
            data = stream.read(path.stat().st_size)
        except OSError as error:
            raise _unreadable(path, error) from error
    if not data:
        raise refuse(path.name, "the file is empty", "Download or save it again.")
    return data


def _unreadable(path: Path, error: OSError) -> DataError:
    return refuse(path.name, f"the file cannot be read: {error.strerror}", "Check who may read it.")
