"""The match: which hours serve which PCN, in whole courses, for the most need-weighted completions.

`MatchProblem.from_frames` turns tables into arrays; `solve_match` gives a plan with its bound and gap.
"""

from .problem import MatchProblem
from .result import Match
from .search import solve_match
from .state import Progress

__all__ = ["Match", "MatchProblem", "Progress", "solve_match"]
