"""The first page of the board paper: the answer, five figures, the map, and what the board is asked to do."""

from __future__ import annotations

import math

import pandas as pd

from ..phrases import INTERNAL_MARK, PARTICIPANT_HOUR, day_in_words, finding
from ..phrases_choice import SITE_UNITS, in_a_row, recommendation
from ..schema import (
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    PcnResultFrame,
    PlanFacts,
    PortfolioFrame,
    ResultTables,
    RobustnessFrame,
    SiteTables,
)
from ..schema.words import LIST_SEPARATOR
from ._figures import Scene
from ._paper_map import draw_map
from ._paper_page import ROOMY, Paper, Picture
from ._paper_told import CHOSEN, COMPARATORS, PCNS, PORTFOLIOS, ROBUSTNESS, Told, clean

MAP_MM, NARROW_MAP_MM = 108.0, 96.0
"""Beside a long key the map must be narrower."""
MOST_KEY = 24
MOST_NAMES = 4
MOST_UNMET = 8
"""PCNs named beside the map of a plan."""
C, P = ChosenSiteFrame, PortfolioFrame


def title_of(tables: ResultTables) -> str:
    """What the paper recommends, or what was found where no sites were asked for, in a sentence."""
    return clean(recommendation(tables.choice) if tables.choice else finding(tables.facts))


def first_portfolio(told: Told) -> pd.DataFrame:
    """Rows of the recommended sites, by rank; empty where there are none."""
    chosen = told.table(CHOSEN)
    return chosen[chosen[C.portfolio].eq(1)].sort_values(C.site_rank) if told.has(CHOSEN) else chosen


def close_comparators(told: Told) -> dict[str, str]:
    """Site → the unchosen site that is close enough to be compared with it."""
    if not told.has(COMPARATORS):
        return {}
    f = ComparatorFrame
    rows = told.table(COMPARATORS)
    rows = rows[rows[f.close_enough] & rows[f.comparator_id].notna()]
    return dict(zip(rows[f.site_id], rows[f.comparator_id], strict=True))


def write_first_page(paper: Paper, told: Told, tables: ResultTables) -> None:
    """The answer, five figures, the map, and what the board is asked to do."""
    facts = tables.facts
    mark = INTERNAL_MARK if facts.internal else ""
    paper.overline(f"Board paper  ·  {told.quote(facts.name)}", mark, told.quote(facts.label))
    _record_title(told, tables)
    paper.title(title_of(tables))
    if tables.choice is not None and told.has(PORTFOLIOS):
        row = int(told.table(PORTFOLIOS)[P.portfolio].idxmin())
        paper.lead(_answer(told, tables, row))
        paper.strip(_site_figures(told, tables.choice, row))
        _site_map(paper, told, tables)
        _ask(paper, told)
    else:
        paper.lead(_plan_answer(told, tables.facts))
        paper.strip(_plan_figures(told))
        _plan_map(paper, told, tables)


def _record_title(told: Told, tables: ResultTables) -> None:
    """The title is worded with those of the workbook and the map; its names and figures are cells all the same."""
    if tables.choice is None:
        for name in ("people", "pcns_covered", "pcns"):
            told.figure(name)
        told.figure("matched_share", "share")
        return
    for row in first_portfolio(told).index:
        told.words(CHOSEN, row, C.site_name)


def _period(told: Told, facts: PlanFacts) -> str:
    return told.quote(f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}")


def _answer(told: Told, tables: ResultTables, row: int) -> str:
    one, several = SITE_UNITS[tables.choice.unit]
    count = told.number(PORTFOLIOS, row, P.sites)
    people, hours = told.people(PORTFOLIOS, row, P.places), told.number(PORTFOLIOS, row, P.matched_hours)
    single = count == "1"
    start = f"We recommend starting test-and-learn in {f'one {one}' if single else f'{count} {several}'}."
    gain = (
        f"Served before all others from {_period(told, tables.facts)}, {'it' if single else 'they'} would put {hours} "
        f"donated participant-hours to use and give {people} people a place on a course."
    )
    return f"{start} {gain} {_proof(told, row)}"


def _proof(told: Told, row: int) -> str:
    """How much better another choice could be."""
    best = told.table(PORTFOLIOS).loc[row]
    if best[P.status] == "optimal" or not best[P.gap_share]:
        return "It has been proven that no other choice under the same conditions meets more need."
    gap = told.number(PORTFOLIOS, row, P.gap_share, "percent")
    start = "It has been proven" if best[P.status] == "within gap" else "The search ended early; it is certain"
    return f"{start} that the need met is within {gap} of the most that any choice could meet."


def _site_figures(told: Told, choice: SiteTables, row: int) -> list[tuple[str, str]]:
    best = told.table(PORTFOLIOS).loc[row]
    one, several = SITE_UNITS[choice.unit]
    figures = [
        (told.number(PORTFOLIOS, row, P.sites), f"{one if best[P.sites] == 1 else several} to start in"),
        (told.people(PORTFOLIOS, row, P.places), "people with a place there"),
        (told.people(PORTFOLIOS, row, P.completions), "of them expected to complete (estimate)"),
        (told.number(PORTFOLIOS, row, P.matched_hours), "donated participant-hours put to use there"),
    ]
    if best[P.setup_cost]:
        figures.append((told.number(PORTFOLIOS, row, P.setup_cost, "pounds"), "to set the sites up, once"))
    elif not math.isnan(best[P.worst_coverage_share]):
        least = told.number(PORTFOLIOS, row, P.worst_coverage_share, "percent")
        figures.append((least, "of places wanted are given where fewest are"))
    return figures


def _site_map(paper: Paper, told: Told, tables: ResultTables) -> None:
    sites = first_portfolio(told)
    f = CandidateFrame
    members = dict(zip(tables.choice.candidates[f.site_id], tables.choice.candidates[f.pcn_codes], strict=True))
    others = [members[key] for key in dict.fromkeys(close_comparators(told).values())]
    scene = Scene(
        sites=tuple(zip(sites[C.site_rank].astype(str), map(_codes, sites[C.pcn_codes]), strict=True)),
        comparators=tuple(map(_codes, others)),
    )
    rows = sites.index[:MOST_KEY]
    ranks = [told.number(CHOSEN, row, C.site_rank) for row in rows]
    names = [told.words(CHOSEN, row, C.site_name) for row in rows]
    several_icbs = sites[C.icb_name].nunique() > 1
    more = [_beside(told, row, several_icbs, roomy=len(rows) <= ROOMY) for row in rows]
    listed = "; ".join(f"{rank} {name}" for rank, name in zip(ranks, names, strict=True))
    alt = f"Map of PCNs, darker where need is greater, with the recommended sites outlined and numbered: {listed}."
    width = MAP_MM if len(rows) <= ROOMY else NARROW_MAP_MM
    png = draw_map(tables.pcns, tables.outlines, scene, theme=PcnResultFrame.need_index, width_mm=width)
    title = "Where need is greatest, and the recommended sites (areas of PCNs are indicative)"
    paper.figure_beside(title, Picture(png, width, alt), list(zip(ranks, names, more, strict=True)))


def _beside(told: Told, row: int, several_icbs: bool, *, roomy: bool) -> str:
    """What the key tells of a site: its ICB where there are several, and its gain where there is room."""
    told_of = [_icb(told, row)] if several_icbs else []
    if roomy:
        given, wanted = told.people(CHOSEN, row, C.places), told.people(CHOSEN, row, C.demand_places)
        told_of.append(f"{given} people with a place, of {wanted} who could start")
    return "; ".join(told_of)


def _codes(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(LIST_SEPARATOR))


def _icb(told: Told, row: int) -> str:
    """The name of an ICB without what all have in common."""
    name = told.words(CHOSEN, row, C.icb_name)
    return told.quote(name.removeprefix("NHS ").removesuffix(" Integrated Care Board"))


def _ask(paper: Paper, told: Told) -> None:
    asked = ["agree the sites in Table 1"]
    if close_comparators(told):
        asked.append("agree to compare them with the places named in Table 2")
    if shaky := _shaky(told):
        rivals = _rivals(told)
        more = f"; more of them choose {in_a_row(rivals)}" if rivals else ""
        asked.append(f"look again at {in_a_row(shaky)} first: few draws of the assumptions choose "
                     f"{'it' if len(shaky) == 1 else 'them'}{more}")  # fmt: skip
    paper.paragraph("", strong="The board is asked to")
    paper.bullets(asked)


def _shaky(told: Told) -> list[str]:
    """Recommended sites that few draws choose, by name where they can all be named."""
    f, frame = RobustnessFrame, told.table(ROBUSTNESS)
    if frame.empty:
        return []
    rows = frame.index[frame[f.chosen] & frame[f.verdict].eq("fragile")]
    names = [told.words(ROBUSTNESS, row, f.site_name) for row in rows[:MOST_NAMES]]
    return names if len(rows) <= MOST_NAMES else ["the sites that are called fragile"]


def _rivals(told: Told) -> list[str]:
    """Sites that are not recommended, but that more draws choose than the shakiest that is."""
    f, frame = RobustnessFrame, told.table(ROBUSTNESS)
    least = frame.loc[frame[f.chosen], f.share_of_draws].min()
    rows = frame.index[~frame[f.chosen] & frame[f.share_of_draws].gt(least) & frame[f.verdict].ne("fragile")]
    return [told.words(ROBUSTNESS, row, f.site_name) for row in rows[:MOST_NAMES]]


def _plan_answer(told: Told, facts: PlanFacts) -> str:
    hours, matched = told.figure("pledged_hours"), told.figure("matched_hours")
    wanted, completions = told.figure("demand_places"), told.figure("completions")
    return (
        f"For {_period(told, facts)} operators pledged {hours} participant-hours: {PARTICIPANT_HOUR}. The plan puts "
        f"{matched} of them to use. {wanted} people could be referred and start; of those who get a place about "
        f"{completions} are expected to complete."
    )


def _plan_figures(told: Told) -> list[tuple[str, str]]:
    return [
        (told.figure("people"), "people could get a place"),
        (told.figure("completions"), "of them expected to complete (estimate)"),
        (told.figure("matched_hours"), "donated participant-hours put to use"),
        (told.figure("pcns_covered"), f"of {told.figure('pcns')} PCNs get a place or more"),
        (told.figure("unmet_places"), f"of {told.figure('demand_places')} places wanted stay unmet"),
    ]


def _plan_map(paper: Paper, told: Told, tables: ResultTables) -> None:
    """The map, and beside it where most places stay unmet."""
    f = PcnResultFrame
    unmet = told.amounts(PCNS, f.unmet_places)
    most = unmet[unmet > 0].sort_values(ascending=False, kind="stable").head(MOST_UNMET)
    key = []
    for row in most.index:
        short, wanted = told.people(PCNS, row, f.unmet_places), told.people(PCNS, row, f.demand_places)
        key.append(("", told.words(PCNS, row, f.pcn_name), f"{short} of {wanted} places unmet"))
    alt = "Map of PCNs, darker where the plan gives a greater share of the places that are wanted."
    png = draw_map(tables.pcns, tables.outlines, Scene(), theme=f.coverage_share, width_mm=MAP_MM)
    title = "Share of the places wanted that each PCN gets (areas are indicative), and where most are unmet"
    paper.figure_beside(title, Picture(png, MAP_MM, alt), key)
