"""Put a plan together into the tables that are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from .schema import (
    AccountingFrame,
    AllocationFrame,
    AllocationResultFrame,
    BankTables,
    CeilingFrame,
    FacilityFrame,
    FacilityResultFrame,
    HoursReasonFrame,
    LedgerFrame,
    LinkFrame,
    NeedFrame,
    OfferFrame,
    OperatorFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    PracticeFrame,
    ReachFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from .schema.words import INELIGIBLE_REASONS, LIST_SEPARATOR, UNMATCHED_REASONS

_PCN = PcnResultFrame.pcn_code
_OUTSIDE = "outside the area of this run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The stage tables that the published ones are made from."""

    operators: pd.DataFrame
    facilities: gpd.GeoDataFrame
    pledges: pd.DataFrame
    pathways: pd.DataFrame
    pcns: pd.DataFrame
    """Of `list_pcns`, those of this run."""
    footprints: gpd.GeoDataFrame
    need: pd.DataFrame
    ceilings: pd.DataFrame
    reach: pd.DataFrame
    offers: pd.DataFrame
    ledger: pd.DataFrame
    unmet: pd.DataFrame
    hours_reasons: pd.DataFrame
    priced: pd.DataFrame
    """`AllocationFrame` with `matched_hours`."""
    first_allocation: pd.DataFrame
    """`AllocationFrame` of the plan before the fairness levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRows:
    """The rows of the bank of hours, as they were read."""

    rows: pd.DataFrame
    """`AccountingFrame`, one line a row that is in a table."""
    left_out: pd.DataFrame
    """`AccountingFrame`, one line a row that was rejected or passed over."""
    places: Mapping[str, tuple[str, str]]
    """Table → the file and the sheet it was read from."""
    pledges: pd.DataFrame
    """`PledgeFrame`."""


def list_pcns(practices: pd.DataFrame, patients: pd.Series) -> pd.DataFrame:
    """
    One row a PCN: its name, its home ICB and region, every ICB it has practices in, and how many practices.

    Home is where most of its patients are registered; a PCN may lie in two ICBs.

    Parameters
    ----------
    practices
        `PracticeFrame`.
    patients
        By practice code.

    Returns
    -------
    pcns
        The first columns of `PcnResultFrame` and `sub_icb_code`, sorted by PCN.
    """
    rows = practices.dropna(subset=[PracticeFrame.pcn_code])
    rows = rows.assign(patients=rows[PracticeFrame.practice_code].map(patients).fillna(0))
    by_icb = rows.groupby([PracticeFrame.pcn_code, PracticeFrame.icb_code])["patients"].sum().reset_index()
    by_icb = by_icb.sort_values([_PCN, "patients", PracticeFrame.icb_code], ascending=[True, False, True])
    icb_codes = by_icb.groupby(_PCN)[PracticeFrame.icb_code].agg(LIST_SEPARATOR.join)
    largest = by_icb.drop_duplicates(_PCN)[[_PCN, PracticeFrame.icb_code]]
    home = rows.merge(largest, on=[_PCN, PracticeFrame.icb_code], validate="many_to_one")
    home = home.sort_values([_PCN, "patients", PracticeFrame.practice_code], ascending=[True, False, True])
    home = home.drop_duplicates(_PCN).set_index(_PCN)
    pcns = pd.DataFrame(
        {
            PcnResultFrame.pcn_name: home[PracticeFrame.pcn_name],
            PcnResultFrame.icb_code: home[PracticeFrame.icb_code],
            PcnResultFrame.icb_name: home[PracticeFrame.icb_name],
            PcnResultFrame.icb_codes: icb_codes,
            PcnResultFrame.region_code: home[PracticeFrame.region_code],
            PcnResultFrame.region_name: home[PracticeFrame.region_name],
            PcnResultFrame.practices: rows.groupby(_PCN).size(),
            PracticeFrame.sub_icb_code: home[PracticeFrame.sub_icb_code],
        }
    )
    return pcns.rename_axis(_PCN).reset_index()


def build_allocation(parts: Parts) -> pd.DataFrame:
    """`AllocationResultFrame`, sorted by pledge, pathway and PCN."""
    facility = parts.facilities.set_index(FacilityFrame.facility_id)[FacilityFrame.facility_name]
    operator = parts.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_name]
    pathway = parts.pathways.set_index(PathwayFrame.pathway_id)
    keys = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]
    rows = parts.priced.merge(
        parts.pledges[[PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id]],
        on=PledgeFrame.pledge_id,
        validate="many_to_one",
    ).merge(
        parts.reach[[ReachFrame.pledge_id, ReachFrame.pcn_code, ReachFrame.minutes_min]],
        on=[ReachFrame.pledge_id, ReachFrame.pcn_code],
        validate="many_to_one",
    )
    rows = rows.merge(parts.pcns[[_PCN, PcnResultFrame.pcn_name]], on=_PCN, validate="many_to_one")
    places, kind = rows[AllocationFrame.places], rows[AllocationFrame.pathway_id]
    rows = rows.assign(
        operator_name=rows[PledgeFrame.operator_id].map(operator),
        facility_name=rows[PledgeFrame.facility_id].map(facility).astype("str"),
        referrals=places / kind.map(pathway[PathwayFrame.uptake_share]),
        completions=places * kind.map(pathway[PathwayFrame.completion_share]),
    )
    return rows[list(AllocationResultFrame.to_schema().columns)].sort_values(keys, ignore_index=True)


def build_pcns(
    parts: Parts, allocation: pd.DataFrame, reachable: pd.DataFrame, hours_in_reach: pd.DataFrame
) -> gpd.GeoDataFrame:
    """`PcnResultFrame`, sorted by PCN, given `AllocationResultFrame`, `ReachableFrame` and hours in reach by PCN."""
    need = parts.need.set_index(NeedFrame.pcn_code)
    ceilings = parts.ceilings.set_index(CeilingFrame.pcn_code)
    unmet = parts.unmet.groupby(_PCN)
    given = allocation.groupby(_PCN)
    reaching = reachable.groupby(_PCN).size()
    frame = parts.pcns.set_index(_PCN).drop(columns=PracticeFrame.sub_icb_code)
    whole = [NeedFrame.patients, NeedFrame.need_index, NeedFrame.imd_score, NeedFrame.inactive_share]
    whole += [NeedFrame.long_term_ratio, NeedFrame.aged_65_share, NeedFrame.core20_share, NeedFrame.deprivation_fifth]
    frame = frame.join(need[whole]).join(ceilings)
    for column in (UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places):
        frame[column] = unmet[column].sum().reindex(frame.index).fillna(0).astype("int64")
    demand = frame[PcnResultFrame.demand_places]
    frame[PcnResultFrame.coverage_share] = (frame[PcnResultFrame.matched_places] / demand).where(demand > 0)
    first = parts.first_allocation.groupby(_PCN)[AllocationFrame.places].sum().reindex(frame.index).fillna(0)
    frame[PcnResultFrame.first_coverage_share] = (first / demand).where(demand > 0)
    frame = frame.join(hours_in_reach)
    for column in (AllocationResultFrame.matched_hours, AllocationResultFrame.completions):
        frame[column] = given[column].sum().reindex(frame.index).fillna(0.0)
    frame[PcnResultFrame.facilities_in_reach] = reaching.reindex(frame.index).fillna(0).astype("int64")
    frame[PcnResultFrame.main_unmet_reason] = _main_reason(parts.unmet).reindex(frame.index)
    areas = parts.footprints.set_index(_PCN).geometry.reindex(frame.index)
    frame = gpd.GeoDataFrame(frame, geometry=areas, crs=parts.footprints.crs).reset_index()
    return frame[list(PcnResultFrame.to_schema().columns)].sort_values(_PCN, ignore_index=True)


def _main_reason(unmet: pd.DataFrame) -> pd.Series:
    """By PCN the reason with the most unmet places, the first by name among equals."""
    sums = unmet.groupby([_PCN, UnmetFrame.reason])[UnmetFrame.unmet_places].sum().reset_index()
    order = [_PCN, UnmetFrame.unmet_places, UnmetFrame.reason]
    first = sums.sort_values(order, ascending=[True, False, True]).drop_duplicates(_PCN)
    return first.set_index(_PCN)[UnmetFrame.reason]


def build_facilities(parts: Parts, allocation: pd.DataFrame) -> gpd.GeoDataFrame:
    """`FacilityResultFrame`: facilities that hold a pledge of this run, sorted."""
    ledger = parts.ledger.dropna(subset=[LedgerFrame.facility_id])
    f = FacilityResultFrame
    hours = [f.pledged_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours]
    groups = ledger.groupby(LedgerFrame.facility_id)
    places = parts.pledges[[PledgeFrame.pledge_id, PledgeFrame.facility_id]]
    offered = parts.offers.merge(places, on=PledgeFrame.pledge_id, validate="many_to_one")
    pathways = offered.groupby(PledgeFrame.facility_id)[OfferFrame.pathway_id].agg(
        lambda ids: LIST_SEPARATOR.join(sorted(set(ids)))
    )
    served = allocation.dropna(subset=[AllocationResultFrame.facility_id]).groupby(AllocationResultFrame.facility_id)
    facilities = parts.facilities.merge(parts.operators, on=OperatorFrame.operator_id, validate="many_to_one")
    facilities = facilities.set_index(FacilityFrame.facility_id).loc[lambda s: s.index.isin(list(groups.groups))]
    facilities = facilities.join(groups[hours].sum())
    facilities[f.pledges] = groups.size().reindex(facilities.index).astype("int64")
    facilities[f.pathways] = pathways.reindex(facilities.index).fillna("").astype("str")
    people = served[AllocationResultFrame.places].sum()
    facilities[f.people] = people.reindex(facilities.index).fillna(0).astype("int64")
    facilities[f.pcns_served] = (
        served[AllocationResultFrame.pcn_code].nunique().reindex(facilities.index).fillna(0).astype("int64")
    )
    facilities = gpd.GeoDataFrame(facilities.reset_index(), geometry="geometry", crs=parts.facilities.crs)
    return facilities[list(f.to_schema().columns)].sort_values(f.facility_id, ignore_index=True)


def build_unmatched_hours(parts: Parts) -> pd.DataFrame:
    """`UnmatchedHoursFrame`, sorted: ineligible and unmatched hours with their reasons and owners."""
    owners = parts.pledges[[PledgeFrame.pledge_id, PledgeFrame.operator_id, PledgeFrame.facility_id]]
    rows = parts.hours_reasons.merge(owners, on=PledgeFrame.pledge_id, validate="many_to_one")
    keys = [UnmatchedHoursFrame.pledge_id, UnmatchedHoursFrame.stage, UnmatchedHoursFrame.reason]
    return rows[list(UnmatchedHoursFrame.to_schema().columns)].sort_values(keys, ignore_index=True)


def keep_links(links: pd.DataFrame, parts: Parts) -> pd.DataFrame:
    """`LinkFrame`: the links of operators and facilities that take part in the run, in their order."""
    operators, facilities = _taking_part(parts)
    mine = links[LinkFrame.operator_id].isin(operators) | links[LinkFrame.facility_id].isin(facilities)
    return links[mine].reset_index(drop=True)


def keep_bank(links: pd.DataFrame, parts: Parts) -> BankTables:
    """The four tables of the bank, without what takes no part in the run; `links` as `keep_links` gives them."""
    operators, _ = _taking_part(parts)
    mine = parts.operators[OperatorFrame.operator_id].isin(operators)
    return BankTables(
        operators=parts.operators[mine].reset_index(drop=True),
        facilities=parts.facilities.reset_index(drop=True),
        pledges=parts.pledges.reset_index(drop=True),
        links=links,
    )


def pledge_rows(bank: BankRows) -> pd.DataFrame:
    """`AccountingFrame`: the rows of the table of pledges that could be used."""
    return bank.rows[_read_from(bank.rows, bank.places["pledges"])]


def account_bank(bank: BankRows, parts: Parts) -> pd.DataFrame:
    """
    What became of each good row of the bank, once there is a plan.

    Parameters
    ----------
    bank
        The rows, and every pledge of the bank, those outside the area of the run too.
    parts
        The plan.

    Returns
    -------
    rows
        `AccountingFrame`: each pledge `matched`, `part-matched`, `unmatched` or `not_used` with its main reason; each
        operator, facility and link `used` or `not_used`.
    """
    operators, facilities = _taking_part(parts)
    taking_part = {"operators": operators, "facilities": facilities, "links": operators | facilities}
    ever = bank.pledges[PledgeFrame.operator_id], bank.pledges[PledgeFrame.facility_id]
    pledging = set(pd.concat(ever).dropna())
    tables = []
    for name, place in bank.places.items():
        rows = bank.rows[_read_from(bank.rows, place)]
        ids = rows[AccountingFrame.row_id]
        if name == "pledges":
            tables.append(_account_pledges(rows, parts))
            continue
        used = ids.isin(taking_part[name])
        why = ids.isin(pledging).map({True: _OUTSIDE, False: "no pledge names it"}).astype("str")
        status = used.map({True: "used", False: "not_used"}).astype("str")
        tables.append(rows.assign(status=status, reason=why.mask(used, "")))
    return pd.concat(tables, ignore_index=True)


def count_pledges(bank: BankRows) -> tuple[int, int]:
    """Rows of pledges that were read, and how many of them were rejected."""
    rejected = bank.left_out[AccountingFrame.status].eq("rejected")
    lost = int((_read_from(bank.left_out, bank.places["pledges"]) & rejected).sum())
    return len(pledge_rows(bank)) + lost, lost


def _read_from(rows: pd.DataFrame, place: tuple[str, str]) -> pd.Series:
    return rows[AccountingFrame.source].eq(place[0]) & rows[AccountingFrame.sheet].eq(place[1])


def _taking_part(parts: Parts) -> tuple[set[str], set[str]]:
    """Operators and facilities behind the pledges of the run."""
    return set(parts.pledges[PledgeFrame.operator_id]), set(parts.facilities[FacilityFrame.facility_id])


def _account_pledges(rows: pd.DataFrame, parts: Parts) -> pd.DataFrame:
    ids = rows[AccountingFrame.row_id]
    ledger = parts.ledger.set_index(LedgerFrame.pledge_id)
    # Without rows `map` would leave text.
    matched = ids.map(ledger[LedgerFrame.matched_hours]).astype("float64")
    pledged = ids.map(ledger[LedgerFrame.pledged_hours]).astype("float64")
    outcomes = {
        "not_used": matched.isna(),
        "matched": (matched > 0) & (matched >= pledged * (1 - 1e-9)),
        "part-matched": matched > 0,
    }
    status = np.select(list(outcomes.values()), list(outcomes), default="unmatched")
    reason = ids.map(_main_hours_reason(parts)).astype("str").mask(pledged.eq(0), "no hours are pledged")
    reason = reason.where(matched.notna(), _OUTSIDE).fillna("").astype("str")
    return rows.assign(status=pd.Series(status, index=rows.index, dtype="str"), reason=reason)


def _main_hours_reason(parts: Parts) -> pd.Series:
    """By pledge, in words, why most of its hours that served nobody did so."""
    order = [HoursReasonFrame.pledge_id, HoursReasonFrame.hours, HoursReasonFrame.reason]
    main = parts.hours_reasons.sort_values(order, ascending=[True, False, True])
    main = main.drop_duplicates(HoursReasonFrame.pledge_id).set_index(HoursReasonFrame.pledge_id)
    return main[HoursReasonFrame.reason].map({**INELIGIBLE_REASONS, **UNMATCHED_REASONS})
