"""The scenario file, over the shipped defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator

from ..errors import ConfigError
from ..schema._notebook import html_table
from .access import AccessParams
from .asks import AskParams
from .flat import flatten_settings
from .maps import MapParams
from .opportunities import OpportunityParams
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
    Word,
)
from .sites import HealthBudgetParams, RobustParams, SiteParams
from .travel import RoadParams, TravelParams
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
    roads: RoadParams
    access: AccessParams
    match: MatchParams
    wishes: WishParams = WishParams()
    sites: SiteParams
    robustness: RobustParams
    health_budget: HealthBudgetParams
    asks: AskParams
    opportunities: OpportunityParams = OpportunityParams()
    map: MapParams = MapParams()
    pathways: dict[Word, PathwayParams]

    @model_validator(mode="after")
    def _activities_name_pathways(self) -> Scenario:
        """An activity that is sent to a pathway that is not there would be lost in silence."""
        named = {pathway for told in self.opportunities.activities.values() for pathway in told}
        unknown = sorted(named - set(self.pathways))
        if unknown:
            known = ", ".join(self.pathways)
            raise ValueError(f"opportunities.activities names the pathway {unknown[0]!r}, which is none of {known}")
        return self

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


    def with_settings(self, settings: Mapping[str, Any]) -> Scenario:
        """
        The same with some settings changed, checked as a scenario file is.

        Parameters
        ----------
        settings
            Dotted name → value, such as `{"travel.max_min": 30, "match.fairness_budget": 0.05}`; a table is replaced
            whole.

        Returns
        -------
        scenario
            A new one; this one stays as it is.

        Raises
        ------
        ConfigError
            A name is no setting, or a value does not hold; all faults at once.

        Examples
        --------
        >>> scenario.with_settings({"travel.max_min": 45}).travel.max_min  # doctest: +SKIP
        45.0
        """
        whole = self.model_dump()
        for name, value in settings.items():
            *tables, last = name.split(".")
            at = whole
            for table in tables:
                at = at.setdefault(table, {})
                if not isinstance(at, dict):
                    raise ConfigError(f"{name} is not a setting geomap knows; {table} is no table.")
            at[last] = value
        try:
            return type(self).model_validate(whole)
        except ValidationError as caught:
            raise ConfigError(_tell(caught, Path("settings"))) from None

    def _repr_html_(self) -> str:
        """What a notebook shows: where this scenario differs from the defaults that ship."""
        own = self.model_dump(include={"name", "data", "bank", "period"})
        usual = dict(flatten_settings(type(self).model_validate(_merge(_defaults(), own)).model_dump(mode="json")))
        told = dict(flatten_settings(self.model_dump(mode="json")))
        given = dict(flatten_settings(self.model_dump(mode="json", include=set(own))))
        rows = [(name, value, "") for name, value in given.items() if name != "name"]
        rows += [
            (name, told.get(name, ""), usual.get(name, ""))
            for name in dict.fromkeys([*told, *usual])
            if name not in given and told.get(name) != usual.get(name)
        ]
        return html_table(f"Scenario: {self.name}", ("Setting", "Here", "Default"), rows)

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
    return tomllib.loads(default_text(name))


def default_text(name: str) -> str:
    """A shipped defaults file as it is written, with its comments."""
    return resources.files("geomap").joinpath("defaults", f"{name}.toml").read_text(encoding="utf-8")


def default_pathways() -> dict[str, PathwayParams]:
    """The shipped catalogue of pathways, by id."""
    return {key: PathwayParams.model_validate(value) for key, value in load_default("pathways").items()}


def _defaults() -> dict[str, Any]:
    whole = {name: load_default(name) for name in ("travel", "roads", "pathways")}
    tables = {key: value for name in ("need", "match", "sites", "access") for key, value in load_default(name).items()}
    return {**tables, **whole}


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
        where = ".".join(str(part) for part in error["loc"] if not str(part).startswith("[")) or "scenario"
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
