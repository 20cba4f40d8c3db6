"""The closed vocabularies: values a column may take, and what each reason code says in words."""

from __future__ import annotations

CRS = "EPSG:27700"
"""Every geometry inside the program: British National Grid, metres."""

HOUR_UNITS = ("participant", "class", "facility", "staff")
LED_UNITS = ("class", "facility")
"""Units in which one hour serves a group, so that whole courses must be opened."""

DELIVERIES = ("on_site", "outreach", "digital", "hybrid")
TIMES = ("weekday_day", "weekday_evening", "weekend")
VENUE_TYPES = ("gym", "pool", "hall", "studio", "outdoor", "library", "community", "arts", "online")
OPERATOR_KINDS = (
    "leisure_trust", "local_authority", "private", "charity", "community", "arts", "library", "digital",
)
LINK_STATUSES = ("formal", "informal", "none", "unknown")

UNALLOCATED_PCN = "U"
"""The practice map's placeholder for a practice in no PCN; never a PCN."""

LIST_SEPARATOR = ";"
"""Between the items of a cell that holds several, such as `pathways` or `roles`."""

FTE_BASES = ("reported", "median", "zero", "excluded")
POINT_BASES = ("practice_lsoa", "practice_postcode", "practice_neighbour")
REACH_BASES = ("distance", "outreach", "hybrid", "digital")

INELIGIBLE_REASONS = {
    "outside_period": "offered outside the plan period",
    "venue_type": "the venue type cannot host any of the pledge's pathways",
    "role": "nobody with the role the pathways need",
    "age": "the pledge's ages do not meet the pathways' ages",
    "too_few_weeks": "too few weeks left in the plan period for a course",
    "course_over_hours": "fewer hours than one whole course needs",
    "group_not_viable": "the smallest viable group is larger than the places a course has",
}
"""Why hours cannot enter the match at all."""

UNMATCHED_REASONS = {
    "nobody_in_reach": "no PCN within reach of these hours",
    "no_demand_in_reach": "nobody within reach is to be referred to these pathways",
    "demand_met": "everyone referred within reach already has a place",
    "link_worker_ceiling": "link workers in reach cannot refer more people",
    "below_minimum_group": "too few people in reach to fill the smallest viable group",
    "empty_places": "places left empty in courses that run",
    "rounding": "left over after whole courses",
}
"""Why eligible hours found nobody."""

UNMET_REASONS = {
    "no_compatible_pledge": "no pledge offers this pathway",
    "none_within_reach": "no pledge for this pathway is within reach",
    "partly_out_of_reach": "only part of the PCN's patients are within reach, or of the ages served",
    "link_worker_ceiling": "link workers cannot refer more people",
    "hours_used_up": "the hours in reach are used up",
    "below_minimum_group": "too few people for the smallest viable group",
    "rounding": "left over by rounding to whole courses",
}
"""Why a course place of demand found no hours."""

ACCOUNT_STATUSES = ("matched", "part-matched", "unmatched", "used", "not_used", "repaired", "rejected")
