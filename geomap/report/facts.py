"""`facts.json`: what a finished run says in figures and words, so that its map can be drawn again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from ..schema import MapTables
from ..schema.published import FACTS_FORMAT, FACTS_NAME

SITE_FACTS = ("unit", "count", "conditions", "notes")
"""What is said of a choice of sites as a whole, beside its tables."""


def write_facts(folder: Path, tables: MapTables) -> Path:
    """
    Write the figures and sentences of a run in full; the same run gives the same bytes.

    The file holds `format`, `facts` (`PlanFacts`, a tuple as a list) and `sites`: the unit, the count, the conditions
    and the notes of the choice of sites, null where none were chosen.

    Returns
    -------
    path
        The file written.
    """
    choice = tables.choice
    told = {
        "format": FACTS_FORMAT,
        "facts": dataclasses.asdict(tables.facts),
        "sites": None if choice is None else {name: getattr(choice, name) for name in SITE_FACTS},
    }
    path = folder / FACTS_NAME
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    path.write_bytes(text.encode() + b"\n")
    return path
