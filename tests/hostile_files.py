"""Files made to exhaust, kill or mislead their reader; each function returns the bytes of one."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import xlsxwriter
from shapely import Point

SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
"""Nine entities, each ten of the one before it: a thousand million letters from a few hundred."""


def pack(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def book(rows: list[list[object]] | None = None, sheet: str = "S") -> bytes:
    """A plain workbook."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as written:
        page = written.add_worksheet(sheet)
        for number, row in enumerate(rows or [["a", "b"], [1, "x"]]):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def book_with(**parts: bytes | str) -> bytes:
    """A plain workbook of which parts are replaced; `__` stands for `/` and the ending is `.xml`."""
    members = members_of(book())
    return pack(members | {f"{name.replace('__', '/')}.xml": data for name, data in parts.items()})


def book_of(rows: str, dimension: str = "A1") -> bytes:
    """A workbook whose one sheet holds this XML."""
    sheet = f'<worksheet xmlns="{_MAIN}"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'
    return pack(members_of(book()) | {SHEET: f'<?xml version="1.0" encoding="UTF-8"?>{sheet}'})


def far_cell(cell: str, row: int = 1_048_576) -> bytes:
    """A workbook with one cell in its corner and another, written so, in a far row."""
    return book_of(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}">{cell}</row>')


def ods(rows: str) -> bytes:
    """An OpenDocument workbook whose one sheet holds this XML."""
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    names = " ".join(f'xmlns:{name}="{_OASIS}:{name}:1.0"' for name in ("office", "table", "text"))
    table = f'<table:table table:name="S">{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    manifest = f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0">{entry}</manifest:manifest>'
    members = {
        "mimetype": kind,
        "META-INF/manifest.xml": manifest,
        "content.xml": f'<?xml version="1.0"?><office:document-content {names}>{body}</office:document-content>',
    }
    return pack(members)


def ods_row(cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


def ods_cell(text: str = "", times: int = 1) -> str:
    inside = f"<text:p>{text}</text:p>" if text else ""
    kind = ' office:value-type="string"' if text else ""
    return f'<table:table-cell table:number-columns-repeated="{times}"{kind}>{inside}</table:table-cell>'


def lying(data: bytes, member: str, told: int) -> bytes:
    """A zip whose directory says of one member that it unpacks to another size."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = archive.getinfo(member).filename.encode()
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02"))
    while data[entry + 46 : entry + 46 + len(name)] != name:
        entry = data.index(b"PK\x01\x02", entry + 4)
    return data[: entry + 24] + struct.pack("<I", told) + data[entry + 28 :]


def locked(data: bytes) -> bytes:
    """A zip whose members are marked as protected by a password."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(mark, place + 4)
    return bytes(changed)


def geojson(**more: object) -> str:
    """One point, with other members beside it."""
    shape = {"type": "Point", "coordinates": [-1.5, 53.8]}
    feature = {"type": "Feature", "properties": {"code": "A"}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", **more, "features": [feature]})


def geopackage(folder: Path, *statements: str, layer: str = "lay") -> bytes:
    """One point, after some statements of SQL."""
    path = folder / "made.gpkg"
    frame = gpd.GeoDataFrame({"code": ["A"]}, geometry=[Point(430_000, 433_000)], crs=27700)
    frame.to_file(path, layer=layer)
    base = sqlite3.connect(path)
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()
    data = path.read_bytes()
    path.unlink()
    return data


def view_as_layer(select: str) -> tuple[str, ...]:
    """Statements that make a GeoPackage's one layer a view."""
    return (
        f"CREATE VIEW vw AS {select}",
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES('vw', 'features', 'vw', 27700)",
        "INSERT INTO gpkg_geometry_columns VALUES('vw', 'geom', 'POINT', 27700, 0, 0)",
        "DELETE FROM gpkg_geometry_columns WHERE table_name = 'lay'",
        "DELETE FROM gpkg_contents WHERE table_name = 'lay'",
    )
