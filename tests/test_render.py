"""The map as text: what stands in it, what cannot, and that it is the same every time."""

from __future__ import annotations

import dataclasses
import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_up import HOSTILE, made_up_tables

from geomap.errors import KeyLinkError, OutputError
from geomap.phrases import finding, hours_worth
from geomap.render import build_map
from geomap.render.assets import check_no_remote, element
from geomap.render.classes import quantile_classes
from geomap.render.encode import json_block
from geomap.render.layers import thin_shapes
from geomap.schema import (
    AllocationResultFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    NeedFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.words import CRS, INELIGIBLE_REASONS, UNMATCHED_REASONS, UNMET_REASONS

MODELS = {
    "pcns": PcnResultFrame,
    "facilities": FacilityResultFrame,
    "allocation": AllocationResultFrame,
    "unmet": UnmetFrame,
    "unmatched": UnmatchedHoursFrame,
    "ledger": LedgerFrame,
    "pathways": PathwayFrame,
    "need": NeedFrame,
    "links": LinkFrame,
    "outlines": OutlineFrame,
}


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return made_up_tables(30, 60, seed=2)


@pytest.fixture(scope="module")
def page(tables: ResultTables) -> str:
    return build_map(tables)


def block(html: str) -> dict:
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def outside_block(html: str) -> str:
    return re.sub(r'<script type="application/json" id="data">.*?</script>', "", html, flags=re.DOTALL)


@pytest.mark.parametrize("hostile", [False, True])
def test_made_up_tables_hold_the_declarations(hostile: bool) -> None:
    made = made_up_tables(20, 40, seed=3, hostile=hostile)
    for name, model in MODELS.items():
        model.validate(getattr(made, name), lazy=True)


def test_page_is_one_english_document_with_a_policy(page: str) -> None:
    assert page.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
    assert page.count("<html") == page.count("</html>") == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy and "http" not in policy


def test_block_equals_the_tables(page: str, tables: ResultTables) -> None:
    data = block(page)
    pcns = tables.pcns.sort_values(PcnResultFrame.pcn_code)
    assert data["pcns"]["code"] == pcns[PcnResultFrame.pcn_code].tolist()
    assert data["pcns"]["name"] == pcns[PcnResultFrame.pcn_name].tolist()
    assert data["pcns"]["unmet_places"] == pcns[PcnResultFrame.unmet_places].tolist()
    shares = pd.Series(data["pcns"]["coverage_share"], dtype=float)
    np.testing.assert_allclose(shares, pcns[PcnResultFrame.coverage_share], atol=5e-4)
    sites = tables.facilities.sort_values(FacilityResultFrame.facility_id)
    assert data["sites"]["id"] == sites[FacilityResultFrame.facility_id].tolist()
    assert sum(data["sites"]["pledged_hours"]) == pytest.approx(tables.facts.pledged_hours)
    assert len(data["pledges"]["id"]) == len(tables.ledger)
    lengths = {len(column) for column in data["pcns"].values()}
    assert lengths == {len(pcns)}


def test_flows_keep_every_place_and_hour(page: str, tables: ResultTables) -> None:
    data, plan = block(page), tables.allocation
    flows = pd.DataFrame(data["flows"])
    assert flows["places"].sum() == plan[AllocationResultFrame.places].sum()
    assert flows["hours"].sum() == pytest.approx(plan[AllocationResultFrame.matched_hours].sum())
    codes = pd.Series(data["pcns"]["code"])[flows["pcn"]].to_numpy()
    by_pcn = flows.groupby(codes)["places"].sum()
    wanted = plan.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.places].sum()
    assert by_pcn.to_dict() == wanted.to_dict()
    homeless = plan[AllocationResultFrame.facility_id].isna()
    assert flows.loc[flows["site"] < 0, "places"].sum() == plan.loc[homeless, AllocationResultFrame.places].sum() > 0


def test_unused_hours_add_up(page: str, tables: ResultTables) -> None:
    unused = pd.DataFrame(block(page)["unused"])
    by_stage = unused.groupby("stage")["hours"].sum()
    assert by_stage["ineligible"] == pytest.approx(tables.facts.ineligible_hours, rel=1e-4)
    assert by_stage["unmatched"] == pytest.approx(tables.facts.unmatched_hours, rel=1e-4)


def test_same_bytes_whatever_the_row_order(page: str, tables: ResultTables) -> None:
    assert build_map(tables) == page
    shuffled = {name: getattr(tables, name).sample(frac=1, random_state=7) for name in MODELS}
    assert build_map(dataclasses.replace(tables, **shuffled)) == page


def test_tables_are_left_as_they_were(tables: ResultTables) -> None:
    before = {name: getattr(tables, name).copy() for name in MODELS}
    build_map(tables)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(tables, name)), pd.DataFrame(frame))


def test_hostile_names_stand_in_the_block_and_nowhere_else() -> None:
    html = build_map(made_up_tables(30, 60, seed=2, hostile=True))
    data = block(html)
    for k, name in enumerate(HOSTILE):
        assert name in data["pcns"]["name"], name
        assert name in data["sites"]["name"], name
        # src=… and the like are ordinary code in the libraries, so only names that are not are sought outside.
        if k != HOSTILE.index("__proto__"):
            assert name not in outside_block(html), name
    assert data["facts"]["label"] == HOSTILE[0]
    assert "window.hit" not in outside_block(html)


def test_geometry_carries_row_numbers_only(page: str) -> None:
    script = re.search(r'"features": (.*?)"type": "FeatureCollection"', page, re.DOTALL).group(1)
    assert set(re.findall(r'"properties": (\{[^}]*\})', script)) == {f'{{"row": {row}}}' for row in range(30)}
    assert not re.search(r"_[0-9a-f]{32}\b", page)


def test_json_block_is_safe_and_means_the_same() -> None:
    data = {"names": list(HOSTILE), "nothing": None, "number": 1.5, **dict.fromkeys(HOSTILE, 1)}
    text = json_block(data)
    assert json.loads(text) == data
    assert text.isascii()
    assert not re.search(r"[<>&]", text)
    assert "{{" not in text and "{%" not in text and "{#" not in text and "${" not in text
    with pytest.raises(ValueError, match="Out of range"):
        json_block({"number": float("nan")})


@pytest.mark.parametrize(
    "part",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        "<img srcset='a.png 1x, http://example.org/b.png 2x'>",
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>p { background: url(http://example.org/a.png) }</style>",
        '<p style="background:url(//example.org/a.png)">x</p>',
        "<script>document.body.innerHTML = '<img src=\"https://example.org/a.png\">'</script>",
        '<a href="https://example.org">x</a>',
        '<object data="https://example.org/a.swf"></object>',
        '<form action="https://example.org"></form>',
    ],
)
def test_anything_remote_stops_the_build(part: str) -> None:
    with pytest.raises(OutputError, match=r"ask the network"):
        check_no_remote(f"<!DOCTYPE html><html><body>{part}</body></html>")


def test_data_addresses_and_data_text_are_not_remote() -> None:
    check_no_remote('<img src="data:image/png;base64,iVBOR//8=">')
    check_no_remote('<script type="application/json">{"a":"src=https://example.org url(http://x)"}</script>')


def test_no_library_comes_from_a_network(page: str) -> None:
    check_no_remote(page)
    for host in ("cdn.", "jsdelivr", "cdnjs", "bootstrap", "fontawesome", "sourceMappingURL"):
        assert host not in outside_block(page), host


def test_script_that_would_end_itself_is_refused() -> None:
    with pytest.raises(OutputError, match="end it early"):
        element("script", "const a = '</SCRIPT>';")


def test_hours_and_places_have_words_of_their_own(page: str) -> None:
    """The same code says another thing of hours nobody used than of people nobody could place."""
    data = block(page)
    assert data["hours_reasons"] == INELIGIBLE_REASONS | UNMATCHED_REASONS
    assert data["unmet_reasons"] == UNMET_REASONS
    assert data["hours_reasons"]["rounding"] != data["unmet_reasons"]["rounding"]


def test_hours_are_told_as_stated_and_as_counted(page: str, tables: ResultTables) -> None:
    facts = block(page)["facts"]
    assert facts["stated_hours"] == round(tables.facts.stated_hours, 4) < facts["pledged_hours"]
    assert facts["hours_worth"] == hours_worth(tables.facts)
    assert facts["finding"] == finding(tables.facts)


def test_classes_are_quantiles() -> None:
    classes = quantile_classes(np.arange(1, 101, dtype=float), 5)
    assert classes.count == (20, 20, 20, 20, 20)
    assert classes.low == (1, 21, 41, 61, 81) and classes.high == (20, 40, 60, 80, 100)


def test_classes_keep_ties_together_and_leave_none_empty() -> None:
    values = np.array([0.0] * 70 + [0.5] * 5 + [1.0] * 20 + [np.nan] * 5)
    classes = quantile_classes(values, 5)
    assert classes.missing == 5
    assert (classes.low, classes.high, classes.count) == ((0.0, 0.5), (0.0, 1.0), (70, 25))
    for value in (0.0, 0.5, 1.0):
        assert len({c for c, v in zip(classes.of, values, strict=True) if v == value}) == 1
    assert [c for c, v in zip(classes.of, values, strict=True) if np.isnan(v)] == [-1] * 5


@pytest.mark.parametrize(("values", "count"), [([], ()), ([np.nan], ()), ([3.0], (1,)), ([2.0, 2.0], (2,))])
def test_classes_of_hardly_anything(values: list[float], count: tuple[int, ...]) -> None:
    assert quantile_classes(np.array(values), 5).count == count


def test_thin_shapes_keeps_borders_shared_and_the_count_down() -> None:
    angles = np.linspace(0, 2 * np.pi, 60_000, endpoint=False)
    wobble = 20_000 + 300 * np.sin(angles * 900)
    blob = shapely.Polygon(np.column_stack([wobble * np.cos(angles) + 400_000, wobble * np.sin(angles) + 300_000]))
    halves = [shapely.intersection(blob, shapely.box(*box)) for box in
              ((300_000, 200_000, 400_000, 400_000), (400_000, 200_000, 500_000, 400_000))]  # fmt: skip
    shapes = gpd.GeoSeries([*halves, None], index=[4, 9, 2], crs=CRS)
    thinned = thin_shapes(shapes)
    assert thinned.index.tolist() == [4, 9, 2] and thinned[2] is None
    assert shapely.get_num_coordinates(thinned.to_numpy()[:2]).sum() < 60_000
    assert thinned[4].intersection(thinned[9]).area == pytest.approx(0, abs=1)
    assert thinned[4].area == pytest.approx(halves[0].area, rel=0.01)


def test_a_plan_that_names_an_unknown_facility_is_refused(tables: ResultTables) -> None:
    fewer = tables.facilities.iloc[5:]
    with pytest.raises(KeyLinkError, match="facilities of the plan are not among"):
        build_map(dataclasses.replace(tables, facilities=fewer))


def test_nothing_matched_and_no_outlines_still_makes_a_page(tables: ResultTables) -> None:
    bare = dataclasses.replace(
        tables,
        allocation=tables.allocation.iloc[:0],
        unmatched=tables.unmatched.iloc[:0],
        links=tables.links.iloc[:0],
        outlines=tables.outlines.iloc[:0],
    )
    data = block(build_map(bare))
    assert data["flows"]["pcn"] == [] and data["flow_classes"]["high"] == []


def test_national_page_is_small() -> None:
    tables = made_up_tables(1_298, 4_000, seed=1)
    assert len(tables.allocation) > 20_000
    assert len(build_map(tables).encode("utf-8")) < 6_000_000


def test_ring_smaller_than_the_coordinate_grid_is_left_out() -> None:
    """A hole of a few metres rounds to a line; the national footprints have some, and the page must still be drawn."""
    tables = made_up_tables(3, 4, 7)
    hole = shapely.box(0, 0, 2, 2)
    inside = [shapely.affinity.translate(hole, *area.representative_point().coords[0]) for area in tables.pcns.geometry]
    areas = [area.difference(gap) for area, gap in zip(tables.pcns.geometry, inside, strict=True)]
    pcns = tables.pcns.set_geometry(gpd.GeoSeries(areas, crs=tables.pcns.crs))
    assert any(len(area.interiors) for area in areas)
    assert build_map(dataclasses.replace(tables, pcns=pcns))
