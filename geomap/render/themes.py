"""What the PCNs can be coloured by: five classes each, one scale of colours each."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from ..schema import PcnResultFrame
from .classes import Classes, quantile_classes

CLASSES = 5
FLOW_WIDTHS_PX = (1.5, 3.0, 5.0, 7.5)

_YELLOW_TO_BLUE = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
_PURPLES = ("#e6e4f0", "#c3c1de", "#9e9ac8", "#756bb1", "#4a1486")
_BROWNS = ("#fff3d6", "#fed98e", "#fe9929", "#cc5c10", "#7f2f04")
"""ColorBrewer's YlGnBu, Purples and YlOrBr, safe for colour-blind readers; the ends moved apart for thin areas."""


def _spread(colours: tuple, number: int) -> list:
    """As many of the colours as there are classes, from both ends inwards."""
    if number <= 1:
        return list(colours[len(colours) // 2 :][:number])
    return [colours[round(k * (len(colours) - 1) / (number - 1))] for k in range(number)]


def _class_data(classes: Classes, digits: int) -> dict[str, object]:
    return {
        "low": [round(value, digits) for value in classes.low],
        "high": [round(value, digits) for value in classes.high],
        "count": list(classes.count),
        "missing": classes.missing,
        "of": list(classes.of),
    }


def themes(pcns: gpd.GeoDataFrame) -> list[dict[str, object]]:
    """
    The themes of the map, with their classes by quantiles.

    Parameters
    ----------
    pcns
        `PcnResultFrame`; the class of each PCN stands in the order of its rows.
    """
    frame = PcnResultFrame
    described = (
        ("need", "Need", "Need index, 0 least, 1 most", "index", frame.need_index, _YELLOW_TO_BLUE, ""),
        (
            "coverage",
            "Coverage",
            "People with a place, of those who could start",
            "share",
            frame.coverage_share,
            _PURPLES,
            "Nobody to place",
        ),
        ("unmet", "Unmet", "People left without a place", "count", frame.unmet_places, _BROWNS, ""),
    )
    made = []
    for key, name, title, unit, column, colours, missing_name in described:
        classes = quantile_classes(pcns[column].to_numpy(dtype=float, na_value=np.nan), CLASSES)
        made.append(
            {
                "key": key,
                "name": name,
                "title": title,
                "unit": unit,
                "colours": _spread(colours, len(classes.high)),
                "missing_name": missing_name or "No data",
                **_class_data(classes, 4),
            }
        )
    return made


def flow_width_classes(flow_hours: np.ndarray) -> dict[str, object]:
    """
    Four classes of line width by quantiles of the hours that go from one facility to one PCN.

    Parameters
    ----------
    flow_hours
        Participant-hours of each (facility, PCN), shape (n,).
    """
    classes = quantile_classes(flow_hours, len(FLOW_WIDTHS_PX))
    data = _class_data(classes, 1)
    del data["of"], data["missing"]
    return {**data, "widths_px": _spread(FLOW_WIDTHS_PX, len(classes.high))}
