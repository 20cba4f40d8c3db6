"""The match by geomap, and by hand: nearest first, as a planner would do it in pandas."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pandas as pd
from _bench_outcome import CELL, OFFER, Asked, Outcome, plan_outcome, read_plan
from _bench_tables import MatchTables

from geomap.config import MatchParams
from geomap.match import MatchProblem, solve_match
from geomap.schema import CapFrame, CeilingFrame, DemandFrame, LevelFrame, NeedFrame, OfferFrame, PathwayFrame

_HAIR = 1e-9
_PER_PERSON = [OfferFrame.led, OfferFrame.course_hours, OfferFrame.course_places, OfferFrame.min_group]


def plan_geomap(tables: MatchTables, asked: Asked) -> Outcome:
    """The first level of the objective, need-weighted completions: all that the peers can do."""
    return _plan(tables, asked, "completions")


def plan_all_levels(tables: MatchTables, asked: Asked) -> Outcome:
    """Completions, fairness and travel; the gap is that of the completions before fairness."""
    return _plan(tables, asked, "all")


def plan_again(tables: MatchTables, asked: Asked) -> Outcome:
    """All levels once more after one pledge has lost a third of its hours, from the plan before; only that counts."""
    before = solve_match(_problem(tables), tables.homes, _params(tables, asked, "all"))
    hours = tables.offers[OfferFrame.pool_hours]
    pledge = tables.offers.loc[hours.idxmax(), OfferFrame.pledge_id]
    fewer = hours.where(tables.offers[OfferFrame.pledge_id] != pledge, hours * 2 / 3)
    changed = replace(tables, offers=tables.offers.assign(**{OfferFrame.pool_hours: fewer}))
    cpu, wall = time.process_time(), time.perf_counter()
    match = solve_match(_problem(changed), tables.homes, _params(tables, asked, "all"), earlier=before.record)
    took = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "ended": match.status}
    return plan_outcome(changed, match.allocation, match.courses, bound=match.bound, more=took)


def _params(tables: MatchTables, asked: Asked, levels: str) -> MatchParams:
    wanted = {"time_limit_s": asked.limit_s, "gap_share": asked.gap_share, "levels": levels}
    return tables.params.model_copy(update=wanted)


def _problem(tables: MatchTables) -> MatchProblem:
    return MatchProblem.from_frames(
        tables.offers,
        tables.caps,
        tables.demand,
        ceilings=tables.ceilings,
        need=tables.need,
        pathways=tables.pathways,
    )


def _plan(tables: MatchTables, asked: Asked, levels: str) -> Outcome:
    began = time.process_time()
    problem = _problem(tables)
    built = time.process_time() - began
    match = solve_match(problem, tables.homes, _params(tables, asked, levels))
    first = match.levels.iloc[0]
    more = {"build_s": built, "ended": match.status, "first_gap": float(first[LevelFrame.gap_share])}
    return plan_outcome(tables, match.allocation, match.courses, bound=match.bound, more=more)


def plan_greedy(tables: MatchTables, asked: Asked) -> Outcome:
    """PCNs by need, the neediest first; each takes all it may of the nearest offer, then of the next."""
    caps, need = tables.caps, tables.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    uptake = tables.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    queue = caps.assign(weight=caps[CapFrame.pcn_code].map(need), uptake=caps[CapFrame.pathway_id].map(uptake))
    queue = queue.join(tables.offers.set_index(OFFER)[_PER_PERSON], on=OFFER)
    order = ["weight", CapFrame.pcn_code, CapFrame.minutes_min, *OFFER]
    queue = queue.sort_values(order, ascending=[False, True, True, True, True])
    left = _Left(tables)
    places = pd.Series(0, index=caps.index)
    for at, row in zip(queue.index, queue.to_dict("records"), strict=True):
        places[at] = left.serve(row)
    keys = pd.MultiIndex.from_frame(tables.offers[OFFER])
    courses = pd.Series([left.courses.get(key, 0) for key in keys], index=tables.offers.index)
    return plan_outcome(tables, *read_plan(tables, places, courses), more={"ended": "done"})


class _Left:
    """What is left of hours, seats, demand and referrals while the planner goes down the list."""

    def __init__(self, tables: MatchTables) -> None:
        self.hours = tables.offers.groupby(OfferFrame.pledge_id)[OfferFrame.pool_hours].first().to_dict()
        self.demand = tables.demand.set_index(CELL)[DemandFrame.demand_places].to_dict()
        self.referrals = tables.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals].to_dict()
        near, alike = [CapFrame.catchment, *CELL], [CapFrame.alike, *CELL]
        self.near = tables.caps.groupby(near)[CapFrame.near_places].max().to_dict()
        self.alike = tables.caps.groupby(alike)[CapFrame.cap_places].max().to_dict()
        self.seats: dict[tuple[str, str], float] = {}
        self.courses: dict[tuple[str, str], int] = {}

    def serve(self, row: dict) -> int:
        """Give one PCN what one offer still has for it."""
        cell = row[CapFrame.pcn_code], row[CapFrame.pathway_id]
        near, alike = (row[CapFrame.catchment], *cell), (row[CapFrame.alike], *cell)
        referrals = self.referrals[cell[0]] * row["uptake"]
        limits = row[CapFrame.cap_places], self.demand[cell], referrals, self.near.get(near), self.alike.get(alike)
        wanted = math.floor(min(limit for limit in limits if limit is not None) + _HAIR)
        given = self._join_courses(row, wanted) if row[OfferFrame.led] else self._one_by_one(row, wanted)
        self.demand[cell] -= given
        self.referrals[cell[0]] -= given / row["uptake"]
        if near in self.near:
            self.near[near] -= given
            self.alike[alike] -= given
        return given

    def _one_by_one(self, row: dict, wanted: int) -> int:
        pledge, length = row[OfferFrame.pledge_id], row[OfferFrame.course_hours]
        given = min(wanted, math.floor(self.hours[pledge] / length + _HAIR))
        self.hours[pledge] -= given * length
        return given

    def _join_courses(self, row: dict, wanted: int) -> int:
        """Fill seats of courses that run, then open as many as the rest of the people make viable."""
        offer = row[OfferFrame.pledge_id], row[OfferFrame.pathway_id]
        length, size = row[OfferFrame.course_hours], row[OfferFrame.course_places]
        seats = self.seats.get(offer, 0.0)
        joined = min(wanted, math.floor(seats + _HAIR))
        rest = wanted - joined
        new = min(math.floor(self.hours[offer[0]] / length + _HAIR), math.ceil(rest / size))
        opened = min(rest, math.floor(new * size + _HAIR))
        while new and opened < new * row[OfferFrame.min_group]:
            new -= 1
            opened = min(rest, math.floor(new * size + _HAIR))
        self.hours[offer[0]] -= new * length
        self.seats[offer] = seats - joined + new * size - opened
        self.courses[offer] = self.courses.get(offer, 0) + new
        return joined + opened
