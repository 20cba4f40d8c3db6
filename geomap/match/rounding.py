"""From the linear relaxation to a plan: round the courses, seat the people who fit, fill what is left."""

from __future__ import annotations

import numpy as np

from .fill import fill_plan
from .problem import MatchProblem

_HAIR = 1e-6


def round_plan(problem: MatchProblem, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    A whole plan near a point of the linear relaxation.

    Courses go to the nearest whole number where the hours allow and down where not; people go down to whole numbers,
    and where a course then has too many or too few of them it is cut or closed. Greedy filling does the rest.

    Parameters
    ----------
    problem
        The match.
    x
        Places of all links, then courses of their led offers in order: the columns of the whole model.

    Returns
    -------
    places, courses
        By link and by offer; holds every limit.
    """
    n_links, n_offers = len(problem.link_cap), len(problem.offer_led)
    offer = problem.link_offer
    fraction = np.zeros(n_offers)
    fraction[np.unique(offer[problem.offer_led[offer]])] = np.maximum(x[n_links:], 0.0)
    places = np.floor(np.maximum(x[:n_links], 0.0) + _HAIR)
    courses = np.floor(fraction + 0.5)
    spent = np.bincount(problem.offer_pledge, courses * problem.offer_hours, minlength=len(problem.pool_hours))
    too_many = (spent > problem.pool_hours + _HAIR)[problem.offer_pledge]
    courses = np.where(too_many, np.floor(fraction + _HAIR), courses)

    def people() -> np.ndarray:
        return np.bincount(offer, places, minlength=n_offers)

    seats = np.where(problem.offer_led, np.floor(courses * problem.offer_places + _HAIR), np.inf)
    fits = np.minimum(1.0, seats / np.maximum(people(), 1.0))
    places = np.floor(places * fits[offer] + _HAIR)
    viable = np.floor(people() / np.maximum(problem.offer_min_group, 1.0) + _HAIR)
    courses = np.where(problem.offer_led, np.minimum(courses, viable), 0.0)
    crowded = problem.offer_led & (people() > courses * problem.offer_places + _HAIR)
    places = np.where(crowded[offer], 0.0, places)
    courses = np.where(crowded, 0.0, courses)
    return fill_plan(problem, places, courses)
