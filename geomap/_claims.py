"""A plan with what is claimed of it, and the check of the claims: what each level reaches, its bound and its gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .config import WishParams
from .schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    DemandFrame,
    LevelFrame,
    NeedFrame,
    PathwayFrame,
)
from .schema.words import LEVELS

SLACK = 1e-6
"""How far a sum of floating-point numbers may pass its limit, relative to 1 or to the limit."""
PROVED = 1e-9
"""A gap no wider than this is none."""

COMPLETIONS, CORE20, WORST, KEPT, TRAVEL = LEVELS
_RISING = (COMPLETIONS, WORST, KEPT)
"""Levels that are to be as high as can be; the others as low."""
_LINK = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What is claimed of each level of the objective."""

    first_allocation: pd.DataFrame
    """`AllocationFrame`: the plan of the first level, before fairness."""
    told: pd.DataFrame
    """`LevelFrame`."""
    fairness_budget: float
    """Share of the first level's completions that the levels after it may give up."""
    asked: tuple[str, ...] = LEVELS
    """The levels that were asked for, in order: all of them, or the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, its claims, and the tables it must hold against."""

    allocation: pd.DataFrame
    courses: pd.DataFrame
    objective: float
    bound: float
    pledges: pd.DataFrame
    offers: pd.DataFrame
    caps: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    need: pd.DataFrame
    pathways: pd.DataFrame
    levels: Levels | None = None
    """None where nothing but completions was asked for."""
    wishes: WishParams = WishParams()
    """What the planner wishes."""
    minimums_given: tuple[int, ...] = ()
    """By minimum of the wishes: places that are said to be given towards it."""


def look_up(keys: pd.Series, figures: pd.Series) -> pd.Series:
    """The figure of each key; a number even where there are no keys at all, which `map` would leave as text."""
    return keys.map(figures).astype(float)


def check_claims(plan: Plan) -> list[str]:
    """
    Hold what is claimed of a plan against the tables.

    Returns
    -------
    broken
        A sentence for each claim that does not hold.
    """
    value = value_of(plan, plan.allocation)
    if not np.isfinite([value, plan.objective, plan.bound]).all():
        return ["The plan's value or bound is not a finite number."]
    broken = []
    if _differ(value, plan.objective):
        broken.append(f"The plan is worth {value:.6f} and claims {plan.objective:.6f}.")
    elif _below(plan.bound, plan.objective):
        broken.append(f"The plan claims {plan.objective:.6f}, above its bound {plan.bound:.6f}.")
    if plan.levels is None:
        return broken
    told = plan.levels.told
    if told[LevelFrame.objective].tolist() != list(plan.levels.asked):
        return [*broken, f"The levels are not {', '.join(plan.levels.asked)}, each once and in this order."]
    levels = told.set_index(LevelFrame.objective)
    numbers = levels[[LevelFrame.value, LevelFrame.bound, LevelFrame.gap_share]]
    if not (np.isfinite(numbers) & (numbers >= -SLACK)).all(axis=None):
        return [*broken, "A value, bound or gap of a level is missing, infinite or negative."]
    broken += _check_proofs(levels)
    if plan.levels.asked == (COMPLETIONS,):
        worth = value_of(plan, plan.levels.first_allocation)
        if _differ(worth, plan.objective) or _differ(float(levels.at[COMPLETIONS, LevelFrame.value]), worth):
            broken.append("With no level after it, the plan is not worth what its first level says.")
        return broken
    return [
        *broken,
        *_check_completions(plan, plan.levels, levels),
        *_check_core20(plan, plan.levels, levels.loc[CORE20]),
        *_check_coverage(plan, levels.loc[WORST]),
        *_check_travel(plan, levels.loc[TRAVEL]),
    ]


def value_of(plan: Plan, allocation: pd.DataFrame) -> float:
    """Need-weighted completions; not a number where the need or the pathway of a row is not told."""
    weight = plan.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight]
    each = look_up(allocation[AllocationFrame.pcn_code], weight) * _completions(plan, allocation)
    return float(each.sum(skipna=False))


def _completions(plan: Plan, allocation: pd.DataFrame) -> pd.Series:
    share = plan.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    return look_up(allocation[AllocationFrame.pathway_id], share) * allocation[AllocationFrame.places]


def _below(amount: float, limit: float) -> bool:
    return amount < limit - SLACK * max(1.0, abs(limit))


def _differ(one: float, other: float) -> bool:
    return _below(one, other) or _below(other, one)


def _check_proofs(levels: pd.DataFrame) -> list[str]:
    """No value passes its bound, the gap is what lies between them, and the status goes with the gap."""
    broken = []
    for name, level in levels.iterrows():
        value, bound, gap = (float(level[c]) for c in (LevelFrame.value, LevelFrame.bound, LevelFrame.gap_share))
        low, high = (value, bound) if name in _RISING else (bound, value)
        if _below(high, low):
            broken.append(f"Level {name} claims {value:.6f}, past its bound {bound:.6f}.")
        elif _differ(gap, (high - low) / high if high > 0 else 0.0):
            broken.append(f"Level {name} claims a gap of {gap:.6f}, which is not that of its value and its bound.")
        elif (level[LevelFrame.status] == "optimal") != (gap <= PROVED) and level[LevelFrame.status] != "not asked":
            broken.append(f"Level {name} claims to be {level[LevelFrame.status]} at a gap of {gap:.3g}.")
        if level[LevelFrame.status] == "not asked" and name != CORE20:
            broken.append(f"Level {name} was not asked for; only {CORE20} can be left out.")
    return broken


def _check_completions(plan: Plan, claims: Levels, levels: pd.DataFrame) -> list[str]:
    """The first plan is worth what its level says, and the plan itself what the budget and the last levels leave it."""
    first, kept = (float(levels.at[name, LevelFrame.value]) for name in (COMPLETIONS, KEPT))
    worth, value = value_of(plan, claims.first_allocation), value_of(plan, plan.allocation)
    least = (1 - claims.fairness_budget) * worth
    broken = []
    if not np.isfinite(worth) or _differ(worth, first):
        broken.append(f"The plan of the first level is worth {worth:.6f} and claims {first:.6f}.")
    if _differ(plan.bound, float(levels.at[COMPLETIONS, LevelFrame.bound])):
        broken.append("The bound of the first level is not that of the plan.")
    if _below(value, kept):
        broken.append(f"The plan is worth {value:.6f} and is said to keep {kept:.6f}.")
    if _below(value, least):
        broken.append(f"The plan is worth {value:.6f}; the fairness budget leaves it {least:.6f} at least.")
    return broken


def _check_core20(plan: Plan, claims: Levels, level: pd.Series) -> list[str]:
    """The plan is no further short on Core20 than is said; where nothing was asked, that is said of the first plan."""
    claim = float(level[LevelFrame.value])
    before, after = _core20_short(plan, claims.first_allocation), _core20_short(plan, plan.allocation)
    broken = []
    if _below(claim, after):
        broken.append(f"The plan is {after:.6f} completions short on Core20 and claims {claim:.6f}.")
    if level[LevelFrame.status] == "not asked" and _differ(before, claim):
        broken.append(f"The plan of the first level is {before:.6f} completions short on Core20, not {claim:.6f}.")
    return broken


def _check_travel(plan: Plan, level: pd.Series) -> list[str]:
    """Minutes are those of all places together."""
    minutes = plan.caps.set_index(_LINK)[CapFrame.minutes_min].reindex(pd.MultiIndex.from_frame(plan.allocation[_LINK]))
    travel = float((minutes.to_numpy() * plan.allocation[AllocationFrame.places].to_numpy()).sum())
    claim = float(level[LevelFrame.value])
    if np.isnan(travel) or not _differ(travel, claim):  # places without a cap are told of elsewhere
        return []
    return [f"The plan takes {travel:.6f} minutes of travel and claims {claim:.6f}."]


def _core20_short(plan: Plan, allocation: pd.DataFrame) -> float:
    """
    Completions that Core20 patients are short of their share of need, over the PCNs whose Core20 share is known.

    Their share of need is Σ patients · need index · Core20 share ÷ Σ patients · need index.
    """
    need = plan.need[plan.need[NeedFrame.core20_share].notna()].set_index(NeedFrame.pcn_code)
    weight = need[NeedFrame.patients] * need[NeedFrame.need_index]
    if not weight.sum() > 0:
        return 0.0
    of_need = (weight * need[NeedFrame.core20_share]).sum() / weight.sum()
    lead = look_up(allocation[AllocationFrame.pcn_code], need[NeedFrame.core20_share] - of_need)
    return max(0.0, -float((lead * _completions(plan, allocation)).sum()))


def _check_coverage(plan: Plan, level: pd.Series) -> list[str]:
    """No PCN that hours reach and link workers can refer is covered less than the worst is said to be."""
    places = plan.allocation.groupby(AllocationFrame.pcn_code)[AllocationFrame.places].sum()
    wanted = plan.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum()
    uptake = plan.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    ceiling = plan.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    most = look_up(plan.caps[CapFrame.pcn_code], ceiling) * look_up(plan.caps[CapFrame.pathway_id], uptake)
    able = pd.Index(plan.caps.loc[most >= 1 - SLACK, CapFrame.pcn_code].unique())
    worst = float((places.reindex(able).fillna(0.0) / wanted.reindex(able)).min()) if len(able) else 1.0
    value, bound, proved = (float(level[c]) for c in (LevelFrame.value, LevelFrame.bound, LevelFrame.proved_to))
    broken = []
    if _below(worst, value):
        broken.append(f"The worst-covered PCN has {worst:.6f} of its demand and is said to have {value:.6f}.")
    if bound > 1 + SLACK:
        broken.append(f"The bound on the worst coverage is {bound:.6f}, more than everything.")
    if not value - SLACK <= proved <= 1 + SLACK:
        broken.append(f"Coverage is said to be proved to {proved:.6f}, which is not between the worst and 1.")
    elif proved > value + SLACK and _below(value, bound):
        broken.append(f"Coverage is said to be proved to {proved:.6f}, and the worst is not said to be best.")
    return broken
