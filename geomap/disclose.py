"""Make a plan fit for publication: no small number of people is shown, nor can one be worked out from what is.

Three kinds of counts are told from the plan itself: places of each PCN, of each PCN on each pathway, and of each row of
the plan. They are rounded on their own (`geomap.few`). Where the rounded figures of one kind would pin down a small
number of another, as seven rows of a count below 8 must each be 1, the figure above it is moved by 5 or hidden.
Everything else that is published of the plan, hours too, is computed from these rounded counts and so adds nothing to
them (method.md has the argument, docs/decisions.md what it does not cover).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ._pinned import loosen
from .few import (
    BASE,
    FEWEST,
    MIDDLE,
    MOST,
    PEOPLE_UNITS,
    WORTH,
    fill_places,
    nearest,
    round_people,
    round_total,
    share_out,
)
from .schema import (
    AllocationFrame,
    CandidateFrame,
    ChosenSiteFrame,
    ComparatorFrame,
    FigureFrame,
    FlipFrame,
    HoursReasonFrame,
    LedgerFrame,
    LevelFrame,
    PlanFacts,
    PortfolioFrame,
    SiteChangeFrame,
    SitePartFrame,
    SiteTables,
    TradeoffFrame,
    UnmetFrame,
)
from .schema.choice import DrawFrame
from .schema.words import FEW_PEOPLE, LIST_SEPARATOR

MANY_HOURS = 100
"""Hours of a site's own plan, and of the whole run, are rounded to a multiple of this: about five people's courses."""
_MOST_STRETCH, _HALVINGS = 2.0**20, 60
"""Bounds of a search by halving: ample, and the same on every machine."""
WORST_SHARE = 0.05
"""Coverage of the one PCN that is worst off is rounded to this."""
_OF_PEOPLE = (*PEOPLE_UNITS, "need-weighted completions")
"""Units of figures that tell of people."""
_NEED_LEVELS = ("completions", "core20", "completions_kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Counts of a plan fit for publication, with a number from 1 to 7 for each that `few.round_people` will hide."""

    pcns: pd.DataFrame
    """By PCN: demand, matched and unmet places, whole numbers in every cell."""
    unmet: pd.DataFrame
    """`UnmetFrame`, whole numbers in every cell."""
    rows: pd.DataFrame
    """The rows of the plan with places in whole numbers, sorted by pledge, pathway and PCN."""


def show_plan(unmet: pd.DataFrame, rows: pd.DataFrame) -> Shown:
    """
    Round the counts of a plan so that no small one can be worked out.

    Parameters
    ----------
    unmet
        `UnmetFrame`, exact.
    rows
        `AllocationFrame`, exact, with any further columns.

    Returns
    -------
    shown
        Rounded; a count that is not shown has a number from 1 to 7 that follows from those shown (`few.share_out`), so
        that `few.round_people` of any cell gives what is published.
    """
    f, keys = UnmetFrame, [AllocationFrame.pledge_id, AllocationFrame.pathway_id, AllocationFrame.pcn_code]
    rows = rows.sort_values(keys, ignore_index=True)
    pair = pd.MultiIndex.from_frame(unmet[[f.pcn_code, f.pathway_id]])
    row_at = pair.get_indexer(pd.MultiIndex.from_frame(rows[[AllocationFrame.pcn_code, AllocationFrame.pathway_id]]))
    pcn_at, codes = pd.factorize(unmet[f.pcn_code])
    sums = unmet.groupby(pcn_at)[[f.demand_places, f.matched_places, f.unmet_places]].sum()
    places = [sums[f.matched_places], unmet[f.matched_places], rows[AllocationFrame.places]]
    of_pcn, of_pair, of_row = loosen([round_people(each) for each in places], [pcn_at, row_at])
    wanted = [sums[f.demand_places], unmet[f.demand_places]]
    demand_of_pcn, demand = loosen([round_people(each) for each in wanted], [pcn_at])

    pcns = fill_places(_as_shown(demand_of_pcn, of_pcn, sums[f.unmet_places]))
    told = _as_shown(demand, of_pair, unmet[f.unmet_places].reset_index(drop=True))
    parts = fill_places(told, pcns, pd.Series(pcn_at))
    filled = unmet.assign(**{name: parts[name].to_numpy() for name in parts})
    wholes = parts[f.matched_places]
    return Shown(
        pcns=pcns.set_index(pd.Index(codes, name=f.pcn_code)),
        unmet=filled,
        rows=rows.assign(**{AllocationFrame.places: share_out(wholes, of_row, pd.Series(row_at))}),
    )


def show_rows(rows: pd.DataFrame, groups: pd.Series, wholes: pd.Series) -> pd.DataFrame:
    """
    Round the rows of a plan whose sums by group are published as well; a group need not be told of.

    Parameters
    ----------
    rows
        `AllocationResultFrame`, sorted; exact.
    groups
        Of each row, its group.
    wholes
        Exact places by group.

    Returns
    -------
    rows
        With whole numbers; what is not shown has 4 in its place, as nothing is published that would narrow it.
    """
    at = pd.Index(wholes.index).get_indexer(groups)
    _, shown = loosen([round_people(wholes.reset_index(drop=True)), round_people(rows[AllocationFrame.places])], [at])
    places = shown.fillna(MIDDLE).astype("int64")
    each = {name: rows[name] / rows[AllocationFrame.places] for name in WORTH}
    return rows.assign(**{AllocationFrame.places: places}, **{name: one * places for name, one in each.items()})


def _as_shown(demand: pd.Series, matched: pd.Series, unmet: pd.Series) -> pd.DataFrame:
    """
    Places wanted, given and not given, as published.

    What is not given is told as the difference of the other two, not from the plan, so that the three together tell no
    more than two. That somebody is left without is never told as 0, nor the reverse.
    """
    f = UnmetFrame
    rest = round_people((demand.fillna(MIDDLE) - matched.fillna(MIDDLE)).clip(lower=0))
    rest = rest.mask(rest.eq(0).fillna(False)).mask(unmet.eq(0), 0)
    return pd.DataFrame({f.demand_places: demand, f.matched_places: matched, f.unmet_places: rest})


def show_ledger(
    ledger: pd.DataFrame, reasons: pd.DataFrame, rows: pd.DataFrame, exact: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    The ledger and its reasons with the hours of the rounded counts; it balances as the exact one does.

    Parameters
    ----------
    ledger, reasons
        `LedgerFrame` and `HoursReasonFrame`, exact.
    rows
        Rows of the plan with rounded places and their hours.
    exact
        By pledge, the people it serves; where these are few, why the rest of its hours found nobody is not told, as
        hours that are used up would tell how many they are.
    """
    f, r = LedgerFrame, HoursReasonFrame
    spent = ledger[f.pledge_id].map(rows.groupby(f.pledge_id)[f.matched_hours].sum()).fillna(0.0).to_numpy()
    matched = _spend(spent, ledger[f.eligible_hours].to_numpy(), nearest(ledger[f.matched_hours].sum(), MANY_HOURS))
    told = ledger.assign(**{f.matched_hours: matched, f.unmatched_hours: ledger[f.eligible_hours] - matched})
    left = told.set_index(f.pledge_id)[f.unmatched_hours]
    few = set(exact.index[exact.between(FEWEST, MOST)])
    unmatched = reasons[reasons[r.stage].eq("unmatched")]
    before = unmatched.groupby(r.pledge_id)[r.hours].transform("sum")
    kept = unmatched[~unmatched[r.pledge_id].isin(few) & before.gt(0)]
    share = kept[r.hours] / before[kept.index]
    kept = kept.assign(**{r.hours: share * kept[r.pledge_id].map(left)})
    rest = left[(left > 0) & ~left.index.isin(kept[r.pledge_id])]
    untold = pd.DataFrame({r.pledge_id: rest.index, r.hours: rest.to_numpy()})
    untold = untold.assign(**{r.stage: "unmatched", r.reason: FEW_PEOPLE})
    ineligible = reasons[reasons[r.stage].eq("ineligible")]
    both = pd.concat([ineligible, kept[kept[r.hours] > 0], untold], ignore_index=True)
    return told, both.astype(reasons.dtypes.to_dict()) if len(both) else reasons.iloc[:0]


def _spend(wanted: np.ndarray, most: np.ndarray, whole: float) -> np.ndarray:
    """
    Hours of each pledge in proportion to those wanted, none more than it has, that add up to the whole if they can.

    Rounded counts ask more of some pledges than they have; what these cannot give is taken from the others.
    """
    low, high = 0.0, 1.0
    while np.minimum(high * wanted, most).sum() < whole and high < _MOST_STRETCH:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(middle * wanted, most).sum() < whole else (low, middle)
    return np.minimum(np.round(high * wanted, 1), most)


def show_facts(facts: PlanFacts, totals: Mapping[str, float]) -> PlanFacts:
    """
    The facts of a run that was built from rounded counts.

    `totals` are those of the whole run, by field; they are told to the nearest 5.
    """
    told = {name: round_total(total) for name, total in totals.items()}
    told |= {name: float(nearest(getattr(facts, name))) for name in ("objective", "bound")}
    told["completions"] = float(told["completions"])
    return replace(facts, **told, internal=False)


def show_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """`FigureFrame` with every figure of people to the nearest 5, missing where that is none or 5 of somebody."""
    values = figures[FigureFrame.value]
    people = figures[FigureFrame.unit].isin(_OF_PEOPLE)
    few = people & values.gt(0) & nearest(values).lt(MOST + 1)
    return figures.assign(**{FigureFrame.value: values.mask(people, nearest(values)).mask(few)})


def show_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """`LevelFrame`: need-weighted completions to the nearest 5, coverage of the PCN worst off to the nearest 5%."""
    f = LevelFrame
    need = levels[f.objective].isin(_NEED_LEVELS)
    worst = levels[f.objective].eq("worst_coverage")
    told = {}
    for column in (f.value, f.bound, f.proved_to):
        cells = levels[column]
        told[column] = cells.mask(need, nearest(cells)).mask(worst, nearest(cells, WORST_SHARE).round(2))
    return levels.assign(**told)


def show_choice(choice: SiteTables) -> SiteTables:
    """
    The tables of the sites with rounded figures; `few.hide_few` then takes out the small counts.

    What a site is worth is a weighted count of people, and is rounded as one; that of a whole portfolio too.
    """
    c, p, t, d = ChosenSiteFrame, PortfolioFrame, TradeoffFrame, DrawFrame
    site_of = {
        code: site
        for site, codes in zip(choice.chosen[c.site_id], choice.chosen[c.pcn_codes], strict=True)
        for code in codes.split(LIST_SEPARATOR)
    }
    groups = choice.plan[AllocationFrame.pcn_code].map(site_of)
    wholes = choice.plan.groupby(groups)[AllocationFrame.places].sum()
    places, demand = (round_people(choice.chosen[name]).fillna(MIDDLE) for name in (c.places, c.demand_places))
    coverage = (places / demand.where(demand > 0)).clip(upper=1).astype("float64")
    chosen = choice.chosen.assign(
        **{
            c.coverage_share: coverage,
            c.matched_hours: nearest(choice.chosen[c.matched_hours], MANY_HOURS),
            c.value: nearest(choice.chosen[c.value]),
        }
    )
    return replace(
        choice,
        plan=show_rows(choice.plan, groups, wholes),
        chosen=chosen,
        portfolios=_rounded(
            choice.portfolios,
            {p.value: BASE, p.bound: BASE, p.matched_hours: MANY_HOURS, p.worst_coverage_share: WORST_SHARE},
        ),
        tradeoffs=_rounded(choice.tradeoffs, {t.value: BASE, t.bound: BASE, t.worst_coverage_share: WORST_SHARE}),
        draws=_rounded(choice.draws, dict.fromkeys((d.value, d.bound, d.full_value, d.full_bound), BASE)),
        parts=_rounded(choice.parts, {SitePartFrame.value: BASE}),
        changes=_rounded(choice.changes, {SiteChangeFrame.value_with: BASE, SiteChangeFrame.value_without: BASE}),
        flips=_rounded(choice.flips, {FlipFrame.value: BASE}),
        comparators=_round_patients(choice.comparators),
    )


def _round_patients(comparators: pd.DataFrame) -> pd.DataFrame:
    """`ComparatorFrame`: list sizes are counts of people too."""
    f = ComparatorFrame
    sizes = comparators[f.measure].eq(CandidateFrame.patients)
    both = (f.site_value, f.comparator_value)
    return comparators.assign(**{name: comparators[name].mask(sizes, nearest(comparators[name])) for name in both})


def _rounded(frame: pd.DataFrame, steps: dict[str, float]) -> pd.DataFrame:
    return frame.assign(**{column: nearest(frame[column], step) for column, step in steps.items()})

