"""Choosing the best of a few sites, each pledge going to the best of those chosen, as a small whole model.

The rows are by pledge and level of worth: Elloumi, "A tighter formulation of the p-median problem" (2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..solver import LinearModel
from .problem import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Sets of sites: for each level of a pledge's worth, those where it is worth so much or more.

    Pledges often have the same sets.
    """

    members: np.ndarray
    """Set × site."""
    worth: np.ndarray
    """By set: what it is worth that one of its sites is chosen."""
    above: np.ndarray
    """By set: one with some of its sites, before it, or −1."""

    @classmethod
    def collect(cls, site: np.ndarray, gain: np.ndarray, last: np.ndarray, *, sites: int) -> Levels:
        """
        Gather the sets of all pledges.

        Parameters
        ----------
        site
            Pledge by pledge, the sites from the one where it is worth most: positions among `sites`.
        gain
            What it is worth more there than at the next.
        last
            True at the last site of a pledge.
        """
        found: dict[bytes, int] = {}
        worth: list[float] = []
        above: list[int] = []
        members, at = np.zeros(sites, dtype=bool), -1
        for column, more, ends in zip(site, gain, last, strict=True):
            members[column] = True
            if more > 0:
                upper, at = at, found.setdefault(members.tobytes(), len(worth))
                if at == len(worth):
                    worth.append(0.0)
                    above.append(upper)
                worth[at] += float(more)
            if ends:
                members[:], at = False, -1
        rows = np.frombuffer(b"".join(found), dtype=bool).reshape(len(found), sites)
        return cls(members=rows, worth=np.array(worth), above=np.array(above, dtype=np.int64))

    def model(self, conditions: Sequence[Condition], sites: np.ndarray, free: np.ndarray) -> LinearModel:
        """
        The choice as a whole model: the columns are the sites and then one a set.

        A set counts at most 1, and at most its sites together: those that the set above lacks, and that set.

        Parameters
        ----------
        conditions
            What the choice must keep to.
        sites
            Positions of the sites that may be chosen; the others are not.
        free
            True by these where the sets are of them.
        """
        count, sets = len(sites), len(self.worth)
        under = np.flatnonzero(self.above >= 0)
        added = self.members.copy()
        added[under] &= ~self.members[self.above[under]]
        row, site = np.nonzero(added)
        each = np.arange(sets)
        parts = [
            (row, np.flatnonzero(free)[site], -np.ones(len(row))),
            (under, count + self.above[under], -np.ones(len(under))),
            (each, count + each, np.ones(sets)),
        ]
        rows, columns, figures = (np.concatenate(part) for part in zip(*parts, strict=True))
        held = sparse.vstack([sparse.csr_array(condition.members[:, sites]) for condition in conditions], format="csr")
        held.resize((held.shape[0], count + sets))
        asks = sparse.csr_array((figures, (rows, columns)), shape=(sets, count + sets))
        return LinearModel(
            value=np.concatenate([np.zeros(count), self.worth]),
            matrix=sparse.csr_array(sparse.vstack([held, asks], format="csr")),
            row_lower=np.concatenate([*(condition.least for condition in conditions), np.full(sets, -np.inf)]),
            row_upper=np.concatenate([*(condition.most for condition in conditions), np.zeros(sets)]),
            upper=np.ones(count + sets),
            integer=np.arange(count + sets) < count,
        )
