"""The test-and-learn sites of one ICB, out of a choice that was made over a whole run."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import pandas as pd

from .schema import AllocationResultFrame, CandidateFrame, ChosenSiteFrame, SiteTables
from .schema.words import LIST_SEPARATOR

_BY_SITE = ("candidates", "chosen", "comparators", "robustness", "parts", "limits", "changes", "reasons")
"""Tables with rows that each belong to one site."""
_OF_THE_WHOLE = ("tradeoffs", "draws", "flips")
"""Tables that tell how the choice as a whole would change; they name sites of every ICB."""
FIRST = 1
"""The portfolio that is recommended."""


def sites_of(choice: SiteTables, pcns: Set[str]) -> SiteTables | None:
    """
    The part of a choice that is about sites in an ICB.

    Parameters
    ----------
    choice
        The choice of the whole run.
    pcns
        Codes of the PCNs of the ICB.

    Returns
    -------
    share
        Sites with a PCN here, and of those only the PCNs that are; portfolios keep the figures of all their sites.
        None where no portfolio has a site here.
    """
    f, codes = CandidateFrame, choice.candidates[CandidateFrame.pcn_codes].str.split(LIST_SEPARATOR)
    mine = set(choice.candidates.loc[[bool(pcns & set(listed)) for listed in codes], f.site_id])
    chosen = choice.chosen[choice.chosen[ChosenSiteFrame.site_id].isin(mine)]
    if chosen.empty:
        return None
    tables = {name: _of(getattr(choice, name), mine, pcns) for name in _BY_SITE}
    tables |= {name: getattr(choice, name).iloc[:0] for name in _OF_THE_WHOLE}
    plan = choice.plan[choice.plan[AllocationResultFrame.pcn_code].isin(pcns)].reset_index(drop=True)
    first = choice.chosen[choice.chosen[ChosenSiteFrame.portfolio].eq(FIRST)]
    here = int(first[ChosenSiteFrame.site_id].isin(mine).sum())
    note = (
        f"{here:,} of the {len(first):,} recommended sites {'is' if here == 1 else 'are'} in this ICB. Sites were "
        "chosen for the whole plan: ranks and figures of portfolios are of all its sites."
    )
    return replace(choice, **tables, plan=plan, notes=(note, *choice.notes))


def _of(frame: pd.DataFrame, sites: Set[str], pcns: Set[str]) -> pd.DataFrame:
    f = CandidateFrame
    frame = frame[frame[f.site_id].isin(sites)].reset_index(drop=True)
    if f.pcn_codes not in frame.columns:
        return frame
    listed = [[code for code in codes.split(LIST_SEPARATOR) if code in pcns] for codes in frame[f.pcn_codes]]
    return frame.assign(**{f.pcn_codes: pd.Series(map(LIST_SEPARATOR.join, listed), index=frame.index, dtype="str")})
