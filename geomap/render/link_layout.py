"""Who stands beside whom where operators and places of the NHS are joined by lines: whom to show, in what order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..schema.words import LINKED
from .crossings import fewest_crossings

MOST_OPERATORS = 20
MOST_PCNS = 30
MOST_LINES = 60
"""Past so many lines, those that only matched hours tell of are left out at first."""


def _lines_drawn(ties: pd.DataFrame, side: str) -> tuple[pd.DataFrame, bool]:
    """Ties with a line: told, and matched where they are not too many; and whether these are among them."""
    # Being in reach of one another is no link yet.
    drawn = ties[(ties["told"] > 0) | (ties["hours"] > 0)]
    has_untold = len(drawn.drop_duplicates(["operator", side])) <= MOST_LINES
    return (drawn if has_untold else drawn[drawn["told"] > 0]), has_untold


def _weightiest(ties: pd.DataFrame, side: str, most: int) -> np.ndarray:
    """Rows of one side with most links, then most hours; at most so many."""
    linked = ties["status"].isin(LINKED).astype(int)
    sums = ties.assign(linked=linked).groupby(side, sort=True)[["linked", "hours"]].sum()
    return sums.sort_values(["linked", "hours"], ascending=False, kind="stable").index[:most].to_numpy()


def _two_columns(ties: pd.DataFrame, side: str, most: int) -> dict[str, object]:
    """Operators and rows of `side` to show, both in the order in which few lines cross."""
    lines, has_untold = _lines_drawn(ties, side)
    operators = _weightiest(lines, "operator", MOST_OPERATORS)
    others = _weightiest(lines[lines["operator"].isin(operators)], side, most)
    if len(others) == 0:
        return {"operators": [], "others": [], "untold": int(has_untold)}
    joined = pd.crosstab(lines["operator"], lines[side]).clip(upper=1)
    joined = joined.reindex(index=operators, columns=others, fill_value=0)
    left, right = fewest_crossings([joined.to_numpy(dtype=float)])
    return {"operators": operators[left].tolist(), "others": others[right].tolist(), "untold": int(has_untold)}


def link_order(ties: pd.DataFrame, icb_of_pcn: np.ndarray, icbs: int) -> dict[str, object]:
    """
    Both columns of the view of links, where nothing is chosen and for each ICB.

    Parameters
    ----------
    ties
        `operator`, `pcn` (rows), `status`, `told` (0 or 1), `hours`.
    icb_of_pcn
        Row of the ICB of each PCN, shape (n,).

    Returns
    -------
    block
        `all` (operators and ICBs) and `icbs[i]` (operators and PCNs of ICB i), each with `operators` and `others` from
        top to bottom, and `untold`: 1 where lines that only matched hours tell of are drawn too.
    """
    placed = ties.assign(icb=icb_of_pcn[ties["pcn"].to_numpy(dtype=int)])
    within = dict(list(placed.groupby("icb", sort=True)))
    return {
        "all": _two_columns(placed, "icb", icbs),
        "icbs": [_two_columns(within.get(k, placed.iloc[:0]), "pcn", MOST_PCNS) for k in range(icbs)],
    }
