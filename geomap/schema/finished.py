"""A finished run as one object: its figures in words, what the map shows of it, and all else that is published."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from ._notebook import html_table
from .access import AccessResultFrame, FootprintResultFrame
from .asks import AskFrame, OpportunityFrame
from .bank import BankTables
from .indicators import IndicatorFrame
from .inputs import VenueFrame
from .organisations import (
    AttentionFrame,
    OperatorResultFrame,
    PlaceFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
)
from .results import RepairFrame
from .words import INTERNAL_MARK

if TYPE_CHECKING:
    from .choice import SiteTables
    from .record import PlanRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What can be said of a run in figures and words; all hours but `stated_hours` are participant-hours."""

    name: str
    label: str
    """Shown wherever the results show when not empty: for example "Illustrative"."""
    period_start: str
    period_end: str
    as_of: str
    stated_hours: float
    """The hours of the pledges as the operators wrote them, each in its own unit."""
    pledged_hours: float
    ineligible_hours: float
    eligible_hours: float
    matched_hours: float
    unmatched_hours: float
    people: int
    completions: float
    pcns: int
    pcns_covered: int
    patients: int
    demand_places: int
    unmet_places: int
    link_worker_fte: float
    pcns_fte_not_reported: int
    fte_policy: str
    status: str
    """`optimal`, `within gap` or `stopped`."""
    objective: float
    bound: float
    gap_share: float
    pledges_read: int
    pledges_rejected: int
    internal: bool = True
    """Whether counts of people are exact; if so the results are not for publication, and say so (`geomap.few`)."""
    changes: tuple[str, ...] = ()
    """Sentences on what changed against an earlier plan, the first all in one; none where there is none."""
    notes: tuple[str, ...] = ()
    """Plain sentences: assumptions, repairs, what was missing."""
    sources: tuple[tuple[str, str, str], ...] = ()
    """(what, file and data date, attribution) of each source used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTables:
    """What the map shows of a run; `load.published` reads it back from a folder of results."""

    facts: PlanFacts
    pcns: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    allocation: pd.DataFrame
    unmet: pd.DataFrame
    unmatched: pd.DataFrame
    ledger: pd.DataFrame
    pathways: pd.DataFrame
    need: pd.DataFrame
    links: pd.DataFrame
    outlines: gpd.GeoDataFrame
    """`OutlineFrame` of level `icb` where boundaries were given, else empty."""
    operators: pd.DataFrame = field(default_factory=OperatorResultFrame.no_rows)
    pledges: pd.DataFrame = field(default_factory=PledgeResultFrame.no_rows)
    practices: pd.DataFrame = field(default_factory=PracticeResultFrame.no_rows)
    reachable: pd.DataFrame = field(default_factory=ReachableFrame.no_rows)
    ties: pd.DataFrame = field(default_factory=TieFrame.no_rows)
    attention: pd.DataFrame = field(default_factory=AttentionFrame.no_rows)
    places: gpd.GeoDataFrame = field(default_factory=PlaceFrame.no_shapes)
    """`PlaceFrame`: towns or authorities and postcode districts, where the inputs name any."""
    other_facilities: pd.DataFrame = field(default_factory=VenueFrame.no_rows)
    """`VenueFrame`: public leisure sites that pledged nothing, where a list of sites was given."""
    opportunities: pd.DataFrame = field(default_factory=OpportunityFrame.no_rows)
    """`OpportunityFrame`: activities and community services beside the bank, where a feed or a list was given."""
    asks: pd.DataFrame = field(default_factory=AskFrame.no_rows)
    """`AskFrame`: who could be asked where places are wanting."""
    access: pd.DataFrame = field(default_factory=AccessResultFrame.no_rows)
    footprints: pd.DataFrame = field(default_factory=FootprintResultFrame.no_rows)
    choice: SiteTables | None = None
    """The test-and-learn sites, where they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTables(MapTables):
    """A finished run: the tables every writer and the map start from."""

    prevalence: pd.DataFrame
    demand: pd.DataFrame
    accounting: pd.DataFrame
    levels: pd.DataFrame
    fairness: pd.DataFrame
    prices: pd.DataFrame
    differences: pd.DataFrame
    """`DifferenceFrame`, empty where the run did not start from an earlier plan."""
    figures: pd.DataFrame
    provision: pd.DataFrame
    gaps: pd.DataFrame
    sectors: pd.DataFrame
    health_budgets: pd.DataFrame
    indicators: pd.DataFrame = field(default_factory=IndicatorFrame.no_rows)
    """`IndicatorFrame`: the planner's own indicators in need, where the scenario gives any a weight."""
    repairs: pd.DataFrame = field(default_factory=RepairFrame.no_rows)
    """`RepairFrame`: cells of the inputs that were read otherwise than they stand."""
    record: PlanRecord | None = None
    """What a later run can start from."""

    def _repr_html_(self) -> str:
        """What a notebook shows: key figures, and which tables there are."""
        facts = self.facts
        figures = [
            ("People who could get a place", f"{facts.people:,} of {facts.demand_places:,} places wanted"),
            ("Expected to complete", f"{facts.completions:,.0f}"),
            ("Participant-hours matched", f"{facts.matched_hours:,.0f} of {facts.pledged_hours:,.0f} pledged"),
            ("PCNs with a place", f"{facts.pcns_covered:,} of {facts.pcns:,}"),
            ("Proven gap", f"{facts.gap_share:.2%} ({facts.status})"),
        ]
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        rows = [(name, f"{len(table):,}") for name, table in held.items() if isinstance(table, pd.DataFrame)]
        mark = INTERNAL_MARK if facts.internal else "Small counts of people are hidden, others rounded to the nearest 5"
        title = " – ".join(filter(None, (facts.name, facts.label)))
        shown = html_table(title, ("Figure", "Value"), figures, notes=[f"{mark}."])
        return shown + html_table("Tables", ("Table", "Rows"), rows)
    bank: BankTables = field(default_factory=BankTables.no_rows)
    """The bank of hours, as far as it takes part in the run; published as an Open Referral list of services."""
