"""The recommended sites in the board paper: the table, the reasons, what to compare with, and other portfolios."""

from __future__ import annotations

import pandas as pd

from ..phrases_choice import LIKENESS, SITE_UNITS
from ..schema import (
    ChosenSiteFrame,
    ComparatorFrame,
    PortfolioFrame,
    RegretFrame,
    RobustnessFrame,
    SiteReasonFrame,
    SiteTables,
)
from ._columns import SHEETS
from ._paper_first import first_portfolio
from ._paper_page import MAX_ROWS, Column, Paper
from ._paper_told import CHOSEN, COMPARATORS, PORTFOLIOS, REASONS, REGRETS, ROBUSTNESS, Told, more_rows

MOST_SITES = 24
"""Rows of the table of sites: they are what is recommended."""
MOST_SENTENCES = 24
"""On all sites together."""
LEAST_EACH, MOST_EACH = 2, 4
MOST_OTHERS = 3
CHANGES = 3
"""The last sentences on a site tell what would bring it in."""
MOST_TOLD = 8
"""Sites on which there are sentences, where there are no more; of more sites the first `FIRST_TOLD`."""
FIRST_TOLD = 6
MOST_BULLETS = 5
"""More conditions than these stand in one sentence."""
MOST_SWAPS = 2
"""Names told of the sites by which a portfolio differs."""
C, P, K, R = ChosenSiteFrame, PortfolioFrame, ComparatorFrame, RegretFrame


def write_sites(paper: Paper, told: Told, choice: SiteTables) -> None:
    """The sections on the sites; those without data are left out."""
    sites = first_portfolio(told)
    if sites.empty:
        return
    paper.section("The sites, and why these", new_page=True)  # the answer has a page of its own
    _intro(paper, told, choice)
    _site_table(paper, told, sites)
    _reasons(paper, told, sites)
    _comparators(paper, told, sites)
    _portfolios(paper, told, choice)


def _intro(paper: Paper, told: Told, choice: SiteTables) -> None:
    """What a site is, and what the planner asked for."""
    several = SITE_UNITS[choice.unit][1]
    paper.paragraph(
        f"A site is one of the {several}, with the facilities whose hours its patients can reach. Sites are chosen "
        "together, so that no hour is counted twice, for the most completed courses, weighted by need."
    )
    if choice.conditions:
        quoted = [told.quote(sentence) for sentence in choice.conditions]
        if len(quoted) > MOST_BULLETS:
            first, *others = quoted
            paper.paragraph(f"The choice keeps to these conditions: {'; '.join([first, *map(_small, others)])}.")
        else:
            paper.paragraph("The choice keeps to these conditions:")
            paper.bullets(quoted)


def _small(sentence: str) -> str:
    """As it stands within a longer one."""
    return sentence[:1].lower() + sentence[1:]


def _site_table(paper: Paper, told: Told, sites: pd.DataFrame) -> None:
    drawn = _drawn(told)
    costly = bool(sites[C.setup_cost].any())
    columns = [
        Column("No.", 0.9, True), Column("Site", 5.8), Column("Patients", 1.55, True), Column("Need", 1.1, True),
        Column("Fifth", 1.1, True), Column("Wanted", 1.5, True), Column("Given", 1.2, True),
        Column("Share", 1.3, True), *[Column("Cost", 1.5, True)] * costly, *[Column("Draws", 1.35, True)] * bool(drawn),
    ]  # fmt: skip
    rows = []
    for row in sites.index[:MOST_SITES]:
        cells = [told.number(CHOSEN, row, C.site_rank), told.words(CHOSEN, row, C.site_name)]
        cells += [told.number(CHOSEN, row, C.patients), told.number(CHOSEN, row, C.need_index, "hundredths")]
        cells += [told.number(CHOSEN, row, name) for name in (C.deprivation_fifth, C.demand_places, C.places)]
        cells.append(told.number(CHOSEN, row, C.coverage_share, "percents"))
        cells += [told.number(CHOSEN, row, C.setup_cost, "pounds")] * costly
        if drawn:
            at = drawn.get(sites.at[row, C.site_id])
            cells.append("–" if at is None else told.number(ROBUSTNESS, at, RobustnessFrame.share_of_draws, "percents"))
        rows.append(cells)
    note = (
        "Need: from 0 to 1. Fifth: of deprivation, 1 being the most deprived. Wanted, given: places on courses, and "
        "the share of those wanted that are given."
    )
    note += " Cost: to set the site up, once." if costly else ""
    note += " Draws: how often the site is still chosen when the assumptions are varied." if drawn else ""
    paper.table("The recommended sites", columns, rows, f"{note} {more_rows(CHOSEN, len(sites), len(rows))}".strip())


def _drawn(told: Told) -> dict[str, int]:
    """Site → its row in the table of robustness."""
    frame = told.table(ROBUSTNESS)
    return {} if frame.empty else {site: row for row, site in frame[RobustnessFrame.site_id].items()}


def _reasons(paper: Paper, told: Told, sites: pd.DataFrame) -> None:
    """The first sentences on each site, fewer where there are many; then on those asked about that are not sites."""
    if not told.has(REASONS):
        return
    reasons = told.table(REASONS).sort_values([SiteReasonFrame.site_id, SiteReasonFrame.order])
    of_site = reasons.groupby(SiteReasonFrame.site_id).indices
    of_site = {site: reasons.index[places] for site, places in of_site.items()}
    shown = [row for row in sites.index if sites.at[row, C.site_id] in of_site]
    if shown:
        paper.heading("Why each of them")
    each = min(MOST_EACH, max(LEAST_EACH, MOST_SENTENCES // len(sites)))
    many = len(sites) > MOST_TOLD
    for row in shown[: FIRST_TOLD if many else MOST_TOLD]:
        name = f"{told.number(CHOSEN, row, C.site_rank)}  {told.words(CHOSEN, row, C.site_name)}."
        paper.paragraph(_sentences(told, of_site[sites.at[row, C.site_id]][:each]), strong=name)
    others = [site for site in of_site if site not in set(sites[C.site_id])]
    if others and not many:
        names = told.names_of_sites()
        paper.heading("Why not others")
        for site in others[:MOST_OTHERS]:
            first, rest = of_site[site][:1], of_site[site][1:]
            sentences = _sentences(told, first.append(rest[-CHANGES:]))
            paper.paragraph(sentences, strong=f"{told.quote(names.get(site, site))}.")
    paper.note(f"All sentences on every site are in results.xlsx, sheet {SHEETS[REASONS][0]}.")


def _sentences(told: Told, rows: pd.Index) -> str:
    return " ".join(told.words(REASONS, row, SiteReasonFrame.sentence) for row in rows)


def _comparators(paper: Paper, told: Told, sites: pd.DataFrame) -> None:
    """For each site the unchosen one most like it, and in what they differ most."""
    if not told.has(COMPARATORS):
        return
    frame = told.table(COMPARATORS)
    apart = frame[K.standardised_difference].abs()
    widest = frame.assign(apart=apart.fillna(-1)).sort_values("apart", ascending=False, kind="stable")
    widest = widest.drop_duplicates(K.site_id).reset_index().set_index(K.site_id)["index"]
    paper.heading("What to compare them with")
    rows = []
    for site_row in sites.index[:MAX_ROWS]:
        site = sites.at[site_row, C.site_id]
        if site in widest.index:
            rows.append([told.number(CHOSEN, site_row, C.site_rank), *_compared(told, int(widest[site]))])
    columns = [
        Column("No.", 0.9, True), Column("Site", 5.0), Column("Compare with", 5.6), Column("Apart", 1.2, True),
        Column("Differs most in", 3.7), Column("Shared", 1.4, True),
    ]  # fmt: skip
    note = (
        "Apart: how different the two are over all measures, in standard deviations of all candidates; up to 0.25 is "
        f"close enough. Shared: facilities in reach of both. {more_rows(COMPARATORS, len(widest), len(rows))}"
    )
    paper.table("Each site and the place most like it that is not a site", columns, rows, note.strip())


def _compared(told: Told, at: int) -> list[str]:
    frame = told.table(COMPARATORS)
    site = told.words(COMPARATORS, at, K.site_name)
    other = told.words(COMPARATORS, at, K.comparator_name)
    if not other:
        return [site, "none left to compare with", "–", "–", "–"]
    measure = frame.at[at, K.measure]
    differs = told.number(COMPARATORS, at, K.standardised_difference, "signed")
    return [
        site,
        other if frame.at[at, K.close_enough] else f"none close (nearest: {other})",
        told.number(COMPARATORS, at, K.distance, "hundredths"),
        f"{LIKENESS[measure].partition(' (')[0]} {differs}",
        told.number(COMPARATORS, at, K.shared_facilities),
    ]


def _portfolios(paper: Paper, told: Told, choice: SiteTables) -> None:
    """Other portfolios, and by which sites they differ from the recommended one."""
    frame = told.table(PORTFOLIOS)
    if len(frame) < 2:
        return
    paper.heading("Other choices")
    paper.paragraph("Each of these portfolios is the best that differs enough from those before it.")
    tested = told.has(REGRETS)
    costly = bool(frame[P.setup_cost].any())
    columns = [
        Column("No.", 0.9, True), Column("Need met", 1.6, True), Column("People", 1.4, True),
        Column("Least share", 1.5, True), *[Column("Cost", 1.7, True)] * costly,
        *[Column("Short, mean", 1.5, True), Column("Short, worst", 1.5, True)] * tested,
        Column("Against the recommended sites", 6.0),
    ]  # fmt: skip
    regrets = told.table(REGRETS)
    rows = []
    for row in frame.index[:MAX_ROWS]:
        cells = [told.number(PORTFOLIOS, row, P.portfolio), told.number(PORTFOLIOS, row, P.value, "tenths")]
        cells.append(told.number(PORTFOLIOS, row, P.places))
        cells.append(told.number(PORTFOLIOS, row, P.worst_coverage_share, "percents"))
        cells += [told.number(PORTFOLIOS, row, P.setup_cost, "pounds")] * costly
        if tested:
            at = regrets.index[regrets[R.portfolio].eq(frame.at[row, P.portfolio])]
            cells += [told.number(REGRETS, n, name, "percents") for n in at for name in (R.mean_share, R.worst_share)]
            cells += ["–", "–"] * (not len(at))
        rows.append([*cells, _swaps(told, int(frame.at[row, P.portfolio]))])
    note = "Need met: completed courses, weighted by need. Least share: of places wanted, at the site with the least."
    note += " Short: by how much less need is met than by the best choice in each draw." if tested else ""
    paper.table("Portfolios", columns, rows, f"{note} {more_rows(PORTFOLIOS, len(frame), len(rows))}".strip())


def _swaps(told: Told, portfolio: int) -> str:
    """Which sites a portfolio has, and lacks, against the first."""
    if portfolio == 1:
        return "recommended"
    chosen = told.table(CHOSEN)
    first, other = (chosen[chosen[C.portfolio].eq(number)] for number in (1, portfolio))
    came = other.index[~other[C.site_id].isin(first[C.site_id])]
    went = first.index[~first[C.site_id].isin(other[C.site_id])]
    return f"{_named(told, came)} instead of {_named(told, went)}"


def _named(told: Told, rows: pd.Index) -> str:
    names = ", ".join(told.words(CHOSEN, row, C.site_name) for row in rows[:MOST_SWAPS])
    return f"{names} and others" if len(rows) > MOST_SWAPS else names
