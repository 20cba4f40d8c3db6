"""Community services from an Open Referral UK feed: what they are, who offers them, where, for which ages.

Contacts, telephone numbers and addresses of mail are never taken, nor is any free text that describes a service.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ..schema import OpportunityFrame
from ..schema.open_referral import PATHWAY, TAXONOMY
from ..schema.words import LIST_SEPARATOR
from ..validate import Loaded, account, accounting_frame, check_frame
from ._open_referral_forms import Json, Listed, Offered, open_lists
from ._opportunities import NOT_STATED
from ._services import EASTING, NORTHING, Mended, clean_text, clean_url, find_places, locate_postcodes, pathways_of
from ._table import say_vintage
from .postcodes import normal_postcode

SOURCE = "open_referral"
_KIND = "service"
_STATUSES = ("inactive", "defunct", "temporarily closed")
_OLDEST = 120
_LATITUDE, _LONGITUDE, _ROW, _ABROAD, _PLACE = "latitude", "longitude", "row", "abroad", "place_id"
_ID = re.compile(r"[A-Za-z0-9_]{1,60}")
_VIRTUAL = "virtual"
_OUTSIDE, _TWICE = "outside England", "the same service stands twice"
F = OpportunityFrame


class _File:
    """What became of the services of one file."""

    def __init__(self, name: str, listed: Listed) -> None:
        self.name, self.listed = name, listed
        self.fates = dict(listed.others)
        """Why not used → rows."""

    def leave(self, reason: str, row: int) -> None:
        self.fates.setdefault(reason, []).append(row)

    def lines(self) -> Iterator[dict[str, object]]:
        left = {row for rows in self.fates.values() for row in rows}
        if len(left) < self.listed.items:
            first = next(row for row in range(1, self.listed.items + 1) if row not in left)
            yield account(self.name, status="used", rows=self.listed.items - len(left), row=first)
        for reason, rows in sorted(self.fates.items()):
            yield account(self.name, status="not_used", rows=len(rows), row=min(rows), reason=reason)


def load_services(path: Path) -> Loaded:
    """
    Load the active services of an Open Referral feed, one row a service and place.

    Parameters
    ----------
    path
        A JSON file, or a folder of its pages: services or services at locations as the API of version 3 returns them
        (one, a page or a list), an organization with its services, or the tables of the standard beside each other.

    Returns
    -------
    loaded
        `OpportunityFrame` sorted by id, metres (EPSG:27700). A place is that of its location where it lies in England,
        else of its postcode. What is online has none and names no venue; what says no place that can be found has none
        either, and its venue is at least "place not stated". Services that are not active, stand twice or are outside
        England are in the account only.

    Raises
    ------
    DataError
        A file is missing, damaged, or no Open Referral JSON.
    """
    path = Path(path)
    lists = [(_File(name, listed), Mended(name)) for name, listed in open_lists(path)]
    seen: dict[str, set[str]] = {}
    rows: list[dict[str, Any]] = []
    # A feed's page of services says no places, and each service by itself does: those that do come first.
    for placed in (True, False):
        for file, mended in lists:
            offered = [item for item in file.listed.offered if bool(item.places) is placed]
            rows += _keep_here(_find_spots(_read_rows(offered, file, mended, seen), mended), file)
    frame, faults = check_frame(_to_frame(rows), F, source=path.name, id_column=F.opportunity_id)
    dates = [str(item.service.get("last_modified", ""))[:10] for file, _ in lists for item in file.listed.offered]
    return Loaded(
        frame=frame,
        source=path.name,
        vintage=_newest(dates),
        faults=tuple(faults),
        repairs=tuple(repair for _, mended in lists for repair in mended.all()),
        accounting=accounting_frame(line for file, _ in lists for line in file.lines()),
        notes=(*_tell(path.name, [file.listed for file, _ in lists]), _say(frame, path.name)),
    )


def _read_rows(
    offered: Iterable[Offered], file: _File, mended: Mended, seen: dict[str, set[str]]
) -> list[dict[str, Any]]:
    """One row a place of each active service that has not been met before, before the places are found."""
    found = []
    for item in offered:
        why = _why_not(item.service)
        key = _key(item.service)
        if why:
            file.leave(why, item.row)
            continue
        base = _describe(item, mended)
        if not base[F.opportunity_name]:
            file.leave("it has no name, or one that is only a contact", item.row)
            continue
        # Without a place it says nothing new of a service that is known, wherever that is.
        places = item.places or ([] if key in seen else [{}])
        fresh = [place for place in places if _key(place) not in seen.get(key, ())]
        if not fresh:
            file.leave(_TWICE, item.row)
        for place in fresh:
            seen.setdefault(key, set()).add(_key(place))
            found.append({_ROW: item.row, F.opportunity_id: key, **base, **_place(place, item.row, mended)})
    return found


def _key(thing: Json) -> str:
    value = thing.get("id")
    return clean_text(str(value))[0] if isinstance(value, (str, int)) else ""


def _why_not(service: Json) -> str:
    """Blank for an active service."""
    if not _key(service):
        return "it has no id"
    status = service.get("status")
    if not isinstance(status, str) or not status.strip():
        return "" if status in (None, "") else "its status is no word of the standard"
    said = " ".join(status.lower().replace("_", " ").split())
    if said == "active":
        return ""
    return f"not active: {said}" if said in _STATUSES else "its status is no word of the standard"


def _describe(item: Offered, mended: Mended) -> dict[str, Any]:
    """All of a service but its place."""
    service, owner = item.service, item.organization
    terms = list(_terms(item))
    activities = list(dict.fromkeys(name for name, _ in terms))
    told = [code for _, code in terms if code]
    pathways = told or pathways_of(activities)
    low, high = _ages(service, item.row, mended)
    return {
        F.opportunity_name: _text(service.get("name"), item.row, "name", mended),
        F.operator_name: _text(owner.get("name"), item.row, "organization.name", mended) or None,
        F.activities: LIST_SEPARATOR.join(activities) or None,
        F.pathways: LIST_SEPARATOR.join(dict.fromkeys(pathways)) or None,
        F.age_min: low,
        F.age_max: high,
        F.url: clean_url(service.get("url")) or clean_url(owner.get("website")) or None,
    }


def _text(value: object, row: int, column: str, mended: Mended) -> str:
    text, contact = clean_text(value)
    if contact:
        # What was taken out is not repeated.
        mended.tell(row, column, "", text, "an e-mail address or a telephone number was left out")
    return text


def _terms(item: Offered) -> Iterator[tuple[str, str]]:
    """Terms that classify a service, each with the pathway that geomap itself wrote into it; blank otherwise."""
    for attribute in item.terms:
        term = attribute.get("taxonomy_term", attribute.get("taxonomy"))
        if not isinstance(term, dict):
            continue
        taxonomy = term.get("taxonomy")
        own = isinstance(taxonomy, str) and taxonomy.startswith(TAXONOMY)
        if own and taxonomy != f"{TAXONOMY}{PATHWAY}":
            continue  # who delivers it, and how
        name = clean_text(term.get("term"))[0] or clean_text(term.get("name"))[0]
        code = str(term.get("code", "")) if own else ""
        if name:
            yield name.replace(LIST_SEPARATOR, ","), code if _ID.fullmatch(code) else ""


def _ages(service: Json, row: int, mended: Mended) -> tuple[float, float]:
    """Ages from 0 to 120; missing where there is no limit."""
    older = service.get("eligibilitys")
    told = older[0] if isinstance(older, list) and older and isinstance(older[0], dict) else service
    ages = []
    for column in ("minimum_age", "maximum_age"):
        value = told.get(column, service.get(column))
        age = _number(value)
        if value is not None and not 0 <= age <= _OLDEST:
            mended.tell(row, column, value, "", f"this is no age from 0 to {_OLDEST}, and was passed over")
            age = math.nan
        ages.append(age)
    if ages[0] > ages[1]:
        said = "the lowest age is above the highest; both were passed over"
        mended.tell(row, "minimum_age", ages[0], "", said)
        return math.nan, math.nan
    return ages[0], ages[1]


def _number(value: object) -> float:
    """A number, or a text that is one; else not a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _place(place: Json, row: int, mended: Mended) -> dict[str, Any]:
    """What a location says of where it is."""
    virtual = place.get("location_type") == "virtual"
    addresses = place.get("addresses", place.get("physical_addresses"))
    first = next((a for a in addresses if isinstance(a, dict)), {}) if isinstance(addresses, list) else {}
    code = clean_text(first.get("postal_code"))[0]
    return {
        _PLACE: _key(place),
        _VIRTUAL: virtual,
        F.venue_name: None if virtual else _text(place.get("name"), row, "location.name", mended) or None,
        F.postcode: "" if virtual else normal_postcode(code),
        _LATITUDE: math.nan if virtual else _number(place.get(_LATITUDE)),
        _LONGITUDE: math.nan if virtual else _number(place.get(_LONGITUDE)),
    }


def _find_spots(rows: list[dict[str, Any]], mended: Mended) -> pd.DataFrame:
    """The rows with `easting` and `northing`, and which are outside England."""
    columns = [_ROW, F.opportunity_id, _PLACE, _VIRTUAL, F.venue_name, F.postcode, _LATITUDE, _LONGITUDE]
    frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else columns)
    given = frame[[_LATITUDE, _LONGITUDE]].astype("float64")
    spots, swapped, abroad = find_places(given[_LATITUDE], given[_LONGITUDE])
    lost = spots[EASTING].isna()
    codes = frame[F.postcode].astype("str")
    located, elsewhere = locate_postcodes(codes.where(lost, ""))
    stated = given.notna().any(axis=1)
    wrong = stated & lost & ~(abroad & located[EASTING].isna())
    for mask, taken, said in (
        (swapped, "", "latitude and longitude were the wrong way round and have been exchanged"),
        (wrong & located[EASTING].notna(), "the postcode", "this is no place in England; the postcode was used"),
        (wrong & located[EASTING].isna(), "", "this is no place in England, and no postcode tells another"),
    ):
        for at in frame.index[mask]:
            value = f"{given.at[at, _LATITUDE]:g}, {given.at[at, _LONGITUDE]:g}"
            mended.tell(int(frame.at[at, _ROW]), "location.latitude, longitude", value, taken, said)
    known = (codes != "") & (located[EASTING].notna() | ~lost)
    return frame.assign(
        **{
            EASTING: spots[EASTING].fillna(located[EASTING]),
            NORTHING: spots[NORTHING].fillna(located[NORTHING]),
            _ABROAD: (abroad & located[EASTING].isna()) | (lost & elsewhere),
            F.postcode: codes.where(known),
        }
    )


def _keep_here(frame: pd.DataFrame, file: _File) -> list[dict[str, Any]]:
    """Of each service its places in England; where it has none, itself without a place, unless it is elsewhere."""
    kept = []
    for row, places in frame.groupby(_ROW, sort=True):
        here = places[places[EASTING].notna() | places[_VIRTUAL]]
        if here.empty:
            unplaced = places[~places[_ABROAD]]
            if unplaced.empty:
                file.leave(_OUTSIDE, int(row))
            here = unplaced.head(1).fillna({F.venue_name: NOT_STATED})
        kept += here.to_dict("records")
    return kept


def _to_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows with an id each: that of the service and, where it has several places, of the place, or a number."""
    frame = pd.DataFrame(rows, columns=[*F.to_schema().columns, _PLACE])
    frame = frame.assign(**{F.source: SOURCE, F.kind: _KIND, F.sessions: 0})
    ids = frame[F.opportunity_id].astype("str")
    places = (ids + " " + frame[_PLACE].astype("str")).str.strip()
    ids = ids.mask(ids.duplicated(keep=False), places)
    again = ids.groupby(ids).cumcount()
    ids = ids.where(again == 0, ids + " " + (again + 1).astype("str"))
    return F.declared(frame.assign(**{F.opportunity_id: ids}).sort_values(F.opportunity_id))


def _newest(dates: list[str]) -> str:
    known = sorted(date for date in dates if len(date) == 10 and date[:2] in ("19", "20"))
    return f"last changed {say_vintage(pd.Series(known[-1:], dtype='str'))}" if known else ""


def _tell(source: str, lists: list[Listed]) -> Iterator[str]:
    """What must be known of the file or folder as a whole."""
    here = len({_key(item.service) for listed in lists for item in listed.offered})
    told = max((listed.total for listed in lists), default=0)
    if told > here:
        yield f"{source} holds {here:,} of the {told:,} services that the feed tells of; the others are not read."
    if any(listed.own for listed in lists):
        yield f"{source} was written by geomap: its services are hours that a bank pledges."


def _say(frame: pd.DataFrame, source: str) -> str:
    placed, served = frame[F.easting].notna().sum(), frame[F.pathways].notna().sum()
    return (
        f"Community services in {source}, each at each of its places: {len(frame):,}. {placed:,} of them have a place "
        f"in England, and {served:,} could serve a pathway by the terms that classify them."
    )
