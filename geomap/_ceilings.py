"""The ceiling that link workers set: how many people each PCN's can refer over the plan period."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .config import LinkWorkerParams
from .schema import CeilingFrame, NeedFrame, WorkforceFrame


def estimate_ceilings(
    pcn_codes: pd.Series, workforce: pd.DataFrame, params: LinkWorkerParams
) -> tuple[pd.DataFrame, list[str]]:
    """
    How many people each PCN's link workers can refer: caseload share × FTE × caseload.

    Parameters
    ----------
    pcn_codes
        All PCNs.
    workforce
        `WorkforceFrame`; a PCN without a row is not reported, which is not the same as none.

    Returns
    -------
    ceilings, notes
        `CeilingFrame`, sorted by PCN; the policy used for PCNs not reported, in words.
    """
    codes = pd.Index(pcn_codes.sort_values(), name=CeilingFrame.pcn_code)
    reported = workforce.set_index(WorkforceFrame.pcn_code)[WorkforceFrame.link_worker_fte].reindex(codes)
    absent = reported.isna()
    filler = reported.median() if params.not_reported == "median" and not absent.all() else 0.0
    basis = {"median": "median", "zero": "zero", "exclude": "excluded"}[params.not_reported]
    ceilings = _ceilings(reported.fillna(filler), np.where(absent, basis, "reported"), params)
    told = {
        "median": f"each is given the median of those that did, {filler:.2f} FTE",
        "zero": "they are taken to refer nobody",
        "exclude": "they are left out of the plan",
    }[params.not_reported]
    notes = [f"Link workers: {int(absent.sum())} of {len(codes)} PCNs did not report; {told}."] if absent.any() else []
    return ceilings, notes


def assume_ceilings(need: pd.DataFrame, params: LinkWorkerParams) -> tuple[pd.DataFrame, list[str]]:
    """
    The same without a workforce file: each PCN has England's mean of link workers for its patients.

    Parameters
    ----------
    need
        `NeedFrame` of all PCNs, for their patients.

    Returns
    -------
    ceilings, notes
        As of `estimate_ceilings`.
    """
    patients = need.set_index(NeedFrame.pcn_code)[NeedFrame.patients].sort_index().rename_axis(CeilingFrame.pcn_code)
    fte = patients / 10_000 * params.fte_per_10000
    said = (
        f"Link workers: no workforce file was given; each PCN is taken to have England's mean, "
        f"{params.fte_per_10000:g} FTE for 10,000 patients, {fte.sum():,.2f} FTE in all."
    )
    return _ceilings(fte, np.full(len(fte), "england_mean"), params), [said]


def _ceilings(fte: pd.Series, basis: np.ndarray, params: LinkWorkerParams) -> pd.DataFrame:
    """`CeilingFrame` of the full-time equivalents of each PCN."""
    ceilings = pd.DataFrame(
        {
            CeilingFrame.pcn_code: fte.index,
            CeilingFrame.link_worker_fte: fte.to_numpy(),
            CeilingFrame.fte_basis: basis,
            CeilingFrame.ceiling_referrals: (fte * params.caseload * params.caseload_share).to_numpy(),
        }
    )
    return ceilings.astype({CeilingFrame.fte_basis: "str"})
