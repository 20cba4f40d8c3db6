"""The map as text: what stands in it, what cannot, and that it is the same every time."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from made_up import HOSTILE, made_up_tables
from page_block import block

from geomap.errors import KeyLinkError, OutputError
from geomap.phrases import finding, hours_worth
from geomap.render import build_map
from geomap.render.assets import check_no_remote, element
from geomap.render.encode import json_block
from geomap.render.packed import pack
from geomap.schema import (
    AllocationResultFrame,
    AttentionFrame,
    FacilityResultFrame,
    LedgerFrame,
    LinkFrame,
    NeedFrame,
    OperatorResultFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    PlaceFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    ResultTables,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.words import INELIGIBLE_REASONS, UNMATCHED_REASONS, UNMET_REASONS

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
    "operators": OperatorResultFrame,
    "pledges": PledgeResultFrame,
    "practices": PracticeResultFrame,
    "reachable": ReachableFrame,
    "ties": TieFrame,
    "attention": AttentionFrame,
    "places": PlaceFrame,
}


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return made_up_tables(30, 60, seed=2)


@pytest.fixture(scope="module")
def page(tables: ResultTables) -> str:
    return build_map(tables)


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
    facilities = tables.facilities.sort_values(FacilityResultFrame.facility_id)
    assert data["facilities"]["id"] == facilities[FacilityResultFrame.facility_id].tolist()
    assert sum(data["pledges"]["pledged_hours"]) == pytest.approx(tables.facts.pledged_hours)
    assert len(data["pledges"]["id"]) == len(tables.ledger)
    lengths = {len(column) for column in data["pcns"].values()}
    assert lengths == {len(pcns)}


def test_a_pledge_tells_what_it_offers_and_where_it_was_read(page: str, tables: ResultTables) -> None:
    frame, data = PledgeResultFrame, block(page)
    pledges = tables.pledges.sort_values(frame.pledge_id, ignore_index=True)
    ids = data["pathways"]["id"]
    for name, told in (("named", frame.pathways), ("deliverable", frame.deliverable)):
        assert [";".join(ids[row] for row in rows) for rows in data["pledges"][name]] == pledges[told].tolist()
    roles = [None if row is None else ";".join(row) for row in data["pledges"]["roles"]]
    assert roles == [None if pd.isna(text) else text for text in pledges[frame.roles]]
    assert data["role_words"]["walk_leader"] == "walk leader"
    for name in (frame.delivery, frame.start_date, frame.end_date, frame.updated, frame.source, frame.sheet, frame.row):
        assert data["pledges"][name] == [None if pd.isna(value) else value for value in pledges[name]], name


def test_a_pathway_that_the_run_does_not_know_stays_as_it_was_written(tables: ResultTables) -> None:
    frame = PledgeResultFrame
    pledges = tables.pledges.assign(**{frame.pathways: tables.pledges[frame.pathways] + ";chess"})
    named = block(build_map(dataclasses.replace(tables, pledges=pledges)))["pledges"]["named"]
    assert {tuple(row) for row in named} == {(1, 3, 4, "chess")}


def test_reach_and_ties_come_back_as_they_went_in(page: str, tables: ResultTables) -> None:
    data = block(page)
    reach, facility_ids, codes = data["reachable"], data["facilities"]["id"], data["pcns"]["code"]
    told = {
        (facility_ids[facility], codes[pcn]): (share / 100, minutes)
        for pcn, steps in enumerate(reach["facilities"])
        for facility, share, minutes in zip(
            itertools.accumulate(steps), reach["share"][pcn], reach["minutes"][pcn], strict=True
        )
    }
    frame = ReachableFrame
    wanted = tables.reachable.set_index([frame.facility_id, frame.pcn_code])
    assert set(told) == set(wanted.index) and len(told) == len(wanted)
    for key, (share, minutes) in told.items():
        assert share == pytest.approx(wanted.loc[key, frame.reach_share], abs=0.0051)
        assert minutes == pytest.approx(wanted.loc[key, frame.minutes_min], abs=0.51)
    ties = pd.DataFrame(data["ties"])
    assert ties["hours"].sum() == pytest.approx(tables.ties[TieFrame.matched_hours].sum())
    assert ties["status"].value_counts().to_dict() == tables.ties[TieFrame.link_status].value_counts().to_dict()
    assert ties["told"].sum() == tables.ties[TieFrame.told].sum()


def test_every_pcn_stands_in_a_sub_icb_of_its_own_icb(page: str, tables: ResultTables) -> None:
    data = block(page)
    pcns, subs, icbs = data["pcns"], data["sub_icbs"], data["icbs"]
    assert [subs["icb"][row] for row in pcns["sub_icb"]] == pcns["icb"]
    assert set(pcns["sub_icb"]) == set(range(len(subs["code"])))
    regions = tables.pcns.set_index(PcnResultFrame.icb_code)[PcnResultFrame.region_code].to_dict()
    assert [data["regions"]["code"][row] for row in icbs["region"]] == [regions[code] for code in icbs["code"]]
    frame = PracticeResultFrame
    for row in range(0, len(pcns["code"]), 5):
        own = tables.practices[
            tables.practices[frame.pcn_code].eq(pcns["code"][row])
            & tables.practices[frame.icb_code].eq(icbs["code"][pcns["icb"][row]])
        ]
        sums = own.groupby(frame.sub_icb_code)[frame.patients].sum()
        assert sums[subs["code"][pcns["sub_icb"][row]]] == sums.max()


def test_results_that_tell_nothing_of_organisations_still_make_a_page(tables: ResultTables) -> None:
    models = {name: MODELS[name] for name in ("operators", "pledges", "practices", "reachable", "ties", "attention")}
    bare = dataclasses.replace(tables, **{name: model.no_rows() for name, model in models.items()})
    data = block(build_map(bare))
    assert data["operators"]["id"] == block(build_map(tables))["operators"]["id"]
    assert set(data["pcns"]["sub_icb"]) == {-1} and data["practices"]["code"] == []
    assert set(map(len, data["reachable"]["facilities"])) == {0}


def test_packing_is_undone_to_the_letter_and_saves() -> None:
    columns = {
        "rising": [0, 0, 3, 7, *range(7, 107)],
        "coded": ["a reason that is long", None, "another"] * 34 + ["a reason that is long"] * 2,
        "lists": [[0, 1], None] * 52,
        "falling": list(range(104, 0, -1)),
        "floats": [0.5] * 104,
        "names": [f"name {k}" for k in range(104)],
        "flags": [True, False] * 52,
    }
    packed = pack({"block": columns, "plain": [1, 2]})
    told = packed["packed"]
    assert told["coded"] == {"block": ["coded", "lists"]} and told["steps"] == {"block": ["rising"]}
    assert packed["plain"] == [1, 2] and packed["block"]["names"] == columns["names"]
    text = json_block(packed)
    assert len(text) < len(json_block({"block": columns, "plain": [1, 2]}))
    html = f'<script type="application/json" id="data">{text}</script>'
    assert block(html)["block"] == columns


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
    placeless = flows.loc[flows["facility"] < 0, "places"].sum()
    assert placeless == plan.loc[homeless, AllocationResultFrame.places].sum() > 0


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
        assert name in data["facilities"]["name"], name
        # src=… and the like are ordinary code in the libraries, so only names that are not are sought outside.
        if k != HOSTILE.index("__proto__"):
            assert name not in outside_block(html), name
    assert data["facts"]["label"] == HOSTILE[0]
    assert "window.hit" not in outside_block(html)


def test_geometry_carries_numbers_only(page: str) -> None:
    given = re.findall(r'geomap\.read(Shapes|Places)\("([^"]*)"\)', page)
    assert [kind for kind, _ in given] == ["Shapes", "Shapes", "Places"]
    assert all(re.fullmatch(r"[\w-]+", text) for _, text in given)
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


@pytest.mark.slow
def test_national_page_is_small() -> None:
    tables = made_up_tables(1_298, 4_000, seed=1)
    assert len(tables.allocation) > 20_000
    assert len(build_map(tables).encode("utf-8")) < 6_000_000
