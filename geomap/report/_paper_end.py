"""The end of the board paper: dates and quality of the data, then the method and its assumptions in plain words."""

from __future__ import annotations

from ..phrases import AIMS, INTERNAL_MARK, PARTICIPANT_HOUR, ROUNDED_NOTE, day_in_words, not_reported
from ..phrases_choice import SITE_UNITS
from ..schema import LevelFrame, PathwayFrame, PlanFacts, ResultTables, SiteTables
from ._paper_page import MAX_ROWS, Column, Paper
from ._paper_told import COMPARATORS, LEVELS, PATHWAYS, REGRETS, ROBUSTNESS, TRADEOFFS, Told

MOST_NOTES = 1
"""In the body of the paper; the annex has the others."""
L, W = LevelFrame, PathwayFrame
_LEVEL_SHAPES = {"worst_coverage": "percents", "travel": "whole"}
_STATUSES = {
    "optimal": "proven best",
    "within gap": "proven to be near the best",
    "stopped": "search ended early",
    "not asked": "not asked for",
}


def write_data(paper: Paper, told: Told, facts: PlanFacts) -> None:
    """Dates, what was rejected, what to bear in mind, and the sources."""
    paper.section("The data, their dates and quality")
    rejected = "All pledges that operators sent could be used."
    if facts.pledges_rejected:
        share = f"{told.figure('pledges_rejected')} of {told.figure('pledges_read')}"
        rejected = f"Of the pledges that operators sent, {share} were rejected; results.xlsx names each."
    told.figure("pcns_fte_not_reported")  # which stands in the words that follow
    sources = " The annex lists every source with its date." if facts.sources else ""
    paper.paragraph(
        f"Practices and PCNs are taken as of {told.quote(day_in_words(facts.as_of))}. {rejected} "
        f"Link workers: {not_reported(facts)}.{sources} "
        f"{told.quote(f'{INTERNAL_MARK}.' if facts.internal else ROUNDED_NOTE)}"
    )
    paper.bullets(told.quote(note) for note in facts.notes[:MOST_NOTES])


def write_annex(paper: Paper, told: Told, tables: ResultTables) -> None:
    """Method and assumptions, so that the pages before need none of it."""
    paper.annex("Annex: method and assumptions")
    paper.heading("How the plan is made")
    paper.bullets(_PLAN)
    if told.has(LEVELS):
        _levels(paper, told)
    if told.has(PATHWAYS):
        _pathways(paper, told)
    if tables.choice is not None and not tables.choice.portfolios.empty:
        paper.heading("How the sites are chosen")
        paper.bullets(_of_sites(told, tables.choice))
        paper.bullets(told.quote(note) for note in tables.choice.notes)
    if tables.facts.notes[MOST_NOTES:]:
        paper.heading("More to bear in mind about the data")
        paper.bullets(told.quote(note) for note in tables.facts.notes[MOST_NOTES:])
    _sources(paper, told, tables.facts)


def _pathways(paper: Paper, told: Told) -> None:
    """What is assumed of each pathway."""
    frame = told.table(PATHWAYS)
    rows = []
    for row in frame.index[:MAX_ROWS]:
        numbers = [told.number(PATHWAYS, row, name, "plain") for name in
                   (W.weeks, W.sessions_per_week, W.session_hours, W.course_hours, W.group_size)]  # fmt: skip
        shares = [told.number(PATHWAYS, row, name, "percents") for name in
                  (W.referral_share, W.uptake_share, W.completion_share)]  # fmt: skip
        rows.append([told.words(PATHWAYS, row, W.pathway_name), *numbers, *shares])
    columns = [
        Column("Pathway", 4.6), Column("Weeks", 1.2, True), Column("Sessions a week", 1.6, True),
        Column("Hours a session", 1.6, True), Column("Hours in all", 1.4, True), Column("In a group", 1.4, True),
        Column("Referred", 1.6, True), Column("Start", 1.5, True), Column("Complete", 1.7, True),
    ]  # fmt: skip
    note = "Referred: of those eligible. Start: of those referred. Complete: of those who start."
    if len(frame) > len(rows):
        note += " The scenario has more pathways."
    paper.table("What is assumed of each pathway", columns, rows, note)


def _sources(paper: Paper, told: Told, facts: PlanFacts) -> None:
    """Each source with its date, and whom the data come from, each attribution once."""
    if facts.sources:
        paper.heading("The data, their dates and whom they come from")
        rows = [[told.quote(what.partition(" (")[0]), told.quote(file)] for what, file, _ in facts.sources]
        paper.table("Sources", [Column("What", 7.5), Column("File and date", 9.5)], rows)
    by_owner: dict[str, list[str]] = {}
    for what, _, attribution in facts.sources:
        if attribution:
            by_owner.setdefault(attribution, []).append(what)
    for attribution, names in by_owner.items():
        paper.note(f"{told.quote('; '.join(names))}: {told.quote(attribution)}")


_PLAN = (
    f"Hours: every figure is in participant-hours, {PARTICIPANT_HOUR}. An hour of a led session counts once for each "
    "person in it. Hours outside the plan period, without a fit venue or role, or too few for a course are set aside.",
    "Need: each PCN has an index from 0 to 1, made from deprivation, inactivity, long-term conditions and age. A "
    "completed course counts for more where the index is higher: that is what “weighted by need” means.",
    "Demand: the places wanted are the patients who could be referred and would start. Link workers can refer only so "
    "many people, and no plan goes past that.",
    "Reach: people use what they can travel to within a time limit; digital hours and those that come to the patient "
    "reach by rule.",
    "Match: whole courses, with enough people in each to be viable, never more hours than were pledged. Of all such "
    "plans the one taken is best at the aims below, the first before the second and so on.",
)


def _levels(paper: Paper, told: Told) -> None:
    frame = told.table(LEVELS)
    rows = []
    for row in frame.index:
        shape = _LEVEL_SHAPES.get(frame.at[row, L.objective], "tenths")
        aim = AIMS[frame.at[row, L.objective]]
        values = [told.number(LEVELS, row, name, shape) for name in (L.value, L.bound)]
        rows.append([f"{aim[:1].upper()}{aim[1:]}", *values, _STATUSES[frame.at[row, L.status]]])
    columns = [Column("Aim, the first before all others", 8.2), Column("The plan", 2.2, True),
               Column("Best possible", 2.2, True), Column("How far proven", 4.2)]  # fmt: skip
    paper.table("What the plan is best at", columns, rows)


def _of_sites(told: Told, choice: SiteTables) -> list[str]:
    """How sites were chosen and tested; nothing of what was not done."""
    several = SITE_UNITS[choice.unit][1]
    said = [
        f"Choice: {several} and the plan that serves them are chosen together, so that sites do not count on the same "
        "hours twice. The figures of a site are those of the plan that serves the chosen sites alone. The search "
        "proves how much better any other choice could be."
    ]
    if told.has(TRADEOFFS):
        said.append("Trade-offs: the choice is made again under each limit; all else stays as it is.")
    if told.has(COMPARATORS):
        said.append(
            "Comparators: size, deprivation, age, long-term conditions, density, link workers and hours in reach are "
            "compared, each in standard deviations. Past a distance of 0.25 nobody is called close enough."
        )
    if told.has(ROBUSTNESS):
        said.append(
            "Draws: need weights, uptake, completion, how full groups are, caseload and detours are drawn evenly from "
            "their ranges. A site is core when at least 0.8 of the draws choose it, fragile when at most 0.2 do, "
            "contested in between. To be quick, courses need not be whole in the draws."
        )
    if told.has(REGRETS):
        said.append("Falling short: how much less need a portfolio meets in a draw than the best choice for that draw.")
    return said
