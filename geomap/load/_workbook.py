"""Bytes of a workbook to rows of values; bounds what the reader may lay out before it is asked to."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import python_calamine

from ._raw import OLE, RawTable, drop_blank, kind_of, refuse, refuse_twice
from ._text import cell_text

_SIGNATURES = {".xlsx": b"PK", ".xlsm": b"PK", ".ods": b"PK", ".xls": OLE}
_MAX_BYTES = 1 << 30
_MAX_CELLS = 60_000_000
_FILLED_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>")
_RESAVE = "Open it, and save it again as .xlsx."


@contextmanager
def open_book(data: bytes, source: str, ending: str) -> Iterator[python_calamine.CalamineWorkbook]:
    """
    A workbook, once its bytes are seen to be what its ending says and of a size that can be laid out.

    Raises
    ------
    DataError
        It is not a workbook, is protected, is broken, or is out of all proportion.
    """
    signature = _SIGNATURES.get(ending.lower())
    if signature is None:
        raise refuse(source, f"a file ending in {ending!r} is not a workbook", "Save it as .xlsx.")
    if not data.startswith(signature):
        raise refuse(source, f"this is {kind_of(data) or 'something else'}, not the workbook its name says", _RESAVE)
    try:
        if signature == b"PK":
            _bound(data, source)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise refuse(source, f"the workbook is not whole: {error}", "Download it again, or save it again.") from error
    with book:
        yield book


def _bound(data: bytes, source: str) -> None:
    """Refuse a workbook that unpacks to too much, or with a far cell (the reader lays out every cell up to it)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > _MAX_BYTES:
            raise refuse(source, "the workbook unpacks to more than 1 GiB", "Keep only the sheets wanted.")
        for name in archive.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                continue
            columns, rows = 0, 0
            for letters, digits in _FILLED_CELL.findall(archive.read(name)):
                columns = max(columns, sum((c - 64) * 26**i for i, c in enumerate(reversed(letters))))
                rows = max(rows, int(digits))
            if columns * rows > _MAX_CELLS:
                problem = f"a sheet spreads over {rows:,} rows and {columns:,} columns"
                remedy = "Delete the stray cell far from the table, and save it again."
                raise refuse(source, problem, remedy, sheet=name.rpartition("/")[2])


def sheet_rows(book: python_calamine.CalamineWorkbook, name: str, source: str) -> list[list[object]]:
    """Values of one sheet; row 1 is the first list, whatever stands above the table."""
    try:
        return book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except python_calamine.CalamineError as error:
        raise refuse(source, f"the sheet cannot be read: {error}", _RESAVE, sheet=name) from error


def find_sheet(book: python_calamine.CalamineWorkbook, sheet: str, source: str) -> str:
    """The name as the workbook writes it, found without regard to case."""
    named = {name.strip().casefold(): name for name in book.sheet_names}
    found = named.get(sheet.strip().casefold())
    if found is None:
        remedy = f"Choose the workbook that has it. This one has: {'; '.join(book.sheet_names)}."
        raise refuse(source, "the sheet is not in the workbook", remedy, sheet=sheet)
    return found


def rows_to_table(rows: list[list[object]], source: str, sheet: str, heading_row: int | None) -> RawTable:
    """
    A sheet's rows as text under their headings.

    Raises
    ------
    DataError
        There is no heading row, or a heading stands twice.
    """
    texts = [[cell_text(value) for value in row] for row in rows]
    filled = (i for i, row in enumerate(texts, 1) if sum(bool(cell.strip()) for cell in row) >= 2)
    top = heading_row or next(filled, None)
    if top is None or top > len(texts):
        raise refuse(source, "there is no heading row", "Give the columns their headings.", sheet=sheet)
    names = [cell.strip() for cell in texts[top - 1]]
    body = pd.DataFrame(texts[top:], columns=range(len(names)), index=range(top + 1, len(texts) + 1), dtype="str")
    keep = [i for i, name in enumerate(names) if name or (body[i].str.strip() != "").any()]
    kept_names = [names[i] or f"(column {i + 1})" for i in keep]
    refuse_twice(source, kept_names, top, sheet)
    return RawTable(frame=drop_blank(body[keep].set_axis(kept_names, axis=1)), source=source, sheet=sheet)
