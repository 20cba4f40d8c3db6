"""Sentences that every output tells alike: they read well at any size, and each figure in them is the run's."""

from __future__ import annotations

import dataclasses

import pytest
from made_up import made_up_fairness, made_up_tables

from geomap import phrases
from geomap.phrases import (
    day_in_words,
    finding,
    hours_worth,
    link_worker_fairness,
    not_reported,
    plan_fairness,
    plan_quality,
    share,
)
from geomap.schema import PlanFacts
from geomap.schema import words as codes


@pytest.fixture(scope="module")
def facts() -> PlanFacts:
    return dataclasses.replace(
        made_up_tables(4, 6).facts,
        stated_hours=500_541.2, pledged_hours=2_613_155.0, matched_hours=1_256_163.0, people=76_688, pcns=1_298,
        pcns_covered=1_281,
    )  # fmt: skip


def test_finding_leads_with_people(facts: PlanFacts) -> None:
    assert finding(facts) == (
        "76,688 people could get a place, in 1,281 of 1,298 PCNs; 48% of the hours pledged find somebody"
    )
    one = dataclasses.replace(facts, people=1, pcns=1, pcns_covered=1, matched_hours=24.0)
    assert finding(one) == "1 person could get a place, in 1 of 1 PCN; under 1% of the hours pledged find somebody"
    assert finding(dataclasses.replace(facts, people=0)).startswith("Nobody could get a place")


def test_hours_are_told_in_both_units(facts: PlanFacts) -> None:
    assert hours_worth(facts) == (
        "500,541 hours pledged as stated, worth 2,613,155 participant-hours: one person active for one hour"
    )


def test_quality_never_promises_more_than_was_proven(facts: PlanFacts) -> None:
    def told(status: str, gap: float) -> str:
        return plan_quality(dataclasses.replace(facts, status=status, gap_share=gap))

    assert "none meets more need" in told("optimal", 0.0)
    assert "at least 98.2% of the need" in told("within gap", 0.01786)
    assert told("optimal", 0.01786) == told("within gap", 0.01786), "the best of the fair plans is not the best of all"
    assert told("stopped", 0.00001).startswith("The search ended short of full proof")
    assert "99.9%" in told("stopped", 0.00001)


def test_sentences_of_a_national_run_fit_a_line_of_the_terminal(facts: PlanFacts) -> None:
    stopped = dataclasses.replace(facts, status="stopped", gap_share=0.0166)
    assert max(len(f"{tell(stopped)}.") for tell in (finding, hours_worth)) <= 100
    assert len(plan_quality(stopped)) <= 100


def test_shares_never_round_to_all_or_nothing() -> None:
    assert [share(part, 1000) for part in (0, 1, 5, 480, 994, 999, 1000)] == [
        "0%", "under 1%", "0%", "48%", "99%", "over 99%", "100%",
    ]  # fmt: skip
    assert share(0, 0) == "–"


def test_what_was_done_about_missing_reports(facts: PlanFacts) -> None:
    def told(count: int, policy: str) -> str:
        return not_reported(dataclasses.replace(facts, pcns_fte_not_reported=count, fte_policy=policy))

    assert told(0, "median") == "every PCN reported"
    assert told(1, "zero") == "1 PCN not reported, taken as having none"
    assert told(1_234, "median") == "1,234 PCNs not reported, taken as the median"


def test_dates_are_written_out() -> None:
    assert day_in_words("2026-04-01") == "1 April 2026"


def test_fairness_of_a_plan() -> None:
    assert plan_fairness(made_up_fairness()) == [
        "Coverage of demand, the most deprived fifth first: 52%, 48%, 44%, 40%, 36%.",
        "Core20 patients have 27.8% of the need and 25.1% of the completions: a shortfall of 2.7 points.",
        "14 PCNs get nothing: 3 within reach, 11 out of reach.",
        "The worst-covered tenth of demand goes from 8.3% to 12.4%, for 1.1% of weighted completions.",
    ]


@pytest.mark.parametrize(
    ("changes", "line", "told"),
    [
        ({"core20_shortfall": 0.0, "core20_completions": 0.3}, 1, "30.0% of the completions: no shortfall."),
        ({"core20_shortfall": 0.0002}, 1, "a shortfall of under 0.1 points."),
        ({"pcns_with_nothing": 0.0}, 2, "Every PCN that wants places gets some."),
        (
            {"pcns_with_nothing": 0.0, "pcns_with_nothing cannot refer": 1.0},
            2,
            "1 PCN that cannot refer anybody gets nothing.",
        ),
        ({"pcns_with_nothing": 0.0, "pcns_with_nothing out of reach": 11.0}, 2, "11 PCNs out of reach get nothing."),
        ({"need_weighted_completions": 48_816.1}, 3, "from 8.3% to 12.4%, at no cost."),
        ({"need_weighted_completions": 48_900.0}, 3, "from 8.3% to 12.4%, at no cost."),
        ({"need_weighted_completions": 48_816.0}, 3, "to 12.4%, for under 0.1% of completions."),
        (
            {"worst_coverage": 0.083, "need_weighted_completions": 48_816.1},
            3,
            "is covered to 8.3%, as before fairness, at no cost.",
        ),
        ({"coverage_by_fifth 3": float("nan")}, 0, "52%, 48%, –, 40%, 36%."),
    ],
)
def test_fairness_says_what_the_figures_say(changes: dict[str, float], line: int, told: str) -> None:
    assert plan_fairness(made_up_fairness(**changes))[line].endswith(told)


def test_what_cannot_be_told_of_fairness_is_left_out() -> None:
    unknown = dict.fromkeys(("coverage_by_fifth", "core20_shortfall", "worst_coverage"), float("nan"))
    (only,) = plan_fairness(made_up_fairness(**unknown))
    assert only.startswith("14 PCNs get nothing")
    for measure in ("need_against_fte", "fte_by_need_fifth 1"):
        assert link_worker_fairness(made_up_fairness(**{measure: float("nan")})) == ""


def test_link_workers_against_need() -> None:
    assert link_worker_fairness(made_up_fairness()) == (
        "Link workers: 0.62 FTE per 10,000 patients where need is most, 0.48 where it is least "
        "(rank correlation +0.16)."
    )


def test_sentences_of_fairness_fit_a_line_of_the_terminal() -> None:
    largest = made_up_fairness(
        **{
            "pcns_with_nothing": 1_298.0,
            "core20_completions": 1.0,
            "worst_coverage": 1.0,
            "coverage_by_fifth": 0.998,
            "need_weighted_completions": 1.0,
        }
    )
    assert max(map(len, plan_fairness(largest))) <= 100


def test_words_of_rows_fit_their_column() -> None:
    assert max(len(text) for words in (phrases.AIMS, phrases.MEASURES, phrases.PRICES) for text in words.values()) <= 62


@pytest.mark.parametrize(
    ("said", "declared"),
    [
        (phrases.KINDS, codes.OPERATOR_KINDS),
        (phrases.VENUES, codes.VENUE_TYPES),
        (phrases.UNITS, codes.HOUR_UNITS),
        (phrases.FTE_BASES, codes.FTE_BASES),
        (phrases.LINKS, codes.LINK_STATUSES),
        (phrases.AIMS, codes.LEVELS),
        (phrases.MEASURES, codes.FAIRNESS_MEASURES),
        (phrases.PRICES, codes.PRICE_KINDS),
    ],
)
def test_every_code_has_words(said: dict[str, str], declared: tuple[str, ...]) -> None:
    assert set(said) == set(declared)
    assert len(set(said.values())) == len(said)


def test_fates_in_words_are_codes_of_the_accounting() -> None:
    assert set(phrases.FATES) <= set(codes.ACCOUNT_STATUSES)
    assert {status for status in codes.ACCOUNT_STATUSES if not status.isalpha()} == set(phrases.FATES)
