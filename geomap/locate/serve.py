"""The plan that serves given sites and nobody else."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from ..config import MatchParams
from ..errors import InfeasibleError
from ..match import MatchProblem
from ..match.fill import fill_plan
from ..match.first import most_completions
from ..match.goal import Floors, Goal
from ..match.model import Room, build_model
from ..match.state import Search
from ..runner import Runner
from ..solver import solve_linear
from .problem import SiteProblem

WHOLE_LINKS = 6_000
"""A plan over more links is searched for as the match of a whole map is."""
STEPS = 3_000
ROUNDS = 3
MISSING_COST = 1024.0
"""What a place below the least coverage costs in the search: far more than a completion is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A choice of sites and the plan that serves them."""

    chosen: np.ndarray
    """True by site."""
    places: np.ndarray
    """By link of the match."""
    courses: np.ndarray
    """By offer of the match."""
    value: float

    def holds_coverage(self, problem: SiteProblem) -> bool:
        """Whether every PCN of a chosen site has its least coverage."""
        return bool((problem.match.by_pcn(self.places) >= _least(problem, self.chosen) - 1e-6).all())


def serve(
    problem: SiteProblem, chosen: np.ndarray, runner: Runner, *, gap_share: float, time_limit_s: float
) -> Served | None:
    """
    The best plan for the sites chosen.

    Parameters
    ----------
    problem
        What they are chosen from.
    chosen
        True by site.
    runner
        Where the parts of a large plan are solved.
    gap_share, time_limit_s
        When to stop.

    Returns
    -------
    served
        `None` where their least coverage cannot be reached together, or was not in the time given.
    """
    match = problem.match
    links = np.flatnonzero(np.append(chosen, False)[problem.link_site])
    least = _least(problem, chosen)
    reached = np.zeros(len(least), dtype=bool)
    reached[match.link_pcn[links]] = True
    if (least[~reached] > 0).any():
        return None
    if len(links) > WHOLE_LINKS:
        served = _search(problem, (chosen, links), runner, gap_share=gap_share, time_limit_s=time_limit_s)
    else:
        served = _solve(problem, (chosen, links), gap_share=gap_share, time_limit_s=time_limit_s)
    return served if served is not None and served.holds_coverage(problem) else None


def _least(problem: SiteProblem, chosen: np.ndarray) -> np.ndarray:
    """By PCN: places it must get, nothing outside the sites chosen."""
    return np.where(np.append(chosen, False)[problem.site_of_pcn], problem.least_places(), 0.0)


def _solve(
    problem: SiteProblem, what: tuple[np.ndarray, np.ndarray], *, gap_share: float, time_limit_s: float
) -> Served | None:
    match, (chosen, links), least = problem.match, what, _least(problem, what[0])
    floors = (Floors.hold(match, least),) if least.any() else ()
    part = build_model(match, links, Room.whole(match), Goal(worth=match.link_value, floors=floors))
    try:
        solution = solve_linear(part.linear, steps=STEPS, time_limit_s=time_limit_s, gap_share=gap_share)
    except InfeasibleError:
        return None
    if solution is None:
        return _fill(problem, chosen, links)
    places, courses = np.zeros(len(match.link_cap)), np.zeros(len(match.offer_led))
    n_links, n_led = len(links), len(part.led_offers)
    places[links] = np.rint(solution.x[:n_links])
    courses[part.led_offers] = np.rint(solution.x[n_links : n_links + n_led])
    return Served(chosen=chosen, places=places, courses=courses, value=float(match.link_value @ places))


def _fill(problem: SiteProblem, chosen: np.ndarray, links: np.ndarray) -> Served:
    """A plan for when there is no time: the places that are worth most, one after another."""
    match = _only(problem.match, links)
    given, courses = fill_plan(match, np.zeros(len(links)), np.zeros(len(match.offer_led)))
    places = np.zeros(len(problem.match.link_cap))
    places[links] = given
    return Served(chosen=chosen, places=places, courses=courses, value=float(match.link_value @ given))


def _search(
    problem: SiteProblem,
    what: tuple[np.ndarray, np.ndarray],
    runner: Runner,
    *,
    gap_share: float,
    time_limit_s: float,
) -> Served:
    (chosen, links), least = what, _least(problem, what[0])
    match = _only(problem.match, links)
    wanted = np.flatnonzero(least > 0)
    floors = Floors(
        member_row=match.link_pcn,
        member_link=np.arange(len(links)),
        least=least,
        segment_row=wanted,
        segment_places=least[wanted],
        segment_cost=np.full(len(wanted), MISSING_COST),
    )
    search = Search(
        problem=match,
        at=problem.homes,
        params=MatchParams(require_roles=False, time_limit_s=time_limit_s, gap_share=gap_share, rounds=ROUNDS),
        runner=runner,
        progress=lambda text: None,
        deadline=time.monotonic() + time_limit_s,
        places=np.zeros(len(links)),
        courses=np.zeros(len(match.offer_led)),
    )
    most_completions(search, Goal(worth=match.link_value, floors=(floors,) if len(wanted) else ()))
    places = np.zeros(len(problem.match.link_cap))
    places[links] = search.places
    return Served(
        chosen=chosen, places=places, courses=search.courses, value=float(problem.match.link_value @ places)
    )


def _only(match: MatchProblem, links: np.ndarray) -> MatchProblem:
    """The match with some of its links and no minimums."""
    return replace(
        match,
        link_offer=match.link_offer[links],
        link_cell=match.link_cell[links],
        link_cap=match.link_cap[links],
        link_value=match.link_value[links],
        link_minutes=match.link_minutes[links],
        link_catchment=match.link_catchment[:, links],
        minimum_places=np.zeros(0),
        minimum_member=np.zeros((2, 0), dtype=np.int64),
    )
