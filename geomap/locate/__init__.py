"""Test-and-learn sites: which PCNs, ICBs or groups to begin with, chosen together with the match that serves them."""

from .conditions import build_conditions, differs, texts
from .problem import Condition, SiteProblem
from .search import Chooser, Portfolio
from .tradeoff import Traced, trace_curves

__all__ = [
    "Chooser",
    "Condition",
    "Portfolio",
    "SiteProblem",
    "Traced",
    "build_conditions",
    "differs",
    "texts",
    "trace_curves",
]
