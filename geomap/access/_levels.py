"""Access by area: means over the patients of a PCN, of an LSOA, of a fifth of deprivation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..config import AccessParams
from ..schema import AccessResultFrame, LedgerFrame, PcnResultFrame, PopulationPointFrame
from ..schema.words import FIFTHS, POINT_BASES
from ._pledged import NEAREST, PledgedAccess, PledgedLinks, measure_pledged

PER_PATIENTS = 1_000
"""Of how many patients shared hours in reach are told."""
E2SFCA = "e2sfca"
"""The method of the two columns of PCNs."""
FIFTH_NAMES = pd.Series(
    ["most deprived fifth", "second fifth", "third fifth", "fourth fifth", "least deprived fifth"], index=list(FIFTHS)
)
_NEAR = "near"
_F = AccessResultFrame
_HOURS = [_F.hours_in_reach, _F.hours_left_in_reach]


def build_access(
    found: PledgedLinks,
    ledger: pd.DataFrame,
    pcn_names: pd.Series,
    fifths: pd.Series,
    params: AccessParams,
    *,
    max_min: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Measure access before and after the match, by every method and level that is asked for.

    Parameters
    ----------
    found
        Of `link_pledges`.
    ledger
        `LedgerFrame`: eligible hours are those before the match, unmatched ones those after it.
    pcn_names
        Name by `pcn_code` of every PCN of the run.
    fifths
        Fifth of deprivation of each place of `found`, 1 to 5, missing where it is not known.
    params, max_min
        Methods, levels and decay; the longest journey, minutes.

    Returns
    -------
    access, pcns
        `AccessResultFrame` sorted by level, method and area; and by PCN the two columns of `PcnResultFrame`, which are
        those of the E2SFCA, whether it is asked for or not. At each level, patients × shared hours add up to the hours
        that anybody of the level's places can reach.
    """
    hours = ledger.set_index(LedgerFrame.pledge_id)[[LedgerFrame.eligible_hours, LedgerFrame.unmatched_hours]]
    measured = measure_pledged(found, hours, params, max_min, (E2SFCA, *params.methods))
    homes = found.homes
    lived_in = homes[PopulationPointFrame.basis].eq(POINT_BASES[0])
    areas = {
        "pcn": (homes[PopulationPointFrame.pcn_code], pcn_names),
        "lsoa": (homes[PopulationPointFrame.point_id].where(lived_in), None),
        "imd_fifth": (fifths.map(dict(zip(range(1, 6), FIFTHS, strict=True))), FIFTH_NAMES),
    }
    rows = [
        _average(measured, method, homes, *areas[level]).assign(**{_F.level: level})
        for level in params.levels
        for method in params.methods
    ]
    told = pd.concat([AccessResultFrame.no_rows(), *rows]).sort_values([_F.level, _F.method, _F.area_code])
    pcns = _average(measured, E2SFCA, homes, *areas["pcn"]).set_index(_F.area_code)[_HOURS]
    f = PcnResultFrame
    pcns = pcns.set_axis([f.hours_in_reach, f.hours_left_in_reach], axis=1).rename_axis(f.pcn_code)
    return AccessResultFrame.declared(told), pcns


def _average(
    measured: PledgedAccess, method: str, homes: pd.DataFrame, areas: pd.Series, names: pd.Series | None
) -> pd.DataFrame:
    """`AccessResultFrame` of one method, but for its level: means over patients; places without an area are left out.

    Areas that have a name are told though nobody lives there.
    """
    people = homes[PopulationPointFrame.patients].to_numpy(dtype=float)
    near = np.where(np.isnan(measured.nearest_min), 0.0, people)
    per = 1 if method == NEAREST else PER_PATIENTS
    sums = pd.DataFrame(
        {
            _F.patients: people,
            **{name: people * each * per for name, each in zip(_HOURS, measured.hours[method].T, strict=True)},
            _NEAR: near,
            _F.nearest_min: near * np.nan_to_num(measured.nearest_min),
        }
    )
    sums = sums.groupby(areas.to_numpy()).sum()
    if names is not None:
        sums = sums.reindex(names.index, fill_value=0.0)
    lived_in, near = (sums[name].where(sums[name] > 0) for name in (_F.patients, _NEAR))
    means = sums[_HOURS].div(lived_in, axis=0).fillna(0.0)
    return means.assign(
        **{
            _F.area_code: sums.index,
            _F.area_name: None if names is None else names,
            _F.method: method,
            _F.patients: sums[_F.patients].round().astype("int64"),
            _F.nearest_min: sums[_F.nearest_min] / near,
        }
    )
