"""The map in a frame of a notebook: `about:srcdoc` has no address of its own, and choosing must work all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up import made_up_tables

import geomap

pytestmark = pytest.mark.browser


def test_a_choice_in_a_frame_is_no_step_to_another_address(browser, tmp_path: Path) -> None:
    """`pushState` with a bare `#…` threw here: it is taken for the notebook's address, which a frame may not have."""
    view = geomap.show_map(made_up_tables(12, 20))
    page_file = tmp_path / "notebook.html"
    page_file.write_text(f"<!doctype html><meta charset=utf-8>{view._repr_html_()}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 850})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(page_file.as_uri())
    frame = page.frames[1]
    frame.locator("path.leaflet-interactive").first.click(force=True)
    frame.get_by_text("Need index", exact=True).first.wait_for()
    assert frame.evaluate("location.hash") != ""
    assert page.url == page_file.as_uri()
    assert errors == []
    page.close()
