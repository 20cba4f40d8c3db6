"""Test-and-learn sites: candidates, portfolios, comparators, trade-offs, draws and reasons, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from .. import assemble, candidates, comparators, ledger, portfolios, proof
from ..config import Scenario
from ..errors import ConfigError, InfeasibleError
from ..load.gather import Inputs
from ..locate import Chooser, Condition, Portfolio, SiteProblem, Traced, build_conditions, differs, texts, trace_curves
from ..match.result import allocate, open_courses
from ..runner import Runner, open_runner
from ..schema import (
    CandidateFrame,
    CapFrame,
    PledgeFrame,
    SiteTables,
    TradeoffFrame,
)
from ..schema.words import LIST_SEPARATOR
from ._explain import explain_choice
from ._ground import Ground
from ._people import People
from ._plan import Plan
from ._robust import draw_robustness

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRun:
    """What sites are chosen from, and how it is worked on."""

    scenario: Scenario
    inputs: Inputs
    people: People
    ground: Ground
    plan: Plan
    parts: assemble.Parts
    progress: Progress
    runner: Runner | None = None
    kept: Path | None = None
    """A folder in which finished draws are kept until the run has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The portfolios of a run, the best first, with what they were found in."""

    chooser: Chooser
    candidates: pd.DataFrame
    portfolios: tuple[Portfolio, ...]


def choose_sites(run: SiteRun) -> SiteTables:
    """
    Choose sites and tell all there is to tell of the choice.

    Raises
    ------
    ConfigError
        The scenario names a site or a kind of site that is not there.
    InfeasibleError
        The conditions clash; names the smallest set of them that does.
    SolveError
        The solver failed, or a portfolio failed its independent check.
    """
    params = run.scenario.sites
    frame, notes = candidates.build_candidates(_sources(run), params)
    rules = build_conditions(frame, params, candidates.count_by)
    with open_runner() if run.runner is None else nullcontext(run.runner) as runner:
        choice, more = _choose(run, frame, rules, runner)
        notes += more
        told, chosen, allocations = _tell(run, choice)
        curves = TradeoffFrame.no_rows()
        if params.tradeoff_points:
            traced = Traced(
                chooser=choice.chooser,
                candidates=frame,
                params=params,
                count_by=candidates.count_by,
                chosen=choice.portfolios[0],
            )
            curves = trace_curves(traced, run.progress)
        drawn = draw_robustness(
            run.scenario,
            run.people,
            run.ground,
            choice.chooser.problem,
            candidates=frame,
            portfolios=[one.chosen for one in choice.portfolios],
            runner=runner,
            progress=run.progress,
            kept=run.kept,
        )
        run.progress("working out reasons")
        explained = explain_choice(
            run.scenario, run.people, choice.chooser, choice.portfolios[0], candidates=frame
        )
    ids = _ids(choice, choice.portfolios[0])
    return SiteTables(
        unit=params.unit,
        count=params.count,
        conditions=texts(rules),
        notes=(*notes, *drawn.notes, *explained.notes),
        candidates=frame,
        portfolios=told,
        chosen=chosen,
        plan=allocations[0],
        comparators=comparators.find_comparators(frame, sorted(ids), _facilities_in_reach(run, frame)),
        tradeoffs=curves,
        draws=drawn.draws,
        robustness=drawn.robustness,
        regrets=drawn.regrets,
        flips=drawn.flips,
        parts=explained.parts,
        limits=explained.limits,
        changes=explained.changes,
        reasons=explained.reasons,
    )


def _sources(run: SiteRun) -> candidates.CandidateSources:
    people = run.people
    return candidates.CandidateSources(
        pcns=people.pcns,
        need=people.need,
        ceilings=people.ceilings,
        points=run.ground.everyone,
        offers=run.plan.offers,
        caps=run.plan.caps,
        pledges=run.ground.pledges,
        operators=run.inputs.bank.operators,
        pathways=people.pathways,
    )


def _choose(
    run: SiteRun, frame: pd.DataFrame, rules: tuple[Condition, ...], runner: Runner
) -> tuple[Choice, list[str]]:
    """Portfolios one after another, each the best that differs enough from those before it."""
    params = run.scenario.sites
    problem = SiteProblem.from_frames(
        run.plan.problem, frame, rules, run.ground.homes(), min_coverage=params.min_coverage
    )
    if params.count > len(frame):
        raise ConfigError(f"sites.count is {params.count:,}, and there are {len(frame):,} sites to choose from.")
    run.progress("choosing sites")
    chooser = Chooser(problem=problem, runner=runner, gap_share=params.gap_share, time_limit_s=params.time_limit_s)
    found: list[Portfolio] = []
    notes = []
    for number in range(1, params.portfolios + 1):
        apart = [differs(one.chosen, params.least_apart, f"portfolio {at}") for at, one in enumerate(found, start=1)]
        try:
            found.append(chooser.choose(*apart))
        except InfeasibleError as caught:
            if not found:
                raise
            notes.append(f"Sites: only {len(found)} of {params.portfolios} portfolios could be found. {caught}")
            break
        run.progress(f"portfolio {number}: proven to within {found[-1].gap_share:.2%} of the best")
    return Choice(chooser=chooser, candidates=frame, portfolios=_best_first(found, params.gap_share)), notes


def _best_first(found: Sequence[Portfolio], gap_share: float) -> tuple[Portfolio, ...]:
    """
    Portfolios in the order of their worth.

    Within the gap a later one may be worth more than an earlier. Its own bound holds for those that differ from the
    earlier ones alone; that of the earlier, which it passes, holds for more.
    """
    told = []
    for at, one in enumerate(found):
        passed = [other.bound for other in found[:at] if other.value < one.value]
        told.append(one.under(min(max([one.bound, *passed]), found[0].bound), gap_share))
    return tuple(sorted(told, key=lambda one: -one.value))


def _tell(run: SiteRun, choice: Choice) -> tuple[pd.DataFrame, pd.DataFrame, list[pd.DataFrame]]:
    """`PortfolioFrame`, `ChosenSiteFrame` and the plan of each portfolio, after its independent check."""
    match, people = run.plan.problem, run.people
    plain = [allocate(match, one.places) for one in choice.portfolios]
    _check(run, choice, plain)
    priced = [ledger.price_places(plan, run.plan.offers) for plan in plain]
    allocations = [assemble.build_allocation(replace(run.parts, priced=plan)) for plan in priced]
    found = [
        portfolios.FoundPortfolio(
            site_ids=_ids(choice, one),
            value=one.value,
            bound=one.bound,
            gap_share=one.gap_share,
            status=one.status,
            allocation=allocation,
        )
        for one, allocation in zip(choice.portfolios, allocations, strict=True)
    ]
    sources = portfolios.PortfolioSources(candidates=choice.candidates, need=people.need, demand=people.demand)
    return *portfolios.tell_portfolios(found, sources), allocations


def _check(run: SiteRun, choice: Choice, plain: list[pd.DataFrame]) -> None:
    """Each plan holds every limit, serves its own sites alone, and is worth what is said; the wishes are kept."""
    people, plan = run.people, run.plan
    for one, allocation in zip(choice.portfolios, plain, strict=True):
        proof.check_plan(
            proof.Plan(
                allocation=allocation,
                courses=open_courses(plan.problem, one.courses),
                objective=one.value,
                bound=one.bound,
                pledges=run.ground.pledges,
                offers=plan.offers,
                caps=plan.caps,
                reach=run.ground.reach,
                demand=people.demand,
                ceilings=people.ceilings,
                need=people.need,
                pathways=people.pathways,
            )
        )
    claims = proof.SiteClaims(
        chosen=[_ids(choice, one) for one in choice.portfolios],
        allocations=plain,
        candidates=choice.candidates,
        demand=people.demand,
        params=run.scenario.sites,
    )
    proof.check_portfolios(claims)


def _ids(choice: Choice, portfolio: Portfolio) -> frozenset[str]:
    return frozenset(choice.chooser.problem.site_ids[portfolio.chosen])


def _facilities_in_reach(run: SiteRun, frame: pd.DataFrame) -> dict[str, set[str]]:
    """By site, the facilities whose pledges can serve it."""
    site_of = {
        code: site
        for site, codes in zip(frame[CandidateFrame.site_id], frame[CandidateFrame.pcn_codes], strict=True)
        for code in codes.split(LIST_SEPARATOR)
    }
    facility = run.ground.pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.facility_id]
    rows = pd.DataFrame(
        {"site": run.plan.caps[CapFrame.pcn_code].map(site_of), "at": run.plan.caps[CapFrame.pledge_id].map(facility)}
    ).dropna()
    return {site: set(at) for site, at in rows.groupby("site")["at"]}
