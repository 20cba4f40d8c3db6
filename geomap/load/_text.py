"""Text to values: headings, codes, numbers, dates. Blank is missing; what cannot be read is marked, never guessed."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_DROPPED = re.compile(r"[\s_]+")
_SPACES = "[\\s\u00a0\u2007\u202f\u200b\ufeff]+"
_NUMBER = r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH_NUMBERS = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[ T]00:00(?::00)?)?"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<day>\d{1,2})(?P<month>[A-Za-z]{3})(?P<year>\d{4})"),
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
        shaped = odd.str.fullmatch(_NUMBER) & odd.str.contains(r"\d", regex=True)
        read = pd.to_numeric(odd.where(shaped, "").str.replace(",", ""), errors="coerce").astype("float64")
        numbers[unsure] = read.where(np.isfinite(read))
    return numbers, numbers.isna() & (text != "")


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
