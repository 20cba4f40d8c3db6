"""`geomap fetch`: the official files, with a bar on a terminal; and `--list`, which asks nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .edge import STOPPED, plain_errors, start_reading, tell
from .options import FetchFolder, ListSources, OnlySources
from .terminal import printable

if TYPE_CHECKING:
    from ..fetch.outcome import Outcome
    from ..pipeline._fetch import Watch

KEPT = "Stopped. What has come is kept, and the same command goes on from there."


def fetch(data: FetchFolder = Path("official"), only: OnlySources = None, list_only: ListSources = False) -> None:
    """Download the official files; check each."""
    with plain_errors():
        if list_only:
            tell(_list(data))
            return
        start_reading()
        from ..pipeline._fetch import fetch as fetch_sources

        try:
            with _show_download(data) as watch:
                haul = fetch_sources(data, tuple(only or ()), watch)
        except KeyboardInterrupt:
            tell(KEPT, err=True)
            raise typer.Exit(STOPPED) from None
        tell(haul.tell())
        haul.settle()
        tell(f"Next: geomap start --bank bank-of-hours.xlsx --data {data}")


def _list(data: Path) -> str:
    from ..fetch.outcome import list_sources
    from ..fetch.sources import read_sources
    from ..load.find import find_sources

    found = find_sources(data, {})[0] if data.is_dir() else {}
    return list_sources(read_sources(), found, data)


@contextmanager
def _show_download(folder: Path) -> Iterator[Watch]:
    """A bar for the file that is on its way, on the error stream of a terminal; a line for each that is done."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines(folder)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(file=getattr(sys.stderr, "direct", sys.stderr))
    streams = {"redirect_stdout": False, "redirect_stderr": False}
    with Progress(*columns, console=console, transient=True, **streams) as progress:
        yield _Bar(folder, progress)


class _Lines:
    """Progress where there is no terminal: one line a source."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, text: str) -> None:
        """Nothing is told of steps."""

    def moved(self, done: int, total: int | None) -> None:
        """Nor of bytes."""

    def ended(self, outcome: Outcome) -> None:
        if outcome.state != "offline":  # the summary tells of these
            tell(outcome.tell(self._folder), err=outcome.is_bad)


class _Bar(_Lines):
    """Progress on a terminal: a bar that is gone when the file is there, and its line."""

    def __init__(self, folder: Path, progress: object) -> None:
        super().__init__(folder)
        self._progress = progress
        self._task = None

    def start(self, text: str) -> None:
        self._stop()
        self._task = self._progress.add_task(printable(text), total=None)

    def moved(self, done: int, total: int | None) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def ended(self, outcome: Outcome) -> None:
        self._stop()
        super().ended(outcome)

    def _stop(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
