"""What a run came to, in words and a few figures: the terminal and the first sheet of the workbook."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten, wrap

import pandas as pd

from .. import few
from ..phrases import (
    INTERNAL_MARK,
    count_in_words,
    day_in_words,
    finding,
    hours_worth,
    not_reported,
    plan_fairness,
    plan_prices,
    plan_quality,
    share,
)
from ..phrases_choice import SITE_UNITS, recommendation_quality, recommendation_worth
from ..schema import (
    AccountingFrame,
    ChosenSiteFrame,
    ResultTables,
    RobustnessFrame,
    SiteTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from ..schema.words import INELIGIBLE_REASONS, UNMATCHED_REASONS, UNMET_REASONS
from ._few_cells import tell_people

FIRST_REASONS = 5
"""In the workbook; a terminal of 24 lines has room for fewer."""
TERMINAL_REASONS = 2
SITES_TOLD = 8
LETTERS = 100
"""Of a line in the terminal."""
ROUNDED_LINE = "Counts of people: 1 to 7 are not shown, others are to the nearest 5; figures may not add up."
"""`phrases.ROUNDED_NOTE` in one line."""


def hours_reasons(tables: ResultTables) -> pd.Series:
    """Participant-hours that served nobody, by reason in words, the largest first."""
    words = UnmatchedHoursFrame.reason, UnmatchedHoursFrame.hours
    return _by_reason(tables.unmatched, *words, INELIGIBLE_REASONS | UNMATCHED_REASONS)


def demand_reasons(tables: ResultTables) -> pd.Series:
    """
    Course places of demand that found no hours, by reason in words, the largest first.

    Where counts are not shown, others stand for them: the sums are to be rounded before they are told.
    """
    return _by_reason(few.fill_few(tables).unmet, UnmetFrame.reason, UnmetFrame.unmet_places, UNMET_REASONS)


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
    period = f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}"
    people, wanted = (tell_people(count, facts) for count in (facts.people, facts.demand_places))
    done = f"about {facts.completions:,.0f}" if facts.internal else few.say_expected(facts.completions)
    lines = [f"{facts.name} – {facts.label}" if facts.label else facts.name]
    lines += [f"{finding(facts)}.", f"{hours_worth(facts)}."]
    lines += [
        _line(f"{facts.pledged_hours:,.0f}", f"participant-hours pledged, {period}"),
        _line(f"{facts.eligible_hours:,.0f}", f"of them eligible ({share(facts.eligible_hours, whole)})"),
        _line(f"{facts.matched_hours:,.0f}", f"of them matched ({share(facts.matched_hours, whole)} of those pledged)"),
        _line(people, f"people served, of {wanted} who could start; {done} are expected to complete"),
        _line(f"{facts.link_worker_fte:,.2f}", f"link workers (full-time equivalent); {not_reported(facts)}"),
    ]
    lines += _reasons("Hours nobody could use", hours_reasons(tables), "{:,.0f}".format)
    lines += _reasons("Places nobody could offer", demand_reasons(tables), lambda count: tell_people(count, facts))
    lines += [*plan_prices(tables.prices, LETTERS), *plan_fairness(tables.fairness), plan_quality(facts)]
    lines += facts.changes[:1]
    rejected = rejected_rows(tables)
    if rejected:
        rows = "row was" if rejected == 1 else "rows were"
        pledges = f"{facts.pledges_rejected:,} of {facts.pledges_read:,} pledges among them"
        lines.append(f"{rejected:,} input {rows} rejected, {pledges}; accounting.csv names each.")
    lines.append(f"{INTERNAL_MARK}." if facts.internal else ROUNDED_LINE)
    return "\n".join(lines)


def describe_sites(choice: SiteTables) -> str:
    """
    Which sites were chosen, to be printed after the plan: at most 15 lines of at most 100 characters.

    Parameters
    ----------
    choice
        The choice of a finished run.
    """
    unit = SITE_UNITS[choice.unit][1]
    lines = [f"Test-and-learn sites: {choice.count:,} of {len(choice.candidates):,} {unit}."]
    for sentence in (recommendation_worth(choice), recommendation_quality(choice)):
        lines += wrap(sentence, LETTERS)
    f = ChosenSiteFrame
    first = choice.chosen[choice.chosen[f.portfolio].eq(1)].sort_values(f.site_rank)
    drawn = choice.robustness.set_index(RobustnessFrame.site_id)[RobustnessFrame.share_of_draws]
    columns = [f.site_id, f.site_name, f.places]
    for code, name, places in first[columns].head(SITES_TOLD).itertuples(index=False):
        often = f"; in {drawn[code]:.0%} of the draws" if code in drawn.index else ""
        told = f"people: {name}" if name == code else f"people: {code}, {name}"
        lines.append(_line(count_in_words(places), shorten(told, LETTERS - 22 - len(often), placeholder="…") + often))
    if len(first) > SITES_TOLD:
        lines.append(f"And {len(first) - SITES_TOLD:,} more; chosen_sites.csv has them all, report.docx why.")
    else:
        lines.append("report.docx says why.")
    return "\n".join(lines)


def _by_reason(frame: pd.DataFrame, reason: str, amount: str, words: dict[str, str]) -> pd.Series:
    sums = frame.dropna(subset=[reason]).groupby(reason)[amount].sum()
    sums = sums[sums > 0].sort_index().sort_values(ascending=False, kind="stable")
    return sums.rename(index=lambda code: words.get(code, code))


def _reasons(title: str, sums: pd.Series, tell: Callable[[float], str]) -> list[str]:
    """A heading and the first reasons; no line where nothing was left over."""
    if sums.empty:
        return []
    first = [_line(tell(amount), reason) for reason, amount in sums.head(TERMINAL_REASONS).items()]
    return [f"{title}: {tell(sums.sum())}", *first]


def _line(figure: str, words: str) -> str:
    return f"{figure:>14}  {words}"
