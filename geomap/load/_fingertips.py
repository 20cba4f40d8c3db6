"""The layout of Fingertips (OHID) files, official export or trimmed copy: one row an area and period."""

from __future__ import annotations

import pandas as pd

from ._raw import RawTable
from ._table import pick, read_codes
from ._text import MARKS

AREA, AREA_TYPE, INDICATOR, PERIOD, ORDER, VALUE = "area", "area_type", "indicator", "period", "order", "value"
_SEX, _CATEGORY = "sex", "category"
_HEADINGS = {
    AREA: "Area Code",
    AREA_TYPE: "Area Type",
    INDICATOR: ("Indicator Name", "indicator"),
    PERIOD: ("Time period", "period"),
    ORDER: ("Time period Sortable", "period"),
    VALUE: "Value",
    _CATEGORY: ("Category", "inequality"),
}
_UNKNOWN = ("", *MARKS)


def pick_fingertips(raw: RawTable, wanted: str) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """
    Choose the columns of a Fingertips file and mark the rows that are not a figure for everybody in an area.

    Returns
    -------
    frame, unused, notes
        The columns named in this module; why rows are not used, blank where they are; what was mended.

    Raises
    ------
    SchemaError
        Columns are missing; `wanted` says which file is right.
    """
    spellings = _HEADINGS | ({_SEX: "Sex"} if "Sex" in raw.frame.columns else {})
    frame, notes = read_codes(raw, pick(raw, spellings, wanted), [AREA])
    unused = pd.Series("", index=frame.index, dtype="str")
    if _SEX in frame:
        unused = unused.mask(frame[_SEX].str.strip() != "Persons", "one sex only")
    whole = frame[_CATEGORY].str.strip().str.lower().isin(_UNKNOWN)
    return frame, unused.mask((unused == "") & ~whole, "part of an area's people only"), notes


def mark_unknown(frame: pd.DataFrame, unused: pd.Series) -> pd.Series:
    """Suppression marks and blanks are unknown: neither a figure nor a fault, and never 0."""
    unknown = frame[VALUE].str.strip().str.lower().isin(_UNKNOWN)
    return unused.mask((unused == "") & unknown, "no figure is given")


def mark_older(frame: pd.DataFrame, unused: pd.Series) -> pd.Series:
    """Leave the latest period of each area that has a figure."""
    live = frame[unused == ""]
    newest = live.groupby(AREA)[ORDER].transform("max")
    older = live.index[live[ORDER] != newest]
    unused = unused.copy()
    unused[older] = "an older period: " + frame.loc[older, PERIOD]
    return unused
