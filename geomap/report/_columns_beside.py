"""What the tables of what lies beside the bank of hours, and of access to it, are called and mean."""

from __future__ import annotations

from ..schema import AccessResultFrame, AskFrame, FootprintResultFrame, OpportunityFrame

_PCN = ("PCN", "The Primary Care Network's ODS code.")
_PCN_NAME = ("PCN's name", "As NHS England writes it.")

ASK_COLUMNS = {
    AskFrame.pcn_code: _PCN,
    AskFrame.pcn_name: _PCN_NAME,
    AskFrame.pathway_id: ("Pathway", "The kind of course, by its id in the catalogue of pathways."),
    AskFrame.unmet_places: ("Places wanting", "Places on this pathway that the plan could not give the PCN."),
    AskFrame.rank: ("Rank", "1 is the first to ask."),
    AskFrame.source: ("Known from", "The bank (other pathways), Active Places, OpenActive, Open Referral, libraries."),
    AskFrame.ask_id: ("Its id", "Its id there."),
    AskFrame.ask_name: ("Name", "Its name there; empty where it has none."),
    AskFrame.operator_name: ("Operator's name", "Who runs it, where it is told."),
    AskFrame.offers: ("What it offers", "Kinds of venue, or activities, with ; between."),
    AskFrame.reach_share: ("Within reach (% of patients)", "Of the PCN's patients, those who can travel there."),
    AskFrame.minutes_min: ("Journey (minutes)", "Mean of those who can travel there, one way."),
    AskFrame.url: ("Page", "Where to read more; empty where it is not told."),
}

BESIDE_COLUMNS = {
    "opportunities": {
        OpportunityFrame.opportunity_id: ("Id", "As the feed or the list gives it."),
        OpportunityFrame.source: ("Known from", "OpenActive, Open Referral UK, or the libraries of 2016 to 2017."),
        OpportunityFrame.kind: ("Kind", "What the feed or the list calls it, such as SessionSeries or service."),
        OpportunityFrame.opportunity_name: ("Name", "As it is published."),
        OpportunityFrame.operator_name: ("Operator's name", "Who runs it, where it is told."),
        OpportunityFrame.venue_name: ("Venue", "Where it takes place, where it is told."),
        OpportunityFrame.postcode: ("Postcode", "Of the venue, where it is told."),
        OpportunityFrame.easting: ("Easting (m)", "British National Grid, metres; empty where it has no place."),
        OpportunityFrame.northing: ("Northing (m)", "British National Grid, metres; empty where it has no place."),
        OpportunityFrame.activities: ("Activities", "As they are published, with ; between."),
        OpportunityFrame.pathways: ("Pathways", "Those that such activities can serve, with ; between."),
        OpportunityFrame.age_min: ("Youngest", "Age in years, where it is told."),
        OpportunityFrame.age_max: ("Oldest", "Age in years, where it is told."),
        OpportunityFrame.sessions: ("Sessions", "Dated sessions or slots that are published of it."),
        OpportunityFrame.url: ("Page", "Where to read more; empty where it is not told."),
    },
    "access": {
        AccessResultFrame.level: ("Level", "PCN, LSOA of homes, or fifth of deprivation (1 is the most deprived)."),
        AccessResultFrame.area_code: ("Area", "Its code, or the number of the fifth."),
        AccessResultFrame.area_name: ("Area's name", "Empty where it has none."),
        AccessResultFrame.method: ("Method", "How hours in reach are shared out; see docs/method.md."),
        AccessResultFrame.patients: ("Patients", "Registered patients of the area."),
        AccessResultFrame.hours_in_reach: (
            "Hours in reach",
            "Before the match, per 1,000 patients and shared with all who can reach them; for nearest, those at the "
            "nearest facilities, not per 1,000 and not shared.",
        ),
        AccessResultFrame.hours_left_in_reach: ("Hours left in reach", "The same of the hours that the plan leaves."),
        AccessResultFrame.nearest_min: (
            "Nearest (minutes)",
            "Mean journey to the nearest facility with hours, of those who can reach one; empty where nobody can.",
        ),
    },
    "footprints": {
        FootprintResultFrame.pcn_code: _PCN,
        FootprintResultFrame.pcn_name: _PCN_NAME,
        FootprintResultFrame.basis: ("Drawn from", "Where patients live (practice × LSOA), or practices' postcodes."),
        FootprintResultFrame.area_km2: ("Area (km²)", "Of what is drawn."),
        FootprintResultFrame.inside_share: (
            "Own patients inside (%)",
            "Of the PCN's patients, those who live inside; empty where homes are not known.",
        ),
        FootprintResultFrame.others_share: (
            "Others' patients (%)",
            "Of all patients who live inside, other PCNs' patients; empty where homes are not known.",
        ),
        FootprintResultFrame.others_pcns: (
            "Other PCNs",
            "PCNs of whom 8 or more patients live inside, or are on the lists of practices there.",
        ),
    },
}
"""Table → column → what it is called, and what it means."""
