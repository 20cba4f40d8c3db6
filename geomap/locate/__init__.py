"""Test-and-learn sites: which PCNs, ICBs or groups to begin with, chosen together with the match that serves them."""

from .conditions import build_conditions
from .problem import Condition, SiteProblem
from .search import Chooser, Portfolio

__all__ = ["Chooser", "Condition", "Portfolio", "SiteProblem", "build_conditions"]
