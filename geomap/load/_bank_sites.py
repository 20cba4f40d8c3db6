"""Pledges at a site of Active Places: the facility is made from the site, and needs no row and no postcode."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from ..schema import FacilityFrame, PledgeFrame, VenueFrame
from ..schema.words import CRS, LIST_SEPARATOR
from ._bank_cells import fold_key
from ._bank_draft import Draft
from ._bank_spec import SITE_ID

PREFIX = "AP-"
"""Before the number of a site: the id of the facility that is made from it."""

_APART_M = 1_000.0
"""A facility farther than this from a site is not that site, however its place was found."""

NO_VENUES = "Active Places is not at hand to place this site"
NO_SITE = "no site of Active Places that is open to the public has this number: it is unknown there, closed or private"
_BY_ROW = "give the place a row in facilities with its postcode, and name its facility_id here"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlaces:
    """What pledges at sites are held against."""

    facilities: gpd.GeoDataFrame
    """`FacilityFrame`: the sound rows of the table of facilities."""
    sites: pd.Series
    """By `facility_id` of those, the site that its row names; blank where it names none."""
    venues: pd.DataFrame | None
    """`VenueFrame`, or None where Active Places is not at hand."""


def no_facilities() -> gpd.GeoDataFrame:
    """`FacilityFrame` without a row."""
    return FacilityFrame.no_shapes()


def place_at_sites(
    draft: Draft, owners: dict[str, pd.Series], known: KnownPlaces
) -> tuple[pd.Series, gpd.GeoDataFrame]:
    """
    Find the facility of each pledge that names a site.

    Parameters
    ----------
    draft
        The pledges; receives a fault for each site that is not known or disagrees with the rest of its row.
    owners
        `operator_id` and `facility_id` of every row, as far as the row tells them.
    known
        The facilities and the sites there are.

    Returns
    -------
    facility_ids, made
        `facility_id` of every row, and a `FacilityFrame` row for each that is not in the table of facilities.
    """
    sites = draft.text[SITE_ID]
    named = owners[PledgeFrame.facility_id]
    beside = (sites != "") & (draft.text[PledgeFrame.facility_id] != "")
    _compare(draft, sites[beside & named.notna()], named, known)
    alone = (sites != "") & ~beside
    remedy = "Give the operator_id of whoever gives the hours."
    unsaid = alone & (draft.text[PledgeFrame.operator_id] == "")
    draft.fault(draft.rows(unsaid), PledgeFrame.operator_id, "a pledge at a site does not say whose it is", remedy)
    alone &= owners[PledgeFrame.operator_id].notna()
    wanted = pd.DataFrame({SITE_ID: sites, FacilityFrame.operator_id: owners[PledgeFrame.operator_id]})[alone]
    wanted = _keep_known(draft, wanted, known.venues)
    listed = _listed(draft, wanted, known)
    made = _make_ids(draft, wanted.drop(index=listed.index), known.facilities)
    said = f"no facility was named, so one was made from the site of Active Places ({PREFIX} and its number)"
    draft.note([int(row) for row in made.index], SITE_ID, said)
    ids = pd.concat([listed, made[FacilityFrame.facility_id]])
    return named.fillna(ids.reindex(named.index)), _make(made.drop_duplicates(FacilityFrame.facility_id), known.venues)


def _compare(draft: Draft, sites: pd.Series, named: pd.Series, known: KnownPlaces) -> None:
    """Fault rows whose facility is another place than their site; without a site of its own, by where it stands."""
    spots = known.facilities.set_index(FacilityFrame.facility_id).geometry
    venues = pd.DataFrame() if known.venues is None else known.venues.set_index(VenueFrame.site_id)
    remedy = "Correct one of the two, or leave site_id empty."
    for row, site in sites.items():
        facility = named[row]
        own = known.sites.get(facility, "")
        if own and own != site:
            draft.fault([int(row)], SITE_ID, f"the facility {facility} stands at site {own}", remedy)
        elif not own and site not in venues.index:
            problem = NO_VENUES if known.venues is None else NO_SITE
            this = pd.Series(draft.text.index == row, index=draft.text.index)
            draft.repair(this, SITE_ID, f"{problem}; the facility_id was used", "")
        elif not own:
            there, here = venues.loc[site], spots[facility]
            away = np.hypot(there[VenueFrame.easting] - here.x, there[VenueFrame.northing] - here.y)
            if away > _APART_M:
                problem = f"the facility {facility} lies {away / 1000:,.1f} km from this site"
                draft.fault([int(row)], SITE_ID, problem, remedy)


def _keep_known(draft: Draft, wanted: pd.DataFrame, venues: pd.DataFrame | None) -> pd.DataFrame:
    """The rows whose site is known; the others are faults."""
    if venues is None:
        remedy = f"Add activeplacescsvs.zip to the official files, or {_BY_ROW}."
        draft.fault(draft.rows(pd.Series(True, index=wanted.index)), SITE_ID, NO_VENUES, remedy)
        return wanted.iloc[:0]
    there = wanted[SITE_ID].isin(venues[VenueFrame.site_id])
    remedy = f"Correct the number; if it is right and the place can be used all the same, {_BY_ROW}."
    draft.fault(draft.rows(~there), SITE_ID, NO_SITE, remedy)
    return wanted[there]


def _listed(draft: Draft, wanted: pd.DataFrame, known: KnownPlaces) -> pd.Series:
    """Facilities of the same operator whose row names the site: the place is in the table, and is not made again."""
    own = known.facilities[[FacilityFrame.facility_id, FacilityFrame.operator_id]]
    own = own.assign(**{SITE_ID: own[FacilityFrame.facility_id].map(known.sites).astype("str")})
    by_place = own[own[SITE_ID].fillna("") != ""].groupby([SITE_ID, FacilityFrame.operator_id])
    ids = {place: sorted(rows) for place, rows in by_place[FacilityFrame.facility_id]}
    found = {}
    for row, site, operator in wanted[[SITE_ID, FacilityFrame.operator_id]].itertuples():
        here = ids.get((site, operator), [])
        if len(here) > 1:
            problem = f"{len(here)} facilities of the operator stand at this site: {', '.join(here)}"
            draft.fault([int(row)], SITE_ID, problem, "Name the facility_id of the one that is meant.")
        if here:
            found[row] = here[0]
    draft.note([int(row) for row in found], SITE_ID, "the row of facilities that names the same site was taken")
    return pd.Series(found, dtype="str")


def _make_ids(draft: Draft, wanted: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """`facility_id` beside site and operator: the site's number, and the operator too where several pledge there."""
    ids = PREFIX + wanted[SITE_ID]
    several = wanted.groupby(SITE_ID)[FacilityFrame.operator_id].transform("nunique") > 1
    ids = ids.where(~several, ids + "-" + wanted[FacilityFrame.operator_id])
    taken = ids.map(fold_key).isin(set(facilities[FacilityFrame.facility_id].map(fold_key)))
    for row in draft.rows(taken):
        problem = f"the facility of this site would be called {ids[row]}, which is another facility's id"
        draft.fault([row], SITE_ID, problem, "Name the facility_id, or give that facility another id.")
    return wanted.assign(**{FacilityFrame.facility_id: ids.astype("str")})[~taken]


def _make(wanted: pd.DataFrame, venues: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """`FacilityFrame` rows; the first kind of venue of a site is its kind, and it can host what the others can too."""
    if wanted.empty:
        return no_facilities()
    f = FacilityFrame
    sites = venues.set_index(VenueFrame.site_id).loc[wanted[SITE_ID]]
    kinds = sites[VenueFrame.venue_types].str.partition(LIST_SEPARATOR)
    frame = pd.DataFrame(
        {
            f.facility_id: wanted[f.facility_id].to_numpy(),
            f.operator_id: wanted[f.operator_id].to_numpy(),
            f.facility_name: sites[VenueFrame.site_name].fillna("Active Places site " + sites.index.to_series()).array,
            f.venue_type: kinds[0].array,
            f.other_venue_types: kinds[2].where(kinds[2] != "").array,
            f.postcode: sites[VenueFrame.postcode].str.replace(" ", "").array,
            f.access_notes: None,
            f.location_basis: "site_id",
        }
    )
    points = gpd.points_from_xy(sites[VenueFrame.easting], sites[VenueFrame.northing])
    columns = [name for name in f.to_schema().columns if name != f.geometry]
    return gpd.GeoDataFrame(frame[columns].astype("str"), geometry=points, crs=CRS)
