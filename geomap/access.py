"""Access: hours within reach for each patient, shared with everybody else who can reach them (E2SFCA).

    R_s = S_s / Σ_l P_l w(t_ls)          hours of facility s for each patient who can come, the near counted more
    A_l = Σ_s R_s w(t_ls)                hours for each patient who lives at l

so that Σ_l P_l A_l = Σ_s S_s over the facilities that anybody can reach. One class with weight 1 is the 2SFCA. Where
only a share of the people of a place can come, w is that share times the weight.

Sources: Luo and Wang 2003, Environment and Planning B 30(6) (2SFCA); Luo and Qi 2009, Health & Place 15(4) (E2SFCA);
Dai 2010, Health & Place 16(5) (Gaussian decay).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from .errors import ConfigError, Fault, KeyLinkError, SchemaError
from .schema import PairFrame, ReachFrame
from .validate import missing_columns

FAINT = 1e-100
"""Weights below this count as none: a share of so few patients would be past what a number can hold."""
PER_PATIENTS = 1_000
"""Of how many patients hours in reach are told."""


class Decay(Protocol):
    """How much less a facility counts the farther away it is."""

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDecay:
    """The same weight within a class of minutes: `weights[c]` up to and with `limits_min[c]`, nothing past the last."""

    limits_min: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        limits, weights = self.limits_min, self.weights
        _check_above("limits_min", *limits)
        _check_above("weights", *weights)
        if len(limits) != len(weights) or not limits:
            raise ConfigError(f"{len(limits)} limits_min and {len(weights)} weights; each class needs one of both.")
        if list(limits) != sorted(set(limits)):
            raise ConfigError(f"limits_min is {limits}; each must be above the one before.")

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        return np.append(self.weights, 0.0)[np.searchsorted(self.limits_min, minutes, side="left")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianDecay:
    """exp(−t² ÷ 2 width²) up to and with `max_min`: 1 at the door, 0.61 at `width_min`."""

    width_min: float
    max_min: float

    def __post_init__(self) -> None:
        _check_above("width_min", self.width_min)
        _check_above("max_min", self.max_min)

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        return np.where(minutes <= self.max_min, np.exp(-0.5 * (minutes / self.width_min) ** 2), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDecay:
    """(t ÷ near) ^ −exponent up to and with `max_min`; journeys shorter than `near_min` weigh 1."""

    exponent: float
    near_min: float
    max_min: float

    def __post_init__(self) -> None:
        _check_above("exponent", self.exponent)
        _check_above("near_min", self.near_min)
        _check_above("max_min", self.max_min)

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        far = np.maximum(minutes, self.near_min) / self.near_min
        return np.where(minutes <= self.max_min, far**-self.exponent, 0.0)


def measure_pledged_access(
    reach: pd.DataFrame, hours: pd.DataFrame, patients: pd.Series, max_min: float
) -> pd.DataFrame:
    """
    Pledged hours within reach of each PCN: E2SFCA in which a pledge stands for the facility, at a Gaussian decay.

    Each pledge keeps to its own reach. Hours that people travel to count by the mean journey of the share of the PCN
    who can come: 1 at the door, 0.61 at half the longest journey and 0.14 at the longest, near the 1, 0.68 and 0.22 of
    Luo and Qi's three zones. Hours that come to people or online are shared evenly by all whom they serve, as nobody
    travels: they count as hours at the door. Those of other areas than the run's do not share in them.

    Parameters
    ----------
    reach
        `ReachFrame`.
    hours
        Participant-hours, a column each sum of them, by `pledge_id`: every pledge of `reach`.
    patients
        By `pcn_code`: every PCN of `reach`.
    max_min
        The longest journey, minutes.

    Returns
    -------
    access
        Participant-hours per 1,000 patients, the index of `patients` and the columns of `hours`. Patients ÷ 1,000 times
        them add up to the hours that anybody can reach.
    """
    decay = GaussianDecay(width_min=max_min / 2, max_min=max_min)
    pairs = reach.rename(columns={ReachFrame.pledge_id: PairFrame.facility_id})
    # The mean of journeys that are all of the longest may be past it by the last binary digit.
    pairs[PairFrame.minutes_min] = pairs[PairFrame.minutes_min].clip(upper=max_min)
    share = pairs[ReachFrame.reach_share]
    told = {name: measure_access(pairs, hours[name], patients, decay, share=share) for name in hours}
    return pd.DataFrame(told) * PER_PATIENTS


def measure_access(
    pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series, decay: Decay, *, share: pd.Series | None = None
) -> pd.Series:
    """
    Hours within reach for each patient, by place: E2SFCA.

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

    Returns
    -------
    access
        Hours for each patient, the index of `patients` in its order; 0 where nothing is within reach.

    Raises
    ------
    KeyLinkError
        A pair names a facility or a place that is not there.
    SchemaError
        The column of places is not there, a key stands twice, or a number is missing, infinite or negative.
    """
    place = str(patients.index.name)
    _check_tables(pairs, supply, patients)
    row = _positions(pairs[PairFrame.facility_id], supply.index)
    column = _positions(pairs[place], patients.index)
    _check_single(row, column, pairs, place)
    weight = decay.weigh(pairs[PairFrame.minutes_min].to_numpy(dtype=float))
    weight = weight if share is None else weight * share.to_numpy(dtype=float)
    weight = np.where(weight >= FAINT, weight, 0.0)
    weights = sparse.csr_array((weight, (row, column)), shape=(len(supply), len(patients)))
    coming = weights @ patients.to_numpy(dtype=float)
    hours = supply.to_numpy(dtype=float)
    for_each = np.divide(hours, coming, out=np.zeros(len(hours)), where=coming > 0)
    return pd.Series(weights.T @ for_each, index=patients.index, name="access")


def _check_tables(pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series) -> None:
    """Columns are there, facilities and places stand once, figures are numbers of 0 or more; all faults at once."""
    columns = (PairFrame.facility_id, str(patients.index.name), PairFrame.minutes_min)
    faults = missing_columns(pairs.columns, columns, source="pairs")
    if faults:
        raise SchemaError(faults=faults)
    for source, table in (("supply", supply), ("patients", patients), ("pairs", pairs[PairFrame.minutes_min])):
        twice = table.index[table.index.duplicated()]
        if source != "pairs" and len(twice):
            faults.append(_fault(source, str(twice[0]), f"{len(twice):,} rows stand twice", "Keep one of each."))
        bad = table[~(np.isfinite(table.to_numpy(dtype=float)) & (table.to_numpy(dtype=float) >= 0))]
        if len(bad):
            said = f"{len(bad):,} figures are missing, infinite or negative"
            faults.append(_fault(source, f"{bad.index[0]}: {bad.iloc[0]}", said, "Give numbers of 0 or more."))
    if faults:
        raise SchemaError(faults=faults)


def _positions(keys: pd.Series, index: pd.Index) -> np.ndarray:
    """Position of each key in the table it points at."""
    at = index.get_indexer(keys)
    strangers = keys[at < 0]
    if len(strangers):
        said = f"{strangers.nunique():,} of {keys.name} in the pairs are in no other table"
        raise KeyLinkError(faults=[_fault("pairs", str(strangers.min()), said, "Correct the codes, or add the rows.")])
    return at


def _check_single(row: np.ndarray, column: np.ndarray, pairs: pd.DataFrame, place: str) -> None:
    """A pair that stood twice would count its patients twice."""
    twice = np.flatnonzero(pd.Series(row * (column.max(initial=0) + 1) + column).duplicated())
    if len(twice):
        shown = " to ".join(map(str, pairs.iloc[twice[0]][[PairFrame.facility_id, place]]))
        raise SchemaError(faults=[_fault("pairs", shown, f"{len(twice):,} pairs stand twice", "Keep one of each.")])


def _fault(source: str, value: str, problem: str, remedy: str) -> Fault:
    return Fault(source=source, value=value, problem=problem, remedy=remedy)


def _check_above(name: str, *numbers: float) -> None:
    for number in numbers:
        if not (np.isfinite(number) and number > 0):
            raise ConfigError(f"{name} has {number}; it must be a number above 0.")
