"""From places and courses that nearly hold to a plan that does: an earlier plan, or regions solved each for itself."""

from __future__ import annotations

import numpy as np

from .fill import Filling, fill_plan
from .problem import MatchProblem

_HAIR = 1e-6


def round_plan(problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    A whole plan near the places and courses given, which may be fractions and need not hold any limit.

    Courses go to the nearest whole number where the hours allow and down where not; then people are seated, those
    worth most first, while they fit; courses too empty to run are closed. Greedy filling does the rest.

    Parameters
    ----------
    problem
        The match.
    places, courses
        By link and by offer.

    Returns
    -------
    places, courses
        By link and by offer; holds every limit.
    """
    led = problem.offer_led
    wanted = np.floor(np.maximum(places, 0.0) + _HAIR)
    opened = _affordable(problem, np.where(led, np.maximum(courses, 0.0), 0.0))
    order = np.lexsort((np.arange(len(wanted)), -problem.link_value))
    order = order[wanted[order] > 0]
    seated = _seat(problem, wanted, opened, order)
    people = np.bincount(problem.link_offer, seated, minlength=len(led))
    viable = np.floor(people / np.maximum(problem.offer_min_group, 1.0) + _HAIR)
    fewer = np.where(led, np.minimum(opened, viable), 0.0)
    crowded = led & (people > fewer * problem.offer_places + _HAIR)
    # Where a course closes its people no longer fit: the offer is filled anew, or closed.
    seated = np.where(crowded[problem.link_offer], 0.0, seated)
    fewer = np.where(crowded, 0.0, fewer)
    return fill_plan(problem, seated, fewer)


def _affordable(problem: MatchProblem, courses: np.ndarray) -> np.ndarray:
    """Whole courses: to the nearest where the pledge has the hours, else down; cut in proportion if still too many."""
    for whole in (np.floor(courses + 0.5), np.floor(courses + _HAIR)):
        spent = np.bincount(problem.offer_pledge, whole * problem.offer_hours, minlength=len(problem.pool_hours))
        over = (spent > problem.pool_hours + _HAIR)[problem.offer_pledge]
        if not over.any():
            return whole
        courses = np.where(over, courses, whole)
    part = problem.pool_hours / np.maximum(spent, _HAIR)
    return np.where(over, np.floor(whole * part[problem.offer_pledge] + _HAIR), whole)


def _seat(problem: MatchProblem, wanted: np.ndarray, courses: np.ndarray, order: np.ndarray) -> np.ndarray:
    filling = Filling(problem, np.zeros(len(wanted)), courses)
    for link in order:
        filling.seat(int(link), most=float(wanted[link]))
    return filling.places
