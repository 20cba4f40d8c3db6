"""In which unit each published column counts: told once, for docs/tables.md and for datapackage.json."""

from __future__ import annotations

from ..schema import words

_WEIGHTED, _FACTOR = "need-weighted completions", "factor"
_UNITS = {
    "figures.value": "as `unit` says", "health_budgets.course_hours": "hours", "_cost": "pounds",
    "portfolios.bound": _WEIGHTED, "tradeoffs.bound": _WEIGHTED, "draws.bound": _WEIGHTED, "full_value": _WEIGHTED,
    "full_bound": _WEIGHTED, ".gain": _WEIGHTED, ".loss": _WEIGHTED, "value_with": _WEIGHTED,
    "value_without": _WEIGHTED,
    "tradeoffs.limit": "as `curve` says", "site_changes.before": "as `lever` says",
    "site_changes.after": "as `lever` says", "comparators.distance": "standard deviations",
    "standardised_difference": "standard deviations", "site_value": "as `measure` says",
    "comparator_value": "as `measure` says", "share_of_draws": "0 to 1", "density": "patients per square kilometre",
    "access.hours_in_reach": "as `method` says", "access.hours_left_in_reach": "as `method` says",
    "pcns.hours_in_reach": "participant-hours per 1,000 patients",
    "hours_left_in_reach": "participant-hours per 1,000 patients",
    "hours_in_reach": "participant-hours", "_percentile": "0 to 1", "attention.hours": "participant-hours",
    "need.weight": "1 is a completion", "easting": "metres", "northing": "metres", "flips.factor": _FACTOR,
    "flips.change_share": "share, below 0 is less",
    "levels.proved_to": "0 to 1", "regrets.draws": "count", **{f"draws.{name}": _FACTOR for name in words.ASSUMPTIONS},
    "levels.value": "as `objective` says", "levels.bound": "as `objective` says", "fairness.before": "as `unit` says",
    "fairness.after": "as `unit` says", "prices.completions": "need-weighted completions, a unit",
    "accounting.value": "text", ".value": _WEIGHTED,
    "_before": "course places", "_after": "course places",
    "_hours": "participant-hours", "_places": "course places", "_min": "minutes", "_m": "metres", "_share": "0 to 1",
    "_km2": "square kilometres",
    "_index": "0 to 1", "_fte": "full-time equivalent", "_ratio": "1 is average", "_score": "IMD score",
    "_fifth": "1 to 5", "completions": "people, expected", "referrals": "people, expected", "people": "people",
    "patients": "people", "unmatched_hours.hours": "participant-hours", "ledger.hours": "as `hour_unit` says",
    "places": "course places", "row": "row number",
}  # fmt: skip
"""End of `table.column` → its unit; the first that fits counts."""


def unit_of(table: str, column: str) -> str:
    """The unit of a column of a published table; empty where it counts in none, as a text does."""
    return next((unit for end, unit in _UNITS.items() if f"{table}.{column}".endswith(end)), "")
