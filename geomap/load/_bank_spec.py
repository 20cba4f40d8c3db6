"""The four tables of the bank, their columns and the headings operators give them; and what a bank may point at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from ..schema import FacilityFrame, LinkFrame, OperatorFrame, PledgeFrame, VenueFrame

EASTING = VenueFrame.easting
NORTHING = VenueFrame.northing
SITE_ID = VenueFrame.site_id
LATITUDE = "latitude"
LONGITUDE = "longitude"

EXAMPLE = "EXAMPLE"
"""Ids that start so belong to the rows that explain the template; they are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankContext:
    """What the keys of a bank may point at."""

    pathway_ids: Collection[str]
    organisation_codes: Collection[str]
    """Codes of PCNs, practices and ICBs; empty means that codes are not checked."""
    icb_codes: Collection[str] = ()
    """Codes of ICBs alone, which a pledge may be limited to; empty means that they are not checked."""
    locate_postcodes: Callable[[Iterable[str]], pd.DataFrame]
    """Postcodes without spaces → `PostcodeFrame` of those that exist."""
    venues: pd.DataFrame | None
    """`VenueFrame` of Active Places, to place a facility or a pledge by its `site_id`; None where it is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """One table: `one_of` holds groups of columns of which at least one group must be there in full."""

    name: str
    other_names: tuple[str, ...] = ()
    id_columns: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    aliases: Mapping[str, str]
    """Other headings, as `normal_heading` writes them without punctuation → column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the table may have."""
        either = tuple(dict.fromkeys(column for group in self.one_of for column in group))
        return tuple(dict.fromkeys(self.required + either + self.optional))


OPERATORS = TableSpec(
    name="operators",
    other_names=("operator", "organisations"),
    id_columns=(OperatorFrame.operator_id,),
    required=(OperatorFrame.operator_id, OperatorFrame.operator_name, OperatorFrame.operator_kind),
    aliases={
        "id": OperatorFrame.operator_id,
        "operatorcode": OperatorFrame.operator_id,
        "operatorref": OperatorFrame.operator_id,
        "name": OperatorFrame.operator_name,
        "operator": OperatorFrame.operator_name,
        "organisation": OperatorFrame.operator_name,
        "organisationname": OperatorFrame.operator_name,
        "kind": OperatorFrame.operator_kind,
        "type": OperatorFrame.operator_kind,
        "operatortype": OperatorFrame.operator_kind,
        "kindofoperator": OperatorFrame.operator_kind,
    },
)

FACILITIES = TableSpec(
    name="facilities",
    other_names=("facility", "sites", "venues"),
    id_columns=(FacilityFrame.facility_id,),
    required=(
        FacilityFrame.facility_id,
        FacilityFrame.operator_id,
        FacilityFrame.facility_name,
        FacilityFrame.venue_type,
    ),
    one_of=((EASTING, NORTHING), (LATITUDE, LONGITUDE), (SITE_ID,), (FacilityFrame.postcode,)),
    optional=(FacilityFrame.access_notes,),
    aliases={
        "id": FacilityFrame.facility_id,
        "facilitycode": FacilityFrame.facility_id,
        "facilityref": FacilityFrame.facility_id,
        "venueid": FacilityFrame.facility_id,
        "operator": FacilityFrame.operator_id,
        "operatorcode": FacilityFrame.operator_id,
        "name": FacilityFrame.facility_name,
        "facility": FacilityFrame.facility_name,
        "sitename": FacilityFrame.facility_name,
        "venuename": FacilityFrame.facility_name,
        "type": FacilityFrame.venue_type,
        "venue": FacilityFrame.venue_type,
        "venuekind": FacilityFrame.venue_type,
        "facilitytype": FacilityFrame.venue_type,
        "x": EASTING,
        "eastings": EASTING,
        "y": NORTHING,
        "northings": NORTHING,
        "lat": LATITUDE,
        "lng": LONGITUDE,
        "lon": LONGITUDE,
        "long": LONGITUDE,
        "activeplacesid": SITE_ID,
        "activeplacessiteid": SITE_ID,
        "postalcode": FacilityFrame.postcode,
        "access": FacilityFrame.access_notes,
        "accessibility": FacilityFrame.access_notes,
    },
)

PLEDGES = TableSpec(
    name="pledges",
    other_names=("pledge", "hoursbank", "bankofhours"),
    id_columns=(PledgeFrame.pledge_id,),
    required=(PledgeFrame.pledge_id, PledgeFrame.pathways, PledgeFrame.hours, PledgeFrame.hour_unit),
    one_of=((PledgeFrame.facility_id,), (PledgeFrame.operator_id,)),
    optional=(
        SITE_ID,
        PledgeFrame.group_size,
        PledgeFrame.fill_share,
        PledgeFrame.min_group,
        PledgeFrame.start_date,
        PledgeFrame.end_date,
        PledgeFrame.delivery,
        PledgeFrame.times,
        PledgeFrame.roles,
        PledgeFrame.age_min,
        PledgeFrame.age_max,
        PledgeFrame.max_km,
        PledgeFrame.icb_codes,
        PledgeFrame.updated,
    ),
    aliases={
        "id": PledgeFrame.pledge_id,
        "pledgecode": PledgeFrame.pledge_id,
        "pledgeref": PledgeFrame.pledge_id,
        "facility": PledgeFrame.facility_id,
        "facilitycode": PledgeFrame.facility_id,
        "venue": PledgeFrame.facility_id,
        "venueid": PledgeFrame.facility_id,
        "operator": PledgeFrame.operator_id,
        "operatorcode": PledgeFrame.operator_id,
        "activeplacesid": SITE_ID,
        "activeplacessiteid": SITE_ID,
        "activeplacessite": SITE_ID,
        "pathway": PledgeFrame.pathways,
        "pathwayid": PledgeFrame.pathways,
        "hourspledged": PledgeFrame.hours,
        "pledgedhours": PledgeFrame.hours,
        "hoursdonated": PledgeFrame.hours,
        "donatedhours": PledgeFrame.hours,
        "unit": PledgeFrame.hour_unit,
        "hoursunit": PledgeFrame.hour_unit,
        "unitofhours": PledgeFrame.hour_unit,
        "groupsize": PledgeFrame.group_size,
        "classsize": PledgeFrame.group_size,
        "places": PledgeFrame.group_size,
        "fill": PledgeFrame.fill_share,
        "fillrate": PledgeFrame.fill_share,
        "smallestgroup": PledgeFrame.min_group,
        "minimumgroup": PledgeFrame.min_group,
        "mingroupsize": PledgeFrame.min_group,
        "start": PledgeFrame.start_date,
        "from": PledgeFrame.start_date,
        "end": PledgeFrame.end_date,
        "to": PledgeFrame.end_date,
        "deliverykind": PledgeFrame.delivery,
        "time": PledgeFrame.times,
        "role": PledgeFrame.roles,
        "staffroles": PledgeFrame.roles,
        "minage": PledgeFrame.age_min,
        "minimumage": PledgeFrame.age_min,
        "maxage": PledgeFrame.age_max,
        "maximumage": PledgeFrame.age_max,
        "maxdistance": PledgeFrame.max_km,
        "radiuskm": PledgeFrame.max_km,
        "icb": PledgeFrame.icb_codes,
        "icbs": PledgeFrame.icb_codes,
        "icbcode": PledgeFrame.icb_codes,
        "lastupdated": PledgeFrame.updated,
    },
)

LINKS = TableSpec(
    name="links",
    other_names=("link", "relationships"),
    id_columns=(LinkFrame.operator_id, LinkFrame.facility_id),
    required=(LinkFrame.organisation_code, LinkFrame.link_status),
    one_of=((LinkFrame.operator_id,), (LinkFrame.facility_id,)),
    optional=(LinkFrame.since, LinkFrame.note),
    aliases={
        "operator": LinkFrame.operator_id,
        "operatorcode": LinkFrame.operator_id,
        "facility": LinkFrame.facility_id,
        "facilitycode": LinkFrame.facility_id,
        "venue": LinkFrame.facility_id,
        "venueid": LinkFrame.facility_id,
        "organisation": LinkFrame.organisation_code,
        "orgcode": LinkFrame.organisation_code,
        "odscode": LinkFrame.organisation_code,
        "pcn": LinkFrame.organisation_code,
        "pcncode": LinkFrame.organisation_code,
        "status": LinkFrame.link_status,
        "link": LinkFrame.link_status,
        "notes": LinkFrame.note,
    },
)

SPECS = (OPERATORS, FACILITIES, PLEDGES, LINKS)
