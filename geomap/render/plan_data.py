"""The plan on the page: flows of matched hours, and demand with what became of it."""

from __future__ import annotations

import pandas as pd

from ..schema import AllocationResultFrame, MapTables, PathwayFrame, UnmetFrame
from .blocks import Rows, column, positions
from .people import shown


def add_flows(tables: MapTables, rows: Rows) -> pd.DataFrame:
    """
    The plan added up to one row a (PCN, facility, operator, pathway), as row numbers.

    Parameters
    ----------
    tables
        With a number wherever a count is not shown (`geomap.few.fill_few`).

    Returns
    -------
    flows
        `places`, `hours` and `minutes`, to draw with.
    """
    frame, plan = AllocationResultFrame, tables.allocation
    flows = pd.DataFrame(
        {
            "pcn": positions(plan[frame.pcn_code], rows.pcns, what="PCNs"),
            "facility": positions(plan[frame.facility_id], rows.facilities, what="facilities"),
            "operator": positions(plan[frame.operator_id], rows.operators, what="operators"),
            "pathway": positions(plan[frame.pathway_id], rows.pathways, what="pathways"),
            "places": plan[frame.places].to_numpy(),
            "hours": plan[frame.matched_hours].to_numpy(),
            "minutes": (plan[frame.minutes_min] * plan[frame.places]).to_numpy(),
        }
    )
    flows = flows.groupby(["pcn", "facility", "operator", "pathway"], as_index=False, sort=True).sum()
    flows["minutes"] = flows["minutes"] / flows["places"]
    return flows


def flow_data(flows: pd.DataFrame, *, internal: bool) -> dict[str, list]:
    """What `add_flows` made, as columns; places that may not be shown and their hours are None."""
    places = shown(flows["places"], internal=internal)
    hours = flows["hours"].mask(places.isna())
    return {name: column(values, 1) for name, values in flows.assign(places=places, hours=hours).items()}


def pathway_data(pathways: pd.DataFrame) -> dict[str, list]:
    return {
        "id": column(pathways[PathwayFrame.pathway_id]),
        "name": column(pathways[PathwayFrame.pathway_name]),
        "course_hours": column(pathways[PathwayFrame.course_hours], 4),
    }


def unmet_data(unmet: pd.DataFrame, rows: Rows) -> dict[str, list]:
    frame = UnmetFrame
    unmet = unmet[unmet[frame.demand_places].ne(0).fillna(True)]
    return {
        "pcn": positions(unmet[frame.pcn_code], rows.pcns, what="PCNs").tolist(),
        "pathway": positions(unmet[frame.pathway_id], rows.pathways, what="pathways").tolist(),
        "demand": column(unmet[frame.demand_places]),
        "matched": column(unmet[frame.matched_places]),
        "unmet": column(unmet[frame.unmet_places]),
        "reason": column(unmet[frame.reason]),
    }
