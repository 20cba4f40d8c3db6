"""Impedance and reach: which facility, and which pledge, can serve which PCN, for what share of its patients.

Straight line × detour ÷ speed. Unreachable is absent, not zero. Pledges reach by distance or by rule:
on-site by distance; outreach serves a whole PCN where any of its patients live near enough; hybrid serves the whole of
any PCN that its facility reaches; digital serves the ICBs it names, else those where its operator has a facility (told
by the patients who live nearest to it), else everywhere.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from .config import TravelParams
from .errors import CrsError, Fault
from .schema import FacilityFrame, PairFrame, PcnResultFrame, PledgeFrame, PopulationPointFrame, ReachFrame
from .schema.words import CRS, LIST_SEPARATOR

_PLEDGE_PCN = [ReachFrame.pledge_id, ReachFrame.pcn_code]


def link_pairs(
    facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams, *, limit_m: float | None = None
) -> pd.DataFrame:
    """
    Link each facility to the PCNs within reach.

    Parameters
    ----------
    facilities
        `FacilityFrame`, m rows, metres (EPSG:27700).
    points
        `PopulationPointFrame`, n rows, metres (EPSG:27700).
    params
        Mode, speed, detour and the most minutes a patient travels.
    limit_m
        The straight line that counts as within reach, metres; without it, what `params` gives. The limit is within.

    Returns
    -------
    pairs
        `PairFrame`, sorted by facility and PCN; absent means out of reach.

    Raises
    ------
    CrsError
        A frame is not in EPSG:27700.
    """
    for name, frame in (("facilities", facilities), ("population points", points)):
        if frame.crs != CRS:
            fault = Fault(source=name, value=str(frame.crs), problem=f"not in {CRS}", remedy="Reproject when reading.")
            raise CrsError(faults=[fault])
    code, names = pd.factorize(points[PopulationPointFrame.pcn_code], sort=True)
    patients = points[PopulationPointFrame.patients].to_numpy(dtype=float)
    total = np.bincount(code, patients, minlength=len(names))
    lived_in = np.flatnonzero(patients > 0)
    # Facilities in the order of their ids, so that the pairs come out sorted.
    ids = facilities[FacilityFrame.facility_id]
    order = ids.argsort(kind="stable").to_numpy()
    limit = params.max_m if limit_m is None else limit_m
    site, home, metres = _within(_spots_of(facilities)[order], _spots_of(points)[lived_in], limit)
    home = lived_in[home]
    pair = site.astype(np.int64) * max(len(names), 1) + code[home]
    by_pair = np.argsort(pair, kind="stable")
    pair, people = pair[by_pair], patients[home][by_pair]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    inside = np.add.reduceat(people, first) if len(first) else np.empty(0)
    travelled = np.add.reduceat(people * metres[by_pair], first) if len(first) else np.empty(0)
    row, column = np.divmod(pair[first], max(len(names), 1))
    return pd.DataFrame(
        {
            PairFrame.facility_id: ids.array.take(order[row]),
            PairFrame.pcn_code: names.astype("str").array.take(column),
            PairFrame.reach_share: np.minimum(inside / total[column], 1.0),
            PairFrame.minutes_min: travelled * params.minutes_per_m / inside,
        }
    )


def reach_pledges(
    pledges: pd.DataFrame,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    pcns: pd.DataFrame,
    params: TravelParams,
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
        Mode, speed, detour, limits.

    Returns
    -------
    reach
        `ReachFrame`, sorted by pledge and PCN; absent means out of reach.
    """
    spots = _spots(pledges, facilities)
    parts = [_by_distance(spots, facilities, points, params), _by_outreach(spots, facilities, points, params)]
    parts.append(_by_digital(pledges, facilities, points, pcns))
    reach = pd.concat([part[list(ReachFrame.to_schema().columns)] for part in parts])
    reach = reach[reach[ReachFrame.pcn_code].isin(pcns[PcnResultFrame.pcn_code])]
    reach = _keep_named_icbs(reach, pledges, pcns)
    return reach.sort_values(_PLEDGE_PCN, ignore_index=True)


def _spots_of(places: gpd.GeoDataFrame) -> np.ndarray:
    """Easting and northing in metres, shape (n, 2)."""
    return shapely.get_coordinates(places.geometry.array)


def _within(here: np.ndarray, there: np.ndarray, limit_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in both, and metres between them, for every pair no farther apart than the limit."""
    if not len(here) or not len(there):
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0)
    # A hair is added so that a point exactly on the limit counts, whatever the last binary digit.
    found = cKDTree(here).sparse_distance_matrix(cKDTree(there), limit_m * (1 + 1e-12), output_type="ndarray")
    return found["i"], found["j"], found["v"]


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
    spots: pd.DataFrame, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams, most_m: float
) -> pd.DataFrame:
    """Spots × PCNs within the smaller of `most_m` and the pledge's own `max_km`."""
    limit_m = (spots[PledgeFrame.max_km] * 1000).clip(upper=most_m).fillna(most_m)
    parts = []
    for metres, group in spots.groupby(limit_m):
        here = facilities[facilities[FacilityFrame.facility_id].isin(group[PledgeFrame.facility_id])]
        pairs = link_pairs(here, points, params, limit_m=float(metres))
        parts.append(group.merge(pairs, on=PairFrame.facility_id, how="inner", validate="many_to_many"))
    if not parts:
        return spots.assign(pcn_code="", reach_share=0.0, minutes_min=0.0, basis="")
    return pd.concat(parts)


def _by_distance(
    spots: pd.DataFrame, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame, params: TravelParams
) -> pd.DataFrame:
    here = spots[spots[PledgeFrame.delivery].isin(("on_site", "hybrid"))]
    rows = _best(_pairs_of_spots(here, facilities, points, params, params.max_m))
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
    here = spots[spots[PledgeFrame.delivery].eq("outreach")]
    rows = _best(_pairs_of_spots(here, facilities, points, params, params.outreach_km * 1000))
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
