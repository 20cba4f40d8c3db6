"""Where the matched hours go, operator kind → pathway → ICB, laid out as a Sankey diagram.

All lengths are CSS pixels measured from the top; how wide the drawing is, the page decides, so the columns' left edges
are set there. Widths of ribbons and heights of bars are hours times one scale, so that they can be compared anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .blocks import column
from .crossings import fewest_crossings

BARS_PX = 420.0
"""Height of all bars of a column together: the matched hours of the run."""
LEAST_BAR_PX = 2.0
GAP_PX = 5.0
WIDEST_GAP_PX = 96.0
LINE_PX = 16.0
LETTER_PX = 6.9
"""An average letter at 13 px, on the wide side."""
LABELS_PX = (118, 150, 178)
"""Room for the names in each column; the hours of an ICB stand beside its name, the others' below it."""
HOURS_BELOW = (1, 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One column of bars: its nodes from top to bottom."""

    order: np.ndarray
    """Row of each node in the matrix that it was made from, shape (n,)."""
    tops_px: np.ndarray
    """Top of each bar, shape (n,)."""
    bars_px: np.ndarray
    """Height of each bar, shape (n,)."""
    label_tops_px: np.ndarray
    lines: np.ndarray
    """Lines that each label may fill, its figure included, shape (n,)."""


def lines_of(name: str, room_px: float) -> int:
    """Lines that a name may need in the room it has, breaking between words."""
    letters = max(1, int(room_px / LETTER_PX))
    lines, used = 1, 0
    for word in name.split():
        long = len(word) + (1 if used else 0)
        if used and used + long > letters:
            lines, used, long = lines + 1, 0, len(word)
        lines += max(0, math.ceil(long / letters) - 1) if not used else 0
        used = (used + long) if long <= letters else long % letters
    return lines


def stack(order: np.ndarray, hours: np.ndarray, lines: np.ndarray, px_per_hour: float) -> Stack:
    """
    Set nodes below one another, each with room for its bar and its label.

    Parameters
    ----------
    order
        Rows from top to bottom, shape (n,).
    hours, lines
        Of each row, not yet in order; shape (n,).
    """
    bars = np.maximum(hours[order] * px_per_hour, LEAST_BAR_PX)
    slots = np.maximum(bars, lines[order] * LINE_PX)
    tops = np.concatenate([[0.0], np.cumsum(slots + GAP_PX)[:-1]])
    return Stack(
        order=order,
        tops_px=tops + (slots - bars) / 2,
        bars_px=bars,
        label_tops_px=tops + (slots - lines[order] * LINE_PX) / 2,
        lines=lines[order],
    )


def _end(made: Stack) -> float:
    last = max(made.tops_px[-1] + made.bars_px[-1], made.label_tops_px[-1] + made.lines[-1] * LINE_PX)
    return float(last)


def _spread(made: Stack, height_px: float) -> Stack:
    """Move the nodes apart to fill the height, but not farther than looks like one column; then centre them."""
    spare = height_px - _end(made)
    number = len(made.order)
    apart = min(spare / (number - 1), WIDEST_GAP_PX - GAP_PX) if number > 1 else 0.0
    moved = (spare - apart * (number - 1)) / 2 + apart * np.arange(number)
    return replace(made, tops_px=made.tops_px + moved, label_tops_px=made.label_tops_px + moved)


def _ribbons(weights: np.ndarray, start: Stack, end: Stack, px_per_hour: float) -> dict[str, list]:
    """Ribbons between two columns, in the order of both, so that none crosses another within a bar."""
    hours = weights[np.ix_(start.order, end.order)]
    widths = hours * px_per_hour

    def offsets(along: np.ndarray, made: Stack) -> np.ndarray:
        middle = (made.bars_px - along.sum(axis=1)) / 2
        return made.tops_px[:, None] + middle[:, None] + along.cumsum(axis=1) - along

    from_px, to_px = offsets(widths, start), offsets(widths.T, end).T
    source, target = np.nonzero(hours > 0)
    return {
        "source": start.order[source].tolist(),
        "target": end.order[target].tolist(),
        "hours": column(hours[source, target], 1),
        "source_top": column(from_px[source, target], 2),
        "target_top": column(to_px[source, target], 2),
        "width": column(widths[source, target], 3),
    }


def sankey_data(left: np.ndarray, right: np.ndarray, names: tuple[list[str], list[str], list[str]]) -> dict:
    """
    The diagram of hours that flow from the first column through the middle one to the last.

    Parameters
    ----------
    left, right
        Participant-hours, shapes (m, n) and (n, p); what has none is not drawn.
    names
        The names of the m, n and p rows, to leave room for them.

    Returns
    -------
    block
        `hours` in all, `px_per_hour`, `height`, and `columns` of `row`, `hours`, `top`, `tall`, `label_top`, `lines`
        from top to bottom, with `label_px` of room; `ribbons` between neighbours as columns of `source`, `target`
        (rows), `hours`, `source_top`, `target_top`, `width`. Heights are pixels.
    """
    sums = (left.sum(axis=1), left.sum(axis=0), right.sum(axis=0))
    total = float(left.sum())
    if total <= 0:
        return {"hours": 0, "px_per_hour": 0, "height": 0, "columns": [], "ribbons": []}
    px_per_hour = BARS_PX / total
    kept = [np.flatnonzero(hours > 0) for hours in sums]
    found = fewest_crossings([left[np.ix_(kept[0], kept[1])], right[np.ix_(kept[1], kept[2])]], held=(2,))
    stacks = []
    for k, order in enumerate(found):
        lines = np.array([lines_of(name, LABELS_PX[k]) + HOURS_BELOW[k] for name in names[k]])
        stacks.append(stack(kept[k][order], sums[k], lines, px_per_hour))
    height_px = max(_end(made) for made in stacks)
    stacks = [_spread(made, height_px) for made in stacks]
    return {
        "hours": round(total, 1),
        "px_per_hour": px_per_hour,
        "height": round(height_px, 2),
        "columns": [
            {
                "label_px": LABELS_PX[k],
                "row": made.order.tolist(),
                "hours": column(sums[k][made.order], 1),
                "top": column(made.tops_px, 2),
                "tall": column(made.bars_px, 2),
                "label_top": column(made.label_tops_px, 2),
                "lines": made.lines.tolist(),
            }
            for k, made in enumerate(stacks)
        ],
        "ribbons": [
            _ribbons(left, stacks[0], stacks[1], px_per_hour),
            _ribbons(right, stacks[1], stacks[2], px_per_hour),
        ],
    }
