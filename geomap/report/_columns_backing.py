"""What the tables of organisations, and those of the rows that were read, are called and mean."""

from __future__ import annotations

from ..phrases import PARTICIPANT_HOUR
from ..schema import (
    AccountingFrame,
    AttentionFrame,
    IndicatorFrame,
    NeedFrame,
    OperatorResultFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    RepairFrame,
    TieFrame,
    VenueFrame,
)

FILES = {
    "pledges": ("Pledges", "What each pledge offers, as its operator wrote it, and the row that it was read from."),
    "practices": ("Practices", "Every practice of the PCNs, and where it stands in the NHS."),
    "reachable": ("Reachable", "Which facilities the patients of which PCN can travel to, for a pledge given there."),
    "ties": ("Ties", "Operators and PCNs that are in reach of one another, linked or matched."),
    "need": ("Need", "What the need of each PCN is made of; percentiles are among all PCNs of the map."),
    "indicators": ("Indicators", "The planner's own indicators, by PCN, where the scenario gives them a weight."),
    "other_facilities": ("Other facilities", "Public leisure sites without a pledge, where a list of sites was given."),
    "opportunities": ("Opportunities", "Activities and community services beside the bank, where a feed was given."),
    "access": ("Access", "Pledged hours within reach, before and after the match, by area and by method."),
    "footprints": ("Footprints", "How far the drawn area of each PCN can be trusted."),
}
"""Table → its name, and what it holds: tables that no sheet of the workbook shows."""

_PCN = ("PCN", "The Primary Care Network's ODS code.")
_OPERATOR = ("Operator", "The operator's id in the bank of hours.")
_FACILITY = ("Facility", "The facility's id in the bank of hours.")
_PATIENTS = ("Patients", "Registered patients.")

OPERATOR_COLUMNS = {
    OperatorResultFrame.operator_id: _OPERATOR,
    OperatorResultFrame.operator_name: ("Operator's name", "As the operator wrote it."),
    OperatorResultFrame.operator_kind: (
        "Kind of operator",
        "Leisure trust, local authority, private, charity, community, arts, library or digital.",
    ),
    OperatorResultFrame.facilities: ("Facilities", "How many hold a pledge."),
    OperatorResultFrame.pledges: ("Pledges", "How many pledges it makes."),
    OperatorResultFrame.pledged_hours: ("Pledged (participant-hours)", f"One participant-hour is {PARTICIPANT_HOUR}."),
    OperatorResultFrame.eligible_hours: ("Eligible (participant-hours)", "Can enter the plan."),
    OperatorResultFrame.matched_hours: ("Matched (participant-hours)", "Given to patients by the plan."),
    OperatorResultFrame.unmatched_hours: ("Unmatched (participant-hours)", "Eligible, but they found nobody."),
    OperatorResultFrame.people: ("People", "Course places in the plan."),
    OperatorResultFrame.pcns_served: ("PCNs served", "How many PCNs the plan sends people from."),
    OperatorResultFrame.pcns_in_reach: ("PCNs in reach", "How many PCNs any of its hours can reach."),
    OperatorResultFrame.formal_links: ("Formal links", "PCNs with a formal agreement; each PCN counts once."),
    OperatorResultFrame.informal_links: ("Informal links", "PCNs with informal contact at best."),
    OperatorResultFrame.none_links: ("No contact", "PCNs of which it is told that there is no contact."),
    OperatorResultFrame.unknown_links: ("Not known", "PCNs of which it is told that the link is not known."),
}

ATTENTION_COLUMNS = {
    AttentionFrame.topic: ("What to look at", "Links that are missing or not known; places that hang on one facility."),
    AttentionFrame.pcn_code: ("PCN", "The Primary Care Network; empty where the line is about an operator."),
    AttentionFrame.operator_id: ("Operator", "The operator; empty where the line is about a PCN alone."),
    AttentionFrame.facility_id: ("Facility", "The one facility that a PCN depends on."),
    AttentionFrame.hours: (
        "Hours (participant-hours)",
        "Matched hours that hang on it; of an operator without a link, the hours that are left.",
    ),
    AttentionFrame.people: ("People", "Course places that hang on it."),
}

ACCOUNT_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "accounting": {
        AccountingFrame.source: ("File", "The file that was read."),
        AccountingFrame.sheet: ("Sheet", "The sheet of a workbook; empty for other files."),
        AccountingFrame.row: ("First row", "The first row that this line stands for; the heading is row 1."),
        AccountingFrame.rows: ("Rows", "How many rows this line stands for; they add up to the file."),
        AccountingFrame.row_id: ("Id", "The row's own id."),
        AccountingFrame.column: ("Column", "The column that decided, where a row was not used as it stood."),
        AccountingFrame.value: ("Value", "What stood there, as it was written."),
        AccountingFrame.status: (
            "What became of it",
            "Matched, part-matched, unmatched, used, not used, repaired or rejected.",
        ),
        AccountingFrame.reason_code: ("Code", "A short code of the reason, to count rows by."),
        AccountingFrame.reason: ("Reason", "Why, where it is not plain."),
    },
    "repairs": {
        RepairFrame.source: ("File", "The file that was read."),
        RepairFrame.sheet: ("Sheet", "The sheet of a workbook; empty for other files."),
        RepairFrame.row: ("First row", "The row of the cell, or of the first of several; the heading is row 1."),
        RepairFrame.cells: ("Cells", "One in the bank of hours; cells of an official file mended alike share a line."),
        RepairFrame.row_id: ("Id", "The row's own id."),
        RepairFrame.column: ("Column", "As the file heads it."),
        RepairFrame.value: ("Value", "What stands there, as it was written."),
        RepairFrame.taken: ("Taken", "What was read instead; empty where the cell was passed over."),
        RepairFrame.reason: ("Why", "What was assumed or mended."),
    },
}

FILE_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "pledges": {
        PledgeResultFrame.pledge_id: ("Pledge", "The pledge's id in the bank of hours."),
        PledgeResultFrame.operator_id: _OPERATOR,
        PledgeResultFrame.facility_id: ("Facility", "Empty for a pledge that is digital or for the whole operator."),
        PledgeResultFrame.pathways: ("Pathways", "What the pledge names, with ; between."),
        PledgeResultFrame.deliverable: ("Can deliver", "Those of them that it can deliver in this run."),
        PledgeResultFrame.roles: ("Roles", "Who leads it, with ; between; empty where nobody is named."),
        PledgeResultFrame.delivery: ("Delivery", "On site, outreach, digital or hybrid."),
        PledgeResultFrame.icbs_in_reach: (
            "ICBs in reach",
            "Home ICBs of the PCNs that it reaches, with ; between; empty where it reaches nobody.",
        ),
        PledgeResultFrame.start_date: ("From", "YYYY-MM-DD; empty where it may start with the plan."),
        PledgeResultFrame.end_date: ("To", "YYYY-MM-DD; empty where it may go on to the end of the plan."),
        PledgeResultFrame.updated: ("Updated", "YYYY-MM-DD; empty where the operator did not say."),
        PledgeResultFrame.source: ("File", "The file that it was read from."),
        PledgeResultFrame.sheet: ("Sheet", "The sheet of a workbook; empty for other files."),
        PledgeResultFrame.row: ("Row", "The row of the sheet or file; the heading is row 1."),
    },
    "practices": {
        PracticeResultFrame.practice_code: ("Practice", "ODS code."),
        PracticeResultFrame.practice_name: ("Practice's name", "As NHS England publishes it."),
        PracticeResultFrame.postcode: ("Postcode", "Of the practice."),
        PracticeResultFrame.pcn_code: _PCN,
        PracticeResultFrame.sub_icb_code: ("Sub-ICB", "ODS code of the sub-ICB location."),
        PracticeResultFrame.sub_icb_name: ("Sub-ICB's name", "As NHS England publishes it."),
        PracticeResultFrame.icb_code: ("ICB", "The practice's own Integrated Care Board, ODS code."),
        PracticeResultFrame.icb_name: ("ICB's name", "As NHS England publishes it."),
        PracticeResultFrame.region_code: ("Region", "NHS England region, ODS code."),
        PracticeResultFrame.region_name: ("Region's name", "As NHS England publishes it."),
        PracticeResultFrame.patients: _PATIENTS,
    },
    "reachable": {
        ReachableFrame.facility_id: _FACILITY,
        ReachableFrame.pcn_code: _PCN,
        ReachableFrame.reach_share: ("In reach (% of patients)", "Who can travel there, and whom the pledge is for."),
        ReachableFrame.minutes_min: ("Minutes", "Mean journey of those who can, one way."),
    },
    "ties": {
        TieFrame.operator_id: _OPERATOR,
        TieFrame.pcn_code: _PCN,
        TieFrame.link_status: (
            "Link",
            "The best told of the operator or a facility of it, with the PCN or a practice of it; else unknown.",
        ),
        TieFrame.told: ("Told", "Whether anybody told of a link, be it that there is none."),
        TieFrame.in_reach: ("In reach", "Whether its hours reach the PCN: by journey, by visits or online."),
        TieFrame.facilities_in_reach: ("Facilities in reach", "Facilities that patients of the PCN can travel to."),
        TieFrame.matched_hours: ("Matched (participant-hours)", "Given to the PCN's patients by the plan."),
        TieFrame.people: ("People", "Course places in the plan."),
    },
    "need": {
        NeedFrame.pcn_code: _PCN,
        NeedFrame.patients: _PATIENTS,
        NeedFrame.imd_score: ("Deprivation (IMD score)", "Index of Multiple Deprivation, mean over patients."),
        NeedFrame.inactive_share: ("Inactive (% of adults)", "Active for under 30 minutes a week."),
        NeedFrame.long_term_ratio: (
            "Long-term conditions (1 is average)",
            "Registers of long-term conditions against what England's rates would give.",
        ),
        NeedFrame.aged_65_share: ("Aged 65+ (% of patients)", "Share of patients aged 65 or more."),
        NeedFrame.imd_percentile: ("Deprivation percentile", "0 to 1, weighted by patients; 1 is the most need."),
        NeedFrame.inactive_percentile: ("Inactivity percentile", "As before."),
        NeedFrame.long_term_percentile: ("Long-term conditions percentile", "As before."),
        NeedFrame.aged_65_percentile: ("Aged 65+ percentile", "As before."),
        NeedFrame.own_percentile: ("Own indicators percentile", "Mean of those in indicators.csv; empty without any."),
        NeedFrame.need_index: ("Need index (0 to 1)", "0 least to 1 most: mean of the percentiles known."),
        NeedFrame.weight: ("Weight", "What a completion of the PCN counts for in the plan."),
        NeedFrame.core20_share: ("Core20 (% of patients)", "Living in England's most deprived fifth of places."),
        NeedFrame.core20_basis: ("Core20 from", "Where patients live, the practices' scores, or unknown."),
        NeedFrame.deprivation_fifth: ("Deprivation fifth", "1 is the most deprived fifth, 5 the least."),
    },
    "indicators": {
        IndicatorFrame.pcn_code: _PCN,
        IndicatorFrame.indicator: ("Indicator", "The heading of its column in the planner's own table."),
        IndicatorFrame.value: ("Value", "As it was given; in internal results only."),
        IndicatorFrame.percentile: ("Percentile", "0 to 1, weighted by patients; 1 is the most need."),
        IndicatorFrame.higher_is: ("Higher is", "Which way it counts, as the scenario says."),
        IndicatorFrame.weight_share: ("Share of need", "Its part of all weights of the need index."),
    },
    "other_facilities": {
        VenueFrame.site_id: ("Site", "Its number in Active Places."),
        VenueFrame.site_name: ("Name", "As Active Places tells it; empty where its file of sites was not given."),
        VenueFrame.venue_types: ("Kinds of venue", "What it has, with ; between."),
        VenueFrame.operator_name: ("Operator's name", "As Active Places tells it; empty where it does not."),
        VenueFrame.postcode: ("Postcode", "As Active Places tells it; empty where its file of sites was not given."),
        VenueFrame.easting: ("Easting (m)", "British National Grid, metres."),
        VenueFrame.northing: ("Northing (m)", "British National Grid, metres."),
    },
}
"""Table → column → what it is called, and what it means."""
