"""The choice of sites as arrays: the match, which site each PCN belongs to, and the planner's conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from ..match import MatchProblem
from ..schema import CandidateFrame, PostcodeFrame
from ..schema.words import LIST_SEPARATOR

NO_SITE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Rows least ≤ members · y ≤ most over the sites, y = 1 where one is chosen; `text` is what the planner asked."""

    text: str
    members: sparse.csr_array
    least: np.ndarray
    most: np.ndarray

    @classmethod
    def one(cls, text: str, members: np.ndarray, *, least: float = -np.inf, most: float = np.inf) -> Condition:
        """A condition of one row, with a number by site."""
        row = sparse.csr_array(np.asarray(members, dtype=float)[None, :])
        return cls(text=text, members=row, least=np.array([least]), most=np.array([most]))

    def holds(self, chosen: np.ndarray) -> bool:
        """Whether a choice (true by site) keeps to it."""
        sums = self.members @ chosen.astype(float)
        return bool((sums >= self.least - 1e-6).all() and (sums <= self.most + 1e-6).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProblem:
    """What a portfolio is chosen from and what it must keep to."""

    match: MatchProblem
    site_ids: np.ndarray
    site_of_pcn: np.ndarray
    """By PCN of the match: position of its site, or `NO_SITE`."""
    homes: np.ndarray
    """Where each PCN's patients live on average, metres, shape (n, 2)."""
    conditions: tuple[Condition, ...] = field(default=())
    min_coverage: float = 0.0
    """Least share of its own demand that each PCN of a chosen site must get."""

    @classmethod
    def from_frames(
        cls,
        match: MatchProblem,
        candidates: pd.DataFrame,
        conditions: Sequence[Condition],
        homes: pd.DataFrame,
        *,
        min_coverage: float = 0.0,
    ) -> SiteProblem:
        """
        Build the problem from a match and `CandidateFrame`, sorted by id, whose order the conditions' members follow.

        `homes` are where each PCN's patients live on average: `easting` and `northing`, indexed by `pcn_code`. A PCN of
        no site is served by none of the portfolios.
        """
        pcns = candidates[CandidateFrame.pcn_codes].str.split(LIST_SEPARATOR)
        site_of = {code: at for at, codes in enumerate(pcns) for code in codes}
        at = homes[[PostcodeFrame.easting, PostcodeFrame.northing]].reindex(match.pcn_codes)
        return cls(
            match=match,
            site_ids=candidates[CandidateFrame.site_id].to_numpy(dtype=object),
            site_of_pcn=np.array([site_of.get(code, NO_SITE) for code in match.pcn_codes], dtype=np.int64),
            homes=at.to_numpy(dtype=float),
            conditions=tuple(conditions),
            min_coverage=min_coverage,
        )

    @property
    def link_site(self) -> np.ndarray:
        """By link of the match: position of its site, or `NO_SITE`."""
        return self.site_of_pcn[self.match.link_pcn]

    def least_places(self) -> np.ndarray:
        """By PCN: places it must get where its site is chosen."""
        return np.ceil(self.min_coverage * self.match.pcn_demand - 1e-9)
