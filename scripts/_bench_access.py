"""Access by geomap: hours within reach for each patient, by where they live."""

from __future__ import annotations

import pandas as pd
from _bench_outcome import Asked, Outcome
from _bench_tables import AccessTables

from geomap.access import Decay, GaussianDecay, PowerDecay, StepDecay, measure_access

CLASSES = {5.0: 1.0, 10.0: 0.68, 15.0: 0.22}
"""Minutes and weights of the step decay: thirds of a drive of 15 minutes, weights of Luo and Qi 2009."""

STEP = StepDecay(limits_min=tuple(CLASSES), weights=tuple(CLASSES.values()))
GAUSSIAN = GaussianDecay(width_min=6.0, max_min=15.0)
POWER = PowerDecay(exponent=1.5, near_min=1.0, max_min=15.0)


def measure_geomap(tables: AccessTables, asked: Asked) -> Outcome:
    """`geomap.access.measure_access`; the objective is the hours that the patients have between them."""
    return Outcome(objective=total_hours(tables, measure(tables, STEP)), bound=None)


def measure(tables: AccessTables, decay: Decay) -> pd.Series:
    """Hours for each patient, by place."""
    return measure_access(tables.pairs, tables.supply, tables.patients, decay)


def total_hours(tables: AccessTables, access: pd.Series) -> float:
    """Σ patients × hours for each: the hours that anybody can reach."""
    return float((access * tables.patients).sum())
