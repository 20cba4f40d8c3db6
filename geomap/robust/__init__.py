"""How firm a choice of test-and-learn sites is: assumptions are drawn at random, and sites chosen anew for each draw.

`draw_choices` gives the tables. Draws are answered in the relaxation of the match, each with its own proven error; a
few are solved in full, to tell how far that is from whole courses.
"""

from .draws import FullParams, draw_choices
from .factors import draw_factors, list_detours
from .store import forget_draws
from .tables import RobustTables
from .world import DrawSource, fill_pledges

__all__ = [
    "DrawSource",
    "FullParams",
    "RobustTables",
    "draw_choices",
    "draw_factors",
    "fill_pledges",
    "forget_draws",
    "list_detours",
]
