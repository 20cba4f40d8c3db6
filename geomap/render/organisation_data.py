"""The organisational map on the page: flows of hours, the trees, the links, and what a planner acts on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..few import MIDDLE
from ..phrases import KINDS
from ..schema import AttentionFrame, MapTables, OperatorResultFrame, PathwayFrame, PcnResultFrame, TieFrame
from ..schema.words import ATTENTION
from . import places_data
from .blocks import Rows, column, positions
from .labels import MARKS
from .link_layout import link_order
from .sankey import sankey_data
from .tree import tree_data

ADVICE = {
    "pcn_without_link": (
        "Ask the operators in reach and the PCN's link workers to meet, those with most matched hours first.",
        "An operator may know the PCN all the same: this says only that no link was told in the inputs.",
    ),
    "operator_without_link": (
        "Introduce them to the PCNs in their reach, those with most hours left first.",
        "An operator that told of no link is not an operator without one. Ask before you act.",
    ),
    "one_facility": (
        "Find a second facility, or agree what happens if this one closes.",
        "It does not say that the facility is at risk, nor that no other is in reach.",
    ),
    "unknown_link": (
        "Ask both sides whether they work together, and write the answer down in the bank of hours.",
        "An unknown link is not a missing link, and not a bad one.",
    ),
}
"""Topic → what to do with the list, and what the list does not say."""


def attention_data(attention: pd.DataFrame, rows: Rows) -> dict[str, list]:
    """What a planner acts on, list by list in the order of `ATTENTION`, most hours first, then most people."""
    frame = AttentionFrame
    topics = list(ATTENTION)
    keyed = pd.DataFrame(
        {
            "topic": attention[frame.topic].map(topics.index),
            "pcn": positions(attention[frame.pcn_code], rows.pcns, what="PCNs"),
            "operator": positions(attention[frame.operator_id], rows.operators, what="operators"),
            "facility": positions(attention[frame.facility_id], rows.facilities, what="facilities"),
            "hours": attention[frame.hours].round(1),
            "people": attention[frame.people],
        }
    )
    keyed = keyed.assign(least=-keyed["hours"], fewest=-keyed["people"].fillna(MIDDLE))
    keyed = keyed.sort_values(["topic", "least", "fewest", "pcn", "operator", "facility"], kind="stable")
    return {name: column(keyed[name], 1) for name in ("topic", "pcn", "operator", "facility", "hours", "people")}


def _sankey(tables: MapTables, flows: pd.DataFrame, kinds: np.ndarray, icb_of_pcn: np.ndarray, icbs: pd.Series) -> dict:
    """Matched hours by operator kind, pathway and ICB; the last row of kinds is for those that are not known."""
    pathway, hours = flows["pathway"].to_numpy(), flows["hours"].to_numpy(dtype=float)
    left = np.zeros((len(MARKS) + 1, len(tables.pathways)))
    right = np.zeros((len(tables.pathways), len(icbs)))
    np.add.at(left, (kinds[flows["operator"].to_numpy()], pathway), hours)
    np.add.at(right, (pathway, icb_of_pcn[flows["pcn"].to_numpy()]), hours)
    kind_names = [*(KINDS[key] for key in MARKS), "not known"]
    return sankey_data(left, right, (kind_names, tables.pathways[PathwayFrame.pathway_name].tolist(), icbs.tolist()))


def organisation_data(
    tables: MapTables, rows: Rows, *, flows: pd.DataFrame, operators: pd.DataFrame
) -> dict[str, object]:
    """
    The blocks of the tab "Organisations".

    Parameters
    ----------
    tables
        The run, each table sorted by its key, with a number wherever a count is not shown.
    flows
        `plan_data.add_flows`.
    operators
        `bank_data.known_operators`, in the order of their rows.

    Returns
    -------
    blocks
        `sankey`, `tree`, `link_order` and `attention_lists`; see the functions that make them.
    """
    marks = list(MARKS)
    told = operators[OperatorResultFrame.operator_kind]
    kinds = np.array([marks.index(kind) if isinstance(kind, str) else len(marks) for kind in told], dtype=int)
    icb_of_pcn = rows.icbs.get_indexer(tables.pcns[PcnResultFrame.icb_code])
    icb_names = places_data.known_icbs(tables)[PcnResultFrame.icb_name]
    tie = TieFrame
    ties = pd.DataFrame(
        {
            "pcn": positions(tables.ties[tie.pcn_code], rows.pcns, what="PCNs"),
            "operator": positions(tables.ties[tie.operator_id], rows.operators, what="operators"),
            "status": tables.ties[tie.link_status].to_numpy(),
            "told": tables.ties[tie.told].to_numpy().astype(int),
            "hours": tables.ties[tie.matched_hours].to_numpy(),
        }
    )
    return {
        "sankey": _sankey(tables, flows, kinds, icb_of_pcn, icb_names.map(_short_icb)),
        "tree": tree_data(tables, rows, operators),
        "link_order": link_order(ties, icb_of_pcn, len(rows.icbs)),
        "attention_lists": [
            {"name": name, "to_do": ADVICE[topic][0], "not_said": ADVICE[topic][1]} for topic, name in ATTENTION.items()
        ],
    }


def _short_icb(name: str) -> str:
    """As the page shows it: without the words that all official names share."""
    short = name.removeprefix("NHS ")
    for ending in (" Integrated Care Board", " ICB"):
        short = short.removesuffix(ending)
    return short
