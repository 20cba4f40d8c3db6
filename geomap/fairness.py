"""How fairly a plan serves: coverage by deprivation, Core20, the worst covered, and what evening out costs.

Coverage is places given over places wanted. The Lorenz curve adds up both, the worst-covered PCN first; the Gini
coefficient and the coverage of the worst-covered tenth are read from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .schema import AllocationFrame, CapFrame, CeilingFrame, DemandFrame, FairnessFrame, NeedFrame, PathwayFrame
from .schema.words import FAIRNESS_MEASURES, FIFTHS

REACHABLE, CANNOT_REFER, OUT_OF_REACH = "reachable", "cannot refer", "out of reach"
ALL, REPORTED, UNKNOWN = "all", "reported", "unknown"
WORST_PCN, WORST_TENTH, GINI = "worst PCN", "worst tenth", "Gini"
TENTH = 0.1
PER_PATIENTS = 10_000
FEWEST_TO_CORRELATE = 3
"""Two PCNs always lie on a line."""

_HAIR = 1e-9
_PCN = NeedFrame.pcn_code
_Figures = dict[tuple[str, str], float]
"""(measure, group) → figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessPeople:
    """Who the plan is for, and whom it could serve: the tables of one run."""

    need: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    caps: pd.DataFrame


def core20_weights(need: pd.DataFrame) -> tuple[float, pd.Series]:
    """
    The Core20 share of need, and of each PCN's patients.

    Share of need = Σ patients × need index × Core20 share ÷ Σ patients × need index, over the PCNs whose Core20 share
    is known. Completions are held against it over the same PCNs.

    Parameters
    ----------
    need
        `NeedFrame` of the PCNs of the run.

    Returns
    -------
    need_share, core20_share
        0 to 1, missing (NaN) where no PCN has both a Core20 share and need; and by PCN code, sorted, missing where it
        is not known.
    """
    keyed = need.set_index(_PCN).sort_index()
    share = keyed[NeedFrame.core20_share].astype("float64")
    weight = (keyed[NeedFrame.patients] * keyed[NeedFrame.need_index]).where(share.notna(), 0.0)
    return _ratio(float((weight * share).sum()), float(weight.sum())), share


def tell_standing(people: FairnessPeople) -> pd.Series:
    """
    Whether a plan could give a PCN any place at all.

    Returns
    -------
    standing
        By PCN code, sorted, of the PCNs that want a place: `reachable` (some compatible hour can reach it and its link
        workers can refer enough people for one place), `cannot refer` (reached, but they cannot), `out of reach`.
    """
    wanted = people.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum()
    pcns = wanted.index[wanted > 0]
    uptake = people.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    referrals = people.caps[CapFrame.pathway_id].map(1 / uptake).astype("float64")
    fewest = referrals.groupby(people.caps[CapFrame.pcn_code]).min().reindex(pcns)
    ceiling = people.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals].reindex(pcns)
    standing = np.select([fewest.isna(), fewest > ceiling + _HAIR], [OUT_OF_REACH, CANNOT_REFER], REACHABLE)
    return pd.Series(standing, index=pcns, dtype="str")


def measure_fairness(before: pd.DataFrame, after: pd.DataFrame, people: FairnessPeople) -> pd.DataFrame:
    """
    Measure the fairness of a plan against that of the plan it was evened out from.

    Parameters
    ----------
    before
        `AllocationFrame` of the plan with the most need-weighted completions, before fairness counted.
    after
        `AllocationFrame` of the plan itself; the same as `before` where nothing was evened out.
    people
        The tables both were planned from.

    Returns
    -------
    fairness
        `FairnessFrame`, in the order of `FAIRNESS_MEASURES`; every group stands in it, whether or not it can be told.
        Prices stand under `after` alone; what does not depend on the plan is the same under both.
    """
    standing = tell_standing(people)
    first, last = (_measure_plan(plan, people, standing) for plan in (before, after))
    fixed = {("core20_need", ALL): core20_weights(people.need)[0], **_measure_link_workers(people)}
    prices = _price_points(first, last)
    first, last = {**first, **fixed, **dict.fromkeys(prices, math.nan)}, {**last, **fixed, **prices}
    keys = sorted(last, key=lambda key: list(FAIRNESS_MEASURES).index(key[0]))
    frame = pd.DataFrame(
        {
            FairnessFrame.measure: [measure for measure, _ in keys],
            FairnessFrame.group: [group for _, group in keys],
            FairnessFrame.unit: [FAIRNESS_MEASURES[measure] for measure, _ in keys],
            FairnessFrame.before: [first[key] for key in keys],
            FairnessFrame.after: [last[key] for key in keys],
        }
    )
    kinds = {FairnessFrame.before: "float64", FairnessFrame.after: "float64"}
    return frame.astype({**dict.fromkeys(frame.columns, "str"), **kinds})


def _measure_plan(allocation: pd.DataFrame, people: FairnessPeople, standing: pd.Series) -> _Figures:
    """What can be told of one plan."""
    pcns = standing.index
    demand = people.demand.groupby(DemandFrame.pcn_code)[DemandFrame.demand_places].sum().reindex(pcns)
    # Places are added up while they are whole, so that the order of rows cannot move a figure by a hair.
    by_pathway = allocation.groupby([AllocationFrame.pcn_code, AllocationFrame.pathway_id])[AllocationFrame.places]
    places = by_pathway.sum().unstack(fill_value=0).reindex(pcns, fill_value=0)
    completion = people.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    completions = (places * completion.reindex(places.columns)).sum(axis=1)
    given = places.sum(axis=1)
    need = people.need.set_index(_PCN).reindex(pcns)
    within = standing.eq(REACHABLE)
    figures: _Figures = {
        ("people", ALL): float(given.sum()),
        ("need_weighted_completions", ALL): float((completions * need[NeedFrame.weight]).sum()),
        ("gini_coverage", ALL): gini(given, demand),
        ("gini_coverage", REACHABLE): gini(given[within], demand[within]),
        ("worst_coverage", WORST_PCN): float((given / demand)[within].min()),
        ("worst_coverage", WORST_TENTH): cover_worst(given[within], demand[within], TENTH),
    }
    for group in (REACHABLE, CANNOT_REFER, OUT_OF_REACH):
        figures["pcns_with_nothing", group] = float((standing.eq(group) & given.eq(0)).sum())
    fifth = need[NeedFrame.deprivation_fifth].map(lambda number: f"{number:.0f}", na_action="ignore")
    fifth = fifth.astype("str").fillna(UNKNOWN)
    for group in (*FIFTHS, UNKNOWN):
        there = fifth.eq(group)
        figures["coverage_by_fifth", group] = _ratio(float(given[there].sum()), float(demand[there].sum()))
    need_share, core20 = core20_weights(people.need)
    core20 = core20.reindex(pcns)
    counted = completions.where(core20.notna(), 0.0)
    share = _ratio(float((counted * core20).sum()), float(counted.sum()))
    figures["core20_completions", ALL] = share
    figures["core20_shortfall", ALL] = math.nan if math.isnan(share - need_share) else max(need_share - share, 0.0)
    return figures


def gini(given: pd.Series, wanted: pd.Series) -> float:
    """
    Gini coefficient of coverage over PCNs, each counting by the places it wants.

    Parameters
    ----------
    given, wanted
        Places by PCN, same index; what is wanted is above 0.

    Returns
    -------
    gini
        0 where all are covered alike, towards 1 where few have all; missing (NaN) where nobody is given anything.
    """
    cumulative_wanted, cumulative_given = _lorenz(given, wanted)
    whole = cumulative_wanted[-1] * cumulative_given[-1]
    twice_below = (np.diff(cumulative_wanted) * (cumulative_given[1:] + cumulative_given[:-1])).sum()
    return max(1.0 - float(twice_below / whole), 0.0) if whole > 0 else math.nan


def cover_worst(given: pd.Series, wanted: pd.Series, part: float) -> float:
    """
    Coverage of the worst-covered part of the places wanted; the PCN on its edge counts with what falls within.

    Parameters
    ----------
    given, wanted
        Places by PCN, same index; what is wanted is above 0.
    part
        Above 0 to 1.

    Returns
    -------
    coverage
        0 to 1; missing (NaN) where there is no PCN.
    """
    cumulative_wanted, cumulative_given = _lorenz(given, wanted)
    edge = part * cumulative_wanted[-1]
    return _ratio(float(np.interp(edge, cumulative_wanted, cumulative_given)), float(edge))


def _lorenz(given: pd.Series, wanted: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Running totals of the places wanted and given, from nothing, the worst-covered PCN first."""
    order = np.argsort((given / wanted).to_numpy(), kind="stable")
    totals = (np.concatenate([[0.0], places.to_numpy(dtype=float)[order].cumsum()]) for places in (wanted, given))
    return tuple(totals)


def _price_points(before: _Figures, after: _Figures) -> _Figures:
    """Need-weighted completions given up for each point gained; missing where nothing was gained or given up."""
    given_up = before["need_weighted_completions", ALL] - after["need_weighted_completions", ALL]
    gains = {name: after["worst_coverage", name] - before["worst_coverage", name] for name in (WORST_PCN, WORST_TENTH)}
    gains[GINI] = before["gini_coverage", REACHABLE] - after["gini_coverage", REACHABLE]
    return {
        ("price_per_point", name): given_up / (100 * gain) if given_up > _HAIR and gain > _HAIR else math.nan
        for name, gain in gains.items()
    }


def _measure_link_workers(people: FairnessPeople) -> _Figures:
    """Whether link workers are where need is: over the PCNs that reported theirs, fifths of need over all."""
    need = people.need.set_index(_PCN).sort_index()
    need = need[need[NeedFrame.patients] > 0]
    ceilings = people.ceilings.set_index(CeilingFrame.pcn_code).reindex(need.index)
    patients, index = need[NeedFrame.patients], need[NeedFrame.need_index]
    by_need = patients.groupby(index).sum().sort_index(ascending=False)
    middle = (by_need.cumsum() - by_need / 2) / by_need.sum()
    fifth = index.map(np.floor(middle * len(FIFTHS)) + 1)
    reported = ceilings[CeilingFrame.fte_basis].eq("reported")
    fte, patients = ceilings.loc[reported, CeilingFrame.link_worker_fte], patients[reported]
    figures: _Figures = {("need_against_fte", REPORTED): _rank_correlation(index[reported], fte / patients)}
    for group in FIFTHS:
        there = fifth[reported].eq(float(group))
        per_patient = _ratio(float(fte[there].sum()), float(patients[there].sum()))
        figures["fte_by_need_fifth", group] = PER_PATIENTS * per_patient
    return figures


def _rank_correlation(one: pd.Series, other: pd.Series) -> float:
    """Spearman's: each PCN counts once, ties share their mean rank; missing where either does not vary."""
    if len(one) < FEWEST_TO_CORRELATE or one.nunique() < 2 or other.nunique() < 2:
        return math.nan
    return float(one.rank().corr(other.rank()))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
