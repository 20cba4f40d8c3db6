"""The map: one HTML document that opens with no network. The only importer of folium."""

from .index import build_index
from .page import build_map
from .shown import MapView, show_map

__all__ = ["MapView", "build_index", "build_map", "show_map"]
