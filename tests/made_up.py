"""Invented results of any size, for the tests of the map: they hold every declaration and add up, but mean nothing."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from made_up_beside import made_up_access, made_up_asks, made_up_footprints, made_up_opportunities
from made_up_organisations import Invented, made_up_backing, made_up_other_facilities, made_up_places

from geomap import board
from geomap.config import HealthBudgetParams
from geomap.disclose import nearest
from geomap.few import hide_few
from geomap.schema import (
    AccountingFrame,
    AllocationResultFrame,
    DemandFrame,
    DifferenceFrame,
    FacilityResultFrame,
    FairnessFrame,
    LedgerFrame,
    LevelFrame,
    NeedFrame,
    OfferFrame,
    OperatorFrame,
    OutlineFrame,
    PathwayFrame,
    PcnResultFrame,
    PlanFacts,
    PledgeFrame,
    PrevalenceFrame,
    PriceFrame,
    ReachableFrame,
    ResultTables,
    UnmatchedHoursFrame,
    UnmetFrame,
)
from geomap.schema.words import CRS, FAIRNESS_MEASURES, FIFTHS, LEVELS, OPERATOR_KINDS, VENUE_TYPES

HOSTILE = (
    "<script>window.hit = 1</script>",
    "{{ 7*7 }}",
    "{% raw %}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "${window.hit = 2}",
    "`window.hit = 3`",
    "\"'><img src=x onerror='window.hit = 4'>",
    "{# gone #}kept",
    "</script><script>window.hit = 5</script>",
    "<!--geomap:data-->",
    "\u202eright to left",
    "\U0001f3ca swimming & diving &amp; more",
    "line\u2028separator\u2029end",
    "javascript:window.hit = 6",
    "src=https://example.org/a.js url(https://example.org/b.png)",
    "\\u003cb\\u003e \\",
    "__proto__",
)
"""Names that would run, vanish or break the page if they were ever taken for code."""

PATHWAYS = (
    ("cardiac", "Cardiac rehabilitation", 8, 2, 1.0),
    ("dance", "Dance", 10, 1, 1.5),
    ("falls", "Falls prevention", 26, 2, 1.0),
    ("referral", "Exercise referral", 12, 2, 1.0),
    ("walking", "Walking and gentle activity", 12, 1, 1.0),
)


def _pathways() -> pd.DataFrame:
    f = PathwayFrame
    return pd.DataFrame(
        [
            {
                f.pathway_id: key, f.pathway_name: name, f.weeks: float(weeks), f.sessions_per_week: float(sessions),
                f.session_hours: hours, f.course_hours: weeks * sessions * hours, f.venue_types: "gym;hall",
                f.roles: "instructor", f.age_min: 18.0, f.age_max: 120.0, f.referral_share: 0.05, f.uptake_share: 0.67,
                f.completion_share: 0.5, f.group_size: 12.0,
            }
            for key, name, weeks, sessions, hours in PATHWAYS
        ]
    )  # fmt: skip


def made_up_name(row: int, plain: str, hostile: bool) -> str:
    """One of the hostile names where they are asked for and not used up, else the plain one."""
    return HOSTILE[row] if hostile and row < len(HOSTILE) else plain


def _footprints(points: np.ndarray) -> gpd.GeoSeries:
    """One cell a point: the part of the frame nearest to it."""
    frame = shapely.box(*(points.min(axis=0) - 3000), *(points.max(axis=0) + 3000))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame, ordered=True))
    return gpd.GeoSeries(shapely.segmentize(shapely.intersection(cells, frame), 2000), crs=CRS)


def _sites(random: np.random.Generator, n_sites: int, spots: np.ndarray, hostile: bool) -> gpd.GeoDataFrame:
    f = FacilityResultFrame
    operator = np.sort(random.integers(0, max(1, n_sites // 8), n_sites))
    pledged = np.round(random.lognormal(7.2, 0.9, n_sites), 0)
    eligible = np.round(pledged * random.uniform(0.7, 1.0, n_sites), 0)
    return gpd.GeoDataFrame(
        {
            f.facility_id: [made_up_name(i, f"F{i:05d}", hostile and i % 3 == 0) for i in range(n_sites)],
            f.facility_name: [made_up_name(i, f"Riverside Leisure Centre {i}", hostile) for i in range(n_sites)],
            f.operator_id: [f"OP{k:04d}" for k in operator],
            f.operator_name: [made_up_name(k, f"Active Trust {k}", hostile) for k in operator],
            f.operator_kind: [OPERATOR_KINDS[k % len(OPERATOR_KINDS)] for k in operator],
            f.venue_type: [VENUE_TYPES[i % len(VENUE_TYPES)] for i in range(n_sites)],
            f.pledges: np.full(n_sites, 2),
            f.pathways: "referral;walking",
            f.pledged_hours: pledged,
            f.eligible_hours: eligible,
            f.matched_hours: 0.0,
            f.unmatched_hours: eligible,
            f.people: 0,
            f.pcns_served: 0,
            f.geometry: gpd.points_from_xy(spots[:, 0], spots[:, 1], crs=CRS),
        },
        crs=CRS,
    )


def _allocation(random: np.random.Generator, sites: pd.DataFrame, spots, centres, pcns: pd.DataFrame) -> pd.DataFrame:
    """
    Up to eight (PCN, pathway) for each facility, nearest PCNs first, never more hours than are eligible.

    Every twelfth PCN is served by one facility alone.
    """
    f = AllocationResultFrame
    course_hours = {key: weeks * sessions * hours for key, _, weeks, sessions, hours in PATHWAYS}
    rows, alone = [], {}
    for i, site in enumerate(sites.itertuples(index=False)):
        distance_m = np.hypot(*(centres - spots[i]).T)
        left = site.eligible_hours * random.choice([1.0, 0.8, 0.0], p=[0.5, 0.4, 0.1])
        for k, j in enumerate(np.argsort(distance_m, kind="stable")[:4]):
            if j % 12 == 11 and alone.setdefault(j, i) != i:
                continue
            for pathway in ("referral", "walking"):
                places = int(min(random.integers(1, 12), left // course_hours[pathway]))
                if places < 1:
                    continue
                left -= places * course_hours[pathway]
                is_anywhere = i % 40 == 7 and k == 0
                rows.append(
                    {
                        f.pledge_id: f"P{i:05d}-{2 if is_anywhere else k % 2}",
                        f.operator_id: site.operator_id,
                        f.operator_name: site.operator_name,
                        f.facility_id: pd.NA if is_anywhere else site.facility_id,
                        f.facility_name: pd.NA if is_anywhere else site.facility_name,
                        f.pathway_id: pathway,
                        f.pcn_code: pcns[PcnResultFrame.pcn_code].iat[j],
                        f.pcn_name: pcns[PcnResultFrame.pcn_name].iat[j],
                        f.places: places,
                        f.matched_hours: places * course_hours[pathway],
                        f.referrals: places / 0.67,
                        f.completions: places * 0.5,
                        f.minutes_min: float(np.round(distance_m[j] / 600, 1)),
                    }
                )
    text = [f.pledge_id, f.operator_id, f.operator_name, f.facility_id, f.facility_name, f.pathway_id, f.pcn_code,
            f.pcn_name]  # fmt: skip
    return pd.DataFrame(rows).astype(dict.fromkeys(text, "str"))


def _need(random: np.random.Generator, codes: list[str]) -> pd.DataFrame:
    f, n = NeedFrame, len(codes)
    parts = {name: np.round(random.uniform(0, 1, n), 3) for name in
             (f.imd_percentile, f.inactive_percentile, f.long_term_percentile, f.aged_65_percentile)}  # fmt: skip
    index = 0.4 * parts[f.imd_percentile] + 0.2 * parts[f.inactive_percentile] + 0.3 * parts[f.long_term_percentile]
    frame = pd.DataFrame(
        {
            f.pcn_code: codes,
            f.patients: random.integers(25_000, 90_000, n),
            f.imd_score: random.uniform(5, 50, n),
            f.inactive_share: random.uniform(0.15, 0.35, n),
            f.long_term_ratio: random.uniform(0.7, 1.4, n),
            f.aged_65_share: random.uniform(0.08, 0.3, n),
            **parts,
            f.own_percentile: np.nan,
            f.need_index: np.round(index + 0.1 * parts[f.aged_65_percentile], 3),
            f.weight: 1.0,
            f.core20_share: random.uniform(0, 0.7, n),
            f.core20_basis: "practice_score",
            f.deprivation_fifth: random.integers(1, 6, n).astype(float),
        }
    )
    frame.loc[3::50, [f.inactive_share, f.inactive_percentile]] = np.nan
    return frame


def _unmet(random: np.random.Generator, codes: list[str], allocation: pd.DataFrame) -> pd.DataFrame:
    f = UnmetFrame
    given = allocation.groupby([AllocationResultFrame.pcn_code, AllocationResultFrame.pathway_id])[
        AllocationResultFrame.places
    ].sum()
    keys = pd.MultiIndex.from_product([codes, [p[0] for p in PATHWAYS]], names=[f.pcn_code, f.pathway_id])
    matched = given.reindex(keys, fill_value=0).to_numpy()
    unmet = np.where(random.random(len(keys)) < 0.2, 0, random.integers(0, 60, len(keys)))
    frame = keys.to_frame(index=False).astype("str")
    frame[f.demand_places] = matched + unmet
    frame[f.matched_places] = matched
    frame[f.unmet_places] = unmet
    reasons = random.choice(["none_within_reach", "hours_used_up", "link_worker_ceiling"], len(keys))
    frame[f.reason] = pd.Series(np.where(unmet > 0, reasons, None), dtype="str")
    nobody = frame[f.pcn_code].isin(codes[5::40]) & (matched == 0)
    frame.loc[nobody, [f.demand_places, f.unmet_places]] = 0
    frame.loc[nobody, f.reason] = pd.NA
    return frame


def _pcns(random, need: pd.DataFrame, unmet: pd.DataFrame, allocation: pd.DataFrame, shapes, hostile: bool):
    """ICBs of about 30 PCNs, three at least; two regions that share them."""
    f, n = PcnResultFrame, len(need)
    icb = np.sort(random.integers(0, max(3, n // 30), n))
    sums = unmet.groupby(UnmetFrame.pcn_code)[
        [UnmetFrame.demand_places, UnmetFrame.matched_places, UnmetFrame.unmet_places]
    ].sum()  # fmt: skip
    sums = sums.reindex(need[NeedFrame.pcn_code]).reset_index(drop=True)
    given = allocation.groupby(AllocationResultFrame.pcn_code)[AllocationResultFrame.matched_hours].sum()
    demand = sums[UnmetFrame.demand_places].astype(float)
    same = (f.pcn_code, f.patients, f.need_index, f.imd_score, f.inactive_share, f.long_term_ratio, f.aged_65_share,
            f.core20_share, f.deprivation_fifth)  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            **{name: need[name] for name in same},
            f.pcn_name: [made_up_name(i, f"Northern Parishes {i} PCN", hostile) for i in range(n)],
            f.icb_code: [f"Q{k:02d}" for k in icb],
            f.icb_name: [made_up_name(k, f"NHS Middle Shire {k} Integrated Care Board", hostile) for k in icb],
            f.icb_codes: [f"Q{k:02d}" + (";QZZ" if k % 9 == 0 else "") for k in icb],
            f.region_code: [f"Y{k % 2 + 1}" for k in icb],
            f.region_name: [made_up_name(k % 2, ("Middle England", "Farther England")[k % 2], hostile) for k in icb],
            f.practices: random.integers(2, 9, n),
            f.link_worker_fte: np.round(random.uniform(0, 5, n), 2),
            f.fte_basis: np.where(random.random(n) < 0.2, "median", "reported"),
            f.ceiling_referrals: np.round(random.uniform(50, 300, n), 0),
            **{name: sums[name] for name in (f.demand_places, f.matched_places, f.unmet_places)},
            f.coverage_share: (sums[UnmetFrame.matched_places] / demand.where(demand > 0)),
            f.first_coverage_share: (sums[UnmetFrame.matched_places] / demand.where(demand > 0)),
            f.hours_in_reach: np.round(random.uniform(0, 90, n), 2),
            f.hours_left_in_reach: np.round(random.uniform(0, 40, n), 2),
            f.matched_hours: given.reindex(need[NeedFrame.pcn_code], fill_value=0.0).to_numpy(dtype=float),
            f.completions: sums[UnmetFrame.matched_places] * 0.5,
            f.facilities_in_reach: random.integers(0, 30, n),
            f.main_unmet_reason: pd.Series("hours_used_up", index=sums.index, dtype="str").where(
                sums[UnmetFrame.unmet_places] > 0
            ),
            f.geometry: shapes,
        },
        crs=shapes.crs,
    )
    return frame[list(f.to_schema().columns)]


def _with_match(sites: gpd.GeoDataFrame, allocation: pd.DataFrame) -> gpd.GeoDataFrame:
    f, a = FacilityResultFrame, AllocationResultFrame
    groups = allocation.groupby(a.facility_id)
    ids = sites[f.facility_id]
    hours = groups[a.matched_hours].sum().reindex(ids, fill_value=0.0).to_numpy()
    return sites.assign(
        **{
            f.matched_hours: hours,
            f.unmatched_hours: np.maximum(sites[f.eligible_hours] - hours, 0.0),
            f.people: groups[a.places].sum().reindex(ids, fill_value=0).to_numpy(),
            f.pcns_served: groups[a.pcn_code].nunique().reindex(ids, fill_value=0).to_numpy(),
        }
    )


def _ledger(sites: pd.DataFrame, allocation: pd.DataFrame) -> pd.DataFrame:
    """Two pledges a facility, what is left of it half in each, and those without one; a class's hour serves eight."""
    f, s, a = LedgerFrame, FacilityResultFrame, AllocationResultFrame
    spent = allocation.groupby(a.pledge_id)[a.matched_hours].sum()
    lost, left = (sites[s.pledged_hours] - sites[s.eligible_hours]) / 2, sites[s.unmatched_hours] / 2
    parts = [
        pd.DataFrame(
            {
                f.pledge_id: [f"P{i:05d}-{half}" for i in range(len(sites))],
                f.operator_id: sites[s.operator_id],
                f.facility_id: sites[s.facility_id],
                f.hour_unit: ("participant", "class")[half],
                f.ineligible_hours: lost,
                f.unmatched_hours: left,
            }
        )
        for half in (0, 1)
    ]
    alone = allocation[allocation[a.facility_id].isna()].drop_duplicates(a.pledge_id)
    alone = alone[[f.pledge_id, f.operator_id, f.facility_id]]
    parts.append(alone.assign(**{f.hour_unit: "participant", f.ineligible_hours: 0.0, f.unmatched_hours: 0.0}))
    frame = pd.concat(parts, ignore_index=True)
    frame[f.matched_hours] = frame[f.pledge_id].map(spent).fillna(0.0)
    frame[f.eligible_hours] = frame[f.matched_hours] + frame[f.unmatched_hours]
    frame[f.pledged_hours] = frame[f.eligible_hours] + frame[f.ineligible_hours]
    frame[f.hours] = frame[f.pledged_hours] / frame[f.hour_unit].map({"participant": 1, "class": 8})
    text = dict.fromkeys((f.pledge_id, f.operator_id, f.facility_id, f.hour_unit), "str")
    return frame[list(f.to_schema().columns)].astype(text)


def _unmatched(ledger: pd.DataFrame) -> pd.DataFrame:
    f = UnmatchedHoursFrame
    keys = [LedgerFrame.pledge_id, LedgerFrame.operator_id, LedgerFrame.facility_id]
    parts = [
        ledger[keys].assign(**{f.stage: stage, f.reason: reason, f.hours: ledger[column]})
        for stage, reason, column in (
            ("ineligible", "outside_period", LedgerFrame.ineligible_hours),
            ("unmatched", "demand_met", LedgerFrame.unmatched_hours),
        )
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame[frame[f.hours] > 0].astype({f.stage: "str", f.reason: "str"}).reset_index(drop=True)


def _facts(pcns: pd.DataFrame, sites: pd.DataFrame, ledger: pd.DataFrame, hostile: bool) -> PlanFacts:
    f = LedgerFrame
    people = int(pcns[PcnResultFrame.matched_places].sum())
    return PlanFacts(
        name=HOSTILE[1] if hostile else "Middle Shire",
        label=HOSTILE[0] if hostile else "Illustrative",
        period_start="2026-04-01",
        period_end="2027-03-31",
        as_of="2026-06-30",
        stated_hours=float(ledger[f.hours].sum()),
        pledged_hours=float(ledger[f.pledged_hours].sum()),
        ineligible_hours=float(ledger[f.ineligible_hours].sum()),
        eligible_hours=float(ledger[f.eligible_hours].sum()),
        matched_hours=float(ledger[f.matched_hours].sum()),
        unmatched_hours=float(ledger[f.unmatched_hours].sum()),
        people=people,
        completions=people * 0.5,
        pcns=len(pcns),
        pcns_covered=int((pcns[PcnResultFrame.matched_places] > 0).sum()),
        patients=int(pcns[PcnResultFrame.patients].sum()),
        demand_places=int(pcns[PcnResultFrame.demand_places].sum()),
        unmet_places=int(pcns[PcnResultFrame.unmet_places].sum()),
        link_worker_fte=float(pcns[PcnResultFrame.link_worker_fte].sum()),
        pcns_fte_not_reported=int((pcns[PcnResultFrame.fte_basis] == "median").sum()),
        fte_policy="median",
        status="within gap",
        objective=99.0,
        bound=100.0,
        gap_share=0.01,
        pledges_read=len(ledger) + 3,
        pledges_rejected=3,
        notes=(HOSTILE[4] if hostile else "Patients are placed at their practice's postcode.", "Uptake is 67%."),
        sources=(
            ("Practices and PCNs", "epcn.zip, June 2026", "NHS England, Open Government Licence v3.0"),
            ("List sizes", HOSTILE[5] if hostile else "gp-reg.zip, July 2026", "NHS England, OGL v3.0"),
        ),
    )


def made_up_levels() -> pd.DataFrame:
    """A plan that lost 1 of 100 to fairness, proven in part."""
    f = LevelFrame
    return pd.DataFrame(
        {
            f.level: range(1, len(LEVELS) + 1),
            f.objective: pd.Series(LEVELS, dtype="str"),
            f.value: [99.0, 0.0125, 0.2, 98.0, 12_345.6],
            f.bound: [100.0, 0.01, 0.25, 99.0, 12_000.0],
            f.gap_share: [0.01, 0.2, 0.2, 0.01, 0.028],
            f.status: pd.Series(["within gap", "optimal", "stopped", "within gap", "stopped"], dtype="str"),
            f.proved_to: [np.nan, np.nan, 0.2, np.nan, np.nan],
        }
    )


def made_up_fairness(**changes: float) -> pd.DataFrame:
    """Figures that could be a country's; `after` changed where told, by measure or by measure and group."""
    f = FairnessFrame
    figures = {
        **{("coverage_by_fifth", fifth): (0.5 - 0.04 * n, 0.52 - 0.04 * n) for n, fifth in enumerate(FIFTHS)},
        ("coverage_by_fifth", "unknown"): (np.nan, np.nan),
        ("worst_coverage", "worst PCN"): (0.0, 0.01),
        ("worst_coverage", "worst tenth"): (0.083, 0.124),
        ("gini_coverage", "all"): (0.312, 0.281),
        ("gini_coverage", "reachable"): (0.306, 0.275),
        ("core20_need", "all"): (0.278, 0.278),
        ("core20_completions", "all"): (0.237, 0.251),
        ("core20_shortfall", "all"): (0.041, 0.027),
        ("pcns_with_nothing", "reachable"): (3.0, 3.0),
        ("pcns_with_nothing", "cannot refer"): (0.0, 0.0),
        ("pcns_with_nothing", "out of reach"): (11.0, 11.0),
        ("people", "all"): (77_538.0, 76_900.0),
        ("need_weighted_completions", "all"): (48_816.1, 48_279.1),
        ("price_per_point", "worst PCN"): (np.nan, 537.0),
        ("price_per_point", "worst tenth"): (np.nan, 131.0),
        ("price_per_point", "Gini"): (np.nan, 173.2),
        ("need_against_fte", "reported"): (0.164, 0.164),
        **{("fte_by_need_fifth", fifth): (0.62 - 0.035 * n,) * 2 for n, fifth in enumerate(FIFTHS)},
    }
    rows = [
        {
            f.measure: measure,
            f.group: group,
            f.unit: FAIRNESS_MEASURES[measure],
            f.before: before,
            f.after: changes.get(f"{measure} {group}", changes.get(measure, after)),
        }
        for (measure, group), (before, after) in figures.items()
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys((f.measure, f.group, f.unit), "str"))


def made_up_prices(names: list[str]) -> pd.DataFrame:
    """One price of each kind, and one a name."""
    f = PriceFrame
    kinds = ["fte", "km", *["hour"] * len(names)]
    frame = pd.DataFrame(
        {
            f.kind: kinds,
            f.where: ["U10000", "U10000", *(f"P{n:05d}-0" for n in range(len(names)))],
            f.name: ["Northern Parishes 0 PCN", "Northern Parishes 0 PCN", *names],
            f.completions: [31.4, 2.75, *(0.0415 / (n + 1) for n in range(len(names)))],
        }
    )
    return frame.astype(dict.fromkeys((f.kind, f.where, f.name), "str"))


def made_up_plan(
    facilities: pd.DataFrame, allocation: pd.DataFrame, ledger: pd.DataFrame, links: pd.DataFrame
) -> board.PlanTables:
    """Those who made the pledges; every other pledge names no role. Only the columns that summaries are made of."""
    f, p = FacilityResultFrame, PledgeFrame
    operators = facilities[[f.operator_id, f.operator_name, f.operator_kind]].drop_duplicates(ignore_index=True)
    ids = ledger[LedgerFrame.pledge_id]
    roles = [("instructor;walk_leader", None)[n % 2] for n in range(len(ids))]
    offers = pd.MultiIndex.from_product([ids, ("referral", "walking")]).to_frame(index=False).astype("str")
    return board.PlanTables(
        operators=operators[list(OperatorFrame.to_schema().columns)],
        pledges=pd.DataFrame({p.pledge_id: ids, p.roles: pd.Series(roles, dtype="str")}),
        pathways=_pathways(),
        offers=offers.set_axis([OfferFrame.pledge_id, OfferFrame.pathway_id], axis=1),
        links=links,
        ledger=ledger,
        allocation=allocation,
    )


def made_up_tables(
    n_pcns: int = 12,
    n_sites: int = 20,
    seed: int = 1,
    *,
    hostile: bool = False,
    choice: bool = False,
    published: bool = False,
) -> ResultTables:
    """
    Invented results that hold every declaration of `geomap.schema`.

    Parameters
    ----------
    n_pcns, n_sites, seed
        How many, and the seed of all chance.
    hostile
        Give the first PCNs, facilities, operators, ICBs and the facts the names in `HOSTILE`.
    choice
        Choose test-and-learn sites among the PCNs too: four where there are twelve or more.
    published
        Hide counts of people from 1 to 7 and round the others, as in a run that is not internal; unlike there, hours
        and shares stay those of the exact counts.
    """
    # It takes its names from here.
    from made_up_choice import made_up_choice

    random = np.random.default_rng(seed)
    half = 6000 * np.sqrt(n_pcns)
    west, south, east, north = 430_000 - half, 300_000 - half, 430_000 + half, 300_000 + half
    centres = random.uniform((west, south), (east, north), (n_pcns, 2))
    spots = random.uniform((west, south), (east, north), (n_sites, 2))
    codes = [f"U{10000 + i}" for i in range(n_pcns)]
    need = _need(random, codes).astype({NeedFrame.pcn_code: "str", NeedFrame.core20_basis: "str"})
    named = pd.DataFrame({PcnResultFrame.pcn_code: codes})
    named[PcnResultFrame.pcn_name] = [made_up_name(i, f"Northern Parishes {i} PCN", hostile) for i in range(n_pcns)]
    sites = _sites(random, n_sites, spots, hostile)
    allocation = _allocation(random, sites, spots, centres, named)
    sites = _with_match(sites, allocation)
    unmet = _unmet(random, codes, allocation)
    shapes = _footprints(centres)
    pcns = _pcns(random, need, unmet, allocation, shapes, hostile)
    ledger = _ledger(sites, allocation)
    icbs = pcns.dissolve(PcnResultFrame.icb_code, as_index=False)
    outlines = gpd.GeoDataFrame(
        {
            OutlineFrame.area_code: icbs[PcnResultFrame.icb_code],
            OutlineFrame.area_name: icbs[PcnResultFrame.icb_name],
            OutlineFrame.level: "icb",
            OutlineFrame.geometry: icbs.geometry,
        },
        crs=CRS,
    )

    def name(row: int, plain: str) -> str:
        return made_up_name(row, plain, hostile)

    invented = Invented(facilities=sites, ledger=ledger, allocation=allocation, pcns=pcns, centres=centres, name=name)
    backing = made_up_backing(invented)
    near = backing["reachable"].groupby(ReachableFrame.pcn_code).size()
    pcns[PcnResultFrame.facilities_in_reach] = pcns[PcnResultFrame.pcn_code].map(near).fillna(0).astype("int64")

    facts = _facts(pcns, sites, ledger, hostile)
    plan = made_up_plan(sites, allocation, ledger, backing["links"])
    budgets = HealthBudgetParams(hour_cost=5.0, total=100_000.0)
    bought = board.build_health_budgets(unmet, plan.pathways, budgets)
    others = made_up_other_facilities(random, pcns.total_bounds, n_sites, name)
    tables = ResultTables(
        facts=facts,
        pcns=pcns,
        facilities=sites,
        allocation=allocation,
        unmet=unmet,
        unmatched=_unmatched(ledger),
        ledger=ledger,
        pathways=_pathways(),
        need=need,
        prevalence=PrevalenceFrame.no_rows(),
        demand=DemandFrame.no_rows(),
        accounting=AccountingFrame.no_rows(),
        levels=made_up_levels(),
        fairness=made_up_fairness(),
        prices=made_up_prices(sites[FacilityResultFrame.facility_name].head(5).tolist()),
        differences=DifferenceFrame.no_rows(),
        outlines=outlines,
        figures=board.build_figures(facts, bought, budgets),
        provision=board.build_provision(plan),
        gaps=board.build_gaps(unmet, plan.pathways),
        sectors=board.build_sectors(plan),
        health_budgets=bought,
        **backing,
        places=made_up_places(pcns, name),
        other_facilities=others,
        opportunities=made_up_opportunities(random, pcns.total_bounds, n_sites, name),
        asks=made_up_asks(pcns, unmet, others, name),
        access=made_up_access(pcns, name),
        footprints=made_up_footprints(pcns),
        choice=made_up_choice(chosen=min(4, n_pcns // 3), seed=seed, hostile=hostile, pcns=pcns) if choice else None,
    )
    return as_published(tables) if published else tables


def as_published(tables: ResultTables) -> ResultTables:
    """Invented results with counts of people from 1 to 7 hidden and others rounded to the nearest 5."""
    people = ("people", "completions", "patients", "demand_places", "unmet_places")
    rounded = {name: type(getattr(tables.facts, name))(nearest(getattr(tables.facts, name))) for name in people}
    return hide_few(replace(tables, facts=replace(tables.facts, **rounded, internal=False)))
