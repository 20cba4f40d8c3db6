"""Small extracts of OpenStreetMap, written as the format says: blobs of one block each, dense nodes left out."""

from __future__ import annotations

import struct
from pathlib import Path

Tags = dict[str, str]
_NANO = 100
"""Coordinates are in steps of 100 nanodegrees."""


def write_extract(path: Path, nodes: dict[int, tuple[float, float, Tags]], ways: dict[int, tuple[list[int], Tags]]):
    """From node → (longitude, latitude, tags) and way → (nodes, tags)."""
    texts: list[str] = [""]
    body = _field(2, b"".join(_field(1, _node(texts, key, *node)) for key, node in nodes.items()))
    body += _field(2, b"".join(_field(3, _way(texts, key, *way)) for key, way in ways.items()))
    strings = _field(1, b"".join(_field(1, text.encode()) for text in texts))
    header = _field(4, b"OsmSchema-V0.6")
    path.write_bytes(_blob("OSMHeader", header) + _blob("OSMData", strings + body))
    return path


def _node(texts: list[str], key: int, east: float, north: float, tags: Tags) -> bytes:
    place = _number(8, _signed(round(north * 1e9 / _NANO))) + _number(9, _signed(round(east * 1e9 / _NANO)))
    return _number(1, _signed(key)) + _tags(texts, tags) + place


def _way(texts: list[str], key: int, nodes: list[int], tags: Tags) -> bytes:
    steps = [nodes[0], *(after - before for before, after in zip(nodes, nodes[1:], strict=False))]
    return _number(1, key) + _tags(texts, tags) + _field(8, b"".join(_varint(_signed(step)) for step in steps))


def _tags(texts: list[str], tags: Tags) -> bytes:
    return b"".join(
        _field(number, b"".join(_varint(_place(texts, text)) for text in words))
        for number, words in ((2, tags.keys()), (3, tags.values()))
        if tags
    )


def _place(texts: list[str], text: str) -> int:
    if text not in texts:
        texts.append(text)
    return texts.index(text)


def _blob(kind: str, data: bytes) -> bytes:
    blob = _field(1, data) + _number(2, len(data))
    head = _field(1, kind.encode()) + _number(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def _signed(number: int) -> int:
    return number * 2 if number >= 0 else -number * 2 - 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number % 128 + 128)
        number //= 128
    return bytes([*out, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field * 8) + _varint(value)


def _field(field: int, data: bytes) -> bytes:
    return _varint(field * 8 + 2) + _varint(len(data)) + data
