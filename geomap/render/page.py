"""Put the page together: skeleton, styles, geometry, data, scripts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from ..config import MapParams
from ..phrases import INTERNAL_MARK
from ..schema import (
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    MapTables,
    NeedFrame,
    OperatorResultFrame,
    OpportunityFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    PlaceFrame,
    PlanFacts,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
    VenueFrame,
)
from .assets import check_no_remote, element, own_file, scripts_before_map, styles
from .data import page_data
from .encode import json_block
from .layers import draw_layers

_PRINTED = "font: 600 10pt system-ui, sans-serif; color: #212b32"
_SLOT = re.compile(r"<!--geomap:(\w+)-->")


def _in_key_order(tables: MapTables) -> MapTables:
    """Sort every table by its key, so that the order of the input rows never shows in the page."""
    keys = {
        "pcns": [PcnResultFrame.pcn_code],
        "facilities": [FacilityResultFrame.facility_id],
        "allocation": [
            AllocationResultFrame.pledge_id,
            AllocationResultFrame.pathway_id,
            AllocationResultFrame.pcn_code,
        ],
        "unmet": [UnmetFrame.pcn_code, UnmetFrame.pathway_id],
        "unmatched": [UnmatchedHoursFrame.pledge_id, UnmatchedHoursFrame.stage, UnmatchedHoursFrame.reason],
        "ledger": [LedgerFrame.pledge_id],
        "pathways": [PathwayFrame.pathway_id],
        "need": [NeedFrame.pcn_code],
        "links": list(LinkFrame.to_schema().columns),
        "outlines": [OutlineFrame.area_code],
        "operators": [OperatorResultFrame.operator_id],
        "pledges": [PledgeResultFrame.pledge_id],
        "practices": [PracticeResultFrame.practice_code],
        "reachable": [ReachableFrame.pcn_code, ReachableFrame.facility_id],
        "ties": [TieFrame.pcn_code, TieFrame.operator_id],
        "attention": [
            AttentionFrame.topic,
            AttentionFrame.pcn_code,
            AttentionFrame.operator_id,
            AttentionFrame.facility_id,
        ],
        "places": [PlaceFrame.place_kind, PlaceFrame.place_name],
        "other_facilities": [VenueFrame.site_id],
        "opportunities": [OpportunityFrame.opportunity_id],
        "asks": [AskFrame.pcn_code, AskFrame.pathway_id, AskFrame.rank],
    }
    return replace(
        tables,
        **{name: getattr(tables, name).sort_values(by, kind="stable", ignore_index=True) for name, by in keys.items()},
    )


def content_policy(script_hashes: list[str], style_hashes: list[str], tiles_host: str) -> str:
    """A content policy that lets through the page's own scripts and styles, tiles where asked for, and nothing else."""
    rules = (
        "default-src 'none'",
        f"script-src {' '.join(script_hashes)}",
        f"style-src {' '.join(style_hashes)}",
        "img-src data:" + (f" https://{tiles_host}" if tiles_host else ""),
        "base-uri 'none'",
        "form-action 'none'",
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def fill_slots(document: str, parts: Mapping[str, str]) -> str:
    """A skeleton with its parts put in, in one pass: nothing put into a slot is searched for slots again."""
    return _SLOT.sub(lambda slot: parts[slot.group(1)], document)


def mark_sheets(facts: PlanFacts) -> list[str]:
    """The style that prints the mark at the head of every sheet of paper, where the browser can; none if published."""
    style = f"@media print {{ @page {{ @top-center {{ content: {json.dumps(INTERNAL_MARK)}; {_PRINTED} }} }} }}"
    return [style] if facts.internal else []


def mark_parts(facts: PlanFacts) -> dict[str, str]:
    """What says on the page itself, with scripts or without, that it is not for publication; empty where it is."""
    if not facts.internal:
        return {"mark": "", "marked_title": ""}
    mark = html.escape(INTERNAL_MARK)
    return {
        "mark": f'<aside class="mark-internal" aria-label="Status of these results"><p>{mark}</p></aside>',
        "marked_title": f"{mark} – ",
    }


def build_map(tables: MapTables, *, tiles: MapParams | None = None, index: str = "") -> str:
    """
    One complete HTML document of a finished run, which opens with no network.

    Parameters
    ----------
    tables
        The run; geometry in metres (EPSG:27700). Row order does not matter.
    tiles
        A server of background tiles that the reader may switch on; without one the page asks the network for nothing.
    index
        Name of the page, in the same folder, that leads to this one and its like; empty where there is none.

    Returns
    -------
    html
        The same bytes for the same tables. Input text stands in one JSON block only, added after folium has rendered.

    Raises
    ------
    KeyLinkError
        A table names a PCN, facility or pathway that its own table does not have.
    OutputError
        The page would load something from outside, or could not be made the same twice.

    Examples
    --------
    >>> page = geomap.build_map(tables)  # doctest: +SKIP
    >>> Path("map.html").write_text(page, encoding="utf-8")  # doctest: +SKIP
    """
    tables = _in_key_order(tables)
    host = tiles.tiles_host if tiles else ""
    data = page_data(tables)
    if index:
        data["facts"]["index"] = index
    if host:
        data["tiles"] = {"url": tiles.tiles_url, "host": host, "attribution": tiles.tiles_attribution}
    drawn = draw_layers(tables.pcns, tables.facilities, tables.outlines)
    sheets = [element("style", text) for text in [*styles(), *mark_sheets(tables.facts)]]
    scripts = [element("script", text) for text in [*scripts_before_map(), drawn.script]]
    parts = mark_parts(tables.facts) | {
        "policy": content_policy([digest for _, digest in scripts], [digest for _, digest in sheets], host),
        "styles": "\n".join(text for text, _ in sheets),
        "map": drawn.html,
        "data": f'<script type="application/json" id="data">{json_block(data)}</script>',
        "scripts": "\n".join(text for text, _ in scripts),
    }
    page = fill_slots(own_file("page.html"), parts)
    check_no_remote(page)
    return page
