"""The one door through which input text enters the page."""

from __future__ import annotations

import json
import re

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_UNSAFE = re.compile(r"[<>&{}]")


def _escape_unsafe(literal: re.Match[str]) -> str:
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", literal.group())


def json_block(data: dict[str, object]) -> str:
    """
    JSON that can stand inside an HTML script element and says the same to every parser.

    Everything outside ASCII is written as an escape, and inside strings `< > & { }` are too: no string can end the
    element, open a comment or an entity, or be read as a template. A number that is not finite raises ValueError.
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return _STRING.sub(_escape_unsafe, text)
