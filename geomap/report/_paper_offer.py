"""Provision in the board paper: what operators offer, what is missing, who carries it, what money would buy."""

from __future__ import annotations

import pandas as pd

from ..phrases_choice import SECTOR_WORDS, role_in_words
from ..schema import GapFrame, HealthBudgetFrame, PathwayFrame, ProvisionFrame, ResultTables, SectorFrame
from ..schema.words import LINK_STATUSES, UNMET_REASONS
from ._figures import draw_sectors
from ._paper_page import MAX_ROWS, Column, Paper, Picture
from ._paper_told import BUDGETS, GAPS, NOTHING, PROVISION, SECTORS, Told, more_rows

WIDTH_MM = 170.0
V, G, S, B = ProvisionFrame, GapFrame, SectorFrame, HealthBudgetFrame
_LINK_HEADINGS = dict(zip(LINK_STATUSES, ("Formal link", "Informal link", "No link", "Link not known"), strict=True))


def write_offers(paper: Paper, told: Told, tables: ResultTables) -> None:
    """The sections on provision; those without data are left out."""
    if told.has(PROVISION):
        _provision(paper, told, tables)
    if told.has(GAPS):
        _gaps(paper, told)
    if told.has(SECTORS):
        _sectors(paper, told)
    if told.has(BUDGETS) and told.amounts(BUDGETS, B.wanting_places).any():
        _budgets(paper, told)


def _provision(paper: Paper, told: Told, tables: ResultTables) -> None:
    """Hours by pathway and role, a column a link with the NHS."""
    frame = told.table(PROVISION)
    pathways = dict(zip(tables.pathways[PathwayFrame.pathway_id], tables.pathways[PathwayFrame.pathway_name],
                        strict=True))  # fmt: skip
    most = frame.groupby([V.pathway_id, V.role])[V.eligible_hours].max().sort_values(ascending=False, kind="stable")
    shown = most.index[:MAX_ROWS].to_frame(index=False).sort_values(V.pathway_id, kind="stable")
    links = [link for link in LINK_STATUSES if frame[V.link_status].eq(link).any()]
    cells = frame.reset_index().set_index([V.pathway_id, V.role, V.link_status])["index"]
    rows = []
    for pathway, role in shown.itertuples(index=False):
        at = [cells.get((pathway, role, link)) for link in links]
        hours = [NOTHING if row is None else told.number(PROVISION, int(row), V.eligible_hours) for row in at]
        rows.append([told.quote(pathways.get(pathway, pathway)), told.quote(role_in_words(role)), *hours])
    columns = [Column("Pathway", 5.0), Column("Role", 4.2)]
    columns += [Column(_LINK_HEADINGS[link], 1.9, True) for link in links]
    paper.section("What operators offer")
    paper.paragraph(
        "Hours that could be used, by the pathway they can deliver, the role of who leads them, and the link with the "
        "NHS that their facility or operator has. An hour that fits several pathways or roles counts in each: "
        "the rows do not add up."
    )
    note = more_rows(PROVISION, len(most), len(rows))
    paper.table("Participant-hours offered, by link with the NHS", columns, rows, note)


def _gaps(paper: Paper, told: Told) -> None:
    frame = told.table(GAPS)
    rows = [
        [
            told.words(GAPS, row, G.pathway_name),
            *(told.number(GAPS, row, name)
              for name in (G.demand_places, G.matched_places, G.unmet_places, G.pcns_with_nothing)),
            _reason(told, row),
        ]
        for row in frame.index[:MAX_ROWS]
    ]  # fmt: skip
    columns = [
        Column("Pathway", 4.6), Column("Wanted", 1.5, True), Column("Given", 1.4, True), Column("Unmet", 1.4, True),
        Column("PCNs with nothing", 1.8, True), Column("Main reason", 6.0),
    ]  # fmt: skip
    paper.section("Where provision falls short")
    paper.paragraph(_gap_sentence(told, frame))
    paper.table("Places wanted, given and unmet", columns, rows, more_rows(GAPS, len(frame), len(rows)))


def _reason(told: Told, row: int) -> str:
    code = told.table(GAPS).at[row, G.main_reason]
    words = UNMET_REASONS.get(code, "") if isinstance(code, str) else ""
    return words[:1].upper() + words[1:] if words else NOTHING


def _gap_sentence(told: Told, frame: pd.DataFrame) -> str:
    unmet = told.amounts(GAPS, G.unmet_places)
    worst = int(unmet.idxmax())
    if not unmet[worst]:
        return "Everybody who could be referred and start gets a place on every pathway."
    reason = _reason(told, worst)
    why = f": {reason[:1].lower()}{reason[1:]}" if reason != NOTHING else ""
    return (
        f"The plan gives a place to {told.figure('people')} of the {told.figure('demand_places')} people who could be "
        f"referred and start. Most are missing in {told.words(GAPS, worst, G.pathway_name)}, "
        f"{told.people(GAPS, worst, G.unmet_places)} places{why}."
    )


def _sectors(paper: Paper, told: Told) -> None:
    frame = told.table(SECTORS)
    first = int(frame[S.matched_hours].idxmax())
    parts = [
        f"{SECTOR_WORDS[frame.at[row, S.sector]]}: "
        f"{told.counted(SECTORS, row, S.operators, ('operator', 'operators'))}, "
        f"{told.counted(SECTORS, row, S.facilities, ('facility', 'facilities'))}, "
        f"{told.counted(SECTORS, row, S.people, ('person', 'people'))} served"
        for row in frame.index
    ]
    hours = "; ".join(
        f"{SECTOR_WORDS[frame.at[row, S.sector]]} {told.number(SECTORS, row, S.pledged_hours)} hours pledged and "
        f"{told.number(SECTORS, row, S.matched_hours)} matched"
        for row in frame.index
    )
    paper.section("Who carries the load")
    most = f"Most of the hours that serve somebody come from the {SECTOR_WORDS[frame.at[first, S.sector]]}. "
    text = "; ".join(parts)
    start = most if frame.at[first, S.matched_hours] else ""
    paper.paragraph(f"{start}{text[:1].upper()}{text[1:]}. Leisure trusts count as voluntary, whoever owns the hall.")
    width = min(WIDTH_MM, paper.width.mm)
    names = {name: words[:1].upper() + words[1:] for name, words in SECTOR_WORDS.items()}
    picture = Picture(draw_sectors(frame, names, width), width, f"Bar chart: {hours}.")
    paper.figure("Participant-hours pledged and matched, by sector", picture)


def _budgets(paper: Paper, told: Told) -> None:
    frame = told.table(BUDGETS)
    frame = frame[told.amounts(BUDGETS, B.wanting_places) > 0]
    rows = [
        [
            told.words(BUDGETS, row, B.pathway_name),
            told.number(BUDGETS, row, B.wanting_places),
            told.number(BUDGETS, row, B.course_hours, "tenths"),
            told.number(BUDGETS, row, B.place_cost, "pounds"),
            told.number(BUDGETS, row, B.whole_cost, "pounds"),
            told.number(BUDGETS, row, B.bought_places),
        ]
        for row in frame.index[:MAX_ROWS]
    ]
    columns = [
        Column("Pathway", 4.8), Column("Places wanting", 1.9, True), Column("Hours a place", 1.8, True),
        Column("Cost of a place", 2.0, True), Column("Cost of all", 2.4, True),
        Column("Bought within the budget", 2.3, True),
    ]  # fmt: skip
    paper.section("What personal health budgets would buy")
    paper.paragraph(
        "Where donated hours run out, or are out of reach, a personal health budget could buy a place. At "
        f"{told.figure('health_budget_hour_cost', 'pounds')} a participant-hour, an assumption, "
        f"{told.figure('health_budget_total', 'pounds')} would buy {told.figure('health_budget_bought_places')} of the "
        f"{told.figure('health_budget_wanting_places')} places wanting. Link workers would have to refer "
        "these people too."
    )
    note = (
        "Places wanting are unmet for want of hours, not of link workers. The budget is shared over the pathways in "
        f"proportion to what they want. {more_rows(BUDGETS, len(frame), len(rows))}"
    )
    paper.table("Places that hours are wanting for, and what they would cost", columns, rows, note.strip())
