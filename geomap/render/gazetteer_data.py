"""Names on the map: towns or local authorities, and postcode districts, as the page's search and labels read them."""

from __future__ import annotations

from ..few import MIDDLE
from ..schema import MapTables, PlaceFrame
from .blocks import column
from .layers import LONGITUDE_LATITUDE

_DECIMALS = 3
"""0.001° is 110 m: enough to go there and to put a name."""


def places_data(tables: MapTables) -> dict[str, list]:
    """Columns `kind`, `name`, `lat`, `lon`, `patients`: towns or authorities first, each kind by its patients."""
    frame = PlaceFrame
    order = tables.places[frame.place_kind].eq("postcode_district")
    patients = tables.places[frame.patients].fillna(MIDDLE)
    places = tables.places.assign(late=order, most=-patients).sort_values(
        ["late", frame.place_kind, "most", frame.place_name], kind="stable"
    )
    points = places.geometry.to_crs(LONGITUDE_LATITUDE)
    return {
        "kind": column(places[frame.place_kind]),
        "name": column(places[frame.place_name]),
        "lat": column(points.y, _DECIMALS),
        "lon": column(points.x, _DECIMALS),
        "patients": column(places[frame.patients]),
    }
