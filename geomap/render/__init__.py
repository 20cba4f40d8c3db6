"""The map: one HTML document that opens with no network. The only importer of folium."""

from .index import build_index
from .page import build_map

__all__ = ["build_index", "build_map"]
