"""What one more hour, link worker or kilometre would buy: the order in which it is worked out, and how it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from .. import assemble
from ..config import LinkWorkerParams, Scenario
from ..match import MatchProblem
from ..match.prices import relaxed_prices
from ..schema import (
    FacilityFrame,
    OperatorFrame,
    PcnResultFrame,
    PledgeFrame,
    PriceFrame,
)
from ..schema.words import EVERYBODY
from ..units import people_per_hour
from ._ground import Ground
from ._journeys import STEP_M
from ._people import People

TIME_SHARE = 0.1
"""Prices may take this share of the match's time limit on top of it."""
SMALLEST = 1e-6
"""Need-weighted completions; a price below it is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """The prices of a plan, the dearest of each kind first: `PriceFrame` without names."""

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()


def price_plan(
    problem: MatchProblem,
    farther: Callable[[], MatchProblem],
    pledges: pd.DataFrame,
    scenario: Scenario,
    *,
    out_of_time: bool = False,
) -> Priced:
    """
    Price hours, link workers and kilometres of a match.

    Parameters
    ----------
    problem
        The match.
    farther
        Makes the same match with the reach of `reach_farther`.
    pledges
        `PledgeFrame`.
    scenario
        What a link worker can refer, and the time there is.
    out_of_time
        The match has used up its time: nothing is priced.

    Returns
    -------
    priced
        Every price above nothing, and a note on what there was no time for.

    Raises
    ------
    SolveError
        The solver failed.
    """
    if out_of_time:
        return Priced(rows=_rows(), notes=(_no_time("hour, link worker or kilometre"),))
    end = time.monotonic() + TIME_SHARE * scenario.match.time_limit_s

    def left_s() -> float:
        return max(end - time.monotonic(), 0.0)

    prices = relaxed_prices(problem, left_s())
    workers = None if prices is None else prices.of_referrals(referrals_of_worker(scenario.link_workers), left_s())
    if prices is None or workers is None:
        return Priced(rows=_rows(), notes=(_no_time("hour, link worker or kilometre"),))
    people = people_per_hour(pledges).set_axis(pledges[PledgeFrame.pledge_id])
    hours = prices.of_hours()
    hours = hours / people.reindex(hours.index)
    gains = prices.of_reach(farther(), left_s() / 2) if left_s() > 0 else None
    if gains is None:
        return Priced(rows=_rows(("fte", workers), ("hour", hours)), notes=(_no_time("kilometre"),))
    everybody, alone = pd.Series({EVERYBODY: gains[0]}), gains[1]
    return Priced(rows=_rows(("fte", workers), ("km", everybody), ("km", alone), ("hour", hours)))


def referrals_of_worker(params: LinkWorkerParams) -> float:
    """People whom one full-time link worker can refer to these pathways in the plan period."""
    return params.caseload * params.caseload_share


def reach_farther(scenario: Scenario, people: People, ground: Ground, metres: float = STEP_M) -> pd.DataFrame:
    """
    `ReachFrame` if patients travelled so much farther in a straight line.

    That is so many minutes more by each mode, along a straight line or not. Only patients do: operators' own `max_km`,
    how far outreach goes and whom digital pledges serve stay as they are.
    """
    return ground.reach_with(scenario.travel.farther(metres), people.pcns)


def name_prices(rows: pd.DataFrame, parts: assemble.Parts) -> pd.DataFrame:
    """`PriceFrame`: a pledge has the name of its facility, or else of its operator."""
    pledges = parts.pledges.set_index(PledgeFrame.pledge_id)
    facilities = parts.facilities.set_index(FacilityFrame.facility_id)[FacilityFrame.facility_name]
    operators = parts.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_name]
    sites = pledges[PledgeFrame.facility_id].map(facilities).astype("str")  # of no names at all pandas makes numbers
    pcns = parts.pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.pcn_name]
    where = rows[PriceFrame.where]
    of_pledge = where.map(sites.fillna(pledges[PledgeFrame.operator_id].map(operators)))
    name = of_pledge.where(rows[PriceFrame.kind].eq("hour"), where.map(pcns)).mask(where.eq(EVERYBODY), "everybody")
    return rows.assign(**{PriceFrame.name: name.astype("str")})[list(PriceFrame.to_schema().columns)]


def _rows(*told: tuple[str, pd.Series]) -> pd.DataFrame:
    """What is worth anything, kind by kind, the dearest first and ties by their code; that of everybody in any case."""
    columns = [PriceFrame.kind, PriceFrame.where, PriceFrame.completions]
    parts = [pd.DataFrame([], columns=columns)]
    for kind, series in told:
        # What differs by less than the solver can tell stands in the order of the codes.
        rows = pd.DataFrame(dict(zip(columns, (kind, series.index, series.round(9).to_numpy()), strict=True)))
        rows = rows[rows[PriceFrame.completions].ge(SMALLEST) | rows[PriceFrame.where].eq(EVERYBODY)]
        parts.append(rows.sort_values(columns[:0:-1], ascending=[False, True]))
    kinds = {PriceFrame.kind: "str", PriceFrame.where: "str", PriceFrame.completions: float}
    return pd.concat([part.astype(kinds) for part in parts], ignore_index=True)


def _no_time(unit: str) -> str:
    said = "raise match.time_limit_s to have it"
    return f"Prices: there was no time left to work out what one more {unit} would bring; {said}."
