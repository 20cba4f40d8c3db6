"""Small worlds for the tests of the match: made by hand in a few lines, or drawn at random; and one worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from geomap.config import MatchParams, PeriodParams
from geomap.demand import bound_places
from geomap.ledger import build_ledger, check_balance
from geomap.match import Match, MatchProblem, fairly, first, levels, solve_match
from geomap.offers import link_offers
from geomap.proof import Levels, Plan, check_plan
from geomap.reasons import PlannedTables, explain_unmatched, explain_unmet
from geomap.runner import Runner
from geomap.schema import (
    AgeShareFrame,
    AllocationFrame,
    CeilingFrame,
    DemandFrame,
    FacilityFrame,
    HoursReasonFrame,
    LedgerFrame,
    NeedFrame,
    PathwayFrame,
    PledgeFrame,
    PostcodeFrame,
    ReachFrame,
    UnmetFrame,
)
from geomap.schema.words import CRS, UNMATCHED_REASONS, UNMET_REASONS

PERIOD = PeriodParams(start=date(2026, 4, 1), end=date(2027, 3, 31), as_of=date(2026, 4, 1))
EXACT = MatchParams(require_roles=False, time_limit_s=60, gap_share=0, fairness_budget=0)
"""No completion is given up for fairness, so that the plan's value is that of the first level."""
NO_TIME = EXACT.model_copy(update={"time_limit_s": 0.0})


def fair(budget: float, core20: str = "name") -> MatchParams:
    """May give up that share of the need-weighted completions."""
    return EXACT.model_copy(update={"fairness_budget": budget, "core20": core20})


Row = dict[str, object]


def make_frame(model: type, rows: Sequence[Row]) -> pd.DataFrame:
    """A table of the model's columns in its dtypes; what a row does not say is missing."""
    kinds = {name: str(column.dtype) for name, column in model.to_schema().columns.items() if name != "geometry"}
    columns = {name: [row.get(name) for row in rows] for name in kinds}
    return pd.DataFrame({name: pd.Series(columns[name], dtype=kind) for name, kind in kinds.items()})


def pathway(pathway_id: str, course_hours: float = 1.0, uptake: float = 1.0, completion: float = 1.0, **more) -> Row:
    """A pathway of one session a week; any venue type `hall`, any role, any age."""
    f = PathwayFrame
    weeks = more.pop("weeks", 1.0)
    return {
        f.pathway_id: pathway_id, f.pathway_name: pathway_id, f.weeks: weeks, f.sessions_per_week: 1.0,
        f.session_hours: course_hours / weeks, f.course_hours: course_hours, f.venue_types: "hall", f.roles: "",
        f.age_min: 0.0, f.age_max: 120.0, f.referral_share: 0.1, f.uptake_share: uptake,
        f.completion_share: completion, f.group_size: 12.0, **more,
    }  # fmt: skip


def pledge(pledge_id: str, pathways: str, hours: float, **more) -> Row:
    """A pledge of participant hours, on site, at the hall of its own operator."""
    f = PledgeFrame
    return {
        f.pledge_id: pledge_id, f.operator_id: "O1", f.facility_id: "hall", f.pathways: pathways, f.hours: hours,
        f.hour_unit: "participant", f.delivery: "on_site", **more,
    }  # fmt: skip


def led(pledge_id: str, pathways: str, hours: float, group: float, *, least: float = 1.0, fill: float = 1.0) -> Row:
    """A pledge of class hours."""
    f = PledgeFrame
    return pledge(pledge_id, pathways, hours) | {
        f.hour_unit: "class", f.group_size: group, f.fill_share: fill, f.min_group: least,
    }  # fmt: skip


def halls(*rows: Row) -> gpd.GeoDataFrame:
    """Facilities: the hall named, or one hall of operator O1."""
    f = FacilityFrame
    plain = {
        f.facility_id: "hall", f.operator_id: "O1", f.facility_name: "Hall", f.venue_type: "hall",
        f.location_basis: "coordinates",
    }  # fmt: skip
    rows = rows or ({},)
    spots = gpd.points_from_xy([row.get("x", 0) for row in rows], [row.get("y", 0) for row in rows], crs=CRS)
    return gpd.GeoDataFrame(make_frame(f, [plain | row for row in rows]), geometry=spots)


@dataclass(frozen=True, kw_only=True)
class World:
    """All tables of one match."""

    pledges: pd.DataFrame
    pathways: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    need: pd.DataFrame
    offers: pd.DataFrame
    ineligible: pd.DataFrame
    caps: pd.DataFrame

    def problem(self) -> MatchProblem:
        return MatchProblem.from_frames(
            self.offers, self.caps, self.demand, ceilings=self.ceilings, need=self.need, pathways=self.pathways
        )

    def homes(self) -> pd.DataFrame:
        """Where each PCN lies: A, B and C of every world far apart, so that a cut comes between them."""
        codes = self.need[NeedFrame.pcn_code]
        metres = codes.str[-1].map({"A": 0.0, "B": 10_000.0, "C": 20_000.0, "D": 30_000.0}).to_numpy(dtype=float)
        return pd.DataFrame({PostcodeFrame.easting: metres, PostcodeFrame.northing: metres}, index=codes)

    def solve(self, params: MatchParams = EXACT, runner: Runner | None = None) -> Match:
        return solve_match(self.problem(), self.homes(), params, runner=runner)

    def solve_by_regions(
        self, params: MatchParams = EXACT, region_links: int = 0, runner: Runner | None = None
    ) -> Match:
        """The way a national match goes, at every level; regions and windows have so many links, or one PCN."""
        with pytest.MonkeyPatch.context() as patch:
            for module in (first, levels):
                patch.setattr(module, "ONE_MODEL_LINKS", 0)
                patch.setattr(module, "WINDOW_LINKS", region_links)
            patch.setattr(first, "REGION_LINKS", region_links)
            for limit in ("WINDOW_LINKS", "WORST_LINKS"):
                patch.setattr(fairly, limit, region_links)
            return self.solve(params, runner)

    def plan(self, match: Match, params: MatchParams = EXACT) -> Plan:
        return Plan(
            allocation=match.allocation, courses=match.courses, objective=match.objective, bound=match.bound,
            pledges=self.pledges, offers=self.offers, caps=self.caps, reach=self.reach, demand=self.demand,
            ceilings=self.ceilings, need=self.need, pathways=self.pathways,
            levels=Levels(
                first_allocation=match.first_allocation, told=match.levels, fairness_budget=params.fairness_budget
            ),
        )  # fmt: skip

    def tables(self, match: Match) -> PlannedTables:
        return PlannedTables(
            allocation=match.allocation, courses=match.courses, offers=self.offers, caps=self.caps, reach=self.reach,
            demand=self.demand, ceilings=self.ceilings, pathways=self.pathways,
        )  # fmt: skip

    def ledger(self, match: Match) -> pd.DataFrame:
        return build_ledger(self.pledges, self.ineligible, match.allocation, self.offers)

    def unmet(self, match: Match) -> pd.DataFrame:
        return explain_unmet(self.tables(match))

    def unmatched(self, match: Match) -> pd.DataFrame:
        return explain_unmatched(self.tables(match), self.ledger(match))

    def prove(self, match: Match, params: MatchParams = EXACT) -> None:
        """The plan holds, the ledger balances, and the reasons add up to what was left."""
        check_plan(self.plan(match, params))
        ledger, unmatched, unmet = self.ledger(match), self.unmatched(match), self.unmet(match)
        check_balance(ledger, pd.concat([self.ineligible, unmatched]))
        told, left = unmatched[HoursReasonFrame.hours].sum(), ledger[LedgerFrame.unmatched_hours].sum()
        assert told == pytest.approx(left, rel=1e-9)
        assert set(unmatched[HoursReasonFrame.reason]) <= set(UNMATCHED_REASONS)
        short = unmet[unmet[UnmetFrame.unmet_places] > 0]
        assert set(short[UnmetFrame.reason]) <= set(UNMET_REASONS)
        asked, given = self.demand[DemandFrame.demand_places].sum(), match.allocation[AllocationFrame.places].sum()
        assert short[UnmetFrame.unmet_places].sum() == asked - given

    def change(self, **tables: pd.DataFrame) -> World:
        """With other inputs, and what follows from them made anew."""
        new = replace(self, **tables)
        return finish(
            {name: getattr(new, name) for name in ("pledges", "pathways", "reach", "demand", "ceilings", "need")}
        )

    def only(self, tag: str) -> World:
        """The part of an archipelago whose ids begin with a tag."""
        mine = {}
        for name in self.__dataclass_fields__:
            table = getattr(self, name)
            mine[name] = table[table.iloc[:, 0].str.startswith(tag)].reset_index(drop=True)
        return World(**mine)


def finish(inputs: Mapping[str, pd.DataFrame], facilities: pd.DataFrame | None = None) -> World:
    """Add offers, ineligible hours and caps to the input tables."""
    pledges, pathways, demand, reach = (inputs[n] for n in ("pledges", "pathways", "demand", "reach"))
    facilities = halls() if facilities is None else facilities
    offers, ineligible = link_offers(pledges, facilities, pathways, period=PERIOD, params=EXACT)
    ages = make_frame(AgeShareFrame, [])
    caps = bound_places(offers, reach, demand, pledges=pledges, pathways=pathways, ages=ages)
    return World(**inputs, offers=offers, ineligible=ineligible, caps=caps)


def make_world(
    *,
    pathways: Sequence[Row],
    pledges: Sequence[Row],
    demand: Mapping[tuple[str, str], int],
    reach: Mapping[tuple[str, str], float] | None = None,
    ceilings: Mapping[str, float] | None = None,
    weights: Mapping[str, float] | None = None,
    core20: Mapping[str, float] | None = None,
    minutes: Mapping[tuple[str, str], float] | None = None,
) -> World:
    """A world in a few words; unless told, every pledge reaches all of every PCN in 5 minutes, and no ceiling binds."""
    codes = sorted({pcn for pcn, _ in demand})
    if reach is None:
        reach = {(row[PledgeFrame.pledge_id], pcn): 1.0 for row in pledges for pcn in codes}
    return finish(
        {
            "pledges": make_frame(PledgeFrame, pledges),
            "pathways": make_frame(PathwayFrame, pathways),
            "reach": make_frame(
                ReachFrame,
                [reach_row(*key, share, minutes=(minutes or {}).get(key, 5.0)) for key, share in reach.items()],
            ),
            "demand": make_frame(DemandFrame, [demand_row(*key, places) for key, places in demand.items()]),
            "ceilings": make_frame(CeilingFrame, [ceiling_row(c, (ceilings or {}).get(c, 1e6)) for c in codes]),
            "need": make_frame(
                NeedFrame, [need_row(c, (weights or {}).get(c, 1.0), (core20 or {}).get(c)) for c in codes]
            ),
        }
    )


def reach_row(pledge_id: str, pcn: str, share: float, catchment: str | None = None, minutes: float = 5.0) -> Row:
    """Unless a catchment is told, each pledge reaches people of its own."""
    f = ReachFrame
    return {
        f.pledge_id: pledge_id, f.pcn_code: pcn, f.reach_share: share, f.minutes_min: minutes, f.basis: "distance",
        f.catchment: catchment,
    }  # fmt: skip


def demand_row(pcn: str, pathway_id: str, places: int) -> Row:
    f = DemandFrame
    return {
        f.pcn_code: pcn, f.pathway_id: pathway_id, f.eligible_patients: 10.0 * places,
        f.target_referrals: float(places), f.starts: float(places), f.demand_places: places,
    }  # fmt: skip


def ceiling_row(pcn: str, referrals: float) -> Row:
    f = CeilingFrame
    return {f.pcn_code: pcn, f.link_worker_fte: 1.0, f.fte_basis: "reported", f.ceiling_referrals: referrals}


def need_row(pcn: str, weight: float, core20: float | None = None, patients: int = 1000) -> Row:
    """Where `core20` is told, that share of the patients live in the most deprived fifth."""
    f = NeedFrame
    return {
        f.pcn_code: pcn, f.patients: patients, f.need_index: 0.5, f.weight: weight, f.core20_share: core20,
        f.core20_basis: "unknown" if core20 is None else "lsoa",
    }  # fmt: skip


Pick = Callable[[Sequence], object]
SIZES = (1000, 3700, 12_345)
"""Patients of a PCN."""


def draw_inputs(pick: Pick, tag: str, *, scarce: bool = False) -> dict[str, list[Row]]:
    """
    Rows of a random world of at most 4 pledges, 3 PCNs and 2 pathways; every id begins with the tag.

    Where hours are `scarce` there are some, but too few, and 3 PCNs that all want them.
    """
    pcns = [f"{tag}{letter}" for letter in "ABC"[: 3 if scarce else pick((1, 2, 3, 3))]]
    paths = [
        pathway(f"{tag}w{k}", pick((1.0, 2.0, 3.0, 1.5, 0.7)), pick((0.5, 0.67, 1.0)), pick((0.4, 0.5, 1.0)))
        for k in range(pick((1, 2, 2)))
    ]
    names = [str(row[PathwayFrame.pathway_id]) for row in paths]
    pledges, reach = [], []
    for k in range(pick((1, 2, 3, 4))):
        mine = names if pick((True, False)) else [pick(names)]
        hours = pick((3.0, 4.5, 6.0) if scarce else (0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 7.3, 9.0, 40.0))
        if pick((True, False)):
            made = led(f"{tag}p{k}", ";".join(mine), hours, pick((2.0, 3.0, 4.0)), least=pick((1.0, 2.0, 3.0)))
            made[PledgeFrame.fill_share] = pick((1.0, 1.0, 0.8, 0.75))
            made[PledgeFrame.hour_unit] = pick(("class", "facility"))
        else:
            made = pledge(f"{tag}p{k}", ";".join(mine), hours, hour_unit=pick(("participant", "staff")))
        pledges.append(made)
        near = (0.67, 1.0) if scarce else (0.0, 0.35, 0.67, 1.0, 1.0)
        shares = [(pcn, pick(near), pick((0.0, 2.5, 5.0, 12.0))) for pcn in pcns]
        reach += [reach_row(f"{tag}p{k}", pcn, share, minutes=m) for pcn, share, m in shares if share > 0]
    known = pick((True, False))
    wanted, referrals = ((2, 3), (3.0, 1e6)) if scarce else ((0, 1, 2, 3, 3), (0.0, 2.0, 3.0, 4.5, 2 / 0.67, 1e6, 1e6))
    return {
        "pledges": pledges,
        "pathways": paths,
        "reach": reach,
        "demand": [demand_row(pcn, name, pick(wanted)) for pcn in pcns for name in names],
        "ceilings": [ceiling_row(pcn, pick(referrals)) for pcn in pcns],
        "need": [
            need_row(pcn, pick((1.0, 1.0, 0.5, 1.7, 2.0)), pick((0.0, 0.1, 0.45, None)) if known else None, pick(SIZES))
            for pcn in pcns
        ],
    }


MODELS = {
    "pledges": PledgeFrame, "pathways": PathwayFrame, "reach": ReachFrame, "demand": DemandFrame,
    "ceilings": CeilingFrame, "need": NeedFrame,
}  # fmt: skip


def make_archipelago(drawn: Sequence[dict[str, list[Row]]]) -> World:
    """Random worlds side by side in the same tables: nothing joins them, so their optima add up."""
    inputs = {name: make_frame(model, [row for one in drawn for row in one[name]]) for name, model in MODELS.items()}
    return finish(inputs)


def seeded_archipelago(seed: int, worlds: int, *, scarce: bool = False) -> World:
    """An archipelago that a seed tells in full; tags are `000.`, `001.` and so on."""
    random = np.random.default_rng(seed)

    def pick(options: Sequence) -> object:
        return options[random.integers(len(options))]

    return make_archipelago([draw_inputs(pick, f"{k:03}.", scarce=scarce) for k in range(worlds)])


@st.composite
def archipelagos(draw: st.DrawFn, worlds: int) -> World:
    """For hypothesis: so many random worlds side by side."""
    return make_archipelago([draw_inputs(lambda o: draw(st.sampled_from(o)), f"{k:03}.") for k in range(worlds)])


def value_by_world(world: World, allocation: pd.DataFrame) -> pd.Series:
    """Need-weighted completions of each world of an archipelago, by tag."""
    weight = allocation[AllocationFrame.pcn_code].map(world.need.set_index(NeedFrame.pcn_code)[NeedFrame.weight])
    share = world.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.completion_share]
    value = allocation[AllocationFrame.places] * weight * allocation[AllocationFrame.pathway_id].map(share)
    tags = sorted(set(world.need[NeedFrame.pcn_code].str[:4]))
    return value.groupby(allocation[AllocationFrame.pcn_code].str[:4]).sum().reindex(tags).fillna(0.0)
