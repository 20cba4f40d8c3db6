"""Write the pages of docs that the program itself tells: tables, commands, inputs, licences."""

from pathlib import Path

from _docs_commands import build_commands
from _docs_inputs import build_inputs, build_licences

from geomap import phrases, phrases_choice
from geomap.report._columns import COLUMNS, SHEETS, TABLES
from geomap.report._template_columns import SHEETS as BANK
from geomap.report._units import unit_of
from geomap.schema import words
from geomap.schema.published import PUBLISHED

HOME = Path(__file__).resolve().parents[1] / "docs"
REASONS = {
    "`unmatched_hours.reason`, where `stage` is `ineligible`": words.INELIGIBLE_REASONS,
    "`unmatched_hours.reason`, where `stage` is `unmatched`": words.UNMATCHED_REASONS,
    "`unmet_demand.reason`, `pcns.main_unmet_reason` and `gaps.main_reason`": words.UNMET_REASONS,
}
MEASURES = {
    "`levels.objective`": phrases.AIMS,
    "`fairness.measure`": phrases.MEASURES,
    "`prices.kind`": phrases.PRICES,
}
CHOICE = {
    "`robustness.verdict`": phrases_choice.VERDICTS,
    "`flips.assumption`, and the columns of `draws`": phrases_choice.ASSUMPTIONS,
    "`tradeoffs.curve`": phrases_choice.CURVES,
    "`comparators.measure`": phrases_choice.LIKENESS,
    "`site_parts.part`": phrases_choice.SCORE_PARTS,
    "`site_limits.limit`": phrases_choice.LIMITS,
    "`site_changes.lever`": phrases_choice.LEVERS,
}
BOARD = {
    "`figures.figure`": phrases_choice.FIGURES,
    "`sectors.sector`": phrases_choice.SECTOR_WORDS,
    "`provision.link_status`, `links.link_status` and `ties.link_status`": phrases.LINKS,
    "`attention.topic`": phrases.TOPICS,
}
INTRO = """# Tables and columns

Made by `python scripts/make_docs.py`; a test keeps it up to date. A run writes each table as a CSV file and, but for
the last ones, as a sheet of `results.xlsx`; those from `portfolios` to `candidates` are there where sites were chosen.
`results.gpkg` holds the layers `pcns` (indicative areas), `facilities` (points) and, where they are known, `icbs`
(areas) and `places` (points: towns or local authorities, and postcode districts, with their patients), all in British
National Grid (EPSG:27700), with styles for QGIS (`layer_styles`) and the words of this page (`gpkg_data_columns`).
`pcns`, `facilities` and `icbs` are GeoParquet 1.1 files too (EPSG:27700), `pcns` and `facilities` GeoJSON (RFC 7946,
WGS 84, six decimals); both have the values of the CSV files, and a count that is not shown is missing there, where the
CSV says `[c]`. `datapackage.json` says all of this page to programs. A code is an NHS (ODS) or ONS code."""


def table_lines(name: str) -> list[str]:
    """A heading and one line a column: its name, heading in the workbook, unit, whether it may be empty, meaning."""
    columns = PUBLISHED[name].to_schema().columns
    where = f"Sheet {SHEETS[name][0]}, file `{name}.csv`." if name in SHEETS else f"File `{name}.csv`; no sheet."
    lines = [f"\n## {name}\n", f"{where} {TABLES[name][1]}\n"]
    lines += ["| column | in the workbook | unit or values | may be empty | meaning |", "|---|---|---|---|---|"]
    for column, (heading, meaning) in COLUMNS[name].items():
        known = columns.get(column)
        listed = [c.statistics["allowed_values"] for c in (known.checks if known else ()) if c.name == "isin"]
        kinds = {"int64": "count", "bool": "True or False"}
        kind = ", ".join(*listed) if listed else kinds.get(str(known.dtype), "text") if known else "text"
        unit = unit_of(name, column) or kind
        lines.append(f"| `{column}` | {heading} | {unit} | {'yes' if known and known.nullable else 'no'} | {meaning} |")
    return lines


def code_lines(codes: dict[str, dict[str, str]]) -> list[str]:
    """For each column of codes, a table of what they say."""
    lines = []
    for where, told in codes.items():
        lines += [f"\n{where}:\n", "| code | in words |", "|---|---|", *(f"| `{c}` | {t} |" for c, t in told.items())]
    return lines


def build_tables() -> str:
    """The whole of docs/tables.md."""
    lines = [INTRO, *(line for name in TABLES for line in table_lines(name))]
    lines += ["\n## Reasons\n", "The CSV files hold the code, the workbook and the map the words."]
    lines += code_lines(REASONS)
    lines += ["\n## Aims, measures and prices\n", "[method.md](method.md#10-fairness-figures) defines the measures."]
    lines += code_lines(MEASURES)
    lines += ["\n## Summaries for the board\n", "The CSV files hold the code, the workbook the words."]
    lines += code_lines(BOARD)
    lines += ["\n## The choice of sites\n", "The CSV files hold the code, the workbook the words."]
    lines += code_lines(CHOICE)
    lines += ["\n## The bank of hours\n", "What operators fill in; `geomap template` writes the blank workbook."]
    for name, sheet in BANK.items():
        lines += [f"\n### {name}\n", "| column | filled in | meaning | how |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.need} | {c.meaning} | {', '.join(c.words) or c.how} |" for c in sheet]
    return "\n".join(lines) + "\n"


PAGES = {
    "tables.md": build_tables,
    "commands.md": build_commands,
    "inputs.md": build_inputs,
    "licences.md": build_licences,
}
"""Page of docs → what builds it."""


if __name__ == "__main__":
    for name, build in PAGES.items():
        (HOME / name).write_text(build(), encoding="utf-8", newline="\n")
