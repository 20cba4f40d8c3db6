"""The match as arrays: offers, cells of demand, and the places that may join them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from ..errors import SolveError
from ..schema import (
    CapFrame,
    CeilingFrame,
    DemandFrame,
    MinimumFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchProblem:
    """Everything the match depends on, as read-only arrays.

    Rows are supply and columns are demand: a `link` joins an offer (pledge × pathway) to a cell (PCN × pathway).
    Index arrays name what they point at; all other numbers are in the units of the tables they come from.
    """

    pledge_ids: np.ndarray
    pathway_ids: np.ndarray
    pcn_codes: np.ndarray
    pool_hours: np.ndarray
    """By pledge: hours it can spend, cut to the most that whole courses can use."""
    offer_pledge: np.ndarray
    offer_pathway: np.ndarray
    offer_led: np.ndarray
    offer_hours: np.ndarray
    offer_places: np.ndarray
    """By offer: seats of a course, cut to what whole people can use of them."""
    offer_min_group: np.ndarray
    cell_pcn: np.ndarray
    cell_pathway: np.ndarray
    cell_demand: np.ndarray
    ceiling: np.ndarray
    """By PCN: referrals."""
    uptake: np.ndarray
    """By pathway."""
    completion: np.ndarray
    """By pathway."""
    core20_lead: np.ndarray
    """By PCN: its share of Core20 patients less their share of all need; may be below nothing."""
    minimum_places: np.ndarray
    """By minimum that the planner set: places."""
    minimum_member: np.ndarray
    """Shape (2, n): positions of a minimum and of a link that counts towards it, one PCN a minimum."""
    link_offer: np.ndarray
    link_cell: np.ndarray
    link_cap: np.ndarray
    link_value: np.ndarray
    """By link: need weight × completion share of one place."""
    link_minutes: np.ndarray
    link_catchment: np.ndarray
    """Shape (2, links): positions of the two catchments of each link, of people alike and of all people near the
    facility; a link that shares neither has catchments of its own."""
    catchment_cap: np.ndarray
    """By catchment: places that its offers can fill together."""

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            array.setflags(write=False)
            least = -1.0 if field.name == "core20_lead" else 0.0
            if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array >= least).all()):
                raise SolveError(f"The match was given a number in {field.name} that is negative or not finite.")
            # Position −1 would be the last entry: the figures of some other PCN or pathway.
            if array.dtype.kind == "i" and (array < 0).any():
                raise SolveError(f"The match was given a key in {field.name} that is in no other table.")

    @property
    def link_pcn(self) -> np.ndarray:
        """By link: position of its PCN."""
        return self.cell_pcn[self.link_cell]

    @property
    def link_completion(self) -> np.ndarray:
        """By link: completions of one place."""
        return self.completion[self.cell_pathway[self.link_cell]]

    @property
    def pcn_demand(self) -> np.ndarray:
        """By PCN: places wanted."""
        return np.bincount(self.cell_pcn, self.cell_demand, minlength=len(self.ceiling))

    def by_pcn(self, places: np.ndarray) -> np.ndarray:
        """By PCN: the places of a plan, told by link."""
        return np.bincount(self.link_pcn, places, minlength=len(self.ceiling))

    @classmethod
    def from_frames(
        cls,
        offers: pd.DataFrame,
        caps: pd.DataFrame,
        demand: pd.DataFrame,
        *,
        ceilings: pd.DataFrame,
        need: pd.DataFrame,
        pathways: pd.DataFrame,
        minimums: pd.DataFrame | None = None,
    ) -> MatchProblem:
        """
        Build the problem from `OfferFrame`, `CapFrame`, `DemandFrame`, `CeilingFrame`, `NeedFrame`, `PathwayFrame`,
        and the planner's `MinimumFrame`.

        Tables are sorted by their keys first, so that the order of their rows changes nothing.

        Raises
        ------
        SolveError
            A number is negative or not finite, or a key is in no other table.
        """
        _check_numbers(offers, OfferFrame.pool_hours, OfferFrame.course_places, OfferFrame.min_group)
        _check_numbers(offers, OfferFrame.course_hours, above=True)
        _check_numbers(demand, DemandFrame.demand_places)
        _check_numbers(need, NeedFrame.weight)
        _check_numbers(pathways, PathwayFrame.uptake_share, PathwayFrame.completion_share, above=True)
        offers = offers.sort_values([OfferFrame.pledge_id, OfferFrame.pathway_id], ignore_index=True)
        demand = demand.sort_values([DemandFrame.pcn_code, DemandFrame.pathway_id], ignore_index=True)
        ceilings = ceilings.sort_values(CeilingFrame.pcn_code)
        pathways = pathways.sort_values(PathwayFrame.pathway_id)
        pledge_of, pledge_ids = pd.factorize(offers[OfferFrame.pledge_id])
        pathway_ids = pd.Index(pathways[PathwayFrame.pathway_id])
        pcn_codes = pd.Index(ceilings[CeilingFrame.pcn_code])
        links = _link(caps, offers, demand)
        pool = _usable_hours(offers, pledge_of, len(pledge_ids))
        courses = np.floor(pool[pledge_of] / offers[OfferFrame.course_hours].to_numpy() + 1e-9)
        weight = need.set_index(NeedFrame.pcn_code)[NeedFrame.weight].reindex(pcn_codes).to_numpy(dtype=float)
        completion = pathways[PathwayFrame.completion_share].to_numpy(dtype=float)
        cell_pcn = pcn_codes.get_indexer(demand[DemandFrame.pcn_code])
        cell_pathway = pathway_ids.get_indexer(demand[DemandFrame.pathway_id])
        link_cell = links["cell"].to_numpy()
        catchment, catchment_cap = _number_catchments(links)
        minimum_places, minimum_member = _join_minimums(links, minimums)
        return cls(
            pledge_ids=np.array(pledge_ids, dtype=object),
            pathway_ids=np.array(pathway_ids, dtype=object),
            pcn_codes=np.array(pcn_codes, dtype=object),
            pool_hours=pool,
            offer_pledge=pledge_of,
            offer_pathway=pathway_ids.get_indexer(offers[OfferFrame.pathway_id]),
            offer_led=offers[OfferFrame.led].to_numpy(copy=True),
            offer_hours=offers[OfferFrame.course_hours].to_numpy(dtype=float, copy=True),
            offer_places=usable_places(offers[OfferFrame.course_places].to_numpy(dtype=float), courses),
            offer_min_group=offers[OfferFrame.min_group].to_numpy(dtype=float, copy=True),
            cell_pcn=cell_pcn,
            cell_pathway=cell_pathway,
            cell_demand=demand[DemandFrame.demand_places].to_numpy(dtype=float, copy=True),
            ceiling=ceilings[CeilingFrame.ceiling_referrals].to_numpy(dtype=float, copy=True),
            uptake=pathways[PathwayFrame.uptake_share].to_numpy(dtype=float, copy=True),
            completion=completion.copy(),
            core20_lead=_core20_lead(need.sort_values(NeedFrame.pcn_code), pcn_codes),
            minimum_places=minimum_places,
            minimum_member=minimum_member,
            link_offer=links["offer"].to_numpy(copy=True),
            link_cell=link_cell.copy(),
            link_cap=links[CapFrame.cap_places].to_numpy(dtype=float, copy=True),
            link_value=weight[cell_pcn[link_cell]] * completion[cell_pathway[link_cell]],
            link_minutes=links[CapFrame.minutes_min].to_numpy(dtype=float, copy=True),
            link_catchment=catchment,
            catchment_cap=catchment_cap,
        )


def _check_numbers(frame: pd.DataFrame, *columns: str, above: bool = False) -> None:
    """Refuse what is not finite or below nothing (or nothing, when `above`), before it is cut to what can be used."""
    for column in columns:
        figures = frame[column].to_numpy(dtype=float)
        if not (np.isfinite(figures) & ((figures > 0) if above else (figures >= 0))).all():
            raise SolveError(f"The match was given a number in {column} that is negative or not finite.")


def _link(caps: pd.DataFrame, offers: pd.DataFrame, demand: pd.DataFrame) -> pd.DataFrame:
    """Caps with the positions of their offer and their cell, sorted by both."""
    offer_keys = [OfferFrame.pledge_id, OfferFrame.pathway_id]
    cell_keys = [DemandFrame.pcn_code, DemandFrame.pathway_id]
    links = caps.merge(
        offers[offer_keys].assign(offer=np.arange(len(offers))), on=offer_keys, how="inner", validate="many_to_one"
    ).merge(demand[cell_keys].assign(cell=np.arange(len(demand))), on=cell_keys, how="inner", validate="many_to_one")
    if len(links) != len(caps):
        raise SolveError(f"{len(caps) - len(links)} links of the match name an offer or a demand that is not there.")
    return links.sort_values(["offer", "cell"], ignore_index=True)


def _number_catchments(links: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Positions of each link's two catchments within its cell, and the places of each catchment."""
    numbers, caps, found = [], [], 0
    for key, most in ((CapFrame.alike, CapFrame.cap_places), (CapFrame.catchment, CapFrame.near_places)):
        alone = links[key].isna()
        name = links[key].where(~alone, links.index.astype(str))
        number = links.groupby([name, "cell", alone], sort=True).ngroup()
        numbers.append(number.to_numpy(dtype=np.int64) + found)
        caps.append(links[most].groupby(number).max().to_numpy(dtype=float))
        found += len(caps[-1])
    return np.array(numbers).reshape(2, -1), np.concatenate(caps)


def _core20_lead(need: pd.DataFrame, pcn_codes: pd.Index) -> np.ndarray:
    """By PCN, its Core20 share less that of all need; nothing where it is not known."""
    share = need[NeedFrame.core20_share]
    weight = (need[NeedFrame.patients] * need[NeedFrame.need_index]).where(share.notna(), 0.0)
    if not weight.sum() > 0:
        return np.zeros(len(pcn_codes))
    lead = (share - (weight * share.fillna(0.0)).sum() / weight.sum()).fillna(0.0)
    return lead.set_axis(need[NeedFrame.pcn_code]).reindex(pcn_codes).to_numpy(dtype=float, copy=True)


def _join_minimums(links: pd.DataFrame, minimums: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray]:
    """Places of each of the planner's minimums, and the links that count towards it."""
    if minimums is None or minimums.empty:
        return np.zeros(0), np.zeros((2, 0), dtype=np.int64)
    keys = [MinimumFrame.pcn_code, MinimumFrame.pathway_id, MinimumFrame.pledge_id]
    minimums = minimums.sort_values([*keys, MinimumFrame.places], ignore_index=True)
    members = []
    for at, wish in enumerate(minimums[keys].itertuples(index=False)):
        counts = np.ones(len(links), dtype=bool)
        for key, name in zip(keys, wish, strict=True):
            if pd.notna(name):
                counts &= links[key].eq(name).to_numpy()
        found = np.flatnonzero(counts)
        members.append(np.array([np.full(len(found), at), found]))
    return minimums[MinimumFrame.places].to_numpy(dtype=float, copy=True), np.concatenate(members, axis=1)


def _usable_hours(offers: pd.DataFrame, pledge_of: np.ndarray, pledges: int) -> np.ndarray:
    """Hours of each pledge cut to the most that whole courses of its pathways can use.

    Whole plans lose nothing by the cut, and the linear relaxation becomes much tighter: 40 hours are worth 24 to a
    pledge whose only course takes 24.
    """
    pool = offers[OfferFrame.pool_hours].groupby(pledge_of).first().to_numpy(dtype=float)
    lengths = offers[OfferFrame.course_hours].groupby(pledge_of).agg(lambda h: tuple(sorted(set(h))))
    return np.array([largest_total(pool[p], lengths[p]) for p in range(pledges)])


def usable_places(places: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """
    Seats of a course that whole people can fill, when at most so many courses run: the largest ⌊y · places⌋ / y.

    A course of 9.6 seats (12 at 80%) takes 9 people when it runs alone and 48 when five run. Whole plans lose nothing
    by the cut, and the linear relaxation no longer fills six tenths of a person.

    Examples
    --------
    >>> usable_places(np.array([9.6, 9.6]), np.array([1, 5]))
    array([9. , 9.6])
    """
    best = np.zeros(len(places))
    for run in range(1, _COURSES_TRIED + 1):
        best = np.where(run <= courses, np.maximum(best, np.floor(places * run + 1e-9) / run), best)
    return np.where(courses > _COURSES_TRIED, places, best)


_COURSES_TRIED = 40
_STEP_HOURS = 0.25
_LONG = 40_000


def largest_total(pool_hours: float, lengths: tuple[float, ...]) -> float:
    """
    The largest sum of whole numbers of `lengths` (hours, any number of each) that is at most `pool_hours`.

    Course lengths that are not whole quarters of an hour, and pools too long to enumerate, give an upper bound on it.

    Examples
    --------
    >>> largest_total(40, (24,))
    24.0
    >>> largest_total(40, (12, 16))
    40.0
    """
    whole = pool_hours + 1e-9
    if len(lengths) == 1:
        return float(math.floor(whole / lengths[0]) * lengths[0])
    steps = [length / _STEP_HOURS for length in lengths]
    if any(abs(step - round(step)) > 1e-9 or step < 0.5 for step in steps):
        return pool_hours
    sizes = [round(step) for step in steps]
    room = math.floor(whole / _STEP_HOURS)
    if room > _LONG:
        unit = math.gcd(*sizes)
        return float(room // unit * unit * _STEP_HOURS)
    # Bit i of `reached` is set when i steps can be used; adding a course shifts the bits by its length.
    reached, mask = 1, (1 << (room + 1)) - 1
    for size in sizes:
        shift = size
        while shift <= room:
            reached |= (reached << shift) & mask
            shift *= 2
    return float((reached.bit_length() - 1) * _STEP_HOURS)
