"""Bytes of a delimited text file to a frame of text; finds the rows that pandas would shift silently."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ..errors import DataError, Fault, Repair
from ._raw import RawTable, drop_blank, kind_of, refuse, refuse_twice
from ._text import normal_heading

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HEADING_BYTES = 65_536
_DEEPEST_HEADING = 30
_LOST = "\ufffd"
_FEW = 10
"""More rows than these, and most of the file, point to a wrong file and not to wrong rows."""


def parse_delimited(
    data: bytes, source: str, *, headings: Sequence[str] | None, skip_rows: int, columns: Collection[str] | None
) -> RawTable:
    """
    Parse comma, semicolon or tab separated text in UTF-8, UTF-16 or Windows' own encoding.

    The arguments are those of `read_csv`.

    Raises
    ------
    DataError
        Not text; a heading twice; a row with more cells than headings; an open quotation mark.
    """
    data, repairs = _to_utf8(source, data)
    for _ in range(skip_rows):
        data = data.partition(b"\n")[2]
    row, titles = skip_rows + 1, 0
    if headings is None:
        titles = _count_titles(data)
        data = data.split(b"\n", titles)[-1]
        comma = _separator(data.partition(b"\n")[0])
        headings, data = _split_heading(source, data, comma, row + titles)
        row += titles + 1
    else:
        comma = _separator(data.partition(b"\n")[0])
    names = [name.strip() or f"(column {i})" for i, name in enumerate(headings, 1)]
    refuse_twice(source, names, row - 1)
    records, width = _measure(source, data, comma, columns=len(names), first_row=row)
    wanted = None if columns is None else {normal_heading(c) for c in columns}
    kept = [n for n in names if wanted is None or normal_heading(n) in wanted]
    frame = _parse(data, comma, [*names, *(f"(beyond {i})" for i in range(len(names), width))][:width], kept)
    if set(kept) & set(names[:width]) and len(frame) != records:
        remedy = "Open the file and save it again as CSV (UTF-8)."
        raise refuse(source, f"{records} rows were counted but {len(frame)} could be read", remedy)
    frame.index = pd.RangeIndex(row, row + len(frame))
    whole = drop_blank(frame)
    if len(kept) < len(names) and len(whole) < len(frame):
        # Where few columns are read, a row may be blank in them alone; it is a row all the same.
        filled = _filled_rows(data, comma, frame.index.difference(whole.index), row)
        whole = frame.loc[whole.index.union(filled)]
    notes = [_say_titles(row - 1 - titles, titles)] if titles else []
    notes += [f"{repair.reason}: {repair.cells:,} in all, the first in line {repair.row}" for repair in repairs]
    told = {"notes": tuple(notes), "repairs": repairs, "heading_row": row - 1}
    return RawTable(frame=whole, source=source, **told)


def _filled_rows(data: bytes, comma: str, rows: pd.Index, first_row: int) -> list[int]:
    """Those of some rows in which any cell is filled."""
    wanted = set(rows)
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=comma)
    return [row for row, cells in enumerate(reader, first_row) if row in wanted and any(map(str.strip, cells))]


def _parse(data: bytes, comma: str, names: list[str], kept: list[str]) -> pd.DataFrame:
    """The columns kept; `names` are as many as the widest row has cells, so a heading past them is a blank column."""
    inside = [name for name in kept if name in names]
    if not data or not inside:
        return pd.DataFrame(columns=kept, dtype="str")
    frame = pd.read_csv(
        io.BytesIO(data), sep=comma, header=None, names=names, usecols=inside, index_col=False, dtype=str,
        keep_default_na=False, na_filter=False, skip_blank_lines=False, encoding="utf-8",
    )  # fmt: skip
    return frame.reindex(columns=kept, fill_value="")


def _separator(line: bytes) -> str:
    """Comma, semicolon or tab: what stands most often in a line, outside quotation marks."""
    bare = re.sub(rb'"[^"]*"', b"", line[:_HEADING_BYTES])
    return max((b",", b";", b"\t"), key=bare.count).decode()


def _count_titles(data: bytes) -> int:
    """Lines above the headings: one filled cell at most, with a line of several below them; none where none has."""
    for count, line in enumerate(data[:_HEADING_BYTES].split(b"\n", _DEEPEST_HEADING)[:_DEEPEST_HEADING]):
        cells = next(csv.reader([line.decode()], delimiter=_separator(line)), [])
        # An open quotation mark begins a heading that runs over several lines.
        if line.count(b'"') % 2 or sum(bool(cell.strip()) for cell in cells) >= 2:
            return count
    return 0


def _say_titles(row: int, titles: int) -> str:
    rows = f"row {row}" if titles == 1 else f"rows {row} to {row + titles - 1}"
    return f"{rows}, above the headings, passed over as titles"


def _to_utf8(source: str, data: bytes) -> tuple[bytes, list[Repair]]:
    """UTF-8 without a mark, each line ended by a line feed, and what was assumed; refuses what is no text."""
    remedy = "Download the CSV again, or save the sheet as CSV (UTF-8)."
    kind = kind_of(data)
    if kind:
        raise refuse(source, f"this is {kind}, not a CSV", remedy)
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    repairs: list[Repair] = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, repairs = _decode_windows(source, data) if encoding.startswith("utf-8") else ("\0", [])
    if "\0" in text:
        raise refuse(source, "this is not a text file", remedy)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (text if text.endswith("\n") else text + "\n").encode(), repairs


def _decode_windows(source: str, data: bytes) -> tuple[str, list[Repair]]:
    """Text whose lines are partly or all in Windows' encoding; one wrong line must not spoil the accents of others."""
    texts, odd = [], []
    data = data.removeprefix(_BOMS[0][0]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            texts.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append(line.decode("cp1252", errors="replace"))
            odd.append(number)
    text = "\n".join(texts)
    lost = f"; {text.count(_LOST):,} characters are neither, and lost" if _LOST in text else ""
    reason = f"the line is not UTF-8 and was read as Windows text (cp1252){lost}"
    shown = texts[odd[0] - 1][:80]
    value = ascii(data.split(b"\n")[odd[0] - 1][:80])
    repair = Repair(source=source, row=odd[0], column="", value=value, taken=shown, cells=len(odd), reason=reason)
    return text, [repair]


def _split_heading(source: str, data: bytes, comma: str, row: int) -> tuple[list[str], bytes]:
    """The first record, which may run over several lines, and the bytes below it."""
    head = data[:_HEADING_BYTES]
    end = head.find(b"\n")
    while end != -1 and head.count(b'"', 0, end) % 2:
        end = head.find(b"\n", end + 1)
    if end == -1 and data:
        raise refuse(source, "the heading row does not end", "Close the quotation mark opened in it.", row=row)
    headings = next(csv.reader(io.StringIO(head[: max(end, 0)].decode(), newline=""), delimiter=comma), [])
    if not any(cell.strip() for cell in headings):
        raise refuse(source, "there is no heading row", "Give the columns their headings in the first row.", row=row)
    return headings, data[end + 1 :]


def _measure(source: str, data: bytes, comma: str, *, columns: int, first_row: int) -> tuple[int, int]:
    """How many records there are and how wide the widest is; raises on filled cells beyond the headings."""
    array = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(array == ord('"'))
    ends = np.flatnonzero(array == ord("\n"))
    commas = np.flatnonzero(array == ord(comma))
    lines = len(ends)
    if len(quotes):
        # A comma or line feed after an odd number of quotation marks stands inside a cell.
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    in_record = np.diff(np.searchsorted(commas, ends), prepend=0)
    whole = len(array) == 0 or (len(ends) > 0 and ends[-1] == len(array) - 1)
    # Line breaks in cells are looked at one by one: an open quotation mark may have taken in whole rows.
    if whole and len(ends) == lines and (in_record == columns - 1).all():
        return len(ends), columns
    return _measure_slowly(source, data.decode(), comma, columns=columns, first_row=first_row)


def _taken_in(cells: list[str], comma: str, columns: int) -> str:
    """
    The cell with line breaks that holds at least as many separators as a row; blank where there is none.

    Two rows run together have the separators of two, of which the one row they make needs only its own. In prose a
    space follows a comma, which is not counted.
    """
    long = [cell for cell in cells if "\n" in cell]
    found = re.compile(rf"{re.escape(comma)}(?! )")
    return next((cell for cell in long if columns > 1 and len(found.findall(cell)) >= columns - 1), "")


def _measure_slowly(source: str, text: str, comma: str, *, columns: int, first_row: int) -> tuple[int, int]:
    """The same by the csv module, for files with ragged rows or stray quotation marks."""
    mark = "\x03end"
    reader = csv.reader(io.StringIO(f"{text}{mark}\n", newline=""), delimiter=comma)
    faults, width, row, cells = [], 1, first_row - 1, []
    try:
        for cells in reader:
            row += 1
            width = max(width, len(cells))
            beyond = [cell for cell in cells[columns:] if cell.strip()]
            if beyond:
                problem = f"the row has {len(cells)} cells under {columns} headings"
                remedy = "Put quotation marks round a cell that holds a comma, or clear what stands past the headings."
                faults.append(Fault(source=source, row=row, value=beyond[0][:60], problem=problem, remedy=remedy))
            elif cells and mark not in cells[-1] and (taken := _taken_in(cells, comma, columns)):
                problem = "a quotation mark opened in this row takes in what stands in the rows below it"
                remedy = "Close it at the end of its cell, or remove it."
                faults.append(Fault(source=source, row=row, value=taken[:60], problem=problem, remedy=remedy))
    except csv.Error:
        # A cell beyond the csv module's limit: the quotation mark that began it was never closed.
        row, cells = row + 1, []
    if cells != [mark]:
        problem, remedy = "a quotation mark is opened in this row and never closed", "Close it or remove it."
        faults.append(Fault(source=source, row=row, problem=problem, remedy=remedy))
    records = max(row - first_row, 1)
    if len(faults) > max(_FEW, records // 2):
        problem = f"{len(faults):,} of its {records:,} rows have more cells than the {columns} headings"
        remedy = "Check that it is the file wanted, and that its first row of several cells holds the headings."
        raise refuse(source, problem, remedy)
    if faults:
        raise DataError(faults=faults)
    return row - first_row, width
