"""Where patients are taken to live, and the area drawn for each PCN.

A PCN has no boundary: it is a list of practices. Its points are the LSOAs its patients live in where that is known,
else its practices; its footprint follows from the same points and is always *indicative*.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from . import _footprints, _worth
from .errors import DataError, Fault
from .few import say_people
from .schema import (
    FootprintFrame,
    FootprintResultFrame,
    ListSizeFrame,
    LsoaListFrame,
    LsoaPointFrame,
    OutlineFrame,
    PopulationPointFrame,
    PostcodeFrame,
    PracticeFrame,
    PracticePlaceFrame,
)
from .schema.words import CRS, POINT_BASES
from .validate import check_frame, hold_total

_PATIENTS = PopulationPointFrame.patients
_CODE, _PCN = PracticeFrame.practice_code, PracticeFrame.pcn_code
_EAST, _NORTH = PostcodeFrame.easting, PostcodeFrame.northing
_POINT, _BASIS = PopulationPointFrame.point_id, PopulationPointFrame.basis
_REMOTE_KM = 100.0
"""Nowhere in England is a practice so far from the middle of its sub-ICB's; the Isles of Scilly come nearest to it."""
_LSOA_BASIS, _POSTCODE_BASIS, _NEIGHBOUR_BASIS = POINT_BASES


def place_practices(
    practices: pd.DataFrame, list_sizes: pd.DataFrame, postcodes: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """
    Place each practice by its postcode, or where its neighbours are.

    A practice whose postcode is not known stands at the patient-weighted centre of the other practices of its PCN,
    or of its sub-ICB where the PCN has none that is placed.

    Parameters
    ----------
    practices
        `PracticeFrame`.
    list_sizes
        `ListSizeFrame`.
    postcodes
        `PostcodeFrame`.

    Returns
    -------
    places, notes
        `PracticePlaceFrame` sorted by practice, one row a practice; and who could not be placed by postcode.

    Raises
    ------
    DataError
        A practice can be placed by neither; one fault each.
    """
    table = _with_patients(practices, list_sizes)
    key = table[PracticeFrame.postcode].map(lambda text: "".join(text.split()).upper())
    found = postcodes.set_index(PostcodeFrame.postcode)[[_EAST, _NORTH, PostcodeFrame.lad_code]].reindex(key)
    abroad = found[PostcodeFrame.lad_code].str.match("[WSN]").fillna(False).to_numpy(dtype=bool)
    table = table.assign(**{axis: found[axis].mask(abroad).to_numpy() for axis in (_EAST, _NORTH)})
    known = table[_EAST].notna()
    basis = pd.Series(_POSTCODE_BASIS, index=table.index, dtype="str").where(known, _NEIGHBOUR_BASIS)
    for group in (_PCN, PracticeFrame.sub_icb_code):
        centre = _centres(table[known], group).reindex(table[group])
        for column in (_EAST, _NORTH):
            table[column] = table[column].fillna(pd.Series(centre[column].to_numpy(), index=table.index))
    _refuse_unplaced(table[table[_EAST].isna()])
    why = pd.Series(np.where(abroad, "in England", "known"), index=table.index)
    notes = [
        f"{row.practice_name} ({row.practice_code}, {say_people(row.patients)} patients): its postcode "
        f"{row.postcode!r} is not {why[row.Index]}; it is placed among its neighbours."
        for row in table[~known].itertuples()
    ]
    notes += _tell_remote(table[known])
    places = gpd.GeoDataFrame(
        {PracticePlaceFrame.practice_code: table[_CODE], PracticePlaceFrame.basis: basis},
        geometry=gpd.points_from_xy(table[_EAST], table[_NORTH]),
        crs=CRS,
    )
    return check_frame(places, PracticePlaceFrame, source="practice places")[0], tuple(notes)


def _tell_remote(placed: pd.DataFrame) -> list[str]:
    """Practices far from the others of their sub-ICB: the postcode may be of another place, which no list can tell."""
    groups = placed.groupby(PracticeFrame.sub_icb_code)[[_EAST, _NORTH]]
    middle = groups.transform("median")
    away_km = np.hypot(placed[_EAST] - middle[_EAST], placed[_NORTH] - middle[_NORTH]) / 1000
    remote = placed.assign(away=away_km)[away_km > _REMOTE_KM]
    return [
        f"{row.practice_name} ({row.practice_code}): its postcode {row.postcode!r} lies {row.away:,.0f} km from the "
        "middle of its sub-ICB's practices; it is used, but check it."
        for row in remote.itertuples()
    ]


def _with_patients(practices: pd.DataFrame, list_sizes: pd.DataFrame) -> pd.DataFrame:
    """The practices sorted by code, with their list size; 0 where none is given."""
    size = list_sizes.groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
    table = practices.sort_values(_CODE, ignore_index=True)
    return table.assign(**{_PATIENTS: table[_CODE].map(size).fillna(0).astype("int64")})


def _centres(placed: pd.DataFrame, group: str) -> pd.DataFrame:
    """Patient-weighted centre of each group, to the metre; the plain centre where no patients are known."""
    weight = placed[_PATIENTS].astype("float64")
    total = weight.groupby(placed[group]).transform("sum")
    weight = weight.where(total > 0, 1.0)
    sums = placed[[_EAST, _NORTH]].mul(weight, axis=0).groupby(placed[group]).sum()
    return sums.div(weight.groupby(placed[group]).sum(), axis=0).round()


def _refuse_unplaced(table: pd.DataFrame) -> None:
    problem = "neither its postcode nor any other practice of its PCN or sub-ICB has a known place"
    remedy = "Correct the postcode, or give a postcode file that has it."
    if len(table):
        raise DataError(
            faults=[
                Fault(source="practice map", row_id=code, value=postcode, problem=problem, remedy=remedy)
                for code, postcode in zip(table[_CODE], table[PracticeFrame.postcode], strict=True)
            ]
        )


def estimate_population_points(
    practices: pd.DataFrame,
    list_sizes: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    lsoa_lists: pd.DataFrame | None = None,
    lsoa_points: pd.DataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """
    Say where each PCN's patients live.

    With `lsoa_lists` and `lsoa_points`, a practice's list is shared over the LSOAs its patients live in, in whole
    people, and what falls on a code without a point stays at the practice. Without them all of it does.

    Parameters
    ----------
    practices
        `PracticeFrame`; practices in no PCN are left out.
    list_sizes
        `ListSizeFrame`.
    places
        `PracticePlaceFrame` of every practice.
    lsoa_lists, lsoa_points
        `LsoaListFrame`, `LsoaPointFrame`, of the same census.

    Returns
    -------
    points, notes
        `PopulationPointFrame` sorted by PCN and point. Patients are whole numbers and add up, for each PCN, to the
        list sizes of its practices exactly.
    """
    table = _with_patients(practices, list_sizes)
    notes = _note_patients_left_out(table, list_sizes)
    table = table[table[_PCN].notna()].set_index(_CODE)
    at_home, parts = table[_PATIENTS], []
    if lsoa_lists is not None and lsoa_points is not None:
        shares, said = _share_over_lsoas(at_home, lsoa_lists, lsoa_points)
        notes.append(said)
        parts.append(_lsoa_rows(shares, table[_PCN], lsoa_points))
        at_home = at_home - shares.groupby(level=0).sum().reindex(table.index, fill_value=0)
        # A practice whose patients all live in known LSOAs needs no point of its own.
        at_home = at_home[(at_home > 0) | ~table.index.isin(shares.index.unique(0))]
    parts.append(_home_rows(at_home, table[_PCN], places))
    points = pd.concat(parts, ignore_index=True).sort_values([_PCN, _POINT], ignore_index=True)
    hold_total("patients placed at their homes", table[_PATIENTS].sum(), points[_PATIENTS].sum())
    frame = gpd.GeoDataFrame(
        points.drop(columns=[_EAST, _NORTH]), geometry=gpd.points_from_xy(points[_EAST], points[_NORTH]), crs=CRS
    )
    return check_frame(frame, PopulationPointFrame, source="population points")[0], tuple(notes)


def _home_rows(patients: pd.Series, pcn: pd.Series, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """One row a practice: the patients who are placed at it."""
    home = places.set_index(PracticePlaceFrame.practice_code).reindex(patients.index)
    return pd.DataFrame(
        {
            PopulationPointFrame.pcn_code: pcn.reindex(patients.index),
            _POINT: patients.index.astype("str"),
            _PATIENTS: patients.astype("float64"),
            _BASIS: home[PracticePlaceFrame.basis],
            _EAST: home.geometry.x,
            _NORTH: home.geometry.y,
        }
    )


def _note_patients_left_out(table: pd.DataFrame, list_sizes: pd.DataFrame) -> list[str]:
    outside = table[table[_PCN].isna()]
    stray = list_sizes[~list_sizes[ListSizeFrame.practice_code].isin(table[_CODE])]
    notes = []
    if len(outside):
        patients = say_people(outside[_PATIENTS].sum())
        notes.append(f"{len(outside):,} practices in no PCN, with {patients} patients, are left out.")
    if len(stray):
        count, patients = stray[ListSizeFrame.practice_code].nunique(), say_people(stray[ListSizeFrame.patients].sum())
        notes.append(f"{count:,} practices with {patients} patients are not in the practice map and are left out.")
    return notes


def _share_over_lsoas(
    sizes: pd.Series, lsoa_lists: pd.DataFrame, lsoa_points: pd.DataFrame
) -> tuple[pd.Series, str]:
    """
    Patients by practice and LSOA, whole people, so that each practice's rows of all codes add up to its list size.

    Rounding gives the people left over to the largest fractions, then by code; only codes with a point are returned.
    """
    rows = lsoa_lists.groupby([LsoaListFrame.practice_code, LsoaListFrame.lsoa_code])[LsoaListFrame.patients].sum()
    rows = rows[(rows > 0) & (sizes.index.get_indexer(rows.index.get_level_values(0)) >= 0)]
    practice = rows.index.get_level_values(0)
    size = sizes.reindex(practice).to_numpy("int64")
    total = rows.groupby(level=0).transform("sum").to_numpy("int64")
    # Whole-number arithmetic: people × list size stays far below 2^63, and no fraction is ever rounded.
    floor, rest = np.divmod(rows.to_numpy("int64") * size, total)
    shares = pd.Series(floor, index=rows.index)
    left_over = size - shares.groupby(level=0).transform("sum").to_numpy("int64")
    order = pd.Series(-rest, index=rows.index).groupby(level=0).rank(method="first").to_numpy("int64")
    shares += order <= left_over
    usable = pd.Index(lsoa_points[LsoaPointFrame.lsoa_code]).get_indexer(rows.index.get_level_values(1)) >= 0
    lost, all_patients = int(shares[~usable].sum()), max(int(shares.sum()), 1)
    known = f"{len(set(practice)):,} of {len(sizes):,} practices"
    note = (
        f"Homes are known by LSOA for {known}; {say_people(lost)} of their patients "
        f"({lost / all_patients:.1%}) have a code without a point and are placed at the practice."
    )
    return shares[usable & (shares > 0)], note


def _lsoa_rows(shares: pd.Series, pcn: pd.Series, lsoa_points: pd.DataFrame) -> pd.DataFrame:
    """One row a PCN and LSOA, over the PCN's practices."""
    practice, lsoa = (shares.index.get_level_values(level) for level in (0, 1))
    keys = [pcn.reindex(practice).to_numpy(), lsoa.to_numpy()]
    patients = pd.Series(shares.to_numpy("float64")).groupby(keys).sum()
    spots = lsoa_points.set_index(LsoaPointFrame.lsoa_code).reindex(patients.index.get_level_values(1))
    return pd.DataFrame(
        {
            PopulationPointFrame.pcn_code: patients.index.get_level_values(0),
            _POINT: patients.index.get_level_values(1),
            _PATIENTS: patients.to_numpy(),
            _BASIS: pd.Series(_LSOA_BASIS, index=range(len(patients)), dtype="str"),
            _EAST: spots[LsoaPointFrame.easting].to_numpy(),
            _NORTH: spots[LsoaPointFrame.northing].to_numpy(),
        }
    )


def draw_footprints(
    points: gpd.GeoDataFrame,
    *,
    land: gpd.GeoDataFrame | None = None,
    lsoa_outlines: gpd.GeoDataFrame | None = None,
    max_radius_m: float = 25_000.0,
) -> gpd.GeoDataFrame:
    """
    Draw an indicative area for each PCN; the areas touch and do not overlap.

    Where points are LSOAs and their outlines are given, a PCN has the LSOAs in which it has more patients than any
    other. Else each place goes to the PCN of the nearest point, up to a distance that follows the density of points.

    Parameters
    ----------
    points
        `PopulationPointFrame`.
    land
        `OutlineFrame` to cut the areas to, of any level; without it they end some way off the outer points.
    lsoa_outlines
        `OutlineFrame` of level `lsoa`.
    max_radius_m
        No area reaches much further than this from its point, metres.

    Returns
    -------
    footprints
        `FootprintFrame` sorted by PCN, one valid polygon or multipolygon each, none empty.
    """
    table = pd.DataFrame(points.drop(columns="geometry")).assign(
        **{_EAST: points.geometry.x, _NORTH: points.geometry.y}
    )
    seeds = _footprints.choose_seeds(table, max_radius_m)
    if lsoa_outlines is not None and (seeds[_BASIS] == _LSOA_BASIS).any():
        shapes = lsoa_outlines.set_index(OutlineFrame.area_code).geometry
        codes, areas = _footprints.join_lsoas(seeds, shapes)
    else:
        cover = None if land is None else land.geometry.union_all()
        codes, areas = _footprints.divide_by_nearest(seeds, cover, max_radius_m)
    frame = gpd.GeoDataFrame({FootprintFrame.pcn_code: pd.Series(codes, dtype="str")}, geometry=areas, crs=CRS)
    return check_frame(frame, FootprintFrame, source="footprints")[0]


def measure_footprints(
    footprints: gpd.GeoDataFrame, everyone: gpd.GeoDataFrame, names: pd.Series
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """
    Say how far the areas drawn can be trusted: whose patients live in them.

    Parameters
    ----------
    footprints
        `FootprintFrame` of every PCN of the map.
    everyone
        `PopulationPointFrame` of every PCN of the map. A point that is a practice stands for the patients on its list.
    names
        Name by `pcn_code` of the PCNs to tell of.

    Returns
    -------
    worth, notes
        `FootprintResultFrame` sorted by PCN, shares to the nearest 1%; and a sentence for the run.
    """
    frame, notes = _worth.measure_areas(footprints, everyone, names)
    return check_frame(frame, FootprintResultFrame, source="footprints' worth")[0], notes
