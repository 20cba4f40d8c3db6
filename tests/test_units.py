"""Hours of every unit as people."""

from __future__ import annotations

import numpy as np
import pytest
from small_worlds import led, make_frame, pledge

from geomap.schema import PledgeFrame
from geomap.schema.words import HOUR_UNITS
from geomap.units import count_people, people_per_hour


def test_the_worked_example() -> None:
    """500,000 hours as courses of 12 weeks × 2 × 1 h: 20,833 people one by one, 200,000 in groups of 12 at 80%."""
    assert count_people(500_000, "participant", course_hours=24) == 20_833
    assert count_people(500_000, "class", course_hours=24, group_size=12, fill_share=0.8) == 200_000


@pytest.mark.parametrize(
    ("unit", "people"), [("participant", 100), ("staff", 100), ("class", 960), ("facility", 960)]
)  # fmt: skip
def test_each_unit(unit: str, people: int) -> None:
    """Group size and fill count for a led hour and for nothing else."""
    assert count_people(1000, unit, course_hours=10, group_size=12, fill_share=0.8) == people


@pytest.mark.parametrize("whole", [1, 3, 7, 49, 1_000_003])
@pytest.mark.parametrize("length", [0.1, 0.7, 1.1, 24.0])
def test_a_whole_number_of_courses_is_not_lost_to_rounding(whole: int, length: float) -> None:
    assert count_people(whole * length, "participant", course_hours=length) == whole
    assert count_people((whole - 0.001) * length, "participant", course_hours=length) == whole - 1


def test_an_unknown_unit_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match="hour_unit is 'hours'; use one of participant, class, facility, staff"):
        count_people(10, "hours", course_hours=1)


def test_people_per_hour_of_each_unit() -> None:
    rows = [
        led(unit, "walk", 10, 12, fill=0.8) | {PledgeFrame.hour_unit: unit} for unit in HOUR_UNITS
    ] + [pledge("plain", "walk", 10)]  # fmt: skip
    pledges = make_frame(PledgeFrame, rows)
    people = people_per_hour(pledges)
    assert people.index.equals(pledges.index)
    assert dict(zip(pledges[PledgeFrame.pledge_id], people, strict=True)) == pytest.approx(
        {"participant": 1.0, "class": 9.6, "facility": 9.6, "staff": 1.0, "plain": 1.0}
    )


def test_a_led_pledge_without_a_group_has_no_number_rather_than_a_guess() -> None:
    """The loader refuses such a row; here it may not turn into one person."""
    pledges = make_frame(PledgeFrame, [pledge("P", "walk", 10, hour_unit="class")])
    assert np.isnan(people_per_hour(pledges).iloc[0])
