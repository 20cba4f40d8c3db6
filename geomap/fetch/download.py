"""One file from one address into a `.part` beside the others: bounded, and gone on with where it broke off."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..web import Web, WebError, WebStream
from .parts import Part

Moved = Callable[[int, int | None], None]
"""Told as bytes come: how many there are, and of how many, where that is known."""

_NOT_MODIFIED, _NOT_THAT_FAR = 304, 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What a download found; `mark` is the server's ETag or date of change."""

    url: str
    mark: str
    is_new: bool = True
    """Whether there is a file in the part; not where the server says that nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A download to make."""

    url: str
    part: Part
    most_bytes: int
    known_mark: str = ""
    """Of the file that is there already: it is asked for only if it has changed."""

    def make(self, web: Web, moved: Moved) -> Came:
        """
        Fetch the file into its part, by as many tries as the limits of `web` allow.

        Raises
        ------
        WebError
            It cannot be had, or is larger than may be. What has come stays in the part and is gone on from later.
        """
        return web.retry(lambda: self._try(web, moved))

    def _try(self, web: Web, moved: Moved) -> Came:
        resumes = self.part.mark_of(self.url)
        try:
            with web.stream(self.url, headers=self._asked(resumes)) as answer:
                return self._take(answer, resumes, moved)
        except WebError as caught:
            if caught.status == _NOT_MODIFIED and not resumes:
                return Came(url=self.url, mark=self.known_mark, is_new=False)
            if caught.status == _NOT_THAT_FAR and resumes:
                self.part.clear()
                raise WebError(self.url, "it changed while it was fetched", "Fetch it again.", passing=True) from None
            raise (caught if self.part.size else once_only(caught)) from None

    def _asked(self, resumes: str) -> dict[str, str]:
        """The headers: the rest of what is there, or all of it if it has changed."""
        asked = {"Accept-Encoding": "identity"}
        if resumes:
            return asked | {"Range": f"bytes={self.part.size}-", "If-Range": resumes}
        if self.known_mark:
            tag = self.known_mark.startswith(('"', "W/"))
            return asked | {"If-None-Match" if tag else "If-Modified-Since": self.known_mark}
        return asked

    def _take(self, answer: WebStream, resumes: str, moved: Moved) -> Came:
        mark, packed = _mark_of(answer.headers), _is_packed(answer.headers)
        if answer.status == 206:
            start = re.match(r"bytes (\d+)-", answer.headers.get("content-range", ""))
            if not resumes or packed or start is None or int(start[1]) != self.part.size:
                self.part.clear()
                raise WebError(self.url, "the server sent another part than was asked for", passing=True)
        else:
            self.part.begin(self.url, "" if packed else strong(mark))
        had = self.part.size
        length = answer.headers.get("content-length", "")
        total = had + int(length) if length.isdecimal() and not packed else None
        if total is not None and total > self.most_bytes:
            raise self._too_large()
        moved(had, total)
        with self.part.append() as stream:
            for chunk in answer.chunks:
                had += len(chunk)
                if had > self.most_bytes:
                    raise self._too_large()
                stream.write(chunk)
                moved(had, total)
        if not had:
            raise WebError(self.url, "the server sent an empty file", "Try again later.")
        return Came(url=answer.url, mark=mark)

    def _too_large(self) -> WebError:
        self.part.clear()
        most = self.most_bytes / 1e6
        return WebError(self.url, f"it is larger than {most:,.0f} MB, the most that is taken for this file")


def read_page(web: Web, url: str) -> bytes:
    """
    A small page or answer, whole.

    Raises
    ------
    WebError
        It cannot be had.
    """

    def one_try() -> bytes:
        try:
            with web.stream(url) as answer:
                return b"".join(answer.chunks)
        except WebError as caught:
            raise once_only(caught) from None

    return web.retry(one_try)


def once_only(caught: WebError) -> WebError:
    """The same, not to be tried again where no connection was made: fifteen files must not wait fifteen times."""
    if caught.unreachable:
        caught.passing = False
    return caught


def strong(mark: str) -> str:
    """A mark by which parts of one file can be told to belong together; a weak one cannot do that."""
    return "" if mark.startswith("W/") else mark


def _mark_of(headers: Mapping[str, str]) -> str:
    return headers.get("etag") or headers.get("last-modified", "")


def _is_packed(headers: Mapping[str, str]) -> bool:
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")
