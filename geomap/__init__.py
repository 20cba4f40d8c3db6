"""geomap: from a bank of donated hours to test-and-learn sites.

Reads the NHS's published files and the operators' bank of hours, matches hours to clinical need, and draws the map.
Nothing is imported until it is asked for, so that `import geomap` is instant.

    >>> import geomap
    >>> scenario = geomap.Scenario.from_toml(geomap.demo_scenario())  # doctest: +SKIP
    >>> tables = geomap.solve(geomap.load_inputs(scenario), scenario)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Scenario
    from .demo import demo_scenario
    from .errors import ConfigError, DataError, GeomapError, OutputError, SolveError
    from .pipeline import (
        Inputs,
        load_inputs,
        map_results,
        run,
        run_batch,
        select_sites,
        solve,
        write_results,
    )
    from .render import MapView, build_map, show_map
    from .schema import PlanFacts, ResultTables, SiteTables
    from .schema.batch import Batch
    from .units import count_people

_HOMES = {
    "Batch": "schema.batch",
    "ConfigError": "errors",
    "DataError": "errors",
    "GeomapError": "errors",
    "Inputs": "pipeline",
    "MapView": "render",
    "OutputError": "errors",
    "PlanFacts": "schema",
    "ResultTables": "schema",
    "Scenario": "config",
    "SiteTables": "schema",
    "SolveError": "errors",
    "build_map": "render",
    "count_people": "units",
    "demo_scenario": "demo",
    "load_inputs": "pipeline",
    "map_results": "pipeline",
    "run": "pipeline",
    "run_batch": "pipeline",
    "select_sites": "pipeline",
    "show_map": "render",
    "solve": "pipeline",
    "write_results": "pipeline",
}

__all__ = [
    "Batch",
    "ConfigError",
    "DataError",
    "GeomapError",
    "Inputs",
    "MapView",
    "OutputError",
    "PlanFacts",
    "ResultTables",
    "Scenario",
    "SiteTables",
    "SolveError",
    "build_map",
    "count_people",
    "demo_scenario",
    "load_inputs",
    "map_results",
    "run",
    "run_batch",
    "select_sites",
    "show_map",
    "solve",
    "write_results",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'geomap' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
