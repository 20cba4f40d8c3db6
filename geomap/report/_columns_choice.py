"""What the tables of the choice of test-and-learn sites and their columns are called and mean."""

from __future__ import annotations

from ..schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    DrawFrame,
    FlipFrame,
    PortfolioFrame,
    RegretFrame,
    RobustnessFrame,
    SiteChangeFrame,
    SiteLimitFrame,
    SitePartFrame,
    SiteReasonFrame,
    TradeoffFrame,
)
from ..schema.words import ASSUMPTIONS

CHOICE_SHEETS = {
    "portfolios": ("Portfolios", "Different sets of sites, the best first, and how far each is proven."),
    "chosen_sites": ("Chosen sites", "The sites of every portfolio and what each would get."),
    "site_reasons": ("Reasons", "Why each site is in or out, in sentences made from the other tables."),
    "site_plan": ("Site plan", "The plan that serves the sites of the first portfolio alone."),
    "comparators": ("Comparators", "For each site of the first portfolio the unchosen site most like it."),
    "robustness": ("Robustness", "How often each site is chosen when the assumptions are drawn anew."),
    "regrets": ("Regret", "How far each portfolio falls short of the best of each draw."),
    "flips": ("What flips", "Which sites come in and go out when one assumption is at an end of its range."),
    "tradeoffs": ("Trade-offs", "The most need met when coverage, cost or the number of sites is limited."),
    "site_parts": ("Score parts", "What makes up the score of each site; the parts of a site add up to it."),
    "site_limits": ("Limits", "What each site would gain alone were one limit lifted."),
    "site_changes": ("Changes", "The smallest change of one thing that brings a site in or out, solved again."),
    "draws": ("Draws", "The assumptions of each draw, as factors on the scenario's, and the sites it chose."),
    "candidates": ("Candidates", "Every site that could be chosen, and what conditions count it by."),
}
"""Table → name of its sheet, and what it holds; only where sites were chosen."""

_SITE = ("Site", "The site's id: the code of the PCN or the ICB, or the name of the group.")
_SITE_NAME = ("Site's name", "As NHS England publishes it, or as the planner called it.")
_PORTFOLIO = ("Portfolio", "1 is the best.")
_CHOSEN = ("Chosen", "Whether it is in the first portfolio.")
_SITES = ("Sites", "The ids of the sites, with ; between.")
_VALUE = ("Need met (weighted completions)", "Expected completions, each weighted by the need of its PCN.")
_BOUND = ("Most possible (weighted completions)", "No choice under the same conditions meets more need than this.")
_GAP = ("Gap (%)", "How far it may be from the most possible, as a share of it.")
_PLACES = ("Places given", "Course places in the plan: people who start the course.")
_HOURS = ("Matched (participant-hours)", "Given to patients by the plan.")
_COMPLETIONS = ("Completions (people)", "Expected to complete.")
_COST = ("Set-up cost (£)", "From the planner, once a site.")
_PCNS = ("PCNs", "Codes of the PCNs of the site, with ; between.")
_PATIENTS = ("Patients", "Registered patients.")
_NEED = ("Need index (0 to 1)", "0 least to 1 most need, the mean over its patients.")
_FIFTH = ("Deprivation fifth", "1 is the most deprived fifth, 5 the least; empty where it is not known.")
_RURALITY = ("Rurality", "Urban, town or rural, told from how many patients live near its own.")
_FTE = ("Link workers (FTE)", "Social prescribing; FTE is full-time equivalent.")
_ICB_NAME = ("ICB's name", "As NHS England publishes it.")
_REGION_NAME = ("Region's name", "As NHS England publishes it.")

_PLAN_COLUMNS = {
    AllocationResultFrame.pledge_id: ("Pledge", "The pledge's id in the bank of hours."),
    AllocationResultFrame.operator_id: ("Operator", "The operator's id in the bank of hours."),
    AllocationResultFrame.operator_name: ("Operator's name", "As the operator wrote it."),
    AllocationResultFrame.facility_id: ("Facility", "The facility's id; empty for a pledge without one."),
    AllocationResultFrame.facility_name: ("Facility's name", "As the operator wrote it; empty where there is none."),
    AllocationResultFrame.pathway_id: ("Pathway", "The kind of course, by its id in the catalogue of pathways."),
    AllocationResultFrame.pcn_code: ("PCN", "The Primary Care Network's ODS code."),
    AllocationResultFrame.pcn_name: ("PCN's name", "As NHS England publishes it."),
    AllocationResultFrame.places: _PLACES,
    AllocationResultFrame.matched_hours: ("Matched (participant-hours)", "Places × hours of the course."),
    AllocationResultFrame.referrals: ("Referrals (people)", "Needed to fill the places, given the uptake."),
    AllocationResultFrame.completions: _COMPLETIONS,
    AllocationResultFrame.minutes_min: ("Journey (minutes)", "Mean of the PCN's patients in reach, one way."),
}

_FACTORS = {
    "weight_imd": ("Weight of deprivation (factor)", "Of the IMD score in the need index."),
    "weight_inactivity": ("Weight of inactivity (factor)", "In the need index."),
    "weight_long_term": ("Weight of long-term conditions (factor)", "In the need index."),
    "weight_aged_65": ("Weight of age (factor)", "Of patients aged 65 or more in the need index."),
    "uptake": ("Uptake (factor)", "Share of those referred who start."),
    "completion": ("Completion (factor)", "Share of those who start who complete."),
    "fill": ("Fill of groups (factor)", "How full led sessions are."),
    "caseload": ("Caseload (factor)", "People a link worker refers in a year."),
    "detour": ("Detour (factor)", "How much longer a journey is than the straight line."),
}

CHOICE_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "portfolios": {
        PortfolioFrame.portfolio: _PORTFOLIO,
        PortfolioFrame.sites: ("Sites", "How many."),
        PortfolioFrame.value: _VALUE,
        PortfolioFrame.bound: _BOUND,
        PortfolioFrame.gap_share: _GAP,
        PortfolioFrame.status: ("Proof", "Optimal, within gap, or stopped before it was proven."),
        PortfolioFrame.places: _PLACES,
        PortfolioFrame.completions: _COMPLETIONS,
        PortfolioFrame.matched_hours: _HOURS,
        PortfolioFrame.setup_cost: _COST,
        PortfolioFrame.worst_coverage_share: ("Worst coverage (%)", "Of its sites: places given over places wanted."),
        PortfolioFrame.differs_by: ("Differs by (sites)", "The fewest sites that set it apart from any other."),
    },
    "chosen_sites": {
        ChosenSiteFrame.portfolio: _PORTFOLIO,
        ChosenSiteFrame.site_rank: ("Order", "1 has the most need-weighted completions of the portfolio."),
        ChosenSiteFrame.site_id: _SITE,
        ChosenSiteFrame.site_name: _SITE_NAME,
        ChosenSiteFrame.pcn_codes: _PCNS,
        ChosenSiteFrame.icb_name: _ICB_NAME,
        ChosenSiteFrame.region_name: _REGION_NAME,
        ChosenSiteFrame.patients: _PATIENTS,
        ChosenSiteFrame.need_index: _NEED,
        ChosenSiteFrame.deprivation_fifth: _FIFTH,
        ChosenSiteFrame.rurality: _RURALITY,
        ChosenSiteFrame.link_worker_fte: _FTE,
        ChosenSiteFrame.setup_cost: _COST,
        ChosenSiteFrame.demand_places: ("Places wanted", "Course places that its eligible patients would start."),
        ChosenSiteFrame.places: _PLACES,
        ChosenSiteFrame.coverage_share: ("Coverage (%)", "Places given over places wanted; empty where none is."),
        ChosenSiteFrame.matched_hours: _HOURS,
        ChosenSiteFrame.completions: _COMPLETIONS,
        ChosenSiteFrame.value: _VALUE,
        ChosenSiteFrame.facilities: ("Facilities", "How many serve it in the plan."),
    },
    "site_reasons": {
        SiteReasonFrame.site_id: _SITE,
        SiteReasonFrame.order: ("Order", "In which the sentences are to be read."),
        SiteReasonFrame.sentence: ("Reason", "Built from the tables of the choice."),
    },
    "site_plan": _PLAN_COLUMNS,
    "comparators": {
        ComparatorFrame.site_id: _SITE,
        ComparatorFrame.site_name: _SITE_NAME,
        ComparatorFrame.comparator_id: ("Comparator", "The id of the unchosen site most like it."),
        ComparatorFrame.comparator_name: ("Comparator's name", "As NHS England publishes it, or as the planner did."),
        ComparatorFrame.distance: (
            "Distance (standard deviations)",
            "Root mean square of the differences over the measures that both have.",
        ),
        ComparatorFrame.close_enough: ("Close enough", "Whether the distance is at most 0.25."),
        ComparatorFrame.shared_facilities: ("Shared facilities", "Facilities that both have in reach."),
        ComparatorFrame.measure: ("Measure", "What the two are compared by, with its unit."),
        ComparatorFrame.site_value: ("Of the site", "In the unit of the measure."),
        ComparatorFrame.comparator_value: ("Of the comparator", "In the unit of the measure."),
        ComparatorFrame.standardised_difference: (
            "Difference (standard deviations)",
            "Site less comparator, over the standard deviation of all candidates.",
        ),
    },
    "robustness": {
        RobustnessFrame.site_id: _SITE,
        RobustnessFrame.site_name: _SITE_NAME,
        RobustnessFrame.chosen: _CHOSEN,
        RobustnessFrame.share_of_draws: ("Chosen in (% of draws)", "Share of the draws that choose it."),
        RobustnessFrame.error_share: ("Error (% of draws)", "One standard error: the number of draws is limited."),
        RobustnessFrame.verdict: ("Verdict", "Core, contested or fragile."),
    },
    "regrets": {
        RegretFrame.portfolio: _PORTFOLIO,
        RegretFrame.draws: ("Draws", "How many."),
        RegretFrame.mean_share: ("Regret, mean (%)", "How far it falls short of the best of a draw, as a share of it."),
        RegretFrame.p95_share: ("Regret in 1 draw of 20 (%)", "It is no more than this in 95 draws of 100."),
        RegretFrame.worst_share: ("Regret, worst (%)", "In the draw that is worst for it."),
    },
    "flips": {
        FlipFrame.assumption: ("Assumption", "What is changed, all else as in the scenario."),
        FlipFrame.end: ("End of range", "Lowest or highest."),
        FlipFrame.factor: ("Factor", "On what the scenario says."),
        FlipFrame.value: _VALUE,
        FlipFrame.change_share: ("Change (%)", "Of the need met, against the scenario."),
        FlipFrame.entered: ("Sites in", "Sites that come in, with ; between; empty where none does."),
        FlipFrame.left: ("Sites out", "Sites that go out, with ; between; empty where none does."),
    },
    "tradeoffs": {
        TradeoffFrame.curve: ("Limit on", "Least coverage, most set-up cost, or number of sites."),
        TradeoffFrame.limit: ("Limit", "In the unit of the column before."),
        TradeoffFrame.value: _VALUE,
        TradeoffFrame.bound: _BOUND,
        TradeoffFrame.gap_share: _GAP,
        TradeoffFrame.worst_coverage_share: ("Worst coverage (%)", "Of its sites: places given over places wanted."),
        TradeoffFrame.setup_cost: _COST,
        TradeoffFrame.sites: _SITES,
        TradeoffFrame.chosen: ("Chosen", "Whether it is the first portfolio."),
    },
    "site_parts": {
        SitePartFrame.site_id: _SITE,
        SitePartFrame.site_name: _SITE_NAME,
        SitePartFrame.chosen: _CHOSEN,
        SitePartFrame.pathway_id: ("Pathway", "The kind of course, by its id in the catalogue of pathways."),
        SitePartFrame.part: ("Part", "What a completion counts for."),
        SitePartFrame.value: _VALUE,
    },
    "site_limits": {
        SiteLimitFrame.site_id: _SITE,
        SiteLimitFrame.site_name: _SITE_NAME,
        SiteLimitFrame.limit: ("Limit", "What holds its completions down."),
        SiteLimitFrame.gain: ("Gain (weighted completions)", "Of the site alone, were this limit lifted."),
    },
    "site_changes": {
        SiteChangeFrame.site_id: _SITE,
        SiteChangeFrame.site_name: _SITE_NAME,
        SiteChangeFrame.chosen: _CHOSEN,
        SiteChangeFrame.lever: ("What changes", "One thing, with its unit."),
        SiteChangeFrame.before: ("Now", "In the unit of what changes."),
        SiteChangeFrame.after: ("Needed", "What brings it in or out; empty where nothing within reason does."),
        SiteChangeFrame.value_with: ("With it (weighted completions)", "The best portfolio with it, after the change."),
        SiteChangeFrame.value_without: ("Without it (weighted completions)", "The best without it, after the change."),
        SiteChangeFrame.verified: ("Proven", "Whether it is proven that it does, or that nothing within reason would."),
        SiteChangeFrame.loss: ("Loss (weighted completions)", "What taking it in, or leaving it out, would cost now."),
    },
    "draws": {
        DrawFrame.draw: ("Draw", "0 is the scenario itself."),
        **{name: _FACTORS[name] for name in ASSUMPTIONS},
        DrawFrame.value: ("At least (weighted completions)", "Worth of its sites when courses need not be whole."),
        DrawFrame.bound: ("At most (weighted completions)", "No choice is worth more when courses need not be whole."),
        DrawFrame.sites: _SITES,
        DrawFrame.full_value: ("In full (weighted completions)", "Where the draw was also solved in whole courses."),
        DrawFrame.full_bound: ("In full, at most (weighted completions)", "No choice in whole courses is worth more."),
        DrawFrame.full_sites: ("Sites in full", "What it chose when solved in whole courses, with ; between."),
    },
    "candidates": {
        CandidateFrame.site_id: _SITE,
        CandidateFrame.site_name: _SITE_NAME,
        CandidateFrame.pcn_codes: _PCNS,
        CandidateFrame.icb_code: ("ICB", "The Integrated Care Board with most of its patients, ODS code."),
        CandidateFrame.icb_name: _ICB_NAME,
        CandidateFrame.region_code: ("Region", "NHS England region, ODS code."),
        CandidateFrame.region_name: _REGION_NAME,
        CandidateFrame.patients: _PATIENTS,
        CandidateFrame.need_index: _NEED,
        CandidateFrame.deprivation_fifth: _FIFTH,
        CandidateFrame.rurality: _RURALITY,
        CandidateFrame.imd_score: ("Deprivation (IMD score)", "Index of Multiple Deprivation, mean over patients."),
        CandidateFrame.aged_65_share: ("Aged 65+ (% of patients)", "Share of patients aged 65 or more."),
        CandidateFrame.long_term_ratio: (
            "Long-term conditions (1 is average)",
            "Registers of long-term conditions against what England's rates would give.",
        ),
        CandidateFrame.density: ("Density (patients per km²)", "Within 5 km of where its patients live."),
        CandidateFrame.link_worker_fte: _FTE,
        CandidateFrame.hours_in_reach: ("In reach (participant-hours)", "Hours that some of its patients can get to."),
        CandidateFrame.operator_kinds: ("Kinds of operator", "Of the hours in reach, with ; between."),
        CandidateFrame.pathways: ("Pathways", "Of the hours in reach, with ; between."),
        CandidateFrame.setup_cost: _COST,
        CandidateFrame.easting: ("Easting (m)", "British National Grid; the middle of where its patients live."),
        CandidateFrame.northing: ("Northing (m)", "British National Grid; the middle of where its patients live."),
    },
}
"""Table → column → its heading in the workbook, and what it means."""
