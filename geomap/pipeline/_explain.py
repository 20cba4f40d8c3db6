"""Why these sites: what the explanations are made from, and where they are left out."""

from __future__ import annotations

import pandas as pd

from ..config import Scenario
from ..explain import Explained, ExplainSources, explain_sites
from ..locate import Chooser, Portfolio
from ..schema import SiteChangeFrame, SiteLimitFrame, SitePartFrame, SiteReasonFrame
from ._people import People


def explain_choice(
    scenario: Scenario, people: People, chooser: Chooser, portfolio: Portfolio, *, candidates: pd.DataFrame
) -> Explained:
    """
    Explain a portfolio, unless the scenario says not to; see `explain.explain_sites`.

    `candidates` is `CandidateFrame`, in the order of the sites of the chooser's problem.
    """
    if not scenario.sites.explain:
        return Explained(
            parts=SitePartFrame.no_rows(),
            limits=SiteLimitFrame.no_rows(),
            changes=SiteChangeFrame.no_rows(),
            reasons=SiteReasonFrame.no_rows(),
            notes=(),
        )
    sources = ExplainSources(
        candidates=candidates,
        need=people.need,
        ceilings=people.ceilings,
        pathways=people.pathways,
        need_params=scenario.need,
        link_workers=scenario.link_workers,
    )
    return explain_sites(sources, chooser, portfolio, scenario.sites.ask_about)
