"""What of others' activities each pathway can take, beside `defaults/activities.toml`."""

from __future__ import annotations

from pydantic import field_validator

from .params import Params, Word


class OpportunityParams(Params):
    """Activity or facility type, by label or id → the pathways it can serve; it wins over the shipped mapping."""

    activities: dict[str, tuple[Word, ...]] = {}

    @field_validator("activities")
    @classmethod
    def _labels_are_words(cls, activities: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        blank = [label for label in activities if not any(letter.isalnum() for letter in label)]
        if blank:
            raise ValueError(f'{blank[0]!r} is no activity; write its label, such as "Walking Football"')
        return activities
