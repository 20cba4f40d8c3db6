"""Zips, and files that are zips inside: what they unpack to is bounded before and while it is unpacked."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ..errors import DataError
from ._files import MOST_BYTES
from ._raw import kind_of, refuse

MOST_MEMBERS = 10_000
"""The largest official zip, Code-Point Open, has 130."""
_MOST_RATIO, _FREE_BYTES = 200, 100 << 20
"""Official CSVs pack to a tenth, sheets of blank cells to a thirtieth; below the second figure nothing is at stake."""
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others unpack as much as they please from the few bytes they are fed."""
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError, OverflowError,
)  # fmt: skip
"""What the reader of zips raises where one is not whole; a place before the file's beginning is a ValueError."""
_PIECE_BYTES = 1 << 20
_LOCKED = 1
"""The bit that marks a member as protected."""
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)")
_ENCODINGS = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252")
"""In each of these a document type is spelled in the same bytes."""


def open_zip(stream: BinaryIO, source: str, cut: str = "the zip was cut short") -> zipfile.ZipFile:
    """
    A zip, after a look at its directory.

    Parameters
    ----------
    stream
        Of bytes; it stays the caller's to close.
    source
        Named in faults.
    cut
        What to say where its end is missing.

    Raises
    ------
    DataError
        It is no whole zip, holds far too many files, or two of one name.
    """
    head = stream.read(512)
    stream.seek(0)
    if not head:
        raise refuse(source, "the file is empty", "Download or save it again.")
    try:
        archive = zipfile.ZipFile(stream)
    except _DAMAGED as error:
        problem = cut if head.startswith(b"PK") else f"this is {kind_of(head) or 'another kind of file'}, not a zip"
        raise refuse(source, problem, "Download it again.") from error
    names = archive.namelist()
    if len(names) > MOST_MEMBERS:
        raise refuse(source, f"the zip holds {len(names):,} files", "Check that it is the file wanted.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        problem = f"the zip holds more than one file called {twice[0]}"
        raise refuse(source, problem, "Take the zip as its publisher gives it.")
    return archive


def unpack(archive: zipfile.ZipFile, name: str, source: str, most_bytes: int = MOST_BYTES) -> bytes:
    """
    One member of a zip.

    Raises
    ------
    DataError
        It is protected, damaged, packed in another way than is usual, or out of all proportion.
    """
    with open_member(archive, name, source, most_bytes) as stream:
        return stream.read()


@contextmanager
def open_member(archive: zipfile.ZipFile, name: str, source: str, most_bytes: int = MOST_BYTES) -> Iterator[BinaryIO]:
    """
    One member of a zip as a stream, which ends at the size that the directory tells; `DataError` as in `unpack`.

    A stream that is read to its end has been held against its checksum: who lies about the size is found out.
    """
    check_member(archive.getinfo(name), source, most_bytes)
    try:
        with archive.open(name) as stream:
            yield stream
    except DataError:
        raise
    except (*_DAMAGED, RuntimeError) as error:
        raise refuse(source, f"the file cannot be unpacked: {error}", "Download the zip again.") from error


def check_member(item: zipfile.ZipInfo, source: str, most_bytes: int) -> None:
    """
    Judge one member of a zip by what the directory tells of it.

    Raises
    ------
    DataError
        As in `unpack`.
    """
    if item.flag_bits & _LOCKED:
        remedy = "Unpack it with the password, and give what was in it."
        raise refuse(source, "the zip is protected by a password", remedy)
    if stat.S_ISLNK(item.external_attr >> 16):
        raise refuse(source, "the file in the zip is a symbolic link to another", "Pack the file itself.")
    if item.compress_type not in _PACKINGS:
        remedy = "Unpack it, and pack it again as a plain zip."
        raise refuse(source, "the file in the zip is packed in a way that is not read here", remedy)
    wanted = "Check that it is the file wanted."
    if item.file_size > most_bytes:
        raise refuse(source, f"the file in the zip is larger than {most_bytes >> 30} GiB", wanted)
    if item.file_size > max(_FREE_BYTES, _MOST_RATIO * item.compress_size):
        times = item.file_size // max(item.compress_size, 1)
        raise refuse(source, f"it unpacks to {times:,} times its size, as files made to do harm do", wanted)


def check_parts(archive: zipfile.ZipFile, source: str, what: str) -> None:
    """
    Unpack every part of a workbook or document once, so that its reader can be trusted with them.

    Parameters
    ----------
    archive
        Of `open_zip`.
    source, what
        Named in faults: the file, and "workbook" or "document".

    Raises
    ------
    DataError
        A part is damaged, of another size than is told, or declares a document type (which can name other files, or
        grow without end); or they unpack to too much.
    """
    items = archive.infolist()
    if sum(item.file_size for item in items) > MOST_BYTES:
        remedy = f"Keep only what is wanted in the {what}."
        raise refuse(source, f"the {what} unpacks to more than {MOST_BYTES >> 30} GiB", remedy)
    for item in items:
        check_member(item, source, MOST_BYTES)
        is_xml = item.filename.lower().endswith((".xml", ".rels"))
        try:
            with archive.open(item) as stream:
                said = _look_through(stream) if is_xml else _read_through(stream)
        except _DAMAGED as error:
            remedy = "Download it again, or save it again."
            raise refuse(source, f"the {what} is not whole: {error}", remedy) from error
        if said:
            remedy = f"Make the {what} in Excel, Word or LibreOffice, and save it from there."
            raise refuse(source, f"a part of the {what}, {item.filename}, {said}", remedy)


def _read_through(stream: BinaryIO) -> str:
    """Read to the end, for the checksum; nothing is found."""
    while stream.read(_PIECE_BYTES):
        pass
    return ""


def _look_through(stream: BinaryIO) -> str:
    """What is wrong with a part that is XML, if anything."""
    mark = b"<!DOCTYPE"
    before = b""
    while piece := stream.read(_PIECE_BYTES):
        if not before:
            told = _ENCODING.search(piece[:400].replace(b"\0", b""))
            if b"\0" in piece[:400] or (told and told[1].decode("latin-1").lower() not in _ENCODINGS):
                return "is in an encoding other than UTF-8"
        if mark in before + piece:
            return "declares a document type"
        before = piece[-len(mark) :]
    return ""
