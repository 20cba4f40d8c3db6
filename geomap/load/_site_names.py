"""Names and postcodes of Active Places sites. Of `sites.csv`, which names people, three columns are taken by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pandas as pd

from ..errors import DataError, Repair
from ..schema import VenueFrame
from ._raw import RawTable
from ._read import list_members, normal_heading, read_csv
from ._table import account_rows, no_reason
from .postcodes import normal_postcode

SITE, NAME, POSTCODE = "Site ID", "Site Name", "Postcode"
NAME_HEADINGS = (SITE, NAME, POSTCODE)
"""All that is ever read of a file of names: `sites.csv` has titles, forenames, surnames and e-mails beside them."""

_FILES = ("sites", "sitenames")
"""How such files are called, without `_` and in small letters: the bundle's own, or a table of names laid in it."""
_NOT_SAID = ("", "na", "n/a", "none", "null", "not known")
_KEPT = [VenueFrame.site_id, VenueFrame.site_name, VenueFrame.postcode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What sites are called: one row a site, and what became of the rows that tell it."""

    names: pd.DataFrame
    """`site_id`, `site_name`, `postcode`; the last two missing where they are not told."""
    accounting: tuple[pd.DataFrame, ...] = ()
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()


def read_site_names(path: Path, sites: pd.Series, beside: pd.DataFrame) -> Named:
    """
    Find what sites are called, in the bundle's file of sites or beside their facilities.

    Parameters
    ----------
    path
        The bundle: a zip, or the folder it unpacks to.
    sites
        Ids of the sites that are wanted.
    beside
        `site_id`, `site_name` and `postcode` as the rows of facilities tell them, blank where they do not.
    """
    parts, accounts, repairs, notes = [beside], [], [], []
    for file, member in _find(path):
        try:
            raw = read_csv(file, member=member, columns=NAME_HEADINGS)
        except DataError:
            # What is wrong with the file might repeat a person's name: only that it is wrong is told.
            name = PurePosixPath(member or file.name).name
            notes.append(f"{name} cannot be read, so its names of sites are not known; download the bundle again.")
            continue
        part, unused, said = _choose(raw, sites)
        parts.append(part)
        accounts.append(account_rows(raw, unused, ()))
        # A cell that was mended may be one of a person's; where it stands is enough.
        repairs += [replace(repair, value="", taken="") for repair in raw.repairs]
        notes += said
    names = _settle(pd.concat(parts, ignore_index=True))
    told = int(names[VenueFrame.site_name].notna().sum())
    if told < len(sites):
        of = f"{told:,} of its {len(sites):,} sites"
        notes.append(f"Active Places here names {of}; sites.csv of its download has all.")
    return Named(names=names, accounting=tuple(accounts), repairs=tuple(repairs), notes=tuple(notes))


def _find(path: Path) -> list[tuple[Path, str]]:
    """File and member of the zip, in the order of their names."""
    if path.is_dir():
        found = [(file.name, file, "") for file in path.glob("*.csv")]
    else:
        found = [(PurePosixPath(name).name, path, name) for name in list_members(path) if name.lower().endswith(".csv")]
    wanted = [row for row in sorted(found) if _is_of_names(row[0])]
    return [(file, member) for _, file, member in wanted]


def _is_of_names(name: str) -> bool:
    plain = PurePosixPath(name).stem.replace("_", "").lower()
    return plain == _FILES[0] or plain.startswith(_FILES[1])


def _choose(raw: RawTable, sites: pd.Series) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Rows that name a wanted site, and why the others are not used."""
    present = {normal_heading(name): name for name in raw.frame.columns}
    missing = [heading for heading in (SITE, NAME) if normal_heading(heading) not in present]
    unused = no_reason(raw.frame)
    if missing:
        told = f"{raw.source} has no column headed {' or '.join(map(repr, missing))}; no site is named by it."
        return pd.DataFrame(columns=_KEPT, dtype="str"), unused.mask(unused == "", "the file names no site"), [told]
    cells = {}
    for column, heading in zip(_KEPT, NAME_HEADINGS, strict=True):
        found = present.get(normal_heading(heading))
        cells[column] = no_reason(raw.frame) if found is None else raw.frame[found].str.strip()
    part = pd.DataFrame(cells)
    wanted = part[VenueFrame.site_id].isin(set(sites))
    unused = unused.mask(~wanted, "no place of the site is read and open to the public")
    return part[unused == ""], unused, []


def _settle(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a site: of several names or postcodes the one told most often, then the first in the alphabet."""
    settled = {}
    for column in _KEPT[1:]:
        told = rows[~rows[column].str.lower().isin(_NOT_SAID)]
        counts = told.groupby([VenueFrame.site_id, column]).size().rename("rows").reset_index()
        order = counts.sort_values([VenueFrame.site_id, "rows", column], ascending=[True, False, True])
        settled[column] = order.drop_duplicates(VenueFrame.site_id).set_index(VenueFrame.site_id)[column]
    postcode = settled[VenueFrame.postcode].map(normal_postcode).astype("str")
    settled[VenueFrame.postcode] = postcode.str.slice(stop=-3) + " " + postcode.str.slice(start=-3)
    return pd.DataFrame(settled).astype("str").rename_axis(VenueFrame.site_id).reset_index()
