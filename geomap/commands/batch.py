"""`geomap batch`: several scenarios one after another, each into a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from .edge import STOPPED, plain_errors, start_reading, tell
from .options import BankPath, BatchFolder, DataFolder, IcbCodes, Internal, ScenarioFiles, WithSites, Workers
from .terminal import printable


def batch(
    scenarios: ScenarioFiles,
    out: BatchFolder = Path("batch-results"),
    data: DataFolder = None,
    bank: BankPath = None,
    icb: IcbCodes = None,
    sites: WithSites = False,
    workers: Workers = None,
    internal: Internal = False,
) -> None:
    """Run many scenarios; set them side by side."""
    with plain_errors():
        start_reading()
        from ..pipeline import find_scenarios, run_batch
        from ..report.batch import BATCH_NAME, describe_batch
        from ..runner import open_runner
        from ..schema.batch import BatchFrame

        paths = find_scenarios(scenarios)
        codes = tuple(code.strip().upper() for code in icb or ())
        asked = {"data": data, "bank": bank, "icb_codes": codes, "sites": sites, "internal": internal}
        try:
            with _show_bar(len(paths)) as say, open_runner(workers) as runner:
                done = run_batch(paths, out, say, runner=runner, **asked)
        except KeyboardInterrupt:
            tell(f"Stopped. What is finished stays in {out}; the same command goes on from there.", err=True)
            raise typer.Exit(STOPPED) from None
        tell(describe_batch(done))
        tell(f"\nWrote {out / BATCH_NAME}.")
        if done.rows[BatchFrame.folder].notna().any():
            tell(f"Each scenario's map.html lies in its folder in {out}.")
    if done.exit_code:
        raise typer.Exit(done.exit_code)


@contextmanager
def _show_bar(total: int) -> Iterator[Callable[[int, str], None]]:
    """How many scenarios are over and what is being done, on the error stream; nothing where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda over, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=getattr(sys.stderr, "direct", sys.stderr))
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        # Names of scenarios and files are not markup.
        TextColumn("{task.description}", markup=False),
    )
    # As in `show_progress`: what others print is not to be led through rich.
    hidden = {"transient": True, "redirect_stdout": False, "redirect_stderr": False}
    with Progress(*columns, console=console, **hidden) as bar:
        task = bar.add_task("starting", total=total)
        yield lambda over, text: bar.update(
            task, completed=over, description=printable(text).replace("\n", r"\n")
        )
