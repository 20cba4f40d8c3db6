"""What became of each source, in words: for the list, for each line of a fetch, and for the summary at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, Fault
from .sources import Source

STATES = {
    "fetched": "fetched",
    "unchanged": "not changed since it was fetched",
    "own": "there already, saved by hand, and left as it is",
    "by_hand": "has to be saved by hand, where it is wanted",
    "failed": "could not be had",
    "offline": "not asked for, as nothing can be reached",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One source after a fetch; `state` is a key of `STATES`."""

    source: Source
    state: str
    file: str = ""
    """The file that a run reads, relative to the folder; empty where there is none."""
    vintage: str = ""
    bytes: int = 0
    why: str = ""
    """What went wrong, or what to know."""

    @property
    def is_bad(self) -> bool:
        return self.state in ("failed", "offline")

    def tell(self, folder: Path) -> str:
        """One line, and what to do where the file could not be had."""
        told = STATES[self.state]
        if self.state == "fetched":
            dated = f", {self.vintage}" if self.vintage else ""
            told = f"{told} {self.file}{dated} ({self.bytes / 1e6:,.1f} MB)"
        elif self.file and self.is_bad:
            told = f"{told}; {self.file}, which is there, is kept"
        line = f"{self.source.source_id}: {told}."
        if self.why:
            line += f" {self.why}"
        to_do = self.state in ("failed", "by_hand") and not (self.state == "by_hand" and self.file)
        return f"{line}\n    {self.source.instruct(str(folder))}" if to_do else line


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """A finished fetch."""

    folder: Path
    outcomes: tuple[Outcome, ...]
    sources: Mapping[str, Source]
    found: Mapping[str, Path]
    """Source id → the file that a run reads now."""

    def tell(self) -> str:
        """The summary: what there is, and what a run would assume."""
        is_offline = any(outcome.state == "offline" for outcome in self.outcomes)
        new = sum(outcome.state == "fetched" for outcome in self.outcomes)
        lines = ["Nothing can be reached: this computer seems to be offline."] if is_offline else []
        lines.append(
            f"{len(set(self.found) & set(self.sources))} of {len(self.sources)} sources are in {self.folder}"
            + (f", {new} of them new." if new else ".")
        )
        lines += tell_absent(self.sources, self.found)
        if self.outcomes and any(outcome.is_bad for outcome in self.outcomes):
            lines.append(f"To go on, run the same again. geomap fetch --data {self.folder} --list tells every page.")
        return "\n".join(lines)

    def settle(self) -> None:
        """
        Stop where a run could not begin.

        Raises
        ------
        DataError
            A required source is still missing.
        """
        missing = [source for key, source in self.sources.items() if source.required and key not in self.found]
        if missing:
            raise DataError(
                faults=[
                    Fault(
                        source=str(self.folder),
                        value=source.save_as,
                        problem=f"{source.title} ({source.publisher}) is required and not there",
                        remedy=f"It gives {source.gives}. {source.instruct(str(self.folder))}",
                    )
                    for source in missing
                ]
            )


def tell_absent(sources: Mapping[str, Source], found: Iterable[str]) -> list[str]:
    """What is missing, what each file would add, and what a run assumes without it; a line each."""
    have = set(found)
    absent = [source for key, source in sources.items() if key not in have]
    required = [source for source in absent if source.required]
    optional = [source for source in absent if not source.required]
    lines = ["Missing, and no run can begin without:"] if required else []
    lines += [f"  {source.source_id} gives {source.gives}." for source in required]
    lines += ["Missing, and what a run assumes without it:"] if optional else []
    lines += [f"  {source.source_id} gives {source.gives}.\n    Without it: {source.without}." for source in optional]
    return lines


def list_sources(sources: Mapping[str, Source], found: Mapping[str, Path], folder: Path) -> str:
    """Every source: whether it is there, whether it is required, what it gives, its licence and where it comes from."""
    lines = []
    for key, source in sources.items():
        have = "have" if key in found else "missing"
        need = "required" if source.required else "optional"
        file = found[key].relative_to(folder).as_posix() if key in found else source.save_as
        lines += [
            f"{key:<19} {have:<8} {need:<9} {file}",
            f"    {source.title} ({source.publisher})",
            f"    gives    {source.gives}",
            *([] if key in found else [f"    without  {source.without}"]),
            f"    licence  {source.licence}",
            f"    page     {source.page}",
        ]
    return "\n".join(lines)
