"""One official file, read by its own loader to see whether it is the one it should be; nothing is kept of it."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError, Fault
from ..schema import AccountingFrame
from ..validate import Loaded
from .child import read_apart
from .gather import LOADERS
from .postcodes import load_postcodes

_KNOWN_POSTCODES = ("LS1 4AP", "SW1A 1AA", "B1 1BB", "M1 1AE", "NE1 7RU", "BS1 5TR", "YO1 7HH", "ZE1 0AA")
"""All over the country, so that each stands in another part of a file that is cut by area."""


def read_source(source_id: str, path: Path) -> Loaded:
    """
    Read one official file with its own loader, apart, to see that it is the one it should be.

    Raises
    ------
    DataError
        It is not, or it is damaged.
    """
    load = _try_postcodes if source_id == "postcodes" else LOADERS[source_id]
    return read_apart(path.name, load, path)


def _try_postcodes(path: Path) -> Loaded:
    """A file of postcodes, which is never read whole, searched for a few; the package must not answer in its stead."""
    loaded = load_postcodes(path, _KNOWN_POSTCODES)
    told = loaded.accounting
    placed = told[AccountingFrame.source].eq(path.name) & told[AccountingFrame.status].eq("used")
    if told.loc[placed, AccountingFrame.rows].sum() < len(_KNOWN_POSTCODES) / 2:
        problem = "postcodes that have long been there are not in it"
        raise DataError(faults=[Fault(source=path.name, problem=problem, remedy="Download it again, whole.")])
    return loaded
