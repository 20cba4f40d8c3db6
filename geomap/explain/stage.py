"""Explain the sites of a portfolio, those asked about, and the best of those that are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..config import LinkWorkerParams, NeedParams
from ..locate import Chooser, Portfolio
from ..schema import (
    CandidateFrame,
    PathwayFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
)
from .bounds import Bounds
from .changes import Case, Searcher
from .levers import Levers
from .limits import gain_of_lifting
from .parts import split_value, split_weights
from .reasons import Story, tell_site

Row = dict[str, object]

NEXT_BEST = 3
"""So many sites that are not chosen are explained, those asked about among them."""
_LEVERS = {True: ("link_workers", "need_weight"), False: ("link_workers", "hours", "need_weight")}
"""By whether a site is chosen: hours can be kept for one site alone, not taken from it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSources:
    """What the choice was made from."""

    candidates: pd.DataFrame
    """`CandidateFrame`, in the order of the problem's sites."""
    need: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    need_params: NeedParams
    link_workers: LinkWorkerParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """`SitePartFrame`, `SiteLimitFrame`, `SiteChangeFrame`, `SiteReasonFrame`, and plain sentences on how."""

    parts: pd.DataFrame
    limits: pd.DataFrame
    changes: pd.DataFrame
    reasons: pd.DataFrame
    notes: tuple[str, ...]


def explain_sites(
    sources: ExplainSources, chooser: Chooser, portfolio: Portfolio, ask: Sequence[str] = ()
) -> Explained:
    """
    Say why sites are chosen or not, and what would change that.

    Parameters
    ----------
    sources
        The tables of the choice.
    chooser
        Of the problem that the portfolio was chosen from.
    portfolio
        The best one.
    ask
        Ids of sites to explain besides; the best of those not chosen join them until there are `NEXT_BEST`.

    Returns
    -------
    explained
        Chosen sites first, by id, then the others: those asked about as they were asked, then the next best.

    Raises
    ------
    SolveError
        The parts of a score do not add up to it, or the solver failed.
    """
    problem = chooser.problem
    chosen = np.flatnonzero(portfolio.chosen).tolist()
    others = _asked(chooser, portfolio, ask)
    bounds = Bounds.build(chooser, portfolio.value, [*chosen, *others])
    next_best = [site for site in bounds.best_first() if site not in {*chosen, *others}]
    others += next_best[: max(NEXT_BEST - len(others), 0)]
    levers = Levers.from_frames(
        problem,
        candidates=sources.candidates,
        ceilings=sources.ceilings,
        need=sources.need,
        need_params=sources.need_params,
        link_workers=sources.link_workers,
    )
    searcher = Searcher(chooser=chooser, bounds=bounds, levers=levers)
    cases = [searcher.leave_out(portfolio, site) for site in chosen]
    cases += [searcher.take_in(portfolio, site, _swapped(chooser, portfolio, site)) for site in others]
    weights = split_weights(sources.need, sources.need_params)
    rows = _Rows(sources=sources, searcher=searcher, weights=weights)
    for case in cases:
        rows.add(case)
    return rows.tables()


def _asked(chooser: Chooser, portfolio: Portfolio, ask: Sequence[str]) -> list[int]:
    """Positions of the sites asked about that are not chosen."""
    position = {site_id: at for at, site_id in enumerate(chooser.problem.site_ids)}
    return [position[site_id] for site_id in dict.fromkeys(ask) if not portfolio.chosen[position[site_id]]]


def _swapped(chooser: Chooser, portfolio: Portfolio, site: int) -> np.ndarray:
    """The chosen sites with this one in the place of the one that gives least."""
    problem = chooser.problem
    sites = problem.link_site
    given = np.zeros(len(problem.site_ids))
    inside = sites >= 0
    np.add.at(given, sites[inside], (problem.match.link_value * portfolio.places)[inside])
    swapped = portfolio.chosen.copy()
    if swapped.any():
        swapped[int(np.argmin(np.where(portfolio.chosen, given, np.inf)))] = False
    swapped[site] = True
    return swapped


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The rows of all tables, site by site."""

    sources: ExplainSources
    searcher: Searcher
    weights: pd.DataFrame
    parts: list[Row] = field(default_factory=list)
    limits: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    reasons: list[Row] = field(default_factory=list)

    def add(self, case: Case) -> None:
        """Explain one site."""
        problem = self.searcher.chooser.problem
        name = self.sources.candidates[CandidateFrame.site_name].iloc[case.site]
        label = {SitePartFrame.site_id: problem.site_ids[case.site], SitePartFrame.site_name: name}
        parts = [] if case.plan is None else split_value(problem, case.site, case.plan.places, self.weights)
        p, m, c = SitePartFrame, SiteLimitFrame, SiteChangeFrame
        own_parts = [
            {**label, p.chosen: case.chosen, p.pathway_id: pathway, p.part: part, p.value: value}
            for pathway, part, value in parts
        ]
        gains = gain_of_lifting(problem, case.site)
        own_limits = [{**label, m.limit: limit, m.gain: gain} for limit, gain in gains.items()]
        own_changes = []
        for lever in _LEVERS[case.chosen]:
            change = self.searcher.search(case, lever)
            own_changes.append(
                {
                    **label, c.chosen: case.chosen, c.lever: lever, c.before: change.before, c.after: change.after,
                    c.value_with: change.value_with, c.value_without: change.value_without,
                    c.verified: change.verified, c.loss: case.loss,
                }
            )  # fmt: skip
        self.parts += own_parts
        self.limits += own_limits
        self.changes += own_changes
        sentences = tell_site(self._story(case, (own_parts, own_limits, own_changes)))
        self.reasons += [
            {**label, SiteReasonFrame.order: at, SiteReasonFrame.sentence: sentence}
            for at, sentence in enumerate(sentences, 1)
        ]

    def _story(self, case: Case, rows: tuple[list[Row], ...]) -> Story:
        models = (SitePartFrame, SiteLimitFrame, SiteChangeFrame)
        parts, limits, changes = (_table(model, own) for model, own in zip(models, rows, strict=True))
        problem = self.searcher.chooser.problem
        given = np.zeros(len(problem.match.link_cap)) if case.plan is None else case.plan.places
        mine = problem.link_site == case.site
        names = self.sources.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.pathway_name]
        # Where the conditions alone keep a site in or out no lever is told of.
        stuck = case.plan is None or not np.isfinite(case.value_without)
        return Story(
            chosen=case.chosen,
            possible=case.plan is not None,
            places=int(given[mine].sum()),
            completions=float((given * problem.match.link_completion)[mine].sum()),
            parts=parts,
            limits=limits,
            changes=changes.iloc[:0] if stuck else changes,
            loss=case.loss,
            pathway_names=names.to_dict(),
        )

    def tables(self) -> Explained:
        """All tables, with what is to be known of them."""
        notes = [
            "What holds a site back is told from the relaxation of that site alone, in which courses can be divided.",
            "A change that brings a site in or out is of that site alone, all else as it is. Where a portfolio is "
            "proven within a gap only, the change told is the smallest that surely does it; a smaller one may.",
        ]
        if not self.searcher.whole:
            notes.append(
                "With so many links between hours and PCNs, smaller changes were tried by quick bounds and plans, and "
                "not each was solved in full."
            )
        return Explained(
            parts=_table(SitePartFrame, self.parts),
            limits=_table(SiteLimitFrame, self.limits),
            changes=_table(SiteChangeFrame, self.changes),
            reasons=_table(SiteReasonFrame, self.reasons),
            notes=tuple(notes),
        )


def _table(model: type, rows: Sequence[Row]) -> pd.DataFrame:
    columns = model.to_schema().columns
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({name: str(column.dtype) for name, column in columns.items()})
