"""What each column of the blank bank of hours means: the text of the template's read-me, and its example rows."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema import FacilityFrame, LinkFrame, OperatorFrame, PledgeFrame, VenueFrame
from ..schema.words import DELIVERIES, HOUR_UNITS, LINK_STATUSES, OPERATOR_KINDS, TIMES, VENUE_TYPES

REQUIRED = "required"
LED = "for class and facility hours"
PLACE = "one way to place it"
EITHER = "one of the two"
OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `words` are all it may hold, `many` that several may stand in a cell with `;` between."""

    name: str
    need: str
    meaning: str
    how: str
    example: str | float = ""
    words: tuple[str, ...] = ()
    many: bool = False
    kind: str = "text"
    """`text`, `number`, `share` or `date`: how the cells are shown and what Excel lets in."""


HOUR_UNIT_MEANINGS = {
    "participant": ("one person active for one hour, such as free membership or one-to-one", "40"),
    "class": ("one hour of a led session for a group", "40 × 12 people × 0.8 full = 384"),
    "facility": ("one hour of a hall, a lane or a studio that a group may use", "40 × 20 places × 0.6 full = 480"),
    "staff": ("one hour of a member of staff, with one person at a time", "40"),
}
"""Unit → what one hour of it is, and how many participant-hours forty come to."""

SHEETS: dict[str, tuple[Column, ...]] = {
    "operators": (
        Column(
            OperatorFrame.operator_id, REQUIRED, "Your own short code for the operator", "Each code once", "EXAMPLE-OP"
        ),
        Column(OperatorFrame.operator_name, REQUIRED, "Name of the organisation", "Text", "Example Leisure Trust"),
        Column(
            OperatorFrame.operator_kind,
            REQUIRED,
            "What kind of organisation it is",
            "Choose from the list",
            "leisure_trust",
            OPERATOR_KINDS,
        ),
    ),
    "facilities": (
        Column(
            FacilityFrame.facility_id, REQUIRED, "Your own short code for the facility", "Each code once", "EXAMPLE-F1"
        ),
        Column(FacilityFrame.operator_id, REQUIRED, "Who runs it", "A code from the sheet operators", "EXAMPLE-OP"),
        Column(FacilityFrame.facility_name, REQUIRED, "Name of the facility", "Text", "Example Leisure Centre"),
        Column(
            FacilityFrame.venue_type,
            REQUIRED,
            "What the hours take place in",
            "Choose from the list",
            "hall",
            VENUE_TYPES,
        ),
        Column(FacilityFrame.postcode, PLACE, "Postcode of the entrance", "A whole postcode", "LS1 3AD"),
        Column(VenueFrame.easting, PLACE, "National Grid easting", "Metres; give northing too", "", kind="number"),
        Column(VenueFrame.northing, PLACE, "National Grid northing", "Metres; give easting too", "", kind="number"),
        Column("latitude", PLACE, "Latitude", "Degrees, such as 53.7997; give longitude too", "", kind="number"),
        Column("longitude", PLACE, "Longitude", "Degrees, such as -1.5492; mind the minus", "", kind="number"),
        Column(VenueFrame.site_id, PLACE, "Sport England Active Places site number", "The number", ""),
        Column(FacilityFrame.access_notes, OPTIONAL, "What visitors should know", "Text", "Step-free; lift to studio"),
    ),
    "pledges": (
        Column(PledgeFrame.pledge_id, REQUIRED, "Your own short code for the pledge", "Each code once", "EXAMPLE-P1"),
        Column(
            PledgeFrame.facility_id,
            EITHER,
            "Where the hours are given",
            "A code from the sheet facilities",
            "EXAMPLE-F1",
        ),
        Column(
            PledgeFrame.operator_id,
            EITHER,
            "Who gives the hours, for digital pledges or any facility of the operator",
            "A code from the sheet operators",
        ),
        Column(
            VenueFrame.site_id,
            OPTIONAL,
            "Sport England Active Places site number; instead of facility_id, with operator_id: no postcode is needed",
            "The number",
        ),
        Column(
            PledgeFrame.pathways,
            REQUIRED,
            "What the hours may be used for",
            "Ids from the table of pathways above",
            "falls_prevention",
            many=True,
        ),
        Column(
            PledgeFrame.hours,
            REQUIRED,
            "How many hours, between the two dates",
            "Hours, in hour_unit",
            40,
            kind="number",
        ),
        Column(
            PledgeFrame.hour_unit,
            REQUIRED,
            "What one of these hours is",
            "See the table of units above",
            "class",
            HOUR_UNITS,
        ),
        Column(PledgeFrame.group_size, LED, "People in a full group", "People", 12, kind="number"),
        Column(
            PledgeFrame.fill_share,
            LED,
            "Share of the places usually filled",
            "0 to 1, such as 0.8, or 80%",
            0.8,
            kind="share",
        ),
        Column(
            PledgeFrame.min_group,
            OPTIONAL,
            "Fewest people for whom a course runs",
            "People; blank means 1",
            5,
            kind="number",
        ),
        Column(
            PledgeFrame.start_date,
            OPTIONAL,
            "First day; blank means from the start of the plan",
            "Date",
            "2026-04-01",
            kind="date",
        ),
        Column(
            PledgeFrame.end_date,
            OPTIONAL,
            "Last day; blank means to the end of the plan",
            "Date",
            "2027-03-31",
            kind="date",
        ),
        Column(
            PledgeFrame.delivery,
            OPTIONAL,
            "How people are met; blank at a facility means on_site",
            "Choose from the list",
            "on_site",
            DELIVERIES,
        ),
        Column(PledgeFrame.times, OPTIONAL, "When in the week", "From the list", "weekday_day", TIMES, many=True),
        Column(
            PledgeFrame.roles,
            OPTIONAL,
            "Who leads it",
            "Roles; the table of pathways above says which may lead what",
            "falls_instructor_psi",
            many=True,
        ),
        Column(PledgeFrame.age_min, OPTIONAL, "Youngest age welcome", "Years", 65, kind="number"),
        Column(PledgeFrame.age_max, OPTIONAL, "Oldest age welcome", "Years", "", kind="number"),
        Column(PledgeFrame.max_km, OPTIONAL, "Farthest that people should come from", "Kilometres", "", kind="number"),
        Column(PledgeFrame.icb_codes, OPTIONAL, "Only for these ICBs", "ODS codes, such as QWO", "", many=True),
        Column(PledgeFrame.updated, OPTIONAL, "When this row was last checked", "Date", "2026-03-01", kind="date"),
    ),
    "links": (
        Column(
            LinkFrame.operator_id,
            EITHER,
            "The operator that is linked",
            "A code from the sheet operators",
            "EXAMPLE-OP",
        ),
        Column(LinkFrame.facility_id, EITHER, "The facility, if only that one is", "A code from the sheet facilities"),
        Column(LinkFrame.organisation_code, REQUIRED, "PCN, practice or ICB", "Its ODS code, one a row", "U12345"),
        Column(
            LinkFrame.link_status, REQUIRED, "How they work together", "Choose from the list", "formal", LINK_STATUSES
        ),
        Column(LinkFrame.since, OPTIONAL, "Since when", "Date or year", "2024"),
        Column(LinkFrame.note, OPTIONAL, "What the link is", "Text", "Contract for falls classes"),
    ),
}
"""Sheet → its columns, in the order they stand in it."""
