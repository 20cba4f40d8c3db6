"""The sites that could be chosen, with all that quotas count them by and comparators are found by.

A site is a PCN, an ICB or a group of PCNs. Of several PCNs patients and link workers add up, and need, deprivation,
ages and conditions are patient-weighted means over the PCNs of which they are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from .config import QuotaParams, SiteParams
from .errors import ConfigError
from .schema import (
    CandidateFrame,
    CapFrame,
    CeilingFrame,
    NeedFrame,
    OfferFrame,
    OperatorFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PopulationPointFrame,
)
from .schema.words import FIFTHS, LIST_SEPARATOR, OPERATOR_KINDS, RURALITIES
from .units import people_per_hour

NEAR_M = 5_000.0
"""How far around a patient density is measured."""
URBAN_DENSITY, TOWN_DENSITY = 1_500.0, 550.0
"""Patients per square kilometre within 5 km from which a site is urban, and from which it is a town; else it is rural.

The project's own rule: the official rural-urban classification goes by small areas and is not among the inputs. Over
England's PCNs of 2026, with patients placed at their practices, 17% of patients are rural, 27% of towns and 56% urban;
officially 17% of people live in rural settlements (2018; Rural England, Rural Facts and Figures).
"""
SHOWN_VALUES = 12
"""Values a quota may have that are told of when it has another."""

_SITE, _PCN, _PATIENTS = CandidateFrame.site_id, PcnResultFrame.pcn_code, NeedFrame.patients
_PLEDGE = PledgeFrame.pledge_id
_NAMED = {
    "region": (CandidateFrame.region_code, CandidateFrame.region_name),
    "icb": (CandidateFrame.icb_code, CandidateFrame.icb_name),
    "rurality": (CandidateFrame.rurality,),
}
_LISTED = {"operator_kind": CandidateFrame.operator_kinds, "pathway": CandidateFrame.pathways}
_MEANS = [
    NeedFrame.need_index, NeedFrame.imd_score, NeedFrame.aged_65_share, NeedFrame.long_term_ratio,
    NeedFrame.imd_percentile,
]  # fmt: skip
_UNITS = {"pcn": "PCNs", "icb": "ICBs", "group": "groups of PCNs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSources:
    """The tables of a run that candidates are made from."""

    pcns: pd.DataFrame
    """Of `assemble.list_pcns`, those of this run."""
    need: pd.DataFrame
    """`NeedFrame`, with a row for each of them."""
    ceilings: pd.DataFrame
    """`CeilingFrame`, with a row for each of them."""
    points: gpd.GeoDataFrame
    """`PopulationPointFrame` of every PCN of the map, so that density does not end at the border of a run."""
    offers: pd.DataFrame
    caps: pd.DataFrame
    """`CapFrame`: which offer can serve which PCN."""
    pledges: pd.DataFrame
    operators: pd.DataFrame
    pathways: pd.DataFrame


def build_candidates(sources: CandidateSources, params: SiteParams) -> tuple[pd.DataFrame, list[str]]:
    """
    List the sites that could be chosen.

    Parameters
    ----------
    sources
        The tables of the run.
    params
        What a site is, what it costs, and the ids and kinds that the planner names.

    Returns
    -------
    candidates, notes
        `CandidateFrame`, sorted by id; `hours_in_reach` are participant-hours of the pledges that can serve one of its
        PCNs on some pathway, each pledge once. And plain sentences on what to know of them.

    Raises
    ------
    ConfigError
        The planner names a PCN, a site or a kind that there is not; names all of them.
    """
    _check_named(sources, params)
    rows = _members(sources, params)
    site_of = rows.set_index(_PCN)[_SITE]
    sites = rows.groupby(_SITE)
    weight = _weights(rows[_PATIENTS], rows[_SITE])
    means = _means(rows[_MEANS], weight, rows[_SITE])
    frame = pd.DataFrame(
        {
            CandidateFrame.site_name: sites[CandidateFrame.site_name].first(),
            CandidateFrame.pcn_codes: sites[_PCN].agg(LIST_SEPARATOR.join),
            CandidateFrame.patients: sites[_PATIENTS].sum(),
            CandidateFrame.deprivation_fifth: _fifth(rows, means[NeedFrame.imd_percentile]),
            CandidateFrame.link_worker_fte: sites[CeilingFrame.link_worker_fte].sum(),
        }
    )
    frame = frame.join(means.drop(columns=NeedFrame.imd_percentile))
    frame = frame.join(_home(rows, PcnResultFrame.icb_code, PcnResultFrame.icb_name))
    frame = frame.join(_home(rows, PcnResultFrame.region_code, PcnResultFrame.region_name))
    frame = frame.join(_whereabouts(sources.points, site_of)).join(_supply(sources, site_of))
    frame[CandidateFrame.hours_in_reach] = frame[CandidateFrame.hours_in_reach].fillna(0.0)
    for column in _LISTED.values():
        frame[column] = frame[column].fillna("")
    frame[CandidateFrame.rurality] = tell_rurality(frame[CandidateFrame.density])
    frame[CandidateFrame.setup_cost] = [params.site_costs.get(site, params.site_cost) for site in frame.index]
    columns = {name: str(column.dtype) for name, column in CandidateFrame.to_schema().columns.items()}
    frame = frame.reset_index()[list(columns)].astype(columns)
    return frame, _notes(frame, sources, params)


def count_by(candidates: pd.DataFrame, by: str, value: str) -> np.ndarray:
    """
    Which candidates a quota counts.

    Parameters
    ----------
    candidates
        `CandidateFrame`.
    by, value
        One of `QUOTA_KINDS`, and one of its values: a region or an ICB by code or name, a word for rurality, a fifth
        (`1` is the most deprived), a kind of operator, a pathway.

    Returns
    -------
    counted
        True or false, in the order of the rows; an operator kind or a pathway counts where hours of it are in reach.
    """
    if by == "deprivation_fifth":
        return candidates[CandidateFrame.deprivation_fifth].eq(float(value)).to_numpy(dtype=bool)
    if by in _LISTED:
        cells = candidates[_LISTED[by]].str.split(LIST_SEPARATOR)
        return np.array([value in kinds for kinds in cells], dtype=bool)
    return candidates[list(_NAMED[by])].eq(value).any(axis=1).to_numpy(dtype=bool)


def tell_rurality(density: pd.Series) -> pd.Series:
    """One of `RURALITIES`, from patients per square kilometre within 5 km; same index."""
    urban, town, rural = RURALITIES
    told = np.select([density >= URBAN_DENSITY, density >= TOWN_DENSITY], [urban, town], rural)
    return pd.Series(told, index=density.index, dtype="str")


def measure_density(points: gpd.GeoDataFrame) -> np.ndarray:
    """
    Patients per square kilometre within 5 km of each point, in the order of the rows.

    Parameters
    ----------
    points
        `PopulationPointFrame`, metres.
    """
    spots = np.column_stack((points.geometry.x, points.geometry.y))
    # Several practices may share a building, and many share an LSOA: each place is looked at once.
    places, at = np.unique(spots, axis=0, return_inverse=True)
    patients = np.bincount(at, points[PopulationPointFrame.patients])
    one, other = cKDTree(places).query_pairs(NEAR_M, output_type="ndarray").T
    near = patients.copy()
    for here, there in ((one, other), (other, one)):
        near += np.bincount(here, patients[there], len(places))
    return (near / (np.pi * (NEAR_M / 1000) ** 2))[at]


def _members(sources: CandidateSources, params: SiteParams) -> pd.DataFrame:
    """One row a (site, PCN), sorted, with what is known of the PCN."""
    pcns = sources.pcns
    if params.unit == "pcn":
        site, name = pcns[_PCN], pcns[PcnResultFrame.pcn_name]
    elif params.unit == "icb":
        site, name = pcns[PcnResultFrame.icb_code], pcns[PcnResultFrame.icb_name]
    else:
        group_of = {code: group for group, codes in params.groups.items() for code in codes}
        site = name = pcns[_PCN].map(group_of)
    home = [
        _PCN, PcnResultFrame.icb_code, PcnResultFrame.icb_name, PcnResultFrame.region_code, PcnResultFrame.region_name,
    ]  # fmt: skip
    rows = pcns[home].assign(**{_SITE: site, CandidateFrame.site_name: name}).dropna(subset=[_SITE])
    known = sources.need[[_PCN, _PATIENTS, *_MEANS, NeedFrame.deprivation_fifth]]
    rows = rows.merge(known, on=_PCN, validate="one_to_one")
    rows = rows.merge(sources.ceilings[[_PCN, CeilingFrame.link_worker_fte]], on=_PCN, validate="one_to_one")
    return rows.sort_values([_SITE, _PCN], ignore_index=True)


def _weights(patients: pd.Series, by: pd.Series) -> pd.Series:
    """Patients; 1 each where a whole group has none."""
    return patients.astype("float64").where(patients.groupby(by).transform("sum") > 0, 1.0)


def _means(values: pd.DataFrame, weight: pd.Series, by: pd.Series) -> pd.DataFrame:
    """Weighted means of what is known, by group; missing where nothing is."""
    # Measured from the first value, so that the mean of one value, or of equal ones, is that value to the last digit.
    first = values.groupby(by).first()
    off = (values - first.loc[by].set_axis(values.index)).mul(weight, axis=0)
    known = values.notna().mul(weight, axis=0)
    return first + (off.groupby(by).sum() / known.groupby(by).sum()).fillna(0.0)


def _fifth(rows: pd.DataFrame, percentile: pd.Series) -> pd.Series:
    """The deprivation fifth of each site: a PCN's own; of several, that of their mean percentile."""
    sites = rows.groupby(_SITE)
    # As in the need index: 1 is the most deprived.
    told = np.ceil((1 - percentile) * len(FIFTHS)).clip(1, len(FIFTHS))
    return told.where(sites.size() > 1, sites[NeedFrame.deprivation_fifth].first())


def _home(rows: pd.DataFrame, code: str, name: str) -> pd.DataFrame:
    """By site, the code and name of where most of its patients are; the first by code among equals."""
    sums = rows.groupby([_SITE, code])[_PATIENTS].sum().reset_index()
    most = sums.sort_values([_SITE, _PATIENTS, code], ascending=[True, False, True]).drop_duplicates(_SITE)
    names = rows.drop_duplicates(code).set_index(code)[name]
    return most.assign(**{name: most[code].map(names)}).set_index(_SITE)[[code, name]]


def _whereabouts(points: gpd.GeoDataFrame, site_of: pd.Series) -> pd.DataFrame:
    """By site, the patient-weighted means of where its patients live and of the density around them."""
    points = points.sort_values([PopulationPointFrame.pcn_code, PopulationPointFrame.point_id], ignore_index=True)
    table = pd.DataFrame(
        {
            CandidateFrame.density: measure_density(points),
            CandidateFrame.easting: points.geometry.x,
            CandidateFrame.northing: points.geometry.y,
        }
    )
    site = points[PopulationPointFrame.pcn_code].map(site_of)
    mine = site.notna()
    weight = _weights(points.loc[mine, PopulationPointFrame.patients], site[mine])
    return _means(table[mine], weight, site[mine])


def _supply(sources: CandidateSources, site_of: pd.Series) -> pd.DataFrame:
    """By site that any hours reach: participant-hours, kinds of operators and pathways of those that can serve it."""
    pledges = sources.pledges.set_index(_PLEDGE)
    pool = sources.offers.drop_duplicates(_PLEDGE).set_index(_PLEDGE)[OfferFrame.pool_hours]
    # Hours of a led pledge are those of its class: each is an hour for everybody in it.
    hours = pool * people_per_hour(pledges).reindex(pool.index)
    kind_of = sources.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_kind]
    kinds = pledges[PledgeFrame.operator_id].map(kind_of)
    keys = [_SITE, _PLEDGE, CapFrame.pathway_id]
    reached = sources.caps.assign(**{_SITE: sources.caps[CapFrame.pcn_code].map(site_of)})[keys]
    reached = reached.dropna(subset=[_SITE]).drop_duplicates().sort_values(keys)
    once = reached.drop_duplicates([_SITE, _PLEDGE])
    offered = once[_PLEDGE].map(hours).astype("float64")
    return pd.DataFrame(
        {
            CandidateFrame.hours_in_reach: offered.groupby(once[_SITE]).sum(),
            CandidateFrame.operator_kinds: _list(once[_PLEDGE].map(kinds), once[_SITE]),
            CandidateFrame.pathways: _list(reached[CapFrame.pathway_id], reached[_SITE]),
        }
    )


def _list(values: pd.Series, by: pd.Series) -> pd.Series:
    """Each value of a group once, sorted, in one cell."""
    # Of no rows at all pandas makes a column of another kind.
    return values.groupby(by).agg(lambda found: LIST_SEPARATOR.join(sorted(found.unique()))).astype("str")


def _check_named(sources: CandidateSources, params: SiteParams) -> None:
    """Refuse PCNs, sites and kinds that there are not, all at once."""
    known = set(sources.pcns[_PCN])
    wrong = [
        f"sites.groups {group!r}: PCN {code!r} is not among the PCNs of this run."
        for group, codes in params.groups.items()
        for code in codes
        if code not in known
    ]
    ids = {"pcn": known, "icb": set(sources.pcns[PcnResultFrame.icb_code]), "group": set(params.groups)}[params.unit]
    for setting in ("must_include", "must_exclude", "site_costs", "ask_about"):
        wrong += [f"sites.{setting}: {site!r} is no candidate." for site in getattr(params, setting) if site not in ids]
    if wrong:
        told = f"Candidates are the {_UNITS[params.unit]} of this run, by {'name' if params.groups else 'code'}."
        wrong.append(f"{told} Correct these ids in the scenario, or take them out.")
    for number, quota in enumerate(params.quota, start=1):
        wrong += _unknown_value(quota, number, sources)
    if wrong:
        raise ConfigError("\n".join(wrong))


def _unknown_value(quota: QuotaParams, number: int, sources: CandidateSources) -> list[str]:
    """A line where there is nothing of the kind that a quota counts."""
    fixed = {
        "rurality": RURALITIES,
        "deprivation_fifth": FIFTHS,
        "operator_kind": OPERATOR_KINDS,
        "pathway": sorted(sources.pathways[PathwayFrame.pathway_id]),
    }
    if quota.by in fixed:
        values = shown = list(fixed[quota.by])
    else:
        named = sources.pcns[list(_NAMED[quota.by])].drop_duplicates().sort_values(list(_NAMED[quota.by]))
        values = named.to_numpy().ravel()
        shown = [f"{code} ({name})" for code, name in named.itertuples(index=False)]
    if quota.value in values:
        return []
    kind = quota.by.replace("_", " ").replace("icb", "ICB")
    told = ", ".join(shown[:SHOWN_VALUES]) + (", …" if len(shown) > SHOWN_VALUES else "")
    return [f"sites.quota {number}: there is no {kind} {quota.value!r}. Use one of: {told}."]


def _notes(candidates: pd.DataFrame, sources: CandidateSources, params: SiteParams) -> list[str]:
    """What to know of the candidates."""
    kinds = candidates[CandidateFrame.rurality].value_counts()
    split = ", ".join(f"{kinds.get(word, 0):,} {word}" for word in RURALITIES)
    notes = [
        f"Sites: {len(candidates):,} {_UNITS[params.unit]} could be chosen ({split}, told from how many patients live "
        "within 5 km: the official rural-urban classification is not among the inputs)."
    ]
    outside = len(sources.pcns) - int(candidates[CandidateFrame.pcn_codes].str.split(LIST_SEPARATOR).str.len().sum())
    if outside:
        notes.append(f"Sites: PCNs of this run in no group, which cannot be chosen: {outside:,}.")
    across = int(sources.pcns[PcnResultFrame.icb_codes].str.contains(LIST_SEPARATOR, regex=False).sum())
    if params.unit == "icb" and across:
        notes.append(f"Sites: PCNs in two ICBs, each counted where most of its patients are registered: {across:,}.")
    bare = int(candidates[CandidateFrame.hours_in_reach].eq(0).sum())
    if bare:
        notes.append(f"Sites: candidates that no hours can serve: {bare:,}.")
    unknown = int(candidates[CandidateFrame.deprivation_fifth].isna().sum())
    if unknown:
        notes.append(f"Sites: candidates whose deprivation is not known, in no deprivation fifth: {unknown:,}.")
    return notes
