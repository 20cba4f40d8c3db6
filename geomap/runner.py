"""Where the parts of a match are solved: threads, processes of this machine, or a cluster of machines.

Whatever the kind, results come in the order of the items and are the same; only the time taken differs. The function
and the items must pickle, and the function must look at nothing but its item.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

from ._cluster import open_cluster
from .errors import ConfigError, SolveError

T = TypeVar("T")
R = TypeVar("R")

RESTARTS = 3
"""How often worker processes that died are replaced, for one round of items."""
MOST_WINDOWS_WORKERS = 61
"""Windows can wait for no more processes at once."""


class Runner(Protocol):
    """Does the same thing to many items."""

    workers: int
    """Items that are worked on at a time."""

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """
        Results in the order of the items, each as soon as it and those before it are there.

        An exception of the function reaches the caller as it is, at the item's turn. Where the caller stops early,
        items not yet begun are dropped.

        Raises
        ------
        SolveError
            Workers were lost and could not be replaced.
        """


@contextmanager
def open_runner(workers: int | None = None, cluster: str = "") -> Iterator[Runner]:
    """
    Choose where the parts of a match are solved; workers stop when the context ends.

    Parameters
    ----------
    workers
        Processes of this machine; 1 is this process alone. A script that asks for more must start its work under
        `if __name__ == "__main__":`.
    cluster
        Address of a dask scheduler, such as `tcp://10.0.0.5:8786`. Use one in a network you trust: who reaches the
        scheduler can run code on its workers.

    Neither: one thread for each core that this process may use. HiGHS lets go of the interpreter while it works.

    Raises
    ------
    ConfigError
        Both are given or a value does not hold; the cluster cannot be reached, has no workers or other versions.
    """
    if cluster:
        if workers is not None:
            raise ConfigError("Give either a number of workers or a cluster, not both.")
        with open_cluster(cluster) as runner:
            yield runner
    elif workers is None:
        pool = ThreadPoolExecutor(_count_cores())
        try:
            yield _Threads(pool, _count_cores())
        finally:
            pool.shutdown(cancel_futures=True)
    elif workers == 1:
        yield _Here()
    else:
        processes = _Processes(workers)
        try:
            yield processes
        finally:
            processes.close()


def _count_cores() -> int:
    """Cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Here:
    """One item after another, in this process."""

    workers = 1

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        return map(function, items)


class _Threads:
    def __init__(self, pool: ThreadPoolExecutor, workers: int) -> None:
        self._pool = pool
        self.workers = workers

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        return self._pool.map(function, items)


class _Processes:
    """Processes started at the first use and replaced when one dies."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ConfigError(f"workers is {workers}; it must be 1 or more.")
        if sys.platform == "win32" and workers > MOST_WINDOWS_WORKERS:
            raise ConfigError(f"workers is {workers}; Windows allows at most {MOST_WINDOWS_WORKERS}.")
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        futures: dict[int, Future[R]] = {}
        turn = 0
        try:
            for _ in range(1 + RESTARTS):
                pool = self._open()
                try:
                    for place in range(turn, len(items)):
                        if place not in futures or _is_lost(futures[place]):
                            futures[place] = pool.submit(function, items[place])
                    while turn < len(items):
                        result = futures[turn].result()
                        del futures[turn]
                        turn += 1
                        yield result
                    return
                except BrokenProcessPool:
                    self._drop(pool)
        finally:
            for future in futures.values():
                future.cancel()
        raise SolveError(
            f"Worker processes died {1 + RESTARTS} times over. The machine may be short of memory: ask for fewer "
            'workers. In a script of your own, start geomap under `if __name__ == "__main__":`.'
        )

    def close(self) -> None:
        """Stop the processes; what they are at is finished first, what they have not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),  # the same on every platform
                initializer=_begin_worker,
            )
        return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        """Another round of items may have noticed first and have a new pool already."""
        broken.shutdown()
        if self._pool is broken:
            self._pool = None


def _begin_worker() -> None:
    """Ctrl-C stops a worker at once, without a traceback; it ends too when the run that started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker of a run that was killed would wait for its next item for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _is_lost(future: Future) -> bool:
    """Whether the pool broke before the item was done."""
    return not future.done() or isinstance(future.exception(), BrokenProcessPool)
