"""Sites by geomap where nothing but hours binds: maximal covering and the p-median, as a choice of sites with a match.

A facility's hours are a pledge of one-hour places, and each PCN could take them all.
"""

from __future__ import annotations

import numpy as np
from _bench_outcome import Asked, Outcome
from _bench_tables import SiteTables
from scipy.spatial.distance import cdist

from geomap.errors import SolveError
from geomap.locate import Chooser, Condition, SiteProblem
from geomap.match import MatchProblem
from geomap.runner import open_runner

_SAME = 1e-6
"""How far two figures may lie apart, relative to the larger."""


def cover_geomap(tables: SiteTables, asked: Asked) -> Outcome:
    """`geomap.locate.Chooser`; an hour within reach of a site is worth one."""
    metres = distances(tables)
    found = _choose(tables, (metres <= tables.reach_m).astype(float), asked)
    return sites_outcome(tables, found.chosen, "cover", bound=found.bound, asked=asked, ended=found.status)


def median_geomap(tables: SiteTables, asked: Asked) -> Outcome:
    """`geomap.locate.Chooser`; an hour is worth the metres by which its site is nearer than `reach_m`."""
    found = _choose(tables, np.maximum(tables.reach_m - distances(tables), 0.0), asked)
    bound = (tables.reach_m - found.bound / tables.hours.sum()) / 1000
    return sites_outcome(tables, found.chosen, "median", bound=bound, asked=asked, ended=found.status)


def distances(tables: SiteTables) -> np.ndarray:
    """Straight lines from each facility to each PCN, metres."""
    return cdist(tables.facilities, tables.homes)


def sites_outcome(
    tables: SiteTables,
    chosen: np.ndarray,
    task: str,
    *,
    asked: Asked,
    bound: float | None = None,
    ended: str = "optimal",
) -> Outcome:
    """
    The outcome of a choice (true by PCN), counted from the tables, whatever the contender said of it.

    Hours within reach of a site for `cover`; for `median`, mean km from the hours to the nearest site. An optimum must
    be that of geomap, if it ran before.
    """
    nearest = distances(tables)[:, chosen].min(axis=1)
    if task == "cover":
        objective = float(tables.hours[nearest <= tables.reach_m].sum())
    else:
        objective = float(np.minimum(nearest, tables.reach_m) @ tables.hours / tables.hours.sum() / 1000)

    def check() -> None:
        if chosen.sum() != tables.count:
            raise SolveError(f"{chosen.sum()} sites were chosen instead of {tables.count}.")
        if ended == "optimal" and asked.target is not None and abs(objective / asked.target - 1) > _SAME:
            raise SolveError(f"The optimum is {objective}, but geomap's was {asked.target}.")

    return Outcome(objective=objective, bound=bound, check=check, more={"ended": ended})


def left_out(why: str) -> Outcome:
    """Of a contender for which the instance is too large: no time and no answer."""
    return Outcome(objective=None, bound=None, more={"cpu_s": None, "wall_s": None, "ended": why})


def _choose(tables: SiteTables, worth: np.ndarray, asked: Asked):
    with open_runner(1) as runner:
        problem = build_problem(tables, worth)
        return Chooser(problem=problem, runner=runner, gap_share=0.0, time_limit_s=asked.limit_s).choose()


def build_problem(tables: SiteTables, worth: np.ndarray) -> SiteProblem:
    """The problem in which an hour of a facility is worth so much at a PCN (facility × PCN; nothing: out of reach)."""
    facility, pcn = np.nonzero(worth)
    hours, (n_facilities, n_pcns) = tables.hours[facility], worth.shape
    reached = np.bincount(pcn, hours, minlength=n_pcns)
    match = MatchProblem(
        pledge_ids=np.arange(n_facilities).astype(object), pathway_ids=np.array(["any"], dtype=object),
        pcn_codes=np.arange(n_pcns).astype(object), pool_hours=tables.hours.copy(),
        offer_pledge=np.arange(n_facilities), offer_pathway=np.zeros(n_facilities, dtype=np.int64),
        offer_led=np.zeros(n_facilities, dtype=bool), offer_hours=np.ones(n_facilities),
        offer_places=np.ones(n_facilities), offer_min_group=np.zeros(n_facilities),
        cell_pcn=np.arange(n_pcns), cell_pathway=np.zeros(n_pcns, dtype=np.int64), cell_demand=reached,
        ceiling=reached.copy(), uptake=np.ones(1), completion=np.ones(1), core20_lead=np.zeros(n_pcns),
        minimum_places=np.zeros(0), minimum_member=np.zeros((2, 0), dtype=np.int64),
        link_offer=facility, link_cell=pcn, link_cap=hours, link_value=worth[facility, pcn],
        link_minutes=np.zeros(len(hours)), link_catchment=np.arange(2 * len(hours)).reshape(2, -1),
        catchment_cap=np.tile(hours, 2),
    )  # fmt: skip
    count = Condition.one("", np.ones(n_pcns), least=tables.count, most=tables.count)
    return SiteProblem(
        match=match,
        site_ids=match.pcn_codes,
        site_of_pcn=np.arange(n_pcns),
        homes=tables.homes,
        conditions=(count,),
    )
