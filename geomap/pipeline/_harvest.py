"""OpenActive feeds harvested into one file: the earlier file is read, each feed read on, the whole put in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError, Fault, OutputError
from ..load.child import read_apart
from ..load.harvested import load_feeds
from ..openactive.feed import Feed
from ..openactive.harvest import Harvest, HarvestLimits, Told
from ..openactive.rpde import page_key
from ..openactive.store import write_feeds
from ..report._one_file import put_file
from ..web import Web


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """What a harvest brought: of each feed that was asked what became of it, and the feeds kept as they were."""

    told: tuple[Told, ...]
    kept: tuple[Feed, ...]
    written: bool
    """False where nothing at all was read, so that there was nothing to write."""

    @property
    def faults(self) -> list[Fault]:
        return [fault for told in self.told for fault in told.faults]


def harvest(
    addresses: Sequence[str],
    out: Path,
    progress: Callable[[str], None] = lambda text: None,
    *,
    limits: HarvestLimits | None = None,
    web: Web | None = None,
) -> Harvested:
    """
    Harvest OpenActive feeds into a file, going on from what an earlier harvest left there.

    Parameters
    ----------
    addresses
        First pages of RPDE feeds; none for those that the file names. Feeds of the file that are not asked are kept.
    out
        The file, JSON; put in place whole, when every feed has been asked.
    progress
        Called with a short sentence from page to page.
    limits
        What it may take.
    web
        The network, for tests.

    Returns
    -------
    harvested
        What became of each feed. A feed that could not be read to its end has faults, and keeps what was read.

    Raises
    ------
    ConfigError
        No feed is named, there or in the file.
    DataError
        The file that stands there is none of `geomap harvest`.
    OutputError
        It cannot be written; what stood there still does.
    """
    limits = limits or HarvestLimits()
    earlier = read_apart(out.name, load_feeds, out) if out.exists() else []
    known = {page_key(feed.url): feed for feed in earlier}
    asked = {page_key(url): url for url in addresses} or {key: feed.url for key, feed in known.items()}
    if not asked:
        raise ConfigError(f"No feed is named, and there is no {out} of an earlier harvest. Give the address of a feed.")
    kept = [feed for key, feed in known.items() if key not in asked]
    _check_writable(out)
    told: list[Told] = []
    with web or Web(limits.of_web(), say=progress) as network:
        reader = Harvest(network, limits, say=progress)
        reader.hold(kept)
        for key, url in asked.items():
            told.append(reader.read(known.get(key, Feed(url=url))))
    read = [one.feed for one in told if one.pages or page_key(one.feed.url) in known]
    harvested = Harvested(told=tuple(told), kept=tuple(kept), written=any(one.pages for one in told))
    if harvested.written:
        feeds = sorted([*kept, *read], key=lambda feed: feed.url)
        put_file(out, write_feeds(feeds), "What was harvested")
    return harvested


def _check_writable(out: Path) -> None:
    """See that the file can be put there before an hour is spent on it."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as caught:
        raise OutputError(f"{out.parent} cannot be made: {caught.strerror}. Choose another place.") from caught
    if out.is_dir():
        raise OutputError(f"{out} is a folder. Give the name of a file, such as {out / 'openactive.json'}.")


def refuse_unfinished(harvested: Harvested) -> None:
    """
    Raise with every feed that could not be read to its end.

    Raises
    ------
    DataError
        There is one.
    """
    if harvested.faults:
        raise DataError(faults=harvested.faults)
