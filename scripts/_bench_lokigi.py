"""Sites by `lokigi`, which tries every portfolio."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from _bench_outcome import Asked, Outcome
from _bench_sites import distances, left_out, sites_outcome
from _bench_tables import SiteTables
from lokigi.site import SiteProblem

MOST_SETS = 10_000
"""More portfolios than this are not tried: each takes some milliseconds."""


def cover_lokigi(tables: SiteTables, asked: Asked) -> Outcome:
    """Its `mclp`."""
    return _solve(tables, asked, "cover", {"objectives": "mclp", "threshold_for_coverage": tables.reach_m})


def median_lokigi(tables: SiteTables, asked: Asked) -> Outcome:
    """Its `p_median`."""
    return _solve(tables, asked, "median", {"objectives": "p_median"})


def _solve(tables: SiteTables, asked: Asked, task: str, told: dict[str, object]) -> Outcome:
    sets = math.comb(len(tables.homes), tables.count)
    if sets > MOST_SETS:
        return left_out(f"left out: {sets:.3g} portfolios")
    names = [f"PCN {at}" for at in range(len(tables.homes))]
    places = [f"facility {at}" for at in range(len(tables.hours))]
    metres = np.minimum(distances(tables), tables.reach_m) if task == "median" else distances(tables)
    problem = SiteProblem(debug_mode=False)
    problem.add_demand(pd.DataFrame({"place": places, "hours": tables.hours}), "hours", "place")
    matrix = pd.DataFrame(metres, columns=names)
    matrix.insert(0, "place", places)
    problem.add_travel_matrix(matrix, "place")
    sites = pd.DataFrame({"site": names, "long": tables.homes[:, 0], "lat": tables.homes[:, 1]})
    problem.add_sites(sites, "site", crs="EPSG:27700")
    found = problem.solve(
        tables.count, search_strategy="brute-force", show_progress=False, brute_force_keep_best_n=1, **told
    )
    chosen = np.zeros(len(names), dtype=bool)
    chosen[list(found.return_best_combination_site_indices())] = True
    return sites_outcome(tables, chosen, task, asked=asked)
