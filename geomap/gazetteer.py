"""Names to find one's way by: towns, local authorities, postcode districts; and the leisure sites beside the bank's.

A name stands where practices with that name in their address stand, so it needs no list of places from elsewhere.
"""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .schema import (
    FacilityFrame,
    ListSizeFrame,
    PlaceFrame,
    PopulationPointFrame,
    PracticeFrame,
    PracticePlaceFrame,
    TownFrame,
    VenueFrame,
)
from .schema.words import CRS
from .validate import check_frame

_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})")
_ONE_PLACE_M = 15_000.0
"""Practices of one name that stand no further apart than this, one from the next, are of one place."""
_MOST_PAIRS_NEAR = 24
"""Neighbours looked at to join practices of one place: enough to get from one side of a town to the other."""
_LEAST_PRACTICES = 2
"""Practices that must name a part of a town: of one alone it may be a street."""
_SAME_SITE_M = 50.0
_SAME_POSTCODE_M = 200.0
"""How far a facility that was placed by its postcode may stand from where it is."""
_NAME, _PATIENTS, _X, _Y = "name", "patients", "x", "y"


def build_places(
    practices: pd.DataFrame,
    spots: gpd.GeoDataFrame,
    list_sizes: pd.DataFrame,
    *,
    towns: pd.DataFrame | None = None,
    authorities: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """
    Name the places of a run, each at the practice nearest to the middle of its patients.

    Parameters
    ----------
    practices
        `PracticeFrame` of the run.
    spots
        `PracticePlaceFrame`.
    list_sizes
        `ListSizeFrame`.
    towns
        `TownFrame`, where addresses were given. Parts of towns that two practices or more name are places too. Of
        places more than 15 km apart that share a name, all but the largest carry their postcode area behind it.
    authorities
        `practice_code` → name of the local authority; used where there are no `towns`.

    Returns
    -------
    places
        `PlaceFrame` sorted by kind and name, metres (EPSG:27700): towns or authorities, and postcode districts.
        Patients are those of the practices that name the place.
    """
    table = _place_people(practices, spots, list_sizes)
    parts = [_gather(table.assign(**{_NAME: table["district"]}), "postcode_district")]
    if towns is not None:
        parts.append(_tell_apart(_name_towns(table, towns)))
    elif authorities is not None:
        named = table.assign(**{_NAME: table[PracticeFrame.practice_code].map(authorities)})
        parts.append(_gather(named, "authority"))
    places = pd.concat(parts, ignore_index=True)
    keys = [PlaceFrame.place_kind, PlaceFrame.place_name, _X, _Y]
    places = places.sort_values(keys, ignore_index=True)
    points = gpd.points_from_xy(places[_X], places[_Y], crs=CRS)
    columns = [PlaceFrame.place_kind, PlaceFrame.place_name, PlaceFrame.patients]
    return check_frame(gpd.GeoDataFrame(places[columns], geometry=points), PlaceFrame, source="places")[0]


def _place_people(practices: pd.DataFrame, spots: gpd.GeoDataFrame, list_sizes: pd.DataFrame) -> pd.DataFrame:
    """Practices sorted by code with metres, patients, and the outward part and the letters of their postcode."""
    size = list_sizes.groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
    place = spots.set_index(PracticePlaceFrame.practice_code).geometry
    table = practices[[PracticeFrame.practice_code, PracticeFrame.postcode]]
    table = table.sort_values(PracticeFrame.practice_code, ignore_index=True)
    code = table[PracticeFrame.practice_code]
    district = table[PracticeFrame.postcode].str.replace(r"\s", "", regex=True).str.upper()
    district = district.str.extract(rf"^{_POSTCODE.pattern}$")[0]
    return table.assign(
        **{
            _PATIENTS: code.map(size).fillna(0).astype("int64"),
            _X: code.map(place.x),
            _Y: code.map(place.y),
            "district": district,
            "area": district.str.extract(r"^([A-Z]+)")[0],
        }
    )


def _name_towns(table: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """A row a practice and name: its town, and the part of the town where another practice names it too."""
    code = PracticeFrame.practice_code
    told = table.merge(towns, left_on=code, right_on=TownFrame.practice_code, how="inner", validate="one_to_one")
    whole = told.assign(**{_NAME: told[TownFrame.town]})
    part = told.assign(**{_NAME: told[TownFrame.locality]})[told[TownFrame.locality].notna()]
    known = part[_NAME].isin(whole[_NAME])
    often = part.groupby([_NAME, TownFrame.town])[code].transform("size") >= _LEAST_PRACTICES
    return pd.concat([whole, part[known | often]]).drop_duplicates([code, _NAME], ignore_index=True)


def _tell_apart(named: pd.DataFrame) -> pd.DataFrame:
    """Places of one name that lie apart; all but the largest carry their postcode area behind the name."""
    if named.empty:
        return _gather(named, "town")
    named = named.assign(cluster=_cluster(named))
    area = named.groupby(["cluster", "area"], as_index=False)[_PATIENTS].sum()
    area = area.sort_values(["cluster", _PATIENTS, "area"], ascending=[True, False, True]).drop_duplicates("cluster")
    order = named.groupby([_NAME, "cluster"], as_index=False)[_PATIENTS].sum()
    order = order.assign(area=order["cluster"].map(area.set_index("cluster")["area"]))
    order = order.sort_values([_NAME, _PATIENTS, "area"], ascending=[True, False, True])
    later = order[_NAME].duplicated() & order["area"].notna()
    shown = order[_NAME].where(~later, order[_NAME] + " (" + order["area"] + ")").to_numpy()
    shown = named["cluster"].map(dict(zip(order["cluster"], shown, strict=True)))
    return _gather(named.assign(**{_NAME: shown}), "town")


def _cluster(named: pd.DataFrame) -> np.ndarray:
    """
    A number for each row, the same for rows of one name that belong together.

    They do where they are within 15 km of one another, step by step, or in one postcode area.
    """
    name = pd.factorize(named[_NAME], sort=True)[0]
    # Names stand on floors so far apart that no practice is near one on another floor.
    points = np.column_stack([named[[_X, _Y]].to_numpy(), name * 10 * _ONE_PLACE_M])
    near, other = cKDTree(points).query(
        points, k=min(_MOST_PAIRS_NEAR, len(points)), distance_upper_bound=_ONE_PLACE_M
    )
    other = other.reshape(len(points), -1)
    first, rank = np.nonzero(np.isfinite(near.reshape(other.shape)))
    same = named.assign(row=np.arange(len(named))).groupby([_NAME, "area"])["row"].transform("min")
    known = same.notna().to_numpy()
    start = np.concatenate([first, np.flatnonzero(known)])
    end = np.concatenate([other[first, rank], same[known].astype("int64")])
    links = coo_array((np.ones(len(start)), (start, end)), shape=(len(points), len(points)))
    return connected_components(links, directed=False)[1]


def _gather(named: pd.DataFrame, kind: str) -> pd.DataFrame:
    """One row a name: its patients, and the practice nearest to their middle, so that it is never at sea."""
    named = named[named[_NAME].notna()]
    weight = named[_PATIENTS].clip(lower=1)
    middle = named[[_X, _Y]].mul(weight, axis=0).groupby(named[_NAME]).transform("sum")
    middle = middle.div(weight.groupby(named[_NAME]).transform("sum"), axis=0)
    away = np.hypot(named[_X] - middle[_X], named[_Y] - middle[_Y]).round(3)
    nearest = named.assign(away=away).sort_values([_NAME, "away", PracticeFrame.practice_code])
    nearest = nearest.drop_duplicates(_NAME).set_index(_NAME)
    patients = named.groupby(_NAME)[_PATIENTS].sum()
    return pd.DataFrame(
        {
            PlaceFrame.place_kind: pd.Series(kind, index=patients.index, dtype="str"),
            PlaceFrame.place_name: patients.index.astype("str"),
            PlaceFrame.patients: patients.astype("int64"),
            _X: nearest[_X].reindex(patients.index),
            _Y: nearest[_Y].reindex(patients.index),
        }
    ).reset_index(drop=True)


def find_other_facilities(
    venues: pd.DataFrame | None, facilities: gpd.GeoDataFrame, everyone: gpd.GeoDataFrame, here: pd.Series
) -> pd.DataFrame:
    """
    Public leisure sites that are not the bank's, and whose nearest patients are of this run.

    A site is the bank's where one of its facilities stands within 50 m, or 200 m where that was placed by postcode. A
    facility that was placed by its site number stands on the site itself.

    Parameters
    ----------
    venues
        `VenueFrame`; `None` where no list of sites was given.
    facilities
        `FacilityFrame` of the whole bank.
    everyone
        `PopulationPointFrame`, n rows.
    here
        Shape (n,): which of them are of this run.

    Returns
    -------
    others
        `VenueFrame` sorted by site.
    """
    if venues is None or venues.empty:
        return VenueFrame.no_rows()
    spots = venues[[VenueFrame.easting, VenueFrame.northing]].to_numpy()
    keep = np.ones(len(venues), dtype=bool)
    by_postcode = facilities[FacilityFrame.location_basis] == "postcode"
    for chosen, reach_m in ((~by_postcode, _SAME_SITE_M), (by_postcode, _SAME_POSTCODE_M)):
        if chosen.any():
            away, _ = _points(facilities[chosen]).query(spots, distance_upper_bound=reach_m)
            keep &= ~np.isfinite(away)
    keep &= nearest_is_here(spots, everyone, here)
    return venues[keep].sort_values(VenueFrame.site_id, ignore_index=True)


def nearest_is_here(spots: np.ndarray, everyone: gpd.GeoDataFrame, here: pd.Series) -> np.ndarray:
    """
    Which spots have patients of this run nearest to them.

    Parameters
    ----------
    spots
        Easting and northing in metres, shape (m, 2).
    everyone
        `PopulationPointFrame`, n rows.
    here
        Shape (n,): which of them are of this run.
    """
    if here.all() or not len(spots):
        return np.ones(len(spots), dtype=bool)
    _, nearest = _points(everyone).query(spots)
    return here.to_numpy()[nearest]


def _points(frame: gpd.GeoDataFrame) -> cKDTree:
    geometry = frame[PopulationPointFrame.geometry]
    return cKDTree(np.column_stack([geometry.x, geometry.y]))
