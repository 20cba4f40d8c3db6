"""Native charts of the workbook: they are drawn by Excel from cells of a sheet, and say what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.chart import Chart
from xlsxwriter.workbook import Workbook

from ..schema.published import SUPPRESSED

INK, ACCENT, GREY, MID, PALE = "#212B32", "#005EB8", "#425563", "#768692", "#E8EDEE"
SOFT = "#B8C4CC"
"""For what stands beside the accent: before, unmet, not recommended."""
LINE = 0.75
MARKER = 7
MANY_NAMES = 14
"""From here on the names beside the bars are written small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells of one column of a sheet, or a single one; rows and columns count from 0."""

    sheet: str
    column: int
    first: int
    last: int

    @property
    def ends(self) -> list[str | int]:
        """As the charts of xlsxwriter want them."""
        return [self.sheet, self.first, self.column, self.last, self.column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One series of bars: its name in the legend, its cells, its colour, and how its numbers are shown on the bars."""

    name: str
    values: Cells
    color: str = ACCENT
    labels: str = ""
    label_color: str = INK
    inside: bool = False
    """Whether the numbers stand in the middle of the bars."""
    hidden: Sequence[bool] = ()
    """Which of the numbers are not shown: they have no bar, and are labelled as what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """One series of points: across and up; joined by a line or marked large."""

    name: str
    across: Cells
    up: Cells
    joined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a chart says: its title, both axes with their units, and a description for those who cannot see it."""

    title: str
    across: str
    up: str
    description: str
    across_format: str = "#,##0"
    up_format: str = "#,##0"
    across_step: float | None = None
    """Between the numbers of the axis; Excel's own choice where not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart and its description, ready to be put on a sheet."""

    chart: Chart
    description: str


def bar_chart(
    book: Workbook,
    wording: Wording,
    names: Cells,
    series: Sequence[Bars],
    *,
    upright: bool = False,
    stacked: bool = False,
    largest: float | None = None,
) -> Drawn:
    """
    Bars for each name: lying, the first name on top, or upright.

    Parameters
    ----------
    book
        The workbook that is being written.
    wording
        `across` and `up` are the axes as they are seen.
    names
        One cell a bar, or a group of bars.
    series
        As many cells each as names.
    upright, stacked
        Which way the bars stand, and whether those of one name are put together.
    largest
        End of the axis of numbers, where it is known.
    """
    kind = {"type": "column" if upright else "bar"}
    chart = book.add_chart(kind | ({"subtype": "stacked"} if stacked else {}))
    for bars in series:
        chart.add_series(
            {
                "name": bars.name,
                "categories": names.ends,
                "values": bars.values.ends,
                "fill": {"color": bars.color},
                "gap": 45,
                "overlap": 100 if stacked else 0,
            }
            | _labels(bars)
        )
    named = _axis(wording.across if upright else wording.up) | {"major_tick_mark": "none", "interval_unit": 1}
    if names.last - names.first >= MANY_NAMES:
        named["num_font"] = {"size": 7, "color": INK}
    counted = _axis(wording.up if upright else wording.across) | {
        "num_format": wording.up_format if upright else wording.across_format,
        "major_gridlines": {"visible": True, "line": {"color": PALE, "width": LINE}},
        "line": {"none": True},
        "min": 0,
    }
    counted |= {} if largest is None else {"max": largest}
    # Lying bars would begin at the bottom; turned round, the axis of numbers would go to the top.
    chart.set_x_axis(named if upright else counted)
    chart.set_y_axis(counted if upright else named | {"reverse": True, "crossing": "max"})
    return _finish(chart, wording, legend=len(series) > 1)


def point_chart(book: Workbook, wording: Wording, series: Sequence[Points]) -> Drawn:
    """
    Points across and up, those of a curve joined; the upright axis begins at nothing.

    Parameters
    ----------
    book
        The workbook that is being written.
    wording
        Title, axes and description.
    series
        The curve first, the point that is marked after it.
    """
    chart = book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for points in series:
        color, size = (MID, MARKER - 2) if points.joined else (ACCENT, MARKER + 4)
        kind = "circle" if points.joined else "diamond"
        fill = {"color": color}
        chart.add_series(
            {
                "name": points.name,
                "categories": points.across.ends,
                "values": points.up.ends,
                "line": {"color": MID, "width": 1.5} if points.joined else {"none": True},
                "marker": {"type": kind, "size": size, "fill": fill, "border": fill},
            }
        )
    thin = {"visible": True, "line": {"color": PALE, "width": LINE}}
    across = {"num_format": wording.across_format, "major_gridlines": {"visible": False}}
    across |= {} if wording.across_step is None else {"major_unit": wording.across_step, "min": 0}
    chart.set_x_axis(_axis(wording.across) | across)
    counted = {"num_format": wording.up_format, "major_gridlines": thin, "min": 0, "line": {"none": True}}
    chart.set_y_axis(_axis(wording.up) | counted)
    return _finish(chart, wording, legend=len(series) > 1)


def _labels(bars: Bars) -> dict[str, object]:
    if not bars.labels:
        return {}
    look = {"value": True, "num_format": bars.labels, "font": {"color": bars.label_color, "size": 9}}
    if any(bars.hidden):
        look["custom"] = [{"value": SUPPRESSED} if hidden else None for hidden in bars.hidden]
    return {"data_labels": look | ({"position": "center"} if bars.inside else {})}


def _axis(name: str) -> dict[str, object]:
    return {
        "name": name,
        "name_font": {"size": 9, "bold": False, "color": GREY},
        "num_font": {"size": 9, "color": INK},
        "line": {"color": MID, "width": LINE},
    }


def _finish(chart: Chart, wording: Wording, *, legend: bool) -> Drawn:
    """Title on the left, legend below, no frame; rows that a reader hides stay in the chart."""
    chart.set_title({"name": wording.title, "name_font": {"size": 11, "bold": True, "color": INK}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": {"size": 9, "color": INK}} if legend else {"none": True})
    chart.set_chartarea({"border": {"color": PALE}, "fill": {"color": "#FFFFFF"}})
    chart.set_plotarea({"fill": {"none": True}})
    chart.show_hidden_data()
    return Drawn(chart=chart, description=wording.description)
