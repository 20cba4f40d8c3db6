"""Demand of each PCN for each pathway, in course places, and the ceiling its link workers set.

eligible → target referrals = eligible × referral share → starts = referrals × uptake → whole course places.
One person may be on several registers; the ceiling, not the sum of eligible people, limits who is served.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ._ceilings import assume_ceilings, estimate_ceilings
from .config import EligibleParams, PathwayParams
from .schema import (
    AgeShareFrame,
    CapFrame,
    DemandFrame,
    LinkShareFrame,
    ListSizeFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
    PracticeFrame,
    PrevalenceFrame,
    ReachFrame,
)
from .schema.words import LIST_SEPARATOR
from .validate import hold_total

__all__ = [
    "ADULT_AGE", "assume_ceilings", "bound_places", "build_ages", "build_pathways", "count_aged", "estimate_ceilings",
    "estimate_demand", "floor_places", "share_places",
]  # fmt: skip

ADULT_AGE = 18
"""From this age the pathway takes people; OHID's indicator 93015 counts from 19, and 18-year-olds get its share too."""
_LINK_KEYS = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
_LINK_TEXT = (*_LINK_KEYS, CapFrame.catchment, CapFrame.alike)


def build_pathways(pathways: Mapping[str, PathwayParams]) -> pd.DataFrame:
    """The catalogue as a `PathwayFrame`, sorted by id."""
    rows = [
        {
            PathwayFrame.pathway_id: key,
            PathwayFrame.pathway_name: p.name,
            PathwayFrame.weeks: p.weeks,
            PathwayFrame.sessions_per_week: p.sessions_per_week,
            PathwayFrame.session_hours: p.session_hours,
            PathwayFrame.course_hours: p.course_hours,
            PathwayFrame.venue_types: LIST_SEPARATOR.join(p.venue_types),
            PathwayFrame.roles: LIST_SEPARATOR.join(p.roles),
            # Those who may take part and those who are counted as eligible: both limits hold.
            PathwayFrame.age_min: float(max(p.age_min, p.eligible.age_min or 0)),
            PathwayFrame.age_max: float(min(p.age_max, p.eligible.age_max)),
            PathwayFrame.referral_share: p.referral_share,
            PathwayFrame.uptake_share: p.uptake_share,
            PathwayFrame.completion_share: p.completion_share,
            PathwayFrame.group_size: p.group_size,
        }
        for key, p in sorted(pathways.items())
    ]
    return pd.DataFrame(rows, columns=list(PathwayFrame.to_schema().columns))


def build_ages(practices: pd.DataFrame, list_sizes: pd.DataFrame) -> pd.DataFrame:
    """Patients of each PCN by five-year band: `AgeShareFrame`, sorted."""
    pcn_of = practices.dropna(subset=[PracticeFrame.pcn_code])[[PracticeFrame.practice_code, PracticeFrame.pcn_code]]
    joined = list_sizes.merge(pcn_of, on=PracticeFrame.practice_code, how="inner", validate="many_to_one")
    keys = [AgeShareFrame.pcn_code, AgeShareFrame.age_from, AgeShareFrame.age_to]
    ages = joined.groupby(keys)[ListSizeFrame.patients].sum().reset_index()
    ours = list_sizes[list_sizes[ListSizeFrame.practice_code].isin(pcn_of[PracticeFrame.practice_code])]
    hold_total("patients by PCN and age", ours[ListSizeFrame.patients].sum(), ages[AgeShareFrame.patients].sum())
    return ages


def count_aged(ages: pd.DataFrame, age_min: float, age_max: float) -> pd.Series:
    """
    Patients of each PCN aged `age_min` to `age_max`, both included.

    A band that is only partly inside counts in proportion to its years.

    Returns
    -------
    patients
        Indexed by `pcn_code`.
    """
    lower = ages[AgeShareFrame.age_from].clip(lower=age_min)
    upper = ages[AgeShareFrame.age_to].clip(upper=age_max)
    years = ages[AgeShareFrame.age_to] - ages[AgeShareFrame.age_from] + 1
    inside = ((upper - lower + 1) / years).clip(0, 1)
    return (ages[AgeShareFrame.patients] * inside).groupby(ages[AgeShareFrame.pcn_code]).sum()


def estimate_demand(
    pathways: Mapping[str, PathwayParams],
    need: pd.DataFrame,
    ages: pd.DataFrame,
    prevalence: pd.DataFrame | None,
) -> tuple[pd.DataFrame, list[str]]:
    """
    Demand of each PCN for each pathway.

    Parameters
    ----------
    pathways
        The catalogue, by id.
    need, ages, prevalence
        `NeedFrame`, `AgeShareFrame`, `PrevalenceFrame` (or `None`: register pathways then have no demand).

    Returns
    -------
    demand, notes
        `DemandFrame`, one row a (PCN, pathway), sorted; plain sentences on what was missing.
    """
    pcns = pd.Index(need[NeedFrame.pcn_code].sort_values(), name=DemandFrame.pcn_code)
    notes: list[str] = []
    parts = []
    for pathway_id, pathway in sorted(pathways.items()):
        eligible = _eligible(pathway.eligible, need, ages, prevalence).reindex(pcns).fillna(0.0)
        notes += _gaps(pathway, need, prevalence)
        referrals = eligible * pathway.referral_share
        starts = referrals * pathway.uptake_share
        parts.append(
            pd.DataFrame(
                {
                    DemandFrame.pcn_code: pcns,
                    DemandFrame.pathway_id: pathway_id,
                    DemandFrame.eligible_patients: eligible.to_numpy(),
                    DemandFrame.target_referrals: referrals.to_numpy(),
                    DemandFrame.starts: starts.to_numpy(),
                    # A plan is in whole places: the nearest whole number, so that no PCN gains or loses more than half.
                    DemandFrame.demand_places: np.floor(starts.to_numpy() + 0.5).astype("int64"),
                }
            )
        )
    demand = pd.concat(parts)
    return demand.sort_values([DemandFrame.pcn_code, DemandFrame.pathway_id], ignore_index=True), notes


def _eligible(
    ways: EligibleParams, need: pd.DataFrame, ages: pd.DataFrame, prevalence: pd.DataFrame | None
) -> pd.Series:
    """People who could be referred, by PCN; nobody where the data for it was not given, which `_gaps` tells."""
    if ways.registers:
        if prevalence is None:
            return pd.Series(dtype=float)
        on = prevalence[prevalence[PrevalenceFrame.condition_code].isin(ways.registers)]
        return on.groupby(PrevalenceFrame.pcn_code)[PrevalenceFrame.register_patients].sum()
    if ways.inactive:
        keyed = need.set_index(NeedFrame.pcn_code)
        share = keyed[NeedFrame.inactive_share]
        if share.isna().all():
            return pd.Series(0.0, index=keyed.index)
        # A PCN whose local authority has no figure is taken at the patient-weighted mean of the others.
        known = share.notna()
        mean = np.average(share[known], weights=keyed.loc[known, NeedFrame.patients])
        return count_aged(ages, ADULT_AGE, 120) * share.fillna(mean)
    return count_aged(ages, ways.age_min or 0, ways.age_max)


def _gaps(pathway: PathwayParams, need: pd.DataFrame, prevalence: pd.DataFrame | None) -> list[str]:
    """What the data lacks to count those eligible for a pathway, in words."""
    ways, name = pathway.eligible, pathway.name
    if ways.registers and prevalence is None:
        return [f"Demand: {name} counts people on QOF registers, and no QOF file was given; it has none."]
    if ways.registers:
        unknown = sorted(set(ways.registers) - set(prevalence[PrevalenceFrame.condition_code]))
        said = "counts people on registers that the QOF file does not have, which add nobody"
        return [f"Demand: {name} {said}: {', '.join(unknown)}."] if unknown else []
    unknown = int(need[NeedFrame.inactive_share].isna().sum()) if ways.inactive else 0
    if unknown == len(need) and unknown:
        return [f"Demand: {name} counts inactive adults, and no figures of inactivity were given; it has none."]
    if unknown:
        said = "PCNs with no figure of inactivity, for which the mean of the others stands"
        return [f"Demand: {name}: {said}: {unknown:,}."]
    return []


def bound_places(
    offers: pd.DataFrame,
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    pledges: pd.DataFrame,
    pathways: pd.DataFrame,
    ages: pd.DataFrame,
) -> pd.DataFrame:
    """
    The most places each offer can fill in each PCN: ⌊reach share × age share × demand⌋.

    The age share is the part of the PCN's patients of the pathway's ages who are of the pledge's ages too: a stand-in,
    since registers are not published by age.

    Parameters
    ----------
    offers, reach, demand
        `OfferFrame`, `ReachFrame`, `DemandFrame`.
    pledges, pathways, ages
        `PledgeFrame`, `PathwayFrame`, `AgeShareFrame`.

    Returns
    -------
    caps
        `CapFrame`, sorted by pledge, pathway and PCN; absent means no place.
    """
    return floor_places(share_places(offers, reach, pledges=pledges, pathways=pathways, ages=ages), demand)


def share_places(
    offers: pd.DataFrame, reach: pd.DataFrame, *, pledges: pd.DataFrame, pathways: pd.DataFrame, ages: pd.DataFrame
) -> pd.DataFrame:
    """
    The part of `bound_places` that does not look at demand: the share of it that each offer can serve in each PCN.

    Returns
    -------
    shares
        `LinkShareFrame`, sorted by pledge, pathway and PCN.
    """
    limits = [PledgeFrame.age_min, PledgeFrame.age_max]
    rows = offers[[OfferFrame.pledge_id, OfferFrame.pathway_id]].merge(
        pledges[[PledgeFrame.pledge_id, *limits]], on=OfferFrame.pledge_id, how="left", validate="many_to_one"
    )
    rows = rows.merge(reach, on=ReachFrame.pledge_id, how="inner", validate="many_to_many")
    rows[LinkShareFrame.near_share] = rows[ReachFrame.reach_share]
    rows[LinkShareFrame.place_share] = rows[ReachFrame.reach_share] * _age_share(rows, pathways, ages)
    rows[LinkShareFrame.alike] = _name_alike(rows, limits)
    shares = rows[list(LinkShareFrame.to_schema().columns)].astype(dict.fromkeys(_LINK_TEXT, "str"))
    return shares.sort_values(_LINK_KEYS, ignore_index=True)


def floor_places(shares: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """
    The other part: whole places of a demand.

    Parameters
    ----------
    shares, demand
        `LinkShareFrame`, `DemandFrame`.

    Returns
    -------
    caps
        `CapFrame`, in the order of `shares`; absent means no place.
    """
    cell = [DemandFrame.pcn_code, DemandFrame.pathway_id]
    rows = shares.merge(demand[[*cell, DemandFrame.demand_places]], on=cell, how="inner", validate="many_to_one")
    wanted = rows[DemandFrame.demand_places]
    # The hair keeps 0.3 × 10 from being told as 2.
    rows[CapFrame.cap_places] = np.floor(rows[LinkShareFrame.place_share] * wanted + 1e-9).astype("int64")
    rows[CapFrame.near_places] = np.floor(rows[LinkShareFrame.near_share] * wanted + 1e-9).astype("int64")
    caps = rows.loc[rows[CapFrame.cap_places] >= 1, list(CapFrame.to_schema().columns)]
    return caps.reset_index(drop=True)


def _name_alike(rows: pd.DataFrame, limits: list[str]) -> pd.Series:
    """The people each row reaches, by facility, reach and ages; missing where the whole PCN is served."""
    told = [rows[column].astype("str").fillna("") for column in (ReachFrame.reach_share, *limits)]
    return rows[ReachFrame.catchment] + " " + told[0] + " " + told[1] + "-" + told[2]


def _age_share(rows: pd.DataFrame, pathways: pd.DataFrame, ages: pd.DataFrame) -> np.ndarray:
    """For each row the share of the pathway's age range that the pledge's own ages cover in that PCN."""
    share = np.ones(len(rows))
    limited = (rows[PledgeFrame.age_min].notna() | rows[PledgeFrame.age_max].notna()).to_numpy()
    ranges = pathways.set_index(PathwayFrame.pathway_id)
    keys = [DemandFrame.pathway_id, PledgeFrame.age_min, PledgeFrame.age_max]
    for (pathway, lower, upper), group in rows[limited].groupby(keys, dropna=False):
        youngest, oldest = ranges.at[pathway, PathwayFrame.age_min], ranges.at[pathway, PathwayFrame.age_max]
        whole = count_aged(ages, youngest, oldest)
        both = count_aged(ages, np.nanmax([lower, youngest]), np.nanmin([upper, oldest]))
        part = (both / whole).where(whole > 0, 0.0)
        share[rows.index.get_indexer(group.index)] = part.reindex(group[DemandFrame.pcn_code]).fillna(0.0)
    return share
