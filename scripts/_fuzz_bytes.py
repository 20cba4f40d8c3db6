"""Break a file as disks, networks and text editors do: bytes flipped, cut, put in, doubled, or from another file."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

POISONS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[31m", b'"', b"\r", b"\r\n", b"\n\n", b",", b";", b"\t", b"{{7*7}}",
    b"{%", b"=1+1", b"'", b"<!DOCTYPE x [<!ENTITY y 'z'>]>", b"&y;", b"]]>", b"<c r='XFD1048576'><v>1</v></c>", b"NaN",
    b"1e999", b"-0", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc2\xa0", b"99999999999999999999", b"[" * 5000,
)  # fmt: skip
"""What readers stumble over."""
MOST_BYTES = 8_000_000


def _place(data: bytes, rng: Random) -> int:
    return rng.randrange(len(data) + 1)


def _stretch(data: bytes, rng: Random) -> tuple[int, int]:
    """Where a stretch begins and ends; short ones are likelier."""
    start = _place(data, rng)
    return start, min(len(data), start + int(2 ** rng.uniform(0, 11)))


def _flip(data: bytes, other: bytes, rng: Random) -> bytes:
    if not data:
        return data
    broken = bytearray(data)
    for _ in range(int(2 ** rng.uniform(0, 4))):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _cut(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _stretch(data, rng)
    return data[:start] + data[end:]


def _shorten(data: bytes, other: bytes, rng: Random) -> bytes:
    return data[: _place(data, rng)]


def _insert(data: bytes, other: bytes, rng: Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.choice(POISONS) + data[at:]


def _overwrite(data: bytes, other: bytes, rng: Random) -> bytes:
    at, poison = _place(data, rng), rng.choice(POISONS)
    return data[:at] + poison + data[at + len(poison) :]


def _double(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _stretch(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _splice(data: bytes, other: bytes, rng: Random) -> bytes:
    """The head of one file on the tail of another."""
    return data[: _place(data, rng)] + other[_place(other, rng) :]


def _transplant(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _stretch(other, rng)
    at = _place(data, rng)
    return data[:at] + other[start:end] + data[at:]


WAYS: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    _flip, _flip, _cut, _shorten, _insert, _insert, _overwrite, _double, _splice, _transplant,
)  # fmt: skip


def break_bytes(data: bytes, other: bytes, rng: Random) -> bytes:
    """
    A broken copy.

    Parameters
    ----------
    data
        The sound file.
    other
        Another file, to take pieces from.
    rng
        The only source of chance.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        data = rng.choice(WAYS)(data, other, rng)[:MOST_BYTES]
    return data
