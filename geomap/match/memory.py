"""What a search learns that a later search can use: bounds of regions, their prices, and marks of what it was given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..config import MatchParams
from ..schema import BoundRecord
from ..solver import LinearModel
from .problem import MatchProblem


@dataclass(slots=True, kw_only=True)
class Memory:
    """Bounds proved before, and what the bound of this search stands on."""

    before: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By digest of a model, as an earlier run left it: its bound, and the steps allowed for it."""
    now: dict[str, tuple[float, int]] = field(default_factory=dict)
    """The same of the models of this search."""
    region: np.ndarray | None = None
    """By PCN, its region when the bound was last worked on; none where the match is one model."""
    price: np.ndarray | None = None
    """By pledge, need-weighted completions an hour is worth."""
    alone: np.ndarray | None = None
    """By PCN, places that no plan can pass; not a number where it is not known."""

    def recall(self, digest: str, steps: int) -> bool:
        """Whether a model's bound is known from as many steps; then it counts for this search."""
        if digest in self.before:
            self.now.setdefault(digest, self.before[digest])
        return digest in self.now and self.now[digest][1] >= steps

    def keep(self, digest: str, bound: float, steps: int) -> None:
        """Remember a model's bound, or a better one that is known already."""
        known, worked = self.now.get(digest, (float("inf"), 0))
        self.now[digest] = (min(bound, known), max(steps, worked))

    def record(self, problem: MatchProblem) -> BoundRecord:
        """What a later run can use, by code and id."""
        bounds = {digest: told for digest, told in sorted(self.now.items()) if np.isfinite(told[0])}
        if self.region is None or self.price is None:
            return BoundRecord(bounds=bounds)
        return BoundRecord(
            regions=dict(zip(problem.pcn_codes.tolist(), self.region.tolist(), strict=True)),
            prices=dict(zip(problem.pledge_ids.tolist(), self.price.tolist(), strict=True)),
            bounds=bounds,
        )


def digest_of(model: LinearModel) -> str:
    """The sha256 of all numbers of a model: two models with the same have the same bound."""
    matrix = model.matrix.tocsr()
    told = hashlib.sha256()
    for array in (model.value, matrix.data, model.row_lower, model.row_upper, model.upper):
        told.update(f"{array.shape};".encode() + np.ascontiguousarray(array, dtype="<f8").tobytes())
    for array in (matrix.indptr, matrix.indices, model.integer):
        told.update(f"{array.shape};".encode() + np.ascontiguousarray(array, dtype="<i8").tobytes())
    return told.hexdigest()


def mark_pcns(problem: MatchProblem, params: MatchParams) -> dict[str, str]:
    """
    By PCN code, the sha256 of what the plan of a PCN can depend on.

    That is its demand, ceiling, weight and minimums, the pledges that reach it with all that they reach, and how far
    and how fairly the match is to go. Where no mark has changed, neither has the plan.
    """
    links = _hash_links(problem)
    pledge = problem.offer_pledge[problem.link_offer]
    offers = _hash(
        problem.pledge_ids[problem.offer_pledge], problem.pathway_ids[problem.offer_pathway], problem.offer_led,
        problem.pool_hours[problem.offer_pledge], problem.offer_hours, problem.offer_places, problem.offer_min_group,
    )  # fmt: skip
    of_pledge = _join([(problem.offer_pledge, offers), (pledge, links)], len(problem.pledge_ids))
    cells = _hash(
        problem.pathway_ids[problem.cell_pathway], problem.cell_demand, problem.uptake[problem.cell_pathway],
        problem.completion[problem.cell_pathway],
    )  # fmt: skip
    pcns = _hash(problem.pcn_codes, problem.ceiling, problem.core20_lead)
    wish, member = problem.minimum_member
    wishes = _hash(links[member], problem.minimum_places[wish])
    both = np.unique(problem.link_pcn * np.int64(len(of_pledge)) + pledge)
    reached, reaching = np.divmod(both, max(len(of_pledge), 1))
    count = len(problem.pcn_codes)
    parts = [
        (np.arange(count), pcns), (problem.cell_pcn, cells), (problem.link_pcn[member], wishes),
        (reached, _hash(of_pledge[reaching])),
    ]  # fmt: skip
    aims = f"{params.rounds};{params.gap_share};{params.fairness_budget};{params.core20}"
    marks = [hashlib.sha256(f"{mark};{aims}".encode()).hexdigest() for mark in _join(parts, count)]
    return dict(zip(problem.pcn_codes.tolist(), marks, strict=True))


def _hash_links(problem: MatchProblem) -> np.ndarray:
    """By link, a number that tells it: its keys, figures, and who else shares its catchments."""
    offer = problem.link_offer
    first = np.full(len(problem.catchment_cap), len(offer))
    for numbers in problem.link_catchment:
        np.minimum.at(first, numbers, np.arange(len(offer)))
    shared = [first[numbers] for numbers in problem.link_catchment]
    # A catchment is known by the first link that is in it: its number changes with all others.
    keys = [problem.pledge_ids[problem.offer_pledge[offer[at]]] for at in shared]
    return _hash(
        problem.pathway_ids[problem.offer_pathway[offer]], problem.pcn_codes[problem.link_pcn], problem.link_cap,
        problem.link_value, problem.link_minutes, *keys, *(problem.catchment_cap[n] for n in problem.link_catchment),
    )  # fmt: skip


def _hash(*columns: np.ndarray) -> np.ndarray:
    """A number by row, of 64 bits."""
    frame = pd.DataFrame({str(at): column for at, column in enumerate(columns)})
    return pd.util.hash_pandas_object(frame, index=False).to_numpy(dtype="<u8")


def _join(parts: list[tuple[np.ndarray, np.ndarray]], count: int) -> np.ndarray:
    """By owner, the sha256 of the numbers of its rows, in the order of the rows, part by part."""
    told = [hashlib.sha256() for _ in range(count)]
    for owner, numbers in parts:
        order = np.argsort(owner, kind="stable")
        ends = np.searchsorted(owner[order], np.arange(count + 1))
        for at in range(count):
            told[at].update(numbers[order[ends[at] : ends[at + 1]]].tobytes() + b";")
    return np.array([one.hexdigest() for one in told], dtype=object)
