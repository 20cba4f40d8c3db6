"""Roads and paths from an extract of OpenStreetMap: who may use each way, in which direction, and how fast at most."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..schema import RoadFrame
from ..schema.words import CRS
from ..validate import Loaded, account, accounting_frame, check_frame
from ._raw import refuse
from ._read import read_roads

_REMEDY = "Choose an extract that covers the area of your run."
_NO_ROADS = (
    "abandoned", "bus_guideway", "busway", "construction", "demolished", "elevator", "emergency_bay", "escape", "no",
    "platform", "proposed", "raceway", "razed", "rest_area", "services", "via_ferrata",
)  # fmt: skip
"""What nobody walks or drives along."""
_NO_WALKING = ("motorway", "motorway_link")
_CLOSED = (
    "agricultural", "delivery", "emergency", "forestry", "military", "no", "permit", "private", "use_sidepath",
)  # fmt: skip
"""Values of a tag of access that shut the public out."""
_FOOT, _CAR = ("foot", "access"), ("motorcar", "motor_vehicle", "vehicle", "access")
"""Tags of access, the most particular first."""
_NO_CARS = (
    "block", "bollard", "bus_trap", "chain", "cycle_barrier", "debris", "fence", "full-height_turnstile", "hedge",
    "horse_stile", "jersey_barrier", "kissing_gate", "log", "motorcycle_barrier", "planter", "stile", "turnstile",
    "wall",
)  # fmt: skip
"""Barriers that stop a car unless they say that one may pass."""
_NO_FEET = ("fence", "hedge", "wall")
_FORWARD, _BACKWARD = ("yes", "true", "1"), ("-1", "reverse")
_ROUND = ("roundabout", "circular")
_MPH_KMH = 1.609344
_NATIONAL_KMH = {"GB:nsl_single": 60 * _MPH_KMH, "GB:nsl_dual": 70 * _MPH_KMH, "GB:motorway": 70 * _MPH_KMH}
_LEAST_KMH = 5.0
_EAST_M, _NORTH_M = 700_000.0, 1_300_000.0
"""How far the National Grid goes."""


def load_roads(path: Path) -> Loaded:
    """
    Load ways that people may walk or drive along, and the barriers on them.

    Parameters
    ----------
    path
        An extract of OpenStreetMap, `.osm.pbf`.

    Returns
    -------
    loaded
        `RoadFrame`, metres; ways that nobody may use are accounted for as not used. Turn restrictions, ferries and
        what is open at some hours only are not told by it.

    Raises
    ------
    DataError
        The file is missing, is no such extract, is damaged, or has no way of Great Britain.
    """
    path = Path(path)
    lines, barriers = read_roads(path)
    if lines.empty:
        raise refuse(path.name, "no roads are in it", _REMEDY)
    ways = _ways(lines)
    shut = ways[RoadFrame.walks].eq("no") & ways[RoadFrame.drives].eq("no")
    frame = pd.concat([ways[~shut], _barriers(barriers)], ignore_index=True)
    frame = gpd.GeoDataFrame(frame, geometry=RoadFrame.geometry, crs=lines.crs).to_crs(CRS)
    _refuse_abroad(frame, path.name)
    good, faults = check_frame(frame, RoadFrame, source=path.name)
    told = [account(path.name, status="used", rows=len(good), row=1)]
    if shut.any():
        reason = "nobody may walk or drive along it"
        told.append(account(path.name, status="not_used", rows=int(shut.sum()), row=1, reason=reason))
    km = good.geometry.length.sum() / 1000
    note = f"{path.name}: {len(good) - len(barriers):,} ways of {km:,.0f} km and {len(barriers):,} barriers."
    return Loaded(
        frame=good.reset_index(drop=True),
        source=path.name,
        faults=tuple(faults),
        accounting=accounting_frame(told),
        notes=(note,),
    )


def _ways(lines: gpd.GeoDataFrame) -> pd.DataFrame:
    highway = lines["highway"].astype("str")
    drives = _direction(lines).where(_may_pass(lines, _CAR, default=True), "no")
    on_foot = _may_pass(lines, _FOOT, default=True) & (~highway.isin(_NO_WALKING) | lines["foot"].eq("yes"))
    nobody = highway.isin(_NO_ROADS)
    return pd.DataFrame(
        {
            RoadFrame.way_id: lines["osm_id"].astype("str"),
            RoadFrame.highway: highway,
            RoadFrame.walks: _both_or_no(on_foot & ~nobody),
            RoadFrame.drives: drives.mask(nobody, "no").astype("str"),
            RoadFrame.limit_kmh: _limit(lines["maxspeed"]),
            RoadFrame.geometry: lines.geometry,
        }
    )


def _barriers(points: gpd.GeoDataFrame) -> pd.DataFrame:
    kind = points["barrier"].astype("str")
    return pd.DataFrame(
        {
            RoadFrame.way_id: points["osm_id"].astype("str"),
            RoadFrame.highway: "barrier",
            RoadFrame.walks: _both_or_no(_may_pass(points, _FOOT, default=~kind.isin(_NO_FEET))),
            RoadFrame.drives: _both_or_no(_may_pass(points, _CAR, default=~kind.isin(_NO_CARS))),
            RoadFrame.limit_kmh: float("nan"),
            RoadFrame.geometry: points.geometry,
        }
    )


def _may_pass(tags: pd.DataFrame, keys: tuple[str, ...], *, default: bool | pd.Series) -> pd.Series:
    """Whether the most particular tag of access that is there lets the public in."""
    told = tags[list(keys)].bfill(axis=1).iloc[:, 0]
    return (~told.isin(_CLOSED)).where(told.notna(), default).astype(bool)


def _both_or_no(may: pd.Series) -> pd.Series:
    return may.map({True: "both", False: "no"}).astype("str")


def _direction(lines: pd.DataFrame) -> pd.Series:
    """How cars may go along the line; motorways and roundabouts have one direction unless they say otherwise."""
    told = lines["oneway"].astype("str").where(lines["oneway"].notna(), "")
    one_way = lines["junction"].isin(_ROUND) | lines["highway"].isin(_NO_WALKING)
    way = pd.Series("both", index=lines.index).mask(one_way & told.eq(""), "forward")
    return way.mask(told.isin(_FORWARD), "forward").mask(told.isin(_BACKWARD), "backward")


def _limit(signs: pd.Series) -> pd.Series:
    """Speed limits in km/h; missing where there is no number, as in `signals`."""
    text = signs.astype("str").str.strip()
    number = pd.to_numeric(text.str.extract(r"^(\d+(?:\.\d+)?)(?:\s*(?:mph|km/h))?$")[0], errors="coerce")
    limit = number.where(~text.str.endswith("mph"), number * _MPH_KMH)
    return limit.fillna(text.map(_NATIONAL_KMH)).where(lambda kmh: kmh.ge(_LEAST_KMH)).astype("float64")


def _refuse_abroad(frame: gpd.GeoDataFrame, source: str) -> None:
    west, south, east, north = frame.total_bounds
    if not (west < _EAST_M and east > 0 and south < _NORTH_M and north > 0):
        raise refuse(source, "no roads of Great Britain are in it", _REMEDY)
