"""The command line: thin. It parses, calls the library, and turns an error into one plain message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .config import Scenario

app = typer.Typer(
    name="geomap",
    help="Match donated hours of physical activity to the Primary Care Networks that need them, and draw the map.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ScenarioFile = Annotated[Path, typer.Argument(help="The scenario, a TOML file.", metavar="SCENARIO.TOML")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder of official files, instead of the scenario's.")]
BankPath = Annotated[Path | None, typer.Option("--bank", help="Bank of hours (workbook or folder), instead of the scenario's.")]
IcbCodes = Annotated[list[str] | None, typer.Option("--icb", help="Plan for the PCNs of this ICB only; may be repeated.")]
SkipBadRows = Annotated[bool, typer.Option("--skip-bad-rows", help="Leave out rows with a fault and report them.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the results.")]


@app.command()
def demo(out: OutFolder = Path("geomap-demo")) -> None:
    """Run the embedded, invented example and say where the map is."""
    with _plain_errors():
        from .config import Scenario
        from .demo import demo_scenario

        _run(Scenario.from_toml(demo_scenario()), out)


@app.command()
def run(
    scenario: ScenarioFile,
    out: OutFolder = Path("results"),
    data: DataFolder = None,
    bank: BankPath = None,
    icb: IcbCodes = None,
    skip_bad_rows: SkipBadRows = False,
) -> None:
    """Read the files, match hours to need, and write the map and the tables."""
    with _plain_errors():
        _run(_read_scenario(scenario, data, bank, icb, skip_bad_rows), out)


@app.command()
def check(
    scenario: ScenarioFile,
    data: DataFolder = None,
    bank: BankPath = None,
) -> None:
    """Read every file and tell every fault, without planning anything."""
    with _plain_errors():
        from .pipeline import load_inputs

        with _progress() as say:
            inputs = load_inputs(_read_scenario(scenario, data, bank, None, False), say)
        for what, file, _ in inputs.sources:
            typer.echo(f"{what}: {file}")
        for note in inputs.notes:
            typer.echo(f"Note: {note}")
        typer.echo(f"No faults. Next: geomap run {scenario}")


@app.command()
def template(
    out: Annotated[Path, typer.Argument(help="Where to write the blank workbook.", metavar="FILE.XLSX")] = Path(
        "bank-of-hours.xlsx"
    ),
) -> None:
    """Write the blank workbook that operators fill in."""
    with _plain_errors():
        from .config import default_pathways
        from .demand import build_pathways
        from .report.template import write_template

        write_template(out, build_pathways(default_pathways()))
        typer.echo(f"Wrote {out}. Send it to operators; put what comes back under [bank] in a scenario.")


@app.command()
def hours(
    amount: Annotated[float, typer.Argument(help="Hours.", metavar="HOURS", min=0)],
    unit: Annotated[str, typer.Option(help="participant, class, facility or staff.")] = "participant",
    pathway: Annotated[str, typer.Option(help="Pathway of the catalogue.")] = "exercise_referral",
    group_size: Annotated[float | None, typer.Option(help="People in a group; the pathway's own if left out.", min=1)] = None,
    fill_share: Annotated[float, typer.Option(help="Share of the group's places that fill, 0 to 1.", min=0, max=1)] = 1.0,
) -> None:
    """Say how many people so many hours can take through a course."""
    with _plain_errors():
        from .config import default_pathways
        from .errors import ConfigError
        from .units import count_people

        catalogue = default_pathways()
        if pathway not in catalogue:
            raise ConfigError(f"--pathway is {pathway!r}; use one of {', '.join(catalogue)}.")
        course = catalogue[pathway]
        size = course.group_size if group_size is None else group_size
        try:
            people = count_people(amount, unit, course_hours=course.course_hours, group_size=size, fill_share=fill_share)
        except ValueError as caught:
            raise ConfigError(f"--unit: {caught}") from None
        typer.echo(
            f"{amount:,.0f} {unit} hours serve {people:,} people on {course.name.lower()} courses "
            f"({course.weeks:g} weeks × {course.sessions_per_week:g} × {course.session_hours:g} h)."
        )


def _read_scenario(
    path: Path, data: Path | None, bank: Path | None, icb: list[str] | None, skip_bad_rows: bool
) -> Scenario:
    from .config import Scenario

    scenario = Scenario.from_toml(path, data=data, bank=bank, icb_codes=tuple(code.strip().upper() for code in icb or ()))
    if skip_bad_rows:
        scenario = scenario.model_copy(update={"bank": scenario.bank.model_copy(update={"bad_rows": "reject"})})
    return scenario


def _run(scenario: Scenario, out: Path) -> None:
    from .pipeline import run as run_scenario
    from .report.summary import describe

    with _progress() as say:
        tables = run_scenario(scenario, out, say)
    typer.echo(describe(tables))
    typer.echo(f"\nOpen {out / 'map.html'} in a browser; {out / 'results.xlsx'} has every table.")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being done, on the error stream: one live line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda text: status.update(escape(text))


_SHOWN = 40
"""Faults printed; a bank with thousands would scroll the first ones away."""


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn an error raised on purpose into its message and exit code; anything else is a bug and shows its traceback."""
    from .errors import DataError, GeomapError

    try:
        yield
    except DataError as caught:
        lines = str(caught).splitlines()
        for line in lines[:_SHOWN]:
            typer.echo(_printable(line), err=True)
        if len(lines) > _SHOWN:
            typer.echo(f"... and {len(lines) - _SHOWN:,} more.", err=True)
        if any(fault.row is not None for fault in caught.faults):
            typer.echo("Correct these rows, or run with --skip-bad-rows to leave them out and have them reported.", err=True)
        raise typer.Exit(caught.exit_code) from None
    except GeomapError as caught:
        typer.echo(_printable(str(caught)), err=True)
        raise typer.Exit(caught.exit_code) from None


def _printable(text: str) -> str:
    """Input text may hold terminal escapes: show them, never send them."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def main() -> None:
    """The entry point: a terminal that cannot show a letter gets a question mark, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
