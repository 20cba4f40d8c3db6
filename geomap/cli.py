"""The command line: thin. It parses, calls the library, and turns an error into one plain message and an exit code.

Nothing heavy is imported before a command begins, so that `--help` is instant.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from .commands.asked import advise, background_tiles, given, read_scenario
from .commands.batch import batch
from .commands.edge import plain_errors, show_progress, start_reading, tell
from .commands.fetch import fetch
from .commands.harvest import harvest
from .commands.options import (
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
    Internal,
    MapBy,
    MapFolder,
    MapResults,
    OutFolder,
    Pathway,
    ProblemsFile,
    ScenarioFile,
    SecondResults,
    SiteCount,
    SkipBadRows,
    Strict,
    TemplateFile,
    TilesAttribution,
    TilesUrl,
    Unit,
    WordTemplate,
    Workers,
)
from .commands.start import start
from .commands.terminal import guard_streams, settle_locale

if TYPE_CHECKING:
    from .config import Scenario

COMPLETING = "_GEOMAP_COMPLETE"
"""The variable with which a shell asks what could follow what is typed; typer's name for it."""


class _QuickHelp(TyperGroup):
    """A group whose own flags, where they are not given, are False: typer imports pydantic to judge a missing value."""

    def get_params(self, ctx: typer.Context) -> list[Any]:
        """The flags of help and of completion among them."""
        params = super().get_params(ctx)
        for item in params:
            if item.param_type_name == "option" and item.is_flag and item.default is None:
                item.default = False
        return params


app = typer.Typer(
    name="geomap",
    cls=_QuickHelp,
    help="Match donated hours of physical activity to the Primary Care Networks that need them, and draw the map.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def demo(out: OutFolder = Path("geomap-demo"), internal: Internal = False) -> None:
    """Run the invented example and draw its map."""
    with plain_errors():
        start_reading()
        from .config import Scenario
        from .demo import demo_scenario

        _run(Scenario.from_toml(demo_scenario()), out, internal=internal)


@app.command()
def run(
    scenario: ScenarioFile,
    out: OutFolder = Path("results"),
    data: DataFolder = None,
    bank: BankPath = None,
    icb: IcbCodes = None,
    skip_bad_rows: SkipBadRows = False,
    strict: Strict = False,
    earlier: EarlierFolder = None,
    workers: Workers = None,
    cluster: ClusterAddress = "",
    word_template: WordTemplate = None,
    internal: Internal = False,
) -> None:
    """Match hours to need; write map and tables."""
    with plain_errors(advise(scenario, data, bank)):
        start_reading()
        told = read_scenario(scenario, data, bank, icb, skip_bad_rows=skip_bad_rows, strict=strict)
        asked = {"earlier": earlier, "template": word_template, "internal": internal}
        _run(told, out, workers=workers, cluster=cluster, **asked)


@app.command()
def sites(
    scenario: ScenarioFile,
    out: OutFolder = Path("results"),
    data: DataFolder = None,
    bank: BankPath = None,
    icb: IcbCodes = None,
    skip_bad_rows: SkipBadRows = False,
    strict: Strict = False,
    count: SiteCount = None,
    draws: DrawCount = None,
    earlier: EarlierFolder = None,
    workers: Workers = None,
    cluster: ClusterAddress = "",
    word_template: WordTemplate = None,
    internal: Internal = False,
) -> None:
    """Do as 'run' does; choose test-and-learn sites too."""
    with plain_errors(advise(scenario, data, bank)):
        start_reading()
        told = read_scenario(scenario, data, bank, icb, skip_bad_rows=skip_bad_rows, strict=strict)
        told = told.for_sites(count, draws)
        asked = {"earlier": earlier, "template": word_template, "internal": internal, "sites": True}
        _run(told, out, workers=workers, cluster=cluster, **asked)


app.command()(batch)
app.command()(fetch)
app.command()(start)
app.command()(harvest)


@app.command()
def check(
    scenario: ScenarioFile,
    data: DataFolder = None,
    bank: BankPath = None,
    strict: Strict = False,
    problems: ProblemsFile = None,
) -> None:
    """Read every file and tell every fault."""
    given_back = f"Wrote {problems}: the bank of hours with its problems marked, to send to those who wrote it."
    told = {"done": given_back} if problems else {"advice": advise(scenario, data, bank)}
    with plain_errors(**told):
        start_reading()
        from .errors import tell_faults
        from .pipeline import check as check_inputs

        with show_progress() as say:
            inputs = check_inputs(read_scenario(scenario, data, bank, strict=strict), say, problems)
        for what, file, _ in inputs.sources:
            tell(f"{what}: {file}")
        for note in inputs.notes:
            tell(f"Note: {note}")
        for line in tell_faults(inputs.faults):
            tell(line)
        if inputs.faults:
            tell('Rows with a fault are left out, since the scenario says bad_rows = "reject".')
        else:
            tell("No faults.")
        if problems:
            tell(given_back)
        tell(f"Next: geomap run {scenario}{given(data, bank)}")


@app.command()
def compare(before: FirstResults, after: SecondResults, out: ComparisonFolder = None) -> None:
    """Tell what differs between two folders of results."""
    with plain_errors():
        start_reading()
        from .pipeline import compare as compare_results
        from .report.comparison import describe_comparison, next_step

        with show_progress() as say:
            comparison = compare_results(before, after, out, say)
        tell(describe_comparison(comparison))
        tell(f"Next: {next_step(comparison, out)}")


@app.command(name="map")
def draw_map(
    results: MapResults,
    out: MapFolder = None,
    by: MapBy = None,
    tiles: TilesUrl = "",
    attribution: TilesAttribution = "",
) -> None:
    """Draw the map of a folder of results again."""
    with plain_errors():
        start_reading()
        from .pipeline import map_results

        background = background_tiles(tiles, attribution)
        with show_progress() as say:
            drawn = map_results(results, out, say, by_icb=by is not None, tiles=background)
        if drawn.pages:
            pages = "1 page of an ICB" if drawn.pages == 1 else f"{drawn.pages} pages of ICBs"
            tell(f"Wrote map.html, index.html and {pages}, none over {drawn.largest_bytes / 1e6:.1f} MB.")
            tell(f"Next: open {drawn.folder / 'index.html'} in a browser; its links need the pages beside it.")
        else:
            tell(f"Wrote {drawn.folder / 'map.html'}.")
            tell("Next: open it in a browser; it needs no network and can be sent by e-mail.")


@app.command()
def template(out: TemplateFile = Path("bank-of-hours.xlsx")) -> None:
    """Write the blank workbook for operators."""
    with plain_errors():
        from .config import default_pathways
        from .demand import build_pathways
        from .errors import ConfigError, OutputError
        from .report.template import write_template

        if out.suffix.lower() != ".xlsx":
            raise ConfigError(f"{out}: the template is an Excel workbook; give a name that ends in .xlsx.")
        if out.exists():
            raise OutputError(f"{out} is there already, and may hold what an operator filled in. Give another name.")
        write_template(out, build_pathways(default_pathways()))
        tell(f"Wrote {out}. Send it to operators; put what comes back under [bank] in a scenario.")


@app.command()
def hours(
    amount: Amount,
    unit: Unit = "participant",
    pathway: Pathway = "exercise_referral",
    group_size: GroupSize = None,
    fill_share: FillShare = 1.0,
) -> None:
    """Say how many people some hours serve."""
    with plain_errors():
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
        tell(
            f"{amount:,.0f} {unit} hours serve {people:,} people on {course.name.lower()} courses "
            f"({course.weeks:g} weeks × {course.sessions_per_week:g} × {course.session_hours:g} h)."
        )


def _run(
    scenario: Scenario, out: Path, *, workers: int | None = None, cluster: str = "", **asked: Path | bool | None
) -> None:
    from .pipeline import run as run_scenario
    from .report.summary import describe, describe_sites
    from .runner import open_runner

    with show_progress() as say, open_runner(workers, cluster) as runner:
        tables = run_scenario(scenario, out, say, runner=runner, **asked)
    tell(describe(tables))
    if tables.choice is not None:
        tell(f"\n{describe_sites(tables.choice)}")
    tell(f"\nOpen {out / 'map.html'} in a browser; {out / 'report.docx'} is for the board;")
    tell(f"{out / 'results.xlsx'} has every table.")


def main() -> None:
    """The entry point; from here on nothing but plain text reaches the terminal."""
    settle_locale()
    if COMPLETING not in os.environ:  # a shell that asks what could follow splits the answer at tabs
        guard_streams()
    app()


if __name__ == "__main__":
    main()
