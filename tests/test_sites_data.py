"""The test-and-learn sites on the page: the best portfolio, its reasons and comparators, and outlines that fit."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import shapely
from made_up import made_up_tables
from page_block import block
from test_layers import polygon, read_shapes

from geomap.errors import KeyLinkError
from geomap.render import build_map
from geomap.render.shapes import thin_shapes, to_grid
from geomap.schema import ChosenSiteFrame, ComparatorFrame, MapTables, PcnResultFrame, SiteReasonFrame
from geomap.schema.words import LIKENESS, LIST_SEPARATOR

S, C = ChosenSiteFrame, ComparatorFrame


@pytest.fixture(scope="module")
def tables() -> MapTables:
    """The first site of the best portfolio has two PCNs."""
    made = made_up_tables(40, 60, seed=8, choice=True)
    chosen = made.choice.chosen.copy()
    taken = set(chosen[S.pcn_codes])
    other = next(code for code in made.pcns[PcnResultFrame.pcn_code] if code not in taken)
    first = chosen.index[(chosen[S.portfolio] == 1) & (chosen[S.site_rank] == 1)]
    chosen.loc[first, S.pcn_codes] += LIST_SEPARATOR + other
    return dataclasses.replace(made, choice=dataclasses.replace(made.choice, chosen=chosen))


@pytest.fixture(scope="module")
def data(tables: MapTables) -> dict:
    return block(build_map(tables))


def test_the_best_portfolio_is_told_by_rank(tables: MapTables, data: dict) -> None:
    best = tables.choice.chosen[tables.choice.chosen[S.portfolio] == 1].sort_values(S.site_rank)
    sites, codes = data["sites"], data["pcns"]["code"]
    assert sites["rank"] == list(range(1, len(best) + 1))
    assert sites["id"] == best[S.site_id].tolist() and sites["people"] == best[S.places].tolist()
    assert [LIST_SEPARATOR.join(codes[row] for row in rows) for rows in sites["pcns"]] == best[S.pcn_codes].tolist()
    r = SiteReasonFrame
    for site, sentences in zip(sites["id"], sites["reasons"], strict=True):
        told = tables.choice.reasons[tables.choice.reasons[r.site_id] == site].sort_values(r.order)
        assert sentences == told[r.sentence].tolist()


def test_comparators_are_told_with_how_like_they_are(tables: MapTables, data: dict) -> None:
    sites, comparators = data["sites"], data["sites"]["comparators"]
    rows = tables.choice.comparators.set_index([C.site_id, C.measure])
    for k, site in enumerate(sites["id"]):
        told = rows.loc[site]
        assert comparators["id"][sites["comparator"][k]] == told[C.comparator_id].iat[0]
        assert sites["distance"][k] == pytest.approx(told[C.distance].iat[0], abs=5e-4)
        assert sites["close_enough"][k] == told[C.close_enough].iat[0]
        figures = dict(zip(LIKENESS, sites["measures"][k], strict=True))
        for measure, wanted in told.iterrows():
            assert figures[measure][0] == pytest.approx(wanted[C.site_value], abs=5e-4, nan_ok=True)


def test_an_outline_is_the_union_of_the_pcns(tables: MapTables, data: dict) -> None:
    sites = data["sites"]
    pcns = tables.pcns.sort_values(PcnResultFrame.pcn_code, ignore_index=True)
    shapes = to_grid(thin_shapes(pcns.geometry))
    found = read_shapes(sites["shapes"])
    groups = [*sites["pcns"], *sites["comparators"]["pcns"]]
    assert list(found) == list(range(len(groups)))
    for row, group in enumerate(groups):
        wanted = shapely.union_all([shapes[k] for k in group])
        assert polygon(found[row]).symmetric_difference(wanted).area < 0.01 * wanted.area


def test_flows_are_those_of_the_plan_for_the_sites_alone(tables: MapTables, data: dict) -> None:
    flows = pd.DataFrame(data["sites"]["flows"])
    assert flows["places"].sum() == tables.choice.plan["places"].sum()
    assert flows["hours"].sum() == pytest.approx(tables.choice.plan["matched_hours"].sum(), rel=1e-4)


def test_without_a_choice_there_are_columns_without_rows(tables: MapTables) -> None:
    sites = block(build_map(dataclasses.replace(tables, choice=None)))["sites"]
    assert sites["id"] == sites["pcns"] == sites["reasons"] == sites["share_of_draws"] == []
    assert sites["shapes"] == "" and sites["comparators"]["id"] == []


def test_a_site_of_a_pcn_that_the_run_does_not_have_is_refused(tables: MapTables) -> None:
    chosen = tables.choice.chosen.assign(**{S.pcn_codes: "U99999"})
    with pytest.raises(KeyLinkError, match="PCNs of the plan are not among"):
        build_map(dataclasses.replace(tables, choice=dataclasses.replace(tables.choice, chosen=chosen)))
