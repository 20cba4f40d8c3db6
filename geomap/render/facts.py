"""The figures of a run and its sentences, for the page."""

from __future__ import annotations

from dataclasses import asdict

from ..phrases import PARTICIPANT_HOUR, day_in_words, finding, hours_worth, not_reported, plan_quality
from ..schema import PlanFacts


def facts_data(facts: PlanFacts) -> dict[str, object]:
    """The facts as they are, rounded for reading, and what is told of them in every output."""
    figures = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(facts).items()}
    return {
        **figures,
        "finding": finding(facts),
        "hours_worth": hours_worth(facts),
        "participant_hour": PARTICIPANT_HOUR,
        "period": f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}",
        "as_of": day_in_words(facts.as_of),
        "plan_quality": plan_quality(facts),
        "not_reported": not_reported(facts),
    }
