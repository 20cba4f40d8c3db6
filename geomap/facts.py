"""What is counted from the tables of a run or of a part of one, told alike for both."""

from __future__ import annotations

import pandas as pd

from .schema import AllocationResultFrame, LedgerFrame, PcnResultFrame


def count_facts(pcns: pd.DataFrame, allocation: pd.DataFrame, ledger: pd.DataFrame) -> dict[str, float | int]:
    """
    The fields of `PlanFacts` that are sums over tables.

    Parameters
    ----------
    pcns, allocation, ledger
        `PcnResultFrame`, `AllocationResultFrame`, `LedgerFrame`.

    Returns
    -------
    facts
        By field. Hours are participant-hours; link workers are those that were reported, full-time equivalents.
    """
    hours = ledger.sum(numeric_only=True)
    reported = pcns[PcnResultFrame.fte_basis].eq("reported")
    return {
        "pledged_hours": float(hours[LedgerFrame.pledged_hours]),
        "ineligible_hours": float(hours[LedgerFrame.ineligible_hours]),
        "eligible_hours": float(hours[LedgerFrame.eligible_hours]),
        "matched_hours": float(hours[LedgerFrame.matched_hours]),
        "unmatched_hours": float(hours[LedgerFrame.unmatched_hours]),
        "people": int(allocation[AllocationResultFrame.places].sum()),
        "completions": float(allocation[AllocationResultFrame.completions].sum()),
        "pcns": len(pcns),
        "pcns_covered": int(pcns[PcnResultFrame.matched_places].gt(0).sum()),
        "patients": int(pcns[PcnResultFrame.patients].sum()),
        "demand_places": int(pcns[PcnResultFrame.demand_places].sum()),
        "unmet_places": int(pcns[PcnResultFrame.unmet_places].sum()),
        "link_worker_fte": float(pcns.loc[reported, PcnResultFrame.link_worker_fte].sum()),
        "pcns_fte_not_reported": int((~reported).sum()),
    }
