"""The workbook's first sheet: the finding, four charts, the key figures, the ledger, the reasons, the sources."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from xlsxwriter.workbook import Workbook

from .. import few
from ..phrases import (
    PARTICIPANT_HOUR,
    ROUNDED_NOTE,
    count_in_words,
    day_in_words,
    finding,
    hours_worth,
    link_worker_fairness,
    not_reported,
    plan_fairness,
    plan_prices,
    plan_quality,
    share,
)
from ..phrases_choice import SECTOR_WORDS, recommendation
from ..schema import FairnessFrame, GapFrame, PcnResultFrame, PlanFacts, ResultTables, SectorFrame
from ..schema.words import FIFTHS
from ._cells import COUNT, HUNDREDTHS, PERCENT
from ._charts import SOFT, Bars, Drawn, Wording, bar_chart
from ._few_cells import as_shown, tell_people
from ._page import Page
from .summary import FIRST_REASONS, demand_reasons, hours_reasons, rejected_rows

SHEET = "Summary"
WIDTHS = (52, 15, 15, 52)
FIFTH_WORDS = {"1": "1, the most deprived", "2": "2", "3": "3", "4": "4", "5": "5, the least deprived"}
WHITE = "#FFFFFF"
MOST_PATHWAYS = 12
"""Bars of the chart of pathways; the sheet Gaps has all."""


def write_summary(book: Workbook, tables: ResultTables) -> None:
    """Add the sheet to a workbook that is being written."""
    facts = tables.facts
    page = Page(book, SHEET, WIDTHS, numbers=(1, 2), chart_lines=15)
    page.mark(facts)
    page.paragraph(f"{finding(facts)}.", page.title, points=26, size=1.9)
    if facts.label:
        page.paragraph(facts.label, page.label)
    page.paragraph(f"{hours_worth(facts)}.", page.text)
    period = f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}"
    page.paragraph(f"{facts.name}. Plan for {period}; data as of {day_in_words(facts.as_of)}.", page.note)
    if not facts.internal:
        page.paragraph(ROUNDED_NOTE, page.note)
    if tables.choice is not None:
        page.paragraph(f"{recommendation(tables.choice)}. The sheet Sites says why.", page.strong)
    room = page.keep_room(4)
    _key_figures(page, tables)
    charts = [_ledger(page, facts), _by_fifth(page, tables), _by_sector(page, tables), _by_pathway(page, tables.gaps)]
    page.place(room, [chart for chart in charts if chart is not None])
    hours = ("Why hours served nobody", "Hours", "Share")
    _reasons(page, hours_reasons(tables), hours)
    places = ("Why places could not be offered", "Places", "Share")
    _reasons(page, demand_reasons(tables), places, shown=lambda count: as_shown(count, facts))
    _fairness(page, tables.fairness)
    _prices(page, tables.prices)
    if facts.changes:
        page.heading("What changed")
        page.bullets([*facts.changes, "The sheet Differences has every row that changed."])
    page.heading("What to bear in mind")
    page.bullets([*facts.notes, "The sheet Read me explains every column of the other sheets."])
    if facts.sources:
        page.heading("Sources")
        for what, file, attribution in facts.sources:
            page.paragraph(f"{what}: {file}. {attribution}", page.note)
    page.finish()


def _key_figures(page: Page, tables: ResultTables) -> None:
    facts = tables.facts
    page.heading("Key figures")
    people, completing = as_shown(facts.people, facts), as_shown(round(facts.completions), facts)
    page.line("People served", (people, COUNT), "people", "Course places in the plan.")
    page.line("Expected to complete", (completing, COUNT), "people", "About, from completion rates.")
    page.line("PCNs covered", (facts.pcns_covered, COUNT), f"of {facts.pcns:,}", "With at least one place in the plan.")
    met, unmet = (tell_people(n, facts) for n in (facts.demand_places - facts.unmet_places, facts.unmet_places))
    wanted = as_shown(facts.demand_places, facts)
    page.line("Places wanted", (wanted, COUNT), "places", f"{met} given, {unmet} unmet.")
    page.line("Registered patients", (as_shown(facts.patients, facts), COUNT), "patients", "In all PCNs of this run.")
    told = not_reported(facts)
    page.line("Link workers", (facts.link_worker_fte, HUNDREDTHS), "FTE", told[:1].upper() + told[1:] + ".")
    rejected = rejected_rows(tables)
    page.line(
        "Input rows rejected",
        (rejected, COUNT),
        "rows",
        f"{facts.pledges_rejected:,} of {facts.pledges_read:,} pledges among them; see the sheet Accounting.",
    )
    page.paragraph(plan_quality(facts), page.text)


def _ledger(page: Page, facts: PlanFacts) -> Drawn:
    page.heading("The ledger of hours", "Participant-hours", "Hours", "Of pledged", "")
    first = page.row
    whole = facts.pledged_hours or 1.0
    stated = f"Worth the {facts.stated_hours:,.0f} hours that operators stated. One is {PARTICIPANT_HOUR}."
    for name, hours, note in (
        ("Pledged", facts.pledged_hours, stated),
        ("Eligible", facts.eligible_hours, "In the period, with a fit venue and hours for a course."),
        ("Matched", facts.matched_hours, "Given to patients by the plan."),
        ("Unmatched", facts.unmatched_hours, "Eligible, but they found nobody: eligible less matched."),
        ("Ineligible", facts.ineligible_hours, "Could not enter the plan: pledged less eligible."),
    ):
        page.line(name, (hours, COUNT), (hours / whole, PERCENT), note)
    wording = Wording(
        title=f"{share(facts.matched_hours, facts.pledged_hours)} of the hours pledged find somebody"
        if facts.pledged_hours
        else "No hours are pledged",
        across="Participant-hours",
        up="",
        description=(
            f"Bar chart of what became of {facts.pledged_hours:,.0f} participant-hours pledged: "
            f"{facts.matched_hours:,.0f} matched, {facts.unmatched_hours:,.0f} unmatched and "
            f"{facts.ineligible_hours:,.0f} ineligible."
        ),
    )
    bars = Bars(name="Participant-hours", values=page.cells(1, first), labels=COUNT)
    return bar_chart(page.book, wording, page.cells(0, first), [bars], largest=whole * 1.15)


def _by_fifth(page: Page, tables: ResultTables) -> Drawn | None:
    """Coverage by deprivation fifth, before and after evening out; nothing where the fifths are not known."""
    f = FairnessFrame
    told = tables.fairness[tables.fairness[f.measure].eq("coverage_by_fifth")].set_index(f.group)
    told = told.loc[[fifth for fifth in FIFTHS if fifth in told.index], [f.before, f.after]].dropna()
    if told.empty:
        return None
    page.heading("Coverage by deprivation fifth of PCNs", "Fifth", "Before (%)", "After (%)", "")
    first = page.row
    names = [PcnResultFrame.matched_places, PcnResultFrame.demand_places]
    sums = pd.DataFrame(few.fill_few(tables).pcns).groupby(PcnResultFrame.deprivation_fifth)[names].sum()
    for fifth, before, after in told.itertuples():
        places = sums.loc[float(fifth)] if float(fifth) in sums.index else (0, 0)
        given, wanted = (tell_people(number, tables.facts) for number in places)
        note = f"{given} of {wanted} places wanted are given"
        page.line(FIFTH_WORDS[fifth], (before, PERCENT), (after, PERCENT), note)
    table = page.row - 1
    page.paragraph("Before and after the plan was evened out; coverage is places given over places wanted.", page.note)
    ends = told[f.after].iloc[[0, -1]]
    title = (
        f"Coverage is {ends.iloc[0]:.0%} in the most deprived fifth, {ends.iloc[1]:.0%} in the least"
        if len(told) == len(FIFTHS)
        else "Coverage by deprivation fifth"
    )
    wording = Wording(
        title=title,
        across="Deprivation fifth of PCNs",
        up="Places given (% of places wanted)",
        up_format="0%",
        description="Column chart of coverage by deprivation fifth, after evening out: "
        + ", ".join(f"{FIFTH_WORDS[fifth]}: {after:.0%}" for fifth, after in told[f.after].items())
        + ".",
    )
    series = [
        Bars(name="Before evening out", values=page.cells(1, first, table), color=SOFT),
        Bars(name="After", values=page.cells(2, first, table), labels="0%"),
    ]
    return bar_chart(page.book, wording, page.cells(0, first, table), series, upright=True)


def _by_sector(page: Page, tables: ResultTables) -> Drawn:
    f, sectors = SectorFrame, tables.sectors
    page.heading("Who carries the load", "Sector", "Pledged (hours)", "Matched (hours)", "")
    first = page.row
    for row in sectors.itertuples(index=False):
        told = dict(zip(sectors.columns, row, strict=True))
        people = count_in_words(told[f.people])
        served = "1 person" if people == "1" else f"{people} people"
        note = f"{_count(told[f.operators], 'operator')}, {served} served"
        words = SECTOR_WORDS[told[f.sector]]
        page.line(words[:1].upper() + words[1:], (told[f.pledged_hours], COUNT), (told[f.matched_hours], COUNT), note)
    table = page.row - 1
    page.paragraph(
        "Participant-hours. Leisure trusts are counted as voluntary; the sheet Sectors has more.", page.note
    )
    matched = sectors.set_index(f.sector)[f.matched_hours]
    most = matched.idxmax()
    parts = ", ".join(f"{SECTOR_WORDS[sector]} {hours:,.0f}" for sector, hours in matched.items())
    wording = Wording(
        title=f"The {SECTOR_WORDS[most]} gives {share(matched[most], matched.sum())} of the hours matched"
        if matched.sum()
        else "Hours pledged by sector; none is matched",
        across="Participant-hours",
        up="",
        description=f"Bar chart of participant-hours pledged and matched by sector; matched: {parts}.",
    )
    series = [
        Bars(name="Pledged", values=page.cells(1, first, table), color=SOFT, labels=COUNT),
        Bars(name="Matched", values=page.cells(2, first, table), labels=COUNT),
    ]
    largest = sectors[f.pledged_hours].max() * 1.15 or None
    return bar_chart(page.book, wording, page.cells(0, first, table), series, largest=largest)


def _by_pathway(page: Page, gaps: pd.DataFrame) -> Drawn | None:
    f = GapFrame
    wanted = gaps[gaps[f.demand_places].ne(0).fillna(True)].head(MOST_PATHWAYS)
    if wanted.empty:
        return None
    page.heading("Places by pathway", "Pathway", "Given (places)", "Unmet (places)", "")
    first = page.row
    for row in wanted.itertuples(index=False):
        told = dict(zip(wanted.columns, row, strict=True))
        nothing = told[f.pcns_with_nothing]
        note = f"{_count(nothing, 'PCN')} with none" if nothing else "every PCN that wants some gets some"
        page.line(told[f.pathway_name], (told[f.matched_places], COUNT), (told[f.unmet_places], COUNT), note)
    table = page.row - 1
    page.paragraph("The sheet Gaps has every pathway, and the main reason why not more.", page.note)
    worst = wanted.iloc[0]
    parts = "; ".join(
        f"{name}: {count_in_words(given)} given, {count_in_words(unmet)} unmet"
        for name, given, unmet in wanted[[f.pathway_name, f.matched_places, f.unmet_places]].itertuples(index=False)
    )
    wording = Wording(
        title=f"Most places unmet: {worst[f.pathway_name]}"
        if pd.isna(worst[f.unmet_places]) or worst[f.unmet_places]
        else "Every place that is wanted is given",
        across="Course places",
        up="",
        description=f"Stacked bar chart of course places by pathway. {parts}.",
    )
    series = [
        Bars(name="Given", values=page.cells(1, first, table)),
        Bars(
            name="Unmet",
            values=page.cells(2, first, table),
            color=SOFT,
            labels=COUNT,
            inside=True,
            hidden=wanted[f.unmet_places].isna().tolist(),
        ),
    ]
    return bar_chart(page.book, wording, page.cells(0, first, table), series, stacked=True)


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else f'{one}s'}"


def _reasons(
    page: Page,
    sums: pd.Series,
    columns: tuple[str, str, str],
    shown: Callable[[float], float] = lambda amount: amount,
) -> None:
    """The first reasons, the rest in one line, and the sum; `shown` makes what may be told of an amount."""
    if sums.empty:
        return
    title, *named = columns
    page.heading(title, "Reason", *named, "")
    total = shown(sums.sum())
    rest = sums.iloc[FIRST_REASONS:].sum()
    rows = [*sums.head(FIRST_REASONS).items(), *([("other reasons", rest)] if rest else []), ("all", sums.sum())]
    for reason, amount in rows:
        value = shown(amount)
        page.line(reason[:1].upper() + reason[1:], (value, COUNT), (value / total, PERCENT))


def _fairness(page: Page, fairness: pd.DataFrame) -> None:
    """How evenly the plan serves, in sentences; the figures stand on a sheet of their own."""
    page.heading("Fairness")
    page.bullets(sentence for sentence in (*plan_fairness(fairness), link_worker_fairness(fairness)) if sentence)
    page.bullets(["The sheet Fairness has every figure, the sheet Levels how far each aim is proven."])


def _prices(page: Page, prices: pd.DataFrame) -> None:
    """Where one more of something would bring most; nothing where there was no time to work it out."""
    sentences = plan_prices(prices)
    if not sentences:
        return
    page.heading("What one more would bring")
    page.bullets([*sentences, "The sheet Prices has every one. They are estimates on the high side: see its columns."])
