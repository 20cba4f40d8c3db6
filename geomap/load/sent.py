"""The bank of hours as its sender wrote it, to be given back with marks: the four tables, and nothing about people."""

from __future__ import annotations

import re
from pathlib import Path

from ..validate import SentSheet
from ._bank_read import find_people, is_remarks, tables_in_book, tables_in_folder
from ._bank_spec import SPECS, TableSpec
from ._raw import RawTable
from ._read import read_sheets

_SHEET_NAME = re.compile(r"[^\[\]:*?/\\\x00-\x1f]{1,31}")
"""What may stand on the tab of a sheet."""


def read_sent(path: Path) -> tuple[SentSheet, ...]:
    """
    Read the tables of a bank as they stand.

    Parameters
    ----------
    path
        A folder of CSVs, or one workbook, as `load_bank` takes it.

    Returns
    -------
    sheets
        One a table that can be read, in the order of the tables; rows stand where they stood. Values are those of a
        workbook's cells, or the text of a CSV's. Other sheets are left out, and so are cells of columns about people
        and the column that geomap itself has put beside an earlier copy.

    Raises
    ------
    DataError
        The file changed while it was read.
    """
    path = Path(path)
    folder = path.is_dir()
    tables, _ = tables_in_folder(path) if folder else tables_in_book(path)
    written = {} if folder or not tables else {name.strip(): rows for name, rows in read_sheets(path).items()}
    return tuple(_sheet(spec, tables[spec.name], written) for spec in SPECS if spec.name in tables)


def _sheet(spec: TableSpec, table: RawTable, written: dict[str, list[list[object]]]) -> SentSheet:
    rows = [list(row) for row in written[table.sheet]] if table.sheet else _rows_of(table)
    heads = [str(cell or "").strip() for cell in rows[table.heading_row - 1]]
    shown = [place for place, head in enumerate(heads) if not is_remarks(head)]
    columns = tuple(heads[place] or f"(column {place + 1})" for place in shown)
    emptied = tuple(fault.column for fault in find_people(table))
    hidden = {place for place, name in enumerate(columns) if name in emptied}
    kept = []
    for number, row in enumerate(rows, 1):
        cells = [row[place] if place < len(row) else None for place in shown]
        kept.append([None if place in hidden and number > table.heading_row else cell
                     for place, cell in enumerate(cells)])  # fmt: skip
    plain = _SHEET_NAME.fullmatch(table.sheet) and not table.sheet.startswith("'") and not table.sheet.endswith("'")
    return SentSheet(
        source=table.source,
        sheet=table.sheet,
        name=table.sheet if plain else spec.name,
        rows=kept,
        columns=columns,
        heading_row=table.heading_row,
        emptied=emptied,
    )


def _rows_of(table: RawTable) -> list[list[object]]:
    """Rows of a CSV at their own numbers; lines above the headings, and wholly blank ones, are blank."""
    last = max([table.heading_row, *table.frame.index])
    rows: list[list[object]] = [[] for _ in range(last)]
    rows[table.heading_row - 1] = list(table.frame.columns)
    for row, *cells in table.frame.itertuples(name=None):
        rows[row - 1] = cells
    return rows
