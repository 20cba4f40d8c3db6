"""The figures of the board paper as PNG: a map, trade-offs, shares of draws, sectors; the same data, the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..schema import RobustnessFrame, SectorFrame, TradeoffFrame
from ..schema.words import VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, GREY, MID, PALE = "#212b32", "#005eb8", "#425563", "#768692", "#e8edee"
FONT = "DejaVu Sans"
DPI = 170
SMALL, TEXT = 6.5, 7.5
"""Points, in print: a figure is drawn as large as it is shown."""
MM = 1 / 25.4

CLEAR = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.8}
"""Behind words that a line may cross."""

VERDICT_LOOKS = dict(zip(VERDICTS, (("o", ACCENT), ("D", "#b35900"), ("s", MID)), strict=True))
"""Verdict → its marker and colour, blue and orange being told apart by everybody."""
CURVE_NAMES = {
    "coverage": "Least coverage of a chosen site",
    "cost": "Most set-up cost (£)",
    "sites": "Number of sites",
}


@contextmanager
def figure_of(width_mm: float, height_mm: float) -> Iterator[Figure]:
    """A figure with the looks of the house, whatever the settings of this machine."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": FONT, "font.size": TEXT, "text.color": INK, "axes.labelcolor": INK,
                "axes.edgecolor": MID, "axes.linewidth": 0.6, "xtick.color": GREY, "ytick.color": GREY,
                "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False,
                "xtick.major.width": 0.6, "ytick.major.width": 0.6, "savefig.facecolor": "white",
            }
        )  # fmt: skip
        figure = Figure(figsize=(width_mm * MM, height_mm * MM), dpi=DPI)
        FigureCanvasAgg(figure)
        yield figure


def to_png(figure: Figure) -> bytes:
    """The picture without a date or the name of a program in it."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DPI, metadata={"Software": None})
    return written.getvalue()


def drawable(text: str, letters: int = 40) -> str:
    """Text that the font has letters for, cut to a length; what it has not shows as a replacement character."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties(family=FONT))).get_charmap()
    shown = "".join(letter if ord(letter) in known else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return shown if len(shown) <= letters else f"{shown[: letters - 1].rstrip()}…"


def draw_tradeoffs(tradeoffs: pd.DataFrame, width_mm: float) -> bytes:
    """
    Need met under a limit, a panel a curve, the chosen portfolio ringed.

    Parameters
    ----------
    tradeoffs
        `TradeoffFrame`, at least one row.
    width_mm
        Of the figure.

    Returns
    -------
    png
    """
    f = TradeoffFrame
    curves = [name for name in CURVE_NAMES if tradeoffs[f.curve].eq(name).any()]
    with figure_of(width_mm, 48) as figure:
        panels = figure.subplots(1, max(len(curves), 2), squeeze=False)[0]
        for panel in panels[len(curves) :]:
            panel.set_visible(False)
        for panel, curve in zip(panels, curves, strict=False):
            points = tradeoffs[tradeoffs[f.curve].eq(curve)].sort_values(f.limit)
            _draw_curve(panel, points, curve)
        _share_heights([panel for panel, curve in zip(panels, curves, strict=False) if curve != "sites"])
        panels[0].set_ylabel("Need met\n(need-weighted completions)")
        figure.tight_layout(pad=0.4, w_pad=1.6)
        return to_png(figure)


def _share_heights(panels: Sequence[Axes]) -> None:
    """Portfolios of as many sites are told on one scale, which leaves room above and below small differences."""
    if not panels:
        return
    ends = [end for panel in panels for end in panel.get_ylim()]
    low, high = min(ends), max(ends)
    low = min(low, 0.9 * high)
    high = max(high + 0.15 * (high - low), 1e-9)
    for panel in panels:
        panel.set_ylim(max(low, 0.0), high)


def _draw_curve(panel: Axes, points: pd.DataFrame, curve: str) -> None:
    f = TradeoffFrame
    x, y = points[f.limit].to_numpy(), points[f.value].to_numpy()
    panel.vlines(x, y, points[f.bound], color=MID, linewidth=2, alpha=0.5)
    panel.plot(x, y, color=ACCENT, linewidth=1.2, marker="o", markersize=3.5)
    chosen = points[points[f.chosen]]
    panel.plot(chosen[f.limit], chosen[f.value], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK)
    for limit, value in chosen[[f.limit, f.value]].head(1).itertuples(index=False):
        panel.annotate("recommended", (limit, value), (0, -11), textcoords="offset points", ha="center",
                       va="top", fontsize=SMALL, bbox=CLEAR)  # fmt: skip
    panel.set_xlabel(CURVE_NAMES[curve])
    panel.margins(x=0.14, y=0.24)
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if curve == "coverage" else f"{value:,.0f}")
    panel.xaxis.get_major_locator().set_params(integer=curve == "sites", nbins=3 if curve == "cost" else 4)
    if curve == "sites":
        panel.set_ylim(bottom=0)
    panel.grid(axis="y", color=PALE, linewidth=0.6)
    panel.set_axisbelow(True)


def draw_shares(robustness: pd.DataFrame, labels: Sequence[str], width_mm: float) -> bytes:
    """
    How often each site was chosen over the draws, with bars of one standard error.

    Parameters
    ----------
    robustness
        `RobustnessFrame`, the rows to show from the top down.
    labels
        What each row is called.
    width_mm
        Of the figure.

    Returns
    -------
    png
    """
    f = RobustnessFrame
    rows = len(robustness)
    with figure_of(width_mm, 16 + 3.3 * rows) as figure:
        panel = figure.add_subplot()
        panel.axvspan(0.8, 1.02, color=ACCENT, alpha=0.07, linewidth=0)
        panel.axvspan(-0.02, 0.2, color=MID, alpha=0.10, linewidth=0)
        for row, site in enumerate(robustness.itertuples(index=False)):
            share, error = getattr(site, f.share_of_draws), getattr(site, f.error_share)
            marker, colour = VERDICT_LOOKS[getattr(site, f.verdict)]
            face = colour if getattr(site, f.chosen) else "white"
            panel.errorbar(share, row, xerr=error, color=colour, marker=marker, markersize=4.5, elinewidth=1,
                           capsize=2, markerfacecolor=face, markeredgecolor=colour)  # fmt: skip
        panel.set_yticks(range(rows), [drawable(label, 46) for label in labels], color=INK)
        panel.set(xlim=(-0.02, 1.02), ylim=(rows - 0.4, -0.6), xlabel="Share of the draws that choose the site")
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panel.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        panel.grid(axis="y", color=PALE, linewidth=0.6)
        panel.set_axisbelow(True)
        panel.tick_params(axis="y", length=0)
        for place, words in ((0.1, "fragile"), (0.5, "contested"), (0.91, "core")):
            panel.annotate(words, (place, 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom",
                           fontsize=SMALL, color=GREY)  # fmt: skip
        _explain_markers(figure)
        figure.tight_layout(pad=0.4, rect=(0, 0, 1, 1 - 5 / (16 + 3.3 * rows)))
        return to_png(figure)


def _explain_markers(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    looks = [(name, marker, colour, colour) for name, (marker, colour) in VERDICT_LOOKS.items()]
    looks.append(("not recommended", "o", INK, "white"))
    handles = [
        Line2D([], [], linestyle="", marker=marker, markersize=4.5, color=colour, markerfacecolor=face, label=name)
        for name, marker, colour, face in looks
    ]
    figure.legend(handles=handles, loc="upper right", ncols=len(handles), frameon=False, fontsize=SMALL,
                  handletextpad=0.2, columnspacing=1.2, borderaxespad=0.1)  # fmt: skip


def draw_sectors(sectors: pd.DataFrame, names: Mapping[str, str], width_mm: float) -> bytes:
    """Hours pledged and matched of each sector (`SectorFrame`), as bars; PNG."""
    f = SectorFrame
    with figure_of(width_mm, 32) as figure:
        panel = figure.add_subplot()
        rows = np.arange(len(sectors))
        most = max(float(sectors[f.pledged_hours].max()), 1.0)
        for column, shift, colour in ((f.pledged_hours, -0.2, "#b8c4cc"), (f.matched_hours, 0.2, ACCENT)):
            panel.barh(rows + shift, sectors[column], height=0.36, color=colour)
            words = "pledged" if column == f.pledged_hours else "matched"
            for row, value in enumerate(sectors[column]):
                panel.annotate(f"{value:,.0f} {words}", (value, row + shift), (3, 0), textcoords="offset points",
                               va="center", fontsize=SMALL)  # fmt: skip
        panel.set_yticks(rows, [names[name] for name in sectors[f.sector]], color=INK)
        panel.set(xlim=(0, most * 1.28), ylim=(len(sectors) - 0.5, -0.5))
        panel.xaxis.set_visible(False)
        panel.spines["bottom"].set_visible(False)
        panel.tick_params(axis="y", length=0)
        figure.tight_layout(pad=0.4)
        return to_png(figure)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a map shows beside its areas: numbered sites and those they are compared with, as PCN codes."""

    sites: tuple[tuple[str, tuple[str, ...]], ...] = ()
    comparators: tuple[tuple[str, ...], ...] = ()
