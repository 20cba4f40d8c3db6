"""What the area drawn for a PCN is worth: which patients live in it, and whose."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from .few import MOST
from .schema import FootprintFrame, FootprintResultFrame, PopulationPointFrame
from .schema.words import POINT_BASES

_F = FootprintResultFrame
_PCN, _PATIENTS, _BASIS = PopulationPointFrame.pcn_code, PopulationPointFrame.patients, PopulationPointFrame.basis
_AREA, _SQUARE_KM = "area", 1e6
_STEP = 0.01
"""Shares are told to this: an area is indicative, and a finer share of a small number would tell the number."""


def measure_areas(
    footprints: gpd.GeoDataFrame, everyone: gpd.GeoDataFrame, names: pd.Series
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Of `places.measure_footprints`."""
    rows = _place_in_areas(footprints, everyone)
    patients = rows[_PATIENTS]
    whole = patients.groupby(rows[_PCN]).sum()
    own = patients[rows[_PCN] == rows[_AREA]].groupby(rows[_PCN]).sum()
    inside = patients.groupby(rows[_AREA]).sum()
    others = rows[rows[_PCN] != rows[_AREA]].groupby([_AREA, _PCN])[_PATIENTS].sum()
    many = others[others > MOST].groupby(level=0).size()
    codes = pd.Index(sorted(names.index), name=_F.pcn_code)

    def by(figures: pd.Series) -> pd.Series:
        return figures.reindex(codes).fillna(0.0)

    basis = _main_basis(rows).reindex(codes).fillna(POINT_BASES[1]).astype("str")
    homes = basis.eq(POINT_BASES[0])
    area = footprints.set_index(FootprintFrame.pcn_code).geometry.area
    frame = pd.DataFrame(
        {
            _F.pcn_code: codes.astype("str"),
            _F.pcn_name: names.reindex(codes).astype("str"),
            _F.basis: basis,
            _F.area_km2: by(area) / _SQUARE_KM,
            _F.inside_share: _share(by(own), by(whole)).where(homes),
            _F.others_share: _share(by(others.groupby(level=0).sum()), by(inside)).where(homes),
            _F.others_pcns: by(many).astype("int64"),
        }
    ).reset_index(drop=True)
    return frame, _tell(frame, by(whole).to_numpy(), by(own).to_numpy(), by(inside).to_numpy())


def _place_in_areas(footprints: gpd.GeoDataFrame, everyone: gpd.GeoDataFrame) -> pd.DataFrame:
    """The points with somebody at them, and whose area each lies in: of areas that share an edge, the first by code."""
    points = everyone[everyone[_PATIENTS] > 0].reset_index(drop=True)
    areas = footprints[[FootprintFrame.pcn_code, "geometry"]].rename(columns={FootprintFrame.pcn_code: _AREA})
    spots, at = np.unique(np.column_stack((points.geometry.x, points.geometry.y)), axis=0, return_inverse=True)
    spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spots.T), crs=points.crs)
    found = spots.sjoin(areas, predicate="intersects")
    first = found.sort_values(_AREA).groupby(level=0)[_AREA].first().reindex(spots.index)
    return pd.DataFrame(points.drop(columns="geometry")).assign(**{_AREA: first.to_numpy()[at.ravel()]})


def _main_basis(rows: pd.DataFrame) -> pd.Series:
    """By PCN, what is known of where most of its patients live."""
    sums = rows.groupby([_PCN, _BASIS])[_PATIENTS].sum().reset_index()
    order = sums.sort_values([_PCN, _PATIENTS, _BASIS], ascending=[True, False, True])
    return order.drop_duplicates(_PCN).set_index(_PCN)[_BASIS]


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    share = (part / whole.where(whole > 0)).clip(upper=1)
    return ((share / _STEP).round() * _STEP).round(2)


def _tell(frame: pd.DataFrame, whole: np.ndarray, own: np.ndarray, inside: np.ndarray) -> tuple[str, ...]:
    """One sentence for those PCNs whose patients' homes are known, and one for the others."""
    homes = frame[_F.basis].eq(POINT_BASES[0]).to_numpy()
    notes = []
    if homes.any():
        covered = own[homes].sum() / max(whole[homes].sum(), 1)
        foreign = 1 - own[homes].sum() / max(inside[homes].sum(), 1)
        notes.append(
            f"The areas drawn for {homes.sum():,} PCNs follow from where their patients live and are indicative: "
            f"{covered:.0%} of patients live inside their own PCN's, and {foreign:.0%} of those who live inside one "
            "are other PCNs'."
        )
    if not homes.all():
        notes.append(
            f"The areas drawn for {(~homes).sum():,} PCNs follow from the postcodes of practices, as homes are not "
            "known: how many of their patients live inside cannot be told, nor how many of other PCNs' do."
        )
    return tuple(notes)
