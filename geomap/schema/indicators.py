"""Indicators of a planner's own: as they were given, and as they enter need."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table
from .inputs import CODE


class OwnValueFrame(Table):
    """One row a (PCN, indicator) of the planner's own table that has a figure."""

    pcn_code: Series[str] = pa.Field(str_matches=CODE)
    indicator: Series[str]
    value: Series[float]


class IndicatorFrame(Table):
    """One row a (PCN, indicator of the planner's own) that has a weight in need.

    `percentile` is weighted by patients over all PCNs of the map, 0 to 1, turned so that higher is more need; it is
    missing where the PCN has no figure. `weight_share` is the indicator's part of all weights of the need index.
    `value` is as it was given; published results leave it empty, since it may be a small count of people.
    """

    pcn_code: Series[str]
    indicator: Series[str]
    value: Series[float] = pa.Field(nullable=True)
    percentile: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    higher_is: Series[str] = pa.Field(isin=("more need", "less need"))
    weight_share: Series[float] = pa.Field(ge=0, le=1)
