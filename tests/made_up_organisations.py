"""Invented organisations behind invented results: practices, pledges, reach and links that fit the facilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geomap import organisations
from geomap.schema import (
    AccountingFrame,
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    OfferFrame,
    PairFrame,
    PcnResultFrame,
    PlaceFrame,
    PledgeFrame,
    PracticeResultFrame,
    ReachFrame,
    VenueFrame,
)
from geomap.schema.words import CRS, LINK_STATUSES

Namer = Callable[[int, str], str]
"""A row and its plain name → that name, or a hostile one."""

NEAREST = 6
"""PCNs that each facility reaches."""
SECOND_ICB = ("QZZ", "NHS Next Shire Integrated Care Board")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """Invented results, and what their names are taken from."""

    facilities: gpd.GeoDataFrame
    """`FacilityResultFrame`."""
    ledger: pd.DataFrame
    """`LedgerFrame`."""
    allocation: pd.DataFrame
    """`AllocationResultFrame`."""
    pcns: gpd.GeoDataFrame
    """`PcnResultFrame`."""
    centres: np.ndarray
    """Easting and northing of each PCN, metres, shape (n, 2)."""
    name: Namer


def made_up_practices(pcns: pd.DataFrame, name: Namer) -> pd.DataFrame:
    """As many practices as each PCN says, patients adding up to its own; the last stands in its second ICB if any.

    Most patients are in the PCN's own ICB, or its home would be the other.
    """
    f, p = PracticeResultFrame, PcnResultFrame
    rows = []
    for k, pcn in enumerate(pcns.itertuples(index=False)):
        even, rest = divmod(pcn.patients, pcn.practices)
        icbs = pcn.icb_codes.split(";")
        for n in range(pcn.practices):
            last = n == pcn.practices - 1
            away = last and len(icbs) > 1
            code, label = SECOND_ICB if away else (pcn.icb_code, pcn.icb_name)
            row = len(rows)
            rows.append(
                {
                    f.practice_code: f"A{row:05d}",
                    f.practice_name: name(row, f"High Street Surgery {row}"),
                    f.postcode: f"NB{k % 40 + 1} {n + 1}AA",
                    f.pcn_code: pcn.pcn_code,
                    f.sub_icb_code: f"{code[1:]}{n % 2}",
                    f.sub_icb_name: name(k, f"{label} - {code[1:]}{n % 2}"),
                    f.icb_code: code,
                    f.icb_name: label,
                    f.region_code: getattr(pcn, p.region_code),
                    f.region_name: getattr(pcn, p.region_name),
                    f.patients: even + (0 if n else rest),
                }
            )
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(set(frame.columns) - {f.patients}, "str"))


def made_up_reach(invented: Invented) -> pd.DataFrame:
    """`ReachFrame`: pledges of a facility reach the PCNs nearest to it; those without one the ICBs they serve."""
    f, ledger, p, a = ReachFrame, invented.ledger, PcnResultFrame, AllocationResultFrame
    codes = invented.pcns[p.pcn_code].to_numpy()
    icb_of = dict(zip(codes, invented.pcns[p.icb_code], strict=True))
    served = invented.allocation.groupby(a.pledge_id)[a.pcn_code].agg(set).to_dict()
    spots = dict(zip(invented.facilities[FacilityResultFrame.facility_id], invented.facilities.geometry, strict=True))
    rows = []
    for pledge, site in zip(ledger[LedgerFrame.pledge_id], ledger[LedgerFrame.facility_id], strict=True):
        if pd.isna(site):
            icbs = {icb_of[code] for code in served[pledge]}
            rows += [(pledge, code, 1.0, 0.0, "digital", None) for code in codes if icb_of[code] in icbs]
            continue
        metres = np.hypot(*(invented.centres - (spots[site].x, spots[site].y)).T)
        for rank, k in enumerate(np.argsort(metres, kind="stable")[:NEAREST]):
            rows.append((pledge, codes[k], round(1 / (1 + rank / 2), 3), round(metres[k] / 600, 1), "distance", site))
    frame = pd.DataFrame(rows, columns=list(f.to_schema().columns))
    return frame.astype(dict.fromkeys((f.pledge_id, f.pcn_code, f.basis, f.catchment), "str"))


def made_up_pledges(ledger: pd.DataFrame, name: Namer) -> pd.DataFrame:
    """`PledgeFrame`; every other pledge names no role and no dates."""
    f, n = PledgeFrame, len(ledger)
    told = np.arange(n) % 2 == 0
    days = pd.Series(pd.to_datetime("2026-04-01").as_unit("us"), index=ledger.index).where(told)
    led = ledger[LedgerFrame.hour_unit].eq("class")
    frame = pd.DataFrame(
        {
            f.pledge_id: ledger[LedgerFrame.pledge_id],
            f.operator_id: ledger[LedgerFrame.operator_id],
            f.facility_id: ledger[LedgerFrame.facility_id],
            f.pathways: "dance;referral;walking",
            f.hours: ledger[LedgerFrame.hours],
            f.hour_unit: ledger[LedgerFrame.hour_unit],
            f.group_size: pd.Series(10.0, index=ledger.index).where(led),
            f.fill_share: pd.Series(0.8, index=ledger.index).where(led),
            f.min_group: pd.Series(1.0, index=ledger.index).where(led),
            f.start_date: days,
            f.end_date: days + pd.Timedelta(days=364),
            f.delivery: ledger[LedgerFrame.facility_id].isna().map({True: "digital", False: "on_site"}),
            f.times: None,
            f.roles: pd.Series([name(k // 2, "instructor;walk_leader") for k in range(n)]).where(told),
            f.age_min: np.nan,
            f.age_max: np.nan,
            f.max_km: np.nan,
            f.icb_codes: None,
            f.updated: days + pd.Timedelta(days=80),
        }
    )
    text = (f.facility_id, f.pathways, f.delivery, f.times, f.roles, f.icb_codes)
    return frame.astype(dict.fromkeys(text, "str"))


def made_up_links(facilities: pd.DataFrame, practices: pd.DataFrame, reach: pd.DataFrame, name: Namer) -> pd.DataFrame:
    """Links of each status, of operators and facilities, with PCNs near and far, practices, and an ICB."""
    f, codes = LinkFrame, practices[PracticeResultFrame.pcn_code].unique()
    of_pcn = practices.groupby(PracticeResultFrame.pcn_code)[PracticeResultFrame.practice_code].first()
    near = reach.dropna(subset=[ReachFrame.catchment]).groupby(ReachFrame.catchment)[ReachFrame.pcn_code].first()
    # Some operators tell of none, and one of an ICB alone.
    operators = facilities[FacilityResultFrame.operator_id].drop_duplicates()
    quiet = {*operators.iloc[1::4], *operators.iloc[3:4]}
    rows = {}
    for k, site in enumerate(facilities.itertuples(index=False)):
        if k % 2 or site.operator_id in quiet:
            continue
        pcn = codes[(7 * k) % len(codes)] if k % 10 == 4 else near[site.facility_id]
        organisation = of_pcn[pcn] if k % 6 == 2 else pcn
        own = k % 4 == 0
        key = (site.operator_id if own else None, None if own else site.facility_id, organisation)
        rows[key] = {
            f.link_status: LINK_STATUSES[k // 2 % len(LINK_STATUSES)],
            f.since: "2024" if k % 8 == 0 else None,
            f.note: name(k // 2, f"Meets every {k} weeks") if k % 4 == 0 else None,
        }
    if len(operators) > 3:
        icb = practices[PracticeResultFrame.icb_code].iat[0]
        rows[(operators.iat[3], None, icb)] = {f.link_status: "formal", f.since: None, f.note: None}
    keys = [f.operator_id, f.facility_id, f.organisation_code]
    told = [dict(zip(keys, key, strict=True)) | cells for key, cells in rows.items()]
    columns = list(f.to_schema().columns)
    return pd.DataFrame(told, columns=columns).astype("str").sort_values(columns, ignore_index=True)


def made_up_backing(invented: Invented) -> dict[str, pd.DataFrame]:
    """The tables of `MapTables` on organisations, by name, and its links, as the stage makes them of invented ones."""
    s, facilities, ledger = FacilityResultFrame, invented.facilities, invented.ledger
    practices = made_up_practices(invented.pcns, invented.name)
    reach = made_up_reach(invented)
    pledges = made_up_pledges(ledger, invented.name)
    offers = pd.MultiIndex.from_product([ledger[LedgerFrame.pledge_id], ("referral", "walking")]).to_frame(index=False)
    backed = organisations.Backed(
        operators=facilities[[s.operator_id, s.operator_name, s.operator_kind]].drop_duplicates(ignore_index=True),
        facilities=facilities,
        pledges=pledges,
        offers=offers.astype("str").set_axis([OfferFrame.pledge_id, OfferFrame.pathway_id], axis=1),
        reach=reach,
        links=made_up_links(facilities, practices, reach, invented.name),
        practices=practices,
        ledger=ledger,
        allocation=invented.allocation,
    )
    read = pd.DataFrame(
        {
            AccountingFrame.row_id: ledger[LedgerFrame.pledge_id],
            AccountingFrame.source: invented.name(2, "bank of hours.xlsx"),
            AccountingFrame.sheet: invented.name(3, "pledges"),
            AccountingFrame.row: np.arange(len(ledger)) + 2,
        }
    )
    no_pairs = pd.DataFrame(columns=list(PairFrame.to_schema().columns))
    reachable = organisations.build_reachable(backed, no_pairs)
    ties = organisations.build_ties(backed, reachable)
    operators = organisations.build_operators(backed, ties)
    codes = invented.pcns[PcnResultFrame.pcn_code]
    return {
        "operators": operators,
        "pledges": organisations.build_pledges(backed, read),
        "practices": practices,
        "reachable": reachable,
        "ties": ties,
        "attention": organisations.build_attention(backed, operators, ties, codes),
        "links": backed.links,
    }


def made_up_places(pcns: gpd.GeoDataFrame, name: Namer) -> gpd.GeoDataFrame:
    """A town at every third PCN, an authority at every ninth, and a postcode district at each; patients add up."""
    f, p = PlaceFrame, PcnResultFrame
    points, patients = pcns.geometry.centroid, pcns[p.patients].to_numpy()
    parts = []
    for kind, plain, every in (
        ("authority", "Shire of Middle {}", 9), ("postcode_district", "NB{}", 1), ("town", "Market Norton {}", 3)
    ):  # fmt: skip
        starts = np.arange(0, len(pcns), every)
        parts.append(
            pd.DataFrame(
                {
                    f.place_kind: kind,
                    f.place_name: [name(k, plain.format(k + 1)) for k in range(len(starts))],
                    f.patients: np.add.reduceat(patients, starts),
                    f.geometry: points.iloc[starts].to_numpy(),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True).astype({f.place_kind: "str", f.place_name: "str"})
    return gpd.GeoDataFrame(frame, geometry=f.geometry, crs=CRS)


def made_up_other_facilities(random: np.random.Generator, bounds: np.ndarray, n: int, name: Namer) -> pd.DataFrame:
    """`VenueFrame`: as many sites without a pledge, anywhere in the bounds; some tell no operator."""
    f = VenueFrame
    west, south, east, north = bounds
    frame = pd.DataFrame(
        {
            f.site_id: [f"{1_000_000 + k}" for k in range(n)],
            f.site_name: [None if k % 6 == 5 else name(k, f"Middle Shire Sports Hall {k}") for k in range(n)],
            f.venue_types: [("gym", "gym;pool", "hall", "outdoor")[k % 4] for k in range(n)],
            f.operator_name: [None if k % 5 == 4 else name(k, f"School {k}") for k in range(n)],
            f.postcode: [None if k % 7 == 6 else f"NB{k % 40 + 1} {k % 9 + 1}AA" for k in range(n)],
            f.easting: np.round(random.uniform(west, east, n)),
            f.northing: np.round(random.uniform(south, north, n)),
        }
    )
    text = (f.site_id, f.site_name, f.venue_types, f.operator_name, f.postcode)
    return frame.astype(dict.fromkeys(text, "str"))
