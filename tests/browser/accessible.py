"""What axe-core and a keyboard find in a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RULES = {"runOnly": {"type": "tag", "values": list(TAGS)}}

LOOK = """() => [document.activeElement, ...document.activeElement.querySelectorAll("*")].map((node) => {
  const style = getComputedStyle(node);
  return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.backgroundColor].join(" ");
}).join("; ")"""
"""How the thing that has the focus looks, with all that is in it."""


def shows_focus(page) -> bool:
    """Whether what has the focus looks different without it; the focus stays."""
    focused = page.evaluate(LOOK)
    handle = page.evaluate_handle("document.activeElement")
    at_rest = page.evaluate(
        """(node) => {
          node.blur();
          const look = [node, ...node.querySelectorAll("*")].map((each) => {
            const style = getComputedStyle(each);
            return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
              style.backgroundColor].join(" ");
          }).join("; ");
          node.focus({ focusVisible: true, preventScroll: true });
          return look;
        }""",
        handle,
    )
    return focused != at_rest


def violations(page) -> list[str]:
    """What axe-core holds against the page as it is shown now, one line each."""
    found = Axe().run(page, options=RULES).response["violations"]
    nodes = [(one["id"], node) for one in found for node in one["nodes"]]
    return [f"{rule}: {node['html'][:160]} {node['failureSummary'][:200]}" for rule, node in nodes]


def walk(page, most: int = 400) -> list[str]:
    """
    Press Tab until the walk comes round; the marks of all that had the focus, in order.

    Every stop must be in sight and look different with the focus than without.
    """
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.evaluate("window.getSelection().removeAllRanges()")
    stops: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => {
              const node = document.activeElement;
              if (!node || node === document.body) return null;
              const name = node.id || node.getAttribute("aria-label") || node.textContent.trim().slice(0, 40);
              const isDrawn = [node, ...node.children].some((each) => each.getBoundingClientRect().width > 0);
              const isSeen = isDrawn && node.checkVisibility({ visibilityProperty: true });
              window.walked = window.walked || new Set();
              const isNew = !window.walked.has(node);
              window.walked.add(node);
              return { name: node.tagName + " " + name, isSeen, isNew };
            }"""
        )
        if told is None:  # the walk left the page at its end and comes in again at its beginning
            continue
        if not told["isNew"]:
            break
        assert told["isSeen"], told["name"]
        assert shows_focus(page), told["name"]
        stops.append(told["name"])
    else:
        raise AssertionError(f"the walk never came round: {stops[-20:]}")
    page.evaluate("delete window.walked")
    return stops
