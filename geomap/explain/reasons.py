"""
Sentences on a site, built from its parts, limits and changes.

They are published with every run, so people and their completions are told rounded (`geomap.few`) in an internal one
too; what a site is worth more or less than another is no count of people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..few import MOST, say_expected, say_people
from ..schema import SiteChangeFrame, SiteLimitFrame, SitePartFrame

DIGITS = {"link_workers": 1, "hours": 0, "need_weight": 2}
"""By lever: figures after the point."""
_PARTS = {
    "deprivation": "deprivation",
    "inactivity": "inactivity",
    "long_term": "long-term conditions",
    "aged_65": "age",
    "own": "your own indicators",
    "not_known": "indicators that are not known, for which the middle stands",
}
_LIMITS = {
    "link_workers": "what its link workers can refer",
    "hours": "the hours in its reach",
    "reach": "how many of its patients live near them",
    "demand": "how many people want a place",
}
_LEVERS = {
    "link_workers": ("its link workers {went} from {before} to {after} FTE", "link workers"),
    "hours": (
        "the participant-hours in its reach {went} from {before} to {after}, what is added being kept for it alone",
        "hours of its own",
    ),
    "need_weight": ("its need weight {went} from {before} to {after}", "need"),
}
_NOTHING = 0.05
"""Need-weighted completions that a figure with one digit tells as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is told of one site."""

    chosen: bool
    possible: bool
    """Whether some portfolio that keeps to the conditions has it."""
    places: int
    completions: float
    parts: pd.DataFrame
    """`SitePartFrame` of the site."""
    limits: pd.DataFrame
    """`SiteLimitFrame` of the site."""
    changes: pd.DataFrame
    """`SiteChangeFrame` of the site; may be empty."""
    loss: float
    pathway_names: Mapping[str, str]


def figure(value: float, digits: int = 1) -> str:
    """
    A number as sentences tell it.

    >>> figure(1234.56)
    '1,234.6'
    """
    return f"{value:,.{digits}f}"


def tell_site(story: Story) -> list[str]:
    """The sentences, in order."""
    told = _tell_chosen(story) if story.chosen else _tell_unchosen(story)
    if story.possible:
        told += _tell_parts(story)
    told.append(_tell_limits(story.limits))
    told += [_tell_change(row, story.chosen) for row in story.changes.to_dict("records")]
    return told


def _tell_chosen(story: Story) -> list[str]:
    told = [_tell_gain(story)]
    if math.isnan(story.loss):
        return [*told, "No portfolio that keeps to the conditions leaves it out."]
    if story.loss < _NOTHING:
        return [*told, "A portfolio without it would do as well, as far as can be told."]
    loss = f"about {figure(story.loss)} need-weighted completions less"
    return [*told, f"Without it the best portfolio would be worth {loss}."]


def _tell_gain(story: Story) -> str:
    """How many people a site would give a place, and what that is worth."""
    if not story.places:
        return "It would give nobody a place."
    few = story.places <= MOST
    return (
        f"It would give {'' if few else 'about '}{say_people(story.places)} people a place, of whom "
        f"{say_expected(story.completions)} are expected to complete; weighted by need this counts as "
        f"{say_expected(story.parts[SitePartFrame.value].sum())} completions."
    )


def _tell_unchosen(story: Story) -> list[str]:
    if not story.possible:
        return ["It is not recommended: no portfolio that keeps to the conditions includes it."]
    if story.loss < _NOTHING:
        return ["It is not recommended, though a portfolio with it would do as well, as far as can be told."]
    return [
        f"It is not recommended: the best portfolio that includes it is worth about {figure(story.loss)} need-weighted "
        "completions less."
    ]


def _tell_parts(story: Story) -> list[str]:
    """Which pathway gives most, and which part of need adds most."""
    by_pathway = story.parts.groupby(SitePartFrame.pathway_id)[SitePartFrame.value].sum()
    if by_pathway.empty:
        return ["The plan has no place for it."]
    most = by_pathway.idxmax()
    name = story.pathway_names.get(most, most)
    start = "All of this comes" if len(by_pathway) == 1 else "Most of this comes"
    if not story.chosen:
        start = "In such a portfolio all it gives would come" if len(by_pathway) == 1 else (
            "In such a portfolio most of what it gives would come"
        )
    by_part = story.parts.groupby(SitePartFrame.part)[SitePartFrame.value].sum().drop("everybody", errors="ignore")
    added = f"; of what need adds to its score, most is for {_PARTS[by_part.idxmax()]}" if len(by_part) else ""
    return [f"{start} from {name}{added}."]


def _tell_limits(limits: pd.DataFrame) -> str:
    worst = limits.loc[limits[SiteLimitFrame.gain].idxmax()]
    if worst[SiteLimitFrame.gain] < _NOTHING:
        return "Taken alone, no single limit holds it back."
    return (
        f"Taken alone, it is held back most by {_LIMITS[worst[SiteLimitFrame.limit]]}: without that limit it could "
        f"gain up to {figure(worst[SiteLimitFrame.gain])} need-weighted completions, if courses could be divided."
    )


def _tell_change(row: Mapping[str, object], chosen: bool) -> str:
    lever = str(row[SiteChangeFrame.lever])
    text, thing = _LEVERS[lever]
    before, after = float(row[SiteChangeFrame.before]), float(row[SiteChangeFrame.after])
    brings = "take it out" if chosen else "bring it in"
    if not math.isnan(after):
        figures = {"before": figure(before, DIGITS[lever]), "after": figure(after, DIGITS[lever])}
        change = text.format(went="fell" if chosen else "rose", **figures)
        return f"It would be {'left out' if chosen else 'chosen'} if {change}, all else as it is."
    less = "Less need" if lever == "need_weight" else f"Fewer {thing}"
    more = "More need" if lever == "need_weight" else f"More {thing}"
    if row[SiteChangeFrame.verified]:
        return f"{less if chosen else more} alone, within reason, would not {brings}."
    return f"Whether {(less if chosen else more).lower()} alone would {brings} cannot be told for sure."
