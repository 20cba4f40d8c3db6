"""Whom to ask where places are wanting: places and services within reach that pledged nothing for a pathway.

Three kinds of door are knocked at: facilities of the bank whose operator pledged other pathways or none; public leisure
sites of Active Places; activities and community services of the feeds and lists beside the bank. They are put in order
by the share of the PCN's patients who can come, then the journey, then their id.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from .schema import (
    AskFrame,
    BankTables,
    FacilityFrame,
    OperatorFrame,
    OpportunityFrame,
    PairFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeFrame,
    UnmetFrame,
    VenueFrame,
)
from .schema.words import CRS, LIST_SEPARATOR, UNMET_REASONS

MENDED = tuple(reason for reason in UNMET_REASONS if reason not in ("link_worker_ceiling", "kept_apart"))
"""Why places are wanting that more hours would mend: not the link workers' ceiling, nor what a planner keeps apart."""

SAME_PLACE_M = 50.0
SAME_POSTCODE_M = 200.0
"""Within this a place is a facility of the bank, the second where that was placed by its postcode."""

_KEY, _EAST, _NORTH, _DOOR = PairFrame.facility_id, VenueFrame.easting, VenueFrame.northing, "door"
_TOLD = [
    AskFrame.source, AskFrame.ask_id, AskFrame.ask_name, AskFrame.operator_name, AskFrame.offers, AskFrame.url,
]  # fmt: skip
_OLDEST = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """Who could be asked for what, before it is known whom they reach."""

    told: pd.DataFrame
    """By key, what is told of each: the columns of `AskFrame` from `source` on."""
    serves: pd.DataFrame
    """By key and pathway, whether it could be asked for that pathway."""
    places: gpd.GeoDataFrame
    """`facility_id` (the key) and `geometry`, metres (EPSG:27700), of those that stand somewhere; others are online."""


def find_askable(
    bank: BankTables, venues: pd.DataFrame, opportunities: pd.DataFrame, pathways: pd.DataFrame
) -> Askable:
    """
    Gather the places and services that could be asked for each pathway.

    Parameters
    ----------
    bank
        `OperatorFrame`, `FacilityFrame`, `PledgeFrame`.
    venues
        `VenueFrame`: leisure sites that are not the bank's.
    opportunities
        `OpportunityFrame`. One without coordinates is online, unless it names a venue or a postcode: then nobody knows
        where it is, and it is left out.
    pathways
        `PathwayFrame`.

    Returns
    -------
    askable
        One row a place or service that can be asked for at least one pathway, by key. Of the services of one operator
        at one place the first by id stands for all; so does the first of those online.
    """
    given = _pledged(bank, pathways)
    facilities, hosted = _of_bank(bank, pathways)
    sites, site_hosts = _of_venues(venues, pathways)
    services, serve = _of_opportunities(opportunities, pathways)
    by_postcode = bank.facilities[FacilityFrame.location_basis].eq("postcode").to_numpy()
    reach_m = np.where(by_postcode, SAME_POSTCODE_M, SAME_PLACE_M)
    serve &= ~_beside(services, facilities, given, reach_m)
    site_hosts &= ~_beside(sites, facilities, given, reach_m)
    site_hosts &= ~_beside(sites, services, serve, np.full(len(services), SAME_PLACE_M))
    told = pd.concat([facilities, sites, services])
    serves = pd.DataFrame(
        np.vstack([hosted & ~given, site_hosts, serve]), told.index, pathways[PathwayFrame.pathway_id].array
    )
    told, serves = told.sort_index(), serves.sort_index()
    for column in serves:
        doors = told.loc[serves[column], _DOOR]
        serves.loc[doors.index[doors.duplicated()], column] = False
    kept = serves.any(axis=1)
    told, serves = told[kept], serves[kept]
    placed = told[told[_EAST].notna()]
    points = gpd.points_from_xy(placed[_EAST], placed[_NORTH])
    return Askable(
        told=told[_TOLD],
        serves=serves,
        places=gpd.GeoDataFrame({_KEY: placed.index.astype("str")}, geometry=points, crs=CRS),
    )


def find_asks(
    unmet: pd.DataFrame, askable: Askable, pairs: pd.DataFrame, *, pcns: pd.DataFrame, most: int
) -> pd.DataFrame:
    """
    List whom to ask for each PCN and pathway with places wanting that more hours would mend.

    Parameters
    ----------
    unmet
        `UnmetFrame`, with a number in every cell.
    askable
        Who could be asked.
    pairs
        `PairFrame` of `askable.places`; what is online reaches everybody and stands in none.
    pcns
        `pcn_code` and `pcn_name` of the run's PCNs.
    most
        Rows a (PCN, pathway), at most.

    Returns
    -------
    asks
        `AskFrame`, sorted by PCN, pathway and rank.
    """
    wanted = unmet[(unmet[UnmetFrame.unmet_places] > 0) & unmet[UnmetFrame.reason].isin(MENDED)]
    if wanted.empty or askable.told.empty or not most:
        return AskFrame.no_rows()
    codes = pd.Index(np.unique(wanted[UnmetFrame.pcn_code]))
    near = _in_order(askable, pairs, codes)
    place, pcn = near["place"].to_numpy(), near["pcn"].to_numpy()
    parts = []
    for pathway, cells in wanted.groupby(UnmetFrame.pathway_id):
        places = np.zeros(len(codes), dtype=np.int64)
        places[codes.get_indexer(cells[UnmetFrame.pcn_code])] = cells[UnmetFrame.unmet_places]
        row = np.flatnonzero(askable.serves[pathway].to_numpy()[place] & (places[pcn] > 0))
        # The rows of a PCN stand together, best first.
        first = np.searchsorted(pcn[row], pcn[row], side="left")
        rank = np.arange(len(row)) - first + 1
        row, rank = row[rank <= most], rank[rank <= most]
        told = {AskFrame.pathway_id: pathway, AskFrame.rank: rank, AskFrame.unmet_places: places[pcn[row]]}
        parts.append(near.iloc[row].assign(**told))
    rows = pd.concat(parts, ignore_index=True)
    names = pcns.set_index(PcnResultFrame.pcn_code)[PcnResultFrame.pcn_name]
    code = codes.array.take(rows["pcn"].to_numpy())
    told = askable.told.iloc[rows["place"].to_numpy()].reset_index(drop=True)
    rows = pd.concat([rows, told], axis=1).assign(
        **{AskFrame.pcn_code: code, AskFrame.pcn_name: names.reindex(code).array}
    )
    return AskFrame.declared(rows.sort_values([AskFrame.pcn_code, AskFrame.pathway_id, AskFrame.rank]))


def _in_order(askable: Askable, pairs: pd.DataFrame, codes: pd.Index) -> pd.DataFrame:
    """Rows of places and PCNs by number, with reach and journey; by PCN, and then those first who are to be asked."""
    place = askable.told.index.get_indexer(pairs[PairFrame.facility_id])
    pcn = codes.get_indexer(pairs[PairFrame.pcn_code])
    kept = (place >= 0) & (pcn >= 0)
    everywhere = np.flatnonzero(~askable.told.index.isin(askable.places[_KEY]))
    share = [pairs[PairFrame.reach_share].to_numpy()[kept], np.ones(len(everywhere) * len(codes))]
    minutes = [pairs[PairFrame.minutes_min].to_numpy()[kept], np.zeros(len(everywhere) * len(codes))]
    near = pd.DataFrame(
        {
            "place": np.concatenate([place[kept], np.tile(everywhere, len(codes))]),
            "pcn": np.concatenate([pcn[kept], np.repeat(np.arange(len(codes)), len(everywhere))]),
            AskFrame.reach_share: np.concatenate(share),
            AskFrame.minutes_min: np.concatenate(minutes),
        }
    )
    # Sums differ in the last digit with the order in which they were added up; a tie must stay one.
    by = (near["place"], near[AskFrame.minutes_min].round(6), -near[AskFrame.reach_share].round(9), near["pcn"])
    return near.iloc[np.lexsort(by)]


def _sets(texts: pd.Series, wanted: list[frozenset[str]]) -> np.ndarray:
    """Shape (n, k): which of the lists of words share a word with which of the sets."""
    row, lists = pd.factorize(texts.fillna(""))
    words = [frozenset(text.split(LIST_SEPARATOR)) - {""} for text in lists]
    table = np.array([[bool(told & want) for want in wanted] for told in words], dtype=bool)
    return table.reshape(len(words), len(wanted))[row]


def _hosts(pathways: pd.DataFrame) -> list[frozenset[str]]:
    return [frozenset(text.split(LIST_SEPARATOR)) for text in pathways[PathwayFrame.venue_types]]


def _rows(keys: pd.Series, columns: dict[str, object]) -> pd.DataFrame:
    """What is told of some doors, by key; `door` is its own unless it is said."""
    index = pd.Index(keys.astype("str"), name=_KEY)
    frame = pd.DataFrame({name: pd.Series(values).array for name, values in columns.items()}, index)
    text = dict.fromkeys(_TOLD, "str") | {_EAST: "float64", _NORTH: "float64"}
    frame = frame.reindex(columns=[*_TOLD, _EAST, _NORTH, _DOOR]).astype(text)
    return frame.assign(**{_DOOR: frame[_DOOR].astype("str").fillna(index.to_series())})


def _of_bank(bank: BankTables, pathways: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Facilities of the bank, and which pathways they could host."""
    f, places = FacilityFrame, bank.facilities
    kinds = places[f.venue_type] + (LIST_SEPARATOR + places[f.other_venue_types]).fillna("")
    names = bank.operators.set_index(OperatorFrame.operator_id)[OperatorFrame.operator_name]
    told = {
        AskFrame.source: ["bank"] * len(places),
        AskFrame.ask_id: places[f.facility_id],
        AskFrame.ask_name: places[f.facility_name],
        AskFrame.operator_name: places[f.operator_id].map(names),
        AskFrame.offers: kinds,
        _EAST: places.geometry.x,
        _NORTH: places.geometry.y,
    }
    return _rows(places[f.facility_id], told), _sets(kinds, _hosts(pathways))


def _pledged(bank: BankTables, pathways: pd.DataFrame) -> np.ndarray:
    """Shape (facilities, pathways): whether hours of the pathway are pledged there, or by its operator anywhere."""
    f, p = FacilityFrame, PledgeFrame
    rows = bank.pledges[[p.facility_id, p.operator_id, p.pathways]]
    rows = rows.assign(**{p.pathways: rows[p.pathways].str.split(LIST_SEPARATOR)}).explode(p.pathways)
    wide = rows[p.facility_id].isna()
    given = np.zeros((len(bank.facilities), len(pathways)), dtype=bool)
    for place, key in ((f.facility_id, rows[~wide]), (f.operator_id, rows[wide])):
        there = set(zip(key[place], key[p.pathways], strict=True))
        known = pd.MultiIndex.from_product([bank.facilities[place], pathways[PathwayFrame.pathway_id]])
        given |= known.isin(list(there)).reshape(given.shape) if there else False
    return given


def _of_venues(venues: pd.DataFrame, pathways: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Sites of Active Places, and which pathways they could host."""
    f = VenueFrame
    told = {
        AskFrame.source: ["active_places"] * len(venues),
        AskFrame.ask_id: venues[f.site_id],
        AskFrame.ask_name: venues[f.site_name],
        AskFrame.operator_name: venues[f.operator_name],
        AskFrame.offers: venues[f.venue_types],
        _EAST: venues[f.easting],
        _NORTH: venues[f.northing],
    }
    return _rows("active_places:" + venues[f.site_id], told), _sets(venues[f.venue_types], _hosts(pathways))


def _of_opportunities(rows: pd.DataFrame, pathways: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Activities and services with a known place or online, and which pathways they serve, ages held against ages."""
    f = OpportunityFrame
    placed = rows[f.easting].notna() & rows[f.northing].notna()
    online = ~placed & rows[f.venue_name].isna() & rows[f.postcode].isna()
    rows, online = rows[placed | online], online[placed | online]
    spot = rows[f.easting].round().astype("str") + " " + rows[f.northing].round().astype("str")
    door = rows[f.source] + " " + spot + " " + rows[f.operator_name].fillna("")
    told = {
        AskFrame.source: rows[f.source],
        AskFrame.ask_id: rows[f.opportunity_id],
        AskFrame.ask_name: rows[f.opportunity_name],
        AskFrame.operator_name: rows[f.operator_name],
        AskFrame.offers: rows[f.activities],
        AskFrame.url: rows[f.url],
        _EAST: rows[f.easting],
        _NORTH: rows[f.northing],
        _DOOR: door.mask(online, "online"),
    }
    serves = _sets(rows[f.pathways], [frozenset((key,)) for key in pathways[PathwayFrame.pathway_id]])
    youngest, oldest = pathways[PathwayFrame.age_min].to_numpy(), pathways[PathwayFrame.age_max].to_numpy()
    serves &= rows[f.age_max].fillna(_OLDEST).to_numpy()[:, None] >= youngest
    serves &= rows[f.age_min].fillna(0.0).to_numpy()[:, None] <= oldest
    serves &= ~online.to_numpy()[:, None] | ["online" in kinds for kinds in _hosts(pathways)]
    return _rows(rows[f.source] + ":" + rows[f.opportunity_id], told), serves


def _beside(here: pd.DataFrame, others: pd.DataFrame, given: np.ndarray, reach_m: np.ndarray) -> np.ndarray:
    """Shape (here, pathways): whether one of the others that stands within its reach gives the pathway."""
    found = np.zeros((len(here), given.shape[1]), dtype=bool)
    mine, theirs = (np.flatnonzero(frame[_EAST].notna()) for frame in (here, others))
    if len(mine) and len(theirs):
        trees = [
            cKDTree(frame[[_EAST, _NORTH]].to_numpy()[rows]) for frame, rows in ((here, mine), (others, theirs))
        ]
        near = trees[0].sparse_distance_matrix(trees[1], float(reach_m.max()), output_type="ndarray")
        near = near[near["v"] <= reach_m[theirs[near["j"]]]]
        np.logical_or.at(found, mine[near["i"]], given[theirs[near["j"]]])
    return found
