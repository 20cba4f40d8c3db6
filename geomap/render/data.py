"""The page's one JSON block: every figure and every word of it, as columns of equal length.

A row number points into a list of the same block: `pcn` into `pcns`, `site` into `sites` (-1: no one place), and so
on. The same row numbers stand in the geometry that folium draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..errors import Fault, KeyLinkError
from ..phrases import FTE_BASES, KINDS, LINKS, STAGES, UNITS, VENUES
from ..schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    NeedFrame,
    PathwayFrame,
    PcnResultFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from ..schema.words import INELIGIBLE_REASONS, LIST_SEPARATOR, UNMATCHED_REASONS, UNMET_REASONS
from .facts import facts_data
from .labels import CORE20_BASES, MARKS
from .layers import latitudes_longitudes
from .themes import flow_width_classes, themes


def column(values: Iterable[object], digits: int | None = None) -> list[object]:
    """A plain list: numbers rounded to `digits`, whole ones without a point, missing ones None."""
    plain: list[object] = []
    for value in pd.Series(values).tolist():
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            plain.append(None)
        elif isinstance(value, float) and digits is not None:
            rounded = round(value, digits)
            plain.append(int(rounded) if rounded == int(rounded) else rounded)
        else:
            plain.append(value)
    return plain


def positions(keys: pd.Series, index: pd.Index, *, what: str) -> np.ndarray:
    """
    The row of each key in `index`; -1 where the key itself is missing.

    Raises
    ------
    KeyLinkError
        A key is not in the index.
    """
    found = index.get_indexer(keys)
    lost = sorted(set(keys[(found < 0) & keys.notna().to_numpy()]))
    if lost:
        raise KeyLinkError(
            faults=[
                Fault(
                    source="results",
                    column=str(keys.name),
                    value=lost[0],
                    problem=f"{len(lost)} {what} of the plan are not among the {what} of the run",
                    remedy="Make the results again with `geomap run`; they do not belong together.",
                )
            ]
        )
    return np.where(keys.isna(), -1, found)


def _operators(tables: ResultTables) -> pd.DataFrame:
    """Operators named anywhere, in key order; kind is missing for those without a facility."""
    columns = [FacilityResultFrame.operator_id, FacilityResultFrame.operator_name, FacilityResultFrame.operator_kind]
    known = tables.facilities[columns].drop_duplicates(FacilityResultFrame.operator_id)
    matched = tables.allocation[[AllocationResultFrame.operator_id, AllocationResultFrame.operator_name]]
    pledged = tables.ledger[[LedgerFrame.operator_id]].assign(**{FacilityResultFrame.operator_name: pd.NA})
    every = pd.concat([known, matched, pledged], ignore_index=True).drop_duplicates(FacilityResultFrame.operator_id)
    return every.set_index(FacilityResultFrame.operator_id).sort_index()


def _operator_data(operators: pd.DataFrame) -> dict[str, list]:
    kinds = list(MARKS)
    names = operators[FacilityResultFrame.operator_name]
    kind_of = operators[FacilityResultFrame.operator_kind]
    kind_rows = [kinds.index(kind) if isinstance(kind, str) else -1 for kind in kind_of]
    return {
        "id": column(operators.index),
        "name": column(names.where(names.notna(), operators.index.to_series())),
        "kind": kind_rows,
    }


def _pcn_data(tables: ResultTables, icbs: pd.DataFrame) -> dict[str, list]:
    """PCNs with their need parts; the share of the map that is a point is only for the ends of flow lines."""
    frame, pcns = PcnResultFrame, tables.pcns
    need = tables.need.set_index(NeedFrame.pcn_code).reindex(pcns[frame.pcn_code])
    places = latitudes_longitudes(pcns[frame.geometry])
    icb_rows = pd.Index(icbs[frame.icb_code])
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
        frame.coverage_share: 3,
        frame.matched_hours: 1,
        frame.completions: 1,
    }
    parts = (
        NeedFrame.imd_percentile,
        NeedFrame.inactive_percentile,
        NeedFrame.long_term_percentile,
        NeedFrame.aged_65_percentile,
    )
    return {
        "code": column(pcns[frame.pcn_code]),
        "name": column(pcns[frame.pcn_name]),
        "icb": icb_rows.get_indexer(pcns[frame.icb_code]).tolist(),
        "icbs": [codes.split(LIST_SEPARATOR) for codes in pcns[frame.icb_codes]],
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


def _site_data(sites: pd.DataFrame, operators: pd.Index, pathways: pd.Index) -> dict[str, list]:
    frame = FacilityResultFrame
    hours = (frame.pledged_hours, frame.eligible_hours, frame.matched_hours, frame.unmatched_hours)
    offered = [[p for p in text.split(LIST_SEPARATOR) if p] for text in sites[frame.pathways]]
    return {
        "id": column(sites[frame.facility_id]),
        "name": column(sites[frame.facility_name]),
        "operator": positions(sites[frame.operator_id], operators, what="operators").tolist(),
        "venue": column(sites[frame.venue_type]),
        "pathways": [
            positions(pd.Series(row, name=frame.pathways, dtype="str"), pathways, what="pathways").tolist()
            for row in offered
        ],
        **{name: column(sites[name], 1) for name in hours},
        "people": column(sites[frame.people]),
        "pcns_served": column(sites[frame.pcns_served]),
    }


def _flows(tables: ResultTables, rows: dict[str, pd.Index]) -> pd.DataFrame:
    """The plan added up to one row a (PCN, facility, operator, pathway), as row numbers."""
    frame, plan = AllocationResultFrame, tables.allocation
    flows = pd.DataFrame(
        {
            "pcn": positions(plan[frame.pcn_code], rows["pcns"], what="PCNs"),
            "site": positions(plan[frame.facility_id], rows["sites"], what="facilities"),
            "operator": positions(plan[frame.operator_id], rows["operators"], what="operators"),
            "pathway": positions(plan[frame.pathway_id], rows["pathways"], what="pathways"),
            "places": plan[frame.places].to_numpy(),
            "hours": plan[frame.matched_hours].to_numpy(),
            "minutes": (plan[frame.minutes_min] * plan[frame.places]).to_numpy(),
        }
    )
    flows = flows.groupby(["pcn", "site", "operator", "pathway"], as_index=False, sort=True).sum()
    flows["minutes"] = flows["minutes"] / flows["places"]
    return flows


def _unmet_data(unmet: pd.DataFrame, rows: dict[str, pd.Index]) -> dict[str, list]:
    frame = UnmetFrame
    unmet = unmet[unmet[frame.demand_places] > 0]
    return {
        "pcn": positions(unmet[frame.pcn_code], rows["pcns"], what="PCNs").tolist(),
        "pathway": positions(unmet[frame.pathway_id], rows["pathways"], what="pathways").tolist(),
        "demand": column(unmet[frame.demand_places]),
        "matched": column(unmet[frame.matched_places]),
        "unmet": column(unmet[frame.unmet_places]),
        "reason": column(unmet[frame.reason]),
    }


def _pledge_data(ledger: pd.DataFrame, rows: dict[str, pd.Index]) -> dict[str, list]:
    frame = LedgerFrame
    hours = (frame.hours, frame.pledged_hours, frame.ineligible_hours, frame.matched_hours, frame.unmatched_hours)
    return {
        "id": column(ledger[frame.pledge_id]),
        "site": positions(ledger[frame.facility_id], rows["sites"], what="facilities").tolist(),
        "operator": positions(ledger[frame.operator_id], rows["operators"], what="operators").tolist(),
        "unit": column(ledger[frame.hour_unit]),
        **{name: column(ledger[name], 1) for name in hours},
    }


def _unused_data(unmatched: pd.DataFrame, rows: dict[str, pd.Index]) -> dict[str, list]:
    """Hours that served nobody, added up to one row a (facility, stage, reason)."""
    frame = UnmatchedHoursFrame
    keyed = pd.DataFrame(
        {
            "site": positions(unmatched[frame.facility_id], rows["sites"], what="facilities"),
            "stage": unmatched[frame.stage].to_numpy(),
            "reason": unmatched[frame.reason].to_numpy(),
            "hours": unmatched[frame.hours].to_numpy(),
        }
    )
    summed = keyed.groupby(["site", "stage", "reason"], as_index=False, sort=True).sum()
    return {name: column(summed[name], 1) for name in summed.columns}


def _link_data(links: pd.DataFrame, rows: dict[str, pd.Index]) -> dict[str, list]:
    """Links between an operator or a facility and a PCN; links to other organisations are not on this page."""
    frame = LinkFrame
    pcn = rows["pcns"].get_indexer(links[frame.organisation_code])
    site = rows["sites"].get_indexer(links[frame.facility_id])
    operator = rows["operators"].get_indexer(links[frame.operator_id])
    shown = (pcn >= 0) & ((site >= 0) | (operator >= 0))
    return {
        "pcn": pcn[shown].tolist(),
        "site": site[shown].tolist(),
        "operator": operator[shown].tolist(),
        "status": column(links.loc[shown, frame.link_status]),
    }


def page_data(tables: ResultTables) -> dict[str, object]:
    """
    Everything the page shows, ready for JSON.

    Parameters
    ----------
    tables
        The run, each table sorted by its key.

    Raises
    ------
    KeyLinkError
        A table names a PCN, facility, operator or pathway that its own table does not have.
    """
    icb_columns = [PcnResultFrame.icb_code, PcnResultFrame.icb_name]
    icbs = tables.pcns[icb_columns].drop_duplicates(PcnResultFrame.icb_code).sort_values(PcnResultFrame.icb_code)
    operators = _operators(tables)
    rows = {
        "pcns": pd.Index(tables.pcns[PcnResultFrame.pcn_code]),
        "sites": pd.Index(tables.facilities[FacilityResultFrame.facility_id]),
        "operators": operators.index,
        "pathways": pd.Index(tables.pathways[PathwayFrame.pathway_id]),
    }
    flows = _flows(tables, rows)
    digits = {"hours": 1, "minutes": 1}
    return {
        "facts": facts_data(tables.facts),
        "themes": themes(tables.pcns),
        "flow_classes": flow_width_classes(flows.groupby(["site", "pcn"])["hours"].sum().to_numpy()),
        "kinds": [{"name": KINDS[key], "letter": letter, "colour": colour} for key, (letter, colour) in MARKS.items()],
        "venues": VENUES,
        "units": UNITS,
        "fte_bases": FTE_BASES,
        "core20_bases": CORE20_BASES,
        "link_words": LINKS,
        "stages": STAGES,
        "hours_reasons": INELIGIBLE_REASONS | UNMATCHED_REASONS,
        "unmet_reasons": UNMET_REASONS,
        "icbs": {"code": column(icbs[PcnResultFrame.icb_code]), "name": column(icbs[PcnResultFrame.icb_name])},
        "pathways": {
            "id": column(tables.pathways[PathwayFrame.pathway_id]),
            "name": column(tables.pathways[PathwayFrame.pathway_name]),
        },
        "operators": _operator_data(operators),
        "pcns": _pcn_data(tables, icbs),
        "sites": _site_data(tables.facilities, rows["operators"], rows["pathways"]),
        "flows": {name: column(flows[name], digits.get(name)) for name in flows.columns},
        "unmet": _unmet_data(tables.unmet, rows),
        "pledges": _pledge_data(tables.ledger, rows),
        "unused": _unused_data(tables.unmatched, rows),
        "links": _link_data(tables.links, rows),
    }
