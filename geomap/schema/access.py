"""Access to pledged hours by area and method, and what the drawn area of a PCN is worth."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series

from ._base import Table
from .words import ACCESS_LEVELS, ACCESS_METHODS, POINT_BASES


class AccessResultFrame(Table):
    """Hours within reach, before and after the match: one row a (level, area, method).

    `hours_in_reach` and `hours_left_in_reach` are participant-hours per 1,000 patients, shared with all others who can
    reach them; for `nearest` they are participant-hours at the few nearest facilities that have any, as a patient finds
    them on average: shared with nobody, and not per 1,000. `nearest_min` is the mean journey to the nearest facility
    with hours, of those who can reach one; missing where nobody of the area can.
    """

    level: Series[str] = pa.Field(isin=ACCESS_LEVELS)
    area_code: Series[str]
    area_name: Series[str] = pa.Field(nullable=True)
    method: Series[str] = pa.Field(isin=ACCESS_METHODS)
    patients: Series[int] = pa.Field(ge=0)
    hours_in_reach: Series[float] = pa.Field(ge=0)
    hours_left_in_reach: Series[float] = pa.Field(ge=0)
    nearest_min: Series[float] = pa.Field(nullable=True, ge=0)


class FootprintResultFrame(Table):
    """How far the drawn area of a PCN can be trusted: one row a PCN.

    `inside_share` of the PCN's patients live inside its drawn area (coverage); of the patients of all PCNs who live
    inside it, `others_share` are another PCN's (overlap). Both are told to the nearest 1%, and are missing where homes
    are not known and the area follows from practices. `others_pcns` counts the other PCNs of whom 8 or more patients
    live inside, or are on the lists of practices there.
    """

    pcn_code: Series[str] = pa.Field(unique=True)
    pcn_name: Series[str]
    basis: Series[str] = pa.Field(isin=POINT_BASES)
    area_km2: Series[float] = pa.Field(ge=0)
    inside_share: Series[float] = pa.Field(nullable=True, ge=0, le=1)
    others_share: Series[float] = pa.Field(nullable=True, ge=0, le=1)
    others_pcns: Series[int] = pa.Field(ge=0)
