"""Who reaches whom, and who knows whom: facilities in reach of each PCN, operators and PCNs, links on record."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..schema import LinkFrame, ReachableFrame, TieFrame
from .blocks import Rows, column, positions


def tie_data(ties: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """One row a (PCN, operator) that are in reach of one another, linked or matched, sorted by both."""
    frame = TieFrame
    keyed = pd.DataFrame(
        {
            "pcn": positions(ties[frame.pcn_code], rows.pcns, what="PCNs"),
            "operator": positions(ties[frame.operator_id], rows.operators, what="operators"),
            "status": ties[frame.link_status].to_numpy(),
            "told": ties[frame.told].to_numpy().astype(int),
            "in_reach": ties[frame.in_reach].to_numpy().astype(int),
            "facilities_in_reach": ties[frame.facilities_in_reach].to_numpy(),
            "hours": ties[frame.matched_hours].to_numpy(),
            "people": ties[frame.people].to_numpy(),
        }
    ).sort_values(["pcn", "operator"], kind="stable")
    return {name: column(keyed[name], 1) for name in keyed.columns}


def reachable_data(reachable: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """
    Facilities within reach of each PCN, packed: nationally there are tens of thousands.

    Returns
    -------
    block
        `facilities[p]`, `share[p]` and `minutes[p]` are lists of PCN row p, in step: rows of `facilities` as steps
        (the first, then the difference from the one before), per cent of patients (1 to 100), whole minutes.
    """
    frame = ReachableFrame
    keyed = pd.DataFrame(
        {
            "pcn": positions(reachable[frame.pcn_code], rows.pcns, what="PCNs"),
            "facility": positions(reachable[frame.facility_id], rows.facilities, what="facilities"),
            "share": np.maximum(1, np.round(reachable[frame.reach_share].to_numpy(dtype=float) * 100)),
            "minutes": np.round(reachable[frame.minutes_min].to_numpy(dtype=float)),
        }
    ).astype(int)
    keyed = keyed.sort_values(["pcn", "facility"], kind="stable")
    ends = np.searchsorted(keyed["pcn"].to_numpy(), np.arange(1, len(rows.pcns)))

    def split(values: np.ndarray) -> list[list[int]]:
        return [part.tolist() for part in np.split(values, ends)]

    steps = [np.diff(part, prepend=0).tolist() for part in np.split(keyed["facility"].to_numpy(), ends)]
    return {
        "facilities": steps,
        "share": split(keyed["share"].to_numpy()),
        "minutes": split(keyed["minutes"].to_numpy()),
    }


def link_data(links: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """Links between an operator or a facility and a PCN; links to other organisations are not on this page."""
    frame = LinkFrame
    pcn = rows.pcns.get_indexer(links[frame.organisation_code])
    facility = rows.facilities.get_indexer(links[frame.facility_id])
    operator = rows.operators.get_indexer(links[frame.operator_id])
    shown = (pcn >= 0) & ((facility >= 0) | (operator >= 0))
    return {
        "pcn": pcn[shown].tolist(),
        "facility": facility[shown].tolist(),
        "operator": operator[shown].tolist(),
        "status": column(links.loc[shown, frame.link_status]),
        "since": column(links.loc[shown, frame.since]),
        "note": column(links.loc[shown, frame.note]),
    }
