"""One ICB's share of a finished run, and a line on each ICB.

A PCN is of the ICB that most of its patients are in, so people, demand and matched hours of all ICBs add up to the run.
Hours do not keep to borders. A pledge is in the share of every ICB with a PCN that it reaches, by distance or by rule;
one that reaches nobody is in that of the ICB that its facility stands nearest to, and without a facility in none. Left
out are the hours that the plan gives to PCNs of other ICBs: pledged = ineligible + matched here + unmatched, and so the
ledger holds as anywhere; hours as the operator wrote them stay as written. What was left out is told in a note, with
the whole: pledged = ineligible + here + elsewhere + unmatched. Other hours of a pledge that reaches two ICBs count in
the share of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ._area_facts import fill_share, share_facts, tell_share
from ._area_sites import sites_of
from .errors import ConfigError
from .few import fill_few, round_people
from .schema import (
    AccessResultFrame,
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    FacilityResultFrame,
    FootprintResultFrame,
    IcbResultFrame,
    LedgerFrame,
    LinkFrame,
    MapTables,
    NeedFrame,
    OperatorResultFrame,
    OutlineFrame,
    PcnResultFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
    VenueFrame,
)
from .schema.words import CRS, LINK_STATUSES, LIST_SEPARATOR

_PCN = PcnResultFrame.pcn_code
_ICB = PcnResultFrame.icb_code
_NEIGHBOUR_M = 1_000.0
"""Outlines that do not quite meet are still neighbours."""


def summarise_icbs(tables: MapTables) -> gpd.GeoDataFrame:
    """
    One row an ICB that is home to a PCN of the run.

    Returns
    -------
    icbs
        `IcbResultFrame`, sorted by code. Need is the mean over patients. The shape is the outline of the ICB where the
        run has one, else its PCNs' footprints as one. Of a published run, sums of what stands for counts that are not
        shown, to draw with: whoever tells them rounds them.
    """
    f, pcns = IcbResultFrame, fill_few(tables).pcns.sort_values([_ICB, _PCN])
    by_icb = pcns.groupby(_ICB)
    counts = (f.patients, f.demand_places, f.matched_places, f.unmet_places, f.matched_hours)
    weighed = (pcns[PcnResultFrame.need_index] * pcns[PcnResultFrame.patients]).groupby(pcns[_ICB]).sum()
    frame = by_icb[[f.icb_name, f.region_name]].first().join(by_icb[list(counts)].sum())
    demand = frame[f.demand_places]
    frame[f.pcns] = by_icb.size()
    frame[f.need_index] = (weighed / frame[f.patients]).where(
        frame[f.patients] > 0, by_icb[PcnResultFrame.need_index].mean()
    )
    frame[f.coverage_share] = (frame[f.matched_places] / demand.where(demand > 0)).astype("float64")
    frame = frame.rename_axis(f.icb_code).reset_index()
    shapes = [_shape_of(tables, code) for code in frame[f.icb_code]]
    columns = [name for name in f.to_schema().columns if name != f.geometry]
    return gpd.GeoDataFrame(frame[columns], geometry=gpd.GeoSeries(shapes, crs=CRS))


def share_of(tables: MapTables, icb_code: str) -> MapTables:
    """
    What the page of one ICB shows.

    Parameters
    ----------
    tables
        The whole run; it is not changed.
    icb_code
        Code of an ICB that is home to a PCN of the run.

    Returns
    -------
    share
        The PCNs of the ICB with all that is theirs; the pledges that this module says, and their facilities and
        operators; facts and notes to match. Sums of people in a published run are rounded as its own are.

    Raises
    ------
    ConfigError
        No PCN of the run is of this ICB.
    """
    here = _Here.find(tables, icb_code)
    filled = fill_share(tables, here.pcns, here.pledges)
    ledger, elsewhere_hours = _share_ledger(filled, here)
    allocation = _keep(filled.allocation, AllocationResultFrame.pcn_code, here.pcns)
    facilities = _rounded(tables, _share_facilities(tables.facilities, here, ledger, allocation))
    ties = _keep(tables.ties, TieFrame.pcn_code, here.pcns)
    links = _share_links(tables, here)
    operators = _rounded(tables, _share_operators(tables.operators, ledger, allocation, ties))
    known = here.operators | set(ties[TieFrame.operator_id]) | set(links[LinkFrame.operator_id].dropna())
    operators = _keep(operators, OperatorResultFrame.operator_id, known)
    pcns = _keep(tables.pcns, _PCN, here.pcns)
    facts = share_facts(tables, _keep(filled.pcns, _PCN, here.pcns), allocation, ledger)
    notes = tell_share(tables, icb_code, facts, elsewhere_hours)
    inside = here.shape
    return MapTables(
        facts=replace(facts, notes=(*notes, *tables.facts.notes)),
        pcns=pcns,
        facilities=facilities,
        allocation=_keep(tables.allocation, AllocationResultFrame.pcn_code, here.pcns),
        unmet=_keep(tables.unmet, UnmetFrame.pcn_code, here.pcns),
        unmatched=_keep(tables.unmatched, UnmatchedHoursFrame.pledge_id, here.pledges),
        ledger=ledger,
        pathways=tables.pathways,
        need=_keep(tables.need, NeedFrame.pcn_code, here.pcns),
        links=links,
        outlines=tables.outlines[tables.outlines.dwithin(inside, _NEIGHBOUR_M)].reset_index(drop=True),
        operators=operators,
        pledges=_keep(tables.pledges, PledgeResultFrame.pledge_id, here.pledges),
        practices=_keep(tables.practices, PracticeResultFrame.pcn_code, here.pcns),
        reachable=_keep(tables.reachable, ReachableFrame.pcn_code, here.pcns),
        ties=ties,
        attention=_share_attention(tables.attention, here, operators),
        places=tables.places[tables.places.intersects(inside)].reset_index(drop=True),
        other_facilities=_venues_inside(tables.other_facilities, inside),
        opportunities=_venues_inside(tables.opportunities, inside),
        asks=_keep(tables.asks, AskFrame.pcn_code, here.pcns),
        access=_keep(tables.access, AccessResultFrame.area_code, here.pcns),
        footprints=_keep(tables.footprints, FootprintResultFrame.pcn_code, here.pcns),
        choice=None if tables.choice is None else sites_of(tables.choice, here.pcns),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """Keys of what is on the page of an ICB, and its shape in metres."""

    icb_code: str
    pcns: set[str]
    facilities: set[str]
    pledges: set[str]
    operators: set[str]
    """Of the facilities and the pledges."""
    shape: shapely.Geometry

    @classmethod
    def find(cls, tables: MapTables, icb_code: str) -> _Here:
        pcns = set(tables.pcns.loc[tables.pcns[_ICB].eq(icb_code), _PCN])
        if not pcns:
            raise ConfigError(f"The results have no PCN of the ICB {icb_code}; name one that their pcns.csv names.")
        plans = [tables.allocation, *([] if tables.choice is None else [tables.choice.plan])]
        served = [plan[plan[AllocationResultFrame.pcn_code].isin(pcns)] for plan in plans]
        reachable = tables.reachable
        reaching = reachable.loc[reachable[ReachableFrame.pcn_code].isin(pcns), ReachableFrame.facility_id]
        ledger = tables.ledger[_is_here(tables, icb_code, served[0][AllocationResultFrame.pledge_id])]
        serving = pd.concat([plan[AllocationResultFrame.facility_id] for plan in served])
        facilities = {*serving.dropna(), *reaching, *ledger[LedgerFrame.facility_id].dropna()}
        f = FacilityResultFrame
        behind = tables.facilities.loc[tables.facilities[f.facility_id].isin(facilities), f.operator_id]
        return cls(
            icb_code=icb_code,
            pcns=pcns,
            facilities=facilities,
            pledges=set(ledger[LedgerFrame.pledge_id]),
            operators={*behind, *ledger[LedgerFrame.operator_id]},
            shape=_shape_of(tables, icb_code),
        )


def _shape_of(tables: MapTables, icb_code: str) -> shapely.Geometry:
    """The outline of an ICB, or its PCNs' footprints as one."""
    outlines = tables.outlines
    outlined = outlines[outlines[OutlineFrame.level].eq("icb") & outlines[OutlineFrame.area_code].eq(icb_code)]
    shapes = outlined.geometry if len(outlined) else tables.pcns.loc[tables.pcns[_ICB].eq(icb_code)].geometry
    return shapely.union_all(shapes.dropna().to_numpy())


def _is_here(tables: MapTables, icb_code: str, given: pd.Series) -> pd.Series:
    """Whether each row of the ledger is of a pledge in the share, those given here among them."""
    f, offer = LedgerFrame, PledgeResultFrame
    ids = tables.ledger[f.pledge_id]
    listed = ids.map(tables.pledges.set_index(offer.pledge_id)[offer.icbs_in_reach]).astype("str").fillna("")
    reaches = pd.Series([icb_code in icbs.split(LIST_SEPARATOR) for icbs in listed], index=ids.index, dtype=bool)
    alone = listed.eq("") & ~ids.isin(tables.allocation[AllocationResultFrame.pledge_id])
    near = _facilities_nearest(tables, icb_code, tables.ledger.loc[alone, f.facility_id])
    return reaches | ids.isin(given) | (alone & tables.ledger[f.facility_id].isin(near))


def _facilities_nearest(tables: MapTables, icb_code: str, facility_ids: pd.Series) -> pd.Series:
    """Those of the facilities where the nearest footprint is of this ICB."""
    f = FacilityResultFrame
    asked = tables.facilities.loc[tables.facilities[f.facility_id].isin(facility_ids), [f.facility_id, f.geometry]]
    areas = tables.pcns.loc[tables.pcns.geometry.notna(), [_PCN, _ICB, PcnResultFrame.geometry]]
    near = asked.sjoin_nearest(areas).sort_values([f.facility_id, _PCN]).drop_duplicates(f.facility_id)
    return near.loc[near[_ICB].eq(icb_code), f.facility_id]


def _keep(frame: pd.DataFrame, column: str, keys: set[str]) -> pd.DataFrame:
    return frame[frame[column].isin(keys)].reset_index(drop=True)


def _rounded(tables: MapTables, frame: pd.DataFrame) -> pd.DataFrame:
    """Facilities or operators with their people as the run may show them."""
    people = FacilityResultFrame.people
    return frame if tables.facts.internal else frame.assign(**{people: round_people(frame[people])})


def _share_ledger(tables: MapTables, here: _Here) -> tuple[pd.DataFrame, float]:
    """The pledges of the page without what they give to other ICBs, and those hours in all."""
    f, plan = LedgerFrame, tables.allocation
    hours = plan[plan[AllocationResultFrame.pledge_id].isin(here.pledges)]
    is_here = hours[AllocationResultFrame.pcn_code].isin(here.pcns)
    given = hours[is_here].groupby(AllocationResultFrame.pledge_id)[AllocationResultFrame.matched_hours].sum()
    ledger = _keep(tables.ledger, f.pledge_id, here.pledges)
    matched = ledger[f.pledge_id].map(given).fillna(0.0)
    eligible = matched + ledger[f.unmatched_hours]
    pledged = ledger[f.ineligible_hours] + eligible
    shares = {f.pledged_hours: pledged, f.eligible_hours: eligible, f.matched_hours: matched}
    return ledger.assign(**shares), float(hours.loc[~is_here, AllocationResultFrame.matched_hours].sum())


def _share_facilities(
    facilities: gpd.GeoDataFrame, here: _Here, ledger: pd.DataFrame, allocation: pd.DataFrame
) -> gpd.GeoDataFrame:
    f, plan = FacilityResultFrame, AllocationResultFrame
    frame = _keep(facilities, f.facility_id, here.facilities)
    hours = (f.pledged_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours)
    sums = ledger.groupby(LedgerFrame.facility_id)[list(hours)].sum().reindex(frame[f.facility_id], fill_value=0.0)
    given = allocation.groupby(plan.facility_id)
    return frame.assign(
        **{name: sums[name].to_numpy() for name in hours},
        **{
            f.people: given[plan.places].sum().reindex(frame[f.facility_id], fill_value=0).to_numpy(),
            f.pcns_served: given[plan.pcn_code].nunique().reindex(frame[f.facility_id], fill_value=0).to_numpy(),
        },
    )


def _share_operators(
    operators: pd.DataFrame, ledger: pd.DataFrame, allocation: pd.DataFrame, ties: pd.DataFrame
) -> pd.DataFrame:
    """Their hours, people and links with the PCNs of the ICB alone."""
    f, plan, ids = OperatorResultFrame, AllocationResultFrame, operators[OperatorResultFrame.operator_id]
    hours = (f.pledged_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours)
    told = ties[ties[TieFrame.told]]
    book, given = ledger.groupby(LedgerFrame.operator_id), allocation.groupby(plan.operator_id)
    counts = {
        f.facilities: book[LedgerFrame.facility_id].nunique(),
        f.pledges: book.size(),
        f.people: given[plan.places].sum(),
        f.pcns_served: given[plan.pcn_code].nunique(),
        f.pcns_in_reach: ties[ties[TieFrame.in_reach]].groupby(TieFrame.operator_id).size(),
        **{
            f"{status}_links": told[told[TieFrame.link_status].eq(status)].groupby(TieFrame.operator_id).size()
            for status in LINK_STATUSES
        },
    }
    return operators.assign(
        **{name: book[name].sum().reindex(ids, fill_value=0.0).to_numpy() for name in hours},
        **{name: count.reindex(ids, fill_value=0).to_numpy().astype(np.int64) for name, count in counts.items()},
    )


def _share_links(tables: MapTables, here: _Here) -> pd.DataFrame:
    """Links with the ICB, its PCNs and their practices."""
    f, frame = LinkFrame, tables.practices
    practices = frame.loc[frame[PracticeResultFrame.pcn_code].isin(here.pcns), PracticeResultFrame.practice_code]
    links = _keep(tables.links, f.organisation_code, {*here.pcns, *practices, here.icb_code})
    # A facility that is not on the page is told by its operator alone.
    off_page = links[f.facility_id].notna() & ~links[f.facility_id].isin(here.facilities)
    owner = tables.facilities.set_index(FacilityResultFrame.facility_id)[FacilityResultFrame.operator_id]
    operator = links[f.operator_id].where(links[f.operator_id].notna(), links[f.facility_id].map(owner))
    return links.assign(**{f.operator_id: operator, f.facility_id: links[f.facility_id].mask(off_page)})


def _share_attention(attention: pd.DataFrame, here: _Here, operators: pd.DataFrame) -> pd.DataFrame:
    """Rows on PCNs of the ICB, and operators with hours for it, whose figures are then those of the page."""
    f = AttentionFrame
    pcns = _keep(attention, f.pcn_code, here.pcns)
    able = operators[operators[OperatorResultFrame.eligible_hours] > 0].set_index(OperatorResultFrame.operator_id)
    alone = attention[attention[f.pcn_code].isna() & attention[f.operator_id].isin(able.index)]
    figures = able.loc[alone[f.operator_id], [OperatorResultFrame.unmatched_hours, OperatorResultFrame.people]]
    alone = alone.assign(
        **{
            f.hours: figures[OperatorResultFrame.unmatched_hours].to_numpy(),
            f.people: figures[OperatorResultFrame.people].array,
        }
    )
    return pd.concat([pcns, alone]).reset_index(drop=True)


def _venues_inside(venues: pd.DataFrame, shape: shapely.Geometry) -> pd.DataFrame:
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, venues[VenueFrame.easting], venues[VenueFrame.northing])
    return venues[inside].reset_index(drop=True)
