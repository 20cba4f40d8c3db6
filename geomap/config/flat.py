"""Settings as a planner names them: dotted, one row each."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..schema.words import LIST_SEPARATOR


def flatten_settings(value: object, name: str = "") -> list[tuple[str, str]]:
    """
    A row a setting, by its dotted name; a list of tables has a row an item; what is empty has none.

    Parameters
    ----------
    value
        Settings as plain values, such as those of a manifest or of `Scenario.model_dump(mode="json")`.
    name
        The dotted name of the value itself; empty for the whole.

    Returns
    -------
    rows
        (dotted name, value as a planner writes it), in the order of the settings.

    >>> flatten_settings({"travel": {"max_min": 30.0}, "area": {"icb_codes": ["QOP", "QRL"]}})
    [('travel.max_min', '30'), ('area.icb_codes', 'QOP; QRL')]
    """
    if isinstance(value, Mapping):
        start = f"{name}." if name else ""
        return [row for key, part in value.items() for row in flatten_settings(part, f"{start}{key}")]
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return [(name, ", ".join(" ".join(pair) for pair in flatten_settings(item))) for item in value]
    cell = f"{LIST_SEPARATOR} ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
    return [(name, cell)] if cell else []


def _plain(value: object) -> str:
    """A value as a planner writes it: whole numbers without `.0`, true and false in small letters."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def list_differing(runs: list[Mapping[str, object]]) -> dict[str, list[str]]:
    """
    The settings in which runs differ: dotted name → the value of each run, empty where it has none.

    Rows of one name, as a list of tables has, are told together.

    >>> list_differing([{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    {'b': ['2', '3']}
    """
    told: list[dict[str, str]] = []
    for settings in runs:
        rows: dict[str, list[str]] = {}
        for name, value in flatten_settings(settings):
            rows.setdefault(name, []).append(value)
        told.append({name: " | ".join(values) for name, values in rows.items()})
    names = dict.fromkeys(name for rows in told for name in rows)
    columns = {name: [rows.get(name, "") for rows in told] for name in names}
    return {name: values for name, values in columns.items() if len(set(values)) > 1}
