"""docs/inputs.md: what each official source gives, column by column; docs/licences.md: on what terms."""

from __future__ import annotations

import inspect
import re

from geomap.config import load_default
from geomap.schema import asks, bank, indicators, inputs
from geomap.schema._base import Table

INPUTS = """# What goes in, as the program sees it

Made by `python scripts/make_docs.py` out of `geomap/defaults/sources.toml` and `geomap/schema`; a test keeps it up to
date. Files are read as they are published; each loader turns one into a table of these columns, and every row that it
leaves out stands in `accounting.csv`. A code is an NHS (ODS) or ONS code. The columns that operators fill in are told
in [tables.md](tables.md#the-bank-of-hours)."""
LICENCES = """# Licences and attribution

Made by `python scripts/make_docs.py` out of `geomap/defaults/sources.toml`; a test keeps it up to date.

geomap is under the [MIT licence](../LICENSE). No publisher's data comes with it but the postcode directory, which is a
package of its own. Official files stay under their publishers' licences. Every map, workbook and paper
carries the attribution of each source that it used, and `facts.json` and `manifest.json` name the files: who passes
results on passes these lines on with them.

The demo is invented; [data/README.md](../data/README.md) tells what of it is real. `python scripts/run.py supply` tells
the licence of every package that geomap is built on."""


def build_inputs() -> str:
    """The whole of docs/inputs.md."""
    lines = [INPUTS, "\n## Sources\n", "| name in `[data.files]` | what | found by | needed | what it gives |"]
    lines += ["|---|---|---|---|---|"]
    for name, source in {**load_default("sources"), **load_default("own_sources")}.items():
        patterns = ", ".join(f"`{pattern}`" for pattern in source["patterns"])
        needed = "yes" if source["required"] else "no"
        who = f"{source['title']} ({source['publisher']})"
        lines.append(f"| `{name}` | {who} | {patterns} | {needed} | {source['gives']} |")
    lines += ["\n## Tables\n", "One after the other, as `geomap.load_inputs(scenario).tables` and `.bank` hold them."]
    for model in [*_models(inputs), *_models(indicators), asks.OpportunityFrame, *_models(bank)]:
        lines += _table(model)
    return "\n".join(lines) + "\n"


def _models(module: object) -> list[type[Table]]:
    found = [item for _, item in inspect.getmembers(module, inspect.isclass) if issubclass(item, Table)]
    return [item for item in found if item.__module__ == module.__name__]


def _table(model: type[Table]) -> list[str]:
    told = " ".join(inspect.getdoc(model).split())
    lines = [f"\n### {model.__name__}\n", f"{told}\n", "| column | kind | may be empty | values |", "|---|---|---|---|"]
    for name, column in model.to_schema().columns.items():
        held = ", ".join(_limit(check) for check in column.checks)
        kind = re.sub(r"\[.*", "", str(column.dtype)) if column.dtype else "shape"
        lines.append(f"| `{name}` | {kind} | {'yes' if column.nullable else 'no'} | {held} |")
    return lines


def _limit(check: object) -> str:
    """A check in words."""
    words = {
        "greater_than_or_equal_to": ("from", "min_value"),
        "less_than_or_equal_to": ("to", "max_value"),
        "greater_than": ("above", "min_value"),
        "less_than": ("below", "max_value"),
    }
    if check.name in words:
        word, key = words[check.name]
        return f"{word} {check.statistics[key]:g}"
    if check.name == "isin":
        return ", ".join(f"`{value}`" for value in check.statistics["allowed_values"])
    return "a code" if check.name == "str_matches" else str(check.name)


def build_licences() -> str:
    """The whole of docs/licences.md."""
    lines = [LICENCES, "\n## Sources\n", "| what | publisher | licence | attribution that goes with the results |"]
    lines += ["|---|---|---|---|"]
    for source in load_default("sources").values():
        licence = source.get("licence", "")
        title = f"[{source['title']}]({source['page']})" if source.get("page") else source["title"]
        lines.append(f"| {title} | {source['publisher']} | {licence} | {source['attribution']} |")
    return "\n".join(lines) + "\n"
