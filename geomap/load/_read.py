"""The one module that opens input files. It hands on text, or says what is wrong with the file.

Nothing is believed of a file's ending: its first bytes are looked at, sizes are bounded before anything is unpacked,
and GDAL only ever sees a plain file whose kind has been checked (it would follow a VRT to other files).
"""

from __future__ import annotations

import fnmatch
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

import geopandas as gpd
import pyogrio
import pyogrio.errors

from ..errors import DataError
from ._delimited import parse_delimited
from ._raw import RawTable, kind_of, refuse
from ._text import normal_heading, text_to_code, text_to_date, text_to_number
from ._workbook import find_sheet, open_book, rows_to_table

__all__ = [
    "RawTable", "list_members", "normal_heading", "read_bytes", "read_csv", "read_geo", "read_json", "read_layers",
    "read_sheet", "read_sheets", "refuse", "text_to_code", "text_to_date", "text_to_number",
]  # fmt: skip

_MAX_BYTES = 1 << 30
_SHAPES = {
    ".geojson": b"{", ".json": b"{", ".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1", ".geoparquet": b"PAR1",
}  # fmt: skip


def _open_bytes(path: Path) -> bytes:
    """The bytes of a plain file that is there, is no directory, no GDAL path and not beyond the size limit."""
    if path.as_posix().lower().startswith("/vsi"):
        raise refuse(str(path), "paths that begin with /vsi are not opened", "Name a file on this computer.")
    if not path.is_file():
        problem = "this is a folder" if path.is_dir() else "the file is not there"
        raise refuse(path.name, problem, f"Put the file at {path}, or correct its name in the scenario.")
    if path.stat().st_size > _MAX_BYTES:
        raise refuse(path.name, "the file is larger than 1 GiB", "Check that it is the file wanted.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(path.name, f"the file cannot be read: {error.strerror}", "Check who may read it.") from error
    if not data:
        raise refuse(path.name, "the file is empty", "Download or save it again.")
    return data


def _open_zip(path: Path) -> zipfile.ZipFile:
    data = _open_bytes(path)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        cut = data.startswith(b"PK")
        problem = "the zip was cut short" if cut else f"this is {kind_of(data) or 'another kind of file'}, not a zip"
        raise refuse(path.name, problem, "Download it again.") from error


def list_members(path: Path) -> list[str]:
    """
    Names of the files in a zip, in its order; folders left out.

    Raises
    ------
    DataError
        The file is missing or is not a whole zip.
    """
    with _open_zip(Path(path)) as archive:
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
    with _open_zip(path) as archive:
        source = f"{path.name}/{member}"
        if archive.getinfo(member).file_size > _MAX_BYTES:
            raise refuse(source, "the file in the zip is larger than 1 GiB", "Check that it is the file wanted.")
        try:
            return archive.read(member)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise refuse(source, f"the file cannot be unpacked: {error}", "Download the zip again.") from error


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
        source, data = path.name, _open_bytes(path)
    return parse_delimited(data, source, headings=headings, skip_rows=skip_rows, columns=columns)


def read_sheets(path: Path) -> dict[str, list[list[object]]]:
    """
    Values of every sheet of a workbook (xlsx, xlsm, xls, ods), in its order; row 1 is the first list.

    Raises
    ------
    DataError
        The file is missing, is not the workbook its ending says, is protected, or is out of all proportion.
    """
    path = Path(path)
    with open_book(_open_bytes(path), path.name, path.suffix) as book:
        return {name: book.rows(name) for name in book.sheet_names}


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
    with open_book(_open_bytes(path), path.name, path.suffix) as book:
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
    return _open_bytes(Path(path))


def read_json(path: Path) -> tuple[object, bytes]:
    """
    What a JSON file holds, and its bytes.

    Raises
    ------
    DataError
        The file is missing, too large, or not JSON.
    """
    path = Path(path)
    data = _open_bytes(path)
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
        return _read_shape(path, path.name, layer)
    names = list_members(path)
    kinds = [name for name in names if PurePosixPath(name).suffix.lower() in _SHAPES]
    found = kinds[0] if len(kinds) == 1 and not member else _find_member(path, member or "*.shp")
    stem = PurePosixPath(found).with_suffix("")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            # A shapefile is several files of one stem; only base names are written, so nothing lands elsewhere.
            if PurePosixPath(name).with_suffix("") == stem:
                (Path(folder) / PurePosixPath(name).name).write_bytes(_open_member(path, name))
        return _read_shape(Path(folder) / PurePosixPath(found).name, f"{path.name}/{found}", layer)


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
    _check_shape(path, path.name)
    try:
        there = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        return {name: gpd.read_file(path, layer=name, engine="pyogrio") for name in names if name in there}
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        raise _refuse_shape(path, path.name, error) from error


def _check_shape(path: Path, source: str) -> str:
    """The kind of a file of shapes, from its ending, after a look at whether its first bytes say the same."""
    kind, data = path.suffix.lower(), _open_bytes(path)
    if kind not in _SHAPES:
        raise refuse(source, f"a file ending in {kind!r} is not read as boundaries", "Use GeoPackage or GeoJSON.")
    if not data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_SHAPES[kind]):
        problem = f"this is {kind_of(data) or 'something else'}, not what its name says"
        raise refuse(source, problem, "Download it again.")
    return kind


def _refuse_shape(path: Path, source: str, error: Exception) -> DataError:
    said = str(error).replace(str(path), source).partition("; It might help")[0].rstrip(".")
    return refuse(source, f"the shapes cannot be read: {said}", "Download the file again.")


def _read_shape(path: Path, source: str, layer: str | None) -> gpd.GeoDataFrame:
    kind = _check_shape(path, source)
    try:
        if kind in (".parquet", ".geoparquet"):
            return gpd.read_parquet(path)
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if layer is None and len(layers) > 1:
            raise refuse(source, f"the file holds {len(layers)} layers", f"Name one of: {'; '.join(layers)}.")
        return gpd.read_file(path, layer=layer or layers[0], engine="pyogrio")
    except DataError:
        raise
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        raise _refuse_shape(path, source, error) from error
