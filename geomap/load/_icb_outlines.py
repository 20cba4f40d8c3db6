"""Today's ICBs from outlines of another year; sub-ICBs are merged, and abolished ones divided."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from ..errors import DataError
from ..schema import OutlineFrame, PracticeFrame, PracticePlaceFrame
from ..schema.words import CRS
from ..validate import check_frame

_ICB = PracticeFrame.icb_code
_SAME_ICB_SHARE = 0.9
"""Practices of an outline that must be in one ICB for it to go there whole; a few sit just over a border."""


def dissolve_icbs(
    outlines: gpd.GeoDataFrame, practices: pd.DataFrame, places: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """
    Draw today's ICBs from outlines of sub-ICBs, or of ICBs of another year.

    An outline whose code is in the practice map goes to its ICB. One whose code is not (abolished, or known by an
    ONS code only) goes where the practices inside it are: whole if nine in ten of them are in one ICB, else divided
    by nearest practice.

    Parameters
    ----------
    outlines
        `OutlineFrame` of level `sub_icb` or `icb`.
    practices
        `PracticeFrame`.
    places
        `PracticePlaceFrame`.

    Returns
    -------
    icbs, notes
        `OutlineFrame` of level `icb` sorted by code; and what became of outlines that the practice map does not know.

    Raises
    ------
    DataError
        The outlines are of another level.
    """
    levels = set(outlines[OutlineFrame.level])
    if not levels <= {"sub_icb", "icb"}:
        raise DataError(f"ICBs cannot be drawn from outlines of {', '.join(sorted(levels))}; give sub-ICBs or ICBs.")
    key = PracticeFrame.sub_icb_code if levels == {"sub_icb"} else _ICB
    home = outlines[OutlineFrame.area_code].map(practices.drop_duplicates(key).set_index(key, drop=False)[_ICB])
    names = practices.drop_duplicates(_ICB).set_index(_ICB)[PracticeFrame.icb_name]
    parts, notes = [outlines.loc[home.notna(), ["geometry"]].assign(**{_ICB: home[home.notna()]})], []
    spots = places[[PracticePlaceFrame.practice_code, "geometry"]].merge(
        practices[[PracticeFrame.practice_code, _ICB]], on=PracticeFrame.practice_code, validate="one_to_one"
    )
    for area in outlines[home.isna()].sort_values(OutlineFrame.area_code).itertuples():
        pieces = _divide(area.geometry, spots)
        parts.append(pieces)
        went = "; ".join(str(names[code]) for code in pieces[_ICB])
        how = "goes to" if len(pieces) == 1 else "is divided by nearest practice between"
        notes.append(f"{area.area_name} is not in the practice map; its area {how} {went}.")
    frame = _merge(gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS), names)
    absent = [str(names[code]) for code in sorted(set(names.index) - set(frame[OutlineFrame.area_code]))]
    if absent:
        notes.append(f"No outline for {len(absent)} of {len(names)} ICBs: {'; '.join(absent)}.")
    return frame, tuple(notes)


def _merge(parts: gpd.GeoDataFrame, names: pd.Series) -> gpd.GeoDataFrame:
    whole = parts.dissolve(_ICB).sort_index()
    frame = gpd.GeoDataFrame(
        {
            OutlineFrame.area_code: whole.index.astype("str"),
            OutlineFrame.area_name: names[whole.index].to_numpy(),
            OutlineFrame.level: pd.Series("icb", index=range(len(whole)), dtype="str"),
        },
        geometry=whole.geometry.to_numpy(),
        crs=CRS,
    )
    return check_frame(frame, OutlineFrame, source="ICB outlines")[0]


def _divide(shape: shapely.Geometry, spots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Parts of a shape by ICB: one where the practices inside agree, else by the nearest of them."""
    inside = spots[spots.within(shape)]
    if inside.empty:
        inside = spots.loc[[spots.distance(shape).idxmin()]]
    counts = inside[_ICB].value_counts()
    if counts.iloc[0] >= _SAME_ICB_SHARE * counts.sum():
        return gpd.GeoDataFrame({_ICB: [counts.index[0]]}, geometry=[shape], crs=CRS)
    # Practices at one place are one point; which of them names the ICB must not depend on the order of rows.
    seeds = inside.assign(x=inside.geometry.x, y=inside.geometry.y).sort_values(["x", "y", _ICB])
    seeds = seeds.drop_duplicates(["x", "y"])
    points = shapely.multipoints(seeds[["x", "y"]].to_numpy())
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=shape, ordered=True))
    pieces = gpd.GeoDataFrame({_ICB: seeds[_ICB].to_numpy()}, geometry=shapely.intersection(cells, shape), crs=CRS)
    return pieces[~pieces.is_empty].dissolve(_ICB).reset_index()
