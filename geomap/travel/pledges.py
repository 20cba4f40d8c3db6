"""Whom each pledge can serve, by distance or by rule.

On-site by distance; outreach serves a whole PCN where any of its patients live near enough; hybrid serves the whole of
any PCN that its facility reaches; digital serves the ICBs it names, else those where its operator has a facility (told
by the patients who live nearest to it), else everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from ..config import TravelParams
from ..schema import FacilityFrame, PairFrame, PcnResultFrame, PledgeFrame, PopulationPointFrame, ReachFrame
from ..schema.words import LIST_SEPARATOR
from .pairs import link_near, link_pairs
from .times import KnownTimes

_PLEDGE_PCN = [ReachFrame.pledge_id, ReachFrame.pcn_code]


def reach_pledges(
    pledges: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    pcns: pd.DataFrame,
    params: TravelParams,
    *,
    known: Sequence[KnownTimes] = (),
) -> pd.DataFrame:
    """
    Find whom each pledge can serve, after the operator's own limits.

    Parameters
    ----------
    pledges, facilities, points
        `PledgeFrame`, `FacilityFrame`, `PopulationPointFrame`.
    pcns
        `pcn_code` and `icb_codes` (`;` between) of each PCN the run plans for. Points of other PCNs are not served;
        they tell that a facility near them stands in an ICB of theirs.
    params
        Modes, their limits, speeds and detours.
    known
        Minutes that replace straight lines, the best first. A pledge's own `max_km` is a straight line in any case,
        and outreach is by straight lines alone: it is the operator who travels.

    Returns
    -------
    reach
        `ReachFrame`, sorted by pledge and PCN; absent means out of reach.
    """
    spots = _spots(pledges, facilities)
    parts = [_by_distance(spots, facilities, points, params, known), _by_outreach(spots, facilities, points, params)]
    parts.append(_by_digital(pledges, facilities, points, pcns))
    reach = pd.concat([part[list(ReachFrame.to_schema().columns)] for part in parts])
    reach = reach[reach[ReachFrame.pcn_code].isin(pcns[PcnResultFrame.pcn_code])]
    reach = _keep_named_icbs(reach, pledges, pcns)
    return reach.sort_values(_PLEDGE_PCN, ignore_index=True)


def _spots(pledges: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """Where each pledge is given: its facility, or every facility of its operator when it names none."""
    columns = [PledgeFrame.pledge_id, PledgeFrame.delivery, PledgeFrame.max_km]
    placed = pledges[pledges[PledgeFrame.facility_id].notna()]
    placed = placed[[*columns, PledgeFrame.facility_id]]
    wide = pledges[pledges[PledgeFrame.facility_id].isna()][[*columns, PledgeFrame.operator_id]]
    wide = wide.merge(
        facilities[[FacilityFrame.operator_id, FacilityFrame.facility_id]],
        on=FacilityFrame.operator_id,
        how="inner",
        validate="many_to_many",
    )
    return pd.concat([placed, wide[[*columns, PledgeFrame.facility_id]]], ignore_index=True)


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    """Of several facilities of one pledge, the one that reaches most of the PCN, then the nearest."""
    order = [*_PLEDGE_PCN, ReachFrame.reach_share, ReachFrame.minutes_min]
    return rows.sort_values(order, ascending=[True, True, False, True]).drop_duplicates(_PLEDGE_PCN)


def _pairs_of_spots(
    spots: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    most_m: float,
    link: Callable[[gpd.GeoDataFrame, float], pd.DataFrame],
) -> pd.DataFrame:
    """Spots × PCNs that `link` finds within so many metres: the smaller of `most_m` and the pledge's own `max_km`."""
    limit_m = (spots[PledgeFrame.max_km] * 1000).clip(upper=most_m).fillna(most_m)
    parts = []
    for metres, group in spots.groupby(limit_m):
        here = facilities[facilities[FacilityFrame.facility_id].isin(group[PledgeFrame.facility_id])]
        pairs = link(here, float(metres))
        parts.append(group.merge(pairs, on=PairFrame.facility_id, how="inner", validate="many_to_many"))
    if not parts:
        return spots.assign(pcn_code="", reach_share=0.0, minutes_min=0.0, basis="")
    return pd.concat(parts)


def _by_distance(
    spots: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    params: TravelParams,
    known: Sequence[KnownTimes],
) -> pd.DataFrame:
    def link(here: gpd.GeoDataFrame, metres: float) -> pd.DataFrame:
        return link_pairs(here, points, params, limit_m=metres, known=known)

    here = spots[spots[PledgeFrame.delivery].isin(("on_site", "hybrid"))]
    rows = _best(_pairs_of_spots(here, facilities, np.inf, link))
    hybrid = rows[PledgeFrame.delivery].eq("hybrid")
    share = rows[ReachFrame.reach_share]
    return rows.assign(
        # Those out of reach of a hybrid pledge join online and do not travel.
        minutes_min=rows[ReachFrame.minutes_min].where(~hybrid, rows[ReachFrame.minutes_min] * share),
        reach_share=share.mask(hybrid, 1.0),
        basis=hybrid.map({True: "hybrid", False: "distance"}).astype("str"),
        catchment=rows[PledgeFrame.facility_id].mask(hybrid),
    )


def _by_outreach(
    spots: pd.DataFrame, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams
) -> pd.DataFrame:
    def link(here: gpd.GeoDataFrame, metres: float) -> pd.DataFrame:
        return link_near(here, points, params, metres)

    here = spots[spots[PledgeFrame.delivery].eq("outreach")]
    rows = _best(_pairs_of_spots(here, facilities, params.outreach_km * 1000, link))
    return rows.assign(reach_share=1.0, minutes_min=0.0, basis="outreach", catchment=_no_catchment(rows))


def _by_digital(
    pledges: pd.DataFrame, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, pcns: pd.DataFrame
) -> pd.DataFrame:
    """Every PCN of the ICBs named, else of the ICBs that the operator's facilities stand in, else every PCN."""
    digital = pledges[pledges[PledgeFrame.delivery].eq("digital")]
    lists = pcns[PcnResultFrame.icb_codes].str.split(LIST_SEPARATOR)
    icbs_of = {code: set(icbs) for code, icbs in zip(pcns[PcnResultFrame.pcn_code], lists, strict=True)}
    theirs = facilities[facilities[FacilityFrame.operator_id].isin(digital[PledgeFrame.operator_id])]
    homes = _home_icbs(theirs, points, icbs_of)
    rows = []
    for pledge, operator, named in zip(
        digital[PledgeFrame.pledge_id], digital[PledgeFrame.operator_id], digital[PledgeFrame.icb_codes], strict=True
    ):
        home = homes.get(operator) if pd.isna(named) else None
        rows += [(pledge, code) for code, icbs in icbs_of.items() if home is None or icbs & home]
    frame = pd.DataFrame(rows, columns=_PLEDGE_PCN).astype("str")
    return frame.assign(reach_share=1.0, minutes_min=0.0, basis="digital", catchment=_no_catchment(frame))


def _no_catchment(rows: pd.DataFrame) -> pd.Series:
    """Whole PCNs are served: no pledge's people are another's."""
    return pd.Series(None, index=rows.index, dtype="str")


def _home_icbs(
    facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, icbs_of: dict[str, set[str]]
) -> dict[str, set[str]]:
    """The ICBs each operator stands in: those of the PCN whose patients live nearest to each of its facilities."""
    near = points[points[PopulationPointFrame.patients].gt(0)]
    if near.empty or facilities.empty:
        return {}
    spots = np.column_stack((facilities.geometry.x, facilities.geometry.y))
    tree = cKDTree(np.column_stack((near.geometry.x, near.geometry.y)))
    # Several PCNs may have a practice in one building: all that are equally near count, whatever the row order.
    nearest = tree.query_ball_point(spots, tree.query(spots)[0] * (1 + 1e-12))
    codes = near[PopulationPointFrame.pcn_code].to_numpy()
    homes: dict[str, set[str]] = {}
    for operator, found in zip(facilities[FacilityFrame.operator_id], nearest, strict=True):
        homes.setdefault(operator, set()).update(*(icbs_of.get(code, ()) for code in codes[found]))
    return homes


def _keep_named_icbs(reach: pd.DataFrame, pledges: pd.DataFrame, pcns: pd.DataFrame) -> pd.DataFrame:
    """Drop PCNs outside the ICBs that a pledge names."""
    named = pledges[pledges[PledgeFrame.icb_codes].notna()]
    allowed = named.assign(icb=named[PledgeFrame.icb_codes].str.split(LIST_SEPARATOR)).explode("icb")
    members = pcns.assign(icb=pcns[PcnResultFrame.icb_codes].str.split(LIST_SEPARATOR)).explode("icb")
    members = members[[PcnResultFrame.pcn_code, "icb"]]
    keep = allowed[[PledgeFrame.pledge_id, "icb"]].merge(members, on="icb", validate="many_to_many")
    keep = pd.MultiIndex.from_frame(keep[_PLEDGE_PCN])
    free = ~reach[ReachFrame.pledge_id].isin(named[PledgeFrame.pledge_id])
    return reach[free | pd.MultiIndex.from_frame(reach[_PLEDGE_PCN]).isin(keep)]
