"""What a planner may set, as frozen models that check themselves."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..schema.words import VENUE_TYPES

Share = Field(ge=0, le=1)
PositiveShare = Field(gt=0, le=1)


def _check_word(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", text):
        return text
    raise ValueError("write it in small letters, digits and _, as the bank of hours is read")


def _check_ages(age_min: int, age_max: int) -> None:
    if age_max < age_min:
        raise ValueError(f"age_max ({age_max}) is below age_min ({age_min})")


Word = Annotated[str, AfterValidator(_check_word)]

class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EligibleParams(Params):
    """Who could be referred: exactly one of the three ways to count them."""

    registers: tuple[str, ...] = ()
    age_min: int | None = Field(default=None, ge=0, le=120)
    age_max: int = Field(default=120, ge=0, le=120)
    inactive: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> EligibleParams:
        ways = [bool(self.registers), self.age_min is not None, self.inactive]
        if sum(ways) != 1:
            raise ValueError("eligible needs exactly one of registers, age_min, inactive")
        if self.age_min is None and self.age_max != 120:
            raise ValueError("age_max counts only with age_min; leave it out")
        _check_ages(self.age_min or 0, self.age_max)
        return self


class PathwayParams(Params):
    """One pathway of the catalogue; hours are of one course, shares are 0–1."""

    name: str
    weeks: float = Field(gt=0, le=104)
    sessions_per_week: float = Field(gt=0, le=14)
    session_hours: float = Field(gt=0, le=12)
    venue_types: tuple[Literal[*VENUE_TYPES], ...] = Field(min_length=1)
    roles: tuple[Word, ...] = ()
    age_min: int = Field(default=0, ge=0, le=120)
    age_max: int = Field(default=120, ge=0, le=120)
    eligible: EligibleParams
    referral_share: float = Share
    uptake_share: float = PositiveShare
    completion_share: float = PositiveShare
    group_size: float = Field(default=12, ge=1)
    source: str = ""

    @model_validator(mode="after")
    def _ages_in_order(self) -> PathwayParams:
        _check_ages(self.age_min, self.age_max)
        return self

    @property
    def course_hours(self) -> float:
        """Hours of one course: weeks × sessions a week × hours a session."""
        return self.weeks * self.sessions_per_week * self.session_hours


class NeedWeights(Params):
    """Shares of the need index; they are divided by their sum."""

    imd: float = Field(ge=0)
    inactivity: float = Field(ge=0)
    long_term: float = Field(ge=0)
    aged_65: float = Field(ge=0)

    @model_validator(mode="after")
    def _not_all_zero(self) -> NeedWeights:
        if self.imd + self.inactivity + self.long_term + self.aged_65 <= 0:
            raise ValueError("at least one weight must be above 0")
        return self


class OwnIndicatorParams(Params):
    """An indicator of the planner's own: its share of the need index, and which way it counts."""

    weight: float = Field(ge=0)
    higher_is: Literal["more need", "less need"] = "more need"


class NeedParams(Params):
    """How need is built and how much it counts in the match."""

    conditions: tuple[str, ...]
    weight_floor: float = Field(gt=0)
    weight_span: float = Field(ge=0)
    weights: NeedWeights
    own: dict[Word, OwnIndicatorParams] = {}

    @property
    def all_weights(self) -> dict[str, float]:
        """Weights of the index by part; `own` stands for the planner's own indicators together."""
        return self.weights.model_dump() | {"own": sum(one.weight for one in self.own.values())}


class LinkWorkerParams(Params):
    """How many people link workers can refer."""

    caseload: float = Field(gt=0, le=2000)
    caseload_share: float = Share
    not_reported: Literal["median", "zero", "exclude"]
    fte_per_10000: float = Field(default=0.4165, gt=0, le=100)


class MatchParams(Params):
    """What the match must respect and how long it may work."""

    require_roles: bool
    time_limit_s: float = Field(ge=0)
    gap_share: float = Field(ge=0, lt=1)
    rounds: int = Field(default=5, ge=0, le=20)
    fairness_budget: float = Field(default=0.02, ge=0, le=1)
    core20: Literal["name", "raise"] = "name"
    levels: Literal["all", "completions"] = "all"


class PeriodParams(Params):
    """The plan period (both days included) and the day the organisations are taken at."""

    start: date
    end: date
    as_of: date

    @model_validator(mode="after")
    def _in_order(self) -> PeriodParams:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class DataParams(Params):
    """Where the official files lie: a folder searched for the names in sources.toml, and files named one by one."""

    folder: Path
    files: dict[str, str] = {}


class BankParams(Params):
    """The operators' bank of hours: a workbook or a folder of four CSVs."""

    path: Path
    bad_rows: Literal["stop", "reject"] = "stop"
    repairs: Literal["report", "refuse"] = "report"


class AreaParams(Params):
    """Which PCNs the run plans for: all, or those of these ICBs."""

    icb_codes: tuple[str, ...] = ()
