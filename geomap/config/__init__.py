"""What a run is told: the scenario file and the shipped defaults, as frozen models that check themselves.

Every default is a line in `geomap/defaults/*.toml` with its source beside it. A scenario changes a line by writing it
again under the same table; a pathway is added by adding a table.
"""

from .maps import MapParams
from .params import (
    AreaParams,
    BankParams,
    DataParams,
    EligibleParams,
    LinkWorkerParams,
    MatchParams,
    NeedParams,
    NeedWeights,
    PathwayParams,
    PeriodParams,
    TravelParams,
)
from .scenario import Scenario, default_pathways, load_default
from .sites import HealthBudgetParams, QuotaParams, RobustParams, SiteParams
from .wishes import BanParams, LockParams, MinimumParams, WishParams

__all__ = [
    "AreaParams",
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
    "PathwayParams",
    "PeriodParams",
    "QuotaParams",
    "RobustParams",
    "Scenario",
    "SiteParams",
    "TravelParams",
    "WishParams",
    "default_pathways",
    "load_default",
]
