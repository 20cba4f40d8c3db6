"""The best plan of a small world by trying every one, level by level; it shares nothing with the match but the tables.

Every way in which one pledge alone can fill the cells (PCN, pathway) is listed, then every sum of what the pledges can
give. Of plans with the same places in every cell, which are alike but for the journeys, the shortest is kept.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from small_worlds import World

from geomap.schema import CapFrame, CeilingFrame, DemandFrame, NeedFrame, OfferFrame, PathwayFrame

HAIR = 1e-9
EQUAL = 1e-7
"""Values nearer than this are the same: a solver holds its rows no more closely."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """What each level comes to."""

    value: float
    core20_short: float
    coverage: tuple[float, ...]
    """Of all PCNs with demand, the worst first."""
    kept: float
    minutes: float


def best_value(world: World) -> float:
    """Need-weighted completions of the best plan."""
    return float(Plans(world).value.max())


def best_levels(world: World, budget: float, *, least_core20: float | None = None) -> Best:
    """
    All levels of the objective, one after another.

    `budget` is the share of the value that fairness may cost. `least_core20` is the least Core20 excess (see
    `Plans.core20`) of the plans that are let in; none: Core20 is raised, as far as nothing.
    """
    plans = Plans(world)
    value = plans.value.max()
    left = plans.value >= (1 - budget) * value - EQUAL
    highest = plans.core20[left].max()
    least = min(highest, 0.0) if least_core20 is None else least_core20
    left &= plans.core20 >= least - EQUAL
    fairest = max(map(tuple, plans.coverage[left]))
    left &= (plans.coverage == np.array(fairest)).all(axis=1)
    kept = plans.value[left].max()
    left &= plans.value >= kept - EQUAL
    return Best(
        value=value, core20_short=max(-highest, 0.0), coverage=fairest, kept=kept, minutes=plans.minutes[left].min()
    )


class Plans:
    """Every plan of a world that holds, one a row, with what it comes to."""

    def __init__(self, world: World) -> None:
        cells = list(zip(world.demand[DemandFrame.pcn_code], world.demand[DemandFrame.pathway_id], strict=True))
        demand = world.demand[DemandFrame.demand_places].to_numpy()
        uptake = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
        completion = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
        need = world.need.set_index(NeedFrame.pcn_code)
        ceiling = world.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
        totals, minutes = every_sum(world, cells, demand)
        for pcn in ceiling.index:
            referred = sum(totals[:, k] / uptake[path] for k, (code, path) in enumerate(cells) if code == pcn)
            holds = referred <= ceiling[pcn] + HAIR
            totals, minutes = totals[holds], minutes[holds]
        self.totals, self.minutes = totals, minutes
        completions = totals * np.array([completion[path] for _, path in cells])
        self.value = completions @ np.array([need.at[pcn, NeedFrame.weight] for pcn, _ in cells])
        lead = leads(world)
        self.core20 = completions @ np.array([lead.get(pcn, 0.0) for pcn, _ in cells])
        """Completions of Core20 patients beyond their share of need: below nothing where they fall short."""
        of = {pcn: [k for k, (code, _) in enumerate(cells) if code == pcn] for pcn in ceiling.index}
        wants = [at for at in of.values() if demand[at].sum() > 0]
        each = [totals[:, at].sum(axis=1) / demand[at].sum() for at in wants]
        self.coverage = np.sort(np.array(each).reshape(len(wants), len(totals)).T, axis=1)


def leads(world: World) -> dict[str, float]:
    """Core20 share of each PCN where it is known, less that of all need."""
    known = [row for row in world.need.to_dict("records") if not math.isnan(row[NeedFrame.core20_share])]
    weight = {row[NeedFrame.pcn_code]: row[NeedFrame.patients] * row[NeedFrame.need_index] for row in known}
    share = {row[NeedFrame.pcn_code]: row[NeedFrame.core20_share] for row in known}
    of_all = sum(weight[pcn] * share[pcn] for pcn in share) / sum(weight.values()) if known else 0.0
    return {pcn: share[pcn] - of_all for pcn in share}


def every_sum(world: World, cells: list[tuple[str, str]], demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places by cell of every plan that keeps to demand, each once, with the fewest minutes it takes."""
    totals, minutes = np.zeros((1, len(cells)), dtype=int), np.zeros(1)
    for pledge_id in world.offers[OfferFrame.pledge_id].unique():
        given, lasts = ways_of_pledge(world, pledge_id, cells)
        sums = (totals[:, None, :] + given[None, :, :]).reshape(-1, len(cells))
        takes = (minutes[:, None] + lasts[None, :]).ravel()
        fits = (sums <= demand).all(axis=1)
        sums, takes = sums[fits], takes[fits]
        code = np.ravel_multi_index(tuple(sums.T), tuple(demand + 1))
        order = np.lexsort((takes, code))
        once = order[np.unique(code[order], return_index=True)[1]]
        totals, minutes = sums[once], takes[once]
    return totals, minutes


def ways_of_pledge(world: World, pledge_id: str, cells: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """Every way in which one pledge alone can fill the cells, one a row, with its minutes."""
    offers = world.offers[world.offers[OfferFrame.pledge_id] == pledge_id].set_index(OfferFrame.pathway_id)
    caps = world.caps[world.caps[CapFrame.pledge_id] == pledge_id].set_index([CapFrame.pcn_code, CapFrame.pathway_id])
    most, minutes = caps[CapFrame.cap_places].to_dict(), caps[CapFrame.minutes_min].to_dict()
    ways = np.array(list(itertools.product(*(range(most.get(cell, 0) + 1) for cell in cells))))
    lasts = ways @ np.array([minutes.get(cell, 0.0) for cell in cells])
    hours = offers[OfferFrame.pool_hours].iloc[0] + HAIR
    length = offers[OfferFrame.course_hours]
    people = {
        name: sum((ways[:, k] for k, (_, path) in enumerate(cells) if path == name), np.zeros(len(ways), dtype=int))
        for name in offers.index
    }
    if not offers[OfferFrame.led].iloc[0]:
        holds = sum(people[name] * length[name] for name in offers.index) <= hours
        return ways[holds], lasts[holds]
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
    return ways[holds], lasts[holds]
