"""A planner's wishes: locks and bans take links out of the match, minimums go into it, and what falls short is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .config import LockParams, MinimumParams, WishParams
from .errors import ConfigError
from .few import round_people, say_people
from .schema import (
    AllocationFrame,
    CapFrame,
    CeilingFrame,
    DemandFrame,
    MinimumFrame,
    PathwayFrame,
    PledgeFrame,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The ids that there are, each with the word for what they name."""

    pledge_id: Collection[str]
    operator_id: Collection[str]
    facility_id: Collection[str]
    pcn_code: Collection[str]
    pathway_id: Collection[str]


def check_known(wishes: WishParams, known: Known) -> None:
    """
    Refuse wishes that name what is not there.

    Raises
    ------
    ConfigError
        Names every such id at once.
    """
    wrong = [
        f"wishes.{kind} {number}: {key} {value!r} is not in the {_TABLES[key]}."
        for kind in ("lock", "ban", "minimum")
        for number, wish in enumerate(getattr(wishes, kind), start=1)
        for key, value in wish.model_dump(include=set(_TABLES), exclude_none=True).items()
        if value not in getattr(known, key)
    ]
    if wrong:
        raise ConfigError("\n".join([*wrong, "Correct these ids in the scenario, or take the wishes out."]))


_TABLES = {
    "pledge_id": "bank's table of pledges",
    "operator_id": "bank's table of operators",
    "facility_id": "bank's table of facilities",
    "pcn_code": "practice map",
    "pathway_id": "catalogue of pathways",
}


def apply_wishes(caps: pd.DataFrame, pledges: pd.DataFrame, wishes: WishParams) -> pd.DataFrame:
    """
    The links that a planner's locks and bans leave.

    A pledge that is locked, or locked on one pathway, keeps only its links to the PCNs it is locked to. A ban takes
    away the links that answer to all it names.

    Parameters
    ----------
    caps
        `CapFrame`.
    pledges
        `PledgeFrame`, for whose each pledge is.
    wishes
        What the planner wishes.

    Returns
    -------
    caps
        `CapFrame`: some of the rows, in the same order.
    """
    if not (wishes.lock or wishes.ban):
        return caps
    pcn = caps[CapFrame.pcn_code]
    locked, allowed = pd.Series(False, index=caps.index), pd.Series(False, index=caps.index)
    for lock in wishes.lock:
        mine = _answers(caps, {CapFrame.pledge_id: lock.pledge_id, CapFrame.pathway_id: lock.pathway_id})
        locked |= mine
        allowed |= mine & pcn.eq(lock.pcn_code)
    owners = pledges.set_index(PledgeFrame.pledge_id)[[PledgeFrame.operator_id, PledgeFrame.facility_id]]
    told = caps.join(owners, on=CapFrame.pledge_id)
    banned = pd.Series(False, index=caps.index)
    for ban in wishes.ban:
        banned |= _answers(told, ban.model_dump())
    return caps[(~locked | allowed) & ~banned].reset_index(drop=True)


def list_minimums(wishes: WishParams, caps: pd.DataFrame) -> pd.DataFrame:
    """
    The planner's minimums that some link of `caps` counts towards, as `MinimumFrame`; no plan can meet the others.

    Those of the same PCN, pathway and pledge are one, the largest.
    """
    keys = [MinimumFrame.pcn_code, MinimumFrame.pathway_id, MinimumFrame.pledge_id]
    rows = [wish.model_dump() for wish in wishes.minimum if _answers(caps, _where(wish)).any()]
    frame = pd.DataFrame(rows, columns=[*keys, MinimumFrame.places])
    frame = frame.astype({**dict.fromkeys(keys, "str"), MinimumFrame.places: "int64"})
    frame = frame.sort_values([*keys, MinimumFrame.places], ignore_index=True)
    return frame.drop_duplicates(keys, keep="last", ignore_index=True)


def count_minimums(wishes: WishParams, allocation: pd.DataFrame) -> tuple[int, ...]:
    """By minimum, in the order of the scenario: the places that a plan gives towards it."""
    return tuple(
        int(allocation.loc[_answers(allocation, _where(wish)), AllocationFrame.places].sum())
        for wish in wishes.minimum
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A plan, and the tables that say what of the wishes could be met."""

    allocation: pd.DataFrame
    all_caps: pd.DataFrame
    """`CapFrame` before locks and bans."""
    caps: pd.DataFrame
    """`CapFrame` after them."""
    demand: pd.DataFrame
    ceilings: pd.DataFrame
    pathways: pd.DataFrame
    names: Mapping[str, str]
    """Name of each PCN, by code."""


def tell_wishes(wishes: WishParams, outcome: Outcome) -> tuple[str, ...]:
    """
    Sentences on minimums that fall short and on locks that leave nothing; none where all wishes are met.

    They are published with every run: what a plan gives, and what there is, is rounded (`geomap.few`); what was wished
    stands as the planner wrote it.
    """
    given = count_minimums(wishes, outcome.allocation)
    short = [
        _tell_minimum(wish, count, outcome)
        for wish, count in zip(wishes.minimum, given, strict=True)
        if count < wish.places
    ]
    return (*(said for lock in wishes.lock for said in _tell_lock(lock, outcome)), *short)


def _where(wish: MinimumParams) -> dict[str, str | None]:
    return wish.model_dump(exclude={"places"})


def _answers(frame: pd.DataFrame, wanted: Mapping[str, str | None]) -> pd.Series:
    """Rows whose keys are those wanted; a key that is `None` is not asked for."""
    found = pd.Series(True, index=frame.index)
    for key, value in wanted.items():
        if value is not None:
            found &= frame[key].eq(value)
    return found


def _tell_lock(lock: LockParams, outcome: Outcome) -> list[str]:
    """A lock whose pledge could serve somebody and, locked, has no link left to the PCN."""
    mine = {CapFrame.pledge_id: lock.pledge_id, CapFrame.pathway_id: lock.pathway_id}
    if _answers(outcome.caps, mine | {CapFrame.pcn_code: lock.pcn_code}).any():
        return []
    who = f"Pledge {lock.pledge_id}{_on(lock.pathway_id, outcome)} is locked to {_pcn(lock.pcn_code, outcome)}"
    return [f"{who}, which it cannot serve: nobody there whom it could take is within its reach, or a ban forbids it."]


def _tell_minimum(wish: MinimumParams, given: int, outcome: Outcome) -> str:
    by = f" by pledge {wish.pledge_id}" if wish.pledge_id else ""
    places = "1 place" if wish.places == 1 else f"{wish.places:,} places"
    what = f"Minimum of {places} for {_pcn(wish.pcn_code, outcome)}{_on(wish.pathway_id, outcome)}{by}"
    are = _below(given, wish.places, "none is", "{} are", "all but a few are")
    return f"{what} falls short: {are} given; {_why_short(wish, outcome)}."


def _below(count: float, wished: int, none: str, some: str, nearly: str) -> str:
    """How a count below what was wished is told: rounded, and never as if it were enough."""
    if count <= 0:
        return none
    shown = round_people(pd.Series([count])).iloc[0]
    if not pd.isna(shown) and shown >= wished:
        return nearly
    return some.format(say_people(count))


def _why_short(wish: MinimumParams, outcome: Outcome) -> str:
    """The narrowest of the limits that stand below the minimum by themselves, else the hours."""
    cells = _answers(outcome.demand, {DemandFrame.pcn_code: wish.pcn_code, DemandFrame.pathway_id: wish.pathway_id})
    wanted = outcome.demand[cells].set_index(DemandFrame.pathway_id)[DemandFrame.demand_places]
    if wanted.empty:
        return "the PCN is not in this run"
    if wanted.sum() < wish.places:
        return f"{_below(wanted.sum(), wish.places, 'none is', 'only {} are', 'fewer are')} wanted there"
    links = outcome.caps[_answers(outcome.caps, _where(wish))]
    if links.empty:
        apart = _answers(outcome.all_caps, _where(wish)).any()
        return "locks or bans keep all hours from it" if apart else "no hours that could serve it reach it"
    near = links.groupby(CapFrame.pathway_id)[CapFrame.cap_places].sum()
    near = np.minimum(near, wanted.reindex(near.index))
    if near.sum() < wish.places:
        start = _below(near.sum(), wish.places, "nobody is", "only {} are", "fewer are")
        return f"{start} within reach of the hours that may serve it"
    uptake = outcome.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    ceiling = outcome.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]
    starts = ceiling.get(wish.pcn_code, 0.0) * uptake.reindex(near.index).max()
    if starts + 1e-9 < wish.places:
        filled = _below(int(starts + 1e-9), wish.places, "none", "{}", "fewer")
        return f"its link workers can refer no more than would fill {filled}"
    return "the hours that may serve it, in whole courses and beside the other minimums, allow no more that was found"


def _pcn(code: str, outcome: Outcome) -> str:
    return f"{outcome.names[code]} ({code})" if code in outcome.names else f"PCN {code}"


def _on(pathway_id: str | None, outcome: Outcome) -> str:
    names = outcome.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.pathway_name]
    return "" if pathway_id is None else f" on {str(names.get(pathway_id, pathway_id)).lower()}"

