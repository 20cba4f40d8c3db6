"""Summary tables of a run for the board: what is offered, by whom, what is missing, what it would cost."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table
from .words import LINK_STATUSES, SECTOR_NAMES, UNMET_REASONS


class FigureFrame(Table):
    """One row a figure of the run as a whole, with its unit."""

    figure: Series[str] = pa.Field(unique=True)
    value: Series[float]
    unit: Series[str]


class ProvisionFrame(Table):
    """What operators offer: one row a (pathway, role, link with the NHS) of the pledges that can deliver the pathway.

    A pledge counts in each pathway it can deliver, and there in each of its roles that may lead the pathway; where none
    may, in each of its roles. So that rows do not add up; `matched_hours` of one pathway
    and link add up over no more than the pledges of one role. `role` is `not_stated` where the pledge names none.
    """

    pathway_id: Series[str]
    role: Series[str]
    link_status: Series[str] = pa.Field(isin=LINK_STATUSES)
    operators: Series[int] = pa.Field(ge=0)
    facilities: Series[int] = pa.Field(ge=0)
    pledges: Series[int] = pa.Field(ge=0)
    eligible_hours: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)


class GapFrame(Table):
    """One row a pathway: what is asked of it, what the plan gives, and why not more."""

    pathway_id: Series[str] = pa.Field(unique=True)
    pathway_name: Series[str]
    demand_places: Series[int] = pa.Field(ge=0)
    matched_places: Series[int] = pa.Field(ge=0)
    unmet_places: Series[int] = pa.Field(ge=0)
    pcns_with_nothing: Series[int] = pa.Field(ge=0)
    main_reason: Series[str] = pa.Field(isin=tuple(UNMET_REASONS), nullable=True)


class SectorFrame(Table):
    """Who carries the load: one row a sector, in participant-hours."""

    sector: Series[str] = pa.Field(isin=SECTOR_NAMES, unique=True)
    operators: Series[int] = pa.Field(ge=0)
    facilities: Series[int] = pa.Field(ge=0)
    pledges: Series[int] = pa.Field(ge=0)
    pledged_hours: Series[float] = pa.Field(ge=0)
    matched_hours: Series[float] = pa.Field(ge=0)
    people: Series[int] = pa.Field(ge=0)


class HealthBudgetFrame(Table):
    """What personal health budgets would buy where hours run out: one row a pathway, in pounds.

    `wanting_places` are unmet for want of hours, not of link workers, who would have to refer these people too.
    """

    pathway_id: Series[str] = pa.Field(unique=True)
    pathway_name: Series[str]
    wanting_places: Series[int] = pa.Field(ge=0)
    course_hours: Series[float] = pa.Field(gt=0)
    place_cost: Series[float] = pa.Field(ge=0)
    whole_cost: Series[float] = pa.Field(ge=0)
    bought_places: Series[int] = pa.Field(ge=0)
    """Within the planner's budget, shared over the pathways in proportion to what they want."""
