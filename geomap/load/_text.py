"""Text to values: headings, codes, numbers, dates. Blank is missing; what cannot be read is marked, never guessed."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection

import numpy as np
import pandas as pd

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_DROPPED = re.compile(r"[\s_]+")
_SPACES = "[\\s\u00a0\u2007\u202f\u200b\ufeff]+"
_NUMBER = r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?"
MARKS = frozenset(
    "* ** - \u2013 .. … : # ~ c [c] x [x] z [z] u [u] w [w] low [low] na n/a null suppressed".split()
)
"""What publishers write for a figure they withhold or do not have, in small letters: unknown, and never 0."""
_LAST_LSOA_2011 = "E01033768"
_TELLING_LSOAS = 1_000
"""So many LSOAs without a new one among them are not of 2021."""
_SCRIPTS = {"CYRILLIC": "Cyrillic", "GREEK": "Greek", "FULLWIDTH": "full-width", "ARMENIAN": "Armenian"}
_TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕԁһΑΒΕΖΗΙΚΜΝΟΡΤΥΧονικ", "ABESIJKMHOPCTYXaeopcyxijsdhABEZHIKMNOPTYXovik"
)
"""Cyrillic and Greek letters, and the Latin ones that they cannot be told from."""
_FIGURES = str.maketrans("OIL", "011")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH_NUMBERS = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?:[ T]00:00(?::00)?)?"),
    re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})"),
    re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"),
    re.compile(r"(?P<day>[0-9]{1,2})(?P<month>[A-Za-z]{3})(?P<year>[0-9]{4})"),
)


def normal_heading(text: str) -> str:
    """A heading without case, spaces, `_`, line breaks or a unit in brackets: `"Hours (h)"` is `"hours"`."""
    return _DROPPED.sub("", _BRACKETS.sub("", text)).lower()


def text_to_code(series: pd.Series) -> tuple[pd.Series, int]:
    """
    Write codes as their publisher does: no spaces of any kind round or in them, capitals.

    Returns
    -------
    codes, repaired
        The codes (index kept, blank stays blank) and how many cells had to be changed.
    """
    # Each distinct text is mended once: codes repeat over many rows, and most files need no mending.
    distinct = pd.Series(series.unique(), dtype="str")
    mended = distinct.str.replace(_SPACES, "", regex=True).str.upper()
    if (mended == distinct).all():
        return series, 0
    codes = series.map(dict(zip(distinct, mended, strict=True))).astype("str")
    return codes, int((codes != series).sum())


def census_of_lsoas(codes: pd.Series) -> int:
    """
    The census that codes of LSOAs of England are of, 2011 or 2021, as far as they tell it; 0 where they do not.

    The last code of 2011 is E01033768. One LSOA in seventeen was new in 2021 and has a code above it.
    """
    known = codes[codes.str.fullmatch(r"E01[0-9]{6}").fillna(False)]
    if (known > _LAST_LSOA_2011).any():
        return 2021
    return 2011 if len(known) >= _TELLING_LSOAS else 0


def mark_withheld(series: pd.Series) -> pd.Series:
    """Which cells hold a mark such as `*`, `[c]` or `..` in place of a figure; a blank cell is none."""
    return series.str.strip().str.lower().isin(MARKS)


def write_latin(text: str) -> str:
    """A text with Latin letters for those of other alphabets that look the same: what it would be taken for."""
    return unicodedata.normalize("NFKC", text).translate(_TWINS)


def tell_strange_letters(text: str) -> str:
    """Which letters or figures of a code are not of A to Z and 0 to 9, in words; blank where all of them are."""
    strange = [letter for letter in dict.fromkeys(text) if not letter.isascii() and letter.isalnum()]
    told = []
    for letter in strange:
        script = _SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0])
        told.append(f"the letter {letter} in it is {script or 'not one of A to Z'}")
    return ", ".join(told)


def likely_code(code: str) -> str:
    """A code of a letter and figures as it is most likely meant: in Latin letters, 0 for O and 1 for I or L."""
    latin = write_latin(code).upper()
    return latin[:1] + latin[1:].translate(_FIGURES)


def guess_code(code: str, known: Collection[str]) -> str:
    """The code of those known that this one looks like: other alphabets, or O for 0 and I or L for 1; blank if none."""
    latin = write_latin(code).upper()
    looks = (latin, likely_code(code), latin.translate(_FIGURES))
    return next((look for look in looks if look in known), "")


def text_to_number(series: pd.Series) -> tuple[pd.Series, pd.Series]:
    """
    Read numbers: `1,200` and `113.0` are numbers, blank is missing, anything else (`inf`, `nan`, `12%`) is bad.

    Returns
    -------
    numbers, bad
        float64 with NaN where blank or bad, and a mask of the bad cells; index kept.
    """
    text = series.str.strip()
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    # Text that names a float but is no figure (nan, inf) and grouped figures are settled by shape, not by float().
    unsure = numbers.isna() | ~np.isfinite(numbers)
    if unsure.any():
        odd = text[unsure]
        shaped = odd.str.fullmatch(_NUMBER) & odd.str.contains("[0-9]", regex=True)
        read = pd.to_numeric(odd.where(shaped, "").str.replace(",", ""), errors="coerce").astype("float64")
        numbers[unsure] = read.where(np.isfinite(read))
    # Minus nought is nought.
    return numbers + 0.0, numbers.isna() & (text != "")


def text_to_date(series: pd.Series) -> tuple[pd.Series, pd.Series]:
    """
    Read dates: `2026-07-01`, `01/07/2026` (day first), `20260701`, `01Jul2026`; blank is missing, the rest is bad.

    Returns
    -------
    dates, bad
        datetime64[us] with NaT where blank or bad, and a mask of the bad cells; index kept.
    """
    text = series.str.strip()
    # Each distinct text is read once: files repeat a few hundred dates over many thousand rows.
    read = {value: _read_date(value) for value in text.unique()}
    dates = text.map(read).astype("datetime64[us]")
    return dates, dates.isna() & (text != "")


def _read_date(text: str) -> dt.datetime | None:
    found = next((match for shape in _DATES if (match := shape.fullmatch(text))), None)
    if found is None:
        return None
    month = found["month"]
    # Month names are looked up here: strptime would read them in the machine's language.
    number = int(month) if month.isdigit() else _MONTH_NUMBERS.get(month.lower(), 0)
    try:
        return dt.datetime(int(found["year"]), number, int(found["day"]))
    except ValueError:
        return None


def say_month(month: int) -> str:
    """The English name of a month from 1 to 12, whatever the machine's language."""
    return _MONTHS[month - 1]


def say_date(date: dt.date) -> str:
    """A date in words, such as `1 July 2026`."""
    return f"{date.day} {say_month(date.month)} {date.year}"


def cell_text(value: object) -> str:
    """A sheet's cell as it reads: whole numbers without `.0`, dates as yyyy-mm-dd, TRUE and FALSE, blank as ``""``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)
