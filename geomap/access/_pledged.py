"""Access to pledged hours: whom each pledge reaches from where, and what they have of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from ..config import AccessParams
from ..schema import FacilityFrame, PledgeFrame, PopulationPointFrame, ReachFrame
from ._decay import Decay, choose_decay
from ._links import Journeys, Links, sort_links
from ._measure import SHARED, Measure, count_nearest, share_hours, weigh_links

NEAREST = "nearest"
_DISTANCE = "distance"
_HAIR = 1 + 1e-9
"""So that a place just on an operator's limit counts, whatever the last binary digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgedLinks:
    """Whom each pledge reaches: by journeys from each place, and by rule as whole PCNs."""

    homes: pd.DataFrame
    """`PopulationPointFrame` without shapes: the places, where a PCN's patients live at a point."""
    pcns: pd.Index
    pcn: np.ndarray
    """Position of the PCN of each place in `pcns`."""
    near: Links
    """Groups of pledges that are alike × places."""
    groups: pd.Series
    """By `pledge_id`, the group; pledges without one are given by rule."""
    door: Links
    """Pledges by rule × PCNs: the hours come to people or online, or part of them do (hybrid)."""
    doors: pd.Index


def link_pledges(
    pledges: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    journeys: Journeys,
    *,
    max_min: float,
) -> PledgedLinks:
    """
    Say from which places each pledge is reached, and in how many minutes.

    Parameters
    ----------
    pledges, facilities, points, reach
        `PledgeFrame`, `FacilityFrame`, `PopulationPointFrame` and `ReachFrame` of a run.
    journeys
        From every point to every facility within reach, by position in the two tables.
    max_min
        The longest journey, minutes: one that is past it by the last binary digit is as long.

    Returns
    -------
    links
        Given on site, a pledge is reached from the points of the PCNs of `reach` that are within reach of the facility
        and of the operator's own limit. What is given by rule reaches whole PCNs.
    """
    homes = pd.DataFrame(points.drop(columns="geometry")).reset_index(drop=True)
    pcn, pcns = pd.factorize(homes[PopulationPointFrame.pcn_code], sort=True)
    pcns = pd.Index(pcns, name=ReachFrame.pcn_code)
    reach = reach[reach[ReachFrame.pcn_code].isin(pcns)]
    far = reach[ReachFrame.basis].eq(_DISTANCE)
    groups = _group_alike(pledges, reach.loc[far, ReachFrame.pledge_id])
    near = _link_near(reach[far], pledges, groups, _Ground(facilities, points, pcn, pcns, journeys))
    by_rule = reach[~far]
    doors = pd.Index(by_rule[ReachFrame.pledge_id].unique())
    row, column = doors.get_indexer(by_rule[ReachFrame.pledge_id]), pcns.get_indexer(by_rule[ReachFrame.pcn_code])
    order, starts = sort_links(row, column, (len(doors), len(pcns)))
    minutes = by_rule[ReachFrame.minutes_min].to_numpy(dtype=float)[order]
    door = Links(starts=starts, place=column[order], minutes=minutes, places=len(pcns))
    near, door = (replace(links, minutes=np.minimum(links.minutes, max_min)) for links in (near, door))
    return PledgedLinks(homes=homes, pcns=pcns, pcn=pcn, near=near, groups=groups, door=door, doors=doors)


@dataclass(frozen=True, slots=True)
class _Ground:
    facilities: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    pcn: np.ndarray
    pcns: pd.Index
    journeys: Journeys


def _group_alike(pledges: pd.DataFrame, wanted: pd.Series) -> pd.Series:
    """By pledge, a number that pledges share which stand at one facility under the same limits of their operators."""
    mine = pledges[pledges[PledgeFrame.pledge_id].isin(wanted)].sort_values(PledgeFrame.pledge_id)
    own = mine[PledgeFrame.facility_id].fillna("operator's " + mine[PledgeFrame.pledge_id])
    keys = [own, mine[PledgeFrame.max_km], mine[PledgeFrame.icb_codes]]
    numbers = mine.groupby(keys, dropna=False, sort=False).ngroup()
    return pd.Series(numbers.to_numpy(), index=mine[PledgeFrame.pledge_id])


def _link_near(reach: pd.DataFrame, pledges: pd.DataFrame, groups: pd.Series, ground: _Ground) -> Links:
    """Groups × places: each journey to a facility, for each group that reaches the PCN of its place from there."""
    count, journeys = int(groups.max()) + 1 if len(groups) else 0, ground.journeys
    ids = pd.Index(ground.facilities[FacilityFrame.facility_id])
    rows = pd.DataFrame(
        {
            "group": groups.reindex(reach[ReachFrame.pledge_id]).to_numpy("int64"),
            "key": ids.get_indexer(reach[ReachFrame.catchment]).astype("int64") * len(ground.pcns)
            + ground.pcns.get_indexer(reach[ReachFrame.pcn_code]),
        }
    ).drop_duplicates()
    rows = rows.sort_values(["key", "group"])
    asked = journeys.site.astype("int64") * len(ground.pcns) + ground.pcn[journeys.home]
    low, high = (np.searchsorted(rows["key"], asked, side=side) for side in ("left", "right"))
    journey = np.repeat(np.arange(len(asked)), high - low)
    # Of each journey, its rows one after another.
    step = np.arange(len(journey)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    group = rows["group"].to_numpy()[np.repeat(low, high - low) + step]
    site, home, minutes = (array[journey] for array in (journeys.site, journeys.home, journeys.minutes))
    limit_km = pledges.set_index(PledgeFrame.pledge_id)[PledgeFrame.max_km].reindex(groups.index)
    limit_m = np.full(count, np.inf)
    limit_m[groups.to_numpy()] = limit_km.fillna(np.inf).to_numpy(dtype=float) * 1000
    limited = np.flatnonzero(np.isfinite(limit_m[group]))
    here, there = ground.facilities.geometry.array[site[limited]], ground.points.geometry.array[home[limited]]
    keep = np.ones(len(group), dtype=bool)
    keep[limited] = here.distance(there) <= limit_m[group[limited]] * _HAIR
    group, site, home, minutes = (array[keep] for array in (group, site, home, minutes))
    order, starts = sort_links(group, home, (count, len(ground.points)))
    return Links(starts=starts, place=home[order], minutes=minutes[order], places=len(ground.points), site=site[order])


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgedAccess:
    """Hours for each patient by place and method, and minutes to the nearest facility with hours."""

    hours: dict[str, np.ndarray]
    """Method → shape (places, sums of hours)."""
    nearest_min: np.ndarray


def measure_pledged(
    found: PledgedLinks, hours: pd.DataFrame, params: AccessParams, max_min: float, methods: Iterable[str]
) -> PledgedAccess:
    """
    Measure access to pledged hours from each place.

    Hours that come to people or online are shared evenly by all whom they serve, by every method, as nobody travels;
    those of a hybrid pledge count by the mean journey of the PCN, where who joins online does not travel. Neither is a
    choice among sites (`3sfca`), nor a nearest facility.

    Parameters
    ----------
    found
        Whom the pledges reach.
    hours
        Participant-hours, a column each sum of them, by `pledge_id`: every pledge of `found`. A facility is open
        where the first column has hours.
    params
        The decay, and how many are the nearest.
    max_min
        The longest journey, minutes.
    methods
        Of `ACCESS_METHODS`.
    """
    decay = choose_decay(params, max_min)
    patients = found.homes[PopulationPointFrame.patients].to_numpy(dtype=float)
    given = hours.reindex(found.groups.index).groupby(found.groups.to_numpy()).sum()
    supply = given.reindex(range(len(found.near.starts) - 1)).to_numpy(dtype=float)
    told = {}
    for method in (name for name in methods if name in SHARED):
        weight = weigh_links(found.near, Measure(method=method, decay=decay))
        told[method] = share_hours(found.near, weight, supply, patients) + _by_rule(found, hours, method, decay)
    near, minutes = count_nearest(found.near, supply[:, 0] > 0, supply, params.nearest)
    if NEAREST in methods:
        told[NEAREST] = near
    return PledgedAccess(hours=told, nearest_min=minutes)


def _by_rule(found: PledgedLinks, hours: pd.DataFrame, method: str, decay: Decay) -> np.ndarray:
    """Of what is given by rule, shape (places, sums of hours)."""
    patients = np.bincount(
        found.pcn, found.homes[PopulationPointFrame.patients].to_numpy(dtype=float), minlength=len(found.pcns)
    )
    # Hours that come to people are no choice among sites.
    measure = Measure(method="2sfca" if method == "2sfca" else "e2sfca", decay=decay)
    weight = weigh_links(found.door, measure)
    return share_hours(found.door, weight, hours.reindex(found.doors).to_numpy(dtype=float), patients)[found.pcn]
