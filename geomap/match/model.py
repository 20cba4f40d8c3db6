"""The match, or a part of it, as a linear model: places x by link, whole courses y by led offer, places missing d."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ..solver import LinearModel
from .goal import Floors, Goal
from .problem import MatchProblem

_BATCH = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What there is to give: hours by pledge, demand by cell, referrals by PCN, places by link and by catchment.

    `seated` are people, by led offer, who have a seat in its courses already and keep it.
    """

    hours: np.ndarray
    demand: np.ndarray
    referrals: np.ndarray
    caps: np.ndarray
    catchments: np.ndarray
    seated: np.ndarray

    @classmethod
    def whole(cls, problem: MatchProblem) -> Room:
        """All of it."""
        return cls(
            hours=problem.pool_hours.copy(),
            demand=problem.cell_demand.copy(),
            referrals=problem.ceiling.copy(),
            caps=problem.link_cap.copy(),
            catchments=problem.catchment_cap.copy(),
            seated=np.zeros(len(problem.offer_led)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartModel:
    """A model over some links, with the positions that its columns stand for."""

    linear: LinearModel
    links: np.ndarray
    led_offers: np.ndarray
    """Led offers whose courses are the columns after the links, in this order."""
    hour_rows: slice
    """Rows of the hours of each pledge that has a link here, in order."""
    referral_rows: slice
    """Rows of the referrals of each PCN that has a link here, in order."""
    viable_rows: slice
    """Rows that hold each course of a led offer to its smallest group, in the same order."""
    goal: Goal
    segments: tuple[np.ndarray, ...]
    """By floors of the goal: the segments that are the last columns, in this order."""

    def point(self, places: np.ndarray, courses: np.ndarray) -> np.ndarray:
        """The columns at a plan, places by link of the whole match and courses by offer."""
        missing = [f.missing(places)[at] for f, at in zip(self.goal.floors, self.segments, strict=True)]
        return np.concatenate([places[self.links], courses[self.led_offers], *missing])


    def with_courses_of(self, start: np.ndarray) -> PartModel:
        """The same with no more courses of any offer than a point has."""
        led = slice(len(self.links), len(self.links) + len(self.led_offers))
        upper = self.linear.upper.copy()
        upper[led] = np.minimum(upper[led], start[led])
        return replace(self, linear=replace(self.linear, upper=upper))


def build_model(problem: MatchProblem, links: np.ndarray, room: Room, goal: Goal | None = None) -> PartModel:
    """
    The model over `links` (positions, sorted; all those of any PCN among them) in the room that is left.

    Columns are the places of the links, the courses of their led offers, and what the goal's floors miss. Rows are
    hours by pledge, demand by cell, referrals by PCN, people within reach by catchment that several links share, for
    each led offer that its courses hold its people and that each is viable; and what the goal adds.
    """
    goal = Goal(worth=problem.link_value) if goal is None else goal
    offer = problem.link_offer[links]
    used, at = np.unique(offer, return_inverse=True)
    led_at = np.flatnonzero(problem.offer_led[used])
    course_of = np.full(len(used), -1)
    course_of[led_at] = np.arange(len(led_at))
    led_link = problem.offer_led[offer]
    n_links, n_led = len(links), len(led_at)
    led = used[led_at]
    column = np.arange(n_links)
    groups = course_of[at[led_link]]

    pledges, pledge_at = np.unique(problem.offer_pledge[used], return_inverse=True)
    hours = _matrix(
        np.concatenate([pledge_at[at[~led_link]], pledge_at[led_at]]),
        np.concatenate([column[~led_link], n_links + np.arange(n_led)]),
        np.concatenate([problem.offer_hours[offer[~led_link]], problem.offer_hours[led]]),
        (len(pledges), n_links + n_led),
    )
    cells, cell_at = np.unique(problem.link_cell[links], return_inverse=True)
    demand = _matrix(cell_at, column, np.ones(n_links), (len(cells), n_links + n_led))
    pcns, pcn_at = np.unique(problem.link_pcn[links], return_inverse=True)
    per_place = 1.0 / problem.uptake[problem.cell_pathway[problem.link_cell[links]]]
    referrals = _matrix(pcn_at, column, per_place, (len(pcns), n_links + n_led))
    who, shared, reached = _shared_catchments(problem, links, room)
    catchments = _matrix(who, column[shared], np.ones(len(who)), (len(reached), n_links + n_led))
    seats = _courses(groups, column[led_link], problem.offer_places[led], n_links, n_led)
    viable = _courses(groups, column[led_link], problem.offer_min_group[led], n_links, n_led)
    seated = -room.seated[led]
    limits = [room.hours[pledges], room.demand[cells], room.referrals[pcns], reached]
    upper = np.concatenate([*limits, seated, np.full(n_led, np.inf)])
    lower = np.concatenate([np.full(len(upper) - n_led, -np.inf), seated])
    top, most = _upper(problem, links, room, led, groups, led_link)
    plain = LinearModel(
        value=np.concatenate([goal.worth[links], np.zeros(n_led)]),
        matrix=sparse.vstack([hours, demand, referrals, catchments, seats, viable], format="csr"),
        row_lower=lower,
        row_upper=upper,
        upper=np.concatenate([top, most]),
        integer=np.ones(n_links + n_led, dtype=bool),
    )
    linear, segments = _with_goal(plain, links, goal)
    last = len(upper)
    return PartModel(
        linear=linear,
        links=links,
        led_offers=led,
        hour_rows=slice(len(pledges)),
        referral_rows=slice(len(pledges) + len(cells), len(pledges) + len(cells) + len(pcns)),
        viable_rows=slice(last - n_led, last),
        goal=goal,
        segments=segments,
    )


def _with_goal(plain: LinearModel, links: np.ndarray, goal: Goal) -> tuple[LinearModel, tuple[np.ndarray, ...]]:
    """Add a row for each sum to keep, and for each floor of these links a row and a column for each of its segments."""
    if not goal.keeps and not goal.floors:
        return plain, ()
    lines = [_floor_rows(floors, links) for floors in goal.floors]
    # HiGHS takes figures below 1e-9 for none, whatever the unit of the sum.
    units = [2.0 ** np.floor(np.log2(np.abs(keep.worth).max(initial=0.0) or 1.0)) for keep in goal.keeps]
    kept = [sparse.csr_array(keep.worth[links][None, :] / unit) for keep, unit in zip(goal.keeps, units, strict=True)]
    n_keeps, n_plain = len(kept), plain.matrix.shape[1]
    members = sparse.csr_array(sparse.vstack([*kept, *(line.members for line in lines)]))
    members.resize((members.shape[0], n_plain))
    missing = sparse.block_diag([sparse.csr_array((n_keeps, 0)), *(line.missing for line in lines)], format="csr")
    above = sparse.csr_array((plain.matrix.shape[0], missing.shape[1]))
    matrix = sparse.block_array([[plain.matrix, above], [members, missing]], format="csr")
    least = [keep.least / unit for keep, unit in zip(goal.keeps, units, strict=True)]
    least = np.concatenate([least, *(line.least for line in lines)])
    top = np.concatenate([np.zeros(0), *(line.top for line in lines)])
    linear = LinearModel(
        value=np.concatenate([plain.value, *(-line.cost for line in lines)]),
        matrix=sparse.csr_array(matrix),
        row_lower=np.concatenate([plain.row_lower, least]),
        row_upper=np.concatenate([plain.row_upper, np.full(n_keeps, np.inf), *(line.row_upper for line in lines)]),
        upper=np.concatenate([plain.upper, top]),
        integer=np.concatenate([plain.integer, *(np.full(len(line.top), line.whole) for line in lines)]).astype(bool),
    )
    return linear, tuple(line.segments for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FloorRows:
    """Of the floors whose links are in a model: their rows, and a column for each of their segments."""

    members: sparse.csr_array
    missing: sparse.csr_array
    least: np.ndarray
    row_upper: np.ndarray
    segments: np.ndarray
    top: np.ndarray
    cost: np.ndarray
    whole: bool


def _floor_rows(floors: Floors, links: np.ndarray) -> _FloorRows:
    at = np.searchsorted(links, floors.member_link)
    here = (at < len(links)) & (links[np.minimum(at, len(links) - 1)] == floors.member_link)
    wanted = np.unique(floors.member_row[here])
    row_of = np.full(len(floors.least), -1)
    row_of[wanted] = np.arange(len(wanted))
    rows = row_of[floors.member_row[here]]
    members = _matrix(rows, at[here], np.ones(len(rows)), (len(wanted), len(links)))
    chosen = np.flatnonzero(row_of[floors.segment_row] >= 0)
    width = floors.segment_places[chosen]
    filled = width if floors.whole else np.ones(len(chosen))
    shape = (len(wanted), len(chosen))
    missing = _matrix(row_of[floors.segment_row[chosen]], np.arange(len(chosen)), filled, shape)
    least, most = floors.least[wanted], np.full(len(wanted), np.inf)
    if np.isfinite(floors.most):
        # One more row counts what is missing.
        members = sparse.vstack([members, sparse.csr_array((1, len(links)))], format="csr")
        missing = sparse.vstack([missing, sparse.csr_array(np.ones((1, len(chosen))))], format="csr")
        least, most = np.append(least, -np.inf), np.append(most, floors.most)
    return _FloorRows(
        members=members,
        missing=missing,
        least=least,
        row_upper=most,
        segments=chosen,
        top=np.ones(len(chosen)) if floors.whole else width,
        cost=floors.segment_cost[chosen],
        whole=floors.whole,
    )


def _shared_catchments(
    problem: MatchProblem, links: np.ndarray, room: Room
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row and position of each link whose catchment another of them shares, and the places of each row."""
    catchment = problem.link_catchment[:, links]
    names, at, count = np.unique(catchment, return_inverse=True, return_counts=True)
    at = at.reshape(catchment.shape)
    rows = np.flatnonzero(count > 1)
    row_of = np.full(len(names), -1)
    row_of[rows] = np.arange(len(rows))
    level, shared = np.nonzero(count[at] > 1)
    return row_of[at[level, shared]], shared, room.catchments[names[rows]]


def _matrix(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def _courses(groups: np.ndarray, links: np.ndarray, places: np.ndarray, n_links: int, n_led: int) -> sparse.csr_array:
    """Rows Σ x − places · y, one a led offer."""
    each = np.arange(n_led)
    return _matrix(
        np.concatenate([groups, each]),
        np.concatenate([links, n_links + each]),
        np.concatenate([np.ones(len(links)), -places]),
        (n_led, n_links + n_led),
    )


def _upper(
    problem: MatchProblem,
    links: np.ndarray,
    room: Room,
    led: np.ndarray,
    groups: np.ndarray,
    led_link: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The most places of each link and the most courses of each led offer that the room admits."""
    offer = problem.link_offer[links]
    top = np.minimum(room.caps[links], room.demand[problem.link_cell[links]])
    fits = np.floor(room.hours[problem.offer_pledge] / problem.offer_hours + _BATCH)
    seats = np.where(problem.offer_led, np.floor(fits * problem.offer_places + _BATCH), fits)
    top = np.floor(np.minimum(top, seats[offer]) + _BATCH)
    people = np.bincount(groups, top[led_link], minlength=len(led)) + room.seated[led]
    most = np.minimum(fits[led], np.floor(people / np.maximum(problem.offer_min_group[led], 1.0) + _BATCH))
    return np.maximum(top, 0.0), np.maximum(most, 0.0)
