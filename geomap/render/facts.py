"""The figures of a run and its sentences, for the page."""

from __future__ import annotations

from dataclasses import asdict

from ..phrases import (
    INTERNAL_MARK,
    PARTICIPANT_HOUR,
    ROUNDED_NOTE,
    day_in_words,
    finding,
    hours_worth,
    not_reported,
    plan_quality,
)
from ..schema import PlanFacts
from .people import shown_one

_PEOPLE = ("people", "completions", "patients", "demand_places", "unmet_places")


def facts_data(facts: PlanFacts) -> dict[str, object]:
    """The facts as they are, rounded for reading, and what is told of them in every output."""
    figures = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(facts).items()}
    people = {name: shown_one(figures[name], internal=facts.internal) for name in _PEOPLE}
    return {
        **figures,
        **people,
        "mark": INTERNAL_MARK if facts.internal else "",
        "rounded_note": "" if facts.internal else ROUNDED_NOTE,
        "finding": finding(facts),
        "hours_worth": hours_worth(facts),
        "participant_hour": PARTICIPANT_HOUR,
        "period": f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}",
        "as_of": day_in_words(facts.as_of),
        "plan_quality": plan_quality(facts),
        "not_reported": not_reported(facts),
    }
