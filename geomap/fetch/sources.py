"""The official sources as `defaults/sources.toml` tells them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import unquote, urlsplit

from ..config import load_default


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One official file: what it is, what it gives, and how it is had."""

    source_id: str
    title: str
    publisher: str
    page: str
    """Where a person finds it."""
    save_as: str
    patterns: tuple[str, ...]
    required: bool
    gives: str
    without: str
    """What a run assumes where it is missing."""
    attribution: str
    licence: str
    most_mb: int
    vintage: str = ""
    """The newest edition that geomap was tried on."""
    sha256: str = ""
    """Of that edition."""
    url: str = ""
    """An address that stays the same."""
    links: tuple[str, ...] = ()
    """What to look for on `page`, and on what that leads to: each with one group, the address."""
    layer: str = ""
    """A layer of an ArcGIS feature service."""
    where: str = "1=1"
    fields: tuple[str, ...] = ()
    """Of the layer; the first one is its key."""
    form: str = ""
    """`geojson` or `csv`, of a layer."""
    by_hand: str = ""
    """What to do on the page before the file is offered."""

    @property
    def most_bytes(self) -> int:
        """The largest file that is taken."""
        return self.most_mb * 1_000_000

    @property
    def first_address(self) -> str:
        """What is asked for first."""
        return self.page if self.links else self.url or self.layer

    def instruct(self, folder: str) -> str:
        """
        How to get the file in a browser.

        >>> source.instruct("official")
        'Open https://example.org/files and save epraccur.csv in official.'
        """
        step = f". {self.by_hand}," if self.by_hand else ""
        return f"Open {self.page}{step} and save {self.save_as} in {folder}."


def read_sources() -> dict[str, Source]:
    """Every source of `defaults/sources.toml`, by id, in its order."""
    several = {field.name for field in fields(Source) if field.type.startswith("tuple")}
    return {
        source_id: Source(
            source_id=source_id,
            **{name: tuple(value) if name in several else value for name, value in told.items()},
        )
        for source_id, told in load_default("sources").items()
    }


def name_of(url: str) -> str:
    """The last part of an address as a plain name of a file; empty where it has none."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)
    return plain.lstrip("._-")[:120]
