"""The match at one detour, made once, and stated anew for any draw by replacing its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..config import NeedParams, RobustParams
from ..match import MatchProblem
from ..match.problem import usable_places
from ..schema import (
    CapFrame,
    CeilingFrame,
    DemandFrame,
    DrawFrame,
    LinkShareFrame,
    NeedFrame,
    OfferFrame,
    PathwayFrame,
    PledgeFrame,
)
from .factors import Factors, highest

_HAIR = 1e-9
_PERCENTILES = {
    DrawFrame.weight_imd: NeedFrame.imd_percentile,
    DrawFrame.weight_inactivity: NeedFrame.inactive_percentile,
    DrawFrame.weight_long_term: NeedFrame.long_term_percentile,
    DrawFrame.weight_aged_65: NeedFrame.aged_65_percentile,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSource:
    """The tables of a scenario that draws start from."""

    need: pd.DataFrame
    need_params: NeedParams
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    pledges: pd.DataFrame
    offers: pd.DataFrame
    """`OfferFrame` of `fill_pledges` at the upper end of the range, so that it holds those of every draw."""
    links: Mapping[float, pd.DataFrame]
    """`LinkShareFrame` of these offers, by each of `list_detours`."""


def fill_pledges(pledges: pd.DataFrame, factor: float) -> pd.DataFrame:
    """The pledges with their groups filled by a factor more; nothing is fuller than full."""
    full = (pledges[PledgeFrame.fill_share] * factor).clip(upper=1.0)
    return pledges.assign(**{PledgeFrame.fill_share: full})


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The match at one detour with every link that some draw has, and what its numbers are made of."""

    base: MatchProblem
    place_share: np.ndarray
    near_share: np.ndarray
    referrals: np.ndarray
    """By cell: target referrals; none where a PCN is left out of the plan."""
    percentiles: np.ndarray
    """Shape (4, PCNs), in the order of the weights; NaN where not known. 5 where the planner has own indicators."""
    weights: np.ndarray
    weight_floor: float
    weight_span: float
    group_size: np.ndarray
    """By offer: people in a full course; 1 where none is led."""
    fill_share: np.ndarray
    courses: np.ndarray
    """By offer: the most courses that its hours allow."""

    @classmethod
    def build(cls, source: DrawSource, detour: float, params: RobustParams) -> World:
        """State the match at a detour, with the links that the highest uptake has a place for."""
        ceilings = source.ceilings.sort_values(CeilingFrame.pcn_code)
        left_out = ceilings.loc[ceilings[CeilingFrame.fte_basis].eq("excluded"), CeilingFrame.pcn_code]
        demand = source.demand.sort_values([DemandFrame.pcn_code, DemandFrame.pathway_id], ignore_index=True)
        referrals = demand[DemandFrame.target_referrals].mask(demand[DemandFrame.pcn_code].isin(left_out), 0.0)
        uptake = source.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
        most = (demand[DemandFrame.pathway_id].map(uptake) * highest(params, DrawFrame.uptake)).clip(upper=1.0)
        wanted = demand.assign(**{DemandFrame.demand_places: np.floor(referrals * most + 0.5).astype("int64")})
        shares = _with_places(source.links[detour], wanted)
        base = MatchProblem.from_frames(
            source.offers,
            shares,
            wanted,
            ceilings=ceilings,
            need=source.need,
            pathways=source.pathways,
        )
        need = source.need.set_index(NeedFrame.pcn_code).reindex(base.pcn_codes)
        offers = source.offers.sort_values([OfferFrame.pledge_id, OfferFrame.pathway_id])
        pledges = source.pledges.set_index(PledgeFrame.pledge_id).reindex(offers[OfferFrame.pledge_id])
        told = source.need_params
        counted = {name: weight for name, weight in told.all_weights.items() if name != "own" or weight}
        columns = [*_PERCENTILES.values(), NeedFrame.own_percentile][: len(counted)]
        return cls(
            base=base,
            place_share=shares[LinkShareFrame.place_share].to_numpy(dtype=float, copy=True),
            near_share=shares[LinkShareFrame.near_share].to_numpy(dtype=float, copy=True),
            referrals=referrals.to_numpy(dtype=float, copy=True),
            percentiles=need[columns].to_numpy(dtype=float).T.copy(),
            weights=np.array(list(counted.values())),
            weight_floor=told.weight_floor,
            weight_span=told.weight_span,
            group_size=np.where(base.offer_led, pledges[PledgeFrame.group_size].to_numpy(dtype=float), 1.0),
            fill_share=np.where(base.offer_led, pledges[PledgeFrame.fill_share].to_numpy(dtype=float), 1.0),
            courses=np.floor(base.pool_hours[base.offer_pledge] / base.offer_hours + _HAIR),
        )

    def state(self, factors: Factors) -> MatchProblem:
        """
        The match of a draw at this detour.

        Links and offers that the draw has no place for stay, with nothing to give. Core20 and the planner's minimums
        are left out: the choice of sites looks at neither.
        """
        base = self.base
        uptake = np.minimum(base.uptake * factors[DrawFrame.uptake], 1.0)
        completion = np.minimum(base.completion * factors[DrawFrame.completion], 1.0)
        demand = np.floor(self.referrals * uptake[base.cell_pathway] + 0.5)
        people = self.group_size * np.where(
            base.offer_led, np.minimum(self.fill_share * factors[DrawFrame.fill], 1.0), 1.0
        )
        viable = ~base.offer_led | ((people >= base.offer_min_group - _HAIR) & (people >= 1 - _HAIR))
        asked = demand[base.link_cell]
        cap = np.floor(self.place_share * asked + _HAIR) * viable[base.link_offer]
        near = np.floor(self.near_share * asked + _HAIR)
        catchment_cap = np.zeros(len(base.catchment_cap))
        np.maximum.at(catchment_cap, base.link_catchment[0], cap)
        np.maximum.at(catchment_cap, base.link_catchment[1], np.where(cap >= 1, near, 0.0))
        weight = self.weight_floor + self.weight_span * self._index(factors)
        return replace(
            base,
            offer_places=usable_places(np.where(viable, people, 1.0), self.courses),
            cell_demand=demand,
            ceiling=base.ceiling * factors[DrawFrame.caseload],
            uptake=uptake,
            completion=completion,
            core20_lead=np.zeros(len(base.ceiling)),
            link_cap=cap,
            link_value=weight[base.link_pcn] * completion[base.cell_pathway[base.link_cell]],
            catchment_cap=catchment_cap,
        )

    def _index(self, factors: Factors) -> np.ndarray:
        """By PCN: the weighted mean of the percentiles it has; the middle where it has none that counts."""
        drawn = [factors[name] for name in _PERCENTILES]
        weights = self.weights * (drawn + [1.0] * (len(self.weights) - len(drawn)))  # own indicators are not varied
        known = ~np.isnan(self.percentiles)
        counted = weights @ known
        total = weights @ np.where(known, self.percentiles, 0.0)
        return np.clip(np.where(counted > 0, total / np.where(counted > 0, counted, 1.0), 0.5), 0.0, 1.0)


def _with_places(shares: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """The links that have a place at this demand, with their `CapFrame` columns, in the order that the match keeps."""
    cell = [DemandFrame.pcn_code, DemandFrame.pathway_id]
    rows = shares.merge(wanted[[*cell, DemandFrame.demand_places]], on=cell, how="inner", validate="many_to_one")
    places = rows[DemandFrame.demand_places]
    rows[CapFrame.cap_places] = np.floor(rows[LinkShareFrame.place_share] * places + _HAIR).astype("int64")
    rows[CapFrame.near_places] = np.floor(rows[LinkShareFrame.near_share] * places + _HAIR).astype("int64")
    keys = [CapFrame.pledge_id, CapFrame.pathway_id, CapFrame.pcn_code]
    return rows[rows[CapFrame.cap_places] >= 1].sort_values(keys, ignore_index=True)
