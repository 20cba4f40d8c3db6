"""Impedance and reach: which facility, and which pledge, can serve which PCN, for what share of its patients.

Minutes come from a table of travel times or from roads where these are given, else from straight lines. Unreachable is
absent, not zero.
"""

from .compare import compare_straight, tell_errors
from .pairs import link_near, link_pairs
from .pledges import reach_pledges
from .times import Found, KnownTimes, are_known, find_journeys, link_points

__all__ = [
    "Found", "KnownTimes", "are_known", "compare_straight", "find_journeys", "link_near", "link_pairs", "link_points",
    "reach_pledges", "tell_errors",
]  # fmt: skip
