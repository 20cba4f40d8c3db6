"""Places and services that pledged nothing, and which of them could be asked where places are wanting."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table
from .words import ASK_SOURCES, OPPORTUNITY_SOURCES


class OpportunityFrame(Table):
    """One row an activity or a community service that is open to the public and is not in the bank.

    `pathways` and `activities` have `;` between; an activity that no pathway takes has none. `easting` and `northing`
    are metres (EPSG:27700), missing for what is online or has no place. `sessions` counts dated sessions or slots.
    """

    opportunity_id: Series[str] = pa.Field(unique=True)
    source: Series[str] = pa.Field(isin=OPPORTUNITY_SOURCES)
    kind: Series[str]
    opportunity_name: Series[str]
    operator_name: Series[str] = pa.Field(nullable=True)
    venue_name: Series[str] = pa.Field(nullable=True)
    postcode: Series[str] = pa.Field(nullable=True)
    easting: Series[float] = pa.Field(nullable=True)
    northing: Series[float] = pa.Field(nullable=True)
    activities: Series[str] = pa.Field(nullable=True)
    pathways: Series[str] = pa.Field(nullable=True)
    age_min: Series[float] = pa.Field(nullable=True, ge=0)
    age_max: Series[float] = pa.Field(nullable=True, ge=0)
    sessions: Series[int] = pa.Field(ge=0)
    url: Series[str] = pa.Field(nullable=True)


class AskFrame(Table):
    """Whom to ask where places are wanting: one row a (PCN, pathway, place or service), `rank` 1 first.

    `ask_id` is the `facility_id`, the site of `other_facilities` or the `opportunity_id`, as `source` says: `bank` is a
    facility of the bank that pledged other pathways or none. `minutes_min` is the mean journey of the share
    `reach_share` of the PCN's patients who can come. What is online reaches everybody.
    """

    pcn_code: Series[str]
    pcn_name: Series[str]
    pathway_id: Series[str]
    unmet_places: Series[int] = pa.Field(ge=1)
    rank: Series[int] = pa.Field(ge=1)
    source: Series[str] = pa.Field(isin=ASK_SOURCES)
    ask_id: Series[str]
    ask_name: Series[str] = pa.Field(nullable=True)
    operator_name: Series[str] = pa.Field(nullable=True)
    offers: Series[str] = pa.Field(nullable=True)
    reach_share: Series[float] = pa.Field(gt=0, le=1)
    minutes_min: Series[float] = pa.Field(ge=0)
    url: Series[str] = pa.Field(nullable=True)
