"""Tables read from official files, one row as stated; codes are NHS (ODS) or ONS codes in capitals."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from ._base import Table
from .words import MODES, WAYS

CODE = r"^[A-Z0-9]{3,9}$"


class PracticeFrame(Table):
    """One row a GP practice: the spine practice → PCN → sub-ICB → ICB → region.

    `pcn_code` is missing for a practice the source lists as unallocated.
    """

    practice_code: Series[str] = pa.Field(unique=True, str_matches=CODE)
    practice_name: Series[str]
    postcode: Series[str]
    pcn_code: Series[str] = pa.Field(nullable=True, str_matches=CODE)
    pcn_name: Series[str] = pa.Field(nullable=True)
    sub_icb_code: Series[str] = pa.Field(str_matches=CODE)
    sub_icb_name: Series[str]
    icb_code: Series[str] = pa.Field(str_matches=CODE)
    icb_name: Series[str]
    region_code: Series[str] = pa.Field(str_matches=CODE)
    region_name: Series[str]


class TownFrame(Table):
    """One row a GP practice: the town of its address, and the part of the town where the address names one."""

    practice_code: Series[str] = pa.Field(unique=True, str_matches=CODE)
    town: Series[str]
    locality: Series[str] = pa.Field(nullable=True)


class ListSizeFrame(Table):
    """Registered patients, both sexes: one row a practice and five-year age band (`age_to` inclusive)."""

    practice_code: Series[str]
    age_from: Series[int] = pa.Field(ge=0)
    age_to: Series[int] = pa.Field(le=120)
    patients: Series[int] = pa.Field(ge=0)


class RegisterFrame(Table):
    """QOF registers: one row a practice and condition, with the condition's own denominator."""

    practice_code: Series[str] = pa.Field(str_matches=CODE)
    condition_code: Series[str]
    register_patients: Series[float] = pa.Field(ge=0)
    denominator_patients: Series[float] = pa.Field(ge=0)


class PracticeDeprivationFrame(Table):
    """One row a practice: Index of Multiple Deprivation score, higher is more deprived."""

    practice_code: Series[str] = pa.Field(unique=True, str_matches=CODE)
    imd_score: Series[float] = pa.Field(ge=0, le=100)


class LsoaDeprivationFrame(Table):
    """One row an LSOA of England: rank and decile, 1 is most deprived; `lsoa_vintage` 2011 or 2021."""

    lsoa_code: Series[str] = pa.Field(unique=True)
    imd_rank: Series[int] = pa.Field(ge=1)
    imd_decile: Series[int] = pa.Field(ge=1, le=10)
    lsoa_vintage: Series[int] = pa.Field(isin=(2011, 2021))


class LsoaListFrame(Table):
    """Registered patients by practice and LSOA of residence."""

    practice_code: Series[str]
    lsoa_code: Series[str]
    patients: Series[int] = pa.Field(ge=0)


class LsoaPointFrame(Table):
    """One point inside each LSOA, metres."""

    lsoa_code: Series[str] = pa.Field(unique=True)
    easting: Series[float]
    northing: Series[float]


class WorkforceFrame(Table):
    """Social prescribing link workers: one row a PCN that reported any."""

    pcn_code: Series[str] = pa.Field(unique=True)
    link_worker_fte: Series[float] = pa.Field(ge=0)


class PcnRecordFrame(Table):
    """One row a PCN ever opened, from the ODS; `close_date` missing while it is open."""

    pcn_code: Series[str] = pa.Field(unique=True, str_matches=CODE)
    pcn_name: Series[str]
    sub_icb_code: Series[str]
    postcode: Series[str]
    open_date: Series["datetime64[us]"]
    close_date: Series["datetime64[us]"] = pa.Field(nullable=True)


class MembershipFrame(Table):
    """One row a spell of a practice in a PCN; `end_date` missing while it lasts."""

    practice_code: Series[str] = pa.Field(str_matches=CODE)
    pcn_code: Series[str] = pa.Field(str_matches=CODE)
    start_date: Series["datetime64[us]"]
    end_date: Series["datetime64[us]"] = pa.Field(nullable=True)


class PostcodeFrame(Table):
    """One row a postcode, written without spaces; metres; `lad_code` is the local authority district."""

    postcode: Series[str] = pa.Field(unique=True)
    easting: Series[float]
    northing: Series[float]
    lad_code: Series[str] = pa.Field(nullable=True)


class InactivityFrame(Table):
    """One row a local authority: share of adults active less than 30 minutes a week."""

    lad_code: Series[str] = pa.Field(unique=True)
    inactive_share: Series[float] = pa.Field(ge=0, le=1)


class OutlineFrame(Table):
    """Areas to draw, valid polygons in metres; `level` says what they are."""

    area_code: Series[str] = pa.Field(unique=True)
    area_name: Series[str]
    level: Series[str] = pa.Field(isin=("sub_icb", "icb", "lad", "lsoa", "region"))
    geometry: GeoSeries


class TravelTimeFrame(Table):
    """One row a pair that a planner's table of travel times names; `minutes_min` is missing where it is out of reach.

    `point_id` is a PCN, a practice or an LSOA.
    """

    facility_id: Series[str]
    point_id: Series[str]
    mode: Series[str] = pa.Field(isin=MODES)
    minutes_min: Series[float] = pa.Field(ge=0, nullable=True)


class RoadFrame(Table):
    """One row a way that people may use, metres; a point is a barrier, and says who may pass it.

    `walks` and `drives` are `both`, `forward` (as the line runs), `backward` or `no`.
    """

    way_id: Series[str]
    highway: Series[str]
    walks: Series[str] = pa.Field(isin=WAYS)
    drives: Series[str] = pa.Field(isin=WAYS)
    limit_kmh: Series[float] = pa.Field(gt=0, nullable=True)
    geometry: GeoSeries


class VenueFrame(Table):
    """One row an Active Places site that is open to the public and operating.

    `site_name` and `postcode` are missing where the files beside it do not tell them.
    """

    site_id: Series[str] = pa.Field(unique=True)
    site_name: Series[str] = pa.Field(nullable=True)
    venue_types: Series[str]
    operator_name: Series[str] = pa.Field(nullable=True)
    postcode: Series[str] = pa.Field(nullable=True)
    easting: Series[float]
    northing: Series[float]
