"""What is known of journeys besides straight lines: the planner's table of travel times, then roads."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from .. import candidates, roads, travel
from ..config import Scenario, TravelParams
from ..load.gather import Inputs
from ..schema import FacilityFrame, JourneyFrame, PopulationPointFrame, TravelTimeFrame

STEP_M = 1000.0
"""Straight line that is added to how far patients travel, to tell what that would bring."""


def know_times(
    inputs: Inputs, scenario: Scenario, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame
) -> tuple[tuple[travel.KnownTimes, ...], tuple[str, ...]]:
    """
    Gather the minutes that replace straight lines.

    Parameters
    ----------
    inputs
        With `travel_times` and `roads` where the planner gave them.
    scenario
        Modes, limits, speeds.
    facilities, points
        `FacilityFrame`, `PopulationPointFrame` of every PCN of the map.

    Returns
    -------
    known, notes
        The best first: the table, then roads. And which facilities go by which, and how far straight lines are off.
    """
    by_road, road_notes = _along_roads(inputs.tables.get("roads"), scenario, facilities, points)
    known = (*_from_table(inputs.tables.get("travel_times")), *by_road)
    params = scenario.travel
    notes = [*road_notes]
    for mode in params.modes:
        notes += _tell_bases(mode, [times for times in known if times.mode == mode], facilities, points)
        notes += _tell_cut(mode, known, params)
    if known:
        rurality = candidates.tell_rurality(pd.Series(candidates.measure_density(points), index=points.index))
        notes += travel.tell_errors(travel.compare_straight(facilities, points, params, known, rurality))
    return known, tuple(notes)


def _from_table(times: pd.DataFrame | None) -> Iterator[travel.KnownTimes]:
    if times is None:
        return
    f = TravelTimeFrame
    for mode, rows in times.groupby(f.mode):
        there = rows[rows[f.minutes_min].notna()].reset_index(drop=True)
        yield travel.KnownTimes(
            mode=str(mode),
            basis="matrix",
            facilities=frozenset(rows[f.facility_id]),
            places=frozenset(rows[f.point_id]),
            minutes=there.assign(**{JourneyFrame.basis: "matrix"}),
        )


def _along_roads(
    ways: gpd.GeoDataFrame | None, scenario: Scenario, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame
) -> tuple[list[travel.KnownTimes], list[str]]:
    """Timed a step beyond the limit, so that what the step would bring is known too."""
    if ways is None:
        return [], []
    params = scenario.travel
    farther = params.farther(STEP_M)
    limits = {mode: farther.limit_min(mode) - params.start_min.get(mode, 0.0) for mode in params.modes}
    found, notes = [], []
    for times in roads.time_journeys(ways, facilities, points, scenario.roads, limits):
        minutes = times.minutes[JourneyFrame.minutes_min] + params.start_min.get(times.mode, 0.0)
        found.append(
            travel.KnownTimes(
                mode=times.mode,
                basis="network",
                facilities=times.facilities,
                places=times.points,
                minutes=times.minutes.assign(**{JourneyFrame.minutes_min: minutes}),
            )
        )
        notes.append(times.note)
    return found, notes


def _tell_bases(
    mode: str, known: list[travel.KnownTimes], facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame
) -> list[str]:
    """How many facilities go by which of table, roads and straight line, and for whose patients."""
    words = {"matrix": "by the table of travel times", "network": "along roads"}
    if not known:
        timetable = "give travel_times_transit.csv for journeys by timetable"
        return [f"Journeys by transit are straight lines: an assumption; {timetable}."] if mode == "transit" else []
    left = facilities[FacilityFrame.facility_id]
    parts = []
    patients = points[PopulationPointFrame.patients]
    for times in known:
        mine = left.isin(times.facilities)
        where = travel.are_known(times, points)
        share = patients[where].sum() / max(patients.sum(), 1)
        parts.append(f"{mine.sum():,} {words[times.basis]}, which knows where {share:.1%} of patients live")
        left = left[~mine]
    parts.append(f"{len(left):,} by straight line")
    notes = [f"Journeys by {mode}, facilities: {'; '.join(parts)}. What is not known goes by straight line."]
    whole = [times for times in known if times.basis == "matrix" and _has_pcns(times, points)]
    if whole:
        notes.append(f"Times by {mode} to a whole PCN hold for all its patients: all of them are in reach, or none.")
    return notes


def _has_pcns(times: travel.KnownTimes, points: gpd.GeoDataFrame) -> bool:
    return bool(points[PopulationPointFrame.pcn_code].isin(times.places).any())


def _tell_cut(mode: str, known: tuple[travel.KnownTimes, ...], params: TravelParams) -> list[str]:
    """A table that ends below the limit: perhaps whoever made it left out what is farther."""
    notes = []
    for times in known:
        longest = times.minutes[JourneyFrame.minutes_min].max()
        if times.mode == mode and times.basis == "matrix" and longest < params.limit_min(mode):
            notes.append(
                f"The longest journey by {mode} in the table takes {longest:.1f} minutes, and patients travel up to "
                f"{params.limit_min(mode):g}: if the table was cut off there, those farther off count as out of reach."
            )
    return notes
