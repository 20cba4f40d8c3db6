"""Put one file where it is asked for, whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..errors import OutputError


def put_file(path: Path, data: bytes, what: str) -> None:
    """
    Write a file under another name beside the place it is meant for, and move it there.

    Parameters
    ----------
    path
        Where it goes; a file that stands there is replaced.
    data
        What it holds.
    what
        Its name in the message of an error, such as `The template`.

    Raises
    ------
    OutputError
        It cannot be written there; what stood there still does.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OutputError(f"{what} could not be written to {path}: {error.strerror}.") from error
