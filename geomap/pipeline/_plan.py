"""The plan: what is offered, what the match makes of it, and the independent check."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .. import demand, offers, proof
from ..config import Scenario
from ..match import Match, MatchProblem, Progress, solve_match
from ..runner import Runner
from ..schema import DifferenceFrame, PriceFrame
from ._ground import Ground
from ._people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A match that has passed its check, with what it was made from."""

    offers: pd.DataFrame
    ineligible: pd.DataFrame
    caps: pd.DataFrame
    match: Match
    prices: pd.DataFrame
    """`PriceFrame`."""
    differences: pd.DataFrame
    """`DifferenceFrame`: against an earlier plan, empty where there is none."""

    @classmethod
    def make(
        cls, scenario: Scenario, people: People, ground: Ground, progress: Progress, runner: Runner | None = None
    ) -> Plan:
        """
        Match hours to need; parts of a large match are solved by the runner.

        Raises
        ------
        SolveError
            The solver failed, or the plan failed its independent check.
        """
        offered, ineligible = offers.link_offers(
            ground.pledges, ground.facilities, people.pathways, period=scenario.period, params=scenario.match
        )
        caps = demand.bound_places(
            offered,
            ground.reach,
            people.demand,
            pledges=ground.pledges,
            pathways=people.pathways,
            ages=people.ages,
        )
        problem = MatchProblem.from_frames(
            offered, caps, people.demand, ceilings=people.ceilings, need=people.need, pathways=people.pathways
        )
        match = solve_match(problem, ground.homes(), scenario.match, progress, runner=runner)
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
            )
        )
        return cls(
            offers=offered,
            ineligible=ineligible,
            caps=caps,
            match=match,
            prices=_no_rows(PriceFrame),
            differences=_no_rows(DifferenceFrame),
        )


def _no_rows(model: type) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=str(c.dtype)) for name, c in model.to_schema().columns.items()})
