"""Improve a plan window by window: free the PCNs of one neighbourhood, hold the rest, solve, keep what is better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .goal import Goal, Keep
from .model import PartModel, Room, build_model
from .problem import MatchProblem


def open_window(
    problem: MatchProblem,
    members: np.ndarray,
    plan: tuple[np.ndarray, np.ndarray],
    goal: Goal | None = None,
    share: float = 1.0,
) -> tuple[PartModel, np.ndarray]:
    """
    The model of one neighbourhood with all else held, and the plan there as its start.

    Parameters
    ----------
    problem
        The match.
    members
        By PCN: belongs to the window.
    plan
        Places by link and courses by offer.
    goal
        What to be best at; need-weighted completions unless told.
    share
        The part of what the goal's sums have to spare that this window may use.
    """
    places, courses = plan
    goal = Goal(worth=problem.link_value) if goal is None else goal
    inside = members[problem.link_pcn]
    links = np.flatnonzero(inside)
    touched = np.zeros(len(courses), dtype=bool)
    touched[problem.link_offer[links]] = True
    outside = np.where(inside, 0.0, places)
    # Led offers of the window may open and close courses, so all their hours are free; people outside keep their seat.
    people_out = np.bincount(problem.link_offer, outside, minlength=len(courses))
    held = np.where(problem.offer_led, np.where(touched, 0.0, courses), people_out)
    hours = np.bincount(problem.offer_pledge, held * problem.offer_hours, minlength=len(problem.pool_hours))
    room = Room(
        hours=np.maximum(problem.pool_hours - hours, 0.0),
        demand=problem.cell_demand,
        referrals=problem.ceiling,
        caps=problem.link_cap,
        catchments=problem.catchment_cap,
        seated=np.where(problem.offer_led & touched, people_out, 0.0),
    )
    keeps = tuple(_keep_here(keep, places, links, share) for keep in goal.keeps)
    part = build_model(problem, links, room, replace(goal, keeps=keeps))
    return part, part.point(places, courses)


def _keep_here(keep: Keep, places: np.ndarray, links: np.ndarray, share: float) -> Keep:
    """What the links of a window must keep: what they have now, less their part of what there is to spare."""
    spare = max(float(keep.worth @ places) - keep.least, 0.0)
    here = float(keep.worth[links] @ places[links])
    return replace(keep, least=here - share * spare)


def group_windows(problem: MatchProblem, region: np.ndarray) -> list[list[int]]:
    """Windows in groups of which no two share a pledge, so that a group can be solved at once; each window once."""
    of_link = region[problem.link_pcn]
    reaches = np.zeros((len(problem.pool_hours), int(region.max()) + 1), dtype=np.int32)
    reaches[problem.offer_pledge[problem.link_offer], of_link] = 1
    shares = (reaches.T @ reaches) > 0
    groups: list[list[int]] = []
    for name in np.unique(of_link):
        free = (group for group in groups if not shares[name, group].any())
        group = next(free, None)
        if group is None:
            groups.append([int(name)])
        else:
            group.append(int(name))
    return groups
