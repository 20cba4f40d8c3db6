"""How the map marks the kinds of operator."""

from __future__ import annotations

MARKS = {
    "leisure_trust": ("T", "#212b32"),
    "local_authority": ("A", "#7c2855"),
    "private": ("P", "#8a4b08"),
    "charity": ("C", "#330072"),
    "community": ("G", "#ae2573"),
    "arts": ("R", "#ae2573"),
    "library": ("L", "#330072"),
    "digital": ("D", "#425563"),
}
"""Operator kind → letter on the map, colour. Six colours at most can be told apart, so the
rarer kinds share one; the letter decides."""

CORE20_BASES = {
    "lsoa": "from where patients live",
    "practice_score": "from practice scores only",
    "unknown": "not known",
}

DELIVERY_WORDS = {
    "on_site": "at the facility",
    "outreach": "taken to the patients",
    "digital": "online",
    "hybrid": "partly online",
}
