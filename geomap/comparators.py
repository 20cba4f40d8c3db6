"""For each chosen site the unchosen one most like it, to learn from the difference.

Likeness is told by the measures of `LIKENESS`, each as a difference in standard deviations over all candidates. Sizes,
densities and hours are compared by their logarithm: they are skewed, so that a few very large sites would stretch the
standard deviation until all others looked alike; and half as many patients is then as far off as twice as many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from .schema import CandidateFrame, ComparatorFrame
from .schema.words import LIKENESS

CLOSE_ENOUGH = 0.25
"""Standard deviations. Groups whose means differ by no more can be compared (Rubin 2001; Ho, Imai, King and Stuart
2007; Stuart 2010), and a caliper of a quarter is usual for pairs (Rosenbaum and Rubin 1985). Here it bounds the root
mean square over the measures of one pair, so that a single measure may differ by more."""

_BY_LOGARITHM = [CandidateFrame.patients, CandidateFrame.density, CandidateFrame.hours_in_reach]
_FTE_PATIENTS, _HOURS_PATIENTS = 10_000, 1_000
_NO_SPREAD = 1e-9
"""Of the largest value: a smaller standard deviation is the rounding of values that are all the same."""
_DECIMALS = 12
"""Distances are rounded to so many, that equals are equal in spite of the last binary digit."""


def find_comparators(
    candidates: pd.DataFrame, chosen_ids: Collection[str], facilities_of: Mapping[str, set[str]] | None
) -> pd.DataFrame:
    """
    Find the unchosen sites most like the chosen ones, each for one of them at most, with the least distance in all.

    Distance is the root mean square of the standardised differences over the measures that both sites have.

    Parameters
    ----------
    candidates
        `CandidateFrame`, in any order: what is equally near is settled by id, not by row.
    chosen_ids
        Of the sites chosen; all are candidates.
    facilities_of
        By site, the ids of the facilities in its reach: people at a comparator that shares some may profit from the
        same hours. `None` where they are not known; none then counts as shared.

    Returns
    -------
    comparators
        `ComparatorFrame`, one row a (site, measure), sorted by site and then as in `LIKENESS`. Values are as measured,
        not logarithms; a difference is site less comparator, in standard deviations. Where there are fewer unchosen
        sites than chosen, some have no comparator.
    """
    sites = candidates.sort_values(CandidateFrame.site_id, ignore_index=True)
    values = _measure(sites)
    scaled = _standardise(values).to_numpy()
    chosen = sites[CandidateFrame.site_id].isin(list(chosen_ids)).to_numpy()
    ours, others = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    theirs, distance = _pair(scaled, ours, others)
    shown = values.to_numpy()
    their_values, their_scaled = (np.where(theirs[:, None] >= 0, table[theirs], np.nan) for table in (shown, scaled))
    every = len(LIKENESS)
    frame = pd.DataFrame(
        {
            **{name: np.repeat(column, every) for name, column in _tell_pairs(sites, ours, theirs).items()},
            ComparatorFrame.distance: np.repeat(distance, every),
            ComparatorFrame.close_enough: np.repeat(distance <= CLOSE_ENOUGH, every),
            ComparatorFrame.measure: np.tile(list(LIKENESS), len(ours)),
            ComparatorFrame.site_value: shown[ours].ravel(),
            ComparatorFrame.comparator_value: their_values.ravel(),
            ComparatorFrame.standardised_difference: (scaled[ours] - their_scaled).ravel(),
        }
    )
    shared = _count_shared(frame, facilities_of or {})
    columns = {name: str(column.dtype) for name, column in ComparatorFrame.to_schema().columns.items()}
    return frame.assign(**{ComparatorFrame.shared_facilities: shared})[list(columns)].astype(columns)


def _measure(sites: pd.DataFrame) -> pd.DataFrame:
    """The measures of `LIKENESS` in their units; missing where there are no patients to divide by."""
    values = sites[list(LIKENESS)].astype("float64")
    patients = values[CandidateFrame.patients].where(values[CandidateFrame.patients] > 0)
    fte, hours = values[CandidateFrame.link_worker_fte], values[CandidateFrame.hours_in_reach]
    return values.assign(
        **{
            CandidateFrame.link_worker_fte: fte * _FTE_PATIENTS / patients,
            CandidateFrame.hours_in_reach: hours * _HOURS_PATIENTS / patients,
        }
    )


def _standardise(values: pd.DataFrame) -> pd.DataFrame:
    """In standard deviations over all sites, of which differences are taken; 0 where all are the same."""
    scaled = values.copy()
    scaled[_BY_LOGARITHM] = np.log1p(values[_BY_LOGARITHM])
    spread = scaled.std(ddof=0)
    alike = spread <= _NO_SPREAD * scaled.abs().max()
    return (scaled / spread.mask(alike, 1.0)).mask(scaled.notna() & alike, 0.0)


def _distances(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Root mean square difference of each pair over the measures that both have; size and density all have."""
    squares = (ours[:, None, :] - theirs[None, :, :]) ** 2
    known = np.isfinite(squares)
    return np.sqrt(np.where(known, squares, 0.0).sum(axis=2) / known.sum(axis=2)).round(_DECIMALS)


def _pair(scaled: np.ndarray, ours: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By row of `ours`, the row of its comparator and its distance; -1 and missing where none is left."""
    distances = _distances(scaled[ours], scaled[others])
    rows, columns = linear_sum_assignment(distances)
    theirs, distance = np.full(len(ours), -1), np.full(len(ours), np.nan)
    theirs[rows], distance[rows] = others[columns], distances[rows, columns]
    return theirs, distance


def _tell_pairs(sites: pd.DataFrame, ours: np.ndarray, theirs: np.ndarray) -> dict[str, np.ndarray]:
    """Ids and names of the sites and of their comparators, missing where there is none."""
    ids, names = (sites[column].to_numpy(dtype=object) for column in (CandidateFrame.site_id, CandidateFrame.site_name))
    found = theirs >= 0
    return {
        ComparatorFrame.site_id: ids[ours],
        ComparatorFrame.site_name: names[ours],
        ComparatorFrame.comparator_id: np.where(found, ids[theirs], None),
        ComparatorFrame.comparator_name: np.where(found, names[theirs], None),
    }


def _count_shared(frame: pd.DataFrame, facilities_of: Mapping[str, set[str]]) -> list[int]:
    """By row, facilities in reach of both the site and its comparator."""
    pairs = zip(frame[ComparatorFrame.site_id], frame[ComparatorFrame.comparator_id], strict=True)
    nothing: set[str] = set()
    return [len(facilities_of.get(site, nothing) & facilities_of.get(other, nothing)) for site, other in pairs]
