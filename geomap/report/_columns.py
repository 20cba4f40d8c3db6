"""What each published table and column is called and means, told once for the workbook and its "Read me"."""

from __future__ import annotations

from ..phrases import PARTICIPANT_HOUR
from ..schema import (
    AllocationResultFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    FigureFrame,
    GapFrame,
    HealthBudgetFrame,
    LedgerFrame,
    LevelFrame,
    LinkFrame,
    PathwayFrame,
    PcnResultFrame,
    PriceFrame,
    ProvisionFrame,
    SectorFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from ..schema.published import EASTING_M, NORTHING_M
from ._columns_backing import ACCOUNT_COLUMNS, ATTENTION_COLUMNS, FILE_COLUMNS, FILES, OPERATOR_COLUMNS
from ._columns_beside import ASK_COLUMNS, BESIDE_COLUMNS
from ._columns_choice import CHOICE_COLUMNS, CHOICE_SHEETS

BOARD_SHEETS = {
    "figures": ("Key figures", "Every figure of the run as a whole."),
    "gaps": ("Gaps", "What is asked of each pathway, what the plan gives, and why not more."),
    "provision": ("Provision", "What operators offer by pathway, role and link with the NHS; rows do not add up."),
    "sectors": ("Sectors", "Who carries the load: the public, the private and the voluntary sector."),
    "health_budgets": ("Health budgets", "What personal health budgets would buy where hours run out."),
    "attention": ("Attention", "What a planner can act on: links missing or not known, PCNs that hang on a facility."),
    "could_be_asked": ("Could be asked", "Places and services without a pledge, near those who wait for a place."),
}
"""Table → name of its sheet, and what it holds: the summary tables for the board."""

PLAN_SHEETS = {
    "allocation": ("Allocation", "The plan: which pledge gives how many places to which PCN."),
    "unmet_demand": ("Unmet demand", "Places each PCN wants on each pathway, those it gets, and why not more."),
    "unmatched_hours": ("Unmatched hours", "Hours that served nobody, and why."),
    "ledger": ("Ledger", "Every pledge: pledged = ineligible + eligible; eligible = matched + unmatched."),
    "operators": ("Operators", "Every operator that pledges hours: what becomes of them, whom they reach, its links."),
    "facilities": ("Facilities", "Every facility that holds a pledge."),
    "pcns": ("PCNs", "Every Primary Care Network: its need, its link workers and what the plan gives it."),
    "pathways": ("Catalogue", "The courses that were planned for, and what was assumed of each."),
    "levels": ("Levels", "What the plan was best at, one aim after the other, and how far each is proven."),
    "fairness": ("Fairness", "How evenly the plan serves, before and after it was evened out."),
    "prices": ("Prices", "What one more link worker, kilometre or hour would bring, the dearest of each first."),
    "differences": ("Differences", "What changed against an earlier plan; empty where the run did not start from one."),
    "links": ("Links", "Which operator or facility works with which NHS organisation."),
    "accounting": ("Accounting", "What became of every row that was read."),
    "repairs": ("Repairs", "Every cell that was read otherwise than it stands, and what was taken instead."),
}
"""Table → name of its sheet, and what it holds: the plan in full, and what it was made from."""

SHEETS = BOARD_SHEETS | CHOICE_SHEETS | PLAN_SHEETS
"""All of them, in the order of the workbook."""

TABLES = SHEETS | FILES
"""All tables that are published: those of the workbook, then those that are files alone."""

_PLEDGE = ("Pledge", "The pledge's id in the bank of hours.")
_OPERATOR = ("Operator", "The operator's id in the bank of hours.")
_OPERATOR_NAME = ("Operator's name", "As the operator wrote it.")
_FACILITY = ("Facility", "The facility's id; empty for a pledge that is digital or for the whole operator.")
_FACILITY_NAME = ("Facility's name", "As the operator wrote it; empty where there is no facility.")
_PATHWAY = ("Pathway", "The kind of course, by its id in the catalogue of pathways.")
_PCN = ("PCN", "The Primary Care Network's ODS code.")
_PCN_NAME = ("PCN's name", "As NHS England publishes it.")
_PLEDGED = ("Pledged (participant-hours)", f"One participant-hour is {PARTICIPANT_HOUR}.")
_ELIGIBLE = ("Eligible (participant-hours)", "Can enter the plan: inside its dates, with a venue and a role.")
_MATCHED = ("Matched (participant-hours)", "Given to patients by the plan.")
_UNMATCHED = ("Unmatched (participant-hours)", "Eligible, but they found nobody.")
_KIND = ("Kind of operator", "Leisure trust, local authority, private, charity, community, arts, library or digital.")

COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "figures": {
        FigureFrame.figure: ("Figure", "What is told."),
        FigureFrame.value: ("Value", "In the unit beside it."),
        FigureFrame.unit: ("Unit", "What the value is in."),
    },
    "gaps": {
        GapFrame.pathway_id: _PATHWAY,
        GapFrame.pathway_name: ("Pathway's name", "As in the catalogue of pathways."),
        GapFrame.demand_places: ("Places wanted", "Course places that eligible patients would start."),
        GapFrame.matched_places: ("Places given", "Course places in the plan."),
        GapFrame.unmet_places: ("Places unmet", "Places wanted less places given."),
        GapFrame.pcns_with_nothing: ("PCNs with nothing", "PCNs that want places on the pathway and get none."),
        GapFrame.main_reason: ("Main reason", "The reason behind most of the places unmet; empty where none is."),
    },
    "provision": {
        ProvisionFrame.pathway_id: _PATHWAY,
        ProvisionFrame.role: ("Role", "Who leads it: a pledge counts under each of its roles that may."),
        ProvisionFrame.link_status: ("Link with the NHS", "The best that the facility or its operator has."),
        ProvisionFrame.operators: ("Operators", "How many offer it."),
        ProvisionFrame.facilities: ("Facilities", "How many; a pledge without one is not counted."),
        ProvisionFrame.pledges: ("Pledges", "How many can deliver the pathway."),
        ProvisionFrame.eligible_hours: _ELIGIBLE,
        ProvisionFrame.matched_hours: ("Matched (participant-hours)", "Given to patients on this pathway."),
    },
    "sectors": {
        SectorFrame.sector: ("Sector", "Public, private or voluntary, told from the kind of operator."),
        SectorFrame.operators: ("Operators", "How many pledged hours."),
        SectorFrame.facilities: ("Facilities", "How many hold a pledge."),
        SectorFrame.pledges: ("Pledges", "How many."),
        SectorFrame.pledged_hours: _PLEDGED,
        SectorFrame.matched_hours: _MATCHED,
        SectorFrame.people: ("People", "Course places in the plan."),
    },
    "health_budgets": {
        HealthBudgetFrame.pathway_id: _PATHWAY,
        HealthBudgetFrame.pathway_name: ("Pathway's name", "As in the catalogue of pathways."),
        HealthBudgetFrame.wanting_places: ("Places wanting", "Unmet for want of hours, not of link workers."),
        HealthBudgetFrame.course_hours: ("Course (hours)", "Of one person, from start to end."),
        HealthBudgetFrame.place_cost: ("A place (£)", "Hours of the course × the price of an hour."),
        HealthBudgetFrame.whole_cost: ("All places (£)", "What all the places wanting would cost."),
        HealthBudgetFrame.bought_places: (
            "Places bought",
            "Within the planner's sum, shared over the pathways in proportion to the cost of what they want.",
        ),
    },
    "attention": ATTENTION_COLUMNS,
    "could_be_asked": ASK_COLUMNS,
    **CHOICE_COLUMNS,
    "allocation": {
        AllocationResultFrame.pledge_id: _PLEDGE,
        AllocationResultFrame.operator_id: _OPERATOR,
        AllocationResultFrame.operator_name: _OPERATOR_NAME,
        AllocationResultFrame.facility_id: _FACILITY,
        AllocationResultFrame.facility_name: _FACILITY_NAME,
        AllocationResultFrame.pathway_id: _PATHWAY,
        AllocationResultFrame.pcn_code: _PCN,
        AllocationResultFrame.pcn_name: _PCN_NAME,
        AllocationResultFrame.places: ("Places", "Course places: people who start the course."),
        AllocationResultFrame.matched_hours: ("Matched (participant-hours)", "Places × hours of the course."),
        AllocationResultFrame.referrals: ("Referrals (people)", "Needed to fill the places, given the uptake."),
        AllocationResultFrame.completions: ("Completions (people)", "Expected to complete, given the completion rate."),
        AllocationResultFrame.minutes_min: ("Journey (minutes)", "Mean of the PCN's patients in reach, one way."),
    },
    "unmet_demand": {
        UnmetFrame.pcn_code: _PCN,
        UnmetFrame.pathway_id: _PATHWAY,
        UnmetFrame.demand_places: ("Places wanted", "Course places that the PCN's eligible patients would start."),
        UnmetFrame.matched_places: ("Places given", "Course places in the plan."),
        UnmetFrame.unmet_places: ("Places unmet", "Places wanted less places given."),
        UnmetFrame.reason: ("Reason", "The main reason why not more; empty where nothing is unmet."),
    },
    "unmatched_hours": {
        UnmatchedHoursFrame.pledge_id: _PLEDGE,
        UnmatchedHoursFrame.operator_id: _OPERATOR,
        UnmatchedHoursFrame.facility_id: _FACILITY,
        UnmatchedHoursFrame.stage: ("Stage", "Ineligible: could not enter the plan. Unmatched: found nobody."),
        UnmatchedHoursFrame.reason: ("Reason", "Why these hours served nobody."),
        UnmatchedHoursFrame.hours: ("Hours (participant-hours)", "How many."),
    },
    "ledger": {
        LedgerFrame.pledge_id: _PLEDGE,
        LedgerFrame.operator_id: _OPERATOR,
        LedgerFrame.facility_id: _FACILITY,
        LedgerFrame.hours: ("Hours as written", "The number in the bank of hours, in the unit of the next column."),
        LedgerFrame.hour_unit: ("Unit as written", "Participant, class, facility or staff hours."),
        LedgerFrame.pledged_hours: _PLEDGED,
        LedgerFrame.ineligible_hours: ("Ineligible (participant-hours)", "Cannot enter the plan."),
        LedgerFrame.eligible_hours: _ELIGIBLE,
        LedgerFrame.matched_hours: _MATCHED,
        LedgerFrame.unmatched_hours: _UNMATCHED,
    },
    "operators": OPERATOR_COLUMNS,
    "facilities": {
        FacilityResultFrame.facility_id: ("Facility", "The facility's id in the bank of hours."),
        FacilityResultFrame.facility_name: ("Facility's name", "As the operator wrote it."),
        FacilityResultFrame.operator_id: _OPERATOR,
        FacilityResultFrame.operator_name: _OPERATOR_NAME,
        FacilityResultFrame.operator_kind: _KIND,
        FacilityResultFrame.venue_type: ("Kind of venue", "Gym, pool, hall, studio, outdoor, library, arts and so on."),
        FacilityResultFrame.pledges: ("Pledges", "How many pledges the facility holds."),
        FacilityResultFrame.pathways: ("Pathways", "What its pledges offer and can deliver, with ; between."),
        FacilityResultFrame.pledged_hours: _PLEDGED,
        FacilityResultFrame.eligible_hours: _ELIGIBLE,
        FacilityResultFrame.matched_hours: _MATCHED,
        FacilityResultFrame.unmatched_hours: _UNMATCHED,
        FacilityResultFrame.people: ("People", "Course places in the plan at this facility."),
        FacilityResultFrame.pcns_served: ("PCNs served", "How many PCNs the plan sends people from."),
        EASTING_M: ("Easting (m)", "British National Grid, metres."),
        NORTHING_M: ("Northing (m)", "British National Grid, metres."),
    },
    "pcns": {
        PcnResultFrame.pcn_code: _PCN,
        PcnResultFrame.pcn_name: _PCN_NAME,
        PcnResultFrame.icb_code: ("ICB", "The Integrated Care Board with most of the PCN's patients, ODS code."),
        PcnResultFrame.icb_name: ("ICB's name", "As NHS England publishes it."),
        PcnResultFrame.icb_codes: ("All ICBs", "Every ICB that the PCN has practices in, with ; between."),
        PcnResultFrame.region_code: ("Region", "NHS England region, ODS code."),
        PcnResultFrame.region_name: ("Region's name", "As NHS England publishes it."),
        PcnResultFrame.practices: ("Practices", "GP practices in the PCN."),
        PcnResultFrame.patients: ("Patients", "Registered patients."),
        PcnResultFrame.need_index: ("Need index (0 to 1)", "0 least to 1 most: mean of the percentiles known."),
        PcnResultFrame.imd_score: ("Deprivation (IMD score)", "Index of Multiple Deprivation, mean over patients."),
        PcnResultFrame.inactive_share: ("Inactive (% of adults)", "Active for under 30 minutes a week."),
        PcnResultFrame.long_term_ratio: (
            "Long-term conditions (1 is average)",
            "Registers of long-term conditions against what England's rates would give.",
        ),
        PcnResultFrame.aged_65_share: ("Aged 65+ (% of patients)", "Share of patients aged 65 or more."),
        PcnResultFrame.core20_share: ("Core20 (% of patients)", "Living in England's most deprived fifth of places."),
        PcnResultFrame.deprivation_fifth: ("Deprivation fifth", "1 is the most deprived fifth, 5 the least."),
        PcnResultFrame.link_worker_fte: ("Link workers (FTE)", "Social prescribing; FTE is full-time equivalent."),
        PcnResultFrame.fte_basis: ("Link workers from", "Reported by the PCN, or what stands in for a missing report."),
        PcnResultFrame.ceiling_referrals: ("Most referrals (people)", "What its link workers can refer in the period."),
        PcnResultFrame.demand_places: ("Places wanted", "Course places that eligible patients would start."),
        PcnResultFrame.matched_places: ("Places given", "Course places in the plan."),
        PcnResultFrame.unmet_places: ("Places unmet", "Places wanted less places given."),
        PcnResultFrame.coverage_share: ("Coverage (%)", "Places given over places wanted; empty where none is wanted."),
        PcnResultFrame.first_coverage_share: ("Coverage at first (%)", "Of the plan before it was evened out."),
        PcnResultFrame.hours_in_reach: (
            "Hours in reach (per 1,000 patients)",
            "Eligible participant-hours, shared with all others who can reach them.",
        ),
        PcnResultFrame.hours_left_in_reach: ("Hours left in reach (per 1,000 patients)", "Those that the plan leaves."),
        PcnResultFrame.matched_hours: _MATCHED,
        PcnResultFrame.completions: ("Completions (people)", "Expected to complete."),
        PcnResultFrame.facilities_in_reach: ("Facilities in reach", "Facilities that some of its patients can get to."),
        PcnResultFrame.main_unmet_reason: ("Main reason unmet", "The reason behind most of the places unmet."),
    },
    "pathways": {
        PathwayFrame.pathway_id: ("Pathway", "Its id, as in the other tables."),
        PathwayFrame.pathway_name: ("Name", "What it is called."),
        PathwayFrame.weeks: ("Weeks", "Of a course."),
        PathwayFrame.sessions_per_week: ("Sessions a week", "Of a course."),
        PathwayFrame.session_hours: ("Hours a session", "Of a course."),
        PathwayFrame.course_hours: ("Hours a course", "Weeks × sessions a week × hours a session."),
        PathwayFrame.venue_types: ("Venues", "Kinds of venue that can host it, with ; between."),
        PathwayFrame.roles: ("Roles", "Who may lead it, with ; between; empty: anybody."),
        PathwayFrame.age_min: ("From age", "Youngest who take part."),
        PathwayFrame.age_max: ("To age", "Oldest who take part."),
        PathwayFrame.referral_share: ("Referred (%)", "Share of those eligible who are to be referred."),
        PathwayFrame.uptake_share: ("Start (%)", "Share of those referred who start."),
        PathwayFrame.completion_share: ("Complete (%)", "Share of those who start who complete."),
        PathwayFrame.group_size: ("Group", "People in a group unless the pledge says."),
    },
    "levels": {
        LevelFrame.level: ("Order", "1 comes first; a later aim never costs an earlier one more than the plan allows."),
        LevelFrame.objective: ("Aim", "What the plan was best at, with its unit."),
        LevelFrame.value: ("Reached", "What the plan reaches, in the unit of the aim."),
        LevelFrame.bound: ("Best possible", "What no plan can pass, in the unit of the aim."),
        LevelFrame.gap_share: ("Gap (%)", "How far the plan may be from the best possible, as a share of it."),
        LevelFrame.status: ("Proof", "Optimal, within gap, stopped before it was proven, or not asked."),
        LevelFrame.proved_to: ("Proven up to", "No plan is fairer to PCNs covered less than this."),
    },
    "fairness": {
        FairnessFrame.measure: ("Measure", "What is told."),
        FairnessFrame.group: ("Group", "Whom the line is about; a number is a fifth of patients."),
        FairnessFrame.unit: ("Unit", "What the two figures are in."),
        FairnessFrame.before: ("Before", "In the plan that meets most need, before it was evened out."),
        FairnessFrame.after: ("After", "In this plan; empty where it cannot be told."),
    },
    "prices": {
        PriceFrame.kind: ("One more", "Full-time link worker, kilometre of straight line, or participant-hour."),
        PriceFrame.where: ("Where", "The PCN's code or the pledge's id; all: every PCN of the run at once."),
        PriceFrame.name: ("Name", "Of the PCN; of the pledge's facility, or of its operator where there is none."),
        PriceFrame.completions: (
            "Brings (weighted completions)",
            "At most, if nothing else changes and courses can be divided. Prices are not to be added up.",
        ),
    },
    "differences": {
        DifferenceFrame.pledge_id: _PLEDGE,
        DifferenceFrame.pathway_id: _PATHWAY,
        DifferenceFrame.pcn_code: _PCN,
        DifferenceFrame.places_before: ("Places before", "Course places in the earlier plan."),
        DifferenceFrame.places_after: ("Places now", "Course places in this plan."),
    },
    "links": {
        LinkFrame.operator_id: ("Operator", "The operator's id; empty where the link is a facility's own."),
        LinkFrame.facility_id: ("Facility", "The facility's id; empty where the link is the whole operator's."),
        LinkFrame.organisation_code: ("NHS organisation", "ODS code of a PCN, a practice or an ICB."),
        LinkFrame.link_status: ("Link", "Formal, informal, none or unknown."),
        LinkFrame.since: ("Since", "As the operator wrote it."),
        LinkFrame.note: ("Note", "As the operator wrote it."),
    },
    **ACCOUNT_COLUMNS,
    **FILE_COLUMNS,
    **BESIDE_COLUMNS,
}
"""Table → column → its heading in the workbook, and what it means."""
