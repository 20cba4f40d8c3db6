"""A feed as it is kept: where it is, how far it has been read, and the latest state of each of its items."""

from __future__ import annotations

from dataclasses import dataclass, field

from .rpde import RpdeItem


@dataclass(slots=True, kw_only=True)
class Feed:
    """One feed: where it is, how far it has been read, and what it held."""

    url: str
    next: str = ""
    """The page to go on from; empty before the first."""
    license: str = ""
    looked: str = ""
    """When a page of it was last read, in UTC."""
    complete: bool = False
    """Whether its last page was reached."""
    unreadable: dict[str, int] = field(default_factory=dict)
    """Why items could not be read → how many, since the first page."""
    items: dict[tuple[str, str], RpdeItem] = field(default_factory=dict)
    """By kind and id; with those that are deleted."""

    @property
    def live(self) -> list[RpdeItem]:
        """What has not been deleted, in the order of kind and id."""
        return [self.items[key] for key in sorted(self.items) if not self.items[key].deleted]

    def take(self, item: RpdeItem) -> None:
        """Keep the latest state of an item; of two of one `modified`, what comes later in the feed."""
        known = self.items.get(item.key)
        if known is None or item.order >= known.order:
            self.items[item.key] = item
