"""Sites and match in one model: places go only to sites that are chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..match.goal import Goal
from ..match.model import PartModel, Room, build_model
from ..solver import LinearModel
from .problem import Condition, SiteProblem
from .serve import Served


@dataclass(frozen=True, slots=True, kw_only=True)
class JointModel:
    """Columns are those of the match's model over the links of some sites, and then one a site."""

    linear: LinearModel
    part: PartModel
    sites: np.ndarray
    """Positions of the sites that are the last columns."""

    def point(self, places: np.ndarray, courses: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """The columns at a plan, by link and by offer of the match, for sites chosen (true by site)."""
        return np.concatenate([self.part.point(places, courses), chosen[self.sites].astype(float)])

    def read(self, problem: SiteProblem, x: np.ndarray) -> Served | None:
        """The plan of a solution; `None` where rounding it broke the least coverage."""
        match, n_links, n_led = problem.match, len(self.part.links), len(self.part.led_offers)
        chosen = np.zeros(len(problem.site_ids), dtype=bool)
        chosen[self.sites] = x[-len(self.sites) :] > 0.5
        places, courses = np.zeros(len(match.link_cap)), np.zeros(len(match.offer_led))
        places[self.part.links] = np.rint(x[:n_links])
        courses[self.part.led_offers] = np.rint(x[n_links : n_links + n_led])
        value = float(match.link_value @ places)
        served = Served(chosen=chosen, places=places, courses=courses, value=value)
        return served if served.holds_coverage(problem) else None


def build_joint(problem: SiteProblem, sites: np.ndarray, worth: np.ndarray) -> JointModel:
    """
    The model over some sites.

    A place asks for its site: rows Σ x ≤ demand · y and Σ x / uptake ≤ referrals · y. Rows Σ value · x ≤ worth · y say
    nothing new of whole plans and keep the relaxation from being above the sum of what sites are worth alone.

    Parameters
    ----------
    problem
        What is chosen from.
    sites
        Positions of the sites that may be chosen, sorted; the others are not.
    worth
        By site: need-weighted completions that it cannot pass alone.
    """
    match = problem.match
    here = np.zeros(len(problem.site_ids) + 1, dtype=bool)
    here[sites] = True
    links = np.flatnonzero(here[problem.link_site])
    part = build_model(match, links, Room.whole(match), Goal(worth=match.link_value))
    plain = part.linear
    column_of = np.full(len(problem.site_ids), -1)
    column_of[sites] = np.arange(len(sites))
    asks, upper = _ask_for_sites(problem, part, column_of)
    blocks = [
        _Rows(plain=plain.matrix, sites=asks, least=plain.row_lower, most=upper),
        _hold_worth(problem, links, column_of, worth[sites], plain.matrix.shape[1]),
        _hold_coverage(problem, links, column_of, plain.matrix.shape[1]),
        *(_hold_condition(condition, sites, plain.matrix.shape[1]) for condition in problem.conditions),
    ]
    linear = LinearModel(
        value=np.concatenate([plain.value, np.zeros(len(sites))]),
        matrix=sparse.csr_array(sparse.block_array([[block.plain, block.sites] for block in blocks], format="csr")),
        row_lower=np.concatenate([block.least for block in blocks]),
        row_upper=np.concatenate([block.most for block in blocks]),
        upper=np.concatenate([plain.upper, np.ones(len(sites))]),
        integer=np.concatenate([plain.integer, np.ones(len(sites), dtype=bool)]),
    )
    return JointModel(linear=linear, part=part, sites=sites)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows least ≤ plain · x + sites · y ≤ most."""

    plain: sparse.csr_array
    sites: sparse.csr_array
    least: np.ndarray
    most: np.ndarray


def _ask_for_sites(
    problem: SiteProblem, part: PartModel, column_of: np.ndarray
) -> tuple[sparse.csr_array, np.ndarray]:
    """Coefficients of the sites in the rows of demand and of referrals, and the upper limits of all rows."""
    match, upper = problem.match, part.linear.row_upper.copy()
    cells, pcns = np.unique(match.link_cell[part.links]), np.unique(match.link_pcn[part.links])
    rows = np.arange(part.hour_rows.stop, part.referral_rows.stop)
    site = column_of[problem.site_of_pcn[np.concatenate([match.cell_pcn[cells], pcns])]]
    asks = sparse.csr_array((-upper[rows], (rows, site)), shape=(len(upper), int(column_of.max()) + 1))
    upper[rows] = 0.0
    return asks, upper


def _hold_worth(
    problem: SiteProblem, links: np.ndarray, column_of: np.ndarray, worth: np.ndarray, columns: int
) -> _Rows:
    """No site gives more than it could alone."""
    site = column_of[problem.link_site[links]]
    shape = (len(worth), columns)
    given = sparse.csr_array((problem.match.link_value[links], (site, np.arange(len(links)))), shape=shape)
    none = np.full(len(worth), -np.inf)
    return _Rows(plain=given, sites=sparse.diags_array(-worth, format="csr"), least=none, most=np.zeros(len(worth)))


def _hold_coverage(problem: SiteProblem, links: np.ndarray, column_of: np.ndarray, columns: int) -> _Rows:
    """Each PCN of a chosen site has its least coverage, whether anything reaches it or not."""
    least = problem.least_places()
    inside = problem.site_of_pcn >= 0
    asked = np.flatnonzero((least > 0) & inside & (column_of[np.maximum(problem.site_of_pcn, 0)] >= 0))
    row_of = np.full(len(least), -1)
    row_of[asked] = np.arange(len(asked))
    row = row_of[problem.match.link_pcn[links]]
    counted = np.flatnonzero(row >= 0)
    given = sparse.csr_array((np.ones(len(counted)), (row[counted], counted)), shape=(len(asked), columns))
    site = column_of[problem.site_of_pcn[asked]]
    shape = (len(asked), int(column_of.max()) + 1)
    asks = sparse.csr_array((-least[asked], (np.arange(len(asked)), site)), shape=shape)
    return _Rows(plain=given, sites=asks, least=np.zeros(len(asked)), most=np.full(len(asked), np.inf))


def _hold_condition(condition: Condition, sites: np.ndarray, columns: int) -> _Rows:
    none = sparse.csr_array((len(condition.least), columns))
    return _Rows(
        plain=none, sites=sparse.csr_array(condition.members[:, sites]), least=condition.least, most=condition.most
    )
