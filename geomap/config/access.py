"""How access to hours is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..schema.words import ACCESS_LEVELS, ACCESS_METHODS
from .params import Params

_Minutes = Annotated[float, Field(gt=0, le=600)]
_Weight = Annotated[float, Field(gt=0, le=1000)]


class GaussianParams(Params):
    """exp(−t² ÷ 2 width²); a width left out is half of the longest journey."""

    width_min: _Minutes | None = None


class StepParams(Params):
    """A weight for each class of minutes; limits left out are equal parts of the longest journey."""

    weights: tuple[_Weight, ...] = Field(min_length=1)
    limits_min: tuple[_Minutes, ...] = ()

    @model_validator(mode="after")
    def _limits_fit(self) -> StepParams:
        if self.limits_min and len(self.limits_min) != len(self.weights):
            raise ValueError(
                f"{len(self.limits_min)} limits_min and {len(self.weights)} weights; give as many of both, "
                "or leave limits_min out"
            )
        if list(self.limits_min) != sorted(set(self.limits_min)):
            raise ValueError(f"limits_min is {list(self.limits_min)}; each must be above the one before")
        return self


class PowerParams(Params):
    """(t ÷ near) ^ −exponent; shorter journeys than `near_min` count 1."""

    exponent: float = Field(gt=0, le=20)
    near_min: _Minutes


class AccessParams(Params):
    """By which methods access is measured, and for which areas."""

    methods: tuple[Literal[*ACCESS_METHODS], ...]
    levels: tuple[Literal[*ACCESS_LEVELS], ...]
    decay: Literal["gaussian", "step", "power"]
    nearest: int = Field(ge=1, le=100)
    gaussian: GaussianParams = GaussianParams()
    step: StepParams
    power: PowerParams

    @model_validator(mode="after")
    def _named_once(self) -> AccessParams:
        for name in ("methods", "levels"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                raise ValueError(f"{name} names one twice; leave it out")
        return self
