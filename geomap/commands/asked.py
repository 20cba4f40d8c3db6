"""What the options of a command ask for: a scenario, tiles, and the command that a planner is told to run next.

Nothing heavy is imported before a command begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config import MapParams, Scenario


def given(data: Path | None, bank: Path | None) -> str:
    """The options that name inputs, to be given again."""
    return "".join(f" {name} {path}" for name, path in (("--data", data), ("--bank", bank)) if path)


def advise(scenario: Path, data: Path | None, bank: Path | None) -> str:
    """How to have faults marked in the bank of hours, for those who wrote it."""
    asked = f"geomap check {scenario}{given(data, bank)} --problems problems.xlsx"
    return f"To have these cells marked in a workbook for those who wrote them: {asked}"


def read_scenario(
    path: Path,
    data: Path | None,
    bank: Path | None,
    icb: list[str] | None = None,
    *,
    skip_bad_rows: bool = False,
    strict: bool = False,
) -> Scenario:
    """
    The scenario of a file, as the options change it.

    Raises
    ------
    ConfigError
        See `Scenario.from_toml`.
    """
    from ..config import Scenario

    codes = tuple(code.strip().upper() for code in icb or ())
    told = Scenario.from_toml(path, data=data, bank=bank, icb_codes=codes)
    asked = ({"bad_rows": "reject"} if skip_bad_rows else {}) | ({"repairs": "refuse"} if strict else {})
    return told.model_copy(update={"bank": told.bank.model_copy(update=asked)})


def background_tiles(url: str, attribution: str) -> MapParams | None:
    """
    The tiles that the options ask for; none where they ask for none.

    Raises
    ------
    ConfigError
        They are no tiles that a page may show.
    """
    if not url and not attribution:
        return None
    from pydantic import ValidationError

    from ..config import MapParams
    from ..errors import ConfigError

    try:
        return MapParams(tiles_url=url, tiles_attribution=attribution)
    except ValidationError as caught:
        said = "; ".join(error["msg"].removeprefix("Value error, ") for error in caught.errors())
        told = said.replace("tiles_url", "--tiles").replace("tiles_attribution", "--attribution")
        raise ConfigError(f"{told}.") from None
