"""Place facilities in England: by grid reference, by latitude and longitude, by Active Places site, by postcode."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..schema import FacilityFrame, PostcodeFrame, VenueFrame
from ..schema.words import CRS
from ._bank_cells import blank_as_missing
from ._bank_draft import Draft
from ._bank_spec import EASTING, LATITUDE, LONGITUDE, NORTHING, SITE_ID
from ._read import text_to_number
from ._text import tell_strange_letters
from .postcodes import normal_postcode

_WGS84 = "EPSG:4326"
_FAR_M = 10_000.0
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")

# England with Scilly, Lundy and the Farnes, and 3 to 15 km to spare all round: corners in kilometres of the National
# Grid, drawn round the ONS local authority boundaries (OGL). It finds points in the sea, in another nation or with
# their two numbers swapped; whether a place is just over a border is for the postcode to say.
_ENGLAND_KM = (
    (80, 2), (80, 20), (123, 26), (130, 45), (208, 108), (206, 158), (230, 139), (249, 160), (309, 155), (342, 189),
    (314, 232), (304, 283), (311, 336), (327, 351), (306, 387), (319, 450), (282, 516), (301, 561), (402, 669),
    (436, 644), (456, 547), (536, 477), (530, 459), (569, 357), (625, 354), (661, 326), (657, 245), (609, 182),
    (648, 179), (648, 140), (615, 106), (561, 83), (504, 89), (451, 63), (417, 78), (368, 56), (338, 80), (306, 68),
    (288, 26), (215, 38), (173, 0),
)  # fmt: skip


def in_england(easting: pd.Series, northing: pd.Series) -> pd.Series:
    """Whether points lie in a generous outline of England; missing points do not."""
    outline = shapely.Polygon([(1000 * x, 1000 * y) for x, y in _ENGLAND_KM])
    shapely.prepare(outline)
    x, y = easting.to_numpy("float64"), northing.to_numpy("float64")
    known = np.isfinite(x) & np.isfinite(y)
    inside = np.zeros(len(x), dtype=bool)
    inside[known] = shapely.contains_xy(outline, x[known], y[known])
    return pd.Series(inside, index=easting.index)


def place_facilities(
    draft: Draft, locate_postcodes: Callable[[Iterable[str]], pd.DataFrame], venues: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """
    Find each facility's point.

    The first of these that is filled in counts: easting and northing; latitude and longitude; `site_id`; postcode.
    A site that is not known passes on to the postcode where there is one.

    Parameters
    ----------
    draft
        The facilities; receives a fault for each that cannot be placed, and notes of repairs.
    locate_postcodes
        Postcodes without spaces → `PostcodeFrame` of those that exist.
    venues
        `VenueFrame`, or None where Active Places is not at hand.

    Returns
    -------
    placed
        `postcode`, `location_basis` and `geometry` (EPSG:27700) of every row; the last two missing where there is
        a fault.
    """
    postcodes = draft.text[FacilityFrame.postcode].map(normal_postcode).astype("str")
    _tell_postcodes(draft, postcodes)
    located = _locate(postcodes, locate_postcodes)
    spots = pd.DataFrame({EASTING: np.nan, NORTHING: np.nan}, index=draft.text.index)
    basis = pd.Series(np.nan, index=spots.index, dtype="str")
    waiting = pd.Series(True, index=spots.index)
    for name, find in (
        ("coordinates", lambda rows: _by_grid(draft)),
        ("coordinates", lambda rows: _by_degrees(draft, rows)),
        ("site_id", lambda rows: _by_site(draft, rows, venues)),
        ("postcode", lambda rows: _by_postcode(draft, rows & (postcodes != ""), located)),
    ):
        found = find(waiting)
        spots.loc[found.index] = found
        basis[found.index[found[EASTING].notna()]] = name
        waiting[found.index] = False
    _fault_no_place(draft, waiting)
    _compare_postcodes(draft, spots, basis, located)
    return gpd.GeoDataFrame(
        {FacilityFrame.postcode: blank_as_missing(postcodes), FacilityFrame.location_basis: basis},
        geometry=gpd.points_from_xy(spots[EASTING], spots[NORTHING]),
        index=spots.index,
        crs=CRS,
    )


def _tell_postcodes(draft: Draft, postcodes: pd.Series) -> None:
    """Tell of small letters, and of spaces anywhere but before the last three characters."""
    text = draft.text[FacilityFrame.postcode]
    spaced = postcodes.str.slice(stop=-3) + " " + postcodes.str.slice(start=-3)
    odd = (text != postcodes) & (text != spaced)
    draft.mend(draft.rows(odd), FacilityFrame.postcode, "the postcode was read in its usual spelling", spaced)


def _locate(postcodes: pd.Series, locate_postcodes: Callable[[Iterable[str]], pd.DataFrame]) -> pd.DataFrame:
    """Easting, northing and district of each facility's postcode; missing where it has none or it does not exist."""
    wanted = sorted(set(postcodes) - {""})
    columns = [PostcodeFrame.easting, PostcodeFrame.northing, PostcodeFrame.lad_code]
    if not wanted:
        return pd.DataFrame(index=postcodes.index, columns=columns, dtype="float64").astype({columns[2]: "str"})
    found = locate_postcodes(wanted).set_index(PostcodeFrame.postcode)[columns]
    return found.astype({PostcodeFrame.lad_code: "str"}).reindex(postcodes).set_axis(postcodes.index)


def _pairs(draft: Draft, waiting: pd.Series, columns: tuple[str, str]) -> pd.DataFrame:
    """Numbers of both columns where either is filled in; a half pair or a word is a fault, and both go missing."""
    text = draft.text[list(columns)][waiting]
    text = text[(text != "").any(axis=1)]
    pairs = pd.DataFrame(index=text.index, columns=list(columns), dtype="float64")
    for column, other in (columns, columns[::-1]):
        pairs[column], bad = text_to_number(text[column])
        draft.fault(draft.rows(bad), column, "this is not a number", "Give figures only.")
        draft.fault(
            draft.rows(text[column] == ""), column, f"{other} is given without {column}", "Give both, or neither."
        )
    return pairs.where(pairs.notna().all(axis=1))


def _settle(draft: Draft, pairs: pd.DataFrame, spots: pd.DataFrame, swapped: pd.DataFrame) -> pd.DataFrame:
    """Keep spots in England, take the swapped ones that are and say so, and fault the rest."""
    first, second = pairs.columns
    known = pairs[first].notna()
    zero = known & (pairs == 0).all(axis=1)
    remedy = "Give the true place, or leave both empty and give the postcode."
    draft.fault(draft.rows(zero), first, f"{first} 0 with {second} 0 is no place in England", remedy)
    inside = in_england(spots[EASTING], spots[NORTHING])
    turned = ~inside & in_england(swapped[EASTING], swapped[NORTHING])
    said = f"{first} and {second} were the wrong way round and have been exchanged"
    draft.repair(turned, first, said, draft.text[second])
    draft.mend(draft.rows(turned), second, said, draft.text[first])
    outside = known & ~inside & ~turned
    remedy = f"Correct {first} and {second}, or leave both empty and give the postcode."
    draft.fault(draft.rows(outside), first, f"{first} and {second} lie outside England", remedy)
    return spots.where(inside, swapped.where(turned))


def _by_grid(draft: Draft) -> pd.DataFrame:
    everywhere = pd.Series(True, index=draft.text.index)
    pairs = _pairs(draft, everywhere, (EASTING, NORTHING))
    degrees = (pairs.abs() <= 180).all(axis=1) & (pairs != 0).any(axis=1)
    remedy = f"Head these columns {LATITUDE} and {LONGITUDE}, or give metres of the National Grid."
    draft.fault(draft.rows(degrees), EASTING, "degrees stand where metres belong", remedy)
    swapped = pairs.set_axis([NORTHING, EASTING], axis=1)[[EASTING, NORTHING]]
    return _settle(draft, pairs, pairs, swapped)


def _by_degrees(draft: Draft, waiting: pd.Series) -> pd.DataFrame:
    pairs = _pairs(draft, waiting, (LATITUDE, LONGITUDE))
    metres = (pairs.abs() > 180).any(axis=1)
    remedy = f"Head these columns {EASTING} and {NORTHING}, or give degrees."
    draft.fault(draft.rows(metres), LATITUDE, "metres stand where degrees belong", remedy)
    return _settle(
        draft,
        pairs,
        _degrees_to_metres(pairs[LATITUDE], pairs[LONGITUDE]),
        _degrees_to_metres(pairs[LONGITUDE], pairs[LATITUDE]),
    )


def _degrees_to_metres(latitude: pd.Series, longitude: pd.Series) -> pd.DataFrame:
    """WGS 84 degrees to National Grid metres; far from Britain the projection does not hold, so those go missing."""
    near = latitude.between(49, 62) & longitude.between(-10, 5)
    points = gpd.GeoSeries(gpd.points_from_xy(longitude[near], latitude[near]), index=latitude.index[near], crs=_WGS84)
    metres = points.to_crs(CRS)
    return pd.DataFrame({EASTING: metres.x, NORTHING: metres.y}, dtype="float64").reindex(latitude.index)


def _by_site(draft: Draft, waiting: pd.Series, venues: pd.DataFrame | None) -> pd.DataFrame:
    """Rows with a site that is known, or with neither a known site nor a postcode to fall back on."""
    sites = draft.text[SITE_ID][waiting]
    sites = sites[sites != ""]
    columns = [VenueFrame.easting, VenueFrame.northing]
    if venues is None:
        found = pd.DataFrame(np.nan, index=sites.index, columns=columns)
        problem = "Active Places is not at hand to place this site"
        remedy = "Add it to the official files, or give the postcode, or easting and northing."
    else:
        found = venues.set_index(VenueFrame.site_id)[columns].reindex(sites).set_axis(sites.index)
        problem = "no site of Active Places that is open to the public has this number"
        remedy = "Correct it, or give the postcode, or easting and northing."
    lost = found[EASTING].isna()
    fallback = lost & (draft.text.loc[sites.index, FacilityFrame.postcode] != "")
    draft.repair(fallback, SITE_ID, f"{problem}; the postcode was used", "")
    draft.fault(draft.rows(lost & ~fallback), SITE_ID, problem, remedy)
    return found[~fallback]


def _by_postcode(draft: Draft, waiting: pd.Series, located: pd.DataFrame) -> pd.DataFrame:
    found = located[waiting]
    plain = draft.text[FacilityFrame.postcode][waiting].map(normal_postcode).astype("str")
    lost = found[PostcodeFrame.easting].isna()
    partial = lost & ~plain.str.fullmatch(_POSTCODE)
    remedy = f"Correct the postcode or give {EASTING} and {NORTHING}."
    for row in draft.rows(partial):
        strange = tell_strange_letters(plain[row])
        problem = f"this is not a whole postcode{f': {strange}' if strange else ''}"
        draft.fault([row], FacilityFrame.postcode, problem, remedy)
    draft.fault(draft.rows(lost), FacilityFrame.postcode, "there is no such postcode in Great Britain", remedy)
    abroad = ~lost & ~found[PostcodeFrame.lad_code].fillna("E").str.startswith("E")
    spots = found[[PostcodeFrame.easting, PostcodeFrame.northing]].astype("float64")
    abroad |= ~lost & ~in_england(spots[EASTING], spots[NORTHING])
    draft.fault(draft.rows(abroad), FacilityFrame.postcode, "the postcode is not in England", remedy)
    return spots.where(~abroad)


def _fault_no_place(draft: Draft, waiting: pd.Series) -> None:
    online = draft.text[FacilityFrame.venue_type].str.casefold() == "online"
    column = next((c for c in (FacilityFrame.postcode, EASTING, LATITUDE, SITE_ID) if draft.has(c)), EASTING)
    remedy = "Leave it out and let its digital pledges name operator_id instead, or say where it is run from."
    draft.fault(draft.rows(waiting & online), column, "an online facility has no place", remedy)
    remedy = f"Give {EASTING} and {NORTHING}, {LATITUDE} and {LONGITUDE}, {SITE_ID} or the postcode."
    draft.fault(draft.rows(waiting), column, "nothing says where the facility is", remedy)


def _compare_postcodes(draft: Draft, spots: pd.DataFrame, basis: pd.Series, located: pd.DataFrame) -> None:
    """Note facilities placed otherwise whose postcode does not exist or lies elsewhere; the place given is kept."""
    column = FacilityFrame.postcode
    otherwise = basis.notna() & (basis != column) & (draft.text[column] != "")
    unknown = otherwise & located[PostcodeFrame.easting].isna()
    draft.repair(unknown, column, "there is no such postcode in Great Britain; the other place was used", "")
    away = np.hypot(
        located[PostcodeFrame.easting].astype("float64") - spots[EASTING],
        located[PostcodeFrame.northing].astype("float64") - spots[NORTHING],
    )
    said = f"the place given lies more than {_FAR_M / 1000:.0f} km from the postcode; it was used, but check it"
    draft.repair(otherwise & (away > _FAR_M), column, said, "")
