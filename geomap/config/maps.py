"""What the map may ask the internet for: nothing, unless a planner names a server of background tiles."""

from __future__ import annotations

import re

from pydantic import model_validator

from .params import Params

_TILES = re.compile(
    r"https://(?P<host>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?)"
    r"/(?:[\w.~%@=&?/+,:-]|\{[zxyr]\})*"
)


class MapParams(Params):
    """A background of tiles for the map, off until the reader asks for it; none where both are empty."""

    tiles_url: str = ""
    tiles_attribution: str = ""

    @model_validator(mode="after")
    def _both_or_neither(self) -> MapParams:
        url, attribution = self.tiles_url, self.tiles_attribution.strip()
        if bool(url) != bool(attribution):
            missing, given = ("tiles_attribution", "tiles_url") if url else ("tiles_url", "tiles_attribution")
            raise ValueError(f"{given} is given without {missing}; a background of tiles needs both")
        if url and not _TILES.fullmatch(url):
            raise ValueError(
                f"tiles_url is {url!r}; give an address like https://tiles.example.org/{{z}}/{{x}}/{{y}}.png, "
                "its server in small letters and with a dot in its name"
            )
        port = self.tiles_host.partition(":")[2]
        if port and not 0 < int(port) < 65_536:
            raise ValueError(f"tiles_url is {url!r}; its port must be between 1 and 65535")
        if url and any(url.count(part) != 1 for part in ("{z}", "{x}", "{y}")):
            raise ValueError(f"tiles_url is {url!r}; it must hold {{z}}, {{x}} and {{y}} once each")
        return self

    @property
    def tiles_host(self) -> str:
        """The one server that tiles come from, with its port where it has one; empty where there is none."""
        found = _TILES.fullmatch(self.tiles_url)
        return found["host"] if found else ""
