"""How far patients travel, by which modes, and along which roads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from ..schema.words import MODES
from .params import Params

Mode = Literal[*MODES]
PerMode = dict[Mode, Annotated[float, Field(gt=0)]]
Minutes = Annotated[float, Field(gt=0, le=600)]
MinutesOrPerMode = Annotated[
    Annotated[Minutes, Tag("[number]")] | Annotated[dict[Mode, Minutes], Tag("[table]")],
    Discriminator(lambda told: "[table]" if isinstance(told, Mapping) else "[number]"),
]
"""One limit for every mode, or a table of them."""


class TravelParams(Params):
    """How far a patient travels: minutes door to door, one way, by the quickest of the modes that are allowed."""

    modes: tuple[Mode, ...]
    max_min: MinutesOrPerMode
    outreach_km: float = Field(ge=0, le=500)
    detour: PerMode
    speed_kmh: PerMode
    start_min: dict[Mode, Annotated[float, Field(ge=0, le=60)]] = {}
    """Minutes that a journey takes beside the way, such as parking; a mode left out has none."""
    matrix_unit: Literal["minutes", "seconds"] | None = None
    """Of a table of travel times whose headings do not tell it."""

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, told: Any) -> Any:
        if isinstance(told, Mapping) and "mode" in told:
            raise ValueError(f'mode is no setting any more; write modes = ["{told["mode"]}"], a list of those allowed')
        if isinstance(told, Mapping) and isinstance(told.get("modes"), str):
            raise ValueError(f'modes is a list of those allowed; write modes = ["{told["modes"]}"]')
        return told

    @model_validator(mode="after")
    def _modes_are_given(self) -> TravelParams:
        if not self.modes:
            raise ValueError("modes is empty; name at least one of " + ", ".join(MODES))
        if len(set(self.modes)) < len(self.modes):
            raise ValueError("modes names one twice; leave it out")
        tables = ["detour", "speed_kmh", *(["max_min"] if isinstance(self.max_min, dict) else [])]
        missing = [f"{name}.{mode}" for mode in self.modes for name in tables if mode not in getattr(self, name)]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be given")
        lost = [mode for mode in self.modes if self.start_min.get(mode, 0) >= self.limit_min(mode)]
        if lost:
            raise ValueError(f"start_min.{lost[0]} leaves no time to travel; give less than max_min")
        return self

    def limit_min(self, mode: Mode) -> float:
        """The most minutes by a mode, its start among them; the limit itself is within."""
        return self.max_min[mode] if isinstance(self.max_min, dict) else self.max_min

    @property
    def longest_min(self) -> float:
        """The most minutes by any mode allowed."""
        return max(self.limit_min(mode) for mode in self.modes)

    def minutes_per_m(self, mode: Mode) -> float:
        """Minutes for one metre of straight line."""
        return self.detour[mode] * 0.06 / self.speed_kmh[mode]

    def max_m(self, mode: Mode) -> float:
        """The straight line that takes as long as the mode may, in metres."""
        return (self.limit_min(mode) - self.start_min.get(mode, 0.0)) / self.minutes_per_m(mode)

    @property
    def farthest_m(self) -> float:
        """The longest straight line within reach by any mode allowed, in metres."""
        return max(self.max_m(mode) for mode in self.modes)

    def farther(self, metres: float) -> TravelParams:
        """The same, where patients travel so many metres of straight line more by each mode."""
        limits = {mode: self.limit_min(mode) + metres * self.minutes_per_m(mode) for mode in self.modes}
        return self.model_copy(update={"max_min": limits})


class RoadParams(Params):
    """How journeys along roads are timed, where an extract of OpenStreetMap is given."""

    walk_kmh: float = Field(gt=0, le=20)
    snap_m: float = Field(gt=0, le=20_000)
    drive_kmh: dict[str, Annotated[float, Field(gt=0, le=200)]] = Field(min_length=1)
    """Kind of road → speed; what is not named is not driven."""
