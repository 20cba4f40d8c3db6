"""Find the four tables of the bank, put their columns under the program's names, and look for people in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..errors import DataError, Fault
from ..schema.words import REMARKS
from ..validate import missing_columns
from ._bank_draft import Draft
from ._bank_spec import LINKS, SPECS, TableSpec
from ._raw import drop_blank
from ._read import RawTable, normal_heading, read_csv, read_hidden, read_sheets
from ._workbook import rows_to_table

_MUTE_ENDINGS = (".xls", ".ods")
_BOOK_ENDINGS = (".xlsx", ".xlsm", *_MUTE_ENDINGS)
_HEADING_DEPTH = 30
_PERSON_HEADING = re.compile(
    r"nhs(number|no|num|id)?|nhs(number|no)of.*|dob|.*dateofbirth.*|.*birthdate|birthday"
    r"|(patient|client|participant|person|serviceuser)s?(full|first|last)?(name|id|number|no|initials)?s?"
    r"|nameof(the)?(patient|client|participant).*|surname|forenames?|(first|last|family|given|middle)names?"
)
_TEN_DIGITS = re.compile(r"\s*(\d{3}[ -]?\d{3}[ -]?\d{4})(\.0)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The tables as text, and what stops the load."""

    drafts: dict[str, Draft]
    """Table name → draft; empty for a table that is not there or could not be read."""
    stops: list[Fault]
    """A table or a column that is missing, twice there or unreadable."""
    people: list[Fault]
    """Columns about people."""
    notes: list[str]


def open_tables(path: Path) -> Opened:
    """
    Read the tables of a bank as text.

    Parameters
    ----------
    path
        A folder of CSVs, or one workbook.
    """
    tables, stops = tables_in_folder(path) if path.is_dir() else tables_in_book(path)
    drafts, people = {}, []
    for spec in SPECS:
        table = tables.get(spec.name, RawTable(frame=pd.DataFrame(), source=path.name))
        drafts[spec.name], faults = _draft(spec, table)
        if spec.name in tables:
            stops += faults
            people += find_people(table)
    for draft in drafts.values():
        draft.stopped = bool(stops or people)
    notes = []
    if LINKS.name not in tables:
        notes.append(f"{path.name}: there is no table of links, so no relationship with the NHS is known.")
    if path.suffix.lower() in _MUTE_ENDINGS:
        said = "formulas that fail read as empty cells in this kind of workbook; saved as .xlsx, they would be named"
        notes.append(f"{path.name}: {said}.")
    return Opened(drafts=drafts, stops=stops, people=people, notes=notes)


def _missing_table(source: str, spec: TableSpec, present: list[str], kind: str) -> Fault:
    shown = "; ".join(present[:12]) or "nothing"
    return Fault(
        source=source,
        sheet=spec.name if kind == "sheet" else "",
        problem=f"the {kind} {spec.name}{'.csv' if kind == 'file' else ''} is missing",
        remedy=f"Add it, or choose the bank that has it. This one holds: {shown}.",
    )


def _choose(spec: TableSpec, names: dict[str, str]) -> list[str]:
    """Names that mean the table: the exact one, else every other that fits."""
    exact = [name for name in names if name.strip().lower() == spec.name]
    return exact or [name for name, plain in names.items() if plain == spec.name or plain in spec.other_names]


def _too_many(source: str, spec: TableSpec, chosen: list[str]) -> Fault:
    shown = " and ".join(repr(name) for name in chosen)
    remedy = f"Keep one, and call it {spec.name}."
    return Fault(source=source, problem=f"{shown} may all be the {spec.name}", remedy=remedy)


def tables_in_folder(folder: Path) -> tuple[dict[str, RawTable], list[Fault]]:
    """The tables of a folder of CSVs by name, and what stands in the way of the others."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".csv")
    names = {file.stem: normal_heading(file.stem) for file in files}
    present = sorted(file.name for file in folder.iterdir())
    tables, stops = {}, []
    for spec in SPECS:
        chosen = _choose(spec, names)
        if len(chosen) > 1:
            stops.append(_too_many(folder.name, spec, chosen))
        elif chosen:
            try:
                tables[spec.name] = _without_remarks(read_csv(next(file for file in files if file.stem == chosen[0])))
            except DataError as error:
                stops += error.faults
        elif spec is not LINKS:
            stops.append(_missing_table(folder.name, spec, present, "file"))
    return tables, stops


def tables_in_book(path: Path) -> tuple[dict[str, RawTable], list[Fault]]:
    """The same of a workbook."""
    if path.suffix.lower() not in _BOOK_ENDINGS or not path.exists():
        there = "it is neither a folder nor a workbook" if path.exists() else "there is no such file or folder"
        remedy = "Name a folder with operators.csv, facilities.csv and pledges.csv, or one .xlsx workbook."
        return {}, [Fault(source=path.name, problem=there, remedy=remedy)]
    try:
        sheets = read_sheets(path)
        hidden = read_hidden(path)
    except DataError as error:
        return {}, list(error.faults)
    names = {name: normal_heading(name) for name in sheets}
    tables, stops = {}, []
    for spec in SPECS:
        chosen = _choose(spec, names)
        if len(chosen) > 1:
            stops.append(_too_many(path.name, spec, chosen))
        elif chosen:
            rows = sheets[chosen[0]]
            try:
                table = rows_to_table(rows, path.name, chosen[0].strip(), _heading_row(spec, rows))
                notes = (*table.notes, *_tell_hidden(table, chosen[0], *hidden))
                tables[spec.name] = _without_remarks(replace(table, notes=notes))
            except DataError as error:
                stops += error.faults
        elif spec is not LINKS:
            stops.append(_missing_table(path.name, spec, list(sheets), "sheet"))
    return tables, stops


def is_remarks(heading: str) -> bool:
    """Whether a column is the one that geomap puts beside a bank that it gives back."""
    return _plain(heading) == _plain(REMARKS)


def _without_remarks(table: RawTable) -> RawTable:
    remarks = [heading for heading in table.frame.columns if is_remarks(heading)]
    return replace(table, frame=drop_blank(table.frame.drop(columns=remarks))) if remarks else table


def _tell_hidden(table: RawTable, sheet: str, sheets: list[str], rows: dict[str, list[int]]) -> tuple[str, ...]:
    """That rows which nobody sees in the workbook were read like the others: they may have been withdrawn."""
    notes = (f"the sheet {sheet.strip()} is hidden in the workbook, and was read",) if sheet in sheets else ()
    unseen = table.frame.index.intersection(rows.get(sheet, []))
    if len(unseen):
        more = f" and {len(unseen) - 6:,} more" if len(unseen) > 6 else ""
        shown = ", ".join(str(row) for row in unseen[:6]) + more
        said = f"sheet {sheet.strip()}: rows that the workbook hides, and that were read like the others: {shown}"
        notes = (*notes, said)
    return notes


def _plain(heading: str) -> str:
    """A heading reduced to letters and figures."""
    return re.sub(r"[\W_]+", "", normal_heading(heading))


def _heading_row(spec: TableSpec, rows: list[list[object]]) -> int | None:
    """The row, from 1, where most cells are headings of the table; titles may stand above it."""
    known = {_plain(column) for column in spec.columns} | set(spec.aliases)
    hits = [sum(_plain(str(cell)) in known for cell in row if cell is not None) for row in rows[:_HEADING_DEPTH]]
    return hits.index(max(hits)) + 1 if hits and max(hits) >= 2 else None


def _draft(spec: TableSpec, table: RawTable) -> tuple[Draft, list[Fault]]:
    where = {"source": table.source, "sheet": table.sheet}
    stops = []
    headings, twice = _match_headings(spec, list(table.frame.columns))
    for column, both in twice.items():
        shown = " and ".join(repr(heading) for heading in both)
        remedy = f"Delete one, or head the right one {column}."
        stops.append(Fault(**where, column=both[0], problem=f"{shown} both mean {column}", remedy=remedy))
    remedy = "Put in what is missing, under that heading, or choose the file that has it."
    stops += missing_columns(list(headings) + list(twice), spec.required, remedy=remedy, **where)
    unreadable = {column for column in spec.required if column not in headings} | set(twice)
    if spec.one_of and not any(all(column in headings for column in group) for group in spec.one_of):
        unreadable |= {column for group in spec.one_of for column in group}
        either = ", or ".join(" and ".join(group) for group in spec.one_of)
        stops.append(Fault(**where, problem="columns are missing", remedy=f"Add {either}."))
    text = pd.DataFrame(
        {column: table.frame[headings[column]] if column in headings else "" for column in spec.columns},
        index=table.frame.index,
        dtype="str",
    )
    draft = Draft(spec=spec, text=text, headings=headings, unreadable=frozenset(unreadable), **where)
    draft.notes += table.told
    draft.as_read = tuple(table.repairs)
    unread = [heading for heading in table.frame.columns if heading not in headings.values()]
    if unread:
        draft.notes.append(f"{draft.place}: columns not used: {', '.join(unread)}.")
    return draft, stops


def _match_headings(spec: TableSpec, headings: list[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Column → heading in the file, and columns that several headings mean; the exact name wins over others."""
    exact = {_plain(column): column for column in spec.columns}
    meant: dict[str, list[str]] = {}
    for table in (exact, spec.aliases):
        taken = set(meant)
        for heading in headings:
            column = table.get(_plain(heading))
            if column is not None and column not in taken:
                meant.setdefault(column, []).append(heading)
    one = {column: found[0] for column, found in meant.items() if len(found) == 1}
    return one, {column: found for column, found in meant.items() if len(found) > 1}


def find_people(table: RawTable) -> list[Fault]:
    """A fault for each column about a person. What stands in it is not repeated in the message."""
    faults = []
    for heading in table.frame.columns:
        if _PERSON_HEADING.fullmatch(_plain(heading)):
            problem = "the column is about people, by its heading"
        elif _holds_nhs_numbers(table.frame[heading]):
            problem = "the column holds NHS numbers, by their check digit"
        else:
            continue
        remedy = "Delete the column and send the bank again; the bank of hours must hold nothing about patients."
        faults.append(Fault(source=table.source, sheet=table.sheet, column=heading, problem=problem, remedy=remedy))
    return faults


def _holds_nhs_numbers(cells: pd.Series) -> bool:
    """Whether half of a column's ten-figure numbers pass the NHS number's check; by chance one in eleven does."""
    shaped = [found[1] for cell in cells.unique() if (found := _TEN_DIGITS.fullmatch(cell))]
    numbers = [re.sub(r"\D", "", text) for text in shaped]
    return bool(numbers) and sum(map(_is_nhs_number, numbers)) * 2 >= len(numbers)


def _is_nhs_number(digits: str) -> bool:
    """The modulus 11 check of the NHS Data Dictionary, https://www.datadictionary.nhs.uk/attributes/nhs_number.html."""
    total = sum(int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11 == int(digits[9])
