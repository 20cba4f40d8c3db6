"""A feed read to its end, page by page, from where the last harvest stopped; every cap and every oddity is told.

Source: OpenActive, Realtime Paged Data Exchange 1.0: the last page has no items and names itself as `next`; a deleted
item stays in the feed for 7 days, so who has not looked for longer must read it from its first page again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..errors import DataError, Fault
from ..web import Web, WebLimits
from .feed import Feed
from .rpde import RpdePage, page_key, read_page, site_of

DELETIONS_STAY = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestLimits:
    """What one harvest may take; what is over is left for the next one, which goes on from there."""

    pages: int = 5_000
    items: int = 300_000
    """Held at the end, of all feeds, with those that are kept as deleted."""
    page_bytes: int = 32 << 20
    total_bytes: int = 2 << 30
    seconds: float = 3_600.0
    page_seconds: float = 300.0
    other_hosts: bool = False
    """Whether a feed may lead to another host; never from https to http."""
    tries: int = 4
    most_wait_seconds: float = 60.0
    broken_pages: int = 2
    """How often a page that is cut short is asked for, before it counts as none."""

    def of_web(self) -> WebLimits:
        """What one page may take."""
        return WebLimits(
            most_bytes=self.page_bytes,
            seconds=self.page_seconds,
            tries=self.tries,
            most_wait_seconds=self.most_wait_seconds,
        )


@dataclass(slots=True, kw_only=True)
class Told:
    """What became of one feed in one harvest."""

    feed: Feed
    pages: int = 0
    received: int = 0
    """Items on those pages, whatever became of them."""
    again: bool = False
    """Whether it was read from its first page though it had been read before."""
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Harvest:
    """Reads feeds one after the other within one set of limits."""

    def __init__(
        self,
        web: Web,
        limits: HarvestLimits | None = None,
        *,
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._web, self._limits, self._say = web, limits or HarvestLimits(), say
        self._clock, self._now = clock, now
        self._until = clock() + self._limits.seconds
        self._pages, self._bytes, self._held = 0, 0, 0

    def hold(self, feeds: list[Feed]) -> None:
        """Count the items of feeds that are kept as they are, against the cap."""
        self._held += sum(len(feed.items) for feed in feeds)

    def read(self, before: Feed) -> Told:
        """
        Read a feed on from where it was left; what it held before is not changed in place.

        A page that cannot be had ends it, with what was read so far; the next harvest goes on from that page. Where a
        feed had to be begun anew and could not be read to its end, the earlier state stays instead.
        """
        began = self._now()
        stale = bool(before.next) and self._is_stale(before, began)
        start = Feed(url=before.url) if stale else replace(before, items=dict(before.items))
        told = Told(feed=start, again=stale)
        if stale:
            told.notes.append(
                f"It was last asked more than {DELETIONS_STAY.days} days ago, and may have forgotten what was deleted "
                "since; it was read from its first page again."
            )
        start.unreadable = dict(start.unreadable)
        self._follow(told)
        if told.pages:
            start.looked = began.isoformat(timespec="seconds")
        if stale and told.faults:
            told.feed = before
            told.notes.append("What an earlier harvest brought of it is kept.")
        self._held += len(told.feed.items)
        return told

    def _is_stale(self, feed: Feed, now: datetime) -> bool:
        try:
            return now - datetime.fromisoformat(feed.looked) > DELETIONS_STAY
        except (ValueError, TypeError):  # no time, or one without its zone
            return True

    def _follow(self, told: Told) -> None:
        """Read page after page until the last, a cap, a loop or a failure."""
        feed = told.feed
        at, seen = feed.next or feed.url, set()
        feed.complete = False
        while True:
            full = self._what_is_full(feed)
            if full:
                feed.next = at
                told.notes.append(f"It was not read to its end: {full}. Harvest again, and it goes on from there.")
                return
            seen.add(page_key(at))
            try:
                page = self._get(at)
            except DataError as caught:
                feed.next = at
                told.faults += caught.faults
                return
            self._take(told, page)
            self._say(f"{feed.url}: {told.pages:,} pages, {len(feed.items):,} items")
            ended, wrong = _judge_next(page, at, seen, feed.url, self._limits.other_hosts)
            feed.next = at if ended or wrong else page.next
            feed.complete = ended and not wrong
            if wrong:
                told.faults.append(wrong)
            elif ended and not page.empty:
                told.notes.append("Its last page is not empty, as the standard asks; it was taken as the last.")
            if ended or wrong:
                return
            at = page.next

    def _what_is_full(self, feed: Feed) -> str:
        """Which cap has been reached, in words; empty where there is room."""
        limits = self._limits
        caps = (
            (self._pages >= limits.pages, f"{limits.pages:,} pages are the most that one harvest reads"),
            (self._held + len(feed.items) >= limits.items, f"{limits.items:,} items are the most that are held"),
            (self._bytes >= limits.total_bytes, f"{limits.total_bytes / 1e6:,.0f} MB are the most that are received"),
            (self._clock() >= self._until, f"it took more than {limits.seconds:g} seconds"),
        )
        return next((said for full, said in caps if full), "")

    def _get(self, url: str) -> RpdePage:
        """A page; one that is cut short is asked for again."""
        for left in range(self._limits.broken_pages - 1, -1, -1):
            answer = self._web.get(url, headers={"Accept": "application/json"}, same_host=not self._limits.other_hosts)
            self._pages += 1
            self._bytes += len(answer.body)
            try:
                return read_page(answer.body, url)
            except DataError:
                if not left or answer.body.lstrip()[:1] not in (b"{", b"["):
                    raise
        raise ValueError(f"HarvestLimits.broken_pages is {self._limits.broken_pages}; it must be 1 or more.")

    def _take(self, told: Told, page: RpdePage) -> None:
        told.pages += 1
        told.received += len(page.items) + len(page.unreadable)
        for item in page.items:
            told.feed.take(item)
        for reason in page.unreadable:
            told.feed.unreadable[reason] = told.feed.unreadable.get(reason, 0) + 1
        told.feed.license = page.license or told.feed.license


def _judge_next(page: RpdePage, at: str, seen: set[str], feed: str, other_hosts: bool) -> tuple[bool, Fault | None]:
    """Whether a page is the last, and what is wrong with where it leads."""
    if not page.next:
        return True, _fault(at, "the page names no next one, so the feed may go on unseen")
    if page_key(page.next) == page_key(at):
        return True, None
    (scheme, host), (was_scheme, was_host) = site_of(page.next), site_of(feed)
    if scheme not in ("http", "https") or (was_scheme == "https" and scheme != "https"):
        return True, _fault(at, "its next page is not protected as https is", value=page.next)
    if host != was_host and not other_hosts:
        remedy = "If that host is the publisher's too, harvest with --other-hosts."
        return True, _fault(at, "its next page is on another host", remedy, value=page.next)
    if page_key(page.next) in seen:
        return True, _fault(at, "its pages lead round in a ring", value=page.next)
    return False, None


def _fault(
    url: str, problem: str, remedy: str = "Tell its publisher; what was read so far is kept.", **more: str
) -> Fault:
    return Fault(source=url, problem=problem, remedy=remedy, **more)
