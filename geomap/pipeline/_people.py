"""Who needs what: PCNs, need, demand and link-worker ceilings of a run."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .. import assemble, demand, need
from ..config import Scenario
from ..errors import ConfigError
from ..load.gather import Inputs, lads_of_practices
from ..schema import CeilingFrame, DemandFrame, ListSizeFrame, PcnResultFrame, PrevalenceFrame
from ..schema.words import LIST_SEPARATOR

_PCN = PcnResultFrame.pcn_code


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who lives where and what they need, for the PCNs of this run."""

    everywhere: pd.DataFrame
    """Of `assemble.list_pcns`: every PCN of the practice map."""
    pcns: pd.DataFrame
    """Those of this run."""
    need: pd.DataFrame
    indicators: pd.DataFrame
    """`IndicatorFrame`: those of the planner's own."""
    prevalence: pd.DataFrame
    ages: pd.DataFrame
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    notes: tuple[str, ...]

    @classmethod
    def build(cls, inputs: Inputs, scenario: Scenario) -> People:
        """Need, percentiles and medians are England's (all PCNs of the map), whatever area the run plans for."""
        tables = inputs.tables
        practices, lists = tables["practice_map"], tables["list_sizes"]
        needed_from = _need_sources(inputs)
        needs, need_notes = need.estimate_need(needed_from, scenario.need)
        prevalence = need.estimate_prevalence(practices, tables["qof"]) if "qof" in tables else None
        ages = demand.build_ages(practices, lists)
        asked, demand_notes = demand.estimate_demand(scenario.pathways, needs, ages, prevalence)
        if "workforce" in tables:
            told = demand.estimate_ceilings(needs[_PCN], tables["workforce"], scenario.link_workers)
        else:
            told = demand.assume_ceilings(needs, scenario.link_workers)
        ceilings, ceiling_notes = told
        patients = lists.groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
        everywhere = assemble.list_pcns(practices, patients)
        pcns = _in_area(everywhere, scenario)
        notes = (*need_notes, *demand_notes, *ceiling_notes)

        def here(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[frame[_PCN].isin(pcns[_PCN])].reset_index(drop=True)

        if prevalence is None:
            prevalence = pd.DataFrame(columns=list(PrevalenceFrame.to_schema().columns))
        return cls(
            everywhere=everywhere,
            pcns=pcns,
            need=here(needs),
            indicators=here(need.list_own_indicators(needed_from, scenario.need)),
            prevalence=here(prevalence),
            ages=here(ages),
            demand=here(_without_excluded(asked, ceilings)),
            ceilings=here(ceilings),
            pathways=demand.build_pathways(scenario.pathways),
            # They count over all PCNs of the map, which a run for one ICB must say.
            notes=notes if len(pcns) == len(everywhere) else tuple(f"All PCNs of the map: {note}" for note in notes),
        )


def _need_sources(inputs: Inputs) -> need.NeedSources:
    tables = inputs.tables
    return need.NeedSources(
        practices=tables["practice_map"],
        list_sizes=tables["list_sizes"],
        registers=tables.get("qof"),
        practice_deprivation=tables.get("practice_imd"),
        inactivity=tables.get("inactivity"),
        practice_lads=lads_of_practices(tables["practice_map"], inputs.postcodes),
        lsoa_lists=tables.get("lsoa_lists"),
        lsoa_deprivation=tables.get("lsoa_imd"),
        own_values=tables.get("own_indicators"),
    )


def _without_excluded(asked: pd.DataFrame, ceilings: pd.DataFrame) -> pd.DataFrame:
    """The demand, with no places where a PCN is left out of the plan because it reported no link workers."""
    left_out = ceilings.loc[ceilings[CeilingFrame.fte_basis].eq("excluded"), _PCN]
    excluded = asked[DemandFrame.pcn_code].isin(left_out)
    return asked.assign(demand_places=asked[DemandFrame.demand_places].mask(excluded, 0))


def _in_area(pcns: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The PCNs that have a practice in the ICBs the run plans for."""
    wanted = set(scenario.area.icb_codes)
    if not wanted:
        return pcns
    members = pcns[PcnResultFrame.icb_codes].str.split(LIST_SEPARATOR)
    known = {code for codes in members for code in codes}
    if wanted - known:
        raise ConfigError(
            f"No PCN of the practice map is in ICB {', '.join(sorted(wanted - known))}. "
            f"ICBs it has: {', '.join(sorted(known))}."
        )
    return pcns[members.map(lambda codes: bool(wanted & set(codes)))].reset_index(drop=True)
