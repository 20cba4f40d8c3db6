"""Make the page's columns shorter without losing anything; `base.js` undoes it before anybody looks."""

from __future__ import annotations

import json
from itertools import pairwise

_SHORTEST = 40
"""Columns of fewer rows are left as they are."""


def _is_repeated_text(values: list) -> bool:
    """Whether the column is of text or of short lists that come again and again."""
    if not all(value is None or isinstance(value, str | list) for value in values):
        return False
    return 2 * len({json.dumps(value) for value in values}) <= len(values)


def _is_rising(values: list) -> bool:
    """Whether the column is of whole numbers of which none is less than the one before."""
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return whole and values[0] >= 0 and all(a <= b for a, b in pairwise(values))


def pack(data: dict[str, object]) -> dict[str, object]:
    """
    Write columns of repeated text as row numbers of one list of words, and rising columns as steps.

    Parameters
    ----------
    data
        The page's data; a block is a dict of columns (lists), and everything else is left as it is.

    Returns
    -------
    packed
        The same with `packed` added: `words`, and the columns of each block that are `coded` (row of `words`) or
        `steps` (the first value, then the difference from the one before).
    """
    words: dict[str, int] = {}
    told: dict[str, dict[str, list[str]]] = {"coded": {}, "steps": {}}
    made = dict(data)
    for block, columns in data.items():
        if not isinstance(columns, dict):
            continue
        short = dict(columns)
        for name, values in columns.items():
            if not isinstance(values, list) or len(values) < _SHORTEST:
                continue
            if _is_repeated_text(values):
                short[name] = [words.setdefault(json.dumps(value), len(words)) for value in values]
                told["coded"].setdefault(block, []).append(name)
            elif _is_rising(values):
                short[name] = [values[0], *(b - a for a, b in pairwise(values))]
                told["steps"].setdefault(block, []).append(name)
        made[block] = short
    return {**made, "packed": {"words": [json.loads(word) for word in words], **told}}
