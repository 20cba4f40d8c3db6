"""What sites are worth in the relaxation: alone with all hours in reach, and together with the hours they share.

Courses need not be whole and have no smallest group, so that a place of a led offer costs `course_hours / places` and
the courses drop out. Any prices of the limits, none below nothing, bound what a site is worth alone (weak duality):

    Σ price · limit + Σ top · max(value − price of a place, 0)

so that the prices of one draw bound the next in a few sums over arrays, and closely where little has changed. Where
sites want the same hours, a price for these that all pay bounds what any portfolio is worth together (`Cut`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..errors import InfeasibleError, SolveError
from ..locate import SiteProblem
from ..locate.problem import NO_SITE
from ..match import MatchProblem
from ..solver import LinearModel, Solution, solve_linear

_HAIR = 1e-9
HOURS, DEMAND, REFERRALS, PEOPLE = range(4)
"""Kinds of rows: a site's hours of a pledge, demand of a cell, referrals of a PCN, people of a shared catchment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rows and columns of the models of all sites, site by site; only their numbers change from draw to draw."""

    links: np.ndarray
    """By column: position of the link in the match."""
    column_site: np.ndarray
    first_column: np.ndarray
    """By site and one more: where its columns begin."""
    row_site: np.ndarray
    first_row: np.ndarray
    row_kind: np.ndarray
    row_of: np.ndarray
    """By row: position of its pledge, cell, PCN or catchment in the match."""
    indptr: np.ndarray
    indices: np.ndarray
    entry_kind: np.ndarray

    @classmethod
    def build(cls, match: MatchProblem, sites: SiteProblem) -> Layout:
        """Lay out the links of each site; those of no site are left out."""
        count = len(sites.site_ids)
        site = sites.site_of_pcn[match.link_pcn]
        links = np.argsort(np.where(site == NO_SITE, count, site), kind="stable")
        links = links[: int((site != NO_SITE).sum())]
        site = site[links]
        kind, of, column = _list_entries(match, links)
        # Rows in the order of their sites, then by kind and what they are of; entries by row and column.
        order = np.lexsort((column, of, kind, site[column]))
        kind, of, column = kind[order], of[order], column[order]
        entry_site = site[column]
        begins = np.flatnonzero(
            (np.diff(entry_site, prepend=-1) != 0) | (np.diff(kind, prepend=-1) != 0) | (np.diff(of, prepend=-1) != 0)
        )
        row_site = entry_site[begins]
        every = np.arange(count + 1)
        return cls(
            links=links,
            column_site=site,
            first_column=np.searchsorted(site, every),
            row_site=row_site,
            first_row=np.searchsorted(row_site, every),
            row_kind=kind[begins],
            row_of=of[begins],
            indptr=np.append(begins, len(column)),
            indices=column,
            entry_kind=kind,
        )


def _list_entries(match: MatchProblem, links: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kind, what it is of, and column of each entry of the rows."""
    columns = np.arange(len(links))
    catchments = match.link_catchment[:, links]
    shared = np.bincount(catchments.ravel(), minlength=len(match.catchment_cap)) > 1
    parts = [
        (HOURS, match.offer_pledge[match.link_offer[links]], columns),
        (DEMAND, match.link_cell[links], columns),
        (REFERRALS, match.link_pcn[links], columns),
        *((PEOPLE, row[shared[row]], columns[shared[row]]) for row in catchments),
    ]
    kinds = np.concatenate([np.full(len(at), kind) for kind, _, at in parts])
    return kinds, np.concatenate([of for _, of, _ in parts]), np.concatenate([at for _, _, at in parts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """No portfolio is worth more than the constant and the sum of its sites' worth: hours at a price to all alike."""

    constant: float
    worth: np.ndarray
    """By site: after it has paid for the hours that it uses."""


class Relaxed:
    """The models of all sites with the numbers of one draw."""

    def __init__(self, layout: Layout, match: MatchProblem) -> None:
        self.layout = layout
        links = layout.links
        offer = match.link_offer[links]
        self.value = match.link_value[links]
        self.pool = match.pool_hours
        fits = np.floor(match.pool_hours[match.offer_pledge] / match.offer_hours + _HAIR)
        seats = np.where(match.offer_led, np.floor(fits * match.offer_places + _HAIR), fits)
        self.top = np.minimum(match.link_cap[links], seats[offer])
        hours = np.where(match.offer_led, match.offer_hours / match.offer_places, match.offer_hours)
        self.data = np.ones(len(layout.indices))
        of_hours, of_referrals = layout.entry_kind == HOURS, layout.entry_kind == REFERRALS
        self.data[of_hours] = hours[offer][layout.indices[of_hours]]
        referrals = 1.0 / match.uptake[match.cell_pathway[match.link_cell[links]]]
        self.data[of_referrals] = referrals[layout.indices[of_referrals]]
        self.limit = np.zeros(len(layout.row_of))
        limits = (match.pool_hours, match.cell_demand, match.ceiling, match.catchment_cap)
        for kind, limit in enumerate(limits):
            mine = layout.row_kind == kind
            self.limit[mine] = limit[layout.row_of[mine]]

        # Where all values of a site, or all coefficients of a row, change alike, its prices do so too.
        worth = np.bincount(layout.column_site, self.value, minlength=self.sites)
        self.price_unit = worth[layout.row_site] / np.add.reduceat(np.append(self.data, 0.0), layout.indptr[:-1])
        """By row: what prices are told in when they are carried from one draw to another."""

    @property
    def sites(self) -> int:
        """How many there are."""
        return len(self.layout.first_row) - 1

    def bound(self, prices: np.ndarray, charged: np.ndarray | None = None) -> np.ndarray:
        """
        By site: what it cannot pass alone, told from any prices by row, none below nothing.

        Where rows are `charged` besides, a site pays that for all it uses, and what it cannot pass is after paying.
        """
        layout = self.layout
        shape = (len(self.limit), len(self.value))
        matrix = sparse.csr_array((self.data, layout.indices, layout.indptr), shape=shape)
        left = np.maximum(self.value - matrix.T @ (prices if charged is None else prices + charged), 0.0)
        given = np.bincount(layout.row_site, prices * self.limit, minlength=self.sites)
        return given + np.bincount(layout.column_site, self.top * left, minlength=self.sites)

    def price(self, sites: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """
        Solve some sites, each alone.

        Returns
        -------
        rows, prices
            Positions of their rows, and the prices that bound each of them most closely.
        """
        rows, columns, model = self._block(sites)
        solution = _solve(model) if len(columns) else None
        prices = np.zeros(len(rows)) if solution is None else np.maximum(solution.row_dual, 0.0)
        return rows, prices

    def worth(self, chosen: np.ndarray) -> float:
        """What sites (true by site) are worth together: each hour is spent once."""
        return self._together(chosen)[0]

    def join(self, chosen: np.ndarray, prices: np.ndarray) -> tuple[float, Cut]:
        """
        What sites are worth together, and a cut that says so.

        Parameters
        ----------
        chosen
            True by site.
        prices
            By row: those that bound each of the other sites most closely.
        """
        value, rows, own, shared = self._together(chosen)
        hours = self.layout.row_kind == HOURS
        charged = np.zeros(len(self.limit))
        charged[hours] = shared[self.layout.row_of[hours]]
        # What a site pays for an hour in any case it need not reckon with a second time.
        left = np.where(hours, np.maximum(prices - charged, 0.0), prices)
        left[rows] = own
        return value, Cut(constant=float(shared @ self.pool), worth=self.bound(left, charged))

    def _together(self, chosen: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Value; rows of the sites and their prices; by pledge, the price of the hours that several of them share."""
        rows, columns, model = self._block(np.flatnonzero(chosen))
        price = np.zeros(len(self.pool))
        if not len(columns):
            return 0.0, rows, np.zeros(len(rows)), price
        # What several sites take of one pledge is added up in a further row.
        hours = np.flatnonzero(self.layout.row_kind[rows] == HOURS)
        pledges, at, count = np.unique(self.layout.row_of[rows[hours]], return_inverse=True, return_counts=True)
        add = sparse.csr_array((np.ones(len(hours)), (at, hours)), shape=(len(pledges), len(rows)))[count > 1]
        several = pledges[count > 1]
        both = LinearModel(
            value=model.value,
            matrix=sparse.csr_array(sparse.vstack([model.matrix, add @ model.matrix], format="csr")),
            row_lower=np.full(len(rows) + len(several), -np.inf),
            row_upper=np.concatenate([model.row_upper, self.pool[several]]),
            upper=model.upper,
            integer=model.integer,
        )
        solution = _solve(both)
        own, price[several] = np.split(np.maximum(solution.row_dual, 0.0), [len(rows)])
        return max(solution.objective, 0.0), rows, own, price

    def can_cover(self, site: int, match: MatchProblem, least: np.ndarray) -> bool:
        """Whether the PCNs of a site, with all hours in reach, can have so many places (by PCN), each by itself."""
        rows, columns, model = self._block([site])
        here = self.layout.row_kind[rows] == REFERRALS
        pcns = self.layout.row_of[rows[here]]
        wanted = least[pcns]
        counts = sparse.csr_array(
            (np.ones(len(columns)), (np.searchsorted(pcns, match.link_pcn[self.layout.links[columns]]),
                                     np.arange(len(columns)))),
            shape=(len(pcns), len(columns)),
        )  # fmt: skip
        for at in np.flatnonzero(wanted > 0):
            alone = LinearModel(
                value=counts[[at]].toarray()[0],
                matrix=model.matrix,
                row_lower=model.row_lower,
                row_upper=model.row_upper,
                upper=model.upper,
                integer=model.integer,
            )
            if np.floor(_solve(alone).objective + 1e-6) < wanted[at]:
                return False
        return True

    def _block(self, sites: Sequence[int]) -> tuple[np.ndarray, np.ndarray, LinearModel]:
        """Rows and columns of some sites, and their model side by side."""
        layout = self.layout
        rows = _ranges(layout.first_row[sites], layout.first_row[np.add(sites, 1)])
        columns = _ranges(layout.first_column[sites], layout.first_column[np.add(sites, 1)])
        lengths = layout.indptr[rows + 1] - layout.indptr[rows]
        entries = _ranges(layout.indptr[rows], layout.indptr[rows + 1])
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        indices = np.searchsorted(columns, layout.indices[entries])
        matrix = sparse.csr_array((self.data[entries], indices, indptr), shape=(len(rows), len(columns)))
        model = LinearModel(
            value=self.value[columns],
            matrix=matrix,
            row_lower=np.full(len(rows), -np.inf),
            row_upper=self.limit[rows],
            upper=self.top[columns],
            integer=np.zeros(len(columns), dtype=bool),
        )
        return rows, columns, model


def _ranges(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """All positions from each first up to, but without, each last."""
    lengths = last - first
    return np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())


def _solve(model: LinearModel) -> Solution:
    try:
        solution = solve_linear(model, relax=True)
    except InfeasibleError:  # nothing at all is always a plan
        solution = None
    if solution is None or not solution.complete:
        raise SolveError("The solver did not finish the relaxation of a draw.")
    return solution
