"""Find the official files in a folder by the names their publishers give them; nothing is opened here."""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import load_default
from ..errors import DataError, Fault
from ..schema.published import FACTS_NAME

_REMEDY = "Run geomap fetch with this folder as --data, or open {page} and save {save_as} in it."
_OWN_REMEDY = "Correct the name under [data.files], or take it out."
_LEFT_BEHIND = (".", "~$", "__MACOSX")
"""How names begin that a Mac or a spreadsheet program leaves beside the real file."""
_RESULTS = {"manifest.json", FACTS_NAME}
"""What stands in a folder of results. Nothing is looked for there: a run must not take its own results in."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR, _MONTH = r"(?P<year>20[0-4]\d)", r"(?P<month>0[1-9]|1[0-2])"
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}[-_ .]?{_MONTH}(?:[-_ .]?[0-3]\d)?(?!\d)"),  # 2026-07, 20260701
    re.compile(rf"(?<!\d){_MONTH}[-_ .]?{_YEAR}(?!\d)"),  # 062026
    re.compile(rf"(?<![a-z])(?P<month>{'|'.join(_MONTHS)})[a-z]*[-_ .]?{_YEAR}(?!\d)"),  # MAY_2025, June 2026
    re.compile(rf"(?<!\d){_YEAR}(?!\d)"),
)
_TWO_YEARS = re.compile(r"(?<!\d)(?:20(?=\d\d[-_]))?(\d\d)[-_]?(\d\d)(?!\d)")
"""A year from April to March: `2425` as QOF writes it, `2024-25`."""


def known_sources() -> dict[str, Mapping[str, Any]]:
    """The official sources, and the planner's own files beside them, by id."""
    return {**load_default("sources"), **load_default("own_sources")}


def find_sources(folder: Path, files: Mapping[str, str]) -> tuple[dict[str, Path], list[Fault]]:
    """
    Choose one file for each source of `defaults/sources.toml`.

    Parameters
    ----------
    folder
        Searched with its sub-folders. Of several files that fit one pattern, the one with the newest date in its
        name is taken, or in that of its folder (the last in alphabetical order where that does not tell).
    files
        Source id → path relative to `folder`, for sources named by the planner; these are never searched for.

    Returns
    -------
    found, faults
        Source id → path, and one fault for each source that is required, or named, and not there.

    Raises
    ------
    DataError
        The folder is not there, or a source id is unknown.
    """
    sources = known_sources()
    unknown = sorted(set(files) - set(sources))
    if unknown:
        raise DataError(f"Unknown source under [data.files]: {', '.join(unknown)}. Known: {', '.join(sources)}.")
    if not folder.is_dir():
        raise DataError(
            faults=[
                Fault(
                    source=str(folder),
                    problem="the folder of official files is not there",
                    remedy="Give the folder with --data, or under [data] in the scenario.",
                )
            ]
        )
    names = _walk(folder)
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for source_id, source in sources.items():
        if source_id in files:
            chosen = folder / files[source_id] if files[source_id].strip() else None
        else:
            chosen = _search(folder, names, source["patterns"])
        if chosen is not None and chosen.exists():
            found[source_id] = chosen
        elif source_id in files or source["required"]:
            faults.append(_missing(folder, source, files.get(source_id, "")))
    return found, faults


def _walk(folder: Path) -> list[str]:
    """Relative paths of files, and of folders with a `/` behind, in a stable order."""
    names: list[str] = []
    for root, folders, files in os.walk(folder):
        base = Path(root).relative_to(folder)
        if base.parts and _RESULTS <= set(files):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(_LEFT_BEHIND))
        names += [f"{(base / name).as_posix()}/" for name in folders]
        names += [(base / name).as_posix() for name in files if not name.startswith(_LEFT_BEHIND)]
    return sorted(names)


def _search(folder: Path, names: list[str], patterns: list[str]) -> Path | None:
    for pattern in patterns:
        fits = [name for name in names if fits_pattern(name, pattern)]
        if fits:
            return folder / max(fits, key=_newness).rstrip("/")
    return None


def fits_pattern(name: str, pattern: str) -> bool:
    """The last part of the path against the pattern; a folder only where the pattern asks for one."""
    last = name.rstrip("/").rsplit("/", 1)[-1]
    same_kind = name.endswith("/") == pattern.endswith("/")
    return same_kind and fnmatch.fnmatch(last.lower(), pattern.rstrip("/").lower())


def _newness(name: str) -> tuple[tuple[int, int], str]:
    """The latest year and month in the file's name, or else in that of the nearest folder; then the path itself."""
    dates = (latest_date(part) for part in reversed(name.rstrip("/").lower().split("/")))
    return next(filter(any, dates), (0, 0)), name


def latest_date(part: str) -> tuple[int, int]:
    """The latest date in a text: year and month, 0 for what is not told; of two years, April to March, the second."""
    found = [(0, 0)]
    for match in itertools.chain.from_iterable(pattern.finditer(part) for pattern in _DATES):
        month = match.groupdict().get("month") or "0"
        found.append((int(match["year"]), int(month) if month.isdigit() else _MONTHS.index(month) + 1))
    for match in _TWO_YEARS.finditer(part):
        if int(match[2]) == int(match[1]) + 1:
            found.append((2000 + int(match[2]), 0))
    return max(found)


def _missing(folder: Path, source: Mapping[str, object], named: str) -> Fault:
    asked = f"the file named for it, {named}, is not there" if named else "no such file is in the folder"
    return Fault(
        source=str(folder),
        value=named or str(source["save_as"]),
        problem=f"{source['title']} ({source['publisher']}): {asked}",
        remedy=f"It gives {source['gives']}. {(_REMEDY if 'page' in source else _OWN_REMEDY).format(**source)}",
    )
