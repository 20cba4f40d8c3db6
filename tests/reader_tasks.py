"""What test_child has done in the reader: it imports these by name."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
import warnings
from pathlib import Path

from geomap.errors import DataError, Fault, KeyLinkError


def echo(*items: object) -> tuple[object, ...]:
    return items


def process() -> int:
    return os.getpid()


def chatter() -> str:
    """Print from Python and from below it."""
    print("to standard output")
    print("to standard error", file=sys.stderr)
    os.write(1, b"below Python" * 10_000)
    return sys.stdin.read()


def warn(text: str) -> int:
    for _ in range(3):
        warnings.warn(text, FutureWarning, stacklevel=1)
    return 7


def refuse_rows(count: int) -> None:
    faults = [
        Fault(source="a.csv", row=n, column="c", value="v", problem="wrong", remedy="Mend it.") for n in range(count)
    ]
    raise KeyLinkError("Stopped.", faults)


def raise_bug() -> None:
    raise ZeroDivisionError("no such thing")


class UnsendableError(Exception):
    """An error that cannot be sent: it must be given two things."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def raise_what_cannot_be_sent() -> None:
    raise UnsendableError("one", "two")


def return_what_cannot_be_sent() -> object:
    return threading.Lock()


def exit_at_once(code: int) -> None:
    os._exit(code)


def call_exit() -> None:
    sys.exit(3)


def crash() -> None:
    """Read what is at no address."""
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def spin() -> None:
    while True:
        pass


def hold(megabytes: int, seconds: float = 0.0) -> int:
    """Fill memory, a piece at a time as a parser does."""
    pieces = []
    for _ in range(megabytes):
        pieces.append(b"x" * (1 << 20))
    time.sleep(seconds)
    return len(pieces)


def recurse(depth: int) -> object:
    """Something as deep as a parser's stack."""
    return recurse(depth + 1)


def mark_after(path: Path, seconds: float) -> None:
    """Leave a file behind, unless the process has ended before."""
    time.sleep(seconds)
    path.touch()


def drivers() -> list[str]:
    import pyogrio

    return sorted(pyogrio.list_drivers())


def limits() -> dict[str, object]:
    import resource

    return {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CORE", "RLIMIT_DATA")}


def read_first(path: Path) -> str:
    if not path.is_file():
        raise DataError(faults=[Fault(source=path.name, problem="gone", remedy="Find it.")])
    return path.read_text(encoding="utf-8")


def crash_on(path: Path) -> None:
    assert path.is_file()
    crash()


def refuse_on(path: Path) -> None:
    raise DataError(faults=[Fault(source=path.name, problem="gone", remedy="Find it.")])
