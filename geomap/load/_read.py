"""The one module that opens input files. It hands on text, or says what is wrong with the file.

Nothing is believed of a file's ending: its first bytes are looked at, sizes are bounded before anything is unpacked,
and GDAL only ever sees a plain file whose kind has been checked (it would follow a VRT to other files).
"""

from __future__ import annotations

import fnmatch
import io
import json
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

import geopandas as gpd
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from . import _osm
from ._delimited import parse_delimited
from ._files import open_plain, read_plain
from ._raw import RawTable, drop_blank, refuse, refuse_twice
from ._shapes import KINDS, is_part, read_shape_layers, read_shapes, refuse_unfinished
from ._text import normal_heading, text_to_code, text_to_date, text_to_number
from ._workbook import find_sheet, open_book, rows_to_table
from ._zip import open_zip, unpack

__all__ = [
    "RawTable", "list_members", "normal_heading", "read_bytes", "read_csv", "read_geo", "read_hidden", "read_json",
    "read_layers", "read_roads", "read_sheet", "read_sheets", "read_table", "refuse",
    "text_to_code", "text_to_date", "text_to_number",
]  # fmt: skip


def list_members(path: Path) -> list[str]:
    """
    Names of the files in a zip, in its order; folders left out.

    Raises
    ------
    DataError
        The file is missing or is not a whole zip.
    """
    path = Path(path)
    with open_plain(path) as stream, open_zip(stream, path.name) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def _find_member(path: Path, pattern: str) -> str:
    names = [name for name in list_members(path) if not name.startswith("__MACOSX/")]
    glob = pattern.lower()
    found = [name for name in names if fnmatch.fnmatchcase(name.lower(), glob)]
    found = found or [name for name in names if fnmatch.fnmatchcase(PurePosixPath(name).name.lower(), glob)]
    if len(found) == 1:
        return found[0]
    count = "no file" if not found else f"{len(found)} files"
    shown = "; ".join(names[:8]) + (f"; and {len(names) - 8} more" if len(names) > 8 else "")
    remedy = f"Choose the right zip. This one holds: {shown or 'nothing'}."
    raise refuse(path.name, f"the zip holds {count} named like {pattern}", remedy)


def _open_member(path: Path, member: str) -> bytes:
    with open_plain(path) as stream, open_zip(stream, path.name) as archive:
        return unpack(archive, member, f"{path.name}/{member}")


def read_csv(
    path: Path,
    *,
    member: str = "",
    headings: Sequence[str] | None = None,
    skip_rows: int = 0,
    columns: Collection[str] | None = None,
) -> RawTable:
    """
    Read a delimited text file, or one member of a zip, as text.

    Parameters
    ----------
    path
        A `.csv`, `.txt` or `.zip`.
    member
        Glob on the member's name in a zip, without regard to case; exactly one must match.
    headings
        Headings of a file that has none; then its first record is row 1.
    skip_rows
        Lines above the heading; row numbers still count from the top of the file.
    columns
        Read only these headings (those not present are passed over).

    Raises
    ------
    DataError
        The file is missing, is not text, has a row with more cells than headings, an open quotation mark or a
        heading twice.
    """
    path = Path(path)
    if path.suffix.lower() == ".zip":
        found = _find_member(path, member or "*.csv")
        source, data = f"{path.name}/{found}", _open_member(path, found)
    else:
        source, data = path.name, read_plain(path)
    return parse_delimited(data, source, headings=headings, skip_rows=skip_rows, columns=columns)


def read_table(path: Path) -> RawTable:
    """
    Read a table as text from Parquet, from delimited text, or from one such file in a zip.

    Raises
    ------
    DataError
        As `read_csv`; or the Parquet file is damaged, or its columns hold more than plain values.
    """
    path = Path(path)
    if path.suffix.lower() != ".parquet":
        return read_csv(path)
    data = read_plain(path)
    try:
        # An index that pandas has kept becomes a column again, the first one.
        frame = parquet.read_table(io.BytesIO(data)).to_pandas()
    except (pa.ArrowException, ValueError, TypeError, LookupError, OSError) as error:
        problem = f"the file cannot be read as Parquet: {str(error).splitlines()[0] if str(error) else error!r}"
        raise refuse(path.name, problem, "Write it again, or give it as CSV.") from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    names = [str(name).strip() for name in frame.columns]
    refuse_twice(path.name, names, 1)
    text = frame.set_axis(names, axis=1).apply(lambda column: column.astype("str").where(column.notna(), ""))
    text.index = pd.RangeIndex(2, 2 + len(text))
    return RawTable(frame=drop_blank(text), source=path.name)


def read_sheets(path: Path) -> dict[str, list[list[object]]]:
    """
    Values of every sheet of a workbook (xlsx, xlsm, xls, ods), in its order; row 1 is the first list.

    Raises
    ------
    DataError
        The file is missing, is not the workbook its ending says, is protected, or is out of all proportion.
    """
    path = Path(path)
    with open_book(read_plain(path), path.name, path.suffix) as book:
        return {name: book.rows(name) for name in book.sheet_names}


def read_hidden(path: Path) -> tuple[list[str], dict[str, list[int]]]:
    """
    What a workbook does not show: its hidden sheets, and of each sheet the hidden rows, as far as its kind tells.

    Raises
    ------
    DataError
        As `read_sheets`.
    """
    path = Path(path)
    with open_book(read_plain(path), path.name, path.suffix) as book:
        return book.hidden_sheets, book.hidden_rows


def read_sheet(path: Path, *, sheet: str, heading_row: int | None = None) -> RawTable:
    """
    Read one sheet as text, found by name without regard to case; wholly blank rows are left out.

    Parameters
    ----------
    path
        A workbook.
    sheet
        Name of the sheet.
    heading_row
        Row of the headings, from 1; without it, the first row with two filled cells or more.

    Raises
    ------
    DataError
        As `read_sheets`; or no such sheet, no heading row, a heading twice.
    """
    path = Path(path)
    with open_book(read_plain(path), path.name, path.suffix) as book:
        found = find_sheet(book, sheet)
        return rows_to_table(book.rows(found), path.name, found, heading_row)


def read_bytes(path: Path) -> bytes:
    """
    The bytes of a file as it stands, to see whether it is the one wanted.

    Raises
    ------
    DataError
        The file is missing, empty or too large.
    """
    return read_plain(Path(path))


def read_json(path: Path) -> tuple[object, bytes]:
    """
    What a JSON file holds, and its bytes.

    Raises
    ------
    DataError
        The file is missing, too large, or not JSON.
    """
    path = Path(path)
    data = read_plain(path)
    try:
        return json.loads(data), data
    except (ValueError, RecursionError) as error:
        raise refuse(path.name, "the file is damaged: it is not the JSON it should be", "Put the file back.") from error


def read_geo(path: Path, *, member: str = "", layer: str | None = None) -> gpd.GeoDataFrame:
    """
    Read GeoJSON, GeoPackage, a shapefile or GeoParquet, plain or in a zip, with the CRS as it declares it.

    Parameters
    ----------
    path
        The file.
    member
        Glob on the member's name in a zip; without it the one member of a kind that can be drawn.
    layer
        Wanted where a GeoPackage holds several.

    Raises
    ------
    DataError
        The file is missing, is not of the kind its ending says, cannot be read, or has several layers.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        return read_shapes(_parts_beside(path), path.name, layer)
    names = list_members(path)
    kinds = [name for name in names if PurePosixPath(name).suffix.lower() in KINDS]
    found = kinds[0] if len(kinds) == 1 and not member else _find_member(path, member or "*.shp")
    beside = [name for name in names if is_part(PurePosixPath(name), PurePosixPath(found))]
    parts = {PurePosixPath(name).suffix.lower(): _open_member(path, name) for name in [found, *beside]}
    return read_shapes(parts, f"{path.name}/{found}", layer)


def read_roads(path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Read ways and barriers of an extract of OpenStreetMap, with their tags, in longitude and latitude.

    Raises
    ------
    DataError
        The file is missing, is no such extract (`.osm.pbf`), or is damaged.
    """
    path = Path(path)
    with open_plain(path) as stream:
        return _osm.read_layers(stream, path.name)


def read_layers(path: Path, names: Collection[str]) -> dict[str, gpd.GeoDataFrame]:
    """
    Read layers of a GeoPackage, with the CRS as each declares it.

    Parameters
    ----------
    path
        The file.
    names
        The layers wanted; one that is not there is left out of the answer.

    Raises
    ------
    DataError
        The file is missing, is no GeoPackage, or cannot be read.
    """
    path = Path(path)
    return read_shape_layers(_parts_beside(path), path.name, names)


def _parts_beside(path: Path) -> dict[str, bytes]:
    """A file of shapes and, of a shapefile, those that belong to it: ending in small letters → bytes."""
    parts = {path.suffix.lower(): read_plain(path)}
    refuse_unfinished(path)
    beside = sorted(file for file in path.parent.iterdir() if is_part(file, path) and file.is_file())
    return parts | {file.suffix.lower(): read_plain(file) for file in beside}
