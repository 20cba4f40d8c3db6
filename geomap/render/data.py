"""The page's one JSON block: every figure and every word of it, as columns of equal length.

Counts of people are those that may be shown, None for one that may not; what is drawn, added up or put in order is so
by what `fill_few` puts in their place, and `static/few.js` puts the same there.

A row number points into a list of the same block: `pcn` into `pcns`, `facility` into `facilities` (-1: no one
place), and so on. The same row numbers stand in the geometry that folium draws.
"""

from __future__ import annotations

import pandas as pd

from ..few import fill_few
from ..phrases import FTE_BASES, KINDS, KNOWN_FROM, LINKS, STAGES, UNITS, VENUES
from ..schema import FacilityResultFrame, MapTables, PathwayFrame, PcnResultFrame, PracticeResultFrame
from ..schema.words import INELIGIBLE_REASONS, UNMATCHED_REASONS, UNMET_REASONS
from . import (
    bank_data,
    basemap_data,
    gazetteer_data,
    organisation_data,
    others,
    places_data,
    plan_data,
    sites_data,
    ties_data,
)
from .blocks import Rows
from .facts import facts_data
from .labels import CORE20_BASES, DELIVERY_WORDS, MARKS
from .packed import pack
from .themes import flow_width_classes, themes


def _words() -> dict[str, object]:
    """What codes are called."""
    return {
        "kinds": [{"name": KINDS[key], "letter": letter, "colour": colour} for key, (letter, colour) in MARKS.items()],
        "venues": VENUES,
        "units": UNITS,
        "known_from": KNOWN_FROM,
        "fte_bases": FTE_BASES,
        "core20_bases": CORE20_BASES,
        "link_words": LINKS,
        "stages": STAGES,
        "deliveries": DELIVERY_WORDS,
        "hours_reasons": INELIGIBLE_REASONS | UNMATCHED_REASONS,
        "unmet_reasons": UNMET_REASONS,
    }


def page_data(tables: MapTables) -> dict[str, object]:
    """
    Everything the page shows, ready for JSON.

    Parameters
    ----------
    tables
        The run, each table sorted by its key.

    Raises
    ------
    KeyLinkError
        A table names a PCN, facility, operator or pathway that its own table does not have.
    """
    filled = fill_few(tables)
    regions, icbs = places_data.known_regions(tables), places_data.known_icbs(tables)
    sub_icbs, operators = places_data.pcn_sub_icbs(filled), bank_data.known_operators(tables)
    rows = Rows(
        regions=pd.Index(regions[PcnResultFrame.region_code]),
        icbs=pd.Index(icbs[PcnResultFrame.icb_code]),
        sub_icbs=pd.Index(sorted(sub_icbs[PracticeResultFrame.sub_icb_code].unique())),
        pcns=pd.Index(tables.pcns[PcnResultFrame.pcn_code]),
        facilities=pd.Index(tables.facilities[FacilityResultFrame.facility_id]),
        operators=operators.index,
        pathways=pd.Index(tables.pathways[PathwayFrame.pathway_id]),
    )
    flows = plan_data.add_flows(filled, rows)
    data = {
        "facts": facts_data(tables.facts),
        "themes": themes(filled),
        "flow_classes": flow_width_classes(flows.groupby(["facility", "pcn"])["hours"].sum().to_numpy()),
        **_words(),
        "role_words": bank_data.role_words(tables.pledges),
        "regions": places_data.region_data(regions),
        "icbs": places_data.icb_data(icbs, rows),
        "sub_icbs": places_data.sub_icb_data(sub_icbs, rows),
        "practices": places_data.practice_data(tables.practices, rows),
        "pathways": plan_data.pathway_data(tables.pathways),
        "operators": bank_data.operator_data(operators),
        "pcns": places_data.pcn_data(tables, rows, sub_icbs),
        "facilities": bank_data.facility_data(tables.facilities, rows),
        "flows": plan_data.flow_data(flows, internal=tables.facts.internal),
        "unmet": plan_data.unmet_data(tables.unmet, rows),
        "pledges": bank_data.pledge_data(tables.ledger, tables.pledges, rows),
        "unused": bank_data.unused_data(tables.unmatched, rows),
        "ties": ties_data.tie_data(tables.ties, rows),
        "reachable": ties_data.reachable_data(tables.reachable, rows),
        "sites": sites_data.site_data(tables, filled, rows),
        "links": ties_data.link_data(tables.links, rows),
        "places": gazetteer_data.places_data(tables),
        "others": others.others_data(tables),
        "opportunities": others.opportunities_data(tables),
        "asks": others.asks_data(tables, rows),
        "basemap": basemap_data.basemap_data(tables),
        "attention": organisation_data.attention_data(tables.attention, rows),
        **organisation_data.organisation_data(filled, rows, flows=flows, operators=operators),
    }
    return pack(data)
