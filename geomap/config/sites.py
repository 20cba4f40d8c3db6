"""How test-and-learn sites are chosen, what is drawn to test the choice, and what a personal health budget pays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..schema.words import ASSUMPTIONS, QUOTA_KINDS
from .params import Params
from .wishes import Id

Pounds = Annotated[float, Field(ge=0, le=1e12)]


class QuotaParams(Params):
    """At least or at most so many of the chosen sites are of one kind."""

    by: Literal[*QUOTA_KINDS]
    value: Annotated[str, Field(min_length=1)]
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _asks_for_something(self) -> QuotaParams:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a quota needs at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"at_most ({self.at_most}) is below at_least ({self.at_least})")
        return self


class SiteParams(Params):
    """Which portfolios of test-and-learn sites to look for; costs are in pounds, once a site."""

    count: int = Field(ge=1, le=10_000)
    unit: Literal["pcn", "icb", "group"]
    groups: dict[Id, tuple[Id, ...]] = {}
    must_include: tuple[Id, ...] = ()
    must_exclude: tuple[Id, ...] = ()
    site_cost: Pounds
    site_costs: dict[Id, Pounds] = {}
    budget: Pounds | None = None
    spacing_km: float = Field(ge=0, le=2000)
    min_coverage: float = Field(ge=0, le=1)
    quota: tuple[QuotaParams, ...] = ()
    portfolios: int = Field(ge=1, le=50)
    differ_by: int = Field(ge=1)
    ask_about: tuple[Id, ...] = ()
    tradeoff_points: int = Field(ge=0, le=50)
    explain: bool
    gap_share: float = Field(ge=0, lt=1)
    time_limit_s: float = Field(ge=0)

    @model_validator(mode="after")
    def _hangs_together(self) -> SiteParams:
        if (self.unit == "group") != bool(self.groups):
            raise ValueError('groups are given with unit = "group", and only then')
        codes = [code for members in self.groups.values() for code in members]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"PCNs in more than one group: {', '.join(twice)}")
        empty = sorted(name for name, members in self.groups.items() if not members)
        if empty:
            raise ValueError(f"groups without a PCN: {', '.join(empty)}")
        return self

    @property
    def least_apart(self) -> int:
        """Sites in which any two portfolios differ, at least: no more than they have."""
        return min(self.differ_by, self.count)


class RobustParams(Params):
    """What is drawn to see how firm the choice is; each range is a pair of factors, drawn evenly between them."""

    draws: int = Field(ge=0, le=100_000)
    seed: int = Field(ge=0)
    full_draws: int = Field(ge=0)
    ranges: dict[Literal[*ASSUMPTIONS], tuple[float, float]]

    @model_validator(mode="after")
    def _ranges_in_order(self) -> RobustParams:
        wrong = [name for name, (low, high) in self.ranges.items() if not 0 <= low <= 1 <= high <= 10]
        # A weight may fall to nothing; the others divide or multiply.
        wrong += [name for name, (low, _) in self.ranges.items() if low <= 0 and not name.startswith("weight_")]
        if wrong:
            raise ValueError(f"a range goes from a factor up to 1 to one from 1 to 10: {', '.join(sorted(set(wrong)))}")
        return self


class HealthBudgetParams(Params):
    """Personal health budgets, in pounds: what a participant-hour costs, and what there is to spend in all."""

    hour_cost: Pounds
    total: Pounds
