"""A page of results in a real Chromium with the network cut."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing(what: str) -> None:
    """Skip where a browser is not to be had, but never in continuous integration."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is needed to test the map, and CI must have it")
    pytest.skip(f"{what} is not installed; the map was not tried in a browser")


class Opened:
    """A page and everything it asked for or complained about."""

    def __init__(self, browser, path: Path, *, width: int = 1280, height: int = 800, fragment: str = "") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_offline(True)
        self.context.route(re.compile(r"^(?!file:)"), lambda route: route.abort())
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + fragment)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def remote(self) -> list[str]:
        """Addresses outside the file that it asked for."""
        return [url for url in self.requests if not url.startswith(("file:", "data:"))]

    def figures(self, column: int) -> list[str]:
        cells = self.page.locator(f".all tbody tr > :nth-child({column})")
        return cells.all_inner_texts()
