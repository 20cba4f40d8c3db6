"""Find the official files in a folder by the names their publishers give them; nothing is opened here."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..config import load_default
from ..errors import DataError, Fault


def find_sources(folder: Path, files: Mapping[str, str]) -> tuple[dict[str, Path], list[Fault]]:
    """
    Choose one file for each source of `defaults/sources.toml`.

    Parameters
    ----------
    folder
        Searched with its sub-folders. Of several files that fit one pattern, the one with the newest year in its
        name is taken (the last in alphabetical order where that does not tell).
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
    sources = load_default("sources")
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
        chosen = folder / files[source_id] if source_id in files else _search(folder, names, source["patterns"])
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
        folders.sort()
        names += [f"{(base / name).as_posix()}/" for name in folders]
        names += [(base / name).as_posix() for name in files]
    return sorted(names)


def _search(folder: Path, names: list[str], patterns: list[str]) -> Path | None:
    for pattern in patterns:
        fits = [
            name for name in names if fnmatch.fnmatch(_last_part(name).lower(), pattern.lower())
        ]
        if fits:
            return folder / max(fits, key=_newness).rstrip("/")
    return None


def _last_part(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1] + ("/" if name.endswith("/") else "")


def _newness(name: str) -> tuple[int, str]:
    """The latest year named anywhere in the path (2026, or 2425 for 2024-25), then the path itself."""
    years = [int(text) for text in re.findall(r"(?<!\d)(20[0-4]\d)(?!\d)", name)]
    # QOF writes a year as two: 2425 is 2024-25; 2021 may be either, and reads the same.
    years += [2000 + int(text[:2]) for text in re.findall(r"(?<!\d)(\d{4})(?!\d)", name) if int(text[2:]) == int(text[:2]) + 1]
    return max(years, default=0), name


def _missing(folder: Path, source: Mapping[str, object], named: str) -> Fault:
    asked = f"the file named for it, {named}, is not there" if named else "no such file is in the folder"
    return Fault(
        source=str(folder),
        value=named or str(source["save_as"]),
        problem=f"{source['title']} ({source['publisher']}): {asked}",
        remedy=f"It gives {source['gives']}. Open {source['page']} and save {source['save_as']} in the folder.",
    )
