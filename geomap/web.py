"""The network, bounded: one page or one stream from an address that the planner named. Nothing else here goes out.

What `Web` promises whoever asks it for something:

- TLS by `ssl.create_default_context()`, the certificates of the computer (and `SSL_CERT_FILE`), the proxies of the
  environment (`HTTPS_PROXY`, `NO_PROXY`); never from https to http, nor to an address with a password in it;
- at most `WebLimits.redirects` redirects; to another host only where `same_host` is not asked for;
- at most `most_bytes` of a body as it is unpacked, `silence_seconds` without a byte, and `seconds` for one call of
  `get`, `stream` or `retry`, waits and tries counted;
- `get` and `retry` try again, `tries` times in all, after a time-out, a lost or cut connection, or one of the statuses
  of `PASSING`; they wait 1, 2, 4 … seconds, or what `Retry-After` says, and never more than `most_wait_seconds`;
- everything that fails is a `WebError`, which is a `DataError`: address, what happened, what to do.

Looking at what came (is it JSON, is it the zip it should be?) is left to who asked. `get` holds a body in memory; who
writes a large one to a file uses `stream` in a function of one try, and hands that to `retry`:

    def one_try() -> None:
        with web.stream(url, headers={"Range": f"bytes={had}-", "Accept-Encoding": "identity"}) as answer:
            ...  # answer.status is 200 or 206; answer.headers; for chunk in answer.chunks: write it
    web.retry(one_try)
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx

from .errors import ConfigError, DataError, Fault

T = TypeVar("T")

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that may be another the next time."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PACKED = ("", "identity", "gzip", "x-gzip", "deflate")
"""Encodings that a body may come in: others unpack a few bytes to gigabytes at a stroke."""
_AGAIN = "Try again later."
_OPEN_IT = "Open the address in a browser to see what is there, and correct it."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    """What one call may take."""

    most_bytes: int = 64 << 20
    connect_seconds: float = 15.0
    silence_seconds: float = 60.0
    """Between one byte and the next."""
    seconds: float = 900.0
    redirects: int = 5
    tries: int = 4
    first_wait_seconds: float = 1.0
    """Before the second try; it doubles from one to the next."""
    most_wait_seconds: float = 60.0


class WebError(DataError):
    """What was asked for cannot be had.

    `passing`: it may be had at another time. `unreachable`: no connection was made at all. `status`: what the server
    answered, 0 where it did not. `wait_seconds`: how long it asks one to wait, if it does.
    """

    def __init__(
        self,
        url: str,
        problem: str,
        remedy: str = _OPEN_IT,
        *,
        passing: bool = False,
        unreachable: bool = False,
        status: int = 0,
        wait_seconds: float | None = None,
    ) -> None:
        super().__init__(faults=[Fault(source=url, problem=problem, remedy=remedy)])
        self.passing, self.unreachable = passing, unreachable
        self.status, self.wait_seconds = status, wait_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """A whole answer; `url` is where it came from after redirects, `headers` have small letters."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WebStream:
    """An answer whose body is still to be read, once, from `chunks`; reading them may raise `WebError`."""

    url: str
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class Web:
    """
    A client to use in a `with` block.

    `sleep`, `clock` and `say` are for tests and for telling of waits; `guard` is called with both addresses before a
    redirect is followed, and raises `WebError` where it may not be.
    """

    def __init__(
        self,
        limits: WebLimits | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda text: None,
        guard: Callable[[str, str], None] = lambda was, to: None,
    ) -> None:
        self.limits = limits or WebLimits()
        self._sleep, self._clock, self._say, self._guard = sleep, clock, say, guard
        self._until: float | None = None
        waits = httpx.Timeout(self.limits.silence_seconds, connect=self.limits.connect_seconds)
        usual = {"User-Agent": "geomap", "Accept-Encoding": "gzip, deflate"}
        try:
            self._client = httpx.Client(
                verify=ssl.create_default_context(), timeout=waits, headers=usual, follow_redirects=False
            )
        except (ValueError, httpx.InvalidURL, ImportError) as caught:  # a proxy that is none, or speaks SOCKS
            said = "Correct HTTP_PROXY and HTTPS_PROXY in the environment."
            raise ConfigError(f"The proxy of this computer cannot be used ({caught}). {said}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, same_host: bool = False) -> WebPage:
        """
        A whole page, by as many tries as it takes and the limits allow.

        Raises
        ------
        WebError
            It cannot be had, or is larger than `most_bytes`.
        """

        def one_try() -> WebPage:
            with self.stream(url, headers=headers, same_host=same_host) as answer:
                body = b"".join(answer.chunks)
                return WebPage(url=answer.url, status=answer.status, headers=answer.headers, body=body)

        return self.retry(one_try)

    def retry(self, one_try: Callable[[], T]) -> T:
        """
        Call until it raises no `WebError` that is `passing`; what it raises at last comes through.

        Time is counted from here over all tries; a `retry` within a `retry` has what is left of the outer one.
        """
        if self._until is not None:
            return self._try_often(one_try)
        self._until = self._clock() + self.limits.seconds
        try:
            return self._try_often(one_try)
        finally:
            self._until = None

    def _try_often(self, one_try: Callable[[], T]) -> T:
        wait = self.limits.first_wait_seconds
        for left in range(self.limits.tries - 1, -1, -1):
            try:
                return one_try()
            except WebError as caught:
                asked = wait if caught.wait_seconds is None else caught.wait_seconds
                seconds = min(max(asked, 0.0), self.limits.most_wait_seconds)
                late = self._clock() + seconds > self._until
                if not caught.passing or not left or late:
                    raise
                self._say(f"waiting {seconds:.0f} s: {caught.faults[0].problem}")
            self._sleep(seconds)
            wait *= 2
        raise ValueError(f"WebLimits.tries is {self.limits.tries}; it must be 1 or more.")

    @contextmanager
    def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None, same_host: bool = False
    ) -> Iterator[WebStream]:
        """
        An answer of status 200 or 206, whose body is read chunk by chunk; one try.

        Raises
        ------
        WebError
            Here, or while the chunks are read.
        """
        until = self._until or self._clock() + self.limits.seconds
        response = None
        try:
            response = self._follow(url, dict(headers or {}), same_host)
            self._judge(response)
            told = {"url": str(response.url), "status": response.status_code, "headers": dict(response.headers)}
            yield WebStream(**told, chunks=self._chunks(response, until))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as caught:
            raise _tell(url, caught) from None
        finally:
            if response is not None:
                response.close()

    def _follow(self, url: str, headers: dict[str, str], same_host: bool) -> httpx.Response:
        """The first answer that is no redirect."""
        at = url
        for _ in range(self.limits.redirects + 1):
            _refuse_address(at)
            response = self._client.send(self._client.build_request("GET", at, headers=headers), stream=True)
            to = response.headers.get("location", "")
            if response.status_code not in _REDIRECTS or not to:
                return response
            response.close()
            to = str(response.url.join(to))
            was, now = urlsplit(at), urlsplit(to)
            if was.scheme == "https" and now.scheme != "https":
                raise WebError(url, f"it leads on to {to}, which is not protected as https is")
            if same_host and was.netloc != now.netloc:
                raise WebError(url, f"it leads on to another host, {to}", "If that is right, give that address.")
            self._guard(at, to)
            at = to
        raise WebError(url, f"it leads on more than {self.limits.redirects} times")

    def _judge(self, response: httpx.Response) -> None:
        """Raise unless the body can be read."""
        url, status = str(response.url), response.status_code
        if status not in (200, 206):
            passing = status in PASSING
            waits = _retry_after(response.headers.get("retry-after", "")) if passing else None
            said = f"the server answers {status} {response.reason_phrase}".rstrip()
            remedy = _AGAIN if passing else _OPEN_IT
            raise WebError(url, said, remedy, passing=passing, status=status, wait_seconds=waits)
        packed = response.headers.get("content-encoding", "").strip().lower()
        if packed not in _PACKED:
            raise WebError(url, f"it comes packed as {packed[:40]!r}, which is not read", "Ask its publisher.")
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > self.limits.most_bytes:
            raise self._too_large(url)

    def _chunks(self, response: httpx.Response, until: float) -> Iterator[bytes]:
        count, url = 0, str(response.url)
        try:
            for chunk in response.iter_bytes():
                count += len(chunk)
                if count > self.limits.most_bytes:
                    raise self._too_large(url)
                if self._clock() > until:
                    raise WebError(url, f"it took more than {self.limits.seconds:g} seconds", _AGAIN)
                yield chunk
        except (httpx.HTTPError, httpx.StreamError) as caught:
            raise _tell(url, caught) from None

    def _too_large(self, url: str) -> WebError:
        most = self.limits.most_bytes / 1e6
        return WebError(url, f"it is larger than {most:,.0f} MB, the most that is taken")


def _refuse_address(url: str) -> None:
    """Raise where an address is none of the web, or would carry a password."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole or any(not c.isprintable() or c.isspace() for c in url):
        raise WebError(url, "this is no address of the web", "Give one that begins with https://.")
    if "@" in parts.netloc:
        shown = url.replace(parts.netloc, parts.netloc.rpartition("@")[2])
        raise WebError(shown, "the address has a name or a password before the host", "Leave it out.")


def _retry_after(text: str) -> float | None:
    """Seconds, from a number of them or a date; `None` where it says neither."""
    text = text.strip()[:100]
    if text.isdecimal():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no date, or one without a time zone
        return None


def _tell(url: str, caught: Exception) -> WebError:
    """The same in plain words."""
    reason, chain = str(caught) or type(caught).__name__, []
    step: BaseException | None = caught
    while step is not None and len(chain) < 10:
        chain.append(step)
        step = step.__cause__ or step.__context__
    if any(isinstance(item, ssl.SSLCertVerificationError) for item in chain):
        remedy = "If your network inspects https, set SSL_CERT_FILE to its certificates; else ask the publisher."
        return WebError(url, f"the server's certificate is not trusted ({reason})", remedy)
    if isinstance(caught, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        remedy = "See that this computer is online and the address is right; behind a proxy, set HTTPS_PROXY."
        return WebError(url, f"no connection can be made ({reason})", remedy, passing=True, unreachable=True)
    if isinstance(caught, httpx.TimeoutException):
        return WebError(url, "the server stopped answering", _AGAIN, passing=True)
    if isinstance(caught, httpx.NetworkError | httpx.RemoteProtocolError):
        return WebError(url, f"the connection broke off ({reason})", _AGAIN, passing=True)
    return WebError(url, f"what came cannot be read ({reason})")
