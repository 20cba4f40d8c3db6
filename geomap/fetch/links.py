"""This month's address of a file: from its publisher's page step by step to the newest edition that has it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

from ..web import Web, WebError
from .download import read_page
from .guard import guard
from .sources import Source

MOST_EDITIONS = 8
"""Editions looked at: some are announced and empty, and some files come out once a quarter or a year."""

When = tuple[int, int]
"""Year and month; 0 for what is not told."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a file is; `when` is what the addresses that led there tell of its date."""

    url: str
    when: When


@dataclass(slots=True, kw_only=True)
class Pages:
    """Publishers' pages, each asked for once, however many files are on it."""

    web: Web
    date_in: Callable[[str], When]
    """The latest date that a text in small letters tells."""
    seen: dict[str, str] = field(default_factory=dict)

    def find(self, source: Source) -> Found:
        """
        The newest file that the links of a source lead to.

        Raises
        ------
        WebError
            A page cannot be had, or none of the newest editions has such a link.
        """
        return self._follow(source.page, source.links, (0, 0), source)

    def _follow(self, page: str, patterns: tuple[str, ...], when: When, source: Source) -> Found:
        urls = self._links_on(page, patterns[0])
        dated = sorted(((max(self._when(url), when), -place, url) for place, url in enumerate(urls)), reverse=True)
        if len(patterns) == 1 and dated:
            return Found(dated[0][2], dated[0][0])
        for told, _, url in dated[:MOST_EDITIONS]:
            try:
                return self._follow(url, patterns[1:], told, source)
            except _NoLinkError:
                continue
        raise _NoLinkError(page, f"no link to {source.save_as} is found there", "The page may have changed.")

    def _links_on(self, page: str, pattern: str) -> list[str]:
        """Addresses in the order of the page, each once."""
        if page not in self.seen:
            self.seen[page] = html.unescape(read_page(self.web, page).decode("utf-8", errors="replace"))
        urls = [urljoin(page, found[1]) for found in re.finditer(pattern, self.seen[page])]
        for url in urls:
            guard(page, url)
        return list(dict.fromkeys(urls))

    def _when(self, url: str) -> When:
        return self.date_in(url.rstrip("/").rpartition("/")[2].lower())


class _NoLinkError(WebError):
    """A page does not lead to the file."""
