"""Access by PySAL's `access`; the figures must be geomap's, whatever the decay."""

from __future__ import annotations

import time
from collections.abc import Callable

import access
import numpy as np
import pandas as pd
from _bench_access import CLASSES, FAR_MIN, GAUSSIAN, MEASURES, POWER, STEP, measure, total_hours
from _bench_outcome import Asked, Outcome
from _bench_tables import AccessTables, CatchmentTables
from access import weights

from geomap.access import GaussianDecay, PowerDecay, StepDecay, measure_all
from geomap.schema import FacilityFrame, PairFrame, PopulationPointFrame

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


def catch_pysal(tables: CatchmentTables, asked: Asked) -> Outcome:
    """
    The same by PySAL, from pairs that geopandas finds: its own way to distances makes all of them, 373 million here.

    Ids are whole numbers, which it joins fastest.
    """
    found, pairs_cpu_s = {}, 0.0
    for mode in tables.modes:
        begun = time.process_time()
        pairs = _pairs_by_geopandas(tables, mode)
        pairs_cpu_s += time.process_time() - begun
        system = access.Access(
            demand_df=pd.DataFrame({"patients": tables.patients.to_numpy()}).rename_axis("place"),
            demand_value="patients",
            supply_df=pd.DataFrame({"hours": tables.supply.to_numpy()}).rename_axis("site"),
            supply_value="hours",
            cost_df=pairs,
            cost_origin="place",
            cost_dest="site",
            cost_name="minutes",
        )
        system.two_stage_fca(name="2sfca", max_cost=FAR_MIN)
        for name, weight in _WEIGHTS.items():
            system.enhanced_two_stage_fca(name=name, max_cost=FAR_MIN, weight_fn=weight)
        system.three_stage_fca(name="3sfca", max_cost=FAR_MIN, weight_fn=_WEIGHTS["gaussian"])
        told = system.access_df[[f"{name}_hours" for name in MEASURES]].fillna(0.0)
        found[mode] = told.set_axis(list(MEASURES), axis=1).set_axis(tables.patients.index)
    total = sum(float(told.mul(tables.patients, axis=0).to_numpy().sum()) for told in found.values())

    def check() -> None:
        for mode, told in found.items():
            pairs = _pairs_by_geopandas(tables, mode).rename(columns={"minutes": PairFrame.minutes_min})
            f, point = FacilityFrame.facility_id, PopulationPointFrame.point_id
            pairs[f] = tables.facilities[f].array.take(pairs.pop("site"))
            pairs[point] = tables.points[point].array.take(pairs.pop("place"))
            ours = measure_all(pairs, tables.supply, tables.patients, MEASURES)
            np.testing.assert_allclose(told, ours, rtol=_SAME)

    return Outcome(objective=total, bound=None, check=check, more={"ended": "done", "pairs_cpu_s": pairs_cpu_s})


def _weigh(decay: StepDecay | GaussianDecay | PowerDecay) -> Callable[[float], float]:
    if isinstance(decay, StepDecay):
        return weights.step_fn(dict(zip(decay.limits_min, decay.weights, strict=True)))
    if isinstance(decay, GaussianDecay):
        return weights.gaussian(decay.width_min)
    return weights.gravity(decay.near_min, -decay.exponent, decay.near_min)


_WEIGHTS = {name: _weigh(MEASURES[name].decay) for name in ("step", "gaussian", "power")}


def _pairs_by_geopandas(tables: CatchmentTables, mode: str) -> pd.DataFrame:
    travel, sites, spots = tables.travel_by(mode), tables.facilities.geometry, tables.points.geometry
    here, there = spots.sindex.query(sites, predicate="dwithin", distance=travel.farthest_m)
    metres = sites.iloc[here].distance(spots.iloc[there], align=False).to_numpy()
    return pd.DataFrame({"site": here, "place": there, "minutes": metres * travel.minutes_per_m(mode)})


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
