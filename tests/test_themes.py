"""What the map is coloured by: classes by their rules, colours that hold for colour-blind readers."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from made_up import made_up_tables

from geomap.render.classes import quantile_classes, signed_classes
from geomap.render.labels import MARKS
from geomap.render.themes import themes
from geomap.schema import AttentionFrame, ChosenSiteFrame, MapTables, PathwayFrame, PcnResultFrame, UnmetFrame
from geomap.schema.words import OPERATOR_KINDS

F = PcnResultFrame

VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
"""Linear RGB as it is seen: Machado, Oliveira and Fernandes (2009), severity 1."""
LEAST_APART = 7.0
"""Of CIE lightness, 0 to 100; two neighbours closer than this are hard to tell apart in a small area."""


@pytest.fixture(scope="module")
def tables() -> MapTables:
    made = made_up_tables(60, 90, seed=4, choice=True)
    return dataclasses.replace(made, pcns=made.pcns.sort_values(F.pcn_code, ignore_index=True))


@pytest.fixture(scope="module")
def made(tables: MapTables) -> dict[str, dict]:
    return {theme["key"]: theme for theme in themes(tables)}


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lightness(colour: str, vision: str = "usual") -> float:
    """CIE L* of a colour as it is seen."""
    seen = np.clip(VISION[vision] @ linear(colour), 0, 1)
    luminance = seen @ np.array([0.2126, 0.7152, 0.0722])
    return 116 * np.cbrt(luminance) - 16 if luminance > 216 / 24389 else luminance * 24389 / 27


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


def test_gains_and_losses_are_cut_at_their_medians_and_zero_stands_alone() -> None:
    classes, losses, gains = signed_classes(np.array([-4.0, -3, -2, -1, 0, 0, 0, 1, 2, np.nan]))
    assert (losses, gains) == (2, 2)
    assert (classes.low, classes.high) == ((-4, -2, 0, 1, 2), (-3, -1, 0, 1, 2))
    assert (classes.count, classes.missing) == ((2, 2, 3, 1, 1), 1)
    alone, losses, gains = signed_classes(np.array([0.0, 0.0]))
    assert (alone.count, losses, gains) == ((2,), 0, 0)
    only_gains, losses, gains = signed_classes(np.array([3.0]))
    assert (only_gains.count, losses, gains) == ((1,), 0, 1)


def test_every_pcn_has_a_class_and_the_counts_are_theirs(made: dict[str, dict], tables: MapTables) -> None:
    assert list(made)[0] == "need"
    places = {"coverage", "coverage_first", "change", "unmet"}
    assert set(made) == {"need", "hours", "hours_left", *places, "gaps", "sites"}
    for theme in made.values():
        for told in [theme, *theme.get("by_pathway", [])]:
            assert len(told["of"]) == len(tables.pcns)
            assert told["count"] == [told["of"].count(str(k)) for k in range(len(told["colours"]))], theme["key"]
            assert told["missing"] == told["of"].count("-") == len(tables.pcns) - sum(told["count"])


@pytest.mark.parametrize("key", ["need", "hours", "hours_left", "coverage", "coverage_first", "unmet"])
def test_a_value_lies_within_its_class(made: dict[str, dict], tables: MapTables, key: str) -> None:
    theme = made[key]
    for cls, value in zip(theme["of"], tables.pcns[theme["column"]], strict=True):
        assert (cls == "-") == bool(pd.isna(value))
        if cls != "-":
            assert theme["low"][int(cls)] - 1e-4 <= value <= theme["high"][int(cls)] + 1e-4


def test_before_and_after_share_their_classes(made: dict[str, dict]) -> None:
    for before, after in (("hours", "hours_left"), ("coverage_first", "coverage")):
        same = ("low", "high", "colours", "unit")
        assert [made[before][name] for name in same] == [made[after][name] for name in same]
        assert made[after]["name"] in made[before]["rule"] and made[before]["name"] in made[after]["rule"]


def test_change_is_after_less_before(tables: MapTables) -> None:
    after = tables.pcns[F.coverage_share].to_numpy(dtype=float)
    before = np.clip(after + np.tile([-0.1, 0.0002, 0.03], 20), 0, 1)
    changed = dataclasses.replace(tables, pcns=tables.pcns.assign(**{F.first_coverage_share: before}))
    theme = {each["key"]: each for each in themes(changed)}["change"]
    change = np.round(np.round(after, 3) - np.round(before, 3), 3)
    signs = [np.sign(low) for low in theme["low"]]
    for cls, value in zip(theme["of"], change, strict=True):
        assert cls == "-" if np.isnan(value) else signs[int(cls)] == np.sign(value)
    assert theme["low"] == sorted(theme["low"])


def test_a_pathway_has_classes_of_its_own(made: dict[str, dict], tables: MapTables) -> None:
    u = UnmetFrame
    for k, pathway in enumerate(tables.pathways[PathwayFrame.pathway_id]):
        rows = tables.unmet[tables.unmet[u.pathway_id] == pathway].set_index(u.pcn_code)
        rows = rows.reindex(tables.pcns[F.pcn_code])
        coverage, unmet = made["coverage"]["by_pathway"][k], made["unmet"]["by_pathway"][k]
        assert unmet["high"][-1] == rows[u.unmet_places].max()
        assert coverage["missing"] == (rows[u.demand_places] == 0).sum()
        assert unmet["missing"] == 0


def test_the_first_gap_that_holds_counts(tables: MapTables) -> None:
    a, codes = AttentionFrame, tables.pcns[F.pcn_code]
    rows = [("one_facility", codes[0]), ("one_facility", codes[1]), ("pcn_without_link", codes[1]),
            ("pcn_without_link", codes[2])]  # fmt: skip
    attention = pd.DataFrame(
        {a.topic: [t for t, _ in rows], a.pcn_code: [c for _, c in rows], a.operator_id: None, a.facility_id: None,
         a.hours: 1.0, a.people: 1}
    )  # fmt: skip
    pcns = tables.pcns.assign(**{F.facilities_in_reach: [0, *[3] * (len(codes) - 1)]})
    theme = {each["key"]: each for each in themes(dataclasses.replace(tables, pcns=pcns, attention=attention))}["gaps"]
    assert theme["of"] == "012" + "3" * (len(codes) - 3)
    assert theme["count"] == [1, 1, 1, len(codes) - 3] and len(theme["labels"]) == 4


def test_sites_are_those_of_the_best_portfolio(made: dict[str, dict], tables: MapTables) -> None:
    chosen = tables.choice.chosen
    best = set(";".join(chosen.loc[chosen[ChosenSiteFrame.portfolio] == 1, ChosenSiteFrame.pcn_codes]).split(";"))
    codes = tables.pcns[F.pcn_code]
    found = {code for code, cls in zip(codes, made["sites"]["of"], strict=True) if cls == "0"}
    assert found == best & set(codes) != set()
    assert "1" in made["sites"]["of"]


def test_sites_are_left_out_where_none_are_chosen_and_gaps_never(tables: MapTables) -> None:
    bare = dataclasses.replace(tables, choice=None, reachable=tables.reachable.iloc[:0])
    told = {theme["key"] for theme in themes(bare)}
    assert "sites" not in told and "gaps" in told


@pytest.mark.parametrize("vision", VISION)
def test_classes_stay_apart_in_lightness_for_every_reader(made: dict[str, dict], vision: str) -> None:
    for theme in made.values():
        for one, other in itertools.combinations(theme["colours"], 2):
            assert abs(lightness(one, vision) - lightness(other, vision)) >= LEAST_APART, (theme["key"], one, other)


def test_scales_of_figures_darken_towards_more(made: dict[str, dict]) -> None:
    for key in ("need", "hours", "coverage", "unmet"):
        steps = [lightness(colour) for colour in made[key]["colours"]]
        assert steps == sorted(steps, reverse=True)


def test_no_theme_sets_red_against_green(made: dict[str, dict]) -> None:
    def leads(colour: str, channel: int) -> bool:
        channels = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        return all(channels[channel] > 1.5 * value for k, value in enumerate(channels) if k != channel)

    for theme in made.values():
        reds, greens = ([colour for colour in theme["colours"] if leads(colour, channel)] for channel in (0, 1))
        assert not (reds and greens), theme["key"]


def test_what_is_no_step_of_a_scale_has_a_pattern_or_is_pale(made: dict[str, dict]) -> None:
    for key in ("gaps", "sites"):
        told = list(zip(made[key]["patterns"], made[key]["colours"], strict=True))
        assert len(set(told)) == len(told)
        assert len({pattern for pattern, _ in told if pattern}) == sum(bool(pattern) for pattern, _ in told)


def test_each_kind_of_operator_has_a_letter_of_its_own_on_a_dark_ground() -> None:
    assert set(MARKS) == set(OPERATOR_KINDS)
    assert len({letter for letter, _ in MARKS.values()}) == len(MARKS)
    for _, colour in MARKS.values():
        luminance = linear(colour) @ np.array([0.2126, 0.7152, 0.0722])
        assert 1.05 / (luminance + 0.05) >= 4.5
