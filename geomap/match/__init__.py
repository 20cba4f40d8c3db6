"""The match: which hours serve which PCN, in whole courses, for the most need-weighted completions.

`MatchProblem.from_frames` turns tables into arrays; `solve_match` gives a plan with its bound and gap.
"""

from .problem import MatchProblem
from .search import Match, Progress, solve_match

__all__ = ["Match", "MatchProblem", "Progress", "solve_match"]
