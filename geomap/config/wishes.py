"""What a planner wishes of the plan: locks, bans and minimums."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from .params import Params

Id = Annotated[str, Field(min_length=1)]


class LockParams(Params):
    """A pledge, or one pathway of it, that serves only this PCN; locked to several, it serves only those."""

    pledge_id: Id
    pcn_code: Id
    pathway_id: Id | None = None


class BanParams(Params):
    """Hours that must not go somewhere: whose they are, and where or on what they must not be spent."""

    pledge_id: Id | None = None
    operator_id: Id | None = None
    facility_id: Id | None = None
    pcn_code: Id | None = None
    pathway_id: Id | None = None

    @model_validator(mode="after")
    def _says_what_and_where(self) -> BanParams:
        if not (self.pledge_id or self.operator_id or self.facility_id):
            raise ValueError("a ban needs one of pledge_id, operator_id, facility_id")
        if not (self.pcn_code or self.pathway_id):
            raise ValueError("a ban needs pcn_code or pathway_id; to ban all of it, take it out of the bank of hours")
        return self


class MinimumParams(Params):
    """Places that a PCN should get at least, on one pathway or any, of one pledge or any."""

    pcn_code: Id
    places: int = Field(ge=1, le=1_000_000)
    pathway_id: Id | None = None
    pledge_id: Id | None = None


class WishParams(Params):
    """All that a planner wishes."""

    lock: tuple[LockParams, ...] = ()
    ban: tuple[BanParams, ...] = ()
    minimum: tuple[MinimumParams, ...] = ()
