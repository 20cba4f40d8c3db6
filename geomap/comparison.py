"""What differs between two finished runs: who wins and loses hours, which sites change, what was put in otherwise.

Hours, places and completions come from the plans row by row, so that over PCNs, operators or pathways the changes add
up to the change of the whole. Inputs are compared as far as results tell of them.
"""

from __future__ import annotations

from itertools import zip_longest
from pathlib import PurePath

import pandas as pd

from ._comparison_inputs import REPORTED, compare_rows
from .schema import (
    AllocationResultFrame,
    ChosenSiteFrame,
    LedgerFrame,
    LevelFrame,
    PortfolioFrame,
    UnmetFrame,
)
from .schema.comparison import (
    FIGURES,
    FOUND_IN,
    SHIFT_KINDS,
    Comparison,
    FacilityRowFrame,
    FileChangeFrame,
    FinishedRun,
    PcnRowFrame,
    RunFileFrame,
    RunSettingFrame,
    SettingChangeFrame,
    ShiftFrame,
    SiteShiftFrame,
    TotalFrame,
)

NOISE = 1e-7
"""Sums in another order differ by less; hours that differ by less are the same."""
_AMOUNTS = [AllocationResultFrame.matched_hours, AllocationResultFrame.places, AllocationResultFrame.completions]
_SITE_AMOUNTS = [
    ChosenSiteFrame.site_rank, ChosenSiteFrame.matched_hours, ChosenSiteFrame.places, ChosenSiteFrame.completions,
]  # fmt: skip
_RULES = ("period.", "pathways.", "match.require_roles")
"""Settings that begin so decide which hours and pathways a pledge can give, besides the pledge itself."""
_PLACES = ("area.", "travel.")
"""Settings that begin so decide which rows belong to the area of a run."""


def compare_runs(before: FinishedRun, after: FinishedRun, plan: pd.DataFrame) -> Comparison:
    """
    Set two finished runs side by side.

    Parameters
    ----------
    before, after
        The runs.
    plan
        `DifferenceFrame`: the rows of the plan that differ.

    Returns
    -------
    comparison
        Tables of what differs, sorted; those of winners and losers hold what stays the same too.
    """
    settings = compare_settings(before.settings, after.settings)
    first, second = _labels(before, after)
    same_area = _same_area(before, after, settings)
    return Comparison(
        before=first,
        after=second,
        totals=compare_totals(before, after),
        shifts=compare_shares(before, after),
        sites=compare_sites(before, after),
        settings=settings,
        files=compare_files(before.files, after.files),
        inputs=compare_rows(before, after, whole_rows=same_area, same_rules=not _differ(settings, *_RULES)),
        plan=plan,
        notes=(*_notes(before, after, settings, same_area=same_area), *([] if plan.empty else _proofs(before, after))),
    )


def _labels(*runs: FinishedRun) -> list[str]:
    """The folder and name of each run; of the folder as much of the end as tells the two apart, not where it lies."""
    one, two = (PurePath(run.folder).parts for run in runs)
    depth = next((n for n in range(1, max(len(one), len(two)) + 1) if one[-n:] != two[-n:]), 1)
    folders = [str(PurePath(*parts[-depth:])) for parts in (one, two)]
    return [f"{folder} ({run.name})" if run.name else folder for folder, run in zip(folders, runs, strict=True)]


def _differ(settings: pd.DataFrame, *starts: str) -> bool:
    return bool(settings[SettingChangeFrame.setting].str.startswith(starts).any())


def _same_area(before: FinishedRun, after: FinishedRun, settings: pd.DataFrame) -> bool:
    """
    Whether a row that one run lacks is missing from its inputs.

    A run for some ICBs leaves out what lies elsewhere, and how far people travel decides what does.
    """
    limited = any(run.settings[RunSettingFrame.setting].str.startswith("area.").any() for run in (before, after))
    return not (limited and _differ(settings, *_PLACES))


def _notes(before: FinishedRun, after: FinishedRun, settings: pd.DataFrame, *, same_area: bool) -> list[str]:
    """Sentences on what the tables cannot tell."""
    notes = []
    if _differ(settings, "period.start", "period.end"):
        notes.append("The runs plan for different periods: their hours are not of the same length of time.")
    if not same_area:
        notes.append("The runs are of different areas: input rows that only one of them has are not told.")
    if (before.chosen is None) != (after.chosen is None):
        side = "before" if after.chosen is None else "after"
        notes.append(f"Sites were chosen only in the run {side}; choose them in both to compare them.")
    return notes


def _proofs(before: FinishedRun, after: FinishedRun) -> list[str]:
    """Which plan may not be the very best: what differs then need have no cause in inputs or settings."""
    f = LevelFrame
    first, second = (run.levels[f.gap_share].gt(0) & run.levels[f.status].ne("not asked") for run in (before, after))
    if not first.any() and not second.any():
        return []
    side = "before" if first.any() else "after"
    which = "Neither plan is" if first.any() and second.any() else f"The plan {side} is not"
    return [f"{which} proven to be the very best: small wins and losses may come from the search alone."]


def compare_totals(before: FinishedRun, after: FinishedRun) -> pd.DataFrame:
    """`TotalFrame` of two runs; sites only where both chose some."""
    first, second = _figures(before), _figures(after)
    told = [figure for figure in FIGURES if figure in first and figure in second]
    f = TotalFrame
    columns = {
        f.figure: told,
        f.unit: [FIGURES[figure] for figure in told],
        f.before: [float(first[figure]) for figure in told],
        f.after: [float(second[figure]) for figure in told],
    }
    frame = pd.DataFrame(columns).astype({f.figure: "str", f.unit: "str"})
    return frame.assign(**{f.change: _less(frame[f.after], frame[f.before])})


def _figures(run: FinishedRun) -> dict[str, float]:
    hours, plan = run.ledger.sum(numeric_only=True), run.allocation
    reported = run.pcns[PcnRowFrame.fte_basis].eq(REPORTED)
    figures = {
        "pledged_hours": hours[LedgerFrame.pledged_hours],
        "eligible_hours": hours[LedgerFrame.eligible_hours],
        "matched_hours": plan[AllocationResultFrame.matched_hours].sum(),
        "people": plan[AllocationResultFrame.places].sum(),
        "completions": plan[AllocationResultFrame.completions].sum(),
        "demand_places": run.unmet[UnmetFrame.demand_places].sum(),
        "pcns": len(run.pcns),
        "pcns_served": plan[AllocationResultFrame.pcn_code].nunique(),
        "operators": run.ledger[LedgerFrame.operator_id].nunique(),
        "pledges": len(run.ledger),
        "link_worker_fte": run.pcns.loc[reported, PcnRowFrame.link_worker_fte].sum(),
    }
    if run.portfolios is None or run.chosen is None:
        return figures
    sites = _first_portfolio(run.chosen)
    cost = run.portfolios.loc[run.portfolios[PortfolioFrame.portfolio].eq(1), PortfolioFrame.setup_cost]
    return figures | {
        "sites": len(sites),
        "site_hours": sites[ChosenSiteFrame.matched_hours].sum(),
        "site_people": sites[ChosenSiteFrame.places].sum(),
        "site_completions": sites[ChosenSiteFrame.completions].sum(),
        "site_cost": cost.sum(),
    }


def compare_shares(before: FinishedRun, after: FinishedRun) -> pd.DataFrame:
    """`ShiftFrame`: what each PCN, ICB, operator and pathway of either run gets or gives in each."""
    first, second = _shares(before), _shares(after)
    both = pd.concat([first, second], axis=1, keys=["before", "after"])
    rows, f = both.index.to_frame(index=False), ShiftFrame
    names = both["after"][f.name].where(both["after"][f.name].notna(), both["before"][f.name])
    frame = rows.assign(**{f.name: names.to_numpy(), f.found_in: _found_in(both, f.name)})
    for amount, kind in (("hours", "float64"), ("places", "int64"), ("completions", "float64")):
        for side in ("before", "after"):
            frame[f"{side}_{amount}"] = both[side, amount].fillna(0).astype(kind).to_numpy()
        frame[f"change_{amount}"] = _less(frame[f"after_{amount}"], frame[f"before_{amount}"])
    rank = frame[f.kind].map(SHIFT_KINDS.index)
    frame = frame.assign(rank=rank).sort_values(["rank", f.change_hours, f.id], ascending=[True, False, True])
    text = dict.fromkeys((f.kind, f.id, f.name, f.found_in), "str")
    return frame[list(f.to_schema().columns)].astype(text).reset_index(drop=True)


def _shares(run: FinishedRun) -> pd.DataFrame:
    """Name, hours, places and completions of everybody in a run, by kind and id."""
    a, p = AllocationResultFrame, PcnRowFrame
    icb = run.pcns.set_index(p.pcn_code)[p.icb_code]
    ids = {
        "pcn": (run.allocation[a.pcn_code], run.pcns.set_index(p.pcn_code)[p.pcn_name]),
        "icb": (run.allocation[a.pcn_code].map(icb), run.pcns.set_index(p.icb_code)[p.icb_name]),
        "operator": (run.allocation[a.operator_id], _operator_names(run)),
        "pathway": (run.allocation[a.pathway_id], _pathway_names(run)),
    }
    parts = {}
    for kind, (keys, names) in ids.items():
        sums = run.allocation.groupby(keys)[_AMOUNTS].sum().set_axis(["hours", "places", "completions"], axis=1)
        names = names[~names.index.duplicated()].rename(ShiftFrame.name)
        parts[kind] = sums.join(names, how="outer").rename_axis(ShiftFrame.id)
    shares = pd.concat(parts, names=[ShiftFrame.kind])
    told = shares.index.get_level_values(ShiftFrame.id)
    shares[ShiftFrame.name] = shares[ShiftFrame.name].fillna(pd.Series(told, index=shares.index))
    return shares.fillna({"hours": 0.0, "places": 0, "completions": 0.0})


def _operator_names(run: FinishedRun) -> pd.Series:
    """Of every operator with a pledge; one that no facility or place in the plan names goes by its id."""
    told = pd.concat(
        [
            run.facilities.set_index(FacilityRowFrame.operator_id)[FacilityRowFrame.operator_name],
            run.allocation.set_index(AllocationResultFrame.operator_id)[AllocationResultFrame.operator_name],
        ]
    )
    ids = pd.Index(run.ledger[LedgerFrame.operator_id].unique())
    return told[~told.index.duplicated()].reindex(ids)


def _pathway_names(run: FinishedRun) -> pd.Series:
    """Of every pathway that is wanted, by the catalogue in the run's settings."""
    told = run.settings.set_index(RunSettingFrame.setting)[RunSettingFrame.value]
    ids = pd.Index(run.unmet[UnmetFrame.pathway_id].unique())
    return pd.Series([told.get(f"pathways.{key}.name") for key in ids], index=ids, dtype="str")


def compare_sites(before: FinishedRun, after: FinishedRun) -> pd.DataFrame:
    """`SiteShiftFrame` of the first portfolios, sites in both first; empty unless both runs chose sites."""
    f = SiteShiftFrame
    if before.chosen is None or after.chosen is None:
        text = (f.site_id, f.site_name, f.found_in)
        columns = list(f.to_schema().columns)
        return pd.DataFrame(columns=columns, dtype="float64").astype(dict.fromkeys(text, "str"))
    sides = {
        side: _first_portfolio(run.chosen).set_index(ChosenSiteFrame.site_id)
        for side, run in (("before", before), ("after", after))
    }
    both = pd.concat(sides, axis=1)
    name = ChosenSiteFrame.site_name
    frame = pd.DataFrame({f.site_id: both.index, f.found_in: _found_in(both, name)})
    frame[f.site_name] = both["after", name].where(both["after", name].notna(), both["before", name]).to_numpy()
    for column, amount in zip(("rank", "hours", "places", "completions"), _SITE_AMOUNTS, strict=True):
        for side in sides:
            frame[f"{side}_{column}"] = both[side, amount].astype("float64").to_numpy()
    frame["order"] = frame[f.found_in].map(FOUND_IN.index)
    frame = frame.sort_values(["order", f.after_rank, f.before_rank, f.site_id], ignore_index=True)
    text = dict.fromkeys((f.site_id, f.site_name, f.found_in), "str")
    return frame[list(f.to_schema().columns)].astype(text)


def _first_portfolio(chosen: pd.DataFrame) -> pd.DataFrame:
    return chosen[chosen[ChosenSiteFrame.portfolio].eq(1)]


def _found_in(both: pd.DataFrame, name: str) -> list[str]:
    """Which of the two runs has each row: the one in which it has a name."""
    first, second = both["before", name].notna(), both["after", name].notna()
    return ["both" if one and other else "before" if one else "after" for one, other in zip(first, second, strict=True)]


def _less(after: pd.Series, before: pd.Series) -> pd.Series:
    change = after - before
    return change.mask(change.abs() < NOISE, 0)


def compare_settings(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """
    `SettingChangeFrame`, sorted by name.

    Of a list of tables, such as locks, the items that only one run has stand one a row.
    """
    sides = [frame.value_counts() for frame in (before, after)]
    names = sorted({*before[RunSettingFrame.setting], *after[RunSettingFrame.setting]})
    only: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in names}
    for place, (mine, other) in enumerate((sides, sides[::-1])):
        for (name, value), more in mine.sub(other, fill_value=0).items():
            only[name][place].extend([value] * max(int(more), 0))
    rows = [(name, one, two) for name in names for one, two in zip_longest(*map(sorted, only[name]))]
    return pd.DataFrame(rows, columns=list(SettingChangeFrame.to_schema().columns), dtype="str")


def compare_files(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """`FileChangeFrame`, sorted by name; two files of one name are told apart by what they hold."""
    f, rows = FileChangeFrame, []
    for name in sorted({*before[RunFileFrame.file], *after[RunFileFrame.file]}):
        first, second = (
            set(frame.loc[frame[RunFileFrame.file].eq(name), RunFileFrame.sha256]) for frame in (before, after)
        )
        for old, new in zip_longest(sorted(first - second), sorted(second - first)):
            rows.append((name, "added" if old is None else "removed" if new is None else "changed", old, new))
    return pd.DataFrame(rows, columns=list(f.to_schema().columns), dtype="str")
