"""What a file is read into, and how reading is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from ..errors import DataError, Fault, Repair

OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table as it stands in a file.

    Every cell of `frame` is text and a missing one is ``""``; the index is the row number in the file (records, not
    lines, so a note with a line break counts once); columns are the headings as written, stripped. Wholly blank rows
    are left out.
    """

    frame: pd.DataFrame
    source: str
    sheet: str = ""
    heading_row: int = 1
    """Where the headings stand in the file; 0 where it has none."""
    picked: dict[str, str] = field(default_factory=dict)
    """Name in the program → heading in the file, of the columns that a loader has chosen."""
    repairs: list[Repair] = field(default_factory=list)
    """What a loader has read otherwise than it stands, one line a column and reason."""
    notes: tuple[str, ...] = ()
    """What had to be assumed to read it, without the name of the file."""

    @property
    def told(self) -> tuple[str, ...]:
        """The notes as sentences that name the file."""
        return tuple(f"{self.source}: {said}." for said in self.notes)


def refuse(source: str, problem: str, remedy: str, **where: object) -> DataError:
    """The error for a whole file: one fault, to be raised by the caller."""
    return DataError(faults=[Fault(source=source, problem=problem, remedy=remedy, **where)])


def kind_of(data: bytes) -> str:
    """What the first bytes show a file to be, in words; empty for plain text and unknown kinds."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if head.startswith(b"pk\x03\x04"):
        return "a zip file or a workbook"
    if head.startswith(OLE):
        return "an old Excel workbook, or one protected by a password"
    return ""


def refuse_twice(source: str, names: list[str], row: int, sheet: str = "") -> None:
    """Raise for each heading that stands over more than one column; pandas would rename the second silently."""
    seen = [name.casefold() for name in names]
    twice = sorted({name for name in names if seen.count(name.casefold()) > 1})
    place = {"source": source, "sheet": sheet, "row": row}
    problem = "the heading stands over more than one column"
    remedy = "Rename or remove all but one; if this is no heading, it is another file than the one wanted."
    if twice:
        raise DataError(faults=[Fault(**place, column=name, problem=problem, remedy=remedy) for name in twice])


def drop_blank(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows with no filled cell."""
    if not len(frame.columns):
        return frame
    blank = frame.iloc[:, 0].str.strip() == ""
    blank[blank] = (frame[blank].apply(lambda column: column.str.strip()) == "").all(axis=1)
    return frame[~blank] if blank.any() else frame
