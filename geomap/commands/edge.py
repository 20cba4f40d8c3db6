"""What every command does at the edge: progress on the error stream, errors as one plain message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from .terminal import printable

SHORT_OF_MEMORY = "Close other programs, ask for fewer --workers, or plan fewer ICBs with --icb."
AS_BEFORE = "The folder of results holds what it held before."
STOPPED = 130
"""Exit code of a command that Ctrl-C ended."""


def start_reading() -> None:
    """Start the process that reads files, before all that is imported here."""
    from ..load.child import start_reader

    start_reader()


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """What is being done, on the error stream: one live line on a terminal, nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    spinner = Spinner("dots", text="starting", style="status.spinner")
    console = Console(file=getattr(sys.stderr, "direct", sys.stderr))
    # Were the streams led through rich, it would send on the links and colours that it finds in what others print.
    with Live(spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False):
        yield lambda text: spinner.update(text=Text(printable(text).replace("\n", r"\n")))


@contextmanager
def plain_errors(advice: str = "", done: str = "") -> Iterator[None]:
    """
    Turn an error raised on purpose into its message and exit code; any other is a bug and shows its traceback.

    `advice` is told after the faults of cells, and what has been `done` after those of any input.
    """
    from ..errors import DataError, GeomapError, RowError, SolveError

    try:
        yield
    except GeomapError as caught:
        tell(str(caught), err=True)
        if advice and isinstance(caught, DataError) and any(fault.row is not None for fault in caught.faults):
            tell(advice, err=True)
        if done and isinstance(caught, DataError) and caught.faults:
            tell(done, err=True)
        if isinstance(caught, RowError):
            tell("Correct these rows; or run with --skip-bad-rows, and accounting.csv names each left out.", err=True)
        raise typer.Exit(caught.exit_code) from None
    except MemoryError:
        tell(f"The computer ran out of memory. {SHORT_OF_MEMORY} {AS_BEFORE}", err=True)
        raise typer.Exit(SolveError.exit_code) from None
    except KeyboardInterrupt:
        tell(f"Stopped. {AS_BEFORE}", err=True)
        raise typer.Exit(STOPPED) from None


def tell(text: str, *, err: bool = False) -> None:
    """Print text that may come from an input."""
    typer.echo(printable(text), err=err)
