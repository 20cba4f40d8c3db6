"""A short stable code for each reason that an account of rows gives in words, so that rows can be counted by it."""

from __future__ import annotations

import re
from functools import cache

from .words import INELIGIBLE_REASONS, UNMATCHED_REASONS

_PLAN = {words: code for code, words in (INELIGIBLE_REASONS | UNMATCHED_REASONS).items()}

_CODES: tuple[tuple[str, str], ...] = (
    (r"^example row", "example_row"),
    (r"^row of totals|^a total over", "total_row"),
    (r"^outside the area of this run", "outside_area"),
    (r"^no pledge names it", "no_pledge"),
    (r"^no hours are pledged", "no_hours"),
    (r"^the same row stands above", "repeated_row"),
    (r"^not asked for", "not_asked_for"),
    (r"^another ", "not_wanted"),
    (r"^an older period", "older_period"),
    (r"^not operating", "not_operating"),
    (r"^private use", "private_use"),
    (r"^no figure is given", "no_figure"),
    (r"^one sex only|people only$|^counted in the rows of both sexes", "part_of_the_people"),
    (r"cell is empty", "empty_cell"),
    (r"spreadsheet error", "spreadsheet_error"),
    (r"^no such organisation", "unknown_organisation"),
    (r"^unknown |not one of those allowed", "unknown_word"),
    (r"is infinite", "not_finite"),
    (r"not a number|does not hold a (whole )?number", "not_a_number"),
    (r"out of range|(below|above) -?[\d.]+$|percentage is above", "out_of_range"),
    (r"month first", "month_first"),
    (r"not a date", "not_a_date"),
    (r"^the year is not", "year_out_of_range"),
    (r"before the start|lowest age is above", "wrong_order"),
    (r"stands? in rows|the same key stands|stands in more than one row", "duplicate"),
    (r"^rows with the same", "rows_differ"),
    (r"was left out$", "points_at_rejected"),
    (r"^this \S+ is not in", "points_at_nothing"),
    (r"is given without", "half_a_pair"),
    (r"stand where \w+ belong", "metres_or_degrees"),
    (r"not a whole postcode", "partial_postcode"),
    (r"no such postcode", "unknown_postcode"),
    (r"[Nn]o site of Active Places|Active Places is not at hand", "unknown_site"),
    (r"not in England|[Ii]n Wales|outside England|no place in England|does not lie in England", "outside_england"),
    (r"has no place|nothing says where", "no_place"),
    (r"names neither", "no_owner"),
    (r"belongs to operator", "another_owner"),
    (r"cannot be counted in people", "no_group"),
    (r"smallest group is larger", "group_too_small"),
    (r"more than one organisation", "several_in_a_cell"),
    (r"do(es)? not add up|add up to", "does_not_add_up"),
    (r"no PCN code or no FTE", "no_code_or_fte"),
    (r"no sound outline|has no shape", "no_shape"),
    (r"[Cc]ode is not", "not_a_code"),
)  # fmt: skip
"""What the words hold → the code; the first that fits counts."""
_LONGEST = 40


@cache
def reason_code(words: str) -> str:
    """
    The code of a reason: of the plan's own list, of a kind of fault, or made of the first words where it is neither.

    Blank stays blank.
    """
    if words in _PLAN:
        return _PLAN[words]
    known = next((code for pattern, code in _CODES if re.search(pattern, words)), None)
    return known or re.sub(r"\W+", "_", re.split(r"[:;,(\d]", words)[0].lower())[:_LONGEST].strip("_")
