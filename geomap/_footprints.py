"""The geometry behind PCN footprints: which points count, cells about points, LSOAs joined. Used by `places` only.

Tables here have the columns of `PopulationPointFrame` with `easting` and `northing` (metres) for its geometry.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from .errors import DataError
from .schema import PopulationPointFrame, PostcodeFrame
from .schema.words import POINT_BASES

PCN, POINT, PATIENTS = PopulationPointFrame.pcn_code, PopulationPointFrame.point_id, PopulationPointFrame.patients
BASIS, EAST, NORTH = PopulationPointFrame.basis, PostcodeFrame.easting, PostcodeFrame.northing
LSOA_BASIS = POINT_BASES[0]

_GRID_M = 25.0
"""Points closer than this are one place; it keeps every cell wide enough to survive rounding to the metre."""
_SHIFT_M = 150.0
_SEED_RADIUS_M = 300.0
_SIMPLIFY_M = 120.0
_NEIGHBOURS = 6
"""The distance to the sixth-nearest point says how dense the points are."""


def choose_seeds(points: pd.DataFrame, max_radius_m: float) -> pd.DataFrame:
    """
    Leave out points that say nothing of a PCN's area, and order the others by who has most patients at a place.

    A PCN known by LSOAs is drawn from those within `max_radius_m` of its middle (the median home): a practice
    has a few patients all over the country, and nobody would call that its area.

    Returns
    -------
    seeds
        Sorted by place and, at one place, most patients first; places snapped to a grid of 25 m. Every PCN has a row.
    """
    lsoa = points[BASIS] == LSOA_BASIS
    strays = pd.Series(False, index=points.index)
    if lsoa.any():
        middle = {axis: _median_home(points[lsoa], axis).reindex(points[PCN]).to_numpy() for axis in (EAST, NORTH)}
        distance = np.hypot(points[EAST] - middle[EAST], points[NORTH] - middle[NORTH])
        # The middle is missing for a PCN without LSOAs; its practices stay.
        strays = (distance > max_radius_m) | (~lsoa & distance.notna())
    ranked = points.sort_values([PCN, PATIENTS, POINT], ascending=[True, False, True])
    main = ranked.drop_duplicates(PCN)
    kept = points[~strays]
    kept = pd.concat([kept, main[~_is_in(main[PCN], kept[PCN])]])
    snapped = {axis: (kept[axis] / _GRID_M).round() * _GRID_M for axis in (EAST, NORTH)}
    keys = [EAST, NORTH, PCN]
    kept = kept.assign(**snapped).sort_values([*keys, POINT])
    seeds = kept.groupby(keys, as_index=False).agg({PATIENTS: "sum", POINT: "first", BASIS: "first"})
    order = [EAST, NORTH, PATIENTS, PCN]
    return seeds.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def _is_in(values: pd.Series, known: pd.Series | pd.Index) -> np.ndarray:
    """Which values are among those known; `Series.isin` on text walks through both in Python."""
    return pd.Index(known.unique()).get_indexer(pd.Index(values)) >= 0


def _median_home(points: pd.DataFrame, axis: str) -> pd.Series:
    """PCN → the coordinate that half of its patients lie below."""
    ranked = points.sort_values([PCN, axis, POINT])
    below = ranked.groupby(PCN)[PATIENTS].cumsum()
    half = ranked.groupby(PCN)[PATIENTS].transform("sum") / 2
    return ranked[below >= half].drop_duplicates(PCN).set_index(PCN)[axis]


def divide_by_nearest(
    seeds: pd.DataFrame, land: shapely.Geometry | None, max_radius_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """
    Give each spot of the covered ground to the PCN of the nearest seed.

    The lines between cells and the rim of the cover are cut into faces together, so that neighbours share every
    vertex; each face then goes to the seed nearest to a point inside it.

    Returns
    -------
    codes, areas
        PCN codes, sorted, and their areas; a valid coverage.
    """
    seeds = _one_pcn_a_place(seeds)
    spots = seeds[[EAST, NORTH]].to_numpy()
    tree = cKDTree(spots)
    cover = _cover(spots, tree, land, max_radius_m)
    walls = shapely.voronoi_polygons(
        shapely.multipoints(spots), only_edges=True, extend_to=shapely.buffer(shapely.envelope(cover), max_radius_m)
    )
    lines = shapely.union_all(np.array([walls, shapely.boundary(cover)]), grid_size=1.0)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    shapely.prepare(cover)
    covered = shapely.contains(cover, inner)
    nearest = tree.query(shapely.get_coordinates(inner[covered]))[1]
    return _join(faces[covered], seeds[PCN].to_numpy()[nearest])


def _one_pcn_a_place(seeds: pd.DataFrame) -> pd.DataFrame:
    """
    The PCN with most patients has the place; one that would have no place at all is set down beside it.

    The directions to set down in are tried in turn, so that no two seeds coincide.
    """
    owners = seeds.drop_duplicates([EAST, NORTH])
    lost = seeds[~_is_in(seeds[PCN], owners[PCN])].sort_values([PATIENTS, PCN], ascending=[False, True])
    taken = set(owners[[EAST, NORTH]].itertuples(index=False, name=None))
    beside = []
    for row in lost.drop_duplicates(PCN).to_dict("records"):
        for step in range(1, len(seeds) + 9):
            angle, away = step * 2.4, _SHIFT_M * (1 + step // 8)
            spot = (
                round((row[EAST] + away * np.cos(angle)) / _GRID_M) * _GRID_M,
                round((row[NORTH] + away * np.sin(angle)) / _GRID_M) * _GRID_M,
            )
            if spot not in taken:
                break
        taken.add(spot)
        beside.append({**row, EAST: spot[0], NORTH: spot[1]})
    return pd.concat([owners, pd.DataFrame(beside, columns=seeds.columns)], ignore_index=True) if beside else owners


def _cover(
    spots: np.ndarray, tree: cKDTree, land: shapely.Geometry | None, max_radius_m: float
) -> shapely.Geometry:
    """
    The ground to divide: discs about the seeds, wider where seeds are sparse, with the notches between them filled.

    With land the coast and the border are the rim, so discs may be wide; without it they stay small, lest areas run
    out to sea, and what they enclose is filled instead.
    """
    near = min(_NEIGHBOURS + 1, len(spots))
    apart = tree.query(spots, k=[near])[0][:, 0] if near > 1 else np.array([max_radius_m])
    if land is None:
        radius, notch = np.clip(2 * apart, 1_500.0, max_radius_m / 4), max_radius_m / 2
    else:
        radius, notch = np.clip(4 * apart, 2_000.0, max_radius_m), 3_000.0
    # In towns one disc a square kilometre does: joining discs about every LSOA takes many times as long.
    _, some = np.unique(np.round(spots / 1_000.0), axis=0, return_index=True)
    discs = shapely.buffer(shapely.points(spots[some]), np.minimum(radius[some], max_radius_m), quad_segs=12)
    cover = shapely.buffer(shapely.buffer(shapely.union_all(discs), notch), -notch)
    if land is None:
        cover = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(cover))))
    coarse = np.unique(np.round(spots / (max_radius_m / 10)), axis=0) * (max_radius_m / 10)
    cover = shapely.intersection(cover, shapely.union_all(shapely.buffer(shapely.points(coarse), max_radius_m)))
    cover = cover if land is None else shapely.intersection(cover, land)
    # A generalised coast may leave a practice in the sea; a small disc keeps it on the map.
    footing = shapely.buffer(shapely.points(spots), min(_SEED_RADIUS_M, max_radius_m), quad_segs=4)
    shapely.prepare(cover)
    return shapely.union_all(np.array([cover, *footing[~shapely.contains(cover, footing)]]))


def join_lsoas(seeds: pd.DataFrame, shapes: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """
    Join the LSOAs in which a PCN has more patients than any other.

    A PCN that leads nowhere takes over the LSOA with most of its patients, or else the nearest, from a PCN that
    keeps another.

    Parameters
    ----------
    seeds
        From `choose_seeds`.
    shapes
        LSOA code → polygon.

    Returns
    -------
    codes, areas
        PCN codes, sorted, and their areas.

    Raises
    ------
    DataError
        There are fewer outlines with patients than PCNs.
    """
    here = seeds[(seeds[BASIS] == LSOA_BASIS) & _is_in(seeds[POINT], shapes.index)]
    here = here.sort_values([PATIENTS, PCN, POINT], ascending=[False, True, True])
    owner = here.drop_duplicates(POINT).set_index(POINT)[PCN]
    for code in sorted(set(seeds[PCN]) - set(owner)):
        kept = owner.map(owner.value_counts())
        free = owner.index[kept > 1]
        own = here.loc[(here[PCN] == code) & _is_in(here[POINT], free), POINT]
        if not len(free):
            raise DataError("There are more PCNs than LSOA outlines with patients; draw without LSOA outlines.")
        if len(own):
            owner[own.iloc[0]] = code
        else:
            spot = shapely.Point(seeds.loc[seeds[PCN] == code, [EAST, NORTH]].iloc[0])
            owner[free[shapely.distance(shapes[free].to_numpy(), spot).argmin()]] = code
    return _join(shapes[owner.index].to_numpy(), owner.to_numpy())


def _join(faces: np.ndarray, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the faces of each owner and simplify shared borders once, so that neighbours still touch."""
    order = np.argsort(owners, kind="stable")
    codes, starts = np.unique(owners[order], return_index=True)
    # A coverage joins by its edges alone; outlines that overlap, or touch without shared corners, need the long way.
    join = shapely.coverage_union_all if shapely.coverage_is_valid(faces) else shapely.union_all
    areas = np.array([join(group) for group in np.split(faces[order], starts[1:])])
    return codes, shapely.make_valid(shapely.coverage_simplify(areas, _SIMPLIFY_M))
