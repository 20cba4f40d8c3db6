"""How far the filled cells of a sheet spread, and which of them show an error; read from the sheet's XML.

The reader of workbooks lays out every cell between the first filled one and the last, so one cell in a far corner, a
few kilobytes of file, asks for more memory than there is and ends the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

_PLACE = rb' r="([A-Z]{1,3})([1-9][0-9]{0,6})"'
_MORE = rb'((?: [a-zA-Z]+="[^"<>&]*")*) ?'
_BLANK = re.compile(rb"<c" + _PLACE + _MORE + rb"(?:/>|></c>)")
_FILLED = re.compile(rb"<c" + _PLACE + _MORE + rb">")
_CELL = re.compile(rb"<(?:[^<>\s/:]+:)?c(?=[\s/>])")
"""A cell, however it is written."""
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\bt=[\"']e[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>"
    rb".*?<(?:\w+:)?v>([^<]*)<",
    re.DOTALL,
)


_UNSTORED = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
UNSTORED, MERGED = "#NOVALUE!", "#MERGED!"
"""What is put where a formula has no stored value, and where a cell is merged with one in a row above."""


_PAST_ANY_SHEET = 10**20


@dataclass(frozen=True, slots=True)
class Extent:
    """Rows and columns up to the last filled cell."""

    rows: int = 0
    columns: int = 0

    @property
    def cells(self) -> int:
        return self.rows * self.columns


def measure_sheet(xml: bytes) -> Extent:
    """
    The extent of a sheet of an .xlsx.

    Raises
    ------
    expat.ExpatError
        It is no XML.
    """
    rest = _BLANK.sub(b"", xml)
    columns, rows, seen = b"", 0, 0
    for found in _FILLED.finditer(rest):
        letters, digits = found[1], int(found[2])
        seen += 1
        if (len(letters), letters) > (len(columns), columns):
            columns = letters
        if digits > rows:
            rows = digits
    # What no spreadsheet writes, such as a cell without its place, is left to a reader of XML, ten times slower.
    if seen != sum(1 for _ in _CELL.finditer(rest)):
        return _measure_slowly(xml)
    return Extent(rows, column_number(columns))


def find_errors(xml: bytes) -> dict[tuple[int, int], str]:
    """Cells of a sheet of an .xlsx that show an error: (row, column), from 0 → such as `#N/A`."""
    found = _ERROR.findall(xml) if b'"e"' in xml or b"'e'" in xml else ()
    return {(int(digits) - 1, column_number(letters) - 1): text.decode() for letters, digits, text in found}


def find_unstored(xml: bytes) -> dict[tuple[int, int], str]:
    """Cells of a sheet of an .xlsx with a formula whose value was never stored; they read as empty and are not."""
    cells = _UNSTORED.findall(xml) if b"<f" in xml or b":f" in xml else ()
    found = {}
    for told in cells:
        place = re.search(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']", told)
        # A text without letters is a value too.
        if place and not re.search(rb"\bt=[\"']str[\"']", told):
            found[int(place[2]) - 1, column_number(place[1]) - 1] = UNSTORED
    return found


def find_hidden_rows(xml: bytes) -> list[int]:
    """Numbers of the rows of a sheet of an .xlsx that are hidden or filtered away; the first is 1."""
    told = re.findall(rb"<(?:\w+:)?row\b([^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*)>", xml) if b"hidden" in xml else ()
    places = (re.search(rb"\br=[\"']([0-9]{1,7})[\"']", text) for text in told)
    return [int(place[1]) for place in places if place]


def column_number(letters: bytes) -> int:
    """
    The number of a column from its letters; 0 for none.

    >>> column_number(b"XFD")
    16384
    """
    return sum((letter - 64) * 26**place for place, letter in enumerate(reversed(letters)))


@dataclass(slots=True)
class _Sheet:
    """What has been seen of a sheet so far; the position counts from 1."""

    row: int = 0
    column: int = 0
    filled: bool = False
    extent: Extent = field(default_factory=Extent)

    def start(self, name: str, told: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self.row = _whole(told.get("r", "")) or self.row + 1
            self.column = 0
        elif name == "c":
            place = re.fullmatch(r"\s*([A-Za-z]*)(\d*)\s*", told.get("r", ""))
            self.column = (place and column_number(place[1].upper().encode())) or self.column + 1
            self.row = (place and _whole(place[2])) or self.row
            self.filled = False
        elif name in ("v", "is", "t", "f"):
            self.filled = True

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == "c" and self.filled:
            self.extent = Extent(max(self.row, self.extent.rows), max(self.column, self.extent.columns))


def _whole(text: str) -> int:
    """A number, or one that is past any sheet where its figures are more than a reader has room for; else 0."""
    text = text.strip().lstrip("0")
    if not text.isdecimal():
        return 0
    return int(text) if len(text) < 20 else _PAST_ANY_SHEET


def _measure_slowly(xml: bytes) -> Extent:
    sheet = _Sheet()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = sheet.start, sheet.end
    parser.Parse(xml, True)
    return sheet.extent


@dataclass(slots=True)
class _Tables:
    """What has been seen of the tables of an OpenDocument workbook so far."""

    extents: dict[str, Extent] = field(default_factory=dict)
    name: str = ""
    rows: int = 0
    columns: int = 0
    times: int = 1
    """How often the row is repeated."""
    wide: int = 1
    """How often the cell is."""
    last: int = 0
    """The last filled column of the row."""

    def start(self, name: str, told: dict[str, str]) -> None:
        if name == "table:table":
            self.name, self.rows = told.get("table:name", ""), 0
            self.extents.setdefault(self.name, Extent())
        elif name == "table:table-row":
            self.times, self.columns, self.last = _repeats(told, "rows"), 0, 0
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self.wide = _repeats(told, "columns")
            self.columns += self.wide
            if "office:value-type" in told or "table:formula" in told:
                self.last = self.columns
        elif name == "text:p":
            self.last = self.columns

    def end(self, name: str) -> None:
        if name == "table:table-row":
            self.rows += self.times
            before = self.extents.get(self.name, Extent())
            if self.last:
                self.extents[self.name] = Extent(self.rows, max(self.last, before.columns))


def _repeats(told: dict[str, str], what: str) -> int:
    return _whole(told.get(f"table:number-{what}-repeated", "")) or 1


def measure_tables(xml: bytes) -> Iterator[tuple[str, Extent]]:
    """
    The sheets of an OpenDocument workbook and the extent of each, from its `content.xml`.

    Raises
    ------
    expat.ExpatError
        It is no XML.
    """
    tables = _Tables()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = tables.start, tables.end
    parser.Parse(xml, True)
    yield from tables.extents.items()
