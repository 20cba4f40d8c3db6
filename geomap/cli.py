"""The command line: thin. It parses, calls the library, and turns an error into one plain message and an exit code.

Nothing heavy is imported before a command begins, so that `--help` is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup, TyperOption

from ._options import (
    Amount,
    BankPath,
    ClusterAddress,
    ComparisonFolder,
    DataFolder,
    DrawCount,
    EarlierFolder,
    FillShare,
    FirstResults,
    GroupSize,
    IcbCodes,
    MapBy,
    MapFolder,
    MapResults,
    OutFolder,
    Pathway,
    ScenarioFile,
    SecondResults,
    SiteCount,
    SkipBadRows,
    TemplateFile,
    TilesAttribution,
    TilesUrl,
    Unit,
    WordTemplate,
    Workers,
)

if TYPE_CHECKING:
    from .config import MapParams, Scenario


class _QuickHelp(TyperGroup):
    """A group whose `--help`, where it is not given, is False: typer would import pydantic to judge a missing value."""

    def get_help_option(self, ctx: typer.Context) -> TyperOption | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


app = typer.Typer(
    name="geomap",
    cls=_QuickHelp,
    help="Match donated hours of physical activity to the Primary Care Networks that need them, and draw the map.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def demo(out: OutFolder = Path("geomap-demo")) -> None:
    """Run the invented example and draw its map."""
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
    earlier: EarlierFolder = None,
    workers: Workers = None,
    cluster: ClusterAddress = "",
    word_template: WordTemplate = None,
) -> None:
    """Match hours to need; write map and tables."""
    with _plain_errors():
        told = _read_scenario(scenario, data, bank, icb, skip_bad_rows=skip_bad_rows)
        _run(told, out, workers=workers, cluster=cluster, earlier=earlier, template=word_template)


@app.command()
def sites(
    scenario: ScenarioFile,
    out: OutFolder = Path("results"),
    data: DataFolder = None,
    bank: BankPath = None,
    icb: IcbCodes = None,
    skip_bad_rows: SkipBadRows = False,
    count: SiteCount = None,
    draws: DrawCount = None,
    earlier: EarlierFolder = None,
    workers: Workers = None,
    cluster: ClusterAddress = "",
    word_template: WordTemplate = None,
) -> None:
    """Do as 'run' does; choose test-and-learn sites too."""
    with _plain_errors():
        told = _read_scenario(scenario, data, bank, icb, skip_bad_rows=skip_bad_rows).for_sites(count, draws)
        _run(told, out, workers=workers, cluster=cluster, earlier=earlier, template=word_template, sites=True)


@app.command()
def check(scenario: ScenarioFile, data: DataFolder = None, bank: BankPath = None) -> None:
    """Read every file and tell every fault."""
    with _plain_errors():
        from .errors import tell_faults
        from .pipeline import load_inputs

        with _progress() as say:
            inputs = load_inputs(_read_scenario(scenario, data, bank), say)
        for what, file, _ in inputs.sources:
            _say(f"{what}: {file}")
        for note in inputs.notes:
            _say(f"Note: {note}")
        for line in tell_faults(inputs.faults):
            _say(line)
        if inputs.faults:
            _say('Rows with a fault are left out, since the scenario says bad_rows = "reject".')
        else:
            _say("No faults.")
        given = "".join(f" {name} {path}" for name, path in (("--data", data), ("--bank", bank)) if path)
        _say(f"Next: geomap run {scenario}{given}")


@app.command()
def compare(before: FirstResults, after: SecondResults, out: ComparisonFolder = None) -> None:
    """Tell what differs between two folders of results."""
    with _plain_errors():
        from .pipeline import compare as compare_results
        from .report.comparison import describe_comparison, next_step

        with _progress() as say:
            comparison = compare_results(before, after, out, say)
        _say(describe_comparison(comparison))
        _say(f"Next: {next_step(comparison, out)}")


@app.command(name="map")
def draw_map(
    results: MapResults,
    out: MapFolder = None,
    by: MapBy = None,
    tiles: TilesUrl = "",
    attribution: TilesAttribution = "",
) -> None:
    """Draw the map of a folder of results again."""
    with _plain_errors():
        from .pipeline import map_results

        background = _background(tiles, attribution)
        with _progress() as say:
            drawn = map_results(results, out, say, by_icb=by is not None, tiles=background)
        if drawn.pages:
            pages = "1 page of an ICB" if drawn.pages == 1 else f"{drawn.pages} pages of ICBs"
            _say(f"Wrote map.html, index.html and {pages}, none over {drawn.largest_bytes / 1e6:.1f} MB.")
            _say(f"Next: open {drawn.folder / 'index.html'} in a browser; its links need the pages beside it.")
        else:
            _say(f"Wrote {drawn.folder / 'map.html'}.")
            _say("Next: open it in a browser; it needs no network and can be sent by e-mail.")


@app.command()
def template(out: TemplateFile = Path("bank-of-hours.xlsx")) -> None:
    """Write the blank workbook for operators."""
    with _plain_errors():
        from .config import default_pathways
        from .demand import build_pathways
        from .errors import ConfigError, OutputError
        from .report.template import write_template

        if out.suffix.lower() != ".xlsx":
            raise ConfigError(f"{out}: the template is an Excel workbook; give a name that ends in .xlsx.")
        if out.exists():
            raise OutputError(f"{out} is there already, and may hold what an operator filled in. Give another name.")
        write_template(out, build_pathways(default_pathways()))
        _say(f"Wrote {out}. Send it to operators; put what comes back under [bank] in a scenario.")


@app.command()
def hours(
    amount: Amount,
    unit: Unit = "participant",
    pathway: Pathway = "exercise_referral",
    group_size: GroupSize = None,
    fill_share: FillShare = 1.0,
) -> None:
    """Say how many people some hours serve."""
    with _plain_errors():
        from .config import default_pathways
        from .errors import ConfigError
        from .units import count_people

        catalogue = default_pathways()
        if pathway not in catalogue:
            raise ConfigError(f"--pathway is {pathway!r}; use one of {', '.join(catalogue)}.")
        course = catalogue[pathway]
        size = course.group_size if group_size is None else group_size
        room = {"course_hours": course.course_hours, "group_size": size, "fill_share": fill_share}
        try:
            people = count_people(amount, unit, **room)
        except ValueError as caught:
            raise ConfigError(f"--unit: {caught}") from None
        _say(
            f"{amount:,.0f} {unit} hours serve {people:,} people on {course.name.lower()} courses "
            f"({course.weeks:g} weeks × {course.sessions_per_week:g} × {course.session_hours:g} h)."
        )


def _read_scenario(
    path: Path, data: Path | None, bank: Path | None, icb: list[str] | None = None, *, skip_bad_rows: bool = False
) -> Scenario:
    from .config import Scenario

    codes = tuple(code.strip().upper() for code in icb or ())
    told = Scenario.from_toml(path, data=data, bank=bank, icb_codes=codes)
    if not skip_bad_rows:
        return told
    return told.model_copy(update={"bank": told.bank.model_copy(update={"bad_rows": "reject"})})


def _background(url: str, attribution: str) -> MapParams | None:
    """The tiles that the options ask for; none where they ask for none."""
    if not url and not attribution:
        return None
    from pydantic import ValidationError

    from .config import MapParams
    from .errors import ConfigError

    try:
        return MapParams(tiles_url=url, tiles_attribution=attribution)
    except ValidationError as caught:
        said = "; ".join(error["msg"].removeprefix("Value error, ") for error in caught.errors())
        told = said.replace("tiles_url", "--tiles").replace("tiles_attribution", "--attribution")
        raise ConfigError(f"{told}.") from None


def _run(
    scenario: Scenario, out: Path, *, workers: int | None = None, cluster: str = "", **asked: Path | bool | None
) -> None:
    from .pipeline import run as run_scenario
    from .report.summary import describe, describe_sites
    from .runner import open_runner

    with _progress() as say, open_runner(workers, cluster) as runner:
        tables = run_scenario(scenario, out, say, runner=runner, **asked)
    _say(describe(tables))
    if tables.choice is not None:
        _say(f"\n{describe_sites(tables.choice)}")
    _say(f"\nOpen {out / 'map.html'} in a browser; {out / 'report.docx'} is for the board;")
    _say(f"{out / 'results.xlsx'} has every table.")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being done, on the error stream: one live line on a terminal, nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("starting") as status:
        yield lambda text: status.update(Text(_printable(text)))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn an error raised on purpose into its message and exit code; any other is a bug and shows its traceback."""
    from .errors import GeomapError, RowError

    try:
        yield
    except GeomapError as caught:
        _say(str(caught), err=True)
        if isinstance(caught, RowError):
            _say("Correct these rows; or run with --skip-bad-rows, and accounting.csv names each left out.", err=True)
        raise typer.Exit(caught.exit_code) from None


def _say(text: str, *, err: bool = False) -> None:
    """Print text that may come from an input."""
    typer.echo(_printable(text), err=err)


def _printable(text: str) -> str:
    """Input text may hold terminal escapes: show them, never send them."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def main() -> None:
    """The entry point: a terminal that cannot show a letter gets a question mark, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where a program without a terminal starts geomap
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
