"""What lies beside the bank of hours: activities and services near the run, and whom to ask for what is wanting."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd

from .. import asks, gazetteer, travel
from ..config import Scenario
from ..load.gather import Inputs
from ..schema import BankTables, OpportunityFrame, PairFrame, PopulationPointFrame
from ..schema.words import OPPORTUNITY_SOURCES
from ._ground import Ground
from ._people import People


def gather_opportunities(inputs: Inputs) -> pd.DataFrame:
    """`OpportunityFrame` of every feed and list that was given; an id that two of them use is told with its source."""
    f = OpportunityFrame
    given = [inputs.tables[name] for name in OPPORTUNITY_SOURCES if name in inputs.tables]
    if not given:
        return f.no_rows()
    rows = pd.concat(given, ignore_index=True)
    both = rows[f.opportunity_id].duplicated(keep=False)
    ids = rows[f.opportunity_id].mask(both, rows[f.source] + "/" + rows[f.opportunity_id])
    return rows.assign(**{f.opportunity_id: ids})


def tell_beside(
    inputs: Inputs, ground: Ground, people: People, *, scenario: Scenario, unmet: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """
    The tables of what lies beside the bank, by name.

    `opportunities` are those whose nearest patients are of this run, those that its patients can reach, and those with
    no place; `asks` follow from `unmet`, so that they are of published counts where that is.
    """
    opportunities = gather_opportunities(inputs)
    bank = BankTables(**{field.name: getattr(inputs.bank, field.name) for field in fields(BankTables)})
    # Those over the border too: the run's patients may reach them.
    everywhere = pd.Series(True, index=ground.everyone.index)
    venues = gazetteer.find_other_facilities(
        inputs.tables.get("active_places"), bank.facilities, ground.everyone, everywhere
    )
    askable = asks.find_askable(bank, venues, opportunities, people.pathways)
    pairs = travel.link_pairs(askable.places, ground.points, scenario.travel)
    return {
        "opportunities": _near(opportunities, ground, pairs),
        "asks": asks.find_asks(unmet, askable, pairs, pcns=people.pcns, most=scenario.asks.most),
    }


def _near(opportunities: pd.DataFrame, ground: Ground, pairs: pd.DataFrame) -> pd.DataFrame:
    f, point = OpportunityFrame, PopulationPointFrame
    placed = opportunities[f.easting].notna() & opportunities[f.northing].notna()
    keys = opportunities[f.source] + ":" + opportunities[f.opportunity_id]
    keep = ~placed | keys.isin(pairs[PairFrame.facility_id])
    mine = ground.everyone[point.pcn_code].isin(ground.points[point.pcn_code])
    spots = opportunities.loc[placed, [f.easting, f.northing]].to_numpy()
    keep |= pd.Series(gazetteer.nearest_is_here(spots, ground.everyone, mine), placed.index[placed]).reindex(
        placed.index, fill_value=False
    )
    return opportunities[keep].sort_values(f.opportunity_id, ignore_index=True)
