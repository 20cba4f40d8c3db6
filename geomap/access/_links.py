"""Journeys from places to what is there, as positions: checked, sorted, and none twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from ..errors import Fault, KeyLinkError, SchemaError
from ..schema import PairFrame
from ..validate import missing_columns


class Journeys(Protocol):
    """Journeys within reach, one a pair: positions in the facilities and in the places, and minutes."""

    site: np.ndarray
    home: np.ndarray
    minutes: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """k links between m supplies and n places, sorted by both, as the arrays of a sparse matrix of m rows."""

    starts: np.ndarray
    """Shape (m + 1,): where the links of each supply begin."""
    place: np.ndarray
    """Position of the place of each link."""
    minutes: np.ndarray
    places: int
    """n."""
    share: np.ndarray | None = None
    """Of the people of the place, those that the link is about; without it, all."""
    site: np.ndarray | None = None
    """Where each link leads: supplies at one site are one choice. Without it each supply is a site."""

    def matrix(self, figures: np.ndarray) -> sparse.csr_array:
        """A figure for each link, as a matrix of m supplies × n places."""
        return sparse.csr_array((figures, self.place, self.starts), shape=(len(self.starts) - 1, self.places))

    @property
    def supply(self) -> np.ndarray:
        """Position of the supply of each link."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def sort_links(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    The order of links by row and column, and where each row starts.

    Returns
    -------
    order, starts
        Shorter than the links where a pair stands twice.
    """
    if len(row) and (np.diff(row.astype("int64") * shape[1] + column) > 0).all():
        order, starts = np.arange(len(row)), np.searchsorted(row, np.arange(shape[0] + 1))
        return order, starts
    # Sorting by the places of a matrix takes a third of the time of sorting keys. From 1 up, as it sums doubles.
    matrix = sparse.coo_array((np.arange(1.0, len(row) + 1), (row, column)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix.data.astype("int64") - 1, matrix.indptr


def read_links(pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series, share: pd.Series | None = None) -> Links:
    """
    The pairs as positions; the arguments are those of `measure_access`.

    Raises
    ------
    KeyLinkError, SchemaError
        As `measure_access` tells.
    """
    place = str(patients.index.name)
    _check_tables(pairs, supply, patients)
    row = _positions(pairs[PairFrame.facility_id], supply.index)
    column = _positions(pairs[place], patients.index)
    order, starts = sort_links(row, column, (len(supply), len(patients)))
    if len(order) < len(pairs):
        _refuse_doubles(pairs, place)
    return Links(
        starts=starts,
        place=column[order],
        minutes=pairs[PairFrame.minutes_min].to_numpy(dtype=float)[order],
        places=len(patients),
        share=None if share is None else share.to_numpy(dtype=float)[order],
    )


def _check_tables(pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series) -> None:
    """Columns are there, facilities and places stand once, figures are numbers of 0 or more; all faults at once."""
    columns = (PairFrame.facility_id, str(patients.index.name), PairFrame.minutes_min)
    faults = missing_columns(pairs.columns, columns, source="pairs")
    if faults:
        raise SchemaError(faults=faults)
    for source, table in (("supply", supply), ("patients", patients), ("pairs", pairs[PairFrame.minutes_min])):
        if source != "pairs" and not table.index.is_unique:
            twice = table.index[table.index.duplicated()]
            faults.append(_fault(source, str(twice[0]), f"{len(twice):,} rows stand twice", "Keep one of each."))
        figures = table.to_numpy(dtype=float)
        sound = np.isfinite(figures) & (figures >= 0)
        if not sound.all():
            bad = table[~sound]
            said = f"{len(bad):,} figures are missing, infinite or negative"
            faults.append(_fault(source, f"{bad.index[0]}: {bad.iloc[0]}", said, "Give numbers of 0 or more."))
    if faults:
        raise SchemaError(faults=faults)


def _positions(keys: pd.Series, index: pd.Index) -> np.ndarray:
    """Position of each key in the table it points at."""
    # Few facilities and places stand in many pairs: each name is looked up once.
    if isinstance(keys.dtype, pd.CategoricalDtype):
        codes, names = keys.cat.codes.to_numpy(), keys.cat.categories
    else:
        codes, names = pd.factorize(keys)
    at = np.append(index.get_indexer(pd.Index(names)), -1).astype("int32")[codes]
    if (at < 0).any():
        strangers = keys[at < 0]
        said = f"{strangers.nunique():,} of {keys.name} in the pairs are in no other table"
        first = str(strangers.astype("str").min())
        raise KeyLinkError(faults=[_fault("pairs", first, said, "Correct the codes, or add the rows.")])
    return at


def _refuse_doubles(pairs: pd.DataFrame, place: str) -> None:
    """A pair that stood twice would count its patients twice."""
    keys = [PairFrame.facility_id, place]
    twice = pairs[pairs.duplicated(keys)]
    shown = " to ".join(map(str, twice.iloc[0][keys]))
    raise SchemaError(faults=[_fault("pairs", shown, f"{len(twice):,} pairs stand twice", "Keep one of each.")])


def _fault(source: str, value: str, problem: str, remedy: str) -> Fault:
    return Fault(source=source, value=value, problem=problem, remedy=remedy)
