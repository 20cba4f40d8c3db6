"""The parts of a site's score: completions by pathway, each at the floor of the need weight and at what need adds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..config import NeedParams
from ..errors import SolveError
from ..locate import SiteProblem
from ..schema import NeedFrame

_NOT_KNOWN = "not_known"
_INDICATORS = {
    "deprivation": ("imd", NeedFrame.imd_percentile),
    "inactivity": ("inactivity", NeedFrame.inactive_percentile),
    "long_term": ("long_term", NeedFrame.long_term_percentile),
    "aged_65": ("aged_65", NeedFrame.aged_65_percentile),
    "own": ("own", NeedFrame.own_percentile),
}
"""Part → the name of its share in the index, and its percentile."""
_TOLERANCE = 1e-9


def split_weights(need: pd.DataFrame, params: NeedParams) -> pd.DataFrame:
    """
    The need weight of each PCN in parts: weight_floor + weight_span × Σ share × percentile.

    Parameters
    ----------
    need
        `NeedFrame`.
    params
        The floor, the span and the shares. The share of an indicator that is not known is spread over the others;
        where none is known the index is 0.5.

    Returns
    -------
    parts
        Indexed by `pcn_code`, a column a part, in the order of `SCORE_PARTS`.

    Raises
    ------
    SolveError
        The parts do not add up to the weights: the table was made with other parameters.
    """
    keyed = need.set_index(NeedFrame.pcn_code)
    given = params.all_weights
    percentiles = pd.DataFrame({part: keyed[column] for part, (_, column) in _INDICATORS.items()}, dtype=float)
    shares = pd.Series({part: given[name] for part, (name, _) in _INDICATORS.items()})
    known = (percentiles.notna() * shares).sum(axis=1)
    told = (percentiles.fillna(0.0) * shares).div(known.where(known > 0), axis=0)
    parts = params.weight_span * told.fillna(0.0)
    parts.insert(0, "everybody", params.weight_floor)
    parts[_NOT_KNOWN] = np.where(known > 0, 0.0, params.weight_span * 0.5)
    apart = (parts.sum(axis=1) - keyed[NeedFrame.weight]).abs()
    if (apart > _TOLERANCE * keyed[NeedFrame.weight]).any():
        raise SolveError(f"The need weight of PCN {apart.idxmax()} is not the sum of its parts.")
    return parts


def split_value(
    problem: SiteProblem, site: int, places: np.ndarray, weights: pd.DataFrame
) -> list[tuple[str, str, float]]:
    """
    The value of a site in a plan as (pathway, part, value), by pathway and in the order of the parts; no part of 0.

    Parameters
    ----------
    problem
        Where the site is from.
    site
        Its position.
    places
        By link of the match.
    weights
        Of `split_weights`.

    Raises
    ------
    SolveError
        The parts do not add up to the site's value to 1e-9.
    """
    match = problem.match
    mine = np.flatnonzero((problem.link_site == site) & (places > 0))
    cell = match.link_cell[mine]
    completions = places[mine] * match.link_completion[mine]
    by_pcn = weights.reindex(match.pcn_codes).to_numpy()[match.cell_pcn[cell]]
    told = []
    for pathway in np.unique(match.cell_pathway[cell]):
        here = match.cell_pathway[cell] == pathway
        sums = completions[here] @ by_pcn[here]
        name = str(match.pathway_ids[pathway])
        told += [(name, str(part), float(v)) for part, v in zip(weights.columns, sums, strict=True) if v != 0]
    value = float(match.link_value[mine] @ places[mine])
    if abs(sum(v for _, _, v in told) - value) > _TOLERANCE * max(1.0, value):
        raise SolveError(f"The parts of the score of {problem.site_ids[site]} do not add up to it.")
    return told
