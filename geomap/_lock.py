"""A lock on a folder that the system lets go of when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import OutputError

LOCK_NAME = ".geomap.lock"

if os.name == "nt":
    import msvcrt

    _FAR_BYTE = 1 << 30  # beyond the text, so that another run can still read who holds the lock

    def _take(handle: int) -> None:
        os.lseek(handle, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """
    Hold the folder against a second run; a lock file left by a process that died counts for nothing.

    Raises
    ------
    OutputError
        Another run holds the lock; its text names the lock file and who holds it.
    """
    path = folder / LOCK_NAME
    handle = _open_held(path)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
        yield
    finally:
        if os.name == "nt":
            os.close(handle)  # Windows removes no file that is open
        with contextlib.suppress(OSError):
            path.unlink()
        if os.name != "nt":
            os.close(handle)


def _open_held(path: Path) -> int:
    """Open and lock the file; again if the run before removed it in between."""
    while True:
        # A link planted under this name would have another file emptied.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            _take(handle)
            if os.name == "nt" or _same_file(handle, path):
                return handle
        except (BlockingIOError, PermissionError) as caught:
            os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 200).decode(errors="replace") or "another process"
            os.close(handle)
            raise OutputError(
                f"Another run is writing to {path.parent} ({holder}; lock file {path}). "
                "Wait until it has ended, or choose another folder."
            ) from caught
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
