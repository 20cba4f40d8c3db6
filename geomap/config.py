"""What a run is told: the scenario file and the shipped defaults, as frozen models that check themselves.

Every default is a line in `geomap/defaults/*.toml` with its source beside it. A scenario changes a line by writing it
again under the same table; a pathway is added by adding a table.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ConfigError
from .schema.words import VENUE_TYPES

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
Mode = Literal["walk", "drive", "transit"]
PerMode = dict[Mode, Annotated[float, Field(gt=0)]]


class _Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EligibleParams(_Params):
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


class PathwayParams(_Params):
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


class NeedWeights(_Params):
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


class NeedParams(_Params):
    """How need is built and how much it counts in the match."""

    conditions: tuple[str, ...]
    weight_floor: float = Field(gt=0)
    weight_span: float = Field(ge=0)
    weights: NeedWeights


class LinkWorkerParams(_Params):
    """How many people link workers can refer."""

    caseload: float = Field(gt=0, le=2000)
    caseload_share: float = Share
    not_reported: Literal["median", "zero", "exclude"]


class TravelParams(_Params):
    """How far a patient travels: minutes door to door, one way, by straight line × detour."""

    mode: Mode
    max_min: float = Field(gt=0, le=600)
    outreach_km: float = Field(ge=0, le=500)
    detour: PerMode
    speed_kmh: PerMode

    @model_validator(mode="after")
    def _mode_is_given(self) -> TravelParams:
        missing = [f"{name}.{self.mode}" for name in ("detour", "speed_kmh") if self.mode not in getattr(self, name)]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be given")
        return self

    @property
    def minutes_per_m(self) -> float:
        """Minutes for one metre of straight line."""
        return self.detour[self.mode] * 0.06 / self.speed_kmh[self.mode]

    @property
    def max_m(self) -> float:
        """The straight line that takes `max_min` minutes, in metres."""
        return self.max_min / self.minutes_per_m


class MatchParams(_Params):
    """What the match must respect and how long it may work."""

    require_roles: bool
    time_limit_s: float = Field(ge=0)
    gap_share: float = Field(ge=0, lt=1)
    rounds: int = Field(default=5, ge=0, le=20)
    fairness_budget: float = Field(default=0.02, ge=0, le=1)
    core20: Literal["name", "raise"] = "name"


class PeriodParams(_Params):
    """The plan period (both days included) and the day the organisations are taken at."""

    start: date
    end: date
    as_of: date

    @model_validator(mode="after")
    def _in_order(self) -> PeriodParams:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        return self


class DataParams(_Params):
    """Where the official files lie: a folder searched for the names in sources.toml, and files named one by one."""

    folder: Path
    files: dict[str, str] = {}


class BankParams(_Params):
    """The operators' bank of hours: a workbook or a folder of four CSVs."""

    path: Path
    bad_rows: Literal["stop", "reject"] = "stop"


class AreaParams(_Params):
    """Which PCNs the run plans for: all, or those of these ICBs."""

    icb_codes: tuple[str, ...] = ()


class Scenario(_Params):
    """One run, complete: what was written in the scenario file over the shipped defaults."""

    name: str
    label: str = ""
    data: DataParams
    bank: BankParams
    area: AreaParams = AreaParams()
    period: PeriodParams
    need: NeedParams
    link_workers: LinkWorkerParams
    travel: TravelParams
    match: MatchParams
    pathways: dict[Word, PathwayParams]

    @classmethod
    def from_toml(
        cls, path: Path, *, data: Path | None = None, bank: Path | None = None, icb_codes: tuple[str, ...] = ()
    ) -> Scenario:
        """
        Read a scenario file over the defaults; the keyword arguments win over the file.

        Paths in the file are relative to the file's folder.

        Raises
        ------
        ConfigError
            The file is missing or not TOML, or a value does not hold; all faults at once.
        """
        written = _read_toml(path)
        merged = _merge(_defaults(), written)
        merged.setdefault("data", {})
        merged.setdefault("bank", {})
        _place(merged, "data", "folder", data, path)
        _place(merged, "bank", "path", bank, path)
        if icb_codes:
            merged["area"] = {"icb_codes": icb_codes}
        try:
            return cls.model_validate(merged)
        except ValidationError as caught:
            raise ConfigError(_tell(caught, path)) from None


@cache
def load_default(name: str) -> Mapping[str, Any]:
    """A shipped defaults file, such as `sources`, as nested dictionaries; do not change what it returns."""
    return tomllib.loads(resources.files("geomap").joinpath("defaults", f"{name}.toml").read_text(encoding="utf-8"))


def default_pathways() -> dict[str, PathwayParams]:
    """The shipped catalogue of pathways, by id."""
    return {key: PathwayParams.model_validate(value) for key, value in load_default("pathways").items()}


def _defaults() -> dict[str, Any]:
    whole = {name: load_default(name) for name in ("travel", "pathways")}
    return {**load_default("need"), **load_default("match"), **whole}


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key, except that `eligible` is replaced whole; anything else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(old, Mapping) and key != "eligible"
        merged[key] = _merge(old, value) if both else value
    return merged


def _place(merged: dict[str, Any], table: str, key: str, given: Path | None, scenario: Path) -> None:
    if not isinstance(merged[table], dict):
        return
    if given is not None:
        merged[table] = {**merged[table], key: given}
    elif isinstance(merged[table].get(key), str):
        merged[table] = {**merged[table], key: (scenario.parent / merged[table][key])}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        said = "there is no such scenario file. Check the name, or start from 'geomap demo'."
        raise ConfigError(f"{path}: {said}") from None
    except (OSError, UnicodeDecodeError) as caught:
        raise ConfigError(f"{path}: the scenario file cannot be read ({caught}).") from None
    except tomllib.TOMLDecodeError as caught:
        raise ConfigError(f"{path}: not a TOML file: {caught}. See data/demo/demo.toml for one that works.") from None


_SUPPLIED = {
    "data.folder": "name the folder of official files under [data], or give --data",
    "bank.path": "name the bank of hours under [bank], or give --bank",
}


def _tell(caught: ValidationError, path: Path) -> str:
    lines = []
    for error in caught.errors():
        where = ".".join(str(part) for part in error["loc"] if part != "[key]") or "scenario"
        said = error["msg"].removeprefix("Value error, ")
        if error["type"] == "missing":
            lines.append(f"{path}: {where} is missing; {_SUPPLIED.get(where, 'add it')}.")
        elif error["type"] == "extra_forbidden":
            lines.append(f"{path}: {where} is not a setting geomap knows; check the spelling.")
        elif isinstance(error["input"], Mapping):
            lines.append(f"{path}: {where}: {said}.")
        else:
            lines.append(f"{path}: {where} is {error['input']!r}: {said}.")
    return "\n".join(lines)
