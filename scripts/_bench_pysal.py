"""Access by PySAL's `access`; the figures must be geomap's, whatever the decay."""

from __future__ import annotations

from collections.abc import Callable

import access
import numpy as np
import pandas as pd
from _bench_access import CLASSES, GAUSSIAN, POWER, STEP, measure, total_hours
from _bench_outcome import Asked, Outcome
from _bench_tables import AccessTables
from access import weights

from geomap.schema import PairFrame

_SAME = 1e-9
"""How far two figures may lie apart, relative to the larger."""


def measure_pysal(tables: AccessTables, asked: Asked) -> Outcome:
    """`Access.enhanced_two_stage_fca`, from the same journeys."""
    found = _measure(tables, weights.step_fn(CLASSES))

    def check() -> None:
        np.testing.assert_allclose(found, measure(tables, STEP), rtol=_SAME)
        for theirs, ours in (
            (weights.gaussian(GAUSSIAN.width_min), GAUSSIAN),
            (weights.gravity(POWER.near_min, -POWER.exponent, POWER.near_min), POWER),
        ):
            np.testing.assert_allclose(_measure(tables, theirs), measure(tables, ours), rtol=_SAME)

    return Outcome(objective=total_hours(tables, found), bound=None, check=check)


def _measure(tables: AccessTables, weight: Callable[[float], float]) -> pd.Series:
    """Hours for each patient, by place; places that PySAL leaves out have none."""
    place = str(tables.patients.index.name)
    system = access.Access(
        demand_df=tables.patients.to_frame("patients"),
        demand_value="patients",
        supply_df=tables.supply.to_frame("hours"),
        supply_value="hours",
        cost_df=tables.pairs,
        cost_origin=place,
        cost_dest=PairFrame.facility_id,
        cost_name=PairFrame.minutes_min,
    )
    found = system.enhanced_two_stage_fca(name="e2sfca", max_cost=GAUSSIAN.max_min, weight_fn=weight)
    return found["e2sfca_hours"].reindex(tables.patients.index).fillna(0.0)
