"""The plan: what is offered, what the match makes of it, and the independent check."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .. import demand, difference, offers, proof, wishes
from ..config import Scenario
from ..load.gather import Inputs
from ..match import Match, MatchProblem, Progress, solve_match
from ..runner import Runner
from ..schema import (
    CapFrame,
    DifferenceFrame,
    FacilityFrame,
    OperatorFrame,
    PathwayFrame,
    PcnResultFrame,
    PlanRecord,
    PledgeFrame,
)
from ..schema.words import LEVELS
from ._ground import Ground
from ._people import People
from ._prices import price_plan, reach_farther


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A match that has passed its check, with what it was made from."""

    problem: MatchProblem
    offers: pd.DataFrame
    ineligible: pd.DataFrame
    caps: pd.DataFrame
    match: Match
    prices: pd.DataFrame
    """`PriceFrame` without names."""
    differences: pd.DataFrame
    """`DifferenceFrame`: against an earlier plan, empty where there is none."""
    notes: tuple[str, ...]
    """Plain sentences on what was not done."""
    barred: pd.DataFrame
    """`CapFrame`: links that the planner's locks and bans took away."""
    changes: tuple[str, ...]
    """Sentences on what changed against an earlier plan."""

    @classmethod
    def make(
        cls,
        scenario: Scenario,
        people: People,
        ground: Ground,
        progress: Progress,
        *,
        runner: Runner | None = None,
        earlier: PlanRecord | None = None,
    ) -> Plan:
        """
        Match hours to need, from an earlier plan where there is one; parts of a large match are solved by the runner.

        Raises
        ------
        SolveError
            The solver failed, or the plan failed its independent check.
        """
        offered, ineligible = offers.link_offers(
            ground.pledges, ground.facilities, people.pathways, period=scenario.period, params=scenario.match
        )
        all_caps, caps, problem = _state_match(offered, ground.reach, people, ground, scenario)
        match = solve_match(problem, ground.homes(), scenario.match, progress, runner=runner, earlier=earlier)
        proof.check_plan(
            proof.Plan(
                allocation=match.allocation,
                courses=match.courses,
                objective=match.objective,
                bound=match.bound,
                pledges=ground.pledges,
                offers=offered,
                caps=caps,
                reach=ground.reach,
                demand=people.demand,
                ceilings=people.ceilings,
                need=people.need,
                pathways=people.pathways,
                levels=proof.Levels(
                    first_allocation=match.first_allocation,
                    told=match.levels,
                    fairness_budget=scenario.match.fairness_budget,
                    asked=LEVELS if scenario.match.levels == "all" else LEVELS[:1],
                ),
                wishes=scenario.wishes,
                minimums_given=wishes.count_minimums(scenario.wishes, match.allocation),
            )
        )
        progress("pricing what is short")

        def farther() -> MatchProblem:
            return _state_match(offered, reach_farther(scenario, people, ground), people, ground, scenario)[2]

        priced = price_plan(problem, farther, ground.pledges, scenario, out_of_time=match.out_of_time)
        return cls(
            problem=problem,
            offers=offered,
            ineligible=ineligible,
            caps=caps,
            match=match,
            prices=priced.rows,
            differences=DifferenceFrame.no_rows() if earlier is None else _compare(earlier, match),
            notes=(*_tell_wishes(scenario, people, match, (all_caps, caps)), *priced.notes),
            barred=_without(all_caps, caps),
            changes=() if earlier is None else _tell_changes(earlier, match, people),
        )


def check_wishes(scenario: Scenario, inputs: Inputs, people: People) -> None:
    """
    Refuse wishes that name what is in no table.

    Raises
    ------
    ConfigError
        Names every such id.
    """
    bank = inputs.bank
    known = wishes.Known(
        pledge_id=set(bank.pledges[PledgeFrame.pledge_id]),
        operator_id=set(bank.operators[OperatorFrame.operator_id]),
        facility_id=set(bank.facilities[FacilityFrame.facility_id]),
        pcn_code=set(people.everywhere[PcnResultFrame.pcn_code]),
        pathway_id=set(people.pathways[PathwayFrame.pathway_id]),
    )
    wishes.check_known(scenario.wishes, known)


def _tell_wishes(
    scenario: Scenario, people: People, match: Match, caps: tuple[pd.DataFrame, pd.DataFrame]
) -> tuple[str, ...]:
    """What of the planner's wishes could not be met, given caps before and after locks and bans."""
    names = people.everywhere.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.pcn_name]
    outcome = wishes.Outcome(
        allocation=match.allocation,
        all_caps=caps[0],
        caps=caps[1],
        demand=people.demand,
        ceilings=people.ceilings,
        pathways=people.pathways,
        names=names.to_dict(),
    )
    return wishes.tell_wishes(scenario.wishes, outcome)


def _without(all_caps: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first that are not in the second."""
    keys = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
    kept = pd.MultiIndex.from_frame(all_caps[keys]).isin(pd.MultiIndex.from_frame(caps[keys]))
    return all_caps[~kept].reset_index(drop=True)


def _compare(earlier: PlanRecord, match: Match) -> pd.DataFrame:
    return difference.compare_plans(earlier.allocation, match.allocation)


def _tell_changes(earlier: PlanRecord, match: Match, people: People) -> tuple[str, ...]:
    completions = (earlier.objective, match.objective)
    return difference.tell_differences(_compare(earlier, match), people.pathways, completions)


def _state_match(
    offered: pd.DataFrame, reach: pd.DataFrame, people: People, ground: Ground, scenario: Scenario
) -> tuple[pd.DataFrame, pd.DataFrame, MatchProblem]:
    """`CapFrame` of a reach before and after the planner's locks and bans, and the match that it makes."""
    every = demand.bound_places(
        offered, reach, people.demand, pledges=ground.pledges, pathways=people.pathways, ages=people.ages
    )
    caps = wishes.apply_wishes(every, ground.pledges, scenario.wishes)
    problem = MatchProblem.from_frames(
        offered,
        caps,
        people.demand,
        ceilings=people.ceilings,
        need=people.need,
        pathways=people.pathways,
        minimums=wishes.list_minimums(scenario.wishes, caps),
    )
    return every, caps, problem
