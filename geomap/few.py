"""Small numbers of people: what is published of them, what stands for them in sums, how they are told.

Below the whole of England a count from 1 to 7 is not shown, any other is rounded to the nearest 5, and 0 stays 0: the
rule of NHS England for counts of patients. What is published keeps to it (`geomap.disclose`); what is drawn or added up
from it needs a number where none is shown, and takes one that follows from the published numbers alone.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from .schema import AllocationResultFrame, FigureFrame, MapTables, PathwayFrame, PcnResultFrame, SiteTables, UnmetFrame
from .schema.published import PEOPLE, SUPPRESSED

Rounded = TypeVar("Rounded", float, pd.Series, np.ndarray)

FEWEST, MOST = 1, 7
"""Counts from the one to the other are not shown."""
BASE = 5
"""Others are rounded to a multiple of this."""
MIDDLE = 4
"""What stands for a count that is not shown where nothing narrows it."""
PEOPLE_UNITS = ("people", "people, expected", "course places")
"""Units of figures of the run as a whole that are counts of people."""
WORTH = (AllocationResultFrame.matched_hours, AllocationResultFrame.referrals, AllocationResultFrame.completions)
"""What a row of a plan tells of its places; where those are not shown, these are not."""
_SHOWN_FROM = MOST + 0.5
"""A sum of expected people may be a fraction; from here on it is rounded and shown."""


def nearest(value: Rounded, step: float = BASE) -> Rounded:
    """
    A number, or a series of them, rounded to a multiple of `step`; halves go up.

    >>> nearest(12.5), nearest(1_249.0, 100)
    (15.0, 1200.0)
    """
    return np.floor(value / step + 0.5) * step


def round_total(count: float) -> int:
    """
    A count that must be told, of a whole run or an ICB: to the nearest 5, and 0 for nobody alone.

    >>> round_total(1), round_total(1_234), round_total(0)
    (5, 1235, 0)
    """
    return int(max(nearest(float(count)), BASE if count > 0 else 0))


def round_people(counts: pd.Series) -> pd.Series:
    """
    Counts as they are published.

    Parameters
    ----------
    counts
        People, 0 or more, whole or expected; missing where they are not shown already.

    Returns
    -------
    shown
        `Int64`: multiples of 5, 0 for none, missing where 1 to 7.

    >>> round_people(pd.Series([0, 1, 7, 8, 12, 13])).to_list()
    [0, <NA>, <NA>, 10, 10, 15]
    """
    plain = counts.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    shown = pd.Series(nearest(plain), index=counts.index, name=counts.name).astype("Int64")
    return shown.mask(np.isnan(plain) | ((plain > 0) & (plain < _SHOWN_FROM)))


def say_people(count: float) -> str:
    """
    A count as it is told: no small number, others to the nearest 5.

    >>> say_people(3), say_people(1234), say_people(0)
    ('1 to 7', '1,235', '0')
    """
    if 0 < count < _SHOWN_FROM or np.isnan(count):
        return f"{FEWEST} to {MOST}"
    return f"{nearest(count):,.0f}"


def say_expected(count: float) -> str:
    """
    People expected, or completions weighted by need, which may be fractions: rounded as people are.

    >>> say_expected(0.4), say_expected(12.6), say_expected(0)
    ('fewer than 8', 'about 15', 'none')
    """
    if not count:
        return "none"
    return f"fewer than {MOST + 1}" if count < _SHOWN_FROM else f"about {say_people(count)}"


def share_out(wholes: pd.Series, shown: pd.Series, groups: pd.Series) -> pd.Series:
    """
    Whole numbers from 1 to 7 for the counts that are not shown: what their group has beyond those shown, evenly.

    Parameters
    ----------
    wholes
        By group, its count as published or what stands for it; a group without one has 4 for each that is not shown.
    shown
        `Int64`, missing where a count is not shown.
    groups
        Of each count, its group; of the index of `shown`.

    Returns
    -------
    counts
        `int64`, in the order of `shown`: the first few of a group in this order take what does not divide evenly.
    """
    hidden = shown.isna()
    known = shown.fillna(0).astype("int64")
    many = hidden.groupby(groups).transform("sum")
    beyond = groups.map(wholes).astype("float64") - known.groupby(groups).transform("sum")
    beyond = beyond.fillna(MIDDLE * many)
    each, over = np.divmod(beyond, many.where(many > 0, 1))
    at = hidden.astype("int64").groupby(groups).cumsum() - 1
    return known.mask(hidden, (each + (at < over)).clip(FEWEST, MOST)).astype("int64")


def fill_places(
    shown: pd.DataFrame, wholes: pd.DataFrame | None = None, groups: pd.Series | None = None
) -> pd.DataFrame:
    """
    Places wanted, given and not given, with a number in every cell.

    Parameters
    ----------
    shown
        `demand_places`, `matched_places` and `unmet_places`, missing where they are not shown.
    wholes, groups
        The sums that `shown` are parts of, filled, by group; and of each row its group. Without them 4 stands.

    Returns
    -------
    filled
        The three columns, `int64`: no more given than wanted, and at least 1 not given, where that is not shown.
    """
    f = UnmetFrame
    both = [f.demand_places, f.matched_places]
    if wholes is None:
        filled = shown[both].fillna(MIDDLE).astype("int64")
    else:
        filled = pd.DataFrame({name: share_out(wholes[name], shown[name], groups) for name in both})
    demand, matched = filled[f.demand_places], filled[f.matched_places]
    matched = matched.mask(shown[f.matched_places].isna(), np.minimum(matched, demand))
    rest = (demand - matched).clip(FEWEST, MOST)
    unmet = shown[f.unmet_places].astype("Int64").fillna(rest).astype("int64")
    return pd.DataFrame({f.demand_places: demand, f.matched_places: matched, f.unmet_places: unmet})


def mark_few(frame: pd.DataFrame) -> pd.DataFrame:
    """A published table as its file has it: the mark of what is not shown in the place of a missing count."""
    plan = AllocationResultFrame
    counts = [column for column in frame.columns if frame[column].dtype == "Int64"]
    marked = {column: frame[column].astype("object").fillna(SUPPRESSED) for column in counts}
    if plan.places in counts and plan.pledge_id in frame.columns:
        few = frame[plan.places].isna()
        marked |= {column: frame[column].astype("object").mask(few, SUPPRESSED) for column in WORTH}
    if {FigureFrame.figure, FigureFrame.unit} <= set(frame.columns):
        marked[FigureFrame.value] = frame[FigureFrame.value].astype("object").fillna(SUPPRESSED)
    return frame.assign(**marked)


def hide_few(tables: MapTables) -> MapTables:
    """
    A run with its counts of people as they are published, and nothing else told of rows of a plan that show none.

    Every count must follow from numbers that are fit for publication already: this rounds, and breaks no sums open.
    """
    own = {field.name for field in fields(tables)} & set(PEOPLE)
    hidden = {name: _hide(getattr(tables, name), PEOPLE[name]) for name in sorted(own)}
    choice = tables.choice
    if choice is not None:
        names = {field.name for field in fields(choice)} & set(PEOPLE)
        choice = replace(choice, **{name: _hide(getattr(choice, name), PEOPLE[name]) for name in sorted(names)})
    return replace(tables, **hidden, choice=choice)


def _hide(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    plan = AllocationResultFrame
    frame = frame.assign(**{column: round_people(frame[column]) for column in columns})
    if plan.places not in columns or plan.pledge_id not in frame.columns:
        return frame
    few = frame[plan.places].isna()
    return frame.assign(**{column: frame[column].astype("float64").mask(few) for column in WORTH})


def fill_few(tables: MapTables) -> MapTables:
    """
    A published run with a number wherever one is not shown, to add up and draw with; an internal run as it is.

    The same published tables give the same numbers, which say nothing that those do not.
    """
    if tables.facts.internal:
        return tables
    own, unmet = PcnResultFrame, UnmetFrame
    pcns = _fill(tables.pcns, PEOPLE["pcns"])
    pcns = pcns.assign(**fill_places(tables.pcns))
    wholes = pcns.set_index(own.pcn_code)
    rows = tables.unmet.assign(**fill_places(tables.unmet, wholes, tables.unmet[unmet.pcn_code]))
    given = rows.set_index([unmet.pcn_code, unmet.pathway_id])[unmet.matched_places]
    filled = {
        "pcns": pcns,
        "unmet": rows,
        "allocation": _fill_plan(tables.allocation, given, tables.pathways),
    }
    for name in ("facilities", "operators", "ties", "attention", "practices", "need", "places"):
        filled[name] = _fill(getattr(tables, name), PEOPLE[name])
    choice = None if tables.choice is None else _fill_choice(tables.choice, tables.pathways)
    return replace(tables, **filled, choice=choice)


def _fill_plan(rows: pd.DataFrame, given: pd.Series, pathways: pd.DataFrame) -> pd.DataFrame:
    """A plan with places in every row, their hours, and the people who are referred and complete."""
    plan, course = AllocationResultFrame, pathways.set_index(PathwayFrame.pathway_id)
    keys = pd.Series(
        list(zip(rows[plan.pcn_code], rows[plan.pathway_id], strict=True)), index=rows.index, dtype=object
    )
    hidden = rows[plan.places].isna()
    places = share_out(given, rows[plan.places], keys)
    kind = rows[plan.pathway_id]
    worth = {
        plan.matched_hours: places * kind.map(course[PathwayFrame.course_hours]),
        plan.referrals: places / kind.map(course[PathwayFrame.uptake_share]),
        plan.completions: places * kind.map(course[PathwayFrame.completion_share]),
    }
    told = {name: rows[name].astype("float64").mask(hidden, values) for name, values in worth.items()}
    return rows.assign(**{plan.places: places}, **told)


def _fill_choice(choice: SiteTables, pathways: pd.DataFrame) -> SiteTables:
    names = {field.name for field in fields(choice)} & set(PEOPLE) - {"plan"}
    filled = {name: _fill(getattr(choice, name), PEOPLE[name]) for name in sorted(names)}
    untold = pd.Series(dtype="float64")  # what the pathways of a site get is not published
    return replace(choice, **filled, plan=_fill_plan(choice.plan, untold, pathways))


def _fill(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Whole numbers in the columns of counts; the middle where one is not shown."""
    return frame.assign(**{column: frame[column].fillna(MIDDLE).astype("int64") for column in columns})
