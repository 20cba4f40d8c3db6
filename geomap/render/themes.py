"""What the PCNs can be coloured by: the classes of each theme, by a stated rule, and the class of each PCN.

The classes of all PCNs stand in one text, a digit each and `-` where there is no figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..schema import AttentionFrame, ChosenSiteFrame, MapTables, PathwayFrame, PcnResultFrame, UnmetFrame
from ..schema.words import LIST_SEPARATOR
from .classes import Classes, class_data, quantile_classes, signed_classes
from .colours import BLUES, BROWNS, GAINS, LOSSES, PALE, PURPLES, SAME, YELLOW_TO_BLUE, spread
from .people import drawn, limits
from .sites_data import best_sites, comparator_pcns

CLASSES = 5
FLOW_WIDTHS_PX = (1.5, 3.0, 5.0, 7.5)

_NEED, _HOURS, _PLACES, _ACTION = "Clinical need", "Hours of activity", "People with a place", "Where to act"
_QUANTILES = "About as many PCNs in each class."
_LEAST_ALONE = "The least figure has a class; about as many PCNs in each of the others."
_PAIRED = "Same classes as “{other}”, so that the two maps compare."
_F = PcnResultFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a theme is called: in the list, above its classes, beside a figure; and the unit of its figures."""

    key: str
    group: str
    name: str
    title: str
    short: str
    unit: str = ""
    colours: tuple[str, ...] = ()
    missing_name: str = "No data"
    column: str = ""
    in_popup: bool = False

    def data(self, **more: object) -> dict[str, object]:
        names = ("key", "group", "name", "title", "short", "unit", "missing_name", "column", "in_popup")
        return {name: getattr(self, name) for name in names} | more


_NEED_INDEX = _Told(
    key="need", group=_NEED, name="Need", title="Need index, 0 least, 1 most", short="Need index", unit="index",
    colours=YELLOW_TO_BLUE, column=_F.need_index, in_popup=True,
)  # fmt: skip
_REACH = _Told(
    key="hours", group=_HOURS, name="Hours in reach", unit="hours", colours=BLUES,
    title="Participant-hours in reach per 1,000 patients, before the match", column=_F.hours_in_reach,
    short="Hours in reach per 1,000 patients",
)  # fmt: skip
_REACH_LEFT = _Told(
    key="hours_left", group=_HOURS, name="Hours left in reach", unit="hours", colours=BLUES,
    title="Participant-hours left in reach per 1,000 patients, after the match", column=_F.hours_left_in_reach,
    short="Hours left in reach per 1,000 patients",
)  # fmt: skip
_FIRST = _Told(
    key="coverage_first", group=_PLACES, name="Coverage before fairness", unit="share", colours=PURPLES,
    title="People with a place in the plan before fairness, of those who could start",
    short="Coverage before fairness", missing_name="Nobody to place", column=_F.first_coverage_share,
)  # fmt: skip
_COVERAGE = _Told(
    key="coverage", group=_PLACES, name="Coverage", unit="share", colours=PURPLES,
    title="People with a place, of those who could start", short="Coverage", missing_name="Nobody to place",
    column=_F.coverage_share, in_popup=True,
)  # fmt: skip
_CHANGE = _Told(
    key="change", group=_PLACES, name="What fairness changed", unit="points", missing_name="Nobody to place",
    title="Change of coverage by fairness, in percentage points", short="Change by fairness",
)  # fmt: skip
_UNMET = _Told(
    key="unmet", group=_PLACES, name="People without a place", unit="people",
    title="People left without a place", short="Without a place", column=_F.unmet_places, in_popup=True,
)  # fmt: skip
_GAPS = _Told(key="gaps", group=_ACTION, name="Gaps", title="Gaps in reach and in links", short="Gap")
_SITES = _Told(
    key="sites", group=_ACTION, name="Test-and-learn sites", title="Test-and-learn sites", short="Test-and-learn site"
)

_GAP_NAMES = (
    ("No facility within reach", "#4a1486", "cross"),
    ("All its places are at one facility", "#d95f0e", "stripes"),
    ("No formal or informal link to an operator in reach", "#9ecae1", "dots"),
    ("None of these", PALE, ""),
)
_SITE_NAMES = (
    ("Chosen", "#08306b", ""),
    ("Comparator: not chosen, and most like a site", "#74add6", "stripes"),
    ("Neither", PALE, ""),
)


def themes(tables: MapTables) -> list[dict[str, object]]:
    """
    The themes of the map, each with its classes and the rule they are made by.

    Parameters
    ----------
    tables
        The run, each table sorted by its key, with a number wherever a count is not shown; the class of each PCN stands
        in the order of the PCNs.

    Returns
    -------
    themes
        The first is the one that is shown first; sites are left out where none were chosen.
    """
    pcns = tables.pcns
    made = [
        _quantiles(_NEED_INDEX, pcns[_F.need_index]),
        *_compared((_REACH, pcns[_F.hours_in_reach]), (_REACH_LEFT, pcns[_F.hours_left_in_reach])),
        *_compared((_COVERAGE, pcns[_F.coverage_share]), (_FIRST, pcns[_F.first_coverage_share])),
        _change(pcns),
        _UNMET.data(**_classed_people(_numbers(pcns[_F.unmet_places]), internal=tables.facts.internal)),
    ]
    by_key = {theme["key"]: theme for theme in made}
    by_key["coverage"]["by_pathway"], by_key["unmet"]["by_pathway"] = _by_pathway(tables)
    made.append(_gaps(tables))
    if tables.choice is not None:
        made.append(_sites(tables))
    return made


def _numbers(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=float, na_value=np.nan)


def _classed(classes: Classes, colours: tuple[str, ...]) -> dict[str, object]:
    """Of quantiles, with their rule."""
    is_alone = bool(classes.high) and classes.low[0] == classes.high[0] and len(classes.high) > 1
    rule = _LEAST_ALONE if is_alone else _QUANTILES
    return {"rule": rule, "colours": spread(colours, len(classes.high)), **class_data(classes, 4)}


def _classed_people(counts: np.ndarray, *, internal: bool) -> dict[str, object]:
    """Of quantiles, those that are not shown in one class and no end of a class told that is not shown."""
    made = _classed(quantile_classes(drawn(counts, internal=internal), CLASSES), BROWNS)
    return made | {end: limits(made[end], internal=internal) for end in ("low", "high")}


def _quantiles(told: _Told, values: pd.Series) -> dict[str, object]:
    return told.data(**_classed(quantile_classes(_numbers(values), CLASSES), told.colours))


def _compared(*pair: tuple[_Told, pd.Series]) -> list[dict[str, object]]:
    """Two themes over one set of classes, made from the figures of both."""
    values = [_numbers(column) for _, column in pair]
    both = quantile_classes(np.concatenate(values), CLASSES)
    parts = np.split(np.array(both.of, dtype=int), [len(values[0])])
    others = [told.name for told, _ in reversed(pair)]
    return [
        told.data(**_classed(both.only(part), told.colours) | {"rule": _PAIRED.format(other=other)})
        for (told, _), part, other in zip(pair, parts, others, strict=True)
    ]


def _change(pcns: pd.DataFrame) -> dict[str, object]:
    # Rounded as the two figures are on the page, so that their difference there is this one.
    after, before = (np.round(_numbers(pcns[name]), 3) for name in (_F.coverage_share, _F.first_coverage_share))
    classes, losses, gains = signed_classes(np.round(after - before, 3))
    same = [SAME] * (len(classes.high) - losses - gains)
    colours = [*spread(LOSSES, losses), *same, *spread(GAINS, gains)]
    rule = "PCNs that lose and PCNs that gain are each cut at their median."
    return _CHANGE.data(rule=rule, colours=colours, **class_data(classes, 4))


def _by_pathway(tables: MapTables) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Coverage and people without a place, with classes of their own for each pathway."""
    f, codes = UnmetFrame, tables.pcns[_F.pcn_code]
    coverage, unmet = [], []
    for pathway in tables.pathways[PathwayFrame.pathway_id]:
        rows = tables.unmet[tables.unmet[f.pathway_id] == pathway].set_index(f.pcn_code).reindex(codes)
        demand = rows[f.demand_places].fillna(0)
        share = (rows[f.matched_places] / demand).where(demand > 0)
        coverage.append(_classed(quantile_classes(_numbers(share), CLASSES), PURPLES))
        unmet.append(_classed_people(_numbers(rows[f.unmet_places].fillna(0)), internal=tables.facts.internal))
    return coverage, unmet


def _named(told: _Told, of: np.ndarray, names: tuple[tuple[str, str, str], ...], *, rule: str) -> dict[str, object]:
    return told.data(
        rule=rule,
        labels=[name for name, _, _ in names],
        colours=[colour for _, colour, _ in names],
        patterns=[pattern for _, _, pattern in names],
        count=np.bincount(of, minlength=len(names)).tolist(),
        missing=0,
        of="".join(map(str, of)),
    )


def _gaps(tables: MapTables) -> dict[str, object]:
    f, codes = AttentionFrame, tables.pcns[_F.pcn_code]
    listed = {topic: set(rows[f.pcn_code]) for topic, rows in tables.attention.groupby(f.topic)}
    conditions = [
        tables.pcns[_F.facilities_in_reach].eq(0),
        codes.isin(listed.get("one_facility", set())),
        codes.isin(listed.get("pcn_without_link", set())),
    ]
    return _named(_GAPS, np.select(conditions, [0, 1, 2], 3), _GAP_NAMES, rule="Where several hold, the first counts.")


def _sites(tables: MapTables) -> dict[str, object]:
    codes = tables.pcns[_F.pcn_code]
    chosen = {code for cell in best_sites(tables)[ChosenSiteFrame.pcn_codes] for code in cell.split(LIST_SEPARATOR)}
    like = {code for members in comparator_pcns(tables).values() for code in members}
    of = np.select([codes.isin(chosen), codes.isin(like)], [0, 1], 2)
    return _named(_SITES, of, _SITE_NAMES, rule="The sites of the best portfolio.")


def flow_width_classes(flow_hours: np.ndarray) -> dict[str, object]:
    """
    Four classes of line width by quantiles of the hours that go from one facility to one PCN.

    Parameters
    ----------
    flow_hours
        Participant-hours of each (facility, PCN), shape (n,).
    """
    classes = quantile_classes(flow_hours, len(FLOW_WIDTHS_PX))
    data = class_data(classes, 1)
    del data["of"], data["missing"]
    return {**data, "widths_px": spread(FLOW_WIDTHS_PX, len(classes.high))}
