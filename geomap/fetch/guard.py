"""Where a download may go: by https, and never from the web to an address of the user's own network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from ..web import WebError

_OWN = (".localhost", ".local", ".internal")


def guard(was: str, to: str) -> None:
    """
    Judge a step from one address to another, by a redirect or by a link on a page.

    An address of this computer or its network may lead to others of it. A name that cannot be looked up here, as
    behind a proxy, is left to the connection to judge.

    Raises
    ------
    WebError
        The step leads from the web into the user's own network, or to an address without https.
    """
    if is_inside(was):
        return
    if urlsplit(to).scheme != "https":
        raise WebError(was, f"it leads on to {to}, which is not protected as https is")
    if is_inside(to):
        raise WebError(was, f"it leads on to {to}, an address of your own network", "Do not follow it.")


def is_inside(url: str) -> bool:
    """Whether an address is one of this computer or its network."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(_OWN):
        return True
    try:
        found = [host] if _is_number(host) else [str(item[4][0]) for item in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(text.partition("%")[0]).is_global for text in found)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
