"""Links between operators and NHS organisations: of several that are told, the best one counts."""

from __future__ import annotations

import pandas as pd

from .schema.words import LINK_STATUSES

NO_LINK_TOLD = "unknown"
"""The link where none is told."""


def find_best(statuses: pd.Series, keys: pd.Series | list[pd.Series]) -> pd.Series:
    """
    The best link of each group: formal before informal, before none, before unknown.

    Parameters
    ----------
    statuses
        Of `LINK_STATUSES`.
    keys
        What to group by: the same index as the statuses. A missing key is no group.

    Returns
    -------
    best
        A status a group, sorted by key.
    """
    rank = statuses.map(LINK_STATUSES.index).astype("int64")
    return rank.groupby(keys).min().map(dict(enumerate(LINK_STATUSES))).astype("str")
