"""Break a table as people do: cells swapped, rows and columns lost, doubled and moved, cells that hold anything."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Grid = list[list[str]]
"""Rows of cells; the first is the heading."""

HOSTILE = (
    "", " ", "\u00a0", "NA", "N/A", "None", "null", "NaN", "nan", "inf", "-inf", "Infinity", "1e308", "1e309", "-1e308",
    "1e-320", "-1", "-0", "0", "0.0000001", "1,200", "1.200,5", "12 hrs", "£12", "50%", "٣", "１２", "½", "1E5", "007",
    "99999999999999999999", "12345678901234567890.5", "TRUE", "#REF!", "#N/A", "*", "c", "[c]", "31/02/2026",
    "2026-02-30", "01/04/26", "4/1/2026", "1900-01-00", "46113", "99999-01-01", "0001-01-01", "2026-04-01T25:61",
    "=1+1", "=HYPERLINK(\"http://example.org\")", "@SUM(1)", "+1", "-1+1", "{{ 7*7 }}", "{% for x in y %}",
    "{# gone #}",
    "<script>alert(1)</script>", "</script>", "\" onload=x", "&amp;lt;", "${1}", "`", "U1234", "u12345", "U12345 ",
    "U12345\u200b", "U123\u041e5", "\uff35\uff11\uff12\uff13\uff14\uff15", "E06000001", "W06000001", "ZZ1 1ZZ", "LS1",
    "ls14ap", "LS1\u00a04AP", "a\nb", "a\r\nb", "\"", "a\"b", "'", ",", ";", "\t", "a\x00b", "\x1b[2J",
    "\ud7ff", "\U0001f3ca",
    "e\u0301" * 40, "\u202eabc", "x" * 40_000, ";" * 2_000, "1;2;;3", "EXAMPLE-1", "Total", "../../etc/passwd",
    "POINT(0 0)", "nil;nil", "\ufeff", "\u2028", "1_000", "0x1F", "1e5", "--5", "5-", "(5)", "∞", "−5",
)  # fmt: skip
"""What stands in cells of strangers' spreadsheets, and what a malicious one might hold."""


def _row(grid: Grid, rng: Random, first: int = 0) -> int:
    return rng.randrange(min(first, len(grid) - 1), len(grid))


def _cell(grid: Grid, rng: Random, first: int = 0) -> tuple[int, int]:
    row = _row(grid, rng, first)
    return row, rng.randrange(max(1, len(grid[row])))


def _put(grid: Grid, rng: Random) -> None:
    row, column = _cell(grid, rng, first=1)
    if grid[row]:
        grid[row][column] = rng.choice(HOSTILE)


def _put_all(grid: Grid, rng: Random) -> None:
    """One value down a whole column."""
    _, column = _cell(grid, rng)
    value = rng.choice(HOSTILE)
    for row in grid[1:]:
        if column < len(row):
            row[column] = value


def _decorate(grid: Grid, rng: Random) -> None:
    """Something before or behind what the cell holds."""
    row, column = _cell(grid, rng, first=1)
    if grid[row]:
        extra = rng.choice((" ", "\u00a0", "\u200b", "\n", "'", ".", ",", "?", "*", "\x00", "0", "-", "e", "\t", "%"))
        cell = grid[row][column]
        grid[row][column] = rng.choice((extra + cell, cell + extra, cell[:1] + extra + cell[1:], cell.swapcase()))


def _swap_cells(grid: Grid, rng: Random) -> None:
    (a, b), (c, d) = _cell(grid, rng), _cell(grid, rng)
    if grid[a] and grid[c]:
        grid[a][b], grid[c][d] = grid[c][d], grid[a][b]


def _delete_row(grid: Grid, rng: Random) -> None:
    if len(grid) > 1:
        del grid[_row(grid, rng)]


def _double_row(grid: Grid, rng: Random) -> None:
    row = list(grid[_row(grid, rng)])
    for _ in range(rng.choice((1, 1, 2, 300))):
        grid.insert(rng.randrange(len(grid) + 1), list(row))


def _move_row(grid: Grid, rng: Random) -> None:
    row = grid.pop(_row(grid, rng))
    grid.insert(rng.randrange(len(grid) + 1), row)


def _blank_rows(grid: Grid, rng: Random) -> None:
    at = rng.randrange(len(grid) + 1)
    grid[at:at] = [[""] * len(grid[0]) for _ in range(rng.choice((1, 3, 200)))]


def _columns(grid: Grid, rng: Random) -> None:
    """A column lost, doubled or moved."""
    _, column = _cell(grid, rng)
    to, way = rng.randrange(len(grid[0]) + 1), rng.choice(("lose", "double", "move"))
    for row in grid:
        if column < len(row):
            cell = row[column] if way == "double" else row.pop(column)
            if way != "lose":
                row.insert(min(to, len(row)), cell)


def _swap_columns(grid: Grid, rng: Random) -> None:
    _, a = _cell(grid, rng)
    _, b = _cell(grid, rng)
    for row in grid[rng.choice((0, 1)) :]:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]


def _heading(grid: Grid, rng: Random) -> None:
    if grid[0]:
        column = rng.randrange(len(grid[0]))
        old = grid[0][column]
        ways = (old.upper(), f" {old} ", old.replace("_", " "), old + "\n(note)", "", rng.choice(HOSTILE), old + "1")
        grid[0][column] = rng.choice((*ways, rng.choice(grid[0])))


def _ragged(grid: Grid, rng: Random) -> None:
    """One row with a cell too many, or too few."""
    row = grid[_row(grid, rng)]
    if rng.random() < 0.5 and row:
        row.pop()
    else:
        row.append(rng.choice(HOSTILE))


WAYS: tuple[Callable[[Grid, Random], None], ...] = (
    _put, _put, _put, _put, _put_all, _decorate, _decorate, _swap_cells, _delete_row, _double_row, _move_row,
    _blank_rows, _columns, _swap_columns, _heading, _ragged,
)  # fmt: skip


def break_grid(grid: Grid, rng: Random) -> Grid:
    """A broken copy of a table; `rng` is the only source of chance."""
    broken = [list(row) for row in grid]
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        if broken and broken[0]:
            rng.choice(WAYS)(broken, rng)
    return broken


def count_rows(before: Grid, after: Grid) -> int | None:
    """Rows below the heading that hold something; None where the heading is not what it was."""
    if not before or not after or before[0] != after[0]:
        return None
    return sum(any(cell.strip() for cell in row) for row in after[1:])
