"""`geomap start`: a scenario for the files that are there."""

from __future__ import annotations

from pathlib import Path

from .edge import plain_errors, show_progress, start_reading, tell
from .options import FetchFolder, NewScenario, StartBank


def start(
    bank: StartBank = Path("bank-of-hours.xlsx"),
    data: FetchFolder = Path("official"),
    out: NewScenario = Path("scenario.toml"),
) -> None:
    """Write a scenario for the files at hand."""
    with plain_errors():
        start_reading()
        import datetime as dt

        from ..pipeline._start import start as start_scenario

        with show_progress() as say:
            started = start_scenario(data, bank, out, say, dt.date.today())
        for line in started.found:
            tell(line)
        tell(f"Next: {started.next_step}")
