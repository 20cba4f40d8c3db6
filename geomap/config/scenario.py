"""The scenario file, over the shipped defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import ConfigError
from .maps import MapParams
from .params import (
    AreaParams,
    BankParams,
    DataParams,
    LinkWorkerParams,
    MatchParams,
    NeedParams,
    Params,
    PathwayParams,
    PeriodParams,
    TravelParams,
    Word,
)
from .sites import HealthBudgetParams, RobustParams, SiteParams
from .wishes import WishParams


class Scenario(Params):
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
    wishes: WishParams = WishParams()
    sites: SiteParams
    robustness: RobustParams
    health_budget: HealthBudgetParams
    map: MapParams = MapParams()
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


    def for_sites(self, count: int | None = None, draws: int | None = None) -> Scenario:
        """
        The same with another number of sites or of draws, where these are told.

        `count` is 1 or more, `draws` 0 or more.
        """
        sites = self.sites.model_dump() | ({} if count is None else {"count": count})
        robustness = self.robustness.model_dump() | ({} if draws is None else {"draws": draws})
        return self.model_copy(
            update={
                "sites": SiteParams.model_validate(sites),
                "robustness": RobustParams.model_validate(robustness),
            }
        )


@cache
def load_default(name: str) -> Mapping[str, Any]:
    """A shipped defaults file, such as `sources`, as nested dictionaries; do not change what it returns."""
    return tomllib.loads(resources.files("geomap").joinpath("defaults", f"{name}.toml").read_text(encoding="utf-8"))


def default_pathways() -> dict[str, PathwayParams]:
    """The shipped catalogue of pathways, by id."""
    return {key: PathwayParams.model_validate(value) for key, value in load_default("pathways").items()}


def _defaults() -> dict[str, Any]:
    whole = {name: load_default(name) for name in ("travel", "pathways")}
    return {**load_default("need"), **load_default("match"), **load_default("sites"), **whole}


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
