"""Starting from an earlier plan: the same where nothing changed, sound where something did, refused where damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exhaustive import best_value
from pandas.testing import assert_frame_equal
from small_worlds import EXACT, World, make_world, pathway, pledge, seeded_archipelago

from geomap.config import MatchParams, WishParams
from geomap.difference import compare_plans, tell_differences
from geomap.errors import DataError
from geomap.load.earlier import load_earlier
from geomap.match import Match, MatchProblem, fairly, first, levels, solve_match, warm
from geomap.match.memory import Memory, digest_of, mark_pcns
from geomap.outputs import write_folder
from geomap.report.record import write_record
from geomap.schema import AllocationFrame, CapFrame, DemandFrame, DifferenceFrame, PlanRecord, PledgeFrame
from geomap.schema.record import RECORD_NAME, RECORD_TABLES
from geomap.wishes import apply_wishes

ONE_ROUND = EXACT.model_copy(update={"rounds": 1, "gap_share": 0.0})


@pytest.fixture
def by_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way a national match goes, however small the world; regions are of one PCN, windows of a few."""
    for module in (first, levels):
        monkeypatch.setattr(module, "ONE_MODEL_LINKS", 0)
    monkeypatch.setattr(first, "REGION_LINKS", 0)
    for module in (first, levels, fairly, warm):
        monkeypatch.setattr(module, "WINDOW_LINKS", 12)


def solve(world: World, earlier: PlanRecord | None = None, params: MatchParams = ONE_ROUND) -> Match:
    return solve_match(world.problem(), world.homes(), params, earlier=earlier)


def edited(world: World, number: int, factor: float = 1.5) -> World:
    """With more or fewer hours in one pledge."""
    hours = world.pledges[PledgeFrame.hours].copy()
    hours.iloc[number] = hours.iloc[number] * factor
    return world.change(pledges=world.pledges.assign(**{PledgeFrame.hours: hours}))


def assert_same(one: Match, other: Match) -> None:
    for name in RECORD_TABLES:
        assert_frame_equal(getattr(one.record, name), getattr(other.record, name))
    assert (one.objective, one.bound, one.status) == (other.objective, other.bound, other.status)


# --- nothing changed


def test_a_plan_that_nothing_touches_stays_as_it_is() -> None:
    world = seeded_archipelago(800, 6)
    match = solve(world)
    again = solve(world, match.record)
    assert_same(match, again)
    assert again.steps == 0
    world.prove(again)


def test_a_plan_that_nothing_touches_stays_as_it_is_by_regions(by_regions: None) -> None:
    world = seeded_archipelago(801, 6)
    match = solve(world)
    assert match.record.bound.regions
    assert_same(match, solve(world, match.record))


def test_a_search_that_ran_out_of_time_goes_on_from_where_it_was() -> None:
    world = seeded_archipelago(802, 6)
    cut_short = solve(world, params=ONE_ROUND.model_copy(update={"time_limit_s": 0}))
    assert cut_short.out_of_time
    again = solve(world, cut_short.record)
    assert again.levels["value"].iloc[0] >= cut_short.levels["value"].iloc[0] - 1e-9
    assert again.status == "optimal"


def test_with_no_time_at_all_the_earlier_plan_is_kept() -> None:
    """Greedy would do worse in some world of these."""
    world = seeded_archipelago(803, 40)
    best, greedy = solve(world), solve(world, params=ONE_ROUND.model_copy(update={"time_limit_s": 0}))
    no_time = ONE_ROUND.model_copy(update={"time_limit_s": 0, "rounds": 2})
    kept = solve(world, best.record, no_time)
    assert kept.levels["value"].iloc[0] >= best.levels["value"].iloc[0] - 1e-9
    assert kept.levels["value"].iloc[0] > greedy.levels["value"].iloc[0]
    world.prove(kept)


# --- a small change


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [0.4, 1.5])
def test_a_change_is_solved_around_and_the_bound_holds(by_regions: None, seed: int, factor: float) -> None:
    """The optimum of worlds side by side is the sum of what trying every plan gives for each."""
    worlds = seeded_archipelago(810 + seed, 6)
    before = solve(worlds)
    for number in (0, 5):
        after = edited(worlds, number, factor)
        best = sum(best_value(after.only(f"{k:03}.")) for k in range(6))
        match = solve(after, before.record)
        after.prove(match, ONE_ROUND)
        assert match.bound >= best - 1e-6
        assert match.levels["value"].iloc[0] <= best + 1e-6
        assert_same(match, solve(after, before.record))


def test_most_regions_are_not_solved_again(by_regions: None, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = seeded_archipelago(820, 8)
    before = solve(worlds)
    kept: list[str] = []
    keep = Memory.keep
    monkeypatch.setattr(Memory, "keep", lambda self, digest, *more: (kept.append(digest), keep(self, digest, *more)))
    match = solve(edited(worlds, widest(worlds), 0.4), before.record)
    solved_again = set(kept)
    assert 0 < len(solved_again) <= len(match.record.bound.bounds) / 2
    assert set(before.record.bound.bounds) & set(match.record.bound.bounds)


def test_a_lock_leaves_the_rest_of_the_map_alone(by_regions: None) -> None:
    worlds = seeded_archipelago(821, 8)
    before = solve(worlds)
    pledge_id = worlds.pledges[PledgeFrame.pledge_id].iloc[widest(worlds)]
    first_link = worlds.caps[worlds.caps[CapFrame.pledge_id] == pledge_id].iloc[0]
    lock = {"pledge_id": first_link[CapFrame.pledge_id], "pcn_code": first_link[CapFrame.pcn_code]}
    caps = apply_wishes(worlds.caps, worlds.pledges, WishParams.model_validate({"lock": [lock]}))
    problem = replace(worlds, caps=caps).problem()
    match = solve_match(problem, worlds.homes(), ONE_ROUND, earlier=before.record)
    changed = compare_plans(before.allocation, match.allocation)
    assert len(caps) < len(worlds.caps)
    tag = first_link[CapFrame.pcn_code][:4]
    near = marked(worlds.problem(), problem)
    assert {code[:4] for code in near} == {tag}
    # Windows are of a few PCNs, so a change reaches no world but its neighbours in the same window.
    assert len(set(changed[DifferenceFrame.pcn_code].str[:4])) <= 3


def widest(world: World) -> int:
    """Position of the pledge with the most links."""
    most = world.caps[CapFrame.pledge_id].value_counts().sort_index().idxmax()
    return int(np.flatnonzero(world.pledges[PledgeFrame.pledge_id] == most)[0])


def marked(one: MatchProblem, other: MatchProblem) -> set[str]:
    """PCNs whose marks differ."""
    a, b = (mark_pcns(problem, ONE_ROUND) for problem in (one, other))
    return {code for code in a if a[code] != b[code]}


def test_marks_tell_what_touches_a_pcn() -> None:
    """P reaches A and B, Q only C: more hours in P touch A and B, more demand in C touches C alone."""
    world = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 5), pledge("Q", "walk", 5)],
        demand={(code, "walk"): 9 for code in "ABC"}, reach={("P", "A"): 1.0, ("P", "B"): 0.5, ("Q", "C"): 1.0},
    )  # fmt: skip
    assert marked(world.problem(), edited(world, 0, 2.0).problem()) == {"A", "B"}
    more = world.demand[DemandFrame.demand_places] + world.demand[DemandFrame.pcn_code].eq("C").astype("int64")
    wider = world.change(demand=world.demand.assign(**{DemandFrame.demand_places: more}))
    assert marked(world.problem(), wider.problem()) == {"C"}
    fairer = ONE_ROUND.model_copy(update={"fairness_budget": 0.3})
    assert set(mark_pcns(world.problem(), fairer).values()).isdisjoint(mark_pcns(world.problem(), ONE_ROUND).values())


def test_a_plan_that_no_longer_fits_is_mended() -> None:
    """P's 6 walks are cut to 2, Q is new, and what P gave B goes to whom it can."""
    before = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 6)], demand={("A", "walk"): 3, ("B", "walk"): 3}
    )
    after = make_world(
        pathways=[pathway("walk")], pledges=[pledge("P", "walk", 2), pledge("Q", "walk", 1)],
        demand={("A", "walk"): 3, ("C", "walk"): 3}, weights={"C": 2.0},
    )  # fmt: skip
    match = solve(after, solve(before).record)
    after.prove(match)
    assert match.objective == pytest.approx(6.0)


def test_two_models_share_a_digest_only_when_all_numbers_are_alike() -> None:
    world = seeded_archipelago(830, 1)
    problem = world.problem()
    region, price = np.zeros(len(problem.ceiling), dtype=int), np.zeros(len(problem.pool_hours))
    model = first.Borders.find(problem, region, price).priced(problem, 0).linear
    assert digest_of(model) == digest_of(replace(model, value=model.value.copy()))
    for name in ("value", "upper", "row_upper", "row_lower"):
        array = getattr(model, name).copy()
        array[0] = 12345.0
        assert digest_of(replace(model, **{name: array})) != digest_of(model)


# --- the file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results that hold nothing but a plan."""
    record = solve(seeded_archipelago(840, 3)).record
    with write_folder(tmp_path / "results") as files:
        write_record(files, record)
    return tmp_path / "results"


def test_what_is_written_is_read_again(folder: Path, tmp_path: Path) -> None:
    record = solve(seeded_archipelago(840, 3)).record
    read = load_earlier(folder)
    for name in RECORD_TABLES:
        assert_frame_equal(getattr(read, name), getattr(record, name))
    rest = [name for name in PlanRecord.__dataclass_fields__ if name not in RECORD_TABLES]
    assert all(getattr(read, name) == getattr(record, name) for name in rest)
    assert write_record(tmp_path, read).read_bytes() == (folder / RECORD_NAME).read_bytes()


def test_a_folder_without_a_plan_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no plan.json, the plan of an earlier run.*After --from"):
        load_earlier(tmp_path)


def test_a_plan_that_was_changed_is_refused(folder: Path) -> None:
    path = folder / RECORD_NAME
    path.write_text(path.read_text(encoding="utf-8").replace('"best":', '"best": '), encoding="utf-8")
    with pytest.raises(DataError, match="not the plan that the manifest beside it tells of"):
        load_earlier(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("best", None), ("best", float("inf")), ("status", "fine"), ("finished", 1), ("allocation", [["P", "w"]]),
        ("courses", [["P", "w", -1]]), ("marks", []), ("bounds", {"x": [1.0]}), ("prices", {"P": -1.0}),
        ("first_allocation", [["P", "w", "A", 1], ["P", "w", "A", 2]]), ("regions", {"A": "north"}),
        ("format", "geomap plan 0"),
    ],
)  # fmt: skip
def test_a_damaged_plan_is_refused_in_one_sentence(folder: Path, tmp_path: Path, key: str, value: object) -> None:
    """The manifest agrees, so that what is looked at is the plan."""
    told = {**json.loads((folder / RECORD_NAME).read_text(encoding="utf-8")), key: value}
    with write_folder(tmp_path / "bad") as files:
        (files / RECORD_NAME).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DataError, match="plan.json: the plan (is damaged|was written by another version)"):
        load_earlier(tmp_path / "bad")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00\xff"])
def test_what_is_no_json_is_refused(folder: Path, text: str) -> None:
    (folder / RECORD_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="plan.json"):
        load_earlier(folder)


# --- the difference


def rows(*told: tuple[str, str, str, int]) -> pd.DataFrame:
    columns = [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code, AllocationFrame.places]
    return pd.DataFrame(told, columns=columns).astype(dict.fromkeys(columns[:3], "str"))


def test_the_difference_is_told_in_full_and_in_words() -> None:
    """A loses 2 of P, B gains 3 of P and 1 of the new Q; C stays."""
    world = make_world(pathways=[pathway("walk", 10.0)], pledges=[], demand={("A", "walk"): 9})
    old = rows(("P", "walk", "A", 2), ("P", "walk", "B", 1), ("P", "walk", "C", 5))
    new = rows(("P", "walk", "B", 4), ("P", "walk", "C", 5), ("Q", "walk", "B", 1))
    found = compare_plans(old, new)
    DifferenceFrame.validate(found)
    assert found.to_numpy().tolist() == [
        ["P", "walk", "A", 2, 0], ["P", "walk", "B", 1, 4], ["Q", "walk", "B", 0, 1],
    ]  # fmt: skip
    assert tell_differences(found, world.pathways, (8.0, 10.0)) == (
        "Against the earlier plan: 1 to 7 places given anew, 1 to 7 given up; 1 PCN gains, 1 loses.",
        "Participant-hours that serve others than before: about 40. Need-weighted completions: 8.0 before, 10.0 now.",
        "Gain most: B (1 to 7 places).",
        "Lose most: A (1 to 7 places).",
    )
    nothing = compare_plans(old, old)
    DifferenceFrame.validate(nothing)
    assert tell_differences(nothing, world.pathways, (8.0, 8.0)) == (
        "Against the earlier plan: nothing has changed.",
    )
