"""What the layers of the GeoPackage are called and mean, and the columns of those that no table of the run has."""

from __future__ import annotations

from ..schema import FacilityResultFrame, OutlineFrame, PcnResultFrame, PlaceFrame
from ._columns import COLUMNS

LAYER_TITLES = {
    "pcns": ("Primary Care Networks", "Indicative areas, with the need, the link workers and the plan of each."),
    "facilities": ("Facilities", "Every facility that holds a pledge, and what the plan makes of it."),
    "icbs": ("Integrated Care Boards", "Outlines."),
    "places": ("Places", "Towns or local authorities, and postcode districts, to find one's way by."),
}
"""Layer → what it is called, and what it holds."""

LAYER_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "pcns": {name: COLUMNS["pcns"][name] for name in PcnResultFrame.to_schema().columns if name in COLUMNS["pcns"]},
    "facilities": {
        name: COLUMNS["facilities"][name]
        for name in FacilityResultFrame.to_schema().columns
        if name in COLUMNS["facilities"]
    },
    "icbs": {
        OutlineFrame.area_code: ("Area", "ODS or ONS code, as the boundaries give it."),
        OutlineFrame.area_name: ("Area's name", "As the boundaries give it."),
        OutlineFrame.level: ("Level", "What the area is."),
    },
    "places": {
        PlaceFrame.place_kind: ("Kind", "Town, local authority, or postcode district (the first part of a postcode)."),
        PlaceFrame.place_name: ("Name", "Of the place."),
        PlaceFrame.patients: ("Patients", "Registered patients who live there."),
    },
}
"""Layer → column → what it is called, and what it means; geometry is not told."""
