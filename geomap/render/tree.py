"""The two trees of the page: region → … → practice, and operator kind → … → role: their order and their sums."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ..errors import Fault, KeyLinkError
from ..schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    MapTables,
    OperatorResultFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeResultFrame,
    PracticeResultFrame,
)
from ..schema.words import LIST_SEPARATOR
from . import places_data
from .blocks import Rows, column
from .labels import MARKS
from .people import shown, shown_one

_DIGITS = re.compile(r"\d+")


def by_name(names: pd.Series) -> list[int]:
    """Positions from A to Z, whatever the case, with 2 before 10."""
    keys = [_DIGITS.sub(lambda found: found.group().zfill(9), name.casefold()) for name in names.tolist()]
    return sorted(range(len(keys)), key=lambda row: (keys[row], row))


def by_hours(hours: pd.Series) -> list[int]:
    """Positions from most hours to fewest; as they came where they are alike."""
    return np.argsort(-hours.to_numpy(dtype=float, na_value=0.0), kind="stable").tolist()


def _places_sums(tables: MapTables, rows: Rows, sub_icbs: pd.DataFrame) -> dict[str, dict[str, list]]:
    """Patients, people who could start, people with a place and their hours, of each level above the PCN."""
    frame, pcns = PcnResultFrame, tables.pcns
    figures = {
        "patients": frame.patients,
        "demand": frame.demand_places,
        "people": frame.matched_places,
        "hours": frame.matched_hours,
    }
    icbs = places_data.known_icbs(tables).set_index(frame.icb_code)[frame.region_code]
    levels = {
        "regions": (pcns[frame.icb_code].map(icbs), rows.regions),
        "icbs": (pcns[frame.icb_code], rows.icbs),
        "sub_icbs": (pcns[frame.pcn_code].map(sub_icbs[PracticeResultFrame.sub_icb_code]), rows.sub_icbs),
    }
    made = {}
    for level, (codes, index) in levels.items():
        sums = pcns.groupby(codes.to_numpy())[list(figures.values())].sum().reindex(index)
        made[level] = {
            name: column(sums[source] if name == "hours" else shown(sums[source], internal=tables.facts.internal), 1)
            for name, source in figures.items()
        }
    return made


def _kind_sums(ledger: pd.DataFrame, operators: pd.DataFrame) -> dict[str, list]:
    """Hours of each operator kind, in the order of `MARKS`; those of operators whose kind is not known come last."""
    frame = LedgerFrame
    kinds = ledger[frame.operator_id].map(operators[OperatorResultFrame.operator_kind]).fillna("")
    figures = {"pledged": frame.pledged_hours, "matched": frame.matched_hours, "left": frame.unmatched_hours}
    sums = ledger.groupby(kinds.to_numpy())[list(figures.values())].sum().reindex([*MARKS, ""], fill_value=0.0)
    return {name: column(sums[source], 1) for name, source in figures.items()}


def pledge_places(tables: MapTables) -> list[list[int | None]]:
    """
    Course places of each pledge, in the order of the ledger, for each pathway that it names; None: not shown.

    Raises
    ------
    KeyLinkError
        The plan gives out places of a pathway that the pledge does not name.
    """
    plan, offer, ledger = AllocationResultFrame, PledgeResultFrame, LedgerFrame
    given = tables.allocation.groupby([plan.pledge_id, plan.pathway_id])[plan.places].sum().to_dict()
    named = tables.pledges.set_index(offer.pledge_id)[offer.pathways]
    made = []
    for pledge, text in named.reindex(tables.ledger[ledger.pledge_id]).items():
        pathways = [key for key in text.split(LIST_SEPARATOR) if key] if isinstance(text, str) else []
        places = [int(given.pop((pledge, key), 0)) for key in pathways]
        made.append([shown_one(count, internal=tables.facts.internal) for count in places])
    if given and len(tables.pledges):
        pledge, pathway = min(given)
        raise KeyLinkError(
            faults=[
                Fault(
                    source="results",
                    column=plan.pathway_id,
                    value=pathway,
                    problem=f"the plan gives out places of pledge {pledge} for a pathway that it does not name",
                    remedy="Make the results again with `geomap run`; they do not belong together.",
                )
            ]
        )
    return made


def tree_data(tables: MapTables, rows: Rows, operators: pd.DataFrame) -> dict[str, object]:
    """
    What the trees show that stands in no other block; what lies under what, the blocks' own row numbers tell.

    Parameters
    ----------
    tables
        The run, each table sorted by its key, with a number wherever a count is not shown.
    operators
        `bank_data.known_operators`, in the order of their rows.

    Returns
    -------
    block
        `order`: the rows of each block in the order in which siblings stand; `sums` of the levels above the PCN and
        of operator kinds, by row; `places` of each pledge, one a pathway that it names; `roles` of each pathway.
    """
    sub_icbs = places_data.pcn_sub_icbs(tables)
    names = places_data.known_regions(tables)[PcnResultFrame.region_name]
    icb_names = places_data.known_icbs(tables)[PcnResultFrame.icb_name]
    sub_names = sub_icbs.drop_duplicates(PracticeResultFrame.sub_icb_code)
    sub_names = sub_names.set_index(PracticeResultFrame.sub_icb_code)[PracticeResultFrame.sub_icb_name]
    kinds = _kind_sums(tables.ledger, operators)
    pledged = tables.ledger.groupby(LedgerFrame.operator_id)[LedgerFrame.pledged_hours].sum()
    return {
        "order": {
            "regions": by_name(names),
            "icbs": by_name(icb_names),
            "sub_icbs": by_name(sub_names.reindex(rows.sub_icbs)),
            "pcns": by_name(tables.pcns[PcnResultFrame.pcn_name]),
            "practices": by_name(tables.practices[PracticeResultFrame.practice_name]),
            "kinds": by_hours(pd.Series(kinds["pledged"])),
            "operators": by_hours(pledged.reindex(operators.index)),
            "facilities": by_hours(tables.facilities[FacilityResultFrame.pledged_hours]),
            "pledges": by_hours(tables.ledger[LedgerFrame.pledged_hours]),
        },
        "sums": {**_places_sums(tables, rows, sub_icbs), "kinds": kinds},
        "places": pledge_places(tables),
        "roles": [
            [role for role in text.split(LIST_SEPARATOR) if role] for text in tables.pathways[PathwayFrame.roles]
        ],
    }
