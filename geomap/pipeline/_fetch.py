"""Fetch the official files: find each, download it, have its own loader judge it, and only then put it in its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Protocol
from urllib.parse import urlsplit

from ..errors import ConfigError, DataError, Fault, OutputError
from ..fetch import record
from ..fetch.download import Came, Download
from ..fetch.guard import guard
from ..fetch.layer import fetch_layer
from ..fetch.links import Found, Pages
from ..fetch.outcome import Haul, Outcome
from ..fetch.parts import Part, drop, settle, sha256_of
from ..fetch.sources import Source, name_of, read_sources
from ..load.find import find_sources, fits_pattern, latest_date
from ..load.trial import read_source
from ..outputs import folder_lock
from ..validate import Loaded
from ..web import Web, WebError, WebLimits

LIMITS = WebLimits(most_bytes=300_000_000, seconds=3_600.0, silence_seconds=30.0, connect_seconds=10.0, tries=5)
"""An hour for one file: the largest, a hundred megabytes, at a quarter of a megabyte a second."""
_DEAD_HOSTS = 2
"""So many that cannot be reached, and none that can, and the computer is taken to be offline."""


class Watch(Protocol):
    """Who is told of progress."""

    def start(self, text: str) -> None:
        """A step begins."""

    def moved(self, done: int, total: int | None) -> None:
        """Bytes of it that have come, of how many."""

    def ended(self, outcome: Outcome) -> None:
        """A source is done."""


def fetch(folder: Path, only: Sequence[str], watch: Watch, limits: WebLimits = LIMITS) -> Haul:
    """
    Fetch the official sources into a folder.

    Parameters
    ----------
    folder
        Made if it is missing. Files that were saved there by hand are left as they are, unless `only` names them.
    only
        Ids of `defaults/sources.toml`; all where there are none.
    watch
        Told of progress.
    limits
        What one file may take; the largest size is each source's own.

    Returns
    -------
    haul
        What became of each source; a file that failed its check is never put in the place of another.

    Raises
    ------
    ConfigError
        A source named in `only` is unknown.
    OutputError
        The folder cannot be written, or another command is writing to it.
    """
    sources = read_sources()
    unknown = sorted(set(only) - set(sources))
    if unknown:
        raise ConfigError(f"--only: unknown source {', '.join(unknown)}. Known: {', '.join(sources)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder), _open_web(limits) as web:
            session = _Session(folder=folder, only=frozenset(only), watch=watch, limits=limits, web=web)
            outcomes = tuple(session.get(source) for key, source in sources.items() if key in only or not only)
    except OSError as caught:
        if isinstance(caught, OutputError):
            raise
        said = caught.strerror or caught
        raise OutputError(f"{folder} cannot be written ({said}). Free some space, or choose another folder.") from None
    return Haul(folder=folder, outcomes=outcomes, sources=sources, found=find_sources(folder, {})[0])


def _open_web(limits: WebLimits) -> Web:
    return Web(limits, guard=guard)


@dataclass(kw_only=True)
class _Session:
    """One fetch of several sources."""

    folder: Path
    only: frozenset[str]
    watch: Watch
    limits: WebLimits
    web: Web
    """For pages; each file has its own size limit, and so its own."""
    dead: set[str] = field(default_factory=set)
    has_answered: bool = False

    def __post_init__(self) -> None:
        self.pages = Pages(web=self.web, date_in=latest_date)
        self.fetched = record.read_fetched(self.folder)

    def get(self, source: Source) -> Outcome:
        """One source, from its address to its place; what goes wrong with it is told, and the others go on."""
        found = find_sources(self.folder, {})[0].get(source.source_id)
        there = "" if found is None else found.relative_to(self.folder).as_posix()
        known = self.fetched.get(source.source_id)
        if known is not None and not known.is_whole(self.folder):
            known = None
        if found is not None and known is None and source.source_id not in self.only:
            outcome = Outcome(source=source, state="own", file=there)
        elif not source.first_address:
            outcome = Outcome(source=source, state="by_hand", file=there)
        elif not self.has_answered and len(self.dead) >= _DEAD_HOSTS:
            outcome = Outcome(source=source, state="offline", file=there)
        elif (host := urlsplit(source.first_address).netloc) in self.dead:
            outcome = Outcome(source=source, state="failed", file=there, why=f"{host} cannot be reached.")
        else:
            self.watch.start(source.title)
            outcome = self._attempt(source, known, there)
        self.watch.ended(outcome)
        return outcome

    def _attempt(self, source: Source, known: record.Fetched | None, there: str) -> Outcome:
        try:
            outcome = self._fetch(source, known, there)
        except WebError as caught:
            self.has_answered = self.has_answered or not caught.unreachable
            if caught.unreachable:
                self.dead.add(urlsplit(caught.faults[0].source).netloc)
            return Outcome(source=source, state="failed", file=there, why=_say(caught))
        except DataError as caught:
            self.has_answered = True
            return Outcome(source=source, state="failed", file=there, why=f"What came is not it: {_say(caught)}")
        self.has_answered = True
        return outcome

    def _fetch(self, source: Source, known: record.Fetched | None, there: str) -> Outcome:
        at = self.pages.find(source) if source.links else Found(source.first_address, (0, 0))
        part = Part(self.folder, source.source_id)
        if known is not None and known.url == at.url and source.links:
            # An address found on a page is of one edition: where that is the one that is there, nothing is asked for.
            return Outcome(source=source, state="unchanged", file=there)
        mark = known.mark if known is not None and known.url == at.url else ""
        # A little more than the file may have, so that the download, which can clear up, is the first to notice.
        with _open_web(replace(self.limits, most_bytes=source.most_bytes + (1 << 20))) as web:
            if source.layer:
                came = fetch_layer(source, part, web, mark, self.watch.moved)
            else:
                wanted = Download(url=at.url, part=part, most_bytes=source.most_bytes, known_mark=mark)
                came = wanted.make(web, self.watch.moved)
        if not came.is_new:
            return Outcome(source=source, state="unchanged", file=there)
        return self._place(source, part, at, came)

    def _place(self, source: Source, part: Part, at: Found, came: Came) -> Outcome:
        """Have the loader of the source judge what came, then put it in its place and write it down."""
        path = part.name(_choose_name(source, at))
        self.watch.start(f"{source.title}: reading it")
        try:
            loaded = read_source(source.source_id, path)
            if loaded.frame.empty:
                raise DataError(faults=loaded.faults or [_nothing_in(path)])
        except DataError:
            drop(path)
            raise
        told = record.Fetched(
            file=path.name,
            url=at.url,
            fetched=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            mark=came.mark,
            vintage=loaded.vintage,
        )
        settle(path, self.folder / path.name)
        self.fetched[source.source_id] = told
        record.write_fetched(self.folder, self.fetched)
        return self._judge(source, told, loaded)

    def _judge(self, source: Source, told: record.Fetched, loaded: Loaded) -> Outcome:
        """What to know of a file that is in its place now."""
        why = []
        if loaded.faults:
            why.append(f"{len(loaded.faults):,} of its rows have a fault; geomap check names them.")
        reads = find_sources(self.folder, {})[0].get(source.source_id)
        if reads is not None and reads != self.folder / told.file:
            other = reads.relative_to(self.folder).as_posix()
            why.append(f"A run reads {other} instead, whose name is that of a newer file: move it away if it is not.")
        facts = {"file": told.file, "vintage": told.vintage, "bytes": told.bytes, "why": " ".join(why)}
        return Outcome(source=source, state="fetched", **facts)


def _choose_name(source: Source, at: Found) -> str:
    """The publisher's name of a file, or ours, with the date of its edition where the name has none."""
    name = "" if source.layer else name_of(at.url)
    if not any(fits_pattern(name, pattern) for pattern in source.patterns):
        name = source.save_as
    if not any(latest_date(name.lower())) and any(at.when):
        plain = PurePath(name)
        dated = "_".join([plain.stem, "-".join(f"{part:02}" for part in at.when if part)])
        name = f"{dated}{plain.suffix}"
    return name


def _nothing_in(path: Path) -> Fault:
    return Fault(source=path.name, problem="no row of it can be used", remedy="Download it again.")


def _say(caught: DataError) -> str:
    """The first fault in a sentence; pages that took the place of a file have one, a broken file a few."""
    first = caught.faults[0]
    return f"{first.source}: {first.problem}."
