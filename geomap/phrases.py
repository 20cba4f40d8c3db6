"""What codes are called in words, and the sentences that the terminal, the workbook and the map tell alike."""

from __future__ import annotations

import datetime
import math

from .schema import PlanFacts

KINDS = {
    "leisure_trust": "leisure trust",
    "local_authority": "local authority",
    "private": "private company",
    "charity": "charity",
    "community": "community group",
    "arts": "arts organisation",
    "library": "library",
    "digital": "digital provider",
}

VENUES = {
    "gym": "gym",
    "pool": "pool",
    "hall": "hall",
    "studio": "studio",
    "outdoor": "outdoor space",
    "library": "library",
    "community": "community venue",
    "arts": "arts venue",
    "online": "online",
}

UNITS = {
    "participant": "hours for one person each",
    "class": "hours of led sessions",
    "facility": "hours of a hall, lane or studio",
    "staff": "hours of one-to-one staff time",
}

FTE_BASES = {
    "reported": "reported by the PCN",
    "median": "not reported; the median of reporting PCNs is assumed",
    "zero": "not reported; taken as none",
    "excluded": "not reported; the PCN is left out of the match",
}

LINKS = {
    "formal": "formal agreement",
    "informal": "informal contact",
    "none": "no contact",
    "unknown": "not known",
}

STAGES = {"ineligible": "could not be used", "unmatched": "found nobody"}

FATES = {"part-matched": "matched in part", "not_used": "not used"}
"""Status of an input row → words, where the status itself is not plain."""

_POLICIES = {
    "median": "taken as the median",
    "zero": "taken as having none",
    "exclude": "left out of the plan",
}

PARTICIPANT_HOUR = "one person active for one hour"


def finding(facts: PlanFacts) -> str:
    """
    What the run found, in one sentence without a full stop.

    >>> finding(facts)
    '76,688 people could get a place, in 1,281 of 1,298 PCNs; 48% of the hours pledged find somebody'
    """
    if not facts.people:
        return "Nobody could get a place: none of the hours pledged finds somebody who needs them"
    people = "1 person" if facts.people == 1 else f"{facts.people:,} people"
    pcns = "PCN" if facts.pcns == 1 else "PCNs"
    return (
        f"{people} could get a place, in {facts.pcns_covered:,} of {facts.pcns:,} {pcns}; "
        f"{share(facts.matched_hours, facts.pledged_hours)} of the hours pledged find somebody"
    )


def hours_worth(facts: PlanFacts) -> str:
    """
    The hours as the operators stated them, and what they are worth in the unit of every other figure.

    >>> hours_worth(facts)
    '500,541 hours pledged as stated, worth 2,613,155 participant-hours: one person active for one hour'
    """
    return (
        f"{facts.stated_hours:,.0f} hours pledged as stated, worth {facts.pledged_hours:,.0f} participant-hours: "
        f"{PARTICIPANT_HOUR}"
    )


def plan_quality(facts: PlanFacts) -> str:
    """How near the plan is to the best there could be, in a sentence."""
    if facts.status == "optimal":
        return "This is the best plan there is: it has been proven that none meets more need."
    least = math.floor(1000 * (1 - facts.gap_share)) / 10
    told = f"the plan meets at least {least:.1f}% of the need that any plan could"
    if facts.status == "within gap":
        return f"It has been proven that {told}."
    return f"The search ended short of full proof; {told}."


def not_reported(facts: PlanFacts) -> str:
    """What was done about the PCNs that did not report their link workers."""
    count = facts.pcns_fte_not_reported
    if not count:
        return "every PCN reported"
    policy = _POLICIES.get(facts.fte_policy, facts.fte_policy)
    return f"{count:,} {'PCN' if count == 1 else 'PCNs'} not reported, {policy}"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent; the ends are kept for all and for nothing."""
    if whole <= 0:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "under 1%"
    return "over 99%" if 99.5 <= percent < 100 else f"{percent:.0f}%"


def day_in_words(day: str) -> str:
    """
    An ISO date as people write it.

    >>> day_in_words("2026-04-01")
    '1 April 2026'
    """
    date = datetime.date.fromisoformat(day)
    return f"{date.day} {date:%B %Y}"
