"""What the draws say, as tables: how often each site is chosen, what a portfolio may lose, which assumption tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..config import RobustParams
from ..locate import SiteProblem
from ..schema import CandidateFrame, DrawFrame, FlipFrame, RegretFrame, RobustnessFrame
from ..schema.words import LIST_SEPARATOR
from .factors import Factors, list_detours
from .quick import Answer

CORE_SHARE, FRAGILE_SHARE = 0.8, 0.2
"""A site that at least, or at most, this share of the draws chooses is core, or fragile."""
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A draw that was solved in full: the best portfolio in whole courses, and what the quick choice is worth so."""

    chosen: tuple[int, ...]
    value: float
    bound: float
    quick_value: float | None
    """Missing where the quick choice could not be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """All that was drawn; draw 0 is the scenario itself."""

    factors: Sequence[Factors]
    answers: Sequence[Answer]
    ends: Sequence[tuple[str, str, Factors]]
    end_answers: Sequence[Answer]
    full: Mapping[int, Full]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustTables:
    """How firm the choice is."""

    draws: pd.DataFrame
    """`DrawFrame`."""
    robustness: pd.DataFrame
    """`RobustnessFrame`, the most chosen first; shares are of draws 1 and on."""
    regrets: pd.DataFrame
    """`RegretFrame`."""
    flips: pd.DataFrame
    """`FlipFrame`: against draw 0, which is chosen in the same quick way."""
    notes: tuple[str, ...]


def build_tables(
    drawn: Drawn,
    sites: SiteProblem,
    params: RobustParams,
    *,
    candidates: pd.DataFrame,
    portfolios: Sequence[np.ndarray],
) -> RobustTables:
    """Tell what came of the draws."""
    ids = list(sites.site_ids)
    return RobustTables(
        draws=_tell_draws(drawn, ids),
        robustness=_tell_sites(drawn.answers[1:], candidates, portfolios),
        regrets=_tell_regrets(drawn.answers[1:], len(portfolios)),
        flips=_tell_flips(drawn, ids),
        notes=_tell_notes(drawn, sites, params),
    )


def judge(chosen: int, draws: int) -> str:
    """`core`, `contested` or `fragile`, of a site that so many of the draws chose."""
    share = chosen / draws
    return "core" if share >= CORE_SHARE - _HAIR else "fragile" if share <= FRAGILE_SHARE + _HAIR else "contested"


def _join(ids: Sequence[str], chosen: Iterable[int]) -> str:
    return LIST_SEPARATOR.join(sorted(ids[at] for at in chosen))


def _frame(model: type, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    kinds = {name: str(column.dtype) for name, column in model.to_schema().columns.items()}
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in kinds.items()})


def _tell_draws(drawn: Drawn, ids: Sequence[str]) -> pd.DataFrame:
    rows = []
    for draw, (factors, answer) in enumerate(zip(drawn.factors, drawn.answers, strict=True)):
        full = drawn.full.get(draw)
        rows.append(
            {
                DrawFrame.draw: draw,
                **factors,
                DrawFrame.value: answer.value,
                DrawFrame.bound: answer.bound,
                DrawFrame.sites: _join(ids, answer.chosen),
                DrawFrame.full_value: None if full is None else full.value,
                DrawFrame.full_bound: None if full is None else full.bound,
                DrawFrame.full_sites: None if full is None else _join(ids, full.chosen),
            }
        )
    return _frame(DrawFrame, rows)


def _tell_sites(
    answers: Sequence[Answer], candidates: pd.DataFrame, portfolios: Sequence[np.ndarray]
) -> pd.DataFrame:
    times = np.zeros(len(candidates), dtype=int)
    for answer in answers:
        times[list(answer.chosen)] += 1
    first = portfolios[0] if len(portfolios) else np.zeros(len(candidates), dtype=bool)
    shown = np.flatnonzero((times > 0) | first) if answers else np.zeros(0, dtype=int)
    ids, names = (candidates[column].tolist() for column in (CandidateFrame.site_id, CandidateFrame.site_name))
    rows = []
    for at in sorted(shown, key=lambda at: (-times[at], ids[at])):
        share = times[at] / len(answers)
        rows.append(
            {
                RobustnessFrame.site_id: ids[at],
                RobustnessFrame.site_name: names[at],
                RobustnessFrame.chosen: bool(first[at]),
                RobustnessFrame.share_of_draws: share,
                RobustnessFrame.error_share: np.sqrt(share * (1 - share) / len(answers)),
                RobustnessFrame.verdict: judge(int(times[at]), len(answers)),
            }
        )
    return _frame(RobustnessFrame, rows)


def _tell_regrets(answers: Sequence[Answer], portfolios: int) -> pd.DataFrame:
    rows = []
    for at in range(portfolios if answers else 0):
        lost = np.array([_share_lost(answer.held[at], answer.bound) for answer in answers])
        rows.append(
            {
                RegretFrame.portfolio: at + 1,
                RegretFrame.draws: len(lost),
                RegretFrame.mean_share: lost.mean(),
                RegretFrame.p95_share: np.percentile(lost, 95),
                RegretFrame.worst_share: lost.max(),
            }
        )
    return _frame(RegretFrame, rows)


def _share_lost(value: float, bound: float) -> float:
    return max(1 - value / bound, 0.0) if bound > 0 else 0.0


def _tell_flips(drawn: Drawn, ids: Sequence[str]) -> pd.DataFrame:
    usual = drawn.answers[0]
    before = set(usual.chosen)
    rows = []
    for (name, end, factors), answer in zip(drawn.ends, drawn.end_answers, strict=True):
        after = set(answer.chosen)
        rows.append(
            {
                FlipFrame.assumption: name,
                FlipFrame.end: end,
                FlipFrame.factor: factors[name],
                FlipFrame.value: answer.value,
                FlipFrame.change_share: answer.value / usual.value - 1 if usual.value > 0 else 0.0,
                FlipFrame.entered: _join(ids, after - before),
                FlipFrame.left: _join(ids, before - after),
            }
        )
    return _frame(FlipFrame, rows)


def _tell_notes(drawn: Drawn, sites: SiteProblem, params: RobustParams) -> tuple[str, ...]:
    lost = np.array([_share_lost(answer.value, answer.bound) for answer in drawn.answers])
    detours = list_detours(params)
    notes = [
        f"Robustness: {len(lost) - 1:,} draws of the assumptions with seed {params.seed}, each answered in a quick way "
        f"in which courses need not be whole. In that its sites are proven to be within {_at_least(lost.mean())} of "
        f"the best on average, and within {_at_least(lost.max())} in every draw."
    ]
    if len(detours) > 1:
        notes.append(
            f"Robustness: the detour is drawn from {len(detours)} values between {detours[0]:g} and {detours[-1]:g} "
            "times that of the scenario."
        )
    if drawn.full:
        notes.append(_tell_full(drawn))
    if sites.min_coverage > 0:
        notes.append(
            "Robustness: draws hold each site to the least coverage by itself, and not all of a portfolio together."
        )
    return tuple(notes)


def _tell_full(drawn: Drawn) -> str:
    """How near the quick choice comes to the full one, in the draws in which both were made."""
    common = [
        len(set(full.chosen) & set(drawn.answers[draw].chosen)) / max(len(full.chosen), 1)
        for draw, full in drawn.full.items()
    ]
    short = [_share_lost(full.quick_value, full.bound) for full in drawn.full.values() if full.quick_value is not None]
    said = (
        f"Robustness: {len(common):,} of the draws were also solved in full, in whole courses; the quick choice had "
        f"{np.mean(common):.0%} of its sites in common with the full one"
    )
    if not short:
        return f"{said}."
    return (
        f"{said}, and in whole courses its sites came within {_at_least(np.mean(short))} of the most that any choice "
        f"could reach on average, within {_at_least(max(short))} at worst."
    )


def _at_least(share: float) -> str:
    """A share in which nothing is told as the smallest figure that is shown: what is within 0% is within 0.01%."""
    return f"{max(share, 0.0001):.2%}"
