"""What loaders of community services share: clean text without contacts, places in England, terms to pathways."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import geopandas as gpd
import pandas as pd

from ..config import load_default
from ..errors import Repair
from ..schema import PostcodeFrame
from ..schema.words import CRS
from ._bank_places import in_england
from .postcodes import load_postcodes

EASTING, NORTHING = PostcodeFrame.easting, PostcodeFrame.northing
MOST_CHARACTERS = 300
"""Of a name or a term; what is longer is a text that was put in the wrong place."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\s]+")
_HALVES = re.compile(r"[\ud800-\udfff]")
_CONTACT = re.compile(r"\S+@\S+|(?<![\w.])(?:\+\s?44|\(?0)[\d\s()-]{8,16}\d(?!\w)")
"""An e-mail address, or a telephone number of the United Kingdom."""
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_URL = re.compile(r"https?://[^\s\"'<>\\^`{|}@]+", re.IGNORECASE)


class Mended:
    """What cells of a file were read otherwise than they stand: one line a column and reason, however many cells."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: dict[tuple[str, str], Repair] = {}

    def tell(self, row: int, column: str, value: object, taken: str, reason: str) -> None:
        """Add one cell; the first of its kind is shown."""
        known = self._found.get((column, reason))
        self._found[column, reason] = Repair(
            source=self._source,
            reason=reason,
            taken=known.taken if known else taken,
            row=known.row if known else row,
            column=column,
            value=known.value if known else str(value)[:80].encode(errors="replace").decode(),
            cells=known.cells + 1 if known else 1,
        )

    def all(self) -> tuple[Repair, ...]:
        """By column and reason."""
        return tuple(self._found[key] for key in sorted(self._found))


def clean_text(value: object) -> tuple[str, bool]:
    """
    A text on one line, and whether a contact was taken out of it: no e-mail address or telephone number is kept.

    What is no text is blank.
    """
    if not isinstance(value, str):
        return "", False
    plain = _UNSEEN.sub(" ", _HALVES.sub("\ufffd", value))
    kept = _CONTACT.sub(" ", plain)
    return " ".join(kept.split())[:MOST_CHARACTERS].strip(), kept != plain


def clean_url(value: object) -> str:
    """An address of a web page; blank for anything else, such as a link to send mail."""
    text = value.strip() if isinstance(value, str) else ""
    return text if _URL.fullmatch(text) and text.isascii() and len(text) <= 2_000 else ""


def find_places(latitude: pd.Series, longitude: pd.Series) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """
    Points in England of degrees (WGS 84).

    Returns
    -------
    spots, swapped, abroad
        `easting` and `northing` in metres (EPSG:27700), missing where they are no place in England; which were the
        wrong way round, and exchanged; and which are a place on earth outside England.
    """
    spots = _to_metres(latitude, longitude)
    inside = in_england(spots[EASTING], spots[NORTHING])
    turned = _to_metres(longitude, latitude)
    swapped = ~inside & in_england(turned[EASTING], turned[NORTHING])
    known = latitude.between(-90, 90) & longitude.between(-180, 180) & ~((latitude == 0) & (longitude == 0))
    return spots.where(inside, turned.where(swapped)).round(1), swapped, known & ~inside & ~swapped


def _to_metres(latitude: pd.Series, longitude: pd.Series) -> pd.DataFrame:
    near = latitude.between(49, 62) & longitude.between(-10, 5)
    points = gpd.GeoSeries.from_xy(longitude[near], latitude[near], index=latitude.index[near], crs="EPSG:4326")
    metres = points.to_crs(CRS)
    return pd.DataFrame({EASTING: metres.x, NORTHING: metres.y}, dtype="float64").reindex(latitude.index)


def locate_postcodes(postcodes: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """
    Points of postcodes in England, from the package of postcodes.

    Returns
    -------
    spots, abroad
        As `find_places`, in the order of `postcodes` (without spaces); and which are elsewhere in Great Britain.
    """
    wanted = sorted(set(postcodes) - {""})
    if not wanted:
        return pd.DataFrame(index=postcodes.index, columns=[EASTING, NORTHING], dtype="float64"), postcodes != postcodes
    found = load_postcodes(None, wanted).frame.set_index(PostcodeFrame.postcode)
    here = found.reindex(postcodes).set_axis(postcodes.index)
    abroad = here[EASTING].notna() & ~here[PostcodeFrame.lad_code].astype("str").fillna("E").str.startswith("E")
    abroad |= here[EASTING].notna() & ~in_england(here[EASTING], here[NORTHING])
    return here[[EASTING, NORTHING]].astype("float64").mask(abroad), abroad


def pathways_of(terms: Iterable[str]) -> list[str]:
    """Ids of the pathways that something classified by these terms could serve, in the order of the catalogue."""
    plain = [f" {_NO_LETTER.sub(' ', term.casefold()).strip()} " for term in terms]
    return [
        key for key, phrases in _phrases().items() if any(f" {phrase} " in term for term in plain for phrase in phrases)
    ]


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    return {key: tuple(told["phrases"]) for key, told in load_default("services").items()}
