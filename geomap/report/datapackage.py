"""`datapackage.json`: every file of the results and every column of the tables, as a machine reads it.

A Data Package (Frictionless Standards, version 1, which readers of version 2 take too). It is made of the declarations
in `geomap.schema` and the words of the workbook, so that it cannot tell of other columns than those that are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandera.pandas as pa

from ..schema import PlanFacts
from ..schema.keys import HOMES, KEYS, NAMES_OTHERS
from ..schema.published import DATA_PACKAGE_NAME, GEOJSON_LAYERS, PARQUET_LAYERS, PUBLISHED, SUPPRESSED
from ._columns import COLUMNS, TABLES
from ._columns_layers import LAYER_TITLES
from ._few_cells import FEW_NOTE, may_hide
from ._units import unit_of

_DOCUMENTS = {
    "map.html": ("Map", "Two maps, of places and of organisations, and their tables in one page."),
    "report.docx": ("Board paper", "What is recommended and why, the map, fairness, what is offered and missing."),
    "results.xlsx": ("Workbook", "A summary with charts, what every column means, and the tables but the longest."),
    "results.gpkg": ("GeoPackage", "All layers, EPSG:27700, with styles for QGIS and the meaning of every column."),
    "facts.json": ("Facts", "What is said of the run as a whole: its figures, notes and sources."),
    "plan.json": ("Plan", "The plan as a later run can start from it."),
    "open_referral.json": ("Services", "The bank of hours and the match in the standard Open Referral UK 3."),
}
"""File that is no table → what it is called, and what it holds."""
_FORMS = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "html": "text/html",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Ending → media type."""
_SHAPES = {
    "parquet": "{} As GeoParquet 1.1, EPSG:27700; a count that is not shown is missing.",
    "geojson": "{} As GeoJSON (RFC 7946), WGS 84; a count that is not shown is null.",
}
_TYPES = {"int64": "integer", "float64": "number", "bool": "boolean", "geometry": "any"}
"""Kind of a column → type of a field; all others are text."""
_IN_BRACKETS = re.compile(r"^(.*?) \((.+)\)$")
_BOUNDS = {
    "greater_than_or_equal_to": ("minimum", "min_value"),
    "greater_than": ("minimum", "min_value"),
    "less_than_or_equal_to": ("maximum", "max_value"),
}
"""Check of a declaration → the constraint, and what the check calls its limit."""
_DIALECT = {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "header": True}
_OPEN_LICENCE = {
    "name": "OGL-UK-3.0",
    "title": "Open Government Licence v3.0, of the official data within; hours are those of the operators",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}
_OPEN = re.compile("open government licen[cs]e", re.IGNORECASE)


def write_datapackage(folder: Path, facts: PlanFacts, files: Iterable[Mapping[str, object]]) -> Path:
    """
    Describe what has been written.

    Parameters
    ----------
    folder
        Where the results stand and where to write.
    facts
        Of the run.
    files
        `name`, `bytes` and `sha256` of every file of the results, as `geomap.outputs.describe_inputs` tells them.

    Returns
    -------
    path
        `datapackage.json`.
    """
    told = build_datapackage(facts, files)
    path = folder / DATA_PACKAGE_NAME
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def build_datapackage(facts: PlanFacts, files: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """
    What the file says.

    Parameters
    ----------
    facts
        Of the run.
    files
        As for `write_datapackage`; a table that was not written is not told of.
    """
    listed = sorted(files, key=lambda file: _place_of(str(file["name"])))
    names = {str(file["name"]) for file in listed}
    label = f"{facts.label.rstrip('.')}." if facts.label else ""
    notes = [label, f"Plan period {facts.period_start} to {facts.period_end}; data as of {facts.as_of}."]
    if not facts.internal:
        notes.append(FEW_NOTE)
    open_sources = any(_OPEN.search(attribution) for _, _, attribution in facts.sources)
    return {
        "profile": "data-package",
        "name": "geomap-results",
        "title": facts.name,
        "description": " ".join(note for note in notes if note),
        "created": f"{facts.as_of}T00:00:00Z",
        **({"licenses": [_OPEN_LICENCE]} if open_sources else {}),
        "sources": [_source(*source) for source in facts.sources],
        "resources": [_resource(file, names, internal=facts.internal) for file in listed],
    }


def _place_of(name: str) -> tuple[int, str]:
    """Tables in their own order, then the other files by name."""
    stem, _, ending = name.partition(".")
    tables = list(PUBLISHED)
    return (tables.index(stem), name) if ending == "csv" and stem in tables else (len(tables), name)


def _source(what: str, file: str, attribution: str) -> dict[str, str]:
    """A source as the standard has it; the file and its date, and the words that its licence asks for."""
    return {"title": f"{what}: {file}", **({"attribution": attribution} if attribution else {})}


def _resource(file: Mapping[str, object], names: set[str], *, internal: bool) -> dict[str, object]:
    """One file; a table with its columns."""
    name = str(file["name"])
    stem, _, ending = name.rpartition(".")
    is_table = ending == "csv" and stem in PUBLISHED
    title, meaning = _words_for(name, stem, ending)
    told = {
        "name": stem if is_table else name.replace(".", "-"),
        "path": name,
        **({"profile": "tabular-data-resource"} if is_table else {"type": "file"}),
        "title": title,
        "description": meaning,
        "format": ending,
        "mediatype": _FORMS.get(ending, "application/octet-stream"),
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
    }
    if is_table:
        told |= {"encoding": "utf-8", "dialect": _DIALECT, "schema": _schema(stem, names, internal=internal)}
    return told


def _words_for(name: str, stem: str, ending: str) -> tuple[str, str]:
    if ending == "csv" and stem in TABLES:
        return TABLES[stem]
    if ending in _SHAPES and stem in {*PARQUET_LAYERS, *GEOJSON_LAYERS}:
        title, meaning = LAYER_TITLES[stem]
        return title, _SHAPES[ending].format(meaning)
    return _DOCUMENTS.get(name, (name, ""))


def _schema(table: str, names: set[str], *, internal: bool) -> dict[str, object]:
    """The columns of a table, by what its rows are known, and which tables they name rows of."""
    columns = PUBLISHED[table].to_schema().columns
    alone = [name for name, column in columns.items() if column.unique]
    key = list(KEYS.get(table, alone[:1]))
    links = [
        {"fields": column, "reference": {"resource": HOMES[column], "fields": column}}
        for column in NAMES_OTHERS.get(table, ())
        if f"{HOMES[column]}.csv" in names
    ]
    fields = []
    for name, words in COLUMNS[table].items():
        shown = internal or not may_hide(table, name)
        told = _field(name, words, columns.get(name), is_key=name in key, is_shown=shown)
        unit = unit_of(table, name)
        fields.append(told | ({"unit": unit} if unit else {}))
    return {
        "fields": fields,
        "missingValues": ["", SUPPRESSED],
        **({"primaryKey": key} if key else {}),
        **({"foreignKeys": links} if links else {}),
    }


def _field(
    name: str, words: tuple[str, str], column: pa.Column | None, *, is_key: bool, is_shown: bool
) -> dict[str, object]:
    """One column. One that no declaration has is a coordinate to the metre."""
    title, meaning = words
    bracketed = _IN_BRACKETS.match(title)
    kind = "int64" if column is None else str(column.dtype)
    told: dict[str, object] = {
        "name": name,
        "type": "date" if name.endswith("_date") else _TYPES.get(kind, "string"),
        "title": bracketed[1] if bracketed else title,
        "description": meaning,
    }
    if kind == "bool":
        told |= {"trueValues": ["True"], "falseValues": ["False"]}
    constraints = _constraints(column, is_key=is_key, is_shown=is_shown)
    return told | ({"constraints": constraints} if constraints else {})


def _constraints(column: pa.Column | None, *, is_key: bool, is_shown: bool) -> dict[str, object]:
    """What the declaration asks for; a text may be empty where it is no key and has no list of words."""
    if column is None:
        return {"required": True}
    told: dict[str, object] = {}
    words = next((check.statistics["allowed_values"] for check in column.checks if check.name == "isin"), None)
    is_number = str(column.dtype) in _TYPES
    if is_shown and not column.nullable and (is_number or is_key or column.unique or words):
        told["required"] = True
    if column.unique:
        told["unique"] = True
    if words and not is_number:
        told["enum"] = list(words)
    for check in column.checks:
        if check.name in _BOUNDS:
            constraint, limit = _BOUNDS[check.name]
            told[constraint] = check.statistics[limit]
    return told
