"""The operators' bank of hours: operators, facilities, pledges, links."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from ._base import Table
from .words import DELIVERIES, HOUR_UNITS, LINK_STATUSES, OPERATOR_KINDS, VENUE_TYPES


class OperatorFrame(Table):
    """One row an operator."""

    operator_id: Series[str] = pa.Field(unique=True)
    operator_name: Series[str]
    operator_kind: Series[str] = pa.Field(isin=OPERATOR_KINDS)


class FacilityFrame(Table):
    """One row a facility, placed in metres; `location_basis` says by what.

    `other_venue_types`, `;` between, are what a site of Active Places has beside its `venue_type`; missing where the
    operator says what the facility is.
    """

    facility_id: Series[str] = pa.Field(unique=True)
    operator_id: Series[str]
    facility_name: Series[str]
    venue_type: Series[str] = pa.Field(isin=VENUE_TYPES)
    other_venue_types: Series[str] = pa.Field(nullable=True)
    postcode: Series[str] = pa.Field(nullable=True)
    access_notes: Series[str] = pa.Field(nullable=True)
    location_basis: Series[str] = pa.Field(isin=("coordinates", "postcode", "site_id"))
    geometry: GeoSeries


class PledgeFrame(Table):
    """One row a pledge; `hours` counts in its `hour_unit`, between its dates.

    `pathways`, `roles`, `times` and `icb_codes` hold lists with `;` between. `facility_id` is missing for
    digital and operator-wide pledges. `group_size` (people), `fill_share` (0–1) and `min_group` (people)
    are present for `class` and `facility` pledges. `max_km` and the ages are missing where not limited.
    """

    pledge_id: Series[str] = pa.Field(unique=True)
    operator_id: Series[str]
    facility_id: Series[str] = pa.Field(nullable=True)
    pathways: Series[str]
    hours: Series[float] = pa.Field(ge=0, le=1e9)
    hour_unit: Series[str] = pa.Field(isin=HOUR_UNITS)
    group_size: Series[float] = pa.Field(ge=1, le=10_000, nullable=True)
    fill_share: Series[float] = pa.Field(gt=0, le=1, nullable=True)
    min_group: Series[float] = pa.Field(ge=1, le=10_000, nullable=True)
    start_date: Series["datetime64[us]"] = pa.Field(nullable=True)
    end_date: Series["datetime64[us]"] = pa.Field(nullable=True)
    delivery: Series[str] = pa.Field(isin=DELIVERIES)
    times: Series[str] = pa.Field(nullable=True)
    roles: Series[str] = pa.Field(nullable=True)
    age_min: Series[float] = pa.Field(ge=0, le=120, nullable=True)
    age_max: Series[float] = pa.Field(ge=0, le=120, nullable=True)
    max_km: Series[float] = pa.Field(gt=0, nullable=True)
    icb_codes: Series[str] = pa.Field(nullable=True)
    updated: Series["datetime64[us]"] = pa.Field(nullable=True)


class LinkFrame(Table):
    """One row a link between an operator or a facility and an NHS organisation (PCN, practice, ICB)."""

    operator_id: Series[str] = pa.Field(nullable=True)
    facility_id: Series[str] = pa.Field(nullable=True)
    organisation_code: Series[str]
    link_status: Series[str] = pa.Field(isin=LINK_STATUSES)
    since: Series[str] = pa.Field(nullable=True)
    note: Series[str] = pa.Field(nullable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTables:
    """The four tables of a bank: of a run, the rows that take part in it."""

    operators: pd.DataFrame
    """`OperatorFrame`."""
    facilities: gpd.GeoDataFrame
    """`FacilityFrame`, metres (EPSG:27700)."""
    pledges: pd.DataFrame
    """`PledgeFrame`."""
    links: pd.DataFrame
    """`LinkFrame`."""

    @classmethod
    def no_rows(cls) -> BankTables:
        """A bank without a row."""
        plain = {"operators": OperatorFrame, "pledges": PledgeFrame, "links": LinkFrame}
        return cls(**{name: model.no_rows() for name, model in plain.items()}, facilities=FacilityFrame.no_shapes())
