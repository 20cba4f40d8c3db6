"""What a model is to be best at, beyond the limits that every plan holds: a worth by link, floors, and sums to keep."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .problem import MatchProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """Sums of places that should reach a least number, each within one PCN.

    A row is a set of links: `member_row` and `member_link` are pairs of positions. What a row may fall short of `least`
    stands in segments, the dearest first: `segment_places` of a row that cost `segment_cost` each when they are
    missing. Without segments a row must hold. A `whole` segment is missing as one, and then costs its cost once;
    `most` of those of all rows may be missing.
    """

    member_row: np.ndarray
    member_link: np.ndarray
    least: np.ndarray
    segment_row: np.ndarray
    segment_places: np.ndarray
    segment_cost: np.ndarray
    whole: bool = False
    most: float = np.inf

    def missing(self, places: np.ndarray) -> np.ndarray:
        """By segment, how many places a plan falls short; of whole segments, whether it does."""
        given = np.bincount(self.member_row, places[self.member_link], minlength=len(self.least))
        short = np.maximum(self.least - given, 0.0)
        taken = np.zeros(len(self.segment_row))
        # The cheap segments are the last: what is missing is missing there first.
        for at in range(len(self.segment_row) - 1, -1, -1):
            row = self.segment_row[at]
            taken[at] = min(short[row], self.segment_places[at])
            short[row] -= taken[at]
        return np.ceil(taken / np.maximum(self.segment_places, 1e-9) - 1e-9) if self.whole else taken

    def reached(self, places: np.ndarray) -> Floors:
        """What a plan reaches of these floors, to be kept from here on."""
        given = np.bincount(self.member_row, places[self.member_link], minlength=len(self.least))
        nothing = np.zeros(0)
        return Floors(
            member_row=self.member_row,
            member_link=self.member_link,
            least=np.minimum(self.least, given),
            segment_row=nothing.astype(int),
            segment_places=nothing,
            segment_cost=nothing,
        )

    @classmethod
    def by_pcn(
        cls, problem: MatchProblem, tiers: np.ndarray, costs: np.ndarray, *, whole: bool = False, most: float = np.inf
    ) -> Floors:
        """
        Floors of all places of a PCN.

        Parameters
        ----------
        tiers
            Shape (segments of a PCN, PCNs): each row says how many places a PCN should have, no less than the one
            before; what is missing of the first costs `costs[0]` each, and so on.
        """
        widths = np.diff(tiers, axis=0, prepend=0.0)
        tier, pcn = np.nonzero(widths > 0)
        return cls(
            member_row=problem.link_pcn,
            member_link=np.arange(len(problem.link_cap)),
            least=tiers[-1],
            segment_row=pcn,
            segment_places=widths[tier, pcn],
            segment_cost=costs[tier],
            whole=whole,
            most=most,
        )

    @classmethod
    def hold(cls, problem: MatchProblem, least: np.ndarray) -> Floors:
        """Each PCN keeps at least so many places."""
        nothing = np.zeros(0)
        return cls(
            member_row=problem.link_pcn,
            member_link=np.arange(len(problem.link_cap)),
            least=least,
            segment_row=nothing.astype(int),
            segment_places=nothing,
            segment_cost=nothing,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A sum over all links, `worth` each, that must not fall below `least`."""

    worth: np.ndarray
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What to be best at."""

    worth: np.ndarray
    """By link: what one place counts."""
    floors: tuple[Floors, ...] = ()
    keeps: tuple[Keep, ...] = field(default=())

    def total(self, places: np.ndarray) -> float:
        """What a plan counts, less what its floors cost it."""
        cost = sum(float(floors.segment_cost @ floors.missing(places)) for floors in self.floors)
        return float(self.worth @ places) - cost
