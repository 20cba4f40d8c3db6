"""The map within a notebook: a frame of its own, which nothing of the notebook reaches."""

from __future__ import annotations

import html
from dataclasses import dataclass

from ..schema import MapTables
from .page import build_map

LEAST_HEIGHT_PX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """A map that a notebook shows by itself, as the last line of a cell."""

    html: str
    """The whole document, as `build_map` gives it; write it to a file to send it on."""
    title: str
    height_px: int

    def _repr_html_(self) -> str:
        document = html.escape(self.html, quote=True)
        title = html.escape(f"Map: {self.title}", quote=True)
        style = f"width:100%;height:{self.height_px}px;border:1px solid #768692"
        return f'<iframe title="{title}" style="{style}" srcdoc="{document}"></iframe>'


def show_map(tables: MapTables, *, height_px: int = 700) -> MapView:
    """
    The map of a finished run, to be looked at in a notebook.

    Parameters
    ----------
    tables
        Of `solve`; small counts of people stand in it exactly unless it was solved with `internal=False`.
    height_px
        Height of the frame in pixels, 200 or more; it is as wide as the notebook.

    Returns
    -------
    view
        What a notebook shows as the map; `view.html` is the document itself.

    Raises
    ------
    ValueError
        The frame would be too low to use.
    KeyLinkError, OutputError
        As `build_map`.

    Examples
    --------
    >>> geomap.show_map(tables)  # doctest: +SKIP
    """
    if height_px < LEAST_HEIGHT_PX:
        raise ValueError(f"height_px is {height_px}; it must be {LEAST_HEIGHT_PX} or more.")
    return MapView(html=build_map(tables), title=tables.facts.name, height_px=height_px)
