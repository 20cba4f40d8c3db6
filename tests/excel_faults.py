"""What Excel would mend when it opens a workbook, looked for in the parts of the file itself."""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
MOST_LETTERS, MOST_IN_LIST, MOST_IN_NAME = 32_767, 255, 31
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
NAME = re.compile(r"^(_xlnm\.[A-Za-z_]+|[A-Za-z_\\][\w.\\]*)$")
LIKE_A_CELL = re.compile(r"^([A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*)$")
AREA = re.compile(r"^\$?([A-Z]{1,3})\$?([1-9]\d*)(?::\$?([A-Z]{1,3})\$?([1-9]\d*))?$")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def excel_faults(path: Path) -> list[str]:
    """
    Name what Excel mends with a prompt, or refuses.

    Parts that are no XML or that nothing leads to, names of sheets and of areas, cells that are too long or out of
    order, formulas that are empty, lists that are too long, merged cells that overlap, tables whose names are not
    unique or whose headings are not those of the cells, and areas of rules that are no areas.
    """
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        faults = [f"{name} is there twice" for name in {name for name in names if names.count(name) > 1}]
        parts = {}
        for name in names:
            if name.endswith((".xml", ".rels")):
                try:
                    parts[name] = Xml.fromstring(book.read(name))
                except Xml.ParseError as caught:
                    faults.append(f"{name}: {caught}")
    if faults:
        return faults
    whole = parts["xl/workbook.xml"]
    shared = _shared_texts(parts)
    faults += _links_faults(parts, set(names)) + _names_faults(whole)
    faults += [f"a shared text has {len(text):,} letters" for text in shared if len(text) > MOST_LETTERS]
    faults += [f"a shared text holds a control character: {text!r}" for text in shared if CONTROL.search(text)]
    tables = []
    for name, sheet in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            faults += [f"{name}: {fault}" for fault in _sheet_faults(sheet, len(shared))]
        elif name.startswith("xl/tables/"):
            tables.append(sheet.get("displayName", "").lower())
            faults += _table_faults(name, sheet, parts, shared)
    return faults + [f"the table {name} is there twice" for name in {name for name in tables if tables.count(name) > 1}]


def _shared_texts(parts: dict[str, Xml.Element]) -> list[str]:
    items = parts.get("xl/sharedStrings.xml", Xml.Element("none"))
    return ["".join(text.text or "" for text in item.iter(f"{MAIN}t")) for item in items.findall(f"{MAIN}si")]


def _links_faults(parts: dict[str, Xml.Element], names: set[str]) -> list[str]:
    """Parts that others point to and that are not there."""
    faults = []
    for name, part in parts.items():
        if not name.endswith(".rels"):
            continue
        home = posixpath.dirname(posixpath.dirname(name))
        for link in part:
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", home, link.get("Target"))).lstrip("/")
                if target not in names:
                    faults.append(f"{name} points to {target}, which is not there")
    return faults


def _names_faults(whole: Xml.Element) -> list[str]:
    sheets = [sheet.get("name") for sheet in whole.iter(f"{MAIN}sheet")]
    faults = []
    for name in sheets:
        if not 0 < len(name) <= MOST_IN_NAME or re.search(r"[\[\]:*?/\\]", name) or name[0] == "'" or name[-1] == "'":
            faults.append(f"{name!r} cannot be the name of a sheet")
    if len({name.lower() for name in sheets}) < len(sheets) or "history" in {name.lower() for name in sheets}:
        faults.append("two sheets have one name, or one has a name that Excel keeps for itself")
    seen = set()
    for defined in whole.iter(f"{MAIN}definedName"):
        name, key = defined.get("name"), (defined.get("name").lower(), defined.get("localSheetId"))
        told = [quoted or plain for quoted, plain in re.findall(r"(?:'((?:[^']|'')+)'|([\w.]+))!", defined.text or "")]
        if not NAME.match(name) or LIKE_A_CELL.match(name) or key in seen:
            faults.append(f"{name!r} cannot be the name of an area, or is there twice")
        if "#REF!" in (defined.text or "#REF!") or not {sheet.replace("''", "'") for sheet in told} <= set(sheets):
            faults.append(f"the area {name} is of no sheet: {defined.text}")
        seen.add(key)
    return faults


def _sheet_faults(sheet: Xml.Element, shared: int) -> list[str]:
    faults, last_row = [], 0
    for row in sheet.iter(f"{MAIN}row"):
        number, last_column = int(row.get("r")), 0
        if not last_row < number <= MOST_ROWS:
            faults.append(f"row {number} is out of order")
        last_row = number
        for cell in row.iter(f"{MAIN}c"):
            column, where = _column_of(cell.get("r")), cell.get("r")
            if not last_column < column <= MOST_COLUMNS or not where.endswith(str(number)):
                faults.append(f"{where} is out of order")
            last_column = column
            faults += [f"{where}: {fault}" for fault in _cell_faults(cell, shared)]
    merged = [area.get("ref") for area in sheet.iter(f"{MAIN}mergeCell")]
    boxes = [_box(area) for area in merged if AREA.match(area)]
    if len(boxes) < len(merged) or any(_meet(one, other) for k, one in enumerate(boxes) for other in boxes[:k]):
        faults.append("merged cells overlap, or are no cells")
    for kind in ("conditionalFormatting", "dataValidation", "autoFilter"):
        for rule in sheet.iter(f"{MAIN}{kind}"):
            areas = (rule.get("sqref") or rule.get("ref") or "").split()
            if not areas or not all(AREA.match(area) for area in areas):
                faults.append(f"a {kind} is of no cells: {areas}")
    for rule in sheet.iter(f"{MAIN}dataValidation"):
        for tag in ("formula1", "formula2"):
            text = rule.findtext(f"{MAIN}{tag}") or ""
            if text.startswith('"') and len(text) - 2 > MOST_IN_LIST:
                faults.append(f"the list at {rule.get('sqref')} has {len(text) - 2} letters")
        for told, most in (("promptTitle", 32), ("prompt", 255), ("errorTitle", 32), ("error", 255)):
            if len(rule.get(told) or "") > most:
                faults.append(f"the {told} at {rule.get('sqref')} has more than {most} letters")
    return faults


def _cell_faults(cell: Xml.Element, shared: int) -> list[str]:
    kind, value, formula = cell.get("t"), cell.findtext(f"{MAIN}v"), cell.find(f"{MAIN}f")
    inline = "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
    faults = []
    if kind == "s" and not (value or "").isdigit() or kind == "s" and int(value) >= shared:
        faults.append(f"no shared text {value}")
    if kind in (None, "n") and value is not None and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value):
        faults.append(f"{value!r} is no number")
    if len(inline) > MOST_LETTERS or CONTROL.search(inline):
        faults.append("its text is too long, or holds a control character")
    if formula is not None and (not formula.text or "#REF!" in formula.text or formula.text.count('"') % 2):
        faults.append(f"the formula is broken: {formula.text}")
    return faults


def _table_faults(name: str, table: Xml.Element, parts: dict[str, Xml.Element], shared: list[str]) -> list[str]:
    """A table's headings are not those of the cells, or are there twice."""
    headings = [column.get("name") for column in table.iter(f"{MAIN}tableColumn")]
    area = table.get("ref") or ""
    if not AREA.match(area):
        return [f"{name} is of no cells: {area}"]
    left, top, right, _ = _box(area)
    owner = next(
        (rels for rels, part in parts.items() if "worksheets/_rels" in rels
         and any(str(link.get("Target")).endswith(posixpath.basename(name)) for link in part)), None,
    )  # fmt: skip
    if owner is None:
        return [f"{name} belongs to no sheet"]
    sheet = parts["xl/worksheets/" + posixpath.basename(owner).removesuffix(".rels")]
    cells = {cell.get("r"): cell for cell in sheet.iter(f"{MAIN}c")}
    there = []
    for column in range(left, right + 1):
        cell = cells.get(f"{_letters_of(column)}{top}")
        there.append(None if cell is None else shared[int(cell.findtext(f"{MAIN}v"))] if cell.get("t") == "s" else "")
    told = [heading.replace("_x000a_", "\n").replace("_x000D_", "\r") for heading in headings]
    faults = [] if told == there else [f"{name}: its headings are not those of the cells"]
    alike = len({heading.lower() for heading in headings}) < len(headings)
    return [*faults, *([f"{name}: two of its headings are the same"] if alike else [])]


def _column_of(cell: str) -> int:
    number = 0
    for letter in re.match(r"[A-Z]+", cell)[0]:
        number = 26 * number + ord(letter) - 64
    return number


def _letters_of(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _box(area: str) -> tuple[int, int, int, int]:
    left, top, right, bottom = AREA.match(area).groups()
    return _column_of(left), int(top), _column_of(right or left), int(bottom or top)


def _meet(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    return not apart
