"""What the codes of the board's tables and of the choice of sites are called in words, and what is recommended."""

from __future__ import annotations

import math

import pandas as pd

from .few import MIDDLE, say_expected
from .phrases import count_in_words
from .schema import ChosenSiteFrame, PortfolioFrame, SiteTables

ROLES = {
    "not_stated": "not stated",
    "cardiac_instructor_l4": "cardiac instructor (level 4)",
    "pulmonary_instructor_l4": "pulmonary instructor (level 4)",
    "falls_instructor_psi": "falls instructor (PSI)",
}
"""Roles that are not plain when their underscores become spaces; see `role_in_words`."""

SECTOR_WORDS = {"public": "public sector", "private": "private sector", "voluntary": "voluntary sector"}

FIGURES = {
    "stated_hours": "Hours as operators state them",
    "pledged_hours": "Hours pledged",
    "ineligible_hours": "Hours that could not be used",
    "eligible_hours": "Hours that could enter the plan",
    "matched_hours": "Hours given to patients",
    "unmatched_hours": "Hours that found nobody",
    "people": "People served",
    "completions": "People expected to complete",
    "pcns": "PCNs",
    "pcns_covered": "PCNs with at least one place",
    "patients": "Registered patients",
    "demand_places": "Places wanted",
    "unmet_places": "Places unmet",
    "link_worker_fte": "Link workers",
    "pcns_fte_not_reported": "PCNs that did not report link workers",
    "objective": "Need met by the plan",
    "bound": "Most need that any plan could meet",
    "gap_share": "How far the plan may be from the best",
    "pledges_read": "Pledges read",
    "pledges_rejected": "Pledges rejected",
    "coverage_share": "Places given, of places wanted",
    "matched_share": "Hours given to patients, of hours pledged",
    "pcns_covered_share": "PCNs with at least one place, of all PCNs",
    "health_budget_hour_cost": "Price of an hour under a personal health budget (an assumption)",
    "health_budget_total": "Sum to spend on personal health budgets (an assumption)",
    "health_budget_wanting_places": "Places unmet for want of hours",
    "health_budget_bought_places": "Places that the sum would buy",
}

SITE_UNITS = {"pcn": ("PCN", "PCNs"), "icb": ("ICB", "ICBs"), "group": ("group of PCNs", "groups of PCNs")}
"""Unit of a site → one, and several."""

CURVES = {
    "coverage": "least coverage of a chosen site (share)",
    "cost": "most set-up cost (pounds)",
    "sites": "number of sites",
}

LIKENESS = {
    "patients": "registered patients",
    "imd_score": "deprivation (IMD score)",
    "aged_65_share": "aged 65 or more (share)",
    "long_term_ratio": "long-term conditions (1 is average)",
    "density": "patients per square kilometre",
    "link_worker_fte": "link workers (FTE per 10,000 patients)",
    "hours_in_reach": "participant-hours in reach per 1,000 patients",
}

VERDICTS = {
    "core": "core: in at least 80% of draws",
    "contested": "contested: in 20% to 80% of draws",
    "fragile": "fragile: in at most 20% of draws",
}

ASSUMPTIONS = {
    "weight_imd": "weight of deprivation",
    "weight_inactivity": "weight of inactivity",
    "weight_long_term": "weight of long-term conditions",
    "weight_aged_65": "weight of age",
    "uptake": "uptake",
    "completion": "completion",
    "fill": "how full groups are",
    "caseload": "caseload of link workers",
    "detour": "detour of journeys",
}

ENDS = {"low": "lowest", "high": "highest"}

SCORE_PARTS = {
    "everybody": "a completion, whoever it is",
    "deprivation": "deprivation",
    "inactivity": "inactivity",
    "long_term": "long-term conditions",
    "aged_65": "age",
    "own": "indicators of the planner's own",
    "not_known": "indicators that are not known",
}

LIMITS = {
    "link_workers": "what link workers can refer",
    "hours": "hours in reach",
    "reach": "how far people travel",
    "demand": "people who want a place",
}

LEVERS = {
    "link_workers": "link workers (FTE)",
    "hours": "hours in reach (participant-hours)",
    "need_weight": "need weight",
}

MOST_NAMES = 6
"""Sites that are all named in one sentence; of more, the first three and how many others."""


def role_in_words(role: str) -> str:
    """
    A role of the bank of hours, planners' own included.

    >>> role_in_words("walk_leader")
    'walk leader'
    """
    return ROLES.get(role, role.replace("_", " "))


def recommendation(choice: SiteTables) -> str:
    """
    Which sites are recommended, in one sentence without a full stop.

    >>> recommendation(choice)
    'Recommended as test-and-learn sites: Fell View PCN, Harbour PCN and Moor PCN'
    """
    first = choice.chosen[choice.chosen[ChosenSiteFrame.portfolio] == 1]
    names = first.sort_values(ChosenSiteFrame.site_rank)[ChosenSiteFrame.site_name].tolist()
    if not names:
        return "No site can be recommended: no choice meets the conditions"
    sites = "a test-and-learn site" if len(names) == 1 else "test-and-learn sites"
    if len(names) > MOST_NAMES:
        return f"Recommended: {len(names):,} {sites}, first of all {in_a_row(names[:3])}"
    return f"Recommended as {sites}: {in_a_row(names)}"


def recommendation_worth(choice: SiteTables) -> str:
    """
    What the recommended sites would bring, in one sentence; empty where none is recommended.

    >>> recommendation_worth(choice)
    'They would give 685 people a place and 12,612 participant-hours; about 343 are expected to complete.'
    """
    if choice.portfolios.empty:
        return ""
    best = choice.portfolios.sort_values(PortfolioFrame.portfolio).iloc[0]
    places, completions = best[PortfolioFrame.places], best[PortfolioFrame.completions]
    start = "It" if best[PortfolioFrame.sites] == 1 else "They"
    done = say_expected(MIDDLE) if pd.isna(completions) else f"about {completions:,.0f}"
    cost = f" Setting up costs £{best[PortfolioFrame.setup_cost]:,.0f}." if best[PortfolioFrame.setup_cost] else ""
    return (
        f"{start} would give {count_in_words(places)} people a place and {best[PortfolioFrame.matched_hours]:,.0f} "
        f"participant-hours; {done} are expected to complete.{cost}"
    )


def recommendation_quality(choice: SiteTables) -> str:
    """How near the recommended sites are to the best that there could be, in a sentence; empty where none is."""
    if choice.portfolios.empty:
        return ""
    best = choice.portfolios.sort_values(PortfolioFrame.portfolio).iloc[0]
    value, bound = best[PortfolioFrame.value], best[PortfolioFrame.bound]
    if best[PortfolioFrame.status] == "optimal":
        return "It has been proven that no other choice under the same conditions meets more need."
    it = "it meets" if best[PortfolioFrame.sites] == 1 else "they meet"
    least = math.floor(1000 * value / bound) / 10 if bound else 100.0
    told = f"{it} at least {least:.1f}% of the need that any choice could"
    if best[PortfolioFrame.status] == "within gap":
        return f"It has been proven that {told}."
    return f"The search ended short of full proof; {told}."


def in_a_row(names: list[str]) -> str:
    """
    Names as they are listed in a sentence.

    >>> in_a_row(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
