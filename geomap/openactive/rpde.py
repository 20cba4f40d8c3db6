"""One page of a Realtime Paged Data Exchange feed: what it holds, and which page comes next.

Source: OpenActive, Realtime Paged Data Exchange 1.0, https://openactive.io/realtime-paged-data-exchange/.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from ..errors import DataError, Fault
from .items import ItemError, Tidy, plain_text, read_text, tidy_item

_NOT_RPDE = "Give the address of an RPDE feed: the dataset site of its publisher names it, often under 'View feeds'."
_MOST_ID = 1_000

Order = tuple[int, float, str]
"""`modified` as something that can be compared: figures by their size, then text by its letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpdeItem:
    """One item as it is sent: `data` is empty where it is deleted."""

    kind: str
    id: str
    modified: int | float | str | None
    deleted: bool
    data: Tidy

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.id

    @property
    def order(self) -> Order:
        return order_of(self.modified)


@dataclass(frozen=True, slots=True, kw_only=True)
class RpdePage:
    """The items of a page that can be read, why others cannot, and the absolute address of the next page."""

    items: tuple[RpdeItem, ...]
    unreadable: tuple[str, ...]
    next: str
    """Empty where the page names none."""
    license: str

    @property
    def empty(self) -> bool:
        return not self.items and not self.unreadable


def read_page(body: bytes, url: str) -> RpdePage:
    """
    Read a page.

    Parameters
    ----------
    body
        As it came.
    url
        Where it came from.

    Raises
    ------
    DataError
        It is not JSON, or not a page of RPDE.
    """
    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as caught:
        raise _refuse(url, f"this is not JSON{_what_it_is(body)}", _short(caught)) from None
    if not isinstance(page, Mapping) or not isinstance(page.get("items"), list):
        raise _refuse(url, "this is JSON, but no page of RPDE: it has no list 'items'")
    items, unreadable = [], []
    for entry in page["items"]:
        try:
            items.append(read_item(entry))
        except ItemError as caught:
            unreadable.append(str(caught))
    license = page.get("license")
    told = license.strip() if isinstance(license, str) else ""
    following = _next_page(page.get("next"), url)
    return RpdePage(items=tuple(items), unreadable=tuple(unreadable), next=following, license=told[:500])


def read_item(entry: object) -> RpdeItem:
    """
    Read one entry of `items`.

    Raises
    ------
    ItemError
        It has no id, no state that is known, or no data.
    """
    if not isinstance(entry, Mapping):
        raise ItemError("it is not a table of properties")
    number, state = entry.get("id"), entry.get("state")
    if isinstance(number, bool) or not isinstance(number, str | int) or not plain_text(str(number)):
        raise ItemError("it has no id")
    if len(str(number)) > _MOST_ID:
        raise ItemError(f"its id is longer than {_MOST_ID:,} characters")
    if state not in ("updated", "deleted"):
        raise ItemError("its state is neither updated nor deleted")
    modified = entry.get("modified")
    if isinstance(modified, bool) or not isinstance(modified, int | float | str | None):
        raise ItemError("its modified is neither a number nor text")
    if isinstance(modified, float) and not math.isfinite(modified):
        raise ItemError("its modified is no finite number")
    told = {"kind": read_text(entry.get("kind")), "id": plain_text(str(number)), "modified": modified}
    if state == "deleted":
        return RpdeItem(**told, deleted=True, data={})
    if "data" not in entry:
        raise ItemError("it is updated, but has no data")
    return RpdeItem(**told, deleted=False, data=tidy_item(entry["data"]))


def order_of(modified: int | float | str | None) -> Order:
    """What a later `modified` is greater by: none at all, then figures (in quotation marks or not), then text."""
    if modified is None:
        return 0, 0.0, ""
    if isinstance(modified, str):
        text = modified.strip()
        if not (text.isdecimal() and text.isascii() and len(text) <= 40):
            return 2, 0.0, text[:_MOST_ID]
        modified = int(text)
    # Change numbers pass 2 ** 53, where floats cannot tell neighbours apart; Python compares whole numbers exactly.
    return 1, min(modified, 10**40), ""


def page_key(url: str) -> str:
    """What two addresses of one page share: case of the host, a usual port and what follows # do not count."""
    parts = urlsplit(urldefrag(url).url)
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "")
    host = parts.netloc.lower().removesuffix(usual) if usual else parts.netloc.lower()
    return parts._replace(scheme=parts.scheme.lower(), netloc=host, path=parts.path or "/").geturl()


def site_of(url: str) -> tuple[str, str]:
    """Scheme and host, with its port, of an address."""
    parts = urlsplit(page_key(url))
    return parts.scheme, parts.netloc


def _next_page(value: Any, url: str) -> str:
    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        return urldefrag(urljoin(url, value.strip())).url
    except ValueError:
        return ""


def _what_it_is(body: bytes) -> str:
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return ", but a web page"
    return ", for nothing came" if not body.strip() else ""


def _short(caught: Exception) -> str:
    return "it is nested too deeply" if isinstance(caught, RecursionError) else str(caught)[:100]


def _refuse(url: str, problem: str, value: str = "") -> DataError:
    return DataError(faults=[Fault(source=url, problem=problem, value=value, remedy=_NOT_RPDE)])
