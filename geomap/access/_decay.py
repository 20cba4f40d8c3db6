"""How much less a facility counts the farther away it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..config import AccessParams
from ..errors import ConfigError


class Decay(Protocol):
    """How much less a facility counts the farther away it is."""

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDecay:
    """The same weight within a class of minutes: `weights[c]` up to and with `limits_min[c]`, nothing past the last."""

    limits_min: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        limits, weights = self.limits_min, self.weights
        _check_above("limits_min", *limits)
        _check_above("weights", *weights)
        if len(limits) != len(weights) or not limits:
            raise ConfigError(f"{len(limits)} limits_min and {len(weights)} weights; each class needs one of both.")
        if list(limits) != sorted(set(limits)):
            raise ConfigError(f"limits_min is {limits}; each must be above the one before.")

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        return np.append(self.weights, 0.0)[np.searchsorted(self.limits_min, minutes, side="left")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianDecay:
    """exp(−t² ÷ 2 width²) up to and with `max_min`: 1 at the door, 0.61 at `width_min`."""

    width_min: float
    max_min: float

    def __post_init__(self) -> None:
        _check_above("width_min", self.width_min)
        _check_above("max_min", self.max_min)

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        return np.where(minutes <= self.max_min, np.exp(-0.5 * (minutes / self.width_min) ** 2), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDecay:
    """(t ÷ near) ^ −exponent up to and with `max_min`; journeys shorter than `near_min` weigh 1."""

    exponent: float
    near_min: float
    max_min: float

    def __post_init__(self) -> None:
        _check_above("exponent", self.exponent)
        _check_above("near_min", self.near_min)
        _check_above("max_min", self.max_min)

    def weigh(self, minutes: np.ndarray) -> np.ndarray:
        """Weight of each journey, 0 where it is too long."""
        far = np.maximum(minutes, self.near_min) / self.near_min
        return np.where(minutes <= self.max_min, far**-self.exponent, 0.0)


def choose_decay(params: AccessParams, max_min: float) -> Decay:
    """The decay that a scenario asks for, over journeys of up to `max_min` minutes."""
    if params.decay == "step":
        count = len(params.step.weights)
        # What is left out is told in equal parts of the longest journey, whose last is the limit itself.
        parts = tuple(max_min * (part + 1) / count for part in range(count - 1)) + (max_min,)
        limits = params.step.limits_min or parts
        return StepDecay(limits_min=limits, weights=params.step.weights)
    if params.decay == "power":
        return PowerDecay(exponent=params.power.exponent, near_min=params.power.near_min, max_min=max_min)
    return GaussianDecay(width_min=params.gaussian.width_min or max_min / 2, max_min=max_min)


def _check_above(name: str, *numbers: float) -> None:
    for number in numbers:
        if not (np.isfinite(number) and number > 0):
            raise ConfigError(f"{name} has {number}; it must be a number above 0.")
