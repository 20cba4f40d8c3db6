"""Tables that pass from one stage to the next."""

from __future__ import annotations

import pandera.pandas as pa
from pandera.typing import Series
from pandera.typing.geopandas import GeoSeries

from ._base import Table
from .words import FTE_BASES, JOURNEY_BASES, MODES, POINT_BASES, REACH_BASES


class PathwayFrame(Table):
    """The catalogue of pathways; `course_hours` = weeks × sessions_per_week × session_hours."""

    pathway_id: Series[str] = pa.Field(unique=True)
    pathway_name: Series[str]
    weeks: Series[float] = pa.Field(gt=0)
    sessions_per_week: Series[float] = pa.Field(gt=0)
    session_hours: Series[float] = pa.Field(gt=0)
    course_hours: Series[float] = pa.Field(gt=0)
    venue_types: Series[str]
    roles: Series[str]
    age_min: Series[float] = pa.Field(ge=0, le=120)
    age_max: Series[float] = pa.Field(ge=0, le=120)
    referral_share: Series[float] = pa.Field(ge=0, le=1)
    uptake_share: Series[float] = pa.Field(gt=0, le=1)
    completion_share: Series[float] = pa.Field(gt=0, le=1)
    group_size: Series[float] = pa.Field(ge=1)


class OfferFrame(Table):
    """A pathway that a pledge can really deliver; one row a (pledge, pathway).

    `pool_hours` are the hours the pledge can spend, in its own unit (led hours for a led pledge);
    one course of the pathway costs `course_hours` of them and has `course_places` places
    (1 unless `led`); a led course runs only with at least `min_group` people in it.
    """

    pledge_id: Series[str]
    pathway_id: Series[str]
    led: Series[bool]
    pool_hours: Series[float] = pa.Field(ge=0)
    course_hours: Series[float] = pa.Field(gt=0)
    course_places: Series[float] = pa.Field(ge=1)
    min_group: Series[float] = pa.Field(ge=0)


class HoursReasonFrame(Table):
    """Participant-hours of a pledge that went no further, and why; one row a (pledge, stage, reason)."""

    pledge_id: Series[str]
    stage: Series[str] = pa.Field(isin=("ineligible", "unmatched"))
    reason: Series[str]
    hours: Series[float] = pa.Field(ge=0)


class PopulationPointFrame(Table):
    """Where a PCN's patients are taken to live, metres; patients add up to the PCN's list."""

    pcn_code: Series[str]
    point_id: Series[str]
    patients: Series[float] = pa.Field(ge=0)
    basis: Series[str] = pa.Field(isin=POINT_BASES)
    geometry: GeoSeries


class PracticePlaceFrame(Table):
    """Where a practice is taken to stand, metres; `practice_neighbour` where its postcode is not known."""

    practice_code: Series[str] = pa.Field(unique=True)
    basis: Series[str] = pa.Field(isin=POINT_BASES)
    geometry: GeoSeries


class FootprintFrame(Table):
    """The area drawn for a PCN, metres: indicative, as a PCN has no boundary."""

    pcn_code: Series[str] = pa.Field(unique=True)
    geometry: GeoSeries


class NeedFrame(Table):
    """Need of a PCN: raw indicators, their patient-weighted percentiles (0–1, higher is more need), the index.

    A missing indicator leaves its percentile missing, and the index is the mean of the others.
    `weight` multiplies completions in the match.
    """

    pcn_code: Series[str] = pa.Field(unique=True)
    patients: Series[int] = pa.Field(ge=0)
    imd_score: Series[float] = pa.Field(nullable=True)
    inactive_share: Series[float] = pa.Field(nullable=True)
    long_term_ratio: Series[float] = pa.Field(nullable=True)
    aged_65_share: Series[float] = pa.Field(nullable=True)
    imd_percentile: Series[float] = pa.Field(nullable=True)
    inactive_percentile: Series[float] = pa.Field(nullable=True)
    long_term_percentile: Series[float] = pa.Field(nullable=True)
    aged_65_percentile: Series[float] = pa.Field(nullable=True)
    own_percentile: Series[float] = pa.Field(nullable=True)
    need_index: Series[float] = pa.Field(ge=0, le=1)
    weight: Series[float] = pa.Field(gt=0)
    core20_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    core20_basis: Series[str] = pa.Field(isin=("lsoa", "practice_score", "unknown"))
    deprivation_fifth: Series[float] = pa.Field(ge=1, le=5, nullable=True)


class PrevalenceFrame(Table):
    """Prevalence of a condition in a PCN: sum of registers over the sum of that condition's denominators."""

    pcn_code: Series[str]
    condition_code: Series[str]
    register_patients: Series[float]
    denominator_patients: Series[float]
    prevalence_share: Series[float] = pa.Field(ge=0)


class DemandFrame(Table):
    """Demand of a PCN for a pathway; `demand_places` are starts in whole course places."""

    pcn_code: Series[str]
    pathway_id: Series[str]
    eligible_patients: Series[float] = pa.Field(ge=0)
    target_referrals: Series[float] = pa.Field(ge=0)
    starts: Series[float] = pa.Field(ge=0)
    demand_places: Series[int] = pa.Field(ge=0)


class AgeShareFrame(Table):
    """Patients of a PCN by five-year band, to bound what an age-limited pledge can serve."""

    pcn_code: Series[str]
    age_from: Series[int]
    age_to: Series[int]
    patients: Series[int]


class CeilingFrame(Table):
    """How many people a PCN's link workers can refer in the plan period."""

    pcn_code: Series[str] = pa.Field(unique=True)
    link_worker_fte: Series[float] = pa.Field(ge=0)
    fte_basis: Series[str] = pa.Field(isin=FTE_BASES)
    ceiling_referrals: Series[float] = pa.Field(ge=0)


class JourneyFrame(Table):
    """Minutes door to door, one way, from a population point to a facility by one mode; absent means out of reach."""

    facility_id: Series[str]
    point_id: Series[str]
    mode: Series[str] = pa.Field(isin=MODES)
    minutes_min: Series[float] = pa.Field(ge=0)
    basis: Series[str] = pa.Field(isin=JOURNEY_BASES)


class PairFrame(Table):
    """A facility and a PCN it can reach; absent means out of reach.

    `reach_share` is the share of the PCN's patients within the limit, `minutes_min` their mean journey.
    """

    facility_id: Series[str]
    pcn_code: Series[str]
    reach_share: Series[float] = pa.Field(gt=0, le=1)
    minutes_min: Series[float] = pa.Field(ge=0)


class ReachFrame(Table):
    """A pledge and a PCN it can serve, after the pledge's own limits; absent means out of reach.

    `catchment` is the facility whose patients within reach these are: pledges with the same one reach the same people.
    It is missing where the whole PCN is served by rule.
    """

    pledge_id: Series[str]
    pcn_code: Series[str]
    reach_share: Series[float] = pa.Field(gt=0, le=1)
    minutes_min: Series[float] = pa.Field(ge=0)
    basis: Series[str] = pa.Field(isin=REACH_BASES)
    catchment: Series[str] = pa.Field(nullable=True)


class LinkShareFrame(Table):
    """The share of a PCN's demand that an offer can serve; one row a (pledge, PCN, pathway).

    `place_share` = reach × age share and `near_share` = reach; catchment and `alike` are those of `CapFrame`.
    """

    pledge_id: Series[str]
    pathway_id: Series[str]
    pcn_code: Series[str]
    place_share: Series[float] = pa.Field(ge=0, le=1)
    near_share: Series[float] = pa.Field(ge=0, le=1)
    catchment: Series[str] = pa.Field(nullable=True)
    alike: Series[str] = pa.Field(nullable=True)
    minutes_min: Series[float] = pa.Field(ge=0)


class CapFrame(Table):
    """The most places an offer can fill in a PCN: ⌊reach × age share × demand⌋; one row a (pledge, PCN, pathway).

    Pledges given at one facility, the `catchment`, share the people near it: together they fill no more places than
    the largest of their `near_places` = ⌊reach × demand⌋, and those whose people are `alike` (same reach, same ages)
    no more than one of them could. Both are missing, and `near_places` is the demand, where a whole PCN is served.
    """

    pledge_id: Series[str]
    pathway_id: Series[str]
    pcn_code: Series[str]
    cap_places: Series[int] = pa.Field(ge=1)
    near_places: Series[int] = pa.Field(ge=1)
    catchment: Series[str] = pa.Field(nullable=True)
    alike: Series[str] = pa.Field(nullable=True)
    minutes_min: Series[float] = pa.Field(ge=0)


class MinimumFrame(Table):
    """Places that the planner wants a PCN to get at least, on one pathway or any, of one pledge or any."""

    pcn_code: Series[str]
    pathway_id: Series[str] = pa.Field(nullable=True)
    pledge_id: Series[str] = pa.Field(nullable=True)
    places: Series[int] = pa.Field(ge=1)


class AllocationFrame(Table):
    """The plan: course places of a pledge given to a PCN on a pathway."""

    pledge_id: Series[str]
    pathway_id: Series[str]
    pcn_code: Series[str]
    places: Series[int] = pa.Field(ge=1)


class CourseFrame(Table):
    """The plan: whole courses that a led pledge opens on a pathway."""

    pledge_id: Series[str]
    pathway_id: Series[str]
    courses: Series[int] = pa.Field(ge=1)
