"""The arithmetic of access: who comes to a facility, and what each of them has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import ConfigError, SchemaError
from ._decay import Decay
from ._links import Journeys, Links, read_links, sort_links

FAINT = 1e-100
"""Weights below this count as none: a share of so few patients would be past what a number can hold."""
SHARED = ("2sfca", "e2sfca", "3sfca")
"""Methods by which hours are shared with all others who can reach them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One way to measure access: a method of `SHARED`, and the decay of hours with minutes."""

    method: str
    decay: Decay

    def __post_init__(self) -> None:
        if self.method not in SHARED:
            raise ConfigError(f"method is {self.method!r}; it must be one of {', '.join(SHARED)}.")


def weigh_links(links: Links, measure: Measure) -> np.ndarray:
    """
    What each link counts.

    `2sfca` is 1 within reach; `e2sfca` is the decay, W; `3sfca` is G × W, where G shares a place's people out over the
    sites they can choose among: G = W ÷ Σ W over the sites in reach of the place.
    """
    weight = measure.decay.weigh(links.minutes)
    weight = np.where(weight >= FAINT, weight, 0.0)
    if measure.method == "2sfca":
        weight = (weight > 0).astype(float)
    if measure.method == "3sfca":
        weight = weight * _choose(links, weight)
    return weight if links.share is None else weight * links.share


def _choose(links: Links, weight: np.ndarray) -> np.ndarray:
    """G of each link: of the people of its place, the share that chooses its site."""
    if links.site is None:
        whole = links.matrix(weight).T @ np.ones(len(links.starts) - 1)
    else:
        key = links.place.astype("int64") * (int(links.site.max(initial=0)) + 1) + links.site
        once = ~pd.Series(key).duplicated().to_numpy()
        whole = np.bincount(links.place[once], weight[once], minlength=links.places)
    whole = whole[links.place]
    return np.divide(weight, whole, out=np.zeros(len(weight)), where=whole > 0)


def share_hours(links: Links, weight: np.ndarray, supply: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """
    Hours for each patient by place: each supply is shared by all who come to it, by weight.

    Parameters
    ----------
    links, weight
        k links, and what each counts.
    supply
        Hours, shape (m, c): a column for each sum of them.
    patients
        People, shape (n,).

    Returns
    -------
    access
        Shape (n, c); Σ patients × access is the supply that anybody comes to.
    """
    matrix = links.matrix(weight)
    coming = (matrix @ patients)[:, np.newaxis]
    for_each = np.divide(supply, coming, out=np.zeros(supply.shape), where=coming > 0)
    return matrix.T @ for_each


def measure_access(
    pairs: pd.DataFrame,
    supply: pd.Series,
    patients: pd.Series,
    decay: Decay,
    *,
    share: pd.Series | None = None,
    method: str = "e2sfca",
) -> pd.Series:
    """
    Hours within reach for each patient, by place.

    Parameters
    ----------
    pairs
        One row a facility and a place: `facility_id`, the place in a column named as the index of `patients` is (such
        as `pcn_code`), and `minutes_min`. A pair that is absent is out of reach. Other columns are not looked at.
    supply
        Hours by `facility_id`.
    patients
        Patients by place; the name of the index says what a place is.
    decay
        Weight by minutes.
    share
        Of the people of the place, the share that the pair is about, in the order of the pairs; without it, all.
    method
        `2sfca` (every journey that the decay allows counts 1), `e2sfca` or `3sfca`.

    Returns
    -------
    access
        Hours for each patient, the index of `patients` in its order; 0 where nothing is within reach.

    Raises
    ------
    ConfigError
        The method is not known.
    KeyLinkError
        A pair names a facility or a place that is not there.
    SchemaError
        The column of places is not there, a key stands twice, or a number is missing, infinite or negative.
    """
    told = {"access": Measure(method=method, decay=decay)}
    return measure_all(pairs, supply, patients, told, share=share)["access"]


def measure_all(
    pairs: pd.DataFrame,
    supply: pd.Series,
    patients: pd.Series,
    measures: Mapping[str, Measure],
    *,
    share: pd.Series | None = None,
) -> pd.DataFrame:
    """Access by several measures over the same journeys, a column each; the rest is as in `measure_access`."""
    return _measure(read_links(pairs, supply, patients, share), supply, patients, measures)


def measure_journeys(
    journeys: Journeys, supply: pd.Series, patients: pd.Series, measures: Mapping[str, Measure]
) -> pd.DataFrame:
    """
    Access by several measures from journeys by position, a column each: the quick way for all of England.

    Parameters
    ----------
    journeys
        Of `travel.find_journeys`; positions in the rows of `supply` and of `patients`.
    supply, patients, measures
        Hours of each facility, people of each place, numbers of 0 or more; and what to measure.

    Returns
    -------
    access
        Hours for each patient, the index of `patients`.

    Raises
    ------
    SchemaError
        A pair stands twice.
    """
    order, starts = sort_links(journeys.site, journeys.home, (len(supply), len(patients)))
    if len(order) < len(journeys.site):
        raise SchemaError(f"{len(journeys.site) - len(order):,} journeys stand twice; keep one of each pair.")
    links = Links(starts=starts, place=journeys.home[order], minutes=journeys.minutes[order], places=len(patients))
    return _measure(links, supply, patients, measures)


def _measure(links: Links, supply: pd.Series, patients: pd.Series, measures: Mapping[str, Measure]) -> pd.DataFrame:
    hours, people = supply.to_numpy(dtype=float)[:, np.newaxis], patients.to_numpy(dtype=float)
    told = {
        name: share_hours(links, weigh_links(links, measure), hours, people)[:, 0] for name, measure in measures.items()
    }
    return pd.DataFrame(told, index=patients.index)


def measure_nearest(pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series, count: int) -> pd.DataFrame:
    """
    Hours at the nearest facilities that have any, as they are: shared with nobody.

    Parameters
    ----------
    pairs, supply, patients
        As in `measure_access`; of `patients` only the index is used.
    count
        How many of the nearest; of facilities equally near, those whose rows of `supply` come first.

    Returns
    -------
    nearest
        `hours` at them together, 0 where none is within reach, and `minutes_min` to the very nearest, missing there;
        the index of `patients`.
    """
    links = read_links(pairs, supply, patients)
    hours = supply.to_numpy(dtype=float)
    found, minutes = count_nearest(links, hours > 0, hours[:, np.newaxis], count)
    return pd.DataFrame({"hours": found[:, 0], "minutes_min": minutes}, index=patients.index)


def count_nearest(links: Links, open_: np.ndarray, hours: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """
    Hours at the `count` nearest sites that are open, shape (n, c), and the minutes to the nearest, shape (n,).

    `open_` has shape (m,), `hours` (m, c): those of all supplies at a site that reach the place are its hours there.
    """
    supply = links.supply
    usable = np.flatnonzero(open_[supply])
    site = supply if links.site is None else links.site
    order = usable[np.lexsort((site[usable], links.minutes[usable], links.place[usable]))]
    place, site = links.place[order], site[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(place) != 0
    another = first.copy()
    another[1:] |= np.diff(site) != 0
    rank = np.cumsum(another)
    near = rank - rank[np.flatnonzero(first)[np.cumsum(first) - 1]] < count
    found = [np.bincount(place[near], each[supply[order[near]]], minlength=links.places) for each in hours.T]
    minutes = np.full(links.places, np.nan)
    minutes[place[first]] = links.minutes[order[first]]
    return np.column_stack(found), minutes
