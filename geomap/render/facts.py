"""The finding of a run as one sentence, and the figures of its ledger."""

from __future__ import annotations

from dataclasses import asdict

from ..schema import PlanFacts
from . import labels


def finding(facts: PlanFacts) -> str:
    """
    What the run found, in one sentence.

    >>> finding(facts)
    '410,000 of 500,541 pledged hours can serve 21,300 people in 1,102 of 1,298 PCNs'
    """
    pcns = "PCN" if facts.pcns == 1 else "PCNs"
    if facts.people == 0:
        return f"None of the {facts.pledged_hours:,.0f} pledged hours can serve anyone in {facts.pcns:,} {pcns}"
    people = "person" if facts.people == 1 else "people"
    return (
        f"{facts.matched_hours:,.0f} of {facts.pledged_hours:,.0f} pledged hours can serve "
        f"{facts.people:,} {people} in {facts.pcns_covered:,} of {facts.pcns:,} {pcns}"
    )


def facts_data(facts: PlanFacts) -> dict[str, object]:
    """The facts for the page: as they are, rounded for reading, with the finding and the status in words."""
    figures = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(facts).items()}
    return {**figures, "finding": finding(facts), "status_words": labels.STATUSES.get(facts.status, facts.status)}
