"""What a run is told: the scenario file and the shipped defaults, as frozen models that check themselves.

Every default is a line in `geomap/defaults/*.toml` with its source beside it. A scenario changes a line by writing it
again under the same table; a pathway is added by adding a table.
"""

from .access import AccessParams
from .asks import AskParams
from .maps import MapParams
from .opportunities import OpportunityParams
from .params import (
    AreaParams,
    BankParams,
    DataParams,
    EligibleParams,
    LinkWorkerParams,
    MatchParams,
    NeedParams,
    NeedWeights,
    OwnIndicatorParams,
    PathwayParams,
    PeriodParams,
)
from .scenario import Scenario, default_pathways, default_text, load_default
from .sites import HealthBudgetParams, QuotaParams, RobustParams, SiteParams
from .travel import RoadParams, TravelParams
from .wishes import BanParams, LockParams, MinimumParams, WishParams

__all__ = [
    "AccessParams",
    "AreaParams",
    "AskParams",
    "BanParams",
    "BankParams",
    "DataParams",
    "EligibleParams",
    "HealthBudgetParams",
    "LinkWorkerParams",
    "LockParams",
    "MapParams",
    "MatchParams",
    "MinimumParams",
    "NeedParams",
    "NeedWeights",
    "OpportunityParams",
    "OwnIndicatorParams",
    "PathwayParams",
    "PeriodParams",
    "QuotaParams",
    "RoadParams",
    "RobustParams",
    "Scenario",
    "SiteParams",
    "TravelParams",
    "WishParams",
    "default_pathways",
    "default_text",
    "load_default",
]
