"""What the page calls things, in words; codes never show on their own."""

from __future__ import annotations

KINDS = {
    "leisure_trust": ("Leisure trust", "T", "#212b32"),
    "local_authority": ("Local authority", "A", "#7c2855"),
    "private": ("Private company", "P", "#8a4b08"),
    "charity": ("Charity", "C", "#330072"),
    "community": ("Community group", "G", "#330072"),
    "arts": ("Arts organisation", "R", "#ae2573"),
    "library": ("Library", "L", "#7c2855"),
    "digital": ("Digital provider", "D", "#425563"),
}
"""Operator kind → name, letter on the map, colour. Six colours at most can be told apart; the letter decides."""

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

CORE20_BASES = {
    "lsoa": "from where patients live",
    "practice_score": "from practice scores only",
    "unknown": "not known",
}

LINKS = {
    "formal": "formal agreement",
    "informal": "informal contact",
    "none": "no contact",
    "unknown": "not known",
}

STATUSES = {
    "optimal": "No better plan exists under these rules: this was proven.",
    "within gap": "A better plan could exist, but only by the gap shown.",
    "stopped": "The search stopped at its time limit; a better plan may exist, by at most the gap shown.",
}
