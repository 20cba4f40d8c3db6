"""The closed vocabularies: values a column may take, and what each reason code says in words."""

from __future__ import annotations

INTERNAL_MARK = "Internal: exact small numbers, not for publication"
"""Said wherever counts of people are exact."""
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
LINKED = ("formal", "informal")
"""Links that a planner can build on."""

UNALLOCATED_PCN = "U"
"""The practice map's placeholder for a practice in no PCN; never a PCN."""

REMARKS = "What to correct"
"""The column that is put beside a bank of hours that is given back; it is passed over when it comes again."""

LIST_SEPARATOR = ";"
"""Between the items of a cell that holds several, such as `pathways` or `roles`."""

FTE_BASES = ("reported", "median", "zero", "excluded", "england_mean")
POINT_BASES = ("practice_lsoa", "practice_postcode", "practice_neighbour")
REACH_BASES = ("distance", "outreach", "hybrid", "digital")
MODES = ("walk", "drive", "transit")
JOURNEY_BASES = ("matrix", "network", "straight_line")
"""Where minutes come from: a table of travel times, a road network, or straight line × detour ÷ speed."""
WAYS = ("both", "forward", "backward", "no")
"""How a mode may use a road, as its line runs."""

OPPORTUNITY_SOURCES = ("openactive", "open_referral", "libraries")
ASK_SOURCES = ("bank", "active_places", *OPPORTUNITY_SOURCES)

ACCESS_LEVELS = ("pcn", "lsoa", "imd_fifth")
ACCESS_METHODS = ("2sfca", "e2sfca", "3sfca", "nearest")

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

FEW_PEOPLE = "few_people"
"""The reason in published results that stands for one that would tell how few people a pledge serves."""
UNMATCHED_REASONS = {
    "nobody_in_reach": "no PCN within reach of these hours",
    "no_demand_in_reach": "nobody within reach is to be referred to these pathways",
    "kept_apart": "the planner's locks and bans keep these hours from those who could use them",
    "demand_met": "everyone referred within reach already has a place",
    "link_worker_ceiling": "link workers in reach cannot refer more people",
    "below_minimum_group": "too few people in reach to fill the smallest viable group",
    "empty_places": "places left empty in courses that run",
    "rounding": "left over after whole courses",
    FEW_PEOPLE: "not told, as the pledge serves 1 to 7 people",
}
"""Why eligible hours found nobody."""

UNMET_REASONS = {
    "no_compatible_pledge": "no pledge offers this pathway",
    "none_within_reach": "no pledge for this pathway is within reach",
    "kept_apart": "the planner's locks and bans keep hours in reach from it",
    "partly_out_of_reach": "only part of the PCN's patients are within reach, or of the ages served",
    "link_worker_ceiling": "link workers cannot refer more people",
    "hours_used_up": "the hours in reach are used up",
    "below_minimum_group": "too few people for the smallest viable group",
    "rounding": "left over by rounding to whole courses",
}
"""Why a course place of demand found no hours."""

ACCOUNT_STATUSES = ("matched", "part-matched", "unmatched", "used", "not_used", "rejected")

LEVELS = ("completions", "core20", "worst_coverage", "completions_kept", "travel")
"""What the plan is best at, in order: see method §7."""
LEVEL_STATUSES = ("optimal", "within gap", "stopped", "not asked")
FAIRNESS_MEASURES = {
    "coverage_by_fifth": "share",
    "worst_coverage": "share",
    "gini_coverage": "0 even to 1 uneven",
    "core20_need": "share",
    "core20_completions": "share",
    "core20_shortfall": "share",
    "pcns_with_nothing": "PCNs",
    "people": "people",
    "need_weighted_completions": "need-weighted completions",
    "price_per_point": "need-weighted completions a percentage point",
    "need_against_fte": "rank correlation, -1 to 1",
    "fte_by_need_fifth": "FTE per 10,000 patients",
}
"""What is told of fairness, in this order, and the unit of each; see method §10."""
FIFTHS = ("1", "2", "3", "4", "5")
"""Of PCNs, by patients: 1 is the most deprived fifth, or that with the most need."""
PRICE_KINDS = ("hour", "fte", "km")
EVERYBODY = "all"
"""Where one more kilometre is told for all PCNs of the run together."""

SECTORS = {
    "local_authority": "public",
    "library": "public",
    "private": "private",
    "digital": "private",
    "leisure_trust": "voluntary",
    "charity": "voluntary",
    "community": "voluntary",
    "arts": "voluntary",
}
"""Kind of operator → who carries the load. Leisure trusts are charities or not-for-profit, whoever owns the hall."""
SECTOR_NAMES = ("public", "private", "voluntary")

SITE_UNITS = ("pcn", "icb", "group")
"""What a test-and-learn site is: a PCN, an ICB, or PCNs that the planner put together."""
RURALITIES = ("urban", "town", "rural")
QUOTA_KINDS = ("region", "icb", "rurality", "deprivation_fifth", "operator_kind", "pathway")
"""What a quota counts sites by."""
CURVES = ("coverage", "cost", "sites")
"""Trade-offs of need met: with the coverage of the worst-covered site, the set-up cost, the number of sites."""
LIKENESS = {
    "patients": "people",
    "imd_score": "IMD score",
    "aged_65_share": "share",
    "long_term_ratio": "1 is average",
    "density": "patients per square kilometre",
    "link_worker_fte": "FTE per 10,000 patients",
    "hours_in_reach": "participant-hours per 1,000 patients",
}
"""What a site and its comparator are compared by, and the unit of each."""
VERDICTS = ("core", "contested", "fragile")
"""Chosen in at least 0.8 of the draws; in between; in at most 0.2."""
ASSUMPTIONS = (
    "weight_imd", "weight_inactivity", "weight_long_term", "weight_aged_65",
    "uptake", "completion", "fill", "caseload", "detour",
)  # fmt: skip
"""What is drawn, each as a factor on what the scenario says."""
SCORE_PARTS = ("everybody", "deprivation", "inactivity", "long_term", "aged_65", "own", "not_known")
"""What a completion counts for: `everybody` is the floor of the need weight, the others what need adds to it."""
LIMITS = ("link_workers", "hours", "reach", "demand")
"""What holds a site's completions down."""
LEVERS = {
    "link_workers": "FTE",
    "hours": "participant-hours",
    "need_weight": "need weight",
}
"""What is changed to bring a site in or out, and its unit."""

ATTENTION = {
    "pcn_without_link": "PCNs with no formal or informal link to an operator in reach",
    "operator_without_link": "operators with hours and no formal or informal link",
    "one_facility": "PCNs whose places are all at one facility",
    "unknown_link": "links recorded as unknown",
}
"""What a planner acts on, and what each list is called."""
PLACE_KINDS = ("town", "authority", "postcode_district")
