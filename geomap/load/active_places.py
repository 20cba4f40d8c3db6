"""Leisure sites from Sport England's Active Places export: where they are, what they have, who runs them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import geopandas as gpd
import pandas as pd

from ..errors import Fault
from ..schema import VenueFrame
from ..schema.words import CRS, LIST_SEPARATOR, VENUE_TYPES
from ..validate import Loaded, check_frame
from ._archive import read_text
from ._bank_places import in_england
from ._raw import RawTable, refuse
from ._read import list_members, normal_heading, read_csv, text_to_number
from ._site_names import NAME, POSTCODE, SITE, read_site_names
from ._table import account_rows, cell_faults, no_reason, say_vintage, tell_letters

_FILES = {
    "healthandfitnessgym": "gym",
    "swimmingpools": "pool",
    "sportshalls": "hall",
    "studios": "studio",
    "athletics": "outdoor",
}
"""The files that are read, by name without `_`, and the venue type of their rows; `_site_names` reads their names."""

_STATUS, _CLOSED, _WHY = "Operational Status", "Closed Date", "Closure Reason"
_OPERATOR, _GROUP, _ACCESS = "Operator Name", "Accessibility Type Group (Text)", "Accessibility Type (Text)"
_EAST, _NORTH, _LAT, _LONG = "Easting", "Northing", "Latitude", "Longitude"
_SPELLINGS = {_ACCESS: ("access_type",), _LAT: ("lat",), _LONG: ("lon", "long")}
_HEADINGS = (SITE, NAME, POSTCODE, _STATUS, _CLOSED, _WHY, _OPERATOR, _GROUP, _ACCESS, _EAST, _NORTH, _LAT, _LONG)
_STATUSES = {
    "1": "planned", "2": "under construction", "4": "temporarily closed", "5": "closed",
    "7": "no grass pitches currently marked out", "8": "not known",
}  # fmt: skip
_OPERATING = ("3", "operational")
_SAME_OPERATOR = {"GLL": "Greenwich Leisure Limited"}
_TYPE = "venue_type"
_REMEDY = "Give activeplacescsvs.zip as downloaded from Sport England, or the folder it unpacks to."


def load_venues(path: Path) -> Loaded:
    """
    Load the sites that are operating and not private.

    Parameters
    ----------
    path
        `activeplacescsvs.zip`, or the folder it unpacks to, of any edition.

    Returns
    -------
    loaded
        `VenueFrame` sorted by site: one row a Site ID, its venue types joined by `;` in the vocabulary's order,
        metres (EPSG:27700), its name and postcode where `sites.csv` of the bundle, or the files themselves, tell them.

    Raises
    ------
    DataError
        None of the files is there, one is broken, or no row can be used.
    """
    path = Path(path)
    tables = [(venue_type, read_csv(file, member=member, columns=_wanted_headings()))
              for venue_type, file, member in _find_files(path)]  # fmt: skip
    parts, accounts, faults, notes = [], [], [], []
    for venue_type, raw in tables:
        frame, unused, wrong, said = _choose_rows(raw)
        parts.append(frame.assign(**{_TYPE: venue_type}))
        accounts.append(account_rows(raw, unused, wrong))
        faults += wrong
        notes += [*raw.told, *said]
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        raise refuse(path.name, "no row is an operating place open to the public", _REMEDY)
    frame, said = _one_row_a_site(rows)
    beside = rows[[VenueFrame.site_id, VenueFrame.site_name, VenueFrame.postcode]]
    named = read_site_names(path, frame[VenueFrame.site_id], beside)
    frame = frame.merge(named.names, on=VenueFrame.site_id, how="left", validate="one_to_one")
    frame, more = check_frame(frame, VenueFrame, source=path.name, id_column=VenueFrame.site_id)
    lacking = [name for name, kind in _FILES.items() if kind not in {t for t, _ in tables} and kind != "outdoor"]
    if lacking:
        notes.append(f"Active Places has no {', '.join(f'{name}.csv' for name in lacking)} here.")
    return Loaded(
        frame=frame,
        source=path.name,
        vintage=_vintage(path),
        faults=(*faults, *more),
        repairs=(*(repair for _, raw in tables for repair in raw.repairs), *named.repairs),
        accounting=pd.concat([*accounts, *named.accounting], ignore_index=True),
        notes=(*notes, *said, *named.notes),
    )


def _wanted_headings() -> list[str]:
    return [*_HEADINGS, *(spelling for spellings in _SPELLINGS.values() for spelling in spellings)]


def _find_files(path: Path) -> list[tuple[str, Path, str]]:
    """Venue type, file and member of the zip, in the order of `_FILES`."""
    if path.is_dir():
        names = {_stem(file.name): (file, "") for file in sorted(path.glob("*.csv"))}
    elif path.suffix.lower() == ".zip":
        names = {_stem(name): (path, name) for name in list_members(path) if name.lower().endswith(".csv")}
    else:
        raise refuse(path.name, "this is neither a zip nor a folder of Active Places files", _REMEDY)
    found = [(kind, *names[name]) for name, kind in _FILES.items() if name in names]
    if not found:
        raise refuse(path.name, f"none of {', '.join(f'{name}.csv' for name in _FILES)} is here", _REMEDY)
    return found


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.replace("_", "").lower()


def _column(raw: RawTable, heading: str) -> pd.Series | None:
    """A column by its heading or another spelling of it; `None` where the edition has none."""
    present = {normal_heading(name): name for name in raw.frame.columns}
    spellings = [normal_heading(name) for name in (heading, *_SPELLINGS.get(heading, ()))]
    name = next((present[spelling] for spelling in spellings if spelling in present), None)
    return None if name is None else raw.frame[name].str.strip()


def _choose_rows(raw: RawTable) -> tuple[pd.DataFrame, pd.Series, list[Fault], list[str]]:
    """The rows of one file that are operating, open to some public and have a place."""
    site = _column(raw, SITE)
    if site is None:
        raise refuse(raw.source, f"there is no column headed {SITE!r}", _REMEDY)
    unused, notes = _why_not_operating(raw)
    private = _is_private(raw)
    unused = unused.mask((unused == "") & private, "private use")
    live = unused == ""
    east, north, bad = _coordinates(raw)
    place = {"problem": "the row has no place in England", "remedy": "Correct its coordinates, or leave it out."}
    spots = (east.astype("str") + ", " + north.astype("str"))[live & bad]
    wrong = cell_faults(raw, spots, site[live & bad], column=f"{_EAST}, {_NORTH}", **place)
    nameless = live & (site == "")
    wrong += cell_faults(
        raw, site[nameless], site[nameless], column=SITE, problem="the cell is empty", remedy="Give the Site ID."
    )
    odd = live & ~nameless & ~site.str.fullmatch("[0-9]+")
    wrong += map(
        tell_letters,
        cell_faults(
            raw, site[odd], site[odd], column=SITE, problem="this is not a Site ID", remedy="Give its figures only."
        ),
    )
    told = {VenueFrame.operator_name: _OPERATOR, VenueFrame.site_name: NAME, VenueFrame.postcode: POSTCODE}
    columns = {name: _column(raw, heading) for name, heading in told.items()}
    frame = pd.DataFrame(
        {
            VenueFrame.site_id: site,
            **{name: no_reason(raw.frame) if cells is None else cells for name, cells in columns.items()},
            VenueFrame.easting: east,
            VenueFrame.northing: north,
        }
    )
    return frame[live & ~bad & ~nameless & ~odd], unused, wrong, notes


def _why_not_operating(raw: RawTable) -> tuple[pd.Series, list[str]]:
    """Blank where a row operates; by status as a code or in words, else by the closing date and reason."""
    unused, status = no_reason(raw.frame), _column(raw, _STATUS)
    if status is not None:
        said = status.str.lower().replace({"": "not stated", **_STATUSES})
        return unused.where(said.isin(_OPERATING), "not operating: " + said), []
    closing = [column for column in (_column(raw, _CLOSED), _column(raw, _WHY)) if column is not None]
    for column in closing:
        unused = unused.mask(column != "", "not operating: closed")
    told = "those without a closing date or reason count as operating" if closing else "all count as operating"
    return unused, [f"{raw.source} has no column {_STATUS!r}; {told}."]


def _is_private(raw: RawTable) -> pd.Series:
    group, access = _column(raw, _GROUP), _column(raw, _ACCESS)
    if group is not None:
        return group.str.lower() == "private"
    if access is not None:
        return access.str.lower() == "private use"
    return pd.Series(False, index=raw.frame.index)


def _coordinates(raw: RawTable) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Easting and northing in metres, from longitude and latitude where there is no other; and which are no place."""
    blank = pd.Series(float("nan"), index=raw.frame.index)
    east, north, lat, long = (
        blank if (column := _column(raw, heading)) is None else text_to_number(column)[0]
        for heading in (_EAST, _NORTH, _LAT, _LONG)
    )
    degrees = (east.isna() | north.isna()) & lat.between(49, 61) & long.between(-9, 3)
    if degrees.any():
        points = gpd.GeoSeries.from_xy(long[degrees], lat[degrees], crs="EPSG:4326").to_crs(CRS)
        east, north = east.copy(), north.copy()
        east[degrees], north[degrees] = points.x.round(1), points.y.round(1)
    return east, north, ~in_england(east, north)


def _one_row_a_site(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Gather the facilities of a site: all venue types, one place, the operator most of them name."""
    operator, notes = _settle_operators(rows)
    order = {kind: rank for rank, kind in enumerate(VENUE_TYPES)}
    rows = rows.assign(rank=rows[_TYPE].map(order)).sort_values(
        [VenueFrame.site_id, "rank", VenueFrame.easting, VenueFrame.northing]
    )
    sites = rows.groupby(VenueFrame.site_id, sort=True)
    frame = sites[[VenueFrame.easting, VenueFrame.northing]].first()
    kinds = rows.drop_duplicates([VenueFrame.site_id, _TYPE]).groupby(VenueFrame.site_id)[_TYPE]
    frame[VenueFrame.venue_types] = kinds.agg(LIST_SEPARATOR.join)
    frame[VenueFrame.operator_name] = operator.reindex(frame.index).astype("str")
    return frame.reset_index(), notes


def _settle_operators(rows: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Site → operator, and what to say of names that were made one."""
    names = rows[VenueFrame.operator_name].replace(_SAME_OPERATOR)
    notes = [
        f"{count:,} rows name the operator {short!r}; it is read as {full!r}."
        for short, full in _SAME_OPERATOR.items()
        if (count := int((rows[VenueFrame.operator_name] == short).sum()))
    ]
    named = rows.assign(**{VenueFrame.operator_name: names})[names != ""]
    keys = [VenueFrame.site_id, VenueFrame.operator_name]
    counted = named.groupby(keys).size().rename("rows").reset_index()
    several = int(counted[VenueFrame.site_id].duplicated().sum())
    if several:
        notes.append(f"{several:,} times a site names a further operator; the one on most of its rows is kept.")
    counted = counted.sort_values([VenueFrame.site_id, "rows", VenueFrame.operator_name], ascending=[True, False, True])
    return counted.drop_duplicates(VenueFrame.site_id).set_index(VenueFrame.site_id)[VenueFrame.operator_name], notes


def _vintage(path: Path) -> str:
    """The data version that the bundle's information.txt states, a date in words."""
    if path.is_dir():
        file, members = path / "information.txt", [""] if (path / "information.txt").is_file() else []
    else:
        file, members = path, [n for n in list_members(path) if PurePosixPath(n).name.lower() == "information.txt"]
    text = read_text(file, members[0]) if members else ""
    return say_vintage(pd.Series([text.partition("Data Version:")[2].strip()[:10]], dtype="str"))
