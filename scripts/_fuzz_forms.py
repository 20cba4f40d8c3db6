"""Break one file of any kind: its bytes as they lie, the bytes of a part of it packed anew, or the cells it holds."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet
import python_calamine
import xlsxwriter
from _fuzz_bytes import break_bytes
from _fuzz_cells import HOSTILE, Grid, break_grid, count_rows

PACKED = (".zip", ".xlsx", ".ods", ".docx")
CREATED = datetime(2026, 1, 1)
ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    "<office:body><office:spreadsheet>"
)
ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def read_grid(data: bytes) -> Grid:
    """The cells of a CSV file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def write_grid(grid: Grid) -> bytes:
    """A CSV file of these cells."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(grid)
    return text.getvalue().encode("utf-8", errors="surrogatepass")


def read_book(data: bytes) -> dict[str, Grid]:
    """The cells of a workbook as text, by sheet."""
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
        return {
            name: [[_say(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
            for name, sheet in sheets.items()
        }


def _say(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def write_book(sheets: dict[str, Grid], rng: Random | None = None) -> bytes:
    """A workbook; with chance, numbers are numbers now and then, and formulas have no stored value."""
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(memory, options) as book:
        book.set_properties({"created": CREATED})
        for name, grid in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(grid):
                for column, cell in enumerate(cells):
                    _write_cell(sheet, (row, column), NO_XML.sub("", cell)[:32_000], rng)
    return memory.getvalue()


def _write_cell(sheet: xlsxwriter.worksheet.Worksheet, place: tuple[int, int], cell: str, rng: Random | None) -> None:
    if rng and cell.startswith("=") and rng.random() < 0.5:
        sheet.write_formula(*place, cell, None, rng.choice(("", 0, "#REF!")))
    elif rng and rng.random() < 0.5:
        try:
            sheet.write_number(*place, float(cell))
        except ValueError:
            sheet.write_string(*place, cell)
    else:
        sheet.write_string(*place, cell)


def write_ods(sheets: dict[str, Grid]) -> bytes:
    """An OpenDocument workbook with nothing in it but text."""
    body = "".join(
        f'<table:table table:name="{name}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in grid)
        + "</table:table>"
        for name, grid in sheets.items()
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS_TYPE}"/></manifest:manifest>'
    )
    parts = {"mimetype": ODS_TYPE, "content.xml": ODS_HEAD + body + ODS_TAIL, "META-INF/manifest.xml": manifest}
    return pack({name: text.encode() for name, text in parts.items()})


def _ods_cell(cell: str) -> str:
    if not cell:
        return "<table:table-cell/>"
    text = NO_XML.sub("", cell).replace("&", "&amp;").replace("<", "&lt;")
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def pack(parts: dict[str, bytes]) -> bytes:
    """A zip of these members, the same bytes every time."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The members of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def break_file(name: str, data: bytes, other: bytes, rng: Random) -> tuple[bytes, str, int | None]:
    """
    Break a file.

    Parameters
    ----------
    name
        Its ending tells what it is.
    data, other
        The sound file, and another to take pieces from.
    rng
        The only source of chance.

    Returns
    -------
    broken, how, rows
        The file; the way it was broken; how many rows it then has below its heading, where that is known.
    """
    kind = Path(name).suffix.lower()
    cells = CELLS.get(kind)
    chance = rng.random()
    if cells and chance < 0.5:
        broken, rows = cells(data, rng)
        return broken, "cells", rows
    if kind in PACKED and chance < 0.9:
        parts = unpack(data)
        member = rng.choice(sorted(parts))
        if kind == ".zip" and Path(member).suffix.lower() in CELLS and rng.random() < 0.6:
            parts[member], rows = CELLS[Path(member).suffix.lower()](parts[member], rng)
            return pack(parts), f"cells of {member}", rows if len(parts) == 1 else None
        parts[member] = break_bytes(parts[member], other, rng)
        if rng.random() < 0.05:
            del parts[member]
        return pack(parts), f"bytes of {member}", None
    return break_bytes(data, other, rng), "bytes", None


def _break_csv(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    before = read_grid(data)
    after = break_grid(before, rng)
    return write_grid(after), count_rows(before, after)


def _break_book(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    sheets = read_book(data)
    name = rng.choice(sorted(sheets))
    after = break_grid(sheets[name], rng)
    rows = count_rows(sheets[name], after) if len(sheets) == 1 else None
    return write_book(sheets | {name: after}, rng), rows


def _break_ods(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    sheets = read_book(data)
    name = rng.choice(sorted(sheets))
    return write_ods(sheets | {name: break_grid(sheets[name], rng)}), None


def _break_json(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    """One value anywhere in the tree lost, doubled, or something else."""
    told = json.loads(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        node = told
        for _ in range(rng.randrange(9)):
            parts = node.values() if isinstance(node, dict) else node
            inner = [part for part in parts if isinstance(part, dict | list)]
            node = rng.choice(inner) if inner else node
        if node:
            key = rng.choice(sorted(node)) if isinstance(node, dict) else rng.randrange(len(node))
            if rng.random() < 0.2:
                del node[key]
            else:
                node[key] = _other_value(node[key], rng)
    return json.dumps(told).encode("utf-8", errors="surrogatepass"), None


def _other_value(value: object, rng: Random) -> object:
    plain = (None, True, 0, -1, 1e308, float("nan"), float("inf"), 10**30, [], {}, [[]], "", rng.choice(HOSTILE))
    if isinstance(value, list) and value:
        return rng.choice((*plain, value[::-1], value + value, value[:1], [value]))
    if isinstance(value, int | float):
        return rng.choice((*plain, -value, value * 1e6, str(value), value + 360))
    return rng.choice(plain)


def _break_geopackage(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    """A cell, a row or a whole column of any table in it, its own registers among them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.gpkg"
        path.write_bytes(data)
        base = sqlite3.connect(path)
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
        triggers = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='trigger'")]
        for trigger in triggers:
            base.execute(f'DROP TRIGGER "{trigger}"')
        for _ in range(rng.choice((1, 1, 2, 4))):
            table = rng.choice([name for name in names if not name.startswith(("sqlite_", "rtree_"))])
            _break_table(base, table, rng)
        base.commit()
        base.close()
        return path.read_bytes(), None


def _break_table(base: sqlite3.Connection, table: str, rng: Random) -> None:
    columns = [row[1] for row in base.execute(f'PRAGMA table_info("{table}")')]
    ids = [row for (row,) in base.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
    column = rng.choice(columns)
    value = rng.choice((None, 0, -1, 1e308, b"", b"GP\x00\x01", rng.choice(HOSTILE)))
    where = f" WHERE rowid = {rng.choice(ids)}" if ids and rng.random() < 0.8 else ""
    try:
        if rng.random() < 0.15:
            base.execute(f'DELETE FROM "{table}"{where}')
        else:
            base.execute(f'UPDATE "{table}" SET "{column}" = ?{where}', (value,))
    except (sqlite3.Error, OverflowError):
        return  # the table's own rules forbid it, so no such file can be


def _break_parquet(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    """A column lost or of another kind, or what the file says of its shapes."""
    table = pyarrow.parquet.read_table(io.BytesIO(data))
    about = dict(table.schema.metadata)
    way, name = rng.choice(("lose", "cast", "about", "about", "rows")), rng.choice(table.column_names)
    if way == "about":
        about[b"geo"], _ = _break_json(about[b"geo"], rng)
    elif way == "lose":
        table = table.drop_columns([name])
    elif way == "rows":
        table = table.slice(rng.randrange(len(table) + 1))
    else:
        at = table.column_names.index(name)
        fill = pa.array([rng.choice(HOSTILE)] * len(table))
        table = table.set_column(at, name, rng.choice((fill, pa.nulls(len(table)), fill.cast(pa.binary()))))
    memory = io.BytesIO()
    pyarrow.parquet.write_table(table.replace_schema_metadata(about), memory)
    return memory.getvalue(), None


def _break_toml(data: bytes, rng: Random) -> tuple[bytes, int | None]:
    """One value, or one name, that is something else."""
    lines = data.decode().splitlines()
    values = ("", "nan", "-inf", "1e308", "-1", "0", "true", '""', "[]", "{}", "1979-05-27", "07:32:00", "10000000000")
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(lines))
        name, equals, value = lines[at].partition("=")
        if equals:
            told = json.dumps(rng.choice(HOSTILE)[:500], ensure_ascii=True)
            put = rng.choice((*values, told, value.split("#")[0].strip() + "0", f"[{value.split('#')[0]}]"))
            lines[at] = f"{rng.choice((name, name, name, name.strip() + 's'))}= {put}"
        else:
            lines[at] = rng.choice(("[data]", "[[wishes.lock]]", "[map.extra]", "[pathways.new]", lines[at] * 2, ""))
    return "\n".join(lines).encode(), None


CELLS = {
    ".csv": _break_csv,
    ".xlsx": _break_book,
    ".ods": _break_ods,
    ".json": _break_json,
    ".geojson": _break_json,
    ".gpkg": _break_geopackage,
    ".parquet": _break_parquet,
    ".toml": _break_toml,
}
"""Ending → how the cells of such a file are broken: the broken file, and its rows where they are known."""
