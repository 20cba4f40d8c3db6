"""The workbook's sheet Sites: which test-and-learn sites are recommended, how firm that is, and why."""

from __future__ import annotations

import math

import pandas as pd
from xlsxwriter.workbook import Workbook

from ..phrases_choice import (
    MOST_NAMES,
    SITE_UNITS,
    VERDICTS,
    in_a_row,
    recommendation,
    recommendation_quality,
    recommendation_worth,
)
from ..schema import (
    ChosenSiteFrame,
    ComparatorFrame,
    PortfolioFrame,
    RegretFrame,
    ResultTables,
    RobustnessFrame,
    SiteReasonFrame,
    SiteTables,
    TradeoffFrame,
)
from ..schema.words import LIST_SEPARATOR
from ..schema.words import VERDICTS as VERDICT_CODES
from ._cells import COUNT, HUNDREDTHS, PERCENT, TENTHS, THOUSANDTHS
from ._charts import SOFT, Bars, Drawn, Points, Wording, bar_chart, point_chart
from ._few_cells import FEW_NOTE
from ._page import Page

SHEET = "Sites"
WIDTHS = (5, 38, 38, 12, 12, 12, 12, 12, 12)
NUMBERS = range(3, len(WIDTHS))
MOST_BESIDE_CHARTS = 8
"""Sites whose table and the first charts fit one page in print."""
MOST_DRAWN, FEWEST_OTHERS = 12, 4
"""Bars of the chart of robustness; the sheet Robustness has all sites."""
SITE_COUNT = ("{:,.0f} site meets", "{:,.0f} sites meet")
_COVERAGE, _COST, _SITES = "coverage", "cost", "sites"


def write_sites(book: Workbook, tables: ResultTables, choice: SiteTables) -> None:
    """Add the sheet to a workbook that is being written."""
    page = Page(book, SHEET, WIDTHS, numbers=NUMBERS, chart_lines=17)
    page.mark(tables.facts)
    page.paragraph(f"{recommendation(choice)}.", page.title, points=26, size=1.9)
    if tables.facts.label:
        page.paragraph(tables.facts.label, page.label)
    for sentence in (recommendation_worth(choice), recommendation_quality(choice)):
        if sentence:
            page.paragraph(sentence, page.text)
    unit = SITE_UNITS[choice.unit][choice.count != 1]
    asked = f"Asked for: {choice.count:,} {unit} that together meet the most need"
    page.paragraph(f"{asked}{', under these conditions:' if choice.conditions else '.'}", page.note)
    page.bullets(choice.conditions)
    if not tables.facts.internal:
        page.paragraph(FEW_NOTE, page.note)
    _chosen(page, choice)
    many = choice.count > MOST_BESIDE_CHARTS
    if many:
        page.break_here()
    first = page.keep_room(_has(choice, _COVERAGE) + (not choice.robustness.empty))
    if not many:
        page.break_here()
    _portfolios(page, choice)
    _comparators(page, choice)
    _reasons(page, choice)
    page.break_here()
    second = page.keep_room(_has(choice, _COST) + _has(choice, _SITES))
    page.place(first, _drawn(_tradeoff(page, choice, _COVERAGE), _robustness(page, choice)))
    page.place(second, _drawn(_tradeoff(page, choice, _COST), _tradeoff(page, choice, _SITES)))
    page.heading("What to bear in mind")
    told = "The sheets after Read me have every figure of the choice: Portfolios to Candidates."
    page.bullets([*choice.notes, told])
    page.finish(landscape=True)


def _drawn(*charts: Drawn | None) -> list[Drawn]:
    return [chart for chart in charts if chart is not None]


def _has(choice: SiteTables, curve: str) -> bool:
    return bool(choice.tradeoffs[TradeoffFrame.curve].eq(curve).sum() > 1)


def _first(choice: SiteTables) -> pd.DataFrame:
    """Sites of the first portfolio, in order."""
    rows = choice.chosen[choice.chosen[ChosenSiteFrame.portfolio] == 1]
    return rows.sort_values(ChosenSiteFrame.site_rank)


def _chosen(page: Page, choice: SiteTables) -> None:
    f = ChosenSiteFrame
    page.heading(
        "The sites", "#", "Site", "ICB", "Need index (0 to 1)", "Places given", "Coverage (%)", "Completions (people)",
        "Set-up cost (£)", "Chosen in (% of draws)",
    )  # fmt: skip
    drawn = choice.robustness.set_index(RobustnessFrame.site_id)[RobustnessFrame.share_of_draws]
    for site in _first(choice).to_dict("records"):
        page.line(
            (site[f.site_rank], COUNT),
            site[f.site_name],
            site[f.icb_name],
            (site[f.need_index], THOUSANDTHS),
            (site[f.places], COUNT),
            (site[f.coverage_share], PERCENT),
            (site[f.completions], TENTHS),
            (site[f.setup_cost], COUNT),
            (drawn.get(site[f.site_id], math.nan), PERCENT),
        )
    page.paragraph("They are served together: no hour is given twice.", page.note)


def _tradeoff(page: Page, choice: SiteTables, curve: str) -> Drawn | None:
    """One curve, as lines and as a chart in which the chosen sites are marked."""
    if not _has(choice, curve):
        return None
    f = TradeoffFrame
    column, heading, across, shape = {
        _COVERAGE: (f.worst_coverage_share, "Need met and fairness", "Worst coverage (%)", PERCENT),
        _COST: (f.setup_cost, "Need met and cost", "Set-up cost (£)", COUNT),
        _SITES: (f.limit, "Need met and number of sites", "Sites", COUNT),
    }[curve]
    points = choice.tradeoffs[choice.tradeoffs[f.curve].eq(curve)].sort_values([column, f.value])
    names = choice.candidates.set_index(ChosenSiteFrame.site_id)[ChosenSiteFrame.site_name]
    chosen = _first(choice)[ChosenSiteFrame.site_id].tolist()
    page.heading(heading, "", "Sites in", "Sites out", across, "Need met (weighted completions)")
    first, marked = page.row, None
    for point in points.to_dict("records"):
        here = [site for site in point[f.sites].split(LIST_SEPARATOR) if site]
        into = _few([names.get(site, site) for site in here if site not in chosen])
        out = _few([names.get(site, site) for site in chosen if site not in here])
        if point[f.chosen]:
            marked, into, out = page.row, "the sites chosen", ""
        page.line("", into, out, (point[column], shape), (point[f.value], TENTHS))
    table = page.row - 1
    series = [Points(name="Best for each limit", across=page.cells(3, first, table), up=page.cells(4, first, table))]
    if marked is not None:
        here = {"across": page.cells(3, marked, marked), "up": page.cells(4, marked, marked)}
        series.append(Points(name="The sites chosen", joined=False, **here))
    ends = f"from {points[f.value].min():,.1f} to {points[f.value].max():,.1f} weighted completions"
    wording = Wording(
        title=_tell_tradeoff(points, curve),
        across={_COVERAGE: "Coverage of the worst-covered site (% of places wanted)", _SITES: "Number of sites"}.get(
            curve, across
        ),
        up="Need met (weighted completions)",
        across_format="0%" if shape == PERCENT else COUNT,
        across_step=max(1, len(points) // 10) if curve == _SITES else None,
        description=f"Curve of {len(points)} points; need met goes {ends}"
        f"{'; the sites chosen are marked' if marked is not None else ''}.",
    )
    return point_chart(page.book, wording, series)


def _tell_tradeoff(points: pd.DataFrame, curve: str) -> str:
    """What the two ends of a curve say, in a title."""
    f = TradeoffFrame
    low, high = points.iloc[0], points.iloc[-1]
    if curve == _COVERAGE:
        best = points[f.value].max()
        lost = (best - high[f.value]) / best if best else 0.0
        lift = f"from {low[f.worst_coverage_share]:.0%} to {high[f.worst_coverage_share]:.0%}"
        return f"Lifting the worst-covered site {lift} costs {lost:.1%} of need met"
    part = low[f.value] / high[f.value] if high[f.value] else 0.0
    if curve == _COST:
        return f"£{low[f.setup_cost]:,.0f} meets {part:.0%} of the need that £{high[f.setup_cost]:,.0f} does"
    sites = SITE_COUNT[int(low[f.limit] != 1)].format(low[f.limit])
    return f"{sites} {part:.0%} of the need that {high[f.limit]:,.0f} would"


def _few(names: list[str]) -> str:
    """All names, or of many the first and how many others."""
    if len(names) <= MOST_NAMES:
        return in_a_row(names) if names else "–"
    return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1:,} others"


def _robustness(page: Page, choice: SiteTables) -> Drawn | None:
    f, rows = RobustnessFrame, choice.robustness
    if rows.empty:
        return None
    page.heading(
        "How firm the choice is", "", "Site", "Verdict", "Chosen sites (% of draws)", "Other sites (% of draws)",
        "Error (% of draws)",
    )  # fmt: skip
    first = page.row
    # Those that were chosen are all told, however seldom they are drawn; the others as far as there is room.
    room = max(MOST_DRAWN - int(rows[f.chosen].sum()), FEWEST_OTHERS)
    others = rows[~rows[f.chosen]].nlargest(room, f.share_of_draws).index
    shown = rows.loc[sorted([*rows.index[rows[f.chosen]], *others])]
    shown = shown.sort_values([f.share_of_draws, f.site_id], ascending=[False, True])
    for site in shown.to_dict("records"):
        told = (site[f.share_of_draws], PERCENT)
        parts = (told, None) if site[f.chosen] else (None, told)
        page.line("", site[f.site_name], VERDICTS[site[f.verdict]], *parts, (site[f.error_share], PERCENT))
    table = page.row - 1
    if len(shown) < len(rows):
        page.paragraph(f"{len(rows) - len(shown):,} more stand in the sheet Robustness.", page.note)
    chosen = rows[rows[f.chosen]]
    firm = int(chosen[f.verdict].eq(VERDICT_CODES[0]).sum())
    wording = Wording(
        title=f"{firm:,} of {len(chosen):,} sites chosen hold in at least 80% of draws of the assumptions",
        across="Draws that choose the site (%)",
        across_format="0%",
        up="",
        description="Bar chart of the share of draws that choose each site. "
        + "; ".join(f"{site[f.site_name]}: {site[f.share_of_draws]:.0%}" for site in chosen.to_dict("records"))
        + ".",
    )
    series = [
        Bars(name="Sites chosen", values=page.cells(3, first, table)),
        Bars(name="Other sites", values=page.cells(4, first, table), color=SOFT),
    ]
    return bar_chart(page.book, wording, page.cells(1, first, table), series, stacked=True, largest=1.0)


def _portfolios(page: Page, choice: SiteTables) -> None:
    """What else could be chosen, and how far each portfolio may fall short."""
    f = PortfolioFrame
    if choice.portfolios.empty:
        return
    page.heading(
        "Portfolios to choose from", "#", "Sites", "Proof", "Need met (weighted completions)", "Places given",
        "Worst coverage (%)", "Completions (people)", "Set-up cost (£)", "Regret, mean (%)",
    )  # fmt: skip
    regret = choice.regrets.set_index(RegretFrame.portfolio)[RegretFrame.mean_share]
    first = _first(choice).set_index(ChosenSiteFrame.site_id)[ChosenSiteFrame.site_name]
    for row in choice.portfolios.sort_values(f.portfolio).to_dict("records"):
        own = choice.chosen[choice.chosen[ChosenSiteFrame.portfolio].eq(row[f.portfolio])]
        own = own.sort_values(ChosenSiteFrame.site_rank).set_index(ChosenSiteFrame.site_id)[ChosenSiteFrame.site_name]
        into, out = own[~own.index.isin(first.index)].tolist(), first[~first.index.isin(own.index)].tolist()
        page.line(
            (row[f.portfolio], COUNT),
            f"{_few(into)} instead of {_few(out)}" if into or out else _few(own.tolist()),
            _proof(row[f.status], row[f.gap_share]),
            (row[f.value], TENTHS),
            (row[f.places], COUNT),
            (row[f.worst_coverage_share], PERCENT),
            (row[f.completions], TENTHS),
            (row[f.setup_cost], COUNT),
            (regret.get(row[f.portfolio], math.nan), PERCENT),
        )
    page.paragraph("Regret: how far it falls short of the best of each draw of the assumptions.", page.note)


def _proof(status: str, gap_share: float) -> str:
    """The proof of a portfolio; its gap is rounded up."""
    if status == "optimal":
        return status
    return f"{status}: at most {math.ceil(1000 * gap_share) / 1000:.1%} below the best possible"


def _comparators(page: Page, choice: SiteTables) -> None:
    f = ComparatorFrame
    if choice.comparators.empty:
        return
    page.heading(
        "What to compare each site with", "", "Site", "The unchosen site most like it", "Distance (SD)",
        "Shared facilities",
    )  # fmt: skip
    for row in choice.comparators.drop_duplicates(f.site_id).to_dict("records"):
        name = row[f.comparator_name]
        if not isinstance(name, str):
            page.line("", row[f.site_name], "none")
            continue
        far = "" if row[f.close_enough] else " (the nearest, but not close enough)"
        page.line(
            "", row[f.site_name], f"{name}{far}", (row[f.distance], HUNDREDTHS), (row[f.shared_facilities], COUNT)
        )
    page.paragraph("Distance in standard deviations; past 0.25 a site is not close enough to compare with.", page.note)


def _reasons(page: Page, choice: SiteTables) -> None:
    """The sentences on each site, those that were chosen first."""
    f = SiteReasonFrame
    if choice.reasons.empty:
        return
    page.heading("Why these sites, and why not others")
    names = choice.candidates.set_index(ChosenSiteFrame.site_id)[ChosenSiteFrame.site_name]
    ordered = dict.fromkeys([*_first(choice)[ChosenSiteFrame.site_id], *choice.reasons[f.site_id]])
    for site in ordered:
        told = choice.reasons[choice.reasons[f.site_id].eq(site)].sort_values(f.order)
        if not told.empty:
            page.paragraph(names.get(site, site), page.strong)
            page.bullets(told[f.sentence])
