"""The data of a page as its scripts see it."""

from __future__ import annotations

import json
import re
from itertools import accumulate


def block(html: str) -> dict:
    """The page's one JSON block, its columns unpacked."""
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert len(found) == 1
    data = json.loads(found[0])
    packed = data["packed"]
    for name, columns in packed["coded"].items():
        data[name] |= {column: [packed["words"][row] for row in data[name][column]] for column in columns}
    for name, columns in packed["steps"].items():
        data[name] |= {column: list(accumulate(data[name][column])) for column in columns}
    return data
