"""Access by PySAL's `access`, in the words of geomap's tables."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from geomap.access import Decay, GaussianDecay, PowerDecay, StepDecay
from geomap.schema import PairFrame

CALLS = {"2sfca": "two_stage_fca", "e2sfca": "enhanced_two_stage_fca", "3sfca": "three_stage_fca"}


def measure_by_pysal(
    pairs: pd.DataFrame, supply: pd.Series, patients: pd.Series, decay: Decay, method: str
) -> pd.Series:
    """
    Hours for each patient as PySAL has them, 0 where it leaves a place out; skips where it is not installed.

    It is given journeys up to the longest alone: its three-step method counts sites past `max_cost` among those that
    people choose from, which the paper does not.
    """
    pysal = pytest.importorskip("access", reason="the package access is not installed (extra 'bench')")
    place = str(patients.index.name)
    longest = decay.limits_min[-1] if isinstance(decay, StepDecay) else decay.max_min
    near = pairs.loc[pairs[PairFrame.minutes_min] <= longest, [PairFrame.facility_id, place, PairFrame.minutes_min]]
    system = pysal.Access(
        demand_df=patients.to_frame("patients"), demand_value="patients",
        supply_df=supply.to_frame("hours"), supply_value="hours",
        # It writes a column of its own into the table of costs that it is handed.
        cost_df=near.copy(), cost_origin=place, cost_dest=PairFrame.facility_id, cost_name=PairFrame.minutes_min,
    )  # fmt: skip
    weight = {} if method == "2sfca" else {"weight_fn": weight_of(decay)}
    found = getattr(system, CALLS[method])(name="told", max_cost=longest, **weight)["told_hours"]
    return found.reindex(patients.index).fillna(0.0)


def weight_of(decay: Decay) -> Callable[[float], float]:
    """The decay as one of PySAL's functions of one journey; it normalises none of them."""
    from access import weights

    if isinstance(decay, StepDecay):
        return weights.step_fn(dict(zip(decay.limits_min, decay.weights, strict=True)))
    if isinstance(decay, GaussianDecay):
        return weights.gaussian(decay.width_min)
    assert isinstance(decay, PowerDecay)
    return weights.gravity(decay.near_min, -decay.exponent, decay.near_min)
