"""Need of each PCN: indicators, their patient-weighted percentiles, one index, Core20.

Index = weighted mean of percentiles (0–1, higher is more need) of the IMD score, inactivity, long-term-condition
ratio and share aged 65 and over. Every component stays in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

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
    """
    practice = _practice_table(sources)
    pcn = practice[PracticeFrame.pcn_code]
    patients = practice["patients"].groupby(pcn).sum()
    notes: list[str] = []
    values = {
        "imd": _mean_by(practice, "imd_score"),
        "inactivity": _mean_by(practice, "inactive_share"),
        "long_term": _long_term_ratio(sources, params).reindex(patients.index),
        "aged_65": practice["aged_65"].groupby(pcn).sum() / patients,
    }
    percentiles = pd.DataFrame({name: weighted_percentile(v, patients) for name, v in values.items()})
    weights = pd.Series(params.weights.model_dump())
    for name in percentiles.columns[percentiles.isna().all() & weights[percentiles.columns].gt(0)]:
        notes.append(f"Need: no data for {_WORDS[name]}; its weight is spread over the other indicators.")
    weighed = percentiles.notna() * weights[percentiles.columns]
    index = (percentiles.fillna(0) * weights[percentiles.columns]).sum(axis=1) / weighed.sum(axis=1)
    if index.isna().any():
        notes.append(f"Need: {index.isna().sum()} PCNs have no indicator at all and stand in the middle (0.5).")
    index = index.fillna(0.5).clip(0, 1)
    core20, basis = _core20(sources, practice, patients)
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
            NeedFrame.need_index: index,
            NeedFrame.weight: params.weight_floor + params.weight_span * index,
            NeedFrame.core20_share: core20,
            NeedFrame.core20_basis: basis,
            NeedFrame.deprivation_fifth: np.ceil((1 - percentiles["imd"]) * 5).clip(1, 5),
        }
    )
    if basis == "practice_score":
        notes.append(
            "Core20 is told from the practices' own IMD scores (the most deprived fifth of patients by practice), "
            "since no registrations by LSOA were given."
        )
    return need.reset_index(drop=True), notes


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
    share = sums[RegisterFrame.register_patients] / sums[RegisterFrame.denominator_patients]
    sums[PrevalenceFrame.prevalence_share] = share.where(sums[RegisterFrame.denominator_patients] > 0, 0.0)
    return sums[list(PrevalenceFrame.to_schema().columns)]


_WORDS = {
    "imd": "deprivation",
    "inactivity": "inactivity",
    "long_term": "long-term conditions",
    "aged_65": "the share aged 65 and over",
}


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


def _core20(sources: NeedSources, practice: pd.DataFrame, patients: pd.Series) -> tuple[pd.Series, str]:
    """Share of each PCN's patients in the most deprived fifth, and what it was told from."""
    pcn = practice[PracticeFrame.pcn_code]
    if sources.lsoa_lists is not None and sources.lsoa_deprivation is not None:
        lists = sources.lsoa_lists.merge(sources.lsoa_deprivation, on=LsoaListFrame.lsoa_code, validate="many_to_one")
        lists = lists.assign(pcn=lists[LsoaListFrame.practice_code].map(pcn)).dropna(subset=["pcn"])
        deprived = lists[lists[LsoaDeprivationFrame.imd_decile] <= 10 * CORE20_SHARE]
        known = lists.groupby("pcn")[LsoaListFrame.patients].sum().reindex(patients.index)
        share = deprived.groupby("pcn")[LsoaListFrame.patients].sum().reindex(patients.index).fillna(0) / known
        return share.where(known > 0), "lsoa"
    if practice["imd_score"].isna().all():
        return pd.Series(np.nan, index=patients.index), "unknown"
    percentile = weighted_percentile(practice["imd_score"], practice["patients"])
    deprived = practice["patients"].where(percentile >= 1 - CORE20_SHARE, 0)
    known = practice["patients"].where(percentile.notna(), 0).groupby(pcn).sum()
    return (deprived.groupby(pcn).sum() / known).where(known > 0), "practice_score"
