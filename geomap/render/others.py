"""What lies beside the bank of hours: leisure sites, activities and services, and who could be asked by each PCN."""

from __future__ import annotations

import pandas as pd

from ..config import load_default
from ..schema import AskFrame, MapTables, OpportunityFrame, VenueFrame
from ..schema.words import ASK_SOURCES, LIST_SEPARATOR, VENUE_TYPES
from .blocks import Rows, column, positions
from .points import along_curve, coded, squeeze

_TOLD = 3
"""Asks of a PCN and pathway that the page lists; the workbook has all."""


def others_data(tables: MapTables) -> dict[str, object]:
    """
    Leisure sites without a pledge: how many, how they must be credited, and themselves, packed by `points.squeeze`.

    Columns beside `x` and `y`: `site`, the id; `types`, row of the list `type_sets` of venue types; `name` and
    `operator`, rows of `names` and `operators`, or -1 where the source tells none.
    """
    f, sites = VenueFrame, tables.other_facilities
    if sites.empty:
        return {"count": 0, "packed": ""}
    sites, columns = along_curve(sites, (f.easting, f.northing), f.site_id)
    types, sets = coded(sites[f.venue_types])
    for one, many, name in (("name", "names", f.site_name), ("operator", "operators", f.operator_name)):
        columns[one], columns[many] = coded(sites[name])
    columns |= {"site": column(sites[f.site_id]), "types": types, "type_sets": [_known_types(text) for text in sets]}
    return {"count": len(sites), "credit": _credits(tables, ["active_places"]), "packed": squeeze(columns)}


def opportunities_data(tables: MapTables) -> dict[str, object]:
    """
    Activities and community services with a place, as `others_data`.

    Columns beside `x` and `y`: `name`, `operator`, `venue`, `activities` and `source`, rows of the lists of those
    words, or -1; `pathways`, row of the list `pathway_sets` of ids.
    """
    f, rows = OpportunityFrame, tables.opportunities
    placed = rows[rows[f.easting].notna() & rows[f.northing].notna()]
    if placed.empty:
        return {"count": 0, "packed": ""}
    placed, columns = along_curve(placed, (f.easting, f.northing), f.opportunity_id)
    lists = (
        ("name", "names", f.opportunity_name), ("operator", "operators", f.operator_name),
        ("venue", "venues", f.venue_name), ("activities", "activity_sets", f.activities),
        ("source", "sources", f.source), ("pathways", "pathway_sets", f.pathways),
    )  # fmt: skip
    for one, many, name in lists:
        columns[one], columns[many] = coded(placed[name])
    for many in ("activity_sets", "pathway_sets"):
        columns[many] = [[item for item in text.split(LIST_SEPARATOR) if item] for text in columns[many]]
    credits = _credits(tables, sorted(placed[f.source].unique()))
    return {"count": len(placed), "credit": credits, "packed": squeeze(columns)}


def asks_data(tables: MapTables, rows: Rows) -> dict[str, object]:
    """
    Who could be asked, as `others_data`: the first three of each PCN and pathway.

    Columns `pcn`, `pathway`, `minutes`, `share` and `door`, row of the columns `source`, `id`, `name`, `operator` and
    `offers` of the places and services themselves.
    """
    f, asks = AskFrame, tables.asks
    if asks.empty:
        return {"count": 0, "packed": ""}
    told = asks[asks[f.rank] <= _TOLD].sort_values([f.pcn_code, f.pathway_id, f.rank])
    keys = [f.source, f.ask_id]
    doors = told.drop_duplicates(keys).sort_values(keys)
    door = pd.MultiIndex.from_frame(doors[keys]).get_indexer(pd.MultiIndex.from_frame(told[keys]))
    columns = {
        "pcn": positions(told[f.pcn_code], rows.pcns, what="PCNs").tolist(),
        "pathway": positions(told[f.pathway_id], rows.pathways, what="pathways").tolist(),
        "minutes": column(told[f.minutes_min], 1),
        "share": column(told[f.reach_share], 3),
        "door": door.tolist(),
        "source": column(doors[f.source]),
        "id": column(doors[f.ask_id]),
        "name": column(doors[f.ask_name]),
        "operator": column(doors[f.operator_name]),
        "offers": [text.split(LIST_SEPARATOR) if isinstance(text, str) else [] for text in doors[f.offers]],
    }
    used = [source for source in ASK_SOURCES if source in set(doors[f.source])]
    return {"count": len(told), "credit": _credits(tables, used), "packed": squeeze(columns)}


def _credits(tables: MapTables, sources: list[str]) -> str:
    """What the page must say where it shows data of these sources, as the run was told."""
    about = load_default("sources")
    titles = [f"{about[name]['title']} ({about[name]['publisher']})" for name in sources if name in about]
    said = {what: credit for what, _, credit in tables.facts.sources}
    return " ".join(dict.fromkeys(said[title] for title in titles if said.get(title)))


def _known_types(text: str) -> list[str]:
    told = text.split(LIST_SEPARATOR)
    return [kind for kind in VENUE_TYPES if kind in told]
