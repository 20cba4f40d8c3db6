"""How firm the choice of sites is: reach at every detour that is drawn, and then the draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .. import demand, offers, wishes
from ..config import Scenario
from ..locate import SiteProblem
from ..match import Progress
from ..robust import DrawSource, FullParams, RobustTables, draw_choices, fill_pledges, list_detours
from ..runner import Runner
from ..schema import DrawFrame, FlipFrame, RegretFrame, RobustnessFrame
from ._ground import Ground
from ._people import People

FULL_GAP_SHARE = 0.0025
"""How closely the draws that are solved in full are solved, unless the scenario asks for less."""


def draw_robustness(
    scenario: Scenario,
    people: People,
    ground: Ground,
    sites: SiteProblem,
    *,
    candidates: pd.DataFrame,
    portfolios: Sequence[np.ndarray],
    runner: Runner,
    progress: Progress,
    kept: Path | None = None,
) -> RobustTables:
    """
    Draw the assumptions and choose anew, unless no draws are asked for; see `robust.draw_choices`.

    Parameters
    ----------
    scenario, people, ground
        What the choice was made from.
    sites
        The choice, of the scenario's own match.
    candidates
        `CandidateFrame`, in the order of the sites.
    portfolios
        Choices (true by site), the best first.
    runner, progress, kept
        Where draws are answered, whom to tell, and the folder of draws that are done.
    """
    params, near = scenario.robustness, max(scenario.sites.gap_share, FULL_GAP_SHARE)
    if not params.draws:
        return RobustTables(
            draws=DrawFrame.no_rows(),
            robustness=RobustnessFrame.no_rows(),
            regrets=RegretFrame.no_rows(),
            flips=FlipFrame.no_rows(),
            notes=(),
        )
    progress("working out reach at other detours")
    return draw_choices(
        draw_source(scenario, people, ground),
        sites,
        params,
        runner,
        candidates=candidates,
        portfolios=portfolios,
        full=FullParams(gap_share=near, time_limit_s=scenario.sites.time_limit_s),
        kept=kept,
        progress=progress,
    )


def draw_source(scenario: Scenario, people: People, ground: Ground) -> DrawSource:
    """
    The tables that draws start from, with whom pledges reach at each detour.

    Pledges are those of the run: hours beyond its border that only a shorter detour would bring near are not among
    them. The planner's locks and bans hold in every draw.
    """
    params = scenario.robustness
    fullest = fill_pledges(ground.pledges, params.ranges.get(DrawFrame.fill, (1.0, 1.0))[1])
    offered, _ = offers.link_offers(
        fullest, ground.facilities, people.pathways, period=scenario.period, params=scenario.match
    )
    links = {}
    for factor in list_detours(params):
        reach = ground.reach if factor == 1 else _reach_at(scenario, people, ground, factor)
        shares = demand.share_places(
            offered, reach, pledges=ground.pledges, pathways=people.pathways, ages=people.ages
        )
        links[factor] = wishes.apply_wishes(shares, ground.pledges, scenario.wishes)
    return DrawSource(
        need=people.need,
        need_params=scenario.need,
        demand=people.demand,
        ceilings=people.ceilings,
        pathways=people.pathways,
        pledges=ground.pledges,
        offers=offered,
        links=links,
    )


def _reach_at(scenario: Scenario, people: People, ground: Ground, factor: float) -> pd.DataFrame:
    """`ReachFrame` with every straight line longer by a factor; minutes that are known stay as they are."""
    detour = {mode: figure * factor for mode, figure in scenario.travel.detour.items()}
    return ground.reach_with(scenario.travel.model_copy(update={"detour": detour}), people.pcns)
