"""Bytes of a workbook to rows of values; bounds what the reader may lay out before it is asked to.

The reader gives an empty cell where a formula has failed. In an .xlsx those cells are looked up in the sheet itself,
so that `#N/A` is not taken for "nothing said"; other kinds of workbook do not show them.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import basename
from xml.etree import ElementTree

import pandas as pd
import python_calamine

from ._raw import OLE, RawTable, drop_blank, kind_of, refuse, refuse_twice
from ._text import cell_text

_SIGNATURES = {".xlsx": b"PK", ".xlsm": b"PK", ".ods": b"PK", ".xls": OLE}
_MAX_BYTES = 1 << 30
_MAX_CELLS = 60_000_000
_FILLED_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>")
_ERROR_CELL = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\bt=[\"']e[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>"
    rb".*?<(?:\w+:)?v>([^<]*)<",
    re.DOTALL,
)
_RESAVE = "Open it, and save it again as .xlsx."


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An open workbook, and what its failed formulas show: sheet → (row, column), from 0 → such as `#N/A`."""

    calamine: python_calamine.CalamineWorkbook
    source: str
    errors: dict[str, dict[tuple[int, int], str]]

    @property
    def sheet_names(self) -> list[str]:
        return self.calamine.sheet_names

    def rows(self, name: str) -> list[list[object]]:
        """Values of one sheet; row 1 is the first list, whatever stands above the table."""
        try:
            rows = self.calamine.get_sheet_by_name(name).to_python(skip_empty_area=False)
        except python_calamine.CalamineError as error:
            raise refuse(self.source, f"the sheet cannot be read: {error}", _RESAVE, sheet=name) from error
        for (row, column), shown in self.errors.get(name, {}).items():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = shown
        return rows


@contextmanager
def open_book(data: bytes, source: str, ending: str) -> Iterator[Book]:
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
        errors = _bound(data, source) if signature == b"PK" else {}
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise refuse(source, f"the workbook is not whole: {error}", "Download it again, or save it again.") from error
    with book:
        yield Book(calamine=book, source=source, errors=errors)


def _bound(data: bytes, source: str) -> dict[str, dict[tuple[int, int], str]]:
    """
    Refuse a workbook that unpacks to too much, or with a far cell (the reader lays out every cell up to it).

    Returns
    -------
    errors
        As in `Book`.
    """
    errors = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > _MAX_BYTES:
            raise refuse(source, "the workbook unpacks to more than 1 GiB", "Keep only the sheets wanted.")
        for name in archive.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                continue
            columns, rows = 0, 0
            sheet = archive.read(name)
            for letters, digits in _FILLED_CELL.findall(sheet):
                columns = max(columns, _column(letters))
                rows = max(rows, int(digits))
            if columns * rows > _MAX_CELLS:
                problem = f"a sheet spreads over {rows:,} rows and {columns:,} columns"
                remedy = "Delete the stray cell far from the table, and save it again."
                raise refuse(source, problem, remedy, sheet=basename(name))
            cells = _ERROR_CELL.findall(sheet) if b'"e"' in sheet or b"'e'" in sheet else []
            if cells:
                shown = {(int(digits) - 1, _column(letters) - 1): text.decode() for letters, digits, text in cells}
                errors[_sheet_name(archive, basename(name))] = shown
    return errors


def _column(letters: bytes) -> int:
    """The number of a column from its letters: A is 1."""
    return sum((letter - 64) * 26**place for place, letter in enumerate(reversed(letters)))


def _sheet_name(archive: zipfile.ZipFile, part: str) -> str:
    """The name a planner sees on the sheet that is kept in this part of the workbook, such as `sheet2.xml`."""
    links = {basename(link.get("Target", "")): link.get("Id") for link in _parse(archive, "xl/_rels/workbook.xml.rels")}
    names = (node for node in _parse(archive, "xl/workbook.xml").iter() if node.get("name"))
    return next((node.get("name", "") for node in names if links.get(part) in node.attrib.values()), "")


def _parse(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    text = archive.read(part)
    if b"<!DOCTYPE" in text:
        raise zipfile.BadZipFile("it declares a document type")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise zipfile.BadZipFile(str(error)) from error


def find_sheet(book: Book, sheet: str) -> str:
    """The name as the workbook writes it, found without regard to case."""
    named = {name.strip().casefold(): name for name in book.sheet_names}
    found = named.get(sheet.strip().casefold())
    if found is None:
        remedy = f"Choose the workbook that has it. This one has: {'; '.join(book.sheet_names)}."
        raise refuse(book.source, "the sheet is not in the workbook", remedy, sheet=sheet)
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
