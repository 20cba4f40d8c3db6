"""The places on the page: regions, ICBs, sub-ICBs, PCNs with the parts of their need, and practices."""

from __future__ import annotations

import pandas as pd

from ..schema import MapTables, NeedFrame, PcnResultFrame, PracticeResultFrame
from ..schema.words import LIST_SEPARATOR
from .blocks import Rows, column, positions
from .layers import latitudes_longitudes


def known_regions(tables: MapTables) -> pd.DataFrame:
    """One row a region of the run, sorted by code: `PcnResultFrame.region_code`, `region_name`."""
    columns = [PcnResultFrame.region_code, PcnResultFrame.region_name]
    return tables.pcns[columns].drop_duplicates(columns[0]).sort_values(columns[0], ignore_index=True)


def known_icbs(tables: MapTables) -> pd.DataFrame:
    """One row an ICB of the run, sorted by code: `PcnResultFrame.icb_code`, `icb_name`, `region_code`."""
    columns = [PcnResultFrame.icb_code, PcnResultFrame.icb_name, PcnResultFrame.region_code]
    return tables.pcns[columns].drop_duplicates(columns[0]).sort_values(columns[0], ignore_index=True)


def pcn_sub_icbs(tables: MapTables) -> pd.DataFrame:
    """
    The sub-ICB of each PCN: of those of its own ICB, the one where most of its patients are registered.

    Returns
    -------
    sub_icbs
        `sub_icb_code`, `sub_icb_name`, `icb_code` by `pcn_code`; a PCN none of whose practices is known has no row.
    """
    frame, own = PracticeResultFrame, PcnResultFrame
    icb_of = tables.pcns.set_index(own.pcn_code)[own.icb_code]
    practices = tables.practices
    ours = practices[practices[frame.icb_code].to_numpy() == practices[frame.pcn_code].map(icb_of).to_numpy()]
    keys = [frame.pcn_code, frame.sub_icb_code, frame.sub_icb_name, frame.icb_code]
    sums = ours.groupby(keys, as_index=False, sort=True)[frame.patients].sum()
    sums = sums.sort_values([frame.pcn_code, frame.patients], ascending=[True, False], kind="stable")
    return sums.drop_duplicates(frame.pcn_code).set_index(frame.pcn_code)[keys[1:]]


def region_data(regions: pd.DataFrame) -> dict[str, list]:
    return {
        "code": column(regions[PcnResultFrame.region_code]),
        "name": column(regions[PcnResultFrame.region_name]),
    }


def icb_data(icbs: pd.DataFrame, rows: Rows) -> dict[str, list]:
    return {
        "code": column(icbs[PcnResultFrame.icb_code]),
        "name": column(icbs[PcnResultFrame.icb_name]),
        "region": rows.regions.get_indexer(icbs[PcnResultFrame.region_code]).tolist(),
    }


def sub_icb_data(sub_icbs: pd.DataFrame, rows: Rows) -> dict[str, list]:
    frame = PracticeResultFrame
    known = sub_icbs.drop_duplicates(frame.sub_icb_code).set_index(frame.sub_icb_code).reindex(rows.sub_icbs)
    return {
        "code": column(known.index),
        "name": column(known[frame.sub_icb_name]),
        "icb": rows.icbs.get_indexer(known[frame.icb_code]).tolist(),
    }


def practice_data(practices: pd.DataFrame, rows: Rows) -> dict[str, list]:
    frame = PracticeResultFrame
    return {
        "code": column(practices[frame.practice_code]),
        "name": column(practices[frame.practice_name]),
        "postcode": column(practices[frame.postcode]),
        "pcn": positions(practices[frame.pcn_code], rows.pcns, what="PCNs").tolist(),
        "patients": column(practices[frame.patients]),
    }


def pcn_data(tables: MapTables, rows: Rows, sub_icbs: pd.DataFrame) -> dict[str, list]:
    """PCNs with their need parts; the share of the map that is a point is only for the ends of flow lines."""
    frame, pcns = PcnResultFrame, tables.pcns
    need = tables.need.set_index(NeedFrame.pcn_code).reindex(pcns[frame.pcn_code])
    places = latitudes_longitudes(pcns[frame.geometry])
    exact = (frame.practices, frame.patients, frame.demand_places, frame.matched_places, frame.unmet_places)
    rounded = {
        frame.need_index: 3,
        frame.imd_score: 1,
        frame.inactive_share: 3,
        frame.long_term_ratio: 3,
        frame.aged_65_share: 3,
        frame.core20_share: 3,
        frame.deprivation_fifth: 0,
        frame.link_worker_fte: 2,
        frame.ceiling_referrals: 0,
        frame.coverage_share: 5,
        frame.first_coverage_share: 5,
        frame.hours_in_reach: 1,
        frame.hours_left_in_reach: 1,
        frame.matched_hours: 1,
        frame.completions: 1,
    }
    parts = (
        NeedFrame.imd_percentile,
        NeedFrame.inactive_percentile,
        NeedFrame.long_term_percentile,
        NeedFrame.aged_65_percentile,
        NeedFrame.own_percentile,
    )
    sub_icb = sub_icbs[PracticeResultFrame.sub_icb_code].reindex(pcns[frame.pcn_code])
    return {
        "code": column(pcns[frame.pcn_code]),
        "name": column(pcns[frame.pcn_name]),
        "icb": rows.icbs.get_indexer(pcns[frame.icb_code]).tolist(),
        "icbs": [codes.split(LIST_SEPARATOR) for codes in pcns[frame.icb_codes]],
        "sub_icb": rows.sub_icbs.get_indexer(sub_icb).tolist(),
        "lat": column(places[:, 0], 5),
        "lon": column(places[:, 1], 5),
        **{name: column(pcns[name]) for name in exact},
        **{name: column(pcns[name], digits) for name, digits in rounded.items()},
        **{name: column(need[name], 3) for name in parts},
        "core20_basis": column(need[NeedFrame.core20_basis]),
        "fte_basis": column(pcns[frame.fte_basis]),
        "facilities_in_reach": column(pcns[frame.facilities_in_reach]),
        "main_unmet_reason": column(pcns[frame.main_unmet_reason]),
    }
