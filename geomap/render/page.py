"""Put the page together: skeleton, styles, geometry, data, scripts."""

from __future__ import annotations

import re
from dataclasses import replace

from ..schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    NeedFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from .assets import check_no_remote, element, own_file, scripts_before_map, styles
from .data import page_data
from .encode import json_block
from .layers import draw_layers

_SLOT = re.compile(r"<!--geomap:(\w+)-->")


def _in_key_order(tables: ResultTables) -> ResultTables:
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
    }
    return replace(
        tables,
        **{name: getattr(tables, name).sort_values(by, kind="stable", ignore_index=True) for name, by in keys.items()},
    )


def _policy(script_hashes: list[str], style_hashes: list[str]) -> str:
    """A content policy that lets through the page's own scripts and styles and nothing else."""
    rules = (
        "default-src 'none'",
        f"script-src {' '.join(script_hashes)}",
        f"style-src {' '.join(style_hashes)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def build_map(tables: ResultTables) -> str:
    """
    One complete HTML document of a finished run, which opens with no network.

    Parameters
    ----------
    tables
        The run; geometry in metres (EPSG:27700). Row order does not matter.

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
    """
    tables = _in_key_order(tables)
    drawn = draw_layers(tables.pcns, tables.facilities, tables.outlines)
    sheets = [element("style", text) for text in styles()]
    scripts = [element("script", text) for text in [*scripts_before_map(), drawn.script]]
    parts = {
        "policy": _policy([digest for _, digest in scripts], [digest for _, digest in sheets]),
        "styles": "\n".join(text for text, _ in sheets),
        "map": drawn.html,
        "data": f'<script type="application/json" id="data">{json_block(page_data(tables))}</script>',
        "scripts": "\n".join(text for text, _ in scripts),
    }
    # One pass, so that nothing put into a slot is searched for slots again.
    html = _SLOT.sub(lambda slot: parts[slot.group(1)], own_file("page.html"))
    check_no_remote(html)
    return html
