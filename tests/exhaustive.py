"""The best plan of a small world by trying every one; it shares nothing with the match but the tables.

Places of equal worth are the same whichever pledge gives them, so a plan is known by how many places each (PCN,
pathway) gets. Every such total that one pledge can give is listed, then every sum of what the pledges can give.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from small_worlds import World

from geomap.schema import CapFrame, CeilingFrame, DemandFrame, NeedFrame, OfferFrame, PathwayFrame

HAIR = 1e-9


def best_value(world: World) -> float:
    """Need-weighted completions of the best plan."""
    cells = list(zip(world.demand[DemandFrame.pcn_code], world.demand[DemandFrame.pathway_id], strict=True))
    demand = world.demand[DemandFrame.demand_places].to_numpy()
    uptake = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    completion = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    weight = world.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    ceiling = world.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]

    totals = np.zeros((1, len(cells)), dtype=int)
    for pledge_id in world.offers[OfferFrame.pledge_id].unique():
        given = totals_of_pledge(world, pledge_id, cells)
        sums = (totals[:, None, :] + given[None, :, :]).reshape(-1, len(cells))
        totals = distinct(sums[(sums <= demand).all(axis=1)], demand)
    for pcn in ceiling.index:
        referred = sum(totals[:, k] / uptake[path] for k, (code, path) in enumerate(cells) if code == pcn)
        totals = totals[referred <= ceiling[pcn] + HAIR]
    return float((totals @ np.array([weight[pcn] * completion[path] for pcn, path in cells])).max())


def distinct(totals: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Each row once."""
    code = np.ravel_multi_index(tuple(totals.T), tuple(demand + 1))
    return totals[np.unique(code, return_index=True)[1]]


def totals_of_pledge(world: World, pledge_id: str, cells: list[tuple[str, str]]) -> np.ndarray:
    """Every way in which one pledge alone can fill the cells, one a row."""
    offers = world.offers[world.offers[OfferFrame.pledge_id] == pledge_id].set_index(OfferFrame.pathway_id)
    caps = world.caps[world.caps[CapFrame.pledge_id] == pledge_id]
    most = caps.set_index([CapFrame.pcn_code, CapFrame.pathway_id])[CapFrame.cap_places].to_dict()
    ways = np.array(list(itertools.product(*(range(most.get(cell, 0) + 1) for cell in cells))))
    hours = offers[OfferFrame.pool_hours].iloc[0] + HAIR
    length = offers[OfferFrame.course_hours]
    people = {
        name: sum((ways[:, k] for k, (_, path) in enumerate(cells) if path == name), np.zeros(len(ways), dtype=int))
        for name in offers.index
    }
    if not offers[OfferFrame.led].iloc[0]:
        return ways[sum(people[name] * length[name] for name in offers.index) <= hours]
    holds = np.zeros(len(ways), dtype=bool)
    for courses in itertools.product(*(range(math.floor(hours / length[name]) + 1) for name in offers.index)):
        opened = dict(zip(offers.index, courses, strict=True))
        if sum(opened[name] * length[name] for name in offers.index) > hours:
            continue
        each = [
            (people[name] <= opened[name] * offers.at[name, OfferFrame.course_places] + HAIR)
            & (people[name] >= opened[name] * offers.at[name, OfferFrame.min_group] - HAIR)
            for name in offers.index
        ]
        holds |= np.logical_and.reduce(each)
    return ways[holds]
