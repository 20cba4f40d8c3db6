"""What of one site can be changed by itself: its link workers, hours kept for it alone, its need weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..config import LinkWorkerParams, NeedParams
from ..locate import SiteProblem
from ..match import MatchProblem
from ..schema import CandidateFrame, CeilingFrame, NeedFrame

STEPS = {"link_workers": 0.1, "hours": 1.0, "need_weight": 0.01}
"""By lever: changes are told in multiples of this, in the lever's unit."""
MOST_TIMES = 10.0
"""Nobody gets more than so many times the link workers there are."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """The changes that can be made to any one site of a problem.

    Several PCNs of a site change together: link workers and weights in proportion to what each has.
    """

    problem: SiteProblem
    fte: np.ndarray
    """By PCN of the match."""
    weight: np.ndarray
    """By PCN of the match: the need weight."""
    patients: np.ndarray
    """By PCN of the match."""
    hours_in_reach: np.ndarray
    """By site: participant-hours."""
    referrals_per_fte: float
    weight_range: tuple[float, float]
    """The least and the greatest need weight that an index from 0 to 1 gives."""

    @classmethod
    def from_frames(
        cls,
        problem: SiteProblem,
        *,
        candidates: pd.DataFrame,
        ceilings: pd.DataFrame,
        need: pd.DataFrame,
        need_params: NeedParams,
        link_workers: LinkWorkerParams,
    ) -> Levers:
        """From `CandidateFrame`, `CeilingFrame` and `NeedFrame`."""
        codes = problem.match.pcn_codes
        keyed = need.set_index(NeedFrame.pcn_code).reindex(codes)
        hours = candidates.set_index(CandidateFrame.site_id)[CandidateFrame.hours_in_reach]
        fte = ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.link_worker_fte]
        floor = need_params.weight_floor
        return cls(
            problem=problem,
            fte=fte.reindex(codes).to_numpy(dtype=float),
            weight=keyed[NeedFrame.weight].to_numpy(dtype=float),
            patients=keyed[NeedFrame.patients].to_numpy(dtype=float),
            hours_in_reach=hours.reindex(problem.site_ids).to_numpy(dtype=float),
            referrals_per_fte=link_workers.caseload * link_workers.caseload_share,
            weight_range=(floor, floor + need_params.weight_span),
        )

    def pcns(self, site: int) -> np.ndarray:
        """Positions of the site's PCNs."""
        return np.flatnonzero(self.problem.site_of_pcn == site)

    def before(self, lever: str, site: int) -> float:
        """What the site has now, in the lever's unit; the weight of several PCNs is their patient-weighted mean."""
        pcns = self.pcns(site)
        if lever == "link_workers":
            return float(self.fte[pcns].sum())
        if lever == "hours":
            return float(self.hours_in_reach[site])
        patients = self.patients[pcns]
        return float(np.average(self.weight[pcns], weights=patients if patients.sum() > 0 else None))

    def grid(self, lever: str, site: int, *, more: bool) -> np.ndarray:
        """What the lever can be set to, from the smallest change to the greatest within reason; may be empty.

        Link workers go down to none, and up to those who can refer all who want a place or `MOST_TIMES` what there is.
        Hours go up to those that would serve all who want a place. A weight stays within what the index can give.
        """
        now, step = self.before(lever, site), STEPS[lever]
        if not more:
            least = {"link_workers": 0.0, "need_weight": self.weight_range[0]}[lever]
            first, last = np.ceil(now / step - _HAIR) - 1, np.ceil(least / step - _HAIR)
            return np.arange(first, last - 1, -1) * step if first >= last else np.zeros(0)
        most = {"link_workers": self._most_fte, "hours": self._most_hours}.get(lever, lambda _: self.weight_range[1])
        first = np.floor(now / step + _HAIR) + 1
        round_up = np.floor if lever == "need_weight" else np.ceil
        last = round_up(most(site) / step + (_HAIR if lever == "need_weight" else -_HAIR))
        return np.arange(first, last + 1) * step

    def set(self, lever: str, site: int, value: float) -> SiteProblem:
        """The problem with the lever of one site at a value; links and offers keep their places, new ones follow."""
        match, pcns = self.problem.match, self.pcns(site)
        if lever == "link_workers":
            ceiling = match.ceiling.copy()
            ceiling[pcns] = value * self._fte_shares(site) * self.referrals_per_fte
            match = replace(match, ceiling=ceiling)
        elif lever == "hours":
            match = _with_gift(match, pcns, max(value - self.before("hours", site), 0.0))
        else:
            worth = match.link_value.copy()
            worth[self.problem.link_site == site] *= value / self.before("need_weight", site)
            match = replace(match, link_value=worth)
        return replace(self.problem, match=match)

    def _fte_shares(self, site: int) -> np.ndarray:
        """Shares of the site's link workers by PCN; by patients where there are none yet."""
        pcns = self.pcns(site)
        shares = next((by[pcns] for by in (self.fte, self.patients) if by[pcns].sum() > 0), np.ones(len(pcns)))
        return shares / shares.sum()

    def _most_fte(self, site: int) -> float:
        pcns, now, shares = self.pcns(site), self.before("link_workers", site), self._fte_shares(site)
        each = shares * self.referrals_per_fte
        all_ = float((wanted_referrals(self.problem.match)[pcns][each > 0] / each[each > 0]).max(initial=0.0))
        return min(all_, MOST_TIMES * now) if now > 0 else all_

    def _most_hours(self, site: int) -> float:
        match, pcns = self.problem.match, self.pcns(site)
        length = _course_hours(match)
        cells = np.flatnonzero(np.isin(match.cell_pcn, pcns))
        return self.before("hours", site) + float(match.cell_demand[cells] @ length[match.cell_pathway[cells]])


def wanted_referrals(match: MatchProblem) -> np.ndarray:
    """By PCN: referrals that would fill all places wanted."""
    wanted = match.cell_demand / match.uptake[match.cell_pathway]
    return np.bincount(match.cell_pcn, wanted, minlength=len(match.ceiling))


def _course_hours(match: MatchProblem) -> np.ndarray:
    """By pathway: hours of a course; nothing where no pledge offers it."""
    length = np.zeros(len(match.pathway_ids))
    length[match.offer_pathway] = match.offer_hours
    return length


def _with_gift(match: MatchProblem, pcns: np.ndarray, hours: float) -> MatchProblem:
    """One more pledge of hours for one person each, near everybody of these PCNs and of use to nobody else.

    It offers the pathways that some pledge offers somewhere, as others have no course that hours could be counted in.
    """
    length = _course_hours(match)
    cells = np.flatnonzero(np.isin(match.cell_pcn, pcns) & (match.cell_demand >= 1) & (length[match.cell_pathway] > 0))
    paths, at = np.unique(match.cell_pathway[cells], return_inverse=True)
    order = np.lexsort((cells, at))
    cells, at = cells[order], at[order]
    own = len(match.catchment_cap) + np.arange(len(cells))
    ones = np.ones(len(paths))
    return replace(
        match,
        pledge_ids=np.append(match.pledge_ids, "a further gift"),
        pool_hours=np.append(match.pool_hours, hours),
        offer_pledge=np.append(match.offer_pledge, np.full(len(paths), len(match.pool_hours))),
        offer_pathway=np.append(match.offer_pathway, paths),
        offer_led=np.append(match.offer_led, np.zeros(len(paths), dtype=bool)),
        offer_hours=np.append(match.offer_hours, length[paths]),
        offer_places=np.append(match.offer_places, ones),
        offer_min_group=np.append(match.offer_min_group, 0.0 * ones),
        link_offer=np.append(match.link_offer, len(match.offer_led) + at),
        link_cell=np.append(match.link_cell, cells),
        link_cap=np.append(match.link_cap, match.cell_demand[cells]),
        link_value=np.append(match.link_value, _place_value(match, cells)),
        link_minutes=np.append(match.link_minutes, np.zeros(len(cells))),
        link_catchment=np.append(match.link_catchment, np.array([own, own + len(cells)]), axis=1),
        catchment_cap=np.concatenate([match.catchment_cap, match.cell_demand[cells], match.cell_demand[cells]]),
    )


def _place_value(match: MatchProblem, cells: np.ndarray) -> np.ndarray:
    """Need weight × completion share of a place in each cell, as its PCN's links have it; nothing where it has none."""
    weight = np.zeros(len(match.ceiling))
    weight[match.link_pcn] = match.link_value / match.link_completion
    return weight[match.cell_pcn[cells]] * match.completion[match.cell_pathway[cells]]
