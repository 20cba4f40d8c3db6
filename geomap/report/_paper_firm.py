"""Fairness and robustness in the board paper: whom the plan reaches, and what the choice of sites hangs on."""

from __future__ import annotations

import pandas as pd

from ..phrases_choice import ASSUMPTIONS, ENDS, in_a_row
from ..schema import (
    AccessResultFrame,
    FairnessFrame,
    FlipFrame,
    RegretFrame,
    ResultTables,
    RobustnessFrame,
    TradeoffFrame,
)
from ..schema.words import FIFTHS, LIST_SEPARATOR
from ._figures import draw_shares, draw_tradeoffs
from ._paper_page import MAX_ROWS, Column, Paper, Picture
from ._paper_told import (
    ACCESS,
    FAIRNESS,
    FLIPS,
    NOTHING,
    REGRETS,
    ROBUSTNESS,
    TRADEOFFS,
    Told,
    more_rows,
)

WIDTH_MM = 170.0
MOST_SHARES = 24
"""Sites in the figure of draws."""
MOST_OTHERS = 4
"""Of them, how many that are not recommended."""
A, F, R, L, T = AccessResultFrame, FairnessFrame, RobustnessFrame, FlipFrame, TradeoffFrame

_FIFTHS = dict(zip(FIFTHS, ("Most deprived fifth", "Second", "Third", "Fourth", "Least deprived"), strict=True))

_MEASURES = (
    *(("coverage_by_fifth", fifth, words) for fifth, words in _FIFTHS.items()),
    ("worst_coverage", "worst tenth", "Worst tenth"),
    ("core20_completions", "all", "Core20"),
)  # fmt: skip
"""(measure, group, heading) of the columns of the table of fairness."""


_CURVES = (
    ("coverage", "the least coverage of a site", "more evenness among the sites"),
    ("cost", "the set-up cost", "more money"),
    ("sites", "the number of sites", "more sites"),
)
"""(curve, what is limited, what there is more of)."""


def write_fairness(paper: Paper, told: Told, tables: ResultTables) -> None:
    """Coverage by deprivation fifth, before and after the plan was evened out, and the trade-offs."""
    frame = told.table(FAIRNESS)
    known = frame[frame[F.after].notna()] if told.has(FAIRNESS) else frame
    if known.empty and not told.has(TRADEOFFS):
        return
    paper.section("Who gains: fairness")
    if not known.empty:
        _fairness_sentences(paper, told, sites=tables.choice is not None)
        _fairness_table(paper, told)
        _access_table(paper, told)
    if told.has(TRADEOFFS):
        _tradeoffs(paper, told)


def _row(told: Told, measure: str, group: str) -> int | None:
    """Row of the table of fairness that has something to tell."""
    frame = told.table(FAIRNESS)
    rows = frame.index[frame[F.measure].eq(measure) & frame[F.group].eq(group) & frame[F.after].notna()]
    return int(rows[0]) if len(rows) else None


def _fairness_sentences(paper: Paper, told: Told, *, sites: bool) -> None:
    def after(row: int, shape: str = "percent") -> str:
        return told.number(FAIRNESS, row, F.after, shape)

    text = []
    if sites:
        text.append("These figures are of the whole plan, in which every PCN is served and not the sites alone.")
    first, last = _row(told, "coverage_by_fifth", FIFTHS[0]), _row(told, "coverage_by_fifth", FIFTHS[-1])
    if first is not None and last is not None:
        subject = "It" if sites else "The plan"
        least = f"{after(last)} where it is least"
        text.append(f"{subject} gives {after(first)} of the places wanted where deprivation is greatest and {least}.")
    need, done = _row(told, "core20_need", "all"), _row(told, "core20_completions", "all")
    if need is not None and done is not None:
        shares = f"{after(need, 'percents')} of the need and {after(done, 'percents')} of the completed courses"
        text.append(f"Core20 patients, who live in the most deprived fifth of England, have {shares}.")
    worst, kept = _row(told, "worst_coverage", "worst tenth"), _row(told, "need_weighted_completions", "all")
    if worst is not None and kept is not None:
        before = told.number(FAIRNESS, worst, F.before, "percents")
        most = told.number(FAIRNESS, kept, F.before)
        text.append(f"Evening it out takes the worst-covered tenth of demand from {before} to "
                    f"{after(worst, 'percents')}, and need met from {most} to {after(kept, 'whole')} "
                    "weighted completions.")  # fmt: skip
    paper.paragraph(" ".join(text))


def _fairness_table(paper: Paper, told: Told) -> None:
    found = [(_row(told, measure, group), words) for measure, group, words in _MEASURES]
    shown = [(row, words) for row, words in found if row is not None]
    if not shown:
        return
    rows = [
        [words, *(told.number(FAIRNESS, row, name, "percents") for row, _ in shown)]
        for name, words in ((F.before, "Before it was evened out"), (F.after, "The plan"))
    ]
    columns = [Column("Plan", 4.4), *(Column(words, 1.8, True) for _, words in shown)]
    note = (
        "Fifths of PCNs by deprivation, and the worst-covered tenth of demand within reach: places given, of places "
        "wanted. Core20: their share of completed courses."
    )
    paper.table("Fairness of the plan, before and after it was evened out", columns, rows, note)


def _access_table(paper: Paper, told: Told) -> None:
    """Hours within reach by fifth of deprivation, before the plan and left by it."""
    frame = told.table(ACCESS)
    if frame.empty:
        return
    mine = frame.index[frame[A.level].eq("imd_fifth") & frame[A.method].eq("e2sfca")]
    found = {str(frame.at[row, A.area_code]): int(row) for row in mine}
    at = {words: found[fifth] for fifth, words in _FIFTHS.items() if fifth in found}
    if not at:
        return
    rows = [
        [words, *(told.number(ACCESS, row, name, "tenths") for row in at.values())]
        for name, words in ((A.hours_in_reach, "On offer"), (A.hours_left_in_reach, "Left by the plan"))
    ]
    columns = [Column("Hours within reach", 4.4), *(Column(words, 1.8, True) for words in at)]
    note = (
        "Participant-hours per 1,000 patients, shared with all others who can reach them (E2SFCA); by fifth of "
        "deprivation of the homes of patients where these are known, else of their PCN."
    )
    paper.table("Access by deprivation fifth, before and after the plan", columns, rows, note)


def _tradeoffs(paper: Paper, told: Told) -> None:
    frame = told.table(TRADEOFFS)
    width = min(WIDTH_MM, paper.width.mm)
    ends, things = [], []
    for curve, words, thing in _CURVES:
        rows = frame[frame[T.curve].eq(curve)].sort_values(T.limit)
        if len(rows):
            low, high = (told.number(TRADEOFFS, int(row), T.value, "tenths") for row in (rows.index[0], rows.index[-1]))
            ends.append(f"from {low} to {high} as {words} goes from its lowest to its highest")
            things.append(thing)
    alt = f"Line charts of the need that sites meet: {'; '.join(ends)}. The recommended choice is ringed."
    title = f"What {in_a_row(things)} would do to the need met"
    paper.figure(title, Picture(draw_tradeoffs(frame, width), width, alt))


def write_robustness(paper: Paper, told: Told) -> None:
    """How often each site is chosen over the draws, what an assumption flips, and the regret."""
    if not (told.has(ROBUSTNESS) or told.has(FLIPS)):
        return
    paper.section("How firm the choice is")
    if told.has(ROBUSTNESS):
        _verdicts(paper, told)
    if told.has(REGRETS):
        _regret(paper, told)
    if told.has(FLIPS):
        _flips(paper, told)
    if told.has(ROBUSTNESS):
        _shares(paper, told)


def _verdicts(paper: Paper, told: Told) -> None:
    frame = told.table(ROBUSTNESS)
    mine = frame[frame[R.chosen]]
    text = ["We drew the assumptions anew many times, within their ranges, and chose the sites again each time."]
    for verdict, words in (("core", "Core, in at least eight draws of ten: {}."), ("contested", "Contested: {}."),
                           ("fragile", "Fragile, in at most two draws of ten: {}.")):  # fmt: skip
        rows = mine.index[mine[R.verdict].eq(verdict)]
        if len(rows) == len(mine) > 1:
            text.append({"core": "All the recommended sites are core: at least eight draws of ten choose them.",
                         "contested": "All the recommended sites are contested: none is chosen nearly always.",
                         "fragile": "All the recommended sites are fragile: two draws of ten at most choose them.",
                         }[verdict])  # fmt: skip
        elif len(rows):
            text.append(words.format(in_a_row([told.words(ROBUSTNESS, row, R.site_name) for row in rows])))
    paper.paragraph(" ".join(text))


def _shares(paper: Paper, told: Told) -> None:
    frame = told.table(ROBUSTNESS)
    mine = frame[frame[R.chosen]]
    others = frame[~frame[R.chosen]].sort_values(R.share_of_draws, ascending=False, kind="stable").head(MOST_OTHERS)
    shown = pd.concat([mine.head(MOST_SHARES - len(others)), others])
    shown = shown.sort_values(R.share_of_draws, ascending=False, kind="stable")
    names = [told.words(ROBUSTNESS, row, R.site_name) for row in shown.index]
    parts = [told.number(ROBUSTNESS, row, R.share_of_draws, "percent") for row in shown.index]
    width = min(WIDTH_MM, paper.width.mm)
    listed = "; ".join(f"{name} {part}" for name, part in zip(names, parts, strict=True))
    alt = f"Chart of how often each site is chosen: {listed}."
    note = f"Bars: one standard error either side. {more_rows(ROBUSTNESS, len(frame), len(shown))}".strip()
    title = "How often each site is chosen when the assumptions are varied"
    paper.figure(title, Picture(draw_shares(shown, names, width), width, alt), note)


def _regret(paper: Paper, told: Told) -> None:
    f = RegretFrame
    regrets = told.table(REGRETS)
    for row in regrets.index[regrets[f.portfolio].eq(1)]:
        draws = told.number(REGRETS, row, f.draws)
        mean, most, worst = (told.number(REGRETS, row, name, "percent")
                             for name in (f.mean_share, f.p95_share, f.worst_share))  # fmt: skip
        paper.paragraph(
            f"Had we known the assumptions of each draw, we could have met more need: over {draws} draws the "
            f"recommended sites fall short of the best by {mean} on average, by no more than {most} in nineteen of "
            f"twenty, and by {worst} at worst."
        )


def _flips(paper: Paper, told: Told) -> None:
    frame = told.table(FLIPS)
    flips = frame[frame[L.entered].ne("") | frame[L.left].ne("")]
    quiet = [name for name in frame[L.assumption].unique() if name not in set(flips[L.assumption])]
    if flips.empty:
        paper.paragraph("No single assumption, taken to either end of its range, changes the list of sites.")
        return
    order = flips[L.change_share].abs().sort_values(ascending=False, kind="stable").index
    rows = []
    for row in order[:MAX_ROWS]:
        assumption = ASSUMPTIONS[frame.at[row, L.assumption]]
        rows.append(
            [
                f"{assumption[:1].upper()}{assumption[1:]}, {ENDS[frame.at[row, L.end]]}",
                told.number(FLIPS, row, L.factor, "hundredths"),
                told.number(FLIPS, row, L.change_share, "signed percents"),
                _site_names(told, frame.at[row, L.entered]),
                _site_names(told, frame.at[row, L.left]),
            ]
        )
    columns = [Column("Assumption", 4.4), Column("Factor", 1.4, True), Column("Need met", 1.6, True),
               Column("Comes in", 4.6), Column("Goes out", 4.6)]  # fmt: skip
    named = in_a_row([ASSUMPTIONS[name] for name in quiet]) if quiet else ""
    held = f"The list stays the same whatever is assumed of {named}." if quiet else ""
    held = f"Factor: on what the scenario assumes. {held}".strip()
    note = f"{held} {more_rows(FLIPS, len(flips), len(rows))}".strip()
    paper.table("Which assumption, taken alone to the end of its range, changes the list", columns, rows, note)


def _site_names(told: Told, ids: str) -> str:
    """Names of the sites in a cell of ids."""
    if not ids:
        return NOTHING
    names = told.names_of_sites()
    shown = [told.quote(names.get(key, key)) for key in ids.split(LIST_SEPARATOR)]
    return ", ".join(shown[:3]) + (" and others" if len(shown) > 3 else "")
