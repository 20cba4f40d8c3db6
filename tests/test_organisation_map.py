"""The organisational map before it is drawn: what is laid out adds up, and nothing lies over anything else."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from made_up import made_up_tables
from page_block import block

from geomap.errors import KeyLinkError
from geomap.phrases import KINDS
from geomap.render import build_map
from geomap.render.crossings import crossings, fewest_crossings
from geomap.render.data import page_data
from geomap.render.labels import MARKS
from geomap.render.link_layout import MOST_LINES, MOST_OPERATORS, MOST_PCNS, link_order
from geomap.render.organisation_data import ADVICE
from geomap.render.page import _in_key_order
from geomap.render.sankey import BARS_PX, LEAST_BAR_PX, LINE_PX, lines_of, sankey_data
from geomap.render.tree import by_name
from geomap.schema import (
    AllocationResultFrame,
    AttentionFrame,
    LedgerFrame,
    OperatorResultFrame,
    PathwayFrame,
    PcnResultFrame,
    PledgeResultFrame,
    ResultTables,
    TieFrame,
)
from geomap.schema.words import ATTENTION

BLOCKS = ("sankey", "tree", "link_order", "attention", "attention_lists")
SHUFFLED = (
    "pcns", "facilities", "allocation", "ledger", "pledges", "practices", "operators", "ties", "attention", "pathways",
)  # fmt: skip
LONGEST = "Bath and North East Somerset, Swindon and Wiltshire"


@pytest.fixture(scope="module")
def tables() -> ResultTables:
    return _in_key_order(made_up_tables(90, 160, seed=4))


@pytest.fixture(scope="module")
def data(tables: ResultTables) -> dict:
    return block(build_map(tables))


def made_up_hours(kinds: int, pathways: int, icbs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Hours that come in and go out alike at each pathway; some tiny, some none."""
    random = np.random.default_rng(seed)
    left = random.lognormal(6, 3, (kinds, pathways)) * (random.random((kinds, pathways)) < 0.8)
    left[0] += 1.0
    right = random.lognormal(2, 2, (pathways, icbs))
    return left, right * (left.sum(axis=0) / right.sum(axis=1))[:, None]


def names_for(kinds: int, pathways: int, icbs: int) -> tuple[list[str], list[str], list[str]]:
    return [f"kind {k}" for k in range(kinds)], [f"Pathway {k}" for k in range(pathways)], [LONGEST] * icbs


@pytest.mark.parametrize(("kinds", "pathways", "icbs"), [(1, 1, 1), (3, 5, 1), (5, 8, 36), (8, 12, 42)])
def test_nothing_of_the_diagram_lies_over_anything_else(kinds: int, pathways: int, icbs: int) -> None:
    made = sankey_data(*made_up_hours(kinds, pathways, icbs), names_for(kinds, pathways, icbs))
    for column in made["columns"]:
        top, tall = np.array(column["top"]), np.array(column["tall"])
        label, lines = np.array(column["label_top"]), np.array(column["lines"])
        assert (tall >= LEAST_BAR_PX - 0.01).all()
        assert (top[1:] >= (top + tall)[:-1]).all()
        assert (label[1:] >= (label + lines * LINE_PX)[:-1]).all()
        assert min(top.min(), label.min()) >= -0.01
        assert max((top + tall).max(), (label + lines * LINE_PX).max()) <= made["height"] + 0.02


@pytest.mark.parametrize("seed", range(5))
def test_widths_of_ribbons_add_up_to_their_bars(seed: int) -> None:
    left, right = made_up_hours(5, 8, 36, seed)
    made = sankey_data(left, right, names_for(5, 8, 36))
    scale = made["px_per_hour"]
    assert scale * left.sum() == pytest.approx(BARS_PX)
    columns = [pd.DataFrame(column).set_index("row") for column in made["columns"]]
    for k, columns_of_ribbons in enumerate(made["ribbons"]):
        ribbons = pd.DataFrame(columns_of_ribbons)
        np.testing.assert_allclose(ribbons["width"], ribbons["hours"] * scale, atol=0.06 * scale + 6e-4)
        for end, column in (("source", columns[k]), ("target", columns[k + 1])):
            widths = ribbons.groupby(end)["width"].sum()
            np.testing.assert_allclose(widths, (column["hours"] * scale)[widths.index], atol=0.05)
            for row, own in ribbons.groupby(end):
                own = own.sort_values(f"{end}_top")
                bottoms = own[f"{end}_top"] + own["width"]
                assert (own[f"{end}_top"].to_numpy()[1:] >= bottoms.to_numpy()[:-1] - 0.02).all()
                assert own[f"{end}_top"].min() >= column.at[row, "top"] - 0.02
                assert bottoms.max() <= column.at[row, "top"] + column.at[row, "tall"] + 0.02


def test_hours_of_the_diagram_are_those_of_the_plan(data: dict, tables: ResultTables) -> None:
    plan, pcn, operator = AllocationResultFrame, PcnResultFrame, OperatorResultFrame
    hours = tables.allocation[plan.matched_hours]
    kind_of = tables.operators.set_index(operator.operator_id)[operator.operator_kind]
    icb_of = tables.pcns.set_index(pcn.pcn_code)[pcn.icb_code]
    wanted = (
        (tables.allocation[plan.operator_id].map(kind_of), list(MARKS)),
        (tables.allocation[plan.pathway_id], tables.pathways[PathwayFrame.pathway_id].tolist()),
        (tables.allocation[plan.pcn_code].map(icb_of), data["icbs"]["code"]),
    )
    sankey = data["sankey"]
    assert sankey["hours"] == pytest.approx(hours.sum(), abs=0.1)
    for column, (keys, order) in zip(sankey["columns"], wanted, strict=True):
        sums = hours.groupby(keys.to_numpy()).sum()
        assert {order[row]: value for row, value in zip(column["row"], column["hours"], strict=True)} == pytest.approx(
            sums[sums > 0].to_dict(), abs=0.06
        )
    for ribbons in sankey["ribbons"]:
        assert sum(ribbons["hours"]) == pytest.approx(hours.sum(), abs=0.06 * len(ribbons["hours"]))
    pair = hours.groupby([wanted[1][0].to_numpy(), wanted[2][0].to_numpy()]).sum()
    last = sankey["ribbons"][1]
    found = zip(last["source"], last["target"], last["hours"], strict=True)
    assert {(wanted[1][1][s], wanted[2][1][t]): h for s, t, h in found} == pytest.approx(pair.to_dict(), abs=0.06)


def test_a_plan_that_matches_nothing_has_no_diagram(tables: ResultTables) -> None:
    nothing = dataclasses.replace(tables, allocation=tables.allocation.iloc[:0], ties=tables.ties.iloc[:0])
    data = page_data(nothing)
    assert data["sankey"]["columns"] == data["sankey"]["ribbons"] == []
    assert block(build_map(nothing))["tree"]["places"] == [[0, 0, 0]] * len(tables.ledger)
    assert data["link_order"]["all"]["operators"] == []


def test_crossings_count_each_pair_of_ribbons() -> None:
    random = np.random.default_rng(3)
    weights = random.random((4, 5)).round(2)
    cells = [(i, j, weights[i, j]) for i in range(4) for j in range(5)]
    slow = sum(a * b for i, j, a in cells for k, n, b in cells if k > i and n < j)
    assert crossings(weights) == pytest.approx(slow)


def test_an_order_without_crossings_is_found() -> None:
    chain = np.eye(6)
    mixed = chain[[3, 0, 5, 1, 4, 2]]
    assert crossings(mixed) > 0
    left, right = fewest_crossings([mixed])
    assert crossings(mixed[np.ix_(left, right)]) == 0


@pytest.mark.parametrize("seed", range(8))
def test_more_never_crosses_than_by_most_hours(seed: int) -> None:
    between = list(made_up_hours(6, 8, 20, seed))
    sums = between[0].sum(axis=1), between[1].sum(axis=1), between[1].sum(axis=0)
    by_hours = [np.argsort(-hours) for hours in sums]
    for held in ((), (2,)):
        found = fewest_crossings(between, held)
        assert [sorted(order) for order in found] == [list(range(6)), list(range(8)), list(range(20))]

        def cost(orders: list) -> float:
            return sum(crossings(between[k][np.ix_(orders[k], orders[k + 1])]) for k in range(2))

        assert cost(found) <= cost(by_hours) * (1 + 1e-9)
    assert (np.diff(sums[2][fewest_crossings(between, (2,))[2]]) <= 0).all()


@pytest.mark.parametrize(
    ("name", "room_px", "lines"),
    [("Devon", 178, 1), (LONGEST, 178, 3), ("Exercise referral", 150, 1), ("x" * 100, 69, 10), ("", 100, 1)],
)
def test_room_for_names(name: str, room_px: float, lines: int) -> None:
    assert lines_of(name, room_px) == lines


def test_sums_of_the_tree_are_those_of_its_pcns(data: dict, tables: ResultTables) -> None:
    names = ("icb", "sub_icb", "patients", "matched_places", "demand_places")
    pcns = pd.DataFrame({name: data["pcns"][name] for name in names})
    pcns["region"] = [data["icbs"]["region"][icb] for icb in pcns["icb"]]
    for level, parent in (("regions", "region"), ("icbs", "icb"), ("sub_icbs", "sub_icb")):
        sums = pcns[pcns[parent] >= 0].groupby(parent)[["patients", "matched_places", "demand_places"]].sum()
        told = data["tree"]["sums"][level]
        for name, column in (("patients", "patients"), ("people", "matched_places"), ("demand", "demand_places")):
            assert [told[name][row] for row in sums.index] == sums[column].tolist()
    regions = data["tree"]["sums"]["regions"]
    assert sum(regions["people"]) == tables.facts.people
    assert sum(regions["hours"]) == pytest.approx(tables.facts.matched_hours, abs=0.1 * len(regions["hours"]))


def test_hours_of_operator_kinds_are_those_of_the_ledger(data: dict, tables: ResultTables) -> None:
    kinds, facts = data["tree"]["sums"]["kinds"], tables.facts
    assert len(kinds["pledged"]) == len(MARKS) + 1 and kinds["pledged"][-1] == 0
    told = {"pledged": facts.pledged_hours, "matched": facts.matched_hours, "left": facts.unmatched_hours}
    assert {name: sum(kinds[name]) for name in told} == pytest.approx(told, abs=1)
    frame, operator = LedgerFrame, OperatorResultFrame
    kind_of = tables.operators.set_index(operator.operator_id)[operator.operator_kind]
    sums = tables.ledger.groupby(tables.ledger[frame.operator_id].map(kind_of).to_numpy())[frame.pledged_hours].sum()
    assert {key: kinds["pledged"][list(MARKS).index(key)] for key in sums.index} == pytest.approx(
        sums.to_dict(), abs=0.06
    )


def test_every_row_stands_once_in_its_tree(data: dict) -> None:
    order = data["tree"]["order"]
    for name in ("regions", "icbs", "sub_icbs", "pcns", "practices", "operators", "facilities", "pledges"):
        keys = data[name]["code"] if "code" in data[name] else data[name]["id"]
        assert sorted(order[name]) == list(range(len(keys)))
    assert sorted(order["kinds"]) == list(range(len(KINDS) + 1))
    pledged = [data["pledges"]["pledged_hours"][row] for row in order["pledges"]]
    assert all(a >= b - 0.06 for a, b in zip(pledged, pledged[1:], strict=False))
    assert all(data["pcns"]["sub_icb"][k] < 0 or data["sub_icbs"]["icb"][data["pcns"]["sub_icb"][k]] == icb
               for k, icb in enumerate(data["pcns"]["icb"]))  # fmt: skip


def test_names_stand_from_a_to_z() -> None:
    names = pd.Series(["b 10", "B 2", "a", "É", "b 2", "9" * 5000])
    assert [names[row] for row in by_name(names)] == ["9" * 5000, "a", "B 2", "b 2", "b 10", "É"]


def test_places_of_pledges_are_those_of_the_plan(data: dict, tables: ResultTables) -> None:
    plan = AllocationResultFrame
    pledges, pathways = data["pledges"], data["pathways"]
    given = {}
    for pledge, named, places in zip(pledges["id"], pledges["named"], data["tree"]["places"], strict=True):
        assert len(named) == len(places)
        given |= {(pledge, pathways["id"][row]): n for row, n in zip(named, places, strict=True) if n}
    assert given == tables.allocation.groupby([plan.pledge_id, plan.pathway_id])[plan.places].sum().to_dict()
    course_hours = dict(zip(pathways["id"], pathways["course_hours"], strict=True))
    hours = sum(places * course_hours[pathway] for (_, pathway), places in given.items())
    assert hours == pytest.approx(tables.allocation[plan.matched_hours].sum())


def test_a_plan_with_a_pathway_that_its_pledge_does_not_name_is_refused(tables: ResultTables) -> None:
    plan, offer = AllocationResultFrame, PledgeResultFrame
    first = tables.allocation[plan.pledge_id].iat[0]
    pledges = tables.pledges.assign(**{offer.pathways: tables.pledges[offer.pathways].mask(
        tables.pledges[offer.pledge_id] == first, "dance")})  # fmt: skip
    with pytest.raises(KeyLinkError, match="does not name"):
        page_data(dataclasses.replace(tables, pledges=pledges))


def made_up_ties(number: int, told: int) -> pd.DataFrame:
    """Six operators and as many PCNs as are needed, all matched; so many of the pairs are told of."""
    frame = pd.DataFrame({"operator": np.arange(number) % 6, "pcn": np.arange(number) // 6})
    status = np.where(np.arange(number) % 2, "formal", "none")
    is_told = np.arange(number) < told
    return frame.assign(status=np.where(is_told, status, "unknown"), told=is_told.astype(int), hours=10.0)


def test_links_are_all_drawn_while_they_are_few_and_then_those_told() -> None:
    few, many = made_up_ties(MOST_LINES, 5), made_up_ties(MOST_LINES + 1, 5)
    one_icb = np.zeros(30, dtype=int)
    drawn = link_order(few, one_icb, 1)["icbs"][0]
    assert drawn["untold"] == 1 and len(drawn["operators"]) == 6 and len(drawn["others"]) == MOST_LINES // 6
    thinned = link_order(many, one_icb, 1)["icbs"][0]
    assert thinned["untold"] == 0 and sorted(thinned["operators"]) == [0, 1, 2, 3, 4] and thinned["others"] == [0]


def test_who_is_in_reach_alone_has_no_line() -> None:
    ties = made_up_ties(12, 0).assign(hours=[0.0] * 11 + [5.0])
    assert link_order(ties, np.zeros(2, dtype=int), 1)["all"] == {"operators": [5], "others": [0], "untold": 1}


def test_each_icb_shows_its_own_operators_and_pcns(data: dict, tables: ResultTables) -> None:
    ties = pd.DataFrame({name: data["ties"][name] for name in ("pcn", "operator")})
    ties["icb"] = [data["pcns"]["icb"][pcn] for pcn in ties["pcn"]]
    assert len(data["link_order"]["icbs"]) == len(data["icbs"]["code"])
    for icb, told in enumerate(data["link_order"]["icbs"]):
        own = ties[ties["icb"] == icb]
        assert set(told["operators"]) <= set(own["operator"]) and set(told["others"]) <= set(own["pcn"])
        assert len(told["operators"]) <= MOST_OPERATORS and len(told["others"]) <= MOST_PCNS
    assert len(tables.ties[tables.ties[TieFrame.told]]) > 0


def test_lists_to_act_on_hold_every_row_most_hours_first(data: dict, tables: ResultTables) -> None:
    frame, told = AttentionFrame, pd.DataFrame(data["attention"])
    assert [entry["name"] for entry in data["attention_lists"]] == list(ATTENTION.values())
    assert set(ADVICE) == set(ATTENTION)
    for topic, key in enumerate(ATTENTION):
        wanted = tables.attention[tables.attention[frame.topic] == key]
        own = told[told["topic"] == topic]
        assert len(own) == len(wanted)
        assert own["people"].sum() == wanted[frame.people].sum()
        assert own["hours"].sum() == pytest.approx(wanted[frame.hours].sum(), abs=0.06 * max(1, len(own)))
        assert own["hours"].is_monotonic_decreasing
    assert told["topic"].is_monotonic_increasing and told["topic"].nunique() == len(ATTENTION)


def test_row_order_of_the_tables_changes_nothing(data: dict, tables: ResultTables) -> None:
    shuffled = {name: getattr(tables, name).sample(frac=1, random_state=5) for name in SHUFFLED}
    again = block(build_map(dataclasses.replace(tables, **shuffled)))
    for name in BLOCKS:
        assert json.dumps(again[name]) == json.dumps(data[name]), name
