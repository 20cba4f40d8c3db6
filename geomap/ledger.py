"""The ledger of hours: every unit as participant-hours, and nothing lost between pledged and matched.

The participant-hour is one person, active for one hour. For every pledge, every operator and in all,
pledged = ineligible + eligible and eligible = matched + unmatched, to 1e-9 of the hours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .errors import SolveError
from .schema import AllocationFrame, HoursReasonFrame, LedgerFrame, OfferFrame, PledgeFrame
from .units import people_per_hour

TOLERANCE = 1e-9
"""Largest share of the hours by which a balance may miss."""


_FIGURES = (
    LedgerFrame.pledged_hours,
    LedgerFrame.ineligible_hours,
    LedgerFrame.eligible_hours,
    LedgerFrame.matched_hours,
    LedgerFrame.unmatched_hours,
)


def build_ledger(
    pledges: pd.DataFrame, ineligible: pd.DataFrame, allocation: pd.DataFrame, offers: pd.DataFrame
) -> pd.DataFrame:
    """
    One row a pledge, in participant-hours.

    Parameters
    ----------
    pledges
        `PledgeFrame`, n rows.
    ineligible
        `HoursReasonFrame` of stage `ineligible`.
    allocation
        `AllocationFrame`; a place costs its pathway's course hours.
    offers
        `OfferFrame`, for the course hours.

    Returns
    -------
    ledger
        `LedgerFrame`, n rows, sorted by pledge.

    Raises
    ------
    SolveError
        More hours are matched than are eligible: the plan is wrong.
    """
    keyed = pledges.set_index(PledgeFrame.pledge_id)
    pledged = keyed[PledgeFrame.hours] * people_per_hour(keyed)
    refused = _sum(ineligible, HoursReasonFrame.pledge_id, HoursReasonFrame.hours, keyed.index)
    matched = _sum(
        price_places(allocation, offers), AllocationFrame.pledge_id, LedgerFrame.matched_hours, keyed.index
    )
    eligible = _snap(pledged - refused, pledged)
    unmatched = _snap(eligible - matched, pledged)
    if (unmatched < 0).any():
        worst = unmatched.idxmin()
        by = f"{-unmatched[worst]:.6g} participant-hours"
        raise SolveError(f"Pledge {worst} is overspent by {by}; the plan is refused.")
    ledger = pd.DataFrame(
        {
            LedgerFrame.pledge_id: keyed.index,
            LedgerFrame.operator_id: keyed[PledgeFrame.operator_id],
            LedgerFrame.facility_id: keyed[PledgeFrame.facility_id],
            LedgerFrame.hours: keyed[PledgeFrame.hours],
            LedgerFrame.hour_unit: keyed[PledgeFrame.hour_unit],
            LedgerFrame.pledged_hours: pledged,
            LedgerFrame.ineligible_hours: pledged - eligible,
            LedgerFrame.eligible_hours: eligible,
            LedgerFrame.matched_hours: eligible - unmatched,
            LedgerFrame.unmatched_hours: unmatched,
        }
    )
    return ledger.reset_index(drop=True).sort_values(LedgerFrame.pledge_id, ignore_index=True)


def price_places(allocation: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """The allocation with `matched_hours`: places × course hours, in participant-hours."""
    keys = [AllocationFrame.pledge_id, AllocationFrame.pathway_id]
    priced = allocation.merge(offers[[*keys, OfferFrame.course_hours]], on=keys, how="left", validate="many_to_one")
    priced[LedgerFrame.matched_hours] = priced[AllocationFrame.places] * priced[OfferFrame.course_hours]
    return priced


def check_balance(ledger: pd.DataFrame, reasons: pd.DataFrame) -> None:
    """
    Hold the ledger and the reasons to the conservation law, per pledge, per operator and in all.

    Raises
    ------
    SolveError
        A balance misses by more than 1e-9 of the hours; names the first that does. So does a figure that is not a
        finite number, or a reason for a pledge that is not in the ledger: sums would pass over either in silence.
    """
    strange = reasons.loc[~reasons[HoursReasonFrame.pledge_id].isin(ledger[LedgerFrame.pledge_id])]
    if len(strange):
        first = strange[HoursReasonFrame.pledge_id].iloc[0]
        raise SolveError(f"The ledger does not balance: a reason names pledge {first}, which is not in it.")
    figures = [*(ledger[figure] for figure in _FIGURES), reasons[HoursReasonFrame.hours]]
    if not all(np.isfinite(figure).all() for figure in figures):
        raise SolveError("The ledger does not balance: a figure is missing or infinite.")
    told = reasons.pivot_table(
        index=HoursReasonFrame.pledge_id, columns=HoursReasonFrame.stage, values=HoursReasonFrame.hours, aggfunc="sum"
    ).reindex(index=ledger[LedgerFrame.pledge_id], columns=["ineligible", "unmatched"]).fillna(0.0)
    frame = ledger.assign(told_ineligible=told["ineligible"].to_numpy(), told_unmatched=told["unmatched"].to_numpy())
    levels = {
        "pledge": frame[LedgerFrame.pledge_id],
        "operator": frame[LedgerFrame.operator_id],
        "total": np.zeros(len(frame), dtype=int),
    }
    for level, keys in levels.items():
        sums = frame.groupby(keys).sum(numeric_only=True)
        allowed = TOLERANCE * sums[LedgerFrame.pledged_hours].clip(lower=1.0)
        laws = {
            "pledged = ineligible + eligible": sums[LedgerFrame.pledged_hours]
            - sums[LedgerFrame.ineligible_hours]
            - sums[LedgerFrame.eligible_hours],
            "eligible = matched + unmatched": sums[LedgerFrame.eligible_hours]
            - sums[LedgerFrame.matched_hours]
            - sums[LedgerFrame.unmatched_hours],
            "reasons for ineligible hours add up": sums[LedgerFrame.ineligible_hours] - sums["told_ineligible"],
            "reasons for unmatched hours add up": sums[LedgerFrame.unmatched_hours] - sums["told_unmatched"],
        }
        for law, miss in laws.items():
            broken = miss.abs() > allowed
            if broken.any():
                first = miss[broken].index[0]
                by = f"{law}, off by {miss[first]:.3g} hours"
                raise SolveError(f"The ledger does not balance for {level} {first}: {by}.")


def _sum(frame: pd.DataFrame, key: str, value: str, index: pd.Index) -> pd.Series:
    return frame.groupby(key)[value].sum().reindex(index).fillna(0.0)


def _snap(hours: pd.Series, scale: pd.Series) -> pd.Series:
    """Set what is within rounding of nothing to nothing."""
    return hours.mask(hours.abs() <= TOLERANCE * scale.clip(lower=1e-3), 0.0)
