"""What changed between two plans: the rows that differ, and a few sentences."""

from __future__ import annotations

import pandas as pd

from .few import MIDDLE, round_people, say_people
from .schema import AllocationFrame, DifferenceFrame, PathwayFrame

_LINK = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]


def compare_plans(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """
    Places by pledge, pathway and PCN of two plans.

    Parameters
    ----------
    before, after
        `AllocationFrame`.

    Returns
    -------
    differences
        `DifferenceFrame`: the rows that differ, sorted.
    """
    places = [plan.set_index(_LINK)[AllocationFrame.places] for plan in (before, after)]
    both = pd.concat(places, axis=1, keys=[DifferenceFrame.places_before, DifferenceFrame.places_after])
    both = both.fillna(0).astype("int64")
    differs = both[both[DifferenceFrame.places_before] != both[DifferenceFrame.places_after]]
    rows = differs.rename_axis(_LINK).reset_index().astype(dict.fromkeys(_LINK, "str"))
    return rows[list(DifferenceFrame.to_schema().columns)].sort_values(_LINK, ignore_index=True)


def tell_differences(
    differences: pd.DataFrame, pathways: pd.DataFrame, completions: tuple[float, float]
) -> tuple[str, ...]:
    """
    What changed, in sentences; the first says it all in one line.

    They are published with every run: places are rounded (`geomap.few`), and hours are those of the rounded places.

    Parameters
    ----------
    differences
        `DifferenceFrame`.
    pathways
        `PathwayFrame`, for the hours of a place.
    completions
        Need-weighted completions of the earlier plan and of this one.
    """
    old, new = completions
    if differences.empty:
        return ("Against the earlier plan: nothing has changed.",)
    change = differences[DifferenceFrame.places_after] - differences[DifferenceFrame.places_before]
    by_pcn = change.groupby(differences[DifferenceFrame.pcn_code]).sum().sort_values(kind="stable")
    hours = pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.course_hours]
    gained, lost = change.clip(lower=0), (-change).clip(lower=0)
    up, down = by_pcn[by_pcn > 0], by_pcn[by_pcn < 0]
    anew = round_people(gained.groupby(differences[DifferenceFrame.pathway_id]).sum()).fillna(MIDDLE)
    # A pathway that the earlier plan had, and this catalogue has not, has no hours to tell.
    moved = float((anew * anew.index.map(hours).fillna(0.0)).sum())
    sentences = [
        f"Against the earlier plan: {say_people(gained.sum())} places given anew, {say_people(lost.sum())} given up; "
        f"{len(up):,} {'PCN gains' if len(up) == 1 else 'PCNs gain'}, "
        f"{len(down):,} {'loses' if len(down) == 1 else 'lose'}.",
        f"Participant-hours that serve others than before: about {moved:,.0f}. "
        f"Need-weighted completions: {old:,.1f} before, {new:,.1f} now.",
    ]
    if len(up):
        sentences.append(f"Gain most: {_listed(up[::-1])}.")
    if len(down):
        sentences.append(f"Lose most: {_listed(down)}.")
    return tuple(sentences)


def _listed(by_pcn: pd.Series, most: int = 3) -> str:
    named = ", ".join(f"{code} ({say_people(abs(count))} places)" for code, count in by_pcn.head(most).items())
    return f"{named} and {len(by_pcn) - most:,} more" if len(by_pcn) > most else named
