"""docs/commands.md: every command, argument, option and exit code, out of the program itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from geomap import errors
from geomap.cli import app
from geomap.commands.edge import STOPPED

INTRO = """# Commands

Made by `python scripts/make_docs.py` out of the program; a test keeps it up to date. Every command has `--help`.
Progress goes to the error stream, and only to a terminal; what a command says goes to the output stream.

[how-to.md](how-to.md) shows them at work."""
READING = """## What reading a file may take

Files are read in a process of their own. One that needs more than 4 GiB of memory or 10 minutes, or that ends its
reader, is told as a fault of that file, and the others are still read. The largest official file takes 0.4 GiB and
4 seconds; `GEOMAP_READ_GIB` and `GEOMAP_READ_MINUTES` in the environment set other limits."""
NOTES = Path(__file__).with_name("_docs_notes.md")
"""What the help of a command has no room for, under the name of the command."""
CODES = {
    0: "done",
    errors.GeomapError.exit_code: "a defect in geomap: please report it with the message",
    errors.ConfigError.exit_code: "the command line, the scenario file or a parameter does not hold",
    errors.DataError.exit_code: "an input is missing, wrong or inconsistent; every fault is listed",
    errors.SolveError.exit_code: "the solver could not answer, or its plan failed the independent check",
    errors.OutputError.exit_code: "the results could not be written; the folder holds what it held before",
    STOPPED: "stopped by Ctrl-C; the folder holds what it held before",
}


def build_commands() -> str:
    """The whole of docs/commands.md."""
    group = typer.main.get_command(app)
    notes = read_notes()
    lines = [INTRO, "\n## All of them\n", "| command | what it does |", "|---|---|"]
    lines += [f"| [`geomap {name}`](#geomap-{name}) | {_told(command)} |" for name, command in _commands(group)]
    for name, command in _commands(group):
        lines += [f"\n## geomap {name}\n", f"{_told(command)}\n", *_usage(name, command), *_parameters(command)]
        lines += [f"\n{notes[name]}"] if name in notes else []
    lines += ["\n## Exit codes\n", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in sorted(CODES.items())]
    lines += ["", READING]
    return "\n".join(lines) + "\n"


def read_notes() -> dict[str, str]:
    """Command → its notes."""
    parts = re.split(r"^## (\w+)\n", NOTES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _commands(group: Any) -> Iterator[tuple[str, Any]]:
    """By name, in the order of `--help`."""
    yield from group.commands.items()


def _is_argument(item: Any) -> bool:
    return item.param_type_name == "argument"


def _told(command: Any) -> str:
    return _plain(command.help or "")


def _plain(text: str) -> str:
    """One line that stands in a cell of a table."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def _usage(name: str, command: Any) -> list[str]:
    arguments = [p.metavar or p.name.upper() for p in command.params if _is_argument(p)]
    needed = [p.required for p in command.params if _is_argument(p)]
    shown = [text if must else f"[{text}]" for text, must in zip(arguments, needed, strict=True)]
    return ["```", " ".join(["geomap", name, *shown, "[options]"]), "```"]


def _parameters(command: Any) -> list[str]:
    """A line for each argument and option; a command without any has none."""
    rows = []
    for item in command.params:
        if item.name == "help" or getattr(item, "hidden", False):
            continue
        asked = [f"`{name}`" for name in item.opts] if not _is_argument(item) else [f"`{item.metavar}`"]
        value = "" if _is_argument(item) or item.is_flag else f"`{item.metavar or item.name.upper()}`"
        rows.append(f"| {', '.join(asked)} | {value} | {_plain(item.help or '')} | {_default(item)} |")
    return ["\n| option | value | what it does | if left out |", "|---|---|---|---|", *rows] if rows else []


def _default(item: Any) -> str:
    if item.required:
        return "must be given"
    if not _is_argument(item) and item.is_flag:
        return "no"
    empty = item.default is None or item.default in ("", ()) or callable(item.default)
    return "" if empty else f"`{item.default}`"
