"""Bytes of a workbook to rows of values; bounds what the reader may lay out before it is asked to.

The reader gives an empty cell where a formula has failed. In an .xlsx those cells are looked up in the sheet itself,
so that `#N/A` is not taken for "nothing said"; other kinds of workbook do not show them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import basename
from xml.etree import ElementTree
from xml.parsers import expat

import pandas as pd
import python_calamine

from ._extent import MERGED, Extent, find_errors, find_hidden_rows, find_unstored, measure_sheet, measure_tables
from ._raw import OLE, RawTable, drop_blank, kind_of, refuse, refuse_twice
from ._text import cell_text
from ._zip import check_parts, open_zip

_SIGNATURES = {".xlsx": b"PK", ".xlsm": b"PK", ".ods": b"PK", ".xls": OLE}
MOST_CELLS = 25_000_000
"""Laid out they take 1 to 3 GB; the largest official workbook, all domains of the IMD, has 2 million."""
_VISIBLE = python_calamine.SheetVisibleEnum.Visible
_RESAVE = "Open it, and save it again as .xlsx."
_PANIC = "PanicException"
"""What a slip in the reader's Rust becomes; it is no `Exception`, and cannot be imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An open workbook, and what its failed formulas show: sheet → (row, column), from 0 → such as `#N/A`."""

    calamine: python_calamine.CalamineWorkbook
    source: str
    errors: dict[str, dict[tuple[int, int], str]]
    hidden_rows: dict[str, list[int]]
    """Sheet → rows that the workbook does not show, as far as its kind tells."""

    @property
    def hidden_sheets(self) -> list[str]:
        return [sheet.name for sheet in self.calamine.sheets_metadata if sheet.visible != _VISIBLE]

    @property
    def sheet_names(self) -> list[str]:
        return self.calamine.sheet_names

    def rows(self, name: str) -> list[list[object]]:
        """Values of one sheet; row 1 is the first list, whatever stands above the table."""
        with _told(self.source, "the sheet cannot be read", sheet=name):
            sheet = self.calamine.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
            for row in rows[top + 1 : bottom + 1]:
                row[left : right + 1] = [MERGED] * len(row[left : right + 1])
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
    errors, hidden = _bound(data, source) if signature == b"PK" else ({}, {})
    with _told(source, "the workbook is not whole"):
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    with book:
        yield Book(calamine=book, source=source, errors=errors, hidden_rows=hidden)


@contextmanager
def _told(source: str, problem: str, **where: str) -> Iterator[None]:
    """Turn what the reader of workbooks raises into one fault."""
    try:
        yield
    except (python_calamine.CalamineError, OSError, KeyError, ValueError) as error:
        raise refuse(source, f"{problem}: {error}", _RESAVE, **where) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise refuse(source, f"{problem}: its reader gave up", _RESAVE, **where) from error


def _bound(data: bytes, source: str) -> tuple[dict[str, dict[tuple[int, int], str]], dict[str, list[int]]]:
    """
    Refuse a workbook that unpacks to too much, declares a document type, or has a far cell.

    Returns
    -------
    errors, hidden_rows
        As in `Book`.
    """
    errors, extents, hidden = {}, {}, {}
    with open_zip(io.BytesIO(data), source, "the workbook is not whole: it was cut short") as archive:
        check_parts(archive, source, "workbook")
        try:
            for name in archive.namelist():
                part = archive.read(name)
                # A sheet may be kept under any name.
                if b"sheetData" in part:
                    extents[name] = measure_sheet(part)
                    shown = _sheet_name(archive, basename(name))
                    errors[shown] = find_errors(part) | find_unstored(part)
                    hidden[shown] = find_hidden_rows(part)
                elif name == "content.xml":
                    extents |= measure_tables(part)
        except (expat.ExpatError, ElementTree.ParseError, KeyError, UnicodeDecodeError) as error:
            raise refuse(source, f"the workbook is not whole: {error}", _RESAVE) from error
    _check_extents(extents, source)
    return {name: shown for name, shown in errors.items() if shown}, hidden


def _check_extents(extents: dict[str, Extent], source: str) -> None:
    """Refuse a sheet, or sheets together, of more cells than can be laid out."""
    if sum(extent.cells for extent in extents.values()) <= MOST_CELLS:
        return
    name, widest = max(extents.items(), key=lambda item: item[1].cells)
    if widest.cells > MOST_CELLS:
        problem = f"a sheet spreads over {widest.rows:,} rows and {widest.columns:,} columns"
        remedy = "Delete the stray cell far from the table, and save it again."
        raise refuse(source, problem, remedy, sheet=basename(name))
    problem = f"its {len(extents)} sheets spread over more than {MOST_CELLS:,} cells"
    raise refuse(source, problem, "Keep only the sheets wanted, and delete stray cells far from the tables.")


def _sheet_name(archive: zipfile.ZipFile, part: str) -> str:
    """The name a planner sees on the sheet that is kept in this part of the workbook, such as `sheet2.xml`."""
    links = {basename(link.get("Target", "")): link.get("Id") for link in _parse(archive, "xl/_rels/workbook.xml.rels")}
    names = (node for node in _parse(archive, "xl/workbook.xml").iter() if node.get("name"))
    return next((node.get("name", "") for node in names if links.get(part) in node.attrib.values()), "")


def _parse(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(part))


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
    filled = (i for i, row in enumerate(texts, 1) if sum(cell.strip() not in ("", MERGED) for cell in row) >= 2)
    top = heading_row or next(filled, None)
    if top is None or top > len(texts):
        raise refuse(source, "there is no heading row", "Give the columns their headings.", sheet=sheet)
    names = [cell.strip() for cell in texts[top - 1]]
    body = pd.DataFrame(texts[top:], columns=range(len(names)), index=range(top + 1, len(texts) + 1), dtype="str")
    # A row of nothing but the lower halves of merged cells is a part of the row above.
    body[body.isin(["", MERGED]).all(axis=1)] = ""
    keep = [i for i, name in enumerate(names) if name or (body[i].str.strip() != "").any()]
    kept_names = [names[i] or f"(column {i + 1})" for i in keep]
    refuse_twice(source, kept_names, top, sheet)
    frame = drop_blank(body[keep].set_axis(kept_names, axis=1))
    return RawTable(frame=frame, source=source, sheet=sheet, heading_row=top)
