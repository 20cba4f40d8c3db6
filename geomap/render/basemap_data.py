"""What lies below and around the PCNs: land with its coast, and regions, both out of the outlines of ICBs."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from ..schema import MapTables, OutlineFrame, PcnResultFrame
from .shapes import encode_shapes, thin_shapes

_SLIVER_M2 = 100_000.0
"""Gaps between outlines of different files that are smaller than this are no lakes."""


def basemap_data(tables: MapTables) -> dict[str, object]:
    """
    Shapes as `encode_shapes` writes them: `land`, one shape or none, and `regions`; and the number of outlines, `icbs`.

    Regions are told where there are two or more, each by the ICBs whose PCNs are in it; outlines of neighbours are
    part of the land alone.
    """
    frame = OutlineFrame
    outlines = tables.outlines[tables.outlines[frame.level].eq("icb")]
    if outlines.empty:
        return {"icbs": 0, "land": "", "regions": ""}
    # The same vertices as those of the outlines on the page, or lines that are one would be drawn as two.
    shapes = thin_shapes(outlines.geometry)
    home = tables.pcns.groupby(PcnResultFrame.icb_code)[PcnResultFrame.region_code].agg(_most)
    region = outlines[frame.area_code].map(home)
    told = gpd.GeoDataFrame({"region": region}, geometry=shapes, crs=shapes.crs)
    regions = told[region.notna()].dissolve("region", sort=True).geometry
    regions = gpd.GeoSeries([_without_slivers(shape) for shape in regions], crs=shapes.crs)
    land = gpd.GeoSeries([_without_slivers(shapes.union_all())], crs=shapes.crs)
    return {
        "icbs": len(outlines),
        "land": encode_shapes(land),
        "regions": encode_shapes(regions) if len(regions) > 1 else "",
    }


def _most(codes: pd.Series) -> str:
    counts = codes.value_counts()
    return counts[counts == counts.max()].index.min()


def _without_slivers(land: shapely.Geometry) -> shapely.Geometry:
    """The land without the gaps between outlines that do not quite meet."""
    rings = [ring for part in shapely.get_parts(land) for ring in part.interiors]
    gaps = [gap for gap in map(shapely.Polygon, rings) if gap.area < _SLIVER_M2]
    return shapely.union_all([land, *gaps])
