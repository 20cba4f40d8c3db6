"""Need of each PCN: indicators, their patient-weighted percentiles, one index, Core20.

Index = weighted mean of percentiles (0–1, higher is more need) of the IMD score, inactivity, long-term-condition
ratio and share aged 65 and over. Every component stays in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._own_need import OwnNeed, measure_own
from .config import NeedParams
from .schema import (
    InactivityFrame,
    ListSizeFrame,
    LsoaDeprivationFrame,
    LsoaListFrame,
    NeedFrame,
    PostcodeFrame,
    PracticeDeprivationFrame,
    PracticeFrame,
    PrevalenceFrame,
    RegisterFrame,
)
from .validate import hold_total

CORE20_SHARE = 0.2
"""Core20: the most deprived fifth (NHS England, Core20PLUS5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSources:
    """The tables need is built from; what is not given is `None` and its weight goes to the others."""

    practices: pd.DataFrame
    list_sizes: pd.DataFrame
    registers: pd.DataFrame | None = None
    practice_deprivation: pd.DataFrame | None = None
    inactivity: pd.DataFrame | None = None
    practice_lads: pd.DataFrame | None = None
    """`practice_code`, `lad_code`: the local authority each practice stands in."""
    lsoa_lists: pd.DataFrame | None = None
    lsoa_deprivation: pd.DataFrame | None = None
    own_values: pd.DataFrame | None = None
    """`OwnValueFrame`: the planner's own indicators."""


def weighted_percentile(values: pd.Series, weights: pd.Series) -> pd.Series:
    """
    Share of the weight that lies below each value, counting half of the weight tied with it.

    Parameters
    ----------
    values, weights
        Same index; missing values stay missing and carry no weight.

    Returns
    -------
    percentile
        Same index, between 0 and 1; the weighted mean is one half.
    """
    known = values.notna() & weights.gt(0)
    by_value = weights[known].groupby(values[known]).sum().sort_index()
    if by_value.empty:
        return pd.Series(np.nan, index=values.index)
    middle = (by_value.cumsum() - by_value / 2) / by_value.sum()
    return values.map(middle).where(known)


def estimate_need(sources: NeedSources, params: NeedParams) -> tuple[pd.DataFrame, list[str]]:
    """
    Build the need index over all PCNs of the practice map.

    Parameters
    ----------
    sources
        The tables at hand.
    params
        Weights, conditions, and how much need counts in the match.

    Returns
    -------
    need, notes
        `NeedFrame`, one row a PCN sorted by code; plain sentences on what was missing.

    Raises
    ------
    ConfigError
        The scenario gives a weight to an indicator of the planner's own that is not there.
    """
    practice = _practice_table(sources)
    pcn = practice[PracticeFrame.pcn_code]
    patients = practice["patients"].groupby(pcn).sum()
    listed = sources.list_sizes[sources.list_sizes[ListSizeFrame.practice_code].isin(practice.index)]
    hold_total("patients by PCN", listed[ListSizeFrame.patients].sum(), patients.sum())
    values = {
        "imd": _mean_by(practice, "imd_score"),
        "inactivity": _mean_by(practice, "inactive_share"),
        "long_term": _long_term_ratio(sources, params).reindex(patients.index),
        "aged_65": practice["aged_65"].groupby(pcn).sum() / patients,
    }
    own = _own_need(sources, params, patients)
    percentiles = pd.DataFrame({name: weighted_percentile(v, patients) for name, v in values.items()})
    percentiles["own"] = own.percentile
    index, notes = _index(percentiles, pd.Series(params.all_weights, dtype=float))
    notes += own.notes
    core20, basis, told = _core20(sources, practice, patients)
    notes += [*_unknown_conditions(sources, params), *told]
    need = pd.DataFrame(
        {
            NeedFrame.pcn_code: patients.index,
            NeedFrame.patients: patients,
            NeedFrame.imd_score: values["imd"],
            NeedFrame.inactive_share: values["inactivity"],
            NeedFrame.long_term_ratio: values["long_term"],
            NeedFrame.aged_65_share: values["aged_65"],
            NeedFrame.imd_percentile: percentiles["imd"],
            NeedFrame.inactive_percentile: percentiles["inactivity"],
            NeedFrame.long_term_percentile: percentiles["long_term"],
            NeedFrame.aged_65_percentile: percentiles["aged_65"],
            NeedFrame.own_percentile: percentiles["own"],
            NeedFrame.need_index: index,
            NeedFrame.weight: params.weight_floor + params.weight_span * index,
            NeedFrame.core20_share: core20,
            NeedFrame.core20_basis: basis,
            NeedFrame.deprivation_fifth: np.ceil((1 - percentiles["imd"]) * 5).clip(1, 5),
        }
    )
    return need.reset_index(drop=True), notes


def list_own_indicators(sources: NeedSources, params: NeedParams) -> pd.DataFrame:
    """
    The planner's own indicators as they enter need: `IndicatorFrame`, for every PCN of the practice map.

    Raises
    ------
    ConfigError
        The scenario gives a weight to an indicator that is not there.
    """
    practice = _practice_table(sources)
    return _own_need(sources, params, practice["patients"].groupby(practice[PracticeFrame.pcn_code]).sum()).rows


def _own_need(sources: NeedSources, params: NeedParams, patients: pd.Series) -> OwnNeed:
    total = sum(params.all_weights.values())
    return measure_own(sources.own_values, params.own, patients, all_weights=total, rank=weighted_percentile)


def estimate_prevalence(practices: pd.DataFrame, registers: pd.DataFrame) -> pd.DataFrame:
    """
    Prevalence of each condition in each PCN: Σ register / Σ that condition's own denominator.

    Returns
    -------
    prevalence
        `PrevalenceFrame`, sorted by PCN and condition.
    """
    pcn_of = practices.dropna(subset=[PracticeFrame.pcn_code])[[PracticeFrame.practice_code, PracticeFrame.pcn_code]]
    joined = registers.merge(pcn_of, on=PracticeFrame.practice_code, how="inner", validate="many_to_one")
    counts = [RegisterFrame.register_patients, RegisterFrame.denominator_patients]
    sums = joined.groupby([PracticeFrame.pcn_code, RegisterFrame.condition_code])[counts].sum().reset_index()
    ours = registers[registers[PracticeFrame.practice_code].isin(pcn_of[PracticeFrame.practice_code])]
    for count in counts:
        hold_total("people on registers by PCN", ours[count].sum(), sums[count].sum())
    share = sums[RegisterFrame.register_patients] / sums[RegisterFrame.denominator_patients]
    sums[PrevalenceFrame.prevalence_share] = share.where(sums[RegisterFrame.denominator_patients] > 0, 0.0)
    return sums[list(PrevalenceFrame.to_schema().columns)]


_WORDS = {
    "imd": "deprivation",
    "inactivity": "inactivity",
    "long_term": "long-term conditions",
    "aged_65": "the share aged 65 and over",
    "own": "indicators of your own",
}


def _index(percentiles: pd.DataFrame, weights: pd.Series) -> tuple[pd.Series, list[str]]:
    """Weighted mean of the percentiles each PCN has; what was missing, in words."""
    weights = weights[percentiles.columns]
    known = percentiles.notna()
    index = (percentiles.fillna(0) * weights).sum(axis=1) / (known * weights).sum(axis=1)
    notes = []
    for name in weights.index[weights > 0]:
        without = int((~known[name] & index.notna()).sum())
        if not known[name].any():
            notes.append(f"Need: no data for {_WORDS[name]}; its weight is spread over the other indicators.")
        elif without:
            notes.append(
                f"Need: PCNs without data for {_WORDS[name]}: {without:,}; its weight is spread over their others."
            )
    if index.isna().any():
        notes.append(f"Need: PCNs with none of the indicators: {index.isna().sum():,}; they stand in the middle (0.5).")
    return index.fillna(0.5).clip(0, 1), notes


def _unknown_conditions(sources: NeedSources, params: NeedParams) -> list[str]:
    """A note where the QOF file has no register of a condition asked for."""
    if sources.registers is None:
        return []
    unknown = set(params.conditions) - set(sources.registers[RegisterFrame.condition_code])
    if not unknown:
        return []
    told = ", ".join(sorted(unknown))
    return [f"Need: the QOF file has no register of {told}; long-term conditions are told from the others."]


def _practice_table(sources: NeedSources) -> pd.DataFrame:
    """Practices in a PCN, indexed by code, with patients, patients aged 65+, IMD score, inactive share."""
    code = PracticeFrame.practice_code
    table = sources.practices.dropna(subset=[PracticeFrame.pcn_code])[[code, PracticeFrame.pcn_code]].set_index(code)
    lists = sources.list_sizes
    table["patients"] = lists.groupby(code)[ListSizeFrame.patients].sum().reindex(table.index).fillna(0).astype("int64")
    older = lists[lists[ListSizeFrame.age_from] >= 65]
    table["aged_65"] = older.groupby(code)[ListSizeFrame.patients].sum().reindex(table.index).fillna(0)
    table["imd_score"] = np.nan
    if sources.practice_deprivation is not None:
        scores = sources.practice_deprivation.set_index(code)[PracticeDeprivationFrame.imd_score]
        table["imd_score"] = scores.reindex(table.index)
    table["inactive_share"] = np.nan
    if sources.inactivity is not None and sources.practice_lads is not None:
        lads = sources.practice_lads.set_index(code)[PostcodeFrame.lad_code].reindex(table.index)
        shares = sources.inactivity.set_index(InactivityFrame.lad_code)[InactivityFrame.inactive_share]
        table["inactive_share"] = lads.map(shares)
    return table


def _mean_by(practice: pd.DataFrame, column: str) -> pd.Series:
    """Patient-weighted mean over the PCN's practices that have a value; missing where none has."""
    known = practice[column].notna()
    weight = practice["patients"].where(known, 0)
    pcn = practice[PracticeFrame.pcn_code]
    total = weight.groupby(pcn).sum()
    return ((practice[column].fillna(0) * weight).groupby(pcn).sum() / total).where(total > 0)


def _long_term_ratio(sources: NeedSources, params: NeedParams) -> pd.Series:
    """Mean over the conditions of prevalence in the PCN ÷ prevalence over all PCNs."""
    if sources.registers is None:
        return pd.Series(dtype=float)
    prevalence = estimate_prevalence(sources.practices, sources.registers)
    chosen = prevalence[prevalence[PrevalenceFrame.condition_code].isin(params.conditions)]
    whole = chosen.groupby(PrevalenceFrame.condition_code)[
        [PrevalenceFrame.register_patients, PrevalenceFrame.denominator_patients]
    ].sum()
    rate = whole[PrevalenceFrame.register_patients] / whole[PrevalenceFrame.denominator_patients]
    ratio = chosen[PrevalenceFrame.prevalence_share] / chosen[PrevalenceFrame.condition_code].map(rate)
    known = chosen[PrevalenceFrame.denominator_patients] > 0
    return ratio[known].groupby(chosen[PrevalenceFrame.pcn_code]).mean()


def _core20(
    sources: NeedSources, practice: pd.DataFrame, patients: pd.Series
) -> tuple[pd.Series, str, list[str]]:
    """Share of each PCN's patients in the most deprived fifth, what it was told from, and what to say of that."""
    pcn = practice[PracticeFrame.pcn_code]
    notes = []
    if sources.lsoa_lists is not None and sources.lsoa_deprivation is not None:
        share, lost_share = _core20_by_lsoa(sources.lsoa_lists, sources.lsoa_deprivation, pcn)
        if lost_share:
            notes.append(
                f"Core20: {lost_share:.1%} of the patients registered by LSOA live in areas that the deprivation file "
                "does not have; the two may be of another census year. They count in no share."
            )
        if share.notna().any():
            return share.reindex(patients.index), "lsoa", notes
    if practice["imd_score"].isna().all():
        return pd.Series(np.nan, index=patients.index), "unknown", notes
    percentile = weighted_percentile(practice["imd_score"], practice["patients"])
    deprived = practice["patients"].where(percentile >= 1 - CORE20_SHARE, 0)
    known = practice["patients"].where(percentile.notna(), 0).groupby(pcn).sum()
    notes.append(
        "Core20 is told from the practices' own IMD scores (the most deprived fifth of patients by practice), "
        f"since {'the registrations by LSOA cannot be used' if notes else 'no registrations by LSOA were given'}."
    )
    return (deprived.groupby(pcn).sum() / known).where(known > 0), "practice_score", notes


def _core20_by_lsoa(lists: pd.DataFrame, deprivation: pd.DataFrame, pcn: pd.Series) -> tuple[pd.Series, float]:
    """Share by PCN among patients whose LSOA has a decile, and the share of patients whose LSOA has none."""
    patients = LsoaListFrame.patients
    lists = lists.assign(pcn=lists[LsoaListFrame.practice_code].map(pcn)).dropna(subset=["pcn"])
    placed = lists.merge(deprivation, on=LsoaListFrame.lsoa_code, how="inner", validate="many_to_one")
    deprived = placed[patients].where(placed[LsoaDeprivationFrame.imd_decile] <= 10 * CORE20_SHARE, 0)
    known = placed.groupby("pcn")[patients].sum()
    everybody = lists[patients].sum()
    lost_share = 1 - placed[patients].sum() / everybody if everybody else 0.0
    return (deprived.groupby(placed["pcn"]).sum() / known).where(known > 0), lost_share
