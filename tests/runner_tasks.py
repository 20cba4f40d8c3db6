"""What test_runner has done elsewhere: a worker imports these by name, and little else."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np


def square(number: int) -> int:
    time.sleep(0.02 * (number % 3))
    return number * number


def total(numbers: np.ndarray) -> float:
    return float(numbers.sum())


def raise_if_error(item: object) -> object:
    if isinstance(item, Exception):
        raise item
    return item


def leave_mark(item: tuple[Path, int]) -> int:
    folder, number = item
    time.sleep(0.05)
    (folder / str(number)).touch()
    return number


def die_once(item: tuple[Path, int]) -> tuple[int, int]:
    """Number and process; the process that is first to work at number 3 is killed while it does."""
    folder, number = item
    if number == 3 and not (folder / "killed").exists():
        (folder / "killed").touch()
        die(number)
    return number, os.getpid()


def die(number: int) -> None:
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def own_id(_: object) -> int:
    """The process that does it, after a moment in which others can take a part."""
    time.sleep(0.3)
    return os.getpid()
