"""How far straight lines are off, where something better is known: by how rural the patients live."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from ..config import TravelParams
from ..schema import FacilityFrame, PopulationPointFrame
from ..schema.words import RURALITIES
from .times import HAIR, KnownTimes, are_known, look_up, spots_of, within

MODE, BASIS, RURALITY, PAIRS = "mode", "basis", "rurality", "pairs"
MEDIAN, LOW, HIGH, DIFFERENT = "median_share", "tenth_share", "ninetieth_share", "different_share"


def compare_straight(
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: TravelParams,
    known: Sequence[KnownTimes],
    rurality: pd.Series,
) -> pd.DataFrame:
    """
    Compare the minutes of straight lines with those that are known.

    Parameters
    ----------
    facilities, points
        `FacilityFrame`, `PopulationPointFrame`, metres.
    params
        Modes, limits, speeds and detours.
    known
        What straight lines are held against.
    rurality
        One of `words.RURALITIES` for each row of `points`, by its index.

    Returns
    -------
    errors
        One row a mode, basis and rurality that has pairs: `pairs` of facility and point within reach by either;
        of those whose minutes are known, `median_share`, `tenth_share` and `ninetieth_share` of (straight − known)
        ÷ known; and the patient-weighted share of the pairs that only one of them has within reach.
    """
    rows = []
    for times in known:
        pairs = _both(facilities, points, params, times)
        limit = params.limit_min(times.mode) * HAIR
        near = pd.DataFrame({"straight": pairs["straight"] <= limit, "known": pairs["known"] <= limit})
        reached = pairs[near.any(axis=1)].assign(different=near["straight"] != near["known"])
        for word in RURALITIES:
            here = reached[rurality.to_numpy()[reached["home"]] == word]
            there = here[np.isfinite(here["known"]) & here["known"].gt(0)]
            if here.empty:
                continue
            error = there["straight"] / there["known"] - 1
            weight = points[PopulationPointFrame.patients].to_numpy(dtype=float)[here["home"]]
            rows.append(
                {
                    MODE: times.mode,
                    BASIS: times.basis,
                    RURALITY: word,
                    PAIRS: len(here),
                    MEDIAN: error.median(),
                    LOW: error.quantile(0.1),
                    HIGH: error.quantile(0.9),
                    DIFFERENT: float((weight * here["different"]).sum() / weight.sum()) if weight.sum() else 0.0,
                }
            )
    return pd.DataFrame(rows, columns=[MODE, BASIS, RURALITY, PAIRS, MEDIAN, LOW, HIGH, DIFFERENT])


def tell_errors(errors: pd.DataFrame) -> list[str]:
    """The same in words, a sentence a row."""
    words = {"matrix": "the table of travel times", "network": "roads"}
    return [
        f"Straight lines against {words[row.basis]}, {row.mode}, {row.rurality}: over {row.pairs:,} pairs of facility "
        f"and place they are off by {row.median_share:+.0%} in the median ({row.tenth_share:+.0%} to "
        f"{row.ninetieth_share:+.0%} in the middle 80%), and tell {row.different_share:.1%} of patients' journeys "
        "in or out of reach otherwise."
        for row in errors.itertuples()
    ]


def _both(
    facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams, times: KnownTimes
) -> pd.DataFrame:
    """Pairs that are known, or could be reached in a straight line, of places that `times` knows: both minutes."""
    sites = facilities[facilities[FacilityFrame.facility_id].isin(times.facilities)]
    where = np.flatnonzero(are_known(times, points) & points[PopulationPointFrame.patients].gt(0).to_numpy())
    homes = points.iloc[where]
    told = look_up(times, sites[FacilityFrame.facility_id], homes, np.inf)
    told = pd.DataFrame({"site": told.site, "home": told.home, "known": told.minutes})
    told = told.sort_values(["site", "home", "known"]).drop_duplicates(["site", "home"])
    near = within(spots_of(sites), spots_of(homes), params.max_m(times.mode))
    near = pd.DataFrame({"site": near[0], "home": near[1]})
    both = told.merge(near, on=["site", "home"], how="outer", validate="one_to_one")
    metres = np.hypot(*(spots_of(sites)[both["site"]] - spots_of(homes)[both["home"]]).T)
    straight = params.start_min.get(times.mode, 0.0) + metres * params.minutes_per_m(times.mode)
    return both.assign(straight=straight, known=both["known"].fillna(np.inf), home=where[both["home"]])
