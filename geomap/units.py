"""The units of hours, and the one unit inside the program: the participant-hour, one person active for one hour."""

from __future__ import annotations

import pandas as pd

from .schema import PledgeFrame
from .schema.words import HOUR_UNITS, LED_UNITS


def people_per_hour(pledges: pd.DataFrame) -> pd.Series:
    """
    People active during one hour of each pledge: 1, or group size × fill share for a led unit.

    Parameters
    ----------
    pledges
        `PledgeFrame`.

    Returns
    -------
    people
        Same index; participant-hours per stated hour.
    """
    led = pledges[PledgeFrame.hour_unit].isin(LED_UNITS)
    group = pledges[PledgeFrame.group_size] * pledges[PledgeFrame.fill_share]
    return group.where(led, 1.0)


def count_people(
    hours: float, hour_unit: str, *, course_hours: float, group_size: float = 1.0, fill_share: float = 1.0
) -> int:
    """
    People whom so many hours can take through a course of `course_hours`.

    Parameters
    ----------
    hours
        As they are pledged, in `hour_unit`; 0 or more.
    hour_unit
        `participant`, `class`, `facility` or `staff`.
    course_hours
        Hours of one person's course, above 0: weeks × sessions a week × hours a session.
    group_size, fill_share
        People in a full group, and the share of its places that fill (0 to 1); they count for `class` and `facility`.

    Returns
    -------
    people
        Whole people: ⌊hours × people at a time ÷ course_hours⌋.

    Raises
    ------
    ValueError
        The unit is unknown.

    Examples
    --------
    >>> count_people(500_000, "participant", course_hours=24)
    20833
    >>> count_people(500_000, "class", course_hours=24, group_size=12, fill_share=0.8)
    200000
    """
    if hour_unit not in HOUR_UNITS:
        raise ValueError(f"hour_unit is {hour_unit!r}; use one of {', '.join(HOUR_UNITS)}.")
    people = group_size * fill_share if hour_unit in LED_UNITS else 1.0
    # A hair is added so that 200,000 exactly is not told as 199,999 after binary rounding.
    return int(hours * people / course_hours + 1e-6)
