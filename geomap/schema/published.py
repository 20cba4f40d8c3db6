"""The files of a folder of results: which holds which table."""

from __future__ import annotations

import pandera.pandas as pa

from .access import AccessResultFrame, FootprintResultFrame
from .asks import AskFrame, OpportunityFrame
from .bank import LinkFrame
from .board import FigureFrame, GapFrame, HealthBudgetFrame, ProvisionFrame, SectorFrame
from .choice import (
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    DrawFrame,
    FlipFrame,
    PortfolioFrame,
    RegretFrame,
    RobustnessFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
    TradeoffFrame,
)
from .indicators import IndicatorFrame
from .inputs import OutlineFrame, VenueFrame
from .organisations import (
    AttentionFrame,
    OperatorResultFrame,
    PlaceFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
)
from .results import (
    AccountingFrame,
    AllocationResultFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    LedgerFrame,
    LevelFrame,
    PcnResultFrame,
    PriceFrame,
    RepairFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from .stages import NeedFrame, PathwayFrame

FACTS_NAME = "facts.json"
"""The file that holds `PlanFacts`, and what is said of the choice of sites as a whole."""
FACTS_FORMAT = "geomap facts 1"

SHAPES_NAME = "results.gpkg"
DATA_PACKAGE_NAME = "datapackage.json"
EASTING_M, NORTHING_M = "easting_m", "northing_m"
"""Columns of `facilities.csv` in the place of its geometry."""

PUBLISHED: dict[str, type[pa.DataFrameModel]] = {
    "figures": FigureFrame,
    "gaps": GapFrame,
    "provision": ProvisionFrame,
    "sectors": SectorFrame,
    "health_budgets": HealthBudgetFrame,
    "attention": AttentionFrame,
    "could_be_asked": AskFrame,
    "portfolios": PortfolioFrame,
    "chosen_sites": ChosenSiteFrame,
    "site_reasons": SiteReasonFrame,
    "site_plan": AllocationResultFrame,
    "comparators": ComparatorFrame,
    "robustness": RobustnessFrame,
    "regrets": RegretFrame,
    "flips": FlipFrame,
    "tradeoffs": TradeoffFrame,
    "site_parts": SitePartFrame,
    "site_limits": SiteLimitFrame,
    "site_changes": SiteChangeFrame,
    "draws": DrawFrame,
    "candidates": CandidateFrame,
    "allocation": AllocationResultFrame,
    "unmet_demand": UnmetFrame,
    "unmatched_hours": UnmatchedHoursFrame,
    "ledger": LedgerFrame,
    "operators": OperatorResultFrame,
    "facilities": FacilityResultFrame,
    "pcns": PcnResultFrame,
    "pathways": PathwayFrame,
    "levels": LevelFrame,
    "fairness": FairnessFrame,
    "prices": PriceFrame,
    "differences": DifferenceFrame,
    "links": LinkFrame,
    "accounting": AccountingFrame,
    "repairs": RepairFrame,
    "pledges": PledgeResultFrame,
    "practices": PracticeResultFrame,
    "reachable": ReachableFrame,
    "ties": TieFrame,
    "need": NeedFrame,
    "indicators": IndicatorFrame,
    "other_facilities": VenueFrame,
    "opportunities": OpportunityFrame,
    "access": AccessResultFrame,
    "footprints": FootprintResultFrame,
}
"""CSV file → its table; `pcns` and `facilities` without their shapes."""

LAYERS: dict[str, type[pa.DataFrameModel]] = {
    "pcns": PcnResultFrame,
    "facilities": FacilityResultFrame,
    "icbs": OutlineFrame,
    "places": PlaceFrame,
}
"""Layer of the GeoPackage → its table; a layer without a row is not there."""
PARQUET_LAYERS = ("pcns", "facilities", "icbs")
GEOJSON_LAYERS = ("pcns", "facilities")
"""Layers that have a file of their own too, of the layer's name."""

FILE_OF = {
    "unmet": "unmet_demand", "unmatched": "unmatched_hours", "asks": "could_be_asked",
    "chosen": "chosen_sites", "plan": "site_plan", "parts": "site_parts", "limits": "site_limits",
    "changes": "site_changes", "reasons": "site_reasons",
}  # fmt: skip
"""Table of a run → its file, where that is not the table's own name."""

SUPPRESSED = "[c]"
"""What a file says where a count from 1 to 7 is not shown: the mark of the Government Statistical Service."""

PEOPLE: dict[str, tuple[str, ...]] = {
    "pcns": (
        PcnResultFrame.patients,
        PcnResultFrame.ceiling_referrals,
        PcnResultFrame.demand_places,
        PcnResultFrame.matched_places,
        PcnResultFrame.unmet_places,
        PcnResultFrame.completions,
    ),
    "unmet": (UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places),
    "allocation": (AllocationResultFrame.places,),
    "facilities": (FacilityResultFrame.people,),
    "operators": (OperatorResultFrame.people,),
    "ties": (TieFrame.people,),
    "attention": (AttentionFrame.people,),
    "practices": (PracticeResultFrame.patients,),
    "need": (NeedFrame.patients,),
    "places": (PlaceFrame.patients,),
    "sectors": (SectorFrame.people,),
    "gaps": (GapFrame.demand_places, GapFrame.matched_places, GapFrame.unmet_places),
    "health_budgets": (HealthBudgetFrame.wanting_places, HealthBudgetFrame.bought_places),
    "asks": (AskFrame.unmet_places,),
    "access": (AccessResultFrame.patients,),
    "differences": (DifferenceFrame.places_before, DifferenceFrame.places_after),
    "candidates": (CandidateFrame.patients,),
    "portfolios": (PortfolioFrame.places, PortfolioFrame.completions),
    "chosen": (
        ChosenSiteFrame.patients,
        ChosenSiteFrame.demand_places,
        ChosenSiteFrame.places,
        ChosenSiteFrame.completions,
    ),
    "plan": (AllocationResultFrame.places,),
}
"""Table of `ResultTables` or `SiteTables` → its columns that count people, published as `geomap.few` says."""
