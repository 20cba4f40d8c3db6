"""What a run came to, in words and a few figures: the terminal and the first sheet of the workbook."""

from __future__ import annotations

import math

import pandas as pd

from ..schema import AccountingFrame, PlanFacts, ResultTables, UnmatchedHoursFrame, UnmetFrame
from ..schema.words import INELIGIBLE_REASONS, UNMATCHED_REASONS, UNMET_REASONS

POLICIES = {
    "median": "taken as the median",
    "zero": "taken as having none",
    "exclude": "left out of the plan",
}
FIRST_REASONS = 5


def headline(facts: PlanFacts) -> str:
    """The finding in one sentence."""
    if not facts.people:
        return "No hours could be matched to a patient who needs them."
    return (
        f"{facts.people:,} people get a place: {share(facts.matched_hours, facts.pledged_hours)} of the hours pledged "
        f"find somebody, in {facts.pcns_covered:,} of {facts.pcns:,} PCNs."
    )


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent; the ends are kept for all and for nothing."""
    if whole <= 0:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "under 1%"
    return "over 99%" if 99.5 <= percent < 100 else f"{percent:.0f}%"


def plan_quality(facts: PlanFacts) -> str:
    """How near the plan is to the best there could be, in a sentence."""
    if facts.status == "optimal":
        return "This is the best plan there is: it has been proven that none meets more need."
    least = math.floor(1000 * (1 - facts.gap_share)) / 10
    told = f"the plan meets at least {least:.1f}% of the need that any plan could"
    if facts.status == "within gap":
        return f"It has been proven that {told}."
    return f"The search stopped at its time limit; by then {told}."


def not_reported(facts: PlanFacts) -> str:
    """What was done about the PCNs that did not report their link workers."""
    count = facts.pcns_fte_not_reported
    if not count:
        return "every PCN reported"
    policy = POLICIES.get(facts.fte_policy, facts.fte_policy)
    return f"{count:,} {'PCN' if count == 1 else 'PCNs'} not reported, {policy}"


def hours_reasons(tables: ResultTables) -> pd.Series:
    """Participant-hours that served nobody, by reason in words, the largest first."""
    words = UnmatchedHoursFrame.reason, UnmatchedHoursFrame.hours
    return _by_reason(tables.unmatched, *words, INELIGIBLE_REASONS | UNMATCHED_REASONS)


def demand_reasons(tables: ResultTables) -> pd.Series:
    """Course places of demand that found no hours, by reason in words, the largest first."""
    return _by_reason(tables.unmet, UnmetFrame.reason, UnmetFrame.unmet_places, UNMET_REASONS)


def rejected_rows(tables: ResultTables) -> int:
    """Rows of all inputs that could not be used."""
    accounting = tables.accounting
    return int(accounting.loc[accounting[AccountingFrame.status] == "rejected", AccountingFrame.rows].sum())


def describe(tables: ResultTables) -> str:
    """
    What the run came to, to be printed in a terminal or read out: at most 24 lines, figures aligned.

    Parameters
    ----------
    tables
        A finished run.

    Returns
    -------
    text
        Lines of at most 100 characters, without a line break at the end.
    """
    facts = tables.facts
    whole = facts.pledged_hours
    lines = [f"{facts.name} – {facts.label}" if facts.label else facts.name, headline(facts), ""]
    lines += [
        _line(f"{facts.pledged_hours:,.0f}", f"hours pledged, {facts.period_start} to {facts.period_end}"),
        _line(f"{facts.eligible_hours:,.0f}", f"of them eligible ({share(facts.eligible_hours, whole)})"),
        _line(f"{facts.matched_hours:,.0f}", f"of them matched ({share(facts.matched_hours, whole)} of those pledged)"),
        _line(f"{facts.people:,}", f"people served; about {facts.completions:,.0f} are expected to complete"),
        _line(f"{facts.pcns_covered:,}", f"of {facts.pcns:,} PCNs covered, {facts.patients:,} patients in all"),
        _line(f"{facts.link_worker_fte:,.2f}", f"link workers (full-time equivalent); {not_reported(facts)}"),
    ]
    lines += _reasons("Hours nobody could use", hours_reasons(tables))
    lines += _reasons("Places nobody could offer", demand_reasons(tables))
    lines += ["", plan_quality(facts)]
    rejected = rejected_rows(tables)
    if rejected:
        rows = "row was" if rejected == 1 else "rows were"
        pledges = f"{facts.pledges_rejected:,} of {facts.pledges_read:,} pledges among them"
        lines.append(f"{rejected:,} input {rows} rejected, {pledges}; accounting.csv names each.")
    return "\n".join(lines)


def _by_reason(frame: pd.DataFrame, reason: str, amount: str, words: dict[str, str]) -> pd.Series:
    sums = frame.dropna(subset=[reason]).groupby(reason)[amount].sum()
    sums = sums[sums > 0].sort_index().sort_values(ascending=False, kind="stable")
    return sums.rename(index=lambda code: words.get(code, code))


def _reasons(title: str, sums: pd.Series) -> list[str]:
    """A heading and the first reasons; no line where nothing was left over."""
    if sums.empty:
        return []
    first = [_line(f"{amount:,.0f}", reason) for reason, amount in sums.head(FIRST_REASONS).items()]
    return [f"{title}: {sums.sum():,.0f}", *first]


def _line(figure: str, words: str) -> str:
    return f"{figure:>14}  {words}"
