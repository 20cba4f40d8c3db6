"""Fill what a plan left: seats in courses that run, then whole courses, best value first. Never breaks a limit."""

from __future__ import annotations

import math

import numpy as np

from .model import Room
from .problem import MatchProblem

_HAIR = 1e-9


def fill_plan(problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Add places to a plan while any fit.

    Parameters
    ----------
    problem
        The match.
    places, courses
        A plan that holds: whole places by link and whole courses by offer.

    Returns
    -------
    places, courses
        New arrays, nowhere smaller. Afterwards no single place, and no single new course, can be added.
    """
    plan = Filling(problem, places.copy(), courses.copy())
    order = np.lexsort((np.arange(len(places)), -problem.link_value))
    for link in order:
        plan.seat(int(link))
    for offer in plan.by_value():
        while plan.open(offer):
            pass
    return plan.places, plan.courses


def room_left(problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> Room:
    """What a plan leaves of hours, demand, referrals and caps; never below nothing."""
    offer = problem.link_offer
    spent = np.where(problem.offer_led, courses, np.bincount(offer, places, minlength=len(courses)))
    hours = np.bincount(problem.offer_pledge, spent * problem.offer_hours, minlength=len(problem.pool_hours))
    served = np.bincount(problem.link_cell, places, minlength=len(problem.cell_demand))
    per_place = 1.0 / problem.uptake[problem.cell_pathway[problem.link_cell]]
    referred = np.bincount(problem.link_pcn, places * per_place, minlength=len(problem.ceiling))
    return Room(
        hours=np.maximum(problem.pool_hours - hours, 0.0),
        demand=np.maximum(problem.cell_demand - served, 0.0),
        referrals=np.maximum(problem.ceiling - referred, 0.0),
        caps=np.maximum(problem.link_cap - places, 0.0),
        catchments=np.maximum(problem.catchment_cap - _by_catchment(problem, places), 0.0),
        seated=np.zeros(len(courses)),
    )


def _by_catchment(problem: MatchProblem, places: np.ndarray) -> np.ndarray:
    both = np.concatenate([places, places])
    return np.bincount(problem.link_catchment.ravel(), both, minlength=len(problem.catchment_cap))


class Filling:
    """A plan under construction, with the room it leaves."""

    def __init__(self, problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> None:
        self.problem, self.places, self.courses = problem, places, courses
        room = room_left(problem, places, courses)
        self.hours, self.demand, self.referrals, self.caps = room.hours, room.demand, room.referrals, room.caps
        self.catchments = room.catchments
        people = np.bincount(problem.link_offer, places, minlength=len(courses))
        self.seats = np.where(problem.offer_led, courses * problem.offer_places - people, 0.0)
        order = np.lexsort((-problem.link_value, problem.link_offer))
        self.links = np.split(order, np.searchsorted(problem.link_offer[order], np.arange(1, len(courses))))
        self.uptake = problem.uptake[problem.cell_pathway]

    def by_value(self) -> list[int]:
        """Led offers, the one with the most valuable link first."""
        led = [o for o in np.flatnonzero(self.problem.offer_led) if len(self.links[o])]
        return sorted(led, key=lambda o: (-self.problem.link_value[self.links[o][0]], o))

    def wanted(self, link: int) -> int:
        """Places that demand, reach and link workers would still admit on a link."""
        cell = self.problem.link_cell[link]
        referrals = self.referrals[self.problem.cell_pcn[cell]] * self.uptake[cell]
        near = self.catchments[self.problem.link_catchment[:, link]].min()
        return math.floor(min(self.caps[link], near, self.demand[cell], referrals) + _HAIR)

    def give(self, link: int, count: int) -> None:
        cell = self.problem.link_cell[link]
        self.places[link] += count
        self.caps[link] -= count
        self.catchments[self.problem.link_catchment[:, link]] -= count
        self.demand[cell] -= count
        self.referrals[self.problem.cell_pcn[cell]] -= count / self.uptake[cell]

    def seat(self, link: int, most: float = math.inf) -> None:
        """Give a link what it wants, up to `most`, of hours for one person at a time, or of seats in open courses."""
        offer = self.problem.link_offer[link]
        if self.problem.offer_led[offer]:
            count = min(self.wanted(link), most, math.floor(self.seats[offer] + _HAIR))
            if count > 0:
                self.give(link, count)
                self.seats[offer] -= count
            return
        pledge, length = self.problem.offer_pledge[offer], self.problem.offer_hours[offer]
        count = min(self.wanted(link), most, math.floor(self.hours[pledge] / length + _HAIR))
        if count > 0:
            self.give(link, count)
            self.hours[pledge] -= count * length

    def open(self, offer: int) -> bool:
        """Open one more course of an offer if it has the hours and would be viable."""
        pledge, length = self.problem.offer_pledge[offer], self.problem.offer_hours[offer]
        if self.hours[pledge] + _HAIR < length:
            return False
        seats = self.seats[offer] + self.problem.offer_places[offer]
        # People already in this offer's courses may be more than its courses need.
        spare = self.places[self.links[offer]].sum() - self.courses[offer] * self.problem.offer_min_group[offer]
        given: list[tuple[int, int]] = []
        for link in self.links[offer]:
            count = min(self.wanted(link), math.floor(seats + _HAIR))
            if count > 0:
                self.give(link, count)
                given.append((link, count))
                seats -= count
        joined = sum(count for _, count in given)
        if joined == 0 or joined + spare + _HAIR < self.problem.offer_min_group[offer]:
            for link, count in given:
                self.give(link, -count)
            return False
        self.courses[offer] += 1
        self.hours[pledge] -= length
        self.seats[offer] = seats
        return True
