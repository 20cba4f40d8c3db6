"""The planner's conditions as rows over the sites: how many, which, at what cost, of what kinds, how far apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from ..config import QuotaParams, SiteParams
from ..schema import CandidateFrame
from .problem import Condition

CountBy = Callable[[pd.DataFrame, str, str], np.ndarray]
"""Which candidates a quota counts: `candidates.count_by`."""
_KINDS = {
    "region": "in the region {}",
    "icb": "in the ICB {}",
    "rurality": "that are {}",
    "deprivation_fifth": "in deprivation fifth {} (1 is the most deprived)",
    "operator_kind": "within reach of hours of a {}",
    "pathway": "within reach of hours for {}",
}


def build_conditions(candidates: pd.DataFrame, params: SiteParams, count_by: CountBy) -> tuple[Condition, ...]:
    """
    All that a portfolio must keep to, one condition a wish of the planner.

    Parameters
    ----------
    candidates
        `CandidateFrame`, sorted by id.
    params
        The wishes.
    count_by
        Tells which candidates a quota counts.

    Returns
    -------
    conditions
        With a sentence each; members follow the rows of `candidates`.
    """
    ids = candidates[CandidateFrame.site_id]
    every = np.ones(len(candidates))
    conditions = [Condition.one(f"choose {params.count} sites", every, least=params.count, most=params.count)]
    names = dict(zip(ids, candidates[CandidateFrame.site_name], strict=True))
    for code in params.must_include:
        conditions.append(Condition.one(f"include {names[code]} ({code})", ids.eq(code).to_numpy(), least=1))
    for code in params.must_exclude:
        conditions.append(Condition.one(f"leave out {names[code]} ({code})", ids.eq(code).to_numpy(), most=0))
    if params.budget is not None:
        cost = candidates[CandidateFrame.setup_cost].to_numpy(dtype=float)
        conditions.append(Condition.one(f"spend at most £{_pounds(params.budget)} to set up", cost, most=params.budget))
    for quota in params.quota:
        conditions += _of_quota(quota, _name_of(quota, candidates), count_by(candidates, quota.by, quota.value))
    if params.spacing_km > 0:
        conditions += _apart(candidates, params.spacing_km)
    return tuple(conditions)


def _pounds(amount: float) -> str:
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.2f}"


def differs(chosen: np.ndarray, by: int, name: str) -> Condition:
    """A condition that at least `by` of the sites chosen (true by site) are others than these."""
    text = f"differ from {name} in at least {by} {'site' if by == 1 else 'sites'}"
    return Condition.one(text, chosen, most=float(chosen.sum() - by))


def _name_of(quota: QuotaParams, candidates: pd.DataFrame) -> str:
    """What the kind is called: a region or an ICB by its name, though the planner gave its code."""
    named = {
        "region": (CandidateFrame.region_code, CandidateFrame.region_name),
        "icb": (CandidateFrame.icb_code, CandidateFrame.icb_name),
    }
    if quota.by not in named:
        return quota.value.replace("_", " ")
    code, name = named[quota.by]
    known = candidates.loc[candidates[code].eq(quota.value), name]
    return known.iloc[0] if len(known) and known.iloc[0] else quota.value


def _of_quota(quota: QuotaParams, name: str, members: np.ndarray) -> list[Condition]:
    kind = _KINDS[quota.by].format(name)
    made = []
    if quota.at_least is not None:
        made.append(Condition.one(f"at least {quota.at_least} {kind}", members, least=quota.at_least))
    if quota.at_most is not None:
        made.append(Condition.one(f"at most {quota.at_most} {kind}", members, most=quota.at_most))
    return made


def _apart(candidates: pd.DataFrame, spacing_km: float) -> list[Condition]:
    """No two sites nearer than the spacing, as rows Σ y ≤ 1 over sets that are all too near one another."""
    at = candidates[[CandidateFrame.easting, CandidateFrame.northing]].to_numpy(dtype=float)
    pairs = cKDTree(at).query_pairs(spacing_km * 1000 * (1 - 1e-12), output_type="ndarray")
    sets = _cover(pairs, len(at))
    if not sets:
        return []
    rows = np.repeat(np.arange(len(sets)), [len(members) for members in sets])
    members = sparse.csr_array((np.ones(len(rows)), (rows, np.concatenate(sets))), shape=(len(sets), len(at)))
    limits = (np.full(len(sets), -np.inf), np.ones(len(sets)))
    text = f"keep sites at least {spacing_km:g} km apart"
    return [Condition(text=text, members=members, least=limits[0], most=limits[1])]


def _cover(pairs: np.ndarray, count: int) -> list[np.ndarray]:
    """Sets of sites that are all paired with one another and together hold every pair."""
    near = np.zeros((count, count), dtype=bool)
    near[pairs[:, 0], pairs[:, 1]] = near[pairs[:, 1], pairs[:, 0]] = True
    left = near.copy()
    sets = []
    while left.any():
        first = int(np.argmax(left.sum(axis=1)))
        members = [first]
        common = near[first].copy()
        while common.any():
            # The one that brings most pairs which no set holds yet; those that bring none still tighten the row.
            best = int(np.argmax(np.where(common, left[:, members].sum(axis=1), -1)))
            members.append(best)
            common &= near[best]
        chosen = np.array(sorted(members))
        left[np.ix_(chosen, chosen)] = False
        sets.append(chosen)
    return sets


def texts(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """What was asked, a sentence each."""
    return tuple(condition.text[0].upper() + condition.text[1:] for condition in conditions)
