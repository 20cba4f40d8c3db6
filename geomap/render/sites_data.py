"""The test-and-learn sites on the page: those of the best portfolio, why each was chosen, and with what it compares."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..phrases_choice import LIKENESS, VERDICTS
from ..schema import (
    AllocationResultFrame,
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    MapTables,
    PcnResultFrame,
    RobustnessFrame,
    SiteReasonFrame,
    SiteTables,
)
from ..schema.words import LIST_SEPARATOR
from .blocks import Rows, column, positions
from .people import shown
from .shapes import encode_points, encode_shapes, thin_shapes

_BEST = 1
_PATIENTS = "patients"
"""The measure of likeness that counts people."""


def best_sites(tables: MapTables) -> pd.DataFrame:
    """`ChosenSiteFrame` of the best portfolio, by rank; empty where no sites were asked for."""
    if tables.choice is None:
        return ChosenSiteFrame.no_rows()
    chosen, f = tables.choice.chosen, ChosenSiteFrame
    return chosen[chosen[f.portfolio] == _BEST].sort_values(f.site_rank, ignore_index=True)


def comparator_pcns(tables: MapTables) -> dict[str, list[str]]:
    """Id of each comparator → its PCNs, by id; a comparator that is no candidate has none."""
    if tables.choice is None:
        return {}
    members = _members(tables.choice)
    ids = tables.choice.comparators[ComparatorFrame.comparator_id].dropna().unique()
    return {site: members.get(site, []) for site in sorted(ids)}


def _members(choice: SiteTables) -> dict[str, list[str]]:
    f = CandidateFrame
    cells = choice.candidates.set_index(f.site_id)[f.pcn_codes]
    return {site: cell.split(LIST_SEPARATOR) for site, cell in cells.items()}


def site_data(tables: MapTables, filled: MapTables, rows: Rows) -> dict[str, object]:
    """
    The chosen sites as columns, best first, and the comparators they point to.

    Parameters
    ----------
    tables, filled
        The run, and the same with a number wherever a count is not shown.

    Returns
    -------
    block
        Empty columns where no sites were asked for. `shapes` and `places` are the outlines of the sites and a point
        inside each, then those of the comparators, as `encode_shapes` and `encode_points` write them.

    Raises
    ------
    KeyLinkError
        A site is made of a PCN that the run does not have.
    """
    f, sites = ChosenSiteFrame, best_sites(tables)
    comparators = comparator_pcns(tables)
    pcns = [_pcn_rows(cell.split(LIST_SEPARATOR), rows) for cell in sites[f.pcn_codes]]
    comparator_rows = [_pcn_rows(codes, rows) for codes in comparators.values()]
    outlines = _outlines(tables.pcns, [*pcns, *comparator_rows])
    rounded = {f.need_index: 3, f.coverage_share: 3, f.link_worker_fte: 2, f.setup_cost: 0, f.matched_hours: 1}
    rounded |= {f.completions: 3}
    value = sites[f.value].mask(sites[f.completions].isna())
    exact = (f.icb_name, f.region_name, f.patients, f.deprivation_fifth, f.rurality, f.demand_places, f.facilities)
    return {
        "unit": tables.choice.unit if tables.choice else "",
        "conditions": list(tables.choice.conditions) if tables.choice else [],
        "id": column(sites[f.site_id]),
        "name": column(sites[f.site_name]),
        "rank": column(sites[f.site_rank]),
        "pcns": pcns,
        "people": column(sites[f.places]),
        **{name: column(sites[name], 0) for name in exact},
        **{name: column(sites[name], digits) for name, digits in rounded.items()},
        f.value: column(value, 3),
        **_told_of(tables, sites[f.site_id].tolist(), list(comparators)),
        "comparators": {
            "id": list(comparators),
            "name": _comparator_names(tables.choice, list(comparators)),
            "pcns": comparator_rows,
        },
        "shapes": encode_shapes(outlines),
        "places": encode_points(outlines.representative_point()),
        "flows": _site_flows(filled, rows),
        "likeness": list(LIKENESS.values()),
        "verdicts": VERDICTS,
    }


def _pcn_rows(codes: list[str], rows: Rows) -> list[int]:
    return positions(pd.Series(codes, name=ChosenSiteFrame.pcn_codes, dtype="str"), rows.pcns, what="PCNs").tolist()


def _site_flows(tables: MapTables, rows: Rows) -> dict[str, list]:
    """The plan that serves the sites alone, added up to one row a (PCN, facility); -1 where it is no one place."""
    f = AllocationResultFrame
    plan = tables.choice.plan if tables.choice else f.no_rows()
    flows = pd.DataFrame(
        {
            "pcn": positions(plan[f.pcn_code], rows.pcns, what="PCNs"),
            "facility": rows.facilities.get_indexer(plan[f.facility_id]),
            "places": plan[f.places].to_numpy(dtype=int),
            "hours": plan[f.matched_hours].to_numpy(dtype=float),
        }
    )
    flows = flows.groupby(["pcn", "facility"], as_index=False, sort=True).sum()
    flows["places"] = shown(flows["places"], internal=tables.facts.internal)
    return {name: column(flows[name], 1) for name in flows.columns}


def _outlines(pcns: gpd.GeoDataFrame, groups: list[list[int]]) -> gpd.GeoSeries:
    """Each group of PCNs as one area, from the shapes that the map draws; None where none of them has a shape."""
    thinned = thin_shapes(pcns[PcnResultFrame.geometry]).to_numpy()
    known = [[thinned[k] for k in group if not (thinned[k] is None or thinned[k].is_empty)] for group in groups]
    # Footprints that were mended after they were thinned may overlap by a hair, which a coverage union would not bear.
    areas = [shapely.union_all(shapely.make_valid(parts)) if parts else None for parts in known]
    return gpd.GeoSeries(areas, crs=pcns.crs)


def _told_of(tables: MapTables, ids: list[str], comparators: list[str]) -> dict[str, list]:
    """How sure each site is, why it was chosen, and how like its comparator it is; missing where it was not asked."""
    choice = tables.choice
    if choice is None:
        return dict.fromkeys(("share_of_draws", "verdict", "reasons", "comparator", "distance", "close_enough"), []) | {
            "shared_facilities": [],
            "measures": [],
        }
    r, s, c = RobustnessFrame, SiteReasonFrame, ComparatorFrame
    sure = choice.robustness.set_index(r.site_id).reindex(ids)
    reasons = {site: part.sort_values(s.order)[s.sentence].tolist() for site, part in choice.reasons.groupby(s.site_id)}
    measured = choice.comparators if tables.facts.internal else _patients_shown(choice.comparators)
    first = choice.comparators.drop_duplicates(c.site_id).set_index(c.site_id).reindex(ids)
    return {
        "share_of_draws": column(sure[r.share_of_draws], 3),
        "verdict": column(sure[r.verdict]),
        "reasons": [reasons.get(site, []) for site in ids],
        "comparator": pd.Index(comparators, dtype="object").get_indexer(first[c.comparator_id]).tolist(),
        "distance": column(first[c.distance], 3),
        "close_enough": column(first[c.close_enough].eq(True)),
        "shared_facilities": column(first[c.shared_facilities], 0),
        "measures": [_measures(measured[measured[c.site_id] == site]) for site in ids],
    }


def _patients_shown(comparators: pd.DataFrame) -> pd.DataFrame:
    """The comparators with the patients of both as a published run may show them."""
    c = ComparatorFrame
    people, values = comparators[c.measure].eq(_PATIENTS), (c.site_value, c.comparator_value)
    told = {name: shown(comparators[name], internal=False).astype("Float64").astype("float64") for name in values}
    return comparators.assign(**{name: comparators[name].mask(people, told[name]) for name in values})


def _measures(rows: pd.DataFrame) -> list[list[float | None]]:
    """By measure, in the order of `LIKENESS`: the site's figure, its comparator's, the standardised difference."""
    c = ComparatorFrame
    told = rows.set_index(c.measure).reindex(list(LIKENESS))
    names = (c.site_value, c.comparator_value, c.standardised_difference)
    columns = [column(told[name].astype(float), 3) for name in names]
    return [list(figures) for figures in zip(*columns, strict=True)] if len(rows) else []


def _comparator_names(choice: SiteTables | None, ids: list[str]) -> list[str]:
    if choice is None:
        return []
    c = ComparatorFrame
    names = choice.comparators.dropna(subset=[c.comparator_id]).drop_duplicates(c.comparator_id)
    return column(names.set_index(c.comparator_id)[c.comparator_name].reindex(ids).replace({np.nan: None}))
