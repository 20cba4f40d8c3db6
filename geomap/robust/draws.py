"""How firm the choice of sites is: the assumptions are drawn many times, and sites chosen anew each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..config import RobustParams
from ..locate import Chooser, SiteProblem
from ..runner import Runner
from ..schema import DrawFrame
from .factors import Factors, draw_factors, list_detours, list_ends
from .quick import Answer, Chunk, answer_chunk, price_world
from .store import Store, digest, digest_of_versions
from .tables import Drawn, Full, RobustTables, build_tables
from .world import DrawSource, World

CHUNK = 20
"""Draws that are answered together; the same whatever the number of workers, so that the figures are too."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullParams:
    """How closely the draws that are solved in full are solved."""

    gap_share: float
    time_limit_s: float
    """For each."""


def draw_choices(
    source: DrawSource,
    sites: SiteProblem,
    params: RobustParams,
    runner: Runner,
    *,
    candidates: pd.DataFrame,
    portfolios: Sequence[np.ndarray],
    full: FullParams,
    kept: Path | None = None,
    progress: Progress = lambda text: None,
) -> RobustTables:
    """
    Draw the assumptions and choose sites for each draw; then one assumption at a time, at either end of its range.

    Conditions stay those of the scenario: what quotas count sites by is not drawn.

    Parameters
    ----------
    source
        The scenario's tables.
    sites
        The scenario's choice, of the same PCNs.
    params
        What is drawn, how often, and the seed.
    runner
        Where draws are answered; the figures are the same anywhere.
    candidates
        `CandidateFrame` in the order of the sites.
    portfolios
        Choices (true by site), the best first, to be held against every draw.
    full
        For the draws that are also solved in full.
    kept
        A folder in which finished draws are kept and looked for; none: nothing is kept.
    progress
        Called with a short sentence as work goes on.

    Returns
    -------
    tables
        `DrawFrame`, `RobustnessFrame`, `RegretFrame`, `FlipFrame` and notes.

    Raises
    ------
    InfeasibleError
        In some draw no choice of sites meets the conditions.
    SolveError, OutputError
        The solver failed, or the folder cannot be written.
    """
    ends = list_ends(params)
    asked = [*(draw_factors(params, draw) for draw in range(params.draws + 1)), *(factors for _, _, factors in ends)]
    detours = [at for at in list_detours(params) if any(factors[DrawFrame.detour] == at for factors in asked)]
    worlds = {at: World.build(source, at, params) for at in detours}
    work = _Work(worlds=worlds, sites=sites, runner=runner, store=Store(folder=kept), progress=progress)
    answers = work.answer(asked, tuple(portfolios))
    drawn = Drawn(
        factors=asked[: params.draws + 1],
        answers=answers[: params.draws + 1],
        ends=ends,
        end_answers=answers[params.draws + 1 :],
        full=work.solve_full(asked[: params.draws + 1], answers, params.full_draws, full),
    )
    return build_tables(drawn, sites, params, candidates=candidates, portfolios=portfolios)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is asked of the worlds, and where it is done and kept."""

    worlds: dict[float, World]
    sites: SiteProblem
    runner: Runner
    store: Store
    progress: Progress

    def answer(self, asked: Sequence[Factors], portfolios: tuple[np.ndarray, ...]) -> list[Answer]:
        """Quick answers in the order asked; those that are kept are not worked out again."""
        answers: dict[int, Answer] = {}
        waiting: list[tuple[str, list[int], Chunk]] = []
        for detour, world in self.worlds.items():
            mine = [at for at, factors in enumerate(asked) if factors[DrawFrame.detour] == detour]
            there = digest(digest_of_versions(), world, self._about_sites(), portfolios)
            for first in range(0, len(mine), CHUNK):
                some = mine[first : first + CHUNK]
                draws = tuple(asked[at] for at in some)
                key = digest(there, draws)
                held = _read_answers(self.store.read(key))
                if held is not None and len(held) == len(some):
                    answers.update(zip(some, held, strict=True))
                    continue
                waiting.append((key, some, self._chunk(world, draws, portfolios)))
        chunks = self._with_prices([chunk for _, _, chunk in waiting])
        for (key, some, _), found in zip(waiting, self.runner.map(answer_chunk, chunks), strict=True):
            self.store.write(key, [asdict(answer) for answer in found])
            answers.update(zip(some, found, strict=True))
            self.progress(f"drawing the assumptions: {len(answers):,} of {len(asked):,}")
        return [answers[at] for at in range(len(asked))]

    def _about_sites(self) -> tuple[object, ...]:
        return (self.sites.site_ids, self.sites.site_of_pcn, self.sites.conditions, self.sites.min_coverage)

    def _chunk(self, world: World, draws: tuple[Factors, ...], portfolios: tuple[np.ndarray, ...]) -> Chunk:
        sites = replace(self.sites, match=world.base)
        return Chunk(world=world, sites=sites, prices=np.zeros(0), draws=draws, portfolios=portfolios)

    def _with_prices(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Each chunk with the prices of its world, which are worked out once."""
        worlds = {id(chunk.world): (chunk.world, chunk.sites) for chunk in chunks}
        prices = dict(zip(worlds, self.runner.map(price_world, list(worlds.values())), strict=True))
        return [replace(chunk, prices=prices[id(chunk.world)]) for chunk in chunks]

    def solve_full(
        self, asked: Sequence[Factors], answers: Sequence[Answer], count: int, params: FullParams
    ) -> dict[int, Full]:
        """By draw, evenly over them: what comes of it in whole courses."""
        last = len(asked) - 1
        done: dict[int, Full] = {}
        for draw in np.unique(np.linspace(1, last, min(count, last)).round().astype(int)).tolist():
            key = digest(
                digest_of_versions(), self.worlds[asked[draw][DrawFrame.detour]], self._about_sites(), self.sites.homes,
                asked[draw], params, answers[draw].chosen,
            )  # fmt: skip
            held = _read_full(self.store.read(key))
            if held is None:
                held = self._solve_one(asked[draw], answers[draw], params)
                self.store.write(key, asdict(held))
            done[draw] = held
            self.progress(f"solving draws in full: {len(done)} of {min(count, last)}")
        return done

    def _solve_one(self, factors: Factors, answer: Answer, params: FullParams) -> Full:
        problem = replace(self.sites, match=self.worlds[factors[DrawFrame.detour]].state(factors))
        chooser = Chooser(
            problem=problem, runner=self.runner, gap_share=params.gap_share, time_limit_s=params.time_limit_s
        )
        quick = np.isin(np.arange(len(problem.site_ids)), answer.chosen)
        best = chooser.choose(tried=[quick])
        served = chooser.served.get(np.packbits(quick).tobytes())
        return Full(
            chosen=tuple(np.flatnonzero(best.chosen).tolist()),
            value=best.value,
            bound=best.bound,
            quick_value=None if served is None else served.value,
        )


def _read_answers(held: object) -> list[Answer] | None:
    try:
        return [
            Answer(chosen=tuple(a["chosen"]), value=a["value"], bound=a["bound"], held=tuple(a["held"])) for a in held
        ]
    except (TypeError, KeyError):
        return None


def _read_full(held: object) -> Full | None:
    try:
        return Full(**{**held, "chosen": tuple(held["chosen"])})
    except (TypeError, KeyError):
        return None
