"""A planner's own indicators as a part of need: a percentile each, and their weighted mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from .config import OwnIndicatorParams
from .errors import ConfigError
from .schema import IndicatorFrame, OwnValueFrame

NAMES_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNeed:
    """The planner's own indicators of a run."""

    rows: pd.DataFrame
    """`IndicatorFrame`, sorted by PCN and indicator: a row for each PCN of the map."""
    percentile: pd.Series
    """By PCN: the mean of the percentiles that are known, weighted as the scenario says; missing where none is."""
    notes: tuple[str, ...]


def measure_own(
    values: pd.DataFrame | None,
    params: Mapping[str, OwnIndicatorParams],
    patients: pd.Series,
    *,
    all_weights: float,
    rank: Callable[[pd.Series, pd.Series], pd.Series],
) -> OwnNeed:
    """
    Turn the planner's own figures into percentiles of need.

    Parameters
    ----------
    values
        `OwnValueFrame`; none where no table was given.
    params
        Indicator → its weight, and which way it counts.
    patients
        By PCN, every PCN of the map.
    all_weights
        Sum of the weights of all indicators in need, the official ones too.
    rank
        `geomap.need.weighted_percentile`.

    Raises
    ------
    ConfigError
        The scenario gives a weight to an indicator that the table does not have, or there is no table.
    """
    wide = pd.DataFrame(index=patients.index)
    if values is not None:
        keys = OwnValueFrame.pcn_code, OwnValueFrame.indicator, OwnValueFrame.value
        wide = values.pivot(index=keys[0], columns=keys[1], values=keys[2])
    _check_named(params, None if values is None else sorted(wide.columns))
    notes = _tell_unused(params, wide, patients)
    here = wide.reindex(patients.index)
    percentiles, rows = {}, []
    for name in sorted(params):
        told = params[name]
        own = rank(here[name].astype("float64"), patients)
        percentiles[name] = own if told.higher_is == "more need" else 1 - own
        rows.append(
            pd.DataFrame(
                {
                    IndicatorFrame.pcn_code: patients.index,
                    IndicatorFrame.indicator: name,
                    IndicatorFrame.value: here[name].to_numpy(dtype=float),
                    IndicatorFrame.percentile: percentiles[name].to_numpy(),
                    IndicatorFrame.higher_is: told.higher_is,
                    IndicatorFrame.weight_share: told.weight / all_weights,
                }
            )
        )
        missing = int(own.isna().sum())
        if missing:
            notes.append(f"Need: PCNs without a figure for {name}: {missing:,}; its weight goes to their others.")
    frame = pd.concat(rows) if rows else IndicatorFrame.no_rows()
    frame = IndicatorFrame.declared(frame.sort_values([IndicatorFrame.pcn_code, IndicatorFrame.indicator]))
    return OwnNeed(rows=frame, percentile=_mean(percentiles, params, patients), notes=tuple(notes))


def _mean(
    percentiles: dict[str, pd.Series], params: Mapping[str, OwnIndicatorParams], patients: pd.Series
) -> pd.Series:
    """Over those a PCN has; one without a weight counts nothing."""
    table = pd.DataFrame(percentiles, index=patients.index, dtype=float)
    weights = pd.Series({name: params[name].weight for name in table.columns}, dtype=float)
    known = (table.notna() * weights).sum(axis=1)
    return (table.fillna(0.0) * weights).sum(axis=1).astype("float64") / known.where(known > 0)


def _check_named(params: Mapping[str, OwnIndicatorParams], there: list[str] | None) -> None:
    if not params:
        return
    if there is None:
        raise ConfigError(
            f"[need.own] gives a weight to {', '.join(sorted(params))}, and there is no table of your own indicators. "
            "Put own_indicators.csv in the folder of official files, or name it under [data.files]."
        )
    unknown = sorted(set(params) - set(there))
    if unknown:
        raise ConfigError(
            f"[need.own] names {', '.join(unknown)}, which the table of your own indicators does not have. "
            f"It has {', '.join(there)}."
        )


def _tell_unused(params: Mapping[str, OwnIndicatorParams], wide: pd.DataFrame, patients: pd.Series) -> list[str]:
    notes = []
    idle = [name for name in wide.columns if name not in params]
    if idle:
        notes.append(f"Need: your own indicators without a weight under [need.own], not used: {', '.join(idle)}.")
    strange = wide.index.difference(patients.index)
    if len(strange):
        told = ", ".join(strange[:NAMES_TOLD]) + (" and more" if len(strange) > NAMES_TOLD else "")
        notes.append(f"Need: PCNs of your own table that the practice map does not have: {len(strange):,} ({told}).")
    return notes
