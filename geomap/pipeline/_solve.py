"""One scenario from tables in memory: the stages in their order; no file is read or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..assemble import Parts
from ..config import Scenario
from ..load.gather import Inputs
from ..runner import Runner
from ..schema import PlanRecord, ResultTables, SiteTables
from ._ground import Ground
from ._people import People
from ._plan import Plan, check_wishes
from ._release import publish_tables
from ._sites import SiteRun, choose_sites
from ._tables import Run, balance, build_tables

Progress = Callable[[str], None]


def silent(text: str) -> None:
    """No progress is told."""


def solve(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = silent,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
    sites: bool = False,
    kept: Path | None = None,
    internal: bool = True,
) -> ResultTables:
    """
    Plan one scenario from tables in memory; no file is read or written.

    Parameters
    ----------
    inputs
        Of `load_inputs`; a table may be replaced or changed before.
    scenario
        How to plan; what it says of files counts no more.
    progress, runner, sites
        As in `run`.
    earlier
        A plan in memory to start from, as `tables.record` holds it.
    kept
        The folder in which finished draws are kept and looked for.
    internal
        Exact counts of people, unlike in `run`; False gives them as they are published (`geomap.few`).

    Returns
    -------
    tables
        One `DataFrame` a table, a row as docs/tables.md says; `pcns` and `facilities` are GeoDataFrames in metres
        (EPSG:27700). Hours are participant-hours in the plan period, shares 0 to 1, places courses of one person.
        `facts` has the figures of the run as a whole; `facts.gap_share` is how far the plan is, at most, from the best.

    Raises
    ------
    ConfigError
        An ICB named for the run is not in the practice map, or a wish, a site or an own indicator is in no table.
    InfeasibleError
        The conditions of the sites clash.
    SolveError
        The solver failed, or a plan or ledger failed its check.

    Examples
    --------
    >>> tables = geomap.solve(inputs, scenario)  # doctest: +SKIP
    >>> tables.pcns.nlargest(5, "need_index")[["pcn_name", "coverage_share"]]  # doctest: +SKIP
    """
    finished = plan_run(inputs, scenario, progress, runner=runner, earlier=earlier, sites=sites, kept=kept)
    progress("building the tables")
    return (build_tables if internal else publish_tables)(*finished)


def plan_run(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = silent,
    *,
    runner: Runner | None = None,
    earlier: PlanRecord | None = None,
    sites: bool = False,
    kept: Path | None = None,
) -> tuple[Run, Parts, SiteTables | None]:
    """A finished plan before its tables are built, with the sites where they were asked for; all exact."""
    progress("building need and demand")
    people = People.build(inputs, scenario)
    check_wishes(scenario, inputs, people)
    progress("placing patients and facilities")
    ground = Ground.build(inputs, scenario, people)
    progress("matching hours to need")
    plan = Plan.make(scenario, people, ground, progress, runner=runner, earlier=earlier)
    whole = Run(scenario=scenario, inputs=inputs, people=people, ground=ground, plan=plan)
    parts = balance(whole)
    choice = None
    if sites:
        asked = SiteRun(
            scenario=scenario,
            inputs=inputs,
            people=people,
            ground=ground,
            plan=plan,
            parts=parts,
            progress=progress,
            runner=runner,
            kept=kept,
        )
        choice = choose_sites(asked)
    return whole, parts, choice


def select_sites(
    inputs: Inputs,
    scenario: Scenario,
    progress: Progress = silent,
    *,
    count: int | None = None,
    draws: int | None = None,
    runner: Runner | None = None,
) -> SiteTables:
    """
    Choose test-and-learn sites from tables in memory.

    Parameters
    ----------
    inputs
        Of `load_inputs`; nothing is read again.
    scenario
        Its `[sites]` and `[robustness]` say what is chosen and under which conditions.
    progress
        Called with a short sentence as work goes on.
    count, draws
        How many sites (1 or more), and how many draws of the assumptions (0 for none), instead of the scenario's.
    runner
        As in `run`.

    Returns
    -------
    choice
        The `choice` of `solve(..., sites=True)`: `portfolios` (a row each, the best first, with its proven bound),
        `chosen` (a row a site of a portfolio), `robustness` (share of draws, 0 to 1), `comparators`, `reasons` and
        more, as `docs/tables.md` lists them. Counts of people are exact: not for publication.

    Raises
    ------
    ConfigError
        The scenario names a site, an ICB or a kind of site that is not there.
    InfeasibleError
        The conditions clash; names the smallest set of them that does.
    SolveError
        The solver failed, or a plan failed its independent check.

    Examples
    --------
    >>> choice = geomap.select_sites(inputs, scenario, count=3, draws=0)  # doctest: +SKIP
    >>> choice.chosen[["portfolio", "site_name", "places"]]  # doctest: +SKIP
    """
    _, _, choice = plan_run(inputs, scenario.for_sites(count, draws), progress, runner=runner, sites=True)
    return choice
