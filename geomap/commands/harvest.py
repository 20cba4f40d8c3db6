"""`geomap harvest`: OpenActive feeds into one file that `[data]` finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .edge import plain_errors, show_progress, start_reading, tell
from .options import FeedAddresses, HarvestFile, MostPages, OtherHosts

if TYPE_CHECKING:
    from ..openactive.harvest import Told

CC_BY = "creativecommons.org/licenses/by/4.0"
_KEPT = "What was read is kept; harvest again, and each feed goes on from where it stopped."


def harvest(
    feeds: FeedAddresses = None,
    out: HarvestFile = Path("official/openactive.json"),
    pages: MostPages = None,
    other_hosts: OtherHosts = False,
) -> None:
    """Harvest OpenActive feeds of activities."""
    with plain_errors():
        start_reading()
        from ..openactive.harvest import HarvestLimits
        from ..pipeline._harvest import harvest as harvest_feeds
        from ..pipeline._harvest import refuse_unfinished

        asked = {"other_hosts": other_hosts} | ({} if pages is None else {"pages": pages})
        with show_progress() as say:
            harvested = harvest_feeds(feeds or [], out, say, limits=HarvestLimits(**asked))
        for told in harvested.told:
            _tell_feed(told)
        for feed in harvested.kept:
            tell(f"{feed.url}: not asked; {len(feed.live):,} items are kept.")
        if harvested.written:
            tell(f"Wrote {out}. {_KEPT if harvested.faults else 'Next: name its folder under [data] in a scenario.'}")
        refuse_unfinished(harvested)


def _tell_feed(told: Told) -> None:
    feed = told.feed
    end = "its last page was reached" if feed.complete else "its last page was not reached"
    tell(
        f"{feed.url}: {_count(told.pages, 'page')} with {_count(told.received, 'item')}; "
        f"{_count(len(feed.live), 'item')} held; {end}."
    )
    for reason, count in sorted(feed.unreadable.items()):
        tell(f"  {_count(count, 'item')} left out: {reason}.")
    for note in told.notes:
        tell(f"  {note}")
    if not told.pages:
        return
    if CC_BY in feed.license:
        tell(f"  Licence: {feed.license}; name the publisher of the feed wherever you show what came from it.")
    else:
        shown = f"is {feed.license}" if feed.license else "is not stated"
        tell(f"  Its licence {shown}; OpenActive data are CC BY 4.0 as a rule. Ask its publisher before you publish.")


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"
