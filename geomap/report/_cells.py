"""How the cells of the published tables are shown in the workbook: number formats, and words for codes."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from .. import phrases, phrases_choice
from ..schema import (
    AccountingFrame,
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    CandidateFrame,
    ComparatorFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    FigureFrame,
    FlipFrame,
    GapFrame,
    LedgerFrame,
    LevelFrame,
    LinkFrame,
    OperatorResultFrame,
    PathwayFrame,
    PcnResultFrame,
    PriceFrame,
    ProvisionFrame,
    RobustnessFrame,
    SectorFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    TradeoffFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from ..schema.words import ASSUMPTIONS, INELIGIBLE_REASONS, LIST_SEPARATOR, UNMATCHED_REASONS, UNMET_REASONS

COUNT, TENTHS, HUNDREDTHS, THOUSANDTHS, PERCENT = "#,##0", "#,##0.0", "#,##0.00", "0.000", "0.0%"
SIGNED, SIGNED_PERCENT = "+0.00;-0.00;0.00", "+0.0%;-0.0%;0.0%"

NUMBER_FORMATS = (
    ("change_share", SIGNED_PERCENT), ("standardised_difference", SIGNED), ("distance", HUNDREDTHS),
    ("share_of_draws", PERCENT), ("place_cost", HUNDREDTHS), ("_cost", COUNT), ("factor", HUNDREDTHS),
    *((name, HUNDREDTHS) for name in ASSUMPTIONS),
    ("hours", TENTHS), ("_share", PERCENT), ("_min", "0.0"), ("_fte", "0.00"), ("_index", THOUSANDTHS),
    ("_ratio", "0.00"), ("_score", "0.0"), ("_fifth", "0"), ("_m", "0"), ("easting", "0"), ("northing", "0"),
    ("row", "0"),
)  # fmt: skip
"""End of a column's name → how its numbers are shown; other whole numbers `#,##0`, other numbers `#,##0.0`."""

ROW_FORMATS = {
    "figures": (
        FigureFrame.unit,
        (FigureFrame.value,),
        dict.fromkeys(("people", "PCNs", "course places", "pledges", "people, expected"), COUNT)
        | {"share": PERCENT, "participant-hours": TENTHS, "need-weighted completions": TENTHS},
    ),
    "levels": (
        LevelFrame.objective,
        (LevelFrame.value, LevelFrame.bound),
        {"core20": TENTHS, "worst_coverage": PERCENT, "travel": COUNT},
    ),
    "fairness": (
        FairnessFrame.unit,
        (FairnessFrame.before, FairnessFrame.after),
        {"share": PERCENT, "PCNs": COUNT, "people": COUNT, "0 even to 1 uneven": THOUSANDTHS},
    ),
    "prices": (PriceFrame.kind, (PriceFrame.completions,), {"hour": "0.0000"}),
    "comparators": (
        ComparatorFrame.measure,
        (ComparatorFrame.site_value, ComparatorFrame.comparator_value),
        {"patients": COUNT, "aged_65_share": PERCENT, "density": COUNT, "hours_in_reach": TENTHS},
    ),
    "tradeoffs": (TradeoffFrame.curve, (TradeoffFrame.limit,), {"coverage": PERCENT, "cost": COUNT, "sites": COUNT}),
    "site_changes": (SiteChangeFrame.lever, (SiteChangeFrame.before, SiteChangeFrame.after), {"hours": TENTHS}),
}
"""Table → the column that tells what a row is in, the columns of figures in it, and how they are shown; else `0.00`."""

_HOURS_REASONS = INELIGIBLE_REASONS | UNMATCHED_REASONS
_YES = {True: "yes", False: "no"}
WORDS = {
    "figures": {FigureFrame.figure: phrases_choice.FIGURES},
    "gaps": {GapFrame.main_reason: UNMET_REASONS},
    "provision": {ProvisionFrame.link_status: phrases.LINKS},
    "attention": {AttentionFrame.topic: phrases.TOPICS},
    "sectors": {SectorFrame.sector: phrases_choice.SECTOR_WORDS},
    "comparators": {ComparatorFrame.measure: phrases_choice.LIKENESS},
    "robustness": {RobustnessFrame.verdict: phrases_choice.VERDICTS},
    "flips": {FlipFrame.assumption: phrases_choice.ASSUMPTIONS, FlipFrame.end: phrases_choice.ENDS},
    "tradeoffs": {TradeoffFrame.curve: phrases_choice.CURVES},
    "site_parts": {SitePartFrame.part: phrases_choice.SCORE_PARTS},
    "site_limits": {SiteLimitFrame.limit: phrases_choice.LIMITS},
    "site_changes": {SiteChangeFrame.lever: phrases_choice.LEVERS},
    "unmet_demand": {UnmetFrame.reason: UNMET_REASONS},
    "unmatched_hours": {UnmatchedHoursFrame.stage: phrases.STAGES, UnmatchedHoursFrame.reason: _HOURS_REASONS},
    "ledger": {LedgerFrame.hour_unit: phrases.UNITS},
    "operators": {OperatorResultFrame.operator_kind: phrases.KINDS},
    "facilities": {
        FacilityResultFrame.operator_kind: phrases.KINDS,
        FacilityResultFrame.venue_type: phrases.VENUES,
    },
    "pcns": {PcnResultFrame.fte_basis: phrases.FTE_BASES, PcnResultFrame.main_unmet_reason: UNMET_REASONS},
    "levels": {LevelFrame.objective: phrases.AIMS},
    "fairness": {FairnessFrame.measure: phrases.MEASURES},
    "prices": {PriceFrame.kind: phrases.PRICES},
    "links": {LinkFrame.link_status: phrases.LINKS},
    "could_be_asked": {AskFrame.source: phrases.KNOWN_FROM},
    "accounting": {AccountingFrame.status: phrases.FATES, AccountingFrame.reason: _HOURS_REASONS},
}
"""Table → column of codes → what they say: they are told in words here; the CSV files keep the codes."""

_OF_PATHWAYS = (
    ("provision", ProvisionFrame.pathway_id), ("site_plan", AllocationResultFrame.pathway_id),
    ("site_parts", SitePartFrame.pathway_id), ("candidates", CandidateFrame.pathways),
    ("allocation", AllocationResultFrame.pathway_id), ("unmet_demand", UnmetFrame.pathway_id),
    ("differences", DifferenceFrame.pathway_id), ("facilities", FacilityResultFrame.pathways),
    ("could_be_asked", AskFrame.pathway_id),
)  # fmt: skip
"""Columns of ids of pathways, but for tables that have the pathway's name in a column of its own."""


def in_words(published: dict[str, pd.DataFrame], pathways: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """
    The published tables with words for codes, names for pathways, and yes or no; what to act on is named too.

    Parameters
    ----------
    published
        Table → rows, as in the CSV files.
    pathways
        `PathwayFrame`.
    """
    told = {}
    for name, frame in published.items():
        words = {column: frame[column].replace(codes) for column, codes in WORDS.get(name, {}).items()}
        yes = {column: frame[column].map(_YES).astype("str") for column in frame.select_dtypes("bool")}
        told[name] = frame.assign(**words, **yes)
    catalogue = pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.pathway_name].to_dict()
    for name, column in _OF_PATHWAYS:
        if name in told:
            told[name][column] = _each(told[name][column], lambda key: catalogue.get(key, key))
    _name_attention(told)
    told["provision"][ProvisionFrame.role] = _each(told["provision"][ProvisionFrame.role], phrases_choice.role_in_words)
    if "could_be_asked" in told:
        offers = told["could_be_asked"][AskFrame.offers].fillna("")
        told["could_be_asked"][AskFrame.offers] = _each(offers, lambda kind: phrases.VENUES.get(kind, kind))
    if "candidates" in told:
        kinds = told["candidates"][CandidateFrame.operator_kinds]
        told["candidates"][CandidateFrame.operator_kinds] = _each(kinds, lambda kind: phrases.KINDS.get(kind, kind))
    return told


def _name_attention(told: dict[str, pd.DataFrame]) -> None:
    """Put the names of those a planner should act on before their codes."""
    of = (
        ("pcns", PcnResultFrame.pcn_code, PcnResultFrame.pcn_name),
        ("operators", OperatorResultFrame.operator_id, OperatorResultFrame.operator_name),
        ("facilities", FacilityResultFrame.facility_id, FacilityResultFrame.facility_name),
    )
    for table, key, name in of:
        names = told[table].set_index(key)[name]
        codes = told["attention"][key]
        named = codes.map(names).astype("str")  # of no names at all pandas makes numbers
        told["attention"][key] = (named + " (" + codes + ")").fillna(codes).astype("str")


def _each(cells: pd.Series, tell: Callable[[str], str]) -> pd.Series:
    """Cells that hold lists, each item told in words."""
    return cells.str.split(LIST_SEPARATOR).map(lambda items: "; ".join(map(tell, items))).astype("str")


def row_formats(name: str, frame: pd.DataFrame) -> dict[str, list[str]]:
    """Column → how its number is shown in each row, where a table has rows of different units."""
    if name not in ROW_FORMATS:
        return {}
    told, columns, formats = ROW_FORMATS[name]
    return dict.fromkeys(columns, [formats.get(unit, HUNDREDTHS) for unit in frame[told]])


def number_format(column: str, values: pd.Series) -> str:
    """How the numbers of a column are shown."""
    for end, shape in NUMBER_FORMATS:
        if column.endswith(end):
            return shape
    return COUNT if pd.api.types.is_integer_dtype(values) else TENTHS
