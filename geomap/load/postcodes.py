"""Where postcodes are: Code-Point Open, or the ONS directories (ONSPD, NSPL), or the package that comes with geomap."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from ..errors import DataError, Fault
from ..schema import PostcodeFrame
from ..validate import Loaded, account, accounting_frame, check_frame
from ._archive import (
    POSTCODE_PACKAGE,
    postcode_package_version,
    read_headings,
    read_package_postcodes,
    read_text,
    stream_csv,
)
from ._read import list_members, normal_heading, text_to_number

_SPACES = re.compile(r"[\s\u00a0\u2007\u202f\u200b\ufeff]+")
_AREA = re.compile(r"[A-Z]{1,2}(?=[0-9])")
_ONS_NAME = re.compile(r"(?:ONSPD|NSPL|NSPD)[^/]*?_UK(?:_([A-Z]{1,2}))?\.csv$", re.IGNORECASE)
_CODE_POINT_NAME = re.compile(r"(?:.*/)?CSV/([A-Z]{1,2})\.csv", re.IGNORECASE)
_CODE_POINT = (
    "Postcode", "Positional_quality_indicator", "Eastings", "Northings", "Country_code", "NHS_regional_HA_code",
    "NHS_HA_code", "Admin_county_code", "Admin_district_code", "Admin_ward_code",
)  # fmt: skip
_CODE_POINT_COLUMNS = {
    "Postcode": PostcodeFrame.postcode,
    "Eastings": PostcodeFrame.easting,
    "Northings": PostcodeFrame.northing,
    "Admin_district_code": PostcodeFrame.lad_code,
}
_ONS_COLUMNS = {
    PostcodeFrame.postcode: r"pcds|pcd7|pcd8|pcd2?",
    PostcodeFrame.easting: r"(os)?east1m",
    PostcodeFrame.northing: r"(os)?n(o)?rth1m",
    PostcodeFrame.lad_code: r"(os)?laua|lad\d\dcd|ladcd",
}
"""Column → the headings it has had; each edition names the year, or drops a prefix."""
_PACKAGE_COLUMNS = {
    "pcd": PostcodeFrame.postcode,
    "oseast1m": PostcodeFrame.easting,
    "osnrth1m": PostcodeFrame.northing,
    "laua": PostcodeFrame.lad_code,
}
_COLUMNS = list(_ONS_COLUMNS)
_NO_PLACE = "the source has no coordinates in Great Britain for this postcode"


@dataclass(slots=True)
class _Found:
    """What one source gave: the rows wanted, and how many rows were read and had no place."""

    parts: list[pd.DataFrame]
    read: int = 0
    nowhere: int = 0

    def add(self, batch: pd.DataFrame, wanted: set[str]) -> None:
        self.read += len(batch)
        # Official files write capitals and plain spaces; a regular expression here would take half the time of a run.
        keys = batch[PostcodeFrame.postcode].str.replace(" ", "", regex=False)
        chosen = batch[_COLUMNS].assign(**{PostcodeFrame.postcode: keys})[keys.isin(wanted)]
        placed = _placed(chosen)
        self.nowhere += len(chosen) - len(placed)
        self.parts.append(placed)

    def frame(self) -> pd.DataFrame:
        found = pd.concat(self.parts, ignore_index=True) if self.parts else _placed(pd.DataFrame(columns=_COLUMNS))
        return found.drop_duplicates(PostcodeFrame.postcode, ignore_index=True)

    def lines(self, source: str) -> list[dict[str, object]]:
        used = len(self.frame())
        unused = self.read - used - self.nowhere
        counts = [("used", used, ""), ("rejected", self.nowhere, _NO_PLACE), ("not_used", unused, "not asked for")]
        return [account(source, status=s, rows=n, reason=why) for s, n, why in counts if n]


def normal_postcode(text: str) -> str:
    """A postcode as a key: capitals, no spaces of any kind (`" l1  0aa"` is `"L10AA"`)."""
    return _SPACES.sub("", text).upper()


def load_postcodes(path: Path | None, wanted: Iterable[str]) -> Loaded:
    """
    Find the coordinates of postcodes.

    Parameters
    ----------
    path
        A Code-Point Open zip, or an ONSPD or NSPL zip or csv; `None` for none. It wins over the package, which gives
        what it lacks: Code-Point Open has no terminated postcodes.
    wanted
        Postcodes in any spelling; blanks are passed over. Only these are looked for, by postcode area.

    Returns
    -------
    loaded
        `PostcodeFrame` sorted by postcode, metres (EPSG:27700); postcodes found nowhere are absent and named in the
        notes. Postcodes of Northern Ireland are absent too: their coordinates are of another grid.

    Raises
    ------
    DataError
        The file is missing, damaged, or is none of those named.
    """
    keys = {normal_postcode(text) for text in wanted if isinstance(text, str)} - {""}
    sources: list[tuple[str, _Found]] = []
    vintages: list[str] = []
    if path is not None:
        found, vintage = _read_source(Path(path), keys)
        sources.append((Path(path).name, found))
        vintages.append(vintage)
    missing = keys.difference(*(found.frame()[PostcodeFrame.postcode] for _, found in sources))
    if missing:
        sources.append((POSTCODE_PACKAGE, _read_package(missing)))
        vintages.append(f"{POSTCODE_PACKAGE} {postcode_package_version()}")
    frames = [found.frame() for _, found in sources]
    # An empty request still gives a table of the right kinds.
    frame = pd.concat(frames or [_Found([]).frame()], ignore_index=True)
    frame = frame.sort_values(PostcodeFrame.postcode, ignore_index=True)
    source = sources[0][0] if sources else POSTCODE_PACKAGE
    frame, faults = check_frame(frame, PostcodeFrame, source=source, id_column=PostcodeFrame.postcode)
    return Loaded(
        frame=frame,
        source=source,
        vintage="; ".join(vintages),
        faults=tuple(faults),
        accounting=accounting_frame(line for name, found in sources for line in found.lines(name)),
        notes=_notes(sources, keys.difference(frame[PostcodeFrame.postcode])),
    )


def _notes(sources: list[tuple[str, _Found]], unknown: set[str]) -> tuple[str, ...]:
    notes = [f"{len(found.frame()):,} postcodes placed by {name}." for name, found in sources]
    if unknown:
        shown = ", ".join(sorted(unknown)[:10]) + (", …" if len(unknown) > 10 else "")
        notes.append(f"{len(unknown):,} postcodes found nowhere: {shown}.")
    return tuple(notes)


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows without coordinates on the British grid: 0,0 (quality 90), blank, Northern Ireland."""
    east, _ = text_to_number(frame[PostcodeFrame.easting].astype("str"))
    north, _ = text_to_number(frame[PostcodeFrame.northing].astype("str"))
    lad = frame[PostcodeFrame.lad_code].astype("str")
    numbered = frame.assign(
        **{
            PostcodeFrame.postcode: frame[PostcodeFrame.postcode].astype("str"),
            PostcodeFrame.easting: east,
            PostcodeFrame.northing: north,
            # The directories write a pseudo code, such as L99999999, where there is no district.
            PostcodeFrame.lad_code: lad.where(lad.str.fullmatch("[ESW][0-9]{8}") & ~lad.str.endswith("99999999")),
        }
    )
    northern_ireland = numbered[PostcodeFrame.postcode].str.startswith("BT")
    return numbered[east.between(1, 700_000) & north.between(1, 1_300_000) & ~northern_ireland]


def _by_area(keys: set[str]) -> dict[str, set[str]]:
    """Postcodes by postcode area, such as `LS` of LS1 4AP; what is no postcode is left out."""
    areas: dict[str, set[str]] = {}
    for key in keys:
        if match := _AREA.match(key):
            areas.setdefault(match.group(), set()).add(key)
    return areas


def _read_package(keys: set[str]) -> _Found:
    found = _Found([])
    for letter in sorted({key[0] for key in keys if key[0].isascii() and key[0].isalpha()}):
        batch, rows = read_package_postcodes(letter, keys)
        batch = batch.rename(columns=_PACKAGE_COLUMNS)
        found.add(batch.assign(**{column: batch[column].astype("str") for column in _COLUMNS}), keys)
        found.read += rows - len(batch)
    return found


def _read_source(path: Path, keys: set[str]) -> tuple[_Found, str]:
    """Tell the product by what is in the file, not by its name."""
    if path.suffix.lower() != ".zip":
        return _read_ons(path, {"": keys}), _ons_vintage(path.name)
    members = list_members(path)
    areas = _by_area(keys)
    code_point = {n: m.group(1).upper() for n in members if (m := _CODE_POINT_NAME.fullmatch(n))}
    if code_point:
        wanted = {name: areas[area] for name, area in sorted(code_point.items()) if area in areas}
        return _read_code_point(path, wanted), _code_point_vintage(path, members)
    ons = {name: (m.group(1) or "").upper() for name in sorted(members) if (m := _ONS_NAME.search(name))}
    if not ons:
        raise DataError(
            faults=[
                Fault(
                    source=path.name,
                    problem="the zip is neither Code-Point Open nor an ONS postcode directory (ONSPD, NSPL)",
                    remedy="Give one of those as downloaded, or leave it out and the postcodes of geomap are used.",
                )
            ]
        )
    # The directory stands in these zips twice: whole, and cut by postcode area, which is far quicker to search.
    if any(ons.values()):
        wanted = {name: areas[area] for name, area in ons.items() if area in areas}
    else:
        wanted = dict.fromkeys(ons, keys)
    return _read_ons(path, wanted), _ons_vintage(min(ons))


def _read_code_point(path: Path, wanted: dict[str, set[str]]) -> _Found:
    """Search each member for the postcodes wanted of it."""
    found = _Found([])
    for member, keys in wanted.items():
        for batch in stream_csv(path, member, headings=_CODE_POINT, columns=list(_CODE_POINT_COLUMNS)):
            found.add(batch.rename(columns=_CODE_POINT_COLUMNS), keys)
    return found


def _read_ons(path: Path, wanted: dict[str, set[str]]) -> _Found:
    """Search each member (`""` for a plain file) for the postcodes wanted of it."""
    found = _Found([])
    for member, keys in wanted.items():
        headings = read_headings(path, member)
        names = {
            next((h for h in headings if re.fullmatch(pattern, normal_heading(h))), ""): column
            for column, pattern in _ONS_COLUMNS.items()
        }
        if "" in names or len(names) < len(_ONS_COLUMNS):
            raise DataError(
                faults=[
                    Fault(
                        source=f"{path.name}/{member}" if member else path.name,
                        problem="the first row has no headings for postcode, easting, northing and district",
                        remedy="Give Code-Point Open as a zip, or an ONSPD or NSPL file with its heading row.",
                    )
                ]
            )
        for batch in stream_csv(path, member, headings=None, columns=list(names)):
            found.add(batch.rename(columns=names), keys)
    return found


def _code_point_vintage(path: Path, members: list[str]) -> str:
    name = next((m for m in members if PurePosixPath(m).name.lower() == "metadata.txt"), "")
    edition = re.search(r"DATASET VERSION NUMBER:\s*(\S+)", read_text(path, name)) if name else None
    return f"Code-Point Open {edition.group(1)}" if edition else "Code-Point Open"


def _ons_vintage(name: str) -> str:
    edition = re.search(r"(ONSPD|NSPL|NSPD)[^_/]*_([A-Za-z]{3})_?(\d{4})", name, re.IGNORECASE)
    return f"{edition.group(1).upper()} {edition.group(2).title()} {edition.group(3)}" if edition else "ONS directory"
