"""An ICB's own Word template, as bytes: what is in it is the board paper's to judge."""

from __future__ import annotations

import io
from pathlib import Path

from ._raw import OLE, refuse
from ._read import read_bytes
from ._zip import check_parts, open_zip


def load_word_template(path: Path) -> bytes:
    """
    Read a Word document whose every part can be unpacked and declares no document type.

    Raises
    ------
    DataError
        The file is not there, is a folder, is too large or unpacks to too much; it is protected, damaged, or no
        document.
    """
    path = Path(path)
    data = read_bytes(path)
    if data.startswith(OLE):
        problem = "this is an old Word document, or one protected by a password"
        raise refuse(path.name, problem, "Save it as .docx, without a password.")
    with open_zip(io.BytesIO(data), path.name, "the document was cut short") as archive:
        check_parts(archive, path.name, "document")
    return data
