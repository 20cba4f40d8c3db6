"""Access by geomap: hours within reach for each patient, by where they live."""

from __future__ import annotations

import time

import pandas as pd
from _bench_outcome import Asked, Outcome
from _bench_tables import AccessTables, CatchmentTables

from geomap.access import Decay, GaussianDecay, Measure, PowerDecay, StepDecay, measure_access, measure_journeys
from geomap.travel import find_journeys

CLASSES = {5.0: 1.0, 10.0: 0.68, 15.0: 0.22}
"""Minutes and weights of the step decay: thirds of a drive of 15 minutes, weights of Luo and Qi 2009."""

STEP = StepDecay(limits_min=tuple(CLASSES), weights=tuple(CLASSES.values()))
GAUSSIAN = GaussianDecay(width_min=6.0, max_min=15.0)
POWER = PowerDecay(exponent=1.5, near_min=1.0, max_min=15.0)

FAR_MIN = 20.0
"""The longest journey of the task `catchments`, by each of its modes."""
_FAR = GaussianDecay(width_min=10.0, max_min=FAR_MIN)
MEASURES = {
    "2sfca": Measure(method="2sfca", decay=_FAR),
    "step": Measure(method="e2sfca", decay=StepDecay(limits_min=(5.0, 10.0, 20.0), weights=(1.0, 0.68, 0.22))),
    "gaussian": Measure(method="e2sfca", decay=_FAR),
    "power": Measure(method="e2sfca", decay=PowerDecay(exponent=1.5, near_min=1.0, max_min=FAR_MIN)),
    "3sfca": Measure(method="3sfca", decay=_FAR),
}
"""What is measured in the task `catchments`."""


def measure_geomap(tables: AccessTables, asked: Asked) -> Outcome:
    """`geomap.access.measure_access`; the objective is the hours that the patients have between them."""
    return Outcome(objective=total_hours(tables, measure(tables, STEP)), bound=None)


def measure(tables: AccessTables, decay: Decay) -> pd.Series:
    """Hours for each patient, by place."""
    return measure_access(tables.pairs, tables.supply, tables.patients, decay)


def total_hours(tables: AccessTables, access: pd.Series) -> float:
    """Σ patients × hours for each: the hours that anybody can reach."""
    return float((access * tables.patients).sum())


def catch_geomap(tables: CatchmentTables, asked: Asked) -> Outcome:
    """From places to access by every measure, on foot and by car; the objective is the hours told, over all of them."""
    total, pairs_cpu_s = 0.0, 0.0
    for mode in tables.modes:
        begun = time.process_time()
        found = find_journeys(tables.facilities, tables.points, tables.travel_by(mode))
        pairs_cpu_s += time.process_time() - begun
        told = measure_journeys(found, tables.supply, tables.patients, MEASURES)
        total += float(told.mul(tables.patients, axis=0).to_numpy().sum())
    return Outcome(objective=total, bound=None, more={"ended": "done", "pairs_cpu_s": pairs_cpu_s})
