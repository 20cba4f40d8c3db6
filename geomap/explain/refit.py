"""A plan in which one site has changed and all other sites keep what they have: quick, and never above the best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import InfeasibleError
from ..locate import Portfolio, SiteProblem
from ..match import MatchProblem
from ..match.goal import Floors, Goal
from ..match.model import Room, build_model
from ..solver import solve_linear
from .bounds import CHANGED_GAP_SHARE, STEPS


def refit_value(changed: SiteProblem, site: int, plan: Portfolio) -> float:
    """
    Need-weighted completions of a plan once one of its sites is served anew from what the others leave.

    Parameters
    ----------
    changed
        The problem with the site changed.
    site
        Its position.
    plan
        A portfolio with the site, of the problem before the change.

    Returns
    -------
    value
        −∞ where no plan was found.
    """
    match, links = changed.match, np.flatnonzero(changed.link_site == site)
    places = np.zeros(len(match.link_cap))
    places[: len(plan.places)] = plan.places
    places[links] = 0.0
    others = float(match.link_value @ places)
    least = np.where(changed.site_of_pcn == site, changed.least_places(), 0.0)
    if not len(links):
        return -np.inf if least.any() else others
    floors = (Floors.hold(match, least),) if least.any() else ()
    room = _room_left(match, links, places, plan.courses)
    part = build_model(match, links, room, Goal(worth=match.link_value, floors=floors))
    try:
        solution = solve_linear(part.linear, steps=STEPS, gap_share=CHANGED_GAP_SHARE)
    except InfeasibleError:
        return -np.inf
    if solution is None or (least[np.setdiff1d(np.flatnonzero(least), match.link_pcn[links])] > 0).any():
        return -np.inf
    return others + float(match.link_value[links] @ np.rint(solution.x[: len(links)]))


def _room_left(match: MatchProblem, links: np.ndarray, places: np.ndarray, courses: np.ndarray) -> Room:
    """What others leave; the courses that the site could join are planned anew, and others keep their seats in them."""
    mine = np.zeros(len(match.offer_led), dtype=bool)
    mine[match.link_offer[links]] = True
    people = np.bincount(match.link_offer, places, minlength=len(mine))
    kept = np.zeros(len(mine))
    kept[: len(courses)] = courses
    spent = np.where(match.offer_led, np.where(mine, 0.0, kept), people) * match.offer_hours
    hours = match.pool_hours - np.bincount(match.offer_pledge, spent, minlength=len(match.pool_hours))
    return replace(
        Room.whole(match), hours=np.maximum(hours, 0.0), seated=np.where(match.offer_led & mine, people, 0.0)
    )
