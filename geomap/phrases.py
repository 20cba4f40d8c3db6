"""What codes are called in words, and the sentences that the terminal, the workbook and the map tell alike."""

from __future__ import annotations

import datetime
import math

import pandas as pd

from .few import say_people
from .schema import FairnessFrame, PlanFacts, PriceFrame, words
from .schema.words import EVERYBODY, FIFTHS

KINDS = {
    "leisure_trust": "leisure trust",
    "local_authority": "local authority",
    "private": "private company",
    "charity": "charity",
    "community": "community group",
    "arts": "arts organisation",
    "library": "library",
    "digital": "digital provider",
}

VENUES = {
    "gym": "gym",
    "pool": "pool",
    "hall": "hall",
    "studio": "studio",
    "outdoor": "outdoor space",
    "library": "library",
    "community": "community venue",
    "arts": "arts venue",
    "online": "online",
}

KNOWN_FROM = {
    "bank": "the bank of hours",
    "active_places": "Active Places",
    "openactive": "OpenActive",
    "open_referral": "Open Referral UK",
    "libraries": "the list of public libraries of 2016 to 2017",
}
"""Where a place or service that could be asked is known from."""

UNITS = {
    "participant": "hours for one person each",
    "class": "hours of led sessions",
    "facility": "hours of a hall, lane or studio",
    "staff": "hours of one-to-one staff time",
}

FTE_BASES = {
    "reported": "reported by the PCN",
    "median": "not reported; the median of reporting PCNs is assumed",
    "zero": "not reported; taken as none",
    "excluded": "not reported; the PCN is left out of the match",
    "england_mean": "not given; England's mean for the PCN's patients is assumed",
}

LINKS = {
    "formal": "formal agreement",
    "informal": "informal contact",
    "none": "no contact",
    "unknown": "not known",
}

TOPICS = {
    "pcn_without_link": "PCN with no formal or informal link to an operator in reach",
    "operator_without_link": "operator with hours and no formal or informal link",
    "one_facility": "PCN whose places are all at one facility",
    "unknown_link": "link recorded as unknown",
}
"""What a planner can act on, one of a list."""

STAGES = {"ineligible": "could not be used", "unmatched": "found nobody"}

FATES = {"part-matched": "matched in part", "not_used": "not used"}
"""Status of an input row → words, where the status itself is not plain."""

AIMS = {
    "completions": "completions, weighted by need",
    "core20": "completions Core20 patients are short of their share of need",
    "worst_coverage": "coverage of the worst-covered PCN within reach (share)",
    "completions_kept": "completions, weighted by need, with the fairness above",
    "travel": "travel (minutes)",
}
"""What a plan is best at, in order."""

MEASURES = {
    "coverage_by_fifth": "coverage by deprivation fifth of PCNs (1 the most deprived)",
    "worst_coverage": "coverage of the worst covered, of PCNs within reach",
    "gini_coverage": "Gini coefficient of coverage over PCNs",
    "core20_need": "Core20 patients: their share of need",
    "core20_completions": "Core20 patients: their share of completions",
    "core20_shortfall": "Core20 patients: completions short of need",
    "pcns_with_nothing": "PCNs that want places and get none",
    "people": "people served",
    "need_weighted_completions": "completions, weighted by need",
    "price_per_point": "price of fairness: completions given up for a point gained",
    "need_against_fte": "need against link workers per patient (below 0: inverse care)",
    "fte_by_need_fifth": "link workers by fifth of need (1 the most need)",
}

PRICES = {
    "hour": "one more participant-hour of a pledge",
    "fte": "one more full-time link worker of a PCN",
    "km": "one kilometre farther for the people of a PCN",
}

_ONE_MORE = {
    "fte": ("full-time link worker", "nowhere are people to refer what is short"),
    "km": ("kilometre", "nobody would come within reach of hours they could use"),
    "hour": ("participant-hour", "nowhere are hours what is short"),
}
_ALIKE = 1e-6
"""Prices that differ by a smaller share are one."""
_SHORTEST_NAME = 8
"""Letters; a name that must be cut to fewer is left out, as its code stands beside it."""

_NOTHING = {
    "reachable": "within reach",
    "cannot refer": "that cannot refer anybody",
    "out of reach": "out of reach",
}

_POLICIES = {
    "median": "taken as the median",
    "zero": "taken as having none",
    "exclude": "left out of the plan",
    "england_mean": "as no workforce file was given, taken at England's mean for their patients",
}

PARTICIPANT_HOUR = "one person active for one hour"

NOTHING_GIVEN_UP = 1e-6
"""A plan proven best for what was asked of it may meet less need than another: fairness may have cost some."""


def finding(facts: PlanFacts) -> str:
    """
    What the run found, in one sentence without a full stop.

    >>> finding(facts)
    '76,688 people could get a place, in 1,281 of 1,298 PCNs; 48% of the hours pledged find somebody'
    """
    if not facts.people:
        return "Nobody could get a place: none of the hours pledged finds somebody who needs them"
    told = f"{facts.people:,}" if facts.internal else say_people(facts.people)
    people = "1 person" if told == "1" else f"{told} people"
    pcns = "PCN" if facts.pcns == 1 else "PCNs"
    return (
        f"{people} could get a place, in {facts.pcns_covered:,} of {facts.pcns:,} {pcns}; "
        f"{share(facts.matched_hours, facts.pledged_hours)} of the hours pledged find somebody"
    )


def count_in_words(count: float) -> str:
    """
    A count of people out of a table, as a sentence tells it: one that is not shown as the range that it is in.

    >>> count_in_words(1235), count_in_words(pd.NA)
    ('1,235', '1 to 7')
    """
    return say_people(math.nan) if pd.isna(count) else f"{count:,.0f}"


def hours_worth(facts: PlanFacts) -> str:
    """
    The hours as the operators stated them, and what they are worth in the unit of every other figure.

    >>> hours_worth(facts)
    '500,541 hours pledged as stated, worth 2,613,155 participant-hours: one person active for one hour'
    """
    return (
        f"{facts.stated_hours:,.0f} hours pledged as stated, worth {facts.pledged_hours:,.0f} participant-hours: "
        f"{PARTICIPANT_HOUR}"
    )


def plan_quality(facts: PlanFacts) -> str:
    """How near the plan is to the best there could be, in a sentence."""
    if facts.status == "optimal" and facts.gap_share < NOTHING_GIVEN_UP:
        return "This is the best plan there is: it has been proven that none meets more need."
    least = math.floor(1000 * (1 - facts.gap_share)) / 10
    told = f"the plan meets at least {least:.1f}% of the need that any plan could"
    if facts.status != "stopped":
        return f"It has been proven that {told}."
    return f"The search ended short of full proof; {told}."


def not_reported(facts: PlanFacts) -> str:
    """What was done about the PCNs that did not report their link workers."""
    count = facts.pcns_fte_not_reported
    if not count:
        return "every PCN reported"
    policy = _POLICIES.get(facts.fte_policy, facts.fte_policy)
    return f"{count:,} {'PCN' if count == 1 else 'PCNs'} not reported, {policy}"


def plan_fairness(fairness: pd.DataFrame) -> list[str]:
    """
    How evenly a plan serves and what that costs, a sentence a line; what cannot be told is left out.

    >>> plan_fairness(fairness)[0]
    'Coverage of demand, the most deprived fifth first: 46%, 45%, 38%, 34%, 35%.'
    """
    told = fairness.set_index([FairnessFrame.measure, FairnessFrame.group])
    after, before = told[FairnessFrame.after], told[FairnessFrame.before]
    return [
        sentence
        for sentence in (_by_fifth(after), _core20(after), _with_nothing(after), _evened_out(before, after))
        if sentence
    ]


def _by_fifth(after: pd.Series) -> str:
    covers = after["coverage_by_fifth"][list(FIFTHS)]
    if covers.isna().all():
        return ""
    listed = ", ".join("–" if math.isnan(cover) else share(cover, 1.0) for cover in covers)
    return f"Coverage of demand, the most deprived fifth first: {listed}."


def _core20(after: pd.Series) -> str:
    need, completions, short = (
        after[measure, "all"] for measure in ("core20_need", "core20_completions", "core20_shortfall")
    )
    if math.isnan(short):
        return ""
    points = f"{100 * short:.1f} points" if short >= 0.0005 else "under 0.1 points"
    end = f"a shortfall of {points}" if short else "no shortfall"
    return f"Core20 patients have {need:.1%} of the need and {completions:.1%} of the completions: {end}."


def _with_nothing(after: pd.Series) -> str:
    counts = after["pcns_with_nothing"]
    count = int(counts.sum())
    if not count:
        return "Every PCN that wants places gets some."
    pcns, get = ("PCN", "gets") if count == 1 else ("PCNs", "get")
    why = [(counts[group], words) for group, words in _NOTHING.items() if counts[group]]
    if len(why) == 1:
        return f"{count:,} {pcns} {why[0][1]} {get} nothing."
    return f"{count:,} {pcns} {get} nothing: {', '.join(f'{number:,.0f} {words}' for number, words in why)}."


def _evened_out(before: pd.Series, after: pd.Series) -> str:
    first, last = (told["worst_coverage", "worst tenth"] for told in (before, after))
    most, kept = (told["need_weighted_completions", "all"] for told in (before, after))
    if math.isnan(last):
        return ""
    moved = f"goes from {first:.1%} to {last:.1%}"
    if f"{first:.1%}" == f"{last:.1%}":
        moved = f"is covered to {last:.1%}, as before fairness"
    given_up = (most - kept) / most if most else 0.0
    cost = f"for {given_up:.1%} of weighted completions" if given_up >= 0.0005 else "for under 0.1% of completions"
    return f"The worst-covered tenth of demand {moved}, {cost if given_up > 1e-9 else 'at no cost'}."


def link_worker_fairness(fairness: pd.DataFrame) -> str:
    """
    Whether link workers are where need is, in a sentence; empty where it cannot be told.

    >>> link_worker_fairness(fairness)
    'Link workers: 0.62 FTE per 10,000 patients where need is most, 0.48 where it is least (rank correlation +0.16).'
    """
    told = fairness.set_index([FairnessFrame.measure, FairnessFrame.group])[FairnessFrame.after]
    most, least = (told["fte_by_need_fifth", fifth] for fifth in (FIFTHS[0], FIFTHS[-1]))
    correlation = told["need_against_fte", "reported"]
    if math.isnan(most + least + correlation):
        return ""
    return (
        f"Link workers: {most:.2f} FTE per 10,000 patients where need is most, {least:.2f} where it is least "
        f"(rank correlation {correlation:+.2f})."
    )


def plan_prices(prices: pd.DataFrame, letters: int | None = None) -> list[str]:
    """
    Where one more link worker, kilometre and hour would bring most, a sentence each; none where nothing was priced.

    Parameters
    ----------
    prices
        `PriceFrame`, the dearest of each kind first.
    letters
        The most letters of a sentence; names are cut to hold it.

    Examples
    --------
    >>> plan_prices(prices)[0]
    'One more full-time link worker would bring up to 29.0 weighted completions: in U12345 (Northern Parishes).'
    """
    # Everybody's kilometre is told whatever it is worth, unless there was no time to work it out.
    priced = prices[PriceFrame.kind].unique()
    kinds = [kind for kind in _ONE_MORE if kind in priced or (kind != "km" and len(priced))]
    return [_one_more(kind, prices[prices[PriceFrame.kind].eq(kind)], letters) for kind in kinds]


def _one_more(kind: str, prices: pd.DataFrame, letters: int | None) -> str:
    unit, nothing = _ONE_MORE[kind]
    together = prices[PriceFrame.where].eq(EVERYBODY)
    to_all, rows = prices.loc[together, PriceFrame.completions], prices[~together]
    if rows.empty:
        return f"One more {unit} would bring nothing: {nothing}."
    code, name, most = rows.iloc[0][[PriceFrame.where, PriceFrame.name, PriceFrame.completions]]
    alike = int(rows[PriceFrame.completions].ge(most * (1 - _ALIKE)).sum()) - 1
    start = f"One more {unit} would bring up to {_figure(most)} weighted completions: in {code}"
    end = "".join([f" and {alike:,} more"] * (alike > 0) + [f"; to all at once, {_figure(sum_)}" for sum_ in to_all])
    room = len(name) if letters is None else letters - len(f"{start} (){end}.")
    if len(name) > room:
        name = f"{name[: room - 1].rstrip()}…" if room >= _SHORTEST_NAME else ""
    return f"{start} ({name}){end}." if name else f"{start}{end}."


def _figure(completions: float) -> str:
    """Two figures below one, a tenth below a hundred: it is an estimate."""
    return f"{completions:.2g}" if completions < 1 else f"{completions:,.{int(completions < 100)}f}"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent; the ends are kept for all and for nothing."""
    if whole <= 0:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "under 1%"
    return "over 99%" if 99.5 <= percent < 100 else f"{percent:.0f}%"


def day_in_words(day: str) -> str:
    """
    An ISO date as people write it.

    >>> day_in_words("2026-04-01")
    '1 April 2026'
    """
    date = datetime.date.fromisoformat(day)
    return f"{date.day} {date:%B %Y}"


INTERNAL_MARK = words.INTERNAL_MARK
"""Stands on every page, sheet and document of results that were not made fit for publication."""
ROUNDED_NOTE = (
    "Counts of people from 1 to 7 are not shown, and others are rounded to the nearest 5, so figures may not add up. "
    "Hours matched are those of the rounded counts."
)
"""Stands wherever the figures of a published run are explained."""
