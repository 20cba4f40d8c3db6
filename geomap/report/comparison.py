"""What differs between two runs, in sentences and a few figures: the terminal and the first sheet of the workbook."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd

from ..phrases import INTERNAL_MARK
from ..schema.comparison import (
    CHANGES,
    SHIFT_KINDS,
    Comparison,
    InputChangeFrame,
    SettingChangeFrame,
    ShiftFrame,
    SiteShiftFrame,
    TotalFrame,
)
from ._comparison_columns import CHANGE_WORDS, FIGURE_NAMES, TABLE_NAMES

LETTERS = 100
"""Of a line in the terminal."""
FIRST = {"pcn": 3, "icb": 1, "operator": 1, "pathway": 1}
"""Winners and losers told of each kind, at most so many of either."""
FIRST_SETTINGS, FIRST_COLUMNS = 5, 3
FIGURES_TOLD = ("pledged_hours", "matched_hours", "people", "completions", "pcns_served")
"""In the terminal; the table of totals has every one."""
_KINDS = {"pcn": "PCNs", "icb": "ICBs", "operator": "Operators", "pathway": "Pathways"}
_NAMES_LETTERS = 60
"""For a row of names, of files or sites, before the rest is counted."""


def describe_comparison(comparison: Comparison) -> str:
    """
    What differs, to be printed in a terminal: a screen of lines of at most 100 letters, figures aligned.

    Its figures are exact, as those of the runs are, and its last line says so.

    Parameters
    ----------
    comparison
        Two runs, compared.
    """
    lines = [f"Before: {comparison.before}", f"After:  {comparison.after}", tell_finding(comparison)]
    if not nothing_differs(comparison):
        lines += ["", *_totals(comparison.totals)]
        for kind in SHIFT_KINDS:
            lines += _shifts(kind, comparison.shifts)
        lines += _sites(comparison)
        lines += _inputs(comparison)
    for note in comparison.notes:
        lines += textwrap.wrap(f"Note: {note}", LETTERS, subsequent_indent="    ")
    lines.append(f"{INTERNAL_MARK}.")
    return "\n".join(_cut(line, LETTERS) for line in lines)


def next_step(comparison: Comparison, out: Path | None) -> str:
    """What a planner can do now; `out` is the folder that the comparison was written to, if it was."""
    if out is not None:
        return f"open {out / 'comparison.xlsx'}; beside it stands one CSV a table."
    if nothing_differs(comparison):
        return "use the results of either folder."
    return "the same command with --out FOLDER writes every row that differs."


def nothing_differs(comparison: Comparison) -> bool:
    """Whether the two folders tell of the same plan, made the same way of the same inputs."""
    tables = (comparison.plan, comparison.settings, comparison.files, comparison.inputs)
    return (
        all(table.empty for table in tables) and not _changed(comparison).any() and not _moved(comparison.sites).any()
    )


def _changed(comparison: Comparison) -> pd.Series:
    return pd.concat([comparison.totals[TotalFrame.change], comparison.shifts[ShiftFrame.change_hours]]).ne(0)


def _moved(sites: pd.DataFrame) -> pd.Series:
    return sites[SiteShiftFrame.found_in].ne("both")


def tell_finding(comparison: Comparison) -> str:
    """What it comes to, in a sentence."""
    if nothing_differs(comparison):
        return "Nothing differs: the same inputs and settings, and the same plan."
    if comparison.plan.empty:
        return "The plan is the same: nobody wins or loses an hour."
    f = TotalFrame
    before, after, change = comparison.totals.set_index(f.figure).loc["matched_hours", [f.before, f.after, f.change]]
    if not change:
        return f"As many participant-hours are matched, {after:,.0f}, but not all to the same people."
    more = "more" if change > 0 else "fewer"
    return f"{_figure(abs(change))} {more} participant-hours are matched: {before:,.0f} before, {after:,.0f} after."


def _totals(totals: pd.DataFrame) -> list[str]:
    told = totals[totals[TotalFrame.figure].isin(FIGURES_TOLD)]
    lines = [f"{'':<22}{'before':>12}{'after':>12}{'change':>12}"]
    for figure, before, after, change in told[
        [TotalFrame.figure, TotalFrame.before, TotalFrame.after, TotalFrame.change]
    ].itertuples(index=False):
        lines.append(f"{FIGURE_NAMES[figure]:<22}{before:>12,.0f}{after:>12,.0f}{_signed(change):>12}")
    return lines


def _shifts(kind: str, shifts: pd.DataFrame) -> list[str]:
    """Who of a kind wins and loses most; no line where there is but one of the kind, which does as the whole does."""
    rows = shifts[shifts[ShiftFrame.kind].eq(kind)]
    if len(rows) < 2:
        return []
    change = rows[ShiftFrame.change_hours]
    up, down = rows[change > 0], rows[change < 0].iloc[::-1]
    if up.empty and down.empty:
        return [f"{_KINDS[kind]}: none wins or loses hours."]
    told = [
        f"{len(up):,} {'wins' if len(up) == 1 else 'win'} {_sum(up)} hours",
        f"{len(down):,} {'loses' if len(down) == 1 else 'lose'} {_sum(down)} hours",
        f"{len(rows) - len(up) - len(down):,} as before",
    ]
    told = [part for part in told if not part.startswith("0 ")]
    first = FIRST[kind]
    lines = [_shift(row) for part in (up, down) for row in part.head(first).itertuples(index=False)]
    return [f"{_KINDS[kind]}: {', '.join(told)}.", *lines]


def _sum(rows: pd.DataFrame) -> str:
    return _figure(abs(rows[ShiftFrame.change_hours].sum()))


def _shift(row: tuple) -> str:
    """One winner or loser; `row` has the names of `ShiftFrame`."""
    start = f"{_signed(row.change_hours):>12}  "
    where = {"before": "only before", "after": "only after"}.get(row.found_in, "")
    end = f", {where}" if where else f": {row.before_hours:,.0f} before, {row.after_hours:,.0f} after"
    code = "" if row.kind == "pathway" or row.id == row.name else f" ({row.id})"
    return f"{start}{_cut(row.name, LETTERS - len(start) - len(code) - len(end))}{code}{end}"


def _sites(comparison: Comparison) -> list[str]:
    sites = comparison.sites
    if sites.empty:
        return []
    names = sites[SiteShiftFrame.site_name]
    came, went = (names[sites[SiteShiftFrame.found_in].eq(side)].tolist() for side in ("after", "before"))
    kept = len(sites) - len(came) - len(went)
    if not came and not went:
        return [f"Sites: the same {kept:,} are chosen."]
    lines = [f"Sites: {len(came):,} in, {len(went):,} out, {kept:,} {'stays' if kept == 1 else 'stay'}."]
    return lines + [f"{word:>12}  {_listed(part)}" for word, part in (("in", came), ("out", went)) if part]


def _inputs(comparison: Comparison) -> list[str]:
    """Settings, files and rows that differ."""
    settings, f = comparison.settings, SettingChangeFrame
    lines = [f"Settings that differ: {len(settings):,}" if len(settings) else "Settings: all the same."]
    for name, before, after in settings.head(FIRST_SETTINGS)[[f.setting, f.before, f.after]].itertuples(index=False):
        lines.append(f"    {name}: before {_said(before)}, after {_said(after)}")
    if len(settings) > FIRST_SETTINGS:
        lines.append(f"    and {len(settings) - FIRST_SETTINGS:,} more")
    files = list(dict.fromkeys(comparison.files.iloc[:, 0]))
    lines.append(f"Input files that differ: {_listed(files)}" if files else "Input files: all the same.")
    rows = [line for table in TABLE_NAMES for line in _rows(table, comparison.inputs)]
    if rows:
        return [*lines, "Input rows that differ:", *rows]
    return [*lines, "Input rows: none differs in what results show of them."] if files else lines


def _rows(table: str, inputs: pd.DataFrame) -> list[str]:
    """How many rows of one input differ, and in which columns."""
    f = InputChangeFrame
    rows = inputs[inputs[f.table].eq(table)]
    if rows.empty:
        return []
    counts = rows.drop_duplicates([f.key])[f.change].value_counts()
    columns = rows.loc[rows[f.change].eq("changed"), f.column].drop_duplicates().tolist()
    more = f" and {len(columns) - FIRST_COLUMNS} more" if len(columns) > FIRST_COLUMNS else ""
    ends = {"changed": f" ({', '.join(columns[:FIRST_COLUMNS])}{more})"}
    told = [change for change in CHANGES[::-1] if change in counts]
    parts = [f"{counts[change]:,} {CHANGE_WORDS[change]}{ends.get(change, '')}" for change in told]
    one, several = TABLE_NAMES[table]
    return [f"{counts.sum():>12,}  {one if counts.sum() == 1 else several}: {', '.join(parts)}"]


def _said(value: object) -> str:
    return value if isinstance(value, str) else "not set"


def _listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    told, left = [], list(names)
    while left and (not told or len(", ".join([*told, left[0]])) <= _NAMES_LETTERS):
        told.append(_cut(left.pop(0), _NAMES_LETTERS))
    return ", ".join(told) + (f" and {len(left):,} more" if left else "")


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: max(letters - 1, 1)].rstrip()}…"


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else '-' if change < 0 else ''}{_figure(abs(change))}"


def _figure(amount: float) -> str:
    """Whole numbers, but for what is small and not whole."""
    return f"{amount:,.1f}" if 0 < amount < 10 and amount != round(amount) else f"{amount:,.0f}"
