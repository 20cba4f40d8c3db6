"""What rows of the published tables are known by, and which tables name rows of another."""

from __future__ import annotations

from .access import AccessResultFrame
from .asks import AskFrame
from .organisations import PledgeResultFrame, ReachableFrame, TieFrame
from .results import (
    AllocationResultFrame,
    DifferenceFrame,
    FacilityResultFrame,
    LedgerFrame,
    PcnResultFrame,
    UnmetFrame,
)
from .stages import PathwayFrame

KEYS: dict[str, tuple[str, ...]] = {
    "allocation": (
        AllocationResultFrame.pledge_id, AllocationResultFrame.pathway_id, AllocationResultFrame.pcn_code,
    ),
    "site_plan": (
        AllocationResultFrame.pledge_id, AllocationResultFrame.pathway_id, AllocationResultFrame.pcn_code,
    ),
    "unmet_demand": (UnmetFrame.pcn_code, UnmetFrame.pathway_id),
    "differences": (DifferenceFrame.pledge_id, DifferenceFrame.pathway_id, DifferenceFrame.pcn_code),
    "reachable": (ReachableFrame.facility_id, ReachableFrame.pcn_code),
    "ties": (TieFrame.operator_id, TieFrame.pcn_code),
    "could_be_asked": (AskFrame.pcn_code, AskFrame.pathway_id, AskFrame.rank),
    "access": (AccessResultFrame.level, AccessResultFrame.area_code, AccessResultFrame.method),
}  # fmt: skip
"""CSV file → the columns that together tell its rows apart, where that is not one column that the table declares."""

HOMES = {
    PcnResultFrame.pcn_code: "pcns",
    FacilityResultFrame.facility_id: "facilities",
    LedgerFrame.pledge_id: "ledger",
    PathwayFrame.pathway_id: "pathways",
}
"""Column → the CSV file that has a row for each of its values."""

NAMES_OTHERS: dict[str, tuple[str, ...]] = {
    "allocation": (*KEYS["allocation"], AllocationResultFrame.facility_id),
    "unmet_demand": KEYS["unmet_demand"],
    "unmatched_hours": (LedgerFrame.pledge_id, FacilityResultFrame.facility_id),
    "ledger": (FacilityResultFrame.facility_id,),
    "reachable": KEYS["reachable"],
    "ties": (TieFrame.pcn_code,),
    "pledges": (PledgeResultFrame.pledge_id, PledgeResultFrame.facility_id),
    "practices": (PcnResultFrame.pcn_code,),
    "need": (PcnResultFrame.pcn_code,),
    "gaps": (PathwayFrame.pathway_id,),
    "footprints": (PcnResultFrame.pcn_code,),
    "could_be_asked": (AskFrame.pcn_code, AskFrame.pathway_id),
    "provision": (PathwayFrame.pathway_id,),
    "health_budgets": (PathwayFrame.pathway_id,),
    "site_plan": (AllocationResultFrame.pathway_id, AllocationResultFrame.pcn_code),
}
"""CSV file → those of its columns whose values are all in their home."""
