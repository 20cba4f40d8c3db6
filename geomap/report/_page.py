"""The workbook's first sheet: the finding, the key figures, the ledger, the reasons, the sources, as on a page."""

from __future__ import annotations

import math

import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from ..phrases import (
    PARTICIPANT_HOUR,
    day_in_words,
    finding,
    hours_worth,
    link_worker_fairness,
    not_reported,
    plan_fairness,
    plan_prices,
    plan_quality,
)
from ..schema import PcnResultFrame, PlanFacts, ResultTables
from .summary import FIRST_REASONS, demand_reasons, hours_reasons, rejected_rows

SHEET = "Summary"
INK, ACCENT, GREY, PALE = "#212B32", "#005EB8", "#425563", "#E8EDEE"
WIDTHS = (52, 15, 13, 52)
LETTERS = 1.12
"""Letters that go into one unit of width, on average."""
LINE_LETTERS = sum(WIDTHS) * LETTERS
LINE_POINTS = 15
FIFTHS = {1: "1, the most deprived", 2: "2", 3: "3", 4: "4", 5: "5, the least deprived"}


class _Page:
    """A sheet that is written from the top down, four columns wide."""

    def __init__(self, book: Workbook) -> None:
        self.sheet = book.add_worksheet(SHEET)
        self.row = 0
        base = {"font_color": INK, "valign": "top"}
        self.title = book.add_format(base | {"bold": True, "font_size": 18, "text_wrap": True})
        self.label = book.add_format(base | {"bold": True, "bg_color": "#FFEB3B", "text_wrap": True})
        self.section = book.add_format(base | {"bold": True, "font_size": 13, "font_color": ACCENT, "bottom": 1})
        self.text = book.add_format(base | {"text_wrap": True})
        self.note = book.add_format(base | {"text_wrap": True, "font_color": GREY})
        self.beside = book.add_format(base | {"text_wrap": True, "font_color": GREY, "align": "left", "indent": 1})
        self.head = book.add_format(base | {"bold": True, "bg_color": PALE})
        self.head_right = book.add_format(base | {"bold": True, "bg_color": PALE, "align": "right"})
        self.whole = book.add_format(base | {"num_format": "#,##0"})
        self.hundredths = book.add_format(base | {"num_format": "#,##0.00"})
        self.percent = book.add_format(base | {"num_format": "0.0%"})
        for column, width in enumerate(WIDTHS):
            self.sheet.set_column(column, column, width)

    def paragraph(self, text: str, look: Format, *, points: int = LINE_POINTS, letters: float = LINE_LETTERS) -> None:
        """Text over all four columns; Excel does not fit the height of merged cells itself."""
        self.sheet.merge_range(self.row, 0, self.row, 3, "", look)
        self.sheet.write_string(self.row, 0, text, look)
        self.sheet.set_row(self.row, points * math.ceil(max(len(text), 1) / letters))
        self.row += 1

    def heading(self, text: str, *columns: str) -> None:
        """A heading after an empty row, and the names of the columns where there are any."""
        self.row += 1
        for column in range(4):
            self.sheet.write_blank(self.row, column, None, self.section)
        self.sheet.write_string(self.row, 0, text, self.section)
        self.sheet.set_row(self.row, 20)
        self.row += 1
        for column, name in enumerate(columns):
            self.sheet.write_string(self.row, column, name, self.head_right if column in (1, 2) else self.head)
        self.row += bool(columns)

    def line(self, *cells: str | tuple[float, Format]) -> None:
        """One row: text, or a number with its format; text that is longer than its column wraps."""
        lines = 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self.sheet.write_string(self.row, column, cell, self.beside if column > 1 else self.text)
                lines = max(lines, math.ceil(len(cell) / (WIDTHS[column] * LETTERS)))
            else:
                self.sheet.write_number(self.row, column, *cell)
        self.sheet.set_row(self.row, LINE_POINTS * lines)
        self.row += 1


def write_summary(book: Workbook, tables: ResultTables) -> None:
    """Add the sheet to a workbook that is being written."""
    facts = tables.facts
    page = _Page(book)
    page.paragraph(f"{finding(facts)}.", page.title, points=26, letters=LINE_LETTERS / 1.9)
    if facts.label:
        page.paragraph(facts.label, page.label)
    page.paragraph(f"{hours_worth(facts)}.", page.text)
    period = f"{day_in_words(facts.period_start)} to {day_in_words(facts.period_end)}"
    page.paragraph(f"{facts.name}. Plan for {period}; data as of {day_in_words(facts.as_of)}.", page.note)
    _key_figures(page, tables)
    _ledger(page, book, facts)
    hours = ("Why hours served nobody", "Hours", "Share")
    _reasons(page, hours_reasons(tables), hours)
    places = ("Why places could not be offered", "Places", "Share")
    _reasons(page, demand_reasons(tables), places)
    _fairness(page, tables.fairness)
    _by_fifth(page, tables.pcns)
    _prices(page, tables.prices)
    if facts.changes:
        page.heading("What changed")
        for sentence in facts.changes:
            page.paragraph(f"• {sentence}", page.text)
        page.paragraph("• The sheet Differences has every row that changed.", page.text)
    page.heading("What to bear in mind")
    for note in facts.notes:
        page.paragraph(f"• {note}", page.text)
    page.paragraph("• The sheet Read me explains every column of the other sheets.", page.text)
    if facts.sources:
        page.heading("Sources")
        for what, file, attribution in facts.sources:
            page.paragraph(f"{what}: {file}. {attribution}", page.note)
    _print_setup(page)


def _key_figures(page: _Page, tables: ResultTables) -> None:
    facts, whole = tables.facts, page.whole
    page.heading("Key figures")
    page.line("People served", (facts.people, whole), "people", "Course places in the plan.")
    page.line("Expected to complete", (round(facts.completions), whole), "people", "About, from completion rates.")
    page.line("PCNs covered", (facts.pcns_covered, whole), f"of {facts.pcns:,}", "With at least one place in the plan.")
    met = facts.demand_places - facts.unmet_places
    page.line("Places wanted", (facts.demand_places, whole), "places", f"{met:,} given, {facts.unmet_places:,} unmet.")
    page.line("Registered patients", (facts.patients, whole), "patients", "In all PCNs of this run.")
    told = not_reported(facts)
    page.line("Link workers", (facts.link_worker_fte, page.hundredths), "FTE", told[:1].upper() + told[1:] + ".")
    rejected = rejected_rows(tables)
    page.line(
        "Input rows rejected",
        (rejected, whole),
        "rows",
        f"{facts.pledges_rejected:,} of {facts.pledges_read:,} pledges among them; see the sheet Accounting.",
    )
    page.paragraph(plan_quality(facts), page.text)


def _ledger(page: _Page, book: Workbook, facts: PlanFacts) -> None:
    page.heading("The ledger of hours", "Participant-hours", "Hours", "Of pledged", "")
    first = page.row
    whole = facts.pledged_hours or 1.0
    stated = f"Worth the {facts.stated_hours:,.0f} hours that operators stated. One is {PARTICIPANT_HOUR}."
    for name, hours, note in (
        ("Pledged", facts.pledged_hours, stated),
        ("Eligible", facts.eligible_hours, "In the period, with a fit venue and hours for a course."),
        ("Matched", facts.matched_hours, "Given to patients by the plan."),
        ("Ineligible", facts.ineligible_hours, "Pledged less eligible."),
        ("Unmatched", facts.unmatched_hours, "Eligible less matched."),
    ):
        page.line(name, (hours, page.whole), (hours / whole, page.percent), note)
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "categories": [SHEET, first, 0, first + 2, 0],
            "values": [SHEET, first, 1, first + 2, 1],
            "fill": {"color": ACCENT},
            "gap": 40,
            "data_labels": {"value": True, "num_format": "#,##0"},
        }
    )
    chart.set_title({"name": "Hours pledged, eligible and matched", "name_font": {"size": 11, "color": INK}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0, "max": whole * 1.2})
    chart.set_size({"width": 760, "height": 170})
    described = (
        f"Bar chart: {facts.pledged_hours:,.0f} hours pledged, {facts.eligible_hours:,.0f} eligible, "
        f"{facts.matched_hours:,.0f} matched."
    )
    page.sheet.insert_chart(page.row, 0, chart, {"x_offset": 4, "y_offset": 6, "description": described})
    page.row += 9


def _reasons(page: _Page, sums: pd.Series, columns: tuple[str, str, str]) -> None:
    """The first reasons, the rest in one line, and the sum."""
    if sums.empty:
        return
    title, amount, part = columns
    page.heading(title, "Reason", amount, part, "")
    total = sums.sum()
    rest = sums.iloc[FIRST_REASONS:].sum()
    rows = [*sums.head(FIRST_REASONS).items(), *([("other reasons", rest)] if rest else []), ("all", total)]
    for reason, value in rows:
        page.line(reason[:1].upper() + reason[1:], (value, page.whole), (value / total, page.percent))


def _fairness(page: _Page, fairness: pd.DataFrame) -> None:
    """How evenly the plan serves, in sentences; the figures stand on a sheet of their own."""
    page.heading("Fairness")
    for sentence in (*plan_fairness(fairness), link_worker_fairness(fairness)):
        if sentence:
            page.paragraph(f"• {sentence}", page.text)
    page.paragraph("• The sheet Fairness has every figure, the sheet Levels how far each aim is proven.", page.text)


def _prices(page: _Page, prices: pd.DataFrame) -> None:
    """Where one more of something would bring most; nothing where there was no time to work it out."""
    sentences = plan_prices(prices)
    if not sentences:
        return
    page.heading("What one more would bring")
    for sentence in sentences:
        page.paragraph(f"• {sentence}", page.text)
    page.paragraph("• The sheet Prices has every one. They are estimates on the high side: see its columns.", page.text)


def _by_fifth(page: _Page, pcns: pd.DataFrame) -> None:
    """Coverage by deprivation fifth; nothing where the fifths are not known."""
    names = [PcnResultFrame.demand_places, PcnResultFrame.matched_places]
    sums = pd.DataFrame(pcns).groupby(PcnResultFrame.deprivation_fifth)[names].sum()
    if sums.empty:
        return
    page.heading("Coverage by deprivation fifth of PCNs", "Fifth", "Places given", "Coverage", "")
    for fifth, (wanted, given) in zip(sums.index, sums.to_numpy(), strict=True):
        cover = (given / wanted, page.percent) if wanted else "–"
        page.line(FIFTHS[int(fifth)], (given, page.whole), cover, f"of {wanted:,.0f} places wanted")


def _print_setup(page: _Page) -> None:
    page.sheet.hide_gridlines(2)
    page.sheet.set_paper(9)  # A4
    page.sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    page.sheet.fit_to_pages(1, 0)
    page.sheet.set_footer("&L&A&RPage &P of &N")
